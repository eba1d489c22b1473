/* Blocks, edges and terminators: the builder's flow graph. Called by front ends. Keeps what the
 * plan would else have to search for: numbers of predecessors, back edges, the order of filling.
 * The edges of a block are contiguous; a block that is left and resumed is a chain of SEG
 * instructions. */
#include "ir/builder/builder.h"

/* ---- blocks ---- */

kiln_block kiln_block_new_many(kiln_func *f, uint32_t n) {
  if (!kn_build_open(f)) return (kiln_block){UINT32_MAX};
  if (KN_UNLIKELY(n > f->blocks.cap - f->blocks.n) && !KN_ROOM(f, f->blocks, n))
    return (kiln_block){UINT32_MAX};
  f->block = f->blocks.at;
  uint32_t first = f->blocks.n;
  memset(f->block + first, 0, n * sizeof *f->block);
  f->blocks.n += n;
  return (kiln_block){first};
}

kiln_block kiln_block_new(kiln_func *f) { return kiln_block_new_many(f, 1); }

/* Appends the SEG that will lead from the end of what the current block has so far to its rest. */
static __attribute__((noinline)) bool leave(kiln_func *f) {
  struct kn_block *b = f->block + f->current;
  /* Nothing was appended since it was resumed: the old SEG is still its end. */
  if (b->resume != 0 && f->inst[b->resume].a == f->n) return true;
  if (!kn_build_ready(f)) return false;
  b->resume = kn_build_emit(f, KILN_OP_SEG, KILN_TYPE_VOID, KILN_TYPE_VOID, 0, 0, 0, 0);
  return true;
}

void kiln_block_switch(kiln_func *f, kiln_block block) {
  if (!kn_build_open(f)) return;
  if (KN_UNLIKELY(block.id >= f->blocks.n)) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "no such block");
    return;
  }
  if (block.id == f->current) return;
  if (KN_UNLIKELY(f->limit != 0) && !leave(f)) return;
  kn_build_set_block(f, block.id);
  struct kn_block *b = f->block + block.id;
  if (KN_LIKELY(b->pos == 0)) {
    if (!KN_PUSH(f, f->order, block.id)) return;
    b->pos = f->order.n;
    b->first = f->n;
    f->facts.needs_order |= b->n_preds == 0;
  } else {
    if (b->term != 0) {
      f->limit = 0;
      return;
    }
    f->inst[b->resume].a = f->n;
  }
  f->limit = f->cap;
}

kiln_block kiln_block_current(const kiln_func *f) {
  return (kiln_block){f != NULL ? f->current : UINT32_MAX};
}

bool kiln_block_is_terminated(const kiln_func *f, kiln_block b) {
  return f != NULL && b.id < f->blocks.n && f->block[b.id].term != 0;
}

kiln_value kiln_block_add_param(kiln_func *f, kiln_block block, kiln_type type) {
  if (!kn_build_open(f)) return KN_NONE;
  if (block.id - 1 >= f->blocks.n - 1)
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_ARGUMENT,
                         "the block does not exist or is the entry block");
  if (!kn_build_is_type(type)) return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_TYPE, "no such type");
  struct kn_block *b = f->block + block.id;
  if (b->n_params == UINT16_MAX)
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_LIMIT, "the block has more than 65535 parameters");
  if (f->n == f->cap && !kn_build_grow(f)) return KN_NONE;
  uint32_t v = f->n;
  if (!KN_PUSH(f, f->globals, (struct kn_global){v, block.id})) return KN_NONE;
  kn_build_emit(f, KILN_OP_PARAM, type, type, b->n_params, block.id, 0, 0);
  f->val[v].block = block.id;
  f->val[v].global = f->globals.n;
  if (b->n_params == 0) {
    b->param_first = v;
    b->contiguous = 1;
  } else {
    f->inst[b->param_last].b = v;
    b->contiguous &= b->param_last + 1 == v;
  }
  b->param_last = v;
  b->n_params++;
  f->facts.has_params = true;
  if (KN_UNLIKELY(type == KILN_TYPE_I128)) {
    b->contiguous = 0;
    if (kn_build_upper(f, v) == 0) return KN_NONE;
    f->val[v + 1].block = block.id;
  }
  return (kiln_value){v};
}

