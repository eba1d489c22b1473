/* Bitcode read in parts: kiln_llvm_new, forks and any partition of the bodies give the object that
 * kiln_llvm_read gives; an error affects only the reader that met it; damaged input and failing allocations end with
 * a status. Threads are tested with the tool: here forks take turns. */
#include "bitcode_fixture.h"
#include "failing.h"

static const char source[] =
  "struct p { long x; double y; }; extern int printf(const char *, ...);\n"
  "static const char *const names[] = {\"one\", \"two\", \"three\"};\n"
  "double pow(double, double); static _Thread_local int t;\n"
  "static struct p pair(long a) { struct p r = {a, a * 0.5}; return r; }\n"
  "int sum(int n, ...) { __builtin_va_list l; __builtin_va_start(l, n); int s = 0;\n"
  " while (n--) s += __builtin_va_arg(l, int); __builtin_va_end(l); return s; }\n"
  "int jump(int i) { static void *labels[] = {&&a, &&b}; goto *labels[i & 1]; a: return 4;\n"
  " b: return names[i][0]; }\n"
  "void *local(int i) { void *p = i ? &&x : &&y; goto *p; x: t++; y: return p; }\n"
  "double f(double x) { return __builtin_sin(x) + __builtin_pow(x, 2.5) + pair(3).y; }\n"
  "int choose(unsigned x) { switch (x) { case 0: return 5; case 1: return 9; case 2: return -1;\n"
  " case 3: return 44; case 4: return 7; default: return printf(\"%d\", t); } }\n"
  "__int128 wide(__int128 a, __int128 b) { return a / b + (a % 7); }\n"
  "__attribute__((section(\".mine\"))) int placed(int x) { return choose(x) + x; }\n"
  "int late(int); __attribute__((returns_twice)) int again(void); int twice(int x) { int y = x * "
  "3, z = late(y);\n"
  " while (again()) if (z > y) return late(y + z); return late(x) + z; }\n"
  "int early(int x) { return late(x); } int late(int x) { return x * 3; }\n"
  "void keep(void **p) { *p = (void *)-1; }\n" /* -g: a value of `q` is this constant, too */
  "static inline int with(void *q, int k) { return k * 2 + (q == 0); }\n"
  "int shows(int k) { return with((void *)-1, late(k)) + with((void *)-1, t); }\n";

enum { FORKS = 3 };

static kiln_module *new_module(struct bc_result *r) {
  kiln_module_options o = {.target.processor = KILN_PROCESSOR_X86_64,
                           .name = "test",
                           .on_diag = bc_note,
                           .on_diag_user = r};
  kiln_module *m = kiln_module_new(&o);
  assert_non_null(m);
  return m;
}

static kiln_session *new_session(kiln_module *m) {
  kiln_session *s = kiln_session_new(m);
  assert_non_null(s);
  return s;
}

static kiln_buffer object_of(kiln_module *m, kiln_session **s, uint32_t n) {
  kiln_buffer out = {0};
  assert_int_equal(kiln_emit_elf(m, s, n, &out), KILN_OK);
  return out;
}

/* The object of a plain read; the number of LLVM instructions. */
static kiln_buffer whole(const kiln_buffer *bc, uint64_t *instructions) {
  struct bc_result r = {0};
  kiln_module *m = new_module(&r);
  kiln_session *s = new_session(m);
  assert_int_equal(kiln_llvm_read(s, bc->data, bc->size, NULL, NULL, NULL, instructions), KILN_OK);
  kiln_buffer out = object_of(m, &s, 1);
  kiln_session_free(s);
  kiln_module_free(m);
  return out;
}

static void assert_same(const kiln_buffer *a, const kiln_buffer *b) {
  assert_int_equal(a->size, b->size);
  assert_memory_equal(a->data, b->data, a->size);
}

