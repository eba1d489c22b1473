/* $KILN_UNKNOWN, and what the log says of metadata that were dropped. Called by threads.c and unit.c. */
#include "unknown.h"
#include "carried.h"
#include "log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool tool_unknown_set(kiln_module *m, kiln_llvm_options *options) {
  const char *word = tool_variable("KILN_UNKNOWN");
  if (word == NULL || word[0] == 0 || strcmp(word, "drop") == 0) return true;
  if (strcmp(word, "refuse") != 0) {
    kiln_module_fail(m, KILN_ERR_ARGUMENT, "KILN_UNKNOWN is neither drop nor refuse");
    return false;
  }
  options->refuse_unknown = true;
  return true;
}

void tool_unknown_log(const kiln_llvm *reader, const char *path) {
  enum { MOST = 64 };
  kiln_llvm_unknown_info all[MOST];
  if (!log_wanted()) return;
  uint32_t n = kiln_llvm_unknown(reader, all, MOST);
  for (uint32_t i = 0; i < n && i < MOST; i++)
    log_line("%s: unknown metadata dropped: \"%s\", %" PRIu32 " times\n", path, all[i].name,
             all[i].uses);
}
