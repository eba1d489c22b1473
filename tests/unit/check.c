/* The allocation checker and the log that it replays, in checking builds: what the log contains, that
 * a user's callback gets it too, and that the checker fails a function when an event of its log is
 * missing or names another place. What it finds in the allocator is shown by tests/mutants/allocator.py. */
#include "unit.h"

#include <kiln/text.h>

#include "lib/check/check.h"

static void note_diag(void *user, const kiln_diag *d) {
  kiln_diag *first = user;
  if (first->status == KILN_OK) *first = *d;
}

/* A failure of the walk names its instruction, in a block whose values have been given places. */
CASE(test_number) {
  static const char text[] = "func @f(i64) -> i64 {\n"
                             "b0(%a: i64):\n"
                             "  br b1\n"
                             "b1:\n"
                             "  %b = add.i64 %a, 1\n"
                             "  %c = fpromote.f128 f64 1.0\n"
                             "  ret %b\n"
                             "}\n";
  kiln_diag d = {0};
  kiln_module *m = kiln_module_new(&(kiln_module_options){
    .target.processor = KILN_PROCESSOR_X86_64, .on_diag = note_diag, .on_diag_user = &d});
  kiln_session *s = kiln_session_new(m);
  assert_int_equal(kiln_text_read(s, text, strlen(text), NULL, NULL), KILN_ERR_UNSUPPORTED);
  assert_int_equal(d.block, 1);
  assert_int_equal(d.inst, 3); /* after the parameter, the branch, the sum */
  kiln_session_free(s);
  kiln_module_free(m);
}

#ifdef KN_CHECKS
enum { MAX_EVENTS = 4096, NOWHERE = 60 /* no target has this register */ };

struct log {
  uint32_t n;
  struct kn_check_event events[MAX_EVENTS];
  uint32_t counts[KN_EV_COUNT];
  uint32_t to_frame; /* moves to the frame */
};

static void on_event(void *user, enum kn_event event, uint32_t value, int32_t place) {
  struct log *l = user;
  if (l->n < MAX_EVENTS) l->events[l->n++] = (struct kn_check_event){event, value, place, 0};
  l->counts[event]++;
  l->to_frame += event == KN_EV_MOVE && place > KN_PLACE_FRAME / 2;
}

struct work {
  kiln_module *m;
  kiln_session *s;
  struct log *log;
  kiln_func *f; /* compiled last */
  kiln_diag diag;
};

static kiln_status sink(void *user, kiln_func *f) {
  struct work *w = user;
  w->f = f;
  return kiln_func_compile(f);
}

static kiln_status compile(struct work *w, const char *text, kiln_processor target, uint64_t seed) {
  kiln_module_options o = {.target.processor = target, .stress_seed = seed, .verify = true};
  *w = (struct work){.m = kiln_module_new(&o), .log = calloc(1, sizeof *w->log)};
  w->s = kiln_session_new(w->m);
  assert_true(kn_session_set_log(w->s, on_event, w->log));
  return kiln_text_read(w->s, text, strlen(text), sink, w);
}

static void end(struct work *w) {
  kiln_session_free(w->s);
  kiln_module_free(w->m);
  free(w->log);
}

/* ---- small functions ---- */

static const char sum[] = "func @sum(i64, i64) -> i64 {\n"
                          "b0(%a: i64, %b: i64):\n"
                          "  %c = add.i64 %a, %b\n"
                          "  ret %c\n"
                          "}\n";
static const char call[] = "declare @g(i64)\n"
                           "func @f(i64) -> i64 {\n"
                           "b0(%a: i64):\n"
                           "  call @g(7)\n"
                           "  ret %a\n"
                           "}\n";
static const char variable[] = "func @f(i64) -> i64 {\n"
                               "  %x = slot 8 align 8\n"
                               "b0(%a: i64):\n"
                               "  store.i64 %a, %x\n"
                               "  br b1\n"
                               "b1:\n"
                               "  %v = load.i64 %x\n"
                               "  %w = add.i64 %v, 1\n"
                               "  store.i64 %w, %x\n"
                               "  %y = load.i64 %x\n"
                               "  %z = mul.i64 %y, %v\n"
                               "  %c = icmp.i64 ult %z, 1000\n"
                               "  brif %c, b1, b2\n"
                               "b2:\n"
                               "  %r = load.i64 %x\n"
                               "  ret %r\n"
                               "}\n";
static const char loop[] = "func @f(i64, i64, i64) -> i64 {\n"
                           "b0(%n: i64, %x: i64, %y: i64):\n"
                           "  br b1(%n, %x, %y)\n"
                           "b1(%k: i64, %a: i64, %b: i64):\n"
                           "  %k1 = sub.i64 %k, 1\n"
                           "  %c = icmp.i64 ne %k1, 0\n"
                           "  brif %c, b1(%k1, %b, %a), b2\n"
                           "b2:\n"
                           "  %s = sub.i64 %a, %b\n"
                           "  ret %s\n"
                           "}\n";
