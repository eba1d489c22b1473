/* Integer comparisons, selection, truncation and extension of up to 64 bits. A comparison used only by
 * the branch or select right after it stays in the flags. */
#include "targets/x86_64/x64.h"

/* ---- comparison ---- */

static const uint8_t cc_of[KILN_ICOND_COUNT] = {
  [KILN_ICOND_EQ] = X64_E,   [KILN_ICOND_NE] = X64_NE,  [KILN_ICOND_SLT] = X64_L,
  [KILN_ICOND_SGE] = X64_GE, [KILN_ICOND_SLE] = X64_LE, [KILN_ICOND_SGT] = X64_G,
  [KILN_ICOND_ULT] = X64_B,  [KILN_ICOND_UGE] = X64_AE, [KILN_ICOND_ULE] = X64_BE,
  [KILN_ICOND_UGT] = X64_A,
};

/* The same if a zext stands between the comparison and its reader. */
static __attribute__((noinline)) bool keep_flags_behind(struct kn_walk *w, unsigned cc) {
  bool negated;
  uint32_t read = kn_condition(w, w->i, &negated);
  if (read == 0) return false;
  x64(w)->flags_of = read;
  x64(w)->flags_cond = cc < 16                         ? cc ^ negated
                       : negated == (cc == X64_CC_OEQ) ? X64_CC_UNE
                                                       : X64_CC_OEQ;
  return true;
}

/* Leaves comparison w->i in the flags, as condition cc, if its reader finds it there; else false. */
KN_INLINE bool keep_flags(struct kn_walk *w, unsigned cc) {
  uint32_t i = w->i;
  const struct kn_inst *next = &w->inst[i + 1];
  if (w->val[i].uses == 1 && next->a == i &&
      (next->op == KILN_OP_BRIF ||
       (next->op == KILN_OP_SELECT &&
        (kn_fits_register(w, next->type) || (next->type == KILN_TYPE_I128 && cc < 16))))) {
    x64(w)->flags_of = i;
    x64(w)->flags_cond = cc;
    return true;
  }
  return KN_UNLIKELY(next->op == KILN_OP_ZEXT) && keep_flags_behind(w, cc);
}

void x64_set_if(struct kn_walk *w, unsigned cc, unsigned dst) {
  if (KN_LIKELY(cc < 16)) {
    EMIT(w, x64_setcc, cc, dst);
    return;
  }
  bool equal = cc == X64_CC_OEQ;
  EMIT(w, x64_setcc, equal ? X64_NP : X64_P, X64_SCRATCH);
  EMIT(w, x64_setcc, equal ? X64_E : X64_NE, dst);
  EMIT(w, x64_rr, equal ? X64_AND : X64_OR, 2, dst, X64_SCRATCH);
}

void x64_def_with_flag(struct kn_walk *w, const struct kn_inst *in, unsigned t, unsigned cc) {
  const uint32_t flag = kn_second_result(w, w->i);
  unsigned f = KN_NO_REG;
  kn_drop_operands(w, in);
  if (flag) {
    KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
    /* t may be the register of an operand, which is free now */
    f = kn_temp(w, KN_GP_MASK & ~KN_BIT(t));
    EMIT(w, x64_setcc, cc, f);
  }
  if (w->val[w->i].uses) kn_def_fixed(w, w->i, in->type, t);
  if (flag) kn_def_fixed(w, flag, KILN_TYPE_I8, f);
}

void x64_compared(struct kn_walk *w, unsigned cc) {
  if (keep_flags(w, cc)) return;
  unsigned dst = kn_def(w, w->i, KILN_TYPE_I8, KN_NO_REG, 0);
  x64_set_if(w, cc, dst);
  kn_defined(w, w->i, dst);
}

