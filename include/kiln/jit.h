/* Just-in-time compilation: puts a module's code into this process's memory, where it can be called.
 *
 * A front end builds and compiles functions in the same way as for an object. Instead of kiln_emit_elf, it calls
 * kiln_jit_add, which links the functions with the code and data that the JIT already contains and with the program's
 * own symbols. Each call to kiln_jit_add adds a *unit*, which can be removed again. No mapping of memory is ever
 * writable and executable at the same time.
 *
 * Threads: any thread may call any function of this header at any time, with two exceptions. No other call on a JIT may
 * run during kiln_jit_free, and only one thread at a time may use a stream. Modules and sessions follow the same rules
 * as without a JIT. The JIT's lock is held only while units are linked, not while code is generated. A signal handler
 * must not call any function of this header. A signal handler may run JIT-compiled code, even code that uses
 * thread-local data for the first time in the thread.
 *
 * NULL: if a JIT or a stream could not be made, its pointer is NULL. Calls on a NULL JIT or stream return "none" or
 * KILN_ERR_ARGUMENT.
 *
 * Running code: the JIT does not know which functions are running. Before you remove a unit or free the JIT, make sure
 * that no thread is executing the code to be removed or will return to that code, and that nothing keeps addresses of
 * the code. When a function is redefined, calls that are in progress finish in the old code, and new calls reach the
 * new code. See docs/jit.md.
 *
 * fork: a child process inherits the JIT in the state that it had at the fork. The child may run the existing code,
 * look up symbols, and free the JIT. It cannot add or remove units (KILN_ERR_STRUCTURE), but it may make a JIT of its
 * own. Changes that the parent makes to the JIT after the fork do not affect the child. If a child is made by clone or
 * _Fork instead of fork(), and uses units that the parent may remove, the JIT must have KILN_JIT_PROTECTION_SWITCH. */
#ifndef KILN_JIT_H
#define KILN_JIT_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where the JIT's memory is placed. */
typedef enum kiln_jit_reach {
  /** In several pieces at any addresses; more are allocated as needed, until the system has no more memory. */
  KILN_JIT_REACH_FAR,
  /** In one piece of `memory_bytes` bytes, so that all units can refer to each other directly. */
  KILN_JIT_REACH_NEAR,
  KILN_JIT_REACH_COUNT
} kiln_jit_reach;

/** How code is written to memory, given that no mapping is ever writable and executable at the same time. */
typedef enum kiln_jit_protection {
  /** DUAL where the system allows it, and SWITCH elsewhere. With kiln_jit_options.gdb, SWITCH is preferred to DUAL. */
  KILN_JIT_PROTECTION_AUTO,
  /** The same memory (of a memfd) is mapped twice, once executable and once writable. Adding a function needs no system
   * call. Debuggers can set only hardware breakpoints in this memory. A child process shares the memory with its
   * parent. When the parent first removes a unit from a chunk of 64 KiB after a fork, the library moves the chunk to
   * new pages, with 4 system calls. The library uses pthread_atfork to learn of forks, so it does not learn of children
   * that are made by clone or _Fork. In these children, the code changes whenever the parent's code changes. */
  KILN_JIT_PROTECTION_DUAL,
  /** Pages are writable while a unit is written, and executable afterwards. Each unit has pages of its own and needs
   * two or more system calls. The memory is private: each child process keeps the code that existed when the child was
   * made, whether by fork, clone or _Fork. */
  KILN_JIT_PROTECTION_SWITCH,
  KILN_JIT_PROTECTION_COUNT
} kiln_jit_protection;

