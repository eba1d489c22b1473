/* `kiln verify`: checks every function of the inputs against the rules of the IR; generates nothing. */
#include "options.h"
#include "tool.h"

#include <limits.h>

static kiln_status verify_func(void *user, kiln_func *f) {
  (void)user;
  kiln_status s = kiln_func_verify(f);
  kiln_func_discard(f);
  return s;
}

static bool verify(const struct tool_words *w, const char *path, const struct tool_reading *how) {
  struct tool_input in;
  if (!tool_input_open(&in, path, w)) return false;
  struct tool_module t;
  bool ok = tool_module_open(&t, &in, how);
  if (ok) {
    kiln_status s = tool_module_read(&t, &in, verify_func, NULL, NULL);
    if (s != KILN_OK) tool_module_report(&t, &in, s);
    ok = s == KILN_OK;
    tool_module_close(&t);
  }
  tool_input_close(&in);
  return ok;
}

int verb_verify(int argc, char **argv) {
  struct tool_reading how = {.target_given = false};
  struct tool_words w;
  tool_words_begin(&w, VERB_VERIFY, argc, argv);
  for (int o; (o = tool_words_next(&w)) != WORDS_END; how.target_given = true) {
    if (o == WORDS_STOP) return w.status;
    if (tool_parse_target(w.value, &how.module.target) != TOOL_OK) return TOOL_USAGE;
  }
  int bad = tool_words_count(&w, INT_MAX);
  if (bad != TOOL_OK) return bad;
  bool ok = true;
  for (int i = 0; i < w.n_inputs; i++) ok &= verify(&w, w.inputs[i], &how);
  return ok ? TOOL_OK : TOOL_FAILED;
}
