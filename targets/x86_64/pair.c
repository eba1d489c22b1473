/* i128: two values of 64 bits, each in a register or spilled like any other. What has a carry is computed half by half,
 * the lower one first: between the two there are only moves, which keep the flags. The rest is computed in temporary
 * registers. Invariant: no more registers are locked at once than a block is certain to have. */
#include "lib/codegen/pairs.h"
#include "targets/x86_64/x64.h"

/* ---- operands and results ---- */

void x64_half(struct kn_walk *w, unsigned dst, uint32_t h, unsigned k) {
  const uint64_t locked = w->regs.locked;
  struct x64_operand o;
  h = kn_half(w->f, h, k);
  if (!kn_is_value(h)) {
    x64_hook_constant(w, dst, h, KILN_TYPE_I64);
    return;
  }
  if (x64_in_frame(w, h)) {
    const int32_t at = kn_frame_of(w, &w->val[h]);
    KN_LOG(w, KN_EV_USE, h, KN_PLACE_FRAME + at);
    x64_hook_load(w, dst, at, KILN_TYPE_I64);
    return;
  }
  x64_operand(w, h, KILN_TYPE_I64, &o);
  if (o.kind != X64_REG || o.reg != dst) x64_op_operand(w, X64_MOV, 3, dst, &o);
  kn_unlock_but(w, locked);
}

/* Half k of h as a second operand that is no immediate. A number is in X64_SCRATCH: a block may have too few registers
 * for it beside those of the result. */
static void half_operand(struct kn_walk *w, uint32_t h, unsigned k, struct x64_operand *o) {
  const uint32_t half = kn_half(w->f, h, k);
  int64_t number;
  if (!x64_imm64(w, half, &number)) {
    x64_operand(w, half, KILN_TYPE_I64, o);
    return;
  }
  x64_const(w, X64_SCRATCH, (uint64_t)number);
  o->kind = X64_REG;
  o->reg = X64_SCRATCH;
}

/* op dst, half k of h. */
static void op_half(struct kn_walk *w, unsigned op, unsigned dst, uint32_t h, unsigned k) {
  const uint64_t locked = w->regs.locked;
  struct x64_operand o;
  int32_t imm;
  if (op != X64_IMUL && x64_imm32(w, kn_half(w->f, h, k), KILN_TYPE_I64, &imm)) {
    EMIT(w, x64_alu_ri, op >> 3 & 7, 3, dst, imm);
    return;
  }
  half_operand(w, h, k, &o);
  x64_op_operand(w, op, 3, dst, &o);
  kn_unlock_but(w, locked);
}

/* Is h, of 64 bits, in a register of its own that it leaves after so many reads? */
static bool is_read_last(const struct kn_walk *w, uint32_t h, unsigned reads) {
  return kn_is_value(h) && w->val[h].uses == reads && (w->val[h].flags & ~KN_VF_ZX) == 0;
}
static bool is_temporary(const struct kn_walk *w, uint32_t h) { return is_read_last(w, h, 1); }

/* A register for result i, to be given to kn_def_fixed: its home, if that is a register. */
static unsigned result_temp(struct kn_walk *w, uint32_t i) {
  if ((w->val[i].flags & KN_VF_HOME) == 0) return kn_temp_hinted(w, i);
  KN_WROTE(w, KN_EV_TEMP, 0, w->val[i].reg);
  return w->val[i].reg;
}

void x64_def_pair(struct kn_walk *w, uint32_t i, unsigned low, unsigned high) {
  if (w->val[i].uses == 0) return;
  kn_def_fixed(w, i, KILN_TYPE_I64, low);
  kn_def_fixed(w, i + 1, KILN_TYPE_I64, high);
}

/* ---- half by half ---- */

/* Half k of a number, `op` that of b. */
static void from_number(struct kn_walk *w, unsigned op, uint64_t number, uint32_t b, unsigned k) {
  const unsigned t = result_temp(w, w->i + k);
  x64_const(w, t, number);
  op_half(w, op, t, b, k);
  kn_drop(w, kn_half(w->f, b, k));
  kn_def_fixed(w, w->i + k, KILN_TYPE_I64, t);
  kn_unlock_but(w, 0);
}

