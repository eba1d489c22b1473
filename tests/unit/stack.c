/* Walks of a stack (<kiln/stack.h>): where they end, and why; tables that are damaged. (tests/moving walks the stacks
 * of many programs.) */
#include "unit.h"
#include <signal.h>

#include <pthread.h>

#include <kiln/kiln.h>
#include <kiln/text.h>

/* In an emulator the protection may differ from the one requested: see docs/jit.md. */
#ifdef KN_TEST_EMULATED
enum { EMULATED = 1 };
#else
enum { EMULATED = 0 };
#endif

/* What @walk finds, called by the program. */
static struct {
  kiln_jit *jit;
  const void *end;
  kiln_status status;
  uint32_t frames, tables, roots;
  uint32_t ids[8]; /* of frames with tables, the newest first */
  kiln_stack_point point;
  sigjmp_buf back;
} t;

static void visit(const kiln_stack_point *point) {
  kiln_stack_walk walk = {.jits = &t.jit, .n_jits = 1, .end = t.end};
  kiln_stack_frame frame;
  t.frames = t.tables = t.roots = 0;
  assert_int_equal(kiln_stack_walk_begin(&walk, point), KILN_OK);
  while (kiln_stack_walk_find_next(&walk, &frame)) {
    t.frames++;
    if (frame.has_table && t.tables < 8) t.ids[t.tables++] = frame.call_id;
    for (uint32_t i = 0; i < frame.n_roots; i++) {
      uint32_t size;
      int64_t *root = kiln_stack_frame_root(&frame, i, &size);
      assert_int_equal(size, 8);
      ++*root;
      t.roots++;
    }
    assert_null(kiln_stack_frame_root(&frame, frame.n_roots, NULL));
  }
  t.status = walk.status;
  assert_false(kiln_stack_walk_find_next(&walk, &frame)); /* it stays at its end */
  assert_int_equal(walk.status, t.status);
}

static void walk_here(void) {
  assert_int_equal(kiln_stack_point_save(&t.point), KILN_OK);
  visit(&t.point);
  __asm__ volatile(""); /* no tail call: the frame has to stay */
}

static void *walk_point(void *user) {
  (void)user;
  visit(&t.point);
  return NULL;
}

