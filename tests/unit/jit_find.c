/* What kiln_jit_find_pc says of addresses: units, functions and their sizes, lines, inlined functions; in signal
 * handlers, and while units come and go. */
#define _GNU_SOURCE
#include "jit_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

static bool find(kiln_jit *jit, const void *pc, kiln_jit_pc_info *info) {
  *info = (kiln_jit_pc_info){0};
  return kiln_jit_find_pc(jit, pc, info);
}

/* ---- units and functions ---- */

static const char two_text[] =
  "func @one(i64, i64) -> i64 {\nb0(%a: i64, %b: i64):\n  %c = mul.i64 %a, %b\n  ret %c\n}\n"
  "func internal @two(i64, i64) -> i64 {\nb0(%a: i64, %b: i64):\n  %c = call @one(%b, %a)\n"
  "  %d = sub.i64 %c, %a\n  ret %d\n}\n"
  "func @three(i64, i64) -> i64 {\nb0(%a: i64, %b: i64):\n  %c = call @two(%b, %a)\n"
  "  ret %c\n}\n";

/* Each byte of the function, and those around it, are found as they should be. */
static void check_function(kiln_jit *jit, kiln_jit_unit unit, const char *name) {
  const char *at = kiln_jit_address(jit, unit, name);
  kiln_jit_pc_info first, info;
  assert_non_null(at);
  assert_true(find(jit, at, &first));
  assert_true(first.size_bytes > 0);
  for (size_t k = 0; k < first.size_bytes; k++) {
    char text[16];
    kiln_jit_frame frame;
    info = (kiln_jit_pc_info){.frames = &frame, .max_frames = 1, .text = text, .text_bytes = 16};
    assert_true(kiln_jit_find_pc(jit, at + k, &info));
    assert_int_equal(info.unit.id, unit.id);
    assert_ptr_equal(info.address, at);
    assert_int_equal(info.size_bytes, first.size_bytes);
    assert_int_equal(info.n_frames, 1);
    assert_string_equal(frame.function, name);
    assert_string_equal(frame.file, "");
    assert_int_equal(frame.line, 0);
    assert_int_equal(info.needed_bytes, strlen(name) + 1);
  }
  if (find(jit, at - 1, &info)) assert_ptr_not_equal(info.address, at);
  if (find(jit, at + first.size_bytes, &info)) assert_ptr_not_equal(info.address, at);
}

CASE(functions) {
  kiln_jit *jit = jit_new(NULL);
  kiln_jit_pc_info info;
  char here = 0;
  kiln_jit_unit u = jit_add(jit, two_text, 0);
  check_function(jit, u, "one");
  check_function(jit, u, "two");
  check_function(jit, u, "three");
  assert_false(find(jit, &here, &info));
  assert_false(find(jit, NULL, &info));
  assert_false(find(jit, (void *)-1, &info));
  assert_null(info.address);
  assert_int_equal(info.unit.id, 0);
  assert_false(kiln_jit_find_pc(jit, kiln_jit_address(jit, u, "one"), NULL));
  assert_false(find(NULL, &here, &info));
  info.reserved[1] = 1;
  assert_false(kiln_jit_find_pc(jit, kiln_jit_address(jit, u, "one"), &info));
  const void *one = kiln_jit_address(jit, u, "one");
  assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
  assert_false(find(jit, one, &info));
  kiln_jit_free(jit);
}

/* A stub is in no function; what it leads to is. */
CASE(stubs) {
  kiln_jit *jit = jit_new(NULL);
  kiln_jit_pc_info info;
  kiln_jit_unit old = jit_add(jit, two_text, KILN_JIT_REDEFINABLE);
  assert_false(find(jit, kiln_jit_lookup(jit, "one"), &info));
  kiln_jit_unit u = jit_add(jit, two_text, KILN_JIT_REDEFINABLE);
  check_function(jit, old, "one");
  check_function(jit, u, "one");
  kiln_jit_free(jit);
}

