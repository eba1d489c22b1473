/* Functions that are chosen when the program starts: their symbols are of type STT_GNU_IFUNC. */
#include <stdio.h>

typedef int function(int);

static int seven(int x) { return x + 7; }
static int eight(int x) { return x + 8; }

/* A resolver runs before the program is relocated, so it reads nothing. */
static function *choose_seven(void) { return seven; }
static function *choose_eight(void) { return eight; }

int shared(int x) __attribute__((ifunc("choose_seven")));
__attribute__((visibility("hidden"))) int hidden(int x) __attribute__((ifunc("choose_eight")));
static int local(int x) __attribute__((ifunc("choose_eight")));
int other_name(int x) __attribute__((alias("shared")));

function *const table[] = {shared, hidden, local, other_name};
function *volatile changing = local;

#ifdef __x86_64__
__attribute__((target_clones("avx2", "sse4.2", "default"))) int versions(const int *a, int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) sum += a[i] * i;
  return sum;
}
__attribute__((target("default"))) int version(int x) { return x & 15; }
__attribute__((target("popcnt"))) int version(int x) { return x & 15; }
#else
static int versions(const int *a, int n) { return a[1] + 2 * a[2] + n - 3; }
static int version(int x) { return x & 15; }
#endif

int main(void) {
  printf("%d %d %d %d\n", shared(1), hidden(1), local(1), other_name(1));
  for (int i = 0; i < 4; i++) printf("%d\n", table[i](10 * i));
  printf("%d\n", changing(5));
  const int a[] = {4, 5, 6};
  printf("%d %d\n", versions(a, 3), version(0x123));
  return 0;
}
