/* Where declared variables live: each in its slot, wherever the function is. Called by debugger.c. Invariant: a
 * variable that is shown keeps its register over all of the function, unless debuggers change no code (wishes.c). */
#include "lib/debug/debugger.h"

#include <stdlib.h>
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

void kn_debug_add_row(const struct kn_walk *w, struct kn_code_var row, const uint8_t *head,
                      uint32_t n, const uint8_t *expr) {
  struct kn_output *out = w->out;
  kiln_module *m = w->f->module;
  uint32_t more = row.n, all = n + more;
  if (!KN_ROOM(m, out->vars, 1) || !KN_ROOM(m, out->exprs, all)) return;
  if (n) memcpy(out->exprs.at + out->exprs.n, head, n);
  if (more) memcpy(out->exprs.at + out->exprs.n + n, expr, more);
  row.expr = out->exprs.n;
  row.n = all;
  out->vars.at[out->vars.n++] = row;
  out->exprs.n += all;
}

/* Adds `row`, with the location of `n` bytes at `head`, wherever a slot is in its register. */
static void add_ranges(struct kn_debug_observer *d, uint32_t slot, struct kn_code_var row,
                       const uint8_t *head, uint32_t n, const uint8_t *expr) {
  const struct kn_walk *w = d->w;
  const struct kn_slot *s = &w->f->slots.at[slot];
  if (s->global == 0 || d->values.blocks.n == 0) return;
  const struct kn_range *r = &w->plan->ranges.at[s->global - 1];
  uint32_t end = 0;
  for (uint32_t pos = r->first; pos <= r->last && pos < w->plan->n_layout; pos++) {
    uint32_t to, from = kn_debug_slot_home(d, w->slots[slot].reg, pos, &to);
    if (from >= to) continue;
    if (end == from && end != 0) {
      w->out->vars.at[w->out->vars.n - 1].to = end = to;
      continue;
    }
    uint32_t rows = w->out->vars.n;
    row.from = from;
    row.to = end = to;
    kn_debug_add_row(w, row, head, n, expr);
    if (rows == w->out->vars.n) return;
  }
}

/* Adds what variable `v` is while the content of a slot, or of a piece of one, is it, or its part of it. */
static void add_slot(struct kn_debug_observer *d, const struct kn_debug_var *v, uint32_t slot,
                     uint32_t part_at, uint32_t part_bits) {
  const struct kn_walk *w = d->w;
  const unsigned reg = w->slots[slot].reg;
  const bool in_reg = reg != KN_NO_REG;
  const struct kn_debug_place is = {.where = in_reg ? KN_DP_REG : KN_DP_SLOT,
                                    .reg = (uint8_t)reg,
                                    .handle = kn_handle(KN_TAG_SLOT, slot)};
  uint8_t b[KN_DEBUG_PLACE_BYTES + 1];
  /* what is computed with its address is in memory: wishes.c */
  if (reg == KN_UNREAD || (in_reg && v->n != 0 && !v->indirect)) return;
  uint8_t *p =
    kn_debug_put_place(w, b, &is, in_reg && v->indirect ? KN_PUT_VALUE : KN_PUT_LOCATION);
  if (p == NULL) return; /* see kn_debug_vars_allocate */
  if (!in_reg && v->indirect) *p++ = KILN_DW_OP_deref;
  struct kn_code_var row = {.variable = v->variable,
                            .inlined = v->inlined,
                            .n = v->n,
                            .part_at = part_at,
                            .part_bits = part_bits};
#ifdef KN_CHECKS
  row.value = is.handle;
#endif
  const uint8_t *expr = w->f->debug.bytes.at + v->expr;
  uint32_t n = (uint32_t)(p - b);
  if (!d->as_is) {
    kn_debug_add_row(w, row, b, n, expr);
  } else if (in_reg) {
    add_ranges(d, slot, row, b, n, expr);
  } else {
    row.from = w->code.start;
    row.to = kn_here(w);
    kn_debug_add_row(w, row, b, n, expr);
  }
}

