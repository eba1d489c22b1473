/* Lowering of integer arithmetic and conversions of i8 to i64 for AArch64. Called by the walk's
 * loop, one function per opcode or family. Values of narrow types have any bits above their width:
 * what reads those extends first. Results are written last (a64.h). */
#include "targets/aarch64/a64.h"

/* ---- add, subtract, logic ---- */

void a64_lower_add(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t a = in->a, b = in->b;
  int64_t c;
  bool sub = in->op == KILN_OP_SUB;
  if (!sub && in->type == KILN_TYPE_I64 && kn_sum_is_address(w, in)) {
    w->val[w->i].flags |= KN_VF_ADDR;
    w->val[w->i].reg = KN_NO_REG;
    return;
  }
  if (!sub && a64_sconst(w, a, in->type, &c)) KN_SWAP(a, b);
  if (a64_sconst(w, b, in->type, &c)) {
    uint64_t plus = sub ? 0 - (uint64_t)c : (uint64_t)c, minus = 0 - plus;
    if (a64_addsub_imm_ok(plus) || a64_addsub_imm_ok(minus)) {
      unsigned ra = kn_reg(w, a, in->type); /* 31 would be sp here */
      kn_drop(w, a);
      unsigned rd = kn_def(w, w->i, in->type, ra, 0);
      a64_emit(w, a64_addsub_imm_ok(plus)
                    ? a64_addsub_val(A64_ADD, a64_sf(in->type), rd, ra, plus)
                    : a64_addsub_val(A64_SUB, a64_sf(in->type), rd, ra, minus));
      a64_done(w, in, rd);
      return;
    }
  }
  if (KN_UNLIKELY(a64_deferred(w, in->a) || a64_deferred(w, in->b))) {
    a64_lower_part(w, in);
    return;
  }
  struct a64_ops o = a64_ops2(w, in);
  a64_emit(w, sub ? a64_sub(o.sf, o.d, o.a, o.b) : a64_add(o.sf, o.d, o.a, o.b));
  a64_done(w, in, o.d);
}

void a64_lower_logic(struct kn_walk *w, const struct kn_inst *in) {
  enum a64_logic op = in->op == KILN_OP_AND ? A64_AND : in->op == KILN_OP_OR ? A64_ORR : A64_EOR;
  uint32_t a = in->a, b = in->b, field;
  int64_t c;
  if (a64_sconst(w, a, in->type, &c)) KN_SWAP(a, b);
  if (a64_sconst(w, b, in->type, &c)) {
    unsigned sf = a64_sf(in->type);
    uint64_t bits = 0;
    if (a64_deferred(w, a)) {
      a64_lower_field(w, in);
      return;
    }
    if (op == A64_AND && a64_defer(w, in)) return;
    a64_const(w, b, in->type, &bits);
    bool clear = a64_bitmask(sf, bits, &field);
    if (clear || (a64_is_narrow(in->type) && a64_bitmask(0, (uint64_t)c, &field))) {
      struct a64_ops o = a64_ops1(w, in, a);
      a64_emit(w, a64_logic_imm(op, sf, o.d, o.a, field));
      if (clear && op == A64_AND) a64_set_zx(w, w->i);
      a64_done(w, in, o.d);
      return;
    }
    if (op == A64_EOR && c == -1) {
      struct a64_ops o = a64_ops1(w, in, a);
      a64_emit(w, a64_mvn(sf, o.d, o.a));
      a64_done(w, in, o.d);
      return;
    }
  }
  if (KN_UNLIKELY(a64_deferred(w, in->a) || a64_deferred(w, in->b))) {
    a64_lower_part(w, in);
    return;
  }
  if (op == A64_AND && a64_defer(w, in)) return;
  struct a64_ops o = a64_ops2(w, in);
  a64_emit(w, a64_logic_reg(op, o.sf, o.d, o.a, o.b, A64_LSL, 0));
  a64_done(w, in, o.d);
}

void a64_lower_not_neg(struct kn_walk *w, const struct kn_inst *in) {
  struct a64_ops o = a64_ops1(w, in, in->a);
  a64_emit(w, in->op == KILN_OP_NOT ? a64_mvn(o.sf, o.d, o.a) : a64_neg(o.sf, o.d, o.a));
  a64_done(w, in, o.d);
}

/* ---- multiply, divide ---- */

