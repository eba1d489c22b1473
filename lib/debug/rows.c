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
  const struct kn_inst *in = is->where == KN_DP_FRAME ? &w->inst[is->handle] : NULL;
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

/* Of values by their numbers, index + 1. What a part of the variable is at a position is such a number, with LOST if it
 * is not there any more, but is what it was when the function began; 0: that is not known; ANY: not yet visited. */
struct flow {
  struct kn_debug_observer *d;
  const struct kn_walk *w; /* == d->w */
  uint32_t *preds;         /* by position: edges that lead there */
  uint32_t *in; /* by position: what is known where it begins; 0 of those that are not in `list`; */
  uint32_t *passed;      /* that of which its successors know */
  uint32_t *head;        /* by position: the first value of the part in it */
  uint32_t *next;        /* by value: the next in its block */
  uint32_t *group;       /* by value: the next of the same variable */
  uint32_t *list;        /* positions with values of the part, then those that these may reach */
  uint32_t n, low, high; /* how many; the first and the last of them */
  uint32_t first, last;  /* positions that the variable may exist at */
  uint32_t begin;        /* rows before this offset are there */
  const struct kn_debug_place *newest; /* of the newest row, if the next one may say the same */
  int64_t left;                        /* work that the function's values may still make */
};
#define ANY UINT32_MAX
#define LOST 0x80000000u

static bool is_known(uint32_t k) { return k != 0 && k != ANY; }

/* The newest stretch of value number `k`, or NULL. */
static const struct kn_debug_held *newest(const struct flow *x, uint32_t k) {
  const uint32_t held = x->d->seen.at[k - 1].held;
  return held ? &x->d->values.all.at[held - 1] : NULL;
}

static const struct kn_debug_place *place_of(const struct flow *x, const struct kn_debug_held *h) {
  return &x->d->values.places.at[h->place];
}

/* Is the result on the stack the variable's value? */
static bool on_stack(const struct kn_debug_value *v, const struct kn_debug_place *is) {
  return !v->address &&
         (v->n != 0 || is->number != 0 || is->where == KN_DP_NUMBER || is->where == KN_DP_SLOT ||
          is->where == KN_DP_SYMBOL || is->where == KN_DP_ENTRY);
}

/* Adds a row: value number `k` is at `is` (and further values follow) from `from` to `to`. False if there is
 * none. */
static bool add_row(struct flow *x, uint32_t k, const struct kn_debug_place *is, uint32_t from,
                    uint32_t to) {
  const struct kn_walk *w = x->w;
  const struct kn_debug_value *v = &x->d->seen.at[k - 1].is;
  const uint8_t *expr = w->f->debug.bytes.at + v->expr;
  struct kn_output *out = w->out;
  const uint32_t rows = out->vars.n;
  uint8_t b[KN_DEBUG_PLACE_BYTES * (1 + KILN_MAX_OTHER_VALUES) + KN_OTHER_MOST];
  if (from >= to) return false;
  if (x->newest == is && out->vars.at[rows - 1].to == from) { /* the same goes on */
    out->vars.at[rows - 1].to = to;
    return true;
  }
  uint32_t done = 0;
  uint8_t *p =
    kn_debug_put_place(w, b, is, v->n != 0 || v->address ? KN_PUT_OPERAND : KN_PUT_LOCATION);
  for (uint32_t i = 0; p != NULL && v->other[i] != 0; i++) {
    /* the expression up to the next value, and that */
    memcpy(p, expr + done, v->other_at[i] - done);
    p = kn_debug_put_place(w, p + v->other_at[i] - done, is + i + 1, KN_PUT_OPERAND);
    done = v->other_at[i];
  }
  if (p == NULL) return false;
  struct kn_code_var row = {.variable = v->variable,
                            .inlined = v->inlined,
                            .part_at = v->part_at,
                            .part_bits = v->part_bits,
                            .from = from,
                            .to = to,
                            .n = v->n - done};
#ifdef KN_CHECKS
  row.value = v->other[0] ? 0 : is->handle;
#endif
  kn_debug_add_row(w, row, b, (uint32_t)(p - b), expr + done);
  if (rows == out->vars.n) return false;
  x->newest = is;
  if (on_stack(v, is) && KN_PUSH(w->f->module, out->exprs, KILN_DW_OP_stack_value))
    out->vars.at[rows].n++;
  return true;
}

