/* Which registers still hold what variables are, beyond what the plan says. A value that no
 * other block uses is in some register, or spilled; and what a home held stays there after its
 * interval until somebody takes the register. Called by observe_values.c and observe_calls.c, in functions where
 * variables are values. What a block writes is what the walk says (KN_WROTE). Invariants: a stretch ends before the
 * first instruction that may have changed its location; the code is the same as without this. */
#include "lib/debug/debugger.h"

#include <string.h>

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

/* ---- blocks ---- */

/* Has the register what it had up to where instruction `i` calls or branches? */
static bool stays_until_left(const struct kn_debug_observer *d, const struct kn_debug_held *h,
                             uint32_t i) {
  return d->held.leaving == i && h->reg != KN_NO_REG && !(d->held.early >> h->reg & 1);
}

void kn_debug_held_block(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[w->block];
  const unsigned op = f->inst[b->term].op;
  const uint32_t pos = kn_plan_pos(w->plan, w->block);
  uint64_t last = d->held.early | kn_request_written(d->observer.requests);
  if (d->held.block != w->block + 1 || pos >= d->values.blocks.n) return;
  d->held.block = 0;
  struct kn_debug_block *to = &d->values.blocks.at[pos];
  to->all = d->held.body | last;
  to->last = last;
  to->each = op == KILN_OP_BRIF ? d->held.early : last;
  for (uint32_t k = 0; k < d->held.open.n; k++) {
    struct kn_debug_held *h = &d->held.all.at[d->held.open.at[k]];
    const bool one = d->own.values.at[h->of].is.other[0] == 0;
    h->stays = one && h->reg != KN_NO_REG && !(last >> h->reg & 1);
  }
  d->held.open.n = 0;
  d->held.early = 0;
}

void kn_debug_held_begin(struct kn_debug_observer *d) {
  d->held.all.n = d->held.open.n = d->held.block = 0;
  d->held.loop_homes.n = d->held.leaving = 0;
  d->held.looped = d->held.early = 0;
}

void kn_debug_held_leave(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  d->held.early |= kn_request_written(d->observer.requests);
  if (d->held.open.n == 0 || d->held.leaving == w->i) return;
  d->held.leaving = w->i;
  d->held.leaving_at = kn_request_mark(d->observer.requests);
}

/* ---- values ---- */

/* Does instruction `in` write the variable that value `v` was loaded from? */
static bool writes_loaded(const struct kn_walk *w, const struct kn_inst *in, uint32_t v) {
  return in->op == KILN_OP_ASM || (in->op == KILN_OP_STORE && in->a == w->inst[v].a);
}

/* Has w->i only to store there what was computed in the variable's home? */
static bool was_computed_there(const struct kn_walk *w, uint32_t v) {
  const struct kn_inst *in = &w->inst[w->i];
  return in->op == KILN_OP_STORE && in->a == w->inst[v].a && kn_is_value(in->b) &&
         w->val[in->b].reg == w->slots[kn_index(in->a)].reg;
}

/* The home of the variable that value `v`, of this block, was loaded from, if it still has the value before w->i; code
 * need not read the value any more. Else KN_NO_REG. */
static unsigned home_still(const struct kn_debug_observer *d, uint32_t v) {
  const struct kn_walk *w = d->w;
  enum { LOOKED_AT = 64 };
  const unsigned reg = home_loaded(d, v);
  if (reg == KN_NO_REG || v >= w->i || w->i - v > LOOKED_AT || was_computed_there(w, v))
    return KN_NO_REG;
  for (uint32_t k = v + 1; k < w->i; k++) {
    const struct kn_inst *in = &w->inst[k];
    if (kn_op_ends_block(in->op) || writes_loaded(w, in, v) ||
        (in->op == KILN_OP_SEG && in->a != k + 1))
      return KN_NO_REG;
  }
  return reg;
}

