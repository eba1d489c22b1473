-- What an interpreter does most: calls, tables, strings, closures, floats.
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
print(fib(28))

local seed = 1
local function random(n)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed // 65536 % n + 1
end
local list = {}
for i = 1, 60000 do list[i] = random(100000) end
table.sort(list, function(a, b) return a > b end)
print(list[1], list[30000], list[60000])

local words, counts = {}, {}
for i = 1, 60000 do words[i] = "w" .. random(500) end
local text = table.concat(words, " ")
for w in text:gmatch("%a%d+") do counts[w] = (counts[w] or 0) + 1 end
local names = {}
for w in pairs(counts) do names[#names + 1] = w end
table.sort(names)
print(#names, names[1], counts[names[1]], #text:gsub("w1", "W<one>"), text:sub(1, 50):rep(3):upper())

local point = {}
point.__index = point
point.__add = function(a, b) return setmetatable({x = a.x + b.x, y = a.y + b.y}, point) end
function point:length() return math.sqrt(self.x * self.x + self.y * self.y) end
local sum = setmetatable({x = 0, y = 0}, point)
for i = 1, 60000 do sum = sum + setmetatable({x = i % 7, y = i / 3}, point) end
print(string.format("%.6f", sum:length()))

local function counter()
  local n = 0
  return function() n = n + 1; return n end
end
local c = counter()
for i = 1, 600000 do c() end
print(c())
