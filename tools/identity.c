/* Who makes objects: a hash of the content of Kiln's programs, and the variables that bear on objects. To read the
 * programs takes 5 ms for each compilation, so their hashes are kept in the cache (cargo_answers.h). */
#define _GNU_SOURCE
#include "beside.h"
#include "cargo_answers.h"
#include "carried.h"
#include "settings.h"

#include <fcntl.h>
#include <inttypes.h>
#include <kiln/kiln.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* Where the parts are that decide about objects: beside the program, or where they are installed. */
static const char *const parts[][2] = {
  {"kiln-rustc", "../bin/kiln-rustc"},
  {"libkiln-shim.so", "../lib/kiln/libkiln-shim.so"},
};

/* FNV-1a, in words of eight bytes. */
static uint64_t add_bytes(uint64_t hash, const uint8_t *bytes, size_t n) {
  for (uint64_t word; n > 0; bytes += sizeof word) {
    size_t some = n < sizeof word ? n : sizeof word;
    word = 0;
    memcpy(&word, bytes, some);
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 29;
    n -= some;
  }
  return hash;
}

/* Was the file written some time ago? Another write within a tick of the clock cannot be seen by its time. */
static bool settled(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && time(NULL) - st.st_ctim.tv_sec > 2;
}

/* A hash of the file's content. `keep`: it is kept, if the whole file could be read and is settled. */
static uint64_t file_hash(const char *path, bool keep) {
  static const size_t size = 1 << 16;
  char text[24];
  uint64_t about = cargo_answer_about_file(cargo_answer_about(TOOL_HASH, "content"), path);
  uint64_t hash = TOOL_HASH;
  if (cargo_answer_kept(about, text, sizeof text)) return strtoull(text, NULL, 16);
  uint8_t *bytes = malloc(size);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = -1;
  while (fd >= 0 && bytes != NULL && (n = read(fd, bytes, size)) > 0)
    hash = add_bytes(hash, bytes, (size_t)n);
  keep = keep && n == 0 && settled(fd);
  if (fd >= 0) close(fd);
  free(bytes);
  snprintf(text, sizeof text, "%016" PRIx64, hash);
  if (keep) cargo_answer_keep(about, text);
  return hash;
}

static uint64_t add_file(uint64_t hash, const char *path, bool keep) {
  uint64_t content = file_hash(path, keep);
  return add_bytes(hash, (const uint8_t *)&content, sizeof content);
}

static uint64_t parts_hash(bool keep) {
  uint64_t hash = TOOL_HASH;
  char path[PATH_MAX];
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (tool_beside(parts[i][0], path) || tool_beside(parts[i][1], path))
      hash = add_file(hash, path, keep);
  return hash;
}

uint64_t tool_parts_hash(void) { return parts_hash(false); }

/* Does "NAME=VALUE" bear on objects? The compiler that $KILN_RUSTC names has a version of its own. */
static bool changes_objects(const char *setting) {
  static const char *const others[] = {"KILN_LOG=", "KILN_STATS=", "KILN_RUSTC=", "KILN_SHIM_",
                                       "KILN_DYNAMIC_DEPS="};
  if (strncmp(setting, "KILN_", 5) != 0 || strchr(setting, '=') == NULL ||
      strchr(setting, '=')[1] == 0)
    return false;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strncmp(setting, others[i], strlen(others[i])) == 0) return false;
  return true;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void tool_identity(char out[TOOL_IDENTITY_SIZE]) {
  enum { MOST = 64 };
  const char *set[MOST];
  size_t n = 0;
  for (char **e = environ; *e != NULL && n < MOST; e++)
    if (changes_objects(*e)) set[n++] = *e;
  qsort(set, n, sizeof *set, by_name);
  uint32_t v = kiln_version();
  uint64_t hash = parts_hash(true);
  const char *backend = tool_backend();
  if (backend != NULL) hash = add_file(hash, backend, true);
  int at = snprintf(out, TOOL_IDENTITY_SIZE, "Kiln %u.%u.%u (%016" PRIx64 "), %s", v / 1000000,
                    v / 1000 % 1000, v % 1000, hash, backend != NULL ? "rustc" : "shim");
  for (size_t i = 0; i < n && at < TOOL_IDENTITY_SIZE - 1; i++)
    at += snprintf(out + at, TOOL_IDENTITY_SIZE - (size_t)at, ", %s", set[i]);
  for (char *c = out; *c != 0; c++)
    if (*c == '\n') *c = ' '; /* it is one line */
}
