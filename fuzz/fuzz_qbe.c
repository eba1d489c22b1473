/* Fuzz target: bytes are QBE's intermediate language, compiled for all targets, verified and not. Whatever the bytes,
 * the result is an object or a diagnostic, what the reader builds follows the rules of the IR, and all memory is
 * freed. */
#include "fuzz.h"
#include "qbe.h"

static kiln_status read_text(kiln_session *s, const uint8_t *data, size_t size) {
  return kiln_qbe_read(s, (const char *)data, size, NULL, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fz_run run = {0};
  uint64_t h = fz_hash(data, size);
  for (kiln_processor t = 1; t < KILN_PROCESSOR_COUNT; t++)
    fz_compile(read_text, data, size, t, h >> (32 + t) & 1, h, &run);
  fz_memory_end(&run);
  return 0;
}
