/* Basic types of the Kiln API: value types, handles, status codes, diagnostics, and the allocator. Every other public
 * header includes this header. Of the functions in this header, only the functions of kiln_buffer allocate memory or
 * can fail. */
#ifndef KILN_TYPES_H
#define KILN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marks the symbols that the libraries export. */
#if defined(__ELF__)
#define KILN_API __attribute__((visibility("default")))
#else
#define KILN_API
#endif

/** Major version of the headers. `kiln_version()` returns the version of the library. */
#define KILN_VERSION_MAJOR 0
/** Minor version of the headers. */
#define KILN_VERSION_MINOR 2
/** Patch version of the headers. */
#define KILN_VERSION_PATCH 0

/** Returns the version of the linked library, as major * 1000000 + minor * 1000 + patch. */
KILN_API uint32_t kiln_version(void);

/** Types of IR values. A pointer is an I64. The result of a comparison is an I8 that is 0 or 1. */
typedef enum kiln_type {
  KILN_TYPE_VOID, /**< no value */
  KILN_TYPE_I8,   /**< 8-bit integer; also a condition */
  KILN_TYPE_I16,  /**< 16-bit integer */
  KILN_TYPE_I32,  /**< 32-bit integer */
  KILN_TYPE_I64,  /**< 64-bit integer; also an address */
  KILN_TYPE_I128, /**< 128-bit integer */
  KILN_TYPE_F16, /**< IEEE 754 binary16. AArch64 only, and only for FPROMOTE, FDEMOTE and BITCAST. */
  KILN_TYPE_F32,  /**< IEEE 754 binary32 */
  KILN_TYPE_F64,  /**< IEEE 754 binary64 */
  KILN_TYPE_F80,  /**< x87 extended precision, which is x86-64's long double; x86-64 only */
  KILN_TYPE_F128, /**< IEEE 754 binary128; AArch64 only */
  KILN_TYPE_V64,  /**< 64-bit vector; each instruction gives the type of the lanes */
  KILN_TYPE_V128, /**< 128-bit vector */
  KILN_TYPE_COUNT
} kiln_type;

/** The type of addresses. */
#define KILN_TYPE_PTR KILN_TYPE_I64

/** Returns the size in bytes that a value of the type `t` has in memory. Returns 0 for VOID. An F80 takes 16 bytes.
 * Only 10 of these bytes are used. */
KILN_API uint32_t kiln_type_size(kiln_type t);
/** Returns the name of a type in the text form ("i32"). Returns "?" for a number that is not a type. The string has
 * static storage. */
KILN_API const char *kiln_type_name(kiln_type t);

/** Returns true for the integer types, I8 to I128. */
KILN_API bool kiln_type_is_int(kiln_type t);
/** Returns true for the floating-point types, F16 to F128. */
KILN_API bool kiln_type_is_float(kiln_type t);

/** An operand that belongs to one function: a value, a constant, the address of a stack slot, or a forward value. It is
 * valid until the function is finished. Id 0 is "none"; a builder call that needs an operand and gets "none" returns
 * "none". */
typedef struct kiln_value {
  uint32_t id; /**< 0 for none */
} kiln_value;

/** A block of one function. Blocks have consecutive ids, in the order in which they were made. The entry block has id
 * 0. Id UINT32_MAX means none. */
typedef struct kiln_block {
  uint32_t id; /**< UINT32_MAX for none */
} kiln_block;

/** A symbol of a module. A symbol is a function, data, or an alias. Ids count from 1. Id 0 means none. */
typedef struct kiln_symbol {
  uint32_t id; /**< 0 for none */
} kiln_symbol;

/** A function signature of a module. Kiln interns signatures. Equal signatures therefore have equal ids. Id 0 means
 * none. */
typedef struct kiln_sig {
  uint32_t id; /**< 0 for none */
} kiln_sig;

