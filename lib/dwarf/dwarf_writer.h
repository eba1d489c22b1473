/* The files that make debug sections, and what they share. kn_dwarf_build is called by writers of objects when every
 * function has its section and offset, and by the JIT: dwarf.c finds which entries are written, and where in the tree;
 * dwarf_write.c writes them, dwarf_scope.c gives functions and blocks their variables, dwarf_attr.c writes attributes
 * that are computed, such as locations, dwarf_ranges.c the lists that these refer to, dwarf_line.c the line tables,
 * dwarf_split.c skeleton units, dwarf_index.c the index of names. Invariant: the order of all that is written follows
 * from units, functions and the order of references alone, so that it does not depend on the number of sessions.
 * Errors: without memory the module fails, which kn_dwarf_build asks at the end (kn_dwarf_ok), as do a few places that
 * would otherwise read what could not be appended. So functions return no status; what they write after a failure stays
 * within its arrays, and is of no use. */
#ifndef KN_LIB_DWARF_DWARF_WRITER_H
#define KN_LIB_DWARF_DWARF_WRITER_H

#include "ir/debug/die.h"
#include "lib/dwarf/dwarf_sections.h"
#include "lib/image/image.h"

#include <kiln/dwarf.h>

/* Of an entry of any set. The tree is walked in an order that caches do not foresee, so that all of an entry is in the
 * 64 bytes of a cache line, what is read often before the rest. */
struct kn_dwarf_die {
  struct kn_die source; /* a copy; `parent` is an index into kn_dwarf.dies, but for lists */
  /* the source's entry: its own index (0: not defined), or what this is an instance of */
  uint32_t of;
  uint32_t set : 26; /* of the source's entry: 0: the module's; session + 1 */
  uint32_t attached : 1, reachable : 1;
  /* encloses: a block that an entry of the source is directly in, which is no block; holds: one of these is written;
   * inner: members of its lists are written in it; abstract: a function that was inlined somewhere: it has no code, its
   * instances have */
  uint32_t encloses : 1, holds : 1, inner : 1, abstract : 1;
  uint32_t first, last, next; /* children and siblings, by index into kn_dwarf.dies */
  uint32_t unit;              /* number of its unit, from 1; 0: not reached */
  uint32_t offset;            /* in .debug_info; 0: not written */
  uint32_t ranges;            /* blocks, inlined functions: index + 1 into kn_dwarf.scopes */
  uint32_t func;              /* index + 1 of the function that it describes */
  uint32_t var;    /* index + 1 of what a function says of where it lives: kn_dwarf.vars */
  uint32_t global; /* index + 1 of what the module says: kiln_debug.globals */
  uint32_t args;   /* its last child that is a parameter */
};
_Static_assert(sizeof(struct kn_dwarf_die) == 64, "as its comment says");
#define KN_DWARF_SETS (1u << 26) /* more than there may be */

/* The code of a block: a list of ranges, relative to its function. */
struct kn_dwarf_range {
  uint32_t from, to;
  uint32_t next; /* index + 1 */
};
struct kn_dwarf_scope {
  uint32_t first, last; /* ranges: index + 1 */
  uint32_t func;        /* index */
  uint32_t node;        /* its entry, by index into kn_dwarf.dies */
  uint32_t call;        /* of what was inlined: location of the call; else 0 */
  uint32_t up;          /* the scope that it is in: index + 1; 0: the function itself */
  uint32_t depth;       /* of the scopes that it is in, and itself */
  uint32_t since;       /* where the code that is being looked at entered it */
};

/* Blocks in blocks beyond this many, of damaged input, count as none. */
#define KN_DWARF_DEPTH 4096
/* How deep entries that are written in place may be nested. */
#define KN_DWARF_PACKS 3

/* How an attribute is written: lib/dwarf/dwarf_put.c. */
enum kn_dwarf_put {
  KN_PUT_NUMBER,
  KN_PUT_FLAG,
  KN_PUT_TEXT,
  KN_PUT_FILE,
  KN_PUT_REF,
  KN_PUT_TYPE,
  KN_PUT_OTHER
};

/* An attribute of a shape (ir/debug/die.h). */
struct kn_dwarf_item {
  uint16_t name;
  uint8_t kind; /* enum kn_die_kind */
  uint8_t asks; /* KN_ASK_...: it is not always written */
  uint16_t at;  /* its words, from the entry's first */
  uint8_t put;  /* enum kn_dwarf_put */
};
/* A shape, as the writer needs it. */
struct kn_dwarf_shape {
  /* all attributes; those that lead to other entries; those that may be written */
  const struct kn_dwarf_item *items, *refs, *puts;
  uint16_t n, n_refs, n_puts;
  uint32_t kinds; /* 1 << enum kn_die_kind of all */
  /* REF of DW_AT_type, SIGNATURE or TYPED: the first; SIGNATURE or TYPED: the last; ARGUMENT. NULL: none */
  const struct kn_dwarf_item *type, *list, *argument;
  bool specifies, declares; /* has DW_AT_specification, a REF; DW_AT_declaration */
  bool artificial, object;  /* has DW_AT_artificial; DW_AT_object_pointer, a flag */
  bool calls;               /* has DW_AT_call_all_calls */
  bool plain; /* entries that nothing is known of from code have no other attributes */
};
/* A run of attributes that was written: from which abbreviation on, which, in which forms (lib/dwarf/dwarf_put.c), and
 * the abbreviation that makes. */
