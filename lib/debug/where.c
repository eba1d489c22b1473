/* Where a value is: the one answer to that, for variables (rows.c) and for what calls pass (observe_calls.c). The walk
 * says which registers an instruction wrote (KN_WROTE), and each instruction of a function that says what variables are
 * becomes a step: its place in the code, and those registers. What was in a register is there up to the first step that
 * wrote it. Invariant: the code is the same as without this. */
#include "lib/debug/debugger.h"

#include <string.h>

/* ---- places ---- */

/* Is in register `reg` what value `v` had there when it was computed, in this block? A few steps are looked at. */
static bool is_still(const struct kn_debug_observer *d, uint32_t v, unsigned reg) {
  enum { LOOKED_AT = 64 };
  const struct kn_debug_values *t = &d->values;
  const struct kn_debug_step *step = t->steps.at + t->steps.n;
  for (uint32_t n = 0; t->block != 0 && n < LOOKED_AT && (--step)->inst != 0; n++) {
    if (step->inst == v) return true;
    if (step->wrote >> reg & 1) return false;
  }
  return false;
}

/* The home of the variable that value `v` was loaded from, in as many bits as the variable has; else KN_NO_REG. */
static unsigned home_loaded(const struct kn_debug_observer *d, uint32_t v) {
  const struct kn_walk *w = d->w;
  const struct kn_inst *in = &w->inst[v];
  if (in->op != KILN_OP_LOAD || !kn_is_slot(in->a) || !d->as_is) return KN_NO_REG;
  const uint32_t i = kn_index(in->a);
  const unsigned reg = w->slots[i].reg;
  const bool whole =
    in->c == 0 && in->type == w->f->slots.at[i].type && KN_MEM_TYPE(in->x) == in->type;
  return whole && reg < 64 ? reg : KN_NO_REG;
}

/* Has the home of parameter `v` of a loop what that is in the next round? In the loop's last block that may be computed
 * there. */
static bool is_next_round(const struct kn_debug_observer *d, uint32_t v, unsigned reg) {
  const struct kn_walk *w = d->w;
  uint32_t k = 0;
  while (w->back_edge != UINT32_MAX && k < w->n_loop_homes && w->loop_homes[k].param != v) k++;
  if (w->back_edge == UINT32_MAX || k == w->n_loop_homes) return false;
  /* what blocks write is known of functions with variables alone */
  return !d->values.on ||
         ((w->regs.written | d->values.blocks.at[kn_plan_pos(w->plan, w->block)].wrote) >> reg & 1);
}

/* Is an instruction the sum of a value and a number? `computed`: an expression is computed from it. */
static bool is_sum(const struct kn_inst *in, bool computed) {
  if (in->op == KILN_OP_ADDR) return in->b == 0;
  return in->op == KILN_OP_ADD && kn_is_imm(in->b) &&
         (in->type == KILN_TYPE_I64 || (in->type == KILN_TYPE_I32 && !computed));
}

/* The same as kn_debug_where of value `v` itself: in a register, or in the frame. */
static bool find(const struct kn_debug_observer *d, uint32_t v, struct kn_debug_place *is) {
  const struct kn_walk *w = d->w;
  const struct kn_val *val = &w->val[v];
  const unsigned flags = val->flags, loaded = home_loaded(d, v);
  unsigned reg = val->reg;
  is->range = kn_func_is_homeless(w->f) ? 0 : val->global; /* such a plan has no ranges */
  bool in_reg = reg < 64, in_frame = false;
  if (is->range != 0) {
    const struct kn_range *r = &w->plan->ranges.at[is->range - 1];
    const uint32_t pos = kn_plan_pos(w->plan, w->block);
    reg = r->reg;
    if (pos < r->first || pos > r->last) return false;
    in_frame = flags & KN_VF_SLOT_HOME;
    in_reg = !in_frame && (flags & KN_VF_HOME) && !is_next_round(d, v, reg);
  } else if (loaded != KN_NO_REG && is_still(d, v, loaded)) {
    reg = loaded;
    in_reg = true;
  } else if ((flags & KN_VF_ALIAS) && d->as_is) { /* a variable's home still has it */
    in_reg &= val->uses != 0;
  } else if (flags & (KN_VF_ADDR | KN_VF_WAITS | KN_VF_ALIAS | KN_VF_SLOT_HOME)) {
    return false;
  } else {
    const bool owned = in_reg && w->regs.owner[reg] == v && (w->regs.block_regs >> reg & 1);
    /* what a sum is of stays longer than one that nobody reads any more */
    in_reg &= (owned || flags & KN_VF_HOME) &&
              (val->uses != 0 || (!is_sum(&w->inst[v], false) && is_still(d, v, reg)));
    in_frame = !in_reg && flags & KN_VF_FRAME && val->uses != 0;
  }
  is->where = in_frame ? KN_DP_FRAME : KN_DP_REG;
  is->reg = in_frame ? KN_NO_REG : (uint8_t)reg;
  is->frame = in_frame ? val->frame : 0;
  return in_reg || (in_frame && val->frame != 0);
}

