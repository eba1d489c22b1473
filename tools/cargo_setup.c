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

/* Runs a program in the root folder, when a signal has ended the setup only if it `cleans`. Its exit status; 127 if it
 * cannot be run, 128 and the signal's number if the signal has kept it from running. */
static int run(const char *const *argv, bool cleans) {
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
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  int error =
    posix_spawnp(&child, argv[0], &actions, &attributes, (char **)(uintptr_t)argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  running = error == 0 ? child : 0;
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (error != 0) return 127;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  running = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void remove_folder(const char *path) {
  const char *argv[] = {"rm", "-rf", "--", path, NULL};
  run(argv, true);
}

/* ---- what is supported ---- */

/* A file that is beside the program when it is not installed, or at one of the places where it is. */
static bool find(const char *const *places, const char *what, char out[PATH_MAX]) {
  char found[PATH_MAX];
  for (; *places != NULL; places++)
    if (tool_beside(*places, found) && realpath(found, out) != NULL) return true;
  tool_error("cargo --setup: there is no %s", what);
  return false;
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

/* Is the compiler one of those that the sources fit? False after a message. */
static bool is_supported(const struct cargo_compiler *c) {
  static const char *const places[] = {"../integrations/rustc/rust-toolchains",
                                       "../share/kiln/rustc/rust-toolchains", NULL};
  char path[PATH_MAX], line[64], all[512] = "";
  bool supported = false;
  if (!find(places, "source of rustc's code generator", path)) return false;
  FILE *f = fopen(path, "re");
  while (f != NULL && !supported && fgets(line, sizeof line, f) != NULL) {
    line[strcspn(line, "\n")] = 0;
    bool nightly = strncmp(line, "nightly-", 8) == 0;
    supported = nightly ? is_nightly_of(c, line + 8) : is_stable(c, line);
    char *last = strrchr(line, '.');
    if (!nightly && last != NULL) *last = 0;
    size_t n = strlen(all);
    snprintf(all + n, sizeof all - n, "%s%s", n != 0 ? ", " : "", line);
  }
  if (f != NULL) fclose(f);
  if (!supported)
    tool_error("cargo --setup: rustc %s of %s is not supported, only %s; kiln cargo builds with "
               "the shim",
               c->release, c->date, all);
  return supported;
}

/* ---- building ---- */

/* Adds the component that has the compiler's own libraries, unless it is there. */
static int add_component(const struct cargo_compiler *c) {
  char there[PATH_MAX];
  int n = snprintf(there, sizeof there, "%s/lib/rustlib/rustc-src", c->root);
  if (n < PATH_MAX && access(there, F_OK) == 0) return TOOL_OK;
  const char *add[] = {"rustup",    "component", "add", "--toolchain", strrchr(c->root, '/') + 1,
                       "rustc-dev", NULL};
  if (run(add, false) == 0 && n < PATH_MAX && access(there, F_OK) == 0) return TOOL_OK;
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

/* Has cargo compile in `folder`. No configuration is read: cargo has an empty home, and runs in the root folder. It
 * needs no network, since the sources have no dependencies. */
static int compile(const struct cargo_compiler *c, const char *folder) {
  static const char *const sources[] = {"../integrations/rustc/Cargo.toml",
                                        "../share/kiln/rustc/Cargo.toml", NULL},
                           *const headers[] = {"../include/kiln/kiln.h", NULL};
  char multiarch[64];
  snprintf(multiarch, sizeof multiarch, "../lib/%s-linux-gnu/libkiln.a", processor());
  const char *const libraries[] = {"libkiln.a", multiarch, "../lib/libkiln.a", "../lib64/libkiln.a",
                                   NULL};
  char manifest[PATH_MAX], header[PATH_MAX], library[PATH_MAX], rustc[PATH_MAX], cargo[PATH_MAX];
  char home[PATH_MAX], own[PATH_MAX];
  if (!find(sources, "source of rustc's code generator", manifest) ||
      !find(headers, "header kiln/kiln.h", header) ||
      !find(libraries, "libkiln.a (Debian: libkiln-dev)", library))
    return TOOL_FAILED;
  if (snprintf(rustc, sizeof rustc, "%s/bin/rustc", c->root) >= PATH_MAX ||
      snprintf(cargo, sizeof cargo, "%s/bin/cargo", c->root) >= PATH_MAX ||
      snprintf(own, sizeof own, "%s/lib", c->root) >= PATH_MAX ||
      snprintf(home, sizeof home, "%s/home", folder) >= PATH_MAX)
    return TOOL_FAILED;
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
  const char *build[] = {access(cargo, X_OK) == 0 ? cargo : "cargo",
                         "build",
                         "--release",
                         "--locked",
                         "--offline",
                         "--manifest-path",
                         manifest,
                         "--target-dir",
                         folder,
                         NULL};
  if (run(build, false) == 0) return TOOL_OK;
  if (ended == 0) tool_error("cargo --setup: cargo could not build the code generator");
  return TOOL_FAILED;
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
static int build(const struct cargo_compiler *c, const char *all, const char *folder) {
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
  status = compile(c, made);
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
static int set_up(const struct cargo_compiler *c) {
  char folder[PATH_MAX], all[PATH_MAX];
  for (unsigned i = 0; i < CARGO_CACHE_PLACES && ended == 0; i++) {
    if (!cargo_backend_folder(i, c, folder)) continue;
    snprintf(all, sizeof all, "%.*s", (int)(strrchr(folder, '/') - folder), folder);
    int fd = lock(all);
    if (fd < 0) continue;
    int status = build(c, all, folder);
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
static void offer(void) {
  fputs("kiln: shorter builds after an edit, if you want them; the page debug-builds.md says what "
        "each gains and costs:\n"
        "    Cargo.toml:    [profile.dev]\n"
        "                   debug = \"line-tables-only\"\n"
        "    to build by:   kiln cargo --dynamic-deps test\n",
        stderr);
}

int cargo_backend_setup(char **words) {
  struct cargo_compiler c;
  const char *more = words[1] != NULL && words[1][0] == '+' ? words[2] : words[1];
  if (more != NULL)
    return tool_usage("cargo: --setup takes no more than +TOOLCHAIN: kiln cargo --setup +nightly");
  if (!cargo_compiler_ask(words, false, &c)) {
    tool_error("cargo --setup: `%s -vV` does not name its commit and host", c.program);
    return TOOL_FAILED;
  }
  char host[64];
  snprintf(host, sizeof host, "%s-unknown-linux-gnu", processor());
  if (strcmp(c.host, host) != 0) {
    tool_error("cargo --setup: rustc's code generator is for %s, not %s", host, c.host);
    return TOOL_FAILED;
  }
  if (!is_supported(&c)) return TOOL_FAILED;
  if (c.found != RUSTC_ROOT_FOUND) {
    tool_error("cargo --setup: %s is not a toolchain's rustc", c.program);
    return TOOL_FAILED;
  }
  handle_signals();
  int status = set_up(&c);
  if (status == TOOL_OK) offer();
  return ended != 0 ? 128 + ended : status;
}