static bool is_power(uint64_t x) { return x != 0 && (x & (x - 1)) == 0; }
static unsigned log2_of(uint64_t x) { return (unsigned)__builtin_ctzll(x); }

void a64_lower_mul(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t a = in->a, b = in->b;
  uint64_t c;
  if (a64_const(w, a, in->type, &c)) KN_SWAP(a, b);
  if (a64_const(w, b, in->type, &c) && (is_power(c) || is_power(c - 1))) {
    if (is_power(c) && a == in->a && a64_defer_product(w, in)) return;
    struct a64_ops o = a64_ops1(w, in, a);
    if (c == 1) a64_emit(w, a64_mov(o.sf, o.d, o.a));
    else if (is_power(c)) a64_emit(w, a64_lsl_imm(o.sf, o.d, o.a, log2_of(c)));
    else a64_emit(w, a64_addsub_reg(A64_ADD, o.sf, o.d, o.a, o.a, A64_LSL, log2_of(c - 1)));
    a64_done(w, in, o.d);
    return;
  }
  if (a64_defer_product(w, in)) return;
  struct a64_ops o = a64_ops2(w, in);
  a64_emit(w, a64_mul(o.sf, o.d, o.a, o.b));
  a64_done(w, in, o.d);
}

void a64_lower_mulh(struct kn_walk *w, const struct kn_inst *in) {
  bool sign = in->op == KILN_OP_SMULH;
  struct a64_ops o = a64_ops2(w, in);
  if (o.sf) {
    a64_emit(w, sign ? a64_smulh(o.d, o.a, o.b) : a64_umulh(o.d, o.a, o.b));
  } else {
    unsigned a = a64_extend_narrow(w, A64_IP0, o.a, in->type, sign),
             b = a64_extend_narrow(w, A64_IP1, o.b, in->type, sign);
    a64_emit(w, sign ? a64_smull(A64_IP0, a, b) : a64_umull(A64_IP0, a, b));
    /* the upper half of the product, which has twice the width */
    a64_emit(w, a64_ubfx(1, o.d, A64_IP0, a64_bits(in->type), a64_bits(in->type)));
  }
  a64_done(w, in, o.d);
}

void a64_lower_div(struct kn_walk *w, const struct kn_inst *in) {
  bool sign = in->op == KILN_OP_SDIV || in->op == KILN_OP_SREM;
  bool rem = in->op == KILN_OP_SREM || in->op == KILN_OP_UREM;
  uint64_t c;
  if (!sign && a64_const(w, in->b, in->type, &c) && is_power(c)) {
    unsigned n = log2_of(c), width = a64_bits(in->type);
    struct a64_ops o = a64_ops1(w, in, in->a);
    if (!rem) a64_emit(w, a64_ubfx(o.sf, o.d, o.a, n, width - n));
    else if (n == 0) a64_emit(w, a64_mov(o.sf, o.d, A64_ZR));
    else a64_emit(w, a64_ubfx(o.sf, o.d, o.a, 0, n));
    a64_done(w, in, o.d);
    return;
  }
  int64_t sc;
  if (sign && !rem && !a64_is_narrow(in->type) && a64_sconst(w, in->b, in->type, &sc) && sc > 1 &&
      is_power((uint64_t)sc)) {
    /* towards zero: divisor - 1 is added to negative dividends */
    unsigned n = log2_of((uint64_t)sc), width = a64_bits(in->type);
    struct a64_ops o = a64_ops1(w, in, in->a);
    if (n > 1) a64_emit(w, a64_asr_imm(o.sf, A64_IP0, o.a, width - 1));
    a64_emit(w, a64_addsub_reg(A64_ADD, o.sf, A64_IP0, o.a, n > 1 ? (unsigned)A64_IP0 : o.a,
                               A64_LSR, width - n));
    a64_emit(w, a64_asr_imm(o.sf, o.d, A64_IP0, n));
    a64_done(w, in, o.d);
    return;
  }
  struct a64_ops o = a64_ops2(w, in);
  enum a64_op2 op = sign ? A64_SDIV : A64_UDIV;
  unsigned a = a64_extend_narrow(w, A64_IP0, o.a, in->type, sign),
           b = a64_extend_narrow(w, A64_IP1, o.b, in->type, sign);
  if (!rem) {
    a64_emit(w, a64_op2(op, o.sf, o.d, a, b));
  } else {
    /* narrow operands were extended to scratch registers, so d may be written early */
    unsigned q = a64_is_narrow(in->type) ? o.d : A64_IP0;
    a64_emit(w, a64_op2(op, o.sf, q, a, b));
    a64_emit(w, a64_msub(o.sf, o.d, q, b, a));
  }
  a64_done(w, in, o.d);
}

