-- Tables and metatables: the table library, every metamethod, inheritance, proxies, iteration order of arrays.
local t = { 1, 2, 3 }
table.insert(t, 4) table.insert(t, 1, 0)
print(table.concat(t, ","), #t, table.remove(t), table.remove(t, 1), table.concat(t, "-", 2, 3))
print(table.unpack({ 1, 2, 3 }, 2), table.pack(1, nil, 3).n, select("#", table.unpack({}, 1, 3)))
print(table.concat(table.move({ 1, 2, 3, 4, 5 }, 2, 5, 1), ","), table.concat(table.move({ 1, 2, 3 }, 1, 3, 3), ","))
print(pcall(table.insert, t, 10, 5), pcall(table.insert, t), pcall(table.concat, { 1, {} }), table.remove({}), #table.pack())
print(next({}), next({ 10 }), type(next), rawlen({ 1, 2 }), rawequal(t, t), rawget(t, 1), rawset(t, 1, 9) == t)
local holes = { 1, nil, 3, nil, 5, n = 5 }
local seen = {}
for k, v in pairs(holes) do seen[#seen + 1] = tostring(k) .. "=" .. tostring(v) end
table.sort(seen)
print(table.concat(seen, " "))
for i = 1, 100 do t[i] = i end
for i = 1, 100, 2 do t[i] = nil end
local c, s = 0, 0
for k, v in pairs(t) do c, s = c + 1, s + v end
print(c, s)
t = {}
for i = 1, 1000 do t[i] = i t["k" .. i] = i t[i + 0.5] = i end
for k in pairs(t) do t[k] = nil end
print(next(t))
t = { [1] = "a", [1.0] = "b", [2^53] = "c", [true] = "t", [print] = "f" }
print(t[1], t[2^53 | 0], t[true], t[print], t[-0.0], t[0])

-- Metamethods
local V = {}
V.__index = V
local function vec(x, y) return setmetatable({ x = x, y = y }, V) end
V.__add = function(a, b) return vec(a.x + b.x, a.y + b.y) end
V.__sub = function(a, b) return vec(a.x - b.x, a.y - b.y) end
V.__mul = function(a, b) return type(a) == "number" and vec(a * b.x, a * b.y) or type(b) == "number" and vec(a.x * b, a.y * b) or a.x * b.x + a.y * b.y end
V.__unm = function(a) return vec(-a.x, -a.y) end
V.__eq = function(a, b) return a.x == b.x and a.y == b.y end
V.__lt = function(a, b) return a.x < b.x end
V.__le = function(a, b) return a.x <= b.x end
V.__len = function(a) return 2 end
V.__concat = function(a, b) return tostring(a) .. tostring(b) end
V.__tostring = function(a) return "(" .. a.x .. "," .. a.y .. ")" end
V.__call = function(self, k) return self[k] end
V.__idiv = function() return "idiv" end
V.__mod = function() return "mod" end
V.__pow = function() return "pow" end
V.__div = function() return "div" end
V.__band = function() return "band" end
V.__bor = function() return "bor" end
V.__bxor = function() return "bxor" end
V.__shl = function() return "shl" end
V.__shr = function() return "shr" end
V.__bnot = function() return "bnot" end
V.__name = "Vector"
local a, b = vec(1, 2), vec(3, 4)
print(tostring(a + b), tostring(a - b), tostring(2 * a), tostring(a * 2), a * b, tostring(-a), a == vec(1, 2), a ~= b)
print(a < b, a <= b, a > b, #a, a .. b, a .. "s", 1 .. a, a("x"), a // b, a % b, a ^ b, a / b, a & 1, 1 | a, a ~ 1, a << 1, a >> 1, ~a)

local log = {}
local proxy = setmetatable({}, {
  __index = function(_, k) log[#log + 1] = "get " .. tostring(k) return k end,
  __newindex = function(t, k, v) log[#log + 1] = "set " .. tostring(k) rawset(t, k, v) end,
  __pairs = function(t) return function(_, k) k = (k or 0) + 1 if k <= 3 then return k, k * k end end, t, nil end,
})
proxy.a = 1
proxy.a = 2
local _ = proxy.b
for k, v in pairs(proxy) do log[#log + 1] = k .. ":" .. v end
print(table.concat(log, " "))

-- Inheritance of three levels, super calls, class methods.
local Animal = {} Animal.__index = Animal
function Animal.new(name, cls) return setmetatable({ name = name }, cls or Animal) end
function Animal:speak() return self.name .. " makes a sound" end
local Dog = setmetatable({}, { __index = Animal }) Dog.__index = Dog
function Dog.new(name) return Animal.new(name, Dog) end
function Dog:speak() return Animal.speak(self) .. ": woof" end
local Puppy = setmetatable({}, { __index = Dog }) Puppy.__index = Puppy
function Puppy:speak() return Dog.speak(self):upper() end
print(Animal.new("cat"):speak(), Dog.new("rex"):speak(), setmetatable({ name = "bit" }, Puppy):speak())
print(getmetatable("x").__index == string, getmetatable(setmetatable({}, { __metatable = "locked" })), pcall(setmetatable, setmetatable({}, { __metatable = 1 }), {}))

-- A queue, a set with operators, a memoising fib, matrix multiplication, n queens, life.
local fib = setmetatable({ 1, 1 }, { __index = function(t, n) local v = t[n - 1] + t[n - 2] t[n] = v return v end })
print(fib[80], #fib)
local function matmul(a, b)
  local r = {}
  for i = 1, #a do r[i] = {} for j = 1, #b[1] do local s = 0 for k = 1, #b do s = s + a[i][k] * b[k][j] end r[i][j] = s end end
  return r
end
local m = { { 1, 2, 3 }, { 4, 5, 6 }, { 7, 8, 10 } }
local p = matmul(matmul(m, m), m)
for i = 1, 3 do print(table.concat(p[i], " ")) end
local function queens(n)
  local count, cols, d1, d2 = 0, {}, {}, {}
  local function place(r)
    if r > n then count = count + 1 return end
    for c = 1, n do
      if not cols[c] and not d1[r + c] and not d2[r - c + n] then
        cols[c], d1[r + c], d2[r - c + n] = true, true, true
        place(r + 1)
        cols[c], d1[r + c], d2[r - c + n] = nil, nil, nil
      end
    end
  end
  place(1)
  return count
end
print(queens(6), queens(7))
local w, hh, cells = 20, 10, {}
for _, xy in ipairs { { 2, 1 }, { 3, 2 }, { 1, 3 }, { 2, 3 }, { 3, 3 } } do cells[xy[2] * w + xy[1]] = true end
for gen = 1, 20 do
  local new = {}
  for y = 0, hh - 1 do for x = 0, w - 1 do
    local n = 0
    for dy = -1, 1 do for dx = -1, 1 do
      if (dx ~= 0 or dy ~= 0) and cells[(y + dy) % hh * w + (x + dx) % w] then n = n + 1 end
    end end
    if n == 3 or n == 2 and cells[y * w + x] then new[y * w + x] = true end
  end end
  cells = new
end
for y = 0, hh - 1 do local r = {} for x = 0, w - 1 do r[#r + 1] = cells[y * w + x] and "#" or "." end print(table.concat(r)) end
