/* Control: blocks, loops, branches. A label is a block of the builder whose parameters are the label's operands; it
 * is made by the first branch, so that what nobody branches to costs nothing. Operands of enclosing code stay values.
 * */
#include "body.h"

#include <kiln/inspect.h>

/* ---- labels ---- */

const uint8_t *kn_wasm_label_types(const struct kn_wasm_control *to, uint32_t *n) {
  *n = to->kind == KN_WASM_LOOP ? to->n_params : to->n_results;
  return to->kind == KN_WASM_LOOP ? to->params : to->results;
}

struct kn_wasm_control *kn_wasm_label(struct kn_wasm_body *c, uint32_t depth, const uint8_t *at) {
  if (KN_UNLIKELY(depth > (uint32_t)(c->control - c->controls)))
    KN_WASM_INVALID(&c->in, at, "unknown label %u", depth);
  return c->control - depth;
}

kiln_block kn_wasm_target(struct kn_wasm_body *c, struct kn_wasm_control *to) {
  if (c->f == NULL) return to->label;
  if (to->label.id == UINT32_MAX) {
    to->label = kiln_block_new(c->f);
    for (uint32_t i = 0; i < to->n_results; i++)
      kiln_block_add_param(c->f, to->label, kn_wasm_builder_type(to->results[i]));
  }
  if (c->n_trail < to->low) to->low = c->n_trail;
  return to->label;
}

void kn_wasm_pop_args(struct kn_wasm_body *c, const uint8_t *types, uint32_t n) {
  KN_WASM_ROOM(c, args, n + UINT64_C(8));
  for (uint32_t i = n; i-- > 0;) c->args[i] = kn_wasm_value(kn_wasm_pop(c, types[i]));
}

/* Pushes c->args as operands of these types. */
static void push_args(struct kn_wasm_body *c, const uint8_t *types, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) kn_wasm_push(c, types[i], c->args[i]);
}

void kn_wasm_pass(struct kn_wasm_body *c, uint64_t n) {
  c->passed += n;
  if (KN_UNLIKELY(c->passed > c->may_pass))
    kn_wasm_fail(&c->in, KILN_ERR_LIMIT, c->op_at,
                 "the branches, calls and blocks of a function pass more than %llu operands",
                 (unsigned long long)c->may_pass);
}

void kn_wasm_block_params(struct kn_wasm_body *c, kiln_block b, uint32_t n) {
  KN_WASM_ROOM(c, args, n + UINT64_C(8));
  if (n != 0) kiln_block_params(c->f, b, c->args, n);
}

void kn_wasm_build_return(struct kn_wasm_body *c, const kiln_value *args, uint32_t n) {
  if (n <= 1) {
    kiln_build_ret(c->f, args, n);
    return;
  }
  kiln_value to = kiln_build_load(c->f, KILN_TYPE_I64, c->results_slot, 0, 0);
  for (uint32_t i = 0; i < n; i++)
    kiln_build_store(c->f, kn_wasm_builder_type(c->type->types[c->type->n_params + i]), to,
                     (int32_t)(i * sizeof(kiln_wasm_value)), args[i], 0);
  kiln_build_ret(c->f, NULL, 0);
}

/* ---- beginning and ending ---- */

enum { MAX_DEPTH = 1 << 20 };

/* Reads a block's type. */
static void read_block_type(struct kn_wasm_body *c, struct kn_wasm_control *t) {
  static const uint8_t own[KILN_WASM_TYPE_COUNT] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  struct kn_wasm_in *in = &c->in;
  t->n_params = t->n_results = 0;
  if (KN_LIKELY(in->p < in->end && *in->p == 0x40)) {
    in->p++;
    return;
  }
  const uint8_t *at = in->p;
  if (at < in->end && (*at & 0xc0) == 0x40) { /* a negative number of one byte */
    t->results = &own[kn_wasm_value_type(c->w, in)];
    t->n_results = 1;
    return;
  }
  int64_t index = kn_wasm_sleb(in, 33);
  if (index < 0 || index >= c->w->n_types)
    KN_WASM_INVALID(in, at, "unknown type %lld", (long long)index);
  const struct kn_wasm_type *type = &c->w->types[index];
  t->params = type->types;
  t->n_params = type->n_params;
  t->results = type->types + type->n_params;
  t->n_results = type->n_results;
}

