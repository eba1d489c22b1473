/* Where declared variables live: each in its slot, wherever the function is. Called by debugger.c; the expressions of
 * locations are made here for all of lib/debug. Invariant: a variable that is shown keeps its register over all of the
 * function (lib/codegen/plan_debug.c). */
#include "lib/debug/debugger.h"

#include <stdlib.h>
#include <string.h>

/* ---- locations as expressions ---- */

/* Puts `op` + reg, or for registers that have none such `opx` and its number. */
static uint8_t *put_numbered(uint8_t *p, unsigned op, unsigned opx, unsigned reg) {
  *p++ = (uint8_t)(reg < 32 ? op + reg : opx);
  return reg < 32 ? p : kn_put_uleb(p, reg);
}

uint8_t *kn_debug_put_reg(uint8_t *p, unsigned reg) {
  return put_numbered(p, KILN_DW_OP_reg0, KILN_DW_OP_regx, reg);
}

uint8_t *kn_debug_put_breg(uint8_t *p, unsigned reg) {
  return put_numbered(p, KILN_DW_OP_breg0, KILN_DW_OP_bregx, reg);
}

uint8_t *kn_debug_put_frame(const struct kn_walk *w, uint8_t *p, int32_t frame,
                            unsigned align_log2) {
  const struct kn_target *t = w->target;
  int64_t at = (int64_t)frame - w->frame.cfa;
  if (w->frame.up && frame < 0) at = (int64_t)frame + t->beyond;
  int64_t align = INT64_C(1) << align_log2;
  bool round = align > 16 && !t->aligned_by_pointer;
  *p++ = KILN_DW_OP_fbreg;
  p = kn_put_sleb(p, round ? at + align - 1 : at);
  if (align > 16 && t->aligned_by_pointer) *p++ = KILN_DW_OP_deref;
  if (round) {
    *p++ = KILN_DW_OP_consts;
    p = kn_put_sleb(p, -align);
    *p++ = KILN_DW_OP_and;
  }
  return p;
}

uint8_t *kn_debug_put_slot(const struct kn_walk *w, uint8_t *p, uint32_t slot) {
  return kn_debug_put_frame(w, p, w->slot_states.at[slot].frame, kn_slot_align(w, slot));
}

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
  const struct kn_slot_place *s = &w->slots[slot];
  uint8_t b[32], *p = b;
  if (s->reg == KN_UNREAD) return;
  if (s->reg != KN_NO_REG) {
    unsigned reg = w->target->code.dwarf_regs[s->reg];
    if (v->n != 0 && !v->indirect) return; /* kn_plan_debug keeps such variables in memory */
    if (v->indirect) p = kn_debug_put_breg(p, reg), *p++ = 0;
    else p = kn_debug_put_reg(p, reg);
  } else {
    if (w->slot_states.at[slot].frame == 0) return; /* see kn_debug_vars_allocate */
    p = kn_debug_put_slot(w, p, slot);
    if (v->indirect) *p++ = KILN_DW_OP_deref;
  }
  struct kn_code_var row = {.variable = v->variable,
                            .inlined = v->inlined,
                            .n = v->n,
                            .part_at = part_at,
                            .part_bits = part_bits};
#ifdef KN_CHECKS
  row.value = kn_handle(KN_TAG_SLOT, slot);
#endif
  const uint8_t *expr = w->f->debug.bytes.at + v->expr;
  uint32_t n = (uint32_t)(p - b);
  if (!d->as_is) {
    kn_debug_add_row(w, row, b, n, expr);
  } else if (s->reg != KN_NO_REG) {
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
  for (uint32_t i = 0; i < d->own.variables.n; i++) {
    const struct kn_debug_var *v = &d->own.variables.at[i];
    uint32_t rows = w->out->vars.n;
    if (v->valued) continue; /* kn_debug_values_end */
    kn_debug_add_places(d, v);
    struct kn_code_var row = {.variable = v->variable, .inlined = v->inlined};
    if (rows == w->out->vars.n && d->as_is) kn_debug_add_row(w, row, NULL, 0, NULL);
  }
}

/* ---- variables that no code reads ---- */

/* What stores to a variable become, while its stores are none: part of which variable, by slot, index + 1. */
struct unread {
  struct kn_debug_observer *d;
  const struct kn_plan *plan;
  const kiln_func *f;
  uint32_t *var_of;
};

/* Is a store to slot or piece `i` no code, since nothing loads it? */
static bool is_unread(const struct unread *u, uint32_t i) {
  return u->f->slots.at[i].uses != 0 && u->plan->slots.at[i].reg == KN_UNREAD;
}

/* Is that so of a slot, or of a piece of it? */
static bool any_unread(const struct unread *u, uint32_t slot) {
  bool any = false;
  for (uint32_t i = slot + 1; i != 0 && !any; i = u->f->slots.at[i - 1].pieces)
    any = is_unread(u, i - 1);
  return any;
}

/* Adds that `bytes` bytes of a slot, from `at` on, are `h` before instruction `inst`; `loc` is the location of the
 * statement that stores them. No expression says the address of a symbol: then nothing of the variable is shown, since
 * printers take what is missing for zero. */
