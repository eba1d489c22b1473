/* The binary interface of compiled WebAssembly modules. <kiln/wasm.h> compiles a module. This header defines the data
 * that the compiled code reads and writes, the functions that the compiled code calls, and the description of a module
 * (kiln_wasm_image). A runtime makes instances from the description. The interface is the same for objects and for code
 * in memory, and for all targets. docs/wasm.md explains the interface. This header does not need libkiln. */
#ifndef KILN_WASM_ABI_H
#define KILN_WASM_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of this interface, kiln_wasm_image.version. */
#define KILN_WASM_ABI_VERSION 1
/** Size of a page of memory in bytes. */
#define KILN_WASM_PAGE_BYTES 65536
/** Size in bytes of the address space that must follow the base of a 32-bit memory. This is the sum of 4 GiB for
 * indices, 4 GiB for offsets, and 64 KiB for the access itself. In this address space, every access outside the
 * memory's accessible size must fault. */
#define KILN_WASM_RESERVED_BYTES ((UINT64_C(1) << 33) + 65536)

/** Types of values. */
typedef enum kiln_wasm_type {
  KILN_WASM_TYPE_NONE,      /**< no type */
  KILN_WASM_TYPE_I32,       /**< 0x7f */
  KILN_WASM_TYPE_I64,       /**< 0x7e */
  KILN_WASM_TYPE_F32,       /**< 0x7d */
  KILN_WASM_TYPE_F64,       /**< 0x7c */
  KILN_WASM_TYPE_V128,      /**< 0x7b */
  KILN_WASM_TYPE_FUNCREF,   /**< 0x70: a kiln_wasm_func, or NULL */
  KILN_WASM_TYPE_EXTERNREF, /**< 0x6f: any address of the host; NULL is null */
  KILN_WASM_TYPE_EXNREF,    /**< 0x69: a kiln_wasm_exn, or NULL */
  KILN_WASM_TYPE_COUNT
} kiln_wasm_type;

/** A value of any type, as it is stored in arrays of values. Bytes that the value's type does not use are
 * unspecified. */
typedef union kiln_wasm_value {
  uint32_t i32;     /**< I32 */
  uint64_t i64;     /**< I64 */
  float f32;        /**< F32 */
  double f64;       /**< F64 */
  uint64_t v128[2]; /**< V128, low half first */
  void *ref;        /**< references */
} kiln_wasm_value;

/** Reasons for a trap. The texts in quotation marks come from the official test suite. */
typedef enum kiln_wasm_trap {
  KILN_WASM_TRAP_NULL_FUNCTION,     /**< "uninitialized element": call of a null reference */
  KILN_WASM_TRAP_UNREACHABLE,       /**< "unreachable" */
  KILN_WASM_TRAP_MEMORY,            /**< "out of bounds memory access" */
  KILN_WASM_TRAP_UNALIGNED,         /**< "unaligned atomic" */
  KILN_WASM_TRAP_TABLE,             /**< "out of bounds table access" */
  KILN_WASM_TRAP_UNDEFINED_ELEMENT, /**< "undefined element": call_indirect past the table's end */
  KILN_WASM_TRAP_SIGNATURE,         /**< "indirect call type mismatch" */
  KILN_WASM_TRAP_DIVIDE_BY_ZERO,    /**< "integer divide by zero" */
  KILN_WASM_TRAP_OVERFLOW,          /**< "integer overflow" */
  KILN_WASM_TRAP_CONVERSION,        /**< "invalid conversion to integer" */
  KILN_WASM_TRAP_STACK,             /**< "call stack exhausted" */
  KILN_WASM_TRAP_NULL_EXCEPTION,    /**< "null exception reference": throw_ref of null */
  KILN_WASM_TRAP_INTERRUPT,         /**< "interrupted": by the embedder */
  KILN_WASM_TRAP_FUEL,              /**< "out of fuel" */
  KILN_WASM_TRAP_NOT_SHARED, /**< "expected shared memory": a wait on a memory that is not shared */
  KILN_WASM_TRAP_LIMIT,      /**< "limit of the store exceeded": by exceptions */
  KILN_WASM_TRAP_COUNT
} kiln_wasm_trap;

/** Code can access a low address in order to trap. If code faults at an address below KILN_WASM_TRAP_COUNT *
 * KILN_WASM_TRAP_STEP, the fault is a trap. The number of the trap is the address, divided by KILN_WASM_TRAP_STEP. */