/* Begins what has type `*t`, whose parameters are popped and pushed. */
static struct kn_wasm_control *begin(struct kn_wasm_body *c, const struct kn_wasm_control *t,
                                     unsigned kind) {
  if (KN_UNLIKELY(c->control + 2 >= c->controls_end)) {
    uint32_t n = (uint32_t)(c->control - c->controls),
             cap = (uint32_t)(c->controls_end - c->controls);
    if (n >= MAX_DEPTH)
      kn_wasm_fail(&c->in, KILN_ERR_LIMIT, c->op_at, "blocks are nested too deeply");
    kn_wasm_room(c, &c->controls, &cap, n + UINT64_C(16), sizeof *c->controls);
    c->controls_end = c->controls + (cap < MAX_DEPTH + 2 ? cap : MAX_DEPTH + 2);
    c->control = c->controls + n;
  }
  struct kn_wasm_control *new = ++c->control;
  *new = *t;
  new->kind = (uint8_t)kind;
  new->stamp = 0;
  new->dead = c->f == NULL;
  new->any = false;
  new->label = new->other = KN_WASM_NO_BLOCK;
  new->trail = c->n_trail;
  new->low = UINT32_MAX;
  new->height = (uint32_t)(c->sp - c->stack);
  c->floor = c->sp;
  return new;
}

/* Pops the parameters of a block, which are its first operands. */
static void pop_params(struct kn_wasm_body *c, const struct kn_wasm_control *t) {
  if (KN_LIKELY(t->n_params == 0)) return;
  kn_wasm_stack_room(c, t->n_params);
  kn_wasm_pop_args(c, t->params, t->n_params);
}

void kn_wasm_begin_function(struct kn_wasm_body *c) {
  struct kn_wasm_control t = {.results = c->type->types + c->type->n_params,
                              .n_results = c->type->n_results};
  if (c->controls == NULL) {
    uint32_t cap = 0;
    kn_wasm_room(c, &c->controls, &cap, 16, sizeof *c->controls);
    c->controls_end = c->controls + cap;
  }
  c->controls[0] = t;
  c->control = c->controls;
  c->control->kind = KN_WASM_FUNCTION;
  c->control->label = c->control->other = KN_WASM_NO_BLOCK;
  c->control->low = UINT32_MAX;
  kn_wasm_count(c);
}

void kn_wasm_do_block(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_control t;
  read_block_type(c, &t);
  pop_params(c, &t);
  begin(c, &t, KN_WASM_BLOCK);
  push_args(c, t.params, t.n_params);
}

void kn_wasm_do_loop(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_control t;
  read_block_type(c, &t);
  pop_params(c, &t);
  struct kn_wasm_control *loop = begin(c, &t, KN_WASM_LOOP);
  kn_wasm_pass(c, t.n_params);
  if (c->f != NULL) {
    loop->label = kiln_block_new(c->f);
    kiln_build_br(c->f, loop->label, c->args, t.n_params);
    for (uint32_t i = 0; i < t.n_params; i++)
      c->args[i] = kiln_block_add_param(c->f, loop->label, kn_wasm_builder_type(t.params[i]));
    kn_wasm_enter(c, loop->label);
  }
  push_args(c, t.params, t.n_params);
  kn_wasm_count(c);
}

struct kn_wasm_control *kn_wasm_begin_try(struct kn_wasm_body *c) {
  struct kn_wasm_control t;
  read_block_type(c, &t);
  pop_params(c, &t);
  struct kn_wasm_control *control = begin(c, &t, KN_WASM_TRY);
  push_args(c, t.params, t.n_params);
  return control;
}

/* The operand as a condition, an i8; `*negated`: it holds if that does not. */
static kiln_value pop_condition(struct kn_wasm_body *c, bool *negated) {
  struct kn_wasm_operand *e = c->sp - 1;
  *negated = false;
  if (KN_LIKELY(c->sp > c->floor && e->tag & KN_WASM_BOOL)) {
    c->sp = e;
    *negated = (e->tag & KN_WASM_NEGATED) != 0;
    return kn_wasm_value(e);
  }
  e = kn_wasm_pop(c, KILN_WASM_TYPE_I32);
  return kiln_build_icmp(c->f, KILN_ICOND_NE, KILN_TYPE_I32, kn_wasm_value(e), kn_wasm_int(c, 0));
}

