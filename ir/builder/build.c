/* Instructions by shape: the calls that append anything but calls and terminators to the current
 * block. Called by front ends, once per instruction, so each is one straight line: capacity, opcode
 * and types by table, operands, append. Errors go out of line. */
#include "ir/builder/builder.h"

/* The general form of a call, to which its fast path goes if something is not simple. */
#define GENERAL static __attribute__((noinline))

/* ---- arithmetic ---- */

/* True if `op` exists and has `type` in its set. */
static inline bool op_takes(unsigned op, unsigned type) {
  return op < KILN_OP_COUNT && type < KILN_TYPE_COUNT && kn_op_info[op].types >> type & 1;
}

/* True if the fast path may take opcode and type: of this shape, without a fact to be noted, and not lowered to a call
 * on this target. */
static inline bool is_plain(const kiln_func *f, unsigned op, unsigned type, unsigned shape) {
  if (!op_takes(op, type)) return false;
  uint16_t shape_fact;
  memcpy(&shape_fact, &kn_op_info[op].shape, sizeof shape_fact);
  return shape_fact == (shape | KN_FACT_NO << 8) && !(f->clobbers[op] >> type & 1);
}
_Static_assert(offsetof(struct kn_op_info, fact) == offsetof(struct kn_op_info, shape) + 1,
               "shape and fact are one word");

#define SHAPE(s) (UINT64_C(1) << KN_SH_##s)
_Static_assert(KN_SH_COUNT <= 64, "a bit for each shape");

/* An instruction of one of `shapes`, if the operation exists for the type. */
GENERAL kiln_value append(kiln_func *f, unsigned op, unsigned type, uint64_t shapes, unsigned x,
                          kiln_value a, kiln_value b, kiln_value c) {
  if (!kn_build_begun(f)) return KN_NONE;
  if (KN_UNLIKELY(!op_takes(op, type) || !(shapes >> kn_op_shape(op) & 1)))
    return kn_build_bad_op(f, op, type);
  return (kiln_value){kn_build_append(f, op, type, x, a.id, b.id, c.id)};
}

GENERAL kiln_value build_unary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a) {
  if (KN_UNLIKELY(op == KILN_OP_VA_START && !f->facts.variadic && kn_build_ready(f)))
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_STRUCTURE,
                         "va_start in a function that is not variadic");
  return append(f, op, type, SHAPE(UN) | SHAPE(UNV) | SHAPE(SLOTV), 0, a, KN_NONE, KN_NONE);
}

kiln_value kiln_build_unary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a) {
  if (KN_UNLIKELY(f == NULL)) return KN_NONE;
  uint64_t state = kn_build_state(f, type);
  if (KN_UNLIKELY(f->n >= f->limit || op == KILN_OP_TLS_ADDR || !is_plain(f, op, type, KN_SH_UN) ||
                  !kn_build_is_local(f, a.id, state)))
    return build_unary(f, op, type, a);
  f->val[a.id].uses++;
  return (kiln_value){kn_build_emit(f, op, type, type, 0, a.id, 0, 0)};
}

GENERAL kiln_value build_binary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                kiln_value b) {
  return append(f, op, type, SHAPE(BIN) | SHAPE(BINV), 0, a, b, KN_NONE);
}

kiln_value kiln_build_binary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a, kiln_value b) {
  if (KN_UNLIKELY(f == NULL)) return KN_NONE;
  uint64_t state = kn_build_state(f, type);
  if (KN_UNLIKELY(f->n >= f->limit || !is_plain(f, op, type, KN_SH_BIN) ||
                  !kn_build_is_local(f, a.id, state) || !kn_build_is_simple(f, b.id, type, state)))
    return build_binary(f, op, type, a, b);
  f->val[a.id].uses++;
  kn_build_count_simple(f, b.id);
  return (kiln_value){kn_build_emit(f, op, type, type, 0, a.id, b.id, 0)};
}

kiln_value kiln_build_ternary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a, kiln_value b,
                              kiln_value c) {
  return append(f, op, type, SHAPE(TERN) | SHAPE(MEM3) | SHAPE(MEMSET), 0, a, b, c);
}

