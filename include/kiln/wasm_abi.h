/* The binary interface of compiled WebAssembly modules: what code made by <kiln/wasm.h> reads and writes, what it
 * calls, and the description of a module (kiln_wasm_image) by which a runtime makes instances of it. It is the same
 * for objects and for code in memory, and for all targets. docs/wasm.md explains it. Nothing here needs libkiln. */
#ifndef KILN_WASM_ABI_H
#define KILN_WASM_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of this interface: kiln_wasm_image.version. */
#define KILN_WASM_ABI_VERSION 1
/** Bytes of a page of memory. */
#define KILN_WASM_PAGE_BYTES 65536
/** Address space that must follow the base of a 32-bit memory: 4 GiB of indices, 4 GiB of offsets, and 64 KiB for the
 * access itself. What is not accessible memory of it must fault when touched. */
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

/** A value of any type, as it is in arrays of values. Bytes that the type does not have are unspecified. */
typedef union kiln_wasm_value {
  uint32_t i32;     /**< I32 */
  uint64_t i64;     /**< I64 */
  float f32;        /**< F32 */
  double f64;       /**< F64 */
  uint64_t v128[2]; /**< V128, low half first */
  void *ref;        /**< references */
} kiln_wasm_value;

/** Why code trapped. The texts are those of the official test suite. */
typedef enum kiln_wasm_trap {
  KILN_WASM_TRAP_NULL_FUNCTION,     /**< "uninitialized element": call of a null reference */
  KILN_WASM_TRAP_UNREACHABLE,       /**< "unreachable" */
  KILN_WASM_TRAP_MEMORY,            /**< "out of bounds memory access" */
  KILN_WASM_TRAP_UNALIGNED,         /**< "unaligned atomic" */
  KILN_WASM_TRAP_TABLE,             /**< "out of bounds table access" */
  KILN_WASM_TRAP_UNDEFINED_ELEMENT, /**< "undefined element": call_indirect beyond the table's end */
  KILN_WASM_TRAP_SIGNATURE,         /**< "indirect call type mismatch" */
  KILN_WASM_TRAP_DIVIDE_BY_ZERO,    /**< "integer divide by zero" */
  KILN_WASM_TRAP_OVERFLOW,          /**< "integer overflow" */
  KILN_WASM_TRAP_CONVERSION,        /**< "invalid conversion to integer" */
  KILN_WASM_TRAP_STACK,             /**< "call stack exhausted" */
  KILN_WASM_TRAP_NULL_EXCEPTION,    /**< "null exception reference": throw_ref of null */
  KILN_WASM_TRAP_INTERRUPT,         /**< "interrupted": by the embedder */
  KILN_WASM_TRAP_FUEL,              /**< "out of fuel" */
  KILN_WASM_TRAP_NOT_SHARED, /**< "expected shared memory": wait on a memory that is not shared */
  KILN_WASM_TRAP_LIMIT,      /**< "limit of the store exceeded": by exceptions */
  KILN_WASM_TRAP_COUNT
} kiln_wasm_trap;

/** A fault at an address below KILN_WASM_TRAP_COUNT times this is the trap `address / KILN_WASM_TRAP_STEP`. */
#define KILN_WASM_TRAP_STEP 64

/* ---- what is in an instance ---- */

/** A function that can be referred to. A reference (FUNCREF) is the address of one, which stays valid and unchanged as
 * long as its instance. An instance has one for each function that it imports, which the runtime copies from the
 * exporter's, and for each of its own that the module exports or refers to. */
typedef struct kiln_wasm_func {
  void *code;          /**< called by the type's signature (docs/wasm.md) */
  void *instance;      /**< first argument */
  uint32_t type_id;    /**< which type it has: kiln_wasm_image.type_ids; never 0 */
  uint32_t type_index; /**< the runtime's own use */
  void *user;          /**< the runtime's own use */
} kiln_wasm_func;

/** A memory. `base` never changes; `size_bytes` only grows. */
typedef struct kiln_wasm_memory {
  uint8_t *base; /**< its first byte; 32-bit: KILN_WASM_RESERVED_BYTES of address space follow */
  uint64_t
    size_bytes; /**< accessible: a multiple of KILN_WASM_PAGE_BYTES. Of a shared one, written atomically */
  uint64_t user[2]; /**< the runtime's own use */
} kiln_wasm_memory;

