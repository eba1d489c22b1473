/* Runs .kir files: reads and prints them (print -> parse -> print is the identity), verifies them,
 * compiles them and runs their `; run:` lines against a C driver, in normal and in stress mode.
 * Directives stand in comments: tests/README.md lists them. Speaks TAP, one case per file and mode.
 * The files of one run are linked into one program per mode, so their symbols have distinct names. */
#include "kir_run.h"
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

/* ---- TAP ---- */

static unsigned n_cases, n_failed;

static void out_case(bool ok, const char *file, const char *mode, const char *skip) {
  printf("%sok %u - %s: %s%s%s\n", ok ? "" : "not ", ++n_cases, file, mode, skip ? " # SKIP " : "",
         skip ? skip : "");
  n_failed += !ok;
}

void kir_note(const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("# ");
  vprintf(format, args);
  printf("\n");
  va_end(args);
}

/* ---- parsing and printing ---- */

struct reading {
  kiln_module *m;
  kiln_session *s;
  kiln_buffer text; /* of the functions */
  kiln_diag diag;   /* the first one */
  bool print, compile;
  bool keeping; /* functions are kept, and calls of them inlined */
  bool loading; /* the object is for a JIT */
  kiln_symbol *kept;
  size_t n_kept;
  struct kir_file *file;
};

static void on_diag(void *user, const kiln_diag *d) {
  struct reading *r = user;
  if (r->diag.status == KILN_OK) r->diag = *d;
}

/* Keeps a function, to be inlined wherever that is possible. */
static bool keep(struct reading *r, kiln_func *f) {
  kiln_symbol symbol = kiln_func_symbol(f);
  kiln_symbol *kept = realloc(r->kept, (r->n_kept + 1) * sizeof *kept);
  if (kept == NULL) return false;
  r->kept = kept;
  if (kiln_func_keep(f) != KILN_OK) return false;
  r->kept[r->n_kept++] = symbol;
  return true;
}

static kiln_status sink(void *user, kiln_func *f) {
  struct reading *r = user;
  kiln_status status = KILN_OK;
  if (r->keeping && keep(r, f)) return KILN_OK;
  if (r->print) status = kiln_func_print(f, &r->text);
  if (!r->compile || status != KILN_OK) {
    kiln_func_discard(f);
    return status;
  }
  const char *name = kiln_symbol_get(r->m, kiln_func_symbol(f)).desc.name;
  kiln_diag why;
  status = kiln_func_try_compile(f, &why);
  if (status == KILN_ERR_UNSUPPORTED) {
    kir_add_missing(r->file, name, why.message);
    return KILN_OK;
  }
  if (status != KILN_OK) r->diag = why;
  return status;
}

/* The text with a word in each function that it is to be inlined; to be freed. */
static char *with_words(const char *text, size_t size, size_t *out_size) {
  static const char words[] = "  !final\n  !inline always\n";
  char *out = malloc(size * sizeof words + 1), *to = out; /* a function is longer than one byte */
  if (out == NULL) return NULL;
  for (const char *at = text, *end = text + size; at < end;) {
    const char *eol = memchr(at, '\n', (size_t)(end - at));
    size_t n = eol ? (size_t)(eol + 1 - at) : (size_t)(end - at);
    memcpy(to, at, n);
    to += n;
    if (n > 5 && memcmp(at, "func ", 5) == 0) to = stpcpy(to, words);
    at += n;
  }
  *out_size = (size_t)(to - out);
  return out;
}

/* Reads the functions; where they are kept, gives them to the sink afterwards, with calls inlined. */
static bool read_all(struct reading *r, const char *text, size_t size) {
  if (r->keeping) {
    kiln_module_attrs attrs = kiln_module_get_attrs(r->m);
    attrs.inlining = KILN_INLINING_SMALL;
    attrs.variables = KILN_VARIABLES_AS_IS;
    kiln_module_set_attrs(r->m, &attrs);
  }
  char *words = r->keeping ? with_words(text, size, &size) : NULL;
  kiln_status status = kiln_text_read(r->s, words ? words : text, size, sink, r);
  free(words);
  if (status == KILN_OK && r->keeping) status = kiln_module_settle_inlining(r->m);
  r->keeping = false;
  for (size_t i = 0; i < r->n_kept && status == KILN_OK; i++) {
    kiln_func *f = kiln_session_begin_kept(r->s, r->kept[i]);
    status = f != NULL ? kiln_func_status(f) : KILN_ERR_MEMORY;
    if (status == KILN_OK) status = sink(r, f);
    else kiln_func_discard(f);
  }
  free(r->kept);
  r->kept = NULL;
  return status == KILN_OK;
}

