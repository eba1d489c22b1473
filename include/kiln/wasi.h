/* WASI preview 1 for WebAssembly modules: files, arguments, environment, clocks, random numbers and polling. Make one
 * context for each store; all instances of the store share the context's descriptors.
 * - Threads: only one thread at a time may use a context.
 * - A module can reach only the folders that the context has opened for it (the preopened folders) and their contents.
 *   The context rejects paths that lead out of these folders (EPERM): those that contain "..", pass through symbolic
 *   links, or are absolute. A module has no more rights than the user who runs the host.
 * - The options select the module's standard input, output and error; by default, these are the streams of the process.
 *   If a module reads or writes such a stream, the position in the stream's file changes for the process too. Apart
 *   from that, a module cannot change the flags or the positions of the process's files.
 * - Sockets are not supported. `sock_accept` and similar calls return ENOTSUP, ENOTSOCK or EBADF. */
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
  const char *host;     /**< path on the host */
  const char *guest;    /**< its name in the module, such as "/" or "." */
  uint64_t reserved[2]; /**< 0 */
} kiln_wasi_dir;

/** Selects what a standard stream is connected to. */
typedef enum kiln_wasi_stream_kind {
  KILN_WASI_STREAM_INHERIT,    /**< the corresponding stream of the process */
  KILN_WASI_STREAM_NULL,       /**< empty for input; accepts and discards output */
  KILN_WASI_STREAM_DESCRIPTOR, /**< a duplicate of `descriptor` */
  KILN_WASI_STREAM_CALLBACK,   /**< `transfer` */
  KILN_WASI_STREAM_KIND_COUNT
} kiln_wasi_stream_kind;

/** A standard stream. */
typedef struct kiln_wasi_stream {
  kiln_wasi_stream_kind kind; /**< what it is connected to */
  int32_t descriptor;         /**< for DESCRIPTOR */
  /** Callback for a stream of the kind CALLBACK. For output, it accepts the `n` bytes at `bytes`. For input, it writes
   * the available bytes to `bytes`, at most `n`.
   * - `n` is at most 1 MiB: a longer transfer is made of several calls.
   * - Returns the number of bytes that it accepted or wrote, 0 at the end of input, and a negative number after an
   *   error.
   * - May call kiln_wasmrt_call. It must not call kiln_wasi_free. */
  int64_t (*transfer)(void *transfer_user, void *bytes, size_t n);
  void *transfer_user;  /**< passed to `transfer` */
  uint64_t reserved[2]; /**< 0 */
} kiln_wasi_stream;

/** Options of a context. They say what the module has access to. Zero-initialise the struct for a module without
 * arguments, environment or folders. kiln_wasi_new copies all strings. */
typedef struct kiln_wasi_options {
  const char *const *args;     /**< arguments, beginning with the program's name */
  uint32_t n_args;             /**< number of `args` */
  const char *const *env;      /**< environment: "NAME=VALUE" */
  uint32_t n_env;              /**< number of `env` */
  const kiln_wasi_dir *dirs;   /**< preopened folders: the module's descriptors 3, 4, ... */
  uint32_t n_dirs;             /**< number of `dirs` */
  kiln_wasi_stream streams[3]; /**< input, output, error */
  /** Maximum number of descriptors that may be open at once; 0 means 1,024. */
  uint32_t max_descriptors;
  uint64_t reserved[8]; /**< 0 */
} kiln_wasi_options;

/** Makes a context. If a folder cannot be opened, kiln_wasi_new returns NULL, sets errno, and sets `failed` to the
 * folder's index in `dirs`. If memory runs out, or if a
 * field `reserved` is not 0 (EINVAL), kiln_wasi_new returns NULL, sets errno, and sets `failed` to `n_dirs`.
 * `failed` may be NULL. */
kiln_wasi *kiln_wasi_new(const kiln_wasi_options *options, uint32_t *failed);

/** Closes all descriptors of a context and frees the context. NULL is allowed. */
void kiln_wasi_free(kiln_wasi *wasi);

/** Defines all functions of WASI in a store, under the module name "wasi_snapshot_preview1". If a module calls
 * `proc_exit`, the host's call into the module returns KILN_WASMRT_EXIT. The context must live as long as the store.
 * Returns false if memory runs out. */
bool kiln_wasi_define(kiln_wasi *wasi, kiln_wasmrt_store *store);

/** Sets the instance whose memory the functions of WASI use when the host itself calls them. If an instance calls a
 * function of WASI, even in its start function, pointers refer to the memory that it exports as "memory". Without this
 * call, functions of WASI return EFAULT to the host. */
void kiln_wasi_set_instance(kiln_wasi *wasi, const kiln_wasmrt_instance *instance);

/** Starts an instance according to WASI's application ABI. If the instance exports `_start`, it is a command: `_start`
 * runs, and the command is finished. If it exports `_initialize`, it is a reactor: `_initialize` runs, and you may call
 * the other exports afterwards. If it exports neither, kiln_wasi_start does nothing.
 * - Fails with KILN_WASMRT_LINK if the instance exports both, or if the exported function has parameters or results. */
kiln_wasmrt_status kiln_wasi_start(kiln_wasmrt_store *store, const kiln_wasmrt_instance *instance,
                                   kiln_wasmrt_error *error);

#ifdef __cplusplus
}
#endif
#endif
