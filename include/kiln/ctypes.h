/* C types, their layout, and the way in which the platform's ABI passes them. This is for front ends whose code calls C
 * functions or is called by C functions. The front end describes types and signatures. It can then build calls, access
 * parameters and variadic arguments, and return results in terms of C types, without knowledge of the ABI. This helper
 * uses only the builder's public functions.
 *
 * The ABIs are the System V x86-64 psABI 1.0 (sections 3.1.2, 3.2.3, 3.5.7) and AAPCS64 2024Q3 (sections 5 and 6.8,
 * appendix B), for little-endian Linux. In calls, a scalar is passed to this helper as a value whose type is
 * kiln_ctype_info.value. For all other types (struct, union, complex), the address of the object is passed.
 *
 *     kiln_ctypes *c = kiln_ctypes_new(m);                       // struct point { double x, y; };
 *     kiln_ctype real = kiln_ctype_basic(KILN_CTYPE_DOUBLE);
 *     kiln_ctype point = kiln_ctype_new_struct(c, NULL, (kiln_cfield[]){{.type = real}, {.type = real}}, 2);
 *     kiln_csig sig = kiln_csig_new(c, 0, point, (kiln_ctype[]){point, real}, 2);
 *     kiln_symbol scale = kiln_func_declare(m, &(kiln_symbol_desc){.name = "scale"},
 *                                           kiln_csig_sig(c, sig)); // struct point scale(struct point, double)
 *     kiln_func *f = kiln_func_begin(s, scale);
 *     kiln_value p = kiln_build_cparam(f, c, sig, 0);             // address of the parameter
 *     kiln_value by = kiln_build_cparam(f, c, sig, 1);            // an f64
 *     for (int32_t at = 0; at < 16; at += 8) {
 *       kiln_value v = kiln_build_load(f, KILN_TYPE_F64, p, at, 0);
 *       v = kiln_build_binary(f, KILN_OP_FMUL, KILN_TYPE_F64, v, by);
 *       kiln_build_store(f, KILN_TYPE_F64, p, at, v, 0);
 *     }
 *     kiln_build_creturn(f, c, sig, p);
 *     kiln_func_compile(f);
 *     // and elsewhere: result = scale(*from, 2.0)
 *     kiln_build_ccall(g, c, sig, kiln_const_symbol(g, scale, 0), result,
 *                      (kiln_value[]){from, kiln_const_f64(g, 2.0)}, 2); */
#ifndef KILN_CTYPES_H
#define KILN_CTYPES_H

#include <kiln/exceptions.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A table of the C types and signatures of a module. Several threads may share a table as long as no thread adds to
 * it; otherwise, each thread needs a table of its own. Errors that occur when something is added stick to the module
 * (kiln_module_status). If the table is NULL, functions return "none". */
typedef struct kiln_ctypes kiln_ctypes;

/** A C type in a kiln_ctypes. In every kiln_ctypes, the id of a basic type is its kiln_ctype_kind. Id 0 means none. */
typedef struct kiln_ctype {
  uint32_t id; /**< 0 for none */
} kiln_ctype;

/** A C signature of one kiln_ctypes. Id 0 is none. */
typedef struct kiln_csig {
  uint32_t id; /**< 0 for none */
} kiln_csig;

/** Kinds of types. The kinds before KILN_CTYPE_ARRAY are basic types. An enumeration is represented by its integer
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
  KILN_CTYPE_LONG,    /**< long: 8 bytes */
  KILN_CTYPE_ULONG,   /**< unsigned long */
  KILN_CTYPE_LLONG,   /**< long long */
  KILN_CTYPE_ULLONG,  /**< unsigned long long */
  KILN_CTYPE_INT128,  /**< __int128 */
  KILN_CTYPE_UINT128, /**< unsigned __int128 */
  KILN_CTYPE_FLOAT,   /**< float */
  KILN_CTYPE_DOUBLE,  /**< double */
  KILN_CTYPE_LDOUBLE, /**< x86-64: F80 in 16 bytes; AArch64: F128 */
  KILN_CTYPE_POINTER, /**< to anything */
  /** The static chain (KILN_PARAM_CHAIN), which C does not have. Only for parameters. */
  KILN_CTYPE_CHAIN,
  KILN_CTYPE_COMPLEX_FLOAT,   /**< float _Complex */
  KILN_CTYPE_COMPLEX_DOUBLE,  /**< double _Complex */
  KILN_CTYPE_COMPLEX_LDOUBLE, /**< long double _Complex */
  KILN_CTYPE_ARRAY,           /**< elements of one type */
  KILN_CTYPE_STRUCT,          /**< members one after another */
  KILN_CTYPE_UNION,           /**< members all at offset 0 */
  KILN_CTYPE_KIND_COUNT
} kiln_ctype_kind;

