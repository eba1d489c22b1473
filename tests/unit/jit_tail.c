/* Functions that free their stack arguments (KILN_CC_TAIL) in a JIT: lazy and redefined ones, and how large their stack
 * area may be. (jit_lazy_roots.c has roots among arguments of lazy ones, throw.c exceptions, tests/moving collections;
 * tests/kir/tail.kir and tail_meets.kir have what is no matter of a JIT.) */
#include "jit_fixture.h"

static kiln_jit *jit;
static unsigned asked;

static void *compile_text(void *user, const char *name) {
  (void)name;
  asked++;
  jit_add(jit, user, 0);
  return NULL;
}

static void *declare(const char *name, const char *text, bool redefine) {
  kiln_jit_error e = {0};
  void *stub = kiln_jit_declare_lazy(jit,
                                     &(kiln_jit_lazy_desc){.name = name,
                                                           .compile = compile_text,
                                                           .compile_user = (void *)(uintptr_t)text,
                                                           .redefine = redefine},
                                     &e);
  if (stub == NULL) fail_msg("%s", e.diag.message);
  return stub;
}

#define SIG "(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail"
#define PARAMS                                                                                     \
  "b0(%a: i64, %b: i64, %c: i64, %d: i64, %e: i64, %f: i64, %g: i64, %h: i64, %i: i64, "           \
  "%j: i64, %k: i64):\n"
static const char sums[] =
  "func @f" SIG " {\n" PARAMS "  %x = mul.i64 %k, 100\n  %y = add.i64 %x, %a\n  ret %y\n}\n";
/* It ends by a tail call to a function without stack arguments. */
static const char shrinks[] = "func @f" SIG " {\n" PARAMS "  tailcall @g(%k, %j)\n}\n"
                              "func internal @g(i64, i64) -> i64 tail {\nb0(%k: i64, %j: i64):\n"
                              "  %x = mul.i64 %k, 1000\n  %y = add.i64 %x, %j\n  ret %y\n}\n";
/* Calls f, and a function that has values in registers which calls preserve, and ends by a tail call of f. Each
 * round adds by how much these calls have moved the stack pointer. */
static const char loops[] =
  "declare @f" SIG "\nfunc internal @leaf(i64) -> i64 tail {\nb0(%x: i64):\n  ret %x\n}\n"
  "func @grows(i64) -> i64 tail {\nb0(%a: i64):\n  br b1(3, 0)\nb1(%n: i64, %s: i64):\n"
  "  %x = call @leaf(%a)\n  %t = add.i64 %s, %x\n  %m = sub.i64 %n, 1\n"
  "  %z = icmp.i64 ne %m, 0\n  brif %z, b1(%m, %t), b2\nb2:\n"
  "  %u = sub.i64 %t, %a\n  %v = sub.i64 %u, %a\n"
  "  tailcall @f(%v, 0, 0, 0, 0, 0, 0, 0, 0, 5, 7)\n}\n"
  "func @loop(i64) -> i64 {\nb0(%n: i64):\n  br b1(%n, 0)\nb1(%m: i64, %s: i64):\n"
  "  %p = salloc 16 align 16\n  store.i64 %m, %p\n  %sp = stack_save\n"
  "  %x = call @grows(2)\n  %y = call @f(2, 0, 0, 0, 0, 0, 0, 0, 0, 5, 7)\n"
  "  %sp2 = stack_save\n  %moved = sub.i64 %sp2, %sp\n  %o = load.i64 %p\n"
  "  %t1 = sub.i64 %x, %s\n  %t2 = add.i64 %t1, %s\n  %t3 = add.i64 %t2, %s\n"
  "  %s1 = add.i64 %t3, %moved\n  %s2 = add.i64 %s1, %y\n  %o1 = sub.i64 %o, 1\n"
  "  %z = icmp.i64 ne %o1, 0\n  brif %z, b1(%o1, %s2), b2(%s2)\nb2(%r: i64):\n  ret %r\n}\n";
enum { ROUNDS = 1000, SUMS = 2 * ROUNDS * 702, SHRINKS = 2 * ROUNDS * 7005 };

