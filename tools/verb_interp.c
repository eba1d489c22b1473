/* `kiln interp`: hands over to the program kiln-interp, which stands beside `kiln`. It is a program of its
 * own because it needs a dynamic C library, and `kiln` has none. */
#include "tool.h"

int verb_interp(int argc, char **argv) {
  (void)argc;
  return tool_hand_over("kiln-interp", argv, "built for x86-64 and AArch64, with glibc");
}
