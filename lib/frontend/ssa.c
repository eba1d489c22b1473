/* SSA from assignments: <kiln/ssa.h>; Braun et al. 2013, sections 2 and 3. Called by front ends.
 *
 * The builder rewrites nothing, so a block parameter is only made once it is known to be needed. Until
 * then this file uses records of its own, *phis*: one whose operands turn out to be the same value never reaches
 * the builder; one of a block that is not sealed is returned as a forward value, bound when the block is sealed.
 * A read that passes several joins, or a seal, decides all phis that it made together (a *batch*).
 *
 * Invariant: outside of a call every phi is OPEN (in a block that is not sealed), MERGED or DONE. */
#include "lib/frontend/ssa_state.h"

#include <stdio.h>

enum { NONE = UINT32_MAX };

/* Limit of the variables that have an entry in each block's row; others are in the map. */
enum { ROW_MAX = 32 };

/* ---- errors ---- */

bool kn_ssa_fail(kiln_ssa *s, kiln_status status, const char *message) {
  kiln_func_fail(s->f, status, message);
  return false;
}

bool kn_ssa_no_memory(kiln_ssa *s) { return kn_ssa_fail(s, KILN_ERR_MEMORY, "out of memory"); }

/* ---- definitions ---- */

static bool is_none(struct kn_ssa_def d) { return d.value == 0 && d.phi == 0; }
static bool is_same(struct kn_ssa_def a, struct kn_ssa_def b) {
  return a.value == b.value && a.phi == b.phi;
}

/* Follows merged phis, and shortens the way for the next time. */
static struct kn_ssa_def resolve(kiln_ssa *s, struct kn_ssa_def d) {
  struct kn_ssa_phi *phis = s->phis.at;
  while (d.phi != 0 && phis[d.phi].state >= MERGED) {
    struct kn_ssa_phi *p = phis + d.phi;
    uint32_t next = p->is.phi;
    if (next != 0 && phis[next].state >= MERGED) p->is = phis[next].is;
    d = p->is;
  }
  return d;
}

static inline uint32_t far_hash(uint32_t var, uint32_t block) {
  return (uint32_t)(kn_mix64(0, (uint64_t)var << 32 | block) >> 32);
}
static KN_COLD bool far_after(uint32_t var, uint32_t block, const struct kn_ssa_far *of) {
  return var != of->var ? var > of->var : block > of->block;
}

/* The recorded definition of `var` at the end of `block`; none if there is none. */
static struct kn_ssa_def look(const kiln_ssa *s, uint32_t var, uint32_t block) {
  const struct kn_ssa_def none = {0, 0};
  const struct kn_ssa_var *v = s->vars.at + var;
  if (v->block == block) return v->def;
  const struct kn_ssa_block *b = s->blocks.at + block;
  if (var < b->width) return s->defs.at[b->row - 1 + var];
  if (var < ROW_MAX && b->row == 0) return none;
  uint32_t hash = far_hash(var, block), at, i;
  KN_HASH_EACH(&s->far_hash, hash, at, i, far_after(var, block, &s->fars.at[i - 1]))
  if (s->fars.at[i - 1].var == var && s->fars.at[i - 1].block == block) break;
  return i != 0 ? s->fars.at[i - 1].def : none;
}

/* Gives a block its row. */
static bool row_new(kiln_ssa *s, struct kn_ssa_block *b) {
  uint32_t width = s->vars.n < ROW_MAX ? (s->vars.n + 7) & ~7u : ROW_MAX;
  if (!KN_SSA_ROOM(s, defs, width)) return false;
  memset(s->defs.at + s->defs.n, 0, width * sizeof *s->defs.at);
  b->row = s->defs.n + 1;
  b->width = (uint16_t)width;
  s->defs.n += width;
  return true;
}

