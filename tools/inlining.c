/* What --inline, $KILN_INLINE and $KILN_VARIABLES say. */
#include "inlining.h"
#include "carried.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool tool_inlining_parse(const char *word, struct tool_inlining *out) {
  enum { MOST = 10000 };
  char *end;
  out->what = KILN_INLINING_SMALL;
  out->size = 0;
  if (word == NULL || strcmp(word, "small") == 0) return true;
  if (strcmp(word, "must") == 0) {
    out->what = KILN_INLINING_MUST;
    return true;
  }
  if (strcmp(word, "foreign") == 0) {
    out->what = KILN_INLINING_FOREIGN;
    return true;
  }
  errno = 0;
  unsigned long n = strtoul(word, &end, 10);
  if (word[0] < '1' || word[0] > '9' || *end != 0 || errno != 0 || n > MOST) return false;
  out->size = (uint32_t)n;
  return true;
}

bool tool_inlining_wanted(struct tool_inlining *out) {
  const char *word = tool_variable("KILN_INLINE"), *variables = tool_variable("KILN_VARIABLES");
  const bool all = variables != NULL && strcmp(variables, "all") == 0;
  *out = (struct tool_inlining){.what = KILN_INLINING_OFF, .all_variables = all};
  return word == NULL || word[0] == 0 || tool_inlining_parse(word, out);
}

void tool_inlining_set(kiln_module *m, const struct tool_inlining *from) {
  if (from->what == KILN_INLINING_OFF && !from->all_variables) return;
  kiln_module_attrs attrs = kiln_module_get_attrs(m);
  attrs.inlining = from->what;
  /* variables that are kept would keep small functions slow */
  if (from->all_variables) attrs.variables = KILN_VARIABLES_ALL;
  else if (from->what == KILN_INLINING_SMALL) attrs.variables = KILN_VARIABLES_AS_IS;
  kiln_module_set_attrs(m, &attrs);
  kiln_module_set_inline_attrs(m, &(kiln_inline_attrs){.instructions = from->size});
}
