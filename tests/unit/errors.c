/* How errors travel: from a function to its module, to the object writer and the JIT; which one a module reports when
 * several functions of several threads fail; and that a function left open is an error. */
#include "unit.h"

#include <kiln/kiln.h>
#include <kiln/text.h>

#define I64 KILN_TYPE_I64

struct fixture {
  kiln_module *m;
  kiln_session *s;
  kiln_sig sig; /* i64 -> i64 */
  unsigned diags;
};

static void count(void *user, const kiln_diag *d) {
  (void)d;
  ((struct fixture *)user)->diags++;
}

static int setup(void **state) {
  static struct fixture t;
  memset(&t, 0, sizeof t);
  kiln_module_options options = {
    .name = "errors", .on_diag = count, .on_diag_user = &t, .jit = true};
  kiln_target_find_host(&options.target);
  t.m = kiln_module_new(&options);
  t.s = kiln_session_new(t.m);
  kiln_type result = I64;
  t.sig = kiln_sig_new(t.m, KILN_CC_C, 0, &(kiln_param){.type = I64}, 1, &result, 1);
  *state = &t;
  return t.sig.id == 0;
}

static int teardown(void **state) {
  struct fixture *t = *state;
  kiln_session_free(t->s);
  kiln_module_free(t->m);
  return 0;
}

static kiln_symbol declare(struct fixture *t, const char *name) {
  return kiln_func_declare(t->m, &(kiln_symbol_desc){.name = name, .body = true}, t->sig);
}

/* Begins a function that is right, all but its terminator. */
static kiln_func *begin(kiln_session *s, kiln_symbol symbol) {
  kiln_func *f = kiln_func_begin(s, symbol);
  assert_non_null(f);
  return f;
}

static kiln_func *good(kiln_session *s, kiln_symbol symbol) {
  kiln_func *f = begin(s, symbol);
  kiln_value v = kiln_func_param(f, 0);
  kiln_build_ret(f, &v, 1);
  return f;
}

/* A function with an error that only kiln_func_compile finds. */
static kiln_func *bad(kiln_session *s, kiln_symbol symbol) { return begin(s, symbol); }

static kiln_status emit(struct fixture *t) {
  kiln_buffer out = {0};
  kiln_status status = kiln_emit_object(t->m, &t->s, 1, &out);
  assert_int_equal(out.size != 0, status == KILN_OK);
  kiln_buffer_free(&out);
  return status;
}

/* ---- from the function to the module ---- */

static void reaches_the_module(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_func_compile(bad(t->s, declare(t, "f"))), KILN_ERR_STRUCTURE);
  assert_int_equal(kiln_module_status(t->m), KILN_ERR_STRUCTURE);
  assert_string_equal(kiln_module_diag(t->m)->function, "f");
  assert_string_equal(kiln_module_diag(t->m)->message, "the block has no terminator");
  assert_int_equal(t->diags, 1); /* it is reported once */
  assert_int_equal(emit(t), KILN_ERR_STRUCTURE);
}

static void others_go_on(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_func_compile(bad(t->s, declare(t, "f"))), KILN_ERR_STRUCTURE);
  kiln_symbol g = declare(t, "g");
  assert_int_not_equal(g.id, 0);
  assert_int_equal(kiln_func_compile(good(t->s, g)), KILN_OK);
  assert_int_equal(kiln_func_compile(bad(t->s, declare(t, "h"))), KILN_ERR_STRUCTURE);
  assert_int_equal(t->diags, 2);
  assert_string_equal(kiln_module_diag(t->m)->function, "f"); /* the first */
}

static void first_before_the_modules_own(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_func_compile(bad(t->s, declare(t, "f"))), KILN_ERR_STRUCTURE);
  assert_int_equal(kiln_data_define(t->m, (kiln_symbol){99}, &(kiln_data_desc){0}),
                   KILN_ERR_ARGUMENT);
  assert_string_equal(kiln_module_diag(t->m)->function, "f");
  assert_int_equal(kiln_module_status(t->m), KILN_ERR_STRUCTURE);
}

