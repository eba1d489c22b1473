/* What the unwinder and perf learn of a JIT's functions. (gdb: tests/tool/jit_gdb.sh.) */
#define _GNU_SOURCE
#include "jit_fixture.h"

#include <elf.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

/* Calls a C function through two functions of the JIT, which have frames of different kinds. */
static const char through_text[] =
  "func @inner(i64, i64) -> i64 {\nb0(%f: i64, %x: i64):\n"
  "  %r = call %f(%x) as (i64) -> i64\n  %s = add.i64 %r, %x\n  ret %s\n}\n"
  "func @outer(i64, i64) -> i64 {\n  %big = slot 3000 align 32\nb0(%f: i64, %x: i64):\n"
  "  store.i64 %x, %big\n  %p = addr %big + %x*8\n  store.i64 %f, %p\n"
  "  %r = call @inner(%f, %x)\n  %y = load.i64 %big\n  %s = add.i64 %r, %y\n  ret %s\n}\n";

struct frames {
  void *at[64];
  int n;
};
static struct frames seen;

static long look(long x) {
  seen.n = backtrace(seen.at, 64);
  return x;
}

static int frame_in(const void *start, size_t size) {
  for (int i = 0; i < seen.n; i++)
    if ((const char *)seen.at[i] > (const char *)start &&
        (const char *)seen.at[i] <= (const char *)start + size)
      return i;
  return -1;
}

static __attribute__((noinline)) long enter(kiln_jit *jit, long (*f)(long), long x) {
  long r = jit_call(jit, "outer", (long)(uintptr_t)f, x);
  __asm__ volatile("" ::: "memory");
  return r;
}

CASE(backtraces) {
  kiln_jit *jit = jit_new(NULL);
  for (int round = 0; round < 3; round++) { /* what was removed is not found again */
    kiln_jit_unit u = jit_add(jit, through_text, 0);
    assert_int_equal(enter(jit, look, 5), 15);
    int inner = frame_in(kiln_jit_lookup(jit, "inner"), 40);
    int outer = frame_in(kiln_jit_lookup(jit, "outer"), 300);
    assert_true(inner > 0);
    assert_true(outer > 0);
    assert_true(seen.n > outer + 2); /* and on, to main */
    assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
  }
  kiln_jit_free(jit);
}

/* Among many units whose frames are in the same tables. */
enum { MANY = 400 };

CASE(backtraces_among_many) {
  kiln_jit *jit = jit_new(NULL);
  kiln_jit_unit units[MANY];
  char text[256];
  static const char format[] =
    "func internal @many(i64, i64) -> i64 {\nb0(%%f: i64, %%x: i64):\n"
    "  %%r = call %%f(%%x) as (i64) -> i64\n  %%s = add.i64 %%r, %d\n  ret %%s\n}\n";
  for (int i = 0; i < MANY; i++) {
    snprintf(text, sizeof text, format, i);
    units[i] = jit_add(jit, text, 0);
  }
  for (int i = 0; i < MANY; i++) {
    if (i % 3 == 0) assert_int_equal(kiln_jit_remove(jit, units[i], NULL), KILN_OK);
    if (i % 6 != 0) continue; /* some are added again, in memory of removed ones */
    snprintf(text, sizeof text, format, i);
    units[i] = jit_add(jit, text, 0);
  }
  for (int i = 0; i < MANY; i++) {
    if (i % 6 == 3) continue;
    const void *at = kiln_jit_address(jit, units[i], "many");
    assert_int_equal(((jit_fn *)(uintptr_t)at)((long)(uintptr_t)look, 5), 5 + i);
    int frame = frame_in(at, 64);
    assert_true(frame > 0);
    assert_true(seen.n > frame + 2);
  }
  kiln_jit_free(jit);
}

/* One thread takes backtraces, while another adds and removes units in the same chunk. */
struct busy {
  kiln_jit *jit;
  atomic_bool stop;
};

static void *add_and_remove(void *p) {
  struct busy *b = p;
  while (!b->stop) {
    kiln_jit_unit u = jit_add(b->jit, "func internal @f() -> i64 {\nb0:\n  ret 1\n}\n", 0);
    assert_int_equal(kiln_jit_remove(b->jit, u, NULL), KILN_OK);
  }
  return NULL;
}

CASE(backtraces_while_others_add) {
  struct busy b = {.jit = jit_new(NULL)};
  jit_add(b.jit, through_text, 0);
  pthread_t t;
  assert_int_equal(pthread_create(&t, NULL, add_and_remove, &b), 0);
  int missed = 0;
  for (int i = 0; i < (EMULATED ? 200 : 5000); i++) {
    enter(b.jit, look, 5);
    int outer = frame_in(kiln_jit_lookup(b.jit, "outer"), 300);
    missed += outer <= 0 || seen.n <= outer + 2;
  }
  b.stop = true;
  assert_int_equal(pthread_join(t, NULL), 0);
  assert_int_equal(missed, 0);
  kiln_jit_free(b.jit);
}

