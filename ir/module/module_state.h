/* The module as the library's own files see it: ir/module fills it, the object writer and the JIT read it. Sessions
 * are in ir/module/session_state.h. Invariant: once it is frozen, what the lock does not guard is only read. */
#ifndef KN_IR_MODULE_MODULE_STATE_H
#define KN_IR_MODULE_MODULE_STATE_H

#include "ir/convention.h"
#include "base/hash.h"
#include "base/names.h"

#include <kiln/asm.h>
#include <kiln/attrs.h>
#include <kiln/debug.h>
#include <kiln/debug_entries.h>
#include <kiln/exceptions.h>
#include <kiln/inline.h>
#include <kiln/module.h>
#include <kiln/section.h>

#include <pthread.h>

/* One interned signature. What follows `conv` is computed from that by kn_backend.assign_sig. */
struct kn_sig {
  const kiln_param *params; /* in the module's arena; NULL: none */
  uint32_t n_params;
  const kiln_type *result_types; /* as `results`; in the module's arena; NULL: none */
  uint8_t results[KILN_MAX_RESULTS];
  uint8_t n_results;
  uint8_t cc;
  uint16_t flags; /* KILN_SIG_... */
  const struct kn_convention *conv;
  uint64_t arriving, returning; /* registers of the parameters, of the results */
  uint32_t stack_bytes;         /* of the stack area that results and parameters take */
  uint32_t result_bytes;        /* of the results in it that have no register, which come first */
  uint32_t stack_align;         /* of the area; 0: as usual */
  uint32_t popped;              /* bytes of the area that the callee frees: kn_convention.pops */
  /* So many more arguments of one register each have one, whatever their types are. */
  uint8_t spare;
  bool has_pairs; /* a parameter is an i128 */
  /* The parameters are integers without flags, each in the next register, and nothing is on the stack. */
  bool plain;
  /* It returns once, nothing is on the stack, and caller and callee keep the registers that C's convention says. */
  bool usual;
};

struct kn_symbol {
  const char *name;    /* NUL-terminated, in the module's strings; "" if it has none */
  const char *section; /* or NULL */
  int64_t offset;      /* alias: bytes; block: the block's id */
  uint32_t name_length;
  uint32_t hash;        /* of the name: kn_hash_bytes; 0 if it has none */
  uint32_t comdat;      /* id of its section group, or 0; that of its own name if it is LINKONCE and
                         * nothing else was said (comdat_implied) */
  uint32_t sig;         /* functions */
  uint32_t target;      /* alias, block: id; data of kiln_func_add_data: kn_data.owner */
  uint32_t data;        /* data: index + 1 into kiln_module.data, or 0; functions: of the newest
                         * private data of the body being built, or compiled and not yet added */
  uint32_t block_first; /* functions: id of the newest symbol of one of its blocks, or 0;
                         * block symbols: of the same function's next older one, or 0;
                         * symbols that can be used again: kiln_module.free_symbol */
  uint8_t kind;         /* kiln_symbol_kind */
  uint8_t linkage, visibility, tls;
  uint8_t dso_local;
  uint8_t align_log2;
  uint8_t defined; /* has a body, data or target */
  uint8_t body;    /* a definition was announced (kiln_symbol_desc.body); block symbols: the body
                    * being built asked for it (kiln_block_address) */
  /* What code may assume, from linkage, visibility, dso_local and the module's PIC level. Computed at the declaration
   * and again at the definition; what was true stays true. */
  uint8_t direct;  /* enum kn_direct */
  uint8_t printed; /* functions: the body was printed (ir/text/print_module.c then leaves it out) */
  uint8_t comdat_implied;
  uint8_t no_plt : 1;   /* kiln_symbol_desc.no_plt */
  uint8_t resolver : 1; /* kiln_symbol_desc.resolver */
  uint8_t indirect
    : 1; /* its address is only in the GOT: it, or what it stands for, is such an alias or a number */
  uint8_t late : 1;    /* kiln_func_define_alias is to define it */
  uint8_t renamed : 1; /* kiln_symbol_set_object_name */
  uint8_t library : 1; /* a library function that operations call; `sig`: as they do, or 0 */
  uint8_t dll : 2;     /* kiln_dll */
};

