/* The C side of the .kir tests: turns run lines into tables and one thunk per signature, and writes the program that
 * calls them. (One C function per line would take long to compile: there are thousands.) A child process runs each
 * file's lines and reports through shared memory, so that a crash fails only one line. Arguments narrower than 64
 * bits arrive with junk above. */
#include "kir_run.h"
#include <ctype.h>

static void *grow(void *at, size_t n, size_t size) {
  if (n & (n - 1)) return at; /* doubled at powers of two */
  at = realloc(at, (n ? n * 2 : 1) * size);
  if (!at) abort();
  return at;
}

/* ---- collecting ---- */

void kir_add_run(struct kir_file *f, unsigned line, const char *text, size_t n, bool check) {
  f->runs = grow(f->runs, f->n_runs, sizeof *f->runs);
  struct kir_run *r = &f->runs[f->n_runs++];
  *r = (struct kir_run){.line = line, .check = check, .text = strndup(text, n)};
  if (check) return;
  size_t k = strcspn(r->text, "(");
  r->name = strndup(r->text + (r->text[0] == '@'), k - (r->text[0] == '@'));
  size_t i = f->n_funcs;
  if (i > 0 && strcmp(f->funcs[i - 1].name, r->name) == 0) {
    r->func = i - 1; /* mostly the last one's */
    return;
  }
  for (i = 0; i < f->n_funcs && strcmp(f->funcs[i].name, r->name) != 0;) i++;
  r->func = i;
  if (i < f->n_funcs) return;
  f->funcs = grow(f->funcs, f->n_funcs, sizeof *f->funcs);
  f->funcs[f->n_funcs++] = (struct kir_func){.name = strdup(r->name)};
}

void kir_add_c(struct kir_file *f, unsigned line, const char *text, size_t n) {
  size_t room = n + strlen(f->name) + 32;
  f->c = realloc(f->c, f->c_size + room);
  if (!f->c) abort();
  f->c_size += (size_t)snprintf(f->c + f->c_size, room, "#line %u \"%s\"\n%.*s\n", line, f->name,
                                (int)n, text);
}

void kir_add_missing(struct kir_file *f, const char *name, const char *why) {
  f->missing = grow(f->missing, f->n_missing, sizeof *f->missing);
  struct kir_missing *m = &f->missing[f->n_missing++];
  snprintf(m->name, sizeof m->name, "%s", name);
  snprintf(m->why, sizeof m->why, "%s", why);
}

void kir_read_sigs(struct kir_file *f, const kiln_module *m) {
  for (size_t i = 0; i < f->n_funcs; i++) {
    struct kir_func *fn = &f->funcs[i];
    kiln_symbol_info info = kiln_symbol_get(m, kiln_symbol_lookup(m, fn->name));
    kiln_sig_info sig = kiln_sig_get(m, info.sig);
    fn->known = info.kind == KILN_SYMBOL_FUNC && sig.n_params <= 64 && sig.n_results <= 1;
    if (!fn->known) continue;
    fn->n_params = sig.n_params;
    fn->n_results = sig.n_results;
    fn->result = sig.n_results ? (uint8_t)sig.results[0] : 0;
    for (unsigned k = 0; k < sig.n_params; k++) {
      fn->params[k] = (uint8_t)sig.params[k].type;
      fn->flags[k] = sig.params[k].flags;
    }
  }
}

void kir_free_file(struct kir_file *f) {
  for (size_t i = 0; i < f->n_runs; i++) {
    free(f->runs[i].text);
    free(f->runs[i].name);
  }
  for (size_t i = 0; i < f->n_funcs; i++) free(f->funcs[i].name);
  free(f->runs);
  free(f->funcs);
  free(f->missing);
  free(f->text);
  free(f->test);
  free(f->c);
}

/* ---- numbers of run lines ---- */

