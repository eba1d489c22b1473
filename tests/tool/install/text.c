/* A program outside the tree: runs a function of a text with the interpreter, if that is there, and
 * asks the bitcode reader. C and C++. */
#include <kiln/kiln.h>
#include <kiln/llvm.h>
#ifdef WITH_INTERP
#include <kiln/interp.h>
#endif
#include <string.h>

static const char text[] = "func @twice(i64) -> i64 {\n"
                           "b0(v0: i64):\n"
                           "  v1 = add.i64 v0, v0\n"
                           "  ret v1\n"
                           "}\n";

int main(void) {
  kiln_module *m = kiln_module_new(NULL);
  kiln_session *s = kiln_session_new(m);
  bool ok = !kiln_llvm_is_bitcode(text, sizeof text);
#ifdef WITH_INTERP
  kiln_interp *in = kiln_interp_new(m, NULL);
  kiln_interp_value arg = {21, 0}, result = {0, 0};
  ok = ok && kiln_text_read(s, text, strlen(text), kiln_interp_sink, in) == KILN_OK &&
       kiln_interp_link(in, NULL) == KILN_OK &&
       kiln_interp_call(in, kiln_symbol_lookup(m, "twice"), &arg, 1, &result, NULL) == KILN_OK &&
       result.low == 42;
  kiln_interp_free(in);
#else
  ok = ok && kiln_text_read(s, text, strlen(text), NULL, NULL) == KILN_OK;
#endif
  kiln_session_free(s);
  kiln_module_free(m);
  return ok ? 0 : 1;
}
