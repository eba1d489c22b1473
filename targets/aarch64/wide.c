/* i128 on AArch64, and what an f128 has in common with it: values live in 16-byte frame slots; halves are loaded into
 * registers when needed. Called by the walk's loop for every instruction of or from that type, and by call.c.
 * Invariant: an operation reads all of its operands before it writes its result's slot. */
#include "targets/aarch64/a64.h"

/* ---- operands and results ---- */

static void frame_pair(struct kn_walk *w, bool load, unsigned low, unsigned high, int32_t frame) {
  enum a64_mem op = load ? A64_LDR_X : A64_STR_X;
  if (frame > 0 && a64_pair_ok(frame)) {
    a64(w)->frame_used = true;
    a64_emit(w, a64_pair(load ? A64_LDP_X : A64_STP_X, A64_OFFSET, low, high, A64_FP, frame));
    return;
  }
  struct a64_at m = a64_frame_at(w, op, frame, 0);
  a64_emit(w, a64_mem_offset(op, low, m.base, m.off));
  m = a64_frame_at(w, op, frame, 8);
  a64_emit(w, a64_mem_offset(op, high, m.base, m.off));
}

void a64_wide_load(struct kn_walk *w, uint32_t h, unsigned low, unsigned high) {
  int64_t half[2];
  if (kn_wide_number(w, h, half)) {
    a64_set(w, low, 1, (uint64_t)half[0]);
    a64_set(w, high, 1, (uint64_t)half[1]);
  } else if (kn_is_value(h)) {
    int32_t at = kn_frame_of(w, &w->val[h]);
    KN_LOG(w, KN_EV_USE, h, KN_PLACE_FRAME + at);
    frame_pair(w, true, low, high, at);
  }
}

void a64_wide_store(struct kn_walk *w, uint32_t i, unsigned low, unsigned high) {
  if (w->val[i].uses) frame_pair(w, false, low, high, kn_def_wide(w, i));
}

static struct a64_halves temps(struct kn_walk *w) {
  unsigned low = kn_temp(w, KN_GP_MASK);
  return (struct a64_halves){low, kn_temp(w, KN_GP_MASK)};
}
struct a64_halves a64_wide_operand(struct kn_walk *w, uint32_t h) {
  struct a64_halves r = temps(w);
  a64_wide_load(w, h, r.low, r.high);
  return r;
}

/* ---- operations: the result in `a` ---- */

static void multiply(struct kn_walk *w, struct a64_halves *a, struct a64_halves b) {
  a64_emit(w, a64_umulh(A64_IP0, a->low, b.low));
  a64_emit(w, a64_madd(1, A64_IP0, a->low, b.high, A64_IP0));
  a64_emit(w, a64_madd(1, a->high, a->high, b.low, A64_IP0));
  a64_emit(w, a64_mul(1, a->low, a->low, b.low));
}

static void shift_fixed(struct kn_walk *w, unsigned op, struct a64_halves *a, unsigned n) {
  bool sign = op == KILN_OP_ASHR;
  if (n == 0) return;
  if (op == KILN_OP_SHL) {
    if (n < 64) {
      a64_emit(w, a64_extr(1, a->high, a->high, a->low, 64 - n));
      a64_emit(w, a64_lsl_imm(1, a->low, a->low, n));
    } else {
      a64_emit(w, n > 64 ? a64_lsl_imm(1, a->high, a->low, n - 64) : a64_mov(1, a->high, a->low));
      a64_emit(w, a64_mov(1, a->low, A64_ZR));
    }
  } else if (n < 64) {
    a64_emit(w, a64_extr(1, a->low, a->high, a->low, n));
    a64_emit(w, sign ? a64_asr_imm(1, a->high, a->high, n) : a64_lsr_imm(1, a->high, a->high, n));
  } else {
    a64_emit(w, sign ? a64_asr_imm(1, a->low, a->high, n - 64)
                     : a64_lsr_imm(1, a->low, a->high, n - 64));
    a64_emit(w, sign ? a64_asr_imm(1, a->high, a->high, 63) : a64_mov(1, a->high, A64_ZR));
  }
}

