/* The main function of a program for WASI that `kiln compile` made an object of: it may use the folder where it starts,
 * or those of DIRS. */
#include <kiln/wasi.h>
#include <stdio.h>

#ifndef DIRS
#define DIRS {.host = ".", .guest = "."}
#endif

int main(int argc, char **argv) {
  kiln_wasi_dir dirs[] = {DIRS};
  kiln_wasi_options options = {.args = (const char *const *)argv,
                               .n_args = (uint32_t)argc,
                               .dirs = dirs,
                               .n_dirs = sizeof dirs / sizeof *dirs};
  kiln_wasmrt_error error;
  kiln_wasmrt_store *store = kiln_wasmrt_store_new(NULL);
  kiln_wasi *wasi = kiln_wasi_new(&options, NULL);
  if (store == NULL || wasi == NULL || !kiln_wasi_define(wasi, store)) return perror(argv[0]), 1;

  kiln_wasmrt_instance *i = kiln_wasmrt_instantiate(store, &kiln_wasm_module, &error);
  if (i != NULL) kiln_wasmrt_call(store, kiln_wasmrt_lookup_func(i, "_start"), NULL, &error);
  int status = error.status == KILN_WASMRT_OK ? 0 : 134;
  if (error.status == KILN_WASMRT_EXIT) status = (int)error.exit_status;
  else if (status != 0) fprintf(stderr, "%s: %s\n", argv[0], error.message);
  kiln_wasmrt_store_free(store);
  kiln_wasi_free(wasi);
  return status;
}
