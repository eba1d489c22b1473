/* What names mean in a JIT: what linkers make of them (System V ABI, "Symbol Table"; errors of GNU ld and lld). */
#define _GNU_SOURCE
#include "jit_fixture.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

/* An error, whose message has `text`. */
static void refused(kiln_jit *jit, const char *const *texts, size_t n, unsigned flags,
                    const char *text) {
  kiln_jit_error e = {0};
  kiln_jit_unit u;
  kiln_status status = jit_try(jit, texts, n, flags, &u, &e);
  if (status != KILN_ERR_SYMBOL || strstr(e.diag.message, text) == NULL)
    fail_msg("status %d, \"%s\" for \"%s\"", status, e.diag.message, text);
  kiln_jit_error_free(&e);
}

static void refuses(kiln_jit *jit, const char *one, const char *text) {
  refused(jit, &one, 1, 0, text);
}

/* A unit with a name `helper` and a function `main_N` that calls it. */
static kiln_status helper_unit(kiln_jit *jit, int number, const char *linkage, unsigned flags,
                               kiln_jit_unit *u) {
  char text[512];
  const char *one = text;
  snprintf(text, sizeof text,
           "func %s @helper() -> i64 {\nb0:\n  ret %d\n}\n"
           "func @main_%d() -> i64 {\nb0:\n  %%r = call @helper()\n  ret %%r\n}\n",
           linkage, 100 + number, number);
  return jit_try(jit, &one, 1, flags, u, NULL);
}

/* Each call adds from another depth of the stack. */
static __attribute__((noinline)) kiln_status from_depth(kiln_jit *jit, int number,
                                                        const char *linkage, unsigned flags,
                                                        kiln_jit_unit *u, int depth) {
  volatile char room[64];
  room[0] = (char)depth;
  kiln_status status = depth > 0 ? from_depth(jit, number, linkage, flags, u, depth - 1)
                                 : helper_unit(jit, number, linkage, flags, u);
  return room[0] == (char)depth ? status : KILN_ERR_ARGUMENT;
}

CASE(hidden_names_are_a_units_own) {
  static const char *const linkages[] = {"hidden", "weak hidden", "linkonce hidden"};
  for (unsigned k = 0; k < sizeof linkages / sizeof *linkages; k++) {
    for (unsigned flags = 0; flags <= KILN_JIT_REDEFINABLE; flags++) {
      kiln_jit *jit = jit_new(NULL);
      kiln_jit_unit u[4];
      for (int i = 0; i < 4; i++)
        assert_int_equal(from_depth(jit, i, linkages[k], flags, u + i, i & 1), KILN_OK);
      assert_null(kiln_jit_lookup(jit, "helper"));
      for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "main_%d", i);
        assert_int_equal(jit_call(jit, name, 0, 0), 100 + i);
        assert_non_null(kiln_jit_address(jit, u[i], "helper"));
      }
      for (int i = 0; i < 4; i++) assert_int_equal(kiln_jit_remove(jit, u[i], NULL), KILN_OK);
      assert_int_equal(kiln_jit_get_stats(jit).symbols, 0);
      kiln_jit_free(jit);
    }
  }
}

CASE(hidden_data_is_a_units_own) {
  static const char *const data[] = {"data common hidden @d align 8 { zero 8 }\n",
                                     "data hidden @d align 8 { zero 8 }\n",
                                     "data weak hidden @d align 8 { zero 8 }\n"};
  for (unsigned k = 0; k < 3; k++) {
    kiln_jit *jit = jit_new(NULL);
    for (int i = 0; i < 2; i++) {
      char text[512];
      snprintf(text, sizeof text,
               "%sfunc @count_%d() -> i64 {\nb0:\n  %%v = load.i64 @d\n  %%w = add.i64 %%v, 1\n"
               "  store.i64 %%w, @d\n  ret %%w\n}\n",
               data[k], i);
      jit_add(jit, text, 0);
    }
    assert_int_equal(jit_call(jit, "count_0", 0, 0), 1);
    assert_int_equal(jit_call(jit, "count_0", 0, 0), 2);
    assert_int_equal(jit_call(jit, "count_1", 0, 0), 1);
    kiln_jit_free(jit);
  }
}

