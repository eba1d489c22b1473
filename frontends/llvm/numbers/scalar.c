/* Integers that do not fill their Kiln type (i1, i24, i33, ...), casts of every kind, and loads and
 * stores of such integers. Called by record.c, inst.c, call.c for what their fast paths do not handle.
 * Invariant: a value of type i1 is 0 or 1; the bits above the width of other odd types are
 * unspecified, and code that depends on them clears or extends them first. */
#include "bc.h"

#include <kiln/fold.h>
#include <kiln/inspect.h>

static kiln_value imm(struct kn_bc *r, int64_t v) { return kiln_const_int(r->f, v); }

static kiln_value binary(struct kn_bc *r, kiln_op op, const struct kn_bc_type *t, kiln_value a,
                         kiln_value b) {
  return kiln_build_binary(r->f, op, (kiln_type)t->ktype, a, b);
}

/* Width of the Kiln type that holds values of `t`. */
static unsigned held(const struct kn_bc_type *t) { return 8 * kiln_type_size((kiln_type)t->ktype); }

kiln_value kn_bc_zext_in(struct kn_bc *r, kiln_value v, const struct kn_bc_type *t) {
  if (t->fit != FIT_ODD) return v;
  if (t->bits < 64)
    return binary(r, KILN_OP_AND, t, v, imm(r, (int64_t)((UINT64_C(1) << t->bits) - 1)));
  return binary(r, KILN_OP_AND, t, v,
                kiln_const_i128(r->f, UINT64_MAX, (UINT64_C(1) << (t->bits - 64)) - 1));
}

kiln_value kn_bc_sext_in(struct kn_bc *r, kiln_value v, const struct kn_bc_type *t) {
  if (t->fit == FIT_EXACT) return v;
  if (t->fit == FIT_BOOL) return kiln_build_unary(r->f, KILN_OP_NEG, (kiln_type)t->ktype, v);
  kiln_value n = imm(r, held(t) - t->bits);
  return binary(r, KILN_OP_ASHR, t, binary(r, KILN_OP_SHL, t, v, n), n);
}

kiln_value kn_bc_use_z(struct kn_bc *r, uint32_t id, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  int64_t k;
  if (t->fit == FIT_ODD && t->bits < 64 && kn_bc_is_int(r, id, &k))
    return imm(r, k & (int64_t)((UINT64_C(1) << t->bits) - 1));
  return kn_bc_zext_in(r, kn_bc_use(r, id, type), t);
}

kiln_value kn_bc_use_s(struct kn_bc *r, uint32_t id, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  int64_t k;
  if (t->fit != FIT_EXACT && t->bits < 64 && kn_bc_is_int(r, id, &k)) return imm(r, k);
  return kn_bc_sext_in(r, kn_bc_use(r, id, type), t);
}

kiln_value kn_bc_same(struct kn_bc *r, uint32_t id, uint32_t type) {
  kiln_value v = kn_bc_use(r, id, type);
  if (id < r->vals.n) return v;
  return kiln_build_unary(r->f, KILN_OP_COPY, (kiln_type)r->types.at[type].ktype, v);
}

/* The opposite of condition `c`: of a comparison that was just made, the opposite comparison. */
static kiln_value opposite(struct kn_bc *r, kiln_value c) {
  kiln_inst at = {c.id};
  kiln_inst_info is = {0};
  if (c.id + 1 == kiln_func_value_limit(r->f)) is = kiln_inst_get(r->f, at);
  if (is.op != KILN_OP_ICMP)
    return kiln_build_binary(r->f, KILN_OP_XOR, KILN_TYPE_I8, c, imm(r, 1));
  kiln_value x = kiln_inst_operand(r->f, at, 0), y = kiln_inst_operand(r->f, at, 1);
  return kiln_build_icmp(r->f, (kiln_icond)(is.cond ^ 1), is.type, x, y);
}

/* ---- arithmetic ---- */

