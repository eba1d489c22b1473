// Integers of 128 bits that are made of words and read by halves: every operation on every kind of extension, shifts by
// many counts, values that are read as a whole, too, in other blocks and round loops.
#include <stdint.h>
#include <stdio.h>

typedef unsigned __int128 u128;
typedef __int128 i128;
#define NOINLINE __attribute__((noinline))

static uint64_t state = 88172645463325252u, sum;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  uint64_t special[] = {0, 1, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, 0xffffffff, 0x80000000};
  return state % 5 == 0 ? special[state / 8 % 7] : state >> (state / 64 % 3) * 16;
}
static void add(uint64_t v) { sum = (sum ^ v) * 0x9e3779b97f4a7c15u + (sum >> 29); }

// Both halves of `e`, of words a, b and c.
#define BOTH(name, t, e)                                                                                               \
  NOINLINE static uint64_t name(uint64_t a, uint64_t b, uint64_t c, uint64_t *high) {                                  \
    t r = (e);                                                                                                         \
    (void)c;                                                                                                           \
    *high = (uint64_t)((u128)r >> 64);                                                                                 \
    return (uint64_t)r;                                                                                                \
  }
#define U(x) ((u128)(uint64_t)(x))
#define S(x) ((i128)(int64_t)(x))
#define KINDS(op, m) m(uu##op, U(a), U(b)) m(us##op, U(a), S(b)) m(su##op, S(a), U(b)) m(ss##op, S(a), S(b))
#define ADD(n, x, y) BOTH(n, u128, (u128)(x) + (u128)(y) + c)
#define SUB(n, x, y) BOTH(n, u128, (u128)(x) - (u128)(y) - c)
#define MUL(n, x, y) BOTH(n, u128, (u128)(x) * (u128)(y) + c)
#define MUL2(n, x, y) BOTH(n, u128, ((u128)(x) + c) * ((u128)(y) - (u128)S(c)))
#define LOGIC(n, x, y) BOTH(n, u128, (((u128)(x) << 64 | (u128)(y)) & ~((u128)S(c) * 3)) ^ ((u128)(x) << 17))
KINDS(add, ADD)
KINDS(sub, SUB)
KINDS(mul, MUL)
KINDS(mul2, MUL2)
KINDS(logic, LOGIC)
#define NARROW(n, t) BOTH(n, u128, (u128)(i128)(t)a * (u128)(i128)(t)b - (u128)(i128)(t)c)
NARROW(narrow_i8, int8_t)
NARROW(narrow_u8, uint8_t)
NARROW(narrow_i16, int16_t)
NARROW(narrow_u16, uint16_t)
NARROW(narrow_i32, int32_t)
NARROW(narrow_u32, uint32_t)
NARROW(narrow_bool, _Bool)
BOTH(constants, u128, (U(a) * 0x123456789abcdefu + (((u128)0xfedcba9876543210u << 64) | 77)) ^ ((u128)1 << 127))
BOTH(negative, i128, S(a) * -5 - ((i128)3 << 70) + (S(b) & -256))
#define MORE(x) (x) + a + b + c + a + b + c
BOTH(deep, u128, MORE(MORE(MORE(MORE(MORE(MORE(MORE(U(a)))))))))