static bool set_far(kiln_ssa *s, uint32_t var, uint32_t block, struct kn_ssa_def def) {
  const struct kn_ssa_far far = {var, block, def};
  uint32_t hash = far_hash(var, block), at, i;
  KN_HASH_EACH(&s->far_hash, hash, at, i, far_after(var, block, &s->fars.at[i - 1])) {
    if (s->fars.at[i - 1].var != var || s->fars.at[i - 1].block != block) continue;
    s->fars.at[i - 1] = far;
    return true;
  }
  if (!KN_HASH_ROOM(&s->allocator, &s->far_hash) || !KN_PUSH(&s->allocator, s->fars, far))
    return kn_ssa_no_memory(s);
  kn_hash_put(&s->far_hash, at, hash, s->fars.n);
  return true;
}

/* Stores a definition in the block's row or far from it: for all blocks but the one cached in struct kn_ssa_var. */
static bool set_away(kiln_ssa *s, uint32_t var, uint32_t block, struct kn_ssa_def def) {
  struct kn_ssa_block *b = s->blocks.at + block;
  if (var < ROW_MAX && b->row == 0 && !row_new(s, b)) return false;
  if (var >= b->width) return set_far(s, var, block, def);
  s->defs.at[b->row - 1 + var] = def;
  return true;
}

static bool set(kiln_ssa *s, uint32_t var, uint32_t block, struct kn_ssa_def def) {
  struct kn_ssa_var *v = s->vars.at + var;
  if (v->block != block) return set_away(s, var, block, def);
  v->def = def;
  v->dirty = true;
  return true;
}

/* Makes `block` the one whose definition is cached in struct kn_ssa_var; it must not be that already. */
static bool move_cache(kiln_ssa *s, uint32_t var, uint32_t block, struct kn_ssa_def def,
                       bool dirty) {
  struct kn_ssa_var *v = s->vars.at + var;
  if (v->dirty && !set_away(s, var, v->block, v->def)) return false;
  v->block = block;
  v->def = def;
  v->dirty = dirty;
  return true;
}

/* The value 0, for where the variable is not defined. */
static struct kn_ssa_def undefined(kiln_ssa *s, uint32_t var) {
  struct kn_ssa_var *v = s->vars.at + var;
  if (v->zero == 0) v->zero = kiln_const_bits(s->f, (kiln_type)v->type, 0, 0).id;
  return (struct kn_ssa_def){v->zero, 0};
}

/* The value of a definition as an operand; none if something failed. */
static kiln_value value_of(kiln_ssa *s, struct kn_ssa_def d) {
  const kiln_value none = {0};
  d = resolve(s, d);
  if (d.phi == 0) return (kiln_value){d.value};
  struct kn_ssa_phi *p = s->phis.at + d.phi; /* OPEN */
  if (p->forward == 0) {
    uint32_t id = kiln_forward_new(s->f, (kiln_type)s->vars.at[p->var].type).id;
    if (id == 0 || !KN_SSA_ROOM(s, forwards, 1)) return none;
    s->forwards.at[s->forwards.n++] = (struct kn_ssa_forward){id, d.phi};
    p->forward = id;
  }
  return (kiln_value){p->forward};
}

/* The definition for a value that is written: the phi whose forward value it is, or the value itself. */
static struct kn_ssa_def def_of(kiln_ssa *s, kiln_value value) {
  const struct kn_ssa_forward *at = s->forwards.at;
  const uint32_t n = s->forwards.n;
  if (n == 0 || value.id < at[0].value) return (struct kn_ssa_def){value.id, 0};
  const uint32_t i = KN_COUNT_BEFORE(k, n, at[k].value < value.id);
  if (i == n || at[i].value != value.id) return (struct kn_ssa_def){value.id, 0};
  return resolve(s, (struct kn_ssa_def){0, at[i].phi});
}

/* ---- phis ---- */

