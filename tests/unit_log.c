/* The log of the allocator's decisions: what it must contain, and a replay of it over every function
 * of the .kir files in the folders given (tests/log_replay.h), normally and in stress mode. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <kiln/text.h>

#include "log_replay.h"

#ifdef KN_CHECKS
static const bool logging = true;
#else
static const bool logging = false;
#endif

/* ---- running ---- */

struct run {
  struct replay replay;
  uint32_t functions;
  bool errors_expected;
  char diag[512];
};

static void on_diag(void *user, const kiln_diag *d) {
  struct run *r = user;
  if (d->status != KILN_ERR_UNSUPPORTED && r->diag[0] == 0)
    kiln_diag_format(d, r->diag, sizeof r->diag);
}

static kiln_status sink(void *user, kiln_func *f) {
  struct run *r = user;
  kiln_status status = replay_compile(&r->replay, f);
  r->functions += status == KILN_OK;
  return status == KILN_ERR_UNSUPPORTED ? KILN_OK : status;
}

static kiln_status run_text(struct run *r, const char *text, size_t size, kiln_target target,
                            uint64_t seed) {
  kiln_module_options o = {
    .target = target, .on_diag = on_diag, .diag_user = r, .stress_seed = seed, .verify = true};
  kiln_module *m = kiln_module_new(&o);
  kiln_session *s = kiln_session_new(m);
  r->diag[0] = 0;
  kiln_status status = kiln_text_parse(s, text, size, sink, r);
  kiln_session_free(s);
  kiln_module_free(m);
  return status;
}

/* Compiles and replays `text`, which must be right. */
static struct run replay_of(const char *text, uint64_t seed) {
  struct run r = {0};
  assert_int_equal(run_text(&r, text, strlen(text), KILN_TARGET_X86_64, seed), KILN_OK);
  if (r.replay.errors) fail_msg("%s", r.replay.error);
  return r;
}

/* ---- the log of small functions ---- */

static const char sum[] = "func @sum(i64, i64) -> i64 {\n"
                          "b0(%a: i64, %b: i64):\n"
                          "  %c = add.i64 %a, %b\n"
                          "  ret %c\n"
                          "}\n";

static void test_set_log(void **state) {
  (void)state;
  kiln_module *m = kiln_module_new(&(kiln_module_options){0});
  kiln_session *s = kiln_session_new(m);
  struct replay r = {.s = s};
  assert_int_equal(kn_session_set_log(s, replay_event, &r), logging);
  assert_int_equal(kn_session_set_log(s, NULL, NULL), logging);
  assert_int_equal(kiln_text_parse(s, sum, sizeof sum - 1, NULL, NULL), KILN_OK);
  assert_int_equal(r.n_events, 0);
  kiln_session_free(s);
  kiln_module_free(m);
}

static void test_sum(void **state) {
  (void)state;
  struct run r = replay_of(sum, 0);
  assert_int_equal(r.replay.counts[KN_EV_BLOCK], 1);
  assert_int_equal(r.replay.counts[KN_EV_INST], 2);
  assert_int_equal(r.replay.counts[KN_EV_DEF], 3); /* both parameters and the sum */
  assert_true(r.replay.counts[KN_EV_USE] >= 3); /* both parameters by the add, the sum by the ret */
  assert_int_equal(r.replay.counts[KN_EV_EDGE], 0);
  replay_free(&r.replay);
}

static void test_call(void **state) {
  (void)state;
  struct run r = replay_of("declare @g()\n"
                           "func @f(i64) -> i64 {\n"
                           "b0(%a: i64):\n"
                           "  call @g()\n"
                           "  ret %a\n"
                           "}\n",
                           0);
  /* rax, rcx, rdx, rsi, rdi, r8 to r11, xmm0 to xmm15: psABI, figure 3.4 */
  assert_true(r.replay.counts[KN_EV_CLOBBER] >= 25);
  assert_true(r.replay.stores_to_frame >= 1); /* %a outlives the call */
  replay_free(&r.replay);
}

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

static void test_variable(void **state) {
  (void)state;
  struct run r = replay_of(variable, 0);
  assert_int_equal(r.replay.counts[KN_EV_ALIAS], 3);
  assert_int_equal(r.replay.counts[KN_EV_STORE], 2);
  assert_true(r.replay.counts[KN_EV_COPY] >= 1); /* %v outlives the store */
  replay_free(&r.replay);
}

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

static void test_edges(void **state) {
  (void)state;
  struct run r = replay_of(loop, 0);
  assert_true(r.replay.counts[KN_EV_EDGE] >= 2);
  assert_true(r.replay.counts[KN_EV_DEF] >= 3 + 6 + 2); /* parameters, two edges, %k1 and %s */
  replay_free(&r.replay);
}

static void test_pressure(void **state) {
  (void)state;
  char text[8192];
  int n = sprintf(text, "func @f(i64) -> i64 {\nb0(v0: i64):\n");
  enum { VALUES = 40 };
  for (int i = 1; i <= VALUES; i++)
    n += sprintf(text + n, "  v%d = mul.i64 v%d, %d\n", i, i - 1, i + 10);
  for (int i = 0; i < VALUES; i++)
    n += sprintf(text + n, "  v%d = add.i64 v%d, v%d\n", VALUES + 1 + i, VALUES + i, i);
  sprintf(text + n, "  ret v%d\n}\n", 2 * VALUES);
  for (uint64_t seed = 0; seed < 8; seed++) {
    struct run r = replay_of(text, seed);
    assert_true(r.replay.stores_to_frame >= VALUES - 15); /* there are 15 registers at most */
    replay_free(&r.replay);
  }
}

