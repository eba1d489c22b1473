/* Stack slots: which are variables, whole or by pieces. What the builder notes here is what the plan gives homes to.
 * Invariant: the pieces of a slot that is not memory do not overlap each other, nor the slot's own variable, and each
 * access of the slot is one of the whole of them. */
#include "ir/builder/builder.h"

#include <kiln/build.h>

/* Most pieces of a slot; with more it is memory. */
enum { MAX_PIECES = 8 };

/* A slot where kiln_slot_new has found no room, or something to complain about. */
static KN_COLD kiln_value slot_new(kiln_func *f, uint64_t size_bytes, unsigned align_log2) {
  if (!kn_build_open(f)) return KN_NONE;
  if (size_bytes > INT32_MAX || align_log2 > KN_MAX_ALIGN_LOG2)
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_LIMIT,
                         "a stack slot must be smaller than 2 GiB and aligned to at most 2^16");
  bool room = KN_ROOM(f, f->slots, 1) && KN_ROOM(f, f->globals, 1);
  return room ? kiln_slot_new(f, size_bytes, align_log2) : KN_NONE;
}

kiln_value kiln_slot_new(kiln_func *f, uint64_t size_bytes, unsigned align_log2) {
  if (KN_UNLIKELY(f == NULL)) return KN_NONE;
  if (KN_UNLIKELY(f->status != KILN_OK || f->facts.finished || size_bytes > INT32_MAX ||
                  align_log2 > KN_MAX_ALIGN_LOG2 || f->slots.n >= f->slots.cap ||
                  f->globals.n >= f->globals.cap))
    return slot_new(f, size_bytes, align_log2);
  /* By size, the type that it will most likely have as a variable: then its first access takes the fast path, too. */
  static const uint8_t guess[9] = {
    [1] = KILN_TYPE_I8, [2] = KILN_TYPE_I16, [4] = KILN_TYPE_I32, [8] = KILN_TYPE_I64};
  uint32_t i = f->slots.n, type = size_bytes <= 8 ? guess[size_bytes] : KILN_TYPE_VOID, global = 0;
  if (type != KILN_TYPE_VOID) {
    f->globals.at[f->globals.n] = (struct kn_global){kn_handle(KN_TAG_SLOT, i), UINT32_MAX};
    global = ++f->globals.n;
  }
  align_log2 += (align_log2 == 4) & f->attrs.realign_stack; /* where 16 is not what the frame has */
  f->slots.at[i] = (struct kn_slot){.size_bytes = (uint32_t)size_bytes,
                                    .global = global,
                                    .align_log2 = (uint8_t)align_log2,
                                    .type = (uint8_t)type,
                                    .number = i - f->facts.n_pieces};
  f->slots.n = i + 1;
  f->facts.aligned_slots |= align_log2 > 4;
  return (kiln_value){kn_handle(KN_TAG_SLOT, i)};
}

uint32_t kn_slot_at(const kiln_func *f, uint32_t number) {
  if (KN_LIKELY(f->facts.n_pieces == 0)) return number;
  return KN_COUNT_BEFORE(k, f->slots.n, f->slots.at[k].number < number);
}

void kn_slot_to_memory(kiln_func *f, uint32_t i, unsigned why) {
  for (uint32_t k = i + 1; k != 0; k = f->slots.at[k - 1].pieces) {
    f->slots.at[k - 1].memory |= (uint8_t)why;
    f->slots.at[k - 1].global = 0;
  }
}

/* ---- accesses ---- */

/* Notes an access of slot or piece `i`, which is a variable, as `type`. */
KN_INLINE void access_variable(kiln_func *f, uint32_t i, unsigned type, unsigned load) {
  struct kn_slot *s = &f->slots.at[i];
  s->type = (uint8_t)type;
  s->uses++;
  if (s->global == 0) {
    if (!KN_PUSH(f, f->globals, (struct kn_global){kn_handle(KN_TAG_SLOT, i), UINT32_MAX})) return;
    s->global = f->globals.n;
  }
  (void)KN_PUSH(f, f->rows, (struct kn_use_row){2 * (s->global - 1) + load, f->current});
}

