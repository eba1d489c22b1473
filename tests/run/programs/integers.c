/* Integer corner cases: every operator over edge values of every width, division by constants,
 * shifts, mixed widths, comparisons as values. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
static uint64_t hash = 14695981039346656037u;
static void mix(uint64_t v) { hash = (hash ^ v) * 1099511628211u; }
#define TEST(S, U, name, bits)                                                                     \
  __attribute__((noinline)) static void name(S a, S b) {                                           \
    U ua = (U)a, ub = (U)b;                                                                        \
    mix((uint64_t)(U)(ua + ub));                                                                   \
    mix((uint64_t)(U)(ua - ub));                                                                   \
    mix((uint64_t)(U)((uint64_t)ua * ub));                                                         \
    mix(ua & ub);                                                                                  \
    mix(ua | ub);                                                                                  \
    mix(ua ^ ub);                                                                                  \
    mix((U)~ua);                                                                                   \
    mix((U) - ua);                                                                                 \
    mix(a < b);                                                                                    \
    mix(a <= b);                                                                                   \
    mix(a > b);                                                                                    \
    mix(a >= b);                                                                                   \
    mix(a == b);                                                                                   \
    mix(a != b);                                                                                   \
    mix(ua < ub);                                                                                  \
    mix(ua <= ub);                                                                                 \
    mix(ua > ub);                                                                                  \
    mix(ua >= ub);                                                                                 \
    mix(!a);                                                                                       \
    if (b != 0) {                                                                                  \
      mix(ua / ub);                                                                                \
      mix(ua % ub);                                                                                \
      if (!(b == -1 && ua == (U)1 << (bits - 1))) {                                                \
        mix((uint64_t)(a / b));                                                                    \
        mix((uint64_t)(a % b));                                                                    \
      }                                                                                            \
    }                                                                                              \
    int by = (int)(ub % bits);                                                                     \
    mix((U)(ua << by));                                                                            \
    mix((U)(ua >> by));                                                                            \
    mix((uint64_t)(a >> by));                                                                      \
    mix((uint64_t)(a / 3));                                                                        \
    mix((uint64_t)(a % 3));                                                                        \
    mix(ua / 3);                                                                                   \
    mix(ua % 3);                                                                                   \
    mix((uint64_t)(a / 7));                                                                        \
    mix(ua / 7);                                                                                   \
    mix(ua % 7);                                                                                   \
    mix((uint64_t)(a / -5));                                                                       \
    mix((uint64_t)(a % -5));                                                                       \
    mix((uint64_t)(a / 16));                                                                       \
    mix((uint64_t)(a % 16));                                                                       \
    mix(ua / 16);                                                                                  \
    mix(ua % 16);                                                                                  \
    mix((uint64_t)(a / 10));                                                                       \
    mix(ua / 10);                                                                                  \
    mix((uint64_t)(a % 10));                                                                       \
    mix(ua % 10);                                                                                  \
    mix((uint64_t)(a / 100));                                                                      \
    mix(ua / 125);                                                                                 \
    mix((uint64_t)(a / 1));                                                                        \
    mix((uint64_t)(a % 1));                                                                        \
    mix(ua / 127);                                                                                 \
    mix((uint64_t)(a / 127));                                                                      \
    mix((uint64_t)(int8_t)a);                                                                      \
    mix((uint8_t)a);                                                                               \
    mix((uint64_t)(int16_t)a);                                                                     \
    mix((uint16_t)a);                                                                              \
    mix((uint64_t)(int32_t)a);                                                                     \
    mix((uint32_t)a);                                                                              \
    mix((uint64_t)(int64_t)a);                                                                     \
    mix(ua);                                                                                       \
    mix((uint64_t)(a < b ? a : b));                                                                \
    mix(ua > ub ? ua : ub);                                                                        \
    mix((uint64_t)(a && b));                                                                       \
    mix((uint64_t)(a || b));                                                                       \
    U r = (U)((ua << by) | (ua >> ((bits - by) % bits)));                                          \
    mix(r);                                                                                        \
    mix(__builtin_popcountll(ua));                                                                 \
    if (ua) {                                                                                      \
      mix((uint64_t)__builtin_clzll(ua));                                                          \
      mix((uint64_t)__builtin_ctzll(ua));                                                          \
    }                                                                                              \
    mix(__builtin_bswap64(ua));                                                                    \
    mix(__builtin_bswap32((uint32_t)ua));                                                          \
    mix(__builtin_bswap16((uint16_t)ua));                                                          \
    S so;                                                                                          \
    U uo;                                                                                          \
    mix(__builtin_add_overflow(a, b, &so));                                                        \
    mix((uint64_t)so);                                                                             \
    mix(__builtin_sub_overflow(a, b, &so));                                                        \
    mix((uint64_t)so);                                                                             \
    mix(__builtin_mul_overflow(a, b, &so));                                                        \
    mix((uint64_t)so);                                                                             \
    mix(__builtin_add_overflow(ua, ub, &uo));                                                      \
    mix(uo);                                                                                       \
    mix(__builtin_sub_overflow(ua, ub, &uo));                                                      \
    mix(uo);                                                                                       \
    mix(__builtin_mul_overflow(ua, ub, &uo));                                                      \
    mix(uo);                                                                                       \
    mix((uint64_t)(int64_t)((double)a / 2));                                                       \
    mix((uint64_t)((double)ua / 4));                                                               \
  }
TEST(int8_t, uint8_t, t8, 8)
TEST(int16_t, uint16_t, t16, 16)
TEST(int32_t, uint32_t, t32, 32)
TEST(int64_t, uint64_t, t64, 64)
static const int64_t edge[] = {0,
                               1,
                               2,
                               3,
                               5,
                               7,
                               10,
                               15,
                               16,
                               17,
                               63,
                               64,
                               100,
                               126,
                               127,
                               128,
                               129,
                               255,
                               256,
                               257,
                               999,
                               32766,
                               32767,
                               32768,
                               65535,
                               65536,
                               1000000,
                               INT_MAX - 1,
                               INT_MAX,
                               0x80000000,
                               0xfffffffe,
                               0xffffffff,
                               0x100000000,
                               0x123456789abcdef,
                               INT64_MAX - 1,
                               INT64_MAX};
int main(void) {
  int n = sizeof edge / sizeof *edge;
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < n; k++)
      for (int s = 0; s < 4; s++) {
        int64_t a = s & 1 ? ~edge[i] : edge[i], b = s & 2 ? ~edge[k] : edge[k];
        t8((int8_t)a, (int8_t)b);
        t16((int16_t)a, (int16_t)b);
        t32((int32_t)a, (int32_t)b);
        if (!(a == INT64_MIN && b == INT64_MIN)) t64(a, b);
      }
    printf("%lx\n", (unsigned long)hash);
  }
  return (int)(hash & 127);
}
