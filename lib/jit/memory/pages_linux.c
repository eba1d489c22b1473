/* Pages of memory from Linux: see pages.h. Memory that is mapped twice is a memfd's, whose descriptor is closed at
 * once. */
#define _GNU_SOURCE
#include "lib/jit/memory/pages.h"

#include "base/bytes.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif

/* By kind. */
static const int protections[KN_JIT_KINDS + 1] = {PROT_READ | PROT_EXEC, PROT_READ,
                                                  PROT_READ | PROT_WRITE, PROT_NONE};
enum { PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

uint64_t kn_pages_size(void) { return (uint64_t)sysconf(_SC_PAGESIZE); }

const char kn_pages_reserves[] = "mmap";

uint8_t *kn_pages_reserve(size_t size) {
  uint8_t *at = mmap(NULL, size, PROT_NONE, PRIVATE | MAP_NORESERVE, -1, 0);
  return at != MAP_FAILED ? at : NULL;
}

void kn_pages_release(uint8_t *at, size_t size) { munmap(at, size); }

const char *kn_pages_open(uint8_t *at, size_t size, enum kn_jit_kind kind, bool fresh) {
  if (!fresh) return kind == KN_JIT_RW ? kn_pages_protect(at, size, kind) : NULL;
  return mmap(at, size, protections[kind], PRIVATE | MAP_FIXED, -1, 0) != MAP_FAILED ? NULL
                                                                                     : "mmap";
}

const char *kn_pages_protect(uint8_t *at, size_t size, enum kn_jit_kind kind) {
  return mprotect(at, size, protections[kind]) == 0 ? NULL : "mprotect";
}

void kn_pages_close(uint8_t *at, size_t size) {
  (void)!mmap(at, size, PROT_NONE, PRIVATE | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

void kn_pages_empty(uint8_t *at, size_t size) { madvise(at, size, MADV_DONTNEED); }

/* ---- memory at two places ---- */

const bool kn_pages_twice = true;

static int open_memfd(uint64_t size) {
  struct rlimit limit; /* growing a file beyond it ends the process by SIGXFSZ */
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && size > limit.rlim_cur) {
    errno = EFBIG;
    return -1;
  }
  /* kernels before 6.3 do not know MFD_EXEC, later ones may ask for it */
  long fd = syscall(SYS_memfd_create, "kiln-jit", MFD_CLOEXEC | MFD_EXEC);
  if (fd < 0) fd = syscall(SYS_memfd_create, "kiln-jit", MFD_CLOEXEC);
  if (fd < 0 || ftruncate((int)fd, (off_t)size) == 0) return (int)fd;
  int error = errno;
  close((int)fd);
  errno = error;
  return -1;
}

/* Maps a file at both places. */
static bool map_file(int fd, uint8_t *at, uint8_t *alias, size_t size, enum kn_jit_kind kind) {
  enum { FIXED = MAP_SHARED | MAP_FIXED };
  return mmap(alias, size, PROT_READ | PROT_WRITE, FIXED, fd, 0) != MAP_FAILED &&
         mmap(at, size, protections[kind], FIXED, fd, 0) != MAP_FAILED;
}

const char *kn_pages_map_twice(uint8_t *at, uint8_t *alias, size_t size, enum kn_jit_kind kind) {
  int fd = open_memfd(size);
  if (fd < 0) return "memfd_create";
  const bool ok = map_file(fd, at, alias, size, kind);
  const int error = errno;
  close(fd);
  errno = error;
  return ok ? NULL : "mmap";
}

void kn_pages_close_twice(uint8_t *at, uint8_t *alias, size_t size) {
  (void)!madvise(alias, size, MADV_REMOVE);
  (void)!mprotect(at, size, PROT_NONE);
}

bool kn_pages_renew(uint8_t *at, uint8_t *alias, size_t size, enum kn_jit_kind kind) {
  int fd = open_memfd(size);
  if (fd < 0) return false;
  const bool ok = pwrite(fd, at, size, 0) == (ssize_t)size && map_file(fd, at, alias, size, kind);
  close(fd);
  return ok;
}

bool kn_pages_barrier(bool first) {
  return syscall(SYS_membarrier,
                 first ? MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE
                       : MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
                 0, 0) == 0;
}

/* ---- memory of its own ---- */

void *kn_pages_map(uint64_t size, uint64_t align) {
  const uint64_t page = kn_pages_size();
  if (align < page) align = page;
  size = kn_align_up(size, page);
  uint8_t *at = mmap(NULL, (size_t)(size + align), PROT_READ | PROT_WRITE, PRIVATE, -1, 0);
  if (at == MAP_FAILED) return NULL;
  uint8_t *from = (uint8_t *)kn_align_up((uintptr_t)at, align);
  if (from > at) munmap(at, (size_t)(from - at));
  munmap(from + size, (size_t)(at + align - from));
  return from;
}

void kn_pages_unmap(void *p, uint64_t size) {
  munmap(p, (size_t)kn_align_up(size, kn_pages_size()));
}
