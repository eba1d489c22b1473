/* Values of functions: their handles, forward references, parts, and what is done with values of each kind of type.
 * Called by all that builds instructions. Invariant: entries of vals below vals.n are defined; those from there up
 * to `zeroed` are undefined or forward. */
#include "frequent.h"

/* ---- scalars ---- */

bool kn_bc_grow_vals(struct kn_bc *r) {
  return kn_bc_grow(r, &r->vals.at, &r->vals.cap, (uint64_t)r->vals.n + 1, sizeof *r->vals.at);
}

/* Grows vals so that entry `id`, which is not defined yet, can be read. */
static bool forward_room(struct kn_bc *r, uint32_t id) {
  uint64_t left = r->in.bits.end > r->in.bits.pos ? r->in.bits.end - r->in.bits.pos : 0;
  if (id - r->vals.n > left / 8) return kn_bc_malformed(r, "a value that is never defined");
  if (id >= r->vals.cap &&
      !kn_bc_grow(r, &r->vals.at, &r->vals.cap, (uint64_t)id + 1, sizeof *r->vals.at))
    return false;
  uint32_t from = r->fn.zeroed > r->vals.n ? r->fn.zeroed : r->vals.n;
  for (; from <= id; from++) r->vals.at[from] = (struct kn_bc_val){0, (uint32_t)VS_NONE << 24};
  if (r->fn.zeroed < from) r->fn.zeroed = from;
  return true;
}

/* Computes address `id`, which was deferred (VS_ADDR), as a value. */
static kiln_value computed(struct kn_bc *r, uint32_t id) {
  struct kn_bc_addr a = r->fn.addrs.at[r->vals.at[id].h];
  if (r->fn.no_code) { /* a phi's argument from a block that has its terminator already */
    r->again.restart = r->again.no_addrs = true;
    return kiln_const_int(r->f, 0);
  }
  kiln_value v = kiln_build_addr(r->f, (kiln_value){a.base}, (kiln_value){0}, 0, a.disp);
  if (a.bb == r->fn.bb)
    r->vals.at[id] = (struct kn_bc_val){v.id, r->m->ptr_type | (uint32_t)VS_HANDLE << 24};
  return v;
}

kiln_value kn_bc_use_slow(struct kn_bc *r, uint32_t id, uint32_t type) {
  kiln_value none = {0};
  if (r->status != KILN_OK) return none;
  if (id < r->vals.n) {
    struct kn_bc_val v = r->vals.at[id];
    if (v.t >> 24 <= VS_SLOT) return (kiln_value){v.h};
    if (v.t >> 24 == VS_CONST) return kn_bc_const(r, id);
    if (v.t >> 24 == VS_ADDR) return computed(r, id);
    if (v.t >> 24 == VS_HALVES) return kn_bc_halves_whole(r, id);
    kn_bc_malformed(r, "an aggregate where a scalar is expected");
    return none;
  }
  if (!forward_room(r, id)) return none;
  struct kn_bc_val *v = &r->vals.at[id];
  if (v->t >> 24 == VS_FORWARD) return (kiln_value){v->h};
  if (v->t >> 24 != VS_NONE)
    return kn_bc_none(kn_bc_malformed(r, "an aggregate where a scalar is expected"));
  if (type >= r->types.n || !kn_bc_scalar(r, type)) return none;
  kiln_value f = kiln_forward_new(r->f, (kiln_type)r->types.at[type].ktype);
  *v = (struct kn_bc_val){f.id, type | (uint32_t)VS_FORWARD << 24};
  r->fn.n_forwards++;
  return f;
}

void kn_bc_bind(struct kn_bc *r, kiln_value v) {
  struct kn_bc_val *to = &r->vals.at[r->vals.n];
  if (to->t >> 24 == VS_NONE) return;
  if (to->t >> 24 != VS_FORWARD)
    return (void)kn_bc_malformed(r, "a value whose type differs from its earlier use");
  kiln_forward_bind(r->f, (kiln_value){to->h}, v);
  r->fn.n_forwards--;
}

/* ---- runs of parts ---- */

