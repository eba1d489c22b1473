/* Variables that are handed on out of sight: carried.h. */
#define _GNU_SOURCE
#include "carried.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

#define CARRIED "KILN_SHIM_CARRIED"
#define LIBRARIES "LD_LIBRARY_PATH"

/* ---- reading ---- */

/* Lines NAME=VALUE, each of which ends with NUL; NULL: nothing is carried. */
static char *carried;
static size_t carried_size;

const char *tool_variable(const char *name) {
  size_t n = strlen(name);
  for (const char *line = carried; line < carried + carried_size; line += strlen(line) + 1)
    if (strncmp(line, name, n) == 0 && line[n] == '=') return line + n + 1;
  return getenv(name);
}

void tool_carried_take(void) {
  const char *packed = getenv(CARRIED);
  char *copy = packed != NULL ? strdup(packed) : NULL;
  if (copy == NULL) return;
  carried_size = strlen(copy);
  for (char *c = copy; *c != 0; c++)
    if (*c == '\n') *c = 0;
  carried = copy;
  unsetenv(CARRIED);
  const char *libraries = tool_variable(LIBRARIES);
  if (libraries == NULL || libraries == getenv(LIBRARIES)) return;
  if (libraries[0] != 0) setenv(LIBRARIES, libraries, 1);
  else unsetenv(LIBRARIES);
}

/* Sets a variable of Kiln's from a text "NAME=VALUE", which is the same afterwards; no value: it is removed. */
static void apply(char *line) {
  char *value = strchr(line, '=');
  if (value == NULL || strncmp(line, "KILN_", 5) != 0) return;
  *value = 0;
  if (value[1] != 0) setenv(line, value + 1, 1);
  else unsetenv(line);
  *value = '=';
}

void tool_carried_apply(void) {
  for (char *line = carried; line < carried + carried_size; line += strlen(line) + 1) apply(line);
  carried_size = 0;
}

/* ---- environments ---- */

char **tool_environment_keep(void) {
  size_t n = 0;
  while (environ[n] != NULL) n++;
  char **kept = malloc((n + 1) * sizeof *kept);
  if (kept != NULL) memcpy(kept, environ, (n + 1) * sizeof *kept);
  return kept;
}

static size_t name_length(const char *entry) { return strcspn(entry, "="); }

/* The entry "NAME=VALUE" of a name of `n` bytes; NULL: there is none. */
static char *entry_of(char **list, const char *name, size_t n) {
  for (; *list != NULL; list++)
    if (strncmp(*list, name, n) == 0 && (*list)[n] == '=') return *list;
  return NULL;
}

static bool is_kilns(const char *entry) { return strncmp(entry, "KILN_", 5) == 0; }

/* Is it a variable that each run of a command has for itself? */
static bool is_of_run(const char *entry) {
  return strncmp(entry, "KILN_LOG=", 9) == 0 || strncmp(entry, "KILN_STATS=", 11) == 0 ||
         strncmp(entry, "KILN_DYNAMIC_DEPS=", 18) == 0;
}

enum what { ALL, OF_RUN, OTHERS };

static bool is_wanted(const char *entry, enum what what) {
  return is_kilns(entry) && (what == ALL || is_of_run(entry) == (what == OF_RUN));
}

/* Kiln's variables that have changed since `kept`, each with `end` after it; one that is gone is empty. */
static char *changes(char **kept, enum what what, char end, size_t *size) {
  char *text = NULL;
  FILE *f = open_memstream(&text, size);
  if (f == NULL) return NULL;
  for (char **e = environ; *e != NULL; e++) {
    const char *before = entry_of(kept, *e, name_length(*e));
    if (is_wanted(*e, what) && (before == NULL || strcmp(before, *e) != 0))
      fprintf(f, "%s%c", *e, end);
  }
  for (char **e = kept; *e != NULL; e++)
    if (is_wanted(*e, what) && entry_of(environ, *e, name_length(*e)) == NULL)
      fprintf(f, "%.*s=%c", (int)name_length(*e), *e, end);
  if (fclose(f) == 0) return text;
  free(text);
  return NULL;
}

