/* What the files of the bitcode reader share: its state and the calls between them. The entries of its tables are
 * in tables.h. kn_bc is made by reader.c, for one module or, as a fork (fork.c), for one thread's part of its bodies.
 * Invariant: every index stored in a table was checked against its table when it was stored, and no
 * table grows beyond what the bits of the file can fill. Reading a body changes no table that forks
 * share: see fork.c. */
#ifndef KN_LLVM_BC_H
#define KN_LLVM_BC_H

#include <kiln/debug.h>
#include <kiln/llvm.h>

#include "asks.h"
#include "bits.h"
#include "harden.h"
#include "tables.h"

#define KN_COLD __attribute__((cold, noinline))

/* True if each array gets its own allocation of the exact size, so that sanitizers find every overrun. */
#if defined(__SANITIZE_ADDRESS__)
#define KN_BC_EXACT true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KN_BC_EXACT true
#endif
#endif
#ifndef KN_BC_EXACT
#define KN_BC_EXACT false
#endif

/* ---- the reader ---- */

#define KN_BC_ARRAY_OF(type)                                                                       \
  {                                                                                                \
    type *at;                                                                                      \
    uint32_t n, cap;                                                                               \
  }
#define KN_BC_ARRAY(type)                                                                          \
  struct {                                                                                         \
    type *at;                                                                                      \
    uint32_t n, cap;                                                                               \
  }

struct kn_bc_ops KN_BC_ARRAY_OF(uint64_t);

/* A fork's view of tables that start with the module's entries, to which each body adds entries that are removed
 * after it: the module's entries belong to another reader, and the lower indices refer to them; higher ones
 * refer to the fork's own array. All zero in a reader that is not a fork. */
struct kn_bc_shared {
  uint64_t *words;
  uint32_t *list;
  uint8_t *bytes;
  const struct kn_bc_md *mds;
  uint32_t n_words, n_list, n_bytes, n_mds;
};

/* The memory of a variable, where assignment `id` (metadata) stores; slot 0: none. */
struct kn_bc_memory {
  uint32_t id;
  kiln_value slot;
  const uint8_t *expr; /* `n` bytes applied to its address */
  uint32_t n;
};

/* What a variable is from a place on, in one of two ways: debug_assign.c. */
struct kn_bc_assign {
  kiln_variable_value is;
  struct kn_bc_memory memory;
  uint32_t expr, memory_expr; /* in kn_bc.assign_bytes */
  bool label;                 /* is.variable is a label, at is.at */
};

/* What the reader remembers of values of vectors to do better with later ones. An id of 0 is nobody's. */
#define KN_BC_EXTENDED 8
struct
  kn_bc_extended { /* in body `body`, `id` is vector `source` of `type`, with its lanes extended */
  uint32_t body, id, source, type;
  bool is_signed;
};
struct kn_bc_inserted { /* `id` is a vector whose register `before` got `value` as lane `lane` */
  uint32_t id, lane;
  kiln_value before, value;
};

/* Named metadata of a module that the reader asks for. */
enum kn_bc_list {
  LIST_NONE,
  LIST_FLAGS,   /* llvm.module.flags */
  LIST_IDENT,   /* llvm.ident: who made the module */
  LIST_COMMAND, /* llvm.commandline: how */
  LIST_COUNT
};

/* A node of such a list. */
struct kn_bc_listed {
  uint32_t node; /* its number + 1 */
  enum kn_bc_list list;
};

struct kn_bc {
  /* used most often */
  struct kn_bits bits;
  kiln_func *f;
  struct kn_bc_val *vals;
  uint32_t n_vals; /* next value id */
  uint32_t cap_vals;
  uint32_t zeroed;    /* entries of vals below it are set (VS_NONE beyond n_vals) */
  uint32_t inst_base; /* first value id of this function's instructions; csts has those below */
  struct kn_bc_type *types;
  struct kn_bc_cst *csts;
  uint32_t n_types;
  uint32_t bb, n_bbs;           /* current block, number of blocks */
  uint32_t ptr_type, bool_type; /* ids of the types ptr and i1, or UINT32_MAX */
  uint64_t record_pos;          /* where the current record starts */
  kiln_status status;

  kiln_session *session;
  kiln_module *module;
  kiln_target target;
  kiln_func_sink sink;
  void *sink_user;
  kiln_allocator allocator;
  uint8_t *slab; /* see kn_bc_grow */
  uint32_t slab_used;
  uint64_t instructions;
  uint64_t others; /* records of the function that are not instructions */

  /* the stream */
  unsigned width;                       /* of abbreviation ids */
  struct kn_bc_form known[KN_BC_KNOWN]; /* by abbreviation id: those of function blocks */
  struct kn_bc_abbrev known_csts[KN_BC_KNOWN_CSTS];
  uint32_t learned,
    learned_csts; /* number of blockinfo entries when `known` was filled, + 1; 0: not yet */
  KN_BC_ARRAY(struct kn_bc_abop) abops;
  KN_BC_ARRAY(struct kn_bc_abbrev) abbrevs;
  KN_BC_ARRAY(struct kn_bc_blockinfo) blockinfo;
  struct kn_bc_range info[KN_BC_BLOCKS]; /* in blockinfo; n UINT32_MAX / 2: scattered */
  KN_BC_ARRAY(uint32_t) scope; /* abbreviations of the blocks entered, as indices into abbrevs */
  uint32_t scope_first;        /* those of the current block */
  uint32_t scope_info; /* block whose entries in blockinfo are to be added; UINT32_MAX: none */
  struct kn_bc_ops ops, ahead; /* operands of the current record; of the record after it */
  struct kn_bc_ops md_ops;     /* of a metadata record that a location in `ahead` refers to */
  uint32_t code;               /* code of the current record */
  const uint8_t *blob;
  uint64_t blob_size;