/* Only the unit itself can define what it declares as hidden or protected; "hidden symbol is not defined" of ld. */
CASE(hidden_references_stay_in_the_unit) {
  kiln_jit *jit = jit_new(NULL);
  static const char strlen_user[] = "declare %s @strlen(i64) -> i64\nfunc @f() -> i64 {\nb0:\n  "
                                    "%%r = call @strlen(0)\n  ret %%r\n}\n";
  static const char helper_user[] =
    "declare %s @helper() -> i64\nfunc @f() -> i64 {\nb0:\n  %%r = call @helper()\n  ret %%r\n}\n";
  static const char *const visibilities[] = {"hidden", "protected"};
  kiln_jit_unit u;
  assert_int_equal(helper_unit(jit, 0, "hidden", 0, &u), KILN_OK);
  for (unsigned k = 0; k < 2; k++) {
    char text[256];
    const char *one = text;
    snprintf(text, sizeof text, helper_user, visibilities[k]);
    refused(jit, &one, 1, 0, "undefined: helper");
    refused(jit, &one, 1, KILN_JIT_FORWARD, "undefined: helper");
    snprintf(text, sizeof text, strlen_user, visibilities[k]);
    refused(jit, &one, 1, 0, "undefined: strlen");
  }
  assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
  jit_add(jit, "func @helper() -> i64 {\nb0:\n  ret 5\n}\n", 0); /* visible, but not the unit's */
  const char *hidden = "declare hidden @helper() -> i64\n"
                       "func @f() -> i64 {\nb0:\n  %r = call @helper()\n  ret %r\n}\n";
  refuses(jit, hidden, "undefined: helper");
  /* a weak one is 0, whatever others and the process have */
  jit_add(jit,
          "declare weak hidden @helper() -> i64\ndeclare weak hidden @strlen(i64) -> i64\n"
          "data @p align 8 { addr @helper, addr @strlen }\n"
          "func @sum() -> i64 {\nb0:\n  %r = add.i64 @helper, @strlen\n  ret %r\n}\n",
          0);
  assert_int_equal(jit_call(jit, "sum", 0, 0), 0);
  assert_int_equal(((long *)kiln_jit_lookup(jit, "p"))[0], 0);
  assert_int_equal(((long *)kiln_jit_lookup(jit, "p"))[1], 0);
  kiln_jit_free(jit);
}

/* Code that is not KILN_PIC_FULL refers to them directly, and 0 is far away. */
CASE(weak_references_in_code_of_the_program) {
  static const char *const visibilities[] = {"weak", "weak hidden", "weak protected"};
  static const kiln_pic pics[] = {KILN_PIC_STATIC, KILN_PIC_PIE, KILN_PIC_FULL};
  for (unsigned k = 0; k < 9; k++) {
    char text[1024];
    const char *v = visibilities[k % 3];
    snprintf(
      text, sizeof text,
      "declare %s @nobody(i64) -> i64\nextern data %s @nothing\n"
      "func @func() -> i64 {\nb0:\n  ret @nobody\n}\n"
      "func @data() -> i64 {\nb0:\n  ret @nothing\n}\n"
      "func @offset() -> i64 {\nb0:\n  ret @nothing+24\n}\n"
      "func @use() -> i64 {\nb0:\n  %%c = icmp.i64 ne @nothing, 0\n  %%d = icmp.i64 ne @nobody, 0\n"
      "  %%e = or.i8 %%c, %%d\n  brif %%e, b1, b2\n"
      "b1:\n  %%v = load.i64 @nothing+8\n  %%w = call @nobody(%%v)\n  ret %%w\nb2:\n  ret 7\n}\n",
      v, v);
    kiln_jit *jit = jit_new(NULL);
    struct compiled c = {.m = jit_module(pics[k / 3])};
    c.s = kiln_session_new(c.m);
    assert_int_equal(kiln_text_read(c.s, text, strlen(text), NULL, NULL), KILN_OK);
    kiln_jit_input in = {.module = c.m, .sessions = &c.s, .n_sessions = 1};
    kiln_jit_error e = {0};
    if (kiln_jit_add(jit, 0, &in, 1, NULL, &e) != KILN_OK) fail_msg("%u: %s", k, e.diag.message);
    jit_release(c);
    assert_int_equal(jit_call(jit, "func", 0, 0), 0);
    assert_int_equal(jit_call(jit, "data", 0, 0), 0);
    assert_int_equal(jit_call(jit, "offset", 0, 0), 24);
    assert_int_equal(jit_call(jit, "use", 0, 0), 7);
    kiln_jit_free(jit);
  }
}