static void discarded(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = declare(t, "f");
  kiln_func *first = bad(t->s, f);
  kiln_func_fail(first, KILN_ERR_UNSUPPORTED, "no such thing");
  kiln_func_discard(first);
  assert_int_equal(kiln_module_status(t->m), KILN_OK);
  assert_int_equal(kiln_func_compile(good(t->s, f)), KILN_OK);
  assert_int_equal(emit(t), KILN_OK);
}

static void tried(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = declare(t, "f");
  kiln_diag diag;
  assert_int_equal(kiln_func_try_compile(bad(t->s, f), &diag), KILN_ERR_STRUCTURE);
  assert_int_equal(diag.status, KILN_ERR_STRUCTURE);
  assert_string_equal(diag.function, "f");
  assert_int_equal(t->diags, 1);
  assert_int_equal(kiln_module_status(t->m), KILN_OK);
  assert_int_equal(kiln_func_try_compile(good(t->s, f), &diag), KILN_OK);
  assert_int_equal(diag.status, KILN_OK);
  assert_int_equal(kiln_func_try_compile(bad(t->s, declare(t, "g")), NULL), KILN_ERR_STRUCTURE);
  assert_int_equal(emit(t), KILN_OK);
}

static void of_a_text(void **state) {
  struct fixture *t = *state;
  static const char text[] = "func @f() {\nb0:\n  nonsense\n}\n";
  assert_int_equal(kiln_text_read(t->s, text, sizeof text - 1, NULL, NULL), KILN_ERR_SYNTAX);
  assert_int_equal(kiln_module_status(t->m), KILN_ERR_SYNTAX);
  assert_int_equal(kiln_module_diag(t->m)->line, 3);
  assert_int_equal(emit(t), KILN_ERR_SYNTAX);
}

/* An error of the module in the middle of a body: the function has none, and reading stops. */
static void of_a_module_in_a_text(void **state) {
  struct fixture *t = *state;
  static const char text[] = "data @x {\n  zero 8\n}\nfunc @f(i64) {\nb0(v0: i64):\n"
                             "  v1 = add.i64 v0, @x:b1\n  ret\n}\n";
  kiln_status status = kiln_text_read(t->s, text, sizeof text - 1, NULL, NULL);
  assert_int_not_equal(status, KILN_OK);
  assert_int_equal(kiln_module_status(t->m), status);
  assert_int_equal(t->diags, 1);
}

/* ---- what is open ---- */

static void open_function(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = declare(t, "f"), g = declare(t, "g");
  kiln_func *last = good(t->s, g), *open = begin(t->s, f);
  kiln_func_set_text_position(open, 12, 3);
  kiln_block b = kiln_block_new(open);
  kiln_build_br(open, b, NULL, 0);
  kiln_block_switch(open, b);
  assert_int_equal(emit(t), KILN_ERR_STRUCTURE);
  const kiln_diag *d = kiln_module_diag(t->m);
  assert_string_equal(d->function, "f"); /* the least id, whichever was begun first */
  assert_int_equal(d->block, b.id);
  assert_int_equal(d->line, 12);
  assert_int_equal(d->column, 3);
  assert_non_null(strstr(d->message, "open"));
  kiln_func_discard(last);
  kiln_func_discard(open);
}

static void in_a_jit(void **state) {
  struct fixture *t = *state;
  kiln_jit_error error = {0};
  kiln_jit *jit = kiln_jit_new(NULL, &error);
  assert_non_null(jit);
  kiln_jit_input input = {.module = t->m, .sessions = &t->s, .n_sessions = 1};
  kiln_symbol f = declare(t, "f");
  kiln_func *open = good(t->s, f);
  assert_int_equal(kiln_jit_add(jit, 0, &input, 1, NULL, &error), KILN_ERR_STRUCTURE);
  assert_string_equal(error.diag.function, "f");
  assert_int_equal(kiln_module_status(t->m), KILN_OK); /* the JIT only reads the module */
  assert_int_equal(kiln_func_compile(open), KILN_OK);
  assert_int_equal(kiln_func_compile(bad(t->s, declare(t, "g"))), KILN_ERR_STRUCTURE);
  assert_int_equal(kiln_jit_add(jit, 0, &input, 1, NULL, &error), KILN_ERR_STRUCTURE);
  assert_string_equal(error.diag.function, "g");
  kiln_jit_error_free(&error);
  kiln_jit_free(jit);
}

