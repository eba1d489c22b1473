-- utf8, os and io: code points, files in a temporary place, dates of a fixed time, modules.
print(utf8.char(72, 228, 8364, 128512), #utf8.char(72, 228, 8364, 128512), utf8.len("häß€😀"), utf8.len("\xff"))
for p, c in utf8.codes("aä€😀") do io.write(p, ":", c, " ") end
print(utf8.codepoint("aä€😀", 1, -1))
print(utf8.offset("aä€😀", 3), utf8.offset("aä€😀", -1), utf8.offset("aä€😀", 5), utf8.offset("abc", 10))
print(pcall(utf8.codepoint, "\xf8"), pcall(utf8.len, "abc", 10), utf8.charpattern, "\u{7FFFFFFF}" == utf8.char(0x7fffffff))
for _, c in utf8.codes("ascii") do io.write(c, " ") end
print(utf8.len("\u{D7FF}\u{10FFFF}"), utf8.len("\xed\xa0\x80"), utf8.len("\u{200000}", 1, -1, true))

local name = os.tmpname()
local f = assert(io.open(name, "w"))
print(io.type(f), f:write("line 1\n", 2, " ", 3.5, "\nthird line\n\nlast") == f, io.type(io.stdout))
print(f:seek("cur"), f:seek("set", 5), f:write("X") == f, f:seek("end"), f:close(), io.type(f))
for l in io.lines(name) do io.write("[", l, "]") end
print()
for l in io.lines(name, "L") do io.write(#l, " ") end
print()
f = io.open(name)
print(f:read("l", "n", "n", "l", "L", "l"))
print(f:read("a"), f:read("a"), f:read("l"), f:read(0))
f:seek("set")
print(f:read(4, 3, 0), f:setvbuf("full", 1024), f:read("n"))
f:close()
for a, b in io.lines(name, 1, 2) do io.write(a, "-", tostring(b), " ") end
print()
f = io.open(name, "a+")
f:write("\nappended")
f:seek("set")
print(#f:read("a"))
f:close()
f = io.open(name, "rb")
print(pcall(f.write, f, "x") and select(2, f:write("x")) ~= nil, f:read(1))
f:close()
print(pcall(f.read, f), io.open("/nonexistent/file"))
print(pcall(io.lines, "/nonexistent/file"))
print(pcall(io.open, name, "bad mode"))
f = io.open(name, "w")
for i = 1, 1000 do f:write(i, " ", i * 0.5, " 0x", string.format("%x", i), " ") end
f:close()
f = io.open(name)
local ints, sum = 0, 0
while true do
  local n = f:read("n")
  if not n then break end
  ints, sum = ints + (math.type(n) == "integer" and 1 or 0), sum + n
end
print(ints, sum)
f:close()
io.output(name)
io.write("via default output")
io.close()
io.output(io.stdout)
io.input(name)
print(io.read("a"))
io.close(io.input())
io.input(io.stdin)
local out = name .. ".renamed"
print(os.rename(name, out), os.remove(out), os.remove(out) == nil)
local p = io.popen("echo from a pipe; exit 3")
print(p:read("a"), p:close())
print(os.execute("exit 5"))
print(os.execute("kill -9 $$"))
print(os.getenv("SURELY_NOT_SET"), type(os.getenv("PATH")), type(os.time()), type(os.clock()))
print(os.date("!%Y-%m-%d %H:%M:%S", 0), os.date("!%c", 86400), os.date("!*t", 1e9).year, os.date("!%j %U %p", 1700000000))
print(os.time { year = 2000, month = 1, day = 1, hour = 12 } - os.time { year = 1999, month = 12, day = 31, hour = 12 })
local d = os.date("*t", os.time { year = 2024, month = 14, day = -3, hour = 30 })
print(d.year, d.month, d.day, d.hour, d.yday, d.isdst)
print(os.difftime(10, 5), pcall(os.date, "%Ez", 0), pcall(os.time, { year = 2000 }))
print(os.setlocale("C"), os.setlocale(nil, "numeric"))
package.preload.mymod = function(n, extra) return { name = n, extra = extra } end
print(require("mymod").name, require("mymod") == require("mymod"), package.loaded.mymod ~= nil, select(2, require("mymod")))
print((select(2, pcall(require, "no.such.module")):gsub("\n.*", "")))
print(package.config:sub(1, 1), type(package.path), package.searchpath("nope", "./?.nope"))
print(#arg, arg[0]:match("[^/]*$"))
io.stderr:write("")
print(io.stdout:seek() == nil or true)
os.exit(7, true)
