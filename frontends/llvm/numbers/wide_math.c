/* Integers of more than 128 bits: division, conversions from and to floats, intrinsics. Called by wide.c and
 * intrinsics/integer.c. Invariant: a division ends the Kiln block; the LLVM block goes on in another one. */
#include "numbers/wide.h"

#include <string.h>

static kiln_value imm(struct kn_bc *r, int64_t v) { return kiln_const_int(r->f, v); }
static kiln_value binary(struct kn_bc *r, kiln_op op, kiln_value a, kiln_value b) {
  return kiln_build_binary(r->f, op, KILN_TYPE_I64, a, b);
}
static kiln_value select(struct kn_bc *r, kiln_value c, kiln_value a, kiln_value b) {
  return kiln_build_select(r->f, KILN_TYPE_I64, c, a, b);
}
static kiln_value convert(struct kn_bc *r, kiln_op op, kiln_type to, kiln_type from, kiln_value v) {
  return to == from ? v : kiln_build_convert(r->f, op, to, from, v);
}

/* Negates `v` where `mask` is all ones; where it is 0, v stays. */
static void negate_if(struct kn_bc *r, unsigned n, kiln_value mask, kiln_value *v) {
  kiln_value masks[KN_BC_MAX_WORDS], x[KN_BC_MAX_WORDS];
  for (unsigned i = 0; i < n; i++) {
    masks[i] = mask;
    x[i] = binary(r, KILN_OP_XOR, v[i], mask);
  }
  kn_wide_sum(r, true, n, x, masks, v);
}

/* ---- division ---- */

/* A loop that shifts the dividend, a bit at a time, into the remainder, and the quotient's bits in after it. The words
 * are variables. */
static void divide(struct kn_bc *r, unsigned n, const kiln_value *x, const kiln_value *y,
                   kiln_value *quotient, kiln_value *remainder) {
  kiln_func *f = r->f;
  const kiln_type t = KILN_TYPE_I64;
  kiln_value slots[2 * KN_BC_MAX_WORDS], count = kiln_slot_new(f, 8, 3);
  for (unsigned i = 0; i < 2 * n; i++) {
    slots[i] = kiln_slot_new(f, 8, 3);
    kiln_build_store(f, t, slots[i], 0, i < n ? x[i] : imm(r, 0), 0);
  }
  kiln_build_store(f, t, count, 0, imm(r, 64 * n), 0);
  kiln_block loop = kiln_block_new(f), behind = kiln_block_new(f);
  kiln_build_br(f, loop, NULL, 0);
  kiln_block_switch(f, loop);
  kiln_value w[2 * KN_BC_MAX_WORDS], less[KN_BC_MAX_WORDS];
  for (unsigned i = 0; i < 2 * n; i++) w[i] = kiln_build_load(f, t, slots[i], 0, 0);
  kiln_value out = binary(r, KILN_OP_LSHR, w[2 * n - 1], imm(r, 63)); /* the bit that leaves */
  for (unsigned i = 2 * n; i-- > 1;)
    w[i] = kiln_build_ternary(f, KILN_OP_FSHL, t, w[i], w[i - 1], imm(r, 1));
  w[0] = binary(r, KILN_OP_SHL, w[0], imm(r, 1));
  kiln_value borrow = imm(r, 0);
  for (unsigned i = 0; i < n; i++) {
    kiln_value d = binary(r, KILN_OP_SUB, w[n + i], y[i]);
    kiln_value a = kiln_build_icmp(f, KILN_ICOND_ULT, t, w[n + i], y[i]);
    kiln_value b = kiln_build_icmp(f, KILN_ICOND_ULT, t, d, borrow);
    less[i] = binary(r, KILN_OP_SUB, d, borrow);
    borrow = convert(r, KILN_OP_ZEXT, t, KILN_TYPE_I8,
                     kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I8, a, b));
  }
  kiln_value fits = binary(r, KILN_OP_XOR, borrow, imm(r, 1));
  fits = binary(r, KILN_OP_OR, fits, out);
  w[0] = binary(r, KILN_OP_OR, w[0], fits);
  kiln_value mask = kiln_build_unary(f, KILN_OP_NEG, t, fits);
  for (unsigned i = 0; i < n; i++) { /* the remainder, less the divisor if that fits in */
    kiln_value change = binary(r, KILN_OP_XOR, w[n + i], less[i]);
    change = binary(r, KILN_OP_AND, change, mask);
    w[n + i] = binary(r, KILN_OP_XOR, w[n + i], change);
  }
  for (unsigned i = 0; i < 2 * n; i++) kiln_build_store(f, t, slots[i], 0, w[i], 0);
  kiln_value left = kiln_build_load(f, t, count, 0, 0);
  left = binary(r, KILN_OP_SUB, left, imm(r, 1));
  kiln_build_store(f, t, count, 0, left, 0);
  kiln_build_brif(f, kiln_build_icmp(f, KILN_ICOND_NE, t, left, imm(r, 0)), loop, NULL, 0, behind,
                  NULL, 0);
  kn_bc_split_to(r, behind);
  for (unsigned i = 0; i < n; i++) {
    quotient[i] = kiln_build_load(f, t, slots[i], 0, 0);
    remainder[i] = kiln_build_load(f, t, slots[n + i], 0, 0);
  }
}

