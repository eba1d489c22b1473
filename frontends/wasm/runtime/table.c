/* Tables of references. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

static void free_table(struct kn_owned *o) {
  struct kn_table *t = (struct kn_table *)o, **p = &t->store->tables;
  while (*p != t) p = &(*p)->next;
  *p = t->next;
  t->store->used.elements -= t->table->size_elements;
  t->store->used.tables--;
  free(t->own.elements); /* kept the same as the table's */
  free(t);
}

/* Room for `n` elements. An interruption traps, if there are many that have to be copied. */
static bool make_room(struct kn_table *t, uint64_t n) {
  if (n <= t->capacity) return true;
  uint64_t capacity = 2 * t->capacity > n ? 2 * t->capacity : n;
  if (capacity > t->max) capacity = t->max;
  void **elements = malloc(capacity * sizeof *elements);
  if (elements == NULL) return false;
  for (uint64_t done = 0, m; done < t->table->size_elements; done += m) {
    uint64_t left = t->table->size_elements - done;
    if (kn_interrupted(t->store)) {
      free(elements);
      kn_interrupt_trap(t->store);
    }
    m = left < KN_PIECE_ELEMENTS ? left : KN_PIECE_ELEMENTS;
    memcpy(elements + done, t->own.elements + done, m * sizeof *elements);
  }
  free(t->own.elements);
  t->own.elements = t->table->elements = elements;
  t->capacity = capacity;
  return true;
}

static void set(const kiln_wasm_table *t, uint64_t first, uint64_t n, void *ref) {
  for (uint64_t i = 0; i < n; i++) t->elements[first + i] = ref;
}

struct kn_table *kn_table_new(kiln_wasmrt_store *s, kiln_wasm_table *table, uint8_t type,
                              const kiln_wasm_limits *limits, void *init) {
  uint64_t most =
    limits->max < s->options.max_table_elements ? limits->max : s->options.max_table_elements;
  if (limits->min > most || s->used.tables == s->options.max_tables ||
      !kn_take(&s->used.elements, limits->min, s->options.max_table_elements))
    return NULL;
  struct kn_table *t = calloc(1, sizeof *t);
  if (t != NULL) {
    t->store = s;
    t->table = table != NULL ? table : &t->own;
    t->limits = *limits;
    t->type = type;
    t->max = most;
    *t->table = (kiln_wasm_table){.user = {(uintptr_t)t, (uintptr_t)s}};
  }
  if (t == NULL || !make_room(t, limits->min)) {
    s->used.elements -= limits->min;
    free(t);
    return NULL;
  }
  s->used.tables++;
  t->table->size_elements = limits->min;
  set(t->table, 0, limits->min, init);
  t->next = s->tables;
  s->tables = t;
  kn_store_own(s, &t->owned, free_table);
  return t;
}

kiln_wasmrt_extern kiln_wasmrt_table_new(kiln_wasmrt_store *s, kiln_wasm_type type,
                                         const kiln_wasm_limits *limits) {
  struct kn_table *t = kn_table_new(s, NULL, (uint8_t)type, limits, NULL);
  return (kiln_wasmrt_extern){.kind = KILN_WASM_TABLE,
                              .type = (uint8_t)type,
                              .address = t != NULL ? t->table : NULL,
                              .store = s};
}

/* ---- bulk operations: as those of memories ---- */

static bool within(uint64_t all, uint64_t at, uint64_t n) { return n <= all && at <= all - n; }

__attribute__((noinline)) static void fill_pieces(kiln_wasmrt_store *s, const kiln_wasm_table *t,
                                                  uint64_t to, uint64_t n, void *ref) {
  for (uint64_t done = 0, m; done < n; done += m) {
    m = kn_piece(s, n - done, KN_PIECE_ELEMENTS);
    set(t, to + done, m, ref);
  }
}

