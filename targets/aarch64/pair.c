/* i128 on AArch64: two values of 64 bits, each in a register or spilled like any other. What is frequent is computed
 * from the registers of the halves, half by half where one has a carry: between the two there are only moves and loads,
 * which keep the flags. The rest is computed in temporary registers. Called by the walk's loop for every instruction of
 * or from that type. Invariant: a result's register that is written while a half is still to be read is not its. */
#include "targets/aarch64/a64.h"

/* ---- operands and results ---- */

/* Register of half k of operand h, which is locked; that of 0 is the zero register. */
static unsigned half(struct kn_walk *w, uint32_t h, unsigned k) {
  return a64_reg_or_zr(w, kn_half(w->f, h, k), KILN_TYPE_I64);
}
struct a64_halves a64_pair_operand(struct kn_walk *w, uint32_t h) {
  const unsigned low = half(w, h, 0);
  return (struct a64_halves){low, half(w, h, 1)};
}

/* Is the upper half of h known to be 0? */
static bool is_low(struct kn_walk *w, uint32_t h) {
  uint64_t bits;
  return a64_const(w, kn_half(w->f, h, 1), KILN_TYPE_I64, &bits) && bits == 0;
}

struct a64_halves a64_pair_copy(struct kn_walk *w, uint32_t h) {
  unsigned t[2];
  for (unsigned k = 0; k < 2; k++) {
    const uint64_t locked = w->regs.locked;
    const uint32_t from = kn_half(w->f, h, k);
    const unsigned to = t[k] = kn_temp(w, KN_GP_MASK);
    if (kn_is_value(from)) a64_emit(w, a64_mov(1, to, kn_reg(w, from, KILN_TYPE_I64)));
    else a64_hook_constant(w, to, from, KILN_TYPE_I64);
    kn_unlock_but(w, locked | KN_BIT(to));
  }
  return (struct a64_halves){t[0], t[1]};
}

/* Value i is in register r: a temporary one, which it keeps, a scratch register or that of 0. */
static void define(struct kn_walk *w, uint32_t i, unsigned r) {
  if (r < 31 && w->regs.temp >> r & 1) {
    kn_def_fixed(w, i, KILN_TYPE_I64, r);
    return;
  }
  const unsigned d = kn_def(w, i, KILN_TYPE_I64, KN_NO_REG, 0);
  a64_emit(w, a64_mov(1, d, r));
  kn_defined(w, i, d);
}
void a64_def_pair(struct kn_walk *w, uint32_t i, unsigned low, unsigned high) {
  if (w->val[i].uses == 0) return;
  define(w, i, low);
  define(w, i + 1, high);
}

/* The registers of the result. That of the half `first` is written while the other one's operands, `later`, are still
 * to be read. */
static struct a64_halves results(struct kn_walk *w, unsigned first, uint64_t later,
                                 unsigned prefer_low, unsigned prefer_high) {
  const unsigned low = kn_def(w, w->i, KILN_TYPE_I64, prefer_low, first == 0 ? later : 0);
  const unsigned high =
    kn_def(w, w->i + 1, KILN_TYPE_I64, prefer_high, KN_BIT(low) | (first == 1 ? later : 0));
  return (struct a64_halves){low, high};
}
static void defined(struct kn_walk *w, struct a64_halves d) {
  kn_defined(w, w->i, d.low);
  kn_defined(w, w->i + 1, d.high);
}
/* The bit of a register that is not that of 0. */
static uint64_t bit_of(unsigned r) { return r < 31 ? KN_BIT(r) : 0; }

/* ---- half by half ---- */

/* Value i + k = half k of a plus or minus that of b. */
static void sum(struct kn_walk *w, uint32_t a, uint32_t b, enum a64_addsub op) {
  for (unsigned k = 0; k < 2; k++) {
    const unsigned ra = half(w, a, k), rb = half(w, b, k);
    kn_drop(w, kn_half(w->f, a, k));
    kn_drop(w, kn_half(w->f, b, k));
    const unsigned d = kn_def(w, w->i + k, KILN_TYPE_I64, ra, 0);
    a64_emit(w, k == 0 ? a64_addsub_reg(op, 1, d, ra, rb, A64_LSL, 0)
                       : a64_addsub_carry(op, 1, d, ra, rb));
    kn_defined(w, w->i + k, d);
    kn_unlock_but(w, 0);
  }
}

