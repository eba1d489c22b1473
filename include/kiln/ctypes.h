/* C types, their layout, and how the platform's ABI passes them, for front ends that call C or are called by it.
 * Describe types and signatures, and then build calls, parameters, results and variable arguments with C's types,
 * without knowing the ABI. Only the builder's public calls are used.
 *
 * The facts come from the System V x86-64 psABI 1.0 (sections 3.1.2, 3.2.3, 3.5.7) and AAPCS64 2024Q3 (5, 6.8, appendix
 * B), for Linux, little-endian. In calls, a scalar is a value whose type is kiln_ctype_info.value; everything else
 * (struct, union, complex) is the address of its memory.
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

/** The C types and signatures of a module. Several threads may share one as long as none of them adds to it, or each
 * thread may make its own. Errors that occur when adding stick to the module (kiln_module_status). If it is NULL, the
 * calls return "none". */
typedef struct kiln_ctypes kiln_ctypes;

/** A C type of one kiln_ctypes. A basic type's id is its kiln_ctype_kind in every kiln_ctypes. Id 0 is none. */
typedef struct kiln_ctype {
  uint32_t id; /**< 0 for none */
} kiln_ctype;

/** A C signature of one kiln_ctypes. Id 0 is none. */
typedef struct kiln_csig {
  uint32_t id; /**< 0 for none */
} kiln_csig;

/** Kinds of types. All before KILN_CTYPE_ARRAY are basic. An enumeration is represented by its integer type. */
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
  /** As a parameter only: the static chain (KILN_PARAM_CHAIN), which C does not have. */
  KILN_CTYPE_CHAIN,
  KILN_CTYPE_COMPLEX_FLOAT,   /**< float _Complex */
  KILN_CTYPE_COMPLEX_DOUBLE,  /**< double _Complex */
  KILN_CTYPE_COMPLEX_LDOUBLE, /**< long double _Complex */
  KILN_CTYPE_ARRAY,           /**< elements of one type */
  KILN_CTYPE_STRUCT,          /**< members one after another */
  KILN_CTYPE_UNION,           /**< members all at offset 0 */
  KILN_CTYPE_KIND_COUNT
} kiln_ctype_kind;

/** Makes an empty table for `m` and the ABI of its target. Returns NULL only if memory runs out or if `m` is NULL. */
KILN_API kiln_ctypes *kiln_ctypes_new(kiln_module *m);

/** Frees a table. NULL is allowed. */
KILN_API void kiln_ctypes_free(kiln_ctypes *c);

/** Switches C's default argument promotions of variadic arguments on (the initial state) or off. When they are off,
 * signatures made from then on pass a float as a float and a char as a char, and kiln_build_cva_arg accepts such types.
 * This is for front ends that promote arguments themselves, or for languages whose callers and callees do not
 * promote. */
KILN_API void kiln_ctypes_set_promotion(kiln_ctypes *c, bool on);

/* ---- types ---- */

/** Returns the basic type of a kind; none for kinds that are not basic. */
KILN_API kiln_ctype kiln_ctype_basic(kiln_ctype_kind kind);

/** Flags of a field. */
enum {
  KILN_CFIELD_BITS = 1,    /**< a bit-field of `bits` bits (0 for the one that ends a unit) */
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
  /** The type is never passed or returned in registers, even if it is empty: it is of class MEMORY on x86-64, and
   * treated as larger than 16 bytes on AArch64. The same applies to types that contain it. This is for types whose
   * content the front end does not describe. C has no such types. */
  bool in_memory;
  uint64_t reserved[1]; /**< 0 */
} kiln_ctype_options;

/** Makes a struct with `n_fields` members (0 for GNU C's empty struct, of size 0). `layout` may be NULL. A flexible
 * array must be the last member. Each call makes a new type. */
KILN_API kiln_ctype kiln_ctype_new_struct(kiln_ctypes *c, const kiln_ctype_options *layout,
                                          const kiln_cfield *fields, uint32_t n_fields);

/** Makes a union. */
KILN_API kiln_ctype kiln_ctype_new_union(kiln_ctypes *c, const kiln_ctype_options *layout,
                                         const kiln_cfield *fields, uint32_t n_fields);

/** Makes an array of `count` elements. */
KILN_API kiln_ctype kiln_ctype_new_array(kiln_ctypes *c, kiln_ctype of, uint64_t count);

/** Makes a flexible array member's type, `of name[]`. */
KILN_API kiln_ctype kiln_ctype_new_flexible(kiln_ctypes *c, kiln_ctype of);

/** Makes a type like `t` with another alignment (a power of two), as a typedef with the attribute `aligned` does. */
KILN_API kiln_ctype kiln_ctype_new_aligned(kiln_ctypes *c, kiln_ctype t, uint32_t align_bytes);

/** Describes a type. */
typedef struct kiln_ctype_info {
  kiln_ctype_kind kind; /**< its kind */
  uint64_t size_bytes;  /**< sizeof; 0 for void and flexible arrays */
  uint32_t align_bytes; /**< _Alignof */
  kiln_type value;      /**< scalars: the type of values; VOID for all others */
  bool is_signed;       /**< integers */
  kiln_ctype element;   /**< arrays */
  uint64_t count;       /**< arrays */
  uint32_t n_fields;    /**< structs and unions */
} kiln_ctype_info;

/** Returns the description of a type; all zero for none. */
KILN_API kiln_ctype_info kiln_ctype_get(const kiln_ctypes *c, kiln_ctype t);

