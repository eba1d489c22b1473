/* A reader, and the calls between the files of the bitcode reader. kn_bc is made by reader.c, for one module or, as a
 * fork (fork.c), for one thread's part of its bodies. README.md draws who owns what.
 * Invariant: every index stored in a table was checked against its table when it was stored, and no table grows beyond
 * what the bits of the file can fill. Reading a body changes nothing that forks share. */
#ifndef KN_LLVM_BC_H
#define KN_LLVM_BC_H

#include <kiln/asm.h>
#include <kiln/attrs.h>
#include <kiln/debug.h>
#include <kiln/debug_entries.h>
#include <kiln/exceptions.h>
#include <kiln/llvm.h>
#include <kiln/machine_ops.h>
#include <kiln/section.h>

#include "callconv.h"
#include "support.h"
#include "bits.h"
#include "function.h"
#include "harden.h"
#include "memory.h"
#include "module.h"
#include "tables.h"

#define KN_COLD __attribute__((cold, noinline))

struct kn_bc_ops {
  uint64_t *at;
  uint32_t n, cap;
};

/* The stream, and what was decoded of it last. */
struct kn_bc_stream {
  struct kn_bits bits;
  const struct kn_bc_decoder *decoder;
  unsigned width;                       /* of abbreviation ids */
  struct kn_bc_form known[KN_BC_KNOWN]; /* by abbreviation id: those of function blocks */
  struct kn_bc_abbrev known_csts[KN_BC_KNOWN_CSTS];
  uint32_t learned,
    learned_csts; /* number of blockinfo entries when these were filled, + 1; 0: not yet */
  KN_BC_ARRAY(uint32_t) scope; /* abbreviations of the blocks entered, as indices into abbrevs */
  uint32_t scope_first;        /* those of the current block */
  uint32_t scope_info; /* block whose entries in blockinfo are to be added; UINT32_MAX: none */
  struct kn_bc_ops ops, ahead; /* operands of the current record; of the record after it */
  struct kn_bc_ops md_ops;     /* of a metadata record that a location in `ahead` refers to */
  uint32_t code;               /* code of the current record */
  const uint8_t *blob;
  uint64_t blob_size;
};

/* What is kept of metadata from one body to the next, to be found sooner. */
struct kn_bc_md_cache {
  struct kn_bc_metadata *now;           /* that is being read */
  bool open;                            /* a block is being read */
  struct kn_bc_file files[KN_BC_FILES]; /* indexed by the lower bits of the metadata id */
  /* The newest definitions of abbreviations that differ, */
  struct kn_bc_defined defined[KN_BC_DEFINED];
  uint32_t defined_next; /* the oldest of which is this */
  /* Number + 1 of an abbreviation of locations in metadata that is known; 0: none. */
  uint32_t loc_abbrev;
  unsigned loc_id; /* of it in the block that is being read; 0: not known */
  bool loc_atoms;  /* it has an atom's group and rank */
  KN_BC_ARRAY(struct kn_bc_call_loc) call_locs; /* that the function uses */
  struct kn_hash call_hash;                     /* by id: index + 1 */
  uint32_t call_body;                           /* number of the body, from 1 on */
  KN_BC_ARRAY(struct kn_bc_shape) shapes;       /* known ones, by hash: debug/debug_shape.c */
  kiln_die_shape block_shape;                   /* that of blocks; 0: it is not known, */
  const kiln_debug *block_shape_of;             /* in this set */
  struct kn_bc_subprogram subprogram;           /* the definition that was read last */
  bool keyed;                                   /* a subprogram with key instructions was read */
  KN_BC_ARRAY(struct kn_bc_keyed) keyed_scopes;
  struct kn_hash keyed_hash; /* by id: index + 1 */
};

/* Nested types are walked without recursion: a level for each aggregate, or vector, perhaps with a constant of it. */
struct kn_bc_level {
  uint32_t type, id;
  uint64_t next; /* element */
  uint64_t at;   /* offset of the aggregate */
};
struct kn_bc_element {
  uint32_t id; /* the constant of the aggregate around */
  uint32_t type;
  uint64_t i, at; /* its number there, and its offset */
};

