/* Module and session as the library's own files see them. module.c fills the module; the walk
 * appends to a session's output; elf.c and the JIT read both. */
#ifndef KN_IR_MODULE_STATE_H
#define KN_IR_MODULE_STATE_H

#include <kiln/debug.h>
#include <kiln/module.h>

#include <pthread.h>
#include <string.h>

/* Hints for the C compiler: always in line; the likely and the unlikely condition; hardly ever called. */
#define KN_INLINE static inline __attribute__((always_inline))
#define KN_LIKELY(x) __builtin_expect(!!(x), 1)
#define KN_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define KN_COLD __attribute__((cold, noinline))

/* One interned signature. */
/* Arguments that each target passes in registers, if each is a word: x86-64 has six of them. */
enum { KN_FEW_WORDS = 6 };

struct kn_sig {
  const kiln_param *params; /* in the module's arena; NULL: none */
  uint32_t n_params;
  uint8_t results[KILN_MAX_RESULTS];
  uint8_t n_results;
  uint8_t cc;
  uint8_t flags; /* KILN_SIG_... */
  bool plain;    /* parameters are integers of up to 64 bits without flags */
  bool few;      /* convention C, returns once, and no target has a parameter on the stack */
  uint32_t next; /* of the same hash: id, or 0 */
  uint32_t hash;
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
  uint32_t target;      /* alias, block: id */
  uint32_t data;        /* data: index + 1 into kiln_module.data, or 0 */
  uint32_t block_first; /* functions: id of the newest symbol of one of its blocks, or 0;
                         * block symbols: of the same function's next older one, or 0 */
  uint8_t kind;         /* kiln_symbol_kind */
  uint8_t linkage, visibility, tls;
  uint8_t dso_local;
  uint8_t align_log2;
  uint8_t defined; /* has a body, data or target */
  uint8_t body;    /* a definition was announced (kiln_symbol_desc.body); block symbols: the body
                    * being built asked for it (kiln_block_address) */
  /* What code may assume, from linkage, visibility, dso_local and the module's PIC level. Computed at the declaration
   * and again at the definition; what was true stays true. */
  uint8_t direct;  /* reached pc-relative, without GOT or PLT */
  uint8_t printed; /* functions: the body was printed (ir/print_module.c then leaves it out) */
  uint8_t comdat_implied;
  uint8_t no_plt : 1;   /* kiln_symbol_desc.no_plt */
  uint8_t resolver : 1; /* kiln_symbol_desc.resolver */
  uint8_t indirect : 1; /* it, or what it stands for, is such an alias */
  uint8_t late : 1;     /* kiln_func_alias is to define it */
  uint8_t renamed : 1;  /* kiln_symbol_rename */
};

_Static_assert(sizeof(struct kn_symbol) <= 64, "one cache line: code refers to symbols at random");

/* An entry of the hash table of symbols, with open addressing. `hash` is of a name, or of a block symbol's function
 * and block. Symbols themselves are read only where the whole hash is equal. */
struct kn_symbol_entry {
  uint32_t hash, id; /* id 0: free */
};

/* A section group, known by its name. */
struct kn_comdat {
  const char *name;                /* NUL-terminated, in the module's strings */
  uint32_t length : 31, stays : 1; /* kiln_symbol_desc.comdat_stays */
  uint32_t hash;
  uint32_t next;   /* of the same hash: id, or 0 */
  uint32_t symbol; /* id of the symbol of that name if that is in the group, else 0 */
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
  uint32_t owner;   /* kiln_func_data: id of the function, KN_DATA_DROPPED if that failed; else 0 */
  uint32_t ordinal; /* and its number among that function's */
  uint32_t place;   /* kiln_data_desc.place */
};
#define KN_DATA_DROPPED UINT32_MAX
static inline bool kn_data_owned(const struct kn_data *d) {
  return d->owner - 1 < KN_DATA_DROPPED - 1;
}

