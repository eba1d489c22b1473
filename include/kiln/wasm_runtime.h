/* A small runtime (libkiln-wasmrt) for modules that were compiled with <kiln/wasm.h>: instances, memories, tables,
 * imports and exports, calls, and traps. It needs libc and the unwinder (libgcc_s), but not libkiln. An embedder may
 * replace it: <kiln/wasm_abi.h> and docs/wasm.md describe what a runtime must do.
 * - A *store* contains all instances and host functions that can be linked together. Its instances, functions, memories
 *   and exceptions live until kiln_wasmrt_store_free.
 * - Threads: only one thread at a time may use a store. Different threads may use different stores.
 * - Signals: some traps are faults, so the first call into a module in a process installs handlers for SIGSEGV and
 *   SIGBUS, which pass faults that compiled code did not cause to the handlers that were installed before. The first
 *   call on each thread unblocks the two signals, and sets an alternate signal stack unless the thread has one that is
 *   large enough. If the host later changes the handlers, the signal mask or the alternate stack, traps no longer work.
 * - Compiled code uses the whole stack on which it runs. The host's handlers of all other signals that may interrupt a
 *   module must therefore have SA_ONSTACK. If a handler does not and there is no room for it on that stack, the module
 *   traps, and the signal is lost.
 * - A function of the host may switch to another coroutine, and may be resumed later, even on another thread. After
 *   that, it must not call kiln_wasmrt_trap, kiln_wasmrt_exit or kiln_wasmrt_caller.
 * - A shared library that contains the runtime is never unloaded. */
#ifndef KILN_WASM_RUNTIME_H
#define KILN_WASM_RUNTIME_H

#include <kiln/wasm_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A store. A store contains all instances and host functions that can be linked together. */
typedef struct kiln_wasmrt_store kiln_wasmrt_store;

/** An instance of a module. */
typedef struct kiln_wasmrt_instance kiln_wasmrt_instance;

/** Options of a store. Zero-initialise the struct for the defaults. */
typedef struct kiln_wasmrt_store_options {
  /* Limits for the store's modules. If memory.grow or table.grow would exceed a limit, the operation fails. If
   * kiln_wasmrt_instantiate would exceed a limit, kiln_wasmrt_instantiate fails with KILN_WASMRT_MEMORY and a message
   * that names the limit. If an exception would exceed a limit, throwing the exception traps (KILN_WASM_TRAP_LIMIT). */

  /** Maximum number of pages of a memory; 0 means 65536 pages (4 GiB). This limit applies to 64-bit memories too. The
   * limit applies even if the module gives a larger maximum. */
  uint64_t max_pages;
  uint64_t
    max_total_pages; /**< Maximum number of pages of all memories together; 0 means 65536 (4 GiB). */
  /** Maximum number of elements of all tables together; 0 means 10 million. An element takes 8 bytes. */
  uint64_t max_table_elements;
  /** Maximum number of bytes of the host's memory that instances and exceptions take; 0 means 256 MiB. The runtime
   * frees exceptions to which nothing refers. */
  uint64_t max_host_bytes;
  /** Initial fuel of an instance; 0 means unlimited fuel. The instance already has this fuel when its start function
   * runs. */
  int64_t fuel;
  uint32_t max_instances; /**< 0 for 10,000 */
  /** Maximum number of memories; 0 means 1,000. Each memory takes 8 GiB of address space. */
  uint32_t max_memories;
  uint32_t max_tables; /**< 0 for 10,000 */
  /** Number of bytes of the thread's stack that are reserved for functions of the host; 0 means 64 KiB. If code calls a
   * function of the host when fewer bytes are left, the code traps as if the stack had ended. */
  uint64_t host_stack_bytes;
  /** Maximum number of bytes of stack that code may use; 0 means 64 MiB. This includes the functions of the host that
   * the code calls. If the thread's stack is larger, the runtime makes some pages of the stack inaccessible during a
   * call. This costs two system calls. */
  uint64_t max_stack_bytes;
  /** If true, modules may import functions that are not defined. If code calls such a function, the error is
   * KILN_WASMRT_LINK. The message then has the function's name. */
  bool stub_unknown_functions;
  uint64_t reserved[7]; /**< 0 */
} kiln_wasmrt_store_options;

