/** @file
 * Debug information in DWARF's own terms. The functions of this header make entries; each entry has a tag, attributes
 * and a parent.
 *
 * The entries of a set are numbered, and an entry may be referred to before it is defined. Tags and attributes are
 * those of DWARF 5 (<kiln/dwarf.h>). Kiln does not check whether a tag may have the attributes that are set. */
#ifndef KILN_DEBUG_ENTRIES_H
#define KILN_DEBUG_ENTRIES_H

#include <kiln/debug.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A string of a set. Several entries may use the same string (kiln_die_set_shared_string). Id 0 means none. */
typedef struct kiln_debug_string {
  uint32_t id; /**< opaque */
} kiln_debug_string;

/** Tags of entries that DWARF does not define. */
enum {
  /** a source file: DW_AT_name, DW_AT_comp_dir (its directory), kiln_die_set_md5 */
  KILN_DIE_TAG_FILE = 0xfff0,
  KILN_DIE_TAG_LIST = 0xfff1, /**< a list of entries: kiln_die_begin_list */
  /** A scope for locations. It stands for its parent, which is a function or a block, and is used for code that came
   * from another file (the locations then name that file) or that has a discriminator (DW_AT_GNU_discriminator). */
  KILN_DIE_TAG_PART = 0xfff2,
};

/** Returns the highest entry number used in a set, plus one; all entry numbers are below this limit. Returns 0 if `d`
 * is NULL. */
KILN_API uint32_t kiln_debug_die_limit(const kiln_debug *d);

/** Returns the entry with the number `index` (from 1) of a set, whether or not this entry is defined. Numbers may be
 * used in any order, but should be as dense as possible. Consecutive numbers have consecutive ids. Returns entry 0 if
 * `d` is NULL or if the number is too large. */
KILN_API kiln_die kiln_die_at(const kiln_debug *d, uint32_t index);

/** Defines `e` as an entry with the tag `tag` (DW_TAG_...) and the parent `parent`. If `parent` is 0 or a file, the
 * entry is at the top level of its unit. The attributes that are set from now on belong to this entry. */
KILN_API void kiln_die_begin(kiln_debug *d, kiln_die e, uint32_t tag, kiln_die parent);

/** Begins a new entry, whose number is the next unused number of the set. */
KILN_API kiln_die kiln_die_new(kiln_debug *d, uint32_t tag, kiln_die parent);

/* ---- attributes of the entry that was begun last ---- */

/** Sets an attribute of the entry that was begun last to an unsigned number. `name` is DW_AT_... This function and the
 * functions below may set each attribute of an entry only once. */
KILN_API void kiln_die_set_uint(kiln_debug *d, uint32_t name, uint64_t value);

/** Sets an attribute to a number in two's complement. For DW_AT_const_value and DW_AT_discr_value, the number is taken
 * as unsigned if its type is unsigned. DW_AT_lower_bound is omitted if it equals the default lower bound of the
 * language. */
KILN_API void kiln_die_set_int(kiln_debug *d, uint32_t name, int64_t value);

/** Sets an attribute that is a flag. If DW_AT_object_pointer is set for a parameter, it becomes an attribute of the
 * parameter's function. */
KILN_API void kiln_die_set_flag(kiln_debug *d, uint32_t name);

/** Sets an attribute to a string of `text_length` bytes, without NUL, which is copied. */
KILN_API void kiln_die_set_string(kiln_debug *d, uint32_t name, const char *text,
                                  size_t text_length);

/** Adds a string of `text_length` bytes, without NUL, to a set. The string is copied, unless
 * kiln_module_options.borrow_strings is set. It must differ from all other strings that this function adds to the sets
 * of the module and its sessions: this function does not search for equal strings. Strings that are added to a set one
 * after the other have consecutive ids. Entries of a session may use strings of the module's set. Returns id 0 if
 * memory runs out, or if `d` or `text` is NULL. */
KILN_API kiln_debug_string kiln_debug_string_new(kiln_debug *d, const char *text,
                                                 size_t text_length);

