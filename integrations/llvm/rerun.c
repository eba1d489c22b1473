/* rustc with Kiln inside it, as a child of kiln-rustc: if Kiln's death is rustc's, rustc runs a second time, in which
 * LLVM compiles all units. The library in rustc (fallback.rs) notes what it is doing in a file that both have; a death
 * while the note is empty is not Kiln's.
 *
 * The second run has the same options, since the crate's hash depends on them, and dependent crates have begun to use
 * the first run's metadata. It has a folder of its own for incremental builds. What the first run has printed is not
 * printed again. */
#define _GNU_SOURCE
#include "rerun.h"

#include "carried.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- lines that were printed ---- */

/* A line, and how often it was printed. */
struct line {
  uint64_t hash;
  size_t times;
};

struct lines {
  struct line *at;
  size_t n, room;
  bool sorted;   /* each line is there once */
  uint64_t open; /* the hash of the line that has no end yet */
};

static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

static void add_line(struct lines *l) {
  if (l->n == l->room) {
    size_t room = l->room * 2 + 64;
    struct line *more = realloc(l->at, room * sizeof *more);
    if (more == NULL) return; /* the line may be printed twice */
    l->at = more, l->room = room;
  }
  l->at[l->n++] = (struct line){l->open, 1};
}

static void note_printed(struct lines *l, const char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (bytes[i] == '\n') {
      add_line(l);
      l->open = hash_start;
    } else {
      l->open = (l->open ^ (uint8_t)bytes[i]) * 0x100000001b3;
    }
  }
}

static int by_hash(const void *a, const void *b) {
  uint64_t x = ((const struct line *)a)->hash, y = ((const struct line *)b)->hash;
  return (x > y) - (x < y);
}

static void sort(struct lines *l) {
  size_t n = 0;
  if (l->n > 1) qsort(l->at, l->n, sizeof *l->at, by_hash);
  for (size_t i = 0; i < l->n; i++)
    if (n > 0 && l->at[n - 1].hash == l->at[i].hash) l->at[n - 1].times++;
    else l->at[n++] = l->at[i];
  l->n = n;
  l->sorted = true;
}

/* Was a line printed more often than it was found here before? */
static bool was_printed(struct lines *l, const char *line, size_t n) {
  uint64_t hash = hash_start;
  for (size_t i = 0; i < n && line[i] != '\n'; i++)
    hash = (hash ^ (uint8_t)line[i]) * 0x100000001b3;
  if (!l->sorted) sort(l);
  const struct line key = {.hash = hash};
  struct line *found = l->n > 0 ? bsearch(&key, l->at, l->n, sizeof *l->at, by_hash) : NULL;
  return found != NULL && found->times > 0 && found->times-- > 0;
}

static void print(int to, const char *bytes, size_t n) {
  while (n > 0) {
    ssize_t some = write(to, bytes, n);
    if (some < 0 && errno == EINTR) continue;
    if (some <= 0) return;
    bytes += some;
    n -= (size_t)some;
  }
}

/* ---- signals ---- */

static volatile sig_atomic_t ended;
static volatile pid_t running;

/* A signal that ends the build. One that a process has sent to this one alone is passed on; the terminal's go to
 * rustc, too. */
static void end(int signal, siginfo_t *info, void *context) {
  (void)context;
  ended = signal;
  if (info->si_code <= 0 && running > 0) kill(running, signal);
}

static const int enders[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { ENDERS = sizeof enders / sizeof *enders };

/* Is it the end of a program with a fault, or of one that had too much memory? Others are the user's or a limit. */
static bool is_fault(int signal) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGKILL};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    if (signal == faults[i]) return true;
  return false;
}

/* Ends as rustc did. */
static int end_as(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none); /* rustc's own is enough */
  signal(WTERMSIG(status), SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, WTERMSIG(status));
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  raise(WTERMSIG(status));
  return 128 + WTERMSIG(status);
}