#define KILN_WASM_TRAP_STEP 64

/* ---- what is in an instance ---- */

/** A function to which a reference (FUNCREF) can point: the reference is the address of this struct, which stays valid
 * and unchanged as long as its instance exists. An instance has one for each function that it imports, which the
 * runtime copies from the exporting instance, and one for each of its own functions that the module exports or refers
 * to. */
typedef struct kiln_wasm_func {
  /** The code. The signature of the code is the signature of the function's type (docs/wasm.md). */
  void *code;
  void *instance;      /**< the first argument of `code` */
  uint32_t type_id;    /**< identifies its type: kiln_wasm_image.type_ids; never 0 */
  uint32_t type_index; /**< for the runtime's own use */
  void *user;          /**< for the runtime's own use */
} kiln_wasm_func;

/** A memory. `base` never changes; `size_bytes` never decreases. */
typedef struct kiln_wasm_memory {
  /** The first byte of the memory. For a 32-bit memory, KILN_WASM_RESERVED_BYTES bytes of address space follow the
   * first byte. */
  uint8_t *base;
  /** The accessible size, a multiple of KILN_WASM_PAGE_BYTES. For a shared memory, the runtime writes the size
   * atomically. */
  uint64_t size_bytes;
  uint64_t user[2]; /**< for the runtime's own use */
} kiln_wasm_memory;

/** A table. Its elements are references of 8 bytes each. */
typedef struct kiln_wasm_table {
  void **elements;        /**< the first element; may change when the table grows */
  uint64_t size_elements; /**< number of elements */
  uint64_t user[2];       /**< for the runtime's own use */
} kiln_wasm_table;

/** A tag, which is identified by its address. */
typedef struct kiln_wasm_tag {
  uint32_t type_id;  /**< as kiln_wasm_func.type_id */
  uint32_t reserved; /**< 0 */
  void *user;        /**< for the runtime's own use */
} kiln_wasm_tag;

/** An exception, made by kiln_wasmrt_exn_new. An EXNREF is the address of this struct. The values of the tag's
 * parameters follow it in memory, at `(kiln_wasm_value *)(exn + 1)`. */
typedef struct kiln_wasm_exn {
  const kiln_wasm_tag *tag; /**< the tag that was thrown */
  /** Nonzero if code may have kept a reference to the exception (catch_ref, catch_all_ref). kiln_wasmrt_exn_drop then
   * does not free the exception. */
  uint32_t escaped;
  uint32_t n_values; /**< number of values */
} kiln_wasm_exn;

/** The header of an instance, its fixed part. The header ends at the instance's address, so that its address is
 * `(kiln_wasm_header *)instance - 1`. All other parts lie below the header, at the negative offsets from the instance's
 * address that the image contains. */
typedef struct kiln_wasm_header {
  uint64_t user[3];                    /**< for the runtime's own use */
  const struct kiln_wasm_image *image; /**< the module's image */
  int64_t fuel;                        /**< KILN_WASM_FUEL: the fuel that is left */
  /** With KILN_WASM_INTERRUPT: the address of a byte. Code reads this byte in loops and at function entries. To
   * interrupt the code, the runtime makes the byte inaccessible. The read then faults. */
  const uint8_t *interrupt;
} kiln_wasm_header;

/** A function of the host. In the kiln_wasm_func of a function of the host, the field `code` is the
 * kiln_wasm_functype.host of the function's type. The field `instance` of the kiln_wasm_func is the address of the
 * kiln_wasm_host. */
typedef struct kiln_wasm_host {
  /** The host's function. It takes the arguments from `values` and writes the results to `values`. It returns NULL, or
   * an exception to throw. It may call what a kiln_wasmrt_host_fn may call. */
  kiln_wasm_exn *(*call)(void *user, kiln_wasm_value *values);
  void *call_user; /**< passed to `call` */
} kiln_wasm_host;

/* ---- the description of a module ---- */

/** An entry function, which calls `code`, the code of a WebAssembly function of a given type. The first argument of
 * `code` is `instance`; the others come from `values`, to which the results are written.
 * - Returns NULL, or the exception that the code threw and did not catch. */
typedef kiln_wasm_exn *(*kiln_wasm_entry_fn)(void *instance, void *code, kiln_wasm_value *values);

