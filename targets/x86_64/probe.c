/* How the stack pointer moves down on x86-64: the frame's allocation in the prologue, stack arguments, SALLOC; with
 * probes of each page where the function has them (kn_frame_plan.probe_step). Called by frame.c, relax.c and the
 * lowerings that move it. Uses r11 alone.
 *
 * Invariant: at each instruction of a probed function the last access to the stack is less than a page above rsp. A
 * call writes its return address, so a frame may end less than a page below what was accessed; where the function
 * itself moves rsp again, it does not. Where rbp is the base of the CFA by then, the unwind rows know nothing of
 * probes. */
#include "targets/x86_64/x64.h"

/* The most pages that are touched without a loop. */
enum { UNROLLED = 2 };

static uint8_t *sub_rsp(uint8_t *p, uint32_t bytes) {
  return x64_alu_ri(p, X64_G_SUB, 3, X64_RSP, (int32_t)bytes);
}
/* Touches the newest memory, whose content is nobody's. */
static uint8_t *touch_new(uint8_t *p) { return x64_mov_mi(p, 3, x64_at(X64_RSP, 0), 0); }
/* Touches memory that may be in use: or qword ptr [rsp], 0. */
static uint8_t *touch(uint8_t *p) {
  static const uint8_t bytes[] = {0x48, 0x83, 0x0c, 0x24, 0x00};
  memcpy(p, bytes, sizeof bytes);
  return p + sizeof bytes;
}

/* The prologue's code up to `p` has allocated `size` bytes, as the unwind rows of frames without rbp say, where the CFA
 * counts from `reg`, and codes of prologues. */
static void add_row(struct kn_walk *w, const uint8_t *p, unsigned reg, uint32_t size) {
  struct x64_walk *x = x64(w);
  if (!w->frame.up && (!w->target->unwind_codes || x->based)) return;
  uint32_t at = (uint32_t)(p - w->code.base) - X64_GAP; /* the prologue moves by so much */
  x->rows[x->n_rows++] = (struct x64_frame_row){.at = at, .reg = (uint8_t)reg, .size = size};
}

uint8_t *x64_allocate_frame(struct kn_walk *w, uint8_t *p, uint32_t size) {
  if (w->frame.up && size == 8) *p++ = 0x50; /* push rax, whatever is in it */
  else p = sub_rsp(p, size);
  add_row(w, p, X64_RSP, size);
  return p;
}

/* Touches `bytes` below rsp, page by page. rsp stays, since codes of prologues cannot describe a loop that moves it,
 * and Windows extends a stack wherever rsp is. */
static uint8_t *touch_below(uint8_t *p, uint32_t bytes, uint32_t page) {
  p = x64_zero(p, X64_R11);
  uint8_t *loop = p;
  p = x64_alu_ri(p, X64_G_SUB, 3, X64_R11, (int32_t)page);
  p = x64_mov_mi(p, 3, x64_mem(X64_RSP, X64_R11, 0, 0), 0);
  p = x64_alu_ri(p, X64_G_CMP, 3, X64_R11, -(int32_t)bytes);
  return x64_jcc_rel8(p, X64_NE, (int8_t)(loop - p - 2));
}

static uint8_t *allocate(struct kn_walk *w, uint8_t *p, uint32_t bytes, uint32_t page, bool last) {
  uint32_t pages = bytes / page, rest = bytes % page;
  if (pages > UNROLLED && w->target->unwind_codes) {
    p = sub_rsp(touch_below(p, pages * page, page), pages * page);
    add_row(w, p, X64_RSP, pages * page);
  } else if (pages > UNROLLED) {
    p = x64_rm(p, X64_LEA, 3, X64_R11, x64_at(X64_RSP, -(int32_t)(pages * page)));
    add_row(w, p, X64_R11, pages * page);
    uint8_t *loop = p;
    p = touch_new(sub_rsp(p, page));
    p = x64_rr(p, X64_CMP, 3, X64_RSP, X64_R11);
    p = x64_jcc_rel8(p, X64_NE, (int8_t)(loop - p - 2));
    add_row(w, p, X64_RSP, pages * page);
  } else {
    for (uint32_t k = 1; k <= pages; k++) {
      p = sub_rsp(p, page);
      add_row(w, p, X64_RSP, k * page);
      p = touch_new(p);
    }
  }
  if (rest == 0) return p;
  p = sub_rsp(p, rest);
  add_row(w, p, X64_RSP, bytes);
  return last ? touch_new(p) : p;
}

void x64_realign(struct kn_walk *w) {
  EMIT(w, x64_alu_ri, X64_G_AND, 3, X64_RSP, -16);
  if (w->plan->frame.probe_step != 0) EMIT(w, touch); /* a page is counted from there */
}

uint32_t x64_probe_frame(struct kn_walk *w, uint32_t size) {
  uint8_t *p = w->code.base + x64(w)->frame_patch - 3;
  uint8_t *end = p + 7 + x64(w)->probe_room;
  const struct kn_frame_plan *frame = &w->plan->frame;
  if (size >= frame->probe_step || frame->dynamic)
    p = allocate(w, p, size, frame->probe_step, frame->dynamic && size != 0);
  else if (size != 0) p = x64_allocate_frame(w, p, size);
  return (uint32_t)(end - p);
}

void x64_allocate(struct kn_walk *w, uint32_t bytes) {
  uint32_t step = w->plan->frame.probe_step;
  w->code.p = step == 0 ? sub_rsp(w->code.p, bytes) : allocate(w, w->code.p, bytes, step, false);
}

void x64_probe_salloc(struct kn_walk *w, int32_t align) {
  uint32_t page = w->plan->frame.probe_step;
  if (align > 16) { /* r11 = rsp - (rsp - r11 rounded down) */
    EMIT(w, x64_group_r, 0xf7, 3, X64_G_NEG, X64_R11);
    EMIT(w, x64_rr, X64_ADD, 3, X64_R11, X64_RSP);
    EMIT(w, x64_alu_ri, X64_G_AND, 3, X64_R11, -align);
    EMIT(w, x64_group_r, 0xf7, 3, X64_G_NEG, X64_R11);
    EMIT(w, x64_rr, X64_ADD, 3, X64_R11, X64_RSP);
  }
  uint8_t *loop = w->code.p;
  EMIT(w, x64_alu_ri, X64_G_CMP, 3, X64_R11, (int32_t)page);
  uint8_t *leave = w->code.p;
  EMIT(w, x64_jcc_rel8, X64_B, 0);
  w->code.p = touch_new(sub_rsp(w->code.p, page));
  EMIT(w, x64_alu_ri, X64_G_SUB, 3, X64_R11, (int32_t)page);
  EMIT(w, x64_jmp_rel8, (int8_t)(loop - w->code.p - 2));
  leave[1] = (uint8_t)(w->code.p - leave - 2);
  EMIT(w, x64_rr, X64_SUB, 3, X64_RSP, X64_R11);
  EMIT(w, touch);
}
