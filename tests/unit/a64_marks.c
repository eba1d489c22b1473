/* AArch64's mapping symbols, which say what of the code is data, and the mark of symbols of functions by vector_pcs: by
 * whole modules, whose code is cut into instructions and data by these symbols. */
#include "elf_fixture.h"

#include <capstone/capstone.h>
#include <kiln/text.h>

/* The literals of @constants, of both kinds, and of @table, one after a table of jumps. */
static const char text[] =
  "declare @far(f64) -> f64 vector_pcs\n"
  "declare @near(f64) -> f64\n"
  "func @plain(i64) -> i64 {\nb0(%a: i64):\n  %b = add.i64 %a, 1\n  ret %b\n}\n"
  "func @constants(f64, v128) -> f64 {\nb0(%x: f64, %v: v128):\n"
  "  %a = fmul.f64 %x, 1234567.890625\n  %w = vand.v128 %v, v128 "
  "0x0123456789abcdeffedcba9876543210\n"
  "  %e = vextract.f64 v128 %w, 1\n  %r = fadd.f64 %a, %e\n  ret %r\n}\n"
  "func @table(i32, f64) -> f64 {\nb0(%k: i32, %x: f64):\n"
  "  switch.i32 %k, other [0: c0, 1: c1, 2: c2, 3: c3, 4: c4, 5: c5]\n"
  "c0:\n  ret %x\nc1:\n  %a = fadd.f64 %x, %x\n  ret %a\nc2:\n  %b = fmul.f64 %x, %x\n  ret %b\n"
  "c3:\n  %c = fsub.f64 1.0, %x\n  ret %c\nc4:\n  %d = fadd.f64 %x, 7654321.140625\n  ret %d\n"
  "c5:\n  ret 1.0\nother:\n  ret 2.0\n}\n"
  "func @kept(f64) -> f64 vector_pcs {\nb0(%x: f64):\n  %y = call @far(%x)\n  %z = call @near(%y)\n"
  "  ret %z\n}\n"
  "func internal @own(f64) -> f64 vector_pcs {\nb0(%x: f64):\n  ret %x\n}\n"
  "func @user(f64) -> f64 {\nb0(%x: f64):\n  %y = call @own(%x)\n  ret %y\n}\n";

static void read_module(struct fixture *t, const char *source) {
  close_module(t);
  t->options.target.processor = KILN_PROCESSOR_AARCH64;
  open_module(t);
  if (kiln_text_read(t->s, source, strlen(source), NULL, NULL) != KILN_OK)
    fail_msg("%s", kiln_module_diag(t->m)->message);
  load(t);
}

/* Every instruction is one that Capstone knows; the data are the literals and a table of `words` words. */
static void code_and_data(void **state) {
  struct fixture *t = *state;
  static uint8_t is_data[4096];
  uint64_t numbers[] = {0x4132d687e4000000, 0x415d32ec49000000, 0x0123456789abcdef,
                        0xfedcba9876543210};
  unsigned found = 0, marks = 0;
  read_module(t, text);
  size_t at = section(t, ".text"), size = header(t, at).sh_size;
  const uint8_t *code = content(t, at);
  assert_true(size < sizeof is_data);
  for (size_t i = 1; i < n_symbols(t); i++) {
    GElf_Sym s;
    uint32_t number;
    const char *name = symbol_at(t, i, &s, &number);
    if (name[0] != '$') continue;
    assert_int_equal(GELF_ST_BIND(s.st_info), STB_LOCAL);
    assert_int_equal(GELF_ST_TYPE(s.st_info), STT_NOTYPE);
    assert_int_equal(number, at);
    memset(is_data + s.st_value, name[1] == 'd', size - s.st_value);
    marks++;
  }
  assert_int_equal(marks, 1 + 2 * 3);
  csh cs;
  assert_int_equal(cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &cs), CS_ERR_OK);
  cs_insn *insn = cs_malloc(cs);
  size_t data = 0;
  for (size_t i = 0; i < size; i += 4) {
    const uint8_t *p = code + i;
    size_t n = 4;
    uint64_t address = 0;
    data += is_data[i] ? 4 : 0;
    if (!is_data[i]) assert_true(cs_disasm_iter(cs, &p, &n, &address, insn));
    for (unsigned k = 0; is_data[i] && k < sizeof numbers / sizeof *numbers; k++)
      if (memcmp(code + i, &numbers[k], 8) == 0) found |= 1u << k;
  }
  cs_free(insn, 1);
  cs_close(&cs);
  assert_int_equal(found, 15);
  assert_int_equal(data, 8 + 16 + 8 + 6 * 4);
}

/* STO_AARCH64_VARIANT_PCS, of functions defined and not; local ones need no mark. */
static void variant_pcs(void **state) {
  struct fixture *t = *state;
  static const struct {
    const char *name;
    bool marked;
  } rows[] = {{"far", true}, {"near", false}, {"kept", true}, {"plain", false}, {"user", false}};
  read_module(t, text);
  for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++)
    assert_int_equal(symbol(t, rows[k].name).st_other, rows[k].marked ? 0x80 : 0);
}

/* Other targets have no such convention, nor has this one Windows'. */
static void not_there(void **state) {
  struct fixture *t = *state;
  for (unsigned target = 1; target < KILN_PROCESSOR_COUNT; target++) {
    close_module(t);
    t->options.target.processor = (kiln_processor)target;
    open_module(t);
    kiln_cc other = target == KILN_PROCESSOR_AARCH64 ? KILN_CC_WIN64 : KILN_CC_VECTOR;
    assert_int_equal(kiln_sig_new(t->m, other, 0, NULL, 0, NULL, 0).id, 0);
    assert_int_equal(kiln_module_status(t->m), KILN_ERR_UNSUPPORTED);
    assert_non_null(
      strstr(kiln_module_diag(t->m)->message, other == KILN_CC_WIN64 ? "win64" : "vector_pcs"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {ELF_TEST(code_and_data), ELF_TEST(variant_pcs),
                                     ELF_TEST(not_there)};
  return cmocka_run_group_tests_name("a64_marks", tests, NULL, NULL);
}
