/* Exceptions by tags (<kiln/throw.h>) in code of a JIT: what catches them, what passes, and what cleans up. Exceptions
 * of another language are the unwinder's own. (tool/throw.sh links objects, beside C++.) */
#include "unit.h"

#include <kiln/kiln.h>

#include <pthread.h>
#include <unwind.h>

const char tag_a, tag_b, tag_c;

/* Each @f calls %what(%x) in a try. @note counts cleanups. */
static const char program[] =
  "declare @kiln_personality(...) -> i32\n"
  "declare @kiln_throw(i64, i64) -> i32\n"
  "declare @kiln_rethrow(i64) -> i32\n"
  "declare @kiln_exception_value(i64) -> i64 nounwind\n"
  "declare @kiln_exception_tag(i64) -> i64 nounwind\n"
  "declare @kiln_exception_free(i64)\n"
  "extern data @tag_a\nextern data @tag_b\nextern data @tag_c\n"
  "func @throw_a(i64) -> i64 {\nb0(%x: i64):\n  %s = call @kiln_throw(@tag_a, %x)\n"
  "  %r = zext.i64 i32 %s\n  ret %r\n}\n"
  "func @throw_b(i64) -> i64 {\nb0(%x: i64):\n  %s = call @kiln_throw(@tag_b, %x)\n"
  "  %r = zext.i64 i32 %s\n  ret %r\n}\n"
  /* 1000 + value of a, 2000 + value of b */
  "func @two(i64, i64) -> i64 personality @kiln_personality {\nb0(%what: i64, %x: i64):\n"
  "  try %what(%x) as (i64) -> i64 to done(result 0) unwind pad(exception 0, exception 1) "
  "[catch @tag_a, catch @tag_b]\n"
  "done(%r: i64):\n  ret %r\n"
  "pad(%e: i64, %s: i32):\n  %p = call @kiln_exception_value(%e)\n  %v = load.i64 %p\n"
  "  call @kiln_exception_free(%e)\n  %is = icmp.i32 eq %s, typeid @tag_a\n"
  "  %m = add.i64 %v, 1000\n  %n = add.i64 %v, 2000\n  %t = select.i64 %is, %m, %n\n  ret %t\n}\n"
  /* all: its tag, or 0 */
  "func @all(i64, i64) -> i64 personality @kiln_personality {\nb0(%what: i64, %x: i64):\n"
  "  try %what(%x) as (i64) -> i64 to done(result 0) unwind pad(exception 0) [catch all]\n"
  "done(%r: i64):\n  ret %r\n"
  "pad(%e: i64):\n  %t = call @kiln_exception_tag(%e)\n  call @kiln_exception_free(%e)\n  ret "
  "%t\n}\n"
  /* what is not of a: -7 */
  "func @filter(i64, i64) -> i64 personality @kiln_personality {\nb0(%what: i64, %x: i64):\n"
  "  try %what(%x) as (i64) -> i64 to done(result 0) unwind pad(exception 0) [filter(@tag_a)]\n"
  "done(%r: i64):\n  ret %r\n"
  "pad(%e: i64):\n  call @kiln_exception_free(%e)\n  ret -7\n}\n"
  "func @clean(i64, i64, i64) -> i64 personality @kiln_personality {\n"
  "b0(%what: i64, %x: i64, %notes: i64):\n"
  "  try %what(%x) as (i64) -> i64 to done(result 0) unwind pad(exception 0) [catch @tag_c, "
  "cleanup]\n"
  "done(%r: i64):\n  ret %r\n"
  "pad(%e: i64):\n  %n = load.i64 %notes\n  %m = add.i64 %n, 1\n  store.i64 %m, %notes\n"
  "  resume %e\n}\n"
  /* functions that free their stack arguments: one with more of them takes the place of another and throws a */
  "func @deep(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail {\n"
  "b0(%a: i64, %b: i64, %c: i64, %d: i64, %e: i64, %f: i64, %g: i64, %h: i64, %i: i64, %j: i64, "
  "%x: i64):\n"
  "  %s = call @kiln_throw(@tag_a, %x)\n  %r = zext.i64 i32 %s\n  ret %r\n}\n"
  "func @shallow(i64) -> i64 tail {\nb0(%x: i64):\n"
  "  tailcall @deep(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, %x)\n}\n"
  "func @tail_a(i64) -> i64 {\nb0(%x: i64):\n  %r = call @shallow(%x)\n  ret %r\n}\n"
  /* the sum of %n exceptions of such a function: the frame is the same after each */
  "func @sums(i64, i64) -> i64 personality @kiln_personality {\nb0(%n: i64, %x: i64):\n"
  "  br next(%n, 0)\nnext(%m: i64, %t: i64):\n"
  "  try @shallow(%x) to done(result 0) unwind pad(exception 0) [catch @tag_a]\n"
  "done(%r: i64):\n  ret %r\n"
  "pad(%e: i64):\n  %p = call @kiln_exception_value(%e)\n  %v = load.i64 %p\n"
  "  call @kiln_exception_free(%e)\n  %u = add.i64 %t, %v\n  %k = sub.i64 %m, 1\n"
  "  %z = icmp.i64 ne %k, 0\n  brif %z, next(%k, %u), end\nend:\n  ret %u\n}\n"
  /* adds 10 to the value of a, and throws it again */
  "func @again(i64, i64) -> i64 personality @kiln_personality {\nb0(%what: i64, %x: i64):\n"
  "  try %what(%x) as (i64) -> i64 to done(result 0) unwind pad(exception 0, exception 1) "
  "[catch @tag_a, catch all]\n"
  "done(%r: i64):\n  ret %r\n"
  "pad(%e: i64, %s: i32):\n  %is = icmp.i32 eq %s, typeid @tag_a\n  brif %is, own, rest\n"
  "own:\n  %p = call @kiln_exception_value(%e)\n  %v = load.i64 %p\n  %w = add.i64 %v, 10\n"
  "  store.i64 %w, %p\n  br rest\n"
  "rest:\n  %f = call @kiln_rethrow(%e)\n  %r2 = zext.i64 i32 %f\n  ret %r2\n}\n";

