/* What the parts of the test's host share. */
#ifndef KN_TEST_WASM_HOST_H
#define KN_TEST_WASM_HOST_H

#include <kiln/wasm.h>
#include <kiln/wasm_runtime.h>

extern struct host {
  const char *folder, *argument;
  kiln_wasmrt_code *codes[64];
  unsigned n_codes;
  const kiln_wasm_image *image;
  kiln_wasmrt_store *store;
  kiln_wasmrt_instance *instance;
  void (*on_call)(kiln_wasm_value *values); /* what the module's import "host" "call" does */
} host;

struct host_case {
  const char *name;
  void (*run)(void);
};

/* host_limits.c, host_calls.c, host_pieces.c. */
extern const struct host_case host_limit_cases[], host_call_cases[], host_piece_cases[];

/* Compiles a module of the folder. */
const kiln_wasm_image *load(const char *name, uint32_t flags);
/* Instantiates with the imports of "host"; open_in ends the program if that fails. */
kiln_wasmrt_instance *try_in(kiln_wasmrt_store *s, const kiln_wasm_image *image,
                             kiln_wasmrt_error *e);
kiln_wasmrt_instance *open_in(kiln_wasmrt_store *s, const kiln_wasm_image *image);
kiln_wasmrt_error call_in(kiln_wasmrt_store *s, kiln_wasmrt_instance *i, const char *name,
                          uint32_t x);
/* Prints how a call ended. */
void say(const char *what, const kiln_wasmrt_error *e);

#endif
