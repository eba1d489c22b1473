/* LLVM bitcode reader (libkiln-llvm): uses only the public API, and no code of LLVM. */
#ifndef KILN_LLVM_H
#define KILN_LLVM_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Versions of LLVM whose bitcode is read. That of a newer one is read as well: what Kiln does not know is refused
 * where it is used, by its name or number; metadata that it does not know are dropped. */
enum {
  KILN_LLVM_OLDEST = 11, /**< the first */
  KILN_LLVM_NEWEST = 23  /**< the newest that was tested */
};

/** True if `bytes` start as bitcode, raw or in its wrapper. */
KILN_API bool kiln_llvm_is_bitcode(const void *bytes, size_t size_bytes);

/** Finds the target of a module that is to read the bitcode: that of its triple, or, if there is no code generation for
 * that one, Linux on the same processor; then reading fails by the triple's name. False if there is no triple, or one
 * with another processor. */
KILN_API bool kiln_llvm_find_target(const void *bytes, size_t size_bytes, kiln_target *out);

/** Reads a bitcode module: declares and defines into the session's module, builds each function
 * body and gives it to `sink` (NULL: kiln_func_compile). Errors carry the bit offset.
 * `instructions` (may be NULL) is set to the number of LLVM instructions in the bodies read. */
KILN_API kiln_status kiln_llvm_read(kiln_session *s, const void *bytes, size_t size_bytes,
                                    kiln_func_sink_fn sink, void *user, uint64_t *instructions);

/** A bitcode module whose functions' bodies are read one by one, in any order, perhaps by several
 * threads. Uses the bitcode in place: it must stay as it is until the reader is closed (see also
 * kiln_module_options.borrow_strings). */
typedef struct kiln_llvm kiln_llvm;

/** Reads all of a bitcode module but its functions' bodies: declares and defines into the session's
 * module. NULL after an error, which the module has; all calls take that NULL. Close the reader with
 * kiln_llvm_free, before the session is freed. */
KILN_API kiln_llvm *kiln_llvm_new(kiln_session *s, const void *bytes, size_t size_bytes);

/** Number of function bodies, in the order of the bitcode. */
KILN_API uint32_t kiln_llvm_body_count(const kiln_llvm *l);

/** Lists the bodies to read next: writes their numbers, ascending, to `out`, which has room for all bodies, and returns
 * how many there are. With inlining (kiln_llvm_keep_bodies) the first call gives those that cannot be left out; each
 * further call, when these are compiled, those that they refer to, until there are none. Without inlining the first
 * call gives all. Call it by the thread of the opened reader, while no other thread reads bodies. */
KILN_API uint32_t kiln_llvm_list_bodies(kiln_llvm *l, uint32_t *out);

/** Reads bodies `first` to `first` + `count` - 1, each at most once: builds each function in the reader's
 * session and gives it to `sink` (NULL: kiln_func_compile). `instructions` (may be NULL) is set to the
 * number of LLVM instructions in them. KILN_ERR_ARGUMENT for a range that does not exist, and once
 * the reader has forks. After any other error the reader reads no more, and kiln_llvm_diag returns the error.
 * As other threads may be using the module, it only gets the error of a function that does not compile (and
 * its `on_diag` is called for errors that the function itself reports). */
KILN_API kiln_status kiln_llvm_read_bodies(kiln_llvm *l, uint32_t first, uint32_t count,
                                           kiln_func_sink_fn sink, void *user,
                                           uint64_t *instructions);

/** Reads the small ones of the bodies and keeps them (kiln_func_keep), then settles which are inlined; does nothing
 * unless kiln_module_attrs.inlining was set before kiln_llvm_new, and nothing for modules with debugging information.
 * Call it before kiln_module_freeze, and before the reader has forks. kiln_llvm_read_bodies then builds the kept
 * ones from what was kept. `instructions` and errors as there. */
KILN_API kiln_status kiln_llvm_keep_bodies(kiln_llvm *l, uint64_t *instructions);

/** From now on kiln_llvm_read_bodies, also of forks made afterwards, leaves out bodies that need the module's assembler
 * for inline assembly, until kiln_llvm_read_deferred: so the assembler is called once for all of them, and not at the
 * end of each kiln_llvm_read_bodies. */
KILN_API kiln_status kiln_llvm_defer_assembly(kiln_llvm *l);

/** Reads the bodies that were left out, as kiln_llvm_read_bodies reads. */
KILN_API kiln_status kiln_llvm_read_deferred(kiln_llvm *l, kiln_func_sink_fn sink, void *user,
                                             uint64_t *instructions);

/** Metadata that Kiln does not know: of a kind (attached to functions, variables, instructions), or named "llvm.*".
 * LLVM defines that metadata may be dropped, and these were. */
typedef struct kiln_llvm_unknown {
  const char *name; /**< as long as the reader lives */
  uint32_t uses;    /**< what of it was dropped so far */
} kiln_llvm_unknown;

/** Lists the unknown metadata that were dropped, of each kind or name once: stores at most `room` of them to `out` (may
 * be NULL), and returns how many there are. Of the opened reader, whose forks count as well. */
KILN_API uint32_t kiln_llvm_list_unknown(const kiln_llvm *l, uint32_t room, kiln_llvm_unknown *out);

/** The error that ended kiln_llvm_read_bodies; status KILN_OK if there was none. Lives as long as the
 * reader. */
KILN_API const kiln_diag *kiln_llvm_diag(const kiln_llvm *l);

/** Makes a reader of the same bodies that builds in session `s` of the same module, for another thread.
 * All forks are made of the opened reader by its thread, after kiln_module_freeze; then each may be
 * used by a thread of its own, while the opened reader only waits to be closed, last. Tables that
 * reading bodies changes are copied by the fork's own thread when it reads its first body. NULL if out of
 * memory, or if `l` is NULL, is a fork or has failed, or `s` is NULL or belongs to another module; the module of `l`
 * (without it that of `s`) has the error. */
KILN_API kiln_llvm *kiln_llvm_fork(kiln_llvm *l, kiln_session *s);

/** Frees a reader or a fork. NULL is allowed. */
KILN_API void kiln_llvm_free(kiln_llvm *l);

#ifdef __cplusplus
}
#endif
#endif