void kn_debug_add_places(struct kn_debug_observer *d, const struct kn_debug_var *v) {
  const struct kn_walk *w = d->w;
  const struct kn_slot *slots = w->f->slots.at, *s = &slots[v->slot];
  const uint32_t bytes = 1u << kn_type_log2[s->type];
  const bool part = d->as_is && w->slots[v->slot].reg != KN_NO_REG && bytes < s->size_bytes;
  if (KN_LIKELY(!part && !kn_debug_in_pieces(w, v->slot))) {
    add_slot(d, v, v->slot, v->part_at, v->part_bits);
    return;
  }
  if (s->uses != 0) add_slot(d, v, v->slot, 0, 8 * bytes);
  for (uint32_t i = s->pieces; i != 0; i = slots[i - 1].pieces) {
    const struct kn_slot *piece = &slots[i - 1];
    add_slot(d, v, i - 1, 8 * piece->offset, (uint32_t)(8 * piece->size_bytes));
  }
}

void kn_debug_vars_end(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  for (uint32_t i = 0; i < w->f->debug.vars.n; i++) {
    const struct kn_debug_var *v = &w->f->debug.vars.at[i];
    uint32_t rows = w->out->vars.n;
    if (d->valued.n != 0 && d->same.at[i] != KN_NOT_VALUED) continue; /* kn_debug_values_end */
    kn_debug_add_places(d, v);
    struct kn_code_var row = {.variable = v->variable, .inlined = v->inlined};
    if (rows == w->out->vars.n && d->as_is) kn_debug_add_row(w, row, NULL, 0, NULL);
  }
}

/* ---- variables that no code reads ---- */

bool kn_debug_is_odd(const kiln_func *f, const struct kn_debug_var *v) {
  return (v->n != 0 && !v->indirect) ||
         (f->slots.at[v->slot].pieces != 0 && (v->indirect || v->part_bits != 0));
}

/* Is a store to slot or piece `i` no code, since nothing loads it? */
static bool is_unread(const kiln_func *f, uint32_t i) {
  return f->slots.at[i].uses != 0 && f->session->plan->slots.at[i].reg == KN_UNREAD;
}

/* Is that so of a slot, or of a piece of it? */
static bool any_unread(const kiln_func *f, uint32_t slot) {
  bool any = false;
  for (uint32_t i = slot + 1; i != 0 && !any; i = f->slots.at[i - 1].pieces)
    any = is_unread(f, i - 1);
  return any;
}

/* Adds what variable number `of` becomes by a store that has left no code. Where no expression says the address of a
 * symbol, nothing of it is shown, since printers take what is missing for zero. */
static void add_stored(struct kn_debug_observer *d, const kiln_func *f,
                       const struct kn_debug_store *s, uint32_t of) {
  const struct kn_debug_var *v = &f->debug.vars.at[of - 1];
  const uint32_t slot = s->slot, h = kn_debug_is_odd(f, v) ? 0 : s->value;
  struct kn_debug_value value = {.inst = s->inst,
                                 .variable = v->variable,
                                 .inlined = v->inlined,
                                 .value = h,
                                 .expr = v->expr,
                                 .n = v->n,
                                 .part_at = v->part_at,
                                 .part_bits = v->part_bits,
                                 .address = v->indirect | s->data};
  if (kn_is_pool(h) && f->pool.at[kn_index(h)].symbol != 0 &&
      (kn_debug_symbol(f, h) == 0 || (s->data && v->indirect)))
    d->valued.at[slot] |= KN_VALUED_MEMORY;
  if (s->bytes != f->slots.at[slot].size_bytes) {
    value.part_at = v->part_at + 8 * s->at;
    value.part_bits = 8 * s->bytes;
  }
  (void)KN_PUSH(
    f->module, d->seen,
    (struct kn_debug_seen){.is = value, .declared = of, .loc = s->loc, .disp = s->disp});
}

static void add_store(struct kn_debug_observer *d, const kiln_func *f,
                      const struct kn_debug_store *s) {
  for (uint32_t k = d->valued.at[s->slot] & KN_VALUED_FIRST; k != 0; k = d->same.at[k - 1])
    add_stored(d, f, s, k);
}