/** Outcomes of a call. */
typedef enum kiln_wasmrt_status {
  KILN_WASMRT_OK, /**< no error */
  /** Linking failed for one of the following reasons:
   * - an import is unknown;
   * - an import does not match its definition;
   * - the values of a typed call do not match the function's type;
   * - the runtime does not support the version of the image. */
  KILN_WASMRT_LINK,
  KILN_WASMRT_TRAP,      /**< code trapped: `trap` */
  KILN_WASMRT_EXCEPTION, /**< an exception was not caught: `exception` */
  KILN_WASMRT_EXIT,      /**< the host ended execution with kiln_wasmrt_exit: `exit_status` */
  /** Memory or address space ran out, or a limit of the store would be exceeded. */
  KILN_WASMRT_MEMORY,
  KILN_WASMRT_STATUS_COUNT
} kiln_wasmrt_status;

/** The maximum number of functions in an error's backtrace. */
#define KILN_WASMRT_FRAMES 24

/** A function that was active at a trap, or at a throw. */
typedef struct kiln_wasmrt_frame {
  kiln_wasmrt_instance *instance; /**< one of the instances of its module */
  uint32_t function;              /**< its index in the module */
  uint32_t code_offset;           /**< in bytes from the start of its code */
} kiln_wasmrt_frame;

/** An error. `message` is always a valid string. */
typedef struct kiln_wasmrt_error {
  kiln_wasmrt_status status; /**< what happened */
  kiln_wasm_trap trap;       /**< for TRAP */
  kiln_wasm_exn *exception;  /**< for EXCEPTION */
  uint32_t exit_status;      /**< for EXIT */
  /** Number of elements of `frames`. The field is used for TRAP and EXCEPTION, and for a LINK error that occurred in a
   * call. */
  uint32_t n_frames;
  /** The functions that were active, innermost first. For EXCEPTION: when the exception was last thrown. */
  kiln_wasmrt_frame frames[KILN_WASMRT_FRAMES];
  char message[256];    /**< one line, in English */
  uint64_t reserved[4]; /**< 0 */
} kiln_wasmrt_error;

/** An entity that can be imported and exported. */
typedef struct kiln_wasmrt_extern {
  uint32_t kind;   /**< kiln_wasm_kind */
  uint8_t type;    /**< TABLE, GLOBAL: kiln_wasm_type of elements or value */
  bool is_mutable; /**< for GLOBAL */
  /** The address of the entity: FUNC: a kiln_wasm_func; TABLE: a kiln_wasm_table; MEMORY: a kiln_wasm_memory; TAG: a
   * kiln_wasm_tag; GLOBAL: a kiln_wasm_value, of which only the first 8 bytes exist unless the type is V128. */
  void *address;
  /** The store that the entity belongs to. An instance can import only entities of its own store, and shared memories
   * of any store. NULL for entities that the host made itself. The runtime does not check the store of these entities,
   * because it is unknown. */
  const kiln_wasmrt_store *store;
  uint64_t reserved[1]; /**< 0 */
} kiln_wasmrt_extern;

/** A function of the host, which takes its arguments from `values` and writes its results to `values`.
 * - Returns NULL or an exception (kiln_wasmrt_exn_new), which is then thrown in the caller.
 * - May call kiln_wasmrt_call, and kiln_wasmrt_trap and kiln_wasmrt_exit, which do not return; may define entities and
 *   make instances. It must not free the store. */
typedef kiln_wasm_exn *(*kiln_wasmrt_host_fn)(void *user, kiln_wasm_value *values);

/** Call kiln_wasmrt_caller in a function of the host. The result is the instance that imports the function of the host.
 * This instance either called the function, or exports the function to the caller. If you call kiln_wasmrt_caller
 * anywhere else, the result is NULL. */
const kiln_wasmrt_instance *kiln_wasmrt_caller(void);

/* ---- stores ---- */

/** Makes a store. The function copies `options`. NULL stands for the default options. Returns NULL if memory runs
 * out. */
kiln_wasmrt_store *kiln_wasmrt_store_new(const kiln_wasmrt_store_options *options);

/** Frees a store and everything in it. No code of the store's instances may be running. NULL is allowed. */
void kiln_wasmrt_store_free(kiln_wasmrt_store *store);

