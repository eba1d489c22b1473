/* Uses of items of arrays that may have moved, for moving.py --self: it must find each line that says so, and no other.
 * Nothing compiles this. */
#include "base/array.h"

struct item {
  int value, next;
};

struct list {
  KN_ARRAY(struct item) items;
  KN_ARRAY(struct item) others;
  struct item *cells;
  int n_cells, max_cells;
};

struct unrelated {
  KN_ARRAY(struct item) items;
};

static int add(kiln_allocator *a, struct list *l) {
  return KN_PUSH(a, l->items, (struct item){0}) ? (int)l->items.n - 1 : 0;
}

static int add_through(kiln_allocator *a, struct list *l) { return add(a, l) + 1; }

static int add_cell(struct list *l) {
  if (l->n_cells == l->max_cells) {
    l->max_cells *= 2;
    l->cells = repalloc(l->cells, sizeof(struct item) * (size_t)l->max_cells);
  }
  return l->n_cells++;
}

static void grow_any(kiln_allocator *a, void *array) {
  kn_array_grow(a, array, 1, sizeof(struct item));
}

static struct item *last(struct list *l) { return &l->items.at[l->items.n - 1]; }

static void set_value(kiln_allocator *a, struct list *l, struct item *it) {
  add(a, l);
  it->value = 1;
}

static struct item *skip(struct item *it, int n) { return it + n; }

static long argument_beside_a_call(kiln_allocator *a, struct list *l) {
  struct item *it = &l->items.at[0];
  const struct item *end = skip(it, add(a, l));
  return end - it; /* found */
}

static void index_is_a_call(struct list *l) { l->cells[add_cell(l)].value = 1; /* found */ }

static void assigned_from_a_call(kiln_allocator *a, struct list *l) {
  l->items.at[0].next = add_through(a, l); /* found */
}

static void read_beside_a_call(kiln_allocator *a, struct list *l) {
  int x = l->items.at[add(a, l)].value; /* found */
  l->n_cells = x;
}

static void pointer_over_a_push(kiln_allocator *a, struct list *l) {
  struct item *it = &l->items.at[0];
  if (!KN_PUSH(a, l->items, (struct item){0})) return;
  it->value = 1; /* found */
}

static void pointer_over_a_call(kiln_allocator *a, struct list *l) {
  const struct item *it = l->items.at + 2;
  add_through(a, l);
  l->n_cells = it->value; /* found */
}

static void pointer_in_a_loop(kiln_allocator *a, struct list *l) {
  struct item *it = &l->items.at[0];
  for (int i = 0; i < 4; i++) {
    it->value++; /* found */
    add(a, l);
  }
}

static void whole_array(kiln_allocator *a, struct list *l) {
  struct item *all = l->items.at;
  for (uint32_t i = 0; i < l->items.n; i++) {
    if (all[i].next == 0) add(a, l); /* found */
  }
}

static void by_an_accessor(kiln_allocator *a, struct list *l) {
  struct item *it = last(l);
  add(a, l);
  it->next = 1; /* found */
}

static void by_its_address(kiln_allocator *a, struct list *l) {
  struct item *it = &l->items.at[1];
  grow_any(a, &l->items);
  it->next = 1; /* found */
}

static void as_an_argument(kiln_allocator *a, struct list *l) {
  set_value(a, l, &l->items.at[3]); /* found */
}

static void local_array(kiln_allocator *a) {
  KN_ARRAY(struct item) items = {0};
  if (!KN_PUSH(a, items, (struct item){0})) return;
  struct item *it = &items.at[0];
  if (!KN_PUSH(a, items, (struct item){0})) return;
  it->next = 1; /* found */
}

static void set_again(kiln_allocator *a, struct list *l) {
  struct item *it = &l->items.at[0];
  add(a, l);
  it = &l->items.at[0];
  it->value = 1;
}

static void call_first(kiln_allocator *a, struct list *l) {
  int i = add(a, l);
  l->items.at[i].value = 1;
}

static void leaves_after_the_call(kiln_allocator *a, struct list *l, bool full) {
  struct item *it = &l->items.at[0];
  if (full) {
    add(a, l);
    return;
  }
  it->value = 1;
}

static void another_array(kiln_allocator *a, struct list *l) {
  struct item *it = &l->others.at[0];
  add(a, l);
  it->value = 1;
}

static void array_of_another_type(kiln_allocator *a, struct list *l, struct unrelated *u) {
  struct item *it = &u->items.at[0];
  add(a, l);
  it->value = 1;
}

static void value_of_an_item(kiln_allocator *a, struct list *l) {
  struct item it = l->items.at[0];
  add(a, l);
  l->n_cells = it.value;
}

static void with_a_reason(kiln_allocator *a, struct list *l) {
  struct item *it = &l->items.at[0];
  add(a, l);
  /* moves: room for it was made before */
  it->value = 1;
}
