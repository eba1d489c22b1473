/* Integers wider than 128 bits (i136, i256, ...), which clang makes for large units of bit-fields and
 * for _BitInt: values are runs of i64 parts in r->fn.parts, the lowest first. Called by scalar.c for all
 * operations on them, and by constants.c.
 * Invariant: the bits of the highest part above the width are unspecified, and code that depends on them
 * clears or extends them first. */
#include "numbers/wide.h"

/* Widest integers that can be multiplied, in bits: the code size grows with the square of the width. */
#define MAX_MUL_BITS 1024

unsigned kn_wide_words(const struct kn_bc_type *t) { return (t->bits + 63) / 64; }

static kiln_value imm(struct kn_bc *r, int64_t v) { return kiln_const_int(r->f, v); }

static kiln_value binary(struct kn_bc *r, kiln_op op, kiln_value a, kiln_value b) {
  return kiln_build_binary(r->f, op, KILN_TYPE_I64, a, b);
}

/* The result of a comparison as an i64. */
static kiln_value compare(struct kn_bc *r, kiln_icond cond, kiln_value a, kiln_value b) {
  return kiln_build_icmp(r->f, cond, KILN_TYPE_I64, a, b);
}
static kiln_value carry_of(struct kn_bc *r, kiln_value a, kiln_value b) {
  return kiln_build_convert(r->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I8,
                            compare(r, KILN_ICOND_ULT, a, b));
}

/* Zero-extends or sign-extends the highest part of `v` from the type's width. */
void kn_wide_clear_top(struct kn_bc *r, const struct kn_bc_type *t, kiln_value *v) {
  unsigned odd = t->bits % 64, top = kn_wide_words(t) - 1;
  if (odd) v[top] = binary(r, KILN_OP_AND, v[top], imm(r, (int64_t)((UINT64_C(1) << odd) - 1)));
}
void kn_wide_sign_top(struct kn_bc *r, const struct kn_bc_type *t, kiln_value *v) {
  unsigned odd = t->bits % 64, top = kn_wide_words(t) - 1;
  if (!odd) return;
  v[top] = binary(r, KILN_OP_SHL, v[top], imm(r, 64 - odd));
  v[top] = binary(r, KILN_OP_ASHR, v[top], imm(r, 64 - odd));
}

/* Extends `v`, which has `from` words, to `n` words, `n` >= `from`. */
static void fill_words(struct kn_bc *r, bool is_signed, kiln_value *v, unsigned from, unsigned n) {
  kiln_value fill = imm(r, 0);
  if (is_signed && from < n) fill = binary(r, KILN_OP_ASHR, v[from - 1], imm(r, 63));
  for (; from < n; from++) v[from] = fill;
}
void kn_wide_extend(struct kn_bc *r, const struct kn_bc_type *t, bool is_signed, kiln_value *v,
                    unsigned n) {
  (is_signed ? kn_wide_sign_top : kn_wide_clear_top)(r, t, v);
  fill_words(r, is_signed, v, kn_wide_words(t), n);
}

/* Copies the parts of value `id` of wide type `type` to `v`. */
bool kn_wide_parts(struct kn_bc *r, uint32_t id, uint32_t type, kiln_value *v) {
  uint32_t first = kn_bc_parts(r, id, type);
  if (first == UINT32_MAX) return false;
  for (unsigned i = 0; i < kn_wide_words(&r->types.at[type]); i++) v[i] = r->fn.parts.at[first + i];
  return true;
}

/* Defines the next value as `v`. */
void kn_wide_define(struct kn_bc *r, uint32_t type, const kiln_value *v) {
  if (kn_bc_split(r, type)) kn_bc_define(r, type, v);
}

