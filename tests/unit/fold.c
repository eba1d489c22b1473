/* What <kiln/fold.h> builds, as text: that it folds, what it leaves alone, and that errors stay errors. That the
 * values are right is tested by fold_run.c and fold_random.c. */
#include "unit.h"

#include <kiln/kiln.h>

#define I8 KILN_TYPE_I8
#define I32 KILN_TYPE_I32
#define I64 KILN_TYPE_I64
#define F64 KILN_TYPE_F64

struct fixture {
  kiln_module *m;
  kiln_session *s;
  kiln_func *f; /* i64 @f(i64) */
  kiln_value v; /* its parameter */
};

static int setup(void **state) {
  static struct fixture t;
  t.m = kiln_module_new(NULL);
  t.s = kiln_session_new(t.m);
  kiln_type result = I64;
  kiln_sig sig = kiln_sig_new(t.m, KILN_CC_C, 0, &(kiln_param){.type = I64}, 1, &result, 1);
  t.f = kiln_func_begin(t.s, kiln_func_declare(t.m, &(kiln_symbol_desc){.name = "f"}, sig));
  t.v = kiln_func_param(t.f, 0);
  *state = &t;
  return t.f == NULL;
}

static int teardown(void **state) {
  struct fixture *t = *state;
  kiln_session_free(t->s);
  kiln_module_free(t->m);
  return 0;
}

static kiln_value number(struct fixture *t, int64_t v) { return kiln_const_int(t->f, v); }

static kiln_value fold(struct fixture *t, kiln_op op, kiln_value a, kiln_value b) {
  return kiln_fold_binary(t->f, op, I64, a, b);
}

/* The function's body, after its head and `b0(v0: i64):`. */
static void expect(struct fixture *t, kiln_value v, const char *body) {
  kiln_buffer text = {0};
  kiln_build_ret(t->f, &v, 1);
  assert_int_equal(kiln_func_finish(t->f), KILN_OK);
  assert_int_equal(kiln_func_print(t->f, &text), KILN_OK);
  assert_true(kiln_buffer_append(&text, "", 1) == KILN_OK);
  static const char head[] = "func @f(i64) -> i64 {\nb0(v0: i64):\n";
  assert_memory_equal(text.data, head, sizeof head - 1);
  assert_string_equal((char *)text.data + sizeof head - 1, body);
  kiln_buffer_free(&text);
}

static void constants(void **state) {
  struct fixture *t = *state;
  expect(t, fold(t, KILN_OP_SHL, number(t, 1), number(t, 2)), "  ret 4\n}\n");
}

static void identities(void **state) {
  struct fixture *t = *state;
  kiln_value v = fold(t, KILN_OP_ADD, number(t, 0), t->v);
  v = fold(t, KILN_OP_MUL, v, number(t, 1));
  v = fold(t, KILN_OP_AND, v, number(t, -1));
  v = kiln_fold_select(t->f, I64, number(t, 3), v, number(t, 7));
  expect(t, v, "  ret v0\n}\n");
}

static void constant_to_the_right(void **state) {
  struct fixture *t = *state;
  expect(t, fold(t, KILN_OP_XOR, number(t, 5), t->v), "  v1 = xor.i64 v0, 5\n  ret v1\n}\n");
}

static void two_in_a_row(void **state) {
  struct fixture *t = *state;
  kiln_value v = fold(t, KILN_OP_ADD, t->v, number(t, 1));
  v = fold(t, KILN_OP_SUB, v, number(t, 4));
  expect(t, v, "  v1 = add.i64 v0, 1\n  v2 = sub.i64 v0, 3\n  ret v2\n}\n");
}

/* What another block made stays there. */
static void another_block(void **state) {
  struct fixture *t = *state;
  kiln_value v = fold(t, KILN_OP_ADD, t->v, number(t, 1));
  kiln_block next = kiln_block_new(t->f);
  kiln_build_br(t->f, next, NULL, 0);
  kiln_block_switch(t->f, next);
  v = fold(t, KILN_OP_ADD, v, number(t, 2));
  expect(t, v, "  v1 = add.i64 v0, 1\n  br b1\nb1:\n  v3 = add.i64 v1, 2\n  ret v3\n}\n");
}

static void comparison_of_a_comparison(void **state) {
  struct fixture *t = *state;
  kiln_value c = kiln_fold_icmp(t->f, KILN_ICOND_SLT, I64, t->v, number(t, 9));
  kiln_value wide = kiln_fold_convert(t->f, KILN_OP_ZEXT, I64, I8, c);
  assert_int_equal(kiln_fold_icmp(t->f, KILN_ICOND_NE, I64, wide, number(t, 0)).id, c.id);
  kiln_value opposite = kiln_fold_icmp(t->f, KILN_ICOND_EQ, I64, wide, number(t, 0));
  expect(t, kiln_fold_convert(t->f, KILN_OP_ZEXT, I64, I8, opposite),
         "  v1 = icmp.i64 slt v0, 9\n  v2 = zext.i64 i8 v1\n  v3 = icmp.i64 sge v0, 9\n"
         "  v4 = zext.i64 i8 v3\n  ret v4\n}\n");
}