CASE(lazy_and_redefined) {
  for (unsigned near = 0; near < 2; near++) {
    jit = jit_new(&(kiln_jit_options){.reach = near ? KILN_JIT_REACH_NEAR : KILN_JIT_REACH_FAR});
    asked = 0;
    void *stub = declare("f", sums, false);
    jit_add(jit, loops, 0);
    assert_int_equal(jit_call(jit, "loop", ROUNDS, 0), SUMS);
    assert_int_equal(asked, 1);
    jit_add(jit, shrinks, KILN_JIT_REDEFINABLE);
    assert_ptr_equal(kiln_jit_lookup(jit, "f"), stub);
    assert_int_equal(jit_call(jit, "loop", ROUNDS, 0), SHRINKS);
    assert_ptr_equal(declare("f", sums, true), stub);
    assert_int_equal(jit_call(jit, "loop", ROUNDS, 0), SUMS);
    assert_int_equal(asked, 2);
    kiln_jit_free(jit);
  }
}

/* ---- the size of the area ---- */

#ifdef __x86_64__
enum { IN_REGISTERS = 6 };
#else
enum { IN_REGISTERS = 8 };
#endif

/* A function @f whose stack area has `words` words, which returns 1000 times the first of them and the last one; @call
 * calls it twice. `tails`: by a function without parameters that ends by a tail call. To be freed. */
static char *with_area(unsigned words, bool tails) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  const unsigned n = words + IN_REGISTERS;
  fputs("func @f(i64", out);
  for (unsigned k = 1; k < n; k++) fputs(", i64", out);
  fputs(") -> i64 tail {\nb0(%p0: i64", out);
  for (unsigned k = 1; k < n; k++) fprintf(out, ", %%p%u: i64", k);
  fprintf(out, "):\n  %%x = mul.i64 %%p%u, 1000\n  %%y = add.i64 %%x, %%p%u\n  ret %%y\n}\n",
          (unsigned)IN_REGISTERS, n - 1);
  fprintf(out, "func @from() -> i64%s {\nb0:\n  %s @f(0", tails ? " tail" : "",
          tails ? "tailcall" : "%r = call");
  for (unsigned k = 1; k < n; k++) fprintf(out, ", %u", k);
  fprintf(out, ")\n%s}\nfunc @call() -> i64 {\nb0:\n", tails ? "" : "  ret %r\n");
  fputs("  %a = call @from()\n  %b = call @from()\n  %c = add.i64 %a, %b\n  ret %c\n}\n", out);
  fclose(out);
  return text;
}

/* What the text's functions give, or the message of the error. */
static int64_t run_or_message(char *text, char message[512]) {
  kiln_module_options options = {.jit = true, .verify = true};
  assert_true(kiln_target_find_host(&options.target));
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  int64_t result = -1;
  message[0] = 0;
  if (kiln_text_read(s, text, strlen(text), NULL, NULL) != KILN_OK) {
    kiln_diag_format(kiln_module_diag(m), message, 512);
  } else {
    kiln_jit_input in = {.module = m, .sessions = &s, .n_sessions = 1};
    assert_int_equal(kiln_jit_add(jit, 0, &in, 1, NULL, NULL), KILN_OK);
    result = jit_call(jit, "call", 0, 0);
  }
  kiln_session_free(s);
  kiln_module_free(m);
  free(text);
  return result;
}

CASE(largest_areas) {
  static const struct {
    unsigned words;
    bool tails;
    const char *message; /* a part of the one that there is */
  } rows[] = {
    {8190, false, NULL},
    {8191, false, NULL}, /* 65,528 bytes */
    {8192, false, "tail with more than 65528 bytes of arguments on the stack"},
    {511, true, NULL},
    {512, true, NULL},
    {513, true, "tailcall: a tail call has more than 4096 bytes of arguments on the stack"},
  };
  char message[512];
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    jit = jit_new(NULL);
    const int64_t got = run_or_message(with_area(rows[k].words, rows[k].tails), message);
    if (rows[k].message == NULL) {
      if (message[0] != 0) fail_msg("%u words: %s", rows[k].words, message);
      assert_int_equal(got, 2 * (1000 * IN_REGISTERS + IN_REGISTERS + (int64_t)rows[k].words - 1));
    } else if (strstr(message, rows[k].message) == NULL) {
      fail_msg("%u words: %s", rows[k].words, message);
    }
    kiln_jit_free(jit);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lazy_and_redefined),
    cmocka_unit_test(largest_areas),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
