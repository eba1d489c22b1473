/* Walks of a stack, from frame to frame: <kiln/stack.h>. What a frame's code is says the JIT (finder.h) or the dynamic
 * linker; cfi.c finds the caller; the table of roots of a function (root_format.h) says what is in its frame. This
 * folder runs in compiled programs, with or without a JIT. It is a part of libkiln, since <kiln/stack.h> is; a program
 * that calls nothing else of libkiln links this folder and base/ alone.
 * Invariant: nothing here takes a lock or allocates, but what makes and frees a map. */
#include "runtime/stack/cfi.h"
#include "runtime/stack/finder.h"
#include "runtime/stack/root_format.h"

#include "base/array.h"
#include "base/bytes.h"
#include "base/hints.h"

#include <kiln/stack.h>

#include <stdlib.h>

/* ---- maps ---- */

struct mapped {
  uint64_t start, size; /* of the function */
  const uint8_t *table;
};

struct kiln_root_map {
  kiln_allocator allocator;
  uint32_t n;
  struct mapped at[]; /* in the order of their functions */
};

static uint64_t start_of(const uint8_t *table) {
  return (uint64_t)(uintptr_t)(table + KN_ROOTS_FUNC) +
         (uint64_t)(int64_t)(int32_t)kn_get32(table + KN_ROOTS_FUNC);
}

/* The size of the table at `p`, of which `room` bytes are there; 0: it is damaged, or of another version. */
static uint32_t table_size(const uint8_t *p, size_t room) {
  if (room < KN_ROOTS_HEAD) return 0;
  uint32_t size = kn_get32(p + KN_ROOTS_SIZE);
  uint64_t calls = kn_get32(p + KN_ROOTS_N_CALLS), roots = kn_get32(p + KN_ROOTS_N_ROOTS);
  bool ids = (p[KN_ROOTS_FLAGS] & KN_ROOTS_IDS) != 0;
  bool known =
    p[KN_ROOTS_VERSION] == KN_ROOTS_VERSION_1 && (p[KN_ROOTS_FLAGS] & ~KN_ROOTS_IDS) == 0;
  return known && size <= room && size == KN_ROOTS_HEAD + 4 * (calls * (1u + ids) + roots) ? size
                                                                                           : 0;
}

/* The number of tables; UINT32_MAX: something is damaged. Notes them, if `map` is not NULL. Linkers may put zeros
 * between the sections of two objects. */
static uint32_t read_tables(const uint8_t *p, const uint8_t *end, kiln_root_map *map) {
  uint32_t n = 0, size;
  for (; p < end; p += size) {
    size = KN_ROOTS_ALIGN;
    if (end - p >= KN_ROOTS_ALIGN && kn_get32(p) == 0) continue;
    size = table_size(p, (size_t)(end - p));
    if (size == 0 || n == UINT32_MAX - 1) return UINT32_MAX;
    if (map != NULL) map->at[n] = (struct mapped){start_of(p), kn_get32(p + KN_ROOTS_FUNC_SIZE), p};
    n++;
  }
  return n;
}

static int compare_mapped(const void *a, const void *b) {
  const struct mapped *x = a, *y = b;
  return x->start < y->start ? -1 : x->start > y->start;
}

kiln_root_map *kiln_root_map_new(const kiln_root_map_options *options) {
  if (options == NULL || !KN_UNRESERVED(options)) return NULL;
  const uint8_t *start = options->start, *end = options->end;
  kiln_allocator a = options->allocator;
  if (start == NULL || end == NULL || start > end) return NULL;
  uint32_t n = read_tables(start, end, NULL);
  kiln_root_map *map =
    n != UINT32_MAX ? kn_allocator_realloc(&a, NULL, sizeof *map + n * sizeof *map->at) : NULL;
  if (map == NULL) return NULL;
  map->allocator = a;
  map->n = n;
  read_tables(start, end, map);
  qsort(map->at, n, sizeof *map->at, compare_mapped);
  return map;
}

