/* What the files of WASI share: the context, errors, rights, access to the module's memory. */
#ifndef KN_RUNTIME_WASI_STATE_H
#define KN_RUNTIME_WASI_STATE_H

#include "state.h"

#include <kiln/wasi.h>

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

/* Error numbers: witx/typenames.witx, $errno. Those of the system are translated by kn_wasi_errno. */
enum {
  WASI_SUCCESS = 0,
  WASI_EACCES = 2,
  WASI_EAGAIN = 6,
  WASI_EBADF = 8,
  WASI_EEXIST = 20,
  WASI_EFAULT = 21,
  WASI_EINVAL = 28,
  WASI_EIO = 29,
  WASI_EISDIR = 31,
  WASI_ELOOP = 32,
  WASI_EMFILE = 33,
  WASI_ENAMETOOLONG = 37,
  WASI_ENOENT = 44,
  WASI_ENOMEM = 48,
  WASI_ENOTDIR = 54,
  WASI_ENOTSOCK = 57,
  WASI_ENOTSUP = 58,
  WASI_EPERM = 63,
  WASI_ENOTCAPABLE = 76,
};

/* $fdflags */
enum {
  FDFLAG_APPEND = 1,
  FDFLAG_DSYNC = 2,
  FDFLAG_NONBLOCK = 4,
  FDFLAG_RSYNC = 8,
  FDFLAG_SYNC = 16
};

/* $rights */
#define RIGHT(bit) (UINT64_C(1) << (bit))
#define RIGHT_FD_DATASYNC RIGHT(0)
#define RIGHT_FD_READ RIGHT(1)
#define RIGHT_FD_SEEK RIGHT(2)
#define RIGHT_FD_SET_FLAGS RIGHT(3)
#define RIGHT_FD_SYNC RIGHT(4)
#define RIGHT_FD_TELL RIGHT(5)
#define RIGHT_FD_WRITE RIGHT(6)
#define RIGHT_FD_ADVISE RIGHT(7)
#define RIGHT_FD_ALLOCATE RIGHT(8)
#define RIGHT_PATH_CREATE_DIRECTORY RIGHT(9)
#define RIGHT_PATH_CREATE_FILE RIGHT(10)
#define RIGHT_PATH_LINK_SOURCE RIGHT(11)
#define RIGHT_PATH_LINK_TARGET RIGHT(12)
#define RIGHT_PATH_OPEN RIGHT(13)
#define RIGHT_FD_READDIR RIGHT(14)
#define RIGHT_PATH_READLINK RIGHT(15)
#define RIGHT_PATH_RENAME_SOURCE RIGHT(16)
#define RIGHT_PATH_RENAME_TARGET RIGHT(17)
#define RIGHT_PATH_FILESTAT_GET RIGHT(18)
#define RIGHT_PATH_SET_SIZE RIGHT(19)
#define RIGHT_PATH_SET_TIMES RIGHT(20)
#define RIGHT_FD_FILESTAT_GET RIGHT(21)
#define RIGHT_FD_SET_SIZE RIGHT(22)
#define RIGHT_FD_SET_TIMES RIGHT(23)
#define RIGHT_PATH_SYMLINK RIGHT(24)
#define RIGHT_PATH_REMOVE_DIRECTORY RIGHT(25)
#define RIGHT_PATH_UNLINK_FILE RIGHT(26)
#define RIGHT_POLL RIGHT(27)
#define RIGHTS_FILE                                                                                \
  (RIGHT_FD_DATASYNC | RIGHT_FD_READ | RIGHT_FD_SEEK | RIGHT_FD_SET_FLAGS | RIGHT_FD_SYNC |        \
   RIGHT_FD_TELL | RIGHT_FD_WRITE | RIGHT_FD_ADVISE | RIGHT_FD_ALLOCATE | RIGHT_FD_FILESTAT_GET |  \
   RIGHT_FD_SET_SIZE | RIGHT_FD_SET_TIMES | RIGHT_POLL)
#define RIGHTS_STREAM                                                                              \
  (RIGHT_FD_READ | RIGHT_FD_WRITE | RIGHT_FD_SYNC | RIGHT_FD_DATASYNC | RIGHT_FD_FILESTAT_GET |    \
   RIGHT_POLL)
