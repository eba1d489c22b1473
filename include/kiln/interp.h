/* The interpreter (libkiln-interp): runs the functions of a module without generating code, by the semantics in
 * docs/ir.md. It uses the memory of this process: addresses are real addresses, calls to undefined symbols call C
 * functions of the process, and C code can call the module's functions through their addresses. A trap, or undefined
 * behaviour that the interpreter detects, is an error that has its position in the program.
 * - Steps, in order: make an interpreter; add every function, or pass kiln_interp_sink to a reader; call
 *   kiln_interp_link; run the constructors; call functions; run the destructors; free the interpreter.
 * - Threads: any number of threads may call functions of the program. A single thread must take all other steps.
 * - C functions throw exceptions with kiln_interp_throw. The interpreter does not call personalities.
 * - It runs on x86-64 and on AArch64, and calls C as C does there, whatever the module's target is. On AArch64 an
 *   operation on an F80 fails with KILN_ERR_UNSUPPORTED.
 * - If the interpreter is NULL, the functions of this header return "none" or KILN_ERR_ARGUMENT. */
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
  /** Returns the address of a symbol that the module does not define, or NULL if the callback does not know the symbol.
   * If there is no callback or the result is NULL, the interpreter searches the dynamic symbols of the process. For a
   * thread-local symbol, the interpreter calls the callback at each use, and the result is the address for the calling
   * thread. */
  kiln_resolve_fn resolve;
  void *resolve_user; /**< passed to `resolve` */
  /** Returns memory for a data symbol that the module defines, aligned for the data and at least as large, or NULL to
   * have the data in the interpreter's own memory.
   * - For a thread-local symbol, the interpreter calls the callback at each use, and the result is the memory of the
   *   calling thread, which must already contain the symbol's initial content.
   * - May call anything but kiln_interp_free and kiln_interp_link. */
  void *(*place)(void *user, kiln_symbol symbol, const char *name);
  void *place_user; /**< passed to `place` */
  /** Callback for faults. The interpreter calls the callback for each fault, before kiln_interp_call returns the error.
   * If C code calls a function of the program through the function's address, there may be no kiln_interp_call that can
   * return the error. In this case, the interpreter calls abort() after the callback returns. */
  kiln_diag_fn on_fault;
  void *on_fault_user; /**< passed to `on_fault` */
  /** Size of the memory for each thread's frames; 0 means 512 MiB. The interpreter reserves address space of this size,
   * but uses only as much memory as it needs. */
  uint64_t stack_bytes;
  /** Maximum number of steps that a thread may make; 0 means no limit. A thread that reaches this limit gets the error
   * KILN_ERR_LIMIT. Each call is a step, and so is each entry to a block. */
  uint64_t max_steps;
  uint64_t reserved[8]; /**< 0 */
} kiln_interp_options;

/** Makes an interpreter for the module `m`. Free the interpreter before the module. `options` may be NULL for the
 * defaults. Returns NULL only if memory runs out or if `m` is NULL. */
KILN_API kiln_interp *kiln_interp_new(kiln_module *m, const kiln_interp_options *options);

/** Frees an interpreter. No function of the interpreter may be running. NULL is allowed. */
KILN_API void kiln_interp_free(kiln_interp *in);

/** Adds a finished function. The caller still owns the function, and must compile or discard the function. An error
 * sticks to the function. The function's diagnostic has the position of the error. */
KILN_API kiln_status kiln_interp_add(kiln_interp *in, kiln_func *f);

/** A kiln_func_sink_fn that adds each function to an interpreter instead of compiling the function. `user` is the
 * interpreter. */
KILN_API kiln_status kiln_interp_sink(void *interp, kiln_func *f);

/** Puts data into memory, resolves symbols and applies relocations. Call kiln_interp_link after the last
 * kiln_interp_add. */
KILN_API kiln_status kiln_interp_link(kiln_interp *in, kiln_diag *diag);