static void fill(kiln_wasmrt_store *s, const kiln_wasm_table *t, uint64_t to, uint64_t n,
                 void *ref) {
  if (kn_at_once(s, n, KN_PIECE_ELEMENTS)) set(t, to, n, ref);
  else fill_pieces(s, t, to, n, ref);
}

/* It has grown when all new elements are there: an interruption, or a lack of fuel, leaves it as it was. */
uint64_t kn_do_table_grow(void *instance, uint32_t index, void *ref, uint64_t more) {
  kiln_wasm_table *t = kn_instance_table(kn_instance(instance), index);
  struct kn_table *k = kn_table(t);
  uint64_t old = t->size_elements;
  kiln_wasmrt_store *s = k->store;
  if (more > k->max - old || more > s->options.max_table_elements - s->used.elements ||
      !make_room(k, old + more))
    return UINT64_MAX;
  kn_burn(instance, more * sizeof ref);
  fill(s, t, old, more, ref);
  s->used.elements += more;
  t->size_elements = old + more;
  return old;
}

void kn_do_table_fill(void *instance, uint32_t index, uint64_t to, void *ref, uint64_t n) {
  const kiln_wasmrt_instance *i = kn_instance(instance);
  const kiln_wasm_table *t = kn_instance_table(i, index);
  if (!within(t->size_elements, to, n)) kn_do_trap(instance, KILN_WASM_TRAP_TABLE);
  kn_burn(instance, n * sizeof ref);
  fill(i->store, t, to, n, ref);
}

void kn_do_table_copy(void *instance, uint32_t to_index, uint32_t from_index, uint64_t to,
                      uint64_t from, uint64_t n) {
  kiln_wasmrt_instance *i = kn_instance(instance);
  kiln_wasm_table *a = kn_instance_table(i, to_index), *b = kn_instance_table(i, from_index);
  if (!within(a->size_elements, to, n) || !within(b->size_elements, from, n))
    kn_do_trap(instance, KILN_WASM_TRAP_TABLE);
  kn_burn(instance, n * sizeof *a->elements);
  if (n > 0) kn_move(i->store, a->elements + to, b->elements + from, n * sizeof *a->elements);
}

static bool init_within(const kiln_wasmrt_instance *i, const kiln_wasm_table *t, uint32_t elem,
                        uint64_t to, uint64_t from, uint64_t n) {
  return within(t->size_elements, to, n) &&
         within(i->elem_dropped[elem] ? 0 : i->image->elems[elem].n_items, from, n);
}

static void init(const kiln_wasmrt_instance *i, const kiln_wasm_table *t, uint32_t elem,
                 uint64_t to, uint64_t from, uint64_t n) {
  const kiln_wasm_image_elem *e = i->image->elems + elem;
  for (uint64_t k = 0; k < n; k++) t->elements[to + k] = kn_instance_item(i, e->items + from + k);
}

bool kn_table_init(const kiln_wasmrt_instance *i, uint32_t table, uint32_t elem, uint64_t to,
                   uint64_t from, uint64_t n) {
  const kiln_wasm_table *t = kn_instance_table(i, table);
  if (!init_within(i, t, elem, to, from, n)) return false;
  init(i, t, elem, to, from, n);
  return true;
}

void kn_do_table_init(void *instance, uint32_t table, uint32_t elem, uint64_t to, uint32_t from,
                      uint32_t n) {
  kiln_wasmrt_instance *i = kn_instance(instance);
  const kiln_wasm_table *t = kn_instance_table(i, table);
  if (!init_within(i, t, elem, to, from, n)) kn_do_trap(instance, KILN_WASM_TRAP_TABLE);
  kn_burn(instance, n * sizeof(void *));
  for (uint64_t done = 0, m; done < n; done += m) {
    m = kn_piece(i->store, n - done, KN_PIECE_ELEMENTS);
    init(i, t, elem, to + done, from + done, m);
  }
}

void kn_do_elem_drop(void *instance, uint32_t elem) {
  kn_instance(instance)->elem_dropped[elem] = true;
}
