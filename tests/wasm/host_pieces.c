/* Cases of host.c: operations whose size the module chooses, interrupted at a page of what they work on. That page
 * faults, and so does one that follows after the end of the piece: the first fault requests the interruption, and the
 * second page must not be touched. */
#include "host.h"

#include <kiln/wasi.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BYTES = 1 << 20, REFERENCES = 1 << 18 }; /* of a piece */

/* ---- an interruption within an operation ---- */

static struct {
  uint8_t *first, *last; /* pages, NULL: none */
  size_t page;
} at;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  uint8_t *where = info->si_addr;
  if (at.first != NULL && where >= at.first && where < at.first + at.page) {
    mprotect(at.first, at.page, PROT_READ | PROT_WRITE);
    at.first = NULL;
    kiln_wasmrt_interrupt(host.store);
    return;
  }
  static const char text[] = "went on\n";
  _exit(write(1, text, sizeof text - 1) < 0 ? 4 : 3);
}

/* Before the runtime installs its own, which passes on what is not its own. */
static void catch_faults(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  at.page = (size_t)sysconf(_SC_PAGESIZE);
}

/* An operation of the module `pieces`. `of`: the memory or table that has the pages. */
struct operation {
  const char *name, *of;
  uint64_t from; /* of the first page, in bytes from its start */
  int64_t piece; /* the other page is so far after it; negative: before it */
};

#define MEMORY_BYTES (UINT64_C(1) << 32)

static const struct operation operations[] = {
  {"fill", "memory", 5 * BYTES / 2, BYTES},
  {"fill64", "memory64", 5 * BYTES / 2, BYTES},
  {"copy", "memory64", 5 * BYTES / 2, BYTES},
  {"copy_down", "memory", 5 * BYTES / 2, BYTES},
  {"copy_up", "memory", MEMORY_BYTES - 5 * BYTES / 2, -BYTES},
  {"copy_up64", "memory64", MEMORY_BYTES - 5 * BYTES / 2, -BYTES},
  {"init", "memory", 3 * BYTES / 2, BYTES},
  {"init64", "memory64", 3 * BYTES / 2, BYTES},
  {"table_fill", "table", 5 * BYTES / 2, REFERENCES},
  {"table_copy", "table64", 5 * BYTES / 2, BYTES},
  {"table_copy_down", "table", 5 * BYTES / 2, BYTES},
  {"table_copy_up", "table", 4000000 * 8 - 5 * BYTES / 2, -BYTES},
  {"table_init", "table", BYTES / 2, REFERENCES},
  {"table_grow", "grown", 1000001 * 8 + 5 * BYTES / 2, REFERENCES},
  {"table_room", "copied", 5 * BYTES / 2, REFERENCES},
  {"vectors", "memory", 133 * BYTES / 2, REFERENCES},
};

static uint8_t *start_of(kiln_wasmrt_instance *i, const char *name) {
  kiln_wasmrt_extern e = kiln_wasmrt_lookup(i, name);
  return e.kind == KILN_WASM_MEMORY ? ((kiln_wasm_memory *)e.address)->base
                                    : (uint8_t *)((kiln_wasm_table *)e.address)->elements;
}

static uint8_t *page_of(uint8_t *byte) { return byte - (uintptr_t)byte % at.page; }

static void interrupt_in(kiln_wasmrt_instance *i, const struct operation *o) {
  uint8_t *first = page_of(start_of(i, o->of) + o->from);
  at.last = first + o->piece + (o->piece > 0 ? (int64_t)at.page : -(int64_t)at.page);
  at.first = first;
  mprotect(at.first, at.page, PROT_NONE);
  mprotect(at.last, at.page, PROT_NONE);
  kiln_wasmrt_error e = call_in(host.store, i, o->name, 0);
  mprotect(at.last, at.page, PROT_READ | PROT_WRITE);
  say(o->name, &e);
  if (at.first != NULL) puts("not reached");
  e = call_in(host.store, i, "little", 0);
  if (e.status != KILN_WASMRT_OK) say("little", &e);
}

/* Each of the module's functions has the operation forty times. Tables that were to grow are as they were. */
static void pieces(void) {
  catch_faults();
  kiln_wasmrt_store_options o = {.max_total_pages = 1 << 18};
  kiln_wasi_options none = {.streams[1].kind = KILN_WASI_STREAM_NULL};
  kiln_wasi *w = kiln_wasi_new(&none, NULL);
  host.store = kiln_wasmrt_store_new(&o);
  if (w == NULL || !kiln_wasi_define(w, host.store)) exit(9);
  kiln_wasmrt_instance *i = open_in(host.store, load("pieces", KILN_WASM_INTERRUPT));
  call_in(host.store, i, "make_room", 0);
  for (size_t k = 0; k < sizeof operations / sizeof *operations; k++)
    interrupt_in(i, operations + k);
  for (int k = 0; k < 2; k++) {
    const char *name = k == 0 ? "grown" : "copied";
    const kiln_wasm_table *t = kiln_wasmrt_lookup(i, name).address;
    printf("%s: %u\n", name, (unsigned)t->size_elements);
  }
  kiln_wasmrt_error e = call_in(host.store, i, "grow_all", 0);
  say("grow_all", &e);
  kiln_wasmrt_store_free(host.store);
  host.store = NULL;
  kiln_wasi_free(w);
}

