/* The LLVM bitcode reader (libkiln-llvm). The reader uses only Kiln's public API. The reader contains no code from
 * LLVM. */
#ifndef KILN_LLVM_H
#define KILN_LLVM_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Versions of LLVM. Kiln can read the bitcode of these versions. Kiln reads bitcode from newer versions too. Such
 * bitcode may use a feature that Kiln does not know. In that case, the error gives the name or number of the feature,
 * and the position in the bitcode. Kiln drops unknown metadata. */
enum {
  KILN_LLVM_OLDEST = 11, /**< the oldest version */
  KILN_LLVM_NEWEST = 23  /**< the newest version that was tested */
};

/** Returns true if `bytes` begins like bitcode. The bitcode may be raw, or in LLVM's bitcode wrapper. */
KILN_API bool kiln_llvm_is_bitcode(const void *bytes, size_t size_bytes);

/** Finds the target that a kiln_module needs for this bitcode (kiln_module_options.target). This is the target that the
 * bitcode's triple names. Kiln may know the target's processor but have no code generation for the target. In that
 * case, `out` becomes Linux on that processor. Reading the bitcode then fails with an error that names the triple.
 * Returns false if the bitcode has no triple, or if the triple has a processor that Kiln does not know. */
KILN_API bool kiln_llvm_find_target(const void *bytes, size_t size_bytes, kiln_target *out);

/** Reads a bitcode module. Makes the module's declarations and definitions in the module of the session `s`. Builds
 * each function that has a body. Passes each of these functions to `sink` (NULL for kiln_func_compile). Diagnostics
 * have the bit offset of the error. Sets `instructions` (may be NULL) to the number of LLVM instructions in the bodies
 * that were read. */
KILN_API kiln_status kiln_llvm_read(kiln_session *s, const void *bytes, size_t size_bytes,
                                    kiln_func_sink_fn sink, void *user, uint64_t *instructions);

/** A reader of a bitcode module. The reader reads the function bodies one by one, in any order. Several threads can
 * read at once (kiln_llvm_fork). The reader does not copy the bitcode. The bitcode must stay unchanged until the reader
 * is freed (see also kiln_module_options.borrow_strings). */
typedef struct kiln_llvm kiln_llvm;

/** Makes a reader. Reads everything in a bitcode module except the function bodies. Makes the bitcode's declarations
 * and definitions in the module of the session `s`. Returns NULL after an error. The error sticks to the module. All
 * functions of this header accept a NULL reader. Free the reader with kiln_llvm_free before you free the session. */
KILN_API kiln_llvm *kiln_llvm_new(kiln_session *s, const void *bytes, size_t size_bytes);

/** Returns the number of function bodies. The bodies have numbers from 0, in the order of the bitcode. */
KILN_API uint32_t kiln_llvm_body_count(const kiln_llvm *l);

/** Lists the bodies to read next. Writes the numbers of these bodies to `out`, in ascending order. `out` must have room
 * for the numbers of all bodies. Returns the number of these bodies. Without inlining, the first call lists all bodies.
 * With inlining (kiln_llvm_keep_bodies), the first call lists the bodies that cannot be left out. After you have
 * compiled these bodies, call the function again. Each further call lists the bodies to which the compiled bodies refer
 * and that no earlier call has listed. When no such bodies are left, kiln_llvm_list_bodies returns 0. Call this
 * function on the original reader, in that reader's thread, while no other thread reads bodies. */
KILN_API uint32_t kiln_llvm_list_bodies(kiln_llvm *l, uint32_t *out);

/** Reads the bodies `first` to `first` + `count` - 1. You may read each body at most once. Builds each function in the
 * reader's session and passes the function to `sink` (NULL for kiln_func_compile). Sets `instructions` (may be NULL) to
 * the number of LLVM instructions in these bodies. Returns KILN_ERR_ARGUMENT if the range does not exist, or if forks
 * of this reader have been made. After any other error, the reader reads nothing more, and kiln_llvm_diag returns the
 * error. Other threads may be using the module at the same time. Errors of the reader therefore do not stick to the
 * module. If a function fails to compile, the error of the function does stick to the module. If a function reports an
 * error, the module's `on_diag` receives the error. */