/* Adds a row: value number `k`, a parameter, is what it was when the function began. */
static void add_entry(struct flow *x, uint32_t k, uint32_t from, uint32_t to) {
  const uint32_t entry = x->d->seen.at[k - 1].entry;
  if (entry != 0) (void)add_row(x, k, &x->d->values.places.at[entry - 1], from, to);
}

/* ---- flow ---- */

/* What is known of value number `k` where something else is in its place. */
static uint32_t lost(const struct flow *x, uint32_t k) {
  return x->d->seen.at[k - 1].entry != 0 ? k | LOST : 0;
}

/* Has the content of a slot the value's place in the block at `pos`? Of other places true. */
static bool is_content(const struct flow *x, const struct kn_debug_place *is, uint32_t pos) {
  if (is->where != KN_DP_CONTENT) return true;
  const struct kn_range *r = is->range ? &x->w->plan->ranges.at[is->range - 1] : NULL;
  return r != NULL && pos >= r->first && pos <= r->last && is_home(x->w, is->reg, pos);
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
  uint32_t last = 0;
  for (uint32_t k = x->head[pos]; k; k = x->next[k - 1]) last = k;
  if (last == 0) return after(x, x->in[pos], x->d->values.blocks.at[pos].wrote, pos, NULL);
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
  x->list[x->n++] = pos;
  if (pos < x->low) x->low = pos;
  if (pos > x->high) x->high = pos;
}

/* Finds the positions that values of the part may reach, whatever comes there from others. Where others come that have
 * nothing of them, nothing is known. */
static void reach(struct flow *x) {
  for (uint32_t i = 0; i < x->n && x->left > 0; i++) {
    const uint32_t pos = x->list[i], out = leave(x, pos);
    const struct kn_block *b = block_at(x, pos);
    for (uint32_t e = b->edge_first, to, k; out != 0 && e < b->edge_first + b->n_edges; e++) {
      if (!passes(x, pos, out, e, &to, &k) || k == 0) continue;
      if (x->in[to] == 0 && x->head[to] == 0) list(x, to);
      if (x->in[to] == 0) x->in[to] = k;
      x->passed[to]++;
    }
  }
  for (uint32_t i = 0; i < x->n; i++) {
    const uint32_t pos = x->list[i];
    x->in[pos] = x->passed[pos] == x->preds[pos] ? ANY : 0;
    x->passed[pos] = ANY;
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
      if (x->head[pos] != 0 ? !first : x->in[pos] == x->passed[pos]) continue;
      x->passed[pos] = x->in[pos];
      x->left -= 1 + b->n_edges;
      const uint32_t out = leave(x, pos);
      for (uint32_t e = b->edge_first, to, k; e < b->edge_first + b->n_edges; e++) {
        if (!passes(x, pos, out, e, &to, &k)) continue;
        const uint32_t in = x->in[to];
        x->in[to] = in == ANY || in == k ? k : meet(in, k);
        change |= to <= pos && x->in[to] != in;
      }
    }
  }
  for (uint32_t pos = x->low; change && pos <= x->high; pos++) x->in[pos] = 0; /* too much work */
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
  const struct kn_debug_seen *s = &d->seen.at[of - 1];
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
    if (add_row(x, of, is, begin, end)) from = end;
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
  const struct kn_debug_seen *s = &x->d->seen.at[k - 1];
  const struct kn_debug_place *places = x->d->values.places.at;
  const struct kn_debug_held *h = &x->d->values.all.at[s->first - 1];
  const uint32_t start = x->w->code.start, at = begin_of(s);
  struct kn_debug_place reg = places[s->entry - 1];
  reg.where = KN_DP_REG;
  if (places[h->place].where == KN_DP_REG && places[h->place].reg == reg.reg && h->from.at <= at) {
    (void)add_row(x, k, &places[h->place], start, at);
    return;
  }
  x->begin = start + 1;
  (void)add_row(x, k, &reg, start, x->begin);
  x->newest = NULL;
  add_entry(x, k, x->begin, at);
}

