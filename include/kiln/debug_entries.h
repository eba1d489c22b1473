/** @file
 * Debug information in DWARF's own vocabulary: entries, each of which has a tag, attributes and a parent.
 *
 * Each set numbers its entries, which may be referred to before they are defined. Tags and attributes are those of
 * DWARF 5 (<kiln/dwarf.h>); they are not checked. */
#ifndef KILN_DEBUG_ENTRIES_H
#define KILN_DEBUG_ENTRIES_H

#include <kiln/debug.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A string of a set that several entries may use: kiln_die_set_shared_string. Id 0 is none. */
typedef struct kiln_debug_string {
  uint32_t id; /**< opaque */
} kiln_debug_string;

/** Tags of entries that DWARF does not define. */
enum {
  /** a source file: DW_AT_name, DW_AT_comp_dir (its directory), kiln_die_set_md5 */
  KILN_DIE_TAG_FILE = 0xfff0,
  KILN_DIE_TAG_LIST = 0xfff1, /**< a list of entries: kiln_die_begin_list */
  /** Stands for its parent, a function or a block, in locations of code that came from another file (which these
   * locations then name) or that has a discriminator: DW_AT_GNU_discriminator. */
  KILN_DIE_TAG_PART = 0xfff2,
};

/** Returns a limit that all entry numbers of a set are below: one more than the highest number used; 0 if `d` is
 * NULL. */
KILN_API uint32_t kiln_debug_die_limit(const kiln_debug *d);

/** Returns the entry of number `index` (from 1) of a set, whether or not it is defined. Numbers may be chosen in any
 * order, as densely as possible; consecutive numbers have consecutive ids. Returns entry 0 if `d` is NULL or if the
 * number is too large. */
KILN_API kiln_die kiln_die_at(const kiln_debug *d, uint32_t index);

/** Defines `e` as an entry with the tag `tag` (DW_TAG_...) inside `parent` (0 or a file for the top level of its unit).
 * Attributes that are set from here on belong to it. */
KILN_API void kiln_die_begin(kiln_debug *d, kiln_die e, uint32_t tag, kiln_die parent);

/** Begins a new entry with the set's next number. */
KILN_API kiln_die kiln_die_new(kiln_debug *d, uint32_t tag, kiln_die parent);

/* ---- attributes of the entry that was begun last ---- */

/** Sets an unsigned attribute `name` (DW_AT_...) of the entry that was begun last. This call and those below set each
 * name at most once. */
KILN_API void kiln_die_set_uint(kiln_debug *d, uint32_t name, uint64_t value);

/** Sets an attribute to a number in two's complement. DW_AT_const_value and DW_AT_discr_value are unsigned if the type
 * is. A DW_AT_lower_bound that equals the language's own is omitted. */
KILN_API void kiln_die_set_int(kiln_debug *d, uint32_t name, int64_t value);

/** Sets a flag attribute. DW_AT_object_pointer of a parameter becomes an attribute of its function. */
KILN_API void kiln_die_set_flag(kiln_debug *d, uint32_t name);

/** Sets an attribute to a string of `text_length` bytes, without NUL, which is copied. */
KILN_API void kiln_die_set_string(kiln_debug *d, uint32_t name, const char *text,
                                  size_t text_length);

/** Adds a string of `text_length` bytes, without NUL, which is copied (unless kiln_module_options.borrow_strings is
 * set). It must differ from all other strings that this call adds to the sets of the module and its sessions, so no
 * search is needed. Consecutive strings of a set have consecutive ids. Entries of a session may use strings of the
 * module. Returns id 0 if memory runs out, or if `d` or `text` is NULL. */
KILN_API kiln_debug_string kiln_debug_string_new(kiln_debug *d, const char *text,
                                                 size_t text_length);

/** Sets an attribute to a string that was added before, like kiln_die_set_string. Does nothing if the string is 0 or
 * has no characters. */
KILN_API void kiln_die_set_shared_string(kiln_debug *d, uint32_t name, kiln_debug_string text);

/** Sets an attribute to another entry; does nothing if that is 0. For a file, the attribute is its number
 * (DW_AT_decl_file, DW_AT_call_file). The DW_AT_decl_file of a unit is the file from which the unit takes its name and
 * directory. */
KILN_API void kiln_die_set_ref(kiln_debug *d, uint32_t name, kiln_die to);

/** Sets an attribute to a location expression (DW_OP_...) of `size_bytes` bytes, which is copied. */
KILN_API void kiln_die_set_expr(kiln_debug *d, uint32_t name, const void *bytes, size_t size_bytes);

/** Sets an attribute to a block of `size_bytes` bytes, for constants of more than 64 bits. */
KILN_API void kiln_die_set_block(kiln_debug *d, uint32_t name, const void *bytes,
                                 size_t size_bytes);

/** Sets an attribute to a location: the address of `symbol`, to which an expression of `expr_bytes` bytes is applied.
 * The attribute is omitted if the object does not define the symbol. */
KILN_API void kiln_die_set_symbol(kiln_debug *d, uint32_t name, kiln_symbol symbol,
                                  const void *expr, size_t expr_bytes);

/** Makes the entry, which is a parameter, number `number` (from 1) of its function's parameters. They are written in
 * this order. */
KILN_API void kiln_die_set_argument(kiln_debug *d, uint32_t number);

