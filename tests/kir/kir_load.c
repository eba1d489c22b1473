/* Runs a program from objects, loaded into a JIT in place of linked: kir_load OBJECT... adds them in their order and
 * calls `main`. What none of them defines is this program's own, or the C library's. Called by kir_run (--load). */
#include <kiln/jit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of a file, to be freed; NULL: it cannot be read. */
static void *read_file(const char *path, size_t *size) {
  FILE *in = fopen(path, "rb");
  if (in == NULL) return NULL;
  fseek(in, 0, SEEK_END);
  const long n = ftell(in);
  rewind(in);
  void *bytes = n >= 0 ? malloc((size_t)n + 1) : NULL;
  if (bytes != NULL) *size = fread(bytes, 1, (size_t)n, in);
  fclose(in);
  return bytes;
}

int main(int argc, char **argv) {
  kiln_jit_error e = {0};
  /* objects of programs refer to each other, and to what is at fixed addresses, directly */
  kiln_jit *jit = kiln_jit_new(
    &(kiln_jit_options){.reach = KILN_JIT_REACH_NEAR, .memory_bytes = UINT64_C(1) << 30}, &e);
  for (int i = 1; i < argc && jit != NULL; i++) {
    size_t size = 0;
    kiln_jit_unit unit;
    void *bytes = read_file(argv[i], &size);
    if (bytes == NULL) perror(argv[i]);
    kiln_status status = kiln_jit_add_object(jit, KILN_JIT_FORWARD, bytes, size, &unit, &e);
    free(bytes);
    if (status == KILN_OK) status = kiln_jit_run_constructors(jit, unit, argc, argv, NULL);
    if (status == KILN_OK) continue;
    printf("%s: %s\n", argv[i], e.diag.message);
    return 1;
  }
  int (*run)(void) = NULL;
  void *found = jit != NULL ? kiln_jit_lookup(jit, "main") : NULL;
  memcpy(&run, &found, sizeof run);
  if (run == NULL) {
    printf("no function main: %s\n", e.diag.message);
    return 1;
  }
  fprintf(stderr, "%d objects loaded\n", argc - 1);
  return run();
}
