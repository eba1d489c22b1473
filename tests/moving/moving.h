/* A test of roots: generated programs run with a collector that moves every object at each call that collects, and
 * fills the memory that it left with a pattern. The files: gen.c writes a program as text, heap.c has objects and the
 * collector, through.c is C code on the stack between frames of programs, host.c runs programs: compiled into the JIT
 * or linked, on the interpreter, and by several threads, and compares what they computed and which roots were visited.
 * */
#ifndef MOVING_H
#define MOVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- random numbers: xorshift64* ---- */

struct random {
  uint64_t state;
};
static inline uint64_t random_next(struct random *r) {
  r->state ^= r->state >> 12;
  r->state ^= r->state << 25;
  r->state ^= r->state >> 27;
  return r->state * UINT64_C(0x2545f4914f6cdd1d);
}
static inline uint32_t random_below(struct random *r, uint32_t n) {
  return (uint32_t)(random_next(r) >> 33) % n;
}

/* ---- gen.c ---- */

/* What the id of a call says: the function, and what kind of frame it is in. With ID_POPS, the function frees more than
 * five arguments beside the usual three. */
enum {
  ID_POPS = 1 << 27,
  ID_PAD = 1 << 28,
  ID_TAIL = 1 << 29,
  ID_SALLOC = 1 << 30,
  ID_FUNC = 1 << 16
};

/* The text of program `seed`, which begins with @main(i64) -> i64; to be freed. `stale`: one value is used that a call
 * has made stale, which the verifier has to refuse. */
char *moving_program(uint64_t seed, bool stale, size_t *length);

/* ---- heap.c ---- */

enum { FIELDS = 2 };
struct object {
  uint64_t magic, payload;
  uint64_t field[FIELDS]; /* objects, 0, or odd numbers */
};

/* The memory of one program, and what is counted. */
struct heap {
  uint8_t *space[2];
  size_t used; /* in the current one, */
  size_t left; /* and in the other one before the collection */
  unsigned current;
  bool moves;
  uint64_t collections, moved, roots, live_roots, root_hash;
};

/* Ends the test with a message. */
_Noreturn void moving_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

void heap_new(struct heap *h, bool moves);
void heap_free(struct heap *h);
/* An object; a collection has to be made before there is no room for it. */
struct object *heap_allocate(struct heap *h, uint64_t payload);
/* Begins a collection; visits a root; ends it. */
void heap_begin(struct heap *h);
void heap_visit(struct heap *h, void *root, uint32_t size);
void heap_end(struct heap *h);
/* Checks that a reference is to an object that was not moved; gives it. NULL of 0 and odd numbers. */
struct object *heap_object(const struct heap *h, uint64_t reference);
/* Compressed references: 1 + the number of the object. */
uint32_t heap_pack(const struct heap *h, uint64_t reference);
uint64_t heap_unpack(const struct heap *h, uint32_t packed);

/* ---- through.c ---- */

typedef int64_t moving_fn(int64_t a, int64_t b, int64_t n);
/* Calls `fn` with values in all registers that calls preserve, and in `n` & 63 words of the stack more. */
int64_t moving_through(moving_fn *fn, int64_t a, int64_t b, int64_t n);
/* The same in a frame that is aligned to 64 bytes and has a variable size: on x86-64 its unwind rows have expressions
 * in them. */
int64_t moving_aligned(moving_fn *fn, int64_t a, int64_t b, int64_t n);
/* Ends with the call of `fn`, which does not return. */
_Noreturn void moving_last(void (*fn)(int64_t n), int64_t n);

#endif