bool kn_bc_wide_const(struct kn_bc *r, const struct kn_bc_cst *c, const struct kn_bc_type *t) {
  if (c->kind != CK_WIDE && c->kind != CK_NULL && c->kind != CK_UNDEF)
    return kn_bc_unsupported(r, "constant expressions of integers wider than 128 bits");
  for (unsigned i = 0; i < kn_wide_words(t);
       i++) { /* constants are stored without zero words at the top */
    uint64_t v = c->kind == CK_WIDE && i < c->n ? kn_bc_words(r, c->index)[i] : 0;
    if (!KN_BC_PUSH(r, r->fn.parts, imm(r, (int64_t)v))) return false;
  }
  return true;
}

/* ---- memory ---- */

void kn_bc_wide_load(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem) {
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_value v[KN_BC_MAX_WORDS];
  unsigned bytes = (t->bits + 7) / 8;
  for (unsigned i = 0; i < kn_wide_words(t); i++)
    v[i] = kn_bc_load_bytes(r, a, (int32_t)(8 * i), bytes - 8 * i < 8 ? bytes - 8 * i : 8,
                            KILN_TYPE_I64, mem);
  kn_wide_define(r, type, v);
}

void kn_bc_wide_store(struct kn_bc *r, kiln_value a, uint32_t id, uint32_t type, unsigned mem) {
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_value v[KN_BC_MAX_WORDS];
  unsigned bytes = (t->bits + 7) / 8;
  if (!kn_wide_parts(r, id, type, v)) return;
  if (t->bits % 8)
    kn_wide_clear_top(r, t, v); /* as LLVM does: the unused bits of the last byte are zero */
  for (unsigned i = 0; i < kn_wide_words(t); i++)
    kn_bc_store_bytes(r, a, (int32_t)(8 * i), v[i], bytes - 8 * i < 8 ? bytes - 8 * i : 8,
                      KILN_TYPE_I64, mem);
}

/* ---- shifts ---- */

/* The number that constant `id` of wide type `type` shifts by; false if it is no constant. */
static bool known_count(const struct kn_bc *r, uint32_t id, const struct kn_bc_type *t,
                        uint64_t *out) {
  if (id >= r->inst_base) return false;
  const struct kn_bc_cst *c = &r->csts.at[id];
  *out = c->kind == CK_WIDE && c->n ? kn_bc_words(r, c->index)[0] : 0;
  if (*out >= t->bits) *out = 0; /* the result is undefined */
  return c->kind == CK_WIDE || c->kind == CK_NULL || c->kind == CK_UNDEF;
}

/* Writes the words of `v` shifted by `count`; `fill` is what comes in from above if `right`. */
static void shift_known(struct kn_bc *r, unsigned n, bool right, const kiln_value *v,
                        kiln_value fill, uint64_t count, kiln_value *out) {
  unsigned step = (unsigned)(count / 64), bits = count % 64;
  for (unsigned i = 0; i < n; i++) {
    kiln_value low, high;
    if (right) {
      low = i + step < n ? v[i + step] : fill;
      high = i + step + 1 < n ? v[i + step + 1] : fill;
    } else { /* zeros come in at the lowest word */
      high = i >= step ? v[i - step] : fill;
      low = i >= step + 1 ? v[i - step - 1] : fill;
    }
    out[i] = bits == 0 ? right ? low : high
                       : kiln_build_ternary(r->f, right ? KILN_OP_FSHR : KILN_OP_FSHL,
                                            KILN_TYPE_I64, high, low, imm(r, bits));
  }
}

/* The same by a variable count: stores the words to a stack slot, and loads them from an address that depends on
 * the count. */