_Static_assert(sizeof(struct kn_symbol) <= 64, "one cache line: code refers to symbols at random");

/* Is a symbol reached pc-relative, without GOT or PLT? With KN_DIRECT_ACCESS its content is, but not its address as a
 * value: the symbol is declared as data, but linkers may find a function. */
enum kn_direct { KN_DIRECT_NO, KN_DIRECT_ACCESS, KN_DIRECT };

/* A section group, known by its name. */
struct kn_comdat {
  const char *name; /* NUL-terminated, in the module's strings */
  uint32_t length;
  uint32_t hash;
  uint32_t symbol; /* id of the symbol of that name if that is in the group, else 0 */
  bool stays;      /* kiln_symbol_desc.comdat_stays */
  uint8_t choice;  /* kiln_symbol_desc.comdat_choice */
};

/* One data definition. */
struct kn_data {
  uint32_t symbol;
  unsigned flags;
  uint8_t align_log2;
  uint64_t size_bytes;
  const uint8_t *bytes;     /* owned; NULL: zero */
  const kiln_reloc *relocs; /* owned */
  size_t n_relocs;
  /* kiln_func_add_data: id of the function, KN_DATA_DROPPED if that failed; else 0 */
  uint32_t owner;
  uint32_t ordinal; /* and its number among that function's */
  uint32_t label;   /* kiln_data_desc.label */
  uint32_t with;    /* kiln_data_desc.with */
  uint32_t next;    /* index + 1 of the same function's next older item, or of the next free one */
};
#define KN_DATA_DROPPED UINT32_MAX
static inline bool kn_data_owned(const struct kn_data *d) {
  return d->owner - 1 < KN_DATA_DROPPED - 1;
}

/* May nothing be written to it while the program runs, but what the dynamic linker writes? */
static inline bool kn_data_is_constant(const struct kn_data *d) {
  return (d->flags & (KILN_DATA_READ_ONLY | KILN_DATA_MERGE_STRINGS)) != 0;
}

/* kiln_symbol_set_object_name. */
struct kn_rename {
  uint32_t symbol;
  const char *name; /* NUL-terminated, in the module's strings */
};

/* kiln_func_define_alias. */
struct kn_late_name {
  uint32_t symbol, target;
  int64_t offset;
  uint8_t linkage, visibility;
  bool done;        /* the symbol is an alias by now */
  uint32_t owner;   /* id of the function, KN_DATA_DROPPED if that failed */
  uint32_t ordinal; /* its number among the function's */
};

enum { KN_NO_PRIORITY = 65535 };
struct kn_ctor {
  uint32_t func, priority; /* or KN_NO_PRIORITY */
  uint32_t with;           /* symbol whose definition it belongs to, or 0 */
  bool at_exit;
};

/* What was said of a section. */
struct kn_section {
  const char *name; /* NUL-terminated, in the module's strings */
  kiln_section_desc desc;
};

/* Items added after the module was frozen are in chunks that double in size, so that nothing moves while other
 * threads read. */
#define KN_LATE_CHUNKS 26
#define KN_LATE_FIRST 64

/* A register that kiln_guard_location may name. */
struct kn_guard_reg {
  const char *name;
  uint16_t code;  /* the target's */
  uint8_t source; /* kiln_guard_source: TLS or SYSREG; DEFAULT ends */
  bool usual;     /* where no name is given */
};

struct kn_target;
struct kn_machine_table;

/* What the IR knows of a target. */
struct kn_ir_facts {
  const uint16_t *clobbers; /* per opcode a mask of types for which it clobbers like a call */
  const struct kn_machine_table *machine;         /* its own instructions: ir/machine.h */
  const struct kn_convention *const *conventions; /* by kiln_cc; NULL: it has none of that name */
  const struct kn_convention *library;            /* C's, by which library functions are called */
  const struct kn_guard_reg *guard_regs;          /* NULL: none */
  bool reaches_zero; /* pc-relative code reaches an undefined weak symbol that is dso_local, at 0 */
  /* linkers make the address of a shared object's function that code of an executable at a fixed address takes
   * pc-relative a PLT entry, and nothing else's */
  bool plt_is_address;
  bool loads_pairs; /* one instruction loads both halves of an i128 */
};

