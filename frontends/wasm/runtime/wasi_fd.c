/* WASI preview 1: functions that take a descriptor. */
#define _GNU_SOURCE /* SYS_getdents64 */
#include "wasi_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
  MOST_VECTORS = 64,      /* of one call; the rest of a longer list is for the next one */
  MOST_BYTES = 0x7ffff000 /* as the system's calls: vectors may be the same memory */
};

/* ---- reading and writing ---- */

/* The vectors of a list in the module's memory: at most MOST_VECTORS, *n of them. */
static uint32_t read_vectors(kiln_wasi *w, uint32_t at, uint32_t count, struct iovec *vectors,
                             int *n) {
  if (kn_wasi_at(w, at, (uint64_t)count * 8) == NULL) return WASI_EFAULT;
  *n = 0;
  for (uint32_t i = 0; i < count && *n < MOST_VECTORS; i++) {
    uint32_t pair[2];
    if (i % KN_PIECE_ELEMENTS == 0) kn_wasi_look(w); /* there may be very many empty ones */
    memcpy(pair, kn_wasi_at(w, at + i * 8, sizeof pair), sizeof pair);
    vectors[*n] = (struct iovec){kn_wasi_at(w, pair[0], pair[1]), pair[1]};
    if (vectors[*n].iov_base == NULL) return WASI_EFAULT;
    *n += pair[1] > 0;
  }
  return WASI_SUCCESS;
}

static uint32_t transferred(kiln_wasi *w, ssize_t n, uint32_t out) {
  if (n < 0) return kn_wasi_errno(errno);
  return kn_wasi_store32(w, out, (uint32_t)n) ? WASI_SUCCESS : WASI_EFAULT;
}

/* The first vectors, of `most` bytes together: how many; `to` may be `from`. */
static int first_vectors(struct iovec *to, const struct iovec *from, int n, size_t most,
                         size_t *bytes) {
  int i = 0;
  for (*bytes = 0; i < n && *bytes < most; i++) {
    size_t room = most - *bytes;
    to[i] = from[i];
    if (to[i].iov_len > room) to[i].iov_len = room;
    *bytes += to[i].iov_len;
  }
  return i;
}

/* Transfers bytes between vectors and what a descriptor is. `offset`: in the file, for functions that take one. */
typedef ssize_t transfer_fn(const struct wasi_fd *fd, const struct iovec *vectors, int n,
                            off_t offset);

static ssize_t by_readv(const struct wasi_fd *fd, const struct iovec *v, int n, off_t offset) {
  (void)offset;
  return readv(fd->host, v, n);
}

static ssize_t by_writev(const struct wasi_fd *fd, const struct iovec *v, int n, off_t offset) {
  (void)offset;
  return writev(fd->host, v, n);
}

static ssize_t by_preadv(const struct wasi_fd *fd, const struct iovec *v, int n, off_t offset) {
  return preadv(fd->host, v, n, offset);
}

static ssize_t by_pwritev(const struct wasi_fd *fd, const struct iovec *v, int n, off_t offset) {
  return pwritev(fd->host, v, n, offset);
}

/* By the host's function, vector by vector; a short one ends it. */
static ssize_t by_callback(const struct wasi_fd *fd, const struct iovec *v, int n, off_t offset) {
  const kiln_wasi_stream *stream = fd->transfer;
  ssize_t total = 0;
  (void)offset;
  for (int i = 0; i < n; i++) {
    int64_t done = stream->transfer(stream->transfer_user, v[i].iov_base, v[i].iov_len);
    if (done < 0) return errno = EIO, total > 0 ? total : -1;
    total += done;
    if ((uint64_t)done < v[i].iov_len) break;
  }
  return total;
}

/* Takes so many bytes off the front of vectors: the index of the first that has some left. */
static int skip_bytes(struct iovec *vectors, int n, size_t bytes) {
  int i = 0;
  for (; i < n && bytes >= vectors[i].iov_len; i++) bytes -= vectors[i].iov_len;
  if (i < n) {
    vectors[i].iov_base = (uint8_t *)vectors[i].iov_base + bytes;
    vectors[i].iov_len -= bytes;
  }
  return i;
}