/** Sets an attribute to a string that kiln_debug_string_new added. Does nothing if the string has id 0 or is empty. */
KILN_API void kiln_die_set_shared_string(kiln_debug *d, uint32_t name, kiln_debug_string text);

/** Sets an attribute to another entry. Does nothing if `to` is 0. If `to` is a file, the attribute is written as the
 * file's number (DW_AT_decl_file, DW_AT_call_file). The DW_AT_decl_file of a unit is the file whose name and directory
 * become the unit's. */
KILN_API void kiln_die_set_ref(kiln_debug *d, uint32_t name, kiln_die to);

/** Sets an attribute to a location expression (DW_OP_...) of `size_bytes` bytes, which is copied. */
KILN_API void kiln_die_set_expr(kiln_debug *d, uint32_t name, const void *bytes, size_t size_bytes);

/** Sets an attribute to a block of `size_bytes` bytes, for constants of more than 64 bits. */
KILN_API void kiln_die_set_block(kiln_debug *d, uint32_t name, const void *bytes,
                                 size_t size_bytes);

/** Sets an attribute to a location: the expression `expr`, of `expr_bytes` bytes, applied to the address of `symbol`.
 * The attribute is omitted if the object does not define the symbol. */
KILN_API void kiln_die_set_symbol(kiln_debug *d, uint32_t name, kiln_symbol symbol,
                                  const void *expr, size_t expr_bytes);

/** Sets the number (from 1) of a parameter among its function's parameters. Parameters are written in the order of
 * their numbers. */
KILN_API void kiln_die_set_argument(kiln_debug *d, uint32_t number);

/** Gives a function the list of its variables. The variables in the list are written even if they have no location, so
 * that debuggers know about them. */
KILN_API void kiln_die_set_retained(kiln_debug *d, kiln_die list);

/** Sets the MD5 of a file's content, 16 bytes. */
KILN_API void kiln_die_set_md5(kiln_debug *d, const uint8_t *md5);

/** Makes the entries of a list, in order, the children of this entry. If this entry is a DW_TAG_variant_part, each
 * child except the one that DW_AT_discr names is written in a DW_TAG_variant of its own, and the child's
 * DW_AT_discr_value becomes an attribute of that DW_TAG_variant. A child that was made without a parent
 * (DW_TAG_subrange_type, DW_TAG_enumerator, template parameters) is written once under each entry that uses the list,
 * and no other entry may refer to it. */
KILN_API void kiln_die_set_children(kiln_debug *d, kiln_die list);

/** Sets the entry's result type and parameter types from a list. The first item of the list is the result type (0 for
 * none), which becomes DW_AT_type. Each further item is a parameter type, for which a child DW_TAG_formal_parameter is
 * added, or a child DW_TAG_unspecified_parameters if the type is 0. If a parameter type has the attribute
 * DW_AT_artificial, the attribute is written on the parameters of that type instead. */
KILN_API void kiln_die_set_signature(kiln_debug *d, kiln_die list);

/** Sets a function's result type and parameter types from `type`, a DW_TAG_subroutine_type for which
 * kiln_die_set_signature was called. For the definition of a function, only DW_AT_type is set, since a definition's
 * parameters are entries of their own. */
KILN_API void kiln_die_set_function_type(kiln_debug *d, kiln_die type);

/* ---- lists ---- */

/** Defines `e` as a list of `n_items` entries. Any of these may be 0. */
KILN_API void kiln_die_begin_list(kiln_debug *d, kiln_die e, const kiln_die *items,
                                  uint32_t n_items);

/** Appends an entry, or 0, to the list that was defined last in the set. */
KILN_API void kiln_die_append(kiln_debug *d, kiln_die item);

/* ---- many entries of one form ---- */