/* ---- a run ---- */

/* How the driver is started. */
struct command {
  const char *program;
  char **words, **environment;
};

/* Starts it, with other files as its standard error and output unless they are -1. The child; -1: there is none. */
static pid_t start(const struct command *c, int err, int out) {
  static struct sigaction before[ENDERS];
  static bool handled;
  sigset_t set, unblocked;
  pid_t parent = getpid();
  sigemptyset(&set);
  for (size_t i = 0; i < ENDERS; i++) sigaddset(&set, enders[i]);
  sigprocmask(SIG_BLOCK, &set, &unblocked);
  pid_t child = fork();
  if (child == 0) {
    for (size_t i = 0; handled && i < ENDERS; i++) sigaction(enders[i], &before[i], NULL);
    sigprocmask(SIG_SETMASK, &unblocked, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    if (err >= 0) dup2(err, STDERR_FILENO);
    if (out >= 0) dup2(out, STDOUT_FILENO);
    execve(c->program, c->words, c->environment);
    dprintf(STDERR_FILENO, "kiln-rustc: warning: %s: %s\n", c->program, strerror(errno));
    execvpe(c->words[0], c->words, c->environment);
    dprintf(STDERR_FILENO, "kiln-rustc: error: %s: %s\n", c->words[0], strerror(errno));
    _exit(127);
  }
  running = child;
  if (child < 0) fprintf(stderr, "kiln-rustc: error: fork: %s\n", strerror(errno));
  if (child > 0 && ended != 0) kill(child, ended); /* between two runs, nobody had it */
  for (size_t i = 0; !handled && i < ENDERS; i++) {
    struct sigaction action = {.sa_sigaction = end, .sa_flags = SA_SIGINFO};
    sigaction(enders[i], NULL, &before[i]);
    if (before[i].sa_handler != SIG_IGN) sigaction(enders[i], &action, NULL);
  }
  handled = true;
  sigprocmask(SIG_SETMASK, &unblocked, NULL);
  return child;
}

static int wait_for(pid_t child) {
  int status = 127 << 8; /* if there is no child */
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  running = 0;
  return status;
}

/* Runs rustc, whose standard output is the file `out`. What it prints as errors is passed on at once, and noted in
 * `lines`; but a terminal is rustc's own, which it is to see as one. */
static int run_first(const struct command *c, struct lines *lines, int out) {
  int ends[2] = {-1, -1};
  char bytes[1 << 14];
  if (isatty(STDERR_FILENO) || pipe2(ends, O_CLOEXEC) != 0) return wait_for(start(c, -1, out));
  pid_t child = start(c, ends[1], out);
  close(ends[1]);
  for (;;) {
    ssize_t n = read(ends[0], bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    print(STDERR_FILENO, bytes, (size_t)n);
    note_printed(lines, bytes, (size_t)n);
  }
  close(ends[0]);
  return wait_for(child);
}

/* Runs it again, and prints what it has not printed before. On a terminal, that is not known: it is what ends in an
 * error. */
static int run_second(const struct command *c, struct lines *lines) {
  int ends[2];
  bool terminal = isatty(STDERR_FILENO);
  FILE *from = NULL, *kept = NULL;
  char *line = NULL, *text = NULL;
  size_t room = 0, size = 0;
  if (pipe2(ends, O_CLOEXEC) != 0) return wait_for(start(c, -1, -1));
  pid_t child = start(c, ends[1], -1);
  close(ends[1]);
  from = fdopen(ends[0], "r");
  if (terminal) kept = open_memstream(&text, &size);
  for (ssize_t n; from != NULL && (n = getline(&line, &room, from)) > 0;) {
    if (kept != NULL) fwrite(line, 1, (size_t)n, kept);
    else if (!was_printed(lines, line, (size_t)n)) print(STDERR_FILENO, line, (size_t)n);
  }
  if (from != NULL) fclose(from);
  int status = wait_for(child);
  if (kept != NULL && fclose(kept) == 0 && status != 0) print(STDERR_FILENO, text, size);
  free(text);
  free(line);
  return status;
}

/* Writes what is in the file `out` to standard output. */
static void print_output(int out) {
  char bytes[1 << 14];
  if (lseek(out, 0, SEEK_SET) != 0) return;
  for (ssize_t n; (n = read(out, bytes, sizeof bytes)) > 0;) print(STDOUT_FILENO, bytes, (size_t)n);
}

/* ---- Kiln's death ---- */

/* Why LLVM is to compile the crate, if the first run's end is Kiln's fault; false: it is not. */
static bool is_kilns(int status, const char *note, char *why, size_t size) {
  enum { PANIC = 101 }; /* of a program in Rust; errors of the user are 1 */
  if (note[0] == 0 || ended != 0) return false;
  if (WIFEXITED(status)) {
    snprintf(why, size, "Kiln panicked in rustc");
    return WEXITSTATUS(status) == PANIC;
  }
  int signal = WTERMSIG(status);
  if (signal == SIGKILL) snprintf(why, size, "rustc was killed, perhaps for lack of memory");
  else snprintf(why, size, "Kiln crashed in rustc: %s", strsignal(signal));
  return is_fault(signal);
}

/* `words` and one more, in new memory; NULL without memory. */
static char **with_word(char **words, char *word) {
  size_t n = 0;
  while (words[n] != NULL) n++;
  char **more = malloc((n + 2) * sizeof *more);
  if (more == NULL) return NULL;
  memcpy(more, words, n * sizeof *more);
  more[n] = word;
  more[n + 1] = NULL;
  return more;
}

/* The environment of the driver, with what this process has set for it; NULL after a message. */
static char **environment_of(const struct rustc_run *run, const char *const *shown) {
  char **environment = tool_environment_for(run->kept, shown, true);
  if (environment == NULL) fprintf(stderr, "kiln-rustc: error: %s\n", strerror(errno));
  return environment;
}

/* Has LLVM compile the crate. */
static int rerun(const struct rustc_run *run, const char *const *shown, const char *why,
                 const char *note, struct lines *lines) {
  log_line("%s: all units of the crate: compiled by LLVM: %s\n", note, why);
  if (!stats_wanted())
    fprintf(stderr,
            "kiln-rustc: warning: unit %s: %s; LLVM compiles the crate; please report this bug\n",
            note, why);
  setenv("KILN_SHIM_LLVM", why, 1);
  struct command again = {run->program, run->words, environment_of(run, shown)};
  if (run->incremental != NULL) again.words = with_word(run->words, run->incremental);
  if (again.words == NULL || again.environment == NULL) return 1;
  return end_as(run_second(&again, lines));
}

int rustc_run(const struct rustc_run *run, const char *const *shown) {
  struct lines lines = {.open = hash_start};
  char note[256] = "", why[128], number[16];
  int file = memfd_create("kiln-note", 0);
  if (file >= 0) {
    snprintf(number, sizeof number, "%d", file);
    setenv("KILN_SHIM_NOTE", number, 1);
  }
  struct command command = {run->program, run->words, environment_of(run, shown)};
  if (command.environment == NULL) return 1;
  /* Output is that of the run that counts, such as --print=link-args, which the first run may not have come to. */
  int out = memfd_create("kiln-stdout", MFD_CLOEXEC), status = run_first(&command, &lines, out);
  unsetenv("KILN_SHIM_NOTE");
  if (file >= 0) {
    ssize_t n = pread(file, note, sizeof note - 1, 0);
    note[n > 0 ? n : 0] = 0;
    close(file);
  }
  bool again = is_kilns(status, note, why, sizeof why);
  if (!again) print_output(out);
  if (out >= 0) close(out);
  if (!again) return end_as(status);
  return rerun(run, shown, why, note, &lines);
}
