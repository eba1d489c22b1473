/* The end of building: late arguments become edge arguments, forward values become what they are
 * bound to, and what could not be checked call by call is checked. Called once per function; a
 * function without parameters outside its entry and without forward values pays for a few
 * comparisons. */
#include "ir/builder/builder.h"
#include "ir/roots.h"

/* Fails at the block's terminator, if it has one. */
static bool fail_at(kiln_func *f, uint32_t block, const char *message) {
  uint32_t inst = block < f->blocks.n ? f->block[block].term : 0;
  return KN_FUNC_FAIL(false, f, KILN_ERR_STRUCTURE, block, inst, "%s", message);
}

/* ---- blocks ---- */

/* Blocks whose symbols exist are address-taken. */
static bool mark_symbols(kiln_func *f) {
  const kiln_module *m = f->module;
  for (uint32_t i = kn_symbol(m, f->symbol)->block_first; i != 0;
       i = kn_symbol(m, i)->block_first) {
    uint64_t block = (uint64_t)kn_symbol(m, i)->offset;
    if (block >= (uint64_t)KN_FIRST_LABEL) continue;
    if (block - 1 >= f->blocks.n - 1)
      return fail_at(f, UINT32_MAX, "the address of a block that does not exist is taken");
    f->facts.address_taken += !f->block[block].address_taken;
    f->block[block].address_taken = 1;
  }
  return true;
}

/* Checks that every block that was begun or is referred to has its terminator. */
static bool check_blocks(kiln_func *f) {
  if (f->facts.n_terms == f->blocks.n) return true;
  for (uint32_t i = 0; i < f->blocks.n; i++) {
    const struct kn_block *b = f->block + i;
    if (b->term != 0) continue;
    if (b->pos != 0) return fail_at(f, i, "the block has no terminator");
    if (b->n_preds != 0 || b->address_taken)
      return fail_at(f, i, "the block is referred to but was never filled");
  }
  return true;
}

/* Lists of clauses that were not set. */
static uint32_t count_unset(const kiln_func *f) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < f->shared_clauses.n; i++) n += f->shared_clauses.at[i] == 0;
  return n;
}

/* A function with TRY has a personality, and every TRY has clauses. */
static bool check_tries(kiln_func *f) {
  if (!f->facts.has_try) return true;
  bool unset = count_unset(f) != 0;
  if (f->attrs.personality.id != 0 && !unset) return true;
  for (uint32_t b = 0; b < f->blocks.n; b++) {
    const struct kn_inst *in = &f->inst[f->block[b].term];
    if (in->op != KILN_OP_TRY) continue;
    if (f->attrs.personality.id == 0)
      return fail_at(f, b, "try in a function without a personality");
    if (!kn_try_has_clauses(f, in)) return fail_at(f, b, "the clauses of the try were never set");
  }
  return true;
}

/* ---- late arguments ---- */

/* `n` zeroed words of scratch; NULL (and the function fails) without memory. */
static uint32_t *scratch(kiln_func *f, uint64_t n) {
  f->scratch.n = 0;
  if (n > KN_MAX_INDEX)
    return KN_FUNC_FAIL(NULL, f, KILN_ERR_LIMIT, UINT32_MAX, 0, "the function is too large");
  if (!KN_ROOM(f, f->scratch, (uint32_t)n)) return NULL;
  memset(f->scratch.at, 0, n * sizeof *f->scratch.at);
  return f->scratch.at;
}

/* Attaches the late arguments in `chain`, all of one predecessor. `by_target` is zero, and again
 * after; chains are index + 1 linked by `next`. Linear in edges, arguments and attachments. */
static bool attach_late(kiln_func *f, uint32_t pred, uint32_t chain, uint32_t *by_target,
                        uint32_t *next) {
  for (uint32_t i = chain, after; i != 0; i = after) {
    after = next[i - 1];
    uint32_t target = f->late_args.at[i - 1].target;
    next[i - 1] = by_target[target];
    by_target[target] = i;
  }
  uint32_t first = f->block[pred].edge_first, end = first + f->block[pred].n_edges;
  for (uint32_t e = first; e < end; e++) {
    for (uint32_t i = by_target[f->edges.at[e].target]; i != 0; i = next[i - 1]) {
      struct kn_late_arg *arg = f->late_args.at + i - 1;
      if (!kn_build_edge_arg(f, e, pred, arg->index, arg->value)) return false;
      arg->pred = UINT32_MAX; /* attached to an edge */
    }
  }
  for (uint32_t e = first; e < end; e++) by_target[f->edges.at[e].target] = 0;
  return true;
}

