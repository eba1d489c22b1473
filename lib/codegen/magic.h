/* Division by a constant as a multiplication: the factor and the shift. Granlund and Montgomery, "Division by
 * Invariant Integers using Multiplication" (1994), theorems 4.2 and 5.1. Targets emit the code; nothing here knows
 * machine code. */
#ifndef KN_LIB_CODEGEN_MAGIC_H
#define KN_LIB_CODEGEN_MAGIC_H

#include <stdbool.h>
#include <stdint.h>

/* The quotient is x * (factor + (carry ? 2^bits : 0)) >> shift, in exact arithmetic. */
struct kn_magic {
  uint64_t factor;
  uint8_t shift; /* at least `bits`; signed ones of fewer than 64 bits: at least bits - 1 */
  bool carry;
};

/* Ceiling of 2^p / d, for p up to 128. */
static inline unsigned __int128 kn_magic_ceiling(unsigned p, uint64_t d) {
  unsigned __int128 top = p == 128 ? ~(unsigned __int128)0 : ((unsigned __int128)1 << p) - 1;
  return top / d + 1;
}

/* For all x below 2^bits (8 to 64); 2 <= d < 2^bits. */
static inline struct kn_magic kn_magic_unsigned(uint64_t d, unsigned bits) {
  unsigned __int128 m;
  unsigned s = 0;
  for (;; s++) {
    m = kn_magic_ceiling(bits + s, d);
    /* m * d - 2^(bits + s), below d: the product may wrap, the difference does not */
    unsigned __int128 power = bits + s == 128 ? 0 : (unsigned __int128)1 << (bits + s);
    unsigned __int128 excess = m * d - power;
    if (excess <= (unsigned __int128)1 << s) break;
  }
  return (struct kn_magic){(uint64_t)m & (UINT64_MAX >> (64 - bits)), (uint8_t)(bits + s),
                           m >> bits != 0};
}

/* For all x from -2^(bits - 1); 2 <= d < 2^(bits - 1), the divisor's magnitude. Rounds towards minus
 * infinity: 1 is to be added for negative x. The factor is below 2^bits. */
static inline struct kn_magic kn_magic_signed(uint64_t d, unsigned bits) {
  unsigned __int128 m;
  unsigned s = bits == 64 ? 1 : 0; /* a 64-bit high half is a shift by 64 already */
  for (;; s++) {
    m = kn_magic_ceiling(bits - 1 + s, d);
    unsigned __int128 power = (unsigned __int128)1 << (bits - 1 + s);
    /* more than the power: of an exact one, the quotient of -d would be too small by 1 */
    if (m * d == power) m++;
    if (m * d - power <= (unsigned __int128)1 << s) break;
  }
  return (struct kn_magic){(uint64_t)m, (uint8_t)(bits - 1 + s), false};
}

#endif
