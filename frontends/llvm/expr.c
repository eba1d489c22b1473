/* Constant expressions that are neither a number nor expressible by a relocation: comparisons and selections
 * of addresses, arithmetic on parts of addresses. Older versions of LLVM write them as constants; here they become
 * instructions. Called by constants.c and, after a function's constants were read, by record.c.
 * Invariant: while hoisting, the entry block is being built, and each expression is made once. */
#include "bc.h"

/* Limits: nesting depth; number of expressions that are built in one body and cannot be shared. */
enum { MAX_NESTING = 256, MAX_COUNT = 1 << 16 };

static kiln_value none(void) { return (kiln_value){0}; }

/* The address of a symbol and an offset. */
static kiln_value symbol_address(struct kn_bc *r, uint32_t symbol, uint64_t offset) {
  if (!kn_bc_is_tls(r, symbol))
    return kiln_const_symbol(r->f, (kiln_symbol){symbol}, (int64_t)offset);
  return kiln_build_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, kn_bc_tls_address(r, symbol),
                           kiln_const_int(r->f, (int64_t)offset));
}

/* Builds a difference of addresses, or the low bits of an address. */
static kiln_value address_part(struct kn_bc *r, const struct kn_bc_type *t,
                               const struct kn_bc_num *num) {
  kiln_value v = symbol_address(r, num->symbol, num->low);
  if (num->minus)
    v = kiln_build_binary(r->f, KILN_OP_SUB, KILN_TYPE_I64, v, symbol_address(r, num->minus, 0));
  if (t->ktype != KILN_TYPE_I64)
    v = kiln_build_convert(r->f, KILN_OP_TRUNC, (kiln_type)t->ktype, KILN_TYPE_I64, v);
  if (t->fit == FIT_BOOL)
    v = kiln_build_binary(r->f, KILN_OP_AND, KILN_TYPE_I8, v, kiln_const_int(r->f, 1));
  return v;
}

/* Predicates are LLVM's: 32 and up. */
static kiln_value comparison(struct kn_bc *r, const struct kn_bc_cst *c) {
  static const uint8_t conds[10] = {KILN_ICOND_EQ,  KILN_ICOND_NE,  KILN_ICOND_UGT, KILN_ICOND_UGE,
                                    KILN_ICOND_ULT, KILN_ICOND_ULE, KILN_ICOND_SGT, KILN_ICOND_SGE,
                                    KILN_ICOND_SLT, KILN_ICOND_SLE};
  uint32_t type = kn_bc_type_of(r, c->index);
  const struct kn_bc_type *t = &r->types.at[type];
  if (c->x < 32 || c->x > 41 || (t->kind != TK_INT && t->kind != TK_PTR))
    return kn_bc_none(kn_bc_unsupported(r, "this comparison in a constant expression"));
  if (!kn_bc_types_agree(r, kn_bc_type_of(r, c->n), type))
    return kn_bc_none(kn_bc_malformed(r, "a comparison of different types"));
  unsigned cond = conds[c->x - 32];
  if (t->kind == TK_INT) return kn_bc_icmp_odd(r, cond, c->index, c->n, type);
  if (!kn_bc_scalar(r, type)) return none();
  kiln_value a = kn_bc_use(r, c->index, type), b = kn_bc_use(r, c->n, type);
  return kiln_build_icmp(r->f, (kiln_icond)cond, (kiln_type)t->ktype, a, b);
}

static kiln_value selection(struct kn_bc *r, const struct kn_bc_cst *c, uint32_t type) {
  uint32_t id[3];
  memcpy(id, kn_bc_list(r, c->index), sizeof id);
  uint32_t ctype = kn_bc_type_of(r, id[0]);
  if (r->types.at[ctype].fit != FIT_BOOL || kn_bc_type_of(r, id[1]) != type ||
      kn_bc_type_of(r, id[2]) != type)
    return kn_bc_none(kn_bc_unsupported(r, "this selection in a constant expression"));
  kiln_value cond = kn_bc_use(r, id[0], ctype);
  kiln_value a = kn_bc_use(r, id[1], type), b = kn_bc_use(r, id[2], type);
  return kiln_build_select(r->f, (kiln_type)r->types.at[type].ktype, cond, a, b);
}

/* `v` + index * size. */
static kiln_value step(struct kn_bc *r, kiln_value v, uint32_t id, uint64_t size) {
  uint32_t type = kn_bc_type_of(r, id);
  const struct kn_bc_type *t = &r->types.at[type];
  int64_t k;
  kiln_value n;
  if (t->kind != TK_INT || t->bits > 64)
    return kn_bc_none(kn_bc_unsupported(r, "an index of this type in a constant expression"));
  if (kn_bc_is_int(r, id, &k)) {
    n = kiln_const_int(r->f, (int64_t)((uint64_t)k * size));
  } else {
    n = kn_bc_use_s(r, id, type);
    if (t->ktype != KILN_TYPE_I64)
      n = kiln_build_convert(r->f, KILN_OP_SEXT, KILN_TYPE_I64, (kiln_type)t->ktype, n);
    n = kiln_build_binary(r->f, KILN_OP_MUL, KILN_TYPE_I64, n, kiln_const_int(r->f, (int64_t)size));
  }
  return kiln_build_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, v, n);
}