  /* tables */
  uint32_t cap_types;
  KN_BC_ARRAY(struct kn_bc_elem) elems;
  KN_BC_ARRAY(struct kn_bc_piece) type_pieces;
  KN_BC_ARRAY(struct kn_bc_attr) group_attrs;
  KN_BC_ARRAY(struct kn_bc_attr_list) groups; /* by group id: one attr each in group_attrs */
  KN_BC_ARRAY(struct kn_bc_attr) list_attrs;
  KN_BC_ARRAY(struct kn_bc_attr_list) lists;
  KN_BC_ARRAY(uint32_t) list_heads; /* by hash, a power of two */
  KN_BC_ARRAY(struct kn_bc_global) globals;
  KN_BC_ARRAY(struct kn_bc_body) bodies; /* in order; complete when the module is read */
  uint32_t next_body, n_noted;           /* number of bodies met; of those to be read later */
  KN_BC_ARRAY(uint32_t) sections;        /* offset of each NUL-terminated name in names */
  KN_BC_ARRAY(char) names;
  KN_BC_ARRAY(struct kn_bc_comdat) comdats;
  KN_BC_ARRAY(char) assembly; /* the module's, NUL-terminated */
  KN_BC_ARRAY(struct kn_bc_symver) symvers;
  uint32_t cap_csts;
  KN_BC_ARRAY(kiln_symbol_desc) aliases;
  const char *strtab;
  uint64_t strtab_size;
  char source[256]; /* source file name */
  bool has_words;   /* some integer type has more than 128 bits; its parts have type word_type */
  uint32_t word_type;
  bool has_vectors;      /* some type is a vector; the parts of longer ones have type chunk_type */
  bool has_long_vectors; /* one of more than 128 bits */
  uint32_t chunk_type;
  bool version_seen;
  bool data_defined;
  bool has_blocks;   /* some constant is the address of a block */
  bool has_tls;      /* some global is thread-local */
  bool emulated_tls; /* which the target cannot have as Kiln makes it */
  bool has_debug;    /* instructions have locations */
  bool
    has_strict; /* there are constrained intrinsics, or named registers: metadata are read as if there were locations */

  /* constants of module and function; words, list, bytes: only those not in `shared` */
  struct kn_bc_shared shared;
  KN_BC_ARRAY(uint64_t) cwords;
  KN_BC_ARRAY(uint32_t) clist;
  KN_BC_ARRAY(uint8_t) cbytes;

  const struct kn_bc_global *declared; /* whose record is being read, for errors; else NULL */
  uint64_t bundle_tags_pos;            /* of the block of bundles' tags; 0: none */
  struct {
    struct kn_bc_listed *at;
    uint32_t n, cap;
    enum kn_bc_list next; /* what the next named node is */
  } listed;               /* nodes of the module's lists, in their order */