/** A table. Elements are references, 8 bytes each. */
typedef struct kiln_wasm_table {
  void **elements;        /**< the first; may change when the table grows */
  uint64_t size_elements; /**< number of them */
  uint64_t user[2];       /**< the runtime's own use */
} kiln_wasm_table;

/** The identity of a tag is its address. */
typedef struct kiln_wasm_tag {
  uint32_t type_id;  /**< as kiln_wasm_func.type_id */
  uint32_t reserved; /**< 0 */
  void *user;        /**< the runtime's own use */
} kiln_wasm_tag;

/** An exception: an EXNREF is its address. Made by kiln_wasmrt_exn_new. The values, the tag's parameters, follow it:
 * `(kiln_wasm_value *)(exn + 1)`. */
typedef struct kiln_wasm_exn {
  const kiln_wasm_tag *tag; /**< what was thrown */
  /** Not 0 once code may have kept a reference (catch_ref, catch_all_ref): kiln_wasmrt_exn_drop then frees nothing. */
  uint32_t escaped;
  uint32_t n_values; /**< number of values */
} kiln_wasm_exn;

/** The fixed part of an instance, which ends at the instance's address: `(kiln_wasm_header *)instance - 1`. All else in
 * an instance is below it, at the (negative) offsets that the image says. */
typedef struct kiln_wasm_header {
  uint64_t user[3];                    /**< the runtime's own use */
  const struct kiln_wasm_image *image; /**< of the module */
  int64_t fuel;                        /**< KILN_WASM_FUEL: what is left */
  /** KILN_WASM_INTERRUPT: one byte is read there at loops and entries; the runtime makes it fault, or inaccessible */
  const uint8_t *interrupt;
} kiln_wasm_header;

/** What a function of the host looks like to the code that a module has for imports of its type
 * (kiln_wasm_functype.host): `instance` of its kiln_wasm_func is the address of one. */
typedef struct kiln_wasm_host {
  /** Gets the arguments in `values`, puts the results there. Gives NULL, or an exception that is to be thrown. */
  kiln_wasm_exn *(*call)(void *user, kiln_wasm_value *values);
  void *call_user; /**< for `call` */
} kiln_wasm_host;

/* ---- the description of a module ---- */

/** Calls `code`, which has the type, with `instance`: arguments are in `values`, results are put there. NULL; or the
 * exception that code has thrown and not caught. */
typedef kiln_wasm_exn *(*kiln_wasm_entry_fn)(void *instance, void *code, kiln_wasm_value *values);

/** A function type. */
typedef struct kiln_wasm_functype {
  const uint8_t *types; /**< kiln_wasm_type: parameters, then results */
  uint32_t n_params;    /**< number of parameters */
  uint32_t n_results;   /**< number of results */
  kiln_wasm_entry_fn
    entry; /**< calls functions of this type from C; NULL: nothing exported or referred to has it */
  void *host; /**< code for functions of the host of this type; NULL: no import has it */
} kiln_wasm_functype;

/** What imports and exports are. */
typedef enum kiln_wasm_kind {
  KILN_WASM_FUNC,   /**< a function */
  KILN_WASM_TABLE,  /**< a table */
  KILN_WASM_MEMORY, /**< a memory */
  KILN_WASM_GLOBAL, /**< a global */
  KILN_WASM_TAG,    /**< a tag */
  KILN_WASM_KIND_COUNT
} kiln_wasm_kind;

/** A name: UTF-8, valid, perhaps with NULs in it. */
typedef struct kiln_wasm_name {
  const char *text;   /**< not terminated */
  size_t text_length; /**< bytes */
} kiln_wasm_name;

/** An import. What it must be is said by the entity of that index: imports come first in each array. */
typedef struct kiln_wasm_import {
  kiln_wasm_name module; /**< from where */
  kiln_wasm_name name;   /**< what */
  uint32_t kind;         /**< kiln_wasm_kind */
  uint32_t index;        /**< among all of that kind */
} kiln_wasm_import;

/** An export. */
typedef struct kiln_wasm_export {
  kiln_wasm_name name; /**< as what */
  uint32_t kind;       /**< kiln_wasm_kind */
  uint32_t index;      /**< among all of that kind */
} kiln_wasm_export;

