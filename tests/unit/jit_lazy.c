/* Lazy functions: the host compiles them when they are first called. Which registers a call keeps, who is asked how
 * often, what the host may do meanwhile, and what is said when there is no function. */
#define _GNU_SOURCE
#include "jit_fixture.h"
#include "jit_last_words.h"
#include "jit_registers.h"

#include <kiln/stack.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

void kir_throw(const void *type, int64_t value);

static kiln_jit *jit;
static atomic_uint asked;
static _Thread_local kiln_jit_unit made; /* by this thread */

/* Adds what the text defines, and knows its unit. Assertions are the main thread's only. */
static void add_text(const char *text, unsigned flags) {
  kiln_jit_error e = {0};
  if (jit_try(jit, &text, 1, flags, &made, &e) == KILN_OK) return;
  fprintf(stderr, "# %s\n", e.diag.message);
  abort();
}

/* `user` is the text that defines the function. */
static void *compile_text(void *user, const char *name) {
  (void)name;
  asked++;
  add_text(user, 0);
  return NULL;
}

/* Declares a function that a text defines; its stub. */
static void *declare(const char *name, const char *text) {
  kiln_jit_error e = {0};
  void *stub = kiln_jit_declare_lazy(jit,
                                     &(kiln_jit_lazy_desc){.name = name,
                                                           .compile = compile_text,
                                                           .compile_user = (void *)(uintptr_t)text},
                                     &e);
  if (stub == NULL) fail_msg("%s", e.diag.message);
  return stub;
}

static void begin(const kiln_jit_options *options) {
  jit = jit_new(options);
  asked = 0;
}

#define CONSTANT(name, value) "func " name "() -> i64 {\nb0:\n  ret " value "\n}\n"
static const char one[] = CONSTANT("@f", "1"), two[] = CONSTANT("@f", "2");
static const char caller[] =
  "declare @f() -> i64\ndata @p align 8 { addr @f }\nfunc @call() -> i64 {\nb0:\n"
  "  %a = call @f()\n  ret %a\n}\nfunc @address() -> i64 {\nb0:\n  ret @f\n}\n"
  "func @through() -> i64 {\nb0:\n  %p = load.i64 @p\n  %a = call %p() as () -> i64\n  ret %a\n}\n";

/* ---- calls ---- */

/* A definition is redefined by a lazy one: the next call compiles it. */
CASE(redefines_a_definition) {
  begin(NULL);
  add_text(one, KILN_JIT_REDEFINABLE);
  const kiln_jit_unit old = made;
  add_text(caller, 0);
  assert_int_equal(jit_call(jit, "call", 0, 0), 1);
  kiln_jit_lazy_desc d = {
    .name = "f", .compile = compile_text, .compile_user = (void *)(uintptr_t)two};
  void *stub = kiln_jit_declare_lazy(jit, &d, NULL);
  assert_ptr_equal(stub, kiln_jit_lookup(jit, "f"));
  assert_int_equal(jit_call(jit, "call", 0, 0), 1); /* not redefined: the unit's definition stays */
  d.redefine = true;
  assert_ptr_equal(kiln_jit_declare_lazy(jit, &d, NULL), stub);
  assert_int_equal(asked, 0);
  assert_int_equal(kiln_jit_each_undefined(jit, NULL, NULL), 0);
  for (int k = 0; k < 3; k++) assert_int_equal(jit_call(jit, "through", 0, 0), 2);
  assert_int_equal(asked, 1);
  const kiln_jit_unit new = made;
  assert_int_equal(((jit_fn *)(uintptr_t)kiln_jit_address(jit, old, NULL))(0, 0), 1);
  assert_int_equal(kiln_jit_remove(jit, old, NULL), KILN_OK);
  assert_int_equal(jit_call(jit, "call", 0, 0), 2);
  d.compile_user = (void *)(uintptr_t)one;
  assert_ptr_equal(kiln_jit_declare_lazy(jit, &d, NULL), stub);
  assert_int_equal(jit_call(jit, "call", 0, 0), 1);
  assert_int_equal(asked, 2);
  assert_int_equal(kiln_jit_remove(jit, new, NULL), KILN_OK);
  assert_int_equal(jit_call(jit, "call", 0, 0), 1);
  kiln_jit_free(jit);
}