/* A phi of the state OPEN; 0 if out of memory. */
static uint32_t phi_new(kiln_ssa *s, uint32_t var, uint32_t block) {
  if (!KN_SSA_ROOM(s, phis, 1)) return 0;
  uint32_t p = s->phis.n++;
  s->phis.at[p] = (struct kn_ssa_phi){.var = var, .block = block, .same = NONE, .state = OPEN};
  return p;
}

/* Adds an OPEN phi of a block that is sealed now to the batch. */
static bool phi_begin(kiln_ssa *s, uint32_t p) {
  struct kn_ssa_phi *phi = s->phis.at + p;
  const struct kn_ssa_block *b = s->blocks.at + phi->block;
  if (!KN_SSA_ROOM(s, ops, b->n_preds) || !KN_SSA_ROOM(s, batch, 1)) return false;
  phi->ops = s->ops.n;
  phi->pred = b->pred_first;
  phi->state = PENDING;
  s->ops.n += b->n_preds;
  s->batch.at[s->batch.n++] = p;
  return true;
}

/* True if phi p is of the batch and may still be merged. */
static bool undecided(const kiln_ssa *s, uint32_t p) {
  return p != 0 && (s->phis.at[p].state == PENDING || s->phis.at[p].state == COMPLETE);
}

enum { FEW_PREDS = 8, FEW_STEPS = 4 };

/* The definition of `var` at the end of `block` if it is known there, or a few single predecessors up. */
static struct kn_ssa_def nearby(kiln_ssa *s, uint32_t var, uint32_t block) {
  struct kn_ssa_def d = look(s, var, block);
  for (uint32_t steps = 0; is_none(d) && steps < FEW_STEPS; steps++) {
    const struct kn_ssa_block *b = s->blocks.at + block;
    if (!b->sealed || b->n_preds != 1) return d;
    block = s->preds.at[b->pred_first - 1].block;
    d = look(s, var, block);
  }
  return resolve(s, d);
}

/* What `var` is at the start of a sealed block, if all predecessors have a definition already, as at most joins.
 * `self` is its OPEN phi there, or 0. False, and nothing is changed, if they do not. */
static bool decide(kiln_ssa *s, uint32_t var, uint32_t block, uint32_t self,
                   struct kn_ssa_def *is) {
  const struct kn_ssa_block *b = s->blocks.at + block;
  if (b->n_preds > FEW_PREDS) return false;
  struct kn_ssa_def ops[FEW_PREDS], same = {0, 0};
  bool differ = false;
  uint32_t n = 0;
  for (uint32_t i = b->pred_first; i != 0; i = s->preds.at[i - 1].next) {
    struct kn_ssa_def d = nearby(s, var, s->preds.at[i - 1].block);
    ops[n++] = d;
    if (is_none(d)) return false;
    if (d.phi != 0 && d.phi == self) continue;
    if (undecided(s, d.phi) || (d.phi != 0 && s->phis.at[d.phi].block == block)) return false;
    if (is_none(same)) same = d;
    else differ |= !is_same(d, same);
  }
  if (is_none(same)) return false;
  *is = same;
  if (!differ) return true;
  kiln_block to = {block};
  is->value = kiln_block_add_param(s->f, to, (kiln_type)s->vars.at[var].type).id;
  is->phi = 0;
  if (is->value == 0) return false;
  uint32_t index = kiln_block_param_count(s->f, to) - 1;
  n = 0;
  for (uint32_t i = b->pred_first; i != 0; i = s->preds.at[i - 1].next) {
    struct kn_ssa_def d = ops[n++];
    kiln_value v = d.phi != 0 && d.phi == self ? (kiln_value){is->value} : value_of(s, d);
    kiln_edge_set_arg(s->f, (kiln_block){s->preds.at[i - 1].block}, to, index, v);
  }
  return true;
}

/* The definition of `var` at the end of `block`, found without passing a join: a join gets a phi, which is pushed
 * to the stack. None if something failed. Stored for every block on the way. */
