/* The end of a function: what was emitted in its longest form, since nothing was known yet, is cut
 * to size now that everything is. Jumps become short, the frame's allocation takes the form that its
 * size allows, a function that needs no frame loses it. Then literals, displacements, frame rows. */
#include "targets/x86_64/x64.h"

/* Cuts `bytes` at `pos`; positions ascend. */
static bool cut(struct kn_walk *w, uint32_t pos, uint32_t bytes) {
  return KN_PUSH(w->f, w->cuts, (struct kn_cut){pos, bytes});
}

/* ---- what to cut ---- */

/* The prologue's forms; see x64_prologue for the bytes. */
static bool cut_prologue(struct kn_walk *w, uint32_t start) {
  kiln_func *f = w->f;
  bool leaf = !f->has_calls && !f->dynamic_stack;
  uint32_t saved = 8 * w->saved_count;
  /* rsp is 16-byte aligned at calls: rbp is, so the whole frame is a multiple of 16 */
  uint32_t frame = ((uint32_t)-w->frame_low + w->out_args + 15) & ~15u;
  uint32_t size = frame - saved;
  if (leaf && w->frame_low == 0 && !f->uses_frame && !w->uses_incoming) {
    w->frameless = true;
    return cut(w, start, w->frame_patch + 4 - start);
  }
  if (leaf && (uint32_t)-w->frame_low - saved <= 128 && !f->module->options.no_red_zone) size = 0;
  w->frame_size = size;
  if (size == 0) return cut(w, w->frame_patch - 3, 7);
  if (size <= 127) {
    uint8_t *p = w->base + w->frame_patch - 3;
    p[1] = 0x83; /* sub rsp, imm8 */
    p[3] = (uint8_t)size;
    return cut(w, w->frame_patch + 1, 3);
  }
  memcpy(w->base + w->frame_patch, &size, 4);
  return true;
}

/* What an epilogue does not need: rsp is where the pops begin, or there is no frame. */
static bool cut_epilogue(struct kn_walk *w, uint32_t at) {
  if (w->frameless) return cut(w, at, 1); /* leave */
  if (w->saved_count && w->frame_size == 0 && !w->f->dynamic_stack) return cut(w, at, 4); /* lea */
  return true;
}

/* Jumps whose distance, measured before anything is cut, fits a byte. */
static bool choose(struct kn_walk *w, uint32_t start) {
  if (!cut_prologue(w, start)) return false;
  uint32_t epilogue = 0;
  bool cut_epilogues = w->frameless || w->saved_count;
  for (uint32_t k = 0; k < w->fixups.n; k++) {
    struct kn_fixup *x = &w->fixups.at[k];
    if (x->kind != X64_FIX_JMP && x->kind != X64_FIX_JCC) continue;
    uint32_t at = x->at;
    int32_t d = (int32_t)(w->label[x->label] - (at + 4));
    if (d != (int8_t)d) continue;
    while (cut_epilogues && epilogue < w->epilogues.n && w->epilogues.at[epilogue].from < at)
      if (!cut_epilogue(w, w->epilogues.at[epilogue++].from)) return false;
    if (x->kind == X64_FIX_JMP) {
      if (d == 0) { /* to what follows: no jump at all */
        x->kind = X64_FIX_NONE;
        if (!cut(w, at - 1, 5)) return false;
        continue;
      }
      w->base[at - 1] = 0xeb;
      if (!cut(w, at + 1, 3)) return false;
    } else {
      w->base[at - 2] = (uint8_t)(w->base[at - 1] - 0x10); /* 0f 80+cc to 70+cc */
      x->at = at - 1;
      if (!cut(w, at, 4)) return false;
    }
    x->kind = X64_FIX_BYTE;
  }
  while (cut_epilogues && epilogue < w->epilogues.n)
    if (!cut_epilogue(w, w->epilogues.at[epilogue++].from)) return false;
  return true;
}

/* ---- cutting ---- */

/* Bytes cut before `pos`, for positions in any order. */
static uint32_t cut_before(const struct kn_walk *w, uint32_t pos) {
  uint32_t low = 0, high = w->cuts.n;
  while (low < high) {
    uint32_t mid = low + (high - low) / 2;
    if (w->cuts.at[mid].pos < pos) low = mid + 1;
    else high = mid;
  }
  return low ? w->cuts.at[low - 1].total : 0;
}

/* For positions that ascend: *k is the number of cuts before the last one. */
KN_INLINE uint32_t cut_next(const struct kn_walk *w, uint32_t pos, uint32_t *k) {
  const struct kn_cut *c = w->cuts.at;
  uint32_t n = w->cuts.n, i = *k;
  while (i < n && c[i].pos < pos) i++;
  *k = i;
  return i ? c[i - 1].total : 0;
}