/* A prompt goes on after a function that fails. */
static void in_a_stream(void **state) {
  struct fixture *t = *state;
  kiln_jit *jit = kiln_jit_new(NULL, NULL);
  kiln_jit_stream *stream = kiln_jit_stream_new(jit, t->m, NULL, NULL);
  assert_non_null(stream);
  kiln_symbol f = declare(t, "f");
  assert_int_equal(kiln_func_try_compile(bad(t->s, f), NULL), KILN_ERR_STRUCTURE);
  assert_int_equal(kiln_func_try_compile(good(t->s, f), NULL), KILN_OK);
  assert_int_equal(kiln_jit_stream_add(stream, t->s, 0, NULL, NULL), KILN_OK);
  assert_int_equal(((int64_t (*)(int64_t))(uintptr_t)kiln_jit_lookup(jit, "f"))(7), 7);
  kiln_jit_stream_free(stream);
  kiln_jit_free(jit);
}

/* ---- several sessions ---- */

/* Functions f0 to f4 in two sessions, in an order that threads could have; f1 and f3 fail. */
static void in_frozen_modules(void **state) {
  struct fixture *t = *state;
  static const struct {
    uint8_t session, func;
  } orders[][5] = {
    {{0, 0}, {0, 1}, {1, 2}, {1, 3}, {0, 4}},
    {{1, 3}, {0, 4}, {1, 2}, {0, 1}, {0, 0}},
    {{0, 3}, {0, 1}, {1, 4}, {1, 0}, {1, 2}},
  };
  for (unsigned k = 0; k < sizeof orders / sizeof *orders; k++) {
    void *inner = NULL;
    teardown(state);
    setup(&inner);
    kiln_symbol funcs[5];
    for (unsigned i = 0; i < 5; i++) funcs[i] = declare(t, (char[]){'f', (char)('0' + i), 0});
    assert_int_equal(kiln_module_freeze(t->m), KILN_OK);
    kiln_session *sessions[2] = {t->s, kiln_session_new(t->m)};
    for (unsigned i = 0; i < 5; i++) {
      kiln_session *s = sessions[orders[k][i].session];
      unsigned func = orders[k][i].func;
      bool fails = func == 1 || func == 3;
      assert_int_equal(kiln_func_compile(fails ? bad(s, funcs[func]) : good(s, funcs[func])),
                       fails ? KILN_ERR_STRUCTURE : KILN_OK);
    }
    assert_string_equal(kiln_module_diag(t->m)->function, "f1");
    kiln_buffer out = {0};
    assert_int_equal(kiln_emit_object(t->m, sessions, 2, &out), KILN_ERR_STRUCTURE);
    kiln_buffer_free(&out);
    kiln_session_free(sessions[1]);
  }
}

/* The module's own error is reported instead of those of functions, which may only follow from it. */
static void own_error_of_a_frozen_module(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = declare(t, "f");
  kiln_module_freeze(t->m);
  assert_int_equal(kiln_func_compile(bad(t->s, f)), KILN_ERR_STRUCTURE);
  assert_int_equal(kiln_data_define(t->m, f, &(kiln_data_desc){0}), KILN_ERR_STRUCTURE);
  assert_string_equal(kiln_module_diag(t->m)->message, "data: the module is frozen");
}

/* ---- references ---- */

