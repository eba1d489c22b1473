/* A program outside the tree: writes sum.o, with `long sum_to(long n)`. C and C++. */
#include <kiln/kiln.h>
#include <stdio.h>

int main(void) {
  kiln_module_options options = {};
  options.name = "sum";
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_param param = {KILN_TYPE_I64, 0, 0, 0, {0}};
  kiln_type i64 = KILN_TYPE_I64;
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &param, 1, &i64, 1);
  kiln_symbol_desc desc = {};
  desc.name = "sum_to";
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &desc, sig));

  kiln_value sum = kiln_slot_new(f, 8, 3), i = kiln_slot_new(f, 8, 3);
  kiln_block loop = kiln_block_new(f), done = kiln_block_new(f);
  kiln_build_store(f, i64, sum, 0, kiln_const_int(f, 0), 0);
  kiln_build_store(f, i64, i, 0, kiln_func_param(f, 0), 0);
  kiln_build_br(f, loop, NULL, 0);
  kiln_block_switch(f, loop);
  kiln_value n = kiln_build_load(f, i64, i, 0, 0), total = kiln_build_load(f, i64, sum, 0, 0);
  kiln_build_store(f, i64, sum, 0, kiln_build_binary(f, KILN_OP_ADD, i64, total, n), 0);
  kiln_value less = kiln_build_binary(f, KILN_OP_SUB, i64, n, kiln_const_int(f, 1));
  kiln_build_store(f, i64, i, 0, less, 0);
  kiln_value more = kiln_build_icmp(f, KILN_ICOND_SGT, i64, less, kiln_const_int(f, 0));
  kiln_build_brif(f, more, loop, NULL, 0, done, NULL, 0);
  kiln_block_switch(f, done);
  kiln_value result = kiln_build_load(f, i64, sum, 0, 0);
  kiln_build_ret(f, &result, 1);

  kiln_buffer object = {};
  FILE *out = fopen("sum.o", "wb");
  bool ok = kiln_func_compile(f) == KILN_OK && kiln_emit_elf(m, &s, 1, &object) == KILN_OK &&
            out != NULL && fwrite(object.data, 1, object.size, out) == object.size;
  if (!ok) fprintf(stderr, "%s\n", kiln_module_diag(m)->message);
  if (out != NULL) fclose(out);
  kiln_buffer_free(&object);
  kiln_session_free(s);
  kiln_module_free(m);
  uint32_t version = KILN_VERSION_MAJOR * 1000000 + KILN_VERSION_MINOR * 1000 + KILN_VERSION_PATCH;
  return ok && kiln_version() == version ? 0 : 1;
}
