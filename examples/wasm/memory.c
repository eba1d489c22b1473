/* Compiles a WebAssembly module in memory, gives it an import, calls an export, and goes on after its trap. */
#include <kiln/wasm_runtime.h>
#include <stdio.h>

/* [import] */
static kiln_wasm_exn *print(void *user, kiln_wasm_value *values) {
  fprintf(user, "quotient %d\n", (int)values[0].i32);
  return NULL; /* or an exception for the module */
}
/* [end] */

/* [run] */
static int run(const void *bytes, size_t size) {
  char message[256];
  kiln_wasmrt_error error;
  kiln_wasmrt_code *code = kiln_wasmrt_compile(bytes, size, NULL, message, sizeof message);
  if (code == NULL) return fprintf(stderr, "%s\n", message), 1;
  kiln_wasmrt_store *store = kiln_wasmrt_store_new(NULL);
  kiln_wasmrt_define_func(store, "host", "print", "i:", print, stdout);
  kiln_wasmrt_instance *i = kiln_wasmrt_instantiate(store, kiln_wasmrt_code_image(code), &error);
  if (i == NULL) return fprintf(stderr, "%s\n", error.message), 1;

  for (uint32_t by = 0; by <= 5; by += 5) {
    kiln_wasm_value values[] = {{.i32 = 17}, {.i32 = by}}; /* arguments, then results */
    kiln_wasmrt_call(store, kiln_wasmrt_lookup_func(i, "divide"), values, &error);
    if (error.status == KILN_WASMRT_OK) printf("remainder %u\n", values[0].i32);
    else printf("%s\n", error.message);
  }
  kiln_wasmrt_store_free(store);
  kiln_wasmrt_code_free(code);
  return 0;
}
/* [end] */

int main(int argc, char **argv) {
  static char bytes[65536];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL) return fprintf(stderr, "usage: memory MODULE\n"), 2;
  size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  return run(bytes, size);
}