/* Reads one number of type `t` into low and high bits; `*nan` if it is any NaN. NULL: malformed. */
static const char *read_number(const char *at, unsigned t, uint64_t bits[2], bool *nan) {
  char *end;
  while (*at == ' ') at++;
  bool is_float = t == KILN_TYPE_F32 || t == KILN_TYPE_F64; /* f80: by its bits */
  bool minus = *at == '-';
  const char *digits = at + minus;
  *nan = false;
  bits[0] = bits[1] = 0;
  if (t == KILN_TYPE_F80 && strncmp(at, "nan", 3) == 0) {
    *nan = true;
    return at + 3;
  }
  if (is_float && strncmp(digits, "0x", 2) != 0) {
    *nan = strncmp(digits, "nan", 3) == 0;
    if (t == KILN_TYPE_F32) {
      float v = strtof(at, &end);
      memcpy(bits, &v, sizeof v);
    } else {
      double v = strtod(at, &end);
      memcpy(bits, &v, sizeof v);
    }
    return end == at ? NULL : end;
  }
  unsigned __int128 v = 0;
  unsigned radix = 10;
  const char *c = digits;
  if (c[0] == '0' && c[1] == 'x') {
    radix = 16;
    c += 2;
  }
  const char *first = c;
  for (; isxdigit((unsigned char)*c) && (radix == 16 || isdigit((unsigned char)*c)); c++) {
    unsigned d = isdigit((unsigned char)*c) ? (unsigned)(*c - '0')
                                            : (unsigned)(tolower((unsigned char)*c) - 'a') + 10;
    v = v * radix + d;
  }
  if (c == first) return NULL;
  if (minus) v = 0 - v;
  bits[0] = (uint64_t)v;
  bits[1] = (uint64_t)(v >> 64);
  return c;
}

/* An argument as it is passed: junk above its type where the signature does not say otherwise. */
static void widen(unsigned t, unsigned flags, uint64_t bits[2]) {
  uint32_t size = kiln_type_size((kiln_type)t);
  if (t > KILN_TYPE_I64 || size == 8) return;
  unsigned w = size * 8;
  uint64_t mask = (UINT64_C(1) << w) - 1;
  bits[0] &= mask;
  if (flags & KILN_PARAM_SEXT64) {
    if (bits[0] >> (w - 1)) bits[0] |= ~mask;
  } else if (flags & KILN_PARAM_SEXT) {
    if (bits[0] >> (w - 1)) bits[0] |= ~mask & UINT32_MAX;
  } else if (!(flags & (KILN_PARAM_ZEXT | KILN_PARAM_ZEXT64))) {
    bits[0] |= UINT64_C(0xa5c3965a69e1d2b4) & ~mask;
  }
  if (flags & (KILN_PARAM_SEXT | KILN_PARAM_ZEXT)) bits[0] |= UINT64_C(0x5a3c96a500000000);
}

/* ---- writing ---- */

static const char *c_type(unsigned t) {
  switch (t) {
  case KILN_TYPE_VOID: return "void";
  case KILN_TYPE_I8: return "uint8_t";
  case KILN_TYPE_I16: return "uint16_t";
  case KILN_TYPE_I32: return "uint32_t";
  case KILN_TYPE_I128: return "unsigned __int128";
  case KILN_TYPE_F32: return "float";
  case KILN_TYPE_F64: return "double";
  case KILN_TYPE_F80: return "long double";
  default: return "uint64_t";
  }
}

/* True if C calls both functions in the same way. */
static bool same_call(const struct kir_func *a, const struct kir_func *b) {
  return a->n_params == b->n_params && a->n_results == b->n_results && a->result == b->result &&
         memcmp(a->params, b->params, a->n_params) == 0;
}

/* The first function that C calls in the same way as function `i`; their thunk has its number. */
static size_t thunk_of(const struct kir_file *f, size_t i) {
  size_t k = 0;
  while (k < i && !(f->funcs[k].known && same_call(&f->funcs[k], &f->funcs[i]))) k++;
  return k;
}