static void sum(struct kn_walk *w, const struct kn_inst *in, bool subtract) {
  static const uint16_t ops[2][2] = {{X64_ADD, X64_ADC}, {X64_SUB, X64_SBB}};
  static const uint8_t groups[2][2] = {{X64_G_ADD, X64_G_ADC}, {X64_G_SUB, X64_G_SBB}};
  for (unsigned k = 0; k < 2; k++) {
    const uint32_t a = kn_half(w->f, in->a, k), b = kn_half(w->f, in->b, k);
    const unsigned op = ops[subtract][k];
    int64_t number;
    if ((subtract || !kn_is_value(b)) && x64_imm64(w, a, &number))
      from_number(w, op, (uint64_t)number, in->b, k);
    else x64_combine(w, w->i + k, op, groups[subtract][k], !subtract, a, b);
    kn_unlock_but(w, 0);
  }
}

/* Value i becomes half k of h, or, if the flags say `cc`, of `other`. The uses of both halves are done then. */
static void choose_half(struct kn_walk *w, unsigned k, unsigned cc, uint32_t h, uint32_t other) {
  struct x64_operand o;
  uint32_t from = kn_half(w->f, h, k);
  const uint32_t to = w->i + k;
  int64_t number;
  if (!is_temporary(w, from) && is_temporary(w, kn_half(w->f, other, k))) {
    from = kn_half(w->f, other, k);
    other = h;
    cc ^= 1;
  }
  const bool constant = x64_imm64(w, from, &number);
  unsigned r = constant ? KN_NO_REG : kn_reg(w, from, KILN_TYPE_I64);
  half_operand(w, other, k, &o);
  kn_drop(w, from);
  kn_drop(w, kn_half(w->f, other, k));
  const unsigned dst =
    kn_def(w, to, KILN_TYPE_I64, r, constant ? w->regs.locked : x64_others(w, r));
  const bool there = o.kind == X64_REG && o.reg == dst; /* as the home of a loop's parameter */
  if (constant) x64_const(w, r = there ? X64_SCRATCH : dst, (uint64_t)number);
  if (there) {
    EMIT(w, x64_rr, X64_CMOV + (cc ^ 1), 3, dst, r);
  } else {
    x64_move(w, dst, r, KILN_TYPE_I64);
    x64_op_operand(w, X64_CMOV + cc, 3, dst, &o);
  }
  kn_defined(w, to, dst);
  kn_unlock_but(w, 0);
}

/* Half k of a, in a register that may be overwritten: its own, if w->i reads it so often and nobody else does; else
 * that of `result`, or any if that is 0. */
static unsigned take_half(struct kn_walk *w, uint32_t a, unsigned k, unsigned reads,
                          uint32_t result) {
  const uint32_t h = kn_half(w->f, a, k);
  if (is_read_last(w, h, reads)) {
    const uint64_t locked = w->regs.locked;
    const unsigned r = kn_reg(w, h, KILN_TYPE_I64);
    kn_unlock_but(w, locked);
    kn_overwrite(w, r);
    KN_WROTE(w, KN_EV_TEMP, 0, r);
    return r;
  }
  const unsigned t = result_temp(w, result);
  x64_half(w, t, a, k);
  return t;
}
/* Both halves of a, to become those of w->i. */
static void take_halves(struct kn_walk *w, uint32_t a, unsigned t[2]) {
  for (unsigned k = 0; k < 2; k++) t[k] = take_half(w, a, k, 1, w->i + k);
}

/* h, of 64 bits, in register r, which this instruction takes. Drops it. */
static void take_in(struct kn_walk *w, unsigned r, uint32_t h) {
  const bool there = kn_is_value(h) && w->val[h].reg == r, last = there && is_temporary(w, h);
  if (there) kn_reg(w, h, KILN_TYPE_I64);
  kn_unlock_but(w, w->regs.temp);
  if (last) kn_drop(w, h);
  kn_claim(w, r); /* who else reads h finds it elsewhere */
  if (last) return;
  if (!there) {
    KN_LOG(w, KN_EV_WRITE, 0, r);
    x64_half(w, r, h, 0);
  }
  kn_drop(w, h);
}

