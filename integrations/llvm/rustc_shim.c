/* What rustc's command line says to the shim in it. */
#include "rustc_options.h"
#include "carried.h"
#include "shim.h"

#include <stdlib.h>

static void word(void *user, const char *w) { rustc_word(user, w); }

void shim_rustc_options(struct shim_compiler *c) {
  static struct rustc_options o; /* its texts are c's */
  rustc_options_begin(&o);
  bool read = shim_command_line(word, &o.words) && !o.words.unread;
  const struct tool_settings *settings = shim_settings();
  /* Kiln's inlining in place of LLVM's passes, which kiln-rustc has taken out */
  int most = settings->inlining.what != KILN_INLINING_OFF && settings->opt_level < 1
               ? 1
               : settings->opt_level;
  c->function_sections = !o.no_function_sections; /* rustc's default on Linux */
  c->splits = true;                               /* debug information, if the unit says so */
  c->aranges = !o.no_aranges;                     /* as rustc's own objects */
  c->assembly = o.assembly;
  c->assembly_path = o.assembly_path;
  c->objects = o.objects || !o.assembly;
  c->target = o.target;
  c->keeps_contexts = 2; /* the crate's, with one codegen unit, and its allocator's */
  c->passes = tool_variable("KILN_SHIM_PASSES") != NULL ? "default<O1>" : NULL; /* kiln_rustc.c */
  const char *left = tool_variable("KILN_SHIM_LLVM");                           /* rerun.c */
  if (left != NULL && left[0] != 0) c->why = left;
  else if (!read) c->why = "its command line cannot be read";
  else if (o.llvm[0] != 0) c->why = o.llvm;
  else if (o.level > most) c->why = "the crate is optimized";
}
