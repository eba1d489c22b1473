/* Division and remainder by constants of every width and sign, beside the same by variables. */
#include <stdint.h>
#include <stdio.h>

static unsigned long checks, wrong;
static uint64_t state = 1;
static uint64_t next(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return state >> (state >> 58); /* all sizes */
}

#define ONE(T, D)                                                                                  \
  if ((T)(D) == (D)) {                                                                             \
    volatile T d = (T)(D);                                                                         \
    for (int i = 0; i < 40; i++) {                                                                 \
      volatile T x = i < 8    ? (T)((uint64_t)d * (uint64_t)(i >> 1) - (uint64_t)(i & 1))          \
                     : i == 8 ? (T)1 << (sizeof(T) * 8 - 2)                                        \
                     : i == 9 ? (T)((uint64_t)1 << (sizeof(T) * 8 - 1))                            \
                              : (T)next();                                                         \
      T q = x / (T)(D), r = x % (T)(D);                                                            \
      checks++;                                                                                    \
      if (q != (T)(x / d) || r != (T)(x % d)) {                                                    \
        if (wrong++ < 5)                                                                           \
          printf(#T " %lld / " #D ": %lld %lld\n", (long long)x, (long long)q, (long long)r);      \
      }                                                                                            \
    }                                                                                              \
  }
#define EACH(T)                                                                                    \
  ONE(T, 2)                                                                                        \
  ONE(T, 3) ONE(T, 4) ONE(T, 5) ONE(T, 6) ONE(T, 7) ONE(T, 8) ONE(T, 9) ONE(T, 10) ONE(T, 11)      \
    ONE(T, 12) ONE(T, 13) ONE(T, 14) ONE(T, 15) ONE(T, 16) ONE(T, 25) ONE(T, 28) ONE(T, 60)        \
      ONE(T, 64) ONE(T, 100) ONE(T, 107) ONE(T, 125) ONE(T, 127) ONE(T, 128) ONE(T, 200)           \
        ONE(T, 255) ONE(T, 256) ONE(T, 274) ONE(T, 641) ONE(T, 1000) ONE(T, 10000) ONE(T, 32767)   \
          ONE(T, 32768) ONE(T, 65535) ONE(T, 65536) ONE(T, 65537) ONE(T, 1000000)                  \
            ONE(T, 1000000007) ONE(T, 2147483647) ONE(T, 2147483648) ONE(T, 2147483649)            \
              ONE(T, 4294967295) ONE(T, 4294967296) ONE(T, 4294967297) ONE(T, 10000000000)         \
                ONE(T, 6700417) ONE(T, 9223372036854775807)
#define SIGNED(T)                                                                                  \
  EACH(T)                                                                                          \
  ONE(T, -2) ONE(T, -3) ONE(T, -5) ONE(T, -7) ONE(T, -10) ONE(T, -16) ONE(T, -100) ONE(T, -127)    \
    ONE(T, -128) ONE(T, -32768) ONE(T, -1000) ONE(T, -2147483647) ONE(T, -10000000000)
#define UNSIGNED(T)                                                                                \
  EACH(T) ONE(T, 9223372036854775808u) ONE(T, 18446744073709551615u) ONE(T, 12297829382473034411u)

static void i8(void) { SIGNED(int8_t) }
static void i16(void) { SIGNED(int16_t) }
static void i32(void) { SIGNED(int32_t) }
static void i64(void) { SIGNED(int64_t) }
static void u8(void) { UNSIGNED(uint8_t) }
static void u16(void) { UNSIGNED(uint16_t) }
static void u32(void) { UNSIGNED(uint32_t) }
static void u64(void) { UNSIGNED(uint64_t) }

/* The operands in registers that division would want, and several at once. */
__attribute__((noinline)) static uint64_t many(uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                               uint32_t e, int32_t f) {
  return a / 10 + b / 7 % 1000 + (c / 3 + d % 10) * (e / 7 + e % 7) - (uint64_t)(f / -3 + f % 1000);
}

int main(void) {
  i8(), i16(), i32(), i64(), u8(), u16(), u32(), u64();
  uint64_t sum = 0;
  for (int i = 0; i < 200; i++)
    sum = sum * 31 + many(next(), next(), next(), next(), (uint32_t)next(), (int32_t)next());
  printf("%lu checks, %lu wrong, %llu\n", checks, wrong, (unsigned long long)sum);
  return wrong != 0;
}
