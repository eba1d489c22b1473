/* Linked into the program of the .kir tests when they run on the interpreter: loads each file's text
 * before main, and gives the stand-ins (tests/kir/kir_interp.c) what they jump to. */
#include <kiln/interp.h>
#include <kiln/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kir_entry {
  const char *name;
  void **pointer;      /* functions: where the stand-in jumps to */
  void *(*data)(void); /* data: where it is, for this thread */
};
void kir_interp_load(const char *path, unsigned features, const struct kir_entry *entries,
                     unsigned n);
void kir_missing(const char *);
void kir_interp_throw(void *exception, const void *type);

struct file {
  const struct kir_entry *entries;
  unsigned n;
  kiln_interp *in;
  kiln_session *s;
  kiln_module *m;
  struct file *next;
};
/* A list of all, so that leak checkers find them. */
static struct file *files;

static void on_fault(void *user, const kiln_diag *d) {
  char line[700];
  (void)user;
  kiln_diag_format(d, line, sizeof line);
  if (d->status == KILN_ERR_UNSUPPORTED) kir_missing(d->message);
  printf("%s\n", line);
  fflush(stdout);
}

static void on_diag(void *user, const kiln_diag *d) { on_fault(user, d); }

static void *place(void *user, kiln_symbol symbol, const char *name) {
  const struct file *f = user;
  (void)symbol;
  for (unsigned i = 0; i < f->n; i++) {
    if (f->entries[i].data && strcmp(f->entries[i].name, name) == 0) return f->entries[i].data();
  }
  return NULL;
}

static char *read_text(const char *path, size_t *size) {
  FILE *in = fopen(path, "rb");
  char *text = NULL;
  *size = 0;
  if (!in) return NULL;
  for (;;) {
    text = realloc(text, *size + 65536);
    size_t n = text ? fread(text + *size, 1, 65536, in) : 0;
    if (n == 0) break;
    *size += n;
  }
  fclose(in);
  return text;
}

/* tests/kir/kir_throw.c: throws in the file whose functions run. */
void kir_interp_throw(void *exception, const void *type) {
  kiln_diag where;
  for (struct file *f = files; f; f = f->next)
    if (kiln_interp_find_place(f->in, &where)) kiln_interp_throw(f->in, exception, type);
  abort();
}

/* Nothing is freed until the process ends. */
void kir_interp_load(const char *path, unsigned features, const struct kir_entry *entries,
                     unsigned n) {
  const char *name = strrchr(path, '/');
  struct file *f = malloc(sizeof *f);
  kiln_module_options mo = {
    .name = name ? name + 1 : path, .features = features, .on_diag = on_diag};
  kiln_interp_options o = {
    .place = place, .place_user = f, .on_fault = on_fault, .on_fault_user = f};
  size_t size;
  char *text = read_text(path, &size);
  kiln_target_find("x86_64", &mo.target);
  kiln_module *m = kiln_module_new(&mo);
  kiln_session *s = m ? kiln_session_new(m) : NULL;
  kiln_interp *in = m ? kiln_interp_new(m, &o) : NULL;
  kiln_diag diag;
  if (!f || !text || !s || !in) abort();
  *f = (struct file){entries, n, in, s, m, files};
  files = f;
  if (kiln_text_read(s, text, size, kiln_interp_sink, in) != KILN_OK) return;
  if (kiln_interp_link(in, &diag) != KILN_OK) {
    on_fault(NULL, &diag);
    return;
  }
  for (unsigned i = 0; i < n; i++) {
    if (!entries[i].pointer) continue;
    *entries[i].pointer = kiln_interp_address(in, kiln_symbol_lookup(m, entries[i].name));
  }
  kiln_interp_run_constructors(in, NULL);
  free(text);
}
