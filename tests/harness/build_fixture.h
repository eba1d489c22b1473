/* Fixture of the builder's unit tests: a module, a session and a function to build. Tests look at the arrays of
 * kiln_func, which are the builder's contract with the plan. */
#ifndef KILN_TESTS_BUILD_FIXTURE_H
#define KILN_TESTS_BUILD_FIXTURE_H

#include "unit.h"

#include "ir/builder/builder.h"

#define VOID KILN_TYPE_VOID
#define I8 KILN_TYPE_I8
#define I32 KILN_TYPE_I32
#define I64 KILN_TYPE_I64
#define I128 KILN_TYPE_I128
#define F16 KILN_TYPE_F16
#define F32 KILN_TYPE_F32
#define F64 KILN_TYPE_F64
#define F80 KILN_TYPE_F80
#define F128 KILN_TYPE_F128
#define V128 KILN_TYPE_V128

struct fixture {
  kiln_module *m;
  kiln_session *s;
  kiln_func *f; /* open function i32 f(i64, i32) */
  kiln_symbol func, callee, data, tls;
  kiln_sig sig;   /* of f and callee */
  unsigned diags; /* diagnostics so far */
  kiln_diag diag; /* the newest */
};

static inline void on_diag(void *user, const kiln_diag *d) {
  struct fixture *t = user;
  t->diags++;
  t->diag = *d;
}

static inline kiln_sig sig_of(struct fixture *t, unsigned flags, const char *params,
                              const char *results) {
  static const char letters[] = "bwlq";
  kiln_param p[16] = {{0}};
  kiln_type r[KILN_MAX_RESULTS];
  uint32_t n = 0, n_results = 0;
  for (; params[n]; n++) {
    const char *at = strchr(letters, params[n]);
    p[n].type = at ? (uint8_t)(I8 + (at - letters)) : params[n] == 'd' ? F64 : I128;
  }
  for (; results[n_results]; n_results++) {
    const char *at = strchr(letters, results[n_results]);
    r[n_results] = at ? (kiln_type)(I8 + (at - letters)) : results[n_results] == 'd' ? F64 : I128;
  }
  return kiln_sig_new(t->m, KILN_CC_C, flags, p, n, r, n_results);
}

static inline kiln_symbol declare(struct fixture *t, const char *name, kiln_sig sig) {
  kiln_symbol_desc d = {.name = name};
  return kiln_func_declare(t->m, &d, sig);
}

static inline int fixture_setup(void **state) {
  static struct fixture fixture;
  struct fixture *t = &fixture;
  memset(t, 0, sizeof *t);
  kiln_module_options options = {.target.processor = KILN_PROCESSOR_X86_64,
                                 .name = "test",
                                 .on_diag = on_diag,
                                 .on_diag_user = t};
  t->m = kiln_module_new(&options);
  t->s = kiln_session_new(t->m);
  t->sig = sig_of(t, 0, "ql", "l");
  t->func = declare(t, "f", t->sig);
  t->callee = declare(t, "callee", t->sig);
  t->data = kiln_data_declare(t->m, &(kiln_symbol_desc){.name = "data"});
  t->tls =
    kiln_data_declare(t->m, &(kiln_symbol_desc){.name = "tls", .tls = KILN_TLS_GENERAL_DYNAMIC});
  t->f = kiln_func_begin(t->s, t->func);
  *state = t;
  return t->f == NULL || kiln_func_status(t->f) != KILN_OK;
}

static inline int fixture_teardown(void **state) {
  struct fixture *t = *state;
  kiln_session_free(t->s);
  kiln_module_free(t->m);
  return 0;
}

/* Discards the function and begins it anew. */
static inline kiln_func *again(struct fixture *t) {
  kiln_func_discard(t->f);
  t->f = kiln_func_begin(t->s, t->func);
  assert_non_null(t->f);
  assert_int_equal(kiln_func_status(t->f), KILN_OK);
  t->diags = 0;
  return t->f;
}

/* Rows of global value or slot `h` in `block`. */
static inline uint32_t row_count(const kiln_func *f, kiln_value h, uint32_t block) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < f->rows.n; i++)
    count += f->globals.at[f->rows.at[i].global / 2].handle == h.id && f->rows.at[i].block == block;
  return count;
}

/* Number of rows of `h`. */
static inline uint32_t n_rows(const kiln_func *f, kiln_value h) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < f->rows.n; i++)
    n += f->globals.at[f->rows.at[i].global / 2].handle == h.id;
  return n;
}

/* Number of globals that are `h`. */
static inline uint32_t n_globals(const kiln_func *f, kiln_value h) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < f->globals.n; i++) n += f->globals.at[i].handle == h.id;
  return n;
}

static inline kiln_block block(uint32_t id) { return (kiln_block){id}; }
static inline const struct kn_inst *inst(const kiln_func *f, kiln_value v) {
  return &f->inst[kn_index(v.id)];
}
static inline const struct kn_inst *last(const kiln_func *f) { return &f->inst[f->n - 1]; }
static inline uint32_t uses(const kiln_func *f, kiln_value v) { return f->val[v.id].uses; }
static inline const struct kn_slot *slot(const kiln_func *f, kiln_value v) {
  return &f->slots.at[kn_index(v.id)];
}

/* Ends the current block and finishes. */
static inline kiln_status finish_ret(kiln_func *f) {
  kiln_value zero = kiln_const_int(f, 0);
  kiln_build_ret(f, &zero, 1);
  return kiln_func_finish(f);
}

#define NO_VALUE ((kiln_value){0})
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Checks that the call returns none and the function's status is `want`; then begins the function anew. */
#define FAILS(want, call)                                                                          \
  do {                                                                                             \
    (void)(call);                                                                                  \
    assert_int_equal(kiln_func_status(t->f), want);                                                \
    assert_int_equal(t->diags, 1);                                                                 \
    f = again(t);                                                                                  \
  } while (0)

#endif
