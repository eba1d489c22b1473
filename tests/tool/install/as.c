/* A program outside the tree: compiles bitcode with inline assembly that only an assembler knows. C and C++.
 * as IN.bc OUT.o */
#include <kiln/as.h>
#include <kiln/emit.h>
#include <kiln/llvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  static char bitcode[1 << 16];
  FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL;
  size_t size = in != NULL ? fread(bitcode, 1, sizeof bitcode, in) : 0;
  if (in != NULL) fclose(in);
  kiln_module_options options;
  memset(&options, 0, sizeof options);
  bool ok = kiln_llvm_find_target(bitcode, size, &options.target);
  kiln_as *as = kiln_as_new(NULL);
  options.assemble = kiln_as_assemble;
  options.assemble_user = as;
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_buffer object;
  memset(&object, 0, sizeof object);
  ok = ok && kiln_llvm_read(s, bitcode, size, NULL, NULL, NULL, NULL) == KILN_OK &&
       kiln_emit_elf(m, &s, 1, &object) == KILN_OK;
  if (!ok) fprintf(stderr, "%s\n", kiln_module_diag(m)->message);
  FILE *out = ok ? fopen(argv[2], "wb") : NULL;
  ok = out != NULL && fwrite(object.data, 1, object.size, out) == object.size;
  if (out != NULL) fclose(out);
  kiln_buffer_free(&object);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_as_free(as);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
