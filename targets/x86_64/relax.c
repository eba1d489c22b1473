/* Cuts the code to its final size. Jumps, prologue and epilogues were emitted in their longest form, before anything
 * was known; now jumps become short, the frame's allocation takes the form that its size allows, and a function that
 * needs no frame loses it. Then the displacements are written. Called by frame.c. Invariant: fixups ascend, and every
 * position that may be cut is one. */
#include "targets/x86_64/x64.h"

/* ---- what to cut ---- */

/* What is allocated below the saved registers. rsp is 16-byte aligned at calls, and in all frames: slots rely on it. */
static uint32_t frame_size(struct kn_walk *w) {
  const struct x64_walk *x = x64(w);
  const struct kn_frame_plan *frame = &w->plan->frame;
  bool leaf = kn_frame_leaf(frame);
  uint32_t saved = 8 * x->saved_count + x->saved_area;
  if (!frame->pointer) { /* with the return address above */
    uint32_t used = (uint32_t)(w->frame.low - x->frame_bias);
    return leaf && used == 0 ? 0 : ((used + saved + 8 + 15) & ~15u) - saved - 8;
  }
  /* rbp is aligned, so the whole frame is a multiple of 16; or rsp was, before the allocation */
  uint32_t used = (uint32_t)-w->frame.low;
  if (leaf && used - saved <= w->target->code.red_zone_bytes && frame->red_zone) return 0;
  if (KN_UNLIKELY(frame->realigned)) return (used - saved + x->out_args + 15) & ~15u;
  return ((used + x->out_args + 15) & ~15u) - saved;
}

/* Chooses the prologue's form; returns the bytes to be cut at its end. See x64_begin for what is
 * there. */
static uint32_t cut_prologue(struct kn_walk *w) {
  struct x64_walk *x = x64(w);
  uint32_t room = x->probe_room;
  x->n_rows = 0;
  if (kn_frame_leaf(&w->plan->frame) && w->frame.low == x->frame_bias && x->saved_count == 0 &&
      !w->plan->frame.record && !x->uses_incoming) {
    x->frameless = true;
    return x->frame_patch + 4 + room - X64_GAP - x->head - w->code.start;
  }
  uint32_t size = x->frame_size = frame_size(w);
  if (KN_UNLIKELY(room != 0)) return x64_probe_frame(w, size);
  uint8_t *p = w->code.base + x->frame_patch - 3, *end = p + 7;
  if (size != 0) p = x64_allocate_frame(w, p, size);
  return (uint32_t)(end - p);
}

/* True if rcx is no result of the function. */
static bool rcx_is_free(const kiln_func *f) {
  unsigned words = 0;
  for (unsigned k = 0; k < f->facts.n_results; k++)
    words += 1 + (f->facts.result_types[k] == KILN_TYPE_I128);
  return words <= 2;
}

/* Writes what frees the frame at the beginning of the epilogue whose fixup is `x`, and returns
 * the bytes that it does not need: all, if there is nothing to free. */
static uint32_t cut_epilogue(struct kn_walk *w, const struct kn_fixup *x, uint32_t at) {
  uint32_t size = x64(w)->frame_size;
  const struct kn_frame_plan *frame = &w->plan->frame;
  if (x64(w)->adds) { /* add rsp, imm32 */
    uint8_t *end = w->code.base + at + 7;
    if (x64(w)->frameless) return 7 + frame->pointer; /* pop rbp */
    if (size == 0) return 7;
    if (size == 8 && !w->target->unwind_codes && x->label >> X64_EPILOGUE_LAST == 1 &&
        rcx_is_free(w->f)) {
      end[-1] = 0x59; /* pop rcx, before a ret */
      return 6;
    }
    uint32_t cut = x64_fits8((int32_t)size) ? 3 : 0;
    x64_alu_ri(end - 7 + cut, X64_G_ADD, 3, X64_RSP, (int32_t)size);
    return cut;
  }
  if (x64(w)->frameless) return 1; /* leave */
  bool moved = (size | x64(w)->saved_area) != 0 || frame->dynamic || frame->realigned;
  return (x64(w)->saved_count || x64(w)->based) && !moved ? 4 : 0; /* lea */
}

/* jcc over; jmp there; over: becomes jncc there. `x` is the jcc's fixup, not yet moved `at`. */
static void turn(struct kn_walk *w, struct kn_fixup *x, uint32_t at) {
  struct kn_fixup *jump = x + 1;
  uint32_t size = jump->kind == X64_FIX_JMP ? 5 : 2;
  x->kind = X64_FIX_JCC;
  if (kn_label_at(w, x->label) != at + 4 + size) return;
  w->code.base[at - 1] ^= 1;
  x->label = jump->label;
  jump->kind = X64_FIX_GONE;
  jump->label = size;
}

/* Code is moved in units of this many bytes, each read before it is written. */
enum { PIECE = 64 };
_Static_assert(PIECE <= X64_GAP, "what is written beyond a piece's end was read");

/* Copies n bytes down by X64_GAP or more, and what is after them. */
static uint8_t *move_down(uint8_t *to, const uint8_t *from, uint32_t n) {
  uint32_t done = 0;
  do {
    memcpy(to + done, from + done, PIECE);
    done += PIECE;
  } while (KN_UNLIKELY(done < n));
  return to + n;
}