/** A function type. */
typedef struct kiln_wasm_functype {
  const uint8_t *types; /**< kiln_wasm_type: the parameters, then the results */
  uint32_t n_params;    /**< number of parameters */
  uint32_t n_results;   /**< number of results */
  /** A function that calls functions of this function type from C. NULL if no function of this function type is
   * exported or referred to. */
  kiln_wasm_entry_fn entry;
  /** Code that calls a function of the host (kiln_wasm_host) whose WebAssembly type is this function type. NULL if no
   * imported function has this function type. */
  void *host;
} kiln_wasm_functype;

/** Kinds of imports and exports. */
typedef enum kiln_wasm_kind {
  KILN_WASM_FUNC,   /**< a function */
  KILN_WASM_TABLE,  /**< a table */
  KILN_WASM_MEMORY, /**< a memory */
  KILN_WASM_GLOBAL, /**< a global */
  KILN_WASM_TAG,    /**< a tag */
  KILN_WASM_KIND_COUNT
} kiln_wasm_kind;

/** A name in valid UTF-8, which may contain NULs. */
typedef struct kiln_wasm_name {
  const char *text;   /**< not NUL-terminated */
  size_t text_length; /**< in bytes */
} kiln_wasm_name;

/** An import. `kind` selects one of the image's arrays (`funcs`, `tables`, ...). The entry at `index` in this array
 * describes the import. In each of these arrays, imports come first. */
typedef struct kiln_wasm_import {
  kiln_wasm_name module; /**< the module to import from */
  kiln_wasm_name name;   /**< the name to import */
  uint32_t kind;         /**< kiln_wasm_kind */
  uint32_t index;        /**< index among all entities of this kind */
} kiln_wasm_import;

/** An export. */
typedef struct kiln_wasm_export {
  kiln_wasm_name name; /**< the name to export as */
  uint32_t kind;       /**< kiln_wasm_kind */
  uint32_t index;      /**< index among all entities of this kind */
} kiln_wasm_export;

/** Operations of constant expressions. The operations push values on a stack and pop values from the stack. At the end,
 * the stack contains one value. This value is the value of the expression. */
typedef enum kiln_wasm_const_kind {
  KILN_WASM_CONST_VALUE, /**< pushes `value`, of any type (including null references) */
  /** Pushes the value of the global with the number `index`. This global precedes the global that is being
   * initialised. */
  KILN_WASM_CONST_GLOBAL,
  KILN_WASM_CONST_FUNC,    /**< pushes a reference to function `index` */
  KILN_WASM_CONST_I32_ADD, /**< pops two values, pushes their sum */
  KILN_WASM_CONST_I32_SUB, /**< pops two values, pushes their difference */
  KILN_WASM_CONST_I32_MUL, /**< pops two values, pushes their product */
  KILN_WASM_CONST_I64_ADD, /**< pops two values, pushes their sum */
  KILN_WASM_CONST_I64_SUB, /**< pops two values, pushes their difference */
  KILN_WASM_CONST_I64_MUL, /**< pops two values, pushes their product */
  KILN_WASM_CONST_KIND_COUNT
} kiln_wasm_const_kind;

/** One operation of a constant expression. */
typedef struct kiln_wasm_const_op {
  uint32_t kind;         /**< kiln_wasm_const_kind */
  uint32_t index;        /**< GLOBAL, FUNC */
  kiln_wasm_value value; /**< VALUE */
} kiln_wasm_const_op;

/** A valid constant expression. The runtime evaluates the expression when it makes an instance. */
typedef struct kiln_wasm_const {
  const kiln_wasm_const_op *ops; /**< in order */
  uint32_t n_ops;                /**< number of operations; 0 if there is no expression */
  uint32_t max_stack;            /**< maximum number of values on the stack */
} kiln_wasm_const;

/** Limits of a table or memory. */
typedef struct kiln_wasm_limits {
  uint64_t min; /**< initial and minimum size, in elements or pages */
  uint64_t max; /**< maximum size; UINT64_MAX if not given */
  bool is_64;   /**< addresses and sizes are I64 instead of I32 */
  bool shared;  /**< memories: shared between threads */
} kiln_wasm_limits;

/** A function of the module. If nothing in the module refers to the function, `code` may be NULL and `slot` may be
 * 0. */