void kn_wide_shift(struct kn_bc *r, unsigned n, bool right, const kiln_value *v, kiln_value fill,
                   kiln_value count, kiln_value *out) {
  unsigned mask = 1; /* keeps counts that are out of range within the slot */
  while (mask < n - 1) mask = mask * 2 + 1;
  unsigned total = n + mask + 1, first = right ? 0 : mask + 1;
  kiln_value slot = kiln_slot_new(r->f, 8 * total, 3);
  for (unsigned i = 0; i < total; i++)
    kiln_build_store(r->f, KILN_TYPE_I64, slot, (int32_t)(8 * i),
                     i >= first && i < first + n ? v[i - first] : fill, 0);
  kiln_value step = binary(r, KILN_OP_LSHR, count, imm(r, 6));
  step = binary(r, KILN_OP_AND, step, imm(r, mask));
  if (!right) step = binary(r, KILN_OP_SUB, imm(r, mask), step);
  kiln_value a = kiln_build_addr(r->f, slot, step, 8, 0), w[KN_BC_MAX_WORDS + 1];
  for (unsigned i = 0; i <= n; i++)
    w[i] = kiln_build_load(r->f, KILN_TYPE_I64, a, (int32_t)(8 * i), 0);
  for (unsigned i = 0; i < n; i++)
    out[i] = kiln_build_ternary(r->f, right ? KILN_OP_FSHR : KILN_OP_FSHL, KILN_TYPE_I64, w[i + 1],
                                w[i], count);
}

static void shift(struct kn_bc *r, unsigned op, kiln_value *v, uint32_t b, uint32_t type,
                  kiln_value *out) {
  const struct kn_bc_type *t = &r->types.at[type];
  unsigned n = kn_wide_words(t);
  uint64_t k;
  kiln_value fill = imm(r, 0), by[KN_BC_MAX_WORDS];
  if (op == BINOP_LSHR) kn_wide_clear_top(r, t, v);
  if (op == BINOP_ASHR) {
    kn_wide_sign_top(r, t, v);
    fill = binary(r, KILN_OP_ASHR, v[n - 1], imm(r, 63));
  }
  if (known_count(r, b, t, &k)) shift_known(r, n, op != BINOP_SHL, v, fill, k, out);
  else if (kn_wide_parts(r, b, type, by)) kn_wide_shift(r, n, op != BINOP_SHL, v, fill, by[0], out);
}

/* ---- arithmetic ---- */

void kn_wide_sum(struct kn_bc *r, bool subtract, unsigned n, const kiln_value *a,
                 const kiln_value *b, kiln_value *out) {
  const kiln_op op = subtract ? KILN_OP_SUB : KILN_OP_ADD;
  kiln_value carry = {0};
  for (unsigned i = 0; i < n; i++) {
    kiln_value part = binary(r, op, a[i], b[i]), more = carry;
    bool last = i + 1 == n;
    if (!last) carry = subtract ? carry_of(r, a[i], b[i]) : carry_of(r, part, b[i]);
    out[i] = i ? binary(r, op, part, more) : part;
    if (i && !last)
      carry = binary(r, KILN_OP_OR, carry,
                     subtract ? carry_of(r, part, more) : carry_of(r, out[i], part));
  }
}

/* Schoolbook multiplication: each word of `a` times all of `b`, as far as it is in the low `n` words. */
static void mul(struct kn_bc *r, unsigned n, const kiln_value *a, const kiln_value *b,
                kiln_value *out) {
  for (unsigned i = 0; i < n; i++) {
    kiln_value carry = {0};
    for (unsigned k = 0; i + k < n; k++) {
      bool last = i + k + 1 == n;
      kiln_value low = binary(r, KILN_OP_MUL, a[i], b[k]), high = {0};
      if (!last) high = binary(r, KILN_OP_UMULH, a[i], b[k]);
      if (k) { /* the upper half is at most 2^64 - 2: carries fit into it */
        low = binary(r, KILN_OP_ADD, low, carry);
        if (!last) high = binary(r, KILN_OP_ADD, high, carry_of(r, low, carry));
      }
      if (i) {
        kiln_value old = out[i + k];
        low = binary(r, KILN_OP_ADD, low, old);
        if (!last) high = binary(r, KILN_OP_ADD, high, carry_of(r, low, old));
      }
      out[i + k] = low;
      carry = high;
    }
  }
}

