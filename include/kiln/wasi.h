/* WASI preview 1 for WebAssembly modules: files, arguments, environment, clocks, random numbers, polling.
 *
 * A context belongs to one store, whose instances share its descriptors, and to one thread at a time. Give each store a
 * context of its own. A module reaches only the folders that the context has opened for it (its preopened folders) and
 * their contents: paths that lead out of them, by "..", by symbolic links or as absolute paths, are refused (EPERM). A
 * module can never do what the host's user is not allowed to do.
 *
 * Standard input, output and error are those of the process, or what the options select. Reading and writing are the
 * only things that change the flags and position of the process's files. Sockets are refused: `sock_accept` and similar
 * calls return ENOTSUP, ENOTSOCK or EBADF. */
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
  const char *guest; /**< its name in the module, such as "/" or "." */
} kiln_wasi_dir;

/** Selects what a standard stream is connected to. */
typedef enum kiln_wasi_stream_kind {
  KILN_WASI_STREAM_INHERIT,    /**< the process's own stream */
  KILN_WASI_STREAM_NULL,       /**< empty for input; accepts and discards output */
  KILN_WASI_STREAM_DESCRIPTOR, /**< a duplicate of `descriptor` */
  KILN_WASI_STREAM_CALLBACK,   /**< `transfer` */
  KILN_WASI_STREAM_KIND_COUNT
} kiln_wasi_stream_kind;

/** A standard stream. */
typedef struct kiln_wasi_stream {
  kiln_wasi_stream_kind kind; /**< what it is connected to */
  int32_t descriptor;         /**< for DESCRIPTOR */
  /** For CALLBACK: accepts `n` bytes of output, or supplies as many bytes of input as are available, at most `n`.
   * Returns the number of bytes; 0 is the end of input, less than 0 an error. */
  int64_t (*transfer)(void *transfer_user, void *bytes, size_t n);
  void *transfer_user; /**< passed to `transfer` */
} kiln_wasi_stream;

/** What a context gives the module access to. Zero-initialise the struct for a module without arguments, environment or
 * folders. All strings are copied. */
typedef struct kiln_wasi_options {
  const char *const *args;     /**< arguments, beginning with the program's name */
  uint32_t n_args;             /**< number of `args` */
  const char *const *env;      /**< environment: "NAME=VALUE" */
  uint32_t n_env;              /**< number of `env` */
  const kiln_wasi_dir *dirs;   /**< preopened folders: the module's descriptors 3, 4, ... */
  uint32_t n_dirs;             /**< number of `dirs` */
  kiln_wasi_stream streams[3]; /**< input, output, error */
  uint32_t max_descriptors;    /**< maximum that the module has at once; 0 for 1,024 */
  uint64_t reserved[8];        /**< 0 */
} kiln_wasi_options;

/** Makes a context. Returns NULL, with errno set, if a folder cannot be opened or if memory runs out. In the first
 * case, `failed` is set to the folder's index, otherwise to `n_dirs`. `failed` may be NULL. */
kiln_wasi *kiln_wasi_new(const kiln_wasi_options *options, uint32_t *failed);

/** Closes all descriptors of a context and frees the context. NULL is allowed. */
void kiln_wasi_free(kiln_wasi *wasi);

/** Defines all functions of WASI in a store, as the module "wasi_snapshot_preview1". `proc_exit` ends a call with
 * KILN_WASMRT_EXIT. The context must live as long as the store. Returns false if memory runs out. */
bool kiln_wasi_define(kiln_wasi *wasi, kiln_wasmrt_store *store);

/** Sets the instance whose memory pointers refer to in calls that the host itself makes. Pointers otherwise refer to
 * the memory that the calling instance exports as "memory", also in its start function; without this call, they give
 * EFAULT in calls by the host. */
void kiln_wasi_set_instance(kiln_wasi *wasi, const kiln_wasmrt_instance *instance);

/** Starts an instance according to WASI's application ABI: runs its `_start` (a command, which is then finished) or its
 * `_initialize` (a reactor, whose other exports may be called afterwards). Does nothing if it exports neither. It is an
 * error (KILN_WASMRT_LINK) if it exports both, or one that has parameters or results. */
kiln_wasmrt_status kiln_wasi_start(kiln_wasmrt_store *store, const kiln_wasmrt_instance *instance,
                                   kiln_wasmrt_error *error);

#ifdef __cplusplus
}
#endif
#endif
