/* A runtime (libkiln-wasmrt) for WebAssembly modules that were compiled with <kiln/wasm.h>, to objects or to code in
 * memory. It provides instances, memories, tables, imports and exports, calls, and traps. The runtime is small, and an
 * embedder may replace it: <kiln/wasm_abi.h> and docs/wasm.md describe what a runtime must do. This runtime needs libc
 * and the unwinder (libgcc_s), but not libkiln.
 *
 * A *store* contains all instances and host functions that can be linked together. Only one thread at a time may use a
 * store, but different threads may use different stores. The instances, functions, memories and exceptions of a store
 * live until kiln_wasmrt_store_free.
 *
 * Signals: the first call into a module in a process installs handlers for SIGSEGV and SIGBUS. The first call on each
 * thread unblocks these signals, and sets an alternate signal stack if the thread has none that is large enough. If the
 * host changes the handlers, the signal mask or the alternate stack later, traps no longer work. A fault that was not
 * caused by compiled code is passed to the handler that was installed before. A shared library that contains the
 * runtime is never unloaded. Any other signal handler of the host that may interrupt a module must have SA_ONSTACK,
 * since compiled code uses the stack to its end. If a handler does not have SA_ONSTACK and there is no room for it on
 * the stack, the module traps, and the signal is lost.
 *
 * Coroutines: a function of the host may switch to another coroutine and be resumed later, even on another thread.
 * After that, the function must not call kiln_wasmrt_trap, kiln_wasmrt_exit or kiln_wasmrt_caller. */
#ifndef KILN_WASM_RUNTIME_H
#define KILN_WASM_RUNTIME_H

#include <kiln/wasm_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A store: all instances and host functions that can be linked together. */
typedef struct kiln_wasmrt_store kiln_wasmrt_store;

/** An instance of a module. */
typedef struct kiln_wasmrt_instance kiln_wasmrt_instance;

/** Options of a store. Zero-initialise the struct for the defaults. */
typedef struct kiln_wasmrt_store_options {
  /* Limits for the store's modules. If a limit would be exceeded, memory.grow and table.grow fail;
   * kiln_wasmrt_instantiate fails with KILN_WASMRT_MEMORY and a message that names the limit; and throwing an exception
   * traps (KILN_WASM_TRAP_LIMIT). */

  /** Maximum number of pages of a memory, whatever maximum the module gives; 0 for 65536 (4 GiB), even for 64-bit
   * memories. */
  uint64_t max_pages;
  uint64_t max_total_pages; /**< maximum pages of all memories together; 0 for 65536 (4 GiB) */
  /** Maximum number of elements of all tables together; 0 for 10 million. An element takes 8 bytes. */
  uint64_t max_table_elements;
  /** Maximum number of bytes of the host's memory that instances and exceptions take; 0 for 256 MiB. Exceptions that
   * nothing refers to are freed. */
  uint64_t max_host_bytes;
  /** Fuel that an instance has initially, including when its start function runs; 0 for unlimited fuel. */
  int64_t fuel;
  uint32_t max_instances; /**< 0 for 10,000 */
  /** Maximum number of memories, each of which takes 8 GiB of address space; 0 for 1,000. */
  uint32_t max_memories;
  uint32_t max_tables; /**< 0 for 10,000 */
  /** Number of bytes of the thread's stack that are reserved for functions of the host; 0 for 64 KiB. If code calls a
   * function of the host when less than this is left, the code traps as if the stack had ended. */
  uint64_t host_stack_bytes;
  /** Maximum number of bytes of stack that code may use, including the functions of the host that the code calls; 0 for
   * 64 MiB. If the thread's stack is larger, the runtime makes some of its pages inaccessible during a call, which
   * costs two system calls. */
  uint64_t max_stack_bytes;
  /** Modules may import functions that are not defined. If code calls such a function, the error is KILN_WASMRT_LINK,
   * with the function's name. */
  bool stub_unknown_functions;
  uint64_t reserved[7]; /**< 0 */
} kiln_wasmrt_store_options;

/** Outcomes of a call. */
typedef enum kiln_wasmrt_status {
  KILN_WASMRT_OK, /**< no error */
  /** An import is unknown or does not match its definition; the values of a typed call do not match the function's
   * type; or the image has a version that the runtime does not support. */
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

/** A function that was active at a trap. */
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
  /** Number of `frames`. Used for TRAP, and for LINK if the error occurred in a call. */
  uint32_t n_frames;
  /** The functions that were active, innermost first. */
  kiln_wasmrt_frame frames[KILN_WASMRT_FRAMES];
  char message[256]; /**< one line, in English */
} kiln_wasmrt_error;