/* Reads every body by one of several forks, in an order; both depend on `seed`. */
static kiln_buffer parts(const kiln_buffer *bc, unsigned seed, uint64_t *instructions) {
  struct bc_result r = {0};
  kiln_module *m = new_module(&r);
  kiln_session *s[FORKS];
  kiln_llvm *fork[FORKS];
  for (unsigned i = 0; i < FORKS; i++) s[i] = new_session(m);
  kiln_llvm *all = kiln_llvm_new(s[0], bc->data, bc->size, NULL);
  assert_non_null(all);
  assert_int_equal(kiln_module_freeze(m), KILN_OK);
  for (unsigned i = 0; i < FORKS; i++) {
    fork[i] = kiln_llvm_fork(all, s[(i + seed) % FORKS]);
    assert_non_null(fork[i]);
  }
  uint32_t n = kiln_llvm_body_count(all), step = n % 7 != 0 ? 7 : 5;
  assert_true(n > 5 && n % step != 0); /* every body comes once */
  *instructions = 0;
  for (uint32_t k = 0; k < n; k++) {
    uint32_t i = (k * step + seed) % n;
    uint64_t count = 0;
    kiln_llvm *by = fork[(i * (seed | 1) + (i >> 1)) % FORKS];
    assert_int_equal(kiln_llvm_read_bodies(by, i, 1, NULL, NULL, &count), KILN_OK);
    *instructions += count;
  }
  kiln_buffer out = object_of(m, s, FORKS);
  for (unsigned i = 0; i < FORKS; i++) kiln_llvm_free(fork[i]);
  kiln_llvm_free(all);
  for (unsigned i = 0; i < FORKS; i++) kiln_session_free(s[i]);
  kiln_module_free(m);
  return out;
}

CASE(any_partition) {
  if (!bc_have_clang()) skip();
  const char *const flags[] = {"-O0", "-O0 -g", "-O1", "-O1 -g -fPIC"};
  for (unsigned k = 0; k < sizeof flags / sizeof *flags; k++) {
    kiln_buffer bc = bc_make("c", flags[k], source);
    uint64_t want_count, count;
    kiln_buffer want = whole(&bc, &want_count);
    for (unsigned seed = 0; seed < 6; seed++) {
      kiln_buffer got = parts(&bc, seed, &count);
      assert_same(&want, &got);
      assert_int_equal(count, want_count);
      kiln_buffer_free(&got);
    }
    kiln_buffer_free(&want);
    kiln_buffer_free(&bc);
  }
}

/* The opened reader itself, without forks and without a freeze, in two halves. */
CASE(one_reader) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc = bc_make("c", "-O1 -g", source);
  uint64_t count, want_count;
  kiln_buffer want = whole(&bc, &want_count);
  struct bc_result r = {0};
  kiln_module *m = new_module(&r);
  kiln_session *s = new_session(m);
  kiln_llvm *all = kiln_llvm_new(s, bc.data, bc.size, NULL);
  assert_non_null(all);
  uint32_t n = kiln_llvm_body_count(all), half = n / 2;
  assert_int_equal(kiln_llvm_read_bodies(all, 0, half, NULL, NULL, &count), KILN_OK);
  want_count -= count;
  assert_int_equal(kiln_llvm_read_bodies(all, half, n - half, NULL, NULL, &count), KILN_OK);
  assert_int_equal(count, want_count);
  assert_int_equal(kiln_llvm_diag(all)->status, KILN_OK);
  kiln_buffer got = object_of(m, &s, 1);
  assert_same(&want, &got);
  kiln_llvm_free(all);
  kiln_buffer_free(&got);
  kiln_buffer_free(&want);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&bc);
}

