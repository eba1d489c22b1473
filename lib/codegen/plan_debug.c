/* What debuggers ask of the plan, from what the function says of its variables (struct kn_func_debug): that it keeps in
 * one place, or in memory, what they are to find there. Called by plan.c for functions that describe variables.
 * Invariant: it only takes registers from slots, or makes the plan keep what it would leave out. */
#include "lib/codegen/plan.h"

#include <kiln/dwarf.h>

/* The content of `s`, a slot or a piece of one, is variable `v`, or a part of it. */
static void widen(struct kn_plan *plan, const struct kn_debug_var *v, const struct kn_slot *s) {
  if (s->global == 0) return;
  struct kn_range *r = &plan->ranges.at[s->global - 1];
  r->loaded = true; /* by a debugger */
  if (r->first > r->last || v->memory || (v->n != 0 && !v->indirect)) {
    r->bank = KN_NO_BANK;
    return;
  }
  r->first = 0;
  r->last = plan->n_layout - 1;
  r->shown = true;
}

void kn_plan_debug(struct kn_plan *plan, const kiln_func *f) {
  const struct kn_slot *slots = f->slots.at;
  if (kn_debug_as_is(f)) return;
  for (uint32_t k = 0; k < f->debug.vars.n; k++) {
    const struct kn_debug_var *v = &f->debug.vars.at[k];
    widen(plan, v, &slots[v->slot]);
    for (uint32_t i = slots[v->slot].pieces; i != 0; i = slots[i - 1].pieces)
      widen(plan, v, &slots[i - 1]);
  }
  for (uint32_t k = 0; k < f->debug.values.n; k++) {
    const struct kn_debug_value *v = &f->debug.values.at[k];
    const struct kn_slot *s = kn_is_slot(v->value) ? &slots[kn_index(v->value)] : NULL;
    if (s == NULL || s->global == 0) continue;
    struct kn_range *r = &plan->ranges.at[s->global - 1];
    r->loaded = true;
    /* it has the variable's address, which no code may read again: a register would be taken */
    if (v->n != 0 && f->debug.bytes.at[v->expr] == KILN_DW_OP_deref) r->bank = KN_NO_BANK;
  }
}

/* Slot `i`, which is in pieces, is to be memory. */
static void request_memory(struct kn_plan *plan, const struct kn_slot *slots, uint32_t i) {
  if (slots[i].pieces == 0) return;
  for (uint32_t k = i + 1; k != 0; k = slots[k - 1].pieces)
    plan->slots.at[k - 1].memory |= KN_MEMORY_WHOLE;
}

void kn_plan_debug_pieces(struct kn_plan *plan, const kiln_func *f) {
  if (kn_debug_as_is(f)) return;
  for (uint32_t i = 0; i < f->debug.vars.n; i++) {
    const struct kn_debug_var *v = &f->debug.vars.at[i];
    if (v->memory || v->n != 0 || v->indirect || v->part_bits != 0)
      request_memory(plan, f->slots.at, v->slot);
  }
  for (uint32_t i = 0; i < f->debug.values.n; i++) {
    uint32_t h = f->debug.values.at[i].value;
    if (kn_is_slot(h)) request_memory(plan, f->slots.at, kn_index(h));
  }
}