// Shifts of a product, each way.
#define SHIFT(n)                                                                                                       \
  BOTH(shl##n, u128, (U(a) * b) << (n))                                                                                \
  BOTH(lshr##n, u128, (U(a) * b + c) >> (n))                                                                           \
  BOTH(ashr##n, i128, (S(a) * (int64_t)b - (int64_t)c) >> (n))
#define COUNTS(m) m(0) m(1) m(7) m(31) m(32) m(51) m(63) m(64) m(65) m(96) m(100) m(126) m(127)
COUNTS(SHIFT)

// Truncations to every width; the value is stored whole, passed on, compared, divided.
NOINLINE static void whole(u128 v, u128 *to) { *to = v + 1; }
NOINLINE static uint64_t mixed(uint64_t a, uint64_t b, uint64_t c, u128 *to) {
  u128 p = U(a) * b, q = p + c;
  to[0] = p;
  to[1] = q >> 3;
  whole(q, to + 2);
  uint8_t x = (uint8_t)(q >> 60);
  uint16_t y = (uint16_t)(p >> 100);
  uint32_t z = (uint32_t)(q >> 40);
  _Bool odd = (_Bool)(p >> 64 & 1);
  to[3] = c ? q / (c | 1) : p % (b | 3);
  return x + y * 3u + z * 5u + odd * 7u + (q > U(c) << 32) * 11u + (p == q) * 13u;
}
// Values of one block read in others, under a condition and round a loop.
NOINLINE static uint64_t blocks(uint64_t a, uint64_t b, uint64_t c) {
  u128 p = U(a) * b;
  uint64_t r = 0;
  if (c & 1) r += (uint64_t)(p >> 64);
  for (uint64_t i = 0; i < (c & 7); i++) {
    r ^= (uint64_t)p + i;
    r += (uint64_t)((p + i) >> 64);
  }
  if (c & 2) r -= (uint64_t)p;
  return r + (uint64_t)(p >> 9);
}
// One value of many, in so many blocks that it is not computed in each of them.
NOINLINE static uint64_t again(uint64_t a, uint64_t b, uint64_t c) {
  u128 p = MORE(MORE(MORE(MORE(U(a) * b))));
  uint64_t r = 0;
#define ONE(k)                                                                                                         \
  if (c >> (k) & 1) r = r * 3 + (uint64_t)(p >> (k));
#define EIGHT(k) ONE(k) ONE(k + 1) ONE(k + 2) ONE(k + 3) ONE(k + 4) ONE(k + 5) ONE(k + 6) ONE(k + 7)
  EIGHT(0) EIGHT(8) EIGHT(16) EIGHT(24) EIGHT(32) EIGHT(40) EIGHT(48) EIGHT(56)
  return r;
}
NOINLINE static u128 loops(const uint64_t *a, const uint64_t *b, int n) {
  u128 total = 0;
  for (int i = 0; i < n; i++) total += U(a[i]) * b[i];
  i128 other = 1;
  for (int i = 0; i < n; i++) other = (i & 1 ? S(a[i]) * (int64_t)b[i] : other) - S(b[i]);
  return total ^ (u128)other;
}
NOINLINE static u128 chosen(uint64_t a, uint64_t b, int k) {
  u128 r;
  switch (k & 3) {
  case 0: r = U(a) * b; break;
  case 1: r = U(a) << 64 | b; break;
  case 2: r = (u128)S(a); break;
  default: r = 5;
  }
  return k & 4 ? r : U((uint64_t)r);
}
NOINLINE static uint64_t multiply(uint64_t *to, const uint64_t *a, const uint64_t *b, int n) {
  uint64_t top = 0;
  for (int i = 0; i < n; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < n; j++) {
      u128 t = U(a[i]) * b[j] + to[i + j] + carry;
      to[i + j] = (uint64_t)t;
      carry = (uint64_t)(t >> 64);
    }
    to[i + n] = carry;
    top ^= carry;
  }
  return top;
}

int main(void) {
  uint64_t (*const both[])(uint64_t, uint64_t, uint64_t, uint64_t *) = {
    uuadd,  usadd,  suadd,  ssadd,  uusub,   ussub,   susub,   sssub,   uumul,      usmul,     sumul,      ssmul,
    uumul2, usmul2, sumul2, ssmul2, uulogic, uslogic, sulogic, sslogic, narrow_i8,  narrow_u8, narrow_i16, narrow_u16,
    narrow_i32, narrow_u32, narrow_bool, constants, negative, deep,
#define NAMES(n) shl##n, lshr##n, ashr##n,
    COUNTS(NAMES)};
  enum { N = sizeof both / sizeof *both };
  for (int k = 0; k < N; k++) {
    for (int i = 0; i < 60; i++) {
      uint64_t a = next(), b = next(), c = next(), high, low = both[k](a, b, c, &high);
      add(low);
      add(high);
    }
    printf("%d %016llx\n", k, (unsigned long long)sum);
  }
  for (int i = 0; i < 500; i++) {
    u128 to[4];
    uint64_t a = next(), b = next(), c = next();
    add(mixed(a, b, c, to));
    for (int k = 0; k < 4; k++) {
      add((uint64_t)to[k]);
      add((uint64_t)(to[k] >> 64));
    }
    add(blocks(a, b, c));
    add(again(a, b, c));
    u128 x = chosen(a, b, i);
    add((uint64_t)x);
    add((uint64_t)(x >> 64));
    uint64_t v[6] = {a, b, c, next(), next(), next()}, w[6] = {c, next(), a, b, next(), next()}, product[12] = {0};
    u128 l = loops(v, w, i % 7);
    add((uint64_t)l);
    add((uint64_t)(l >> 64));
    add(multiply(product, v, w, 6));
    for (int k = 0; k < 12; k++) add(product[k]);
  }
  printf("%016llx\n", (unsigned long long)sum);
  return 0;
}
