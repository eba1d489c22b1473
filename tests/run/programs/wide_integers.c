/* Integers of more than 128 bits: units of bit-fields of more than 16 bytes, and, where clang has them,
 * _BitInt: memory, shifts by constants and variables, arithmetic, comparisons, conversions. */
#include <stdio.h>
#include <string.h>
#define NOINLINE __attribute__((noinline))

static unsigned long state = 12345;
static unsigned long next(void) {
  state = state * 6364136223846793005ul + 1442695040888963407ul;
  return state >> 33 | state << 31;
}

static void dump(const char *what, const void *p, size_t n) {
  const unsigned char *b = p;
  printf("%s ", what);
  while (n--) printf("%02x", b[n]);
  puts("");
}

/* ---- bit-fields: units of 136, 160, 200 and 320 bits ---- */

#pragma pack(push, 1)
struct b136 {
  unsigned a : 31;
  signed b : 29;
  unsigned long c : 58;
  signed d : 18;
};
struct b160 {
  signed long a : 61;
  unsigned b : 5;
  signed long c : 63;
  unsigned d : 31;
};
struct b200 {
  char tag;
  signed a : 1;
  unsigned long b : 64;
  signed long c : 60;
  unsigned d : 3;
  signed e : 32;
  unsigned f : 32;
  char end;
};
#pragma pack(pop)
struct b320 {
  unsigned a : 27;
  signed b : 30;
  signed c : 11;
  unsigned d : 26;
  signed long e : 50;
  unsigned long f : 64;
  signed long g : 39;
  unsigned h : 17;
  unsigned i : 30;
};
static struct b136 g136 = {1, -2, 3, -4}, array[3];
static struct b160 g160 = {-1, 2, -3, 4};
static volatile struct b320 g320;

NOINLINE static long get136(struct b136 s) { return s.a + s.b * 3L + (long)s.c * 5 + s.d * 7L; }
NOINLINE static struct b160 set160(struct b160 *p, long v) {
  p->a = v;
  p->b += (unsigned)v;
  p->c ^= v << 3;
  p->d = (unsigned)(v >> 7);
  return *p;
}
static void fields(void) {
  struct b200 s;
  memset(&s, 0x5a, sizeof s);
  for (int i = 0; i < 40; i++) {
    unsigned long v = next();
    g136.a += (unsigned)v;
    g136.b = (int)(v >> 5);
    g136.c = g136.c * 3 + v;
    g136.d = (int)(v >> 40);
    array[i % 3] = g136;
    array[(i + 1) % 3].c++;
    struct b160 copy = set160(&g160, (long)v);
    s.a = (int)v;
    s.b = v * 7;
    s.c -= (long)v;
    s.d++;
    s.e = (int)(v >> 31);
    s.f ^= (unsigned)(v >> 9);
    g320.a = (unsigned)v;
    g320.b = (int)(v >> 3);
    g320.c++;
    g320.d -= (unsigned)(v >> 21);
    g320.e = (long)v >> 2;
    g320.f = g320.f + v;
    g320.g = (long)(v >> 11);
    g320.h += 3;
    g320.i = (unsigned)(v >> 17) ^ g320.a;
    if (i % 8 == 0) {
      struct b320 whole;
      memcpy(&whole, (const void *)&g320, sizeof whole);
      printf("%ld %ld %d %ld %d %ld\n", get136(g136), get136(array[1]), copy.b, (long)copy.c, s.d,
             (long)s.c);
      printf("%d %d %ld %ld %u\n", g320.b, g320.c, (long)g320.e, (long)g320.g, g320.i);
      dump("136", array, sizeof array);
      dump("160", &copy, sizeof copy);
      dump("200", &s, sizeof s);
      dump("320", &whole, sizeof whole);
    }
  }
}

/* ---- _BitInt ---- */

