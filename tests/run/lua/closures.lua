-- Closures, upvalues shared and fresh, varargs, recursion, tail calls, goto, numeric and generic for.
local function counter()
  local n = 0
  return function() n = n + 1 return n end, function() return n end
end
local inc, get = counter()
inc() inc()
local inc2 = counter()
print(inc(), get(), inc2(), get())

local fns = {}
for i = 1, 5 do fns[i] = function() i = i + 10 return i end end
for _, f in ipairs(fns) do io.write(f(), " ", f(), " ") end
print()

local function compose(...)
  local fs = table.pack(...)
  return function(...)
    local r = table.pack(...)
    for i = fs.n, 1, -1 do r = table.pack(fs[i](table.unpack(r, 1, r.n))) end
    return table.unpack(r, 1, r.n)
  end
end
print(compose(function(x) return x * 2 end, function(x, y) return x + y end)(3, 4))

local Y = function(f) return (function(x) return x(x) end)(function(x) return f(function(...) return x(x)(...) end) end) end
print(Y(function(self) return function(n) return n < 2 and n or self(n - 1) + self(n - 2) end end)(20))

local short = os.getenv "KILN_TEST_SHORT" == "1" -- for interpreters
local function tail(n, acc) if n == 0 then return acc end return tail(n - 1, acc + n) end
print(tail(short and 20000 or 1000000, 0))
local function ack(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ack(m - 1, 1) end
  return ack(m - 1, ack(m, n - 1))
end
print(ack(2, short and 5 or 9))
local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end
print(deep(10000), pcall(function() local function f() return 1 + f() end return f() end) == false)

local function va(...)
  local a, b = ...
  return select("#", ...), a, b, (select(-1, ...))
end
print(va(1, nil, 3), (va(1, 2)), va(nil, nil))
print((function(...) return ... end)(1, 2, 3), #{ (function() return 1, 2, 3 end)() }, ({ (function() return 1, 2 end)(), 5 })[2])

do -- goto, continue, nested breaks
  local out = {}
  for i = 1, 10 do
    if i % 3 == 0 then goto continue end
    for j = 1, 10 do
      if j == i then goto next end
      out[#out + 1] = i * j % 7
      if j > 4 then break end
    end
    ::next::
    ::continue::
  end
  print(#out, table.concat(out))
  local i = 1
  ::top::
  if i < 100 then i = i * 2 goto top end
  print(i)
  local k = 0
  repeat local done = k >= 3 k = k + 1 until done
  print(k)
end

for i = 10, 1, -3 do io.write(i, " ") end
for i = 1, 0 do io.write("never") end
for i = 1.0, 2, 0.25 do io.write(i, " ") end
for i = math.maxinteger - 2, math.maxinteger do io.write(i, " ") end
print(pcall(function() for i = 1, 10, 0 do end end))

local function range(n) return function(s, i) if i < s then return i + 1, i * i end end, n, 0 end
for i, sq in range(5) do io.write(i, ":", sq, " ") end
print()

-- To-be-closed variables and attributes.
do
  local log = {}
  local function res(name) return setmetatable({}, { __close = function(_, e) log[#log + 1] = name .. ":" .. tostring(e) end }) end
  do
    local a <close> = res("a")
    local b <const> = 5
    local c <close> = res("c")
  end
  pcall(function() local d <close> = res("d") error("oops", 0) end)
  for i = 1, 2 do local e <close> = res("e" .. i) if i == 2 then break end end
  print(table.concat(log, " "))
end

local env = { print = print, x = 5 }
load("x = x + 1; y = x * 2", "chunk", "t", env)()
print(env.x, env.y, x, load("return 1 +"), (load("return ...")(7)))
local parts = { "return ", "1", " + 41" }
local at = 0
print(load(function() at = at + 1 return parts[at] end)())
local dumped = string.dump(function(a, b) return a * b + 1 end)
print(load(dumped, "d", "b")(6, 7), load(dumped, "d", "t"))

-- Many upvalues, locals and constants.
local src = { "local t = {}\n" }
for i = 1, 150 do src[#src + 1] = ("local v%d = %d\n"):format(i, i * i) end
src[#src + 1] = "return function() local s = 0 "
for i = 1, 150 do src[#src + 1] = ("s = s + v%d "):format(i) end
src[#src + 1] = "return s end"
print(load(table.concat(src))()())
local consts = { "return {" }
for i = 1, 1000 do consts[#consts + 1] = ("'k%d', %d.5, "):format(i, i) end
consts[#consts + 1] = "}"
local big = load(table.concat(consts))()
print(#big, big[1], big[2], big[1999], big[2000])