static void write_thunk(FILE *out, const struct kir_func *fn, size_t i) {
  fprintf(out,
          "static void kir_t%zu(const void *f, const union kir_value *a, union kir_value *r) {\n  ",
          i);
  const char *field[] = {[KILN_TYPE_I8] = "b",   [KILN_TYPE_I16] = "h",  [KILN_TYPE_I32] = "w",
                         [KILN_TYPE_I64] = "d",  [KILN_TYPE_I128] = "q", [KILN_TYPE_F32] = "fs",
                         [KILN_TYPE_F64] = "fd", [KILN_TYPE_F80] = "fx"};
  if (fn->n_results) fprintf(out, "r->%s = ", field[fn->result]);
  fprintf(out, "((%s (*)(", c_type(fn->result));
  for (unsigned k = 0; k < fn->n_params; k++) {
    unsigned t = fn->params[k];
    fprintf(out, "%s%s", k ? ", " : "", t <= KILN_TYPE_I64 ? "uint64_t" : c_type(t));
  }
  fprintf(out, "%s))f)(", fn->n_params ? "" : "void");
  for (unsigned k = 0; k < fn->n_params; k++) {
    unsigned t = fn->params[k];
    fprintf(out, "%sa[%u].%s", k ? ", " : "", k, t <= KILN_TYPE_I64 ? "d" : field[t]);
  }
  fprintf(out, ");\n}\n");
}

static void write_value(FILE *out, const uint64_t bits[2]) {
  fprintf(out, "{{0x%llxu, 0x%llxu}}", (unsigned long long)bits[0], (unsigned long long)bits[1]);
}

/* Appends the arguments of run line `i` to `args`, which has `*n_args` of them, and its row to `table`. */
static void write_run(FILE *args, size_t *n_args, FILE *table, const struct kir_file *f, size_t i) {
  const struct kir_run *r = &f->runs[i];
  const struct kir_func *fn = &f->funcs[r->func];
  const char *at = strchr(r->text, '(');
  uint64_t bits[2];
  bool nan = false, ok = fn->known && at;
  if (ok) at++;
  size_t first = *n_args;
  for (unsigned k = 0; ok && k < fn->n_params; k++) {
    at = read_number(at, fn->params[k], bits, &nan);
    ok = at != NULL;
    if (!ok) break;
    widen(fn->params[k], fn->flags[k], bits);
    write_value(args, bits);
    fprintf(args, ",\n");
    ++*n_args;
    while (*at == ' ') at++;
    if (k + 1 < fn->n_params) ok = *at++ == ',';
  }
  if (ok) {
    while (*at == ' ') at++;
    ok = *at++ == ')';
    while (ok && *at == ' ') at++;
  }
  nan = false;
  bits[0] = bits[1] = 0;
  if (ok && fn->n_results) {
    ok = strncmp(at, "==", 2) == 0 && (at = read_number(at + 2, fn->result, bits, &nan)) != NULL;
  }
  if (ok && fn->n_results && fn->result <= KILN_TYPE_I32) {
    bits[0] &= (UINT64_C(1) << 8 * kiln_type_size((kiln_type)fn->result)) - 1;
  }
  if (fn->result != KILN_TYPE_I128 && fn->result != KILN_TYPE_F80) bits[1] = 0;
  while (ok && at && *at == ' ') at++;
  if (!ok || *at) {
    kir_note("%s:%u: the run line is malformed: %s", f->name, r->line, r->text);
    fprintf(table, "  {%u, 0, 0, 0, {{0}}, 0, 0},\n", r->line);
    return;
  }
  fprintf(table, "  {%u, kir_t%zu, kir_f%zu, kir_args + %zu, ", r->line, thunk_of(f, r->func),
          r->func, first);
  write_value(table, bits);
  fprintf(table, ", %u, 0},\n", nan ? fn->result : 0);
}

