/* --dump, --only and --listing of `kiln compile`: the sink that every function goes through while one of
 * them is given. */
#include "trace.h"

#include <errno.h>
#include <kiln/inspect.h>
#include <stdlib.h>
#include <string.h>

/* --dump=WORD,...: what to print to standard error. 0, with no effect, if none of the words is known: then the argument
 * is a file's name; -1 if some are. */
static int dump_words(struct tool_trace *t, const char *words) {
  enum { IR = 1 << 8, CODE = 1 << 9, WITNESS = 1 << 10, KNOWN = 5 };
  static const struct {
    const char *word;
    unsigned what;
  } known[] = {{"ir", IR},
               {"plan", KILN_DUMP_PLAN},
               {"homes", KILN_DUMP_HOMES},
               {"witness", WITNESS},
               {"code", CODE}};
  unsigned what = 0, others = 0;
  for (const char *p = words;;) {
    size_t n = strcspn(p, ","), k = 0;
    while (k < KNOWN && (strlen(known[k].word) != n || strncmp(known[k].word, p, n) != 0)) k++;
    if (k == KNOWN) others++;
    else what |= known[k].what;
    if (p[n] == 0) break;
    p += n + 1;
  }
  if (others != 0) return what != 0 ? -1 : 0;
  if (what & IR) t->dump = "";
  if (what & CODE && t->listing == NULL) t->listing = "";
  t->witness |= (what & WITNESS) != 0;
  t->plan |= what & (KILN_DUMP_PLAN | KILN_DUMP_HOMES);
  return 1;
}

int tool_trace_flag(struct tool_trace *t, int option, const char *argument) {
  int known;
  switch (option) {
  case OPTION_DUMP:
    known = argument != NULL ? dump_words(t, argument) : 0;
    if (known < 0)
      return tool_bad_value(option, argument, "ir, plan, homes, witness, code, or a file");
    if (known == 0) t->dump = argument != NULL ? argument : "";
    return TOOL_OK;
  case OPTION_LISTING: t->listing = argument != NULL ? argument : "-"; return TOOL_OK;
  default: break;
  }
  const char **only = realloc(t->only, (t->n_only + 1) * sizeof *only);
  if (only != NULL) t->only = only;
  bool *found = realloc(t->only_found, (t->n_only + 1) * sizeof *found);
  if (found != NULL) t->only_found = found;
  if (only == NULL || found == NULL) return tool_usage("%s", kiln_status_name(KILN_ERR_MEMORY));
  only[t->n_only] = argument;
  found[t->n_only++] = false;
  return TOOL_OK;
}

bool tool_trace_each(const struct tool_trace *t) {
  return t->dump != NULL || t->listing != NULL || t->plan != 0 || t->n_only > 0;
}

bool tool_trace_wanted(const struct tool_trace *t) { return t->witness || tool_trace_each(t); }

static bool open_file(const char *path, struct tool_stream **stream, FILE **out) {
  *stream = tool_stream_open(path);
  *out = tool_stream_file(*stream);
  return *out != NULL;
}

int tool_trace_open(struct tool_trace *t, const char *out, const char *header) {
  const char *to[] = {out, header, t->dump, t->listing};
  unsigned standard = 0;
  for (size_t i = 0; i < sizeof to / sizeof *to; i++)
    standard += to[i] != NULL && strcmp(to[i], "-") == 0;
  if (standard > 1) return tool_usage("more than one output on standard output");
  bool ok = (t->dump == NULL || open_file(t->dump, &t->dump_stream, &t->dump_file)) &&
            (t->listing == NULL || open_file(t->listing, &t->listing_stream, &t->listing_file));
  if (!ok) tool_stream_close(t->dump_stream, false);
  return ok ? TOOL_OK : TOOL_FAILED;
}

static kiln_status print_func(void *user, kiln_func *f, kiln_buffer *out) {
  (void)user;
  return kiln_func_print(f, out);
}

bool tool_trace_begin(struct tool_trace *t, kiln_session *s) {
  t->session = s;
  t->records.size = t->listed.size = t->planned.size = 0;
  if ((t->listing == NULL || kiln_session_set_map(s, true) == KILN_OK) &&
      kiln_session_set_dump(s, t->plan, &t->planned) == KILN_OK &&
      (!t->witness || kiln_session_set_witness(s, print_func, NULL, &t->planned) == KILN_OK))
    return true;
  tool_error("%s", kiln_status_name(KILN_ERR_MEMORY));
  return false;
}