/* Units of several chunks, and more of them than a pool has place for: pools come and go, too. */
CASE(large) {
  kiln_jit *jit = jit_new(&(kiln_jit_options){.memory_bytes = 262144});
  enum { UNITS = 6, INSTRUCTIONS = 30000 };
  char *text = malloc(INSTRUCTIONS * 40 + 200), *p = text;
  p += sprintf(p, "func @f(i64) -> i64 {\nb0(v0: i64):\n");
  for (int i = 1; i < INSTRUCTIONS; i++) p += sprintf(p, "  v%d = mul.i64 v%d, v0\n", i, i - 1);
  sprintf(p, "  ret v%d\n}\nfunc @g() {\nb0:\n  ret\n}\n", INSTRUCTIONS - 1);
  kiln_jit_unit u[UNITS], small[UNITS];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < UNITS; i++) {
      u[i] = jit_add(jit, text, KILN_JIT_REDEFINABLE);
      small[i] = jit_add(jit, two_text, KILN_JIT_REDEFINABLE);
    }
    for (int i = 0; i < UNITS; i++) {
      const char *f = kiln_jit_address(jit, u[i], "f"), *g = kiln_jit_address(jit, u[i], "g");
      kiln_jit_pc_info info;
      assert_true(find(jit, f, &info));
      assert_true(info.size_bytes > 65536);
      for (size_t k = 0; k < info.size_bytes; k += 4096) {
        assert_true(find(jit, f + k, &info));
        assert_ptr_equal(info.address, f);
        assert_int_equal(info.unit.id, u[i].id);
      }
      assert_true(find(jit, g, &info));
      assert_ptr_equal(info.address, g);
      check_function(jit, small[i], "two");
      assert_int_equal(kiln_jit_remove(jit, u[i], NULL), KILN_OK);
      assert_false(find(jit, f, &info));
      assert_false(find(jit, f + 65536, &info));
      assert_false(find(jit, g, &info));
    }
    for (int i = 0; i < UNITS; i++) assert_int_equal(kiln_jit_remove(jit, small[i], NULL), KILN_OK);
  }
  free(text);
  kiln_jit_free(jit);
}

/* ---- lines ---- */

/* top calls `note` at line 11, and again where @middle and @leaf are inlined, at lines 22 and 31. */
static const char lines_text[] =
  "!1 = file { name \"a.toy\", comp_dir \"/src\" }\n!6 = file { name \"b.toy\", comp_dir \"/src\" "
  "}\n"
  "!2 = compile_unit { producer \"me\", language 12, decl_file !1 }\n"
  "!3 = subprogram in !2 { name \"top\", decl_file !1, decl_line 10, external }\n"
  "!4 = subprogram in !2 { name \"middle\", linkage_name \"lib_middle\", inline 1 }\n"
  "!5 = subprogram in !2 { name \"leaf\", inline 1 }\n!7 = lexical_block in !5 { }\nunit !2\n"
  "declare @note(i64)\n"
  "func @plain(i64) {\nb0(%x: i64):\n  call @note(%x)\n  ret\n}\n"
  "func @top(i64) {\n  !debug !3 in !2\n  !begin \"/src/a.toy\" 10:0 file !1 in !3\nb0(%x: i64):\n"
  "  !loc \"/src/a.toy\" 11:5 file !1 in !3\n  call @note(1)\n"
  "  !call 1 \"/src/a.toy\" 12:7 file !1 in !3\n"
  "  !loc \"/src/b.toy\" 22:3 file !6 in !4 call 1\n  call @note(2)\n"
  "  !call 2 \"/src/b.toy\" 23:9 file !6 in !4 call 1\n"
  "  !loc \"/src/b.toy\" 31:1 file !6 in !7 call 2\n  call @note(3)\n"
  "  !loc \"/src/a.toy\" 14:1 file !1 in !3\n  call @plain(4)\n  ret\n}\n";

enum { FRAMES = 8 };
static struct told {
  kiln_jit_pc_info info;
  kiln_jit_frame frames[FRAMES];
  char text[256];
} told[5];
static kiln_jit *told_jit;
static const void *returns_to[5];

extern void note(long k);
__attribute__((noinline)) void note(long k) {
  struct told *t = told + k;
  t->info = (kiln_jit_pc_info){
    .frames = t->frames, .max_frames = FRAMES, .text = t->text, .text_bytes = sizeof t->text};
  returns_to[k] = __builtin_return_address(0);
  assert_true(kiln_jit_find_pc(told_jit, (const char *)returns_to[k] - 1, &t->info));
}

static void expect(const kiln_jit_frame *f, const char *function, const char *file, uint32_t line,
                   uint32_t column) {
  assert_string_equal(f->function, function);
  assert_string_equal(f->file, file);
  assert_int_equal(f->line, line);
  assert_int_equal(f->column, column);
}

