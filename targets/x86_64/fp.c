/* f32 and f64 on SSE2. Library calls where baseline has no instruction (rounding, fma, fmod). The rounding mode, of SSE
 * and x87. */
#include "targets/x86_64/x64.h"

KN_INLINE bool single(unsigned type) { return type == KILN_TYPE_F32; }
/* The opcode for a type: the f32 form has prefix F3 where the f64 form has F2. */
KN_INLINE unsigned by_type(unsigned type, unsigned ss, unsigned sd) {
  return single(type) ? ss : sd;
}

void x64_def_xmm(struct kn_walk *w, unsigned type, unsigned op, unsigned ra,
                 const struct x64_operand *o) {
  uint64_t avoid = w->regs.locked & ~KN_GP_MASK & ~KN_BIT(ra);
  unsigned dst = kn_def(w, w->i, type, ra, avoid), to = dst;
  if (o->kind == X64_REG && o->reg == dst && dst != ra) to = x64_xscratch(w);
  x64_move(w, to, ra, type);
  x64_op_operand(w, op, 2, to, o);
  x64_move(w, dst, to, type);
  kn_defined(w, w->i, dst);
}

void x64_lower_farith(struct kn_walk *w, const struct kn_inst *in) {
  static const unsigned ops[4][2] = {
    {X64_ADDSS, X64_ADDSD}, {X64_SUBSS, X64_SUBSD}, {X64_MULSS, X64_MULSD}, {X64_DIVSS, X64_DIVSD}};
  _Static_assert(KILN_OP_FDIV == KILN_OP_FADD + 3, "fadd, fsub, fmul, fdiv in this order");
  unsigned type = in->type, op = ops[in->op - KILN_OP_FADD][type == KILN_TYPE_F64];
  uint32_t a = in->a, b = in->b;
  if ((in->op == KILN_OP_FADD || in->op == KILN_OP_FMUL) && !kn_is_value(a)) KN_SWAP(a, b);
  struct x64_operand o;
  unsigned ra = x64_operands(w, a, b, type, &o);
  x64_def_xmm(w, type, op, ra, &o);
}

static uint64_t sign_bits(unsigned type) {
  return single(type) ? UINT64_C(0x8000000080000000) : UINT64_C(1) << 63;
}

static void with_mask(struct kn_walk *w, const struct kn_inst *in, unsigned op, uint64_t mask) {
  unsigned dst = x64_take(w, in);
  struct x64_addr addr = x64_literal(w, mask, mask, 16);
  x64_op_mem(w, op, 2, dst, &addr);
  kn_defined(w, w->i, dst);
}
void x64_lower_fneg(struct kn_walk *w, const struct kn_inst *in) {
  with_mask(w, in, X64_XORPS, sign_bits(in->type));
}
void x64_lower_fabs(struct kn_walk *w, const struct kn_inst *in) {
  with_mask(w, in, X64_ANDPS, ~sign_bits(in->type));
}

void x64_lower_fcopysign(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type;
  unsigned ra = kn_reg(w, in->a, type), rb = kn_reg(w, in->b, type);
  const uint64_t top = sign_bits(type);
  struct x64_addr sign = x64_literal(w, top, top, 16), rest = x64_literal(w, ~top, ~top, 16);
  unsigned t = kn_temp(w, ~KN_GP_MASK);
  x64_move(w, t, ra, type);
  x64_op_mem(w, X64_ANDPS, 2, t, &rest);
  x64_move(w, x64_xscratch(w), rb, type);
  x64_op_mem(w, X64_ANDPS, 2, x64_xscratch(w), &sign);
  EMIT(w, x64_rr, X64_ORPS, 2, x64_hw(t), x64_hw(x64_xscratch(w)));
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, type, t);
}

void x64_lower_fsqrt(struct kn_walk *w, const struct kn_inst *in) {
  unsigned ra = kn_reg(w, in->a, in->type);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, w->i, in->type, ra, 0);
  EMIT(w, x64_rr, by_type(in->type, X64_SQRTSS, X64_SQRTSD), 2, x64_hw(dst), x64_hw(ra));
  kn_defined(w, w->i, dst);
}

