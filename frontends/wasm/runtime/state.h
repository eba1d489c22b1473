/* What the files of the runtime share. store.c has what a store owns, instance.c makes instances, memory.c and table.c
 * are what their names say, trap.c enters and leaves code by way of stubs.S, code.c knows code and its frames,
 * exception.c unwinds, load.c compiles into memory. */
#ifndef KN_RUNTIME_STATE_H
#define KN_RUNTIME_STATE_H

#include <kiln/wasm_runtime.h>

#include "code.h"

#include <pthread.h>
#include <string.h>

/* A function type of the store: its type_id is its index in kiln_wasmrt_store.types plus 1. */
struct kn_type {
  uint8_t *types; /* parameters, results; owned */
  uint32_t n_params, n_results;
  kiln_wasm_entry_fn entry; /* of any module that has it; NULL: none so far */
};

/* What a name stands for. */
struct kn_definition {
  uint64_t hash;
  const char *module, *name; /* after this */
  size_t module_length, name_length;
  kiln_wasmrt_extern what;
  struct kn_definition *next; /* of the same bucket */
};

/* All things of a store that are freed with it, in one list. */
struct kn_owned {
  struct kn_owned *next;
  void (*free)(struct kn_owned *);
};

/* A global that the host has made. */
struct kn_host_global {
  struct kn_owned owned;
  struct kn_host_global *next;
  kiln_wasm_value value;
};

/* A memory: kiln_wasm_memory.user[0]. A shared one may be used by several stores. */
struct kn_memory {
  uint32_t uses;            /* stores; atomic */
  kiln_wasm_memory *memory; /* in an instance, or `own` */
  kiln_wasm_memory own;
  kiln_wasm_limits limits;
  struct kn_budget *budget; /* of the store that made it; NULL: that is freed */
  uint64_t max_total;       /* its limit */
  uint64_t max_pages;       /* what it can become */
  uint8_t *reserved; /* address space, from the start of its pages or of an instance before it */
  uint64_t reserved_bytes;
  pthread_mutex_t lock; /* of growing and waiting */
  struct kn_waiter *waiters;
};

/* A memory that a store uses. */
struct kn_memory_use {
  struct kn_owned owned;
  struct kn_memory_use *next;
  struct kn_memory *memory;
  struct kiln_wasmrt_store *store;
};

/* A table: kiln_wasm_table.user[0]. */
struct kn_table {
  struct kn_owned owned;
  struct kn_table *next; /* of the store's list */
  struct kiln_wasmrt_store *store;
  kiln_wasm_table own;
  kiln_wasm_table *table;
  kiln_wasm_limits limits;
  uint8_t type;
  uint64_t max, capacity;
};

/* A function of the host: kiln_wasm_func.user, which is NULL for all others that the store has made. */
struct kn_host {
  struct kn_owned owned;
  kiln_wasm_func func;
  kiln_wasm_host host; /* what the module's code calls: kn_host_call with this */
  struct kiln_wasmrt_store *store;
  const struct kiln_wasmrt_instance *caller; /* whose import this one is; NULL: the definition */
  kiln_wasmrt_host_fn fn;
  void *user;
};

struct kn_exn {
  struct kn_exn *next, *previous; /* all exceptions of the store */
  bool marked;                    /* while exceptions are freed */
  kiln_wasm_exn exn;
};

struct kiln_wasmrt_instance {
  struct kn_owned owned;
  struct kiln_wasmrt_instance *next; /* of the store's list */
  struct kiln_wasmrt_store *store;
  const kiln_wasm_image *image;
  uint8_t *address; /* of the instance */
  void *block;      /* what was allocated for it; NULL: it is in its memory's reserved space */
  bool *elem_dropped, *data_dropped;
  struct kn_host *hosts;          /* its imports that are functions of the host, at their indices */
  const kiln_wasm_memory *memory; /* that it exports as "memory"; NULL: none */
  uint64_t host_bytes;            /* of the store's limit */
  struct kn_code *code;           /* its functions by their addresses */
};

/* What is in use of a store's limits. */
struct kn_budget {
  uint64_t pages, elements, host_bytes;
  uint32_t instances, memories, tables;
};