#if __BITINT_MAXWIDTH__ >= 300
#define KIND(N)                                                                                    \
  typedef _BitInt(N) s##N;                                                                         \
  typedef unsigned _BitInt(N) u##N;                                                                \
  static u##N gu##N = (u##N) - 77;                                                                 \
  static s##N gs##N = (s##N)1 << (N - 2);                                                          \
  static u##N gz##N;                                                                               \
  NOINLINE static u##N random##N(void) {                                                           \
    u##N v = 0;                                                                                    \
    for (int i = 0; i < N; i += 50) v = v << 50 | (next() & 0x3ffffffffffff);                      \
    return v >> (next() % N);                                                                      \
  }                                                                                                \
  NOINLINE static u##N arith##N(u##N a, u##N b, int op) {                                          \
    switch (op) {                                                                                  \
    case 0: return a + b;                                                                          \
    case 1: return a - b;                                                                          \
    case 2: return a * b;                                                                          \
    case 3: return a & ~b;                                                                         \
    case 4: return (a | b) ^ (a + 1);                                                              \
    case 5: return -a;                                                                             \
    case 6: return a * 1000003u - b * b;                                                           \
    default: return b + (u##N) - 1;                                                                \
    }                                                                                              \
  }                                                                                                \
  NOINLINE static u##N ushift##N(u##N a, unsigned n) { return (a << n) ^ (a >> n); }               \
  NOINLINE static s##N sshift##N(s##N a, unsigned n) { return a >> n; }                            \
  NOINLINE static u##N fixed##N(u##N a, s##N b) {                                                  \
    return (a << 1) ^ (a >> 3) ^ (a << 64) ^ (a >> 65) ^ (a << 127) ^ (a >> (N - 1)) ^             \
           (u##N)(b >> 64) ^ (u##N)(b >> 100) ^ (u##N)(b >> (N - 1));                              \
  }                                                                                                \
  NOINLINE static unsigned ucmp##N(u##N a, u##N b) {                                               \
    return (a == b) | (a != b) << 1 | (a < b) << 2 | (a <= b) << 3 | (a > b) << 4 | (a >= b) << 5; \
  }                                                                                                \
  NOINLINE static unsigned scmp##N(s##N a, s##N b) {                                               \
    return (a == b) | (a != b) << 1 | (a < b) << 2 | (a <= b) << 3 | (a > b) << 4 | (a >= b) << 5; \
  }                                                                                                \
  NOINLINE static void casts##N(u##N a, s##N b) {                                                  \
    printf("%d %d %ld %lu %d ", (signed char)a, (short)b, (long)a, (unsigned long)b, (_Bool)a);    \
    printf("%lx %lx\n", (unsigned long)((__int128)b >> 64),                                        \
           (unsigned long)((unsigned _BitInt(99))a >> 40));                                        \
    unsigned _BitInt(300) wider = a;                                                               \
    _BitInt(300) swider = b;                                                                       \
    _BitInt(192) other = (_BitInt(192))b;                                                          \
    dump("  ", &wider, 40);                                                                        \
    dump("  ", &swider, 40);                                                                       \
    dump("  ", &other, 24);                                                                        \
  }                                                                                                \
  NOINLINE static s##N widen##N(int a, unsigned long b, __int128 c, _BitInt(77) d, int e) {        \
    s##N x = a, y = b, z = c, w = d;                                                               \
    return e ? x * y + z : e < a ? w - x : (s##N)(a == 3) - (s##N)(b == 3);                        \
  }                                                                                                \
  NOINLINE static u##N loop##N(u##N n, u##N *p) { /* parts in phis, both ways of a swap */         \
    u##N a = 1, b = n;                                                                             \
    for (u##N i = 0; i < 20; i++) {                                                                \
      u##N t = a + b * i;                                                                          \
      a = b;                                                                                       \
      b = t > n ? t - n : t ^ n;                                                                   \
      if (b & 1) *p += b;                                                                          \
    }                                                                                              \
    return a ^ b;                                                                                  \
  }                                                                                                \
  static void run##N(void) {                                                                       \
    for (int i = 0; i < 24; i++) {                                                                 \
      u##N a = random##N(), b = i % 7 == 3 ? a : random##N(), r;                                   \
      s##N sa = (s##N)(i & 1 ? -a : a), sb = (s##N)(i & 2 ? -b : b), sr;                           \
      r = arith##N(a, b, i % 8);                                                                   \
      dump(#N " arith", &r, sizeof r);                                                             \
      r = ushift##N(a, (unsigned)(i * 37) % N);                                                    \
      dump(#N " shift", &r, sizeof r);                                                             \
      sr = sshift##N(sa, (unsigned)(i * 41) % N);                                                  \
      dump(#N " ashr ", &sr, sizeof sr);                                                           \
      r = fixed##N(a, sa);                                                                         \
      dump(#N " fixed", &r, sizeof r);                                                             \
      printf("%x %x %x %x\n", ucmp##N(a, b), scmp##N(sa, sb), ucmp##N(a, a), scmp##N(sb, sa));     \
      casts##N(a, sb);                                                                             \
      sr = widen##N(i - 5, next(), (__int128)next() * -3, (_BitInt(77))sa, i % 3);                 \
      dump(#N " widen", &sr, sizeof sr);                                                           \
      r = loop##N(a, &gu##N);                                                                      \
      dump(#N " loop ", &r, sizeof r);                                                             \
      gs##N += (s##N)gu##N;                                                                        \
      gz##N ^= (u##N)gs##N;                                                                        \
    }                                                                                              \
    dump(#N, &gu##N, sizeof gu##N);                                                                \
    dump(#N, &gs##N, sizeof gs##N);                                                                \
    dump(#N, &gz##N, sizeof gz##N);                                                                \
  }
KIND(129)
KIND(192)
KIND(256)
KIND(257)
#endif

int main(void) {
  fields();
#if __BITINT_MAXWIDTH__ >= 300
  run129();
  run192();
  run256();
  run257();
#endif
  return 0;
}
