/* Exceptions in code of a JIT, thrown and caught by tests/kir/kir_throw.c: calls by C's types
 * that unwind, and tables that are right while functions are redefined and removed.
 * (tool/jit_cpp.cpp has C++'s exceptions, and forced unwinding.) */
#include "unit.h"

#include <kiln/kiln.h>

void kir_throw(const void *type, int64_t value);

static const char types[3];

/* A module for this machine. */
static kiln_module *new_module(void) {
  kiln_module_options options = {0};
  assert_true(kiln_target_find_host(&options.target));
  return kiln_module_new(&options);
}

/* ---- calls with C's types ---- */

struct pair { /* in a register of each bank */
  long a;
  double b;
};
struct large { /* in memory */
  long v[5];
};
struct pair test_pair(const void *type, struct pair p);
struct large test_large(const void *type, struct large l);
short test_short(const void *type, short s);
void test_void(const void *type);

struct pair test_pair(const void *type, struct pair p) {
  if (type != NULL) kir_throw(type, p.a);
  return (struct pair){p.a + 1, p.b * 2};
}
struct large test_large(const void *type, struct large l) {
  if (type != NULL) kir_throw(type, l.v[4]);
  l.v[4]++;
  return l;
}
short test_short(const void *type, short s) {
  if (type != NULL) kir_throw(type, s);
  return (short)(s + 1);
}
void test_void(const void *type) {
  if (type != NULL) kir_throw(type, 5);
}

/* A function long f(const void *type, long x) under construction, which calls one of those in a try and returns what
 * its result says, or 1000 more than the exception's value. */
struct tried {
  kiln_module *m;
  kiln_session *s;
  kiln_ctypes *c;
  kiln_func *f;
  kiln_block normal, pad;
};

static kiln_ctype basic(kiln_ctype_kind kind) { return kiln_ctype_basic(kind); }

/* Builds the call of `name`; the value or address of its result. */
static kiln_value try_call(struct tried *t, const char *name, kiln_ctype result,
                           kiln_value argument, kiln_ctype argument_type, uint32_t n) {
  const kiln_ctype params[] = {basic(KILN_CTYPE_POINTER), argument_type};
  kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, 0, params, n, result);
  kiln_symbol callee =
    kiln_func_declare(t->m, &(kiln_symbol_desc){.name = name}, kiln_csig_sig(t->c, sig));
  const kiln_value args[] = {kiln_func_param(t->f, 0), argument};
  kiln_value exception = kiln_try_exception(t->f);
  kiln_try_desc how = {.normal = t->normal,
                       .unwind = t->pad,
                       .unwind_args = &exception,
                       .n_unwind_args = 1,
                       .clauses = &(kiln_clause){.kind = KILN_CLAUSE_CATCH_ALL},
                       .n_clauses = 1};
  return kiln_build_ctry(t->f, t->c, sig, kiln_const_symbol(t->f, callee, 0), (kiln_value){0}, &how,
                         args, n);
}

static kiln_value add(kiln_func *f, kiln_value a, kiln_value b) {
  return kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, a, b);
}

static kiln_value pair_call(struct tried *t, kiln_value x) {
  const kiln_cfield fields[] = {{.type = basic(KILN_CTYPE_LONG)},
                                {.type = basic(KILN_CTYPE_DOUBLE)}};
  kiln_ctype type = kiln_ctype_new_struct(t->c, NULL, fields, 2);
  kiln_value from = kiln_slot_new(t->f, sizeof(struct pair), 3);
  kiln_build_store(t->f, KILN_TYPE_I64, from, 0, x, 0);
  kiln_build_store(t->f, KILN_TYPE_F64, from, 8, kiln_const_f64(t->f, 1.5), 0);
  kiln_value to = try_call(t, "test_pair", type, from, type, 2);
  kiln_value b = kiln_build_load(t->f, KILN_TYPE_F64, to, 8, 0);
  b = kiln_build_convert(t->f, KILN_OP_FTOSI, KILN_TYPE_I64, KILN_TYPE_F64, b);
  return add(t->f, kiln_build_load(t->f, KILN_TYPE_I64, to, 0, 0), b);
}
static kiln_value large_call(struct tried *t, kiln_value x) {
  kiln_ctype type = kiln_ctype_new_struct(
    t->c, NULL, &(kiln_cfield){.type = kiln_ctype_new_array(t->c, basic(KILN_CTYPE_LONG), 5)}, 1);
  kiln_value from = kiln_slot_new(t->f, sizeof(struct large), 3);
  for (int32_t i = 0; i < 5; i++) kiln_build_store(t->f, KILN_TYPE_I64, from, 8 * i, x, 0);
  kiln_value to = try_call(t, "test_large", type, from, type, 2);
  kiln_value first = kiln_build_load(t->f, KILN_TYPE_I64, to, 0, 0);
  return add(t->f, first, kiln_build_load(t->f, KILN_TYPE_I64, to, 32, 0));
}
static kiln_value short_call(struct tried *t, kiln_value x) {
  kiln_value v = kiln_build_convert(t->f, KILN_OP_TRUNC, KILN_TYPE_I16, KILN_TYPE_I64, x);
  v = try_call(t, "test_short", basic(KILN_CTYPE_SHORT), v, basic(KILN_CTYPE_SHORT), 2);
  return kiln_build_convert(t->f, KILN_OP_SEXT, KILN_TYPE_I64, KILN_TYPE_I16, v);
}
static kiln_value void_call(struct tried *t, kiln_value x) {
  kiln_value none = try_call(t, "test_void", basic(KILN_CTYPE_VOID), x, basic(KILN_CTYPE_LONG), 1);
  assert_int_equal(none.id, 0);
  return x;
}

