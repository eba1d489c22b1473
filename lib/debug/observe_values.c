/* What variables are while code runs: locations of values (kiln_func_set_variable) become ranges of code in which a
 * variable is in a home, in memory, or a constant. Called by debugger.c. A value is in its home from its definition
 * to the end of its interval; values without a home are shown as long as a register or slot holds them
 * (observe_held.c). Which value a variable has where a block begins is found by one problem of data flow for each
 * part of a variable: what all predecessors agree on. Invariant: a range is right or is not there. */
#include "lib/debug/debugger.h"

#include <stdlib.h>
#include <string.h>

/* ---- while walking ---- */

void kn_debug_values_begin(struct kn_debug_observer *d) {
  const uint32_t n = d->w->plan->n_layout;
  d->values.blocks.n = 0;
  d->values.labels_only = d->own.variables.n == 0 || !d->as_is;
  for (uint32_t k = 0; k < d->own.values.n && d->values.labels_only; k++)
    d->values.labels_only = d->own.values.at[k].is.label;
  kn_debug_held_begin(d);
  if (d->values.labels_only) return;
  if (!KN_RESIZE(d->w->f->module, d->values.blocks, n)) {
    d->own.values.n = 0;
    d->values.labels_only = true;
    return;
  }
  for (uint32_t pos = 0; pos < n; pos++)
    d->values.blocks.at[pos] = (struct kn_debug_block){UINT64_MAX, UINT64_MAX, UINT64_MAX, 0};
}

uint32_t kn_debug_values_from(const struct kn_debug_observer *d, uint32_t inst) {
  uint32_t low = 0, high = d->own.values.n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (d->own.values.at[middle].is.inst < inst) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* The same as kn_debug_values_here for functions that have labels, but no values: these need an address, and no
 * more. */
static uint32_t labels_here(struct kn_debug_observer *d) {
  uint32_t i = d->w->i, k = kn_debug_values_from(d, i), n = d->own.values.n;
  for (; k < n && d->own.values.at[k].is.inst == i; k++)
    d->own.values.at[k].mark = kn_request_mark(d->observer.requests);
  return k < n ? d->own.values.at[k].is.inst : UINT32_MAX;
}

uint32_t kn_debug_values_here(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  if (d->values.labels_only) return labels_here(d);
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[w->block];
  uint32_t mark = 0, k = kn_debug_values_from(d, w->i);
  bool look = kn_debug_held_step(d);
  for (; k < d->own.values.n && d->own.values.at[k].is.inst == w->i; k++) {
    if (mark == 0) mark = kn_request_mark(d->observer.requests);
    d->own.values.at[k].mark = mark;
    d->own.values.at[k].block = w->block;
    kn_debug_hold(d, k, mark);
    look |= d->own.values.at[k].held != 0;
  }
  if (w->i == b->term) {
    d->values.blocks.at[kn_plan_pos(w->plan, w->block)].term =
      mark ? mark : kn_request_mark(d->observer.requests);
    return w->i + 1;
  }
  if (look) return w->i + 1;
  uint32_t next = k < d->own.values.n ? d->own.values.at[k].is.inst : UINT32_MAX;
  /* a block that goes on elsewhere: ask again there */
  return next > w->i && next < b->term ? next : b->term > w->i ? b->term : w->i + 1;
}

/* The newest stretch of a value that is local to its block; NULL: there is none. */
static const struct kn_debug_held *held_of(const struct kn_debug_observer *d,
                                           const struct kn_debug_seen *s) {
  return s->held ? &d->held.all.at[s->held - 1] : NULL;
}

/* Where what `s` says is when its block is left. */
static struct kn_debug_home home_of(const struct kn_debug_observer *d,
                                    const struct kn_debug_seen *s) {
  const struct kn_walk *w = d->w;
  const uint32_t h = s->is.value;
  const struct kn_debug_held *held = held_of(d, s);
  struct kn_debug_home home = {.reg = KN_NO_REG};
  if (kn_is_slot(h)) {
    home.reg = w->slots[kn_index(h)].reg;
    if (home.reg == KN_UNREAD) home.reg = KN_NO_REG;
    if (home.reg != KN_NO_REG) home.range = w->f->slots.at[kn_index(h)].global;
  } else if (kn_is_value(h) && h != 0 && w->val[h].global != 0) {
    const struct kn_val *v = &w->val[h];
    home.range = v->global;
    if (v->flags & KN_VF_SLOT_HOME) home.frame = v->frame;
    if (v->flags & KN_VF_HOME) home.reg = w->plan->ranges.at[v->global - 1].reg;
  } else if (held != NULL) {
    home.reg = held->reg;
  }
  return home;
}

/* Homes of parameters that the moves of an edge write. An argument that was computed in the parameter's home is not
 * moved. */
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
  }
  return moved;
}

