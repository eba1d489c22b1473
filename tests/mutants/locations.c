/* locations FILE...: compiles LLVM bitcode with checks, each module as it is and with calls inlined, for
 * tests/mutants/locations.py. Prints how many bytes of locations were proved, and how many were not, by reason. Exit
 * status 3, and the finding printed, as soon as the checker finds a location that is wrong. */
#include "lib/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kiln/inline.h>
#include <kiln/kiln.h>
#include <kiln/llvm.h>

enum { FOUND = 3 };

static uint64_t located[KN_LOC_COUNT];

static void on_diag(void *user, const kiln_diag *d) {
  char line[600];
  (void)user;
  if (d->status != KILN_ERR_INTERNAL || strstr(d->message, "a location") == NULL) return;
  kiln_diag_format(d, line, sizeof line);
  puts(line);
  exit(FOUND);
}

/* Reads all bodies; with inlining as `kiln compile --inline` does: what cannot be left out, then what that needs. */
static void read_all(kiln_session *s, const void *bytes, size_t size) {
  kiln_llvm *l = kiln_llvm_new(s, bytes, size, NULL);
  uint64_t n;
  uint32_t *list = malloc((kiln_llvm_body_count(l) + 1) * sizeof *list);
  const bool inlining =
    kiln_llvm_keep_bodies(l, &n) == KILN_OK && s->module->attrs.inlining != KILN_INLINING_OFF;
  for (bool more = list != NULL; more;) {
    const uint32_t bodies = kiln_llvm_next_bodies(l, list, kiln_llvm_body_count(l));
    for (uint32_t k = 0; k < bodies; k++)
      (void)kiln_llvm_read_bodies(l, list[k], 1, NULL, NULL, &n);
    more = bodies != 0 && inlining;
  }
  free(list);
  kiln_llvm_free(l);
}

static void compile(const char *name, const void *bytes, size_t size, bool inlining,
                    kiln_processor processor) {
  kiln_module_options o = {.name = name, .target.processor = processor, .on_diag = on_diag};
  kiln_module *m = kiln_module_new(&o);
  kiln_module_attrs attrs = kiln_module_get_attrs(m);
  if (inlining) {
    attrs.inlining = KILN_INLINING_SMALL;
    attrs.variables = KILN_VARIABLES_AS_IS;
  }
  kiln_module_set_attrs(m, &attrs);
  kiln_session *s = kiln_session_new(m);
  read_all(s, bytes, size);
  if (s->walk != NULL)
    for (unsigned k = 0; k < KN_LOC_COUNT; k++) located[k] += s->walk->check->located[k];
  kiln_buffer object = {0};
  if (kiln_emit_elf(m, &s, 1, &object) != KILN_OK) {
    printf("%s: no object\n", name);
    exit(2);
  }
  kiln_buffer_free(&object);
  kiln_session_free(s);
  kiln_module_free(m);
}

int main(int argc, char **argv) {
  static const char *const names[KN_LOC_COUNT] = {"proved", "within", "prologue", "several",
                                                  "other"};
  for (int i = 1; i < argc; i++) {
    FILE *in = fopen(argv[i], "rb");
    static char bytes[1 << 26];
    size_t size = in ? fread(bytes, 1, sizeof bytes, in) : 0;
    if (in == NULL || size == sizeof bytes) return 2;
    fclose(in);
    const kiln_processor processor =
      strstr(argv[i], "aarch64") ? KILN_PROCESSOR_AARCH64 : KILN_PROCESSOR_X86_64;
    for (unsigned inlining = 0; inlining < 2; inlining++)
      compile(argv[i], bytes, size, inlining, processor);
  }
  for (unsigned k = 0; k < KN_LOC_COUNT; k++)
    printf("%s %llu\n", names[k], (unsigned long long)located[k]);
  return 0;
}
