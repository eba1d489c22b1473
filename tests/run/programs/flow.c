/* Control flow: Duff's device, irreducible loops, goto out of nests, deep nests, short circuits,
 * conditional values, loops with many exits, unreachable code, noreturn calls. */
#include <stdio.h>
#include <stdlib.h>
static unsigned trace;
static int t(int v, int id) {
  trace = trace * 7 + (unsigned)id;
  return v;
}
static void duff(char *to, const char *from, int n) {
  int k = (n + 7) / 8;
  switch (n % 8) {
  case 0: do { *to++ = *from++;
    case 7: *to++ = *from++;
    case 6: *to++ = *from++;
    case 5: *to++ = *from++;
    case 4: *to++ = *from++;
    case 3: *to++ = *from++;
    case 2: *to++ = *from++;
    case 1: *to++ = *from++;
    } while (--k > 0);
  }
}
static int irreducible(int a, int b) {
  int n = 0;
  if (a & 1) goto second;
first:
  n += 3;
  a--;
  if (a < 0) return n;
  if (n % 5 == 0) goto third;
second:
  n += 7;
  b--;
  if (b < 0) return n * 2;
  if (n & 1) goto first;
third:
  n ^= b;
  if (n < 500) goto second;
  return n * 3;
}
static int nest(int n) {
  int count = 0;
  for (int a = 0; a < n; a++)
    for (int b = 0; b < n; b++)
      for (int c = 0; c < n; c++)
        for (int d = 0; d < n; d++) {
          if ((a ^ b ^ c ^ d) == 5) continue;
          if (a * b * c * d > 20) goto next;
          count += a + b * 2 + c * 3 + d * 4;
          if (count > 3000) goto out;
          continue;
        next:
          count--;
          if (d == 3) break;
        }
out:
  return count;
}
static int logic(int a, int b, int c) {
  int r = 0;
  if (t(a, 1) && t(b, 2) || t(c, 3)) r |= 1;
  if ((t(a, 4) || t(b, 5)) && !t(c, 6)) r |= 2;
  r |= (a ? b ? 1 : 2 : c ? 3 : 4) << 4;
  r |= (t(a, 7) && (t(b, 1) || t(c, 2))) << 8;
  int x = a > b ? a : b, y = (x += 2, x > c ? x - c : c - x);
  return r | y << 12;
}
static unsigned collatz(unsigned long n) {
  unsigned k = 0;
  while (n != 1) {
    n = n % 2 ? 3 * n + 1 : n / 2;
    k++;
  }
  return k;
}
__attribute__((noreturn)) static void leave(int code) {
  printf("leaving %d trace %u\n", code, trace);
  exit(code);
}
static int checked(int v) {
  if (v > 100) leave(v & 63);
  switch (v & 3) {
  case 0: return 1;
  case 1: return 2;
  case 2: return 3;
  case 3: return 4;
  }
  __builtin_unreachable();
}
static int queens(int n, int row, unsigned cols, unsigned d1, unsigned d2) {
  if (row == n) return 1;
  int found = 0;
  for (int i = 0; i < n; i++)
    if (!(cols >> i & 1) && !(d1 >> (row + i) & 1) && !(d2 >> (row - i + n) & 1))
      found += queens(n, row + 1, cols | 1u << i, d1 | 1u << (row + i), d2 | 1u << (row - i + n));
  return found;
}
static int ackermann(int m, int n) {
  return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}
static long loops(int n) {
  long a = 0;
  int i = 0;
  do {
    a += i;
    if (i % 3 == 0) continue;
    a ^= i << 2;
  } while (++i < n);
  for (;;) {
    if (a < 1000) break;
    a /= 3;
    if (a % 7 == 0) {
      a--;
      continue;
    }
    a += 2;
    while (a % 5) a--;
  }
  return a;
}
int main(void) {
  char out[64] = {0};
  for (int n = 1; n < 30; n += 4) {
    duff(out, "abcdefghijklmnopqrstuvwxyz0123456789", n);
    printf("%s ", out);
  }
  for (int a = 0; a < 6; a++)
    for (int b = 40; b < 43; b++) printf("%d ", irreducible(a * 9, b));
  printf("\n%d %d\n", nest(4), nest(6));
  for (int i = 0; i < 8; i++) printf("%d ", logic(i & 1, i & 2, i & 4));
  printf("%u\n%u %u\n", trace & 0xffff, collatz(27), collatz(837799));
  printf("%d %d %ld %ld\n", queens(6, 0, 0, 0, 0), ackermann(2, 6), loops(50), loops(2000));
  for (int i = 95;; i++) printf("%d ", checked(i));
}
