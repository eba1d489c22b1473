/* Just-in-time compilation: puts a module's code into this process's memory, where it can be called.
 *
 * A front end builds and compiles functions as for an object. Instead of kiln_emit_elf, it calls kiln_jit_add, which
 * links them with what the JIT has already and with the program's own symbols. Each such call adds a *unit*, which can
 * be removed again. No mapping of memory is ever writable and executable at once.
 *
 * Threads: any thread may call every function here at any time, with two exceptions: no other call on the JIT may run
 * during kiln_jit_free, and a stream belongs to one thread at a time. Modules and sessions are used as without a JIT:
 * generating code takes no lock of the JIT, which holds one only while it links. A signal handler must not call any
 * function here, but it may run code of a JIT, and use that code's thread-local data for the first time. A JIT or
 * stream that is NULL, because it could not be made, returns "none" or KILN_ERR_ARGUMENT.
 *
 * Running code: the JIT does not know which functions are running. Before you remove a unit or free the JIT, make sure
 * that no thread is executing its code, will return to it, or keeps addresses of it. When a function is redefined,
 * calls that are in progress finish in the old code; new calls reach the new code. See docs/jit.md.
 *
 * fork: a child inherits the JIT as it was. It may run, look up and free what exists, but cannot add or remove anything
 * (KILN_ERR_STRUCTURE); it may make a JIT of its own. What the parent does afterwards does not affect the child. For a
 * child that is made by clone or _Fork instead of fork(), and that outlives what the parent removes, use
 * KILN_JIT_PROTECTION_SWITCH. */
#ifndef KILN_JIT_H
#define KILN_JIT_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where the JIT's memory is placed. */
typedef enum kiln_jit_reach {
  KILN_JIT_REACH_FAR,  /**< in pieces, at any address, as long as the system provides memory */
  KILN_JIT_REACH_NEAR, /**< in one piece of `memory_bytes`: all units reach each other directly */
  KILN_JIT_REACH_COUNT
} kiln_jit_reach;

/** How code is written to memory that is never writable and executable at once. */
typedef enum kiln_jit_protection {
  /** DUAL where the system allows it, else SWITCH. With kiln_jit_options.gdb, SWITCH is preferred to DUAL. */
  KILN_JIT_PROTECTION_AUTO,
  /** The same memory (of a memfd) is mapped twice, once executable and once writable. This takes no system call per
   * function. Debuggers can only set hardware breakpoints in it. A child shares the memory: the first removal after a
   * fork moves a chunk of 64 KiB to new pages, with 4 system calls. The library learns of forks by pthread_atfork, and
   * therefore not of children made by clone or _Fork, whose code changes with their parent's. */
  KILN_JIT_PROTECTION_DUAL,
  /** Pages are writable while a unit is written, and executable afterwards. Each unit takes pages of its own and two or
   * more system calls. The memory is private: every child keeps what it has, however it is made. */
  KILN_JIT_PROTECTION_SWITCH,
  KILN_JIT_PROTECTION_COUNT
} kiln_jit_protection;

/** Options of a JIT. Zero-initialise the struct for the defaults. */
typedef struct kiln_jit_options {
  /** With NEAR: the size of all code, read-only data and data together, at most 1 GiB; 0 for 128 MiB. This is address
   * space; memory is taken only as it is used. With FAR: the minimum size of a piece; 0 for 16 MiB. */
  uint64_t memory_bytes;
  kiln_jit_reach reach;           /**< where memory is placed */
  kiln_jit_protection protection; /**< how it is protected */
  /** Returns the address of a symbol that no unit defines, or NULL to leave it to `dlsym` and to what the JIT itself
   * provides. It is called from within kiln_jit_add and kiln_jit_stream_add without a lock held: it may add units, and
   * is then not called again for names that these define. Several threads may call it at once. May be NULL. */
  kiln_resolve_fn resolve;
  void *resolve_user; /**< passed to `resolve` */
  /** Do not look up symbols of the process by `dlsym`. */
  bool no_process_symbols;
  kiln_allocator allocator; /**< for the JIT's tables; all zero for C's realloc */
  /** Do not register frames with the unwinder. Adding is then faster, but exceptions, backtrace() and pthread_cancel
   * end the process, or stop, at frames of the JIT. */
  bool no_unwind;
  /** Register each unit with gdb, through gdb's JIT interface. Functions then have names and frames, as well as the
   * lines, variables and types that <kiln/debug.h> describes. */
  bool gdb;
  /** Append functions to /tmp/perf-PID.map, where `perf report` looks for names. A file that an earlier process with
   * the same PID left is replaced. In names, control characters and backslashes are written as a backslash and two
   * hexadecimal digits; this applies to the file in jitdump_folder too. */
  bool perf_map;
  /** Write jit-PID.dump to this folder, for `perf inject --jit`. It contains names and code, and the lines of functions
   * that have debugging information. All JITs of the process share one file. NULL for no such file. */
  const char *jitdump_folder;
  uint64_t reserved[8]; /**< 0 */
} kiln_jit_options;