CASE(misuse) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc = bc_make("c", "-O0", source);
  struct bc_result r = {0};
  kiln_module *m = new_module(&r), *other = new_module(&r);
  kiln_session *s = new_session(m), *foreign = new_session(other);
  assert_null(kiln_llvm_new(NULL, bc.data, bc.size, NULL));
  assert_null(kiln_llvm_new(foreign, bc.data, 10, NULL));
  assert_int_not_equal(kiln_module_status(other), KILN_OK);
  kiln_llvm *all = kiln_llvm_new(s, bc.data, bc.size, NULL);
  uint32_t n = kiln_llvm_body_count(all);
  assert_int_equal(kiln_llvm_read_bodies(all, n + 1, 0, NULL, NULL, NULL), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_llvm_read_bodies(all, 1, n, NULL, NULL, NULL), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_llvm_read_bodies(all, 1, UINT32_MAX, NULL, NULL, NULL), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_llvm_read_bodies(all, n, 0, NULL, NULL, NULL), KILN_OK);
  assert_int_equal(kiln_module_freeze(m), KILN_OK);
  kiln_llvm *fork = kiln_llvm_fork(all, s);
  assert_non_null(fork);
  assert_int_equal(kiln_llvm_body_count(fork), n);
  assert_int_equal(kiln_module_status(m), KILN_OK);
  assert_null(kiln_llvm_fork(fork, s));
  assert_int_equal(kiln_module_status(m), KILN_ERR_ARGUMENT);
  assert_null(kiln_llvm_fork(all, NULL));
  assert_null(kiln_llvm_fork(NULL, s));
  assert_null(kiln_llvm_fork(NULL, NULL));
  assert_null(kiln_llvm_fork(all, foreign));
  assert_int_equal(kiln_llvm_read_bodies(all, 0, 1, NULL, NULL, NULL), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_llvm_read_bodies(NULL, 0, 0, NULL, NULL, NULL), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_llvm_body_count(NULL), 0);
  kiln_llvm_free(fork); /* without having read a body */
  kiln_llvm_free(all);
  kiln_llvm_free(NULL);
  kiln_session_free(s);
  kiln_session_free(foreign);
  kiln_module_free(m);
  kiln_module_free(other);
  kiln_buffer_free(&bc);
}

/* A body with something not implemented ends its reader, but neither the module nor other readers. */
CASE(errors_stay) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc = bc_make("c", "-O0",
                           "int a(int x) { return x; }\n"
                           "int b(int x) { __asm__ volatile(\"fninit\"); return x; }\n"
                           "int c(int x) { return a(x); }\n");
  struct bc_result r = {0};
  kiln_module *m = new_module(&r);
  kiln_session *s[2] = {new_session(m), new_session(m)};
  kiln_llvm *all = kiln_llvm_new(s[0], bc.data, bc.size, NULL);
  assert_int_equal(kiln_module_freeze(m), KILN_OK);
  kiln_llvm *one = kiln_llvm_fork(all, s[0]), *two = kiln_llvm_fork(all, s[1]);
  assert_int_equal(kiln_llvm_body_count(all), 3);
  assert_int_equal(kiln_llvm_read_bodies(one, 0, 3, NULL, NULL, NULL), KILN_ERR_UNSUPPORTED);
  const kiln_diag *d = kiln_llvm_diag(one);
  assert_int_equal(d->status, KILN_ERR_UNSUPPORTED);
  assert_string_equal(d->function, "b");
  assert_non_null(strstr(d->message, "inline assembly"));
  assert_int_equal(kiln_llvm_read_bodies(one, 2, 1, NULL, NULL, NULL), KILN_ERR_UNSUPPORTED);
  assert_int_equal(kiln_module_status(m), KILN_OK);
  assert_int_equal(kiln_llvm_read_bodies(two, 2, 1, NULL, NULL, NULL), KILN_OK);
  assert_int_equal(kiln_llvm_diag(two)->status, KILN_OK);
  kiln_llvm_free(one);
  kiln_llvm_free(two);
  kiln_llvm_free(all);
  kiln_session_free(s[0]);
  kiln_session_free(s[1]);
  kiln_module_free(m);
  kiln_buffer_free(&bc);
}

