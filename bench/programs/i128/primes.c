/* Arithmetic modulo numbers of 64 bits by __int128: Miller and Rabin's test, Pollard's rho, Montgomery's products. */
#include <stdio.h>

typedef unsigned long long u64;
typedef unsigned __int128 u128;

static u64 product(u64 a, u64 b, u64 m) { return (u64)((u128)a * b % m); }

static u64 power(u64 a, u64 exponent, u64 m) {
  u64 value = 1;
  for (a %= m; exponent != 0; exponent >>= 1) {
    if (exponent & 1) value = product(value, a, m);
    a = product(a, a, m);
  }
  return value;
}

static int is_prime(u64 n) {
  static const u64 bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  if (n < 2 || n % 2 == 0) return n == 2;
  int twos = __builtin_ctzll(n - 1);
  for (unsigned k = 0; k < sizeof bases / sizeof *bases; k++) {
    if (n == bases[k]) return 1;
    u64 x = power(bases[k], (n - 1) >> twos, n);
    if (x == 1 || x == n - 1) continue;
    int i = 1;
    while (i < twos && (x = product(x, x, n)) != n - 1) i++;
    if (i >= twos) return 0;
  }
  return 1;
}

/* a * b / 2^64 modulo the odd m, where m * inverse is -1 modulo 2^64. */
static u64 reduced(u64 a, u64 b, u64 m, u64 inverse) {
  u128 t = (u128)a * b;
  u128 whole = (u128)((u64)t * inverse) * m;
  int carry = __builtin_add_overflow(t, whole, &t);
  u64 high = (u64)(t >> 64);
  return carry || high >= m ? high - m : high;
}

static u64 divisor(u64 a, u64 b) {
  while (b != 0) {
    u64 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* A factor of n, which is odd and not a prime. */
static u64 factor(u64 n) {
  u64 inverse = n;
  for (int i = 0; i < 6; i++) inverse *= 2 - n * inverse;
  inverse = -inverse;
  for (u64 c = 1;; c++) {
    u64 slow = 2, fast = 2, found = 1;
    while (found == 1) {
      u64 all = 1;
      for (int i = 0; i < 32; i++) {
        slow = (u64)(((u128)reduced(slow, slow, n, inverse) + c) % n);
        for (int k = 0; k < 2; k++) fast = (u64)(((u128)reduced(fast, fast, n, inverse) + c) % n);
        all = reduced(all, slow > fast ? slow - fast : fast - slow, n, inverse);
      }
      found = divisor(all, n);
    }
    if (found != n) return found;
  }
}

int main(void) {
  u64 n = 0xffffffffffffff00, sum = 0;
  int primes = 0, factors = 0;
  for (; primes < 20; n--) {
    if (is_prime(n)) {
      primes++;
      sum = (sum << 11 | sum >> 53) ^ n;
    }
  }
  for (u64 m = 1000000016000000063u; factors < 20; m += 2) {
    if (is_prime(m) || m % 3 == 0 || m % 5 == 0 || m % 7 == 0) continue;
    u64 f = factor(m);
    if (m % f != 0) return 1;
    factors++;
    sum = (sum << 11 | sum >> 53) + f;
  }
  printf("%016llx %d %d\n", sum, primes, factors);
  return 0;
}
