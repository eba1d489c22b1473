/* Two operations in one instruction: a product or a shifted value within a sum, and bit fields, which the IR
 * expresses as shifts, masks and extensions. The first one waits (KN_VF_WAITS) if the second can do both; the second
 * reads the operands of the first, and drops it, which drops these. Called by the lowerings of either. Invariant: an
 * operation waits only if its reader's lowering takes it on every path. */
#include "targets/aarch64/a64.h"

static bool defer(struct kn_walk *w, uint32_t i) {
  a64_wait(w, i);
  return true;
}
/* Value i has one reader, in its block. */
static bool alone(const struct kn_walk *w, uint32_t i) {
  return w->val[i].uses == 1 && w->val[i].flags == 0;
}
static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

/* ---- operands of sums ---- */

/* True if `in` is a sum that product or shifted value i can be a part of, with its other operand in a register;
 * `logic`: also and, or, xor. */
static bool takes_part(const struct kn_inst *in, uint32_t i, bool logic) {
  bool sum = in->op == KILN_OP_ADD || in->op == KILN_OP_SUB;
  if (!sum && !(logic && (in->op == KILN_OP_AND || in->op == KILN_OP_OR || in->op == KILN_OP_XOR)))
    return false;
  return (in->b == i && kn_is_value(in->a)) ||
         (in->a == i && kn_is_value(in->b) && in->op != KILN_OP_SUB);
}

bool a64_defer_product(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i, reader = i + 1;
  if (a64_is_narrow(in->type) || !alone(w, i)) return false;
  if (w->inst[reader].op == KILN_OP_LOAD) reader++; /* changes nothing that the product reads */
  return takes_part(&w->inst[reader], i, false) && w->val[reader].uses && defer(w, i);
}

/* The kind of shift and the count, if `part`, which waits, is an operand shifted by a constant.
 * False if it is not. */
static bool shifted(const struct kn_walk *w, const struct kn_inst *part, enum a64_shift *kind,
                    unsigned *n) {
  uint64_t bits;
  if (!a64_const(w, part->b, part->type, &bits)) return false;
  *kind = part->op == KILN_OP_LSHR ? A64_LSR : part->op == KILN_OP_ASHR ? A64_ASR : A64_LSL;
  if (part->op == KILN_OP_MUL) {
    *n = bits ? (unsigned)__builtin_ctzll(bits) : 0;
    return bits != 0 && (bits & (bits - 1)) == 0;
  }
  *n = (unsigned)bits & (a64_bits(part->type) - 1);
  return true;
}

void a64_lower_part(struct kn_walk *w, const struct kn_inst *in) {
  if (in->type == KILN_TYPE_I8) {
    a64_lower_joined(w, in);
    return;
  }
  uint32_t h = a64_deferred(w, in->b) ? in->b : in->a, other = h == in->b ? in->a : in->b;
  const struct kn_inst *part = &w->inst[h];
  enum a64_addsub sum = in->op == KILN_OP_SUB ? A64_SUB : A64_ADD;
  bool extends = part->op == KILN_OP_SEXT || part->op == KILN_OP_ZEXT;
  enum a64_shift kind = A64_LSL;
  unsigned sf = a64_sf(in->type), n = 0, c = A64_ZR;
  bool shifts = !extends && shifted(w, part, &kind, &n);
  unsigned a = kn_reg(w, other, in->type), b = kn_reg(w, part->a, extends ? part->x : in->type);
  if (!extends && !shifts) c = kn_reg(w, part->b, in->type);
  kn_drop(w, in->a); /* and with it the operands of `part` */
  kn_drop(w, in->b);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  if (extends)
    a64_emit(w, a64_addsub_ext(sum, 1, d, a, b, part->op == KILN_OP_SEXT ? A64_SXTW : A64_UXTW, 0));
  else if (!shifts)
    a64_emit(w, sum == A64_SUB ? a64_msub(sf, d, b, c, a) : a64_madd(sf, d, b, c, a));
  else if (in->op == KILN_OP_ADD || in->op == KILN_OP_SUB)
    a64_emit(w, a64_addsub_reg(sum, sf, d, a, b, kind, n));
  else
    a64_emit(w, a64_logic_reg(in->op == KILN_OP_AND  ? A64_AND
                              : in->op == KILN_OP_OR ? A64_ORR
                                                     : A64_EOR,
                              sf, d, a, b, kind, n));
  a64_done(w, in, d);
}

/* ---- bit fields ---- */

/* `width` bits of a value: from bit `lsb` to bit 0, or `insert`: from bit 0 to bit `lsb`; zeros or signs
 * above. */
struct field {
  unsigned sf, lsb, width;
  bool insert, sign;
};

/* If constant h of `type` is ones only, from bit 0 on: how many; else 0. */
static unsigned low_ones(const struct kn_walk *w, uint32_t h, unsigned type, unsigned shifted) {
  uint64_t bits;
  if (!a64_const(w, h, type, &bits)) return 0;
  bits >>= shifted;
  return bits & (bits + 1) ? 0 : (unsigned)__builtin_popcountll(bits);
}
static bool count_of(const struct kn_walk *w, const struct kn_inst *in, unsigned *n) {
  uint64_t bits;
  if (!a64_const(w, in->b, in->type, &bits)) return false;
  *n = (unsigned)bits & (a64_bits(in->type) - 1);
  return true;
}

