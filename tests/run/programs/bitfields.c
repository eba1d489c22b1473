/* Bit-fields: signed, unsigned, crossing bytes, zero width, in unions, packed, volatile. */
#include <stdio.h>
#include <string.h>
struct a {
  int x : 3;
  unsigned y : 5;
  int z : 13;
  unsigned long w : 43;
};
struct b {
  unsigned char f0 : 1, f1 : 2, f2 : 3;
  unsigned char : 0;
  unsigned char f3 : 7;
  short s : 9;
};
struct __attribute__((packed)) c {
  unsigned a : 7;
  unsigned long b : 50;
  int c : 31;
  unsigned d : 11;
};
struct d {
  long a : 64;
  long b : 1;
  _Bool flag : 1;
  unsigned long c : 62;
};
union u {
  struct {
    unsigned lo : 12, mid : 12, hi : 8;
  } f;
  unsigned all;
};
volatile struct a global;
static void dump(const void *p, size_t n) {
  const unsigned char *s = p;
  while (n--) printf("%02x", *s++);
  puts("");
}
int main(void) {
  struct a a;
  memset(&a, 0, sizeof a);
  for (int i = -10; i < 10; i++) {
    a.x = i;
    a.y = (unsigned)i * 3;
    a.z = i * 777;
    a.w = (unsigned long)i * 123456789123;
    printf("%d %u %d %lu ", a.x, a.y, a.z, (unsigned long)a.w);
    a.x += 1;
    a.y -= 1;
    a.z *= 2;
    a.w ^= 0x5555;
    a.z++;
    printf("%d %u %d %lu\n", a.x, a.y, a.z, (unsigned long)a.w);
    global.x = a.x;
    global.w = a.w;
    global.z = global.x + a.z;
  }
  dump(&a, sizeof a);
  printf("%d %d %lu\n", global.x, global.z, (unsigned long)global.w);
  struct b b;
  memset(&b, 0, sizeof b);
  b.f0 = 1;
  b.f1 = 2;
  b.f2 = 5;
  b.f3 = 100;
  b.s = -200;
  dump(&b, sizeof b);
  printf("%d %d %d %d %d %zu\n", b.f0, b.f1, b.f2, b.f3, b.s, sizeof b);
  struct c c;
  memset(&c, 0xff, sizeof c);
  c.a = 5;
  c.b = 0x123456789abcd;
  c.c = -12345;
  c.d = 1025;
  dump(&c, sizeof c);
  printf("%u %lu %d %u\n", c.a, (unsigned long)c.b, c.c, c.d);
  struct d d = {-5, -1, 1, 0x3fffffffffffffff};
  d.flag = d.flag && d.a < 0;
  d.c >>= 3;
  printf("%ld %d %d %lu\n", (long)d.a, (int)d.b, d.flag, (unsigned long)d.c);
  union u u = {.all = 0xdeadbeef};
  printf("%x %x %x\n", u.f.lo, u.f.mid, u.f.hi);
  u.f.mid = 0xabc;
  printf("%x\n", u.all);
  return b.f2;
}
