/** @file
 * Debug information in DWARF's own vocabulary: entries with a tag, attributes and a parent, from which the object
 * writer makes .debug_info and what belongs to it.
 *
 * A module has a set of entries, for what functions share (units, files, types, global variables), and each session
 * has one, for what belongs to a function alone. Entries are numbered in each set, and may be referred to before they
 * are defined; those of a module may not refer to a session's. Only entries that a unit, a function, a variable or a
 * global refers to, directly or not, are written.
 *
 * Without a unit nothing is written. Numbers of tags and attributes are those of DWARF 5 (<kiln/dwarf.h> names them);
 * they are not checked. Calls do nothing for a set that is NULL, or for entry 0. What cannot be right (an entry
 * defined twice, or in a set that it is not of; a module's entry that refers to a session's; a symbol that there is
 * not) fails the module with KILN_ERR_ARGUMENT, as its other calls do. */
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

/** A string of a set that entries may have: kiln_die_text; id 0: none. */
typedef struct kiln_text {
  uint32_t id; /**< opaque */
} kiln_text;

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
  KILN_TAG_LIST = 0xfff1, /**< a list of entries: kiln_die_list */
  KILN_TAG_PART =
    0xfff2 /**< stands for its parent, a function or a block, in locations of code that came from
                               another file (then these say which) or has a discriminator: DW_AT_GNU_discriminator */
};

/** How many entries a set has room for: one more than the highest number used; 0 if `d` is NULL. */
KILN_API uint32_t kiln_debug_count(const kiln_debug *d);
/** The entry of number `index` (from 1) of a set, defined or not: numbers may be chosen, in any order, as densely as
 * possible; the entry of the next number has the next id. Entry 0 if `d` is NULL or the number too large. */
KILN_API kiln_die kiln_die_at(const kiln_debug *d, uint32_t index);
/** Defines `e` as an entry of tag `tag` (DW_TAG_...) within `parent` (0, or a file: at the top of its unit). The
 * attributes given from here on are its own. */
KILN_API void kiln_die_begin(kiln_debug *d, kiln_die e, unsigned tag, kiln_die parent);

/** What the value of an attribute is: kiln_shape_attr. */
enum {
  KILN_ATTR_UINT,      /**< kiln_die_uint, up to 32 bits */
  KILN_ATTR_WIDE,      /**< kiln_die_uint: two values, the low 32 bits and the high ones */
  KILN_ATTR_INT,       /**< kiln_die_int: two values, as that */
  KILN_ATTR_FLAG,      /**< kiln_die_flag: no value */
  KILN_ATTR_TEXT,      /**< kiln_die_text: its id, of a string that has characters */
  KILN_ATTR_REF,       /**< kiln_die_ref: an entry's id, as those below */
  KILN_ATTR_CHILDREN,  /**< kiln_die_children; `name` is 0 for this and those below */
  KILN_ATTR_SIGNATURE, /**< kiln_die_signature */
  KILN_ATTR_TYPED,     /**< kiln_die_typed */
  KILN_ATTR_RETAIN,    /**< kiln_die_retain */
  KILN_ATTR_ARGUMENT,  /**< kiln_die_argument: the number */
  KILN_ATTR_COUNT
};
/** An attribute of a shape: DW_AT_..., KILN_ATTR_.... */
typedef struct kiln_shape_attr {
  uint16_t name; /**< DW_AT_..., or 0 */
  uint16_t is;   /**< KILN_ATTR_... */
} kiln_shape_attr;
/** Tag and attributes of many entries of a set, which differ in the values; id 0: none. */
typedef struct kiln_shape {
  uint32_t id;  /**< opaque */
  uint32_t tag; /**< opaque */
} kiln_shape;

/** The shape of entries with `tag` and `n` attributes, each of a name once: one for the same
 * ones. 0 without memory, or if `d` is NULL or something is wrong: then the module has failed. */
KILN_API kiln_shape kiln_debug_shape(kiln_debug *d, unsigned tag, const kiln_shape_attr *attrs,
                                     uint32_t n);
/** The same as kiln_die_begin and a call for each attribute of the shape, faster: `values` has
 * those of all attributes in order. Further attributes may be given. Numbers of entries and
 * strings that there are not lead to nothing. */
KILN_API void kiln_die_shaped(kiln_debug *d, kiln_die e, kiln_shape shape, kiln_die parent,
                              const uint32_t *values);

/** Attributes of the entry that was begun last; `name`: DW_AT_.... Each of a name once. */
KILN_API void kiln_die_uint(kiln_debug *d, unsigned name, uint64_t value);
/** A number in two's complement. DW_AT_const_value and DW_AT_discr_value are unsigned where the type is; a
 * DW_AT_lower_bound that is the language's own is left out. */
