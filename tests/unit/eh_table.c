/* Tables of exceptions (lib/codegen/eh_table.c, lib/codegen/eh.c): each is taken apart again by a reader of its own,
 * and says what was put in. */
#include "unit.h"

#include "base/leb128.h"
#include "lib/codegen/eh_table.h"

#include <kiln/kiln.h>

/* ---- a reader ---- */

struct reader {
  const uint8_t *at, *end;
};

static uint8_t byte(struct reader *r) {
  assert_true(r->at < r->end);
  return *r->at++;
}

static uint32_t uleb(struct reader *r) {
  uint64_t v = kn_uleb128(&r->at, r->end);
  assert_non_null(r->at);
  return (uint32_t)v;
}

static int32_t sleb(struct reader *r) {
  int64_t v = kn_sleb128(&r->at, r->end);
  assert_non_null(r->at);
  return (int32_t)v;
}

/* A table taken apart. */
struct table {
  uint8_t types_encoding;
  struct kn_eh_site site[256];
  uint32_t n_sites;
  const uint8_t *actions, *type_end, *start, *end;
};

static struct table take_apart(const struct kn_output *out, uint32_t index) {
  const struct kn_code_table *c = out->tables.at + index;
  struct table t = {.start = out->table_bytes.at + c->first};
  struct reader r = {t.start, t.start + c->size};
  t.end = r.end;
  assert_int_equal(c->first % 4, 0);
  assert_int_equal(byte(&r), KN_EH_OMIT);
  t.types_encoding = byte(&r);
  if (t.types_encoding != KN_EH_OMIT) {
    uint32_t distance = uleb(&r);
    t.type_end = r.at + distance;
    assert_int_equal(t.type_end - t.start, c->type_end);
    assert_int_equal(c->type_end % 4, 0);
  }
  assert_int_equal(byte(&r), KN_EH_ULEB128);
  uint32_t size = uleb(&r);
  struct reader sites = {r.at, r.at + size};
  t.actions = sites.end;
  while (sites.at < sites.end) {
    struct kn_eh_site s;
    s.start = uleb(&sites);
    s.end = s.start + uleb(&sites);
    s.pad = uleb(&sites);
    s.action = uleb(&sites);
    assert_true(t.n_sites < 256);
    t.site[t.n_sites++] = s;
  }
  return t;
}

/* The values of a chain of actions, in order; returns how many. */
static unsigned chain(const struct table *t, uint32_t action, int32_t values[8]) {
  unsigned n = 0;
  if (action == 0) return 0;
  struct reader r = {t->actions + action - 1, t->end};
  for (;;) {
    assert_true(n < 8);
    values[n++] = sleb(&r);
    const uint8_t *field = r.at;
    int32_t next = sleb(&r);
    if (next == 0) return n;
    r.at = field + next;
  }
}

/* The types of a filter, as a string of their numbers: "1 2". */
static void filter(const struct table *t, int32_t value, char *out, size_t size) {
  struct reader r = {t->type_end - value - 1, t->end};
  *out = 0;
  for (uint32_t type; (type = uleb(&r)) != 0;) {
    size_t n = strlen(out);
    snprintf(out + n, size - n, n ? " %u" : "%u", type);
  }
}

/* ---- what is made ---- */

struct fixture {
  kiln_module *m;
  kiln_session *s;
  kiln_func *f;
  struct kn_eh_actions actions;
};

static void open_with(struct fixture *t, kiln_processor target, kiln_pic pic) {
  kiln_module_options options = {.target.processor = target, .pic = pic};
  *t = (struct fixture){.m = kiln_module_new(&options)};
  t->s = kiln_session_new(t->m);
  kiln_sig sig = kiln_sig_new(t->m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  t->f = kiln_func_begin(t->s, kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "f"}, sig));
  assert_non_null(t->f);
}

static void close_all(struct fixture *t) {
  kn_eh_actions_free(&t->actions, t->m);
  kiln_func_discard(t->f);
  kiln_session_free(t->s);
  kiln_module_free(t->m);
}

static uint32_t chain_of(struct fixture *t, unsigned n, const int32_t *values) {
  t->actions.values.n = 0;
  for (unsigned k = 0; k < n; k++) assert_true(KN_PUSH(t->f, t->actions.values, values[k]));
  return kn_eh_chain(&t->actions, t->f);
}
#define CHAIN(t, ...)                                                                              \
  chain_of(t, sizeof(int32_t[]){__VA_ARGS__} / sizeof(int32_t), (int32_t[]){__VA_ARGS__})

