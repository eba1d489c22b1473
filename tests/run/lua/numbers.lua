-- Numbers: integer and float arithmetic at the edges, conversions, formatting, the math library.
local maxi, mini = math.maxinteger, math.mininteger
print(maxi, mini, maxi + 1 == mini, mini - 1 == maxi, maxi * 2, mini * -1, -mini, mini // -1, mini % -1)
print(7 // 2, -7 // 2, 7 // -2, -7 // -2, 7 % 3, -7 % 3, 7 % -3, -7 % -3)
print(7.5 // 2, -7.5 // 2, 7.5 % 2, -7.5 % 2, 5.3 % -2, 1e308 % 3, 5 % math.huge, -5 % math.huge)
print(7 / 2, 6 / 2, 1 / 3, 2^10, 2^0.5, 2^-1, (-8)^(1 / 3) ~= (-8)^(1 / 3), 0^0)
print(1 // 0.0, -1 // 0.0, 0.0 / 0.0 ~= 0.0 / 0.0, 1 % math.huge, 3 % -math.huge)
print(5 & 3, 5 | 3, 5 ~ 3, ~5, 1 << 63, 1 << 64, 1 << -1, -1 >> 1, -1 >> 63, -1 >> 64, 2^53 | 0, pcall(function() return "7" & 3 end))
print(1 == 1.0, math.type(1), math.type(1.0), math.type("1"), 1 < 1.5, maxi < 2^63, maxi + 0.0 == 2^63, mini == -2^63)
print(maxi <= 2^63, maxi < 9223372036854775807.0, mini <= -2^63, 2^63 > maxi, -2^63 >= mini, 1 < 0 / 0, 1 >= 0 / 0)
print(3 | 0, 3.0 | 0, pcall(function() return 3.5 | 0 end))
print(math.tointeger(3.0), math.tointeger(3.5), math.tointeger("8"), math.tointeger(2^63))
print(tonumber("10"), tonumber("0x1p4"), tonumber("1e2"), tonumber("  5  "), tonumber("5x"), tonumber(""), tonumber("0x"), tonumber("1e"))
print(tonumber("ff", 16), tonumber("zz", 36), tonumber("8", 8), tonumber("-101", 2), tonumber("7fffffffffffffff", 16), tonumber("1.5", 10))
print(9223372036854775807, 9223372036854775808, 0xffffffffffffffff, 0x1ffffffffffffffff, 1e308 * 10, -1e308 * 10)
print(0x.8p1, 0xA.8, .5, 5., 3e-2, 0x1p-1074, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308)
print(100000000000000, 1e14, 1e15, 1e16, 123456.789e3, 0.1, 0.1 + 0.2, 1 / 3, 100 * 1.1, 1e-5, 123e-7)
print(string.format("%.0f %.0f %.0f %.0f", 0.5, 1.5, 2.5, -0.5), string.format("%5.1f|%-8.3f|%+.2e", 3.14159, 2.71828, 12345.678))
print(string.format("%g %g %g %g %g", 1e5, 1e6, 123456789, 0.0001, 0.00001), string.format("%.3g|%10.4g|%#g", 1234.5678, 0.00012345, 1.0))
print(math.floor(3.7), math.floor(-3.7), math.ceil(3.2), math.ceil(-3.2), math.floor(1e100) == 1e100, math.floor(5))
print(math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.fmod(-7.5, 2), pcall(math.fmod, 1, 0), math.fmod(mini, -1))
print(math.modf(3.7), math.modf(-3.7), math.modf(math.huge), math.modf(5))
print(math.max(1, 5, 3), math.min(2, -1.5, 7), math.max(1, 1.5), pcall(math.max))
print(math.abs(-5), math.abs(mini), math.abs(-0.0), math.ult(1, -1), math.ult(-1, 1))
print(math.sqrt(2), math.exp(1), math.log(10), math.log(8, 2), math.log(1000, 10), math.log(27, 3))
print(math.sin(1), math.cos(1), math.tan(1), math.asin(0.5), math.acos(0.5), math.atan(1), math.atan(1, -1), math.atan(-0.0, -1))
print(math.pi, math.huge, -math.huge, math.deg(math.pi), math.rad(180))
print(2^31, 2^31 | 0, 1 << 31, 1 << 32, (1 << 31) * 2, 0x7fffffff + 1, -0x80000000 - 1)
print(1e15, 1e15 + 0.5, 2^53 + 1, 123456789012345678)

-- Integer division and modulo agree with the definition, for all signs and sizes.
local values = { 0, 1, -1, 2, -2, 3, 7, -7, 10, 255, -256, 65535, 2^31 | 0, -(2^31 | 0), maxi, mini, maxi - 1, mini + 1 }
local h = 0
for _, a in ipairs(values) do
  for _, b in ipairs(values) do
    if b ~= 0 then
      local q, r = a // b, a % b
      if q * b + r ~= a or (r ~= 0 and (r < 0) ~= (b < 0)) then print("bad", a, b, q, r) end
      h = (h * 31 + q * 7 + r) ~ (h >> 7)
    end
    h = h * 17 + (a & b) - (a | b) + (a ~ b) + (a < b and 1 or 2) + (a <= b and 4 or 8) + a * b
    h = h + (a << (b & 63)) - (a >> (b & 63))
  end
end
print(h)

-- The same in floats, compared by their exact form.
local fs = { 0.0, -0.0, 1.0, -1.5, 2.75, 1e10, -1e-10, 1e300, math.huge, -math.huge, 3.0, 0.1 }
local acc = {}
for _, a in ipairs(fs) do
  for _, b in ipairs(fs) do
    local cmp = (a < b and 1 or 0) + (a <= b and 2 or 0) + (a == b and 4 or 0)
    acc[#acc + 1] = string.format("%d%a%a", cmp, a + b, a * b):gsub("-?nan", "nan")
    acc[#acc + 1] = string.format("%a%a", a // b, a % b):gsub("-?nan", "nan")
  end
end
local all, sum = table.concat(acc), 0
for i = 1, #all do sum = (sum * 31 + all:byte(i)) & 0xffffffff end
print(#all, sum)

-- Numeric loops with floats and integers at the limits.
local c = 0
for i = mini, mini + 2 do c = c + 1 end
for i = maxi, maxi - 2, -1 do c = c + 1 end
for i = 1, math.huge do c = c + 1 if i > 10 then break end end
for i = 0.1, 1, 0.1 do c = c + 1 end
print(c)

math.randomseed(42)
local r1 = math.random(1000000)
math.randomseed(42)
print(r1 == math.random(1000000), pcall(math.random, 2, 1))
for i = 1, 1000 do local r, f = math.random(3, 9), math.random() if r < 3 or r > 9 or f < 0 or f >= 1 then print("bad", r, f) end end
math.randomseed(123, 456)
print(math.random(0), math.random(100), math.random(), math.random(mini, maxi))

-- Mandelbrot, n-body, spectral norm, pi digits: whole-number and float loops.
local rows = {}
for y = 0, 19 do
  local row = {}
  for x = 0, 59 do
    local cr, ci, zr, zi, n = x / 30 - 1.5, y / 10 - 1, 0, 0, 0
    while n < 50 and zr * zr + zi * zi < 4 do zr, zi, n = zr * zr - zi * zi + cr, 2 * zr * zi + ci, n + 1 end
    row[#row + 1] = (" .:-=+*#%@"):sub(n // 6 + 1, n // 6 + 1)
  end
  rows[#rows + 1] = table.concat(row)
end
print(table.concat(rows, "\n"))
local function spectral(n)
  local function a(i, j) local ij = i + j - 1 return 1.0 / (ij * (ij - 1) * 0.5 + i) end
  local function mul(x, y, t) for i = 1, n do local s = 0 for j = 1, n do s = s + x[j] * (t and a(j, i) or a(i, j)) end y[i] = s end end
  local u, v, w = {}, {}, {}
  for i = 1, n do u[i] = 1 end
  for i = 1, 5 do mul(u, w) mul(w, v, true) mul(v, w) mul(w, u, true) end
  local vbv, vv = 0, 0
  for i = 1, n do vbv = vbv + u[i] * v[i] vv = vv + v[i] * v[i] end
  return string.format("%.9f", math.sqrt(vbv / vv))
end
print(spectral(40))
local function pidigits(n)
  local len, a, out, nines, predigit = 10 * n // 3, {}, {}, 0, 0
  for j = 1, len do a[j] = 2 end
  for j = 1, n do
    local q = 0
    for i = len, 1, -1 do
      local x = 10 * a[i] + q * i
      a[i] = x % (2 * i - 1)
      q = x // (2 * i - 1)
    end
    a[1] = q % 10
    q = q // 10
    if q == 9 then nines = nines + 1
    elseif q == 10 then
      out[#out + 1] = predigit + 1
      for k = 1, nines do out[#out + 1] = 0 end
      predigit, nines = 0, 0
    else
      out[#out + 1] = predigit
      predigit = q
      for k = 1, nines do out[#out + 1] = 9 end
      nines = 0
    end
  end
  return table.concat(out)
end
print(pidigits(100))
