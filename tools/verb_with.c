/* `kiln with COMMAND...`: a command whose compilers load LLVM as a shared library, with the shim (integrations/llvm)
 * in all of its processes: Kiln makes the objects of debug builds. `kiln with --print-env` prints the variables that
 * say so, for build systems. It ends with what LLVM compiled, if anything, and with --stats with a table of what was
 * compiled by whom. */
#include "options.h"
#include "report.h"
#include "settings.h"
#include "stats.h"
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Variables of the environment that the shim, or a compiler that it takes over, needs. */
struct setting {
  const char *name;
  char value[PATH_MAX + 256];
};

/* Writes LD_PRELOAD's new value. False after a message. */
static bool preload(struct setting *s) {
  static const char *const places[] = {"libkiln-shim.so", "../lib/kiln/libkiln-shim.so"};
  char path[PATH_MAX];
  const char *old = getenv("LD_PRELOAD");
  size_t i = 0;
  while (i < 2 && !tool_beside(places[i], path)) i++;
  if (i == 2) {
    tool_error("with: there is no libkiln-shim.so beside the program `kiln`");
    return false;
  }
  if (strpbrk(path, " :") != NULL) {
    tool_error("with: LD_PRELOAD cannot contain this path, which has a space or a colon: %s", path);
    return false;
  }
  s->name = "LD_PRELOAD";
  bool more = old != NULL && old[0] != 0;
  snprintf(s->value, sizeof s->value, "%s%s%s", path, more ? ":" : "", more ? old : "");
  return true;
}

/* Crystal keeps objects and takes them again where the bitcode is the same, whoever made them: Kiln's are kept in a
 * folder of their own. False: the user has chosen one, or there is no home. */
static bool crystal_cache(struct setting *s) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (getenv("CRYSTAL_CACHE_DIR") != NULL) return false;
  s->name = "CRYSTAL_CACHE_DIR";
  if (cache != NULL && cache[0] == '/')
    snprintf(s->value, sizeof s->value, "%s/crystal-kiln", cache);
  else if (home != NULL && home[0] == '/')
    snprintf(s->value, sizeof s->value, "%s/.cache/crystal-kiln", home);
  else return false;
  return true;
}

/* The name of a file as the verb has settled it, whatever folder the build runs in. */
static bool file_setting(struct setting *s, const char *name) {
  const char *value = getenv(name);
  if (value == NULL || value[0] != '/') return false;
  s->name = name;
  snprintf(s->value, sizeof s->value, "%s", value);
  return true;
}

/* Prints a setting as a shell reads it. */
static void print_setting(const struct setting *s) {
  printf("export %s='", s->name);
  for (const char *c = s->value; *c != 0; c++)
    if (*c == '\'') fputs("'\\''", stdout);
    else putchar(*c);
  puts("'");
}

int verb_with(int argc, char **argv) {
  struct setting settings[4];
  struct tool_settings checked;
  struct tool_words w;
  unsigned n = 0;
  bool print = false;
  tool_words_begin(&w, VERB_WITH, argc, argv);
  for (int o; (o = tool_words_next(&w)) != WORDS_END;) {
    if (o == WORDS_STOP) return w.status;
    if (o == OPTION_STATS) tool_report_request(w.value);
    else print = true;
  }
  char **command = argv + w.rest;
  if (!print && w.rest == argc) return tool_usage("with needs a command");
  if (print && w.rest < argc)
    return tool_usage("with: --print-env runs no command, and '%s' is one", command[0]);
  if (!print && strcmp(command[0], "cargo") == 0) return verb_cargo(argc - w.rest, command);
  if (!tool_settings_begin(&checked, "with")) return TOOL_USAGE;
  if (!preload(&settings[n])) return TOOL_FAILED;
  if (crystal_cache(&settings[++n])) n++;
  if (file_setting(&settings[n], "KILN_LOG")) n++;
  if (file_setting(&settings[n], "KILN_STATS")) n++;
  for (unsigned i = 0; i < n; i++) {
    if (print) print_setting(&settings[i]);
    else setenv(settings[i].name, settings[i].value, 1);
  }
  return print ? TOOL_OK : stats_run("with", command, NULL, NULL);
}