/** Makes an empty table for the module `m` and the ABI of its target. Returns NULL only if memory runs out or if `m` is
 * NULL. */
KILN_API kiln_ctypes *kiln_ctypes_new(kiln_module *m);

/** Frees a table. NULL is allowed. */
KILN_API void kiln_ctypes_free(kiln_ctypes *c);

/** Switches C's default argument promotions for variadic arguments on or off. They are on initially. While they are
 * off, new signatures pass a variadic float as a float and a variadic char as a char, and kiln_build_cva_arg accepts
 * such types. This is for front ends that promote arguments themselves, and for languages in which neither callers nor
 * callees promote. */
KILN_API void kiln_ctypes_set_promotion(kiln_ctypes *c, bool on);

/* ---- types ---- */

/** Returns the basic type of the given kind; none if the kind is not a basic type. */
KILN_API kiln_ctype kiln_ctype_basic(kiln_ctype_kind kind);

/** Flags of a field. */
enum {
  /** A bit-field of `bits` bits; width 0 means, as in C, that the next bit-field begins in a new unit. */
  KILN_CFIELD_BITS = 1,
  KILN_CFIELD_UNNAMED = 2, /**< a bit-field without a name: padding */
  KILN_CFIELD_PACKED = 4   /**< the attribute `packed` on the field */
};

/** A member of a struct or union. Zero-initialise what does not apply. */
typedef struct kiln_cfield {
  kiln_ctype type;      /**< type of the member */
  uint32_t align_bytes; /**< _Alignas, or the attribute `aligned` on the member; 0 for none */
  uint8_t bits;         /**< BITS: width, at most that of the type */
  uint8_t flags;        /**< KILN_CFIELD_... */
  uint64_t reserved[1]; /**< 0 */
} kiln_cfield;

/** Attributes of a struct or union. */
typedef struct kiln_ctype_options {
  bool packed;          /**< the attribute `packed` */
  uint32_t pack_bytes;  /**< `#pragma pack(n)`; 0 for none */
  uint32_t align_bytes; /**< the attribute `aligned`; 0 for none */
  /** The type is never passed or returned in registers, even if the type is empty. On x86-64, it has the class MEMORY;
   * on AArch64, it is treated as if it were larger than 16 bytes. This also applies to all types that contain the type.
   * It is for types whose content the front end does not describe. C has no such types. */
  bool in_memory;
  uint64_t reserved[1]; /**< 0 */
} kiln_ctype_options;

/** Makes a struct with `n_fields` members. 0 members make an empty struct, which has size 0 as in GNU C. `layout` may
 * be NULL. A flexible array must be the last member. Each call makes a new type. */
KILN_API kiln_ctype kiln_ctype_new_struct(kiln_ctypes *c, const kiln_ctype_options *layout,
                                          const kiln_cfield *fields, uint32_t n_fields);

/** Makes a union. */
KILN_API kiln_ctype kiln_ctype_new_union(kiln_ctypes *c, const kiln_ctype_options *layout,
                                         const kiln_cfield *fields, uint32_t n_fields);

/** Makes an array of `count` elements. */
KILN_API kiln_ctype kiln_ctype_new_array(kiln_ctypes *c, kiln_ctype of, uint64_t count);

/** Makes a flexible array member's type, `of name[]`. */
KILN_API kiln_ctype kiln_ctype_new_flexible(kiln_ctypes *c, kiln_ctype of);