static long wait_for_cancel(long x) {
  pthread_cancel(pthread_self());
  pthread_testcancel();
  return x;
}

static void note_cleanup(void *p) { ++*(int *)p; }

struct cancelled {
  kiln_jit *jit;
  int cleaned;
};

static void *run_cancelled(void *p) {
  struct cancelled *c = p;
  pthread_cleanup_push(note_cleanup, &c->cleaned);
  enter(c->jit, wait_for_cancel, 1);
  pthread_cleanup_pop(0);
  return NULL;
}

CASE(cancels) {
  struct cancelled c = {.jit = jit_new(NULL)};
  jit_add(c.jit, through_text, 0);
  pthread_t t;
  void *result = NULL;
  assert_int_equal(pthread_create(&t, NULL, run_cancelled, &c), 0);
  assert_int_equal(pthread_join(t, &result), 0);
  assert_ptr_equal(result, PTHREAD_CANCELED);
  assert_int_equal(c.cleaned, 1);
  kiln_jit_free(c.jit);
}

static uint8_t *read_file(const char *name, size_t *size) {
  FILE *f = fopen(name, "rb");
  if (f == NULL) fail_msg("no file %s", name);
  uint8_t *p = malloc(1 << 20);
  *size = fread(p, 1, (1 << 20) - 1, f);
  fclose(f);
  p[*size] = 0;
  return p;
}

CASE(perf_reads_names) {
  char folder[] = "/tmp/kiln-jit-XXXXXX", map[64], dump[64], line[128];
  assert_non_null(mkdtemp(folder));
  snprintf(map, sizeof map, "/tmp/perf-%d.map", (int)getpid());
  snprintf(dump, sizeof dump, "%s/jit-%d.dump", folder, (int)getpid());
  kiln_jit_options options = {.perf_map = true, .jitdump_folder = folder};
  kiln_jit *jit = jit_new(&options);
  jit_add(jit, through_text, 0);
  const char *const names[] = {"inner", "outer"};
  const void *at[] = {kiln_jit_lookup(jit, "inner"), kiln_jit_lookup(jit, "outer")};

  size_t size;
  char *text = (char *)read_file(map, &size);
  uint64_t sizes[2];
  char *rest = text;
  for (int i = 0; i < 2; i++) {
    unsigned long long start, length;
    assert_int_equal(sscanf(rest, "%llx %llx %100s\n", &start, &length, line), 3);
    assert_int_equal(start, (uintptr_t)at[i]);
    assert_string_equal(line, names[i]);
    assert_true(length > 8 && length < 300);
    sizes[i] = length;
    rest = strchr(rest, '\n') + 1;
  }
  assert_int_equal(*rest, 0);
  free(text);

  uint8_t *code[2];
  for (int i = 0; i < 2; i++) {
    code[i] = malloc(sizes[i]);
    memcpy(code[i], at[i], sizes[i]);
  }
  kiln_jit_free(jit);
  uint8_t *bytes = read_file(dump, &size), *p = bytes;
  uint32_t words[6];
  uint64_t longs[4];
  memcpy(words, p, 24);
  assert_int_equal(words[0], 0x4a695444);
  assert_int_equal(words[1], 1);
  assert_int_equal(words[2], 40);
  assert_int_equal(words[5], getpid());
#if defined(__x86_64__)
  assert_int_equal(words[3], EM_X86_64);
#else
  assert_int_equal(words[3], EM_AARCH64);
#endif
  p += 40;
  uint64_t last = 0;
  for (int i = 0; i < 2; i++) {
    memcpy(words, p, 8);
    memcpy(&last, p + 8, 8);
    assert_int_equal(words[0], 0);
    assert_int_equal(words[1], 56 + strlen(names[i]) + 1 + sizes[i]);
    memcpy(longs, p + 24, 32);
    assert_int_equal(longs[0], (uintptr_t)at[i]);
    assert_int_equal(longs[2], sizes[i]);
    assert_int_equal(longs[3], i);
    assert_string_equal((char *)p + 56, names[i]);
    assert_memory_equal(p + 56 + strlen(names[i]) + 1, code[i], sizes[i]);
    free(code[i]);
    p += words[1];
  }
  memcpy(words, p, 8);
  assert_int_equal(words[0], 3);
  assert_int_equal(p + 16 - bytes, size);
  free(bytes);
  unlink(map);
  unlink(dump);
  assert_int_equal(rmdir(folder), 0);
}