uint32_t kn_debug_symbol(const kiln_func *f, uint32_t h) {
  const struct kn_const *c = kn_is_pool(h) ? &f->pool.at[kn_index(h)] : NULL;
  if (c == NULL || c->symbol == 0 || c->tls) return 0;
  const struct kn_symbol *s = kn_symbol(f->module, c->symbol);
  /* others may be defined elsewhere: then no object that says nothing to the loader has the address */
  if (!kn_is_local(s) || (s->kind != KILN_SYMBOL_FUNC && s->data == 0)) return 0;
  /* constants that are there for debuggers alone */
  if (s->kind == KILN_SYMBOL_DATA && f->module->reached != NULL)
    kn_symbol_reach(f->module, c->symbol);
  return c->symbol;
}

/* The constant that handle `h` is: a number, or wide, or the address of a symbol; false: of another kind, or a symbol
 * that no expression says. */
static bool constant(const kiln_func *f, uint32_t h, struct kn_debug_place *is) {
  const struct kn_const *c = kn_is_pool(h) ? &f->pool.at[kn_index(h)] : NULL;
  if (c != NULL && (c->symbol || c->tls || c->is_typeid)) {
    is->where = KN_DP_SYMBOL;
    is->number = (int64_t)((uint64_t)is->number + c->low);
    return kn_debug_symbol(f, h) != 0;
  }
  const bool wide = c != NULL && kn_type_log2[c->type] > 3;
  is->where = wide ? KN_DP_WIDE : KN_DP_NUMBER;
  if (!wide)
    is->number = (int64_t)((uint64_t)is->number + (uint64_t)(c ? (int64_t)c->low : kn_imm(h)));
  return !wide || is->number == 0;
}

/* Is slot `i` in memory? Where debuggers change no code, what nothing accesses is in none. */
static bool is_memory(const struct kn_debug_observer *d, uint32_t i) {
  const struct kn_slot *s = &d->w->f->slots.at[i];
  return d->w->slots[i].reg == KN_NO_REG && !kn_debug_in_pieces(d->w, i) &&
         (!d->as_is || (s->uses | s->pieces) != 0);
}

bool kn_debug_where(const struct kn_debug_observer *d, uint32_t h, bool computed, uint64_t regs,
                    struct kn_debug_place *is) {
  const struct kn_walk *w = d->w;
  uint64_t sum = 0;
  for (unsigned sums = 0; sums < 4; sums++) {
    *is = (struct kn_debug_place){.reg = KN_NO_REG, .handle = h, .number = (int64_t)sum};
    if (kn_is_imm(h) || kn_is_pool(h)) {
      const bool known = constant(w->f, h, is);
      if (sums != 0 && is->where == KN_DP_NUMBER) is->handle = 0;
      return known;
    }
    if (kn_is_slot(h)) {
      is->where = is_memory(d, kn_index(h)) ? KN_DP_SLOT : KN_DP_POINTER;
      if (is->where == KN_DP_POINTER) is->range = kn_debug_variable_at(d, kn_index(h));
      return regs != 0 && (is->where == KN_DP_SLOT || is->range != 0);
    }
    if (!kn_is_value(h) || h == 0) return false;
    if (regs != 0 && find(d, h, is) && (is->where == KN_DP_FRAME || (regs >> is->reg & 1)))
      return true;
    is->where = KN_DP_ENTRY;
    is->reg = (uint8_t)kn_debug_entered(d, h);
    if (is->reg != KN_NO_REG) return true;
    /* a sum that no code has computed */
    const struct kn_inst *in = &w->inst[h];
    if (!is_sum(in, computed)) return false;
    sum += (uint64_t)kn_addr_disp(in);
    h = in->a;
  }
  return false;
}