KILN_API kiln_status kiln_llvm_read_bodies(kiln_llvm *l, uint32_t first, uint32_t count,
                                           kiln_func_sink_fn sink, void *user,
                                           uint64_t *instructions);

/** Reads the small bodies and keeps their functions (kiln_func_keep). Then decides which of these functions are inlined
 * (kiln_module_settle_inlining). Does nothing if kiln_module_attrs.inlining was not set before kiln_llvm_new. Call this
 * function before kiln_module_freeze, and before you make forks of the reader. Afterwards, kiln_llvm_read_bodies builds
 * the kept functions without reading their bodies again. `instructions` and errors are as for kiln_llvm_read_bodies. */
KILN_API kiln_status kiln_llvm_keep_bodies(kiln_llvm *l, uint64_t *instructions);

/** Makes kiln_llvm_read_bodies skip bodies that need the module's assembler for inline assembly. Later forks of the
 * reader skip these bodies too. kiln_llvm_read_deferred then reads the skipped bodies. This saves time, because
 * kiln_llvm_read_deferred calls the assembler only once for all skipped bodies. Without kiln_llvm_defer_assembly, each
 * call to kiln_llvm_read_bodies calls the assembler. */
KILN_API kiln_status kiln_llvm_defer_assembly(kiln_llvm *l);

/** Reads the bodies that were skipped, as kiln_llvm_read_bodies does. */
KILN_API kiln_status kiln_llvm_read_deferred(kiln_llvm *l, kiln_func_sink_fn sink, void *user,
                                             uint64_t *instructions);

/** Metadata that Kiln does not know and has dropped. This is either metadata of an unknown kind that is attached to a
 * function, variable or instruction, or named metadata with an unknown name "llvm.*". LLVM's language reference allows
 * programs to drop metadata. */
typedef struct kiln_llvm_unknown {
  const char *name; /**< lives as long as the reader */
  uint32_t uses;    /**< how many times the reader has dropped it so far */
} kiln_llvm_unknown;

/** Lists the unknown metadata that the reader dropped. Each kind or name occurs once. Writes at most `room` items to
 * `out` (may be NULL). Returns the total number of items. Call this function on the original reader. The list includes
 * the metadata that forks dropped. */
KILN_API uint32_t kiln_llvm_list_unknown(const kiln_llvm *l, uint32_t room, kiln_llvm_unknown *out);

/** Returns the error that made kiln_llvm_read_bodies stop. If there was no error, the status of the diagnostic is
 * KILN_OK. The diagnostic lives as long as the reader. */
KILN_API const kiln_diag *kiln_llvm_diag(const kiln_llvm *l);

/** Makes a fork. A fork is a reader of the same bodies for another thread. The fork builds functions in the session
 * `s`. This session must belong to the same module as the reader. Make all forks from the original reader, in the
 * original reader's thread, after kiln_module_freeze. Each fork may then be used by a thread of its own. After this
 * call, pass the original reader only to functions whose comments mention the original reader. Free the original
 * reader after its forks. A reader changes some of its tables when it reads a body. When a fork reads its first body,
 * the fork's thread makes copies of these tables for the fork.
 *
 * Returns NULL if memory runs out. Returns NULL if `l` is NULL, is a fork or has failed. Returns NULL if `s` is NULL
 * or belongs to another module. The error sticks to the module of `l`. If `l` is NULL, the error sticks to the module
 * of `s`. */
KILN_API kiln_llvm *kiln_llvm_fork(kiln_llvm *l, kiln_session *s);

/** Frees a reader or a fork. NULL is allowed. */
KILN_API void kiln_llvm_free(kiln_llvm *l);

#ifdef __cplusplus
}
#endif
#endif