typedef int64_t what_fn(int64_t x);
typedef int64_t try_fn(what_fn *what, int64_t x);
static struct {
  kiln_jit *jit;
  what_fn *throw_a, *throw_b, *tail_a;
  try_fn *two, *all, *filter, *again;
  int64_t (*sums)(int64_t n, int64_t x);
  int64_t (*clean)(what_fn *what, int64_t x, int64_t *notes);
} code;

/* Programs do not export what they have: the JIT finds the tags here, and the functions by itself. */
static void *resolve(void *user, const char *name) {
  (void)user;
  return strcmp(name, "tag_a") == 0   ? (void *)(uintptr_t)&tag_a
         : strcmp(name, "tag_b") == 0 ? (void *)(uintptr_t)&tag_b
         : strcmp(name, "tag_c") == 0 ? (void *)(uintptr_t)&tag_c
                                      : NULL;
}

static int set_up(void **state) {
  (void)state;
  kiln_module_options options = {.verify = true};
  assert_true(kiln_target_find_host(&options.target));
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  if (kiln_text_read(s, program, strlen(program), NULL, NULL) != KILN_OK)
    fail_msg("%u: %s", kiln_module_diag(m)->line, kiln_module_diag(m)->message);
  kiln_jit_error error = {0};
  code.jit =
    kiln_jit_new(&(kiln_jit_options){.resolve = resolve, .no_process_symbols = true}, &error);
  if (kiln_jit_add(code.jit, 0, &(kiln_jit_input){.module = m, .sessions = &s, .n_sessions = 1}, 1,
                   NULL, &error) != KILN_OK)
    fail_msg("%s", error.diag.message);
  kiln_session_free(s);
  kiln_module_free(m);
  code.throw_a = (what_fn *)kiln_jit_lookup(code.jit, "throw_a");
  code.throw_b = (what_fn *)kiln_jit_lookup(code.jit, "throw_b");
  code.two = (try_fn *)kiln_jit_lookup(code.jit, "two");
  code.all = (try_fn *)kiln_jit_lookup(code.jit, "all");
  code.filter = (try_fn *)kiln_jit_lookup(code.jit, "filter");
  code.again = (try_fn *)kiln_jit_lookup(code.jit, "again");
  code.tail_a = (what_fn *)kiln_jit_lookup(code.jit, "tail_a");
  *(void **)&code.sums = kiln_jit_lookup(code.jit, "sums");
  *(void **)&code.clean = kiln_jit_lookup(code.jit, "clean");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  kiln_jit_free(code.jit);
  return 0;
}

/* A frame of C between those of the JIT. */
static int64_t identity(int64_t x) { return x; }
static volatile int64_t after;
static int64_t throw_a_in_c(int64_t x) {
  int64_t v = code.throw_a(x + 1);
  after++; /* no tail call */
  return v;
}

static unsigned deleted;
static void count_deleted(_Unwind_Reason_Code reason, struct _Unwind_Exception *e) {
  (void)reason, (void)e;
  deleted++;
}
static int64_t throw_foreign(int64_t x) {
  static struct _Unwind_Exception exception;
  exception = (struct _Unwind_Exception){.exception_class = 77, .exception_cleanup = count_deleted};
  _Unwind_RaiseException(&exception);
  return x;
}

