/* Who calls, and what of typed calls, unknown imports and WASI's ways to start. */
#include "host.h"

#include <kiln/wasi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- callers ---- */

static int64_t print(void *user, void *bytes, size_t n) {
  (void)user;
  printf("wrote %.*s\n", (int)n, (const char *)bytes);
  return (int64_t)n;
}

/* Instances that share a context of WASI: pointers are of the one that calls, also in its start function, and where it
 * has the function from another instance. */
static void callers_memory(void) {
  static const char *const names[] = {"writer_a", "writer_b", "writer_c"};
  kiln_wasi_options o = {.streams[1] = {.kind = KILN_WASI_STREAM_CALLBACK, .transfer = print}};
  kiln_wasi *w = kiln_wasi_new(&o, NULL);
  kiln_wasmrt_instance *i[3];
  host.store = kiln_wasmrt_store_new(NULL);
  if (w == NULL || !kiln_wasi_define(w, host.store)) exit(9);
  for (unsigned k = 0; k < 3; k++) {
    i[k] = open_in(host.store, load(names[k], 0));
    kiln_wasmrt_define_instance(host.store, names[k], i[k]);
  }
  for (unsigned k = 0; k < 6; k++) {
    kiln_wasmrt_error e = call_in(host.store, i[k * 2 % 3], "write", 0);
    if (e.status != KILN_WASMRT_OK) say("write", &e);
  }
  kiln_wasmrt_store_free(host.store);
  host.store = NULL;
  kiln_wasi_free(w);
}

static kiln_wasmrt_instance *first, *second;

static const char *caller(void) {
  const kiln_wasmrt_instance *i = kiln_wasmrt_caller();
  return i == NULL ? "none" : i == first ? "first" : i == second ? "second" : "another";
}

static void say_caller(void *user) {
  (void)user;
  printf("body: %s\n", caller());
}

static void call_other(kiln_wasm_value *v) {
  kiln_wasmrt_error e;
  printf("before: %s\n", caller());
  if (v[0].i32 > 0) call_in(host.store, second, "call", v[0].i32 - 1);
  kiln_wasmrt_protect(host.store, say_caller, NULL, &e);
  if (v[0].i32 > 0) call_in(host.store, second, "call_and_trap", 0);
  printf("after: %s\n", caller());
}

static void callers(void) {
  host.image = load("traps", 0);
  host.store = kiln_wasmrt_store_new(NULL);
  first = open_in(host.store, host.image);
  second = open_in(host.store, host.image);
  host.on_call = call_other;
  call_in(host.store, first, "call", 1);
  call_in(host.store, second, "direct", 0);
  printf("outside: %s\n", caller());
  call_in(host.store, second, "direct_of_host", 0);
}

/* ---- typed calls ---- */

static kiln_wasmrt_typed_fn answer_with;

static kiln_wasm_exn *typed_host(void *user, const kiln_wasmrt_typed *args,
                                 kiln_wasmrt_typed *results) {
  return answer_with(user, args, results);
}

static kiln_wasm_exn *add(void *user, const kiln_wasmrt_typed *args, kiln_wasmrt_typed *results) {
  (void)user;
  printf("types %u %u %u %u\n", (unsigned)args[0].type, (unsigned)args[1].type,
         (unsigned)results[0].type, (unsigned)results[1].type);
  results[0].value.f64 = (double)args[0].value.i32 + (double)args[1].value.i64;
  return NULL;
}

static kiln_wasm_exn *give_i32(void *user, const kiln_wasmrt_typed *args,
                               kiln_wasmrt_typed *results) {
  (void)user;
  (void)args;
  results[0] = kiln_wasmrt_i32(1);
  return NULL;
}

static kiln_wasm_exn *give_other(void *user, const kiln_wasmrt_typed *args,
                                 kiln_wasmrt_typed *results) {
  (void)args;
  results[1].value.ref = user;
  return NULL;
}

static void call_typed(const char *what, const kiln_wasmrt_typed *args, uint32_t n_args,
                       uint32_t n_results) {
  kiln_wasmrt_error e;
  kiln_wasmrt_typed results[2] = {{0}};
  kiln_wasmrt_call_typed(host.store, kiln_wasmrt_lookup_func(host.instance, "typed"), args, n_args,
                         results, n_results, &e);
  say(what, &e);
  if (e.status == KILN_WASMRT_OK)
    printf("result %u %g %u\n", (unsigned)results[0].type, results[0].value.f64,
           (unsigned)results[1].type);
}

