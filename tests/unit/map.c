/* The map of a function's code (kiln_session_set_map): pieces are in order, cover the code, name each
 * instruction where it is, and follow the code when it is cut to size; for both targets. */
#include "build_fixture.h"

#include <kiln/kiln.h>

/* i64 sum(i64 n): a loop; the last block is unreachable. */
static kiln_func *build_sum(kiln_session *s, const char *name, uint32_t *add, uint32_t *dead) {
  kiln_module *m = kiln_session_module(s);
  kiln_type type = I64;
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = I64}, 1, &type, 1);
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = name}, sig));
  kiln_block loop = kiln_block_new(f), done = kiln_block_new(f), lost = kiln_block_new(f);
  kiln_value i = kiln_block_add_param(f, loop, I64), sum = kiln_block_add_param(f, loop, I64);
  kiln_build_br(f, loop, (kiln_value[]){kiln_func_param(f, 0), kiln_const_int(f, 0)}, 2);
  kiln_block_switch(f, loop);
  kiln_value more = kiln_build_binary(f, KILN_OP_ADD, I64, sum, i);
  kiln_value next = kiln_build_binary(f, KILN_OP_SUB, I64, i, kiln_const_int(f, 1));
  kiln_value on = kiln_build_icmp(f, KILN_ICOND_NE, I64, next, kiln_const_int(f, 0));
  kiln_build_brif(f, on, loop, (kiln_value[]){next, more}, 2, done, NULL, 0);
  kiln_block_switch(f, done);
  kiln_build_ret(f, &more, 1);
  kiln_block_switch(f, lost);
  kiln_build_ret(f, &more, 1);
  *add = more.id;
  *dead = lost.id;
  return f;
}

static void check_pieces(const kiln_code *code, kiln_symbol symbol, uint32_t add, uint32_t dead) {
  assert_int_equal(code->symbol.id, symbol.id);
  assert_true(code->n_pieces > 3);
  assert_int_equal(code->pieces[0].offset_bytes, 0);
  assert_int_equal(code->pieces[0].block.id, UINT32_MAX);
  uint32_t found = 0, blocks = 0;
  for (uint32_t k = 0; k < code->n_pieces; k++) {
    const kiln_code_piece *p = &code->pieces[k];
    uint32_t end = k + 1 < code->n_pieces ? p[1].offset_bytes : code->size_bytes;
    assert_true(p->offset_bytes <= end && end <= code->size_bytes);
    assert_false(p->data);
    assert_int_not_equal(p->block.id, dead);
    blocks += p->inst.id == 0 && p->block.id != UINT32_MAX;
    if (p->inst.id != add) continue;
    found++;
    assert_true(end > p->offset_bytes);
  }
  assert_int_equal(found, 1);
  assert_int_equal(blocks, 3);
}

static void sum_on(kiln_processor target) {
  kiln_module *m = kiln_module_new(&(kiln_module_options){.target.processor = target});
  kiln_session *s = kiln_session_new(m), *plain = kiln_session_new(m);
  kiln_code code;
  uint32_t add, dead;
  assert_false(kiln_session_find_code(s, &code));
  assert_true(kiln_session_set_map(s, true) == KILN_OK);
  assert_false(kiln_session_find_code(s, &code));
  kiln_func *f = build_sum(s, "sum", &add, &dead);
  kiln_symbol symbol = kiln_func_symbol(f);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  assert_true(kiln_session_find_code(s, &code));
  check_pieces(&code, symbol, add, dead);
  assert_int_equal(code.n_relocs, 0);
  assert_int_equal(kiln_session_get_code_reloc(s, 0).symbol.id, 0);

  /* the code is the same without a map, and there is none then */
  f = build_sum(plain, "plain", &add, &dead);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  kiln_code none;
  assert_false(kiln_session_find_code(plain, &none));
  assert_int_equal(none.n_pieces, 0);
  kiln_session_stats with = kiln_session_get_stats(s), without = kiln_session_get_stats(plain);
  assert_int_equal(with.code_bytes, without.code_bytes);

  /* a second function starts somewhere, its pieces at 0 */
  f = build_sum(s, "again", &add, &dead);
  symbol = kiln_func_symbol(f);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  assert_true(kiln_session_find_code(s, &code));
  check_pieces(&code, symbol, add, dead);

  /* one that fails has none, nor does the next without the map */
  f = build_sum(s, "bad", &add, &dead);
  kiln_func_fail(f, KILN_ERR_ARGUMENT, "on purpose");
  assert_int_equal(kiln_func_compile(f), KILN_ERR_ARGUMENT);
  assert_true(kiln_session_set_map(s, false) == KILN_OK);
  assert_false(kiln_session_find_code(s, &code));
  kiln_session_free(plain);
  kiln_session_free(s);
  kiln_module_free(m);
}