CASE(lines) {
  kiln_jit *jit = told_jit = jit_new(NULL);
  kiln_jit_unit first = jit_add(jit, two_text, 0), u = jit_add(jit, lines_text, 0);
  ((void (*)(long))(uintptr_t)kiln_jit_lookup(jit, "top"))(0);
  assert_int_equal(kiln_jit_remove(jit, first, NULL), KILN_OK);
  assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK); /* what was told stays */
  assert_int_equal(told[1].info.n_frames, 1);
  expect(&told[1].frames[0], "top", "/src/a.toy", 11, 5);
  assert_int_equal(told[2].info.n_frames, 2);
  expect(&told[2].frames[0], "lib_middle", "/src/b.toy", 22, 3);
  expect(&told[2].frames[1], "top", "/src/a.toy", 12, 7);
  assert_int_equal(told[3].info.n_frames, 3);
  expect(&told[3].frames[0], "leaf", "/src/b.toy", 31, 1);
  expect(&told[3].frames[1], "lib_middle", "/src/b.toy", 23, 9);
  expect(&told[3].frames[2], "top", "/src/a.toy", 12, 7);
  assert_int_equal(told[4].info.n_frames, 1); /* it is not described, though its neighbour is */
  expect(&told[4].frames[0], "plain", "", 0, 0);
  for (int k = 1; k < 4; k++) {
    assert_int_equal(told[k].info.unit.id, u.id);
    assert_ptr_equal(told[k].info.address, told[1].info.address);
  }
  kiln_jit_free(jit);
}

/* No place of the unit has a name or a file. */
CASE(without_texts) {
  kiln_jit *jit = told_jit = jit_new(NULL);
  static const char text[] =
    "!2 = compile_unit { producer \"me\", language 12 }\n!3 = subprogram in !2 { name \"top\" }\n"
    "!4 = subprogram in !2 { inline 1 }\nunit !2\ndeclare @note(i64)\n"
    "func @top(i64) {\n  !debug !3 in !2\n  !begin \"/src/a.toy\" 0:0 in !3\nb0(%x: i64):\n"
    "  !loc \"/src/a.toy\" 0:0 in !3\n  call @note(1)\n  !call 1 \"/src/a.toy\" 0:0 in !3\n"
    "  !loc \"/src/a.toy\" 0:0 in !4 call 1\n  call @note(2)\n  ret\n}\n";
  jit_add(jit, text, 0);
  ((void (*)(long))(uintptr_t)kiln_jit_lookup(jit, "top"))(0);
  assert_int_equal(told[1].info.n_frames, 1);
  expect(&told[1].frames[0], "top", "", 0, 0);
  assert_int_equal(told[2].info.n_frames, 2);
  expect(&told[2].frames[0], "", "", 0, 0);
  expect(&told[2].frames[1], "top", "", 0, 0);
  kiln_jit_free(jit);
}

/* What does not fit is left out, and the sizes that it needs are told. */
CASE(little_room) {
  kiln_jit *jit = told_jit = jit_new(NULL);
  jit_add(jit, lines_text, 0);
  ((void (*)(long))(uintptr_t)kiln_jit_lookup(jit, "top"))(0);
  const char *pc = (const char *)returns_to[3] - 1;
  static const char whole[] = "leaf\0/src/b.toy\0lib_middle\0/src/b.toy\0top\0/src/a.toy";
  assert_int_equal(told[3].info.needed_bytes, sizeof whole);
  assert_memory_equal(told[3].text, whole, sizeof whole);
  for (uint32_t n = 0; n <= 4; n++) {
    for (size_t room = 0; room <= sizeof whole + 1; room++) {
      char text[sizeof whole + 2];
      kiln_jit_frame frames[5];
      memset(text, 'x', sizeof text);
      kiln_jit_pc_info info = {.frames = frames, .max_frames = n, .text = text, .text_bytes = room};
      assert_true(kiln_jit_find_pc(jit, pc, &info));
      assert_int_equal(info.n_frames, 3);
      assert_true(info.needed_bytes <= sizeof whole);
      for (size_t k = room; k < sizeof text; k++) assert_int_equal(text[k], 'x');
      for (uint32_t k = 0; k < n && k < 3; k++) {
        assert_memory_equal(frames[k].function, told[3].frames[k].function,
                            strlen(frames[k].function));
        assert_memory_equal(frames[k].file, told[3].frames[k].file, strlen(frames[k].file));
        assert_int_equal(frames[k].line, told[3].frames[k].line);
        if (room >= sizeof whole)
          assert_string_equal(frames[k].function, told[3].frames[k].function);
      }
    }
  }
  kiln_jit_free(jit);
}

