-- Coroutines: generators, producers and consumers, errors, wrap, close, deep stacks.
local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end return "end" end) end
local g = gen(3)
print(g(), g(), g(), g(), pcall(g))

local co = coroutine.create(function(a, b)
  print("start", a, b)
  local c = coroutine.yield(a + b)
  print("got", c)
  local d, e = coroutine.yield(c * 2)
  print("got", d, e)
  return d + e, "done"
end)
print(coroutine.status(co), coroutine.resume(co, 1, 2))
print(coroutine.status(co), coroutine.resume(co, 10))
print(coroutine.resume(co, 3, 4))
print(coroutine.status(co), coroutine.resume(co))

local function permutations(a, n)
  n = n or #a
  if n <= 1 then coroutine.yield(a) else
    for i = 1, n do
      a[n], a[i] = a[i], a[n]
      permutations(a, n - 1)
      a[n], a[i] = a[i], a[n]
    end
  end
end
local n = 0
for p in coroutine.wrap(function() permutations { 1, 2, 3, 4, 5 } end) do
  n = n + 1
  if n % 20 == 0 then print(table.concat(p, " ")) end
end
print(n)

-- A pipeline of filters: the sieve of Eratosthenes.
local function numbers() return coroutine.wrap(function() for i = 2, math.huge do coroutine.yield(i) end end) end
local function filter(p, g) return coroutine.wrap(function() while true do local v = g() if v % p ~= 0 then coroutine.yield(v) end end end) end
local src, primes = numbers(), {}
for i = 1, 40 do primes[i] = src() src = filter(primes[i], src) end
print(table.concat(primes, " "))

-- Errors cross resume as values; pcall inside, yields across pcall and metamethods.
local bad = coroutine.create(function() local x = nil; return x.y end)
print(coroutine.resume(bad))
print(coroutine.status(bad), coroutine.resume(bad))
print(select(2, coroutine.resume(coroutine.create(function() error({ code = 7 }) end))).code)
local t = coroutine.wrap(function()
  local ok, e = pcall(function()
    coroutine.yield("inside pcall")
    error("thrown", 0)
  end)
  coroutine.yield(tostring(ok) .. " " .. e)
  local m = setmetatable({}, { __index = function(_, k) return coroutine.yield("index " .. k) end,
    __add = function(a, b) return coroutine.yield("add") end })
  local v = m.foo
  coroutine.yield("v=" .. v)
  return m + 1
end)
print(t(), t(), t(), t(42), t(), t("sum"))
local sorted = coroutine.wrap(function()
  local ok, e = pcall(table.sort, { 3, 2, 1 }, function(a, b) coroutine.yield("x") return a < b end)
  return ok, e
end)
print(sorted())
print(coroutine.isyieldable(), select(2, coroutine.running()))
local closed = {}
local cl = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "closed" end })
  coroutine.yield(1)
end)
coroutine.resume(cl)
print(coroutine.close(cl), closed[1], coroutine.status(cl))
print(pcall(coroutine.resume, nil), pcall(coroutine.wrap(function() error("w") end)))
print(pcall(coroutine.yield, 1))
print(select("#", coroutine.resume(coroutine.create(function(...) return ... end), table.unpack({}, 1, 100))))

-- Many coroutines, and recursion deep inside one.
local all = {}
for i = 1, 2000 do all[i] = coroutine.create(function(x) while true do x = x + coroutine.yield(x * i) end end) end
local sum = 0
for round = 1, 5 do
  for i = 1, #all do local _, v = coroutine.resume(all[i], round) sum = sum + v end
end
print(sum)
print(coroutine.wrap(function() local function d(n) if n == 0 then coroutine.yield("deep") return 0 end return 1 + d(n - 1) end return d(5000) end)())
local function nest(n) if n == 0 then return "bottom" end return coroutine.wrap(function() return nest(n - 1) end)() end
print(nest(100), (pcall(nest, 250)))
local msg = select(2, pcall(coroutine.wrap(function() local co = coroutine.wrap(function() error("inner") end) co() end)))
print(msg)