KILN_API void kiln_die_int(kiln_debug *d, unsigned name, int64_t value);
/** A flag that is set. DW_AT_object_pointer of a parameter becomes its function's. */
KILN_API void kiln_die_flag(kiln_debug *d, unsigned name);
/** A string of `n` bytes, without NUL; copied. */
KILN_API void kiln_die_string(kiln_debug *d, unsigned name, const char *text, size_t n);
/** Adds a string of `n` bytes, without NUL, copied (but for kiln_module_options.texts_stay), that
 * differs from all others which are added by this call to the sets of the module and its
 * sessions: so it needs no search. The next string of a set has the next id. A session's entries
 * may have those of the module. 0 without memory, or if `d` or `text` is NULL. */
KILN_API kiln_text kiln_debug_text(kiln_debug *d, const char *text, size_t n);
/** As kiln_die_string: a string that was added before, or nothing if that is 0 or has no characters. */
KILN_API void kiln_die_text(kiln_debug *d, unsigned name, kiln_text text);
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
/** The entry, a parameter, is number `number` (from 1) of its function's: they are written in this order. */
KILN_API void kiln_die_argument(kiln_debug *d, unsigned number);
/** The function has the variables of a list even if none of them has a place: debuggers tell that they exist. */
KILN_API void kiln_die_retain(kiln_debug *d, kiln_die list);
/** Of a file: the MD5 of its content, 16 bytes. */
KILN_API void kiln_die_md5(kiln_debug *d, const uint8_t *md5);
/** The children of the entry are those of a list, in order. A member of a DW_TAG_variant_part, but for the one that
 * DW_AT_discr names, is written in a DW_TAG_variant of its own, which takes its DW_AT_discr_value. Members that name no
 * parent are written in every entry that has the list, and must not be referred to (DW_TAG_subrange_type,
 * DW_TAG_enumerator, template parameters). */
KILN_API void kiln_die_children(kiln_debug *d, kiln_die list);
/** The entry's result type and parameters' types are those of a list, whose first is the result (0: none): gives
 * DW_AT_type, and children DW_TAG_formal_parameter; a parameter's 0 is DW_TAG_unspecified_parameters.
 * A type's DW_AT_artificial becomes that of its parameters. */
KILN_API void kiln_die_signature(kiln_debug *d, kiln_die list);
/** The same for a function, whose type is a DW_TAG_subroutine_type with a signature. If it is a definition, gives
 * DW_AT_type only: its parameters are variables. */
KILN_API void kiln_die_typed(kiln_debug *d, kiln_die type);
/** Defines `e` as a list of `n` entries, any of which may be 0. */
KILN_API void kiln_die_list(kiln_debug *d, kiln_die e, const kiln_die *items, uint32_t n);
/** Appends an entry, or 0, to the list of the set that was defined last. */
KILN_API void kiln_die_list_add(kiln_debug *d, kiln_die item);
/** Makes `e`, an entry of the module, a unit (DW_TAG_compile_unit): it is written, and with it the functions and
 * globals that name it as their unit. */
KILN_API void kiln_debug_unit(kiln_module *m, kiln_die e);
/** Of a unit only lines are written, and functions that have inlined ones, by name. */
KILN_API void kiln_debug_lines_only(kiln_module *m, kiln_die unit);
/** Entry `e` of the module (a global variable, a type) is written as part of `unit` even if nothing refers to it.
 * If it is a list, all its members are. */
KILN_API void kiln_debug_keep(kiln_module *m, kiln_die unit, kiln_die e);

/** A variable (DW_TAG_variable) of the module is at `symbol`, to whose address an expression of
 * `n` bytes (DW_OP_..., copied) is applied; symbol 0: it is nowhere, but the expression gives
 * its value. If the symbol is not defined in the object, the variable has no location. For a
 * declaration (DW_TAG_subprogram) of a function that the module does not define, `symbol` is the
 * function: entries of calls refer to it; there is no expression. */
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

/** The function being built is described by `subprogram` (DW_TAG_subprogram), an entry of a unit;
 * `unit` is the module's entry of that, and the code before the first location of an instruction
 * belongs to `begin` (0: none). If `subprogram` is defined and has DW_AT_call_all_calls, a flag,
 * the function's calls have entries (DW_TAG_call_site, in version 4 of DWARF GNU's), with what
 * they pass in registers where that is a constant, an address in the frame, or somewhere that
 * the call leaves alone; and variables that are parameters without a place any more
 * (kiln_func_value) are what these were when the function began (DW_OP_entry_value).
 * kiln_debug_version is to be called before. */
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
  uint32_t part_at;    /**< it is this part of the variable that lives there: first bit, */
  uint32_t part_bits;  /**< how many bits; 0: all of it */
  uint32_t
    inlined; /**< location of the call that was replaced by the code which has the variable, or 0 */
} kiln_variable;

