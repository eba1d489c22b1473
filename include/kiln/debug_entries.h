/** @file
 * Entries of debug information in DWARF's own vocabulary: each has a tag, attributes and a parent.
 *
 * Entries are numbered in each set, and may be referred to before they are defined. Tags and attributes are those of
 * DWARF 5 (<kiln/dwarf.h>); they are not checked. */
#ifndef KILN_DEBUG_ENTRIES_H
#define KILN_DEBUG_ENTRIES_H

#include <kiln/debug.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A string of a set that entries may have: kiln_die_set_shared_string; id 0: none. */
typedef struct kiln_debug_string {
  uint32_t id; /**< opaque */
} kiln_debug_string;

/** Tags of entries that DWARF does not have. */
enum {
  /** a source file: DW_AT_name, DW_AT_comp_dir (its directory), kiln_die_set_md5 */
  KILN_DIE_TAG_FILE = 0xfff0,
  KILN_DIE_TAG_LIST = 0xfff1, /**< a list of entries: kiln_die_begin_list */
  /** stands for its parent, a function or a block, in locations of code that came from
   * another file (then these say which) or has a discriminator: DW_AT_GNU_discriminator */
  KILN_DIE_TAG_PART = 0xfff2,
};

/** How many entries a set has room for: one more than the highest number used; 0 if `d` is NULL. */
KILN_API uint32_t kiln_debug_die_limit(const kiln_debug *d);

/** The entry of number `index` (from 1) of a set, defined or not: numbers may be chosen, in any order, as densely as
 * possible; the entry of the next number has the next id. Entry 0 if `d` is NULL or the number too large. */
KILN_API kiln_die kiln_die_at(const kiln_debug *d, uint32_t index);

/** Defines `e` as an entry of tag `tag` (DW_TAG_...) within `parent` (0, or a file: at the top of its unit). The
 * attributes given from here on are its own. */
KILN_API void kiln_die_begin(kiln_debug *d, kiln_die e, uint32_t tag, kiln_die parent);

/** Begins a new entry, of the set's next number. */
KILN_API kiln_die kiln_die_new(kiln_debug *d, uint32_t tag, kiln_die parent);

/* ---- attributes of the entry that was begun last ---- */

/** Attributes of the entry that was begun last; `name`: DW_AT_.... Each of a name once. */
KILN_API void kiln_die_set_uint(kiln_debug *d, uint32_t name, uint64_t value);

/** A number in two's complement. DW_AT_const_value and DW_AT_discr_value are unsigned where the type is; a
 * DW_AT_lower_bound that is the language's own is left out. */
KILN_API void kiln_die_set_int(kiln_debug *d, uint32_t name, int64_t value);

/** A flag that is set. DW_AT_object_pointer of a parameter becomes its function's. */
KILN_API void kiln_die_set_flag(kiln_debug *d, uint32_t name);

/** A string of `text_length` bytes, without NUL; copied. */
KILN_API void kiln_die_set_string(kiln_debug *d, uint32_t name, const char *text,
                                  size_t text_length);

/** Adds a string of `text_length` bytes, without NUL, copied (but for kiln_module_options.borrow_strings), that
 * differs from all others which are added by this call to the sets of the module and its
 * sessions: so it needs no search. The next string of a set has the next id. A session's entries
 * may have those of the module. 0 without memory, or if `d` or `text` is NULL. */
KILN_API kiln_debug_string kiln_debug_string_new(kiln_debug *d, const char *text,
                                                 size_t text_length);

/** As kiln_die_set_string: a string that was added before, or nothing if that is 0 or has no characters. */
KILN_API void kiln_die_set_shared_string(kiln_debug *d, uint32_t name, kiln_debug_string text);

/** Another entry, or nothing if that is 0; of a file the number (DW_AT_decl_file, DW_AT_call_file). DW_AT_decl_file of
 * a unit is the file that gives it its name and its directory. */
KILN_API void kiln_die_set_ref(kiln_debug *d, uint32_t name, kiln_die to);

/** A location expression (DW_OP_...) of `size_bytes` bytes; copied. */
KILN_API void kiln_die_set_expr(kiln_debug *d, uint32_t name, const void *bytes, size_t size_bytes);

/** A block of `size_bytes` bytes: constants of more than 64 bits. */
KILN_API void kiln_die_set_block(kiln_debug *d, uint32_t name, const void *bytes,
                                 size_t size_bytes);

/** A location: the address of `symbol`, to which an expression of `expr_bytes` bytes is applied. If the symbol is not
 * defined in the object, the attribute is left out. */
KILN_API void kiln_die_set_symbol(kiln_debug *d, uint32_t name, kiln_symbol symbol,
                                  const void *expr, size_t expr_bytes);

/** The entry, a parameter, is number `number` (from 1) of its function's: they are written in this order. */
KILN_API void kiln_die_set_argument(kiln_debug *d, uint32_t number);

/** The function has the variables of a list even if none of them has a location: debuggers know that they exist. */
KILN_API void kiln_die_set_retained(kiln_debug *d, kiln_die list);

/** Of a file: the MD5 of its content, 16 bytes. */
KILN_API void kiln_die_set_md5(kiln_debug *d, const uint8_t *md5);

/** The children of the entry are those of a list, in order. A member of a DW_TAG_variant_part, but for the one that
 * DW_AT_discr names, is written in a DW_TAG_variant of its own, which takes its DW_AT_discr_value. Members that name no
 * parent are written in every entry that has the list, and must not be referred to (DW_TAG_subrange_type,
 * DW_TAG_enumerator, template parameters). */
KILN_API void kiln_die_set_children(kiln_debug *d, kiln_die list);

