import std.stdio, std.algorithm, std.array, std.json, std.conv, std.regex, core.thread, std.range;
class Shape { abstract double area(); }
class Sq : Shape { double s; this(double s) { this.s = s; } override double area() { return s * s; } }
struct V { float[4] x; V opBinary(string op : "+")(V o) { V r; r.x[] = x[] + o.x[]; return r; } }
void main() {
  auto a = iota(10).map!(i => i * i).filter!(i => i % 2).array;
  writeln(a, " ", a.sum);
  JSONValue j = ["k": 1, "z": 2]; writeln(j.toString);
  try { throw new Exception("boom"); } catch (Exception e) { writeln("caught ", e.msg); } finally { writeln("finally"); }
  int[string] m; foreach (w; "a b a c b a".split) m[w]++;
  foreach (k; m.keys.sort) writeln(k, " ", m[k]);
  writeln(matchFirst("hello 123 world", regex(`\d+`)).hit);
  Shape s = new Sq(3); writefln("%.2f", s.area);
  auto t = new Thread({ writeln("thread"); }); t.start; t.join;
  V v; v.x = [1,2,3,4]; writeln((v + v).x);
  real r = 1.0L / 3; writefln("%.15f %s", r, cast(long)(r * 1e6));
  try { int[] q = [1]; size_t i = a.length; writeln(q[i]); } catch (Throwable e) { writeln("range error"); }
  writeln(distance(), " ", pair(1)[0], " ", assembled());
  try {
#line 1 ""
    assert(a.length > 100);
  } catch (Throwable e) { writeln("nameless ", e.toString.length > 10); }
}
int here, there;
bool distance() { return cast(uint)(cast(char*)&here - cast(char*)&there) != 0; } // thread-local
int[3] parts = [1, 2, 3];
int[] pair(int k) { return k ? parts[] : null; }
// DMD's assembly names no registers that it changes; db is not understood.
uint assembled() {
  uint first, second;
  asm { db 0xb8, 7, 0, 0, 0; mov first, EAX; db 0xb9, 9, 0, 0, 0; mov second, ECX; }
  return first * 10 + second;
}
