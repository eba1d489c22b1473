/* Shared libraries for `kiln run -l`. Development packages have libNAME.so, which is a link to the library,
 * or a script for the linker; others have libNAME.so.VERSION alone, which dlopen does not find by NAME. */
#define _GNU_SOURCE /* strverscmp, dladdr */
#include "run.h"
#include "tool.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
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
  if (done) return true;
  if (t.text[0] != 0) tool_error("-l %s: %s", name, t.text);
  else tool_error("-l %s: there is no such shared library", name);
  return false;
}
