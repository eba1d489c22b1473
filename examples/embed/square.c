/* Builds `long square(long x) { return x * x; }` in memory, and calls it. */
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <stdio.h>

int main(void) {
  kiln_module_options options = {.name = "square", .jit = true};
  if (!kiln_target_find_host(&options.target)) return 1;
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_sig sig = kiln_sig_parse(m, "(i64) -> i64");
  kiln_func *f =
    kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "square"}, sig));
  kiln_value x = kiln_func_param(f, 0);
  kiln_value product = kiln_build_binary(f, KILN_OP_MUL, KILN_TYPE_I64, x, x);
  kiln_build_ret(f, &product, 1);

  kiln_jit_error error = {0};
  kiln_jit *jit = kiln_jit_new(NULL, &error);
  kiln_jit_stream *stream = kiln_jit_stream_new(jit, m, NULL, NULL);
  long (*square)(long) = (long (*)(long))kiln_jit_stream_define(stream, f, 0, NULL, &error);
  if (square != NULL) printf("%ld\n", square(12));
  else fprintf(stderr, "%s\n", error.diag.message);
  bool ok = square != NULL;
  kiln_jit_error_free(&error);
  kiln_jit_stream_free(stream);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_jit_free(jit);
  return ok ? 0 : 1;
}
