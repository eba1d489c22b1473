/* What variables are while code runs: values (kiln_func_set_variable) become ranges of code in which a variable is in a
 * register, in the frame, or a constant. Called by debugger.c. Where a value is in its own block where.c has found out;
 * there it is in other blocks, too, as long as no step writes the register. Which value a variable has where a block
 * begins is found by one problem of data flow for each part of a variable: what all predecessors agree on. Invariant: a
 * range is right or is not there. */
#include "lib/debug/debugger.h"

#include <string.h>

/* ---- the code of blocks ---- */

static uint32_t block_begin(const struct kn_walk *w, uint32_t pos) {
  return kn_label_at(w, w->plan->layout[pos]);
}

static uint32_t block_end(const struct kn_walk *w, uint32_t pos) {
  return pos + 1 == w->plan->n_layout ? kn_here(w) : block_begin(w, pos + 1);
}

/* Up to where a location holds that step number `k` changes: debuggers that stop at an instruction look at its first
 * byte, and at a call's last byte while that runs. */
static uint32_t until(const struct kn_debug_observer *d, uint32_t k) {
  return d->values.steps.at[k].at.at + 1;
}

/* Is the place the home, in the frame, of a parameter that the edge gives a new value? */
static bool is_param_of(const struct kn_walk *w, const struct kn_debug_place *is,
                        const struct kn_edge *e) {
  const struct kn_inst *in = is->where == KN_DP_FRAME ? kn_maker(w->f, is->handle) : NULL;
  return in != NULL && in->op == KILN_OP_PARAM && in->a == e->target;
}

/* Up to where a place is what it is when step number `from` of the block at `pos` begins. After the last block comes
 * code of others; what ends a function restores the caller's registers. */
static uint32_t end_of(const struct kn_debug_observer *d, const struct kn_debug_place *is,
                       uint32_t pos, uint32_t from) {
  const struct kn_walk *w = d->w;
  const struct kn_debug_block *b = &d->values.blocks.at[pos];
  const struct kn_block *block = &w->f->block[w->plan->layout[pos]];
  const bool reg = is->reg != KN_NO_REG && is->where != KN_DP_ENTRY;
  const uint32_t end = block_end(w, pos);
  bool ends = pos + 1 == w->plan->n_layout || (reg && block->n_edges == 0);
  if (b->end == 0) return block_begin(w, pos);
  const struct kn_debug_step *steps = d->values.steps.at;
  uint32_t k = reg && ((b->wrote | steps[b->end - 1].wrote) >> is->reg & 1) ? from : b->end;
  while (k < b->end && !(steps[k].wrote >> is->reg & 1)) k++;
  for (uint32_t e = 0; e < block->n_edges && k == b->end; e++)
    if (is_param_of(w, is, &w->f->edges.at[block->edge_first + e])) k = b->term;
  if (k == b->end && !ends) return end;
  if (k == b->end) k--;
  return until(d, k) < end ? until(d, k) : end;
}

/* Has the block at `pos` the slot in its home, `reg`, while calls run? */
static bool is_home(const struct kn_walk *w, unsigned reg, uint32_t pos) {
  return w->f->block[w->plan->layout[pos]].calls == 0 || !(w->target->around_calls >> reg & 1);
}

uint32_t kn_debug_slot_home(const struct kn_debug_observer *d, unsigned reg, uint32_t pos,
                            uint32_t *to) {
  const struct kn_walk *w = d->w;
  const uint32_t from = pos == 0 ? w->code.start : block_begin(w, pos);
  const struct kn_debug_place is = {.where = KN_DP_CONTENT, .reg = (uint8_t)reg};
  *to = is_home(w, reg, pos) ? end_of(d, &is, pos, d->values.blocks.at[pos].term) : from;
  return from;
}

/* ---- rows ---- */

/* Is the result on the stack the variable's value? */
static bool on_stack(const struct kn_debug_value *v, const struct kn_debug_place *is) {
  return !v->address &&
         (v->n != 0 || is->number != 0 || is->where == KN_DP_NUMBER || is->where == KN_DP_SLOT ||
          is->where == KN_DP_SYMBOL || is->where == KN_DP_ENTRY);
}

