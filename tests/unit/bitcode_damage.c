/* The bitcode reader with damaged input: every length of a module, single bits and bytes changed,
 * hostile sizes. Every read ends with a status and, unless it is KILN_OK, with a diagnostic; memory
 * errors are what the sanitizer builds of this test are for. */
#include "bitcode_fixture.h"
#include "failing.h"

/* A module with something of each kind: constants, strings, types, attributes, calls, phis, a switch. */
static const char source[] =
  "#include <stdarg.h>\n"
  "struct s { int a; long b[3]; struct { char c; double d; } e; };\n"
  "struct p { long x; double y; };\n"
  "extern int printf(const char *, ...);\n"
  "static const char *const names[] = {\"one\", \"two\", \"three\"};\n"
  "struct s table[2] = {{1, {2, 3, 4}, {'c', 5.5}}, {-1, {0}, {0}}};\n"
  "int *where = &table[1].a; _Thread_local int t; static int (*fn)(const char *, ...) = printf;\n"
  "static struct p pair(long a) { struct p r = {a, a * 0.5}; return r; }\n"
  "int sum(int n, ...) { va_list l; va_start(l, n); int s = 0; while (n--) s += va_arg(l, int);\n"
  " va_end(l); return s; }\n"
  "int f(struct s v, unsigned long n, _Bool q) {\n"
  "  static void *labels[] = {&&one, &&two}; __int128 w = n; int r = 0;\n"
  "  for (unsigned long i = 0; i < n; i++) switch (v.a) {\n"
  "    case 3: r += names[i % 3][0]; break; case 4: r ^= 7; break; case -100000: return 9;\n"
  "    default: r += q ? (int)pair(i).y : t; }\n"
  "  goto *labels[r & 1]; one: w = w * w >> 3; two: return fn(\"%d\\n\", r + (int)w);\n"
  "}\n";

/* The same of exceptions. */
static const char throwing[] =
  "struct A { int n; A(int); ~A(); }; int g(int); struct B { B(); virtual ~B(); };\n"
  "int f(int a) { A x(a); try { A y(g(a)); if (a > 3) throw B(); return g(y.n); }\n"
  " catch (int e) { return g(e) + x.n; } catch (B &) { A z(1); throw; } catch (...) { return 2; } "
  "}\n"
  "int s(int a) throw(int, char) { int r = 0; for (int i = 0; i < a; i++) r += f(i); return r; }\n"
  "int n(int a) noexcept { __asm__ volatile(\"\" ::: \"memory\"); return s(a) + s(a + 1); }\n";

/* Emulated, the reader is the same code in other instructions: one position of so many. */
#ifdef KN_TEST_EMULATED
enum { STEP = 8 };
#else
enum { STEP = 1 };
#endif

static uint64_t random_state;
static uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

/* Reads; an error must come with a message. */
static kiln_status check(const uint8_t *bytes, size_t size) {
  struct bc_result r = bc_read(bytes, size, false);
  if (r.status != KILN_OK) {
    assert_int_not_equal(r.diag.status, KILN_OK);
    assert_true(r.diag.message[0] != 0);
  }
  bc_free(&r);
  return r.status;
}

/* In memory of exactly that size, so that reads after the end are found. */
static kiln_status check_copy(const uint8_t *bytes, size_t size) {
  uint8_t *copy = malloc(size ? size : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, size);
  kiln_status s = check(copy, size);
  kiln_target t;
  kiln_llvm_find_target(copy, size, &t);
  free(copy);
  return s;
}

CASE(every_length) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc = bc_make("c", "-O0", source);
  for (size_t n = 0; n < bc.size; n += STEP) assert_int_not_equal(check_copy(bc.data, n), KILN_OK);
  assert_int_equal(check_copy(bc.data, bc.size), KILN_OK);
  kiln_buffer_free(&bc);
}

/* The module's block made shorter or longer, its end within every record. */
CASE(every_block_length) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc = bc_make("c", "-O0", source);
  for (size_t at = 4; at + 4 <= bc.size; at += 4 * STEP) {
    uint32_t word, changed;
    memcpy(&word, bc.data + at, 4);
    for (unsigned k = 0; k < 3; k++) {
      changed = k == 0 ? word - 1 : k == 1 ? word + 1 : UINT32_MAX;
      memcpy(bc.data + at, &changed, 4);
      check(bc.data, bc.size);
    }
    memcpy(bc.data + at, &word, 4);
  }
  assert_int_equal(check(bc.data, bc.size), KILN_OK);
  kiln_buffer_free(&bc);
}