/* Ends what take_half gave, which has been overwritten. */
static void end_half(struct kn_walk *w, unsigned r) {
  kn_unlock_but(w, 0);
  KN_WROTE(w, KN_EV_CLOBBER, 0, r);
  kn_untemp(w, r);
}

static void select(struct kn_walk *w, const struct kn_inst *in) {
  const bool in_flags = x64(w)->flags_of == in->a && kn_is_value(in->a);
  const unsigned cc = in_flags ? x64(w)->flags_cond : X64_NE;
  x64(w)->flags_of = 0;
  if (in_flags) w->val[in->a].uses--;
  else if (kn_skip_unread(w, in)) return;
  if (w->val[w->i].uses == 0) {
    kn_drop_any(w, in->b);
    kn_drop_any(w, in->c);
    return;
  }
  if (!in_flags) {
    const unsigned condition = kn_reg(w, in->a, KILN_TYPE_I8);
    EMIT(w, x64_test_ri, 0, condition, 1);
    kn_drop(w, in->a);
    kn_unlock_but(w, 0);
  }
  for (unsigned k = 0; k < 2; k++) choose_half(w, k, cc, in->c, in->b);
}

/* Compares a with b: the flags tell which is less. `last`: the instruction reads both no more. */
static void less(struct kn_walk *w, uint32_t a, uint32_t b, bool last) {
  const unsigned t = take_half(w, a, 1, last ? 1 : 0, 0);
  const uint32_t low = kn_half(w->f, a, 0);
  struct x64_operand o;
  const unsigned r = kn_reg(w, low, KILN_TYPE_I64);
  x64_operand(w, kn_half(w->f, b, 0), KILN_TYPE_I64, &o);
  if (o.kind == X64_IMM) EMIT(w, x64_alu_ri, X64_G_CMP, 3, r, o.imm);
  else x64_op_operand(w, X64_CMP, 3, r, &o);
  kn_unlock_but(w, KN_BIT(t));
  op_half(w, X64_SBB, t, b, 1);
  end_half(w, t);
}

/* a, replaced by b if the comparison a - b says so. */
static void minmax(struct kn_walk *w, const struct kn_inst *in) {
  const unsigned cc = in->op == KILN_OP_SMIN   ? X64_GE
                      : in->op == KILN_OP_SMAX ? X64_L
                      : in->op == KILN_OP_UMIN ? X64_AE
                                               : X64_B;
  less(w, in->a, in->b, false);
  for (unsigned k = 0; k < 2; k++) choose_half(w, k, cc, in->a, in->b);
}

static void compare(struct kn_walk *w, const struct kn_inst *in) {
  const unsigned cond = in->x;
  const bool equality = cond == KILN_ICOND_EQ || cond == KILN_ICOND_NE;
  const bool swap = cond == KILN_ICOND_SLE || cond == KILN_ICOND_SGT || cond == KILN_ICOND_ULE ||
                    cond == KILN_ICOND_UGT;
  unsigned cc = cond == KILN_ICOND_EQ                              ? X64_E
                : cond == KILN_ICOND_NE                            ? X64_NE
                : cond == KILN_ICOND_SLT || cond == KILN_ICOND_SGT ? X64_L
                : cond == KILN_ICOND_SGE || cond == KILN_ICOND_SLE ? X64_GE
                : cond == KILN_ICOND_ULT || cond == KILN_ICOND_UGT ? X64_B
                                                                   : X64_AE;
  if (equality && kn_is_imm(in->b) && kn_imm(in->b) == 0) {
    const unsigned t = take_half(w, in->a, 0, 1, 0);
    op_half(w, X64_OR, t, in->a, 1);
    end_half(w, t);
  } else if (equality) {
    unsigned t[2];
    for (unsigned k = 0; k < 2; k++) {
      int64_t number;
      t[k] = take_half(w, in->a, k, 1, 0);
      if (!x64_imm64(w, kn_half(w->f, in->b, k), &number) || number != 0)
        op_half(w, X64_XOR, t[k], in->b, k);
    }
    EMIT(w, x64_rr, X64_OR, 3, t[0], t[1]);
    for (unsigned k = 0; k < 2; k++) end_half(w, t[k]);
  } else {
    less(w, swap ? in->b : in->a, swap ? in->a : in->b, true);
  }
  kn_drop_any_operands(w, in);
  x64_compared(w, cc);
}