bool kir_write_driver(const struct kir_file *f, size_t index, const char *path) {
  char *text = NULL, *rows = NULL, *values = NULL;
  size_t size = 0, rows_size = 0, values_size = 0, n_args = 0;
  FILE *out = open_memstream(&text, &size), *table = open_memstream(&rows, &rows_size);
  FILE *args = open_memstream(&values, &values_size);
  fprintf(out,
          "#include <stdint.h>\n#include <stddef.h>\n#include <string.h>\n#include <math.h>\n"
          "union kir_value { uint64_t u[2]; uint8_t b; uint16_t h; uint32_t w; uint64_t d; "
          "unsigned __int128 q; float fs; double fd; long double fx; };\n"
          "struct kir_line { unsigned line; void (*thunk)(const void *, const union kir_value *, "
          "union kir_value *); const void *function; const union kir_value *args; union kir_value "
          "want; unsigned nan; int (*check)(void); };\n"
          "void kir_missing(const char *);\n");
  for (size_t i = 0; i < f->n_missing; i++) {
    fprintf(out,
            "void kir_m%zu(void) __asm__(\"%s\");\nvoid kir_m%zu(void) { kir_missing(\"%s\"); }\n",
            i, f->missing[i].name, i, f->missing[i].name);
  }
  for (size_t i = 0; i < f->n_funcs; i++) {
    if (!f->funcs[i].known) continue;
    fprintf(out, "extern const char kir_f%zu[] __asm__(\"%s\");\n", i, f->funcs[i].name);
    if (thunk_of(f, i) == i) write_thunk(out, &f->funcs[i], i);
  }
  if (f->c) fprintf(out, "%.*s", (int)f->c_size, f->c);
  for (size_t i = 0; i < f->n_runs; i++) {
    const struct kir_run *r = &f->runs[i];
    if (!r->check) {
      write_run(args, &n_args, table, f, i);
      continue;
    }
    fprintf(out, "#line %u \"%s\"\nstatic int kir_c%zu(void) { return (%s); }\n", r->line, f->name,
            i, r->text);
    fprintf(table, "  {%u, 0, 0, 0, {{0}}, 0, kir_c%zu},\n", r->line, i);
  }
  fclose(table);
  fclose(args);
  fprintf(out, "static const union kir_value kir_args[] = {\n%s{{0}}};\n", values);
  fprintf(out, "const unsigned kir_n%zu = %zu;\nconst struct kir_line kir_lines%zu[] = {\n%s};\n",
          index, f->n_runs, index, rows);
  fclose(out);
  free(rows);
  free(values);
  bool same = false;
  FILE *old = fopen(path, "rb");
  if (old) {
    char *was = malloc(size + 1);
    same = fread(was, 1, size + 1, old) == size && memcmp(was, text, size) == 0;
    free(was);
    fclose(old);
  }
  FILE *file = same ? NULL : fopen(path, "wb");
  if (file) {
    fwrite(text, 1, size, file);
    fclose(file);
  }
  free(text);
  return !same;
}

