/* What a JIT says when there is no memory, and after a fork. (When the system refuses: jit_system.c.) */
#define _GNU_SOURCE
#include "jit_fixture.h"
#include "jit_last_words.h"
#include "failing.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `f` in a child: 0 if it passed, else the line of the failed check. */
static int in_child(int (*f)(void)) {
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) _exit(f());
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}
#define WANT(x)                                                                                    \
  if (!(x)) {                                                                                      \
    fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, #x);                                      \
    return 1;                                                                                      \
  }

static const char constant_text[] = "func @f() -> i64 {\nb0:\n  ret 42\n}\n";

/* ---- functions that are missing ---- */

static kiln_jit *missing_jit;
static void call_missing(void) { jit_call(missing_jit, "f", 0, 0); }

/* A function that is called before it is defined, or after it was removed, is named. */
CASE(names_what_is_missing) {
  missing_jit = jit_new(NULL);
  jit_add(missing_jit,
          "declare @other()\ndeclare @absent()\nfunc @f() -> i64 {\nb0:\n  call @other()\n"
          "  call @absent()\n  ret 1\n}\n",
          KILN_JIT_FORWARD);
  kiln_jit_unit other =
    jit_add(missing_jit, "func @other() {\nb0:\n  ret\n}\n", KILN_JIT_REDEFINABLE);
  for (unsigned i = 0; i < 2; i++) {
    if (i == 1) assert_int_equal(kiln_jit_remove(missing_jit, other, NULL), KILN_OK);
    const char *got = jit_last_words(call_missing);
    assert_non_null(
      strstr(got, i == 0 ? "'absent' was called, but no unit defines it" : "'other' was called"));
  }
  kiln_jit_free(missing_jit);
}

/* ---- memory_bytes ---- */

CASE(near_memory_ends) {
  kiln_jit_options options = {.reach = KILN_JIT_REACH_NEAR, .memory_bytes = 1 << 20};
  kiln_jit *jit = jit_new(&options);
  char text[128];
  kiln_jit_unit units[256];
  kiln_jit_error e = {0};
  kiln_status status = KILN_OK;
  unsigned n = 0;
  for (; n < 256 && status == KILN_OK; n++) {
    snprintf(text, sizeof text,
             "data @d%u align 8 { zero 50000 }\nfunc @f%u() -> i64 {\nb0:\n  ret %u\n}\n", n, n, n);
    const char *texts[] = {text};
    status = jit_try(jit, texts, 1, 0, units + n, &e);
  }
  assert_int_equal(status, KILN_ERR_MEMORY);
  assert_non_null(strstr(e.diag.message, "but the JIT has 1048576 bytes, and"));
  n--;
  assert_true(n > 8);
  /* existing units work, and memory given back is reused */
  for (unsigned i = 0; i < n; i++) {
    snprintf(text, sizeof text, "f%u", i);
    assert_int_equal(jit_call(jit, text, 0, 0), i);
    assert_int_equal(kiln_jit_remove(jit, units[i], NULL), KILN_OK);
  }
  for (unsigned i = 0; i < n; i++) {
    snprintf(text, sizeof text,
             "data @d%u align 8 { zero 50000 }\nfunc @f%u() -> i64 {\nb0:\n  ret %u\n}\n", i, i, i);
    jit_add(jit, text, 0);
  }
  kiln_jit_error_free(&e);
  kiln_jit_free(jit);
}

/* Large units get memory of their own, in FAR mode as much as they want. */
CASE(large_units) {
  kiln_jit *jit = jit_new(NULL);
  kiln_jit_unit u = jit_add(
    jit,
    "data @big align 65536 { zero 50000000 }\ndata @ro readonly align 64 { zero 200000\n  i8 7 }\n"
    "func @f() -> i64 {\nb0:\n  %v = load.i64 zext i8 @ro+200000\n"
    "  store.i64 %v, @big+49999992\n  %w = load.i64 @big+49999992\n  ret %w\n}\n",
    0);
  assert_int_equal(jit_call(jit, "f", 0, 0), 7);
  assert_int_equal((uintptr_t)kiln_jit_lookup(jit, "big") % 65536, 0);
  assert_true(kiln_jit_get_stats(jit).data_bytes > 50000000);
  assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
  kiln_jit_error e = {0};
  const char *texts[] = {"data @huge align 8 { zero 3000000000 }\n"};
  assert_int_equal(jit_try(jit, texts, 1, 0, &u, &e), KILN_ERR_LIMIT);
  kiln_jit_error_free(&e);
  kiln_jit_free(jit);
}

