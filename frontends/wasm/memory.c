/* Memories and tables: accesses, sizes, bulk operations. */
#include "native.h"

/* ---- addresses ---- */

/* What follows the operation's code: the memory, and the offset. `natural`: log2 of the access's size. */
struct access {
  const struct kn_wasm_memory *memory;
  uint32_t index;
  uint64_t offset;
};

static struct access read_access(struct kn_wasm_body *c, unsigned natural, bool exact) {
  struct kn_wasm_in *in = &c->in;
  struct access a = {0};
  uint32_t align = kn_wasm_u32(in);
  if (align & 0x40 && !(c->w->options.refuse & KILN_WASM_MULTI_MEMORY)) {
    a.index = kn_wasm_u32(in);
    align &= ~0x40u;
  }
  if (KN_UNLIKELY(align >= 0x20)) KN_WASM_BAD(in, c->op_at, "malformed memop flags");
  if (KN_UNLIKELY(a.index >= c->w->n_memories)) {
    KN_WASM_INVALID(in, c->op_at, "unknown memory %u", a.index);
  }
  a.memory = &c->w->memories[a.index];
  a.offset = kn_wasm_size(c->w, in);
  if (KN_UNLIKELY(a.offset > UINT32_MAX && !a.memory->limits.is_64))
    KN_WASM_INVALID(in, c->op_at, "offset out of range: it must be less than 2^32");
  if (KN_UNLIKELY(align > natural))
    KN_WASM_INVALID(in, c->op_at, "alignment must not be larger than natural");
  if (KN_UNLIKELY(exact && align != natural))
    KN_WASM_INVALID(in, c->op_at, "atomic alignment must be natural");
  return a;
}

static unsigned index_type(bool is_64) { return is_64 ? KILN_WASM_TYPE_I64 : KILN_WASM_TYPE_I32; }

/* The operand as an i64: sizes and addresses of 32 bits are extended with zeros. */
static kiln_value extend(struct kn_wasm_body *c, const struct kn_wasm_operand *e, bool is_64) {
  if (is_64) return kn_wasm_value(e);
  if (e->tag & KN_WASM_CONST) return kn_wasm_int(c, (uint32_t)e->constant);
  return kiln_build_convert(c->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I32, kn_wasm_value(e));
}

static kiln_value pop_index(struct kn_wasm_body *c, bool is_64) {
  return extend(c, kn_wasm_pop(c, index_type(is_64)), is_64);
}

/* The base of a memory. */
static kiln_value memory_base(struct kn_wasm_body *c, uint32_t index) {
  if (KN_LIKELY(index == 0)) {
    if (KN_LIKELY(c->w->at_memory)) return kn_wasm_instance(c);
    return c->base.id != 0 ? c->base : kn_wasm_load_base(c);
  }
  return kiln_build_load(c->f, KILN_TYPE_I64, kn_wasm_instance(c), c->w->memories[index].base_slot,
                         0);
}

/* The address of the memory's size_bytes: base and displacement. */
static kiln_value memory_object(struct kn_wasm_body *c, const struct kn_wasm_memory *m,
                                int32_t *disp) {
  *disp = (int32_t)offsetof(kiln_wasm_memory, size_bytes);
  if (m->imported) return kiln_build_load(c->f, KILN_TYPE_I64, kn_wasm_instance(c), m->slot, 0);
  *disp += m->slot;
  return kn_wasm_instance(c);
}

static kiln_value memory_bytes(struct kn_wasm_body *c, const struct kn_wasm_memory *m) {
  int32_t disp;
  kiln_value object = memory_object(c, m, &disp);
  return kiln_build_load(c->f, KILN_TYPE_I64, object, disp, 0);
}

enum { MAX_DISP = 1 << 27 }; /* what targets fold into an access */

