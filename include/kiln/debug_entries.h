/** @file
 * Debug information in DWARF's own terms: entries, each of which has a tag, attributes and a parent. The entries of a
 * set have numbers, and you may refer to an entry before you define it. Tags and attributes are those of DWARF 5
 * (<kiln/dwarf.h>). Kiln does not check whether the attributes of an entry are allowed for its tag. */
#ifndef KILN_DEBUG_ENTRIES_H
#define KILN_DEBUG_ENTRIES_H

#include <kiln/debug.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A string in a set. Several entries may use the same string (kiln_die_set_shared_string). Id 0 means none. */
typedef struct kiln_debug_string {
  uint32_t id; /**< opaque */
} kiln_debug_string;

/** Tags of entries that DWARF does not define. */
enum {
  /** a source file: DW_AT_name, DW_AT_comp_dir (its directory), kiln_die_set_md5 */
  KILN_DIE_TAG_FILE = 0xfff0,
  KILN_DIE_TAG_LIST = 0xfff1, /**< a list of entries: kiln_die_begin_list */
  /** A scope for locations, which stands for its parent, a function or a block. Use it for code that comes from a file
   * other than the parent's: the locations of this code then name that file. Use it, too, for code that has a
   * discriminator (DW_AT_GNU_discriminator). */
  KILN_DIE_TAG_PART = 0xfff2,
};

/** Returns the highest entry number in the set `d`, plus one. All entry numbers are below this limit. Returns 0 if `d`
 * is NULL. */
KILN_API uint32_t kiln_debug_die_limit(const kiln_debug *d);

/** Returns the entry with the number `index` in the set `d`, which need not be defined. Numbers count from 1, and may
 * be used in any order, but should be as dense as possible. Entries with consecutive numbers have consecutive ids.
 * - Returns entry 0 if `d` is NULL or if the number is too large. */
KILN_API kiln_die kiln_die_at(const kiln_debug *d, uint32_t index);

/** Defines `e` as an entry with the tag `tag` (DW_TAG_...) and the parent `parent`. If `parent` is 0 or a file, the
 * entry is at the top level of its unit. Attributes that are set after this call belong to this entry. */
KILN_API void kiln_die_begin(kiln_debug *d, kiln_die e, uint32_t tag, kiln_die parent);

/** Reserves the next unused number of the set `d`, for an entry that kiln_die_begin defines later or never.
 * - Returns that entry, or entry 0 if `d` is NULL or memory runs out. */
KILN_API kiln_die kiln_die_reserve(kiln_debug *d);

/** Begins a new entry. Its number is the next unused number of the set. */
KILN_API kiln_die kiln_die_new(kiln_debug *d, uint32_t tag, kiln_die parent);

/* ---- attributes of the entry that was begun last ---- */

/** Sets an attribute to an unsigned number. The attribute belongs to the entry that was begun last. `name` is DW_AT_...
 * This function and the functions below may set each attribute of an entry only once. */
KILN_API void kiln_die_set_uint(kiln_debug *d, uint32_t name, uint64_t value);

/** Sets an attribute to a number in two's complement. For DW_AT_const_value and DW_AT_discr_value, the number is
 * unsigned if the type of the constant or discriminant is unsigned. Kiln omits a DW_AT_lower_bound that is the default
 * lower bound of the language. */
KILN_API void kiln_die_set_int(kiln_debug *d, uint32_t name, int64_t value);

/** Sets an attribute that is a flag. If you set DW_AT_object_pointer for a parameter, Kiln writes the attribute not for
 * the parameter but for the parameter's function. */
KILN_API void kiln_die_set_flag(kiln_debug *d, uint32_t name);

/** Sets an attribute to a copy of the string `text`. The string has `text_length` bytes and need not end in a NUL. */
KILN_API void kiln_die_set_string(kiln_debug *d, uint32_t name, const char *text,
                                  size_t text_length);

/** Adds a string of `text_length` bytes, without NUL, to the set `d`. Strings that are added to a set one after the
 * other have consecutive ids. Entries of a session may use strings of the module's set.
 * - The string must differ from all others that this function adds to the sets of the module and its sessions, since it
 *   does not search for equal strings.
 * - Copies the string if kiln_module_options.borrow_strings is false.
 * - Returns id 0 if memory runs out, or if `d` or `text` is NULL. */
KILN_API kiln_debug_string kiln_debug_string_new(kiln_debug *d, const char *text,
                                                 size_t text_length);