/* What the IR calls of code generation: lib/compile.c has the only one. */
struct kn_backend {
  /* Fills in where the parameters and results of a signature go. */
  void (*assign_sig)(const struct kn_target *t, struct kn_sig *sig);
  /* What code generation hangs on a session: made with it, false without memory; freed; its bytes. */
  bool (*open_session)(kiln_session *s);
  void (*close_session)(kiln_session *s);
  uint64_t (*session_bytes)(const kiln_session *s);
};

/* Before the freeze one thread at a time uses a module. After it the arrays up to flat_symbols and
 * flat_sigs are only read, but for kn_symbol.defined; everything else is under `lock`, and the
 * diagnostic under `diag_lock`.
 *
 * Of errors there are two kinds. The module's own (a declaration that is wrong, no memory) stops
 * everything: `status`. Those of functions are only told, since other threads may be compiling others,
 * and which of them fail must not depend on who is first. */
struct kiln_module {
  kiln_module_options options;
  kiln_allocator allocator;  /* the user's, if there is one: `options` then has one that calls it */
  uint32_t in_use;           /* see kn_in_use */
  struct kn_teller *tellers; /* threads that are in `on_diag`; changed under `diag_lock` */
  bool calling;        /* a callback that must not change the module: `status` keeps it from that */
  kiln_status refused; /* the error of such a change */
  kiln_status status;  /* of the first error that is the module's own: nothing changes after it */
  kiln_diag diag;      /* what kiln_module_diag gives; its status is read without a lock */
  uint32_t diag_rank;  /* of `diag`: see kn_module_pass */
  bool frozen;
  pthread_mutex_t lock, diag_lock;
  uint32_t flat_symbols, flat_sigs; /* ids below are in the arrays; UINT32_MAX: all */
  void *late_symbols[KN_LATE_CHUNKS], *late_sigs[KN_LATE_CHUNKS];
  KN_ARRAY(struct kn_symbol) symbols; /* by id; [0] is none, and counts in n */
  uint32_t n_aliases;
  struct kn_hash symbol_hash;         /* by name; of a block's symbol by function and block */
  KN_ARRAY(struct kn_comdat) comdats; /* by id - 1; do not change once the module is frozen */
  struct kn_hash comdat_hash;         /* by name */
  KN_ARRAY(struct kn_sig) sigs;       /* by id; [0] is none, and counts in n */
  struct kn_hash sig_hash;            /* by content */
  KN_ARRAY(struct kn_data) data;
  /* In a module for code in memory, what functions no longer need of private data: its memory is freed, its items
   * (index + 1) and symbols are used again. */
  uint32_t free_data, free_symbol;
  uint64_t data_bytes;
  KN_ARRAY(struct kn_ctor) ctors;
  KN_ARRAY(uint32_t) libraries; /* ids of the symbols with kn_symbol.library */
  KN_ARRAY(struct kn_rename) renames;
  struct kn_hash rename_hash; /* by symbol: index + 1 */
  KN_ARRAY(struct kn_late_name) late_names;
  KN_ARRAY(struct kn_section) sections;
  struct kn_hash section_hash; /* by name: index + 1 */
  const char *last_section;    /* string of the newest symbol that has one, or NULL */
  const char *source_file;     /* name of the file symbol, or NULL: none */
  struct kn_arena *arena;      /* strings, data, relocations */

  /* ---- of the target, from lib/compile.c; constant ---- */
  const struct kn_backend *backend;
  const struct kn_target *target; /* for lib alone: targets/target.h */
  struct kn_ir_facts ir;          /* with something for each part that the target leaves out */
  uint64_t pinnable;              /* registers that kiln_module_attrs.pinned may name */