/* An address that is checked: traps unless all of the `size` bytes are in the memory. */
static kiln_value checked_address(struct kn_wasm_body *c, const struct access *a, kiln_value index,
                                  unsigned size) {
  kiln_func *f = c->f;
  kiln_value at = index, bytes = memory_bytes(c, a->memory);
  if (a->offset != 0)
    at =
      kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, kn_wasm_int(c, (int64_t)a->offset), index);
  /* outside: at < offset, as the sum wrapped; bytes < size; at > bytes - size */
  kiln_value wraps =
    kiln_build_icmp(f, KILN_ICOND_ULT, KILN_TYPE_I64, at, kn_wasm_int(c, (int64_t)a->offset));
  kiln_value small = kiln_build_icmp(f, KILN_ICOND_ULT, KILN_TYPE_I64, bytes, kn_wasm_int(c, size));
  kiln_value last = kiln_build_binary(f, KILN_OP_SUB, KILN_TYPE_I64, bytes, kn_wasm_int(c, size));
  kiln_value outside = kiln_build_icmp(f, KILN_ICOND_UGT, KILN_TYPE_I64, at, last);
  outside = kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I8, outside, small);
  if (a->memory->limits.is_64 && a->offset != 0)
    outside = kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I8, outside, wraps);
  if (c->w->options.flags & KILN_WASM_CHECKED) {
    kn_wasm_trap_if(c, outside, KILN_WASM_TRAP_MEMORY);
    return kiln_build_addr(f, memory_base(c, a->index), at, 1, 0);
  }
  kiln_value to = kiln_build_addr(f, memory_base(c, a->index), at, 1, 0);
  return kiln_build_select(f, KILN_TYPE_I64, outside,
                           kn_wasm_int(c, (int64_t)KILN_WASM_TRAP_MEMORY * KILN_WASM_TRAP_STEP),
                           to);
}

/* Where an access of `size` bytes is: gives the address, and a displacement to it. */
static kiln_value address(struct kn_wasm_body *c, const struct access *a,
                          const struct kn_wasm_operand *index, unsigned size, int32_t *disp) {
  *disp = 0;
  if (c->f == NULL) return (kiln_value){0};
  if (KN_UNLIKELY(a->memory->checked))
    return checked_address(c, a, extend(c, index, a->memory->limits.is_64), size);
  kiln_value base = memory_base(c, a->index);
  uint64_t offset = a->offset;
  if (index->tag & KN_WASM_CONST) {
    offset += (uint32_t)index->constant;
    if (offset < MAX_DISP) {
      *disp = (int32_t)offset;
      return base;
    }
    return kiln_build_binary(c->f, KILN_OP_ADD, KILN_TYPE_I64, base,
                             kn_wasm_int(c, (int64_t)offset));
  }
  kiln_value at =
    kiln_build_convert(c->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I32, kn_wasm_value(index));
  if (KN_LIKELY(offset < MAX_DISP)) *disp = (int32_t)offset;
  else
    at = kiln_build_binary(c->f, KILN_OP_ADD, KILN_TYPE_I64, at, kn_wasm_int(c, (int64_t)offset));
  return kiln_build_addr(c->f, base, at, 1, 0);
}

static inline const struct kn_wasm_operand *pop_address(struct kn_wasm_body *c,
                                                        const struct access *a) {
  return kn_wasm_pop(c, index_type(a->memory->limits.is_64));
}

void kn_wasm_do_load(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  int32_t disp;
  struct access a = read_access(c, o->x, false);
  kiln_value at = address(c, &a, pop_address(c, &a), 1u << o->x, &disp);
  kn_wasm_push(c, o->out, kiln_build_load(c->f, (kiln_type)o->type, at, disp, 0));
}

void kn_wasm_do_load_ext(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  int32_t disp;
  struct access a = read_access(c, o->x, false);
  kiln_value at = address(c, &a, pop_address(c, &a), 1u << o->x, &disp);
  kn_wasm_push(c, o->out,
               kiln_build_load_ext(c->f, (kiln_type)o->type, (kiln_type)o->from, at, disp,
                                   o->op ? KILN_MEM_SEXT : 0));
}

void kn_wasm_touch_end(struct kn_wasm_body *c, unsigned size, kiln_value at, int32_t disp) {
  if (KN_UNLIKELY(c->w->tears) && size > 1 && c->f != NULL)
    kiln_build_load_ext(c->f, KILN_TYPE_I32, KILN_TYPE_I8, at, disp + (int32_t)size - 1,
                        KILN_MEM_VOLATILE);
}