/** An entity that can be imported and exported. */
typedef struct kiln_wasmrt_extern {
  uint32_t kind;   /**< kiln_wasm_kind */
  uint8_t type;    /**< TABLE, GLOBAL: kiln_wasm_type of elements or value */
  bool is_mutable; /**< for GLOBAL */
  /** FUNC: a kiln_wasm_func; TABLE: a kiln_wasm_table; MEMORY: a kiln_wasm_memory; GLOBAL: its kiln_wasm_value (of
   * which only the first 8 bytes exist, or 16 for V128); TAG: a kiln_wasm_tag. */
  void *address;
  /** The store that the entity belongs to. An instance can import only entities of its own store, and shared memories
   * of any store. NULL for entities that the host made itself: their store is unknown, so it is not checked. */
  const kiln_wasmrt_store *store;
} kiln_wasmrt_extern;

/** A function of the host. It takes its arguments from `values` and writes its results to `values`. It returns NULL, or
 * an exception (kiln_wasmrt_exn_new), which is then thrown in the caller. The function may call kiln_wasmrt_call,
 * kiln_wasmrt_trap and kiln_wasmrt_exit. The last two of these do not return. */
typedef kiln_wasm_exn *(*kiln_wasmrt_host_fn)(void *user, kiln_wasm_value *values);

/** Called in a function of the host. Returns the instance that imports the function of the host: either the instance
 * that called the function, or the instance that exported the function to the caller. Returns NULL when it is called
 * from anywhere else. */
const kiln_wasmrt_instance *kiln_wasmrt_caller(void);

/* ---- stores ---- */

/** Makes a store. `options` is copied; NULL for the defaults. Returns NULL if memory runs out. */
kiln_wasmrt_store *kiln_wasmrt_store_new(const kiln_wasmrt_store_options *options);

/** Frees a store and everything in it. No code of the store's instances may be running. NULL is allowed. */
void kiln_wasmrt_store_free(kiln_wasmrt_store *store);

/** Defines the entity that modules import from `module` under `name`. A later definition of the same name replaces an
 * earlier one. Strings are copied. Returns false if memory runs out or if `what.address` is NULL. */
bool kiln_wasmrt_define(kiln_wasmrt_store *store, const char *module, const char *name,
                        kiln_wasmrt_extern what);

/** Defines a function of the host, as kiln_wasmrt_define does. `signature` consists of the parameters, a colon, and the
 * results, such as "iI:i". Each letter stands for a type: 'i' for I32, 'I' for I64, 'f' for F32, 'F' for F64, 'v' for
 * V128, 'r' for FUNCREF, 'e' for EXTERNREF, 'x' for EXNREF. Returns false if memory runs out or if `signature` has any
 * other letter. */
bool kiln_wasmrt_define_func(kiln_wasmrt_store *store, const char *module, const char *name,
                             const char *signature, kiln_wasmrt_host_fn fn, void *user);

/** A value with its type. */
typedef struct kiln_wasmrt_typed {
  kiln_wasm_type type;   /**< type of `value` */
  kiln_wasm_value value; /**< in the field of that type */
} kiln_wasmrt_typed;

/** Returns a typed I32. */
kiln_wasmrt_typed kiln_wasmrt_i32(uint32_t x);
/** Returns a typed I64. */
kiln_wasmrt_typed kiln_wasmrt_i64(uint64_t x);
/** Returns a typed F32. */
kiln_wasmrt_typed kiln_wasmrt_f32(float x);
/** Returns a typed F64. */
kiln_wasmrt_typed kiln_wasmrt_f64(double x);

/** A function of the host whose arguments and results have types; otherwise like kiln_wasmrt_host_fn. When the function
 * is called, `results` have the types of the signature, and their values are zero. If the function returns a result of
 * another type, or a reference to a function of another store, the call into the module ends with KILN_WASMRT_LINK. */
typedef kiln_wasm_exn *(*kiln_wasmrt_typed_fn)(void *user, const kiln_wasmrt_typed *args,
                                               kiln_wasmrt_typed *results);

/** Defines a function of the host whose arguments and results have types; otherwise like kiln_wasmrt_define_func.
 * `type` is copied; its `entry` and `host` are ignored. Returns false if memory runs out, if `type` has more than 64
 * parameters and results, or if one of these has no valid type. */
bool kiln_wasmrt_define_typed(kiln_wasmrt_store *store, const char *module, const char *name,
                              const kiln_wasm_functype *type, kiln_wasmrt_typed_fn fn, void *user);

/** Defines all exports of an instance as imports from `module`, as kiln_wasmrt_define does. */
bool kiln_wasmrt_define_instance(kiln_wasmrt_store *store, const char *module,
                                 kiln_wasmrt_instance *instance);