/* Lists that are made and used while one record is read. */
struct kn_bc_lists {
  KN_BC_ARRAY(struct kn_bc_level) levels; /* each user's begin where it found the end */
  KN_BC_ARRAY(uint32_t) ids;              /* operands of a long getelementptr or call */
  KN_BC_ARRAY(kiln_value) args;
  KN_BC_ARRAY(kiln_param) params;
  KN_BC_ARRAY(kiln_switch_case) cases;
  KN_BC_ARRAY(kiln_block) targets;
  KN_BC_ARRAY(kiln_clause) clauses;
  KN_BC_ARRAY(kiln_symbol) caught;
  KN_BC_ARRAY(kiln_die) dies;
  KN_BC_ARRAY(struct kn_bc_call_way) call_way;
};

/* Why a body is read again from its beginning, and what is done otherwise then: see kn_bc_read_function. */
struct kn_bc_again {
  bool restart;
  bool no_addrs;     /* do not use VS_ADDR */
  bool no_halves;    /* do not use VS_HALVES */
  bool hoist_module; /* the module's constants are hoisted, too, and vectors of addresses */
};

/* The tables that begin with the module's entries, to which reading bodies adds or in which it changes entries: a fork
 * begins with copies. */
#define KN_BC_TABLES(TABLE)                                                                        \
  TABLE(struct kn_bc_val, vals)   /* n: the next value's id */                                     \
  TABLE(struct kn_bc_cst, csts)   /* by value's id, below inst_base */                             \
  TABLE(struct kn_bc_type, types) /* when they are split */                                        \
  TABLE(struct kn_bc_piece, type_pieces)                                                           \
  TABLE(struct kn_bc_abop, abops)                                                                  \
  TABLE(struct kn_bc_abbrev, abbrevs)

enum { KN_BC_SIG_MEMO = 512 /* a power of two */ };

struct kn_bc {
  const struct kn_bc_module *m;
  kiln_func *f;
  kiln_func_attrs attrs; /* with which f began; fields that no body begins with are always 0 */
  kiln_status status;
  uint32_t inst_base; /* first value id of the function's instructions; csts has those below */
#define TABLE(type, name) KN_BC_ARRAY(type) name;
  KN_BC_TABLES(TABLE)
#undef TABLE
  KN_BC_ARRAY(struct kn_bc_sig) sigs; /* the first is none: its key is 0 */
  struct kn_hash sig_hash;            /* by key: index */
  uint32_t sig_memo[KN_BC_SIG_MEMO];  /* some of them, by the hash of the key */
  struct kn_bc_stream in;
  uint64_t record_pos; /* where the current record starts */
  struct kn_bc_function fn;
  struct kn_bc_lists tmp;
  struct kn_bc_md_cache md;
  struct kn_bc_again again;
  struct kn_bc_memory memory, body_memory;

  kiln_session *session;
  kiln_module *module;
  kiln_processor target;
  kiln_func_sink_fn sink;
  void *sink_user;
  kiln_allocator allocator;
  uint64_t instructions;
  bool has_debug; /* instructions have locations */

  struct {
    struct kn_bc_asm_cache *texts; /* NULL: none met */
    bool defer;                    /* bodies wait for kiln_llvm_read_deferred */
    bool last;                     /* what waits is read now: it may wait no longer */
    KN_BC_ARRAY(struct kn_bc_body) waiting;
  } assembly; /* inline assembly: asm.c */

  struct kn_bc_module *open; /* m, while this reader may change it; then NULL */
  bool later;            /* only the positions of bodies are recorded, for kiln_llvm_read_bodies */
  bool keeping;          /* bodies are read to be kept: their entries are the module's */
  bool silent;           /* errors are stored in `diag` and not reported to the module */
  bool forked;           /* has forks: its tables must not change any more */
  const char *operation; /* operation.c: what is built, there is no file ("": nothing); else NULL */
  const struct kn_bc *base; /* of a fork whose tables are not copied yet; else NULL */
  kiln_diag diag;           /* if silent */
};

/* A reader of the public interface; the module is that of the first one, of which others are forks. */
struct kiln_llvm {
  struct kn_bc bc;
  bool is_fork;
  struct kn_bc_module module[];
};

/* ---- reader.c ---- */

/* Reports the first error, with the place of the current record; returns false. */
bool kn_bc_fail(struct kn_bc *r, kiln_status status, const char *message, ...)
  __attribute__((format(printf, 3, 4))) KN_COLD;