void kn_wasm_do_store(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  int32_t disp;
  struct access a = read_access(c, o->x, false);
  kiln_value v = kn_wasm_value(kn_wasm_pop(c, o->in));
  kiln_value at = address(c, &a, pop_address(c, &a), 1u << o->x, &disp);
  if (!a.memory->checked) kn_wasm_touch_end(c, 1u << o->x, at, disp);
  kiln_build_store(c->f, (kiln_type)o->type, at, disp, v, 0);
}

void kn_wasm_do_store_part(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  int32_t disp;
  struct access a = read_access(c, o->x, false);
  kiln_value v = kn_wasm_value(kn_wasm_pop(c, o->in));
  kiln_value at = address(c, &a, pop_address(c, &a), 1u << o->x, &disp);
  if (!a.memory->checked) kn_wasm_touch_end(c, 1u << o->x, at, disp);
  if (c->f != NULL)
    kiln_build_store_trunc(c->f, (kiln_type)o->type, (kiln_type)o->from, at, disp, v, 0);
}

kiln_value kn_wasm_read_address(struct kn_wasm_body *c, unsigned natural, int32_t *disp) {
  struct access a = read_access(c, natural, false);
  return address(c, &a, pop_address(c, &a), 1u << natural, disp);
}

kiln_value kn_wasm_read_load(struct kn_wasm_body *c, kiln_type type, kiln_type memory,
                             unsigned natural) {
  int32_t disp;
  kiln_value at = kn_wasm_read_address(c, natural, &disp);
  if (type == memory) return kiln_build_load(c->f, type, at, disp, 0);
  return kiln_build_load_ext(c->f, type, memory, at, disp, 0);
}

/* ---- atomic operations ---- */

/* Where an atomic access of 2^natural bytes is: traps unless it is aligned. */
static kiln_value atomic_address(struct kn_wasm_body *c, const struct access *a, unsigned natural) {
  int32_t disp;
  kiln_value at = address(c, a, pop_address(c, a), 1u << natural, &disp);
  if (c->f == NULL) return at;
  if (disp != 0) at = kiln_build_addr(c->f, at, (kiln_value){0}, 0, disp);
  if (natural == 0) return at;
  kiln_value odd =
    kiln_build_binary(c->f, KILN_OP_AND, KILN_TYPE_I64, at, kn_wasm_int(c, (1 << natural) - 1));
  odd = kiln_build_icmp(c->f, KILN_ICOND_NE, KILN_TYPE_I64, odd, kn_wasm_int(c, 0));
  kn_wasm_trap_if(c, odd, KILN_WASM_TRAP_UNALIGNED);
  return at;
}

/* The operand as what is in memory, and back. */
static kiln_value to_memory(struct kn_wasm_body *c, const struct kn_wasm_op *o, kiln_value v) {
  if (o->type == o->from) return v;
  return kiln_build_convert(c->f, KILN_OP_TRUNC, (kiln_type)o->from, (kiln_type)o->type, v);
}
static void push_memory(struct kn_wasm_body *c, const struct kn_wasm_op *o, kiln_value v) {
  if (o->type != o->from)
    v = kiln_build_convert(c->f, KILN_OP_ZEXT, (kiln_type)o->type, (kiln_type)o->from, v);
  kn_wasm_push(c, o->out, v);
}

void kn_wasm_do_atomic_load(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  struct access a = read_access(c, o->x, true);
  kiln_value at = atomic_address(c, &a, o->x);
  push_memory(c, o, kiln_build_atomic_load(c->f, (kiln_type)o->from, at, KILN_ORDERING_SEQ_CST));
}

void kn_wasm_do_atomic_store(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  struct access a = read_access(c, o->x, true);
  kiln_value v = to_memory(c, o, kn_wasm_value(kn_wasm_pop(c, o->in)));
  kiln_build_atomic_store(c->f, (kiln_type)o->from, atomic_address(c, &a, o->x), v,
                          KILN_ORDERING_SEQ_CST);
}

void kn_wasm_do_atomic_rmw(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  struct access a = read_access(c, o->x, true);
  kiln_value v = to_memory(c, o, kn_wasm_value(kn_wasm_pop(c, o->in))),
             at = atomic_address(c, &a, o->x);
  push_memory(
    c, o,
    kiln_build_atomic_rmw(c->f, (kiln_rmw)o->op, (kiln_type)o->from, at, v, KILN_ORDERING_SEQ_CST));
}