kiln_value kn_bc_binop_odd(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type) {
  kiln_value none = {0};
  const struct kn_bc_type *t = &r->types.at[type];
  if (!kn_bc_scalar(r, type)) return none;
  if (t->fit == FIT_BOOL) {
    kiln_value x = kn_bc_use(r, a, type), y = kn_bc_use(r, b, type);
    switch (op) {
    case BINOP_ADD:
    case BINOP_SUB:
    case BINOP_XOR: return y.id == imm(r, 1).id ? opposite(r, x) : binary(r, KILN_OP_XOR, t, x, y);
    case BINOP_MUL:
    case BINOP_AND: /* rustc's checks of pointers: `x and true` */
      return y.id == imm(r, 1).id ? kn_bc_same(r, a, type) : binary(r, KILN_OP_AND, t, x, y);
    case BINOP_OR: return binary(r, KILN_OP_OR, t, x, y);
    case BINOP_UREM:
    case BINOP_SREM: return imm(r, 0); /* b is 1, or it is undefined */
    case BINOP_UDIV:
    case BINOP_SDIV:
    case BINOP_SHL: /* b is 0 */
    case BINOP_LSHR:
    case BINOP_ASHR: return kn_bc_same(r, a, type);
    default: kn_bc_malformed(r, "unknown binary operation"); return none;
    }
  }
  enum { ANY, ZERO, SIGN }; /* what an operation requires of the bits above the type's width */
  static const struct {
    uint8_t op, above_a, above_b;
  } rows[BINOP_COUNT] = {
    [BINOP_ADD] = {KILN_OP_ADD, ANY, ANY},     [BINOP_SUB] = {KILN_OP_SUB, ANY, ANY},
    [BINOP_MUL] = {KILN_OP_MUL, ANY, ANY},     [BINOP_AND] = {KILN_OP_AND, ANY, ANY},
    [BINOP_OR] = {KILN_OP_OR, ANY, ANY},       [BINOP_XOR] = {KILN_OP_XOR, ANY, ANY},
    [BINOP_SHL] = {KILN_OP_SHL, ANY, ZERO},    [BINOP_LSHR] = {KILN_OP_LSHR, ZERO, ZERO},
    [BINOP_ASHR] = {KILN_OP_ASHR, SIGN, ZERO}, [BINOP_UDIV] = {KILN_OP_UDIV, ZERO, ZERO},
    [BINOP_UREM] = {KILN_OP_UREM, ZERO, ZERO}, [BINOP_SDIV] = {KILN_OP_SDIV, SIGN, SIGN},
    [BINOP_SREM] = {KILN_OP_SREM, SIGN, SIGN},
  };
  static kiln_value (*const uses[])(struct kn_bc *, uint32_t, uint32_t) = {
    [ANY] = kn_bc_use, [ZERO] = kn_bc_use_z, [SIGN] = kn_bc_use_s};
  if (op >= BINOP_COUNT) return kn_bc_none(kn_bc_malformed(r, "unknown binary operation"));
  /* Both may build instructions: separate statements fix the order, which C leaves open for arguments. */
  kiln_value x = uses[rows[op].above_a](r, a, type), y = uses[rows[op].above_b](r, b, type);
  return binary(r, (kiln_op)rows[op].op, t, x, y);
}

kiln_value kn_bc_icmp_odd(struct kn_bc *r, unsigned cond, uint32_t a, uint32_t b, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  if (t->kind == TK_WIDE) return kn_bc_wide_icmp(r, cond, a, b, type);
  if (!kn_bc_scalar(r, type)) return (kiln_value){0};
  if (t->kind != TK_INT) return kn_bc_none(kn_bc_malformed(r, "unknown comparison"));
  kiln_value x, y;
  bool is_signed = cond >= KILN_ICOND_SLT && cond <= KILN_ICOND_SGT;
  if (t->fit == FIT_BOOL || !is_signed) {
    x = kn_bc_use_z(r, a, type);
    y = kn_bc_use_z(r, b, type);
    /* As a signed i1, true is -1: signed comparisons have the opposite order. */
    static const uint8_t turned[] = {[KILN_ICOND_SLT] = KILN_ICOND_UGT,
                                     [KILN_ICOND_SGE] = KILN_ICOND_ULE,
                                     [KILN_ICOND_SLE] = KILN_ICOND_UGE,
                                     [KILN_ICOND_SGT] = KILN_ICOND_ULT};
    if (is_signed) cond = turned[cond];
  } else {
    x = kn_bc_use_s(r, a, type);
    y = kn_bc_use_s(r, b, type);
  }
  return kiln_build_icmp(r->f, (kiln_icond)cond, (kiln_type)t->ktype, x, y);
}

/* ---- casts ---- */

/* Converts integer `v` to another Kiln type. */
static kiln_value resize(struct kn_bc *r, kiln_value v, unsigned from, unsigned to,
                         kiln_op extend) {
  if (from == to) return v;
  return kiln_build_convert(r->f, to < from ? KILN_OP_TRUNC : extend, (kiln_type)to,
                            (kiln_type)from, v);
}

/* Clears the bits above bit 0 if `t` is i1. */
static kiln_value boolean(struct kn_bc *r, kiln_value v, const struct kn_bc_type *t) {
  if (t->fit != FIT_BOOL) return v;
  return kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, imm(r, 1));
}

kiln_value kn_bc_select_truth(struct kn_bc *r, kiln_value cond, kiln_type type, kiln_value x,
                              kiln_value y) {
  uint32_t zero = imm(r, 0).id, one = imm(r, 1).id;
  bool is = x.id == one && y.id == zero, is_not = x.id == zero && y.id == one;
  if ((!is && !is_not) || type > KILN_TYPE_I64) return (kiln_value){0};
  if (is_not) cond = opposite(r, cond);
  return resize(r, cond, KILN_TYPE_I8, type, KILN_OP_ZEXT);
}

