/* How jumps are improved at the end of an x86-64 function: they become short, jumps to the next instruction are
 * removed, and a conditional jump over another one is inverted unless the one between is itself a target; and the
 * jump back to a loop's header. */
#include "unit.h"

#include "ir/module/session_state.h"
#include "lib/codegen/output.h"
#include <kiln/kiln.h>

/* Counts of what the code of `int f(char, long)` has. */
struct counts {
  unsigned jcc, jmp;
};

/* The length of one of the instructions that these functions consist of. Two-byte jumps are counted. */
static unsigned length(const uint8_t *p, struct counts *c) {
  if (p[0] >= 0x70 && p[0] <= 0x7f) return c->jcc++, 2;
  if (p[0] == 0xeb) return c->jmp++, 2;
  if ((p[0] & 0xfe) == 0x40 && p[1] == 0xf6) return 4; /* test r8, imm8 */
  if (p[0] == 0x44 && p[1] == 0x8b) return 3;          /* mov r32, r32 */
  if (p[0] == 0xb8) return 5;                          /* mov eax, imm32 */
  if (p[0] == 0xc3 || p[0] == 0x90) return 1;
  if (p[0] == 0x89) return 2;
  if (p[0] == 0x48 && p[1] == 0x89) return 3;
  fail_msg("an instruction that this test does not know: %02x %02x", p[0], p[1]);
  return 1;
}

enum shape {
  OVER,   /* b0: if p goto b1 else b2. b1: goto b3. b2: returns 1. b3: returns 2 */
  SHARED, /* the same, but b2 goes to b1 */
  LOOP    /* b0: goto b1. b1: if p goto b2 else b3. b2: goto b1. b3: returns 2 */
};

static struct counts build(enum shape shape) {
  kiln_module *m = kiln_module_new(
    &(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64, .name = "jumps"});
  kiln_session *s = kiln_session_new(m);
  const kiln_param params[2] = {{.type = KILN_TYPE_I8}, {.type = KILN_TYPE_I8}};
  const kiln_type result = KILN_TYPE_I32;
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, params, 2, &result, 1);
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "f"}, sig));
  kiln_block b1 = kiln_block_new(f), b2 = kiln_block_new(f), b3 = kiln_block_new(f);
  if (shape == LOOP) {
    kiln_build_br(f, b1, NULL, 0);
    kiln_block_switch(f, b1);
    kiln_build_brif(f, kiln_func_param(f, 0), b2, NULL, 0, b3, NULL, 0);
  } else {
    kiln_build_brif(f, kiln_func_param(f, 0), b1, NULL, 0, b2, NULL, 0);
    kiln_block_switch(f, b1);
    kiln_build_br(f, b3, NULL, 0);
  }
  kiln_block_switch(f, b2);
  if (shape != OVER) {
    kiln_build_br(f, b1, NULL, 0);
  } else {
    kiln_build_ret(f, (kiln_value[]){kiln_const_int(f, 1)}, 1);
  }
  kiln_block_switch(f, b3);
  kiln_build_ret(f, (kiln_value[]){kiln_const_int(f, 2)}, 1);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  struct counts c = {0};
  for (size_t at = 0; at < s->out->code.n;) at += length(s->out->code.at + at, &c);
  kiln_session_free(s);
  kiln_module_free(m);
  return c;
}

CASE(over_a_jump) {
  struct counts c = build(OVER);
  assert_int_equal(c.jcc, 1);
  assert_int_equal(c.jmp, 0);
}

CASE(over_a_jump_that_is_wanted) {
  struct counts c = build(SHARED); /* b1's jump stays: b2 goes to it */
  assert_int_equal(c.jcc, 1);
  assert_int_equal(c.jmp, 2);
}

/* An iteration of a loop that tests at its head takes one jump. */
CASE(header_at_the_back_edge) {
  struct counts c = build(LOOP);
  assert_int_equal(c.jcc, 2);
  assert_int_equal(c.jmp, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(over_a_jump),
    cmocka_unit_test(over_a_jump_that_is_wanted),
    cmocka_unit_test(header_at_the_back_edge),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