/** Makes a type that differs from `t` only in its alignment, which must be a power of two. This is like a typedef with
 * the attribute `aligned`. */
KILN_API kiln_ctype kiln_ctype_new_aligned(kiln_ctypes *c, kiln_ctype t, uint32_t align_bytes);

/** Describes a type. */
typedef struct kiln_ctype_info {
  kiln_ctype_kind kind; /**< its kind */
  uint64_t size_bytes;  /**< sizeof; 0 for void and flexible arrays */
  uint32_t align_bytes; /**< _Alignof */
  kiln_type value;      /**< scalars: the type of their values; VOID for all other types */
  bool is_signed;       /**< integers */
  kiln_ctype element;   /**< arrays */
  uint64_t count;       /**< arrays */
  uint32_t n_fields;    /**< structs and unions */
} kiln_ctype_info;

/** Returns the description of a type; all zero for none. */
KILN_API kiln_ctype_info kiln_ctype_get(const kiln_ctypes *c, kiln_ctype t);

/** Describes a member of a struct or union. A bit-field begins at the bit `offset_bytes` * 8 + `bit_offset`. */
typedef struct kiln_cfield_info {
  kiln_ctype type;       /**< type of the member */
  uint64_t offset_bytes; /**< from the start of the struct */
  uint32_t bit_offset;   /**< bit-fields: 0 to 7; else 0 */
  uint32_t bits;         /**< bit-fields: width */
  uint8_t flags;         /**< KILN_CFIELD_... */
} kiln_cfield_info;

/** Returns the description of the i-th member of a struct or union; all zero if there is no such member. */
KILN_API kiln_cfield_info kiln_ctype_get_field(const kiln_ctypes *c, kiln_ctype t, uint32_t i);

/** Returns the type that C's default argument promotions convert `t` to. */
KILN_API kiln_ctype kiln_ctype_promote(const kiln_ctypes *c, kiln_ctype t);

/* ---- signatures ---- */

/** Makes a C signature, or finds an equal signature: equal signatures have equal ids. `flags` are KILN_SIG_... `result`
 * may be void. Parameters may be scalars, complex numbers, structs and unions. Pass arrays and functions as
 * pointers. */
KILN_API kiln_csig kiln_csig_new(kiln_ctypes *c, uint32_t flags, kiln_ctype result,
                                 const kiln_ctype *params, uint32_t n_params);

/** Returns the signature for a call with the variadic signature `sig` and `n_more` variadic arguments, whose types are
 * `more`. The types are promoted as in C, unless kiln_ctypes_set_promotion has switched promotions off. */
KILN_API kiln_csig kiln_csig_new_variadic(kiln_ctypes *c, kiln_csig sig, const kiln_ctype *more,
                                          uint32_t n_more);

/** Returns the kiln_sig of a C signature. Use it to declare functions. */
KILN_API kiln_sig kiln_csig_sig(const kiln_ctypes *c, kiln_csig sig);

/* How arguments and results are passed. Front ends that use only the functions under "calls" below do not need this. */

/** Ways to pass an argument or a result. */
typedef enum kiln_cpass {
  KILN_CPASS_NONE,      /**< not passed at all: void, empty structs */
  KILN_CPASS_VALUE,     /**< as a scalar: one parameter or result */
  KILN_CPASS_PIECES,    /**< in pieces: one parameter or result for each piece */
  KILN_CPASS_BYVAL,     /**< arguments: as a copy in the stack's argument area */
  KILN_CPASS_REFERENCE, /**< arguments: by the address of a copy */
  KILN_CPASS_SRET,      /**< results: in memory, whose address is passed as the first parameter */
  KILN_CPASS_COUNT
} kiln_cpass;

/** A part of an aggregate that is passed as a separate scalar. */
typedef struct kiln_cpiece {
  kiln_type type;        /**< type of that scalar */
  uint32_t offset_bytes; /**< from the start of the aggregate */
  /** Number of the piece's bytes that belong to the aggregate, at most the size of `type`. */
  uint32_t size_bytes;
} kiln_cpiece;

