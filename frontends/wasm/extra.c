/* Functions that lead in and out: kiln_wasm_functype's entry and host. */
#include "body.h"

#include <kiln/attrs.h>

static kiln_value load_value(struct kn_wasm_body *c, unsigned type, kiln_value from, uint32_t i) {
  return kiln_build_load(c->f, kn_wasm_builder_type(type), from,
                         (int32_t)(i * sizeof(kiln_wasm_value)), 0);
}

static void store_value(struct kn_wasm_body *c, unsigned type, kiln_value to, uint32_t i,
                        kiln_value v) {
  kiln_build_store(c->f, kn_wasm_builder_type(type), to, (int32_t)(i * sizeof(kiln_wasm_value)), v,
                   0);
}

/* kiln_wasm_entry_fn of type `t`: loads the arguments, calls, stores the result, or returns the exception. */
static void build_entry(struct kn_wasm_body *c, const struct kn_wasm_type *t) {
  kiln_func *f = c->f;
  kiln_value instance = kiln_func_param(f, 0), code = kiln_func_param(f, 1),
             values = kiln_func_param(f, 2);
  uint32_t places[KN_WASM_MAX_PARAMS], n = 0;
  kn_wasm_place_params(t, places);
  KN_WASM_ROOM(c, args, t->n_params + UINT64_C(8));
  kiln_value more =
    t->n_more != 0 ? kiln_slot_new(f, t->n_more * sizeof(kiln_wasm_value), 4) : (kiln_value){0};
  c->args[n++] = instance;
  if (t->n_results > 1) c->args[n++] = values;
  if (t->n_more != 0) c->args[n++] = more;
  for (uint32_t i = 0; i < t->n_params; i++) {
    kiln_value v = load_value(c, t->types[i], values, i);
    if (places[i] == 0) c->args[n++] = v;
    else store_value(c, t->types[i], more, places[i] - 1, v);
  }
  kiln_block normal = kiln_block_new_many(f, 2), pad = {normal.id + 1};
  kiln_value result = {0}, unwound = kiln_block_add_param(f, pad, KILN_TYPE_I64),
             gives = kiln_try_exception(f);
  if (t->n_results == 1) {
    kiln_block_add_param(f, normal, kn_wasm_builder_type(t->types[t->n_params]));
    result = kiln_try_result(f, t->sig, 0);
  }
  kiln_build_try(f, &(kiln_try_desc){.sig = t->sig,
                                     .callee = code,
                                     .args = c->args,
                                     .n_args = n,
                                     .normal = normal,
                                     .normal_args = &result,
                                     .n_normal_args = t->n_results == 1,
                                     .unwind = pad,
                                     .unwind_args = &gives,
                                     .n_unwind_args = 1,
                                     .clauses = (kiln_clause[]){{.kind = KILN_CLAUSE_CATCH_ALL}},
                                     .n_clauses = 1});
  kiln_block_switch(f, normal);
  if (t->n_results == 1) {
    kn_wasm_block_params(c, normal, 1);
    store_value(c, t->types[t->n_params], values, 0, c->args[0]);
  }
  kiln_value none = kn_wasm_int(c, 0);
  kiln_build_ret(f, &none, 1);
  kiln_block_switch(f, pad);
  kiln_value exn =
    kiln_build_call(f, c->w->caught_sig, kiln_const_symbol(f, c->w->caught, 0), &unwound, 1);
  kiln_build_ret(f, &exn, 1);
}

/* A function of type `t` that calls a kiln_wasm_host. */
static void build_host(struct kn_wasm_body *c, const struct kn_wasm_type *t) {
  kiln_func *f = c->f;
  uint32_t n = 0, room = t->n_params > t->n_results ? t->n_params : t->n_results,
           places[KN_WASM_MAX_PARAMS];
  kn_wasm_place_params(t, places);
  kiln_value host = kiln_func_param(f, n++), results = {0}, more = {0};
  if (t->n_results > 1) results = kiln_func_param(f, n++);
  if (t->n_more != 0) more = kiln_func_param(f, n++);
  kiln_value values = kiln_slot_new(f, (room != 0 ? room : 1) * sizeof(kiln_wasm_value), 4);
  for (uint32_t i = 0; i < t->n_params; i++)
    store_value(c, t->types[i], values, i,
                places[i] == 0 ? kiln_func_param(f, n++)
                               : load_value(c, t->types[i], more, places[i] - 1));
  kiln_value user = kiln_build_load(f, KILN_TYPE_I64, host, offsetof(kiln_wasm_host, call_user), 0);
  kiln_value call = kiln_build_load(f, KILN_TYPE_I64, host, offsetof(kiln_wasm_host, call), 0);
  kiln_value exn = kiln_build_call(f, c->w->host_call_sig, call, (kiln_value[]){user, values}, 2);
  kiln_block normal = kiln_block_new_many(f, 2), throws = {normal.id + 1};
  kiln_build_brif(f, kiln_build_icmp(f, KILN_ICOND_EQ, KILN_TYPE_I64, exn, kn_wasm_int(c, 0)),
                  normal, NULL, 0, throws, NULL, 0);
  kiln_block_switch(f, normal);
  const uint8_t *types = t->types + t->n_params;
  kiln_value result = {0};
  for (uint32_t i = 0; i < t->n_results; i++) {
    result = load_value(c, types[i], values, i);
    if (t->n_results > 1) store_value(c, types[i], results, i, result);
  }
  kiln_build_ret(f, &result, t->n_results == 1);
  kiln_block_switch(f, throws);
  kiln_build_call(f, c->w->helper_sigs[KN_WASM_HELPER_THROW],
                  kiln_const_symbol(f, c->w->helpers[KN_WASM_HELPER_THROW], 0),
                  (kiln_value[]){kn_wasm_int(c, 0), exn}, 2);
  kiln_build_nullary(f, KILN_OP_UNREACHABLE);
}

kiln_func *kn_wasm_build_extra(struct kn_wasm_body *c, uint32_t i) {
  const struct kn_wasm_type *t = &c->w->types[c->w->extra[i]];
  bool enters = i < c->w->n_entries;
  jmp_buf leave;
  c->f = c->func = kiln_func_begin(c->session, (kiln_symbol){enters ? t->entry : t->host});
  if (c->func == NULL) return NULL;
  c->in.leave = &leave;
  c->next_line = NULL;
  c->op_at = c->in.start = c->w->bytes;
  kiln_func_attrs attrs = {.probe_bytes = KN_WASM_PROBE_BYTES};
  if (enters) attrs.personality = c->w->personality;
  kiln_func_set_attrs(c->f, &attrs);
  if (setjmp(leave) != 0) {
    kiln_func_fail(c->func, c->in.status, c->in.message);
  } else if (enters) {
    build_entry(c, t);
  } else {
    build_host(c, t);
  }
  return c->func;
}
