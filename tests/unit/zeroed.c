/* What programs give to calls, all zero: nothing of it means block 0, variable 0, symbol 0 or the like by accident.
 * Where something is required, that is an error with a diagnostic; where zero has a meaning, the header says it. */
#include "build_fixture.h"

#include <kiln/kiln.h>
#include <kiln/llvm_operation.h>

/* Everything that a try needs, but for its blocks. */
static kiln_try_desc almost(struct fixture *t, const kiln_value *args, const kiln_clause *cleanup) {
  return (kiln_try_desc){.sig = t->sig,
                         .callee = kiln_const_symbol(t->f, t->callee, 0),
                         .args = args,
                         .n_args = 2,
                         .clauses = cleanup,
                         .n_clauses = 1};
}

enum what {
  TRY,
  TRY_BLOCKS,
  TRY_UNWIND,
  TRY_OF_SSA,
  TRY_OF_C,
  CLAUSE,
  SWITCH_CASE,
  SWITCH_DEFAULT,
  BR,
  BRIF,
  BRIND,
  EDGE_TARGET,
  BLOCK_PARAM,
  CALL_SIG,
  CALL_CALLEE,
  OPERAND,
  ASM_RELOC,
  MACHINE,
  VARIABLE_PLACE,
  SSA_VARIABLE,
  PARAM,
  SYMBOL,
  ALIAS,
  RELOC,
  CTOR,
  CFIELD,
  CSIG,
  COUNT
};

static void give(struct fixture *t, enum what what) {
  kiln_func *f = t->f;
  kiln_module *m = t->m;
  kiln_ssa *ssa = kiln_ssa_new(m);
  kiln_ctypes *c = kiln_ctypes_new(m);
  const kiln_value args[] = {kiln_func_param(f, 0), kiln_func_param(f, 1)};
  const kiln_clause cleanup = {.kind = KILN_CLAUSE_CLEANUP};
  kiln_try_desc some = almost(t, args, &cleanup);
  kiln_block b = kiln_block_new(f);
  kiln_value zero = kiln_const_int(f, 0);
  kiln_csig csig = kiln_csig_new(c, KILN_CC_C, 0, NULL, 0, kiln_ctype_basic(KILN_CTYPE_VOID));
  if (what == TRY_OF_SSA || what == SSA_VARIABLE) kiln_ssa_begin(ssa, f, 0);
  switch (what) {
  case TRY: kiln_build_try(f, &(kiln_try_desc){0}); break;
  case TRY_BLOCKS: kiln_build_try(f, &some); break;
  case TRY_UNWIND:
    some.normal = b;
    kiln_build_try(f, &some);
    break;
  case TRY_OF_SSA: kiln_ssa_try(ssa, &(kiln_try_desc){0}); break;
  case TRY_OF_C:
    kiln_build_ctry(f, c, csig, some.callee, (kiln_value){0}, &(kiln_try_desc){0}, NULL, 0);
    break;
  case CLAUSE:
    some.normal = some.unwind = b;
    some.clauses = &(kiln_clause){0};
    kiln_build_try(f, &some);
    break;
  case SWITCH_CASE: kiln_build_switch(f, I64, args[0], b, &(kiln_switch_case){0}, 1); break;
  case SWITCH_DEFAULT: kiln_build_switch(f, I64, args[0], (kiln_block){0}, NULL, 0); break;
  case BR: kiln_build_br(f, (kiln_block){0}, NULL, 0); break;
  case BRIF: kiln_build_brif(f, zero, b, NULL, 0, (kiln_block){0}, NULL, 0); break;
  case BRIND: kiln_build_brind(f, args[0], &(kiln_block){0}, 1); break;
  case EDGE_TARGET: kiln_edge_set_arg(f, b, (kiln_block){0}, 0, args[0]); break;
  case BLOCK_PARAM: kiln_block_add_param(f, (kiln_block){0}, I64); break;
  case CALL_SIG: kiln_build_call(f, (kiln_sig){0}, some.callee, args, 2); break;
  case CALL_CALLEE: kiln_build_call(f, t->sig, (kiln_value){0}, args, 2); break;
  case OPERAND: kiln_build_binary(f, KILN_OP_ADD, I64, args[0], (kiln_value){0}); break;
  case ASM_RELOC:
    kiln_build_asm(
      f, kiln_sig_parse(m, "()"),
      &(kiln_asm){
        .bytes = "\0\0\0\0", .size_bytes = 4, .n_relocs = 1, .relocs = &(kiln_asm_reloc){0}},
      NULL, 0);
    break;
  case MACHINE: kiln_build_machine(f, ((kiln_machine_info){0}).row, NULL, 0); break;
  case VARIABLE_PLACE: kiln_func_declare_variable(f, &(kiln_debug_variable){0}); break;
  case SSA_VARIABLE:
    kiln_ssa_new_variable(ssa, I64);
    kiln_ssa_write(ssa, (kiln_ssa_variable){0}, args[0]);
    break;
  case PARAM: kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){0}, 1, NULL, 0); break;
  case SYMBOL: kiln_func_declare(m, &(kiln_symbol_desc){0}, t->sig); break;
  case ALIAS: kiln_alias_define(m, &(kiln_symbol_desc){.name = "a"}, (kiln_symbol){0}, 0); break;
  case RELOC:
    kiln_data_define(m, t->data,
                     &(kiln_data_desc){.size_bytes = 8, .relocs = &(kiln_reloc){0}, .n_relocs = 1});
    break;
  case CTOR: kiln_ctor_add(m, &(kiln_ctor_desc){0}); break;
  case CFIELD: kiln_ctype_new_struct(c, NULL, &(kiln_cfield){0}, 1); break;
  case CSIG: kiln_csig_new(c, KILN_CC_C, 0, NULL, 0, (kiln_ctype){0}); break;
  case COUNT: break;
  }
  kiln_ctypes_free(c);
  kiln_ssa_free(ssa);
}