uint32_t kn_bc_parts(struct kn_bc *r, uint32_t id, uint32_t type) {
  if (r->status != KILN_OK || !kn_bc_split(r, type)) return UINT32_MAX;
  const struct kn_bc_type *t = &r->types.at[type];
  uint32_t first = r->fn.parts.n;
  if (id >= r->vals.n) {
    if (!forward_room(r, id)) return UINT32_MAX;
    if (r->vals.at[id].t == (type | (uint32_t)VS_FORWARD_PARTS << 24)) return r->vals.at[id].h;
    if (r->vals.at[id].t >> 24 != VS_NONE ||
        !KN_BC_ROOM(r, r->fn.parts, (uint64_t)first + t->n_pieces))
      goto mismatch;
    for (uint32_t i = 0; i < t->n_pieces; i++) {
      kiln_type kt = (kiln_type)r->types.at[r->type_pieces.at[t->piece_first + i].type].ktype;
      r->fn.parts.at[first + i] = kiln_forward_new(r->f, kt);
    }
    r->fn.parts.n += t->n_pieces;
    r->vals.at[id] = (struct kn_bc_val){first, type | (uint32_t)VS_FORWARD_PARTS << 24};
    r->fn.n_forwards++;
    return first;
  }
  if (kn_bc_type_of(r, id) != type) goto mismatch;
  if (r->vals.at[id].t >> 24 == VS_PARTS) return r->vals.at[id].h;
  if (r->vals.at[id].t >> 24 != VS_CONST) goto mismatch;
  if (!kn_bc_const_parts(r, id)) return UINT32_MAX;
  if (r->fn.parts.n - first != t->n_pieces) goto mismatch;
  r->vals.at[id] = (struct kn_bc_val){first, type | (uint32_t)VS_PARTS << 24};
  if (id < r->m->n_vals) KN_BC_PUSH(r, r->fn.touched, id);
  return first;
mismatch:
  kn_bc_malformed(r, "an aggregate of another type is expected");
  return UINT32_MAX;
}

bool kn_bc_run_parts(struct kn_bc *r, uint32_t id, uint32_t type, struct kn_bc_run *x) {
  x->first = kn_bc_parts(r, id, type);
  x->n = r->types.at[type].n_pieces;
  return x->first != UINT32_MAX;
}

/* Defines the next value as the parts from `first` on. */
static void define_from(struct kn_bc *r, uint32_t type, uint32_t first) {
  uint32_t id = r->vals.n;
  if (id < r->fn.zeroed && r->vals.at[id].t >> 24 != VS_NONE) {
    if (r->vals.at[id].t != (type | (uint32_t)VS_FORWARD_PARTS << 24))
      return (void)kn_bc_malformed(r, "a value whose type differs from its earlier use");
    for (uint32_t i = 0; i < r->types.at[type].n_pieces; i++)
      kiln_forward_bind(r->f, r->fn.parts.at[r->vals.at[id].h + i], r->fn.parts.at[first + i]);
    r->fn.n_forwards--;
  }
  if (id >= r->vals.cap && !kn_bc_grow_vals(r)) return;
  r->vals.at[id] = (struct kn_bc_val){first, type | (uint32_t)VS_PARTS << 24};
  r->vals.n = id + 1;
}

void kn_bc_define_parts(struct kn_bc *r, uint32_t type, const kiln_value *parts) {
  if (r->status != KILN_OK || !kn_bc_split(r, type)) return;
  const uint32_t first = r->fn.parts.n, n = r->types.at[type].n_pieces;
  if (!KN_BC_ROOM(r, r->fn.parts, (uint64_t)first + n)) return;
  if (n) memcpy(r->fn.parts.at + first, parts, n * sizeof *parts);
  r->fn.parts.n += n;
  define_from(r, type, first);
}

void kn_bc_define_within(struct kn_bc *r, uint32_t type, const struct kn_bc_run *x, uint32_t from) {
  if (kn_bc_in_parts(&r->types.at[type])) define_from(r, type, x->first + from);
  else kn_bc_def(r, type, kn_bc_part(r, x, from));
}

/* ---- kinds of types: numbers ---- */

static void load_scalar(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem) {
  kn_bc_def(r, type, kn_bc_load_scalar(r, a, 0, type, mem));
}
static void store_scalar(struct kn_bc *r, kiln_value a, uint32_t id, uint32_t type, unsigned mem) {
  kn_bc_store_scalar(r, a, 0, kn_bc_use(r, id, type), type, mem);
}

static void odd_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type) {
  kn_bc_def(r, type, kn_bc_binop_odd(r, op, a, b, type));
}
static void soft_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type) {
  kn_bc_def(r, type, kn_bc_soft_binop(r, op, a, b, type));
}
static void no_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type) {
  (void)op, (void)a, (void)b;
  if (kn_bc_scalar(r, type)) kn_bc_malformed(r, "unknown binary operation");
}