struct kn_dwarf_run {
  const struct kn_dwarf_item *first;
  uint64_t codes; /* 0: nothing is known here */
  uint32_t from, node;
};
#define KN_DWARF_RUNS 512 /* how many are known; a power of two */

/* Attributes for which it has to be asked whether they are written: of any entry, only of one that has a declaration,
 * or only of C's units: others never have them. */
enum { KN_ASK = 1, KN_ASK_DECLARED = 2, KN_ASK_C = 4 };

#define KN_DWARF_TEXT_ONCE UINT32_MAX
/* A string of .debug_str, with a NUL after it there: where it is in the source, its size, its offset. */
struct kn_dwarf_string {
  const char *text;
  uint32_t n, at;
};

/* An entry of the source. */
struct kn_dwarf_view {
  const struct kn_die *e;
  const struct kn_dwarf_shape *shape;
  const uint32_t *words;
  uint32_t set;
};

/* The members of a list (KILN_DIE_TAG_LIST): ids in set `set`. */
struct kn_dwarf_list {
  const uint32_t *items;
  uint32_t n, set;
};

/* A scope in the source, and the location of the call it was inlined at. */
struct kn_dwarf_key {
  uint32_t scope, call;
};

struct kn_dwarf_var {
  uint32_t session, index; /* in the session's vars */
  uint32_t count;          /* rows there: of one variable, in ranges of code, */
  uint32_t func;           /* of this function */
  uint32_t pointer;        /* the first of these rows that is a pointer, + 1, */
  uint32_t to;             /* and index of the entry it points to */
  uint32_t next;           /* where another part of it lives: number in kn_dwarf.vars, or 0 */
};

/* A reference to be filled in: the offset in .debug_info, and the entry. */
struct kn_dwarf_patch {
  uint32_t at, to;
};

/* An entry of the index of names. */
struct kn_dwarf_name {
  uint32_t node;   /* index in kn_dwarf.dies */
  uint32_t in;     /* an enumerator's type; else 0 */
  uint32_t offset; /* in the unit */
  uint8_t what;    /* gdb's flags */
  bool type;       /* it is in the table of types */
};

/* A set: where its entries are in kn_dwarf.dies, and how many. */
struct kn_dwarf_set {
  uint32_t base, n;
};

/* An address in .debug_addr: target and addend of its relocation, and its index + 1. */
struct kn_dwarf_address {
  uint32_t target, number;
  int64_t addend;
};

struct kn_dwarf_unit {
  uint32_t die;       /* index into dies */
  uint32_t line;      /* offset in .debug_line */
  uint32_t start;     /* offset in .debug_info */
  uint32_t in_object; /* the same, or that of its skeleton unit; */
  uint64_t id;        /* the number that both have, */
  uint32_t id_at;     /* and its offset in .debug_info */
  uint32_t section;   /* of its functions, or of one of them, */
  uint64_t low, high; /* in that */
  uint32_t n_funcs;
  uint32_t first_func; /* its first function, index + 1; the others: kn_dwarf.next_func */
  uint32_t first_kept; /* the same of what it keeps: by kn_dwarf.next_kept */
  uint32_t language;   /* DW_LANG_... */
  bool one_stretch;    /* its entry has the address of all its code: ranges count from there */
  bool lines_only;
  bool names;                      /* it has an index of names */
  bool empty;                      /* it is not written */
  uint32_t names_first, names_end; /* its names: indices in kn_dwarf.names */
};

/* A text of `n` characters, without NUL, and its id in its set; 0: none. */
struct kn_dwarf_text {
  const char *at;
  uint32_t n, id;
};

struct kn_dwarf_file {
  struct kn_dwarf_text name, dir;
  uint32_t set; /* of the texts */
  uint32_t dir_index;
  const uint8_t *md5; /* NULL: none */
};

