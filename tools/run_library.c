/* Shared libraries and variables for `kiln run` and `kiln interp`. Development packages have libNAME.so, which is a
 * link to the library, or a script for the linker; others have libNAME.so.VERSION alone, which dlopen does not find by
 * NAME. */
#define _GNU_SOURCE /* strverscmp, dladdr */
#include "run.h"
#include "tool.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Why the first file that exists could not be loaded; empty: none exists. */
struct trouble {
  char text[1024];
};

/* Loads a file by dlopen, which searches for it if the name has no slash. */
static bool load(const char *path, struct trouble *t) {
  if (strchr(path, '/') != NULL && access(path, F_OK) != 0) return false;
  if (dlopen(path, RTLD_NOW | RTLD_GLOBAL) != NULL) return true;
  const char *why = dlerror();
  /* The file does not exist, or is a linker script: go on searching. */
  bool other = why == NULL || strstr(why, "cannot open shared object file") != NULL ||
               strstr(why, "invalid ELF header") != NULL || strstr(why, "file too short") != NULL;
  if (!other && t->text[0] == 0) snprintf(t->text, sizeof t->text, "%s", why);
  return false;
}

/* The newest libNAME.so.VERSION of a folder. */
static bool load_version(const char *folder, const char *name, struct trouble *t) {
  char start[NAME_MAX + 1], best[NAME_MAX + 1] = "", path[PATH_MAX];
  int n = snprintf(start, sizeof start, "lib%s.so.", name);
  DIR *d = n > 0 && (size_t)n < sizeof start ? opendir(folder) : NULL;
  if (d == NULL) return false;
  for (const struct dirent *e; (e = readdir(d)) != NULL;) {
    if (strncmp(e->d_name, start, (size_t)n) != 0 || strverscmp(e->d_name, best) <= 0) continue;
    snprintf(best, sizeof best, "%s", e->d_name);
  }
  closedir(d);
  if (best[0] == 0) return false;
  n = snprintf(path, sizeof path, "%s/%s", folder, best);
  return n > 0 && (size_t)n < sizeof path && load(path, t);
}

static bool load_from(const char *folder, const char *name, bool file, struct trouble *t) {
  char path[PATH_MAX];
  int n = snprintf(path, sizeof path, file ? "%s/%s" : "%s/lib%s.so", folder, name);
  if (n > 0 && (size_t)n < sizeof path && load(path, t)) return true;
  return !file && load_version(folder, name, t);
}

/* The system's folders: that of its C library, the same in /usr, and what is installed by hand. */
static bool load_from_system(const char *name, bool file, struct trouble *t) {
  char path[PATH_MAX] = "", usr[PATH_MAX + 8];
  int n = snprintf(path, sizeof path, file ? "%s" : "lib%s.so", name);
  if (n > 0 && (size_t)n < sizeof path && load(path, t)) return true;
  Dl_info info;
  if (dladdr(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info) != 0 && info.dli_fname != NULL)
    snprintf(path, sizeof path, "%s", info.dli_fname);
  char *slash = strrchr(path, '/');
  if (slash != NULL) {
    *slash = 0;
    snprintf(usr, sizeof usr, "/usr%s", path);
    if (load_from(path, name, file, t) || load_from(usr, name, file, t)) return true;
  }
  return load_from("/usr/local/lib", name, file, t);
}

/* Says why a library could not be loaded. */
static void report(const char *name, const struct trouble *t) {
  bool file = name[0] == ':', path = strchr(name, '/') != NULL;
  if (t->text[0] != 0) tool_error("-l %s: %s", name, t->text);
  else if (path)
    tool_error("-l %s: %s", name,
               access(name + file, R_OK) != 0 ? strerror(errno) : "it is not a shared library");
  else if (file) tool_error("-l %s: there is no shared library of that name", name);
  else if (strstr(name, ".so") != NULL)
    tool_error("-l %s: there is no lib%s.so; to load the file %s, write -l :%s", name, name, name,
               name);
  else tool_error("-l %s: there is no shared library lib%s.so", name, name);
}

bool run_load_library(const char *name, const char *const *folders, size_t n_folders) {
  struct trouble t = {""};
  bool file = name[0] == ':', done = false;
  const char *what = name + file;
  if (strchr(what, '/') != NULL) {
    done = load(what, &t);
  } else {
    for (size_t i = 0; i < n_folders && !done; i++) done = load_from(folders[i], what, file, &t);
    if (!done) done = load_from_system(what, file, &t);
  }
  if (!done) report(name, &t);
  return done;
}

void run_set_env(const char *const *env, size_t n) {
  for (size_t i = 0; i < n; i++)
    putenv((char *)(uintptr_t)env[i]); /* they are the command line's */
}