/* near = near shifted by c modulo 64, with bits of far shifted in. Uses x16, x17. */
static void shift_join(struct kn_walk *w, bool left, unsigned near, unsigned far, unsigned c) {
  a64_emit(w, a64_mvn(1, A64_IP1, c));
  a64_emit(w, left ? a64_lsr_imm(1, A64_IP0, far, 1) : a64_lsl_imm(1, A64_IP0, far, 1));
  a64_emit(w, a64_op2(left ? A64_LSRV : A64_LSLV, 1, A64_IP0, A64_IP0, A64_IP1));
  a64_emit(w, a64_op2(left ? A64_LSLV : A64_LSRV, 1, near, near, c));
  a64_emit(w, a64_orr(1, near, near, A64_IP0));
}
static void test_64(struct kn_walk *w, unsigned c) {
  uint32_t field = 0;
  a64_bitmask(1, 64, &field);
  a64_emit(w, a64_tst_imm(1, c, field));
}

void a64_wide_shift(struct kn_walk *w, unsigned op, struct a64_halves *a, unsigned c) {
  bool left = op == KILN_OP_SHL, sign = op == KILN_OP_ASHR;
  /* bits go from `from` to `to`; with a count of 64 or more, `to` comes from `from` only */
  unsigned from = left ? a->low : a->high, to = left ? a->high : a->low;
  shift_join(w, left, to, from, c);
  if (sign) a64_emit(w, a64_asr_imm(1, A64_IP1, from, 63));
  a64_emit(w, a64_op2(left ? A64_LSLV : sign ? A64_ASRV : A64_LSRV, 1, from, from, c));
  test_64(w, c);
  a64_emit(w, a64_csel(A64_CSEL, 1, to, from, to, A64_NE));
  a64_emit(w,
           a64_csel(A64_CSEL, 1, from, sign ? (unsigned)A64_IP1 : (unsigned)A64_ZR, from, A64_NE));
}

static void rotate_by(struct kn_walk *w, bool left, struct a64_halves *a, unsigned c) {
  unsigned t = kn_temp(w, KN_GP_MASK);
  test_64(w, c);
  a64_emit(w, a64_csel(A64_CSEL, 1, t, a->high, a->low, A64_NE));
  a64_emit(w, a64_csel(A64_CSEL, 1, a->high, a->low, a->high, A64_NE));
  a64_emit(w, a64_mov(1, a->low, t));
  /* t keeps the low half as it was */
  shift_join(w, left, a->low, a->high, c);
  shift_join(w, left, a->high, t, c);
}

static void shift(struct kn_walk *w, const struct kn_inst *in, struct a64_halves *a) {
  bool rotates = in->op == KILN_OP_ROTL || in->op == KILN_OP_ROTR;
  int64_t by[2];
  if (!rotates && kn_wide_number(w, in->b, by)) {
    shift_fixed(w, in->op, a, (unsigned)by[0] & 127);
    return;
  }
  struct a64_halves c = a64_wide_operand(w, in->b);
  if (rotates) rotate_by(w, in->op == KILN_OP_ROTL, a, c.low);
  else a64_wide_shift(w, in->op, a, c.low);
}

/* Sets the flags for a - b: valid for LT, GE, LO and HS only. */
static void compare_less(struct kn_walk *w, struct a64_halves a, struct a64_halves b) {
  a64_emit(w, a64_cmp(1, a.low, b.low));
  a64_emit(w, a64_addsub_carry(A64_SUBS, 1, A64_ZR, a.high, b.high));
}

static void compare(struct kn_walk *w, const struct kn_inst *in) {
  unsigned cond = in->x;
  bool swap = cond == KILN_ICOND_SLE || cond == KILN_ICOND_SGT || cond == KILN_ICOND_ULE ||
              cond == KILN_ICOND_UGT;
  struct a64_halves a = a64_wide_operand(w, swap ? in->b : in->a),
                    b = a64_wide_operand(w, swap ? in->a : in->b);
  kn_drop_operands(w, in);
  unsigned d = kn_def(w, w->i, KILN_TYPE_I8, KN_NO_REG, 0);
  enum a64_cond cc;
  if (cond <= KILN_ICOND_NE) {
    a64_emit(w, a64_cmp(1, a.low, b.low));
    a64_emit(w, a64_ccmp_reg(A64_CCMP, 1, a.high, b.high, 0, A64_EQ));
    cc = cond == KILN_ICOND_EQ ? A64_EQ : A64_NE;
  } else {
    compare_less(w, a, b);
    cc = cond == KILN_ICOND_SLT || cond == KILN_ICOND_SGT   ? A64_LT
         : cond == KILN_ICOND_SGE || cond == KILN_ICOND_SLE ? A64_GE
         : cond == KILN_ICOND_ULT || cond == KILN_ICOND_UGT ? A64_LO
                                                            : A64_HS;
  }
  a64_emit(w, a64_cset(0, d, cc));
  a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
}

