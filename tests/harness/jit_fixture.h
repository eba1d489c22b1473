/* What the JIT's tests share: units from text. A text that does not compile fails the test. */
#ifndef TESTS_JIT_FIXTURE_H
#define TESTS_JIT_FIXTURE_H

#include <kiln/jit.h>
#include <kiln/kiln.h>

#include "unit.h"

/* In an emulator the protection may differ from the one requested: see docs/jit.md. */
#ifdef KN_TEST_EMULATED
enum { EMULATED = 1 };
#else
enum { EMULATED = 0 };
#endif

/* On Windows nothing is mapped twice, which jit_windows.cpp tests. */
#ifdef _WIN32
#define JIT_PROTECTION_DUAL KILN_JIT_PROTECTION_SWITCH
#else
#define JIT_PROTECTION_DUAL KILN_JIT_PROTECTION_DUAL
#endif

/* A module compiled from text, and its session. */
struct compiled {
  kiln_module *m;
  kiln_session *s;
};

static inline void jit_tell(void *user, const kiln_diag *d) {
  char line[512];
  (void)user;
  kiln_diag_format(d, line, sizeof line);
  fprintf(stderr, "# %s\n", line);
}

static inline kiln_module *jit_module(kiln_pic pic) {
  kiln_module_options options = {.jit = true, .pic = pic, .name = "text", .on_diag = jit_tell};
  assert_true(kiln_target_find_host(&options.target));
  kiln_module *m = kiln_module_new(&options);
  assert_non_null(m);
  return m;
}

static inline struct compiled jit_compile(const char *text) {
  struct compiled c = {.m = jit_module(KILN_PIC_FULL)};
  c.s = kiln_session_new(c.m);
  assert_int_equal(kiln_text_read(c.s, text, strlen(text), NULL, NULL), KILN_OK);
  return c;
}

static inline void jit_release(struct compiled c) {
  kiln_session_free(c.s);
  kiln_module_free(c.m);
}

/* Adds the texts together; the call's status. `e` may be NULL. */
static inline kiln_status jit_try(kiln_jit *jit, const char *const *texts, size_t n, unsigned flags,
                                  kiln_jit_unit *unit, kiln_jit_error *e) {
  struct compiled c[8];
  kiln_session *sessions[8];
  kiln_jit_input in[8];
  assert_true(n <= 8);
  for (size_t i = 0; i < n; i++) {
    c[i] = jit_compile(texts[i]);
    sessions[i] = c[i].s;
    in[i] = (kiln_jit_input){.module = c[i].m, .sessions = sessions + i, .n_sessions = 1};
  }
  kiln_status status = kiln_jit_add(jit, flags, in, (uint32_t)n, unit, e);
  for (size_t i = 0; i < n; i++) jit_release(c[i]);
  return status;
}

static inline kiln_jit_unit jit_add(kiln_jit *jit, const char *text, unsigned flags) {
  kiln_jit_error e = {0};
  kiln_jit_unit u;
  if (jit_try(jit, &text, 1, flags, &u, &e) != KILN_OK) fail_msg("%s", e.diag.message);
  assert_int_not_equal(u.id, 0);
  return u;
}

static inline kiln_jit *jit_new(const kiln_jit_options *options) {
  kiln_jit_error e = {0};
  kiln_jit *jit = kiln_jit_new(options, &e);
  if (jit == NULL) fail_msg("%s", e.diag.message);
  return jit;
}

/* Calls a function by its name. */
typedef int64_t jit_fn(int64_t, int64_t);
static inline int64_t jit_call(kiln_jit *jit, const char *name, int64_t a, int64_t b) {
  jit_fn *f = (jit_fn *)(uintptr_t)kiln_jit_lookup(jit, name);
  if (f == NULL) fail_msg("no function %s", name);
  return f(a, b);
}

#endif