struct kn_dwarf {
  const struct kn_image *image;
  struct kn_arena *arena;
  kiln_module *m;
  unsigned version;
  bool split; /* most of it goes to the .dwo file, */
  bool dwo;   /* and so does what is being written */
  const struct kiln_debug *module;
  struct kn_dwarf_set *set;       /* by number */
  const struct kiln_debug **sets; /* the module's, then each session's, or NULL */
  struct kn_dwarf_shape **shapes; /* by set, and number */
  /* those of all sets, then instances: of blocks, variables and functions in code */
  KN_ARRAY(struct kn_dwarf_die) dies;
  uint32_t n_sources; /* of the sets */
  KN_ARRAY(struct kn_dwarf_unit) units;
  uint32_t n_units;            /* those that are written */
  KN_ARRAY(uint32_t) queue;    /* entries to be attached */
  KN_ARRAY(uint32_t) unplaced; /* entries with children that do not know their unit */
  KN_ARRAY(struct kn_dwarf_var) vars;
  KN_ARRAY(struct kn_dwarf_scope) scopes;
  KN_ARRAY(struct kn_dwarf_range) ranges;
  KN_ARRAY(struct kn_dwarf_patch) patches;
  KN_ARRAY(struct kn_dwarf_name) names;
  KN_ARRAY(char) qualified; /* the newest result of kn_dwarf_qualified */
  uint32_t current;         /* number of the unit that is being laid out */
  uint32_t scope_first; /* scopes of the function that is being laid out are those from here on; */
  struct kn_hash scope_hash;     /* by entry and call: number */
  struct kn_dwarf_key scope_key; /* the newest that was found there: number scope_found, or 0 */
  uint32_t scope_found;
  KN_ARRAY(struct kn_dwarf_key) scope_way;

  /* files of the unit whose line table is being written, by number; their entries' numbers */
  KN_ARRAY(struct kn_dwarf_file) files;
  struct kn_hash file_hash; /* of their names and directories */
  struct kn_hash dir_hash;  /* of directories, while they get their numbers */
  KN_ARRAY(uint32_t) filed; /* entries that have such a number */
  uint32_t *file_of;        /* by index of the entry: number in the table + 1, or 0 */

  /* abbreviations: sequences of name << 16 | form of each attribute, then KN_ABBREV_END | tag <<
   * 1 | children; `is`: its number */
  struct kn_trie abbrevs;
  struct kn_dwarf_run *runs;
  uint32_t n_abbrevs;
  /* strings */
  KN_ARRAY(struct kn_dwarf_string) strs; /* by number; out[KN_DS_STR] has their size alone */
  struct kn_hash str_hash;               /* those that are searched: number + 1 */
  struct kn_dwarf_set *texts; /* where those of a set are in str_of, and how many, one at least */
  uint32_t *str_of; /* by text: number + 1, 0, or KN_DWARF_TEXT_ONCE: it is in an entry, once */
  /* addresses: index of each in .debug_addr */
  uint32_t n_addrs;
  /* some of them, by a hash: what begins at one address, or where another ends, has one number */
  struct kn_dwarf_address known[64];
  uint32_t *func_addr;            /* by function: index + 1 */
  const struct kn_dwarf_var *var; /* whose location is being written */
  /* where the expression that is being written has addresses of symbols and pointers */
  KN_ARRAY(uint32_t) links;
  /* relocations of lists of locations, and the entries that they are of */
  KN_ARRAY(struct kn_dwarf_patch) pointers;
#ifdef KN_CHECKS
  uint32_t located;          /* the variable whose location is being written: index of its entry */
  uint32_t *placed;          /* by entry: it got a location */
  KN_ARRAY(uint32_t) bounds; /* entries of variables that types refer to */
#endif
  bool has_lists;  /* of locations */
  bool has_ranges; /* lists of ranges */
  /* by symbol: what a call's entry refers to: index of the entry of its declaration; NULL: nothing has calls */
  uint32_t *callees;
  uint32_t *next_func; /* by function: the next one of its unit, index + 1, or 0 */
  uint32_t *next_kept; /* the same of pairs in kiln_debug.kept */
  uint32_t *func_node; /* by function: index of the entry that has its code, or 0 */
  /* by entry of the source, a variable: its instance with a location, or UINT32_MAX: there are several; NULL: no type
   * has referred to a variable so far */
  uint32_t *instance_of;

  struct kn_dwarf_buffer out[KN_DS_COUNT];
};

/* lib/dwarf/dwarf.c */

/* Fails the module, if it has not failed; NULL. */
KN_COLD void *kn_dwarf_no_memory(kiln_module *m);
/* What an entry of a function or a unit is in: its parent, but for blocks that nothing is directly in. */
uint32_t kn_dwarf_context(struct kn_dwarf *d, uint32_t i);
/* Entry i, which was not reachable so far, is to be written. See kn_dwarf_reach. */
void kn_dwarf_reach_too(struct kn_dwarf *d, uint32_t i);
/* Puts all that is reachable into the tree. */
void kn_dwarf_drain(struct kn_dwarf *d);
/* Makes `i` a child of `parent`: the last one, but parameters are first, in their order. */
void kn_dwarf_append(struct kn_dwarf *d, uint32_t parent, uint32_t i);
/* The list that attribute `a` (SIGNATURE, TYPED; NULL: none) of an entry leads to; empty: none. */
struct kn_dwarf_list kn_dwarf_signature(const struct kn_dwarf *d, const struct kn_dwarf_view *v,
                                        const struct kn_dwarf_item *a);

