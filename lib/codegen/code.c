/* The code buffer: space, labels, literals, relocations, and the one function that moves what points into code. See
 * lib/codegen/code.h. Called by the targets and by lib/codegen/walk.c. Invariant: `p` is between `base` and the end of
 * the session's code, also after a failure. */
#include "lib/codegen/walk.h"

#include <kiln/dwarf.h>
#include <string.h>

enum { FIRST_BYTES = 1 << 16 };

bool kn_code_room(struct kn_walk *w, size_t bytes) {
  struct kn_output *out = w->out;
  if (w->f->status != KILN_OK) return false;
  size_t used = (size_t)(w->code.p - w->code.base);
  size_t more =
    used - out->code.n + bytes + 2 * KN_INST_ROOM; /* beyond the functions before this one */
  if (out->code.cap == 0 && more < FIRST_BYTES) more = FIRST_BYTES;
  if (!KN_ROOM(&w->f->module->options.allocator, out->code, more)) {
    bool fits = kn_array_fits(&out->code, more);
    kn_func_fail(w->owner, fits ? KILN_ERR_MEMORY : KILN_ERR_LIMIT, UINT32_MAX, 0,
                 "no room for machine code");
    w->code.p =
      w->code.base + w->code.start; /* the walk overwrites this function's code until it stops */
    return false;
  }
  w->code.base = out->code.at;
  w->code.p = out->code.at + used;
  w->code.limit = out->code.at + out->code.cap - KN_INST_ROOM;
  return true;
}

uint32_t kn_code_label(struct kn_walk *w) { return kn_code_mark(w, UINT32_MAX); }

uint32_t kn_code_mark(struct kn_walk *w, uint32_t at) {
  struct kn_mark mark = {at, w->code.fixups.n};
  return KN_PUSH(w->owner, w->code.marks, mark) ? w->code.marks.n - 1 : 0;
}

uint32_t kn_code_literal(struct kn_walk *w, uint64_t low, uint64_t high, uint32_t size) {
  /* only the last few are compared: constants in a loop come again soon */
  uint32_t n = w->code.literals.n;
  for (uint32_t k = 0; k < 4 && k < n; k++) {
    const struct kn_literal *l = &w->code.literals.at[n - 1 - k];
    if (l->low == low && l->high == high && l->size == size) return l->label;
  }
  uint32_t label = kn_code_label(w);
  KN_PUSH(w->owner, w->code.literals, (struct kn_literal){low, high, size, label});
  return label;
}

/* Makes room for a relocation and its mark. False if the function failed. */
static KN_COLD bool reloc_room(struct kn_walk *w) {
  struct kn_output *out = w->out;
  if (KN_ROOM(w->f->module, out->relocs, 1)) return KN_ROOM(w->owner, w->code.marks, 1);
  kn_walk_fail(w, KILN_ERR_MEMORY, "out of memory");
  return false;
}

void kn_code_relocate(struct kn_walk *w, uint32_t at, uint32_t symbol, kiln_reloc_kind kind,
                      int64_t addend) {
  struct kn_output *out = w->out;
  if (KN_UNLIKELY(addend != (int32_t)addend)) {
    kn_walk_fail(w, KILN_ERR_LIMIT, "an offset from a symbol does not fit in 32 bits");
    return;
  }
  if (KN_UNLIKELY(out->relocs.n == out->relocs.cap || w->code.marks.n == w->code.marks.cap) &&
      !reloc_room(w))
    return;
  uint32_t mark = w->code.marks.n++;
  w->code.marks.at[mark] = (struct kn_mark){at, w->code.fixups.n};
  out->relocs.at[out->relocs.n++] = (struct kn_code_reloc){{mark}, symbol, kind, (int32_t)addend};
}

void kn_code_data(struct kn_walk *w, uint32_t at, uint32_t end) {
  struct kn_output *out = w->out;
  if (out->data.n != 0 && out->data.at[out->data.n - 1].end == at) {
    out->data.at[out->data.n - 1].end = end;
    return;
  }
  if (!KN_PUSH(w->f->module, out->data, (struct kn_code_data){at, end}))
    kn_walk_fail(w, KILN_ERR_MEMORY, "out of memory");
}

void kn_code_nops(struct kn_walk *w, uint32_t bytes) {
  const struct kn_code_facts *code = &w->target->code;
  for (uint32_t k = 0; k < bytes; k++)
    *w->code.p++ = (uint8_t)(code->nop >> k % code->nop_bytes * 8);
}

bool kn_code_make_cuts(struct kn_walk *w) {
  return KN_RESIZE(w->owner, w->code.cut, w->code.fixups.n + 1);
}

void kn_code_cut_marks(struct kn_code *c) {
  c->is_cut = true;
  const uint32_t *cut = c->cut.at;
  for (struct kn_mark *m = c->marks.at, *end = m + c->marks.n; m != end; m++)
    m->at -= m->at != UINT32_MAX ? cut[m->fixups] : 0;
}

void kn_code_move_marks(struct kn_code *c, uint32_t delta) {
  c->moved += delta;
  for (struct kn_mark *m = c->marks.at, *end = m + c->marks.n; m != end; m++)
    m->at += m->at != UINT32_MAX ? delta : 0;
}

void kn_code_cfi(struct kn_walk *w, const void *bytes, size_t n) {
  struct kn_output *out = w->out;
  if (!KN_ROOM(w->f->module, out->cfi, n)) {
    kn_walk_fail(w, KILN_ERR_MEMORY, "out of memory");
    return;
  }
  memcpy(out->cfi.at + out->cfi.n, bytes, n);
  out->cfi.n += (uint32_t)n;
}

uint8_t *kn_code_put_advance(uint8_t *p, uint32_t delta) {
  if (delta < 64) {
    *p++ = (uint8_t)(KILN_DW_CFA_advance_loc | delta);
  } else if (delta < 256) {
    *p++ = KILN_DW_CFA_advance_loc1;
    *p++ = (uint8_t)delta;
  } else if (delta < 65536) {
    *p++ = KILN_DW_CFA_advance_loc2;
    *p++ = (uint8_t)delta;
    *p++ = (uint8_t)(delta >> 8);
  } else {
    *p++ = KILN_DW_CFA_advance_loc4;
    memcpy(p, &delta, 4);
    p += 4;
  }
  return p;
}
