/* Slots whose fields are variables of their own: what the builder notes of them, and what others see. What becomes of
 * them is in tests/kir/pieces.kir. */
#include "build_fixture.h"

#include <kiln/inspect.h>

static uint32_t n_pieces(const kiln_func *f, kiln_value s) {
  uint32_t n = 0;
  for (uint32_t i = slot(f, s)->pieces; i != 0; i = f->slots.at[i - 1].pieces) n++;
  return n;
}

/* Accesses of a slot's parts are accesses of pieces, until two overlap. The slot keeps its number for everybody. */
static void pieces(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1), first = kiln_slot_new(f, 16, 3);
  kiln_value low = kiln_build_load(f, I64, first, 0, 0), up = kiln_build_load(f, I32, first, 12, 0);
  kiln_value second = kiln_slot_new(f, 16, 3);
  kiln_build_store(f, I32, second, 4, b, 0); /* before anything at the slot's beginning */
  kiln_build_store(f, I32, first, 12, b, 0);
  kiln_value begin = kiln_build_load(f, I32, second, 0, 0);
  assert_int_equal(n_pieces(f, first), 1);
  assert_int_equal(n_pieces(f, second), 2);
  assert_int_equal(slot(f, first)->uses, 1);
  assert_int_equal(slot(f, first)->type, I64);
  assert_int_equal(slot(f, second)->uses, 0);
  const struct kn_slot *piece = &f->slots.at[slot(f, first)->pieces - 1];
  assert_int_equal(piece->uses, 2);
  assert_int_equal(piece->offset, 12);
  assert_int_equal(inst(f, up)->c, 0);
  assert_int_equal(inst(f, low)->a, first.id);
  /* what is read from outside */
  assert_int_equal(kiln_func_slot_count(f), 2);
  assert_int_equal(kiln_slot_get(f, 1).size_bytes, 16);
  assert_int_equal(kiln_inst_get(f, (kiln_inst){up.id}).disp, 12);
  assert_int_equal(kiln_inst_operand(f, (kiln_inst){up.id}, 0).id, first.id);
  assert_int_equal(kiln_inst_operand(f, (kiln_inst){begin.id}, 0).id, second.id);
  assert_int_equal(kiln_operand_get(f, kiln_inst_operand(f, (kiln_inst){begin.id}, 0)).slot, 1);
  /* the fast way must not take the guessed type of a slot of which a piece is known already */
  kiln_value word = kiln_slot_new(f, 8, 3);
  kiln_build_store(f, I32, word, 4, b, 0);
  assert_false(slot(f, word)->memory);
  kiln_build_load(f, I64, word, 0, 0);
  assert_true(slot(f, word)->memory);
  assert_int_equal(finish_ret(f), KILN_OK);
}

/* Accesses of a slot with a variable at its beginning and a piece at 8 that make it memory, and some that do not. */
static void pieces_overlap(void **state) {
  static const struct {
    uint8_t type;
    int8_t at;
    bool memory;
    uint16_t flags;
  } rows[] = {{I64, 4, true, 0},    {I32, 0, true, 0},   {I8, 7, true, 0},
              {I8, 8, true, 0},     {I32, 12, true, 0},  {I128, 0, false, 0}, /* of both */
              {I128, 4, true, 0},   {I128, 24, true, 0}, {F64, 8, true, 0},
              {F64, 0, true, 0},    {I8, 11, true, 0},   {KILN_TYPE_I16, 15, true, 0},
              {I64, 32, true, 0},   {I8, -1, true, 0},   {I64, 28, true, 0},
              {I64, 16, false, 0},  {I64, 24, false, 0}, {I8, 31, false, 0},
              {I128, 16, false, 0}, {I64, 8, false, 0},  {I64, 16, true, KILN_MEM_VOLATILE}};
  struct fixture *t = *state;
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    kiln_func *f = again(t);
    kiln_value s = kiln_slot_new(f, 32, 3);
    kiln_build_load(f, I64, s, 0, 0);
    kiln_build_load(f, I64, s, 8, 0);
    kiln_build_load(f, (kiln_type)rows[k].type, s, rows[k].at, rows[k].flags);
    assert_int_equal(slot(f, s)->memory, rows[k].memory ? KN_MEMORY_WHOLE : 0);
    assert_int_equal(finish_ret(f), KILN_OK);
  }
  /* a bound on pieces; arrays, and slots aligned beyond the stack */
  for (unsigned how = 0; how < 3; how++) {
    kiln_func *f = again(t);
    kiln_value s = kiln_slot_new(f, 160, how == 1 ? 5 : 3);
    if (how == 2) kiln_slot_set_array(f, s);
    for (int32_t at = 0; at < 160 && !slot(f, s)->memory; at += 8)
      kiln_build_load(f, I64, s, at, 0);
    assert_true(slot(f, s)->memory);
    assert_int_equal(n_pieces(f, s), how == 0 ? 8 : 0);
    assert_int_equal(finish_ret(f), KILN_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(pieces),
    TEST(pieces_overlap),
  };
  return cmocka_run_group_tests_name("pieces", tests, NULL, NULL);
}
