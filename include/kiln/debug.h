/** @file
 * Debug information: the functions, lines and variables in the source that code belongs to. They are described
 * by DWARF's entries, from which the object writer generates .debug_info and related sections. This header has calls
 * for the usual entries; <kiln/debug_entries.h> has the calls that make any entry, on which the calls here are built
 * (helpers/debug.c). Both may be mixed.
 *
 * A module has a set of entries for what functions share (units, files, types, global variables), and each session has
 * a set for what belongs to one function alone. Entries of a module must not refer to a session's. Entries are written
 * only if a unit, a function, a variable or a global refers to them, directly or indirectly. Nothing is written without
 * a unit.
 *
 * Calls do nothing for a NULL set or for entry 0. A mistake fails the module with KILN_ERR_ARGUMENT: an entry that is
 * defined twice or in a set other than its own, a module's entry that refers to a session's, or an unknown symbol. */
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

/** Returns the module's set, which the first call makes; NULL if memory runs out, or if `m` is NULL or has failed. The
 * set lives as long as the module. Do not use it once the module is frozen. */
KILN_API kiln_debug *kiln_module_debug(kiln_module *m);

/** Returns the session's set, which the first call makes; NULL if memory runs out, or if `s` is NULL or its module has
 * failed. The set lives as long as the session. */
KILN_API kiln_debug *kiln_session_debug(kiln_session *s);

/* ---- entries ----
 * Further attributes (<kiln/debug_entries.h>) can be added to the newest entry only. Names are NUL-terminated and
 * copied; NULL: none. Each call returns the new entry, or 0 without a set or memory. `parent` and `scope`: 0 for the
 * top of the unit. */

/** Adds a source file. */
KILN_API kiln_die kiln_die_new_file(kiln_debug *d, const char *folder, const char *name);

/** Adds a unit to the module's set `d`. The unit is written. It has the source `file`, the name of the compiler, and
 * the language (KILN_DW_LANG_...; KILN_DW_LANG_lo_user for a language that debuggers do not know). */
KILN_API kiln_die kiln_die_new_unit(kiln_debug *d, kiln_die file, const char *producer,
                                    uint32_t language);

/** Adds a numeric type, given its encoding (KILN_DW_ATE_...) and size. */
KILN_API kiln_die kiln_die_new_base_type(kiln_debug *d, const char *name, uint32_t encoding,
                                         uint64_t size_bytes);

/** Adds a pointer to `to`; 0 for a pointer to anything. */
KILN_API kiln_die kiln_die_new_pointer_type(kiln_debug *d, kiln_die to);

/** Adds a type that `tag` derives from another type: KILN_DW_TAG_const_type, ... */
KILN_API kiln_die kiln_die_new_modified_type(kiln_debug *d, uint32_t tag, kiln_die type);

/** Adds another name for a type. */
KILN_API kiln_die kiln_die_new_typedef(kiln_debug *d, kiln_die parent, const char *name,
                                       kiln_die type);

/** Adds an array of `count` elements, whose indices count from 0 and have the integer type `index` (0 for
 * unspecified). */
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

/** Adds a structure, union or class, which `tag` selects (KILN_DW_TAG_structure_type, ...). kiln_die_set_members sets
 * its members, which may refer to it. */
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

/** Adds an enumeration with `n_items` constants, which are stored as integers of `type`. */
KILN_API kiln_die kiln_die_new_enum(kiln_debug *d, kiln_die parent, const char *name, kiln_die type,
                                    uint64_t size_bytes, const kiln_die_enumerator *items,
                                    uint32_t n_items);

/** Adds the type of functions that return `result` (0 for nothing) and take `n_params` parameters. A type 0 among the
 * parameters stands for further, undeclared ones. */
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

/** Adds a function; kiln_func_set_debug assigns code to it. `is_inline` marks a function that is inlined somewhere; its
 * entry is the scope of locations that have kiln_location.inlined. */
KILN_API kiln_die kiln_die_new_function(kiln_debug *d, kiln_die parent,
                                        const kiln_die_declaration *what, bool is_inline);

/** Adds a parameter to a function, in the order of these calls. kiln_func_declare_variable says where its value is. */
KILN_API kiln_die kiln_die_new_parameter(kiln_debug *d, kiln_die function,
                                         const kiln_die_declaration *what);

/** Adds a variable to a function or block. */
KILN_API kiln_die kiln_die_new_variable(kiln_debug *d, kiln_die scope,
                                        const kiln_die_declaration *what);

/** Adds a block: a part of `scope` (a function or another block) with variables of its own. The block's code is the
 * code whose locations name it. */
KILN_API kiln_die kiln_die_new_block(kiln_debug *d, kiln_die scope);

/** Adds a global variable at `symbol` to `unit`. */
KILN_API kiln_die kiln_die_new_global(kiln_debug *d, kiln_die unit,
                                      const kiln_die_declaration *what, kiln_symbol symbol);

/* ---- functions and their variables ---- */

/** Describes the function being built by `subprogram` (DW_TAG_subprogram), an entry of a unit. `unit` is the module's
 * entry for that unit. Code before the first location of an instruction belongs to location `begin` (0 for none). Set
 * kiln_module_attrs.dwarf_version before this call.
 *
 * If `subprogram` is defined and has the flag DW_AT_call_all_calls, the function's calls get entries (DW_TAG_call_site,
 * or GNU's equivalent in DWARF 4). These describe what the calls pass in registers if that is a constant, an address in
 * the frame, or a value that the call does not change. A variable (kiln_func_set_variable) that is a parameter, and
 * that is no longer stored anywhere, then has the value that the parameter had when the function began
 * (DW_OP_entry_value). */
