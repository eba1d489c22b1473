/* Finds the roots in the frames of a linked Clay program: the unwinder goes from frame to frame, and the tables that
 * Kiln wrote to the section kiln_roots say where the roots of a frame are. docs/roots.md in Kiln's tree describes the
 * tables. A program that is linked with libkiln needs none of this: it calls kiln_stack_walk_find_next, as `clay --jit`
 * does. */
#include "runtime.h"
#include "system.h"

#include <stdio.h>
#include <stdlib.h>

/* A table; its variable part is: the return addresses, then the places of the roots. */
struct table {
  uint32_t size_bytes;
  uint8_t version, flags, frame_register, zero;
  int32_t to_function; /* from this field */
  uint32_t function_bytes, cfa_offset, n_calls, n_roots;
  uint32_t words[];
};

enum { VERSION = 1 };

/* The linker defines these symbols if there is a table. */
extern const char __start_kiln_roots[] CLAY_OPTIONAL, __stop_kiln_roots[] CLAY_OPTIONAL;

static const struct table **tables; /* in the order of their functions */
static size_t n_tables;

static uintptr_t start_of(const struct table *t) {
  return (uintptr_t)&t->to_function + (uintptr_t)(intptr_t)t->to_function;
}

static int compare(const void *a, const void *b) {
  uintptr_t x = start_of(*(const struct table *const *)a),
            y = start_of(*(const struct table *const *)b);
  return x < y ? -1 : x > y;
}

static void read_tables(void) {
  for (const char *p = __start_kiln_roots; p < __stop_kiln_roots;) {
    const struct table *t = (const struct table *)p;
    p += t->size_bytes > 0 ? t->size_bytes : 4; /* there may be zeros between tables */
    if (t->size_bytes == 0) continue;
    if (t->version != VERSION || t->flags != 0) abort();
    if (n_tables % 64 == 0) tables = clay_need(realloc(tables, (n_tables + 64) * sizeof(void *)));
    tables[n_tables++] = t;
  }
  qsort(tables, n_tables, sizeof(void *), compare);
}

/* The table of the function that contains `pc`, or NULL. */
static const struct table *find_table(uintptr_t pc) {
  size_t low = 0, high = n_tables;
  while (low < high) {
    size_t middle = (low + high) / 2;
    uintptr_t start = start_of(tables[middle]);
    if (pc < start) high = middle;
    else if (pc - start >= tables[middle]->function_bytes) low = middle + 1;
    else return tables[middle];
  }
  return NULL;
}

static bool is_call_that_collects(const struct table *t, uintptr_t offset) {
  for (uint32_t i = 0; i < t->n_calls; i++)
    if (t->words[i] == offset) return true;
  return false;
}

struct walk {
  void (*visit)(clay_cell *root);
  uint64_t frames;
};

static bool visit_frame(const struct clay_frame *f, void *user) {
  struct walk *w = user;
  const struct table *t =
    find_table(f->pc - 1); /* a call may be the last instruction of a function */
  if (t == NULL) return true;
  if (!is_call_that_collects(t, f->pc - start_of(t))) {
    fprintf(stderr, "clay: a collection in a call that does not collect\n");
    abort();
  }
  const bool by_sp = t->frame_register == CLAY_STACK_POINTER;
  const uintptr_t frame = by_sp ? f->sp : f->reg(f->context, t->frame_register);
  const int32_t *places = (const int32_t *)&t->words[t->n_calls];
  for (uint32_t i = 0; i < t->n_roots; i++)
    w->visit((clay_cell *)(frame + t->cfa_offset + (uintptr_t)(intptr_t)places[i]));
  w->frames++;
  return true;
}

/* `clay --jit` has a function of its own. */
CLAY_DEFAULT uint64_t clay_each_root(void (*visit)(clay_cell *root)) {
  struct walk w = {.visit = visit};
  if (tables == NULL) read_tables();
  clay_each_frame(visit_frame, &w);
  return w.frames;
}