static struct kn_ssa_def reach(kiln_ssa *s, uint32_t var, uint32_t block) {
  const struct kn_ssa_def none = {0, 0};
  uint32_t at = block, stamp = 0;
  struct kn_ssa_def d;
  for (;;) {
    d = look(s, var, at);
    if (!is_none(d)) break;
    struct kn_ssa_block *b = s->blocks.at + at;
    if (b->sealed && b->n_preds == 1 && (stamp == 0 || b->stamp != stamp)) {
      if (stamp == 0) stamp = kn_ssa_new_stamp(s);
      b->stamp = stamp; /* a block met twice is in a cycle that no edge enters */
      at = s->preds.at[b->pred_first - 1].block;
      continue;
    }
    if (b->sealed && b->n_preds < 2) {
      if (at == 0 && (s->flags & KILN_SSA_STRICT) != 0)
        return KN_SSA_FAIL(none, s, KILN_ERR_STRUCTURE,
                           "a variable is read that may not have been written");
      d = undefined(s, var);
    } else if (!b->sealed || !decide(s, var, at, 0, &d)) {
      uint32_t p = phi_new(s, var, at);
      if (p == 0) return none;
      d = (struct kn_ssa_def){0, p};
      b = s->blocks.at + at;
      if (b->sealed) {
        if (!phi_begin(s, p) || !KN_SSA_ROOM(s, stack, 1)) return none;
        s->stack.at[s->stack.n++] = p;
      } else {
        if (b->open_last != 0) s->phis.at[b->open_last].next_open = p;
        else b->open_first = p;
        b->open_last = p;
      }
    }
    if (!set(s, var, at, d)) return none;
    break;
  }
  for (uint32_t i = block; i != at; i = s->preds.at[s->blocks.at[i].pred_first - 1].block)
    if (!set(s, var, i, d)) return none;
  return resolve(s, d);
}

/* True if all operands of phi p that are not p are the same, written to *is. Linear in the number of
 * operands over all calls: what is merged stays so. */
static bool trivial(kiln_ssa *s, uint32_t p, struct kn_ssa_def *is) {
  struct kn_ssa_phi *phi = s->phis.at + p;
  const struct kn_ssa_def none = {0, 0}, self = {0, p};
  struct kn_ssa_def same = phi->same != NONE ? resolve(s, s->ops.at[phi->ops + phi->same]) : none;
  if (is_same(same, self)) same = none;
  for (; phi->witness < phi->n_ops; phi->witness++) {
    struct kn_ssa_def d = resolve(s, s->ops.at[phi->ops + phi->witness]);
    if (!is_same(d, self) && !is_same(d, same)) {
      if (!is_none(same)) return false;
      same = d;
      phi->same = phi->witness;
    }
    phi->watches = false; /* another operand is the witness now */
  }
  *is = is_none(same) ? undefined(s, phi->var) : same; /* unreachable if only itself */
  return true;
}

/* ---- merging ----
 * A phi that is not trivial *watches* two operands that differ, `same` and `witness`: it may only become
 * trivial when these two become the same, or one of them the phi itself. So when two phis are merged it
 * is enough to look at those who watch one of them, the one that fewer watch. */

/* Adds p to the watchers of its operand k if that operand is (by now) a phi that may still be merged. */
static bool watch(kiln_ssa *s, uint32_t p, uint32_t k) {
  uint32_t of = resolve(s, s->ops.at[s->phis.at[p].ops + k]).phi;
  if (!undecided(s, of)) return true;
  if (!KN_SSA_ROOM(s, watches, 1)) return false;
  struct kn_ssa_phi *phi = s->phis.at + of;
  s->watches.at[s->watches.n++] = (struct kn_ssa_watch){p, 0};
  if (phi->watch_last != 0) s->watches.at[phi->watch_last - 1].next = s->watches.n;
  else phi->watch_first = s->watches.n;
  phi->watch_last = s->watches.n;
  phi->n_watch++;
  return true;
}

