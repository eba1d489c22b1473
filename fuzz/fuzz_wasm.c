/* Fuzz target: bytes are a WebAssembly module, which is compiled with the verifier on and off, for a target and with
 * flags that a hash chooses. Whatever the bytes, the result is an object or a diagnostic, and all memory is freed.
 * What is accepted is accepted by the verifier, too. */
#include "fuzz.h"

#include <kiln/wasm.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fz_run run = {0};
  uint64_t h = fz_hash(data, size);
  kiln_status ends[2] = {KILN_ERR_MEMORY, KILN_ERR_MEMORY};
  for (unsigned verify = 0; verify < 2; verify++) {
    kiln_module_options options = fz_options(h, &run);
    options.target = (kiln_target)(h >> 40 & 1);
    options.verify = verify;
    kiln_wasm_options flags = {.flags = (uint32_t)(h >> 42 & 31)};
    kiln_buffer object = {.allocator = options.allocator};
    kiln_module *m = kiln_module_new(&options);
    kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
    if (s != NULL) {
      kiln_wasm *w = kiln_wasm_new(m, data, size, &flags);
      kiln_status status = kiln_module_status(m);
      if (w != NULL) status = kiln_wasm_read_bodies(w, s, 0, kiln_wasm_body_count(w), NULL, NULL);
      if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, &object);
      fz_check_diag(&run, status);
      if (status == KILN_OK) fz_check_object(&object);
      ends[verify] = status;
      kiln_wasm_free(w);
    }
    kiln_session_free(s);
    kiln_module_free(m);
    kiln_buffer_free(&object);
  }
  if (ends[0] == KILN_OK && ends[1] != KILN_OK && ends[1] != KILN_ERR_MEMORY)
    fz_die("the verifier refuses what was built");
  fz_memory_end(&run);
  return 0;
}