void kn_debug_values_homes(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  if (d->values.labels_only) return;
  if (!KN_RESIZE(f->module, d->values.moved, f->edges.n)) {
    d->own.values.n = 0;
    return;
  }
  for (uint32_t pos = 0; pos < w->plan->n_layout; pos++) {
    const struct kn_block *b = &f->block[w->plan->layout[pos]];
    for (uint32_t e = b->edge_first; e < b->edge_first + b->n_edges; e++)
      d->values.moved.at[e] = moved_by(w, &f->edges.at[e]);
  }
  for (uint32_t k = 0; k < d->own.values.n; k++) {
    struct kn_debug_seen *s = &d->own.values.at[k];
    const bool alone = kn_is_value(s->is.value) && s->is.value != 0 && s->is.other[0] == 0;
    s->home = home_of(d, s);
    s->entered = alone ? (uint8_t)kn_debug_entered(d, s->is.value) : KN_NO_REG;
  }
}

/* ---- locations ---- */

/* Bits of what a register has of a type; 0: more than a debugger can compute with, or no number. */
static unsigned word_bits(unsigned type) {
  switch (type) {
  case KILN_TYPE_I8: return 8;
  case KILN_TYPE_I16: return 16;
  case KILN_TYPE_I32: return 32;
  case KILN_TYPE_I64: return 64; /* pointers too */
  default: return 0;
  }
}

enum { LOCATION_BYTES = 48 }; /* most of a location */

/* The location of a value in register `reg`, or at `frame` if that is KN_NO_REG: `n` bytes, to which its expression is
 * to be added. 0: it has none. */
static uint32_t value_location(const struct kn_debug_observer *d, const struct kn_debug_value *v,
                               unsigned reg, int32_t frame, uint8_t *b) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  uint8_t *p = b;
  uint32_t h = v->value;
  bool computed = v->n != 0 || v->address;
  if (kn_is_imm(h) || kn_is_pool(h)) {
    int64_t number = kn_is_imm(h) ? kn_imm(h) : 0;
    if (kn_is_pool(h)) {
      const struct kn_const *c = &f->pool.at[kn_index(h)];
      if (c->symbol || c->tls || c->is_typeid || c->type == KILN_TYPE_I128 ||
          c->type == KILN_TYPE_F128 || c->type == KILN_TYPE_F80)
        return 0;
      number = (int64_t)c->low;
    }
    *p++ = KILN_DW_OP_consts;
    return (uint32_t)(kn_put_sleb(p, number) - b);
  }
  if (kn_is_slot(h)) {
    const struct kn_slot_place *s = &w->slots[kn_index(h)];
    if (s->reg == KN_UNREAD || kn_debug_in_pieces(w, kn_index(h))) return 0;
    if (s->reg != KN_NO_REG && v->address && v->n == 0 &&
        (v->part_bits == 0 || v->part_bits == UINT64_C(8) * f->slots.at[kn_index(h)].size_bytes)) {
      return (uint32_t)(kn_debug_put_reg(p, w->target->code.dwarf_regs[s->reg]) - b);
    }
    if (s->reg != KN_NO_REG || w->slot_states.at[kn_index(h)].frame == 0) return 0;
    return (uint32_t)(kn_debug_put_slot(w, p, kn_index(h)) - b);
  }
  if (!kn_is_value(h)) return 0;
  unsigned bits = word_bits(kn_inst_result(f, &f->inst[h]));
  if (computed && bits == 0) return 0;
  if (reg != KN_NO_REG) {
    unsigned number = w->target->code.dwarf_regs[reg];
    if (!computed) return (uint32_t)(kn_debug_put_reg(p, number) - b);
    p = kn_debug_put_breg(p, number);
    *p++ = 0;
    if (bits < 64) { /* what is above is anything */
      *p++ = KILN_DW_OP_constu;
      p = kn_put_uleb(p, (UINT64_C(1) << bits) - 1);
      *p++ = KILN_DW_OP_and;
    }
    return (uint32_t)(p - b);
  }
  p = kn_debug_put_frame(w, p, frame, 3);
  if (computed && bits < 64) *p++ = KILN_DW_OP_deref_size, *p++ = (uint8_t)(bits / 8);
  else if (computed) *p++ = KILN_DW_OP_deref;
  return (uint32_t)(p - b);
}

