/* Comparisons, conditions of branches and selects, and select itself, for AArch64. Called by the walk's loop and by
 * control.c. A comparison directly before the one branch or select that reads it is not lowered by itself: its reader
 * evaluates it (a64_condition); the same holds for two comparisons that the operation after them joins. Invariant:
 * nothing that the walk emits between a comparison and its reader changes the flags. */
#include "targets/aarch64/a64.h"

/* By kiln_icond. */
static const uint8_t icond[KILN_ICOND_COUNT] = {A64_EQ, A64_NE, A64_LT, A64_GE, A64_LE,
                                                A64_GT, A64_LO, A64_HS, A64_LS, A64_HI};
/* By kiln_fcond, after fcmp; AL: two conditions, see below. */
static const uint8_t fcond[KILN_FCOND_COUNT] = {
  [KILN_FCOND_OEQ] = A64_EQ, [KILN_FCOND_UNE] = A64_NE, [KILN_FCOND_OLT] = A64_MI,
  [KILN_FCOND_UGE] = A64_PL, [KILN_FCOND_OLE] = A64_LS, [KILN_FCOND_UGT] = A64_HI,
  [KILN_FCOND_OGT] = A64_GT, [KILN_FCOND_ULE] = A64_LE, [KILN_FCOND_OGE] = A64_GE,
  [KILN_FCOND_ULT] = A64_LT, [KILN_FCOND_ONE] = A64_AL, [KILN_FCOND_UEQ] = A64_AL,
  [KILN_FCOND_ORD] = A64_VC, [KILN_FCOND_UNO] = A64_VS};

/* True if comparison i may wait for the instruction after it. */
KN_INLINE bool fuses(const struct kn_walk *w, uint32_t i) {
  const struct kn_inst *next = &w->inst[i + 1];
  const struct kn_val *val = &w->val[i];
  return (next->op == KILN_OP_BRIF || next->op == KILN_OP_SELECT) && next->a == i &&
         val->uses == 1 && (val->flags & (KN_VF_HOME | KN_VF_SLOT_HOME)) == 0;
}
bool a64_fuses(const struct kn_walk *w, uint32_t i) { return fuses(w, i); }

/* The registers of an ICMP: asked for and dropped, with no code emitted yet. */
struct icmp {
  unsigned type, a, b, cond;
  bool has_const, zx;
  bool test;           /* compares a & c, or a & b, with 0 */
  enum a64_extend ext; /* of b; UXTX: none */
  int64_t c;           /* zero- or sign-extended as the condition needs */
};

/* The AND that waits for ICMP `in`, which compares it with 0; or NULL. */
KN_INLINE const struct kn_inst *test_of(const struct kn_walk *w, const struct kn_inst *in) {
  return KN_UNLIKELY(a64_deferred(w, in->a)) ? &w->inst[in->a] : NULL;
}

static struct icmp ask_icmp(struct kn_walk *w, const struct kn_inst *in) {
  struct icmp k = {.type = in->type, .cond = in->x, .ext = A64_UXTX};
  uint32_t a = in->a, b = in->b;
  int64_t c;
  const struct kn_inst *mask = test_of(w, in);
  if (mask) {
    k.test = true;
    k.a = kn_reg(w, mask->a, in->type);
    k.b = A64_ZR;
    uint64_t set = 0;
    if (!a64_const(w, mask->b, in->type, &set)) k.b = kn_reg(w, mask->b, in->type);
    k.c = (int64_t)set;
    return k;
  }
  if (a64_sconst(w, a, in->type, &c) && !a64_sconst(w, b, in->type, &c)) {
    KN_SWAP(a, b);
    k.cond = kn_icond_swapped[k.cond];
  }
  bool sign = k.cond >= KILN_ICOND_SLT && k.cond <= KILN_ICOND_SGT;
  k.a = kn_reg(w, a, in->type);
  k.zx = a64_is_zx(w, a);
  k.b = A64_ZR;
  uint64_t bits;
  if (a64_const(w, b, in->type, &bits)) {
    k.has_const = true;
    k.c = (int64_t)bits;
    if (sign) a64_sconst(w, b, in->type, &k.c);
  } else if (in->type == KILN_TYPE_I64) {
    struct a64_extended e = a64_reg_extended(w, b);
    k.b = e.reg;
    k.ext = e.ext;
  } else {
    k.b = kn_reg(w, b, in->type);
  }
  return k;
}
static void drop_icmp(struct kn_walk *w, const struct kn_inst *in) {
  kn_drop(w, in->a); /* and with an AND that waits its operands */
  kn_drop(w, in->b);
}

static struct icmp begin_icmp(struct kn_walk *w, const struct kn_inst *in) {
  struct icmp k = ask_icmp(w, in);
  drop_icmp(w, in);
  return k;
}

