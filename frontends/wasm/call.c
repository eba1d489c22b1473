/* Calls: direct, through tables, in tail position, and of helpers. How parameters and results travel is in
 * docs/wasm.md. */
#include "body.h"

kiln_value kn_wasm_call_helper(struct kn_wasm_body *c, enum kn_wasm_helper helper,
                               const kiln_value *args, uint32_t n) {
  if (c->f == NULL) return (kiln_value){0};
  kiln_value all[8] = {kn_wasm_instance(c)};
  for (uint32_t i = 0; i < n; i++) all[i + 1] = args[i];
  kiln_value v = kiln_build_call(c->f, c->w->helper_sigs[helper],
                                 kiln_const_symbol(c->f, c->w->helpers[helper], 0), all, n + 1);
  kn_wasm_called(c);
  return v;
}

void kn_wasm_place_params(const struct kn_wasm_type *t, uint32_t *out) {
  uint32_t next[2] = {0, 0}, n = 0;
  for (uint32_t i = 0; i < t->n_params; i++) {
    unsigned type = t->types[i];
    unsigned floats =
      type == KILN_WASM_TYPE_F32 || type == KILN_WASM_TYPE_F64 || type == KILN_WASM_TYPE_V128;
    bool in_register = next[floats]++ < (floats ? 8 : t->general);
    out[i] = in_register ? 0 : ++n;
  }
}

/* Room for `n` values, in the frame. */
static kiln_value room_for_values(struct kn_wasm_body *c, uint32_t n) {
  if (c->f != NULL && n > c->values_room) {
    c->values_slot = kiln_slot_new(c->f, n * sizeof(kiln_wasm_value), 4);
    c->values_room = n;
  }
  return c->values_slot;
}

/* A call that may throw. */
static kiln_value build_call(struct kn_wasm_body *c, kiln_sig sig, kiln_value callee,
                             const kiln_value *args, uint32_t n) {
  kiln_value v;
  if (KN_LIKELY(c->innermost_try == 0)) v = kiln_build_call(c->f, sig, callee, args, n);
  else v = kn_wasm_build_try(c, sig, callee, args, n);
  kn_wasm_called(c);
  return v;
}

/* ---- arguments and results ---- */

/* Pops the arguments of a call by type `t`, to `c->args` after `at` others. Those in memory go to `more`. Returns the
 * number of arguments. */
static uint32_t pop_arguments(struct kn_wasm_body *c, const struct kn_wasm_type *t, uint32_t at,
                              kiln_value more) {
  uint32_t n = t->n_params;
  KN_WASM_ROOM(c, args, n + UINT64_C(8));
  if (KN_LIKELY(t->n_more == 0)) {
    for (uint32_t i = n; i-- > 0;) c->args[at + i] = kn_wasm_value(kn_wasm_pop(c, t->types[i]));
    return at + n;
  }
  uint32_t places[KN_WASM_MAX_PARAMS], end = at + n - t->n_more, to = end;
  kn_wasm_place_params(t, places);
  for (uint32_t i = n; i-- > 0;) {
    kiln_value v = kn_wasm_value(kn_wasm_pop(c, t->types[i]));
    if (places[i] == 0) c->args[--to] = v;
    else
      kiln_build_store(c->f, kn_wasm_builder_type(t->types[i]), more,
                       (int32_t)(places[i] - 1) * (int32_t)sizeof(kiln_wasm_value), v, 0);
  }
  return end;
}

/* Pushes the results of a call by type `t` that gave `v`; those in memory are in `values`. */
static void push_results(struct kn_wasm_body *c, const struct kn_wasm_type *t, kiln_value v,
                         kiln_value values) {
  const uint8_t *types = t->types + t->n_params;
  if (t->n_results == 1) kn_wasm_push(c, types[0], v);
  if (t->n_results <= 1) return;
  kn_wasm_stack_room(c, t->n_results);
  for (uint32_t i = 0; i < t->n_results; i++)
    kn_wasm_push(c, types[i],
                 kiln_build_load(c->f, kn_wasm_builder_type(types[i]), values,
                                 (int32_t)(i * sizeof(kiln_wasm_value)), 0));
}

/* What is called. */
struct callee {
  kiln_value code, instance;
};

/* Function `index`, imported or not. */
static struct callee find_callee(struct kn_wasm_body *c, uint32_t index) {
  const struct kn_wasm_func *f = &c->w->funcs[index];
  kiln_value own = kn_wasm_instance(c);
  if (f->body != NULL) return (struct callee){kiln_const_symbol(c->f, f->symbol, 0), own};
  return (struct callee){
    kiln_build_load(c->f, KILN_TYPE_I64, own, f->slot + (int32_t)offsetof(kiln_wasm_func, code), 0),
    kiln_build_load(c->f, KILN_TYPE_I64, own, f->slot + (int32_t)offsetof(kiln_wasm_func, instance),
                    0)};
}

/* Pops the arguments, calls, pushes the results. */
static void call(struct kn_wasm_body *c, const struct kn_wasm_type *t, struct callee callee) {
  uint32_t at = 1;
  kiln_value values = {0};
  /* results and arguments in memory share their room: the callee reads the latter first */
  kn_wasm_pass(c, (uint64_t)t->n_params + t->n_results);
  uint32_t room = t->n_results > 1 ? t->n_results : 0;
  if (t->n_more > room) room = t->n_more;
  if (room != 0) values = room_for_values(c, room);
  if (t->n_results > 1) at++;
  if (t->n_more != 0) at++;
  uint32_t n = pop_arguments(c, t, at, values);
  c->args[0] = callee.instance;
  for (uint32_t i = 1; i < at; i++) c->args[i] = values;
  kiln_value v = {0};
  if (KN_LIKELY(c->f != NULL)) v = build_call(c, t->sig, callee.code, c->args, n);
  push_results(c, t, v, values);
}