static const struct {
  kiln_value (*build)(struct tried *t, kiln_value x);
  long returns, catches; /* for x = 7 */
} calls[] = {
  {pair_call, 8 + 3, 1007}, {large_call, 7 + 8, 1007}, {short_call, 8, 1007}, {void_call, 7, 1005}};

CASE(c_types) {
  kiln_type i64 = KILN_TYPE_I64;
  kiln_param two[] = {{.type = KILN_TYPE_I64}, {.type = KILN_TYPE_I64}};
  for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) {
    kiln_module *m = new_module();
    struct tried t = {.m = m, .s = kiln_session_new(m), .c = kiln_ctypes_new(m)};
    kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, two, 2, &i64, 1);
    kiln_sig one = kiln_sig_new(m, KILN_CC_C, 0, two, 1, &i64, 1);
    t.f = kiln_func_begin(t.s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "f"}, sig));
    kiln_func_set_attrs(
      t.f, &(kiln_func_attrs){.personality = kiln_func_declare(
                                m, &(kiln_symbol_desc){.name = "kir_personality"}, sig)});
    kiln_symbol take = kiln_func_declare(m, &(kiln_symbol_desc){.name = "kir_catch"}, one);
    t.normal = kiln_block_new(t.f);
    t.pad = kiln_block_new(t.f);
    kiln_value exception = kiln_block_add_param(t.f, t.pad, KILN_TYPE_I64);
    kiln_value v = calls[k].build(&t, kiln_func_param(t.f, 1));
    assert_int_equal(kiln_block_current(t.f).id, t.normal.id);
    kiln_build_ret(t.f, &v, 1);
    kiln_block_switch(t.f, t.pad);
    v = kiln_build_call(t.f, one, kiln_const_symbol(t.f, take, 0), &exception, 1);
    v = add(t.f, v, kiln_const_int(t.f, 1000));
    kiln_build_ret(t.f, &v, 1);
    if (kiln_func_compile(t.f) != KILN_OK) fail_msg("%s", kiln_module_diag(m)->message);
    kiln_jit *jit = kiln_jit_new(NULL, NULL);
    assert_int_equal(kiln_jit_add(jit, 0,
                                  &(kiln_jit_input){.module = m, .sessions = &t.s, .n_sessions = 1},
                                  1, NULL, NULL),
                     KILN_OK);
    long (*f)(const void *, long) = (long (*)(const void *, long))kiln_jit_lookup(jit, "f");
    assert_int_equal(f(NULL, 7), calls[k].returns);
    assert_int_equal(f(types, 7), calls[k].catches);
    kiln_jit_free(jit);
    kiln_ctypes_free(t.c);
    kiln_session_free(t.s);
    kiln_module_free(m);
  }
}

CASE(c_misuse) {
  for (unsigned k = 0; k < 3; k++) {
    kiln_module *m = new_module();
    kiln_session *s = kiln_session_new(m);
    kiln_ctypes *c = kiln_ctypes_new(m);
    kiln_csig sig = kiln_csig_new(c, KILN_CC_C, 0, NULL, 0, basic(KILN_CTYPE_VOID));
    kiln_func *f = kiln_func_begin(
      s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "f"}, kiln_csig_sig(c, sig)));
    kiln_value callee = kiln_const_int(f, 0);
    kiln_try_desc how = {.n_args = k == 1, .n_normal_args = k == 2};
    kiln_build_ctry(f, c, sig, callee, (kiln_value){0}, k == 0 ? NULL : &how, NULL, 0);
    assert_int_equal(kiln_func_status(f), KILN_ERR_ARGUMENT);
    kiln_func_discard(f);
    kiln_ctypes_free(c);
    kiln_session_free(s);
    kiln_module_free(m);
  }
}

/* ---- tables of code that comes and goes ---- */

/* @f(what, x): calls what(x); of what that throws it takes exceptions of type `catches` alone,
 * after `n` other calls, so that the pad is elsewhere. */