/* Where value `v` is now: false if it is nowhere, or that is not known. */
static bool find(const struct kn_debug_observer *d, uint32_t v, uint8_t *reg, int32_t *frame) {
  const struct kn_walk *w = d->w;
  const struct kn_val *val = &w->val[v];
  *reg = KN_NO_REG;
  *frame = 0;
  const unsigned home = home_still(d, v);
  if (home != KN_NO_REG) {
    *reg = (uint8_t)home;
    return true;
  }
  if ((val->flags & KN_VF_ALIAS) && d->as_is) { /* a variable's home still has it */
    *reg = val->reg;
    return val->uses != 0 && val->reg < 64;
  }
  if (val->flags & (KN_VF_ADDR | KN_VF_WAITS | KN_VF_ALIAS | KN_VF_SLOT_HOME)) return false;
  if (val->reg < 64 && (val->flags & KN_VF_HOME)) { /* computed in the home of a loop's parameter */
    *reg = val->reg;
    return true;
  }
  if (val->reg < 64 && w->regs.owner[val->reg] == v && (w->regs.block_regs >> val->reg & 1)) {
    *reg = val->reg;
    return true;
  }
  if ((val->flags & KN_VF_FRAME) && val->uses != 0 && val->frame != 0) {
    *frame = val->frame;
    return true;
  }
  return false;
}

bool kn_debug_find(const struct kn_debug_observer *d, uint32_t h, uint8_t *reg, int32_t *frame) {
  const struct kn_walk *w = d->w;
  *reg = KN_NO_REG;
  *frame = 0;
  if (kn_is_imm(h) || kn_is_pool(h)) return true;
  if (!kn_is_value(h) || h == 0 || kn_func_is_homeless(w->f)) return false;
  const struct kn_val *val = &w->val[h];
  if (val->global == 0) return (val->uses != 0 || h + 1 == w->i) && find(d, h, reg, frame);
  const struct kn_range *r = &w->plan->ranges.at[val->global - 1];
  uint32_t pos = kn_plan_pos(w->plan, w->block);
  if (pos < r->first || pos > r->last) return false;
  if (val->flags & KN_VF_SLOT_HOME) {
    *frame = val->frame;
    return val->frame != 0;
  }
  if (!(val->flags & KN_VF_HOME)) return false;
  *reg = r->reg;
  bool lost = w->f->block[w->block].calls != 0 && (w->target->around_calls >> r->reg & 1);
  /* in the last block of a loop, its home may have the next round's value */
  const uint64_t written = d->held.aimed | d->held.early | w->regs.written;
  return !lost && !(written & d->held.looped & KN_BIT(r->reg));
}

static void open(struct kn_debug_observer *d, uint32_t of, uint32_t mark) {
  const struct kn_walk *w = d->w;
  struct kn_debug_seen *s = &d->own.values.at[of];
  const struct kn_debug_value *v = &s->is;
  struct kn_debug_held h = {.of = of, .from = mark};
  bool found = v->other[0] ? kn_debug_find(d, v->value, &h.reg, &h.frame)
                           : find(d, v->value, &h.reg, &h.frame);
  for (uint32_t k = 0; found && v->other[k] != 0; k++)
    found = kn_debug_find(d, v->other[k], &h.other_reg[k], &h.other_frame[k]);
  if (!found) return;
  if (!KN_PUSH(w->f->module, d->held.all, h) ||
      !KN_PUSH(w->f->module, d->held.open, d->held.all.n - 1))
    return;
  if (s->held == 0) s->first = d->held.all.n;
  else d->held.all.at[s->held - 1].next = d->held.all.n;
  s->held = d->held.all.n;
}

enum { SUM_BYTES = 12 };

/* What `v` is of is a sum of another value and a number, which no code has computed: it becomes an expression of that
 * value. False if it is no such sum. */
