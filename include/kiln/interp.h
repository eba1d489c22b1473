/* The interpreter (libkiln-interp): runs the functions of a module without generating code, straight from the semantics
 * of docs/ir.md, with memory of this process: addresses are real, data is placed in memory, calls of undefined symbols
 * reach C, and C can call addresses of functions. Traps, and undefined behaviour that it detects, are errors with their
 * position. Host functions throw exceptions (kiln_interp_throw); personalities are not called.
 *
 * Order of use: new, add every function (or give kiln_interp_sink to a reader), link, start, call, stop, free. Any
 * number of threads may call functions; all else must be done by one thread. It runs on x86-64. With an interpreter
 * that is NULL, calls give "none" or KILN_ERR_ARGUMENT. */
#ifndef KILN_INTERP_H
#define KILN_INTERP_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The functions of one module, ready to run. */
typedef struct kiln_interp kiln_interp;

/** Options. Zero-initialise for defaults. */
typedef struct kiln_interp_options {
  /** Gives the address of an undefined symbol; NULL: it has none. Without it, or if it gives NULL,
   * the process's own dynamic symbols are searched. For thread-local symbols it is called at each use, for the calling
   * thread. */
  kiln_resolve_fn resolve;
  void *resolve_user; /**< for `resolve` */
  /** Gives memory for a data symbol that the module defines (aligned, at least its size); NULL: the interpreter's own.
   * For thread-local symbols it is called at each use, for the calling thread's memory, which has its initial content
   * already. */
  void *(*place)(void *user, kiln_symbol symbol, const char *name);
  void *place_user; /**< for `place` */
  /** Called with each fault, from within the failing call. A fault outside of any kiln_interp_call,
   * which could return it (C called a function by its address), ends the process by abort() afterwards. */
  kiln_diag_fn on_fault;
  void *on_fault_user;  /**< for `on_fault` */
  uint64_t stack_bytes; /**< of each thread's frames; 0: 512 MiB (reserved, used as needed) */
  /** blocks entered and calls made per thread until KILN_ERR_LIMIT; 0: no limit */
  uint64_t max_steps;
  uint64_t reserved[8]; /**< 0 */
} kiln_interp_options;

/** Makes an interpreter for `m`, which must live longer. `options` may be NULL: defaults. NULL only if out of memory or
 * if `m` is NULL. */
KILN_API kiln_interp *kiln_interp_new(kiln_module *m, const kiln_interp_options *options);

/** Frees an interpreter, none of whose functions may be running. NULL is allowed. */
KILN_API void kiln_interp_free(kiln_interp *in);

/** Adds a finished function (which the caller still owns, and must compile or discard).
 * Errors go to the function, with their place. */
KILN_API kiln_status kiln_interp_add(kiln_interp *in, kiln_func *f);

/** A kiln_func_sink_fn with the interpreter as `user`: adds the function instead of compiling it. */
KILN_API kiln_status kiln_interp_sink(void *interp, kiln_func *f);

/** Places data, resolves symbols, applies relocations. To be called after the last kiln_interp_add. */
KILN_API kiln_status kiln_interp_link(kiln_interp *in, kiln_diag *diag);

/** Address of a symbol: of data, or a function that C can call. NULL if it has none. Thread-local
 * data: the calling thread's. */
KILN_API void *kiln_interp_address(kiln_interp *in, kiln_symbol s);

/** A value: bits, low half first. Bits above its type are ignored. */
typedef struct kiln_interp_value {
  uint64_t low;  /**< bits 0 to 63 */
  uint64_t high; /**< bits 64 to 127, of an i128 */
} kiln_interp_value;

/** Calls a function of the module with `n_args` arguments, which must fit its signature, and writes its
 * results (NULL: not wanted). Status: KILN_OK; KILN_ERR_UNDEFINED undefined behaviour, KILN_ERR_TRAP a
 * trap, KILN_ERR_UNSUPPORTED, KILN_ERR_LIMIT max_steps: then `diag` (may be NULL) says where. */
KILN_API kiln_status kiln_interp_call(kiln_interp *in, kiln_symbol function,
                                      const kiln_interp_value *args, uint32_t n_args,
                                      kiln_interp_value *results, kiln_diag *diag);

/** For C functions that the interpreter called, or that were called by those: throws an exception
 * of type `type`, and does not return. A clause takes it by its type's address: a catch of that
 * symbol, catch all, a filter that does not list it; cleanups run and resume. `exception` is
 * what landing pads get. C functions between here and the landing pad are left as by longjmp. If
 * no frame takes it, or a frame that would be left is in a nounwind call, that is a fault with
 * the position of the call that led here. An exception that C++ or another language throws is a fault as soon as it
 * reaches the interpreter. Returns KILN_ERR_ARGUMENT if this thread is not interpreting. */
KILN_API kiln_status kiln_interp_throw(kiln_interp *in, void *exception, const void *type);

/** Calls the module's constructors. */
KILN_API kiln_status kiln_interp_run_constructors(kiln_interp *in, kiln_diag *diag);

/** Calls the module's destructors. */
KILN_API kiln_status kiln_interp_run_destructors(kiln_interp *in, kiln_diag *diag);

/** The position in the program where this thread is, for signal handlers; false if it is not interpreting. */
KILN_API bool kiln_interp_find_place(kiln_interp *in, kiln_diag *out);

#ifdef __cplusplus
}
#endif
#endif
