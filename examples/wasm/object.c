/* Links with the object that `kiln compile --header=guest.h guest.wasm` makes, and calls its function as one in C. */
#include "guest.h"
#include <kiln/wasm_runtime.h>
#include <stdio.h>

static kiln_wasm_exn *print(void *user, kiln_wasm_value *values) {
  fprintf(user, "quotient %d\n", (int)values[0].i32);
  return NULL;
}

/* [object] */
static void divide(void *instance) {
  printf("remainder %d\n", wasm_divide(instance, 17, 5));
  printf("remainder %d\n", wasm_divide(instance, 17, 0));
}

int main(void) {
  kiln_wasmrt_error error;
  kiln_wasmrt_store *store = kiln_wasmrt_store_new(NULL);
  kiln_wasmrt_define_func(store, "host", "print", "i:", print, stdout);
  kiln_wasmrt_instance *i = kiln_wasmrt_instantiate(store, &kiln_wasm_module, &error);
  if (i != NULL) kiln_wasmrt_protect(store, divide, kiln_wasmrt_instance_address(i), &error);
  if (error.status != KILN_WASMRT_OK) printf("%s\n", error.message);
  kiln_wasmrt_store_free(store);
  return 0;
}
/* [end] */