/* Piece by piece, as long as none is short: so few bytes are transferred only where an error or the end of a file is
 * near. An error counts if nothing came before it. */
static ssize_t in_pieces(const kiln_wasi *w, const struct wasi_fd *fd, transfer_fn *transfer,
                         struct iovec *vectors, int n, off_t offset) {
  struct iovec piece[MOST_VECTORS];
  ssize_t total = 0, done;
  size_t bytes;
  int first = 0;
  n = first_vectors(vectors, vectors, n, MOST_BYTES, &bytes);
  do {
    kn_wasi_look(w);
    int k = first_vectors(piece, vectors + first, n - first, KN_PIECE_BYTES, &bytes);
    done = transfer(fd, piece, k, offset + total);
    if (done < 0) return total > 0 ? total : done;
    total += done;
    first += skip_bytes(vectors + first, n - first, (size_t)done);
  } while (first < n && (size_t)done == bytes);
  return total;
}

static uint32_t fd_read(kiln_wasi *w, struct wasi_fd *fd, uint32_t iovs, uint32_t count,
                        uint32_t out) {
  struct iovec vectors[MOST_VECTORS];
  size_t bytes;
  int n;
  uint32_t error = read_vectors(w, iovs, count, vectors, &n);
  if (error != WASI_SUCCESS) return error;
  if (fd->transfer != NULL)
    return transferred(w, in_pieces(w, fd, by_callback, vectors, n, 0), out);
  if (fd->type != TYPE_REGULAR) { /* once: what has some bytes may have to wait for more */
    n = first_vectors(vectors, vectors, n, KN_PIECE_BYTES, &bytes);
    if (!fd->nonblock && n > 0) kn_wasi_wait(w, fd->host, POLLIN);
  }
  return transferred(w, in_pieces(w, fd, by_readv, vectors, n, 0), out);
}

static uint32_t fd_write(kiln_wasi *w, struct wasi_fd *fd, uint32_t iovs, uint32_t count,
                         uint32_t out) {
  struct iovec vectors[MOST_VECTORS];
  size_t bytes;
  int n;
  uint32_t error = read_vectors(w, iovs, count, vectors, &n);
  if (error != WASI_SUCCESS) return error;
  if (fd->transfer != NULL)
    return transferred(w, in_pieces(w, fd, by_callback, vectors, n, 0), out);
  if (fd->type != TYPE_REGULAR && !(w->store != NULL && w->store->interruptible))
    return transferred(w, writev(fd->host, vectors, n), out);
  if (fd->type != TYPE_REGULAR && !fd->nonblock) {
    /* As many bytes as can be written at once when poll says that some can: POSIX's PIPE_BUF. */
    n = first_vectors(vectors, vectors, n, PIPE_BUF, &bytes);
    if (n > 0) kn_wasi_wait(w, fd->host, POLLOUT);
  }
  return transferred(w, in_pieces(w, fd, by_writev, vectors, n, 0), out);
}

/* fd_pread and fd_pwrite. */
static uint32_t at_offset(kiln_wasi *w, const struct wasi_fd *fd, transfer_fn *transfer,
                          uint32_t iovs, uint32_t count, uint64_t offset, uint32_t out) {
  struct iovec vectors[MOST_VECTORS];
  int n;
  uint32_t error = read_vectors(w, iovs, count, vectors, &n);
  if (error == WASI_SUCCESS && offset > INT64_MAX) error = WASI_EINVAL;
  if (error != WASI_SUCCESS) return error;
  return transferred(w, in_pieces(w, fd, transfer, vectors, n, (off_t)offset), out);
}

static uint32_t fd_pread(kiln_wasi *w, struct wasi_fd *fd, uint32_t iovs, uint32_t count,
                         uint64_t offset, uint32_t out) {
  return at_offset(w, fd, by_preadv, iovs, count, offset, out);
}