static bool is_shown(const char *entry, const char *const *shown) {
  for (; *shown != NULL; shown++)
    if (strlen(*shown) == name_length(entry) && strncmp(entry, *shown, strlen(*shown)) == 0)
      return true;
  return false;
}

/* "KILN_SHIM_CARRIED=" with all that is carried. $LD_LIBRARY_PATH is what it was before: the shim puts that back. */
static char *carried_entry(char **kept) {
  size_t size;
  char *text = changes(kept, ALL, '\n', &size), *entry = NULL;
  const char *libraries = entry_of(kept, LIBRARIES, strlen(LIBRARIES));
  const char *now = getenv(LIBRARIES),
             *before = libraries != NULL ? strchr(libraries, '=') + 1 : "";
  bool changed = strcmp(now != NULL ? now : "", before) != 0;
  if (text != NULL && asprintf(&entry, CARRIED "=%s%s%s%s", text, changed ? LIBRARIES "=" : "",
                               changed ? before : "", changed ? "\n" : "") < 0)
    entry = NULL;
  free(text);
  return entry;
}

char **tool_environment_for(char **kept, const char *const *shown, bool carry) {
  size_t n = 0, most = 2;
  for (char **e = kept; *e != NULL; e++) most++;
  for (char **e = environ; *e != NULL; e++) most++;
  char **out = malloc(most * sizeof *out);
  if (out == NULL) return NULL;
  for (char **e = kept; *e != NULL; e++)
    if (!is_shown(*e, shown)) out[n++] = *e;
  for (char **e = environ; *e != NULL; e++)
    if (is_shown(*e, shown)) out[n++] = *e;
  if (carry && (out[n] = carried_entry(kept)) != NULL) n++;
  out[n] = NULL;
  return out;
}

/* ---- files ---- */

char *tool_carried_text(char **kept, bool of_run, unsigned long *size) {
  return changes(kept, of_run ? OF_RUN : OTHERS, 0, size);
}

/* Sets the variables of a file, if it is there. */
static bool read_file(const char *path) {
  enum { MOST = 1 << 16 };
  static char text[MOST + 1];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  ssize_t n = read(fd, text, MOST);
  close(fd);
  for (char *line = text, *end = text + (n > 0 ? n : 0); line < end; line += strlen(line) + 1)
    apply(line);
  return true;
}

/* The parent of a process, and the time at which the process started, in the kernel's units; 0: there is no such
 * process. proc(5): the fourth and the twenty-second word of its line, of which the second is a name in parentheses.
 * The line is that of the main thread: of /proc/PID/stat, qemu-user shows its own program a line with another time. */
static pid_t parent_of(pid_t process, unsigned long long *start) {
  char path[64], line[1024];
  int parent = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)process, (int)process);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read(fd, line, sizeof line - 1) : -1;
  if (fd >= 0) close(fd);
  line[n > 0 ? n : 0] = 0;
  const char *rest = strrchr(line, ')');
  if (rest == NULL || sscanf(rest, ") %*c %d", &parent) != 1) return 0;
  for (unsigned word = 2; word < 22 && rest != NULL; word++) rest = strchr(rest + 1, ' ');
  *start = rest != NULL ? strtoull(rest, NULL, 10) : 0;
  return parent;
}

static bool run_file(const char *folder, pid_t process, unsigned long long start,
                     char out[PATH_MAX]) {
  return snprintf(out, PATH_MAX, "%s/run.%d.%llu", folder, (int)process, start) < PATH_MAX;
}

bool tool_carried_run(const char *folder, char out[PATH_MAX]) {
  unsigned long long start;
  return parent_of(getpid(), &start) > 0 && run_file(folder, getpid(), start, out);
}

void tool_carried_read(const char *folder) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/settings", folder) >= PATH_MAX || !read_file(path)) return;
  unsigned long long start;
  for (pid_t process = getppid(), parent; process > 1; process = parent) {
    if ((parent = parent_of(process, &start)) == 0) return;
    if (run_file(folder, process, start, path) && read_file(path)) return;
  }
}