static void overflow(struct kn_walk *w, const struct kn_inst *in) {
  const bool sub = in->op == KILN_OP_SSUBO || in->op == KILN_OP_USUBO;
  const bool sign = in->op == KILN_OP_SADDO || in->op == KILN_OP_SSUBO;
  const uint32_t flag = kn_second_result(w, w->i);
  if (w->val[w->i].uses == 0 && flag == 0) {
    kn_drop_any_operands(w, in);
    return;
  }
  w->val[w->i].uses++; /* the sum is computed, whether it is read or not */
  w->val[w->i + 1].uses++;
  sum(w, in->a, in->b, sub ? A64_SUBS : A64_ADDS);
  if (flag) a64_def_flag(w, flag, sign ? A64_VS : sub ? A64_LO : A64_HS);
  kn_drop(w, w->i);
  kn_drop(w, w->i + 1);
}

/* Chooses the halves of a where `cond` holds, else those of b, whose uses are done then. */
static void choose(struct kn_walk *w, uint32_t a, uint32_t b, enum a64_cond cond) {
  for (unsigned k = 0; k < 2; k++) {
    const unsigned ra = half(w, a, k), rb = half(w, b, k);
    kn_drop(w, kn_half(w->f, a, k));
    kn_drop(w, kn_half(w->f, b, k));
    const unsigned d = kn_def(w, w->i + k, KILN_TYPE_I64, ra, 0);
    a64_emit(w, a64_csel(A64_CSEL, 1, d, ra, rb, cond));
    kn_defined(w, w->i + k, d);
    kn_unlock_but(w, 0);
  }
}

static void select(struct kn_walk *w, const struct kn_inst *in) {
  const enum a64_cond cond = a64_flags(w, a64_condition(w, in->a));
  kn_unlock_but(w, 0);
  choose(w, in->b, in->c, cond);
}

/* Sets the flags for a - b: valid for LT, GE, LO and HS only. */
static void compare_less(struct kn_walk *w, struct a64_halves a, struct a64_halves b) {
  a64_emit(w, a64_cmp(1, a.low, b.low));
  a64_emit(w, a64_addsub_carry(A64_SUBS, 1, A64_ZR, a.high, b.high));
}

static void min_max(struct kn_walk *w, const struct kn_inst *in) {
  const bool sign = in->op == KILN_OP_SMIN || in->op == KILN_OP_SMAX;
  const bool least = in->op == KILN_OP_SMIN || in->op == KILN_OP_UMIN;
  const struct a64_halves a = a64_pair_operand(w, in->a);
  compare_less(w, a, a64_pair_operand(w, in->b));
  kn_unlock_but(w, 0);
  choose(w, in->a, in->b, sign ? (least ? A64_LT : A64_GE) : (least ? A64_LO : A64_HS));
}

enum a64_cond a64_pair_condition(struct kn_walk *w, const struct kn_inst *in, bool negated) {
  const unsigned cond = in->x ^ negated;
  const bool swap = cond == KILN_ICOND_SLE || cond == KILN_ICOND_SGT || cond == KILN_ICOND_ULE ||
                    cond == KILN_ICOND_UGT;
  const struct a64_halves a = a64_pair_operand(w, swap ? in->b : in->a),
                          b = a64_pair_operand(w, swap ? in->a : in->b);
  for (unsigned k = 0; k < 2; k++) {
    kn_drop(w, kn_half(w->f, in->a, k));
    kn_drop(w, kn_half(w->f, in->b, k));
  }
  if (cond <= KILN_ICOND_NE) {
    a64_emit(w, a64_cmp(1, a.low, b.low));
    a64_emit(w, a64_ccmp_reg(A64_CCMP, 1, a.high, b.high, 0, A64_EQ));
    return cond == KILN_ICOND_EQ ? A64_EQ : A64_NE;
  }
  compare_less(w, a, b);
  return cond == KILN_ICOND_SLT || cond == KILN_ICOND_SGT   ? A64_LT
         : cond == KILN_ICOND_SGE || cond == KILN_ICOND_SLE ? A64_GE
         : cond == KILN_ICOND_ULT || cond == KILN_ICOND_UGT ? A64_LO
                                                            : A64_HS;
}

