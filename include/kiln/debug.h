/** @file
 * Debug information: the functions, lines and variables of the source that code belongs to, as DWARF's entries, from
 * which the object writer makes .debug_info and related sections. Calls for the usual entries are here;
 * <kiln/debug_entries.h> has calls that make any entry, on which these stand (helpers/debug.c). Both may be mixed.
 *
 * A module has a set of entries, for what functions share (units, files, types, global variables), and each session
 * has one, for what belongs to a function alone. Those of a module may not refer to a session's. Only entries that a
 * unit, a function, a variable or a global refers to, directly or not, are written. Without a unit nothing is written.
 *
 * Calls do nothing for a set that is NULL, or for entry 0. Mistakes (an entry that is defined twice, or in another set
 * than its own; a module's entry that refers to a session's; an unknown symbol) fail the module with
 * KILN_ERR_ARGUMENT. */
#ifndef KILN_DEBUG_H
#define KILN_DEBUG_H

#include <kiln/build.h>
#include <kiln/dwarf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An entry of a module or of a session; id 0: none. */
typedef struct kiln_die {
  uint32_t id; /**< opaque */
} kiln_die;

/** A set of entries. */
typedef struct kiln_debug kiln_debug;

/** The module's set, made by the first call; NULL without memory, or if `m` is NULL or has failed. Not to be used
 * once the module is frozen. It lives as long as the module. */
KILN_API kiln_debug *kiln_module_debug(kiln_module *m);

/** A session's set, made by the first call; NULL without memory, or if `s` is NULL or its module has failed. It lives
 * as long as the session. */
KILN_API kiln_debug *kiln_session_debug(kiln_session *s);

/* ---- entries ----
 * Further attributes (<kiln/debug_entries.h>) can be added to the newest entry only. Names are NUL-terminated and
 * copied; NULL: none. Each call returns the new entry, or 0 without a set or memory. `parent` and `scope`: 0 for the
 * top of the unit. */

/** A source file. */
KILN_API kiln_die kiln_die_new_file(kiln_debug *d, const char *folder, const char *name);

/** A unit of the module's set `d`, which is written: the source `file`, the name of the compiler, and the language
 * (KILN_DW_LANG_...; KILN_DW_LANG_lo_user for one that debuggers do not know). */
KILN_API kiln_die kiln_die_new_unit(kiln_debug *d, kiln_die file, const char *producer,
                                    uint32_t language);

/** A type that is a number: its encoding (KILN_DW_ATE_...) and size. */
KILN_API kiln_die kiln_die_new_base_type(kiln_debug *d, const char *name, uint32_t encoding,
                                         uint64_t size_bytes);

/** A pointer to `to`; 0: to anything. */
KILN_API kiln_die kiln_die_new_pointer_type(kiln_debug *d, kiln_die to);

/** A type made of another by `tag`: KILN_DW_TAG_const_type, ... */
KILN_API kiln_die kiln_die_new_modified_type(kiln_debug *d, uint32_t tag, kiln_die type);

/** Another name of a type. */
KILN_API kiln_die kiln_die_new_typedef(kiln_debug *d, kiln_die parent, const char *name,
                                       kiln_die type);

/** An array of `count` elements, with indices from 0, of integer type `index` (0: unspecified). */
KILN_API kiln_die kiln_die_new_array_type(kiln_debug *d, kiln_die element, kiln_die index,
                                          uint64_t count);

/** A member of a record. */
typedef struct kiln_die_member {
  const char *name;      /**< NULL: none, as of anonymous unions */
  kiln_die type;         /**< its type */
  uint64_t offset_bytes; /**< from the record's beginning; unused for bit fields */
  uint32_t bits;         /**< bit fields: how many; else 0 */
  uint64_t offset_bits;  /**< bit fields: from the record's beginning, in memory's order */
} kiln_die_member;

/** A structure, union or class, by `tag` (KILN_DW_TAG_structure_type, ...). kiln_die_set_members gives its members,
 * which may refer to it. */
KILN_API kiln_die kiln_die_new_record(kiln_debug *d, uint32_t tag, kiln_die parent,
                                      const char *name, uint64_t size_bytes);