enum { CONVERSIONS = KN_SH_CONV_BITS - KN_SH_CONV_II };
_Static_assert(CONVERSIONS == 4, "the shapes of conversions follow each other");

GENERAL kiln_value build_convert(kiln_func *f, kiln_op op, kiln_type to, kiln_type from,
                                 kiln_value a) {
  if (!kn_build_ready(f)) return KN_NONE;
  if (KN_UNLIKELY(!op_takes(op, to) || kn_op_shape(op) - KN_SH_CONV_II > CONVERSIONS))
    return kn_build_bad_op(f, op, to);
  if (KN_UNLIKELY((unsigned)from >= KILN_TYPE_COUNT || !kn_op_converts(op, to, from)))
    return kn_build_bad_type(f, op, from);
  f->facts.has_pairs |= from == KILN_TYPE_I128; /* of a constant, too */
  return (kiln_value){kn_build_append(f, op, to, from, a.id, 0, 0)};
}

kiln_value kiln_build_convert(kiln_func *f, kiln_op op, kiln_type to, kiln_type from,
                              kiln_value a) {
  if (KN_UNLIKELY(f == NULL)) return KN_NONE;
  /* Integer to integer up to 64 bits: no target needs a call. */
  unsigned wide = op == KILN_OP_TRUNC ? from : to, narrow = op == KILN_OP_TRUNC ? to : from;
  if (KN_UNLIKELY(f->n >= f->limit || (unsigned)op - KILN_OP_TRUNC > 2 || narrow >= wide ||
                  wide > KILN_TYPE_I64 || narrow == KILN_TYPE_VOID ||
                  !kn_build_is_local(f, a.id, kn_build_state(f, from))))
    return build_convert(f, op, to, from, a);
  f->val[a.id].uses++;
  return (kiln_value){kn_build_emit(f, op, to, to, from, a.id, 0, 0)};
}
_Static_assert(KILN_OP_ZEXT == KILN_OP_TRUNC + 1 && KILN_OP_SEXT == KILN_OP_TRUNC + 2,
               "integer conversions are three in a row");

kiln_value kiln_build_nullary(kiln_func *f, kiln_op op) {
  unsigned type = (unsigned)op < KILN_OP_COUNT ? kn_op_only_type(op) : KILN_TYPE_VOID;
  return append(f, op, type, SHAPE(NULLARY) | SHAPE(NULLARYV), 0, KN_NONE, KN_NONE, KN_NONE);
}

kiln_value kiln_build_result(kiln_func *f, kiln_value of, unsigned index) {
  if (!kn_build_begun(f)) return KN_NONE;
  const uint32_t newest = f->n - 1 - (f->inst[f->n - 1].op == KILN_OP_UPPER);
  const struct kn_inst *last = &f->inst[newest];
  bool behind =
    of.id == newest || (last->op == KILN_OP_RESULT && last->a == of.id && last->x < index);
  if (KN_UNLIKELY(of.id == 0 || !behind || f->val[of.id].block != f->current))
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_STRUCTURE,
                         "a result must directly follow its operation");
  unsigned type = kn_inst_further_result(f, f->inst + of.id, index);
  if (KN_UNLIKELY(type == KILN_TYPE_VOID))
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_ARGUMENT, "the operation has no such result");
  uint32_t v = kn_build_emit(f, KILN_OP_RESULT, type, type, index, of.id, 0, 0);
  return (kiln_value){kn_build_made(f, type, v)};
}

/* ---- comparison and choice ---- */

GENERAL kiln_value build_icmp(kiln_func *f, kiln_icond cond, kiln_type type, kiln_value a,
                              kiln_value b) {
  if (KN_UNLIKELY((unsigned)cond >= KILN_ICOND_COUNT))
    return kn_build_ready(f) ? kn_build_bad_flags(f, KILN_OP_ICMP, "conditions") : KN_NONE;
  return append(f, KILN_OP_ICMP, type, SHAPE(ICMP), cond, a, b, KN_NONE);
}