void kiln_root_map_free(kiln_root_map *map) {
  if (map == NULL) return;
  kiln_allocator a = map->allocator;
  kn_allocator_realloc(&a, map, 0);
}

/* The table of the function at `pc`; NULL: it has none. */
static const uint8_t *find_mapped(const kiln_root_map *map, uint64_t pc) {
  const uint32_t n = map != NULL ? KN_COUNT_BEFORE(k, map->n, map->at[k].start <= pc) : 0;
  return n != 0 && pc - map->at[n - 1].start < map->at[n - 1].size ? map->at[n - 1].table : NULL;
}

/* ---- walks ---- */

/* The frame at a point. */
static struct kn_cfi_frame frame_at(const struct kn_stack_machine *machine,
                                    const kiln_stack_point *point) {
  struct kn_cfi_frame f = {.pc = point->pc};
  for (unsigned k = 0; k < machine->n_saved; k++) f.r[machine->saved[k]] = point->saved[k];
  f.r[machine->stack_pointer] = point->sp;
  return f;
}

/* Saves its own point first, and then finds that of its caller. */
kiln_status kiln_stack_point_save(kiln_stack_point *point) {
  if (point == NULL) return KILN_ERR_ARGUMENT;
  *point = (kiln_stack_point){0};
  const struct kn_stack_machine *machine = kn_stack_machine_host;
  if (machine == NULL) return KILN_ERR_UNSUPPORTED;
  kiln_stack_point here;
  uint64_t start, cfa;
  machine->save((uint64_t *)&here);
  struct kn_cfi_frame f = frame_at(machine, &here);
  const uint8_t *fde = kn_cfi_find(f.pc - 1, &start);
  if (fde == NULL || kn_cfi_step(machine, fde, start, &f, &cfa) != KN_CFI_CALLER)
    return KILN_ERR_UNSUPPORTED;
  point->pc = f.pc;
  point->sp = f.r[machine->stack_pointer];
  for (unsigned k = 0; k < machine->n_saved; k++) point->saved[k] = f.r[machine->saved[k]];
  return KILN_OK;
}

/* What kiln_stack_walk.state has: numbers of its type alone. */
struct walk {
  uint64_t machine;          /* address of the kn_stack_machine, or 0 */
  struct kn_cfi_frame frame; /* the next one */
  uint64_t n;                /* of frames before it */
  uint64_t ended;
};
_Static_assert(sizeof(struct walk) <= sizeof(((kiln_stack_walk *)0)->state), "the state has room");

kiln_status kiln_stack_walk_begin(kiln_stack_walk *walk, const kiln_stack_point *point) {
  if (walk == NULL) return KILN_ERR_ARGUMENT;
  struct walk *w = (struct walk *)walk->state;
  const struct kn_stack_machine *machine = kn_stack_machine_host;
  *w = (struct walk){.machine = (uint64_t)(uintptr_t)machine, .ended = true};
  walk->status = point == NULL || (walk->jits == NULL && walk->n_jits != 0) ||
                     (walk->maps == NULL && walk->n_maps != 0) || !KN_UNRESERVED(walk)
                   ? KILN_ERR_ARGUMENT
                 : machine == NULL ? KILN_ERR_UNSUPPORTED
                                   : KILN_OK;
  if (walk->status != KILN_OK) return walk->status;
  w->frame = frame_at(machine, point);
  w->ended = false;
  return KILN_OK;
}

/* Ends the walk. */
static bool ends(kiln_stack_walk *walk, kiln_status status) {
  ((struct walk *)walk->state)->ended = true;
  walk->status = status;
  return false;
}