CASE(asks_once) {
  for (unsigned k = 0; k < (EMULATED ? 1 : 4); k++) {
    begin(&(kiln_jit_options){
      .reach = k & 1 ? KILN_JIT_REACH_NEAR : KILN_JIT_REACH_FAR,
      .protection = EMULATED ? KILN_JIT_PROTECTION_AUTO
                    : k & 2  ? KILN_JIT_PROTECTION_SWITCH
                             : KILN_JIT_PROTECTION_DUAL,
    });
    void *stub = declare("f", one);
    add_text(caller, 0);
    assert_int_equal(kiln_jit_each_undefined(jit, NULL, NULL), 0);
    assert_int_equal(asked, 0);
    /* the address is one, before and after */
    for (unsigned i = 0; i < 2; i++) {
      assert_ptr_equal(kiln_jit_lookup(jit, "f"), stub);
      assert_int_equal(jit_call(jit, "address", 0, 0), (long)(uintptr_t)stub);
      assert_int_equal(*(uint64_t *)kiln_jit_lookup(jit, "p"), (uint64_t)(uintptr_t)stub);
      assert_false(kiln_jit_find_pc(jit, stub, &(kiln_jit_pc_info){0}));
      assert_int_equal(jit_call(jit, "call", 0, 0), 1);
      assert_int_equal(asked, 1);
    }
    assert_int_equal(jit_call(jit, "through", 0, 0), 1);
    assert_int_equal(jit_call(jit, "f", 0, 0), 1);
    assert_int_equal(asked, 1);
    kiln_jit_pc_info info = {0};
    assert_true(kiln_jit_find_pc(jit, kiln_jit_address(jit, made, "f"), &info));
    assert_int_equal(info.unit.id, made.id);
    kiln_jit_free(jit);
  }
}

/* More functions than a group has stubs; where pages are not shared, a group has a page. */
CASE(many) {
  static char texts[700][64];
  for (unsigned k = 0; k < 2; k++) {
    begin(&(kiln_jit_options){.protection =
                                k == 0 ? KILN_JIT_PROTECTION_AUTO : KILN_JIT_PROTECTION_SWITCH});
    for (unsigned i = 0; i < 700; i++) {
      char name[16];
      snprintf(name, sizeof name, "f%u", i);
      snprintf(texts[i], sizeof texts[i], "func @%s() -> i64 {\nb0:\n  ret %u\n}\n", name, i);
      declare(name, texts[i]);
    }
    for (unsigned pass = 0; pass < 2; pass++)
      for (unsigned i = 0; i < 700; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%u", (i * 331) % 700);
        assert_int_equal(jit_call(jit, name, 0, 0), (i * 331) % 700);
      }
    assert_int_equal(asked, 700);
    kiln_jit_free(jit);
  }
}

/* ---- registers ---- */

static void *answer_record(void *user, const char *name) {
  (void)user, (void)name;
  asked++;
  registers_spoil();
  errno = EILSEQ;
  return (void *)(uintptr_t)registers_record;
}

/* All registers reach the function, whatever the convention is, but for those that each convention leaves to stubs. */
CASE(registers) {
  begin(NULL);
  void *stub =
    kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "f", .compile = answer_record}, NULL);
  static struct registers in;
  registers_begin();
  for (unsigned i = 0; i < sizeof in; i++) ((unsigned char *)&in)[i] = (unsigned char)(i * 37 + 11);
  for (unsigned i = 0; i < 3; i++) {
    memset(&registers_seen, 0, sizeof registers_seen);
    errno = EDOM;
    registers_call(stub, &in);
    assert_int_equal(errno, EDOM);
    assert_int_equal(asked, i + 1);
    assert_string_equal(registers_differ(&in), "");
  }
  kiln_jit_free(jit);
}

/* Arguments in memory, a variadic function with vectors. */
static const char sum_text[] =
  "func @sum(i64, f64, i64, i64, i64, i64, i64, i64, i64, i64, f64) -> i64 {\n"
  "b0(%a: i64, %x: f64, %b: i64, %c: i64, %d: i64, %e: i64, %f: i64, %g: i64, %h: i64, %i: i64, "
  "%y: f64):\n"
  "  %1 = mul.i64 %a, 10\n  %2 = add.i64 %1, %b\n  %3 = mul.i64 %2, 10\n  %4 = add.i64 %3, %c\n"
  "  %5 = mul.i64 %4, 10\n  %6 = add.i64 %5, %d\n  %7 = mul.i64 %6, 10\n  %8 = add.i64 %7, %e\n"
  "  %9 = mul.i64 %8, 10\n  %10 = add.i64 %9, %f\n  %11 = mul.i64 %10, 10\n"
  "  %12 = add.i64 %11, %g\n  %13 = mul.i64 %12, 10\n  %14 = add.i64 %13, %h\n"
  "  %15 = mul.i64 %14, 10\n  %16 = add.i64 %15, %i\n  %z = fsub.f64 %x, %y\n"
  "  %17 = ftosi.i64 f64 %z\n  %18 = shl.i64 %16, 8\n  %19 = add.i64 %18, %17\n  ret %19\n}\n";
static const char variadic_text[] =
  "func @variadic(i32, ...) -> f64 {\n  %l = slot 32 align 8\nb0(%n: i32):\n  va_start %l\n"
  "  %a = va_arg.f64 %l\n  %b = va_arg.i64 %l\n  %c = va_arg.f64 %l\n"
  "  %d = sitof.f64 i64 %b\n  %e = fadd.f64 %a, %d\n  %g = fmul.f64 %e, %c\n  ret %g\n}\n";

