/* The frequent instructions: from decoded operands to builder calls. Inline, because both decoders use them: the one
 * that reads windows (body.c), and the one that reads arrays of operands (record.c).
 * Invariant: the current block is open, and every operand id is below n_vals or a forward reference. */
#ifndef KN_LLVM_FREQUENT_H
#define KN_LLVM_FREQUENT_H

#include "bc.h"

/* Kiln's conditions by LLVM's predicate: 0 to 15 for floats, 32 to 41 for integers. */
static const uint8_t kn_bc_fconds[16] = {
  [1] = KILN_FCOND_OEQ,  [2] = KILN_FCOND_OGT,  [3] = KILN_FCOND_OGE,  [4] = KILN_FCOND_OLT,
  [5] = KILN_FCOND_OLE,  [6] = KILN_FCOND_ONE,  [7] = KILN_FCOND_ORD,  [8] = KILN_FCOND_UNO,
  [9] = KILN_FCOND_UEQ,  [10] = KILN_FCOND_UGT, [11] = KILN_FCOND_UGE, [12] = KILN_FCOND_ULT,
  [13] = KILN_FCOND_ULE, [14] = KILN_FCOND_UNE,
};
static const uint8_t kn_bc_iconds[10] = {
  KILN_ICOND_EQ,  KILN_ICOND_NE,  KILN_ICOND_UGT, KILN_ICOND_UGE, KILN_ICOND_ULT,
  KILN_ICOND_ULE, KILN_ICOND_SGT, KILN_ICOND_SGE, KILN_ICOND_SLT, KILN_ICOND_SLE};

/* Flags that are known. Of operations on integers (OverflowingBinaryOperator, PossiblyExactOperator,
 * PossiblyDisjointInst), by LLVM's operation; those on floats have KN_BC_FAST_FLAGS. Of casts: nuw and nsw; nneg;
 * those on floats; LLVM 23 writes the last after nneg. All are promises or permissions. */
static const uint8_t kn_bc_int_flags[16] = {
  [BINOP_ADD] = 3,  [BINOP_SUB] = 3,  [BINOP_MUL] = 3,  [BINOP_SHL] = 3, [BINOP_UDIV] = 1,
  [BINOP_SDIV] = 1, [BINOP_LSHR] = 1, [BINOP_ASHR] = 1, [BINOP_OR] = 1,
};
static const uint16_t kn_bc_cast_flags[16] = {
  [CAST_TRUNC] = 3,
  [CAST_ZEXT] = 1,
  [CAST_UITOFP] = KN_BC_FAST_FLAGS << 1 | 1,
  [CAST_SITOFP] = KN_BC_FAST_FLAGS,
  [CAST_FPTRUNC] = KN_BC_FAST_FLAGS,
  [CAST_FPEXT] = KN_BC_FAST_FLAGS,
};
/* Of getelementptr: inbounds, nusw, nuw. */
#define KN_BC_GEP_FLAG_BITS 3

/* Defines the next value, an i1. */
static inline void kn_bc_def_truth(struct kn_bc *r, kiln_value v) {
  if (KN_UNLIKELY(r->m->bool_type == UINT32_MAX))
    kn_bc_unsupported(r, "a comparison without a type i1 that is known");
  else kn_bc_def(r, r->m->bool_type, v);
}

/* Relative value ids count back from the next value; 32 bits, so forward ones wrap. */
static inline uint32_t kn_bc_absolute(const struct kn_bc *r, uint64_t relative) {
  return r->vals.n - (uint32_t)relative;
}

/* After a terminator: makes the next block current. */
static inline void kn_bc_next_block(struct kn_bc *r) {
  uint32_t b = ++r->fn.bb;
  r->fn.n_params = 0;
  if (KN_LIKELY(b < r->fn.n_bbs)) kiln_block_switch(r->f, (kiln_block){b});
}

/* The address of a load or store: the value returned + *disp. */
static inline kiln_value kn_bc_address(struct kn_bc *r, uint32_t ptr, int32_t *disp) {
  *disp = 0;
  if (KN_LIKELY(ptr < r->vals.n)) {
    const struct kn_bc_val *v = &r->vals.at[ptr];
    if (KN_LIKELY(v->t >> 24 <= VS_SLOT)) return (kiln_value){v->h};
    if (v->t >> 24 == VS_ADDR) {
      const struct kn_bc_addr *a = &r->fn.addrs.at[v->h];
      *disp = a->disp;
      return (kiln_value){a->base};
    }
  }
  return kn_bc_use_slow(r, ptr, r->m->ptr_type);
}

