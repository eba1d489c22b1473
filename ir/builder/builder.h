/* The builder's shared core: one capacity check, operand uses and the writing of an instruction,
 * inlined into every call of <kiln/build.h>. Included by ir/build; the rest of the library only
 * needs kn_func_release and kn_func_free_all. Invariant: kiln_func.limit is 0 whenever nothing may
 * be appended (error, finished, block terminated), so `n < limit` is the only check that a call
 * needs before it reads its operands. */
#ifndef KN_IR_BUILD_BUILDER_H
#define KN_IR_BUILD_BUILDER_H

#include "ir/func.h"
#include <string.h>

/* ---- for the rest of the library ---- */

/* Gives a compiled or unwanted function back to its session, whose next function gets its arrays.
 * Does not touch its symbol (kiln_func_discard does). */
void kn_func_release(kiln_func *f);
/* Begins a new body for `f`, which is finished; NULL without memory. kn_func_swap then exchanges the two functions, but
 * not their places in the session's lists. */
kiln_func *kn_func_begin_again(const kiln_func *f);
void kn_func_swap(kiln_func *f, kiln_func *g);
/* Frees all functions of a session, open and spare, with their arrays. */
void kn_func_free_all(kiln_session *s);

/* ---- out of line parts of the core ---- */

/* Stands for any type but VOID, where a wanted type is given. */
#define KN_ANY_TYPE KILN_TYPE_COUNT
/* Largest alignment of slots and of dynamic stack allocations. */
#define KN_MAX_ALIGN_LOG2 16

/* Makes n < limit, or fails: after a terminator, after an error, without memory. */
bool kn_build_room(kiln_func *f);
/* Grows the instruction arrays; false (and the function fails) without memory. */
bool kn_build_grow(kiln_func *f);
/* Notes that value `h` is used in `block`, which is not its own. */
void kn_build_note(kiln_func *f, uint32_t h, uint32_t block);
/* Appends the upper half of i128 `v`, the newest instruction. Returns `v`; 0 if the function failed. */
uint32_t kn_build_upper(kiln_func *f, uint32_t v);
/* Uses an operand that is not a value of type `type`. `field` 1 to 3: of the instruction to be
 * appended. */
bool kn_build_use(kiln_func *f, uint32_t h, unsigned type, unsigned field);
/* Uses an operand that is stored at `where` of `kind` (kn_forward_use) and used in `block`. */
bool kn_build_use_at(kiln_func *f, uint32_t h, unsigned type, uint32_t block, unsigned kind,
                     uint32_t where);
/* Notes an access at address *h + *disp, *h being a slot's handle; makes them the piece's that is accessed. `load`:
 * KN_ROW_LOAD, or 0. */
void kn_build_slot(kiln_func *f, uint32_t *h, unsigned type, int32_t *disp, unsigned mem,
                   unsigned load);
/* Notes a use of `slot` because of which it is memory: KN_MEMORY_.... */
static inline void kn_build_memory(kiln_func *f, uint32_t slot, unsigned why) {
  struct kn_slot *s = f->slots.at + slot;
  s->uses++;
  s->memory |= (uint8_t)why;
  s->global = 0;
  if (KN_UNLIKELY(s->pieces != 0)) kn_slot_to_memory(f, slot, why);
}
/* Notes that the address of `slot` leaves. */
static inline void kn_build_escape(kiln_func *f, uint32_t slot) {
  kn_build_memory(f, slot, KN_MEMORY_ESCAPES);
}
/* Reports at the current block and the next instruction; returns false. */
bool kn_build_fail(kiln_func *f, kiln_status status, const char *message) KN_COLD;
/* The same, for functions that return `failed` when they fail. */
#define KN_BUILD_FAIL(failed, ...) ((void)kn_build_fail(__VA_ARGS__), (failed))
/* The same for a list of `n` of `what` ("argument") where the signature has `wanted`. */
bool kn_build_bad_count(kiln_func *f, const char *what, uint32_t n, uint32_t wanted) KN_COLD;
/* Reports that a list is NULL that is to have members; returns false. */
bool kn_build_no_list(kiln_func *f) KN_COLD;
/* Reports an operand that may not stand where `type` is wanted; returns false. */
bool kn_build_bad_operand(kiln_func *f, uint32_t h, unsigned type) KN_COLD;
/* Reports an opcode that does not take the type, or is of another builder function; returns none. */
kiln_value kn_build_bad_op(kiln_func *f, unsigned op, unsigned type) KN_COLD;
/* Reports an opcode that does not take the type; returns none. */
kiln_value kn_build_bad_type(kiln_func *f, unsigned op, unsigned type) KN_COLD;
/* The same for what else it does not take: "flags", or another plural. */
kiln_value kn_build_bad_flags(kiln_func *f, unsigned op, const char *what) KN_COLD;
/* False, and the function failed, if the symbol is private data of another function; true if there is no such symbol.
 * The second looks at the symbols in the relocations of data. */
