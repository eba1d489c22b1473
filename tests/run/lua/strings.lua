-- The string library: patterns, format, pack, bytes, repetition, comparison.
print(("hello world"):find("o w"), ("hello world"):find("o", 6), ("hello"):find("xyz"))
print(("hello.world"):find(".", 1, true), ("a+b"):find("+", 1, true), ("abc"):find("", 10))
print(("  trim me "):match("^%s*(.-)%s*$") .. "|")
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"))
print(("2026-11-20"):match("(%d+)-(%d+)-(%d+)"))
print(("THE (quick) fox"):find("%((%a+)%)"))
print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):gsub("%f[%a]%a+", string.lower))
print(("abc"):gsub("%w", "%0%0"), ("abc"):gsub("", "-"))
print(("hello world"):gsub("o", { o = "0" }), ("hello"):gsub("l", function(c) return c:upper() end, 1))
print(("$name is $age"):gsub("%$(%w+)", { name = "Bob", age = 42 }))
print(pcall(string.gsub, "x", "(", ""))
print(pcall(string.gsub, "x", "x", "%2"))
print(pcall(string.rep, "x", -1), ("ab"):rep(3, "-"), ("x"):rep(0))
for k, v in ("a=1, b=2, c=3"):gmatch("(%w+)=(%w+)") do io.write(k, ":", v, " ") end
print()
for p in ("one two  three"):gmatch("()%s") do io.write(p, " ") end
print()
print(("x"):byte(), ("abc"):byte(1, -1), ("abc"):byte(10))
print(string.char(72, 101, 108, 108, 111), ("abc"):reverse(), ("MiXeD"):upper(), ("MiXeD"):lower())
print(("abcdef"):sub(2, 4), ("abcdef"):sub(-3), ("abcdef"):sub(0), ("abcdef"):sub(5, 100), ("abc"):sub(3, 2) == "")
print(#"a\0b", ("a\0b"):byte(2), "a\0b" < "a\0c", "a" < "b", "Z" < "a", "" < "a", "a\0" > "a")

-- format
print(string.format("%d %5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42, 42))
print(string.format("%x %X %#x %o %c", 255, 255, 255, 8, 65))
print(string.format("%i %u", -7, 7))
print(string.format("%f %.2f %10.3f|%-10.1f|%e %.3E %g %G", 1.5, 2.345, 3.14159, 2.5, 12345.678, 0.00012, 1e20, 1e-10))
print(string.format("%a %A", 1.0, 0.5), string.format("%.14g", 0.1), string.format("%.17g", 0.1))
print(string.format("%s|%10s|%-10s|%.2s", "hi", "hi", "hi", "hello"))
print(string.format("%q", 'a "quoted"\n\0line\\'), string.format("%q", 1 / 3), string.format("%q", math.mininteger))
print(string.format("%%"), string.format("%5s%%", 10))
print(pcall(string.format, "%d", 1.5), pcall(string.format, "%d", "x"), pcall(string.format, "%y", 1))
print(string.format("%s %s %s", nil, true, { 1 } ~= nil))
print(tostring(1e15), tostring(1e100), 2^53, 2^63, -0.0, 1e15 // 1, 10 // 0.3)
print(tostring(1/0), tostring(-1/0), tostring(0/0):gsub("-", ""))

-- pack
local packed = string.pack("<i1i2i4i8", -1, -2, -3, -4)
print(#packed, packed:byte(1, -1))
print(string.unpack("<i1i2i4i8", packed))
print(string.unpack(">I2I4", string.pack(">I2I4", 0xbeef, 0xdeadbeef)))
print(string.unpack("<fdn", string.pack("<fdn", 1.5, -2.25, 1e300)))
print(string.unpack("zs1s2", string.pack("zs1s2", "zero", "one", "two")))
print(string.packsize("i4i8!8d"), string.packsize("<!4 i1 i4"), pcall(string.packsize, "s"))
print(string.pack("<I3", 0x010203):byte(1, -1))
print(string.pack(">j", math.mininteger):byte(1, -1))
print(pcall(string.pack, "i1", 200), pcall(string.unpack, "i4", "abc"))
print(string.unpack("<i16", string.pack("<i16", -12345)))

-- A longer run: rot13, words, CSV, base64.
local function rot13(s)
  return (s:gsub("%a", function(c)
    local base = c < "a" and 65 or 97
    return string.char((c:byte() - base + 13) % 26 + base)
  end))
end
print(rot13("Hello, World!"), rot13(rot13("Hello, World!")))

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local function base64(s)
  local out = {}
  for i = 1, #s, 3 do
    local a, b, c = s:byte(i, i + 2)
    local n = a << 16 | (b or 0) << 8 | (c or 0)
    for j = 3, 0, -1 do
      local k = n >> (6 * j) & 63
      out[#out + 1] = (j == 1 and not b or j == 0 and not c) and "=" or alphabet:sub(k + 1, k + 1)
    end
  end
  return table.concat(out)
end
for _, s in ipairs { "", "f", "fo", "foo", "foob", "fooba", "foobar" } do io.write(base64(s), " ") end
print()

local function csv(line)
  local fields, at = {}, 1
  repeat
    local quoted, next_at = line:match('^"(.-)",?()', at)
    if not quoted then quoted, next_at = line:match("^([^,]*),?()", at) end
    fields[#fields + 1] = quoted
    at = next_at
  until at > #line
  return table.concat(fields, "|")
end
print(csv('1,two,"three, and",,five'))

local count = {}
for w in (("the cat the dog a cat the end "):rep(50)):gmatch("%a+") do count[w] = (count[w] or 0) + 1 end
local keys = {}
for k in pairs(count) do keys[#keys + 1] = k end
table.sort(keys)
for _, k in ipairs(keys) do io.write(k, "=", count[k], " ") end
print()
local big = {}
for i = 1, 5000 do big[i] = i .. "" end
local s = table.concat(big, ",")
print(#s, s:sub(1, 20), s:sub(-20), select(2, s:gsub(",", "")))
print(("x"):rep(100000):find(("x"):rep(50) .. "y"))
print(tostring("10" + 5), "0x10" + 0, "1e1" * 1, pcall(function() return "abc" + 1 end))
print("10" .. 20, 1 .. "", 1.5 .. "|", -0.0 .. "")