/** Operations of constant expressions. They push and pop values of a stack, which holds one value at the end. */
typedef enum kiln_wasm_const_kind {
  KILN_WASM_CONST_VALUE,   /**< pushes `value`, of any type (null references too) */
  KILN_WASM_CONST_GLOBAL,  /**< pushes global `index`, an earlier one */
  KILN_WASM_CONST_FUNC,    /**< pushes a reference to function `index` */
  KILN_WASM_CONST_I32_ADD, /**< pops two, pushes their sum */
  KILN_WASM_CONST_I32_SUB, /**< likewise */
  KILN_WASM_CONST_I32_MUL, /**< likewise */
  KILN_WASM_CONST_I64_ADD, /**< likewise */
  KILN_WASM_CONST_I64_SUB, /**< likewise */
  KILN_WASM_CONST_I64_MUL, /**< likewise */
  KILN_WASM_CONST_KIND_COUNT
} kiln_wasm_const_kind;

/** One operation of a constant expression. */
typedef struct kiln_wasm_const_op {
  uint32_t kind;         /**< kiln_wasm_const_kind */
  uint32_t index;        /**< GLOBAL, FUNC */
  kiln_wasm_value value; /**< VALUE */
} kiln_wasm_const_op;

/** A constant expression, which is valid: evaluated when an instance is made. */
typedef struct kiln_wasm_const {
  const kiln_wasm_const_op *ops; /**< in their order */
  uint32_t n_ops;                /**< number of them; 0: there is no expression */
  uint32_t max_stack;            /**< values that are on the stack at most */
} kiln_wasm_const;

/** Bounds of a table or memory. */
typedef struct kiln_wasm_limits {
  uint64_t min; /**< elements or pages, at first and at least */
  uint64_t max; /**< at most; UINT64_MAX: not said */
  bool is_64;   /**< addresses and sizes are I64, not I32 */
  bool shared;  /**< memories: shared between threads */
} kiln_wasm_limits;

/** A function of the module. `code` and `slot` of what is not referred to may be NULL and 0. */
typedef struct kiln_wasm_image_func {
  void *code;          /**< NULL: imported */
  kiln_wasm_name name; /**< from the name section; empty: none */
  uint32_t type;       /**< index of its kiln_wasm_functype */
  int32_t slot;        /**< offset in the instance of its kiln_wasm_func; 0: it has none */
} kiln_wasm_image_func;

/** A table of the module. */
typedef struct kiln_wasm_image_table {
  kiln_wasm_limits limits; /**< of an import: what it must fit */
  kiln_wasm_const init;    /**< of all elements; none: null */
  uint8_t type;            /**< kiln_wasm_type: a reference */
  int32_t slot; /**< offset in the instance of a kiln_wasm_table; imported: of a pointer to one */
} kiln_wasm_image_table;

/** A memory of the module. */
typedef struct kiln_wasm_image_memory {
  kiln_wasm_limits limits; /**< of an import: what it must fit */
  int32_t slot; /**< offset in the instance of a kiln_wasm_memory; imported: of a pointer to one */
  /** offset in the instance of the memory's base, which the runtime copies there; 0: it is not needed */
  int32_t base_slot;
} kiln_wasm_image_memory;

/** A global of the module. */
typedef struct kiln_wasm_image_global {
  kiln_wasm_const init; /**< imported: none */
  uint8_t type;         /**< kiln_wasm_type */
  bool is_mutable;      /**< may be set */
  int32_t
    slot; /**< offset in the instance of its value, 8 bytes, V128 16; imported: of a pointer to that */
} kiln_wasm_image_global;

/** A tag of the module. */
typedef struct kiln_wasm_image_tag {
  uint32_t type; /**< index of its kiln_wasm_functype, without results */
  int32_t
    slot; /**< offset in the instance of a pointer to its kiln_wasm_tag, which the runtime makes or imports */
} kiln_wasm_image_tag;

/** How a segment is used when an instance is made. */
typedef enum kiln_wasm_mode {
  KILN_WASM_MODE_PASSIVE,  /**< not at all: table.init and memory.init use it */
  KILN_WASM_MODE_ACTIVE,   /**< copied to a table or memory, then dropped */
  KILN_WASM_MODE_DECLARED, /**< dropped */
  KILN_WASM_MODE_COUNT
} kiln_wasm_mode;

/** An element of an element segment. */
typedef struct kiln_wasm_item {
  uint32_t kind;  /**< KILN_WASM_CONST_VALUE: null; GLOBAL, FUNC: as there */
  uint32_t index; /**< GLOBAL, FUNC */
} kiln_wasm_item;

