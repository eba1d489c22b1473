/* Atomic instructions. Called by inst.c. Comments in brackets list the operands of a record.
 * What the target cannot do at once is a call of libatomic, as LLVM has it: objects that are
 * less aligned than large, and 16 bytes where the processor has no instruction for them.
 * Operations that neither has are loops around a cmpxchg.
 * Invariant: the builder only sees integers and pointers that fill their Kiln type; floats are
 * accessed as integers of their size. */
#include "bc.h"

/* Orderings by LLVM's number; 0 is "not atomic". */
static bool ordering(struct kn_bc *r, uint64_t code, kiln_ordering *out) {
  static const uint8_t table[7] = {0,
                                   KILN_ORDERING_RELAXED,
                                   KILN_ORDERING_RELAXED,
                                   KILN_ORDERING_ACQUIRE,
                                   KILN_ORDERING_RELEASE,
                                   KILN_ORDERING_ACQ_REL,
                                   KILN_ORDERING_SEQ_CST};
  *out = KILN_ORDERING_SEQ_CST;
  if (code == 0) return kn_bc_malformed(r, "an atomic access without an ordering");
  if (code > 6) return kn_bc_unknown(r, "memory ordering", code);
  *out = (kiln_ordering)table[code];
  return true;
}

/* LLVM's operations of atomicrmw. */
enum {
  RMW_XCHG,
  RMW_FADD = 11,
  RMW_FMAX = 13,
  RMW_FMIN,
  RMW_UINC_WRAP,
  RMW_UDEC_WRAP,
  RMW_USUB_COND,
  RMW_USUB_SAT,
  RMW_FMAXIMUMNUM = 21, /* since LLVM 23, as is a bit for operations on each lane */
  RMW_FMINIMUMNUM
};

/* By operation: Kiln's (0 beyond those that it has), that on values, and the call of libatomic for 16 bytes. */
static const struct {
  uint8_t rmw, op;
  const char *call;
} operations[] = {
  {KILN_RMW_XCHG, 0, "__atomic_exchange_16"},
  {KILN_RMW_ADD, KILN_OP_ADD, "__atomic_fetch_add_16"},
  {KILN_RMW_SUB, KILN_OP_SUB, "__atomic_fetch_sub_16"},
  {KILN_RMW_AND, KILN_OP_AND, "__atomic_fetch_and_16"},
  {KILN_RMW_NAND, KILN_OP_AND, "__atomic_fetch_nand_16"},
  {KILN_RMW_OR, KILN_OP_OR, "__atomic_fetch_or_16"},
  {KILN_RMW_XOR, KILN_OP_XOR, "__atomic_fetch_xor_16"},
  {KILN_RMW_SMAX, KILN_OP_SMAX, NULL},
  {KILN_RMW_SMIN, KILN_OP_SMIN, NULL},
  {KILN_RMW_UMAX, KILN_OP_UMAX, NULL},
  {KILN_RMW_UMIN, KILN_OP_UMIN, NULL},
  {0, KILN_OP_FADD, NULL}, /* RMW_FADD: from here on, loops */
  {0, KILN_OP_FSUB, NULL},
  {0, 0, NULL}, /* RMW_FMAX to RMW_USUB_SAT: see combined() */
  {0, 0, NULL},
  {0, 0, NULL},
  {0, 0, NULL},
  {0, 0, NULL},
  {0, 0, NULL},
  {0, KILN_OP_FMAXIMUM, NULL},
  {0, KILN_OP_FMINIMUM, NULL},
};

/* How an object is accessed. */
enum access { INLINE, CALL_16, CALL };

/* `align` is as in the record: the logarithm and 1, or 0 for what the type has. */
static enum access how(const struct kn_bc *r, kiln_type at, uint64_t align) {
  uint32_t size = kiln_type_size(at);
  if (align != 0 && align <= 5 && UINT64_C(1) << (align - 1) < size) return CALL;
  uint64_t features =
    (uint32_t)r->fn.global->fn_flags >> FA_FEATURES_SHIFT | kiln_module_features(r->module);
  return size == 16 && kn_bc_targets[r->target].cx16 && !(features & KILN_FEATURE_CX16) ? CALL_16
                                                                                        : INLINE;
}

/* The number of an ordering in libatomic's interface. */
static kiln_value order_of(struct kn_bc *r, kiln_ordering order) {
  static const uint8_t number[KILN_ORDERING_COUNT] = {[KILN_ORDERING_ACQUIRE] = 2,
                                                      [KILN_ORDERING_RELEASE] = 3,
                                                      [KILN_ORDERING_ACQ_REL] = 4,
                                                      [KILN_ORDERING_SEQ_CST] = 5};
  return kiln_const_int(r->f, number[order]);
}

