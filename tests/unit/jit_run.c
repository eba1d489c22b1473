/* What programs need of a JIT: thread-local data, constructors and destructors, atexit, __start_ and __stop_ symbols
 * of sections, aliases. */
#define _GNU_SOURCE
#include "jit_fixture.h"

#include <dlfcn.h>
#include <pthread.h>

/* ---- thread-local data ---- */

/* Of this program, found by dlsym. */
extern _Thread_local long tls_of_program;
_Thread_local long tls_of_program = 9;
extern long not_tls;
long not_tls;

static const char tls_text[] =
  "data tls(gd) @tl_a align 8 { i64 5 }\n"
  "data internal tls(le) @tl_b align 64 { i64 6 }\n"
  "data internal tls(ie) @tl_zero align 8 { zero 4096 }\n"
  "extern data tls(gd) @tls_of_program\ndeclare weak @tl_nobody()\n"
  "func @sum(i64) -> i64 {\nb0(%add: i64):\n"
  "  %p1 = tls_addr @tl_a\n  %p2 = tls_addr @tl_b\n  %p3 = tls_addr @tl_zero+4088\n"
  "  %p4 = tls_addr @tls_of_program\n"
  "  %a = load.i64 %p1\n  %b = load.i64 %p2\n  %c = load.i64 %p3\n  %d = load.i64 %p4\n"
  "  %e = add.i64 %c, %add\n  store.i64 %e, %p3\n"
  "  %s1 = add.i64 %a, %b\n  %s2 = add.i64 %s1, %e\n  %s3 = add.i64 %s2, %d\n"
  "  %low = and.i64 %p2, 63\n  %s4 = add.i64 %s3, %low\n  ret %s4\n}\n";
static const char tls_user[] = "extern data tls(gd) @tl_a\nfunc @get_a() -> i64 {\nb0:\n  %p = "
                               "tls_addr @tl_a\n  %v = load.i64 %p\n  ret %v\n}\n";

struct thread {
  kiln_jit *jit;
  long sum, a;
};

static void *in_thread(void *p) {
  struct thread *t = p;
  tls_of_program = 1000;
  t->sum = jit_call(t->jit, "sum", 1, 0);
  *(long *)kiln_jit_lookup(t->jit, "tl_a") = 77;
  t->a = jit_call(t->jit, "get_a", 0, 0);
  return NULL;
}

/* A resolver that looks names up in the process. */
static void *ask_process(void *user, const char *name) {
  (void)user;
  return dlsym(RTLD_DEFAULT, name);
}

CASE(thread_local_data) {
  kiln_jit *jit = jit_new(&(kiln_jit_options){.resolve = ask_process});
  for (int round = 0; round < 3; round++) {
    kiln_jit_unit u = jit_add(jit, tls_text, 0);
    kiln_jit_unit user = jit_add(jit, tls_user, 0);
    tls_of_program = 9;
    assert_int_equal(jit_call(jit, "sum", 100, 0), 5 + 6 + 100 + 9);
    assert_int_equal(jit_call(jit, "sum", 20, 0), 5 + 6 + 120 + 9);
    struct thread t[3];
    pthread_t id[3];
    for (int i = 0; i < 3; i++) {
      t[i].jit = jit;
      assert_int_equal(pthread_create(id + i, NULL, in_thread, t + i), 0);
    }
    for (int i = 0; i < 3; i++) {
      assert_int_equal(pthread_join(id[i], NULL), 0);
      assert_int_equal(t[i].sum, 5 + 6 + 1 + 1000);
      assert_int_equal(t[i].a, 77);
    }
    assert_int_equal(jit_call(jit, "get_a", 0, 0), 5);
    assert_int_equal(*(long *)kiln_jit_lookup(jit, "tl_a"), 5);
    assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_ERR_STRUCTURE);
    assert_int_equal(kiln_jit_remove(jit, user, NULL), KILN_OK);
    assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
  }
  /* a thread ends after the unit whose data it has a copy of was removed, and after the JIT was freed */
  kiln_jit_error e = {0};
  kiln_jit_unit u;
  const char *wrong[] = {"extern data tls(gd) @not_tls\nfunc @f() -> i64 {\nb0:\n  %p = tls_addr "
                         "@not_tls\n  ret %p\n}\n"};
  assert_int_equal(jit_try(jit, wrong, 1, 0, &u, &e), KILN_ERR_SYMBOL);
  assert_string_equal(e.diag.message, "'not_tls' is used as thread-local, but is not thread-local");
  kiln_jit_error_free(&e);
  kiln_jit_free(jit);
}

