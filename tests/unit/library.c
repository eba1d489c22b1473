/* Library functions that operations call: in memory no symbol of a unit takes their place, in objects a function of the
 * module that linkers see does (kiln_module_attrs.own_library). */
#include "jit_fixture.h"

#include <math.h>

#define REM                                                                                        \
  "func @run(f64, f64) -> f64 {\nb0(v0: f64, v1: f64):\n  v2 = frem.f64 v0, v1\n  ret v2\n}\n"
#define FMOD(words, of) "func " words "@fmod" of " {\nb0(v0: f64, v1: f64):\n  ret f64 99.0\n}\n"
#define TWO "(f64, f64) -> f64"
#define OTHER "func @fmod(f64) -> f64 {\nb0(v0: f64):\n  ret f64 99.0\n}\n"
#define DATA "data @fmod { i64 5 }\n"
#define RENAMED                                                                                    \
  "func internal @x" TWO " {\nb0(v0: f64, v1: f64):\n  ret f64 99.0\n}\nalias @fmod = @x\n"

static void *resolve_fmod(void *user, const char *name) {
  return strcmp(name, "fmod") == 0 ? user : NULL;
}
static double times(double a, double b) { return a * b; } /* fmod(7, 4) is 7 - 4 */

static double run(kiln_jit *jit) {
  double (*f)(double, double) = (double (*)(double, double))kiln_jit_lookup(jit, "run");
  assert_non_null(f);
  return f(7, 4);
}

/* What a unit has by the name, before it, beside it or in another input, does not matter. */
CASE(not_captured) {
  static const char *const beside[] = {"",
                                       FMOD("", TWO),
                                       FMOD("internal ", TWO),
                                       FMOD("private ", TWO),
                                       FMOD("hidden ", TWO),
                                       FMOD("protected ", TWO),
                                       FMOD("weak ", TWO),
                                       FMOD("linkonce ", TWO),
                                       OTHER,
                                       DATA,
                                       "data internal @fmod { i64 5 }\n",
                                       "data common @fmod { zero 8 }\n",
                                       RENAMED,
                                       "declare @fmod" TWO "\n"};
  for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
    char text[1024];
    snprintf(text, sizeof text, "%s%s", beside[i], REM);
    for (unsigned flags = 0; flags < 4; flags++) {
      kiln_jit *jit = jit_new(NULL);
      jit_add(jit, text, flags);
      assert_true(run(jit) == 3);
      kiln_jit_free(jit);

      jit = jit_new(NULL);
      if (beside[i][0] != 0 && strncmp(beside[i], "declare", 7) != 0)
        jit_add(jit, beside[i], flags);
      jit_add(jit, REM, flags);
      assert_true(run(jit) == 3);
      kiln_jit_free(jit);

      const char *two[] = {beside[i], REM};
      jit = jit_new(NULL);
      assert_int_equal(jit_try(jit, two, 2, flags, &(kiln_jit_unit){0}, NULL), KILN_OK);
      assert_true(run(jit) == 3);
      kiln_jit_free(jit);
    }
  }
}

/* The program says otherwise by its resolver, the module by its attribute. */
CASE(supplied) {
  kiln_jit *jit =
    jit_new(&(kiln_jit_options){.resolve = resolve_fmod, .resolve_user = (void *)(uintptr_t)times});
  jit_add(jit, FMOD("", TWO) REM, 0);
  assert_true(run(jit) == 28);
  kiln_jit_free(jit);
  jit = jit_new(&(kiln_jit_options){
    .resolve = resolve_fmod, .resolve_user = (void *)(uintptr_t)times, .no_process_symbols = true});
  jit_add(jit, REM, 0);
  assert_true(run(jit) == 28);
  kiln_jit_free(jit);
  static const char *const words[] = {"", "internal ", "hidden "};
  for (unsigned i = 0; i < 3; i++) {
    char text[1024];
    snprintf(text, sizeof text,
             "own_library\nfunc %s@fmod" TWO " {\nb0(v0: f64, v1: f64):\n  ret f64 99.0\n}\n%s",
             words[i], REM);
    jit = jit_new(NULL);
    jit_add(jit, text, 0);
    assert_true(run(jit) == 99);
    kiln_jit_free(jit);
  }
}

/* Also where the program is not linked with the function's library, or its symbols are not to be used. */
CASE(of_the_system) {
  static const char text[] =
    "func @divide(i64, i64) -> i64 {\nb0(v0: i64, v1: i64):\n  v2 = sext.i128 i64 v0\n"
    "  v3 = sext.i128 i64 v1\n  v4 = sdiv.i128 v2, v3\n  v5 = trunc.i64 i128 v4\n  ret v5\n}\n"
    "func @copy(i64, i64) -> i64 {\nb0(v0: i64, v1: i64):\n  memcpy v0, v1, 8\n"
    "  v2 = load.i64 v1\n  memmove v0, v1, v2\n  ret v2\n}\n";
  for (unsigned alone = 0; alone < 2; alone++) {
    kiln_jit *jit = jit_new(&(kiln_jit_options){.no_process_symbols = alone});
    jit_add(jit, text, 0);
    jit_add(jit, REM, 0);
    int64_t from = 8, to = 0;
    assert_int_equal(jit_call(jit, "divide", -100, 7), -14);
    assert_int_equal(jit_call(jit, "copy", (long)(uintptr_t)&to, (long)(uintptr_t)&from), 8);
    assert_int_equal(to, 8);
    assert_true(run(jit) == 3);
    kiln_jit_free(jit);
  }
}

/* ---- objects ---- */

