#!/usr/bin/env python3
"""functions.py N [OUTPUT.bc] [CLANG-FLAG...]: a module of N functions of 20 to 40 LLVM instructions
each, as clang -O0 makes them: arithmetic, memory, branches, loops, calls of each other, strings,
globals, floating point. Without OUTPUT the C source goes to standard output. The same N gives the
same source. With a `main` that runs a sample of the functions and prints what they gave."""

import random
import re
import subprocess
import sys

HEAD = """#include <stdio.h>
struct node { int key; struct node *next; double weight; long counts[4]; };
int printf(const char *, ...);
static const char *const words[] = {"zero", "one", "two", "three", "four", "five", "six", "seven"};
static struct node nodes[16];
"""

# Bodies by kind. {i}: number; {a}, {b}: earlier functions; {g}: a global; {k}, {m}: constants.
KINDS = [
    ("long f{i}(long x, long y)",
     """  long t = x * {k} + y;
  if (t > {m}) t -= global{g};
  else t ^= f{a}(t, x);
  return t + {k};"""),
    ("long f{i}(long x, long y)",
     """  long s = global{g};
  for (int n = 0; n < (x & 3); n++) s += y >> n;
  return s - {k};"""),
    ("long f{i}(long x, long y)",
     """  struct node *p = &nodes[x & 15];
  p->counts[y & 3] += {k};
  p->key = (int)(x - y);
  return p->counts[{k} & 3] + p->key;"""),
    ("static long f{i}(long x, long y)",
     """  const char *s = "text number {i}";
  if (x & 1) s = words[y & 7];
  return s[{k} & 3] + f{a}(y, {m});"""),
    ("long f{i}(long x, long y)",
     """  double d = (double)x * {k}.5;
  nodes[y & 15].weight += d;
  global{g} += (long)d & 255;
  return (long)(d / 3.0) + global{g};"""),
    ("static long f{i}(long x, long y)",
     """  switch (x & 3) {
  case 0: return y + {k};
  case 1: return f{a}(y, {k});
  default: return x ^ {m};
  }"""),
    ("long f{i}(long x, long y)",
     """  unsigned a = (unsigned)x, b = (unsigned)y;
  a = a << {k} % 31 | b >> 3;
  b = a * 2654435761u;
  return (long)(a ^ b) + f{a}(a, b & 1);"""),
    ("long f{i}(long x, long y)",
     """  if (x == {m}) printf("%ld in f{i}\\n", x);
  long r = y;
  while (r > {k} * 1000L) r /= 2;
  return r + global{g};"""),
]


def source(n):
    rng = random.Random(n)
    out = [HEAD]
    n_globals, statics = max(1, n // 10), []
    for g in range(n_globals):
        out.append("%slong global%d = %d;\n" % ("static " if g % 3 == 0 else "", g, rng.randrange(100)))
    # Recursion would be endless: a function calls earlier ones, at most three levels deep.
    depth, pools, calls = [], [[], [], []], set()
    for i in range(n):
        kind = KINDS[rng.randrange(len(KINDS))] if i > 0 else KINDS[1]
        a = 0
        level = 0
        if "{a}" in kind[1]:
            pool = pools[rng.randrange(3)] or pools[0]
            a = pool[rng.randrange(len(pool))]
            level = depth[a] + 1
            calls.add(a)
        depth.append(level)
        if level < 3:
            pools[level].append(i)
        if kind[0].startswith("static"):
            statics.append(i)
        text = "%s {\n%s\n}\n" % kind
        values = {"i": i, "a": a, "g": rng.randrange(n_globals), "k": rng.randrange(1, 100),
                  "m": rng.randrange(1000, 100000)}
        out.append(re.sub(r"\{([iagkm])\}", lambda key: str(values[key[1]]), text))
    # clang leaves out static functions that nobody uses: the table has those, and some others to run.
    table = sorted({i for i in statics if i not in calls} | set(range(0, n, 1 + n // 200)))
    out.append("long (*const table[])(long, long) = {%s};\n" % ",".join("f%d" % i for i in table))
    out.append("""int main(void) {
  unsigned long sum = 0;
  for (int i = 0; i < %d; i++) sum = sum * 31 + (unsigned long)table[i](i, sum & 0xffff);
  printf("%%lu\\n", sum);
  return 0;
}
""" % len(table))
    return "".join(out)


def main():
    if len(sys.argv) < 2 or not sys.argv[1].isdigit() or int(sys.argv[1]) < 1:
        sys.exit(__doc__)
    text = source(int(sys.argv[1]))
    if len(sys.argv) == 2:
        sys.stdout.write(text)
        return
    flags = sys.argv[3:] or ["-O0"]
    subprocess.run(["clang-22", *flags, "-w", "-fPIC", "-emit-llvm", "-c", "-x", "c", "-", "-o", sys.argv[2]],
                   input=text.encode(), check=True)


if __name__ == "__main__":
    main()
