/* Atomic operations of AArch64: ordered loads and stores; loops of exclusive loads and stores for what reads and
 * writes, or single instructions where the processor has them (KILN_FEATURE_LSE). Called by the walk's loop.
 * Invariant: between the exclusive load and store of a loop nothing touches memory. */
#include "targets/aarch64/a64.h"

void a64_lower_atomic_load(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = kn_type_log2[in->type];
  static const uint8_t plain[] = {A64_LDRB, A64_LDRH, A64_LDR_W, A64_LDR_X};
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I64);
  kn_drop(w, in->a);
  bool used = w->val[w->i].uses != 0;
  unsigned d = used ? kn_def(w, w->i, in->type, KN_NO_REG, 0) : A64_IP0;
  a64_emit(w, (in->x & 7) == KILN_ORDERING_RELAXED
                ? a64_mem_scaled((enum a64_mem)plain[log2], d, a, 0)
                : a64_ldar(log2, d, a));
  if (!used) return;
  a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
}

void a64_lower_atomic_store(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = kn_type_log2[in->type];
  static const uint8_t plain[] = {A64_STRB, A64_STRH, A64_STR_W, A64_STR_X};
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I64), r = a64_reg_or_zr(w, in->b, in->type);
  a64_emit(w, (in->x & 7) == KILN_ORDERING_RELAXED
                ? a64_mem_scaled((enum a64_mem)plain[log2], r, a, 0)
                : a64_stlr(log2, r, a));
  kn_drop_operands(w, in);
}

static bool has_lse(const struct kn_walk *w) {
  return (w->f->attrs.features & KILN_FEATURE_LSE) != 0;
}

/* The bits for acquire and release in an instruction, for a kiln_ordering. */
static unsigned order_bits(unsigned order) {
  return (order == KILN_ORDERING_ACQUIRE || order >= KILN_ORDERING_ACQ_REL ? A64_ACQUIRE : 0) |
         (order >= KILN_ORDERING_RELEASE ? A64_RELEASE : 0);
}

/* Emits a branch back to `top`. */
static void again(struct kn_walk *w, uint32_t top, unsigned status) {
  a64_emit(w, a64_cbnz(0, status, (int32_t)top - (int32_t)kn_here(w)));
}

/* x16 = `op` of the old value and r. */
static void combine(struct kn_walk *w, unsigned op, unsigned type, unsigned old, unsigned r) {
  unsigned sf = a64_sf(type);
  bool byte = type == KILN_TYPE_I8, narrow = a64_is_narrow(type);
  bool sign = op == KILN_RMW_SMIN || op == KILN_RMW_SMAX;
  enum a64_cond cond = op == KILN_RMW_SMIN   ? A64_LT
                       : op == KILN_RMW_SMAX ? A64_GT
                       : op == KILN_RMW_UMIN ? A64_LO
                                             : A64_HI;
  switch (op) {
  case KILN_RMW_ADD: a64_emit(w, a64_add(sf, A64_IP0, old, r)); return;
  case KILN_RMW_SUB: a64_emit(w, a64_sub(sf, A64_IP0, old, r)); return;
  case KILN_RMW_AND: a64_emit(w, a64_and(sf, A64_IP0, old, r)); return;
  case KILN_RMW_OR: a64_emit(w, a64_orr(sf, A64_IP0, old, r)); return;
  case KILN_RMW_XOR: a64_emit(w, a64_eor(sf, A64_IP0, old, r)); return;
  case KILN_RMW_NAND:
    a64_emit(w, a64_and(sf, A64_IP0, old, r));
    a64_emit(w, a64_mvn(sf, A64_IP0, A64_IP0));
    return;
  default: break;
  }
  unsigned a =
    sign ? a64_extend_narrow(w, A64_IP0, old, type, true) : old; /* loaded with zeros above */
  if (narrow)
    a64_emit(w,
             a64_addsub_ext(A64_SUBS, 0, A64_ZR, a, r,
                            sign ? (byte ? A64_SXTB : A64_SXTH) : (byte ? A64_UXTB : A64_UXTH), 0));
  else a64_emit(w, a64_cmp(sf, a, r));
  a64_emit(w, a64_csel(A64_CSEL, sf, A64_IP0, old, r, cond));
}