/** An element segment. */
typedef struct kiln_wasm_image_elem {
  const kiln_wasm_item *items; /**< in their order */
  uint32_t n_items;            /**< number of them */
  uint8_t type;                /**< kiln_wasm_type: a reference */
  uint8_t mode;                /**< kiln_wasm_mode */
  uint32_t table;              /**< ACTIVE: to which */
  kiln_wasm_const offset;      /**< ACTIVE: where, an I32 or I64 as the table's indices are */
} kiln_wasm_image_elem;

/** A data segment. */
typedef struct kiln_wasm_image_data {
  const uint8_t *bytes;   /**< content */
  uint64_t size_bytes;    /**< of it */
  uint32_t mode;          /**< kiln_wasm_mode */
  uint32_t memory;        /**< ACTIVE: to which */
  kiln_wasm_const offset; /**< ACTIVE: where, an I32 or I64 as the memory's addresses are */
} kiln_wasm_image_data;

/** A custom section, as it is in the module. */
typedef struct kiln_wasm_custom {
  kiln_wasm_name name;  /**< of the section */
  const uint8_t *bytes; /**< content after the name; of objects NULL */
  uint64_t size_bytes;  /**< of it */
} kiln_wasm_custom;

/** Flags of kiln_wasm_image: what the code was compiled for. */
enum {
  /** The instance's address is the base of memory 0, which is defined here and 32-bit: the instance proper is right
   * below it, in one piece of address space. */
  KILN_WASM_IMAGE_AT_MEMORY = 1,
  KILN_WASM_IMAGE_FUEL = 2,     /**< code counts fuel */
  KILN_WASM_IMAGE_INTERRUPT = 4 /**< code reads kiln_wasm_header.interrupt */
};

/** All that a runtime has to know of a compiled module. It is data of the compiled module itself, under the name that
 * kiln_wasm_options.image says, so that an object needs nothing else. */
typedef struct kiln_wasm_image {
  uint32_t version; /**< KILN_WASM_ABI_VERSION */
  uint32_t flags;   /**< KILN_WASM_IMAGE_... */
  uint64_t
    instance_bytes; /**< what an instance takes below its address, kiln_wasm_header included; zero at first */
  int32_t
    type_ids; /**< offset in the instance of uint32_t for each type: equal for equal types of all modules, not 0 */
  uint32_t start;                         /**< index of the start function; UINT32_MAX: none */
  const kiln_wasm_functype *types;        /**< function types */
  uint32_t n_types;                       /**< number of them */
  uint32_t n_imports;                     /**< of `imports` */
  const kiln_wasm_import *imports;        /**< in their order */
  const kiln_wasm_export *exports;        /**< in their order */
  uint32_t n_exports;                     /**< of `exports` */
  uint32_t n_funcs;                       /**< of `funcs` */
  const kiln_wasm_image_func *funcs;      /**< imported ones first */
  const kiln_wasm_image_table *tables;    /**< imported ones first */
  uint32_t n_tables;                      /**< of `tables` */
  uint32_t n_memories;                    /**< of `memories` */
  const kiln_wasm_image_memory *memories; /**< imported ones first */
  const kiln_wasm_image_global *globals;  /**< imported ones first */
  uint32_t n_globals;                     /**< of `globals` */
  uint32_t n_tags;                        /**< of `tags` */
  const kiln_wasm_image_tag *tags;        /**< imported ones first */
  const kiln_wasm_image_elem *elems;      /**< element segments */
  uint32_t n_elems;                       /**< of `elems` */
  uint32_t n_datas;                       /**< of `datas` */
  const kiln_wasm_image_data *datas;      /**< data segments */
  const kiln_wasm_custom *customs;        /**< custom sections, in their order */
  uint32_t n_customs;                     /**< of `customs` */
  uint32_t n_imported_funcs;              /**< of `funcs` */
  uint32_t n_imported_tables;             /**< of `tables` */
  uint32_t n_imported_memories;           /**< of `memories` */
  uint32_t n_imported_globals;            /**< of `globals` */
  uint32_t n_imported_tags;               /**< of `tags` */
  kiln_wasm_name name;                    /**< the module's, from the name section */
} kiln_wasm_image;

/** In an object: the module, if it was not given another name. */
extern const kiln_wasm_image kiln_wasm_module;

