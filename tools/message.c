/* What Kiln's programs say on standard error, in one style: PLACE: error: MESSAGE, where the place is the source's if
 * the input tells, else the input's, and `kiln` if there is none. Called by whoever has something to say.
 * Invariant: colours are for a terminal, and not if $NO_COLOR is set. */
#include "system.h"
#include "tool.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

const char *tool_version(void) {
  static char text[16];
  uint32_t v = kiln_version();
  snprintf(text, sizeof text, "%u.%u.%u", v / 1000000, v / 1000 % 1000, v % 1000);
  return text;
}

bool tool_coloured(FILE *to) {
  const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");
  return (no == NULL || no[0] == 0) && isatty(fileno(to)) &&
         (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

/* "PLACE: KIND: ", the place bold and the kind in its colour. */
static void put_prefix(const char *place, const char *kind, const char *colour) {
  if (tool_coloured(stderr)) fprintf(stderr, "\33[1m%s: \33[%sm%s:\33[0m ", place, colour, kind);
  else fprintf(stderr, "%s: %s: ", place, kind);
}

/* A message in which control characters, of names say, cannot be the terminal's. */
static void put_message(const char *message, va_list args) {
  char text[2 * PATH_MAX];
  int n = vsnprintf(text, sizeof text, message, args);
  for (const char *c = text; n >= 0 && *c != 0; c++)
    if ((unsigned char)*c < 0x20 || *c == 0x7f) fprintf(stderr, "\\x%02x", (unsigned char)*c);
    else fputc(*c, stderr);
  fputc('\n', stderr);
}

void tool_error(const char *message, ...) {
  va_list args;
  va_start(args, message);
  put_prefix("kiln", "error", "31");
  put_message(message, args);
  va_end(args);
}

void tool_warning(const char *message, ...) {
  va_list args;
  va_start(args, message);
  put_prefix("kiln", "warning", "35");
  put_message(message, args);
  va_end(args);
}

int tool_usage(const char *message, ...) {
  va_list args;
  va_start(args, message);
  put_prefix("kiln", "error", "31");
  put_message(message, args);
  fputs("Try `kiln --help`.\n", stderr);
  va_end(args);
  return TOOL_USAGE;
}

/* ---- diagnostics ---- */

void tool_diag_print(const kiln_diag *d) {
  char line[1024], place[256], name[1024];
  if (d->source_line == 0) {
    kiln_diag_format(d, line, sizeof line);
    char *kind = strstr(line, ": error: ");
    if (kind != NULL) {
      *kind = 0;
      put_prefix(line, "error", "31");
      fprintf(stderr, "%s\n", kind + strlen(": error: "));
    } else {
      fprintf(stderr, "%s\n", line);
    }
    if (tool_system_demangle(d->function, name, sizeof name)) fprintf(stderr, "  in %s\n", name);
    return;
  }
  int n = snprintf(place, sizeof place, "%s:%" PRIu32, d->source, d->source_line);
  if (d->source_column != 0)
    snprintf(place + n, sizeof place - (size_t)n, ":%" PRIu32, d->source_column);
  put_prefix(place, "error", "31");
  bool known = tool_system_demangle(d->function, name, sizeof name);
  fprintf(stderr, "%s\n  in %s%s%s", d->message, known ? name : "", known ? " (" : "", d->module);
  if (d->function[0] != 0) fprintf(stderr, ":%s", d->function);
  if (d->has & KILN_DIAG_BLOCK) fprintf(stderr, ":b%" PRIu32, d->block);
  if (d->has & KILN_DIAG_INST) fprintf(stderr, ":%" PRIu32, d->inst);
  if (d->has & KILN_DIAG_BIT_OFFSET) fprintf(stderr, " at bit %" PRIu64, d->bit_offset);
  fputs(known ? ")\n" : "\n", stderr);
}
