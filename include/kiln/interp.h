/* The interpreter (libkiln-interp). It runs the functions of a module without generating code, and follows the
 * semantics in docs/ir.md directly. It uses the memory of this process: addresses are real addresses, and the module's
 * data is in memory. Calls to undefined symbols call C functions of the process, and C code can call the module's
 * functions through their addresses. When the program traps, or when the interpreter detects undefined behaviour, the
 * interpreter reports an error with its position in the program. C functions throw exceptions with kiln_interp_throw.
 * Personalities are not called.
 *
 * Order of use: make an interpreter, add every function (or pass kiln_interp_sink to a reader), link, run the
 * constructors, call functions, run the destructors, free the interpreter. Any number of threads may call functions of
 * the program; all other steps must be done by a single thread. The interpreter runs only on x86-64. If the interpreter
 * is NULL, calls return "none" or KILN_ERR_ARGUMENT. */
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
  /** Callback that returns the address of a symbol that the module does not define, or NULL if the callback does not
   * know the symbol. If there is no callback or it returns NULL, the dynamic symbols of the process are searched. For a
   * thread-local symbol, the callback is called at each use of the symbol, and returns the address for the calling
   * thread. */
  kiln_resolve_fn resolve;
  void *resolve_user; /**< passed to `resolve` */
  /** Callback that returns memory for a data symbol that the module defines. The memory must be aligned for the data
   * and at least as large as the data. If the callback returns NULL, the data is placed in the interpreter's own
   * memory. For a thread-local symbol, the callback is called at each use of the symbol, and returns the memory of the
   * calling thread, which must already contain the symbol's initial content. */
  void *(*place)(void *user, kiln_symbol symbol, const char *name);
  void *place_user; /**< passed to `place` */
  /** Callback that is called for each fault, from within the call that fails. If C code called a function of the
   * program through its address, and there is no kiln_interp_call on this thread that can return the fault, abort()
   * ends the process after the callback returns. */
  kiln_diag_fn on_fault;
  void *on_fault_user; /**< passed to `on_fault` */
  /** Size of the memory for each thread's frames; 0 for 512 MiB. The memory is reserved, and is used only as needed. */
  uint64_t stack_bytes;
  /** Maximum number of steps that a thread may make before the error KILN_ERR_LIMIT; 0 for no limit. Each block that is
   * entered and each call is a step. */
  uint64_t max_steps;
  uint64_t reserved[8]; /**< 0 */
} kiln_interp_options;

/** Makes an interpreter for the module `m`, which must be freed after the interpreter. `options` may be NULL for the
 * defaults. Returns NULL only if memory runs out or if `m` is NULL. */
KILN_API kiln_interp *kiln_interp_new(kiln_module *m, const kiln_interp_options *options);

/** Frees an interpreter. None of its functions may be running. NULL is allowed. */
KILN_API void kiln_interp_free(kiln_interp *in);

/** Adds a finished function. The caller still owns the function, and must compile or discard it. An error is kept in
 * the function; its diagnostic has the position of the error. */
KILN_API kiln_status kiln_interp_add(kiln_interp *in, kiln_func *f);

/** A kiln_func_sink_fn whose `user` is the interpreter: adds the function instead of compiling it. */
KILN_API kiln_status kiln_interp_sink(void *interp, kiln_func *f);

/** Places data, resolves symbols and applies relocations. Call it after the last kiln_interp_add. */
KILN_API kiln_status kiln_interp_link(kiln_interp *in, kiln_diag *diag);

/** Returns the address of a symbol; NULL if the symbol has none. The address of a function is one that C code can call.
 * The address of thread-local data is that of the calling thread's copy. */
KILN_API void *kiln_interp_address(kiln_interp *in, kiln_symbol s);

/** A value, given by its bits. Bits that the value's type does not have are ignored. */
typedef struct kiln_interp_value {
  uint64_t low;  /**< bits 0 to 63 */
  uint64_t high; /**< bits 64 to 127, of an i128 */
} kiln_interp_value;

/** Calls a function of the module with `n_args` arguments, which must fit the function's signature. Writes the results
 * to `results` (NULL to discard them). Returns KILN_OK on success, KILN_ERR_UNDEFINED for undefined behaviour,
 * KILN_ERR_TRAP for a trap, KILN_ERR_UNSUPPORTED for an operation that the interpreter cannot run, and KILN_ERR_LIMIT
 * if max_steps is reached. After an error, `diag` (may be NULL) contains the error's position. */
KILN_API kiln_status kiln_interp_call(kiln_interp *in, kiln_symbol function,
                                      const kiln_interp_value *args, uint32_t n_args,
                                      kiln_interp_value *results, kiln_diag *diag);

/** Throws an exception of the type `type`. This function may be called by C functions that the program called, directly
 * or indirectly. It does not return, except with KILN_ERR_ARGUMENT if this thread is not running the interpreter.
 *
 * Types are compared by address. The exception is caught by a CATCH of a symbol with the address `type`, by a
 * CATCH_ALL, and by a FILTER that does not list the type. Landing pads receive `exception`. Cleanups run, and unwinding
 * goes on when they end with RESUME. The C functions between this call and the landing pad are left as by longjmp.
 *
 * If no frame catches the exception, or if a frame that would be left is in a call with KILN_SIG_NOUNWIND, this is a
 * fault, at the position of the program's call to C. If C++ or another language throws an exception, this is a fault as
 * soon as the exception reaches the interpreter. */
KILN_API kiln_status kiln_interp_throw(kiln_interp *in, void *exception, const void *type);

/** Calls the module's constructors. */
KILN_API kiln_status kiln_interp_run_constructors(kiln_interp *in, kiln_diag *diag);

/** Calls the module's destructors. */
KILN_API kiln_status kiln_interp_run_destructors(kiln_interp *in, kiln_diag *diag);

/** Finds the position in the program that the calling thread is running. This is for signal handlers. Returns false if
 * the thread is not running the interpreter. */
KILN_API bool kiln_interp_find_place(kiln_interp *in, kiln_diag *out);

#ifdef __cplusplus
}
#endif
#endif