/* Pushes further value k: at `p`, behind `before` bytes; how many there are then, or 0. */
static uint32_t other_location(const struct kn_debug_observer *d, const struct kn_debug_value *v,
                               uint32_t k, const struct kn_debug_held *held, uint8_t *p,
                               uint32_t before) {
  struct kn_debug_value other = {.value = v->other[k], .n = 1}; /* computed with */
  if (kn_is_slot(v->other[k])) return 0;
  uint32_t n = value_location(d, &other, held->other_reg[k], held->other_frame[k], p);
  return n ? before + n : 0;
}

/* Is the result on the stack the variable's value? */
static bool on_stack(const struct kn_debug_value *v) {
  if (v->address) return false;
  return v->n != 0 || !kn_is_value(v->value);
}

/* ---- ranges ---- */

/* Of values by their numbers, index + 1. What a part of the variable is at a position is such a number, with LOST if it
 * is not there any more, but is what it was when the function began; 0: that is not known; ANY: not yet visited. */
struct flow {
  struct kn_debug_observer *d;
  const struct kn_walk *w; /* == d->w */
  /* by position, and one more: those of its predecessors; the edges that lead from these */
  uint32_t *pred_first, *preds, *pred_edges;
  uint32_t *in, *out;
  uint32_t *back;  /* by position: it goes on to itself, or to one before it */
  uint32_t *head;  /* by position: the first value of the part in it */
  uint32_t *next;  /* by value: the next in its block */
  uint32_t *group; /* by value: the next of the same variable */
  uint32_t *own;   /* positions of the part's values, ascending */
  uint32_t n_own;
  uint32_t first, last; /* positions that the variable may exist at */
  uint32_t low, high;   /* the same with those of the part's values */
  uint32_t from, to;    /* positions that any value of the part may hold at */
  uint32_t newest;      /* what the newest row says, if the next one may say the same */
  int64_t left;         /* work that the function's values may still make */
};
#define ANY UINT32_MAX
#define LOST 0x80000000u

static bool is_known(uint32_t k) { return k != 0 && k != ANY; }

/* Does register `r` keep its content in the block at `pos`? */
static bool keeps(const struct kn_debug_observer *d, unsigned r, uint32_t pos) {
  return !(d->values.blocks.at[pos].all >> r & 1);
}

/* Does what value number `k` says hold in all of the block at `pos`, but for its end? Of a value that is local to its
 * block: where the block is left, or in all of another one. */
static bool holds(const struct kn_debug_observer *d, uint32_t k, uint32_t pos) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  const struct kn_debug_seen *seen = &d->own.values.at[k - 1];
  const struct kn_debug_value *v = &seen->is;
  const struct kn_debug_home *home = &seen->home;
  if (v->other[0] || v->value == 0)
    return false; /* several: in their own block, where that is known */
  if (kn_is_slot(v->value) && home->reg == KN_NO_REG)
    return w->slots[kn_index(v->value)].reg == KN_NO_REG;
  if (!kn_is_value(v->value) && !kn_is_slot(v->value)) return true;
  if (kn_func_is_homeless(f)) return false; /* the plan has no ranges */
  if (home->range == 0) {
    const struct kn_debug_held *h = held_of(d, seen);
    return h != NULL && h->stays &&
           (pos == kn_plan_pos(w->plan, seen->block) || keeps(d, h->reg, pos));
  }
  if (home->reg == KN_NO_REG) return home->frame != 0; /* nobody else has it */
  const struct kn_range *r = &w->plan->ranges.at[home->range - 1];
  const uint32_t own = kn_plan_pos(w->plan, seen->block);
  if (own < r->first || own > r->last) return false; /* it may have been overwritten before */
  if (pos < r->first || pos > r->last) return keeps(d, home->reg, pos);
  return f->block[w->plan->layout[pos]].calls == 0 || !(w->target->around_calls >> home->reg & 1);
}

/* The home of value number `k` gets the next round's value in the block at `pos`: a mark, or 0. */
static uint32_t loop_mark(const struct kn_debug_observer *d, uint32_t k, uint32_t pos) {
  const struct kn_debug_home *home = &d->own.values.at[k - 1].home;
  const bool any = d->held.loop_homes.n != 0 && home->range != 0 && home->reg != KN_NO_REG;
  return any ? kn_debug_loop_mark(d, home->reg, pos) : 0;
}

/* What is known of value number `k` where something else is in its place. */
static uint32_t lost(const struct flow *x, uint32_t k) {
  return x->d->own.values.at[k - 1].entered != KN_NO_REG ? k | LOST : 0;
}