struct kiln_wasmrt_store {
  kiln_wasmrt_store_options options;
  uint32_t serial; /* kiln_wasm_func.type_index of its functions; not 0 */
  struct kn_budget used;
  struct kn_type *types;
  uint32_t n_types, room_types;
  uint32_t *type_table; /* hash table of type_ids; 0: free */
  uint32_t type_table_size;
  uint64_t hash_key[2];               /* a secret, so that no module can choose what has one hash */
  struct kn_definition **definitions; /* by their hashes; as many buckets as a power of two */
  uint32_t n_definitions, definitions_size;
  struct kn_owned *owned;
  struct kn_memory_use *memories;
  struct kn_table *tables;
  struct kiln_wasmrt_instance *instances;
  struct kn_exn *exceptions;
  uint32_t n_exceptions,
    many_exceptions;              /* how many there are, and when to look for some to free */
  const kiln_wasm_exn *thrown;    /* the last one that came out of a call */
  struct kn_host_global *globals; /* made by the host */
  uint32_t depth;                 /* calls that are under way */
  uintptr_t low, high;            /* the stack that all of them are on; 0: several */
  uint8_t *interrupt;             /* a page of the system's */
  uint32_t interrupt_bytes;       /* its size */
  uint32_t wakes;                 /* what sleeps for the store waits for another number */
  bool interruptible;             /* a module reads `interrupt` */
  uint32_t interruptions;         /* that were asked for; atomic */
  uint32_t interruptions_taken;   /* of these, by traps; both wrap around */
  int wake_fd;                    /* readable then, for what waits for files; -1: nothing does */
  kiln_wasmrt_stack stack;        /* that calls are on; 0 bytes: the thread's */
};

/* Where kn_enter has saved what it restores. */
struct kn_jump {
  uintptr_t sp;
};

/* What a thread has once it called code. In memory of the thread itself, since a signal handler reads it. stubs.S knows
 * the first fields. */
struct kn_thread {
  uintptr_t limit;                     /* below it the stack has no room for C */
  uintptr_t exit_sp, exit_fp, exit_pc; /* where code last called the runtime; exit_sp 0: nowhere */
  struct kn_activation *current;       /* whose code runs; NULL: none, or a function of the host */
  /* The activation that has called a function of the host, if it is on the stack from `host_low` to `host_high`: a
   * coroutine may have been switched to since. */
  struct kn_activation *host;
  uintptr_t host_low, host_high;
  uintptr_t guard_low, guard_high; /* a stack that ends early, and where code was entered on it */
  uintptr_t stack_low, stack_high;
  bool ready;
};
extern _Thread_local struct kn_thread kn_thread
  __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* One entry into code, on the stack of the C function that enters. */
struct kn_activation {
  struct kiln_wasmrt_store *store;
  kiln_wasmrt_error *error;
  uintptr_t stack;     /* of the function that enters: code is below */
  uintptr_t low;       /* where the stack ends */
  uintptr_t limit;     /* kn_thread.limit */
  uintptr_t guard;     /* 0, or `low`, and the bytes below have been made inaccessible */
  struct kn_regs exit; /* where code has called the last function of the host */
  const kiln_wasmrt_instance *caller; /* whose import that is */
  struct kn_thread before;            /* of what entered */
  struct kn_jump jump;
  uint32_t n_places; /* backtrace */
  struct kn_place places[KILN_WASMRT_FRAMES];
};

/* ---- store.c ---- */

void kn_store_own(kiln_wasmrt_store *store, struct kn_owned *what, void (*free)(struct kn_owned *));
/* The type_id of a type; 0: out of memory. */
uint32_t kn_store_type(kiln_wasmrt_store *store, const uint8_t *types, uint32_t n_params,
                       uint32_t n_results);
/* Takes `n` of a limit, if there is as much left. */
static inline bool kn_take(uint64_t *used, uint64_t n, uint64_t most) {
  if (n > most || *used > most - n) return false;
  *used += n;
  return true;
}
/* Frees what the store has owned since `from` was the last. */
void kn_store_disown(kiln_wasmrt_store *store, const struct kn_owned *from);
/* Makes another function of the host that does the same; `code` is not taken over, nor is it owned. */
void kn_host_init(struct kn_host *h, const struct kn_host *like);
/* Defines a function of the host; false: out of memory, also for type_id 0. */
bool kn_define_host(kiln_wasmrt_store *store, const char *module, const char *name,
                    uint32_t type_id, kiln_wasmrt_host_fn fn, void *user);
/* Whether a function can be called in a store: that has made it, or the host, and it has a type of the store. */
bool kn_of_store(const kiln_wasmrt_store *store, const kiln_wasm_func *func);
/* A definition, or NULL. */
const kiln_wasmrt_extern *kn_store_find(const kiln_wasmrt_store *store, kiln_wasm_name module,
                                        kiln_wasm_name name);