/* The same as the function's end. */
static void tail_call(struct kn_wasm_body *c, const struct kn_wasm_type *t, struct callee callee) {
  if (!kn_wasm_same_types(t->types + t->n_params, t->n_results, c->controls->results,
                          c->controls->n_results))
    KN_WASM_INVALID(&c->in, c->op_at, "type mismatch: %s to a function with other results",
                    c->op->name);
  uint32_t at = 1;
  kiln_value more = {0}, results = {0};
  kn_wasm_pass(c, t->n_params);
  if (t->n_more != 0)
    more = kiln_build_addr(c->f, kn_wasm_instance(c), (kiln_value){0}, 0, c->w->more_slot);
  if (t->n_results > 1) results = kiln_build_load(c->f, KILN_TYPE_I64, c->results_slot, 0, 0);
  if (t->n_results > 1) at++;
  if (t->n_more != 0) at++;
  uint32_t n = pop_arguments(c, t, at, more);
  kn_wasm_discard(c);
  at = 0;
  c->args[at++] = callee.instance;
  if (t->n_results > 1) c->args[at++] = results;
  if (t->n_more != 0) c->args[at++] = more;
  kiln_build_tailcall(c->f, t->sig, callee.code, c->args, n);
  kn_wasm_dead(c);
}

/* ---- operations ---- */

static const struct kn_wasm_type *read_function(struct kn_wasm_body *c, uint32_t *index) {
  *index = kn_wasm_u32(&c->in);
  if (KN_UNLIKELY(*index >= c->w->n_funcs))
    KN_WASM_INVALID(&c->in, c->op_at, "unknown function %u", *index);
  return &c->w->types[c->w->funcs[*index].type];
}

void kn_wasm_do_call(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index;
  const struct kn_wasm_type *t = read_function(c, &index);
  call(c, t, c->f != NULL ? find_callee(c, index) : (struct callee){{0}, {0}});
}

void kn_wasm_do_return_call(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t index;
  kn_wasm_need(c->w, &c->in, c->op_at, KILN_WASM_TAIL_CALLS);
  const struct kn_wasm_type *t = read_function(c, &index);
  tail_call(c, t, c->f != NULL ? find_callee(c, index) : (struct callee){{0}, {0}});
}

/* Reads type and table of an indirect call, pops the index; the function that is there, checked. */
static struct callee read_indirect(struct kn_wasm_body *c, const struct kn_wasm_type **type) {
  struct kn_wasm_in *in = &c->in;
  uint32_t index = kn_wasm_u32(in), table = kn_wasm_u32(in);
  if (table >= c->w->n_tables) KN_WASM_INVALID(in, c->op_at, "unknown table %u", table);
  if (index >= c->w->n_types) KN_WASM_INVALID(in, c->op_at, "unknown type %u", index);
  const struct kn_wasm_table *t = &c->w->tables[table];
  if (t->type != KILN_WASM_TYPE_FUNCREF) kn_wasm_mismatch(c, KILN_WASM_TYPE_FUNCREF, t->type);
  *type = &c->w->types[index];
  kiln_value at = kn_wasm_element(c, table, KILN_WASM_TRAP_UNDEFINED_ELEMENT);
  kiln_func *f = c->f;
  if (f == NULL) return (struct callee){{0}, {0}};
  kiln_value func = kiln_build_load(f, KILN_TYPE_I64, at, 0, 0);
  if (c->w->options.flags & KILN_WASM_CHECKED)
    kn_wasm_trap_if(c, kiln_build_icmp(f, KILN_ICOND_EQ, KILN_TYPE_I64, func, kn_wasm_int(c, 0)),
                    KILN_WASM_TRAP_NULL_FUNCTION);
  /* null faults at this load: trap 0 */
  kiln_value has = kiln_build_load(f, KILN_TYPE_I32, func, offsetof(kiln_wasm_func, type_id), 0);
  kiln_value wants = kiln_build_load(f, KILN_TYPE_I32, kn_wasm_instance(c),
                                     c->w->type_ids_slot + (int32_t)index * 4, 0);
  kn_wasm_trap_if(c, kiln_build_icmp(f, KILN_ICOND_NE, KILN_TYPE_I32, has, wants),
                  KILN_WASM_TRAP_SIGNATURE);
  return (struct callee){
    kiln_build_load(f, KILN_TYPE_I64, func, offsetof(kiln_wasm_func, code), 0),
    kiln_build_load(f, KILN_TYPE_I64, func, offsetof(kiln_wasm_func, instance), 0)};
}

void kn_wasm_do_call_indirect(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  const struct kn_wasm_type *t;
  struct callee callee = read_indirect(c, &t);
  call(c, t, callee);
}

void kn_wasm_do_return_call_indirect(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  const struct kn_wasm_type *t;
  kn_wasm_need(c->w, &c->in, c->op_at, KILN_WASM_TAIL_CALLS);
  struct callee callee = read_indirect(c, &t);
  tail_call(c, t, callee);
}
