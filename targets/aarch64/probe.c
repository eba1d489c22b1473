/* Probes of each page of the stack on AArch64, where functions have them (kn_frame_plan.probe_step). Called by frame.c
 * and by lowerings that move the stack pointer. Uses x16 and x17 alone.
 *
 * Invariant: at each instruction the last access to the stack is at most a page above sp, and at most 1024 bytes where
 * another function is called: it may rely on that, and so does a function on its caller. The frame record is at sp, so
 * the prologue's own store is the last probe. */
#include "targets/aarch64/a64.h"

enum { UNROLLED = 3, CALLER_UNPROBED = 1024 };

/* A number of bytes up to n that one instruction subtracts, a multiple of 16. */
static uint32_t encodable(uint32_t n) { return n > 4095 ? n & ~4095u : n & ~15u; }

/* Distance of the first probe from the caller's sp. */
static uint32_t first_of(uint32_t step) {
  return step >= 2 * CALLER_UNPROBED ? encodable(step - CALLER_UNPROBED) : step;
}

static uint32_t sub_sp(uint32_t bytes) { return a64_addsub_val(A64_SUB, 1, A64_SP, A64_SP, bytes); }
static uint32_t touch(void) { return a64_mem_offset(A64_STR_X, A64_ZR, A64_SP, 0); }

static void row(struct a64_probes *o, unsigned reg, uint32_t offset) {
  o->row[o->n_rows].at = (uint8_t)o->n;
  o->row[o->n_rows].reg = (uint8_t)reg;
  o->row[o->n_rows++].offset = offset;
}

bool a64_probe(const struct kn_walk *w, uint32_t size, struct a64_probes *o) {
  uint32_t step = encodable(w->plan->frame.probe_step), first = first_of(step);
  if (KN_LIKELY(step == 0) || size <= first) return false;
  o->n = o->n_rows = 0;
  o->word[o->n++] = sub_sp(first);
  row(o, A64_SP, first);
  o->word[o->n++] = touch();
  uint32_t steps = (size - first - 1) / step, done = first;
  if (steps <= UNROLLED) {
    for (uint32_t k = 0; k < steps; k++) {
      o->word[o->n++] = sub_sp(step);
      row(o, A64_SP, done += step);
      o->word[o->n++] = touch();
    }
  } else {
    uint32_t bytes = steps * step;
    o->word[o->n++] = a64_movw(A64_MOVZ, 1, A64_IP0, bytes & 0xffff, 0);
    o->word[o->n++] = a64_movw(A64_MOVK, 1, A64_IP0, bytes >> 16, 1);
    o->word[o->n++] = a64_addsub_ext(A64_SUB, 1, A64_IP0, A64_SP, A64_IP0, A64_UXTX, 0);
    row(o, A64_IP0, done += bytes); /* sp moves, x16 does not */
    o->word[o->n++] = sub_sp(step);
    o->word[o->n++] = touch();
    o->word[o->n++] = a64_addsub_ext(A64_SUBS, 1, A64_ZR, A64_SP, A64_IP0, A64_UXTX, 0);
    o->word[o->n++] = a64_b_cond(A64_NE, -12);
    row(o, A64_SP, done);
  }
  o->word[o->n++] = sub_sp(size - done);
  row(o, A64_SP, size);
  return true;
}

void a64_probe_salloc(struct kn_walk *w, unsigned align_log2) {
  uint32_t step = encodable(w->plan->frame.probe_step);
  if (align_log2 > 4) { /* x16 = sp - (sp - x16 rounded down) */
    uint32_t field = 0;
    a64_bitmask(1, ~UINT64_C(0) << align_log2, &field);
    a64_emit(w, a64_mov_sp(1, A64_IP1, A64_SP));
    a64_emit(w, a64_sub(1, A64_IP0, A64_IP1, A64_IP0));
    a64_emit(w, a64_logic_imm(A64_AND, 1, A64_IP0, A64_IP0, field));
    a64_emit(w, a64_sub(1, A64_IP0, A64_IP1, A64_IP0));
  }
  a64_emit(w, a64_cmp_val(1, A64_IP0, step));
  a64_emit(w, a64_b_cond(A64_LO, 20));
  a64_emit(w, sub_sp(step));
  a64_emit(w, touch());
  a64_emit(w, a64_addsub_val(A64_SUB, 1, A64_IP0, A64_IP0, step));
  a64_emit(w, a64_b(-20));
  a64_emit(w, a64_addsub_ext(A64_SUB, 1, A64_SP, A64_SP, A64_IP0, A64_UXTX, 0));
  a64_emit(w, a64_mem_offset(A64_LDR_X, A64_ZR, A64_SP, 0)); /* may be in use, if x16 was 0 */
}
