-- Errors: pcall, xpcall, error objects, levels, tracebacks, runtime error messages, limits.
print(pcall(error, "plain"), pcall(error, "level 0", 0), pcall(error), pcall(error, nil))
print(select(2, pcall(function() error("here") end)))
print(select(2, pcall(function() error("caller", 2) end)))
local e = setmetatable({ code = 42 }, { __tostring = function(s) return "E" .. s.code end })
local ok, err = pcall(error, e)
print(ok, tostring(err), err == e, err.code)
print(xpcall(function() error("x", 0) end, function(m) return "handled " .. m end))
print(xpcall(function(...) return select("#", ...) end, print, 1, nil, nil))
print(pcall(pcall), pcall(xpcall), pcall(pcall, error, "n"))
print(xpcall(function() error("a") end, function() error("b") end))

-- Messages of the virtual machine name the variable.
local t = { a = {} }
local up
for _, f in ipairs {
  function() return t.x.y end, function() return t.a.b.c end, function() return undefined_global.x end,
  function() return up.x end, function() t.a() end, function() t:method() end, function() return 1 + nil end,
  function() return {} .. "x" end, function() return #5 end, function() return -{} end, function() return 1 < "2" end,
  function() return {} < {} end, function() return nil > 1 end, function() local a = "x" return a + 1 end,
  function() return 1 // 0 end, function() return 1 % 0 end, function() return 1.5 | 1 end, function() return "a" | 1 end,
  function() return 2^63 | 0 end, function() t[nil] = 1 end, function() t[0 / 0] = 1 end, function() return math.tointeger("x") end,
  function() return ("x"):bad() end, function() return string.rep() end, function() return setmetatable(1, {}) end,
  function() return ipairs() end, function() return table.concat({ 1, {}, 3 }) end, function() return tostring() end,
  function() for i = 1, "x" do end end, function() for i = "a", 1 do end end, function() return select(0) end,
  function() return string.char(256) end, function() return table.unpack({}, 1, 1e8) end, function() local x <close> = 5 end,
} do print(select(2, pcall(f))) end

-- Tracebacks and debug information.
local function level3() error("deep") end
local function level2() level3() end
local function level1() level2() end
print(select(2, xpcall(level1, debug.traceback)))
print(debug.traceback("message", 1))
print(debug.traceback(coroutine.create(function() end), "co"))
local info = debug.getinfo(level1, "SlnuL")
print(info.short_src:match("[^/]*$"), info.linedefined, info.lastlinedefined, info.what, info.nups, info.nparams, info.isvararg)
local function locals(a, b, ...)
  local c = a + b
  local names = {}
  for i = 1, 10 do
    local n, v = debug.getlocal(1, i)
    if not n then break end
    names[#names + 1] = n .. "=" .. tostring(type(v) == "table" and "table" or v)
  end
  return table.concat(names, " "), debug.getlocal(1, -1)
end
print(locals(1, 2, 3))
local lines = {}
debug.sethook(function(_, l) lines[#lines + 1] = l - info.linedefined end, "l")
local x = 1
x = x + 1
debug.sethook()
print(#lines, lines[2] - lines[1])
local calls = 0
debug.sethook(function() calls = calls + 1 end, "", 100)
for i = 1, 10000 do x = x + i end
debug.sethook()
print(calls > 100)

-- Compile errors.
for _, s in ipairs { "x =", "for", "return return", "if x then", "x = 'abc", "goto nowhere", "::a:: ::a::", "break",
  "local x <const> = 1; x = 2", "x = 0x", "x = 1e", "x = '\\q'", "x = '\\300'", "--[[ unfinished", "f(", "local function 5() end", "x = }",
  "return '\\u{110000000}'", "local a <foo> = 1", "a.b:c = 1" } do
  print(select(2, load(s, "=src")))
end
print(select(2, load(("("):rep(300) .. "1" .. (")"):rep(300), "=deep")))
local many = {}
for i = 1, 300 do many[i] = "local v" .. i .. " = 1" end
print(select(2, load(table.concat(many, "\n"), "=many")))

-- Errors while errors are handled, finalizers that fail, overflow of the stack.
local depth = 0
local function rec() depth = depth + 1 return rec() + 1 end
local ok, m = pcall(rec)
print(ok, m:match("stack overflow") , depth > 1000)
print(pcall(string.rep, "xx", 1 << 62))
setmetatable({}, { __gc = function() error("in finalizer") end })
warn("@off")
collectgarbage()
print(assert(1, "unused"), pcall(assert, false), pcall(assert, nil, "why"), pcall(assert, false, { 1 }) == false)
local function f() return assert(false, "asserted") end
print(pcall(f))
for i = 1, 1000 do pcall(error, i) end
local sum = 0
for i = 1, 1000 do local _, v = pcall(function(n) if n % 2 == 0 then error(n, 0) end return n end, i) sum = sum + v end
print(sum)
