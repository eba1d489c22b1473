/* Finds the library by which Kiln is rustc's code generator, and the driver, rustc with that library inside. They fit
 * one build of rustc, and belong to one Kiln: their folder is named by the compiler's commit and the hash of Kiln's
 * programs. cargo_setup.c builds them. */
#define _GNU_SOURCE
#include "cargo_backend.h"
#include "cargo_answers.h"
#include "cargo_cache.h"
#include "cargo_config.h"
#include "rustc_root.h"
#include "settings.h"
#include "tool.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the compiler ---- */

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

/* Adds the files that name a toolchain, in a folder and those above it, which are cut off, to a hash. */
static uint64_t about_folders(uint64_t about, char folder[PATH_MAX]) {
  static const char *const names[] = {"rust-toolchain", "rust-toolchain.toml"};
  char path[PATH_MAX + 32];
  for (char *slash = folder; slash != NULL;) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
      snprintf(path, sizeof path, "%s/%s", folder, names[i]);
      about = cargo_answer_about_file(about, path);
    }
    slash = strrchr(folder, '/');
    if (slash != NULL) *slash = 0;
  }
  return about;
}

/* What rustup's choice of a toolchain depends on: variables, its settings, and files in this folder and those above. */
static uint64_t about_choice(void) {
  static const char *const variables[] = {"PATH", "HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"};
  static const char *const names[] = {"settings.toml", "toolchains"};
  const char *all = getenv("RUSTUP_HOME"), *home = getenv("HOME");
  char here[PATH_MAX], path[PATH_MAX];
  if (getcwd(here, sizeof here) == NULL) return 0;
  uint64_t about = cargo_answer_about(TOOL_HASH, here);
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
    about = cargo_answer_about(about, getenv(variables[i]));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    int n = all != NULL ? snprintf(path, sizeof path, "%s/%s", all, names[i])
                        : snprintf(path, sizeof path, "%s/.rustup/%s", home ? home : "", names[i]);
    if (n >= PATH_MAX) return 0;
    about = cargo_answer_about_file(about, path);
  }
  return about_folders(cargo_answer_about_file(about, "/etc/rustup/settings.toml"), here);
}

/* What the answers of a toolchain's compiler depend on: the program, and the folder of its libraries. */
static uint64_t about_toolchain(const char *root) {
  static const char *const names[] = {"bin/rustc", "lib"};
  char path[PATH_MAX + 16];
  uint64_t about = TOOL_HASH;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/%s", root, names[i]);
    about = cargo_answer_about_file(about, path);
  }
  return about;
}

/* Fills in the toolchain's folder. Never RUSTC_ROOT_CHOSEN: rustup is asked. */
static void find_root(struct cargo_compiler *c, bool keep) {
  char text[PATH_MAX];
  c->found = rustc_root_of(c->program, c->root);
  if (c->found != RUSTC_ROOT_CHOSEN) return;
  c->found = RUSTC_ROOT_OTHER;
  if (!cargo_answer(keep ? about_choice() : 0, c->program, "--print=sysroot", text, sizeof text))
    return;
  text[strcspn(text, "\n")] = 0;
  if (realpath(text, c->root) != NULL) c->found = RUSTC_ROOT_FOUND;
}

bool cargo_compiler_ask(char **words, bool keep, struct cargo_compiler *c) {
  char text[4096];
  if (words[0] != NULL && words[1] != NULL && words[1][0] == '+')
    setenv("RUSTUP_TOOLCHAIN", words[1] + 1, 1); /* as rustup's cargo does */
  if (!cargo_config_program(words, "RUSTC", "build.rustc", c->program))
    snprintf(c->program, sizeof c->program, "rustc");
  find_root(c, keep);
  uint64_t about = keep && c->found == RUSTC_ROOT_FOUND ? about_toolchain(c->root) : 0;
  return cargo_answer(about, c->program, "-vV", text, sizeof text) &&
         line_of(text, "commit-hash: ", c->commit, sizeof c->commit) &&
         strspn(c->commit, "0123456789abcdef") == 40 && /* "unknown", if a distribution built it */
         line_of(text, "commit-date: ", c->date, sizeof c->date) &&
         line_of(text, "release: ", c->release, sizeof c->release) &&
         line_of(text, "host: ", c->host, sizeof c->host);
}

/* ---- the library that is there ---- */

bool cargo_backend_folder(unsigned i, const struct cargo_compiler *c, char out[PATH_MAX]) {
  char name[128];
  int n = snprintf(name, sizeof name, "rustc-%s-%016" PRIx64, c->commit, tool_parts_hash());
  return (size_t)n < sizeof name && cargo_cache_path(i, name, out);
}