/* ---- the replay itself: it sees it when the log lacks an event or names another place ---- */

static void test_faults(void **state) {
  (void)state;
  static const char *const texts[] = {sum, loop, variable};
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
    struct run good = replay_of(texts[k], 0);
    uint64_t n = good.replay.n_events;
    replay_free(&good.replay);
    for (uint64_t at = 1; at <= n; at++) {
      for (int wrong = 0; wrong < 2; wrong++) {
        struct run r = {.replay = {.break_at = at, .wrong_place = wrong}};
        run_text(&r, texts[k], strlen(texts[k]), KILN_TARGET_X86_64, 0);
        enum kn_event e = r.replay.broken;
        /* a lost read, store or loss is not missed, and blocks and the like have no place */
        bool lost = e == KN_EV_DEF || e == KN_EV_COPY || e == KN_EV_ALIAS || e == KN_EV_EDGE;
        bool moved = lost || e == KN_EV_USE || e == KN_EV_STORE;
        if (wrong && e == KN_EV_EDGE) moved = false;
        if ((wrong ? moved : lost) && r.replay.errors == 0)
          fail_msg("text %u, event %u (%u): the fault is not seen", (unsigned)k, (unsigned)at, e);
        replay_free(&r.replay);
      }
    }
  }
}

/* ---- files ---- */

static char *read_file(const char *path, size_t *size) {
  FILE *in = fopen(path, "rb");
  if (in == NULL) return NULL;
  char *text = malloc(1 << 24);
  *size = text ? fread(text, 1, 1 << 24, in) : 0;
  fclose(in);
  return text;
}

static void test_file(void **state) {
  const char *path = *state;
  size_t size = 0;
  char *text = read_file(path, &size);
  assert_non_null(text);
  text[size] = 0;
  bool wrong = strstr(text, "; error:") != NULL;
  const char *only = strstr(text, "; target: ");
  uint64_t events = 0;
  for (unsigned t = 0; t < KILN_TARGET_COUNT; t++) {
    kiln_target target = (kiln_target)t;
    const char *name = kiln_target_name(target);
    if (only && strncmp(only + strlen("; target: "), name, strlen(name)) != 0) continue;
    for (uint64_t seed = 0; seed < 4; seed++) {
      struct run r = {0};
      kiln_status status = run_text(&r, text, size, target, seed);
      if (r.replay.errors)
        fail_msg("%s, stress %u: %u errors, the first: %s", name, (unsigned)seed,
                 (unsigned)r.replay.errors, r.replay.error);
      if (!wrong && status != KILN_OK) fail_msg("%s: %s", name, r.diag);
      events += r.replay.n_events;
      replay_free(&r.replay);
    }
  }
  if (!wrong) assert_true(events > 0);
  free(text);
}

enum { MAX_TESTS = 256 };

/* Adds a test for each .kir file of a folder. */
static size_t add_files(struct CMUnitTest *tests, size_t n, const char *folder) {
  struct dirent **names;
  int count = scandir(folder, &names, NULL, alphasort);
  for (int i = 0; i < count; i++) {
    const char *name = names[i]->d_name;
    size_t length = strlen(name), room = strlen(folder) + length + 2;
    if (length > 4 && strcmp(name + length - 4, ".kir") == 0 && n < MAX_TESTS) {
      char *path = malloc(room);
      if (path == NULL) abort();
      snprintf(path, room, "%s/%s", folder, name);
      tests[n++] = (struct CMUnitTest){
        .name = path + strlen(folder) + 1, .test_func = test_file, .initial_state = path};
    }
    free(names[i]);
  }
  if (count >= 0) free(names);
  return n;
}

int main(int argc, char **argv) {
  static struct CMUnitTest tests[MAX_TESTS] = {
    cmocka_unit_test(test_set_log),  cmocka_unit_test(test_sum),   cmocka_unit_test(test_call),
    cmocka_unit_test(test_variable), cmocka_unit_test(test_edges), cmocka_unit_test(test_pressure),
    cmocka_unit_test(test_faults),
  };
  size_t n = 7;
  if (argc > 1 && strcmp(argv[1], "--logs") == 0) return logging ? 0 : 1;
  for (int i = 1; i < argc; i++) n = add_files(tests, n, argv[i]);
  if (!logging) { /* CMocka reports what is skipped as failed */
    test_set_log(NULL);
    printf("1..%u\nok 1 - %s\n", (unsigned)n, tests[0].name);
    for (size_t i = 1; i < n; i++)
      printf("ok %u - %s # SKIP this build does not log\n", (unsigned)i + 1, tests[i].name);
    return 0;
  }
  int failed = _cmocka_run_group_tests("log", tests, n, NULL, NULL);
  for (size_t i = 7; i < n; i++) free(tests[i].initial_state);
  return failed;
}