uint32_t kiln_block_param_count(const kiln_func *f, kiln_block b) {
  return f != NULL && b.id < f->blocks.n ? f->block[b.id].n_params : 0;
}

void kn_block_take_address(kiln_func *f, kiln_block block) {
  if (!kn_build_open(f)) return;
  if (block.id - 1 >= f->blocks.n - 1) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, "the block does not exist or is the entry block");
    return;
  }
  struct kn_block *b = f->block + block.id;
  f->facts.address_taken += !b->address_taken;
  b->address_taken = 1;
}

/* ---- edges ---- */

static __attribute__((noinline)) void back_edge(kiln_func *f, uint32_t target) {
  struct kn_back_edge e = {target, f->current};
  if (f->back_edges.n != 0) { /* a switch may have several in a row */
    const struct kn_back_edge *last = &f->back_edges.at[f->back_edges.n - 1];
    if (last->target == e.target && last->source == e.source) return;
  }
  (void)KN_PUSH(f, f->back_edges, e);
}

/* Appends an edge from the current block; capacity was checked. */
static inline void edge(kiln_func *f, uint32_t target) {
  struct kn_block *t = f->block + target;
  f->edges.at[f->edges.n++] = (struct kn_edge){target, 0};
  t->n_preds++;
  if (KN_UNLIKELY(t->pos - 1 < f->block[f->current].pos)) back_edge(f, target);
}

static KN_COLD void bad_target(kiln_func *f) {
  kn_build_fail(f, KILN_ERR_ARGUMENT,
                "the target of a branch does not exist or is the entry block");
}

static inline bool target_ok(kiln_func *f, uint32_t target) {
  if (KN_LIKELY(target - 1 < f->blocks.n - 1)) return true;
  bad_target(f);
  return false;
}

static inline bool edge_room(kiln_func *f, uint32_t n) {
  return KN_LIKELY(n <= f->edges.cap - f->edges.n) || KN_ROOM(f, f->edges, n);
}

/* Checks a result or exception on an edge of `pred`, which has its terminator if that is a try. */
static KN_COLD bool tried_ok(kiln_func *f, uint32_t edge_index, uint32_t pred, uint32_t value) {
  const struct kn_block *p = f->block + pred;
  const struct kn_inst *in = &f->inst[p->term];
  const char *wrong = NULL;
  if (p->term == 0 || in->op != KILN_OP_TRY)
    wrong = "a result or exception on an edge that is not a try's";
  else if (edge_index == p->edge_first && kn_tried_exception(value))
    wrong = "an exception on the normal edge of a try";
  else if (edge_index != p->edge_first && !kn_tried_exception(value))
    wrong = "a result on the unwind edge of a try";
  else if (!kn_tried_exists(f, in, value)) wrong = "the call of the try has no such result";
  if (wrong == NULL) return true;
  return KN_FUNC_FAIL(false, f, KILN_ERR_STRUCTURE, pred, p->term, "%s", wrong);
}

bool kn_build_edge_arg(kiln_func *f, uint32_t edge_index, uint32_t pred, uint32_t index,
                       uint32_t value) {
  struct kn_edge *e = f->edges.at + edge_index;
  if (KN_LIKELY(value - 1 < f->n - 1 && f->val[value].type != KILN_TYPE_VOID))
    kn_build_count(f, value, pred);
  else if (kn_is_tried(value)) {
    if (!tried_ok(f, edge_index, pred, value)) return false;
  } else if (!kn_build_use_at(f, value, KN_ANY_TYPE, pred, 2, f->edge_args.n)) return false;
  if (!KN_PUSH(f, f->edge_args, (struct kn_edge_arg){index, value, e->args})) return false;
  e->args = f->edge_args.n;
  return true;
}

