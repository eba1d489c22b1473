/* Switch shapes: dense, sparse, ranges, negative, 64-bit, char, unsigned edge values, one case,
 * fall through, nested, default in the middle, empty, in a loop with continue. */
#include <limits.h>
#include <stdio.h>

__attribute__((noinline)) static int dense(int x) {
  switch (x) {
  case 0: return 10;
  case 1: return 21;
  case 2: return 32;
  case 3: return 43;
  case 4: return 54;
  case 5: return 65;
  case 6: return 76;
  case 7: return 87;
  case 9: return 98;
  case 10: return 109;
  default: return -1;
  }
}
__attribute__((noinline)) static int sparse(int x) {
  switch (x) {
  case INT_MIN: return 1;
  case -1000000: return 2;
  case -1: return 3;
  case 0: return 4;
  case 77: return 5;
  case 1000: return 6;
  case 123456: return 7;
  case 99999999: return 8;
  case INT_MAX: return 9;
  }
  return 0;
}
__attribute__((noinline)) static int wide(long x) {
  switch (x) {
  case LONG_MIN: return 1;
  case -5000000000: return 2;
  case 5000000000: return 3;
  case 5000000001: return 4;
  case 5000000002: return 5;
  case 5000000003: return 6;
  case 0: return 7;
  case LONG_MAX: return 8;
  case -1: return 9;
  case 0xffffffffL: return 10;
  case 1L << 32: return 11;
  }
  return 0;
}
__attribute__((noinline)) static int letters(char c) {
  switch (c) {
  case 'a' ... 'f': return 1;
  case 'g' ... 'z': return 2;
  case '0' ... '9': return 3;
  case ' ':
  case '\t':
  case '\n': return 4;
  case -1: return 5;
  case -128: return 6;
  case 127: return 7;
  }
  return 0;
}
__attribute__((noinline)) static int edges(unsigned x) {
  switch (x) {
  case 0u: return 1;
  case 0x7fffffffu: return 2;
  case 0x80000000u: return 3;
  case 0xffffffffu: return 4;
  case 0xfffffffeu: return 5;
  }
  return 0;
}
__attribute__((noinline)) static int through(int x) {
  int r = 0;
  switch (x) {
  case 1: r += 1;    /* fall through */
  case 2: r += 2;    /* fall through */
  default: r += 100; /* fall through */
  case 3: r += 4; break;
  case 4: r = -5;
  }
  return r;
}
__attribute__((noinline)) static int one(int x) {
  switch (x) {
  case 42: return 1;
  default: return 2;
  }
}
__attribute__((noinline)) static int none(int x) {
  switch (x) {
  default: return x + 1;
  }
}
__attribute__((noinline)) static int nested(int a, int b) {
  switch (a) {
  case 0:
    switch (b) {
    case 0: return 1;
    case 1: return 2;
    }
    return 3;
  case 1:
    switch (b) {
    case 5: return 4;
    default: break;
    case 6: return 5;
    }
    break;
  case 2:
    while (b-- > 0) switch (b) {
      case 3: continue;
      case 1: goto out;
      default: a++;
      }
    break;
  }
out:
  return a * 10 + b;
}
__attribute__((noinline)) static int shorts(unsigned short x) {
  switch (x) {
  case 0xffff: return 1;
  case 0x8000: return 2;
  case 0: return 3;
  case 300: return 4;
  case 301: return 5;
  case 302: return 6;
  case 303: return 7;
  }
  return 0;
}
/* values flow through the edges of a switch */
__attribute__((noinline)) static long machine(const unsigned char *p) {
  long a = 1, b = 2, c = 3, state = 0;
  for (; *p; p++) switch (state = (state * 5 + *p) % 9) {
    case 0: a += b; break;
    case 1: b += c; break;
    case 2: c += a; break;
    case 3: {
      long t = a;
      a = b;
      b = t;
    } break;
    case 4: {
      long t = a;
      a = b;
      b = c;
      c = t;
    } break;
    case 5: a ^= c; break;
    case 6: continue;
    default: a = a * 3 - b;
    }
  return a * 31 * 31 + b * 31 + c;
}
int main(void) {
  for (int i = -3; i < 14; i++) printf("%d ", dense(i));
  int s[] = {INT_MIN, INT_MIN + 1, -1000000, -1,       0,       1,          77,
             78,      1000,        123456,   99999999, INT_MAX, INT_MAX - 1};
  for (unsigned i = 0; i < sizeof s / sizeof *s; i++) printf("%d ", sparse(s[i]));
  long w[] = {LONG_MIN,   -5000000000, 4999999999, 5000000000, 5000000001,  5000000002, 5000000003,
              5000000004, 0,           LONG_MAX,   -1,         0xffffffffL, 1L << 32};
  for (unsigned i = 0; i < sizeof w / sizeof *w; i++) printf("%d ", wide(w[i]));
  puts("");
  for (int i = -128; i < 128; i++) printf("%d", letters((char)i));
  puts("");
  unsigned e[] = {0, 1, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
  for (unsigned i = 0; i < sizeof e / sizeof *e; i++) printf("%d ", edges(e[i]));
  for (int i = 0; i < 6; i++) printf("%d ", through(i));
  printf("%d %d %d %d %d\n", one(42), one(43), none(1), none(-1), dense(INT_MIN) + dense(INT_MAX));
  for (int a = 0; a < 4; a++)
    for (int b = 0; b < 8; b++) printf("%d ", nested(a, b));
  printf("%d %d %d %d %d\n", shorts(65535), shorts(32768), shorts(0), shorts(302), shorts(304));
  printf("%ld\n", machine((const unsigned char *)"the quick brown fox jumps over the lazy dog"));
  return 0;
}