bool kn_debug_add_row(struct kn_debug_observer *d, const struct kn_debug_value *v,
                      const struct kn_debug_place *is, uint32_t from, uint32_t to) {
  enum { MOST = KN_DEBUG_PLACE_BYTES * (1 + KILN_MAX_OTHER_VALUES) + 1 };
  const struct kn_walk *w = d->w;
  kiln_module *m = w->f->module;
  struct kn_output *out = w->out;
  if (from >= to) return false;
  if (d->values.newest == is && out->vars.at[out->vars.n - 1].to == from) { /* the same goes on */
    out->vars.at[out->vars.n - 1].to = to;
    return true;
  }
  if (!KN_ROOM(m, out->vars, 1) || !KN_ROOM(m, out->exprs, MOST + v->n)) return false;
  uint8_t *begin = out->exprs.at + out->exprs.n;
  const uint8_t *expr = w->f->debug.bytes.at + v->expr;
  uint32_t done = 0;
  uint8_t *p =
    kn_debug_put_place(w, begin, is, v->n != 0 || v->address ? KN_PUT_OPERAND : KN_PUT_LOCATION);
  for (uint32_t i = 0; p != NULL && v->other[i] != 0; i++) {
    /* the expression up to the next value, and that */
    memcpy(p, expr + done, v->other_at[i] - done);
    p = kn_debug_put_place(w, p + v->other_at[i] - done, is + i + 1, KN_PUT_OPERAND);
    done = v->other_at[i];
  }
  if (p == NULL) return false;
  for (; done < v->n; done++) *p++ = expr[done];
  if (on_stack(v, is)) *p++ = KILN_DW_OP_stack_value;
  struct kn_code_var *row = &out->vars.at[out->vars.n++];
  *row = (struct kn_code_var){.variable = v->variable,
                              .inlined = v->inlined,
                              .expr = out->exprs.n,
                              .n = (uint32_t)(p - begin),
                              .part_at = v->part_at,
                              .part_bits = v->part_bits,
                              .from = from,
                              .to = to == KN_DEBUG_END ? 0 : to};
#ifdef KN_CHECKS
  row->value = v->other[0] ? 0 : is->handle;
  row->computed = !v->address;
  row->in_memory = v->address && (v->n == 0 || expr[v->n - 1] != KILN_DW_OP_stack_value);
#endif
  out->exprs.n += row->n;
  d->values.newest = is;
  return true;
}

/* ---- flow ---- */

/* Of values by their numbers, index + 1. What a part of the variable is at a position is such a number, with LOST if it
 * is not there any more, but is what it was when the function began; 0: that is not known; ANY: not yet visited. */
struct flow {
  struct kn_debug_observer *d;
  const struct kn_walk *w;       /* == d->w */
  struct kn_debug_seen *values;  /* == d->seen.at */
  struct kn_debug_block *blocks; /* == d->values.blocks.at */
  uint32_t n, low, high;         /* how many positions are listed; the first and the last of them */
  uint32_t first, last;          /* positions that the variable may exist at */
  uint32_t begin;                /* rows before this offset are there */
  int64_t left;                  /* work that the function's values may still make */
};
#define ANY UINT32_MAX
#define LOST 0x80000000u

/* Is there such a value, and no declaration? */
static bool is_passed(const struct flow *x, uint32_t k) {
  return k != 0 && x->values[k - 1].step != 0;
}

static bool is_known(uint32_t k) { return k != 0 && k != ANY; }

/* The newest stretch of value number `k`, or NULL. */
static const struct kn_debug_held *newest(const struct flow *x, uint32_t k) {
  const uint32_t held = x->values[k - 1].held;
  return held ? &x->d->values.all.at[held - 1] : NULL;
}

static const struct kn_debug_place *place_of(const struct flow *x, const struct kn_debug_held *h) {
  return &x->d->values.places.at[h->place];
}

/* ---- flow ---- */