/* Makes a tag; `address` NULL: out of memory, also for type_id 0. */
kiln_wasmrt_extern kn_tag_new(kiln_wasmrt_store *store, uint32_t type_id);
/* Replaces control characters, which a terminal would obey: names of modules are anything. */
void kn_escape(char *text);
/* Sets an error with a message, escaped. */
__attribute__((format(printf, 3, 4))) void kn_error(kiln_wasmrt_error *error,
                                                    kiln_wasmrt_status status, const char *format,
                                                    ...);

/* ---- instance.c ---- */

static inline struct kiln_wasmrt_instance *kn_instance(void *address) {
  return (struct kiln_wasmrt_instance *)(uintptr_t)((kiln_wasm_header *)address - 1)->user[0];
}
/* What is in the instance at an offset, or elsewhere if it is imported. */
static inline void *kn_instance_thing(const kiln_wasmrt_instance *i, int32_t at, bool imported) {
  void *p = i->address + at;
  if (imported) memcpy(&p, p, sizeof p);
  return p;
}
/* What an index of the module means in the instance. */
static inline kiln_wasm_memory *kn_instance_memory(const kiln_wasmrt_instance *i, uint32_t index) {
  return kn_instance_thing(i, i->image->memories[index].slot,
                           index < i->image->n_imported_memories);
}
static inline kiln_wasm_table *kn_instance_table(const kiln_wasmrt_instance *i, uint32_t index) {
  return kn_instance_thing(i, i->image->tables[index].slot, index < i->image->n_imported_tables);
}
kiln_wasmrt_extern kn_instance_export(const kiln_wasmrt_instance *i, uint32_t index);
/* Value of an item of an element segment. */
void *kn_instance_item(const kiln_wasmrt_instance *i, const kiln_wasm_item *item);

/* ---- memory.c, table.c ---- */

/* Makes a memory. `memory` NULL: its own. With `before` bytes of address space that are accessible in front of it. */
struct kn_memory *kn_memory_new(kiln_wasmrt_store *store, kiln_wasm_memory *memory,
                                const kiln_wasm_limits *limits, uint64_t before);
/* Notes that the store uses a memory, perhaps of another store: false without memory. */
bool kn_memory_use(kiln_wasmrt_store *store, struct kn_memory *memory);
struct kn_table *kn_table_new(kiln_wasmrt_store *store, kiln_wasm_table *table, uint8_t type,
                              const kiln_wasm_limits *limits, void *init);
static inline struct kn_memory *kn_memory(const kiln_wasm_memory *m) {
  return (struct kn_memory *)(uintptr_t)m->user[0];
}
static inline struct kn_table *kn_table(const kiln_wasm_table *t) {
  return (struct kn_table *)(uintptr_t)t->user[0];
}
/* Copies from a segment: false, and nothing copied, beyond an end. */
bool kn_memory_init(const kiln_wasmrt_instance *i, uint32_t memory, uint32_t data, uint64_t to,
                    uint64_t from, uint64_t size);
bool kn_table_init(const kiln_wasmrt_instance *i, uint32_t table, uint32_t elem, uint64_t to,
                   uint64_t from, uint64_t n);

/* ---- stubs.S ---- */

extern const char kn_stubs_begin[] __attribute__((visibility("hidden")));
extern const char kn_stubs_end[] __attribute__((visibility("hidden")));
extern const char kn_landing[] __attribute__((visibility("hidden")));

/* Calls body(user): 0 when it returned, 1 when it was left. */
int kn_enter(struct kn_jump *jump, void (*body)(void *user), void *user);
__attribute__((noreturn)) void kn_leave(const struct kn_jump *jump);

/* What the stubs of helpers call: the functions that <kiln/wasm_abi.h> describes, by their names there. */
__attribute__((noreturn)) void kn_do_trap(void *instance, uint32_t trap);
uint64_t kn_do_memory_grow(void *instance, uint32_t memory, uint64_t pages);
void kn_do_memory_fill(void *instance, uint32_t memory, uint64_t to, uint32_t byte, uint64_t size);
void kn_do_memory_copy(void *instance, uint32_t to_memory, uint32_t from_memory, uint64_t to,
                       uint64_t from, uint64_t size);
void kn_do_memory_init(void *instance, uint32_t memory, uint32_t data, uint64_t to, uint32_t from,
                       uint32_t size);
