-- Sorting: table.sort against hand-written sorts, on pseudo-random data of a fixed generator.
local short = os.getenv "KILN_TEST_SHORT" == "1" -- for interpreters
local seed = 12345
local function rnd(n)
  seed = (seed * 1103515245 + 12345) & 0x7fffffff
  return seed % n + 1
end

local function fill(n, range)
  local t = {}
  for i = 1, n do t[i] = rnd(range) end
  return t
end

local function copy(t) return table.move(t, 1, #t, 1, {}) end

local function quick(t, lo, hi, less)
  if lo >= hi then return end
  local pivot, i, j = t[(lo + hi) // 2], lo, hi
  while i <= j do
    while less(t[i], pivot) do i = i + 1 end
    while less(pivot, t[j]) do j = j - 1 end
    if i <= j then
      t[i], t[j] = t[j], t[i]
      i, j = i + 1, j - 1
    end
  end
  quick(t, lo, j, less)
  quick(t, i, hi, less)
end

local function heap(t)
  local n = #t
  local function sift(i, n)
    while 2 * i <= n do
      local c = 2 * i
      if c < n and t[c] < t[c + 1] then c = c + 1 end
      if t[i] >= t[c] then return end
      t[i], t[c] = t[c], t[i]
      i = c
    end
  end
  for i = n // 2, 1, -1 do sift(i, n) end
  for i = n, 2, -1 do
    t[1], t[i] = t[i], t[1]
    sift(1, i - 1)
  end
end

local function merge(t, less)
  if #t < 2 then return t end
  local m = #t // 2
  local a, b = merge(table.move(t, 1, m, 1, {}), less), merge(table.move(t, m + 1, #t, 1, {}), less)
  local r, i, j = {}, 1, 1
  while a[i] and b[j] do
    if less(b[j], a[i]) then r[#r + 1] = b[j] j = j + 1 else r[#r + 1] = a[i] i = i + 1 end
  end
  while a[i] do r[#r + 1] = a[i] i = i + 1 end
  while b[j] do r[#r + 1] = b[j] j = j + 1 end
  return r
end

local function hash(t)
  local h = 7
  for i, v in ipairs(t) do h = (h * 31 + v * i) & 0xffffffff end
  return h
end

for _, n in ipairs { 0, 1, 2, 3, 10, 100, 1000, short and 1500 or 20000 } do
  local t = fill(n, 2 * n + 1)
  local a, b, c, d = copy(t), copy(t), copy(t), copy(t)
  table.sort(a)
  quick(b, 1, #b, function(x, y) return x < y end)
  heap(c)
  d = merge(d, function(x, y) return x < y end)
  print(n, hash(t), hash(a), hash(a) == hash(b), hash(a) == hash(c), hash(a) == hash(d))
  table.sort(a, function(x, y) return x > y end)
  print("descending", hash(a), a[1], a[#a])
end

-- A stable sort of records by two keys.
local people = {}
for i = 1, 200 do people[i] = { name = string.char(96 + rnd(26), 96 + rnd(26)), age = rnd(9), i = i } end
people = merge(people, function(x, y) return x.name < y.name end)
people = merge(people, function(x, y) return x.age < y.age end)
for i = 1, #people, 13 do print(people[i].age, people[i].name, people[i].i) end

local words = {}
for w in ("the quick brown fox jumps over the lazy dog The Quick"):gmatch("%a+") do words[#words + 1] = w end
table.sort(words)
print(table.concat(words, " "))

-- An order that is none is noticed or survived, not crashed on.
print(pcall(table.sort, { 3, 1, "x" }))
print((pcall(table.sort, fill(100, 5), function() return true end)))
print(select("#", table.unpack({ 1, 2, nil, 4 }, 1, 4)))
