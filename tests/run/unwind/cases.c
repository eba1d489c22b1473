/* Functions whose frames are stepped through. No libc: stepping would go through it. */
typedef long op(long);
void probe(void);
long probe_sum(long, long, long, long, long, long, long, long);
__attribute__((noreturn)) void leave(void);
#define NOINLINE __attribute__((noinline))

volatile long sink;

NOINLINE void empty(void) {}
NOINLINE int leaf(int a, int b) { return a * b + 3; }
NOINLINE long leaf_red_zone(long a) {
  volatile long v[8];
  for (int i = 0; i < 8; i++) v[i] = a + i;
  return v[3] + v[7];
}
NOINLINE double leaf_float(double a, float b) { return a / b + a * b; }
NOINLINE void just_calls(void) { probe(); }
NOINLINE long returns(long a) {
  if (a < 0) return -1;
  if (a == 0) {
    probe();
    return 5;
  }
  if (a & 1) return a * 3;
  switch (a) {
  case 2: return 7;
  case 4: probe(); return 9;
  case 6: return leaf(6, 6);
  }
  for (long i = 0; i < a; i++)
    if (i * i == a) return i;
  return a;
}
NOINLINE long many_saved(long a, long b, long c, long d, long e, long f) {
  long g = a + b, h = c + d, i = e + f, j = a * c, k = b * d, l = e * f;
  probe();
  long m = g * h + i;
  probe();
  return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 + k * 11 +
         l * 12 + m;
}
NOINLINE long stack_args(long a, long b, long c, long d, long e, long f, long g, long h, long i) {
  probe();
  return a + b + c + d + e + f + g * h - i;
}
NOINLINE long passes_args(long a) {
  long r = probe_sum(a, 2, 3, 4, 5, 6, 7, 8);
  r += stack_args(a, r, a, r, a, r, 7, 8, 9);
  return r + stack_args(r, a, r, a, r, a, probe_sum(1, 2, 3, 4, 5, 6, a, r), 8, 9);
}
NOINLINE long vla(int n) {
  long sum = 0;
  for (int i = 1; i < n; i++) {
    long v[i];
    v[0] = i;
    v[i - 1] = i * 2;
    probe();
    sum += v[0] + probe_sum(v[i - 1], 2, 3, 4, 5, 6, 7, 8);
  }
  return sum;
}
NOINLINE long vla_returns(int n) {
  char v[n];
  v[n - 1] = (char)n;
  if (n == 5) return v[4];
  char *w = __builtin_alloca((unsigned long)n * 3);
  w[0] = v[n - 1];
  if (n == 6) {
    probe();
    return w[0];
  }
  probe();
  return w[0] + 1;
}
#define FRAME(name, size)                                                                          \
  NOINLINE long name(long a) {                                                                     \
    volatile char v[size];                                                                         \
    v[0] = (char)a;                                                                                \
    v[size - 1] = 3;                                                                               \
    if (a == 1) return v[0];                                                                       \
    probe();                                                                                       \
    return v[size - 1] + a;                                                                        \
  }
#define LEAF_FRAME(name, size)                                                                     \
  NOINLINE long name(long a) {                                                                     \
    volatile char v[size];                                                                         \
    v[0] = (char)a;                                                                                \
    v[size - 1] = 3;                                                                               \
    if (a == 1) return v[0];                                                                       \
    return v[size - 1] + a;                                                                        \
  }