/* ---- their expressions ---- */

/* A register (DWARF's number), or, with `base`, what it holds, which a number is to be added to. */
static uint8_t *put_reg(uint8_t *p, bool base, unsigned reg) {
  if (reg >= 32) {
    *p++ = base ? KILN_DW_OP_bregx : KILN_DW_OP_regx;
    return kn_put_uleb(p, reg);
  }
  *p++ = (uint8_t)((base ? KILN_DW_OP_breg0 : KILN_DW_OP_reg0) + reg);
  return p;
}

/* The address of frame offset `frame`, whose object is aligned to 1 << align_log2. */
static uint8_t *put_frame(const struct kn_walk *w, uint8_t *p, int32_t frame, unsigned align_log2) {
  const struct kn_target *t = w->target;
  int64_t at = (int64_t)frame - w->frame.cfa;
  if (w->frame.up && frame < 0) at = (int64_t)frame + t->frame.beyond;
  int64_t align = INT64_C(1) << align_log2;
  bool round = align > 16 && !t->frame.aligned_by_pointer;
  *p++ = KILN_DW_OP_fbreg;
  p = kn_put_sleb(p, round ? at + align - 1 : at);
  if (align > 16 && t->frame.aligned_by_pointer) *p++ = KILN_DW_OP_deref;
  if (round) {
    *p++ = KILN_DW_OP_consts;
    p = kn_put_sleb(p, -align);
    *p++ = KILN_DW_OP_and;
  }
  return p;
}

static uint8_t *put_number(uint8_t *p, int64_t v) {
  *p++ = (uint8_t)(v >= 0 && v < 32 ? KILN_DW_OP_lit0 + v : KILN_DW_OP_consts);
  return v >= 0 && v < 32 ? p : kn_put_sleb(p, v);
}

static uint8_t *put_sum(uint8_t *p, int64_t v) {
  if (v > 0) {
    *p++ = KILN_DW_OP_plus_uconst;
    p = kn_put_uleb(p, (uint64_t)v);
  } else if (v < 0) {
    p = put_number(p, v);
    *p++ = KILN_DW_OP_plus;
  }
  return p;
}

/* Leaves `bits` bits of a register: what is above is anything. */
static uint8_t *put_mask(uint8_t *p, unsigned bits) {
  if (bits == 64) return p;
  *p++ = KILN_DW_OP_constu;
  p = kn_put_uleb(p, (UINT64_C(1) << bits) - 1);
  *p++ = KILN_DW_OP_and;
  return p;
}

/* The bytes of a constant. */
static uint8_t *put_wide(const struct kn_walk *w, uint8_t *p, uint32_t h) {
  const struct kn_const *c = &w->f->pool.at[kn_index(h)];
  *p++ = KILN_DW_OP_implicit_value;
  *p++ = 16;
  kn_put64(p, c->low);
  kn_put64(p + 8, c->high);
  return p + 16;
}

/* The address of a symbol, or a pointer to a variable: what the writer of DWARF puts in place of these numbers. */
static uint8_t *put_link(const struct kn_walk *w, uint8_t *p, const struct kn_debug_place *is) {
  const bool symbol = is->where == KN_DP_SYMBOL;
  const struct kn_debug_var *v = symbol ? NULL : &w->f->debug.vars.at[is->range - 1];
  if (is->number != (int32_t)is->number) return NULL;
  *p++ = symbol ? KILN_DW_OP_addr : KILN_DW_OP_implicit_pointer;
  kn_put32(p, symbol ? w->f->pool.at[kn_index(is->handle)].symbol : v->variable);
  if (!symbol) kn_put32(p += 4, v->inlined);
  kn_put32(p + 4, (uint32_t)is->number);
  return p + 8;
}