/* The same of the stores that are there, and of those that inlining has left out. */
static void add_all_stored(struct kn_debug_observer *d, const kiln_func *f) {
  for (uint32_t b = 0; b < f->blocks.n; b++) {
    if (f->session->plan->pos.at[b] == 0) continue;
    for (uint32_t i = kn_inst_settle(f, f->block[b].first); i != f->block[b].term;
         i = kn_inst_settle(f, i + 1)) {
      const struct kn_inst *in = &f->inst[i];
      if (in->op != KILN_OP_STORE || !kn_is_slot(in->a) || !is_unread(f, kn_index(in->a))) continue;
      const uint32_t slot = kn_index(in->a),
                     whole = (uint32_t)(kn_slot_whole(f, slot) - f->slots.at);
      const struct kn_debug_store store = {.inst = kn_inst_settle(f, i + 1),
                                           .slot = whole,
                                           .at = f->slots.at[slot].offset,
                                           .bytes = 1u << kn_type_log2[in->type],
                                           .value = in->b,
                                           .loc = kn_loc_at(f, i)};
      add_store(d, f, &store);
    }
  }
  for (uint32_t k = 0; k < f->debug.stores.n; k++) add_store(d, f, &f->debug.stores.at[k]);
}

static int by_inst(const void *a, const void *b) {
  const struct kn_debug_seen *x = a, *y = b;
  if (x->is.inst != y->is.inst) return x->is.inst < y->is.inst ? -1 : 1;
  return (x->step > y->step) - (x->step < y->step);
}

/* Puts the values in their order: by instruction, else as they are. Those of what is not shown are none. */
void kn_debug_sort_values(struct kn_debug_observer *d, const kiln_func *f) {
  struct kn_debug_seen *at = d->seen.at;
  for (uint32_t k = 0; k < d->seen.n; k++) {
    const uint32_t of = at[k].declared;
    if (of != 0 && d->valued.at[f->debug.vars.at[of - 1].slot] & KN_VALUED_MEMORY)
      at[k].is.value = at[k].is.n = 0;
    at[k].step = k;
  }
  if (d->seen.n != 0) qsort(at, d->seen.n, sizeof *at, by_inst);
  for (uint32_t k = 0; k < d->seen.n; k++) at[k].step = 0;
}

/* Finds the variables that become values, in whole or in part; false: there are none, or no memory. A slot that is
 * memory does not have what stores that were left out would have changed: nothing of such a variable is shown. */
static bool find_unread(struct kn_debug_observer *d, const kiln_func *f) {
  bool any = false;
  if (!KN_RESIZE(f->module, d->same, f->debug.vars.n) ||
      !KN_RESIZE(f->module, d->valued, f->slots.n))
    return false;
  uint32_t *valued = d->valued.at;
  memset(valued, 0, f->slots.n * sizeof *valued);
  for (uint32_t k = 0; k < f->debug.stores.n; k++)
    valued[f->debug.stores.at[k].slot] = KN_VALUED_STORES;
  for (uint32_t k = f->debug.vars.n; k-- > 0;) {
    const struct kn_debug_var *v = &f->debug.vars.at[k];
    uint32_t *of = &valued[v->slot];
    const bool memory = f->session->plan->slots.at[v->slot].memory != 0;
    d->same.at[k] = KN_NOT_VALUED;
    if (!(*of & KN_VALUED_STORES) && (memory || kn_debug_is_odd(f, v) || !any_unread(f, v->slot)))
      continue;
    d->same.at[k] = *of & KN_VALUED_FIRST;
    *of = (k + 1) | (*of & KN_VALUED_STORES) | (memory ? KN_VALUED_MEMORY : 0);
    any = true;
  }
  return any;
}

void kn_debug_vars_unread(struct kn_debug_observer *d, const kiln_func *f) {
  if (!find_unread(d, f)) return;
  add_all_stored(d, f);
  kn_debug_sort_values(d, f);
}