static bool look_again(kiln_ssa *s, uint32_t p) {
  if (s->phis.at[p].state != COMPLETE) return true;
  if (!KN_SSA_ROOM(s, work, 1)) return false;
  s->work.at[s->work.n++] = p;
  return true;
}

/* Phi p was merged with `to`: joins their lists, and looks at the phis of the shorter one again. */
static bool watches_join(kiln_ssa *s, uint32_t p, uint32_t to) {
  struct kn_ssa_phi *a = s->phis.at + p, *b = undecided(s, to) ? s->phis.at + to : NULL;
  const struct kn_ssa_phi *shorter = b == NULL || a->n_watch <= b->n_watch ? a : b;
  for (uint32_t i = shorter->watch_first; i != 0; i = s->watches.at[i - 1].next)
    if (!look_again(s, s->watches.at[i - 1].phi)) return false;
  if (b == NULL) return true;
  if (a->watch_first != 0) {
    if (b->watch_last != 0) s->watches.at[b->watch_last - 1].next = a->watch_first;
    else b->watch_first = a->watch_first;
    b->watch_last = a->watch_last;
    b->n_watch += a->n_watch;
  }
  return look_again(s, to); /* one of its own operands may now be the phi itself */
}

/* All operands of phi p are known: merges it if it is trivial, and then the phis that become trivial by that. */
static bool complete(kiln_ssa *s, uint32_t p) {
  s->phis.at[p].state = COMPLETE;
  if (!look_again(s, p)) return false;
  while (s->work.n != 0) {
    p = s->work.at[--s->work.n];
    struct kn_ssa_phi *phi = s->phis.at + p;
    struct kn_ssa_def is;
    if (phi->state != COMPLETE) continue;
    if (trivial(s, p, &is)) {
      phi->state = MERGED;
      phi->is = is;
      if (!watches_join(s, p, is.phi)) return false;
    } else if (!phi->watches) {
      phi->watches = true;
      if (!watch(s, p, phi->same) || !watch(s, p, phi->witness)) return false;
    }
  }
  return true;
}

/* Collects the operands of the phis on the stack, and of those that this needs. */
static bool collect(kiln_ssa *s) {
  while (s->stack.n != 0) {
    uint32_t p = s->stack.at[s->stack.n - 1];
    struct kn_ssa_phi *phi = s->phis.at + p;
    if (phi->pred == 0) {
      s->stack.n--;
      if (!complete(s, p)) return false;
      continue;
    }
    const struct kn_ssa_pred *pred = s->preds.at + phi->pred - 1;
    phi->pred = pred->next;
    struct kn_ssa_def d = reach(s, phi->var, pred->block);
    if (is_none(d)) return false;
    phi = s->phis.at + p;
    s->ops.at[phi->ops + phi->n_ops++] = d;
  }
  return true;
}

/* Turns the phis of the batch that are needed into parameters, with the arguments of all edges. */
static void settle(kiln_ssa *s) {
  for (uint32_t i = 0; i < s->batch.n; i++) {
    struct kn_ssa_phi *phi = s->phis.at + s->batch.at[i];
    if (phi->state != COMPLETE) continue;
    kiln_block b = {phi->block};
    phi->is = (struct kn_ssa_def){
      kiln_block_add_param(s->f, b, (kiln_type)s->vars.at[phi->var].type).id, 0};
    phi->state = DONE;
    phi->param = kiln_block_param_count(s->f, b);
  }
  for (uint32_t i = 0; i < s->batch.n && kn_ssa_usable(s); i++) {
    uint32_t p = s->batch.at[i];
    struct kn_ssa_phi *phi = s->phis.at + p;
    if (phi->forward != 0)
      kiln_forward_bind(s->f, (kiln_value){phi->forward}, value_of(s, (struct kn_ssa_def){0, p}));
    if (phi->param == 0) continue;
    uint32_t at = s->blocks.at[phi->block].pred_first;
    for (uint32_t k = 0; k < phi->n_ops; k++, at = s->preds.at[at - 1].next)
      kiln_edge_set_arg(s->f, (kiln_block){s->preds.at[at - 1].block}, (kiln_block){phi->block},
                        phi->param - 1, value_of(s, s->ops.at[phi->ops + k]));
  }
}

