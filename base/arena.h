/* A bump arena: many small allocations that are freed together. The module keeps its strings, data
 * and relocations in one; a session and the object writer use one for scratch. A reset keeps the
 * chunks for the next use and poisons them under ASan, so that a stale pointer is caught.
 * Invariant: [at, end) is the unused rest of the current chunk; chunks after it are empty. */
#ifndef KN_BASE_ARENA_H
#define KN_BASE_ARENA_H

#include "base/array.h"

#if defined(__SANITIZE_ADDRESS__)
#define KN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KN_ASAN 1
#endif
#endif
#ifdef KN_ASAN
#include <sanitizer/asan_interface.h>
#define KN_POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define KN_UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define KN_POISON(p, n) ((void)(p), (void)(n))
#define KN_UNPOISON(p, n) ((void)(p), (void)(n))
#endif

struct kn_arena_chunk;

struct kn_arena {
  uint8_t *at, *end;
  struct kn_arena_chunk *current; /* NULL: nothing allocated yet */
  struct kn_arena_chunk *first;
  size_t held_bytes; /* in chunks, with their headers */
  kiln_allocator allocator;
};

/* Makes an empty arena; takes no memory yet. */
void kn_arena_init(struct kn_arena *a, const kiln_allocator *allocator);
/* Frees all memory; the arena is empty and usable. */
void kn_arena_free(struct kn_arena *a);
/* Forgets all allocations and keeps the memory. */
void kn_arena_reset(struct kn_arena *a);
/* The slow path of kn_arena_alloc: takes the next chunk. */
void *kn_arena_alloc_slow(struct kn_arena *a, size_t size, size_t align);

/* `size` bytes, uninitialised, aligned to `align` (a power of two up to 64); NULL without memory. */
static inline void *kn_arena_alloc(struct kn_arena *a, size_t size, size_t align) {
  size_t pad = -(uintptr_t)a->at & (align - 1);
  size_t room = (size_t)(a->end - a->at);
  if (room < pad || room - pad < size || a->at == NULL) return kn_arena_alloc_slow(a, size, align);
  uint8_t *p = a->at + pad;
  a->at = p + size;
  KN_UNPOISON(p, size);
  return p;
}

/* As kn_arena_alloc, zeroed. */
void *kn_arena_zero(struct kn_arena *a, size_t size, size_t align);
/* Copies `length` bytes and adds a NUL. */
char *kn_arena_string(struct kn_arena *a, const char *bytes, size_t length);
/* What printf writes, with a NUL; NULL without memory. */
char *kn_arena_print(struct kn_arena *a, const char *format, ...)
  __attribute__((format(printf, 2, 3)));

#endif