CASE(arguments) {
  typedef long sum_fn(long, double, long, long, long, long, long, long, long, long, double);
  typedef double variadic_fn(int, ...);
  begin(NULL);
  sum_fn *sum = (sum_fn *)(uintptr_t)declare("sum", sum_text);
  variadic_fn *variadic = (variadic_fn *)(uintptr_t)declare("variadic", variadic_text);
  for (unsigned i = 0; i < 2; i++) {
    assert_int_equal(sum(1, 7.5, 2, 3, 4, 5, 6, 7, 8, 9, 2.25), 123456789L * 256 + 5);
    assert_true(variadic(3, 1.5, 2L, 4.0) == 14.0);
  }
  assert_int_equal(asked, 2);
  kiln_jit_free(jit);
}

CASE(tail_calls) {
  static const char even[] = "declare @odd(i64) -> i64\nfunc @even(i64) -> i64 {\nb0(%n: i64):\n"
                             "  %z = icmp.i64 eq %n, 0\n  brif %z, b1, b2\nb1:\n  ret 1\nb2:\n"
                             "  %m = sub.i64 %n, 1\n  tailcall @odd(%m)\n}\n";
  static const char odd[] = "declare @even(i64) -> i64\nfunc @odd(i64) -> i64 {\nb0(%n: i64):\n"
                            "  %z = icmp.i64 eq %n, 0\n  brif %z, b1, b2\nb1:\n  ret 0\nb2:\n"
                            "  %m = sub.i64 %n, 1\n  tailcall @even(%m)\n}\n";
  begin(NULL);
  declare("even", even);
  declare("odd", odd);
  assert_int_equal(jit_call(jit, "even", 3000001, 0), 0);
  assert_int_equal(jit_call(jit, "odd", 3000001, 0), 1);
  assert_int_equal(asked, 2);
  kiln_jit_free(jit);
}

/* ---- definitions that come and go ---- */

CASE(redefines) {
  begin(NULL);
  void *stub = declare("f", one);
  add_text(caller, 0);
  /* before the first call: the host is not asked */
  add_text(two, 0);
  kiln_jit_unit first = made;
  assert_int_equal(jit_call(jit, "call", 0, 0), 2);
  assert_int_equal(asked, 0);
  /* a definition again needs the flag */
  kiln_jit_error e = {0};
  const char *again = one;
  assert_int_equal(jit_try(jit, &again, 1, 0, NULL, &e), KILN_ERR_SYMBOL);
  kiln_jit_error_free(&e);
  add_text(CONSTANT("@f", "3"), KILN_JIT_REDEFINABLE);
  assert_int_equal(jit_call(jit, "call", 0, 0), 3);
  assert_int_equal(kiln_jit_remove(jit, first, NULL), KILN_OK);
  assert_int_equal(jit_call(jit, "call", 0, 0), 3);
  /* without a definition the host is asked: again and again, if its units are removed */
  for (unsigned i = 0; i < 3; i++) {
    assert_int_equal(kiln_jit_remove(jit, made, NULL), KILN_OK);
    assert_int_equal(jit_call(jit, "call", 0, 0), 1);
    assert_int_equal(asked, i + 1);
    assert_ptr_equal(kiln_jit_lookup(jit, "f"), stub);
  }
  /* after the first call */
  add_text(two, KILN_JIT_REDEFINABLE);
  assert_int_equal(jit_call(jit, "call", 0, 0), 2);
  assert_int_equal(jit_call(jit, "through", 0, 0), 2);
  assert_int_equal(asked, 3);
  kiln_jit_free(jit);
}

/* A function that has a stub becomes lazy, and then has no unit. */
CASE(becomes_lazy) {
  begin(NULL);
  add_text(two, KILN_JIT_REDEFINABLE);
  kiln_jit_unit unit = made;
  add_text(caller, 0);
  void *stub = kiln_jit_lookup(jit, "f");
  assert_ptr_equal(declare("f", one), stub);
  assert_int_equal(jit_call(jit, "call", 0, 0), 2);
  assert_int_equal(kiln_jit_remove(jit, unit, NULL), KILN_OK);
  assert_int_equal(jit_call(jit, "call", 0, 0), 1);
  assert_int_equal(asked, 1);
  kiln_jit_free(jit);
  /* one that was called before it was known */
  begin(NULL);
  add_text(caller, KILN_JIT_FORWARD);
  assert_int_equal(kiln_jit_each_undefined(jit, NULL, NULL), 1);
  declare("f", one);
  assert_int_equal(kiln_jit_each_undefined(jit, NULL, NULL), 0);
  assert_int_equal(jit_call(jit, "call", 0, 0), 1);
  kiln_jit_free(jit);
}