static uint32_t fd_pwrite(kiln_wasi *w, struct wasi_fd *fd, uint32_t iovs, uint32_t count,
                          uint64_t offset, uint32_t out) {
  return at_offset(w, fd, by_pwritev, iovs, count, offset, out);
}

/* ---- positions and sizes ---- */

/* Which right it takes depends on its arguments, as POSIX's lseek tells the position. */
static uint32_t fd_seek(kiln_wasi *w, struct wasi_fd *fd, uint64_t offset, uint32_t whence,
                        uint32_t out) {
  static const int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  uint64_t right = offset == 0 && whence == 1 ? RIGHT_FD_TELL : RIGHT_FD_SEEK;
  if (fd->type == TYPE_DIRECTORY) return WASI_EBADF;
  if (fd->stream || fd->type != TYPE_REGULAR) return kn_wasi_errno(ESPIPE);
  if (!(fd->rights & (right | RIGHT_FD_SEEK))) return WASI_ENOTCAPABLE;
  if (whence > 2) return WASI_EINVAL;
  off_t at = lseek(fd->host, (off_t)offset, whences[whence]);
  if (at < 0) return kn_wasi_errno(errno);
  return kn_wasi_store64(w, out, (uint64_t)at) ? WASI_SUCCESS : WASI_EFAULT;
}

static uint32_t fd_tell(kiln_wasi *w, struct wasi_fd *fd, uint32_t out) {
  return fd_seek(w, fd, 0, 1, out);
}

