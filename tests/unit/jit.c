/* The JIT: units are added, found, called, redefined and removed; names are bound to the right definitions. */
#include "jit_fixture.h"

static const char add_text[] = "func @add(i64, i64) -> i64 {\n"
                               "b0(%a: i64, %b: i64):\n"
                               "  %c = add.i64 %a, %b\n"
                               "  ret %c\n"
                               "}\n";

static const kiln_jit_options kinds[] = {
  {.reach = KILN_JIT_REACH_FAR, .protection = JIT_PROTECTION_DUAL},
  {.reach = KILN_JIT_REACH_NEAR, .protection = JIT_PROTECTION_DUAL},
  {.reach = KILN_JIT_REACH_FAR, .protection = KILN_JIT_PROTECTION_SWITCH},
  {.reach = KILN_JIT_REACH_NEAR, .protection = KILN_JIT_PROTECTION_SWITCH, .memory_bytes = 1 << 20},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

/* A JIT has the protection that was requested, except in emulators. */
static kiln_jit *jit_of_kind(unsigned k) {
  kiln_jit_options options = kinds[k];
  if (EMULATED) options.protection = KILN_JIT_PROTECTION_AUTO;
  kiln_jit *jit = jit_new(&options);
  if (!EMULATED) assert_int_equal(kiln_jit_get_stats(jit).protection, kinds[k].protection);
  return jit;
}

CASE(adds_and_calls) {
  for (unsigned k = 0; k < N_KINDS; k++) {
    kiln_jit *jit = jit_of_kind(k);
    assert_null(kiln_jit_lookup(jit, "add"));
    kiln_jit_unit u = jit_add(jit, add_text, 0);
    assert_int_equal(jit_call(jit, "add", 40, 2), 42);
    assert_ptr_equal(kiln_jit_address(jit, u, NULL), kiln_jit_lookup(jit, "add"));
    assert_ptr_equal(kiln_jit_address(jit, u, "add"), kiln_jit_lookup(jit, "add"));
    assert_null(kiln_jit_address(jit, u, "sub"));
    assert_ptr_equal(kiln_jit_function(jit, u, 0), kiln_jit_lookup(jit, "add"));
    assert_null(kiln_jit_function(jit, u, 1));
    assert_int_equal(kiln_jit_get_stats(jit).units, 1);
    assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
    assert_null(kiln_jit_lookup(jit, "add"));
    assert_null(kiln_jit_address(jit, u, NULL));
    assert_null(kiln_jit_function(jit, u, 0));
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

CASE(links_data_and_the_process) {
  for (unsigned k = 0; k < N_KINDS; k++) {
    kiln_jit *jit = jit_of_kind(k);
    kiln_jit_unit add = jit_add(jit, add_text, 0);
    kiln_jit_unit data = jit_add(jit, data_text, 0);
    assert_int_equal(jit_call(jit, "through", 2, 1000), 20 + 30 + 4 + 4 + 1000 + 30);
    int64_t *words = kiln_jit_lookup(jit, "words");
    assert_int_equal(words[1], 20);
    words[1] = 21;
    assert_int_equal(jit_call(jit, "get", 1, 0), 21);
    assert_int_equal((uintptr_t)kiln_jit_lookup(jit, "zero") % 4096, 0);
    assert_int_equal(((int64_t *)kiln_jit_lookup(jit, "shared"))[7], 1000);
    /* a unit in use cannot be removed */
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

CASE(reports_all_missing) {
  static const char text[] =
    "declare @nobody_1() -> i64\ndeclare @nobody_2() -> i64\ndeclare @unused() -> i64\n"
    "declare weak @nobody_3() -> i64\nextern data @nobody_4\n"
    "data @pointers align 8 { addr @nobody_4, addr @nobody_3 }\n"
    "func @f() -> i64 {\nb0:\n  %a = call @nobody_1()\n  %b = call @nobody_2()\n"
    "  %d = icmp.i64 ne @nobody_3, 0\n  brif %d, b1, b2\n"
    "b1:\n  %c = call @nobody_3()\n  ret %c\nb2:\n  ret %b\n}\n";
  kiln_jit *jit = jit_new(NULL);
  kiln_jit_error e = {0};
  kiln_jit_unit u;
  const char *texts[] = {text};
  assert_int_equal(jit_try(jit, texts, 1, 0, &u, &e), KILN_ERR_SYMBOL);
  assert_int_equal(u.id, 0);
  assert_int_equal(e.n_missing, 3);
  static const char names[] = "nobody_1\0nobody_2\0nobody_4";
  assert_int_equal(e.missing.size, sizeof names);
  assert_memory_equal(e.missing.data, names, sizeof names);
  assert_string_equal(e.diag.message, "undefined: nobody_1, nobody_2, nobody_4");
  assert_null(kiln_jit_lookup(jit, "f"));
  kiln_jit_stats s = kiln_jit_get_stats(jit);
  assert_int_equal(s.units + s.symbols + s.code_bytes + s.data_bytes, 0);
  kiln_jit_error_free(&e);
  /* a weak reference alone is null */
  jit_add(jit,
          "declare weak @nobody_3(i64)\ndata @p align 8 { addr @nobody_3 }\n"
          "func @g() -> i64 {\nb0:\n  %d = icmp.i64 eq @nobody_3, 0\n  %e = zext.i64 i8 %d\n  ret "
          "%e\n}\n",
          0);
  assert_int_equal(jit_call(jit, "g", 0, 0), 1);
  assert_int_equal(*(int64_t *)kiln_jit_lookup(jit, "p"), 0);
  kiln_jit_free(jit);
}

/* A resolver that knows one address, and adds a unit for another name. */
struct resolver {
  kiln_jit *jit;
  unsigned asked;
  int64_t value;
};
static void *resolve(void *user, const char *name) {
  struct resolver *r = user;
  r->asked++;
  if (strcmp(name, "value") == 0) return &r->value;
  if (strcmp(name, "add") == 0) jit_add(r->jit, add_text, 0);
  return NULL;
}

CASE(asks_the_resolver) {
  struct resolver r = {.value = 7};
  kiln_jit_options options = {.resolve = resolve, .resolve_user = &r, .no_process_symbols = true};
  r.jit = jit_new(&options);
  jit_add(r.jit,
          "extern data @value\ndeclare @add(i64, i64) -> i64\n"
          "func @f(i64) -> i64 {\nb0(%a: i64):\n  %v = load.i64 @value\n"
          "  %s = call @add(%v, %a)\n  ret %s\n}\n",
          0);
  assert_int_equal(jit_call(r.jit, "f", 10, 0), 17);
  assert_int_equal(r.asked, 2);
  const char *texts[] = {
    "declare @strlen(i64) -> i64\nfunc @h() -> i64 {\nb0:\n  %a = call @strlen(0)\n  ret %a\n}\n"};
  kiln_jit_error e = {0};
  kiln_jit_unit u;
  assert_int_equal(jit_try(r.jit, texts, 1, 0, &u, &e), KILN_ERR_SYMBOL);
  assert_string_equal(e.diag.message, "undefined: strlen");
  kiln_jit_error_free(&e);
  kiln_jit_free(r.jit);
}

#define CONSTANT(name, number) "func " name "() -> i64 {\nb0:\n  ret " number "\n}\n"

CASE(first_definition_wins) {
  kiln_jit *jit = jit_new(NULL);
  kiln_jit_error e = {0};
  kiln_jit_unit u;
  /* of one unit: strong over weak and common, the largest common, hidden names shared and gone after it */
  const char *texts[] = {
    CONSTANT("weak @w",
             "1") "data common @c align 8 { zero 8 }\ndata common @d align 8 { zero 8 }\n"
                  "declare hidden @h() -> i64\nfunc @ask() -> i64 {\nb0:\n  %a = call @w()\n  %b = "
                  "call @h()\n"
                  "  %c = add.i64 %a, %b\n  %d = load.i64 @c\n  %e = add.i64 %c, %d\n  ret %e\n}\n",
    CONSTANT("@w", "2")
      CONSTANT("hidden @h", "30") "data @c align 8 { i64 400 }\n"
                                  "data common @d align 64 { zero 64 }\nfunc @size() -> i64 "
                                  "{\nb0:\n  store.i64 5, @d+56\n  ret @d\n}\n"};
  assert_int_equal(jit_try(jit, texts, 2, 0, &u, NULL), KILN_OK);
  assert_int_equal(jit_call(jit, "ask", 0, 0), 432);
  assert_int_equal(jit_call(jit, "w", 0, 0), 2);
  assert_null(kiln_jit_lookup(jit, "h"));
  assert_int_equal(jit_call(jit, "size", 0, 0), (int64_t)(uintptr_t)kiln_jit_lookup(jit, "d"));
  assert_int_equal((uintptr_t)kiln_jit_lookup(jit, "d") % 64, 0);
  /* twice strong, in one unit and in two */
  const char *twice[] = {CONSTANT("@x", "1"), CONSTANT("@x", "2")};
  assert_int_equal(jit_try(jit, twice, 2, 0, &u, &e), KILN_ERR_SYMBOL);
  assert_string_equal(e.diag.message, "'x' is defined already in this unit");
  const char *again[] = {CONSTANT("@w", "3")};
  assert_int_equal(jit_try(jit, again, 1, 0, &u, &e), KILN_ERR_SYMBOL);
  assert_string_equal(e.diag.message, "'w' is defined already");
  const char *group = "func @w() -> i64 group \"g\" {\nb0:\n  ret 3\n}\n"; /* is no COMDAT group */
  assert_int_equal(jit_try(jit, &group, 1, 0, &u, &e), KILN_ERR_SYMBOL);
  assert_int_equal(jit_try(jit, again, 1, KILN_JIT_REDEFINABLE, &u, &e), KILN_ERR_SYMBOL);
  /* link-once: one for all modules of a unit, and for all units */
  const char *both[] = {"func linkonce @same() -> i64 {\nb0:\n  ret 1\n}\nfunc @ask_1() -> i64 "
                        "{\nb0:\n  %a = call @same()\n  ret %a\n}\n",
                        "func linkonce @same() -> i64 {\nb0:\n  ret 2\n}\nfunc @ask_2() -> i64 "
                        "{\nb0:\n  %a = call @same()\n  ret %a\n}\n"};
  assert_int_equal(jit_try(jit, both, 2, 0, &u, NULL), KILN_OK);
  assert_int_equal(jit_call(jit, "ask_1", 0, 0), 1);
  assert_int_equal(jit_call(jit, "ask_2", 0, 0), 1);
  const char *once = CONSTANT("linkonce @o", "1") "data linkonce @n align 8 { i64 0 }\n"
                                                  "func %s() -> i64 {\nb0:\n  %%a = call @o()\n  "
                                                  "%%b = load.i64 @n\n  %%c = add.i64 %%a, %%b\n"
                                                  "  store.i64 %%c, @n\n  ret %%c\n}\n";
  char one[512], two[512];
  snprintf(one, sizeof one, once, "@one");
  snprintf(two, sizeof two, once, "@two");
  kiln_jit_unit first = jit_add(jit, one, 0);
  kiln_jit_unit second = jit_add(jit, two, 0);
  assert_int_equal(jit_call(jit, "one", 0, 0), 1);
  assert_int_equal(jit_call(jit, "two", 0, 0), 2);
  assert_int_equal(kiln_jit_remove(jit, first, &e), KILN_ERR_STRUCTURE);
  assert_int_equal(kiln_jit_remove(jit, second, NULL), KILN_OK);
  assert_int_equal(kiln_jit_remove(jit, first, NULL), KILN_OK);
  kiln_jit_error_free(&e);
  kiln_jit_free(jit);
}

CASE(redefines) {
  for (unsigned k = 0; k < N_KINDS; k++) {
    kiln_jit *jit = jit_of_kind(k);
    kiln_jit_unit one = jit_add(jit, CONSTANT("@f", "1"), KILN_JIT_REDEFINABLE);
    kiln_jit_unit user =
      jit_add(jit,
              "declare @f() -> i64\ndata @p align 8 { addr @f }\nfunc @twice() -> i64 {\nb0:\n"
              "  %a = call @f()\n  %p = load.i64 @p\n  %b = call %p() as () -> i64\n  %q = "
              "icmp.i64 ne @f, %p\n"
              "  %r = zext.i64 i8 %q\n  %s = add.i64 %a, %b\n  %t = add.i64 %s, %r\n  ret %t\n}\n",
              0);
    void *stub = kiln_jit_lookup(jit, "f");
    assert_ptr_not_equal(stub, kiln_jit_address(jit, one, "f"));
    assert_int_equal(jit_call(jit, "twice", 0, 0), 2);
    kiln_jit_unit two = jit_add(jit, CONSTANT("@f", "20"), KILN_JIT_REDEFINABLE);
    assert_ptr_equal(kiln_jit_lookup(jit, "f"), stub);
    assert_int_equal(jit_call(jit, "twice", 0, 0), 40);
    assert_int_equal(((long (*)(void))(uintptr_t)kiln_jit_address(jit, one, "f"))(), 1);
    assert_int_equal(kiln_jit_remove(jit, one, NULL), KILN_OK);
    assert_int_equal(jit_call(jit, "twice", 0, 0), 40);
    /* a function that was removed is undefined, and can come again */
    assert_int_equal(kiln_jit_remove(jit, two, NULL), KILN_OK);
    assert_null(kiln_jit_lookup(jit, "f"));
    assert_int_equal(kiln_jit_each_undefined(jit, NULL, NULL), 1);
    jit_add(jit, CONSTANT("@f", "300"), 0);
    assert_int_equal(jit_call(jit, "twice", 0, 0), 600);
    assert_int_equal(kiln_jit_remove(jit, user, NULL), KILN_OK);
    kiln_jit_free(jit);
  }
}

static void names_undefined(void *user, const char *name) { strcpy(user, name); }

CASE(forward_functions) {
  kiln_jit *jit = jit_new(NULL);
  jit_add(jit,
          "declare @odd(i64) -> i64\nfunc @even(i64) -> i64 {\nb0(%n: i64):\n"
          "  %z = icmp.i64 eq %n, 0\n  brif %z, b1, b2\nb1:\n  ret 1\nb2:\n"
          "  %m = sub.i64 %n, 1\n  %r = call @odd(%m)\n  ret %r\n}\n",
          KILN_JIT_FORWARD);
  char name[16] = "";
  assert_int_equal(kiln_jit_each_undefined(jit, names_undefined, name), 1);
  assert_string_equal(name, "odd");
  assert_int_equal(jit_call(jit, "even", 0, 0), 1);
  jit_add(jit,
          "declare @even(i64) -> i64\nfunc @odd(i64) -> i64 {\nb0(%n: i64):\n"
          "  %z = icmp.i64 eq %n, 0\n  brif %z, b1, b2\nb1:\n  ret 0\nb2:\n"
          "  %m = sub.i64 %n, 1\n  %r = call @even(%m)\n  ret %r\n}\n",
          KILN_JIT_FORWARD);
  assert_int_equal(kiln_jit_each_undefined(jit, NULL, NULL), 0);
  assert_int_equal(jit_call(jit, "even", 101, 0), 0);
  assert_int_equal(jit_call(jit, "even", 100, 0), 1);
  kiln_jit_free(jit);
}

/* Functions of two sessions, with tables and addresses of blocks. */
CASE(several_sessions) {
  static const char texts[2][512] = {
    "func @pick(i64) -> i64 {\nb0(%n: i64):\n  switch.i64 %n, b9 [0: b1, 1: b2, 2: b3, 3: b4, 4: "
    "b5, 5: b6]\n"
    "b1:\n  ret 10\nb2:\n  ret 11\nb3:\n  ret 12\nb4:\n  ret 13\nb5:\n  ret 14\nb6:\n  ret "
    "15\nb9:\n  ret 99\n}\n",
    "data internal @targets align 8 { addr @jump:b1, addr @jump:b2 }\n"
    "func @jump(i64) -> i64 {\nb0(%n: i64):\n  %p = addr @targets + %n*8\n  %t = load.i64 %p\n"
    "  brind %t [b1, b2]\nb1:\n  ret 100\nb2:\n  %v = call @pick(4)\n  ret %v\n}\n"
    "declare @pick(i64) -> i64\n"};
  kiln_jit *jit = jit_new(NULL);
  kiln_module *m = jit_module(KILN_PIC_FULL);
  kiln_session *s[2] = {kiln_session_new(m), kiln_session_new(m)};
  for (int i = 0; i < 2; i++)
    assert_int_equal(kiln_text_read(s[i], texts[i], strlen(texts[i]), NULL, NULL), KILN_OK);
  kiln_jit_input in = {.module = m, .sessions = s, .n_sessions = 2};
  kiln_jit_error e = {0};
  kiln_jit_unit unit;
  if (kiln_jit_add(jit, 0, &in, 1, &unit, &e) != KILN_OK) fail_msg("%s", e.diag.message);
  assert_ptr_equal(kiln_jit_function(jit, unit, 0), kiln_jit_lookup(jit, "pick"));
  assert_ptr_equal(kiln_jit_function(jit, unit, 1), kiln_jit_lookup(jit, "jump"));
  assert_null(kiln_jit_function(jit, unit, 2));
  for (long i = 0; i < 6; i++) assert_int_equal(jit_call(jit, "pick", i, 0), 10 + i);
  assert_int_equal(jit_call(jit, "pick", 6, 0), 99);
  assert_int_equal(jit_call(jit, "jump", 0, 0), 100);
  assert_int_equal(jit_call(jit, "jump", 1, 0), 14);
  for (int i = 0; i < 2; i++) kiln_session_free(s[i]);
  kiln_module_free(m);
  kiln_jit_free(jit);
}

CASE(refuses_what_is_wrong) {
  kiln_jit_error e = {0};
  assert_null(kiln_jit_new(&(kiln_jit_options){.memory_bytes = UINT64_C(1) << 40}, &e));
  assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
  assert_null(kiln_jit_new(&(kiln_jit_options){.reach = KILN_JIT_REACH_COUNT}, &e));
  assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
  kiln_jit *jit = jit_new(NULL);
  kiln_module_options options = {.name = "other"};
  assert_true(kiln_target_find_host(&options.target));
  const kiln_target host = options.target;
  const char *targets[] = {"x86_64-linux", "x86_64-windows", "aarch64-linux"};
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    assert_true(kiln_target_find(targets[i], &options.target));
    if (memcmp(&options.target, &host, sizeof host) == 0) continue;
    kiln_module *other = kiln_module_new(&options);
    kiln_jit_input in = {.module = other};
    assert_int_equal(kiln_jit_add(jit, 0, &in, 1, NULL, &e), KILN_ERR_ARGUMENT);
    assert_null(kiln_jit_stream_new(jit, other, NULL, &e));
    assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
    kiln_module_free(other);
  }
  kiln_module *frozen = jit_module(KILN_PIC_FULL);
  assert_null(kiln_jit_stream_new(jit, frozen, &(kiln_jit_stream_options){.flags = 4}, &e));
  assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
  assert_null(kiln_jit_stream_new(jit, frozen, &(kiln_jit_stream_options){.reserved = {1}}, &e));
  assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
  kiln_module_freeze(frozen);
  assert_null(kiln_jit_stream_new(jit, frozen, NULL, &e));
  assert_int_equal(e.diag.status, KILN_ERR_STRUCTURE);
  kiln_module_free(frozen);
  assert_int_equal(kiln_jit_add(jit, 8, NULL, 0, NULL, &e), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_jit_remove(jit, (kiln_jit_unit){0}, &e), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_jit_remove(jit, (kiln_jit_unit){77}, &e), KILN_ERR_ARGUMENT);
  kiln_jit_error_free(&e);
  kiln_jit_free(jit);
  kiln_jit_free(NULL);
}

/* ---- streams ---- */

static void build_constant(kiln_session *s, kiln_symbol symbol, int64_t number) {
  kiln_func *f = kiln_func_begin(s, symbol);
  kiln_build_ret(f, (kiln_value[]){kiln_const_int(f, number)}, 1);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
}

static void build_call(kiln_session *s, kiln_symbol symbol, kiln_sig sig, kiln_symbol callee) {
  kiln_func *f = kiln_func_begin(s, symbol);
  kiln_value v = kiln_build_call(f, sig, kiln_const_symbol(f, callee, 0), NULL, 0);
  kiln_value address = kiln_const_symbol(f, callee, 0);
  v =
    kiln_build_binary(f, KILN_OP_ADD, KILN_TYPE_I64, v, kiln_build_call(f, sig, address, NULL, 0));
  kiln_build_ret(f, &v, 1);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
}

/* A function, not compiled yet, that returns a number. */
static kiln_func *constant(kiln_session *s, kiln_symbol symbol, int64_t number) {
  kiln_func *f = kiln_func_begin(s, symbol);
  kiln_build_ret(f, (kiln_value[]){kiln_const_int(f, number)}, 1);
  return f;
}

typedef int64_t number_fn(void);

CASE(stream_defines) {
  for (unsigned k = 0; k < N_KINDS; k++) {
    kiln_jit *jit = jit_of_kind(k);
    kiln_module *m = jit_module(KILN_PIC_FULL);
    kiln_session *s = kiln_session_new(m), *second = kiln_session_new(m);
    kiln_jit_stream *stream = kiln_jit_stream_new(jit, m, NULL, NULL);
    kiln_jit_error e = {0};
    kiln_jit_unit u[4];
    kiln_sig sig = kiln_sig_parse(m, "() -> i64");
    kiln_symbol_desc local = {.name = "local", .linkage = KILN_LINKAGE_INTERNAL};
    kiln_symbol one = kiln_func_declare(m, &(kiln_symbol_desc){.name = "one"}, sig);
    kiln_symbol own = kiln_func_declare(m, &local, sig);
    number_fn *f = (number_fn *)kiln_jit_stream_define(stream, constant(s, one, 1), 0, u, &e);
    assert_ptr_equal((void *)f, kiln_jit_address(jit, u[0], "one"));
    assert_int_equal(f(), 1);
    /* with what the session compiled before; an internal one */
    build_constant(second, kiln_func_declare(m, &(kiln_symbol_desc){.name = "before"}, sig), 7);
    f = (number_fn *)kiln_jit_stream_define(stream, constant(second, own, 2), 0, NULL, NULL);
    assert_int_equal(f(), 2);
    assert_int_equal(jit_call(jit, "before", 0, 0), 7);
    /* a stub stays, when the function is built again */
    kiln_symbol changes = kiln_func_declare(m, &(kiln_symbol_desc){.name = "changes"}, sig);
    f = (number_fn *)kiln_jit_stream_define(stream, constant(s, changes, 3), KILN_JIT_REDEFINABLE,
                                            u + 1, &e);
    assert_int_equal(f(), 3);
    number_fn *again = (number_fn *)kiln_jit_stream_define(stream, constant(s, changes, 4),
                                                           KILN_JIT_REDEFINABLE, u + 2, &e);
    assert_ptr_equal((void *)again, (void *)f);
    assert_int_equal(f(), 4);
    /* errors: of the function, whose symbol can be begun again; of the link; of the arguments */
    kiln_symbol bad = kiln_func_declare(m, &(kiln_symbol_desc){.name = "bad"}, sig);
    kiln_func *open = kiln_func_begin(s, bad); /* without a terminator */
    assert_null(kiln_jit_stream_define(stream, open, 0, u + 3, &e));
    assert_int_equal(e.diag.status, KILN_ERR_STRUCTURE);
    assert_string_equal(e.diag.function, "bad");
    assert_int_equal(u[3].id, 0);
    assert_int_equal(kiln_module_status(m), KILN_OK);
    open = kiln_func_begin(s, bad);
    kiln_symbol nobody = kiln_func_declare(m, &(kiln_symbol_desc){.name = "nobody_has_it"}, sig);
    kiln_value v = kiln_build_call(open, sig, kiln_const_symbol(open, nobody, 0), NULL, 0);
    kiln_build_ret(open, &v, 1);
    assert_null(kiln_jit_stream_define(stream, open, 0, u + 3, &e));
    assert_int_equal(e.diag.status, KILN_ERR_SYMBOL);
    assert_int_equal(e.n_missing, 1);
    f = (number_fn *)kiln_jit_stream_define(stream, constant(s, bad, 5), 0, u + 3, &e);
    assert_int_equal(f(), 5);
    assert_int_equal(e.diag.status, KILN_OK);
    assert_null(kiln_jit_stream_define(NULL, constant(s, nobody, 6), 0, NULL, &e));
    assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
    assert_null(kiln_jit_stream_define(stream, NULL, 0, NULL, NULL));
    kiln_jit_error_free(&e);
    kiln_jit_stream_free(stream);
    kiln_session_free(second);
    kiln_session_free(s);
    kiln_module_free(m);
    kiln_jit_free(jit);
  }
}

CASE(streams) {
  for (unsigned k = 0; k < N_KINDS; k++) {
    kiln_jit *jit = jit_of_kind(k);
    kiln_module *m = jit_module(KILN_PIC_FULL);
    kiln_session *s = kiln_session_new(m);
    kiln_jit_stream *stream = kiln_jit_stream_new(jit, m, NULL, NULL);
    kiln_jit_error e = {0};
    kiln_jit_unit u[4];
    kiln_type i64 = KILN_TYPE_I64;
    kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, &i64, 1);
    kiln_symbol inner = kiln_func_declare(
      m, &(kiln_symbol_desc){.name = "inner", .linkage = KILN_LINKAGE_INTERNAL}, sig);
    kiln_symbol outer = kiln_func_declare(m, &(kiln_symbol_desc){.name = "outer"}, sig);
    kiln_symbol data = kiln_data_declare(m, &(kiln_symbol_desc){.name = "data"});
    kiln_symbol early = kiln_data_declare(m, &(kiln_symbol_desc){.name = "early"});
    kiln_data_define(m, early, &(kiln_data_desc){.bytes = "early", .size_bytes = 5});
    /* a caller before its callee */
    build_call(s, outer, sig, inner);
    assert_int_equal(kiln_jit_stream_add(stream, s, KILN_JIT_REDEFINABLE, u, &e), KILN_ERR_SYMBOL);
    build_call(s, outer, sig, inner);
    assert_int_equal(
      kiln_jit_stream_add(stream, s, KILN_JIT_REDEFINABLE | KILN_JIT_FORWARD, u, NULL), KILN_OK);
    assert_memory_equal(kiln_jit_lookup(jit, "early"), "early",
                        5); /* the first add failed, but its data was kept */
    build_constant(s, inner, 4);
    kiln_data_define(m, data, &(kiln_data_desc){.bytes = "12345678", .size_bytes = 8});
    assert_int_equal(kiln_jit_stream_add(stream, s, KILN_JIT_REDEFINABLE, u + 1, NULL), KILN_OK);
    assert_int_equal(jit_call(jit, "outer", 0, 0), 8);
    assert_memory_equal(kiln_jit_lookup(jit, "data"), "12345678", 8);
    assert_null(kiln_jit_lookup(jit, "inner"));
    /* the internal function is built again, and called through its stub */
    build_constant(s, inner, 50);
    assert_int_equal(kiln_jit_stream_add(stream, s, KILN_JIT_REDEFINABLE, u + 2, NULL), KILN_OK);
    assert_int_equal(jit_call(jit, "outer", 0, 0), 100);
    assert_int_equal(kiln_jit_remove(jit, u[1], &e), KILN_OK);
    assert_null(kiln_jit_lookup(jit, "data"));
    assert_int_equal(jit_call(jit, "outer", 0, 0), 100);
    /* others' units and the stream's see each other */
    jit_add(jit,
            "declare @outer() -> i64\nfunc @more() -> i64 {\nb0:\n  %a = call @outer()\n"
            "  %b = add.i64 %a, 1\n  ret %b\n}\n",
            0);
    kiln_symbol more = kiln_func_declare(m, &(kiln_symbol_desc){.name = "more"}, sig);
    kiln_symbol last = kiln_func_declare(m, &(kiln_symbol_desc){.name = "last"}, sig);
    build_call(s, last, sig, more);
    assert_int_equal(kiln_jit_stream_add(stream, s, 0, u + 3, NULL), KILN_OK);
    assert_int_equal(jit_call(jit, "last", 0, 0), 202);
    assert_int_equal(kiln_session_get_stats(s).functions, 5);
    kiln_jit_stream_free(stream);
    kiln_session_free(s);
    kiln_module_free(m);
    assert_int_equal(jit_call(jit, "last", 0, 0), 202);
    kiln_jit_error_free(&e);
    kiln_jit_free(jit);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(adds_and_calls),        cmocka_unit_test(links_data_and_the_process),
    cmocka_unit_test(reports_all_missing),   cmocka_unit_test(asks_the_resolver),
    cmocka_unit_test(first_definition_wins), cmocka_unit_test(redefines),
    cmocka_unit_test(forward_functions),     cmocka_unit_test(several_sessions),
    cmocka_unit_test(refuses_what_is_wrong), cmocka_unit_test(streams),
    cmocka_unit_test(stream_defines),
  };
  return cmocka_run_group_tests_name("jit", tests, NULL, NULL);
}
