/* Cases of host.c: limits of stores, fuel, interruption, several stores. */
#include "host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void say_in(kiln_wasmrt_store *s, kiln_wasmrt_instance *i, const char *name, uint32_t x) {
  kiln_wasmrt_error e = call_in(s, i, name, x);
  say(name, &e);
}

static kiln_wasmrt_store *store_with(const kiln_wasmrt_store_options *o) {
  kiln_wasmrt_store_free(host.store);
  return host.store = kiln_wasmrt_store_new(o);
}

/* Calls the function that the argument names in a store with little memory of the host. */
static void exceptions(void) {
  kiln_wasmrt_store *s =
    store_with(&(kiln_wasmrt_store_options){.max_host_bytes = UINT64_C(1) << 20});
  kiln_wasmrt_instance *i = open_in(s, load("exceptions", 0));
  say_in(s, i, host.argument, 100000);
  say_in(s, i, "once", 1);
}

/* What is beyond a limit is an error that names it, in a store where all else is possible. */
static void limits(void) {
  static const kiln_wasmrt_store_options rows[] = {
    {.max_tables = 2}, {.max_memories = 1},       {.max_total_pages = 2},
    {.max_pages = 1},  {.max_table_elements = 5}, {.max_host_bytes = 300},
  };
  const kiln_wasm_image *image = load("limits", 0);
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    kiln_wasmrt_error e;
    kiln_wasmrt_store *s = store_with(&rows[k]);
    if (kiln_wasmrt_instantiate(s, image, &e) != NULL) puts("no limit");
    else printf("%.*s\n", (int)strcspn(e.message, ",:"), e.message);
  }
  kiln_wasmrt_error e;
  kiln_wasmrt_store *s = store_with(&(kiln_wasmrt_store_options){.max_instances = 2});
  for (int k = 0; k < 3; k++) {
    kiln_wasmrt_instantiate(s, image, &e);
    say("instance", &e);
  }
}

/* Growing fails beyond a limit, for all memories and tables together. */
static void growing(void) {
  kiln_wasmrt_store *s =
    store_with(&(kiln_wasmrt_store_options){.max_total_pages = 10, .max_table_elements = 20});
  kiln_wasmrt_instance *i = open_in(s, load("limits", 0));
  static const char *const names[] = {"grow0", "grow1", "grow_table0", "grow_table1"};
  for (size_t k = 0; k < 4; k++) {
    kiln_wasm_value v = {.i32 = 0};
    unsigned n = 0;
    kiln_wasmrt_error e;
    do {
      v.i32 = 1;
      kiln_wasmrt_call(s, kiln_wasmrt_lookup_func(i, names[k]), &v, &e);
    } while (v.i32 != UINT32_MAX && ++n < 100);
    printf("%s: %u\n", names[k], n);
  }
}

/* An instance that fails leaves nothing: 20,000 times 8 GiB would be more than there is of addresses. */
static void failing(void) {
  kiln_wasmrt_store *s = store_with(NULL);
  const kiln_wasm_image *bad = load("bad_data", 0);
  kiln_wasmrt_error e = {0};
  for (int k = 0; k < 20000 && (k == 0 || e.status == KILN_WASMRT_TRAP); k++)
    kiln_wasmrt_instantiate(s, bad, &e);
  say("last", &e);
  bad = load("unknown", 0);
  for (int k = 0; k < 20000 && (k == 0 || e.status == KILN_WASMRT_LINK); k++)
    kiln_wasmrt_instantiate(s, bad, &e);
  say("last", &e);
  kiln_wasmrt_instantiate(s, load("limits", 0), &e);
  say("good", &e);
}

/* ---- fuel, interruption ---- */

static void fuel(void) {
  kiln_wasmrt_error e;
  const kiln_wasm_image *image = load("work", KILN_WASM_FUEL);
  kiln_wasmrt_store *s = store_with(&(kiln_wasmrt_store_options){.fuel = 1000});
  kiln_wasmrt_instance *i = try_in(s, image, &e);
  say("start", &e);
  static const char *const names[] = {"loop", "recursion", "fill", "copy",
                                      "init", "table",     "calls"};
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    kiln_wasmrt_set_fuel(i, 1000);
    say_in(s, i, names[k], 0);
  }
  static const char *const outside[] = {"bad_fill",  "bad_copy",       "bad_init",
                                        "bad_table", "bad_table_copy", "bad_table_init"};
  for (size_t k = 0; k < sizeof outside / sizeof *outside; k++) {
    kiln_wasmrt_set_fuel(i, 1000);
    say_in(s, i, outside[k], 0);
    printf("left: %d\n", (int)kiln_wasmrt_fuel(i)); /* 1 for the function */
  }
  kiln_wasmrt_set_fuel(i, 2000); /* the 1,024th has those looked for that can be freed */
  say_in(s, i, "throws", 1000);
  kiln_wasmrt_set_fuel(i, 2000);
  say_in(s, i, "throws", 1100);
  kiln_wasmrt_set_fuel(i, 1000);
  say_in(s, i, "little", 0);
  kiln_wasmrt_store_free(s);
  host.store = s = kiln_wasmrt_store_new(&(kiln_wasmrt_store_options){.fuel = 2});
  try_in(s, image, &e);
  say("start", &e);
}