/* kiln_symbol_rename. */
struct kn_rename {
  uint32_t symbol;
  const char *name; /* NUL-terminated, in the module's strings */
};

/* kiln_func_alias. */
struct kn_late_name {
  uint32_t symbol, target;
  int64_t offset;
  uint8_t linkage, visibility;
  bool done;        /* the symbol is an alias by now */
  uint32_t owner;   /* id of the function, KN_DATA_DROPPED if that failed */
  uint32_t ordinal; /* its number among the function's */
};

struct kn_ctor {
  uint32_t func, priority;
  uint32_t with; /* symbol whose definition it belongs to, or 0 */
  bool at_exit;
};

/* What was said of a section. */
struct kn_section {
  const char *name; /* NUL-terminated, in the module's strings */
  kiln_section_desc desc;
  uint32_t hash, next; /* of the same hash: index + 1, or 0 */
};

struct kn_loc {
  uint32_t file; /* index into kn_places.files */
  uint32_t line, column;
  uint32_t scope;   /* kiln_die, or 0 */
  uint32_t inlined; /* location of the call, or 0 */
  uint32_t flags;   /* KILN_LOC_... */
};

struct kn_file {
  const char *name; /* NUL-terminated, in the session's strings */
  uint32_t hash;
  uint32_t next;  /* of the same hash: index + 1, or 0 */
  uint32_t entry; /* kiln_die of tag KILN_TAG_FILE, or 0 */
};

/* Source locations of a session. */
struct kn_places {
  struct kn_loc *locs; /* by id; [0] is none, and counts in n_locs */
  uint32_t n_locs, cap_locs;
  struct kn_file *files;
  uint32_t n_files, cap_files;
  uint32_t *file_hash;
  uint32_t file_hash_size;
  uint32_t last_file; /* of the newest location: index + 1, or 0 */
};

/* Items added after the module was frozen are in chunks that double in size, so that nothing moves while other
 * threads read. */
#define KN_LATE_CHUNKS 26
#define KN_LATE_FIRST 64

/* Before the freeze one thread at a time uses a module. After it the arrays up to flat_symbols and
 * flat_sigs are only read, but for kn_symbol.defined; everything else is under `lock`, and the
 * diagnostic under `diag_lock`.
 *
 * Of errors there are two kinds. The module's own (a declaration that is wrong, no memory) stops
 * everything: `status`. Those of functions are only told, since other threads may be compiling others,
 * and which of them fail must not depend on who is first. */
struct kiln_module {
  kiln_module_options options;
  kiln_status status; /* of the first error that is the module's own: nothing changes after it */
  kiln_diag diag;     /* what kiln_module_diag gives; its status is read without a lock */
  uint32_t diag_rank; /* of `diag`: see kn_module_pass */
  bool frozen;
  pthread_mutex_t lock, diag_lock;
  uint32_t flat_symbols, flat_sigs; /* ids below are in the arrays; UINT32_MAX: all */
  void *late_symbols[KN_LATE_CHUNKS], *late_sigs[KN_LATE_CHUNKS];
  struct kn_symbol *symbols; /* by id; [0] is none, and counts in n_symbols */
  uint32_t n_symbols, cap_symbols;
  uint32_t n_aliases;
  struct kn_symbol_entry *symbol_hash;
  uint32_t symbol_hash_size; /* 0 or a power of two */
  struct kn_comdat *comdats; /* by id - 1; do not change once the module is frozen */
  uint32_t n_comdats, cap_comdats;
  uint32_t *comdat_hash; /* heads of chains: ids */
  uint32_t comdat_hash_size;
  struct kn_sig *sigs; /* by id; [0] is none, and counts in n_sigs */
  uint32_t n_sigs, cap_sigs;
  uint32_t *sig_hash;
  uint32_t sig_hash_size;
  struct kn_data *data;
  uint32_t n_data, cap_data;
  uint64_t data_bytes;
  struct kn_ctor *ctors;
  uint32_t n_ctors, cap_ctors;
  struct kn_rename *renames;
  uint32_t n_renames, cap_renames;
  struct kn_late_name *late_names;
  uint32_t n_late_names, cap_late_names;
  struct kn_section *sections;
  uint32_t n_sections, cap_sections;
  uint32_t *section_hash;
  uint32_t section_hash_size; /* 0 or a power of two */
  const char *last_section;   /* string of the newest symbol that has one, or NULL */
  struct kn_arena *arena;     /* strings, data, relocations */
  const uint16_t *clobbers;   /* of the target: see kn_target_clobbers */
  bool reaches_zero;          /* and kn_target_reaches_zero */
  kiln_guard_place guard;     /* kiln_module_guard */
  uint16_t guard_reg;         /* and the target's number of its register: kn_guard_reg */
  uint8_t protect;            /* kiln_module_protect */
  bool no_plt;                /* kiln_module_no_plt */
  bool exec_stack;            /* kiln_module_exec_stack */
  bool has_vector_pcs;        /* some signature is of KILN_CC_VECTOR */
  bool some_no_plt;           /* or a symbol has kiln_symbol_desc.no_plt */
  uint8_t dwarf_version;      /* 4, 5, or 0: 5 */
  kiln_debug *debug;          /* ir/die.h; NULL: nothing */
};

