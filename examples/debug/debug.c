/* Writes total.o, the code of total.toy, with all that a debugger wants to know. */
#include <kiln/kiln.h>
#include <stdio.h>
#include <unistd.h>

static kiln_session *s;
static kiln_func *f;
static kiln_die file;

/* What is built from here on is code of this line. */
static uint32_t at(uint32_t line, uint32_t column, kiln_die scope) {
  uint32_t number = kiln_file_new_die(s, file, NULL);
  uint32_t loc = kiln_loc_new_full(
    s, &(kiln_location){.file = number, .line = line, .column = column, .scope = scope});
  if (f != NULL) kiln_func_set_loc(f, loc);
  return loc;
}

/* A variable in a slot of its own. */
static kiln_value variable(kiln_die entry) {
  kiln_value slot = kiln_slot_new(f, 8, 3); /* 8 bytes, aligned to 2^3 bytes */
  kiln_func_declare_variable(f, &(kiln_debug_variable){.variable = entry, .slot = slot});
  return slot;
}

int main(void) {
  kiln_type i64 = KILN_TYPE_I64;
  kiln_module *m = kiln_module_new(&(kiln_module_options){.name = "total"});
  s = kiln_session_new(m);
  kiln_debug *d = kiln_module_debug(m);
  char folder[4096];
  if (getcwd(folder, sizeof folder) == NULL) return 1;

  /* [types] */
  /* a file, its unit, types: a record that refers to itself */
  file = kiln_die_new_file(d, folder, "total.toy");
  kiln_die unit = kiln_die_new_unit(kiln_module_debug(m), file, "toy", KILN_DW_LANG_C99);
  kiln_die number = kiln_die_new_base_type(d, "int", KILN_DW_ATE_signed, 8);
  kiln_die item = kiln_die_new_record(d, KILN_DW_TAG_structure_type, unit, "item", 16);
  kiln_die list_type = kiln_die_new_pointer_type(d, item);
  kiln_die_member members[] = {{.name = "value", .type = number},
                               {.name = "next", .type = list_type, .offset_bytes = 8}};
  kiln_die_set_members(d, item, members, 2);
  /* [end] */

  /* [entries] */
  /* the function, its parameter, its variables; one of them is in a block */
  kiln_die type = kiln_die_new_function_type(d, number, &list_type, 1);
  kiln_die total = kiln_die_new_function(
    d, unit, &(kiln_die_declaration){"total", NULL, file, 1, type, true}, false);
  kiln_die list = kiln_die_new_parameter(
    d, total, &(kiln_die_declaration){"list", NULL, file, 1, list_type, false});
  kiln_die sum =
    kiln_die_new_variable(d, total, &(kiln_die_declaration){"sum", NULL, file, 2, number, false});
  kiln_die loop = kiln_die_new_block(d, total);
  kiln_die value =
    kiln_die_new_variable(d, loop, &(kiln_die_declaration){"value", NULL, file, 4, number, false});
  /* [end] */

  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = KILN_TYPE_I64}, 1, &i64, 1);
  kiln_symbol symbol = kiln_func_declare(m, &(kiln_symbol_desc){.name = "total"}, sig);
  f = kiln_func_begin(s, symbol);
  kiln_func_set_debug(f, total, unit, at(1, 0, total));
  kiln_func_set_loc(f, 0); /* code before the first location belongs to the function's line */
  kiln_value at_list = variable(list), at_sum = variable(sum), at_value = variable(value);
  kiln_block test = kiln_block_new(f), body = kiln_block_new(f), end = kiln_block_new(f);
  kiln_build_store(f, i64, at_list, 0, kiln_func_param(f, 0), 0);
  at(2, 3, total);
  kiln_build_store(f, i64, at_sum, 0, kiln_const_int(f, 0), 0);
  at(3, 9, total);
  kiln_build_br(f, test, NULL, 0);
  kiln_block_switch(f, test);
  kiln_value l = kiln_build_load(f, i64, at_list, 0, 0);
  kiln_value more = kiln_build_icmp(f, KILN_ICOND_NE, i64, l, kiln_const_int(f, 0));
  kiln_build_brif(f, more, body, NULL, 0, end, NULL, 0);
  kiln_block_switch(f, body);
  /* [body] */
  at(4, 5, loop);
  kiln_value v = kiln_build_load(f, i64, kiln_build_load(f, i64, at_list, 0, 0), 0, 0);
  kiln_build_store(f, i64, at_value, 0, v, 0);
  at(5, 5, loop);
  v = kiln_build_load(f, i64, at_value, 0, 0);
  v = kiln_build_binary(f, KILN_OP_ADD, i64, kiln_build_load(f, i64, at_sum, 0, 0), v);
  kiln_build_store(f, i64, at_sum, 0, v, 0);
  at(6, 5, loop);
  v = kiln_build_load(f, i64, kiln_build_load(f, i64, at_list, 0, 0), 8, 0);
  kiln_build_store(f, i64, at_list, 0, v, 0);
  kiln_build_br(f, test, NULL, 0);
  /* [end] */
  kiln_block_switch(f, end);
  at(7, 3, total);
  v = kiln_build_load(f, i64, at_sum, 0, 0);
  kiln_build_ret(f, &v, 1);

  kiln_buffer object = {0};
  FILE *out = fopen("total.o", "wb");
  bool ok = kiln_func_compile(f) == KILN_OK && kiln_emit_elf(m, &s, 1, &object) == KILN_OK &&
            out != NULL && fwrite(object.data, 1, object.size, out) == object.size &&
            fclose(out) == 0;
  if (!ok) fprintf(stderr, "%s\n", kiln_module_diag(m)->message);
  kiln_buffer_free(&object);
  kiln_session_free(s);
  kiln_module_free(m);
  return ok ? 0 : 1;
}