void kn_wasm_do_if(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_control t;
  bool negated;
  read_block_type(c, &t);
  kiln_value condition = pop_condition(c, &negated);
  pop_params(c, &t);
  struct kn_wasm_control *control = begin(c, &t, KN_WASM_IF);
  kn_wasm_pass(c, t.n_params);
  control->saved = c->n_saved;
  push_args(c, t.params, t.n_params);
  KN_WASM_ROOM(c, saved, c->n_saved + (uint64_t)t.n_params);
  if (t.n_params != 0) memcpy(c->saved + c->n_saved, c->floor, t.n_params * sizeof *c->saved);
  c->n_saved += t.n_params;
  if (c->f == NULL) return;
  kiln_block then = kiln_block_new_many(c->f, 2);
  control->other = (kiln_block){then.id + 1};
  if (negated) kiln_build_brif(c->f, condition, control->other, NULL, 0, then, NULL, 0);
  else kiln_build_brif(c->f, condition, then, NULL, 0, control->other, NULL, 0);
  kn_wasm_enter(c, then);
}

/* Checks that the operands of the innermost control are its results, and no more. */
static void pop_results(struct kn_wasm_body *c, const struct kn_wasm_control *t) {
  kn_wasm_pop_args(c, t->results, t->n_results);
  if (c->sp != c->floor)
    KN_WASM_INVALID(&c->in, c->op_at,
                    "type mismatch: %s leaves more operands than its type has results",
                    c->op->name);
}

/* The arm of an `if` ends: goes to the label, from where it is reached. */
static void leave_arm(struct kn_wasm_body *c, struct kn_wasm_control *t) {
  kn_wasm_pass(c, t->n_results);
  if (c->f == NULL) return;
  kiln_block to = kn_wasm_target(c, t);
  kiln_build_br(c->f, to, c->args, t->n_results);
}

void kn_wasm_do_else(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_control *t = c->control;
  if (t->kind != KN_WASM_IF)
    KN_WASM_BAD(&c->in, c->op_at, "else without an if: END opcode expected");
  pop_results(c, t);
  leave_arm(c, t);
  t->kind = KN_WASM_ELSE;
  t->any = false;
  kn_wasm_forget(c, t->trail);
  if (t->trail < t->low) t->low = t->trail;
  c->f = t->dead ? NULL : c->func;
  kn_wasm_stack_room(c, t->n_params);
  if (t->n_params != 0) memcpy(c->sp, c->saved + t->saved, t->n_params * sizeof *c->sp);
  c->sp += t->n_params;
  c->n_saved = t->saved;
  if (c->f != NULL) kn_wasm_enter(c, t->other);
}

/* An `if` without `else` ends: what holds where its condition does not. */
static void end_if(struct kn_wasm_body *c, struct kn_wasm_control *t) {
  if (!kn_wasm_same_types(t->params, t->n_params, t->results, t->n_results))
    KN_WASM_INVALID(&c->in, c->op_at,
                    "type mismatch: an if without else whose results differ from its parameters");
  c->n_saved = t->saved;
  if (t->dead) return;
  if (t->label.id == UINT32_MAX &&
      t->n_results == 0) { /* where the condition leads is where it ends */
    t->label = t->other;
    leave_arm(c, t);
    t->low = t->trail;
    return;
  }
  leave_arm(c, t);
  c->f = c->func;
  if (t->trail < t->low) t->low = t->trail;
  kiln_block to = kn_wasm_target(c, t);
  for (uint32_t i = 0; i < t->n_params; i++) c->args[i] = kn_wasm_value(&c->saved[t->saved + i]);
  kn_wasm_enter(c, t->other);
  kiln_build_br(c->f, to, c->args, t->n_params);
}

/* The function ends. */
static void end_function(struct kn_wasm_body *c, struct kn_wasm_control *t) {
  if (t->label.id != UINT32_MAX) {
    if (c->f != NULL) kiln_build_br(c->f, t->label, c->args, t->n_results);
    c->f = c->func;
    kn_wasm_enter(c, t->label);
    kn_wasm_block_params(c, t->label, t->n_results);
  }
  if (c->f != NULL) kn_wasm_build_return(c, c->args, t->n_results);
}