/* One input's visibility counts for the name in all inputs of a unit. */
CASE(the_strictest_visibility_counts) {
  kiln_jit *jit = jit_new(NULL);
  const char *const texts[] = {
    "declare hidden @h() -> i64\nfunc @a() -> i64 {\nb0:\n  %r = call @h()\n  ret %r\n}\n",
    "func @h() -> i64 {\nb0:\n  ret 1\n}\n"};
  const char *const swapped[] = {texts[1], "declare hidden @h() -> i64\nfunc @b() -> i64 {\nb0:\n"
                                           "  %r = call @h()\n  ret %r\n}\n"};
  kiln_jit_unit u[2];
  assert_int_equal(jit_try(jit, texts, 2, 0, u, NULL), KILN_OK);
  assert_null(kiln_jit_lookup(jit, "h"));
  assert_int_equal(jit_try(jit, swapped, 2, 0, u + 1, NULL), KILN_OK);
  assert_int_equal(jit_call(jit, "a", 0, 0) + jit_call(jit, "b", 0, 0), 2);
  const char *const twice[] = {"func hidden @t() {\nb0:\n  ret\n}\n",
                               "func @t() {\nb0:\n  ret\n}\n"};
  refused(jit, twice, 2, 0, "'t' is defined already in this unit");
  kiln_jit_free(jit);
}

/* ---- common data ---- */

CASE(common_data_of_the_largest_size_or_none) {
  static const struct {
    const char *first, *second; /* one unit, then another */
    bool fits;
  } rows[] = {
    {"common @c align 8 { zero 64 }", "common @c align 8 { zero 64 }", true},
    {"common @c align 8 { zero 64 }", "common @c align 8 { zero 8 }", true},
    {"common @c align 64 { zero 64 }", "common @c align 8 { zero 64 }", true},
    {"common @c align 8 { zero 64 }", "common @c align 8 { zero 65 }", false},
    {"common @c align 8 { zero 8 }", "common @c align 64 { zero 4096 }", false},
    {"common @c align 8 { zero 64 }", "common @c align 16 { zero 8 }", false},
    {"common @c align 1 { zero 1 }", "common @c align 2 { zero 2 }", false},
    {"@c align 8 { i64 1 }", "common @c align 8 { zero 8 }", true},
    {"@c align 8 { i64 1 }", "common @c align 8 { zero 16 }", false},
    {"weak @c align 8 { i64 1 }", "common @c align 8 { zero 16 }", false},
    {"weak @c align 8 { i64 1 }", "common @c align 8 { zero 4 }", true},
    {"common @c align 8 { zero 8 }", "weak @c align 8 { i64 1 }", true},
  };
  for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
    kiln_jit *jit = jit_new(NULL);
    char text[256];
    snprintf(text, sizeof text, "data %s\n", rows[k].first);
    jit_add(jit, text, 0);
    void *at = kiln_jit_lookup(jit, "c");
    snprintf(text, sizeof text, "data %s\nfunc @g() -> i64 {\nb0:\n  ret @c\n}\n", rows[k].second);
    if (rows[k].fits) {
      jit_add(jit, text, 0);
      assert_int_equal(jit_call(jit, "g", 0, 0), (long)(uintptr_t)at);
    } else {
      refuses(jit, text, "'c'");
      assert_null(kiln_jit_lookup(jit, "g"));
    }
    assert_ptr_equal(kiln_jit_lookup(jit, "c"), at);
    kiln_jit_free(jit);
  }
  kiln_jit *jit = jit_new(NULL);
  jit_add(jit, "func @c() -> i64 {\nb0:\n  ret 1\n}\n", 0);
  refuses(jit, "data common @c align 8 { zero 8 }\n", "'c'");
  /* in a unit the definition comes before common data, and that before weak data */
  const char *const weak[] = {"data weak @w align 8 { i64 7 }\n",
                              "data common @w align 8 { zero 8 }\n"};
  const char *const swapped[] = {"data common @v align 8 { zero 8 }\n",
                                 "data weak @v align 8 { i64 7 }\n"};
  kiln_jit_unit u;
  assert_int_equal(jit_try(jit, weak, 2, 0, &u, NULL), KILN_OK);
  assert_int_equal(*(long *)kiln_jit_lookup(jit, "w"), 0);
  assert_int_equal(jit_try(jit, swapped, 2, 0, &u, NULL), KILN_OK);
  assert_int_equal(*(long *)kiln_jit_lookup(jit, "v"), 0);
  kiln_jit_free(jit);
}