static kiln_status object_of(const char *text, kiln_buffer *object, char *message) {
  kiln_module *m = kiln_module_new(&(kiln_module_options){.name = "m"});
  kiln_session *s = kiln_session_new(m);
  assert_int_equal(kiln_text_read(s, text, strlen(text), NULL, NULL), KILN_OK);
  kiln_status status = kiln_emit_elf(m, &s, 1, object);
  strcpy(message, kiln_module_diag(m)->message);
  kiln_session_free(s);
  kiln_module_free(m);
  return status;
}

/* The numbers of symbols `fmod` that are local, defined and undefined. */
static void count(const kiln_buffer *object, unsigned of[3]) {
  /* ELF-64 Object File Format: the header has the table of sections at 40, its number of entries at 60 */
  const uint8_t *p = object->data;
  uint64_t sections, offset, size, names;
  uint16_t n;
  memcpy(&sections, p + 40, 8);
  memcpy(&n, p + 60, 2);
  of[0] = of[1] = of[2] = 0;
  for (unsigned i = 0; i < n; i++) {
    const uint8_t *h = p + sections + i * 64;
    uint32_t type, link;
    memcpy(&type, h + 4, 4);
    memcpy(&link, h + 40, 4);
    if (type != 2) continue; /* SHT_SYMTAB */
    memcpy(&offset, h + 24, 8);
    memcpy(&size, h + 32, 8);
    memcpy(&names, p + sections + link * 64 + 24, 8);
    for (uint64_t k = 0; k < size / 24; k++) {
      const uint8_t *symbol = p + offset + k * 24;
      uint32_t name;
      uint16_t section;
      memcpy(&name, symbol, 4);
      memcpy(&section, symbol + 6, 2);
      if (strcmp((const char *)p + names + name, "fmod") != 0) continue;
      of[symbol[4] >> 4 == 0 ? 0 : section != 0 ? 1 : 2]++;
    }
  }
}

CASE(objects) {
  static const struct {
    const char *beside;
    unsigned local, defined, undefined;
    const char *error;
  } rows[] = {
    {"", 0, 0, 1, NULL},
    {"declare @fmod(f32) -> f32\n", 0, 0, 1, NULL},
    {FMOD("", TWO), 0, 1, 0, NULL},
    {FMOD("hidden ", TWO), 0, 1, 0, NULL},
    {FMOD("weak ", TWO), 0, 1, 0, NULL},
    {RENAMED, 0, 1, 0, NULL},
    {FMOD("internal ", TWO), 1, 0, 1, NULL},
    {"data internal @fmod { i64 5 }\n", 1, 0, 1, NULL},
    {FMOD("private ", TWO), 0, 0, 1, NULL},
    {DATA, 0, 0, 0, "'fmod' is data"},
    {"data hidden @fmod { i64 5 }\n", 0, 0, 0, "'fmod' is data"},
    {OTHER, 0, 0, 0, "'fmod' has another signature"},
    {"func @fmod(f32, f32) -> f32 {\nb0(v0: f32, v1: f32):\n  ret v0\n}\n", 0, 0, 0,
     "'fmod' has another signature"},
    {"own_library\n" FMOD("internal ", TWO), 1, 0, 0, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[1024], message[256];
    unsigned of[3];
    kiln_buffer object = {0};
    snprintf(text, sizeof text, "%s%s", rows[i].beside, REM);
    kiln_status status = object_of(text, &object, message);
    if (rows[i].error != NULL) {
      assert_int_equal(status, KILN_ERR_SYMBOL);
      assert_non_null(strstr(message, rows[i].error));
    } else {
      assert_int_equal(status, KILN_OK);
      count(&object, of);
      assert_int_equal(of[0], rows[i].local);
      assert_int_equal(of[1], rows[i].defined);
      assert_int_equal(of[2], rows[i].undefined);
    }
    kiln_buffer_free(&object);
  }
}

/* ---- a module as an object and in memory ---- */

CASE(both) {
  static const char text[] =
    FMOD("internal ", TWO) REM "data tls(gd) @t { i64 5 }\nfunc @g() -> i64 {\nb0:\n  v0 = "
                               "tls_addr @t\n  v1 = load.i64 v0\n  ret v1\n}\n";
  kiln_buffer objects[3] = {{0}};
  for (unsigned order = 0; order < 3; order++) { /* the object alone, before, afterwards */
    struct compiled c = jit_compile(text);
    kiln_jit *jit = jit_new(NULL);
    kiln_jit_input in = {.module = c.m, .sessions = &c.s, .n_sessions = 1};
    if (order == 2) assert_int_equal(kiln_jit_add(jit, 0, &in, 1, NULL, NULL), KILN_OK);
    assert_int_equal(kiln_emit_elf(c.m, &c.s, 1, &objects[order]), KILN_OK);
    if (order == 1) assert_int_equal(kiln_jit_add(jit, 0, &in, 1, NULL, NULL), KILN_OK);
    if (order != 0) {
      assert_true(run(jit) == 3);
      assert_int_equal(jit_call(jit, "g", 0, 0), 5);
      assert_int_equal(objects[order].size, objects[0].size);
      assert_memory_equal(objects[order].data, objects[0].data, objects[0].size);
    }
    kiln_jit_free(jit);
    jit_release(c);
  }
  for (unsigned i = 0; i < 3; i++) kiln_buffer_free(&objects[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(not_captured), cmocka_unit_test(supplied), cmocka_unit_test(of_the_system),
    cmocka_unit_test(objects),      cmocka_unit_test(both),
  };
  static double (*volatile keeps)(double, double) = fmod; /* the program has it */
  assert_non_null(keeps);
  return cmocka_run_group_tests_name("library", tests, NULL, NULL);
}