/** Makes a global, which can then be passed to kiln_wasmrt_define. The result's `address` is NULL if memory runs
 * out. */
kiln_wasmrt_extern kiln_wasmrt_global_new(kiln_wasmrt_store *store, kiln_wasm_type type,
                                          bool is_mutable, kiln_wasm_value value);

/** Makes a memory. The result's `address` is NULL if address space runs out. */
kiln_wasmrt_extern kiln_wasmrt_memory_new(kiln_wasmrt_store *store, const kiln_wasm_limits *limits);

/** Makes a table of null references. The result's `address` is NULL if memory runs out. */
kiln_wasmrt_extern kiln_wasmrt_table_new(kiln_wasmrt_store *store, kiln_wasm_type type,
                                         const kiln_wasm_limits *limits);

/** Makes a tag with the parameters of `signature`. The result's `address` is NULL if memory runs out. */
kiln_wasmrt_extern kiln_wasmrt_tag_new(kiln_wasmrt_store *store, const char *signature);

/* ---- instances ---- */

/** Makes an instance of a module and runs the module's start function. Imports are looked up by name in the store. The
 * image and the module's code must live as long as the store. Returns NULL after an error, and writes the error to
 * `error`. Changes that the module has already made to imported memories and tables are not undone. */
kiln_wasmrt_instance *kiln_wasmrt_instantiate(kiln_wasmrt_store *store,
                                              const kiln_wasm_image *image,
                                              kiln_wasmrt_error *error);

/** Returns the address that code of the instance takes as its first argument. This is for hosts that call the code
 * directly. */
void *kiln_wasmrt_instance_address(const kiln_wasmrt_instance *instance);

/** Returns the image that the instance was made from. */
const kiln_wasm_image *kiln_wasmrt_instance_image(const kiln_wasmrt_instance *instance);

/** Returns the export with a given name. The result's `address` is NULL if there is no such export. */
kiln_wasmrt_extern kiln_wasmrt_lookup(const kiln_wasmrt_instance *instance, const char *name);

/** Does the same as kiln_wasmrt_lookup for a name that may contain NULs. */
kiln_wasmrt_extern kiln_wasmrt_lookup_bytes(const kiln_wasmrt_instance *instance,
                                            kiln_wasm_name name);

/** Returns the exported function with a given name; NULL if there is no such function. */
const kiln_wasm_func *kiln_wasmrt_lookup_func(const kiln_wasmrt_instance *instance,
                                              const char *name);

/** Returns the type of a function. In the result, `entry` and `host` have no meaning. */
kiln_wasm_functype kiln_wasmrt_func_type(const kiln_wasmrt_store *store,
                                         const kiln_wasm_func *func);

/* ---- running ---- */

/** Calls a function. `values` contains the arguments, and must have room for the arguments and for the results. If the
 * status is KILN_WASMRT_OK, the results have been written to `values`; otherwise, `error` describes the error. A
 * function of the host may call kiln_wasmrt_call. */
kiln_wasmrt_status kiln_wasmrt_call(kiln_wasmrt_store *store, const kiln_wasm_func *func,
                                    kiln_wasm_value *values, kiln_wasmrt_error *error);

/** Calls a function with typed values, as kiln_wasmrt_call does. `n_args`, `n_results` and the types of `args` must be
 * those of the function's type; otherwise, the error is KILN_WASMRT_LINK, and the function is not called. If the status
 * is KILN_WASMRT_OK, `results` have been written. */
kiln_wasmrt_status kiln_wasmrt_call_typed(kiln_wasmrt_store *store, const kiln_wasm_func *func,
                                          const kiln_wasmrt_typed *args, uint32_t n_args,
                                          kiln_wasmrt_typed *results, uint32_t n_results,
                                          kiln_wasmrt_error *error);

/** Calls `body(user)`. `body` may call the code of modules directly, like C functions. A trap or an exception in that
 * code ends `body` at once, and is written to `error`. When that happens, `body` must not hold anything that needs to
 * be cleaned up. */
kiln_wasmrt_status kiln_wasmrt_protect(kiln_wasmrt_store *store, void (*body)(void *user),
                                       void *user, kiln_wasmrt_error *error);

/** A stack. At least 64 KiB below `low` must be inaccessible, unless the thread's own stack ends at `low`. */
typedef struct kiln_wasmrt_stack {
  void *low;         /**< its lowest byte */
  size_t size_bytes; /**< its size */
} kiln_wasmrt_stack;

/** Sets the bounds of the stack on which later calls with this store run. Call this function if that stack is not the
 * thread's own stack but a coroutine's. If `stack` is NULL, calls run on the stacks of threads. If a call runs on a
 * stack whose bounds are unknown, the error is KILN_WASMRT_MEMORY. */