/* The same for what is valid but not implemented, and for what is malformed; return false. */
bool kn_bc_unsupported(struct kn_bc *r, const char *what) KN_COLD;
bool kn_bc_malformed(struct kn_bc *r, const char *what) KN_COLD;
/* The same for a number of the format that is none of those known, and for operand `i` of a record, which follows
 * those known. */
bool kn_bc_unknown(struct kn_bc *r, const char *what, uint64_t number) KN_COLD;
bool kn_bc_surplus(struct kn_bc *r, const char *record, unsigned i) KN_COLD;
/* The same for flags of which only those in `known` are known, if there are others. */
bool kn_bc_unknown_flags(struct kn_bc *r, const char *of, uint64_t flags, uint64_t known) KN_COLD;
/* Were all of the `n` operands of a record read, when `i` were? Reports those that follow. */
static inline bool kn_bc_ends(struct kn_bc *r, const char *record, unsigned i, unsigned n) {
  return KN_LIKELY(i >= n) || kn_bc_surplus(r, record, i);
}
/* Flags of operations on floats, which permit. */
#define KN_BC_FAST_FLAGS 0xffu
/* record.c: does a type consist of floats, or begin with one? Operations on those have flags of their own. */
bool kn_bc_is_float(const struct kn_bc *r, uint32_t type);
/* Are all flags among the known ones? */
static inline bool kn_bc_flags(struct kn_bc *r, const char *of, uint64_t flags, uint64_t known) {
  return KN_LIKELY(!(flags & ~known)) || kn_bc_unknown_flags(r, of, flags, known);
}
/* No value, after an error. */
static inline kiln_value kn_bc_none(bool failed) { return (void)failed, (kiln_value){0}; }
/* Reports that what `ask` stands for is not implemented; returns false. */
bool kn_bc_refuse(struct kn_bc *r, const struct kn_bc_support *ask) KN_COLD;
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
/* Reads the block just announced, which is a `block`: calls `record` for each record of `code`, or for all of them,
 * until that returns false. Blocks within it are skipped. */
#define KN_BC_ANY_CODE UINT32_MAX
bool kn_bc_each(struct kn_bc *r, uint32_t block, uint32_t code, bool (*record)(struct kn_bc *r));
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
/* The same of its first `most` operands. The position is then somewhere in the record, unless it has no more. */
bool kn_bc_record_head(struct kn_bc *r, unsigned id, uint32_t most);
/* Reads `n` characters of `width` bits each (6: char6), which were checked to be there. */
void kn_bc_text(struct kn_bc *r, unsigned width, uint8_t *out, uint64_t n);
/* Reads an abbreviation's definition; adds it to the current block, which is a `block`, or for_block
 * to the blockinfo of `block`. */
bool kn_bc_define_abbrev(struct kn_bc *r, bool for_block, uint32_t block);
/* Reads the block BLOCKINFO. */
bool kn_bc_read_blockinfo(struct kn_bc *r);

/* ---- types.c ---- */

bool kn_bc_read_types(struct kn_bc *r);
/* Splits a first-class type into scalars; false (reported) if it cannot be a value. Its parts are
 * type_pieces[piece_first .. + n_pieces]. Scalars have one part. */
bool kn_bc_split(struct kn_bc *r, uint32_t type);
/* Enters an aggregate; the next element of the innermost one that was entered since r->tmp.levels had `base`, or false:
 * all were left again. */
bool kn_bc_enter_type(struct kn_bc *r, uint32_t type, uint32_t id, uint64_t at);
bool kn_bc_next_element(struct kn_bc *r, uint32_t base, struct kn_bc_element *e);
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
/* Has the aggregate too many parts for values? Then it can only be loaded and stored: the value is a copy in a slot. */
bool kn_bc_is_large(const struct kn_bc *r, uint32_t type);
/* Can getelementptr step through the elements of this type, an array or a vector of whole bytes? Reports otherwise. */
bool kn_bc_stepped(struct kn_bc *r, uint32_t type);
/* Reports that values of `type` are not implemented; returns false. */
bool kn_bc_bad_type(struct kn_bc *r, uint32_t type) KN_COLD;

static inline bool kn_bc_is_aggregate(const struct kn_bc_type *t) {
  return t->kind == TK_STRUCT || t->kind == TK_ARRAY;
}

