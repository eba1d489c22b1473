/* A runtime for WebAssembly modules that <kiln/wasm.h> compiled, into objects or into memory: instances, memories,
 * tables, imports and exports, calls, and traps (libkiln-wasmrt). It is small, and an embedder may write another one:
 * <kiln/wasm_abi.h> and docs/wasm.md describe what it has to do. It needs libc and the unwinder (libgcc_s), but not
 * libkiln.
 *
 * A *store* contains everything that may be linked together. Only one thread at a time uses a store, but different
 * threads may use different stores. What a store returns (instances, functions, memories, exceptions) lives until
 * kiln_wasmrt_store_free.
 *
 * Signals: the first call in a process installs handlers for SIGSEGV and SIGBUS. The first call on each thread unblocks
 * these signals, and sets an alternate signal stack unless the thread has a large one. If the host changes either
 * later, traps no longer work. A fault that compiled code did not cause is passed to the handler that was installed
 * before. A library that contains the runtime stays loaded. Other handlers of the host that may interrupt a module need
 * SA_ONSTACK, since code uses the stack to its end. If the system finds no room there for such a signal, the module
 * traps, and the signal is lost.
 *
 * Functions of the host may switch to another coroutine and back, even on another thread. After that, they must not
 * call kiln_wasmrt_trap, kiln_wasmrt_exit or kiln_wasmrt_caller. */
#ifndef KILN_WASM_RUNTIME_H
#define KILN_WASM_RUNTIME_H

#include <kiln/wasm_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A store: everything that may be linked together. */
typedef struct kiln_wasmrt_store kiln_wasmrt_store;

/** An instance of a module. */
typedef struct kiln_wasmrt_instance kiln_wasmrt_instance;

/** Options of a store. Zero-initialise the struct for the defaults. */
typedef struct kiln_wasmrt_store_options {
  /* Limits for the store's modules. Past a limit, memory.grow and table.grow fail, instantiation is an error
   * (KILN_WASMRT_MEMORY) that names the limit, and exceptions trap (KILN_WASM_TRAP_LIMIT). */

  /** Maximum pages of one memory, whatever the module says; 0 for 65536 (4 GiB), also for 64-bit memories. */
  uint64_t max_pages;
  uint64_t max_total_pages; /**< maximum pages of all memories together; 0 for 65536 (4 GiB) */
  /** Maximum elements of all tables together, 8 bytes each; 0 for 10 million. */
  uint64_t max_table_elements;
  /** Maximum bytes of the host's memory for instances and exceptions; 0 for 256 MiB. Exceptions that nothing refers to
   * are freed. */
  uint64_t max_host_bytes;
  /** Initial fuel of instances, also for their start functions; 0 for unlimited fuel. */
  int64_t fuel;
  uint32_t max_instances; /**< 0 for 10,000 */
  uint32_t max_memories;  /**< each takes 8 GiB of address space; 0 for 1,000 */
  uint32_t max_tables;    /**< 0 for 10,000 */
  /** Bytes of the thread's stack that are reserved for functions of the host: code that calls one with less left traps
   * as if its stack had ended. 0 for 64 KiB. */
  uint64_t host_stack_bytes;
  /** Maximum bytes of stack that code uses, including functions of the host that it calls; 0 for 64 MiB. If the stack
   * is larger, some of its pages are inaccessible during a call, which costs two system calls. */
  uint64_t max_stack_bytes;
  /** Modules may import functions that nothing defines. A call of such a function ends with KILN_WASMRT_LINK and its
   * name. */
  bool stub_unknown_functions;
  uint64_t reserved[7]; /**< 0 */
} kiln_wasmrt_store_options;

