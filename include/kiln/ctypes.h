/* C types, their layout, and how the platform's ABI passes their values: for front ends whose code calls C functions or
 * is called by them. The front end describes the types and signatures of its program, and then builds calls, access to
 * parameters and variadic arguments, and returns in terms of C types. docs/building.md has an example.
 * - The ABIs: for little-endian Linux, the System V x86-64 psABI 1.0 (sections 3.1.2, 3.2.3, 3.5.7), and AAPCS64 2024Q3
 *   (sections 5 and 6.8, appendix B); for Windows, Microsoft's x64 ABI, with the types of MinGW.
 * - A scalar is passed as a value whose type is kiln_ctype_info.value, an object of any other type (struct, union,
 *   complex) by its address. */
#ifndef KILN_CTYPES_H
#define KILN_CTYPES_H

#include <kiln/exceptions.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A table of the C types and signatures of a module. If a function cannot add something to a table, the error sticks
 * to the module (kiln_module_status). If the table is NULL, the functions of this header return "none".
 * - Threads: several threads may share a table if no thread adds anything to it. Otherwise, each thread needs its own
 *   table. */
typedef struct kiln_ctypes kiln_ctypes;

/** A C type in a table (kiln_ctypes). In every table, the id of a basic type is the kiln_ctype_kind of the type, and
 * the ids of other types begin at 256. Id 0 means none. */
typedef struct kiln_ctype {
  uint32_t id; /**< 0 for none */
} kiln_ctype;

/** A C signature of one kiln_ctypes. Id 0 is none. */
typedef struct kiln_csig {
  uint32_t id; /**< 0 for none */
} kiln_csig;

/** Kinds of C types. The kinds below 256 are basic types. To describe an enumeration, use its integer
 * type. */
typedef enum kiln_ctype_kind {
  KILN_CTYPE_NONE,    /**< no type */
  KILN_CTYPE_VOID,    /**< void */
  KILN_CTYPE_BOOL,    /**< _Bool */
  KILN_CTYPE_CHAR,    /**< signed on x86-64, unsigned on AArch64 */
  KILN_CTYPE_SCHAR,   /**< signed char */
  KILN_CTYPE_UCHAR,   /**< unsigned char */
  KILN_CTYPE_SHORT,   /**< short */
  KILN_CTYPE_USHORT,  /**< unsigned short */
  KILN_CTYPE_INT,     /**< int */
  KILN_CTYPE_UINT,    /**< unsigned int */
  KILN_CTYPE_LONG,    /**< long: 8 bytes; on Windows 4 */
  KILN_CTYPE_ULONG,   /**< unsigned long */
  KILN_CTYPE_LLONG,   /**< long long */
  KILN_CTYPE_ULLONG,  /**< unsigned long long */
  KILN_CTYPE_INT128,  /**< __int128 */
  KILN_CTYPE_UINT128, /**< unsigned __int128 */
  KILN_CTYPE_FLOAT,   /**< float */
  KILN_CTYPE_DOUBLE,  /**< double */
  KILN_CTYPE_LDOUBLE, /**< x86-64: F80 in 16 bytes; AArch64: F128 */
  KILN_CTYPE_POINTER, /**< to anything */
  /** The static chain (KILN_PARAM_CHAIN). C has no such type. Use this type only for parameters. */
  KILN_CTYPE_CHAIN,
  KILN_CTYPE_COMPLEX_FLOAT,   /**< float _Complex */
  KILN_CTYPE_COMPLEX_DOUBLE,  /**< double _Complex */
  KILN_CTYPE_COMPLEX_LDOUBLE, /**< long double _Complex */
  KILN_CTYPE_ARRAY = 256,     /**< elements of one type */
  KILN_CTYPE_STRUCT,          /**< members one after another */
  KILN_CTYPE_UNION,           /**< members all at offset 0 */
  KILN_CTYPE_KIND_COUNT
} kiln_ctype_kind;

/** Makes an empty table for the module `m`. The table uses the ABI of the module's target.
 * - Returns NULL if memory runs out, if `m` is NULL, or, with KILN_ERR_UNSUPPORTED in the module, if Kiln does not know
 *   the ABI of the target. */
