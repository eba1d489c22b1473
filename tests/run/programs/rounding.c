/* The rounding mode by clang's builtins and by C's functions: each sees the mode that the other set. */
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

static const int modes[4] = {FE_TOWARDZERO, FE_TONEAREST, FE_UPWARD, FE_DOWNWARD};

static int number(int mode) {
  for (int k = 0; k < 4; k++)
    if (modes[k] == mode) return k;
  return -1;
}

static volatile float f_one = 1, f_ten = 10;
static volatile double d_one = 1, d_ten = 10, d_half = 2.5;
static volatile long double l_one = 1, l_ten = 10;
static volatile long i_big = (1L << 60) + 1;
static volatile unsigned long u_big = (1UL << 63) + 1;

/* Computes everything first and prints later, in the usual mode. */
static void work(const char *by) {
  int seen = FLT_ROUNDS, c = number(fegetround());
  volatile float f = f_one / f_ten, narrowed = (float)d_ten / 3, from_int = (float)i_big;
  volatile double d = d_one / d_ten, minus = -d_one / d_ten, from_long = (double)i_big;
  volatile double from_unsigned = (double)u_big, near = rint(d_half), root = sqrt(d_ten);
  volatile long double l = l_one / l_ten;
  volatile double demoted = (double)l;
  volatile int truncated = (int)d_half, longer = (int)(l_ten / 4);
  int after = FLT_ROUNDS;
  __builtin_set_flt_rounds(1);
  printf("%s: %d %d, %a %a %a %a %a %a %a %a %a %La %a %d %d, %d %d\n", by, seen, c, f, narrowed,
         from_int, d, minus, from_long, from_unsigned, near, root, l, demoted, truncated, longer,
         after, FLT_ROUNDS);
}

int main(void) {
  work("at first");
  for (int k = 0; k < 4; k++) {
    __builtin_set_flt_rounds(k);
    work("set");
    fesetround(modes[k]);
    work("by fesetround");
  }
  __builtin_set_flt_rounds(0);
  work("constant 0");
  __builtin_set_flt_rounds(2);
  work("constant 2");
  __builtin_set_flt_rounds(3);
  work("constant 3");
  return FLT_ROUNDS;
}