/* What is known where the block at `pos` is left, if it is `k` in it. */
static uint32_t left(const struct flow *x, uint32_t k, uint32_t pos) {
  if (k == 0 || (k & LOST)) return k;
  const unsigned reg = x->d->own.values.at[k - 1].home.reg;
  const bool written = reg != KN_NO_REG && (x->d->values.blocks.at[pos].each >> reg & 1);
  return written || !holds(x->d, k, pos) || loop_mark(x->d, k, pos) != 0 ? lost(x, k) : k;
}

/* The same after an edge. */
static uint32_t moved(const struct flow *x, uint32_t k, uint32_t edge) {
  const uint64_t homes = x->d->values.moved.at[edge];
  if (KN_LIKELY(homes == 0) || k == 0 || (k & LOST)) return k;
  const unsigned reg = x->d->own.values.at[k - 1].home.reg;
  return reg != KN_NO_REG && (homes >> reg & 1) ? lost(x, k) : k;
}

/* Offset in the code up to which value number `k` is where it is at the end of the block at `pos`: the moves of edges
 * write the homes of parameters, and a return restores the caller's registers. Where the instruction begins that does
 * it, the value is there still: debuggers stop at such instructions. */
static uint32_t end_of(const struct kn_debug_observer *d, uint32_t k, uint32_t pos) {
  const struct kn_walk *w = d->w;
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[w->plan->layout[pos]];
  const struct kn_debug_block *at = &d->values.blocks.at[pos];
  const uint32_t h = d->own.values.at[k - 1].is.value;
  const unsigned reg = d->own.values.at[k - 1].home.reg;
  bool is_last = pos + 1 == w->plan->n_layout;
  bool early = is_last || (reg != KN_NO_REG && (b->n_edges == 0 || (at->last >> reg & 1)));
  if (kn_is_value(h) && h != 0 && f->inst[h].op == KILN_OP_PARAM)
    for (uint32_t e = 0; e < b->n_edges && !early; e++)
      early = f->edges.at[b->edge_first + e].target == f->inst[h].a;
  uint32_t mark = at->term, from_loop = loop_mark(d, k, pos);
  uint32_t end = is_last ? kn_here(w) : kn_label_at(w, w->plan->layout[pos + 1]);
  if (from_loop) mark = from_loop;
  else if (!early) return end;
  if (mark == 0) return 0;
  const uint32_t until = kn_debug_until(w, mark);
  return until < end ? until : end;
}

/* What is known where two paths meet. */
static uint32_t meet(uint32_t a, uint32_t b) { return (a ^ b) == LOST ? a | LOST : 0; }

static void solve(struct flow *x) {
  bool change = true;
  for (uint32_t pos = x->from; pos <= x->to; pos++) {
    uint32_t last = 0;
    for (uint32_t k = x->head[pos]; k; k = x->next[k - 1]) last = k;
    x->in[pos] = ANY;
    x->out[pos] = last ? left(x, last, pos) : ANY;
  }
  for (unsigned round = 0; change; round++) {
    change = false;
    x->left -= x->to - x->from;
    for (uint32_t pos = x->from; pos <= x->to; pos++) {
      uint32_t in = pos == 0 || round >= 16 ? 0 : ANY;
      for (uint32_t k = x->pred_first[pos]; k < x->pred_first[pos + 1]; k++) {
        uint32_t before = x->preds[k];
        uint32_t out = before >= x->from && before <= x->to ? x->out[before] : 0;
        if (out == ANY) continue;
        out = moved(x, out, x->pred_edges[k]);
        if (out != in) in = in == ANY ? out : meet(in, out);
      }
      if (is_known(in) && !(in & LOST) && !holds(x->d, in, pos)) in = lost(x, in);
      if (in == x->in[pos]) continue;
      x->in[pos] = in;
      uint32_t out = left(x, in, pos);
      if (x->head[pos] == 0 && x->out[pos] != out) {
        x->out[pos] = out;
        change |= x->back[pos] != 0; /* others come later in this round */
      }
    }
  }
}

/* Adds a row of `v`, from `from` to `to`: the `n` bytes at `head`, which say where it is, and its
 * expression without the first `done` bytes. False without memory. */
static bool add_value_row(struct kn_debug_observer *d, const struct kn_debug_value *v,
                          uint32_t from, uint32_t to, const uint8_t *head, uint32_t n,
                          uint32_t done) {
  const struct kn_walk *w = d->w;
  struct kn_output *out = w->out;
  uint32_t rows = out->vars.n;
  struct kn_code_var row = {.variable = v->variable,
                            .inlined = v->inlined,
                            .part_at = v->part_at,
                            .part_bits = v->part_bits,
                            .from = from,
                            .to = to,
                            .n = v->n - done};
  kn_debug_add_row(w, row, head, n, d->own.bytes.at + v->expr + done);
  if (rows == out->vars.n) return false;
#ifdef KN_CHECKS
  out->vars.at[rows].value = v->other[0] ? 0 : v->value;
#endif
  if (on_stack(v) && KN_PUSH(w->f->module, out->exprs, KILN_DW_OP_stack_value))
    out->vars.at[out->vars.n - 1].n++;
  return true;
}

