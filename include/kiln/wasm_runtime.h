/* A runtime for WebAssembly modules that <kiln/wasm.h> compiled, into objects or into memory: instances, memories,
 * tables, imports and exports, calls, traps (libkiln-wasmrt). It is small, and an embedder may write another one:
 * <kiln/wasm_abi.h> and docs/wasm.md say what it has to do. It needs libc and the unwinder (libgcc_s), not libkiln.
 *
 * A *store* holds all that may be linked together. One thread uses a store at a time; several stores, several threads.
 * What a store gives out (instances, functions, memories, exceptions) lives until kiln_wasmrt_store_free.
 *
 * Signals: the first call in a process installs handlers for SIGSEGV and SIGBUS, and the first call on each thread
 * unblocks these signals and sets an alternative signal stack, unless it has a large one. Later changes of either by
 * the host break traps. A fault that compiled code did not make goes on to the handler that was there before. A library
 * that contains the runtime stays loaded. Other handlers of the host that may interrupt a module need SA_ONSTACK: code
 * uses the stack to its end. If the system finds no room there for such a signal, the module traps, and the signal is
 * lost.
 *
 * Functions of the host may switch to another coroutine and back, also on another thread; after that, they may not call
 * kiln_wasmrt_trap, kiln_wasmrt_exit or kiln_wasmrt_caller. */
#ifndef KILN_WASM_RUNTIME_H
#define KILN_WASM_RUNTIME_H

#include <kiln/wasm_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** All that may be linked together. */
typedef struct kiln_wasmrt_store kiln_wasmrt_store;

/** An instance of a module. */
typedef struct kiln_wasmrt_instance kiln_wasmrt_instance;

/** Options of a store. Zero-initialise for defaults. */
typedef struct kiln_wasmrt_store_options {
  /* What its modules may take. memory.grow and table.grow fail beyond a limit, instantiation is an error
   * (KILN_WASMRT_MEMORY) that says which one, exceptions trap (KILN_WASM_TRAP_LIMIT). */

  /** Pages that a memory has at most, whatever the module says; 0: 65536 (4 GiB), also for 64-bit memories. */
  uint64_t max_pages;
  uint64_t max_total_pages;    /**< pages of all memories together; 0: 65536 (4 GiB) */
  uint64_t max_table_elements; /**< elements of all tables together, 8 bytes each; 0: 10 million */
  /** Bytes of the host for instances and exceptions; 0: 256 MiB. Exceptions that nothing refers to are freed. */
  uint64_t max_host_bytes;
  int64_t fuel; /**< what instances have at first, also for their start functions; 0: without end */
  uint32_t max_instances; /**< 0: 10,000 */
  uint32_t max_memories;  /**< each takes 8 GiB of address space; 0: 1,000 */
  uint32_t max_tables;    /**< 0: 10,000 */
  /** Bytes of the thread's stack that are left for functions of the host: code that calls one with less traps as if its
   * stack had ended. 0: 64 KiB. */
  uint64_t host_stack_bytes;
  /** Bytes of stack that code takes at most, functions of the host that it calls included; 0: 64 MiB. Where the stack
   * is larger, pages of it are inaccessible during a call, which costs two system calls. */
  uint64_t max_stack_bytes;
  /** Modules may import functions that nobody has defined; a call of one ends with KILN_WASMRT_LINK and its name. */
  bool stub_unknown_functions;
  uint64_t reserved[7]; /**< 0 */
} kiln_wasmrt_store_options;

/** What went wrong in a call. */
typedef enum kiln_wasmrt_status {
  KILN_WASMRT_OK, /**< nothing */
  /** an import is unknown or does not fit, or the values of a typed call; an image of another version */
  KILN_WASMRT_LINK,
  KILN_WASMRT_TRAP,      /**< code trapped: `trap` */
  KILN_WASMRT_EXCEPTION, /**< an exception came out: `exception` */
  KILN_WASMRT_EXIT,      /**< the host ended execution: kiln_wasmrt_exit; `exit_status` */
  KILN_WASMRT_MEMORY, /**< memory or address space ran out, or a limit of the store is lower than a minimum */
  KILN_WASMRT_STATUS_COUNT
} kiln_wasmrt_status;

/** Most functions in an error's backtrace. */
#define KILN_WASMRT_FRAMES 24