void x64_lower_fmuladd(struct kn_walk *w, const struct kn_inst *in) {
  if (w->f->attrs.features & KILN_FEATURE_FMA) {
    x64_fused_muladd(w, in);
    return;
  }
  unsigned type = in->type;
  unsigned ra = kn_reg(w, in->a, type);
  struct x64_operand b, c;
  x64_operand(w, in->b, type, &b);
  x64_operand(w, in->c, type, &c);
  kn_drop_operands(w, in);
  unsigned rb = b.kind == X64_REG ? b.reg : KN_NO_REG, rc = c.kind == X64_REG ? c.reg : KN_NO_REG;
  uint64_t avoid = w->regs.locked & ~KN_GP_MASK & ~(rc < 64 ? KN_BIT(rc) : 0);
  unsigned dst = kn_def(w, w->i, type, rc, avoid);
  bool free = dst != rc && (dst != rb || ra == rb);
  unsigned t = free ? dst : x64_xscratch(w);
  x64_move(w, t, ra, type);
  if (rb == ra) b.reg = t;
  x64_op_operand(w, by_type(type, X64_MULSS, X64_MULSD), 2, t, &b);
  if (dst == rc) { /* dst is the register of the addend */
    c.reg = t;
    x64_op_operand(w, by_type(type, X64_ADDSS, X64_ADDSD), 2, dst, &c);
  } else {
    x64_op_operand(w, by_type(type, X64_ADDSS, X64_ADDSD), 2, t, &c);
    x64_move(w, dst, t, type);
  }
  kn_defined(w, w->i, dst);
}

/* IEEE 754-2019 minimum and maximum: NaN if either is; equal operands differ in the zero's sign only. */
void x64_lower_fminimum(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type;
  bool least = in->op == KILN_OP_FMINIMUM;
  unsigned ra = kn_reg(w, in->a, type), rb = kn_reg(w, in->b, type);
  unsigned t = kn_temp(w, ~KN_GP_MASK), b = x64_hw(rb);
  uint32_t nan = kn_code_label(w), unequal = kn_code_label(w), done = kn_code_label(w);
  x64_move(w, t, ra, type);
  EMIT(w, x64_rr, by_type(type, X64_UCOMISS, X64_UCOMISD), 2, x64_hw(t), b);
  x64_jcc(w, X64_P, nan);
  x64_jcc(w, X64_NE, unequal);
  EMIT(w, x64_rr, least ? X64_ORPS : X64_ANDPS, 2, x64_hw(t), b);
  x64_jmp(w, done);
  x64_bind_label(w, nan);
  EMIT(w, x64_rr, by_type(type, X64_ADDSS, X64_ADDSD), 2, x64_hw(t), b);
  x64_jmp(w, done);
  x64_bind_label(w, unequal);
  EMIT(w, x64_rr, least ? by_type(type, X64_MINSS, X64_MINSD) : by_type(type, X64_MAXSS, X64_MAXSD),
       2, x64_hw(t), b);
  x64_bind_label(w, done);
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, type, t);
}

/* ---- comparison ---- */

/* ucomis sets ZF, PF, CF to 111 unordered, 000 greater, 001 less, 100 equal (SDM, UCOMISD). */
const struct x64_fcond x64_fcond[KILN_FCOND_COUNT] = {
  [KILN_FCOND_OEQ] = {X64_CC_OEQ, false}, [KILN_FCOND_UNE] = {X64_CC_UNE, false},
  [KILN_FCOND_OLT] = {X64_A, true},       [KILN_FCOND_UGE] = {X64_BE, true},
  [KILN_FCOND_OLE] = {X64_AE, true},      [KILN_FCOND_UGT] = {X64_B, true},
  [KILN_FCOND_OGT] = {X64_A, false},      [KILN_FCOND_ULE] = {X64_BE, false},
  [KILN_FCOND_OGE] = {X64_AE, false},     [KILN_FCOND_ULT] = {X64_B, false},
  [KILN_FCOND_ONE] = {X64_NE, false},     [KILN_FCOND_UEQ] = {X64_E, false},
  [KILN_FCOND_ORD] = {X64_NP, false},     [KILN_FCOND_UNO] = {X64_P, false},
};

void x64_lower_fcmp(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, cc = x64_fcond[in->x].cc;
  uint32_t a = x64_fcond[in->x].swap ? in->b : in->a, b = x64_fcond[in->x].swap ? in->a : in->b;
  unsigned ra = kn_reg(w, a, type);
  struct x64_operand o;
  x64_operand(w, b, type, &o);
  x64_op_operand(w, by_type(type, X64_UCOMISS, X64_UCOMISD), 2, ra, &o);
  kn_drop(w, a);
  kn_drop(w, b);
  x64_compared(w, cc);
}

