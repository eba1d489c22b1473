/** @file
 * Debug information in DWARF's own vocabulary: entries with a tag, attributes and a parent, from which the object
 * writer makes .debug_info and what belongs to it.
 *
 * A module has a set of entries, for what functions share (units, files, types, global variables), and each session
 * has one, for what belongs to a function alone. Entries are numbered in each set, and may be referred to before they
 * are defined; those of a module may not refer to a session's. Only entries that a unit, a function, a variable or a
 * global refers to, directly or not, are written.
 *
 * Without a unit nothing is written. Numbers of tags and attributes are those of DWARF 5, chapter 7.5 (<dwarf.h> of
 * elfutils names them); they are not checked. Calls do nothing for a set that is NULL. */
#ifndef KILN_DEBUG_H
#define KILN_DEBUG_H

#include <kiln/build.h>
#include <kiln/module.h>

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
/** The version of DWARF to write, 4 or 5 (which is the default); false for others, or if `m` is NULL. */
KILN_API bool kiln_debug_version(kiln_module *m, unsigned version);

/** Tags of entries that DWARF has no entries for. */
enum {
  KILN_TAG_FILE =
    0xfff0, /**< a source file: DW_AT_name, DW_AT_comp_dir (its directory), kiln_die_md5 */
  KILN_TAG_LIST = 0xfff1 /**< a list of entries: kiln_die_list */
};

/** How many entries a set has room for: one more than the highest number used; 0 if `d` is NULL. */
KILN_API uint32_t kiln_debug_count(const kiln_debug *d);
/** The entry of number `index` (from 1) of a set, defined or not: numbers may be chosen, in any order, as densely as
 * possible. Entry 0 if `d` is NULL or the number too large. */
KILN_API kiln_die kiln_die_at(const kiln_debug *d, uint32_t index);
/** Defines `e` as an entry of tag `tag` (DW_TAG_...) within `parent` (0, or a file: at the top of its unit). The
 * attributes given from here on are its own. It is ignored if `e` is defined already or not of this set. */
KILN_API void kiln_die_begin(kiln_debug *d, kiln_die e, unsigned tag, kiln_die parent);

/** Attributes of the entry that was begun last; `name`: DW_AT_.... Each of a name once. */
KILN_API void kiln_die_uint(kiln_debug *d, unsigned name, uint64_t value);
/** A signed number. */
KILN_API void kiln_die_int(kiln_debug *d, unsigned name, int64_t value);
/** A flag that is set. */
KILN_API void kiln_die_flag(kiln_debug *d, unsigned name);
/** A string of `n` bytes, without NUL; copied. */
KILN_API void kiln_die_string(kiln_debug *d, unsigned name, const char *text, size_t n);
/** Another entry, or nothing if that is 0; of a file the number (DW_AT_decl_file, DW_AT_call_file). DW_AT_decl_file of
 * a unit is the file that gives it its name and its directory. */
KILN_API void kiln_die_ref(kiln_debug *d, unsigned name, kiln_die to);
/** A location expression (DW_OP_...) of `n` bytes; copied. */
KILN_API void kiln_die_expr(kiln_debug *d, unsigned name, const void *bytes, size_t n);
/** A block of `n` bytes: constants of more than 64 bits. */
KILN_API void kiln_die_block(kiln_debug *d, unsigned name, const void *bytes, size_t n);
/** A location: the address of `symbol`, to which an expression of `n` bytes is applied. If the symbol is not defined
 * in the object, the attribute is left out. */
KILN_API void kiln_die_symbol(kiln_debug *d, unsigned name, kiln_symbol symbol, const void *bytes,
                              size_t n);
/** Of a file: the MD5 of its content, 16 bytes. */
KILN_API void kiln_die_md5(kiln_debug *d, const uint8_t *md5);
/** The children of the entry are those of a list, in order. Members that name no parent are written in every entry
 * that has the list, and must not be referred to (DW_TAG_subrange_type, DW_TAG_enumerator). */