static bool finish_late(kiln_func *f) {
  uint32_t n = f->late_args.n, n_blocks = f->blocks.n;
  if (n == 0) return true;
  uint32_t *by_pred = scratch(f, (uint64_t)n_blocks * 2 + n);
  if (by_pred == NULL) return false;
  uint32_t *by_target = by_pred + n_blocks, *next = by_target + n_blocks;
  for (uint32_t i = 0; i < n; i++) { /* newest first; attach_late reverses the order */
    uint32_t pred = f->late_args.at[i].pred;
    next[i] = by_pred[pred];
    by_pred[pred] = i + 1;
  }
  for (uint32_t i = 0; i < n_blocks; i++)
    if (by_pred[i] != 0 && !attach_late(f, i, by_pred[i], by_target, next)) return false;
  for (uint32_t i = 0; i < n; i++)
    if (f->late_args.at[i].pred != UINT32_MAX)
      return fail_at(f, f->late_args.at[i].pred,
                     "an argument is set for an edge that does not exist");
  f->late_args.n = 0;
  return true;
}

/* ---- forward values ---- */

/* What forward value `i` is bound to in the end, through other forward values; 0 if to nothing. */
static uint32_t resolve(kiln_func *f, uint32_t i) {
  uint32_t steps = 0, h = f->forwards.at[i].bound;
  while (kn_tag(h) == KN_TAG_FORWARD && steps++ < f->forwards.n)
    h = f->forwards.at[kn_index(h)].bound;
  if (kn_tag(h) == KN_TAG_FORWARD) return 0;               /* a cycle */
  for (uint32_t at = i, left = steps; left != 0; left--) { /* shortens the path for the next time */
    uint32_t bound = f->forwards.at[at].bound;
    f->forwards.at[at].bound = h;
    at = kn_index(bound);
  }
  return h;
}

/* Where use `u` stored a forward handle. */
static uint32_t *forward_use(kiln_func *f, const struct kn_forward_use *u) {
  if (u->kind == 1) return f->lists.at + u->where;
  if (u->kind == 2) return &f->edge_args.at[u->where].value;
  return &f->inst[u->where / 4].field[u->where % 4 - 1];
}

static bool finish_forwards(kiln_func *f) {
  for (uint32_t i = 0; i < f->forward_uses.n; i++) {
    const struct kn_forward_use *u = f->forward_uses.at + i;
    uint32_t h = resolve(f, u->forward);
    uint32_t inst = u->kind == 0 ? u->where / 4 : 0;
    if (h == 0)
      return KN_FUNC_FAIL(false, f, KILN_ERR_STRUCTURE, u->block, inst,
                          "forward value %u is used but not bound", u->forward);
    if (inst != 0 && (f->inst[inst].op == KILN_OP_CALL || f->inst[inst].op == KILN_OP_TRY) &&
        kn_is_pool(h) && f->pool.at[kn_index(h)].symbol != 0 && f->pool.at[kn_index(h)].low != 0)
      return KN_FUNC_FAIL(false, f, KILN_ERR_ARGUMENT, u->block, inst,
                          "the addend of a callee must be 0");
    *forward_use(f, u) = h;
    if (kn_is_value(h)) kn_build_count(f, h, u->block);
    else if (kn_is_slot(h)) kn_build_escape(f, kn_index(h));
  }
  return f->status == KILN_OK;
}

/* ---- edge arguments ---- */

/* True if the arguments of all edges are, from the newest on, for parameters n - 1 to 0, of the
 * right types, and the parameters of all targets are contiguous: so it nearly always is. */