uint8_t *kn_debug_put_place(const struct kn_walk *w, uint8_t *p, const struct kn_debug_place *is,
                            enum kn_debug_put as) {
  const uint32_t h = is->handle;
  if (is->where == KN_DP_SYMBOL) return put_link(w, p, is);
  if (is->where == KN_DP_POINTER) return as == KN_PUT_LOCATION ? put_link(w, p, is) : NULL;
  if (is->where == KN_DP_SLOT) {
    const int32_t frame = w->slot_states.at[kn_index(h)].frame;
    return frame ? put_sum(put_frame(w, p, frame, kn_slot_align(w, kn_index(h))), is->number)
                 : NULL;
  }
  const bool value = as != KN_PUT_LOCATION || is->number != 0;
  const unsigned reg = is->reg < 64 ? w->target->code.dwarf_regs[is->reg] : 0;
  const unsigned type = kn_is_value(h) && h != 0 ? w->val[h].type : KILN_TYPE_I64;
  const unsigned bits = 8u << kn_type_log2[type], masked = as == KN_PUT_OPERAND ? bits : 64;
  if (value && type > KILN_TYPE_I64)
    return NULL; /* more than debuggers compute with, or no number */
  switch (is->where) {
  case KN_DP_NUMBER: return put_number(p, is->number);
  case KN_DP_WIDE: return value ? NULL : put_wide(w, p, h);
  case KN_DP_SLOT:
  case KN_DP_SYMBOL:
  case KN_DP_POINTER: break; /* see above */
  case KN_DP_CONTENT: return put_reg(p, false, reg);
  case KN_DP_REG:
    p = put_reg(p, value, reg);
    if (!value) return p;
    if (masked == 64) return kn_put_sleb(p, is->number);
    *p++ = 0;
    break;
  case KN_DP_FRAME:
    if (is->frame == 0) return NULL; /* a slot that nothing accesses */
    p = put_frame(w, p, is->frame, kn_is_slot(h) ? kn_slot_align(w, kn_index(h)) : 3);
    if (!value) return p;
    *p++ = bits == 64 ? KILN_DW_OP_deref : KILN_DW_OP_deref_size;
    if (bits != 64) *p++ = (uint8_t)(bits / 8);
    return put_sum(p, is->number);
  case KN_DP_ENTRY:
    *p++ =
      w->f->module->attrs.dwarf_version == 4 ? KILN_DW_OP_GNU_entry_value : KILN_DW_OP_entry_value;
    *p++ = 1;
    p = put_reg(p, false, reg);
    break;
  }
  return put_sum(put_mask(p, masked), is->number);
}

/* ---- stretches ---- */

/* So many may be open at once; a block that has more of them shows the others nowhere. */
enum { MOST_OPEN = 1024 };

static struct kn_mark here(const struct kn_walk *w) {
  return (struct kn_mark){kn_here(w), w->code.fixups.n};
}

/* Without memory, nothing is said of variables. */
static bool give_up(struct kn_debug_observer *d) {
  d->seen.n = 0;
  return d->values.on = false;
}

/* Finds where handle `h` of value `v` is. The content of a slot is what `v` is of if it is the slot's memory. */
static bool place_of(const struct kn_debug_observer *d, const struct kn_debug_value *v, uint32_t h,
                     struct kn_debug_place *is) {
  const struct kn_walk *w = d->w;
  const uint32_t i = kn_is_slot(h) ? kn_index(h) : 0;
  if (!v->address || !kn_is_slot(h) || w->slots[i].reg == KN_NO_REG)
    return kn_debug_where(d, h, v->n != 0, UINT64_MAX, is);
  const bool whole =
    v->part_bits == 0 || v->part_bits == UINT64_C(8) * w->f->slots.at[i].size_bytes;
  *is = (struct kn_debug_place){
    .where = KN_DP_CONTENT, .reg = w->slots[i].reg, .handle = h, .range = w->f->slots.at[i].global};
  return v->n == 0 && whole && is->reg != KN_UNREAD && !kn_debug_in_pieces(w, i);
}