/** Options of a JIT. Zero-initialise the struct for the defaults. */
typedef struct kiln_jit_options {
  /** With NEAR: the address space for all code, read-only data and data together, at most 1 GiB; 0 for 128 MiB. Memory
   * is allocated only as it is used. With FAR: the minimum size of a piece; 0 for 16 MiB. */
  uint64_t memory_bytes;
  kiln_jit_reach reach;           /**< where memory is placed */
  kiln_jit_protection protection; /**< how it is protected */
  /** Callback that returns the address of a symbol that no unit defines; may be NULL. If the callback returns NULL, the
   * symbol is looked up by `dlsym` and among the symbols that the JIT itself provides. The callback is called from
   * within kiln_jit_add and kiln_jit_stream_add, without a lock held. It may add units: it is then not called again for
   * names that these units define. Several threads may call it at once. */
  kiln_resolve_fn resolve;
  void *resolve_user; /**< passed to `resolve` */
  /** Do not look up symbols of the process by `dlsym`. */
  bool no_process_symbols;
  kiln_allocator allocator; /**< for the JIT's tables; all zero for C's realloc */
  /** Do not register frames with the unwinder. Adding a unit is then faster, but unwinding does not work through frames
   * of the JIT: exceptions, backtrace() and pthread_cancel stop at these frames or end the process. */
  bool no_unwind;
  /** Register each unit with gdb, through gdb's JIT interface. gdb then knows the names and frames of functions. It
   * also knows the lines, variables and types that the front end described with <kiln/debug.h>. */
  bool gdb;
  /** Append the names and addresses of functions to /tmp/perf-PID.map, where `perf report` looks for names. If the file
   * was left by an earlier process with the same PID, it is replaced. Each control character or backslash in a name is
   * written as a backslash and two hexadecimal digits, both in this file and in the file in jitdump_folder. */
  bool perf_map;
  /** Write the file jit-PID.dump to this folder, for `perf inject --jit`. The file contains the names and code of
   * functions, and the lines of functions that have debugging information. All JITs of the process share one file. NULL
   * for no file. */
  const char *jitdump_folder;
  uint64_t reserved[8]; /**< 0 */
} kiln_jit_options;

/** The error of a call. Zero-initialise the struct before the first call. Each call begins by clearing it. Call
 * kiln_jit_error_free when done. */
typedef struct kiln_jit_error {
  /** The first error; for undefined symbols, its message has as many of their names as fit. */
  kiln_diag diag;
  /** The names of all undefined symbols, each followed by a NUL, in the order in which they were first referred to. */
  kiln_buffer missing;
  uint32_t n_missing; /**< number of names in `missing` */
} kiln_jit_error;

/** Frees the memory of an error and zeroes it. */
KILN_API void kiln_jit_error_free(kiln_jit_error *e);

/** A JIT, which owns memory, symbols and units. */
typedef struct kiln_jit kiln_jit;

/** A unit: the code and data that one call added. Id 0 means none. When a unit is removed, its handle is not used again
 * for another unit. */
typedef struct kiln_jit_unit {
  uint64_t id; /**< 0 for none */
} kiln_jit_unit;

/** Makes a JIT for this machine. `options` is copied; NULL means the defaults. Returns NULL after an error, and writes
 * the error to `error` (may be NULL). The error is KILN_ERR_UNSUPPORTED if Kiln has no code generation for this
 * machine. It is KILN_ERR_SYSTEM if the system provides no memory or refuses executable memory; the message then names
 * the system call. It is KILN_ERR_ARGUMENT if an option is out of range. */
KILN_API kiln_jit *kiln_jit_new(const kiln_jit_options *options, kiln_jit_error *error);

/** Frees a JIT with all its code and data, including the thread-local data of all threads. The JIT's streams must be
 * freed first. Functions that the JIT's code registered with the process are handled as described for kiln_jit_remove.
 * The destructors of units (kiln_jit_run_destructors) are not run. NULL is allowed. */
KILN_API void kiln_jit_free(kiln_jit *jit);

/** A module to add, and the sessions that compiled its functions. */
typedef struct kiln_jit_input {
  /** The module, whose target must be this machine. If it has thread-local data, it must have been made with
   * kiln_module_options.jit. */
  kiln_module *module;
  kiln_session *const *sessions; /**< sessions of the module */
  uint32_t n_sessions;           /**< number of `sessions` */
  uint64_t reserved[2];          /**< 0 */
} kiln_jit_input;

/** Flags of kiln_jit_add and kiln_jit_stream_add. */
enum {
  /** Calls to the unit's external functions, and references to their addresses, go through a stub (one indirect jump).
   * A later unit that is also added with this flag may then define these functions again; from then on, all calls reach
   * the new code. Without this flag, a second strong definition of a name is an error. */
  KILN_JIT_REDEFINABLE = 1,
  /** Undefined functions are not an error if the unit's code only calls them or takes their addresses. Calls to such a
   * function go through a stub. The stub traps until a unit that is added with REDEFINABLE or FORWARD defines the
   * function. */
  KILN_JIT_FORWARD = 2
};