/** Declares a variable of the function being built. */
KILN_API void kiln_func_variable(kiln_func *f, const kiln_variable *v);

/** Limits of kiln_variable_value. */
enum {
  KILN_OTHER_VALUES = 3 /**< most values that a variable is made of, besides the first */
};
/** What a variable is from a place in a function on. */
typedef struct kiln_variable_value {
  kiln_die variable; /**< DW_TAG_variable or DW_TAG_formal_parameter; its parent is the scope */
  kiln_value
    value; /**< a value of the function, a constant, the address of a slot; 0: it is not known any more */
  bool address; /**< the value, or what the expression makes of it, is the variable's address */
  const uint8_t *expr; /**< `n` bytes of DW_OP_... applied to the value; copied; NULL: none */
  uint32_t n;          /**< bytes of `expr` */
  uint32_t part_at;    /**< it is this part of the variable: first bit, */
  uint32_t part_bits;  /**< how many bits; 0: all of it */
  uint32_t inlined;    /**< as kiln_variable.inlined */
  kiln_value other[KILN_OTHER_VALUES]; /**< further values, as `value`, up to the first that is 0 */
  uint32_t other_at
    [KILN_OTHER_VALUES]; /**< each is pushed before this byte of the expression; in ascending order */
  uint32_t at; /**< kiln_func_here: it is this from there on; 0: from the next instruction on */
} kiln_variable_value;

/** The place before the function's next instruction, for kiln_variable_value.at; 0 if `f` is NULL or has failed. */
KILN_API uint32_t kiln_func_here(const kiln_func *f);

/** The variable is this until the next call for the same variable, or a part of it that overlaps.
 * Places ascend from call to call; others are ignored. Debuggers show it where it is still in a
 * register or in memory: this changes no code, and a value is not kept for it. What is made of
 * several values is shown in their block alone. */
KILN_API void kiln_func_value(kiln_func *f, const kiln_variable_value *v);
/** A label (DW_TAG_label) is at place `at`, as kiln_variable_value.at. */
KILN_API void kiln_func_label(kiln_func *f, kiln_die label, uint32_t at);

/* ---- frequent entries ----
 * These stand on the calls above (helpers/debug.c), and may be mixed
 * with them: what an entry is to have besides (another attribute) can be given as long as it is
 * the newest. Names are NUL-terminated and copied; NULL: none. Each gives the new entry, or 0
 * without a set or memory. `parent` and `scope`: 0 for the top of the unit. */

/** Values of DW_AT_encoding: DWARF 5, 7.8. */
enum {
  KILN_ENCODING_BOOLEAN = 2,      /**< true or false */
  KILN_ENCODING_FLOAT = 4,        /**< a binary floating-point number */
  KILN_ENCODING_SIGNED = 5,       /**< a signed integer */
  KILN_ENCODING_SIGNED_CHAR = 6,  /**< a signed character */
  KILN_ENCODING_UNSIGNED = 7,     /**< an unsigned integer */
  KILN_ENCODING_UNSIGNED_CHAR = 8 /**< an unsigned character */
};
/** Tags for kiln_die_record and kiln_die_modified. */
enum {
  KILN_TAG_STRUCT = 0x13,   /**< DW_TAG_structure_type */
  KILN_TAG_UNION = 0x17,    /**< DW_TAG_union_type */
  KILN_TAG_CLASS = 0x02,    /**< DW_TAG_class_type */
  KILN_TAG_CONST = 0x26,    /**< DW_TAG_const_type */
  KILN_TAG_VOLATILE = 0x35, /**< DW_TAG_volatile_type */
  KILN_TAG_REFERENCE = 0x10 /**< DW_TAG_reference_type */
};

/** Begins a new entry, of the set's next number. */
KILN_API kiln_die kiln_die_new(kiln_debug *d, unsigned tag, kiln_die parent);
/** A source file. */
KILN_API kiln_die kiln_die_file(kiln_debug *d, const char *folder, const char *name);
/** A unit of the module, which is written: the source `file`, who made it, its language
 * (KILN_DW_LANG_C99, ...; KILN_DW_LANG_Mips_Assembler for one that debuggers do not know). */
KILN_API kiln_die kiln_die_unit(kiln_module *m, kiln_die file, const char *producer,
                                unsigned language);
/** A type that is a number: its encoding (KILN_ENCODING_...) and size. */
KILN_API kiln_die kiln_die_base(kiln_debug *d, const char *name, unsigned encoding,
                                uint64_t size_bytes);
