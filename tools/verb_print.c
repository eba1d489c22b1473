/* `kiln print`: an input as .kir text. Functions are printed as they come and discarded; the module's
 * part stands before them, and is printed last, when every symbol is known. */
#include "tool.h"

#include <getopt.h>
#include <string.h>

static kiln_status print_func(void *user, kiln_func *f) {
  kiln_status s = kiln_func_print(f, user);
  kiln_func_discard(f);
  return s;
}

static bool print(const struct tool_input *in, kiln_module_options options, bool target_given,
                  const char *out) {
  struct tool_module t;
  if (!tool_module_open(&t, in, options, target_given)) return false;
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
  enum { TARGET = 256 };
  static const struct option longs[] = {{"target", required_argument, NULL, TARGET}, {0}};
  kiln_module_options options = {0};
  bool target_given = false;
  const char *out = "-";
  int c, bad = TOOL_OK;
  while (bad == TOOL_OK && (c = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
    switch (c) {
    case TARGET:
      bad = tool_parse_target(optarg, &options.target);
      target_given = true;
      break;
    case 'o': out = optarg; break;
    default: return TOOL_USAGE;
    }
  }
  if (bad != TOOL_OK) return bad;
  if (argc - optind != 1) return tool_usage("print wants one input");

  struct tool_input in;
  if (!tool_input_open(&in, argv[optind])) return TOOL_FAILED;
  bool ok = print(&in, options, target_given, out);
  tool_input_close(&in);
  return ok ? TOOL_OK : TOOL_FAILED;
}
