/* LLVM bitcode reader (libkiln-llvm): stands on the public API, needs no LLVM. */
#ifndef KILN_LLVM_H
#define KILN_LLVM_H

#include <kiln/text.h>

#ifdef __cplusplus
extern "C" {
#endif

/** True if `bytes` start as bitcode, raw or in its wrapper. */
KILN_API bool kiln_llvm_is_bitcode(const void *bytes, size_t size);

/** Finds the target that the bitcode's triple names; false if there is none or it is unknown. */
KILN_API bool kiln_llvm_target(const void *bytes, size_t size, kiln_target *out);

/** Reads a bitcode module: declares and defines into the session's module, builds each function
 * body and gives it to `sink` (NULL: kiln_func_compile). Errors carry the bit offset.
 * `instructions` (may be NULL) is set to the number of LLVM instructions in the bodies read. */
KILN_API kiln_status kiln_llvm_read(kiln_session *s, const void *bytes, size_t size,
                                    kiln_func_sink sink, void *user, uint64_t *instructions);

#ifdef __cplusplus
}
#endif
#endif