/* A read-modify-write by one instruction; false, with nothing done, if there is none for it. */
static bool single_rmw(struct kn_walk *w, const struct kn_inst *in) {
  static const uint32_t ops[KILN_RMW_COUNT] = {
    [KILN_RMW_XCHG] = A64_SWP,    [KILN_RMW_ADD] = A64_LDADD,   [KILN_RMW_SUB] = A64_LDADD,
    [KILN_RMW_AND] = A64_LDCLR,   [KILN_RMW_OR] = A64_LDSET,    [KILN_RMW_XOR] = A64_LDEOR,
    [KILN_RMW_SMIN] = A64_LDSMIN, [KILN_RMW_SMAX] = A64_LDSMAX, [KILN_RMW_UMIN] = A64_LDUMIN,
    [KILN_RMW_UMAX] = A64_LDUMAX};
  unsigned op = in->x >> 8, sf = a64_sf(in->type);
  if (ops[op] == 0) return false;
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I64), r = a64_reg_or_zr(w, in->b, in->type);
  kn_drop_operands(w, in);
  bool used = w->val[w->i].uses != 0;
  unsigned d =
    used ? kn_def(w, w->i, in->type, KN_NO_REG, 0) : A64_IP1; /* with zr there is no acquire */
  if (op == KILN_RMW_SUB) a64_emit(w, a64_neg(sf, A64_IP0, r));
  if (op == KILN_RMW_AND) a64_emit(w, a64_mvn(sf, A64_IP0, r));
  if (op == KILN_RMW_SUB || op == KILN_RMW_AND) r = A64_IP0;
  a64_emit(w, a64_atomic((enum a64_atomic)ops[op], kn_type_log2[in->type], order_bits(in->x & 7), r,
                         d, a));
  if (!used) return true;
  a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
  return true;
}

void a64_lower_atomic_rmw(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = kn_type_log2[in->type], op = in->x >> 8;
  if (has_lse(w) && single_rmw(w, in)) return;
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I64), r = kn_reg(w, in->b, in->type);
  unsigned old = kn_temp(w, KN_GP_MASK);
  kn_drop_operands(w, in);
  bool used = w->val[w->i].uses != 0;
  unsigned d = used ? kn_def(w, w->i, in->type, KN_NO_REG, 0) : A64_IP0;
  uint32_t top = kn_here(w);
  a64_emit(w, a64_ldaxr(log2, old, a));
  if (op != KILN_RMW_XCHG) combine(w, op, in->type, old, r);
  a64_emit(w, a64_stlxr(log2, A64_IP1, op == KILN_RMW_XCHG ? r : A64_IP0, a));
  again(w, top, A64_IP1);
  if (!used) return;
  a64_emit(w, a64_mov(1, d, old));
  a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
}