  /* function */
  struct kn_bc_global *fn;
  struct kn_bc_sig fn_sig;
  struct kn_bc_harden harden;
  uint32_t module_vals; /* values of the module */
  uint32_t arg_base;
  KN_BC_ARRAY(uint32_t) touched; /* ids of the module's values that got a handle in this function */
  KN_BC_ARRAY(uint32_t) parts;
  KN_BC_ARRAY(kiln_value) args;
  KN_BC_ARRAY(kiln_param) params;
  KN_BC_ARRAY(kiln_case) cases;
  KN_BC_ARRAY(kiln_block) targets;
  uint32_t n_forwards;  /* forward values not yet bound */
  kiln_value lane_slot; /* where vectors are put together from lanes, or id 0 */
  struct {
    kiln_value number,
      is; /* newest number, of block `bb`, that a condition was made by a select; id 0: none */
    uint32_t bb;
  } truth;
  struct kn_bc_extended extended[KN_BC_EXTENDED]; /* at the value's id modulo their number */
  struct kn_bc_inserted inserted;
  unsigned
    wide_sigs; /* kn_bc_wide_sigs of the function that is being read: its calls are so, too */
  uint32_t fast_call, fast_flags; /* id of the latest call with flags about floats, and these */
  kiln_value demoted;             /* address of the result's memory */
  bool tail;          /* a call that is made a tail call was read, but not yet its return */
  uint32_t call_mask; /* which bits of a call's flags must be those of a plain call (body.c) */
  uint32_t loc;       /* the latest location in the function; 0: none yet */
  uint32_t loc_line, loc_column, loc_scope, loc_file, loc_inlined;
  kiln_die loc_die;                     /* entry of loc_scope */
  uint32_t loc_call;                    /* location that loc_inlined is, or 0 */
  uint32_t loc_set;                     /* the last argument of kiln_loc_set */
  struct kn_bc_file files[KN_BC_FILES]; /* indexed by the lower bits of the metadata id */
  uint32_t module_mds;                  /* number of entries of mds that are the module's */
  uint64_t metadata_pos;                /* of the module's metadata block; 0: none */
  KN_BC_ARRAY(struct kn_bc_md) mds;     /* filled if has_debug; only what is not in `shared` */
  struct kn_bc_md_block module_md, func_md;
  KN_BC_ARRAY(uint32_t) md_scope; /* abbreviations of both, as indices into abbrevs */
  uint32_t module_md_scope; /* number of entries of md_scope that are for the module's block */
  struct kn_bc_defined md_defined[KN_BC_DEFINED]; /* the newest definitions that differ, */
  uint32_t md_defined_next;                       /* the oldest of which is this */
  bool md_open;                                   /* a block of metadata is being read */
  bool mds_read;                                  /* the module's metadata were read */
  bool mds_done;                                  /* all of them */
  bool has_units;                 /* the module's metadata contain a compilation unit */
  bool entries;                   /* nodes become entries of debugging information: debug.c */
  kiln_debug *debug, *func_debug; /* the module's entries, and the session's */
  uint64_t md_end; /* metadata up to this number are the module's, while nodes become entries */
  struct kn_bc_md_part md_parts[2]; /* the module's metadata; the function's */
  uint32_t
    loc_abbrev; /* number + 1 of an abbreviation of locations in metadata that is known; 0: none */
  unsigned loc_id; /* of it in the block that is being read; 0: not known */
  bool loc_atoms;  /* it has an atom's group and rank */
  uint64_t
    records_pos; /* of records about variables before the newest instruction that wait for it; 0: none */
  uint32_t records_at; /* kiln_func_here of that */
  KN_BC_ARRAY(struct kn_bc_assign)
  assigns;                           /* debug_assign.c: records that wait for the function's end, */
  KN_BC_ARRAY(uint8_t) assign_bytes; /* their expressions, */
  KN_BC_ARRAY(uint32_t) assigned;    /* assignments that have a store: metadata */
  uint32_t subprogram; /* number + 1 of the metadata that describes the function; 0: none */
  KN_BC_ARRAY(kiln_die) dies;
  KN_BC_ARRAY(struct kn_bc_call_loc)
  call_locs;          /* open hash table: cap is a power of two or 0; n: used by the function */
  uint32_t call_body; /* number of the body whose entries they are, from 1 on */
  KN_BC_ARRAY(struct kn_bc_shape) shapes; /* known ones, by hash: debug/debug_shape.c */
  KN_BC_ARRAY(struct kn_bc_call_way) call_way;
  KN_BC_ARRAY(uint32_t) ids;    /* operands of a long getelementptr or call */
  KN_BC_ARRAY(uint32_t) ends;   /* by LLVM block: Kiln block where it ends; empty: same number */
  KN_BC_ARRAY(uint32_t) stamps; /* by block: stamp of the last phi that had it as predecessor */
  uint32_t stamp;
  KN_BC_ARRAY(struct kn_bc_late) late; /* phi arguments to be added at the end of the function */
  uint32_t n_params;                   /* number of parameters of the current block */
  bool has_trap;                       /* the module may trap: blocks may be split */
  bool may_split;                      /* has_trap, splits, or the function may have invokes */
  KN_BC_ARRAY(struct kn_bc_pad)
  pads; /* by LLVM block; empty: no invoke and no landing pad was read */
  KN_BC_ARRAY(struct kn_bc_waiting) invokes;
  uint32_t n_unread; /* landing pads that invokes name, but that were not read yet */
  KN_BC_ARRAY(kiln_clause) clauses;
  KN_BC_ARRAY(kiln_symbol) caught;
  KN_BC_ARRAY(struct kn_bc_addr) addrs;
  KN_BC_ARRAY(struct kn_bc_half) halves;
  uint32_t n_again; /* of these, what was emitted in more than one block */
  bool no_halves;   /* reason to restart, and set from then on: do not use VS_HALVES */
  bool restart;     /* the body must be read again: see kn_bc_read_function */
  bool see_debug;   /* reason to restart: a location was found, but locations are not handled yet */
  bool no_addrs;    /* reason to restart, and set from then on: do not use VS_ADDR */
  bool splits;      /* the same: an instruction ends the Kiln block, so may_split must be set */
  bool bundles;     /* the next call has operand bundles */
  uint32_t bundle;  /* number of the latest one's tag */
  bool no_code;     /* constants must not be computed by instructions here */
  bool expressions; /* the function has constant expressions that may need instructions */
  bool hoisting;    /* constants are being computed in the entry, for all blocks */
  bool
    hoist_module; /* reason to restart, and set from then on: the module's are, too, and vectors of addresses */
  uint32_t expr_depth, expr_count; /* constant expressions turned into code: nesting, number */

  /* inline assembly: asm.c */
  struct kn_bc_asm_cache *texts; /* NULL: none met */
  bool assemble_module;          /* the module's assembly is not versions of symbols alone */
  bool asm_waits;                /* the body has assembly whose code is not known */
  bool defer;                    /* bodies wait for kiln_llvm_read_waiting */
  bool asm_last;                 /* what waits is read now: it may wait no longer */
  uint32_t asm_count;            /* in the body */
  KN_BC_ARRAY(struct kn_bc_body) waiting;

  struct kn_bc_sig *sigs; /* open hash table */
  uint32_t n_sigs, cap_sigs;

  bool later;   /* only the positions of bodies are recorded, for kiln_llvm_read_bodies */
  bool silent;  /* errors are stored in `diag` and not reported to the module */
  bool forked;  /* has forks: its tables must not change any more */
  bool is_fork; /* some tables belong to another reader */
  const struct kn_bc *base; /* of a fork whose tables are not copied yet; else NULL */
  kiln_diag diag;           /* if silent */
};

struct kiln_llvm {
  struct kn_bc bc;
};

/* ---- reader.c ---- */

/* Reports the first error, with the place of the current record; returns its status. */
kiln_status kn_bc_fail(struct kn_bc *r, kiln_status status, const char *message, ...)
  __attribute__((format(printf, 3, 4))) KN_COLD;
/* The same for what is valid but not implemented, and for what is malformed; return false. */
bool kn_bc_unsupported(struct kn_bc *r, const char *what) KN_COLD;
bool kn_bc_malformed(struct kn_bc *r, const char *what) KN_COLD;
/* Reports that what `ask` stands for is not implemented; returns false. */
bool kn_bc_refuse(struct kn_bc *r, const struct kn_bc_ask *ask) KN_COLD;
/* Makes `*array` of capacity `*cap` hold `need` items; false if out of memory. */
bool kn_bc_grow(struct kn_bc *r, void *array, uint32_t *cap, uint64_t need, size_t item_size);
/* Frees what kn_bc_grow gave. */
void kn_bc_release(struct kn_bc *r, void *p);
#define KN_BC_ROOM(r, a, need)                                                                     \
  ((uint64_t)(need) <= (a).cap || kn_bc_grow((r), &(a).at, &(a).cap, (need), sizeof *(a).at))