/* A reader that failed has no forks, and the module says why. */
CASE(no_fork_of_a_failed_reader) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc =
    bc_make("c", "-O0", "int b(int x) { __asm__ volatile(\"fninit\"); return x; }\n");
  struct bc_result r = {0};
  kiln_module *m = new_module(&r);
  kiln_session *s = new_session(m);
  kiln_llvm *all = kiln_llvm_new(s, bc.data, bc.size, NULL);
  assert_int_equal(kiln_llvm_read_bodies(all, 0, 1, NULL, NULL, NULL), KILN_ERR_UNSUPPORTED);
  assert_null(kiln_llvm_fork(all, s));
  assert_int_equal(kiln_module_status(m), KILN_ERR_UNSUPPORTED);
  assert_string_equal(kiln_module_diag(m)->function, "b");
  kiln_llvm_free(all);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&bc);
}

static kiln_status print_to(void *user, kiln_func *f) {
  kiln_status status = kiln_func_print(f, user);
  kiln_func_discard(f);
  return status;
}

/* Files are numbered by each session, so a fork does not use the numbers that its reader has met. */
CASE(files_of_forks) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc =
    bc_make("c", "-O0 -g", "int a(int x) { return x; }\nint b(int x) { return x; }\n");
  struct bc_result r = {0};
  kiln_module *m = new_module(&r);
  kiln_session *s[2] = {new_session(m), new_session(m)};
  kiln_llvm *all = kiln_llvm_new(s[0], bc.data, bc.size, NULL);
  kiln_buffer text[2] = {0};
  for (unsigned k = 0; k < 5; k++) kiln_file_new(s[0], &"abcde"[k]);
  assert_int_equal(kiln_llvm_read_bodies(all, 0, 1, print_to, &text[0], NULL), KILN_OK);
  assert_int_equal(kiln_module_freeze(m), KILN_OK);
  kiln_llvm *fork = kiln_llvm_fork(all, s[1]);
  assert_int_equal(kiln_llvm_read_bodies(fork, 1, 1, print_to, &text[1], NULL), KILN_OK);
  char *name[2];
  for (unsigned k = 0; k < 2; k++) {
    char *all_text = strndup((const char *)text[k].data, text[k].size);
    char *loc = strstr(all_text, "!loc \"");
    assert_non_null(loc);
    name[k] = strndup(loc, strcspn(loc + 6, "\"") + 6);
    free(all_text);
    kiln_buffer_free(&text[k]);
  }
  assert_string_equal(name[0], name[1]);
  free(name[0]);
  free(name[1]);
  kiln_llvm_free(fork);
  kiln_llvm_free(all);
  for (unsigned k = 0; k < 2; k++) kiln_session_free(s[k]);
  kiln_module_free(m);
  kiln_buffer_free(&bc);
}

/* Bodies that take addresses of blocks, of this function and of another one. */
CASE(block_addresses) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc = bc_make("ir", "-O0",
                           "define ptr @own(i1 %c) {\n  br i1 %c, label %x, label %y\nx:\n"
                           "  ret ptr blockaddress(@own, %y)\ny:\n"
                           "  %d = sub i64 ptrtoint (ptr blockaddress(@own, %y) to i64), 3\n"
                           "  %p = inttoptr i64 %d to ptr\n  ret ptr %p\n}\n"
                           "define ptr @foreign() {\n  ret ptr blockaddress(@own, %x)\n}\n");
  struct bc_result r = {0};
  kiln_module *m = new_module(&r);
  kiln_session *s = new_session(m);
  kiln_llvm *all = kiln_llvm_new(s, bc.data, bc.size, NULL);
  assert_int_equal(kiln_module_freeze(m), KILN_OK);
  assert_int_equal(kiln_llvm_read_bodies(all, 0, 1, NULL, NULL, NULL), KILN_OK);
  assert_int_equal(kiln_llvm_read_bodies(all, 1, 1, NULL, NULL, NULL), KILN_ERR_UNSUPPORTED);
  assert_non_null(strstr(kiln_llvm_diag(all)->message, "another function's block"));
  assert_int_equal(kiln_module_status(m), KILN_OK);
  kiln_llvm_free(all);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&bc);
}