void kn_do_data_drop(void *instance, uint32_t data);
uint64_t kn_do_table_grow(void *instance, uint32_t table, void *ref, uint64_t more);
void kn_do_table_fill(void *instance, uint32_t table, uint64_t to, void *ref, uint64_t n);
void kn_do_table_copy(void *instance, uint32_t to_table, uint32_t from_table, uint64_t to,
                      uint64_t from, uint64_t n);
void kn_do_table_init(void *instance, uint32_t table, uint32_t elem, uint64_t to, uint32_t from,
                      uint32_t n);
void kn_do_elem_drop(void *instance, uint32_t elem);
uint32_t kn_do_atomic_notify(void *instance, uint32_t memory, uint64_t at, uint32_t count);
uint32_t kn_do_atomic_wait32(void *instance, uint32_t memory, uint64_t at, uint32_t expected,
                             int64_t timeout_ns);
uint32_t kn_do_atomic_wait64(void *instance, uint32_t memory, uint64_t at, uint64_t expected,
                             int64_t timeout_ns);
kiln_wasm_exn *kn_do_exn_new(void *instance, const kiln_wasm_tag *tag, uint32_t n_values);
__attribute__((noreturn)) void kn_do_throw(void *instance, kiln_wasm_exn *exn);
kiln_wasm_exn *kn_do_caught(void *unwound);
void kn_do_exn_drop(void *instance, kiln_wasm_exn *exn);
void kn_do_out_of_fuel(void *instance);
/* Ends the innermost call with KILN_WASMRT_LINK and a message. */
__attribute__((noreturn)) void kn_fail(const char *message);

/* What `host` functions of images call: kn_host. */
kiln_wasm_exn *kn_host_call(void *host, kiln_wasm_value *values);
kiln_wasm_exn *kn_do_host_call(void *host, kiln_wasm_value *values);

/* Takes fuel for an operation on so many bytes. Traps. */
void kn_burn(void *instance, uint64_t bytes);
/* Wakes what sleeps for the store. In a signal handler, too. */
void kn_wake(kiln_wasmrt_store *store);

/* ---- exception.c ---- */

void kn_exceptions_free(kiln_wasmrt_store *store);

/* ---- trap.c ---- */

/* Ends the innermost activation by an exception that nobody caught; returns if there is none. */
void kn_uncaught(kiln_wasm_exn *exn);
/* The unwinder has found that `function` catches what was thrown, or nobody (0), and has not left any frame so far. */
void kn_catches(uintptr_t function);

/* Whether an interruption is to be taken. */
static inline bool kn_interrupted(const kiln_wasmrt_store *s) {
  return __atomic_load_n(&s->interruptions, __ATOMIC_SEQ_CST) != s->interruptions_taken;
}
/* Takes the interruption, and traps. */
__attribute__((noreturn)) void kn_interrupt_trap(kiln_wasmrt_store *store);
/* Traps if the store is interrupted. Who calls it holds nothing that would have to be freed. */
static inline void kn_look(kiln_wasmrt_store *s) {
  if (__builtin_expect(kn_interrupted(s), 0)) kn_interrupt_trap(s);
}

/* Work whose size a module chooses is cut into pieces, before each of which the runtime looks for an interruption. A
 * piece is far below 10 ms, also where the system has to find memory for it first. */
enum { KN_PIECE_BYTES = 1 << 20, KN_PIECE_ELEMENTS = 1 << 15 };

/* The size of the next piece, at most `most`, when as much is left. An interruption traps. */
static inline uint64_t kn_piece(kiln_wasmrt_store *s, uint64_t left, uint64_t most) {
  kn_look(s);
  return left < most ? left : most;
}
/* Whether an operation is one piece, as most are, and nothing interrupts it. */
static inline bool kn_at_once(const kiln_wasmrt_store *s, uint64_t size, uint64_t most) {
  return __builtin_expect(size <= most && !kn_interrupted(s), 1);
}

/* Copies bytes that may overlap. An interruption traps. */
void kn_move_pieces(kiln_wasmrt_store *store, void *to, const void *from, uint64_t size);
static inline void kn_move(kiln_wasmrt_store *s, void *to, const void *from, uint64_t size) {
  if (kn_at_once(s, size, KN_PIECE_BYTES)) memmove(to, from, size);
  else kn_move_pieces(s, to, from, size);
}
/* Makes the thread ready to run code: false without memory. */
bool kn_prepare_thread(void);

/* ---- backtrace.c ---- */

/* Puts the functions that were active into the error. */
void kn_backtrace_name(const struct kn_activation *a, kiln_wasmrt_error *error);

#endif