KILN_API kiln_ctypes *kiln_ctypes_new(kiln_module *m);

/** Frees a table. NULL is allowed. */
KILN_API void kiln_ctypes_free(kiln_ctypes *c);

/** Switches C's default argument promotions for variadic arguments on or off. They are on initially. While they are
 * off, new signatures pass a variadic float as a float, and a variadic char as a char, and kiln_build_cva_arg accepts
 * these types. Switch them off in front ends that promote arguments themselves, and for languages in which neither
 * callers nor callees do. */
KILN_API void kiln_ctypes_set_promotion(kiln_ctypes *c, bool on);

/* ---- types ---- */

/** Returns the basic type of the given kind. Returns none if the kind is not a basic type. */
KILN_API kiln_ctype kiln_ctype_basic(kiln_ctype_kind kind);

/** Flags of a field. */
enum {
  /** A bit-field with a width of `bits` bits. As in C, width 0 means that the next bit-field begins in a new unit. */
  KILN_CFIELD_BITS = 1,
  KILN_CFIELD_UNNAMED = 2, /**< a bit-field without a name: padding */
  KILN_CFIELD_PACKED = 4   /**< the attribute `packed` on the field */
};

/** A member of a struct or union. Zero-initialise the fields that do not apply. */
typedef struct kiln_cfield {
  kiln_ctype type; /**< type of the member */
  uint32_t
    align_bytes; /**< The alignment that _Alignas or the attribute `aligned` gives to the member. 0 for none. */
  uint32_t bits;        /**< BITS: width, at most that of the type */
  uint32_t flags;       /**< KILN_CFIELD_... */
  uint64_t reserved[2]; /**< 0 */
} kiln_cfield;

/** Attributes of a struct or union. */
typedef struct kiln_ctype_options {
  bool packed;          /**< the attribute `packed` */
  uint32_t pack_bytes;  /**< `#pragma pack(n)`; 0 for none */
  uint32_t align_bytes; /**< the attribute `aligned`; 0 for none */
  /** If true, calls never pass or return values of the type, or of a type that contains it, in registers, even if the
   * type is empty: on x86-64, the type has the class MEMORY; on AArch64, calls treat it as if it were larger than 16
   * bytes. Set this field for types whose content the front end does not describe. C has no such types. */
  bool in_memory;
  uint64_t reserved[4]; /**< 0 */
} kiln_ctype_options;

/** Makes a struct with `n_fields` members. If `n_fields` is 0, the struct is empty and has size 0, as in GNU C.
 * `layout` may be NULL. A flexible array must be the last member.
 * - Returns a new type for each call. */
KILN_API kiln_ctype kiln_ctype_new_struct(kiln_ctypes *c, const kiln_ctype_options *layout,
                                          const kiln_cfield *fields, uint32_t n_fields);

/** Makes a union. */
KILN_API kiln_ctype kiln_ctype_new_union(kiln_ctypes *c, const kiln_ctype_options *layout,
                                         const kiln_cfield *fields, uint32_t n_fields);

/** Makes an array of `count` elements. */
KILN_API kiln_ctype kiln_ctype_new_array(kiln_ctypes *c, kiln_ctype of, uint64_t count);

/** Makes a flexible array member's type, `of name[]`. Front ends of C need it for the last member of a struct. */
KILN_API kiln_ctype kiln_ctype_new_flexible(kiln_ctypes *c, kiln_ctype of);

/** Makes a type that differs from `t` only in its alignment. The alignment must be a power of two. The new type is like
 * a typedef with the attribute `aligned`, for which front ends of C need it. */
KILN_API kiln_ctype kiln_ctype_new_aligned(kiln_ctypes *c, kiln_ctype t, uint32_t align_bytes);

