/* The allocator of unit tests: it fails where a test says, and counts. Zeroed, it never fails. */
#ifndef KN_TESTS_FAILING_H
#define KN_TESTS_FAILING_H

#include <stdlib.h>
#include <string.h>

#include <kiln/types.h>

struct failing {
  size_t fail_at; /* the allocation that fails, from 1; 0: none */
  bool on;        /* all later ones fail, too */
  bool junk;      /* new memory is full of junk */
  size_t calls;   /* allocations so far, those that failed included */
  size_t held;    /* blocks in use */
};

static inline void *failing_realloc(void *user, void *old, size_t size) {
  struct failing *f = user;
  if (size == 0) {
    f->held -= old != NULL;
    free(old);
    return NULL;
  }
  f->calls++;
  if (f->fail_at != 0 && (f->on ? f->calls >= f->fail_at : f->calls == f->fail_at)) return NULL;
  void *new = realloc(old, size);
  f->held += old == NULL && new != NULL;
  if (f->junk && old == NULL && new != NULL) memset(new, 0xa5, size);
  return new;
}

static inline kiln_allocator failing_allocator(struct failing *f) {
  return (kiln_allocator){failing_realloc, f};
}

/* From now on `n` allocations succeed, then none. */
static inline void fail_after(struct failing *f, size_t n) {
  f->fail_at = f->calls + n + 1;
  f->on = true;
}

/* From now on all succeed. */
static inline void fail_never(struct failing *f) { f->fail_at = 0; }

#endif