  kiln_module_attrs attrs; /* guard_location has nothing that its `source` does not use */
  uint16_t guard_reg;      /* of attrs.guard_location: the target's number of the register */
  uint64_t pinned;         /* attrs.pinned: the register, or 0 */
  bool some_no_plt;        /* attrs.no_plt, or that of a symbol */
  kiln_debug *debug;       /* ir/debug/die.h; NULL: nothing */
  struct kn_kept *kept;    /* ir/inline/inlining.h; NULL: no function was kept */
  bool settled;            /* kiln_module_settle_inlining was called: nothing is kept any more */
  uint8_t *reached; /* by symbol, below n_reached: something refers to it; NULL: not tracked */
  uint32_t n_reached;
  kiln_inline_attrs inline_attrs; /* with defaults in place of zeros */
};

/* ---- life, memory, errors (ir/module/module.c) ---- */

/* A module without what it has of its target; NULL: kiln_module_new. */
kiln_module *kn_module_new(const kiln_module_options *options);
/* Memory of the module's allocator: as realloc. */
KN_PRIVATE void *kn_realloc(const kiln_module *m, void *old, size_t size);
/* Allocates item `i` of those added after the freeze, zeroed; NULL without memory. */
void *kn_late_add(kiln_module *m, void **chunks, uint32_t i, size_t size);

/* Reports `status` with a printf-like message through the module; returns `status`. */
kiln_status kn_module_fail(kiln_module *m, kiln_status status, const char *message, ...)
  __attribute__((format(printf, 3, 4)));
/* The same, for functions that return `failed` when they fail. */
#define KN_MODULE_FAIL(failed, ...) ((void)kn_module_fail(__VA_ARGS__), (failed))
/* Tells the module the error of function `symbol`, which has been reported. Before the freeze the first
 * error is kept; after it that of the function with the least id, whichever thread is first. */
void kn_module_pass(kiln_module *m, const kiln_diag *d, uint32_t symbol);
/* Of attributes with KILN_PROTECT_KEY_B. */
#define KN_NO_KEY_B "signing return addresses with key B is not supported"

/* Begins or ends a use of a module or a session beyond a callback, which therefore cannot free it. */
static inline void kn_in_use(uint32_t *count, bool on) {
  __atomic_add_fetch(count, on ? 1u : -1u, __ATOMIC_RELAXED);
}

/* Status of the module's own first error: kiln_module_status tells those of functions too. */
static inline kiln_status kn_module_own(const kiln_module *m) {
  return __atomic_load_n(&m->status, __ATOMIC_RELAXED);
}
/* Reports that a callback tried to change the module, if that is what keeps it from being changed; true. */
KN_COLD bool kn_module_refuse(const kiln_module *m);
/* True if there is no module, or it has failed: nothing may be added. */
static inline bool kn_module_failed(const kiln_module *m) {
  return m == NULL || (KN_UNLIKELY(kn_module_own(m) != KILN_OK) && kn_module_refuse(m));
}
/* Calls the module's on_diag, unless this thread is in it already. */
void kn_module_tell(kiln_module *m, const kiln_diag *d);
/* Is this thread in the module's on_diag? Then its sessions and functions are in use. */
KN_COLD bool kn_module_is_teller(const kiln_module *m);
static inline bool kn_module_telling(const kiln_module *m) {
  return KN_UNLIKELY(__atomic_load_n(&m->tellers, __ATOMIC_RELAXED) != NULL) &&
         kn_module_is_teller(m);
}
/* Around a callback that may read the module, but not change or free it. What it tries becomes the module's error. A
 * frozen module may be changed, as other threads may. The result is for the second call. */
bool kn_module_call_out(const kiln_module *m);
void kn_module_call_back(const kiln_module *m, bool was);
/* True if `id` is that of a symbol or signature. After the freeze an id may be used only by the thread that got
 * it. */
static inline bool kn_symbol_valid(const kiln_module *m, uint32_t id) {
  return id - 1 < __atomic_load_n(&m->symbols.n, __ATOMIC_RELAXED) - 1;
}
static inline bool kn_sig_valid(const kiln_module *m, uint32_t id) {
  return id - 1 < __atomic_load_n(&m->sigs.n, __ATOMIC_RELAXED) - 1;
}

