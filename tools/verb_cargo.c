/* `kiln cargo`: cargo with kiln-rustc around its compiler. It ends with what LLVM compiled, if anything, and with
 * $KILN_STATS with a table of what was compiled by whom, and what it cost. */
#define _GNU_SOURCE
#include "cargo_config.h"
#include "settings.h"
#include "stats.h"
#include "tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- kiln-rustc, by a name that says what it makes ---- */

/* The folders in which it may have such names, in order: the user's cache, and one for programs without a home. */
static bool cache_folder(unsigned i, char out[PATH_MAX]) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"),
             *temporary = getenv("TMPDIR");
  if (temporary == NULL || temporary[0] != '/') temporary = "/tmp";
  if (i == 0 && cache != NULL && cache[0] == '/')
    return snprintf(out, PATH_MAX, "%s/kiln", cache) < PATH_MAX;
  if (i == 1 && home != NULL && home[0] == '/')
    return snprintf(out, PATH_MAX, "%s/.cache/kiln", home) < PATH_MAX;
  return i == 2 &&
         snprintf(out, PATH_MAX, "%s/kiln-%ju", temporary, (uintmax_t)geteuid()) < PATH_MAX;
}

/* Makes a folder and those above it. False: it cannot, or the folder belongs to another user. */
static bool make_folder(char *path) {
  struct stat st;
  for (char *c = path + 1; *c != 0; c++) {
    if (*c != '/') continue;
    *c = 0;
    mkdir(path, 0777);
    *c = '/';
  }
  return (mkdir(path, 0700) == 0 || errno == EEXIST) && lstat(path, &st) == 0 &&
         S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Has `folder`/`name` be a symbolic link to `target`. Others may do the same at the same time. */
static bool make_link(const char *folder, const char *name, const char *target,
                      char out[PATH_MAX]) {
  char there[PATH_MAX], other[PATH_MAX];
  if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX) return false;
  ssize_t n = readlink(out, there, sizeof there - 1);
  if (n > 0 && (size_t)n == strlen(target) && strncmp(there, target, (size_t)n) == 0) return true;
  if (snprintf(other, sizeof other, "%s.%jd", out, (intmax_t)getpid()) >= PATH_MAX) return false;
  unlink(other);
  return symlink(target, other) == 0 && rename(other, out) == 0;
}

/* Cargo asks a compiler for its version, which has Kiln's identity (settings.h), once for each name, and keeps the
 * answer. So kiln-rustc gets a name for each identity: a link in a folder of its own. There it is `rustc`, too, as
 * sccache knows compilers by their files' names. */
static bool name_compiler(const char *kiln_rustc, const char *identity, char wrapper[PATH_MAX],
                          char rustc[PATH_MAX]) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char *c = identity; *c != 0; c++) hash = (hash ^ (uint8_t)*c) * 0x100000001b3;
  for (const char *c = kiln_rustc; *c != 0; c++) hash = (hash ^ (uint8_t)*c) * 0x100000001b3;
  char folder[PATH_MAX];
  for (unsigned i = 0; i < 3; i++) {
    if (!cache_folder(i, folder)) continue;
    size_t n = strlen(folder);
    bool ok = make_folder(folder) && n + 18 < PATH_MAX;
    if (ok) snprintf(folder + n, PATH_MAX - n, "/%016" PRIx64, hash);
    if (ok && make_folder(folder) && make_link(folder, "kiln-rustc", kiln_rustc, wrapper) &&
        make_link(folder, "rustc", kiln_rustc, rustc))
      return true;
  }
  tool_error(
    "cargo: no folder for links to kiln-rustc: set XDG_CACHE_HOME to one that can be written to");
  return false;
}

/* ---- the compiler and its wrapper ---- */

/* Is the program kiln-rustc, by this name or another one? */
static bool is_ours(const char *program, const char *kiln_rustc) {
  char real[PATH_MAX];
  if (strchr(program, '/') == NULL) return strcmp(program, "kiln-rustc") == 0;
  return realpath(program, real) != NULL && strcmp(real, kiln_rustc) == 0;
}

/* Has cargo call kiln-rustc with the compiler that the project names: as its wrapper; or, where the project has a
 * wrapper, a cache say, in the compiler's place. */
static bool set_compiler(char **words) {
  char beside[PATH_MAX], kiln_rustc[PATH_MAX], as_wrapper[PATH_MAX], as_rustc[PATH_MAX],
    name[PATH_MAX];
  char identity[TOOL_IDENTITY_SIZE];
  if ((!tool_beside("kiln-rustc", beside) && !tool_beside("../bin/kiln-rustc", beside)) ||
      realpath(beside, kiln_rustc) == NULL) {
    tool_error("cargo: there is no kiln-rustc beside kiln");
    return false;
  }
  tool_identity("shim", identity);
  if (!name_compiler(kiln_rustc, identity, as_wrapper, as_rustc)) return false;
  setenv("CARGO_KILN", identity, 1); /* sccache has CARGO_* in its keys */
  if (!cargo_config_program(words, "RUSTC_WRAPPER", "build.rustc-wrapper", name) ||
      is_ours(name, kiln_rustc)) {
    setenv("RUSTC_WRAPPER", as_wrapper, 1);
    return true;
  }
  if (cargo_config_program(words, "RUSTC", "build.rustc", name) && !is_ours(name, kiln_rustc))
    setenv("KILN_RUSTC", name, 1);
  setenv("RUSTC", as_rustc, 1);
  return true;
}

/* ---- the command line ---- */

/* --inline or --inline=SIZE: what follows the name, "" or "=SIZE". NULL: another word. */
static const char *inline_option(const char *word) {
  static const char option[] = "--inline";
  const char *rest = word + sizeof option - 1;
  return strncmp(word, option, sizeof option - 1) == 0 && (rest[0] == 0 || rest[0] == '=') ? rest
                                                                                           : NULL;
}

/* Takes --inline, in front of cargo's words, out of the command line. */
static int take_inline(int *argc, char **argv) {
  struct tool_inlining inlining;
  const char *rest = *argc > 1 ? inline_option(argv[1]) : NULL;
  if (rest != NULL) {
    const char *size = rest[0] == '=' ? rest + 1 : "small";
    int bad = tool_parse_inline(size, &inlining);
    if (bad != TOOL_OK) return bad;
    setenv("KILN_INLINE", size, 1);
    memmove(argv + 1, argv + 2, (size_t)--*argc * sizeof *argv);
  }
  for (int i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++)
    if (inline_option(argv[i]) != NULL)
      return tool_usage("cargo: %s is Kiln's option and stands first: kiln cargo %s %s", argv[i],
                        argv[i], argv[1]);
  return TOOL_OK;
}

int verb_cargo(int argc, char **argv) {
  int bad = take_inline(&argc, argv);
  if (bad != TOOL_OK) return bad;
  if (!tool_settings_begin("cargo")) return TOOL_USAGE;
  if (!set_compiler(argv)) return TOOL_FAILED;
  const char *cargo = getenv("CARGO");
  bool chooses =
    argc > 1 &&
    argv[1][0] == '+'; /* which rustup's cargo understands; $CARGO may be the one behind it */
  if (chooses || cargo == NULL || cargo[0] == 0) cargo = "cargo";
  argv[0] = (char *)(uintptr_t)cargo; /* exec's type has no const */
  return stats_run("cargo", argv);
}
