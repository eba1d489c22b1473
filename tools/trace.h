/* What `kiln compile` shows of its work, and which functions it takes: --dump, --only, --listing.
 * verb_compile.c hands every function to tool_trace_func while one of them is given; trace.c and
 * listing.c implement it. */
#ifndef KN_TOOLS_TRACE_H
#define KN_TOOLS_TRACE_H

#include "options.h"
#include "source.h"
#include "tool.h"

#include <stdio.h>

/* One function of a listing: its lines are `records[first..]`, up to the next function's. */
struct tool_listed {
  kiln_symbol symbol;
  size_t first;
};

struct tool_trace {
  /* flags */
  const char **only; /* names, `n_only` of them */
  bool *only_found;  /* an input defines it */
  size_t n_only;
  const char *dump, *listing; /* files, "-" for standard output, NULL: not wanted */
  unsigned plan;              /* KILN_DUMP_..., to standard error */
  bool witness;               /* the same for kiln_session_set_witness */
  /* outputs, open from the first flag on */
  struct tool_stream *dump_stream, *listing_stream;
  FILE *dump_file, *listing_file; /* of the streams */
  /* of the input at hand */
  kiln_session *session;
  kiln_buffer text;    /* of the function at hand */
  kiln_buffer planned; /* the same for its plan */
  kiln_buffer records; /* of the listing: listing.c */
  kiln_buffer listed;  /* struct tool_listed each */
  struct source_files sources;
  const char *source; /* the line shown last in the function, or NULL */
};

/* Takes OPTION_DUMP, OPTION_ONLY or OPTION_LISTING with its argument (NULL: none); TOOL_OK, or TOOL_USAGE after a
 * message. */
int tool_trace_flag(struct tool_trace *t, int option, const char *argument);
/* True if functions are to be compiled one after the other in one session. */
bool tool_trace_wanted(const struct tool_trace *t);
/* True if they are to go through tool_trace_func, before anything is inlined. */
bool tool_trace_each(const struct tool_trace *t);
/* Opens the files. `out` is the object's and `header` that of --header, or NULL. TOOL_OK, or the exit status after a
 * message. */
int tool_trace_open(struct tool_trace *t, const char *out, const char *header);
/* Begins an input; false after a message. */
bool tool_trace_begin(struct tool_trace *t, kiln_session *s);
/* The kiln_func_sink_fn, with the trace as `user`. */
kiln_status tool_trace_func(void *trace, kiln_func *f);
/* Ends an input; `object` is what was made of it, NULL after an error. False after a message. */
bool tool_trace_end(struct tool_trace *t, const char *path, const kiln_buffer *object);
/* Closes the files, and says which function of --only there was not. */
bool tool_trace_close(struct tool_trace *t);

/* ---- listing.c ---- */

/* The lines of a function's text and what instruction each is of; made before it is compiled. */
struct tool_lines;
struct tool_lines *tool_lines_new(const kiln_func *f, const kiln_buffer *text);
void tool_lines_free(struct tool_lines *l);
/* Appends what the session's newest code is made of; false without memory. */
bool tool_listing_add(struct tool_trace *t, const struct tool_lines *l);
/* Writes the listing of an input: runs kiln-dis. False after a message. */
bool tool_listing_write(struct tool_trace *t, const char *path, const kiln_buffer *object);

#endif
