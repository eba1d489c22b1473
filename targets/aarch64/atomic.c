/* Atomic operations of i8 to i64 for AArch64, by ordered loads and stores and by exclusive loops
 * (ARMv8.0: no LSE). Called by the loop in target.c. Invariant: between the exclusive load and store
 * of a loop nothing touches memory. */
#include "targets/aarch64/a64.h"

void a64_lower_atomic_load(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = kn_type_log2[in->type];
  static const uint8_t plain[] = {A64_LDRB, A64_LDRH, A64_LDR_W, A64_LDR_X};
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I64);
  kn_drop(w, in->a);
  bool used = w->val[w->i].uses != 0;
  unsigned d = used ? kn_def(w, w->i, in->type, KN_NO_REG, 0) : IP0;
  emit(w, (in->x & 7) == KILN_RELAXED ? a64_mem_scaled((enum a64_mem)plain[log2], d, a, 0)
                                      : a64_ldar(log2, d, a));
  if (!used) return;
  set_zx(w, w->i);
  kn_defined(w, w->i, d);
}

void a64_lower_atomic_store(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = kn_type_log2[in->type];
  static const uint8_t plain[] = {A64_STRB, A64_STRH, A64_STR_W, A64_STR_X};
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I64), r = reg_or_zr(w, in->b, in->type);
  emit(w, (in->x & 7) == KILN_RELAXED ? a64_mem_scaled((enum a64_mem)plain[log2], r, a, 0)
                                      : a64_stlr(log2, r, a));
  kn_drop(w, in->a);
  kn_drop(w, in->b);
}

/* Emits a branch back to `top`. */
static void again(struct kn_walk *w, uint32_t top, unsigned status) {
  emit(w, a64_cbnz(0, status, (int32_t)top - (int32_t)kn_here(w)));
}

/* x16 = what `op` makes of the old value and r. */
static void combine(struct kn_walk *w, unsigned op, unsigned type, unsigned old, unsigned r) {
  unsigned sf = sf_of(type);
  bool byte = type == KILN_TYPE_I8, narrow = is_narrow(type);
  bool sign = op == KILN_RMW_SMIN || op == KILN_RMW_SMAX;
  enum a64_cond cond = op == KILN_RMW_SMIN   ? A64_LT
                       : op == KILN_RMW_SMAX ? A64_GT
                       : op == KILN_RMW_UMIN ? A64_LO
                                             : A64_HI;
  switch (op) {
  case KILN_RMW_ADD: emit(w, a64_add(sf, IP0, old, r)); return;
  case KILN_RMW_SUB: emit(w, a64_sub(sf, IP0, old, r)); return;
  case KILN_RMW_AND: emit(w, a64_and(sf, IP0, old, r)); return;
  case KILN_RMW_OR: emit(w, a64_orr(sf, IP0, old, r)); return;
  case KILN_RMW_XOR: emit(w, a64_eor(sf, IP0, old, r)); return;
  case KILN_RMW_NAND:
    emit(w, a64_and(sf, IP0, old, r));
    emit(w, a64_mvn(sf, IP0, IP0));
    return;
  default: break;
  }
  unsigned a = sign ? extend(w, IP0, old, type, true) : old; /* loaded with zeros above */
  if (narrow)
    emit(w, a64_addsub_ext(A64_SUBS, 0, A64_ZR, a, r,
                           sign ? (byte ? A64_SXTB : A64_SXTH) : (byte ? A64_UXTB : A64_UXTH), 0));
  else emit(w, a64_cmp(sf, a, r));
  emit(w, a64_csel(A64_CSEL, sf, IP0, old, r, cond));
}

void a64_lower_atomic_rmw(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = kn_type_log2[in->type], op = in->x >> 8;
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I64), r = kn_reg(w, in->b, in->type);
  unsigned old = kn_temp(w, KN_GP_MASK);
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  bool used = w->val[w->i].uses != 0;
  unsigned d = used ? kn_def(w, w->i, in->type, KN_NO_REG, 0) : IP0;
  uint32_t top = kn_here(w);
  emit(w, a64_ldaxr(log2, old, a));
  if (op != KILN_RMW_XCHG) combine(w, op, in->type, old, r);
  emit(w, a64_stlxr(log2, IP1, op == KILN_RMW_XCHG ? r : IP0, a));
  again(w, top, IP1);
  if (!used) return;
  emit(w, a64_mov(1, d, old));
  set_zx(w, w->i);
  kn_defined(w, w->i, d);
}

void a64_lower_atomic_cas(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = kn_type_log2[in->type];
  uint32_t i = w->i;
  bool byte = in->type == KILN_TYPE_I8;
  unsigned a = kn_reg(w, in->a, KILN_TYPE_I64), expected = kn_reg(w, in->b, in->type),
           desired = reg_or_zr(w, in->c, in->type);
  unsigned old = kn_temp(w, KN_GP_MASK);
  uint64_t operands = KN_BIT(a) | KN_BIT(expected) | (desired < 31 ? KN_BIT(desired) : 0);
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  kn_drop(w, in->c);
  bool used = w->val[i].uses != 0;
  bool flag = w->inst[i + 1].op == KILN_OP_RESULT && w->inst[i + 1].a == i && w->val[i + 1].uses;
  unsigned d = used ? kn_def(w, i, in->type, KN_NO_REG, operands) : IP0;
  unsigned d1 = flag ? kn_def(w, i + 1, KILN_TYPE_I8, KN_NO_REG, operands) : IP1;
  uint32_t top = kn_here(w);
  emit(w, a64_ldaxr(log2, old, a));
  if (is_narrow(in->type))
    emit(w, a64_addsub_ext(A64_SUBS, 0, A64_ZR, old, expected, byte ? A64_UXTB : A64_UXTH, 0));
  else emit(w, a64_cmp(sf_of(in->type), old, expected));
  emit(w, a64_b_cond(A64_NE, 12));
  emit(w, a64_stlxr(log2, IP1, desired, a));
  again(w, top, IP1);
  if (flag) {
    emit(w, a64_cset(0, d1, A64_EQ));
    set_zx(w, i + 1);
    kn_defined(w, i + 1, d1);
  }
  if (used) {
    emit(w, a64_mov(1, d, old));
    set_zx(w, i);
    kn_defined(w, i, d);
  }
}

void a64_lower_fence(struct kn_walk *w, const struct kn_inst *in) {
  unsigned order = in->x & 7;
  if (order == KILN_RELAXED) return;
  emit(w, a64_dmb(order == KILN_ACQUIRE ? A64_ISHLD : A64_ISH));
}