/** The error of a call. Zero-initialise it once; every call clears it first. Call kiln_jit_error_free when done. */
typedef struct kiln_jit_error {
  kiln_diag diag; /**< the first error; for missing symbols, `message` names as many as fit */
  /** All names that nothing defines, each followed by a NUL, in the order of reference. */
  kiln_buffer missing;
  uint32_t n_missing; /**< number of them */
} kiln_jit_error;

/** Frees the memory of an error and zeroes it. */
KILN_API void kiln_jit_error_free(kiln_jit_error *e);

/** A JIT, which owns memory, symbols and units. */
typedef struct kiln_jit kiln_jit;

/** A unit: what one call added. Id 0 is none. The handle of a removed unit is not reused. */
typedef struct kiln_jit_unit {
  uint64_t id; /**< 0 for none */
} kiln_jit_unit;

/** Makes a JIT for this machine. `options` is copied; NULL for the defaults. Returns NULL after an error, which is
 * written to `error` (may be NULL): KILN_ERR_UNSUPPORTED if this machine is not a target; KILN_ERR_SYSTEM, naming the
 * system call, if the system provides no memory or refuses executable memory; KILN_ERR_ARGUMENT if an option is out of
 * range. */
KILN_API kiln_jit *kiln_jit_new(const kiln_jit_options *options, kiln_jit_error *error);

/** Frees a JIT with all its code and data, including thread-local data of all threads. Its streams must be freed first.
 * Whatever its code registered with the process is removed too, as for kiln_jit_remove. Destructors are not run; see
 * kiln_jit_run_destructors. NULL is allowed. */
KILN_API void kiln_jit_free(kiln_jit *jit);

/** A module to add, with the sessions that compiled its functions, as for kiln_emit_elf. */
typedef struct kiln_jit_input {
  /** For this machine. A module with thread-local data must have been made with kiln_module_options.jit. */
  kiln_module *module;
  kiln_session *const *sessions; /**< sessions of the module */
  uint32_t n_sessions;           /**< number of them */
  uint64_t reserved[2];          /**< 0 */
} kiln_jit_input;

/** Flags of kiln_jit_add and kiln_jit_stream_add. */
enum {
  /** External functions are called and addressed through a stub (one indirect jump), so that a later unit, which is
   * also added with this flag, may define them again; from then on, all calls reach the new code. Without this flag, a
   * second strong definition of a name is an error. */
  KILN_JIT_REDEFINABLE = 1,
  /** Undefined functions are not an error if code only calls them or takes their address. Calls go through stubs, which
   * trap until some unit, added with REDEFINABLE or FORWARD, defines the function. */
  KILN_JIT_FORWARD = 2
};