#define RIGHTS_DIR                                                                                 \
  (RIGHT_FD_SET_FLAGS | RIGHT_FD_SYNC | RIGHT_FD_DATASYNC | RIGHT_PATH_CREATE_DIRECTORY |          \
   RIGHT_PATH_CREATE_FILE | RIGHT_PATH_LINK_SOURCE | RIGHT_PATH_LINK_TARGET | RIGHT_PATH_OPEN |    \
   RIGHT_FD_READDIR | RIGHT_PATH_READLINK | RIGHT_PATH_RENAME_SOURCE | RIGHT_PATH_RENAME_TARGET |  \
   RIGHT_PATH_FILESTAT_GET | RIGHT_PATH_SET_SIZE | RIGHT_PATH_SET_TIMES | RIGHT_FD_FILESTAT_GET |  \
   RIGHT_FD_SET_TIMES | RIGHT_PATH_SYMLINK | RIGHT_PATH_REMOVE_DIRECTORY | RIGHT_PATH_UNLINK_FILE)

/* $filetype */
enum {
  TYPE_UNKNOWN,
  TYPE_BLOCK,
  TYPE_CHARACTER,
  TYPE_DIRECTORY,
  TYPE_REGULAR,
  TYPE_DATAGRAM,
  TYPE_STREAM,
  TYPE_LINK
};

/* A descriptor of the module. */
struct wasi_fd {
  int host; /* of the system; -1: this one is free */
  uint8_t type;
  bool stream;                      /* of the host, which shares flags and position with it */
  bool nonblock;                    /* the system does not wait */
  const kiln_wasi_stream *transfer; /* by functions of the host; NULL: by `host` */
  uint64_t rights, inheriting;
  char *guest; /* of a preopened folder: its name; owned */
};

struct kiln_wasi {
  struct kiln_wasi_options options; /* args and env are copies, owned; dirs is NULL */
  struct wasi_fd *fds;
  uint32_t n_fds;
  kiln_wasmrt_store *store;        /* that it is defined in */
  const kiln_wasm_memory *memory;  /* that pointers mean in the call that runs; NULL: all are bad */
  const kiln_wasm_memory *outside; /* that they mean in calls of no instance */
  bool no_openat2;                 /* the system has none: look at each component of a path */
};

/* A call begins: what `memory` was before, which is put back at its end. */
const kiln_wasm_memory *kn_wasi_begin(kiln_wasi *w);
/* The error for errno, never WASI_SUCCESS. */
uint32_t kn_wasi_errno(int error);
/* WASI_SUCCESS for a result of a system call that is not negative, else the error for errno. */
uint32_t kn_wasi_status(ssize_t result);
/* An open descriptor with all of `rights`, into *fd: WASI_SUCCESS, WASI_EBADF or WASI_ENOTCAPABLE. */
uint32_t kn_wasi_fd(kiln_wasi *w, uint32_t number, uint64_t rights, struct wasi_fd **fd);
/* Takes `host`, which is closed if this fails: the number is in *number. */
uint32_t kn_wasi_add(kiln_wasi *w, int host, uint64_t rights, uint64_t inheriting,
                     uint32_t *number);
/* Traps if the context's store is interrupted. */
static inline void kn_wasi_look(const kiln_wasi *w) {
  if (w->store != NULL) kn_look(w->store);
}
/* Waits for a descriptor of the system, for poll's `events`, or for an interruption, which traps. */
void kn_wasi_wait(kiln_wasi *w, int host, short events);
/* The type of a descriptor of the system, or of a file by its mode. */
uint8_t kn_wasi_type(int host);
uint8_t kn_wasi_mode_type(mode_t mode);

/* Writes the record of a file for fd_filestat_get. */
uint32_t kn_wasi_filestat(kiln_wasi *w, int host, uint32_t out);
/* Times by $fstflags: access, modification. */
uint32_t kn_wasi_times(uint64_t access, uint64_t modification, uint32_t flags,
                       struct timespec times[2]);

/* Opens what is at `path` in or beneath the folder `dir`: a descriptor, or -1 with errno: EXDEV for a path that leads
 * out. `flags` are open's; with O_NOFOLLOW a link in the last place is not followed. */
int kn_wasi_open_beneath(kiln_wasi *w, int dir, const char *path, int flags, mode_t mode);
/* Opens the folder that has the last name of `path`, which is not empty; the name, which may be "." or "..", is copied
 * to `last`, without slashes. *slash: slashes followed it. */
int kn_wasi_open_parent(kiln_wasi *w, int dir, const char *path, char last[NAME_MAX + 1],
                        bool *slash);

