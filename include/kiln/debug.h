/** @file
 * Debug information: describes the functions, lines and variables of the source that machine code was made from. The
 * descriptions are DWARF entries, from which the object writer generates .debug_info and related sections. This header
 * has functions for the common kinds of entries. <kiln/debug_entries.h> has functions that make entries of any kind;
 * the functions of this header are implemented with them (helpers/debug.c). A front end may use both headers for the
 * same module.
 *
 * Each module has a set of entries, for things that several functions share: units, files, types, global variables.
 * Each session also has a set, for things that belong to only one function. Entries of a module must not refer to
 * entries of a session. An entry is written only if a unit, a function, a variable or a global refers to it, directly
 * or indirectly. If there is no unit, nothing is written.
 *
 * Calls do nothing if the set is NULL or the entry is 0. The module fails with KILN_ERR_ARGUMENT if an entry is defined
 * twice, if an entry is defined in a set other than its own, if a module's entry refers to a session's entry, or if a
 * symbol is unknown. */
#ifndef KILN_DEBUG_H
#define KILN_DEBUG_H

#include <kiln/build.h>
#include <kiln/dwarf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An entry of a module or a session. Id 0 is none. */
typedef struct kiln_die {
  uint32_t id; /**< opaque */
} kiln_die;

/** A set of entries. */
typedef struct kiln_debug kiln_debug;

/** Returns the module's set of entries. The first call makes the set. Returns NULL if memory runs out, or if `m` is
 * NULL or has failed. The set lives as long as the module. Do not use the set after the module is frozen. */
KILN_API kiln_debug *kiln_module_debug(kiln_module *m);

/** Returns the session's set of entries. The first call makes the set. Returns NULL if memory runs out, if `s` is NULL,
 * or if the module of `s` has failed. The set lives as long as the session. */
KILN_API kiln_debug *kiln_session_debug(kiln_session *s);

/* ---- entries ----
 * Further attributes (<kiln/debug_entries.h>) can be added only to the newest entry. Names are NUL-terminated and
 * copied; NULL means no name. Each function returns the new entry, or entry 0 if the set is NULL or if memory runs out.
 * A `parent` or `scope` of 0 means the top level of the unit. */

/** Adds a source file. */
KILN_API kiln_die kiln_die_new_file(kiln_debug *d, const char *folder, const char *name);

/** Adds a unit to the module's set `d`. The unit is always written. `file` is the unit's source file, `producer` the
 * name of the compiler, and `language` the source language (KILN_DW_LANG_...; KILN_DW_LANG_lo_user for a language that
 * debuggers do not know). */
KILN_API kiln_die kiln_die_new_unit(kiln_debug *d, kiln_die file, const char *producer,
                                    uint32_t language);

/** Adds a numeric type, given its encoding (KILN_DW_ATE_...) and size. */
KILN_API kiln_die kiln_die_new_base_type(kiln_debug *d, const char *name, uint32_t encoding,
                                         uint64_t size_bytes);

/** Adds a pointer to `to`; 0 for a pointer to anything. */
KILN_API kiln_die kiln_die_new_pointer_type(kiln_debug *d, kiln_die to);

/** Adds a type that modifies another type in the way that `tag` says: KILN_DW_TAG_const_type, ... */
KILN_API kiln_die kiln_die_new_modified_type(kiln_debug *d, uint32_t tag, kiln_die type);

/** Adds another name for a type. */
KILN_API kiln_die kiln_die_new_typedef(kiln_debug *d, kiln_die parent, const char *name,
                                       kiln_die type);

/** Adds an array type of `count` elements. Indices start at 0 and have the integer type `index` (0 if unspecified). */
KILN_API kiln_die kiln_die_new_array_type(kiln_debug *d, kiln_die element, kiln_die index,
                                          uint64_t count);

/** A member of a record. */
typedef struct kiln_die_member {
  const char *name;      /**< NULL for none, as for anonymous unions */
  kiln_die type;         /**< its type */
  uint64_t offset_bytes; /**< from the start of the record; unused for bit fields */
  uint32_t bits;         /**< bit fields: width in bits; else 0 */
  uint64_t offset_bits;  /**< bit fields: from the start of the record, in memory order */
} kiln_die_member;

/** Adds a record: a structure, union or class, as `tag` says (KILN_DW_TAG_structure_type, ...). Use
 * kiln_die_set_members to set the record's members; the types of the members may refer to the record itself. */
