/* f128 on AArch64: values live in 16-byte frame slots. Arithmetic is done by the compiler's library, whose functions
 * take and return them in vector registers (GCC internals, "Routines for floating point emulation"); by the C library
 * for what has a name in <math.h>. What only moves or changes bits is done in general registers, by halves. Conversions
 * to integers that saturate are here for every float type where wide integers take part. Called by the walk's loop for
 * every operation of or from that type, and by call.c. Invariant: what a call clobbers holds no live value when it is
 * emitted. */
#include "targets/aarch64/a64.h"

/* ---- operands and results ---- */

void a64_quad_load(struct kn_walk *w, uint32_t h, unsigned q) {
  if (kn_is_value(h)) {
    int32_t at = kn_frame_of(w, &w->val[h]);
    KN_LOG(w, KN_EV_USE, h, KN_PLACE_FRAME + at);
    a64_frame_access(w, A64_LDR_FQ, q, at, 0);
    return;
  }
  const struct kn_const *c = &w->f->pool.at[kn_index(h)];
  if (c->low) a64_set(w, A64_IP0, 1, c->low);
  a64_emit(w, a64_fint(A64_FMOV_FROM_GPR, 1, A64_D, a64_v(q),
                       c->low ? (unsigned)A64_IP0 : (unsigned)A64_ZR));
  if (c->high == 0) return;
  a64_set(w, A64_IP0, 1, c->high);
  a64_emit(w, a64_fmov_to_high(a64_v(q), A64_IP0));
}

void a64_quad_store(struct kn_walk *w, uint32_t i, unsigned q) {
  if (w->val[i].uses != 0) a64_frame_access(w, A64_STR_FQ, q, kn_def_in_frame(w, i), 0);
}

/* The halves between two registers and a frame offset. */
static void frame_halves(struct kn_walk *w, bool load, unsigned low, unsigned high, int32_t frame) {
  const enum a64_mem op = load ? A64_LDR_X : A64_STR_X;
  a64_frame_access(w, op, low, frame, 0);
  a64_frame_access(w, op, high, frame, 8);
}

/* Operand h in two registers. */
static void load_halves(struct kn_walk *w, uint32_t h, unsigned low, unsigned high) {
  int64_t bits[2];
  if (kn_number_halves(w, h, bits)) {
    a64_set(w, low, 1, (uint64_t)bits[0]);
    a64_set(w, high, 1, (uint64_t)bits[1]);
    return;
  }
  const int32_t at = kn_frame_of(w, &w->val[h]);
  KN_LOG(w, KN_EV_USE, h, KN_PLACE_FRAME + at);
  frame_halves(w, true, low, high, at);
}
static void store_halves(struct kn_walk *w, unsigned low, unsigned high) {
  if (w->val[w->i].uses) frame_halves(w, false, low, high, kn_def_in_frame(w, w->i));
}
static struct a64_halves operand(struct kn_walk *w, uint32_t h) {
  const struct a64_halves r = {kn_temp(w, KN_GP_MASK), kn_temp(w, KN_GP_MASK)};
  load_halves(w, h, r.low, r.high);
  return r;
}

static void drop(struct kn_walk *w, const uint32_t *args, unsigned n) {
  for (unsigned k = 0; k < n; k++) kn_drop(w, args[k]);
}

/* ---- comparisons ---- */

/* By condition: the function, and how its result compares with 0 as a signed integer if the condition holds.
 * Functions for ordered conditions give a result that does not hold if an operand is NaN. For "equal or unordered"
 * and its opposite see below. */
static const struct {
  const char *name;
  uint8_t cond;
} comparisons[KILN_FCOND_COUNT] = {
  [KILN_FCOND_OEQ] = {"__eqtf2", A64_EQ},    [KILN_FCOND_UNE] = {"__netf2", A64_NE},
  [KILN_FCOND_OLT] = {"__lttf2", A64_LT},    [KILN_FCOND_UGE] = {"__lttf2", A64_GE},
  [KILN_FCOND_OLE] = {"__letf2", A64_LE},    [KILN_FCOND_UGT] = {"__letf2", A64_GT},
  [KILN_FCOND_OGT] = {"__gttf2", A64_GT},    [KILN_FCOND_ULE] = {"__gttf2", A64_LE},
  [KILN_FCOND_OGE] = {"__getf2", A64_GE},    [KILN_FCOND_ULT] = {"__getf2", A64_LT},
  [KILN_FCOND_ONE] = {"__eqtf2", A64_EQ},    [KILN_FCOND_UEQ] = {"__eqtf2", A64_NE},
  [KILN_FCOND_ORD] = {"__unordtf2", A64_EQ}, [KILN_FCOND_UNO] = {"__unordtf2", A64_NE}};