static const char shift[] = "func @f(i64, i64, i64, i64) -> i64 {\n"
                            "b0(%a: i64, %b: i64, %c: i64, %d: i64):\n"
                            "  %s = shl.i64 %a, %b\n"
                            "  %t = add.i64 %s, %d\n"
                            "  ret %t\n"
                            "}\n";

CASE(test_counts) {
  static const struct {
    const char *text;
    uint32_t event, least;
  } rows[] = {
    {sum, KN_EV_BLOCK, 1},
    {sum, KN_EV_INST, 2},
    {sum, KN_EV_DEF, 3}, /* both parameters and the sum */
    {sum, KN_EV_USE, 3}, /* both by the add, the sum by the ret */
    {call, KN_EV_LOST, 1},
    {call, KN_EV_MOVE, 2},  /* %a to the frame, and to the result's register */
    {call, KN_EV_CONST, 1}, /* 7 */
    {variable, KN_EV_ALIAS, 3},
    {variable, KN_EV_STORE, 2},
    {variable, KN_EV_MOVE, 1}, /* %v outlives the store */
    {loop, KN_EV_EDGE, 2},
    {loop, KN_EV_DEF, 3 + 6 + 2}, /* parameters, two edges, %k1 and %s */
    {shift, KN_EV_TEMP, 1},       /* rcx */
    {shift, KN_EV_WRITE, 1},
    {shift, KN_EV_DONE, 3},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct work w;
    assert_int_equal(compile(&w, rows[i].text, KILN_PROCESSOR_X86_64, 0), KILN_OK);
    if (w.log->counts[rows[i].event] < rows[i].least)
      fail_msg("row %u: %u events", (unsigned)i, w.log->counts[rows[i].event]);
    end(&w);
  }
}

CASE(test_set_log) {
  struct work w;
  assert_int_equal(compile(&w, "", KILN_PROCESSOR_X86_64, 0), KILN_OK);
  assert_true(kn_session_set_log(w.s, NULL, NULL));
  assert_int_equal(kiln_text_read(w.s, sum, strlen(sum), NULL, NULL), KILN_OK);
  assert_int_equal(w.log->n, 0);
  end(&w);
}

CASE(test_pressure) {
  char text[8192];
  int n = sprintf(text, "func @f(i64) -> i64 {\nb0(v0: i64):\n");
  enum { VALUES = 40 };
  for (int i = 1; i <= VALUES; i++)
    n += sprintf(text + n, "  v%d = mul.i64 v%d, %d\n", i, i - 1, i + 10);
  for (int i = 0; i < VALUES; i++)
    n += sprintf(text + n, "  v%d = add.i64 v%d, v%d\n", VALUES + 1 + i, VALUES + i, i);
  sprintf(text + n, "  ret v%d\n}\n", 2 * VALUES);
  for (uint64_t seed = 0; seed < 8; seed++) {
    struct work w;
    assert_int_equal(compile(&w, text, KILN_PROCESSOR_X86_64, seed), KILN_OK);
    assert_true(w.log->to_frame >= VALUES - 15); /* there are 15 registers at most */
    end(&w);
  }
}

/* ---- damaged logs ---- */

/* True if the checker fails the function on these events. Its arrays are still as they were. */
static bool finds(struct work *w, const struct kn_check_event *events, uint32_t n) {
  struct kn_walk walk = {0};
  walk.f = w->f;
  walk.inst = w->f->inst;
  walk.regs.written = ~UINT64_C(0);
  assert_true(kn_check_attach(&walk, w->m));
  kn_check_begin(walk.check);
  for (uint32_t i = 0; i < n; i++)
    walk.log(walk.log_user, (enum kn_event)events[i].event, events[i].value, events[i].place);
  w->f->status = KILN_OK;
  bool found = !kn_check_run(walk.check, w->f, w->s->walk);
  assert_int_equal(w->f->status, found ? KILN_ERR_INTERNAL : KILN_OK);
  kn_check_free(walk.check, w->m);
  return found;
}

static const bool has_place[KN_EV_COUNT] = {
  [KN_EV_DEF] = true,   [KN_EV_MOVE] = true,  [KN_EV_CONST] = true, [KN_EV_USE] = true,
  [KN_EV_ALIAS] = true, [KN_EV_STORE] = true, [KN_EV_WRITE] = true,
};
/* Kinds of events that may be missing without an error: taking or reading something that no other event needs, or
 * freeing a register later. */
static const bool may_lack[KN_EV_COUNT] = {
  [KN_EV_DONE] = true, [KN_EV_CLOBBER] = true, [KN_EV_TEMP] = true, [KN_EV_WRITE] = true};

