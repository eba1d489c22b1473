/* docs/jit.md: a function in memory. */
#include <kiln/jit.h>
#include <kiln/kiln.h>
#include <stdio.h>

int main(void) {
  kiln_jit_error error = {0};
  kiln_jit *jit = kiln_jit_new(NULL, &error); /* NULL: default options */
  if (jit == NULL) {
    fprintf(stderr, "%s\n", error.diag.message);
    return 1;
  }

  kiln_module_options options = {.name = "adder", .jit = true};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_type i64 = KILN_TYPE_I64; /* long add(long, long); */
  kiln_param params[] = {{.type = KILN_TYPE_I64}, {.type = KILN_TYPE_I64}};
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, params, 2, &i64, 1);
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "add"}, sig));
  kiln_value sum =
    kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, kiln_func_param(f, 0), kiln_func_param(f, 1));
  kiln_build_ret(f, &sum, 1);
  if (kiln_func_compile(f) != KILN_OK) return 1;

  /* [add] */
  kiln_jit_input input = {.module = m, .sessions = &s, .n_sessions = 1};
  kiln_jit_unit unit;
  if (kiln_jit_add(jit, 0, &input, 1, &unit, &error) != KILN_OK) {
    fprintf(stderr, "%s\n", error.diag.message);
    return 1;
  }
  kiln_session_free(s); /* the code is the JIT's now */
  kiln_module_free(m);
  /* [end] */

  long (*add)(long, long) = (long (*)(long, long))kiln_jit_lookup(jit, "add");
  printf("%ld\n", add(40, 2));
  kiln_jit_remove(jit, unit, NULL);
  kiln_jit_free(jit);
  return 0;
}