kiln_value kn_bc_truth(struct kn_bc *r, uint32_t a, uint32_t from) {
  kiln_value v = kn_bc_use(r, a, from);
  kiln_type type = (kiln_type)r->types.at[from].ktype;
  return type == KILN_TYPE_I8 ? v : kiln_fold_convert(r->f, KILN_OP_TRUNC, KILN_TYPE_I8, type, v);
}

/* An x86_fp80 as an i80 and back, by way of memory: f80 has no bitcast. */
kiln_value kn_bc_x87_bits(struct kn_bc *r, kiln_value v) {
  kiln_func *f = r->f;
  kiln_value slot = kiln_slot_new(f, 16, 4);
  kiln_build_store(f, KILN_TYPE_F80, slot, 0, v, 0);
  kiln_value low = kiln_build_load(f, KILN_TYPE_I64, slot, 0, 0);
  kiln_value high = kiln_build_load_ext(f, KILN_TYPE_I64, KILN_TYPE_I16, slot, 8, 0);
  return kn_bc_join_i128(f, low, high);
}

static kiln_value x87_from_bits(struct kn_bc *r, kiln_value v) {
  kiln_func *f = r->f;
  kiln_value slot = kiln_slot_new(f, 16, 4);
  kiln_build_store(f, KILN_TYPE_I128, slot, 0, v, 0);
  return kiln_build_load(f, KILN_TYPE_F80, slot, 0, 0);
}

kiln_value kn_bc_scalar_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to) {
  kiln_value none = {0}, v;
  const struct kn_bc_type *f = &r->types.at[from], *t = &r->types.at[to];
  if (!kn_bc_scalar(r, from) || !kn_bc_scalar(r, to)) return none;
  bool fi = f->kind == TK_INT, ti = t->kind == TK_INT, ff = f->kind == TK_FLOAT,
       tf = t->kind == TK_FLOAT, fp = f->kind == TK_PTR, tp = t->kind == TK_PTR;
  kiln_type ft = (kiln_type)f->ktype, tt = (kiln_type)t->ktype;
  switch (op) {
  case CAST_TRUNC:
    if (!fi || !ti) break;
    if (ft == tt && t->fit != FIT_BOOL) return kn_bc_same(r, a, from);
    v = resize(r, kn_bc_use(r, a, from), ft, tt, KILN_OP_ZEXT);
    return boolean(r, v, t);
  case CAST_ZEXT:
    if (!fi || !ti) break;
    if (ft == tt && f->fit != FIT_ODD) return kn_bc_same(r, a, from);
    return resize(r, kn_bc_use_z(r, a, from), ft, tt, KILN_OP_ZEXT);
  case CAST_SEXT:
    if (!fi || !ti) break;
    return resize(r, kn_bc_use_s(r, a, from), ft, tt, KILN_OP_SEXT);
  case CAST_FPTOUI:
  case CAST_FPTOSI:
    if (!ff || !ti) break;
    v = kiln_build_convert(r->f, op == CAST_FPTOUI ? KILN_OP_FTOUI : KILN_OP_FTOSI, tt, ft,
                           kn_bc_use(r, a, from));
    return boolean(r, v, t);
  case CAST_UITOFP:
    if (!fi || !tf) break;
    return kiln_build_convert(r->f, KILN_OP_UITOF, tt, ft, kn_bc_use_z(r, a, from));
  case CAST_SITOFP:
    if (!fi || !tf) break;
    return kiln_build_convert(r->f, KILN_OP_SITOF, tt, ft, kn_bc_use_s(r, a, from));
  case CAST_FPTRUNC:
  case CAST_FPEXT:
    if (!ff || !tf || (f->bits < t->bits) != (op == CAST_FPEXT)) break;
    return kiln_build_convert(r->f, op == CAST_FPEXT ? KILN_OP_FPROMOTE : KILN_OP_FDEMOTE, tt, ft,
                              kn_bc_use(r, a, from));
  case CAST_PTRTOINT:
  case CAST_PTRTOADDR:
    if (!fp || !ti) break;
    if (tt == KILN_TYPE_I64) return kn_bc_same(r, a, from);
    return boolean(r, resize(r, kn_bc_use(r, a, from), ft, tt, KILN_OP_ZEXT), t);
  case CAST_INTTOPTR:
    if (!fi || !tp) break;
    if (ft == KILN_TYPE_I64 && f->fit == FIT_EXACT) return kn_bc_same(r, a, from);
    return resize(r, kn_bc_use_z(r, a, from), ft, tt, KILN_OP_ZEXT);
  case CAST_BITCAST:
    if (f->bits != t->bits) break;
    if (ft == tt) return kn_bc_same(r, a, from);
    if (ft == KILN_TYPE_F80) return kn_bc_x87_bits(r, kn_bc_use(r, a, from));
    if (tt == KILN_TYPE_F80) return x87_from_bits(r, kn_bc_use(r, a, from));
    return kiln_build_convert(r->f, KILN_OP_BITCAST, tt, ft, kn_bc_use(r, a, from));
  case CAST_ADDRSPACECAST:
    if (!fp || !tp) break;
    return kn_bc_same(r, a, from);
  default: break;
  }
  kn_bc_malformed(r, "a cast that cannot convert between its types");
  return none;
}