/* True if `second`, which reads `first`, both of at most 64 bits, gives a bit field of the operand of `first`: *x. An
 * extension may take only a part of `first`. */
static bool field_of(const struct kn_walk *w, const struct kn_inst *first,
                     const struct kn_inst *second, struct field *x) {
  unsigned bits = a64_bits(first->type), n, m, ones;
  *x = (struct field){.sf = a64_sf(second->type)};
  switch (second->op) {
  case KILN_OP_AND:
    if (!count_of(w, first, &n)) return false;
    x->insert = first->op == KILN_OP_SHL;
    ones = low_ones(w, second->b, second->type, x->insert ? n : 0);
    if (ones == 0 || (first->op == KILN_OP_ASHR && n + ones > bits)) return false;
    x->lsb = n;
    x->width = least(ones, bits - n);
    return true;
  case KILN_OP_SHL:
    if (!count_of(w, second, &n)) return false;
    x->insert = true;
    x->lsb = n;
    x->sign = first->op == KILN_OP_SEXT;
    ones = first->op == KILN_OP_AND ? low_ones(w, first->b, first->type, 0) : a64_bits(first->x);
    x->width = least(ones, bits - n);
    return ones != 0;
  case KILN_OP_LSHR:
  case KILN_OP_ASHR:
    if (first->op != KILN_OP_SHL || !count_of(w, first, &n) || !count_of(w, second, &m))
      return false;
    x->sign = second->op == KILN_OP_ASHR;
    x->insert = m < n;
    x->lsb = x->insert ? n - m : m - n;
    x->width = bits - (x->insert ? n : m);
    return true;
  case KILN_OP_ZEXT:
  case KILN_OP_SEXT:
    if (!count_of(w, first, &n)) return false;
    ones = a64_bits(second->x);
    x->sf |= a64_sf(first->type);
    x->lsb = n;
    x->sign = second->op == KILN_OP_SEXT;
    if (n + ones > bits) { /* it also has bits that the shift brought in */
      if (first->op == KILN_OP_ASHR && !x->sign) return false;
      if (first->op == KILN_OP_LSHR) x->sign = false;
      ones = bits - n;
    }
    x->width = ones;
    return true;
  default: return false;
  }
}

static bool is_extension(const struct kn_inst *in) {
  return (in->op == KILN_OP_ZEXT || in->op == KILN_OP_SEXT) && in->type <= KILN_TYPE_I64;
}

/* ICMP `next` of AND `in`, right after it, is a tst. */
static bool is_test(const struct kn_walk *w, const struct kn_inst *in, const struct kn_inst *next) {
  uint64_t bits;
  uint32_t field;
  if (next->a != w->i || next->x > KILN_ICOND_NE || w->val[w->i + 1].uses == 0) return false;
  if (!a64_const(w, next->b, next->type, &bits) || bits != 0) return false;
  if (!a64_const(w, in->b, in->type, &bits)) return !a64_is_narrow(in->type) && kn_is_value(in->b);
  return a64_bitmask(a64_sf(in->type), bits, &field);
}

bool a64_defer(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  const struct kn_inst *next = in + 1;
  struct field x;
  if (!alone(w, i)) return false;
  bool right = in->op == KILN_OP_LSHR || in->op == KILN_OP_ASHR;
  switch (next->op) {
  case KILN_OP_AND:
  case KILN_OP_OR:
  case KILN_OP_XOR:
  case KILN_OP_ADD:
  case KILN_OP_SUB:
    if (!right && in->op != KILN_OP_SHL) return false;
    if (takes_part(next, i, true)) return !a64_is_narrow(in->type) && defer(w, i);
    return next->op == KILN_OP_AND && next->a == i && field_of(w, in, next, &x) && defer(w, i);
  case KILN_OP_SHL:
    return !right && in->op != KILN_OP_SHL && next->a == i && field_of(w, in, next, &x) &&
           defer(w, i);
  case KILN_OP_LSHR:
  case KILN_OP_ASHR: return next->a == i && field_of(w, in, next, &x) && defer(w, i);
  case KILN_OP_TRUNC:
    return right && next->a == i && alone(w, i + 1) && is_extension(in + 2) && in[2].a == i + 1 &&
           field_of(w, in, in + 2, &x) && defer(w, i);
  case KILN_OP_ICMP: return in->op == KILN_OP_AND && is_test(w, in, next) && defer(w, i);
  default: return false;
  }
}

void a64_lower_field(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_inst *first = &w->inst[in->a];
  struct field x;
  if (in->op == KILN_OP_TRUNC) { /* the next instruction does all three */
    a64_wait(w, w->i);
    return;
  }
  if (first->op == KILN_OP_TRUNC) first = &w->inst[first->a];
  field_of(w, first, in, &x);
  unsigned a = kn_reg(w, first->a, first->type);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, a, 0);
  unsigned top = x.sf ? 63 : 31, at = x.insert ? (0 - x.lsb) & top : x.lsb;
  a64_emit(w, a64_bfm(x.sign ? A64_SBFM : A64_UBFM, x.sf, d, a, at,
                      x.insert ? x.width - 1 : x.lsb + x.width - 1));
  if (!x.sign || (x.sf == 0 && in->type == KILN_TYPE_I32)) a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
}