static bool start(struct reading *r, kiln_processor target, uint64_t seed,
                  const struct kir_file *file) {
  kiln_module_options o = {.target.processor = target,
                           .name = file->name,
                           .features = file->features,
                           .on_diag = on_diag,
                           .on_diag_user = r,
                           .stress_seed = seed,
                           .verify = true,
                           .jit = r->loading};
  r->diag.status = KILN_OK;
  r->m = kiln_module_new(&o);
  r->s = r->m ? kiln_session_new(r->m) : NULL;
  return r->s != NULL;
}

static void stop(struct reading *r) {
  if (r->s) kiln_session_free(r->s);
  kiln_module_free(r->m);
  r->s = NULL;
  r->m = NULL;
}

static void note_diag(const kiln_diag *d) {
  char line[700];
  kiln_diag_format(d, line, sizeof line);
  kir_note("%s", line);
}

/* Parses `text` and prints it all to `out`. */
static bool print_once(const char *text, size_t size, kiln_processor target, const char *name,
                       kiln_buffer *out) {
  struct reading r = {.print = true};
  bool ok = start(&r, target, 0, &(struct kir_file){.name = name}) &&
            kiln_text_read(r.s, text, size, sink, &r) == KILN_OK &&
            kiln_module_print(r.m, out) == KILN_OK &&
            kiln_buffer_append(out, r.text.data, r.text.size) == KILN_OK;
  if (!ok) note_diag(&r.diag);
  stop(&r);
  kiln_buffer_free(&r.text);
  return ok;
}

static bool test_print(struct kir_file *f, kiln_processor target) {
  kiln_buffer a = {0}, b = {0};
  bool ok = print_once(f->text, f->size, target, f->name, &a);
  if (ok && !print_once((char *)a.data, a.size, target, "its own text", &b)) {
    kir_note("%s: what was printed is not read back", f->name);
    ok = false;
  } else if (ok && (a.size != b.size || memcmp(a.data, b.data, a.size) != 0)) {
    size_t i = 0, line = 1;
    while (i < a.size && i < b.size && a.data[i] == b.data[i]) line += a.data[i++] == '\n';
    kir_note("%s: printed again, line %zu differs", f->name, line);
    ok = false;
  }
  kiln_buffer_free(&a);
  kiln_buffer_free(&b);
  return ok;
}

/* ---- errors ---- */

/* Text of the directive `; NAME: ...` in a line, or NULL. */
static const char *directive(const char *line, size_t length, const char *name, size_t *n) {
  size_t want = strlen(name);
  for (size_t i = 0; i + want + 3 <= length; i++) {
    if (line[i] != ';' || line[i + 1] != ' ') continue;
    if (memcmp(line + i + 2, name, want) != 0 || line[i + 2 + want] != ':') continue;
    const char *at = line + i + 3 + want, *end = line + length;
    while (at < end && *at == ' ') at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\r')) end--;
    *n = (size_t)(end - at);
    return at;
  }
  return NULL;
}

/* One section of a file of errors: the text with the lines before it blank. It has one `; error:`. */
static bool test_section(struct kir_file *f, const char *from, const char *to,
                         kiln_processor target) {
  size_t blank = 0;
  for (const char *c = f->text; c < from; c++) blank += *c == '\n';
  size_t size = blank + (size_t)(to - from), n = 0;
  char *text = malloc(size + 1);
  memset(text, '\n', blank);
  memcpy(text + blank, from, (size_t)(to - from));
  unsigned line = (unsigned)blank + 1, want_line = 0;
  const char *want = NULL;
  for (const char *c = from; c < to; line++) {
    const char *end = memchr(c, '\n', (size_t)(to - c));
    if (!end) end = to;
    size_t length;
    const char *e = directive(c, (size_t)(end - c), "error", &length);
    if (e) {
      want = e;
      n = length;
      want_line = line;
    }
    c = end + 1;
  }
  struct reading r = {0};
  bool ok = start(&r, target, 0, f);
  kiln_status status = ok ? kiln_text_read(r.s, text, size, sink, &r) : KILN_ERR_MEMORY;
  if (!want) {
    ok = status == KILN_OK;
    if (!ok) note_diag(&r.diag);
  } else {
    char *message = strndup(want, n);
    ok = status != KILN_OK && r.diag.line == want_line && strstr(r.diag.message, message);
    if (!ok) {
      kir_note("%s:%u: wanted: %s", f->name, want_line, message);
      if (status == KILN_OK) kir_note("but there was no error");
      else note_diag(&r.diag);
    }
    free(message);
  }
  stop(&r);
  free(text);
  return ok;
}