typedef struct kiln_wasm_image_func {
  void *code;          /**< NULL if imported */
  kiln_wasm_name name; /**< from the name section; empty for none */
  uint32_t type;       /**< index of its kiln_wasm_functype */
  /** Offset of the function's kiln_wasm_func in the instance. 0 if the function has no kiln_wasm_func. */
  int32_t slot;
} kiln_wasm_image_func;

/** A table of the module. */
typedef struct kiln_wasm_image_table {
  /** The limits of the table. If the table is an import, these are the limits that the import must match. */
  kiln_wasm_limits limits;
  kiln_wasm_const init; /**< initial value of all elements; none for null */
  uint8_t type;         /**< kiln_wasm_type, which is a reference */
  /** An offset in the instance. If the table is an import, a pointer to the kiln_wasm_table is at this offset.
   * Otherwise, the kiln_wasm_table itself is at this offset. */
  int32_t slot;
} kiln_wasm_image_table;

/** A memory of the module. */
typedef struct kiln_wasm_image_memory {
  /** The limits of the memory. If the memory is an import, these are the limits that the import must match. */
  kiln_wasm_limits limits;
  /** An offset in the instance. If the memory is an import, a pointer to the kiln_wasm_memory is at this offset.
   * Otherwise, the kiln_wasm_memory itself is at this offset. */
  int32_t slot;
  /** An offset in the instance. The runtime must copy the memory's base to this offset. 0 if the code does not need the
   * copy. */
  int32_t base_slot;
} kiln_wasm_image_memory;

/** A global of the module. */
typedef struct kiln_wasm_image_global {
  kiln_wasm_const init; /**< none if imported */
  uint8_t type;         /**< kiln_wasm_type */
  bool is_mutable;      /**< may be assigned to */
  /** An offset in the instance. If the global is an import, a pointer to the value of the global is at this offset.
   * Otherwise, the value itself is at this offset. The value has 8 bytes, or 16 bytes for V128. */
  int32_t slot;
} kiln_wasm_image_global;

/** A tag of the module. */
typedef struct kiln_wasm_image_tag {
  uint32_t type; /**< index of its kiln_wasm_functype, which has no results */
  /** An offset in the instance. At this offset is a pointer to a kiln_wasm_tag. If the tag is an import, this is the
   * kiln_wasm_tag that the runtime finds for the import. Otherwise, this is a kiln_wasm_tag that the runtime makes. */
  int32_t slot;
} kiln_wasm_image_tag;

/** How a segment is used when an instance is made. */
typedef enum kiln_wasm_mode {
  /** The segment is not used when an instance is made. It is kept for table.init and memory.init. */
  KILN_WASM_MODE_PASSIVE,
  KILN_WASM_MODE_ACTIVE,   /**< copied to a table or memory, then dropped */
  KILN_WASM_MODE_DECLARED, /**< dropped */
  KILN_WASM_MODE_COUNT
} kiln_wasm_mode;

/** An element of an element segment. */
typedef struct kiln_wasm_item {
  uint32_t kind;  /**< KILN_WASM_CONST_VALUE for null; GLOBAL and FUNC as in kiln_wasm_const_kind */
  uint32_t index; /**< for GLOBAL and FUNC */
} kiln_wasm_item;

/** An element segment. */
typedef struct kiln_wasm_image_elem {
  const kiln_wasm_item *items; /**< in order */
  uint32_t n_items;            /**< number of `items` */
  uint8_t type;                /**< kiln_wasm_type, which is a reference */
  uint8_t mode;                /**< kiln_wasm_mode */
  uint32_t table;              /**< ACTIVE: the table to copy to */
  /** For ACTIVE: an index in the table. The runtime copies the elements to this index. The index has the type I32 or
   * I64, like all indices of the table. */
  kiln_wasm_const offset;
} kiln_wasm_image_elem;

/** A data segment. */
typedef struct kiln_wasm_image_data {
  const uint8_t *bytes; /**< its content */
  uint64_t size_bytes;  /**< size of the content */
  uint32_t mode;        /**< kiln_wasm_mode */
  uint32_t memory;      /**< ACTIVE: the memory to copy to */
  /** For ACTIVE: an address in the memory. The runtime copies the bytes to this address. The address has the type I32
   * or I64, like all addresses of the memory. */
  kiln_wasm_const offset;
} kiln_wasm_image_data;