static void damage(struct work *w, uint32_t at, bool move) {
  const struct log *l = w->log;
  struct kn_check_event *events = calloc(l->n, sizeof *events);
  uint32_t n = 0, event = l->events[at].event;
  assert_non_null(events);
  for (uint32_t i = 0; i < l->n; i++) {
    if (i == at && !move) continue;
    events[n] = l->events[i];
    if (i == at) events[n].place = NOWHERE;
    n++;
  }
  if (!finds(w, events, n))
    fail_msg("event %u (%u) %s: not seen", at, event, move ? "at another place" : "missing");
  free(events);
}

static void test_damage(void **state) {
  const char *text = *state;
  for (unsigned t = 1; t < KILN_PROCESSOR_COUNT; t++) {
    struct work w;
    assert_int_equal(compile(&w, text, (kiln_processor)t, 0), KILN_OK);
    assert_false(finds(&w, w.log->events, w.log->n));
    bool on_edge = false;
    for (uint32_t at = 0; at < w.log->n; at++) {
      const struct kn_check_event *e = &w.log->events[at];
      uint32_t event = e->event;
      if (event == KN_EV_EDGE || event == KN_EV_BLOCK) on_edge = event == KN_EV_EDGE;
      /* reads of constants need no event; on an edge the DEFs are enough */
      if (event == KN_EV_INST && w.f->inst[e->value].op == KILN_OP_PARAM) continue;
      bool extra = event == KN_EV_USE && (on_edge || !kn_is_value(e->value));
      if (!may_lack[event] && !extra) damage(&w, at, false);
      if (has_place[event]) damage(&w, at, true);
    }
    end(&w);
  }
}

/* A read of another register than the value's: the diagnostic names value, register and instruction. */
CASE(test_message) {
  struct work w;
  assert_int_equal(compile(&w, sum, KILN_PROCESSOR_X86_64, 0), KILN_OK);
  uint32_t at = 0;
  while (w.log->events[at].event != KN_EV_USE) at++;
  w.log->events[at].place = 7; /* r7 is rdi, as it happens r6 is rsi: whichever it was not */
  if (w.log->events[at].value == 1) w.log->events[at].place = 6;
  assert_true(finds(&w, w.log->events, w.log->n));
  assert_int_equal(w.f->diag.status, KILN_ERR_INTERNAL);
  assert_int_equal(w.f->diag.block, 0);
  assert_int_equal(w.f->diag.inst, 2); /* after both parameters */
  assert_non_null(strstr(w.f->diag.message, "v0 in register 6: read where it is not"));
  end(&w);
}

/* ---- what inlining made ---- */

/* Compiles a function as if inlining had made it, with a use before the definition. */
static kiln_status sink_damaged(void *user, kiln_func *f) {
  f->facts.inlined = true;
  f->inst[2].a = 3;
  f->val[1].uses--;
  f->val[3].uses++;
  *(kiln_status *)user = kiln_func_compile(f);
  return KILN_OK;
}

CASE(test_inlined) {
  static const char text[] = "func @f(i64) -> i64 {\n"
                             "b0(%a: i64):\n"
                             "  %b = add.i64 %a, 1\n"
                             "  %c = add.i64 %a, %b\n"
                             "  ret %c\n"
                             "}\n";
  kiln_status status = KILN_OK;
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64});
  kiln_session *s = kiln_session_new(m);
  kiln_text_read(s, text, strlen(text), sink_damaged, &status);
  assert_int_equal(status, KILN_ERR_DOMINANCE);
  kiln_session_free(s);
  kiln_module_free(m);
}

int main(void) {
  struct CMUnitTest tests[] = {
    cmocka_unit_test(test_number),
    cmocka_unit_test(test_inlined),
    cmocka_unit_test(test_set_log),
    cmocka_unit_test(test_counts),
    cmocka_unit_test(test_pressure),
    cmocka_unit_test(test_message),
    cmocka_unit_test_prestate(test_damage, (void *)sum),
    cmocka_unit_test_prestate(test_damage, (void *)call),
    cmocka_unit_test_prestate(test_damage, (void *)variable),
    cmocka_unit_test_prestate(test_damage, (void *)loop),
    cmocka_unit_test_prestate(test_damage, (void *)shift),
  };
  return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
#else
CASE(test_no_log) {
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64});
  kiln_session *s = kiln_session_new(m);
  assert_false(kn_session_set_log(s, NULL, NULL));
  kiln_session_free(s);
  kiln_module_free(m);
}

int main(void) {
  struct CMUnitTest tests[] = {cmocka_unit_test(test_number), cmocka_unit_test(test_no_log)};
  return cmocka_run_group_tests_name("check: this build does not check", tests, NULL, NULL);
}
#endif