/* ---- shifts ---- */

void a64_lower_shift(struct kn_walk *w, const struct kn_inst *in) {
  unsigned width = a64_bits(in->type);
  uint64_t c;
  if (a64_const(w, in->b, in->type, &c)) {
    unsigned n = (unsigned)c & (width - 1);
    if (a64_deferred(w, in->a)) {
      a64_lower_field(w, in);
      return;
    }
    if (a64_defer(w, in)) return;
    struct a64_ops o = a64_ops1(w, in, in->a);
    a64_emit(w, in->op == KILN_OP_SHL    ? a64_lsl_imm(o.sf, o.d, o.a, n)
                : in->op == KILN_OP_LSHR ? a64_ubfx(o.sf, o.d, o.a, n, width - n)
                                         : a64_sbfx(o.sf, o.d, o.a, n, width - n));
    if (in->op == KILN_OP_LSHR) a64_set_zx(w, w->i);
    a64_done(w, in, o.d);
    return;
  }
  struct a64_ops o = a64_ops2(w, in);
  /* the count is taken modulo 32 or 64, so that bits above a narrow type do not matter */
  unsigned a = in->op == KILN_OP_SHL
                 ? o.a
                 : a64_extend_narrow(w, A64_IP0, o.a, in->type, in->op == KILN_OP_ASHR);
  a64_emit(w, a64_op2(in->op == KILN_OP_SHL    ? A64_LSLV
                      : in->op == KILN_OP_LSHR ? A64_LSRV
                                               : A64_ASRV,
                      o.sf, o.d, a, o.b));
  a64_done(w, in, o.d);
}

/* The bits of a narrow r, repeated to 32 bits, in x16. */
static void repeat(struct kn_walk *w, unsigned r, unsigned type) {
  if (type == KILN_TYPE_I8) {
    a64_emit(w, a64_uxtb(A64_IP0, r));
    a64_emit(w, a64_logic_reg(A64_ORR, 0, A64_IP0, A64_IP0, A64_IP0, A64_LSL, 8));
  } else {
    a64_emit(w, a64_uxth(A64_IP0, r));
  }
  a64_emit(w, a64_logic_reg(A64_ORR, 0, A64_IP0, A64_IP0, A64_IP0, A64_LSL, 16));
}

void a64_lower_rotate(struct kn_walk *w, const struct kn_inst *in) {
  unsigned width = a64_bits(in->type);
  bool left = in->op == KILN_OP_ROTL;
  uint64_t c;
  if (a64_const(w, in->b, in->type, &c)) {
    unsigned n = (unsigned)(left ? 0 - c : c) & (width - 1);
    struct a64_ops o = a64_ops1(w, in, in->a);
    unsigned a = o.a;
    if (a64_is_narrow(in->type)) {
      repeat(w, a, in->type);
      a = A64_IP0;
    }
    a64_emit(w, a64_ror_imm(o.sf, o.d, a, n));
    a64_done(w, in, o.d);
    return;
  }
  struct a64_ops o = a64_ops2(w, in);
  unsigned a = o.a, b = o.b;
  if (a64_is_narrow(in->type)) {
    repeat(w, a, in->type);
    a = A64_IP0;
  }
  if (left) {
    a64_emit(w, a64_neg(o.sf, A64_IP1, b));
    b = A64_IP1;
  }
  a64_emit(w, a64_op2(A64_RORV, o.sf, o.d, a, b));
  a64_done(w, in, o.d);
}

