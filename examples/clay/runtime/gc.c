/* The heap of Clay programs: mark and sweep, conservative on the stack. Compiled code is not involved: any word on
 * the stack or in a register that equals an object's address keeps that object alive. All objects are in one hash
 * table of addresses, by which addresses are recognised. Invariant: marks are clear outside of a collection. */
#include "runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct object {
  uint32_t kind;
  uint32_t marked;
  size_t size;
};

static struct {
  uintptr_t *table;    /* addresses behind struct object; 0: free */
  size_t n, capacity;  /* capacity is a power of two, at least twice n */
  size_t bytes, limit; /* in use; at which to collect */
  clay_cell **roots;
  size_t n_roots;
  struct object **work; /* objects that are marked, but whose references are not yet */
  size_t n_work, max_work;
  uintptr_t bottom;
  bool stress; /* collect at every allocation: a test of the collector */
} heap;

static void *need(void *p) {
  if (p != NULL) return p;
  fflush(stdout);
  fputs("clay: out of memory\n", stderr);
  exit(101);
}

static struct object *header(uintptr_t p) { return (struct object *)p - 1; }

/* Where `p` is in the table, or the free place where it would be. */
static size_t find(uintptr_t p) {
  size_t i = (size_t)((p >> 4) * 0x9e3779b97f4a7c15u >> 20) & (heap.capacity - 1);
  while (heap.table[i] != 0 && heap.table[i] != p) i = (i + 1) & (heap.capacity - 1);
  return i;
}

/* A table of `capacity` with the objects that are marked, or all. Frees the others. */
static void rebuild(size_t capacity, bool all) {
  uintptr_t *old = heap.table;
  size_t old_capacity = heap.capacity;
  heap.table = need(calloc(capacity, sizeof *heap.table));
  heap.capacity = capacity;
  heap.n = 0;
  for (size_t i = 0; i < old_capacity; i++) {
    if (old[i] == 0) continue;
    struct object *o = header(old[i]);
    if (all || o->marked) {
      heap.table[find(old[i])] = old[i];
      heap.n++;
      o->marked = 0;
    } else {
      heap.bytes -= o->size;
      if (o->kind == CLAY_CELLS || o->kind == CLAY_REFS) {
        struct clay_array *a = (struct clay_array *)old[i];
        heap.bytes -= (size_t)a->capacity * sizeof(clay_cell);
        free(a->cells);
      }
      free(o);
    }
  }
  free(old);
}

/* ---- marking: a list of work instead of recursion ---- */

static void mark(clay_cell word) {
  uintptr_t p = (uintptr_t)word;
  if (p == 0 || heap.table[find(p)] == 0 || header(p)->marked) return;
  header(p)->marked = 1;
  if (header(p)->kind != CLAY_REFS && header(p)->kind != CLAY_RECORD) return;
  if (heap.n_work == heap.max_work) {
    heap.max_work = heap.max_work * 2 + 64;
    heap.work = need(realloc(heap.work, heap.max_work * sizeof *heap.work));
  }
  heap.work[heap.n_work++] = header(p);
}

static void mark_all(void) {
  while (heap.n_work > 0) {
    const struct object *o = heap.work[--heap.n_work];
    const struct clay_array *a = (const struct clay_array *)(o + 1);
    bool record = o->kind == CLAY_RECORD;
    const clay_cell *cells = record ? (const clay_cell *)(o + 1) : a->cells;
    size_t n = record ? o->size / sizeof *cells : (size_t)a->size;
    for (size_t i = 0; i < n; i++) mark(cells[i]);
  }
}

static __attribute__((noinline)) void collect(void) {
  __builtin_unwind_init(); /* saves all callee-saved registers in this frame */
  clay_cell here = 0;
  for (uintptr_t p = (uintptr_t)&here; p + sizeof(clay_cell) <= heap.bottom; p += sizeof(void *)) {
    clay_cell word;
    memcpy(&word, (void *)p, sizeof word);
    mark(word);
  }
  for (size_t i = 0; i < heap.n_roots; i++) mark(*heap.roots[i]);
  mark_all();
  rebuild(heap.capacity, false);
  size_t capacity = 1024;
  while (capacity < heap.n * 3) capacity *= 2;
  if (capacity < heap.capacity) rebuild(capacity, true);
  heap.limit = heap.bytes * 2 < 4 << 20 ? 4 << 20 : heap.bytes * 2;
}

/* ---- what runtime.c calls ---- */

void clay_heap_init(void *bottom) {
  const char *mode = getenv("CLAY_GC");
  heap.bottom = (uintptr_t)bottom;
  heap.stress = mode != NULL && strcmp(mode, "stress") == 0;
  heap.limit = 4 << 20;
  rebuild(1024, true);
}

void *clay_heap_new(enum clay_kind kind, size_t size) {
  if (heap.bytes > heap.limit || heap.stress) collect();
  struct object *o = need(calloc(1, sizeof *o + size));
  *o = (struct object){.kind = kind, .size = size};
  heap.bytes += size;
  if ((heap.n + 1) * 2 > heap.capacity) rebuild(heap.capacity * 2, true);
  heap.table[find((uintptr_t)(o + 1))] = (uintptr_t)(o + 1);
  heap.n++;
  return o + 1;
}

void clay_heap_grow(struct clay_array *a, int64_t capacity) {
  a->cells = need(reallocarray(a->cells, (size_t)capacity, sizeof *a->cells));
  heap.bytes += (size_t)(capacity - a->capacity) * sizeof *a->cells;
  a->capacity = capacity;
}

void clay_root(clay_cell *cell) {
  heap.roots = need(reallocarray(heap.roots, heap.n_roots + 1, sizeof *heap.roots));
  heap.roots[heap.n_roots++] = cell;
}