/* Each function has one line of the map, whatever is in its name. */
CASE(perf_has_a_line_for_each_name) {
  char map[64];
  snprintf(map, sizeof map, "/tmp/perf-%d.map", (int)getpid());
  kiln_jit *jit = jit_new(&(kiln_jit_options){.perf_map = true});
  jit_add(jit,
          "func @\"a b\\0a1000 10 c\\0d\\7f\"() -> i32 {\nb0:\n  ret 1\n}\n"
          "func @d() -> i32 {\nb0:\n  ret 2\n}\n",
          0);
  size_t size;
  char *text = (char *)read_file(map, &size), *second = strchr(text, '\n') + 1;
  unsigned long long start, length;
  int at = 0;
  assert_int_equal(sscanf(text, "%llx %llx %n", &start, &length, &at), 2);
  assert_int_equal(start, (uintptr_t)kiln_jit_lookup(jit, "a b\n1000 10 c\r\x7f"));
  second[-1] = 0;
  assert_string_equal(text + at, "a b\\0a1000 10 c\\0d\\7f");
  assert_int_equal(sscanf(second, "%llx %llx %n", &start, &length, &at), 2);
  assert_int_equal(start, (uintptr_t)kiln_jit_lookup(jit, "d"));
  assert_string_equal(second + at, "d\n");
  free(text);
  kiln_jit_free(jit);
  unlink(map);
}

