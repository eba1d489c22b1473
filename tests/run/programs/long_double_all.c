/* x87 long double on every pair of a list of values: arithmetic, comparisons, complex numbers, the
 * library; then where values live: structs, unions, thread-local and variable arguments, jumps,
 * rounding modes. long_double.c tests each feature once. */
#include <alloca.h>
#include <complex.h>
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
typedef long double L;
typedef long double _Complex C;

volatile L values[] = {0,
                       -0.0L,
                       1,
                       -1,
                       0.1L,
                       -2.5L,
                       1e10L,
                       3.7e-5L,
                       1e4000L,
                       1e-4940L,
                       INFINITY,
                       123456789.5L,
                       0.49999999999999999997L,
                       2.5L,
                       -3.5L};
enum { N = sizeof values / sizeof *values };

static void show(const char *name, L v) {
  if (v != v) printf("%s nan\n", name); /* its sign is not defined */
  else printf("%s %La %.21Lg\n", name, v, v);
}

static void one(L v, int i) {
  int e;
  L whole;
  show("v", v);
  show("sqrt", sqrtl(fabsl(v)));
  show("exp", expl(fminl(v, 5)));
  show("pow", powl(fabsl(v), 0.3L));
  show("powi", __builtin_powil(1.0001L, i * 7));
  show("ldexp", ldexpl(v, 3 - i));
  show("frexp", frexpl(v, &e));
  show("exponent", isfinite(v) ? e : 0);
  show("modf", modfl(v, &whole));
  show("whole", whole);
  show("nearbyint", nearbyintl(v));
  show("rint", rintl(v));
  show("round", roundl(v));
  show("trunc", truncl(v));
  show("floor", floorl(v));
  show("ceil", ceill(v));
  if (fabsl(v) < 1e18L) {
    printf("%ld %ld %lld %lld %d %u %hhd\n", lrintl(v), lroundl(v), llrintl(v), llroundl(v),
           (int)fmodl(v, 1e9L), (unsigned)fmodl(fabsl(v), 4e9L), (signed char)fmodl(v, 100));
  }
  printf("%d %d %d %d %d %d %d\n", fpclassify(v), signbit(v) != 0, isnormal(v) != 0, isinf(v) != 0,
         isnan(v) != 0, !!v, !v);
  printf("%a %a\n", (double)v, (double)(float)v);
  double d = (double)v;
  float f = (float)v;
  show("mixed", v + d * f);
  show("bool", (_Bool)v);
}

static void two(L v, L w) {
  show("+", v + w);
  show("-", v - w);
  show("*", v * w);
  show("/", v / w);
  show("fmod", fmodl(v, w));
  show("copysign", copysignl(v, w));
  show("fma", fmal(v, w, -v));
  show("max", v == w ? v : fmaxl(v, w));
  printf("%d%d%d%d%d%d %d%d%d\n", v<w, v <= w, v> w, v >= w, v == w, v != w, isless(v, w),
         islessgreater(v, w), isunordered(v, w));
  C c = v + w * I, p = c * (1.5L - 2 * I), q = c / (2 + 1.5L * I);
  show("product", creall(p)), show("", cimagl(p));
  show("quotient", creall(q)), show("", cimagl(q));
  L t = v;
  t += w, t *= 0.5L, t -= 1, t /= 3, t++, --t;
  show("t", t);
  show("?", v > w ? v : w < 1 ? -w : t);
}

struct s {
  char c;
  L x;
  short y;
  L z[3];
};
static struct s global = {'a', 1.5L, 3, {2.5L, -3, 1e-4930L}};
static const L table[4] = {[2] = 7.25L, [0] = -0.0L};
static L *inside = &global.z[1];
static _Thread_local L local = 4.5L;
union bits {
  L x;
  struct {
    unsigned long low;
    unsigned short high;
  };
};

static struct s pass(struct s a, L b, int c, L d) {
  a.x += b;
  a.z[c % 3] *= d;
  a.y = (short)(a.y - c);
  return a;
}

static L any(const char *f, ...) {
  va_list p, again;
  L r = 0;
  va_start(p, f);
  va_copy(again, p);
  for (; *f; f++) {
    switch (*f) {
    case 'L': r = r * 3 + va_arg(p, L); break;
    case 'i': r = r * 5 - va_arg(p, int); break;
    case 'd': r += va_arg(p, double); break;
    case 's': {
      struct s t = va_arg(p, struct s);
      r += t.x * t.z[1];
      break;
    }
    case 'C': {
      C c = va_arg(p, C);
      r += creall(c) - cimagl(c);
      break;
    }
    }
  }
  va_end(p);
  r += va_arg(again, L);
  va_end(again);
  return r;
}

static jmp_buf env;
static void jump(L x) {
  if (x > 1) longjmp(env, 2);
}
static L recurse(int n, L a, L b) {
  return n == 0 ? a - b : recurse(n - 1, b * 1.0000001L, a + n) / 1.5L;
}

int main(void) {
  for (int i = 0; i < N; i++) {
    one(values[i], i);
    for (int k = 0; k < N; k++) two(values[i], values[k]);
  }
  union bits b = {.x = 1 / 3.0L};
  printf("%lx %x\n", b.low, b.high);
  b.low ^= 1, b.high |= 0x8000;
  show("bits", b.x);
  struct s r = pass(global, 2.25L, 7, *inside);
  show("struct", r.x), show("", r.z[1]);
  printf("%c %d\n", r.c, r.y);
  show("table", table[2] + table[0] + table[1]);
  show("any",
       any("LidLsLCdiiiiiiLddddddddddL", 1.5L, 3, 2.5, 1 / 3.0L, global, 3.0L, (C)(1 + 2.5L * I),
           1.0, 1, 2, 3, 4, 5, 6, 0.1L, 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 0.7L));
  volatile L keep = 3;
  L m = 2;
  if (setjmp(env) == 0) {
    keep += m;
    jump(keep);
  }
  show("keep", keep);
  local *= 3, *inside += 1;
  show("local", local), show("global", global.z[1]);
  show("recurse", recurse(30, 1, 2));
  L *list = alloca(sizeof(L) * 5), sum = 0;
  for (int i = 0; i < 5; i++) list[i] = i / 7.0L;
  for (int i = 4; i >= 0; i--) sum = sum * list[i] + i;
  show("sum", sum);
  static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
  for (int i = 0; i < 4; i++) { /* conversions to integers are towards zero in all of them */
    fesetround(modes[i]);
    volatile L a = 1, c = 3, h = 2.5L;
    L q = a / c, up = rintl(h), down = nearbyintl(-h);
    long l = lrintl(h);
    int t = (int)h;
    unsigned long u = (unsigned long)(h + 0x1p63L);
    fesetround(FE_TONEAREST);
    show("third", q), show("up", up), show("down", down);
    printf("%ld %d %lu\n", l, t, u);
  }
  unsigned __int128 big = (unsigned __int128)(values[6] * 1e25L);
  __int128 negative = (__int128)(-values[6] * 1e25L);
  printf("%lx %lx %lx %lx\n", (long)(big >> 64), (long)big, (long)(negative >> 64), (long)negative);
  show("big", (L)big), show("negative", (L)negative);
  show("text", strtold("1.234567890123456789e-100", 0));
  show("limits", LDBL_EPSILON + LDBL_MIN / 3);
  for (L x = 0; x < 1; x += 0.125L)
    if (x != 0.5L) show("loop", x * x);
  int count = 0;
  for (L x = 10; x--;) count++;
  return count;
}