/* Sets the flags. Uses x16, x17. */
static enum a64_cond emit_icmp(struct kn_walk *w, const struct icmp *k) {
  unsigned sf = a64_sf(k->type), a = k->a;
  bool sign = k->cond >= KILN_ICOND_SLT && k->cond <= KILN_ICOND_SGT,
       narrow = a64_is_narrow(k->type);
  enum a64_cond cond = (enum a64_cond)icond[k->cond];
  if (k->test) {
    uint32_t field = 0;
    if (k->b == A64_ZR) a64_bitmask(sf, (uint64_t)k->c, &field);
    a64_emit(w, k->b == A64_ZR ? a64_tst_imm(sf, a, field) : a64_tst(sf, a, k->b));
    return cond;
  }
  if (narrow && k->has_const && k->c == 0 && k->cond <= KILN_ICOND_NE) {
    uint32_t field = 0;
    a64_bitmask(0, (UINT64_C(1) << a64_bits(k->type)) - 1, &field);
    a64_emit(w, a64_tst_imm(0, a, field));
    return cond;
  }
  if (narrow && (sign || !k->zx)) a = a64_extend_narrow(w, A64_IP0, a, k->type, sign);
  if (k->has_const) {
    uint64_t c = (uint64_t)k->c;
    uint64_t minus = sf ? 0 - c : (0 - c) & 0xffffffffu;
    if (!sf) c &= 0xffffffffu;
    if (a64_addsub_imm_ok(c)) {
      a64_emit(w, a64_cmp_val(sf, a, c));
    } else if (a64_addsub_imm_ok(minus)) {
      a64_emit(w, a64_cmn_val(sf, a, minus));
    } else {
      a64_set(w, A64_IP1, sf, c);
      a64_emit(w, a64_cmp(sf, a, A64_IP1));
    }
  } else if (narrow) {
    bool byte = k->type == KILN_TYPE_I8;
    enum a64_extend e = sign ? (byte ? A64_SXTB : A64_SXTH) : (byte ? A64_UXTB : A64_UXTH);
    a64_emit(w, a64_addsub_ext(A64_SUBS, 0, A64_ZR, a, k->b, e, 0));
  } else if (k->ext != A64_UXTX) {
    a64_emit(w, a64_addsub_ext(A64_SUBS, 1, A64_ZR, a, k->b, k->ext, 0));
  } else {
    a64_emit(w, a64_cmp(sf, a, k->b));
  }
  return cond;
}

/* ---- two comparisons joined ---- */

enum join { JOIN_NONE, JOIN_AND, JOIN_OR };
/* How instruction j joins comparisons x and y. */
static enum join join_of(const struct kn_walk *w, uint32_t j, uint32_t x, uint32_t y) {
  const struct kn_inst *in = &w->inst[j];
  uint64_t bits;
  if (in->type != KILN_TYPE_I8) return JOIN_NONE;
  if (in->op == KILN_OP_SELECT && in->a == x) {
    if (in->b == y && a64_const(w, in->c, in->type, &bits) && bits == 0) return JOIN_AND;
    if (in->c == y && a64_const(w, in->b, in->type, &bits) && bits == 1) return JOIN_OR;
  } else if ((in->a == x && in->b == y) || (in->a == y && in->b == x)) {
    return in->op == KILN_OP_AND ? JOIN_AND : in->op == KILN_OP_OR ? JOIN_OR : JOIN_NONE;
  }
  return JOIN_NONE;
}
static bool plain_icmp(const struct kn_walk *w, uint32_t i) {
  const struct kn_val *val = &w->val[i];
  return w->inst[i].op == KILN_OP_ICMP && kn_fits_register(w, w->inst[i].type) && val->uses == 1 &&
         val->flags == 0;
}
/* True if ICMP i waits for the operation that joins it with the next ICMP (or the one after a load) or with the one
 * before it. */
static bool waits(const struct kn_walk *w, uint32_t i) {
  const struct kn_inst *next = &w->inst[i + 1];
  uint32_t second = i + 1 + (next->op == KILN_OP_LOAD);
  if (w->inst[second].op == KILN_OP_ICMP)
    return plain_icmp(w, i) && plain_icmp(w, second) && w->val[second + 1].uses != 0 &&
           join_of(w, second + 1, i, second) != JOIN_NONE;
  if (next->op != KILN_OP_AND && next->op != KILN_OP_OR && next->op != KILN_OP_SELECT) return false;
  uint32_t first = next->a == i ? next->b : next->a; /* decided already */
  return a64_deferred(w, first) && w->inst[first].op == KILN_OP_ICMP;
}

/* True if one ccmp can do the comparison. */
static bool is_short(const struct icmp *k) {
  return !k->test && k->ext == A64_UXTX && !a64_is_narrow(k->type) &&
         (!k->has_const || (k->c >= -31 && k->c <= 31));
}