static bool test_errors(struct kir_file *f, kiln_processor target) {
  bool ok = true;
  const char *from = f->text, *end = f->text + f->size;
  while (from < end) {
    const char *to = strstr(from, "\n; ---");
    if (!to) to = end;
    ok &= test_section(f, from, to, target);
    from = to + 1;
  }
  return ok;
}

/* ---- running ---- */

static bool compile_file(struct kir_file *f, kiln_processor target, uint64_t seed,
                         const char *object, const struct kir_options *o) {
  struct reading r = {
    .compile = true, .file = f, .keeping = o->inlining, .loading = o->load != NULL};
  kiln_buffer elf = {0};
  f->n_missing = 0;
  bool ok = start(&r, target, seed, f) && read_all(&r, f->text, f->size) &&
            kiln_emit_elf(r.m, &r.s, 1, &elf) == KILN_OK;
  if (!ok) note_diag(&r.diag);
  FILE *out = ok ? fopen(object, "wb") : NULL;
  if (ok) ok = out && fwrite(elf.data, 1, elf.size, out) == elf.size;
  if (out) ok &= fclose(out) == 0;
  if (ok) kir_read_sigs(f, r.m);
  kiln_buffer_free(&elf);
  stop(&r);
  return ok;
}

/* The driver's results for one file. */
struct counts {
  unsigned passed, failed, skipped;
  char why[200]; /* of what was skipped: the first line's reason, if the program knows one */
};

/* Makes the program of the objects and the C files in objects.rsp; false if that fails. */
static bool link_program(const struct kir_options *o, const char *target) {
  char command[2000];
  snprintf(command, sizeof command,
           "%s -O1 -w %s -o %s/prog-%s @%s/objects.rsp \"$KIR_THROW\" %s -lm -lpthread", o->cc,
           o->cc_flags, o->dir, target, o->dir, o->interp ? o->interp : "");
  return system(command) == 0;
}

/* Makes a script in its place that loads the objects: one of each file and its driver, and those of the C files. */
static bool load_program(const struct kir_options *o, const char *target) {
  static const char script[] =
    "cd '%s' && set -e && objects=\"$(grep -v '[.]c$' objects.rsp)\" \n"
    "%s -w -O1 -fPIC -c \"$KIR_THROW\" -o throw.o\n%s -w -O1 -fPIC -c main-%s.c -o main.o\n"
    "set -- throw.o\nfor o in $objects; do case $o in\n"
    "  *.c.o) %s -r -nostdlib -o $o.both.o $first $o; set -- \"$@\" $o.both.o ;;\n"
    "  *) first=$o ;;\nesac; done\n"
    "echo \"cd '$PWD' && exec \\\"\\$KIR_LOAD\\\" $* main.o\" >prog-%s\nchmod +x prog-%s\n";
  char command[4000];
  snprintf(command, sizeof command, script, o->dir, o->cc, o->cc, target, o->cc, target, target);
  return system(command) == 0;
}