/* Nothing stays of a function that is not lazy any more, and that no unit knows. */
CASE(removes) {
  begin(NULL);
  for (unsigned i = 0; i < 3; i++) {
    kiln_jit_unit user = {0};
    declare("f", one);
    if (i > 0) add_text(caller, 0);
    user = made;
    if (i > 1) assert_int_equal(jit_call(jit, "call", 0, 0), 1);
    assert_int_equal(kiln_jit_remove_lazy(jit, "f", NULL), KILN_OK);
    assert_int_equal(kiln_jit_remove_lazy(jit, "f", NULL), KILN_ERR_ARGUMENT);
    assert_int_equal(kiln_jit_lookup(jit, "f") != NULL, i > 1);
    if (i > 1) assert_int_equal(jit_call(jit, "call", 0, 0), 1);
    if (i > 1) assert_int_equal(kiln_jit_remove(jit, made, NULL), KILN_OK);
    if (i > 0) assert_int_equal(kiln_jit_each_undefined(jit, NULL, NULL), 1);
    if (i > 0) assert_int_equal(kiln_jit_remove(jit, user, NULL), KILN_OK);
    assert_int_equal(kiln_jit_get_stats(jit).symbols, 0);
  }
  kiln_jit_free(jit);
}

CASE(errors) {
  kiln_jit_error e = {0};
  begin(NULL);
  assert_null(
    kiln_jit_declare_lazy(NULL, &(kiln_jit_lazy_desc){.name = "f", .compile = compile_text}, &e));
  assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
  assert_null(
    kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = NULL, .compile = compile_text}, &e));
  assert_null(
    kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "", .compile = compile_text}, &e));
  assert_null(kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "f", .compile = NULL}, &e));
  assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_jit_remove_lazy(NULL, "f", NULL), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_jit_remove_lazy(jit, NULL, NULL), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_jit_remove_lazy(jit, "f", NULL), KILN_ERR_ARGUMENT);
  /* names that units have otherwise */
  static const char *const others[] = {CONSTANT("@f", "1"), "data @f align 8 { i64 0 }\n",
                                       "data tls(gd) @f align 8 { i64 0 }\n"};
  for (unsigned i = 0; i < 3; i++) {
    add_text(others[i], 0);
    assert_null(
      kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "f", .compile = compile_text}, &e));
    assert_int_equal(e.diag.status, KILN_ERR_SYMBOL);
    assert_int_equal(kiln_jit_remove(jit, made, NULL), KILN_OK);
  }
  /* and would have */
  declare("f", one);
  for (unsigned i = 1; i < 3; i++) {
    assert_int_equal(jit_try(jit, others + i, 1, KILN_JIT_REDEFINABLE, NULL, &e), KILN_ERR_SYMBOL);
    assert_non_null(strstr(e.diag.message, "'f' is declared as a lazy function"));
  }
  const char *text =
    "extern data tls(gd) @f\nfunc @g() -> i64 {\nb0:\n  %p = tls_addr @f\n  ret %p\n}\n";
  assert_int_equal(jit_try(jit, &text, 1, 0, NULL, &e), KILN_ERR_SYMBOL);
  assert_int_equal(jit_call(jit, "f", 0, 0), 1);
  kiln_jit_error_free(&e);
  kiln_jit_free(jit);
}

/* ---- what the host does meanwhile ---- */

static const char type_0;
static void *resolve(void *user, const char *name) {
  (void)user;
  return strcmp(name, "type0") == 0 ? (void *)(uintptr_t)&type_0 : NULL;
}

static void *compile_or_throw(void *user, const char *name) {
  if (asked < 3) {
    asked++;
    kir_throw(&type_0, 40 + asked);
  }
  return compile_text(user, name);
}

/* An exception of the host's reaches the function that calls, also one that tail-calls; then it is asked again. */
CASE(exceptions) {
  static const char text[] =
    "declare @kir_personality()\ndeclare @kir_catch(i64) -> i64 nounwind\nextern data @type0\n"
    "declare @f() -> i64\nfunc @tail() -> i64 {\nb0:\n  tailcall @f()\n}\n"
    "func @try(i64) -> i64 personality @kir_personality {\nb0(%tail: i64):\n"
    "  %z = icmp.i64 ne %tail, 0\n  brif %z, b1, b2\nb1:\n"
    "  try @tail() to b3(result 0) unwind b4(exception 0) [catch @type0]\nb2:\n"
    "  try @f() to b3(result 0) unwind b4(exception 0) [catch @type0]\n"
    "b3(%r: i64):\n  ret %r\nb4(%e: i64):\n  %v = call @kir_catch(%e)\n  ret %v\n}\n";
  begin(&(kiln_jit_options){.resolve = resolve});
  assert_non_null(kiln_jit_declare_lazy(
    jit,
    &(kiln_jit_lazy_desc){
      .name = "f", .compile = compile_or_throw, .compile_user = (void *)(uintptr_t)one},
    NULL));
  add_text(text, 0);
  assert_int_equal(jit_call(jit, "try", 0, 0), 41);
  assert_int_equal(jit_call(jit, "try", 1, 0), 42);
  assert_int_equal(jit_call(jit, "try", 0, 0), 43);
  assert_int_equal(jit_call(jit, "try", 1, 0), 1);
  assert_int_equal(jit_call(jit, "try", 0, 0), 1);
  assert_int_equal(asked, 4);
  kiln_jit_free(jit);
}