static void needless_extension(void **state) {
  struct fixture *t = *state;
  kiln_value v = kiln_build_load_ext(t->f, I64, I8, t->v, 0, 0);
  kiln_value low = kiln_fold_convert(t->f, KILN_OP_TRUNC, I8, I64, v);
  expect(t, kiln_fold_convert(t->f, KILN_OP_ZEXT, I64, I8, low),
         "  v1 = load.i64 zext i8 v0\n  v2 = trunc.i8 i64 v1\n  ret v1\n}\n");
}

static void address(void **state) {
  struct fixture *t = *state;
  kiln_value index = fold(t, KILN_OP_SHL, t->v, number(t, 3));
  kiln_value base = kiln_const_symbol(t->f, kiln_symbol_refer(t->m, "x"), 8);
  const kiln_value none = {0};
  kiln_operand_info o =
    kiln_operand_get(t->f, kiln_fold_addr(t->f, base, number(t, 5), 8, 2)); /* 8 + 5 * 8 + 2 */
  assert_int_equal(o.kind, KILN_OPERAND_SYMBOL);
  assert_int_equal(o.low, 50);
  assert_int_equal(kiln_fold_addr(t->f, t->v, none, 0, 0).id, t->v.id);
  kiln_value inner = kiln_fold_addr(t->f, t->v, none, 0, 16);
  expect(t, kiln_fold_addr(t->f, inner, index, 2, 4),
         "  v1 = shl.i64 v0, 3\n  v2 = addr v0 + 16\n  v3 = addr v0 + v0*16 + 20\n  ret v3\n}\n");
}

static void left_alone(void **state) {
  struct fixture *t = *state;
  kiln_value one = number(t, 1), half = kiln_const_f64(t->f, 0.5);
  fold(t, KILN_OP_UDIV, one, number(t, 0));
  fold(t, KILN_OP_SDIV, number(t, INT64_MIN), number(t, -1));
  fold(t, KILN_OP_SHL, one, number(t, 64));
  kiln_fold_binary(t->f, KILN_OP_FADD, F64, half, half);
  kiln_fold_unary(t->f, KILN_OP_COPY, I64, one); /* makes a value of a constant */
  assert_int_equal(kiln_func_next_inst(t->f), 6);
  kiln_func_discard(t->f);
}

/* The builder's own calls rewrite nothing. */
static void builder(void **state) {
  struct fixture *t = *state;
  kiln_value v = kiln_build_binary(t->f, KILN_OP_ADD, I64, t->v, number(t, 0));
  expect(t, kiln_build_binary(t->f, KILN_OP_SHL, I64, v, number(t, 0)),
         "  v1 = add.i64 v0, 0\n  v2 = shl.i64 v1, 0\n  ret v2\n}\n");
}

static void wrong_types(void **state) {
  struct fixture *t = *state;
  for (unsigned i = 0; i < 6; i++) {
    kiln_func_discard(t->f);
    t->f = kiln_func_begin(t->s, kiln_symbol_lookup(t->m, "f"));
    const kiln_value none = {0};
    if (i == 0) kiln_fold_binary(t->f, KILN_OP_ADD, I32, t->v, number(t, 0));
    if (i == 1) kiln_fold_binary(t->f, KILN_OP_SUB, F64, t->v, t->v);
    if (i == 2) kiln_fold_convert(t->f, KILN_OP_ZEXT, I32, I64, number(t, 1));
    if (i == 3) kiln_fold_icmp(t->f, KILN_ICOND_EQ, I32, t->v, t->v);
    if (i == 4) kiln_fold_select(t->f, I32, number(t, 1), t->v, t->v);
    if (i == 5) kiln_fold_addr(t->f, kiln_const_f64(t->f, 1), none, 0, 0);
    assert_int_equal(kiln_func_status(t->f), KILN_ERR_TYPE);
    assert_int_equal(fold(t, KILN_OP_ADD, number(t, 1), number(t, 1)).id, 0);
  }
  kiln_func_discard(t->f);
}

/* A chain that was not folded while it was built is not followed to its start by every call. */
static void long_chain(void **state) {
  struct fixture *t = *state;
  kiln_value v = t->v, a = t->v, c = t->v;
  const kiln_value none = {0};
  for (unsigned i = 0; i < 100000; i++) {
    v = kiln_build_binary(t->f, KILN_OP_ADD, I64, v, number(t, 1));
    a = kiln_fold_addr(t->f, v, none, 0, 1);
    c = kiln_fold_binary(t->f, KILN_OP_ADD, I64, v, number(t, 1));
  }
  assert_int_equal(kiln_func_status(t->f), KILN_OK);
  assert_true(a.id != 0 && c.id != 0);
  kiln_func_discard(t->f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(constants),
    TEST(identities),
    TEST(constant_to_the_right),
    TEST(two_in_a_row),
    TEST(another_block),
    TEST(comparison_of_a_comparison),
    TEST(needless_extension),
    TEST(address),
    TEST(left_alone),
    TEST(builder),
    TEST(wrong_types),
    TEST(long_chain),
  };
  return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