/** Gives a function the variables of a list even if none of them has a location, so that debuggers know of them. */
KILN_API void kiln_die_set_retained(kiln_debug *d, kiln_die list);

/** Sets the MD5 of a file's content, 16 bytes. */
KILN_API void kiln_die_set_md5(kiln_debug *d, const uint8_t *md5);

/** Makes the entries of a list, in order, the children of this entry. A member of a DW_TAG_variant_part, except the one
 * that DW_AT_discr names, is written in a DW_TAG_variant of its own, which takes over its DW_AT_discr_value. Members
 * without a parent are written in every entry that has the list, and must not be referred to (DW_TAG_subrange_type,
 * DW_TAG_enumerator, template parameters). */
KILN_API void kiln_die_set_children(kiln_debug *d, kiln_die list);

/** Sets the entry's result type and parameter types from a list, whose first member is the result type (0 for none).
 * This sets DW_AT_type and adds children DW_TAG_formal_parameter; a parameter type 0 becomes
 * DW_TAG_unspecified_parameters. DW_AT_artificial of a type becomes an attribute of the parameters of that type. */
KILN_API void kiln_die_set_signature(kiln_debug *d, kiln_die list);

/** Does the same for a function, taking the types from a DW_TAG_subroutine_type with a signature. For a definition, it
 * sets only DW_AT_type: a definition's parameters are variables. */
KILN_API void kiln_die_set_function_type(kiln_debug *d, kiln_die type);

/* ---- lists ---- */

/** Defines `e` as a list of `n_items` entries, each of which may be 0. */
KILN_API void kiln_die_begin_list(kiln_debug *d, kiln_die e, const kiln_die *items,
                                  uint32_t n_items);

/** Appends an entry, or 0, to the list that was defined last in the set. */
KILN_API void kiln_die_append(kiln_debug *d, kiln_die item);

/* ---- many entries of one form ---- */

/** The kind of an attribute's value in a kiln_die_shape_attr. */
typedef enum kiln_die_attr_kind {
  KILN_DIE_ATTR_UINT,   /**< kiln_die_set_uint, up to 32 bits */
  KILN_DIE_ATTR_WIDE,   /**< kiln_die_set_uint: two values, the low 32 bits and the high 32 bits */
  KILN_DIE_ATTR_INT,    /**< kiln_die_set_int: two values, like KILN_DIE_ATTR_WIDE */
  KILN_DIE_ATTR_FLAG,   /**< kiln_die_set_flag: no value */
  KILN_DIE_ATTR_STRING, /**< kiln_die_set_shared_string: the id of a nonempty string */
  KILN_DIE_ATTR_REF,    /**< kiln_die_set_ref: an entry's id, as for those below */
  KILN_DIE_ATTR_CHILDREN,      /**< kiln_die_set_children; `name` is 0 here and for those below */
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

/** The tag and attributes that many entries of a set have in common; only the attributes' values differ. Id 0 is
 * none. */
typedef struct kiln_die_shape {
  uint32_t id;  /**< opaque */
  uint32_t tag; /**< opaque */
} kiln_die_shape;

/** Returns the shape of entries with `tag` and `n_attrs` attributes, each name at most once. Equal calls return the
 * same shape. Returns id 0 if memory runs out, if `d` is NULL, or after an error, which fails the module. */
KILN_API kiln_die_shape kiln_die_shape_new(kiln_debug *d, uint32_t tag,
                                           const kiln_die_shape_attr *attrs, uint32_t n_attrs);

/** Does what kiln_die_begin and a call for each attribute of the shape would do, but faster. `values` has the values of
 * all attributes, in order. Further attributes may be added. Unknown entries and strings are ignored. */
KILN_API void kiln_die_begin_shaped(kiln_debug *d, kiln_die e, kiln_die_shape shape,
                                    kiln_die parent, const uint32_t *values);

/* ---- units, and what is written ---- */

/** Makes `e`, an entry of the module, a unit (DW_TAG_compile_unit). The unit is written, and so are the functions and
 * globals that name it as their unit. */
KILN_API void kiln_debug_add_unit(kiln_debug *d, kiln_die e);

/** Restricts what is written of a unit to its lines and, by name, to functions with the functions inlined into them. */
KILN_API void kiln_debug_set_lines_only(kiln_debug *d, kiln_die unit);

/** Writes entry `e` of the module (a global variable, a type) as part of `unit` even if nothing refers to it. If `e` is
 * a list, this applies to all its members. */
KILN_API void kiln_debug_keep(kiln_debug *d, kiln_die unit, kiln_die e);

/** Places a variable (DW_TAG_variable) of the module at the address of `symbol`, to which an expression of `expr_bytes`
 * bytes (DW_OP_..., copied) is applied. With symbol 0 it has no place, but the expression gives its value. If the
 * object does not define the symbol, the variable has no location. For the declaration (DW_TAG_subprogram) of a
 * function that the module does not define, `symbol` is the function, and there is no expression; entries of calls
 * refer to it. */
KILN_API void kiln_debug_set_global(kiln_debug *d, kiln_die variable, kiln_symbol symbol,
                                    const void *expr, size_t expr_bytes);

/* ---- location expressions ---- */

/** A location expression under construction. Zero-initialise it. */
typedef struct kiln_debug_expr {
  uint8_t bytes[120];  /**< for kiln_die_set_expr and the other calls that take an expression */
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