/* ---- damage and failing memory ---- */

/* Opens, forks and reads backwards by turns; the first status that is not KILN_OK. */
static kiln_status try_parts(const uint8_t *bytes, size_t size, long budget) {
  struct failing b = {.fail_at = (size_t)budget + 1, .on = true};
  kiln_module_options o = {.target.processor = KILN_PROCESSOR_X86_64,
                           .allocator = failing_allocator(&b)};
  kiln_module *m = kiln_module_new(&o);
  if (!m) return KILN_ERR_MEMORY;
  kiln_session *s[2] = {kiln_session_new(m), kiln_session_new(m)};
  kiln_llvm *all = s[0] && s[1] ? kiln_llvm_new(s[0], bytes, size, NULL) : NULL,
            *fork[2] = {NULL, NULL};
  kiln_status status = KILN_ERR_MEMORY;
  if (all) {
    status = kiln_module_freeze(m);
    for (unsigned i = 0; i < 2; i++)
      if (!(fork[i] = kiln_llvm_fork(all, s[i]))) status = KILN_ERR_MEMORY;
    for (uint32_t i = kiln_llvm_body_count(all); i-- > 0 && status == KILN_OK;) {
      status = kiln_llvm_read_bodies(fork[i & 1], i, 1, NULL, NULL, NULL);
      if (status != KILN_OK) assert_int_equal(kiln_llvm_diag(fork[i & 1])->status, status);
    }
  } else if (s[0] && s[1]) {
    status = kiln_module_status(m);
    assert_int_not_equal(status, KILN_OK);
  }
  for (unsigned i = 0; i < 2; i++) kiln_llvm_free(fork[i]);
  kiln_llvm_free(all);
  for (unsigned i = 0; i < 2; i++)
    if (s[i]) kiln_session_free(s[i]);
  kiln_module_free(m);
  return status;
}

CASE(failing_memory) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc = bc_make("c", "-O1 -g", source);
  kiln_status status = KILN_ERR_MEMORY;
  long n = 0;
  for (; status != KILN_OK; n++) {
    assert_true(n < 100000);
    status = try_parts(bc.data, bc.size, n);
    if (status != KILN_OK) assert_int_equal(status, KILN_ERR_MEMORY);
  }
  assert_true(n > 10);
  kiln_buffer_free(&bc);
}

CASE(random_damage) {
  if (!bc_have_clang()) skip();
  const char *const flags[] = {"-O0", "-O1 -g"};
  uint64_t x = 0x2545f4914f6cdd1d;
  unsigned good = 0, rounds = 800;
  for (unsigned k = 0; k < 2; k++) {
    kiln_buffer bc = bc_make("c", flags[k], source);
    uint8_t *copy = malloc(bc.size);
    assert_non_null(copy);
    for (unsigned i = 0; i < rounds; i++) {
      memcpy(copy, bc.data, bc.size);
      for (unsigned c = 0; c < 2; c++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        copy[(x >> 8) % bc.size] ^= (uint8_t)(1u << (x & 7));
      }
      good += try_parts(copy, bc.size, 1000000) == KILN_OK;
    }
    for (size_t n = 0; n < bc.size; n += 5) /* cut */
      assert_int_not_equal(try_parts(bc.data, n, 1000000), KILN_OK);
    free(copy);
    kiln_buffer_free(&bc);
  }
  assert_true(good > 0 && good < 2 * rounds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(any_partition),
    cmocka_unit_test(one_reader),
    cmocka_unit_test(misuse),
    cmocka_unit_test(errors_stay),
    cmocka_unit_test(block_addresses),
    cmocka_unit_test(failing_memory),
    cmocka_unit_test(random_damage),
    cmocka_unit_test(files_of_forks),
    cmocka_unit_test(no_fork_of_a_failed_reader),
  };
  return cmocka_run_group_tests_name("bitcode in parts", tests, NULL, NULL);
}