static void run_mode(struct kir_file *files, size_t n, const struct kir_options *o, uint64_t seed) {
  char mode[64], path[600], command[2000];
  const char *target = o->interp ? "interp" : kiln_processor_name(o->target.processor);
  if (seed) snprintf(mode, sizeof mode, "run %s, stress %llu", target, (unsigned long long)seed);
  else snprintf(mode, sizeof mode, "run %s", target);
  if (o->inlining) strcat(mode, ", inlined");
  if (o->load) strcat(mode, ", loaded");
  snprintf(path, sizeof path, "%s/objects.rsp", o->dir);
  FILE *rsp = fopen(path, "w");
  if (!rsp) {
    out_case(false, "all files", mode, NULL);
    return;
  }
  bool *ready = calloc(n, sizeof *ready);
  struct counts *counts = calloc(n, sizeof *counts);
  for (size_t i = 0; i < n; i++) {
    struct kir_file *f = &files[i];
    if (!f->runs_here) continue;
    snprintf(path, sizeof path, "%s/%zu-%s-%llu.%s", o->dir, i, target, (unsigned long long)seed,
             o->interp ? "c" : "o");
    if (o->interp) {
      char text[600];
      snprintf(text, sizeof text, "%s/%zu.kir", o->dir, i);
      ready[i] = kir_write_stubs(f, i, o->target.processor, text, path);
    } else {
      ready[i] = compile_file(f, o->target.processor, seed, path, o);
    }
    if (!ready[i]) continue;
    fprintf(rsp, "%s\n", path);
    /* The driver of a file is compiled anew only if other functions are missing. */
    snprintf(path, sizeof path, "%s/%zu-%s.c", o->dir, i, target);
    if (kir_write_driver(f, i, path)) {
      snprintf(command, sizeof command, "%s -O0 -w %s -c %s -o %s.o", o->cc, o->load ? "-fPIC" : "",
               path, path);
      ready[i] = system(command) == 0;
    }
    fprintf(rsp, "%s.o\n", path);
  }
  snprintf(path, sizeof path, "%s/main-%s.c", o->dir, target);
  bool linked = kir_write_main(files, ready, n, path);
  fprintf(rsp, "%s\n", path);
  fclose(rsp);
  linked = linked && (o->load ? load_program(o, target) : link_program(o, target));
  if (!linked) {
    out_case(false, "all files", mode, NULL);
    goto done;
  }
  snprintf(command, sizeof command, "%s %s/prog-%s", o->load ? "sh" : o->exec, o->dir, target);
  FILE *prog = popen(command, "r");
  char line[1000];
  while (prog && fgets(line, sizeof line, prog)) {
    size_t i;
    unsigned p, q, s;
    line[strcspn(line, "\n")] = 0;
    int end = 0;
    if (sscanf(line, "%% %zu %u %u %u %n", &i, &p, &q, &s, &end) == 4 && i < n) {
      counts[i] = (struct counts){p, q, s, ""};
      snprintf(counts[i].why, sizeof counts[i].why, "%s", line + end);
    } else {
      kir_note("%s", line);
    }
  }
  if (!prog || pclose(prog) == -1) kir_note("%s: %s", command, strerror(errno));
  for (size_t i = 0; i < n; i++) {
    struct kir_file *f = &files[i];
    struct counts *c = &counts[i];
    if (!f->runs_here) continue;
    char what[200], skip[400];
    snprintf(what, sizeof what, "%s, %u lines", mode, c->passed);
    snprintf(skip, sizeof skip, "%u of %u lines: %s", c->skipped,
             c->skipped + c->passed + c->failed, f->n_missing ? f->missing[0].why : c->why);
    bool ok = ready[i] && c->failed == 0 && c->passed + c->skipped == f->n_runs;
    out_case(ok, f->name, what, ok && c->skipped ? skip : NULL);
  }
done:
  free(ready);
  free(counts);
}

/* ---- files ---- */

static bool read_file(struct kir_file *f, const char *path, kiln_processor target) {
  FILE *in = fopen(path, "rb");
  if (!in) return false;
  fseek(in, 0, SEEK_END);
  long size = ftell(in);
  rewind(in);
  if (size < 0) size = 0;
  *f = (struct kir_file){.name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path,
                         .text = malloc((size_t)size + 1),
                         .size = (size_t)size};
  bool ok = f->text && fread(f->text, 1, f->size, in) == f->size;
  fclose(in);
  if (!ok) return false;
  f->text[f->size] = 0;
  f->right_target = true;
  unsigned line = 1;
  for (const char *c = f->text; *c; line++) {
    const char *end = c + strcspn(c, "\n"), *d;
    size_t length = (size_t)(end - c), n;
    if ((d = directive(c, length, "test", &n))) {
      f->test = strndup(d, n);
    } else if ((d = directive(c, length, "target", &n))) {
      const char *name = kiln_processor_name(target);
      f->right_target = n == strlen(name) && memcmp(d, name, n) == 0;
    } else if ((d = directive(c, length, "features", &n))) {
      char name[32];
      snprintf(name, sizeof name, "%.*s", (int)n, d);
      kiln_feature_find(target, name, &f->features);
    } else if ((d = directive(c, length, "run", &n))) {
      kir_add_run(f, line, d, n, false);
    } else if ((d = directive(c, length, "check", &n))) {
      kir_add_run(f, line, d, n, true);
    } else if ((d = directive(c, length, "c", &n))) {
      kir_add_c(f, line, d, n);
    } else if (directive(c, length, "error", &n)) {
      f->has_errors = true;
    }
    c = *end ? end + 1 : end;
  }
  f->runs_here = f->n_runs && f->right_target && (!f->test || strstr(f->test, "run"));
  return true;
}