/* What was assigned in a block that is left holds if it holds on all ways to its end. */
static void end_assignments(struct kn_wasm_body *c, const struct kn_wasm_control *t,
                            bool branched) {
  if (branched && t->low < c->n_trail) kn_wasm_forget(c, t->low);
  uint32_t low = t->low < c->n_trail ? t->low : c->n_trail;
  if (low < t[-1].low) c->control[-1].low = low;
}

void kn_wasm_do_end(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_control *t = c->control;
  pop_results(c, t);
  if (t->kind == KN_WASM_FUNCTION) {
    end_function(c, t);
    c->control--;
    return;
  }
  if (t->kind == KN_WASM_IF) end_if(c, t);
  else if (t->kind == KN_WASM_TRY) kn_wasm_end_try(c, t);
  bool branched = t->kind != KN_WASM_LOOP && t->label.id != UINT32_MAX;
  if (branched) {
    kn_wasm_pass(c, t->n_results);
    if (c->f != NULL && !kiln_block_is_terminated(c->f, kiln_block_current(c->f)))
      kiln_build_br(c->f, t->label, c->args, t->n_results);
    c->f = c->func;
    kn_wasm_enter(c, t->label);
    kn_wasm_block_params(c, t->label, t->n_results);
  }
  end_assignments(c, t, branched);
  c->control--;
  c->floor = c->stack + c->control->height;
  kn_wasm_stack_room(c, t->n_results);
  push_args(c, t->results, t->n_results);
}

/* ---- branches ---- */

void kn_wasm_do_br(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t n;
  struct kn_wasm_control *to = kn_wasm_label(c, kn_wasm_u32(&c->in), c->op_at);
  const uint8_t *types = kn_wasm_label_types(to, &n);
  kn_wasm_pass(c, n);
  kn_wasm_pop_args(c, types, n);
  kn_wasm_discard(c);
  if (c->f != NULL) {
    if (to->kind == KN_WASM_FUNCTION) kn_wasm_build_return(c, c->args, n);
    else kiln_build_br(c->f, kn_wasm_target(c, to), c->args, n);
  }
  kn_wasm_dead(c);
}

void kn_wasm_do_br_if(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t n;
  bool negated;
  struct kn_wasm_control *to = kn_wasm_label(c, kn_wasm_u32(&c->in), c->op_at);
  const uint8_t *types = kn_wasm_label_types(to, &n);
  kiln_value condition = pop_condition(c, &negated);
  kn_wasm_pass(c, n);
  kn_wasm_pop_args(c, types, n);
  push_args(c, types, n);
  if (c->f == NULL) return;
  kiln_block target = kn_wasm_target(c, to), next = kiln_block_new(c->f);
  if (negated) kiln_build_brif(c->f, condition, next, NULL, 0, target, c->args, n);
  else kiln_build_brif(c->f, condition, target, c->args, n, next, NULL, 0);
  kn_wasm_enter(c, next);
}

/* The edges of a br_table to its label `to`, and to the same block, get the arguments, once. */
static void give_args(struct kn_wasm_body *c, kiln_block from, struct kn_wasm_control *to,
                      uint32_t n) {
  if (to->stamp == c->stamp) return;
  to->stamp = c->stamp;
  for (uint32_t i = 0; i < n; i++) kiln_edge_set_arg(c->f, from, to->label, i, c->args[i]);
}

