/* Names, for the command-line tools: sets of them, as crit-bit trees, and how they are printed. */
#ifndef KN_TOOLS_NAMES_H
#define KN_TOOLS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Names in the order of their addition, each once; they are not copied. Zeroed, it is empty. */
struct tool_names {
  const char **at;
  uint32_t n;
  struct tool_names_node *nodes;
  uint32_t root;
};

/* The number of a name, from 1; 0: it is not there. In time of the name's length, whatever the others are. */
uint32_t tool_names_find(const struct tool_names *t, const char *name);
/* The same; a name that is not there is added, and *n is one more. 0 without memory. */
uint32_t tool_names_add(struct tool_names *t, const char *name);
void tool_names_free(struct tool_names *t);

/* A name may have any byte but 0. A control character in it, which could make a line look like several or change a
 * terminal, is printed as a backslash and two hexadecimal digits, as in the text form. */
bool tool_name_is_plain(char c);
void tool_name_print(FILE *to, const char *name);

#endif
