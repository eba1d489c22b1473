/* The builder's shared core: one capacity check, operand uses and the writing of an instruction,
 * inlined into every call of <kiln/build.h>. Included by ir/build*.c; the rest of the library only
 * needs kn_func_release and kn_func_free_all. Invariant: kiln_func.limit is 0 whenever nothing may
 * be appended (error, finished, block terminated), so `n < limit` is the only check that a call
 * needs before it reads its operands. */
#ifndef KN_IR_BUILD_H
#define KN_IR_BUILD_H

#include "ir/func.h"
#include <string.h>

#define KN_LIKELY(x) __builtin_expect(!!(x), 1)
#define KN_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define KN_COLD __attribute__((cold, noinline))

/* ---- for the rest of the library ---- */

/* Gives a compiled or unwanted function back to its session, whose next function gets its arrays.
 * Does not touch its symbol (kiln_func_discard does). */
void kn_func_release(kiln_func *f);
/* Frees all functions of a session, open and spare, with their arrays. */
void kn_func_free_all(kiln_session *s);

/* ---- out of line parts of the core ---- */

/* As the type that is wanted: any but VOID. */
#define KN_ANY_TYPE KILN_TYPE_COUNT
/* Largest alignment of slots and of dynamic stack allocations. */
#define KN_MAX_ALIGN_LOG2 16

/* Makes n < limit, or fails: after a terminator, after an error, without memory. */
bool kn_build_room(kiln_func *f);
/* Grows the instruction arrays; false (and the function fails) without memory. */
bool kn_build_grow(kiln_func *f);
/* Notes that value `h` is used in `block`, which is not its own. */
void kn_build_note(kiln_func *f, uint32_t h, uint32_t block);
/* Counts a use of global `global` in `block`. */
void kn_build_row(kiln_func *f, uint32_t global, uint32_t block);
/* Operands that are not values of type `type`. `field` 1 to 3: of the instruction to be appended. */
bool kn_build_use(kiln_func *f, uint32_t h, unsigned type, unsigned field);
/* An operand that is stored at `where` of `kind` (kn_forward_use) and used in `block`. */
bool kn_build_use_at(kiln_func *f, uint32_t h, unsigned type, uint32_t block, unsigned kind,
                     uint32_t where);
/* Address `slot` + disp of an access that is not yet another one like those before. */
void kn_build_slot(kiln_func *f, uint32_t slot, unsigned type, int32_t disp, unsigned mem);
/* Makes `slot` one whose address is needed. */
static inline void kn_build_escape(kiln_func *f, uint32_t slot) {
  struct kn_slot *s = f->slots.at + slot;
  s->uses++;
  s->escaped = 1;
  s->global = 0;
}
/* Reports at the current block and the next instruction; returns false. */
bool kn_build_fail(kiln_func *f, kiln_status status, const char *message) KN_COLD;
/* Reports an operand that may not stand where `type` is wanted; returns false. */
bool kn_build_bad_operand(kiln_func *f, uint32_t h, unsigned type) KN_COLD;
/* Reports an opcode or type that a call does not take; returns none. */
kiln_value kn_build_bad_op(kiln_func *f, unsigned op, unsigned type) KN_COLD;
/* Makes room for `more` items in an array; false (and the function fails) without memory. */
bool kn_build_reserve(kiln_func *f, void *array, uint32_t more, size_t item_size);

/* Arguments of edge number `edge`, which leaves `pred`. */
bool kn_build_edge_args(kiln_func *f, uint32_t edge, uint32_t pred, const kiln_value *args,
                        uint32_t n);
bool kn_build_edge_arg(kiln_func *f, uint32_t edge, uint32_t pred, uint32_t index, uint32_t value);

/* ---- inline ---- */

#define KN_NONE ((kiln_value){0})

/* True if one more instruction may be appended. */
static inline bool kn_build_ready(kiln_func *f) {
  return KN_LIKELY(f->n < f->limit) || kn_build_room(f);
}