/** Outcomes of a call. */
typedef enum kiln_wasmrt_status {
  KILN_WASMRT_OK, /**< no error */
  /** An import is unknown or does not match; the values of a typed call do not match; or the image has another
   * version. */
  KILN_WASMRT_LINK,
  KILN_WASMRT_TRAP,      /**< code trapped: `trap` */
  KILN_WASMRT_EXCEPTION, /**< an exception was not caught: `exception` */
  KILN_WASMRT_EXIT,      /**< the host ended execution by kiln_wasmrt_exit: `exit_status` */
  /** Memory or address space ran out, or a limit of the store is lower than a required minimum. */
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
  /** For TRAP, and for LINK in a call: number of `frames`. */
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
  /** FUNC: a kiln_wasm_func; TABLE: a kiln_wasm_table; MEMORY: a kiln_wasm_memory; GLOBAL: its kiln_wasm_value (only 8
   * bytes of it; 16 for V128); TAG: a kiln_wasm_tag. */
  void *address;
  /** The store that it belongs to: instances import only from their own store, except shared memories. NULL if that is
   * unknown and not checked, for what the host has made itself. */
  const kiln_wasmrt_store *store;
} kiln_wasmrt_extern;

/** A function of the host. It takes its arguments from `values` and writes its results there. It returns NULL, or an
 * exception (kiln_wasmrt_exn_new) that its caller then throws. It may call kiln_wasmrt_call, kiln_wasmrt_trap and
 * kiln_wasmrt_exit; the last two do not return. */
typedef kiln_wasm_exn *(*kiln_wasmrt_host_fn)(void *user, kiln_wasm_value *values);

/** Returns, in a function of the host, the instance that imports the function and called it, or that exported it to the
 * caller. Returns NULL in all other functions. */
const kiln_wasmrt_instance *kiln_wasmrt_caller(void);

/* ---- stores ---- */

/** Makes a store. `options` is copied; NULL for the defaults. Returns NULL if memory runs out. */
kiln_wasmrt_store *kiln_wasmrt_store_new(const kiln_wasmrt_store_options *options);

/** Frees a store and everything in it. None of its code may be running. NULL is allowed. */
void kiln_wasmrt_store_free(kiln_wasmrt_store *store);

/** Defines what modules import from `module` as `name`. A later definition of the same name replaces it. Strings are
 * copied. Returns false if memory runs out, and for an extern whose address is NULL. */
bool kiln_wasmrt_define(kiln_wasmrt_store *store, const char *module, const char *name,
                        kiln_wasmrt_extern what);

/** Defines a function of the host in the same way. `signature` consists of the parameters, a colon and the results,
 * such as "iI:i": 'i' I32, 'I' I64, 'f' F32, 'F' F64, 'v' V128, 'r' FUNCREF, 'e' EXTERNREF, 'x' EXNREF. Also returns
 * false for any other letter. */
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

/** A function of the host whose values have types. Initially, `results` have the types of the signature and zero
 * values. A result of another type, or a function of another store, ends the module's call with KILN_WASMRT_LINK.
 * Otherwise like kiln_wasmrt_host_fn. */
typedef kiln_wasm_exn *(*kiln_wasmrt_typed_fn)(void *user, const kiln_wasmrt_typed *args,
                                               kiln_wasmrt_typed *results);

/** Defines a function of the host with typed values, otherwise like kiln_wasmrt_define_func. `type` is copied; its
 * `entry` and `host` are ignored. Also returns false if `type` has more than 64 values, or one without a type. */
bool kiln_wasmrt_define_typed(kiln_wasmrt_store *store, const char *module, const char *name,
                              const kiln_wasm_functype *type, kiln_wasmrt_typed_fn fn, void *user);

/** Defines all exports of an instance, like kiln_wasmrt_define. */
bool kiln_wasmrt_define_instance(kiln_wasmrt_store *store, const char *module,
                                 kiln_wasmrt_instance *instance);

/** Makes a global, which can then be defined. `address` is NULL if memory runs out. */
kiln_wasmrt_extern kiln_wasmrt_global_new(kiln_wasmrt_store *store, kiln_wasm_type type,
                                          bool is_mutable, kiln_wasm_value value);

/** Makes a memory. `address` is NULL if address space runs out. */
kiln_wasmrt_extern kiln_wasmrt_memory_new(kiln_wasmrt_store *store, const kiln_wasm_limits *limits);

