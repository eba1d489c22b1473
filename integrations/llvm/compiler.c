/* Which compiler this process is. rustc and LDC emit objects through LLVM's C++ classes, which do not say at which
 * level: their command lines do. GHDL has its code optimized where its command line says nothing. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_rustc_driver(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  const char *base = strrchr(info->dlpi_name, '/');
  return strncmp(base != NULL ? base + 1 : info->dlpi_name, "librustc_driver", 15) == 0;
}

/* rustc, or a program of its kind: clippy's driver, rustdoc. */
static bool is_rustc(void) { return dl_iterate_phdr(is_rustc_driver, NULL) != 0; }
static bool is_ldc(void) { return strcmp(program_invocation_short_name, "ldc2") == 0; }
/* LDC's driver with DMD's options, which is linked with LLVM and compiles nothing itself. */
bool shim_is_driver(void) { return strcmp(program_invocation_short_name, "ldmd2") == 0; }
static bool is_ghdl(void) { return strcmp(program_invocation_short_name, "ghdl1-llvm") == 0; }

static const struct {
  const char *name;
  bool (*is)(void);
  bool writes_to_stream;
  void (*options)(struct shim_compiler *c);
} compilers[] = {
  {"rustc", is_rustc, true, shim_rustc_options},
  {"ldc2", is_ldc, true, shim_ldc_options},
  {"ghdl", is_ghdl, false, shim_ghdl_options},
};

static struct shim_compiler compiler;

static void find_compiler(void) {
  for (size_t i = 0; i < sizeof compilers / sizeof *compilers; i++)
    if (compilers[i].is()) {
      compiler = (struct shim_compiler){.name = compilers[i].name,
                                        .writes_to_stream = compilers[i].writes_to_stream};
      compilers[i].options(&compiler);
      return;
    }
}

const struct shim_compiler *shim_compiler(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find_compiler);
  return &compiler;
}

static struct {
  pthread_once_t once;
  struct tool_settings read;
} settings = {.once = PTHREAD_ONCE_INIT};

static void read_settings(void) {
  char why[TOOL_WHY_SIZE];
  if (tool_settings_read(&settings.read, why)) return;
  fprintf(stderr, "kiln: error: %s\n", why);
  settings.read = (struct tool_settings){.bad = true};
}

const struct tool_settings *shim_settings(void) {
  pthread_once(&settings.once, read_settings);
  return &settings.read;
}

bool shim_words_of(const char *path, int end, shim_word_fn *word, void *user) {
  FILE *f = fopen(path, "r");
  if (f == NULL) return false;
  char *line = NULL;
  size_t room = 0;
  bool ok = true;
  for (ssize_t n; (n = getdelim(&line, &room, end, f)) > 0;) {
    if (line[n - 1] == end) line[n - 1] = 0;
    char *kept = strdup(line);
    if (kept != NULL) word(user, kept);
    ok &= kept != NULL;
  }
  free(line);
  fclose(f);
  return ok;
}

/* Words but the first one. */
struct rest {
  shim_word_fn *word;
  void *user;
  bool begun;
};

static void rest_word(void *user, const char *w) {
  struct rest *r = user;
  if (r->begun) r->word(r->user, w);
  r->begun = true;
}

bool shim_command_line(shim_word_fn *word, void *user) {
  struct rest r = {.word = word, .user = user};
  return shim_words_of("/proc/self/cmdline", 0, rest_word, &r);
}