/* Ends a call that may have made a batch: empties its lists, for reuse. */
static void end_batch(kiln_ssa *s) {
  if (s->batch.n != 0 && kn_ssa_usable(s)) settle(s);
  s->batch.n = s->stack.n = s->work.n = s->watches.n = s->ops.n = 0;
}

/* ---- sealing ---- */

/* Decides an OPEN phi of a block that was sealed alone: reads the definitions at its predecessors, with the phi
 * itself as an ordinary value, so that most joins within a loop are decided at once (see decide). */
static bool decide_open(kiln_ssa *s, uint32_t p) {
  uint32_t var = s->phis.at[p].var, block = s->phis.at[p].block;
  const struct kn_ssa_block *b = s->blocks.at + block;
  if (b->n_preds == 0 || b->n_preds > FEW_PREDS) return false;
  for (uint32_t i = b->pred_first; i != 0; i = s->preds.at[i - 1].next) {
    if (is_none(reach(s, var, s->preds.at[i - 1].block))) return false;
    if (s->stack.n == 0) continue;
    if (!collect(s)) return false;
    end_batch(s);
  }
  struct kn_ssa_def is;
  if (!decide(s, var, block, p, &is)) return false;
  struct kn_ssa_phi *phi = s->phis.at + p;
  phi->state = MERGED;
  phi->is = is;
  if (phi->forward != 0) kiln_forward_bind(s->f, (kiln_value){phi->forward}, value_of(s, is));
  return true;
}

/* Seals a block. Those of its OPEN phis that are not decided at once are added to the batch;
 * `alone`: no other block is sealed together with it. */
static bool seal(kiln_ssa *s, uint32_t block, bool alone) {
  struct kn_ssa_block *b = s->blocks.at + block;
  if (b->sealed) return true;
  b->sealed = true;
  kn_ssa_unite_preds(s, b);
  if (alone)
    for (uint32_t p = b->open_first; p != 0; p = s->phis.at[p].next_open) (void)decide_open(s, p);
  for (uint32_t p = b->open_first; p != 0; p = s->phis.at[p].next_open)
    if (s->phis.at[p].state == OPEN && !phi_begin(s, p)) return false;
  b->open_first = b->open_last = 0;
  return kn_ssa_usable(s);
}

/* Collects the operands of what is in the batch. */
static bool collect_batch(kiln_ssa *s) {
  for (uint32_t i = 0, n = s->batch.n; i < n; i++) {
    if (!KN_SSA_ROOM(s, stack, 1)) return false;
    s->stack.at[s->stack.n++] = s->batch.at[i];
    if (!collect(s)) return false;
  }
  return true;
}

void kiln_ssa_seal(kiln_ssa *s, kiln_block block) {
  if (!kn_ssa_usable(s) || kn_ssa_block_of(s, block) == NULL) return;
  if (seal(s, block.id, true)) (void)collect_batch(s);
  end_batch(s);
}

kiln_status kiln_ssa_end(kiln_ssa *s) {
  if (s == NULL || s->f == NULL) return KILN_ERR_STRUCTURE;
  if (kn_ssa_usable(s)) {
    bool ok = s->vars.n == 0 || (s->flags & KILN_SSA_EDGES_BUILT) == 0 || kn_ssa_take_edges(s);
    for (uint32_t i = 0; ok && i < s->blocks.n; i++) ok = seal(s, i, false);
    if (ok) (void)collect_batch(s);
    end_batch(s);
  }
  if (kn_ssa_usable(s) && s->vars.n != 0 && (s->flags & KILN_SSA_EDGES_BUILT) == 0)
    kn_ssa_check_edges(s);
  kiln_func_hold(s->f, NULL);
  kiln_status status = kiln_func_status(s->f);
  s->f = NULL;
  return status;
}