#define KN_BC_PUSH(r, a, ...)                                                                      \
  (KN_BC_ROOM(r, a, (uint64_t)(a).n + 1) ? ((a).at[(a).n++] = (__VA_ARGS__), true) : false)

/* realloc with the module's allocator. */
void *kn_bc_resize(const struct kn_bc *r, void *old, size_t size);
/* Frees everything that a reader owns. */
void kn_bc_free(struct kn_bc *r);

/* ---- stream.c ---- */

/* What comes next in a block. */
enum kn_bc_entry { ENTRY_END, ENTRY_BLOCK, ENTRY_RECORD, ENTRY_ERROR };
/* The state to restore after a block. */
struct kn_bc_saved {
  unsigned width;
  uint32_t scope_first, scope_n, scope_info;
  uint64_t end; /* of the block, bits */
};

/* Reads up to the next block (its number in *block; enter or skip it), record (decoded into ops,
 * code and blob) or the end of the current block. Abbreviations are defined on the way. */
enum kn_bc_entry kn_bc_next(struct kn_bc *r, uint32_t *block);
/* The same, but skips records of another code than `code`. */
enum kn_bc_entry kn_bc_next_of(struct kn_bc *r, uint32_t code, uint32_t *block);
/* Enters the block that kn_bc_next just returned. */
bool kn_bc_enter(struct kn_bc *r, uint32_t block, struct kn_bc_saved *saved);
/* Restores the state saved by kn_bc_enter, after ENTRY_END. */
void kn_bc_leave(struct kn_bc *r, const struct kn_bc_saved *saved);
/* Restores the state saved by kn_bc_enter, in the middle of a block. */
void kn_bc_unwind(struct kn_bc *r, const struct kn_bc_saved *saved);
/* Skips the block that kn_bc_next just returned. */
bool kn_bc_skip(struct kn_bc *r);
/* Code of the record whose abbreviation id was just read; UINT32_MAX if it is not a record. */
uint32_t kn_bc_code(struct kn_bc *r, unsigned id);
/* Number of abbreviations of the current block. */
uint32_t kn_bc_scope(struct kn_bc *r);
/* Skips the record whose abbreviation id was just read. */
bool kn_bc_skip_record(struct kn_bc *r, unsigned id);
/* The form of the next record, not counting records that describe variables to debuggers; FORM_ANY if it has no
 * known form, or if there is none. *window gets its first bits, from the abbreviation id on. The position
 * does not change. */
unsigned kn_bc_form_ahead(struct kn_bc *r, uint64_t *window);
/* True if a function's record of this code describes a variable to debuggers. */
static inline bool kn_bc_is_debug_record(uint32_t code) {
  return code >= FUNC_DEBUG_RECORD_FIRST && code <= FUNC_DEBUG_RECORD_LAST;
}
/* Reads the record whose abbreviation id `id` has just been read. */
bool kn_bc_record(struct kn_bc *r, unsigned id);
/* Reads `n` characters of `width` bits each (6: char6), which were checked to be there. */
void kn_bc_text(struct kn_bc *r, unsigned width, uint8_t *out, uint64_t n);
/* Reads an abbreviation's definition; adds it to the current block, which is a `block`, or for_block
 * to the blockinfo of `block`. */
bool kn_bc_define(struct kn_bc *r, bool for_block, uint32_t block);
/* Reads the block BLOCKINFO. */
bool kn_bc_read_blockinfo(struct kn_bc *r);

/* ---- types.c ---- */

bool kn_bc_read_types(struct kn_bc *r);
/* Splits a first-class type into scalars; false (reported) if it cannot be a value. Its parts are
 * type_pieces[piece_first .. + n_pieces]. Scalars have one part. */
bool kn_bc_split(struct kn_bc *r, uint32_t type);
/* The same for a type that is stored or passed; reports aggregates that contain integers of more than 128 bits,
 * which is not implemented. */
bool kn_bc_split_plain(struct kn_bc *r, uint32_t type);
/* Checks that `type` is a supported scalar; reports otherwise. */
bool kn_bc_scalar(struct kn_bc *r, uint32_t type);
/* True if the type has a size; reports otherwise. */
bool kn_bc_sized(struct kn_bc *r, uint32_t type);
/* Gives integers of more than 64 bits an alignment of 8 bytes, and recomputes the layout of types that
 * contain them. */
bool kn_bc_align_wide(struct kn_bc *r);
/* Reports that values of `type` are not implemented; returns false. */
bool kn_bc_bad_type(struct kn_bc *r, uint32_t type) KN_COLD;

static inline bool kn_bc_is_aggregate(const struct kn_bc_type *t) {
  return t->kind == TK_STRUCT || t->kind == TK_ARRAY;
}

/* Are the lanes integers that do not fill their Kiln type, or i128? */
static inline bool kn_bc_has_odd_lanes(const struct kn_bc *r, const struct kn_bc_type *t) {
  return t->kind == TK_VECTOR &&
         (r->types[r->elems.at[t->first].type].fit == FIT_ODD || t->lane == KILN_TYPE_I128);
}

/* True for vectors of several registers. */
static inline bool kn_bc_is_long_vector(const struct kn_bc_type *t) {
  return t->kind == TK_VECTOR && t->ktype == KILN_TYPE_VOID;
}

/* True for aggregates, integers of more than 128 bits, long vectors: values of the type are runs of parts. */
static inline bool kn_bc_in_parts(const struct kn_bc_type *t) {
  return (unsigned)t->kind - TK_WIDE <= TK_ARRAY - TK_WIDE || kn_bc_is_long_vector(t);
}

/* True for what is passed in other ways than as one scalar: by its leaves. */
static inline bool kn_bc_passes_parts(const struct kn_bc_type *t) {
  return kn_bc_is_aggregate(t) || t->kind == TK_WIDE ||
         (t->kind == TK_VECTOR && t->lane != KILN_TYPE_VOID);
}