static void compare(struct kn_walk *w, const struct kn_inst *in) {
  const uint32_t args[2] = {in->a, in->b};
  bool two = in->x == KILN_FCOND_ONE || in->x == KILN_FCOND_UEQ;
  int32_t unordered = two ? kn_frame_alloc(w, 8, 3) : 0;
  if (two) {
    a64_quad_call(w, "__unordtf2", args, 2);
    a64_frame_access(w, A64_STR_W, 0, unordered, 0);
  }
  a64_quad_call(w, comparisons[in->x].name, args, 2);
  drop(w, args, 2);
  unsigned d = kn_def(w, w->i, KILN_TYPE_I8, KN_NO_REG, 0);
  /* NE if equal, or if unordered */
  if (two) a64_frame_access(w, A64_LDR_W, A64_IP0, unordered, 0);
  a64_emit(w, a64_cmp(0, 0, A64_ZR));
  if (two) a64_emit(w, a64_ccmp_imm(A64_CCMP, 0, A64_IP0, 0, 0, A64_NE));
  a64_flag(w, w->i, d, (enum a64_cond)comparisons[in->x].cond);
}

/* Values out of range become the nearest end of the range, NaN 0. The value is a significand of 128 bits, whose
 * highest bit is set, shifted by the exponent. */
void a64_saturate_long(struct kn_walk *w, const struct kn_inst *in) {
  bool sign = in->op == KILN_OP_FTOSIS;
  unsigned bits = a64_bits(in->type), r = KN_NO_REG;
  if (in->x != KILN_TYPE_F128) r = kn_reg(w, in->a, in->x);
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK), e = kn_temp(w, KN_GP_MASK),
           nan = kn_temp(w, KN_GP_MASK), minus = kn_temp(w, KN_GP_MASK);
  if (in->x == KILN_TYPE_F128) {
    load_halves(w, in->a, low, high);
    a64_emit(w, a64_cmp(1, low, A64_ZR)); /* NaN: above infinity, without the sign */
    a64_emit(w, a64_cset(1, nan, A64_NE));
    a64_emit(w, a64_logic_reg(A64_ORR, 1, nan, nan, high, A64_LSL, 1));
    a64_set(w, A64_IP0, 1, UINT64_C(0xfffe) << 48);
    a64_emit(w, a64_cmp(1, nan, A64_IP0));
    a64_emit(w, a64_cset(1, nan, A64_HI));
    a64_emit(w, a64_ubfx(1, e, high, 48, 15));
    a64_emit(w, a64_asr_imm(1, minus, high, 63));
    a64_emit(w, a64_extr(1, high, high, low, 49));
    a64_emit(w, a64_lsl_imm(1, low, low, 15));
  } else {
    unsigned d = r;
    if (in->x == KILN_TYPE_F32) {
      a64_emit(w, a64_fcvt(A64_D, A64_S, a64_v(A64_VS0), a64_v(r)));
      d = A64_VS0;
    }
    a64_emit(w, a64_fint(A64_FMOV_TO_GPR, 1, A64_D, high, a64_v(d)));
    a64_emit(w, a64_fcmp(A64_D, a64_v(d), a64_v(d)));
    a64_emit(w, a64_cset(1, nan, A64_VS));
    a64_emit(w, a64_ubfx(1, e, high, 52, 11));
    a64_emit(w, a64_asr_imm(1, minus, high, 63));
    a64_emit(w, a64_lsl_imm(1, high, high, 11));
    a64_emit(w, a64_mov(1, low, A64_ZR));
  }
  kn_drop(w, in->a);
  uint32_t field = 0;
  a64_bitmask(1, UINT64_C(1) << 63, &field);
  a64_emit(w, a64_logic_imm(A64_ORR, 1, high, high, field));
  a64_add_imm(w, e, e, in->x == KILN_TYPE_F128 ? -16383 : -1023);
  a64_set(w, A64_IP0, 1, 127); /* shifted by 127 - e: right where e is from 0 to 127 */
  unsigned count = kn_temp(w, KN_GP_MASK);
  a64_emit(w, a64_addsub_reg(A64_SUB, 1, count, A64_IP0, e, A64_LSL, 0));
  struct a64_halves x = {low, high};
  a64_pair_shift(w, KILN_OP_LSHR, &x, count);
  if (sign) a64_pair_negate_if(w, x, minus);
  a64_emit(w, a64_cmp(1, e, A64_ZR));
  a64_emit(w, a64_csel(A64_CSEL, 1, low, A64_ZR, low, A64_LT));
  a64_emit(w, a64_csel(A64_CSEL, 1, high, A64_ZR, high, A64_LT));
  /* the ends: of a signed type the greatest, or its complement */
  unsigned value_bits = bits - sign;
  uint64_t end_low = value_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << value_bits) - 1;
  a64_set(w, A64_IP0, 1, end_low);
  a64_set(w, count, 1, UINT64_MAX >> sign);
  if (sign) {
    a64_emit(w, a64_eor(1, A64_IP0, A64_IP0, minus));
    a64_emit(w, a64_eor(1, count, count, minus));
  }
  a64_emit(w, a64_addsub_imm(A64_SUBS, 1, A64_ZR, e, value_bits, 0));
  a64_emit(w, a64_csel(A64_CSEL, 1, low, A64_IP0, low, A64_GE));
  a64_emit(w, a64_csel(A64_CSEL, 1, high, count, high, A64_GE));
  if (!sign) a64_emit(w, a64_orr(1, nan, nan, minus)); /* below 0 */
  a64_emit(w, a64_cmp(1, nan, A64_ZR));
  a64_emit(w, a64_csel(A64_CSEL, 1, low, low, A64_ZR, A64_EQ));
  a64_emit(w, a64_csel(A64_CSEL, 1, high, high, A64_ZR, A64_EQ));
  if (in->type == KILN_TYPE_I128) {
    a64_def_pair(w, w->i, low, high);
    return;
  }
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  a64_emit(w, a64_mov(1, d, low));
  kn_defined(w, w->i, d);
}

