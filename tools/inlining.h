/* Which calls are inlined, as a user says it: nothing or "small": those of small functions; a number: those of
 * functions of up to so many instructions; "must": only those that have to be. docs/inlining.md. */
#ifndef KN_TOOLS_INLINING_H
#define KN_TOOLS_INLINING_H

#include <kiln/kiln.h>

struct tool_inlining {
  kiln_inlining what;
  uint32_t size;      /* 0: Kiln's own */
  bool all_variables; /* $KILN_VARIABLES: debuggers show the variables of foreign functions, too */
};

/* Sets `what` and `size`. False: the word is none of these. NULL: the option has no value. */
bool tool_inlining_parse(const char *word, struct tool_inlining *out);
/* What $KILN_INLINE says, or that nothing is inlined if it is unset or empty; and what $KILN_VARIABLES says. False: the
 * former is none of these. */
bool tool_inlining_wanted(struct tool_inlining *out);
/* Says it to a module, before anything is read. */
void tool_inlining_set(kiln_module *m, const struct tool_inlining *from);

#endif
