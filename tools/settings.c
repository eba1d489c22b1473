/* Variables of the environment, read in one place, and what they make of objects. */
#define _GNU_SOURCE
#include "settings.h"
#include "beside.h"
#include "carried.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

bool tool_stress_parse(const char *word, uint64_t *out) {
  char *end;
  errno = 0;
  *out = strtoull(word, &end, 10);
  return word[0] >= '0' && word[0] <= '9' && *end == 0 && errno == 0 && *out != 0;
}

bool tool_settings_read(struct tool_settings *out, char why[TOOL_WHY_SIZE]) {
  *out = (struct tool_settings){.opt_level = 0};
  if (!tool_inlining_wanted(&out->inlining)) {
    snprintf(why, TOOL_WHY_SIZE,
             "KILN_INLINE: bad value '%.64s': small, must, or the most instructions, up to 10000",
             tool_variable("KILN_INLINE"));
    return false;
  }
  const char *unknown = tool_variable("KILN_UNKNOWN"), *level = tool_variable("KILN_OPT_LEVEL");
  if (unknown != NULL && unknown[0] != 0 && strcmp(unknown, "drop") != 0 &&
      strcmp(unknown, "refuse") != 0) {
    snprintf(why, TOOL_WHY_SIZE, "KILN_UNKNOWN: bad value '%.64s': drop or refuse", unknown);
    return false;
  }
  const char *seed = tool_variable("KILN_STRESS");
  if (seed != NULL && seed[0] != 0 && !tool_stress_parse(seed, &out->stress)) {
    snprintf(why, TOOL_WHY_SIZE, "KILN_STRESS: bad value '%.64s': a decimal number other than 0",
             seed);
    return false;
  }
  if (level == NULL || level[0] == 0) return true;
  if (level[0] < '0' || level[0] > '3' || level[1] != 0) {
    snprintf(why, TOOL_WHY_SIZE, "KILN_OPT_LEVEL: bad value '%.64s': 0, 1, 2 or 3", level);
    return false;
  }
  out->opt_level = level[0] - '0';
  return true;
}

/* ---- files ---- */

/* What `kiln stats` and its relatives take for a request of a table, not a file (stats.h). */
static bool names_file(const char *variable, const char *value) {
  return value != NULL && value[0] != 0 &&
         (strcmp(variable, "KILN_STATS") != 0 || strcmp(value, "1") != 0);
}

static void settle_file(const char *variable, const char *folder, tool_refused_file_fn *refused) {
  const char *name = tool_variable(variable);
  char path[PATH_MAX], here[PATH_MAX];
  if (!names_file(variable, name)) return;
  if (folder == NULL) folder = getcwd(here, sizeof here);
  int n = name[0] == '/' || folder == NULL ? snprintf(path, sizeof path, "%s", name)
                                           : snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = -1;
  errno = ENAMETOOLONG;
  if (n < PATH_MAX) fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) {
    refused(variable, path, strerror(errno));
    unsetenv(variable);
    return;
  }
  close(fd);
  setenv(variable, path, 1);
}

void tool_settings_files(const char *folder, tool_refused_file_fn *refused) {
  settle_file("KILN_LOG", folder, refused);
  settle_file("KILN_STATS", folder, refused);
}

/* ---- identity ---- */

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

static uint64_t add_file(uint64_t hash, const char *path) {
  static const size_t size = 1 << 16;
  uint8_t *bytes = malloc(size);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  for (ssize_t n; fd >= 0 && bytes != NULL && (n = read(fd, bytes, size)) > 0;)
    hash = add_bytes(hash, bytes, (size_t)n);
  if (fd >= 0) close(fd);
  free(bytes);
  return hash;
}

uint64_t tool_hash_text(uint64_t hash, const char *text) {
  for (; *text != 0; text++) hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
  return hash;
}

uint64_t tool_parts_hash(void) {
  uint64_t hash = TOOL_HASH;
  char path[PATH_MAX];
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (tool_beside(parts[i][0], path) || tool_beside(parts[i][1], path))
      hash = add_file(hash, path);
  return hash;
}

/* Does "NAME=VALUE" bear on objects? The compiler that $KILN_RUSTC names has a version of its own. */
static bool changes_objects(const char *setting) {
  static const char *const others[] = {"KILN_LOG=", "KILN_STATS=", "KILN_RUSTC=", "KILN_SHIM_"};
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

const char *tool_backend(void) {
  const char *path = tool_variable("KILN_BACKEND");
  return path != NULL && path[0] != 0 ? path : NULL;
}

static uint64_t contents_hash(void) {
  uint64_t hash = tool_parts_hash();
  const char *backend = tool_backend();
  return backend != NULL ? add_file(hash, backend) : hash;
}

#define CONTENTS "KILN_SHIM_CONTENTS"

void tool_identity_carry(void) {
  char text[24];
  snprintf(text, sizeof text, "%016" PRIx64, contents_hash());
  setenv(CONTENTS, text, 1);
}

void tool_identity(char out[TOOL_IDENTITY_SIZE]) {
  enum { MOST = 64 };
  const char *set[MOST];
  size_t n = 0;
  for (char **e = environ; *e != NULL && n < MOST; e++)
    if (changes_objects(*e)) set[n++] = *e;
  qsort(set, n, sizeof *set, by_name);
  uint32_t v = kiln_version();
  const char *known = getenv(CONTENTS);
  uint64_t hash = known != NULL ? strtoull(known, NULL, 16) : contents_hash();
  int at = snprintf(out, TOOL_IDENTITY_SIZE, "Kiln %u.%u.%u (%016" PRIx64 "), %s", v / 1000000,
                    v / 1000 % 1000, v % 1000, hash, tool_backend() != NULL ? "rustc" : "shim");
  for (size_t i = 0; i < n && at < TOOL_IDENTITY_SIZE - 1; i++)
    at += snprintf(out + at, TOOL_IDENTITY_SIZE - (size_t)at, ", %s", set[i]);
  for (char *c = out; *c != 0; c++)
    if (*c == '\n') *c = ' '; /* it is one line */
}