/* Leaves the overflow `flag` of w->i in the flags, if the next instruction branches on it and nothing else reads it:
 * what stands between the two makes no code. */
static bool keep_overflow(struct kn_walk *w, uint32_t flag, unsigned cc) {
  const struct kn_inst *next = &w->inst[flag + 1];
  if (next->op != KILN_OP_BRIF || next->a != flag || w->val[flag].uses != 1) return false;
  x64(w)->flags_of = flag;
  x64(w)->flags_cond = cc;
  return true;
}

/* ---- multiplication ---- */

/* rdx:rax = rax times half k of b. */
static void multiply_rax(struct kn_walk *w, bool sign, uint32_t b, unsigned k) {
  const uint64_t locked = w->regs.locked;
  const unsigned group = sign ? X64_G_IMUL : X64_G_MUL;
  struct x64_operand o;
  half_operand(w, b, k, &o);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RDX);
  if (o.kind == X64_REG) EMIT(w, x64_unary_r, group, 3, o.reg);
  else EMIT(w, x64_unary_m, group, 3, o.addr.m);
  kn_unlock_but(w, locked);
}

static bool is_in_rax(const struct kn_walk *w, uint32_t h) {
  return kn_is_value(h) && w->val[h].reg == X64_RAX;
}

/* rdx:rax = the product of the lower halves, which are dropped. A number is the first factor, which needs no register
 * of its own. */
static void low_product(struct kn_walk *w, bool sign, uint32_t a, uint32_t b) {
  const uint32_t low[2] = {kn_half(w->f, a, 0), kn_half(w->f, b, 0)};
  const bool swap = is_in_rax(w, low[1]) || (!is_in_rax(w, low[0]) && !kn_is_value(low[1]));
  const uint32_t other = low[!swap];
  const bool free = w->regs.free >> X64_RDX & 1; /* then what is in rax does not move there */
  if (free) kn_claim(w, X64_RDX);
  take_in(w, X64_RAX, low[swap]);
  if (is_temporary(w, other) && w->val[other].reg == X64_RDX) {
    take_in(w, X64_RDX, other);
    EMIT(w, x64_unary_r, sign ? X64_G_IMUL : X64_G_MUL, 3, X64_RDX);
    return;
  }
  if (!free) kn_claim(w, X64_RDX);
  multiply_rax(w, sign, other, 0);
  kn_drop(w, other);
}

/* The lower half of the product of an upper half, which is dropped, and a lower one, in a register that the product of
 * the lower ones leaves alone. */
static unsigned product_of(struct kn_walk *w, uint32_t upper, uint32_t low) {
  const uint64_t locked = w->regs.locked;
  const uint64_t can = KN_GP_MASK & ~(KN_BIT(X64_RAX) | KN_BIT(X64_RDX));
  const bool number = !kn_is_value(low); /* needs no register of its own */
  const uint32_t a = number ? low : upper, b = number ? upper : low;
  const bool stays = is_temporary(w, a) && a == upper && (can >> (w->val[a].reg & 63) & 1);
  const unsigned t = stays ? w->val[a].reg : kn_temp(w, can);
  int32_t imm;
  if (x64_imm32(w, a, KILN_TYPE_I64, &imm)) {
    const unsigned r = kn_reg(w, b, KILN_TYPE_I64);
    EMIT(w, x64_imul_rri, 3, t, r, imm);
  } else {
    if (stays) take_in(w, t, a);
    else x64_half(w, t, a, 0);
    op_half(w, X64_IMUL, t, b, 0);
  }
  if (!stays) kn_drop(w, upper);
  kn_unlock_but(w, locked | KN_BIT(t));
  return t;
}

