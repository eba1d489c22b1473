/* Units: what was linked together, with its memory, names and lines. Made by add.c and symbols.c, kept and freed by
 * jit.c. */
#ifndef KN_JIT_UNIT_H
#define KN_JIT_UNIT_H

#include "lib/jit/jit_state.h"

enum kn_jit_kind {
  KN_JIT_CODE, /* executable */
  KN_JIT_RO,   /* read-only once written */
  KN_JIT_RW,   /* writable, private to the process after a fork */
  KN_JIT_KINDS
};

/* A piece of memory of one kind. */
struct kn_jit_block {
  struct kn_jit_pool *pool; /* NULL: none */
  uint8_t *at;              /* as it is executed and read */
  uint64_t size;            /* as it was asked for */
  bool zero;                /* fresh from the system */
};

/* Memory that find.c may still read without the lock. It is freed once nobody does: memory/retire.c. */
struct kn_jit_retired {
  struct kn_jit_retired *next;
  void *parts[6]; /* freed in this order; the last one may be the block that contains this struct */
};

/* A place in the source: what kiln_jit_find_pc says of code. */
struct kn_jit_place {
  uint32_t function, file; /* offsets in the unit's `text`; of an empty string: not known */
  uint32_t line, column;
  uint32_t call;  /* of inlined code: index + 1 of the place of the call */
  uint32_t scope; /* while the places are made: of the session's location */
};
/* From `at` on, the code is of a place. */
struct kn_jit_row {
  uint32_t at;    /* from the start of the unit's code */
  uint32_t place; /* index + 1; 0: none */
};

/* What belongs to a function besides its code: 1 + its offset in the unit's read-only data, 0: it has none. */
struct kn_jit_belongings {
  uint32_t fde;
  uint32_t roots; /* its table of roots */
};

/* find.c reads, without the lock: id, blocks of code and of read-only data but for their pools, symbols, belongings,
 * stubs_fde, names, rows, places, text, in_chunk.
 * All but the last are constant while the unit can be found. */
struct kn_jit_unit {
  uint64_t id;
  struct kn_jit_unit *_Atomic in_chunk;    /* the next unit with code in the same chunk */
  struct kn_jit_unit *_Atomic *found_from; /* what points to it; NULL: it cannot be found */
  KN_ARRAY(struct kn_jit_row) rows;        /* of lines, ascending */
  KN_ARRAY(struct kn_jit_place) places;
  KN_ARRAY(char) text; /* strings of places; the first is empty */
  struct kn_jit_retired retired;
  struct kn_jit_block blocks[KN_JIT_KINDS];
  struct kn_jit_entry **defs; /* what it defines or did: entry->unit tells */
  struct kn_jit_entry **refs; /* what it was bound to; in the same memory */
  uint32_t n_defs, n_refs;
  struct kn_memory_symbol *symbols;     /* functions first, ascending */
  struct kn_jit_belongings *belongings; /* of functions; in the same memory */
  uint32_t n_symbols, n_funcs;
  uint32_t stubs_fde; /* of the stubs, likewise */
  char *names;
  struct kn_jit_tls *tls; /* NULL: none */
  uint64_t *ctors;        /* in the order of calls; destructors after them */
  uint32_t n_ctors, n_dtors;
  bool constructed, destructed, registers; /* the last: functions with the process, under `dso` */
  bool finalized;                          /* which have been called, or dropped */
  uint32_t running;  /* threads that call its constructors, destructors or what it registered */
  uint64_t dso;      /* __dso_handle */
  uint8_t *eh_frame; /* NULL: none */
  uint64_t eh_frame_size;
  bool frames_known; /* to the unwinder */
  void *gdb;         /* entry of its list */
};

struct kn_jit_slot {        /* of the table of units */
  struct kn_jit_unit *unit; /* NULL: free */
  uint32_t generation;
  uint32_t next_free; /* index + 1 */
};

/* ---- jit.c ---- */

/* A unit by its handle; NULL if it is not valid. */
struct kn_jit_unit *kn_jit_unit_get(const kiln_jit *jit, kiln_jit_unit u);
/* Gives a unit a handle. */
bool kn_jit_unit_add(kiln_jit *jit, struct kn_jit_unit *u, kiln_jit_error *e);
/* Tells unwinders and kiln_jit_find_pc of a unit that is complete. */
bool kn_jit_unit_show(kiln_jit *jit, struct kn_jit_unit *u, kiln_jit_error *e);
/* Frees a unit with all it has, memory included, after all who know of it forgot it; its handle is not touched. */
void kn_jit_unit_free(kiln_jit *jit, struct kn_jit_unit *u);

#endif