void kn_bc_wide_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_value x[KN_BC_MAX_WORDS], y[KN_BC_MAX_WORDS], out[KN_BC_MAX_WORDS];
  unsigned n = kn_wide_words(t);
  if (!kn_wide_parts(r, a, type, x)) return;
  if (op == BINOP_SHL || op == BINOP_LSHR || op == BINOP_ASHR) {
    shift(r, op, x, b, type, out);
    if (r->status == KILN_OK) kn_wide_define(r, type, out);
    return;
  }
  if (!kn_wide_parts(r, b, type, y)) return;
  switch (op) {
  case BINOP_ADD: kn_wide_sum(r, false, n, x, y, out); break;
  case BINOP_SUB: kn_wide_sum(r, true, n, x, y, out); break;
  case BINOP_MUL:
    if (t->bits > MAX_MUL_BITS)
      return (void)kn_bc_unsupported(r, "multiplication of integers wider than 1024 bits");
    mul(r, n, x, y, out);
    break;
  case BINOP_AND:
  case BINOP_OR:
  case BINOP_XOR:
    for (unsigned i = 0; i < n; i++)
      out[i] = binary(r,
                      op == BINOP_AND  ? KILN_OP_AND
                      : op == BINOP_OR ? KILN_OP_OR
                                       : KILN_OP_XOR,
                      x[i], y[i]);
    break;
  case BINOP_UDIV:
  case BINOP_SDIV:
  case BINOP_UREM:
  case BINOP_SREM: kn_wide_divide(r, op, t, x, y, out); break;
  default: kn_bc_malformed(r, "unknown binary operation"); return;
  }
  kn_wide_define(r, type, out);
}

/* Computes with as many words as the exact result may need, and compares that with the result cut to the width. */
void kn_bc_wide_overflow(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type,
                         uint32_t ret) {
  const struct kn_bc_type *t = &r->types.at[type];
  bool is_signed = op == KILN_OP_SADDO || op == KILN_OP_SSUBO || op == KILN_OP_SMULO;
  bool is_mul = op == KILN_OP_SMULO || op == KILN_OP_UMULO;
  if (is_mul && 2 * t->bits > MAX_MUL_BITS)
    return (void)kn_bc_unsupported(r,
                                   "multiplication with overflow of integers wider than 512 bits");
  if (!kn_bc_split(r, ret)) return;
  kiln_value x[KN_BC_MAX_WORDS + 1], y[KN_BC_MAX_WORDS + 1], out[KN_BC_MAX_WORDS + 1];
  unsigned n = kn_wide_words(t), all = is_mul ? (2 * t->bits + 63) / 64 : t->bits / 64 + 1;
  if (!kn_wide_parts(r, a, type, x) || !kn_wide_parts(r, b, type, y)) return;
  kn_wide_extend(r, t, is_signed, x, all);
  kn_wide_extend(r, t, is_signed, y, all);
  if (is_mul) mul(r, all, x, y, out);
  else kn_wide_sum(r, op != KILN_OP_SADDO && op != KILN_OP_UADDO, all, x, y, out);
  memcpy(x, out, n * sizeof *x);
  kn_wide_extend(r, t, is_signed, x, all);
  kiln_value more = binary(r, KILN_OP_XOR, x[n - 1], out[n - 1]);
  for (unsigned i = n; i < all; i++)
    more = binary(r, KILN_OP_OR, more, binary(r, KILN_OP_XOR, x[i], out[i]));
  out[n] = compare(r, KILN_ICOND_NE, more, imm(r, 0));
  kn_bc_define(r, ret, out);
}

