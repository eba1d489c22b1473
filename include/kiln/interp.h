/* The interpreter (libkiln-interp). It runs the functions of a module without generating code, directly from the
 * semantics in docs/ir.md, on the memory of this process: addresses are real, data is placed in memory, calls of
 * undefined symbols reach C, and C can call the addresses of functions. Traps, and undefined behaviour that it detects,
 * are errors with their position. Host functions throw exceptions with kiln_interp_throw; personalities are not called.
 *
 * Order of use: make an interpreter, add every function (or pass kiln_interp_sink to a reader), link, run constructors,
 * call functions, run destructors, free it. Any number of threads may call functions; everything else must be done by a
 * single thread. It runs on x86-64. With a NULL interpreter, calls return "none" or KILN_ERR_ARGUMENT. */
#ifndef KILN_INTERP_H
#define KILN_INTERP_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The functions of one module, ready to run. */
typedef struct kiln_interp kiln_interp;

/** Options of an interpreter. Zero-initialise the struct for the defaults. */
typedef struct kiln_interp_options {
  /** Returns the address of an undefined symbol; NULL if it does not know the symbol. Without this callback, or if it
   * returns NULL, the process's own dynamic symbols are searched. For thread-local symbols, it is called at each use,
   * for the calling thread. */
  kiln_resolve_fn resolve;
  void *resolve_user; /**< passed to `resolve` */
  /** Returns memory for a data symbol that the module defines, aligned and at least as large as the data; NULL for the
   * interpreter's own memory. For thread-local symbols, it is called at each use, for the calling thread's memory,
   * which must already have its initial content. */
  void *(*place)(void *user, kiln_symbol symbol, const char *name);
  void *place_user; /**< passed to `place` */
  /** Called for each fault, from within the call that fails. If the fault is not within any kiln_interp_call that could
   * return it (C called a function by its address), abort() then ends the process. */
  kiln_diag_fn on_fault;
  void *on_fault_user; /**< passed to `on_fault` */
  /** Size of each thread's frames; 0 for 512 MiB (reserved, used as needed). */
  uint64_t stack_bytes;
  /** Number of blocks entered and calls made per thread until KILN_ERR_LIMIT; 0 for no limit. */
  uint64_t max_steps;
  uint64_t reserved[8]; /**< 0 */
} kiln_interp_options;

/** Makes an interpreter for `m`, which must live longer than the interpreter. `options` may be NULL for the defaults.
 * Returns NULL only if memory runs out or if `m` is NULL. */
KILN_API kiln_interp *kiln_interp_new(kiln_module *m, const kiln_interp_options *options);

/** Frees an interpreter. None of its functions may be running. NULL is allowed. */
KILN_API void kiln_interp_free(kiln_interp *in);

/** Adds a finished function, which the caller still owns and must compile or discard. Errors go to the function, with
 * their place. */
KILN_API kiln_status kiln_interp_add(kiln_interp *in, kiln_func *f);

/** A kiln_func_sink_fn whose `user` is the interpreter: adds the function instead of compiling it. */
KILN_API kiln_status kiln_interp_sink(void *interp, kiln_func *f);

/** Places data, resolves symbols and applies relocations. Call it after the last kiln_interp_add. */
KILN_API kiln_status kiln_interp_link(kiln_interp *in, kiln_diag *diag);

/** Returns the address of a symbol: of data, or of a function that C can call; NULL if it has none. For thread-local
 * data, the address is that of the calling thread's copy. */
KILN_API void *kiln_interp_address(kiln_interp *in, kiln_symbol s);

/** A value, given by its bits, low half first. Bits beyond its type are ignored. */
typedef struct kiln_interp_value {
  uint64_t low;  /**< bits 0 to 63 */
  uint64_t high; /**< bits 64 to 127, of an i128 */
} kiln_interp_value;

/** Calls a function of the module with `n_args` arguments, which must fit its signature, and writes its results to
 * `results` (NULL to discard them). Returns KILN_OK; KILN_ERR_UNDEFINED for undefined behaviour; KILN_ERR_TRAP for a
 * trap; KILN_ERR_UNSUPPORTED; or KILN_ERR_LIMIT when max_steps is reached. For errors, `diag` (may be NULL) says
 * where. */
KILN_API kiln_status kiln_interp_call(kiln_interp *in, kiln_symbol function,
                                      const kiln_interp_value *args, uint32_t n_args,
                                      kiln_interp_value *results, kiln_diag *diag);

/** Throws an exception of type `type`, and does not return. This is for C functions that the interpreter called, or
 * that such functions called. A clause matches by the address of its type: a catch of that symbol, a catch all, or a
 * filter that does not list it; cleanups run and resume. `exception` is what landing pads receive. C functions between
 * here and the landing pad are left as by longjmp. It is a fault, with the position of the call that led here, if no
 * frame catches the exception, or if a frame that would be left is in a nounwind call. An exception that C++ or another
 * language throws is a fault as soon as it reaches the interpreter. Returns KILN_ERR_ARGUMENT if this thread is not
 * interpreting. */
KILN_API kiln_status kiln_interp_throw(kiln_interp *in, void *exception, const void *type);

/** Calls the module's constructors. */
KILN_API kiln_status kiln_interp_run_constructors(kiln_interp *in, kiln_diag *diag);

/** Calls the module's destructors. */
KILN_API kiln_status kiln_interp_run_destructors(kiln_interp *in, kiln_diag *diag);

/** Finds the position in the program where this thread is, for signal handlers. Returns false if the thread is not
 * interpreting. */
KILN_API bool kiln_interp_find_place(kiln_interp *in, kiln_diag *out);

#ifdef __cplusplus
}
#endif
#endif