/* ---- a session's output ---- */

/* A relocation in code. The value is written at `offset`, which counts from the session's code. */
struct kn_code_reloc {
  union {
    uint32_t offset;
    uint32_t mark; /* of the function being walked: the number of its mark (lib/codegen/code.h) */
  };
  uint32_t symbol;
  uint32_t type; /* the ELF number, R_X86_64_... or R_AARCH64_... */
  int32_t addend;
};

/* One function's part of the code. Parts are in order and do not overlap; bytes between them are
 * padding. Relocations and frame rows of a function are contiguous: they end where the next
 * function's start. */
struct kn_code_func {
  uint32_t symbol;
  uint32_t start, size; /* bytes in the session's code; start has the function's alignment */
  uint32_t reloc_first; /* index into relocs */
  uint32_t cfi_first;   /* index into the bytes of cfi: DW_CFA instructions of its FDE */
  uint32_t cfi_size;
  uint32_t loc_first;        /* index into lines */
  uint32_t var_first;        /* index into vars */
  uint32_t call_first;       /* index into calls */
  uint32_t subprogram, unit; /* kiln_die of its description, or 0 */
  uint32_t table;            /* of exceptions: index into tables + 1, or 0 */
  bool key_b;                /* its return address is signed with key B */
};

/* A function's table of exceptions (.gcc_except_table), complete but for the addresses of types: 4 bytes each, that
 * of type k (from 1) at the table's byte type_end - 4 * k. */
struct kn_code_table {
  uint32_t personality; /* symbol */
  uint32_t first, size; /* bytes in table_bytes; `first` is a multiple of 4 */
  uint32_t type_first;  /* index into table_types */
  uint32_t n_types;
  uint32_t type_end;
};

/* Bytes of the code that are data: tables of jumps, literals. */
struct kn_code_data {
  uint32_t at, end; /* in the session's code; ascending */
};

/* The place of a block symbol. */
struct kn_code_label {
  uint32_t symbol;
  uint32_t offset; /* in the session's code */
};

/* Source location `loc` begins at `offset`. */
enum { KN_LINE_STMT = 1, KN_LINE_PROLOGUE_END = 2 };
struct kn_code_line {
  uint32_t offset; /* of the function being walked: the number of its mark, as in relocations */
  uint32_t loc;
  uint32_t flags; /* KN_LINE_... */
};

