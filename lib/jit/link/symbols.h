/* Names of a JIT, and stubs: symbols.c; functions that are compiled when they are called first: late.c. */
#ifndef KN_JIT_SYMBOLS_H
#define KN_JIT_SYMBOLS_H

#include "base/names.h"
#include "lib/jit/unit.h"

struct kn_code_func; /* lib/codegen/output.h */

struct kn_jit_name {
  const char *text; /* NUL-terminated */
  uint32_t length, hash;
};
/* None that exists is so long that it does not fit. */
static inline struct kn_jit_name kn_jit_name_make(const char *text, size_t n) {
  const uint32_t length = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
  return (struct kn_jit_name){text, length, kn_hash_bytes(text, length)};
}

/* A name, or a symbol of a stream that has none. It lives while somebody defines it or refers to it. */
struct kn_jit_entry {
  struct kn_jit_unit *unit;        /* that defines it; NULL: none */
  const struct kn_jit_unit *scope; /* of a hidden name: the unit whose own it is; else NULL */
  uint64_t address;                /* of the definition; thread-local: offset in the unit's */
  uint64_t size;
  uint64_t stub; /* address of a jump to what `slot` holds; 0: none */
  uint64_t *slot;
  struct kn_jit_stubs *group;     /* of the stub */
  struct kn_jit_late *late;       /* NULL: it was never declared lazy */
  uint32_t refs;                  /* other units that were bound to it */
  uint32_t holds;                 /* streams */
  uint32_t pending;               /* while a unit is linked: index + 1 of its definition there */
  uint32_t hash, id, name_length; /* id: index + 1 into kiln_jit.names */
  uint8_t align_log2;             /* of data */
  bool func, tls;
  char name[]; /* NUL-terminated; empty: none, and in no table */
};

/* A table of roots among arguments: late_roots.c. */
struct kn_jit_late_table {
  struct kn_jit_late_table *next;
  uint8_t bytes[];
};

/* What an entry that was declared lazy has, as long as it lives. */
struct kn_jit_late {
  kiln_jit_lazy_desc is; /* without its name; `compile` NULL: it is not declared any more */
  kiln_jit_lazy_desc
    ended;       /* that is not `is` any more, but runs: `release` NULL: nothing to release */
  bool runs_old; /* `thread` is in the `compile` of an earlier declaration */
  struct kn_jit_entry *entry;
  uintptr_t thread;          /* that is in `compile`; 0: none */
  struct kn_jit_late *outer; /* that the same thread had begun before */
  /* the present declaration's, or NULL; all that there were, since calls in progress have them */
  const uint8_t *roots;
  struct kn_jit_late_table *tables;
};
/* A thread that waits until another one has left `compile`. */
struct kn_jit_waiting {
  struct kn_jit_waiting *next;
  uintptr_t thread;
  const struct kn_jit_late *late;
};

/* Stubs that were made together, and their slots. Their numbers begin after KN_JIT_LATE_STUBS. */
struct kn_jit_stubs {
  struct kn_jit_stubs *next, **back;
  kiln_jit *jit;
  struct kn_jit_unit *unit; /* their memory and unwind rows, without functions */
  uint32_t n, n_free;
  uint16_t *free;            /* their numbers; in memory, they follow `of` */
  struct kn_jit_entry *of[]; /* by number; NULL: it is free, but may be called by mistake */
};

/* ---- symbols.c ---- */

struct kn_jit_entry *kn_jit_entry_find(const kiln_jit *jit, struct kn_jit_name name,
                                       const struct kn_jit_unit *scope);
/* The same, made if need be; length 0: a new one without a name. NULL, with an error, without memory. */
struct kn_jit_entry *kn_jit_entry_get(kiln_jit *jit, struct kn_jit_name name,
                                      const struct kn_jit_unit *scope, kiln_jit_error *error);
/* Ends a hold of the entry. */
void kn_jit_entry_release(kiln_jit *jit, struct kn_jit_entry *e);
/* Frees an entry that nobody defines, refers to or holds. */
void kn_jit_entry_drop(kiln_jit *jit, struct kn_jit_entry *e);
/* Gives an entry a stub, if it has none. */
bool kn_jit_entry_stub(kiln_jit *jit, struct kn_jit_entry *e, kiln_jit_error *error);
/* Makes calls through the entry's stub reach its definition, or trap. */
void kn_jit_entry_aim(struct kn_jit_entry *e);
void kn_jit_symbols_free(kiln_jit *jit);

/* ---- frames_*.c: one for each system ---- */

/* Bytes of the rows of a group of stubs, whose code is that of one function; writes them. */
uint64_t kn_jit_frames_stub_bytes(const struct kn_code_func *all);
void kn_jit_frames_write_stubs(const kiln_jit *jit, struct kn_jit_unit *u,
                               const struct kn_code_func *all);

/* Whether `pc` is in the unit's stubs, as far as these have rows; says which then. */
bool kn_jit_frames_find_stubs(const struct kn_jit_unit *u, uint64_t pc, struct kn_stack_code *code);

/* ---- late.c ---- */

void kn_jit_late_free(const kiln_jit *jit, struct kn_jit_late *late);
/* Whether the host compiles the function when it is called and no unit defines it. */
static inline bool kn_jit_is_lazy(const struct kn_jit_entry *e) {
  return e->late != NULL && e->late->is.compile != NULL;
}
/* Whether references to it can be bound. */
static inline bool kn_jit_is_known(const struct kn_jit_entry *e) {
  return e->unit != NULL || kn_jit_is_lazy(e);
}
/* Where a call of a stub goes on that found no definition: kn_jit_late_words.find. */
uint64_t kn_jit_late_find(void *group, uint64_t number, const uint8_t **roots);

/* ---- late_roots.c ---- */

/* Makes `late->roots`, as `r` says; false: an error. */
bool kn_jit_late_roots(const kiln_jit *jit, struct kn_jit_late *late, const kiln_jit_lazy_roots *r,
                       kiln_jit_error *error);

#endif