/** Makes a table of null references. `address` is NULL if memory runs out. */
kiln_wasmrt_extern kiln_wasmrt_table_new(kiln_wasmrt_store *store, kiln_wasm_type type,
                                         const kiln_wasm_limits *limits);

/** Makes a tag with the parameters of `signature`. `address` is NULL if memory runs out. */
kiln_wasmrt_extern kiln_wasmrt_tag_new(kiln_wasmrt_store *store, const char *signature);

/* ---- instances ---- */

/** Makes an instance of a module and runs its start function. Imports are looked up by name in the store. The image and
 * the module's code must live as long as the store. Returns NULL after an error, which is written to `error`; whatever
 * the module has already written to imported memories and tables stays there. */
kiln_wasmrt_instance *kiln_wasmrt_instantiate(kiln_wasmrt_store *store,
                                              const kiln_wasm_image *image,
                                              kiln_wasmrt_error *error);

/** Returns the address that code of the instance takes as its first argument, for calling code directly. */
void *kiln_wasmrt_instance_address(const kiln_wasmrt_instance *instance);

/** Returns the image that the instance was made from. */
const kiln_wasm_image *kiln_wasmrt_instance_image(const kiln_wasmrt_instance *instance);

/** Returns an export; its `address` is NULL if there is none of that name. */
kiln_wasmrt_extern kiln_wasmrt_lookup(const kiln_wasmrt_instance *instance, const char *name);

/** Returns an export by a name that may contain NULs, like kiln_wasmrt_lookup. */
kiln_wasmrt_extern kiln_wasmrt_lookup_bytes(const kiln_wasmrt_instance *instance,
                                            kiln_wasm_name name);

/** Returns an exported function; NULL if there is none. */
const kiln_wasm_func *kiln_wasmrt_lookup_func(const kiln_wasmrt_instance *instance,
                                              const char *name);

/** Returns the type of a function, whose `entry` and `host` are meaningless. */
kiln_wasm_functype kiln_wasmrt_func_type(const kiln_wasmrt_store *store,
                                         const kiln_wasm_func *func);

/* ---- running ---- */

/** Calls a function with its arguments in `values`, which has room for the arguments and for the results. If the status
 * is OK, `values` has the results; otherwise, `error` has the details. A function of the host may call this. */
kiln_wasmrt_status kiln_wasmrt_call(kiln_wasmrt_store *store, const kiln_wasm_func *func,
                                    kiln_wasm_value *values, kiln_wasmrt_error *error);

/** Calls a function with typed values, like kiln_wasmrt_call. Their numbers and types must be those of the function;
 * otherwise, the error is KILN_WASMRT_LINK, and nothing is called. If the status is OK, `results` have been written. */
kiln_wasmrt_status kiln_wasmrt_call_typed(kiln_wasmrt_store *store, const kiln_wasm_func *func,
                                          const kiln_wasmrt_typed *args, uint32_t n_args,
                                          kiln_wasmrt_typed *results, uint32_t n_results,
                                          kiln_wasmrt_error *error);

/** Calls `body(user)`, which may call code of modules directly, like C functions. A trap or an exception in that code
 * ends `body` and is written to `error`; `body` must not have anything to clean up at that point. */
kiln_wasmrt_status kiln_wasmrt_protect(kiln_wasmrt_store *store, void (*body)(void *user),
                                       void *user, kiln_wasmrt_error *error);

/** A stack. At least 64 KiB below `low` must be inaccessible, or the thread must end there. */
typedef struct kiln_wasmrt_stack {
  void *low;         /**< its lowest byte */
  size_t size_bytes; /**< its size */
} kiln_wasmrt_stack;

/** Sets the bounds of the stack that later calls of the store run on, if it is not the thread's own stack: that of a
 * coroutine. NULL if calls run on stacks of threads. A call on a stack of unknown bounds is an error
 * (KILN_WASMRT_MEMORY). */
void kiln_wasmrt_set_stack(kiln_wasmrt_store *store, const kiln_wasmrt_stack *stack);

/** Ends the innermost call of kiln_wasmrt_call or kiln_wasmrt_protect on this thread with KILN_WASMRT_EXIT. Only
 * functions of the host may call this. */
