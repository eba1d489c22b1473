/* Vectors on AArch64, but for shuffles: v64 in the lower half of a vector register, with any bits above, and v128.
 * Instructions work on whole registers. Called by the walk's loop. */
#include "targets/aarch64/a64.h"

enum { S0 = 30, S1 = 31 }; /* scratch: A64_VS0, A64_VS1 */

static unsigned log2_of(const struct kn_inst *in) { return kn_type_log2[KN_LANE(in->x)]; }

static void copy(struct kn_walk *w, unsigned vd, unsigned vn) {
  if (vd != vn) a64_emit(w, a64_vlogic(A64_VORR, 1, vd, vn, vn));
}

/* The register of operand h, as its number in instructions. */
static unsigned vector(struct kn_walk *w, uint32_t h, unsigned type) {
  return a64_v(kn_reg(w, h, type));
}

/* Both operands of `in`, dropped; the result's register. */
struct binary {
  unsigned a, b, d, result;
};
static struct binary begin(struct kn_walk *w, const struct kn_inst *in) {
  struct binary x;
  x.a = vector(w, in->a, in->type);
  x.b = vector(w, in->b, in->type);
  kn_drop_operands(w, in);
  x.result = kn_def(w, w->i, in->type, KN_FP_BASE + x.a, 0);
  x.d = a64_v(x.result);
  return x;
}

/* ---- lanes and scalars ---- */

void a64_lower_vsplat(struct kn_walk *w, const struct kn_inst *in) {
  unsigned lane = KN_LANE(in->x), r = kn_reg(w, in->a, lane);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  if (kn_bank(w, lane)) a64_emit(w, a64_dup_lane(log2_of(in), a64_v(d), a64_v(r), 0));
  else a64_emit(w, a64_dup(log2_of(in), a64_v(d), r));
  kn_defined(w, w->i, d);
}

void a64_lower_vresize(struct kn_walk *w, const struct kn_inst *in) {
  unsigned r = kn_reg(w, in->a, KN_LANE(in->x));
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, r, 0);
  copy(w, a64_v(d), a64_v(r));
  kn_defined(w, w->i, d);
}

void a64_lower_vextract(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = kn_type_log2[in->type], k = KN_LANE_NUMBER(in->x);
  unsigned r = vector(w, in->a, KN_LANE(in->x));
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  if (kn_bank(w, in->type)) {
    if (k) a64_emit(w, a64_dup_lane(log2, a64_v(d), r, k));
    else copy(w, a64_v(d), r);
    kn_defined(w, w->i, d);
    return;
  }
  a64_emit(w, a64_umov(log2, d, r, k));
  a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
}

void a64_lower_vinsert(struct kn_walk *w, const struct kn_inst *in) {
  unsigned lane = KN_LANE(in->x), log2 = log2_of(in), k = KN_LANE_NUMBER(in->x);
  unsigned a = vector(w, in->a, in->type), b = kn_reg(w, in->b, lane);
  kn_drop_operands(w, in);
  unsigned d = kn_def(w, w->i, in->type, KN_FP_BASE + a, 0), to = d == b ? (unsigned)S0 : a64_v(d);
  copy(w, to, a);
  if (kn_bank(w, lane)) a64_emit(w, a64_ins_lane(log2, to, k, a64_v(b), 0));
  else a64_emit(w, a64_ins(log2, to, k, b));
  copy(w, a64_v(d), to);
  kn_defined(w, w->i, d);
}

void a64_lower_vsigns(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = KN_LANE(in->x), log2 = (unsigned)__builtin_ctz(KN_LANE_NUMBER(in->x));
  unsigned r = vector(w, in->a, type), count = 1u << (kn_type_log2[type] - log2);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, KILN_TYPE_I32, KN_NO_REG, 0);
  a64_emit(w, a64_vshift(A64_VSSHR, log2, S0, r, (8u << log2) - 1));
  for (unsigned k = log2; k-- > 0;) a64_emit(w, a64_xtn(k, S0, S0)); /* the lanes are bytes then */
  a64_set(w, A64_IP0, 1, UINT64_C(0x8040201008040201));
  a64_emit(w, a64_dup(3, S1, A64_IP0));
  a64_emit(w, a64_vlogic(A64_VAND, 1, S0, S0, S1));
  for (unsigned k = 0; k < 3; k++) a64_emit(w, a64_vlanes(A64_VADDP, 0, S0, S0, S0));
  a64_emit(w, a64_umov(1, d, S0, 0));
  if (count < 16) a64_emit(w, a64_ubfx(0, d, d, 0, count));
  a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
}

/* ---- arithmetic ---- */

