/* The whole: definitions, heads of functions, lines; and the entry point of the reader. All that is defined is
 * declared before the first body is read, since symbols are used above their definitions, and code for what is
 * defined below is better once that is known. */
#include "read.h"

#include <unistd.h>

/* ---- functions ---- */

/* To the end of a body, which is the first brace that begins a line; returns its place. */
static const char *skip_body(struct kn_qbe *r) {
  for (const char *p = r->p; (p = memchr(p, '}', (size_t)(r->end - p))) != NULL; p++) {
    const char *before = p - 1;
    while (kn_qbe_is(before, KN_QBE_BLANK)) before--;
    if (*before != '\n') continue;
    r->p = p + 1;
    return p;
  }
  kn_qbe_wrong(r, r->p - 1, "this body has no end: '}' at the beginning of a line");
}

/* Reads a function up to its body, and declares it. */
static void head(struct kn_qbe *r, const struct kn_qbe_linkage *l) {
  struct kn_qbe_body b = {.params = r->params.n, .file = r->file, .file_entry = r->file_entry};
  if (kn_qbe_past(r) != '$') b.result = kn_qbe_type(r, false);
  kn_qbe_past(r);
  b.name = r->p;
  kn_qbe_expect(r, '$');
  b.global = kn_qbe_global(r);
  kn_qbe_want(r, '(');
  r->ctypes.n = 0;
  while (kn_qbe_past(r) != ')') {
    if (b.variadic) kn_qbe_syntax(r, "a parameter behind '...'");
    b.variadic = kn_qbe_dots(r);
    if (!b.variadic) {
      uint32_t type = kn_qbe_type(r, r->ctypes.n == 0);
      kn_qbe_expect(r, '%');
      KN_QBE_PUSH(r, r->ctypes, r->types.at[type].c);
      KN_QBE_PUSH(r, r->params, (struct kn_qbe_param){r->p, type});
      kn_qbe_scan(r);
    }
    kn_qbe_past(r);
    if (!kn_qbe_take(r, ',')) break;
  }
  kn_qbe_want(r, ')');
  kn_qbe_want(r, '{');
  b.n_params = r->params.n - b.params;
  b.signature = kn_qbe_signature(r, b.result, b.variadic, b.n_params, b.name);
  kn_qbe_define(r, b.global, l, kiln_csig_sig(r->c, b.signature), b.name);
  b.at = r->p;
  b.end = skip_body(r);
  KN_QBE_PUSH(r, r->bodies, b);
}

/* ---- lines ---- */

enum { LANGUAGE = 0x8001 }; /* one that debuggers do not know */

/* The lines that follow are those of a file. The first file gives the unit its name. */
static void debug_file(struct kn_qbe *r) {
  struct kn_qbe_name string = kn_qbe_string(r, "the name of a file");
  const char *name = kn_qbe_c_name(r, &string);
  char folder[4096];
  bool is_known = getcwd(folder, sizeof folder) != NULL;
  r->file_entry = kiln_die_file(kiln_module_debug(r->m), is_known ? folder : NULL, name);
  r->file = kiln_file_of(r->session, name, r->file_entry);
  if (r->unit.id == 0) r->unit = kiln_die_unit(r->m, r->file_entry, "kiln qbe", LANGUAGE);
}

void kn_qbe_describe(struct kn_qbe *r) {
  if (r->begins == 0) return;
  const struct kn_qbe_global *g = r->globals.at + r->body->global;
  kiln_declaration what = {.name = kn_qbe_c_name(r, &g->name),
                           .file = r->body->file_entry,
                           .line = r->line,
                           .external = g->exported};
  kiln_die e = kiln_die_function(kiln_session_debug(r->session), (kiln_die){0}, &what, false);
  kiln_func_debug(r->f, e, r->unit, r->begins);
}

/* ---- the whole ---- */

static void read_text(struct kn_qbe *r, const char *text, size_t size) {
  if (r->c == NULL) kn_qbe_fail(r, r->p, KILN_ERR_MEMORY, "out of memory");
  if (size > INT32_MAX) kn_qbe_fail(r, r->p, KILN_ERR_LIMIT, "a text of 2 GiB or more");
  if (size == 0 || text[size - 1] != '\n') { /* every line has its end */
    KN_QBE_ROOM(r, r->copy, size + 1);
    if (size != 0) memcpy(r->copy.at, text, size);
    r->copy.at[size++] = '\n';
    text = r->copy.at;
  }
  r->text = r->p = text;
  r->end = text + size;
  kn_qbe_begin(r);
  while (kn_qbe_past(r) != 0) {
    struct kn_qbe_linkage l = {.export = false};
    unsigned form = kn_qbe_linkage(r, &l);
    if (form == QF_FUNCTION) head(r, &l);
    else if (form == QF_DATA) kn_qbe_data(r, &l);
    else if (form == QF_TYPE) kn_qbe_aggregate(r);
    else debug_file(r);
  }
  for (uint32_t i = 0; i < r->bodies.n; i++) kn_qbe_function(r, r->bodies.at + i);
}

kiln_status kiln_qbe_read(kiln_session *s, const char *text, size_t size, kiln_func_sink sink,
                          void *user, uint64_t *instructions) {
  struct kn_qbe r = {.session = s, .m = kiln_session_module(s), .sink = sink, .user = user};
  if (r.m == NULL) return KILN_ERR_ARGUMENT;
  r.allocator = kiln_module_allocator(r.m);
  r.c = kiln_ctypes_new(r.m);
  kiln_ctypes_set_promotion(r.c, false);
  r.text = r.p = "\n";
  r.end = r.text + 1;
  if (setjmp(r.failed) == 0) read_text(&r, text, size);
  kiln_func_discard(r.f);
  kiln_ctypes_free(r.c);
  kn_qbe_end(&r);
  if (instructions != NULL) *instructions = r.instructions;
  return r.status != KILN_OK ? r.status : kiln_module_status(r.m);
}