static void no_compare(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t type, uint64_t pred) {
  (void)a, (void)b, (void)pred;
  if (kn_bc_scalar(r, type)) kn_bc_malformed(r, "unknown comparison");
}
static void int_compare(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t type, uint64_t pred) {
  if (pred - 32 >= 10) no_compare(r, a, b, type, pred);
  else kn_bc_def_truth(r, kn_bc_icmp_odd(r, kn_bc_iconds[pred - 32], a, b, type));
}
static void float_compare(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t type, uint64_t pred) {
  if (pred >= 16) return int_compare(r, a, b, type, pred);
  if (pred == 0 || pred == 15) return kn_bc_def_truth(r, kiln_const_int(r->f, pred != 0));
  kiln_value x = kn_bc_use(r, a, type), y = kn_bc_use(r, b, type);
  kn_bc_def_truth(r, kiln_build_fcmp(r->f, (kiln_fcond)kn_bc_fconds[pred],
                                     (kiln_type)r->types.at[type].ktype, x, y));
}
static void soft_compare(struct kn_bc *r, uint32_t a, uint32_t b, uint32_t type, uint64_t pred) {
  if (pred >= 16) return int_compare(r, a, b, type, pred);
  kn_bc_def_truth(r, kn_bc_soft_compare(r, (unsigned)pred, a, b, type));
}

static void scalar_negate(struct kn_bc *r, uint32_t id, uint32_t type) {
  if (!kn_bc_scalar(r, type)) return;
  kiln_value v = kn_bc_use(r, id, type);
  kn_bc_def(r, type, kn_bc_float_op(r, &r->types.at[type], KILN_OP_FNEG, &v, 1));
}

static kiln_value soft_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to) {
  if (!kn_bc_scalar(r, from) || !kn_bc_scalar(r, to)) return (kiln_value){0};
  return kn_bc_soft_cast(r, op, a, from, to);
}
static kiln_value vector_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from,
                              uint32_t to) {
  kn_bc_vec_cast(r, op, a, from, to);
  return (kiln_value){0};
}

/* ---- kinds of types: aggregates ---- */

/* A value of so many parts that it is a copy in memory. Nothing but a store reads it: a phi would have to copy it. */
static void load_large(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem) {
  if (mem != 0) return (void)kn_bc_unsupported(r, "a volatile access of this many parts");
  const struct kn_bc_type *t = &r->types.at[type];
  if (t->size > INT32_MAX)
    return (void)kn_bc_fail(r, KILN_ERR_LIMIT, "an aggregate value has 2 GiB or more");
  kiln_value copy = kiln_slot_new(r->f, t->size, t->align_log2);
  kiln_build_ternary(r->f, KILN_OP_MEMCPY, KILN_TYPE_PTR, copy, a,
                     kiln_const_int(r->f, (int64_t)t->size));
  kn_bc_def(r, type, copy);
}
static void store_large(struct kn_bc *r, kiln_value a, uint32_t id, uint32_t type, unsigned mem) {
  if (mem != 0) return (void)kn_bc_unsupported(r, "a volatile access of this many parts");
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_value size = kiln_const_int(r->f, (int64_t)t->size);
  if (id >= r->inst_base)
    kiln_build_ternary(r->f, KILN_OP_MEMCPY, KILN_TYPE_PTR, a, kn_bc_use(r, id, type), size);
  else if (r->csts.at[id].kind == CK_NULL)
    kiln_build_ternary(r->f, KILN_OP_MEMSET, KILN_TYPE_PTR, a, kiln_const_int(r->f, 0), size);
  else if (r->csts.at[id].kind != CK_UNDEF)
    kn_bc_unsupported(r, "an aggregate constant of this many parts");
}

/* The vector of several registers that is a leaf of type `t`: its shape, and where it is in a value of this type. */
static bool leaf_vector(struct kn_bc *r, const struct kn_bc_type *t, const struct kn_bc_leaf *l,
                        struct kn_bc_vec *x, int32_t *offset) {
  *offset = (int32_t)r->type_pieces.at[t->piece_first + l->first].offset;
  return kn_bc_vec_shape(r, l->type, x);
}

/* Aggregates with vectors whose bits are closer together in memory than in registers. */
static void load_leaves(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem) {
  const struct kn_bc_type *t = &r->types.at[type];
  kiln_value v[KN_BC_MAX_PIECES];
  struct kn_bc_leaf l = {0};
  while (kn_bc_leaf_next(r, t, &l)) {
    struct kn_bc_vec x;
    int32_t offset;
    if (l.n == 1) {
      struct kn_bc_piece p = r->type_pieces.at[t->piece_first + l.first];
      v[l.first] = kn_bc_load_scalar(r, a, p.offset, p.type, mem);
    } else {
      if (!leaf_vector(r, t, &l, &x, &offset)) return;
      kn_bc_vec_read(r, a, offset, &x, mem);
      memcpy(v + l.first, x.v, l.n * sizeof *v);
    }
  }
  kn_bc_define(r, type, v);
}
static void store_leaves(struct kn_bc *r, kiln_value a, const struct kn_bc_run *run, uint32_t type,
                         unsigned mem) {
  const struct kn_bc_type *t = &r->types.at[type];
  struct kn_bc_leaf l = {0};
  while (kn_bc_leaf_next(r, t, &l)) {
    struct kn_bc_vec x;
    int32_t offset;
    if (l.n == 1) {
      struct kn_bc_piece p = r->type_pieces.at[t->piece_first + l.first];
      kn_bc_store_scalar(r, a, p.offset, kn_bc_part(r, run, l.first), p.type, mem);
    } else {
      if (!leaf_vector(r, t, &l, &x, &offset)) return;
      for (uint32_t k = 0; k < l.n; k++) x.v[k] = kn_bc_part(r, run, l.first + k);
      kn_bc_vec_write(r, a, offset, &x, mem);
    }
  }
}