/* An exception leaves two functions that are being compiled. */
static void *compile_by_call(void *user, const char *name) {
  (void)user, (void)name;
  asked++;
  ((jit_fn *)(uintptr_t)kiln_jit_lookup(jit, "f"))(0, 0);
  return NULL;
}

CASE(nested_exceptions) {
  static const char text[] =
    "declare @kir_personality()\ndeclare @kir_catch(i64) -> i64 nounwind\nextern data @type0\n"
    "declare @g() -> i64\nfunc @try() -> i64 personality @kir_personality {\nb0:\n"
    "  try @g() to b3(result 0) unwind b4(exception 0) [catch @type0]\n"
    "b3(%r: i64):\n  ret %r\nb4(%e: i64):\n  %v = call @kir_catch(%e)\n  ret %v\n}\n";
  begin(&(kiln_jit_options){.resolve = resolve});
  assert_non_null(kiln_jit_declare_lazy(
    jit,
    &(kiln_jit_lazy_desc){
      .name = "f", .compile = compile_or_throw, .compile_user = (void *)(uintptr_t)one},
    NULL));
  assert_non_null(kiln_jit_declare_lazy(
    jit, &(kiln_jit_lazy_desc){.name = "g", .compile = compile_by_call}, NULL));
  add_text(text, 0);
  assert_int_equal(jit_call(jit, "try", 0, 0), 42);
  assert_int_equal(asked, 2); /* of g, of f */
  asked = 3;
  assert_int_equal(jit_call(jit, "f", 0, 0), 1);
  assert_non_null(kiln_jit_declare_lazy(
    jit,
    &(kiln_jit_lazy_desc){
      .name = "g", .compile = compile_text, .compile_user = (void *)(uintptr_t)CONSTANT("@g", "7")},
    NULL));
  assert_int_equal(jit_call(jit, "try", 0, 0), 7);
  kiln_jit_free(jit);
}

static void *compile_and_exit(void *user, const char *name) {
  if (asked++ == 0) pthread_exit((void *)(uintptr_t)9);
  add_text(user, 0);
  (void)name;
  return NULL;
}

static void *call_f(void *unused) {
  (void)unused;
  return (void *)(uintptr_t)jit_call(jit, "call", 0, 0);
}

/* A thread ends in the host: the next one is asked. */
CASE(ends_of_threads) {
  begin(NULL);
  assert_non_null(kiln_jit_declare_lazy(
    jit,
    &(kiln_jit_lazy_desc){
      .name = "f", .compile = compile_and_exit, .compile_user = (void *)(uintptr_t)one},
    NULL));
  add_text(caller, 0);
  for (unsigned i = 0; i < 3; i++) {
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, call_f, NULL), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_int_equal((uintptr_t)result, i == 0 ? 9 : 1);
  }
  assert_int_equal(asked, 2);
  kiln_jit_free(jit);
}

static long host_function(long a, long b) { return 100 * a + b; }
static void *answer_host(void *user, const char *name) {
  (void)name;
  asked++;
  kiln_jit_free(jit); /* has no effect */
  if (asked == 3) add_text(user, 0);
  return (void *)(uintptr_t)host_function;
}

/* The call goes on where the host says, as long as no unit has the function. */
CASE(answers) {
  begin(NULL);
  assert_non_null(kiln_jit_declare_lazy(
    jit,
    &(kiln_jit_lazy_desc){
      .name = "f", .compile = answer_host, .compile_user = (void *)(uintptr_t)one},
    NULL));
  assert_int_equal(jit_call(jit, "f", 3, 4), 304);
  assert_int_equal(jit_call(jit, "f", 5, 6), 506);
  assert_int_equal(jit_call(jit, "f", 7, 8), 1);
  assert_int_equal(jit_call(jit, "f", 7, 8), 1);
  assert_int_equal(asked, 3);
  kiln_jit_free(jit);
}

/* Functions that are compiled into one stream: each when it is called, and while another one is added. */
static struct {
  kiln_module *m;
  kiln_session *s;
  kiln_jit_stream *stream;
  kiln_sig sig;
} t;