/* Place of item `i` of those added after the freeze. */
static inline unsigned kn_late_chunk(uint32_t i) {
  return 25u - (unsigned)__builtin_clz(i + KN_LATE_FIRST);
}
static inline void *kn_late_at(void *const *chunks, uint32_t i, size_t size) {
  unsigned k = kn_late_chunk(i);
  return (char *)chunks[k] + (i + KN_LATE_FIRST - ((uint32_t)KN_LATE_FIRST << k)) * size;
}

/* The symbol, the signature of a valid id. They do not move after the freeze. */
static inline struct kn_symbol *kn_symbol(const kiln_module *m, uint32_t id) {
  if (KN_LIKELY(id < m->flat_symbols)) return m->symbols.at + id;
  return kn_late_at(m->late_symbols, id - m->flat_symbols, sizeof(struct kn_symbol));
}
static inline struct kn_sig *kn_sig(const kiln_module *m, uint32_t id) {
  if (KN_LIKELY(id < m->flat_sigs)) return m->sigs.at + id;
  return kn_late_at(m->late_sigs, id - m->flat_sigs, sizeof(struct kn_sig));
}
/* Is its name the module's own, which no other module sees? */
static inline bool kn_is_local(const struct kn_symbol *s) {
  return s->linkage == KILN_LINKAGE_INTERNAL || s->linkage == KILN_LINKAGE_PRIVATE;
}
/* Is it private data of a function (kiln_func_add_data) that is not `func`, or of a body that was discarded? */
static inline bool kn_symbol_is_foreign(const struct kn_symbol *s, uint32_t func) {
  return s->target != 0 && s->target != func && s->kind == KILN_SYMBOL_DATA;
}
/* Lock and unlock what sessions share once the module is frozen. */
static inline void kn_module_lock(kiln_module *m) {
  if (m->frozen) pthread_mutex_lock(&m->lock);
}
static inline void kn_module_unlock(kiln_module *m) {
  if (m->frozen) pthread_mutex_unlock(&m->lock);
}

/* ---- symbols (ir/module/module_symbols.c) ---- */

/* Finds a symbol by name and the name's hash: its id, or 0. */
uint32_t kn_symbol_lookup(const kiln_module *m, const char *name, size_t length, uint32_t hash);

/* The symbol of a name that code refers to without a declaration, as to a library function; a
 * declaration may follow. 0 without memory. */
uint32_t kn_symbol_reference(kiln_module *m, const char *name);

/* True if a call by `s` may be one of a function declared with `t`: kiln_sig_is_compatible. */
bool kn_sig_is_compatible(const struct kn_sig *s, const struct kn_sig *t);

/* True if a call by `sig` does not contradict the declaration of `symbol`, if that is a function. */
static inline bool kn_sig_calls(const kiln_module *m, uint32_t sig, uint32_t symbol) {
  const struct kn_symbol *s = kn_symbol(m, symbol);
  return s->sig == sig || s->kind != KILN_SYMBOL_FUNC || s->sig == 0 ||
         kn_sig_is_compatible(kn_sig(m, sig), kn_sig(m, s->sig));
}

/* The symbol of a library function that operations call, by a signature of C's convention (NULL: not checked). A symbol
 * that the module declares by that name is another one, unless kiln_module_attrs.own_library says otherwise. 0: the
 * module failed. */
uint32_t kn_symbol_library(kiln_module *m, const char *name, const struct kn_sig *sig);
/* The symbol that linkers take for the library function `id`: the module's own by that name, if it is global or
 * hidden; else 0. */
uint32_t kn_library_supplier(const kiln_module *m, uint32_t id);
/* Checks that definitions by the names of library functions that were used are such functions. Otherwise, the module
 * fails. */
bool kn_library_check(kiln_module *m);
/* Reserves the body of `symbol`: marks it defined; the module fails if it is no function or has a body. */
bool kn_symbol_define_func(kiln_module *m, uint32_t symbol);
/* Symbol of block `block` of the function `func` that is being built: kiln_block_address. */
uint32_t kn_symbol_of_block(kiln_module *m, uint32_t func, uint32_t block);
/* A name that is referred to, and will be an alias: its id, or 0. The module is locked. */
uint32_t kn_symbol_declare_late(kiln_module *m, const kiln_symbol_desc *desc);
/* Puts a new symbol into a section and a group. The module is locked. */
bool kn_symbol_put_in(kiln_module *m, uint32_t id, const kiln_symbol_desc *desc);
/* Undoes kn_symbol_define_func: the body was discarded. */
void kn_symbol_undefine_func(kiln_module *m, uint32_t symbol);
/* Computes kn_symbol.direct. */
void kn_symbol_classify(const kiln_module *m, struct kn_symbol *s);
/* A new private data symbol without a name, or 0. The module is locked. */
uint32_t kn_symbol_private_data(kiln_module *m);
/* Lets kn_symbol_private_data use such a symbol again. The module is locked. */
void kn_symbol_reuse(kiln_module *m, uint32_t id);