/** The maximum number of pieces of an aggregate. */
#define KILN_MAX_CPIECES 4

/** Describes how one argument, or the result, is passed. */
typedef struct kiln_carg_info {
  kiln_ctype type;   /**< type after promotion */
  kiln_cpass pass;   /**< how it is passed */
  uint32_t param;    /**< arguments: index of the argument's first parameter in the kiln_sig */
  uint32_t n_pieces; /**< number of `pieces`, with KILN_CPASS_PIECES */
  kiln_cpiece pieces[KILN_MAX_CPIECES]; /**< in order */
} kiln_carg_info;

/** Returns the number of a signature's arguments. */
KILN_API uint32_t kiln_csig_arg_count(const kiln_ctypes *c, kiln_csig sig);

/** Returns the description of a signature's i-th argument; all zero if there is none. */
KILN_API kiln_carg_info kiln_csig_get_arg(const kiln_ctypes *c, kiln_csig sig, uint32_t i);

/** Returns the description of a signature's result. */
KILN_API kiln_carg_info kiln_csig_get_result(const kiln_ctypes *c, kiln_csig sig);

/* ---- calls ----
 * These functions append to the current block and make no blocks. Only kiln_build_ctry makes another block the current
 * block. Errors stick to the function. A _Bool is an i8 that is 0 or 1. */

/** Builds a call to `callee`, which is given as for kiln_build_call. `args` has one value for each argument: for a
 * scalar, the scalar itself; for any other type, the address of memory from which the argument is copied. If an
 * argument is promoted, its value may have either the original or the promoted type. If the result is a scalar, returns
 * the result. Otherwise, the result is written to the address `result`, or to a new slot if `result` is none, and this
 * address is returned. The callee must not be able to access the memory at `result` in any other way. */
KILN_API kiln_value kiln_build_ccall(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                     kiln_value callee, kiln_value result, const kiln_value *args,
                                     uint32_t n_args);

/** Builds the same call as kiln_build_ccall, but as a TRY (kiln_build_try). The TRY ends the current block. The call
 * returns to the block `t->normal`, which must have no other predecessor and becomes the current block. Returns the
 * value that kiln_build_ccall would return, for use in that block. Of `t`, only `normal` and the fields that describe
 * unwinding are used: unwind, unwind_args, n_unwind_args, clauses, n_clauses and shared. No arguments are passed to
 * `normal`. If you use <kiln/ssa.h>, record both edges with kiln_ssa_edge, and seal `t->normal`. */
KILN_API kiln_value kiln_build_ctry(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                    kiln_value callee, kiln_value result, const kiln_try_desc *t,
                                    const kiln_value *args, uint32_t n_args);

/** Returns the parameter `i` of `f`, whose signature must be the kiln_csig_sig of `sig`. A scalar parameter is returned
 * as a value. For any other type, returns the address of the parameter, in memory that belongs to the function. Call
 * this function in the entry block, at most once for each parameter. */
KILN_API kiln_value kiln_build_cparam(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                      uint32_t i);

/** Builds the return from `f`. `value` is the result if it is a scalar, the address of the result if it has any other
 * type, and none for void. */
KILN_API void kiln_build_creturn(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                 kiln_value value);

/** Returns the address to which the result of `f` is written if the ABI returns it in memory; otherwise none. If the
 * front end passes this address to kiln_build_creturn, nothing is copied. */
KILN_API kiln_value kiln_build_cresult(kiln_func *f, const kiln_ctypes *c, kiln_csig sig);

/** Returns the next variadic argument, which has the type `t`, from the va_list at the address `ap`. A scalar is
 * returned as a value. For any other type, returns the address of the argument, in memory that belongs to the function.
 * `t` must be a type that C's default argument promotions do not change, unless kiln_ctypes_set_promotion has switched
 * promotions off. */
KILN_API kiln_value kiln_build_cva_arg(kiln_func *f, const kiln_ctypes *c, kiln_ctype t,
                                       kiln_value ap);

#ifdef __cplusplus
}
#endif
#endif