kiln_value kn_bc_wide_icmp(struct kn_bc *r, unsigned cond, uint32_t a, uint32_t b, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_value x[KN_BC_MAX_WORDS], y[KN_BC_MAX_WORDS], v = {0};
  unsigned n = kn_wide_words(t);
  if (!kn_wide_parts(r, a, type, x) || !kn_wide_parts(r, b, type, y)) return v;
  if (cond == KILN_ICOND_EQ || cond == KILN_ICOND_NE) {
    for (unsigned i = 0; i < n; i++) x[i] = binary(r, KILN_OP_XOR, x[i], y[i]);
    kn_wide_clear_top(r, t, x);
    v = x[0];
    for (unsigned i = 1; i < n; i++) v = binary(r, KILN_OP_OR, v, x[i]);
    return compare(r, (kiln_icond)cond, v, imm(r, 0));
  }
  /* From the lowest word up: if two words differ, the words below them do not matter. */
  static const struct {
    uint8_t lowest, middle, highest;
  } conds[KILN_ICOND_COUNT] = {
    [KILN_ICOND_ULT] = {KILN_ICOND_ULT, KILN_ICOND_ULT, KILN_ICOND_ULT},
    [KILN_ICOND_ULE] = {KILN_ICOND_ULE, KILN_ICOND_ULT, KILN_ICOND_ULT},
    [KILN_ICOND_UGT] = {KILN_ICOND_UGT, KILN_ICOND_UGT, KILN_ICOND_UGT},
    [KILN_ICOND_UGE] = {KILN_ICOND_UGE, KILN_ICOND_UGT, KILN_ICOND_UGT},
    [KILN_ICOND_SLT] = {KILN_ICOND_ULT, KILN_ICOND_ULT, KILN_ICOND_SLT},
    [KILN_ICOND_SLE] = {KILN_ICOND_ULE, KILN_ICOND_ULT, KILN_ICOND_SLT},
    [KILN_ICOND_SGT] = {KILN_ICOND_UGT, KILN_ICOND_UGT, KILN_ICOND_SGT},
    [KILN_ICOND_SGE] = {KILN_ICOND_UGE, KILN_ICOND_UGT, KILN_ICOND_SGT},
  };
  bool is_signed = cond >= KILN_ICOND_SLT && cond <= KILN_ICOND_SGT;
  (is_signed ? kn_wide_sign_top : kn_wide_clear_top)(r, t, x);
  (is_signed ? kn_wide_sign_top : kn_wide_clear_top)(r, t, y);
  v = compare(r, (kiln_icond)conds[cond].lowest, x[0], y[0]);
  for (unsigned i = 1; i < n; i++) {
    unsigned c = i + 1 < n ? conds[cond].middle : conds[cond].highest;
    kiln_value decided = compare(r, (kiln_icond)c, x[i], y[i]);
    kiln_value equal =
      compare(r, KILN_ICOND_EQ, x[i], y[i]); /* right before the select: it stays in the flags */
    v = kiln_build_select(r->f, KILN_TYPE_I8, equal, v, decided);
  }
  return v;
}

/* ---- casts ---- */

/* The lower bits of `v` as a value of type `t`, which is an integer of at most 128 bits. */
static kiln_value narrow(struct kn_bc *r, const kiln_value *v, const struct kn_bc_type *t) {
  kiln_func *f = r->f;
  kiln_type kt = (kiln_type)t->ktype;
  if (kt == KILN_TYPE_I64) return v[0];
  if (kt == KILN_TYPE_I128) {
    kiln_value low = kiln_build_convert(f, KILN_OP_ZEXT, kt, KILN_TYPE_I64, v[0]);
    kiln_value high = kiln_build_convert(f, KILN_OP_ZEXT, kt, KILN_TYPE_I64, v[1]);
    high = kiln_build_binary(f, KILN_OP_SHL, kt, high, imm(r, 64));
    return kiln_build_binary(f, KILN_OP_OR, kt, high, low);
  }
  kiln_value w = kiln_build_convert(f, KILN_OP_TRUNC, kt, KILN_TYPE_I64, v[0]);
  return t->fit == FIT_BOOL ? kiln_build_binary(f, KILN_OP_AND, kt, w, imm(r, 1)) : w;
}