CASE(errors) {
  for (unsigned k = 0; k < COUNT; k++) {
    struct fixture *t;
    assert_int_equal(fixture_setup((void **)&t), 0);
    give(t, (enum what)k);
    kiln_status of_func = kiln_func_status(t->f), of_module = kiln_module_status(t->m);
    if (of_func == KILN_OK && of_module == KILN_OK) fail_msg("number %u is no error", k);
    if (t->diags == 0 || t->diag.message[0] == 0) fail_msg("number %u has no diagnostic", k);
    kiln_func_discard(t->f);
    fixture_teardown((void **)&t);
  }
}

CASE(error_of_a_jit) {
  kiln_jit_error e = {0};
  kiln_jit *jit = kiln_jit_new(NULL, &e);
  if (jit == NULL) skip();
  assert_int_equal(kiln_jit_add(jit, 0, &(kiln_jit_input){0}, 1, NULL, &e), KILN_ERR_ARGUMENT);
  assert_int_not_equal(e.diag.message[0], 0);
  kiln_jit_error_free(&e);
  kiln_jit_free(jit);
}

CASE(error_of_an_operation) {
  struct fixture *t;
  assert_int_equal(fixture_setup((void **)&t), 0);
  kiln_llvm_builder *b = kiln_llvm_builder_new(t->m);
  const kiln_llvm_operand zero = {0};
  assert_int_not_equal(kiln_llvm_builder_build(b, t->f, "fneg", "float", &zero, 1, NULL), KILN_OK);
  assert_int_not_equal(kiln_llvm_builder_message(b)[0], 0);
  kiln_llvm_builder_free(b);
  kiln_func_discard(t->f);
  fixture_teardown((void **)&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(errors),
    cmocka_unit_test(error_of_a_jit),
    cmocka_unit_test(error_of_an_operation),
  };
  return cmocka_run_group_tests_name("zeroed", tests, NULL, NULL);
}