void x64_lower_icmp(struct kn_walk *w, const struct kn_inst *in) {
  /* the comparison of one in the flags with 0: they say it already */
  if (KN_UNLIKELY(x64(w)->flags_of == w->i)) {
    w->val[in->a].uses--;
    return;
  }
  unsigned type = in->type, size = x64_size(type), cond = in->x;
  uint32_t a = in->a, b = in->b;
  if (!kn_is_value(a) && kn_is_value(b)) {
    KN_SWAP(a, b);
    cond = kn_icond_swapped[cond];
  }
  bool told = x64(w)->zero_of == a && x64(w)->zero_block == w->block &&
              (x64(w)->zero_only || x64(w)->zero_at == kn_here(w));
  if (told && kn_is_imm(b) && kn_imm(b) == 0 &&
      (x64(w)->zero_any || cond == KILN_ICOND_EQ || cond == KILN_ICOND_NE)) {
    /* the flags are there */
    if (x64(w)->zero_only) w->val[a].uses--;
    else {
      kn_reg(w, a, type);
      kn_drop(w, a);
    }
    a = b;
  } else if (kn_is_value(a) && (w->val[a].flags & KN_VF_WAITS)) {
    const struct kn_inst *load = &w->inst[a];
    struct x64_addr m = x64_address(w, load->a, (int32_t)load->c);
    int32_t imm;
    if (x64_imm32(w, b, type, &imm)) {
      EMIT(w, x64_alu_mi, X64_G_CMP, size, m.m, imm);
      if (m.m.base == X64_RIP)
        x64_rip_fixup(w, &m, size != 0 && x64_fits8(imm) ? 1 : size == 0 ? 1 : size == 1 ? 2 : 4);
    } else {
      unsigned rb = kn_reg(w, b, type);
      x64_op_mem(w, X64_CMP_ST, size, rb, &m);
    }
  } else {
    unsigned ra = kn_reg(w, a, type);
    struct x64_operand o;
    x64_operand(w, b, type, &o);
    if (o.kind == X64_IMM) {
      if (o.imm == 0) EMIT(w, x64_rr, X64_TEST, size, ra, ra);
      else EMIT(w, x64_alu_ri, X64_G_CMP, size, ra, o.imm);
    } else {
      x64_op_operand(w, X64_CMP, size, ra, &o);
    }
  }
  kn_drop(w, a);
  kn_drop(w, b);
  if (!keep_flags(w, cc_of[cond])) x64_def_flag(w, w->i, cc_of[cond]);
}

void x64_lower_select(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  unsigned type = in->type;
  bool in_flags = x64(w)->flags_of == in->a && kn_is_value(in->a);
  unsigned cc = in_flags ? x64(w)->flags_cond : X64_NE;
  x64(w)->flags_of = 0;
  if (!in_flags && kn_skip_unread(w, in)) return;
  if (in_flags && w->val[i].uses == 0) {
    w->val[in->a].uses--;
    kn_drop(w, in->b);
    kn_drop(w, in->c);
    return;
  }
  /* nothing from the test to the cmov changes flags: constants and reloads are moves */
  bool constant = kn_is_imm(in->c) && !kn_bank(w, type) && cc < 16;
  unsigned rb = kn_reg(w, in->b, type), rc = constant ? rb : kn_reg(w, in->c, type);
  if (!in_flags) {
    unsigned r = kn_reg(w, in->a, KILN_TYPE_I8);
    EMIT(w, x64_test_ri, 0, r, 1);
    kn_drop(w, in->a);
  } else {
    w->val[in->a].uses--;
  }
  kn_drop(w, in->b);
  kn_drop(w, in->c);
  if (kn_bank(w, type)) {
    /* there is no conditional move of floats: branch over a move */
    unsigned dst = kn_def(w, i, type, rc, x64_others(w, rc));
    unsigned t = dst == rb && dst != rc ? x64_xscratch(w) : dst;
    uint32_t skip = kn_code_label(w);
    x64_move(w, t, rc, type);
    uint32_t take = skip;
    if (cc == X64_CC_OEQ) {
      x64_jcc(w, X64_NE, skip);
      x64_jcc(w, X64_P, skip);
    } else if (cc == X64_CC_UNE) {
      take = kn_code_label(w);
      x64_jcc(w, X64_NE, take);
      x64_jcc(w, X64_NP, skip);
      x64_bind_label(w, take);
    } else {
      x64_jcc(w, cc ^ 1, skip);
    }
    x64_move(w, t, rb, type);
    x64_bind_label(w, skip);
    x64_move(w, dst, t, type);
    kn_defined(w, i, dst);
    return;
  }
  unsigned size = x64_op_size(type);
  if (cc < 16) { /* starts from the one that is in its place, and is replaced by the other one */
    unsigned dst = kn_def(w, i, type, rc, 0), other = rb;
    if (constant) {
      other = dst == rb ? X64_SCRATCH : dst;
      int64_t v = kn_imm(in->c);
      x64_const(w, other, type == KILN_TYPE_I64 ? (uint64_t)v : (uint32_t)v);
      if (dst != rb) other = rb;
    } else if (dst == rb) {
      other = rc;
    } else {
      x64_move(w, dst, rc, type);
    }
    EMIT(w, x64_rr, X64_CMOV + (dst == rb ? cc ^ 1 : cc), size, dst, other);
    kn_defined(w, i, dst);
    return;
  }
  if (cc == X64_CC_OEQ) { /* a if equal and ordered: start from b, replace by c twice */
    x64_mov(w, size, X64_SCRATCH, rb);
    EMIT(w, x64_rr, X64_CMOV + X64_NE, size, X64_SCRATCH, rc);
    EMIT(w, x64_rr, X64_CMOV + X64_P, size, X64_SCRATCH, rc);
  } else {
    x64_mov(w, size, X64_SCRATCH, rc);
    EMIT(w, x64_rr, X64_CMOV + X64_NE, size, X64_SCRATCH, rb);
    EMIT(w, x64_rr, X64_CMOV + X64_P, size, X64_SCRATCH, rb);
  }
  unsigned dst = kn_def(w, i, type, rc, 0);
  x64_mov(w, size, dst, X64_SCRATCH);
  kn_defined(w, i, dst);
}