/* ---- conversions ---- */

void x64_lower_fconv(struct kn_walk *w, const struct kn_inst *in) {
  if (KN_UNLIKELY(in->x == KILN_TYPE_F80)) {
    x64_lower_x87(w, in);
    return;
  }
  struct x64_operand o;
  x64_operand(w, in->a, in->x, &o);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, w->i, in->type, o.kind == X64_REG ? o.reg : KN_NO_REG, 0);
  unsigned op = in->op == KILN_OP_FDEMOTE ? X64_CVTSD2SS : X64_CVTSS2SD;
  if (o.kind != X64_REG || o.reg != dst) /* the upper part of dst is a false dependency */
    EMIT(w, x64_rr, X64_XORPS, 2, x64_hw(dst), x64_hw(dst));
  x64_op_operand(w, op, 2, dst, &o);
  kn_defined(w, w->i, dst);
}

/* A float constant of `type` in the scratch register. */
static void float_const(struct kn_walk *w, unsigned type, double v) {
  uint64_t bits = 0;
  float f = (float)v;
  if (single(type)) memcpy(&bits, &f, 4);
  else memcpy(&bits, &v, 8);
  struct x64_addr addr = x64_literal(w, bits, 0, single(type) ? 4 : 8);
  x64_op_mem(w, single(type) ? X64_MOVSS : X64_MOVSD, 2, x64_xscratch(w), &addr);
}

/* t = the float in x (not negative, in range) as an unsigned 64-bit integer; y is changed. */
static void to_u64(struct kn_walk *w, unsigned from, unsigned t, unsigned x, unsigned y) {
  unsigned cvt = by_type(from, X64_CVTTSS2SI, X64_CVTTSD2SI);
  uint32_t big = kn_code_label(w), done = kn_code_label(w);
  float_const(w, from, 9223372036854775808.0);
  EMIT(w, x64_rr, by_type(from, X64_UCOMISS, X64_UCOMISD), 2, x64_hw(x), x64_hw(x64_xscratch(w)));
  x64_jcc(w, X64_AE, big);
  EMIT(w, x64_rr, cvt, 3, t, x64_hw(x));
  x64_jmp(w, done);
  x64_bind_label(w, big);
  /* convert x - 2^63, then set the sign bit again */
  x64_move(w, y, x, from);
  EMIT(w, x64_rr, by_type(from, X64_SUBSS, X64_SUBSD), 2, x64_hw(y), x64_hw(x64_xscratch(w)));
  EMIT(w, x64_rr, cvt, 3, t, x64_hw(y));
  x64_const(w, X64_SCRATCH, UINT64_C(1) << 63);
  EMIT(w, x64_rr, X64_XOR, 3, t, X64_SCRATCH);
  x64_bind_label(w, done);
}

void x64_saturate_to(struct kn_walk *w, unsigned t, unsigned bits, bool sign, uint32_t high,
                     uint32_t nan, uint32_t after) {
  uint64_t max = bits == 64 ? UINT64_MAX >> sign : (UINT64_C(1) << (bits - sign)) - 1;
  uint64_t min = sign ? ~max : 0;
  x64_const(w, t, bits == 64 ? min : (uint32_t)min);
  x64_jmp(w, after);
  x64_bind_label(w, high);
  x64_const(w, t, bits == 64 ? max : (uint32_t)max);
  x64_jmp(w, after);
  x64_bind_label(w, nan);
  x64_const(w, t, 0);
}