/* Are the lanes integers that do not fill their Kiln type, or i128? */
static inline bool kn_bc_has_odd_lanes(const struct kn_bc *r, const struct kn_bc_type *t) {
  return t->kind == TK_VECTOR &&
         (r->types.at[r->m->elems.at[t->first].type].fit == FIT_ODD || t->lane == KILN_TYPE_I128);
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

/* Adds the type of the record that r->in has; elements have to be known. False: reported. */
bool kn_bc_add_type(struct kn_bc *r);
/* Adds the type of the parts of vectors of more than one register: r->m->chunk_type. */
bool kn_bc_add_chunk(struct kn_bc *r);

/* ---- attrs.c ---- */

/* The features of a processor that the reader looks for, as a list; "": none, or the name is not known. */
const char *kn_bc_processor_features(kiln_processor target, const char *name);
/* What a list of features, "+a,-b,+c", adds to FA_...: the last entry for a feature counts. Returns the first that is
 * not implemented, or NULL. `list` is split at the commas. */
const struct kn_bc_support *kn_bc_features(kiln_processor target, char *list, uint32_t *flags);
bool kn_bc_read_attr_groups(struct kn_bc *r);
bool kn_bc_read_attr_lists(struct kn_bc *r);
/* The attributes of `index` in list `list`; NULL: none. */
const struct kn_bc_attr *kn_bc_attr(const struct kn_bc *r, uint32_t list, uint32_t index);

/* ---- module.c ---- */

extern const struct kn_bc_target kn_bc_targets[]; /* by processor */

/* The target that the triple in the current record names. */
bool kn_bc_triple(const struct kn_bc *r, kiln_target *out);
/* What differs between the formats of objects. */
struct kn_bc_format {
  kiln_system system;  /* whose objects have it */
  char mangling;       /* of names, in the data layout */
  bool thread_pointer; /* its systems have one */
  bool imports;        /* a symbol's storage class counts, and all kinds of comdats are there */
  bool code_view;      /* LLVM writes CodeView if the module's flag says so */
  bool directives;     /* the only strings for linkers are in .drectve */
  bool own_convention; /* C's convention is that of its system, on each processor */
  /* Of x86-64: registers that callees save beside kn_bc_target.saved; vector registers that values may be in. */
  uint64_t saved, vectors;
};
extern const struct kn_bc_format kn_bc_formats[KILN_FORMAT_COUNT];
static inline const struct kn_bc_format *kn_bc_format_of(const struct kn_bc *r) {
  return &kn_bc_formats[kiln_module_get_target(r->module).format];
}
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
 * after the compiler's name stands Kiln's. All else of the module is defined. */
bool kn_bc_define_origin(struct kn_bc *r);

/* Checks the module's flags (its metadata `llvm.module.flags`), once all globals are declared. */
bool kn_bc_check_flags(struct kn_bc *r);
/* True if the call, invoke or callbr that is read has operand bundles, which are not the next one's then. Each of the
 * three has to ask. */
static inline bool kn_bc_take_bundles(struct kn_bc *r) {
  bool bundles = r->fn.bundles;
  r->fn.bundles = false;
  return bundles;
}
/* Reports that operand bundles with tag number `tag` are not implemented. */
void kn_bc_refuse_bundle(struct kn_bc *r, uint32_t tag) KN_COLD;

/* ---- kinds.c ---- */

/* Reads the block of kinds of metadata that was just announced. */
bool kn_bc_read_kinds(struct kn_bc *r);
/* LLVM's own number (MD_KIND_...) of the kind that has number `number` in the module; KN_BC_KIND_OTHER: none. */
uint32_t kn_bc_kind(const struct kn_bc *r, uint64_t number);
/* Drops named metadata that Kiln does not know, or refuses them; false: reported. */
bool kn_bc_unknown_metadata(struct kn_bc *r, const char *name);
/* Checks what is attached to a variable, or a function that is declared: the operands of the record that was just read,
 * [global, kind, node, ...]. */
bool kn_bc_global_attached(struct kn_bc *r);
/* The symbol that the node of `associated` names, number `node`; that of id 0: none. False if it is malformed. */
bool kn_bc_associated(struct kn_bc *r, uint32_t node, kiln_symbol *out);
/* Checks the block of attachments of a function and its instructions that was just announced, and notes which node
 * describes the function; the position does not change. */
bool kn_bc_function_attachments(struct kn_bc *r);

/* ---- data.c ---- */

/* Gives all data its initialisers, and defines aliases and constructors. */
bool kn_bc_define_data(struct kn_bc *r);
/* Defines alias `g` where it is first needed. `depth` is that of kn_bc_eval. */
bool kn_bc_define_alias(struct kn_bc *r, struct kn_bc_global *g, unsigned depth);

/* ---- tls.c ---- */

/* Is it the symbol of a thread-local variable, or of its control variable? */
bool kn_bc_is_tls(const struct kn_bc *r, uint32_t symbol);
/* Builds the address of the thread-local variable in the running thread. */
kiln_value kn_bc_tls_address(struct kn_bc *r, uint32_t symbol);
/* Emulated: declares the control variable of a thread-local variable as it is declared. */
bool kn_bc_tls_declare(struct kn_bc *r, const kiln_symbol_desc *of, uint32_t *symbol);
/* Emulated: defines the control variable of data `g` that begins as `begins`. */
bool kn_bc_tls_define(struct kn_bc *r, const struct kn_bc_global *g, const kiln_data_desc *begins);
/* Emulated: makes the control variable of alias `g` an alias of that of its aliasee. */
bool kn_bc_tls_alias(struct kn_bc *r, const struct kn_bc_global *g, const struct kn_bc_num *of,
                     uint32_t *symbol);

/* ---- symver.c ---- */

/* Reads the record in ops: a fragment of the module-level assembly. */
bool kn_bc_module_asm(struct kn_bc *r);
/* Reads the record in ops: a property of the next fragment. */
bool kn_bc_asm_property(struct kn_bc *r);
/* Takes over a text that is no record, in place of the one before. */
bool kn_bc_add_assembly(struct kn_bc *r, const char *text);
/* Defines what the module-level assembly defines, including versions of symbols. All symbols must be declared. */
bool kn_bc_finish_assembly(struct kn_bc *r);

/* ---- constants.c ---- */

/* Reports the use of a constant of kind CK_UNSUPPORTED; returns false. */
bool kn_bc_bad_constant(struct kn_bc *r, const struct kn_bc_cst *c) KN_COLD;

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
/* Appends the parts of constant `id` of aggregate type to r->fn.parts; false if that fails. */
bool kn_bc_const_parts(struct kn_bc *r, uint32_t id);
/* The handle of zero of a scalar type. */
kiln_value kn_bc_zero(struct kn_bc *r, uint32_t type);

/* The words, list entries and bytes of a constant. */
#define KN_BC_POOL(type, name, array)                                                              \
  static inline const type *name(const struct kn_bc *r, uint32_t index) {                          \
    uint32_t n = r->m->pool.array.n;                                                               \
    return index < n ? r->m->pool.array.at + index : r->fn.pool.array.at + (index - n);            \
  }
KN_BC_POOL(uint64_t, kn_bc_words, words)
KN_BC_POOL(uint32_t, kn_bc_list, list)
KN_BC_POOL(uint8_t, kn_bc_bytes, bytes)

/* True if `id` is an integer constant that fits 64 bits; its value sign-extended from its type. */
static inline bool kn_bc_is_int(const struct kn_bc *r, uint32_t id, int64_t *out) {
  if (id >= r->inst_base) return false;
  const struct kn_bc_cst *c = &r->csts.at[id];
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

/* ---- function.c ---- */

/* Reads the function block that was just announced: the body of `global`. The function is built in r->session and given
 * to r->sink, finished, or compiled if there is none. Nothing of a body is left in the reader but what later ones find
 * sooner (signatures, shapes, files), none of which depends on the order in which bodies are read. */
bool kn_bc_read_function(struct kn_bc *r, uint32_t global);

/* ---- fork.c ---- */

/* Reads body `number` (kn_bc_module.bodies) of an opened module, at any time, from wherever the stream is: also before
 * others are compiled, as an inliner does. `r` is the opened reader or a fork, in the thread that has its session.
 * False: r->status and r->diag say why, no function is left, and `r` reads no more. */
bool kn_bc_read_body(struct kn_bc *r, uint32_t number);

/* ---- record.c ---- */

/* The number of blocks if the record at `b` declares it, and moves past the record; else 0. */
static inline uint64_t kn_bc_number_of_blocks(struct kn_bits *b, unsigned width) {
  const uint32_t head = BC_UNABBREV | FUNC_DECLAREBLOCKS << width | 1u << (width + 6);
  if ((kn_bits_peek(b, b->pos) & ((1u << (width + 12)) - 1)) != head) return 0;
  b->pos += width + 12;
  uint64_t n = kn_bits_vbr6(b);
  return b->bad || b->pos > b->end ? 0 : n;
}
/* `n` is the number of the function's blocks, which its first record says. */
void kn_bc_declare_blocks(struct kn_bc *r, uint64_t n);
/* Handles a decoded record of a function; the caller has counted it as an instruction. */
void kn_bc_func_record(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n);
/* Ends the current Kiln block (its terminator was built); the LLVM block goes on in a new one. */
void kn_bc_split_block(struct kn_bc *r);
/* The same; it goes on in `b`. */
void kn_bc_split_to(struct kn_bc *r, kiln_block b);
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

/* ---- scalar.c ---- */

/* A value of integer type `type` with its upper bits cleared, or filled with its sign. */
kiln_value kn_bc_zext_in(struct kn_bc *r, kiln_value v, const struct kn_bc_type *t);
kiln_value kn_bc_sext_in(struct kn_bc *r, kiln_value v, const struct kn_bc_type *t);
/* The operand `id` of type `t`, zero-extended or sign-extended within its Kiln type. */
kiln_value kn_bc_use_z(struct kn_bc *r, uint32_t id, uint32_t type);
kiln_value kn_bc_use_s(struct kn_bc *r, uint32_t id, uint32_t type);
/* Operations on integers that do not fill their Kiln type, and all operations on i1. */
kiln_value kn_bc_binop_odd(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type);
kiln_value kn_bc_x87_bits(struct kn_bc *r, kiln_value v);
/* Between scalars that are no soft floats; kn_bc_cast (value.c) is between any types. */
kiln_value kn_bc_scalar_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to);
kiln_value kn_bc_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to);
/* select `cond`, x, y of `type`, where that is a conversion of the condition: of 1 and 0, or 0 and 1. Else none. */
kiln_value kn_bc_select_truth(struct kn_bc *r, kiln_value cond, kiln_type type, kiln_value x,
                              kiln_value y);