/* lib/dwarf/dwarf_scope.c */

/* Finds the functions that were inlined anywhere. */
void kn_dwarf_abstract(struct kn_dwarf *d);
/* Puts function `func` (index) with its scopes and variables into the tree; its unit is the current one. */
void kn_dwarf_function(struct kn_dwarf *d, uint32_t func);

/* lib/dwarf/dwarf_write.c */

/* Writes all sections. */
void kn_dwarf_info(struct kn_dwarf *d);
/* Begins a unit of a type (DW_UT_...), whose abbreviations are in a section: its header, but for an id. */
void kn_dwarf_begin_unit(struct kn_dwarf *d, unsigned type, unsigned abbrevs);
/* Puts the header and the table of offsets in front of a section's lists. */
void kn_dwarf_end_lists(struct kn_dwarf *d, unsigned section);

/* lib/dwarf/dwarf_shape.c */

/* Prepares the shapes and texts of all sets; false without memory. */
bool kn_dwarf_shapes(struct kn_dwarf *d);
/* Memory of the arena; NULL, and the module fails, if there is none. */
void *kn_dwarf_alloc(struct kn_dwarf *d, size_t size);
/* The same of `n` zeros, to be freed by kn_realloc. */
uint32_t *kn_dwarf_zeros(struct kn_dwarf *d, size_t n);
/* Adds a string; its number, UINT32_MAX without memory. It is copied when the object is written. */
uint32_t kn_dwarf_new_string(struct kn_dwarf *d, const char *text, uint32_t n);
/* Number in .debug_str of a text, which is copied if it is not there so far; UINT32_MAX without memory. */
uint32_t kn_dwarf_search_string(struct kn_dwarf *d, const char *text, uint32_t n);
/* Number in .debug_str of text `index` of a set, one that is not there so far; UINT32_MAX without memory. */
uint32_t kn_dwarf_new_text(struct kn_dwarf *d, uint32_t set, uint32_t index);

/* lib/dwarf/dwarf_attr.c */

/* The entry that is being written: its attributes go to .debug_info as they are collected; what its abbreviation has
 * to say of them is kept until all are. */
struct kn_dwarf_fields {
  struct kn_dwarf *d;
  uint32_t unit;   /* number of the one that is written */
  uint32_t abbrev; /* node of its attributes so far */
  /* offset of the entry: one byte for the number of its abbreviation, then the attributes */
  uint32_t start;
  uint32_t patch_first, reloc_first; /* its own ones */
  KN_ARRAY(uint32_t) stack;
  bool c; /* the unit is C */
  bool lines_only;
  bool names; /* the unit has an index of names */
  /* numbers of the abbreviations of parameters without a name, of such with DW_AT_artificial; 0: not known */
  uint32_t parameter[2];
};

#define KN_ABBREV_END (1u << 31)
/* Adds an attribute. */
void kn_dwarf_add(struct kn_dwarf_fields *f, unsigned name, unsigned form, uint64_t value);
void kn_dwarf_add_ref(struct kn_dwarf_fields *f, unsigned name, uint32_t to);
/* An offset in a debug section. */
void kn_dwarf_add_offset(struct kn_dwarf_fields *f, unsigned name, unsigned section,
                         uint32_t offset);
/* An expression of `n` bytes, whose links are noted. */
void kn_dwarf_add_expr(struct kn_dwarf_fields *f, unsigned name, const uint8_t *bytes, uint32_t n);
/* An address in a section, by its number in version 5. */
void kn_dwarf_add_address(struct kn_dwarf_fields *f, unsigned name, uint32_t target,
                          int64_t addend);
/* The code of the unit with index `unit`, which has some. */
void kn_dwarf_add_unit_code(struct kn_dwarf_fields *f, uint32_t unit);
/* Begins entry i, with its attributes. */
void kn_dwarf_fields_of(struct kn_dwarf_fields *f, uint32_t i);
/* The same for the DW_TAG_variant around member i of variant part `in`. */
void kn_dwarf_variant_fields(struct kn_dwarf_fields *f, uint32_t i, uint32_t in);
/* The attribute of a name; false: there is none. */
bool kn_dwarf_attr(const struct kn_dwarf *d, uint32_t i, unsigned name, struct kn_die_attr *a);
/* Index of what attribute `name` of entry i refers to, or 0. */
uint32_t kn_dwarf_ref(const struct kn_dwarf *d, uint32_t i, unsigned name);
/* The type of an entry: of functions that of the result. */
uint32_t kn_dwarf_type_of(const struct kn_dwarf *d, uint32_t i);
/* True if attribute `a` of entry i is said elsewhere, or not for this language. `spec`: its declaration. */
bool kn_dwarf_left_out(const struct kn_dwarf_fields *f, uint32_t i, const struct kn_die_attr *a,
                       uint32_t spec);