/* What is known of value number `k` where something else is in its place. */
static uint32_t lost(const struct flow *x, uint32_t k) {
  return x->values[k - 1].entry != 0 ? k | LOST : 0;
}

/* Has the content of a slot the value's place in the block at `pos`? Of other places true. */
static bool is_content(const struct flow *x, const struct kn_debug_place *is, uint32_t pos) {
  if (is->where != KN_DP_CONTENT) return true;
  const struct kn_range *r = is->range ? &x->w->plan->ranges.at[is->range - 1] : NULL;
  return r != NULL && pos >= r->first && pos <= r->last && is_home(x->w, is->reg, pos);
}

/* Adds a row: value number `k`, a parameter, is what it was when the function began. */
static void add_entry(struct flow *x, uint32_t k, uint32_t from, uint32_t to) {
  const struct kn_debug_seen *s = &x->values[k - 1];
  if (s->entry != 0)
    (void)kn_debug_add_row(x->d, &s->is, &x->d->values.places.at[s->entry - 1], from, to);
}

/* What is known after what writes `regs`, in the block at `pos`, and before which it is `k`; `edge`: one that leads
 * from there, or NULL. */
static uint32_t after(const struct flow *x, uint32_t k, uint64_t regs, uint32_t pos,
                      const struct kn_edge *edge) {
  if (k == 0 || (k & LOST)) return k;
  const struct kn_debug_place *is = place_of(x, newest(x, k));
  const bool written = is->where == KN_DP_REG && (regs >> is->reg & 1);
  const bool moved = edge != NULL && is_param_of(x->w, is, edge);
  return written || moved || !is_content(x, is, pos) ? lost(x, k) : k;
}

/* What is known where two paths meet. */
static uint32_t meet(uint32_t a, uint32_t b) { return (a ^ b) == LOST ? a | LOST : 0; }

/* What is known where the block at `pos` is left. */
static uint32_t leave(const struct flow *x, uint32_t pos) {
  const struct kn_debug_block *b = &x->blocks[pos];
  uint32_t last = 0;
  for (uint32_t k = b->head; k; k = x->values[k - 1].next) last = k;
  if (last == 0) return after(x, b->in, b->wrote, pos, NULL);
  const struct kn_debug_held *held = newest(x, last);
  return held && held->stays ? after(x, last, 0, pos, NULL) : lost(x, last);
}

/* The block at `pos`, which is left with `out`, goes on by edge number `e` to position *to, where *k is known. False:
 * the variable does not exist there. */
static bool passes(const struct flow *x, uint32_t pos, uint32_t out, uint32_t e, uint32_t *to,
                   uint32_t *k) {
  const struct kn_edge *edge = &x->w->f->edges.at[e];
  const uint64_t moved = x->d->values.moved.at[e];
  *to = kn_plan_pos(x->w->plan, edge->target);
  *k = moved ? after(x, out, moved, pos, edge) : out;
  return *to >= x->first && *to <= x->last;
}

static const struct kn_block *block_at(const struct flow *x, uint32_t pos) {
  return &x->w->f->block[x->w->plan->layout[pos]];
}

static void list(struct flow *x, uint32_t pos) {
  x->blocks[x->n++].listed = pos;
  if (pos < x->low) x->low = pos;
  if (pos > x->high) x->high = pos;
}

/* Finds the positions that values of the part may reach, whatever comes there from others. Where others come that have
 * nothing of them, nothing is known. */
static void reach(struct flow *x) {
  for (uint32_t i = 0; i < x->n && x->left > 0; i++) {
    const uint32_t pos = x->blocks[i].listed, out = leave(x, pos);
    const struct kn_block *b = block_at(x, pos);
    for (uint32_t e = b->edge_first, to, k; out != 0 && e < b->edge_first + b->n_edges; e++) {
      if (!passes(x, pos, out, e, &to, &k) || k == 0) continue;
      struct kn_debug_block *next = &x->blocks[to];
      if (next->in == 0 && next->head == 0) list(x, to);
      if (next->in == 0) next->in = k;
      next->passed++;
    }
  }
  for (uint32_t i = 0; i < x->n; i++) {
    struct kn_debug_block *b = &x->blocks[x->blocks[i].listed];
    b->in = b->passed == b->preds ? ANY : 0;
    b->passed = ANY;
  }
}

