/* Signals at any instruction: the handler uses much stack, so that data below the stack pointer and its red zone is
 * overwritten. sigsetjmp out of a handler. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

static volatile sig_atomic_t ticks;
static sigjmp_buf out;

static void tick(int s) {
  volatile char area[6000];
  memset((char *)area, s, sizeof area);
  ticks += area[77] == s;
}

static void leap(int s) { siglongjmp(out, s); }

static unsigned long leaf(unsigned long a, unsigned long b) {
  unsigned long v[12];
  for (int i = 0; i < 12; i++) v[i] = a + b * (unsigned long)i;
  for (int i = 1; i < 12; i++) v[i] ^= v[i - 1] >> 3;
  return v[11] + v[5];
}

static double many(double a, double b, double c, double d, double e, double f) {
  double g = a * b, h = c * d, i = e * f, j = a + c, k = b + d, l = e - f;
  double m = g - h + i, n = j * k - l;
  return (m + n) / (g + h + 1) + (a - b) * (c - d) + i * l + j + k + 0.5;
}

static unsigned long recurse(int n, unsigned long x) {
  unsigned long a = leaf(x, 3), b = leaf(a, 5), c = a * b, d = a ^ b, e = c - d;
  if (n == 0) return e;
  unsigned long r = recurse(n - 1, d + 1);
  return r * 31 + a + b * 3 + c * 5 + d * 7 + e;
}

static long dynamic(int n) {
  long v[n], sum = 0;
  for (int i = 0; i < n; i++) v[i] = i * i;
  for (int i = 0; i < n; i++) sum += v[i] ^ sum << 1;
  return sum & 0xffffff;
}

int main(void) {
  signal(SIGALRM, tick);
  struct itimerval often = {{0, 100}, {0, 100}};
  setitimer(ITIMER_REAL, &often, NULL);
  unsigned long sum = 0;
  double real = 1;
  for (int i = 0; i < 3000 || (ticks < 100 && i < 3000000); i++) {
    unsigned long s = recurse(10, (unsigned long)(i % 3000));
    double r = many(i % 3000, 2, 3, 4, 5, 6);
    long d = dynamic(i % 30 + 1);
    if (i < 3000) sum = sum * 7 + s + (unsigned long)d, real += r;
    else if (s == 1 && r == 1) sum++;
  }
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  printf("%lx %.15g %d\n", sum, real, ticks >= 100);
  signal(SIGFPE, leap);
  signal(SIGUSR1, leap);
  volatile int zero = 0, before = 5;
  if (sigsetjmp(out, 1) == 0) printf("%d\n", before / zero);
  else printf("division %d\n", before);
  for (volatile int i = 0; i < 3; i++)
    if (sigsetjmp(out, 1) == 0) {
      before += i;
      raise(SIGUSR1);
    }
  printf("%d\n", before);
  return 0;
}