/* ---- reachability (ir/module/reachable.c) ---- */

/* Something refers to `symbol`, or none (0). Only while m->reached is there; sessions of several threads may. */
void kn_symbol_reach(kiln_module *m, uint32_t symbol);

/* ---- section groups (ir/module/module_comdats.c) ---- */

static inline struct kn_comdat *kn_comdat(const kiln_module *m, uint32_t id) {
  return m->comdats.at + (id - 1);
}
/* The id of the section group of that name, which is without a NUL; 0 without memory. */
uint32_t kn_comdat_of(kiln_module *m, const char *name, size_t length, uint32_t hash);
/* The same for a symbol that is in the group of its own name; `symbol` is its id. */
uint32_t kn_comdat_of_symbol(kiln_module *m, const struct kn_symbol *s, uint32_t symbol);

/* ---- sections (ir/module/module_sections.c) ---- */

/* What was said of the section of that name; NULL: nothing. */
const struct kn_section *kn_section_said(const kiln_module *m, const char *name);
/* Properties of a section, in a frozen module, too; the module is locked. */
kiln_status kn_section_declare(kiln_module *m, const char *name, const kiln_section_desc *desc);

/* ---- data (ir/module/module_data.c) ---- */

/* Defines private data number `ordinal` of the function `owner`: its symbol, or 0 if the module failed. */
uint32_t kn_data_of_func(kiln_module *m, uint32_t owner, uint32_t ordinal,
                         const kiln_data_desc *desc);
/* Drops the private data of a function that was discarded, or was added to a JIT, which has copied it. */
void kn_data_drop(kiln_module *m, uint32_t owner);
/* Frees the memory of all private data. */
void kn_data_free(kiln_module *m);
/* Are all of its bytes 0, with nothing to be added? */
bool kn_data_is_zero(const struct kn_data *d);
/* Defines data of a function, by the symbol that it has already. */
bool kn_data_define_for(kiln_module *m, uint32_t owner, uint32_t ordinal, uint32_t symbol,
                        const kiln_data_desc *desc);

/* ---- labels of machine code (ir/builder/build_asm_label.c) ---- */

/* Block symbols from this number on are of labels of machine code: kiln_asm_label. */
#define KN_FIRST_LABEL INT64_C(0x80000000)
static inline bool kn_symbol_is_label(const struct kn_symbol *s) {
  return s->kind == KILN_SYMBOL_BLOCK && s->offset >= KN_FIRST_LABEL;
}
/* Drops the names that a function gave which was discarded. */
void kn_late_names_drop(kiln_module *m, uint32_t owner);
/* Makes aliases of the late names whose targets are there; the module is complete, or failed if false. In order of
 * functions, so that the object is the same whichever thread was first. */
KN_PRIVATE bool kn_late_names_define(kiln_module *m,
                                     bool (*is_there)(const void *user, uint32_t symbol),
                                     const void *user);

/* ---- targets (ir/module/triple.c) ---- */

/* Replaces each field that is zero by what it means; false if one is out of range, or this machine is no target. */
bool kn_target_complete(kiln_target *t);
/* The format of a system's objects; KILN_FORMAT_USUAL of KILN_SYSTEM_HOST. */
kiln_format kn_usual_format(kiln_system s);
/* Writes the module's target as diagnostics name it, "x86_64" or "x86_64-windows", to `out`, and returns that. */
enum { KN_TARGET_NAME = 32 };
const char *kn_target_name(const kiln_module *m, char out[KN_TARGET_NAME]);

#endif
