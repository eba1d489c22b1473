/* The files of the JIT and what they share. jit.c makes and frees a JIT and its units, memory.c gives them
 * protected memory, symbols.c keeps names and stubs, layout.c to write.c link a unit (link.c calls them in order),
 * stream.c adds a module's functions one by one, late.c has functions compiled when they are called first; tls.c,
 * unwind.c, gdb.c, perf.c and find.c serve running code: thread-local data, exceptions, debugger, profiler, what an
 * address is. Called by <kiln/jit.h> only: nothing in lib/ knows of it.
 * Invariant: everything reachable from a kiln_jit is under its lock, but for what find.c reads; code that anybody can
 * call is complete. */
#ifndef KN_JIT_JIT_STATE_H
#define KN_JIT_JIT_STATE_H

#include <kiln/jit.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "ir/reloc_kinds.h"
#include "ir/module/session_state.h"
#include "lib/dwarf/dwarf_sections.h"
#include "lib/codegen/eh_table.h"
#include "lib/object/elf_memory.h"
#include "lib/image/frames.h"
#include "targets/target.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- locks, processes: process.c ---- */

void kn_jit_lock(kiln_jit *jit);
void kn_jit_unlock(kiln_jit *jit);
/* Whether the calling thread has the JIT locked: it is in a callback of the JIT, which must not call the JIT. Then the
 * error says so; `e` may be NULL. */
bool kn_jit_is_mine(const kiln_jit *jit, kiln_jit_error *e);
/* Makes kn_jit_is_mine true until the JIT is freed, for one that nobody else uses. */
void kn_jit_own(kiln_jit *jit);
/* Around a callback without the lock: kiln_jit_free does nothing meanwhile. False if it was called. */
void kn_jit_call_out(kiln_jit *jit);
bool kn_jit_call_back(kiln_jit *jit, kiln_jit_error *e);
/* Enters a new JIT into the list of those of the process. */
bool kn_jit_process_enter(kiln_jit *jit, kiln_jit_error *e);
void kn_jit_process_leave(kiln_jit *jit);
/* Whether this is not the process that made the JIT, but a child, which has a copy of it. */
bool kn_jit_is_child(const kiln_jit *jit);

/* ---- memory ---- */

/* Memory is given out in granules and comes from chunks, each for one kind of content. */
enum { KN_JIT_GRANULE = 64, KN_JIT_CHUNK = 65536 };

enum kn_jit_kind {
  KN_JIT_CODE, /* executable */
  KN_JIT_RO,   /* read-only once written */
  KN_JIT_RW,   /* writable, private to the process after a fork */
  KN_JIT_KINDS
};

struct kn_jit_chunk {
  uint64_t *bits;   /* of granules in use; NULL: free, or part of a run */
  uint32_t run;     /* chunks of the run that starts here, 0: none does */
  uint16_t used;    /* granules */
  uint16_t longest; /* upper bound of the longest run of free granules */
  uint8_t kind;     /* kn_jit_kind */
  bool taken;
  bool separate; /* its two mappings are of different memory: it held data, or nothing yet */
  bool
    stale; /* its pages are a child's too, and new ones could not be had: nothing is written to them */
  uint32_t forks;               /* kiln_jit.forks when it got its pages */
  struct kn_jit_frames *frames; /* of the units in it, for the unwinder: unwind.c */
};

/* Memory that find.c may still read without the lock: find.c frees it once nobody does. */
struct kn_jit_retired {
  struct kn_jit_retired *next;
  void *parts[6]; /* to be freed in this order; one of the last has this struct in it */
};