static bool replace_sum(struct kn_debug_observer *d, struct kn_debug_value *v) {
  const struct kn_walk *w = d->w;
  const struct kn_inst *in = &w->inst[v->value];
  bool is_sum = in->op == KILN_OP_ADD && kn_is_imm(in->b) &&
                (in->type == KILN_TYPE_I64 || (in->type == KILN_TYPE_I32 && v->n == 0));
  if ((in->op != KILN_OP_ADDR || in->b != 0) && !is_sum) return false;
  if (!kn_is_value(in->a) && !kn_is_slot(in->a)) return false;
  int64_t number = kn_addr_disp(in);
  uint32_t at = d->own.bytes.n;
  uint8_t sum[SUM_BYTES], *p = sum;
  *p++ = KILN_DW_OP_consts;
  p = kn_put_sleb(p, number);
  *p++ = KILN_DW_OP_plus;
  for (const uint8_t *k = sum; k < p; k++)
    if (!KN_PUSH(w->f->module, d->own.bytes, *k)) return false;
  for (uint32_t k = 0; k < v->n; k++)
    if (!KN_PUSH(w->f->module, d->own.bytes, d->own.bytes.at[v->expr + k])) return false;
  v->value = in->a;
  v->expr = at;
  v->n += (uint32_t)(p - sum);
  return true;
}

void kn_debug_hold(struct kn_debug_observer *d, uint32_t of, uint32_t mark) {
  const struct kn_walk *w = d->w;
  struct kn_debug_seen *s = &d->own.values.at[of];
  struct kn_debug_value *v = &s->is;
  s->first = s->held = 0;
  if (v->other[0]) open(d, of, mark);
  for (unsigned sums = v->other[0] ? 4 : 0; sums < 4; sums++) {
    if (!kn_is_value(v->value) || v->value == 0 || v->label || w->val[v->value].global != 0) break;
    /* a value that nobody reads any more may be gone by a call since */
    if (w->val[v->value].uses != 0 || v->value + 1 == w->i || home_still(d, v->value) != KN_NO_REG)
      open(d, of, mark);
    if (s->held || !replace_sum(d, v)) break;
  }
  /* where a statement begins that changes the variable without code, it still has its old value; a store is of the
   * statement before */
  const struct kn_output *out = w->out;
  s->after_inst = s->declared == 0 && v->n != 0 && !v->address && out->lines.n > d->lines.first &&
                  out->lines.at[out->lines.n - 1].offset == kn_here(w);
}

/* Is value `v` no longer in register `reg`, or at `frame` if that is KN_NO_REG, since the last step? A value of another
 * block stays in the frame; a constant is nowhere, and stays. */
static bool moved(const struct kn_debug_observer *d, uint32_t v, unsigned reg, int32_t frame) {
  if (reg != KN_NO_REG) return d->held.now >> reg & 1;
  if (!kn_is_value(v) || d->w->val[v].global != 0) return false;
  const struct kn_val *val = &d->w->val[v];
  return val->uses == 0 || val->frame != frame || !(val->flags & KN_VF_FRAME);
}

static bool changed(const struct kn_debug_observer *d, const struct kn_debug_held *h) {
  const struct kn_debug_value *v = &d->own.values.at[h->of].is;
  bool any = moved(d, v->value, h->reg, h->frame);
  for (uint32_t k = 0; !any && v->other[k] != 0; k++)
    any = moved(d, v->other[k], h->other_reg[k], h->other_frame[k]);
  return any;
}

/* A mark where the last instruction that was looked at begins; 0 if the function failed. */
static uint32_t last_step(struct kn_debug_observer *d) {
  return kn_request_mark_at(d->observer.requests, d->held.step_at, d->held.step_fixups);
}

/* Homes of a loop's parameters, in its last block, where what they are in the next round may be computed. */
static uint64_t find_looped(const struct kn_walk *w) {
  uint64_t homes = 0;
  for (uint32_t k = 0; w->back_edge != UINT32_MAX && k < w->n_loop_homes; k++) {
    const struct kn_val *param = &w->val[w->loop_homes[k].param];
    if (w->plan->ranges.at[param->global - 1].last >= kn_plan_pos(w->plan, w->block))
      homes |= KN_BIT(param->reg);
  }
  return homes;
}