/* Registers that hold values live through the access to a thread-local variable. */
CASE(thread_local_keeps_registers) {
  kiln_jit *jit = jit_new(NULL);
  jit_add(
    jit,
    "data tls(gd) @tl_x align 8 { i64 1 }\n"
    "func @many(i64, i64) -> i64 {\nb0(%a: i64, %b: i64):\n"
    "  %c = add.i64 %a, %b\n  %d = mul.i64 %c, 3\n  %e = sub.i64 %d, %a\n  %f = mul.i64 %e, %d\n"
    "  %x = sitof.f64 i64 %a\n  %y = sitof.f64 i64 %f\n"
    "  %p = tls_addr @tl_x\n  %v = load.i64 %p\n"
    "  %z = fadd.f64 %x, %y\n  %w = ftosi.i64 f64 %z\n"
    "  %s1 = add.i64 %c, %d\n  %s2 = add.i64 %e, %f\n  %s3 = add.i64 %s1, %s2\n"
    "  %s4 = add.i64 %s3, %v\n  %s5 = add.i64 %s4, %a\n  %s6 = add.i64 %s5, %b\n"
    "  %s7 = add.i64 %s6, %w\n  ret %s7\n}\n",
    0);
  long a = 7, b = 11, c = a + b, d = c * 3, e = d - a, f = e * d;
  assert_int_equal(jit_call(jit, "many", a, b), c + d + e + f + 1 + a + b + (a + f));
  kiln_jit_free(jit);
}

/* ---- constructors ---- */

static char calls[64];
extern void note(long c);
void note(long c) {
  size_t n = strlen(calls);
  calls[n] = (char)c;
  calls[n + 1] = 0;
}

#define NOTE(name, letter) "func " name "() {\nb0:\n  call @note(" letter ")\n  ret\n}\n"

CASE(constructors_in_order) {
  kiln_jit *jit = jit_new(NULL);
  const char *texts[] = {
    "declare @note(i64)\ndeclare @atexit(i64) -> i32\n" NOTE("internal @c1", "97")
      NOTE("internal @c2", "98") NOTE("internal @d1", "120") NOTE(
        "@x", "69") "func internal @c0(i32, i64, i64) {\nb0(%argc: i32, %argv: i64, %envp: i64):\n"
                    "  %n = zext.i64 i32 %argc\n  %l = add.i64 %n, 48\n  call @note(%l)\n  %r = "
                    "call @atexit(@x)\n  ret\n}\n"
                    "ctor @c2 65535\nctor @c1 200\nctor @c0 101\ndtor @d1 200\n",
    "declare @note(i64)\n" NOTE("internal @c1", "99") NOTE("internal @c2", "100")
      NOTE("internal @d1", "121")
        NOTE("internal @d2",
             "122") "ctor @c1 65535\ndtor @d1 65535\ndtor @d2 200\n"
                    "data internal @array section \".init_array.00150\" align 8 { addr @c2 }\n"};
  kiln_jit_unit u;
  kiln_jit_error e = {0};
  for (int round = 0; round < 2; round++) {
    if (jit_try(jit, texts, 2, 0, &u, &e) != KILN_OK) fail_msg("%s", e.diag.message);
    calls[0] = 0;
    char *argv[] = {"program", "argument", NULL};
    assert_int_equal(kiln_jit_run_constructors(jit, u, 2, argv, NULL), KILN_OK);
    assert_string_equal(calls, "2dabc");
    assert_int_equal(kiln_jit_run_constructors(jit, u, 2, argv, NULL), KILN_ERR_STRUCTURE);
    assert_int_equal(kiln_jit_run_destructors(jit, u), KILN_OK);
    assert_string_equal(calls, "2dabcEyzx");
    assert_int_equal(kiln_jit_run_destructors(jit, u), KILN_ERR_STRUCTURE);
    assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
    assert_int_equal(kiln_jit_run_destructors(jit, u), KILN_ERR_ARGUMENT);
  }
  kiln_jit_free(jit);
}

/* ---- sections, aliases ---- */

CASE(ends_of_sections) {
  kiln_jit *jit = jit_new(NULL);
  const char *texts[] = {
    "data internal @one section \"numbers\" align 8 { i64 1 }\ndata internal @other align 8 { i64 "
    "1000 }\n"
    "data internal @two section \"numbers\" align 8 { i64 2 }\n"
    "extern data hidden @__start_numbers\nextern data hidden @__stop_numbers\n"
    "func @total() -> i64 {\nb0:\n  br b1(@__start_numbers, 0)\nb1(%p: i64, %s: i64):\n"
    "  %e = icmp.i64 eq %p, @__stop_numbers\n  brif %e, b2, b3\nb2:\n  ret %s\nb3:\n"
    "  %v = load.i64 %p\n  %t = add.i64 %s, %v\n  %q = add.i64 %p, 8\n  br b1(%q, %t)\n}\n",
    "data internal @three section \"numbers\" align 8 { i64 40, 500 }\n"};
  kiln_jit_unit u;
  kiln_jit_error e = {0};
  if (jit_try(jit, texts, 2, 0, &u, &e) != KILN_OK) fail_msg("%s", e.diag.message);
  assert_int_equal(jit_call(jit, "total", 0, 0), 543);
  kiln_jit_free(jit);
}