static void compare(struct kn_walk *w, const struct kn_inst *in) {
  if (a64_fuses(w, w->i) && (in[1].op == KILN_OP_BRIF || w->val[w->i + 1].uses != 0)) {
    a64_wait(w, w->i);
    return;
  }
  a64_def_flag(w, w->i, a64_pair_condition(w, in, false));
}

/* ---- multiplication ---- */

/* The product of the lower halves, signed or not, is that of i64s. */
static void multiply_low(struct kn_walk *w, bool sign, uint32_t a, uint32_t b) {
  const unsigned ra = half(w, a, 0), rb = half(w, b, 0);
  kn_drop(w, a);
  kn_drop(w, b);
  const struct a64_halves d = results(w, 1, bit_of(ra) | bit_of(rb), ra, KN_NO_REG);
  a64_emit(w, sign ? a64_smulh(d.high, ra, rb) : a64_umulh(d.high, ra, rb));
  a64_emit(w, a64_mul(1, d.low, ra, rb));
  defined(w, d);
}

static void multiply(struct kn_walk *w, const struct kn_inst *in) {
  if (kn_is_of_halves(w->f, w->i)) {
    multiply_low(w, in->x, in->a, in->b);
    return;
  }
  const bool a_low = is_low(w, in->a), b_low = is_low(w, in->b);
  struct a64_halves a = {half(w, in->a, 0), A64_ZR}, b = {half(w, in->b, 0), A64_ZR};
  if (!a_low) a.high = half(w, in->a, 1);
  if (!b_low) b.high = half(w, in->b, 1);
  kn_drop_any_operands(w, in);
  const uint64_t all = bit_of(a.low) | bit_of(a.high) | bit_of(b.low) | bit_of(b.high);
  const struct a64_halves d = results(w, 1, all, a.low, KN_NO_REG);
  a64_emit(w, a64_umulh(d.high, a.low, b.low));
  if (!b_low) a64_emit(w, a64_madd(1, d.high, a.low, b.high, d.high));
  if (!a_low) a64_emit(w, a64_madd(1, d.high, a.high, b.low, d.high));
  a64_emit(w, a64_mul(1, d.low, a.low, b.low));
  defined(w, d);
}

/* The product of the upper half of one factor and the lower one of another: adds its lower half to t, and carries into
 * x16, its upper one. Signed, the lower half counts as unsigned. Uses x17. */
static void cross_product(struct kn_walk *w, bool sign, unsigned high, unsigned low, unsigned t) {
  a64_emit(w, a64_mul(1, A64_IP1, high, low));
  a64_emit(w, a64_umulh(A64_IP0, high, low));
  a64_emit(w, a64_addsub_reg(A64_ADDS, 1, t, t, A64_IP1, A64_LSL, 0));
  a64_emit(w, a64_addsub_carry(A64_ADD, 1, A64_IP0, A64_IP0, A64_ZR));
  if (!sign) return;
  a64_emit(w, a64_asr_imm(1, A64_IP1, high, 63)); /* a negative one was taken for 2^64 more */
  a64_emit(w, a64_logic_reg(A64_AND, 1, A64_IP1, A64_IP1, low, A64_LSL, 0));
  a64_emit(w, a64_addsub_reg(A64_SUB, 1, A64_IP0, A64_IP0, A64_IP1, A64_LSL, 0));
}

/* The upper two of the product's four words must be 0 or, signed, the sign of the second one. They are summed up in
 * `third` and `over`; unsigned, it is enough to collect bits. */
