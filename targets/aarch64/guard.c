/* What hardened functions have beyond others on AArch64: probes of each page of the stack, guards in the frame, and the
 * registers that the conventions preserve_most, preserve_all and vector_pcs keep. Called by frame.c and by lowerings
 * that move the stack pointer. All of this uses x16 and x17 alone.
 *
 * Probes. Invariant: at each instruction the last access to the stack is at most a page above sp, and at most 1024
 * bytes where another function is called: it may rely on that, and so does a function on its caller. The frame record
 * is at sp, so the prologue's own store is the last probe.
 *
 * Guards. The frame record is below the function's variables, and the record that an overflow of these reaches is the
 * caller's: the guard is at the frame's end, the arrays directly below it. They are addressed from the frame's end,
 * since what is below them is not complete before the function is. What salloc gives is below the function's own
 * record: a second guard is there. */
#include "targets/aarch64/a64.h"

/* ---- stack probes ---- */

enum { UNROLLED = 3, CALLER_UNPROBED = 1024 };

/* A number of bytes up to n that one instruction subtracts, a multiple of 16. */
static uint32_t encodable(uint32_t n) { return n > 4095 ? n & ~4095u : n & ~15u; }

/* Distance of two probes; of the first from the caller's sp. */
static uint32_t step_of(const kiln_func *f) { return encodable(f->attrs.probe_bytes); }
static uint32_t first_of(const kiln_func *f) {
  uint32_t step = step_of(f);
  return step >= 2 * CALLER_UNPROBED ? encodable(step - CALLER_UNPROBED) : step;
}

static uint32_t sub_sp(uint32_t bytes) { return a64_addsub_val(A64_SUB, 1, A64_SP, A64_SP, bytes); }
static uint32_t touch(void) { return a64_mem_offset(A64_STR_X, A64_ZR, A64_SP, 0); }

static void row(struct a64_probes *o, unsigned reg, uint32_t offset) {
  o->row[o->n_rows].at = (uint8_t)o->n;
  o->row[o->n_rows].reg = (uint8_t)reg;
  o->row[o->n_rows++].offset = offset;
}