static void damage(const char *language, const char *flags, const char *text, uint64_t seed,
                   unsigned rounds) {
  kiln_buffer bc = bc_make(language, flags, text);
  uint8_t *copy = malloc(bc.size);
  assert_non_null(copy);
  random_state = seed;
  unsigned good = 0;
  for (unsigned i = 0; i < rounds; i += STEP) {
    memcpy(copy, bc.data, bc.size);
    unsigned changes = 1 + (unsigned)(next_random() % 3);
    for (unsigned k = 0; k < changes; k++) {
      uint8_t *at = copy + next_random() % bc.size;
      if (next_random() & 1) *at ^= (uint8_t)(1u << (next_random() & 7));
      else *at = (uint8_t)next_random();
    }
    good += check(copy, bc.size) == KILN_OK;
  }
  assert_true(good > 0 && good < rounds / STEP); /* some succeeded and some failed */
  free(copy);
  kiln_buffer_free(&bc);
}

CASE(random_damage) {
  if (!bc_have_clang()) skip();
  damage("c", "-O0", source, 0x1234567, 2000);
  damage("c", "-O1", source, 0x89abcdef, 2000);
  damage("c", "-O0 -g", source, 0x55aa55aa, 1000);
  damage("c++", "-O0 -fexceptions -std=c++14", throwing, 0x13579bdf, 2000);
  damage("c++", "-O1 -fexceptions -std=c++14", throwing, 0x2468ace0, 1000);
}

/* What reading a variable of a type that is nested `depth` deep gives. */
static kiln_status read_nested(unsigned depth) {
  kiln_buffer text = {0};
  char line[256];
  for (unsigned i = 0; i < depth; i++) {
    int n = i == 0 ? snprintf(line, sizeof line, "%%t0 = type { i8 }\n")
                   : snprintf(line, sizeof line, "%%t%u = type { %%t%u }\n", i, i - 1);
    kiln_buffer_append(&text, line, (size_t)n);
  }
  int n = snprintf(line, sizeof line, "@g = global %%t%u zeroinitializer\n", depth - 1);
  kiln_buffer_append(&text, line, (size_t)n + 1);
  kiln_buffer bc = bc_make("ir", "-O0", (const char *)text.data);
  struct bc_result r = bc_read(bc.data, bc.size, false);
  kiln_status status = r.status;
  bc_free(&r);
  kiln_buffer_free(&bc);
  kiln_buffer_free(&text);
  return status;
}

/* Types nested deeply, expressions nested and shared. */
CASE(nested_input) {
  if (!bc_have_clang()) skip();
  assert_int_equal(read_nested(300), KILN_OK);
  assert_int_equal(read_nested(10100), KILN_ERR_LIMIT);
  kiln_buffer text = {0};
  char line[256];
  /* 2^60 elements of a shared aggregate without content. */
  const char *head = "%e0 = type {}\n";
  kiln_buffer_append(&text, head, strlen(head));
  for (unsigned i = 1; i < 60; i++) {
    int n = snprintf(line, sizeof line, "%%e%u = type { %%e%u, %%e%u }\n", i, i - 1, i - 1);
    kiln_buffer_append(&text, line, (size_t)n);
  }
  const char *end =
    "@g = global %e59 zeroinitializer\ndefine %e59 @f(%e59 %a) {\n ret %e59 %a\n}\n";
  kiln_buffer_append(&text, end, strlen(end) + 1);
  kiln_buffer bc = bc_make("ir", "-O0", (const char *)text.data);
  struct bc_result r = bc_read(bc.data, bc.size, false);
  assert_int_equal(r.status, KILN_OK);
  bc_free(&r);
  kiln_buffer_free(&bc);
  kiln_buffer_free(&text);
}

/* ---- failing memory ---- */

static kiln_status drop(void *user, kiln_func *f) {
  (void)user;
  kiln_func_discard(f);
  return KILN_OK;
}

/* Every allocation of a read fails once; the memory is given back each time (the sanitizer looks). */
static void fail_memory(bool throws) {
  kiln_buffer bc =
    throws ? bc_make("c++", "-O0 -fexceptions -std=c++14", throwing) : bc_make("c", "-O1", source);
  kiln_status status = KILN_ERR_MEMORY;
  long n = 0;
  for (; status != KILN_OK; n++) {
    assert_true(n < 100000);
    struct failing budget = {.fail_at = (size_t)n + 1, .on = true, .junk = true};
    kiln_module_options options = {.target.processor = KILN_PROCESSOR_X86_64,
                                   .allocator = failing_allocator(&budget)};
    kiln_module *m = kiln_module_new(&options);
    if (!m) continue;
    kiln_session *s = kiln_session_new(m);
    if (s) {
      status = kiln_llvm_read(s, bc.data, bc.size, NULL, drop, NULL, NULL);
      if (status != KILN_OK) assert_int_equal(status, KILN_ERR_MEMORY);
    }
    kiln_session_free(s);
    kiln_module_free(m);
  }
  assert_true(n > 10);
  kiln_buffer_free(&bc);
}

CASE(failing_memory) {
  if (!bc_have_clang()) skip();
  fail_memory(false);
  fail_memory(true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_length),   cmocka_unit_test(every_block_length),
    cmocka_unit_test(random_damage),  cmocka_unit_test(nested_input),
    cmocka_unit_test(failing_memory),
  };
  return cmocka_run_group_tests_name("bitcode damage", tests, NULL, NULL);
}
