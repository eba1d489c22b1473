/* The LLVM bitcode reader (libkiln-llvm). The reader uses only Kiln's public API. The reader contains no code from
 * LLVM. */
#ifndef KILN_LLVM_H
#define KILN_LLVM_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Versions of LLVM whose bitcode Kiln can read. Kiln reads bitcode from newer versions too, and drops unknown metadata
 * there. If such bitcode uses a feature that Kiln does not know, the error gives the name or number of the feature, and
 * the position in the bitcode. */
enum {
  KILN_LLVM_OLDEST = 11, /**< the oldest version */
  KILN_LLVM_NEWEST = 23  /**< the newest version that was tested */
};

/** Returns true if `bytes` begins like bitcode. The bitcode may be raw, or in LLVM's bitcode wrapper. */
KILN_API bool kiln_llvm_is_bitcode(const void *bytes, size_t size_bytes);

/** Finds the target that a kiln_module needs for this bitcode (kiln_module_options.target), which is the target of the
 * bitcode's triple. If Kiln knows the target's processor but has no code generation for the target, `out` becomes Linux
 * on that processor, and reading the bitcode fails with an error that names the triple.
 * - Returns false if the bitcode has no triple, or if the triple has a processor that Kiln does not know. */
KILN_API bool kiln_llvm_find_target(const void *bytes, size_t size_bytes, kiln_target *out);

/** Says how thread-local data of bitcode are reached. Bitcode does not say so: clang's option is -femulated-tls. */
typedef enum kiln_llvm_tls_emulation {
  /** As compilers do by default for the bitcode's triple: Kiln emulates thread-local data for Android before version
   * 29. */
  KILN_LLVM_TLS_EMULATION_BY_TRIPLE,
  /** Each thread-local variable `x` becomes a variable `__emutls_v.x` that describes it, and code calls
   * `__emutls_get_address`, which libgcc and compiler-rt define, to get the address of `x` in the running thread.
   * Objects of GCC and clang that use emulated thread-local data share such variables. */
  KILN_LLVM_TLS_EMULATION_ON,
  KILN_LLVM_TLS_EMULATION_OFF, /**< the system's own thread-local data */
  KILN_LLVM_TLS_EMULATION_COUNT
} kiln_llvm_tls_emulation;

/** Two ways in which the reader decodes numbers. Both read the same. */
typedef enum kiln_llvm_decoder {
  /** The faster way for the processor and for the size of the file. This is the default. */
  KILN_LLVM_DECODER_AUTO,
  KILN_LLVM_DECODER_PLAIN, /**< on any processor */
  /** By the x86-64 instruction PEXT. Without that instruction, as KILN_LLVM_DECODER_PLAIN. */
  KILN_LLVM_DECODER_PEXT,
  KILN_LLVM_DECODER_COUNT
} kiln_llvm_decoder;

/** Options of a reader. Zero-initialise the struct for the defaults. */
typedef struct kiln_llvm_options {
  /** Says how the reader makes thread-local data. */
  kiln_llvm_tls_emulation tls_emulation;
  kiln_llvm_decoder decoder; /**< for tests and measurements */
  /** If true, metadata that Kiln does not know is an error. If false, Kiln drops the metadata (kiln_llvm_unknown). */
  bool refuse_unknown;
  uint64_t reserved[8]; /**< 0 */
} kiln_llvm_options;

/** Reads a bitcode module into the module of the session `s`: its declarations and definitions, and each function that
 * has a body, which is passed to `sink` (NULL for kiln_func_compile). `options` may be NULL.
 * - Sets `instructions` (may be NULL) to the number of LLVM instructions in the bodies that were read.
 * - Fails with the status of the module. Diagnostics have the bit offset of the error. */
KILN_API kiln_status kiln_llvm_read(kiln_session *s, const void *bytes, size_t size_bytes,
                                    const kiln_llvm_options *options, kiln_func_sink_fn sink,
                                    void *user, uint64_t *instructions);

/** A reader of a bitcode module, which reads the function bodies one by one, in any order.
 * - Threads: several threads can read at once, each with a fork (kiln_llvm_fork).
 * - Borrows the bitcode, which must stay unchanged until the reader is freed (see also
 *   kiln_module_options.borrow_strings). */
typedef struct kiln_llvm kiln_llvm;

/** Makes a reader, and reads everything in a bitcode module except the function bodies: the declarations and
 * definitions go to the module of the session `s`. Copies `options`, which may be NULL.
 * - Returns NULL after an error, which sticks to the module. All functions of this header accept a NULL reader.
 * - Owns: free the reader with kiln_llvm_free before you free the session. */
KILN_API kiln_llvm *kiln_llvm_new(kiln_session *s, const void *bytes, size_t size_bytes,
                                  const kiln_llvm_options *options);

/** Returns the number of function bodies. The bodies have numbers from 0, in the order of the bitcode. */
KILN_API uint32_t kiln_llvm_body_count(const kiln_llvm *l);

