/* Hello world by Kiln: writes hello.o, whose main calls puts. README.md says how to build and link. */
#include <kiln/kiln.h>
#include <stdio.h>

int main(int argc, char **argv) {
  kiln_module_options options = {.name = "hello"};
  bool known =
    argc < 2 ? kiln_target_find_host(&options.target) : kiln_target_find(argv[1], &options.target);
  if (!known) return 2;
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  if (s == NULL) return 1;

  kiln_symbol message = kiln_data_declare(m, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE});
  kiln_data_define(m, message, &(kiln_data_desc){.bytes = "Hello, world", .size_bytes = 13});

  kiln_type i32 = KILN_TYPE_I32; /* int puts(const char *); int main(void); */
  kiln_sig puts_sig =
    kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = KILN_TYPE_PTR}, 1, &i32, 1);
  kiln_symbol puts = kiln_func_declare(m, &(kiln_symbol_desc){.name = "puts"}, puts_sig);
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, &i32, 1);
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "main"}, sig));

  kiln_build_call(f, puts_sig, kiln_const_symbol(f, puts, 0),
                  (kiln_value[]){kiln_const_symbol(f, message, 0)}, 1);
  kiln_build_ret(f, (kiln_value[]){kiln_const_int(f, 0)}, 1);

  kiln_buffer object = {0};
  FILE *out = fopen("hello.o", "wb");
  bool ok = kiln_func_compile(f) == KILN_OK && kiln_emit_elf(m, &s, 1, &object) == KILN_OK &&
            out != NULL && fwrite(object.data, 1, object.size, out) == object.size &&
            fclose(out) == 0;
  if (!ok) fprintf(stderr, "%s\n", kiln_module_diag(m)->message);
  return ok ? 0 : 1;
}