static const char main_text[] =
  "#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
  "#include <signal.h>\n#include <sys/mman.h>\n#include <sys/time.h>\n#include "
  "<sys/wait.h>\n#include <unistd.h>\n"
  "union kir_value { uint64_t u[2]; uint8_t b; uint16_t h; uint32_t w; uint64_t d; "
  "unsigned __int128 q; float fs; double fd; long double fx; };\n"
  "struct kir_line { unsigned line; void (*thunk)(const void *, const union kir_value *, union "
  "kir_value *); const void *function; const union kir_value *args; union kir_value want; "
  "unsigned nan; int (*check)(void); };\n"
  "enum { RUNNING = 1, PASSED, FAILED, MISSING };\n"
  "struct state { volatile int what; union kir_value got; char missing[120]; } *states, *now;\n"
  "void kir_missing(const char *what) {\n"
  "  snprintf(now->missing, sizeof now->missing, \"%s\", what);\n"
  "  now->what = MISSING;\n"
  "  _exit(77);\n"
  "}\n"
  "static void one(const struct kir_line *l) {\n"
  "  union kir_value r;\n"
  "  int ok;\n"
  "  memset(&r, 0, sizeof r);\n"
  "  now->what = RUNNING;\n"
  "  if (l->check) {\n"
  "    ok = l->check();\n"
  "  } else if (!l->thunk) {\n"
  "    ok = 0;\n"
  "  } else {\n"
  "    l->thunk(l->function, l->args, &r);\n"
  "    ok = r.u[0] == l->want.u[0] && r.u[1] == l->want.u[1];\n"
  "    if (l->nan) ok = l->nan == 7 ? r.fs != r.fs : l->nan == 9 ? r.fx != r.fx : r.fd != r.fd;\n"
  "  }\n"
  "  now->got = r;\n"
  "  now->what = ok ? PASSED : FAILED;\n"
  "}\n"
  "static void file(unsigned index, const char *name, const struct kir_line *l, unsigned n) {\n"
  "  unsigned passed = 0, failed = 0, skipped = 0, crashes = 0;\n"
  "  char why[120] = \"\";\n"
  "  for (unsigned first = 0; first < n;) {\n"
  "    unsigned end = n;\n"
  "    int status;\n"
  "    memset(states, 0, (n + 1) * sizeof *states);\n"
  "    fflush(stdout);\n"
  "    pid_t child = fork();\n"
  "    if (child == 0) {\n"
  "      setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {20, 0}}, 0); /* of its own */\n"
  "      for (unsigned i = first; i < n; i++) { now = &states[i]; one(&l[i]); }\n"
  "      _exit(0);\n"
  "    }\n"
  "    waitpid(child, &status, 0);\n"
  "    for (unsigned i = first; i < end; i++) {\n"
  "      struct state *s = &states[i];\n"
  "      if (s->what == PASSED) { passed++; continue; }\n"
  "      if (s->what == MISSING) {\n"
  "        if (skipped++ == 0) memcpy(why, s->missing, sizeof why);\n"
  "        end = i + 1;\n"
  "        continue;\n"
  "      }\n"
  "      failed++;\n"
  "      if (s->what != FAILED) {\n"
  "        end = i + 1;\n"
  "        printf(\"%s:%u: crashed: status %d\\n\", name, l[i].line, status);\n"
  "        if (++crashes == 20) { printf(\"%s: too many crashes\\n\", name); end = n; break; }\n"
  "        continue;\n"
  "      }\n"
  "      if (failed > 50) continue;\n"
  "      if (l[i].check || !l[i].thunk) { printf(\"%s:%u: failed\\n\", name, l[i].line); continue; "
  "}\n"
  "      printf(\"%s:%u: got 0x%llx %llx, wanted %s 0x%llx %llx\\n\", name, l[i].line,\n"
  "             (long long)s->got.u[0], (long long)s->got.u[1], l[i].nan ? \"nan\" : \"\",\n"
  "             (long long)l[i].want.u[0], (long long)l[i].want.u[1]);\n"
  "    }\n"
  "    first = end;\n"
  "  }\n"
  "  printf(\"%% %u %u %u %u %s\\n\", index, passed, failed, skipped, why);\n"
  "}\n";

bool kir_write_main(const struct kir_file *files, const bool *ready, size_t n, const char *path) {
  FILE *out = fopen(path, "w");
  if (!out) return false;
  size_t most = 0;
  fputs(main_text, out);
  for (size_t i = 0; i < n; i++) {
    if (!ready[i]) continue;
    fprintf(out, "extern const struct kir_line kir_lines%zu[];\n", i);
    if (files[i].n_runs > most) most = files[i].n_runs;
  }
  fprintf(out,
          "int main(void) {\n  states = mmap(0, %zu * sizeof *states, PROT_READ | PROT_WRITE, "
          "MAP_SHARED | MAP_ANONYMOUS, -1, 0);\n",
          most + 1);
  for (size_t i = 0; i < n; i++) {
    if (ready[i]) {
      fprintf(out, "  file(%zu, \"%s\", kir_lines%zu, %zu);\n", i, files[i].name, i,
              files[i].n_runs);
    }
  }
  fprintf(out, "  return 0;\n}\n");
  return fclose(out) == 0;
}
