/* Variables of the environment, read in one place, and what they make of objects. */
#include "settings.h"
#include "carried.h"
#include "system.h"

bool tool_stress_parse(const char *word, uint64_t *out) {
  char *end;
  errno = 0;
  *out = strtoull(word, &end, 10);
  return word[0] >= '0' && word[0] <= '9' && *end == 0 && errno == 0 && *out != 0;
}

bool tool_settings_read(struct tool_settings *out, char why[TOOL_WHY_SIZE]) {
  *out = (struct tool_settings){.opt_level = 0};
  if (!tool_inlining_wanted(&out->inlining)) {
    snprintf(
      why, TOOL_WHY_SIZE,
      "KILN_INLINE: bad value '%.64s': small, must, foreign, or the most instructions, up to 10000",
      tool_variable("KILN_INLINE"));
    return false;
  }
  const char *unknown = tool_variable("KILN_UNKNOWN"), *level = tool_variable("KILN_OPT_LEVEL");
  if (unknown != NULL && unknown[0] != 0 && strcmp(unknown, "drop") != 0 &&
      strcmp(unknown, "refuse") != 0) {
    snprintf(why, TOOL_WHY_SIZE, "KILN_UNKNOWN: bad value '%.64s': drop or refuse", unknown);
    return false;
  }
  const char *variables = tool_variable("KILN_VARIABLES");
  if (variables != NULL && variables[0] != 0 && strcmp(variables, "own") != 0 &&
      strcmp(variables, "all") != 0) {
    snprintf(why, TOOL_WHY_SIZE, "KILN_VARIABLES: bad value '%.64s': own or all", variables);
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
  int n = tool_system_is_absolute(name) || folder == NULL
            ? snprintf(path, sizeof path, "%s", name)
            : snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = -1;
  errno = ENAMETOOLONG;
  if (n < PATH_MAX) fd = open(path, O_WRONLY | O_CREAT | O_APPEND | KN_OPEN, 0666);
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

/* ---- what others ask ---- */

uint64_t tool_hash_text(uint64_t hash, const char *text) {
  for (; *text != 0; text++) hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
  return hash;
}

const char *tool_backend(void) {
  const char *path = tool_variable("KILN_BACKEND");
  return path != NULL && path[0] != 0 ? path : NULL;
}
