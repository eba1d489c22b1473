/* Where declared variables live: each in its slot, wherever the function is. Called by debugger.c. Invariant: a
 * variable that is shown keeps its register over all of the function, unless debuggers change no code (wishes.c). */
#include "base/leb128.h"
#include "lib/debug/debugger.h"

#include <string.h>

/* ---- variables ---- */

bool kn_debug_in_pieces(const struct kn_walk *w, uint32_t slot) {
  const struct kn_slot *slots = w->f->slots.at;
  if (slots[slot].pieces == 0) return false;
  bool any = w->slots[slot].reg != KN_NO_REG;
  for (uint32_t i = slots[slot].pieces; i != 0; i = slots[i - 1].pieces)
    any |= w->slots[i - 1].reg != KN_NO_REG;
  return any;
}

/* Slots that nothing accesses have a frame offset too: a debugger may show them. Targets have given one to those that
 * are aligned beyond what the frame is if they are accessed. */
void kn_debug_vars_allocate(const struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  for (uint32_t i = 0; i < f->debug.vars.n; i++) {
    uint32_t slot = f->debug.vars.at[i].slot;
    if (w->slots[slot].reg == KN_NO_REG && w->slot_states.at[slot].frame == 0 &&
        !kn_debug_in_pieces(w, slot))
      kn_request_slot(d->observer.requests, slot);
  }
}

/* Is variable `v` some of its slot's bytes, as they are? *at: from which one on. */
static bool is_at(const kiln_func *f, const struct kn_debug_var *v, uint64_t *at) {
  const uint8_t *p = f->debug.bytes.at + v->expr, *end = p + v->n;
  *at = 0;
  if (v->n == 0 || v->indirect) return !v->indirect;
  if (*p++ != KILN_DW_OP_plus_uconst) return false;
  *at = kn_uleb128(&p, end);
  return p == end && *at < UINT64_C(1) << 28;
}

/* Can values not say what the variable is? */
static bool is_odd(const kiln_func *f, const struct kn_debug_var *v) {
  uint64_t at;
  return (!v->indirect && !is_at(f, v, &at)) ||
         (f->slots.at[v->slot].pieces != 0 && (v->indirect || v->part_bits != 0));
}

/* What variable `v` is if `h` is what its slot has, or with `address`, where that is. */
static struct kn_debug_value value_of(const struct kn_debug_var *v, uint32_t h, bool address) {
  return (struct kn_debug_value){.variable = v->variable,
                                 .inlined = v->inlined,
                                 .value = h,
                                 .expr = v->expr,
                                 .n = v->n,
                                 .part_at = v->part_at,
                                 .part_bits = v->part_bits,
                                 .address = address};
}

/* Adds what variable `v` is while the content of a slot, or of a piece of one, is it, or its part of it. */
static void add_slot(struct kn_debug_observer *d, const struct kn_debug_var *v, uint32_t slot,
                     uint32_t part_at, uint32_t part_bits) {
  const struct kn_walk *w = d->w;
  const unsigned reg = w->slots[slot].reg;
  const bool in_reg = reg != KN_NO_REG;
  const struct kn_debug_place is = {.where = in_reg        ? v->indirect ? KN_DP_REG : KN_DP_CONTENT
                                             : v->indirect ? KN_DP_FRAME
                                                           : KN_DP_SLOT,
                                    .reg = (uint8_t)reg,
                                    .frame = w->slot_states.at[slot].frame,
                                    .handle = kn_handle(KN_TAG_SLOT, slot)};
  struct kn_debug_value value = value_of(v, is.handle, true);
  /* what is computed with its address is in memory: wishes.c */
  if (reg == KN_UNREAD || (in_reg && v->n != 0 && !v->indirect)) return;
  value.part_at = part_at;
  value.part_bits = part_bits;
  d->values.newest = NULL;
  if (!d->as_is || !in_reg) {
    const uint32_t from = d->as_is ? w->code.start : 0, to = d->as_is ? kn_here(w) : KN_DEBUG_END;
    (void)kn_debug_add_row(d, &value, &is, from, to);
    return;
  }
  const uint32_t global = w->f->slots.at[slot].global;
  const struct kn_range *r = global ? &w->plan->ranges.at[global - 1] : NULL;
  for (uint32_t pos = r ? r->first : 1; r && pos <= r->last && pos < d->values.blocks.n; pos++) {
    uint32_t to, from = kn_debug_slot_home(d, reg, pos, &to);
    (void)kn_debug_add_row(d, &value, &is, from, to);
  }
}

