/* Atomic instructions. Called by inst.c. Comments in brackets list the operands of a record.
 * Invariant: the builder only sees integers and pointers that fill their Kiln type; floats are accessed as
 * integers of their size. */
#include "bc.h"

/* Orderings by LLVM's number; 0 is "not atomic". */
static bool ordering(struct kn_bc *r, uint64_t code, kiln_ordering *out) {
  static const uint8_t table[7] = {
    0, KILN_RELAXED, KILN_RELAXED, KILN_ACQUIRE, KILN_RELEASE, KILN_ACQ_REL, KILN_SEQ_CST};
  *out = KILN_SEQ_CST;
  if (code == 0 || code > 6) return kn_bc_malformed(r, "unknown memory ordering");
  *out = (kiln_ordering)table[code];
  return true;
}

/* The integer type that is used to access memory of `type`; VOID if there is none (an error was reported). */
static kiln_type access_type(struct kn_bc *r, uint32_t type) {
  const struct kn_bc_type *t = &r->types[type];
  if (kn_bc_is_aggregate(t)) {
    kn_bc_malformed(r, "an atomic access to an aggregate");
    return KILN_TYPE_VOID;
  }
  if (!kn_bc_scalar(r, type)) return KILN_TYPE_VOID;
  if (t->fit == FIT_ODD || t->fit == FIT_VECTOR) {
    kn_bc_unsupported(r, "an atomic access of odd width");
    return KILN_TYPE_VOID;
  }
  if (t->bits == 80) {
    kn_bc_unsupported(r, "an atomic access of type x86_fp80");
    return KILN_TYPE_VOID;
  }
  if (t->kind == TK_FLOAT || t->kind == TK_SOFT)
    return t->bits == 16   ? KILN_TYPE_I16
           : t->bits == 32 ? KILN_TYPE_I32
           : t->bits == 64 ? KILN_TYPE_I64
                           : KILN_TYPE_I128;
  return (kiln_type)t->ktype;
}

/* Converts value `v` of type `t` to the integer type of access_type, and back. */
static kiln_value to_int(struct kn_bc *r, kiln_value v, const struct kn_bc_type *t, kiln_type at) {
  if ((kiln_type)t->ktype == at) return v;
  return kiln_build_convert(r->f, KILN_OP_BITCAST, at, (kiln_type)t->ktype, v);
}
static kiln_value from_int(struct kn_bc *r, kiln_value v, const struct kn_bc_type *t,
                           kiln_type at) {
  if ((kiln_type)t->ktype == at) return v;
  return kiln_build_convert(r->f, KILN_OP_BITCAST, (kiln_type)t->ktype, at, v);
}

/* [ptr, type, align, volatile, ordering, scope] */
static void load(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a, ptype;
  kiln_ordering order;
  if (!kn_bc_operand(r, ops, n, &i, &a, &ptype)) return;
  if (n - i < 5 || ops[i] >= r->n_types) {
    kn_bc_malformed(r, "bad atomic load");
    return;
  }
  uint32_t type = (uint32_t)ops[i];
  kiln_type at = access_type(r, type);
  if (!at || !ordering(r, ops[i + 3], &order)) return;
  kiln_value v = kiln_build_atomic_load(r->f, at, kn_bc_use(r, a, r->ptr_type), order);
  kn_bc_def(r, type, from_int(r, v, &r->types[type], at));
}

/* [ptr, value, align, volatile, ordering, scope] */
static void store(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a, ptype, id, type;
  kiln_ordering order;
  if (!kn_bc_operand(r, ops, n, &i, &a, &ptype) || !kn_bc_operand(r, ops, n, &i, &id, &type))
    return;
  if (n - i < 4) {
    kn_bc_malformed(r, "bad atomic store");
    return;
  }
  kiln_type at = access_type(r, type);
  if (!at || !ordering(r, ops[i + 2], &order)) return;
  kiln_value v = to_int(r, kn_bc_use(r, id, type), &r->types[type], at);
  kiln_build_atomic_store(r->f, at, kn_bc_use(r, a, r->ptr_type), v, order);
}

