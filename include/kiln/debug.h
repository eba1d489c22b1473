/** @file
 * Debug information: front ends describe the functions, lines and variables of the source as DWARF entries, from which
 * Kiln makes .debug_info and related sections. This header has functions for the common kinds of entries,
 * <kiln/debug_entries.h> for entries of any kind; a module may use both. docs/debug-information.md shows how.
 *
 * - The module's set of entries has those that several functions share: units, files, types, global variables. Each
 *   session's set has those of a single function. Entries of a module must not refer to entries of a session.
 * - Kiln writes an entry only if a unit, a function, a variable or a global refers to it, directly or indirectly. If
 *   there is no unit, Kiln writes no entries.
 * - If the set is NULL or the entry is 0, the functions of both headers do nothing.
 * - The module fails with KILN_ERR_ARGUMENT if a symbol is unknown, an entry is defined twice or in a set other than
 *   its own, or an entry of a module refers to an entry of a session. */
#ifndef KILN_DEBUG_H
#define KILN_DEBUG_H

#include <kiln/build.h>
#include <kiln/dwarf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An entry in the set of a module or a session. Id 0 is none. */
typedef struct kiln_die {
  uint32_t id; /**< opaque */
} kiln_die;

/** A set of entries. */
typedef struct kiln_debug kiln_debug;

/** Returns the set of entries of the module `m`, which the first call makes. Do not use the set after the module is
 * frozen.
 * - Returns NULL if memory runs out, or if `m` is NULL or has failed.
 * - Owns: the set lives as long as the module. */
KILN_API kiln_debug *kiln_module_debug(kiln_module *m);

/** Returns the set of entries of the session `s`. The first call makes the set. Returns NULL if memory runs out, if `s`
 * is NULL, or if the module of `s` has failed. The set lives as long as the session. */
KILN_API kiln_debug *kiln_session_debug(kiln_session *s);

/* ---- entries ----
 * Each kiln_die_new_ function adds an entry, and returns it. If the set is NULL or memory runs out, the function
 * returns entry 0. A `parent` or `scope` of 0 means the top level of the unit. Names are NUL-terminated. NULL means no
 * name. The functions copy names. The functions of <kiln/debug_entries.h> can add more attributes to an entry, but only
 * as long as it is the newest entry. */

/** Adds a source file. */
KILN_API kiln_die kiln_die_new_file(kiln_debug *d, const char *folder, const char *name);

/** Adds a unit to the module's set `d`. Kiln always writes the unit.
 * - `file` is the unit's source file, and `producer` the name of the compiler.
 * - `language` is the source language, KILN_DW_LANG_... Use KILN_DW_LANG_lo_user for a language that debuggers do not
 *   know. */
KILN_API kiln_die kiln_die_new_unit(kiln_debug *d, kiln_die file, const char *producer,
                                    uint32_t language);

/** Adds a numeric type, given its encoding (KILN_DW_ATE_...) and size. */
KILN_API kiln_die kiln_die_new_base_type(kiln_debug *d, const char *name, uint32_t encoding,
                                         uint64_t size_bytes);

/** Adds the type of pointers to the type `to`. If `to` is 0, the pointers may point to anything. */
KILN_API kiln_die kiln_die_new_pointer_type(kiln_debug *d, kiln_die to);

/** Adds a type that modifies the type `type`. `tag` says how the new type modifies `type`: KILN_DW_TAG_const_type,
 * ... */
KILN_API kiln_die kiln_die_new_modified_type(kiln_debug *d, uint32_t tag, kiln_die type);

/** Adds another name for a type. */
KILN_API kiln_die kiln_die_new_typedef(kiln_debug *d, kiln_die parent, const char *name,
                                       kiln_die type);

/** Adds an array type of `count` elements. Indices start at 0 and have the integer type `index`. If `index` is 0, the
 * type of the indices is unspecified. */
KILN_API kiln_die kiln_die_new_array_type(kiln_debug *d, kiln_die element, kiln_die index,
                                          uint64_t count);

/** A member of a record. */
typedef struct kiln_die_member {
  const char *name;      /**< NULL for none, as for anonymous unions */
  kiln_die type;         /**< its type */
  uint64_t offset_bytes; /**< from the start of the record; unused for bit fields */
  uint32_t bits;         /**< bit fields: width in bits; else 0 */
  uint64_t
    offset_bits; /**< For bit fields, the offset from the start of the record in bits (DW_AT_data_bit_offset). */
} kiln_die_member;

/** Adds a record. `tag` says whether the record is a structure, a union or a class (KILN_DW_TAG_structure_type, ...).
 * Set the record's members with kiln_die_set_members. The types of the members may refer to the record itself. */
KILN_API kiln_die kiln_die_new_record(kiln_debug *d, uint32_t tag, kiln_die parent,
                                      const char *name, uint64_t size_bytes);

/** Sets the `n_members` members of a record from kiln_die_new_record. Call kiln_die_set_members once for each
 * record. */
KILN_API void kiln_die_set_members(kiln_debug *d, kiln_die record, const kiln_die_member *members,
                                   uint32_t n_members);