void kn_debug_add_places(struct kn_debug_observer *d, const struct kn_debug_var *v) {
  const struct kn_walk *w = d->w;
  const struct kn_slot *slots = w->f->slots.at, *s = &slots[v->slot];
  const uint32_t bytes = 1u << kn_type_log2[s->type];
  const bool part = d->as_is && w->slots[v->slot].reg != KN_NO_REG && bytes < s->size_bytes;
  if (d->as_is &&
      (d->by_slot.at[v->slot].hidden || (d->by_slot.at[v->slot].stores && is_odd(w->f, v))))
    return;
  if (KN_LIKELY(!part && !kn_debug_in_pieces(w, v->slot))) {
    add_slot(d, v, v->slot, v->part_at, v->part_bits);
    return;
  }
  struct kn_debug_var of_piece = *v;
  uint64_t at;
  if (is_at(w->f, v, &at)) of_piece.n = 0;
  if (s->uses != 0 && at == 0) add_slot(d, &of_piece, v->slot, v->part_at, 8 * bytes);
  for (uint32_t i = s->pieces; i != 0; i = slots[i - 1].pieces) {
    const struct kn_slot *piece = &slots[i - 1];
    if (piece->offset >= at)
      add_slot(d, &of_piece, i - 1, v->part_at + 8 * (piece->offset - (uint32_t)at),
               (uint32_t)(8 * piece->size_bytes));
  }
}

/* ---- where debuggers change no code ---- */

bool kn_debug_declare(struct kn_debug_observer *d) {
  const kiln_func *f = d->w->f;
  if (!KN_RESIZE(f->module, d->by_slot, f->slots.n)) return false;
  memset(d->by_slot.at, 0, f->slots.n * sizeof *d->by_slot.at);
  /* a slot that is memory does not have what stores that were left out would have changed */
  for (uint32_t k = 0; k < f->debug.stores.n; k++) {
    const uint32_t slot = f->debug.stores.at[k].slot;
    d->by_slot.at[slot].stores = true;
    d->by_slot.at[slot].hidden = d->w->plan->slots.at[slot].memory != 0;
  }
  for (uint32_t k = 0; k < f->debug.vars.n; k++) { /* those of callers come after those of bodies */
    const struct kn_debug_var *v = &f->debug.vars.at[k];
    uint32_t *of = &d->by_slot.at[v->slot].newest;
    struct kn_debug_seen s = {.is = value_of(v, 0, false), .declared = k + 1, .next = *of};
    if (!KN_PUSH(f->module, d->seen, s)) return false;
    *of = k + 1;
  }
  return true;
}

uint32_t kn_debug_variable_at(const struct kn_debug_observer *d, uint32_t slot) {
  uint32_t k = d->by_slot.n != 0 ? d->by_slot.at[slot].newest : 0;
  const struct kn_debug_var *vars = d->w->f->debug.vars.at;
  while (k != 0 && (vars[k - 1].indirect || (vars[k - 1].n | vars[k - 1].part_bits) != 0))
    k = d->seen.at[k - 1].next;
  return k;
}

/* Says what variables of its slot become by a store that has left no code, or by one to a slot that nothing loads.
 * Where no expression says the address of a symbol, nothing of them is shown, since printers take what is missing for
 * zero. */
static void add_store(struct kn_debug_observer *d, const struct kn_debug_store *s) {
  const kiln_func *f = d->w->f;
  struct kn_debug_slot *of = &d->by_slot.at[s->slot];
  for (uint32_t k = of->newest; k != 0; k = d->seen.at[k - 1].next) {
    const struct kn_debug_var *v = &f->debug.vars.at[k - 1];
    uint64_t at;
    const bool own = is_at(f, v, &at), before = own && s->at < at;
    if (before && s->at + s->bytes <= at) continue; /* to other bytes of the slot */
    const uint32_t h = is_odd(f, v) || before ? 0 : s->value;
    struct kn_debug_value value = value_of(v, h, v->indirect | s->data);
    if (own) value.n = 0;
    if (!of->stores && (is_odd(f, v) || d->w->plan->slots.at[s->slot].memory != 0)) continue;
    if (kn_is_pool(h) && f->pool.at[kn_index(h)].symbol != 0 &&
        (kn_debug_symbol(f, h) == 0 || (s->data && v->indirect)))
      of->hidden = true;
    if (s->bytes != f->slots.at[s->slot].size_bytes && !before) {
      value.part_at = v->part_at + 8 * (s->at - (uint32_t)at);
      value.part_bits = 8 * s->bytes;
    }
    kn_debug_say(
      d, &(struct kn_debug_seen){.is = value, .declared = k, .loc = s->loc, .disp = s->disp});
  }
}

void kn_debug_stores_here(struct kn_debug_observer *d, uint32_t before) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  const struct kn_inst *in = &f->inst[before];
  /* a store to what nothing loads is no code */
  if (before != 0 && in->op == KILN_OP_STORE && kn_is_slot(in->a) &&
      w->slots[kn_index(in->a)].reg == KN_UNREAD && f->slots.at[kn_index(in->a)].uses != 0) {
    const struct kn_slot *slot = &f->slots.at[kn_index(in->a)];
    add_store(d, &(struct kn_debug_store){
                   .slot = (uint32_t)(kn_slot_whole(f, kn_index(in->a)) - f->slots.at),
                   .at = slot->offset,
                   .bytes = 1u << kn_type_log2[in->type],
                   .value = in->b,
                   .loc = kn_loc_at(f, before)});
  }
  const struct kn_debug_store *stores = f->debug.stores.at;
  uint32_t k = kn_debug_from(stores, sizeof *stores, f->debug.stores.n, w->i, d->values.next_store);
  for (; k < f->debug.stores.n && stores[k].inst == w->i; k++) add_store(d, &stores[k]);
  d->values.next_store = k;
}
