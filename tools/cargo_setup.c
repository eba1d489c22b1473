/* `kiln cargo --setup`: builds the library and the driver for a compiler. They are built in a folder of their own
 * beside the one where they will be, which then appears at once. A folder that is left by a setup that was killed has a
 * dot in its name, and the next setup removes it. A lock on the folder above makes setups wait for each other. */
#define _GNU_SOURCE
#include "beside.h"
#include "cargo_backend.h"
#include "cargo_cache.h"
#include "tool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* The name of the processor that this program runs on, as triples begin; "?": it is none of Kiln's. */
static const char *processor(void) {
  kiln_target host;
  return kiln_target_find_host(&host) ? kiln_processor_name(host.processor) : "?";
}

/* ---- programs ---- */

static volatile sig_atomic_t ended;
static volatile pid_t running;

/* A signal ends what runs, a process group of its own, and then the setup, which removes what it has made. */
static void end(int signal) {
  ended = signal;
  if (running > 0) kill(-running, signal);
}

static const int enders[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { ENDERS = sizeof enders / sizeof *enders };

static void handle_signals(void) {
  struct sigaction action = {.sa_handler = end}, before;
  for (size_t i = 0; i < ENDERS; i++)
    if (sigaction(enders[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
      sigaction(enders[i], &action, NULL);
}

/* Runs a program in the root folder, when a signal has ended the setup only if it `cleans`. What it prints goes to the
 * file `to`, if that is not NULL. Its exit status; 127 if it cannot be run, 128 and the signal's number if the signal
 * has kept it from running. */
static int run(const char *const *argv, const char *to, bool cleans) {
  pid_t child;
  int status = 0;
  sigset_t set, before;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  sigemptyset(&set);
  for (size_t i = 0; i < ENDERS; i++) sigaddset(&set, enders[i]);
  sigprocmask(SIG_BLOCK, &set, &before); /* until the process is known to `end` */
  if (ended != 0 && !cleans) {
    sigprocmask(SIG_SETMASK, &before, NULL);
    return 128 + ended;
  }
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask(&attributes, &before);
  posix_spawn_file_actions_init(&actions);
  if (to != NULL) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, to, O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  }
  /* glibc 2.28 has no posix_spawn_file_actions_addchdir_np */
  int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int error = here < 0 || chdir("/") != 0 ? errno
                                          : posix_spawnp(&child, argv[0], &actions, &attributes,
                                                         (char **)(uintptr_t)argv, environ);
  if (here >= 0 && fchdir(here) == 0) close(here);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  running = error == 0 ? child : 0;
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (error != 0) return 127;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  running = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void remove_folder(const char *path) {
  const char *argv[] = {"rm", "-rf", "--", path, NULL};
  run(argv, NULL, true);
}

/* ---- what is supported ---- */

/* What the code generator is built from, by paths without links. */
struct sources {
  char toolchains[PATH_MAX], manifest[PATH_MAX], header[PATH_MAX], library[PATH_MAX];
};

/* A file that is beside the program when it is not installed, or at one of the places where it is. False: why not. */
static bool find(const char *const *places, const char *what, char out[PATH_MAX],
                 char why[CARGO_WHY_SIZE]) {
  char found[PATH_MAX];
  for (; *places != NULL; places++)
    if (tool_beside(*places, found) && realpath(found, out) != NULL) return true;
  snprintf(why, CARGO_WHY_SIZE, "there is no %s", what);
  return false;
}

static bool find_sources(struct sources *s, char why[CARGO_WHY_SIZE]) {
#define SOURCE(name) "../integrations/rustc/" name, "../share/kiln/rustc/" name, NULL
  static const char *const lists[] = {SOURCE("rust-toolchains")},
                           *const manifests[] = {SOURCE("Cargo.toml")},
                           *const headers[] = {"../include/kiln/kiln.h", NULL};
#undef SOURCE
  char multiarch[64];
  snprintf(multiarch, sizeof multiarch, "../lib/%s-linux-gnu/libkiln.a", processor());
  const char *const libraries[] = {"libkiln.a", multiarch, "../lib/libkiln.a", "../lib64/libkiln.a",
                                   NULL};
  return find(lists, "source of rustc's code generator", s->toolchains, why) &&
         find(manifests, "source of rustc's code generator", s->manifest, why) &&
         find(headers, "header kiln/kiln.h", s->header, why) &&
         find(libraries, "libkiln.a (Debian: libkiln-dev)", s->library, why);
}

/* Is the compiler the nightly of this day, "2026-10-30"? Its last commit is of that day, or of the day before. */
static bool is_nightly_of(const struct cargo_compiler *c, const char *day) {
  struct tm at = {.tm_hour = 12};
  char before[16];
  if (strstr(c->release, "-nightly") == NULL || strptime(day, "%Y-%m-%d", &at) == NULL)
    return false;
  time_t time = timegm(&at) - 24 * 60 * 60;
  strftime(before, sizeof before, "%Y-%m-%d", gmtime_r(&time, &at));
  return strcmp(c->date, day) == 0 || strcmp(c->date, before) == 0;
}

/* Is the compiler a stable one of the version "1.99.1", whatever the last number is? */
static bool is_stable(const struct cargo_compiler *c, const char *version) {
  const char *last = strrchr(version, '.');
  size_t n = last != NULL ? (size_t)(last + 1 - version) : strlen(version);
  return strchr(c->release, '-') == NULL && strncmp(c->release, version, n) == 0;
}

/* 99 of "1.99.1". */
static long minor_of(const char *version) {
  const char *dot = strchr(version, '.');
  return dot != NULL ? strtol(dot + 1, NULL, 10) : 0;
}

/* What is known of a compiler. */
struct support {
  bool listed;   /* it is one of those that the sources were tested with */
  bool older;    /* than all of these */
  char all[512]; /* their names */
};

static void read_support(const char *list, const struct cargo_compiler *c, struct support *s) {
  char line[64];
  long oldest = LONG_MAX;
  size_t n = 0;
  *s = (struct support){.listed = false};
  FILE *f = fopen(list, "re");
  while (f != NULL && n < sizeof s->all && fgets(line, sizeof line, f) != NULL) {
    line[strcspn(line, "\n")] = 0;
    bool nightly = strncmp(line, "nightly-", 8) == 0;
    s->listed |= nightly ? is_nightly_of(c, line + 8) : is_stable(c, line);
    if (!nightly && minor_of(line) < oldest) oldest = minor_of(line);
    char *last = strrchr(line, '.');
    if (!nightly && last != NULL) *last = 0;
    n += (size_t)snprintf(s->all + n, sizeof s->all - n, "%s%s", n != 0 ? ", " : "", line);
  }
  if (f != NULL) fclose(f);
  s->older = minor_of(c->release) < oldest;
}

/* Does the toolchain have the component that has the compiler's own libraries? */
static bool has_component(const struct cargo_compiler *c) {
  char there[PATH_MAX];
  int n = snprintf(there, sizeof there, "%s/lib/rustlib/rustc-src", c->root);
  return n < PATH_MAX && access(there, F_OK) == 0;
}

/* Is the toolchain in rustup's folder of toolchains? */
static bool is_rustups(const struct cargo_compiler *c) {
  char folder[PATH_MAX];
  snprintf(folder, sizeof folder, "%s", c->root);
  char *last = strrchr(folder, '/');
  if (last == NULL) return false;
  *last = 0;
  last = strrchr(folder, '/');
  return last != NULL && strcmp(last, "/toolchains") == 0;
}

/* Can the code generator be built for a compiler, as far as it can be said before a download? False: why not. */
static bool takes(const struct cargo_compiler *c, struct sources *from, struct support *support,
                  char why[CARGO_WHY_SIZE]) {
  char host[64];
  snprintf(host, sizeof host, "%s-unknown-linux-gnu", processor());
  if (strcmp(c->host, host) != 0) {
    snprintf(why, CARGO_WHY_SIZE, "rustc's code generator is for %s, not %s", host, c->host);
    return false;
  }
  if (!find_sources(from, why)) return false;
  read_support(from->toolchains, c, support);
  if (!support->listed && support->older)
    snprintf(why, CARGO_WHY_SIZE,
             "rustc %s of %s is not supported, only %s and newer ones; kiln cargo builds with the "
             "shim",
             c->release, c->date, support->all);
  else if (c->found != RUSTC_ROOT_FOUND)
    snprintf(why, CARGO_WHY_SIZE, "%.512s is not a toolchain's rustc", c->program);
  else if (!has_component(c) && !is_rustups(c))
    snprintf(why, CARGO_WHY_SIZE, "%.512s has no component rustc-dev, and is not rustup's",
             c->root);
  else return true;
  return false;
}

bool cargo_backend_offer(char **words, char command[CARGO_WHY_SIZE]) {
  struct cargo_compiler c;
  struct sources from;
  struct support support;
  char why[CARGO_WHY_SIZE];
  if (!cargo_compiler_ask(words, true, &c) || !takes(&c, &from, &support, why)) return false;
  bool chooses = words[0] != NULL && words[1] != NULL && words[1][0] == '+';
  snprintf(command, CARGO_WHY_SIZE, "kiln cargo %s%s--setup", chooses ? words[1] : "",
           chooses ? " " : "");
  return true;
}

/* ---- building ---- */

/* What is built, and for which compiler. */
struct plan {
  const struct cargo_compiler *compiler;
  struct sources from;
  struct support support;
};

/* Adds the component that has the compiler's own libraries, unless it is there. */
static int add_component(const struct cargo_compiler *c) {
  if (has_component(c)) return TOOL_OK;
  const char *add[] = {"rustup",    "component", "add", "--toolchain", strrchr(c->root, '/') + 1,
                       "rustc-dev", NULL};
  if (run(add, NULL, false) == 0 && has_component(c)) return TOOL_OK;
  if (ended == 0)
    tool_error("cargo --setup: %s has no component rustc-dev, and rustup did not add it", c->root);
  return TOOL_FAILED;
}

/* Removes what the user has set for other builds. */
static void clear_settings(void) {
  static const char *const prefixes[] = {"CARGO", "RUSTC", "RUSTFLAGS", "RUSTDOC"};
  for (char **e = environ; *e != NULL;) {
    char name[256];
    bool ours = false;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
      ours |= strncmp(*e, prefixes[i], strlen(prefixes[i])) == 0;
    size_t n = strcspn(*e, "=");
    if (ours && n < sizeof name) {
      snprintf(name, sizeof name, "%.*s", (int)n, *e);
      unsetenv(name); /* the next one takes its place */
    } else {
      e++;
    }
  }
}

/* The folder `levels` above the file. */
static void go_up(char *path, unsigned levels) {
  while (levels-- > 0) *strrchr(path, '/') = 0;
}

/* Copies the lines of a file that contain a text to standard error, up to a number of them. How many there are. */
static unsigned show_lines(const char *path, const char *text, unsigned most) {
  FILE *f = fopen(path, "re");
  char *line = NULL;
  size_t room = 0;
  unsigned n = 0;
  while (f != NULL && getline(&line, &room, f) > 0)
    if (strstr(line, text) != NULL && n++ < most) fprintf(stderr, "    %s", line);
  free(line);
  if (f != NULL) fclose(f);
  return n;
}

/* Says which calls of rustc's differ, by the compiler's messages about the sources, a line each. */
static void report_errors(const struct cargo_compiler *c, const char *said) {
  enum { SHOWN = 12, SOME = 40 };
  unsigned n = show_lines(said, ": error", SHOWN);
  if (n > SHOWN) fprintf(stderr, "    and %u more\n", n - SHOWN);
  if (n == 0) show_lines(said, "", SOME);
  tool_error("cargo --setup: rustc %s of %s has another interface for code generators, in these "
             "places; kiln cargo builds with the shim",
             c->release, c->date);
}

/* Sets what cargo and the driver need in their environment. No configuration is read: cargo has an empty home. False:
 * a path is too long. */
static bool set_environment(const struct plan *p, const char *folder) {
  char rustc[PATH_MAX], home[PATH_MAX], own[PATH_MAX], library[PATH_MAX], header[PATH_MAX];
  const char *root = p->compiler->root;
  if (snprintf(rustc, sizeof rustc, "%s/bin/rustc", root) >= PATH_MAX ||
      snprintf(own, sizeof own, "%s/lib", root) >= PATH_MAX ||
      snprintf(home, sizeof home, "%s/home", folder) >= PATH_MAX)
    return false;
  strcpy(library, p->from.library);
  strcpy(header, p->from.header);
  go_up(library, 1);
  go_up(header, 2);
  clear_settings();
  unsetenv("CC"); /* the build script runs it as a program, and `ccache gcc` is two words */
  setenv("CARGO_HOME", home, 1);
  setenv("LD_LIBRARY_PATH", own,
         1); /* as rustup sets it: rustc-dev has a part of rustc's libraries elsewhere */
  setenv("RUSTC", rustc, 1);
  setenv("RUSTC_BOOTSTRAP", "1", 1); /* rustc's own libraries are unstable interfaces */
  setenv("KILN_LIBRARY", library, 1);
  setenv("KILN_INCLUDE", header, 1);
  return true;
}

/* Has cargo compile in `folder`. It needs no network, since the sources have no dependencies. What it says about a
 * compiler that is not listed goes to a file, of which the errors are printed. */
static int compile(const struct plan *p, const char *folder) {
  char cargo[PATH_MAX], said[PATH_MAX];
  const struct cargo_compiler *c = p->compiler;
  if (!set_environment(p, folder) ||
      snprintf(cargo, sizeof cargo, "%s/bin/cargo", c->root) >= PATH_MAX ||
      snprintf(said, sizeof said, "%s/said", folder) >= PATH_MAX)
    return TOOL_FAILED;
  const char *build[] = {access(cargo, X_OK) == 0 ? cargo : "cargo",
                         "build",
                         "--release",
                         "--locked",
                         "--offline",
                         "--manifest-path",
                         p->from.manifest,
                         "--target-dir",
                         folder,
                         p->support.listed ? NULL : "--message-format=short",
                         NULL};
  if (run(build, p->support.listed ? NULL : said, false) == 0) return TOOL_OK;
  if (ended != 0) return TOOL_FAILED;
  if (p->support.listed) tool_error("cargo --setup: cargo could not build the code generator");
  else report_errors(c, said);
  return TOOL_FAILED;
}

/* Has the driver compile the program smoke.rs in `folder`, where it was built, once as it is and once with inlining,
 * and runs it. Kiln compiles all units of it, and the program checks its results. */
static int try_out(const struct plan *p, const char *folder) {
  static const char *const inlining[] = {"", "small"};
  char driver[PATH_MAX], source[PATH_MAX], program[PATH_MAX], units[PATH_MAX], said[PATH_MAX];
  strcpy(source, p->from.manifest);
  go_up(source, 1);
  size_t n = strlen(source);
  if (snprintf(source + n, sizeof source - n, "/smoke.rs") >= (int)(sizeof source - n) ||
      snprintf(driver, sizeof driver, "%s/release/" CARGO_DRIVER, folder) >= PATH_MAX ||
      snprintf(program, sizeof program, "%s/smoke", folder) >= PATH_MAX ||
      snprintf(units, sizeof units, "%s/units", folder) >= PATH_MAX ||
      snprintf(said, sizeof said, "%s/said", folder) >= PATH_MAX)
    return TOOL_FAILED;
  unsetenv("RUSTC_BOOTSTRAP");
  setenv("KILN_LOG", units, 1);
  for (size_t i = 0; i < sizeof inlining / sizeof *inlining; i++) {
    const char *compiles[] = {driver, "--edition=2024", "-g", source, "-o", program, NULL},
               *runs[] = {program, NULL}, *what = "compile it";
    setenv("KILN_INLINE", inlining[i], 1);
    int status = run(compiles, said, false);
    if (status == 0) {
      status = run(runs, said, false);
      what = "run it";
    }
    bool by_kiln = show_lines(units, "compiled by LLVM", 8) == 0;
    if (status == 0 && by_kiln) continue;
    if (ended != 0) return TOOL_FAILED;
    show_lines(said, "", 20);
    if (status == 0)
      tool_error("cargo --setup: for rustc %s, LLVM compiles the test program smoke.rs; "
                 "kiln cargo builds with the shim",
                 p->compiler->release);
    else
      tool_error("cargo --setup: the test program smoke.rs fails with rustc %s%s: status %d of the "
                 "command to %s; kiln cargo builds with the shim",
                 p->compiler->release, i != 0 ? " and inlining" : "", status, what);
    return TOOL_FAILED;
  }
  return TOOL_OK;
}

/* Moves library and driver from where cargo has made them to `folder`, in one step. */
static bool publish(const char *made, const char *folder) {
  static const char *const files[] = {CARGO_LIBRARY, CARGO_DRIVER};
  char from[PATH_MAX], to[PATH_MAX], whole[PATH_MAX];
  if (snprintf(whole, sizeof whole, "%s/whole", made) >= PATH_MAX || mkdir(whole, 0700) != 0)
    return false;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    if (snprintf(from, sizeof from, "%s/release/%s", made, files[i]) >= PATH_MAX ||
        snprintf(to, sizeof to, "%s/%s", whole, files[i]) >= PATH_MAX || rename(from, to) != 0)
      return false;
  if (access(folder, F_OK) == 0) remove_folder(folder); /* it is not whole, or others can write */
  return rename(whole, folder) == 0;
}

/* Removes those for this compiler that other Kilns have built, and what setups that were killed have left. */
static void remove_others(const char *all, const char *folder, bool only_unfinished) {
  char old[PATH_MAX];
  const char *name = strrchr(folder, '/') + 1;
  size_t commit = (size_t)(strrchr(name, '-') + 1 - name);
  DIR *d = opendir(all);
  for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
    bool unfinished = strncmp(e->d_name, "rustc-", 6) == 0 && strchr(e->d_name, '.') != NULL;
    bool others =
      !only_unfinished && strncmp(e->d_name, name, commit) == 0 && strcmp(e->d_name, name) != 0;
    if ((unfinished || others) && snprintf(old, sizeof old, "%s/%s", all, e->d_name) < PATH_MAX)
      remove_folder(old);
  }
  if (d != NULL) closedir(d);
}

/* Builds, in the locked folder `all`. */
static int build(const struct plan *p, const char *all, const char *folder) {
  const struct cargo_compiler *c = p->compiler;
  char made[PATH_MAX], library[PATH_MAX];
  if (cargo_backend_is_in(folder, library)) {
    fprintf(stderr, "kiln: rustc %s already has its code generator: %s\n", c->release, library);
    return TOOL_OK;
  }
  remove_others(all, folder, true);
  int status = add_component(c);
  if (status != TOOL_OK) return status;
  if (snprintf(made, sizeof made, "%s.%jd", folder, (intmax_t)getpid()) >= PATH_MAX ||
      mkdir(made, 0700) != 0) {
    tool_error("cargo --setup: %s: %s", made, strerror(errno));
    return TOOL_FAILED;
  }
  if (!p->support.listed)
    fprintf(stderr,
            "kiln: rustc %s of %s is none that Kiln was tested with (%s): it is tried now, "
            "which takes a minute or two\n",
            c->release, c->date, p->support.all);
  status = compile(p, made);
  if (status == TOOL_OK && !p->support.listed) status = try_out(p, made);
  if (status == TOOL_OK && (!publish(made, folder) || !cargo_backend_is_in(folder, library))) {
    tool_error("cargo --setup: %s: %s", folder, strerror(errno));
    status = TOOL_FAILED;
  }
  remove_folder(made);
  if (status != TOOL_OK) return status;
  remove_others(all, folder, false);
  fprintf(stderr, "kiln: rustc %s has its code generator: %s\n", c->release, library);
  return TOOL_OK;
}

/* ---- the command ---- */

/* Locks a folder, which it makes. The descriptor; -1: the folder cannot be made, or a signal has ended the setup.
 * Another setup that ends may remove the folder: then there is a new one. */
static int lock(char *all) {
  for (struct stat locked, there; ended == 0;) {
    if (!cargo_cache_make(all)) return -1;
    int fd = open(all, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) continue;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      fprintf(stderr, "kiln: another kiln cargo --setup is at work; this one waits\n");
      while (flock(fd, LOCK_EX) != 0 && errno == EINTR && ended == 0) continue;
    }
    if (ended == 0 && fstat(fd, &locked) == 0 && stat(all, &there) == 0 &&
        locked.st_ino == there.st_ino && locked.st_dev == there.st_dev)
      return fd;
    close(fd);
  }
  return -1;
}

/* Builds at the first place of the cache where a folder can be made. */
static int set_up(const struct plan *p) {
  char folder[PATH_MAX], all[PATH_MAX];
  for (unsigned i = 0; i < CARGO_CACHE_PLACES && ended == 0; i++) {
    if (!cargo_backend_folder(i, p->compiler, folder)) continue;
    snprintf(all, sizeof all, "%.*s", (int)(strrchr(folder, '/') - folder), folder);
    int fd = lock(all);
    if (fd < 0) continue;
    int status = build(p, all, folder);
    if (status != TOOL_OK) rmdir(all); /* if nothing is in it */
    close(fd);
    return status;
  }
  if (ended == 0)
    tool_error("cargo --setup: there is no folder for the library: set XDG_CACHE_HOME to a "
               "writable folder");
  return TOOL_FAILED;
}

/* What else shortens the way from an edit to the tests, which is the project's own choice. */
static void offer(char **words) {
  bool chooses = words[1] != NULL;
  fprintf(stderr,
          "kiln: shorter builds after an edit, if you want them; the page debug-builds.md says "
          "what each gains and costs:\n"
          "    Cargo.toml:    [profile.dev]\n"
          "                   debug = \"line-tables-only\"\n"
          "    to build by:   kiln cargo %s%s--dynamic-deps test\n",
          chooses ? words[1] : "", chooses ? " " : "");
}

int cargo_backend_setup(char **words) {
  struct cargo_compiler c;
  struct plan plan = {.compiler = &c};
  char why[CARGO_WHY_SIZE];
  const char *more = words[1] != NULL && words[1][0] == '+' ? words[2] : words[1];
  if (more != NULL)
    return tool_usage("cargo: --setup takes no more than +TOOLCHAIN: kiln cargo +nightly --setup");
  if (!cargo_compiler_ask(words, false, &c)) {
    tool_error("cargo --setup: `%s -vV` does not name its commit and host; run it to see why",
               c.program);
    return TOOL_FAILED;
  }
  if (!takes(&c, &plan.from, &plan.support, why)) {
    tool_error("cargo --setup: %s", why);
    return TOOL_FAILED;
  }
  handle_signals();
  int status = set_up(&plan);
  if (status == TOOL_OK) offer(words);
  return ended != 0 ? 128 + ended : status;
}