void kn_wide_divide(struct kn_bc *r, unsigned op, const struct kn_bc_type *t, kiln_value *x,
                    kiln_value *y, kiln_value *out) {
  bool is_signed = op == BINOP_SDIV || op == BINOP_SREM,
       rest = op == BINOP_UREM || op == BINOP_SREM;
  unsigned n = kn_wide_words(t);
  kiln_value other[KN_BC_MAX_WORDS], sx = {0}, sy = {0};
  kn_wide_extend(r, t, is_signed, x, n);
  kn_wide_extend(r, t, is_signed, y, n);
  if (is_signed) {
    sx = binary(r, KILN_OP_ASHR, x[n - 1], imm(r, 63));
    sy = binary(r, KILN_OP_ASHR, y[n - 1], imm(r, 63));
    negate_if(r, n, sx, x);
    negate_if(r, n, sy, y);
  }
  divide(r, n, x, y, rest ? other : out, rest ? out : other);
  if (is_signed) negate_if(r, n, rest ? sx : binary(r, KILN_OP_XOR, sx, sy), out);
}

/* ---- bit counts ---- */

/* Zero bits above the highest bit of `n` words that is set, or below the lowest one; 64 * n of zero. */
static kiln_value zeros(struct kn_bc *r, bool leading, unsigned n, const kiln_value *v) {
  kiln_value count = imm(r, 64 * n);
  for (unsigned k = 0; k < n; k++) { /* the word that decides is the last one that is not 0 */
    unsigned i = leading ? k : n - 1 - k;
    kiln_value c = kiln_build_unary(r->f, leading ? KILN_OP_CLZ : KILN_OP_CTZ, KILN_TYPE_I64, v[i]);
    c = binary(r, KILN_OP_ADD, c, imm(r, 64 * (leading ? n - 1 - i : i)));
    count =
      select(r, kiln_build_icmp(r->f, KILN_ICOND_NE, KILN_TYPE_I64, v[i], imm(r, 0)), c, count);
  }
  return count;
}

/* ---- floats ---- */

