// A program outside: a module of WebAssembly, linked as an object, or with IN_MEMORY compiled here, answers 42.
#include <kiln/wasi.h>
#include <kiln/wasm_runtime.h>

#include <stdio.h>

#ifdef IN_MEMORY
static const unsigned char bytes[] = {0,   'a',  's', 'm', 1, 0,  0, 0,  1, 5, 1,    0x60, 0,
                                      1,   0x7f, 3,   2,   1, 0,  7, 10, 1, 6, 'a',  'n',  's',
                                      'w', 'e',  'r', 0,   0, 10, 6, 1,  4, 0, 0x41, 42,   0x0b};
#else
#include "answer.h"
static void answer(void *instance) {
  if (wasm_answer(instance) != 42) kiln_wasmrt_exit(2);
}
#endif

int main(void) {
  kiln_wasmrt_error error;
  kiln_wasmrt_store *store = kiln_wasmrt_store_new(NULL);
  static kiln_wasi_options none;
  kiln_wasi *wasi = kiln_wasi_new(&none, NULL);
  if (store == NULL || wasi == NULL || !kiln_wasi_define(wasi, store)) return 1;
#ifdef IN_MEMORY
  char message[256];
  kiln_wasmrt_code *code = kiln_wasmrt_compile(bytes, sizeof bytes, NULL, message, sizeof message);
  if (code == NULL) return puts(message), 1;
  const kiln_wasm_image *image = kiln_wasmrt_code_image(code);
#else
  const kiln_wasm_image *image = &kiln_wasm_module;
#endif
  kiln_wasmrt_instance *i = kiln_wasmrt_instantiate(store, image, &error);
  if (i == NULL) return puts(error.message), 1;
#ifdef IN_MEMORY
  kiln_wasm_value value;
  if (kiln_wasmrt_call(store, kiln_wasmrt_lookup_func(i, "answer"), &value, &error) !=
        KILN_WASMRT_OK ||
      value.i32 != 42)
    return 1;
#else
  if (kiln_wasmrt_protect(store, answer, kiln_wasmrt_instance_address(i), &error) != KILN_WASMRT_OK)
    return 1;
#endif
  kiln_wasmrt_store_free(store);
  kiln_wasi_free(wasi);
#ifdef IN_MEMORY
  kiln_wasmrt_code_free(code);
#endif
  return 0;
}
