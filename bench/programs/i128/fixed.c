/* Numbers with 64 bits before and 64 after the point: the set of Mandelbrot, sines, square roots. */
#include <stdio.h>

typedef __int128 fixed;
typedef unsigned __int128 u128;
typedef unsigned long long u64;

#define ONE ((fixed)1 << 64)

static fixed multiply(fixed a, fixed b) {
  int negative = (a < 0) != (b < 0);
  u128 x = a < 0 ? -(u128)a : (u128)a, y = b < 0 ? -(u128)b : (u128)b;
  u64 x0 = (u64)x, x1 = (u64)(x >> 64), y0 = (u64)y, y1 = (u64)(y >> 64);
  u128 value = (((u128)x1 * y1) << 64) + (u128)x1 * y0 + (u128)x0 * y1 + (((u128)x0 * y0) >> 64);
  return negative ? -(fixed)value : (fixed)value;
}

static int escapes(fixed re, fixed im, int limit) {
  fixed x = 0, y = 0;
  int n = 0;
  for (; n < limit; n++) {
    fixed xx = multiply(x, x), yy = multiply(y, y);
    if (xx + yy > 4 * ONE) break;
    y = 2 * multiply(x, y) + im;
    x = xx - yy + re;
  }
  return n;
}

static fixed sine(fixed x) {
  fixed term = x, sum = x, square = multiply(x, x);
  for (int k = 2; term > 1 || term < -1; k += 2) {
    term = -multiply(term, square) / (k * (k + 1));
    sum += term;
  }
  return sum;
}

static fixed root(fixed x) {
  u128 low = 0, high = (u128)(x > ONE ? x : ONE);
  while (low < high) {
    u128 middle = low + (high - low + 1) / 2;
    if (multiply((fixed)middle, (fixed)middle) <= x) low = middle;
    else high = middle - 1;
  }
  return (fixed)low;
}

int main(void) {
  u128 sum = 0;
  for (int row = 0; row < 30; row++) {
    for (int column = 0; column < 60; column++) {
      fixed re = -2 * ONE + 3 * ONE / 60 * column, im = -ONE + 2 * ONE / 30 * row;
      sum = sum * 31 + (u128)escapes(re, im, 100);
    }
  }
  for (int k = 0; k < 150; k++) {
    fixed x = ONE / 50 * k;
    sum = sum * 33 ^ (u128)sine(x - ONE);
    sum += (u128)(root(x) << 3);
  }
  printf("%016llx%016llx\n", (u64)(sum >> 64), (u64)sum);
  return 0;
}