/* fN(x) = f(N - 1)(x) + 1; f0 is the identity. Before it adds fN, the host calls f(N - 1) if N is even. */
static void *compile_chain(void *user, const char *name) {
  unsigned n = (unsigned)strtoul(name + 1, NULL, 10);
  char next[16];
  (void)user;
  asked++;
  kiln_func *f =
    kiln_func_begin(t.s, kiln_func_declare(t.m, &(kiln_symbol_desc){.name = name}, t.sig));
  kiln_value v = kiln_func_param(f, 0);
  if (n > 0) {
    snprintf(next, sizeof next, "f%u", n - 1);
    kiln_symbol to = kiln_func_declare(t.m, &(kiln_symbol_desc){.name = next}, t.sig);
    v = kiln_build_call(f, t.sig, kiln_const_symbol(f, to, 0), &v, 1);
    v = kiln_build_add(f, KILN_TYPE_I64, v, kiln_const_int(f, 1));
  }
  kiln_build_ret(f, &v, 1);
  kiln_session *s = t.s;
  if (n > 0 &&
      n % 2 == 0) { /* while a function of the session is open, by turns in it and in another one */
    if (n % 4 == 0) t.s = kiln_session_new(t.m);
    if (jit_call(jit, next, 5, 0) != 5 + (long)n - 1) abort();
    if (n % 4 == 0) kiln_session_free(t.s);
    t.s = s;
  }
  kiln_jit_error e = {0};
  void *p = kiln_jit_stream_define(t.stream, f, KILN_JIT_REDEFINABLE, NULL, &e);
  if (p == NULL) {
    fprintf(stderr, "# %s\n", e.diag.message);
    abort();
  }
  return p;
}

CASE(streams) {
  begin(NULL);
  t.m = jit_module(KILN_PIC_FULL);
  t.s = kiln_session_new(t.m);
  t.stream = kiln_jit_stream_new(jit, t.m, NULL, NULL);
  t.sig = kiln_sig_parse(t.m, "(i64) -> i64");
  for (unsigned i = 0; i <= 100; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    assert_non_null(kiln_jit_declare_lazy(
      jit, &(kiln_jit_lazy_desc){.name = name, .compile = compile_chain}, NULL));
  }
  assert_int_equal(jit_call(jit, "f100", 7, 0), 107);
  assert_int_equal(asked, 101);
  assert_int_equal(jit_call(jit, "f99", 7, 0), 106);
  assert_int_equal(asked, 101);
  kiln_jit_stream_free(t.stream);
  kiln_session_free(t.s);
  kiln_module_free(t.m);
  kiln_jit_free(jit);
}

/* A walk from the host finds the roots of the functions below the call. */
static uint32_t roots_seen, status_seen;
static void *compile_and_walk(void *user, const char *name) {
  kiln_stack_point point;
  kiln_stack_walk walk = {.jits = &jit, .n_jits = 1};
  kiln_stack_frame frame;
  roots_seen = 0;
  if (kiln_stack_point_save(&point) != KILN_OK || kiln_stack_walk_begin(&walk, &point) != KILN_OK)
    abort();
  while (kiln_stack_walk_find_next(&walk, &frame))
    for (uint32_t i = 0; i < frame.n_roots; i++) {
      ++*(int64_t *)kiln_stack_frame_root(&frame, i, NULL);
      roots_seen++;
    }
  status_seen = walk.status;
  return compile_text(user, name);
}

CASE(walks) {
  static const char text[] =
    "declare @f() -> i64\nfunc @g() -> i64 {\n  %r = slot 8 align 8 root\nb0:\n  store.i64 5, %r\n"
    "  %a = call @f()\n  %b = load.i64 %r\n  %c = add.i64 %a, %b\n  ret %c\n}\n"
    "func @h() -> i64 {\n  %r = slot 8 align 8 root\nb0:\n  store.i64 30, %r\n"
    "  %a = call @g()\n  %b = load.i64 %r\n  %c = add.i64 %a, %b\n  ret %c\n}\n";
  begin(NULL);
  assert_non_null(kiln_jit_declare_lazy(
    jit,
    &(kiln_jit_lazy_desc){
      .name = "f", .compile = compile_and_walk, .compile_user = (void *)(uintptr_t)one},
    NULL));
  add_text(text, 0);
  assert_int_equal(jit_call(jit, "h", 0, 0), 1 + 6 + 31);
  assert_int_equal(roots_seen, 2);
  assert_int_equal(status_seen, KILN_OK);
  kiln_jit_free(jit);
}

/* ---- threads ---- */

enum { THREADS = 6, FUNCTIONS = 40 };
static pthread_barrier_t barrier;
static atomic_uint wrong;
static char texts[FUNCTIONS][96];

