/* Greatest common divisors of __int128: by the rest, and by halving. */
#include <stdio.h>

typedef unsigned __int128 u128;

static u128 by_rest(u128 a, u128 b) {
  while (b != 0) {
    u128 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static int trailing_zeros(u128 a) {
  unsigned long long low = (unsigned long long)a;
  return low != 0 ? __builtin_ctzll(low) : 64 + __builtin_ctzll((unsigned long long)(a >> 64));
}

static u128 by_halving(u128 a, u128 b) {
  if (a == 0 || b == 0) return a | b;
  int shift = trailing_zeros(a | b);
  a >>= trailing_zeros(a);
  while (b != 0) {
    b >>= trailing_zeros(b);
    if (a > b) {
      u128 t = a;
      a = b;
      b = t;
    }
    b -= a;
  }
  return a << shift;
}

/* The inverse of a modulo m, both below 2^126. */
static __int128 inverse(__int128 a, __int128 m) {
  __int128 r = m, next = a % m, t = 0, t_next = 1;
  while (next != 0) {
    __int128 quotient = r / next, save = next;
    next = r - quotient * next;
    r = save;
    save = t_next;
    t_next = t - quotient * t_next;
    t = save;
  }
  return r != 1 ? 0 : t < 0 ? t + m : t;
}

int main(void) {
  u128 state = ((u128)0x2545f4914f6cdd1d << 64) | 0x9e3779b97f4a7c15, sum = 0;
  int wrong = 0;
  for (int i = 0; i < 2000; i++) {
    u128 part[3];
    for (int k = 0; k < 3; k++) {
      state = state * 0xda942042e4dd58b5 + 0x632be59bd9b4e019;
      part[k] = state >> (70 + i % 40);
    }
    u128 a = part[0] * part[1], b = part[0] * part[2];
    u128 divisor = by_halving(a, b);
    wrong += divisor != by_rest(a, b);
    sum = (sum << 9 | sum >> 119) ^ divisor;
    sum += (u128)inverse((__int128)(a >> 2), (__int128)(state >> 2 | 1));
  }
  printf("%016llx%016llx %d\n", (unsigned long long)(sum >> 64), (unsigned long long)sum, wrong);
  return 0;
}