/** A custom section, as found in the module. */
typedef struct kiln_wasm_custom {
  kiln_wasm_name name;  /**< name of the section */
  const uint8_t *bytes; /**< content after the name; NULL in objects */
  uint64_t size_bytes;  /**< size of the content */
} kiln_wasm_custom;

/** Flags of kiln_wasm_image: how the code was compiled. */
enum {
  /** Memory 0 begins at the instance's address. The data of the instance lies directly below this address, in the same
   * piece of address space. Kiln sets this flag only if the module defines memory 0, and memory 0 is a 32-bit
   * memory. */
  KILN_WASM_IMAGE_AT_MEMORY = 1,
  KILN_WASM_IMAGE_FUEL = 2,     /**< code counts fuel */
  KILN_WASM_IMAGE_INTERRUPT = 4 /**< code reads kiln_wasm_header.interrupt */
};

/** The image: everything that a runtime needs to know about a compiled module. It is data in the compiled module, whose
 * symbol has the name kiln_wasm_options.image, so that an object file needs no separate description. */
typedef struct kiln_wasm_image {
  uint32_t version; /**< KILN_WASM_ABI_VERSION */
  uint32_t flags;   /**< KILN_WASM_IMAGE_... */
  /** Size in bytes of the part of an instance that lies below the instance's address. This part includes the
   * kiln_wasm_header. The runtime must initialise this part with zeros. */
  uint64_t instance_bytes;
  /** The offset in the instance of an array of uint32_t with one type id for each type, which the runtime sets. Equal
   * types must have equal ids in all modules. Ids must not be 0. */
  int32_t type_ids;
  uint32_t start;                         /**< index of the start function; UINT32_MAX for none */
  const kiln_wasm_functype *types;        /**< function types */
  uint32_t n_types;                       /**< number of `types` */
  uint32_t n_imports;                     /**< number of `imports` */
  const kiln_wasm_import *imports;        /**< in order */
  const kiln_wasm_export *exports;        /**< in order */
  uint32_t n_exports;                     /**< number of `exports` */
  uint32_t n_funcs;                       /**< number of `funcs` */
  const kiln_wasm_image_func *funcs;      /**< imported ones first */
  const kiln_wasm_image_table *tables;    /**< imported ones first */
  uint32_t n_tables;                      /**< number of `tables` */
  uint32_t n_memories;                    /**< number of `memories` */
  const kiln_wasm_image_memory *memories; /**< imported ones first */
  const kiln_wasm_image_global *globals;  /**< imported ones first */
  uint32_t n_globals;                     /**< number of `globals` */
  uint32_t n_tags;                        /**< number of `tags` */
  const kiln_wasm_image_tag *tags;        /**< imported ones first */
  const kiln_wasm_image_elem *elems;      /**< element segments */
  uint32_t n_elems;                       /**< number of `elems` */
  uint32_t n_datas;                       /**< number of `datas` */
  const kiln_wasm_image_data *datas;      /**< data segments */
  const kiln_wasm_custom *customs;        /**< custom sections, in order */
  uint32_t n_customs;                     /**< number of `customs` */
  uint32_t n_imported_funcs;              /**< number of imported `funcs` */
  uint32_t n_imported_tables;             /**< number of imported `tables` */
  uint32_t n_imported_memories;           /**< number of imported `memories` */
  uint32_t n_imported_globals;            /**< number of imported `globals` */
  uint32_t n_imported_tags;               /**< number of imported `tags` */
  kiln_wasm_name name;                    /**< the module's name, from the name section */
} kiln_wasm_image;

/** The image of a module that was compiled to an object with the default kiln_wasm_options.image. */
extern const kiln_wasm_image kiln_wasm_module;

/* ---- what a runtime provides ---- Compiled code calls the functions below by name, on the code's own stack.
 * `instance` is the instance of the calling code. A function that "may trap" traps as kiln_wasmrt_trap does. For 32-bit
 * memories and tables, the code zero-extends sizes, addresses and indices to 64 bits. */

/** Ends the execution of code with the trap `trap`. `trap` is a kiln_wasm_trap. Does not return. */
void kiln_wasmrt_trap(void *instance, uint32_t trap) __attribute__((noreturn));

/** Grows the memory `memory` by `pages` pages. Returns the previous size of the memory in pages. Returns UINT64_MAX if
 * the memory cannot grow. */
uint64_t kiln_wasmrt_memory_grow(void *instance, uint32_t memory, uint64_t pages);

