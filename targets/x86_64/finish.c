/* The end of a function: what was emitted in its longest form, since nothing was known yet, is cut
 * to size now that everything is. Jumps become short, the frame's allocation takes the form that its
 * size allows, a function that needs no frame loses it. Then literals, displacements, frame rows. */
#include "targets/x86_64/x64.h"

/* ---- what to cut ---- */

/* The prologue's form: bytes to be cut at its end; see x64_prologue for what is there. */
static uint32_t cut_prologue(struct kn_walk *w, uint32_t start) {
  kiln_func *f = w->f;
  bool leaf = !f->has_calls && !f->dynamic_stack;
  uint32_t saved = 8 * w->saved_count;
  /* rsp is 16-byte aligned at calls: rbp is, so the whole frame is a multiple of 16 */
  uint32_t frame = ((uint32_t)-w->frame_low + w->out_args + 15) & ~15u;
  uint32_t size = frame - saved;
  if (leaf && w->frame_low == 0 && !f->uses_frame && !w->uses_incoming) {
    w->frameless = true;
    return w->frame_patch + 4 - X64_GAP - start;
  }
  if (leaf && (uint32_t)-w->frame_low - saved <= 128 && !f->module->options.no_red_zone) size = 0;
  w->frame_size = size;
  if (size == 0) return 7;
  if (size <= 127) {
    uint8_t *p = w->base + w->frame_patch - 3;
    p[1] = 0x83; /* sub rsp, imm8 */
    p[3] = (uint8_t)size;
    return 3;
  }
  memcpy(w->base + w->frame_patch, &size, 4);
  return 0;
}

/* What an epilogue does not need: rsp is where the pops begin, or there is no frame. */
static uint32_t cut_epilogue(const struct kn_walk *w) {
  if (w->frameless) return 1;                                                  /* leave */
  return w->saved_count && w->frame_size == 0 && !w->f->dynamic_stack ? 4 : 0; /* lea */
}

/* jcc over; jmp there; over: becomes jncc there. `x` is the jcc's fixup, not yet moved `at`. */
static void turn(struct kn_walk *w, struct kn_fixup *x, uint32_t at) {
  struct kn_fixup *jump = x + 1;
  uint32_t size = jump->kind == X64_FIX_JMP ? 5 : 2;
  x->kind = X64_FIX_JCC;
  if (w->label[x->label] != at + 4 + size) return;
  w->base[at - 1] ^= 1;
  x->label = jump->label;
  jump->kind = X64_FIX_GONE;
  jump->label = size;
}

/* Code is moved in pieces of so many bytes, which are read before any is written. */
enum { PIECE = 64 };
_Static_assert(PIECE <= X64_GAP, "what is written beyond a piece's end was read");

/* Copies n bytes down by X64_GAP or more, and what is behind them. */
static uint8_t *move_down(uint8_t *to, const uint8_t *from, uint32_t n) {
  uint32_t done = 0;
  do {
    memcpy(to + done, from + done, PIECE);
    done += PIECE;
  } while (KN_UNLIKELY(done < n));
  return to + n;
}

/* What becomes of a fixup: nothing, a short jcc, a short jmp, or a jmp to what follows. `from` the cut, counted
 * from the displacement of the long form, and its size; where the new displacement is. */
enum { SHORT_NOT, SHORT_JCC, SHORT_JMP, SHORT_NONE };
static const struct {
  int8_t from, at;
  uint8_t bytes, kind;
} shorter[] = {[SHORT_JCC] = {0, -1, 4, X64_FIX_BYTE},
               [SHORT_JMP] = {1, 0, 3, X64_FIX_BYTE},
               [SHORT_NONE] = {-1, 0, 5, X64_FIX_NONE}};

/* Every place that may be cut is a fixup. One pass in their order, which is the code's, closes the
 * gaps and moves the code to `start`; cut[k] becomes the bytes cut before fixup k, X64_GAP among them,
 * which is what everything emitted between fixups k - 1 and k moves by. A jump is short if its distance,
 * measured before anything is cut, fits. */
