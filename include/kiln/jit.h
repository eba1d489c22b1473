/* Just-in-time compilation: a module's code in this process's memory, to be called.
 *
 * A front end builds and compiles functions as for an object; instead of kiln_emit_elf, kiln_jit_add links
 * them with what the JIT has already, and with the program's own symbols. What one call adds is a *unit*,
 * which can be removed again. Memory is never writable and executable in the same mapping.
 *
 * Threads: every function here may be called by any thread at any time, but for kiln_jit_free, during
 * which no other call on the JIT may run, and for streams, each of which belongs to one thread at a time.
 * Modules and sessions are used as without a JIT: generating code takes no lock of the JIT, which holds one
 * only while it links. Nothing here may be called from a signal handler; code of a JIT may run
 * in one, and use its thread-local data for the first time there. A JIT or stream that is NULL, because making it
 * failed, gives "none" or KILN_ERR_ARGUMENT.
 *
 * Running code: the JIT does not know which functions run. Before you remove a unit, or free the JIT, make
 * sure that no thread executes its code, will return to it, or keeps addresses of it. After a function is
 * redefined, calls that are running end in the old code; new calls reach the new code. See docs/jit.md.
 *
 * fork: a child has the JIT as it was. It may run, find and free what there is; it cannot add or remove
 * (KILN_ERR_STRUCTURE), and may make a JIT of its own. What the parent does afterwards changes nothing for the child.
 * For a child that is not made by fork() but by clone or _Fork, and outlives what the parent removes, use
 * KILN_JIT_PROTECTION_SWITCH. */
#ifndef KILN_JIT_H
#define KILN_JIT_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where the JIT's memory lies. */
typedef enum kiln_jit_reach {
  KILN_JIT_REACH_FAR,  /**< memory is taken in pieces, anywhere, as long as the system gives it */
  KILN_JIT_REACH_NEAR, /**< one piece of `memory_bytes`: all units reach each other directly */
  KILN_JIT_REACH_COUNT
} kiln_jit_reach;

/** How code gets into memory that is never writable and executable at once. */
typedef enum kiln_jit_protection {
  /** DUAL where the system allows it, else SWITCH; with kiln_jit_options.gdb the other way round. */
  KILN_JIT_PROTECTION_AUTO,
  /** The same memory (of a memfd) twice: executable here, writable there. No system call per function. Debuggers
   * cannot set breakpoints in it, but for those of the hardware. A child shares the memory: the first removal after a
   * fork gives a chunk of 64 KiB new pages, 4 system calls. The library learns of forks by pthread_atfork, thus not of
   * children of clone and _Fork: their code changes with their parent's. */
  KILN_JIT_PROTECTION_DUAL,
  /** Pages are writable while a unit is written, then executable: each unit has pages of its own, and
   * two or more system calls. The memory is private: every child, however it is made, keeps what it has. */
  KILN_JIT_PROTECTION_SWITCH,
  KILN_JIT_PROTECTION_COUNT
} kiln_jit_protection;