static bool find_code(const kiln_stack_walk *walk, uint64_t pc, struct kn_stack_code *code) {
  for (uint32_t i = 0; i < walk->n_jits; i++) {
    struct kn_stack_finder *f = (struct kn_stack_finder *)walk->jits[i];
    if (f == NULL || !f->find(f, pc, code)) continue;
    if (code->fde == NULL) code->fde = kn_cfi_bare;
    return code->fde != NULL;
  }
  for (uint32_t i = 0; i < walk->n_maps && code->roots == NULL; i++)
    code->roots = find_mapped(walk->maps[i], pc);
  code->fde = kn_cfi_find(pc, &code->start);
  return code->fde != NULL;
}

/* Says what roots a frame has that stopped at `at` of the function of `table`; false: at no call that collects. */
static bool describe(kiln_stack_frame *frame, const uint8_t *table, uint32_t at) {
  const uint32_t n = kn_get32(table + KN_ROOTS_N_CALLS);
  const bool ids = (table[KN_ROOTS_FLAGS] & KN_ROOTS_IDS) != 0;
  const uint8_t *calls = table + KN_ROOTS_HEAD;
  const uint32_t k = KN_COUNT_BEFORE(j, n, kn_get32(calls + 4 * (size_t)j) < at);
  if (k == n || kn_get32(calls + 4 * (size_t)k) != at) return false;
  frame->has_table = true;
  frame->call_id = ids ? kn_get32(calls + 4 * ((size_t)n + k)) : 0;
  frame->n_roots = kn_get32(table + KN_ROOTS_N_ROOTS);
  frame->roots = (const int32_t *)(const void *)(calls + 4 * (size_t)n * (1u + ids));
  return true;
}

bool kiln_stack_walk_find_next(kiln_stack_walk *walk, kiln_stack_frame *frame) {
  if (walk == NULL || frame == NULL) return false;
  *frame = (kiln_stack_frame){0};
  struct walk *w = (struct walk *)walk->state;
  const struct kn_stack_machine *machine = (const struct kn_stack_machine *)(uintptr_t)w->machine;
  if (machine == NULL || w->ended) return false;
  const uint64_t pc = w->frame.pc, sp = w->frame.r[machine->stack_pointer];
  const bool exact = w->frame.exact;
  struct kn_stack_code code = {0};
  uint64_t end;
  frame->pc = (const void *)(uintptr_t)pc;
  enum kn_cfi_result caller = KN_CFI_FIRST;
  if (find_code(walk, pc - !exact, &code) && (code.fde != kn_cfi_bare || w->n == 0 || exact))
    caller = kn_cfi_step(machine, code.fde, code.start, &w->frame, &end);
  else if (kn_cfi_begins_program(pc - !exact)) end = sp;
  else return ends(walk, KILN_ERR_UNSUPPORTED);
  /* a frame takes room, but for the first one, and for one whose return address may be in a register: the newest one,
   * and one that was interrupted */
  const bool bare = w->n++ == 0 || exact || caller == KN_CFI_FIRST;
  if (caller == KN_CFI_LOST || end < sp || (end == sp && !bare))
    return ends(walk, KILN_ERR_UNSUPPORTED);
  if (walk->end != NULL && end > (uint64_t)(uintptr_t)walk->end) return ends(walk, KILN_OK);
  frame->end = (const void *)(uintptr_t)end;
  if (code.roots_of_frame) code.roots = *(const uint8_t **)(uintptr_t)(end - KN_STACK_LATE_ROOTS);
  if (code.roots != NULL && (exact || !describe(frame, code.roots, (uint32_t)(pc - code.start))))
    return ends(walk, KILN_ERR_STRUCTURE);
  if (caller == KN_CFI_FIRST) w->ended = true;
  return true;
}

void *kiln_stack_frame_root(const kiln_stack_frame *frame, uint32_t i, uint32_t *size_bytes) {
  if (frame == NULL || i >= frame->n_roots) return NULL;
  const int32_t word = frame->roots[i];
  if (size_bytes != NULL) *size_bytes = word & 1 ? 4 : 8;
  return (void *)((uintptr_t)frame->end + (uintptr_t)(intptr_t)(word & ~1));
}
