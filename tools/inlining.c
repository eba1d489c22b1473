/* What --inline and $KILN_INLINE say. */
#include "inlining.h"
#include "carried.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool tool_inlining_parse(const char *word, struct tool_inlining *out) {
  enum { MOST = 10000 };
  char *end;
  *out = (struct tool_inlining){.what = KILN_INLINING_SMALL};
  if (word == NULL || strcmp(word, "small") == 0) return true;
  if (strcmp(word, "must") == 0) {
    out->what = KILN_INLINING_MUST;
    return true;
  }
  errno = 0;
  unsigned long n = strtoul(word, &end, 10);
  if (word[0] < '1' || word[0] > '9' || *end != 0 || errno != 0 || n > MOST) return false;
  out->size = (uint32_t)n;
  return true;
}

bool tool_inlining_wanted(struct tool_inlining *out) {
  const char *word = tool_variable("KILN_INLINE");
  *out = (struct tool_inlining){.what = KILN_INLINING_OFF};
  return word == NULL || word[0] == 0 || tool_inlining_parse(word, out);
}

void tool_inlining_set(kiln_module *m, const struct tool_inlining *from) {
  if (from->what == KILN_INLINING_OFF) return;
  kiln_module_attrs attrs = kiln_module_get_attrs(m);
  attrs.inlining = from->what;
  /* variables that are kept would keep small functions slow */
  if (from->what == KILN_INLINING_SMALL) attrs.variables = KILN_VARIABLES_AS_IS;
  kiln_module_set_attrs(m, &attrs);
  kiln_module_set_inline_attrs(m, &(kiln_inline_attrs){.instructions = from->size});
}
