/* allocator TARGET SEEDS FILE...: compiles the functions of .kir files with stress seeds 0 to SEEDS - 1,
 * for tests/mutants/allocator.py, which links it with a damaged allocator. Exit status 3, and the finding
 * printed, as soon as the allocation checker fails a function; else 0, whatever else went wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kiln/inline.h>
#include <kiln/kiln.h>
#include <kiln/text.h>

enum { FOUND = 3 };

static void on_diag(void *user, const kiln_diag *d) {
  char line[600];
  (void)user;
  if (d->status != KILN_ERR_INTERNAL) return;
  kiln_diag_format(d, line, sizeof line);
  puts(line);
  exit(FOUND);
}

/* Functions that are kept, to be compiled with calls inlined. */
struct kept {
  bool keeping;
  kiln_symbol symbols[256];
  size_t n;
};

/* A function that fails otherwise is left out. */
static kiln_status sink(void *user, kiln_func *f) {
  struct kept *k = user;
  kiln_symbol symbol = kiln_func_symbol(f);
  bool room = k->keeping && k->n < sizeof k->symbols / sizeof *k->symbols;
  if (room && kiln_func_keep(f) == KILN_OK) k->symbols[k->n++] = symbol;
  else (void)kiln_func_compile(f);
  return KILN_OK;
}

static void compile(const char *name, const char *text, size_t size, kiln_processor target,
                    uint64_t seed) {
  kiln_module_options o = {.name = name,
                           .target.processor = target,
                           .stress_seed = seed,
                           .verify = true,
                           .on_diag = on_diag};
  kiln_module *m = kiln_module_new(&o);
  kiln_session *s = kiln_session_new(m);
  struct kept k = {.keeping = strstr(text, "!inline always") != NULL};
  kiln_module_attrs attrs = kiln_module_get_attrs(m);
  if (k.keeping) attrs.inlining = KILN_INLINING_SMALL;
  kiln_module_set_attrs(m, &attrs);
  (void)kiln_text_read(s, text, size, sink, &k);
  if (k.n != 0) (void)kiln_module_settle_inlining(m);
  for (size_t i = 0; i < k.n; i++)
    (void)kiln_func_compile(kiln_session_begin_kept(s, k.symbols[i]));
  kiln_session_free(s);
  kiln_module_free(m);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  kiln_processor target =
    strcmp(argv[1], "aarch64") == 0 ? KILN_PROCESSOR_AARCH64 : KILN_PROCESSOR_X86_64;
  uint64_t seeds = strtoull(argv[2], NULL, 10);
  for (uint64_t seed = 0; seed < seeds; seed++) {
    for (int i = 3; i < argc; i++) {
      FILE *in = fopen(argv[i], "rb");
      static char text[1 << 22];
      size_t size = in ? fread(text, 1, sizeof text, in) : 0;
      if (in == NULL || size == sizeof text) return 2;
      text[size] = 0;
      fclose(in);
      compile(argv[i], text, size, target, seed);
    }
  }
  return 0;
}