kiln_value kiln_build_icmp(kiln_func *f, kiln_icond cond, kiln_type type, kiln_value a,
                           kiln_value b) {
  if (KN_UNLIKELY(f == NULL)) return KN_NONE;
  uint64_t state = kn_build_state(f, type);
  if (KN_UNLIKELY(f->n >= f->limit || (unsigned)cond >= KILN_ICOND_COUNT || !kn_type_is_int(type) ||
                  !kn_build_is_local(f, a.id, state) || !kn_build_is_simple(f, b.id, type, state)))
    return build_icmp(f, cond, type, a, b);
  f->val[a.id].uses++;
  kn_build_count_simple(f, b.id);
  return (kiln_value){kn_build_emit(f, KILN_OP_ICMP, type, KILN_TYPE_I8, cond, a.id, b.id, 0)};
}

kiln_value kiln_build_fcmp(kiln_func *f, kiln_fcond cond, kiln_type type, kiln_value a,
                           kiln_value b) {
  if (KN_UNLIKELY((unsigned)cond >= KILN_FCOND_COUNT))
    return kn_build_begun(f) ? kn_build_bad_flags(f, KILN_OP_FCMP, "conditions") : KN_NONE;
  return append(f, KILN_OP_FCMP, type, SHAPE(FCMP), cond, a, b, KN_NONE);
}

kiln_value kiln_build_select(kiln_func *f, kiln_type type, kiln_value cond, kiln_value a,
                             kiln_value b) {
  return append(f, KILN_OP_SELECT, type, SHAPE(SELECT), 0, cond, a, b);
}

/* ---- memory ---- */

#define FAST_FLAGS (KILN_MEM_NONTEMPORAL | KILN_MEM_ALIGN(15))
#define MEM_FLAGS (FAST_FLAGS | KILN_MEM_VOLATILE)

static inline kiln_value loaded(kiln_func *f, unsigned type, unsigned x, uint32_t a, int32_t disp) {
  uint32_t v = kn_build_emit(f, KILN_OP_LOAD, type, type, x, a, 0, (uint32_t)disp);
  return (kiln_value){kn_build_made(f, type, v)};
}

GENERAL kiln_value build_load(kiln_func *f, kiln_type type, kiln_value a, int32_t disp,
                              unsigned mem_flags) {
  if (!kn_build_ready(f)) return KN_NONE;
  if (KN_UNLIKELY(!kn_build_is_type(type))) return kn_build_bad_type(f, KILN_OP_LOAD, type);
  if (KN_UNLIKELY((mem_flags & ~MEM_FLAGS) != 0))
    return kn_build_bad_flags(f, KILN_OP_LOAD, "flags");
  if (!kn_build_address(f, &a.id, type, &disp, mem_flags, KN_ROW_LOAD)) return KN_NONE;
  return loaded(f, type, type | mem_flags, a.id, disp);
}

/* The fast way of a load that is not from a slot, and of no i128. */
static __attribute__((noinline)) kiln_value load_value(kiln_func *f, kiln_type type, kiln_value a,
                                                       int32_t disp, unsigned mem_flags) {
  if (KN_UNLIKELY(!kn_build_is_type(type) || type == KILN_TYPE_I128 ||
                  !kn_build_is_local(f, a.id, kn_build_state(f, KILN_TYPE_PTR))))
    return build_load(f, type, a, disp, mem_flags);
  f->val[a.id].uses++;
  return (kiln_value){
    kn_build_emit(f, KILN_OP_LOAD, type, type, type | mem_flags, a.id, 0, (uint32_t)disp)};
}

kiln_value kiln_build_load(kiln_func *f, kiln_type type, kiln_value a, int32_t disp,
                           unsigned mem_flags) {
  if (KN_UNLIKELY(f == NULL)) return KN_NONE;
  if (KN_UNLIKELY(f->n >= f->limit || (mem_flags & ~FAST_FLAGS) != 0))
    return build_load(f, type, a, disp, mem_flags);
  uint32_t slot = a.id - kn_handle(KN_TAG_SLOT, 0);
  if (slot >= f->slots.n) return load_value(f, type, a, disp, mem_flags);
  if (KN_UNLIKELY(!kn_build_fast_slot(f, slot, type, disp, KN_ROW_LOAD)))
    return build_load(f, type, a, disp, mem_flags);
  return (kiln_value){
    kn_build_emit(f, KILN_OP_LOAD, type, type, type | mem_flags, a.id, 0, (uint32_t)disp)};
}