static void referred_to(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = kiln_symbol_refer(t->m, "f"), x = kiln_symbol_refer(t->m, "x");
  kiln_symbol outside = kiln_symbol_refer(t->m, "outside"), p = kiln_symbol_refer(t->m, "p");
  assert_int_equal(kiln_symbol_get(t->m, f).kind, KILN_SYMBOL_UNKNOWN);
  kiln_func *g = begin(t->s, declare(t, "g"));
  const kiln_symbol all[] = {f, x, outside, p};
  kiln_value sum = kiln_func_param(g, 0);
  for (unsigned i = 0; i < 4; i++)
    sum =
      kiln_build_binary(g, KILN_OP_ADD, I64, sum,
                        kiln_build_unary(g, KILN_OP_COPY, I64, kiln_const_symbol(g, all[i], 0)));
  sum = kiln_build_call(g, t->sig, kiln_const_symbol(g, f, 0), &sum, 1);
  kiln_build_ret(g, &sum, 1);
  assert_int_equal(kiln_func_compile(g), KILN_OK);
  /* and only now what they are */
  assert_int_equal(declare(t, "f").id, f.id);
  assert_int_equal(kiln_func_compile(good(t->s, f)), KILN_OK);
  kiln_symbol_desc data = {.name = "x", .linkage = KILN_LINKAGE_INTERNAL};
  kiln_symbol_desc private = {.name = "p", .linkage = KILN_LINKAGE_PRIVATE};
  assert_int_equal(kiln_data_declare(t->m, &data).id, x.id);
  assert_int_equal(kiln_data_declare(t->m, &private).id, p.id);
  assert_int_equal(kiln_data_define(t->m, x, &(kiln_data_desc){.size_bytes = 8}), KILN_OK);
  assert_int_equal(kiln_data_define(t->m, p, &(kiln_data_desc){.size_bytes = 8}), KILN_OK);
  assert_int_equal(kiln_symbol_get(t->m, x).kind, KILN_SYMBOL_DATA);
  assert_int_equal(emit(t), KILN_OK);
}

static void referred_to_and_thread_local(void **state) {
  struct fixture *t = *state;
  kiln_symbol_refer(t->m, "x");
  kiln_symbol_desc data = {.name = "x", .tls = KILN_TLS_GENERAL_DYNAMIC};
  assert_int_equal(kiln_data_declare(t->m, &data).id, 0);
  assert_int_equal(kiln_module_status(t->m), KILN_ERR_SYMBOL);
}

/* ---- a store that truncates ---- */

static void truncating_store(void **state) {
  struct fixture *t = *state;
  kiln_func *f = begin(t->s, declare(t, "f"));
  kiln_value v = kiln_func_param(f, 0), slot = kiln_slot_new(f, 8, 3);
  kiln_build_store(f, I64, slot, 0, kiln_const_int(f, 0), 0);
  kiln_build_store_trunc(f, I64, KILN_TYPE_I8, slot, 1, v, 0);
  kiln_build_store_trunc(f, I64, KILN_TYPE_I16, slot, 2, kiln_const_int(f, 0x1ffff), 0);
  kiln_value r = kiln_build_load(f, I64, slot, 0, 0);
  kiln_build_ret(f, &r, 1);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  kiln_jit *jit = kiln_jit_new(NULL, NULL);
  kiln_jit_input input = {.module = t->m, .sessions = &t->s, .n_sessions = 1};
  assert_int_equal(kiln_jit_add(jit, 0, &input, 1, NULL, NULL), KILN_OK);
  int64_t (*call)(int64_t) = (int64_t (*)(int64_t))(uintptr_t)kiln_jit_lookup(jit, "f");
  assert_int_equal(call(0x1234567), 0xffff6700);
  kiln_jit_free(jit);
}

static void truncating_store_of_another_type(void **state) {
  struct fixture *t = *state;
  kiln_func *f = begin(t->s, declare(t, "f"));
  kiln_value v = kiln_func_param(f, 0);
  kiln_build_store_trunc(f, KILN_TYPE_I32, KILN_TYPE_I8, v, 0, v, 0);
  assert_int_equal(kiln_func_status(f), KILN_ERR_TYPE);
  kiln_func_discard(f);
}