/* Where a variable lives: a DWARF expression, n bytes of `exprs`. */
struct kn_code_var {
  uint32_t variable; /* kiln_die */
  uint32_t inlined;  /* location of the call that was replaced by the code which has it, or 0 */
  uint32_t expr, n;
  uint32_t part_at, part_bits; /* in bits; part_bits 0: all of it */
  uint32_t from,
    to; /* only in this code; to 0: everywhere. Rows of a variable with places follow each other, in order
                        of `from` for each part. Of a label: `from`, and n is UINT32_MAX */
};

/* A call that debuggers are to know of, in a function whose entry says that all are described. */
struct kn_code_call {
  uint32_t at;      /* offset of what is behind it; of a tail call behind the jump */
  uint32_t symbol;  /* that is called, or 0 */
  uint32_t expr, n; /* in `exprs`: see lib/debug/observe_calls.c */
  bool tail;
};

struct kn_output {
  uint8_t *code;
  size_t size, cap;
  struct kn_code_reloc *relocs;
  uint32_t n_relocs, cap_relocs;
  struct kn_code_func *funcs;
  uint32_t n_funcs, cap_funcs;
  struct kn_code_label *labels;
  uint32_t n_labels, cap_labels;
  struct kn_code_data *data; /* only where objects mark it */
  uint32_t n_data, cap_data;
  struct kn_code_line *lines;
  uint32_t n_lines, cap_lines;
  struct kn_code_var *vars;
  uint32_t n_vars, cap_vars;
  struct kn_code_call *calls;
  uint32_t n_calls, cap_calls;
  uint8_t *exprs;
  uint32_t n_exprs, cap_exprs;
  uint8_t *cfi;
  uint32_t cfi_size, cap_cfi;
  struct kn_code_table *tables;
  uint32_t n_tables, cap_tables;
  uint8_t *table_bytes;
  uint32_t table_size, cap_table_bytes;
  uint32_t *table_types; /* symbols; 0: any type */
  uint32_t n_table_types, cap_table_types;
  bool some_key_b; /* a function has kn_code_func.key_b */
};

struct kiln_session {
  kiln_module *module;
  struct kn_output out;
  struct kiln_func *open;  /* functions being built */
  struct kiln_func *spare; /* functions that ended, whose arrays are reused */
  struct kn_places places;
  struct kn_arena *arena;             /* its file names */
  struct kn_plan *plan;               /* lib/codegen/plan.h */
  struct kn_walk *walk;               /* lib/codegen/walk.h */
  struct kn_map *map;                 /* lib/codegen/map.h, or NULL */
  struct kn_debug_observer *observer; /* lib/debug/debugger.h, or NULL */
  kiln_stats stats;                   /* its times in ticks: ir/clock.h */
  bool timing;
  unsigned dump_what; /* KILN_DUMP_...: see kiln_session_dump */
  kiln_buffer *dump_out;
  uint64_t clock_ns, clock_ticks; /* when the clock was switched on */
  kiln_debug *debug;              /* ir/die.h, or NULL */
  uint32_t calls_shape;           /* of the newest function's entry, and the bit of its set; */
  bool calls;                     /* are calls to be described by such ones? */
};

/* Memory of the module's allocator: as realloc. */
void *kn_realloc(const kiln_module *m, void *old, size_t size);
/* Makes `*array` hold at least `need` items by doubling; false without memory (the module's status
 * says so). */
bool kn_grow_more(kiln_module *m, void *array, uint32_t *cap, uint32_t need, size_t item_size);
static inline bool kn_grow(kiln_module *m, void *array, uint32_t *cap, uint32_t need,
                           size_t item_size) {
  return need <= *cap || kn_grow_more(m, array, cap, need, item_size);
}

/* Reports `status` with a printf-like message through the module; returns `status`. */
kiln_status kn_module_fail(kiln_module *m, kiln_status status, const char *message, ...)
  __attribute__((format(printf, 3, 4)));