/* Calls `name`; `types` has a letter for each argument: p(ointer), i (32 bits), q (64 bits), o (128 bits). */
static kiln_value library(struct kn_bc *r, const char *name, const char *types,
                          const kiln_value *args, kiln_type result) {
  kiln_type t[KN_BC_LIBRARY_ARGS];
  unsigned n = 0;
  for (; types[n]; n++)
    t[n] = types[n] == 'p'   ? KILN_TYPE_PTR
           : types[n] == 'i' ? KILN_TYPE_I32
           : types[n] == 'q' ? KILN_TYPE_I64
                             : KILN_TYPE_I128;
  return kn_bc_library(r, name, t, args, n, result);
}

/* A slot for an object of that type, and one that has `v`. */
static kiln_value slot(struct kn_bc *r, kiln_type at) {
  uint32_t size = kiln_type_size(at);
  return kiln_slot_new(r->f, size, (unsigned)__builtin_ctz(size));
}
static kiln_value slot_of(struct kn_bc *r, kiln_type at, kiln_value v) {
  kiln_value s = slot(r, at);
  kiln_build_store(r->f, at, s, 0, v, 0);
  return s;
}
static kiln_value size_of(struct kn_bc *r, kiln_type at) {
  return kiln_const_int(r->f, (int64_t)kiln_type_size(at));
}

/* The old value of the object, and in *flag whether it was `expected`. */
static kiln_value exchange_if(struct kn_bc *r, enum access access, kiln_type at, kiln_value a,
                              kiln_value expected, kiln_value desired, kiln_ordering success,
                              kiln_ordering failure, kiln_value *flag) {
  if (access == INLINE) {
    kiln_value v = kiln_build_atomic_cas(r->f, at, a, expected, desired, success, failure);
    *flag = kiln_build_result(r->f, v, 1);
    return v;
  }
  kiln_value old = slot_of(r, at, expected), s = order_of(r, success), f = order_of(r, failure);
  if (access == CALL_16)
    *flag = library(r, "__atomic_compare_exchange_16", "ppoii",
                    (kiln_value[]){a, old, desired, s, f}, KILN_TYPE_I8);
  else
    *flag =
      library(r, "__atomic_compare_exchange", "qpppii",
              (kiln_value[]){size_of(r, at), a, old, slot_of(r, at, desired), s, f}, KILN_TYPE_I8);
  return kiln_build_load(r->f, at, old, 0, 0);
}

/* The integer type that is used to access memory of `type`; VOID if there is none (an error was reported). */
static kiln_type access_type(struct kn_bc *r, uint32_t type) {
  const struct kn_bc_type *t = &r->types.at[type];
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
  if (n - i < 5 || ops[i] >= r->types.n) return (void)kn_bc_malformed(r, "bad atomic load");
  if (!kn_bc_ends(r, "atomic load", i + 5, n) || !kn_bc_flags(r, "an atomic load", ops[i + 2], 1))
    return;
  uint32_t type = (uint32_t)ops[i];
  kiln_type at = access_type(r, type);
  if (!at || !ordering(r, ops[i + 3], &order)) return;
  enum access access = how(r, at, ops[i + 1]);
  kiln_value v, p = kn_bc_use(r, a, r->m->ptr_type);
  if (KN_LIKELY(access == INLINE)) {
    v = kiln_build_atomic_load(r->f, at, p, order);
  } else if (access == CALL_16) {
    v = library(r, "__atomic_load_16", "pi", (kiln_value[]){p, order_of(r, order)}, at);
  } else {
    kiln_value to = slot(r, at);
    library(r, "__atomic_load", "qppi", (kiln_value[]){size_of(r, at), p, to, order_of(r, order)},
            KILN_TYPE_VOID);
    v = kiln_build_load(r->f, at, to, 0, 0);
  }
  kn_bc_def(r, type, from_int(r, v, &r->types.at[type], at));
}

/* The operands that a record of `what` begins with, an address and a value; false (reported) if less than `least` or
 * more than `most` others follow, or if the one that says whether the access is volatile, number `flag` of them, says
 * more. */
static bool operands(struct kn_bc *r, const uint64_t *ops, unsigned n, unsigned least,
                     unsigned most, unsigned flag, const char *what, unsigned *i, uint32_t *a,
                     uint32_t *id, uint32_t *type) {
  uint32_t ptype;
  return kn_bc_operand(r, ops, n, i, a, &ptype) && kn_bc_operand(r, ops, n, i, id, type) &&
         (n - *i >= least || kn_bc_malformed(r, "an atomic access of the wrong length")) &&
         kn_bc_ends(r, what, *i + most, n) && kn_bc_flags(r, what, ops[*i + flag], 1);
}