/* Adds `n` units of `size` bytes of data, removes them in another order, and adds the largest unit that fitted an empty
 * JIT. The address space that the JIT had then must do. */
static void fill_and_empty(kiln_jit *jit, unsigned n, unsigned size, unsigned flags) {
  static kiln_jit_unit units[4000];
  char text[256];
  uint64_t reserved = kiln_jit_get_stats(jit).reserved_bytes;
  for (unsigned i = 0; i < n; i++) {
    snprintf(text, sizeof text,
             "data @d%u align 8 %s{ zero %u }\nfunc @f%u() -> i64 {\nb0:\n  ret @d%u\n}\n", i,
             i % 3 == 0 ? "readonly " : "", size, i, i);
    units[i] = jit_add(jit, text, flags);
  }
  for (unsigned i = 0; i < n; i++)
    assert_int_equal(kiln_jit_remove(jit, units[(i * 7u + 3) % n], NULL), KILN_OK);
  kiln_jit_unit u =
    jit_add(jit, "data @big align 8 { zero 12582912 }\nfunc @f() -> i64 {\nb0:\n  ret 1\n}\n", 0);
  assert_true(kiln_jit_get_stats(jit).reserved_bytes <= reserved);
  assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
}

CASE(free_memory_is_used) {
  for (unsigned k = 0; k < 4; k++) {
    kiln_jit_options options = {.reach = k & 1 ? KILN_JIT_REACH_NEAR : KILN_JIT_REACH_FAR,
                                .memory_bytes = 16 << 20};
    if (k & 2) options.protection = KILN_JIT_PROTECTION_SWITCH;
    kiln_jit *jit = jit_new(&options);
    for (unsigned round = 0; round < 3; round++) {
      fill_and_empty(jit, 1000, 900, 0);
      fill_and_empty(jit, 100, 60000, 0);
      fill_and_empty(jit, 1000, 8, KILN_JIT_REDEFINABLE);
      fill_and_empty(jit, 40, 200000, KILN_JIT_FORWARD);
    }
    kiln_jit_stats s = kiln_jit_get_stats(jit);
    assert_int_equal(s.reserved_bytes, 16 << 20);
    assert_true(s.memory_bytes <= 6 * 65536); /* a chunk of each kind, and as many of stubs */
    kiln_jit_free(jit);
  }
}

/* Pools are given back, those of units larger than a pool too. */
CASE(empty_pools_are_given_back) {
  for (unsigned k = 0; k < 2; k++) {
    kiln_jit_options options = {.memory_bytes = 1 << 20,
                                .protection =
                                  k ? KILN_JIT_PROTECTION_SWITCH : KILN_JIT_PROTECTION_AUTO};
    kiln_jit *jit = jit_new(&options);
    kiln_jit_unit units[40];
    for (unsigned round = 0; round < 3; round++) {
      for (unsigned i = 0; i < 40; i++) {
        char text[128];
        snprintf(text, sizeof text, "data @d%u align 8 { zero %u }\n", i,
                 i % 8 == 0 ? 3000000 : 400000);
        units[i] = jit_add(jit, text, 0);
      }
      assert_true(kiln_jit_get_stats(jit).reserved_bytes > 20 << 20);
      for (unsigned i = 0; i < 40; i++)
        assert_int_equal(kiln_jit_remove(jit, units[i], NULL), KILN_OK);
      kiln_jit_stats s = kiln_jit_get_stats(jit);
      assert_int_equal(s.reserved_bytes, 1 << 20);
      assert_true(s.memory_bytes <= 3 * 65536);
    }
    kiln_jit_free(jit);
  }
}

/* ---- the allocator ---- */

