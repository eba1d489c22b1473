/* memcpy, memmove, memset and struct copies of many sizes; overlapping; unaligned accesses. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static unsigned char area[600], other[600];
static uint32_t sum(void) {
  uint32_t s = 1;
  for (int i = 0; i < 512; i++) s = s * 31 + area[i];
  return s;
}
static void fill(int k) {
  for (int i = 0; i < 512; i++)
    area[i] = (unsigned char)(i * k + k), other[i] = (unsigned char)(i ^ k);
}
#define SIZES(X)                                                                                   \
  X(0)                                                                                             \
  X(1) X(2) X(3) X(4) X(5) X(7) X(8) X(9) X(12) X(15) X(16) X(17) X(24) X(31) X(32) X(33) X(48)    \
    X(63) X(64) X(65) X(100) X(127) X(128) X(129) X(200) X(255)
#define ROOM(n)                                                                                    \
  struct room##n {                                                                                 \
    char c[n + 1];                                                                                 \
  };                                                                                               \
  static struct room##n from##n;
SIZES(ROOM)
#define TEST(n)                                                                                    \
  {                                                                                                \
    fill(n + 1);                                                                                   \
    memcpy(area + 3, other + 5, n);                                                                \
    uint32_t a = sum();                                                                            \
    memmove(area + 3, area + 7, n);                                                                \
    uint32_t b = sum();                                                                            \
    memmove(area + 9, area + 2, n);                                                                \
    uint32_t c = sum();                                                                            \
    memset(area + 1, n, n);                                                                        \
    memset(area + 300, 0, n);                                                                      \
    struct room##n to;                                                                             \
    memset(&from##n, n, sizeof to);                                                                \
    to = from##n;                                                                                  \
    struct room##n *p = (struct room##n *)(void *)(area + 100);                                    \
    *p = to;                                                                                       \
    printf("%d %x %x %x %x %d\n", n, a, b, c, sum(), memcmp(p, &from##n, sizeof to));              \
  }
__attribute__((noinline)) static void variable(size_t n, int byte) {
  memcpy(area, other, n);
  memmove(area + 10, area, n);
  memset(area + 20, byte, n / 2);
}
int main(void) {
  SIZES(TEST)
  for (size_t n = 0; n < 200; n += 23) {
    fill((int)n);
    variable(n, (int)n);
    printf("%x ", sum());
  }
  uint64_t v;
  uint32_t w;
  uint16_t h;
  double d;
  float f;
  __int128 x;
  fill(77);
  memcpy(&v, area + 1, 8);
  memcpy(&w, area + 3, 4);
  memcpy(&h, area + 5, 2);
  memcpy(&x, area + 9, 16);
  d = 1.5;
  f = -2.5f;
  memcpy(area + 33, &d, 8);
  memcpy(area + 43, &f, 4);
  memcpy(area + 51, &x, 16);
  printf("%lx %x %x %lx %x\n", (unsigned long)v, w, h, (unsigned long)(x >> 64), sum());
  int chain[5] = {1, 2, 3, 4, 5}, copy[5];
  memcpy(copy, chain, sizeof copy);
  chain[2] = copy[4] + copy[0];
  char text[] = "overlapping text here", s[40] = {0};
  memmove(text + 4, text, 10);
  strcpy(s, text);
  strcat(s, "!");
  printf("%d %s %zu %d\n", chain[2], s, strlen(s), strcmp(s, text) > 0);
  return 0;
}