/* Status of the module's own first error: kiln_module_status tells those of functions too. */
static inline kiln_status kn_module_own(const kiln_module *m) {
  return __atomic_load_n(&m->status, __ATOMIC_RELAXED);
}
/* True if there is no module, or it has failed: nothing may be added. */
static inline bool kn_module_failed(const kiln_module *m) {
  return m == NULL || kn_module_own(m) != KILN_OK;
}
/* Tells the module the error of function `symbol`, which has been reported. Before the freeze the first
 * error is kept; after it that of the function with the least id, whichever thread is first. */
void kn_module_pass(kiln_module *m, const kiln_diag *d, uint32_t symbol);

/* True if `id` is that of a symbol or signature. After the freeze an id may be used only by the thread that got
 * it. */
static inline bool kn_symbol_valid(const kiln_module *m, uint32_t id) {
  return id - 1 < __atomic_load_n(&m->n_symbols, __ATOMIC_RELAXED) - 1;
}
static inline bool kn_sig_valid(const kiln_module *m, uint32_t id) {
  return id - 1 < __atomic_load_n(&m->n_sigs, __ATOMIC_RELAXED) - 1;
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
  if (KN_LIKELY(id < m->flat_symbols)) return m->symbols + id;
  return kn_late_at(m->late_symbols, id - m->flat_symbols, sizeof(struct kn_symbol));
}
static inline struct kn_sig *kn_sig(const kiln_module *m, uint32_t id) {
  if (KN_LIKELY(id < m->flat_sigs)) return m->sigs + id;
  return kn_late_at(m->late_sigs, id - m->flat_sigs, sizeof(struct kn_sig));
}
/* Allocates item `i` of those added after the freeze, zeroed; NULL without memory. */
void *kn_late_add(kiln_module *m, void **chunks, uint32_t i, size_t size);

/* Lock and unlock what sessions share once the module is frozen. */
static inline void kn_module_lock(kiln_module *m) {
  if (m->frozen) pthread_mutex_lock(&m->lock);
}
static inline void kn_module_unlock(kiln_module *m) {
  if (m->frozen) pthread_mutex_unlock(&m->lock);
}
/* What was said of the section of that name; NULL: nothing. */
const struct kn_section *kn_section_said(const kiln_module *m, const char *name);
/* Finds a symbol by name and the name's hash: its id, or 0. */
uint32_t kn_symbol_lookup(const kiln_module *m, const char *name, size_t length, uint32_t hash);

/* ---- names (ir/names.c) ---- */

/* Hash of some bytes, the same on every machine of one byte order. Only for look-up: no output may
 * depend on it. */
uint32_t kn_hash_bytes(const void *bytes, size_t size);
/* The same of a name; false if there is a NUL in it. */
bool kn_hash_name(const char *name, size_t length, uint32_t *hash);
/* True if `n` bytes are equal. Names are too short for memcmp's call and set-up, and so many that they count. */
static inline bool kn_same_bytes(const char *a, const char *b, size_t n) {
  uint64_t v, w;
  uint32_t x, y;
  if (n >= 8) { /* whole words, the last one overlapping */
    for (size_t i = 0; i + 8 < n; i += 8) {
      memcpy(&v, a + i, 8);
      memcpy(&w, b + i, 8);
      if (v != w) return false;
    }
    memcpy(&v, a + n - 8, 8);
    memcpy(&w, b + n - 8, 8);
    return v == w;
  }
  if (n >= 4) {
    memcpy(&x, a, 4);
    memcpy(&y, b, 4);
    if (x != y) return false;
    memcpy(&x, a + n - 4, 4);
    memcpy(&y, b + n - 4, 4);
    return x == y;
  }
  for (size_t i = 0; i < n; i++)
    if (a[i] != b[i]) return false;
  return true;
}
static inline struct kn_comdat *kn_comdat(const kiln_module *m, uint32_t id) {
  return m->comdats + (id - 1);
}
/* The id of the section group of that name, which is without a NUL; 0 without memory. */
uint32_t kn_comdat_of(kiln_module *m, const char *name, size_t length, uint32_t hash);
/* The same for a symbol that is in the group of its own name; `symbol` is its id. */
uint32_t kn_comdat_of_symbol(kiln_module *m, const struct kn_symbol *s, uint32_t symbol);