/** Defines an entity that modules can import from `module` under the name `name`. If the same name is defined again,
 * the later definition replaces the earlier one. The function copies all strings. Returns false if memory runs out or
 * if `what.address` is NULL. */
bool kiln_wasmrt_define(kiln_wasmrt_store *store, const char *module, const char *name,
                        kiln_wasmrt_extern what);

/** Defines a function of the host, as kiln_wasmrt_define does. `signature` consists of the parameters, a colon, and the
 * results, such as "iI:i". Each letter stands for a type: i: I32; I: I64; f: F32; F: F64; v: V128; r: FUNCREF; e:
 * EXTERNREF; x: EXNREF.
 * - Returns false if memory runs out or if `signature` has any other letter. */
bool kiln_wasmrt_define_func(kiln_wasmrt_store *store, const char *module, const char *name,
                             const char *signature, kiln_wasmrt_host_fn fn, void *user);

/** A value with its type. */
typedef struct kiln_wasmrt_typed {
  kiln_wasm_type type;   /**< type of `value` */
  kiln_wasm_value value; /**< in the field for `type` */
} kiln_wasmrt_typed;

/** Returns a typed I32. */
kiln_wasmrt_typed kiln_wasmrt_i32(uint32_t x);
/** Returns a typed I64. */
kiln_wasmrt_typed kiln_wasmrt_i64(uint64_t x);
/** Returns a typed F32. */
kiln_wasmrt_typed kiln_wasmrt_f32(float x);
/** Returns a typed F64. */
kiln_wasmrt_typed kiln_wasmrt_f64(double x);

/** A function of the host whose arguments and results have types, and which is otherwise like a kiln_wasmrt_host_fn.
 * When the runtime calls it, `results` have the types of the signature and the value zero.
 * - Fails with KILN_WASMRT_LINK, which ends the call into the module, if the function returns a result of another type,
 *   or a reference to a function of another store. */
typedef kiln_wasm_exn *(*kiln_wasmrt_typed_fn)(void *user, const kiln_wasmrt_typed *args,
                                               kiln_wasmrt_typed *results);

/** Defines a host function whose arguments and results have the types of `type`, otherwise like
 * kiln_wasmrt_define_func. Copies `type`, and ignores `type->entry` and `type->host`.
 * - Returns false if memory runs out, if `type` has more than 64 parameters and results in total, or if one of them has
 *   no valid type. */
bool kiln_wasmrt_define_typed(kiln_wasmrt_store *store, const char *module, const char *name,
                              const kiln_wasm_functype *type, kiln_wasmrt_typed_fn fn, void *user);

/** Defines all exports of an instance as kiln_wasmrt_define does. Modules can then import these exports from
 * `module`. */
bool kiln_wasmrt_define_instance(kiln_wasmrt_store *store, const char *module,
                                 kiln_wasmrt_instance *instance);

/** Makes a global. You can pass the global to kiln_wasmrt_define. If memory runs out, the result's `address` is
 * NULL. */
kiln_wasmrt_extern kiln_wasmrt_global_new(kiln_wasmrt_store *store, kiln_wasm_type type,
                                          bool is_mutable, kiln_wasm_value value);

/** Makes a memory. If address space runs out, the result's `address` is NULL. */
kiln_wasmrt_extern kiln_wasmrt_memory_new(kiln_wasmrt_store *store, const kiln_wasm_limits *limits);

/** Makes a table of null references. If memory runs out, the result's `address` is NULL. */
kiln_wasmrt_extern kiln_wasmrt_table_new(kiln_wasmrt_store *store, kiln_wasm_type type,
                                         const kiln_wasm_limits *limits);

/** Makes a tag with the parameters of `signature`. If memory runs out, the result's `address` is NULL. */
kiln_wasmrt_extern kiln_wasmrt_tag_new(kiln_wasmrt_store *store, const char *signature);

/* ---- instances ---- */

/** Makes an instance of a module and runs the module's start function. The runtime looks up imports by name in the
 * store.
 * - Borrows the image and the module's code, which must live as long as the store.
 * - Returns NULL after an error, which is written to `error`. Changes that the module has already made to imported
 *   memories and tables are not undone. */
kiln_wasmrt_instance *kiln_wasmrt_instantiate(kiln_wasmrt_store *store,
                                              const kiln_wasm_image *image,
                                              kiln_wasmrt_error *error);