/* A stretch of value `of` (index) begins at `from`, with the newest step, if what it is of is somewhere. */
static void open(struct kn_debug_observer *d, uint32_t of, struct kn_mark from) {
  const struct kn_walk *w = d->w;
  struct kn_debug_values *t = &d->values;
  struct kn_debug_seen *s = &d->seen.at[of];
  const struct kn_debug_value *v = &s->is;
  const bool one = v->other[0] == 0;
  struct kn_debug_held h = {
    .of = of, .place = t->places.n, .from = from, .begin = t->steps.n - 1, .stays = one};
  if (t->open.n == MOST_OPEN || v->value == 0 || v->label) return;
  for (uint32_t k = 0, handle = v->value; handle != 0; handle = v->other[k++]) {
    struct kn_debug_place is;
    if (!place_of(d, v, handle, &is)) return;
    if (k != 0 && is.where == KN_DP_SYMBOL) return; /* such an address begins an expression */
    is.number += s->disp;
    if (!KN_PUSH(w->f->module, t->places, is)) return;
    if (is.where == KN_DP_REG) h.regs |= KN_BIT(is.reg);
    h.spilled |= is.where == KN_DP_FRAME && is.range == 0;
  }
  struct kn_debug_place entry = t->places.at[h.place];
  entry.where = KN_DP_ENTRY;
  entry.reg = (uint8_t)kn_debug_entered(d, entry.handle);
  if (one && s->entry == 0 && entry.reg != KN_NO_REG && KN_PUSH(w->f->module, t->places, entry))
    s->entry = t->places.n;
  if (!KN_PUSH(w->f->module, t->all, h)) return;
  if ((h.regs != 0 || h.spilled) && !KN_PUSH(w->f->module, t->open, t->all.n - 1)) return;
  t->watched |= h.regs;
  t->spilled |= h.spilled;
  if (s->held == 0) s->first = t->all.n;
  else t->all.at[s->held - 1].next = t->all.n;
  s->held = t->all.n;
}

/* Is one of the values of a stretch that are spilled no longer where it was? */
static bool is_gone(const struct kn_debug_observer *d, const struct kn_debug_held *h) {
  const struct kn_debug_place *is = d->values.places.at + h->place;
  const uint32_t *other = d->seen.at[h->of].is.other;
  for (uint32_t k = 0; k == 0 || other[k - 1] != 0; k++) {
    const struct kn_val *val = &d->w->val[is[k].handle];
    if (is[k].where == KN_DP_FRAME && is[k].range == 0 &&
        (val->uses == 0 || val->frame != is[k].frame || !(val->flags & KN_VF_FRAME)))
      return true;
  }
  return false;
}

/* The last step, number `last`, wrote these registers: ends stretches. What was spilled goes on in the frame. */
static void end_stretches(struct kn_debug_observer *d, uint32_t last, uint64_t wrote) {
  const struct kn_walk *w = d->w;
  struct kn_debug_values *t = &d->values;
  const uint32_t n = t->open.n, called = d->calls.returned;
  uint32_t kept = 0;
  t->watched = 0;
  t->spilled = false;
  for (uint32_t k = 0; k < n; k++) {
    struct kn_debug_held *h = &t->all.at[t->open.at[k]];
    if (!(h->regs & wrote) && !(h->spilled && is_gone(d, h))) {
      t->watched |= h->regs;
      t->spilled |= h->spilled;
      t->open.at[kept++] = t->open.at[k];
      continue;
    }
    h->end = last;
    h->stays = false;
    struct kn_mark from = here(w);
    /* what a call spilled is in memory while that runs: in a caller's frame, debuggers look before
     * where it returns to */
    if (called > t->steps.at[last].at.at && called <= from.at) from.at = called - 1;
    open(d, h->of, from);
  }
  for (uint32_t k = n; k < t->open.n; k++) t->open.at[kept++] = t->open.at[k];
  t->open.n = kept;
}

/* ---- events ---- */

void kn_debug_values_begin(struct kn_debug_observer *d) {
  const kiln_func *f = d->w->f;
  const uint32_t n = d->w->plan->n_layout;
  const bool declares = f->debug.vars.n != 0 && d->as_is;
  struct kn_debug_values *t = &d->values;
  d->seen.n = d->by_slot.n = t->steps.n = t->all.n = t->moved.n = t->next = t->quiet.n = 0;
  t->on = declares;
  for (uint32_t k = 0; k < f->debug.values.n && !t->on; k++) t->on = !f->debug.values.at[k].label;
  if (!t->on) return;
  t->places.n = t->open.n = t->block = t->next_store = t->n_late = 0;
  if (!KN_RESIZE(f->module, t->blocks, n) || !KN_RESIZE(f->module, t->moved, f->edges.n) ||
      (declares && !kn_debug_declare(d))) {
    give_up(d);
    return;
  }
  for (uint32_t pos = 0; pos < n; pos++)
    t->blocks.at[pos] = (struct kn_debug_block){.wrote = UINT64_MAX};
}