static void test_sites(void **state) {
  struct fixture t;
  (void)state;
  open_with(&t, KILN_PROCESSOR_X86_64, KILN_PIC_FULL);
  uint32_t one = CHAIN(&t, 1, 0), two = CHAIN(&t, 2, 1, 0), again = CHAIN(&t, 1, 0);
  assert_int_equal(CHAIN(&t, 0), 0); /* cleanup only */
  assert_int_equal(one, again);
  assert_int_equal(t.actions.list.n, 3); /* `two` goes on with `one` */
  const struct kn_eh_site want[] = {
    {4, 9, 0, 0}, {300, 70000, 80000, one}, {70001, 70002, 3000000, two}, {90000, 90005, 5, 0}};
  const uint32_t types[] = {17, 0};
  assert_true(kn_eh_write(t.m, t.s->out, want, 4, &t.actions, types, 2, 99));
  assert_int_equal(t.s->out->tables.n, 1);
  assert_int_equal(t.s->out->tables.at[0].personality, 99);
  assert_int_equal(t.s->out->tables.at[0].n_types, 2);
  assert_int_equal(t.s->out->table_types.at[0], 17);
  struct table got = take_apart(t.s->out, 0);
  assert_int_equal(got.n_sites, 4);
  assert_memory_equal(got.site, want, sizeof want);
  int32_t values[8];
  assert_int_equal(chain(&got, one, values), 2);
  assert_int_equal(values[0], 1);
  assert_int_equal(values[1], 0);
  assert_int_equal(chain(&got, two, values), 3);
  assert_int_equal(values[0], 2);
  assert_int_equal(values[2], 0);
  close_all(&t);
}

static void test_filters(void **state) {
  struct fixture t;
  char text[64];
  (void)state;
  open_with(&t, KILN_PROCESSOR_X86_64, KILN_PIC_FULL);
  int32_t none = kn_eh_filter(&t.actions, t.f, NULL, 0);
  int32_t many = kn_eh_filter(&t.actions, t.f, (uint32_t[]){1, 200, 3}, 3);
  int32_t tail = kn_eh_filter(&t.actions, t.f, (uint32_t[]){200, 3}, 2);
  assert_int_equal(kn_eh_filter(&t.actions, t.f, NULL, 0), none);
  assert_int_equal(none, -1);
  assert_int_equal(t.actions.filters.n, 1 + 5); /* the tail of `many` is a filter too */
  uint32_t action = CHAIN(&t, many, none);
  assert_true(kn_eh_write(t.m, t.s->out, NULL, 0, &t.actions, NULL, 0, 1));
  struct table got = take_apart(t.s->out, 0);
  int32_t values[8];
  assert_int_equal(chain(&got, action, values), 2);
  filter(&got, values[0], text, sizeof text);
  assert_string_equal(text, "1 200 3");
  filter(&got, values[1], text, sizeof text);
  assert_string_equal(text, "");
  filter(&got, tail, text, sizeof text);
  assert_string_equal(text, "200 3");
  close_all(&t);
}

/* Numbers that say how long what is after them is get longer themselves. */
static void test_lengths(void **state) {
  struct fixture t;
  struct kn_eh_site want[200];
  (void)state;
  open_with(&t, KILN_PROCESSOR_AARCH64, KILN_PIC_FULL);
  CHAIN(&t, 1);
  uint32_t types[40] = {0}, n_tables = 0;
  for (uint32_t n = 0; n < 200; n++) {
    want[n] = (struct kn_eh_site){n * 100, n * 100 + 4, n % 3 ? n * 77 : 0, n % 2};
    for (uint32_t k = 0; k < 40; k += 1 + (n > 40 ? 13 : 0)) {
      assert_true(kn_eh_write(t.m, t.s->out, want, n, &t.actions, types, k, 1));
      struct table got = take_apart(t.s->out, n_tables++);
      assert_int_equal(got.n_sites, n);
      if (n > 0) assert_memory_equal(got.site, want, n * sizeof *want);
      assert_int_equal(got.types_encoding, k > 0 ? KN_EH_INDIRECT_PCREL_SDATA4 : KN_EH_OMIT);
      if (k > 0) assert_true(got.end == got.type_end && got.type_end - 4 * k >= got.actions + 2);
    }
  }
  close_all(&t);
}