static bool cut_all(struct kn_walk *w, uint32_t start) {
  uint32_t n = w->fixups.n;
  if (w->cut.cap <= n &&
      !kn_grow(w->f->module, &w->cut.at, &w->cut.cap, n + 1, sizeof *w->cut.at)) {
    kn_walk_fail(w, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  uint32_t *cut = w->cut.at;
  w->p[PIECE - 1] =
    0; /* the last piece is read to there: a fresh page that is read first faults twice */
  uint32_t prologue = cut_prologue(w, start);
  uint32_t epilogue = cut_epilogue(w);
  uint32_t total = X64_GAP + prologue;
  uint32_t from = w->frame_patch + 4; /* what is not yet moved */
  uint8_t *base = w->base;
  uint8_t *to = move_down(base + start, base + start + X64_GAP, from - prologue - start - X64_GAP);
  const uint32_t *labels = w->label;
  struct kn_fixup *x = w->fixups.at;
  for (uint32_t k = 0; k < n; k++, x++) {
    uint32_t at = x->at;
    cut[k] = total;
    x->at = at - total;
    if (KN_UNLIKELY(x->kind == X64_FIX_OVER)) turn(w, x, at);
    /* no branches on what it is, they would be mispredicted */
    uint32_t kind = x->kind, label = x->label;
    uint32_t jump = -(uint32_t)(kind - X64_FIX_JMP < 2u), jcc = kind == X64_FIX_JCC;
    int32_t d = (int32_t)(labels[label & jump] - (at + 4));
    uint32_t fits = jump & -(uint32_t)(d == (int8_t)d);
    uint32_t form = fits & (2u - jcc + ((d == 0) & !jcc));
    uint32_t gone = kind == X64_FIX_GONE, end = kind == X64_FIX_EPILOGUE;
    uint32_t bytes = shorter[form].bytes | (label & -gone) | (epilogue & -end);
    uint32_t cuts = jump | -(uint32_t)(bytes != 0);
    uint32_t pos = at + (uint32_t)(int32_t)shorter[form].from - gone;
    pos = (pos & cuts) | (from & ~cuts);
    x->at += (uint32_t)(int32_t)shorter[form].at;
    x->kind = (shorter[form].kind & fits) | (kind & ~fits);
    uint8_t code = base[at - 1];
    to = move_down(to, base + from, pos - from);
    /* 0f 80+cc becomes 70+cc, e9 eb, in the last byte but one of what was moved. Of what stays as it is, the byte
     * behind that is written: the next piece comes there. */
    __asm__("" : "+r"(jcc)); /* gcc 12 would branch on it */
    to[-2 * (ptrdiff_t)(form - SHORT_JCC < 2u)] =
      (uint8_t)(0xebu ^ (((code - 0x10u) ^ 0xebu) & -jcc));
    from = pos + bytes;
    total += bytes;
  }
  cut[n] = total;
  w->p = move_down(to, base + from, kn_here(w) - from);
  return true;
}

/* Moves what points into the code along. */
static void move_marks(struct kn_walk *w, uint32_t reloc_first) {
  const uint32_t *cut = w->cut.at, *mark = w->label_mark.at;
  uint32_t *label = w->label, n = w->labels.n;
  for (uint32_t i = 0; i < n; i++) label[i] -= label[i] != UINT32_MAX ? cut[mark[i]] : 0;
  struct kn_code_reloc *relocs = w->s->out.relocs + reloc_first;
  for (uint32_t i = 0; i < w->reloc_mark.n; i++) relocs[i].offset -= cut[w->reloc_mark.at[i]];
  if (KN_UNLIKELY(w->map)) kn_map_move(w);
}

/* ---- what comes behind ---- */

/* Constants behind the code, largest first so that padding comes once. */
static void place_literals(struct kn_walk *w) {
  if (w->literals.n == 0 || !kn_walk_room(w, (size_t)w->literals.n * 16 + 64)) return;
  if (KN_UNLIKELY(w->map)) kn_map_add(w, UINT32_MAX, 0, true);
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

/* By kind: which bits are the displacement, and where it counts from. */
static const struct {
  uint32_t mask, from;
} patches[] = {
  {UINT32_MAX, 4},
  {UINT32_MAX, 5},
  {UINT32_MAX, 6},
  {UINT32_MAX, 7},
  {UINT32_MAX, 8},
  [X64_FIX_JMP] = {UINT32_MAX, 4},
  [X64_FIX_JCC] = {UINT32_MAX, 4},
  [X64_FIX_OVER] = {UINT32_MAX, 4},
  [X64_FIX_BYTE] = {0xff, 1},
  [X64_FIX_EPILOGUE] = {0, 0}, /* NONE and GONE too: they have no label */
};

static void patch(struct kn_walk *w) {
  const uint32_t *labels = w->label;
  uint8_t *base = w->base;
  const struct kn_fixup *end = w->fixups.at + w->fixups.n;
  for (const struct kn_fixup *x = w->fixups.at; x != end; x++) {
    uint32_t kind = x->kind, label = x->label, mask = UINT32_MAX, from;
    if (KN_UNLIKELY(kind & X64_FIX_TABLE)) {
      from = labels[kind & ~X64_FIX_TABLE];
    } else { /* a branch on the kind would be mispredicted */
      mask = patches[kind].mask;
      from = x->at + patches[kind].from;
      label &= mask ? UINT32_MAX : 0;
    }
    uint32_t was, d = labels[label] - from;
    memcpy(&was, base + x->at, 4);
    was ^= (was ^ d) & mask;
    memcpy(base + x->at, &was, 4);
  }
}

/* Frame rows: DWARF 5, 6.4.2; register numbers: psABI, figure 3.36. */
static void frame_rows(struct kn_walk *w, uint32_t start, uint32_t end) {
  if (w->frameless) return; /* the CIE's rules hold throughout */
  static const uint8_t dwarf_of[16] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};
  /* behind push rbp: def_cfa_offset 16, offset rbp cfa - 16; behind mov: def_cfa_register rbp */
  uint8_t rows[64] = {0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6}, *p = rows + 8;
  uint32_t at = start + 4;
  unsigned n = 2;
  for (uint64_t m = w->plan->saved; m; m &= m - 1) { /* pushed in the order of their numbers */
    unsigned reg = (unsigned)__builtin_ctzll(m);
    at += reg >= 8 ? 2 : 1;
    *p++ = reg >= 8 ? 0x42 : 0x41;
    *p++ = (uint8_t)(0x80 | dwarf_of[reg]);
    *p++ = (uint8_t)++n;
  }
  for (uint32_t k = w->fixups.n; k-- > 0 && w->n_epilogues == 1;) {
    /* one epilogue, the usual case: it is among the last fixups */
    const struct kn_fixup *x = &w->fixups.at[k];
    if (x->kind != X64_FIX_EPILOGUE) continue;
    uint32_t ret = x->at + x->label - (w->cut.at[k + 1] - w->cut.at[k]);
    w->n_epilogues = 0;
    p = kn_walk_put_advance(p, ret - at);
    bool last = ret + 1 == end;
    if (!last) *p++ = 0x0a; /* remember_state */
    *p++ = 0x0c;            /* def_cfa rsp, 8 */
    *p++ = 7;
    *p++ = 8;
    if (!last) {
      *p++ = 0x41;
      *p++ = 0x0b; /* restore_state */
    }
  }
  kn_walk_cfi(w, rows, (size_t)(p - rows));
  for (uint32_t k = 0; k < w->fixups.n && w->n_epilogues; k++) {
    const struct kn_fixup *x = &w->fixups.at[k];
    if (x->kind != X64_FIX_EPILOGUE) continue;
    w->n_epilogues--;
    uint32_t ret = x->at + x->label - (w->cut.at[k + 1] - w->cut.at[k]);
    p = kn_walk_put_advance(rows, ret - at);
    static const uint8_t row[] = {0x0a, 0x0c, 7, 8, 0x41, 0x0b};
    memcpy(p, row, sizeof row);
    kn_walk_cfi(w, rows, (size_t)(p - rows) + sizeof row);
    at = ret + 1;
  }
}

void x64_finish(struct kn_walk *w, uint32_t start, uint32_t reloc_first) {
  w->frameless = false;
  if (!cut_all(w, start)) return;
  move_marks(w, reloc_first);
  uint32_t end = kn_here(w);
  place_literals(w);
  if (w->f->status != KILN_OK) return;
  patch(w);
  frame_rows(w, start, end);
}