/* A piece of address space. Pages at both ends are never accessible. */
struct kn_jit_pool {
  struct kn_jit_pool
    *_Atomic next; /* read without the lock: find.c. So are base, n_chunks and units */
  uint8_t *base;   /* of chunk 0, as it is executed and read */
  int64_t delta;   /* from there to where code and read-only data can be written */
  uint8_t *map;    /* what mmap gave, guard pages included */
  size_t map_size;
  uint8_t *alias; /* the same of the writable mapping; NULL: none */
  uint32_t n_chunks;
  uint32_t n_taken;              /* chunks */
  uint32_t first_free, end_free; /* no free chunk before it, none from there on */
  uint32_t cursor[KN_JIT_KINDS]; /* where the last allocation was */
  uint32_t spare[KN_JIT_KINDS];  /* index + 1 of an empty chunk that was kept; 0: none */
  struct kn_jit_chunk *chunks;
  struct kn_jit_retired retired;
  struct kn_jit_item *_Atomic units[]; /* by chunk, the newest unit with code in it */
};

/* A piece of memory of one kind. */
struct kn_jit_block {
  struct kn_jit_pool *pool; /* NULL: none */
  uint8_t *at;              /* as it is executed and read */
  uint64_t size;            /* as it was asked for */
  bool zero;                /* fresh from the system */
};

/* ---- symbols ---- */

