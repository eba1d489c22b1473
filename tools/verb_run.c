/* `kiln run`: hands over to the program kiln-run, which stands beside `kiln`. It is a program of its own
 * because what it runs needs a dynamic C library, and `kiln` has none. */
#include "tool.h"

int verb_run(int argc, char **argv) {
  (void)argc;
  return tool_hand_over("kiln-run", argv, "it is part of Kiln");
}