/* Adds any attribute. `in`: an enumerator's type, else 0. */
void kn_dwarf_any_attr(struct kn_dwarf_fields *f, uint32_t i, const struct kn_die_attr *a,
                       uint32_t in);

/* lib/dwarf/dwarf_put.c */

/* Makes space for n bytes at `at`, within a section; relocations of what follows are those from `reloc` on. False
 * without memory. */
bool kn_dwarf_insert(struct kn_dwarf *d, unsigned section, uint32_t at, uint32_t n, uint32_t reloc);
/* Adds a text of a set. */
void kn_dwarf_add_text(struct kn_dwarf_fields *f, unsigned name, uint32_t set, uint32_t id);
/* Adds the attributes that the source gives entry i, from `a` on. `spec`: its declaration, or 0; `in`: as
 * kn_dwarf_any_attr. */
void kn_dwarf_put_attrs(struct kn_dwarf_fields *f, uint32_t i, const struct kn_dwarf_view *v,
                        const struct kn_dwarf_item *a, uint32_t spec, uint32_t in);
/* Writes an entry that has no other attributes than these and, unless `expr` is NULL, a location
 * of `n` bytes; `in`: the same. */
void kn_dwarf_put_plain(struct kn_dwarf_fields *f, uint32_t i, bool children, uint32_t in,
                        const uint8_t *expr, uint32_t n);
/* Completes the entry whose attributes were written; the number of its abbreviation, 0 without memory. */
uint32_t kn_dwarf_put_entry(struct kn_dwarf_fields *f, unsigned tag, bool children);

/* lib/dwarf/dwarf_split.c */

/* Writes the skeleton units, and gives these and the units the numbers that say what belongs together. All units are
 * written, by the same `f`. */
void kn_dwarf_skeletons(struct kn_dwarf_fields *f);

/* lib/dwarf/dwarf_call.c */

/* The calls of function `func` (index), in its session's output: *n of them, none if its entry does not ask for it. */
const struct kn_code_call *kn_dwarf_calls(const struct kn_dwarf *d, uint32_t func, uint32_t *n);
/* Prepares what calls refer to, if any function has some. */
void kn_dwarf_callees(struct kn_dwarf *d);
/* Wants what the calls of a function refer to. */
void kn_dwarf_reach_callees(struct kn_dwarf *d, uint32_t func);
/* Writes entries of the calls of a function, which is being written. */
void kn_dwarf_put_calls(struct kn_dwarf_fields *f, uint32_t func);

/* lib/dwarf/dwarf_index.c */

/* Notes the name of entry i, which was just written, if it belongs into the index. `in`: the type of an enumerator that
 * is written in place; else 0. */
void kn_dwarf_note_name(struct kn_dwarf_fields *f, uint32_t i, uint32_t in);
/* Writes the index. */
void kn_dwarf_names(struct kn_dwarf *d);

/* lib/dwarf/dwarf_qualified.c */

/* The entry that declares entry i, and says its name and place; or i. */
uint32_t kn_dwarf_declaration(const struct kn_dwarf *d, uint32_t i);
/* The name of entry i, after what entry `in` is in; 0: nothing. It has d->qualified.n characters, and holds until the
 * next call. */
const char *kn_dwarf_qualified(struct kn_dwarf *d, uint32_t in, uint32_t i);
/* Adds the name of C++'s library that lldb is to know inlined function `of` by. */
void kn_dwarf_add_std_name(struct kn_dwarf_fields *f, uint32_t of);

/* lib/dwarf/dwarf_ranges.c */

/* Number in .debug_addr of `addend` in section `target`, or of symbol KN_DR_SYMBOL | .... */
uint32_t kn_dwarf_address(struct kn_dwarf *d, uint32_t target, int64_t addend);
/* The same of a function's address. */
uint32_t kn_dwarf_func_address(struct kn_dwarf *d, uint32_t func);
/* Writes the list of a scope's ranges, or of a unit's functions; its number in version 5, its offset in version 4. */
uint32_t kn_dwarf_scope_list(struct kn_dwarf *d, const struct kn_dwarf_scope *s);
uint32_t kn_dwarf_unit_list(struct kn_dwarf *d, uint32_t unit);
/* The same of the locations that a variable, of `bits` bits (0: not known), has in ranges of code. `scope`: number of
 * its scope, or 0: where that has no code they are left out. */
