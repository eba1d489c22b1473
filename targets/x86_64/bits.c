/* Integer operations with more than one instruction: minimum and maximum, overflow, saturation, and
 * those on one operand that count, reverse or invert bits. Up to 64 bits. */
#include "targets/x86_64/x64.h"

/* ---- minimum, overflow, saturation ---- */

/* Operand in a temporary of its own, extended to 32 bits if narrower. */
static unsigned copy_extended(struct kn_walk *w, uint32_t h, unsigned type, bool sign) {
  unsigned r = kn_reg(w, h, type);
  unsigned t = kn_temp(w, KN_GP_MASK);
  if (x64_size(type) < 2) x64_extend(w, t, r, type, sign, false);
  else x64_mov(w, x64_op_size(type), t, r);
  return t;
}

void x64_lower_minmax(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, size = x64_op_size(type);
  bool sign = in->op == KILN_OP_SMIN || in->op == KILN_OP_SMAX;
  unsigned cc = in->op == KILN_OP_SMIN   ? X64_G
                : in->op == KILN_OP_SMAX ? X64_L
                : in->op == KILN_OP_UMIN ? X64_A
                                         : X64_B;
  unsigned ta = copy_extended(w, in->a, type, sign);
  unsigned rb = x64_size(type) < 2 ? copy_extended(w, in->b, type, sign) : kn_reg(w, in->b, type);
  EMIT(w, x64_rr, X64_CMP, size, ta, rb);
  EMIT(w, x64_rr, X64_CMOV + cc, size, ta, rb);
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, type, ta);
}

void x64_lower_overflow(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, size = x64_size(type), cc = X64_O, t;
  if (in->op == KILN_OP_UMULO || (in->op == KILN_OP_SMULO && size == 0)) {
    /* the wider product shows the overflow */
    if (size >= 2) {
      x64_dividend(w, in->a, type, false);
      unsigned rb = kn_reg(w, in->b, type);
      KN_LOG(w, KN_EV_WRITE, 0, X64_RDX);
      EMIT(w, x64_unary_r, X64_G_MUL, size, rb);
      t = X64_RAX;
    } else {
      bool sign = in->op == KILN_OP_SMULO;
      t = copy_extended(w, in->a, type, sign);
      unsigned u = copy_extended(w, in->b, type, sign);
      EMIT(w, x64_rr, X64_IMUL, 2, t, u);
      x64_extend(w, u, t, type, sign, false);
      EMIT(w, x64_rr, X64_CMP, 2, u, t);
      cc = X64_NE;
    }
  } else {
    unsigned ra = kn_reg(w, in->a, type), rb = kn_reg(w, in->b, type);
    t = kn_temp(w, KN_GP_MASK);
    x64_mov(w, x64_op_size(type), t, ra);
    unsigned op = in->op == KILN_OP_SADDO || in->op == KILN_OP_UADDO ? X64_ADD
                  : in->op == KILN_OP_SMULO                          ? X64_IMUL
                                                                     : X64_SUB;
    EMIT(w, x64_rr, op, size, t, rb);
    if (in->op == KILN_OP_UADDO || in->op == KILN_OP_USUBO) cc = X64_B;
  }
  x64_def_with_flag(w, in, t, cc);
}

void x64_lower_saturate(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, size = x64_size(type), wide = x64_op_size(type);
  bool add = in->op == KILN_OP_SADDS || in->op == KILN_OP_UADDS;
  bool sign = in->op == KILN_OP_SADDS || in->op == KILN_OP_SSUBS;
  unsigned ra = kn_reg(w, in->a, type), rb = kn_reg(w, in->b, type);
  unsigned t = kn_temp(w, KN_GP_MASK), s = X64_SCRATCH;
  x64_mov(w, wide, t, ra);
  if (sign) { /* the bound on a's side: the greatest value, or its inverse */
    x64_extend(w, s, ra, type, true, false);
    if (size == 3) x64_mov(w, 3, s, ra);
    EMIT(w, x64_shift_ri, X64_G_SAR, wide, s, wide == 3 ? 63 : 31);
    if (size == 3) {
      unsigned m = kn_temp(w, KN_GP_MASK);
      x64_const(w, m, INT64_MAX);
      EMIT(w, x64_rr, X64_XOR, 3, s, m);
    } else {
      EMIT(w, x64_alu_ri, X64_G_XOR, 2, s, (int32_t)((1u << ((8u << size) - 1)) - 1));
    }
  }
  EMIT(w, x64_rr, add ? X64_ADD : X64_SUB, size, t, rb);
  if (sign) {
    EMIT(w, x64_rr, X64_CMOV + X64_O, wide, t, s);
  } else {
    EMIT(w, x64_rr, X64_SBB, wide, s, s);
    if (add) {
      EMIT(w, x64_rr, X64_OR, wide, t, s);
    } else {
      EMIT(w, x64_unary_r, X64_G_NOT, wide, s);
      EMIT(w, x64_rr, X64_AND, wide, t, s);
    }
  }
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, type, t);
}

/* ---- one operand ---- */

void x64_lower_negate(struct kn_walk *w, const struct kn_inst *in) {
  unsigned dst = x64_take(w, in);
  EMIT(w, x64_unary_r, in->op == KILN_OP_NEG ? X64_G_NEG : X64_G_NOT, x64_op_size(in->type), dst);
  x64_set_zx(w, w->i, in->type);
  kn_defined(w, w->i, dst);
}

void x64_lower_abs(struct kn_walk *w, const struct kn_inst *in) {
  unsigned size = x64_op_size(in->type);
  unsigned a = copy_extended(w, in->a, in->type, true);
  x64_mov(w, size, X64_SCRATCH, a);
  EMIT(w, x64_unary_r, X64_G_NEG, size, a);
  EMIT(w, x64_rr, X64_CMOV + X64_S, size, a, X64_SCRATCH);
  kn_drop(w, in->a);
  kn_def_fixed(w, w->i, in->type, a);
}