/* Adds a row: value number `k` from `from` to `to`. `held`: of a value that is local to its block: where it is. */
static bool add_stretch(struct kn_debug_observer *d, uint32_t k, const struct kn_debug_held *held,
                        uint32_t from, uint32_t to) {
  const struct kn_debug_value *v = &d->own.values.at[k - 1].is;
  const struct kn_debug_home *home = &d->own.values.at[k - 1].home;
  uint8_t b[LOCATION_BYTES * (1 + KILN_MAX_OTHER_VALUES) + KN_OTHER_MOST];
  uint32_t n = 0, done = 0;
  if (from < to)
    n = value_location(d, v, held ? held->reg : home->reg, held ? held->frame : home->frame, b);
  for (uint32_t i = 0; n != 0 && v->other[i] != 0 && held; i++) {
    /* the expression up to the next value, and that */
    uint32_t more = v->other_at[i] - done;
    if (more) memcpy(b + n, d->own.bytes.at + v->expr + done, more);
    done += more;
    n = other_location(d, v, i, held, b + n + more, n + more);
  }
  return n != 0 && add_value_row(d, v, from, to, b, n, done);
}

/* Adds a row: value number `k`, a parameter, is what it was when the function began. */
static void add_entered(struct flow *x, uint32_t k, uint32_t from, uint32_t to) {
  struct kn_debug_observer *d = x->d;
  const struct kn_walk *w = x->w;
  const struct kn_debug_seen *s = &d->own.values.at[k - 1];
  const struct kn_debug_value *v = &s->is;
  if (s->entered == KN_NO_REG || from >= to) return;
  if (x->newest == (k | LOST) && w->out->vars.at[w->out->vars.n - 1].to == from) {
    w->out->vars.at[w->out->vars.n - 1].to = to;
    return;
  }
  const unsigned bits = word_bits(kn_inst_result(w->f, &w->inst[v->value]));
  const bool computed = v->n != 0 || v->address;
  uint8_t b[24], *p = kn_debug_put_entry(w, b, s->entered);
  if (computed && bits < 64) {
    *p++ = KILN_DW_OP_constu;
    p = kn_put_uleb(p, (UINT64_C(1) << bits) - 1);
    *p++ = KILN_DW_OP_and;
  }
  if (!computed) *p++ = KILN_DW_OP_stack_value;
  if (add_value_row(d, v, from, to, b, (uint32_t)(p - b), 0)) x->newest = k | LOST;
}

/* Adds rows of value number `k`, which is local to the block at `pos`, in that: where it is known to be. Up to where
 * it has rows then. */
static uint32_t add_local(struct flow *x, uint32_t k, uint32_t pos, uint32_t from, uint32_t to) {
  struct kn_debug_observer *d = x->d;
  uint32_t term = d->values.blocks.at[pos].term;
  for (uint32_t i = term ? d->own.values.at[k - 1].first : 0; i; i = d->held.all.at[i - 1].next) {
    const struct kn_debug_held *h = &d->held.all.at[i - 1];
    uint32_t begin = x->w->code.marks.at[h->from].at;
    uint32_t end = kn_debug_until(x->w, h->to ? h->to : term);
    if (h->to == 0 && h->stays && to > end) end = to;
    if (begin < from) begin = from;
    if (end > to) end = to;
    if (begin >= end) continue;
    add_entered(x, k, from, begin);
    from = begin;
    if (!add_stretch(d, k, h, begin, end)) continue;
    x->newest = end == to && h->stays ? k : 0;
    from = end;
  }
  return from;
}

/* Adds rows of a part that is value `k` in the block at `pos`, from `from` on up to `to`. */
static void add_range(struct flow *x, uint32_t k, uint32_t pos, uint32_t from, uint32_t to,
                      const struct kn_debug_value *part) {
  struct kn_debug_observer *d = x->d;
  struct kn_output *out = x->w->out;
  if (!is_known(k) || from >= to) return;
  const uint32_t of = k & ~LOST;
  const struct kn_debug_seen *s = &d->own.values.at[of - 1];
  const struct kn_debug_value *v = &s->is;
  if (v->part_at != part->part_at || v->part_bits != part->part_bits) return;
  const struct kn_debug_held *held = kn_is_value(v->value) || v->other[0] ? held_of(d, s) : NULL;
  uint32_t end = k & LOST ? from : end_of(d, of, pos);
  if (end > to) end = to;
  if (end <= from) {
  } else if (held && pos == kn_plan_pos(x->w->plan, s->block)) {
    from = add_local(x, of, pos, from, end);
  } else if (holds(d, of, pos)) {
    if (x->newest == of && out->vars.at[out->vars.n - 1].to == from) { /* the same goes on */
      out->vars.at[out->vars.n - 1].to = from = end;
    } else if (add_stretch(d, of, held, from, end)) {
      x->newest = of;
      from = end;
    }
  }
  add_entered(x, of, from, to);
}