static bool args_plain(const kiln_func *f) {
  for (uint32_t e = 0; e < f->edges.n; e++) {
    const struct kn_edge *edge = f->edges.at + e;
    const struct kn_block *target = f->block + edge->target;
    uint32_t want = target->n_params;
    if (want != 0 && !target->contiguous) return false;
    for (uint32_t i = edge->args; i != 0;) {
      const struct kn_edge_arg *arg = f->edge_args.at + i - 1;
      if (want == 0 || arg->index != --want) return false;
      unsigned type = f->val[target->param_first + want].type;
      if (KN_LIKELY(kn_is_value(arg->value)) ? f->val[arg->value].type != type
                                             : !kn_build_fits(f, arg->value, type))
        return false;
      i = arg->next;
    }
    if (want != 0) return false;
  }
  return true;
}

/* The same check without these assumptions, which also reports what is wrong. */
static KN_COLD bool check_args(kiln_func *f) {
  uint64_t n_params = 0;
  uint32_t most = 0;
  for (uint32_t b = 1; b < f->blocks.n; b++) {
    n_params += f->block[b].n_params;
    if (f->block[b].n_params > most) most = f->block[b].n_params;
  }
  uint32_t *base = scratch(f, f->blocks.n + n_params + most);
  if (base == NULL) return false;
  /* Per block where its parameters are in `params`; per parameter the last edge that gave it. */
  uint32_t *params = base + f->blocks.n, *given = params + n_params, at = 0;
  for (uint32_t b = 1; b < f->blocks.n; b++) {
    base[b] = at;
    for (uint32_t v = f->block[b].param_first; v != 0; v = f->inst[v].b) params[at++] = v;
  }
  for (uint32_t b = 0; b < f->blocks.n; b++) {
    const struct kn_block *source = f->block + b;
    if (source->n_edges == 0) continue;
    for (uint32_t e = source->edge_first; e < source->edge_first + source->n_edges; e++) {
      uint32_t t = f->edges.at[e].target, n = 0;
      for (uint32_t i = f->edges.at[e].args; i != 0; i = f->edge_args.at[i - 1].next, n++) {
        const struct kn_edge_arg *arg = f->edge_args.at + i - 1;
        if (arg->index >= f->block[t].n_params)
          return fail_at(f, b, "an edge has more arguments than its target has parameters");
        if (given[arg->index] == e + 1) return fail_at(f, b, "an edge argument is given twice");
        given[arg->index] = e + 1;
        unsigned type = f->val[params[base[t] + arg->index]].type;
        if (!kn_build_fits(f, arg->value, type))
          return KN_FUNC_FAIL(false, f, KILN_ERR_TYPE, b, source->term,
                              "argument %u for block %u is not of type %s", arg->index, t,
                              kiln_type_name((kiln_type)type));
      }
      if (n != f->block[t].n_params)
        return KN_FUNC_FAIL(false, f, KILN_ERR_STRUCTURE, b, source->term,
                            "block %u has %u parameters, but an edge into it has %u arguments", t,
                            f->block[t].n_params, n);
    }
  }
  return true;
}

kiln_status kiln_func_finish(kiln_func *f) {
  if (f == NULL) return KILN_ERR_ARGUMENT;
  if (f->facts.finished || f->status != KILN_OK) return f->status;
  if (f->facts.hold != NULL)
    return kn_func_fail(f, KILN_ERR_STRUCTURE, UINT32_MAX, 0, "%s", f->facts.hold);
  if (mark_symbols(f) && check_blocks(f) && check_tries(f) && finish_late(f) &&
      finish_forwards(f) && (f->facts.has_params || f->edge_args.n != 0) && !args_plain(f))
    check_args(f);
  if (KN_UNLIKELY(f->facts.has_roots) && f->status == KILN_OK) kn_roots_whole(f);
  f->facts.finished = true;
  f->limit = 0;
  /* the walk reads one instruction ahead, and steps over the end where a terminator failed for lack
   * of memory */
  if (f->n + 1 < f->cap || kn_build_grow(f)) {
    f->inst[f->n] = f->inst[f->n + 1] = (struct kn_inst){0};
    f->val[f->n] = f->val[f->n + 1] = (struct kn_val){0};
  }
  return f->status;
}