static void min_max(struct kn_walk *w, unsigned op, struct a64_halves *a, struct a64_halves b) {
  bool sign = op == KILN_OP_SMIN || op == KILN_OP_SMAX;
  bool least = op == KILN_OP_SMIN || op == KILN_OP_UMIN;
  compare_less(w, *a, b);
  enum a64_cond cc = sign ? (least ? A64_LT : A64_GE) : (least ? A64_LO : A64_HS);
  a64_emit(w, a64_csel(A64_CSEL, 1, a->low, a->low, b.low, cc));
  a64_emit(w, a64_csel(A64_CSEL, 1, a->high, a->high, b.high, cc));
}

static void count(struct kn_walk *w, unsigned op, struct a64_halves *a) {
  if (op == KILN_OP_POPCNT) {
    a64_emit(w, a64_fint(A64_FMOV_FROM_GPR, 1, A64_D, a64_v(A64_VS1), a->low));
    a64_emit(w, a64_fmov_to_high(a64_v(A64_VS1), a->high));
    a64_emit(w, a64_cnt_16b(a64_v(A64_VS1), a64_v(A64_VS1)));
    a64_emit(w, a64_addv_16b(a64_v(A64_VS1), a64_v(A64_VS1)));
    a64_emit(w, a64_fint(A64_FMOV_TO_GPR, 0, A64_S, a->low, a64_v(A64_VS1)));
  } else {
    unsigned first = op == KILN_OP_CLZ ? a->high : a->low,
             other = op == KILN_OP_CLZ ? a->low : a->high;
    if (op == KILN_OP_CTZ) {
      a64_emit(w, a64_op1(A64_RBIT, 1, first, first));
      a64_emit(w, a64_op1(A64_RBIT, 1, other, other));
    }
    a64_emit(w, a64_op1(A64_CLZ, 1, other, other));
    a64_emit(w, a64_addsub_imm(A64_ADD, 1, other, other, 64, 0));
    a64_emit(w, a64_op1(A64_CLZ, 1, A64_IP0, first));
    a64_emit(w, a64_cmp(1, first, A64_ZR));
    a64_emit(w, a64_csel(A64_CSEL, 1, a->low, A64_IP0, other, A64_NE));
  }
  a64_emit(w, a64_mov(1, a->high, A64_ZR));
}

void a64_wide_negate_if(struct kn_walk *w, struct a64_halves x, unsigned mask) {
  a64_emit(w, a64_eor(1, x.low, x.low, mask));
  a64_emit(w, a64_eor(1, x.high, x.high, mask));
  a64_emit(w, a64_addsub_reg(A64_SUBS, 1, x.low, x.low, mask, A64_LSL, 0));
  a64_emit(w, a64_addsub_carry(A64_SUB, 1, x.high, x.high, mask));
}

static void unary(struct kn_walk *w, unsigned op, struct a64_halves *a) {
  struct a64_halves r = *a;
  switch (op) {
  case KILN_OP_NEG:
    a64_emit(w, a64_addsub_reg(A64_SUBS, 1, r.low, A64_ZR, r.low, A64_LSL, 0));
    a64_emit(w, a64_ngc(1, r.high, r.high));
    break;
  case KILN_OP_NOT:
    a64_emit(w, a64_mvn(1, r.low, r.low));
    a64_emit(w, a64_mvn(1, r.high, r.high));
    break;
  case KILN_OP_ABS:
    a64_emit(w, a64_asr_imm(1, A64_IP0, r.high, 63));
    a64_wide_negate_if(w, r, A64_IP0);
    break;
  case KILN_OP_BITREV:
  case KILN_OP_BSWAP: {
    enum a64_op1 half = op == KILN_OP_BITREV ? A64_RBIT : A64_REV64;
    a64_emit(w, a64_op1(half, 1, r.low, r.low));
    a64_emit(w, a64_op1(half, 1, r.high, r.high));
    *a = (struct a64_halves){r.high, r.low};
    break;
  }
  default: count(w, op, a);
  }
}