void a64_lower_funnel(struct kn_walk *w, const struct kn_inst *in) {
  unsigned width = a64_bits(in->type), sf = a64_sf(in->type);
  bool left = in->op == KILN_OP_FSHL;
  uint64_t n = 0;
  bool fixed = a64_const(w, in->c, in->type, &n);
  n &= width - 1;
  unsigned a = a64_reg_or_zr(w, in->a, in->type), b = a64_reg_or_zr(w, in->b, in->type);
  unsigned c = fixed ? A64_ZR : kn_reg(w, in->c, in->type);
  kn_drop_operands(w, in);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  if (fixed && n == 0) {
    a64_emit(w, a64_mov(sf, d, left ? a : b));
  } else if (a64_is_narrow(in->type)) {
    /* a:b in 32 bits, shifted; of a left shift the high half */
    a64_emit(w, a64_ubfx(0, A64_IP0, b, 0, width));
    a64_emit(w, a64_bfi(0, A64_IP0, a, width, width));
    if (fixed) {
      a64_emit(w, a64_lsr_imm(0, d, A64_IP0, (unsigned)(left ? width - n : n)));
    } else {
      uint32_t field = 0;
      a64_bitmask(0, width - 1, &field);
      a64_emit(w, a64_logic_imm(A64_AND, 0, A64_IP1, c, field));
      a64_emit(w, a64_op2(left ? A64_LSLV : A64_LSRV, 0, left ? A64_IP0 : d, A64_IP0, A64_IP1));
      if (left) a64_emit(w, a64_lsr_imm(0, d, A64_IP0, width));
    }
  } else if (fixed) {
    a64_emit(w, a64_extr(sf, d, a, b, (unsigned)(left ? width - n : n)));
  } else {
    /* a << c | b >> 1 >> ~c, or b >> c | a << 1 << ~c */
    unsigned x = left ? a : b, y = left ? b : a;
    a64_emit(w, a64_mvn(sf, A64_IP1, c));
    a64_emit(w, left ? a64_lsr_imm(sf, A64_IP0, y, 1) : a64_lsl_imm(sf, A64_IP0, y, 1));
    a64_emit(w, a64_op2(left ? A64_LSRV : A64_LSLV, sf, A64_IP0, A64_IP0, A64_IP1));
    a64_emit(w, a64_op2(left ? A64_LSLV : A64_LSRV, sf, A64_IP1, x, c));
    a64_emit(w, a64_orr(sf, d, A64_IP0, A64_IP1));
  }
  a64_done(w, in, d);
}

/* ---- minimum, maximum, absolute value ---- */

void a64_lower_minmax(struct kn_walk *w, const struct kn_inst *in) {
  bool sign = in->op == KILN_OP_SMIN || in->op == KILN_OP_SMAX;
  bool least = in->op == KILN_OP_SMIN || in->op == KILN_OP_UMIN;
  struct a64_ops o = a64_ops2(w, in);
  unsigned a = a64_extend_narrow(w, A64_IP0, o.a, in->type, sign),
           b = a64_extend_narrow(w, A64_IP1, o.b, in->type, sign);
  a64_emit(w, a64_cmp(o.sf, a, b));
  a64_emit(w, a64_csel(A64_CSEL, o.sf, o.d, a, b,
                       sign ? (least ? A64_LT : A64_GT) : (least ? A64_LO : A64_HI)));
  a64_done(w, in, o.d);
}

void a64_lower_abs(struct kn_walk *w, const struct kn_inst *in) {
  struct a64_ops o = a64_ops1(w, in, in->a);
  unsigned a = a64_extend_narrow(w, A64_IP0, o.a, in->type, true);
  a64_emit(w, a64_cmp(o.sf, a, A64_ZR));
  a64_emit(w, a64_csel(A64_CSNEG, o.sf, o.d, a, a, A64_GE));
  a64_done(w, in, o.d);
}

/* ---- overflow and saturation ---- */

/* a op b of a narrow type, extended operands, in x16, which has the exact result. */
static void narrow_sum(struct kn_walk *w, const struct a64_ops *o, unsigned type, bool sign,
                       enum a64_addsub op) {
  unsigned a = a64_extend_narrow(w, A64_IP0, o->a, type, sign);
  if (o->b == A64_ZR) {
    a64_emit(w, a64_mov(0, A64_IP0, a));
    return;
  }
  unsigned b = a64_extend_narrow(w, A64_IP1, o->b, type, sign);
  a64_emit(w, a64_addsub_reg(op, 0, A64_IP0, a, b, A64_LSL, 0));
}
/* Compares x16 with its own low bits, extended: not equal if they do not hold it. */
static void narrow_check(struct kn_walk *w, unsigned type, bool sign) {
  bool byte = type == KILN_TYPE_I8;
  a64_emit(w,
           a64_addsub_ext(A64_SUBS, 0, A64_ZR, A64_IP0, A64_IP0,
                          sign ? (byte ? A64_SXTB : A64_SXTH) : (byte ? A64_UXTB : A64_UXTH), 0));
}

