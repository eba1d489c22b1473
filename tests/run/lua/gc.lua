-- Garbage collection under stress: weak tables, ephemerons, finalizers, resurrection, both modes.
local short = os.getenv "KILN_TEST_SHORT" == "1" -- for interpreters
local function live() collectgarbage() collectgarbage() end

local weak = setmetatable({}, { __mode = "v" })
local keep = { 50 }
for i = 1, 100 do weak[i] = i == 50 and keep or { i } end
live()
local n = 0
for _ in pairs(weak) do n = n + 1 end
print(n, keep[1], weak[50] == keep)

local keys = setmetatable({}, { __mode = "k" })
local k1 = {}
keys[k1] = "one"
keys[{}] = "two"
keys["string"] = "stays"
live()
n = 0
for _, v in pairs(keys) do n = n + 1 end
print(n, keys[k1])

local eph = setmetatable({}, { __mode = "k" })
do
  local k = {}
  eph[k] = { k } -- value refers to its own key
end
live()
print(next(eph))

local order = {}
for i = 1, 10 do setmetatable({}, { __gc = function() order[#order + 1] = i end }) end
live()
print(table.concat(order, " "))

local saved
do
  local obj = { name = "phoenix" }
  setmetatable(obj, { __gc = function(o) saved = o end })
end
live()
print(saved and saved.name)
saved = nil
live()

local finalized = 0
local mt = { __gc = function(o) finalized = finalized + 1 end }
for round = 1, short and 2 or 20 do
  local list = nil
  for i = 1, 2000 do list = { next = list, value = setmetatable({}, i % 10 == 0 and mt or {}) } end
end
live()
print(finalized)

-- Allocation under tiny steps in both modes; the structure must survive.
local function tree(d) return d == 0 and { v = 1 } or { tree(d - 1), tree(d - 1), v = 0 } end
local function count(t) return t[1] and 1 + count(t[1]) + count(t[2]) or 1 end
for _, mode in ipairs { "incremental", "generational" } do
  collectgarbage(mode)
  local t = tree(short and 9 or 12)
  local strings = {}
  for i = 1, short and 3000 or 20000 do
    strings[i % 100 + 1] = ("s" .. i):rep(3)
    if i % 1000 == 0 then t[1] = tree(8) collectgarbage("step", 1) end
  end
  print(mode, count(t), strings[1], strings[100])
end
collectgarbage("incremental", 100, 400, 10)
local a = {}
for i = 1, short and 300 or 3000 do a[i % 100 + 1] = { i, tostring(i), function() return i end } end
local sum = 0
for _, v in pairs(a) do sum = sum + v[1] + #v[2] + v[3]() end
print(sum)
collectgarbage("incremental", 200, 100, 13)
collectgarbage("stop")
print(collectgarbage("isrunning"))
collectgarbage("restart")
print(collectgarbage("isrunning"), math.type(collectgarbage("count")))

-- Finalizers that allocate, throw and make more garbage; strings as table keys that die.
local made = {}
for i = 1, 200 do
  setmetatable({}, { __gc = function() made[#made + 1] = { i } if i % 7 == 0 then error("x") end end })
end
warn("@off")
live()
print(#made)
local cache = setmetatable({}, { __mode = "kv" })
for i = 1, short and 1000 or 10000 do cache["k" .. i] = { i } end
live()
n = 0
for _ in pairs(cache) do n = n + 1 end
print(n)
local cos = {}
for i = 1, 500 do
  cos[i] = coroutine.create(function() local t = { i } coroutine.yield() return t[1] end)
  coroutine.resume(cos[i])
end
live()
sum = 0
for i = 1, 500 do local _, v = coroutine.resume(cos[i]) sum = sum + v end
print(sum)
local before = collectgarbage("count")
do local big = {} for i = 1, short and 10000 or 100000 do big[i] = { i } end end
live()
print(collectgarbage("count") < before + 200)