/** Describes a type. */
typedef struct kiln_ctype_info {
  kiln_ctype_kind kind; /**< its kind */
  uint64_t size_bytes;  /**< sizeof; 0 for void and flexible arrays */
  uint32_t align_bytes; /**< _Alignof */
  kiln_type value;      /**< For a scalar type, the type of its values. VOID for all other types. */
  bool is_signed;       /**< integers */
  kiln_ctype element;   /**< arrays */
  uint64_t count;       /**< arrays */
  uint32_t n_fields;    /**< structs and unions */
  uint64_t reserved[2]; /**< 0 */
} kiln_ctype_info;

/** Returns the description of a type; all zero for none. */
KILN_API kiln_ctype_info kiln_ctype_get(const kiln_ctypes *c, kiln_ctype t);

/** Describes a member of a struct or union. A bit-field begins at the bit `offset_bytes` * 8 + `bit_offset`. */
typedef struct kiln_cfield_info {
  kiln_ctype type;       /**< type of the member */
  uint64_t offset_bytes; /**< from the start of the struct */
  uint32_t bit_offset;   /**< bit-fields: 0 to 7; else 0 */
  uint32_t bits;         /**< bit-fields: width */
  uint32_t flags;        /**< KILN_CFIELD_... */
  uint64_t reserved[2];  /**< 0 */
} kiln_cfield_info;

/** Returns the description of member number `i` of a struct or union. Returns all zero if there is no such member. */
KILN_API kiln_cfield_info kiln_ctype_get_field(const kiln_ctypes *c, kiln_ctype t, uint32_t i);

/** Returns the type to which C's default argument promotions convert `t`. */
KILN_API kiln_ctype kiln_ctype_promote(const kiln_ctypes *c, kiln_ctype t);

/* ---- signatures ---- */

/** Makes a C signature, or finds an equal one, which has the same id. `flags` are KILN_SIG_... The type `result` may be
 * void. Parameters may be scalars, complex numbers, structs and unions; pass arrays and functions as pointers.
 * - Fails with KILN_ERR_UNSUPPORTED, in the module, if `cc` is not KILN_CC_C. */
KILN_API kiln_csig kiln_csig_new(kiln_ctypes *c, kiln_cc cc, uint32_t flags,
                                 const kiln_ctype *params, uint32_t n_params, kiln_ctype result);

/** Returns the signature of a call with variadic arguments. `sig` is the variadic signature of the callee. `more`
 * contains the types of the `n_more` variadic arguments. kiln_csig_new_variadic promotes these types as in C, unless
 * kiln_ctypes_set_promotion has switched promotions off. */
KILN_API kiln_csig kiln_csig_new_variadic(kiln_ctypes *c, kiln_csig sig, const kiln_ctype *more,
                                          uint32_t n_more);

/** Returns the kiln_sig of the C signature. Use the kiln_sig to declare functions. */
KILN_API kiln_sig kiln_csig_sig(const kiln_ctypes *c, kiln_csig sig);

/* The enumeration kiln_cpass describes how calls pass an argument or a result. Front ends that use only
 * kiln_build_ccall and the functions after it do not need this enumeration. */

/** Ways to pass an argument or a result. */
typedef enum kiln_cpass {
  KILN_CPASS_NONE,      /**< not passed at all: void, empty structs */
  KILN_CPASS_VALUE,     /**< as a scalar: one parameter or result */
  KILN_CPASS_PIECES,    /**< in pieces: one parameter or result for each piece */
  KILN_CPASS_BYVAL,     /**< arguments: as a copy in the stack's argument area */
  KILN_CPASS_REFERENCE, /**< arguments: by the address of a copy */
  /** For results: the caller passes an address as the first parameter. The callee writes the result to the memory at
   * this address. */
  KILN_CPASS_SRET,
  KILN_CPASS_COUNT
} kiln_cpass;

/** A piece of an aggregate. Calls pass each piece as a separate scalar. */
typedef struct kiln_cpiece {
  kiln_type type;        /**< type of the scalar */
  uint32_t offset_bytes; /**< from the start of the aggregate */
  /** The number of bytes of the piece that belong to the aggregate. This is at most the size of `type`. */
  uint32_t size_bytes;
} kiln_cpiece;

/** The maximum number of pieces of an aggregate. */
#define KILN_MAX_CPIECES 4