/** A function that was active at a trap. */
typedef struct kiln_wasmrt_frame {
  kiln_wasmrt_instance *instance; /**< one of the instances of its module */
  uint32_t function;              /**< index in the module */
  uint32_t code_offset;           /**< bytes from the start of its code */
} kiln_wasmrt_frame;

/** An error. `message` is always a text. */
typedef struct kiln_wasmrt_error {
  kiln_wasmrt_status status;                    /**< what */
  kiln_wasm_trap trap;                          /**< TRAP */
  kiln_wasm_exn *exception;                     /**< EXCEPTION */
  uint32_t exit_status;                         /**< EXIT */
  uint32_t n_frames;                            /**< TRAP, LINK in a call: of `frames` */
  kiln_wasmrt_frame frames[KILN_WASMRT_FRAMES]; /**< innermost first */
  char message[256];                            /**< one line, in English */
} kiln_wasmrt_error;

/** Something that can be imported and exported. */
typedef struct kiln_wasmrt_extern {
  uint32_t kind;   /**< kiln_wasm_kind */
  uint8_t type;    /**< TABLE, GLOBAL: kiln_wasm_type of elements or value */
  bool is_mutable; /**< GLOBAL */
  /** FUNC: kiln_wasm_func; TABLE: kiln_wasm_table; MEMORY: kiln_wasm_memory; GLOBAL: its kiln_wasm_value (8 bytes of
   * it, V128: 16); TAG: kiln_wasm_tag */
  void *address;
  /** Whose it is: instances import only from their own store, but for shared memories. NULL: not known, and not
   * checked, for what the host has made itself. */
  const kiln_wasmrt_store *store;
} kiln_wasmrt_extern;

/** A function of the host. It gets its arguments in `values` and puts results there. It gives NULL, or an exception
 * (kiln_wasmrt_exn_new) that its caller then throws. It may call kiln_wasmrt_call, kiln_wasmrt_trap and
 * kiln_wasmrt_exit; the last two leave it without coming back. */
typedef kiln_wasm_exn *(*kiln_wasmrt_host_fn)(void *user, kiln_wasm_value *values);

/** In a function of the host: the instance that imports it and has called it, or has exported it to the caller. NULL in
 * all other functions. */
const kiln_wasmrt_instance *kiln_wasmrt_caller(void);

/* ---- stores ---- */

/** Makes a store; `options` is copied, NULL for defaults. NULL if memory runs out. */
kiln_wasmrt_store *kiln_wasmrt_store_new(const kiln_wasmrt_store_options *options);

/** Frees a store and all that is in it. No code of it runs. NULL is allowed. */
void kiln_wasmrt_store_free(kiln_wasmrt_store *store);

/** Gives a name to what modules may import from `module` as `name`; a later definition of the same wins. Texts are
 * copied. False if memory runs out, also for an extern whose address is NULL. */
bool kiln_wasmrt_define(kiln_wasmrt_store *store, const char *module, const char *name,
                        kiln_wasmrt_extern what);

/** Likewise a function of the host. `signature` is parameters, a colon and results: 'i' I32, 'I' I64, 'f' F32, 'F' F64,
 * 'v' V128, 'r' FUNCREF, 'e' EXTERNREF, 'x' EXNREF, such as "iI:i". False also for other letters. */
bool kiln_wasmrt_define_func(kiln_wasmrt_store *store, const char *module, const char *name,
                             const char *signature, kiln_wasmrt_host_fn fn, void *user);

/** A value with its type. */
typedef struct kiln_wasmrt_typed {
  kiln_wasm_type type;   /**< what `value` is */
  kiln_wasm_value value; /**< the field of that type */
} kiln_wasmrt_typed;

/** A typed I32. */
kiln_wasmrt_typed kiln_wasmrt_i32(uint32_t x);
/** A typed I64. */
kiln_wasmrt_typed kiln_wasmrt_i64(uint64_t x);
/** A typed F32. */
kiln_wasmrt_typed kiln_wasmrt_f32(float x);
/** A typed F64. */
kiln_wasmrt_typed kiln_wasmrt_f64(double x);

/** A function of the host whose values have types. `results` have the types of the signature already, and zero values;
 * a result of another type, or a function of another store, ends the module's call with KILN_WASMRT_LINK. Otherwise as
 * kiln_wasmrt_host_fn. */
typedef kiln_wasm_exn *(*kiln_wasmrt_typed_fn)(void *user, const kiln_wasmrt_typed *args,
                                               kiln_wasmrt_typed *results);

