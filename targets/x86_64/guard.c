/* Guards on x86-64: the guard value is copied to the frame at the entry, next to the arrays, and compared at each
 * return. Which functions have one is kn_frame_plan.guarded; where the value is, the module says. Called by frame.c.
 * Uses r11 alone. */
#include "targets/x86_64/x64.h"

/* The memory at symbol `name`, in a segment or 0; its address may be in r11. */
static struct x64_addr symbol_at(struct kn_walk *w, const char *name, unsigned segment) {
  uint32_t id = kn_library_variable(w, name);
  struct x64_addr addr = {.m = {X64_RIP, X64_NONE, 0, 0, 0}, .ref = id, .reloc = KILN_RELOC_REL32};
  if (id != 0 && !kn_symbol(w->f->module, id)->direct) {
    addr.reloc = KILN_RELOC_X64_GOT_REX;
    x64_op_mem(w, X64_MOV, 3, X64_R11, &addr);
    addr = (struct x64_addr){.m = x64_at(X64_R11, 0)};
  }
  addr.m.segment = (uint8_t)segment;
  return addr;
}

/* r11 = the guard value. */
static void load_guard(struct kn_walk *w) {
  const kiln_module *m = w->f->module;
  struct x64_addr addr = {.m = {X64_NONE, X64_NONE, 0, 0x64, 0x28}}; /* psABI: TCB's stack_guard */
  switch (w->target->guard_variable && m->attrs.guard_location.source == KILN_GUARD_SOURCE_DEFAULT
            ? KILN_GUARD_SOURCE_GLOBAL
            : m->attrs.guard_location.source) {
  case KILN_GUARD_SOURCE_TLS:
    if (m->attrs.guard_location.symbol != NULL) {
      addr = symbol_at(w, m->attrs.guard_location.symbol, m->guard_reg);
    } else {
      addr.m.segment = (uint8_t)m->guard_reg;
      addr.m.disp = m->attrs.guard_location.offset_bytes;
    }
    break;
  case KILN_GUARD_SOURCE_GLOBAL: addr = symbol_at(w, "__stack_chk_guard", 0); break;
  case KILN_GUARD_SOURCE_DEFAULT:
  case KILN_GUARD_SOURCE_SYSREG:
  case KILN_GUARD_SOURCE_COUNT: break;
  }
  x64_op_mem(w, X64_MOV, 3, X64_R11, &addr);
}

const struct kn_guard_reg x64_guard_regs[] = {
  {"fs", 0x64, KILN_GUARD_SOURCE_TLS, true},
  {"gs", 0x65, KILN_GUARD_SOURCE_TLS, false},
  {NULL, 0, KILN_GUARD_SOURCE_DEFAULT, false},
};

void x64_guard_enter(struct kn_walk *w) {
  const kiln_func *f = w->f;
  x64(w)->guard = kn_frame_alloc(w, 8, 3);
  x64(w)->guard_fail = kn_code_label(w);
  load_guard(w);
  EMIT(w, x64_rm, X64_MOV_ST, 3, X64_R11, x64_frame_mem(w, x64(w)->guard));
  for (uint32_t k = 0; k < f->slots.n; k++) {
    const struct kn_slot *s = &f->slots.at[k];
    if (s->array && s->uses != 0 && s->align_log2 <= 4) kn_slot_frame(w, k);
  }
  x64_align_slots(w, true);
}

void x64_guard_check(struct kn_walk *w) {
  load_guard(w);
  EMIT(w, x64_rm, X64_SUB, 3, X64_R11, x64_frame_mem(w, x64(w)->guard));
  x64_jcc(w, X64_NE, x64(w)->guard_fail);
}

void x64_guard_end(struct kn_walk *w) {
  if (x64(w)->n_epilogues == 0 || !kn_code_ready(w)) return;
  x64_bind_label(w, x64(w)->guard_fail);
  uint32_t fail = kn_library_symbol(w, "__stack_chk_fail", NULL);
  if (fail != 0) x64_call_symbol(w, fail, true);
  EMIT(w, x64_ud2); /* it does not return */
}