static void typed(void) {
  static const uint8_t types[] = {KILN_WASM_TYPE_I32, KILN_WASM_TYPE_I64, KILN_WASM_TYPE_F64,
                                  KILN_WASM_TYPE_FUNCREF};
  static uint8_t many[65], none[1];
  const kiln_wasm_functype type = {.types = types, .n_params = 2, .n_results = 2};
  const kiln_wasm_image *image = load("typed", 0);
  kiln_wasmrt_store *other = kiln_wasmrt_store_new(NULL);
  answer_with = add;
  host.store = other;
  kiln_wasmrt_define_typed(other, "host", "typed", &type, typed_host, NULL);
  void *foreign = (void *)(uintptr_t)kiln_wasmrt_lookup_func(open_in(other, image), "typed");
  host.store = kiln_wasmrt_store_new(NULL);
  kiln_wasmrt_define_typed(host.store, "host", "typed", &type, typed_host, foreign);
  host.instance = open_in(host.store, image);

  kiln_wasmrt_typed args[3] = {kiln_wasmrt_i32(2), kiln_wasmrt_i64(40), kiln_wasmrt_f32(1)};
  call_typed("right", args, 2, 2);
  call_typed("few arguments", args, 1, 2);
  call_typed("many arguments", args, 3, 2);
  call_typed("few results", args, 2, 1);
  args[1] = kiln_wasmrt_f64(40);
  call_typed("another type", args, 2, 2);
  args[1].type = (kiln_wasm_type)77;
  call_typed("no type", args, 2, 2);
  args[1] = kiln_wasmrt_i64(40);
  answer_with = give_i32;
  call_typed("another result", args, 2, 2);
  answer_with = give_other;
  call_typed("a result of another store", args, 2, 2);
  answer_with = add;
  call_typed("right again", args, 2, 2);

  kiln_wasmrt_error e;
  kiln_wasmrt_typed ref = {KILN_WASM_TYPE_FUNCREF, {.ref = foreign}};
  const kiln_wasm_func *take = kiln_wasmrt_lookup_func(host.instance, "take");
  kiln_wasmrt_call_typed(host.store, take, &ref, 1, NULL, 0, &e);
  say("an argument of another store", &e);
  ref.value.ref = NULL;
  kiln_wasmrt_call_typed(host.store, take, &ref, 1, NULL, 0, &e);
  say("null", &e);
  kiln_wasmrt_call_typed(host.store, foreign, NULL, 0, NULL, 0, &e);
  say("a function of another store", &e);

  memset(many, KILN_WASM_TYPE_I32, sizeof many);
  kiln_wasm_functype bad = {.types = many, .n_params = 65};
  printf("65 values: %d", kiln_wasmrt_define_typed(host.store, "a", "b", &bad, typed_host, NULL));
  bad = (kiln_wasm_functype){.types = many, .n_params = 30, .n_results = 34};
  printf(", 64: %d", kiln_wasmrt_define_typed(host.store, "a", "b", &bad, typed_host, NULL));
  bad = (kiln_wasm_functype){.types = none, .n_params = 1};
  printf(", none: %d\n", kiln_wasmrt_define_typed(host.store, "a", "b", &bad, typed_host, NULL));
  kiln_wasmrt_store_free(other);
}

/* ---- unknown imports ---- */

static void unknown_imports(void) {
  const kiln_wasm_image *funcs = load("unknown", 0), *memory = load("unknown_memory", 0);
  kiln_wasmrt_error e;
  host.store = kiln_wasmrt_store_new(NULL);
  if (try_in(host.store, funcs, &e) == NULL) say("without stubs", &e);
  kiln_wasmrt_store_free(host.store);
  host.store = kiln_wasmrt_store_new(&(kiln_wasmrt_store_options){.stub_unknown_functions = true});
  host.instance = try_in(host.store, funcs, &e);
  say("with stubs", &e);
  e = call_in(host.store, host.instance, "call", 0);
  say("call", &e);
  printf("status %u, frames %u\n", (unsigned)e.status, e.n_frames);
  e = call_in(host.store, host.instance, "indirect", 0);
  say("indirect", &e);
  e = call_in(host.store, host.instance, "good", 0);
  say("good", &e);
  if (try_in(host.store, memory, &e) == NULL) say("memory", &e);
}

/* ---- commands and reactors ---- */

static void starts(void) {
  static const char *const names[] = {"command", "reactor", "neither", "both", "parameter"};
  kiln_wasmrt_error e;
  host.store = kiln_wasmrt_store_new(NULL);
  for (unsigned k = 0; k < sizeof names / sizeof *names; k++) {
    kiln_wasmrt_instance *i = open_in(host.store, load(names[k], 0));
    kiln_wasi_start(host.store, i, &e);
    say(names[k], &e);
  }
}

const struct host_case host_call_cases[] = {
  {"callers_memory", callers_memory},   {"callers", callers}, {"typed", typed},
  {"unknown_imports", unknown_imports}, {"starts", starts},   {NULL, NULL},
};
