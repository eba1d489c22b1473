/* Objects and the collector: two spaces, and a copy of everything that is reachable from one to the other. What was
 * left is filled with POISON, so that a reference to it is found when it is used. */
#include "moving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POISON = 0xdb };
static const size_t SPACE = 1 << 20;
static const uint64_t MAGIC = UINT64_C(0x0b7ec70b7ec7000), MOVED = UINT64_C(0x3040ed3040ed000);

void heap_new(struct heap *h, bool moves) {
  *h = (struct heap){.moves = moves, .root_hash = 1};
  for (unsigned i = 0; i < 2; i++) {
    h->space[i] = malloc(SPACE);
    if (h->space[i] == NULL) moving_wrong("no memory");
  }
}

void heap_free(struct heap *h) {
  free(h->space[0]);
  free(h->space[1]);
}

struct object *heap_allocate(struct heap *h, uint64_t payload) {
  if (h->used + sizeof(struct object) > SPACE) moving_wrong("the heap is full");
  struct object *o = (struct object *)(void *)(h->space[h->current] + h->used);
  h->used += sizeof *o;
  *o = (struct object){.magic = MAGIC, .payload = payload};
  return o;
}

static bool is_reference(uint64_t word) { return word != 0 && (word & 1) == 0; }

/* Is it the address of an object's place in the current space? */
static bool is_here(const struct heap *h, uint64_t reference) {
  uint64_t at = reference - (uint64_t)(uintptr_t)h->space[h->current];
  return at < h->used && at % sizeof(struct object) == 0;
}

struct object *heap_object(const struct heap *h, uint64_t reference) {
  if (!is_reference(reference)) return NULL;
  struct object *o = (struct object *)(uintptr_t)reference;
  if (!is_here(h, reference) || o->magic != MAGIC)
    moving_wrong("%#llx is no object, or a stale reference", (unsigned long long)reference);
  return o;
}

uint32_t heap_pack(const struct heap *h, uint64_t reference) {
  if (!is_reference(reference)) return 0;
  (void)heap_object(h, reference);
  return (uint32_t)((reference - (uint64_t)(uintptr_t)h->space[h->current]) /
                    sizeof(struct object)) +
         1;
}

uint64_t heap_unpack(const struct heap *h, uint32_t packed) {
  if (packed == 0) return 0;
  uint64_t reference =
    (uint64_t)(uintptr_t)h->space[h->current] + (packed - (uint64_t)1) * sizeof(struct object);
  (void)heap_object(h, reference);
  return reference;
}

void heap_begin(struct heap *h) {
  h->collections++;
  h->root_hash = h->root_hash * 31 + 7;
  if (!h->moves) return;
  h->current ^= 1;
  h->left = h->used;
  h->used = 0;
}

/* Where an object of the other space is now. */
static uint64_t forward(struct heap *h, uint64_t reference) {
  uint64_t at = reference - (uint64_t)(uintptr_t)h->space[h->current ^ 1];
  struct object *from = (struct object *)(uintptr_t)reference;
  if (at >= SPACE || at % sizeof(struct object) != 0 ||
      (from->magic != MAGIC && from->magic != MOVED))
    moving_wrong("a root or field has %#llx, which is no object, or a stale reference",
                 (unsigned long long)reference);
  if (from->magic == MOVED) return from->payload;
  struct object *to = (struct object *)(void *)(h->space[h->current] + h->used);
  h->used += sizeof *to;
  *to = *from;
  from->magic = MOVED;
  from->payload = (uint64_t)(uintptr_t)to;
  h->moved++;
  return from->payload;
}

void heap_visit(struct heap *h, void *root, uint32_t size) {
  uint64_t word = 0;
  memcpy(&word, root, size);
  h->roots++;
  const uint64_t base = (uint64_t)(uintptr_t)h->space[h->current ^ h->moves];
  uint64_t reference = size == 8 || word == 0 ? word : base + (word - 1) * sizeof(struct object);
  if (!is_reference(reference)) {
    h->root_hash = h->root_hash * 31 + word;
    return;
  }
  h->live_roots++;
  if (!h->moves) {
    h->root_hash = h->root_hash * 31 + heap_object(h, reference)->payload;
    return;
  }
  reference = forward(h, reference);
  h->root_hash = h->root_hash * 31 + ((struct object *)(uintptr_t)reference)->payload;
  word = size == 8
           ? reference
           : (reference - (uint64_t)(uintptr_t)h->space[h->current]) / sizeof(struct object) + 1;
  memcpy(root, &word, size);
}

void heap_end(struct heap *h) {
  if (!h->moves) return;
  for (size_t at = 0; at < h->used; at += sizeof(struct object)) {
    struct object *o = (struct object *)(void *)(h->space[h->current] + at);
    for (unsigned k = 0; k < FIELDS; k++)
      if (is_reference(o->field[k])) o->field[k] = forward(h, o->field[k]);
  }
  memset(h->space[h->current ^ 1], POISON, h->left);
}