static int64_t notes;
static int64_t clean_tail(int64_t x) { return code.clean(code.tail_a, x, &notes) + 0 * after; }

CASE(caught) {
  assert_int_equal(code.two(identity, 5), 5);
  assert_int_equal(code.two(code.throw_a, 5), 1005);
  assert_int_equal(code.two(code.throw_b, 5), 2005);
  assert_int_equal(code.two(throw_a_in_c, 5), 1006);
  assert_int_equal(after, 0);
  assert_int_equal(code.all(code.throw_b, 5), (intptr_t)&tag_b);
}

CASE(caught_behind_tail_calls) {
  assert_int_equal(code.two(code.tail_a, 5), 1005);
  assert_int_equal(code.sums(1000, 5), 5000);
  notes = 0;
  assert_int_equal(code.two(clean_tail, 5), 1005);
  assert_int_equal(notes, 1);
  assert_int_equal(code.tail_a(5), KILN_ERR_STRUCTURE); /* nobody catches it: it returns */
}

static int64_t filter_a(int64_t x) { return code.filter(code.throw_a, x) + 0 * after; }

CASE(filtered) {
  assert_int_equal(code.filter(identity, 5), 5);
  assert_int_equal(code.filter(code.throw_b, 5), -7);
  deleted = 0;
  assert_int_equal(code.filter(throw_foreign, 5), -7);
  assert_int_equal(deleted, 1);
  assert_int_equal(code.two(filter_a, 5), 1005); /* it lets a pass */
}

static int64_t clean_a(int64_t x) { return code.clean(code.throw_a, x, &notes) + 0 * after; }
static int64_t clean_foreign(int64_t x) { return code.clean(throw_foreign, x, &notes) + 0 * after; }
static int64_t clean_twice(int64_t x) { return code.clean(clean_a, x, &notes) + 0 * after; }
static int64_t again_a(int64_t x) { return code.again(code.throw_a, x) + 0 * after; }
static int64_t again_twice(int64_t x) { return code.again(again_a, x) + 0 * after; }
static int64_t again_foreign(int64_t x) { return code.again(throw_foreign, x) + 0 * after; }

CASE(cleaned_up) {
  notes = 0;
  assert_int_equal(code.two(clean_a, 5), 1005);
  assert_int_equal(notes, 1);
  assert_int_equal(code.two(clean_twice, 5), 1005);
  assert_int_equal(notes, 3);
  assert_int_equal(code.all(clean_foreign, 5), 0);
  assert_int_equal(notes, 4);
}

CASE(thrown_again) {
  assert_int_equal(code.two(again_a, 5), 1015);
  assert_int_equal(code.two(again_twice, 5), 1025);
  deleted = 0;
  assert_int_equal(code.all(again_foreign, 5), 0);
  assert_int_equal(deleted, 1);
}

/* What nobody catches comes back, and no cleanup has run. */
CASE(uncaught) {
  notes = 0;
  assert_int_equal(code.throw_a(5), KILN_ERR_STRUCTURE);
  assert_int_equal(clean_twice(5), KILN_ERR_STRUCTURE);
  assert_int_equal(code.again(code.throw_a, 5), KILN_ERR_STRUCTURE);
  assert_int_equal(notes, 0);
  assert_int_equal(kiln_throw(NULL, 1), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_rethrow(NULL), KILN_ERR_ARGUMENT);
  assert_null(kiln_exception_tag(NULL));
  assert_null(kiln_exception_value(NULL));
  kiln_exception_free(NULL);
}

/* The end of a thread runs cleanups, and is caught by nobody. */
static int64_t end_thread(int64_t x) { pthread_exit((void *)(intptr_t)x); }
static int64_t clean_end(int64_t x) { return code.clean(end_thread, x, &notes) + 0 * after; }
static int64_t filter_end(int64_t x) { return code.filter(clean_end, x) + 0 * after; }
static void *thread(void *argument) {
  (void)argument;
  return (void *)(intptr_t)(code.all(filter_end, 5) + 100);
}

CASE(forced) {
  pthread_t t;
  void *result;
  notes = 0;
  assert_int_equal(pthread_create(&t, NULL, thread, NULL), 0);
  assert_int_equal(pthread_join(t, &result), 0);
  assert_int_equal((intptr_t)result, 5);
  assert_int_equal(notes, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(caught),       cmocka_unit_test(caught_behind_tail_calls),
    cmocka_unit_test(filtered),     cmocka_unit_test(cleaned_up),
    cmocka_unit_test(thrown_again), cmocka_unit_test(uncaught),
    cmocka_unit_test(forced),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
