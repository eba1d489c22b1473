/* Float operations and conversions of f32 and f64 for AArch64. Called by the walk's loop. Rounding,
 * minimum, maximum and fused multiplication are single instructions here. Invariant: as everywhere,
 * the result's register is written last. */
#include "targets/aarch64/a64.h"

void a64_lower_fbin(struct kn_walk *w, const struct kn_inst *in) {
  static const uint8_t ops[KILN_OP_COUNT] = {
    [KILN_OP_FADD] = A64_FADD,     [KILN_OP_FSUB] = A64_FSUB,    [KILN_OP_FMUL] = A64_FMUL,
    [KILN_OP_FDIV] = A64_FDIV,     [KILN_OP_FMIN] = A64_FMINNM,  [KILN_OP_FMAX] = A64_FMAXNM,
    [KILN_OP_FMINIMUM] = A64_FMIN, [KILN_OP_FMAXIMUM] = A64_FMAX};
  unsigned a = kn_reg(w, in->a, in->type), b = kn_reg(w, in->b, in->type);
  kn_drop_operands(w, in);
  unsigned d = kn_def(w, w->i, in->type, a, 0);
  a64_emit(w, a64_fop2((enum a64_fop2)ops[in->op], a64_ft(in->type), a64_v(d), a64_v(a), a64_v(b)));
  kn_defined(w, w->i, d);
}

void a64_lower_fun(struct kn_walk *w, const struct kn_inst *in) {
  static const uint8_t ops[KILN_OP_COUNT] = {
    [KILN_OP_FNEG] = A64_FNEG,     [KILN_OP_FABS] = A64_FABS,
    [KILN_OP_FSQRT] = A64_FSQRT,   [KILN_OP_FFLOOR] = A64_FRINTM,
    [KILN_OP_FCEIL] = A64_FRINTP,  [KILN_OP_FTRUNC] = A64_FRINTZ,
    [KILN_OP_FROUND] = A64_FRINTA, [KILN_OP_FROUNDEVEN] = A64_FRINTN,
    [KILN_OP_FRINT] = A64_FRINTX,  [KILN_OP_FNEARBYINT] = A64_FRINTI};
  unsigned a = kn_reg(w, in->a, in->type);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, a, 0);
  a64_emit(w, a64_fop1((enum a64_fop1)ops[in->op], a64_ft(in->type), a64_v(d), a64_v(a)));
  kn_defined(w, w->i, d);
}

void a64_lower_fma(struct kn_walk *w, const struct kn_inst *in) {
  unsigned a = kn_reg(w, in->a, in->type), b = kn_reg(w, in->b, in->type),
           c = kn_reg(w, in->c, in->type);
  kn_drop_operands(w, in);
  unsigned d = kn_def(w, w->i, in->type, c, 0);
  a64_emit(w, a64_fmadd(a64_ft(in->type), a64_v(d), a64_v(a), a64_v(b), a64_v(c)));
  kn_defined(w, w->i, d);
}

void a64_lower_fcopysign(struct kn_walk *w, const struct kn_inst *in) {
  unsigned sf = in->type == KILN_TYPE_F64, top = sf ? 63 : 31;
  enum a64_ftype t = a64_ft(in->type);
  unsigned a = kn_reg(w, in->a, in->type), b = kn_reg(w, in->b, in->type);
  kn_drop_operands(w, in);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  a64_emit(w, a64_fint(A64_FMOV_TO_GPR, sf, t, A64_IP0, a64_v(b)));
  a64_emit(w, a64_fint(A64_FMOV_TO_GPR, sf, t, A64_IP1, a64_v(a)));
  a64_emit(w, a64_lsr_imm(sf, A64_IP0, A64_IP0, top));
  a64_emit(w, a64_bfi(sf, A64_IP1, A64_IP0, top, 1));
  a64_emit(w, a64_fint(A64_FMOV_FROM_GPR, sf, t, a64_v(d), A64_IP1));
  kn_defined(w, w->i, d);
}

