/* Options of rustc that bear on code generation and that its bitcode does not say: the level of optimization, and
 * options handed through to LLVM. The rest (relocation model, processor, features, sanitizers, debug information) is in
 * the module's flags and its functions' attributes, where Kiln's reader honours or refuses it. */
#include "shim.h"

#include <string.h>

struct options {
  struct shim_compiler *c;
  int most;                   /* the highest level that Kiln takes whatever $KILN_OPT_LEVEL says */
  const char *passed_through; /* as c->why, whatever the level is */
};

/* The value of option `name` in "name=value"; NULL if it is another one. */
static const char *value_of(const char *option, const char *name) {
  size_t n = strlen(name);
  for (size_t i = 0; i < n; i++) { /* rustc takes opt_level too */
    char c = option[i] == '_' ? '-' : option[i];
    if (c != name[i]) return NULL;
  }
  return option[n] == '=' ? option + n + 1 : NULL;
}

/* opt-level: 0 to 3, "s" or "z", which are 2 for the code generator. */
static void set_level(struct options *o, const char *level) {
  int n = strcmp(level, "no") == 0                              ? 0
          : level[0] >= '0' && level[0] <= '3' && level[1] == 0 ? level[0] - '0'
                                                                : 2;
  o->c->why = n > o->most && shim_level_refused(n) != NULL ? "the crate is optimized" : NULL;
}

static void codegen_option(struct options *o, const char *option) {
  const char *value;
  if ((value = value_of(option, "opt-level")) != NULL) set_level(o, value);
  else if (value_of(option, "llvm-args") != NULL) o->passed_through = "-C llvm-args";
}

/* As rustc reads the value of a switch that is to be off. */
static bool is_off(const char *value) {
  static const char *const words[] = {"n", "no", "off", "false"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(value, words[i]) == 0) return true;
  return false;
}

/* Options of nightly compilers that bitcode does not say. */
static void unstable_option(struct options *o, const char *option) {
  const char *value;
  if ((value = value_of(option, "function-sections")) != NULL)
    o->c->function_sections = !is_off(value);
  else if (strcmp(option, "emit-stack-sizes") == 0 || strcmp(option, "emit_stack_sizes") == 0 ||
           ((value = value_of(option, "emit-stack-sizes")) != NULL && !is_off(value)))
    o->passed_through = "-Z emit-stack-sizes";
  else if ((value = value_of(option, "tls-model")) != NULL && strcmp(value, "emulated") == 0)
    o->passed_through = "-Z tls-model=emulated";
}

/* One word of the command line; `before` is the word in front of it. */
static void word(void *user, const char *w, const char *before) {
  struct options *o = user;
  if (strcmp(before, "-C") == 0 || strcmp(before, "--codegen") == 0) codegen_option(o, w);
  else if (strncmp(w, "--codegen=", 10) == 0) codegen_option(o, w + 10);
  else if (strcmp(w, "-O") == 0) set_level(o, "3");
  else if (strncmp(w, "-C", 2) == 0) codegen_option(o, w + 2);
  else if (strcmp(before, "-Z") == 0) unstable_option(o, w);
  else if (strncmp(w, "-Z", 2) == 0) unstable_option(o, w + 2);
}

void shim_rustc_options(struct shim_compiler *compiler) {
  struct tool_inlining inlining;
  tool_inlining_wanted(&inlining);
  /* Kiln's inlining in place of LLVM's passes, which kiln-rustc has taken out */
  struct options o = {.c = compiler, .most = inlining.what != KILN_INLINING_OFF ? 1 : 0};
  compiler->function_sections = true; /* rustc's default on Linux */
  compiler->aranges = true;           /* as rustc's own objects */
  if (!shim_command_line(word, &o)) o.passed_through = "its command line cannot be read";
  if (o.passed_through != NULL) compiler->why = o.passed_through;
}