/* Writes the words of integer `a` of type `from`, extended; their number. */
static unsigned extended(struct kn_bc *r, bool is_signed, uint32_t a, uint32_t from,
                         kiln_value *v) {
  const struct kn_bc_type *f = &r->types.at[from];
  kiln_type ft = (kiln_type)f->ktype;
  kiln_value x = is_signed ? kn_bc_use_s(r, a, from) : kn_bc_use_z(r, a, from);
  if (ft == KILN_TYPE_I128) {
    v[0] = kiln_build_convert(r->f, KILN_OP_TRUNC, KILN_TYPE_I64, ft, x);
    x = kiln_build_binary(r->f, KILN_OP_LSHR, ft, x, imm(r, 64));
    v[1] = kiln_build_convert(r->f, KILN_OP_TRUNC, KILN_TYPE_I64, ft, x);
    return 2;
  }
  if (ft != KILN_TYPE_I64)
    x = kiln_build_convert(r->f, is_signed ? KILN_OP_SEXT : KILN_OP_ZEXT, KILN_TYPE_I64, ft, x);
  v[0] = x;
  return 1;
}

/* Copies `v`, the parts of a value that is not defined yet, so that they may be bound to another LLVM value. */
static void copy_forward(struct kn_bc *r, unsigned n, kiln_value *v) {
  for (unsigned i = 0; i < n; i++) v[i] = kiln_build_unary(r->f, KILN_OP_COPY, KILN_TYPE_I64, v[i]);
}

kiln_value kn_bc_wide_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to) {
  const struct kn_bc_type *f = &r->types.at[from], *t = &r->types.at[to];
  kiln_value none = {0}, v[KN_BC_MAX_WORDS];
  bool from_wide = f->kind == TK_WIDE, to_wide = t->kind == TK_WIDE;
  bool fi = from_wide || f->kind == TK_INT, ti = to_wide || t->kind == TK_INT;
  unsigned n = 0;
  if ((!from_wide && !kn_bc_scalar(r, from)) || (!to_wide && !kn_bc_scalar(r, to))) return none;
  if (to_wide && !kn_bc_split(r, to)) return none; /* too many words */
  if (from_wide) {
    if (!kn_wide_parts(r, a, from, v)) return none;
    n = kn_wide_words(f);
    if (a >= r->vals.n) copy_forward(r, n, v);
  }
  switch (op) {
  case CAST_TRUNC:
    if (!fi || !ti || t->bits >= f->bits) break;
    if (!to_wide) return narrow(r, v, t);
    kn_wide_define(r, to, v);
    return none;
  case CAST_ZEXT:
  case CAST_SEXT: {
    if (!fi || !ti || t->bits <= f->bits) break;
    bool is_signed = op == CAST_SEXT;
    if (from_wide) {
      kn_wide_extend(r, f, is_signed, v, kn_wide_words(t));
    } else {
      n = extended(r, is_signed, a, from, v);
      if (a >= r->vals.n) copy_forward(r, n, v);
      fill_words(r, is_signed, v, n, kn_wide_words(t));
    }
    if (r->status == KILN_OK) kn_wide_define(r, to, v);
    return none;
  }
  case CAST_BITCAST:
    if (!from_wide || !to_wide)
      return kn_bc_none(
        kn_bc_unsupported(r, "bit casts of integers wider than 128 bits to other types"));
    if (f->bits != t->bits) break;
    kn_wide_define(r, to, v);
    return none;
  case CAST_PTRTOINT:
  case CAST_PTRTOADDR:
    if (f->kind != TK_PTR || !to_wide) break;
    v[0] = kn_bc_same(r, a, from);
    for (n = 1; n < kn_wide_words(t); n++) v[n] = imm(r, 0);
    if (r->status == KILN_OK) kn_wide_define(r, to, v);
    return none;
  case CAST_INTTOPTR:
    if (t->kind != TK_PTR || !from_wide) break;
    return v[0];
  case CAST_FPTOUI:
  case CAST_FPTOSI:
    if (!to_wide || !kn_wide_from_float(r, a, from, t, v)) break;
    kn_wide_define(r, to, v);
    return none;
  case CAST_UITOFP:
  case CAST_SITOFP:
    if (!from_wide || (t->kind != TK_FLOAT && t->kind != TK_SOFT)) break;
    return kn_wide_to_float(r, op == CAST_SITOFP, f, v, t);
  default: kn_bc_unsupported(r, "this cast of integers wider than 128 bits"); return none;
  }
  kn_bc_malformed(r, "a cast that cannot convert between its types");
  return none;
}