/** The entry's result type and parameters' types are those of a list, whose first is the result (0: none): gives
 * DW_AT_type, and children DW_TAG_formal_parameter; a parameter's 0 is DW_TAG_unspecified_parameters.
 * A type's DW_AT_artificial becomes that of its parameters. */
KILN_API void kiln_die_set_signature(kiln_debug *d, kiln_die list);

/** The same for a function, whose type is a DW_TAG_subroutine_type with a signature. If it is a definition, gives
 * DW_AT_type only: its parameters are variables. */
KILN_API void kiln_die_set_function_type(kiln_debug *d, kiln_die type);

/* ---- lists ---- */

/** Defines `e` as a list of `n_items` entries, any of which may be 0. */
KILN_API void kiln_die_begin_list(kiln_debug *d, kiln_die e, const kiln_die *items,
                                  uint32_t n_items);

/** Appends an entry, or 0, to the list of the set that was defined last. */
KILN_API void kiln_die_append(kiln_debug *d, kiln_die item);

/* ---- many entries of one form ---- */

/** What the value of an attribute is: kiln_die_shape_attr. */
typedef enum kiln_die_attr_kind {
  KILN_DIE_ATTR_UINT,   /**< kiln_die_set_uint, up to 32 bits */
  KILN_DIE_ATTR_WIDE,   /**< kiln_die_set_uint: two values, the low 32 bits and the high ones */
  KILN_DIE_ATTR_INT,    /**< kiln_die_set_int: two values, as that */
  KILN_DIE_ATTR_FLAG,   /**< kiln_die_set_flag: no value */
  KILN_DIE_ATTR_STRING, /**< kiln_die_set_shared_string: its id, of a string that has characters */
  KILN_DIE_ATTR_REF,    /**< kiln_die_set_ref: an entry's id, as those below */
  KILN_DIE_ATTR_CHILDREN,      /**< kiln_die_set_children; `name` is 0 for this and those below */
  KILN_DIE_ATTR_SIGNATURE,     /**< kiln_die_set_signature */
  KILN_DIE_ATTR_FUNCTION_TYPE, /**< kiln_die_set_function_type */
  KILN_DIE_ATTR_RETAINED,      /**< kiln_die_set_retained */
  KILN_DIE_ATTR_ARGUMENT,      /**< kiln_die_set_argument: the number */
  KILN_DIE_ATTR_KIND_COUNT
} kiln_die_attr_kind;

/** An attribute of a shape: its name, and the kind of its value. */
typedef struct kiln_die_shape_attr {
  uint16_t name; /**< DW_AT_..., or 0 */
  uint16_t is;   /**< KILN_DIE_ATTR_... */
} kiln_die_shape_attr;

/** Tag and attributes of many entries of a set, which differ in their values; id 0: none. */
typedef struct kiln_die_shape {
  uint32_t id;  /**< opaque */
  uint32_t tag; /**< opaque */
} kiln_die_shape;

/** The shape of entries with `tag` and `n_attrs` attributes, each name at most once; equal calls give one shape. 0 if
 * out of memory, if `d` is NULL, or after an error, with which the module has failed. */
KILN_API kiln_die_shape kiln_die_shape_new(kiln_debug *d, uint32_t tag,
                                           const kiln_die_shape_attr *attrs, uint32_t n_attrs);

/** As kiln_die_begin and a call for each attribute of the shape, but faster: `values` has the values of all attributes
 * in order. Further attributes may be added. Unknown entries and strings are ignored. */
KILN_API void kiln_die_begin_shaped(kiln_debug *d, kiln_die e, kiln_die_shape shape,
                                    kiln_die parent, const uint32_t *values);

/* ---- units, and what is written ---- */

/** Makes `e`, an entry of the module, a unit (DW_TAG_compile_unit): it is written, and with it the functions and
 * globals that name it as their unit. */
KILN_API void kiln_debug_add_unit(kiln_debug *d, kiln_die e);

/** Writes only lines of a unit, and, by name, functions with inlined ones. */
KILN_API void kiln_debug_set_lines_only(kiln_debug *d, kiln_die unit);

/** Entry `e` of the module (a global variable, a type) is written as part of `unit` even if nothing refers to it.
 * If it is a list, all its members are. */
KILN_API void kiln_debug_keep(kiln_debug *d, kiln_die unit, kiln_die e);

/** A variable (DW_TAG_variable) of the module is at `symbol`, to whose address an expression of
 * `expr_bytes` bytes (DW_OP_..., copied) is applied; symbol 0: it is nowhere, but the expression gives
 * its value. If the symbol is not defined in the object, the variable has no location. For a
 * declaration (DW_TAG_subprogram) of a function that the module does not define, `symbol` is the
 * function: entries of calls refer to it; there is no expression. */
KILN_API void kiln_debug_set_global(kiln_debug *d, kiln_die variable, kiln_symbol symbol,
                                    const void *expr, size_t expr_bytes);

/* ---- location expressions ---- */

/** A location expression in the making. Zero-initialise. */
typedef struct kiln_debug_expr {
  uint8_t bytes[120];  /**< for kiln_die_set_expr and the other calls that take an expression */
  uint32_t size_bytes; /**< bytes in use */
  bool full;           /**< something did not fit, and is missing */
} kiln_debug_expr;

/** Appends an operation (DW_OP_...) without operand. */
KILN_API void kiln_debug_expr_op(kiln_debug_expr *e, uint32_t op);

/** Appends an operation with an unsigned operand of variable length (DW_OP_plus_uconst, DW_OP_constu, DW_OP_piece,
 * ...). */
KILN_API void kiln_debug_expr_uint(kiln_debug_expr *e, uint32_t op, uint64_t operand);

#ifdef __cplusplus
}
#endif
#endif
