/* What the files of the runtime share. store.c has what a store owns, instance.c makes instances, memory.c and table.c
 * are what their names say, trap.c enters and leaves code, exception.c unwinds, load.c compiles into memory. */
#ifndef KN_RUNTIME_STATE_H
#define KN_RUNTIME_STATE_H

#include <kiln/wasm_runtime.h>

#include <pthread.h>
#include <setjmp.h>

/* A function type of the store: its type_id is its index in kiln_wasmrt_store.types plus 1. */
struct kn_type {
  uint8_t *types; /* parameters, results; owned */
  uint32_t n_params, n_results;
  kiln_wasm_entry_fn entry; /* of any module that has it; NULL: none so far */
};

/* What a name stands for. */
struct kn_definition {
  char *module, *name; /* owned */
  size_t module_length, name_length;
  kiln_wasmrt_extern what;
  struct kn_definition *next; /* earlier ones of the same bucket */
};

/* All things of a store that are freed with it, in one list. */
struct kn_owned {
  struct kn_owned *next;
  void (*free)(struct kn_owned *);
};

/* A memory: kiln_wasm_memory.user[0]. */
struct kn_memory {
  struct kn_owned owned;
  struct kn_memory *next;   /* of the store's list */
  kiln_wasm_memory *memory; /* in an instance, or `own` */
  kiln_wasm_memory own;
  kiln_wasm_limits limits;
  uint64_t max_pages; /* what it can become */
  uint8_t *reserved;  /* address space, from the start of its pages or of an instance before it */
  uint64_t reserved_bytes;
  pthread_mutex_t lock; /* of growing and waiting */
  pthread_cond_t changed;
  struct kn_waiter *waiters;
};

/* A table: kiln_wasm_table.user[0]. */
struct kn_table {
  struct kn_owned owned;
  kiln_wasm_table own;
  kiln_wasm_table *table;
  kiln_wasm_limits limits;
  uint8_t type;
  uint64_t max, capacity;
};

/* A function of the host: kiln_wasm_func.user. */
struct kn_host {
  struct kn_owned owned;
  kiln_wasm_func func;
  kiln_wasm_host host; /* what the module's code calls: kn_host_call with this */
  struct kiln_wasmrt_store *store;
  kiln_wasmrt_host_fn fn;
  void *user;
};

struct kn_exn {
  struct kn_exn *next, *previous; /* all exceptions of the store */
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
  struct kn_code *code; /* functions by address, for backtraces; NULL: not made yet */
};

struct kiln_wasmrt_store {
  kiln_wasmrt_store_options options;
  struct kn_type *types;
  uint32_t n_types, room_types;
  uint32_t *type_table; /* hash table of type_ids; 0: free */
  uint32_t type_table_size;
  struct kn_definition *definitions[256];
  struct kn_owned *owned;
  struct kn_memory *memories;
  struct kiln_wasmrt_instance *instances;
  struct kn_exn *exceptions;
  uint8_t *interrupt; /* a page */
};

enum { KN_RAW_FRAMES = 2 * KILN_WASMRT_FRAMES };

/* One entry into code, on the stack of the C function that enters. */
struct kn_activation {
  struct kn_activation *outer;
  struct kiln_wasmrt_store *store;
  kiln_wasmrt_error *error;
  uintptr_t stack;  /* of the function that enters: code is below */
  uint32_t in_host; /* a function of the host runs: a fault is its own */
  uint32_t n_raw;   /* backtrace: functions' starts and where they are */
  uintptr_t raw[KN_RAW_FRAMES][2];
  sigjmp_buf jump;
};

/* ---- store.c ---- */

void kn_store_own(kiln_wasmrt_store *store, struct kn_owned *what, void (*free)(struct kn_owned *));
/* The type_id of a type; 0: out of memory. */
uint32_t kn_store_type(kiln_wasmrt_store *store, const uint8_t *types, uint32_t n_params,
                       uint32_t n_results);
/* A definition, or NULL. */
const kiln_wasmrt_extern *kn_store_find(const kiln_wasmrt_store *store, kiln_wasm_name module,
                                        kiln_wasm_name name);
/* Makes a tag; `address` NULL: out of memory, also for type_id 0. */
kiln_wasmrt_extern kn_tag_new(kiln_wasmrt_store *store, uint32_t type_id);
/* Sets an error with a message. */
__attribute__((format(printf, 3, 4))) void kn_error(kiln_wasmrt_error *error,
                                                    kiln_wasmrt_status status, const char *format,
                                                    ...);

/* ---- instance.c ---- */

static inline struct kiln_wasmrt_instance *kn_instance(void *address) {
  return (struct kiln_wasmrt_instance *)(uintptr_t)((kiln_wasm_header *)address - 1)->user[0];
}
/* What an index of the module means in the instance. */
kiln_wasm_memory *kn_instance_memory(const kiln_wasmrt_instance *i, uint32_t index);
kiln_wasm_table *kn_instance_table(const kiln_wasmrt_instance *i, uint32_t index);
kiln_wasmrt_extern kn_instance_export(const kiln_wasmrt_instance *i, uint32_t index);
/* Value of an item of an element segment. */
void *kn_instance_item(const kiln_wasmrt_instance *i, const kiln_wasm_item *item);

/* ---- memory.c, table.c ---- */

/* Makes a memory. `memory` NULL: its own. With `before` bytes of address space that are accessible in front of it. */
struct kn_memory *kn_memory_new(kiln_wasmrt_store *store, kiln_wasm_memory *memory,
                                const kiln_wasm_limits *limits, uint64_t before);
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

/* ---- trap.c ---- */

/* What `host` functions of images call: kn_host. */
kiln_wasm_exn *kn_host_call(void *host, kiln_wasm_value *values);
/* Traps unless the stack has room for C code. */
void kn_need_stack(kiln_wasmrt_store *store);
/* Ends the innermost activation by an exception that nobody caught; returns if there is none. */
void kn_uncaught(kiln_wasm_exn *exn);

/* ---- backtrace.c ---- */

/* Notes the functions that are active between here and where `a` entered. In a signal handler, too. */
void kn_backtrace_take(struct kn_activation *a);
/* Puts those of them that are functions of modules into the error. */
void kn_backtrace_name(const struct kn_activation *a, kiln_wasmrt_error *error);
void kn_backtrace_free(struct kn_code *code);

#endif
