/* What debuggers ask of the plan, as data (KN_WISH_...), from what the function says of its variables: that what they
 * read is kept, in one place or in memory. Called by debugger.c before the plan, for functions in which debuggers may
 * change code. */
#include "lib/debug/debugger.h"

/* Of a slot and its pieces, if it has some, or of these and itself. */
static void ask(struct kn_plan *plan, const kiln_func *f, uint32_t slot, unsigned whole,
                unsigned wish) {
  if (f->slots.at[slot].pieces != 0) wish |= whole;
  for (uint32_t i = slot + 1; i != 0; i = f->slots.at[i - 1].pieces)
    plan->wishes.at[i - 1] |= (uint8_t)wish;
}

void kn_debug_ask(struct kn_plan *plan, const kiln_func *f) {
  if (!KN_RESIZE(f->module, plan->wishes, f->slots.n)) return;
  for (uint32_t i = 0; i < f->slots.n; i++) plan->wishes.at[i] = 0;
  for (uint32_t k = 0; k < f->debug.vars.n; k++) {
    const struct kn_debug_var *v = &f->debug.vars.at[k];
    const bool memory = v->memory || (v->n != 0 && !v->indirect);
    ask(plan, f, v->slot, memory || v->indirect || v->part_bits != 0 ? KN_WISH_WHOLE : 0,
        memory ? KN_WISH_THROUGHOUT | KN_WISH_MEMORY : KN_WISH_THROUGHOUT);
  }
  for (uint32_t k = 0; k < f->debug.values.n; k++) {
    const struct kn_debug_value *v = &f->debug.values.at[k];
    if (!kn_is_slot(v->value)) continue;
    /* it may have the variable's address, which no code may read again: a register would be taken */
    const bool address = v->n != 0 && f->debug.bytes.at[v->expr] == KILN_DW_OP_deref;
    ask(plan, f, kn_index(v->value), KN_WISH_WHOLE,
        address ? KN_WISH_READ | KN_WISH_MEMORY : KN_WISH_READ);
  }
}