/* ---- variables ---- */

kiln_ssa_variable kiln_ssa_new_variable(kiln_ssa *s, kiln_type type) {
  const kiln_ssa_variable none = {0};
  if (!kn_ssa_usable(s) || !KN_SSA_ROOM(s, vars, 1)) return none;
  if ((unsigned)type - 1 >= KILN_TYPE_COUNT - 1)
    return KN_SSA_FAIL(none, s, KILN_ERR_TYPE, "no such type");
  s->vars.at[s->vars.n] = (struct kn_ssa_var){.block = NONE, .type = (uint8_t)type};
  return (kiln_ssa_variable){++s->vars.n};
}

kiln_ssa_variable kiln_ssa_new_root(kiln_ssa *s, kiln_type type) {
  const kiln_ssa_variable none = {0};
  if (!kn_ssa_usable(s)) return none;
  if (type != KILN_TYPE_I64 && type != KILN_TYPE_I32)
    return KN_SSA_FAIL(none, s, KILN_ERR_TYPE, "a root has the type i64 or i32");
  kiln_ssa_variable var = kiln_ssa_new_variable(s, type);
  if (var.id == 0) return none;
  kiln_value slot = kiln_slot_new(s->f, kiln_type_size(type), type == KILN_TYPE_I64 ? 3 : 2);
  kiln_slot_set_root(s->f, slot);
  s->vars.at[var.id - 1].root = slot.id;
  return var;
}

/* False, with an error, if the block is not the current one, in which alone a root is read and written. */
static bool root_here(kiln_ssa *s, kiln_block block) {
  return block.id == kiln_block_current(s->f).id ||
         kn_ssa_fail(s, KILN_ERR_STRUCTURE,
                     "a root is read or written in another block than the current one");
}

/* True if variable and block exist. */
static bool checked(kiln_ssa *s, kiln_ssa_variable var, kiln_block block) {
  if (!kn_ssa_usable(s)) return false;
  if (var.id - 1 >= s->vars.n) return kn_ssa_fail(s, KILN_ERR_ARGUMENT, "no such variable");
  return block.id < s->blocks.n || kn_ssa_block_of(s, block) != NULL;
}

/* Says what is wrong with a value that is written to a variable. */
static void bad_value(kiln_ssa *s, kiln_ssa_variable var, kiln_value value) {
  kiln_operand_kind kind = kiln_operand_get(s->f, value).kind;
  kiln_type type = kiln_value_type(s->f, value);
  char message[128];
  snprintf(message, sizeof message, "variable %u of type %s is written with %s%s", var.id,
           kiln_type_name((kiln_type)s->vars.at[var.id - 1].type),
           value.id == 0              ? "none"
           : kind == KILN_OPERAND_INT ? "an integer constant"
           : type == KILN_TYPE_VOID   ? "an operand out of range"
                                      : "a value of type ",
           type != KILN_TYPE_VOID ? kiln_type_name(type) : "");
  kn_ssa_fail(s, value.id == 0 ? KILN_ERR_ARGUMENT : KILN_ERR_TYPE, message);
}

void kiln_ssa_write_in(kiln_ssa *s, kiln_block block, kiln_ssa_variable var, kiln_value value) {
  if (!checked(s, var, block)) return;
  const uint32_t number = var.id - 1;
  struct kn_ssa_var *v = s->vars.at + number;
  kiln_type type = kiln_value_type(s->f, value);
  bool constant = type == KILN_TYPE_VOID && value.id != 0 && v->type <= KILN_TYPE_I128;
  if (type != v->type && !constant) {
    bad_value(s, var, value);
    return;
  }
  if (v->root != 0) {
    if (root_here(s, block))
      kiln_build_store(s->f, (kiln_type)v->type, (kiln_value){v->root}, 0, value, 0);
    return;
  }
  if (v->block != NONE && kiln_block_is_terminated(s->f, block)) {
    kn_ssa_fail(s, KILN_ERR_STRUCTURE, "a variable is written in a block that has its terminator");
    return;
  }
  if (constant && v->type == KILN_TYPE_I128 && block.id == kiln_block_current(s->f).id)
    value = kiln_build_unary(s->f, KILN_OP_COPY, KILN_TYPE_I128, value); /* the copy has a type */
  struct kn_ssa_def def = def_of(s, value);
  if (v->block == block.id) {
    v->def = def;
    v->dirty = true;
  } else {
    (void)move_cache(s, number, block.id, def, true);
  }
}

