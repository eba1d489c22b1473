/* Sets of 128 bits: counting, the order of bytes and of bits, shifts by what is known and what is not. */
#include <stdio.h>

typedef unsigned __int128 u128;
typedef unsigned long long u64;

static int count(u128 x) {
  return __builtin_popcountll((u64)x) + __builtin_popcountll((u64)(x >> 64));
}

static int count_by_sums(u128 x) {
  const u128 all = ~(u128)0, by2 = all / 3, by4 = all / 5, by8 = all / 17;
  x -= (x >> 1) & by2;
  x = (x & by4) + ((x >> 2) & by4);
  x = (x + (x >> 4)) & by8;
  return (int)((x * (all / 255)) >> 120);
}

static u128 swapped(u128 x) {
  return (u128)__builtin_bswap64((u64)x) << 64 | __builtin_bswap64((u64)(x >> 64));
}

static u128 reversed(u128 x) {
  u128 mask = ~(u128)0;
  for (int by = 64; by > 0; by /= 2) {
    mask ^= mask << by;
    x = ((x >> by) & mask) | ((x << by) & ~mask);
  }
  return x;
}

static u128 rotated(u128 x, unsigned by) {
  by &= 127;
  return by == 0 ? x : x << by | x >> (128 - by);
}

static int highest(u128 x) {
  u64 high = (u64)(x >> 64);
  return high != 0 ? 127 - __builtin_clzll(high) : (u64)x != 0 ? 63 - __builtin_clzll((u64)x) : -1;
}

/* Remainder of polynomials over bits. */
static u128 rest(u128 x, u128 by) {
  int degree = highest(by);
  for (int at = highest(x); at >= degree; at = highest(x)) x ^= by << (at - degree);
  return x;
}

/* How many ways there are to place n queens that do not attack each other: sets of 40 bits in one of 128. */
static int queens(u128 columns, u128 left, u128 right, int n) {
  const u128 row = ((u128)1 << n) - 1;
  if (columns == row << 60) return 1;
  int ways = 0;
  for (u128 open = (row << 60) & ~(columns | left | right); open != 0;) {
    u128 bit = open & -open;
    open ^= bit;
    ways += queens(columns | bit, (left | bit) << 1, (right | bit) >> 1, n);
  }
  return ways;
}

int main(void) {
  u128 state = ((u128)0x6a09e667f3bcc908 << 64) | 0xbb67ae8584caa73b, sum = 0;
  int counted = 0, wrong = 0;
  for (int i = 0; i < 20000; i++) {
    state ^= state << 29;
    state ^= state >> 53;
    state = rotated(state, (unsigned)i) + 0x9e3779b97f4a7c15;
    counted += count(state);
    wrong += count(state) != count_by_sums(state);
    sum = rotated(sum, 13) ^ swapped(state) ^ (__int128)state >> (i & 63);
    sum += reversed(state);
    if (i % 8 == 0) sum ^= rest(state, (u128)0x87 << (i / 8 % 100) | 1);
  }
  printf("%016llx%016llx %d %d %d\n", (u64)(sum >> 64), (u64)sum, counted, wrong,
         queens(0, 0, 0, 8));
  return 0;
}
