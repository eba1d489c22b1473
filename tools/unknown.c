/* $KILN_UNKNOWN, and what the log says of metadata that were dropped. Called by threads.c and unit.c. */
#include "unknown.h"
#include "carried.h"
#include "log.h"

#include <kiln/attrs.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool tool_unknown_set(kiln_module *m) {
  const char *word = tool_variable("KILN_UNKNOWN");
  if (word == NULL || word[0] == 0 || strcmp(word, "drop") == 0) return true;
  if (strcmp(word, "refuse") != 0) {
    kiln_module_fail(m, KILN_ERR_ARGUMENT, "KILN_UNKNOWN is neither drop nor refuse");
    return false;
  }
  kiln_module_attrs attrs = kiln_module_get_attrs(m);
  attrs.refuse_unknown = true;
  return kiln_module_set_attrs(m, &attrs) == KILN_OK;
}

void tool_unknown_log(const kiln_llvm *reader, const char *path) {
  enum { MOST = 64 };
  kiln_llvm_unknown all[MOST];
  if (!log_wanted()) return;
  uint32_t n = kiln_llvm_list_unknown(reader, MOST, all);
  for (uint32_t i = 0; i < n && i < MOST; i++)
    log_line("%s: unknown metadata dropped: \"%s\", %" PRIu32 " times\n", path, all[i].name,
             all[i].uses);
}