static inline void kn_bc_on_load(struct kn_bc *r, uint32_t ptr, uint32_t type, bool is_volatile) {
  if (KN_UNLIKELY(type >= r->types.n)) return (void)kn_bc_malformed(r, "type number out of range");
  const struct kn_bc_type *t = &r->types.at[type];
  unsigned mem = is_volatile ? KILN_MEM_VOLATILE : 0;
  if (KN_UNLIKELY(!t->ktype || t->fit == FIT_ODD)) {
    if (kn_bc_sized(r, type) && (kn_bc_is_large(r, type) || kn_bc_split_plain(r, type)))
      kn_bc_load_value(r, kn_bc_use(r, ptr, r->m->ptr_type), type, mem);
    return;
  }
  int32_t disp;
  kiln_value a = kn_bc_address(r, ptr, &disp);
  kn_bc_def(r, type, kiln_build_load(r->f, (kiln_type)t->ktype, a, disp, mem));
}

/* Stores value `id`; `type` is its type. */
static inline void kn_bc_on_store(struct kn_bc *r, uint32_t ptr, uint32_t id, uint32_t type,
                                  bool is_volatile) {
  const struct kn_bc_type *t = &r->types.at[type];
  unsigned mem = is_volatile ? KILN_MEM_VOLATILE : 0;
  if (KN_UNLIKELY(!t->ktype || t->fit == FIT_ODD)) {
    if (kn_bc_sized(r, type) && (kn_bc_is_large(r, type) || kn_bc_split_plain(r, type)))
      kn_bc_store_value(r, kn_bc_use(r, ptr, r->m->ptr_type), id, type, mem);
    return;
  }
  int32_t disp;
  kiln_value a = kn_bc_address(r, ptr, &disp), v = kn_bc_use(r, id, type);
  kiln_build_store(r->f, (kiln_type)t->ktype, a, disp, v, mem);
}

static const uint8_t int_ops[16] = {
  [BINOP_ADD] = KILN_OP_ADD,   [BINOP_SUB] = KILN_OP_SUB,   [BINOP_MUL] = KILN_OP_MUL,
  [BINOP_UDIV] = KILN_OP_UDIV, [BINOP_SDIV] = KILN_OP_SDIV, [BINOP_UREM] = KILN_OP_UREM,
  [BINOP_SREM] = KILN_OP_SREM, [BINOP_SHL] = KILN_OP_SHL,   [BINOP_LSHR] = KILN_OP_LSHR,
  [BINOP_ASHR] = KILN_OP_ASHR, [BINOP_AND] = KILN_OP_AND,   [BINOP_OR] = KILN_OP_OR,
  [BINOP_XOR] = KILN_OP_XOR,
};
static const uint8_t float_ops[16] = {
  [BINOP_ADD] = KILN_OP_FADD,  [BINOP_SUB] = KILN_OP_FSUB,  [BINOP_MUL] = KILN_OP_FMUL,
  [BINOP_SDIV] = KILN_OP_FDIV, [BINOP_SREM] = KILN_OP_FREM,
};

static inline void kn_bc_on_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b,
                                  uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
  unsigned kop = op < 16 ? t->kind == TK_FLOAT ? float_ops[op] : int_ops[op] : 0;
  if (KN_UNLIKELY(t->fit != FIT_EXACT || !t->ktype || !kop || t->kind == TK_PTR)) {
    if (op >= BINOP_COUNT) kn_bc_unknown(r, "binary operation", op);
    else if (t->fit != FIT_EXACT) kn_bc_kinds[t->kind].binop(r, op, a, b, type);
    else if (kn_bc_scalar(r, type)) kn_bc_malformed(r, "a binary operation on another type");
    return;
  }
  kiln_value x, y;
  if (KN_LIKELY(kn_bc_has_handle(r, a))) x.id = r->vals.at[a].h;
  else if (t->ktype == KILN_TYPE_I128 && kn_bc_halves_binop(r, op, a, b, type)) return;
  else x = kn_bc_use_slow(r, a, type);
  y = kn_bc_use(r, b, type);
  kn_bc_def(r, type, kiln_build_binary(r->f, (kiln_op)kop, (kiln_type)t->ktype, x, y));
}

