/* A host that collects while it compiles a lazy function: the arguments of the call are roots, in registers and on the
 * stack (kiln_jit_lazy_desc.roots), and threads that wait can be walked (kiln_jit_lazy_desc.blocked). */
#define _GNU_SOURCE
#include "jit_fixture.h"

#include <kiln/stack.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static kiln_jit *jit;
static kiln_module *sigs; /* signatures */

/* Moves what the roots of a stack refer to: each root, of 4 or 8 bytes, that is not 0 becomes greater by `by`. Returns
 * their number, plus 100 for each of 4 bytes; UINT32_MAX after an error. */
static uint32_t move_all(const kiln_stack_point *point, const void *end, uint64_t by) {
  kiln_stack_walk walk = {.jits = &jit, .n_jits = 1, .end = end};
  kiln_stack_frame frame;
  uint32_t n = 0, size;
  kiln_stack_walk_begin(&walk, point);
  while (kiln_stack_walk_find_next(&walk, &frame))
    for (uint32_t i = 0; i < frame.n_roots; i++, n++) {
      void *root = kiln_stack_frame_root(&frame, i, &size);
      n += size == 4 ? 100 : 0;
      if (size == 4 && *(uint32_t *)root != 0) *(uint32_t *)root += (uint32_t)by;
      else if (size == 8 && *(uint64_t *)root != 0) *(uint64_t *)root += by;
    }
  return walk.status == KILN_OK ? n : UINT32_MAX;
}

/* ---- one thread ---- */

/* @lazy has ten parameters, some of them on the stack with each convention of C; 0, 2, 5, 9 and the i32s 3 and 8 are
 * references. It returns a number that has a digit for each. */
#define SIG "(i64, i64, i64, i32, i64, i64, i64, i64, i32, i64) -> i64"
static const uint64_t references = 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 8 | 1 << 9;
#define BODY(convention)                                                                           \
  "func @lazy" SIG convention " {\n"                                                               \
  "b0(%a: i64, %b: i64, %c: i64, %d: i32, %e: i64, %f: i64, %g: i64, %h: i64, %i: i32, %j: "       \
  "i64):\n"                                                                                        \
  "  %x = zext.i64 i32 %d\n  %y = zext.i64 i32 %i\n"                                               \
  "  %r1 = mul.i64 %j, 10\n  %r2 = add.i64 %r1, %y\n  %r3 = mul.i64 %r2, 10\n"                     \
  "  %r4 = add.i64 %r3, %h\n  %r5 = mul.i64 %r4, 10\n  %r6 = add.i64 %r5, %g\n"                    \
  "  %r7 = mul.i64 %r6, 10\n  %r8 = add.i64 %r7, %f\n  %r9 = mul.i64 %r8, 10\n"                    \
  "  %s1 = add.i64 %r9, %e\n  %s2 = mul.i64 %s1, 10\n  %s3 = add.i64 %s2, %x\n"                    \
  "  %s4 = mul.i64 %s3, 10\n  %s5 = add.i64 %s4, %c\n  %s6 = mul.i64 %s5, 10\n"                    \
  "  %s7 = add.i64 %s6, %b\n  %s8 = mul.i64 %s7, 10\n  %s9 = add.i64 %s8, %a\n  ret %s9\n}\n"
/* The caller's own root, 7, comes last; after the call it is added as 100 times a billion. */
#define CALLER(convention, call)                                                                   \
  "declare @lazy" SIG convention "\n"                                                              \
  "func @caller(i64) -> i64 {\n  %own = slot 8 align 8 root\nb0(%k: i64):\n"                       \
  "  store.i64 7, %own\n"                                                                          \
  "  %l = add.i64 %k, 2\n  %m = trunc.i32 i64 %l\n"                                                \
  "  %r = " call "(%k, %l, %k, %m, %l, %k, %l, %l, %m, %k)\n"                                      \
  "  %o = load.i64 %own\n  %p = mul.i64 %o, 100000000000\n  %q = add.i64 %p, %r\n  ret %q\n}\n"
/* The same arguments by a tail call, from a function of the same signature. */
#define JUMPER(convention)                                                                         \
  "func @jumper" SIG convention " {\n"                                                             \
  "b0(%a: i64, %b: i64, %c: i64, %d: i32, %e: i64, %f: i64, %g: i64, %h: i64, %i: i32, %j: "       \
  "i64):\n"                                                                                        \
  "  tailcall @lazy(%a, %b, %c, %d, %e, %f, %g, %h, %i, %j)\n}\n"

/* The same by a tail call from a function of three parameters, whose stack area grows. */
#define GROWER                                                                                     \
  "func @grower(i64, i64, i32) -> i64 tail {\nb0(%k: i64, %l: i64, %m: i32):\n"                    \
  "  tailcall @lazy(%k, %l, %k, %m, %l, %k, %l, %l, %m, %k)\n}\n"
