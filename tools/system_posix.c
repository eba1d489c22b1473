/* What the tool asks of Linux: system.h. Called by whoever shares tool.h. */
#define _GNU_SOURCE
#include "system.h"

#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef RENAME_EXCHANGE /* of Linux 3.15 */
#define RENAME_EXCHANGE 2
#endif

extern char **environ;

void tool_system_begin(void) {}

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

static void hold(sigset_t *old) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) sigaddset(&set, ending[i]);
  pthread_sigmask(SIG_BLOCK, &set, old);
}

static void release(const sigset_t *old) { pthread_sigmask(SIG_SETMASK, old, NULL); }

int tool_temporary_make(struct tool_temporary *t, char *path, size_t suffix) {
  sigset_t old;
  handle_signals();
  hold(&old);
  int fd = mkostemps(path, (int)suffix, O_CLOEXEC);
  if (fd >= 0) {
    *t = (struct tool_temporary){path, temporaries};
    temporaries = t;
  }
  int error = errno;
  release(&old);
  errno = error;
  return fd;
}

void tool_temporary_drop(struct tool_temporary *t) {
  sigset_t old;
  hold(&old);
  struct tool_temporary *before = temporaries;
  if (before == t) temporaries = t->next;
  while (before != NULL && before->next != t) before = before->next;
  if (before != NULL) before->next = t->next;
  release(&old);
}

/* ---- files ---- */

void tool_system_map(struct tool_input *in, int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0) return;
  /* MAP_POPULATE, since every byte is read anyway. */
  void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  in->mapped = p != MAP_FAILED;
  if (!in->mapped) return;
  in->bytes = p;
  in->size = (size_t)st.st_size;
}

void tool_system_unmap(const struct tool_input *in) {
  munmap((void *)(uintptr_t)in->bytes, in->size);
}

void tool_system_forget(const struct tool_input *in) {
  (void)madvise((void *)(uintptr_t)in->bytes, in->size, MADV_DONTNEED);
}

bool tool_system_same_file(const char *a, const char *b) {
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Where a file has that name the two change names, and the old one is removed: ext4 allocates a file's blocks before it
 * lets it replace another, which takes longer than writing it. */
bool tool_system_rename(const char *from, const char *to) {
  if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) != 0)
    return rename(from, to) == 0;
  if (unlink(from) == 0) return true;
  int error = errno; /* there is no such file any more */
  syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE);
  errno = error;
  return false;
}

/* ---- threads and programs ---- */

unsigned tool_system_processors(void) {
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return n > 0 ? (unsigned)n : 1;
}

bool tool_system_start(pthread_t *thread, void *(*run)(void *), void *arg) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  bool started = pthread_create(thread, NULL, run, arg) == 0;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return started;
}

bool tool_system_demangle(const char *name, char *out, size_t size) {
  int pipe[2];
  pid_t child;
  char *argv[] = {"c++filt", (char *)(uintptr_t)name, NULL};
  posix_spawn_file_actions_t actions;
  if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R') || pipe2(pipe, O_CLOEXEC) != 0)
    return false;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);
  bool ok = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  close(pipe[1]);
  size_t n = 0;
  for (ssize_t got; ok && (got = read(pipe[0], out + n, size - 1 - n)) > 0;) n += (size_t)got;
  close(pipe[0]);
  if (ok) waitpid(child, NULL, 0);
  out[n] = 0;
  out[strcspn(out, "\n")] = 0;
  return out[0] != 0 && strcmp(out, name) != 0;
}

int tool_hand_over(const char *name, char **argv, const char *where) {
  char path[PATH_MAX];
  if (tool_beside(name, path)) execv(path, argv);
  execvp(name, argv);
  tool_error("%s: %s (%s)", name, strerror(errno), where);
  return TOOL_FAILED;
}

bool tool_system_dis(FILE *records, FILE *out) {
  char name[] = "kiln-dis", flag[] = "--records", *argv[] = {name, flag, NULL};
  if (fflush(records) != 0 || fflush(out) != 0 || fseek(records, 0, SEEK_SET) != 0) {
    tool_error("listing: %s", strerror(errno));
    return false;
  }
  pid_t child = fork();
  if (child == 0) {
    dup2(fileno(records), STDIN_FILENO);
    dup2(fileno(out), STDOUT_FILENO);
    _exit(tool_hand_over(name, argv, "built where Zydis, Capstone and libelf are"));
  }
  int status = -1;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (child < 0) tool_error("%s: %s", name, strerror(errno));
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
