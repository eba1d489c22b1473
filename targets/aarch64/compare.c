/* Comparisons, conditions of branches and selects, and select itself, for AArch64. Called by the loop
 * in target.c and by control.c. A comparison directly before the one branch or select that uses it
 * is not lowered by itself: its user evaluates it (a64_condition). Invariant: nothing that the walk
 * emits between a comparison and its use changes the flags. */
#include "targets/aarch64/a64.h"

/* By kiln_icond. */
static const uint8_t icond[KILN_ICOND_COUNT] = {A64_EQ, A64_NE, A64_LT, A64_GE, A64_LE,
                                                A64_GT, A64_LO, A64_HS, A64_LS, A64_HI};
/* The condition with operands exchanged. */
static const uint8_t swapped[KILN_ICOND_COUNT] = {KILN_EQ,  KILN_NE,  KILN_SGT, KILN_SLE, KILN_SGE,
                                                  KILN_SLT, KILN_UGT, KILN_ULE, KILN_UGE, KILN_ULT};
/* By kiln_fcond, after fcmp; AL: two conditions, see below. */
static const uint8_t fcond[KILN_FCOND_COUNT] = {
  [KILN_FOEQ] = A64_EQ, [KILN_FUNE] = A64_NE, [KILN_FOLT] = A64_MI, [KILN_FUGE] = A64_PL,
  [KILN_FOLE] = A64_LS, [KILN_FUGT] = A64_HI, [KILN_FOGT] = A64_GT, [KILN_FULE] = A64_LE,
  [KILN_FOGE] = A64_GE, [KILN_FULT] = A64_LT, [KILN_FONE] = A64_AL, [KILN_FUEQ] = A64_AL,
  [KILN_FORD] = A64_VC, [KILN_FUNO] = A64_VS};

bool a64_fuses(const struct kn_walk *w, uint32_t i) {
  const struct kn_inst *next = &w->inst[i + 1];
  const struct kn_val *val = &w->val[i];
  return (next->op == KILN_OP_BRIF || next->op == KILN_OP_SELECT) && next->a == i &&
         val->uses == 1 && !kn_wide(w->inst[i].type) &&
         (val->flags & (KN_VF_HOME | KN_VF_SLOT_HOME)) == 0;
}

bool a64_drop_fused(struct kn_walk *w, uint32_t h) {
  if (!kn_is_value(h) || h + 1 != w->i || !a64_fuses(w, h)) return false;
  const struct kn_inst *in = &w->inst[h];
  if (in->op != KILN_OP_ICMP && in->op != KILN_OP_FCMP) return false;
  w->val[h].uses--;
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  return true;
}

struct a64_test a64_negate(struct a64_test t) {
  static const uint8_t other[] = {A64_T_COND, A64_T_CBNZ, A64_T_CBZ, A64_T_TBNZ, A64_T_TBZ};
  if (t.kind == A64_T_COND) t.cond = (enum a64_cond)((unsigned)t.cond ^ 1);
  t.kind = other[t.kind];
  return t;
}

/* An ICMP's registers: asked for and dropped; code comes later. */
struct icmp {
  unsigned type, a, b, cond;
  bool has_const, zx;
  enum a64_extend ext; /* of b; UXTX: none */
  int64_t c;           /* zero- or sign-extended as the condition needs */
};

static struct icmp begin_icmp(struct kn_walk *w, const struct kn_inst *in) {
  struct icmp k = {.type = in->type, .cond = in->x, .ext = A64_UXTX};
  uint32_t a = in->a, b = in->b;
  int64_t c;
  if (sconst_of(w, a, in->type, &c) && !sconst_of(w, b, in->type, &c)) {
    a = in->b;
    b = in->a;
    k.cond = swapped[k.cond];
  }
  bool sign = k.cond >= KILN_SLT && k.cond <= KILN_SGT;
  k.a = kn_reg(w, a, in->type);
  k.zx = is_zx(w, a);
  k.b = A64_ZR;
  uint64_t bits;
  if (const_of(w, b, in->type, &bits)) {
    k.has_const = true;
    k.c = (int64_t)bits;
    if (sign) sconst_of(w, b, in->type, &k.c);
  } else if (in->type == KILN_TYPE_I64) {
    struct a64_extended e = reg_extended(w, b);
    k.b = e.reg;
    k.ext = e.ext;
  } else {
    k.b = kn_reg(w, b, in->type);
  }
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  return k;
}