static uint32_t fd_advise(kiln_wasi *w, struct wasi_fd *fd, uint64_t offset, uint64_t size,
                          uint32_t advice) {
  (void)w;
  static const int advices[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  if (advice >= sizeof advices / sizeof *advices || offset > INT64_MAX || size > INT64_MAX)
    return WASI_EINVAL;
  int e = posix_fadvise(fd->host, (off_t)offset, (off_t)size, advices[advice]);
  return e != 0 ? kn_wasi_errno(e) : WASI_SUCCESS;
}

static uint32_t fd_allocate(kiln_wasi *w, struct wasi_fd *fd, uint64_t offset, uint64_t size) {
  (void)w;
  if (offset > INT64_MAX || size > INT64_MAX) return WASI_EINVAL;
  int e = posix_fallocate(fd->host, (off_t)offset, (off_t)size);
  return e != 0 ? kn_wasi_errno(e) : WASI_SUCCESS;
}

static uint32_t fd_filestat_set_size(kiln_wasi *w, struct wasi_fd *fd, uint64_t size) {
  (void)w;
  return size > INT64_MAX ? WASI_EINVAL : kn_wasi_status(ftruncate(fd->host, (off_t)size));
}

static uint32_t fd_sync(kiln_wasi *w, struct wasi_fd *fd) {
  (void)w;
  return kn_wasi_status(fsync(fd->host));
}

static uint32_t fd_datasync(kiln_wasi *w, struct wasi_fd *fd) {
  (void)w;
  return kn_wasi_status(fdatasync(fd->host));
}

/* ---- what a descriptor is ---- */

static uint32_t fd_close(kiln_wasi *w, struct wasi_fd *fd) {
  (void)w;
  int closed = close(fd->host);
  free(fd->guest);
  *fd = (struct wasi_fd){.host = -1};
  return kn_wasi_status(closed);
}

static uint32_t fd_renumber(kiln_wasi *w, uint32_t from, uint32_t to) {
  struct wasi_fd *a, *b;
  if (kn_wasi_fd(w, from, 0, &a) != WASI_SUCCESS || kn_wasi_fd(w, to, 0, &b) != WASI_SUCCESS)
    return WASI_EBADF;
  if (a == b) return WASI_SUCCESS;
  close(b->host);
  free(b->guest);
  *b = *a;
  *a = (struct wasi_fd){.host = -1};
  return WASI_SUCCESS;
}

static uint32_t fd_fdstat_get(kiln_wasi *w, struct wasi_fd *fd, uint32_t out) {
  uint8_t *to = kn_wasi_at(w, out, 24);
  if (to == NULL) return WASI_EFAULT;
  int host = fcntl(fd->host, F_GETFL);
  uint16_t flags =
    (uint16_t)((host & O_APPEND ? FDFLAG_APPEND : 0) | (host & O_NONBLOCK ? FDFLAG_NONBLOCK : 0) |
               ((host & O_SYNC) == O_SYNC ? FDFLAG_SYNC
                : host & O_DSYNC          ? FDFLAG_DSYNC
                                          : 0));
  memset(to, 0, 24);
  to[0] = fd->type;
  memcpy(to + 2, &flags, sizeof flags);
  memcpy(to + 8, &fd->rights, sizeof fd->rights);
  memcpy(to + 16, &fd->inheriting, sizeof fd->inheriting);
  return WASI_SUCCESS;
}

static uint32_t fd_fdstat_set_flags(kiln_wasi *w, struct wasi_fd *fd, uint32_t flags) {
  (void)w;
  /* Linux changes only these of an open file. */
  if (flags & ~(uint32_t)(FDFLAG_APPEND | FDFLAG_NONBLOCK))
    return flags >> 5 ? WASI_EINVAL : WASI_ENOTSUP;
  int host = fcntl(fd->host, F_GETFL) & ~(O_APPEND | O_NONBLOCK);
  host |= (flags & FDFLAG_APPEND ? O_APPEND : 0) | (flags & FDFLAG_NONBLOCK ? O_NONBLOCK : 0);
  int result = fcntl(fd->host, F_SETFL, host);
  if (result == 0) fd->nonblock = (host & O_NONBLOCK) != 0;
  return kn_wasi_status(result);
}

static uint32_t fd_fdstat_set_rights(kiln_wasi *w, struct wasi_fd *fd, uint64_t base,
                                     uint64_t inheriting) {
  (void)w;
  if (base & ~fd->rights || inheriting & ~fd->inheriting) return WASI_ENOTCAPABLE;
  fd->rights = base;
  fd->inheriting = inheriting;
  return WASI_SUCCESS;
}

static uint32_t fd_prestat_get(kiln_wasi *w, struct wasi_fd *fd, uint32_t out) {
  if (fd->guest == NULL) return WASI_EBADF;
  return kn_wasi_store32(w, out, 0) && kn_wasi_store32(w, out + 4, (uint32_t)strlen(fd->guest))
           ? WASI_SUCCESS
           : WASI_EFAULT;
}

static uint32_t fd_prestat_dir_name(kiln_wasi *w, struct wasi_fd *fd, uint32_t at, uint32_t size) {
  if (fd->guest == NULL) return WASI_EBADF;
  size_t length = strlen(fd->guest);
  if (size < length) return WASI_ENAMETOOLONG;
  void *to = kn_wasi_at(w, at, length);
  if (to == NULL) return WASI_EFAULT;
  memcpy(to, fd->guest, length);
  return WASI_SUCCESS;
}

static uint32_t fd_filestat_get(kiln_wasi *w, struct wasi_fd *fd, uint32_t out) {
  return kn_wasi_filestat(w, fd->host, out);
}

static uint32_t fd_filestat_set_times(kiln_wasi *w, struct wasi_fd *fd, uint64_t access,
                                      uint64_t modification, uint32_t flags) {
  (void)w;
  struct timespec times[2];
  uint32_t error = kn_wasi_times(access, modification, flags, times);
  return error != WASI_SUCCESS ? error : kn_wasi_status(futimens(fd->host, times));
}

/* ---- folders ---- */

/* What the system writes: linux/dirent.h. */
struct entry {
  uint64_t inode;
  int64_t next;
  uint16_t size;
  uint8_t type;
  char name[];
};

static uint8_t entry_type(uint8_t type) {
  switch (type) {
  case DT_BLK: return TYPE_BLOCK;
  case DT_CHR: return TYPE_CHARACTER;
  case DT_DIR: return TYPE_DIRECTORY;
  case DT_REG: return TYPE_REGULAR;
  case DT_SOCK: return TYPE_STREAM;
  case DT_LNK: return TYPE_LINK;
  default: return TYPE_UNKNOWN;
  }
}

/* Writes as much of an entry as fits: a cut one says that there is more. The number of bytes. */
static uint32_t write_entry(uint8_t *to, uint32_t room, const struct entry *e) {
  uint8_t head[24] = {0};
  uint64_t next = (uint64_t)e->next;
  uint32_t length = (uint32_t)strlen(e->name);
  /* The parent of a preopened folder is not the module's business. */
  uint64_t inode = strcmp(e->name, "..") == 0 ? 0 : e->inode;
  memcpy(head, &next, sizeof next);
  memcpy(head + 8, &inode, sizeof inode);
  memcpy(head + 16, &length, sizeof length);
  head[20] = entry_type(e->type);
  uint32_t of_head = room < sizeof head ? room : (uint32_t)sizeof head;
  uint32_t of_name = room - of_head < length ? room - of_head : length;
  memcpy(to, head, of_head);
  memcpy(to + of_head, e->name, of_name);
  return of_head + of_name;
}

static uint32_t fd_readdir(kiln_wasi *w, struct wasi_fd *fd, uint32_t at, uint32_t size,
                           uint64_t cookie, uint32_t out) {
  uint32_t used = 0;
  uint8_t *to = kn_wasi_at(w, at, size);
  if (to == NULL) return WASI_EFAULT;
  if (lseek(fd->host, (off_t)cookie, SEEK_SET) < 0) return kn_wasi_errno(errno);
  _Alignas(struct entry) char buffer[4096];
  while (used < size) {
    kn_wasi_look(w);
    long n = syscall(SYS_getdents64, fd->host, buffer, sizeof buffer);
    if (n < 0) return kn_wasi_errno(errno);
    if (n == 0) break;
    for (long i = 0; i < n && used < size;) {
      const struct entry *e = (const struct entry *)(const void *)(buffer + i);
      used += write_entry(to + used, size - used, e);
      i += e->size;
    }
  }
  return kn_wasi_store32(w, out, used) ? WASI_SUCCESS : WASI_EFAULT;
}

/* Their names, parameters, and the rights that their first one, a descriptor, must have; fd_renumber has two. */
#define FUNCS(F)                                                                                   \
  F(fd_advise, iIIi, RIGHT_FD_ADVISE)                                                              \
  F(fd_allocate, iII, RIGHT_FD_ALLOCATE)                                                           \
  F(fd_close, i, 0)                                                                                \
  F(fd_datasync, i, RIGHT_FD_DATASYNC)                                                             \
  F(fd_fdstat_get, ii, 0)                                                                          \
  F(fd_fdstat_set_flags, ii, RIGHT_FD_SET_FLAGS)                                                   \
  F(fd_fdstat_set_rights, iII, 0)                                                                  \
  F(fd_filestat_get, ii, RIGHT_FD_FILESTAT_GET)                                                    \
  F(fd_filestat_set_size, iI, RIGHT_FD_SET_SIZE)                                                   \
  F(fd_filestat_set_times, iIIi, RIGHT_FD_SET_TIMES)                                               \
  F(fd_pread, iiiIi, RIGHT_FD_READ | RIGHT_FD_SEEK)                                                \
  F(fd_prestat_dir_name, iii, 0)                                                                   \
  F(fd_prestat_get, ii, 0)                                                                         \
  F(fd_pwrite, iiiIi, RIGHT_FD_WRITE | RIGHT_FD_SEEK)                                              \
  F(fd_read, iiii, RIGHT_FD_READ)                                                                  \
  F(fd_readdir, iiiIi, RIGHT_FD_READDIR)                                                           \
  F(fd_seek, iIii, 0)                                                                              \
  F(fd_sync, i, RIGHT_FD_SYNC)                                                                     \
  F(fd_tell, ii, 0)                                                                                \
  F(fd_write, iiii, RIGHT_FD_WRITE)

FUNCS(WASI_FD_CALL)
WASI_CALL(fd_renumber, ii)

const struct wasi_func kn_wasi_fd_funcs[] = {FUNCS(WASI_FD_ROW) WASI_ROW(fd_renumber, ii){0}};
