/* Which toolchain a compiler is of, found out by where it is. */
#define _GNU_SOURCE
#include "rustc_root.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_executable(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* As execvp looks for it. */
static bool look_up(const char *program, char out[PATH_MAX]) {
  if (strchr(program, '/') != NULL)
    return snprintf(out, PATH_MAX, "%s", program) < PATH_MAX && is_executable(out);
  const char *list = getenv("PATH");
  for (const char *end; list != NULL; list = *end != 0 ? end + 1 : NULL) {
    end = strchrnul(list, ':');
    int size = snprintf(out, PATH_MAX, "%.*s/%s", (int)(end - list), list, program);
    if (end > list && size < PATH_MAX && is_executable(out)) return true;
  }
  return false;
}

/* Is the program, whose path has no links, rustup? Its names are links of either kind to it. */
static bool is_rustup(const char *path) {
  char beside[PATH_MAX];
  struct stat program, rustup;
  const char *slash = strrchr(path, '/');
  if (strncmp(slash + 1, "rustup", 6) == 0) return true;
  int n = snprintf(beside, sizeof beside, "%.*s/rustup", (int)(slash - path), path);
  return n < PATH_MAX && stat(path, &program) == 0 && stat(beside, &rustup) == 0 &&
         program.st_dev == rustup.st_dev && program.st_ino == rustup.st_ino;
}

/* The toolchain that $RUSTUP_TOOLCHAIN names, as rustup sets it for what it runs: a folder of its own, or any. */
static bool rustup_root(char out[PATH_MAX]) {
  const char *name = getenv("RUSTUP_TOOLCHAIN"), *all = getenv("RUSTUP_HOME"),
             *home = getenv("HOME");
  char path[PATH_MAX];
  int n;
  if (name == NULL || name[0] == 0) return false;
  if (name[0] == '/') n = snprintf(path, sizeof path, "%s", name);
  else if (all != NULL && all[0] == '/')
    n = snprintf(path, sizeof path, "%s/toolchains/%s", all, name);
  else n = snprintf(path, sizeof path, "%s/.rustup/toolchains/%s", home != NULL ? home : "", name);
  return n < PATH_MAX && realpath(path, out) != NULL;
}

enum rustc_root rustc_root_of(const char *program, char out[PATH_MAX]) {
  char path[PATH_MAX], real[PATH_MAX], libraries[PATH_MAX];
  if (!look_up(program, path) || realpath(path, real) == NULL) return RUSTC_ROOT_OTHER;
  if (is_rustup(real)) return rustup_root(out) ? RUSTC_ROOT_FOUND : RUSTC_ROOT_CHOSEN;
  char *slash = strrchr(real, '/');
  if (strcmp(slash, "/rustc") != 0) return RUSTC_ROOT_OTHER;
  *slash = 0;
  slash = strrchr(real, '/');
  if (slash == NULL || strcmp(slash, "/bin") != 0) return RUSTC_ROOT_OTHER;
  *slash = 0;
  int n = snprintf(libraries, sizeof libraries, "%s/lib/rustlib", real);
  if (n >= PATH_MAX || access(libraries, F_OK) != 0) return RUSTC_ROOT_OTHER;
  snprintf(out, PATH_MAX, "%s", real);
  return RUSTC_ROOT_FOUND;
}