/** A constant of an enumeration. */
typedef struct kiln_die_enumerator {
  const char *name; /**< its name */
  int64_t value;    /**< its value */
} kiln_die_enumerator;

/** Adds an enumeration type with `n_items` constants. The program stores values of the enumeration as integers of the
 * type `type`. */
KILN_API kiln_die kiln_die_new_enum(kiln_debug *d, kiln_die parent, const char *name, kiln_die type,
                                    uint64_t size_bytes, const kiln_die_enumerator *items,
                                    uint32_t n_items);

/** Adds the type of functions that return `result` and take `n_params` parameters. If `result` is 0, the functions
 * return nothing. A parameter type of 0 stands for variadic or undeclared parameters. */
KILN_API kiln_die kiln_die_new_function_type(kiln_debug *d, kiln_die result, const kiln_die *params,
                                             uint32_t n_params);

/** A name and the place where it is declared. */
typedef struct kiln_die_declaration {
  const char *name;    /**< as in the source */
  const char *linkage; /**< functions: the symbol, if it differs from `name`; else NULL */
  kiln_die file;       /**< kiln_die_new_file; 0 for none */
  uint32_t line;       /**< from 1; 0 for none */
  kiln_die type;       /**< functions: kiln_die_new_function_type; 0 for none */
  bool external;       /**< other units may refer to it */
} kiln_die_declaration;

/** Adds a function. kiln_func_set_debug connects this entry to code. Set `is_inline` if calls to the function are
 * inlined somewhere. The entry is then the scope of locations in the inlined code (kiln_location.inlined). */
KILN_API kiln_die kiln_die_new_function(kiln_debug *d, kiln_die parent,
                                        const kiln_die_declaration *what, bool is_inline);

/** Adds a parameter to a function. Add the parameters of a function in their order. kiln_func_declare_variable says
 * where the value of a parameter is. */
KILN_API kiln_die kiln_die_new_parameter(kiln_debug *d, kiln_die function,
                                         const kiln_die_declaration *what);

/** Adds a variable to a function or block. */
KILN_API kiln_die kiln_die_new_variable(kiln_debug *d, kiln_die scope,
                                        const kiln_die_declaration *what);

/** Adds a block. A block is a part of `scope` that has variables of its own. `scope` is a function or another block.
 * The code of the block consists of the instructions whose locations have this block as their scope. */
KILN_API kiln_die kiln_die_new_block(kiln_debug *d, kiln_die scope);

/** Adds a global variable at `symbol` to `unit`. */
KILN_API kiln_die kiln_die_new_global(kiln_debug *d, kiln_die unit,
                                      const kiln_die_declaration *what, kiln_symbol symbol);

/* ---- functions and their variables ---- */

/** Sets the entry that describes the function `f`. Set kiln_module_attrs.dwarf_version before you call this function.
 * - `subprogram` has the tag DW_TAG_subprogram and belongs to a unit; `unit` is the module's entry for that unit.
 * - `begin` is the source location of the code before the first instruction that has a source location, or 0 for none.
 * - If `subprogram` is defined and has the flag DW_AT_call_all_calls, Kiln writes an entry for each call in the
 *   function (DW_TAG_call_site, or GNU's equivalent in DWARF 4). The entry describes the arguments that are passed in
 *   registers and are a constant, an address in the frame, or a value that the call does not change. Debuggers need
 *   these entries to show a parameter (kiln_func_set_variable) whose value is no longer stored anywhere: they compute
 *   the value that it had at the start of the function (DW_OP_entry_value). */
KILN_API void kiln_func_set_debug(kiln_func *f, kiln_die subprogram, kiln_die unit, uint32_t begin);

/** Describes a variable of a function. The variable is in memory throughout its scope. */
typedef struct kiln_debug_variable {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  /** If `indirect` is false, this is the address of the slot that holds the variable. If `indirect` is true, this is
   * the address of the slot that holds the variable's address. */
  kiln_value slot;
  bool indirect; /**< the slot holds the variable's address */
  bool
    memory; /**< If true, the variable is never in a register. Set this field if a type refers to the variable. */
  /** Expression (DW_OP_...) that debuggers apply to the address. NULL means no expression. The expression is copied. */
  const uint8_t *expr;
  uint32_t expr_bytes; /**< size of `expr` */
  /** The first bit of the part of the variable that the slot holds. Use this field only if the slot holds a part of the
   * variable. */
  uint32_t part_at;
  /** Number of bits of the part of the variable that the slot holds. 0 means the whole variable. */
  uint32_t part_bits;
  /** If the variable belongs to an inlined function, this is the location of the inlined call. Otherwise, this is 0. */
  uint32_t inlined;
  uint64_t reserved[4]; /**< 0 */
} kiln_debug_variable;

/** Declares a variable of the function being built. */
KILN_API void kiln_func_declare_variable(kiln_func *f, const kiln_debug_variable *v);

/** Limits of kiln_debug_value. */
enum {
  /** An expression that computes the value of a variable may use kiln_debug_value.value and some more values. This is
   * the maximum number of these additional values. */
  KILN_MAX_OTHER_VALUES = 3
};

