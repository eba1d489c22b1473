/* Exceptions for languages without a library of their own for them: throw, the personality, and what handlers do with
 * an exception. An exception has a tag, which is an address, and a value of 64 bits. Clauses (<kiln/exceptions.h>)
 * catch it by the tag: the type of a CATCH is the symbol at this address. docs/exceptions.md has an example.
 * - The stack is unwound by libgcc's unwinder. If the program has none, libgcc_s.so.1 is loaded. libstdc++ is not
 *   needed.
 * - Frames of other languages may be in between: their destructors and cleanups run, and C++'s `catch (...)` catches.
 * - Exceptions of other languages run the cleanups of functions with this personality. Only CATCH_ALL and FILTER catch
 *   them. What unwinds a thread that is cancelled or ends (forced unwinding) runs cleanups alone.
 * - Objects name the functions, as the text form does: `personality @kiln_personality`, `call @kiln_throw(...)`. Link
 *   with libkiln; a program that uses nothing else of libkiln.a gets about 4 KB of it. A JIT knows the names itself.
 * - Static programs: libgcc's unwinder must be linked in, as it is if any code has a RESUME or C++ is linked. If not,
 *   link with `-Wl,-u,_Unwind_RaiseException`.
 * - On Windows the functions do not exist.
 * - Threads: each may throw and catch; the functions have no state. */
#ifndef KILN_THROW_H
#define KILN_THROW_H

#include <kiln/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Throws an exception with a tag and a value. It does not return if a frame catches the exception. If it returns, no
 * code has been unwound, and nothing is left to free:
 * - KILN_ERR_ARGUMENT if `tag` is NULL;
 * - KILN_ERR_MEMORY if there is no memory for the exception;
 * - KILN_ERR_UNSUPPORTED if the program has no unwinder;
 * - KILN_ERR_STRUCTURE if no frame catches the exception, or a frame has no unwind rows. */
KILN_API kiln_status kiln_throw(const void *tag, uint64_t value);

/** Throws an exception again that a clause other than CLEANUP has caught, of any language, in place of
 * kiln_exception_free. It does not return if a frame catches the exception. If it returns, the exception is still
 * caught, and the status is one of kiln_throw's. (A CLEANUP ends with RESUME.) */
KILN_API kiln_status kiln_rethrow(void *exception);

/** Returns the tag of an exception that a landing pad has received; NULL for one of another language. */
KILN_API const void *kiln_exception_tag(const void *exception);

/** Returns the address of the exception's value, which may be changed: a collector that moves objects visits it here.
 * Returns NULL for an exception of another language. The address is valid until the exception ends. */
KILN_API uint64_t *kiln_exception_value(void *exception);

/** Frees a caught exception, of any language, which ends it. Call it once in each handler that does not rethrow. NULL
 * is allowed. */
KILN_API void kiln_exception_free(void *exception);

/** The personality of functions that catch by tags (kiln_func_attrs.personality). Only unwinders call it: parameters
 * and result are those of the C++ ABI for exception handling, 2.5.2. */
KILN_API int32_t kiln_personality(int32_t version, int32_t actions, uint64_t exception_class,
                                  void *exception, void *context);

#ifdef __cplusplus
}
#endif
#endif