/* True if anything but instructions may be added. */
static inline bool kn_build_open(kiln_func *f) {
  if (KN_LIKELY(f->status == KILN_OK && !f->finished)) return true;
  return f->status == KILN_OK && kn_build_fail(f, KILN_ERR_STRUCTURE, "the function is finished");
}

/* Counts a use of value `v` in `block`. */
static inline void kn_build_count(kiln_func *f, uint32_t h, uint32_t block) {
  struct kn_val *v = f->val + h;
  v->uses++;
  if (KN_UNLIKELY(v->block != block)) kn_build_note(f, h, block);
}

/* An operand of the next instruction, field `field`. */
static inline bool kn_build_operand(kiln_func *f, uint32_t h, unsigned type, unsigned field) {
  if (KN_LIKELY(h - 1 < f->n - 1)) {
    if (KN_UNLIKELY(f->val[h].type != type)) return kn_build_bad_operand(f, h, type);
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

/* The address of a load or store: slots that may be variables are counted by block. `mem`: flags. */
static inline bool kn_build_address(kiln_func *f, uint32_t h, unsigned type, int32_t disp,
                                    unsigned mem) {
  uint32_t slot = h - kn_handle(KN_TAG_SLOT, 0);
  if (slot < f->slots.n) {
    struct kn_slot *s = f->slots.at + slot;
    if (KN_LIKELY(s->type == type && s->global != 0 &&
                  ((uint32_t)disp | (mem & KILN_MEM_VOLATILE)) == 0)) {
      s->uses++;
      struct kn_use_row *row = f->rows.at + f->globals.at[s->global - 1].last_row;
      if (KN_LIKELY(row->block == f->current)) row->count++;
      else kn_build_row(f, s->global - 1, f->current);
    } else if (s->escaped) {
      s->uses++;
    } else {
      kn_build_slot(f, slot, type, disp, mem);
    }
    return true;
  }
  return kn_build_operand(f, h, KILN_TYPE_PTR, 1);
}

/* Counts an instruction that clobbers like a call. */
static inline void kn_build_clobber(kiln_func *f, unsigned op, unsigned type) {
  if (KN_UNLIKELY(f->clobbers[op] >> type & 1)) {
    f->block[f->current].calls++;
    f->has_calls = true;
  }
}

/* Appends an instruction whose value has type `vtype`; kn_build_ready was true. Returns its index.
 * On little-endian hosts instruction and state are two 8-byte stores each. */
static inline uint32_t kn_build_emit(kiln_func *f, unsigned op, unsigned type, unsigned vtype,
                                     unsigned x, uint32_t a, uint32_t b, uint32_t c) {
  uint32_t i = f->n;
  struct kn_inst *in = f->inst + i;
  struct kn_val *v = f->val + i;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  uint64_t w[2] = {(uint64_t)a << 32 | x << 16 | type << 8 | op, (uint64_t)c << 32 | b};
  uint64_t s[2] = {0, (uint64_t)(KN_NO_REG << 24 | KN_NO_REG << 8 | vtype) << 32 | f->current};
  memcpy(in, w, sizeof w);
  memcpy(v, s, sizeof s);
#else
  *in = (struct kn_inst){(uint8_t)op, (uint8_t)type, (uint16_t)x, a, b, c};
  *v = (struct kn_val){.block = f->current, .type = (uint8_t)vtype, .reg = KN_NO_REG,
                       .hint = KN_NO_REG};
#endif
  f->n = i + 1;
  return i;
}

/* Appends a terminator with its `n_edges` edges, the first being number `edge`. */
static inline void kn_build_end(kiln_func *f, unsigned op, unsigned type, unsigned x, uint32_t a,
                                uint32_t b, uint32_t c, uint32_t edge, uint32_t n_edges) {
  struct kn_block *block = f->block + f->current;
  block->term = kn_build_emit(f, op, type, KILN_TYPE_VOID, x, a, b, c);
  block->edge_first = edge;
  block->n_edges = n_edges;
  f->n_terms++;
  f->limit = 0;
}

static inline bool kn_build_is_type(unsigned t) { return t - 1 < KILN_TYPE_COUNT - 1; }

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
  }
  return false;
}

#endif