void kn_wasm_do_br_table(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_in *in = &c->in;
  kiln_value index = kn_wasm_value(kn_wasm_pop(c, KILN_WASM_TYPE_I32));
  uint32_t n = kn_wasm_u32(in), arity, more;
  if (n >= (uint64_t)(in->end - in->p)) kn_wasm_at_end(in);
  const uint8_t *list = in->p;
  for (uint32_t i = 0; i < n; i++) kn_wasm_u32(in);
  struct kn_wasm_control *last = kn_wasm_label(c, kn_wasm_u32(in), c->op_at), *to;
  const uint8_t *behind = in->p;
  in->p = list;
  kn_wasm_label_types(last, &arity);
  kn_wasm_pass(c, (n + UINT64_C(1)) * arity);
  KN_WASM_ROOM(c, cases, (uint64_t)n + 1);
  if (++c->stamp == 0) c->stamp = 1;
  for (uint32_t i = 0; i < n; i++) {
    to = kn_wasm_label(c, kn_wasm_u32(in), c->op_at);
    const uint8_t *types = kn_wasm_label_types(to, &more);
    if (more != arity)
      KN_WASM_INVALID(in, c->op_at, "type mismatch: labels of br_table take different operands");
    if (arity != 0 && to->stamp != c->stamp) {
      struct kn_wasm_operand *sp = c->sp;
      kn_wasm_pop_args(c, types, arity);
      c->sp = sp;
      to->stamp = c->stamp;
    }
    c->cases[i] = (kiln_switch_case){i, kn_wasm_target(c, to)};
  }
  kn_wasm_pop_args(c, kn_wasm_label_types(last, &more), arity);
  in->p = behind;
  kn_wasm_discard(c);
  kiln_block from = c->f != NULL ? kiln_block_current(c->f) : KN_WASM_NO_BLOCK;
  kiln_build_switch(c->f, KILN_TYPE_I32, index, kn_wasm_target(c, last), c->cases, n);
  if (c->f != NULL && arity != 0) {
    if (++c->stamp == 0) c->stamp = 1;
    in->p = list;
    for (uint32_t i = 0; i < n; i++)
      give_args(c, from, kn_wasm_label(c, kn_wasm_u32(in), c->op_at), arity);
    give_args(c, from, last, arity);
    in->p = behind;
  }
  kn_wasm_dead(c);
}

void kn_wasm_do_return(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kn_wasm_pass(c, c->controls->n_results);
  kn_wasm_pop_args(c, c->controls->results, c->controls->n_results);
  kn_wasm_discard(c);
  if (c->f != NULL) kn_wasm_build_return(c, c->args, c->controls->n_results);
  kn_wasm_dead(c);
}

/* ---- operands ---- */

void kn_wasm_do_nop(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)c;
  (void)o;
}

void kn_wasm_do_drop(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  kn_wasm_keep(c, kn_wasm_pop(c, KILN_WASM_TYPE_NONE));
}

/* Builds the choice between two operands of a type. */
static void build_select(struct kn_wasm_body *c, unsigned type, kiln_value condition, bool negated,
                         kiln_value a, kiln_value b) {
  kiln_value v = kiln_build_select(c->f, kn_wasm_builder_type(type), condition, negated ? b : a,
                                   negated ? a : b);
  kn_wasm_push(c, type, v);
}

void kn_wasm_do_select(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  bool negated;
  kiln_value condition = pop_condition(c, &negated);
  /* the type is that of either, if it is known */
  unsigned type = c->sp > c->floor ? c->sp[-1].tag & KN_WASM_TYPE_MASK : KILN_WASM_TYPE_NONE;
  if (type == KILN_WASM_TYPE_NONE && c->sp - 1 > c->floor) type = c->sp[-2].tag & KN_WASM_TYPE_MASK;
  if (type >= KILN_WASM_TYPE_FUNCREF)
    KN_WASM_INVALID(&c->in, c->op_at, "type mismatch: select without a type of references");
  kiln_value b = kn_wasm_value(kn_wasm_pop(c, type)), a = kn_wasm_value(kn_wasm_pop(c, type));
  build_select(c, type, condition, negated, a, b);
}

void kn_wasm_do_select_typed(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  if (kn_wasm_u32(&c->in) != 1) KN_WASM_INVALID(&c->in, c->op_at, "invalid result arity");
  unsigned type = kn_wasm_value_type(c->w, &c->in);
  bool negated;
  kiln_value condition = pop_condition(c, &negated);
  kiln_value b = kn_wasm_value(kn_wasm_pop(c, type)), a = kn_wasm_value(kn_wasm_pop(c, type));
  build_select(c, type, condition, negated, a, b);
}

/* ---- what is refused ---- */

static __attribute__((cold, noreturn)) void refuse(struct kn_wasm_body *c,
                                                   const struct kn_wasm_op *o,
                                                   const char *proposal) {
  kn_wasm_fail(&c->in, KILN_ERR_UNSUPPORTED, c->op_at, "%s are not supported: %s", proposal,
               o->name);
}
void kn_wasm_do_legacy(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  refuse(c, o, "legacy exceptions");
}
void kn_wasm_do_typed(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  refuse(c, o, "typed function references");
}
void kn_wasm_do_collected(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  refuse(c, o, "garbage-collected types");
}
void kn_wasm_do_switching(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  refuse(c, o, "continuations (stack switching)");
}
void kn_wasm_do_wide(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  refuse(c, o, "operations of wide arithmetic");
}
