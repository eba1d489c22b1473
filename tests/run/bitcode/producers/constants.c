// Constant expressions that compilers before LLVM 17 to 19 wrote: comparisons and selections of
// addresses, arithmetic on parts of them, and all these as operands of phis. And integers of more than
// 64 bits in structs, which before LLVM 18 were aligned to 8 bytes.
#include <stdint.h>
#include <stdio.h>

extern int absent[] __attribute__((weak));
__attribute__((weak)) int present[3] = {1, 2, 3};
static int here[64], there[8];
static struct {
  long a;
  int b[5];
} pair = {7, {1, 2, 3, 4, 5}};

__attribute__((noinline)) static int choose(int n) {
  int r; /* a phi of constants, each from a block with something else to do */
  switch (n) {
  case 0:
    puts("zero");
    r = present != 0;
    break;
  case 1:
    puts("one");
    r = absent == 0;
    break;
  case 2:
    puts("two");
    r = (uintptr_t)here > 4096;
    break;
  case 3:
    puts("three");
    r = (int)((uintptr_t)here & 3) + 5;
    break;
  case 4:
    puts("four");
    r = (int)((uintptr_t)&there[3] - (uintptr_t)there);
    break;
  default:
    puts("many");
    r = -1;
    break;
  }
  return r * 10 + n;
}

__attribute__((noinline)) static int *pointer(int n) {
  int *p;
  if (n & 1) {
    puts("odd");
    p = absent ? absent : here;
  } else {
    puts("even");
    p = present ? present + 1 : there;
  }
  return p;
}

__attribute__((noinline)) static int narrow(int n) {
  unsigned char low = (unsigned char)(uintptr_t)&pair;
  unsigned short wide = (unsigned short)((uintptr_t)&pair >> 1);
  int r = n;
  if (n > 2) {
    puts("more");
    r = low & 7;
  }
  return r + (wide & 3) * 0 + (_Bool)(uintptr_t)&pair.b[n & 3];
}

__attribute__((noinline)) static uint64_t mixed(int n) {
  uint64_t r = 0;
  for (int i = 0; i < n; i++) {
    r += absent == 0 ? 3 : 5;
    if (i & 1) r ^= (uint64_t)(present != 0) << i;
    r += (uint64_t)(&pair.b[2] - &pair.b[0]);
  }
  return r;
}

typedef struct {
  char c;
  __int128 wide;
  char d;
} padded;
static padded table[3] = {{1, (__int128)2 << 70, 3}, {4, -5, 6}, {7, 8, 9}};
__attribute__((noinline)) static __int128 sum(padded *p, int n) {
  __int128 s = 0;
  for (int i = 0; i < n; i++) s += p[i].c + p[i].wide * p[i].d;
  return s;
}

#if __clang_major__ >= 16
typedef unsigned _BitInt(320) very_wide;
#define HIGH 300
#else /* it has no integers of more than 128 bits */
typedef unsigned __int128 very_wide;
#define HIGH 100
#endif
typedef struct {
  char c;
  very_wide wide;
  char d;
} large;
static large big[3] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
__attribute__((noinline)) static long distance(large *p, int n) {
  big[n].wide += (very_wide)1 << HIGH;
  return (char *)&p[n].d - (char *)p + p[n].d * 1000 + (p[n].wide >> HIGH == 1) * 100000;
}

int main(void) {
  for (int i = 0; i < 6; i++) printf("%d\n", choose(i));
  printf("%d %d\n", *pointer(2), pointer(1) == here);
  for (int i = 0; i < 5; i++) printf("%d\n", narrow(i));
  printf("%llu\n", (unsigned long long)mixed(9));
  __int128 s = sum(table, 3);
  printf("%llx %llx %zu %zu\n", (unsigned long long)(s >> 64), (unsigned long long)s,
         sizeof(padded), _Alignof(padded));
  printf("%ld %ld %zu\n", distance(big, 1), distance(big, 2), sizeof(large));
  return 0;
}