/** Performs memory.fill. May trap. */
void kiln_wasmrt_memory_fill(void *instance, uint32_t memory, uint64_t to, uint32_t byte,
                             uint64_t size_bytes);

/** Performs memory.copy. May trap. */
void kiln_wasmrt_memory_copy(void *instance, uint32_t to_memory, uint32_t from_memory, uint64_t to,
                             uint64_t from, uint64_t size_bytes);

/** Performs memory.init, which copies from data segment `data`. May trap. */
void kiln_wasmrt_memory_init(void *instance, uint32_t memory, uint32_t data, uint64_t to,
                             uint32_t from, uint32_t size_bytes);

/** Performs data.drop. */
void kiln_wasmrt_data_drop(void *instance, uint32_t data);

/** Grows the table `table` by `more` elements. The new elements have the value `ref`. Returns the previous number of
 * elements. Returns UINT64_MAX if the table cannot grow. */
uint64_t kiln_wasmrt_table_grow(void *instance, uint32_t table, void *ref, uint64_t more);

/** Performs table.fill. May trap. */
void kiln_wasmrt_table_fill(void *instance, uint32_t table, uint64_t to, void *ref, uint64_t n);

/** Performs table.copy. May trap. */
void kiln_wasmrt_table_copy(void *instance, uint32_t to_table, uint32_t from_table, uint64_t to,
                            uint64_t from, uint64_t n);

/** Performs table.init, which copies from element segment `elem`. May trap. */
void kiln_wasmrt_table_init(void *instance, uint32_t table, uint32_t elem, uint64_t to,
                            uint32_t from, uint32_t n);

/** Performs elem.drop. */
void kiln_wasmrt_elem_drop(void *instance, uint32_t elem);

/** Performs memory.atomic.notify at the address `at`. This address includes the instruction's offset. Returns the
 * number of waiting threads that were woken. May trap. */
uint32_t kiln_wasmrt_atomic_notify(void *instance, uint32_t memory, uint64_t at, uint32_t count);

/** Performs memory.atomic.wait32. A negative `timeout_ns` means no timeout. May trap.
 * - Returns 0 if the thread was woken, 1 if the value in memory does not equal `expected`, and 2 after a timeout. */
uint32_t kiln_wasmrt_atomic_wait32(void *instance, uint32_t memory, uint64_t at, uint32_t expected,
                                   int64_t timeout_ns);

/** Performs memory.atomic.wait64, like kiln_wasmrt_atomic_wait32. */
uint32_t kiln_wasmrt_atomic_wait64(void *instance, uint32_t memory, uint64_t at, uint64_t expected,
                                   int64_t timeout_ns);

/** Makes an exception with the tag `tag` and room for `n_values` values. The calling code then writes the values. Traps
 * if memory runs out. */
kiln_wasm_exn *kiln_wasmrt_exn_new(void *instance, const kiln_wasm_tag *tag, uint32_t n_values);

/** Throws `exn` with the platform's unwinder (throw, throw_ref). Traps if `exn` is NULL; otherwise, `instance` may be
 * NULL. If the module's code does not catch the exception, it reaches an `entry` or `host` function of the image, which
 * catch all exceptions. */
void kiln_wasmrt_throw(void *instance, kiln_wasm_exn *exn) __attribute__((noreturn));

/** Returns the kiln_wasm_exn that the object `unwound` contains, and frees `unwound`. `unwound` is the unwinder's
 * exception object. Code calls this function at a landing pad. */
kiln_wasm_exn *kiln_wasmrt_caught(void *unwound);

/** Frees an exception. Code calls this function after it has read the values of the exception. Code does not call this
 * function if the clause that caught the exception makes a reference. Does nothing if `escaped` is set. */
void kiln_wasmrt_exn_drop(void *instance, kiln_wasm_exn *exn);

/** Code calls this function in loops and at function entries when fuel is below 0. The function either traps, or adds
 * fuel and returns. */
void kiln_wasmrt_out_of_fuel(void *instance);

/** The personality of functions that catch exceptions: functions with try_table, and `entry` functions. The unwinder
 * calls it according to the platform's ABI. Every landing pad catches all exceptions (with a catch-all clause), and no
 * function has cleanups. */
int kiln_wasmrt_personality(int version, int actions, uint64_t exception_class, void *unwound,
                            void *context);

#ifdef __cplusplus
}
#endif
#endif