void kiln_wasmrt_set_stack(kiln_wasmrt_store *store, const kiln_wasmrt_stack *stack);

/** Ends the innermost call to kiln_wasmrt_call or kiln_wasmrt_protect on this thread, which then returns
 * KILN_WASMRT_EXIT. Only functions of the host may call kiln_wasmrt_exit. */
__attribute__((noreturn)) void kiln_wasmrt_exit(uint32_t status);

/** Interrupts the code of a store. Code that was compiled with KILN_WASM_INTERRUPT traps with KILN_WASM_TRAP_INTERRUPT
 * at its next loop iteration or function entry. If no code is running, the next code to run is interrupted. Operations
 * that wait end at once with the same trap, even in code that was compiled without KILN_WASM_INTERRUPT. These
 * operations are memory.atomic.wait and, among the functions of WASI, poll_oneoff and reads and writes that wait. Any
 * thread may call this function, and so may signal handlers. */
void kiln_wasmrt_interrupt(kiln_wasmrt_store *store);

/** Sets the fuel of an instance whose module was compiled with KILN_WASM_FUEL. One unit of fuel is used by each
 * function entry, by each loop iteration, and by each 64 bytes of a bulk operation. */
void kiln_wasmrt_set_fuel(kiln_wasmrt_instance *instance, int64_t fuel);

/** Returns the fuel that is left. */
int64_t kiln_wasmrt_fuel(const kiln_wasmrt_instance *instance);

/** Returns the text of a trap as in the official test suite. */
const char *kiln_wasmrt_trap_text(kiln_wasm_trap trap);

/** Returns the name of a function in a backtrace: the name in the module's name section; if there is none, the name
 * under which the function is exported; and if it is not exported, an empty name. */
kiln_wasm_name kiln_wasmrt_func_name(const kiln_wasmrt_frame *frame);

/** A place in a source file. */
typedef struct kiln_wasmrt_line {
  uint32_t line;   /**< from 1; 0 if unknown */
  uint32_t column; /**< from 1; 0 if unknown */
  char file[512];  /**< path, as given to the source's compiler; empty if unknown */
} kiln_wasmrt_line;

/** Finds the source lines for a trap's backtrace, and writes an element to `lines` for each element of `error->frames`.
 * This works for modules that were compiled with KILN_WASM_DEBUG (`kiln compile -g`) to objects and linked into this
 * program: the function reads the files of the program. */
void kiln_wasmrt_lines(const kiln_wasmrt_error *error, kiln_wasmrt_line *lines);

/* ---- modules in memory ----
 * The functions below need libkiln and libkiln-wasm. */

/** Code of a module in memory. */
typedef struct kiln_wasmrt_code kiln_wasmrt_code;

/** Options of kiln_wasmrt_compile. Zero-initialise the struct for the defaults. */
typedef struct kiln_wasmrt_compile_options {
  uint32_t flags;  /**< KILN_WASM_FUEL and the other flags of <kiln/wasm.h> */
  uint32_t refuse; /**< proposals to refuse, as in <kiln/wasm.h> */
  /** Register functions with gdb, as with kiln_jit_options.gdb. KILN_WASM_DEBUG in `flags` implies this. */
  bool gdb;
  bool perf;            /**< register functions with perf */
  uint64_t reserved[6]; /**< 0 */
} kiln_wasmrt_compile_options;

/** Validates a module and compiles it to code in memory. `bytes` may be freed afterwards. `options` may be NULL for the
 * defaults. Returns NULL after an error, and writes a message to the `error_bytes` bytes at `error`. */
kiln_wasmrt_code *kiln_wasmrt_compile(const void *bytes, size_t size_bytes,
                                      const kiln_wasmrt_compile_options *options, char *error,
                                      size_t error_bytes);

/** Returns the image of the code. */
const kiln_wasm_image *kiln_wasmrt_code_image(const kiln_wasmrt_code *code);

/** Does the same as kiln_wasmrt_lines, for code in memory. Set KILN_WASM_DEBUG in `flags` when you compile the
 * module. */
void kiln_wasmrt_code_lines(const kiln_wasmrt_code *code, const kiln_wasmrt_error *error,
                            kiln_wasmrt_line *lines);

/** Returns a note about wrong debugging information that was ignored in the module (kiln_wasm_note); NULL if nothing
 * was ignored. The string lives as long as the code. */
const char *kiln_wasmrt_code_note(const kiln_wasmrt_code *code);

/** Frees the code of a module. Stores that contain instances of the module must have been freed before. NULL is
 * allowed. */
void kiln_wasmrt_code_free(kiln_wasmrt_code *code);

#ifdef __cplusplus
}
#endif
#endif