/* ---- copies that overlap ---- */

static uint32_t number_of(size_t k) { return (uint32_t)(k * UINT32_C(2654435761)) ^ (uint32_t)k; }

/* Has the module copy `n` units from one place to another of what is at `all`; C's memmove says what is right. */
static bool moves(kiln_wasmrt_instance *i, const char *name, uint8_t *all, size_t bytes,
                  size_t unit, size_t to, size_t from, size_t n) {
  uint8_t *copy = malloc(bytes);
  if (copy == NULL) exit(9);
  for (size_t k = 0; k < bytes / 4; k++) {
    uint32_t v = number_of(k);
    memcpy(all + k * 4, &v, sizeof v);
  }
  memcpy(copy, all, bytes);
  memmove(copy + to * unit, copy + from * unit, n * unit);
  kiln_wasm_value v[3] = {{.i64 = to}, {.i64 = from}, {.i64 = n}};
  kiln_wasmrt_error e;
  kiln_wasmrt_call(host.store, kiln_wasmrt_lookup_func(i, name), v, &e);
  bool same = e.status == KILN_WASMRT_OK && memcmp(copy, all, bytes) == 0;
  if (!same) printf("%s to %zu from %zu: %s\n", name, to, from, e.message);
  free(copy);
  return same;
}

static void overlaps(void) {
  static const size_t distances[] = {0, 1, 4096, BYTES - 1, BYTES, BYTES + 1, 3 * BYTES};
  host.store = kiln_wasmrt_store_new(NULL);
  kiln_wasmrt_instance *i = open_in(host.store, load("moves", 0));
  static const struct {
    const char *name, *of;
    size_t unit;
  } rows[] = {{"move", "memory", 1},
              {"move64", "memory64", 1},
              {"move_table", "table", 8},
              {"move_table64", "table64", 8}};
  unsigned good = 0;
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    for (size_t k = 0; k < sizeof distances / sizeof *distances; k++) {
      size_t d = distances[k] / rows[r].unit, n = (3 * BYTES + 40) / rows[r].unit;
      uint8_t *all = start_of(i, rows[r].of);
      good += moves(i, rows[r].name, all, 7 * BYTES, rows[r].unit, d + 3, 3, n);
      good += moves(i, rows[r].name, all, 7 * BYTES, rows[r].unit, 3, d + 3, n);
    }
  }
  printf("right: %u\n", good);
}

/* ---- backtraces ---- */

static kiln_wasmrt_extern tag;

static kiln_wasm_exn *throw_one(void *user, kiln_wasm_value *values) {
  (void)user;
  (void)values;
  return kiln_wasmrt_exn_new(kiln_wasmrt_instance_address(host.instance), tag.address, 0);
}

static void trap_in_host(kiln_wasm_value *values) {
  (void)values;
  kiln_wasmrt_trap(NULL, KILN_WASM_TRAP_UNREACHABLE);
}

/* Calls the functions of `argument`, which begins with the flags that the module is compiled with, and prints which
 * functions were active at the trap. */
static void backtraces(void) {
  char names[2048], *rest, *name;
  snprintf(names, sizeof names, "%s", host.argument);
  uint32_t flags = (uint32_t)strtoul(names, &rest, 10);
  host.store = kiln_wasmrt_store_new(
    &(kiln_wasmrt_store_options){.max_host_bytes = UINT64_C(1) << 20, .fuel = 1000});
  host.on_call = trap_in_host;
  tag = kiln_wasmrt_tag_new(host.store, "");
  kiln_wasmrt_define_func(host.store, "host", "throw", "", throw_one, NULL);
  host.instance = open_in(host.store, load("backtraces", flags));
  for (name = strtok(rest, " "); name != NULL; name = strtok(NULL, " ")) {
    if (strncmp(name, "interrupted", 11) == 0) kiln_wasmrt_interrupt(host.store);
    if (flags & KILN_WASM_FUEL) kiln_wasmrt_set_fuel(host.instance, 10);
    kiln_wasmrt_error e = call_in(host.store, host.instance, name, 0);
    printf("%s: %s:", name, e.message);
    for (uint32_t k = 0; k < e.n_frames; k++) printf(" %u", e.frames[k].function);
    puts("");
  }
}

const struct host_case host_piece_cases[] = {
  {"pieces", pieces}, {"overlaps", overlaps}, {"backtraces", backtraces}, {NULL, NULL}};