void x64_lower_ftoi(struct kn_walk *w, const struct kn_inst *in) {
  unsigned from = in->x, to = in->type;
  bool sign = in->op == KILN_OP_FTOSI || in->op == KILN_OP_FTOSIS;
  bool saturate = in->op == KILN_OP_FTOSIS || in->op == KILN_OP_FTOUIS;
  if (KN_UNLIKELY(from == KILN_TYPE_F80)) {
    x64_lower_x87(w, in);
    return;
  }
  if (to == KILN_TYPE_I128 && saturate) {
    x64_lower_saturate_pair(w, in);
    return;
  }
  if (to == KILN_TYPE_I128) {
    kn_lower_library(w, in);
    return;
  }
  unsigned cvt = by_type(from, X64_CVTTSS2SI, X64_CVTTSD2SI);
  unsigned cmp = by_type(from, X64_UCOMISS, X64_UCOMISD);
  unsigned bits = 8u << x64_size(to);
  unsigned x = kn_reg(w, in->a, from);
  unsigned t = kn_temp(w, KN_GP_MASK);
  uint32_t done = 0;
  unsigned y = KN_NO_REG;
  /* taken before the paths part: what it evicts is then stored on all of them */
  if (bits == 64 && !sign) y = kn_temp(w, ~KN_GP_MASK);
  if (saturate) {
    uint32_t high = kn_code_label(w), nan = kn_code_label(w);
    double top = __builtin_ldexp(1.0, (int)(sign ? bits - 1 : bits));
    uint32_t in_range = kn_code_label(w);
    done = kn_code_label(w);
    EMIT(w, x64_rr, cmp, 2, x64_hw(x), x64_hw(x));
    x64_jcc(w, X64_P, nan);
    float_const(w, from, top);
    EMIT(w, x64_rr, cmp, 2, x64_hw(x), x64_hw(x64_xscratch(w)));
    x64_jcc(w, X64_AE, high);
    float_const(w, from, sign ? -top : 0.0);
    EMIT(w, x64_rr, cmp, 2, x64_hw(x), x64_hw(x64_xscratch(w)));
    x64_jcc(w, X64_AE, in_range);
    x64_saturate_to(w, t, bits, sign, high, nan, done);
    x64_jmp(w, done);
    x64_bind_label(w, in_range);
  }
  if (bits == 64 && !sign) to_u64(w, from, t, x, y);
  else EMIT(w, x64_rr, cvt, bits == 64 || (bits == 32 && !sign) ? 3 : 2, t, x64_hw(x));
  if (saturate) x64_bind_label(w, done);
  kn_drop(w, in->a);
  kn_def_fixed(w, w->i, to, t);
}

void x64_lower_itof(struct kn_walk *w, const struct kn_inst *in) {
  unsigned from = in->x, to = in->type;
  bool sign = in->op == KILN_OP_SITOF;
  if (from == KILN_TYPE_I128) {
    kn_lower_library(w, in);
    return;
  }
  unsigned cvt = by_type(to, X64_CVTSI2SS, X64_CVTSI2SD);
  struct x64_operand o = {.kind = X64_REG};
  bool direct = sign && x64_size(from) >= 2;
  if (direct && kn_is_value(in->a)) x64_operand(w, in->a, from, &o);
  else o.reg = kn_reg(w, in->a, from);
  unsigned size = x64_op_size(from);
  unsigned t = KN_NO_REG;
  if (!direct) {
    t = kn_temp(w, KN_GP_MASK);
    if (from == KILN_TYPE_I64) x64_mov(w, 3, t, o.reg);
    else x64_extend(w, t, o.reg, from, sign, false);
    o.reg = t;
    if (from == KILN_TYPE_I32) size = 3;
  }
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, w->i, to, KN_NO_REG, 0);
  EMIT(w, x64_rr, X64_XORPS, 2, x64_hw(dst), x64_hw(dst));
  if (sign || from != KILN_TYPE_I64) {
    x64_op_operand(w, cvt, size, dst, &o);
  } else {
    /* the upper half of the range: convert half of the value, rounded to odd, and double the
     * result */
    uint32_t big = kn_code_label(w), done = kn_code_label(w);
    EMIT(w, x64_rr, X64_TEST, 3, t, t);
    x64_jcc(w, X64_S, big);
    EMIT(w, x64_rr, cvt, 3, x64_hw(dst), t);
    x64_jmp(w, done);
    x64_bind_label(w, big);
    x64_mov(w, 3, X64_SCRATCH, t);
    EMIT(w, x64_shift_ri, X64_G_SHR, 3, t, 1);
    EMIT(w, x64_alu_ri, X64_G_AND, 2, X64_SCRATCH, 1);
    EMIT(w, x64_rr, X64_OR, 3, t, X64_SCRATCH);
    EMIT(w, x64_rr, cvt, 3, x64_hw(dst), t);
    EMIT(w, x64_rr, by_type(to, X64_ADDSS, X64_ADDSD), 2, x64_hw(dst), x64_hw(dst));
    x64_bind_label(w, done);
  }
  kn_defined(w, w->i, dst);
}