/* Bytes that a jump of fixup `x`, whose displacement is at `at`, loses since its target is near, and where they are:
 * `*pos`. Its distance is measured before anything is cut. */
static uint32_t shorten(struct kn_walk *w, struct kn_fixup *x, uint32_t at, uint32_t *pos) {
  uint8_t *code = w->code.base + at;
  int32_t distance = (int32_t)(kn_label_at(w, x->label) - (at + 4));
  if (distance != (int8_t)distance) return 0;
  if (x->kind == X64_FIX_JCC) { /* 0f 8x rel32 becomes 7x rel8 */
    code[-2] = (uint8_t)(code[-1] - 0x10);
    x->at--;
    x->kind = X64_FIX_BYTE;
    return 4;
  }
  if (distance == 0) { /* to what follows */
    x->kind = X64_FIX_NONE;
    *pos = at - 1;
    return 5;
  }
  code[-1] = 0xeb; /* e9 rel32 becomes eb rel8 */
  x->kind = X64_FIX_BYTE;
  *pos = at + 1;
  return 3;
}

/* As many nops as there may be in the end. Where code is never cut they are as many as are needed. */
void x64_align_code(struct kn_walk *w, unsigned log2) {
  uint32_t mask = (UINT32_C(1) << log2) - 1;
  if (!w->plan->frame.naked &&
      !KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){kn_here(w), mask, X64_FIX_ALIGN}))
    return;
  kn_code_nops(w, w->plan->frame.naked ? -kn_here(w) & mask : mask);
}

/* One pass over the fixups, in their order, which is the code's, closes the gaps and moves the code to its start;
 * cut[k] becomes the bytes cut before fixup k, X64_GAP among them, which is what everything emitted between fixups
 * k - 1 and k moves by. */
static bool cut_all(struct kn_walk *w) {
  uint32_t n = w->code.fixups.n, start = w->code.start;
  if (!kn_code_make_cuts(w)) return false;
  uint32_t *cut = w->code.cut.at;
  /* the last piece is read to there: a fresh page that is read first faults twice */
  w->code.p[PIECE - 1] = 0;
  uint32_t prologue = cut_prologue(w), total = X64_GAP + prologue;
  uint32_t from = x64(w)->frame_patch + 4 + x64(w)->probe_room; /* what is not yet moved */
  uint8_t *base = w->code.base;
  uint8_t *to = move_down(base + start, base + start + X64_GAP, from - prologue - start - X64_GAP);
  struct kn_fixup *x = w->code.fixups.at;
  for (uint32_t k = 0; k < n; k++, x++) {
    uint32_t at = x->at, pos = at, bytes = 0;
    cut[k] = total;
    x->at = at - total;
    if (KN_UNLIKELY(x->kind == X64_FIX_OVER)) turn(w, x, at);
    if (x->kind == X64_FIX_JCC || x->kind == X64_FIX_JMP) {
      bytes = shorten(w, x, at, &pos);
    } else if (x->kind == X64_FIX_GONE) {
      bytes = x->label;
      pos = at - 1;
    } else if (x->kind == X64_FIX_EPILOGUE) {
      bytes = cut_epilogue(w, x, at);
    } else if (x->kind == X64_FIX_ALIGN) {
      bytes = x->label - (-x->at & x->label);
    }
    if (bytes == 0) continue;
    to = move_down(to, base + from, pos - from);
    from = pos + bytes;
    total += bytes;
  }
  cut[n] = total;
  w->code.p = move_down(to, base + from, kn_here(w) - from);
  return true;
}

bool x64_relax(struct kn_walk *w) {
  x64(w)->frameless = false;
  if (!cut_all(w)) return false;
  kn_code_cut_marks(&w->code);
  return true;
}

/* ---- displacements ---- */

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
  [X64_FIX_MOVED_TO] = {0, 0}, /* NONE to MOVED too: they have no label */
};

void x64_patch(struct kn_walk *w) {
  const struct kn_mark *labels = w->code.marks.at;
  uint8_t *base = w->code.base;
  const struct kn_fixup *end = w->code.fixups.at + w->code.fixups.n;
  for (const struct kn_fixup *x = w->code.fixups.at; x != end; x++) {
    uint32_t kind = x->kind, label = x->label, mask = UINT32_MAX, from;
    if (KN_UNLIKELY(kind & X64_FIX_TABLE)) {
      from = labels[kind & ~X64_FIX_TABLE].at;
    } else { /* a branch on the kind would be mispredicted */
      mask = patches[kind].mask;
      from = x->at + patches[kind].from;
      label &= mask ? UINT32_MAX : 0;
    }
    uint32_t was, d = labels[label].at - from;
    memcpy(&was, base + x->at, 4);
    was ^= (was ^ d) & mask;
    memcpy(base + x->at, &was, 4);
  }
}

KN_COLD void x64_note_tables(struct kn_walk *w) {
  for (uint32_t k = 0; k < w->code.fixups.n; k++) {
    const struct kn_fixup *x = &w->code.fixups.at[k];
    if (x->kind & X64_FIX_TABLE) kn_code_data(w, x->at, x->at + 4);
  }
}