/* a = a:b shifted by the count modulo 128: the bits of the other operand come in at its far end. */
static void funnel(struct kn_walk *w, const struct kn_inst *in) {
  bool left = in->op == KILN_OP_FSHL;
  struct a64_halves near = a64_wide_operand(w, left ? in->a : in->b),
                    far = a64_wide_operand(w, left ? in->b : in->a), c = a64_wide_operand(w, in->c);
  a64_wide_shift(w, left ? KILN_OP_SHL : KILN_OP_LSHR, &near, c.low);
  shift_fixed(w, left ? KILN_OP_LSHR : KILN_OP_SHL, &far, 1);
  a64_emit(w, a64_mvn(1, c.low, c.low));
  a64_wide_shift(w, left ? KILN_OP_LSHR : KILN_OP_SHL, &far, c.low);
  a64_emit(w, a64_orr(1, near.low, near.low, far.low));
  a64_emit(w, a64_orr(1, near.high, near.high, far.high));
  kn_drop_operands(w, in);
  a64_wide_store(w, w->i, near.low, near.high);
}

/* a = a * b, unsigned; `over` becomes 1 if it does not fit. Uses x16, x17. */
static void multiply_checked(struct kn_walk *w, struct a64_halves a, struct a64_halves b,
                             unsigned over) {
  a64_emit(w, a64_cmp(1, a.high, A64_ZR));
  a64_emit(w, a64_ccmp_imm(A64_CCMP, 1, b.high, 0, 4, A64_NE));
  a64_emit(w, a64_cset(1, over, A64_NE));
  a64_emit(w, a64_umulh(A64_IP0, a.high, b.low));
  a64_emit(w, a64_cmp(1, A64_IP0, A64_ZR));
  a64_emit(w, a64_csel(A64_CSINC, 1, over, over, A64_ZR, A64_EQ));
  a64_emit(w, a64_umulh(A64_IP0, b.high, a.low));
  a64_emit(w, a64_cmp(1, A64_IP0, A64_ZR));
  a64_emit(w, a64_csel(A64_CSINC, 1, over, over, A64_ZR, A64_EQ));
  a64_emit(w, a64_umulh(A64_IP0, a.low, b.low));
  a64_emit(w, a64_mul(1, A64_IP1, a.high, b.low));
  a64_emit(w, a64_addsub_reg(A64_ADDS, 1, A64_IP0, A64_IP0, A64_IP1, A64_LSL, 0));
  a64_emit(w, a64_csel(A64_CSINC, 1, over, over, A64_ZR, A64_LO));
  a64_emit(w, a64_mul(1, A64_IP1, b.high, a.low));
  a64_emit(w, a64_addsub_reg(A64_ADDS, 1, a.high, A64_IP0, A64_IP1, A64_LSL, 0));
  a64_emit(w, a64_csel(A64_CSINC, 1, over, over, A64_ZR, A64_LO));
  a64_emit(w, a64_mul(1, a.low, a.low, b.low));
}

static void multiply_overflow(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  struct a64_halves a = a64_wide_operand(w, in->a), b = a64_wide_operand(w, in->b);
  unsigned over = kn_temp(w, KN_GP_MASK), sign = kn_temp(w, KN_GP_MASK);
  if (in->op == KILN_OP_UMULO) {
    multiply_checked(w, a, b, over);
  } else {
    /* multiply magnitudes; the product must have the sign that the operands' signs give, unless it
     * is 0 */
    a64_emit(w, a64_eor(1, sign, a.high, b.high));
    a64_emit(w, a64_asr_imm(1, sign, sign, 63));
    a64_emit(w, a64_asr_imm(1, A64_IP0, a.high, 63));
    a64_wide_negate_if(w, a, A64_IP0);
    a64_emit(w, a64_asr_imm(1, A64_IP0, b.high, 63));
    a64_wide_negate_if(w, b, A64_IP0);
    multiply_checked(w, a, b, over);
    a64_wide_negate_if(w, a, sign);
    a64_emit(w, a64_eor(1, sign, sign, a.high));
    a64_emit(w, a64_orr(1, A64_IP0, a.low, a.high));
    a64_emit(w, a64_cmp(1, A64_IP0, A64_ZR));
    a64_emit(w, a64_csel(A64_CSEL, 1, sign, sign, A64_ZR, A64_NE));
    a64_emit(w, a64_logic_reg(A64_ORR, 1, over, over, sign, A64_LSR, 63));
  }
  kn_drop_operands(w, in);
  uint32_t flag = kn_second_result(w, i);
  if (flag) {
    unsigned d = kn_def(w, flag, KILN_TYPE_I8, KN_NO_REG, 0);
    a64_emit(w, a64_mov(0, d, over));
    a64_set_zx(w, flag);
    kn_defined(w, flag, d);
  }
  a64_wide_store(w, i, a.low, a.high);
}