static void apply(struct kn_walk *w, uint32_t reloc_first) {
  uint32_t end = kn_here(w), n = w->cuts.n, k = 0, total = 0;
  struct kn_cut *c = w->cuts.at;
  if (n == 0) return;
  uint8_t *to = w->base + c[0].pos;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t from = c[i].pos + c[i].bytes, until = i + 1 < n ? c[i + 1].pos : end;
    memmove(to, w->base + from, until - from);
    to += until - from;
    c[i].total = total += c[i].bytes;
  }
  w->p = to;
  for (uint32_t pos = 0; pos < w->plan->n_layout; pos++) {
    uint32_t *l = &w->label[w->plan->layout[pos]];
    *l -= cut_next(w, *l, &k);
  }
  for (uint32_t i = w->f->blocks.n; i < w->labels.n; i++)
    if (w->label[i] != UINT32_MAX) w->label[i] -= cut_before(w, w->label[i]);
  struct kn_output *out = &w->s->out;
  k = 0;
  for (uint32_t i = reloc_first; i < out->n_relocs; i++)
    out->relocs[i].offset -= cut_next(w, out->relocs[i].offset, &k);
  k = 0;
  for (uint32_t i = 0; i < w->fixups.n; i++) w->fixups.at[i].at -= cut_next(w, w->fixups.at[i].at, &k);
  k = 0;
  for (uint32_t i = 0; i < w->epilogues.n; i++)
    w->epilogues.at[i].ret -= cut_next(w, w->epilogues.at[i].ret, &k);
}

/* ---- what comes behind ---- */

/* Constants behind the code, largest first so that padding comes once. */
static void place_literals(struct kn_walk *w) {
  if (w->literals.n == 0 || !kn_walk_room(w, (size_t)w->literals.n * 16 + 64)) return;
  for (uint32_t size = 16; size >= 4; size /= 2) {
    for (uint32_t k = 0; k < w->literals.n; k++) {
      const struct kn_literal *l = &w->literals.at[k];
      if (l->size != size) continue;
      while (kn_here(w) & (size - 1)) EMIT(w, x64_int3(w->p));
      x64_place_label(w, l->label);
      uint64_t v[2] = {l->low, l->high};
      memcpy(w->p, v, 16);
      w->p += size;
    }
  }
}

static void patch(struct kn_walk *w) {
  for (uint32_t k = 0; k < w->fixups.n; k++) {
    const struct kn_fixup *x = &w->fixups.at[k];
    uint32_t to = w->label[x->label];
    if (x->kind == X64_FIX_BYTE) {
      w->base[x->at] = (uint8_t)(to - (x->at + 1));
      continue;
    }
    if (x->kind == X64_FIX_NONE) continue;
    uint32_t from = x->kind & X64_FIX_TABLE ? w->label[x->kind & ~X64_FIX_TABLE]
                  : x->kind < X64_FIX_JMP ? x->at + 4 + x->kind : x->at + 4;
    int32_t d = (int32_t)(to - from);
    memcpy(w->base + x->at, &d, 4);
  }
}

/* Frame rows: DWARF 5, 6.4.2; register numbers: psABI, figure 3.36. */
static void frame_rows(struct kn_walk *w, uint32_t start, uint32_t end) {
  if (w->frameless) return; /* the CIE's rules hold throughout */
  w->cfi_at = start;
  kn_walk_cfi_advance(w, start + 1, 1);
  /* def_cfa_offset 16; offset rbp, cfa - 16 */
  kn_walk_cfi(w, (const uint8_t[]){0x0e, 16, 0x80 | 6, 2}, 4);
  kn_walk_cfi_advance(w, start + 4, 1);
  kn_walk_cfi(w, (const uint8_t[]){0x0d, 6}, 2); /* def_cfa_register rbp */
  uint32_t at = start + 4;
  for (unsigned k = 0, n = 0; k < 5; k++) {
    unsigned reg = x64_saved_order[k];
    if (!(w->plan->saved & KN_BIT(reg))) continue;
    at += reg >= 8 ? 2 : 1;
    n++;
    kn_walk_cfi_advance(w, at, 1);
    static const uint8_t dwarf_of[16] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};
    kn_walk_cfi(w, (const uint8_t[]){(uint8_t)(0x80 | dwarf_of[reg]), (uint8_t)(2 + n)}, 2);
  }
  for (uint32_t k = 0; k < w->epilogues.n; k++) {
    uint32_t ret = w->epilogues.at[k].ret;
    bool last = ret + 1 == end;
    kn_walk_cfi_advance(w, ret, 1);
    /* remember_state; def_cfa rsp, 8; behind the ret: restore_state */
    if (!last) kn_walk_cfi(w, (const uint8_t[]){0x0a}, 1);
    kn_walk_cfi(w, (const uint8_t[]){0x0c, 7, 8}, 3);
    if (last) continue;
    kn_walk_cfi_advance(w, ret + 1, 1);
    kn_walk_cfi(w, (const uint8_t[]){0x0b}, 1);
  }
}

void x64_finish(struct kn_walk *w, uint32_t start, uint32_t reloc_first) {
  w->cuts.n = 0;
  w->frameless = false;
  if (!choose(w, start)) return;
  apply(w, reloc_first);
  uint32_t end = kn_here(w);
  place_literals(w);
  if (w->f->status != KILN_OK) return;
  patch(w);
  frame_rows(w, start, end);
}
