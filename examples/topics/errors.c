/* docs/api.md: the first error of a function, with its place. */
#include <kiln/kiln.h>
#include <stdio.h>

static void on_diag(void *user, const kiln_diag *d) {
  char line[512];
  kiln_diag_format(d, line, sizeof line);
  fprintf(user, "%s\n", line);
}

int main(void) {
  kiln_module *m = kiln_module_new(
    &(kiln_module_options){.name = "errors", .on_diag = on_diag, .on_diag_user = stdout});
  kiln_session *s = kiln_session_new(m);
  kiln_type i32 = KILN_TYPE_I32;
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = KILN_TYPE_F64}, 1, &i32, 1);
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "bad"}, sig));
  /* an integer operation on a float, then whatever follows */
  kiln_value v = kiln_build_unary(f, KILN_OP_NEG, i32, kiln_func_param(f, 0));
  v = kiln_build_binary(f, KILN_OP_MUL, i32, v, v);
  kiln_build_ret(f, &v, 1);
  kiln_status status = kiln_func_compile(f);
  printf("%s\n", kiln_status_name(status));
  kiln_session_free(s);
  kiln_module_free(m);
  return status == KILN_ERR_TYPE ? 0 : 1;
}