/* True for half and bfloat. */
static inline bool kn_bc_is_short(const struct kn_bc_type *t) {
  return t->soft == SOFT_HALF || t->soft == SOFT_BFLOAT;
}
/* The type of the register that a scalar is passed in. */
static inline kiln_type kn_bc_passed_as(const struct kn_bc_type *t) {
  return kn_bc_is_short(t) ? KILN_TYPE_F32 : (kiln_type)t->ktype;
}

/* ---- attrs.c ---- */

bool kn_bc_read_attr_groups(struct kn_bc *r);
bool kn_bc_read_attr_lists(struct kn_bc *r);
/* The attributes of `index` in list `list`; NULL: none. */
const struct kn_bc_attr *kn_bc_attr(const struct kn_bc *r, uint32_t list, uint32_t index);

/* ---- module.c ---- */

extern const struct kn_bc_target kn_bc_targets[]; /* by kiln_target */

/* The target that the triple in the current record names. */
bool kn_bc_triple(const struct kn_bc *r, kiln_target *out);
/* Passes over the comdats that come next, if any, as far as they are as usual: quicker than record by record. */
void kn_bc_skip_comdats(struct kn_bc *r);
/* Reads the module block, which was just announced; if r->later, only records where the bodies are. */
bool kn_bc_read_module(struct kn_bc *r);

/* ---- globals.c ---- */

/* Read the record in ops. */
bool kn_bc_global_variable(struct kn_bc *r);
bool kn_bc_global_function(struct kn_bc *r);
bool kn_bc_global_alias(struct kn_bc *r);
bool kn_bc_global_ifunc(struct kn_bc *r);

/* ---- flags.c ---- */

/* If the module says which compiler it is from, and by which command, defines the sections where tools look for that;
 * behind the compiler's name stands Kiln's. All else of the module is defined. */
bool kn_bc_define_origin(struct kn_bc *r);

/* Checks the module's flags (its metadata `llvm.module.flags`), once all globals are declared. */
bool kn_bc_check_flags(struct kn_bc *r);
/* Checks metadata of kind `kind` that is attached to a function or variable. */
bool kn_bc_attached(struct kn_bc *r, uint64_t kind);
/* Checks the block of attachments that was just announced; the position does not change. */
bool kn_bc_function_attachments(struct kn_bc *r);
/* Reports that operand bundles with tag number `tag` are not implemented. */
void kn_bc_refuse_bundle(struct kn_bc *r, uint32_t tag) KN_COLD;

/* ---- data.c ---- */

/* Gives all data its initialisers, and defines aliases and constructors. */
bool kn_bc_define_data(struct kn_bc *r);
/* Defines alias `g` where it is first needed. `depth` is that of kn_bc_eval. */
bool kn_bc_define_alias(struct kn_bc *r, struct kn_bc_global *g, unsigned depth);

/* ---- symver.c ---- */

/* Reads the record in ops: module-level assembly. */
bool kn_bc_module_asm(struct kn_bc *r);
/* Defines the versioned names that the assembly gives to symbols; all symbols must be declared by now. */
bool kn_bc_define_symvers(struct kn_bc *r);

/* ---- constants.c ---- */

/* Reads a constants block, which was just announced; its values get the next ids. */
bool kn_bc_read_constants(struct kn_bc *r);
/* Makes space for values and constants up to `need`. */
bool kn_bc_room_vals(struct kn_bc *r, uint64_t need);
/* Is the constant a number, or made of one by casts? Then its value. The answer does not depend on what was evaluated
 * before, which in a fork of the reader depends on its share of the bodies. */
bool kn_bc_casts_number(struct kn_bc *r, uint32_t id, uint64_t *out);
/* Evaluates a constant of scalar type; reports an id that is not a constant, and what kn_bc_num cannot hold. */
bool kn_bc_eval(struct kn_bc *r, uint32_t id, unsigned depth, struct kn_bc_num *out);
/* Evaluates the module's block addresses, which bodies could not. */
bool kn_bc_eval_blocks(struct kn_bc *r);
/* The handle of constant `id` of scalar type, in the current function. */
kiln_value kn_bc_const(struct kn_bc *r, uint32_t id);
/* Appends the parts of constant `id` of aggregate type to r->parts; false if that fails. */
bool kn_bc_const_parts(struct kn_bc *r, uint32_t id);
/* The handle of zero of a scalar type. */
kiln_value kn_bc_zero(struct kn_bc *r, uint32_t type);

/* The words, list entries and bytes of a constant. */
static inline const uint64_t *kn_bc_words(const struct kn_bc *r, uint32_t index) {
  uint32_t n = r->shared.n_words;
  return index < n ? r->shared.words + index : r->cwords.at + (index - n);
}
static inline const uint32_t *kn_bc_list(const struct kn_bc *r, uint32_t index) {
  uint32_t n = r->shared.n_list;
  return index < n ? r->shared.list + index : r->clist.at + (index - n);
}
static inline const uint8_t *kn_bc_bytes(const struct kn_bc *r, uint32_t index) {
  uint32_t n = r->shared.n_bytes;
  return index < n ? r->shared.bytes + index : r->cbytes.at + (index - n);
}

/* True if `id` is an integer constant that fits 64 bits; its value sign-extended from its type. */
static inline bool kn_bc_is_int(const struct kn_bc *r, uint32_t id, int64_t *out) {
  if (id >= r->inst_base) return false;
  const struct kn_bc_cst *c = &r->csts[id];
  *out = (int64_t)c->v; /* zero for undefined ones */
  return c->kind <= CK_INT_UNDEF;
}

/* ---- expr.c ---- */

/* Builds instructions for constant expression `id`, which no relocation can express; `num` is what
 * kn_bc_eval returned for it. */