/* [ptr, value, operation, volatile, ordering, scope, align] */
static void rmw(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  static const uint8_t table[11] = {KILN_RMW_XCHG, KILN_RMW_ADD,  KILN_RMW_SUB, KILN_RMW_AND,
                                    KILN_RMW_NAND, KILN_RMW_OR,   KILN_RMW_XOR, KILN_RMW_SMAX,
                                    KILN_RMW_SMIN, KILN_RMW_UMAX, KILN_RMW_UMIN};
  unsigned i = 0;
  uint32_t a, ptype, id, type;
  kiln_ordering order;
  if (!kn_bc_operand(r, ops, n, &i, &a, &ptype) || !kn_bc_operand(r, ops, n, &i, &id, &type))
    return;
  if (n - i < 4) {
    kn_bc_malformed(r, "bad atomicrmw");
    return;
  }
  const struct kn_bc_type *t = &r->types[type];
  if (ops[i] > 10 || ((t->kind == TK_FLOAT || t->kind == TK_SOFT) && ops[i] != 0)) {
    kn_bc_unsupported(r, "this operation of atomicrmw");
    return;
  }
  kiln_type at = access_type(r, type);
  if (!at || !ordering(r, ops[i + 2], &order)) return;
  if (t->fit == FIT_BOOL && ops[i] != 0) {
    kn_bc_unsupported(r, "an atomic operation on i1");
    return;
  }
  kiln_value v = to_int(r, kn_bc_use(r, id, type), t, at);
  v = kiln_build_atomic_rmw(r->f, (kiln_rmw)table[ops[i]], at, kn_bc_use(r, a, r->ptr_type), v,
                            order);
  kn_bc_def(r, type, from_int(r, v, t, at));
}

/* The type {type, i1}. */
static uint32_t result_type(struct kn_bc *r, uint32_t type) {
  for (uint32_t i = 0; i < r->n_types; i++) {
    const struct kn_bc_type *t = &r->types[i];
    if (t->kind == TK_STRUCT && t->n == 2 && r->elems.at[t->first].type == type &&
        r->elems.at[t->first + 1].type == r->bool_type)
      return i;
  }
  kn_bc_malformed(r, "cmpxchg without its result's type");
  return UINT32_MAX;
}

/* [ptr, expected, new, volatile, success, scope, failure, weak, align?] */
static void cas(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a, ptype, id, type;
  kiln_ordering success, failure;
  if (!kn_bc_operand(r, ops, n, &i, &a, &ptype) || !kn_bc_operand(r, ops, n, &i, &id, &type))
    return;
  if (n - i < 6) {
    kn_bc_malformed(r, "bad cmpxchg");
    return;
  }
  kiln_type at = access_type(r, type);
  if (!at || !ordering(r, ops[i + 2], &success) || !ordering(r, ops[i + 4], &failure)) return;
  uint32_t result = result_type(r, type), first = r->parts.n;
  if (result == UINT32_MAX || !kn_bc_split(r, result) || !KN_BC_ROOM(r, r->parts, first + 2u))
    return;
  kiln_value expected = kn_bc_use(r, id, type);
  kiln_value desired = kn_bc_use(r, r->n_vals - (uint32_t)ops[i], type);
  kiln_value v = kiln_build_atomic_cas(r->f, at, kn_bc_use(r, a, r->ptr_type), expected, desired,
                                       success, failure);
  r->parts.at[first] = v.id;
  r->parts.at[first + 1] = kiln_build_result(r->f, v, 1).id;
  r->parts.n += 2;
  kn_bc_define_parts(r, result, first);
}

void kn_bc_atomic(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  kiln_ordering order;
  switch (code) {
  case FUNC_LOADATOMIC: load(r, ops, n); return;
  case FUNC_STOREATOMIC: store(r, ops, n); return;
  case FUNC_ATOMICRMW: rmw(r, ops, n); return;
  case FUNC_CMPXCHG: cas(r, ops, n); return;
  default:
    if (n < 2) kn_bc_malformed(r, "bad fence");
    else if (ops[1] != 0 && ordering(r, ops[0], &order)) kiln_build_fence(r->f, order);
    /* Scope 0 is "singlethread": Kiln moves no memory access, so it needs no fence. */
    return;
  }
}