static void *call_all(void *index) {
  for (unsigned i = 0; i < FUNCTIONS; i++) {
    unsigned k = (i + (unsigned)(uintptr_t)index % 2 * 3) % FUNCTIONS; /* two orders */
    char name[16];
    snprintf(name, sizeof name, "f%u", k);
    if (i % 8 == 0) pthread_barrier_wait(&barrier);
    jit_fn *f = (jit_fn *)(uintptr_t)kiln_jit_lookup(jit, name);
    if (f(5, 0) != 5 + (long)k) wrong++;
  }
  return NULL;
}

CASE(threads) {
  begin(NULL);
  wrong = 0;
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (unsigned i = 0; i < FUNCTIONS; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    snprintf(texts[i], sizeof texts[i],
             "func @%s(i64) -> i64 {\nb0(%%x: i64):\n  %%y = add.i64 %%x, %u\n  ret %%y\n}\n", name,
             i);
    declare(name, texts[i]);
  }
  pthread_t ids[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(ids + i, NULL, call_all, (void *)i), 0);
  for (unsigned i = 0; i < THREADS; i++) assert_int_equal(pthread_join(ids[i], NULL), 0);
  assert_int_equal(wrong, 0);
  assert_int_equal(asked, FUNCTIONS);
  pthread_barrier_destroy(&barrier);
  kiln_jit_free(jit);
}

/* ---- children ---- */

static atomic_bool inside, go_on;
static bool child;
static void *compile_slowly(void *user, const char *name) {
  if (child) return (void *)(uintptr_t)host_function;
  inside = true;
  while (!go_on) sched_yield();
  return compile_text(user, name);
}

static void *answer_in_child(void *user, const char *name) {
  (void)name;
  const char *text = user;
  kiln_jit_unit unit;
  asked++;
  return jit_try(jit, &text, 1, 0, &unit, NULL) == KILN_ERR_STRUCTURE
           ? (void *)(uintptr_t)host_function
           : NULL;
}

/* A child that is made while another thread compiles waits for nobody: it asks the host, which adds nothing. */
CASE(children) {
  if (EMULATED) skip(); /* emulators fork with locks of their own held */
  begin(NULL);
  inside = go_on = false;
  assert_non_null(kiln_jit_declare_lazy(
    jit,
    &(kiln_jit_lazy_desc){
      .name = "f", .compile = compile_slowly, .compile_user = (void *)(uintptr_t)one},
    NULL));
  assert_non_null(kiln_jit_declare_lazy(
    jit,
    &(kiln_jit_lazy_desc){
      .name = "g", .compile = answer_in_child, .compile_user = (void *)(uintptr_t)one},
    NULL));
  add_text(caller, 0);
  pthread_t ids[2];
  for (unsigned i = 0; i < 2; i++) assert_int_equal(pthread_create(ids + i, NULL, call_f, NULL), 0);
  while (!inside) sched_yield();
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    alarm(100);
    child = true;
    if (jit_call(jit, "f", 1, 2) != 102) _exit(4);
    if (jit_call(jit, "g", 3, 4) != 304) _exit(1);
    if (kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "h", .compile = compile_text},
                              NULL) != NULL)
      _exit(2);
    if (kiln_jit_remove_lazy(jit, "f", NULL) != KILN_ERR_STRUCTURE) _exit(3);
    kiln_jit_free(jit);
    _exit(7);
  }
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 7);
  go_on = true;
  for (unsigned i = 0; i < 2; i++) {
    void *result;
    assert_int_equal(pthread_join(ids[i], &result), 0);
    assert_int_equal((uintptr_t)result, 1);
  }
  assert_int_equal(asked, 1);
  kiln_jit_free(jit);
}

/* ---- the end of a declaration ---- */

static unsigned released, released_inside;
static void release(void *user) { released += (unsigned)(uintptr_t)user; }

static void declare_released(kiln_jit_compile_fn compile, unsigned number) {
  const kiln_jit_lazy_desc desc = {.name = "f",
                                   .compile = compile,
                                   .compile_user = (void *)(uintptr_t)one,
                                   .release = release,
                                   .release_user = (void *)(uintptr_t)number};
  assert_non_null(kiln_jit_declare_lazy(jit, &desc, NULL));
}

/* Declares the function that it compiles twice; a thread is in the first declaration's callback until it returns. */
static void *compile_and_declare(void *user, const char *name) {
  declare_released(compile_text, 10);
  declare_released(compile_text, 100);
  released_inside = released;
  return compile_text(user, name);
}

/* What a declaration needs is released once, when no thread runs its callback any more. */
static void releases(void **state) {
  (void)state;
  released = 0;
  begin(NULL);
  const kiln_jit_lazy_desc refused = {
    .name = "f", .compile = compile_text, .release = release, .reserved = {1}};
  assert_null(kiln_jit_declare_lazy(jit, &refused, NULL));
  declare_released(compile_and_declare, 1);
  add_text(caller, 0);
  assert_int_equal(jit_call(jit, "call", 0, 0), 1);
  assert_int_equal(released_inside, 10);
  assert_int_equal(released, 11);
  assert_int_equal(kiln_jit_remove_lazy(jit, "f", NULL), KILN_OK);
  assert_int_equal(released, 111);
  declare_released(compile_text, 1000);
  kiln_jit_free(jit);
  assert_int_equal(released, 1111);
}

