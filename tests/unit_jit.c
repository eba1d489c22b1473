/* The JIT: units are added, found, called, redefined and removed; names mean what they should. */
#include "jit_fixture.h"

#include <stdlib.h>

static const char add_text[] = "func @add(i64, i64) -> i64 {\n"
                               "b0(%a: i64, %b: i64):\n"
                               "  %c = add.i64 %a, %b\n"
                               "  ret %c\n"
                               "}\n";

static const kiln_jit_options kinds[] = {
  {.reach = KILN_JIT_FAR, .protection = KILN_JIT_PROTECT_DUAL},
  {.reach = KILN_JIT_NEAR, .protection = KILN_JIT_PROTECT_DUAL},
  {.reach = KILN_JIT_FAR, .protection = KILN_JIT_PROTECT_SWITCH},
  {.reach = KILN_JIT_NEAR, .protection = KILN_JIT_PROTECT_SWITCH, .memory_bytes = 1 << 20},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static void adds_and_calls(void **state) {
  (void)state;
  for (unsigned k = 0; k < N_KINDS; k++) {
    kiln_jit *jit = jit_new(kinds + k);
    assert_null(kiln_jit_find(jit, "add"));
    kiln_jit_unit u = jit_add(jit, add_text, 0);
    assert_int_equal(jit_call(jit, "add", 40, 2), 42);
    assert_ptr_equal(kiln_jit_address(jit, u, NULL), kiln_jit_find(jit, "add"));
    assert_ptr_equal(kiln_jit_address(jit, u, "add"), kiln_jit_find(jit, "add"));
    assert_null(kiln_jit_address(jit, u, "sub"));
    assert_int_equal(kiln_jit_get_stats(jit).units, 1);
    assert_int_equal(kiln_jit_get_stats(jit).protection, kinds[k].protection);
    assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
    assert_null(kiln_jit_find(jit, "add"));
    assert_null(kiln_jit_address(jit, u, NULL));
    kiln_jit_error e = {0};
    assert_int_equal(kiln_jit_remove(jit, u, &e), KILN_ERR_ARGUMENT);
    assert_int_equal(kiln_jit_get_stats(jit).code_bytes, 0);
    assert_int_equal(kiln_jit_get_stats(jit).symbols, 0);
    kiln_jit_unit again = jit_add(jit, add_text, 0);
    assert_int_not_equal(again.id, u.id);
    assert_int_equal(jit_call(jit, "add", -1, 1), 0);
    kiln_jit_free(jit);
  }
}

/* Data of every kind, addresses in data, a function of another unit, functions of the process. */
static const char data_text[] =
  "data @words align 8 { i64 10, 20, 30 }\n"
  "data internal @table align 8 readonly {\n  addr @words+8\n  addr @get\n  addr @strlen\n  rel32 "
  "@get - @table\n"
  "  zero 4\n}\n"
  "data @zero align 4096 { zero 100000 }\n"
  "data common @shared align 16 { zero 64 }\n"
  "data internal @text { \"four\\00\" }\n"
  "declare @strlen(i64) -> i64\n"
  "declare @add(i64, i64) -> i64\n"
  "func @get(i64) -> i64 {\nb0(%i: i64):\n  %p = addr @words + %i*8\n  %v = load.i64 %p\n  ret "
  "%v\n}\n"
  "func @through(i64, i64) -> i64 {\nb0(%i: i64, %x: i64):\n"
  "  %p = load.i64 @table\n  %a = load.i64 %p\n"
  "  %g = load.i64 @table+8\n  %b = call %g(%i) as (i64) -> i64\n"
  "  %h = load.i64 @table+16\n  %c = call %h(@text) as (i64) -> i64\n"
  "  %d = call @strlen(@text)\n"
  "  store.i64 %x, @zero+99992\n  store.i64 %x, @shared+56\n"
  "  %e = load.i64 @zero+99992\n"
  "  %r = load.i64 sext i32 @table+24\n  %k = add.i64 @table, %r\n  %q = call %k(2) as (i64) -> "
  "i64\n"
  "  %s1 = call @add(%a, %b)\n  %s2 = call @add(%c, %d)\n  %s3 = call @add(%s1, %s2)\n"
  "  %s4 = call @add(%s3, %e)\n  %s5 = call @add(%s4, %q)\n  ret %s5\n}\n";

static void links_data_and_the_process(void **state) {
  (void)state;
  for (unsigned k = 0; k < N_KINDS; k++) {
    kiln_jit *jit = jit_new(kinds + k);
    kiln_jit_unit add = jit_add(jit, add_text, 0);
    kiln_jit_unit data = jit_add(jit, data_text, 0);
    assert_int_equal(jit_call(jit, "through", 2, 1000), 20 + 30 + 4 + 4 + 1000 + 30);
    long *words = kiln_jit_find(jit, "words");
    assert_int_equal(words[1], 20);
    words[1] = 21;
    assert_int_equal(jit_call(jit, "get", 1, 0), 21);
    assert_int_equal((uintptr_t)kiln_jit_find(jit, "zero") % 4096, 0);
    assert_int_equal(((long *)kiln_jit_find(jit, "shared"))[7], 1000);
    /* what is used stays */
    kiln_jit_error e = {0};
    assert_int_equal(kiln_jit_remove(jit, add, &e), KILN_ERR_STRUCTURE);
    assert_non_null(strstr(e.diag.message, "'add'"));
    assert_int_equal(kiln_jit_remove(jit, data, NULL), KILN_OK);
    assert_int_equal(kiln_jit_remove(jit, add, NULL), KILN_OK);
    assert_int_equal(kiln_jit_get_stats(jit).symbols, 0);
    assert_int_equal(kiln_jit_get_stats(jit).data_bytes, 0);
    kiln_jit_free(jit);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(adds_and_calls),
    cmocka_unit_test(links_data_and_the_process),
  };
  return cmocka_run_group_tests_name("unit_jit", tests, NULL, NULL);
}
