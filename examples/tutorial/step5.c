/* Step 5: writes report.o, the code of report.toy: a struct of C, a string, a call of printf, and debug information. */
#include <kiln/kiln.h>
#include <stdio.h>
#include <unistd.h>

struct toy {
  kiln_module *m;
  kiln_session *s;
  kiln_func *f;
  kiln_die file;          /* report.toy */
  uint32_t offset[3];     /* of account's members, in bytes */
  uint64_t size_bytes;    /* of account */
  kiln_die number, total; /* entries: the type int, the variable */
  kiln_die account_pointer;
};

/* [layout] */
/* struct account { const char *name; int cents; short fee; }, as C compilers lay it out */
static void lay_out(struct toy *t) {
  kiln_ctypes *c = kiln_ctypes_new(t->m);
  kiln_cfield fields[] = {{.type = kiln_ctype_basic(KILN_CTYPE_POINTER)},
                          {.type = kiln_ctype_basic(KILN_CTYPE_INT)},
                          {.type = kiln_ctype_basic(KILN_CTYPE_SHORT)}};
  kiln_ctype account = kiln_ctype_new_struct(c, NULL, fields, 3);
  for (uint32_t i = 0; i < 3; i++)
    t->offset[i] = (uint32_t)kiln_ctype_get_field(c, account, i).offset_bytes;
  t->size_bytes = kiln_ctype_get(c, account).size_bytes;
  kiln_ctypes_free(c);
}
/* [end] */

/* [types] */
static void describe_types(struct toy *t, kiln_debug *d, kiln_die unit) {
  t->number = kiln_die_new_base_type(d, "int", KILN_DW_ATE_signed, 4);
  kiln_die small = kiln_die_new_base_type(d, "short", KILN_DW_ATE_signed, 2);
  kiln_die letter = kiln_die_new_base_type(d, "char", KILN_DW_ATE_signed_char, 1);
  kiln_die account =
    kiln_die_new_record(d, KILN_DW_TAG_structure_type, unit, "account", t->size_bytes);
  kiln_die_member members[] = {
    {.name = "name", .type = kiln_die_new_pointer_type(d, letter), .offset_bytes = t->offset[0]},
    {.name = "cents", .type = t->number, .offset_bytes = t->offset[1]},
    {.name = "fee", .type = small, .offset_bytes = t->offset[2]}};
  kiln_die_set_members(d, account, members, 3);
  t->account_pointer = kiln_die_new_pointer_type(d, account);
}
/* [end] */

/* [at] */
/* What is built from here on is code of this line. */
static void at(struct toy *t, uint32_t line) {
  uint32_t file = kiln_file_new_die(t->s, t->file, NULL);
  kiln_func_set_loc(t->f, kiln_loc_new(t->s, file, line, 3));
}

/* A variable in a slot, where debuggers find it. */
static kiln_value variable(struct toy *t, kiln_die entry, uint64_t size_bytes,
                           uint32_t align_log2) {
  kiln_value slot = kiln_slot_new(t->f, size_bytes, align_log2);
  kiln_func_declare_variable(t->f, &(kiln_debug_variable){.variable = entry, .slot = slot});
  return slot;
}
/* [end] */

/* [body] */
static void build(struct toy *t, kiln_value at_account, kiln_value at_total) {
  kiln_type i32 = KILN_TYPE_I32, i64 = KILN_TYPE_I64;
  kiln_func *f = t->f;
  at(t, 2); /* total := account.cents - account.fee */
  kiln_value account = kiln_build_load(f, i64, at_account, 0, 0);
  kiln_value cents = kiln_build_load(f, i32, account, (int32_t)t->offset[1], 0);
  kiln_value fee =
    kiln_build_load_ext(f, i32, KILN_TYPE_I16, account, (int32_t)t->offset[2], KILN_MEM_SEXT);
  kiln_build_store(f, i32, at_total, 0, kiln_build_sub(f, i32, cents, fee), 0);
  at(t, 3); /* printf("%s: %d cents\n", account.name, total) */
  static const char text[] = "%s: %d cents\n";
  kiln_symbol format = kiln_data_define_string(t->m, text, sizeof text - 1);
  kiln_sig sig = kiln_sig_parse(t->m, "(i64, ...) -> i32");
  kiln_symbol callee = kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "printf"}, sig);
  kiln_value args[] = {kiln_const_symbol(f, format, 0),
                       kiln_build_load(f, i64, account, (int32_t)t->offset[0], 0),
                       kiln_build_load(f, i32, at_total, 0, 0)};
  kiln_build_call(f, sig, kiln_const_symbol(f, callee, 0), args, 3);
  at(t, 4); /* return total */
  kiln_value result = kiln_build_load(f, i32, at_total, 0, 0);
  kiln_build_ret(f, &result, 1);
}
/* [end] */

/* [function] */
static void function(struct toy *t, kiln_debug *d, kiln_die unit) {
  kiln_die type = kiln_die_new_function_type(d, t->number, &t->account_pointer, 1);
  kiln_die report = kiln_die_new_function(
    d, unit, &(kiln_die_declaration){"report", NULL, t->file, 1, type, true}, false);
  kiln_die account = kiln_die_new_parameter(
    d, report, &(kiln_die_declaration){"account", NULL, t->file, 1, t->account_pointer, false});
  t->total = kiln_die_new_variable(
    d, report, &(kiln_die_declaration){"total", NULL, t->file, 2, t->number, false});

  kiln_sig sig = kiln_sig_parse(t->m, "(i64) -> i32");
  kiln_symbol symbol = kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "report"}, sig);
  t->f = kiln_func_begin(t->s, symbol);
  uint32_t file = kiln_file_new_die(t->s, t->file, NULL);
  kiln_func_set_debug(t->f, report, unit, kiln_loc_new(t->s, file, 1, 0));
  kiln_value at_account = variable(t, account, 8, 3), at_total = variable(t, t->total, 4, 2);
  kiln_build_store(t->f, KILN_TYPE_PTR, at_account, 0, kiln_func_param(t->f, 0), 0);
  build(t, at_account, at_total);
  kiln_func_compile(t->f);
}
/* [end] */

int main(void) {
  char folder[4096];
  if (getcwd(folder, sizeof folder) == NULL) return 1;
  struct toy t = {.m = kiln_module_new(&(kiln_module_options){.name = "report", .verify = true})};
  t.s = kiln_session_new(t.m);
  /* [unit] */
  kiln_debug *d = kiln_module_debug(t.m);
  t.file = kiln_die_new_file(d, folder, "report.toy");
  kiln_die unit = kiln_die_new_unit(d, t.file, "toy", KILN_DW_LANG_C99);
  lay_out(&t);
  describe_types(&t, d, unit);
  function(&t, d, unit);
  /* [end] */
  kiln_status status = kiln_emit_object_file(t.m, &t.s, 1, "report.o");
  if (status != KILN_OK) fprintf(stderr, "%s\n", kiln_module_diag(t.m)->message);
  kiln_session_free(t.s);
  kiln_module_free(t.m);
  return status == KILN_OK ? 0 : 1;
}
