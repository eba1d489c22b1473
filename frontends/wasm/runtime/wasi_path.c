/* WASI preview 1: functions that take a path, relative to a descriptor of a folder. wasi_beneath.c opens them.
 * Invariant: the system sees a path of the module only through kn_wasi_open_beneath, or as a single name (neither "."
 * nor "..", without a slash) in a folder opened so, with links not followed. */
#define _GNU_SOURCE /* O_PATH, AT_EMPTY_PATH */
#include "wasi_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOKUP_FOLLOW = 1 };
enum { OPEN_CREATE = 1, OPEN_DIRECTORY = 2, OPEN_EXCLUSIVE = 4, OPEN_TRUNCATE = 8 };

/* ---- paths ---- */

/* A path of the module, relative to a folder. */
struct path {
  int dir;
  char text[PATH_MAX];
};

static uint32_t read_path(kiln_wasi *w, struct path *p, uint32_t number, uint64_t rights,
                          uint32_t at, uint32_t size) {
  struct wasi_fd *fd;
  uint32_t error = kn_wasi_fd(w, number, 0, &fd);
  if (error != WASI_SUCCESS) return error;
  if (fd->type != TYPE_DIRECTORY) return WASI_ENOTDIR;
  if ((fd->rights & rights) != rights) return WASI_ENOTCAPABLE;
  const char *from = kn_wasi_at(w, at, size);
  if (from == NULL) return WASI_EFAULT;
  if (size >= sizeof p->text) return WASI_ENAMETOOLONG;
  if (memchr(from, 0, size) != NULL) return WASI_EINVAL;
  memcpy(p->text, from, size);
  p->text[size] = 0;
  p->dir = fd->host;
  return size == 0 ? WASI_ENOENT : WASI_SUCCESS;
}

/* The folder of a path, open, and the name in it. `error`: if the name is "." or "..", which no function of the system
 * gets, the error that Linux gives then; else 0. */
struct place {
  int dir, error;
  bool slash;
  char name[NAME_MAX + 1];
};

/* Linux's errors for a path that ends in "." and in "..". */
struct dots {
  int one, two;
};

static uint32_t find_place(kiln_wasi *w, struct place *to, uint32_t number, uint64_t rights,
                           uint32_t at, uint32_t size, struct dots dots) {
  struct path p;
  uint32_t error = read_path(w, &p, number, rights, at, size);
  to->dir = -1;
  if (error != WASI_SUCCESS) return error;
  to->dir = kn_wasi_open_parent(w, p.dir, p.text, to->name, &to->slash);
  if (to->dir < 0) return kn_wasi_errno(errno);
  to->error = strcmp(to->name, ".") == 0 ? dots.one : strcmp(to->name, "..") == 0 ? dots.two : 0;
  if (to->error == 0) return WASI_SUCCESS;
  int end = kn_wasi_open_beneath(w, p.dir, p.text, O_PATH | O_DIRECTORY, 0);
  error = kn_wasi_status(end); /* ".." may lead out */
  close(error == WASI_SUCCESS ? end : to->dir);
  return error;
}