/** Gives a record of kiln_die_new_record its `n_members` members, once. */
KILN_API void kiln_die_set_members(kiln_debug *d, kiln_die record, const kiln_die_member *members,
                                   uint32_t n_members);

/** A constant of an enumeration. */
typedef struct kiln_die_enumerator {
  const char *name; /**< its name */
  int64_t value;    /**< its value */
} kiln_die_enumerator;

/** An enumeration with `n_items` constants, stored as integers of `type`. */
KILN_API kiln_die kiln_die_new_enum(kiln_debug *d, kiln_die parent, const char *name, kiln_die type,
                                    uint64_t size_bytes, const kiln_die_enumerator *items,
                                    uint32_t n_items);

/** The type of functions that return `result` (0: nothing) and take `n_params` parameters; a type 0 among these stands
 * for further ones that are not declared. */
KILN_API kiln_die kiln_die_new_function_type(kiln_debug *d, kiln_die result, const kiln_die *params,
                                             uint32_t n_params);

/** A name, and where it is declared. */
typedef struct kiln_die_declaration {
  const char *name;    /**< as in the source */
  const char *linkage; /**< of functions: the symbol, if that differs; NULL: it does not */
  kiln_die file;       /**< kiln_die_new_file; 0: none */
  uint32_t line;       /**< from 1; 0: none */
  kiln_die type;       /**< of functions: kiln_die_new_function_type; 0: none */
  bool external;       /**< other units may refer to it */
} kiln_die_declaration;

/** A function; kiln_func_set_debug says which code it has. `is_inline`: one that is inlined somewhere, whose entry is
 * the scope of locations that have kiln_location.inlined. */
KILN_API kiln_die kiln_die_new_function(kiln_debug *d, kiln_die parent,
                                        const kiln_die_declaration *what, bool is_inline);

/** A parameter of a function, in the order of these calls. kiln_func_declare_variable says where its value is. */
KILN_API kiln_die kiln_die_new_parameter(kiln_debug *d, kiln_die function,
                                         const kiln_die_declaration *what);

/** A variable of a function or block. */
KILN_API kiln_die kiln_die_new_variable(kiln_debug *d, kiln_die scope,
                                        const kiln_die_declaration *what);

/** A block: a part of `scope` (a function or another block) with variables of its own. Its code is the code whose
 * locations name it. */
KILN_API kiln_die kiln_die_new_block(kiln_debug *d, kiln_die scope);

/** A global variable of `unit`, at `symbol`. */
KILN_API kiln_die kiln_die_new_global(kiln_debug *d, kiln_die unit,
                                      const kiln_die_declaration *what, kiln_symbol symbol);

/* ---- functions and their variables ---- */

/** Describes the function being built by `subprogram` (DW_TAG_subprogram), an entry of a unit. `unit` is the module's
 * entry of that unit. Code before the first location of an instruction belongs to location `begin` (0: none). Set
 * kiln_module_attrs.dwarf_version before.
 *
 * If `subprogram` is defined and has the flag DW_AT_call_all_calls, the function's calls have entries
 * (DW_TAG_call_site, in DWARF 4 GNU's), with what they pass in registers where that is a constant, an address in the
 * frame, or a value that the call does not change. A variable (kiln_func_set_variable) that is a parameter, and nowhere
 * any more, then has the value of that parameter when the function began (DW_OP_entry_value). */
KILN_API void kiln_func_set_debug(kiln_func *f, kiln_die subprogram, kiln_die unit, uint32_t begin);

/** A variable of a function that lives in memory for all of its scope. */
typedef struct kiln_debug_variable {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  /** the address of the slot where it lives, or, with `indirect`, where its address is */
  kiln_value slot;
  bool indirect;       /**< the slot holds the variable's address */
  bool memory;         /**< never in a register, since a type refers to it */
  const uint8_t *expr; /**< DW_OP_... applied to the address; copied; NULL: none */
  uint32_t expr_bytes; /**< of `expr` */
  uint32_t part_at;    /**< if a part of the variable lives there: its first bit */
  uint32_t part_bits;  /**< and its number of bits; 0: all of the variable */
  /** location of the call that was replaced by the code which has the variable, or 0 */
  uint32_t inlined;
  uint64_t reserved[1]; /**< 0 */
} kiln_debug_variable;