#define GROWER_CALLER                                                                              \
  "declare @lazy" SIG " tail\n" GROWER                                                             \
  "func @caller(i64) -> i64 {\n  %own = slot 8 align 8 root\nb0(%k: i64):\n"                       \
  "  store.i64 7, %own\n"                                                                          \
  "  %l = add.i64 %k, 2\n  %m = trunc.i32 i64 %l\n"                                                \
  "  %r = call @grower(%k, %l, %m)\n"                                                              \
  "  %o = load.i64 %own\n  %p = mul.i64 %o, 100000000000\n  %q = add.i64 %p, %r\n  ret %q\n}\n"

struct program {
  const char *body, *caller;
};
static const struct program programs[] = {
  {BODY(""), CALLER("", "call @lazy")},
  {BODY(""), JUMPER("") CALLER("", "call @jumper")},
#ifdef __x86_64__
  {BODY(" win64"), CALLER(" win64", "call @lazy")},
#endif
  {BODY(" preserve_most"), CALLER(" preserve_most", "call @lazy")},
  {BODY(" tail"), CALLER(" tail", "call @lazy")},
  {BODY(" tail"), JUMPER(" tail") CALLER(" tail", "call @jumper")},
  {BODY(" tail"), GROWER_CALLER},
};

static const void *bottom;
static unsigned compiled, expected;

/* Collects twice, then compiles. */
static void *collect_and_compile(void *user, const char *name) {
  kiln_stack_point point;
  (void)name;
  for (unsigned k = 0; k < 2; k++) {
    assert_int_equal(kiln_stack_point_save(&point), KILN_OK);
    assert_int_equal(move_all(&point, bottom, 1), expected);
  }
  compiled++;
  jit_add(jit, user, 0);
  return NULL;
}

static kiln_sig sig_of(const char *body) {
  char text[200];
  const char *from = strchr(body, '('), *to = strchr(from, '{');
  snprintf(text, sizeof text, "%.*s", (int)(to - from), from);
  return kiln_sig_parse(sigs, text);
}

CASE(arguments) {
  for (size_t k = 0; k < sizeof programs / sizeof *programs; k++) {
    const struct program *p = &programs[k];
    jit = jit_new(NULL);
    sigs = jit_module(KILN_PIC_FULL);
    kiln_jit_lazy_roots roots = {sigs, sig_of(p->body), references, {0}};
    kiln_jit_error e = {0};
    if (kiln_jit_declare_lazy(jit,
                              &(kiln_jit_lazy_desc){.name = "lazy",
                                                    .compile = collect_and_compile,
                                                    .compile_user = (void *)(uintptr_t)p->body,
                                                    .roots = &roots},
                              &e) == NULL)
      fail_msg("%s", e.diag.message);
    kiln_module_free(sigs); /* nothing refers to it any more */
    jit_add(jit, p->caller, 0);
    compiled = 0;
    expected = 207; /* 6 arguments, two of them i32s, and the caller's own root */
    bottom = __builtin_frame_address(0);
    /* references have become greater by 2 */
    assert_int_equal(jit_call(jit, "caller", 1, 0), 900000000000 + 3533335333);
    assert_int_equal(compiled, 1);
    /* and with no collection in between */
    assert_int_equal(jit_call(jit, "caller", 1, 0), 700000000000 + 1333133131);
    kiln_jit_free(jit);
  }
}

/* The newest declaration counts, with or without roots. */
CASE(declared_again) {
  jit = jit_new(NULL);
  sigs = jit_module(KILN_PIC_FULL);
  kiln_jit_lazy_roots roots = {sigs, sig_of(programs[0].body), references, {0}};
  for (unsigned k = 0; k < 2; k++)
    assert_non_null(kiln_jit_declare_lazy(
      jit,
      &(kiln_jit_lazy_desc){.name = "lazy",
                            .compile = collect_and_compile,
                            .compile_user = (void *)(uintptr_t)programs[0].body,
                            .roots = k == 0 ? &roots : NULL},
      NULL));
  jit_add(jit, programs[0].caller, 0);
  expected = 1;
  bottom = __builtin_frame_address(0);
  assert_int_equal(jit_call(jit, "caller", 1, 0), 900000000000 + 1333133131);
  kiln_module_free(sigs);
  kiln_jit_free(jit);
}

