/* What Windows' convention passes in registers and by reference: structs of 1 to 24 bytes, variadic floats, 128-bit
 * integers, callbacks of the C library. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S(n)                                                                                       \
  struct s##n {                                                                                    \
    char at[n];                                                                                    \
  };                                                                                               \
  __attribute__((noinline)) static struct s##n make##n(int first) {                                \
    struct s##n s;                                                                                 \
    for (int i = 0; i < n; i++) s.at[i] = (char)(first + i);                                       \
    return s;                                                                                      \
  }                                                                                                \
  __attribute__((noinline)) static int sum##n(int a, struct s##n s, double b, struct s##n *p) {    \
    int r = a + (int)b;                                                                            \
    for (int i = 0; i < n; i++) r = r * 3 + s.at[i] + p->at[i];                                    \
    return r;                                                                                      \
  }
#define ALL(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(12) X(16) X(17) X(24)
ALL(S)

struct pair {
  double x, y;
};
__attribute__((noinline)) static struct pair swap(struct pair p) { return (struct pair){p.y, p.x}; }
__attribute__((noinline)) static __int128 wide(__int128 a, int k, __int128 b) { return a * b + k; }
__attribute__((noinline)) static long double extended(int k, long double a, float b) {
  return a * b + k;
}

__attribute__((noinline)) static double add(int n, ...) {
  double sum = 0;
  va_list list, again;
  va_start(list, n);
  va_copy(again, list);
  for (int i = 0; i < n; i++) sum += i & 1 ? va_arg(list, int) : va_arg(list, double);
  struct pair p = va_arg(list, struct pair);
  sum += p.x * 100 + p.y * 1000 + va_arg(again, double);
  va_end(again);
  va_end(list);
  return sum;
}

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(void) {
#define PRINT(n)                                                                                   \
  {                                                                                                \
    struct s##n s = make##n(n);                                                                    \
    printf("%d: %d\n", n, sum##n(n, s, 2.5, &s));                                                  \
  }
  ALL(PRINT)
  struct pair p = swap((struct pair){1.5, 2.5});
  printf("%g %g\n", p.x, p.y);
  __int128 w = wide((__int128)1 << 70, 5, 3);
  printf("%llx %llx\n", (unsigned long long)(w >> 64), (unsigned long long)w);
  printf("%d\n", (int)extended(2, 3.5L, 4.0f));
  printf("%g\n", add(5, 1.5, 2, 3.5, 4, 5.5, (struct pair){1, 2}));
  int numbers[] = {5, 3, 9, 1, 7};
  qsort(numbers, 5, sizeof *numbers, compare);
  for (int i = 0; i < 5; i++) printf("%d ", numbers[i]);
  printf("%s %c %s %g %lld\n", "variadic", 'x', "call", 1.25, 1LL << 40);
  return 0;
}