/* ---- thread-local data ---- */

static const char plain_user[] =
  "extern data @v\nfunc @use() -> i64 {\nb0:\n  %r = load.i64 @v\n  ret %r\n}\n";
static const char tls_user[] =
  "extern data tls(gd) @v\nfunc @use() -> i64 {\nb0:\n  %p = tls_addr @v\n"
  "  %r = load.i64 %p\n  ret %r\n}\n";
static const char caller[] =
  "declare @v() -> i64\nfunc @use() -> i64 {\nb0:\n  %r = call @v()\n  ret %r\n}\n";
static const char tls_data[] = "data tls(gd) @v align 8 { i64 77 }\n";
static const char plain_data[] = "data @v align 8 { i64 77 }\n";

CASE(thread_local_against_plain) {
  static const char *const wrong[][2] = {
    {tls_data, plain_user},
    {tls_data, caller},
    {plain_data, tls_user},
    {"func @v() -> i64 {\nb0:\n  ret 1\n}\n", tls_user},
    {tls_data, "data weak @v align 8 { i64 1 }\n"},
    {plain_data, "data weak tls(gd) @v align 8 { i64 1 }\n"},
    {tls_data, "data common @v align 8 { zero 8 }\n"},
    {tls_data, "extern data weak @v\ndata @w align 8 { addr @v }\n"},
  };
  for (unsigned k = 0; k < sizeof wrong / sizeof *wrong; k++)
    for (unsigned together = 0; together < 2; together++) {
      kiln_jit *jit = jit_new(NULL);
      if (!together) jit_add(jit, wrong[k][0], 0);
      refused(jit, wrong[k] + !together, together ? 2 : 1, 0, "thread-local");
      kiln_jit_free(jit);
    }
  static const char *const right[][2] = {{tls_data, tls_user}, {plain_data, plain_user}};
  for (unsigned k = 0; k < 2; k++) {
    kiln_jit *jit = jit_new(NULL);
    jit_add(jit, right[k][0], 0);
    jit_add(jit, right[k][1], 0);
    assert_int_equal(jit_call(jit, "use", 0, 0), 77);
    kiln_jit_free(jit);
  }
  /* a function that was only called so far */
  kiln_jit *jit = jit_new(NULL);
  jit_add(jit, caller, KILN_JIT_FORWARD);
  refuses(jit, tls_data, "thread-local");
  /* of the process */
  refuses(
    jit,
    "extern data @jit_names_local\nfunc @p() -> i64 {\nb0:\n  %r = load.i64 @jit_names_local\n"
    "  ret %r\n}\n",
    "'jit_names_local' is thread-local");
  refuses(jit,
          "extern data tls(gd) @jit_names_plain\nfunc @p() -> i64 {\nb0:\n"
          "  %p = tls_addr @jit_names_plain\n  %r = load.i64 %p\n  ret %r\n}\n",
          "'jit_names_plain' is used as thread-local");
  kiln_jit_free(jit);
}