/** Describes a member's place. A bit-field begins at bit `offset_bytes` * 8 + `bit_offset`. */
typedef struct kiln_cfield_info {
  kiln_ctype type;       /**< type of the member */
  uint64_t offset_bytes; /**< from the start of the struct */
  uint32_t bit_offset;   /**< bit-fields: 0 to 7; else 0 */
  uint32_t bits;         /**< bit-fields: width */
  uint8_t flags;         /**< KILN_CFIELD_... */
} kiln_cfield_info;

/** Returns the description of the i-th member; all zero if there is none. */
KILN_API kiln_cfield_info kiln_ctype_get_field(const kiln_ctypes *c, kiln_ctype t, uint32_t i);

/** Returns the type that C's default argument promotions convert `t` to. */
KILN_API kiln_ctype kiln_ctype_promote(const kiln_ctypes *c, kiln_ctype t);

/* ---- signatures ---- */

/** Makes a C signature, or finds an equal one: equal signatures have equal ids. `flags` are KILN_SIG_...; `result` may
 * be void. Parameters are scalars, complex numbers, structs or unions; arrays and functions must be passed as
 * pointers. */
KILN_API kiln_csig kiln_csig_new(kiln_ctypes *c, uint32_t flags, kiln_ctype result,
                                 const kiln_ctype *params, uint32_t n_params);

/** Returns the signature for a call of the variadic `sig` with `n_more` more arguments of the given types, which are
 * promoted as in C (unless kiln_ctypes_set_promotion switched that off). */
KILN_API kiln_csig kiln_csig_new_variadic(kiln_ctypes *c, kiln_csig sig, const kiln_ctype *more,
                                          uint32_t n_more);

/** Returns the signature as a kiln_sig, with which functions can be declared. */
KILN_API kiln_sig kiln_csig_sig(const kiln_ctypes *c, kiln_csig sig);

/* How arguments and results are passed. This is for front ends that need to know; the calls below do not require it. */

/** Ways to pass an argument or a result. */
typedef enum kiln_cpass {
  KILN_CPASS_NONE,      /**< not passed at all: void, empty structs */
  KILN_CPASS_VALUE,     /**< as a scalar: one parameter or result */
  KILN_CPASS_PIECES,    /**< in pieces: one parameter or result for each */
  KILN_CPASS_BYVAL,     /**< arguments: by a copy in the argument area */
  KILN_CPASS_REFERENCE, /**< arguments: by the address of a copy */
  KILN_CPASS_SRET,      /**< results: in memory whose address is the first parameter */
  KILN_CPASS_COUNT
} kiln_cpass;

/** A part of an aggregate that is passed as a separate scalar. */
typedef struct kiln_cpiece {
  kiln_type type;        /**< type of that scalar */
  uint32_t offset_bytes; /**< from the start of the aggregate */
  /** Number of bytes that belong to the aggregate, at most the type's size. */
  uint32_t size_bytes;
} kiln_cpiece;

/** The maximum number of pieces of an aggregate. */
#define KILN_MAX_CPIECES 4

/** Describes how one argument, or the result, is passed. */
typedef struct kiln_carg_info {
  kiln_ctype type;   /**< type after promotion */
  kiln_cpass pass;   /**< how it is passed */
  uint32_t param;    /**< arguments: index of its first parameter in the kiln_sig */
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
 * They append to the current block and make no blocks. Errors stick to the function. A _Bool is an i8
 * that is 0 or 1. */

/** Calls `callee` (given as for kiln_build_call) with one value per argument: the scalar itself, or for any other type
 * the address of memory to copy from. A promoted argument may be given in its own type or in the promoted one. A scalar
 * result is returned. Any other result is written to the address `result`, or to a new slot if `result` is none; the
 * callee must not be able to reach that memory in another way. The address is returned. */
KILN_API kiln_value kiln_build_ccall(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                     kiln_value callee, kiln_value result, const kiln_value *args,
                                     uint32_t n_args);

/** Builds the same call as a try (kiln_build_try). It ends the current block and returns to block `t->normal`, to which
 * no other edge may lead. Building continues there, with the value that kiln_build_ccall would return. Of `t`, only
 * that block and the fields that describe unwinding are used: unwind, unwind_args, n_unwind_args, clauses, n_clauses
 * and shared; `normal` gets no arguments. With <kiln/ssa.h>, record both edges by kiln_ssa_edge, and seal
 * `t->normal`. */
KILN_API kiln_value kiln_build_ctry(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                    kiln_value callee, kiln_value result, const kiln_try_desc *t,
                                    const kiln_value *args, uint32_t n_args);

/** Returns parameter `i` of `f`, whose signature is kiln_csig_sig of `sig`: a scalar, or the address of memory that
 * belongs to the function. Call it in the entry block, at most once for each parameter. */
KILN_API kiln_value kiln_build_cparam(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                      uint32_t i);

/** Returns from `f` with `value`: a scalar, the address of any other result, or none for void. */
KILN_API void kiln_build_creturn(kiln_func *f, const kiln_ctypes *c, kiln_csig sig,
                                 kiln_value value);

/** Returns the address to which the result of `f` is written, if it is returned in memory; otherwise none. A value that
 * is already at that address is not copied by kiln_build_creturn. */
KILN_API kiln_value kiln_build_cresult(kiln_func *f, const kiln_ctypes *c, kiln_csig sig);

/** Returns the next variadic argument, of type `t`, from the va_list at `ap`: a scalar, or the address of memory that
 * belongs to the function. `t` must be a type that C's default promotions do not change, unless
 * kiln_ctypes_set_promotion switched them off. */
KILN_API kiln_value kiln_build_cva_arg(kiln_func *f, const kiln_ctypes *c, kiln_ctype t,
                                       kiln_value ap);

#ifdef __cplusplus
}
#endif
#endif