/* `size` bytes of the module's memory at `at`, or NULL if they are not all there. Valid until the module runs. */
static inline void *kn_wasi_at(kiln_wasi *w, uint32_t at, uint64_t size) {
  if (w->memory == NULL || size > w->memory->size_bytes || at > w->memory->size_bytes - size)
    return NULL;
  return w->memory->base + at;
}

static inline bool kn_wasi_store32(kiln_wasi *w, uint32_t at, uint32_t value) {
  void *p = kn_wasi_at(w, at, sizeof value);
  if (p != NULL) memcpy(p, &value, sizeof value);
  return p != NULL;
}

static inline bool kn_wasi_store64(kiln_wasi *w, uint32_t at, uint64_t value) {
  void *p = kn_wasi_at(w, at, sizeof value);
  if (p != NULL) memcpy(p, &value, sizeof value);
  return p != NULL;
}

/* Functions take their parameters as C has them; a module's call brings them as an array of values `v`. ARGS_ and the
 * parameters' letters are those of a call. */
#define I(k) v[k].i32
#define L(k) v[k].i64
#define ARGS_
#define ARGS_i , I(0)
#define ARGS_ii , I(0), I(1)
#define ARGS_iii , I(0), I(1), I(2)
#define ARGS_iiii , I(0), I(1), I(2), I(3)
#define ARGS_iiiii , I(0), I(1), I(2), I(3), I(4)
#define ARGS_iiiiii , I(0), I(1), I(2), I(3), I(4), I(5)
#define ARGS_iiiiiii , I(0), I(1), I(2), I(3), I(4), I(5), I(6)
#define ARGS_iI , I(0), L(1)
#define ARGS_iII , I(0), L(1), L(2)
#define ARGS_iIi , I(0), L(1), I(2)
#define ARGS_iIIi , I(0), L(1), L(2), I(3)
#define ARGS_iIii , I(0), L(1), I(2), I(3)
#define ARGS_iiiIi , I(0), I(1), I(2), L(3), I(4)
#define ARGS_iiiiIIi , I(0), I(1), I(2), I(3), L(4), L(5), I(6)
#define ARGS_iiiiiIIii , I(0), I(1), I(2), I(3), I(4), L(5), L(6), I(7), I(8)

/* Defines what a module calls for function `name`, whose row in a table is WASI_ROW of the same. */
#define WASI_CALL(name, params)                                                                    \
  static kiln_wasm_exn *name##_call(void *user, kiln_wasm_value *v) {                              \
    kiln_wasi *w = user;                                                                           \
    const kiln_wasm_memory *before = kn_wasi_begin(w);                                             \
    v[0].i32 = name(w ARGS_##params);                                                              \
    w->memory = before;                                                                            \
    return NULL;                                                                                   \
  }
#define WASI_ROW(name, params) {#name, #params ":i", name##_call},

/* The same for functions of a descriptor, which the first parameter names: it has the rights that the table says. */
#define WASI_FD_CALL(name, params, rights)                                                         \
  static kiln_wasm_exn *name##_call(void *user, kiln_wasm_value *v) {                              \
    kiln_wasi *w = user;                                                                           \
    const kiln_wasm_memory *before = kn_wasi_begin(w);                                             \
    struct wasi_fd *fd;                                                                            \
    uint32_t error = kn_wasi_fd(w, v[0].i32, rights, &fd);                                         \
    v[0].i32 = error != WASI_SUCCESS ? error : name(w, fd FD_ARGS_##params);                       \
    w->memory = before;                                                                            \
    return NULL;                                                                                   \
  }
#define WASI_FD_ROW(name, params, rights) WASI_ROW(name, params)
#define FD_ARGS_i
#define FD_ARGS_ii , I(1)
#define FD_ARGS_iii , I(1), I(2)
#define FD_ARGS_iiii , I(1), I(2), I(3)
#define FD_ARGS_iI , L(1)
#define FD_ARGS_iII , L(1), L(2)
#define FD_ARGS_iIIi , L(1), L(2), I(3)
#define FD_ARGS_iIii , L(1), I(2), I(3)
#define FD_ARGS_iiiIi , I(1), I(2), L(3), I(4)

/* A function that a module can import. */
struct wasi_func {
  const char *name, *signature; /* as for kiln_wasmrt_define_func */
  kiln_wasmrt_host_fn call;
};

/* Tables, each closed by a row without a name: descriptors (wasi_fd.c), paths (wasi_path.c). */
extern const struct wasi_func kn_wasi_fd_funcs[], kn_wasi_path_funcs[];

#endif