/* True if no function of the sessions is open. If some are, `d` is the error of the one with the least id. */
bool kn_sessions_closed(kiln_session *const *sessions, size_t n, kiln_diag *d);
/* Frees what the session's rooms hang on it (implemented in lib/codegen/compile.c). */
void kn_session_free_rooms(kiln_session *s);
/* Of a target (lib/codegen/targets.c): per opcode a mask of types for which it clobbers like a call. */
const uint16_t *kn_target_clobbers(kiln_target t);
/* Of a target: its own instructions (ir/machine.h). */
const struct kn_machine_table *kn_target_machine(kiln_target t);
/* Of a target: true if pc-relative code reaches an undefined weak symbol that is dso_local, which
 * is at address 0. */
bool kn_target_reaches_zero(kiln_target t);

/* Does it have that calling convention? lib/codegen/targets.c. */
bool kn_target_has_convention(kiln_target t, kiln_callconv cc);
/* The symbol of a name that code refers to without a declaration, as to a library function; a
 * declaration may follow. 0 without memory. */
uint32_t kn_symbol_reference(kiln_module *m, const char *name);
/* Reserves the body of `symbol`: marks it defined; the module fails if it is no function or has a body. */
bool kn_symbol_define_func(kiln_module *m, uint32_t symbol);
/* Symbol of block `block` of the function `func` that is being built: kiln_block_address. */
uint32_t kn_symbol_of_block(kiln_module *m, uint32_t func, uint32_t block);
/* A new private data symbol without a name, or 0. The module is locked. */
uint32_t kn_symbol_private_data(kiln_module *m);
/* Defines private data number `ordinal` of the function `owner`: its symbol, or 0 if the module failed. */
uint32_t kn_data_of_func(kiln_module *m, uint32_t owner, uint32_t ordinal,
                         const kiln_data_desc *desc);
/* Drops the `n` data items of a function that was discarded. */
void kn_data_drop(kiln_module *m, uint32_t owner, uint32_t n);

/* ---- places of machine code (ir/build_asm_place.c) ---- */

/* Block symbols from this number on are of places of machine code: kiln_asm_place. */
#define KN_FIRST_PLACE INT64_C(0x80000000)
static inline bool kn_symbol_is_place(const struct kn_symbol *s) {
  return s->kind == KILN_SYMBOL_BLOCK && s->offset >= KN_FIRST_PLACE;
}
/* Drops the names that a function gave which was discarded. */
void kn_late_names_drop(kiln_module *m, uint32_t owner);
/* Makes aliases of the late names whose targets are there; the module is complete, or failed if false. In order of
 * functions, so that the object is the same whichever thread was first. */
bool kn_late_names_define(kiln_module *m, bool (*is_there)(const void *user, uint32_t symbol),
                          const void *user);
/* Properties of a section, in a frozen module, too; the module is locked. */
kiln_status kn_section_declare(kiln_module *m, const char *name, const kiln_section_desc *desc);
/* Defines data of a function, by the symbol that it has already. */
bool kn_data_define_for(kiln_module *m, uint32_t owner, uint32_t ordinal, uint32_t symbol,
                        const kiln_data_desc *desc);
/* A name that is referred to, and will be an alias: its id, or 0. The module is locked. */
uint32_t kn_symbol_declare_late(kiln_module *m, const kiln_symbol_desc *desc);
/* Puts a new symbol into a section and a group. The module is locked. */
bool kn_symbol_put_in(kiln_module *m, uint32_t id, const kiln_symbol_desc *desc);
/* Undoes kn_symbol_define_func: the body was discarded. */
void kn_symbol_undefine_func(kiln_module *m, uint32_t symbol);
/* Computes kn_symbol.direct. */
void kn_symbol_classify(const kiln_module *m, struct kn_symbol *s);

#endif
