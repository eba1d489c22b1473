/* setjmp and longjmp: values, volatile locals, nesting, out of deep calls, in loops. */
#include <setjmp.h>
#include <stdio.h>

static jmp_buf top, inner;

static void dive(int depth, int code) {
  volatile char pad[64];
  pad[depth % 64] = (char)depth;
  if (depth == 0) longjmp(top, code);
  dive(depth - 1, code);
  printf("not reached %d\n", pad[0]);
}

static int retry(int times) {
  volatile int tries = 0;
  int code = setjmp(top);
  if (code == 0) printf("first\n");
  else printf("back with %d\n", code);
  tries++;
  if (tries < times) dive(tries * 5, tries * 100);
  return tries;
}

static int nested(void) {
  volatile int path = 1;
  if (setjmp(top) == 0) {
    path = path * 10 + 2;
    if (setjmp(inner) == 0) {
      path = path * 10 + 3;
      longjmp(inner, 7);
    } else {
      path = path * 10 + 4;
    }
    longjmp(top, 9);
  }
  path = path * 10 + 5;
  return path;
}

static int sum_with_errors(const int *v, int n) {
  volatile int sum = 0;
  for (volatile int i = 0; i < n; i++) {
    switch (setjmp(inner)) {
    case 0:
      if (v[i] < 0) longjmp(inner, v[i] == -1 ? 1 : 2);
      sum += v[i];
      break;
    case 1: sum += 1000; break;
    default: sum += 50000; break;
    }
  }
  return sum;
}

/* Locals set before and not changed after setjmp keep their values. */
static long keep(long a, long b, double c, long d, long e, long f, long g, double h) {
  long x = a * 3 + b, y = d ^ e;
  double z = c * 2 + h;
  if (setjmp(top) == 0) dive(3, 1);
  return x + y + (long)z + f - g;
}

static int zero_becomes_one(void) {
  int r = setjmp(top);
  if (r == 0) longjmp(top, 0);
  return r;
}

int main(void) {
  printf("tries %d\n", retry(4));
  printf("path %d\n", nested());
  int v[] = {1, 2, -1, 4, -2, -1, 8};
  printf("sum %d\n", sum_with_errors(v, 7));
  printf("keep %ld\n", keep(1, 2, 3.5, 4, 5, 6, 7, 8.25));
  printf("zero %d\n", zero_becomes_one());
  return 7;
}