static void multiply(struct kn_walk *w, const struct kn_inst *in) {
  const uint32_t factors[2] = {in->a, in->b};
  const bool low = kn_is_of_halves(w->f, w->i);
  unsigned sum = KN_NO_REG; /* of the products of a lower and an upper half */
  for (unsigned k = 0; k < 2 && !low; k++) {
    if (kn_is_extended(w->f, factors[k], false)) continue;
    const unsigned t = product_of(w, kn_half(w->f, factors[k], 1), kn_half(w->f, factors[!k], 0));
    if (sum == KN_NO_REG) {
      sum = t;
      continue;
    }
    EMIT(w, x64_rr, X64_ADD, 3, sum, t);
    kn_unlock_but(w, KN_BIT(sum));
    kn_untemp(w, t);
  }
  low_product(w, low && in->x, in->a, in->b);
  if (sum != KN_NO_REG) EMIT(w, x64_rr, X64_ADD, 3, X64_RDX, sum);
  x64_def_pair(w, w->i, X64_RAX, X64_RDX);
}

/* Three words, in register `low`, rax and rdx: a times half k of b. If `sign`, a is signed; if `extends`, the half is,
 * too, and the upper half of b has its sign. Changes t. */
static void three_words(struct kn_walk *w, uint32_t a, uint32_t b, unsigned k, bool sign,
                        bool extends, unsigned low, unsigned t) {
  int64_t number;
  x64_half(w, X64_RAX, a, 0);
  multiply_rax(w, false, b, k);
  x64_mov(w, 3, low, X64_RAX);
  x64_mov(w, 3, t, X64_RDX);
  x64_half(w, X64_RAX, a, 1);
  multiply_rax(w, extends, b, k);
  EMIT(w, x64_rr, X64_ADD, 3, X64_RAX, t);
  EMIT(w, x64_alu_ri, X64_G_ADC, 3, X64_RDX, 0);
  if (!sign || (extends && x64_imm64(w, kn_half(w->f, b, k), &number) && number >= 0)) return;
  x64_half(w, t, extends ? b : a, 1); /* a negative one was taken for 2^64 more */
  EMIT(w, x64_shift_ri, X64_G_SAR, 3, t, 63);
  op_half(w, X64_AND, t, extends ? a : b, extends ? 0 : k);
  EMIT(w, x64_rr, X64_SUB, 3, extends ? X64_RAX : X64_RDX, t);
  if (extends) EMIT(w, x64_alu_ri, X64_G_SBB, 3, X64_RDX, 0);
}

/* The upper one or two of the product's three or four words must be 0 or, signed, the sign of the second one. */
static void multiply_overflow(struct kn_walk *w, const struct kn_inst *in, uint32_t flag) {
  const bool sign = in->op == KILN_OP_SMULO;
  const uint32_t factors[2] = {in->a, in->b};
  bool half = false, extends = false; /* b is its lower half, extended with 0, or by its sign */
  uint32_t a = in->a, b = in->b;
  for (unsigned k = 0; k < 4 && !half; k++) {
    extends = sign && k < 2;
    half = kn_is_extended(w->f, factors[k & 1], extends);
    a = factors[~k & 1];
    b = factors[k & 1];
  }
  kn_claim(w, X64_RAX);
  kn_claim(w, X64_RDX);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RAX);
  const unsigned low = kn_temp(w, KN_GP_MASK), t = kn_temp(w, KN_GP_MASK);
  const int32_t words = half ? 0 : kn_frame_alloc(w, 24, 3);
  if (!half) { /* from the second one on; unsigned, it is enough to know whether the others are 0 */
    three_words(w, a, b, 1, sign, sign, low, t);
    if (!sign) EMIT(w, x64_rr, X64_OR, 3, X64_RAX, X64_RDX);
    x64_hook_store(w, low, words, KILN_TYPE_I64);
    x64_hook_store(w, X64_RAX, words + 8, KILN_TYPE_I64);
    if (sign) x64_hook_store(w, X64_RDX, words + 16, KILN_TYPE_I64);
  }
  three_words(w, a, b, 0, sign, half && extends, low, t);
  if (!half && sign) {
    x64_mov(w, 3, t, X64_RDX);
    EMIT(w, x64_shift_ri, X64_G_SAR, 3, t, 63);
    EMIT(w, x64_rm, X64_ADD, 3, X64_RAX, x64_frame_mem(w, words));
    EMIT(w, x64_rm, X64_ADC, 3, X64_RDX, x64_frame_mem(w, words + 8));
    EMIT(w, x64_rm, X64_ADC, 3, t, x64_frame_mem(w, words + 16));
  } else if (!half) {
    EMIT(w, x64_rm, X64_ADD, 3, X64_RAX, x64_frame_mem(w, words));
    EMIT(w, x64_alu_ri, X64_G_ADC, 3, X64_RDX, 0);
    EMIT(w, x64_rm, X64_OR, 3, X64_RDX, x64_frame_mem(w, words + 8));
  }
  if (sign) {
    x64_mov(w, 3, X64_SCRATCH, X64_RAX);
    EMIT(w, x64_shift_ri, X64_G_SAR, 3, X64_SCRATCH, 63);
    EMIT(w, x64_rr, X64_XOR, 3, X64_RDX, X64_SCRATCH);
    if (!half) EMIT(w, x64_rr, X64_XOR, 3, t, X64_SCRATCH);
    if (!half) EMIT(w, x64_rr, X64_OR, 3, X64_RDX, t);
  } else if (half) EMIT(w, x64_rr, X64_TEST, 3, X64_RDX, X64_RDX);
  const bool kept = flag && keep_overflow(w, flag, X64_NE);
  if (!kept) EMIT(w, x64_setcc, X64_NE, t);
  kn_drop_any_operands(w, in);
  x64_def_pair(w, w->i, low, X64_RAX);
  if (flag && !kept) kn_def_fixed(w, flag, KILN_TYPE_I8, t);
}