/* Of an operand wider than what is in memory, only the low bits are compared and stored. */
void kn_wasm_do_atomic_cmpxchg(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  struct access a = read_access(c, o->x, true);
  kiln_value new = to_memory(c, o, kn_wasm_value(kn_wasm_pop(c, o->in)));
  kiln_value expected = to_memory(c, o, kn_wasm_value(kn_wasm_pop(c, o->in)));
  push_memory(c, o,
              kiln_build_atomic_cas(c->f, (kiln_type)o->from, atomic_address(c, &a, o->x), expected,
                                    new, KILN_ORDERING_SEQ_CST, KILN_ORDERING_SEQ_CST));
}

void kn_wasm_do_atomic_fence(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  const uint8_t *at = c->in.p;
  if (kn_wasm_byte(&c->in) != 0) KN_WASM_BAD(&c->in, at, "zero byte expected");
  if (c->f != NULL) kiln_build_fence(c->f, KILN_ORDERING_SEQ_CST);
}

/* The address that wait and notify get: index and offset. */
static kiln_value wait_address(struct kn_wasm_body *c, const struct access *a) {
  bool is_64 = a->memory->limits.is_64;
  kiln_value at = extend(c, pop_address(c, a), is_64);
  if (a->offset == 0 || c->f == NULL) return at;
  at = kiln_build_binary(c->f, KILN_OP_ADD, KILN_TYPE_I64, kn_wasm_int(c, (int64_t)a->offset), at);
  if (!is_64) return at;
  kiln_value wraps =
    kiln_build_icmp(c->f, KILN_ICOND_ULT, KILN_TYPE_I64, at, kn_wasm_int(c, (int64_t)a->offset));
  kn_wasm_trap_if(c, wraps, KILN_WASM_TRAP_MEMORY);
  return at;
}

void kn_wasm_do_atomic_notify(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  struct access a = read_access(c, o->x, true);
  kiln_value count = kn_wasm_value(kn_wasm_pop(c, KILN_WASM_TYPE_I32)), at = wait_address(c, &a);
  kn_wasm_push(c, KILN_WASM_TYPE_I32,
               kn_wasm_call_helper(c, KN_WASM_HELPER_ATOMIC_NOTIFY,
                                   (kiln_value[]){kn_wasm_int(c, a.index), at, count}, 3));
}

void kn_wasm_do_atomic_wait(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  struct access a = read_access(c, o->x, true);
  kiln_value timeout = kn_wasm_value(kn_wasm_pop(c, KILN_WASM_TYPE_I64)),
             expected = kn_wasm_value(kn_wasm_pop(c, o->in));
  kiln_value at = wait_address(c, &a);
  kn_wasm_push(c, KILN_WASM_TYPE_I32,
               kn_wasm_call_helper(c, (enum kn_wasm_helper)o->op,
                                   (kiln_value[]){kn_wasm_int(c, a.index), at, expected, timeout},
                                   4));
}

/* ---- sizes, bulk operations ---- */

static const struct kn_wasm_memory *read_memory(struct kn_wasm_body *c, uint32_t *index) {
  const uint8_t *at = c->in.p;
  if (c->w->options.refuse & KILN_WASM_MULTI_MEMORY) {
    *index = kn_wasm_byte(&c->in);
    if (*index != 0) KN_WASM_BAD(&c->in, at, "zero byte expected");
  } else {
    *index = kn_wasm_u32(&c->in);
  }
  if (*index >= c->w->n_memories) KN_WASM_INVALID(&c->in, c->op_at, "unknown memory %u", *index);
  return &c->w->memories[*index];
}

static const struct kn_wasm_table *read_table(struct kn_wasm_body *c, uint32_t *index) {
  *index = kn_wasm_u32(&c->in);
  if (*index >= c->w->n_tables) KN_WASM_INVALID(&c->in, c->op_at, "unknown table %u", *index);
  return &c->w->tables[*index];
}

/* Pushes a size, an i64, as what memory or table has. */
static void push_size(struct kn_wasm_body *c, bool is_64, kiln_value v) {
  if (!is_64) v = kiln_build_convert(c->f, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64, v);
  kn_wasm_push(c, index_type(is_64), v);
}