__attribute__((noreturn)) void kiln_wasmrt_exit(uint32_t status);

/** Stops code of modules compiled with KILN_WASM_INTERRUPT, by KILN_WASM_TRAP_INTERRUPT, as soon as it reaches a loop
 * or a function. If no code is running, stops the next code to run. In all modules, operations that wait end at once in
 * the same way: memory.atomic.wait, and among WASI's functions poll_oneoff, and reads and writes that wait. Any thread
 * may call this, and so may signal handlers. */
void kiln_wasmrt_interrupt(kiln_wasmrt_store *store);

/** Sets the fuel of an instance whose module counts it (KILN_WASM_FUEL). Each function entry, each loop iteration, and
 * each 64 bytes of a bulk operation use 1. */
void kiln_wasmrt_set_fuel(kiln_wasmrt_instance *instance, int64_t fuel);

/** Returns the fuel that is left. */
int64_t kiln_wasmrt_fuel(const kiln_wasmrt_instance *instance);

/** Returns the text of a trap as in the official test suite. */
const char *kiln_wasmrt_trap_text(kiln_wasm_trap trap);

/** Returns the name of a function in a backtrace: that in the name section, or else that of its export, or else an
 * empty name. */
kiln_wasm_name kiln_wasmrt_func_name(const kiln_wasmrt_frame *frame);

/** A place in a source file. */
typedef struct kiln_wasmrt_line {
  uint32_t line;   /**< from 1; 0 if unknown */
  uint32_t column; /**< from 1; 0 if unknown */
  char file[512];  /**< path, as given to its compiler; empty if unknown */
} kiln_wasmrt_line;

/** Finds where in the sources the functions of a trap's backtrace were, and writes an element to `lines` for each of
 * `error->frames`. Works for modules that were compiled with KILN_WASM_DEBUG (`kiln compile -g`) into objects of this
 * program, whose files it reads. */
void kiln_wasmrt_lines(const kiln_wasmrt_error *error, kiln_wasmrt_line *lines);

/* ---- modules in memory ---- What is below needs libkiln and libkiln-wasm. */

/** Code of a module in memory. */
typedef struct kiln_wasmrt_code kiln_wasmrt_code;

/** Options of kiln_wasmrt_compile. Zero-initialise the struct for the defaults. */
typedef struct kiln_wasmrt_compile_options {
  uint32_t flags;  /**< KILN_WASM_FUEL and the other flags of <kiln/wasm.h> */
  uint32_t refuse; /**< proposals to refuse, as in <kiln/wasm.h> */
  /** Register functions with gdb, as in kiln_jit_options. KILN_WASM_DEBUG in `flags` implies this. */
  bool gdb;
  bool perf;            /**< register functions with perf */
  uint64_t reserved[6]; /**< 0 */
} kiln_wasmrt_compile_options;

/** Validates a module and compiles it into memory. `bytes` may be freed afterwards. Returns NULL after an error, with a
 * message in the `error_bytes` bytes at `error`. `options` may be NULL. */
kiln_wasmrt_code *kiln_wasmrt_compile(const void *bytes, size_t size_bytes,
                                      const kiln_wasmrt_compile_options *options, char *error,
                                      size_t error_bytes);

/** Returns the image of the code. */
const kiln_wasm_image *kiln_wasmrt_code_image(const kiln_wasmrt_code *code);

/** Does the same as kiln_wasmrt_lines for code in memory that was compiled with KILN_WASM_DEBUG in its flags. */
void kiln_wasmrt_code_lines(const kiln_wasmrt_code *code, const kiln_wasmrt_error *error,
                            kiln_wasmrt_line *lines);

/** Returns what was ignored in the module (kiln_wasm_note); NULL if nothing was. The string lives as long as the
 * code. */
const char *kiln_wasmrt_code_note(const kiln_wasmrt_code *code);

/** Frees code. Stores that have instances of it must have been freed before. NULL is allowed. */
void kiln_wasmrt_code_free(kiln_wasmrt_code *code);

#ifdef __cplusplus
}
#endif
#endif