/* Whether the name is something; if not, errno says why. */
static bool exists(const struct place *p, struct stat *st) {
  return fstatat(p->dir, p->name, st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* For a function that makes the name of `p`, which is not to be a folder: Linux's error if it cannot, or 0. */
static int new_error(const struct place *p) {
  struct stat st;
  if (p->error != 0) return p->error;
  return !p->slash ? 0 : exists(p, &st) ? EEXIST : errno;
}

static int fails(int error) { return errno = error, -1; }

/* Closes the folder; the error of what was done in it. */
static uint32_t leave(struct place *p, int result) {
  uint32_t error = kn_wasi_status(result);
  if (p->dir >= 0) close(p->dir);
  return error;
}

/* ---- records ---- */

uint32_t kn_wasi_filestat(kiln_wasi *w, int host, uint32_t out) {
  struct stat st;
  uint8_t *to = kn_wasi_at(w, out, 64);
  if (to == NULL) return WASI_EFAULT;
  if (fstat(host, &st) != 0) return kn_wasi_errno(errno);
  uint64_t fields[8] = {
    (uint64_t)st.st_dev,
    (uint64_t)st.st_ino,
    kn_wasi_mode_type(st.st_mode),
    (uint64_t)st.st_nlink,
    (uint64_t)st.st_size,
    (uint64_t)st.st_atim.tv_sec * 1000000000 + (uint64_t)st.st_atim.tv_nsec,
    (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec,
    (uint64_t)st.st_ctim.tv_sec * 1000000000 + (uint64_t)st.st_ctim.tv_nsec,
  };
  memcpy(to, fields, sizeof fields);
  return WASI_SUCCESS;
}

static struct timespec time_of(uint64_t nanoseconds, bool set, bool now) {
  if (now) return (struct timespec){.tv_nsec = UTIME_NOW};
  if (!set) return (struct timespec){.tv_nsec = UTIME_OMIT};
  return (struct timespec){.tv_sec = (time_t)(nanoseconds / 1000000000),
                           .tv_nsec = (long)(nanoseconds % 1000000000)};
}

uint32_t kn_wasi_times(uint64_t access, uint64_t modification, uint32_t flags,
                       struct timespec times[2]) {
  if ((flags & 3) == 3 || (flags & 12) == 12 || flags > 15) return WASI_EINVAL;
  times[0] = time_of(access, flags & 1, flags & 2);
  times[1] = time_of(modification, flags & 4, flags & 8);
  return WASI_SUCCESS;
}

/* ---- open ---- */

/* open's flags, or -1 for a combination that the interface does not have. */
static int open_flags(uint32_t lookup, uint32_t oflags, uint64_t rights, uint32_t fdflags) {
  bool read = rights & (RIGHT_FD_READ | RIGHT_FD_READDIR);
  bool write = rights & (RIGHT_FD_WRITE | RIGHT_FD_ALLOCATE | RIGHT_FD_SET_SIZE);
  if (oflags > 15 || fdflags > 31) return -1;
  if (oflags & OPEN_DIRECTORY && oflags & (OPEN_CREATE | OPEN_EXCLUSIVE | OPEN_TRUNCATE)) return -1;
  int flags = oflags & OPEN_DIRECTORY ? O_RDONLY
              : write && read         ? O_RDWR
              : write                 ? O_WRONLY
                                      : O_RDONLY;
  if (!(lookup & LOOKUP_FOLLOW)) flags |= O_NOFOLLOW;
  if (oflags & OPEN_CREATE) flags |= O_CREAT;
  if (oflags & OPEN_DIRECTORY) flags |= O_DIRECTORY;
  if (oflags & OPEN_EXCLUSIVE) flags |= O_EXCL;
  if (oflags & OPEN_TRUNCATE) flags |= O_TRUNC;
  if (fdflags & FDFLAG_APPEND) flags |= O_APPEND;
  if (fdflags & FDFLAG_NONBLOCK) flags |= O_NONBLOCK;
  if (fdflags & FDFLAG_DSYNC) flags |= O_DSYNC;
  if (fdflags & (FDFLAG_RSYNC | FDFLAG_SYNC)) flags |= O_SYNC;
  return flags | O_NOCTTY;
}

/* Opens without waiting for the other side of a FIFO, where nothing could interrupt it: reading waits, and writing to
 * one that nobody reads is ENXIO. */
static int open_file(kiln_wasi *w, const struct path *p, int flags) {
  int host = kn_wasi_open_beneath(w, p->dir, p->text, flags | O_NONBLOCK, 0666);
  if (host >= 0 && !(flags & O_NONBLOCK)) fcntl(host, F_SETFL, fcntl(host, F_GETFL) & ~O_NONBLOCK);
  return host;
}

static uint32_t path_open(kiln_wasi *w, uint32_t number, uint32_t lookup, uint32_t at,
                          uint32_t size, uint32_t oflags, uint64_t rights, uint64_t inheriting,
                          uint32_t fdflags, uint32_t out) {
  struct path p;
  struct wasi_fd *fd;
  uint64_t needed = RIGHT_PATH_OPEN | (oflags & OPEN_CREATE ? RIGHT_PATH_CREATE_FILE : 0) |
                    (oflags & OPEN_TRUNCATE ? RIGHT_PATH_SET_SIZE : 0);
  uint32_t opened, error = read_path(w, &p, number, needed, at, size);
  if (error != WASI_SUCCESS) return error;
  kn_wasi_fd(w, number, 0, &fd);
  uint64_t most = fd->inheriting;
  int flags = open_flags(lookup, oflags, rights & most, fdflags);
  if (flags < 0) return WASI_EINVAL;
  if (oflags & OPEN_DIRECTORY && rights & most & RIGHT_FD_WRITE) return WASI_EISDIR;
  if (kn_wasi_at(w, out, 4) == NULL) return WASI_EFAULT;
  int host = open_file(w, &p, flags);
  if (host < 0) return kn_wasi_errno(errno);
  bool dir = kn_wasi_type(host) == TYPE_DIRECTORY;
  error = kn_wasi_add(w, host, rights & most & (dir ? RIGHTS_DIR : RIGHTS_FILE), inheriting & most,
                      &opened);
  return error != WASI_SUCCESS             ? error
         : kn_wasi_store32(w, out, opened) ? WASI_SUCCESS
                                           : WASI_EFAULT;
}

/* ---- what is there ---- */

/* Opens for nothing but its record. */
static uint32_t open_record(kiln_wasi *w, uint32_t number, uint64_t rights, uint32_t lookup,
                            uint32_t at, uint32_t size, int *host) {
  struct path p;
  uint32_t error = read_path(w, &p, number, rights, at, size);
  if (error != WASI_SUCCESS) return error;
  *host =
    kn_wasi_open_beneath(w, p.dir, p.text, O_PATH | (lookup & LOOKUP_FOLLOW ? 0 : O_NOFOLLOW), 0);
  return kn_wasi_status(*host);
}

/* The error of a path that is to lead to a folder; `then` if it does. */
static int folder_error(kiln_wasi *w, uint32_t number, uint32_t at, uint32_t size, int then) {
  struct path p;
  if (read_path(w, &p, number, 0, at, size) != WASI_SUCCESS) return EINVAL; /* was read before */
  int host = kn_wasi_open_beneath(w, p.dir, p.text, O_PATH | O_DIRECTORY, 0);
  if (host < 0) return errno;
  close(host);
  return then;
}

static uint32_t path_filestat_get(kiln_wasi *w, uint32_t number, uint32_t lookup, uint32_t at,
                                  uint32_t size, uint32_t out) {
  int host;
  uint32_t error = open_record(w, number, RIGHT_PATH_FILESTAT_GET, lookup, at, size, &host);
  if (error != WASI_SUCCESS) return error;
  error = kn_wasi_filestat(w, host, out);
  close(host);
  return error;
}

static uint32_t path_filestat_set_times(kiln_wasi *w, uint32_t number, uint32_t lookup, uint32_t at,
                                        uint32_t size, uint64_t access, uint64_t modification,
                                        uint32_t flags) {
  int host;
  struct timespec times[2];
  uint32_t error = kn_wasi_times(access, modification, flags, times);
  if (error == WASI_SUCCESS)
    error = open_record(w, number, RIGHT_PATH_SET_TIMES, lookup, at, size, &host);
  if (error != WASI_SUCCESS) return error;
  int result = utimensat(host, "", times, AT_EMPTY_PATH);
  if (result != 0 &&
      errno == EINVAL) { /* before Linux 5.8; of a link it is the link itself that the name means */
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", host);
    result =
      kn_wasi_type(host) == TYPE_LINK ? (errno = ENOTSUP, -1) : utimensat(AT_FDCWD, name, times, 0);
  }
  error = kn_wasi_status(result);
  close(host);
  return error;
}

/* A link is followed where slashes are after it, and a folder is not a link. */
static uint32_t path_readlink(kiln_wasi *w, uint32_t number, uint32_t at, uint32_t size,
                              uint32_t to, uint32_t room, uint32_t out) {
  struct place p;
  char *buffer = kn_wasi_at(w, to, room);
  if (buffer == NULL) return WASI_EFAULT;
  uint32_t error =
    find_place(w, &p, number, RIGHT_PATH_READLINK, at, size, (struct dots){EINVAL, EINVAL});
  if (error != WASI_SUCCESS) return error;
  if (p.error != 0) return leave(&p, fails(p.error));
  if (p.slash) return leave(&p, fails(folder_error(w, number, at, size, EINVAL)));
  char text[PATH_MAX];
  ssize_t n = readlinkat(p.dir, p.name, text, sizeof text);
  if (n > 0) memcpy(buffer, text, (size_t)n < room ? (size_t)n : room);
  error = leave(&p, n < 0 ? -1 : 0);
  if (error != WASI_SUCCESS) return error;
  return kn_wasi_store32(w, out, (size_t)n < room ? (uint32_t)n : room) ? WASI_SUCCESS
                                                                        : WASI_EFAULT;
}

/* ---- changes of folders ---- */

static uint32_t path_create_directory(kiln_wasi *w, uint32_t number, uint32_t at, uint32_t size) {
  struct place p;
  uint32_t error =
    find_place(w, &p, number, RIGHT_PATH_CREATE_DIRECTORY, at, size, (struct dots){EEXIST, EEXIST});
  if (error != WASI_SUCCESS) return error;
  return leave(&p, p.error != 0 ? fails(p.error) : mkdirat(p.dir, p.name, 0777));
}

static uint32_t path_remove_directory(kiln_wasi *w, uint32_t number, uint32_t at, uint32_t size) {
  struct place p;
  uint32_t error = find_place(w, &p, number, RIGHT_PATH_REMOVE_DIRECTORY, at, size,
                              (struct dots){EINVAL, ENOTEMPTY});
  if (error != WASI_SUCCESS) return error;
  return leave(&p, p.error != 0 ? fails(p.error) : unlinkat(p.dir, p.name, AT_REMOVEDIR));
}

static uint32_t path_unlink_file(kiln_wasi *w, uint32_t number, uint32_t at, uint32_t size) {
  struct place p;
  uint32_t error =
    find_place(w, &p, number, RIGHT_PATH_UNLINK_FILE, at, size, (struct dots){EISDIR, EISDIR});
  if (error != WASI_SUCCESS) return error;
  struct stat st;
  if (p.error != 0) return leave(&p, fails(p.error));
  if (!p.slash) return leave(&p, unlinkat(p.dir, p.name, 0));
  return leave(&p, fails(!exists(&p, &st) ? errno : S_ISDIR(st.st_mode) ? EISDIR : ENOTDIR));
}

static uint32_t path_symlink(kiln_wasi *w, uint32_t text, uint32_t text_size, uint32_t number,
                             uint32_t at, uint32_t size) {
  struct path target;
  struct place p;
  /* Read as if it were a path of that folder; where it leads to is looked at when it is followed. */
  uint32_t error = read_path(w, &target, number, RIGHT_PATH_SYMLINK, text, text_size);
  if (error == WASI_SUCCESS && target.text[0] == '/') error = WASI_EPERM;
  if (error == WASI_SUCCESS)
    error = find_place(w, &p, number, RIGHT_PATH_SYMLINK, at, size, (struct dots){EEXIST, EEXIST});
  if (error != WASI_SUCCESS) return error;
  int wrong = new_error(&p);
  return leave(&p, wrong != 0 ? fails(wrong) : symlinkat(target.text, p.dir, p.name));
}

/* What cannot be linked, known before the other path is looked at: 0 or an error. */
static int source_error(kiln_wasi *w, const struct place *p, uint32_t number, uint32_t at,
                        uint32_t size) {
  struct stat st;
  if (p->error != 0) return 0;
  if (p->slash) return folder_error(w, number, at, size, 0);
  return exists(p, &st) ? 0 : errno;
}

static uint32_t path_link(kiln_wasi *w, uint32_t from, uint32_t lookup, uint32_t from_at,
                          uint32_t from_size, uint32_t to, uint32_t to_at, uint32_t to_size) {
  struct place a, b;
  if (lookup & LOOKUP_FOLLOW) return WASI_EINVAL; /* as wasmtime */
  uint32_t error = find_place(w, &a, from, RIGHT_PATH_LINK_SOURCE, from_at, from_size,
                              (struct dots){EPERM, EPERM});
  if (error != WASI_SUCCESS) return error;
  int wrong = source_error(w, &a, from, from_at, from_size);
  if (wrong != 0) return leave(&a, fails(wrong));
  error =
    find_place(w, &b, to, RIGHT_PATH_LINK_TARGET, to_at, to_size, (struct dots){EEXIST, EEXIST});
  if (error == WASI_SUCCESS) {
    wrong = new_error(&b);
    struct stat st;
    if (wrong == 0 && (a.error != 0 || a.slash)) /* folders cannot be linked */
      wrong = exists(&b, &st) ? EEXIST : EPERM;
    error = leave(&b, wrong != 0 ? fails(wrong) : linkat(a.dir, a.name, b.dir, b.name, 0));
  }
  leave(&a, 0);
  return error;
}

static uint32_t path_rename(kiln_wasi *w, uint32_t from, uint32_t from_at, uint32_t from_size,
                            uint32_t to, uint32_t to_at, uint32_t to_size) {
  struct place a, b;
  struct dots busy = {EBUSY, EBUSY};
  uint32_t error = find_place(w, &a, from, RIGHT_PATH_RENAME_SOURCE, from_at, from_size, busy);
  if (error != WASI_SUCCESS) return error;
  error = find_place(w, &b, to, RIGHT_PATH_RENAME_TARGET, to_at, to_size, busy);
  if (error == WASI_SUCCESS) {
    struct stat st;
    int wrong = a.error != 0 ? a.error : b.error;
    if (wrong == 0 && !exists(&a, &st)) wrong = errno;
    if (wrong == 0 && (a.slash || b.slash) && !S_ISDIR(st.st_mode)) wrong = ENOTDIR;
    error = leave(&b, wrong != 0 ? fails(wrong) : renameat(a.dir, a.name, b.dir, b.name));
  }
  leave(&a, 0);
  return error;
}

/* Their names and parameters. */
#define FUNCS(F)                                                                                   \
  F(path_create_directory, iii)                                                                    \
  F(path_filestat_get, iiiii)                                                                      \
  F(path_filestat_set_times, iiiiIIi)                                                              \
  F(path_link, iiiiiii)                                                                            \
  F(path_open, iiiiiIIii)                                                                          \
  F(path_readlink, iiiiii)                                                                         \
  F(path_remove_directory, iii)                                                                    \
  F(path_rename, iiiiii)                                                                           \
  F(path_symlink, iiiii)                                                                           \
  F(path_unlink_file, iii)

FUNCS(WASI_CALL)

const struct wasi_func kn_wasi_path_funcs[] = {FUNCS(WASI_ROW){0}};
