/** @file
 * Debug information: which code belongs to which function of the source, on which lines, and where variables are; by
 * DWARF's entries, from which the object writer makes .debug_info and what belongs to it. The usual entries have calls
 * here; <kiln/debug_entries.h> has those that make any, on which they stand (helpers/debug.c). Both may be mixed.
 *
 * A module has a set of entries, for what functions share (units, files, types, global variables), and each session
 * has one, for what belongs to a function alone. Those of a module may not refer to a session's. Only entries that a
 * unit, a function, a variable or a global refers to, directly or not, are written. Without a unit nothing is written.
 *
 * Calls do nothing for a set that is NULL, or for entry 0. What cannot be right (an entry defined twice, or in a set
 * that it is not of; a module's entry that refers to a session's; a symbol that there is not) fails the module with
 * KILN_ERR_ARGUMENT, as its other calls do. */
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
 * What an entry is to have besides (another attribute: <kiln/debug_entries.h>) can be given as long as it is the
 * newest. Names are NUL-terminated and copied; NULL: none. Each call gives the new entry, or 0 without a set or
 * memory. `parent` and `scope`: 0 for the top of the unit. */

/** A source file. */
KILN_API kiln_die kiln_die_new_file(kiln_debug *d, const char *folder, const char *name);

/** A unit of the module's set `d`, which is written: the source `file`, who made it, its language (KILN_DW_LANG_...;
 * one that debuggers do not know: KILN_DW_LANG_lo_user). */
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

/** An array of `count` elements, counted from 0 by integers of type `index` (0: not said). */
KILN_API kiln_die kiln_die_new_array_type(kiln_debug *d, kiln_die element, kiln_die index,
                                          uint64_t count);

/** A member of a record. */
typedef struct kiln_die_member {
  const char *name;      /**< NULL: none, as of anonymous unions */
  kiln_die type;         /**< its type */
  uint64_t offset_bytes; /**< from the record's beginning; of bit fields not used */
  uint32_t bits;         /**< bit fields: how many; else 0 */
  uint64_t offset_bits;  /**< of bit fields: from the record's beginning, as memory is numbered */
} kiln_die_member;

/** A structure, union or class, by `tag` (KILN_DW_TAG_structure_type, ...). Its members may refer to it: they are given
 * by kiln_die_set_members. */
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

/** The type of functions that give `result` (0: nothing) and take `n_params` parameters; a type 0 among these stands
 * for further ones that are not declared. */
KILN_API kiln_die kiln_die_new_function_type(kiln_debug *d, kiln_die result, const kiln_die *params,
                                             uint32_t n_params);

/** What something is called and where it is declared. */
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

/** A parameter of a function; in the order of the calls. kiln_func_declare_variable says where it is. */
KILN_API kiln_die kiln_die_new_parameter(kiln_debug *d, kiln_die function,
                                         const kiln_die_declaration *what);

/** A variable of a function or block. */
KILN_API kiln_die kiln_die_new_variable(kiln_debug *d, kiln_die scope,
                                        const kiln_die_declaration *what);

/** A block: a part of `scope` (a function or another block) with variables of its own. Locations
 * say which code is in it. */
KILN_API kiln_die kiln_die_new_block(kiln_debug *d, kiln_die scope);

/** A global variable of `unit`, at `symbol`. */
KILN_API kiln_die kiln_die_new_global(kiln_debug *d, kiln_die unit,
                                      const kiln_die_declaration *what, kiln_symbol symbol);

/* ---- functions and their variables ---- */

/** The function being built is described by `subprogram` (DW_TAG_subprogram), an entry of a unit;
 * `unit` is the module's entry of that, and the code before the first location of an instruction
 * belongs to `begin` (0: none). If `subprogram` is defined and has DW_AT_call_all_calls, a flag,
 * the function's calls have entries (DW_TAG_call_site, in version 4 of DWARF GNU's), with what
 * they pass in registers where that is a constant, an address in the frame, or somewhere that
 * the call leaves alone; and variables that are parameters without a place any more
 * (kiln_func_set_variable) are what these were when the function began (DW_OP_entry_value).
 * kiln_module_attrs.dwarf_version is to be set before. */