static void load_parts(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem) {
  if (kn_bc_is_large(r, type)) return load_large(r, a, type, mem);
  const struct kn_bc_type *t = &r->types.at[type];
  if (KN_UNLIKELY(t->holds_packed)) return load_leaves(r, a, type, mem);
  kiln_value v[KN_BC_MAX_PIECES];
  for (uint32_t i = 0; i < t->n_pieces; i++) {
    struct kn_bc_piece p = r->type_pieces.at[t->piece_first + i];
    v[i] = kn_bc_load_scalar(r, a, p.offset, p.type, mem);
  }
  kn_bc_define(r, type, v);
}
static void store_parts(struct kn_bc *r, kiln_value a, uint32_t id, uint32_t type, unsigned mem) {
  if (kn_bc_is_large(r, type)) return store_large(r, a, id, type, mem);
  const struct kn_bc_type *t = &r->types.at[type];
  struct kn_bc_run x;
  if (!kn_bc_run(r, id, type, &x)) return;
  if (KN_UNLIKELY(t->holds_packed)) return store_leaves(r, a, &x, type, mem);
  for (uint32_t i = 0; i < x.n; i++) {
    struct kn_bc_piece p = r->type_pieces.at[t->piece_first + i];
    kn_bc_store_scalar(r, a, p.offset, kn_bc_part(r, &x, i), p.type, mem);
  }
}

#define SCALAR(binop, compare)                                                                     \
  {load_scalar, store_scalar, binop, compare, scalar_negate, kn_bc_scalar_cast}
#define PARTS {load_parts, store_parts, no_binop, no_compare, scalar_negate, kn_bc_scalar_cast}
const struct kn_bc_kind_ops kn_bc_kinds[] = {
  [TK_NONE] = SCALAR(no_binop, no_compare),
  [TK_VOID] = SCALAR(no_binop, no_compare),
  [TK_INT] = SCALAR(odd_binop, int_compare),
  [TK_PTR] = SCALAR(no_binop, int_compare),
  [TK_FLOAT] = SCALAR(no_binop, float_compare),
  [TK_SOFT] = {load_scalar, store_scalar, soft_binop, soft_compare, scalar_negate, soft_cast},
  [TK_OTHER_SCALAR] = SCALAR(no_binop, int_compare),
  [TK_WIDE] = {kn_bc_wide_load, kn_bc_wide_store, kn_bc_wide_binop, int_compare, scalar_negate,
               kn_bc_wide_cast},
  [TK_STRUCT] = PARTS,
  [TK_ARRAY] = PARTS,
  [TK_FUNC] = SCALAR(no_binop, no_compare),
  [TK_LABEL] = SCALAR(no_binop, no_compare),
  [TK_METADATA] = SCALAR(no_binop, no_compare),
  [TK_VECTOR] = {kn_bc_vec_load, kn_bc_vec_store, kn_bc_vec_binop, kn_bc_vec_compare,
                 kn_bc_vec_negate, vector_cast},
  [TK_OPAQUE] = SCALAR(no_binop, no_compare),
  [TK_OTHER] = SCALAR(no_binop, no_compare),
};
_Static_assert(sizeof kn_bc_kinds / sizeof *kn_bc_kinds == TK_OTHER + 1, "every kind has a row");

_Static_assert(TK_VECTOR > TK_WIDE && TK_WIDE > TK_SOFT && TK_SOFT > TK_INT && TK_SOFT > TK_PTR &&
                 TK_SOFT > TK_FLOAT,
               "a cast is that of the later kind");

kiln_value kn_bc_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to) {
  const unsigned f = r->types.at[from].kind, t = r->types.at[to].kind;
  return kn_bc_kinds[f > t ? f : t].cast(r, op, a, from, to);
}

void kn_bc_load_value(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem) {
  kn_bc_kinds[r->types.at[type].kind].load(r, a, type, mem);
}

void kn_bc_store_value(struct kn_bc *r, kiln_value a, uint32_t id, uint32_t type, unsigned mem) {
  kn_bc_kinds[r->types.at[type].kind].store(r, a, id, type, mem);
}