_Thread_local long jit_names_local = 5;
long jit_names_plain = 6;

/* Data without bytes has an address all the same: struct {} of GNU C. */
CASE(thread_local_data_of_no_bytes) {
  static const char *const texts[] = {"data tls(gd) @z { zero 0 }\n",
                                      "data tls(gd) @z align 64 { zero 0 }\n",
                                      "data internal tls(gd) @z { zero 0 }\n",
                                      "data tls(gd) @z { zero 0 }\ndata tls(gd) @y { zero 0 }\n",
                                      "data tls(gd) @y { i64 1 }\ndata tls(gd) @z { zero 0 }\n"};
  for (unsigned k = 0; k < sizeof texts / sizeof *texts; k++) {
    char text[256];
    kiln_jit *jit = jit_new(NULL);
    snprintf(text, sizeof text, "%sfunc @f() -> i64 {\nb0:\n  %%p = tls_addr @z\n  ret %%p\n}\n",
             texts[k]);
    kiln_jit_unit u = jit_add(jit, text, 0);
    assert_int_not_equal(jit_call(jit, "f", 0, 0), 0);
    if (k != 2)
      assert_int_equal(jit_call(jit, "f", 0, 0), (long)(uintptr_t)kiln_jit_lookup(jit, "z"));
    assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
    kiln_jit_free(jit);
  }
}

/* ---- versions ---- */

#if defined(__x86_64__)
#define OLD_VERSION "GLIBC_2.2.5"
#else
#define OLD_VERSION "GLIBC_2.17"
#endif

/* Adds `text`, in which `name` is called `object` by linkers. */
static kiln_status add_renamed(kiln_jit *jit, const char *text, const char *name,
                               const char *object, kiln_jit_error *e) {
  struct compiled c = jit_compile(text);
  kiln_symbol s = kiln_symbol_refer(c.m, name);
  assert_int_equal(kiln_symbol_set_object_name(c.m, s, object), KILN_OK);
  kiln_jit_input in = {.module = c.m, .sessions = &c.s, .n_sessions = 1};
  kiln_status status = kiln_jit_add(jit, 0, &in, 1, NULL, e);
  jit_release(c);
  return status;
}

CASE(versions) {
  static const char user[] =
    "extern data @realpath\nfunc @at() -> i64 {\nb0:\n  ret @realpath\n}\n";
  static const char *const objects[] = {"realpath@" OLD_VERSION, "realpath@@" OLD_VERSION};
  for (unsigned k = 0; k < 2; k++) {
    kiln_jit *jit = jit_new(NULL);
    assert_int_equal(add_renamed(jit, user, "realpath", objects[k], NULL), KILN_OK);
    assert_int_equal(jit_call(jit, "at", 0, 0),
                     (long)(uintptr_t)dlvsym(RTLD_DEFAULT, "realpath", OLD_VERSION));
    kiln_jit_free(jit);
  }
  kiln_jit *jit = jit_new(NULL);
  kiln_jit_error e = {0};
  assert_int_equal(add_renamed(jit, user, "realpath", "realpath@NEVER_1", &e), KILN_ERR_SYMBOL);
  assert_string_equal(e.diag.message, "undefined: realpath@NEVER_1");
  /* a plain name, and one that a unit has */
  assert_int_equal(add_renamed(jit, user, "realpath", "strlen", NULL), KILN_OK);
  assert_int_equal(jit_call(jit, "at", 0, 0), (long)(uintptr_t)dlsym(RTLD_DEFAULT, "strlen"));
  /* definitions: `g@@V` is what `g` and `g@V` mean, `g@V` is not what `g` means */
  jit_add(jit,
          "func @g_2() -> i64 {\nb0:\n  ret 2\n}\nalias @\"g@@V2\" = @g_2\n"
          "func @g_1() -> i64 {\nb0:\n  ret 1\n}\nalias @\"g@V1\" = @g_1\n",
          0);
  assert_int_equal(jit_call(jit, "g", 0, 0), 2);
  assert_int_equal(jit_call(jit, "g@V2", 0, 0), 2);
  assert_int_equal(jit_call(jit, "g@V1", 0, 0), 1);
  static const char g_user[] =
    "declare @g() -> i64\nfunc @call_1() -> i64 {\nb0:\n  %r = call @g()\n  ret %r\n}\n";
  assert_int_equal(add_renamed(jit, g_user, "g", "g@V1", NULL), KILN_OK);
  assert_int_equal(jit_call(jit, "call_1", 0, 0), 1);
  refuses(jit, "func @g() -> i64 {\nb0:\n  ret 3\n}\n", "'g' is defined already");
  kiln_jit_error_free(&e);
  kiln_jit_free(jit);
}