static kiln_status build(kiln_session *s, const char *name, unsigned catches, unsigned n) {
  char text[4096];
  int at = snprintf(text, sizeof text,
                    "declare @kir_personality()\ndeclare @kir_catch(i64) -> i64 nounwind\n"
                    "declare @labs(i64) -> i64\n"
                    "func @%s(i64, i64) -> i64 personality @kir_personality {\n"
                    "b0(%%f: i64, %%x: i64):\n",
                    name);
  for (unsigned i = 0; i < n; i++)
    at += snprintf(text + at, sizeof text - (size_t)at, "  %%u%u = call @labs(%%x)\n", i);
  snprintf(text + at, sizeof text - (size_t)at,
           "  try %%f(%%x) as (i64) -> i64 to b1(result 0) unwind b2(exception 0) [catch @type%u]\n"
           "b1(%%r: i64):\n  ret %%r\n"
           "b2(%%e: i64):\n  %%v = call @kir_catch(%%e)\n  %%w = add.i64 %%v, %u\n  ret %%w\n}\n"
           "extern data @type%u\n",
           catches, 1000 * (catches + 1), catches);
  return kiln_text_read(s, text, strlen(text), NULL, NULL);
}

static void *resolve(void *user, const char *name) {
  (void)user;
  return strncmp(name, "type", 4) == 0 ? (void *)(uintptr_t)&types[name[4] - '0'] : NULL;
}

typedef long taker(long (*what)(long), long x);

static long throw_at(long x) {
  if (x >= 0) kir_throw(&types[x / 100], x % 100);
  return x;
}

static kiln_jit_unit add_unit(kiln_jit *jit, unsigned catches, unsigned n, unsigned flags) {
  kiln_module *m = new_module();
  kiln_session *s = kiln_session_new(m);
  kiln_jit_unit unit;
  kiln_jit_error error = {0};
  if (build(s, "f", catches, n) != KILN_OK) fail_msg("%s", kiln_module_diag(m)->message);
  if (kiln_jit_add(jit, flags, &(kiln_jit_input){.module = m, .sessions = &s, .n_sessions = 1}, 1,
                   &unit, &error) != KILN_OK)
    fail_msg("%s", error.diag.message);
  kiln_session_free(s);
  kiln_module_free(m);
  return unit;
}

/* Units take the memory of those before them, with other tables. */
CASE(removed) {
  for (unsigned protection = 0; protection < KILN_JIT_PROTECTION_COUNT; protection++) {
    kiln_jit *jit = kiln_jit_new(
      &(kiln_jit_options){.resolve = resolve, .protection = (kiln_jit_protection)protection}, NULL);
    /* an emulator may have no way but one */
    if (jit == NULL && protection != KILN_JIT_PROTECTION_AUTO) continue;
    void *first = NULL;
    unsigned again = 0;
    for (unsigned i = 0; i < 30; i++) {
      unsigned catches = i % 3;
      kiln_jit_unit unit = add_unit(jit, catches, i % 7, 0);
      taker *f = (taker *)kiln_jit_lookup(jit, "f");
      if (i == 0) first = (void *)f;
      else again += (void *)f == first;
      assert_int_equal(f(throw_at, -5), -5);
      assert_int_equal(f(throw_at, 100 * (long)catches + 9), 1000 * ((long)catches + 1) + 9);
      assert_int_equal(kiln_jit_remove(jit, unit, NULL), KILN_OK);
    }
    assert_true(again > 0);
    kiln_jit_free(jit);
  }
}

static kiln_jit *changed;
static taker *inner;

/* Redefines the function that calls it, and throws: to the definition that is running, which takes type 0. */
static long redefine(long x) {
  add_unit(changed, 1, 5, KILN_JIT_REDEFINABLE);
  assert_int_equal(inner(throw_at, 107), 2007); /* the new one */
  return throw_at(x);
}

CASE(redefined) {
  changed = kiln_jit_new(&(kiln_jit_options){.resolve = resolve}, NULL);
  add_unit(changed, 0, 0, KILN_JIT_REDEFINABLE);
  inner = (taker *)kiln_jit_lookup(changed, "f");
  assert_int_equal(inner(redefine, 3), 1003);
  assert_int_equal(inner(throw_at, 108), 2008);
  kiln_jit_free(changed);
}

/* Code of one unit throws through that of others: the exception is taken by the first one that has its type. */
static taker *takers[3];
static long next_taker(long x) {
  static unsigned depth;
  if (depth == 3) return throw_at(x);
  taker *f = takers[depth++];
  long v = f(next_taker, x);
  depth--;
  return v + 10000;
}

CASE(through) {
  kiln_jit *jits[3];
  for (unsigned i = 0; i < 3; i++) {
    jits[i] = kiln_jit_new(&(kiln_jit_options){.resolve = resolve}, NULL);
    add_unit(jits[i], i, i, 0);
    takers[i] = (taker *)kiln_jit_lookup(jits[i], "f");
  }
  /* takers[0] calls takers[1] calls takers[2]; type 0 passes two of them */
  assert_int_equal(next_taker(4), 10000 + 1004);
  for (unsigned i = 0; i < 3; i++) kiln_jit_free(jits[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(c_types),   cmocka_unit_test(c_misuse), cmocka_unit_test(removed),
    cmocka_unit_test(redefined), cmocka_unit_test(through),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