static void overflow(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  bool sub = in->op == KILN_OP_SSUBO || in->op == KILN_OP_USUBO;
  bool sign = in->op == KILN_OP_SADDO || in->op == KILN_OP_SSUBO;
  uint32_t flag = kn_second_result(w, i);
  struct a64_halves a = a64_wide_operand(w, in->a), b = a64_wide_operand(w, in->b);
  kn_drop_operands(w, in);
  unsigned d = flag ? kn_def(w, flag, KILN_TYPE_I8, KN_NO_REG, 0) : A64_IP0;
  a64_emit(w, a64_addsub_reg(sub ? A64_SUBS : A64_ADDS, 1, a.low, a.low, b.low, A64_LSL, 0));
  a64_emit(w, a64_addsub_carry(sub ? A64_SUBS : A64_ADDS, 1, a.high, a.high, b.high));
  if (flag) {
    a64_emit(w, a64_cset(0, d, sign ? A64_VS : sub ? A64_LO : A64_HS));
    a64_set_zx(w, flag);
    kn_defined(w, flag, d);
  }
  a64_wide_store(w, i, a.low, a.high);
}

static void select_wide(struct kn_walk *w, const struct kn_inst *in) {
  struct a64_halves b = a64_wide_operand(w, in->b), c = a64_wide_operand(w, in->c);
  enum a64_cond cond = a64_flags(w, a64_condition(w, in->a));
  a64_emit(w, a64_csel(A64_CSEL, 1, b.low, b.low, c.low, cond));
  a64_emit(w, a64_csel(A64_CSEL, 1, b.high, b.high, c.high, cond));
  kn_drop(w, in->b);
  kn_drop(w, in->c);
  a64_wide_store(w, w->i, b.low, b.high);
}

static void convert(struct kn_walk *w, const struct kn_inst *in) {
  if (in->op == KILN_OP_TRUNC) {
    struct a64_halves a = a64_wide_operand(w, in->a);
    kn_drop(w, in->a);
    unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
    a64_emit(w, a64_mov(1, d, a.low));
    kn_defined(w, w->i, d);
    return;
  }
  unsigned r = kn_reg(w, in->a, in->x), t = kn_temp(w, KN_GP_MASK);
  bool sign = in->op == KILN_OP_SEXT;
  if (in->x == KILN_TYPE_I64) a64_emit(w, a64_mov(1, t, r));
  else
    a64_emit(w,
             sign ? a64_sbfx(1, t, r, 0, a64_bits(in->x)) : a64_ubfx(1, t, r, 0, a64_bits(in->x)));
  if (sign) a64_emit(w, a64_asr_imm(1, A64_IP0, t, 63));
  kn_drop(w, in->a);
  a64_wide_store(w, w->i, t, sign ? (unsigned)A64_IP0 : (unsigned)A64_ZR);
}

/* ---- all of them ---- */

static void load(struct kn_walk *w, const struct kn_inst *in) {
  struct a64_halves a = temps(w);
  if (kn_wide(w, KN_MEM_TYPE(in->x))) {
    a64_access_pair(w, in, true, a.low, a.high);
  } else {
    struct kn_inst part = *in;
    part.type = KILN_TYPE_I64;
    a64_do_load(w, a.low, &part);
    if (in->x & KILN_MEM_SEXT) a64_emit(w, a64_asr_imm(1, a.high, a.low, 63));
    else a64_emit(w, a64_mov(1, a.high, A64_ZR));
  }
  kn_drop(w, in->a);
  a64_wide_store(w, w->i, a.low, a.high);
}