/** As kiln_wasmrt_define_func. `type` is copied; `entry` and `host` in it mean nothing. False also if it has more than
 * 64 values, or one without a type. */
bool kiln_wasmrt_define_typed(kiln_wasmrt_store *store, const char *module, const char *name,
                              const kiln_wasm_functype *type, kiln_wasmrt_typed_fn fn, void *user);

/** Likewise all exports of an instance. */
bool kiln_wasmrt_define_instance(kiln_wasmrt_store *store, const char *module,
                                 kiln_wasmrt_instance *instance);

/** Makes a global, to be defined; `address` NULL if memory runs out. */
kiln_wasmrt_extern kiln_wasmrt_global_new(kiln_wasmrt_store *store, kiln_wasm_type type,
                                          bool is_mutable, kiln_wasm_value value);

/** Makes a memory; `address` NULL if address space runs out. */
kiln_wasmrt_extern kiln_wasmrt_memory_new(kiln_wasmrt_store *store, const kiln_wasm_limits *limits);

/** Makes a table of null references; `address` NULL if memory runs out. */
kiln_wasmrt_extern kiln_wasmrt_table_new(kiln_wasmrt_store *store, kiln_wasm_type type,
                                         const kiln_wasm_limits *limits);

/** Makes a tag with the parameters of `signature`; `address` NULL if memory runs out. */
kiln_wasmrt_extern kiln_wasmrt_tag_new(kiln_wasmrt_store *store, const char *signature);

/* ---- instances ---- */

/** Makes an instance of a module and runs its start function. Imports are what the store has by their names. The image
 * and the module's code must live as long as the store. NULL after an error, which `*error` says; what the module has
 * already written to imported memories and tables stays. */
kiln_wasmrt_instance *kiln_wasmrt_instantiate(kiln_wasmrt_store *store,
                                              const kiln_wasm_image *image,
                                              kiln_wasmrt_error *error);

/** The address that code of the instance gets as its first argument: for calling code directly. */
void *kiln_wasmrt_instance_address(const kiln_wasmrt_instance *instance);

/** The image that it was made of. */
const kiln_wasm_image *kiln_wasmrt_instance_image(const kiln_wasmrt_instance *instance);

/** An export; `address` NULL if there is none of that name. */
kiln_wasmrt_extern kiln_wasmrt_lookup(const kiln_wasmrt_instance *instance, const char *name);

/** Likewise by a name that may have NULs in it. */
kiln_wasmrt_extern kiln_wasmrt_lookup_bytes(const kiln_wasmrt_instance *instance,
                                            kiln_wasm_name name);

/** An exported function, or NULL. */
const kiln_wasm_func *kiln_wasmrt_lookup_func(const kiln_wasmrt_instance *instance,
                                              const char *name);

/** The type of a function; `entry` and `host` in it mean nothing. */
kiln_wasm_functype kiln_wasmrt_func_type(const kiln_wasmrt_store *store,
                                         const kiln_wasm_func *func);

/* ---- running ---- */

/** Calls a function with arguments in `values`, which has room for its arguments and for its results. OK: the results
 * are there; else `*error` says more. May be called by a function of the host. */
kiln_wasmrt_status kiln_wasmrt_call(kiln_wasmrt_store *store, const kiln_wasm_func *func,
                                    kiln_wasm_value *values, kiln_wasmrt_error *error);

/** Likewise with typed values: numbers and types must be those of the function, or the error is KILN_WASMRT_LINK, and
 * nothing was called. OK: `results` are written. */
kiln_wasmrt_status kiln_wasmrt_call_typed(kiln_wasmrt_store *store, const kiln_wasm_func *func,
                                          const kiln_wasmrt_typed *args, uint32_t n_args,
                                          kiln_wasmrt_typed *results, uint32_t n_results,
                                          kiln_wasmrt_error *error);

/** Calls `body(user)`, which may call code of modules directly, as a C function: traps and exceptions of that code end
 * it and are in `*error`. `body` must have nothing to clean up then. */
kiln_wasmrt_status kiln_wasmrt_protect(kiln_wasmrt_store *store, void (*body)(void *user),
                                       void *user, kiln_wasmrt_error *error);

/** A stack. Below `low` at least 64 KiB must be inaccessible, or the thread ends there. */
typedef struct kiln_wasmrt_stack {
  void *low;         /**< its lowest byte */
  size_t size_bytes; /**< its size */
} kiln_wasmrt_stack;

