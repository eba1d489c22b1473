/* llvm.is.fpclass: integer tests of a float's bits, joined by or. Called by intrinsics/float.c.
 * Invariant: the answer is LLVM 22's at -O0 for every encoding, also for the invalid ones of x87 (whose
 * leading bit does not match the exponent), for which LLVM's answer depends on how it tests for the mask. */
#include "bc.h"

/* Classes, as LLVM numbers them. */
enum { NAN_BOTH = 0x003, ZERO_SUBNORMAL = 0x0f0, ALL = 0x3ff };

struct test {
  struct kn_bc *r;
  kiln_type type; /* of the bits */
};

static kiln_value binary(const struct test *t, kiln_op op, kiln_type type, kiln_value a,
                         kiln_value b) {
  return kiln_build_binary(t->r->f, op, type, a, b);
}

static kiln_value imm(const struct test *t, int64_t v) { return kiln_const_int(t->r->f, v); }

static kiln_value pattern(const struct test *t, unsigned __int128 v) {
  if (t->type == KILN_TYPE_I128) return kiln_const_i128(t->r->f, (uint64_t)v, (uint64_t)(v >> 64));
  return imm(t, t->type == KILN_TYPE_I64 ? (int64_t)(uint64_t)v : (int32_t)(uint32_t)v);
}

/* Tests for the classes of valid encodings: one integer test for each class or group of classes. */
static kiln_value test_classes(const struct test *t, kiln_value x, const struct kn_bc_type *type,
                               unsigned mask) {
  bool inverted = __builtin_popcount(mask) > 5;
  if (inverted) mask = ~mask & ALL;
  unsigned width = type->bits;
  bool x87 = width == 80;
  const unsigned __int128 one = 1;
  unsigned mantissa = x87            ? 63
                      : width == 128 ? 112
                      : width == 64  ? 52
                      : width == 32  ? 23
                      : type->soft == SOFT_HALF
                        ? 10
                        : 7; /* bits of the significand without the leading one */
  unsigned __int128 sign = one << (width - 1);
  /* x86_fp80 stores the leading one explicitly: the least normal number has it set */
  unsigned __int128 least = x87 ? (one << 64) + (one << 63) : one << mantissa;
  unsigned __int128 inf = sign - (one << (mantissa + x87)) + (x87 ? one << 63 : 0);
  unsigned __int128 quiet = one << (mantissa - 1);
  kiln_value absolute = {0}, result = {0};
  /* Classes as ranges [from, from + size) of the bits: 0 of the value, 1 without its sign. */
  const struct {
    uint16_t classes;
    uint8_t without_sign;
    unsigned __int128 from, size;
  } tests[] = {
    {0x003, 1, inf + 1, sign - inf - 1},
    {0x1f8, 1, 0, inf},
    {0x204, 1, inf, 1},
    {0x108, 1, least, inf - least},
    {0x090, 1, 1, least - 1},
    {0x060, 1, 0, 1},
    {0x001, 1, inf + 1, quiet - 1},
    {0x002, 1, inf + quiet, sign - inf - quiet},
    {0x200, 0, inf, 1},
    {0x100, 0, least, inf - least},
    {0x080, 0, 1, least - 1},
    {0x040, 0, 0, 1},
    {0x020, 0, sign, 1},
    {0x010, 0, sign + 1, least - 1},
    {0x008, 0, sign + least, inf - least},
    {0x004, 0, sign + inf, 1},
  };
  for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
    if ((mask & tests[i].classes) != tests[i].classes) continue;
    mask &= ~(unsigned)tests[i].classes;
    kiln_value v = x;
    if (tests[i].without_sign) {
      if (!absolute.id) absolute = binary(t, KILN_OP_AND, t->type, x, pattern(t, sign - 1));
      v = absolute;
    }
    unsigned __int128 from = tests[i].from, size = tests[i].size;
    if (size == 1) {
      v = kiln_build_icmp(t->r->f, KILN_ICOND_EQ, t->type, v, pattern(t, from));
    } else {
      if (from) v = binary(t, KILN_OP_SUB, t->type, v, pattern(t, from));
      v = kiln_build_icmp(t->r->f, KILN_ICOND_ULT, t->type, v, pattern(t, size));
    }
    result = result.id ? binary(t, KILN_OP_OR, KILN_TYPE_I8, result, v) : v;
  }
  if (!result.id) return imm(t, inverted);
  return inverted ? binary(t, KILN_OP_XOR, KILN_TYPE_I8, result, imm(t, 1)) : result;
}