/* Adds the arguments of edge number `edge`, which leaves `pred`. */
static bool set_edge_args(kiln_func *f, uint32_t edge_index, uint32_t pred, const kiln_value *args,
                          uint32_t n) {
  if (args == NULL && n != 0) return kn_build_no_list(f);
  for (uint32_t i = 0; i < n; i++)
    if (!kn_build_edge_arg(f, edge_index, pred, i, args[i].id)) return false;
  return true;
}

/* The most edges in which an argument is looked up at once, while building. */
#define FEW_EDGES 4

void kiln_edge_set_arg(kiln_func *f, kiln_block pred, kiln_block target, uint32_t index,
                       kiln_value value) {
  if (!kn_build_open(f)) return;
  if (pred.id >= f->blocks.n || !target_ok(f, target.id)) {
    if (f->status == KILN_OK) kn_build_fail(f, KILN_ERR_ARGUMENT, "no such block");
    return;
  }
  const struct kn_block *p = f->block + pred.id;
  if (p->term == 0 || p->n_edges > FEW_EDGES) {
    (void)KN_PUSH(f, f->late_args, (struct kn_late_arg){pred.id, target.id, index, value.id});
    return;
  }
  bool found = false;
  for (uint32_t i = p->edge_first, end = i + p->n_edges; i < end; i++) {
    if (f->edges.at[i].target != target.id) continue;
    if (!kn_build_edge_arg(f, i, pred.id, index, value.id)) return;
    found = true;
  }
  if (!found)
    kn_build_fail(f, KILN_ERR_STRUCTURE, "an argument is set for an edge that does not exist");
}

/* ---- terminators ---- */

static __attribute__((noinline)) void build_br(kiln_func *f, kiln_block target,
                                               const kiln_value *args, uint32_t n) {
  if (!kn_build_ready(f)) return;
  if (!target_ok(f, target.id) || !edge_room(f, 1)) return;
  uint32_t e = f->edges.n;
  edge(f, target.id);
  if (n != 0 && !set_edge_args(f, e, f->current, args, n)) return;
  kn_build_end(f, KILN_OP_BR, KILN_TYPE_VOID, 0, 0, e, 0, e, 1);
}

/* True if `target` may be branched to, and not backwards. */
static inline bool target_is_forward(const kiln_func *f, uint32_t target) {
  return target - 1 < f->blocks.n - 1 && f->block[target].pos - 1 >= f->block[f->current].pos;
}

/* Appends an edge that is not a back edge; capacity was checked. */
static inline void forward_edge(kiln_func *f, uint32_t target) {
  f->edges.at[f->edges.n++] = (struct kn_edge){target, 0};
  f->block[target].n_preds++;
}

void kiln_build_br(kiln_func *f, kiln_block target, const kiln_value *args, uint32_t n) {
  if (KN_UNLIKELY(f == NULL)) return;
  uint32_t e = f->edges.n;
  if (KN_UNLIKELY(f->n >= f->limit || n != 0 || e >= f->edges.cap ||
                  !target_is_forward(f, target.id))) {
    build_br(f, target, args, n);
    return;
  }
  forward_edge(f, target.id);
  kn_build_end(f, KILN_OP_BR, KILN_TYPE_VOID, 0, 0, e, 0, e, 1);
}

/* One side of a conditional branch. */
struct branch {
  kiln_block block;
  const kiln_value *args;
  uint32_t n;
};

static __attribute__((noinline)) void build_brif(kiln_func *f, kiln_value cond,
                                                 const struct branch *to) {
  if (!kn_build_ready(f)) return;
  if (!kn_build_operand(f, cond.id, KILN_TYPE_I8, 1)) return;
  if (!target_ok(f, to[0].block.id) || !target_ok(f, to[1].block.id) || !edge_room(f, 2)) return;
  uint32_t e = f->edges.n;
  edge(f, to[0].block.id);
  edge(f, to[1].block.id);
  for (uint32_t i = 0; i < 2; i++)
    if (to[i].n != 0 && !set_edge_args(f, e + i, f->current, to[i].args, to[i].n)) return;
  kn_build_end(f, KILN_OP_BRIF, KILN_TYPE_VOID, 0, cond.id, e, 0, e, 2);
}