/* Evaluates an operation that joins two comparisons that wait, and drops these. Uses x16, x17. */
static enum a64_cond joined(struct kn_walk *w, const struct kn_inst *in) {
  static const uint8_t holds[] = {/* flags for each condition: N 8, Z 4, C 2, V 1 */
                                  4, 0, 2, 0, 8, 0, 1, 0, 2, 0, 0, 8, 0, 4};
  uint32_t other = kn_is_value(in->b) ? in->b : in->c;
  uint32_t x = in->a < other ? in->a : other,
           y = in->a ^ other ^ x; /* y cannot be a test: waits() */
  bool either = join_of(w, (uint32_t)(in - w->inst), x, y) == JOIN_OR;
  struct icmp first = ask_icmp(w, &w->inst[x]), k = ask_icmp(w, &w->inst[y]);
  w->val[x].uses = w->val[y].uses = 0;
  drop_icmp(w, &w->inst[x]);
  drop_icmp(w, &w->inst[y]);
  if (!is_short(&k) && is_short(&first)) KN_SWAP(first, k);
  unsigned gate = (unsigned)emit_icmp(w, &first) ^ either;
  enum a64_cond cond = (enum a64_cond)icond[k.cond];
  unsigned flags = holds[(unsigned)cond ^ !either], sf = a64_sf(k.type);
  bool sign = k.cond >= KILN_ICOND_SLT && k.cond <= KILN_ICOND_SGT;
  unsigned a = sign || !k.zx ? a64_extend_narrow(w, A64_IP0, k.a, k.type, sign) : k.a;
  if (k.has_const && k.c >= -31 && k.c <= 31) {
    a64_emit(w, a64_ccmp_imm(k.c < 0 ? A64_CCMN : A64_CCMP, sf, a, (unsigned)(k.c < 0 ? -k.c : k.c),
                             flags, (enum a64_cond)gate));
    return cond;
  }
  unsigned b = A64_IP1;
  if (k.has_const) a64_set(w, A64_IP1, sf, (uint64_t)k.c);
  else b = a64_extend_narrow(w, A64_IP1, k.b, k.type, sign);
  a64_emit(w, a64_ccmp_reg(A64_CCMP, sf, a, b, flags, (enum a64_cond)gate));
  return cond;
}

void a64_lower_joined(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_inst *next = &w->inst[w->i + 1];
  bool taken =
    next->op == KILN_OP_BRIF || (kn_fits_register(w, next->type) && w->val[w->i + 1].uses);
  if (taken && fuses(w, w->i)) {
    a64_wait(w, w->i);
    return;
  }
  a64_def_flag(w, w->i, joined(w, in));
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
  a64_emit(w, k->zero ? a64_fcmp_zero(a64_ft(k->type), a64_v(k->a))
                      : a64_fcmp(a64_ft(k->type), a64_v(k->a), a64_v(k->b)));
  if (fcond[k->cond] != A64_AL) return a64_test_cond((enum a64_cond)fcond[k->cond]);
  /* equal or unordered */
  a64_emit(w, a64_cset(0, A64_IP0, A64_EQ));
  a64_emit(w, a64_csel(A64_CSINC, 0, A64_IP0, A64_IP0, A64_ZR, A64_VC));
  return a64_test_zero(k->cond != KILN_FCOND_UEQ, 0, A64_IP0);
}

struct a64_test a64_condition(struct kn_walk *w, uint32_t h) {
  if (a64_deferred(w, h)) {
    const struct kn_inst *in = &w->inst[h];
    bool negated = false;
    w->val[h].uses--;
    if (in->op == KILN_OP_ICMP && a64_deferred(w, in->a) && w->inst[in->a].op == KILN_OP_ZEXT) {
      negated = in->x == KILN_ICOND_EQ; /* with 0, of an extended comparison: kn_condition */
      w->val[in->a].uses--;
      h = w->inst[in->a].a;
      w->val[h].uses--;
      in = &w->inst[h];
    }
    if (in->op == KILN_OP_FCMP) {
      struct fcmp k = begin_fcmp(w, in);
      k.cond ^= negated;
      return emit_fcmp(w, &k);
    }
    if (KN_UNLIKELY(in->type == KILN_TYPE_I128))
      return a64_test_cond(a64_pair_condition(w, in, negated));
    if (in->op == KILN_OP_ICMP) {
      struct icmp k = begin_icmp(w, in);
      k.cond ^= negated;
      uint64_t mask = (uint64_t)k.c;
      if (k.test && mask && (mask & (mask - 1)) == 0)
        return a64_test_bit(k.cond == KILN_ICOND_EQ, k.a, (unsigned)__builtin_ctzll(mask));
      bool whole = !a64_is_narrow(k.type) || k.zx;
      if (k.has_const && k.c == 0 && k.cond <= KILN_ICOND_NE && whole)
        return a64_test_zero(k.cond == KILN_ICOND_EQ, a64_sf(k.type), k.a);
      if (k.has_const && k.c == 0 && (k.cond == KILN_ICOND_SLT || k.cond == KILN_ICOND_SGE))
        return a64_test_bit(k.cond == KILN_ICOND_SGE, k.a, a64_bits(k.type) - 1);
      return a64_test_cond(emit_icmp(w, &k));
    }
    return a64_test_cond(joined(w, in));
  }
  unsigned r = kn_reg(w, h, KILN_TYPE_I8);
  kn_drop(w, h);
  return a64_test_bit(false, r, 0);
}