/* [ptr, value, align, volatile, ordering, scope] */
static void store(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a, id, type;
  kiln_ordering order;
  if (!operands(r, ops, n, 4, 4, 1, "atomic store", &i, &a, &id, &type)) return;
  kiln_type at = access_type(r, type);
  if (!at || !ordering(r, ops[i + 2], &order)) return;
  kiln_value v = to_int(r, kn_bc_use(r, id, type), &r->types.at[type], at);
  kiln_value p = kn_bc_use(r, a, r->m->ptr_type);
  enum access access = how(r, at, ops[i]);
  if (KN_LIKELY(access == INLINE)) kiln_build_atomic_store(r->f, at, p, v, order);
  else if (access == CALL_16)
    library(r, "__atomic_store_16", "poi", (kiln_value[]){p, v, order_of(r, order)},
            KILN_TYPE_VOID);
  else
    library(r, "__atomic_store", "qppi",
            (kiln_value[]){size_of(r, at), p, slot_of(r, at, v), order_of(r, order)},
            KILN_TYPE_VOID);
}

/* What becomes of an object with value `old` by operation `what` with `v`, values of type `t`
 * and, as integers, `at`. */
static kiln_value combined(struct kn_bc *r, uint64_t what, const struct kn_bc_type *t, kiln_type at,
                           kiln_value old, kiln_value v) {
  kiln_func *f = r->f;
  kiln_value zero = kiln_const_int(f, 0), one = kiln_const_int(f, 1);
  switch (what) {
  case RMW_XCHG: return v;
  case RMW_UINC_WRAP: {
    kiln_value up = kiln_build_binary(f, KILN_OP_ADD, at, old, one);
    return kiln_build_select(f, at, kiln_build_icmp(f, KILN_ICOND_UGE, at, old, v), zero, up);
  }
  case RMW_UDEC_WRAP: {
    kiln_value down = kiln_build_binary(f, KILN_OP_SUB, at, old, one);
    kiln_value over = kiln_build_icmp(f, KILN_ICOND_UGT, at, old, v),
               none = kiln_build_icmp(f, KILN_ICOND_EQ, at, old, zero);
    return kiln_build_select(f, at, kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I8, over, none), v,
                             down);
  }
  case RMW_USUB_COND:
  case RMW_USUB_SAT: {
    kiln_value less = kiln_build_binary(f, KILN_OP_SUB, at, old, v);
    return kiln_build_select(f, at, kiln_build_icmp(f, KILN_ICOND_UGE, at, old, v), less,
                             what == RMW_USUB_COND ? old : zero);
  }
  case RMW_FMAX: /* without libm, which the program may not be linked with */
  case RMW_FMIN: {
    kiln_value x = from_int(r, old, t, at), y = from_int(r, v, t, at);
    unsigned pred = what == RMW_FMAX ? 3 : 5; /* LLVM's oge, ole */
    kiln_value stays = kn_bc_float_compare(r, t, pred, x, y),
               nan = kn_bc_float_compare(r, t, 8, y, y);
    return kiln_build_select(f, at, kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I8, stays, nan), old,
                             v);
  }
  default: break;
  }
  kiln_op op = (kiln_op)operations[what].op;
  if (what >= RMW_FADD) {
    kiln_value both[2] = {old, v};
    for (unsigned i = 0; i < 2; i++) both[i] = from_int(r, both[i], t, at);
    return to_int(r, kn_bc_float_op(r, t, op, both, 2), t, at);
  }
  v = kiln_build_binary(f, op, at, old, v);
  return operations[what].rmw == KILN_RMW_NAND ? kiln_build_unary(f, KILN_OP_NOT, at, v) : v;
}

/* A loop that tries until nobody else has changed the object; its old value. It ends the Kiln block. */
static kiln_value loop(struct kn_bc *r, enum access access, uint64_t what,
                       const struct kn_bc_type *t, kiln_type at, kiln_value a, kiln_value v,
                       kiln_ordering order) {
  kiln_func *f = r->f;
  kiln_ordering failure = order == KILN_ORDERING_ACQ_REL   ? KILN_ORDERING_ACQUIRE
                          : order == KILN_ORDERING_RELEASE ? KILN_ORDERING_RELAXED
                                                           : order;
  kiln_value known = slot_of(r, at, kiln_build_load(f, at, a, 0, 0)), flag;
  kiln_block again = kiln_block_new(f), behind = kiln_block_new(f);
  kiln_build_br(f, again, NULL, 0);
  kiln_block_switch(f, again);
  kiln_value old = kiln_build_load(f, at, known, 0, 0);
  kiln_value now = combined(r, what, t, at, old, v);
  kiln_value found = exchange_if(r, access, at, a, old, now, order, failure, &flag);
  kiln_build_store(f, at, known, 0, found, 0);
  kiln_build_brif(f, flag, behind, NULL, 0, again, NULL, 0);
  kn_bc_split_to(r, behind);
  return kiln_build_load(f, at, known, 0, 0);
}