/* ---- looking up beside removal ---- */

struct finder {
  kiln_jit *jit;
  atomic_bool stop;
  atomic_ulong rounds;
};

static void *find_all(void *p) {
  struct finder *f = p;
  unsigned long found = 0;
  kiln_jit_unit none = {1ull << 32 | 1};
  while (!atomic_load(&f->stop)) {
    static const char *const names[] = {"tv", "d", "c", "f", "r", "a"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
      found += kiln_jit_lookup(f->jit, names[i]) != NULL;
    uint64_t size;
    found += kiln_jit_address(f->jit, none, "f") != NULL;
    found += kiln_jit_function(f->jit, none, 0) != NULL;
    found += kiln_jit_debug_image(f->jit, none, &size) != NULL;
    found += kiln_jit_get_stats(f->jit).units + kiln_jit_each_undefined(f->jit, NULL, NULL);
    atomic_fetch_add(&f->rounds, 1);
  }
  return (void *)found;
}

CASE(finds_beside_removal) {
  struct finder f = {.jit = jit_new(&(kiln_jit_options){.gdb = true})};
  pthread_t threads[2];
  for (unsigned i = 0; i < 2; i++)
    assert_int_equal(pthread_create(threads + i, NULL, find_all, &f), 0);
  while (atomic_load(&f.rounds) == 0) sched_yield();
  for (unsigned i = 0; i < 150; i++) {
    kiln_jit_unit u =
      jit_add(f.jit,
              "data tls(gd) @tv align 8 { i64 5, zero 200 }\ndata @d align 8 { i64 1 }\n"
              "data common @c align 8 { zero 64 }\nalias @a = @f\n"
              "func @f() -> i64 {\nb0:\n  ret 1\n}\n",
              i & 1 ? KILN_JIT_REDEFINABLE : 0);
    kiln_jit_unit r = jit_add(f.jit, "func @r() -> i64 {\nb0:\n  ret 1\n}\n", KILN_JIT_REDEFINABLE);
    assert_int_equal(*(long *)kiln_jit_lookup(f.jit, "tv"), 5);
    assert_int_equal(kiln_jit_remove(f.jit, u, NULL), KILN_OK);
    assert_int_equal(kiln_jit_remove(f.jit, r, NULL), KILN_OK);
  }
  atomic_store(&f.stop, true);
  for (unsigned i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  kiln_jit_free(f.jit);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(hidden_names_are_a_units_own),
    cmocka_unit_test(hidden_data_is_a_units_own),
    cmocka_unit_test(hidden_references_stay_in_the_unit),
    cmocka_unit_test(weak_references_in_code_of_the_program),
    cmocka_unit_test(the_strictest_visibility_counts),
    cmocka_unit_test(common_data_of_the_largest_size_or_none),
    cmocka_unit_test(thread_local_against_plain),
    cmocka_unit_test(thread_local_data_of_no_bytes),
    cmocka_unit_test(versions),
    cmocka_unit_test(finds_beside_removal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
