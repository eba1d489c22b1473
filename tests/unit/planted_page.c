/* planted_page: a library that is preloaded into a test (LD_PRELOAD). The system seems to have pages of
 * $KILN_PLANTED_PAGE bytes, a power of two from this machine's page size on: sysconf says so, mappings begin at
 * multiples of it, and lengths are rounded up to it, as Linux does. What Linux refuses for such pages ends the
 * process. Calls that libc itself makes do not come here. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif

static size_t page_bytes(void) {
  const char *text = getenv("KILN_PLANTED_PAGE");
  return text != NULL ? strtoul(text, NULL, 10) : 4096;
}

static size_t whole(size_t bytes) { return (bytes + page_bytes() - 1) & ~(page_bytes() - 1); }

/* Ends the process unless the place, an address or an offset, is one of a page. */
static void want_page(const char *call, uintptr_t place) {
  if (place % page_bytes() == 0) return;
  fprintf(stderr, "# planted_page: %s at %#zx, which is not a page's\n", call, (size_t)place);
  abort();
}

/* What a system call has returned, as libc returns it. */
static void *address(long result) { return (void *)result; }

long sysconf(int name) {
  static long (*next)(int);
  if (name == _SC_PAGESIZE) return (long)page_bytes();
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "sysconf");
  return next(name);
}

int getpagesize(void) { return (int)page_bytes(); }

void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) {
  want_page("mmap of a file", (uintptr_t)offset);
  if (flags & MAP_ANONYMOUS) bytes = whole(bytes);
  if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
    want_page("mmap", (uintptr_t)at);
    return address(syscall(SYS_mmap, at, bytes, protection, flags, fd, offset));
  }
  /* Address space with room for a page at its begin, what is too much of it given back. */
  size_t all = whole(bytes) + page_bytes();
  int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (flags & MAP_32BIT);
  long from = syscall(SYS_mmap, at, all, PROT_NONE, kind, -1, 0);
  if (from == -1) return MAP_FAILED;
  uintptr_t begin = whole((uintptr_t)from), end = begin + whole(bytes);
  if (begin > (uintptr_t)from) syscall(SYS_munmap, from, begin - (uintptr_t)from);
  if ((uintptr_t)from + all > end) syscall(SYS_munmap, end, (uintptr_t)from + all - end);
  void *made = address(
    syscall(SYS_mmap, begin, bytes, protection, (flags & ~MAP_32BIT) | MAP_FIXED, fd, offset));
  if (made == MAP_FAILED) syscall(SYS_munmap, begin, end - begin);
  return made;
}

int munmap(void *at, size_t bytes) {
  want_page("munmap", (uintptr_t)at);
  return (int)syscall(SYS_munmap, at, whole(bytes));
}

int mprotect(void *at, size_t bytes, int protection) {
  want_page("mprotect", (uintptr_t)at);
  return (int)syscall(SYS_mprotect, at, whole(bytes), protection);
}

int madvise(void *at, size_t bytes, int advice) {
  want_page("madvise", (uintptr_t)at);
  return (int)syscall(SYS_madvise, at, whole(bytes), advice);
}
