/* Where declared variables live: each in its slot, wherever the function is. Called by debugger.c and the
 * plan; the expressions of locations are made here for all of lib/debug. Invariant: a variable that is shown keeps its
 * register over all of the function. */
#include "lib/debug/debugger.h"
#include "lib/codegen/plan.h"

#include <string.h>

/* ---- locations as expressions ---- */

uint8_t *kn_debug_put_reg(uint8_t *p, unsigned reg) {
  if (reg < 32) {
    *p++ = (uint8_t)(KILN_DW_OP_reg0 + reg);
    return p;
  }
  *p++ = KILN_DW_OP_regx;
  return kn_put_uleb(p, reg);
}

uint8_t *kn_debug_put_breg(uint8_t *p, unsigned reg) {
  if (reg < 32) {
    *p++ = (uint8_t)(KILN_DW_OP_breg0 + reg);
    return p;
  }
  *p++ = KILN_DW_OP_bregx;
  return kn_put_uleb(p, reg);
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

/* ---- variables ---- */

/* Is a piece of slot `s`, or its own variable while it has pieces, in a register? Else it is memory as a whole. */
static bool in_pieces(const kiln_func *f, const struct kn_slot *s) {
  if (s->pieces == 0) return false;
  bool any = s->reg != KN_NO_REG;
  for (uint32_t i = s->pieces; i != 0; i = f->slots.at[i - 1].pieces)
    any |= f->slots.at[i - 1].reg != KN_NO_REG;
  return any;
}

/* Slots that nothing accesses have a frame offset too: a debugger may show them. Targets have given one to those that
 * are aligned beyond what the frame is if they are accessed; others need no such alignment. */
void kn_debug_vars_allocate(struct kn_walk *w) {
  kiln_func *f = w->f;
  for (uint32_t i = 0; i < f->debug.vars.n; i++) {
    uint32_t slot = f->debug.vars.at[i].slot;
    struct kn_slot *s = &f->slots.at[slot];
    if (s->reg != KN_NO_REG || s->frame != 0 || in_pieces(f, s)) continue;
    if (s->align_log2 > 4) s->align_log2 = 4;
    kn_slot_frame(w, slot);
  }
}

void kn_debug_add_row(struct kn_walk *w, struct kn_code_var row, const uint8_t *head, uint32_t n,
                      const uint8_t *expr) {
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

/* Adds what variable `v` is while the content of `s`, a slot or a piece of one, is it, or its part of it. */
static void add_slot(struct kn_walk *w, const struct kn_debug_var *v, const struct kn_slot *s,
                     uint32_t part_at, uint32_t part_bits) {
  uint8_t b[32], *p = b;
  if (s->reg != KN_NO_REG) {
    unsigned reg = w->target->elf.dwarf_regs[s->reg];
    if (v->n != 0 && !v->indirect) return; /* kn_plan keeps such variables in memory */
    if (v->indirect) p = kn_debug_put_breg(p, reg), *p++ = 0;
    else p = kn_debug_put_reg(p, reg);
  } else {
    if (s->frame == 0) return; /* see kn_debug_vars_allocate */
    p = kn_debug_put_frame(w, p, s->frame, s->align_log2);
    if (v->indirect) *p++ = KILN_DW_OP_deref;
  }
  struct kn_code_var row = {.variable = v->variable,
                            .inlined = v->inlined,
                            .n = v->n,
                            .part_at = part_at,
                            .part_bits = part_bits};
  kn_debug_add_row(w, row, b, (uint32_t)(p - b), w->f->debug.bytes.at + v->expr);
}

static void add_var(struct kn_walk *w, const struct kn_debug_var *v) {
  const struct kn_slot *slots = w->f->slots.at, *s = &slots[v->slot];
  if (KN_LIKELY(!in_pieces(w->f, s))) {
    add_slot(w, v, s, v->part_at, v->part_bits);
    return;
  }
  if (s->uses != 0) add_slot(w, v, s, 0, 8u << kn_type_log2[s->type]);
  for (uint32_t i = s->pieces; i != 0; i = slots[i - 1].pieces) {
    const struct kn_slot *piece = &slots[i - 1];
    add_slot(w, v, piece, 8 * piece->offset, (uint32_t)(8 * piece->size_bytes));
  }
}

void kn_debug_vars_end(struct kn_walk *w) {
  for (uint32_t i = 0; i < w->f->debug.vars.n; i++) add_var(w, &w->f->debug.vars.at[i]);
}

/* ---- the plan ---- */

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

void kn_plan_debug_pieces(kiln_func *f) {
  struct kn_slot *slots = f->slots.at;
  for (uint32_t i = 0; i < f->debug.vars.n; i++) {
    const struct kn_debug_var *v = &f->debug.vars.at[i];
    if (slots[v->slot].pieces != 0 && (v->memory || v->n != 0 || v->indirect || v->part_bits != 0))
      kn_slot_escape(f, v->slot);
  }
  for (uint32_t i = 0; i < f->debug.values.n; i++) {
    uint32_t h = f->debug.values.at[i].value;
    if (kn_is_slot(h) && slots[kn_index(h)].pieces != 0) kn_slot_escape(f, kn_index(h));
  }
}