/* Value `a` of type `from`, an integer of at least 8 bits that is 0 or 1, as i1. */
kiln_value kn_bc_truth(struct kn_bc *r, uint32_t a, uint32_t from);
kiln_value kn_bc_icmp_odd(struct kn_bc *r, unsigned cond, uint32_t a, uint32_t b, uint32_t type);
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
/* Gives argument `index` on the edge from LLVM block `pred`, wherever that ends. */
void kn_bc_phi_arg(struct kn_bc *r, uint32_t pred, kiln_block target, uint32_t index, kiln_value v);
void kn_bc_ret(struct kn_bc *r, uint32_t id, uint32_t type);

/* ---- sigs.c ---- */

static inline uint32_t kn_bc_sig_hash(uint64_t key) {
  return (uint32_t)(kn_mix64(0, key ^ key >> 32) >> 32);
}
/* Finds or makes a signature that is not in r->sig_memo, by a list of attributes that all matter to it
 * (kn_bc_attr_list.sig); NULL (reported, unless FA_CALL_REFUSED) if it cannot be. */
const struct kn_bc_sig *kn_bc_find_sig(struct kn_bc *r, uint64_t key, uint32_t type, uint32_t attrs,
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
/* Appends to r->tmp.params what a parameter of `type` with attributes `a` is to such functions; `variadic`: it is an
 * argument after their parameters. False: reported. */
bool kn_bc_parameter(struct kn_bc *r, const struct kn_bc_type *function, uint32_t type,
                     const struct kn_bc_attr *a, unsigned flags, bool variadic);
/* What signature `sig` consists of, to make one of it that differs: its parameters are copied to r->tmp.params. */
bool kn_bc_sig_parts(struct kn_bc *r, kiln_sig sig, kiln_sig_info *info, kiln_type *results);
/* Makes `p` a parameter that is passed by copying memory, as attribute `a` (byval) says. */
bool kn_bc_by_value(struct kn_bc *r, const struct kn_bc_attr *a, kiln_param *p);
/* True if functions of that type return, without AVX, what Kiln does not return as LLVM does. */
bool kn_bc_result_refused(struct kn_bc *r, uint32_t type);
/* The signature of function type `type` with attribute list `attrs`; `flags` (FA_...) are added. */
const struct kn_bc_sig *kn_bc_sig(struct kn_bc *r, uint32_t type, uint32_t attrs, unsigned flags);
/* KN_BC_SIG_AVX and KN_BC_SIG_AVX512 by a function's attributes; 0 in modules without vectors. */
unsigned kn_bc_wide_sigs(struct kn_bc *r, uint32_t attrs);
/* False if a function of that type has a parameter or result that Kiln does not know yet. */
bool kn_bc_sig_possible(struct kn_bc *r, uint32_t type);

/* ---- call.c ---- */

void kn_bc_call(struct kn_bc *r, const uint64_t *ops, unsigned n);
/* A call that was decoded. */
struct kn_bc_callsite {
  uint64_t cc;                  /* calling convention and flags as in the record of a call */
  uint64_t list;                /* of attributes */
  uint32_t type;                /* a valid number: of the function's type */
  uint32_t callee, callee_type; /* value, and its type */
  const uint64_t *ops;          /* n arguments, as in the record */
  unsigned n;
  struct kn_bc_invoke *invoke; /* where it goes on; NULL: it is no invoke */
  /* what call.c finds out */
  uint32_t attrs; /* the list, or 0 */
  unsigned flags; /* FA_... and KN_BC_SIG_... for the signature */
  kiln_value target;
  uint32_t declared; /* kn_bc_global.sig of the function, or 0: an address is called */
  const struct kn_bc_callconv *by;    /* its convention, or NULL: C's */
  const struct kn_bc_global *refused; /* the function, if `flags` has FA_CALL_REFUSED */
};
/* Builds it. */
void kn_bc_call_of(struct kn_bc *r, struct kn_bc_callsite *c);
/* ---- never.c ---- */

/* If `g` is only refused since no call of it must be left, notes this one, which is to call *target: true. */
bool kn_bc_never_call(struct kn_bc *r, const struct kn_bc_global *g, kiln_value *target);
/* Reports a noted call that something leads to; for a function that is complete but not finished. */
bool kn_bc_never_check(struct kn_bc *r);
/* Makes the current function's parameters values. */
bool kn_bc_params(struct kn_bc *r);

/* ---- asm.c ---- */

/* A statement of inline assembly. */
struct kn_bc_asm {
  const char *text, *constraints;
  unsigned flags;      /* KILN_LLVM_ASM_..., which are the records' */
  uint32_t type;       /* of the function that it is like */
  const uint64_t *ops; /* n arguments, as in the record of a call */
  unsigned n;
  unsigned
    n_labels; /* blocks that it may go to; then the number of that, from 1 on, or 0, is in *taken */
  kiln_value *taken;
  struct kn_bc_invoke *invoke; /* exceptions go where that says; or NULL */
  /* exceptions go to this landing pad, whose first two parameters they are; clauses of id 0: they do not */
  kiln_clauses clauses;
  kiln_block unwind;
};
/* Builds it, and defines its value. */
void kn_bc_asm(struct kn_bc *r, const struct kn_bc_asm *s);
/* The same for that of constant `c`, which has text, constraints and flags. */
void kn_bc_asm_constant(struct kn_bc *r, const struct kn_bc_cst *c, struct kn_bc_asm *s);
/* Asks for the code of all texts that wait, and reads the bodies that wait for it. */
bool kn_bc_read_waiting(struct kn_bc *r);
/* A terminator: a call of inline assembly that may jump. */
void kn_bc_callbr(struct kn_bc *r, const uint64_t *ops, unsigned n);

/* ---- asm_module.c ---- */

/* Defines what the module's assembly defines; all symbols must be declared by now. */
bool kn_bc_define_assembly(struct kn_bc *r);

/* ---- asm_table.c ---- */

/* Encodes the statements of `text`, if all of them are among the few that are known here: at most `room` bytes. Their
 * number, or -1. */
int kn_bc_encode(kiln_processor target, const char *text, size_t length, uint8_t *out, size_t room);

/* ---- eh.c ---- */

/* Reads an invoke: a call, and where it goes on. */
void kn_bc_invoke(struct kn_bc *r, const uint64_t *ops, unsigned n);
/* Builds the try of an invoke by signature `s`, whose arguments are in r->tmp.args; what it returns goes to
 * `results`. */
void kn_bc_try(struct kn_bc *r, struct kn_bc_invoke *to, const struct kn_bc_sig *s,
               kiln_value target, kiln_value *results);
void kn_bc_landing_pad(struct kn_bc *r, const uint64_t *ops, unsigned n);
/* Gives the function its personality, if that may do something in a frame without landing pads. */
bool kn_bc_lone_personality(struct kn_bc *r);
void kn_bc_resume(struct kn_bc *r, const uint64_t *ops, unsigned n);
/* The selector of the type that constant `id` is. */
kiln_value kn_bc_typeid(struct kn_bc *r, uint32_t id);
/* The Kiln block that the edge from LLVM block `pred` to `target` comes from; both were read. */
kiln_block kn_bc_edge_from(const struct kn_bc *r, uint32_t pred, uint32_t target);

/* ---- intrinsics/intrinsic.c ---- */

/* Finds out what intrinsic `g` is, whose declaration is being read. */
void kn_bc_intrinsic_declare(struct kn_bc *r, struct kn_bc_global *g);
/* What LLVM has for a call of intrinsic `g`. */
enum kn_bc_code_kind {
  KN_BC_NO_CODE,
  KN_BC_CODE,
  KN_BC_BYTES, /* the third argument is the number of bytes: if it is large, or not constant, a call; else code */
  KN_BC_CALLS
};
enum kn_bc_code_kind kn_bc_intrinsic_code(const struct kn_bc_global *g);
/* A call of intrinsic `g` of function type `type`; `ops` are the arguments as in the record. */
void kn_bc_intrinsic(struct kn_bc *r, const struct kn_bc_global *g, uint32_t type, uint32_t attrs,
                     const uint64_t *ops, unsigned n, bool bundles);

/* ---- inline: values ---- */

/* Four vbr 6 chunks of a call's convention and flags, without the bit that allows a tail call. */
#define PLAIN_CALL_MASK 0xfffffeu

/* The end of a block that control does not reach; after a tail call, which does not return, that one ends it. */
static inline void kn_bc_unreachable(struct kn_bc *r) {
  if (KN_LIKELY(!r->fn.tail)) kiln_build_nullary(r->f, KILN_OP_UNREACHABLE);
  r->fn.tail = false;
}

static inline uint32_t kn_bc_type_of(const struct kn_bc *r, uint32_t id) {
  return r->vals.at[id].t & KN_BC_TYPE_MASK;
}
/* Are two types the same? All pointers are: those with types differ in name only. */
static inline bool kn_bc_types_agree(const struct kn_bc *r, uint32_t a, uint32_t b) {
  return a == b || (r->types.at[a].kind == TK_PTR && r->types.at[b].kind == TK_PTR &&
                    r->types.at[a].ktype == r->types.at[b].ktype);
}
static inline bool kn_bc_is_vector(const struct kn_bc *r, uint32_t id) {
  return r->types.at[kn_bc_type_of(r, id)].kind == TK_VECTOR;
}

/* True if value `id` has the handle r->vals.at[id].h. */
static inline bool kn_bc_has_handle(const struct kn_bc *r, uint32_t id) {
  return KN_LIKELY(id < r->vals.n) && r->vals.at[id].t >> 24 <= VS_SLOT;
}

/* The operand `id` as a scalar of `type`. */
static inline kiln_value kn_bc_use(struct kn_bc *r, uint32_t id, uint32_t type) {
  if (KN_LIKELY(kn_bc_has_handle(r, id))) return (kiln_value){r->vals.at[id].h};
  return kn_bc_use_slow(r, id, type);
}

/* Defines the next value. */
static inline void kn_bc_def(struct kn_bc *r, uint32_t type, kiln_value v) {
  uint32_t id = r->vals.n;
  if (KN_UNLIKELY(id < r->fn.zeroed)) kn_bc_bind(r, v);
  if (KN_UNLIKELY(id >= r->vals.cap) && !kn_bc_grow_vals(r)) return;
  r->vals.at[id] = (struct kn_bc_val){v.id, type};
  r->vals.n = id + 1;
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

#include "value.h"

/* ---- prefetch.c ---- */

/* What a hint says of memory. */
struct kn_bc_prefetch {
  bool write, code; /* it will be written; executed */
  bool once;        /* used once */
  uint8_t level;    /* of the cache, 0 to 3 */
};
/* What the arguments of llvm.prefetch after the address say; false if they cannot be. */
bool kn_bc_prefetch_as(struct kn_bc_prefetch *how, int64_t write, int64_t locality, int64_t data);
/* Builds the hint. */
void kn_bc_prefetch(struct kn_bc *r, kiln_value a, const struct kn_bc_prefetch *how);

#endif