/* A name, or a symbol of a stream that has none. It lives while somebody defines it or refers to it. */
struct kn_jit_entry {
  struct kn_jit_item *unit;        /* that defines it; NULL: none */
  const struct kn_jit_item *scope; /* of a hidden name: the unit whose own it is; else NULL */
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

/* What an entry that was declared lazy has, as long as it lives. */
struct kn_jit_late {
  kiln_jit_lazy_desc is; /* without its name; `compile` NULL: it is not declared any more */
  kiln_jit_lazy_desc
    ended;       /* that is not `is` any more, but runs: `release` NULL: nothing to release */
  bool runs_old; /* `thread` is in the `compile` of an earlier declaration */
  struct kn_jit_entry *entry;
  uintptr_t thread;          /* that is in `compile`; 0: none */
  struct kn_jit_late *outer; /* that the same thread had begun before */
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
  struct kn_jit_item *unit; /* their memory and unwind rows, without functions */
  uint32_t n, n_free;
  uint16_t *free;            /* their numbers; in memory, they follow `of` */
  struct kn_jit_entry *of[]; /* by number; NULL: it is free, but may be called by mistake */
};

/* ---- thread-local data ---- */

/* That of one unit. Each thread has a copy of its own, made when it first asks. */
struct kn_jit_tls {
  uint32_t index;       /* in the threads' tables */
  uint32_t generation;  /* tells it from others that have or had the index; never 0 */
  const uint8_t *image; /* of the first bytes; the rest is zero */
  uint64_t image_size, size, align;
};

/* ---- units ---- */

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

/* What belongs to a function besides its code: 1 + its offset in the unit's read-only data, 0: it has none. After those
 * of the functions is one for the stubs. */
struct kn_jit_belongings {
  uint32_t fde;
  uint32_t roots; /* its table of roots */
};

/* find.c reads, without the lock: id, blocks of code and of read-only data but for their pools, symbols, belongings,
 * names, rows, places, text, in_chunk.
 * All but the last are constant while the unit can be found. */
struct kn_jit_item {
  uint64_t id;
  struct kn_jit_item *_Atomic in_chunk; /* the next unit with code in the same chunk */
  struct kn_jit_item *_Atomic
    *found_from;                    /* what points to this one; NULL: the unit cannot be found */
  KN_ARRAY(struct kn_jit_row) rows; /* of lines, ascending */
  KN_ARRAY(struct kn_jit_place) places;
  KN_ARRAY(char) text; /* strings of places; the first is empty */
  struct kn_jit_retired retired;
  struct kn_jit_block blocks[KN_JIT_KINDS];
  struct kn_jit_entry **defs; /* what it defines or did: entry->unit tells */
  uint32_t n_defs;
  struct kn_jit_entry **refs; /* what it was bound to */
  uint32_t n_refs;
  struct kn_memory_symbol *symbols;     /* functions first, ascending */
  struct kn_jit_belongings *belongings; /* of functions, of the stubs; in the same memory */
  uint32_t n_symbols, n_funcs;
  char *names;
  struct kn_jit_tls *tls; /* NULL: none */
  uint64_t *ctors;        /* in the order of calls; destructors behind them */
  uint32_t n_ctors, n_dtors;
  bool constructed, destructed;
  uint32_t running;  /* threads that call its constructors, destructors or what it registered */
  bool registers;    /* its code may register functions with the process, under `dso` */
  bool finalized;    /* which have been called, or dropped */
  uint64_t dso;      /* __dso_handle */
  uint8_t *eh_frame; /* NULL: none */
  uint64_t eh_frame_size;
  bool frames_known; /* to the unwinder */
  void *gdb;         /* entry of its list */
};

struct kn_jit_slot {        /* of the table of units */
  struct kn_jit_item *unit; /* NULL: free */
  uint32_t generation;
  uint32_t next_free; /* index + 1 */
};

/* libgcc's record of a registered table (its `struct object`, at most 7 words), linked into a queue of ours. */
struct kn_jit_object {
  uint64_t words[8];
  struct kn_jit_object *next;
};

/* The registration functions of one libgcc; NULL: it was not found. */
struct kn_jit_unwinder {
  void (*add)(void *), (*remove)(void *);
  void (*add_table)(void *, void *); /* __register_frame_info_table */
  void *(*remove_table)(const void *);
};

struct kn_jit_perf;

struct kiln_jit {
  kiln_jit_options options;
  kiln_processor processor;
  const struct kn_code_facts *machine; /* facts about its code */
  const struct kn_jit_machine *code;   /* the machine's part of the JIT */
  /* Of the process that made it: process.c. */
  int pid;
  uint64_t mark;
  kiln_jit *next, **back;
  bool held_by_fork;        /* the lock */
  _Atomic uintptr_t owner;  /* of the lock: the thread; 0: none */
  _Atomic uint32_t calling; /* threads that are in callbacks, and go on with the JIT afterwards */
  _Atomic bool freed;       /* by a callback: see kn_jit_call_out */
  bool ending;              /* in kiln_jit_free */
  bool foreign;             /* being freed in a child */
  bool closing;             /* being freed: memory goes as a whole */
  uint32_t forks;           /* of the process, since the JIT was made */
  uint64_t serial;          /* among those of the process, from 1 */
  bool barrier;             /* membarrier makes other processors refetch instructions */
  uint64_t page;
  pthread_mutex_t lock;
  bool dual;
  uint64_t pool_bytes;
  struct kn_jit_pool *_Atomic pools; /* read without the lock: find.c */
  /* Calls of kiln_jit_find_pc that are in progress: each counts at the index that `side` had when it began. */
  _Atomic uint32_t finding[2], side;
  struct kn_jit_retired *leaving;      /* to be freed once both counts have been 0 */
  struct kn_jit_retired *retired_next; /* what comes after them */
  unsigned left; /* bit k: count k has been 0 since this list became `leaving` */
  struct kn_jit_waiting *waiting;
  pthread_cond_t compiled;               /* what they wait for */
  KN_ARRAY(struct kn_jit_entry *) names; /* entries that have one, in any order */
  struct kn_hash name_hash;
  struct kn_jit_stubs *stubs, *full_stubs; /* groups with free stubs; without */
  uint32_t unused_groups;                  /* of them: without a used one */
  KN_ARRAY(struct kn_jit_slot) units;
  uint32_t free_unit, live_units;
  uint32_t unnamed; /* entries without names */
  kiln_jit_stats stats;
  struct kn_jit_perf *perf;
  struct kn_jit_unwinder unwinders[2];
  bool frames_by_chunk; /* one table for the units of a chunk: unwind.c */
  /* of tables that are no longer registered, oldest first */
  struct kn_jit_object *retired, **retired_end;
  uint32_t n_retired;
  bool uses_tls; /* counted in kn_jit_process.users, under its lock */
};

/* ---- linking ---- */

/* Where a symbol of an input is. */
enum kn_jit_where {
  KN_JIT_NOWHERE,
  KN_JIT_IN_CODE, /* the next four: value is an offset in the unit's */
  KN_JIT_IN_RO,
  KN_JIT_IN_RW,
  KN_JIT_IN_TLS,
  KN_JIT_IN_COMMON, /* not placed yet */
  KN_JIT_AT_ENTRY,  /* where the entry says, in another unit or another input */
  KN_JIT_REGISTRAR, /* value is a row of kn_jit_registrars */
  KN_JIT_ABSOLUTE   /* value is the address */
};

/* A symbol of an input. */
struct kn_jit_bind {
  uint64_t value;
  struct kn_jit_entry *entry; /* NULL: none, or local */
  uint32_t got, tls, stub;    /* index + 1 into the link's lists; 0: not asked for */
  uint8_t where;
  bool touched; /* in the input's list */
  bool referenced;
};

struct kn_jit_in {
  kiln_module *m;
  kiln_session *const *sessions;
  uint32_t n_sessions;
  uint64_t *code_at;         /* offset of each session's code in the unit's */
  struct kn_jit_bind *binds; /* by symbol id */
  uint32_t n_binds;
  uint32_t *data; /* indices of data items, in the order of placing */
  uint32_t n_data;
  KN_ARRAY(uint32_t) touched; /* ids of symbols */
};

struct kn_jit_want {
  uint32_t in, id;
};
struct kn_jit_wants {
  struct kn_jit_want *at;
  uint32_t n, cap; /* as KN_ARRAY */
};

/* A definition of an external name in the unit that is linked. */
struct kn_jit_def {
  struct kn_jit_entry *entry;
  uint32_t in, id;
  uint8_t strength; /* KN_JIT_WEAK_DEF... */
  uint8_t align_log2;
  uint64_t size;
};
/* The later one wins in a unit: System V ABI, "Symbol Table", STB_WEAK. */
enum { KN_JIT_WEAK_DEF, KN_JIT_COMMON_DEF, KN_JIT_STRONG_DEF };

/* A name that the unit's inputs define or refer to. */
struct kn_jit_name {
  const char *text; /* NUL-terminated */
  uint32_t length, hash;
};
/* True if `a` is after `b` in an order of all names, for KN_HASH_EACH. (ask.c) */
KN_COLD bool kn_jit_name_after(struct kn_jit_name a, struct kn_jit_name b);
struct kn_jit_merged {
  struct kn_jit_name name;
  uint8_t visibility; /* the most restrictive one that an input says */
  bool defined;
};

/* Sections with the same name whose start and end code refers to: __start_NAME, __stop_NAME. */
struct kn_jit_range {
  const char *name;
  uint8_t where;
  uint64_t start, end;
};

/* What the resolver was asked, and answered. */
struct kn_jit_answer {
  struct kn_jit_name name;
  uint64_t address; /* 0: it does not know the name */
  bool own;         /* only the unit itself and the resolver define it */
};

/* The resolver may use all that a link works on, the stream, modules and sessions. So it is asked between two attempts
 * to link a unit, when nothing is in progress; what it said is what the next attempt begins with. */
struct kn_jit_answers {
  struct kn_arena names;
  KN_ARRAY(struct kn_jit_answer) list; /* those from n_asked on were not asked yet */
  uint32_t n_asked;
  struct kn_hash hash; /* index + 1 */
};

struct kn_jit_link {
  kiln_jit *jit;
  struct kn_jit_answers *answers;
  kiln_jit_error *error; /* never NULL */
  unsigned flags;
  bool stream;
  struct kn_arena arena;
  struct kn_jit_in *in;
  uint32_t n_in;
  uint64_t size[KN_JIT_KINDS], align[KN_JIT_KINDS];
  uint64_t tls_size, tls_align,
    tls_file; /* tls_file: bytes that are not all zero, from the start */
  struct kn_jit_wants got, tls, stubs, undefined;
  KN_ARRAY(struct kn_jit_def) defs;
  KN_ARRAY(struct kn_jit_entry *) refs;
  KN_ARRAY(struct kn_jit_range) ranges;
  KN_ARRAY(struct kn_jit_merged) merged; /* of several inputs; none of a single one */
  struct kn_hash merged_hash;            /* index + 1 */
  /* fde_bytes: with the CIEs of personalities; table_bytes: of exceptions */
  uint64_t fde_bytes, table_bytes, root_bytes, n_funcs, names_size, n_symbols;
  bool has_tls;
  bool registers;      /* kn_jit_item.registers */
  uint32_t registrars; /* a bit for each row of kn_jit_registrars that is referred to */
  /* offsets in the unit's areas */
  uint64_t stub_at, registrar_at, got_at, tls_got_at, frame_at, table_at, roots_at, image_at;
  struct kn_jit_item *unit;
};

/* Bytes before the first code of a block: callers instrumented by clang's -fsanitize=function read there. */
enum { KN_JIT_CODE_PAD = 16 };

/* jit.c */
void *kn_jit_realloc(const kiln_jit *jit, void *old, size_t size);
/* Reports an error, if it is the first; returns its status. */
kiln_status kn_jit_fail(kiln_jit_error *e, kiln_status status, const char *format, ...)
  __attribute__((format(printf, 3, 4)));
/* The same, for functions that return `failed` when they fail. */
#define KN_JIT_FAIL(failed, ...) ((void)kn_jit_fail(__VA_ARGS__), (failed))
/* Where a call reports errors: empty, `own` if the caller wants none. */
kiln_jit_error *kn_jit_begin(kiln_jit_error *e, kiln_jit_error *own);
/* Reports that memory is lacking; false. */
bool kn_jit_no_memory(kiln_jit_error *e);
/* As KN_ROOM, of a JIT's array or table. */
#define KN_JIT_ROOM(jit, e, array, more)                                                           \
  (KN_ROOM(&(jit)->options.allocator, array, more) || kn_jit_no_memory(e))
/* A unit by its handle; NULL if it is not valid. */
struct kn_jit_item *kn_jit_unit_get(const kiln_jit *jit, kiln_jit_unit u);
/* Gives a unit a handle. */
bool kn_jit_unit_add(kiln_jit *jit, struct kn_jit_item *u, kiln_jit_error *e);
/* Frees a unit with all it has, memory included; its handle is not touched. */
void kn_jit_unit_free(kiln_jit *jit, struct kn_jit_item *u);

/* memory.c */
/* Takes memory for a unit: one block of each kind that has a size, near each other. */
bool kn_jit_take_unit(kiln_jit *jit, const uint64_t *size, const uint64_t *align,
                      struct kn_jit_block *blocks, kiln_jit_error *e);
/* Gives a block back; code becomes traps. NULL pool is allowed. */
void kn_jit_give(kiln_jit *jit, struct kn_jit_block *b, enum kn_jit_kind kind);
/* Makes completely written blocks executable or read-only, and their instructions visible to all processors. */
bool kn_jit_seal(kiln_jit *jit, const struct kn_jit_block *blocks, kiln_jit_error *e);
/* Where a block can be written until it is sealed. */
static inline uint8_t *kn_jit_writable(const struct kn_jit_block *b, enum kn_jit_kind kind) {
  return kind == KN_JIT_RW || b->pool == NULL ? b->at : b->at + b->pool->delta;
}
bool kn_jit_memory_init(kiln_jit *jit, kiln_jit_error *e);
void kn_jit_memory_free(kiln_jit *jit);

/* symbols.c */
struct kn_jit_entry *kn_jit_entry_find(const kiln_jit *jit, const char *name, size_t length,
                                       const struct kn_jit_item *scope);
/* A new entry; length 0: one without a name. NULL without memory. */
struct kn_jit_entry *kn_jit_entry_new(kiln_jit *jit, const char *name, size_t length,
                                      const struct kn_jit_item *scope);
/* Frees an entry that nobody defines, refers to or holds. */
void kn_jit_entry_drop(kiln_jit *jit, struct kn_jit_entry *e);
/* Gives an entry a stub, if it has none. */
bool kn_jit_entry_stub(kiln_jit *jit, struct kn_jit_entry *e, kiln_jit_error *error);
/* Makes calls through the entry's stub reach its definition, or trap. */
void kn_jit_entry_aim(struct kn_jit_entry *e);
/* Gives back the memory of stubs that nobody uses; false: there is none. */
bool kn_jit_stubs_trim(kiln_jit *jit);
void kn_jit_symbols_free(kiln_jit *jit);

/* late.c */
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
uint64_t kn_jit_late_find(void *group, uint64_t number);

/* layout.c */
bool kn_jit_layout(struct kn_jit_link *l);
bool kn_jit_want(struct kn_jit_link *l, struct kn_jit_wants *w, uint32_t in, uint32_t id);
/* scan.c: notes what the relocations ask for. */
bool kn_jit_scan(struct kn_jit_link *l);
/* resolve.c */
/* Looks for names that no unit has, among the resolver's answers and in the process; called without the lock. Notes
 * which names the resolver is to look up: then the unit cannot be linked yet. */
bool kn_jit_resolve_outside(struct kn_jit_link *l);
/* Are there names that the resolver was not given? */
static inline bool kn_jit_unanswered(const struct kn_jit_answers *a) {
  return a->n_asked < a->list.n;
}
/* Binds all names; called with the lock. */
bool kn_jit_resolve(struct kn_jit_link *l);
/* Undoes what kn_jit_resolve did to the JIT. */
void kn_jit_resolve_undo(struct kn_jit_link *l);
/* Makes the unit's definitions those of their names. */
void kn_jit_publish(struct kn_jit_link *l);
/* Functions by which code registers others to be called at an event of the process. A unit has functions of its own by
 * these names, which add its __dso_handle, so that what it registered can be dropped with it. */
struct kn_jit_registrar {
  const char *name;
  void (*function)(void); /* that takes the handle, too; NULL: this libc has none */
  unsigned argument;      /* that is the handle, from 0 */
};
enum { KN_JIT_REGISTRARS = 3 };
extern const struct kn_jit_registrar kn_jit_registrars[KN_JIT_REGISTRARS]
  __attribute__((visibility("hidden")));
/* The row of that name; KN_JIT_REGISTRARS: none. */
unsigned kn_jit_registrar_find(const char *name);
/* write.c */
bool kn_jit_write(struct kn_jit_link *l);
/* Address that references to a symbol see; of thread-local ones nothing useful. */
uint64_t kn_jit_address_of(const struct kn_jit_link *l, uint32_t in, uint32_t id);
/* Where its definition is, without a stub. */
uint64_t kn_jit_definition(const struct kn_jit_link *l, uint32_t in, uint32_t id);
/* reloc.c */
bool kn_jit_reloc_code(struct kn_jit_link *l, uint32_t in);
/* link.c: places, resolves, writes and publishes; the inputs and the arena are ready. If names are unanswered, it has
 * changed nothing. */
kiln_status kn_jit_link_run(struct kn_jit_link *l, kiln_jit_unit *out);
void kn_jit_link_free(struct kn_jit_link *l);

/* ask.c */
/* Notes a name that the resolver is to look up. */
bool kn_jit_ask_for(struct kn_jit_link *l, struct kn_jit_name name, bool own);
/* The answer for a name; NULL: not requested. */
const struct kn_jit_answer *kn_jit_answer(const struct kn_jit_link *l, struct kn_jit_name name);
/* Asks the resolver for all unanswered names that are still unknown. The modules and sessions cannot be freed
 * meanwhile. */
kiln_status kn_jit_ask(kiln_jit *jit, struct kn_jit_answers *a, const kiln_jit_input *inputs,
                       uint32_t n_inputs, kiln_jit_error *e);
void kn_jit_answers_free(kiln_jit *jit, struct kn_jit_answers *a);
/* Does a unit define the external name? */
bool kn_jit_knows(kiln_jit *jit, struct kn_jit_name name);

/* tls.c */
bool kn_jit_tls_new(kiln_jit *jit, struct kn_jit_item *u, const uint8_t *image, uint64_t image_size,
                    uint64_t size, uint64_t align, kiln_jit_error *e);
void kn_jit_tls_free(kiln_jit *jit, struct kn_jit_item *u);
/* Prepares for units with thread-local data, or that register functions for the ends of threads. */
bool kn_jit_tls_open(kiln_jit *jit, kiln_jit_error *e);
void kn_jit_tls_close(kiln_jit *jit);
/* __cxa_thread_atexit for the JIT's code. */
int kn_jit_thread_atexit(void (*function)(void *), void *argument, void *dso);
/* Drops what was registered so: calls what the calling thread registered. */
void kn_jit_thread_forget(const kiln_jit *jit, const void *dso);
/* The calling thread's address of `offset` in a unit's thread-local data; NULL without memory. */
void *kn_jit_tls_address(const struct kn_jit_tls *t, uint64_t offset);
/* Module and offset of a thread-local symbol of the process whose address in this thread is given. */
bool kn_jit_tls_process(uint64_t address, uint64_t pair[2]);
/* What code calls with the address of such a pair, or one of a kn_jit_tls and an offset. */
uint64_t kn_jit_tls_entry(void);

/* unwind.c */
/* The JIT has its first memory. */
void kn_jit_unwind_open(kiln_jit *jit);
void kn_jit_unwind_close(kiln_jit *jit);
bool kn_jit_unwind_add(kiln_jit *jit, struct kn_jit_item *u, kiln_jit_error *e);
void kn_jit_unwind_remove(kiln_jit *jit, struct kn_jit_item *u);

/* gdb.c */
/* Tells gdb of the unit that was linked. */
void kn_jit_gdb_add(const struct kn_jit_link *l);
void kn_jit_gdb_remove(const kiln_jit *jit, struct kn_jit_item *u);
/* Holds or releases the lock of gdb's list, over a fork. */
void kn_jit_gdb_hold(bool hold);

/* debug_sections.c */
/* Appends the debug sections of the unit's modules, by enum kn_dwarf_section, with addresses filled in. False without
 * memory: a module may have failed then. */
bool kn_jit_debug_sections(const struct kn_jit_link *l, kiln_buffer *sections);

/* find.c */
/* Notes where the unit's code comes from. */
bool kn_jit_find_describe(struct kn_jit_link *l);
/* Makes kiln_jit_find_pc find the unit, or not any more. */
void kn_jit_find_add(struct kn_jit_item *u);
void kn_jit_find_remove(struct kn_jit_item *u);
/* Frees what kiln_jit_find_pc may be reading: at once if nobody is, else later. */
void kn_jit_find_retire(kiln_jit *jit, struct kn_jit_retired *r);
/* Frees the rest of it, when nobody can be reading. */
void kn_jit_find_close(kiln_jit *jit);

/* lookup.c */
/* The unit whose code is at `pc`, and the function of `u` there; NULL: none. */
const struct kn_jit_item *kn_jit_find_unit(kiln_jit *jit, uint64_t pc);
const struct kn_memory_symbol *kn_jit_find_function(const struct kn_jit_item *u, uint64_t pc);
/* What a walk of the stack needs to know of code (stack.c). */
struct kn_jit_code {
  uint64_t start;       /* of the function */
  const uint8_t *fde;   /* NULL: it has none */
  const uint8_t *roots; /* its table; NULL: none */
};
/* Finds the function at `pc`, without the lock; false: it is none of the JIT's. What `code` refers to stays while the
 * function is running. */
bool kn_jit_find_code(kiln_jit *jit, uint64_t pc, struct kn_jit_code *code);

/* perf.c */
bool kn_jit_perf_open(kiln_jit *jit, kiln_jit_error *e);
void kn_jit_perf_add(const struct kn_jit_link *l);
void kn_jit_perf_close(kiln_jit *jit);

#endif