/* An integer of `n` words from bit words: the two highest of them after the leading zeros. */
kiln_value kn_wide_to_float(struct kn_bc *r, bool is_signed, const struct kn_bc_type *from,
                            kiln_value *v, const struct kn_bc_type *to) {
  kiln_func *f = r->f;
  unsigned n = kn_wide_words(from);
  const kiln_type i128 = KILN_TYPE_I128;
  if (to->soft == SOFT_BFLOAT || from->bits > 512)
    return kn_bc_none(kn_bc_unsupported(r, "this cast of integers wider than 128 bits"));
  kn_wide_extend(r, from, is_signed, v, n);
  kiln_value sign = {0}, up[KN_BC_MAX_WORDS + 1];
  if (is_signed) {
    sign = binary(r, KILN_OP_ASHR, v[n - 1], imm(r, 63));
    negate_if(r, n, sign, v);
  }
  /* the highest 128 bits, of which the lowest says whether there is something after them */
  kiln_value lead = zeros(r, true, n, v);
  lead = binary(r, KILN_OP_UMIN, lead, imm(r, 64 * n - 128));
  kn_wide_shift(r, n, false, v, imm(r, 0), lead, up);
  kiln_value behind = imm(r, 0);
  for (unsigned i = 0; i + 2 < n; i++) behind = binary(r, KILN_OP_OR, up[i], behind);
  kiln_value more = kiln_build_icmp(f, KILN_ICOND_NE, KILN_TYPE_I64, behind, imm(r, 0));
  up[n - 2] =
    binary(r, KILN_OP_OR, up[n - 2], convert(r, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I8, more));
  kiln_value low = convert(r, KILN_OP_ZEXT, i128, KILN_TYPE_I64, up[n - 2]);
  kiln_value high = convert(r, KILN_OP_ZEXT, i128, KILN_TYPE_I64, up[n - 1]);
  high = kiln_build_binary(f, KILN_OP_SHL, i128, high, imm(r, 64));
  kiln_value top = kiln_build_binary(f, KILN_OP_OR, i128, high, low);
  /* the power of two that it is to be multiplied with */
  kiln_value scale = binary(r, KILN_OP_SUB, imm(r, 1023 + 64 * n - 128), lead);
  scale = binary(r, KILN_OP_SHL, scale, imm(r, 52));
  scale = convert(r, KILN_OP_BITCAST, KILN_TYPE_F64, KILN_TYPE_I64, scale);
  const struct kn_bc_type as_f32 = {.kind = TK_FLOAT, .ktype = KILN_TYPE_F32, .bits = 32};
  const struct kn_bc_type *as = kn_bc_is_short(to) ? &as_f32 : to;
  kiln_type ft = (kiln_type)as->ktype;
  kiln_value x[2];
  if (as->soft == SOFT_QUAD) {
    x[0] = kn_bc_library(r, "__floatuntitf", &i128, &top, 1, ft);
    x[1] = kn_bc_library(r, "__extenddftf2", (kiln_type[]){KILN_TYPE_F64}, &scale, 1, ft);
  } else {
    x[0] = kiln_build_convert(f, KILN_OP_UITOF, ft, i128, top);
    x[1] = convert(r, ft == KILN_TYPE_F32 ? KILN_OP_FDEMOTE : KILN_OP_FPROMOTE, ft, KILN_TYPE_F64,
                   scale);
  }
  kiln_value v2 = kn_bc_float_op(r, as, KILN_OP_FMUL, x, 2);
  if (is_signed) {
    kiln_value minus = kn_bc_float_op(r, as, KILN_OP_FNEG, &v2, 1);
    v2 = kiln_build_select(f, ft, kiln_build_icmp(f, KILN_ICOND_NE, KILN_TYPE_I64, sign, imm(r, 0)),
                           minus, v2);
  }
  return kn_bc_soft_narrow(r, to, KILN_TYPE_F32, v2);
}

/* The significand of a float with its leading one, as two words, the exponent of its lowest bit, and all ones if it is
 * negative. */
