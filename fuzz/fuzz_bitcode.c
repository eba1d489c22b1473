/* Fuzz target: bytes are LLVM bitcode, which is compiled with the verifier on and off. Whatever the
 * bytes, the result is an object or a diagnostic, and all memory is freed. bitcode_mutate.c changes
 * records instead of bytes. */
#include "fuzz.h"

#include <kiln/llvm.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fz_run run = {0};
  uint64_t h = fz_hash(data, size);
  kiln_target target = {.processor = KILN_PROCESSOR_X86_64};
  kiln_llvm_find_target(data, size, &target);
  for (unsigned verify = 0; verify < 2; verify++) {
    kiln_module_options options = fz_options(h, &run);
    options.target = target;
    if (!(h >> 40 & 1))
      options.target = (kiln_target){.processor = (kiln_processor)(1 + (h >> 41 & 1))};
    options.verify = verify;
    kiln_buffer object = {.allocator = options.allocator};
    kiln_module *m = kiln_module_new(&options);
    fz_attrs(h, m);
    kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
    if (s != NULL) {
      uint64_t instructions;
      const kiln_llvm_options how = {.decoder = h >> 26 & 1 ? KILN_LLVM_DECODER_PEXT
                                                            : KILN_LLVM_DECODER_PLAIN};
      kiln_status status = kiln_llvm_read(s, data, size, &how, NULL, NULL, &instructions);
      if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, &object);
      fz_check_diag(&run, status);
      if (status == KILN_OK) fz_check_object(&object);
    }
    kiln_session_free(s);
    kiln_module_free(m);
    kiln_buffer_free(&object);
  }
  fz_memory_end(&run);
  return 0;
}