/* Adds the rows of a part in the block at `pos`, where it is value `is` when that begins. */
static void add_block(struct flow *x, uint32_t pos, uint32_t is,
                      const struct kn_debug_value *part) {
  const struct kn_debug_seen *values = x->d->seen.at;
  const uint32_t to = block_end(x->w, pos);
  uint32_t from = block_begin(x->w, pos);
  bool own = false;
  for (uint32_t k = x->head[pos];; k = x->next[k - 1]) {
    const uint32_t at = k ? begin_of(&values[k - 1]) : to;
    add_range(x, is, pos, own, from, at < to ? at : to, part);
    if (k == 0) break;
    is = k;
    from = at;
    own = true;
  }
}

/* Adds rows for the part of a variable that value `of` (number) is of; the variable's values are in the group that
 * begins with `first`. */
static void add_part(struct flow *x, uint32_t first, uint32_t of) {
  const struct kn_walk *w = x->w;
  const struct kn_debug_seen *values = x->d->seen.at;
  const struct kn_debug_value *part = &values[of - 1].is;
  x->newest = NULL;
  x->begin = x->n = x->high = 0;
  x->low = UINT32_MAX;
  for (uint32_t k = first; k; k = x->group[k - 1]) { /* the latest first */
    if (values[k - 1].step == 0 || !overlap(part, &values[k - 1].is)) continue; /* unreachable */
    const uint32_t pos = kn_plan_pos(w->plan, values[k - 1].block);
    if (pos < x->first) x->first = pos;
    if (pos > x->last) x->last = pos;
    if (x->head[pos] == 0) list(x, pos);
    x->next[k - 1] = x->head[pos];
    x->head[pos] = k;
  }
  solve(x);
  if (x->head[0] != 0 && part->part_bits == 0 && from_begin(x->d, x->head[0]))
    add_begin(x, x->head[0]);
  for (uint32_t pos = x->low; pos <= x->high; pos++) {
    if (x->head[pos] != 0 || is_known(x->in[pos])) add_block(x, pos, x->in[pos], part);
    x->head[pos] = x->in[pos] = x->passed[pos] = 0;
  }
}

/* ---- the function ---- */

/* Where in the hash table `heads` the newest value of v's variable is, or would be. */
static uint32_t *head_of(const struct flow *x, uint32_t *heads, uint32_t mask,
                         const struct kn_debug_seen *v) {
  const struct kn_debug_seen *values = x->d->seen.at;
  uint32_t h = (v->is.variable * 0x9e3779b1u ^ v->is.inlined * 0x85ebca6bu) >> 7 & mask;
  for (;; h = (h + 1) & mask) {
    const struct kn_debug_seen *other = heads[h] ? &values[heads[h] - 1] : NULL;
    if (other == NULL ||
        (other->is.variable == v->is.variable && other->is.inlined == v->is.inlined))
      return &heads[h];
  }
}

/* Chains the values of each variable, the latest first. */
static void group(struct flow *x, uint32_t *heads, uint32_t mask) {
  const struct kn_debug_seen *values = x->d->seen.at;
  for (uint32_t k = 0; k < x->d->seen.n; k++) {
    x->group[k] = 0;
    if (values[k].is.label) continue;
    uint32_t *head = head_of(x, heads, mask, &values[k]);
    x->group[k] = *head;
    *head = k + 1;
  }
}

/* Counts the predecessors of each position; the function's beginning has another one. */
static void count_preds(struct flow *x) {
  x->preds[0] = 1;
  for (uint32_t pos = 0; pos < x->w->plan->n_layout; pos++) {
    const struct kn_block *b = block_at(x, pos);
    for (uint32_t e = b->edge_first; e < b->edge_first + b->n_edges; e++)
      x->preds[kn_plan_pos(x->w->plan, x->w->f->edges.at[e].target)]++;
  }
}

/* Steps from block to block that a function's values may make, and how many more for each value and block: so the time
 * grows as the function does. With more work, the rest of them are shown in their own blocks alone; SQLite's largest
 * function makes 3.5 million. One variable has no more parts than that. */
enum { MOST_STEPS = 1 << 22, MORE_STEPS = 128, MOST_PARTS = 64 };

/* Adds the rows of a variable: of each part that its values, from `head` on, are of. */
static void add_parts(struct flow *x, uint32_t head) {
  const struct kn_debug_seen *values = x->d->seen.at;
  uint32_t seen[MOST_PARTS], n = 0;
  for (uint32_t k = head; k && n < MOST_PARTS; k = x->group[k - 1]) {
    uint32_t i = n;
    while (i > 0 && (values[seen[i - 1] - 1].is.part_at != values[k - 1].is.part_at ||
                     values[seen[i - 1] - 1].is.part_bits != values[k - 1].is.part_bits))
      i--;
    if (i > 0) continue;
    seen[n++] = k;
    add_part(x, head, k);
  }
}