/* ---- what a runtime provides ---- Compiled code refers to these functions by name. They are called on the stack of
 * the code; `instance` is the caller's. Those that are said to trap do so as kiln_wasmrt_trap does. Sizes and
 * addresses of 32-bit memories and tables come zero-extended. */

/** Ends the execution of code with trap `trap`, a kiln_wasm_trap: does not return. */
void kiln_wasmrt_trap(void *instance, uint32_t trap) __attribute__((noreturn));

/** Grows memory `memory` by `pages`: its size before, in pages, or UINT64_MAX if that can't be. */
uint64_t kiln_wasmrt_memory_grow(void *instance, uint32_t memory, uint64_t pages);

/** memory.fill. Traps. */
void kiln_wasmrt_memory_fill(void *instance, uint32_t memory, uint64_t to, uint32_t byte,
                             uint64_t size_bytes);

/** memory.copy. Traps. */
void kiln_wasmrt_memory_copy(void *instance, uint32_t to_memory, uint32_t from_memory, uint64_t to,
                             uint64_t from, uint64_t size_bytes);

/** memory.init: copies from data segment `data`. Traps. */
void kiln_wasmrt_memory_init(void *instance, uint32_t memory, uint32_t data, uint64_t to,
                             uint32_t from, uint32_t size_bytes);

/** data.drop. */
void kiln_wasmrt_data_drop(void *instance, uint32_t data);

/** Grows table `table` by `more` elements that are `ref`: its size before, or UINT64_MAX if that can't be. */
uint64_t kiln_wasmrt_table_grow(void *instance, uint32_t table, void *ref, uint64_t more);

/** table.fill. Traps. */
void kiln_wasmrt_table_fill(void *instance, uint32_t table, uint64_t to, void *ref, uint64_t n);

/** table.copy. Traps. */
void kiln_wasmrt_table_copy(void *instance, uint32_t to_table, uint32_t from_table, uint64_t to,
                            uint64_t from, uint64_t n);

/** table.init: copies from element segment `elem`. Traps. */
void kiln_wasmrt_table_init(void *instance, uint32_t table, uint32_t elem, uint64_t to,
                            uint32_t from, uint32_t n);

/** elem.drop. */
void kiln_wasmrt_elem_drop(void *instance, uint32_t elem);

/** memory.atomic.notify at address `at`, which includes the offset. Traps. Gives how many were woken. */
uint32_t kiln_wasmrt_atomic_notify(void *instance, uint32_t memory, uint64_t at, uint32_t count);

/** memory.atomic.wait32: 0 woken, 1 not equal, 2 timed out; `timeout_ns` < 0: none. Traps. */
uint32_t kiln_wasmrt_atomic_wait32(void *instance, uint32_t memory, uint64_t at, uint32_t expected,
                                   int64_t timeout_ns);

/** memory.atomic.wait64. */
uint32_t kiln_wasmrt_atomic_wait64(void *instance, uint32_t memory, uint64_t at, uint64_t expected,
                                   int64_t timeout_ns);

/** Makes an exception of `tag` with room for `n_values` values, which the code then writes. Traps without memory. */
kiln_wasm_exn *kiln_wasmrt_exn_new(void *instance, const kiln_wasm_tag *tag, uint32_t n_values);

/** Throws `exn` (throw, throw_ref): raises it by the platform's unwinder. NULL traps; if it is not, `instance` may be
 * NULL. What nobody catches reaches an `entry` or `host` function of the image, which take all. */
void kiln_wasmrt_throw(void *instance, kiln_wasm_exn *exn) __attribute__((noreturn));

/** At a landing pad: the exception that the unwinder's exception object `unwound` carries, which is freed. */
kiln_wasm_exn *kiln_wasmrt_caught(void *unwound);

/** The exception was caught without a reference to it, and its values have been read: frees it, unless it escaped. */
void kiln_wasmrt_exn_drop(void *instance, kiln_wasm_exn *exn);

/** Called when fuel is below 0, at loops and entries of functions: traps, or makes fuel more and returns. */
void kiln_wasmrt_out_of_fuel(void *instance);

/** The personality of functions that catch (try_table, `entry` functions): the unwinder calls it by the platform's
 * ABI. All landing pads take all exceptions (a catch-all clause), and no function has cleanups. */
int kiln_wasmrt_personality(int version, int actions, uint64_t exception_class, void *unwound,
                            void *context);

#ifdef __cplusplus
}
#endif
#endif
