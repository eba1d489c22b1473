/* Guards on AArch64: the guard value is copied to the frame at the entry, and compared at each return. Which functions
 * have one is kn_frame_plan.guarded; where the value is, the module says. Called by frame.c. Uses x16 and x17 alone.
 *
 * The frame record is below the function's variables, and the record that an overflow of these reaches is the
 * caller's: the guard is at the frame's end, the arrays directly below it. They are addressed from the frame's end,
 * since what is below them is not complete before the function is. What salloc gives is below the function's own
 * record: a second guard is there. */
#include "targets/aarch64/a64.h"

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
  const kiln_module *m = w->f->module;
  if (m->attrs.guard_location.source == KILN_GUARD_SOURCE_SYSREG) {
    a64_emit(w, 0xd5200000u | (uint32_t)m->guard_reg << 5 | A64_IP0); /* mrs x16, reg */
    a64_emit(w, a64_mem_offset(A64_LDR_X, A64_IP0, A64_IP0, m->attrs.guard_location.offset_bytes));
    return;
  }
  uint32_t symbol = kn_library_variable(w, "__stack_chk_guard");
  if (symbol == 0) return;
  a64_symbol(w, A64_IP0, symbol, 0);
  a64_emit(w, a64_mem_scaled(A64_LDR_X, A64_IP0, A64_IP0, 0));
}

/* Places the arrays below the guard: all else is below these. */
static void allocate_arrays(struct kn_walk *w) {
  const kiln_func *f = w->f;
  uint64_t top = 16;
  for (uint32_t k = 0; k < f->slots.n; k++) {
    const struct kn_slot *s = &f->slots.at[k];
    if (!s->array || s->uses == 0) continue;
    uint64_t align = s->align_log2 > 4 ? 16 : UINT64_C(1) << s->align_log2;
    uint64_t size = s->size_bytes + (s->align_log2 > 4 ? UINT64_C(1) << s->align_log2 : 0);
    if (align < 8) align = 8;
    top = (top + (size ? size : 1) + align - 1) & ~(align - 1);
    if (top > A64_BEYOND / 2) {
      kn_func_fail(w->owner, KILN_ERR_LIMIT, UINT32_MAX, 0,
                   "the arrays of a guarded frame are larger than 256 MiB");
      return;
    }
    w->slot_states.at[k].frame = A64_INCOMING_FRAME(-(int32_t)top);
  }
  a64(w)->top = (uint32_t)((top + 15) & ~UINT64_C(15));
}

void a64_guard_enter(struct kn_walk *w) {
  allocate_arrays(w);
  load_guard(w);
  a64_frame_access(w, A64_STR_X, A64_IP0, A64_INCOMING_FRAME(GUARD), 0);
  if (!w->plan->frame.dynamic) return;
  a64_emit(w, a64_addsub_imm(A64_SUB, 1, A64_SP, A64_SP, 16, 0));
  a64_emit(w, a64_mem_offset(A64_STR_X, A64_IP0, A64_FP, LOW_GUARD));
}

/* Compares x16 with the copy at `at`: the position of the branch if they differ. */
static uint32_t compare(struct kn_walk *w, struct a64_at at) {
  a64_emit(w, a64_mem_offset(A64_LDR_X, A64_IP1, at.base, at.off));
  a64_emit(w, a64_sub(1, A64_IP1, A64_IP1, A64_IP0));
  uint32_t branch = kn_here(w);
  a64_emit(w, a64_nop());
  return branch;
}

void a64_guard_check(struct kn_walk *w, uint32_t fail[2]) {
  load_guard(w);
  fail[0] = compare(w, a64_frame_at(w, A64_LDR_X, A64_INCOMING_FRAME(GUARD), 0));
  if (w->plan->frame.dynamic) fail[1] = compare(w, (struct a64_at){A64_FP, LOW_GUARD});
}

void a64_guard_end(struct kn_walk *w, const uint32_t fail[2]) {
  for (unsigned k = 0; k < 2 && fail[k] != 0; k++) {
    uint32_t word = a64_cbnz(1, A64_IP1, (int32_t)(kn_here(w) - fail[k]));
    memcpy(w->code.base + fail[k], &word, 4);
  }
  uint32_t symbol = kn_library_symbol(w, "__stack_chk_fail", NULL);
  if (symbol != 0) a64_call_symbol(w, symbol, true);
  a64_emit(w, a64_brk(1)); /* it does not return */
}