CASE(test_x86_64) { sum_on(KILN_PROCESSOR_X86_64); }
CASE(test_aarch64) { sum_on(KILN_PROCESSOR_AARCH64); }

/* A call's relocation, counted from the function; a jump table is data. */
CASE(test_relocs_and_tables) {
  for (kiln_processor t = 1; t < KILN_PROCESSOR_COUNT; t++) {
    kiln_module *m = kiln_module_new(&(kiln_module_options){.target.processor = t});
    kiln_session *s = kiln_session_new(m);
    kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &(kiln_param){.type = I64}, 1, NULL, 0);
    kiln_symbol callee = kiln_func_declare(m, &(kiln_symbol_desc){.name = "callee"}, sig);
    assert_true(kiln_session_set_map(s, true) == KILN_OK);
    for (unsigned k = 0; k < 2; k++) {
      const char *names[] = {"first", "second"};
      kiln_func *f =
        kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = names[k]}, sig));
      kiln_block first = kiln_block_new_many(f, 9);
      kiln_switch_case cases[8];
      for (uint32_t i = 0; i < 8; i++) cases[i] = (kiln_switch_case){i, {first.id + i}};
      kiln_build_switch(f, I64, kiln_func_param(f, 0), (kiln_block){first.id + 8}, cases, 8);
      for (uint32_t i = 0; i < 9; i++) {
        kiln_block_switch(f, (kiln_block){first.id + i});
        if (i == 0) {
          kiln_value arg = kiln_func_param(f, 0);
          kiln_build_call(f, sig, kiln_const_symbol(f, callee, 0), &arg, 1);
        }
        kiln_build_ret(f, NULL, 0);
      }
      assert_int_equal(kiln_func_compile(f), KILN_OK);
      kiln_code code;
      assert_true(kiln_session_find_code(s, &code));
      assert_int_equal(code.n_relocs, 1);
      kiln_code_reloc r = kiln_session_get_code_reloc(s, 0);
      assert_int_equal(r.symbol.id, callee.id);
      assert_true(r.offset_bytes < code.size_bytes);
      uint32_t data = 0;
      for (uint32_t i = 0; i + 1 < code.n_pieces; i++) {
        const kiln_code_piece *p = &code.pieces[i];
        if (p->data) data += p[1].offset_bytes - p->offset_bytes;
      }
      assert_int_equal(data, 8 * 4);
    }
    kiln_session_free(s);
    kiln_module_free(m);
  }
}

/* A literal that is too far after the code for its load is data between instructions. */
CASE(test_far_literal) {
  enum { REACH_BYTES = 1 << 20 };
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_AARCH64});
  kiln_session *s = kiln_session_new(m);
  const kiln_param params[] = {{.type = F64}, {.type = I64}};
  kiln_type type = I64;
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, params, 2, &type, 1);
  assert_true(kiln_session_set_map(s, true) == KILN_OK);
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "far"}, sig));
  kiln_value at = kiln_func_param(f, 1), x = at;
  kiln_value sum =
    kiln_build_binary(f, KILN_OP_FADD, F64, kiln_func_param(f, 0), kiln_const_f64(f, 1.1));
  kiln_build_store(f, F64, at, 0, sum, 0);
  for (uint32_t k = 0; k < REACH_BYTES / 4; k++) x = kiln_build_binary(f, KILN_OP_XOR, I64, x, at);
  kiln_build_ret(f, &x, 1);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  kiln_code code;
  assert_true(kiln_session_find_code(s, &code));
  uint32_t k = 0;
  while (k + 1 < code.n_pieces && !code.pieces[k].data) k++;
  const kiln_code_piece *p = &code.pieces[k];
  const double value = 1.1;
  assert_true(k + 1 < code.n_pieces);
  assert_memory_equal(code.bytes + p->offset_bytes, &value, sizeof value);
  assert_int_equal(p->inst.id, sum.id);
  assert_int_equal(p[1].inst.id, sum.id);
  assert_false(p[1].data);
  kiln_session_free(s);
  kiln_module_free(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_x86_64),
    cmocka_unit_test(test_aarch64),
    cmocka_unit_test(test_far_literal),
    cmocka_unit_test(test_relocs_and_tables),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
