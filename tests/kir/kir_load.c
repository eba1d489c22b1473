/* Runs a program from objects, loaded into a JIT in place of linked: kir_load OBJECT... adds them in their order, calls
 * `main`, and at exit what ends the program. What none of them defines is this program's own, or the C library's.
 * Called by kir_run (--load); on Windows by windows_host.py, which writes the table KIR_NAMES of what an object does
 * not define, since most functions of C's library are no DLL's there. */
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

struct name {
  const char *name;
  void *address;
};
#ifdef KIR_NAMES
extern const struct name KIR_NAMES[]; /* a NULL ends them */
#else
static const struct name names[1];
#define KIR_NAMES names
#endif

static void *resolve(void *user, const char *name) {
  (void)user;
  for (const struct name *n = KIR_NAMES; n->name != NULL; n++)
    if (strcmp(n->name, name) == 0) return n->address;
  return NULL;
}

static kiln_jit *jit;
static kiln_jit_unit *units; /* the first is none */
static int n_units;

static void end(void) {
  while (n_units > 1) kiln_jit_run_destructors(jit, units[--n_units]);
}

int main(int argc, char **argv) {
  kiln_jit_error e = {0};
  units = calloc((size_t)argc + 1, sizeof *units);
  atexit(end);
  /* objects of programs refer to each other, and to what is at fixed addresses, directly */
  jit = kiln_jit_new(&(kiln_jit_options){.resolve = resolve,
                                         .reach = KILN_JIT_REACH_NEAR,
                                         .memory_bytes = UINT64_C(1) << 30},
                     &e);
  for (int i = 1; i < argc && jit != NULL; i++) {
    size_t size = 0;
    void *bytes = read_file(argv[i], &size);
    if (bytes == NULL) perror(argv[i]);
    kiln_status status = kiln_jit_add_object(jit, KILN_JIT_FORWARD, bytes, size, units + i, &e);
    free(bytes);
    if (status == KILN_OK) status = kiln_jit_run_constructors(jit, units[i], argc, argv, NULL);
    n_units = i + 1;
    if (status == KILN_OK) continue;
    printf("%s: %s\n", argv[i], e.diag.message);
    return 99;
  }
  int (*run)(int, char **, char **) = NULL;
  void *found = jit != NULL ? kiln_jit_lookup(jit, "main") : NULL;
  memcpy(&run, &found, sizeof run);
  if (run == NULL) {
    printf("no function main: %s\n", e.diag.message);
    return 1;
  }
  fprintf(stderr, "%d objects loaded\n", argc - 1);
  char *none[] = {argv[0], NULL};
  return run(1, none, none + 1);
}
