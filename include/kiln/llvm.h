/* The LLVM bitcode reader (libkiln-llvm). It uses only the public API, and no code of LLVM. */
#ifndef KILN_LLVM_H
#define KILN_LLVM_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Versions of LLVM whose bitcode can be read. Bitcode of a newer version is read as well: anything that Kiln does not
 * know is refused where it is used, by its name or number, and unknown metadata is dropped. */
enum {
  KILN_LLVM_OLDEST = 11, /**< the oldest version */
  KILN_LLVM_NEWEST = 23  /**< the newest version that was tested */
};

/** Returns true if `bytes` begin like bitcode, raw or in its wrapper. */
KILN_API bool kiln_llvm_is_bitcode(const void *bytes, size_t size_bytes);

/** Finds the target of a module that is to read the bitcode. That is the target of the bitcode's triple, or, if there
 * is no code generation for it, Linux on the same processor; reading then fails and names the triple. Returns false if
 * there is no triple, or if it has another processor. */
KILN_API bool kiln_llvm_find_target(const void *bytes, size_t size_bytes, kiln_target *out);

/** Reads a bitcode module: makes its declarations and definitions in the session's module, builds each function body,
 * and passes it to `sink` (NULL for kiln_func_compile). Errors carry the bit offset. Sets `instructions` (may be NULL)
 * to the number of LLVM instructions in the bodies read. */
KILN_API kiln_status kiln_llvm_read(kiln_session *s, const void *bytes, size_t size_bytes,
                                    kiln_func_sink_fn sink, void *user, uint64_t *instructions);

/** A bitcode module whose function bodies are read one by one, in any order, possibly by several threads. The bitcode
 * is used in place: it must stay unchanged until the reader is freed (see also kiln_module_options.borrow_strings). */
typedef struct kiln_llvm kiln_llvm;

/** Reads everything in a bitcode module but its function bodies, and makes its declarations and definitions in the
 * session's module. Returns NULL after an error, which sticks to the module; all calls accept that NULL. Free the
 * reader with kiln_llvm_free before the session is freed. */
KILN_API kiln_llvm *kiln_llvm_new(kiln_session *s, const void *bytes, size_t size_bytes);

/** Returns the number of function bodies, which are in the order of the bitcode. */
KILN_API uint32_t kiln_llvm_body_count(const kiln_llvm *l);

/** Lists the bodies to read next: writes their numbers, in ascending order, to `out`, which has room for all bodies,
 * and returns how many there are. With inlining (kiln_llvm_keep_bodies), the first call lists the bodies that cannot be
 * left out. Each further call, once these are compiled, lists the bodies that they refer to, until there are none.
 * Without inlining, the first call lists all. Call it from the original reader's thread, while no other thread reads
 * bodies. */
KILN_API uint32_t kiln_llvm_list_bodies(kiln_llvm *l, uint32_t *out);

/** Reads bodies `first` to `first` + `count` - 1, each at most once: builds each function in the reader's session and
 * passes it to `sink` (NULL for kiln_func_compile). Sets `instructions` (may be NULL) to the number of LLVM
 * instructions in them. Returns KILN_ERR_ARGUMENT for a range that does not exist, and once the reader has forks. After
 * any other error, the reader reads nothing more, and kiln_llvm_diag returns the error. Since other threads may be
 * using the module, it only gets the error of a function that does not compile (and its `on_diag` is called for errors
 * that the function itself reports). */
KILN_API kiln_status kiln_llvm_read_bodies(kiln_llvm *l, uint32_t first, uint32_t count,
                                           kiln_func_sink_fn sink, void *user,
                                           uint64_t *instructions);

/** Reads the small bodies and keeps them (kiln_func_keep), then decides which are inlined
 * (kiln_module_settle_inlining). It does nothing unless kiln_module_attrs.inlining was set before kiln_llvm_new, and
 * nothing for modules with debugging information. Call it before kiln_module_freeze, and before the reader has forks.
 * Afterwards, kiln_llvm_read_bodies builds these functions from what was kept. `instructions` and errors are as for
 * kiln_llvm_read_bodies. */
KILN_API kiln_status kiln_llvm_keep_bodies(kiln_llvm *l, uint64_t *instructions);

/** Makes kiln_llvm_read_bodies, also of forks made afterwards, skip bodies that need the module's assembler for inline
 * assembly, until kiln_llvm_read_deferred. The assembler is then called once for all of them, instead of at the end of
 * each kiln_llvm_read_bodies. */
KILN_API kiln_status kiln_llvm_defer_assembly(kiln_llvm *l);

/** Reads the bodies that were skipped, as kiln_llvm_read_bodies does. */
KILN_API kiln_status kiln_llvm_read_deferred(kiln_llvm *l, kiln_func_sink_fn sink, void *user,
                                             uint64_t *instructions);

/** Metadata that Kiln does not know: of an unknown kind (attached to functions, variables or instructions), or with an
 * unknown name "llvm.*". LLVM defines that metadata may be dropped, and this metadata was. */
typedef struct kiln_llvm_unknown {
  const char *name; /**< lives as long as the reader */
  uint32_t uses;    /**< how often it was dropped so far */
} kiln_llvm_unknown;

/** Lists the unknown metadata that was dropped, each kind or name once: writes at most `room` items to `out` (may be
 * NULL), and returns how many there are. Call it on the original reader; its forks are included. */
KILN_API uint32_t kiln_llvm_list_unknown(const kiln_llvm *l, uint32_t room, kiln_llvm_unknown *out);

/** Returns the error that ended kiln_llvm_read_bodies; its status is KILN_OK if there was none. It lives as long as the
 * reader. */
KILN_API const kiln_diag *kiln_llvm_diag(const kiln_llvm *l);

/** Makes a reader of the same bodies that builds in session `s` of the same module, for another thread. All forks are
 * made from the original reader, by its thread, after kiln_module_freeze. Each fork may then be used by a thread of its
 * own, while the original reader must not be used except to be freed, last. When a fork reads its first body, its own
 * thread copies the tables that reading bodies changes. Returns NULL if memory runs out; if `l` is NULL, is a fork or
 * has failed; or if `s` is NULL or belongs to another module. The module of `l`, or without `l` that of `s`, has the
 * error. */
KILN_API kiln_llvm *kiln_llvm_fork(kiln_llvm *l, kiln_session *s);

/** Frees a reader or a fork. NULL is allowed. */
KILN_API void kiln_llvm_free(kiln_llvm *l);

#ifdef __cplusplus
}
#endif
#endif
