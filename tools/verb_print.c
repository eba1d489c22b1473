/* `kiln print`: an input as .kir text. Functions are printed as they come and discarded; the module's
 * part stands before them, and is printed last, when every symbol is known. */
#include "options.h"
#include "tool.h"

#include <string.h>

static kiln_status print_func(void *user, kiln_func *f) {
  kiln_status s = kiln_func_print(f, user);
  kiln_func_discard(f);
  return s;
}

static bool print(const struct tool_input *in, const struct tool_reading *how, const char *out) {
  struct tool_module t;
  if (!tool_module_open(&t, in, how)) return false;
  kiln_buffer head = {0}, bodies = {0};
  kiln_status s = tool_module_read(&t, in, print_func, &bodies, NULL);
  if (s == KILN_OK) s = kiln_module_print(t.module, &head);
  if (s == KILN_OK && kiln_buffer_append(&head, bodies.data, bodies.size) != KILN_OK)
    s = KILN_ERR_MEMORY;
  if (s != KILN_OK) tool_module_report(&t, in, s);
  bool ok = s == KILN_OK && tool_output_write(out, head.data, head.size);
  kiln_buffer_free(&bodies);
  kiln_buffer_free(&head);
  tool_module_close(&t);
  return ok;
}

int verb_print(int argc, char **argv) {
  struct tool_reading how = {.target_given = false};
  const char *out = "-";
  struct tool_words w;
  tool_words_begin(&w, VERB_PRINT, argc, argv);
  for (int o; (o = tool_words_next(&w)) != WORDS_END;) {
    if (o == WORDS_STOP) return w.status;
    if (o == OPTION_TEXT_OUT) out = w.value;
    else if (tool_parse_target(w.value, &how.module.target) != TOOL_OK) return TOOL_USAGE;
    else how.target_given = true;
  }
  int bad = tool_words_count(&w, 1);
  if (bad != TOOL_OK) return bad;

  struct tool_input in;
  if (!tool_input_open(&in, w.inputs[0], &w)) return TOOL_FAILED;
  bool ok = print(&in, &how, out);
  tool_input_close(&in);
  return ok ? TOOL_OK : TOOL_FAILED;
}