void a64_lower_overflow(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  bool sign = in->op == KILN_OP_SADDO || in->op == KILN_OP_SSUBO || in->op == KILN_OP_SMULO;
  bool mul = in->op == KILN_OP_SMULO || in->op == KILN_OP_UMULO;
  bool sub = in->op == KILN_OP_SSUBO || in->op == KILN_OP_USUBO;
  unsigned sf = a64_sf(in->type), width = a64_bits(in->type);
  struct a64_ops o = {.sf = sf};
  o.a = a64_reg_or_zr(w, in->a, in->type);
  o.b = a64_reg_or_zr(w, in->b, in->type);
  kn_drop_operands(w, in);
  /* both results are asked for before anything is emitted; the flag's is not an operand's */
  uint32_t flag = kn_second_result(w, i);
  uint64_t operands = (o.a < 31 ? KN_BIT(o.a) : 0) | (o.b < 31 ? KN_BIT(o.b) : 0);
  bool wanted = w->val[i].uses != 0;
  o.d = wanted ? kn_def(w, i, in->type, KN_NO_REG, operands) : A64_IP0;
  unsigned d1 = flag ? kn_def(w, flag, KILN_TYPE_I8, KN_NO_REG, operands) : A64_IP1;
  enum a64_cond cond;
  if (!mul && !a64_is_narrow(in->type)) {
    a64_emit(w, a64_addsub_reg(sub ? A64_SUBS : A64_ADDS, sf, o.d, o.a, o.b, A64_LSL, 0));
    cond = sign ? A64_VS : sub ? A64_LO : A64_HS;
  } else {
    cond = A64_NE;
    if (!mul) {
      narrow_sum(w, &o, in->type, sign, sub ? A64_SUB : A64_ADD);
      narrow_check(w, in->type, sign);
    } else if (a64_is_narrow(in->type)) {
      unsigned a = a64_extend_narrow(w, A64_IP0, o.a, in->type, sign),
               b = a64_extend_narrow(w, A64_IP1, o.b, in->type, sign);
      a64_emit(w, a64_mul(0, A64_IP0, a, b));
      narrow_check(w, in->type, sign);
    } else if (in->type == KILN_TYPE_I32) {
      a64_emit(w, sign ? a64_smull(A64_IP0, o.a, o.b) : a64_umull(A64_IP0, o.a, o.b));
      a64_emit(
        w, a64_addsub_ext(A64_SUBS, 1, A64_ZR, A64_IP0, A64_IP0, sign ? A64_SXTW : A64_UXTW, 0));
    } else {
      a64_emit(w, sign ? a64_smulh(A64_IP1, o.a, o.b) : a64_umulh(A64_IP1, o.a, o.b));
      a64_emit(w, a64_mul(1, A64_IP0, o.a, o.b));
      if (sign) a64_emit(w, a64_addsub_reg(A64_SUBS, 1, A64_ZR, A64_IP1, A64_IP0, A64_ASR, 63));
      else a64_emit(w, a64_cmp(1, A64_IP1, A64_ZR));
    }
    if (wanted) a64_emit(w, a64_mov(width == 64, o.d, A64_IP0));
  }
  if (flag) a64_flag(w, flag, d1, cond);
  if (wanted) a64_done(w, in, o.d);
}

void a64_clamp(struct kn_walk *w, unsigned rd, unsigned width, bool sign) {
  a64_set(w, A64_IP1, 0, (UINT64_C(1) << (width - sign)) - 1);
  a64_emit(w, a64_cmp(0, A64_IP0, A64_IP1));
  a64_emit(w, a64_csel(A64_CSEL, 0, sign ? (unsigned)A64_IP0 : rd, A64_IP0, A64_IP1,
                       sign ? A64_LT : A64_LO));
  if (!sign) return;
  a64_emit(w, a64_mvn(0, A64_IP1, A64_IP1));
  a64_emit(w, a64_cmp(0, A64_IP0, A64_IP1));
  a64_emit(w, a64_csel(A64_CSEL, 0, rd, A64_IP0, A64_IP1, A64_GT));
}