KILN_API void kiln_func_set_debug(kiln_func *f, kiln_die subprogram, kiln_die unit, uint32_t begin);

/** A variable of a function that lives in memory for all of its scope. */
typedef struct kiln_debug_variable {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  /** the address of the slot where it lives, or, with `indirect`, where its address is */
  kiln_value slot;
  bool indirect;       /**< the slot holds the variable's address */
  bool memory;         /**< no register: debuggers need it in memory where a type refers to it */
  const uint8_t *expr; /**< DW_OP_... applied to the address; copied; NULL: none */
  uint32_t expr_bytes; /**< of `expr` */
  uint32_t part_at;    /**< it is this part of the variable that lives there: first bit, */
  uint32_t part_bits;  /**< how many bits; 0: all of it */
  /** location of the call that was replaced by the code which has the variable, or 0 */
  uint32_t inlined;
} kiln_debug_variable;

/** Declares a variable of the function being built. */
KILN_API void kiln_func_declare_variable(kiln_func *f, const kiln_debug_variable *v);

/** Limits of kiln_debug_value. */
enum {
  KILN_MAX_OTHER_VALUES = 3 /**< most values that a variable is made of, besides the first */
};

/** What a variable is from a place in a function on. */
typedef struct kiln_debug_value {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  /** a value of the function, a constant, the address of a slot; 0: it is not known any more */
  kiln_value value;
  bool address; /**< the value, or what the expression makes of it, is the variable's address */
  const uint8_t *expr; /**< DW_OP_... applied to the value; copied; NULL: none */
  uint32_t expr_bytes; /**< of `expr` */
  uint32_t part_at;    /**< it is this part of the variable: first bit, */
  uint32_t part_bits;  /**< how many bits; 0: all of it */
  uint32_t inlined;    /**< as kiln_debug_variable.inlined */
  /** further values, as `value`, up to the first that is 0 */
  kiln_value other[KILN_MAX_OTHER_VALUES];
  uint32_t other_at
    [KILN_MAX_OTHER_VALUES]; /**< each is pushed before this byte of the expression; in ascending order */
  uint32_t at; /**< kiln_func_position: it is this from there on; 0: from the next instruction on */
} kiln_debug_value;

/** The place before the function's next instruction, for kiln_debug_value.at; 0 if `f` is NULL or has failed. */
KILN_API uint32_t kiln_func_position(const kiln_func *f);

/** The variable is this until the next call for the same variable, or a part of it that overlaps.
 * Places ascend from call to call; others are ignored. Debuggers show it where it is still in a
 * register or in memory: this changes no code, and a value is not kept for it. What is made of
 * several values is shown in their block alone. */
KILN_API void kiln_func_set_variable(kiln_func *f, const kiln_debug_value *v);

/** A label (DW_TAG_label) is at place `at`, as kiln_debug_value.at. */
KILN_API void kiln_func_add_label(kiln_func *f, kiln_die label, uint32_t at);

/* ---- locations ---- */

/** Adds a source file as kiln_file_new, with its entry `file`, of tag KILN_DIE_TAG_FILE: the line table has its
 * directory and MD5, too. `name` is for diagnostics; NULL: as the entry has it, which is defined then. */
KILN_API uint32_t kiln_file_new_die(kiln_session *s, kiln_die file, const char *name);

/** Flags of a location. */
enum {
  KILN_LOC_STMT = 1,     /**< a statement begins, though the line is that of the location before */
  KILN_LOC_NOT_STMT = 2, /**< none begins, though the line changes */
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

/** Adds a location of functions of this session; its id, 0 if the module failed. As kiln_loc_new. */
KILN_API uint32_t kiln_loc_new_full(kiln_session *s, const kiln_location *at);

/** The same, and what is built from now on is from there: kiln_func_set_loc of kiln_loc_new_full, faster. 0 too if the
 * function is finished or failed, or NULL. */
KILN_API uint32_t kiln_func_set_location(kiln_func *f, const kiln_location *at);

#ifdef __cplusplus
}
#endif
#endif