/** Sets an attribute to a string from kiln_debug_string_new. If the string has id 0 or is empty, nothing is set. */
KILN_API void kiln_die_set_shared_string(kiln_debug *d, uint32_t name, kiln_debug_string text);

/** Sets an attribute to a reference to the entry `to`. If `to` is 0, nothing is set.
 * - If `to` is a file, Kiln writes the number of the file (DW_AT_decl_file, DW_AT_call_file).
 * - The DW_AT_decl_file of a unit is the source file of the unit, from which the unit takes its name and directory. */
KILN_API void kiln_die_set_ref(kiln_debug *d, uint32_t name, kiln_die to);

/** Sets an attribute to a copy of a location expression (DW_OP_...). The expression has `size_bytes` bytes. */
KILN_API void kiln_die_set_expr(kiln_debug *d, uint32_t name, const void *bytes, size_t size_bytes);

/** Sets an attribute to a block of `size_bytes` bytes. Use a block for a constant of more than 64 bits. */
KILN_API void kiln_die_set_block(kiln_debug *d, uint32_t name, const void *bytes,
                                 size_t size_bytes);

/** Sets an attribute to a location. To compute the location, debuggers apply the expression `expr` to the address of
 * `symbol`. `expr_bytes` is the size of the expression. If the object does not define the symbol, Kiln omits the
 * attribute. */
KILN_API void kiln_die_set_symbol(kiln_debug *d, uint32_t name, kiln_symbol symbol,
                                  const void *expr, size_t expr_bytes);

/** Sets the number of a parameter of a function. Numbers count from 1. Kiln writes the parameters in the order of their
 * numbers. */
KILN_API void kiln_die_set_argument(kiln_debug *d, uint32_t number);

/** Gives a function the list of its variables. Kiln writes the variables in the list even if they have no location, so
 * that debuggers know about them. */
KILN_API void kiln_die_set_retained(kiln_debug *d, kiln_die list);

/** Sets the MD5 of a file's content, 16 bytes. */
KILN_API void kiln_die_set_md5(kiln_debug *d, const uint8_t *md5);

/** Makes the entries of the list `list` the children of the newest entry, in the order of the list. Several entries may
 * use the same list.
 * - If the newest entry is a DW_TAG_variant_part, Kiln writes each child in a DW_TAG_variant of its own, except the
 *   child that DW_AT_discr names. A child's DW_AT_discr_value becomes an attribute of its DW_TAG_variant.
 * - For a child that is a DW_TAG_subrange_type, a DW_TAG_enumerator or a template parameter, the `parent` that you pass
 *   to kiln_die_begin may be 0. Kiln then writes the child once under each entry that uses the list. No other entry may
 *   refer to a child without a parent. */
KILN_API void kiln_die_set_children(kiln_debug *d, kiln_die list);

/** Sets the result type and the parameter types of the newest entry from the list `list`.
 * - The first item is the result type, which becomes DW_AT_type, or 0 for none.
 * - Each further item is a parameter type. Kiln adds a child DW_TAG_formal_parameter for it, or, if it is 0,
 *   DW_TAG_unspecified_parameters.
 * - If a parameter type has the attribute DW_AT_artificial, Kiln writes this attribute not for the type but for each
 *   DW_TAG_formal_parameter of the type. */
KILN_API void kiln_die_set_signature(kiln_debug *d, kiln_die list);

/** Sets the result type and the parameter types of a function from `type`. `type` is a DW_TAG_subroutine_type for which
 * kiln_die_set_signature was called. For the definition of a function, only DW_AT_type is set, because the parameters
 * of a definition are entries of their own. */
KILN_API void kiln_die_set_function_type(kiln_debug *d, kiln_die type);

/* ---- lists ---- */

/** Defines `e` as a list of `n_items` entries. Any entry of the list may be 0. */
KILN_API void kiln_die_begin_list(kiln_debug *d, kiln_die e, const kiln_die *items,
                                  uint32_t n_items);

/** Appends `item` to the list that was defined last in the set. `item` is an entry, or 0. */
KILN_API void kiln_die_append(kiln_debug *d, kiln_die item);

/* ---- many entries of one form ---- */