void a64_lower_vbin(struct kn_walk *w, const struct kn_inst *in) {
  struct binary x = begin(w, in);
  unsigned log2 = kn_op_shape(in->op) == KN_SH_BIN ? 0 : log2_of(in);
  uint32_t word = 0;
  switch (in->op) {
  case KILN_OP_VADD: word = a64_vlanes(A64_VADD, log2, x.d, x.a, x.b); break;
  case KILN_OP_VSUB: word = a64_vlanes(A64_VSUB, log2, x.d, x.a, x.b); break;
  case KILN_OP_VAND: word = a64_vlogic(A64_VAND, 1, x.d, x.a, x.b); break;
  case KILN_OP_VOR: word = a64_vlogic(A64_VORR, 1, x.d, x.a, x.b); break;
  case KILN_OP_VXOR: word = a64_vlogic(A64_VEOR, 1, x.d, x.a, x.b); break;
  case KILN_OP_VANDN: word = a64_vlogic(A64_VBIC, 1, x.d, x.a, x.b); break;
  case KILN_OP_VFADD: word = a64_vfloat(A64_VFADD, log2 == 3, x.d, x.a, x.b); break;
  case KILN_OP_VFSUB: word = a64_vfloat(A64_VFSUB, log2 == 3, x.d, x.a, x.b); break;
  case KILN_OP_VFMUL: word = a64_vfloat(A64_VFMUL, log2 == 3, x.d, x.a, x.b); break;
  default: word = a64_vfloat(A64_VFDIV, log2 == 3, x.d, x.a, x.b); break;
  }
  a64_emit(w, word);
  kn_defined(w, w->i, x.result);
}

void a64_lower_vun(struct kn_walk *w, const struct kn_inst *in) {
  unsigned a = vector(w, in->a, in->type);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, KN_FP_BASE + a, 0);
  a64_emit(w, a64_vone(in->op == KILN_OP_VSITOF   ? A64_VSCVTF
                       : in->op == KILN_OP_VFTOSI ? A64_VFCVTZS
                                                  : A64_VFSQRT,
                       log2_of(in) == 3, a64_v(d), a));
  kn_defined(w, w->i, d);
}

void a64_lower_vmul(struct kn_walk *w, const struct kn_inst *in) {
  struct binary x = begin(w, in);
  unsigned log2 = log2_of(in);
  if (log2 < 3) {
    a64_emit(w, a64_vlanes(A64_VMUL, log2, x.d, x.a, x.b));
  } else { /* there is none of 64 bits */
    for (unsigned k = 0; k < 2; k++) {
      a64_emit(w, a64_umov(3, A64_IP0, x.a, k));
      a64_emit(w, a64_umov(3, A64_IP1, x.b, k));
      a64_emit(w, a64_madd(1, A64_IP0, A64_IP0, A64_IP1, A64_ZR));
      a64_emit(w, a64_ins(3, S0, k, A64_IP0));
    }
    copy(w, x.d, S0);
  }
  kn_defined(w, w->i, x.result);
}

void a64_lower_vselect(struct kn_walk *w, const struct kn_inst *in) {
  unsigned mask = vector(w, in->a, in->type), b = vector(w, in->b, in->type);
  unsigned c = vector(w, in->c, in->type);
  kn_drop_operands(w, in);
  unsigned d = kn_def(w, w->i, in->type, KN_FP_BASE + mask, 0);
  copy(w, S0, mask);
  a64_emit(w, a64_vlogic(A64_VBSL, 1, S0, b, c));
  copy(w, a64_v(d), S0);
  kn_defined(w, w->i, d);
}

void a64_lower_vshift(struct kn_walk *w, const struct kn_inst *in) {
  unsigned n = KN_LANE_NUMBER(in->x), a = vector(w, in->a, in->type);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, KN_FP_BASE + a, 0);
  if (n == 0) copy(w, a64_v(d), a);
  else
    a64_emit(w, a64_vshift(in->op == KILN_OP_VSHL    ? A64_VSHL
                           : in->op == KILN_OP_VLSHR ? A64_VUSHR
                                                     : A64_VSSHR,
                           log2_of(in), a64_v(d), a, n));
  kn_defined(w, w->i, d);
}

/* ---- comparisons ---- */