static const char all_text[] =
  "declare @strlen(i64) -> i64\ndata @d align 8 { i64 1 }\ndata tls(gd) @t align 8 { i64 5 }\n"
  "data common @c align 8 { zero 8 }\ndeclare weak @nobody()\ndeclare @later() -> i64\n"
  "data @p align 8 { addr @d, addr @f, addr @nobody }\n"
  "func @f() -> i64 {\nb0:\n  %p = tls_addr @t\n  %v = load.i64 %p\n  %w = load.i64 @c\n  %s = "
  "add.i64 %v, %w\n  ret %s\n}\n"
  "func @g() -> i64 {\nb0:\n  %n = call @strlen(@p)\n  %l = call @later()\n  ret %n\n}\n"
  "func internal @start() {\nb0:\n  ret\n}\nctor @start 65535\n";

CASE(each_allocation_fails) {
  struct compiled c = jit_compile(all_text);
  bool done = false;
  for (long n = 0; !done; n++) {
    assert_true(n < 1000);
    struct failing f = {.fail_at = (size_t)n + 1, .on = true};
    kiln_jit_options options = {.allocator = failing_allocator(&f)};
    kiln_jit_error e = {0};
    kiln_jit *jit = kiln_jit_new(&options, &e);
    if (jit == NULL) {
      assert_int_equal(e.diag.status, KILN_ERR_MEMORY);
      assert_int_equal(f.held, 0);
      continue;
    }
    kiln_jit_input in = {.module = c.m, .sessions = &c.s, .n_sessions = 1};
    kiln_status status =
      kiln_jit_add(jit, KILN_JIT_REDEFINABLE | KILN_JIT_FORWARD, &in, 1, NULL, &e);
    if (status != KILN_OK) {
      assert_int_equal(status, KILN_ERR_MEMORY);
      assert_null(kiln_jit_lookup(jit, "f"));
      fail_never(&f);
      assert_int_equal(kiln_jit_add(jit, KILN_JIT_REDEFINABLE | KILN_JIT_FORWARD, &in, 1, NULL, &e),
                       KILN_OK);
    } else {
      done = f.calls + 1 < f.fail_at;
    }
    fail_never(&f);
    assert_int_equal(jit_call(jit, "f", 0, 0), 5);
    kiln_jit_free(jit);
    assert_int_equal(f.held, 0);
  }
  jit_release(c);
}

/* ---- a fork ---- */

static kiln_jit *parents;

static int child_uses_units(void) {
  WANT(jit_call(parents, "f", 0, 0) == 42);
  *(long *)kiln_jit_lookup(parents, "d") = 2; /* its own copy */
  kiln_jit_error e = {0};
  kiln_jit_unit u;
  const char *texts[] = {"func @g() -> i64 {\nb0:\n  ret 1\n}\n"};
  WANT(jit_try(parents, texts, 1, 0, &u, &e) == KILN_ERR_STRUCTURE);
  WANT(strcmp(e.diag.message, "the JIT belongs to the parent process") == 0);
  kiln_jit *own = kiln_jit_new(NULL, NULL);
  WANT(own != NULL);
  jit_add(own, constant_text, 0);
  WANT(jit_call(own, "f", 0, 0) == 42);
  kiln_jit_free(own);
  kiln_jit_free(parents);
  return 0;
}

CASE(forked) {
  parents = jit_new(NULL);
  jit_add(parents, constant_text, 0);
  jit_add(parents, "data @d align 8 { i64 1 }\n", 0);
  assert_int_equal(in_child(child_uses_units), 0);
  assert_int_equal(*(long *)kiln_jit_lookup(parents, "d"), 1);
  assert_int_equal(jit_call(parents, "f", 0, 0), 42); /* though the child freed its JIT */
  jit_add(parents, "func @g() -> i64 {\nb0:\n  ret 43\n}\n", 0);
  assert_int_equal(jit_call(parents, "g", 0, 0), 43);
  kiln_jit_free(parents);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_what_is_missing),
    cmocka_unit_test(near_memory_ends),
    cmocka_unit_test(large_units),
    cmocka_unit_test(free_memory_is_used),
    cmocka_unit_test(empty_pools_are_given_back),
    cmocka_unit_test(each_allocation_fails),
    cmocka_unit_test(forked),
  };
  return cmocka_run_group_tests_name("jit_limits", tests, NULL, NULL);
}