static bool overlap(const struct kn_debug_value *a, const struct kn_debug_value *b) {
  if (a->part_bits == 0 || b->part_bits == 0) return true;
  return a->part_at < b->part_at + (uint64_t)b->part_bits &&
         b->part_at < a->part_at + (uint64_t)a->part_bits;
}

/* Extends the positions by those that value `s`, set in the block at `pos`, may hold at: see holds(). */
static void reach(struct flow *x, const struct kn_debug_seen *s, uint32_t pos) {
  const struct kn_walk *w = x->w;
  const struct kn_debug_value *v = &s->is;
  const uint32_t first = pos < x->first ? pos : x->first, last = pos > x->last ? pos : x->last;
  uint32_t from = pos, to = pos;
  unsigned reg = KN_NO_REG; /* that keeps it further on */
  if (v->other[0]) {
    reg = KN_NO_REG;
  } else if (!kn_is_value(v->value)) {
    from = first;
    to = last;
  } else if (v->value != 0) {
    const struct kn_debug_home *home = &s->home;
    if (home->range == 0) {
      if (s->held && held_of(x->d, s)->stays) reg = held_of(x->d, s)->reg;
    } else if (!kn_func_is_homeless(w->f) && (home->reg != KN_NO_REG || home->frame != 0)) {
      const struct kn_range *r = &w->plan->ranges.at[home->range - 1];
      if (r->first < from) from = r->first;
      if (r->last > to) to = r->last;
      if (home->frame != 0) from = first, to = last;
      reg = r->reg;
    }
  }
  /* there may be more behind a block that takes the register, but that is rare */
  while (reg != KN_NO_REG && to < last && x->left-- > 0 && keeps(x->d, reg, to + 1)) to++;
  while (reg != KN_NO_REG && from > first && x->left-- > 0 && keeps(x->d, reg, from - 1)) from--;
  if (from < x->from) x->from = from;
  if (to > x->to && to < w->plan->n_layout) x->to = to;
}

/* Is it this parameter where the function begins? */
static bool from_begin(const struct kn_debug_observer *d, uint32_t k) {
  const struct kn_walk *w = d->w;
  const struct kn_debug_value *v = &d->own.values.at[k - 1].is;
  const struct kn_block *b = &w->f->block[0];
  uint32_t i = kn_inst_settle(w->f, b->first);
  if (d->own.values.at[k - 1].block != 0 || v->n != 0 || v->address || v->part_bits != 0 ||
      d->own.values.at[k - 1].entered == KN_NO_REG)
    return false;
  while (w->f->inst[i].op == KILN_OP_PARAM) i = kn_inst_settle(w->f, i + 1);
  return v->inst <= i;
}

/* Value number `k`, a parameter, is in its register when the function begins, and is what that was up to `at`. Adds
 * rows of that before those of the part from `first` on. If the part is in that register at `at`, it is from the
 * beginning: the prologue does not change the register. */