kiln_value kiln_build_load_ext(kiln_func *f, kiln_type type, kiln_type mem, kiln_value a,
                               int32_t disp, unsigned mem_flags) {
  if (!kn_build_begun(f)) return KN_NONE;
  if (KN_UNLIKELY(!kn_type_is_int(type) || !kn_type_is_int(mem) || mem >= type))
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_TYPE,
                         !kn_type_is_int(type) || !kn_type_is_int(mem)
                           ? "a load that extends takes types of integers"
                           : "a load that extends takes a type in memory narrower than its result");
  if (KN_UNLIKELY((mem_flags & ~(MEM_FLAGS | KILN_MEM_SEXT)) != 0))
    return kn_build_bad_flags(f, KILN_OP_LOAD, "flags");
  uint32_t slot = a.id - kn_handle(KN_TAG_SLOT, 0);
  if (slot < f->slots.n) kn_build_memory(f, slot, KN_MEMORY_WHOLE);
  else if (!kn_build_operand(f, a.id, KILN_TYPE_PTR, 1)) return KN_NONE;
  return loaded(f, type, mem | mem_flags, a.id, disp);
}

/* Hints a value that the instruction right before its store makes: it is stored next. */
static inline void hint_stored(kiln_func *f, uint32_t v) {
  if (v == f->n - 1) f->val[v].hint = KN_HINT_STORED;
}

GENERAL void build_store(kiln_func *f, kiln_type type, kiln_value a, int32_t disp, kiln_value v,
                         unsigned mem_flags) {
  if (!kn_build_ready(f)) return;
  if (KN_UNLIKELY(!kn_build_is_type(type) || (mem_flags & ~MEM_FLAGS) != 0)) {
    if (!kn_build_is_type(type)) kn_build_bad_type(f, KILN_OP_STORE, type);
    else kn_build_bad_flags(f, KILN_OP_STORE, "flags");
    return;
  }
  if (!kn_build_operand_imm(f, v.id, type, 2)) return;
  if (!kn_build_address(f, &a.id, type, &disp, mem_flags, 0)) return;
  hint_stored(f, v.id);
  kn_build_emit(f, KILN_OP_STORE, type, KILN_TYPE_VOID, type | mem_flags, a.id, v.id,
                (uint32_t)disp);
  if (KN_UNLIKELY(type == KILN_TYPE_I128) && kn_is_slot(a.id)) kn_build_spare(f);
}

/* The fast way of a store that is not to a slot. */
static __attribute__((noinline)) void store_value(kiln_func *f, kiln_type type, kiln_value a,
                                                  int32_t disp, kiln_value v, unsigned mem_flags) {
  if (KN_UNLIKELY(!kn_build_is_type(type) ||
                  !kn_build_is_simple(f, v.id, type, kn_build_state(f, type)) ||
                  !kn_build_is_local(f, a.id, kn_build_state(f, KILN_TYPE_PTR)))) {
    build_store(f, type, a, disp, v, mem_flags);
    return;
  }
  f->val[a.id].uses++;
  kn_build_count_simple(f, v.id);
  hint_stored(f, v.id);
  kn_build_emit(f, KILN_OP_STORE, type, KILN_TYPE_VOID, type | mem_flags, a.id, v.id,
                (uint32_t)disp);
}

