/* Finds and builds the library by which Kiln is rustc's code generator. It fits one build of rustc, and belongs to one
 * Kiln: its folder is named by the compiler's commit and the hash of Kiln's programs. */
#define _GNU_SOURCE
#include "cargo_backend.h"
#include "beside.h"
#include "cargo_cache.h"
#include "cargo_config.h"
#include "settings.h"
#include "tool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBRARY "librustc_codegen_kiln.so"

extern char **environ;

/* ---- programs ---- */

/* Runs a program; `out`, if it is not NULL, gets the beginning of what it prints, and its messages are dropped. Its
 * exit status; 127 if it cannot be run. */
static int run(const char *const *argv, char *out, size_t size) {
  int ends[2] = {-1, -1}, status = 0;
  pid_t child;
  posix_spawn_file_actions_t actions;
  if (out != NULL && pipe2(ends, O_CLOEXEC) != 0) return 127;
  posix_spawn_file_actions_init(&actions);
  if (out != NULL) {
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  }
  int error = posix_spawnp(&child, argv[0], &actions, NULL, (char **)(uintptr_t)argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (out != NULL) {
    size_t at = 0;
    close(ends[1]);
    for (ssize_t n;
         error == 0 && at < size - 1 && (n = read(ends[0], out + at, size - 1 - at)) > 0;)
      at += (size_t)n;
    out[at] = 0;
    close(ends[0]);
  }
  if (error != 0) return 127;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- the compiler ---- */

struct compiler {
  char program[PATH_MAX];
  char commit[64], release[64], host[64];
};

/* The rest of the line that begins with `name`, in the text of `rustc -vV`. False: there is none, or it is no word. */
static bool line_of(const char *text, const char *name, char *out, size_t size) {
  const char *at = strstr(text, name);
  if (at == NULL || (at != text && at[-1] != '\n')) return false;
  at += strlen(name);
  size_t n = strcspn(at, "\n");
  if (n == 0 || n >= size || memchr(at, '/', n) != NULL) return false;
  memcpy(out, at, n);
  out[n] = 0;
  return true;
}

/* Asks the compiler that cargo will run. */
static bool ask_compiler(char **words, struct compiler *c) {
  char text[4096];
  if (words[0] != NULL && words[1] != NULL && words[1][0] == '+')
    setenv("RUSTUP_TOOLCHAIN", words[1] + 1, 1); /* as rustup's cargo does */
  if (!cargo_config_program(words, "RUSTC", "build.rustc", c->program))
    snprintf(c->program, sizeof c->program, "rustc");
  const char *argv[] = {c->program, "-vV", NULL};
  return run(argv, text, sizeof text) == 0 &&
         line_of(text, "commit-hash: ", c->commit, sizeof c->commit) &&
         strspn(c->commit, "0123456789abcdef") == 40 && /* "unknown", if a distribution built it */
         line_of(text, "release: ", c->release, sizeof c->release) &&
         line_of(text, "host: ", c->host, sizeof c->host);
}

/* ---- the library that is there ---- */

static void to_folder(char path[PATH_MAX]) { *strrchr(path, '/') = 0; }

/* Writes the path of the folder of the library for a compiler, in the cache at the place `i`. */
static bool folder_for(unsigned i, const struct compiler *c, char out[PATH_MAX]) {
  char name[128];
  int n = snprintf(name, sizeof name, "rustc-%s-%016" PRIx64, c->commit, tool_parts_hash());
  return (size_t)n < sizeof name && cargo_cache_path(i, name, out);
}

/* How many entries of a folder begin with a word. */
static unsigned count(const char *folder, const char *word) {
  unsigned n = 0;
  DIR *d = cargo_cache_owned(folder) ? opendir(folder) : NULL;
  for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
    n += e->d_name[0] != '.' && strncmp(e->d_name, word, strlen(word)) == 0;
  if (d != NULL) closedir(d);
  return n;
}

static bool library_for(unsigned i, const struct compiler *c, char out[PATH_MAX]) {
  char folder[PATH_MAX];
  return folder_for(i, c, folder) && cargo_cache_owned(folder) &&
         snprintf(out, PATH_MAX, "%s/" LIBRARY, folder) < PATH_MAX && access(out, R_OK) == 0;
}

/* Uses the library in the cache. The compiler is asked only if there is one for some compiler. */
static void use_cached(char **words) {
  char all[PATH_MAX], library[PATH_MAX], name[80];
  struct compiler c = {.commit = ""};
  unsigned others = 0;
  for (unsigned i = 0; i < CARGO_CACHE_PLACES; i++) {
    if (!cargo_cache_path(i, "rustc", all)) continue;
    to_folder(all);
    if (count(all, "rustc-") == 0) continue;
    if (c.commit[0] == 0 && !ask_compiler(words, &c))
      return; /* cargo will say what is wrong with it */
    if (library_for(i, &c, library)) {
      setenv("KILN_BACKEND", library, 1);
      return;
    }
    snprintf(name, sizeof name, "rustc-%s-", c.commit);
    others += count(all, name);
  }
  if (others != 0)
    tool_warning("cargo: the code generator for rustc %s is not used: it belongs to another Kiln, "
                 "or other users can write to its folder; kiln cargo --setup builds it again",
                 c.release);
}

int cargo_backend_choose(char **words) {
  const char *named = getenv("KILN_BACKEND");
  char path[PATH_MAX];
  if (named == NULL || named[0] == 0) {
    use_cached(words);
    return TOOL_OK;
  }
  if (realpath(named, path) == NULL) {
    tool_error("cargo: KILN_BACKEND: %s: %s", named, strerror(errno));
    return TOOL_FAILED;
  }
  setenv("KILN_BACKEND", path, 1);
  return TOOL_OK;
}

/* ---- building it ---- */

/* A file that is beside the program when it is not installed, or at one of the places where it is. */
static bool find(const char *const *places, const char *what, char out[PATH_MAX]) {
  char found[PATH_MAX];
  for (; *places != NULL; places++)
    if (tool_beside(*places, found) && realpath(found, out) != NULL) return true;
  tool_error("cargo --setup: there is no %s", what);
  return false;
}

/* The component that has the compiler's own libraries. */
static int add_component(const struct compiler *c, char sysroot[PATH_MAX]) {
  char there[PATH_MAX];
  const char *ask[] = {c->program, "--print=sysroot", NULL};
  if (run(ask, sysroot, PATH_MAX) != 0 || strchr(sysroot, '/') == NULL) {
    tool_error("cargo --setup: `%s --print=sysroot` prints no path", c->program);
    return TOOL_FAILED;
  }
  sysroot[strcspn(sysroot, "\n")] = 0;
  int n = snprintf(there, sizeof there, "%s/lib/rustlib/rustc-src", sysroot);
  if ((size_t)n < sizeof there && access(there, F_OK) == 0) return TOOL_OK;
  const char *add[] = {"rustup",    "component", "add", "--toolchain", strrchr(sysroot, '/') + 1,
                       "rustc-dev", NULL};
  if (run(add, NULL, 0) == 0 && access(there, F_OK) == 0) return TOOL_OK;
  tool_error("cargo --setup: %s has no component rustc-dev, and rustup did not add it", sysroot);
  return TOOL_FAILED;
}

/* Has cargo compile the library in `target`. Nothing that the user has set for other builds applies. */
static int compile(const char *sysroot, const char *target) {
  static const char *const sources[] = {"../integrations/rustc/Cargo.toml",
                                        "../share/kiln/rustc/Cargo.toml", NULL},
                           *const headers[] = {"../include/kiln/kiln.h", NULL},
                           *const libraries[] = {"libkiln.a", "../lib/x86_64-linux-gnu/libkiln.a",
                                                 "../lib/libkiln.a", "../lib64/libkiln.a", NULL},
                           *const others[] = {"RUSTC_WRAPPER",
                                              "RUSTC_WORKSPACE_WRAPPER",
                                              "RUSTFLAGS",
                                              "CARGO_ENCODED_RUSTFLAGS",
                                              "CARGO_BUILD_TARGET",
                                              "CARGO_BUILD_RUSTFLAGS",
                                              "CARGO",
                                              "CARGO_BUILD_RUSTC_WRAPPER"};
  char manifest[PATH_MAX], header[PATH_MAX], library[PATH_MAX], rustc[PATH_MAX];
  if (!find(sources, "source of rustc's code generator", manifest) ||
      !find(headers, "header kiln/kiln.h", header) ||
      !find(libraries, "libkiln.a (Debian: libkiln-dev)", library))
    return TOOL_FAILED;
  if (snprintf(rustc, sizeof rustc, "%s/bin/rustc", sysroot) >= PATH_MAX) return TOOL_FAILED;
  to_folder(library);
  to_folder(header);
  to_folder(header);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) unsetenv(others[i]);
  setenv("RUSTC", rustc, 1);
  setenv("RUSTC_BOOTSTRAP", "1", 1); /* rustc's own libraries are unstable interfaces */
  setenv("KILN_LIBRARY", library, 1);
  setenv("KILN_INCLUDE", header, 1);
  const char *build[] = {"cargo",  "build",        "--release", "--locked", "--manifest-path",
                         manifest, "--target-dir", target,      NULL};
  if (run(build, NULL, 0) == 0) return TOOL_OK;
  tool_error("cargo --setup: cargo could not build the code generator");
  return TOOL_FAILED;
}

static void remove_folder(const char *path) {
  const char *argv[] = {"rm", "-rf", "--", path, NULL};
  run(argv, NULL, 0);
}

/* Those for this compiler that other Kilns have built; what is being built has a dot in its name. */
static void remove_others(const char *folder) {
  char all[PATH_MAX], old[PATH_MAX];
  const char *name = strrchr(folder, '/') + 1;
  size_t commit = (size_t)(strrchr(name, '-') + 1 - name);
  snprintf(all, sizeof all, "%.*s", (int)(name - 1 - folder), folder);
  DIR *d = opendir(all);
  for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
    if (strncmp(e->d_name, name, commit) == 0 && strcmp(e->d_name, name) != 0 &&
        strchr(e->d_name, '.') == NULL &&
        snprintf(old, sizeof old, "%s/%s", all, e->d_name) < PATH_MAX)
      remove_folder(old);
  if (d != NULL) closedir(d);
}

/* Builds in a folder beside the one where the library will be, which then appears at once. */
static int build(const struct compiler *c, char folder[PATH_MAX]) {
  char sysroot[PATH_MAX], target[PATH_MAX], made[PATH_MAX], library[PATH_MAX];
  int status = add_component(c, sysroot);
  if (status != TOOL_OK) return status;
  if (snprintf(target, sizeof target, "%s.%jd", folder, (intmax_t)getpid()) >= PATH_MAX ||
      snprintf(library, sizeof library, "%s/" LIBRARY, folder) >= PATH_MAX)
    return TOOL_FAILED;
  status = compile(sysroot, target);
  if (status == TOOL_OK &&
      (snprintf(made, sizeof made, "%s/release/" LIBRARY, target) >= PATH_MAX ||
       rename(made, library) != 0)) {
    tool_error("cargo --setup: %s: %s", library, strerror(errno));
    status = TOOL_FAILED;
  }
  remove_folder(target);
  if (status != TOOL_OK) return status;
  remove_others(folder);
  fprintf(stderr, "kiln: rustc %s has its code generator: %s\n", c->release, library);
  return TOOL_OK;
}

int cargo_backend_setup(char **words) {
  struct compiler c;
  char folder[PATH_MAX];
  const char *more = words[1] != NULL && words[1][0] == '+' ? words[2] : words[1];
  if (more != NULL)
    return tool_usage("cargo: --setup takes no more than +TOOLCHAIN: kiln cargo --setup +nightly");
  if (!ask_compiler(words, &c)) {
    tool_error("cargo --setup: `%s -vV` does not name its commit and host", c.program);
    return TOOL_FAILED;
  }
  if (strcmp(c.host, "x86_64-unknown-linux-gnu") != 0) {
    tool_error("cargo --setup: rustc's code generator is for x86_64-unknown-linux-gnu, not %s",
               c.host);
    return TOOL_FAILED;
  }
  for (unsigned i = 0; i < CARGO_CACHE_PLACES; i++)
    if (folder_for(i, &c, folder) && cargo_cache_make(folder)) return build(&c, folder);
  tool_error(
    "cargo --setup: there is no folder for the library: set XDG_CACHE_HOME to a writable folder");
  return TOOL_FAILED;
}