/** Declares a variable of the function being built. */
KILN_API void kiln_func_declare_variable(kiln_func *f, const kiln_debug_variable *v);

/** Limits of kiln_debug_value. */
enum {
  KILN_MAX_OTHER_VALUES = 3 /**< the most values, after the first, that a variable is made of */
};

/** What a variable is from a position in a function on. */
typedef struct kiln_debug_value {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  /** a value of the function, a constant, the address of a slot; 0: it is not known any more */
  kiln_value value;
  bool address; /**< the value, or what the expression makes of it, is the variable's address */
  const uint8_t *expr; /**< DW_OP_... applied to the value; copied; NULL: none */
  uint32_t expr_bytes; /**< of `expr` */
  uint32_t part_at;    /**< if it is a part of the variable: its first bit */
  uint32_t part_bits;  /**< and its number of bits; 0: all of the variable */
  uint32_t inlined;    /**< as kiln_debug_variable.inlined */
  /** further values, as `value`, up to the first that is 0 */
  kiln_value other[KILN_MAX_OTHER_VALUES];
  uint32_t other_at
    [KILN_MAX_OTHER_VALUES]; /**< each is pushed before this byte of the expression; in ascending order */
  uint32_t at;          /**< from where on (kiln_func_position); 0: from the next instruction on */
  uint64_t reserved[1]; /**< 0 */
} kiln_debug_value;

/** The position before the function's next instruction, for kiln_debug_value.at; 0 if `f` is NULL or has failed. */
KILN_API uint32_t kiln_func_position(const kiln_func *f);

/** Sets what a variable is, until the next call for the same variable or an overlapping part of it. Positions ascend
 * from call to call; calls with others are ignored. Debuggers show the variable where its value is still in a register
 * or in memory: this changes no code, and keeps no value. A variable that is made of several values is shown in their
 * block only. */
KILN_API void kiln_func_set_variable(kiln_func *f, const kiln_debug_value *v);

/** Puts a label (DW_TAG_label) at position `at`, as in kiln_debug_value.at. */
KILN_API void kiln_func_add_label(kiln_func *f, kiln_die label, uint32_t at);

/* ---- locations ---- */

/** Adds a source file as kiln_file_new, with its entry `file`, of tag KILN_DIE_TAG_FILE: the line table has its
 * directory and MD5, too. `name` is for diagnostics; NULL: the entry's, which must be defined. */
KILN_API uint32_t kiln_file_new_die(kiln_session *s, kiln_die file, const char *name);

/** Flags of a location. */
enum {
  KILN_LOC_STMT = 1,         /**< a statement begins, though the line is the same as before */
  KILN_LOC_NOT_STMT = 2,     /**< no statement begins, though the line changes */
  KILN_LOC_PROLOGUE_END = 4, /**< a breakpoint on the function belongs here */
  KILN_LOC_ALL = 7           /**< all of them */
};

/** A source location in full. */
typedef struct kiln_location {
  uint32_t file;    /**< kiln_file_new or kiln_file_new_die */
  uint32_t line;    /**< from 1; 0: none */
  uint32_t column;  /**< from 1; 0: none */
  kiln_die scope;   /**< the function or block that it is in, or 0 */
  uint32_t inlined; /**< location of the call that was replaced by this code, or 0 */
  uint32_t flags;   /**< KILN_LOC_... */
} kiln_location;

/** Adds a location for functions of this session, as kiln_loc_new does; returns its id, 0 if the module failed. */
KILN_API uint32_t kiln_loc_new_full(kiln_session *s, const kiln_location *at);

/** As kiln_loc_new_full and kiln_func_set_loc, but faster: instructions built from here on have that location.
 * Returns 0 also if the function is finished, has failed, or is NULL. */
KILN_API uint32_t kiln_func_set_location(kiln_func *f, const kiln_location *at);

#ifdef __cplusplus
}
#endif
#endif
