/* `kiln dis`: hands over to the program kiln-dis, which stands beside `kiln`. It is a program of its
 * own so that `kiln compile` does not load disassemblers: the start of the process counts. */
#include "options.h"
#include "tool.h"

int verb_dis(int argc, char **argv) {
  struct tool_words w;
  tool_words_begin(&w, VERB_DIS, argc, argv);
  if (tool_words_next(&w) != WORDS_END) return w.status;
  if (argc != 2) return tool_usage("dis takes one object file");
  return tool_hand_over("kiln-dis", argv, "built where Zydis, Capstone and libelf are");
}
