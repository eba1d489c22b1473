/* Options of rustc that bear on code generation and that its bitcode does not say: the level of optimization, and
 * options handed through to LLVM. The rest (relocation model, processor, features, sanitizers, debug information) is in
 * the module's flags and its functions' attributes, where Kiln's reader honours or refuses it. */
#include "preload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rustc_options options;

/* The value of option `name` in "name=value"; NULL if it is another one. */
static const char *value_of(const char *option, const char *name) {
  size_t n = strlen(name);
  for (size_t i = 0; i < n; i++) { /* rustc takes opt_level too */
    char c = option[i] == '_' ? '-' : option[i];
    if (c != name[i]) return NULL;
  }
  return option[n] == '=' ? option + n + 1 : NULL;
}

/* Code that is asked to be faster than debug builds' is LLVM's, unless $KILN_OPT_LEVEL says up
 * to which level it is not. */
static void set_level(const char *level) {
  const char *most = getenv("KILN_OPT_LEVEL");
  bool ours = strcmp(level, "0") == 0 || strcmp(level, "no") == 0 ||
              (strcmp(level, "1") == 0 && most != NULL && strcmp(most, "1") == 0);
  options.why = ours ? NULL : "the crate is optimized";
}

static const char *passed_through; /* as `why`, whatever the level is */

static void codegen_option(const char *option) {
  const char *value;
  if ((value = value_of(option, "opt-level")) != NULL) set_level(value);
  else if (value_of(option, "llvm-args") != NULL) passed_through = "-C llvm-args";
}

/* As rustc reads the value of a switch that is to be off. */
static bool is_off(const char *value) {
  static const char *const words[] = {"n", "no", "off", "false"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(value, words[i]) == 0) return true;
  return false;
}

/* Options of nightly compilers that bitcode does not say. */
static void unstable_option(const char *option) {
  const char *value;
  if ((value = value_of(option, "function-sections")) != NULL)
    options.function_sections = !is_off(value);
  else if (strcmp(option, "emit-stack-sizes") == 0 || strcmp(option, "emit_stack_sizes") == 0 ||
           ((value = value_of(option, "emit-stack-sizes")) != NULL && !is_off(value)))
    passed_through = "-Z emit-stack-sizes";
  else if ((value = value_of(option, "tls-model")) != NULL && strcmp(value, "emulated") == 0)
    passed_through = "-Z tls-model=emulated";
}

/* One word of the command line; `before` is the word in front of it. */
static void word(const char *w, const char *before) {
  if (strcmp(before, "-C") == 0 || strcmp(before, "--codegen") == 0) codegen_option(w);
  else if (strncmp(w, "--codegen=", 10) == 0) codegen_option(w + 10);
  else if (strcmp(w, "-O") == 0) set_level("3");
  else if (strncmp(w, "-C", 2) == 0) codegen_option(w + 2);
  else if (strcmp(before, "-Z") == 0) unstable_option(w);
  else if (strncmp(w, "-Z", 2) == 0) unstable_option(w + 2);
}

/* The words of a file, ending with `end` each: of /proc/self/cmdline, and of a file of arguments, "@FILE". */
static void words_of(const char *path, int end, bool nested) {
  FILE *f = fopen(path, "r");
  if (f == NULL) {
    passed_through = "its command line cannot be read";
    return;
  }
  char *line = NULL, *before = NULL;
  size_t room = 0;
  ssize_t n;
  while ((n = getdelim(&line, &room, end, f)) > 0) {
    if (line[n - 1] == end) line[n - 1] = 0;
    if (line[0] == '@' && !nested) words_of(line + 1, '\n', true);
    else word(line, before != NULL ? before : "");
    free(before);
    before = strdup(line);
  }
  free(before);
  free(line);
  fclose(f);
}

static void read_options(void) {
  options.function_sections = true; /* rustc's default on Linux */
  words_of("/proc/self/cmdline", 0, false);
  if (passed_through != NULL) options.why = passed_through;
}

const struct rustc_options *rustc_options(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_options);
  return &options;
}