/* Finds what is known where blocks begin: what all their predecessors agree on. */
static void solve(struct flow *x) {
  bool change = true;
  reach(x);
  for (bool first = true; change && x->left > 0; first = false) {
    change = false;
    for (uint32_t pos = x->low; pos <= x->high; pos++) {
      const struct kn_block *b = block_at(x, pos);
      struct kn_debug_block *at = &x->blocks[pos];
      if (at->head != 0 ? !first : at->in == at->passed) continue;
      at->passed = at->in;
      x->left -= 1 + b->n_edges;
      const uint32_t out = leave(x, pos);
      for (uint32_t e = b->edge_first, to, k; e < b->edge_first + b->n_edges; e++) {
        if (!passes(x, pos, out, e, &to, &k)) continue;
        const uint32_t in = x->blocks[to].in, now = in == ANY || in == k ? k : meet(in, k);
        x->blocks[to].in = now;
        change |= to <= pos && now != in;
      }
    }
  }
  for (uint32_t pos = x->low; change && pos <= x->high; pos++)
    x->blocks[pos].in = 0; /* too much work */
}

/* ---- parts ---- */

/* Adds rows of a part that is value `k` in the block at `pos`, from `from` on up to `to`: the block's own, or one that
 * comes from others. */
static void add_range(struct flow *x, uint32_t k, uint32_t pos, bool own, uint32_t from,
                      uint32_t to, const struct kn_debug_value *part) {
  const struct kn_debug_observer *d = x->d;
  if (from < x->begin) from = x->begin;
  if (!is_known(k) || from >= to) return;
  const uint32_t of = k & ~LOST;
  const struct kn_debug_seen *s = &x->values[of - 1];
  if (s->is.part_at != part->part_at || s->is.part_bits != part->part_bits) return;
  for (uint32_t i = k & LOST ? 0 : own ? s->first : s->held; i != 0;) {
    const struct kn_debug_held *h = &d->values.all.at[i - 1];
    const struct kn_debug_place *is = place_of(x, h);
    uint32_t begin = own ? h->from.at : from, end = to;
    i = own ? h->next : 0;
    if (own && h->end != 0) end = until(d, h->end);
    for (uint32_t j = 0; end > begin && (j == 0 || s->is.other[j - 1] != 0); j++) {
      const struct kn_debug_block *b = &d->values.blocks.at[pos];
      const uint32_t first = is[j].where == KN_DP_CONTENT ? b->term : own ? h->begin : b->first;
      const uint32_t at = own && h->end != 0 ? end : end_of(d, &is[j], pos, first);
      if (at < end) end = at;
    }
    if (begin < from) begin = from;
    if (end > to) end = to;
    if (begin >= end || !is_content(x, is, pos)) continue;
    add_entry(x, of, from, begin);
    from = begin;
    if (kn_debug_add_row(x->d, &s->is, is, begin, end)) from = end;
  }
  add_entry(x, of, from, to);
}

static bool overlap(const struct kn_debug_value *a, const struct kn_debug_value *b) {
  if (a->part_bits == 0 || b->part_bits == 0) return true;
  return a->part_at < b->part_at + (uint64_t)b->part_bits &&
         b->part_at < a->part_at + (uint64_t)a->part_bits;
}

/* Where in the code the variable becomes what `s` says. */
static uint32_t begin_of(const struct kn_debug_seen *s) { return s->from.at + s->after_inst; }

/* Is it this parameter where the function begins? */
static bool from_begin(const struct kn_debug_observer *d, uint32_t k) {
  const kiln_func *f = d->w->f;
  const struct kn_debug_seen *s = &d->seen.at[k - 1];
  uint32_t i = kn_inst_settle(f, f->block[0].first);
  if (s->entry == 0 || s->first == 0 || s->is.n != 0 || s->is.address || s->is.part_bits != 0 ||
      d->values.places.at[s->entry - 1].number != 0)
    return false;
  while (f->inst[i].op == KILN_OP_PARAM) i = kn_inst_settle(f, i + 1);
  return s->is.inst <= i;
}