static kiln_status keep(void *user, kiln_func *f) {
  (void)user;
  return kiln_func_keep(f);
}

/* Functions that Kiln inlined are frames. */
CASE(inlined) {
  kiln_jit *jit = told_jit = jit_new(NULL);
  static const char text[] =
    "!1 = file { name \"a.toy\", comp_dir \"/src\" }\n"
    "!2 = compile_unit { producer \"me\", language 12, decl_file !1 }\n"
    "!3 = subprogram in !2 { name \"caller\" }\n!4 = subprogram in !2 { name \"callee\" }\nunit "
    "!2\n"
    "declare @note(i64)\n"
    "func internal @callee(i64) {\n  !debug !4 in !2\n  !begin \"/src/a.toy\" 2:0 file !1 in !4\n"
    "b0(%x: i64):\n  !loc \"/src/a.toy\" 3:5 file !1 in !4\n  call @note(%x)\n  ret\n}\n"
    "func @caller() {\n  !debug !3 in !2\n  !begin \"/src/a.toy\" 6:0 file !1 in !3\nb0:\n"
    "  !loc \"/src/a.toy\" 7:9 file !1 in !3\n  call @callee(1)\n"
    "  !loc \"/src/a.toy\" 8:1 file !1 in !3\n  ret\n}\n";
  kiln_module *m = jit_module(KILN_PIC_FULL);
  kiln_module_attrs attrs = kiln_module_get_attrs(m);
  attrs.inlining = KILN_INLINING_SMALL;
  kiln_module_set_attrs(m, &attrs);
  kiln_session *s = kiln_session_new(m);
  assert_int_equal(kiln_text_read(s, text, strlen(text), keep, NULL), KILN_OK);
  assert_int_equal(kiln_module_settle_inlining(m), KILN_OK);
  kiln_symbol_set_inline_only(m, kiln_symbol_lookup(m, "callee"));
  kiln_func *f = kiln_session_begin_kept(s, kiln_symbol_lookup(m, "caller"));
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  kiln_jit_input in = {.module = m, .sessions = &s, .n_sessions = 1};
  assert_int_equal(kiln_jit_add(jit, 0, &in, 1, NULL, NULL), KILN_OK);
  kiln_session_free(s);
  kiln_module_free(m);
  ((void (*)(void))(uintptr_t)kiln_jit_lookup(jit, "caller"))();
  assert_int_equal(told[1].info.n_frames, 2);
  expect(&told[1].frames[0], "callee", "/src/a.toy", 3, 5);
  expect(&told[1].frames[1], "caller", "/src/a.toy", 7, 9);
  kiln_jit_free(jit);
}

/* ---- while units come and go ---- */

enum { PASSERS = 2, UNITS_EACH = 300 };
static _Atomic(const char *) seen_code[PASSERS];
static atomic_bool done;
static atomic_ulong hits, misses, handled;
static kiln_jit *busy_jit;

/* Looks up what may be there, or may have been removed just now. */
static void look(void) {
  char text[64];
  kiln_jit_frame frames[4];
  for (int i = 0; i < PASSERS; i++) {
    const char *pc = seen_code[i];
    kiln_jit_pc_info info = {
      .frames = frames, .max_frames = 4, .text = text, .text_bytes = sizeof text};
    if (pc == NULL || !kiln_jit_find_pc(busy_jit, pc, &info)) {
      misses++;
      continue;
    }
    hits++;
    assert_true(pc - (const char *)info.address < (ptrdiff_t)info.size_bytes);
    assert_int_equal(info.n_frames, 1);
    const char *name = frames[0].function;
    if (strcmp(name, "one") != 0) assert_string_equal(name, "top");
    else assert_int_equal(frames[0].line, 0);
    if (name[0] == 't') assert_string_equal(frames[0].file, "/src/a.toy");
  }
}

static void on_signal(int number) {
  (void)number;
  handled++;
  look();
}

static void *looker(void *unused) {
  while (!done) look();
  return unused;
}

/* Once at least: the thread waits for it. */
static void *signaller(void *thread) {
  do {
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
    for (volatile int i = 0; i < 20000; i++) {
    }
  } while (!done);
  return NULL;
}

extern void idle(long);
void idle(long x) { (void)x; }

/* Adds, runs, shows and removes units until one was found, and until the first of these threads has handled a signal;
 * what was shown may be looked up after it was removed. */