/** Options of a JIT. Zero-initialise for defaults. */
typedef struct kiln_jit_options {
  /** NEAR: size of all code, read-only data and data together, 0 for 128 MiB, at most 1 GiB; it is address
   * space, and takes memory only as it is used. FAR: least size of a piece; 0 for 16 MiB. */
  uint64_t memory_bytes;
  kiln_jit_reach reach;           /**< where memory lies */
  kiln_jit_protection protection; /**< how it is protected */
  /** Address of a symbol that no unit defines, or NULL to leave it to `dlsym` and what the JIT has by
   * itself. Called from within kiln_jit_add and kiln_jit_stream_add, without a lock: it may add units, and
   * is then not called again for names that these define. Several threads may call it at once. May be NULL. */
  kiln_resolve_fn resolve;
  void *resolve_user; /**< for `resolve` */
  /** Do not look for symbols of the process by `dlsym`. */
  bool no_process_symbols;
  kiln_allocator allocator; /**< for the JIT's tables; all zero: C's realloc */
  /** Do not register frames with the unwinder: adding is faster, but exceptions, backtrace() and
   * pthread_cancel end the process at frames of the JIT, or stop there. */
  bool no_unwind;
  /** Register each unit with gdb, by its JIT interface: functions have names and frames, and the lines, variables and
   * types that <kiln/debug.h> describes. */
  bool gdb;
  /** Append functions to /tmp/perf-PID.map, where `perf report` looks for names. A file that an earlier process of that
   * number left is replaced. Control characters and backslashes in names become a backslash and two hexadecimal
   * digits; in jitdump_folder's file too. */
  bool perf_map;
  /** Write jit-PID.dump into this folder, for `perf inject --jit`: names and code, and lines of functions that have
   * debugging information; one file for all JITs of the process. NULL: do not. */
  const char *jitdump_folder;
  uint64_t reserved[8]; /**< 0 */
} kiln_jit_options;

/** The error of a call. Zero-initialise it once; every call empties it first. Call kiln_jit_error_free when done. */
typedef struct kiln_jit_error {
  kiln_diag diag; /**< the first error; for a missing symbol, `message` names as many as fit */
  /** All names that nobody defines, each with its NUL, in the order of reference. */
  kiln_buffer missing;
  uint32_t n_missing; /**< number of them */
} kiln_jit_error;

/** Frees what an error holds, and makes it all zero. */
KILN_API void kiln_jit_error_free(kiln_jit_error *e);

/** A JIT: memory, symbols and units. */
typedef struct kiln_jit kiln_jit;

/** A unit: what one call added. 0 is none. The handle of a removed unit is not used again. */
typedef struct kiln_jit_unit {
  uint64_t id; /**< 0: none */
} kiln_jit_unit;

/** Makes a JIT for this machine. `options` is copied; NULL for defaults. On errors NULL, and `error` (may
 * be NULL) says why: KILN_ERR_UNSUPPORTED where the machine is no target, KILN_ERR_SYSTEM where the system
 * gives no memory or refuses executable memory, naming the system call, KILN_ERR_ARGUMENT for options out
 * of range. */
KILN_API kiln_jit *kiln_jit_new(const kiln_jit_options *options, kiln_jit_error *error);

/** Frees a JIT and all its code and data, thread-local ones of all threads included. Its streams must be
 * freed before. What its code registered with the process goes with it, as kiln_jit_remove says. Destructors are not
 * run: see kiln_jit_run_destructors. NULL is allowed. */
KILN_API void kiln_jit_free(kiln_jit *jit);

/** One module to add, with the sessions that compiled its functions: as for kiln_emit_elf. */
typedef struct kiln_jit_input {
  kiln_module *module;           /**< for this machine; made with kiln_module_options.jit if it has
                                    * thread-local data */
  kiln_session *const *sessions; /**< of the module */
  uint32_t n_sessions;           /**< number of them */
  uint64_t reserved[2];          /**< 0 */
} kiln_jit_input;

/** Flags of kiln_jit_add and kiln_jit_stream_add. */
enum {
  /** External functions are called and addressed through a stub (one indirect jump), so that a later unit, added with
   * this flag too, may define them again: from then on all calls reach the new code. Without this flag a second strong
   * definition of a name is an error. */
  KILN_JIT_REDEFINABLE = 1,
  /** Undefined functions are no error if code only calls them or takes their address: calls go through stubs, and trap
   * until some unit, with REDEFINABLE or FORWARD, defines the function. */
  KILN_JIT_FORWARD = 2
};