void kn_wasm_do_memory_size(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index;
  const struct kn_wasm_memory *m = read_memory(c, &index);
  kiln_value pages = {0};
  if (c->f != NULL) {
    int32_t disp;
    kiln_value object = memory_object(c, m, &disp);
    kiln_value bytes =
      kiln_build_load(c->f, KILN_TYPE_I64, object, disp, m->limits.shared ? KILN_MEM_VOLATILE : 0);
    pages = kiln_build_binary(c->f, KILN_OP_LSHR, KILN_TYPE_I64, bytes, kn_wasm_int(c, 16));
  }
  push_size(c, m->limits.is_64, pages);
}

void kn_wasm_do_memory_grow(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index;
  const struct kn_wasm_memory *m = read_memory(c, &index);
  kiln_value args[2] = {kn_wasm_int(c, index), pop_index(c, m->limits.is_64)};
  push_size(c, m->limits.is_64, kn_wasm_call_helper(c, KN_WASM_HELPER_MEMORY_GROW, args, 2));
}

void kn_wasm_do_memory_fill(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index;
  bool is_64 = read_memory(c, &index)->limits.is_64;
  kiln_value size = pop_index(c, is_64), byte = kn_wasm_value(kn_wasm_pop(c, KILN_WASM_TYPE_I32)),
             to = pop_index(c, is_64);
  kn_wasm_call_helper(c, KN_WASM_HELPER_MEMORY_FILL,
                      (kiln_value[]){kn_wasm_int(c, index), to, byte, size}, 4);
}

void kn_wasm_do_memory_copy(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t to_index, from_index;
  bool to_64 = read_memory(c, &to_index)->limits.is_64,
       from_64 = read_memory(c, &from_index)->limits.is_64;
  kiln_value size = pop_index(c, to_64 && from_64), from = pop_index(c, from_64),
             to = pop_index(c, to_64);
  kn_wasm_call_helper(
    c, KN_WASM_HELPER_MEMORY_COPY,
    (kiln_value[]){kn_wasm_int(c, to_index), kn_wasm_int(c, from_index), to, from, size}, 5);
}

/* Reads the index of a data segment. */
static uint32_t read_data(struct kn_wasm_body *c) {
  uint32_t index = kn_wasm_u32(&c->in);
  if (c->w->data_count == UINT32_MAX) KN_WASM_BAD(&c->in, c->op_at, "data count section required");
  if (index >= c->w->data_count)
    KN_WASM_INVALID(&c->in, c->op_at, "unknown data segment %u", index);
  return index;
}

static kiln_value pop_i32(struct kn_wasm_body *c) {
  return kn_wasm_value(kn_wasm_pop(c, KILN_WASM_TYPE_I32));
}

void kn_wasm_do_memory_init(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index, data = read_data(c);
  bool is_64 = read_memory(c, &index)->limits.is_64;
  kiln_value size = pop_i32(c), from = pop_i32(c), to = pop_index(c, is_64);
  kn_wasm_call_helper(c, KN_WASM_HELPER_MEMORY_INIT,
                      (kiln_value[]){kn_wasm_int(c, index), kn_wasm_int(c, data), to, from, size},
                      5);
}

void kn_wasm_do_data_drop(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kiln_value data = kn_wasm_int(c, read_data(c));
  kn_wasm_call_helper(c, KN_WASM_HELPER_DATA_DROP, &data, 1);
}

/* ---- tables ---- */