kiln_value kiln_ssa_read_in(kiln_ssa *s, kiln_block block, kiln_ssa_variable var) {
  const kiln_value none = {0};
  if (!checked(s, var, block)) return none;
  const uint32_t number = var.id - 1;
  struct kn_ssa_var *v = s->vars.at + number;
  if (v->root != 0)
    return root_here(s, block)
             ? kiln_build_load(s->f, (kiln_type)v->type, (kiln_value){v->root}, 0, 0)
             : none;
  if (v->block != block.id) {
    struct kn_ssa_def d = reach(s, number, block.id);
    bool ok = !is_none(d) && collect(s);
    end_batch(s);
    if (!ok || !kn_ssa_usable(s) || !move_cache(s, number, block.id, resolve(s, d), false))
      return none;
  }
  if (v->def.phi == 0) return (kiln_value){v->def.value};
  v->def = resolve(s, v->def);
  return value_of(s, v->def);
}

void kiln_ssa_write(kiln_ssa *s, kiln_ssa_variable var, kiln_value value) {
  if (s != NULL && s->f != NULL) kiln_ssa_write_in(s, kiln_block_current(s->f), var, value);
}

kiln_value kiln_ssa_read(kiln_ssa *s, kiln_ssa_variable var) {
  const kiln_value none = {0};
  return s != NULL && s->f != NULL ? kiln_ssa_read_in(s, kiln_block_current(s->f), var) : none;
}

/* ---- creating, beginning, ending, freeing ---- */

kiln_ssa *kiln_ssa_new(const kiln_module *m) {
  if (m == NULL) return NULL;
  kiln_allocator allocator = kiln_module_get_allocator(m);
  kiln_ssa *s = kn_allocator_realloc(&allocator, NULL, sizeof *s);
  if (s == NULL) return NULL;
  memset(s, 0, sizeof *s);
  s->allocator = allocator;
  return s;
}

void kiln_ssa_free(kiln_ssa *s) {
  if (s == NULL) return;
  kiln_allocator a = s->allocator;
  kn_hash_free(&a, &s->far_hash);
  KN_FREE(&a, s->fars.at, s->vars.at, s->blocks.at, s->preds.at, s->defs.at, s->forwards.at,
          s->phis.at, s->ops.at, s->watches.at, s->stack.at, s->work.at, s->batch.at, s->built.at,
          s);
}

void kiln_ssa_begin(kiln_ssa *s, kiln_func *f, unsigned flags) {
  if (s == NULL) return;
  s->f = f;
  s->flags = flags;
  s->n_built = 0;
  s->told_apart = false;
  kn_hash_clear(&s->far_hash);
  s->stamp = s->fars.n = s->defs.n = s->forwards.n = 0;
  s->vars.n = s->blocks.n = s->preds.n = s->ops.n = s->watches.n = 0;
  s->stack.n = s->work.n = s->batch.n = 0;
  s->phis.n = 0;
  if (!kn_ssa_usable(s)) return;
  kiln_func_hold(f, "kiln_ssa_end is missing");
  if (!KN_SSA_ROOM(s, phis, 32)) return;
  s->phis.n = 1;
  struct kn_ssa_block *entry = kn_ssa_block_of(s, (kiln_block){0});
  if (entry != NULL) entry->sealed = true;
}
