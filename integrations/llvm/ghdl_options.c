/* Options of GHDL's back end, ghdl1-llvm, that bear on code generation. */
#include "shim.h"

static void word(void *user, const char *w) {
  struct shim_compiler *c = user;
  if (w[0] == '-' && w[1] == 'O')
    c->why = w[2] == '0' && w[3] == 0 ? NULL
                                      : shim_level_refused(w[2] == '1'   ? 1
                                                           : w[2] == '3' ? 3
                                                                         : 2);
}

void shim_ghdl_options(struct shim_compiler *c) {
  c->unless_asked = true;
  if (!shim_command_line(word, c)) c->why = "its command line cannot be read";
}