void kiln_build_store(kiln_func *f, kiln_type type, kiln_value a, int32_t disp, kiln_value v,
                      unsigned mem_flags) {
  if (KN_UNLIKELY(f == NULL)) return;
  uint32_t slot = a.id - kn_handle(KN_TAG_SLOT, 0);
  if (KN_UNLIKELY(f->n >= f->limit || (mem_flags & ~FAST_FLAGS) != 0)) {
    build_store(f, type, a, disp, v, mem_flags);
    return;
  }
  if (slot >= f->slots.n) {
    store_value(f, type, a, disp, v, mem_flags);
    return;
  }
  if (KN_UNLIKELY(!kn_build_is_simple(f, v.id, type, kn_build_state(f, type)) ||
                  !kn_build_fast_slot(f, slot, type, disp, 0))) {
    build_store(f, type, a, disp, v, mem_flags);
    return;
  }
  kn_build_count_simple(f, v.id);
  hint_stored(f, v.id);
  kn_build_emit(f, KILN_OP_STORE, type, KILN_TYPE_VOID, type | mem_flags, a.id, v.id,
                (uint32_t)disp);
}

void kiln_build_store_trunc(kiln_func *f, kiln_type type, kiln_type mem, kiln_value a, int32_t disp,
                            kiln_value v, unsigned mem_flags) {
  bool constant = v.id != 0 && kiln_value_type(f, v) == KILN_TYPE_VOID; /* takes any type */
  if (!constant) v = kiln_build_convert(f, KILN_OP_TRUNC, mem, type, v);
  kiln_build_store(f, mem, a, disp, v, mem_flags);
}

void kiln_build_memory(kiln_func *f, kiln_op op, kiln_value a, kiln_value b, kiln_value c,
                       unsigned mem_flags) {
  if (KN_UNLIKELY((mem_flags & ~KILN_MEM_VOLATILE) != 0)) {
    if (kn_build_begun(f)) kn_build_bad_flags(f, op, "flags");
    return;
  }
  append(f, op, KILN_TYPE_PTR, SHAPE(MEM3) | SHAPE(MEMSET), mem_flags, a, b, c);
}

GENERAL kiln_value build_addr(kiln_func *f, kiln_value base, kiln_value index, unsigned scale,
                              int32_t disp) {
  if (!kn_build_ready(f)) return KN_NONE;
  if (KN_UNLIKELY(scale > UINT16_MAX))
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_LIMIT, "the scale is larger than 65535");
  if (index.id == 0) scale = 0;
  return (kiln_value){
    kn_build_append(f, KILN_OP_ADDR, KILN_TYPE_PTR, scale, base.id, index.id, (uint32_t)disp)};
}

kiln_value kiln_build_addr(kiln_func *f, kiln_value base, kiln_value index, unsigned scale,
                           int32_t disp) {
  if (KN_UNLIKELY(f == NULL)) return KN_NONE;
  uint64_t state = kn_build_state(f, KILN_TYPE_PTR);
  if (KN_UNLIKELY(f->n >= f->limit || scale > UINT16_MAX ||
                  (index.id != 0 && !kn_build_is_local(f, index.id, state))))
    return build_addr(f, base, index, scale, disp);
  uint32_t slot = base.id - kn_handle(KN_TAG_SLOT, 0);
  if (slot < f->slots.n) {
    kn_build_escape(f, slot);
  } else {
    if (KN_UNLIKELY(!kn_build_is_local(f, base.id, state)))
      return build_addr(f, base, index, scale, disp);
    f->val[base.id].uses++;
  }
  if (index.id == 0) scale = 0;
  else f->val[index.id].uses++;
  return (kiln_value){kn_build_emit(f, KILN_OP_ADDR, KILN_TYPE_PTR, KILN_TYPE_PTR, scale, base.id,
                                    index.id, (uint32_t)disp)};
}

kiln_value kiln_build_salloc(kiln_func *f, kiln_value size, unsigned align_log2) {
  if (!kn_build_begun(f)) return KN_NONE;
  if (align_log2 > KN_MAX_ALIGN_LOG2)
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_LIMIT, "the alignment must be at most 2^16");
  return (kiln_value){kn_build_append(f, KILN_OP_SALLOC, KILN_TYPE_PTR, align_log2, size.id, 0, 0)};
}

/* ---- atomics ---- */