static void take_apart(struct kn_bc *r, const struct kn_bc_type *t, kiln_value v, kiln_value *m,
                       kiln_value *exponent, kiln_value *sign) {
  kiln_func *f = r->f;
  kiln_type kt = (kiln_type)t->ktype;
  if (t->bits <= 64) {
    v = kn_bc_soft_widen(r, t, v);
    if (kn_bc_is_short(t)) kt = KILN_TYPE_F32;
    v = convert(r, KILN_OP_FPROMOTE, KILN_TYPE_F64, kt, v);
    v = convert(r, KILN_OP_BITCAST, KILN_TYPE_I64, KILN_TYPE_F64, v);
    m[0] = binary(r, KILN_OP_AND, v, imm(r, (INT64_C(1) << 52) - 1));
    m[0] = binary(r, KILN_OP_OR, m[0], imm(r, INT64_C(1) << 52));
    m[1] = imm(r, 0);
    *sign = v;
    *exponent = binary(r, KILN_OP_LSHR, v, imm(r, 52));
    *exponent = binary(r, KILN_OP_AND, *exponent, imm(r, 0x7ff));
    *exponent = binary(r, KILN_OP_SUB, *exponent, imm(r, 1023 + 52));
  } else {
    bool x87 = t->bits == 80;
    v = x87 ? kn_bc_x87_bits(r, v) : convert(r, KILN_OP_BITCAST, KILN_TYPE_I128, kt, v);
    kn_bc_split_i128(f, v, m);
    *exponent = v = m[1];
    if (x87) {
      m[1] = imm(r, 0);
      *sign = binary(r, KILN_OP_SHL, v, imm(r, 48));
    } else {
      m[1] = binary(r, KILN_OP_AND, v, imm(r, (INT64_C(1) << 48) - 1));
      m[1] = binary(r, KILN_OP_OR, m[1], imm(r, INT64_C(1) << 48));
      *sign = v;
      *exponent = binary(r, KILN_OP_LSHR, v, imm(r, 48));
    }
    *exponent = binary(r, KILN_OP_AND, *exponent, imm(r, 0x7fff));
    *exponent = binary(r, KILN_OP_SUB, *exponent, imm(r, 16383 + (x87 ? 63 : 112)));
  }
  *sign = binary(r, KILN_OP_ASHR, *sign, imm(r, 63));
}

bool kn_wide_from_float(struct kn_bc *r, uint32_t id, uint32_t from, const struct kn_bc_type *t,
                        kiln_value *out) {
  const struct kn_bc_type *ft = &r->types.at[from];
  const kiln_type i128 = KILN_TYPE_I128;
  kiln_func *f = r->f;
  if (ft->kind != TK_FLOAT && ft->kind != TK_SOFT) return false;
  unsigned n = kn_wide_words(t);
  kiln_value v[KN_BC_MAX_WORDS], exponent, sign, m[2];
  take_apart(r, ft, kn_bc_use(r, id, from), m, &exponent, &sign);
  /* a fraction is shifted out first */
  kiln_value back = binary(r, KILN_OP_SUB, imm(r, 0), exponent);
  back = binary(r, KILN_OP_SMAX, back, imm(r, 0));
  back = binary(r, KILN_OP_SMIN, back, imm(r, 127));
  kiln_value low = convert(r, KILN_OP_ZEXT, i128, KILN_TYPE_I64, m[0]);
  kiln_value high = convert(r, KILN_OP_ZEXT, i128, KILN_TYPE_I64, m[1]);
  high = kiln_build_binary(f, KILN_OP_SHL, i128, high, imm(r, 64));
  low = kiln_build_binary(f, KILN_OP_OR, i128, low, high);
  low = kiln_build_binary(f, KILN_OP_LSHR, i128, low,
                          convert(r, KILN_OP_ZEXT, i128, KILN_TYPE_I64, back));
  v[0] = convert(r, KILN_OP_TRUNC, KILN_TYPE_I64, i128, low);
  high = kiln_build_binary(f, KILN_OP_LSHR, i128, low, imm(r, 64));
  v[1] = convert(r, KILN_OP_TRUNC, KILN_TYPE_I64, i128, high);
  for (unsigned i = 2; i < n; i++) v[i] = imm(r, 0);
  kiln_value forth = binary(r, KILN_OP_SMAX, exponent, imm(r, 0));
  kn_wide_shift(r, n, false, v, imm(r, 0), forth, out);
  negate_if(r, n, sign, out);
  return true;
}

/* ---- intrinsics ---- */

static void number(struct kn_bc *r, uint32_t type, kiln_value v) {
  kiln_value out[KN_BC_MAX_WORDS];
  out[0] = v;
  for (unsigned i = 1; i < kn_wide_words(&r->types.at[type]); i++) out[i] = imm(r, 0);
  kn_wide_define(r, type, out);
}