static void add_stored(const struct unread *u, uint32_t slot, uint32_t at, uint32_t bytes,
                       uint32_t h, uint32_t inst, struct kn_loc loc) {
  const kiln_func *f = u->f;
  const uint32_t of = u->var_of[slot];
  struct kn_debug_var *v = &u->d->own.variables.at[of - 1];
  struct kn_debug_value value = {.inst = inst,
                                 .variable = v->variable,
                                 .inlined = v->inlined,
                                 .value = h,
                                 .expr = v->expr,
                                 .n = v->n,
                                 .part_at = v->part_at,
                                 .part_bits = v->part_bits,
                                 .address = v->indirect};
  if (kn_is_pool(h) && f->pool.at[kn_index(h)].symbol != 0) v->memory = true;
  if (bytes != f->slots.at[slot].size_bytes) {
    value.part_at = v->part_at + 8 * at;
    value.part_bits = 8 * bytes;
  }
  (void)KN_PUSH(f->module, u->d->own.values,
                (struct kn_debug_seen){.is = value, .declared = of, .loc = loc});
}

/* The same of the stores that are there, and of those that inlining has left out. */
static void add_all_stored(const struct unread *u) {
  const kiln_func *f = u->f;
  for (uint32_t b = 0; b < f->blocks.n; b++) {
    if (u->plan->pos.at[b] == 0) continue;
    for (uint32_t i = kn_inst_settle(f, f->block[b].first); i != f->block[b].term;
         i = kn_inst_settle(f, i + 1)) {
      const struct kn_inst *in = &f->inst[i];
      if (in->op != KILN_OP_STORE || !kn_is_slot(in->a) || !is_unread(u, kn_index(in->a))) continue;
      const struct kn_slot *s = &f->slots.at[kn_index(in->a)];
      const uint32_t whole = s->parent != 0 ? s->parent - 1 : kn_index(in->a);
      if (u->var_of[whole] != 0)
        add_stored(u, whole, s->offset, 1u << kn_type_log2[in->type], in->b,
                   kn_inst_settle(f, i + 1), kn_loc_at(f, i));
    }
  }
  for (uint32_t k = 0; k < f->debug.stores.n; k++) {
    const struct kn_debug_store *s = &f->debug.stores.at[k];
    if (u->var_of[s->slot] != 0) add_stored(u, s->slot, s->at, s->bytes, s->value, s->inst, s->loc);
  }
}

static int by_inst(const void *a, const void *b) {
  const struct kn_debug_seen *x = a, *y = b;
  if (x->is.inst != y->is.inst) return x->is.inst < y->is.inst ? -1 : 1;
  return (x->step > y->step) - (x->step < y->step);
}

/* Puts the values in their order: by instruction, else as they are. Those of what is not shown are none. */
void kn_debug_sort_values(struct kn_debug_observer *d) {
  struct kn_debug_seen *at = d->own.values.at;
  for (uint32_t k = 0; k < d->own.values.n; k++) {
    if (at[k].declared != 0 && d->own.variables.at[at[k].declared - 1].memory)
      at[k].is.value = at[k].is.n = 0;
    at[k].step = k;
  }
  if (d->own.values.n != 0) qsort(at, d->own.values.n, sizeof *at, by_inst);
  for (uint32_t k = 0; k < d->own.values.n; k++) at[k].step = 0;
}

/* Finds the variables that become values, in whole or in part; false: there are none, or no memory. A slot that is
 * memory does not have what stores that were left out would have changed: nothing of such a variable is shown. */
static bool find_unread(struct unread *u) {
  const kiln_func *f = u->f;
  enum { LEFT_OUT = UINT32_MAX };
  bool any = false;
  u->var_of = kn_realloc(f->module, NULL, f->slots.n * sizeof *u->var_of);
  if (u->var_of == NULL) return false;
  memset(u->var_of, 0, f->slots.n * sizeof *u->var_of);
  for (uint32_t k = 0; k < f->debug.stores.n; k++) u->var_of[f->debug.stores.at[k].slot] = LEFT_OUT;
  for (uint32_t k = 0; k < u->d->own.variables.n; k++) {
    struct kn_debug_var *v = &u->d->own.variables.at[k];
    const struct kn_slot *s = &f->slots.at[v->slot];
    uint32_t *of = &u->var_of[v->slot];
    const bool memory = u->plan->slots.at[v->slot].memory != 0;
    const bool odd =
      (v->n != 0 && !v->indirect) || (s->pieces != 0 && (v->indirect || v->part_bits != 0));
    if (*of != LEFT_OUT && (*of != 0 || memory || odd || !any_unread(u, v->slot))) continue;
    *of = k + 1;
    v->memory = memory || odd;
    v->valued = any = true;
  }
  for (uint32_t k = 0; k < f->debug.stores.n; k++)
    if (u->var_of[f->debug.stores.at[k].slot] == LEFT_OUT)
      u->var_of[f->debug.stores.at[k].slot] = 0;
  return any;
}

void kn_debug_vars_unread(struct kn_debug_observer *d, const struct kn_plan *plan,
                          const kiln_func *f) {
  struct unread u = {d, plan, f, NULL};
  if (find_unread(&u)) {
    add_all_stored(&u);
    kn_debug_sort_values(d);
  }
  kn_realloc(f->module, u.var_of, 0);
}