/* a64_ft of any float type that a register holds. */
static enum a64_ftype float_type(unsigned type) {
  return type == KILN_TYPE_F16 ? A64_H : a64_ft(type);
}

void a64_lower_fconvert(struct kn_walk *w, const struct kn_inst *in) {
  unsigned a = kn_reg(w, in->a, in->x);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, a, 0);
  a64_emit(w, a64_fcvt(float_type(in->type), float_type(in->x), a64_v(d), a64_v(a)));
  kn_defined(w, w->i, d);
}

void a64_lower_ftoi(struct kn_walk *w, const struct kn_inst *in) {
  bool sign = in->op == KILN_OP_FTOSI || in->op == KILN_OP_FTOSIS;
  bool saturate = in->op == KILN_OP_FTOSIS || in->op == KILN_OP_FTOUIS;
  unsigned sf = a64_sf(in->type), a = kn_reg(w, in->a, in->x);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  bool clamp = saturate && a64_is_narrow(in->type);
  /* the instruction itself saturates to 32 or 64 bits, and makes 0 of NaN */
  a64_emit(
    w, a64_fint(sign ? A64_FCVTZS : A64_FCVTZU, sf, a64_ft(in->x), clamp ? A64_IP0 : d, a64_v(a)));
  if (clamp) {
    a64_clamp(w, A64_IP0, a64_bits(in->type), sign);
    a64_emit(w, a64_mov(0, d, A64_IP0));
  }
  a64_done(w, in, d);
}

void a64_lower_itof(struct kn_walk *w, const struct kn_inst *in) {
  bool sign = in->op == KILN_OP_SITOF;
  unsigned a = a64_reg_or_zr(w, in->a, in->x);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  a = a64_extend_narrow(w, A64_IP0, a, in->x, sign);
  a64_emit(w, a64_fint(sign ? A64_SCVTF : A64_UCVTF, a64_sf(in->x), a64_ft(in->type), a64_v(d), a));
  kn_defined(w, w->i, d);
}

void a64_lower_bitcast(struct kn_walk *w, const struct kn_inst *in) {
  unsigned sf = kn_type_log2[in->type] == 3;
  unsigned a = kn_reg(w, in->a, in->x);
  kn_drop(w, in->a);
  bool same = kn_bank(w, in->type) == kn_bank(w, in->x);
  unsigned d = kn_def(w, w->i, in->type, same ? a : KN_NO_REG, 0);
  if (same) a64_hook_move(w, d, a, in->type);
  else if (kn_bank(w, in->type))
    a64_emit(w, a64_fint(A64_FMOV_FROM_GPR, sf, sf ? A64_D : A64_S, a64_v(d), a));
  else a64_emit(w, a64_fint(A64_FMOV_TO_GPR, sf, sf ? A64_D : A64_S, d, a64_v(a)));
  kn_defined(w, w->i, d);
}

/* ---- the rounding mode ---- */

/* FPCR has it in these 2 bits (C5.2.8) as the IR's number less 1, modulo 4. */
enum { RMODE = 22 };

void a64_lower_get_rounding(struct kn_walk *w, const struct kn_inst *in) {
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  a64_emit(w, a64_mrs_fpcr(d));
  a64_emit(w, a64_addsub_val(A64_ADD, 1, d, d, 1u << RMODE));
  a64_emit(w, a64_ubfx(0, d, d, RMODE, 2));
  a64_done(w, in, d);
}

void a64_lower_set_rounding(struct kn_walk *w, const struct kn_inst *in) {
  unsigned r = kn_reg(w, in->a, in->type);
  kn_drop(w, in->a);
  a64_emit(w, a64_addsub_val(A64_SUB, 0, A64_IP0, r, 1));
  a64_emit(w, a64_mrs_fpcr(A64_IP1));
  a64_emit(w, a64_bfi(1, A64_IP1, A64_IP0, RMODE, 2));
  a64_emit(w, a64_msr_fpcr(A64_IP1));
}