KILN_API void kiln_func_set_debug(kiln_func *f, kiln_die subprogram, kiln_die unit, uint32_t begin);

/** A variable of a function that lives in memory throughout its scope. */
typedef struct kiln_debug_variable {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  /** Address of the slot that holds the variable, or, with `indirect`, of the slot that holds its address. */
  kiln_value slot;
  bool indirect;       /**< the slot holds the variable's address */
  bool memory;         /**< never in a register, since a type refers to it */
  const uint8_t *expr; /**< DW_OP_... applied to the address; copied; NULL for none */
  uint32_t expr_bytes; /**< size of `expr` */
  uint32_t part_at;    /**< if only part of the variable lives there: its first bit */
  uint32_t part_bits;  /**< and its number of bits; 0 for all of the variable */
  /** Location of the call that was replaced by the code containing the variable; or 0. */
  uint32_t inlined;
  uint64_t reserved[1]; /**< 0 */
} kiln_debug_variable;

/** Declares a variable of the function being built. */
KILN_API void kiln_func_declare_variable(kiln_func *f, const kiln_debug_variable *v);

/** Limits of kiln_debug_value. */
enum {
  /** The maximum number of values, beyond the first, that make up a variable. */
  KILN_MAX_OTHER_VALUES = 3
};

/** The value of a variable from some position in a function onwards. */
typedef struct kiln_debug_value {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  /** A value of the function, a constant, or the address of a slot; 0 if the variable is no longer known. */
  kiln_value value;
  bool address;        /**< the value, or the result of the expression, is the variable's address */
  const uint8_t *expr; /**< DW_OP_... applied to the value; copied; NULL for none */
  uint32_t expr_bytes; /**< size of `expr` */
  uint32_t part_at;    /**< if it is only part of the variable: its first bit */
  uint32_t part_bits;  /**< and its number of bits; 0 for all of the variable */
  uint32_t inlined;    /**< as for kiln_debug_variable.inlined */
  /** Further values, like `value`, up to the first that is 0. */
  kiln_value other[KILN_MAX_OTHER_VALUES];
  /** Each is pushed before this byte of the expression, in ascending order. */
  uint32_t other_at[KILN_MAX_OTHER_VALUES];
  /** Position where this begins (kiln_func_position); 0 for the next instruction. */
  uint32_t at;
  uint64_t reserved[1]; /**< 0 */
} kiln_debug_value;

/** Returns the position before the function's next instruction, for kiln_debug_value.at; 0 if `f` is NULL or has
 * failed. */
KILN_API uint32_t kiln_func_position(const kiln_func *f);

/** Sets the value of a variable until the next call for the same variable or an overlapping part of it. Positions must
 * ascend from call to call; calls with other positions are ignored. Debuggers show the variable where its value is
 * still in a register or in memory: this call does not change the code, and does not keep any value alive. A variable
 * that is made up of several values is shown only in their block. */
KILN_API void kiln_func_set_variable(kiln_func *f, const kiln_debug_value *v);

/** Puts a label (DW_TAG_label) at position `at`, which is as in kiln_debug_value.at. */
KILN_API void kiln_func_add_label(kiln_func *f, kiln_die label, uint32_t at);

/* ---- locations ---- */

/** Adds a source file as kiln_file_new does, together with its entry `file` of tag KILN_DIE_TAG_FILE, so that the line
 * table also has its directory and MD5. `name` is used in diagnostics; NULL means the entry's name, and the entry must
 * then be defined. */
KILN_API uint32_t kiln_file_new_die(kiln_session *s, kiln_die file, const char *name);

/** Flags of a location. */
enum {
  KILN_LOC_STMT = 1,         /**< a statement begins, although the line is the same as before */
  KILN_LOC_NOT_STMT = 2,     /**< no statement begins, although the line changes */
  KILN_LOC_PROLOGUE_END = 4, /**< a breakpoint on the function belongs here */
  KILN_LOC_ALL = 7           /**< all of them */
};

/** A complete source location. */
typedef struct kiln_location {
  uint32_t file;    /**< kiln_file_new or kiln_file_new_die */
  uint32_t line;    /**< from 1; 0 for none */
  uint32_t column;  /**< from 1; 0 for none */
  kiln_die scope;   /**< the function or block that contains it; or 0 */
  uint32_t inlined; /**< location of the call that was replaced by this code; or 0 */
  uint32_t flags;   /**< KILN_LOC_... */
} kiln_location;

/** Adds a location for functions of this session, as kiln_loc_new does. Returns its id; 0 if the module failed. */
KILN_API uint32_t kiln_loc_new_full(kiln_session *s, const kiln_location *at);

/** Gives instructions built from here on the location `at`; a faster form of kiln_loc_new_full followed by
 * kiln_func_set_loc. Returns the location's id, which is 0 also if the function is finished, has failed, or is NULL. */
KILN_API uint32_t kiln_func_set_location(kiln_func *f, const kiln_location *at);

#ifdef __cplusplus
}
#endif
#endif