KILN_API kiln_die kiln_die_new_record(kiln_debug *d, uint32_t tag, kiln_die parent,
                                      const char *name, uint64_t size_bytes);

/** Sets the `n_members` members of a record that kiln_die_new_record made. Call it once for each record. */
KILN_API void kiln_die_set_members(kiln_debug *d, kiln_die record, const kiln_die_member *members,
                                   uint32_t n_members);

/** A constant of an enumeration. */
typedef struct kiln_die_enumerator {
  const char *name; /**< its name */
  int64_t value;    /**< its value */
} kiln_die_enumerator;

/** Adds an enumeration type with `n_items` constants. Values of the enumeration are stored as integers of the type
 * `type`. */
KILN_API kiln_die kiln_die_new_enum(kiln_debug *d, kiln_die parent, const char *name, kiln_die type,
                                    uint64_t size_bytes, const kiln_die_enumerator *items,
                                    uint32_t n_items);

/** Adds the type of functions that return `result` (0 for nothing) and take `n_params` parameters. A parameter type of
 * 0 stands for variadic or undeclared parameters. */
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

/** Adds a function. kiln_func_set_debug connects the entry to code. Set `is_inline` for a function that is inlined
 * somewhere: the entry is then the scope of the locations of inlined code (kiln_location.inlined). */
KILN_API kiln_die kiln_die_new_function(kiln_debug *d, kiln_die parent,
                                        const kiln_die_declaration *what, bool is_inline);

/** Adds a parameter to a function. Call this function for the parameters in their order. kiln_func_declare_variable
 * says where a parameter's value is. */
KILN_API kiln_die kiln_die_new_parameter(kiln_debug *d, kiln_die function,
                                         const kiln_die_declaration *what);

/** Adds a variable to a function or block. */
KILN_API kiln_die kiln_die_new_variable(kiln_debug *d, kiln_die scope,
                                        const kiln_die_declaration *what);

/** Adds a block: a part of `scope` (a function or another block) that has variables of its own. The block's code
 * consists of the instructions whose locations have this block as their scope. */
KILN_API kiln_die kiln_die_new_block(kiln_debug *d, kiln_die scope);

/** Adds a global variable at `symbol` to `unit`. */
KILN_API kiln_die kiln_die_new_global(kiln_debug *d, kiln_die unit,
                                      const kiln_die_declaration *what, kiln_symbol symbol);

/* ---- functions and their variables ---- */

/** Sets the entry that describes the function being built: `subprogram`, which has the tag DW_TAG_subprogram and
 * belongs to a unit. `unit` is the module's entry for that unit. Code before the first instruction that has a location
 * gets the location `begin` (0 for none). Set kiln_module_attrs.dwarf_version before this call.
 *
 * If `subprogram` is defined and has the flag DW_AT_call_all_calls, an entry is written for each call in the function
 * (DW_TAG_call_site, or GNU's equivalent in DWARF 4). The entry describes each argument that is passed in a register,
 * if the argument is a constant, an address in the frame, or a value that the call does not change. With such entries,
 * debuggers can show a parameter (kiln_func_set_variable) whose value is no longer stored anywhere: they compute the
 * value that the parameter had when the function was entered (DW_OP_entry_value). */
KILN_API void kiln_func_set_debug(kiln_func *f, kiln_die subprogram, kiln_die unit, uint32_t begin);

/** Describes a variable of a function. The variable lives in memory throughout its scope. */
typedef struct kiln_debug_variable {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  /** Address of the slot that holds the variable. With `indirect`, address of the slot that holds the variable's
   * address. */
  kiln_value slot;
  bool indirect; /**< the slot holds the variable's address */
  bool memory;   /**< the variable is never kept in a register, since a type refers to it */
  /** Expression (DW_OP_...) that is applied to the address; copied; NULL for none. */
  const uint8_t *expr;
  uint32_t expr_bytes; /**< size of `expr` */
  /** If only a part of the variable lives there: the first bit of that part. */
  uint32_t part_at;
  uint32_t part_bits; /**< number of bits of that part; 0 for the whole variable */
  /** If the variable belongs to an inlined function: the location of the call that was inlined. Otherwise 0. */
  uint32_t inlined;
  uint64_t reserved[1]; /**< 0 */
} kiln_debug_variable;