/** Links modules with each other and with the units that were added before, as one unit. Either all of it
 * succeeds, or nothing changes. On success the unit's functions can be called; constructors have not run yet.
 * The modules and sessions are only read and can be freed afterwards; a module may be added once.
 *
 * Names are looked for in the unit, then in units added before, then by `resolve`, then by `dlsym`. External
 * names of all units are one space; hidden ones are the unit's own. A name has the strictest visibility that an input
 * of the unit gives it; one that is declared hidden or protected is only looked for in the unit and by `resolve`. In a
 * unit a strong definition comes before a common one, that before weak and link-once ones; the first of these
 * counts, and common data gets the largest size and alignment. Of weak, link-once and common definitions of several
 * units the first one counts. A weak reference to an undefined name is 0. kiln_symbol_set_object_name's `name@version`
 * is looked up by `dlvsym`; a unit that defines `name@@version` defines `name` and `name@version`.
 *
 * Errors: that of a module, as kiln_emit_elf has them, for a function that failed or is open;
 * KILN_ERR_SYMBOL for a name that is defined twice, that is thread-local in one place and not in another, or that is
 * common data larger or more aligned than an earlier unit's definition, or for missing ones: all of them are in
 * error->missing; KILN_ERR_MEMORY if memory_bytes are in use, or the allocator gave NULL; KILN_ERR_SYSTEM if
 * the system refuses; KILN_ERR_LIMIT for data that code refers to directly (kiln_symbol_desc.dso_local, or a
 * module that is not KILN_PIC_FULL) and that is too far away; KILN_ERR_STRUCTURE after a fork, in the child,
 * where units can be used but not be added. */
KILN_API kiln_status kiln_jit_add(kiln_jit *jit, uint32_t flags, const kiln_jit_input *inputs,
                                  uint32_t n_inputs, kiln_jit_unit *unit, kiln_jit_error *error);

/** Removes a unit and reuses its memory. Its names are undefined again; calls through stubs of its
 * functions trap. See above about running code.
 *
 * What its code registered with the process under the unit's `__dso_handle` goes with it, as with a shared object that
 * is unloaded, unless kiln_jit_run_destructors was called. First, without a lock: destructors of the calling thread's
 * `thread_local` objects (`__cxa_thread_atexit`) are called, and those of other threads' are dropped, since the objects
 * go too; then what `atexit` and `__cxa_atexit` registered is called, and what `at_quick_exit` and `pthread_atfork`
 * registered is dropped. The rest cannot be found, and must not outlive the unit: what is registered with another
 * handle or NULL or by `on_exit`; signal handlers, destructors of `pthread_key_create`, routines of
 * `pthread_cleanup_push` and of the C++ runtime (`std::set_terminate`), callbacks of other libraries, threads.
 *
 * Errors: KILN_ERR_ARGUMENT for a handle that is not valid;
 * KILN_ERR_STRUCTURE if other units refer to its definitions otherwise than through stubs: they have to
 * be removed before. */
KILN_API kiln_status kiln_jit_remove(kiln_jit *jit, kiln_jit_unit unit, kiln_jit_error *error);

/** Address of an external symbol of any unit; NULL if no unit defines it. It may be called while others remove units.
 * For a redefinable function it is the address of a stub, which stays the same as long as any unit refers to the name
 * or defines it. Thread-local data: the calling thread's. */
KILN_API void *kiln_jit_lookup(kiln_jit *jit, const char *name);

/** Address of a function or data of a unit, internal ones included (the first of that name); name NULL: the
 * first function. For functions this is the code itself, no stub. NULL if there is none. */
KILN_API void *kiln_jit_address(kiln_jit *jit, kiln_jit_unit unit, const char *name);

/** Address of the function of a unit that was compiled as number `index`, from 0: those of the first input's first
 * session in the order of their compilation, then those of the next session. Faster than kiln_jit_address, which
 * compares names. NULL if there is none. */
KILN_API void *kiln_jit_function(kiln_jit *jit, kiln_jit_unit unit, uint32_t index);

/** The ELF image that gdb was told of for a unit, with kiln_jit_options.gdb: names and frames of its functions, and
 * debug sections, whose addresses are those in memory. `*image_bytes` is its size. It lives as long as the unit. NULL
 * and 0 if there is none. */