void kn_debug_step(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  struct kn_debug_values *t = &d->values;
  if (!t->on) return;
  const uint64_t wrote = kn_request_written(d->observer.requests);
  struct kn_debug_block *b = &t->blocks.at[kn_plan_pos(w->plan, w->block)];
  if (!KN_ROOM(w->f->module, t->steps, 2)) {
    give_up(d);
    return;
  }
  if (t->block != w->block + 1) {
    t->block = w->block + 1;
    t->n_late = 0;
    b->first = t->steps.n;
    b->wrote = 0;
    t->steps.at[t->steps.n++] = (struct kn_debug_step){.at = w->code.marks.at[w->block]};
  }
  const uint32_t last = t->steps.n - 1;
  t->steps.at[last].wrote = wrote;
  b->wrote |= wrote;
  t->steps.at[t->steps.n++] = (struct kn_debug_step){.inst = w->i, .at = here(w)};
  if (w->i == w->f->block[w->block].term && b->term == 0) b->term = last + 1;
  if (t->spilled || (wrote & t->watched)) end_stretches(d, last, wrote);
}

/* Is a value, which is passed, what an expression says of another one? */
static bool is_computed(const struct kn_debug_observer *d, const struct kn_debug_seen *s) {
  const struct kn_debug_held *h = s->held ? &d->values.all.at[s->held - 1] : NULL;
  return s->is.n != 0 ||
         (h && kn_is_value(s->is.value) && d->values.places.at[h->place].number != 0);
}

static void say(struct kn_debug_observer *d, const struct kn_debug_seen *of) {
  const struct kn_walk *w = d->w;
  const struct kn_code_line *rows = w->out->lines.at;
  const uint32_t k = d->seen.n, n = w->out->lines.n;
  if (!d->values.on && !of->is.label) return; /* there was no memory */
  if (!KN_PUSH(w->f->module, d->seen, *of)) {
    give_up(d);
    return;
  }
  struct kn_debug_seen *s = &d->seen.at[k];
  s->from = here(w);
  s->block = w->block;
  s->is.inst = w->i;
  s->step = d->values.on ? d->values.steps.n - 1 : 1;
  if (d->values.on) open(d, k, s->from);
  /* where a statement begins that changes the variable without code, it still has its old value; a store is of the
   * statement before */
  s->after_inst = s->declared == 0 && is_computed(d, s) && !s->is.address && n > d->lines.first &&
                  rows[n - 1].offset == kn_here(w);
}

/* Of an i128, what its halves are: an expression computes with one value alone. */
void kn_debug_say(struct kn_debug_observer *d, const struct kn_debug_seen *of) {
  struct kn_debug_seen half = *of;
  const uint32_t h = of->is.value;
  if (!kn_is_value(h) || h == 0 || !kn_is_pair(d->w->f, h)) {
    say(d, of);
    return;
  }
  half.is.part_bits = 64;
  for (unsigned k = 0; k < 2; k++, half.is.part_at += 64) {
    half.is.value =
      of->is.n == 0 && of->is.other[0] == 0 && !of->is.address ? kn_half(d->w->f, h, k) : 0;
    if (half.is.value == 0) half.is.n = half.is.other[0] = 0;
    say(d, &half);
  }
}

/* The instruction with which record `k` begins. */
static uint32_t inst_of(const void *at, size_t size, uint32_t k) {
  return *(const uint32_t *)((const char *)at + k * size);
}

uint32_t kn_debug_from(const void *at, size_t size, uint32_t n, uint32_t inst, uint32_t next) {
  if ((next == 0 || inst_of(at, size, next - 1) < inst) &&
      (next == n || inst_of(at, size, next) >= inst))
    return next;
  return KN_COUNT_BEFORE(k, n, inst_of(at, size, k) < inst);
}

/* Is the value that `v` is computed later in the same block? Producers have such values before what they are of: the
 * variable becomes it after that instruction. */
static bool is_later(const kiln_func *f, const struct kn_debug_value *v) {
  uint32_t k = v->inst;
  if (!kn_is_value(v->value) || v->value < k) return false;
  if (kn_maker(f, v->value)->op == KILN_OP_PARAM) return false;
  while (k < v->value && !kn_op_ends_block(f->inst[k].op) && f->inst[k].op != KILN_OP_SEG) k++;
  return k == v->value;
}

