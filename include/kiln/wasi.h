/* WASI preview 1 for WebAssembly modules: files, arguments, environment, clocks, random numbers, polling.
 *
 * A context belongs to one store, whose instances share its descriptors, and to one thread at a time. Give each store
 * its own. A module reaches only the folders that the context
 * has opened for it (its preopened folders) and what lies beneath them: paths that lead out, by "..", by symbolic
 * links or as absolute paths, are refused (EPERM). What the host's user may not do, the module may not either.
 *
 * Standard input, output and error are the process's, or what the options say. Flags and position of the process's
 * files are not changed, but by reading and writing. Sockets are refused: `sock_accept` and the like give ENOTSUP,
 * ENOTSOCK or EBADF. */
#ifndef KILN_WASI_H
#define KILN_WASI_H

#include <kiln/wasm_runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A module's view of the system. */
typedef struct kiln_wasi kiln_wasi;

/** A preopened folder. */
typedef struct kiln_wasi_dir {
  const char *host;  /**< path on this system */
  const char *guest; /**< its name for the module, such as "/" or "." */
} kiln_wasi_dir;

/** What a standard stream is. */
typedef enum kiln_wasi_stream_kind {
  KILN_WASI_STREAM_INHERIT,    /**< the process's */
  KILN_WASI_STREAM_NULL,       /**< empty, and takes all */
  KILN_WASI_STREAM_DESCRIPTOR, /**< `descriptor`, duplicated */
  KILN_WASI_STREAM_CALLBACK,   /**< `transfer` */
  KILN_WASI_STREAM_KIND_COUNT
} kiln_wasi_stream_kind;

/** A standard stream. */
typedef struct kiln_wasi_stream {
  kiln_wasi_stream_kind kind; /**< what */
  int32_t descriptor;         /**< DESCRIPTOR */
  /** CALLBACK: takes `n` bytes of output, or puts as many as there are, at most `n`, of input: how many; 0 of input is
   * its end, less than 0 an error. */
  int64_t (*transfer)(void *transfer_user, void *bytes, size_t n);
  void *transfer_user; /**< for `transfer` */
} kiln_wasi_stream;

/** What a context gives to the module. Zero-initialise for a module without arguments, environment or folders. All
 * texts are copied. */
typedef struct kiln_wasi_options {
  const char *const *args;     /**< arguments, the program's name first */
  uint32_t n_args;             /**< how many */
  const char *const *env;      /**< environment: "NAME=VALUE" */
  uint32_t n_env;              /**< how many */
  const kiln_wasi_dir *dirs;   /**< preopened folders: the module's descriptors 3, 4, ... */
  uint32_t n_dirs;             /**< how many */
  kiln_wasi_stream streams[3]; /**< input, output, error */
  uint32_t max_descriptors;    /**< that the module has at once; 0: 1,024 */
  uint64_t reserved[8];        /**< 0 */
} kiln_wasi_options;

/** Makes a context. NULL with errno set if a folder cannot be opened (then `*failed` is its index, else `n_dirs`) or
 * memory runs out. `failed` may be NULL. */
kiln_wasi *kiln_wasi_new(const kiln_wasi_options *options, uint32_t *failed);

/** Closes all descriptors of the context and frees it. NULL is allowed. */
void kiln_wasi_free(kiln_wasi *wasi);

/** Defines all functions of WASI in a store, as module "wasi_snapshot_preview1". `proc_exit` ends a call with
 * KILN_WASMRT_EXIT. The context must live as long as the store. False if memory runs out. */
bool kiln_wasi_define(kiln_wasi *wasi, kiln_wasmrt_store *store);

/** Pointers mean the memory that the calling instance exports as "memory", also in its start function. This says whose
 * they mean in calls that the host makes itself; without it, they give EFAULT there. */
void kiln_wasi_set_instance(kiln_wasi *wasi, const kiln_wasmrt_instance *instance);

/** Starts an instance as WASI's application ABI has it: runs its `_start` (a command, which is then done), or its
 * `_initialize` (a reactor, whose other exports may be called after that). Nothing, if it exports neither. Both, or one
 * that has parameters or results, is an error (KILN_WASMRT_LINK). */
kiln_wasmrt_status kiln_wasi_start(kiln_wasmrt_store *store, const kiln_wasmrt_instance *instance,
                                   kiln_wasmrt_error *error);

#ifdef __cplusplus
}
#endif
#endif
