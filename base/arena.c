/* The bump arena's slow path, making and freeing. Called by module.c and everything that needs
 * scratch memory which is freed together. Chunks form a list in order of use; after a reset the
 * same list is used again. Invariant: a chunk after the current one holds no allocation. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct kn_arena_chunk {
  struct kn_arena_chunk *next;
  size_t size; /* of the payload, which starts at CHUNK_HEAD */
};

enum { CHUNK_HEAD = 64, FIRST_CHUNK = 4096, LARGEST_STEP = 1 << 20 };
_Static_assert(sizeof(struct kn_arena_chunk) <= CHUNK_HEAD, "the payload follows the head");

void kn_arena_init(struct kn_arena *a, const kiln_allocator *allocator) {
  memset(a, 0, sizeof *a);
  a->allocator = *allocator;
}

static uint8_t *payload(struct kn_arena_chunk *c) { return (uint8_t *)c + CHUNK_HEAD; }

static void enter(struct kn_arena *a, struct kn_arena_chunk *c) {
  a->current = c;
  a->at = c != NULL ? payload(c) : NULL;
  a->end = c != NULL ? a->at + c->size : NULL;
}

void kn_arena_free(struct kn_arena *a) {
  struct kn_arena_chunk *c = a->first;
  while (c != NULL) {
    struct kn_arena_chunk *next = c->next;
    KN_UNPOISON(payload(c), c->size);
    kn_allocator_realloc(&a->allocator, c, 0);
    c = next;
  }
  a->first = NULL;
  a->held_bytes = 0;
  enter(a, NULL);
}

void kn_arena_reset(struct kn_arena *a) {
  if (a->first == NULL) return;
  for (struct kn_arena_chunk *c = a->first;; c = c->next) {
    KN_POISON(payload(c), c->size);
    if (c == a->current) break;
  }
  enter(a, a->first);
}

/* A chunk with `need` bytes of free space right after the current one. A chunk kept from before
 * that is too small stays in the list, after the new one: smaller requests will use it. */
static struct kn_arena_chunk *next_chunk(struct kn_arena *a, size_t need) {
  struct kn_arena_chunk *after = a->current != NULL ? a->current->next : a->first;
  if (after != NULL && after->size >= need) return after;
  size_t size = a->held_bytes < FIRST_CHUNK    ? FIRST_CHUNK
                : a->held_bytes > LARGEST_STEP ? (size_t)LARGEST_STEP
                                               : a->held_bytes;
  size -= CHUNK_HEAD;
  if (size < need) size = need;
  struct kn_arena_chunk *c = kn_allocator_realloc(&a->allocator, NULL, CHUNK_HEAD + size);
  if (c == NULL) return NULL;
  c->size = size;
  c->next = after;
  if (a->current != NULL) a->current->next = c;
  else a->first = c;
  a->held_bytes += CHUNK_HEAD + size;
  KN_POISON(payload(c), size);
  return c;
}

void *kn_arena_alloc_slow(struct kn_arena *a, size_t size, size_t align) {
  if (size > SIZE_MAX / 2) return NULL;
  struct kn_arena_chunk *c = next_chunk(a, size + align);
  if (c == NULL) return NULL;
  enter(a, c);
  uint8_t *p = a->at + (-(uintptr_t)a->at & (align - 1));
  a->at = p + size;
  KN_UNPOISON(p, size);
  return p;
}

void *kn_arena_zero(struct kn_arena *a, size_t size, size_t align) {
  void *p = kn_arena_alloc(a, size, align);
  if (p != NULL) memset(p, 0, size);
  return p;
}

char *kn_arena_string(struct kn_arena *a, const char *bytes, size_t length) {
  char *p = kn_arena_alloc(a, length + 1, 1);
  if (p == NULL) return NULL;
  if (length > 0) memcpy(p, bytes, length);
  p[length] = 0;
  return p;
}

char *kn_arena_print(struct kn_arena *a, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(NULL, 0, format, args);
  va_end(args);
  char *text = n >= 0 ? kn_arena_alloc(a, (size_t)n + 1, 1) : NULL;
  va_start(args, format);
  if (text != NULL) vsnprintf(text, (size_t)n + 1, format, args);
  va_end(args);
  return text;
}