/* Sets the flags. Uses x16, x17. */
static enum a64_cond emit_icmp(struct kn_walk *w, const struct icmp *k) {
  unsigned sf = sf_of(k->type), a = k->a;
  bool sign = k->cond >= KILN_SLT && k->cond <= KILN_SGT, narrow = is_narrow(k->type);
  enum a64_cond cond = (enum a64_cond)icond[k->cond];
  if (narrow && k->has_const && k->c == 0 && k->cond <= KILN_NE) {
    uint32_t field = 0;
    a64_bitmask(0, (UINT64_C(1) << bits_of(k->type)) - 1, &field);
    emit(w, a64_tst_imm(0, a, field));
    return cond;
  }
  if (narrow && (sign || !k->zx)) a = extend(w, IP0, a, k->type, sign);
  if (k->has_const) {
    uint64_t c = (uint64_t)k->c;
    uint64_t minus = sf ? 0 - c : (0 - c) & 0xffffffffu;
    if (!sf) c &= 0xffffffffu;
    if (a64_addsub_imm_ok(c)) {
      emit(w, a64_cmp_val(sf, a, c));
    } else if (a64_addsub_imm_ok(minus)) {
      emit(w, a64_cmn_val(sf, a, minus));
    } else {
      a64_set(w, IP1, sf, c);
      emit(w, a64_cmp(sf, a, IP1));
    }
  } else if (narrow) {
    bool byte = k->type == KILN_TYPE_I8;
    enum a64_extend e = sign ? (byte ? A64_SXTB : A64_SXTH) : (byte ? A64_UXTB : A64_UXTH);
    emit(w, a64_addsub_ext(A64_SUBS, 0, A64_ZR, a, k->b, e, 0));
  } else if (k->ext != A64_UXTX) {
    emit(w, a64_addsub_ext(A64_SUBS, 1, A64_ZR, a, k->b, k->ext, 0));
  } else {
    emit(w, a64_cmp(sf, a, k->b));
  }
  return cond;
}

/* An FCMP's flags; `two` conditions end in x16: UEQ is 1 there. */
struct fcmp {
  unsigned type, a, b, cond;
  bool zero;
};
static struct fcmp begin_fcmp(struct kn_walk *w, const struct kn_inst *in) {
  struct fcmp k = {.type = in->type, .cond = in->x};
  k.a = kn_reg(w, in->a, in->type);
  if (kn_is_pool(in->b)) {
    const struct kn_const *c = &w->f->pool.at[kn_index(in->b)];
    k.zero = c->symbol == 0 && c->low == 0;
  }
  if (!k.zero) k.b = kn_reg(w, in->b, in->type);
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  return k;
}
static struct a64_test emit_fcmp(struct kn_walk *w, const struct fcmp *k) {
  emit(w, k->zero ? a64_fcmp_zero(ft_of(k->type), v(k->a))
                  : a64_fcmp(ft_of(k->type), v(k->a), v(k->b)));
  if (fcond[k->cond] != A64_AL)
    return (struct a64_test){.kind = A64_T_COND, .cond = (enum a64_cond)fcond[k->cond]};
  /* equal or unordered */
  emit(w, a64_cset(0, IP0, A64_EQ));
  emit(w, a64_csel(A64_CSINC, 0, IP0, IP0, A64_ZR, A64_VC));
  return (struct a64_test){.kind = k->cond == KILN_FUEQ ? A64_T_CBNZ : A64_T_CBZ, .reg = IP0};
}