static int usage(void) {
  fprintf(stderr,
          "usage: kir_run [--target=NAME] [--cc=COMMAND] [--cc-flags=FLAGS] [--exec=COMMAND]\n"
          "               [--first=SEED] [--interp=LINK ARGUMENTS] [--load=KIR_LOAD] [--seeds=N] "
          "[--no-run] [--keep=DIR]\n               FILE...\n"
          "Modes: --first (default 0, normal) to --seeds (default 2); above 0 are stress seeds.\n");
  return 2;
}

int main(int argc, char **argv) {
  struct kir_options o = {.cc = "gcc", .cc_flags = "", .exec = ""};
  char dir[] = "/tmp/kir-XXXXXX";
  unsigned seeds = 2, first_seed = 0, first = 1;
  bool run = true, keep = false;
  kiln_target_find("x86_64", &o.target);
  for (; (int)first < argc && argv[first][0] == '-'; first++) {
    char *a = argv[first], *value = strchr(a, '=') ? strchr(a, '=') + 1 : a + strlen(a);
    size_t n = (size_t)(value - a);
    if (strncmp(a, "--target=", n) == 0 && kiln_target_find(value, &o.target)) continue;
    if (strncmp(a, "--cc=", n) == 0) o.cc = value;
    else if (strncmp(a, "--cc-flags=", n) == 0) o.cc_flags = value;
    else if (strncmp(a, "--exec=", n) == 0) o.exec = value;
    else if (strncmp(a, "--first=", n) == 0) first_seed = (unsigned)atoi(value);
    else if (strncmp(a, "--seeds=", n) == 0) seeds = (unsigned)atoi(value);
    else if (strncmp(a, "--load=", n) == 0) o.load = value;
    else if (strncmp(a, "--interp=", n) == 0) {
      o.interp = value;
      seeds = 0;
    } else if (strncmp(a, "--keep=", n) == 0) {
      o.dir = value;
      keep = true;
    } else if (strcmp(a, "--no-run") == 0) run = false;
    else if (strcmp(a, "--inline") == 0) o.inlining = true;
    else return usage();
  }
  if ((int)first >= argc) return usage();
  if (!keep && !(o.dir = mkdtemp(dir))) return 1;
  setenv("KIR_THROW", KIR_THROW, true); /* paths of any letters, for the shells of commands */
  if (o.load) setenv("KIR_LOAD", o.load, true);
  size_t n = (size_t)argc - first;
  struct kir_file *files = calloc(n, sizeof *files);
  for (size_t i = 0; i < n; i++) {
    if (!read_file(&files[i], argv[first + i], o.target.processor)) {
      fprintf(stderr, "%s: %s\n", argv[first + i], strerror(errno));
      return 1;
    }
  }
  for (size_t i = 0; i < n && !o.inlining; i++) {
    struct kir_file *f = &files[i];
    if (!f->right_target) out_case(true, f->name, "print", "other target");
    else if (f->has_errors) out_case(test_errors(f, o.target.processor), f->name, "errors", NULL);
    else out_case(test_print(f, o.target.processor), f->name, "print", NULL);
  }
  for (unsigned seed = first_seed; run && seed <= seeds; seed++) run_mode(files, n, &o, seed);
  printf("1..%u\n", n_cases);
  if (!keep) {
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", o.dir);
    if (system(command) != 0) return 1;
  }
  for (size_t i = 0; i < n; i++) kir_free_file(&files[i]);
  free(files);
  return n_failed != 0;
}