void x64_lower_bitcast(struct kn_walk *w, const struct kn_inst *in) {
  if (in->type == in->x) {
    x64_lower_copy(w, in);
    return;
  }
  if (KN_UNLIKELY(in->x == KILN_TYPE_V128 || in->x == KILN_TYPE_I128)) {
    x64_bitcast_pair(w, in);
    return;
  }
  unsigned size = x64_size(in->type);
  unsigned ra = kn_reg(w, in->a, in->x);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  if (KN_UNLIKELY(kn_bank(w, in->type) && kn_bank(w, in->x)))
    x64_move(w, dst, ra, in->type); /* v64 and f64 */
  else if (kn_bank(w, in->type)) EMIT(w, x64_rr, X64_MOV_XG, size, x64_hw(dst), ra);
  else EMIT(w, x64_rr, X64_MOV_GX, size, x64_hw(ra), dst);
  if (in->type == KILN_TYPE_I32) w->val[w->i].flags |= KN_VF_ZX;
  kn_defined(w, w->i, dst);
}

/* ---- the rounding mode ---- */

/* Bits 10 and 11 of the control word (SDM volume 1, 8.1.5) and bits 13 and 14 of SSE's MXCSR (10.2.3) hold the mode:
 * 0 to nearest even, 1 down, 2 up, 3 towards zero. With these two bits exchanged that is the IR's number less 1,
 * modulo 4. An exchange is a multiplication by 5: bits 1 and 2 of the product are bits 1 and 0 of the factor. */
static void times_5(struct kn_walk *w, unsigned r) {
  EMIT(w, x64_rm, X64_LEA, 2, r, (struct x64_mem){(uint8_t)r, (uint8_t)r, 2, 0, 0});
}

/* Both units have the mode; x87's is the one that is read, as by C's fegetround. */
void x64_lower_get_rounding(struct kn_walk *w, const struct kn_inst *in) {
  int32_t at = x64_x87_scratch(w);
  unsigned dst = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  EMIT(w, x64_x87_m, X64_FNSTCW, x64_frame_mem(w, at));
  EMIT(w, x64_rm, X64_MOVZX16, 2, dst, x64_frame_mem(w, at));
  EMIT(w, x64_shift_ri, X64_G_SHR, 2, dst, 10);
  EMIT(w, x64_alu_ri, X64_G_AND, 2, dst, 3);
  times_5(w, dst);
  EMIT(w, x64_shift_ri, X64_G_SHR, 2, dst, 1);
  EMIT(w, x64_alu_ri, X64_G_ADD, 2, dst, 1);
  EMIT(w, x64_alu_ri, X64_G_AND, 2, dst, 3);
  x64_set_zx(w, w->i, in->type);
  kn_defined(w, w->i, dst);
}

void x64_lower_set_rounding(struct kn_walk *w, const struct kn_inst *in) {
  struct x64_mem x87 = x64_frame_mem(w, x64_x87_scratch(w)),
                 sse = x64_frame_mem(w, x64_x87_scratch(w) + 8);
  unsigned mode = X64_SCRATCH, r = kn_reg(w, in->a, in->type);
  EMIT(w, x64_rm, X64_LEA, 2, mode, x64_at(r, -1));
  EMIT(w, x64_alu_ri, X64_G_AND, 2, mode, 3);
  times_5(w, mode);
  EMIT(w, x64_shift_ri, X64_G_SHL, 2, mode, 9);
  EMIT(w, x64_alu_ri, X64_G_AND, 2, mode, 3 << 10);
  EMIT(w, x64_x87_m, X64_FNSTCW, x87);
  EMIT(w, x64_alu_mi, X64_G_AND, 1, x87, ~(3 << 10));
  EMIT(w, x64_rm, X64_OR_ST, 1, mode, x87);
  EMIT(w, x64_x87_m, X64_FLDCW, x87);
  EMIT(w, x64_shift_ri, X64_G_SHL, 2, mode, 3);
  EMIT(w, x64_stmxcsr, sse);
  EMIT(w, x64_alu_mi, X64_G_AND, 2, sse, ~(3 << 13));
  EMIT(w, x64_rm, X64_OR_ST, 2, mode, sse);
  EMIT(w, x64_ldmxcsr, sse);
  kn_drop(w, in->a);
}
