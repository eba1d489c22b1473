/* `kiln dis`: hands over to the program kiln-dis, which stands beside `kiln`. It is a program of its
 * own so that `kiln compile` does not load disassemblers: the start of the process counts. */
#include "tool.h"

int verb_dis(int argc, char **argv) {
  (void)argc;
  return tool_hand_over("kiln-dis", argv, "built where Zydis, Capstone and libelf are");
}