kiln_value kn_bc_expression(struct kn_bc *r, uint32_t id, const struct kn_bc_num *num);
/* Computes in the entry block those of the function's constants from `first` on that need
 * instructions: operands of phis have no other place. */
void kn_bc_hoist(struct kn_bc *r, uint32_t first);

/* ---- funcdef.c ---- */

/* Reads the function block that was just announced: the body of `global`. */
bool kn_bc_read_function(struct kn_bc *r, uint32_t global);

/* ---- body.c ---- */

/* Reads to the end of the function block just entered, or to where r->restart is set. */
bool kn_bc_body(struct kn_bc *r);

/* ---- func.c ---- */

/* `n` is the number of the function's blocks, which its first record says. */
void kn_bc_declare_blocks(struct kn_bc *r, uint64_t n);
/* Handles a decoded record of a function; the caller has counted it as an instruction. */
void kn_bc_func_record(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n);
/* Ends the current Kiln block (its terminator was built); the LLVM block goes on in a new one. */
void kn_bc_split_block(struct kn_bc *r);
/* The same; it goes on in `b`. */
void kn_bc_split_to(struct kn_bc *r, kiln_block b);
/* Grows vals so that entry `id`, which is not defined yet, can be read (VS_NONE at first). */
bool kn_bc_forward_room(struct kn_bc *r, uint32_t id);
/* Reads an operand of a record that carries its type if it is a forward reference. */
bool kn_bc_operand(struct kn_bc *r, const uint64_t *ops, unsigned n, unsigned *i, uint32_t *id,
                   uint32_t *type);
/* Grows the table of values. */
bool kn_bc_grow_vals(struct kn_bc *r) KN_COLD;
/* The operand `id` if its state is not VS_HANDLE; `type` is the type that it is used as. */
kiln_value kn_bc_use_slow(struct kn_bc *r, uint32_t id, uint32_t type);
/* Binds value n_vals, which is a forward value, to `v`. */
void kn_bc_bind(struct kn_bc *r, kiln_value v) KN_COLD;

/* ---- fpclass.c ---- */

/* Whether a float of type `type` is of a class in `mask`, bits 0 to 9 of LLVM's FPClassTest: an i8, 0 or 1. `x` is its
 * bits: an integer of its width, i128 for 80. */
kiln_value kn_bc_fp_class(struct kn_bc *r, kiln_value x, const struct kn_bc_type *type,
                          unsigned mask);

/* ---- int.c ---- */

/* A value of integer type `type` with its upper bits cleared, or filled with its sign. */
kiln_value kn_bc_zext_in(struct kn_bc *r, kiln_value v, const struct kn_bc_type *t);
kiln_value kn_bc_sext_in(struct kn_bc *r, kiln_value v, const struct kn_bc_type *t);
/* The operand `id` of type `t`, zero-extended or sign-extended within its Kiln type. */
kiln_value kn_bc_use_z(struct kn_bc *r, uint32_t id, uint32_t type);
kiln_value kn_bc_use_s(struct kn_bc *r, uint32_t id, uint32_t type);
/* Operations on integers that do not fill their Kiln type, and all operations on i1. */
kiln_value kn_bc_binop_odd(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type);
kiln_value kn_bc_x87_bits(struct kn_bc *r, kiln_value v);
kiln_value kn_bc_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to);
/* select `cond`, x, y of `type`, where that is a conversion of the condition: of 1 and 0, or 0 and 1. Else none. */
kiln_value kn_bc_select_truth(struct kn_bc *r, kiln_value cond, kiln_type type, kiln_value x,
                              kiln_value y);
/* Value `a` of type `from`, an integer of at least 8 bits that is 0 or 1, as i1. */
kiln_value kn_bc_truth(struct kn_bc *r, uint32_t a, uint32_t from);
kiln_value kn_bc_icmp_odd(struct kn_bc *r, unsigned cond, uint32_t a, uint32_t b, uint32_t type);
/* Loads and stores of anything but one scalar of fit EXACT. */
void kn_bc_load_odd(struct kn_bc *r, uint32_t ptr, uint32_t type, unsigned mem);
void kn_bc_store_odd(struct kn_bc *r, uint32_t ptr, uint32_t value, uint32_t type, unsigned mem);
/* The operand `id` under another name or type: its own handle, or a copy if it is not defined yet. */
kiln_value kn_bc_same(struct kn_bc *r, uint32_t id, uint32_t type);
/* Loads and stores of a scalar that may be an integer of odd width. */
kiln_value kn_bc_load_scalar(struct kn_bc *r, kiln_value a, uint64_t offset, uint32_t type,
                             unsigned mem);
void kn_bc_store_scalar(struct kn_bc *r, kiln_value a, uint64_t offset, kiln_value v, uint32_t type,
                        unsigned mem);

/* Loads and stores `n` bytes, at most the size of type `kt`, at any alignment and no others. */
kiln_value kn_bc_load_bytes(struct kn_bc *r, kiln_value a, int32_t at, unsigned n, kiln_type kt,
                            unsigned mem);
void kn_bc_store_bytes(struct kn_bc *r, kiln_value a, int32_t at, kiln_value v, unsigned n,
                       kiln_type kt, unsigned mem);

#include "numbers/numbers.h"

#include "vectors/vectors.h"

/* ---- atomic.c ---- */

void kn_bc_atomic(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n);

/* ---- inst.c: the rarer instructions; `ops` and `n` are the record's operands ---- */