/* [ptr, value, operation, volatile, ordering, scope, align] */
static void rmw(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a, id, type;
  kiln_ordering order;
  if (!operands(r, ops, n, 4, 5, 1, "atomicrmw", &i, &a, &id, &type)) return;
  const struct kn_bc_type *t = &r->types.at[type];
  uint64_t what = ops[i];
  bool is_float = t->kind == TK_FLOAT || t->kind == TK_SOFT;
  if (what >> 5 & 1) return (void)kn_bc_unsupported(r, "an elementwise atomicrmw");
  if (what == RMW_FMAXIMUMNUM || what == RMW_FMINIMUMNUM)
    return (void)kn_bc_unsupported(r, "fmaximumnum and fminimumnum of atomicrmw");
  if (what >= sizeof operations / sizeof *operations)
    return (void)kn_bc_unknown(r, "operation of atomicrmw,", what);
  bool of_floats = what >= RMW_FADD && (what < RMW_UINC_WRAP || what > RMW_USUB_SAT);
  if (what != RMW_XCHG && is_float != of_floats)
    return (void)kn_bc_unsupported(r, "an atomicrmw of this type");
  kiln_type at = access_type(r, type);
  if (!at || !ordering(r, ops[i + 2], &order)) return;
  if (what != RMW_XCHG && (t->fit == FIT_BOOL || t->kind == TK_PTR))
    return (void)kn_bc_unsupported(r, t->kind == TK_PTR ? "an atomic operation on a pointer"
                                                        : "an atomic operation on i1");
  kiln_value v = to_int(r, kn_bc_use(r, id, type), t, at), p = kn_bc_use(r, a, r->m->ptr_type);
  enum access access = how(r, at, n - i > 4 ? ops[i + 4] : 0);
  if (KN_LIKELY(access == INLINE && what < RMW_FADD))
    v = kiln_build_atomic_rmw(r->f, (kiln_rmw)operations[what].rmw, at, p, v, order);
  else if (access == CALL_16 && operations[what].call != NULL)
    v = library(r, operations[what].call, "poi", (kiln_value[]){p, v, order_of(r, order)}, at);
  else v = loop(r, access, what, t, at, p, v, order);
  kn_bc_def(r, type, from_int(r, v, t, at));
}

/* The type {type, i1}. */
static uint32_t result_type(struct kn_bc *r, uint32_t type) {
  for (uint32_t i = 0; i < r->types.n; i++) {
    const struct kn_bc_type *t = &r->types.at[i];
    if (t->kind == TK_STRUCT && t->n == 2 &&
        kn_bc_types_agree(r, r->m->elems.at[t->first].type, type) &&
        r->m->elems.at[t->first + 1].type == r->m->bool_type)
      return i;
  }
  kn_bc_malformed(r, "cmpxchg without its result's type");
  return UINT32_MAX;
}

/* [ptr, expected, new, volatile, success, scope, failure, weak, align?] */
static void cas(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t a, id, type;
  kiln_ordering success, failure;
  if (!operands(r, ops, n, 6, 7, 1, "cmpxchg", &i, &a, &id, &type) ||
      !kn_bc_flags(r, "cmpxchg", ops[i + 5], 1))
    return;
  kiln_type at = access_type(r, type);
  if (!at || !ordering(r, ops[i + 2], &success) || !ordering(r, ops[i + 4], &failure)) return;
  const uint32_t result = result_type(r, type);
  if (result == UINT32_MAX || !kn_bc_split(r, result)) return;
  kiln_value expected = kn_bc_use(r, id, type);
  kiln_value desired = kn_bc_use(r, r->vals.n - (uint32_t)ops[i], type);
  enum access access = how(r, at, n - i > 6 ? ops[i + 6] : 0);
  kiln_value flag, v = exchange_if(r, access, at, kn_bc_use(r, a, r->m->ptr_type), expected,
                                   desired, success, failure, &flag);
  kn_bc_define(r, result, (const kiln_value[]){v, flag});
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
    else if (!kn_bc_ends(r, "fence", 2, n)) return;
    else if (ops[0] > 6) kn_bc_unknown(r, "memory ordering", ops[0]);
    else if (ops[1] != 0 && ordering(r, ops[0], &order)) kiln_build_fence(r->f, order);
    /* Scope 0 is "singlethread": Kiln moves no memory access, so it needs no fence. */
    return;
  }
}