/* A tail call with more stack arguments than its function: the numbers of bytes, and where. */
static void keep_diag(void *user, const kiln_diag *d) { *(kiln_diag *)user = *d; }
CASE(tail_call_without_room) {
  static const char text[] =
    "declare @g(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64\n"
    "func @f(i64, i64, i64, i64, i64, i64, i64, i64) -> i64 {\n"
    "b0(%0: i64, %1: i64, %2: i64, %3: i64, %4: i64, %5: i64, %6: i64, %7: i64):\n"
    "  tailcall @g(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)\n}\n";
  static const char *const wanted[] = {
    [KILN_PROCESSOR_X86_64] =
      "the callee has 48 bytes of arguments on the stack, but @f, whose place it "
      "takes, has only 16, which its caller frees",
    [KILN_PROCESSOR_AARCH64] =
      "the callee has 32 bytes of arguments on the stack, but @f, whose place it "
      "takes, has only 0, which its caller frees"};
  for (unsigned t = KILN_PROCESSOR_X86_64; t < KILN_PROCESSOR_COUNT; t++) {
    kiln_diag diag = {0};
    kiln_module *m = kiln_module_new(&(kiln_module_options){
      .target.processor = (kiln_processor)t, .on_diag = keep_diag, .on_diag_user = &diag});
    kiln_session *s = kiln_session_new(m);
    assert_int_equal(kiln_text_read(s, text, sizeof text - 1, NULL, NULL), KILN_ERR_UNSUPPORTED);
    assert_non_null(strstr(diag.message, wanted[t]));
    assert_string_equal(diag.function, "f");
    assert_int_equal(diag.line, 4);
    kiln_session_free(s);
    kiln_module_free(m);
  }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Each cause has its own message. */
static void one_cause(void **state) {
  struct fixture *t = *state;
  const char *const wanted[] = {"add does not take type f64",
                                "load does not take these flags",
                                "a different builder function builds neg",
                                "icmp does not take these conditions",
                                "zext does not take type f32",
                                "the entry block has no address",
                                "the block does not exist",
                                "add: there is no type with the number 99",
                                "store does not take these flags",
                                "the attributes are missing (NULL)"};
  for (unsigned k = 0; k < sizeof wanted / sizeof *wanted; k++) {
    char name[16];
    snprintf(name, sizeof name, "cause%u", k);
    kiln_func *f = begin(t->s, declare(t, name));
    kiln_value p = kiln_func_param(f, 0);
    switch (k) {
    case 0: kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_F64, p, p); break;
    case 1: kiln_build_load(f, I64, p, 0, 1u << 31); break;
    case 2: kiln_build_binary(f, KILN_OP_NEG, I64, p, p); break;
    case 3: kiln_build_icmp(f, KILN_ICOND_COUNT, I64, p, p); break;
    case 4: kiln_build_convert(f, KILN_OP_ZEXT, I64, KILN_TYPE_F32, p); break;
    case 5: kiln_block_address(f, (kiln_block){0}); break;
    case 6: kiln_block_address(f, (kiln_block){7}); break;
    case 7: kiln_build_binary(f, KILN_OP_ADD, (kiln_type)99, p, p); break;
    case 8: kiln_build_store(f, I64, p, 0, p, 1u << 31); break;
    default: kiln_func_set_attrs(f, NULL); break;
    }
    kiln_diag diag = {0};
    assert_int_not_equal(kiln_func_try_compile(f, &diag), KILN_OK);
    assert_string_equal(diag.message, wanted[k]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(tail_call_without_room),
    TEST(reaches_the_module),
    TEST(others_go_on),
    TEST(first_before_the_modules_own),
    TEST(discarded),
    TEST(tried),
    TEST(of_a_text),
    TEST(of_a_module_in_a_text),
    TEST(open_function),
    TEST(in_a_jit),
    TEST(in_a_stream),
    TEST(in_frozen_modules),
    TEST(own_error_of_a_frozen_module),
    TEST(referred_to),
    TEST(referred_to_and_thread_local),
    TEST(truncating_store),
    TEST(truncating_store_of_another_type),
    TEST(one_cause),
  };
  return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