/* ---- operations ---- */

/* The sign's bit, in the upper half. */
static void change_sign(struct kn_walk *w, const struct kn_inst *in) {
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
  if (in->op == KILN_OP_FCOPYSIGN) {
    unsigned other = kn_temp(w, KN_GP_MASK);
    load_halves(w, in->b, low, other);
    load_halves(w, in->a, low, high);
    a64_emit(w, a64_lsr_imm(1, other, other, 63));
    a64_emit(w, a64_bfi(1, high, other, 63, 1));
    kn_drop(w, in->b);
  } else {
    uint32_t field = 0;
    load_halves(w, in->a, low, high);
    a64_bitmask(1, in->op == KILN_OP_FNEG ? UINT64_C(1) << 63 : UINT64_MAX >> 1, &field);
    a64_emit(w, a64_logic_imm(in->op == KILN_OP_FNEG ? A64_EOR : A64_AND, 1, high, high, field));
  }
  kn_drop(w, in->a);
  store_halves(w, low, high);
}

/* ---- what only moves bits ---- */

static void access(struct kn_walk *w, const struct kn_inst *in) {
  const bool load = in->op == KILN_OP_LOAD;
  struct a64_halves r = {A64_IP0, A64_IP1};
  if (!load) r = operand(w, in->b);
  else if (w->val[w->i].uses)
    r = (struct a64_halves){kn_temp(w, KN_GP_MASK), kn_temp(w, KN_GP_MASK)};
  a64_access_pair(w, in, load, r.low, r.high);
  kn_drop_operands(w, in);
  if (load) store_halves(w, r.low, r.high);
}

static void choose(struct kn_walk *w, const struct kn_inst *in) {
  const struct a64_halves b = operand(w, in->b), c = operand(w, in->c);
  const enum a64_cond cond = a64_flags(w, a64_condition(w, in->a));
  a64_emit(w, a64_csel(A64_CSEL, 1, b.low, b.low, c.low, cond));
  a64_emit(w, a64_csel(A64_CSEL, 1, b.high, b.high, c.high, cond));
  kn_drop(w, in->b);
  kn_drop(w, in->c);
  store_halves(w, b.low, b.high);
}

/* A copy, or the bits of an i128; or to one. */
static void copy(struct kn_walk *w, const struct kn_inst *in) {
  const bool from_pair = in->op == KILN_OP_BITCAST && in->x == KILN_TYPE_I128;
  const struct a64_halves r = from_pair ? a64_pair_copy(w, in->a) : operand(w, in->a);
  kn_drop_any_operands(w, in);
  if (in->type == KILN_TYPE_I128) a64_def_pair(w, w->i, r.low, r.high);
  else store_halves(w, r.low, r.high);
}

/* Rounded twice: the product is kept in the frame. */
static void multiply_add(struct kn_walk *w, const struct kn_inst *in) {
  const uint32_t args[3] = {in->a, in->b, in->c};
  int32_t product = kn_frame_alloc(w, 16, 4);
  a64_quad_call(w, "__multf3", args, 2);
  a64_frame_access(w, A64_STR_FQ, KN_FP_BASE, product, 0);
  /* v1 first; loading a constant is no call */
  a64_quad_load(w, in->c, KN_FP_BASE + 1);
  a64_frame_access(w, A64_LDR_FQ, KN_FP_BASE, product, 0);
  a64_quad_call(w, "__addtf3", NULL, 0);
  drop(w, args, 3);
  a64_quad_store(w, w->i, KN_FP_BASE);
}

void a64_lower_quad(struct kn_walk *w, const struct kn_inst *in) {
  switch (in->op) {
  case KILN_OP_FCMP: compare(w, in); return;
  case KILN_OP_FNEG:
  case KILN_OP_FABS:
  case KILN_OP_FCOPYSIGN: change_sign(w, in); return;
  case KILN_OP_FMULADD: multiply_add(w, in); return;
  case KILN_OP_FTOSIS:
  case KILN_OP_FTOUIS: a64_saturate_long(w, in); return;
  case KILN_OP_LOAD:
  case KILN_OP_STORE: access(w, in); return;
  case KILN_OP_SELECT: choose(w, in); return;
  case KILN_OP_COPY:
  case KILN_OP_BITCAST: copy(w, in); return;
  default: kn_lower_library(w, in); return;
  }
}
