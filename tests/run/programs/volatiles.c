/* Volatile accesses of every width, pointers to volatile, volatile structs and loops. */
#include <stdio.h>
static volatile int flag;
static volatile signed char c8 = -3;
static volatile unsigned short s16 = 65000;
static volatile long l64 = -1;
static volatile double f = 1.25;
static volatile float g = 0.5f;
static volatile _Bool b = 1;
static volatile __int128 w = 5;
static volatile struct {
  int a;
  long b;
} rec = {1, 2};
static int *volatile pointer;
volatile unsigned char bytes[8] = {1, 2, 3};
int main(void) {
  volatile int local = 10;
  while (local--) flag += local;
  c8 += 120;
  c8 += 20;
  s16 += 1000;
  l64 *= 1L << 40;
  l64 ^= 0x7f;
  f *= f;
  g += (float)f;
  b = !b;
  w = w * w - ((__int128)1 << 70);
  rec.a += 5;
  rec.b -= rec.a;
  rec.b;
  int target = 4;
  pointer = &target;
  *pointer += 3;
  (*pointer)++;
  for (volatile unsigned i = 0; i < 8; i++) bytes[i] = (unsigned char)(bytes[i] * 3 + i);
  printf("%d %d %d %lx %g %g %d %lx %d %ld %d %d\n", flag, c8, s16, (unsigned long)l64, f, g, b,
         (unsigned long)(w >> 64), rec.a, rec.b, target, bytes[2] + bytes[7]);
  volatile double acc = 0;
  for (int i = 0; i < 100; i++) acc = acc + i * 0.5;
  printf("%g %d\n", acc, local);
  return flag;
}