/* ---- x87 ---- */

static bool is_one_of(unsigned mask, const uint16_t *list, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (list[i] == mask) return true;
  return false;
}

/* What LLVM's test for `mask` returns for an invalid encoding. LLVM's tests for masks with both
 * kinds of NaN accept it. A pseudo-denormal, whose exponent is 0, is also accepted where LLVM
 * compares the exponent with 0 to test for zero and subnormal at once, and counts as a number
 * where LLVM uses a comparison of floats for the mask. */
static bool says_of_invalid(unsigned mask, bool pseudo_denormal) {
  /* masks that LLVM tests directly; if the complement of a mask is one, LLVM tests that and negates the result */
  static const uint16_t simple[] = {0x003, 0x001, 0x002, 0x204, 0x200, 0x004, 0x108,
                                    0x100, 0x008, 0x090, 0x080, 0x010, 0x060, 0x040,
                                    0x020, 0x1f8, 0x1c0, 0x038, 0x063, 0x0f0, 0x0f3};
  static const uint16_t compared[] = {0x003, 0x007, 0x203, 0x063, 0x0f3};
  bool inverted = is_one_of(~mask & ALL, simple, sizeof simple / sizeof *simple);
  if (inverted) mask = ~mask & ALL;
  bool found = (mask & NAN_BOTH) == NAN_BOTH;
  if (pseudo_denormal) {
    if (is_one_of(mask, compared, sizeof compared / sizeof *compared)) found = false;
    else if ((mask & ZERO_SUBNORMAL) == ZERO_SUBNORMAL) found = true;
  }
  return found != inverted;
}

/* Corrects a result of test_classes for invalid encodings. */
static kiln_value answer_invalid(const struct test *t, kiln_value x, unsigned mask,
                                 kiln_value result) {
  kiln_func *f = t->r->f;
  const kiln_type i8 = KILN_TYPE_I8, i64 = KILN_TYPE_I64;
  bool of_most = says_of_invalid(mask, false), of_pseudo = says_of_invalid(mask, true);
  if (mask == 0 || mask == ALL) return result;
  kiln_value half[2];
  kn_bc_split_i128(f, x, half);
  kiln_value low = half[0], high = half[1];
  kiln_value exponent = binary(t, KILN_OP_AND, i64, high, imm(t, 0x7fff));
  kiln_value leading = kiln_build_icmp(f, KILN_ICOND_SLT, i64, low, imm(t, 0));
  kiln_value normal = kiln_build_icmp(f, KILN_ICOND_NE, i64, exponent, imm(t, 0));
  if (of_most) {
    kiln_value invalid = binary(t, KILN_OP_XOR, i8, leading, normal);
    result = binary(t, KILN_OP_OR, i8, result, invalid);
  } else {
    kiln_value valid = kiln_build_icmp(f, KILN_ICOND_EQ, i8, leading, normal);
    result = binary(t, KILN_OP_AND, i8, result, valid);
  }
  if (of_pseudo == of_most) return result;
  kiln_value pseudo = kiln_build_icmp(f, KILN_ICOND_UGT, i8, leading, normal);
  if (of_pseudo) return binary(t, KILN_OP_OR, i8, result, pseudo);
  pseudo = binary(t, KILN_OP_XOR, i8, pseudo, imm(t, 1));
  return binary(t, KILN_OP_AND, i8, result, pseudo);
}

kiln_value kn_bc_fp_class(struct kn_bc *r, kiln_value x, const struct kn_bc_type *type,
                          unsigned mask) {
  unsigned width = type->bits;
  struct test t = {r, width > 64    ? KILN_TYPE_I128
                      : width == 64 ? KILN_TYPE_I64
                      : width == 32 ? KILN_TYPE_I32
                                    : KILN_TYPE_I16};
  kiln_value result = test_classes(&t, x, type, mask);
  return width == 80 ? answer_invalid(&t, x, mask, result) : result;
}