/** The value that a variable has from a given position in a function. */
typedef struct kiln_debug_value {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  /** A value of the function, a constant, or the address of a slot. 0 means that the value of the variable is no longer
   * known. */
  kiln_value value;
  /** If true, `value` is the address of the variable, not its value. If there is also an expression, the expression
   * computes the address from `value`. */
  bool address;
  /** Expression (DW_OP_...) that debuggers apply to the value. NULL means no expression. The expression is copied. */
  const uint8_t *expr;
  uint32_t expr_bytes; /**< size of `expr` */
  /** If `value` describes only a part of the variable, the first bit of this part. Otherwise, do not use this field. */
  uint32_t part_at;
  /** If `value` describes only a part of the variable, the size of this part in bits. Otherwise, 0. */
  uint32_t part_bits;
  uint32_t inlined; /**< as for kiln_debug_variable.inlined */
  /** The values that the expression uses in addition to `value`. The list ends at the first value that is 0. */
  kiln_value other[KILN_MAX_OTHER_VALUES];
  /** For each value in `other`, the offset of a byte of the expression. Immediately before this byte, Kiln inserts
   * operations that push the value. The offsets must ascend. */
  uint32_t other_at[KILN_MAX_OTHER_VALUES];
  /** The position from which the variable has this value (kiln_func_position). 0 means the next instruction. */
  uint32_t at;
  uint64_t reserved[4]; /**< 0 */
} kiln_debug_value;

/** Returns the position before the next instruction of the function `f`, for kiln_debug_value.at. Returns 0 if `f` is
 * NULL or has failed. */
KILN_API uint32_t kiln_func_position(const kiln_func *f);

/** Sets the value of a variable from a given position on, until the next call for the same variable or for an
 * overlapping part of it. Positions must ascend from call to call; calls with a lower position have no effect.
 * - The call does not change the code and does not keep any value alive. Debuggers can therefore show the variable only
 *   while its value is still in a register or in memory.
 * - If an expression computes the value from several values (kiln_debug_value.other), debuggers show the variable only
 *   in the block that contains the given position. */
KILN_API void kiln_func_set_variable(kiln_func *f, const kiln_debug_value *v);

/** Places a label (DW_TAG_label) at the position `at`. `at` is a result of kiln_func_position, or 0 for the next
 * instruction. */
KILN_API void kiln_func_add_label(kiln_func *f, kiln_die label, uint32_t at);

/* ---- locations ---- */

/** Adds a source file as kiln_file_new does. `file` is the entry of the source file, with the tag KILN_DIE_TAG_FILE,
 * from which the line table gets the directory and the MD5. `name` is the name of the file in diagnostics, or NULL for
 * the name in the entry, which must be defined already then. Files with equal names and entries have equal numbers. */
KILN_API uint32_t kiln_file_new_die(kiln_session *s, kiln_die file, const char *name);

/** Returns true if the source file with the path `path` is part of Rust's standard library, or of a package that cargo
 * unpacked in its registry or its checkouts (The Cargo Book, "Cargo Home"). The path is that in debugging information.
 * Front ends set kiln_func_attrs.foreign of the functions in such files. Returns false if `path` is NULL. */
KILN_API bool kiln_file_is_foreign(const char *path);

/** Flags of a location. */
enum {
  KILN_LOC_STMT = 1,         /**< A statement begins here, even if the line does not change. */
  KILN_LOC_NOT_STMT = 2,     /**< no statement begins here, even if the line changes */
  KILN_LOC_PROLOGUE_END = 4, /**< a breakpoint on the function belongs here */
  KILN_LOC_ALL = 7           /**< all flags of a location */
};

/** A complete source location. */
typedef struct kiln_location {
  uint32_t file;        /**< kiln_file_new or kiln_file_new_die */
  uint32_t line;        /**< from 1; 0 for none */
  uint32_t column;      /**< from 1; 0 for none */
  kiln_die scope;       /**< the function or block that contains the location; or 0 */
  uint32_t inlined;     /**< For inlined code, the location of the inlined call. Otherwise 0. */
  uint32_t flags;       /**< KILN_LOC_... */
  uint64_t reserved[1]; /**< 0 */
} kiln_location;

/** Adds a source location for functions of the session `s`, as kiln_loc_new does. Returns the id of the location.
 * Returns 0 if the module has failed. */
KILN_API uint32_t kiln_loc_new_full(kiln_session *s, const kiln_location *at);

/** Sets the source location `at` for the instructions that are built from now on. This is faster than kiln_loc_new_full
 * followed by kiln_func_set_loc, and takes less memory, since the location gets no id. */
KILN_API void kiln_func_set_location(kiln_func *f, const kiln_location *at);
/** Sets the line and column for the instructions that are built from now on. All else is as in the newest
 * kiln_func_set_location of the function's session. If there was none, the function fails with KILN_ERR_ARGUMENT. This
 * is the fastest way to set a location. */
KILN_API void kiln_func_set_line(kiln_func *f, uint32_t line, uint32_t column);

#ifdef __cplusplus
}
#endif
#endif