static void *passer(void *index) {
  const int i = *(int *)index;
  static const char lined_text[] =
    "!1 = file { name \"a.toy\", comp_dir \"/src\" }\n"
    "!2 = compile_unit { producer \"me\", language 12, decl_file !1 }\n"
    "!3 = subprogram in !2 { name \"top\" }\nunit !2\ndeclare @idle(i64)\n"
    "func internal @top(i64, i64) -> i64 {\n  !debug !3 in !2\n"
    "  !begin \"/src/a.toy\" 10:0 file !1 in !3\nb0(%x: i64, %y: i64):\n"
    "  !loc \"/src/a.toy\" 11:5 file !1 in !3\n  call @idle(%x)\n  ret %y\n}\n";
  static const char plain_text[] =
    "func internal @one(i64, i64) -> i64 {\nb0(%a: i64, %b: i64):\n  %c = mul.i64 %a, %b\n"
    "  ret %c\n}\n";
  for (int k = 0; k < UNITS_EACH || hits == 0 || (i == 0 && handled == 0); k++) {
    kiln_jit_unit u = jit_add(busy_jit, k & 1 ? lined_text : plain_text, 0);
    jit_fn *f = (jit_fn *)(uintptr_t)kiln_jit_function(busy_jit, u, 0);
    assert_int_equal(f(1, 7), 7);
    seen_code[i] = (const char *)(uintptr_t)f + 1;
    sched_yield();
    assert_int_equal(kiln_jit_remove(busy_jit, u, NULL), KILN_OK);
  }
  return NULL;
}

CASE(coming_and_going) {
  pthread_t passers[PASSERS], lookers[2], signals;
  int index[PASSERS];
  struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
  sigaction(SIGUSR1, &act, &old);
  busy_jit = jit_new(NULL);
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(lookers + i, NULL, looker, NULL), 0);
  for (int i = 0; i < PASSERS; i++) {
    index[i] = i;
    assert_int_equal(pthread_create(passers + i, NULL, passer, index + i), 0);
  }
  /* one of those that add and remove is interrupted, wherever it is */
  assert_int_equal(pthread_create(&signals, NULL, signaller, passers), 0);
  for (int i = 1; i < PASSERS; i++) pthread_join(passers[i], NULL);
  done = true;
  pthread_join(signals, NULL);
  pthread_join(passers[0], NULL);
  for (int i = 0; i < 2; i++) pthread_join(lookers[i], NULL);
  assert_true(hits > 0);
  assert_true(misses > 0);
  sigaction(SIGUSR1, &old, NULL);
  kiln_jit_free(busy_jit);
}

/* What was removed is freed while calls go on: the number of blocks of memory falls to what it was. */
static atomic_long blocks;
static void *counting(void *user, void *old, size_t size) {
  (void)user;
  if (old == NULL && size != 0) blocks++;
  if (old != NULL && size == 0) blocks--;
  if (size != 0) return realloc(old, size);
  free(old);
  return NULL;
}

static void add_and_remove(void) {
  kiln_jit_unit u = jit_add(busy_jit, two_text, 0);
  seen_code[0] = kiln_jit_function(busy_jit, u, 0);
  assert_int_equal(kiln_jit_remove(busy_jit, u, NULL), KILN_OK);
}

CASE(memory_is_freed) {
  busy_jit = jit_new(&(kiln_jit_options){.no_unwind = true, .allocator = {.realloc = counting}});
  pthread_t lookers[2];
  for (int k = 0; k < 10; k++) add_and_remove();
  const long before = blocks; /* nothing is looked up: all is freed at once */
  for (int k = 0; k < 100; k++) add_and_remove();
  assert_int_equal(blocks, before);
  done = false;
  hits = 0;
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(lookers + i, NULL, looker, NULL), 0);
  while (hits == 0) add_and_remove();
  do add_and_remove();
  while (blocks > before + 8);
  done = true;
  for (int i = 0; i < 2; i++) pthread_join(lookers[i], NULL);
  add_and_remove();
  assert_int_equal(blocks, before);
  kiln_jit_free(busy_jit);
  assert_int_equal(blocks, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(functions),       cmocka_unit_test(stubs),
    cmocka_unit_test(large),           cmocka_unit_test(lines),
    cmocka_unit_test(without_texts),   cmocka_unit_test(little_room),
    cmocka_unit_test(inlined),         cmocka_unit_test(coming_and_going),
    cmocka_unit_test(memory_is_freed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