/** The kind of an attribute's value in a kiln_die_shape_attr. */
typedef enum kiln_die_attr_kind {
  KILN_DIE_ATTR_UINT, /**< kiln_die_set_uint, up to 32 bits */
  /** Sets the attribute as kiln_die_set_uint does. This kind takes two elements of `values` (kiln_die_begin_shaped).
   * The first element has the low 32 bits. The second element has the high 32 bits. */
  KILN_DIE_ATTR_WIDE,
  KILN_DIE_ATTR_INT,    /**< kiln_die_set_int: takes two values, like WIDE */
  KILN_DIE_ATTR_FLAG,   /**< kiln_die_set_flag: no value */
  KILN_DIE_ATTR_STRING, /**< kiln_die_set_shared_string: the id of a nonempty string */
  /** Sets the attribute as kiln_die_set_ref does. This kind takes the id of an entry. The kinds from here to
   * KILN_DIE_ATTR_RETAINED all take the id of an entry. */
  KILN_DIE_ATTR_REF,
  /** Sets the children as kiln_die_set_children does. For this kind and all kinds below, kiln_die_shape_attr.name is
   * 0. */
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

/** A shape is a tag and a list of attributes. Many entries of a set can have the same shape. These entries differ only
 * in the values of their attributes. Id 0 means none. */
typedef struct kiln_die_shape {
  uint32_t id;  /**< opaque */
  uint32_t tag; /**< opaque */
} kiln_die_shape;

/** Returns the shape of entries with the tag `tag` and the `n_attrs` attributes `attrs`. No attribute name may occur
 * twice. Calls with equal arguments return the same shape.
 * - Returns id 0 if `d` is NULL, and after any other error, which sticks to the module. */
KILN_API kiln_die_shape kiln_die_shape_new(kiln_debug *d, uint32_t tag,
                                           const kiln_die_shape_attr *attrs, uint32_t n_attrs);

/** Begins an entry as kiln_die_begin does, and sets all attributes of the shape, faster than by one call for each.
 * `values` contains their values, in the order of the shape; unknown entries and unknown strings are ignored. After
 * this call, you may set attributes that are not in the shape. */
KILN_API void kiln_die_begin_shaped(kiln_debug *d, kiln_die e, kiln_die_shape shape,
                                    kiln_die parent, const uint32_t *values);

/* ---- units, and what is written ---- */

/** Makes the entry `e` of the module a unit (DW_TAG_compile_unit). Kiln writes the unit, and the functions and globals
 * that belong to the unit. */
KILN_API void kiln_debug_add_unit(kiln_debug *d, kiln_die e);

/** Restricts what Kiln writes for the unit `unit` to its lines, and the names and linkage names of functions that are
 * inlined, or into which others are. */
KILN_API void kiln_debug_set_lines_only(kiln_debug *d, kiln_die unit);

/** Marks an entry of the module, such as a global variable or a type. Kiln then writes the entry as a part of `unit`
 * even if nothing refers to the entry. If `e` is a list, kiln_debug_keep marks all entries of the list. */
KILN_API void kiln_debug_keep(kiln_debug *d, kiln_die unit, kiln_die e);

/** Sets the location of a variable of the module. `variable` is the entry of the variable (DW_TAG_variable). Debuggers
 * apply the expression `expr` (DW_OP_...) of `expr_bytes` bytes, which is copied, to the address of `symbol`.
 * - If `symbol` is 0, the variable has no address, and the expression computes the value of the variable. If the object
 *   does not define the symbol, the variable has no location.
 * - `variable` may also be the entry of a declaration (DW_TAG_subprogram) of a function that the module does not
 *   define. `symbol` is then the symbol of the declared function, and there is no expression. For each call to it, the
 *   call's entry (DW_TAG_call_site) refers to the entry `variable`. */
KILN_API void kiln_debug_set_global(kiln_debug *d, kiln_die variable, kiln_symbol symbol,
                                    const void *expr, size_t expr_bytes);

/* ---- location expressions ---- */

/** A location expression under construction. Zero-initialise the struct. */
typedef struct kiln_debug_expr {
  /** The bytes of the expression. Pass the bytes to kiln_die_set_expr or another function that takes an expression. */
  uint8_t bytes[120];
  /** Bytes in use. UINT32_MAX if something did not fit: the functions that take an expression refuse this size with
   * KILN_ERR_ARGUMENT. */
  uint32_t size_bytes;
  bool full; /**< something did not fit and is missing */
} kiln_debug_expr;

/** Appends an operation (DW_OP_...) without an operand. */
KILN_API void kiln_debug_expr_op(kiln_debug_expr *e, uint32_t op);

/** Appends an operation that has one unsigned operand of variable length, such as DW_OP_plus_uconst, DW_OP_constu or
 * DW_OP_piece. */
KILN_API void kiln_debug_expr_uint(kiln_debug_expr *e, uint32_t op, uint64_t operand);

#ifdef __cplusplus
}
#endif
#endif
