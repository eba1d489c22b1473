/* `kiln verify`: checks every function of the inputs against the rules of the IR; generates nothing. */
#include "tool.h"

#include <getopt.h>

static kiln_status verify_func(void *user, kiln_func *f) {
  (void)user;
  kiln_status s = kiln_func_verify(f);
  kiln_func_discard(f);
  return s;
}

static bool verify(const char *path, kiln_module_options options, bool target_given) {
  struct tool_input in;
  if (!tool_input_open(&in, path)) return false;
  struct tool_module t;
  bool ok = tool_module_open(&t, &in, options, target_given);
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
  enum { TARGET = 256 };
  static const struct option longs[] = {{"target", required_argument, NULL, TARGET}, {0}};
  kiln_module_options options = {0};
  bool target_given = false;
  int c;
  while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
    if (c != TARGET) return TOOL_USAGE;
    int bad = tool_parse_target(optarg, &options.target);
    if (bad != TOOL_OK) return bad;
    target_given = true;
  }
  if (optind == argc) return tool_usage("no input");
  bool ok = true;
  for (int i = optind; i < argc; i++) ok &= verify(argv[i], options, target_given);
  return ok ? TOOL_OK : TOOL_FAILED;
}