/* True if the function is to be compiled. */
static bool taken(struct tool_trace *t, kiln_module *m, kiln_symbol symbol) {
  const char *name = kiln_symbol_get(m, symbol).desc.name;
  bool taken = t->n_only == 0;
  for (size_t i = 0; i < t->n_only; i++) {
    if (name == NULL || strcmp(t->only[i], name) != 0) continue;
    taken = t->only_found[i] = true;
  }
  return taken;
}

static kiln_status compile_listed(struct tool_trace *t, kiln_func *f) {
  struct tool_listed row = {kiln_func_symbol(f), t->records.size};
  struct tool_lines *lines = tool_lines_new(f, &t->text);
  if (lines == NULL || kiln_buffer_append(&t->listed, &row, sizeof row) != KILN_OK) {
    tool_lines_free(lines);
    return kiln_func_fail(f, KILN_ERR_MEMORY, "out of memory");
  }
  kiln_status s = kiln_func_compile(f);
  if (s == KILN_OK && !tool_listing_add(t, lines)) s = KILN_ERR_MEMORY;
  tool_lines_free(lines);
  return s;
}

static void dump(struct tool_trace *t) {
  if (t->dump_file == NULL) return;
  fwrite(t->text.data, 1, t->text.size, t->dump_file);
  fflush(t->dump_file); /* so that its temporary file is complete if the process crashes later */
}

static void print_planned(struct tool_trace *t) {
  if (t->planned.size != 0) fwrite(t->planned.data, 1, t->planned.size, stderr);
  t->planned.size = 0;
}

/* Leaves a function out. One that other objects can define becomes undefined; a local one traps. */
static kiln_status leave_out(struct tool_trace *t, kiln_func *f) {
  kiln_module *m = kiln_session_module(t->session);
  kiln_symbol symbol = kiln_func_symbol(f);
  kiln_linkage linkage = kiln_symbol_get(m, symbol).desc.linkage;
  kiln_func_discard(f);
  if (linkage != KILN_LINKAGE_INTERNAL && linkage != KILN_LINKAGE_PRIVATE) return KILN_OK;
  if ((f = kiln_func_begin(t->session, symbol)) == NULL) return KILN_ERR_MEMORY;
  kiln_build_nullary(f, KILN_OP_TRAP);
  t->text.size = 0;
  kiln_status s = kiln_func_finish(f);
  if (s == KILN_OK && t->dump_file != NULL) s = kiln_func_print(f, &t->text);
  if (s == KILN_OK) dump(t);
  s = kiln_func_compile(f);
  t->planned.size = 0;
  return s;
}

kiln_status tool_trace_func(void *trace, kiln_func *f) {
  struct tool_trace *t = trace;
  if (!taken(t, kiln_session_module(t->session), kiln_func_symbol(f))) return leave_out(t, f);
  kiln_status s = KILN_OK;
  t->text.size = 0;
  if (t->dump != NULL || t->listing != NULL) s = kiln_func_print(f, &t->text);
  if (s != KILN_OK) {
    kiln_func_discard(f);
    return s;
  }
  dump(t);
  s = t->listing != NULL ? compile_listed(t, f) : kiln_func_compile(f);
  print_planned(t);
  return s;
}

bool tool_trace_end(struct tool_trace *t, const char *path, const kiln_buffer *object) {
  bool ok = true;
  if (t->session == NULL) return false;
  print_planned(t);
  if (t->dump_file != NULL) {
    t->text.size = 0;
    if (kiln_module_print(kiln_session_module(t->session), &t->text) == KILN_OK)
      fwrite(t->text.data, 1, t->text.size, t->dump_file);
  }
  if (t->listing_file != NULL && object != NULL) ok = tool_listing_write(t, path, object);
  t->session = NULL;
  return ok;
}

bool tool_trace_close(struct tool_trace *t) {
  bool ok = tool_stream_close(t->dump_stream, true);
  ok &= tool_stream_close(t->listing_stream, true);
  for (size_t i = 0; i < t->n_only; i++) {
    if (t->only_found[i]) continue;
    tool_error("no input defines a function '%s'", t->only[i]);
    ok = false;
  }
  free(t->only);
  free(t->only_found);
  kiln_buffer_free(&t->text);
  kiln_buffer_free(&t->planned);
  kiln_buffer_free(&t->records);
  kiln_buffer_free(&t->listed);
  source_free(&t->sources);
  memset(t, 0, sizeof *t);
  return ok;
}