kiln_value kn_wasm_element(struct kn_wasm_body *c, uint32_t table, kiln_wasm_trap trap) {
  const struct kn_wasm_table *t = &c->w->tables[table];
  kiln_value index = pop_index(c, t->limits.is_64);
  kiln_func *f = c->f;
  if (f == NULL) return index;
  kiln_value object = kn_wasm_instance(c);
  int32_t disp = t->slot;
  if (t->imported) {
    object = kiln_build_load(f, KILN_TYPE_I64, object, disp, 0);
    disp = 0;
  }
  kiln_value elements = kiln_build_load(f, KILN_TYPE_I64, object,
                                        disp + (int32_t)offsetof(kiln_wasm_table, elements), 0);
  kiln_value size = kiln_build_load(f, KILN_TYPE_I64, object,
                                    disp + (int32_t)offsetof(kiln_wasm_table, size_elements), 0);
  if (c->w->options.flags & KILN_WASM_CHECKED) {
    kn_wasm_trap_if(c, kiln_build_icmp(f, KILN_ICOND_ULE, KILN_TYPE_I64, size, index), trap);
    return kiln_build_addr(f, elements, index, 8, 0);
  }
  kiln_value at = kiln_build_addr(f, elements, index, 8, 0);
  kiln_value outside = kiln_build_icmp(f, KILN_ICOND_ULE, KILN_TYPE_I64, size, index);
  return kiln_build_select(f, KILN_TYPE_I64, outside,
                           kn_wasm_int(c, (int64_t)trap * KILN_WASM_TRAP_STEP), at);
}

void kn_wasm_do_table_get(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index;
  const struct kn_wasm_table *t = read_table(c, &index);
  kiln_value at = kn_wasm_element(c, index, KILN_WASM_TRAP_TABLE);
  kn_wasm_push(c, t->type, kiln_build_load(c->f, KILN_TYPE_I64, at, 0, 0));
}

void kn_wasm_do_table_set(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index;
  const struct kn_wasm_table *t = read_table(c, &index);
  kiln_value v = kn_wasm_value(kn_wasm_pop(c, t->type));
  kiln_value at = kn_wasm_element(c, index, KILN_WASM_TRAP_TABLE);
  kiln_build_store(c->f, KILN_TYPE_I64, at, 0, v, 0);
}

void kn_wasm_do_table_size(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index;
  const struct kn_wasm_table *t = read_table(c, &index);
  kiln_value size = {0};
  if (c->f != NULL) {
    kiln_value object = kn_wasm_instance(c);
    int32_t disp = (int32_t)offsetof(kiln_wasm_table, size_elements);
    if (t->imported) object = kiln_build_load(c->f, KILN_TYPE_I64, object, t->slot, 0);
    else disp += t->slot;
    size = kiln_build_load(c->f, KILN_TYPE_I64, object, disp, 0);
  }
  push_size(c, t->limits.is_64, size);
}

void kn_wasm_do_table_grow(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index;
  const struct kn_wasm_table *t = read_table(c, &index);
  kiln_value more = pop_index(c, t->limits.is_64), ref = kn_wasm_value(kn_wasm_pop(c, t->type));
  push_size(c, t->limits.is_64,
            kn_wasm_call_helper(c, KN_WASM_HELPER_TABLE_GROW,
                                (kiln_value[]){kn_wasm_int(c, index), ref, more}, 3));
}

void kn_wasm_do_table_fill(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index;
  const struct kn_wasm_table *t = read_table(c, &index);
  bool is_64 = t->limits.is_64;
  kiln_value n = pop_index(c, is_64), ref = kn_wasm_value(kn_wasm_pop(c, t->type)),
             to = pop_index(c, is_64);
  kn_wasm_call_helper(c, KN_WASM_HELPER_TABLE_FILL,
                      (kiln_value[]){kn_wasm_int(c, index), to, ref, n}, 4);
}

void kn_wasm_do_table_copy(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t to_index, from_index;
  const struct kn_wasm_table *to_table = read_table(c, &to_index),
                             *from_table = read_table(c, &from_index);
  if (to_table->type != from_table->type) kn_wasm_mismatch(c, to_table->type, from_table->type);
  bool to_64 = to_table->limits.is_64, from_64 = from_table->limits.is_64;
  kiln_value n = pop_index(c, to_64 && from_64), from = pop_index(c, from_64),
             to = pop_index(c, to_64);
  kn_wasm_call_helper(
    c, KN_WASM_HELPER_TABLE_COPY,
    (kiln_value[]){kn_wasm_int(c, to_index), kn_wasm_int(c, from_index), to, from, n}, 5);
}

static uint32_t read_elem(struct kn_wasm_body *c) {
  uint32_t index = kn_wasm_u32(&c->in);
  if (index >= c->w->n_elems) KN_WASM_INVALID(&c->in, c->op_at, "unknown elem segment %u", index);
  return index;
}

