/* Floats as they stand in text, by integers alone: C's functions and arithmetic depend on the thread's rounding mode
 * and the locale. Called by the parser of the text form and the reader of QBE's language. Invariant: the nearest float,
 * ties to even. */
#include "base/decimal.h"

#include <string.h>

/* At most 500 digits, or 10 to the power of 900, with space for shifts. Numbers beyond the largest exponents, of 10 and
 * of 2, are infinite, or 0. */
enum { LIMBS = 160, LARGEST_EXPONENT = 400, LARGEST_EXPONENT_2 = 1200 };

struct big {
  uint32_t n; /* limbs in use, the highest of which is not 0 */
  uint32_t at[LIMBS];
};

static void multiply_add(struct big *b, uint32_t factor, uint32_t more) {
  uint64_t carry = more;
  for (uint32_t i = 0; i < b->n; i++) {
    carry += (uint64_t)b->at[i] * factor;
    b->at[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry != 0) b->at[b->n++] = (uint32_t)carry;
}

static void multiply_power(struct big *b, int exponent) {
  for (; exponent >= 9; exponent -= 9) multiply_add(b, 1000000000, 0);
  for (; exponent > 0; exponent--) multiply_add(b, 10, 0);
}

static int bits_of(const struct big *b) {
  return b->n == 0 ? 0 : (int)(32 * b->n) - __builtin_clz(b->at[b->n - 1]);
}

static void shift_left(struct big *b, unsigned by) {
  uint32_t limbs = by / 32;
  if (b->n == 0) return;
  multiply_add(b, UINT32_C(1) << by % 32, 0);
  memmove(b->at + limbs, b->at, b->n * sizeof *b->at);
  memset(b->at, 0, limbs * sizeof *b->at);
  b->n += limbs;
}

static void halve(struct big *b) {
  for (uint32_t i = 0; i < b->n; i++)
    b->at[i] = b->at[i] >> 1 | (i + 1 < b->n ? b->at[i + 1] << 31 : 0);
  while (b->n > 0 && b->at[b->n - 1] == 0) b->n--;
}

static int compare(const struct big *a, const struct big *b) {
  if (a->n != b->n) return a->n < b->n ? -1 : 1;
  for (uint32_t i = a->n; i-- > 0;)
    if (a->at[i] != b->at[i]) return a->at[i] < b->at[i] ? -1 : 1;
  return 0;
}

static void subtract(struct big *a, const struct big *b) {
  int64_t borrow = 0;
  for (uint32_t i = 0; i < a->n; i++) {
    borrow += (int64_t)a->at[i] - (i < b->n ? b->at[i] : 0);
    a->at[i] = (uint32_t)borrow;
    borrow >>= 32;
  }
  while (a->n > 0 && a->at[a->n - 1] == 0) a->n--;
}

/* a / b, which has at most `bits` bits; a becomes the rest. */
static uint64_t divide(struct big *a, const struct big *b, unsigned bits) {
  struct big part = *b;
  uint64_t quotient = 0;
  shift_left(&part, bits - 1);
  for (; bits > 0; bits--) {
    quotient <<= 1;
    if (compare(a, &part) >= 0) {
      subtract(a, &part);
      quotient |= 1;
    }
    halve(&part);
  }
  return quotient;
}

/* The float nearest to a / b, which are not 0. */
static uint64_t nearest(struct big *a, struct big *b, bool single) {
  const int precision = single ? 24 : 53, least = single ? -149 : -1074;
  const uint64_t infinity = single ? 0x7f800000 : UINT64_C(0x7ff0000000000000);
  int exponent = bits_of(a) - bits_of(b) - precision; /* of the last bit, or of the one after it */
  if (exponent < least) exponent = least;
  if (exponent >= 0) shift_left(b, (unsigned)exponent);
  else shift_left(a, (unsigned)-exponent);
  uint64_t m = divide(a, b, (unsigned)precision + 1);
  bool half, more;
  if (m >> precision != 0) {
    half = m & 1;
    more = a->n != 0;
    m >>= 1;
    exponent++;
  } else {
    shift_left(a, 1);
    int order = compare(a, b);
    half = order >= 0;
    more = order > 0;
  }
  if (half && (more || (m & 1))) m++;
  uint64_t bits = ((uint64_t)(exponent - least) << (precision - 1)) + m;
  return bits < infinity ? bits : infinity;
}

static unsigned value_of(char c) { return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); }

/* The exponent at the end of a number, which begins with its letter; less than 100,000,000 on either side. */
static int written_exponent(const char *text, size_t n) {
  int written = 0;
  for (size_t i = 0; i < n; i++)
    if (text[i] >= '0' && text[i] <= '9' && written < 10000000)
      written = written * 10 + (text[i] - '0');
  return n > 1 && text[1] == '-' ? -written : written;
}

uint64_t kn_decimal_float(const char *text, size_t n, bool single) {
  struct big a = {0}, b = {.n = 1, .at = {1}};
  const bool hex = n > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
  const int limit = hex ? LARGEST_EXPONENT_2 : LARGEST_EXPONENT, per_digit = hex ? 4 : 1;
  int exponent = 0, n_digits = 0;
  bool behind = false;
  size_t i = hex ? 2 : 0;
  for (; i < n && (text[i] | 0x20) != (hex ? 'p' : 'e'); i++) {
    if (text[i] == '.') {
      behind = true;
      continue;
    }
    multiply_add(&a, hex ? 16 : 10, value_of(text[i]));
    n_digits += a.n != 0;
    if (behind) exponent -= per_digit;
  }
  exponent += written_exponent(text + i, n - i);
  int size = exponent + (hex ? bits_of(&a) : n_digits);
  if (a.n == 0 || size < -limit) return 0;
  if (size > limit) return single ? 0x7f800000 : UINT64_C(0x7ff0000000000000);
  struct big *to = exponent > 0 ? &a : &b;
  exponent = exponent > 0 ? exponent : -exponent;
  if (hex) shift_left(to, (unsigned)exponent);
  else multiply_power(to, exponent);
  return nearest(&a, &b, single);
}
