/* Hello world by Kiln: writes hello.o, whose main calls puts. README.md says how to build and link. */
#include <kiln/kiln.h>
#include <stdio.h>

int main(int argc, char **argv) {
  kiln_module_options options = {.name = "hello"};
  if (argc > 1 && !kiln_target_find(argv[1], &options.target)) return 2;
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_symbol text = kiln_data_declare(m, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE});
  kiln_data_define(m, text, &(kiln_data_desc){.bytes = "Hello, world", .size_bytes = 13});
  kiln_sig puts_sig = kiln_sig_parse(m, "(i64) -> i32"); /* int puts(const char *); */
  kiln_symbol puts = kiln_func_declare(m, &(kiln_symbol_desc){.name = "puts"}, puts_sig);
  kiln_sig sig = kiln_sig_parse(m, "() -> i32");
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "main"}, sig));
  kiln_value address = kiln_const_symbol(f, text, 0), zero = kiln_const_int(f, 0);
  kiln_build_call(f, puts_sig, kiln_const_symbol(f, puts, 0), &address, 1);
  kiln_build_ret(f, &zero, 1);
  kiln_func_compile(f);
  kiln_status status = kiln_emit_object_file(m, &s, 1, "hello.o"); /* the first error, if any */
  if (status != KILN_OK) fprintf(stderr, "%s\n", kiln_module_diag(m)->message);
  kiln_session_free(s);
  kiln_module_free(m);
  return status != KILN_OK;
}