void a64_lower_saturate(struct kn_walk *w, const struct kn_inst *in) {
  bool sign = in->op == KILN_OP_SADDS || in->op == KILN_OP_SSUBS;
  bool sub = in->op == KILN_OP_SSUBS || in->op == KILN_OP_USUBS;
  unsigned width = a64_bits(in->type);
  struct a64_ops o = a64_ops2(w, in);
  enum a64_addsub op = sub ? A64_SUBS : A64_ADDS;
  if (a64_is_narrow(in->type)) {
    narrow_sum(w, &o, in->type, sign, sub ? A64_SUB : A64_ADD);
    if (sign || !sub) {
      a64_clamp(w, o.d, width, sign);
    } else {
      a64_emit(w, a64_cmp(0, A64_IP0, A64_ZR));
      a64_emit(w, a64_csel(A64_CSEL, 0, o.d, A64_IP0, A64_ZR, A64_GE));
    }
  } else if (sign) {
    /* on overflow the result's sign is wrong: spread it and flip the top bit */
    uint32_t field = 0;
    a64_bitmask(o.sf, UINT64_C(1) << (width - 1), &field);
    a64_emit(w, a64_addsub_reg(op, o.sf, A64_IP0, o.a, o.b, A64_LSL, 0));
    a64_emit(w, a64_asr_imm(o.sf, A64_IP1, A64_IP0, width - 1));
    a64_emit(w, a64_logic_imm(A64_EOR, o.sf, A64_IP1, A64_IP1, field));
    a64_emit(w, a64_csel(A64_CSEL, o.sf, o.d, A64_IP1, A64_IP0, A64_VS));
  } else {
    a64_emit(w, a64_addsub_reg(op, o.sf, A64_IP0, o.a, o.b, A64_LSL, 0));
    if (sub) a64_emit(w, a64_csel(A64_CSEL, o.sf, o.d, A64_IP0, A64_ZR, A64_HS));
    else a64_emit(w, a64_csel(A64_CSINV, o.sf, o.d, A64_IP0, A64_ZR, A64_LO));
  }
  a64_done(w, in, o.d);
}

/* ---- bits ---- */

void a64_lower_count(struct kn_walk *w, const struct kn_inst *in) {
  struct a64_ops o = a64_ops1(w, in, in->a);
  unsigned width = a64_bits(in->type);
  bool narrow = a64_is_narrow(in->type);
  uint32_t field = 0;
  switch (in->op) {
  case KILN_OP_CLZ:
    if (narrow) {
      /* to the top, with a one after it */
      a64_emit(w, a64_lsl_imm(0, A64_IP0, o.a, 32 - width));
      a64_bitmask(0, UINT64_C(1) << (31 - width), &field);
      a64_emit(w, a64_logic_imm(A64_ORR, 0, A64_IP0, A64_IP0, field));
      a64_emit(w, a64_op1(A64_CLZ, 0, o.d, A64_IP0));
    } else {
      a64_emit(w, a64_op1(A64_CLZ, o.sf, o.d, o.a));
    }
    break;
  case KILN_OP_CTZ:
    if (narrow) {
      a64_bitmask(0, UINT64_C(1) << width, &field);
      a64_emit(w, a64_logic_imm(A64_ORR, 0, A64_IP0, o.a, field));
      a64_emit(w, a64_op1(A64_RBIT, 0, A64_IP0, A64_IP0));
    } else {
      a64_emit(w, a64_op1(A64_RBIT, o.sf, A64_IP0, o.a));
    }
    a64_emit(w, a64_op1(A64_CLZ, o.sf, o.d, A64_IP0));
    break;
  default: { /* POPCNT */
    unsigned a = a64_extend_narrow(w, A64_IP0, o.a, in->type, false);
    /* a 32-bit move clears the upper half of d31 */
    a64_emit(w, a64_fint(A64_FMOV_FROM_GPR, o.sf, o.sf ? A64_D : A64_S, a64_v(A64_VS1), a));
    a64_emit(w, a64_cnt_8b(a64_v(A64_VS1), a64_v(A64_VS1)));
    a64_emit(w, a64_addv_8b(a64_v(A64_VS1), a64_v(A64_VS1)));
    a64_emit(w, a64_fint(A64_FMOV_TO_GPR, 0, A64_S, o.d, a64_v(A64_VS1)));
  }
  }
  a64_set_zx(w, w->i);
  kn_defined(w, w->i, o.d);
}