void kn_wasm_do_table_init(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t elem = kn_wasm_u32(&c->in), index;
  const struct kn_wasm_table *t = read_table(c, &index);
  if (elem >= c->w->n_elems) KN_WASM_INVALID(&c->in, c->op_at, "unknown elem segment %u", elem);
  if (c->w->elems[elem].type != t->type) kn_wasm_mismatch(c, t->type, c->w->elems[elem].type);
  kiln_value n = pop_i32(c), from = pop_i32(c), to = pop_index(c, t->limits.is_64);
  kn_wasm_call_helper(c, KN_WASM_HELPER_TABLE_INIT,
                      (kiln_value[]){kn_wasm_int(c, index), kn_wasm_int(c, elem), to, from, n}, 5);
}

void kn_wasm_do_elem_drop(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kiln_value elem = kn_wasm_int(c, read_elem(c));
  kn_wasm_call_helper(c, KN_WASM_HELPER_ELEM_DROP, &elem, 1);
}

/* ---- globals and references ---- */

static const struct kn_wasm_global *read_global(struct kn_wasm_body *c) {
  uint32_t index = kn_wasm_u32(&c->in);
  if (index >= c->w->n_globals) KN_WASM_INVALID(&c->in, c->op_at, "unknown global %u", index);
  return &c->w->globals[index];
}

/* Where a global's value is. */
static kiln_value global_address(struct kn_wasm_body *c, const struct kn_wasm_global *g,
                                 int32_t *disp) {
  *disp = 0;
  if (c->f == NULL) return (kiln_value){0};
  if (g->imported) return kiln_build_load(c->f, KILN_TYPE_I64, kn_wasm_instance(c), g->slot, 0);
  *disp = g->slot;
  return kn_wasm_instance(c);
}

void kn_wasm_do_global_get(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  int32_t disp;
  const struct kn_wasm_global *g = read_global(c);
  kiln_value at = global_address(c, g, &disp);
  kn_wasm_push_tag(c, g->type | KN_WASM_LOCAL,
                   kiln_build_load(c->f, kn_wasm_builder_type(g->type), at, disp, 0));
}

void kn_wasm_do_global_set(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  int32_t disp;
  const struct kn_wasm_global *g = read_global(c);
  if (!g->is_mutable) KN_WASM_INVALID(&c->in, c->op_at, "global is immutable");
  kiln_value v = kn_wasm_value(kn_wasm_pop(c, g->type));
  kiln_value at = global_address(c, g, &disp);
  kiln_build_store(c->f, kn_wasm_builder_type(g->type), at, disp, v, 0);
}

void kn_wasm_do_ref_null(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kn_wasm_push(c, kn_wasm_heap_type(c->w, &c->in), kn_wasm_int(c, 0));
}

void kn_wasm_do_ref_is_null(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  unsigned type = c->sp > c->floor ? c->sp[-1].tag & KN_WASM_TYPE_MASK : KILN_WASM_TYPE_NONE;
  if (type != KILN_WASM_TYPE_NONE && type < KILN_WASM_TYPE_FUNCREF)
    kn_wasm_mismatch(c, KILN_WASM_TYPE_FUNCREF, type);
  kiln_value v = kn_wasm_value(kn_wasm_pop(c, type));
  kn_wasm_push_tag(c, KILN_WASM_TYPE_I32 | KN_WASM_BOOL,
                   kiln_build_icmp(c->f, KILN_ICOND_EQ, KILN_TYPE_I64, v, kn_wasm_int(c, 0)));
}

void kn_wasm_do_ref_func(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index = kn_wasm_u32(&c->in);
  if (index >= c->w->n_funcs) KN_WASM_INVALID(&c->in, c->op_at, "unknown function %u", index);
  const struct kn_wasm_func *f = &c->w->funcs[index];
  if (!f->referred) KN_WASM_INVALID(&c->in, c->op_at, "undeclared function reference");
  kiln_value at = {0};
  if (c->f != NULL) at = kiln_build_addr(c->f, kn_wasm_instance(c), (kiln_value){0}, 0, f->slot);
  kn_wasm_push(c, KILN_WASM_TYPE_FUNCREF, at);
}