/** Returns the address of a symbol. Returns NULL if the symbol has no address. C code can call a function at the
 * address that kiln_interp_address returns. The address of thread-local data is the address of the calling thread's
 * copy. */
KILN_API void *kiln_interp_address(kiln_interp *in, kiln_symbol s);

/** A value, given by its bits. Bits that the value's type does not have are ignored. */
typedef struct kiln_interp_value {
  uint64_t low;  /**< bits 0 to 63 */
  uint64_t high; /**< bits 64 to 127, of an i128 */
} kiln_interp_value;

/** Calls a function of the module. The `n_args` arguments must fit the function's signature. Writes the results to
 * `results` (NULL to discard them).
 * - Returns KILN_OK on success. After an error, `diag` (may be NULL) contains its position.
 * - Fails with KILN_ERR_UNDEFINED for undefined behaviour, KILN_ERR_TRAP for a trap, KILN_ERR_UNSUPPORTED for an
 *   operation that the interpreter cannot run, and KILN_ERR_LIMIT if the thread reaches max_steps. */
KILN_API kiln_status kiln_interp_call(kiln_interp *in, kiln_symbol function,
                                      const kiln_interp_value *args, uint32_t n_args,
                                      kiln_interp_value *results, kiln_diag *diag);

/** Throws an exception of the type `type`, from a C function that the program called, directly or indirectly.
 * - Returns KILN_ERR_ARGUMENT if the calling thread is not running the interpreter, and otherwise does not return.
 * - The interpreter compares types by address. The exception is caught by a CATCH of a symbol with the address `type`,
 *   by a CATCH_ALL, or by a FILTER that does not list the type. Landing pads receive `exception`.
 * - The interpreter runs cleanups, and continues to unwind when one ends with RESUME. As after longjmp, the C functions
 *   between this call and the landing pad do not continue.
 * - It is a fault if no frame catches the exception, or if unwinding would leave a frame that is in a call with
 *   KILN_SIG_NOUNWIND. The position of these two faults is that of the program's call to the C function. It is a fault
 *   too if an exception of C++ or another language reaches the interpreter. */
KILN_API kiln_status kiln_interp_throw(kiln_interp *in, void *exception, const void *type);

/** Calls the module's constructors. */
KILN_API kiln_status kiln_interp_run_constructors(kiln_interp *in, kiln_diag *diag);

/** Calls the module's destructors. */
KILN_API kiln_status kiln_interp_run_destructors(kiln_interp *in, kiln_diag *diag);

/** Finds the position of the calling thread in the program. Signal handlers may call this function. Returns false if
 * the thread is not running the interpreter. */
KILN_API bool kiln_interp_find_place(kiln_interp *in, kiln_diag *out);

/** The position of a thread in the program: the newest frame of the interpreter. */
typedef struct kiln_interp_point {
  const void *frame; /**< NULL if the thread is not running the interpreter */
} kiln_interp_point;

/** Returns the position of the calling thread. It is valid until the function of the host that called
 * kiln_interp_get_point returns to the program. */
KILN_API kiln_interp_point kiln_interp_get_point(const kiln_interp *in);

/** Receives a root. The function may read and change the `size_bytes` bytes at `root`, 8 or 4. */
typedef void (*kiln_interp_root_fn)(void *user, void *root, uint32_t size_bytes);

/** Visits the roots (kiln_slot_set_root) of all frames at a position, from the newest frame to the oldest one. In each
 * frame the roots are in the order in which the function made their slots. The walk of compiled code's stack visits the
 * same roots (<kiln/stack.h>).
 * - Returns the number of roots. `fn` may be NULL.
 * - Threads: any, while the thread at `point` does not run the program. The function takes no lock and allocates no
 *   memory. */
KILN_API uint32_t kiln_interp_each_root(const kiln_interp *in, kiln_interp_point point,
                                        kiln_interp_root_fn fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
