/* Protected memory of units, in chunks of pools: memory.c; memory that somebody may still read: retire.c. */
#ifndef KN_JIT_MEMORY_H
#define KN_JIT_MEMORY_H

#include "lib/jit/unit.h"

/* Memory is given out in granules and comes from chunks, each for one kind of content. */
enum { KN_JIT_GRANULE = 64, KN_JIT_CHUNK = 65536 };
/* Bytes before the first code of a block: callers instrumented by clang's -fsanitize=function read there. */
enum { KN_JIT_CODE_PAD = 16 };

struct kn_jit_chunk {
  uint8_t *granules; /* 1: in use; NULL: the chunk is free, or part of a run */
  uint32_t run;      /* chunks of the run that starts here, 0: none does */
  uint16_t used;     /* granules */
  uint16_t longest;  /* upper bound of the longest run of free granules */
  uint8_t kind;      /* kn_jit_kind */
  bool taken;
  bool separate; /* its two mappings are of different memory: it held data, or nothing yet */
  bool stale;    /* its pages are a child's too, for lack of new ones: nothing is written to them */
  uint32_t forks;               /* kiln_jit.forks when it got its pages */
  struct kn_jit_frames *frames; /* of the units in it, for the unwinder: unwind.c */
};

/* A piece of address space. Pages at both ends are never accessible. */
struct kn_jit_pool {
  struct kn_jit_pool *_Atomic next; /* find.c reads it, base, n_chunks, units without the lock */
  uint8_t *base;                    /* of chunk 0, as it is executed and read */
  int64_t delta;                    /* from there to where code and read-only data can be written */
  uint8_t *map;                     /* what mmap gave, guard pages included */
  size_t map_size;
  uint8_t *alias; /* the same of the writable mapping; NULL: none */
  uint32_t n_chunks;
  uint32_t n_taken;              /* chunks */
  uint32_t first_free, end_free; /* no free chunk before it, none from there on */
  uint32_t cursor[KN_JIT_KINDS]; /* where the last allocation was */
  uint32_t spare[KN_JIT_KINDS];  /* index + 1 of an empty chunk that was kept; 0: none */
  struct kn_jit_chunk *chunks;   /* in the same memory */
  bool unwound;                  /* the system's unwinder knows it: unwind_windows.c */
  struct kn_jit_retired retired;
  struct kn_jit_unit *_Atomic units[]; /* by chunk, the newest unit with code in it */
};

/* ---- memory.c ---- */

/* Takes memory for a unit: one block of each kind that has a size, near each other. */
bool kn_jit_take_unit(kiln_jit *jit, const uint64_t *size, const uint64_t *align,
                      struct kn_jit_block *blocks, kiln_jit_error *e);
/* Gives a block back; code becomes traps. NULL pool is allowed. */
void kn_jit_give(kiln_jit *jit, struct kn_jit_block *b, enum kn_jit_kind kind);
/* Makes completely written blocks executable or read-only, and their instructions visible to all processors. */
bool kn_jit_seal(kiln_jit *jit, const struct kn_jit_block *blocks, kiln_jit_error *e);
/* The address of a unit's block. */
static inline uint64_t kn_jit_at(const struct kn_jit_block *blocks, enum kn_jit_kind kind) {
  return (uint64_t)(uintptr_t)blocks[kind].at;
}
/* Where it can be written until it is sealed. */
static inline uint8_t *kn_jit_to(const struct kn_jit_block *blocks, enum kn_jit_kind kind) {
  const struct kn_jit_block *b = blocks + kind;
  return kind == KN_JIT_RW || b->pool == NULL ? b->at : b->at + b->pool->delta;
}
bool kn_jit_memory_init(kiln_jit *jit, kiln_jit_error *e);
void kn_jit_memory_free(kiln_jit *jit);

/* Called when memory is lacking. Gives back the memory of stubs that nobody uses; false: there is none. (symbols.c) */
bool kn_jit_stubs_trim(kiln_jit *jit);

/* Called before the pool's memory goes back. (serve/unwind_*.c) */
void kn_jit_unwind_forget(const struct kn_jit_pool *p);

/* ---- retire.c ---- */

/* Frees what kiln_jit_find_pc may be reading: at once if nobody is, else later. */
void kn_jit_retire(kiln_jit *jit, struct kn_jit_retired *r);
/* Frees the rest of it, when nobody can be reading. */
void kn_jit_retire_rest(kiln_jit *jit);

#endif