void kn_bc_wide_bits(struct kn_bc *r, unsigned op, uint32_t a, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  unsigned n = kn_wide_words(t), gap = 64 * n - t->bits;
  kiln_value v[KN_BC_MAX_WORDS], out[KN_BC_MAX_WORDS], sum;
  if (!kn_wide_parts(r, a, type, v)) return;
  kn_wide_clear_top(r, t, v);
  switch (op) {
  case KILN_OP_POPCNT:
    sum = imm(r, 0);
    for (unsigned i = 0; i < n; i++)
      sum =
        binary(r, KILN_OP_ADD, kiln_build_unary(r->f, KILN_OP_POPCNT, KILN_TYPE_I64, v[i]), sum);
    number(r, type, sum);
    return;
  case KILN_OP_CLZ:
    number(r, type, binary(r, KILN_OP_SUB, zeros(r, true, n, v), imm(r, gap)));
    return;
  case KILN_OP_CTZ:
    number(r, type, binary(r, KILN_OP_UMIN, zeros(r, false, n, v), imm(r, t->bits)));
    return;
  case KILN_OP_BSWAP:
  case KILN_OP_BITREV:
    for (unsigned i = 0; i < n; i++)
      out[i] = kiln_build_unary(r->f, (kiln_op)op, KILN_TYPE_I64, v[n - 1 - i]);
    for (unsigned i = 0; gap && i < n; i++)
      out[i] = kiln_build_ternary(r->f, KILN_OP_FSHR, KILN_TYPE_I64,
                                  i + 1 < n ? out[i + 1] : imm(r, 0), out[i], imm(r, gap));
    kn_wide_define(r, type, out);
    return;
  case KILN_OP_ABS:
    kn_wide_sign_top(r, t, v);
    negate_if(r, n, binary(r, KILN_OP_ASHR, v[n - 1], imm(r, 63)), v);
    kn_wide_define(r, type, v);
    return;
  default: kn_bc_unsupported(r, "this intrinsic on integers wider than 128 bits"); return;
  }
}

void kn_bc_wide_end(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type) {
  kiln_icond cond = op == KILN_OP_SMIN   ? KILN_ICOND_SLT
                    : op == KILN_OP_SMAX ? KILN_ICOND_SGT
                    : op == KILN_OP_UMIN ? KILN_ICOND_ULT
                                         : KILN_ICOND_UGT;
  kiln_value first = kn_bc_wide_icmp(r, cond, a, b, type), x[KN_BC_MAX_WORDS], y[KN_BC_MAX_WORDS];
  if (!kn_wide_parts(r, a, type, x) || !kn_wide_parts(r, b, type, y)) return;
  for (unsigned i = 0; i < kn_wide_words(&r->types.at[type]); i++)
    x[i] = select(r, first, x[i], y[i]);
  kn_wide_define(r, type, x);
}

void kn_bc_wide_funnel(struct kn_bc *r, bool left, uint32_t a, uint32_t b, uint32_t c,
                       uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  unsigned n = kn_wide_words(t);
  kiln_value both[2 * KN_BC_MAX_WORDS + 1], by[KN_BC_MAX_WORDS], out[2 * KN_BC_MAX_WORDS + 1];
  if (t->bits & (t->bits - 1) || 2 * n > KN_BC_MAX_WORDS) { /* the count is modulo the width */
    kn_bc_unsupported(r, "this intrinsic on integers wider than 128 bits");
    return;
  }
  if (!kn_wide_parts(r, b, type, both) || !kn_wide_parts(r, a, type, both + n) ||
      !kn_wide_parts(r, c, type, by))
    return;
  by[0] = binary(r, KILN_OP_AND, by[0], imm(r, t->bits - 1));
  kn_wide_shift(r, 2 * n, !left, both, imm(r, 0), by[0], out);
  kn_wide_define(r, type, left ? out + n : out);
}

kiln_value kn_bc_wide_order(struct kn_bc *r, bool is_signed, uint32_t a, uint32_t b,
                            uint32_t type) {
  kiln_value more = kn_bc_wide_icmp(r, is_signed ? KILN_ICOND_SGT : KILN_ICOND_UGT, a, b, type);
  kiln_value less = kn_bc_wide_icmp(r, is_signed ? KILN_ICOND_SLT : KILN_ICOND_ULT, a, b, type);
  return kiln_build_binary(r->f, KILN_OP_SUB, KILN_TYPE_I8, more, less);
}