uint32_t kn_dwarf_loc_list(struct kn_dwarf *d, const struct kn_dwarf_var *v, uint32_t scope,
                           uint64_t bits);
/* The row of the location that a variable has in all of the code of a scope (0: of the function); NULL: there is
 * none. */
const struct kn_code_var *kn_dwarf_throughout(const struct kn_dwarf *d,
                                              const struct kn_dwarf_var *v, uint32_t scope);
/* The expression of a row of the variable whose location is written, which is put `at` bytes from the location's
 * beginning; it gives `bits` bits (0: not known). *size 0: it is nowhere, since the object lacks what it names, or an
 * expression computes less than that. */
const uint8_t *kn_dwarf_row_expr(struct kn_dwarf *d, const struct kn_output *o,
                                 const struct kn_code_var *row, uint64_t bits, uint32_t at,
                                 uint32_t *size);
/* The expressions of n parts of a variable, in order, with what is nowhere between them. Of parts that overlap the
 * first. `bits`: of the variable, of which the rest is nowhere; 0: not known. Parts beyond it are removed from `parts`.
 * *size 0 without memory. */
const uint8_t *kn_dwarf_parts(struct kn_dwarf *d, const struct kn_output *o,
                              const struct kn_code_var **parts, uint32_t n, uint64_t bits,
                              uint32_t *size);
/* An expression of these two is the end of a section: puts in it what the writer knows. */
void kn_dwarf_complete_expr(struct kn_dwarf *d, unsigned section, uint32_t size);
/* Begins a table of a unit (index), of version 2: up to the unit's offset. Returns its own offset. */
uint32_t kn_dwarf_begin_table(struct kn_dwarf *d, unsigned section, uint32_t unit);
/* Writes which code each unit has. */
void kn_dwarf_aranges(struct kn_dwarf *d);
/* lib/dwarf/dwarf_frame.c */
void kn_dwarf_frames(struct kn_dwarf *d);

/* lib/dwarf/dwarf_line.c */

/* Begins the line table of a unit: its files get their numbers from now on. */
void kn_dwarf_line_begin(struct kn_dwarf *d, uint32_t unit);
/* The file of a unit: index in dies, or 0. */
uint32_t kn_dwarf_unit_file(const struct kn_dwarf *d, uint32_t unit);
/* A file's name and directory. */
struct kn_dwarf_file kn_dwarf_file_text(const struct kn_dwarf *d, uint32_t die);
/* Writes it. */
void kn_dwarf_line(struct kn_dwarf *d, uint32_t unit);
/* Number in the unit's table of a location's file, of a file's entry. */
uint32_t kn_dwarf_loc_file(struct kn_dwarf *d, uint32_t session, const struct kn_loc_full *l);
uint32_t kn_dwarf_file_number(struct kn_dwarf *d, uint32_t die);
/* What tells code of one line and column apart; 0: nothing. */
uint32_t kn_dwarf_discriminator(const struct kn_dwarf *d, uint32_t session,
                                const struct kn_loc_full *l);

/* lib/dwarf/check/dwarf_check.c, in checking builds: each of these fails the module if it finds a fault */

#ifdef KN_CHECKS
/* The location of variable i (index of its entry). */
void kn_dwarf_check_location(struct kn_dwarf *d, uint32_t i, const uint8_t *expr, uint32_t n);
/* The same of parts of the variable whose location is written. */
void kn_dwarf_check_parts(struct kn_dwarf *d, const struct kn_code_var *const *parts, uint32_t n,
                          const uint8_t *expr, uint32_t size);
/* Variable i is a constant that is written as one of so many bytes. */
void kn_dwarf_check_constant(struct kn_dwarf *d, uint32_t i, uint32_t bytes);
/* What a call passes, in function i. */
void kn_dwarf_check_value(struct kn_dwarf *d, uint32_t i, const uint8_t *expr, uint32_t n);
/* A type refers to variable i for a number; all is written. */
void kn_dwarf_check_bound(struct kn_dwarf *d, uint32_t i);
void kn_dwarf_check_end(struct kn_dwarf *d);
#define KN_DWARF_CHECK(what, ...) kn_dwarf_check_##what(__VA_ARGS__)
#else
#define KN_DWARF_CHECK(what, ...) (void)0
#endif

/* ---- inline ---- */