/** Declares a variable of the function being built. */
KILN_API void kiln_func_declare_variable(kiln_func *f, const kiln_debug_variable *v);

/** Limits of kiln_debug_value. */
enum {
  /** The maximum number of values, in addition to the first, that a variable's value is computed from. */
  KILN_MAX_OTHER_VALUES = 3
};

/** The value that a variable has from a given position in a function onwards. */
typedef struct kiln_debug_value {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  /** A value of the function, a constant, or the address of a slot. 0 if the variable's value is no longer known. */
  kiln_value value;
  bool address; /**< the value, or the result of the expression, is the variable's address */
  /** Expression (DW_OP_...) that is applied to the value; copied; NULL for none. */
  const uint8_t *expr;
  uint32_t expr_bytes; /**< size of `expr` */
  /** If this is the value of only a part of the variable: the first bit of that part. */
  uint32_t part_at;
  uint32_t part_bits; /**< number of bits of that part; 0 for the whole variable */
  uint32_t inlined;   /**< as for kiln_debug_variable.inlined */
  /** Further values that the expression uses. The list ends at the first value that is 0. */
  kiln_value other[KILN_MAX_OTHER_VALUES];
  /** For each further value: the offset of the byte of the expression before which the value is pushed. Offsets
   * ascend. */
  uint32_t other_at[KILN_MAX_OTHER_VALUES];
  /** Position from which the variable has this value (kiln_func_position); 0 for the next instruction. */
  uint32_t at;
  uint64_t reserved[1]; /**< 0 */
} kiln_debug_value;

/** Returns the position before the function's next instruction, for kiln_debug_value.at; 0 if `f` is NULL or has
 * failed. */
KILN_API uint32_t kiln_func_position(const kiln_func *f);

/** Sets the value of a variable until the next call for the same variable or for an overlapping part of it. Positions
 * must ascend from call to call; a call with a lower position is ignored. This call does not change the code and does
 * not keep any value alive. Debuggers therefore show the variable only where its value is still in a register or in
 * memory. If a variable's value is computed from several values, the variable is shown only in the block of these
 * values. */
KILN_API void kiln_func_set_variable(kiln_func *f, const kiln_debug_value *v);

/** Places a label (DW_TAG_label) at the position `at`: a result of kiln_func_position, or 0 for the next
 * instruction. */
KILN_API void kiln_func_add_label(kiln_func *f, kiln_die label, uint32_t at);

/* ---- locations ---- */

/** Adds a source file as kiln_file_new does. `file` is the file's entry, with the tag KILN_DIE_TAG_FILE, so that the
 * line table also has the file's directory and MD5. `name` is used in diagnostics. If `name` is NULL, the entry's name
 * is used, and the entry must be defined already. */
KILN_API uint32_t kiln_file_new_die(kiln_session *s, kiln_die file, const char *name);

/** Flags of a location. */
enum {
  KILN_LOC_STMT = 1,         /**< a statement begins here, even if the line is the same as before */
  KILN_LOC_NOT_STMT = 2,     /**< no statement begins here, even if the line changes */
  KILN_LOC_PROLOGUE_END = 4, /**< a breakpoint on the function belongs here */
  KILN_LOC_ALL = 7           /**< all of them */
};

/** A complete source location. */
typedef struct kiln_location {
  uint32_t file;    /**< kiln_file_new or kiln_file_new_die */
  uint32_t line;    /**< from 1; 0 for none */
  uint32_t column;  /**< from 1; 0 for none */
  kiln_die scope;   /**< the function or block that contains it; or 0 */
  uint32_t inlined; /**< for inlined code: the location of the call that was inlined; otherwise 0 */
  uint32_t flags;   /**< KILN_LOC_... */
} kiln_location;

/** Adds a location for functions of this session, as kiln_loc_new does. Returns its id; 0 if the module failed. */
KILN_API uint32_t kiln_loc_new_full(kiln_session *s, const kiln_location *at);

/** Sets the location of the instructions that are built from now on to `at`. This is faster than kiln_loc_new_full
 * followed by kiln_func_set_loc. Returns the location's id. Returns 0 if the module has failed, or if the function is
 * finished, has failed, or is NULL. */
KILN_API uint32_t kiln_func_set_location(kiln_func *f, const kiln_location *at);

#ifdef __cplusplus
}
#endif
#endif