/** Describes how one argument, or the result, is passed. */
typedef struct kiln_carg_info {
  kiln_ctype type;   /**< type after promotion */
  kiln_cpass pass;   /**< how the argument or result is passed */
  uint32_t param;    /**< arguments: index of the argument's first parameter in the kiln_sig */
  uint32_t n_pieces; /**< number of `pieces`, with KILN_CPASS_PIECES */
  kiln_cpiece pieces[KILN_MAX_CPIECES]; /**< in order */
} kiln_carg_info;

/** Returns the description of argument number `i` of a signature. Returns all zero if there is no such argument. Front
 * ends that build calls by themselves, and programs that call C functions without Kiln's code, need it. */
KILN_API kiln_carg_info kiln_csig_get_arg(const kiln_ctypes *c, kiln_csig sig, uint32_t i);

/** Returns the description of a signature's result, for the users of kiln_csig_get_arg. */
KILN_API kiln_carg_info kiln_csig_get_result(const kiln_ctypes *c, kiln_csig sig);

/* ---- calls ----
 * The functions below append instructions to the current block. They make no blocks. kiln_build_ctry ends the current
 * block and switches to another block. The other functions below stay in the current block. Errors stick to the
 * function. A _Bool is an i8 that is 0 or 1. */

/** Builds a call to `callee`, which has the same form as for kiln_build_call.
 * - `args` has one value for each argument: the scalar itself, or, for any other type, the address of memory from which
 *   the call copies the argument. If the call promotes an argument, the value may have the original type or the
 *   promoted type.
 * - Returns a scalar result as a value. Any other result is written to memory, whose address is returned: to a new slot
 *   if `result` is none, or else to the address `result`. The callee must then have no other access to that memory, for
 *   example through an argument or a global variable. */
KILN_API kiln_value kiln_build_ccall(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                     kiln_value callee, kiln_value result, const kiln_value *args,
                                     uint32_t n_args);

/** Builds the same call as kiln_build_ccall, but as a TRY (kiln_build_try), which ends the current block. The call
 * returns to the block `t->normal`, which must have no other predecessor, and becomes the current block.
 * - Returns the value that kiln_build_ccall would return, for use in the block `t->normal`.
 * - Uses only these fields of `t`: normal, unwind, unwind_args, n_unwind_args, clauses, n_clauses and shared. It passes
 *   no arguments to `normal`.
 * - If you use <kiln/ssa.h>, record both edges with kiln_ssa_edge, and seal `t->normal`. */
KILN_API kiln_value kiln_build_ctry(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                    kiln_value callee, kiln_value result, const kiln_try_desc *t,
                                    const kiln_value *args, uint32_t n_args);

/** Returns parameter number `i` of the function `f`: a scalar as a value, any other type by its address. The signature
 * of `f` must be the kiln_csig_sig of `sig`. Call kiln_build_cparam in the entry block, at most once for each
 * parameter.
 * - Owns: the function owns the memory at the address. */
KILN_API kiln_value kiln_build_cparam(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                      uint32_t i);

/** Builds the return from the function `f`. If the result is a scalar, `value` is the result. If the result has any
 * other type, `value` is the address of the result. If the result type is void, `value` is none. */
KILN_API void kiln_build_creturn(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                 kiln_value value);

/** Returns the address to which the function `f` writes its result. If the ABI does not return the result in memory,
 * kiln_build_cresult returns none. If the front end passes this address to kiln_build_creturn, kiln_build_creturn
 * copies nothing. For front ends whose functions build a large result in place. */
KILN_API kiln_value kiln_build_cresult(kiln_func *f, const kiln_ctypes *c, kiln_csig sig);

/** Returns the next variadic argument, of the type `t`, from the va_list at the address `ap`: a scalar as a value, any
 * other type by its address. `t` must be a type that C's default argument promotions do not change, unless
 * kiln_ctypes_set_promotion has switched promotions off.
 * - Owns: the memory at the address belongs to the function `f`. */
KILN_API kiln_value kiln_build_cva_arg(kiln_func *f, const kiln_ctypes *c, kiln_ctype t,
                                       kiln_value ap);

#ifdef __cplusplus
}
#endif
#endif