void kn_debug_values_here(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  struct kn_debug_values *t = &d->values;
  kn_debug_step(d);
  const uint32_t i = w->i, n = w->f->debug.values.n;
  const struct kn_debug_value *values = w->f->debug.values.at;
  for (uint32_t k = 0; k < t->n_late; k++)
    if (kn_inst_settle(w->f, kn_after(w->f, values[t->late[k]].value)) == i)
      kn_debug_say(d, &(struct kn_debug_seen){.is = values[t->late[k]]});
  uint32_t k = kn_debug_from(values, sizeof *values, n, i, t->next);
  for (; k < n && values[k].inst == i; k++)
    if (t->n_late < KN_DEBUG_LATE && is_later(w->f, &values[k])) t->late[t->n_late++] = k;
    else kn_debug_say(d, &(struct kn_debug_seen){.is = values[k]});
  t->next = k;
  if (t->on && d->by_slot.n != 0) kn_debug_stores_here(d, t->steps.at[t->steps.n - 2].inst);
  t->quiet = (struct kn_quiet){i, t->on ? 1 : (k < n ? values[k].inst : UINT32_MAX) - i};
}

/* Homes of parameters that the moves of an edge write, and MOVED_FRAME if some are in the frame. An argument that was
 * computed in the parameter's home is not moved. */
#define MOVED_FRAME KN_BIT(31) /* the stack pointer, or no register */
static uint64_t moved_by(const struct kn_walk *w, const struct kn_edge *e) {
  const struct kn_block *to = &w->f->block[e->target];
  uint64_t moved = to->contiguous || e->args == 0 ? 0 : UINT64_MAX;
  for (uint32_t a = to->contiguous ? e->args : 0; a; a = w->f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &w->f->edge_args.at[a - 1];
    const struct kn_val *param = &w->val[to->param_first + arg->index];
    const struct kn_val *v = &w->val[kn_value_or_none(arg->value)];
    const bool there =
      arg->value != 0 && kn_is_value(arg->value) && (v->flags & KN_VF_HOME) && v->reg == param->reg;
    if ((param->flags & KN_VF_HOME) && !there) moved |= KN_BIT(param->reg);
    if (param->flags & KN_VF_SLOT_HOME) moved |= MOVED_FRAME;
  }
  return moved;
}

void kn_debug_values_moved(struct kn_debug_observer *d) {
  for (uint32_t e = 0; e < d->values.moved.n; e++)
    d->values.moved.at[e] = moved_by(d->w, &d->w->f->edges.at[e]);
}

void kn_debug_values_leave(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  struct kn_debug_values *t = &d->values;
  if (!t->on || t->block == 0) return;
  const uint32_t block = t->block - 1, pos = kn_plan_pos(w->plan, block);
  struct kn_debug_block *b = &t->blocks.at[pos];
  t->block = 0;
  if (b->term == 0) return;
  struct kn_debug_step *last = &t->steps.at[t->steps.n - 1];
  last->wrote = kn_request_written(d->observer.requests);
  b->end = t->steps.n;
  /* a conditional branch is followed by the moves of its edges: what they write of what is a home here, `moved` says of
   * each */
  const bool branches = w->inst[w->f->block[block].term].op == KILN_OP_BRIF && b->end - 1 > b->term;
  const uint64_t wrote = last->wrote & (branches ? ~w->plan->occupied[pos] : UINT64_MAX);
  b->wrote |= wrote;
  for (uint32_t k = 0; k < t->open.n; k++) {
    struct kn_debug_held *h = &t->all.at[t->open.at[k]];
    h->stays &= !h->spilled && !(h->regs & wrote);
    if (h->regs & last->wrote) h->end = b->end - 1;
    if (h->spilled) h->end = b->term;
  }
  t->open.n = 0;
  t->watched = 0;
  t->spilled = false;
}

void kn_debug_values_settle(struct kn_debug_observer *d) {
  const struct kn_code *c = &d->w->code;
  struct kn_debug_values *t = &d->values;
  for (uint32_t k = 0; k < t->steps.n; k++)
    t->steps.at[k].at.at = kn_code_final(c, t->steps.at[k].at.at, t->steps.at[k].at.fixups);
  for (uint32_t k = 0; k < t->all.n; k++)
    t->all.at[k].from.at = kn_code_final(c, t->all.at[k].from.at, t->all.at[k].from.fixups);
  for (uint32_t k = 0; k < d->seen.n; k++) {
    struct kn_mark *from = &d->seen.at[k].from;
    from->at = kn_code_final(c, from->at, from->fixups);
  }
}