/** Returns the address of the instance. Code of the instance takes this address as its first argument. Hosts that call
 * the code directly need the address. */
void *kiln_wasmrt_instance_address(const kiln_wasmrt_instance *instance);

/** Returns the image that the instance was made from. */
const kiln_wasm_image *kiln_wasmrt_instance_image(const kiln_wasmrt_instance *instance);

/** Returns the export with a given name. If there is no such export, the result's `address` is NULL. */
kiln_wasmrt_extern kiln_wasmrt_lookup(const kiln_wasmrt_instance *instance, const char *name);

/** Does the same as kiln_wasmrt_lookup for a name that may contain NULs. */
kiln_wasmrt_extern kiln_wasmrt_lookup_bytes(const kiln_wasmrt_instance *instance,
                                            kiln_wasm_name name);

/** Returns the exported function with a given name. Returns NULL if there is no such function. */
const kiln_wasm_func *kiln_wasmrt_lookup_func(const kiln_wasmrt_instance *instance,
                                              const char *name);

/** Returns the type of a function. In the result, `entry` and `host` have no meaning. */
kiln_wasm_functype kiln_wasmrt_func_type(const kiln_wasmrt_store *store,
                                         const kiln_wasm_func *func);

/* ---- running ---- */

/** Calls a function. `values` contains the arguments, and must have room for the arguments and for the results. A
 * function of the host may call kiln_wasmrt_call.
 * - Returns KILN_WASMRT_OK, and `values` contains the results. Otherwise, `error` describes the error. */
kiln_wasmrt_status kiln_wasmrt_call(kiln_wasmrt_store *store, const kiln_wasm_func *func,
                                    kiln_wasm_value *values, kiln_wasmrt_error *error);

/** Calls a function with typed values, as kiln_wasmrt_call does. `n_args`, `n_results` and the types of `args` must
 * agree with the function's type. Otherwise, the error is KILN_WASMRT_LINK, and the function is not called. If the
 * status is KILN_WASMRT_OK, `results` contains the results. */
kiln_wasmrt_status kiln_wasmrt_call_typed(kiln_wasmrt_store *store, const kiln_wasm_func *func,
                                          const kiln_wasmrt_typed *args, uint32_t n_args,
                                          kiln_wasmrt_typed *results, uint32_t n_results,
                                          kiln_wasmrt_error *error);

/** Calls the host's function `body` with the argument `user`. `body` may call the code of modules directly, like C
 * functions. A trap or an exception in that code ends `body` at once, and is written to `error`; at that time, `body`
 * must not hold anything that needs to be cleaned up.
 * - `body` may call any function of this header but kiln_wasmrt_store_free. */
kiln_wasmrt_status kiln_wasmrt_protect(kiln_wasmrt_store *store, void (*body)(void *user),
                                       void *user, kiln_wasmrt_error *error);

/** A stack. At least 64 KiB below `low` must be inaccessible, unless the thread's own stack ends at `low`. */
typedef struct kiln_wasmrt_stack {
  void *low;         /**< its lowest byte */
  size_t size_bytes; /**< its size */
} kiln_wasmrt_stack;

/** Sets the bounds of the stack on which later calls with this store run. Call this function if that stack is a
 * coroutine's stack and not the thread's own stack. If `stack` is NULL, later calls run on the stacks of threads. If a
 * call runs on a stack whose bounds are unknown, the error is KILN_WASMRT_MEMORY. */
void kiln_wasmrt_set_stack(kiln_wasmrt_store *store, const kiln_wasmrt_stack *stack);

/** Ends the innermost call to kiln_wasmrt_call or kiln_wasmrt_protect on the calling thread. The ended call returns
 * KILN_WASMRT_EXIT. Only functions of the host may call kiln_wasmrt_exit. */
__attribute__((noreturn)) void kiln_wasmrt_exit(uint32_t status);