/* A getelementptr whose indices were checked by its evaluation. */
static kiln_value address(struct kn_bc *r, const struct kn_bc_cst *c) {
  uint32_t type = kn_bc_list(r, c->index)[0], base = kn_bc_list(r, c->index)[1];
  kiln_value v = kn_bc_use(r, base, r->m->ptr_type);
  for (uint32_t i = 2; i < c->n && r->status == KILN_OK; i++) {
    uint32_t id = kn_bc_list(r, c->index)[i];
    const struct kn_bc_type *t = &r->types.at[type];
    int64_t k;
    if (i == 2) {
      v = step(r, v, id, t->size);
    } else if (t->kind == TK_STRUCT) {
      if (!kn_bc_is_int(r, id, &k) || (uint64_t)k >= t->n)
        return kn_bc_none(kn_bc_malformed(r, "struct index out of range"));
      const struct kn_bc_elem *e = &r->m->elems.at[t->first + (uint64_t)k];
      v = kiln_build_binary(r->f, KILN_OP_ADD, KILN_TYPE_I64, v,
                            kiln_const_int(r->f, (int64_t)e->offset));
      type = e->type;
    } else {
      type = r->m->elems.at[t->first].type;
      v = step(r, v, id, r->types.at[type].size);
    }
  }
  return v;
}

static kiln_value arithmetic(struct kn_bc *r, const struct kn_bc_cst *c, uint32_t type) {
  if (r->types.at[type].kind != TK_INT)
    return kn_bc_none(kn_bc_unsupported(r, "this operation in a constant expression"));
  if (kn_bc_type_of(r, c->index) != type || kn_bc_type_of(r, c->n) != type)
    return kn_bc_none(kn_bc_malformed(r, "an operation on different types"));
  return kn_bc_binop_odd(r, c->x, c->index, c->n, type);
}

/* A cast, perhaps of a vector of addresses to a scalar. */
static kiln_value cast(struct kn_bc *r, const struct kn_bc_cst *c, uint32_t type) {
  uint32_t from = kn_bc_type_of(r, c->index);
  if (r->types.at[from].kind != TK_VECTOR) return kn_bc_cast(r, c->x, c->index, from, type);
  if (c->x != CAST_BITCAST || r->types.at[type].kind == TK_VECTOR)
    return kn_bc_none(kn_bc_unsupported(r, "constant expressions of vectors"));
  uint32_t entered = kn_bc_vec_enter(r);
  kn_bc_vec_cast(r, c->x, c->index, from, type);
  kiln_value v = kn_bc_vec_result(r);
  kn_bc_vec_leave(r, entered);
  return v;
}

kiln_value kn_bc_expression(struct kn_bc *r, uint32_t id, const struct kn_bc_num *num) {
  uint32_t type = kn_bc_type_of(r, id);
  struct kn_bc_cst c = r->csts.at[id];
  if (!num->code) return address_part(r, &r->types.at[type], num);
  if (++r->fn.expr_count > MAX_COUNT || r->fn.expr_depth >= MAX_NESTING)
    return kn_bc_none(kn_bc_fail(
      r, KILN_ERR_LIMIT, "there are too many constant expressions, or they are nested too deeply"));
  r->fn.expr_depth++;
  kiln_value v = none();
  switch (c.kind) {
  case CK_CAST: v = cast(r, &c, type); break;
  case CK_BINOP: v = arithmetic(r, &c, type); break;
  case CK_CMP: v = comparison(r, &c); break;
  case CK_SELECT: v = selection(r, &c, type); break;
  case CK_GEP: v = address(r, &c); break;
  default: kn_bc_unsupported(r, "this kind of constant expression"); break;
  }
  r->fn.expr_depth--;
  return v;
}

/* Is it the address of a thread-local variable, or of a part of one? */
static bool is_tls(const struct kn_bc *r, const struct kn_bc_cst *c) {
  if (!r->m->has_tls) return false;
  if (c->kind == CK_GLOBAL) return r->m->globals.at[c->index].tls;
  return c->kind == CK_ADDR && kn_bc_is_tls(r, c->index);
}

void kn_bc_hoist(struct kn_bc *r, uint32_t first) {
  r->fn.expressions = false;
  if (r->fn.n_bbs == 0) return;
  r->fn.hoisting = true;
  for (uint32_t id = first; id < r->inst_base && r->status == KILN_OK; id++) {
    unsigned kind = r->csts.at[id].kind;
    uint32_t type = kn_bc_type_of(r, id);
    const struct kn_bc_type *t = &r->types.at[type];
    bool expression =
      kind == CK_CAST || kind == CK_BINOP || kind == CK_CMP || kind == CK_SELECT || kind == CK_GEP;
    bool vector = r->again.hoist_module && (kind == CK_AGGREGATE || kind == CK_GEP) &&
                  t->kind == TK_VECTOR && t->lane;
    bool tls = r->again.hoist_module && is_tls(r, &r->csts.at[id]);
    if ((!expression && !vector && !tls) || r->vals.at[id].t >> 24 != VS_CONST) continue;
    if (vector && kn_bc_is_long_vector(t)) kn_bc_parts(r, id, type);
    else if (t->ktype) kn_bc_const(r, id);
  }
  r->fn.hoisting = false;
}
