/* Step 1 of docs/tutorial.md: long calc(long x) { return 2 * x + 1; }, as calc.o. */
#include <kiln/kiln.h>
#include <stdio.h>

/* [build] */
static void build(kiln_func *f) {
  kiln_type i64 = KILN_TYPE_I64;
  kiln_value x = kiln_func_param(f, 0);
  kiln_value twice = kiln_build_binary(f, KILN_OP_MUL, i64, x, kiln_const_int(f, 2));
  kiln_value sum = kiln_build_binary(f, KILN_OP_ADD, i64, twice, kiln_const_int(f, 1));
  kiln_build_ret(f, &sum, 1);
}
/* [end] */

/* [main] */
int main(void) {
  kiln_module_options options = {.name = "calc", .verify = true};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);

  kiln_type i64 = KILN_TYPE_I64;
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = KILN_TYPE_I64}, 1, &i64, 1);
  kiln_symbol calc = kiln_func_declare(m, &(kiln_symbol_desc){.name = "calc"}, sig);
  kiln_func *f = kiln_func_begin(s, calc);
  build(f);
  kiln_func_compile(f);

  kiln_status status = kiln_emit_object_file(m, &s, 1, "calc.o"); /* the first error, if any */
  if (status != KILN_OK) fprintf(stderr, "%s\n", kiln_module_diag(m)->message);
  kiln_session_free(s);
  kiln_module_free(m);
  return status == KILN_OK ? 0 : 1;
}
/* [end] */
