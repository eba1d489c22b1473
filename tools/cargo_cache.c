/* The user's folders for what `kiln cargo` makes once. */
#define _GNU_SOURCE
#include "cargo_cache.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool cargo_cache_path(unsigned i, const char *name, char out[PATH_MAX]) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"),
             *temporary = getenv("TMPDIR");
  if (temporary == NULL || temporary[0] != '/') temporary = "/tmp";
  const bool own =
    cache != NULL && cache[0] == '/'; /* then it takes the place of that in the home */
  if (i == 0 && own) return snprintf(out, PATH_MAX, "%s/kiln/%s", cache, name) < PATH_MAX;
  if (i == 1 && !own && home != NULL && home[0] == '/')
    return snprintf(out, PATH_MAX, "%s/.cache/kiln/%s", home, name) < PATH_MAX;
  return i == 2 && snprintf(out, PATH_MAX, "%s/kiln-%ju/%s", temporary, (uintmax_t)geteuid(),
                            name) < PATH_MAX;
}

bool cargo_cache_owned(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
         (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool cargo_cache_make(char *path) {
  char *last = path;
  for (char *c = path + 1; *c != 0; c++) {
    if (*c != '/') continue;
    *c = 0;
    mkdir(path, 0700);
    *c = '/';
    last = c;
  }
  /* whoever may write to the folder above could put another one in its place */
  *last = 0;
  bool ok = last == path || cargo_cache_owned(path);
  if (last != path) *last = '/';
  return ok && (mkdir(path, 0700) == 0 || errno == EEXIST) && cargo_cache_owned(path);
}

bool cargo_cache_write(const char *folder, const char *name, const void *bytes, size_t n) {
  char path[PATH_MAX];
  return snprintf(path, sizeof path, "%s/%s", folder, name) < PATH_MAX &&
         cargo_cache_replace(path, bytes, n);
}

bool cargo_cache_replace(const char *path, const void *bytes, size_t n) {
  char other[PATH_MAX];
  if (snprintf(other, sizeof other, "%s.%jd", path, (intmax_t)getpid()) >= PATH_MAX) return false;
  FILE *f = fopen(other, "we");
  if (f == NULL) return false;
  bool ok = fwrite(bytes, 1, n, f) == n;
  ok &= fclose(f) == 0;
  if (ok && rename(other, path) == 0) return true;
  unlink(other);
  return false;
}