/* False if the module has failed. */
static inline bool kn_dwarf_ok(const struct kn_dwarf *d) { return kn_module_own(d->m) == KILN_OK; }
/* Entry i, up to the next instance (lib/dwarf/dwarf_scope.c). */
static inline const struct kn_die *kn_dwarf_entry(const struct kn_dwarf *d, uint32_t i) {
  return &d->dies.at[i].source;
}
/* Index of the parent of entry i, past those that stand for theirs; 0: none. */
static inline uint32_t kn_dwarf_parent(const struct kn_dwarf *d, uint32_t i) {
  const struct kn_die *e = kn_dwarf_entry(d, i);
  return e->tag != KILN_DIE_TAG_LIST ? e->parent : 0;
}
/* Index in dies of what an id in set `set` refers to; 0: nothing defined. */
static inline uint32_t kn_dwarf_index(const struct kn_dwarf *d, uint32_t set, uint32_t id) {
  const struct kn_dwarf_set *in = &d->set[id & KN_DIE_SESSION ? set : 0];
  uint32_t i = id & KN_DIE_INDEX;
  return i < in->n ? d->dies.at[in->base + i].of : 0;
}
/* The list that entry i is; empty: it is none. */
static inline struct kn_dwarf_list kn_dwarf_list(const struct kn_dwarf *d, uint32_t i) {
  const struct kn_die *e = kn_dwarf_entry(d, i);
  const uint32_t set = d->dies.at[i].set;
  if (e->tag != KILN_DIE_TAG_LIST) return (struct kn_dwarf_list){0};
  return (struct kn_dwarf_list){d->sets[set]->items.at + e->first, e->parent, set};
}
/* Index in dies of member k of a list; 0: nothing defined. */
static inline uint32_t kn_dwarf_member(const struct kn_dwarf *d, const struct kn_dwarf_list *list,
                                       uint32_t k) {
  return kn_dwarf_index(d, list->set, list->items[k]);
}
/* Entry i is to be written. */
static inline void kn_dwarf_reach(struct kn_dwarf *d, uint32_t i) {
  if (i != 0 && !d->dies.at[i].reachable) kn_dwarf_reach_too(d, i);
}
static inline const struct kn_dwarf_shape *kn_dwarf_shape(const struct kn_dwarf *d,
                                                          const struct kn_dwarf_die *die) {
  return &d->shapes[die->set][die->source.shape];
}
static inline struct kn_dwarf_view kn_dwarf_view(const struct kn_dwarf *d, uint32_t i) {
  const struct kn_dwarf_die *die = &d->dies.at[i];
  const struct kn_die *e = &die->source;
  return (struct kn_dwarf_view){e, kn_dwarf_shape(d, die), d->sets[die->set]->words.at + e->first,
                                die->set};
}
/* What an attribute with one word refers to. */
static inline uint32_t kn_dwarf_to(const struct kn_dwarf *d, const struct kn_dwarf_view *v,
                                   const struct kn_dwarf_item *a) {
  return kn_dwarf_index(d, v->set, v->words[a->at]);
}
static inline struct kn_die_attr kn_dwarf_value(const struct kn_dwarf_view *v,
                                                const struct kn_dwarf_item *a) {
  return kn_die_attr_of(a->name, a->kind, v->words + a->at);
}
/* Are strings and addresses numbers of entries in tables? */
static inline bool kn_dwarf_indexed(const struct kn_dwarf *d) { return d->version >= 5 || d->dwo; }
/* The section of what the object has of units. */
static inline unsigned kn_dwarf_object_info(const struct kn_dwarf *d) {
  return d->split ? KN_DS_SKELETON_INFO : KN_DS_INFO;
}
/* Is it an attribute of a type that debuggers compute, so that a reference is to what has the value? */
static inline bool kn_dwarf_is_extent(unsigned name) {
  return name == KILN_DW_AT_count || name == KILN_DW_AT_upper_bound ||
         name == KILN_DW_AT_lower_bound || name == KILN_DW_AT_byte_stride ||
         name == KILN_DW_AT_bit_stride || name == KILN_DW_AT_byte_size ||
         name == KILN_DW_AT_string_length || name == KILN_DW_AT_data_location ||
         name == KILN_DW_AT_associated || name == KILN_DW_AT_allocated || name == KILN_DW_AT_rank;
}
/* Files and lists are no entries, and neither is what stands for its parent. */
static inline bool kn_dwarf_special(unsigned tag) {
  return tag == KILN_DIE_TAG_FILE || tag == KILN_DIE_TAG_LIST || tag == KILN_DIE_TAG_PART;
}
/* True for members of lists of children that are written in each entry that has the list: they have no parent. */
static inline bool kn_dwarf_in_place(const struct kn_die *e) {
  return e->parent == 0 && !kn_dwarf_special(e->tag);
}
/* Is a language, by its number, in a set of KN_LANG(name)? All that the writer asks about are below 64. */
#define KN_LANG(name) (UINT64_C(1) << KILN_DW_LANG_##name)
static inline bool kn_dwarf_is_in(uint64_t languages, uint32_t language) {
  return language < 64 && (languages >> language & 1);
}
static inline bool kn_dwarf_is_cpp(uint32_t language) {
  return kn_dwarf_is_in(KN_LANG(C_plus_plus) | KN_LANG(C_plus_plus_03) | KN_LANG(C_plus_plus_11) |
                          KN_LANG(C_plus_plus_14) | KN_LANG(C_plus_plus_17) |
                          KN_LANG(C_plus_plus_20),
                        language);
}
/* Where function `func` is. */
static inline const struct kn_place *kn_dwarf_place(const struct kn_dwarf *d, uint32_t func) {
  return d->image->places + kn_image_func(d->image, func)->symbol;
}
/* For each function whose code unit number `u` - 1 describes, in the image's order. */
#define KN_DWARF_EACH_FUNC(d, u, i)                                                                \
  for (uint32_t i = (d)->units.at[u].first_func; i-- != 0; i = (d)->next_func[i])