enum a64_cond a64_flags(struct kn_walk *w, struct a64_test t) {
  uint32_t field = 0;
  unsigned reg = t.word & 31;
  if (a64_is_b_cond(t.word)) return (enum a64_cond)(t.word & 15);
  if (a64_is_tb(t.word)) {
    a64_bitmask(1, UINT64_C(1) << a64_tested_bit(t.word), &field);
    a64_emit(w, a64_tst_imm(1, reg, field));
  } else {
    a64_emit(w, a64_cmp(t.word >> 31, reg, A64_ZR));
  }
  return t.word >> A64_NOT_ZERO & 1 ? A64_NE : A64_EQ;
}

void a64_lower_cmp(struct kn_walk *w, const struct kn_inst *in) {
  bool negated;
  if (fuses(w, w->i) || (w->inst[w->i + 1].op == KILN_OP_ZEXT && kn_fits_register(w, in->type) &&
                         kn_condition(w, w->i, &negated))) {
    a64_wait(w, w->i);
    return;
  }
  unsigned d;
  if (in->op == KILN_OP_ICMP) {
    if (waits(w, w->i)) {
      a64_wait(w, w->i);
      return;
    }
    struct icmp k = begin_icmp(w, in);
    d = kn_def(w, w->i, KILN_TYPE_I8, KN_NO_REG, 0);
    a64_emit(w, a64_cset(0, d, emit_icmp(w, &k)));
  } else {
    struct fcmp k = begin_fcmp(w, in);
    d = kn_def(w, w->i, KILN_TYPE_I8, KN_NO_REG, 0);
    struct a64_test t = emit_fcmp(w, &k);
    if (a64_is_b_cond(t.word)) a64_emit(w, a64_cset(0, d, (enum a64_cond)(t.word & 15)));
    else if (k.cond == KILN_FCOND_UEQ) a64_emit(w, a64_mov(0, d, A64_IP0));
    else a64_emit(w, a64_logic_imm(A64_EOR, 0, d, A64_IP0, 0)); /* field 0: the value 1 */
  }
  a64_set_zx(w, w->i);
  kn_defined(w, w->i, d);
}

void a64_lower_select(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t other = kn_is_value(in->b) ? in->b : in->c;
  if (in->type == KILN_TYPE_I8 && a64_deferred(w, in->a) && a64_deferred(w, other) &&
      w->inst[other].op == KILN_OP_ICMP) { /* else a comparison that waits is the condition */
    a64_lower_joined(w, in);
    return;
  }
  bool fp = kn_bank(w, in->type);
  /* the condition is emitted first: it may need x16 and x17, and results are written last anyway */
  unsigned b = fp ? kn_reg(w, in->b, in->type) : a64_reg_or_zr(w, in->b, in->type);
  unsigned c = fp ? kn_reg(w, in->c, in->type) : a64_reg_or_zr(w, in->c, in->type);
  enum a64_cond cond = a64_flags(w, a64_condition(w, in->a));
  kn_drop(w, in->b);
  kn_drop(w, in->c);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  if (KN_UNLIKELY(in->type == KILN_TYPE_V128)) { /* a mask of the condition chooses bits */
    a64_emit(w, a64_cset(1, A64_IP0, cond));
    a64_emit(w, a64_addsub_reg(A64_SUB, 1, A64_IP0, A64_ZR, A64_IP0, A64_LSL, 0));
    a64_emit(w, a64_dup_2d(a64_v(A64_VS1), A64_IP0));
    a64_emit(w, a64_vlogic(A64_VBSL, 1, a64_v(A64_VS1), a64_v(b), a64_v(c)));
    a64_hook_move(w, d, A64_VS1, KILN_TYPE_V128);
  } else if (fp)
    a64_emit(
      w, a64_fcsel(in->type == KILN_TYPE_F32 ? A64_S : A64_D, a64_v(d), a64_v(b), a64_v(c), cond));
  else a64_emit(w, a64_csel(A64_CSEL, 1, d, b, c, cond));
  kn_defined(w, w->i, d);
}