KILN_API const void *kiln_jit_debug_image(kiln_jit *jit, kiln_jit_unit unit, uint64_t *image_bytes);

/** Calls the constructors of a unit in order of their priorities, with the arguments that C's startup code
 * would give them. Errors: a handle that is not valid; constructors that have run already
 * (KILN_ERR_STRUCTURE). */
KILN_API kiln_status kiln_jit_run_constructors(kiln_jit *jit, kiln_jit_unit unit, int argc,
                                               char **argv, char **envp);

/** Calls what the unit's code registered by `atexit` and `__cxa_atexit`, and drops what else it registered, as
 * kiln_jit_remove says; then calls its destructors. Errors as above. */
KILN_API kiln_status kiln_jit_run_destructors(kiln_jit *jit, kiln_jit_unit unit);

/* ---- streams ---- */

/** A module whose functions are added while others are still being built, one by one. */
typedef struct kiln_jit_stream kiln_jit_stream;

/** Begins to stream `module`, which lives as long as the stream; NULL if out of memory or for a module of
 * another machine. The stream belongs to one thread at a time. */
KILN_API kiln_jit_stream *kiln_jit_stream_new(kiln_jit *jit, kiln_module *module);

/** Frees a stream; its units stay. NULL is allowed. */
KILN_API void kiln_jit_stream_free(kiln_jit_stream *s);

/** Adds as one unit the functions that `session` compiled and the data that the module got since the
 * last call, usually one function. The session's code is taken out of it. A function that was added may
 * be built again under the same symbol, which redefines it, if it was added with KILN_JIT_REDEFINABLE:
 * internal functions too, in streams. Errors as of kiln_jit_add; after one the functions are lost, and can
 * be built again; data waits for the next unit. Constructors and destructors of a streamed module are
 * ignored. */
KILN_API kiln_status kiln_jit_stream_add(kiln_jit_stream *s, kiln_session *session, uint32_t flags,
                                         kiln_jit_unit *unit, kiln_jit_error *error);

/** Compiles `f`, a function of the stream's module, and adds it, with whatever else its session compiled, as
 * kiln_jit_stream_add does: from a function that was built to its address in one call. `f` is freed in any case. The
 * address is that of its code; of an external function that is added with KILN_JIT_REDEFINABLE that of its stub, which
 * stays when the function is built again. NULL after an error, which is in `error`: that of kiln_func_try_compile,
 * after which the module is as before and the symbol can be begun again, or of kiln_jit_stream_add. `unit` and `error`
 * may be NULL. */
KILN_API void *kiln_jit_stream_define(kiln_jit_stream *s, kiln_func *f, uint32_t flags,
                                      kiln_jit_unit *unit, kiln_jit_error *error);

/* ---- what a JIT holds ---- */

/** Statistics of a JIT. */
typedef struct kiln_jit_stats {
  uint64_t units;          /**< units that were added and not removed */
  uint64_t symbols;        /**< names that are defined or referred to, and stubs without names */
  uint64_t reserved_bytes; /**< address space of code and data */
  uint64_t memory_bytes;   /**< of it: in chunks for code, read-only data or data */
  uint64_t code_bytes;     /**< of it: executable and in use */
  /** of it: data, read-only data, tables of addresses and unwind tables in use */
  uint64_t data_bytes;
  kiln_jit_protection protection; /**< DUAL or SWITCH */
  uint64_t reserved[8];           /**< 0 */
} kiln_jit_stats;

/** Reads the statistics. */
KILN_API kiln_jit_stats kiln_jit_get_stats(kiln_jit *jit);

/** Receives a name, which is valid during the call. */
typedef void (*kiln_name_fn)(void *user, const char *name);

/** Calls `fn` for all names that FORWARD left undefined, in no particular order, and returns their number. The JIT is
 * locked meanwhile: `fn` must not call it. `fn` may be NULL. */
KILN_API uint32_t kiln_jit_each_undefined(kiln_jit *jit, kiln_name_fn fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