/* Value number `k`, a parameter, is in its register when the function begins, and is what that was until the variable
 * becomes it. If it is in that register then, it is from the beginning: the prologue does not change the register. */
static void add_begin(struct flow *x, uint32_t k) {
  const struct kn_debug_seen *s = &x->values[k - 1];
  const struct kn_debug_place *places = x->d->values.places.at;
  const struct kn_debug_held *h = &x->d->values.all.at[s->first - 1];
  const uint32_t start = x->w->code.start, at = begin_of(s);
  struct kn_debug_place reg = places[s->entry - 1];
  reg.where = KN_DP_REG;
  if (places[h->place].where == KN_DP_REG && places[h->place].reg == reg.reg && h->from.at <= at) {
    (void)kn_debug_add_row(x->d, &s->is, &places[h->place], start, at);
    return;
  }
  x->begin = start + 1;
  (void)kn_debug_add_row(x->d, &s->is, &reg, start, x->begin);
  x->d->values.newest = NULL;
  add_entry(x, k, x->begin, at);
}

/* Adds the rows of a part in the block at `pos`, where it is value `is` when that begins. */
static void add_block(struct flow *x, uint32_t pos, uint32_t is,
                      const struct kn_debug_value *part) {
  const uint32_t to = block_end(x->w, pos);
  uint32_t from = block_begin(x->w, pos);
  bool own = false;
  for (uint32_t k = x->blocks[pos].head;; k = x->values[k - 1].next) {
    const uint32_t at = k ? begin_of(&x->values[k - 1]) : to;
    add_range(x, is, pos, own, from, at < to ? at : to, part);
    if (k == 0) break;
    is = k;
    from = at;
    own = true;
  }
}

/* Adds rows for the part of a variable that value `of` (number) is of; `newest`: the variable's newest value. */
static void add_part(struct flow *x, uint32_t newest, uint32_t of) {
  const struct kn_debug_value *part = &x->values[of - 1].is;
  x->d->values.newest = NULL;
  x->begin = x->n = x->high = 0;
  x->low = UINT32_MAX;
  for (uint32_t k = newest; is_passed(x, k); k = x->values[k - 1].earlier) {
    struct kn_debug_seen *s = &x->values[k - 1];
    if (!overlap(part, &s->is)) continue;
    const uint32_t pos = kn_plan_pos(x->w->plan, s->block);
    if (pos < x->first) x->first = pos;
    if (pos > x->last) x->last = pos;
    if (x->blocks[pos].head == 0) list(x, pos);
    s->next = x->blocks[pos].head;
    x->blocks[pos].head = k;
  }
  solve(x);
  const uint32_t begins = x->blocks[0].head;
  if (begins != 0 && part->part_bits == 0 && from_begin(x->d, begins)) add_begin(x, begins);
  for (uint32_t pos = x->low; pos <= x->high; pos++) {
    struct kn_debug_block *b = &x->blocks[pos];
    if (b->head != 0 || is_known(b->in)) add_block(x, pos, b->in, part);
    b->head = b->in = b->passed = 0;
  }
}

/* ---- inlined bodies ---- */

/* The body that is inlined at location `call`, and those around it, have code in the blocks from `first` to `last`;
 * what was said before was of earlier blocks. */
static void extend(struct flow *x, uint32_t call, uint32_t first, uint32_t last) {
  for (; call != 0; call = x->w->s->sources.locs.at[call].inlined) {
    struct kn_debug_body *body = &x->d->bodies.at[call];
    if (body->func != x->d->func) *body = (struct kn_debug_body){x->d->func, first, last};
    else if (body->last == last) return; /* so it is of those around it */
    body->last = last;
  }
}

/* Finds where the function's bodies have code: their variables exist there alone, so nothing has to be known of them
 * elsewhere. Only where Kiln inlines: after LLVM's passes a body's instructions may be anywhere. */