/* What is no root: the declaration tells, and changes nothing. */
CASE(refused) {
  static const struct {
    const char *sig;
    uint64_t references;
    kiln_status status;
  } rows[] = {
    {"(i64)", 2, KILN_ERR_ARGUMENT},
    {"(f64, i64)", 1, KILN_ERR_TYPE},
    {"(i64, i128)", 2, KILN_ERR_TYPE},
    {"(i64, i8)", 2, KILN_ERR_TYPE},
#ifdef __x86_64__
    {"(i64) preserve_none", 1, KILN_ERR_UNSUPPORTED}, /* in r12 */
#endif
    {"(f64, i64)", 2, KILN_OK},
  };
  jit = jit_new(NULL);
  sigs = jit_module(KILN_PIC_FULL);
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    kiln_jit_error e = {0};
    kiln_jit_lazy_roots roots = {sigs, kiln_sig_parse(sigs, rows[k].sig), rows[k].references, {0}};
    const void *stub = kiln_jit_declare_lazy(
      jit,
      &(kiln_jit_lazy_desc){.name = "refused", .compile = collect_and_compile, .roots = &roots},
      &e);
    assert_int_equal(e.diag.status, rows[k].status);
    assert_int_equal(stub != NULL, rows[k].status == KILN_OK);
    kiln_jit_error_free(&e);
  }
  kiln_jit_lazy_roots none = {.references = 1};
  kiln_jit_error e = {0};
  assert_null(kiln_jit_declare_lazy(
    jit, &(kiln_jit_lazy_desc){.name = "refused", .compile = collect_and_compile, .roots = &none},
    &e));
  assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
  kiln_jit_error_free(&e);
  kiln_module_free(sigs);
  kiln_jit_free(jit);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = EMULATED ? 10 : 100 };

/* All threads call a new function at once. One compiles it: it waits until the others have stopped, moves what all of
 * them have, and goes on. */
static struct {
  pthread_barrier_t barrier;
  kiln_stack_point points[THREADS];
  const void *bottoms[THREADS];
  atomic_bool is_stopped[THREADS];
  atomic_uint wrong, collected;
} world;
static _Thread_local unsigned me;

static void stop(void *user, void (*wait)(void *argument), void *argument) {
  (void)user;
  if (kiln_stack_point_save(&world.points[me]) != KILN_OK) world.wrong++;
  world.is_stopped[me] = true;
  wait(argument);
  world.is_stopped[me] = false;
}

static void *stop_world_and_compile(void *user, const char *name) {
  char text[300];
  (void)user;
  if (kiln_stack_point_save(&world.points[me]) != KILN_OK) world.wrong++;
  for (unsigned k = 0; k < THREADS; k++)
    while (k != me && !world.is_stopped[k]) sched_yield();
  for (unsigned k = 0; k < THREADS; k++)
    if (move_all(&world.points[k], world.bottoms[k], 5) != 2) world.wrong++;
  world.collected++;
  snprintf(text, sizeof text,
           "func @%s(i64, i64, i64) -> i64 {\nb0(%%a: i64, %%b: i64, %%c: i64):\n"
           "  %%d = mul.i64 %%b, 100\n  %%e = add.i64 %%a, %%d\n  %%f = mul.i64 %%c, 10000\n"
           "  %%g = add.i64 %%e, %%f\n  ret %%g\n}\n",
           name);
  jit_add(jit, text, 0);
  return NULL;
}

static void *run(void *argument) {
  me = (unsigned)(uintptr_t)argument;
  world.bottoms[me] = __builtin_frame_address(0);
  for (unsigned round = 0; round < ROUNDS; round++) {
    char name[20];
    snprintf(name, sizeof name, "f%u", round);
    long (*f)(long, long, long) = (long (*)(long, long, long))kiln_jit_lookup(jit, name);
    pthread_barrier_wait(&world.barrier);
    /* the first and the last argument are roots */
    if (f(10 + me, 20, 30) != 10 + (long)me + 5 + 2000 + 350000) world.wrong++;
    if (f(10 + me, 20, 30) != 10 + (long)me + 2000 + 300000) world.wrong++;
  }
  return NULL;
}

CASE(threads) {
  pthread_t threads[THREADS];
  jit = jit_new(NULL);
  sigs = jit_module(KILN_PIC_FULL);
  kiln_jit_lazy_roots roots = {sigs, kiln_sig_parse(sigs, "(i64, i64, i64) -> i64"), 5, {0}};
  for (unsigned round = 0; round < ROUNDS; round++) {
    char name[20];
    snprintf(name, sizeof name, "f%u", round);
    assert_non_null(kiln_jit_declare_lazy(
      jit,
      &(kiln_jit_lazy_desc){
        .name = name, .compile = stop_world_and_compile, .roots = &roots, .blocked = stop},
      NULL));
  }
  pthread_barrier_init(&world.barrier, NULL, THREADS);
  for (uintptr_t k = 0; k < THREADS; k++)
    assert_int_equal(pthread_create(&threads[k], NULL, run, (void *)k), 0);
  for (unsigned k = 0; k < THREADS; k++) assert_int_equal(pthread_join(threads[k], NULL), 0);
  assert_int_equal(world.wrong, 0);
  assert_int_equal(world.collected, ROUNDS);
  pthread_barrier_destroy(&world.barrier);
  kiln_module_free(sigs);
  kiln_jit_free(jit);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(arguments),
    cmocka_unit_test(declared_again),
    cmocka_unit_test(refused),
    cmocka_unit_test(threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