void a64_lower_reverse(struct kn_walk *w, const struct kn_inst *in) {
  struct a64_ops o = a64_ops1(w, in, in->a);
  bool narrow = a64_is_narrow(in->type);
  if (in->op == KILN_OP_BITREV) {
    a64_emit(w, a64_op1(A64_RBIT, o.sf, narrow ? A64_IP0 : o.d, o.a));
    if (narrow) a64_emit(w, a64_lsr_imm(0, o.d, A64_IP0, 32 - a64_bits(in->type)));
  } else if (in->type == KILN_TYPE_I8) {
    a64_emit(w, a64_mov(0, o.d, o.a));
  } else {
    a64_emit(w,
             in->type == KILN_TYPE_I16 ? a64_op1(A64_REV16, 0, o.d, o.a) : a64_rev(o.sf, o.d, o.a));
  }
  a64_done(w, in, o.d);
}

/* ---- conversions ---- */

/* Gives the result the operand's register if that is free now, without any code. */
static void same_bits(struct kn_walk *w, uint32_t a, unsigned from, unsigned to, bool zx) {
  unsigned ra = kn_reg(w, a, from);
  kn_drop(w, a);
  unsigned d = kn_def(w, w->i, to, ra, 0);
  if (d != ra) a64_emit(w, a64_mov(1, d, ra));
  if (zx) a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
}

void a64_lower_trunc(struct kn_walk *w, const struct kn_inst *in) {
  if (a64_deferred(w, in->a)) a64_lower_field(w, in);
  else same_bits(w, in->a, in->x, in->type, false);
}

/* True if the next instruction extends i from 32 bits itself. */
static bool extends_itself(const struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_inst *next = &w->inst[w->i + 1];
  const struct kn_val *val = &w->val[w->i];
  if (in->x != KILN_TYPE_I32 || in->type != KILN_TYPE_I64 || !kn_is_value(in->a)) return false;
  if (val->uses != 1 || (val->flags & (KN_VF_HOME | KN_VF_SLOT_HOME)) || next->b != w->i)
    return false;
  return next->op == KILN_OP_ADDR ||
         ((next->op == KILN_OP_ADD || next->op == KILN_OP_SUB || next->op == KILN_OP_ICMP) &&
          next->type == KILN_TYPE_I64 && kn_is_value(next->a));
}

void a64_do_extend(struct kn_walk *w, unsigned dst, const struct kn_inst *in) {
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I32);
  a64_emit(w, in->op == KILN_OP_SEXT ? a64_sxtw(dst, a) : a64_mov(0, dst, a));
}

void a64_lower_extend(struct kn_walk *w, const struct kn_inst *in) {
  unsigned from = in->x;
  bool sign = in->op == KILN_OP_SEXT;
  if (a64_deferred(w, in->a)) {
    if (w->inst[in->a].op == KILN_OP_ICMP || w->inst[in->a].op == KILN_OP_FCMP) a64_wait(w, w->i);
    else a64_lower_field(w, in);
    return;
  }
  if (extends_itself(w, in)) {
    a64_wait(w, w->i);
    return;
  }
  if (!sign && a64_is_zx(w, in->a)) {
    same_bits(w, in->a, from, in->type, true);
    return;
  }
  if (w->inst[w->i + 1].op == KILN_OP_SHL && a64_defer(w, in)) return;
  unsigned a = kn_reg(w, in->a, from);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, a, 0), sf = a64_sf(in->type);
  if (sign) a64_emit(w, a64_sbfx(sf, d, a, 0, a64_bits(from)));
  else if (from == KILN_TYPE_I32) a64_emit(w, a64_mov(0, d, a));
  else a64_emit(w, a64_ubfx(0, d, a, 0, a64_bits(from)));
  if (!sign) a64_set_zx(w, w->i);
  a64_done(w, in, d);
}

void a64_lower_copy(struct kn_walk *w, const struct kn_inst *in) {
  unsigned a = kn_reg(w, in->a, in->type);
  bool zx = a64_is_zx(w, in->a);
  kn_drop(w, in->a);
  unsigned d = kn_def(w, w->i, in->type, a, 0);
  if (d != a) a64_hook_move(w, d, a, in->type);
  if (zx) a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
}