/* The piece of slot `slot`, which is not memory, that is all of the `size` bytes at `at`, as `type`: index + 1. A new
 * one, if nothing of them was accessed before; 0 if there can be none. */
static uint32_t piece(kiln_func *f, uint32_t slot, unsigned type, uint32_t at, uint32_t size) {
  const struct kn_slot *s = &f->slots.at[slot], *p;
  uint32_t n = 0;
  for (uint32_t i = s->pieces; i != 0; i = p->pieces, n++) {
    p = &f->slots.at[i - 1];
    if (p->offset == at && p->type == type) return i;
    if (p->offset < at + size && at < p->offset + p->size_bytes) return 0;
  }
  bool overlaps = s->uses != 0 && at < 1u << kn_type_log2[s->type];
  if (overlaps || n == MAX_PIECES || s->array || s->align_log2 > 4) return 0;
  struct kn_slot new = {.size_bytes = size,
                        .type = (uint8_t)type,
                        .parent = slot + 1,
                        .offset = at,
                        .pieces = s->pieces,
                        .number = f->slots.n - f->facts.n_pieces - 1,
                        .scope = s->scope};
  if (!KN_PUSH(f, f->slots, new)) return 0;
  f->facts.n_pieces++;
  f->slots.at[slot].pieces = f->slots.n;
  return f->slots.n;
}

/* The variable of slot `slot`, which is not memory, that is the `type` at `at`: the slot itself, or a piece. Index + 1;
 * 0 if there can be none. */
KN_INLINE uint32_t variable(kiln_func *f, uint32_t slot, unsigned type, uint32_t at) {
  struct kn_slot *s = f->slots.at + slot;
  if (at == 0 && (s->uses != 0 ? s->type == type : s->pieces == 0)) return slot + 1;
  const uint32_t p = piece(f, slot, type, at, 1u << kn_type_log2[type]);
  s = f->slots.at + slot;
  if (p != 0 && s->uses == 0)
    s->type = KILN_TYPE_VOID, s->global = 0; /* not what it was guessed to be */
  return p;
}

/* Notes an access of an i128 at `at`: of two variables, of one half each. False if they cannot be. */
static KN_COLD bool access_pair(kiln_func *f, uint32_t slot, uint32_t at, unsigned load) {
  for (unsigned k = 0; k < 2; k++) {
    const uint32_t half = variable(f, slot, KILN_TYPE_I64, at + 8 * k);
    if (half == 0) return false;
    access_variable(f, half - 1, KILN_TYPE_I64, load);
  }
  return true;
}

void kn_build_slot(kiln_func *f, uint32_t *h, unsigned type, int32_t *disp, unsigned mem,
                   unsigned load) {
  uint32_t i = kn_index(*h);
  struct kn_slot *s = f->slots.at + i;
  if (s->memory) {
    s->uses++;
    return;
  }
  uint64_t at = (uint64_t)*disp, size = UINT64_C(1) << kn_type_log2[type]; /* at: < 0 is much */
  const bool inside = size <= s->size_bytes && at <= s->size_bytes - size;
  const bool whole = inside && (mem & KILN_MEM_VOLATILE) == 0;
  uint32_t v = 0;
  if (KN_UNLIKELY(type == KILN_TYPE_I128)) {
    if (whole && access_pair(f, i, (uint32_t)at, load)) return;
  } else if (whole) v = variable(f, i, type, (uint32_t)at);
  if (v == 0) {
    kn_build_memory(f, i, KN_MEMORY_WHOLE);
    return;
  }
  if (v != i + 1) {
    *h = kn_handle(KN_TAG_SLOT, v - 1);
    *disp = 0;
  }
  access_variable(f, v - 1, type, load);
}

uint32_t kn_slot_variable(const kiln_func *f, uint32_t slot, uint32_t at) {
  const struct kn_slot *s = &f->slots.at[slot];
  if (at == 0 && s->uses != 0) return slot;
  uint32_t i = s->pieces;
  while (f->slots.at[i - 1].offset != at) i = f->slots.at[i - 1].pieces;
  return i - 1;
}