void a64_lower_atomic_cas(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = kn_type_log2[in->type];
  uint32_t i = w->i;
  bool byte = in->type == KILN_TYPE_I8;
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I64), expected = kn_reg(w, in->b, in->type),
           desired = a64_reg_or_zr(w, in->c, in->type);
  unsigned old = kn_temp(w, KN_GP_MASK);
  uint64_t operands = KN_BIT(a) | KN_BIT(expected) | (desired < 31 ? KN_BIT(desired) : 0);
  kn_drop_operands(w, in);
  bool used = w->val[i].uses != 0;
  uint32_t flag = kn_second_result(w, i);
  unsigned d = used ? kn_def(w, i, in->type, KN_NO_REG, operands) : A64_IP0;
  unsigned d1 = flag ? kn_def(w, flag, KILN_TYPE_I8, KN_NO_REG, operands) : A64_IP1;
  uint32_t top = kn_here(w);
  if (has_lse(w)) {
    a64_emit(w, a64_mov(1, old, expected));
    a64_emit(w, a64_cas(log2, order_bits(in->x & 7) | order_bits(in->x >> 3 & 7), old, desired, a));
  } else {
    a64_emit(w, a64_ldaxr(log2, old, a));
  }
  if (a64_is_narrow(in->type))
    a64_emit(w, a64_addsub_ext(A64_SUBS, 0, A64_ZR, old, expected, byte ? A64_UXTB : A64_UXTH, 0));
  else a64_emit(w, a64_cmp(a64_sf(in->type), old, expected));
  if (!has_lse(w)) {
    a64_emit(w, a64_b_cond(A64_NE, 12));
    a64_emit(w, a64_stlxr(log2, A64_IP1, desired, a));
    again(w, top, A64_IP1);
  }
  if (flag) a64_flag(w, flag, d1, A64_EQ);
  if (used) {
    a64_emit(w, a64_mov(1, d, old));
    a64_set_zx(w, i);
    kn_defined(w, i, d);
  }
}

/* ---- i128 ---- */

/* n = `op` of the old value and b. */
static void combine_pair(struct kn_walk *w, unsigned op, struct a64_halves n, struct a64_halves old,
                         struct a64_halves b) {
  enum a64_cond keep = op == KILN_RMW_SMIN   ? A64_LT
                       : op == KILN_RMW_SMAX ? A64_GE
                       : op == KILN_RMW_UMIN ? A64_LO
                                             : A64_HS;
  switch (op) {
  case KILN_RMW_XCHG:
    a64_emit(w, a64_mov(1, n.low, b.low));
    a64_emit(w, a64_mov(1, n.high, b.high));
    return;
  case KILN_RMW_ADD:
    a64_emit(w, a64_addsub_reg(A64_ADDS, 1, n.low, old.low, b.low, A64_LSL, 0));
    a64_emit(w, a64_addsub_carry(A64_ADD, 1, n.high, old.high, b.high));
    return;
  case KILN_RMW_SUB:
    a64_emit(w, a64_addsub_reg(A64_SUBS, 1, n.low, old.low, b.low, A64_LSL, 0));
    a64_emit(w, a64_addsub_carry(A64_SUB, 1, n.high, old.high, b.high));
    return;
  case KILN_RMW_AND:
  case KILN_RMW_NAND:
  case KILN_RMW_OR:
  case KILN_RMW_XOR: {
    enum a64_logic logic = op == KILN_RMW_OR ? A64_ORR : op == KILN_RMW_XOR ? A64_EOR : A64_AND;
    a64_emit(w, a64_logic_reg(logic, 1, n.low, old.low, b.low, A64_LSL, 0));
    a64_emit(w, a64_logic_reg(logic, 1, n.high, old.high, b.high, A64_LSL, 0));
    if (op != KILN_RMW_NAND) return;
    a64_emit(w, a64_mvn(1, n.low, n.low));
    a64_emit(w, a64_mvn(1, n.high, n.high));
    return;
  }
  default:
    a64_emit(w, a64_cmp(1, old.low, b.low));
    a64_emit(w, a64_addsub_carry(A64_SUBS, 1, A64_ZR, old.high, b.high));
    a64_emit(w, a64_csel(A64_CSEL, 1, n.low, old.low, b.low, keep));
    a64_emit(w, a64_csel(A64_CSEL, 1, n.high, old.high, b.high, keep));
  }
}

/* The pair is loaded exclusively, and stored again in any case: only a store that succeeded proves that both halves
 * were read at once (Arm ARM, B2.2.1). */
