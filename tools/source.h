/* Lines of source files, for listings. */
#ifndef KN_TOOLS_SOURCE_H
#define KN_TOOLS_SOURCE_H

#include "names.h"

#include <stddef.h>
#include <stdint.h>

/* Files that were asked for; zeroed at first. */
struct source_files {
  struct tool_names paths;
  struct source_file *files; /* in the order of paths */
  const struct source_file *last;
};

/* Line `line`, from 1, of a file, without its end, and its length; NULL: there is none, or it cannot be read. It is
 * valid until source_free. */
const char *source_line(struct source_files *s, const char *path, uint32_t line, size_t *length);
void source_free(struct source_files *s);

#endif