void kn_bc_inst(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n);
/* A stack variable: `count`, a value of some integer type, items of `type`; flags as in the record. */
void kn_bc_alloca(struct kn_bc *r, uint32_t type, uint32_t count, uint64_t flags);
/* An address: base, then indices given as value ids with their types known. */
void kn_bc_gep(struct kn_bc *r, uint32_t source, uint32_t base, const uint32_t *idx, unsigned n);
/* The index `id` as an i64. */
kiln_value kn_bc_index64(struct kn_bc *r, uint32_t id);
/* The parts of aggregate value `id`: index of the first in r->parts; UINT32_MAX if that fails. */
uint32_t kn_bc_parts(struct kn_bc *r, uint32_t id, uint32_t type);
/* Gives argument `index` on the edge from LLVM block `pred`, wherever that ends. */
void kn_bc_phi_arg(struct kn_bc *r, uint32_t pred, kiln_block target, uint32_t index, kiln_value v);
/* Defines the next value as an aggregate whose parts start at `first`. */
void kn_bc_define_parts(struct kn_bc *r, uint32_t type, uint32_t first);
void kn_bc_ret(struct kn_bc *r, uint32_t id, uint32_t type);

/* ---- sigs.c ---- */

/* The place of a signature in the table, if it is free. */
static inline uint32_t kn_bc_sig_hash(uint64_t key, uint32_t cap) {
  return (uint32_t)(((key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15)) >> 44) & (cap - 1);
}
/* Makes a signature that is not in the table yet; NULL (reported) if it cannot be. */
struct kn_bc_sig *kn_bc_new_sig(struct kn_bc *r, uint64_t key, uint32_t type, uint32_t attrs,
                                unsigned flags);

/* What LLVM passes by itself of a value that is split: a scalar, or a vector. */
struct kn_bc_leaf {
  uint32_t type;
  uint32_t first, n; /* its pieces, counted from the value's first one */
  bool vector;
};
/* The next leaf of type `t`, which is split; all zero before the first. False: no more. */
bool kn_bc_leaf_next(const struct kn_bc *r, const struct kn_bc_type *t, struct kn_bc_leaf *l);
/* How it is passed by signatures of `flags`; of a scalar only `n` and `type`. False: reported. */
bool kn_bc_leaf_passed(struct kn_bc *r, const struct kn_bc_leaf *l, unsigned flags,
                       struct kn_bc_passed *p);
/* Are the pieces of type `e` one argument to the ABI? LLVM keeps those of an array together. */
bool kn_bc_joins(const struct kn_bc *r, const struct kn_bc_type *e);
/* How a scalar is passed, perhaps as one of joined ones: on the stack halves are next to each other then. */
kiln_type kn_bc_piece_as(const struct kn_bc *r, bool joined, uint32_t type);
/* Is a vector of `type` passed to functions of type `function` as a copy in memory? Variadic ones have no arguments
 * in registers of 256 bits. */
bool kn_bc_in_memory(struct kn_bc *r, const struct kn_bc_type *function, uint32_t type);
/* Appends to r->params what a parameter of `type` with attributes `a` is to such functions; `variadic`: it is an
 * argument behind their parameters. False: reported. */
bool kn_bc_parameter(struct kn_bc *r, const struct kn_bc_type *function, uint32_t type,
                     const struct kn_bc_attr *a, unsigned flags, bool variadic);
/* Makes `p` a parameter that is passed by copying memory, as attribute `a` (byval) says. */
bool kn_bc_by_value(struct kn_bc *r, const struct kn_bc_attr *a, kiln_param *p);
/* True if functions of that type return, without AVX, what Kiln does not return as LLVM does. */
bool kn_bc_result_refused(struct kn_bc *r, uint32_t type);
/* Makes a signature as kn_bc_sig gives it; false if it cannot be (reported, unless FA_CALL_REFUSED). */
bool kn_bc_build_sig(struct kn_bc *r, struct kn_bc_sig *s, uint32_t type, uint32_t attrs,
                     unsigned flags);
/* The signature of function type `type` with attribute list `attrs`; `flags` (FA_...) are added. */
struct kn_bc_sig *kn_bc_sig(struct kn_bc *r, uint32_t type, uint32_t attrs, unsigned flags);
/* KN_BC_SIG_AVX and KN_BC_SIG_AVX512 by a function's attributes; 0 in modules without vectors. */
unsigned kn_bc_wide_sigs(struct kn_bc *r, uint32_t attrs);
/* False if a function of that type has a parameter or result that Kiln does not know yet. */
bool kn_bc_sig_possible(struct kn_bc *r, uint32_t type);

/* ---- call.c ---- */

/* True for calling conventions that a caller may take for C's; else reports. */
bool kn_bc_convention(struct kn_bc *r, uint64_t cc);
void kn_bc_call(struct kn_bc *r, const uint64_t *ops, unsigned n);
/* Builds a call from its decoded parts: calling convention and flags as in the record, a valid type, an
 * attribute list; `ops` are the arguments. */
void kn_bc_call_of(struct kn_bc *r, uint64_t cc, uint32_t type, uint64_t list, uint32_t callee,
                   uint32_t callee_type, const uint64_t *ops, unsigned n);
/* The same for an invoke. */
void kn_bc_invoke_of(struct kn_bc *r, struct kn_bc_invoke *to, uint64_t cc, uint32_t type,
                     uint64_t list, uint32_t callee, uint32_t callee_type, const uint64_t *ops,
                     unsigned n);
/* Makes the current function's parameters values. */
bool kn_bc_params(struct kn_bc *r);

/* ---- asm.c ---- */

/* A call of inline assembly `c` of function type `type`; `ops` are the arguments as in the
 * record. With `labels`, it may also go to one of `n_labels` blocks of LLVM: then the number of
 * that, from 1 on, or 0, is in *taken. */
void kn_bc_asm(struct kn_bc *r, const struct kn_bc_cst *c, uint32_t type, const uint64_t *ops,
               unsigned n, unsigned n_labels, kiln_value *taken);
/* Asks for the code of all texts that wait, and reads the bodies that wait for it. */
bool kn_bc_read_waiting(struct kn_bc *r);
void kn_bc_asm_free(struct kn_bc *r);
/* A terminator: a call of inline assembly that may jump. */
void kn_bc_callbr(struct kn_bc *r, const uint64_t *ops, unsigned n);