/* ---- extensions ---- */

void x64_lower_trunc(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  unsigned ra = kn_reg(w, in->a, in->x);
  bool alias =
    kn_is_value(in->a) && (w->val[in->a].flags & KN_VF_ALIAS) != 0 && w->val[i].flags == 0;
  kn_drop(w, in->a);
  if (alias) { /* the variable's register has the lower bits, too */
    kn_alias(w, i, ra);
    return;
  }
  kn_give_up_copy(w, ra);
  unsigned dst = kn_def(w, i, in->type, ra, 0);
  x64_move(w, dst, ra, in->type);
  kn_defined(w, i, dst);
}

KN_INLINE void extend(struct kn_walk *w, const struct kn_inst *in, bool sign) {
  uint32_t i = w->i;
  unsigned from = in->x;
  int64_t imm;
  if (KN_UNLIKELY(x64(w)->flags_of ==
                  i + 1)) { /* between a comparison in the flags and its comparison with 0 */
    w->val[in->a].uses--;
    return;
  }
  if (kn_is_value(in->a) && (w->val[in->a].flags & KN_VF_WAITS)) {
    const struct kn_inst *load = &w->inst[in->a];
    struct x64_addr m = x64_address(w, load->a, (int32_t)load->c);
    kn_drop(w, in->a);
    unsigned dst = kn_def(w, i, in->type, KN_NO_REG, 0);
    unsigned op = from == KILN_TYPE_I8    ? (sign ? X64_MOVSX8 : X64_MOVZX8)
                  : from == KILN_TYPE_I16 ? (sign ? X64_MOVSX16 : X64_MOVZX16)
                  : sign                  ? X64_MOVSXD
                                          : X64_MOV;
    x64_op_mem(w, op, sign ? x64_op_size(in->type) : 2, dst, &m);
    if (!sign) w->val[i].flags |= KN_VF_ZX;
    kn_defined(w, i, dst);
    return;
  }
  if (x64_imm64(w, in->a, &imm)) {
    unsigned bits = 8u << x64_size(from);
    uint64_t v = (uint64_t)imm << (64 - bits);
    v = sign ? (uint64_t)((int64_t)v >> (64 - bits)) : v >> (64 - bits);
    unsigned dst = kn_def(w, i, in->type, KN_NO_REG, 0);
    x64_const(w, dst, in->type == KILN_TYPE_I64 ? v : (uint32_t)v);
    kn_defined(w, i, dst);
    return;
  }
  unsigned ra = kn_reg(w, in->a, from);
  bool known = !sign && (w->val[in->a].flags & KN_VF_ZX);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, i, in->type, ra, 0);
  if (known) x64_move(w, dst, ra, in->type);
  else x64_extend(w, dst, ra, from, sign, in->type == KILN_TYPE_I64);
  if (!sign) w->val[i].flags |= KN_VF_ZX;
  kn_defined(w, i, dst);
}
void x64_lower_zext(struct kn_walk *w, const struct kn_inst *in) { extend(w, in, false); }
void x64_lower_sext(struct kn_walk *w, const struct kn_inst *in) { extend(w, in, true); }