/** Links modules, as one unit, with each other and with the units that were added before. Either the whole unit is
 * added, or nothing changes. On success, the unit's functions can be called, but its constructors have not run yet. The
 * modules and sessions are only read, and can be freed afterwards; a module may be added once.
 *
 * Names are looked up in the unit, then in the units added before, then by `resolve`, then by `dlsym`. External names
 * of all units share one namespace; hidden names are private to their unit. A name has the strictest visibility that
 * any input of the unit gives it. A name that is declared hidden or protected is looked up only in the unit and by
 * `resolve`. Within a unit, a strong definition takes precedence over a common one, and a common one over weak and
 * link-once ones; the first of equal rank takes effect, and common data gets the largest size and alignment. Among
 * weak, link-once and common definitions in several units, the first one takes effect. A weak reference to an undefined
 * name is 0. A name of the form `name@version` (kiln_symbol_set_object_name) is looked up by `dlvsym`; a unit that
 * defines `name@@version` defines both `name` and `name@version`.
 *
 * Errors:
 * - the error of a module, as for kiln_emit_elf, including that of a function that failed or is still open;
 * - KILN_ERR_SYMBOL for a name that is defined twice, that is thread-local in one place and not in another, or that is
 *   common data larger or more aligned than an earlier unit's definition; and for missing names, all of which are in
 *   error->missing;
 * - KILN_ERR_MEMORY if memory_bytes are in use, or if the allocator returned NULL;
 * - KILN_ERR_SYSTEM if the system refuses;
 * - KILN_ERR_LIMIT for data that is too far away and that code refers to directly (kiln_symbol_desc.dso_local, or a
 *   module that is not KILN_PIC_FULL);
 * - KILN_ERR_STRUCTURE in a child after a fork, where units can be used but not added. */
KILN_API kiln_status kiln_jit_add(kiln_jit *jit, uint32_t flags, const kiln_jit_input *inputs,
                                  uint32_t n_inputs, kiln_jit_unit *unit, kiln_jit_error *error);

/** Removes a unit and reuses its memory. Its names become undefined again, and calls through stubs of its functions
 * trap. The head of this file says what holds for code that is running.
 *
 * Whatever the unit's code registered with the process under the unit's `__dso_handle` is removed too, as when a shared
 * object is unloaded, unless kiln_jit_run_destructors was called. First, without a lock held, destructors of the
 * calling thread's `thread_local` objects (`__cxa_thread_atexit`) are called, and those of other threads' objects are
 * dropped, since the objects disappear too. Then the functions registered by `atexit` and `__cxa_atexit` are called,
 * and those registered by `at_quick_exit` and `pthread_atfork` are dropped. Other registrations cannot be found and
 * must not outlive the unit: those made with another handle or NULL or by `on_exit`; signal handlers; destructors of
 * `pthread_key_create`; routines of `pthread_cleanup_push` and of the C++ runtime (`std::set_terminate`); callbacks of
 * other libraries; threads.
 *
 * Errors: KILN_ERR_ARGUMENT for an invalid handle; KILN_ERR_STRUCTURE if other units refer to the unit's definitions
 * other than through stubs; these units must be removed first. */
KILN_API kiln_status kiln_jit_remove(kiln_jit *jit, kiln_jit_unit unit, kiln_jit_error *error);

/** Returns the address of an external symbol of any unit; NULL if no unit defines it. It may be called while other
 * threads remove units. For a redefinable function, the address is that of a stub, which stays the same as long as any
 * unit refers to the name or defines it. For thread-local data, it is that of the calling thread's copy. */
KILN_API void *kiln_jit_lookup(kiln_jit *jit, const char *name);

/** Returns the address of a function or data of a unit, including internal ones (the first of that name). If `name` is
 * NULL, returns the address of the first function. For a function, this is the code itself, not a stub. Returns NULL if
 * there is none. */
KILN_API void *kiln_jit_address(kiln_jit *jit, kiln_jit_unit unit, const char *name);

/** Returns the address of the function of a unit that was compiled as number `index`, counting from 0: first the
 * functions of the first input's first session, in the order of compilation, then those of the next session. This is
 * faster than kiln_jit_address, which compares names. Returns NULL if there is none. */
KILN_API void *kiln_jit_function(kiln_jit *jit, kiln_jit_unit unit, uint32_t index);

/** Returns the ELF image of a unit that was registered with gdb (kiln_jit_options.gdb), and writes its size to
 * `image_bytes`. The image contains names and frames of the unit's functions, and debug sections with addresses in
 * memory. It lives as long as the unit. Returns NULL, with size 0, if there is none. */