/** The kind of an attribute's value in a kiln_die_shape_attr. */
typedef enum kiln_die_attr_kind {
  KILN_DIE_ATTR_UINT, /**< kiln_die_set_uint, up to 32 bits */
  /** kiln_die_set_uint: takes two values, the low 32 bits and then the high 32 bits. */
  KILN_DIE_ATTR_WIDE,
  KILN_DIE_ATTR_INT,    /**< kiln_die_set_int: takes two values, like WIDE */
  KILN_DIE_ATTR_FLAG,   /**< kiln_die_set_flag: no value */
  KILN_DIE_ATTR_STRING, /**< kiln_die_set_shared_string: the id of a nonempty string */
  /** kiln_die_set_ref: an entry's id; the kinds below up to RETAINED take an entry's id too. */
  KILN_DIE_ATTR_REF,
  /** kiln_die_set_children; `name` is 0 for this kind and the kinds below. */
  KILN_DIE_ATTR_CHILDREN,
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

/** A shape: the tag and the kinds of attributes that many entries of a set have in common. Only the values of the
 * attributes differ from entry to entry. Id 0 means none. */
typedef struct kiln_die_shape {
  uint32_t id;  /**< opaque */
  uint32_t tag; /**< opaque */
} kiln_die_shape;

/** Returns the shape of entries that have the tag `tag` and the `n_attrs` attributes `attrs`. No name may occur twice.
 * Calls with equal arguments return the same shape. Returns id 0 if memory runs out, if `d` is NULL, or after an error,
 * which sticks to the module. */
KILN_API kiln_die_shape kiln_die_shape_new(kiln_debug *d, uint32_t tag,
                                           const kiln_die_shape_attr *attrs, uint32_t n_attrs);

/** Begins an entry as kiln_die_begin does, and sets all attributes of the shape. This is faster than one call for each
 * attribute. `values` has the values of the attributes, in the shape's order. Further attributes may be set afterwards.
 * Unknown entries and strings among the values are ignored. */
KILN_API void kiln_die_begin_shaped(kiln_debug *d, kiln_die e, kiln_die_shape shape,
                                    kiln_die parent, const uint32_t *values);

/* ---- units, and what is written ---- */

/** Makes `e`, an entry of the module, a unit (DW_TAG_compile_unit). The unit is written, and so are the functions and
 * globals that belong to this unit. */
KILN_API void kiln_debug_add_unit(kiln_debug *d, kiln_die e);

/** Restricts what is written for a unit: only its lines, and the names of its functions and of the functions inlined
 * into these. */
KILN_API void kiln_debug_set_lines_only(kiln_debug *d, kiln_die unit);

/** Marks an entry of the module, such as a global variable or a type, to be written as part of `unit` even if nothing
 * refers to the entry. If `e` is a list, this applies to all entries of the list. */
KILN_API void kiln_debug_keep(kiln_debug *d, kiln_die unit, kiln_die e);

/** Sets the location of a variable (DW_TAG_variable) of the module. The location is the expression `expr` (DW_OP_...,
 * `expr_bytes` bytes, copied), applied to the address of `symbol`. If `symbol` is 0, the variable has no address, and
 * the expression computes its value. If the object does not define the symbol, the variable has no location.
 *
 * `variable` may also be the declaration (DW_TAG_subprogram) of a function that the module does not define. `symbol` is
 * then the function, and there is no expression. Entries of calls to the function refer to this declaration. */
KILN_API void kiln_debug_set_global(kiln_debug *d, kiln_die variable, kiln_symbol symbol,
                                    const void *expr, size_t expr_bytes);

/* ---- location expressions ---- */

/** A location expression under construction. Zero-initialise it. */
typedef struct kiln_debug_expr {
  /** The expression, for kiln_die_set_expr and other functions that take an expression. */
  uint8_t bytes[120];
  uint32_t size_bytes; /**< bytes in use */
  bool full;           /**< something did not fit and is missing */
} kiln_debug_expr;

/** Appends an operation (DW_OP_...) without an operand. */
KILN_API void kiln_debug_expr_op(kiln_debug_expr *e, uint32_t op);

/** Appends an operation with an unsigned operand of variable length (DW_OP_plus_uconst, DW_OP_constu, DW_OP_piece,
 * ...). */
KILN_API void kiln_debug_expr_uint(kiln_debug_expr *e, uint32_t op, uint64_t operand);

#ifdef __cplusplus
}
#endif
#endif