static bool find_bodies(struct flow *x) {
  const struct kn_walk *w = x->w;
  const struct kn_output *out = w->out;
  const uint32_t n = w->s->sources.locs.n, before = x->d->bodies.n;
  if (n > before) {
    if (!KN_ROOM(w->f->module, x->d->bodies, n - before)) return false;
    memset(x->d->bodies.at + before, 0, (n - before) * sizeof *x->d->bodies.at);
    x->d->bodies.n = n;
  }
  x->d->func++;
  for (uint32_t k = x->d->lines.first, pos = 0; k < out->lines.n; k++) {
    const uint32_t from = out->lines.at[k].offset;
    const uint32_t to = k + 1 < out->lines.n ? out->lines.at[k + 1].offset : kn_here(w);
    if (from == to) continue;
    while (pos + 1 < w->plan->n_layout && block_begin(w, pos + 1) <= from) pos++;
    const uint32_t first = pos;
    while (pos + 1 < w->plan->n_layout && block_begin(w, pos + 1) < to) pos++;
    extend(x, kn_loc_full(&w->s->sources, out->lines.at[k].loc)->inlined, first, pos);
  }
  return true;
}

/* ---- the function ---- */

static uint32_t hash_of(const struct kn_debug_value *v) {
  return (uint32_t)(kn_mix64(v->inlined, v->variable) >> 32);
}

static KN_COLD bool value_after(const struct kn_debug_value *v, const struct kn_debug_value *is) {
  return v->variable != is->variable ? v->variable > is->variable : v->inlined > is->inlined;
}

/* The first of what was seen of v's variable, index + 1; or 0, and its position in the table. */
static uint32_t first_of(const struct flow *x, const struct kn_debug_value *v, uint32_t *at) {
  const uint32_t hash = hash_of(v);
  uint32_t k;
  KN_HASH_EACH(&x->d->values.firsts, hash, *at, k, value_after(v, &x->values[k - 1].is)) {
    const struct kn_debug_value *is = &x->values[k - 1].is;
    if (is->variable == v->variable && is->inlined == v->inlined) break;
  }
  return k;
}

/* Chains what was seen of each variable: the first has the newest one, and each the one before it. */
static bool chain(struct flow *x) {
  struct kn_hash *firsts = &x->d->values.firsts;
  const struct kn_debug_var *vars = x->w->f->debug.vars.at;
  kn_hash_clear(firsts);
  for (uint32_t k = 1; k <= x->d->seen.n; k++) {
    struct kn_debug_seen *s = &x->values[k - 1];
    uint32_t at, first = first_of(x, &s->is, &at);
    if (first == 0 && !KN_HASH_ROOM(x->w->f->module, firsts)) return false;
    if (first == 0) kn_hash_put(firsts, at, hash_of(&s->is), first = k);
    s->earlier = x->values[first - 1].newest;
    x->values[first - 1].newest = k;
    if (s->declared != 0 && x->d->by_slot.at[vars[s->declared - 1].slot].hidden)
      s->first = s->held = s->entry = 0;
  }
  return true;
}

/* Counts the predecessors of each position; the function's beginning has another one. */
static void count_preds(struct flow *x) {
  x->blocks[0].preds = 1;
  for (uint32_t pos = 0; pos < x->w->plan->n_layout; pos++) {
    const struct kn_block *b = block_at(x, pos);
    for (uint32_t e = b->edge_first; e < b->edge_first + b->n_edges; e++)
      x->blocks[kn_plan_pos(x->w->plan, x->w->f->edges.at[e].target)].preds++;
  }
}

/* Steps from block to block that a function's values may make, and how many more for each value and block: so the time
 * grows as the function does. With more work, the rest of them are shown in their own blocks alone; SQLite's largest
 * function makes 3.5 million. One variable has no more parts than that. */
enum { MOST_STEPS = 1 << 22, MORE_STEPS = 128, MOST_PARTS = 64 };

