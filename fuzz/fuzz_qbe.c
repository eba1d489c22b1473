/* Fuzz target: bytes are QBE's intermediate language, compiled for all targets, verified and not. Whatever the bytes,
 * the result is an object or a diagnostic, what the reader builds follows the rules of the IR, and all memory is
 * freed. */
#include "fuzz.h"
#include "qbe.h"

static void compile(const uint8_t *data, size_t size, kiln_target target, bool verify, uint64_t h,
                    struct fz_run *run) {
  kiln_module_options options = fz_options(h, run);
  options.target = target;
  options.verify = verify;
  kiln_buffer object = {.allocator = options.allocator};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  if (s != NULL) {
    kiln_status status = kiln_qbe_read(s, (const char *)data, size, NULL, NULL, NULL);
    if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, &object);
    fz_check_diag(run, status);
    if (status == KILN_OK) fz_check_object(&object);
  }
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fz_run run = {0};
  uint64_t h = fz_hash(data, size);
  for (kiln_target t = 0; t < KILN_TARGET_COUNT; t++)
    compile(data, size, t, h >> (32 + t) & 1, h, &run);
  fz_memory_end(&run);
  return 0;
}
