/* Opening a path so that it cannot lead out of a folder. Linux 5.6 does that itself (openat2 with RESOLVE_BENEATH);
 * elsewhere each component is opened by itself, without following links, and links are read and expanded here.
 * Invariant of the walk: every descriptor of its stack was reached from the one below it by a single name that is no
 * link, so ".." is a step back in the stack, and moving folders meanwhile leads nowhere else. */
#define _GNU_SOURCE /* O_PATH */
#include "wasi_state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_LINKS = 40, MOST_DEPTH = 128, TRIES = 64 };

/* ---- by the system ---- */

static int open_by_system(kiln_wasi *w, int dir, const char *path, int flags, mode_t mode) {
  struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
                         .mode = flags & O_CREAT ? mode : 0,
                         .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  for (int i = 0; i < TRIES; i++) { /* EAGAIN: something was moved meanwhile */
    long fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) {
      if (fd < 0 && errno == ENOSYS) w->no_openat2 = true;
      return (int)fd;
    }
  }
  return -1;
}

/* ---- component by component ---- */

struct walk {
  int dirs[MOST_DEPTH]; /* the first is the caller's */
  int depth;            /* index of the last */
  int links;            /* followed so far */
  char rest[2 * PATH_MAX];
};

static void pop(struct walk *k) { close(k->dirs[k->depth--]); }

static int failed(int error) {
  errno = error;
  return -1;
}

/* Takes the next component off the rest, into `name`. *last: nothing but slashes follows; *slash: those do. False at
 * the end. */
static bool next_name(struct walk *k, char name[NAME_MAX + 1], bool *last, bool *slash,
                      int *error) {
  const char *p = k->rest;
  while (*p == '/') p++;
  size_t n = strcspn(p, "/");
  *error = n > NAME_MAX ? ENAMETOOLONG : 0;
  if (n == 0 || n > NAME_MAX) return false;
  memcpy(name, p, n);
  name[n] = 0;
  p += n;
  *slash = *p == '/';
  while (*p == '/') p++;
  *last = *p == 0;
  memmove(k->rest, p, strlen(p) + 1);
  return true;
}

/* Puts a link's text before the rest. 0, or -1 with errno. */
static int expand(struct walk *k, const char *text, size_t n, bool slash) {
  if (++k->links > MOST_LINKS) return failed(ELOOP);
  if (text[0] == '/') return failed(EXDEV);
  size_t rest = strlen(k->rest);
  if (n + 1 + rest >= sizeof k->rest) return failed(ENAMETOOLONG);
  memmove(k->rest + n + 1, k->rest, rest + 1);
  memcpy(k->rest, text, n);
  k->rest[n] = slash || rest > 0 ? '/' : 0;
  return 0;
}

/* One component: 1 if it was the end, which *fd then is; 0 to go on; -1 with errno. */
static int step(struct walk *k, const char *name, bool last, bool slash, int flags, mode_t mode,
                int *fd) {
  int top = k->dirs[k->depth];
  if (strcmp(name, ".") == 0) return 0;
  if (strcmp(name, "..") == 0) {
    if (k->depth == 0) return failed(EXDEV);
    pop(k);
    return 0;
  }
  char text[PATH_MAX];
  bool exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  if (last && slash && flags & O_CREAT) return failed(EISDIR);
  if (!last || slash || !(flags & O_NOFOLLOW || exclusive)) {
    ssize_t n = readlinkat(top, name, text, sizeof text);
    if (n == 0 || n == sizeof text) return failed(n == 0 ? ENOENT : ENAMETOOLONG);
    if (n > 0) return expand(k, text, (size_t)n, slash);
  }
  if (last) {
    *fd = openat(top, name, flags | O_NOFOLLOW | O_CLOEXEC | (slash ? O_DIRECTORY : 0), mode);
    return *fd < 0 ? -1 : 1;
  }
  if (k->depth + 1 == MOST_DEPTH) return failed(ENAMETOOLONG);
  int next = openat(top, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (next < 0) return -1;
  k->dirs[++k->depth] = next;
  return 0;
}

static int open_by_walk(int dir, const char *path, int flags, mode_t mode) {
  struct walk k = {.dirs = {dir}};
  char name[NAME_MAX + 1];
  bool last, slash;
  int fd = -1, done = 0, error = 0;
  size_t n = strlen(path);
  if (path[0] == '/') return failed(EXDEV);
  if (n == 0 || n >= PATH_MAX) return failed(n == 0 ? ENOENT : ENAMETOOLONG);
  memcpy(k.rest, path, n + 1);
  while (done == 0 && next_name(&k, name, &last, &slash, &error))
    done = step(&k, name, last, slash, flags, mode, &fd);
  if (done == 0 && error != 0) {
    done = failed(error);
  } else if (done == 0) { /* the end is a folder of the stack */
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) done = failed(EEXIST);
    else if (flags & O_CREAT) done = failed(EISDIR);
    else fd = openat(k.dirs[k.depth], ".", (flags & ~O_NOFOLLOW) | O_CLOEXEC);
  }
  error = errno;
  while (k.depth > 0) pop(&k);
  errno = error;
  return fd;
}

int kn_wasi_open_beneath(kiln_wasi *w, int dir, const char *path, int flags, mode_t mode) {
  if (!w->no_openat2) {
    int fd = open_by_system(w, dir, path, flags, mode);
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
      return fd; /* EPERM: also of a filter of system calls */
  }
  return open_by_walk(dir, path, flags, mode);
}

int kn_wasi_open_parent(kiln_wasi *w, int dir, const char *path, char last[NAME_MAX + 1],
                        bool *slash) {
  size_t n = strlen(path), end = n, start;
  char parent[PATH_MAX];
  while (end > 0 && path[end - 1] == '/') end--;
  for (start = end; start > 0 && path[start - 1] != '/'; start--) {
  }
  if (n >= PATH_MAX || end - start > NAME_MAX) return failed(ENAMETOOLONG);
  if (path[0] == '/') return failed(EXDEV);
  memcpy(last, path + start, end - start);
  last[end - start] = 0;
  *slash = end < n;
  memcpy(parent, path, start);
  parent[start] = 0;
  return kn_wasi_open_beneath(w, dir, start == 0 ? "." : parent, O_PATH | O_DIRECTORY, 0);
}