/* Takes what has been written since the last step, or, with `begins`, where the block begins. False: the function
 * failed. */
static bool take_written(struct kn_debug_observer *d, bool begins) {
  const struct kn_walk *w = d->w;
  d->held.now = d->held.early | kn_request_written(d->observer.requests);
  if (begins) {
    d->held.body = d->held.aimed = 0;
    d->held.looped = find_looped(w);
  } else {
    for (uint64_t m = d->held.now & d->held.looped & ~d->held.aimed; m; m &= m - 1) {
      struct kn_debug_loop_home home = {kn_plan_pos(w->plan, w->block), last_step(d),
                                        (uint8_t)__builtin_ctzll(m)};
      if (home.mark == 0 || !KN_PUSH(w->f->module, d->held.loop_homes, home)) return false;
    }
    d->held.aimed |= d->held.now & d->held.looped;
  }
  d->held.body |= d->held.now;
  return true;
}

uint32_t kn_debug_loop_mark(const struct kn_debug_observer *d, unsigned reg, uint32_t pos) {
  uint32_t low = 0, high = d->held.loop_homes.n; /* positions ascend */
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (d->held.loop_homes.at[middle].pos < pos) low = middle + 1;
    else high = middle;
  }
  for (; low < d->held.loop_homes.n && d->held.loop_homes.at[low].pos == pos; low++)
    if (d->held.loop_homes.at[low].reg == reg) return d->held.loop_homes.at[low].mark;
  return 0;
}

/* So many stretches may be open: each is looked at in each step. Values that live longer than so many later ones, all
 * of the same block, are not shown to its end. */
enum { MOST_OPEN = 256 };

/* Ends the oldest of `n` open stretches here. Returns how many are left; 0: the function failed. */
static uint32_t close_oldest(struct kn_debug_observer *d, uint32_t n) {
  uint32_t *at = d->held.open.at, closed = n - MOST_OPEN,
           mark = kn_request_mark(d->observer.requests);
  if (mark == 0) return 0;
  for (uint32_t k = 0; k < closed; k++) d->held.all.at[at[k]].to = mark;
  memmove(at, at + closed, MOST_OPEN * sizeof *at);
  return MOST_OPEN;
}

bool kn_debug_held_step(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  if (!take_written(d, d->held.block != w->block + 1)) return false;
  d->held.block = w->block + 1;
  uint32_t n = d->held.open.n, kept = 0;
  for (uint32_t k = 0; k < n; k++) {
    uint32_t at = d->held.open.at[k];
    struct kn_debug_held *h = &d->held.all.at[at];
    const struct kn_debug_value *v = &d->own.values.at[h->of].is;
    if (!changed(d, h)) {
      d->held.open.at[kept++] = at;
      continue;
    }
    const bool one = v->other[0] == 0;
    uint32_t mark =
      one && stays_until_left(d, h, d->held.stepped) ? d->held.leaving_at : last_step(d);
    uint32_t of = h->of, called = d->calls.returned, from = kn_here(w);
    if (mark == 0) return false;
    h->to = mark;
    /* what a call spilled is in memory while that runs: in a caller's frame, debuggers look
       before where it returns to */
    if (called > d->held.step_at && called <= from) from = called - 1;
    if (!one || w->val[v->value].uses != 0 || home_still(d, v->value) != KN_NO_REG) /* spilled */
      open(d, of, kn_request_mark_at(d->observer.requests, from, w->code.fixups.n));
  }
  /* those that began just now */
  for (; n < d->held.open.n; n++) d->held.open.at[kept++] = d->held.open.at[n];
  if (kept > MOST_OPEN && (kept = close_oldest(d, kept)) == 0) return false;
  d->held.open.n = kept;
  d->held.early = 0;
  d->held.stepped = w->i;
  d->held.step_at = kn_here(w);
  d->held.step_fixups = w->code.fixups.n;
  return kept != 0 || d->held.looped != d->held.aimed;
}