static void *answer_nothing(void *user, const char *name) {
  (void)name;
  return user != NULL ? kiln_jit_lookup(jit, "f") : NULL;
}
static void call_nothing(void) {
  begin(NULL);
  kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "f", .compile = answer_nothing}, NULL);
  jit_call(jit, "f", 0, 0);
}
static void call_stub(void) {
  begin(NULL);
  kiln_jit_declare_lazy(jit,
                        &(kiln_jit_lazy_desc){.name = "f",
                                              .compile = answer_nothing,
                                              .compile_user = (void *)(uintptr_t)one},
                        NULL);
  jit_call(jit, "f", 0, 0);
}
static void call_itself(void) {
  begin(NULL);
  kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "f", .compile = compile_by_call}, NULL);
  jit_call(jit, "f", 0, 0);
}
static void call_removed(void) {
  begin(NULL);
  kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "f", .compile = compile_text}, NULL);
  add_text(caller, 0);
  kiln_jit_remove_lazy(jit, "f", NULL);
  jit_call(jit, "call", 0, 0);
}
/* Nothing has its stub any more. */
static void call_dropped(void) {
  begin(NULL);
  kiln_jit_unit u = jit_add(jit, one, KILN_JIT_REDEFINABLE);
  jit_fn *f = (jit_fn *)kiln_jit_lookup(jit, "f");
  kiln_jit_remove(jit, u, NULL);
  f(0, 0);
}
static void call_from_name(void *user, const char *name) {
  (void)name;
  ((jit_fn *)user)(0, 0);
}
static void call_locked(void) {
  begin(NULL);
  void *stub =
    kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "f", .compile = compile_text}, NULL);
  add_text("declare @other()\nfunc @g() {\nb0:\n  call @other()\n  ret\n}\n", KILN_JIT_FORWARD);
  kiln_jit_each_undefined(jit, call_from_name, stub);
}

/* Two threads compile a function each, and call that of the other. */
static void *call_other(void *user, const char *name) {
  (void)user;
  pthread_barrier_wait(&barrier);
  jit_call(jit, name[0] == 'f' ? "g" : "f", 0, 0);
  return NULL;
}
static void *call_g(void *unused) {
  jit_call(jit, "g", 0, 0);
  return unused;
}
static void call_in_circles(void) {
  begin(NULL);
  pthread_t thread;
  pthread_barrier_init(&barrier, NULL, 2);
  kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "f", .compile = call_other}, NULL);
  kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = "g", .compile = call_other}, NULL);
  pthread_create(&thread, NULL, call_g, NULL);
  jit_call(jit, "f", 0, 0);
}

/* The child's words begin with these; emulators add some. */
static void check_words(void (*f)(void), const char *name, const char *why) {
  char want[128];
  const char *got = jit_last_words(f);
  snprintf(want, sizeof want, "kiln: '%s' was called, but %s\n", name, why);
  if (strncmp(got, want, strlen(want)) != 0) fail_msg("%s", got);
}

CASE(says_why) {
  check_words(call_nothing, "f", "it could not be compiled");
  check_words(call_stub, "f", "it could not be compiled");
  check_words(call_itself, "f", "its compilation waits for this call");
  check_words(call_removed, "f", "no unit defines it");
  check_words(call_locked, "f", "the thread has locked the JIT");
  assert_non_null(
    strstr(jit_last_words(call_dropped), "a function was called, but it was removed\n"));
}

CASE(circles_end) {
  if (EMULATED) skip(); /* as in `children` */
  assert_non_null(strstr(jit_last_words(call_in_circles),
                         "' was called, but its compilation waits for this call\n"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(redefines_a_definition),
    cmocka_unit_test(asks_once),
    cmocka_unit_test(many),
    cmocka_unit_test(registers),
    cmocka_unit_test(arguments),
    cmocka_unit_test(tail_calls),
    cmocka_unit_test(redefines),
    cmocka_unit_test(becomes_lazy),
    cmocka_unit_test(removes),
    cmocka_unit_test(errors),
    cmocka_unit_test(exceptions),
    cmocka_unit_test(nested_exceptions),
    cmocka_unit_test(ends_of_threads),
    cmocka_unit_test(answers),
    cmocka_unit_test(streams),
    cmocka_unit_test(walks),
    cmocka_unit_test(threads),
    cmocka_unit_test(children),
    cmocka_unit_test(releases),
    cmocka_unit_test(says_why),
    cmocka_unit_test(circles_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