static void with_overflow(struct kn_walk *w, const struct kn_inst *in) {
  const bool sign = in->op == KILN_OP_SADDO || in->op == KILN_OP_SSUBO;
  const uint32_t flag = kn_second_result(w, w->i);
  if (in->op == KILN_OP_SMULO || in->op == KILN_OP_UMULO) {
    multiply_overflow(w, in, flag);
    return;
  }
  if (w->val[w->i].uses == 0 && flag == 0) {
    kn_drop_any_operands(w, in);
    return;
  }
  w->val[w->i].uses++; /* the sum is computed, whether it is read or not */
  w->val[w->i + 1].uses++;
  sum(w, in, in->op == KILN_OP_SSUBO || in->op == KILN_OP_USUBO);
  const unsigned cc = sign ? X64_O : X64_B;
  if (flag && !keep_overflow(w, flag, cc)) x64_def_flag(w, flag, cc);
  kn_drop(w, w->i);
  kn_drop(w, w->i + 1);
}

/* ---- shifts ---- */

/* The count h in cl: an i128, or any value with its lowest 7 bits. Drops it. */
static void take_count(struct kn_walk *w, uint32_t h) {
  if (kn_is_value(h) && kn_is_pair(w->f, h)) kn_drop(w, kn_half(w->f, h, 1));
  take_in(w, X64_RCX, kn_half(w->f, h, 0));
}

/* A count in cl, of which bit 6 says whether the halves change places. */
static void shift(struct kn_walk *w, const struct kn_inst *in) {
  const bool left = in->op == KILN_OP_SHL, sign = in->op == KILN_OP_ASHR;
  const unsigned group = left ? X64_G_SHL : sign ? X64_G_SAR : X64_G_SHR;
  unsigned t[2];
  take_count(w, in->b);
  take_halves(w, in->a, t);
  const unsigned to = t[left], from = t[!left]; /* bits go from `from` to `to` */
  EMIT(w, x64_rr, left ? X64_SHLD_CL : X64_SHRD_CL, 3, from, to);
  EMIT(w, x64_shift_cl, group, 3, from);
  if (sign) {
    x64_mov(w, 3, X64_SCRATCH, from);
    EMIT(w, x64_shift_ri, X64_G_SAR, 3, X64_SCRATCH, 63);
  } else EMIT(w, x64_zero, X64_SCRATCH);
  EMIT(w, x64_test_ri, 0, X64_RCX, 64);
  EMIT(w, x64_rr, X64_CMOV + X64_NE, 3, to, from);
  EMIT(w, x64_rr, X64_CMOV + X64_NE, 3, from, X64_SCRATCH);
  kn_drop_any(w, in->a);
  x64_def_pair(w, w->i, t[0], t[1]);
}

/* Three of the four halves of a:b, by bit 6 of the count, are shifted by the rest of it. In a rotation, the first and
 * the third are the same. */