/** Links modules with each other and with the units that were added before, and adds the result as one unit. If an
 * error occurs, nothing changes. On success, the unit's functions can be called, but the unit's constructors have not
 * run yet. The modules and sessions are only read, and can be freed afterwards. A module may be added only once.
 *
 * A name is looked up first in the unit itself, then in the units added before, then by the callback `resolve`, and
 * last by `dlsym`. The external names of all units are in one namespace. Hidden names are private to their unit. If the
 * inputs of a unit give a name different visibilities, the strictest one applies. A name that is declared hidden or
 * protected is looked up only in the unit itself and by `resolve`.
 *
 * If several inputs of a unit define a name, a strong definition takes precedence over a common definition, and a
 * common definition over weak and link-once definitions. Among definitions of the same rank, the first one takes
 * effect, and common data gets the largest size and alignment of all its definitions. If several units have weak,
 * link-once or common definitions of a name, the definition in the unit that was added first takes effect. A weak
 * reference to an undefined name is 0. A name of the form `name@version` (kiln_symbol_set_object_name) is looked up by
 * `dlvsym`. A unit that defines `name@@version` defines both `name` and `name@version`.
 *
 * Errors:
 * - the error of a module, as for kiln_emit_elf, including the error of a function that has failed or is still open;
 * - KILN_ERR_SYMBOL for a name that is defined twice, for a name that is thread-local in one place and not in another,
 *   and for common data that is larger or has a larger alignment than the definition in an earlier unit;
 * - KILN_ERR_SYMBOL for names that are not defined anywhere, all of which are listed in error->missing;
 * - KILN_ERR_MEMORY if all of `memory_bytes` is in use, or if the allocator returned NULL;
 * - KILN_ERR_SYSTEM if a system call fails;
 * - KILN_ERR_LIMIT if code refers to data directly (because of kiln_symbol_desc.dso_local, or because the module is not
 *   KILN_PIC_FULL) and the data is too far away;
 * - KILN_ERR_STRUCTURE in a child process after a fork, since a child can use existing units but cannot add units. */
KILN_API kiln_status kiln_jit_add(kiln_jit *jit, uint32_t flags, const kiln_jit_input *inputs,
                                  uint32_t n_inputs, kiln_jit_unit *unit, kiln_jit_error *error);

/** Removes a unit, so that its memory can be reused. The names that the unit defined become undefined again, and calls
 * through stubs of its functions trap. See the beginning of this header for the rules about code that is running.
 *
 * If kiln_jit_run_destructors was not called, functions that the unit's code registered with the process under the
 * unit's `__dso_handle` are handled in the same way as when a shared object is unloaded. First, the destructors of the
 * calling thread's `thread_local` objects (`__cxa_thread_atexit`) are called, without a lock held. The destructors of
 * other threads' objects are dropped, since these objects disappear with the unit. Then the functions registered with
 * `atexit` and `__cxa_atexit` are called, and the functions registered with `at_quick_exit` and `pthread_atfork` are
 * dropped.
 *
 * Other registrations cannot be found, and must not outlive the unit. These are functions registered with `on_exit`,
 * with another handle, or with a NULL handle; signal handlers; destructors passed to `pthread_key_create`; routines
 * passed to `pthread_cleanup_push`; functions registered with the C++ runtime (`std::set_terminate`); callbacks
 * registered with other libraries; and threads that the unit's code started.
 *
 * Errors: KILN_ERR_ARGUMENT for an invalid handle; KILN_ERR_STRUCTURE if other units refer to the unit's definitions by
 * means other than stubs. These other units must be removed first. */
KILN_API kiln_status kiln_jit_remove(kiln_jit *jit, kiln_jit_unit unit, kiln_jit_error *error);

/** Returns the address of an external symbol of any unit; NULL if no unit defines the symbol. This function may be
 * called while other threads remove units. For a redefinable function, the result is the address of the function's
 * stub, which does not change as long as any unit refers to the name or defines it. For thread-local data, the result
 * is the address of the calling thread's copy. */
KILN_API void *kiln_jit_lookup(kiln_jit *jit, const char *name);

/** Returns the address of a function or data item of a unit. Internal symbols are found too; if several have the name,
 * the first one is used. If `name` is NULL, the first function of the unit is used. For a function, the result is the
 * address of the code, not of a stub. Returns NULL if the unit has no such function or data item. */
KILN_API void *kiln_jit_address(kiln_jit *jit, kiln_jit_unit unit, const char *name);

/** Returns the address of the unit's function with the number `index`. Functions are numbered from 0: first the
 * functions of the first session of the first input, in the order in which they were compiled, then the functions of
 * the next session, and so on. This function is faster than kiln_jit_address, which compares names. Returns NULL if
 * `index` is out of range. */
KILN_API void *kiln_jit_function(kiln_jit *jit, kiln_jit_unit unit, uint32_t index);

/** Returns the ELF image of a unit that was registered with gdb (kiln_jit_options.gdb), and writes the image's size to
 * `image_bytes`. The image contains the names and frames of the unit's functions, and debug sections in which addresses
 * are those in memory. It lives as long as the unit. If the unit has no image, returns NULL and writes 0. */