/** Interrupts the code of a store: code that was compiled with KILN_WASM_INTERRUPT traps with KILN_WASM_TRAP_INTERRUPT
 * at its next loop iteration or function entry. If no code is running, the next code to run is interrupted. Some
 * operations end with the same trap even without KILN_WASM_INTERRUPT:
 * - Operations that wait end at once: memory.atomic.wait, poll_oneoff of WASI, and WASI's reads and writes that wait.
 * - Bulk operations, table.grow, and WASI's transfers of many bytes end before their next piece of at most 1 MiB. What
 *   they have written remains; a table that was to grow has its old size.
 * - Threads: threads and signal handlers may call this function at any time. */
void kiln_wasmrt_interrupt(kiln_wasmrt_store *store);

/** Sets the fuel of an instance, whose module must have been compiled with KILN_WASM_FUEL. Each function entry and each
 * loop iteration uses one unit. Bulk operations use one unit for each 64 bytes, or none if they trap because they are
 * out of bounds. */
void kiln_wasmrt_set_fuel(kiln_wasmrt_instance *instance, int64_t fuel);

/** Returns the fuel that is left. */
int64_t kiln_wasmrt_fuel(const kiln_wasmrt_instance *instance);

/** Returns the text of a trap. The texts come from the official test suite. */
const char *kiln_wasmrt_trap_text(kiln_wasm_trap trap);

/** Returns the name of a function in a backtrace. This is the function's name in the name section of the module. If the
 * name section has no name for the function, this is the name under which the function is exported. If the function is
 * not exported, this is an empty name. */
kiln_wasm_name kiln_wasmrt_func_name(const kiln_wasmrt_frame *frame);

/** A place in a source file. */
typedef struct kiln_wasmrt_line {
  uint32_t line;   /**< from 1; 0 if unknown */
  uint32_t column; /**< from 1; 0 if unknown */
  char file[512];  /**< path, as given to the source's compiler; empty if unknown */
} kiln_wasmrt_line;

/** Finds the source lines for the backtrace of a trap. Writes an element to `lines` for each element of
 * `error->frames`. The modules must have been compiled with KILN_WASM_DEBUG (`kiln compile -g`) to objects. The objects
 * must be linked into this program, because the function reads the program's files. */
void kiln_wasmrt_lines(const kiln_wasmrt_error *error, kiln_wasmrt_line *lines);

/* ---- modules in memory ----
 * The functions below need libkiln and libkiln-wasm. */

/** Code of a module in memory. */
typedef struct kiln_wasmrt_code kiln_wasmrt_code;

/** Options of kiln_wasmrt_compile. Zero-initialise the struct for the defaults. */
typedef struct kiln_wasmrt_compile_options {
  uint32_t flags;  /**< KILN_WASM_FUEL and the other flags of <kiln/wasm.h> */
  uint32_t refuse; /**< proposals to refuse, as in <kiln/wasm.h> */
  /** If true, register functions with gdb, as with kiln_jit_options.gdb. KILN_WASM_DEBUG in `flags` has the same
   * effect. */
  bool gdb;
  bool perf;            /**< register functions with perf */
  uint64_t reserved[6]; /**< 0 */
} kiln_wasmrt_compile_options;

/** Validates a module and compiles it to code in memory. You may free `bytes` afterwards. If `options` is NULL, the
 * code has the default options.
 * - Returns NULL after an error, and writes a message to the `error_bytes` bytes at `error`. */
kiln_wasmrt_code *kiln_wasmrt_compile(const void *bytes, size_t size_bytes,
                                      const kiln_wasmrt_compile_options *options, char *error,
                                      size_t error_bytes);

/** Returns the image of the code. */
const kiln_wasm_image *kiln_wasmrt_code_image(const kiln_wasmrt_code *code);

/** Does the same as kiln_wasmrt_lines, for code in memory. Set KILN_WASM_DEBUG in `flags` when you compile the
 * module. */
void kiln_wasmrt_code_lines(const kiln_wasmrt_code *code, const kiln_wasmrt_error *error,
                            kiln_wasmrt_line *lines);

/** Returns a note about wrong debugging information in the module (kiln_wasm_note). The reader has ignored this
 * debugging information. Returns NULL if the reader ignored nothing. The string lives as long as the code. */
const char *kiln_wasmrt_code_note(const kiln_wasmrt_code *code);

/** Frees the code of a module. Before you free the code, free all stores that contain instances of the module. NULL is
 * allowed. */
void kiln_wasmrt_code_free(kiln_wasmrt_code *code);

#ifdef __cplusplus
}
#endif
#endif