/** Takes the bodies to read next: writes the numbers of at most `max` of them to `out`, in ascending order. Without
 * inlining, the first call with room takes all bodies. With inlining (kiln_llvm_keep_bodies), the first call takes the
 * bodies that cannot be left out. After you have compiled them, call the function again: each further call takes the
 * bodies to which the compiled bodies refer and that no earlier call has taken.
 * - Returns how many it wrote; 0 when none is left.
 * - Threads: call this function on the original reader, in that reader's thread, while no other thread reads bodies. */
KILN_API uint32_t kiln_llvm_next_bodies(kiln_llvm *l, uint32_t *out, uint32_t max);

/** Reads the bodies `first` to `first` + `count` - 1, each of which may be read at most once. Builds each function in
 * the reader's session and passes it to `sink` (NULL for kiln_func_compile).
 * - Sets `instructions` (may be NULL) to the number of LLVM instructions in these bodies.
 * - Fails with KILN_ERR_ARGUMENT if the range does not exist, or if forks of this reader have been made. After any
 *   other error, the reader reads nothing more, and kiln_llvm_diag returns the error.
 * - Threads: other threads may be using the module at the same time, so errors of the reader do not stick to the
 *   module. The error of a function that fails to compile does, and the module's `on_diag` receives it. */
KILN_API kiln_status kiln_llvm_read_bodies(kiln_llvm *l, uint32_t first, uint32_t count,
                                           kiln_func_sink_fn sink, void *user,
                                           uint64_t *instructions);

/** Reads the small bodies and keeps their functions (kiln_func_keep), then decides which of these functions are inlined
 * (kiln_module_settle_inlining). Afterwards, kiln_llvm_read_bodies builds the kept functions without reading their
 * bodies again. Does nothing if kiln_module_attrs.inlining was not set before kiln_llvm_new.
 * - Call this function before kiln_module_freeze, and before you make forks of the reader.
 * - `instructions` and errors are as for kiln_llvm_read_bodies. */
KILN_API kiln_status kiln_llvm_keep_bodies(kiln_llvm *l, uint64_t *instructions);

/** Makes kiln_llvm_read_bodies skip bodies that need the module's assembler for inline assembly, in this reader and its
 * later forks. kiln_llvm_read_deferred then reads the skipped bodies, and calls the assembler only once for all of
 * them. Without this call, each call to kiln_llvm_read_bodies calls the assembler. */
KILN_API kiln_status kiln_llvm_defer_assembly(kiln_llvm *l);

/** Reads the bodies that were skipped, as kiln_llvm_read_bodies does. */
KILN_API kiln_status kiln_llvm_read_deferred(kiln_llvm *l, kiln_func_sink_fn sink, void *user,
                                             uint64_t *instructions);

/** Metadata that Kiln does not know and has dropped. This is either metadata of an unknown kind that is attached to a
 * function, variable or instruction, or named metadata with an unknown name "llvm.*". LLVM's language reference allows
 * programs to drop metadata. */
typedef struct kiln_llvm_unknown_info {
  const char *name;     /**< lives as long as the reader */
  uint32_t uses;        /**< how many times the reader has dropped it so far */
  uint64_t reserved[2]; /**< 0 */
} kiln_llvm_unknown_info;

/** Lists the unknown metadata that the reader and its forks dropped, each kind or name once. Writes the
 * first `max` items to `out` (may be NULL).
 * - Returns the total number of items.
 * - Call this function on the original reader. */
KILN_API uint32_t kiln_llvm_unknown(const kiln_llvm *l, kiln_llvm_unknown_info *out, uint32_t max);

/** Returns the error that made kiln_llvm_read_bodies stop. If there was no error, the status of the diagnostic is
 * KILN_OK. The diagnostic lives as long as the reader. */
KILN_API const kiln_diag *kiln_llvm_diag(const kiln_llvm *l);

/** Makes a fork: a reader of the same bodies for another thread, which builds functions in the session `s` of the same
 * module. When a fork reads its first body, its thread copies the tables that readers change.
 * - Returns NULL if memory runs out, if `l` is NULL, is a fork or has failed, or if `s` is NULL or belongs to another
 *   module. The error sticks to the module of `l`, or, if `l` is NULL, to the module of `s`.
 * - Owns: free the original reader after its forks.
 * - Threads: make all forks from the original reader, in its thread, after kiln_module_freeze. Each fork may then be
 *   used by a thread of its own. After this call, pass the original reader only to functions whose comments mention the
 *   original reader. */
KILN_API kiln_llvm *kiln_llvm_fork(kiln_llvm *l, kiln_session *s);

/** Frees a reader or a fork. NULL is allowed. */
KILN_API void kiln_llvm_free(kiln_llvm *l);

#ifdef __cplusplus
}
#endif
#endif