/* Writes what a process of the same number left, long before this one began. */
static void leave_file(const char *name) {
  FILE *f = fopen(name, "wb");
  assert_non_null(f);
  fputs("1000 10 stale\n", f);
  fclose(f);
  const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
  assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static unsigned lines_of(const char *text) {
  unsigned n = 0;
  for (; *text != 0; text++) n += *text == '\n';
  return n;
}

/* A name is one line, whatever is in it; what another process left is gone, what another JIT of this one wrote is
 * not. */
CASE(perf_files_are_this_process_s) {
  char folder[] = "/tmp/kiln-jit-XXXXXX", map[64], dump[64];
  assert_non_null(mkdtemp(folder));
  snprintf(map, sizeof map, "/tmp/perf-%d.map", (int)getpid());
  snprintf(dump, sizeof dump, "%s/jit-%d.dump", folder, (int)getpid());
  leave_file(map);
  leave_file(dump);
  kiln_jit_options options = {.perf_map = true, .jitdump_folder = folder};
  kiln_jit *jits[2] = {jit_new(&options), jit_new(&options)};
  jit_add(
    jits[0],
    "func @\"a\\0adeadbeef 10 fake\"() {\nb0:\n  ret\n}\nfunc @\"sp ace\"() {\nb0:\n  ret\n}\n"
    "func @\"\\1b[31m\\7f\\5c\\c3\\a4\"() {\nb0:\n  ret\n}\n",
    0);
  jit_add(jits[1], "func @\"tab\\09\\0d\"() {\nb0:\n  ret\n}\n", 0);
  jit_add(jits[0], "func @last() {\nb0:\n  ret\n}\n", 0);
  static const char *const names[] = {"a\\0adeadbeef 10 fake", "sp ace", "\\1b[31m\\7f\\5c\xc3\xa4",
                                      "tab\\09\\0d", "last"};
  enum { N = sizeof names / sizeof *names };
  size_t size;
  char *text = (char *)read_file(map, &size), *line = text;
  assert_int_equal(lines_of(text), N);
  for (unsigned i = 0; i < N; i++) {
    char *end = strchr(line, '\n'), *name = strchr(strchr(line, ' ') + 1, ' ') + 1;
    *end = 0;
    assert_string_equal(name, names[i]);
    line = end + 1;
  }
  free(text);
  uint8_t *bytes = read_file(dump, &size), *p = bytes + 40;
  uint64_t numbers[N];
  assert_memory_equal(bytes, "DTiJ", 4);
  for (unsigned i = 0; i < N; i++) {
    uint32_t words[2];
    memcpy(words, p, 8);
    memcpy(numbers + i, p + 48, 8); /* number of the code */
    assert_int_equal(words[0], 0);
    assert_string_equal((char *)p + 56, names[i]);
    for (unsigned k = 0; k < i; k++) assert_int_not_equal(numbers[k], numbers[i]);
    p += words[1];
  }
  assert_int_equal(p - bytes, size);
  free(bytes);
  kiln_jit_free(jits[0]);
  kiln_jit_free(jits[1]);
  unlink(map);
  unlink(dump);
  assert_int_equal(rmdir(folder), 0);
}

/* Described functions have their lines in the dump, in a record before that of their code. */
CASE(dump_has_lines) {
  static const char described[] =
    "!1 = file { name \"a.src\" }\n!2 = compile_unit { decl_file !1 }\nunit !2\n"
    "!3 = subprogram in !1 { name \"f\" }\n"
    "func @plain() {\nb0:\n  ret\n}\n"
    "func @f(i64) -> i64 {\n  !debug !3 in !2\n  !begin \"a.src\" 1:0 in !3\n"
    "b0(v0: i64):\n  !loc \"a.src\" 2:1 in !3\n  v1 = add.i64 v0, 5\n"
    "  !loc \"b.src\" 30:1 in !3\n  v2 = mul.i64 v1, v1\n  ret v2\n}\n";
  char folder[] = "/tmp/kiln-jit-XXXXXX", dump[64];
  assert_non_null(mkdtemp(folder));
  snprintf(dump, sizeof dump, "%s/jit-%d.dump", folder, (int)getpid());
  kiln_jit_options options = {.jitdump_folder = folder};
  kiln_jit *jit = jit_new(&options);
  jit_add(jit, described, 0);
  uint64_t f = (uintptr_t)kiln_jit_lookup(jit, "f"), word;
  kiln_jit_free(jit);
  size_t size;
  uint8_t *bytes = read_file(dump, &size), *p = bytes + 40;
  static const uint32_t kinds[] = {0, 2, 0, 3}; /* plain; lines of f, f; the end */
  static const uint32_t lines[] = {1, 2, 30};
  static const char *const files[] = {"a.src", "a.src", "b.src"};
  for (int i = 0; i < 4; i++) {
    uint32_t words[2];
    memcpy(words, p, 8);
    assert_int_equal(words[0], kinds[i]);
    if (i == 1) {
      memcpy(&word, p + 16, 8);
      assert_int_equal(word, f);
      memcpy(&word, p + 24, 8);
      assert_int_equal(word, 3);
      const uint8_t *row = p + 32;
      uint64_t before = f;
      for (int k = 0; k < 3; k++) {
        uint32_t line;
        memcpy(&word, row, 8);
        memcpy(&line, row + 8, 4);
        assert_true(word >= before && word < f + 100);
        assert_int_equal(line, lines[k]);
        assert_string_equal((const char *)row + 16, files[k]);
        before = word;
        row += 16 + strlen(files[k]) + 1;
      }
      assert_ptr_equal(row, p + words[1]);
    }
    p += words[1];
  }
  assert_int_equal(p - bytes, size);
  free(bytes);
  unlink(dump);
  assert_int_equal(rmdir(folder), 0);
}

/* What somebody else placed at the name of perf's file is not waited for, not written to, and stays. */
CASE(perf_opens_files_alone) {
  char map[64], victim[] = "/tmp/kiln-victim-XXXXXX", got[32] = {0};
  int fd = mkstemp(victim);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, "precious", 8), 8);
  snprintf(map, sizeof map, "/tmp/perf-%d.map", (int)getpid());
  for (unsigned i = 0; i < 4; i++) {
    kiln_jit_error e = {0};
    unlink(map);
    int placed = i == 0   ? mkfifo(map, 0600)
                 : i == 1 ? symlink(victim, map)
                 : i == 2 ? link(victim, map)
                          : mkdir(map, 0700);
    assert_int_equal(placed, 0);
    assert_null(kiln_jit_new(&(kiln_jit_options){.perf_map = true}, &e));
    assert_int_equal(e.diag.status, KILN_ERR_SYSTEM);
    assert_non_null(strstr(e.diag.message, "is not a regular file with one name"));
    struct stat st;
    assert_int_equal(lstat(map, &st), 0);
    if (i == 3) rmdir(map);
    unlink(map);
    kiln_jit_error_free(&e);
  }
  assert_int_equal(pread(fd, got, sizeof got, 0), 8);
  assert_string_equal(got, "precious");
  close(fd);
  unlink(victim);
}

CASE(says_what_files_lack) {
  kiln_jit_error e = {0};
  assert_null(kiln_jit_new(&(kiln_jit_options){.jitdump_folder = "/nowhere"}, &e));
  assert_int_equal(e.diag.status, KILN_ERR_SYSTEM);
  assert_non_null(strstr(e.diag.message, "open of /nowhere/jit-"));
  assert_null(kiln_jit_new(&(kiln_jit_options){.jitdump_folder = ""}, &e));
  assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
  kiln_jit_error_free(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(backtraces),
    cmocka_unit_test(backtraces_among_many),
    cmocka_unit_test(backtraces_while_others_add),
    cmocka_unit_test(cancels),
    cmocka_unit_test(perf_reads_names),
    cmocka_unit_test(perf_has_a_line_for_each_name),
    cmocka_unit_test(perf_files_are_this_process_s),
    cmocka_unit_test(dump_has_lines),
    cmocka_unit_test(perf_opens_files_alone),
    cmocka_unit_test(says_what_files_lack),
  };
  return cmocka_run_group_tests_name("jit_tools", tests, NULL, NULL);
}