/* Adds the rows of a variable: of each part that its values, from `newest` on, are of. */
static void add_parts(struct flow *x, uint32_t newest) {
  uint32_t seen[MOST_PARTS], n = 0;
  for (uint32_t k = newest; is_passed(x, k) && n < MOST_PARTS; k = x->values[k - 1].earlier) {
    uint32_t i = n;
    while (i > 0 && (x->values[seen[i - 1] - 1].is.part_at != x->values[k - 1].is.part_at ||
                     x->values[seen[i - 1] - 1].is.part_bits != x->values[k - 1].is.part_bits))
      i--;
    if (i > 0) continue;
    seen[n++] = k;
    add_part(x, newest, k);
  }
}

/* Is value number `k`, the only one of its variable, the same wherever the variable's scope has code? So are arguments
 * of inlined bodies that are constants or addresses. Then there is no need to follow the flow. */
static bool is_constant(const struct flow *x, uint32_t k) {
  const struct kn_debug_seen *s = &x->values[k - 1];
  if (!x->d->as_is || is_passed(x, s->earlier) || s->held == 0 || s->is.other[0] != 0 ||
      s->is.part_bits != 0)
    return false;
  return place_of(x, newest(x, k))->where <= KN_DP_POINTER;
}

/* Adds the rows of the variable of which value number `k` is the newest. */
static void add_variable(struct flow *x, uint32_t k) {
  const struct kn_debug_seen *s = &x->values[k - 1];
  const struct kn_debug_body *body =
    x->d->as_is && s->is.inlined != 0 ? &x->d->bodies.at[s->is.inlined] : NULL;
  if (body != NULL && body->func != x->d->func) return; /* it has no code */
  if (is_constant(x, k)) {
    x->d->values.newest = NULL;
    (void)kn_debug_add_row(x->d, &s->is, place_of(x, newest(x, k)), x->w->code.start,
                           kn_here(x->w));
    return;
  }
  x->first = body != NULL ? body->first : 0;
  x->last = body != NULL ? body->last : x->w->plan->n_layout - 1;
  add_parts(x, k);
}

static void add_seen(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  struct kn_output *out = w->out;
  struct flow x = {.d = d,
                   .w = w,
                   .values = d->seen.at,
                   .blocks = d->values.blocks.at,
                   .left = MOST_STEPS + MORE_STEPS * ((int64_t)d->seen.n + w->plan->n_layout)};
  if ((d->as_is && !find_bodies(&x)) || !chain(&x)) return;
  if (d->values.on) count_preds(&x);
  /* in the order of their first values: entries' numbers, and so the table's order, depend on the session */
  for (uint32_t k = 1; k <= d->seen.n; k++) {
    const struct kn_debug_seen *s = &x.values[k - 1];
    const uint32_t rows = out->vars.n;
    struct kn_code_var row = {.variable = s->is.variable, .inlined = s->is.inlined};
    if (s->is.label) {
      row.from = s->from.at;
      row.n = KN_VAR_LABEL;
    } else if (s->newest == 0) {
      continue; /* not the first one */
    } else {
      for (uint32_t i = s->newest; i != 0; i = x.values[i - 1].earlier)
        if (!is_passed(&x, i)) kn_debug_add_places(d, &w->f->debug.vars.at[i - 1]);
      if (is_passed(&x, s->newest)) add_variable(&x, s->newest);
    }
    /* of a variable: it exists, but nothing is known of it */
    if (rows == out->vars.n) (void)KN_PUSH(w->f->module, out->vars, row);
  }
  for (uint32_t k = 0; k < w->f->debug.values.n;
       k++) { /* nor of those that are nowhere in the code */
    const struct kn_debug_value *v = &w->f->debug.values.at[k];
    const struct kn_code_var row = {.variable = v->variable, .inlined = v->inlined};
    uint32_t at;
    if (!v->label && first_of(&x, v, &at) == 0) (void)KN_PUSH(w->f->module, out->vars, row);
  }
}

void kn_debug_values_end(struct kn_debug_observer *d) {
  const struct kn_func_debug *debug = &d->w->f->debug;
  for (uint32_t k = 0; k < debug->vars.n && !d->as_is; k++)
    kn_debug_add_places(d, &debug->vars.at[k]);
  if (d->seen.n + debug->values.n != 0) add_seen(d);
}