/* A cast's flags: bit 0 says of a TRUNC that the bits that it cuts off are 0. */
static inline void kn_bc_on_cast(struct kn_bc *r, uint64_t op, uint32_t a, uint32_t from,
                                 uint64_t to, unsigned flags) {
  if (KN_UNLIKELY(to >= r->types.n)) return (void)kn_bc_malformed(r, "type number out of range");
  const struct kn_bc_type *f = &r->types.at[from], *t = &r->types.at[to];
  if (KN_LIKELY(op <= CAST_SEXT && f->kind == TK_INT && t->kind == TK_INT && t->fit == FIT_EXACT &&
                f->fit <= (op == CAST_ZEXT ? FIT_BOOL : FIT_EXACT) && f->ktype &&
                t->ktype - 1u < KILN_TYPE_I64 && f->ktype != t->ktype)) {
    static const uint8_t ops[3] = {KILN_OP_TRUNC, KILN_OP_ZEXT, KILN_OP_SEXT};
    kiln_value v;
    if (KN_LIKELY(kn_bc_has_handle(r, a))) v.id = r->vals.at[a].h;
    else if (kn_bc_halves_cast(r, (unsigned)op, a, from, (uint32_t)to)) return;
    else v = kn_bc_use_slow(r, a, from);
    kn_bc_def(
      r, (uint32_t)to,
      kiln_build_convert(r->f, (kiln_op)ops[op], (kiln_type)t->ktype, (kiln_type)f->ktype, v));
    return;
  }
  if (op <= CAST_SEXT && kn_bc_halves_cast(r, (unsigned)op, a, from, (uint32_t)to)) return;
  if (op >= CAST_COUNT) return (void)kn_bc_unknown(r, "cast", op);
  bool truth = op == CAST_TRUNC && (flags & 1) != 0 && t->fit == FIT_BOOL && f->kind == TK_INT &&
               f->ktype && f->bits >= 8; /* of fewer, the byte has bits that are not specified */
  uint32_t id = r->vals.n;
  kiln_value v =
    truth ? kn_bc_truth(r, a, from) : kn_bc_cast(r, (unsigned)op, a, from, (uint32_t)to);
  if (r->vals.n == id) kn_bc_def(r, (uint32_t)to, v); /* else it was already defined, as parts */
}

static inline __attribute__((always_inline)) void kn_bc_on_compare(struct kn_bc *r, uint32_t a,
                                                                   uint32_t b, uint32_t type,
                                                                   uint64_t pred) {
  const struct kn_bc_type *t = &r->types.at[type];
  if (KN_LIKELY(pred - 32 < 10 && t->fit == FIT_EXACT && (t->kind == TK_INT || t->kind == TK_PTR) &&
                t->ktype)) {
    kiln_value x = kn_bc_use(r, a, type), y = kn_bc_use(r, b, type);
    kn_bc_def_truth(
      r, kiln_build_icmp(r->f, (kiln_icond)kn_bc_iconds[pred - 32], (kiln_type)t->ktype, x, y));
  } else if (pred > 15 && pred - 32 > 9) {
    kn_bc_unknown(r, "comparison", pred);
  } else {
    kn_bc_kinds[t->kind].compare(r, a, b, type, pred);
  }
}

static inline void kn_bc_on_brif(struct kn_bc *r, uint64_t then_bb, uint64_t else_bb,
                                 uint32_t cond) {
  if (KN_UNLIKELY(then_bb >= r->fn.n_bbs || else_bb >= r->fn.n_bbs))
    return (void)kn_bc_malformed(r, "block number out of range");
  kiln_build_brif(r->f, kn_bc_use(r, cond, r->m->bool_type), (kiln_block){(uint32_t)then_bb}, NULL,
                  0, (kiln_block){(uint32_t)else_bb}, NULL, 0);
  kn_bc_next_block(r);
}

static inline void kn_bc_on_br(struct kn_bc *r, uint64_t bb) {
  if (KN_UNLIKELY(bb >= r->fn.n_bbs)) return (void)kn_bc_malformed(r, "block number out of range");
  kiln_build_br(r->f, (kiln_block){(uint32_t)bb}, NULL, 0);
  kn_bc_next_block(r);
}

#endif