static void multiply_overflow(struct kn_walk *w, const struct kn_inst *in, uint32_t flag) {
  const bool sign = in->op == KILN_OP_SMULO;
  const struct a64_halves a = a64_pair_operand(w, in->a), b = a64_pair_operand(w, in->b);
  const unsigned t = kn_temp(w, KN_GP_MASK), third = kn_temp(w, KN_GP_MASK),
                 over = kn_temp(w, KN_GP_MASK);
  a64_emit(w, a64_mul(1, third, a.high, b.high));
  a64_emit(w, sign ? a64_smulh(over, a.high, b.high) : a64_umulh(over, a.high, b.high));
  a64_emit(w, a64_umulh(t, a.low, b.low));
  for (unsigned k = 0; k < 2; k++) {
    cross_product(w, sign, k ? b.high : a.high, k ? a.low : b.low, t);
    if (sign) {
      a64_emit(w, a64_addsub_reg(A64_ADDS, 1, third, third, A64_IP0, A64_LSL, 0));
      a64_emit(w, a64_asr_imm(1, A64_IP1, A64_IP0, 63));
      a64_emit(w, a64_addsub_carry(A64_ADD, 1, over, over, A64_IP1));
    } else {
      a64_emit(w, a64_orr(1, over, over, A64_IP0));
    }
  }
  a64_emit(w, a64_mul(1, A64_IP1, a.low, b.low));
  if (sign) {
    a64_emit(w, a64_logic_reg(A64_EOR, 1, third, third, t, A64_ASR, 63));
    a64_emit(w, a64_logic_reg(A64_EOR, 1, over, over, t, A64_ASR, 63));
  }
  a64_emit(w, a64_orr(1, over, over, third));
  a64_emit(w, a64_cmp(1, over, A64_ZR));
  a64_emit(w, a64_cset(0, over, A64_NE));
  kn_drop_any_operands(w, in);
  kn_unlock_but(w, KN_BIT(t) | KN_BIT(over));
  a64_def_pair(w, w->i, A64_IP1, t);
  if (flag) {
    kn_def_fixed(w, flag, KILN_TYPE_I8, over);
    a64_set_zx(w, flag);
  }
}

/* ---- shifts ---- */