/* Another thread walks this one's stack meanwhile. */
static void walk_from_elsewhere(void) {
  pthread_t thread;
  assert_int_equal(kiln_stack_point_save(&t.point), KILN_OK);
  assert_int_equal(pthread_create(&thread, NULL, walk_point, NULL), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
}

/* Signal handlers, which walk. A fault in the code would come again. */
static void on_signal(int number) {
  (void)number;
  walk_here();
}

static void on_fault(int number) {
  (void)number;
  walk_here();
  siglongjmp(t.back, 1);
}

static void raise_signal(void) { raise(SIGUSR1); }

static void *resolve(void *user, const char *name) {
  (void)user;
  if (strcmp(name, "raise_signal") == 0) return (void *)(uintptr_t)raise_signal;
  if (strcmp(name, "walk") == 0 || strcmp(name, "leaf") == 0) return (void *)(uintptr_t)walk_here;
  if (strcmp(name, "elsewhere") == 0) return (void *)(uintptr_t)walk_from_elsewhere;
  return NULL;
}

static kiln_status compile(void *user, kiln_func *f) {
  (void)user;
  return kiln_func_compile(f);
}

/* @f(x) has x in a root while it calls @g, which calls CALLEE, and returns what is in the root then. */
static int64_t run(const char *callee, bool no_unwind) {
  char text[900];
  int n =
    snprintf(text, sizeof text,
             "declare @walk()\ndeclare @elsewhere()\ndeclare @leaf() nocollect\n"
             "declare @raise_signal()\n"
             "func @faults() {\nb0:\n  %%x = load.i64 16\n  store.i64 %%x, 16\n  ret\n}\n"
             "func @faults_with_roots() {\n  %%r = slot 8 align 8 root\nb0:\n  call @walk()\n"
             "  %%x = load.i64 16\n  store.i64 %%x, %%r\n  ret\n}\n"
             "func @g() {\n  %%r = slot 8 align 8 root\nb0:\n  store.i64 5, %%r\n%s"
             "  call @%s()\n  ret\n}\n"
             "func @f(i64) -> i64 {\n  %%r = slot 8 align 8 root\nb0(%%x: i64):\n"
             "  store.i64 %%x, %%r\n  !id 7\n  call @g()\n  %%y = load.i64 %%r\n  ret %%y\n}\n",
             strcmp(callee, "leaf") == 0 ? "" : "  !id 9\n", callee);
  kiln_module *m = kiln_module_new(NULL);
  kiln_session *s = kiln_session_new(m);
  assert_int_equal(kiln_text_read(s, text, (size_t)n, compile, NULL), KILN_OK);
  const kiln_jit_options options = {.resolve = resolve, .no_unwind = no_unwind};
  t.jit = kiln_jit_new(&options, NULL);
  kiln_jit_input in = {.module = m, .sessions = &s, .n_sessions = 1};
  assert_int_equal(kiln_jit_add(t.jit, 0, &in, 1, NULL, NULL), KILN_OK);
  volatile int64_t result = -1;
  if (sigsetjmp(t.back, 1) == 0) result = ((int64_t (*)(int64_t))kiln_jit_lookup(t.jit, "f"))(40);
  kiln_jit_free(t.jit);
  kiln_session_free(s);
  kiln_module_free(m);
  return result;
}

CASE(to_the_first_frame) {
  t.end = NULL;
  assert_int_equal(run("walk", false), 41);
  assert_int_equal(t.status, KILN_OK);
  assert_int_equal(t.roots, 2);
  assert_int_equal(t.tables, 2);
  assert_int_equal(t.ids[0], 9);
  assert_int_equal(t.ids[1], 7);
  assert_true(t.frames > 4); /* walk_here, g, f, run, ... */
}

CASE(to_an_end) {
  t.end = __builtin_frame_address(0);
  assert_int_equal(run("walk", false), 41);
  assert_int_equal(t.status, KILN_OK);
  assert_int_equal(t.roots, 2);
  assert_in_range(t.frames, 3, 4);
}

CASE(from_another_thread) {
  t.end = NULL;
  assert_int_equal(run("elsewhere", false), 41);
  assert_int_equal(t.status, KILN_OK);
  assert_int_equal(t.ids[0], 9);
  assert_int_equal(t.roots, 2);
}

/* A signal that interrupted C code, and faults in code of the JIT: a function without roots is walked over; with roots,
 * it has not stopped at a call that collects. */
CASE(from_signal_handlers) {
  struct sigaction act = {.sa_handler = on_signal}, old, fault = {.sa_handler = on_fault}, faults;
  sigaction(SIGUSR1, &act, &old);
  sigaction(SIGSEGV, &fault, &faults);
  t.end = NULL;
  long result = run("raise_signal", false);
#ifdef KN_TEST_EMULATED /* rows of a handler's return on AArch64 are in the vDSO, which qemu has since 8.2 */
  if (t.status == KILN_ERR_UNSUPPORTED) {
    sigaction(SIGUSR1, &old, NULL);
    sigaction(SIGSEGV, &faults, NULL);
    skip();
  }
#endif
  assert_int_equal(result, 41);
  assert_int_equal(t.status, KILN_OK);
  assert_int_equal(t.roots, 2);
  assert_int_equal(run("faults", false), -1);
  assert_int_equal(t.status, KILN_OK);
  assert_int_equal(t.roots, 2);
  assert_int_equal(t.ids[0], 9);
  assert_int_equal(t.ids[1], 7);
  assert_int_equal(run("faults_with_roots", false), -1);
  assert_int_equal(t.status, KILN_ERR_STRUCTURE);
  assert_int_equal(t.roots, 0);
  sigaction(SIGUSR1, &old, NULL);
  sigaction(SIGSEGV, &faults, NULL);
}

CASE(a_call_that_does_not_collect) {
  t.end = NULL;
  assert_int_equal(run("leaf", false), 40);
  assert_int_equal(t.status, KILN_ERR_STRUCTURE);
  assert_int_equal(t.roots, 0);
}

CASE(no_rows) {
  t.end = NULL;
  assert_int_equal(run("walk", true), 40);
  assert_int_equal(t.status, KILN_ERR_UNSUPPORTED);
}

/* ---- stubs ---- */

/* Where the instructions of a stub are, and those of its group's code, which stores PUSHED_BYTES before PUSHED. At
 * STUB_LATE begins what is executed without a definition. */
#if defined(__x86_64__)
enum { STUB_LATE = 10, STUB_JUMP = 17, PUSHED = 2, PUSHED_BYTES = 8, ENTRY_BYTES = 8 };
static const uint8_t stub_code[] = {0, 4, 10, 14, 17}, group_code[] = {0, 2, 9};
static const uint8_t landing[] = {0xf3, 0x0f, 0x1e, 0xfa}; /* endbr64 */
static const uint8_t *group_of(const uint8_t *stub) {
  int32_t distance;
  memcpy(&distance, stub + STUB_JUMP + 1, 4);
  return stub + STUB_JUMP + 5 + distance;
}
#else
enum { STUB_LATE = 16, STUB_JUMP = 20, PUSHED = 24, PUSHED_BYTES = 16, ENTRY_BYTES = 0 };
static const uint8_t stub_code[] = {0, 4, 8, 12, 16, 20},
                     group_code[] = {0, 4, 8, 12, 16, 20, 24, 28};
static const uint8_t landing[] = {0x5f, 0x24, 0x03, 0xd5}; /* bti c */
static const uint8_t *group_of(const uint8_t *stub) {
  int32_t word;
  memcpy(&word, stub + STUB_JUMP, 4);
  return stub + STUB_JUMP + ((int32_t)((uint32_t)word << 6) >> 4);
}
#endif

const void *_Unwind_Find_FDE(void *pc, void *bases);

/* A thread that has stopped at `pc`, with its stack pointer at `stack`: the bytes of its frame. */
static ptrdiff_t frame_bytes(kiln_jit *jit, const uint8_t *pc, const uint64_t *stack) {
  void *bases[3];
  kiln_stack_walk walk = {.jits = &jit, .n_jits = 1};
  kiln_stack_frame frame;
  /* a walk looks for the code before a return address */
  const kiln_stack_point point = {.pc = (uint64_t)(uintptr_t)pc + 1,
                                  .sp = (uint64_t)(uintptr_t)stack};
  assert_int_equal(kiln_stack_walk_begin(&walk, &point), KILN_OK);
  if (_Unwind_Find_FDE((void *)(uintptr_t)pc, bases) == NULL) return -1;
  if (!kiln_stack_walk_find_next(&walk, &frame)) return -2;
  return (const char *)frame.end - (const char *)stack;
}

static void *no_code(void *user, const char *name) {
  (void)user, (void)name;
  return NULL;
}

/* Each instruction of a stub and of its group has unwind rows, and what indirect jumps lead to says so. */
CASE(in_stubs) {
  for (unsigned k = 0; k < (EMULATED ? 1 : 2); k++) {
    kiln_jit *jit =
      kiln_jit_new(&(kiln_jit_options){.protection = EMULATED ? KILN_JIT_PROTECTION_AUTO
                                                     : k != 0 ? KILN_JIT_PROTECTION_DUAL
                                                              : KILN_JIT_PROTECTION_SWITCH},
                   NULL);
    assert_non_null(jit);
    const uint64_t stack[] = {(uint64_t)(uintptr_t)&in_stubs, 0, 0, 0};
    for (int n = 0; n < 300; n++) { /* several groups */
      char name[16];
      snprintf(name, sizeof name, "f%d", n);
      const uint8_t *stub =
        kiln_jit_declare_lazy(jit, &(kiln_jit_lazy_desc){.name = name, .compile = no_code}, NULL);
      assert_non_null(stub);
      assert_memory_equal(stub, landing, sizeof landing);
      assert_memory_equal(stub + STUB_LATE, landing, sizeof landing);
      for (size_t i = 0; i < sizeof stub_code; i++)
        assert_int_equal(frame_bytes(jit, stub + stub_code[i], stack), ENTRY_BYTES);
      for (size_t i = 0; i < sizeof group_code; i++)
        assert_int_equal(frame_bytes(jit, group_of(stub) + group_code[i], stack),
                         ENTRY_BYTES + (group_code[i] >= PUSHED ? PUSHED_BYTES : 0));
      if (n % 3 == 0) assert_int_equal(kiln_jit_remove_lazy(jit, name, NULL), KILN_OK);
    }
    kiln_jit_free(jit);
  }
}

CASE(nothing) {
  kiln_stack_walk walk = {0};
  kiln_stack_frame frame;
  assert_false(kiln_stack_walk_find_next(&walk, &frame));
  assert_int_equal(kiln_stack_walk_begin(&walk, NULL), KILN_ERR_ARGUMENT);
  assert_false(kiln_stack_walk_find_next(&walk, &frame));
  assert_int_equal(kiln_stack_point_save(NULL), KILN_ERR_ARGUMENT);
}

/* ---- tables ---- */

static bool is_map(const uint32_t *words, size_t n) {
  kiln_root_map *map =
    kiln_root_map_new(&(kiln_root_map_options){.start = words, .end = words + n});
  kiln_root_map_free(map);
  return map != NULL;
}

/* A table of a function with one call, which has an id, and one root; zeros around it. */
CASE(damaged_tables) {
  const uint32_t good[12] = {0, 40, 0x00060101, 0, 16, 16, 1, 1, 5, 9, (uint32_t)-24, 0};
  assert_true(is_map(good, 12));
  assert_true(is_map(good, 0));
  for (size_t n = 2; n < 11; n++) assert_false(is_map(good, n)); /* cut off */
  static const struct {
    uint32_t at, word;
  } changes[] = {{1, 36}, {1, 44},         {1, UINT32_MAX}, {2, 0x00060102}, {2, 0x00060301},
                 {6, 2},  {6, UINT32_MAX}, {7, 0},          {7, UINT32_MAX}};
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    uint32_t words[12];
    memcpy(words, good, sizeof words);
    words[changes[i].at] = changes[i].word;
    assert_false(is_map(words, 12));
  }
  assert_null(kiln_root_map_new(NULL));
  assert_null(kiln_root_map_new(&(kiln_root_map_options){0}));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(to_the_first_frame),
    cmocka_unit_test(to_an_end),
    cmocka_unit_test(from_another_thread),
    cmocka_unit_test(from_signal_handlers),
    cmocka_unit_test(a_call_that_does_not_collect),
    cmocka_unit_test(no_rows),
    cmocka_unit_test(in_stubs),
    cmocka_unit_test(nothing),
    cmocka_unit_test(damaged_tables),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