static void *interrupt(void *store) {
  usleep(50000);
  kiln_wasmrt_interrupt(store);
  return NULL;
}

static void interruption(void) {
  kiln_wasmrt_store *s = store_with(NULL);
  kiln_wasmrt_instance *i = open_in(s, load("work", KILN_WASM_INTERRUPT));
  static const char *const names[] = {"loop", "calls", "wait32", "wait64", "bulk"};
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    pthread_t t;
    pthread_create(&t, NULL, interrupt, s);
    say_in(s, i, names[k], 0);
    pthread_join(t, NULL);
    say_in(s, i, "little", 0);
  }
  kiln_wasmrt_interrupt(s); /* the next call */
  say_in(s, i, "wait32", 0);
  /* The thread that asked for it goes on, and makes the page inaccessible, when it was taken already. */
  const kiln_wasm_header *h = (kiln_wasm_header *)kiln_wasmrt_instance_address(i) - 1;
  mprotect((void *)(uintptr_t)h->interrupt, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE);
  say_in(s, i, "little", 0);
  kiln_wasmrt_interrupt(s);
  say_in(s, i, "loop", 0);
}

/* ---- several stores ---- */

static void other_store(void) {
  const kiln_wasm_image *giver = load("giver", 0), *taker = load("taker", 0);
  kiln_wasmrt_store *a = store_with(NULL), *b = kiln_wasmrt_store_new(NULL);
  kiln_wasmrt_instance *i = open_in(a, giver);
  kiln_wasmrt_instance *own = open_in(b, giver);
  kiln_wasmrt_error e;
  static const char *const names[] = {"func", "memory", "table", "global", "tag"};
  for (size_t k = 0; k < 5; k++) {
    kiln_wasmrt_define_instance(b, "giver", own);
    kiln_wasmrt_define(b, "giver", names[k], kiln_wasmrt_lookup(i, names[k]));
    kiln_wasmrt_instantiate(b, taker, &e);
    say(names[k], &e);
  }
  kiln_wasmrt_define_instance(b, "giver", own);
  kiln_wasmrt_instantiate(b, taker, &e);
  say("own", &e);
  e = call_in(b, i, "func", 1);
  say("call", &e);
  kiln_wasmrt_store_free(b);
}

static kiln_wasmrt_store *stores[2];
static kiln_wasmrt_instance *instances[2];

static void *wait_for_other(void *user) {
  (void)user;
  kiln_wasm_value v = {.i32 = 0};
  kiln_wasmrt_error e;
  kiln_wasmrt_call(stores[1], kiln_wasmrt_lookup_func(instances[1], "wait"), &v, &e);
  printf("waited: %s %u\n", e.message, v.i32);
  return NULL;
}

/* A shared memory between stores and threads; it outlives the store that has made it. */
static void shared_memory(void) {
  const kiln_wasm_image *image = load("shared", 0);
  const kiln_wasm_limits limits = {.min = 1, .max = 3, .shared = true};
  for (int k = 0; k < 2; k++) stores[k] = kiln_wasmrt_store_new(NULL);
  kiln_wasmrt_extern m = kiln_wasmrt_memory_new(stores[0], &limits);
  for (int k = 0; k < 2; k++) {
    kiln_wasmrt_define(stores[k], "host", "memory", m);
    instances[k] = open_in(stores[k], image);
  }
  pthread_t t;
  pthread_create(&t, NULL, wait_for_other, NULL);
  kiln_wasm_value v = {.i32 = 0};
  kiln_wasmrt_error e;
  do {
    kiln_wasmrt_call(stores[0], kiln_wasmrt_lookup_func(instances[0], "notify"), &v, &e);
  } while (v.i32 == 0);
  pthread_join(t, NULL);
  kiln_wasmrt_store_free(stores[0]);
  say_in(stores[1], instances[1], "load", 65532);
  say_in(stores[1], instances[1], "load", 65536);
  say_in(stores[1], instances[1], "grow", 1);
  say_in(stores[1], instances[1], "load", 65536);
  kiln_wasmrt_store_free(stores[1]);
}

const struct host_case host_limit_cases[] = {
  {"exceptions", exceptions},
  {"limits", limits},
  {"growing", growing},
  {"failing", failing},
  {"fuel", fuel},
  {"interruption", interruption},
  {"other_store", other_store},
  {"shared_memory", shared_memory},
  {NULL, NULL},
};