bool kn_build_may_use(kiln_func *f, uint32_t symbol);
bool kn_build_may_have(kiln_func *f, const kiln_data_desc *d);

bool kn_build_edge_arg(kiln_func *f, uint32_t edge, uint32_t pred, uint32_t index, uint32_t value);
/* Marks a block as one whose address is taken. */
void kn_block_take_address(kiln_func *f, kiln_block block);
/* Appends a TRY, whose arguments and clauses are in lists from `first`, with its edges. */
bool kn_build_try_end(kiln_func *f, const kiln_try_desc *t, uint32_t first);

/* Appends an instruction whose operands are in its fields and none of which is a slot's content (kn_build_address):
 * uses its operands, notes what it does to the function and the block, and ends the block if it ends blocks and has no
 * edges. Opcode, type and x are known to be right. Its value; or what it folds to, if the function folds; 0: none, or
 * the function failed. (build_append.c) */
uint32_t kn_build_append(kiln_func *f, unsigned op, unsigned type, unsigned x, uint32_t a,
                         uint32_t b, uint32_t c);

/* True if `h` is a number for an operand of type `type`, an integer or of that type: its bits, the lower half first,
 * with zeros above the type's. */
bool kn_build_number(const kiln_func *f, uint32_t h, unsigned type, uint64_t bits[2]);

/* What an operation on integer constants computes, if that is an immediate; else 0. Nothing is built. */
uint32_t kn_build_evaluate(const kiln_func *f, const struct kn_inst *in);

/* ---- inline ---- */

#define KN_NONE ((kiln_value){0})

static inline bool kn_build_is_type(unsigned t) { return t - 1 < KILN_TYPE_COUNT - 1; }

/* True if one more instruction may be appended. */
static inline bool kn_build_ready(kiln_func *f) {
  return KN_LIKELY(f->n < f->limit) || kn_build_room(f);
}

/* The same of a function that may be NULL, because there was no memory to begin it. */
static inline bool kn_build_begun(kiln_func *f) {
  return KN_LIKELY(f != NULL) && kn_build_ready(f);
}

/* True if anything but instructions may be added. */
static inline bool kn_build_open(kiln_func *f) {
  if (KN_UNLIKELY(f == NULL)) return false;
  if (KN_LIKELY(f->status == KILN_OK && !f->facts.finished)) return true;
  if (f->status == KILN_OK) kn_build_fail(f, KILN_ERR_STRUCTURE, "the function is finished");
  return false;
}

/* Counts a use of value `v` in `block`. */
static inline void kn_build_count(kiln_func *f, uint32_t h, uint32_t block) {
  struct kn_val *v = f->val + h;
  v->uses++;
  if (KN_UNLIKELY(v->block != block)) kn_build_note(f, h, block);
}

/* Uses an operand of the next instruction, in field `field`. */
static inline bool kn_build_operand(kiln_func *f, uint32_t h, unsigned type, unsigned field) {
  if (KN_LIKELY(h - 1 < f->n - 1)) {
    if (KN_UNLIKELY(f->val[h].type != type)) {
      kn_build_bad_operand(f, h, type);
      return false;
    }
    kn_build_count(f, h, f->current);
    return true;
  }
  return kn_build_use(f, h, type, field);
}

/* As kn_build_operand, where constants are frequent. */
static inline bool kn_build_operand_imm(kiln_func *f, uint32_t h, unsigned type, unsigned field) {
  if (kn_is_imm(h) && KN_LIKELY(kn_type_is_int(type))) return true;
  return kn_build_operand(f, h, type, field);
}

/* Uses the address of a load or store, *h + *disp; makes them those of a slot's piece where that is accessed. `mem`:
 * flags; `load`: KN_ROW_LOAD, or 0. */
static inline bool kn_build_address(kiln_func *f, uint32_t *h, unsigned type, int32_t *disp,
                                    unsigned mem, unsigned load) {
  uint32_t slot = *h - kn_handle(KN_TAG_SLOT, 0);
  if (slot >= f->slots.n) return kn_build_operand(f, *h, KILN_TYPE_PTR, 1);
  kn_build_slot(f, h, type, disp, mem, load);
  return true;
}