/* a = a op b */
static void binary(struct kn_walk *w, unsigned op, struct a64_halves *a, struct a64_halves b) {
  bool sub = op == KILN_OP_SUB;
  if (op == KILN_OP_ADD || sub) {
    a64_emit(w, a64_addsub_reg(sub ? A64_SUBS : A64_ADDS, 1, a->low, a->low, b.low, A64_LSL, 0));
    a64_emit(w, a64_addsub_carry(sub ? A64_SUB : A64_ADD, 1, a->high, a->high, b.high));
  } else if (op == KILN_OP_MUL) {
    multiply(w, a, b);
  } else if (op == KILN_OP_AND || op == KILN_OP_OR || op == KILN_OP_XOR) {
    enum a64_logic logic = op == KILN_OP_AND ? A64_AND : op == KILN_OP_OR ? A64_ORR : A64_EOR;
    a64_emit(w, a64_logic_reg(logic, 1, a->low, a->low, b.low, A64_LSL, 0));
    a64_emit(w, a64_logic_reg(logic, 1, a->high, a->high, b.high, A64_LSL, 0));
  } else {
    min_max(w, op, a, b);
  }
}

void a64_lower_wide(struct kn_walk *w, const struct kn_inst *in) {
  if (kn_library_op(w, in)) return;
  struct a64_halves a, b;
  switch (in->op) {
  case KILN_OP_LOAD: load(w, in); return;
  case KILN_OP_STORE:
    a = a64_wide_operand(w, in->b);
    a64_access_pair(w, in, false, a.low, a.high);
    kn_drop_operands(w, in);
    return;
  case KILN_OP_FTOSIS:
  case KILN_OP_FTOUIS: a64_saturate_wide(w, in); return;
  case KILN_OP_SADDO:
  case KILN_OP_UADDO:
  case KILN_OP_SSUBO:
  case KILN_OP_USUBO: overflow(w, in); return;
  case KILN_OP_SMULO:
  case KILN_OP_UMULO: multiply_overflow(w, in); return;
  case KILN_OP_FSHL:
  case KILN_OP_FSHR: funnel(w, in); return;
  case KILN_OP_ICMP: compare(w, in); return;
  case KILN_OP_SELECT: select_wide(w, in); return;
  case KILN_OP_TRUNC:
  case KILN_OP_ZEXT:
  case KILN_OP_SEXT: convert(w, in); return;
  case KILN_OP_COPY:
  case KILN_OP_BITCAST:
    a = a64_wide_operand(w, in->a);
    kn_drop(w, in->a);
    a64_wide_store(w, w->i, a.low, a.high);
    return;
  case KILN_OP_NEG:
  case KILN_OP_NOT:
  case KILN_OP_ABS:
  case KILN_OP_BITREV:
  case KILN_OP_BSWAP:
  case KILN_OP_CLZ:
  case KILN_OP_CTZ:
  case KILN_OP_POPCNT:
    a = a64_wide_operand(w, in->a);
    unary(w, in->op, &a);
    kn_drop(w, in->a);
    a64_wide_store(w, w->i, a.low, a.high);
    return;
  case KILN_OP_SHL:
  case KILN_OP_LSHR:
  case KILN_OP_ASHR:
  case KILN_OP_ROTL:
  case KILN_OP_ROTR:
    a = a64_wide_operand(w, in->a);
    shift(w, in, &a);
    break;
  case KILN_OP_ADD:
  case KILN_OP_SUB:
  case KILN_OP_AND:
  case KILN_OP_OR:
  case KILN_OP_XOR:
  case KILN_OP_MUL:
  case KILN_OP_SMIN:
  case KILN_OP_SMAX:
  case KILN_OP_UMIN:
  case KILN_OP_UMAX:
    a = a64_wide_operand(w, in->a);
    b = a64_wide_operand(w, in->b);
    binary(w, in->op, &a, b);
    break;
  default:
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "this operation is not supported for i128 on aarch64");
    return;
  }
  kn_drop_operands(w, in);
  a64_wide_store(w, w->i, a.low, a.high);
}