bool cargo_backend_is_in(const char *folder, char library[PATH_MAX]) {
  char driver[PATH_MAX];
  return cargo_cache_owned(folder) &&
         snprintf(library, PATH_MAX, "%s/" CARGO_LIBRARY, folder) < PATH_MAX &&
         access(library, R_OK) == 0 &&
         snprintf(driver, sizeof driver, "%s/" CARGO_DRIVER, folder) < PATH_MAX &&
         access(driver, X_OK) == 0;
}

/* How many folders of libraries begin with a word. What is being built has a dot in its name. */
static unsigned count(const char *folder, const char *word) {
  char path[PATH_MAX];
  unsigned n = 0;
  DIR *d = cargo_cache_owned(folder) ? opendir(folder) : NULL;
  for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
    n += strncmp(e->d_name, word, strlen(word)) == 0 && strchr(e->d_name, '.') == NULL &&
         snprintf(path, sizeof path, "%s/%s/" CARGO_LIBRARY, folder, e->d_name) < PATH_MAX &&
         access(path, F_OK) == 0;
  if (d != NULL) closedir(d);
  return n;
}

/* Has kiln-rustc run the driver beside the library in place of the compilers of this toolchain. */
static void use(const char *library, const struct cargo_compiler *c) {
  setenv("KILN_BACKEND", library, 1);
  setenv("KILN_SHIM_ROOT", c->root, 1);
}

/* Uses the library in the cache. The compiler is asked only if there is one for some compiler. */
static void use_cached(char **words) {
  char all[PATH_MAX], folder[PATH_MAX], library[PATH_MAX], name[80], command[CARGO_WHY_SIZE];
  struct cargo_compiler c = {.commit = ""};
  unsigned others = 0;
  for (unsigned i = 0; i < CARGO_CACHE_PLACES; i++) {
    if (!cargo_cache_path(i, "rustc", all)) continue;
    *strrchr(all, '/') = 0;
    if (count(all, "rustc-") == 0) continue;
    /* cargo will say what is wrong with the compiler; a script may add what only it knows */
    if (c.commit[0] == 0 && (!cargo_compiler_ask(words, true, &c) || c.found != RUSTC_ROOT_FOUND))
      return;
    if (cargo_backend_folder(i, &c, folder) && cargo_backend_is_in(folder, library)) {
      use(library, &c);
      return;
    }
    snprintf(name, sizeof name, "rustc-%s-", c.commit);
    others += count(all, name);
  }
  if (others == 0) return;
  bool offered = cargo_backend_offer(words, command);
  tool_warning("cargo: the code generator for rustc %s is not used: it belongs to another Kiln, "
               "or other users can write to its folder%s%s%s",
               c.release, offered ? "; " : "", offered ? command : "",
               offered ? " builds it again" : "");
}

/* Uses the library that $KILN_BACKEND names. */
static int use_named(char **words, const char *named) {
  char library[PATH_MAX], driver[PATH_MAX], text[4096], commit[64];
  struct cargo_compiler c;
  if (realpath(named, library) == NULL) {
    tool_error("cargo: KILN_BACKEND: %s: %s", named, strerror(errno));
    return TOOL_FAILED;
  }
  int n = snprintf(driver, sizeof driver, "%.*s/" CARGO_DRIVER,
                   (int)(strrchr(library, '/') - library), library);
  if (n >= PATH_MAX || access(driver, X_OK) != 0) {
    tool_error("cargo: KILN_BACKEND: there is no program " CARGO_DRIVER " beside %s", library);
    return TOOL_FAILED;
  }
  if (!cargo_compiler_ask(words, true, &c) || c.found != RUSTC_ROOT_FOUND) {
    tool_error("cargo: KILN_BACKEND: %s is not a toolchain's rustc", c.program);
    return TOOL_FAILED;
  }
  uint64_t about = about_toolchain(c.root);
  about = cargo_answer_about_file(cargo_answer_about_file(about, driver), library);
  if (!cargo_answer(about, driver, "-vV", text, sizeof text) ||
      !line_of(text, "commit-hash: ", commit, sizeof commit) || strcmp(commit, c.commit) != 0) {
    tool_error("cargo: KILN_BACKEND: %s is not for rustc %s (%s)", driver, c.release, c.commit);
    return TOOL_FAILED;
  }
  use(library, &c);
  return TOOL_OK;
}

int cargo_backend_choose(char **words) {
  const char *named = getenv("KILN_BACKEND");
  unsetenv("KILN_SHIM_ROOT");
  if (named != NULL && named[0] != 0) return use_named(words, named);
  use_cached(words);
  return TOOL_OK;
}