/* Space for n more bytes in a section; NULL without memory. Add what was written to its count. */
static inline uint8_t *kn_dwarf_space(struct kn_dwarf *d, unsigned section, size_t n) {
  struct kn_dwarf_buffer *b = &d->out[section];
  return KN_ROOM(d->m, b->bytes, n) ? b->bytes.at + b->bytes.n : NULL;
}
static inline void kn_dwarf_done(struct kn_dwarf *d, unsigned section, const uint8_t *end) {
  d->out[section].bytes.n = (uint32_t)(end - d->out[section].bytes.at);
}
/* Does an expression begin with what the writer completes (lib/debug/where.c): the address of a symbol, a pointer? */
static inline bool kn_dwarf_is_link(const uint8_t *expr, uint32_t n) {
  return n != 0 && (*expr == KILN_DW_OP_addr || *expr == KILN_DW_OP_implicit_pointer);
}
/* Appends bytes to a section; NULL: zeros. */
static inline void kn_dwarf_put(struct kn_dwarf *d, unsigned section, const void *bytes, size_t n) {
  struct kn_dwarf_buffer *b = &d->out[section];
  if (n == 0 || !KN_ROOM(d->m, b->bytes, n)) return;
  if (bytes == NULL) memset(b->bytes.at + b->bytes.n, 0, n);
  else memcpy(b->bytes.at + b->bytes.n, bytes, n);
  b->bytes.n += (uint32_t)n;
}
/* The first bytes of a number. */
static inline void kn_dwarf_put_number(struct kn_dwarf *d, unsigned section, uint64_t v,
                                       unsigned bytes) {
  uint8_t b[8];
  kn_put64(b, v);
  kn_dwarf_put(d, section, b, bytes);
}
/* A relocated field at the end of a section. */
static inline void kn_dwarf_relocated(struct kn_dwarf *d, unsigned section, uint32_t target,
                                      int64_t addend) {
  struct kn_dwarf_buffer *b = &d->out[section];
  const struct kn_dwarf_reloc r = {b->bytes.n, target, addend};
  if (KN_PUSH(d->m, b->relocs, r)) kn_dwarf_put(d, section, NULL, target & KN_DR_DEBUG ? 4 : 8);
}
/* Address and size of a function, in 8 bytes each. */
static inline void kn_dwarf_put_extent(struct kn_dwarf *d, unsigned section, uint32_t func) {
  const struct kn_place *p = kn_dwarf_place(d, func);
  kn_dwarf_relocated(d, section, p->section - 1, (int64_t)p->value);
  kn_dwarf_put_number(d, section, kn_image_func(d->image, func)->size, 8);
}
/* Writes what a section has after the four bytes at `at` into them: the length of a unit. */
static inline void kn_dwarf_end_length(struct kn_dwarf *d, unsigned section, uint32_t at) {
  const struct kn_dwarf_buffer *b = &d->out[section];
  if (b->bytes.n >= at + 4) kn_put32(b->bytes.at + at, b->bytes.n - at - 4);
}

/* Begins an entry at the end of .debug_info. */
static inline void kn_dwarf_begin(struct kn_dwarf_fields *f) {
  struct kn_dwarf_buffer *b = &f->d->out[KN_DS_INFO];
  f->abbrev = 0;
  f->start = b->bytes.n;
  f->patch_first = f->d->patches.n;
  f->reloc_first = b->relocs.n;
  if (kn_dwarf_space(f->d, KN_DS_INFO, 1) != NULL) b->bytes.n++;
}

/* The abbreviation of the entry has another attribute. */
static inline void kn_dwarf_step(struct kn_dwarf_fields *f, unsigned name, unsigned form) {
  f->abbrev = kn_trie_step(f->d->m, &f->d->abbrevs, f->abbrev, name << 16 | form);
}

/* Contributions to these sections begin with headers of these sizes: one for all units. */
enum { KN_STR_OFFSETS_BASE = 8, KN_ADDR_BASE = 8, KN_LISTS_BASE = 12 };

#endif