/* Is value number `k`, the only one of its variable, the same wherever the variable's scope has code? So are arguments
 * of inlined bodies that are constants or addresses. Then there is no need to follow the flow. */
static bool is_constant(const struct flow *x, uint32_t k) {
  const struct kn_debug_value *v = &x->d->seen.at[k - 1].is;
  const struct kn_debug_held *held = newest(x, k);
  if (!x->d->as_is || held == NULL || v->other[0] != 0 || v->part_bits != 0) return false;
  return place_of(x, held)->where <= KN_DP_POINTER;
}

/* Adds the rows of the variable whose newest value is number `k`; `body`: it is of that one. */
static void add_variable(struct flow *x, uint32_t k, const struct kn_debug_body *body) {
  if (x->group[k - 1] == 0 && is_constant(x, k)) {
    x->newest = NULL;
    (void)add_row(x, k, place_of(x, newest(x, k)), x->w->code.start, kn_here(x->w));
    return;
  }
  x->first = body != NULL ? body->first : 0;
  x->last = body != NULL ? body->last : x->w->plan->n_layout - 1;
  add_parts(x, k);
}

static void add_variables(struct flow *x, uint32_t *heads, uint32_t mask) {
  const struct kn_walk *w = x->w;
  const struct kn_debug_seen *values = x->d->seen.at;
  uint32_t n = x->d->seen.n;
  group(x, heads, mask);
  for (uint32_t k = 0; k < n; k++) {
    const struct kn_debug_seen *s = &values[k];
    if (s->is.label && s->step) {
      struct kn_code_var row = {.variable = s->is.variable, .from = s->from.at};
      uint32_t rows = w->out->vars.n;
      kn_debug_add_row(w, row, NULL, 0, NULL);
      if (w->out->vars.n > rows) w->out->vars.at[rows].n = UINT32_MAX;
    }
  }
  /* in the order of their first values: entries' numbers, and so the table's order, depend on the session */
  bool bounds = x->d->as_is && kn_debug_bodies_find(x->d);
  for (uint32_t first = 0; first < n; first++) {
    if (values[first].is.label || x->group[first] != 0) continue;
    uint32_t rows = w->out->vars.n, call = bounds ? values[first].is.inlined : 0;
    const struct kn_debug_body *body = call != 0 ? kn_debug_body_of(x->d, call) : NULL;
    const struct kn_debug_var *v =
      values[first].declared != 0 ? &w->f->debug.vars.at[values[first].declared - 1] : NULL;
    if (v != NULL && !(x->d->valued.at[v->slot] & KN_VALUED_MEMORY) && !kn_debug_is_odd(w->f, v))
      kn_debug_add_places(x->d, v);
    if (call == 0 || body != NULL) add_variable(x, *head_of(x, heads, mask, &values[first]), body);
    if (rows == w->out->vars.n) { /* it exists, but nothing is known of it */
      const struct kn_debug_value *is = &values[first].is;
      struct kn_code_var row = {.variable = is->variable, .inlined = is->inlined};
      kn_debug_add_row(w, row, NULL, 0, NULL);
    }
  }
}

void kn_debug_values_end(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  uint32_t n = d->seen.n, blocks = w->plan->n_layout, size = 16;
  while (size < 2 * (uint64_t)n && size < 1u << 30) size *= 2;
  uint64_t need = (uint64_t)size + 2 * (uint64_t)n + 5 * (uint64_t)blocks;
  d->values.scratch.n = 0;
  if (need > UINT32_MAX / 8 || !KN_ROOM(f->module, d->values.scratch, need)) return;
  uint32_t *p = d->values.scratch.at;
  struct flow x = {
    .d = d, .w = w, .group = p + size, .left = MOST_STEPS + MORE_STEPS * ((int64_t)n + blocks)};
  memset(p, 0, need * sizeof *p);
  x.next = x.group + n;
  x.in = x.next + n;
  x.passed = x.in + blocks;
  x.head = x.passed + blocks;
  x.list = x.head + blocks;
  x.preds = x.list + blocks;
  count_preds(&x);
  add_variables(&x, p, size - 1);
}