/** Gives the bounds of the stack that calls of the store are on from now on, where it is not the thread's own: that of
 * a coroutine. NULL: calls are on stacks of threads. A call on a stack whose bounds are not known is an error
 * (KILN_WASMRT_MEMORY). */
void kiln_wasmrt_set_stack(kiln_wasmrt_store *store, const kiln_wasmrt_stack *stack);

/** Ends the innermost call of kiln_wasmrt_call or kiln_wasmrt_protect on this thread with KILN_WASMRT_EXIT. Only for
 * functions of the host. */
__attribute__((noreturn)) void kiln_wasmrt_exit(uint32_t status);

/** Stops code of modules compiled with KILN_WASM_INTERRUPT, with KILN_WASM_TRAP_INTERRUPT, as soon as it comes to a
 * loop or a function; if none runs, the next one. What waits ends so at once, in all modules: memory.atomic.wait, and
 * of WASI's functions poll_oneoff, and reads and writes that wait. May be called by any thread, and by signal handlers.
 */
void kiln_wasmrt_interrupt(kiln_wasmrt_store *store);

/** Sets the fuel of an instance whose module counts it (KILN_WASM_FUEL): 1 for each entry of a function and iteration
 * of a loop, and for each 64 bytes of a bulk operation. */
void kiln_wasmrt_set_fuel(kiln_wasmrt_instance *instance, int64_t fuel);

/** The fuel that is left. */
int64_t kiln_wasmrt_fuel(const kiln_wasmrt_instance *instance);

/** The text of a trap, as the official test suite has it. */
const char *kiln_wasmrt_trap_text(kiln_wasm_trap trap);

/** The name of a function in a backtrace: from the name section, else the export's, else empty. */
kiln_wasm_name kiln_wasmrt_func_name(const kiln_wasmrt_frame *frame);

/** A place in a source file. */
typedef struct kiln_wasmrt_line {
  uint32_t line;   /**< from 1; 0: not known */
  uint32_t column; /**< from 1; 0: not known */
  char file[512];  /**< path, as its compiler was told; empty: not known */
} kiln_wasmrt_line;

/** Where in the sources the functions of a trap's backtrace were: `lines` gets one for each of `error->frames`. For
 * modules that were compiled with KILN_WASM_DEBUG (`kiln compile -g`) into objects of this program, whose files are
 * read for that. */
void kiln_wasmrt_lines(const kiln_wasmrt_error *error, kiln_wasmrt_line *lines);

/* ---- modules in memory ---- What is below needs libkiln and libkiln-wasm. */

/** Code of a module in memory. */
typedef struct kiln_wasmrt_code kiln_wasmrt_code;

/** Options of kiln_wasmrt_compile. Zero-initialise for defaults. */
typedef struct kiln_wasmrt_compile_options {
  uint32_t flags;  /**< of <kiln/wasm.h>: KILN_WASM_FUEL and the like */
  uint32_t refuse; /**< of <kiln/wasm.h>: proposals that are refused */
  /** as in kiln_jit_options: tell gdb the functions; KILN_WASM_DEBUG in `flags` does that by itself */
  bool gdb;
  bool perf;            /**< likewise perf */
  uint64_t reserved[6]; /**< 0 */
} kiln_wasmrt_compile_options;

/** Validates and compiles a module into memory. `bytes` may be freed afterwards. NULL with a message in `error` (of
 * `error_bytes` bytes). `options` may be NULL. */
kiln_wasmrt_code *kiln_wasmrt_compile(const void *bytes, size_t size_bytes,
                                      const kiln_wasmrt_compile_options *options, char *error,
                                      size_t error_bytes);

/** The image in it. */
const kiln_wasm_image *kiln_wasmrt_code_image(const kiln_wasmrt_code *code);

/** Likewise for code in memory, compiled with KILN_WASM_DEBUG in its flags. */
void kiln_wasmrt_code_lines(const kiln_wasmrt_code *code, const kiln_wasmrt_error *error,
                            kiln_wasmrt_line *lines);

/** What of the module was ignored: kiln_wasm_note. NULL: nothing. Lives as long as the code. */
const char *kiln_wasmrt_code_note(const kiln_wasmrt_code *code);

/** Frees code, after the stores that have instances of it. NULL is allowed. */
void kiln_wasmrt_code_free(kiln_wasmrt_code *code);

#ifdef __cplusplus
}
#endif
#endif