bool a64_probe(const kiln_func *f, uint32_t size, struct a64_probes *o) {
  uint32_t first = first_of(f), step = step_of(f);
  if (f->attrs.probe_bytes == 0 || size <= first) return false;
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
  uint32_t step = step_of(w->f);
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

/* ---- branch protection ---- */

/* Hints, so that processors without these instructions ignore them. PACIASP and PACIBSP are as good a mark of a
 * function's beginning as BTI c. */
enum { PACIASP = 25, PACIBSP = 27, AUTIASP = 29, AUTIBSP = 31, BTI_C = 34, BTI_J = 36 };

void a64_landing(struct kn_walk *w) { a64_emit(w, a64_hint(BTI_J)); }

uint32_t a64_harden_head(const struct kn_walk *w, bool frame, bool *sign) {
  unsigned what = w->f->attrs.protect;
  *sign = (what & KILN_PROTECT_RETURN) && (frame || (what & KILN_PROTECT_RETURN_ALL));
  if (*sign) return a64_hint(what & KILN_PROTECT_KEY_B ? PACIBSP : PACIASP);
  bool mark = (what & (KILN_PROTECT_BRANCH | KILN_PROTECT_DIRECT)) == KILN_PROTECT_BRANCH;
  return mark ? a64_hint(BTI_C) : 0;
}

uint32_t a64_authenticate(const struct kn_walk *w) {
  return a64_hint(w->f->attrs.protect & KILN_PROTECT_KEY_B ? AUTIBSP : AUTIASP);
}

/* ---- registers that the convention keeps ---- */

void a64_harden_registers(struct kn_walk *w) {
  unsigned cc = kn_sig(w->f->module, w->f->sig)->cc;
  if (cc == KILN_CC_PRESERVE_MOST || cc == KILN_CC_PRESERVE_ALL)
    a64(w)->kept = UINT64_C(0xfe00); /* x9 to x15 */
  if (cc == KILN_CC_PRESERVE_ALL) a64(w)->kept_whole = UINT64_C(0xffffff00) << KN_FP_BASE;
  if (cc == KILN_CC_VECTOR) a64(w)->kept_whole = UINT64_C(0xffff00) << KN_FP_BASE;
}

static void move_whole(struct kn_walk *w, enum a64_mem op) {
  int32_t at = a64(w)->kept_at;
  for (uint64_t m = a64(w)->kept_whole; m; m &= m - 1, at += 16)
    a64_emit(w, a64_mem_offset(op, a64_v((unsigned)__builtin_ctzll(m)), A64_FP, at));
}

/* ---- guards ---- */

enum { GUARD = -8, LOW_GUARD = -16 }; /* from the frame's end; from x29 */

const struct kn_guard_reg a64_guard_regs[] = {
  {"sp_el0", 0xc208, KILN_GUARD_SOURCE_SYSREG, true}, /* op0 to op2: bits 5 to 20 of mrs */
  {"tpidr_el0", 0xde82, KILN_GUARD_SOURCE_SYSREG, false},
  {"tpidrro_el0", 0xde83, KILN_GUARD_SOURCE_SYSREG, false},
  {"tpidr_el1", 0xc684, KILN_GUARD_SOURCE_SYSREG, false},
  {NULL, 0, KILN_GUARD_SOURCE_DEFAULT, false},
};

/* x16 = the guard value. */
static void load_guard(struct kn_walk *w) {
  kiln_module *m = w->f->module;
  if (m->guard.source == KILN_GUARD_SOURCE_SYSREG) {
    a64_emit(w, 0xd5200000u | (uint32_t)m->guard_reg << 5 | A64_IP0); /* mrs x16, reg */
    a64_emit(w, a64_mem_offset(A64_LDR_X, A64_IP0, A64_IP0, m->guard.offset_bytes));
    return;
  }
  uint32_t symbol = kn_symbol_reference(m, "__stack_chk_guard");
  if (symbol == 0) {
    kn_func_fail(w->f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
    return;
  }
  a64_symbol(w, A64_IP0, symbol, 0);
  a64_emit(w, a64_mem_scaled(A64_LDR_X, A64_IP0, A64_IP0, 0));
}

/* Places the arrays below the guard: all else is below these. */
static void place_arrays(struct kn_walk *w) {
  const kiln_func *f = w->f;
  uint64_t top = 16;
  for (uint32_t k = 0; k < f->slots.n; k++) {
    struct kn_slot *s = &f->slots.at[k];
    if (!s->array || s->uses == 0) continue;
    uint64_t align = s->align_log2 > 4 ? 16 : UINT64_C(1) << s->align_log2;
    uint64_t size = s->size_bytes + (s->align_log2 > 4 ? UINT64_C(1) << s->align_log2 : 0);
    if (align < 8) align = 8;
    top = (top + (size ? size : 1) + align - 1) & ~(align - 1);
    if (top > A64_BEYOND / 2) {
      kn_func_fail(w->f, KILN_ERR_LIMIT, UINT32_MAX, 0,
                   "the arrays of a guarded frame are larger than 256 MiB");
      return;
    }
    s->frame = A64_INCOMING_FRAME(-(int32_t)top);
  }
  a64(w)->top = (uint32_t)((top + 15) & ~UINT64_C(15));
}

static void enter_guard(struct kn_walk *w) {
  place_arrays(w);
  load_guard(w);
  struct a64_at at = a64_frame_at(w, A64_STR_X, A64_INCOMING_FRAME(GUARD), 0);
  a64_emit(w, a64_mem_offset(A64_STR_X, A64_IP0, at.base, at.off));
  if (!w->f->dynamic_stack) return;
  a64_emit(w, a64_addsub_imm(A64_SUB, 1, A64_SP, A64_SP, 16, 0));
  a64_emit(w, a64_mem_offset(A64_STR_X, A64_IP0, A64_FP, LOW_GUARD));
}

void a64_harden_begin(struct kn_walk *w) {
  w->i = 0; /* of no instruction: for diagnostics */
  if (w->f->attrs.general_only)
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "code of general registers only");
  unsigned whole = (unsigned)__builtin_popcountll(a64(w)->kept_whole);
  if (whole != 0) {
    a64(w)->kept_at = kn_frame_alloc(w, 16 * whole, 4);
    a64(w)->frame_used = true;
    move_whole(w, A64_STR_FQ);
  }
  if (w->f->guarded) enter_guard(w);
}

/* Compares x16 with the copy at `at`: the place of the branch if they differ. */
static uint32_t compare(struct kn_walk *w, struct a64_at at) {
  a64_emit(w, a64_mem_offset(A64_LDR_X, A64_IP1, at.base, at.off));
  a64_emit(w, a64_sub(1, A64_IP1, A64_IP1, A64_IP0));
  uint32_t branch = kn_here(w);
  a64_emit(w, a64_nop());
  return branch;
}

void a64_harden_return(struct kn_walk *w, uint32_t fail[2]) {
  fail[0] = fail[1] = 0;
  if (w->f->guarded) {
    load_guard(w);
    fail[0] = compare(w, a64_frame_at(w, A64_LDR_X, A64_INCOMING_FRAME(GUARD), 0));
    if (w->f->dynamic_stack) fail[1] = compare(w, (struct a64_at){A64_FP, LOW_GUARD});
  }
  move_whole(w, A64_LDR_FQ);
}

void a64_harden_end(struct kn_walk *w, const uint32_t fail[2]) {
  for (unsigned k = 0; k < 2 && fail[k] != 0; k++) {
    uint32_t word = a64_cbnz(1, A64_IP1, (int32_t)(kn_here(w) - fail[k]));
    memcpy(w->code.base + fail[k], &word, 4);
  }
  uint32_t symbol = kn_symbol_reference(w->f->module, "__stack_chk_fail");
  if (symbol == 0) kn_func_fail(w->f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  else a64_call_symbol(w, symbol, true);
  a64_emit(w, a64_brk(1)); /* it does not return */
}