#define ORDER(o) (1u << KILN_ORDERING_##o)
enum { /* sets of orderings */
       ORDERS_ANY = (1 << KILN_ORDERING_COUNT) - 1,
       ORDERS_LOAD = ORDER(RELAXED) | ORDER(ACQUIRE) | ORDER(SEQ_CST),
       ORDERS_STORE = ORDER(RELAXED) | ORDER(RELEASE) | ORDER(SEQ_CST),
       ORDERS_FENCE = ORDERS_ANY & ~ORDER(RELAXED)
};

/* True if an atomic operation on `type` may have ordering `order` out of the set. */
static bool atomic_ok(kiln_func *f, unsigned op, unsigned type, unsigned order, unsigned orders) {
  if (!kn_build_begun(f)) return false;
  if (!(kn_op_info[op].types >> (type < KILN_TYPE_COUNT ? type : 15) & 1)) {
    kn_build_bad_type(f, op, type);
    return false;
  }
  if (order >= KILN_ORDERING_COUNT || !(orders >> order & 1))
    return kn_build_fail(f, KILN_ERR_ARGUMENT, "the operation does not allow this memory ordering");
  return true;
}

kiln_value kiln_build_atomic_load(kiln_func *f, kiln_type type, kiln_value a, kiln_ordering order) {
  if (!atomic_ok(f, KILN_OP_ATOMIC_LOAD, type, order, ORDERS_LOAD)) return KN_NONE;
  return (kiln_value){kn_build_append(f, KILN_OP_ATOMIC_LOAD, type, order, a.id, 0, 0)};
}

void kiln_build_atomic_store(kiln_func *f, kiln_type type, kiln_value a, kiln_value v,
                             kiln_ordering order) {
  if (!atomic_ok(f, KILN_OP_ATOMIC_STORE, type, order, ORDERS_STORE)) return;
  kn_build_append(f, KILN_OP_ATOMIC_STORE, type, order, a.id, v.id, 0);
}

kiln_value kiln_build_atomic_rmw(kiln_func *f, kiln_rmw op, kiln_type type, kiln_value a,
                                 kiln_value v, kiln_ordering order) {
  if (!atomic_ok(f, KILN_OP_ATOMIC_RMW, type, order, ORDERS_ANY)) return KN_NONE;
  if ((unsigned)op >= KILN_RMW_COUNT)
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_ARGUMENT,
                         "the read-modify-write operation does not exist");
  unsigned x = (unsigned)order | (unsigned)op << 8;
  return (kiln_value){kn_build_append(f, KILN_OP_ATOMIC_RMW, type, x, a.id, v.id, 0)};
}

kiln_value kiln_build_atomic_cas(kiln_func *f, kiln_type type, kiln_value a, kiln_value expected,
                                 kiln_value desired, kiln_ordering success, kiln_ordering failure) {
  if (!atomic_ok(f, KILN_OP_ATOMIC_CAS, type, success, ORDERS_ANY) ||
      !atomic_ok(f, KILN_OP_ATOMIC_CAS, type, failure, ORDERS_LOAD))
    return KN_NONE;
  unsigned x = (unsigned)success | (unsigned)failure << 3;
  return (kiln_value){
    kn_build_append(f, KILN_OP_ATOMIC_CAS, type, x, a.id, expected.id, desired.id)};
}

void kiln_build_fence(kiln_func *f, kiln_ordering order) {
  if (!atomic_ok(f, KILN_OP_FENCE, KILN_TYPE_VOID, order, ORDERS_FENCE)) return;
  kn_build_append(f, KILN_OP_FENCE, KILN_TYPE_VOID, order, 0, 0, 0);
}

/* ---- the rest ---- */

kiln_value kiln_build_va_arg(kiln_func *f, kiln_type type, kiln_value a) {
  return append(f, KILN_OP_VA_ARG, type, SHAPE(VA_ARG), 0, a, KN_NONE, KN_NONE);
}

kiln_value kiln_build_level(kiln_func *f, kiln_op op, unsigned level) {
  if (level <= UINT16_MAX)
    return append(f, op, KILN_TYPE_PTR, SHAPE(LEVEL), level, KN_NONE, KN_NONE, KN_NONE);
  if (kn_build_begun(f)) kn_build_fail(f, KILN_ERR_LIMIT, "the level is larger than 65535");
  return KN_NONE;
}