/** A pointer to `to`; 0: to anything. */
KILN_API kiln_die kiln_die_pointer(kiln_debug *d, kiln_die to);
/** A type made of another by `tag`: KILN_TAG_CONST, ... */
KILN_API kiln_die kiln_die_modified(kiln_debug *d, unsigned tag, kiln_die type);
/** Another name of a type. */
KILN_API kiln_die kiln_die_typedef(kiln_debug *d, kiln_die parent, const char *name, kiln_die type);
/** An array of `count` elements, counted from 0 by integers of type `index` (0: not said). */
KILN_API kiln_die kiln_die_array(kiln_debug *d, kiln_die element, kiln_die index, uint64_t count);

/** A member of a record. */
typedef struct kiln_member {
  const char *name;      /**< NULL: none, as of anonymous unions */
  kiln_die type;         /**< its type */
  uint64_t offset_bytes; /**< from the record's beginning; of bit fields not used */
  uint32_t bits;         /**< bit fields: how many; else 0 */
  uint64_t offset_bits;  /**< of bit fields: from the record's beginning, as memory is numbered */
} kiln_member;

/** A structure, union or class, by `tag` (KILN_TAG_STRUCT, ...). Its members may refer to it: they are told by
 * kiln_die_members. */
KILN_API kiln_die kiln_die_record(kiln_debug *d, unsigned tag, kiln_die parent, const char *name,
                                  uint64_t size_bytes);
/** Gives a record of kiln_die_record its `n` members, once. */
KILN_API void kiln_die_members(kiln_debug *d, kiln_die record, const kiln_member *members,
                               uint32_t n);

/** A constant of an enumeration. */
typedef struct kiln_enumerator {
  const char *name; /**< its name */
  int64_t value;    /**< its value */
} kiln_enumerator;

/** An enumeration with `n` constants, stored as integers of `type`. */
KILN_API kiln_die kiln_die_enum(kiln_debug *d, kiln_die parent, const char *name, kiln_die type,
                                uint64_t size_bytes, const kiln_enumerator *items, uint32_t n);
/** The type of functions that give `result` (0: nothing) and take `n` parameters; a type 0 among these stands for
 * further ones that are not declared. */
KILN_API kiln_die kiln_die_function_type(kiln_debug *d, kiln_die result, const kiln_die *params,
                                         uint32_t n);

/** What something is called and where it is declared. */
typedef struct kiln_declaration {
  const char *name;    /**< as in the source */
  const char *linkage; /**< of functions: the symbol, if that differs; NULL: it does not */
  kiln_die file;       /**< kiln_die_file; 0: none */
  uint32_t line;       /**< from 1; 0: none */
  kiln_die type;       /**< of functions: kiln_die_function_type; 0: none */
  bool external;       /**< other units may refer to it */
} kiln_declaration;

/** A function; kiln_func_debug says which code it has. `is_inline`: one that is inlined somewhere, whose entry is the
 * scope of locations that have kiln_location.inlined. */
KILN_API kiln_die kiln_die_function(kiln_debug *d, kiln_die parent, const kiln_declaration *what,
                                    bool is_inline);
/** A parameter of a function; in the order of the calls. kiln_func_variable says where it is. */
KILN_API kiln_die kiln_die_parameter(kiln_debug *d, kiln_die function,
                                     const kiln_declaration *what);
/** A variable of a function or block. */
KILN_API kiln_die kiln_die_variable(kiln_debug *d, kiln_die scope, const kiln_declaration *what);
/** A block: a part of `scope` (a function or another block) with variables of its own. Locations
 * say which code is in it. */
KILN_API kiln_die kiln_die_block_scope(kiln_debug *d, kiln_die scope);
/** A global variable of `unit`, at `symbol`. */
KILN_API kiln_die kiln_die_global(kiln_module *m, kiln_die unit, const kiln_declaration *what,
                                  kiln_symbol symbol);

/** A location expression that is being made: zeroed at first. */
typedef struct kiln_expr {
  uint8_t bytes[120]; /**< for kiln_die_expr and the other calls that take an expression */
  uint32_t n;         /**< used ones */
  bool full;          /**< something did not fit, and is missing */
} kiln_expr;

/** Appends an operation (DW_OP_...) without operand. */
KILN_API void kiln_expr_op(kiln_expr *e, unsigned op);
/** Appends one with an unsigned operand of variable length (DW_OP_plus_uconst, DW_OP_constu, DW_OP_piece, ...). */
KILN_API void kiln_expr_uint(kiln_expr *e, unsigned op, uint64_t operand);
/** Appends one with such a signed operand (DW_OP_consts, DW_OP_fbreg, ...). */
KILN_API void kiln_expr_int(kiln_expr *e, unsigned op, int64_t operand);

#ifdef __cplusplus
}
#endif
#endif