static void test_encodings(void **state) {
  static const struct {
    kiln_processor target;
    kiln_pic pic;
    uint8_t encoding;
  } rows[] = {{KILN_PROCESSOR_X86_64, KILN_PIC_FULL, KN_EH_INDIRECT_PCREL_SDATA4},
              {KILN_PROCESSOR_X86_64, KILN_PIC_PIE, KN_EH_INDIRECT_PCREL_SDATA4},
              {KILN_PROCESSOR_X86_64, KILN_PIC_STATIC, KN_EH_UDATA4},
              {KILN_PROCESSOR_AARCH64, KILN_PIC_STATIC, KN_EH_INDIRECT_PCREL_SDATA4}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct fixture t;
    open_with(&t, rows[i].target, rows[i].pic);
    assert_true(kn_eh_write(t.m, t.s->out, NULL, 0, &t.actions, (uint32_t[]){1}, 1, 1));
    assert_int_equal(take_apart(t.s->out, 0).types_encoding, rows[i].encoding);
    close_all(&t);
  }
}

/* ---- of functions ---- */

#define HEAD                                                                                       \
  "declare @p()\ndeclare @g()\ndeclare @quiet() nounwind\n"                                        \
  "func @f() personality @p {\nb0:\n"

/* Call sites of a function: p is one with a pad, n one without. */
static const struct {
  const char *text, *sites;
} functions[] = {
  /* neighbours with one pad and action share a site */
  {"  try @g() to b1 unwind b9 [cleanup]\nb1:\n  try @g() to b2 unwind b9 [cleanup]\nb2:\n  ret\n",
   "p"},
  /* of another action */
  {"  try @g() to b1 unwind b9 [cleanup]\nb1:\n  try @g() to b2 unwind b9 [catch all]\nb2:\n  "
   "ret\n",
   "pp"},
  /* what must not unwind has no site of its own; between calls that agree it is in theirs */
  {"  try @g() to b1 unwind b9 [cleanup]\nb1:\n  call @quiet()\n"
   "  try @g() to b2 unwind b9 [cleanup]\nb2:\n  ret\n",
   "p"},
  {"  try @g() to b1 unwind b9 [cleanup]\nb1:\n  call @quiet()\n"
   "  try @g() to b2 unwind b9 [catch all]\nb2:\n  ret\n",
   "pp"},
  {"  call @g()\n  call @g()\n  try @g() to b1 unwind b9 [cleanup]\nb1:\n  call @quiet()\n  ret\n",
   "np"},
  {"  call @g()\n  call @g() as () nounwind\n  call @g()\n"
   "  try @quiet() to b1 unwind b9 [cleanup]\nb1:\n  ret\n",
   "np"},
  /* resume unwinds, and memcpy does not */
  {"  try @g() to b1 unwind b2(exception 0) [cleanup]\nb1:\n  %s = salloc 999\n"
   "  memcpy %s, @p, 999\n  ret\nb2(%e: i64):\n  resume %e\n",
   "pn"},
  /* another stub, another pad; the same, the same */
  {"  try @g() to b1 unwind b2(exception 0, 1) [cleanup]\nb1:\n"
   "  try @g() to b3 unwind b2(exception 0, 2) [cleanup]\nb3:\n"
   "  try @g() to b9 unwind b2(exception 0, 2) [cleanup]\n"
   "b2(%e: i64, %k: i64):\n  %x = add.i64 %e, %k\n  %c = icmp.i64 eq %x, 7\n  brif %c, b9, b9\n",
   "pp"},
};

CASE(test_functions) {
  for (size_t i = 0; i < 2 * sizeof functions / sizeof *functions; i++) {
    kiln_module_options options = {.target.processor =
                                     i % 2 ? KILN_PROCESSOR_AARCH64 : KILN_PROCESSOR_X86_64};
    kiln_module *m = kiln_module_new(&options);
    kiln_session *s = kiln_session_new(m);
    char text[1024], sites[16] = "";
    snprintf(text, sizeof text, HEAD "%sb9:\n  ret\n}\n", functions[i / 2].text);
    if (kiln_text_read(s, text, strlen(text), NULL, NULL) != KILN_OK)
      fail_msg("%zu: %s", i / 2, kiln_module_diag(m)->message);
    struct table got = take_apart(s->out, 0);
    const struct kn_code_func *f = s->out->funcs.at;
    uint32_t end = 0;
    for (uint32_t k = 0; k < got.n_sites; k++) {
      assert_true(got.site[k].start >= end && got.site[k].end > got.site[k].start);
      end = got.site[k].end;
      assert_true(end <= f->size && got.site[k].pad < f->size);
      sites[k] = got.site[k].pad != 0 ? 'p' : 'n';
    }
    assert_string_equal(sites, functions[i / 2].sites);
    kiln_session_free(s);
    kiln_module_free(m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sites),     cmocka_unit_test(test_filters),
    cmocka_unit_test(test_lengths),   cmocka_unit_test(test_encodings),
    cmocka_unit_test(test_functions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