static void pair_loop(struct kn_walk *w, const struct kn_inst *in, unsigned a,
                      struct a64_halves old, struct a64_halves b, struct a64_halves c) {
  unsigned status = kn_temp(w, KN_GP_MASK); /* before the loop: something may be spilled for it */
  uint32_t top = kn_here(w);
  struct a64_halves n = {A64_IP0, A64_IP1};
  a64_emit(w, a64_ldaxp(1, old.low, old.high, a));
  switch (in->op) {
  case KILN_OP_ATOMIC_LOAD: n = old; break;
  case KILN_OP_ATOMIC_STORE: n = b; break;
  case KILN_OP_ATOMIC_RMW: combine_pair(w, in->x >> 8, n, old, b); break;
  default:
    a64_emit(w, a64_cmp(1, old.low, b.low));
    a64_emit(w, a64_ccmp_reg(A64_CCMP, 1, old.high, b.high, 0, A64_EQ));
    a64_emit(w, a64_csel(A64_CSEL, 1, n.low, c.low, old.low, A64_EQ));
    a64_emit(w, a64_csel(A64_CSEL, 1, n.high, c.high, old.high, A64_EQ));
  }
  a64_emit(w, a64_stlxp(1, status, n.low, n.high, a));
  again(w, top, status);
}

/* CAS by one instruction, which takes pairs of registers that begin with an even one. x2 and x3 have the new value. */
static struct a64_halves pair_cas(struct kn_walk *w, const struct kn_inst *in, unsigned a,
                                  struct a64_halves b) {
  struct a64_halves old = {0, 1};
  a64_emit(w, a64_mov(1, 0, b.low));
  a64_emit(w, a64_mov(1, 1, b.high));
  a64_emit(w, a64_casp(order_bits(in->x & 7) | order_bits(in->x >> 3 & 7), 0, 2, a));
  a64_emit(w, a64_cmp(1, 0, b.low));
  a64_emit(w, a64_ccmp_reg(A64_CCMP, 1, 1, b.high, 0, A64_EQ));
  return old;
}

void a64_lower_pair_atomic(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  bool cas = in->op == KILN_OP_ATOMIC_CAS, single = cas && has_lse(w);
  uint32_t flag = cas ? kn_second_result(w, i) : 0;
  if (single)
    for (unsigned r = 0; r < 4; r++) {
      kn_claim(w, r);
      KN_LOG(w, KN_EV_WRITE, 0, r);
    }
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I64);
  struct a64_halves b = {A64_ZR, A64_ZR}, c = b, old = b;
  if (single) {
    const uint64_t locked = w->regs.locked;
    c = a64_pair_operand(w, in->c);
    a64_emit(w, a64_mov(1, 2, c.low));
    a64_emit(w, a64_mov(1, 3, c.high));
    kn_unlock_but(w, locked);
  } else if (cas) c = a64_pair_operand(w, in->c);
  if (in->op != KILN_OP_ATOMIC_LOAD) b = a64_pair_operand(w, in->b);
  if (single) {
    old = pair_cas(w, in, a, b);
  } else {
    old.low = kn_temp(w, KN_GP_MASK);
    old.high = kn_temp(w, KN_GP_MASK);
    pair_loop(w, in, a, old, b, c);
  }
  if (flag) a64_emit(w, a64_cset(0, A64_IP0, A64_EQ));
  kn_drop_any_operands(w, in);
  KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
  if (in->op != KILN_OP_ATOMIC_STORE) a64_def_pair(w, i, old.low, old.high);
  if (!flag) return;
  unsigned d = kn_def(w, flag, KILN_TYPE_I8, KN_NO_REG, 0);
  a64_emit(w, a64_mov(0, d, A64_IP0));
  a64_set_zx(w, flag);
  kn_defined(w, flag, d);
}

void a64_lower_fence(struct kn_walk *w, const struct kn_inst *in) {
  unsigned order = in->x & 7;
  if (order == KILN_ORDERING_RELAXED) return;
  a64_emit(w, a64_dmb(order == KILN_ORDERING_ACQUIRE ? A64_ISHLD : A64_ISH));
}
