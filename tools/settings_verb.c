/* Settings, for the verbs of `kiln`: what is wrong with them is said in the tool's form. */
#include "settings.h"
#include "tool.h"

static void warn(const char *variable, const char *path, const char *reason) {
  tool_warning("%s: %s: %s", variable, path, reason);
}

bool tool_settings_begin(struct tool_settings *out, const char *verb) {
  char why[TOOL_WHY_SIZE];
  if (!tool_settings_read(out, why)) {
    tool_error("%s: %s", verb, why);
    return false;
  }
  tool_settings_files(NULL, warn);
  return true;
}