static void add_begin(struct flow *x, uint32_t k, uint32_t at, uint32_t first) {
  const struct kn_walk *w = x->w;
  struct kn_output *out = w->out;
  const struct kn_debug_seen *s = &x->d->own.values.at[k - 1];
  const uint8_t b = (uint8_t)(KILN_DW_OP_reg0 + s->entered);
  const uint32_t start = w->code.start, until = start + 1;
  const uint32_t n = out->vars.n;
  struct kn_code_var *row = first < n ? &out->vars.at[first] : NULL;
  if (row && row->from == at && row->n == 1 && out->exprs.at[row->expr] == b) {
    row->from = start;
    return;
  }
  if (row && row->from < until) { /* there is no prologue */
    if (row->n == 1 || row->to <= until) return;
    row->from = until;
  }
  if (!add_value_row(x->d, &s->is, start, until, &b, 1, 0)) return;
  x->newest = 0;
  add_entered(x, k, until, at);
  for (uint32_t i = n; i < out->vars.n; i++) { /* there are one or two */
    const struct kn_code_var added = out->vars.at[i];
    const uint32_t to = first + i - n;
    memmove(&out->vars.at[to + 1], &out->vars.at[to], (i - to) * sizeof added);
    out->vars.at[to] = added;
  }
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

/* Where in the code the variable becomes what `s` says. */
static uint32_t begin_of(const struct kn_walk *w, const struct kn_debug_seen *s) {
  return s->after_inst ? kn_debug_until(w, s->mark) : w->code.marks.at[s->mark].at;
}

/* Adds the rows of a part in the block at `pos`, where it is value `is` when that begins. */
static void add_block(struct flow *x, uint32_t pos, uint32_t is,
                      const struct kn_debug_value *part) {
  const struct kn_walk *w = x->w;
  const struct kn_debug_seen *values = x->d->own.values.at;
  const bool last = pos + 1 == w->plan->n_layout;
  const uint32_t to = last ? kn_here(w) : kn_label_at(w, w->plan->layout[pos + 1]);
  uint32_t from = kn_label_at(w, w->plan->layout[pos]);
  for (uint32_t k = x->head[pos];; k = x->next[k - 1]) {
    const uint32_t at = k ? begin_of(w, &values[k - 1]) : to;
    add_range(x, is, pos, from, at < to ? at : to, part);
    if (k == 0) break;
    is = k;
    from = at;
  }
}

/* Adds rows for the part of a variable that value `of` (number) is of; the variable's values are in the group that
 * begins with `first`. */
static void add_part(struct flow *x, uint32_t first, uint32_t of) {
  struct kn_debug_observer *d = x->d;
  const struct kn_walk *w = d->w;
  const struct kn_debug_seen *values = d->own.values.at;
  const struct kn_debug_value *part = &values[of - 1].is;
  uint32_t n = w->plan->n_layout, rows = w->out->vars.n;
  bool any_entered = false;
  x->newest = 0;
  x->from = n;
  x->to = 0;
  x->low = x->first;
  x->high = x->last;
  x->n_own = 0;
  for (uint32_t k = first; k; k = x->group[k - 1]) { /* the latest first */
    if (values[k - 1].mark == 0 || !overlap(part, &values[k - 1].is)) continue; /* unreachable */
    uint32_t pos = kn_plan_pos(w->plan, values[k - 1].block);
    if (x->head[pos] == 0) x->own[x->n_own++] = pos;
    x->next[k - 1] = x->head[pos];
    x->head[pos] = k;
    any_entered |= values[k - 1].entered != KN_NO_REG;
    if (pos < x->low) x->low = pos;
    if (pos > x->high) x->high = pos;
    reach(x, &values[k - 1], pos);
  }
  if (x->n_own == 0) return;
  if (x->from < x->low || any_entered) x->from = x->low;
  if (x->to > x->high || any_entered) x->to = x->high;
  /* of one block: what it dominates is behind it, but for odd layouts */
  if (x->n_own == 1 && x->d->as_is) x->from = x->own[0];
  if (x->left > 0) {
    solve(x);
    for (uint32_t pos = x->from; pos <= x->to; pos++)
      if (x->head[pos] != 0 || is_known(x->in[pos])) add_block(x, pos, x->in[pos], part);
  } else {
    qsort(x->own, x->n_own, sizeof *x->own, ascending);
    for (uint32_t i = 0; i < x->n_own; i++) add_block(x, x->own[i], 0, part);
  }
  const uint32_t begins = x->head[0];
  if (begins != 0 && part->part_bits == 0 && from_begin(d, begins))
    add_begin(x, begins, begin_of(w, &values[begins - 1]), rows);
  for (uint32_t i = 0; i < x->n_own; i++) x->head[x->own[i]] = 0;
}

/* ---- the function ---- */

/* Where in the hash table `heads` the newest value of v's variable is, or would be. */
static uint32_t *head_of(const struct flow *x, uint32_t *heads, uint32_t mask,
                         const struct kn_debug_seen *v) {
  const struct kn_debug_seen *values = x->d->own.values.at;
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
  const struct kn_debug_seen *values = x->d->own.values.at;
  for (uint32_t k = 0; k < x->d->own.values.n; k++) {
    x->group[k] = 0;
    if (values[k].is.label) continue;
    uint32_t *head = head_of(x, heads, mask, &values[k]);
    x->group[k] = *head;
    *head = k + 1;
  }
}

/* Predecessors of each position. */
static void find_preds(struct flow *x) {
  const struct kn_walk *w = x->w;
  const kiln_func *f = w->f;
  uint32_t n = w->plan->n_layout;
  memset(x->back, 0, n * sizeof *x->back);
  memset(x->pred_first, 0, (n + 1) * sizeof *x->pred_first);
  for (unsigned round = 0; round < 2; round++) {
    for (uint32_t pos = 0; pos < n; pos++) {
      const struct kn_block *b = &f->block[w->plan->layout[pos]];
      for (uint32_t e = 0; e < b->n_edges; e++) {
        uint32_t to = kn_plan_pos(w->plan, f->edges.at[b->edge_first + e].target);
        if (to >= n) continue;
        if (to <= pos) x->back[pos] = 1;
        if (round == 0) {
          x->pred_first[to]++;
        } else {
          x->preds[--x->pred_first[to]] = pos;
          x->pred_edges[x->pred_first[to]] = b->edge_first + e;
        }
      }
    }
    for (uint32_t pos = 0, sum = 0; pos <= n && round == 0; pos++) {
      sum += pos < n ? x->pred_first[pos] : 0;
      x->pred_first[pos] = sum;
    }
  }
}

/* Steps from block to block that a function's values may make, and how many more for each value and block: so the time
 * grows as the function does. With more work, the rest of them are shown in their own blocks alone; SQLite's largest
 * function makes 3.5 million. One variable has no more parts than that. */
enum { MOST_STEPS = 1 << 22, MORE_STEPS = 128, MOST_PARTS = 64 };

/* Adds the rows of a variable: of each part that its values, from `head` on, are of. */
static void add_parts(struct flow *x, uint32_t head) {
  const struct kn_debug_seen *values = x->d->own.values.at;
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
 * of inlined bodies that are constants or addresses of slots. Then there is no need to follow the flow. */
static bool is_constant(const struct flow *x, uint32_t k) {
  const struct kn_walk *w = x->w;
  const struct kn_debug_value *v = &x->d->own.values.at[k - 1].is;
  if (!x->d->as_is || x->d->own.values.at[k - 1].mark == 0 || v->other[0] != 0 || v->part_bits != 0)
    return false;
  if (kn_is_slot(v->value)) return w->slots[kn_index(v->value)].reg == KN_NO_REG;
  return kn_is_imm(v->value) || kn_is_pool(v->value);
}

/* Adds the rows of the variable whose newest value is number `k`; `body`: it is of that one. */
static void add_variable(struct flow *x, uint32_t k, const struct kn_debug_body *body) {
  if (x->group[k - 1] == 0 && is_constant(x, k)) {
    add_stretch(x->d, k, NULL, x->w->code.start, kn_here(x->w));
    return;
  }
  x->first = body != NULL ? body->first : 0;
  x->last = body != NULL ? body->last : x->w->plan->n_layout - 1;
  add_parts(x, k);
}

static void add_variables(struct flow *x, uint32_t *heads, uint32_t mask) {
  const struct kn_walk *w = x->w;
  const struct kn_debug_seen *values = x->d->own.values.at;
  uint32_t n = x->d->own.values.n;
  group(x, heads, mask);
  for (uint32_t k = 0; k < n; k++) {
    const struct kn_debug_seen *s = &values[k];
    if (s->is.label && s->mark) {
      struct kn_code_var row = {.variable = s->is.variable, .from = w->code.marks.at[s->mark].at};
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
      values[first].declared != 0 ? &x->d->own.variables.at[values[first].declared - 1] : NULL;
    if (v != NULL && !v->memory) kn_debug_add_places(x->d, v);
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
  uint32_t n = d->own.values.n, blocks = w->plan->n_layout, edges = f->edges.n, size = 16;
  while (size < 2 * (uint64_t)n && size < 1u << 30) size *= 2;
  uint64_t need = (uint64_t)size + 2 * (uint64_t)n + 6 * (uint64_t)blocks + 1 + 2 * (uint64_t)edges;
  d->values.scratch.n = 0;
  if (need > UINT32_MAX / 8 || !KN_ROOM(f->module, d->values.scratch, need)) return;
  uint32_t *p = d->values.scratch.at;
  memset(p, 0, size * sizeof *p);
  struct flow x = {
    .d = d, .w = w, .group = p + size, .left = MOST_STEPS + MORE_STEPS * ((int64_t)n + blocks)};
  x.next = x.group + n;
  x.in = x.next + n;
  x.out = x.in + blocks;
  x.head = x.out + blocks;
  memset(x.head, 0, blocks * sizeof *x.head);
  x.own = x.head + blocks;
  x.back = x.own + blocks;
  x.pred_first = x.back + blocks;
  x.preds = x.pred_first + blocks + 1;
  x.pred_edges = x.preds + edges;
  find_preds(&x);
  add_variables(&x, p, size - 1);
}
