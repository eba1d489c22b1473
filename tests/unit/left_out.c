/* A library that leaves out the processor LEFT_OUT, debug information and the JIT, and has the processor THERE: it is
 * complete without them, and what needs them is refused by name. Public headers alone. */
#include "unit.h"

#include <kiln/kiln.h>

#define CODE "func @f(i64) -> i64 {\nb0(v0: i64):\n  v1 = add.i64 v0, 1\n  ret v1\n}\n"
#define UNIT                                                                                       \
  "!1 = file { name \"a.c\" }\n!2 = compile_unit { decl_file !1 }\n"                               \
  "!3 = subprogram in !2 { name \"f\" }\n!4 = variable in !2 { name \"x\" }\nunit !2\n"

/* Compiles a text for a processor and writes the object; the module's diagnostic. */
static kiln_diag object_of(const char *processor, const char *text, size_t *size) {
  kiln_module_options options = {0};
  kiln_buffer out = {0};
  assert_true(kiln_target_find(processor, &options.target));
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  if (kiln_text_read(s, text, strlen(text), NULL, NULL) == KILN_OK) kiln_emit_elf(m, &s, 1, &out);
  kiln_diag d = *kiln_module_diag(m);
  *size = out.size;
  kiln_buffer_free(&out);
  kiln_session_free(s);
  kiln_module_free(m);
  return d;
}

static void refused(const char *processor, const char *text, const char *message) {
  size_t size;
  kiln_diag d = object_of(processor, text, &size);
  assert_int_equal(d.status, KILN_ERR_UNSUPPORTED);
  assert_string_equal(d.message, message);
  assert_int_equal(size, 0);
}

CASE(compiles) {
  size_t size;
  kiln_diag d = object_of(THERE, CODE, &size);
  assert_string_equal(d.message, "");
  assert_true(size > 0);
}

CASE(processor) {
  refused(LEFT_OUT, CODE, "code generation for " LEFT_OUT " was left out of this build of Kiln");
  refused(LEFT_OUT, "data @x { zero 8 }\n", "writing objects is not supported on " LEFT_OUT);
}

CASE(debug_information) {
  refused(THERE, UNIT "func @f() {\n  !debug !3 in !2\nb0:\n  ret\n}\n",
          "debugging information for " THERE " was left out of this build of Kiln");
  refused(THERE, UNIT "global !4 @x\ndata @x { zero 8 }\n",
          "debugging information was left out of this build of Kiln");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(compiles), cmocka_unit_test(processor),
                                     cmocka_unit_test(debug_information)};
  return cmocka_run_group_tests_name("left_out " LEFT_OUT, tests, NULL, NULL);
}