static void funnel(struct kn_walk *w, const struct kn_inst *in) {
  const bool left = in->op == KILN_OP_FSHL, rotates = in->a == in->b;
  const unsigned first = left ? 0 : 2,
                 last = 2 - first; /* of the shifts: the last one keeps its register */
  unsigned t[3];                   /* from the top */
  struct x64_operand o;
  const uint32_t near[3] = {in->a, in->a, in->b}, far[3] = {in->a, in->b, in->b};
  take_count(w, in->c);
  EMIT(w, x64_test_ri, 0, X64_RCX, 64);
  t[last] = X64_SCRATCH;
  for (unsigned k = 0; k < 3; k++) {
    if (rotates && k == last) continue;
    const uint32_t result = w->i + (k == (left ? 0 : 1));
    if (rotates && k == (left ? 1 : 2)) { /* the second one: the other half has been read */
      t[k] = take_half(w, near[k], k != 1, 2, result);
    } else {
      t[k] = result_temp(w, result);
      x64_half(w, t[k], near[k], k != 1);
    }
    const uint64_t locked = w->regs.locked;
    half_operand(w, far[k], k == 1, &o);
    x64_op_operand(w, X64_CMOV + (left ? X64_NE : X64_E), 3, t[k], &o);
    kn_unlock_but(w, locked);
  }
  kn_drop_any(w, in->a);
  kn_drop_any(w, in->b);
  if (rotates) x64_mov(w, 3, X64_SCRATCH, t[first]);
  const unsigned shift = left ? X64_SHLD_CL : X64_SHRD_CL;
  EMIT(w, x64_rr, shift, 3, t[1], t[first]);
  EMIT(w, x64_rr, shift, 3, t[last], t[1]);
  x64_def_pair(w, w->i, t[left ? 1 : 2], t[left ? 0 : 1]);
}

/* ---- memory ---- */

void x64_store_pair(struct kn_walk *w, uint32_t h, struct x64_addr to) {
  const uint64_t locked = w->regs.locked;
  for (unsigned k = 0; k < 2; k++, to.m.disp += 8) {
    const uint32_t from = kn_half(w->f, h, k);
    int32_t imm;
    if (x64_imm32(w, from, KILN_TYPE_I64, &imm)) {
      EMIT(w, x64_mov_mi, 3, to.m, imm);
      if (to.m.base == X64_RIP) x64_rip_fixup(w, &to, 4);
    } else x64_op_mem(w, X64_MOV_ST, 3, kn_reg(w, from, KILN_TYPE_I64), &to);
    kn_unlock_but(w, locked);
  }
}

static void store(struct kn_walk *w, const struct kn_inst *in) {
  x64_store_pair(w, in->b, x64_address(w, in->a, (int32_t)in->c));
  kn_drop_any_operands(w, in);
}

static void load_pair(struct kn_walk *w, uint32_t i, struct x64_addr from) {
  for (unsigned k = 0; k < 2; k++, from.m.disp += 8) {
    const unsigned dst = kn_def(w, i + k, KILN_TYPE_I64, KN_NO_REG, w->regs.locked);
    x64_op_mem(w, X64_MOV, 3, dst, &from);
    kn_defined(w, i + k, dst);
  }
}

static void load(struct kn_walk *w, const struct kn_inst *in) {
  struct x64_addr from = x64_address(w, in->a, (int32_t)in->c);
  if (w->val[w->i].uses != 0) load_pair(w, w->i, from);
  else /* volatile */
    for (unsigned k = 0; k < 2; k++, from.m.disp += 8)
      x64_op_mem(w, X64_MOV, 3, X64_SCRATCH, &from);
  kn_drop(w, in->a);
}

/* ---- bits ---- */

/* x ^ s - s, where s is all sign bits. */
static void magnitude(struct kn_walk *w, const struct kn_inst *in) {
  unsigned t[2];
  take_halves(w, in->a, t);
  x64_mov(w, 3, X64_SCRATCH, t[1]);
  EMIT(w, x64_shift_ri, X64_G_SAR, 3, X64_SCRATCH, 63);
  for (unsigned k = 0; k < 2; k++) EMIT(w, x64_rr, X64_XOR, 3, t[k], X64_SCRATCH);
  for (unsigned k = 0; k < 2; k++) EMIT(w, x64_rr, k ? X64_SBB : X64_SUB, 3, t[k], X64_SCRATCH);
  kn_drop_any_operands(w, in);
  x64_def_pair(w, w->i, t[0], t[1]);
}