/* ---- memory ---- */

/* Type of a part of `size` bytes: 8, 4, 2, 1. */
static kiln_type part_type(unsigned size) {
  return size == 8   ? KILN_TYPE_I64
         : size == 4 ? KILN_TYPE_I32
         : size == 2 ? KILN_TYPE_I16
                     : KILN_TYPE_I8;
}

/* Largest power of two that is at most `n`, and at most 8. */
static unsigned part_size(unsigned n) { return n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1; }

kiln_value kn_bc_load_bytes(struct kn_bc *r, kiln_value a, int32_t at, unsigned n, kiln_type kt,
                            unsigned mem) {
  if (n == kiln_type_size(kt)) return kiln_build_load(r->f, kt, a, at, mem);
  kiln_value v = {0}; /* joined from loads of 8, 4, 2 and 1 bytes: no byte after it may be read */
  for (unsigned done = 0; done < n;) {
    unsigned size = part_size(n - done);
    kiln_type low = kt == KILN_TYPE_I128 ? KILN_TYPE_I64 : kt, pt = part_type(size);
    kiln_value p = pt == low ? kiln_build_load(r->f, pt, a, at + (int32_t)done, mem)
                             : kiln_build_load_ext(r->f, low, pt, a, at + (int32_t)done, mem);
    p = resize(r, p, low, kt, KILN_OP_ZEXT);
    if (done) {
      p = kiln_build_binary(r->f, KILN_OP_SHL, kt, p, imm(r, 8 * done));
      p = kiln_build_binary(r->f, KILN_OP_OR, kt, v, p);
    }
    v = p;
    done += size;
  }
  return v;
}

void kn_bc_store_bytes(struct kn_bc *r, kiln_value a, int32_t at, kiln_value v, unsigned n,
                       kiln_type kt, unsigned mem) {
  if (n == kiln_type_size(kt)) {
    kiln_build_store(r->f, kt, a, at, v, mem);
    return;
  }
  for (unsigned done = 0; done < n;) {
    unsigned size = part_size(n - done);
    kiln_value p = done ? kiln_build_binary(r->f, KILN_OP_LSHR, kt, v, imm(r, 8 * done)) : v;
    p = resize(r, p, kt, part_type(size), KILN_OP_ZEXT);
    kiln_build_store(r->f, part_type(size), a, at + (int32_t)done, p, mem);
    done += size;
  }
}

kiln_value kn_bc_load_scalar(struct kn_bc *r, kiln_value a, uint64_t offset, uint32_t type,
                             unsigned mem) {
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_type kt = (kiln_type)t->ktype;
  if (KN_UNLIKELY(t->kind == TK_VECTOR && t->fit == FIT_ODD)) {
    struct kn_bc_vec x;
    if (!kn_bc_vec_shape(r, type, &x)) return (kiln_value){0};
    kn_bc_vec_read(r, a, (int32_t)offset, &x, mem);
    return x.v[0];
  }
  if (t->fit != FIT_ODD) return kiln_build_load(r->f, kt, a, (int32_t)offset, mem);
  return kn_bc_load_bytes(r, a, (int32_t)offset, (t->bits + 7) / 8, kt, mem);
}

void kn_bc_store_scalar(struct kn_bc *r, kiln_value a, uint64_t offset, kiln_value v, uint32_t type,
                        unsigned mem) {
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_type kt = (kiln_type)t->ktype;
  if (KN_UNLIKELY(t->kind == TK_VECTOR && t->fit == FIT_ODD)) {
    struct kn_bc_vec x;
    if (!kn_bc_vec_shape(r, type, &x)) return;
    x.v[0] = v;
    kn_bc_vec_write(r, a, (int32_t)offset, &x, mem);
    return;
  }
  if (t->bits % 8) v = kn_bc_zext_in(r, v, t); /* as LLVM does: the rest of the last byte is zero */
  if (t->fit != FIT_ODD) kiln_build_store(r->f, kt, a, (int32_t)offset, v, mem);
  else kn_bc_store_bytes(r, a, (int32_t)offset, v, (t->bits + 7) / 8, kt, mem);
}