void kiln_build_brif(kiln_func *f, kiln_value cond, kiln_block then_block,
                     const kiln_value *then_args, uint32_t n_then, kiln_block else_block,
                     const kiln_value *else_args, uint32_t n_else) {
  if (KN_UNLIKELY(f == NULL)) return;
  uint32_t e = f->edges.n;
  if (KN_UNLIKELY(f->n >= f->limit || (n_then | n_else) != 0 || f->edges.cap - e < 2 ||
                  !kn_build_is_local(f, cond.id, kn_build_state(f, KILN_TYPE_I8)) ||
                  !target_is_forward(f, then_block.id) || !target_is_forward(f, else_block.id))) {
    struct branch to[2] = {{then_block, then_args, n_then}, {else_block, else_args, n_else}};
    build_brif(f, cond, to);
    return;
  }
  f->val[cond.id].uses++;
  forward_edge(f, then_block.id);
  forward_edge(f, else_block.id);
  kn_build_end(f, KILN_OP_BRIF, KILN_TYPE_VOID, 0, cond.id, e, 0, e, 2);
}

bool kn_build_try_end(kiln_func *f, const kiln_try_desc *t, uint32_t first) {
  if (!target_ok(f, t->normal.id) || !target_ok(f, t->unwind.id) || !edge_room(f, 2)) return false;
  uint32_t e = f->edges.n;
  edge(f, t->normal.id);
  edge(f, t->unwind.id);
  kn_build_end(f, KILN_OP_TRY, KILN_TYPE_VOID, t->n_args, first, t->callee.id, t->sig.id, e, 2);
  f->facts.has_try = true;
  return set_edge_args(f, e, f->current, t->normal_args, t->n_normal_args) &&
         set_edge_args(f, e + 1, f->current, t->unwind_args, t->n_unwind_args);
}

void kiln_build_switch(kiln_func *f, kiln_type type, kiln_value v, kiln_block default_block,
                       const kiln_switch_case *cases, uint32_t n) {
  if (!kn_build_begun(f)) return;
  if ((unsigned)type >= KILN_TYPE_COUNT || !(KN_TS_INT64 >> type & 1)) {
    kn_build_bad_type(f, KILN_OP_SWITCH, type);
    return;
  }
  if (!kn_build_operand(f, v.id, type, 1) || !target_ok(f, default_block.id)) return;
  if (n >= KN_MAX_INDEX / 2) {
    kn_build_fail(f, KILN_ERR_LIMIT, "too many cases");
    return;
  }
  if (cases == NULL && n != 0) {
    kn_build_no_list(f);
    return;
  }
  if (!edge_room(f, n + 1) || !KN_ROOM(f, f->lists, 2 * n)) return;
  uint32_t e = f->edges.n, first = f->lists.n;
  edge(f, default_block.id);
  for (uint32_t i = 0; i < n; i++) {
    if (!target_ok(f, cases[i].target.id)) return;
    edge(f, cases[i].target.id);
    f->lists.at[first + 2 * i] = (uint32_t)(uint64_t)cases[i].value;
    f->lists.at[first + 2 * i + 1] = (uint32_t)((uint64_t)cases[i].value >> 32);
  }
  f->lists.n += 2 * n;
  kn_build_end(f, KILN_OP_SWITCH, type, 0, v.id, e, first, e, n + 1);
}

void kiln_build_brind(kiln_func *f, kiln_value address, const kiln_block *targets, uint32_t n) {
  if (!kn_build_begun(f)) return;
  if (targets == NULL && n != 0) {
    kn_build_no_list(f);
    return;
  }
  if (!kn_build_operand(f, address.id, KILN_TYPE_PTR, 1) || !edge_room(f, n)) return;
  uint32_t e = f->edges.n;
  for (uint32_t i = 0; i < n; i++) {
    if (!target_ok(f, targets[i].id)) return;
    kn_block_take_address(f, targets[i]);
    edge(f, targets[i].id);
  }
  kn_build_end(f, KILN_OP_BRIND, KILN_TYPE_PTR, 0, address.id, e, 0, e, n);
}