struct a64_test a64_condition(struct kn_walk *w, uint32_t h) {
  struct a64_test t = {.kind = A64_T_TBNZ, .sf = 0, .bit = 0};
  if (kn_is_value(h) && h + 1 == w->i && a64_fuses(w, h)) {
    const struct kn_inst *in = &w->inst[h];
    if (in->op == KILN_OP_FCMP) {
      w->val[h].uses--;
      struct fcmp k = begin_fcmp(w, in);
      return emit_fcmp(w, &k);
    }
    if (in->op == KILN_OP_ICMP) {
      w->val[h].uses--;
      struct icmp k = begin_icmp(w, in);
      bool whole = !is_narrow(k.type) || k.zx;
      if (k.has_const && k.c == 0 && k.cond <= KILN_NE && whole)
        return (struct a64_test){
          .kind = k.cond == KILN_EQ ? A64_T_CBZ : A64_T_CBNZ, .reg = k.a, .sf = sf_of(k.type)};
      if (k.has_const && k.c == 0 && (k.cond == KILN_SLT || k.cond == KILN_SGE))
        return (struct a64_test){.kind = k.cond == KILN_SGE ? A64_T_TBZ : A64_T_TBNZ,
                                 .reg = k.a,
                                 .bit = bits_of(k.type) - 1};
      return (struct a64_test){.kind = A64_T_COND, .cond = emit_icmp(w, &k)};
    }
  }
  t.reg = kn_reg(w, h, KILN_TYPE_I8);
  kn_drop(w, h);
  return t;
}

enum a64_cond a64_flags(struct kn_walk *w, struct a64_test t) {
  uint32_t field = 0;
  switch (t.kind) {
  case A64_T_COND: return t.cond;
  case A64_T_CBZ:
  case A64_T_CBNZ:
    emit(w, a64_cmp(t.sf, t.reg, A64_ZR));
    return t.kind == A64_T_CBZ ? A64_EQ : A64_NE;
  default:
    a64_bitmask(1, UINT64_C(1) << t.bit, &field);
    emit(w, a64_tst_imm(1, t.reg, field));
    return t.kind == A64_T_TBZ ? A64_EQ : A64_NE;
  }
}

void a64_lower_cmp(struct kn_walk *w, const struct kn_inst *in) {
  if (a64_fuses(w, w->i)) return;
  unsigned d;
  if (in->op == KILN_OP_ICMP) {
    struct icmp k = begin_icmp(w, in);
    d = kn_def(w, w->i, KILN_TYPE_I8, KN_NO_REG, 0);
    emit(w, a64_cset(0, d, emit_icmp(w, &k)));
  } else {
    struct fcmp k = begin_fcmp(w, in);
    d = kn_def(w, w->i, KILN_TYPE_I8, KN_NO_REG, 0);
    struct a64_test t = emit_fcmp(w, &k);
    if (t.kind == A64_T_COND) emit(w, a64_cset(0, d, t.cond));
    else if (k.cond == KILN_FUEQ) emit(w, a64_mov(0, d, IP0));
    else emit(w, a64_logic_imm(A64_EOR, 0, d, IP0, 0)); /* field 0: the value 1 */
  }
  set_zx(w, w->i);
  kn_defined(w, w->i, d);
}

void a64_lower_select(struct kn_walk *w, const struct kn_inst *in) {
  bool fp = kn_bank(in->type);
  /* the condition's code comes first: it may need x16 and x17, and results come last anyway */
  unsigned b = fp ? kn_reg(w, in->b, in->type) : reg_or_zr(w, in->b, in->type);
  unsigned c = fp ? kn_reg(w, in->c, in->type) : reg_or_zr(w, in->c, in->type);
  enum a64_cond cond = a64_flags(w, a64_condition(w, in->a));
  kn_drop(w, in->b);
  kn_drop(w, in->c);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  if (fp) emit(w, a64_fcsel(ft_of(in->type), v(d), v(b), v(c), cond));
  else emit(w, a64_csel(A64_CSEL, 1, d, b, c, cond));
  kn_defined(w, w->i, d);
}