/* Counts an instruction that clobbers like a call. */
static inline void kn_build_count_call(kiln_func *f) {
  f->block[f->current].calls++;
  f->facts.has_calls = true;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are composed for such hosts");

/* The upper half of the state of a value of type `type` made in the current block. */
static inline uint64_t kn_build_state(const kiln_func *f, unsigned type) {
  return f->state | (uint64_t)type << 32;
}

/* Makes `block` the one that new values belong to. */
static inline void kn_build_set_block(kiln_func *f, uint32_t block) {
  f->current = block;
  f->state = (uint64_t)(KN_NO_REG << 24 | KN_NO_REG << 8) << 32 | block;
}

/* Appends an instruction whose value has type `vtype`; kn_build_ready was true. Returns its index.
 * Instruction and state are two 8-byte stores each. */
static inline uint32_t kn_build_emit(kiln_func *f, unsigned op, unsigned type, unsigned vtype,
                                     unsigned x, uint32_t a, uint32_t b, uint32_t c) {
  uint32_t i = f->n;
  uint64_t w[2] = {(uint64_t)a << 32 | x << 16 | type << 8 | op, (uint64_t)c << 32 | b};
  uint64_t s[2] = {0, kn_build_state(f, vtype)};
  memcpy(f->inst + i, w, sizeof w);
  memcpy(f->val + i, s, sizeof s);
  f->n = i + 1;
  return i;
}

/* Appends an instruction that does nothing: the room of a second one, if the newest is to be split (kn_split_pairs). */
void kn_build_spare(kiln_func *f) KN_COLD;

/* Value `v` of `type`, which the newest instruction makes. */
static inline uint32_t kn_build_made(kiln_func *f, unsigned type, uint32_t v) {
  return KN_LIKELY(type != KILN_TYPE_I128) ? v : kn_build_upper(f, v);
}

/* ---- the fast path ----
 * A call first tests for the common case without changing anything, handles it and is done; all else is
 * one tail call to its general form, so that the common case saves no registers. */

/* True if `h` is a value of the type that `state` has, made in this block: the upper half of its state is `state`,
 * but for the hint. */
static inline bool kn_build_is_local(const kiln_func *f, uint32_t h, uint64_t state) {
  if (KN_UNLIKELY(h >= f->n)) return false;
  uint64_t is;
  memcpy(&is, (const char *)(f->val + h) + 8, sizeof is);
  return (is ^ state) << 8 == 0;
}

/* True if slot `s` is a variable that was accessed as `type` before. */
static inline bool kn_build_is_variable(const struct kn_slot *s, unsigned type) {
  uint16_t type_memory;
  memcpy(&type_memory, &s->type, sizeof type_memory);
  return type_memory == type;
}
_Static_assert(offsetof(struct kn_slot, memory) == offsetof(struct kn_slot, type) + 1,
               "type and memory are one word");

/* Counts an access of a slot as `type` and is true, if it was accessed so before or is needed by its address
 * anyway; or changes nothing and is false. `type` may be anything; `load`: KN_ROW_LOAD, or 0. */
static inline bool kn_build_fast_slot(kiln_func *f, uint32_t slot, unsigned type, int32_t disp,
                                      unsigned load) {
  struct kn_slot *s = f->slots.at + slot;
  uint32_t n = f->rows.n, global;
  if (KN_LIKELY(kn_build_is_variable(s, type) && disp == 0 && n < f->rows.cap)) {
    /* no global: the slot has no type yet, which is none */
    if (KN_UNLIKELY(__builtin_sub_overflow(s->global, 1, &global))) return false;
    uint64_t row = f->state << 32 | (2 * global + load);
    memcpy(f->rows.at + n, &row, sizeof row);
    f->rows.n = n + 1;
  } else if (!s->memory || !kn_build_is_type(type) || type == KILN_TYPE_I128) {
    return false;
  }
  s->uses++;
  return true;
}

/* True if `h` is a local value as in kn_build_is_local or an immediate of integer type `type`. */
static inline bool kn_build_is_simple(const kiln_func *f, uint32_t h, unsigned type,
                                      uint64_t state) {
  return kn_build_is_local(f, h, state) || (kn_is_imm(h) && kn_type_is_int(type));
}
/* Counts the use of an operand that is simple. */
static inline void kn_build_count_simple(kiln_func *f, uint32_t h) {
  if (kn_is_value(h)) f->val[h].uses++;
}

/* Appends a terminator with its `n_edges` edges, the first being number `edge`. */
static inline void kn_build_end(kiln_func *f, unsigned op, unsigned type, unsigned x, uint32_t a,
                                uint32_t b, uint32_t c, uint32_t edge, uint32_t n_edges) {
  struct kn_block *block = f->block + f->current;
  block->term = kn_build_emit(f, op, type, KILN_TYPE_VOID, x, a, b, c);
  block->edge_first = edge;
  block->n_edges = n_edges;
  f->facts.n_terms++;
  f->limit = 0;
}

/* True if handle `h` (no forward, in range) may stand where `type` is wanted. */
static inline bool kn_build_fits(const kiln_func *f, uint32_t h, unsigned type) {
  switch (kn_tag(h)) {
  case KN_TAG_VALUE: return f->val[h].type == type;
  case KN_TAG_IMM: return kn_type_is_int(type);
  case KN_TAG_POOL: {
    const struct kn_const *k = f->pool.at + kn_index(h);
    return k->type == type || (k->type == KILN_TYPE_VOID && kn_type_is_int(type));
  }
  case KN_TAG_SLOT: return type == KILN_TYPE_PTR;
  case KN_TAG_FORWARD: return f->forwards.at[kn_index(h)].type == type;
  case KN_TAG_TRIED: return kn_tried_type(h) == type;
  }
  return false;
}

#endif