/* Baseline has neither lzcnt nor tzcnt: bsr and bsf, with 0 by cmov. */
void x64_lower_clz(struct kn_walk *w, const struct kn_inst *in) {
  unsigned size = x64_op_size(in->type), bits = 8u << x64_size(in->type);
  unsigned a = copy_extended(w, in->a, in->type, false);
  x64_const(w, X64_SCRATCH, size == 3 ? 127 : bits == 32 ? 63 : 2 * bits - 1);
  EMIT(w, x64_rr, X64_BSR, size, a, a);
  EMIT(w, x64_rr, X64_CMOV + X64_E, size, a, X64_SCRATCH);
  EMIT(w, x64_alu_ri, X64_G_XOR, 2, a, (int32_t)bits - 1);
  kn_drop(w, in->a);
  kn_def_fixed(w, w->i, in->type, a);
}

void x64_lower_ctz(struct kn_walk *w, const struct kn_inst *in) {
  unsigned size = x64_op_size(in->type), bits = 8u << x64_size(in->type);
  unsigned a = copy_extended(w, in->a, in->type, false);
  if (bits < 32) { /* a bit after the value stops the search */
    EMIT(w, x64_alu_ri, X64_G_OR, 2, a, (int32_t)(1u << bits));
    EMIT(w, x64_rr, X64_BSF, 2, a, a);
  } else {
    x64_const(w, X64_SCRATCH, bits);
    EMIT(w, x64_rr, X64_BSF, size, a, a);
    EMIT(w, x64_rr, X64_CMOV + X64_E, size, a, X64_SCRATCH);
  }
  kn_drop(w, in->a);
  kn_def_fixed(w, w->i, in->type, a);
}

/* t = r >> n & mask; r &= mask: the step of popcount and bit reversal. Uses m. */
static void split_bits(struct kn_walk *w, unsigned size, unsigned r, unsigned t, unsigned m,
                       unsigned n, uint64_t mask) {
  x64_const(w, m, size == 3 ? mask : (uint32_t)mask);
  x64_mov(w, size, t, r);
  EMIT(w, x64_rr, X64_AND, size, r, m);
  EMIT(w, x64_shift_ri, X64_G_SHR, size, t, n);
  EMIT(w, x64_rr, X64_AND, size, t, m);
}
static const uint64_t bit_masks[3] = {UINT64_C(0x5555555555555555), UINT64_C(0x3333333333333333),
                                      UINT64_C(0x0f0f0f0f0f0f0f0f)};

/* Warren, Hacker's Delight, 5-1: counting bits in parallel. */
void x64_count_bits(struct kn_walk *w, unsigned size, unsigned r, unsigned m) {
  for (unsigned k = 0; k < 3; k++) {
    split_bits(w, size, r, X64_SCRATCH, m, 1u << k, bit_masks[k]);
    EMIT(w, x64_rr, X64_ADD, size, r, X64_SCRATCH);
  }
  x64_const(w, m, size == 3 ? UINT64_C(0x0101010101010101) : 0x01010101);
  EMIT(w, x64_rr, X64_IMUL, size, r, m);
  EMIT(w, x64_shift_ri, X64_G_SHR, size, r, size == 3 ? 56 : 24);
}

static void reverse_bits(struct kn_walk *w, unsigned size, unsigned r, unsigned m) {
  EMIT(w, x64_bswap, size, r);
  for (unsigned k = 0; k < 3; k++) {
    split_bits(w, size, r, X64_SCRATCH, m, 1u << k, bit_masks[k]);
    EMIT(w, x64_shift_ri, X64_G_SHL, size, r, 1u << k);
    EMIT(w, x64_rr, X64_OR, size, r, X64_SCRATCH);
  }
}

void x64_lower_popcnt(struct kn_walk *w, const struct kn_inst *in) {
  unsigned r = copy_extended(w, in->a, in->type, false);
  unsigned m = kn_temp(w, KN_GP_MASK);
  x64_count_bits(w, x64_op_size(in->type), r, m);
  kn_drop(w, in->a);
  kn_def_fixed(w, w->i, in->type, r);
}

void x64_lower_bitrev(struct kn_walk *w, const struct kn_inst *in) {
  unsigned bits = 8u << x64_size(in->type);
  unsigned r = copy_extended(w, in->a, in->type, false);
  unsigned m = kn_temp(w, KN_GP_MASK);
  reverse_bits(w, x64_op_size(in->type), r, m);
  if (bits < 32) EMIT(w, x64_shift_ri, X64_G_SHR, 2, r, 32 - bits);
  kn_drop(w, in->a);
  kn_def_fixed(w, w->i, in->type, r);
}

void x64_lower_byteswap(struct kn_walk *w, const struct kn_inst *in) {
  unsigned dst = x64_take(w, in);
  if (x64_size(in->type) >= 2) EMIT(w, x64_bswap, x64_size(in->type), dst);
  else if (x64_size(in->type) == 1) EMIT(w, x64_shift_ri, X64_G_ROL, 1, dst, 8);
  kn_defined(w, w->i, dst);
}

void x64_lower_copy(struct kn_walk *w, const struct kn_inst *in) {
  unsigned dst;
  if (kn_is_value(in->a)) {
    dst = x64_take(w, in);
  } else {
    dst = kn_def(w, w->i, in->type, KN_NO_REG, 0);
    x64_hook_constant(w, dst, in->a, in->type);
  }
  kn_defined(w, w->i, dst);
}
