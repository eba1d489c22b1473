/* clay-jit on Linux: host.h. */
#define _GNU_SOURCE
#include "host.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

unsigned host_backtrace(void **pcs, unsigned room) {
  const int n = backtrace(pcs, (int)room);
  return n > 0 ? (unsigned)n : 0;
}

void host_open_libraries(void) { dlopen("libm.so.6", RTLD_NOW | RTLD_GLOBAL); }

void *host_function(const char *name) {
  (void)name;
  return NULL;
}

static bool is_own(const struct stat *s) {
  return s->st_uid == geteuid() && (s->st_mode & 077) == 0;
}

bool host_find_folder(const char *path, bool *own) {
  struct stat s;
  if (stat(path, &s) != 0 || !S_ISDIR(s.st_mode)) return false;
  *own = is_own(&s);
  return true;
}

int host_open_own(const char *path, uint64_t *size) {
  const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  struct stat s;
  if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && is_own(&s)) {
    *size = (uint64_t)s.st_size;
    return fd;
  }
  if (fd >= 0) close(fd);
  return -1;
}

bool host_rename(const char *from, const char *to) { return rename(from, to) == 0; }

bool host_describe_program(char *text, size_t room) {
  struct stat self;
  if (stat("/proc/self/exe", &self) != 0) return false;
  snprintf(text, room, "%lld %lld.%09ld", (long long)self.st_size, (long long)self.st_mtim.tv_sec,
           self.st_mtim.tv_nsec);
  return true;
}