/* Leading (or trailing) zeros: of the far half, unless that is 0. */
static void count_zeros(struct kn_walk *w, const struct kn_inst *in) {
  const bool leading = in->op == KILN_OP_CLZ;
  const unsigned op = leading ? X64_BSR : X64_BSF;
  const unsigned near = kn_temp(w, KN_GP_MASK), far = kn_temp(w, KN_GP_MASK);
  x64_half(w, far, in->a, leading);
  x64_half(w, near, in->a, !leading);
  x64_const(w, X64_SCRATCH, leading ? 127 : 64); /* what gives 64 for an empty half */
  EMIT(w, x64_rr, op, 3, near, near);
  EMIT(w, x64_rr, X64_CMOV + X64_E, 3, near, X64_SCRATCH);
  if (leading) EMIT(w, x64_alu_ri, X64_G_XOR, 2, near, 63);
  EMIT(w, x64_alu_ri, X64_G_ADD, 2, near, 64);
  EMIT(w, x64_rr, op, 3, far, far);
  const uint32_t done = kn_code_label(w);
  x64_jcc(w, X64_E, done);
  if (leading) EMIT(w, x64_alu_ri, X64_G_XOR, 2, far, 63);
  x64_mov(w, 2, near, far);
  x64_bind_label(w, done);
  EMIT(w, x64_zero, far);
  kn_drop_any_operands(w, in);
  x64_def_pair(w, w->i, near, far);
}

static void count_bits(struct kn_walk *w, const struct kn_inst *in) {
  unsigned t[2];
  take_halves(w, in->a, t);
  const unsigned m = kn_temp(w, KN_GP_MASK);
  for (unsigned k = 0; k < 2; k++) x64_count_bits(w, 3, t[k], m);
  EMIT(w, x64_rr, X64_ADD, 3, t[0], t[1]);
  EMIT(w, x64_zero, t[1]);
  kn_drop_any_operands(w, in);
  x64_def_pair(w, w->i, t[0], t[1]);
}

void x64_lower_pair(struct kn_walk *w, const struct kn_inst *in) {
  switch (in->op) {
  case KILN_OP_LOAD: load(w, in); break;
  case KILN_OP_STORE: store(w, in); break;
  case KILN_OP_BITCAST: x64_bitcast_pair(w, in); break;
  case KILN_OP_SDIV:
  case KILN_OP_SREM:
  case KILN_OP_UDIV:
  case KILN_OP_UREM: kn_lower_library(w, in); break;
  case KILN_OP_SADDO:
  case KILN_OP_UADDO:
  case KILN_OP_SSUBO:
  case KILN_OP_USUBO:
  case KILN_OP_SMULO:
  case KILN_OP_UMULO: with_overflow(w, in); break;
  case KILN_OP_ADD:
  case KILN_OP_SUB: sum(w, in, in->op == KILN_OP_SUB); break;
  case KILN_OP_NEG: /* from 0 */
    for (unsigned k = 0; k < 2; k++) from_number(w, k ? X64_SBB : X64_SUB, 0, in->a, k);
    break;
  case KILN_OP_MUL: multiply(w, in); break;
  case KILN_OP_SHL:
  case KILN_OP_LSHR:
  case KILN_OP_ASHR: shift(w, in); break;
  case KILN_OP_FSHL:
  case KILN_OP_FSHR: funnel(w, in); break;
  case KILN_OP_SMIN:
  case KILN_OP_SMAX:
  case KILN_OP_UMIN:
  case KILN_OP_UMAX: minmax(w, in); break;
  case KILN_OP_ABS: magnitude(w, in); break;
  case KILN_OP_SELECT: select(w, in); break;
  case KILN_OP_ICMP: compare(w, in); break;
  case KILN_OP_CLZ:
  case KILN_OP_CTZ: count_zeros(w, in); break;
  case KILN_OP_POPCNT: count_bits(w, in); break;
  default:
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "this operation is not supported for i128 on x86_64");
  }
}