void a64_lower_vicmp(struct kn_walk *w, const struct kn_inst *in) {
  static const struct {
    uint32_t op;
    bool swap, invert;
  } rows[KILN_ICOND_COUNT] = {
    [KILN_ICOND_EQ] = {A64_CMEQ, false, false},  [KILN_ICOND_NE] = {A64_CMEQ, false, true},
    [KILN_ICOND_SGT] = {A64_CMGT, false, false}, [KILN_ICOND_SLT] = {A64_CMGT, true, false},
    [KILN_ICOND_SGE] = {A64_CMGE, false, false}, [KILN_ICOND_SLE] = {A64_CMGE, true, false},
    [KILN_ICOND_UGT] = {A64_CMHI, false, false}, [KILN_ICOND_ULT] = {A64_CMHI, true, false},
    [KILN_ICOND_UGE] = {A64_CMHS, false, false}, [KILN_ICOND_ULE] = {A64_CMHS, true, false},
  };
  unsigned cond = KN_LANE_NUMBER(in->x);
  struct binary x = begin(w, in);
  unsigned a = rows[cond].swap ? x.b : x.a, b = rows[cond].swap ? x.a : x.b;
  a64_emit(w, a64_vlanes((enum a64_vlanes)rows[cond].op, log2_of(in), x.d, a, b));
  if (rows[cond].invert) a64_emit(w, a64_vone(A64_VMVN, 0, x.d, x.d));
  kn_defined(w, w->i, x.result);
}

void a64_lower_vfcmp(struct kn_walk *w, const struct kn_inst *in) {
  static const struct {
    uint32_t op, other; /* the second one with swapped operands; either may hold */
    bool swap, invert;
  } rows[KILN_FCOND_COUNT] = {
    [KILN_FCOND_OEQ] = {A64_FCMEQ, 0, false, false},
    [KILN_FCOND_UNE] = {A64_FCMEQ, 0, false, true},
    [KILN_FCOND_OGT] = {A64_FCMGT, 0, false, false},
    [KILN_FCOND_ULE] = {A64_FCMGT, 0, false, true},
    [KILN_FCOND_OGE] = {A64_FCMGE, 0, false, false},
    [KILN_FCOND_ULT] = {A64_FCMGE, 0, false, true},
    [KILN_FCOND_OLT] = {A64_FCMGT, 0, true, false},
    [KILN_FCOND_UGE] = {A64_FCMGT, 0, true, true},
    [KILN_FCOND_OLE] = {A64_FCMGE, 0, true, false},
    [KILN_FCOND_UGT] = {A64_FCMGE, 0, true, true},
    [KILN_FCOND_ONE] = {A64_FCMGT, A64_FCMGT, false, false},
    [KILN_FCOND_UEQ] = {A64_FCMGT, A64_FCMGT, false, true},
    [KILN_FCOND_ORD] = {A64_FCMGE, A64_FCMGT, false, false},
    [KILN_FCOND_UNO] = {A64_FCMGE, A64_FCMGT, false, true},
  };
  unsigned cond = KN_LANE_NUMBER(in->x), is_double = log2_of(in) == 3;
  struct binary x = begin(w, in);
  unsigned a = rows[cond].swap ? x.b : x.a, b = rows[cond].swap ? x.a : x.b;
  if (rows[cond].other)
    a64_emit(w, a64_vfloat((enum a64_vfloat)rows[cond].other, is_double, S0, b, a));
  a64_emit(w, a64_vfloat((enum a64_vfloat)rows[cond].op, is_double, x.d, a, b));
  if (rows[cond].other) a64_emit(w, a64_vlogic(A64_VORR, 1, x.d, x.d, S0));
  if (rows[cond].invert) a64_emit(w, a64_vone(A64_VMVN, 0, x.d, x.d));
  kn_defined(w, w->i, x.result);
}

/* ---- bits ---- */

void a64_bitcast_vector(struct kn_walk *w, const struct kn_inst *in) {
  if (in->x == KILN_TYPE_V128) {
    unsigned r = kn_reg(w, in->a, in->x);
    kn_drop(w, in->a);
    if (in->type == KILN_TYPE_I128) {
      const unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
      a64_emit(w, a64_fint(A64_FMOV_TO_GPR, 1, A64_D, low, a64_v(r)));
      a64_emit(w, a64_umov(3, high, a64_v(r), 1));
      a64_def_pair(w, w->i, low, high);
    } else a64_quad_store(w, w->i, r);
    return;
  }
  unsigned t = kn_temp(w, kn_regs_of(w, KILN_TYPE_V128));
  if (in->x == KILN_TYPE_I128) {
    const struct a64_halves r = a64_pair_copy(w, in->a);
    a64_emit(w, a64_fint(A64_FMOV_FROM_GPR, 1, A64_D, a64_v(t), r.low));
    a64_emit(w, a64_fmov_to_high(a64_v(t), r.high));
  } else {
    a64_quad_load(w, in->a, t);
  }
  kn_drop_any_operands(w, in);
  kn_untemp(w, t);
  unsigned d = kn_def(w, w->i, in->type, t, 0);
  copy(w, a64_v(d), a64_v(t));
  kn_defined(w, w->i, d);
}