KILN_API void kiln_die_children(kiln_debug *d, kiln_die list);
/** The entry's result type and parameters' types are those of a list, whose first is the result (0: none): gives
 * DW_AT_type, and children DW_TAG_formal_parameter; a parameter's 0 is DW_TAG_unspecified_parameters. */
KILN_API void kiln_die_signature(kiln_debug *d, kiln_die list);
/** The same for a function, whose type is a DW_TAG_subroutine_type with a signature. If it is a definition, gives
 * DW_AT_type only: its parameters are variables. */
KILN_API void kiln_die_typed(kiln_debug *d, kiln_die type);
/** Defines `e` as a list of `n` entries, any of which may be 0. */
KILN_API void kiln_die_list(kiln_debug *d, kiln_die e, const kiln_die *items, uint32_t n);
/** Makes `e`, an entry of the module, a unit (DW_TAG_compile_unit): it is written, and with it the functions and
 * globals that name it as their unit. */
KILN_API void kiln_debug_unit(kiln_module *m, kiln_die e);
/** Entry `e` of the module (a global variable, a type) is written as part of `unit` even if nothing refers to it.
 * If it is a list, all its members are. */
KILN_API void kiln_debug_keep(kiln_module *m, kiln_die unit, kiln_die e);

/** A variable (DW_TAG_variable) of the module is at `symbol`, to whose address an expression of `n` bytes (DW_OP_...,
 * copied) is applied. If the symbol is not defined in the object, the variable has no location. */
KILN_API void kiln_debug_global(kiln_module *m, kiln_die variable, kiln_symbol symbol,
                                const void *expr, size_t n);

/** Flags of a location. */
enum {
  KILN_LOC_STMT = 1,     /**< a statement begins, though the line is that of the location before */
  KILN_LOC_NOT_STMT = 2, /**< none begins, though the line changes */
  KILN_LOC_PROLOGUE_END = 4, /**< a breakpoint on the function belongs here */
  KILN_LOC_ALL = 7           /**< all of them */
};

/** A source location in full. */
typedef struct kiln_location {
  uint32_t file;    /**< kiln_file_add or kiln_file_of */
  uint32_t line;    /**< from 1; 0: none */
  uint32_t column;  /**< from 1; 0: none */
  kiln_die scope;   /**< the function or block that it is in, or 0 */
  uint32_t inlined; /**< location of the call that was replaced by this code, or 0 */
  unsigned flags;   /**< KILN_LOC_... */
} kiln_location;

/** Adds a location of functions of this session; its id, 0 if the module failed. As kiln_loc_in. */
KILN_API uint32_t kiln_loc_full(kiln_session *s, const kiln_location *at);
/** The same, and what is built from now on is from there: kiln_loc_set of kiln_loc_full, faster. 0 too if the function
 * is finished or failed, or NULL. */
KILN_API uint32_t kiln_loc_here(kiln_func *f, const kiln_location *at);
/** As kiln_file_add; the line table has the directory and MD5 of `file`, an entry of tag KILN_TAG_FILE. */
KILN_API uint32_t kiln_file_of(kiln_session *s, const char *name, kiln_die file);

/** The function being built is described by `subprogram` (DW_TAG_subprogram), an entry of a unit; `unit` is the
 * module's entry of that, and the code before the first location of an instruction belongs to `begin` (0: none). */
KILN_API void kiln_func_debug(kiln_func *f, kiln_die subprogram, kiln_die unit, uint32_t begin);

/** A variable of a function that lives in memory for all of its scope. */
typedef struct kiln_variable {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  kiln_value
    slot; /**< the address of the slot where it lives, or, with `indirect`, where its address is */
  bool indirect;       /**< the slot holds the variable's address */
  bool memory;         /**< no register: debuggers need it in memory where a type refers to it */
  const uint8_t *expr; /**< `n` bytes of DW_OP_... applied to the address; copied; NULL: none */
  uint32_t n;          /**< bytes of `expr` */
} kiln_variable;

/** Declares a variable of the function being built. */
KILN_API void kiln_func_variable(kiln_func *f, const kiln_variable *v);

#ifdef __cplusplus
}
#endif
#endif
