/* Running other programs for `kiln cc` and its like: LLVM's driver, with its input and output through
 * pipes, and programs in the same folder as this one. Also its temporary files. verb_cc.c calls
 * it.
 * Invariant: every program that a call started has ended when the call returns. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "cc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static enum cc_verb running;

void cc_begin(enum cc_verb verb) { running = verb; }

const struct cc_driver *cc_driver(void) { return cc_driver_of(running); }

const char *cc_verb(void) { return cc_driver()->verb; }

const char *cc_clang(void) {
  const char *path = getenv(cc_driver()->variable);
  return path != NULL && path[0] != 0 ? path : cc_driver()->program;
}

void cc_push_required_passes(struct cc_list *l) {
  /* The limit is for passes that LLVM may leave out: all but those that -O0 runs. */
  static const char *const words[] = {"-O1", "-mllvm", "-opt-bisect-limit=0", "-mllvm",
                                      "-opt-bisect-verbose=false"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) cc_push(l, words[i]);
}

const char *cc_lacks_required_passes(void) {
  const char *usual = cc_driver()->program;
  if (strcmp(cc_clang(), usual) == 0) return NULL;
  struct cc_list l = {0};
  kiln_buffer said = {0};
  const kiln_buffer nothing = {0};
  cc_push(&l, cc_clang());
  cc_push_required_passes(&l);
  for (size_t i = 0; i < sizeof cc_driver()->empty / sizeof *cc_driver()->empty; i++)
    cc_push(&l, cc_driver()->empty[i]);
  int status = cc_run_command(&l, 2, &said, &nothing);
  free(l.at);
  kiln_buffer_free(&said);
  if (status <= 0) return NULL;
  static const char text[] = "-Og with %s, which cannot leave out LLVM's passes, as %s can";
  size_t size = sizeof text + strlen(cc_clang()) + strlen(usual);
  char *lacks = cc_keep(cc_more(NULL, size));
  snprintf(lacks, size, text, cc_clang(), usual);
  return lacks;
}

static void cannot_start(const char *program, int error) {
  if (error != ENOENT || strcmp(program, cc_clang()) != 0) {
    tool_error("%s: %s: %s", cc_verb(), program, strerror(error));
    return;
  }
  tool_error("%s: there is no program %s: install the package %s, or set %s to another %s",
             cc_verb(), program, cc_driver()->package, cc_driver()->variable,
             cc_driver()->by == CC_BY_FLANG ? "flang" : "clang");
}

/* The command: the program and the words after it. */
static struct cc_list command(const char *program, const struct cc_list *l) {
  struct cc_list all = {0};
  cc_push(&all, program);
  for (size_t i = 0; i < l->n; i++) cc_push(&all, l->at[i]);
  return all;
}

int cc_become(const struct cc_list *l) {
  execvp(cc_clang(), (char **)(uintptr_t)command(cc_clang(), l).at); /* exec's type has no const */
  cannot_start(cc_clang(), errno);
  return TOOL_FAILED;
}

static int wait_for(pid_t child, const char *program) {
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno == EINTR) continue;
    tool_error("%s: %s: %s", cc_verb(), program, strerror(errno));
    return -1;
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  tool_error("%s: %s was ended by signal %d", cc_verb(), program, WTERMSIG(status));
  return 128 + WTERMSIG(status);
}

/* Writes `in` to one pipe while reading the other, until that ends. */
static bool exchange(int from, int to, kiln_buffer *out, const kiln_buffer *in) {
  size_t written = 0;
  while (from >= 0 || to >= 0) {
    struct pollfd p[2] = {{from, POLLIN, 0}, {to, POLLOUT, 0}};
    if (to >= 0 && poll(p, 2, -1) < 0 && errno != EINTR) return false;
    if (to >= 0 && p[1].revents != 0) {
      ssize_t n = write(to, in->data + written, in->size - written);
      if (n > 0) written += (size_t)n;
      if ((n < 0 && errno != EINTR && errno != EAGAIN) || written == in->size) {
        close(to); /* all is written, or the reader is gone: its exit status will say why */
        to = -1;
      }
    }
    if (from >= 0 && (to < 0 || p[0].revents != 0)) {
      uint8_t *room = kiln_buffer_reserve(out, 1 << 20);
      if (room == NULL) return false;
      ssize_t n = read(from, room, 1 << 20);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      if (n == 0) from = -1;
      else out->size += (size_t)n;
    }
    if (from < 0 && to < 0) break;
  }
  return true;
}

/* Starts `argv` with `in` as standard input and `out` as descriptor `from`; -1: they stay. -1 after a message. */
static pid_t start(char **argv, int in, int out, int from) {
  pid_t child;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (in >= 0) posix_spawn_file_actions_adddup2(&actions, in, 0);
  if (out >= 0) posix_spawn_file_actions_adddup2(&actions, out, from);
  int error = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return child;
  cannot_start(argv[0], error);
  return -1;
}

