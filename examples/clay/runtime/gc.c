/* The heap of Clay programs: a copying collector, by Cheney's algorithm. A collection copies each object that is still
 * needed to a new space, changes all references to it, and gives the old space back. References are in
 *
 *   - roots in frames of compiled code (clay_each_root finds them),
 *   - global variables (clay_root),
 *   - variables of the runtime function that allocates (the argument `held` of clay_heap_new),
 *   - objects and exceptions.
 *
 * A reference may also be the address of a string in the program's data, which is not copied. Exceptions do not move,
 * because the unwinder has their addresses. CLAY_GC=N tests all this: it collects at each N-th allocation, makes the
 * old space inaccessible, so that each reference that was not changed leads to a fault, and prints what it did. */
#include "runtime.h"
#include "system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stands before each object. Compiled code reads `shape`, which is just before a record. */
struct object {
  uint32_t kind; /* enum clay_kind, or MOVED */
  uint32_t size; /* in cells */
  union {
    const struct clay_shape *shape; /* of a record */
    void *moved;                    /* of the old copy: where the object is now */
  };
};

enum { MOVED = -1, MIN_SPACE = 4 << 20 };

struct space {
  char *start, *next, *end;
  size_t mapped;
};

static struct {
  struct space space, old; /* `old`: of the last collection, with CLAY_GC */
  clay_cell **globals;
  size_t n_globals;
  struct clay_exception *exceptions;
  unsigned long every, allocations; /* with CLAY_GC: collect at each one of `every` */
  struct clay_counts counts;
} heap;

void *clay_need(void *p) {
  if (p != NULL) return p;
  fflush(stdout);
  fputs("clay: out of memory\n", stderr);
  exit(101);
}

static struct object *header(void *p) { return (struct object *)p - 1; }

static size_t bytes_of(const struct object *o) {
  return sizeof *o + (size_t)o->size * sizeof(clay_cell);
}

/* ---- spaces ---- */

static struct space new_space(size_t size) {
  size = (size + 0xffff) & ~(size_t)0xffff;
  char *p = clay_need(clay_map(size));
  return (struct space){.start = p, .next = p, .end = p + size, .mapped = size};
}

static void free_space(struct space *s) {
  if (s->mapped > 0) clay_unmap(s->start, s->mapped);
  s->mapped = 0;
}

/* ---- copying ---- */

/* Changes a word if it refers to an object of the space `old`. */
static void forward(clay_cell *cell) {
  char *p = (char *)(uintptr_t)*cell;
  if (p < heap.old.start || p >= heap.old.next) {
    for (struct clay_exception *e = heap.exceptions; e != NULL; e = e->next)
      if ((char *)e == p) e->needed = true;
    return;
  }
  struct object *o = header(p);
  if (o->kind != (uint32_t)MOVED) {
    struct object *copy = (struct object *)heap.space.next;
    heap.space.next += bytes_of(o);
    memcpy(copy, o, bytes_of(o));
    o->kind = (uint32_t)MOVED;
    o->moved = copy + 1;
    heap.counts.moved++;
  }
  *cell = (clay_cell)(uintptr_t)o->moved;
}

/* Forwards the references in an object. */
static void scan(struct object *o) {
  clay_cell *cells = (clay_cell *)(o + 1);
  switch ((enum clay_kind)o->kind) {
  case CLAY_PLAIN: break;
  case CLAY_REFS:
    for (uint32_t i = 0; i < o->size; i++) forward(&cells[i]);
    break;
  case CLAY_RECORD:
    for (uint32_t i = 0; i < o->size; i++)
      if (o->shape->references[i]) forward(&cells[i]);
    break;
  case CLAY_ARRAY:
    forward((clay_cell *)(void *)&((struct clay_array *)(void *)cells)->cells);
    break;
  }
}

/* The objects between `scanned` and the end of the space were copied, but their references were not forwarded yet. */
static void scan_all(char *scanned) {
  for (; scanned < heap.space.next; scanned += bytes_of((struct object *)scanned))
    scan((struct object *)scanned);
}

static void scan_exceptions(void) {
  bool found = true;
  while (found) { /* the value of an exception may lead to others */
    found = false;
    for (struct clay_exception *e = heap.exceptions; e != NULL; e = e->next) {
      if (!e->needed || e->scanned) continue;
      e->scanned = found = true;
      char *scanned = heap.space.next;
      if (e->is_reference) forward(&e->value);
      scan_all(scanned);
    }
  }
}

static void free_exceptions(void) {
  struct clay_exception **at = &heap.exceptions;
  while (*at != NULL) {
    struct clay_exception *e = *at;
    if (!e->needed) {
      *at = e->next;
      free(e);
      continue;
    }
    e->needed = e->scanned = false;
    at = &e->next;
  }
}

static void forward_root(clay_cell *root) {
  heap.counts.roots++;
  forward(root);
}

/* Makes room for `need` bytes. */
static void collect(size_t need, void **const *held) {
  free_space(&heap.old);
  heap.old = heap.space;
  size_t used = (size_t)(heap.old.next - heap.old.start);
  heap.space = new_space(2 * used + need + MIN_SPACE);
  heap.counts.collections++;

  for (size_t i = 0; i < heap.n_globals; i++) forward(heap.globals[i]);
  for (; held != NULL && *held != NULL; held++) forward((clay_cell *)(void *)*held);
  heap.counts.frames += clay_each_root(forward_root);
  scan_all(heap.space.start);
  scan_exceptions();
  free_exceptions();

  size_t live = (size_t)(heap.space.next - heap.space.start);
  heap.space.end = heap.space.next + need + (live > MIN_SPACE ? live : MIN_SPACE);
  if (heap.every > 0) clay_close(heap.old.start, heap.old.mapped);
  else free_space(&heap.old);
}

/* ---- what the rest of the runtime calls ---- */

static void print_counts(void) {
  const struct clay_counts *n = &heap.counts;
  fprintf(stderr, "collections %llu, objects moved %llu, frames with roots %llu, roots %llu\n",
          (unsigned long long)n->collections, (unsigned long long)n->moved,
          (unsigned long long)n->frames, (unsigned long long)n->roots);
}

void clay_heap_init(void) {
  const char *mode = getenv("CLAY_GC");
  heap.every = mode != NULL ? strtoul(mode, NULL, 10) : 0;
  heap.space = new_space(MIN_SPACE);
  if (heap.every > 0) atexit(print_counts);
}

void *clay_heap_new(enum clay_kind kind, size_t size, const struct clay_shape *shape,
                    void **const *held) {
  size_t cells = (size + sizeof(clay_cell) - 1) / sizeof(clay_cell);
  if (cells > UINT32_MAX) clay_need(NULL);
  size_t need = sizeof(struct object) + cells * sizeof(clay_cell);
  bool test = heap.every > 0 && ++heap.allocations % heap.every == 0;
  if (test || (size_t)(heap.space.end - heap.space.next) < need) collect(need, held);
  struct object *o = (struct object *)heap.space.next;
  heap.space.next += need;
  *o = (struct object){.kind = kind, .size = (uint32_t)cells, .shape = shape};
  return o + 1;
}

void clay_root(clay_cell *cell) {
  heap.globals = clay_need(realloc(heap.globals, (heap.n_globals + 1) * sizeof *heap.globals));
  heap.globals[heap.n_globals++] = cell;
}

void clay_add_exception(struct clay_exception *e) {
  e->next = heap.exceptions;
  heap.exceptions = e;
}