FRAME(frame_100, 100)
FRAME(frame_130, 130)
FRAME(frame_4000, 4000)
FRAME(frame_4096, 4096)
FRAME(frame_5000, 5000)
FRAME(frame_70000, 70000)
FRAME(frame_200000, 200000)
LEAF_FRAME(leaf_100, 100)
LEAF_FRAME(leaf_120, 120)
LEAF_FRAME(leaf_128, 128)
LEAF_FRAME(leaf_136, 136)
LEAF_FRAME(leaf_5000, 5000) NOINLINE long aligned(long a) {
  _Alignas(64) volatile char v[70];
  v[1] = (char)a;
  probe();
  return v[1];
}
NOINLINE long aligned_vla(long a) {
  _Alignas(64) volatile char v[70];
  volatile char w[a];
  v[1] = (char)a;
  w[a - 1] = 2;
  probe();
  return v[1] + w[a - 1];
}
NOINLINE long variadic(int n, ...) {
  __builtin_va_list ap;
  __builtin_va_start(ap, n);
  long s = 0;
  while (n--) {
    s += __builtin_va_arg(ap, long);
    probe();
  }
  __builtin_va_end(ap);
  return s;
}
struct big {
  long v[6];
};
NOINLINE struct big sret(long a, struct big b) {
  b.v[a & 3] += a;
  probe();
  return b;
}
NOINLINE long recursive(long n) {
  if (n == 0) {
    probe();
    return 1;
  }
  long below = recursive(n - 1);
  return below * 2 + n;
}
NOINLINE long callback(op *f, long n) { return f(n) + f(n + 1); }
NOINLINE double floats(double a, double b) {
  double c = a * b, d = a + b;
  probe();
  double e = c - d;
  probe();
  return a + b + c + d + e;
}
NOINLINE __int128 wide(__int128 a, __int128 b) {
  probe();
  return a * b + (a >> 3);
}
NOINLINE long computed(long n) {
  static void *const t[] = {&&x, &&y, &&z};
  goto *t[n % 3];
x:
  probe();
  return 1;
y:
  return 2;
z:
  probe();
  return 3;
}
NOINLINE void fails(long a) {
  volatile long v[4];
  v[a & 3] = a;
  if (a > 3) leave();
  probe();
}
NOINLINE void only_leaves(void) { leave(); }
NOINLINE void traps(int a) {
  if (a) __builtin_unreachable();
  probe();
}
__attribute__((preserve_most)) NOINLINE long keeps_most(long a) {
  if (a == 1) return 1;
  probe();
  return a;
}
__attribute__((preserve_all)) NOINLINE void keeps_all(long a) {
  volatile char v[9000];
  v[0] = (char)a;
  if (a == 1) return;
  probe();
}

#ifdef __clang__
#define TAIL __attribute__((musttail)) return
#else
#define TAIL return
#endif
NOINLINE long tail_ends(long a, long b, long c, long d, long e, long f, long g, long h, long i) {
  if (a > 3) probe();
  return a + b + c + d + e + f + g * h - i;
}
NOINLINE long tail_turns(long a, long b, long c, long d, long e, long f, long g, long h, long i) {
  volatile char v[300];
  v[a] = (char)b;
  if (a < 2) TAIL tail_ends(i, a, b, c, d, e, f, g, h);
  probe();
  if (a == 5) return v[5];
  char *w = __builtin_alloca((unsigned long)a * 100);
  w[0] = v[a];
  probe();
  TAIL tail_ends(h, i, a, b, c, d, e, f, g + w[0]);
}
NOINLINE long tail_leaf(op *f, long a) {
  if (a > 2) TAIL tail_leaf(f, a - 1);
  return (long)f + a;
}

const int cases_count = 16;
void cases_run(int which) {
  struct big b = {{1, 2, 3, 4, 5, 6}};
  switch (which) {
  case 0:
    empty();
    sink = leaf(3, 4);
    sink = leaf_red_zone(5);
    sink = (long)leaf_float(3, 2);
    just_calls();
    break;
  case 1:
    for (long i = -1; i < 12; i++) sink = returns(i);
    break;
  case 2: sink = many_saved(1, 2, 3, 4, 5, 6); break;
  case 3:
    sink = stack_args(1, 2, 3, 4, 5, 6, 7, 8, 9);
    sink = passes_args(4);
    break;
  case 4:
    sink = vla(6);
    for (int i = 4; i < 9; i++) sink = vla_returns(i);
    break;
  case 5:
    for (int i = 1; i < 3; i++) {
      sink = frame_100(i);
      sink = frame_130(i);
      sink = frame_4000(i);
      sink = frame_4096(i);
      sink = frame_5000(i);
      sink = frame_70000(i);
      sink = frame_200000(i);
    }
    break;
  case 6:
    for (int i = 1; i < 3; i++) {
      sink = leaf_100(i);
      sink = leaf_120(i);
      sink = leaf_128(i);
      sink = leaf_136(i);
      sink = leaf_5000(i);
    }
    break;
  case 7:
    sink = aligned(1);
    sink = aligned_vla(3);
    sink = aligned_vla(100);
    break;
  case 8: sink = variadic(9, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L); break;
  case 9:
    b = sret(3, b);
    sink = b.v[3];
    sink = recursive(12);
    break;
  case 10:
    sink = callback(returns, 3);
    sink = callback(recursive, 4);
    sink = callback(leaf_red_zone, 4);
    break;
  case 11:
    sink = (long)floats(1.5, 2.5);
    sink = (long)wide(sink, 1234567);
    for (int i = 0; i < 3; i++) sink = computed(i);
    traps(0);
    break;
  case 12:
    fails(2);
    fails(9);
    break;
  case 13: only_leaves(); break;
  case 15:
    for (int i = 0; i < 6; i++) sink = tail_turns(i, 2, 3, 4, 5, 6, 7, 8, 9);
    sink = tail_leaf(returns, 5);
    break;
  case 14:
    for (int i = 1; i < 3; i++) {
      sink = keeps_most(i);
      keeps_all(i);
    }
    break;
  }
}