/* ---- asm_module.c ---- */

/* Defines what the module's assembly defines; all symbols must be declared by now. */
bool kn_bc_define_assembly(struct kn_bc *r);

/* ---- asm_table.c ---- */

/* Encodes the statements of `text`, if all of them are among the few that are known here: at most `room` bytes. Their
 * number, or -1. */
int kn_bc_encode(kiln_target target, const char *text, size_t length, uint8_t *out, size_t room);

/* ---- eh.c ---- */

/* Reads an invoke: a call, and where it goes on. */
void kn_bc_invoke(struct kn_bc *r, const uint64_t *ops, unsigned n);
/* Builds the try of an invoke by signature `s`, whose arguments are in r->args; what it returns goes to `results`. */
void kn_bc_try(struct kn_bc *r, struct kn_bc_invoke *to, const struct kn_bc_sig *s,
               kiln_value target, kiln_value *results);
void kn_bc_landing_pad(struct kn_bc *r, const uint64_t *ops, unsigned n);
void kn_bc_resume(struct kn_bc *r, const uint64_t *ops, unsigned n);
/* The selector of the type that constant `id` is. */
kiln_value kn_bc_typeid(struct kn_bc *r, uint32_t id);
/* The Kiln block that the edge from LLVM block `pred` to `target` comes from; both were read. */
kiln_block kn_bc_edge_from(const struct kn_bc *r, uint32_t pred, uint32_t target);

/* ---- intrinsics.c ---- */

/* Number of the intrinsic called `name` (behind "llvm."); 0 if unknown. */
unsigned kn_bc_intrinsic_find(const char *name, size_t length);
/* True if it is a constrained one, whose calls say by metadata what they do. */
bool kn_bc_intrinsic_constrained(unsigned intrinsic);
/* True if a call of it ends the block. */
bool kn_bc_intrinsic_traps(unsigned intrinsic);
/* True if a call of it makes code on the stack. */
bool kn_bc_intrinsic_on_stack(unsigned intrinsic);
/* A call of intrinsic `g` of function type `type`; `ops` are the arguments as in the record. */
void kn_bc_intrinsic(struct kn_bc *r, const struct kn_bc_global *g, uint32_t type, uint32_t attrs,
                     const uint64_t *ops, unsigned n, bool bundles);

/* ---- inline: values ---- */

/* Four vbr 6 chunks of a call's convention and flags, without the bit that allows a tail call. */
#define PLAIN_CALL_MASK 0xfffffeu

/* The end of a block that control does not reach; behind a tail call, which does not return, that one ends it. */
static inline void kn_bc_unreachable(struct kn_bc *r) {
  if (KN_LIKELY(!r->tail)) kiln_build_nullary(r->f, KILN_OP_UNREACHABLE);
  r->tail = false;
}

static inline uint32_t kn_bc_type_of(const struct kn_bc *r, uint32_t id) {
  return r->vals[id].t & KN_BC_TYPE_MASK;
}
static inline bool kn_bc_is_vector(const struct kn_bc *r, uint32_t id) {
  return r->types[kn_bc_type_of(r, id)].kind == TK_VECTOR;
}

/* True if value `id` has the handle r->vals[id].h. */
static inline bool kn_bc_has_handle(const struct kn_bc *r, uint32_t id) {
  return KN_LIKELY(id < r->n_vals) && r->vals[id].t >> 24 <= VS_SLOT;
}

/* The operand `id` as a scalar of `type`. */
static inline kiln_value kn_bc_use(struct kn_bc *r, uint32_t id, uint32_t type) {
  if (KN_LIKELY(kn_bc_has_handle(r, id))) return (kiln_value){r->vals[id].h};
  return kn_bc_use_slow(r, id, type);
}

/* Defines the next value. */
static inline void kn_bc_def(struct kn_bc *r, uint32_t type, kiln_value v) {
  uint32_t id = r->n_vals;
  if (KN_UNLIKELY(id < r->zeroed)) kn_bc_bind(r, v);
  if (KN_UNLIKELY(id >= r->cap_vals) && !kn_bc_grow_vals(r)) return;
  r->vals[id] = (struct kn_bc_val){v.id, type};
  r->n_vals = id + 1;
}

/* The halves of an i128, the lower one first; and an i128 of them. */
static inline void kn_bc_split_i128(kiln_func *f, kiln_value v, kiln_value half[2]) {
  half[0] = kiln_build_convert(f, KILN_OP_TRUNC, KILN_TYPE_I64, KILN_TYPE_I128, v);
  v = kiln_build_binary(f, KILN_OP_LSHR, KILN_TYPE_I128, v, kiln_const_int(f, 64));
  half[1] = kiln_build_convert(f, KILN_OP_TRUNC, KILN_TYPE_I64, KILN_TYPE_I128, v);
}
static inline kiln_value kn_bc_join_i128(kiln_func *f, kiln_value low, kiln_value high) {
  low = kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I128, KILN_TYPE_I64, low);
  high = kiln_build_convert(f, KILN_OP_ZEXT, KILN_TYPE_I128, KILN_TYPE_I64, high);
  high = kiln_build_binary(f, KILN_OP_SHL, KILN_TYPE_I128, high, kiln_const_int(f, 64));
  return kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I128, low, high);
}

/* ---- prefetch.c ---- */

/* What a hint says of memory. */
struct kn_bc_prefetch {
  bool write, code; /* it will be written; executed */
  bool once;        /* used once */
  uint8_t level;    /* of the cache, 0 to 3 */
};
/* What the arguments of llvm.prefetch behind the address say; false if they cannot be. */
bool kn_bc_prefetch_as(struct kn_bc_prefetch *how, int64_t write, int64_t locality, int64_t data);
/* Builds the hint. */
void kn_bc_prefetch(struct kn_bc *r, kiln_value a, const struct kn_bc_prefetch *how);

#endif