/** Status codes that calls return. */
typedef enum kiln_status {
  KILN_OK,            /**< no error */
  KILN_ERR_MEMORY,    /**< the allocator returned NULL */
  KILN_ERR_ARGUMENT,  /**< a handle or number is out of range */
  KILN_ERR_TYPE,      /**< an operand has the wrong type */
  KILN_ERR_STRUCTURE, /**< unterminated block, missing edge argument, unbound forward value, ... */
  /** A use of a value is not dominated by the value's definition (verifier only). */
  KILN_ERR_DOMINANCE,
  /** A symbol is defined twice, or its definition does not match its declaration. */
  KILN_ERR_SYMBOL,
  KILN_ERR_SYNTAX,      /**< malformed text or bitcode */
  KILN_ERR_UNSUPPORTED, /**< valid, but not implemented (for this target) */
  KILN_ERR_LIMIT,       /**< larger than Kiln can represent */
  /** A file could not be read or written, or the assembler could not be started. */
  KILN_ERR_IO,
  KILN_ERR_UNDEFINED, /**< interpreter only: undefined behaviour in the interpreted program */
  KILN_ERR_TRAP,      /**< interpreter only: the interpreted program traps */
  /** A bug in Kiln. Some of these bugs are found only in builds of Kiln with internal checks. */
  KILN_ERR_INTERNAL,
  KILN_ERR_SYSTEM, /**< JIT only: the operating system refused something */
  KILN_STATUS_COUNT
} kiln_status;

/** Returns the name of a status ("unsupported"). The string has static storage. */
KILN_API const char *kiln_status_name(kiln_status s);

/** The fields of a diagnostic that apply. The other fields apply if they are not empty or 0. */
enum {
  KILN_DIAG_BLOCK = 1,     /**< kiln_diag.block */
  KILN_DIAG_INST = 2,      /**< kiln_diag.inst */
  KILN_DIAG_BIT_OFFSET = 4 /**< kiln_diag.bit_offset */
};

/** A diagnostic. Fields that do not apply are empty or 0. */
typedef struct kiln_diag {
  kiln_status status;  /**< the kind of error */
  uint32_t has;        /**< KILN_DIAG_...: which of these fields apply */
  char module[128];    /**< name given to the module, usually the input file's */
  char function[128];  /**< symbol of the function, truncated if longer */
  uint32_t block;      /**< block id */
  uint32_t inst;       /**< number of the instruction in the printed text of its function */
  uint32_t line;       /**< text input: line, from 1; else 0 */
  uint32_t column;     /**< text input: column, from 1; else 0 */
  uint64_t bit_offset; /**< bitcode input: offset in bits */
  char message[256];   /**< one line, without a newline at its end */
  /** The source file in the instruction's location (kiln_func_set_loc). If the name is too long for this array, the
   * beginning of the name is missing. */
  char source[128];
  uint32_t source_line;   /**< line in `source`, from 1; or 0 */
  uint32_t source_column; /**< column in `source`, from 1; or 0 */
  uint64_t reserved[4];   /**< 0 */
} kiln_diag;

/** Writes the line `module:function:block:instruction: error: message (source:line:column)` to the `out_bytes` bytes at
 * `out`, which may be NULL if you need only the length. Fields that do not apply are omitted. For text input, the line
 * begins with `module:line:column:` and has no `(source:line:column)`.
 * - Returns the length of the whole line, including the part that did not fit. The line that is written always ends in
 *   a NUL. */
KILN_API size_t kiln_diag_format(const kiln_diag *d, char *out, size_t out_bytes);

/** An allocator that the user supplies. `realloc` behaves like C's realloc: if `old` is NULL, it allocates memory; if
 * `size` is 0, it frees `old` and returns NULL.
 * - Threads: every thread that uses the module may call `realloc`.
 * - Must not use the objects that allocate from it. If it tries to change or free a module that is not frozen, the
 *   module fails with KILN_ERR_STRUCTURE. Calls on a JIT that has its lock fail with the same status. */
typedef struct kiln_allocator {
  void *(*realloc)(void *user, void *old, size_t size); /**< allocates, resizes and frees */
  void *user;                                           /**< passed to `realloc` */
} kiln_allocator;

/** A growing array of bytes. Zero-initialise the struct. After the last use, call `kiln_buffer_free`. */
typedef struct kiln_buffer {
  uint8_t *data;            /**< NULL if nothing is allocated yet */
  size_t size;              /**< bytes in use */
  size_t capacity;          /**< bytes allocated */
  kiln_allocator allocator; /**< all zero for C's realloc */
} kiln_buffer;

/** Frees the bytes and sets every field except the allocator to zero. */
KILN_API void kiln_buffer_free(kiln_buffer *b);
/** Reserves space for `more_bytes` bytes after the `size` bytes that are in use. Returns the address of this space.
 * Returns NULL if memory runs out or if `b` is NULL. Does not change `size`. */
KILN_API uint8_t *kiln_buffer_reserve(kiln_buffer *b, size_t more_bytes);
/** Appends `size_bytes` bytes. Returns KILN_ERR_MEMORY if memory runs out. */
KILN_API kiln_status kiln_buffer_append(kiln_buffer *b, const void *bytes, size_t size_bytes);

#ifdef __cplusplus
}
#endif
#endif