static void shift_by_one(struct kn_walk *w, bool left, struct a64_halves a) {
  if (left) {
    a64_emit(w, a64_extr(1, a.high, a.high, a.low, 63));
    a64_emit(w, a64_lsl_imm(1, a.low, a.low, 1));
  } else {
    a64_emit(w, a64_extr(1, a.low, a.high, a.low, 1));
    a64_emit(w, a64_lsr_imm(1, a.high, a.high, 1));
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

void a64_pair_shift(struct kn_walk *w, unsigned op, struct a64_halves *a, unsigned c) {
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

static void shift(struct kn_walk *w, const struct kn_inst *in) {
  struct a64_halves a = a64_pair_copy(w, in->a);
  const unsigned c = kn_reg(w, kn_half(w->f, in->b, 0), KILN_TYPE_I64);
  a64_pair_shift(w, in->op, &a, c);
  kn_drop_any_operands(w, in);
  a64_def_pair(w, w->i, a.low, a.high);
}

/* a = a:b shifted by the count modulo 128: the bits of the other operand come in at its far end. */
static void funnel(struct kn_walk *w, const struct kn_inst *in) {
  bool left = in->op == KILN_OP_FSHL;
  struct a64_halves near = a64_pair_copy(w, left ? in->a : in->b),
                    far = a64_pair_copy(w, left ? in->b : in->a);
  const unsigned c = kn_temp(w, KN_GP_MASK);
  a64_emit(w, a64_mov(1, c, kn_reg(w, kn_half(w->f, in->c, 0), KILN_TYPE_I64)));
  a64_pair_shift(w, left ? KILN_OP_SHL : KILN_OP_LSHR, &near, c);
  shift_by_one(w, !left, far);
  a64_emit(w, a64_mvn(1, c, c));
  a64_pair_shift(w, left ? KILN_OP_LSHR : KILN_OP_SHL, &far, c);
  a64_emit(w, a64_orr(1, near.low, near.low, far.low));
  a64_emit(w, a64_orr(1, near.high, near.high, far.high));
  kn_drop_any_operands(w, in);
  a64_def_pair(w, w->i, near.low, near.high);
}

/* ---- bits ---- */

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

void a64_pair_negate_if(struct kn_walk *w, struct a64_halves x, unsigned mask) {
  a64_emit(w, a64_eor(1, x.low, x.low, mask));
  a64_emit(w, a64_eor(1, x.high, x.high, mask));
  a64_emit(w, a64_addsub_reg(A64_SUBS, 1, x.low, x.low, mask, A64_LSL, 0));
  a64_emit(w, a64_addsub_carry(A64_SUB, 1, x.high, x.high, mask));
}

static void magnitude(struct kn_walk *w, const struct a64_halves *x) {
  a64_emit(w, a64_asr_imm(1, A64_IP0, x->high, 63));
  a64_pair_negate_if(w, *x, A64_IP0);
}

/* ---- memory ---- */

static void load(struct kn_walk *w, const struct kn_inst *in) {
  struct a64_halves d = {A64_IP0, A64_IP1};
  const bool read = w->val[w->i].uses != 0; /* else volatile */
  if (read) d = results(w, 0, 0, KN_NO_REG, KN_NO_REG);
  a64_access_pair(w, in, true, d.low, d.high);
  kn_drop(w, in->a);
  if (read) defined(w, d);
}

static void store(struct kn_walk *w, const struct kn_inst *in) {
  const struct a64_halves r = a64_pair_operand(w, in->b);
  a64_access_pair(w, in, false, r.low, r.high);
  kn_drop_any_operands(w, in);
}

/* ---- all of them ---- */

void a64_lower_pair(struct kn_walk *w, const struct kn_inst *in) {
  if (kn_library_op(w, in)) return;
  struct a64_halves a;
  switch (in->op) {
  case KILN_OP_LOAD: load(w, in); return;
  case KILN_OP_STORE: store(w, in); return;
  case KILN_OP_FTOSIS:
  case KILN_OP_FTOUIS: a64_saturate_long(w, in); return;
  case KILN_OP_SADDO:
  case KILN_OP_UADDO:
  case KILN_OP_SSUBO:
  case KILN_OP_USUBO: overflow(w, in); return;
  case KILN_OP_SMULO:
  case KILN_OP_UMULO: multiply_overflow(w, in, kn_second_result(w, w->i)); return;
  case KILN_OP_FSHL:
  case KILN_OP_FSHR: funnel(w, in); return;
  case KILN_OP_ICMP: compare(w, in); return;
  case KILN_OP_SELECT: select(w, in); return;
  case KILN_OP_NEG: sum(w, kn_handle(KN_TAG_IMM, 0), in->a, A64_SUBS); return;
  case KILN_OP_ABS:
  case KILN_OP_CLZ:
  case KILN_OP_CTZ:
  case KILN_OP_POPCNT:
    a = a64_pair_copy(w, in->a);
    if (in->op == KILN_OP_ABS) magnitude(w, &a);
    else count(w, in->op, &a);
    kn_drop_any_operands(w, in);
    a64_def_pair(w, w->i, a.low, a.high);
    return;
  case KILN_OP_SHL:
  case KILN_OP_LSHR:
  case KILN_OP_ASHR: shift(w, in); return;
  case KILN_OP_ADD: sum(w, in->a, in->b, A64_ADDS); return;
  case KILN_OP_SUB: sum(w, in->a, in->b, A64_SUBS); return;
  case KILN_OP_MUL: multiply(w, in); return;
  case KILN_OP_SMIN:
  case KILN_OP_SMAX:
  case KILN_OP_UMIN:
  case KILN_OP_UMAX: min_max(w, in); return;
  default:
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "this operation is not supported for i128 on aarch64");
  }
}
