/* Outputs of the `kiln` tool. A file is written under a temporary name and renamed when it is complete; a signal that
 * ends the process removes temporary files. Called by the verbs.
 * Invariant: at every moment an output's name refers to the old file or to the complete new one. */
#define _GNU_SOURCE
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE /* of Linux 3.15 */
#define RENAME_EXCHANGE 2
#endif

/* ---- temporary files ---- */

static struct tool_temporary *volatile temporaries;

static void end_by_signal(int number) {
  for (const struct tool_temporary *t = temporaries; t != NULL; t = t->next) unlink(t->path);
  raise(number); /* SA_RESETHAND has restored the default */
}

static void go_on(int number) { (void)number; } /* the interrupted call fails and reports why */

/* The signals that are handled, unless they were ignored when the process started. */
static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static void handle(int number, void (*handler)(int), unsigned flags) {
  struct sigaction new = {.sa_handler = handler, .sa_flags = (int)flags}, old;
  sigemptyset(&new.sa_mask);
  if (sigaction(number, &new, &old) == 0 && old.sa_handler != SIG_DFL)
    sigaction(number, &old, NULL);
}

static void handle_signals(void) {
  static bool handled;
  if (handled) return;
  handled = true;
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
    handle(ending[i], end_by_signal, SA_RESETHAND);
  handle(SIGXFSZ, go_on, 0);
}

void tool_signals_hold(sigset_t *old) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) sigaddset(&set, ending[i]);
  pthread_sigmask(SIG_BLOCK, &set, old);
}

void tool_signals_release(const sigset_t *old) { pthread_sigmask(SIG_SETMASK, old, NULL); }

int tool_temporary_make(struct tool_temporary *t, char *path, size_t suffix) {
  sigset_t old;
  handle_signals();
  tool_signals_hold(&old);
  int fd = mkostemps(path, (int)suffix, O_CLOEXEC);
  if (fd >= 0) {
    *t = (struct tool_temporary){path, temporaries};
    temporaries = t;
  }
  int error = errno;
  tool_signals_release(&old);
  errno = error;
  return fd;
}

void tool_temporary_drop(struct tool_temporary *t) {
  if (temporaries == t) temporaries = t->next;
}

/* ---- files ---- */

static bool write_all(int fd, const uint8_t *bytes, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes += n;
    size -= (size_t)n;
  }
  return true;
}

/* Gives the file `from` the name `to`. Where a file has that name the two change names, and the old one is
 * removed: ext4 allocates a file's blocks before it lets it replace another, which takes longer than writing it. */
static bool take_name(const char *from, const char *to) {
  if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) != 0)
    return rename(from, to) == 0;
  if (unlink(from) == 0) return true;
  int error = errno; /* there is no such file any more */
  syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE);
  errno = error;
  return false;
}

/* Writes to a new file in the folder of `path`, which takes its name at the end. */
static bool write_renamed(const char *path, const void *bytes, size_t size, mode_t mode,
                          void (*written)(void *user), void *user) {
  /* of a fixed length, since `path` may already have the longest name allowed */
  char name[PATH_MAX];
  const char *slash = strrchr(path, '/');
  int n = snprintf(name, sizeof name, "%.*s.kiln.tmp-XXXXXX",
                   slash != NULL ? (int)(slash + 1 - path) : 0, path);
  if (n < 0 || (size_t)n >= sizeof name) {
    errno = ENAMETOOLONG;
    return false;
  }
  struct tool_temporary temporary;
  int fd = tool_temporary_make(&temporary, name, 0);
  if (fd < 0) return false;
  bool ok = write_all(fd, bytes, size) && fchmod(fd, mode) == 0;
  ok &= close(fd) == 0;
  if (ok && written != NULL) written(user);
  ok = ok && take_name(name, path);
  if (!ok) {
    int error = errno;
    unlink(name);
    errno = error;
  }
  tool_temporary_drop(&temporary);
  return ok;
}

bool tool_output_write_then(const char *path, const void *bytes, size_t size,
                            void (*written)(void *user), void *user) {
  bool ok;
  struct stat st;
  if (strcmp(path, "-") == 0) {
    ok = write_all(STDOUT_FILENO, bytes, size);
  } else if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
    /* also a symbolic link, such as /dev/stdout: what it names is written, and the link stays */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    ok = fd >= 0 && write_all(fd, bytes, size);
    if (fd >= 0) ok &= close(fd) == 0;
  } else {
    mode_t mask = umask(0);
    umask(mask);
    ok = write_renamed(path, bytes, size, 0666 & ~mask, written, user);
  }
  if (!ok) tool_error("%s: %s", strcmp(path, "-") == 0 ? "standard output" : path, strerror(errno));
  return ok;
}

bool tool_output_write(const char *path, const void *bytes, size_t size) {
  return tool_output_write_then(path, bytes, size, NULL, NULL);
}

int tool_output_end(int status) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return status;
  tool_error("standard output: %s", strerror(errno));
  return status != TOOL_OK ? status : TOOL_FAILED;
}