CASE(aliases) {
  kiln_jit *jit = jit_new(NULL);
  jit_add(
    jit,
    "data @words align 8 { i64 1, 2, 3 }\nalias @second = @words+8\nalias @third = @second+8\n"
    "func @f(i64) -> i64 {\nb0(%x: i64):\n  %v = load.i64 @third\n  %s = add.i64 %v, %x\n  ret "
    "%s\n}\n"
    "alias @g = @f\nalias weak @h = @g\n"
    "func @call_all(i64) -> i64 {\nb0(%x: i64):\n  %a = call @f(%x)\n"
    "  %b = call @g(%a) as (i64) -> i64\n  %c = call @h(%b) as (i64) -> i64\n  ret %c\n}\n",
    KILN_JIT_REDEFINABLE);
  assert_int_equal(*(long *)kiln_jit_lookup(jit, "second"), 2);
  assert_int_equal(jit_call(jit, "call_all", 10, 0), 19);
  assert_int_equal(jit_call(jit, "h", 1, 0), 4);
  kiln_jit_free(jit);
}

/* Modules with other PIC levels: what is in reach is bound directly, anything else is an error. */
CASE(other_pic_levels) {
  for (kiln_pic pic = KILN_PIC_PIE; pic < KILN_PIC_COUNT; pic++) {
    kiln_jit *jit = jit_new(&(kiln_jit_options){.reach = KILN_JIT_REACH_NEAR});
    jit_add(jit, "data @there align 8 { i64 7 }\nfunc @seven() -> i64 {\nb0:\n  ret 7\n}\n", 0);
    static const char text[] =
      "declare @strlen(i64) -> i64\ndeclare @seven() -> i64\nextern data @there\n"
      "data internal @text { \"four\\00\" }\n"
      "func @f() -> i64 {\nb0:\n  %a = call @strlen(@text)\n  %b = load.i64 @there\n"
      "  %c = call @seven()\n  %p = add.i64 @strlen, 0\n  %d = call %p(@text) as (i64) -> i64\n"
      "  %s = add.i64 %a, %b\n  %t = add.i64 %s, %c\n  %u = add.i64 %t, %d\n  ret %u\n}\n";
    kiln_module *m = jit_module(pic);
    kiln_session *s = kiln_session_new(m);
    assert_int_equal(kiln_text_read(s, text, strlen(text), NULL, NULL), KILN_OK);
    kiln_jit_input in = {.module = m, .sessions = &s, .n_sessions = 1};
    kiln_jit_error e = {0};
    if (kiln_jit_add(jit, 0, &in, 1, NULL, &e) != KILN_OK) fail_msg("%s", e.diag.message);
    assert_int_equal(jit_call(jit, "f", 0, 0), 4 + 7 + 7 + 4);
    kiln_session_free(s);
    kiln_module_free(m);
    kiln_jit_free(jit);
  }
}

static void *far_away(void *user, const char *name) {
  (void)user;
  return strcmp(name, "distant") == 0 ? (void *)(uintptr_t)16 : NULL;
}

CASE(says_what_is_too_far) {
  kiln_jit *jit = jit_new(&(kiln_jit_options){.resolve = far_away});
  static const char text[] = "extern data dso_local @distant\n"
                             "func @f() -> i64 {\nb0:\n  %b = load.i64 @distant\n  ret %b\n}\n";
  const char *texts[] = {text};
  kiln_jit_error e = {0};
  kiln_jit_unit u;
  assert_int_equal(jit_try(jit, texts, 1, 0, &u, &e), KILN_ERR_LIMIT);
  assert_non_null(strstr(e.diag.message, "'distant' is too far away"));
  kiln_jit_stats s = kiln_jit_get_stats(jit);
  assert_int_equal(s.units + s.symbols + s.code_bytes + s.data_bytes, 0);
  kiln_jit_error_free(&e);
  kiln_jit_free(jit);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(thread_local_data),
    cmocka_unit_test(thread_local_keeps_registers),
    cmocka_unit_test(constructors_in_order),
    cmocka_unit_test(ends_of_sections),
    cmocka_unit_test(aliases),
    cmocka_unit_test(other_pic_levels),
    cmocka_unit_test(says_what_is_too_far),
  };
  return cmocka_run_group_tests_name("jit_run", tests, NULL, NULL);
}