KILN_API const void *kiln_jit_debug_image(kiln_jit *jit, kiln_jit_unit unit, uint64_t *image_bytes);

/** Calls the constructors of a unit in the order of their priorities, with the arguments that C's startup code would
 * pass. Errors: an invalid handle; constructors that have run already (KILN_ERR_STRUCTURE). */
KILN_API kiln_status kiln_jit_run_constructors(kiln_jit *jit, kiln_jit_unit unit, int argc,
                                               char **argv, char **envp);

/** Calls the functions that the unit's code registered by `atexit` and `__cxa_atexit`, drops its other registrations as
 * described for kiln_jit_remove, and then calls the unit's destructors. Errors are those of
 * kiln_jit_run_constructors. */
KILN_API kiln_status kiln_jit_run_destructors(kiln_jit *jit, kiln_jit_unit unit);

/* ---- streams ---- */

/** A stream: adds functions of a module one by one while others are still being built. */
typedef struct kiln_jit_stream kiln_jit_stream;

/** Makes a stream for `module`, which must live as long as the stream. Returns NULL if memory runs out or if the module
 * is for another machine. The stream belongs to one thread at a time. */
KILN_API kiln_jit_stream *kiln_jit_stream_new(kiln_jit *jit, kiln_module *module);

/** Frees a stream; its units stay. NULL is allowed. */
KILN_API void kiln_jit_stream_free(kiln_jit_stream *s);

/** Adds, as one unit, the functions that `session` compiled (usually one) and the data that the module got since the
 * last call. The code is removed from the session. In a stream, a function that was added with KILN_JIT_REDEFINABLE,
 * even an internal one, may be built again under the same symbol, which redefines it. Errors are those of kiln_jit_add.
 * After an error, the functions are lost and can be built again, and the data waits for the next unit. Constructors and
 * destructors of a streamed module are ignored. */
KILN_API kiln_status kiln_jit_stream_add(kiln_jit_stream *s, kiln_session *session, uint32_t flags,
                                         kiln_jit_unit *unit, kiln_jit_error *error);

/** Compiles `f`, a function of the stream's module, and adds it together with whatever else its session compiled, as
 * kiln_jit_stream_add does: one call takes a built function to its address. `f` is freed in any case. Returns the
 * address of the code, or, for an external function that is added with KILN_JIT_REDEFINABLE, the address of its stub,
 * which stays valid when the function is built again. Returns NULL after an error, which is written to `error`. The
 * error is either that of kiln_func_try_compile, in which case the module is unchanged and the symbol can be begun
 * again, or that of kiln_jit_stream_add. `unit` and `error` may be NULL. */
KILN_API void *kiln_jit_stream_define(kiln_jit_stream *s, kiln_func *f, uint32_t flags,
                                      kiln_jit_unit *unit, kiln_jit_error *error);

/* ---- what a JIT holds ---- */

/** Statistics of a JIT. */
typedef struct kiln_jit_stats {
  uint64_t units;          /**< units added and not removed */
  uint64_t symbols;        /**< names that are defined or referred to, and stubs without names */
  uint64_t reserved_bytes; /**< address space of code and data */
  uint64_t memory_bytes;   /**< part of that: in chunks for code, read-only data or data */
  uint64_t code_bytes;     /**< part of that: executable and in use */
  /** Part of that: data, read-only data, address tables and unwind tables in use. */
  uint64_t data_bytes;
  kiln_jit_protection protection; /**< DUAL or SWITCH */
  uint64_t reserved[8];           /**< 0 */
} kiln_jit_stats;

/** Returns the statistics. */
KILN_API kiln_jit_stats kiln_jit_get_stats(kiln_jit *jit);

/** Receives a name, which is valid only during the call. */
typedef void (*kiln_name_fn)(void *user, const char *name);

/** Calls `fn` for all names that FORWARD left undefined, in no particular order, and returns their number. The JIT is
 * locked meanwhile, so `fn` must not call it. `fn` may be NULL. */
KILN_API uint32_t kiln_jit_each_undefined(kiln_jit *jit, kiln_name_fn fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