KILN_API const void *kiln_jit_debug_image(kiln_jit *jit, kiln_jit_unit unit, uint64_t *image_bytes);

/** Calls the constructors of a unit in the order of their priorities. The constructors get `argc`, `argv` and `envp` as
 * arguments, as they do from C's startup code. Errors: KILN_ERR_ARGUMENT for an invalid handle; KILN_ERR_STRUCTURE if
 * the unit's constructors have been run already. */
KILN_API kiln_status kiln_jit_run_constructors(kiln_jit *jit, kiln_jit_unit unit, int argc,
                                               char **argv, char **envp);

/** Calls the functions that the unit's code registered with `atexit` and `__cxa_atexit`, handles the unit's other
 * registrations as described for kiln_jit_remove, and then calls the unit's destructors. Errors: KILN_ERR_ARGUMENT for
 * an invalid handle; KILN_ERR_STRUCTURE if the unit's destructors have been run already. */
KILN_API kiln_status kiln_jit_run_destructors(kiln_jit *jit, kiln_jit_unit unit);

/* ---- streams ---- */

/** A stream: adds functions of a module one by one while others are still being built. */
typedef struct kiln_jit_stream kiln_jit_stream;

/** Makes a stream for `module`. The module must not be freed before the stream. Returns NULL if memory runs out or if
 * the module is for another machine. Only one thread at a time may use the stream. */
KILN_API kiln_jit_stream *kiln_jit_stream_new(kiln_jit *jit, kiln_module *module);

/** Frees a stream. The units that it added stay in the JIT. NULL is allowed. */
KILN_API void kiln_jit_stream_free(kiln_jit_stream *s);

/** Adds one unit, which consists of the functions that `session` has compiled since the last call (usually one) and the
 * data that has been defined in the module since then. The code is removed from the session. In a stream, a function
 * that was added with KILN_JIT_REDEFINABLE, even an internal function, can be redefined: build a function for the same
 * symbol again and add it. Errors are those of kiln_jit_add. After an error, the functions are lost, and can be built
 * again; the data is kept for the next unit. The module's constructors and destructors are ignored. */
KILN_API kiln_status kiln_jit_stream_add(kiln_jit_stream *s, kiln_session *session, uint32_t flags,
                                         kiln_jit_unit *unit, kiln_jit_error *error);

/** Compiles `f`, a function of the stream's module, and adds a unit with `f` and the other functions that the session
 * of `f` has compiled, as kiln_jit_stream_add does. `f` is always freed, even after an error. Returns the address of
 * the function's code. For an external function that is added with KILN_JIT_REDEFINABLE, returns the address of the
 * function's stub instead, which stays valid when the function is redefined. Returns NULL after an error, and writes
 * the error to `error`. If the error is one of kiln_func_try_compile, the module is unchanged, and kiln_func_begin may
 * be called for the symbol again. Otherwise, the error is one of kiln_jit_stream_add. `unit` and `error` may be
 * NULL. */
KILN_API void *kiln_jit_stream_define(kiln_jit_stream *s, kiln_func *f, uint32_t flags,
                                      kiln_jit_unit *unit, kiln_jit_error *error);

/* ---- what a JIT holds ---- */

/** Statistics of a JIT. */
typedef struct kiln_jit_stats {
  uint64_t units; /**< units added and not removed */
  /** Number of names (defined or referred to) plus number of unnamed stubs. */
  uint64_t symbols;
  uint64_t reserved_bytes; /**< address space of code and data */
  /** Part of `reserved_bytes` that is in chunks for code, read-only data or data. */
  uint64_t memory_bytes;
  uint64_t code_bytes; /**< part of `memory_bytes` that is executable and in use */
  /** Part of `memory_bytes` that is in use for data, read-only data, address tables and unwind tables. */
  uint64_t data_bytes;
  kiln_jit_protection protection; /**< DUAL or SWITCH */
  uint64_t reserved[8];           /**< 0 */
} kiln_jit_stats;

/** Returns the statistics. */
KILN_API kiln_jit_stats kiln_jit_get_stats(kiln_jit *jit);

/** Receives a name, which is valid only during the call. */
typedef void (*kiln_name_fn)(void *user, const char *name);

/** Calls `fn` for each function name that is still undefined because of KILN_JIT_FORWARD, in no particular order.
 * Returns the number of these names. The JIT is locked during the call, so `fn` must not call functions of this header
 * on this JIT. `fn` may be NULL. */
KILN_API uint32_t kiln_jit_each_undefined(kiln_jit *jit, kiln_name_fn fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
