/* Calls with types: values say what they are, and both sides are checked. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

enum {
  MOST_VALUES = 64
}; /* of a function of the host: they are on the stack, of which little is left for it */

kiln_wasmrt_typed kiln_wasmrt_i32(uint32_t x) {
  return (kiln_wasmrt_typed){.type = KILN_WASM_TYPE_I32, .value.i32 = x};
}

kiln_wasmrt_typed kiln_wasmrt_i64(uint64_t x) {
  return (kiln_wasmrt_typed){.type = KILN_WASM_TYPE_I64, .value.i64 = x};
}

kiln_wasmrt_typed kiln_wasmrt_f32(float x) {
  return (kiln_wasmrt_typed){.type = KILN_WASM_TYPE_F32, .value.f32 = x};
}

kiln_wasmrt_typed kiln_wasmrt_f64(double x) {
  return (kiln_wasmrt_typed){.type = KILN_WASM_TYPE_F64, .value.f64 = x};
}

static const char *type_name(uint8_t type) {
  static const char *const names[KILN_WASM_TYPE_COUNT] = {
    [KILN_WASM_TYPE_NONE] = "no type",    [KILN_WASM_TYPE_I32] = "i32",
    [KILN_WASM_TYPE_I64] = "i64",         [KILN_WASM_TYPE_F32] = "f32",
    [KILN_WASM_TYPE_F64] = "f64",         [KILN_WASM_TYPE_V128] = "v128",
    [KILN_WASM_TYPE_FUNCREF] = "funcref", [KILN_WASM_TYPE_EXTERNREF] = "externref",
    [KILN_WASM_TYPE_EXNREF] = "exnref",
  };
  return type < KILN_WASM_TYPE_COUNT ? names[type] : "no type";
}

/* What is wrong with a value of the host for a type, or NULL. */
static const char *mismatch(const kiln_wasmrt_store *s, const kiln_wasmrt_typed *v, uint8_t type) {
  if (v->type != type) return type_name((uint8_t)v->type);
  const kiln_wasm_func *f = v->value.ref;
  if (type == KILN_WASM_TYPE_FUNCREF && f != NULL && f->type_index != 0 &&
      f->type_index != s->serial)
    return "a function of another store";
  return NULL;
}

/* Values without types of `n` typed ones, arguments or results of the host: false, with an error,
 * if one is not what the function has. */
static bool take(const kiln_wasmrt_store *s, kiln_wasm_value *to, const kiln_wasmrt_typed *from,
                 const uint8_t *types, uint32_t n, bool results, kiln_wasmrt_error *error) {
  for (uint32_t i = 0; i < n; i++) {
    const char *is = mismatch(s, from + i, types[i]);
    to[i] = from[i].value;
    if (is == NULL) continue;
    if (results)
      kn_error(error, KILN_WASMRT_LINK, "a host function's result %u is %s, its type has %s", i + 1,
               is, type_name(types[i]));
    else
      kn_error(error, KILN_WASMRT_LINK, "argument %u is %s, the function takes %s", i + 1, is,
               type_name(types[i]));
    return false;
  }
  return true;
}

static void give(kiln_wasmrt_typed *to, const kiln_wasm_value *from, const uint8_t *types,
                 uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    to[i] = (kiln_wasmrt_typed){.type = (kiln_wasm_type)types[i], .value = from[i]};
}

/* ---- calls of modules ---- */

static void free_values(kiln_wasm_value **values) { free(*values); }

kiln_wasmrt_status kiln_wasmrt_call_typed(kiln_wasmrt_store *s, const kiln_wasm_func *func,
                                          const kiln_wasmrt_typed *args, uint32_t n_args,
                                          kiln_wasmrt_typed *results, uint32_t n_results,
                                          kiln_wasmrt_error *error) {
  error->n_frames = 0;
  if (!kn_of_store(s, func)) {
    kn_error(error, KILN_WASMRT_LINK, "the function is of another store");
    return error->status;
  }
  const kiln_wasm_functype type = kiln_wasmrt_func_type(s, func);
  if (n_args != type.n_params || n_results != type.n_results) {
    kn_error(error, KILN_WASMRT_LINK, "%u arguments and %u results, the function has %u and %u",
             n_args, n_results, type.n_params, type.n_results);
    return error->status;
  }
  kiln_wasm_value *values __attribute__((cleanup(free_values))) =
    calloc((size_t)n_args + n_results + 1, sizeof *values);
  if (values == NULL) {
    kn_error(error, KILN_WASMRT_MEMORY, "no memory for arguments");
    return error->status;
  }
  if (!take(s, values, args, type.types, n_args, false, error)) return error->status;
  if (kiln_wasmrt_call(s, func, values, error) == KILN_WASMRT_OK)
    give(results, values, type.types + n_args, n_results);
  return error->status;
}

/* ---- functions of the host ---- */

struct typed_host {
  struct kn_owned owned;
  kiln_wasmrt_store *store;
  kiln_wasmrt_typed_fn fn;
  void *user;
  uint32_t n_params, n_results;
  uint8_t types[];
};

static void free_typed(struct kn_owned *o) { free(o); }

static kiln_wasm_exn *call_host(void *user, kiln_wasm_value *values) {
  const struct typed_host *h = user;
  kiln_wasmrt_typed v[MOST_VALUES], *results = v + h->n_params;
  const uint8_t *of_results = h->types + h->n_params;
  kiln_wasmrt_error error;
  give(v, values, h->types, h->n_params);
  memset(results, 0, h->n_results * sizeof *results);
  for (uint32_t i = 0; i < h->n_results; i++) results[i].type = (kiln_wasm_type)of_results[i];
  kiln_wasm_exn *exn = h->fn(h->user, v, results);
  if (exn == NULL && !take(h->store, values, results, of_results, h->n_results, true, &error))
    kn_fail(error.message);
  return exn;
}

bool kiln_wasmrt_define_typed(kiln_wasmrt_store *s, const char *module, const char *name,
                              const kiln_wasm_functype *type, kiln_wasmrt_typed_fn fn, void *user) {
  uint64_t n = (uint64_t)type->n_params + type->n_results;
  if (n > MOST_VALUES) return false;
  for (uint32_t i = 0; i < n; i++)
    if (type->types[i] == KILN_WASM_TYPE_NONE || type->types[i] >= KILN_WASM_TYPE_COUNT)
      return false;
  struct typed_host *h = calloc(1, sizeof *h + n);
  uint32_t id = kn_store_type(s, type->types, type->n_params, type->n_results);
  if (h == NULL || id == 0) return free(h), false;
  h->store = s;
  h->fn = fn;
  h->user = user;
  h->n_params = type->n_params;
  h->n_results = type->n_results;
  if (n > 0) memcpy(h->types, type->types, n);
  kn_store_own(s, &h->owned, free_typed);
  return kn_define_host(s, module, name, id, call_host, h);
}