int cc_run_command(const struct cc_list *command, int from, kiln_buffer *out,
                   const kiln_buffer *in) {
  int output[2] = {-1, -1}, input[2] = {-1, -1};
  char **argv = (char **)(uintptr_t)command->at; /* exec's type has no const */
  if ((out != NULL && pipe2(output, O_CLOEXEC) < 0) ||
      (in != NULL && pipe2(input, O_CLOEXEC) < 0)) {
    tool_error("%s: %s", cc_verb(), strerror(errno));
    return -1;
  }
  if (out != NULL) fcntl(output[1], F_SETPIPE_SZ, 1 << 20); /* fewer system calls; may be refused */
  pid_t child = start(argv, input[0], output[1], from);
  if (output[1] >= 0) close(output[1]);
  if (input[0] >= 0) close(input[0]);
  bool ok = true;
  if (child >= 0) {
    void (*was)(int) = signal(SIGPIPE, SIG_IGN);
    ok = exchange(output[0], input[1], out, in);
    signal(SIGPIPE, was);
  }
  if (output[0] >= 0) close(output[0]);
  if (child < 0) return -1;
  int status = wait_for(child, argv[0]);
  if (ok) return status;
  tool_error("%s: the output of %s could not be read", cc_verb(), argv[0]);
  return -1;
}

int cc_run(const struct cc_list *l, kiln_buffer *out, const kiln_buffer *in) {
  struct cc_list all = command(cc_clang(), l);
  int status = cc_run_command(&all, 1, out, in);
  free(all.at);
  return status;
}

int cc_run_beside(const char *program, const char *argument, const char *path) {
  char self[PATH_MAX];
  struct cc_list l = {0};
  kiln_buffer out = {0};
  cc_push(&l, tool_beside(program, self) ? self : program);
  cc_push(&l, argument);
  int status = cc_run_command(&l, 1, &out, NULL);
  if (status == 0 && !tool_output_write(path, out.data, out.size)) status = TOOL_FAILED;
  free(l.at);
  kiln_buffer_free(&out);
  return status;
}

/* Is there such a program in $PATH? */
static bool is_there(const char *program) {
  char path[PATH_MAX];
  const char *folders = getenv("PATH");
  for (const char *p = folders != NULL ? folders : "/usr/bin"; *p != 0; p += *p == ':') {
    size_t n = strcspn(p, ":");
    if (snprintf(path, sizeof path, "%.*s/%s", (int)n, p, program) < PATH_MAX &&
        access(path, X_OK) == 0)
      return true;
    p += n;
  }
  return false;
}

bool cc_compress(const char *path, const char *how, kiln_processor processor) {
  char cross[64], option[64];
  const char *const names[] = {cross, "llvm-objcopy-22", "llvm-objcopy"};
  struct cc_list l = {0};
  snprintf(cross, sizeof cross, "%s-linux-gnu-objcopy", kiln_processor_name(processor));
  snprintf(option, sizeof option, "--compress-debug-sections=%s", how);
  for (unsigned k = 0; k < sizeof names / sizeof *names && l.n == 0; k++)
    if (is_there(names[k])) cc_push(&l, names[k]);
  if (l.n == 0) {
    tool_error("%s: -gz: there is neither %s nor llvm-objcopy, which compress objects: install "
               "binutils or llvm-22",
               cc_verb(), cross);
    return false;
  }
  cc_push(&l, option);
  cc_push(&l, path);
  bool ok = cc_run_command(&l, 1, NULL, NULL) == 0;
  if (!ok) tool_error("%s: -gz: %s could not compress the object", cc_verb(), l.at[0]);
  free(l.at);
  return ok;
}

/* ---- temporary files ---- */

/* Temporary files are kept until the program ends, in a list that the signal handler reads. */
struct temporary {
  struct tool_temporary known;
  char path[];
};
static struct cc_list temporaries;

const char *cc_temporary(const char *suffix) {
  const char *folder = getenv("TMPDIR");
  if (folder == NULL || folder[0] == 0) folder = "/tmp";
  size_t end = strlen(suffix) + 1, size = strlen(folder) + strlen("/kiln-XXXXXX") + end;
  struct temporary *t = malloc(sizeof *t + size);
  if (t == NULL) {
    tool_error("out of memory");
    return NULL;
  }
  snprintf(t->path, size, "%s/kiln-XXXXXX", folder);
  memcpy(t->path + size - end, suffix, end);
  int fd = tool_temporary_make(&t->known, t->path, end - 1);
  if (fd < 0) {
    tool_error("%s: could not make the temporary file %s: %s", cc_verb(), t->path, strerror(errno));
    free(t);
    return NULL;
  }
  close(fd);
  cc_push(&temporaries, t->path);
  return t->path;
}

void cc_clean(void) {
  for (size_t i = 0; i < temporaries.n; i++) unlink(temporaries.at[i]);
  temporaries.n = 0;
}
