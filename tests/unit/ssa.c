/* SSA from assignments (<kiln/ssa.h>): which parameters it makes, misuse, memory, growth. ssa_run.c tests that the
 * functions compute the right results. */
#include <pthread.h>
#include "unit.h"

#include <kiln/kiln.h>

#include "large.h"
#include "failing.h"

#define I32 KILN_TYPE_I32
#define I64 KILN_TYPE_I64
#define F64 KILN_TYPE_F64

/* ---- fixture ---- */

struct fixture {
  kiln_module *m;
  kiln_session *s;
  kiln_func *f; /* i64 f(i64, i64) */
  kiln_ssa *ssa;
  kiln_sig sig;
  uint32_t n_funcs;
  kiln_value a, b; /* its parameters */
  struct failing memory;
  kiln_diag diag; /* the newest */
};

static void on_diag(void *user, const kiln_diag *d) { ((struct fixture *)user)->diag = *d; }

static void begin(struct fixture *t, unsigned flags) {
  char name[2] = {(char)('a' + t->n_funcs++ % 26), 0};
  kiln_symbol_desc d = {.name = name};
  t->f = kiln_func_begin(t->s, kiln_func_declare(t->m, &d, t->sig));
  kiln_ssa_begin(t->ssa, t->f, flags);
  if (t->f == NULL) return;
  t->a = kiln_func_param(t->f, 0);
  t->b = kiln_func_param(t->f, 1);
}

static bool make(struct fixture *t) {
  kiln_module_options options = {.target.processor = KILN_PROCESSOR_X86_64,
                                 .name = "test",
                                 .allocator = failing_allocator(&t->memory),
                                 .on_diag = on_diag,
                                 .on_diag_user = t};
  t->m = kiln_module_new(&options);
  if (t->m == NULL) return false;
  t->s = kiln_session_new(t->m);
  t->ssa = kiln_ssa_new(t->m);
  kiln_type result = I64;
  t->sig =
    kiln_sig_new(t->m, KILN_CC_C, 0, (kiln_param[]){{.type = I64}, {.type = I64}}, 2, &result, 1);
  return t->s != NULL && t->ssa != NULL;
}

static void destroy(struct fixture *t) {
  kiln_ssa_free(t->ssa);
  if (t->s != NULL) kiln_session_free(t->s);
  kiln_module_free(t->m);
}

static int setup(void **state) {
  static struct fixture fixture;
  memset(&fixture, 0, sizeof fixture);
  *state = &fixture;
  if (!make(&fixture)) return 1;
  begin(&fixture, 0);
  return 0;
}

static int teardown(void **state) {
  destroy(*state);
  return 0;
}

static kiln_value number(struct fixture *t, int64_t v) { return kiln_const_int(t->f, v); }

static kiln_value add(struct fixture *t, kiln_value a, kiln_value b) {
  return kiln_build_binary(t->f, KILN_OP_ADD, I64, a, b);
}

static void ret(struct fixture *t, kiln_value v) { kiln_build_ret(t->f, &v, 1); }

/* Ends variables and function, which must satisfy the verifier. */
static void end(struct fixture *t) {
  assert_int_equal(kiln_ssa_end(t->ssa), KILN_OK);
  assert_int_equal(kiln_func_finish(t->f), KILN_OK);
  assert_int_equal(kiln_func_verify(t->f), KILN_OK);
}

static uint32_t params(struct fixture *t, kiln_block b) { return kiln_block_param_count(t->f, b); }

static void expect_error(struct fixture *t, kiln_status status, const char *text) {
  assert_int_equal(kiln_func_status(t->f), status);
  assert_int_equal(kiln_ssa_end(t->ssa), status);
  assert_int_equal(kiln_func_compile(t->f), status);
  assert_non_null(strstr(t->diag.message, text));
}

/* ---- what is made ---- */

static void one_block(void **state) {
  struct fixture *t = *state;
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64), y = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_ssa_write(t->ssa, y, t->b);
  assert_int_equal(kiln_ssa_read(t->ssa, x).id, t->a.id);
  kiln_value sum = add(t, kiln_ssa_read(t->ssa, x), kiln_ssa_read(t->ssa, y));
  kiln_ssa_write(t->ssa, x, sum);
  assert_int_equal(kiln_ssa_read(t->ssa, x).id, sum.id);
  assert_int_equal(kiln_ssa_read(t->ssa, y).id, t->b.id);
  ret(t, kiln_ssa_read(t->ssa, x));
  end(t);
}

/* A root is loaded at each read, and what was read before a call that collects is not used after it. */
static void roots(void **state) {
  struct fixture *t = *state;
  kiln_sig sig = kiln_sig_new(t->m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  kiln_symbol collect = kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "collect"}, sig);
  for (int stale = 0; stale < 2; stale++) {
    if (stale) begin(t, 0);
    kiln_ssa_variable x = kiln_ssa_new_root(t->ssa, I64), y = kiln_ssa_new_root(t->ssa, I32);
    assert_true(kiln_slot_is_root(t->f, 0));
    assert_true(kiln_slot_is_root(t->f, 1));
    assert_false(kiln_slot_is_root(t->f, 2));
    kiln_ssa_write(t->ssa, x, t->a);
    kiln_ssa_write(t->ssa, y, number(t, 5));
    kiln_value before = kiln_ssa_read(t->ssa, x);
    kiln_block next = kiln_block_new(t->f);
    kiln_ssa_br(t->ssa, next);
    kiln_ssa_seal(t->ssa, next);
    kiln_block_switch(t->f, next);
    assert_int_not_equal(kiln_ssa_read(t->ssa, x).id, before.id);
    kiln_build_call(t->f, sig, kiln_const_symbol(t->f, collect, 0), NULL, 0);
    kiln_value after = kiln_ssa_read(t->ssa, x);
    assert_int_equal(params(t, next), 0);
    ret(t, stale ? before : after);
    if (!stale) {
      end(t);
      continue;
    }
    assert_int_equal(kiln_ssa_end(t->ssa), KILN_OK);
    assert_int_equal(kiln_func_finish(t->f), KILN_OK);
    assert_int_equal(kiln_func_verify(t->f), KILN_ERR_STRUCTURE);
    assert_non_null(strstr(t->diag.message, "derived from a root"));
    kiln_func_discard(t->f);
  }
}

static void bad_roots(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_ssa_new_root(t->ssa, F64).id, 0);
  expect_error(t, KILN_ERR_TYPE, "a root has the type i64 or i32");
  begin(t, 0);
  kiln_ssa_variable x = kiln_ssa_new_root(t->ssa, I64);
  kiln_ssa_write_in(t->ssa, kiln_block_new(t->f), x, t->a);
  expect_error(t, KILN_ERR_STRUCTURE, "another block than the current one");
}

/* The example of the header. */
static void gcd(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_ssa *ssa = t->ssa;
  kiln_block loop = kiln_block_new(f), body = kiln_block_new(f), done = kiln_block_new(f);
  kiln_ssa_variable a = kiln_ssa_new_variable(ssa, KILN_TYPE_I64),
                    b = kiln_ssa_new_variable(ssa, KILN_TYPE_I64);
  kiln_ssa_write(ssa, a, kiln_func_param(f, 0));
  kiln_ssa_write(ssa, b, kiln_func_param(f, 1));
  kiln_ssa_br(ssa, loop);
  kiln_block_switch(f, loop);
  kiln_value more = kiln_build_icmp(f, KILN_ICOND_NE, I64, kiln_ssa_read(ssa, b), number(t, 0));
  kiln_ssa_brif(ssa, more, body, done);
  kiln_ssa_seal(ssa, body);
  kiln_ssa_seal(ssa, done);
  kiln_block_switch(f, body);
  kiln_value old = kiln_ssa_read(ssa, b);
  kiln_ssa_write(ssa, b, kiln_build_binary(f, KILN_OP_SREM, I64, kiln_ssa_read(ssa, a), old));
  kiln_ssa_write(ssa, a, old);
  kiln_ssa_br(ssa, loop);
  kiln_ssa_seal(ssa, loop);
  kiln_block_switch(f, done);
  ret(t, kiln_ssa_read(ssa, a));
  end(t);
  assert_int_equal(params(t, loop), 2);
  assert_int_equal(params(t, body), 0);
  assert_int_equal(params(t, done), 0);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
}

/* if (a) { writes & 1: x = 1 } else { writes & 2: x = 2 }; parameters of the join. */
static uint32_t diamond(struct fixture *t, unsigned writes, bool sealed, kiln_value *result) {
  kiln_block yes = kiln_block_new(t->f), no = kiln_block_new(t->f), join = kiln_block_new(t->f);
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->b);
  kiln_value c = kiln_build_icmp(t->f, KILN_ICOND_NE, I64, t->a, number(t, 0));
  kiln_ssa_brif(t->ssa, c, yes, no);
  kiln_block_switch(t->f, yes);
  if (writes & 1) kiln_ssa_write(t->ssa, x, number(t, 1));
  kiln_ssa_br(t->ssa, join);
  kiln_block_switch(t->f, no);
  if (writes & 2) kiln_ssa_write(t->ssa, x, number(t, 2));
  kiln_ssa_br(t->ssa, join);
  if (sealed) {
    kiln_ssa_seal(t->ssa, yes);
    kiln_ssa_seal(t->ssa, no);
    kiln_ssa_seal(t->ssa, join);
  }
  kiln_block_switch(t->f, join);
  *result = kiln_ssa_read(t->ssa, x);
  ret(t, *result);
  end(t);
  return params(t, join);
}

static void joins(void **state) {
  struct fixture *t = *state;
  for (unsigned writes = 0; writes < 4; writes++) {
    for (unsigned sealed = 0; sealed < 2; sealed++) {
      if (t->n_funcs > 1) begin(t, 0);
      kiln_value v;
      assert_int_equal(diamond(t, writes, sealed, &v), writes != 0);
      if (writes == 0 && sealed) assert_int_equal(v.id, t->b.id);
      t->n_funcs++;
    }
  }
}

/* A variable that a loop only reads gets no parameter, however deep the loop. */
static void invariant_in_loops(void **state) {
  struct fixture *t = *state;
  enum { DEPTH = 5 };
  kiln_block head[DEPTH], exit[DEPTH];
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64), i = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_ssa_write(t->ssa, i, t->b);
  for (unsigned d = 0; d < DEPTH; d++) {
    head[d] = kiln_block_new(t->f);
    exit[d] = kiln_block_new(t->f);
    kiln_ssa_br(t->ssa, head[d]);
    kiln_block_switch(t->f, head[d]);
  }
  kiln_ssa_write(t->ssa, i, add(t, kiln_ssa_read(t->ssa, i), kiln_ssa_read(t->ssa, x)));
  for (unsigned d = DEPTH; d-- > 0;) {
    kiln_value c = kiln_build_icmp(t->f, KILN_ICOND_SLT, I64, kiln_ssa_read(t->ssa, i), t->b);
    kiln_ssa_brif(t->ssa, c, head[d], exit[d]);
    kiln_ssa_seal(t->ssa, head[d]);
    kiln_ssa_seal(t->ssa, exit[d]);
    kiln_block_switch(t->f, exit[d]);
  }
  assert_int_equal(kiln_ssa_read(t->ssa, x).id, t->a.id);
  ret(t, kiln_ssa_read(t->ssa, i));
  end(t);
  for (unsigned d = 0; d < DEPTH; d++) assert_int_equal(params(t, head[d]), 1); /* i alone */
}

/* The same read for the first time when all loops are sealed. */
static void invariant_behind_loops(void **state) {
  struct fixture *t = *state;
  enum { DEPTH = 5 };
  kiln_block head[DEPTH], exit[DEPTH];
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_value c = kiln_build_icmp(t->f, KILN_ICOND_SLT, I64, t->a, t->b);
  for (unsigned d = 0; d < DEPTH; d++) {
    head[d] = kiln_block_new(t->f);
    exit[d] = kiln_block_new(t->f);
    kiln_ssa_br(t->ssa, head[d]);
    kiln_block_switch(t->f, head[d]);
  }
  for (unsigned d = DEPTH; d-- > 0;) {
    kiln_ssa_brif(t->ssa, c, head[d], exit[d]);
    kiln_ssa_seal(t->ssa, head[d]);
    kiln_ssa_seal(t->ssa, exit[d]);
    kiln_block_switch(t->f, exit[d]);
  }
  assert_int_equal(kiln_ssa_read(t->ssa, x).id, t->a.id);
  ret(t, t->a);
  end(t);
  for (unsigned d = 0; d < DEPTH; d++) assert_int_equal(params(t, head[d]), 0);
}

/* Both targets of a branch, and several cases, are one block. */
static void parallel_edges(void **state) {
  struct fixture *t = *state;
  kiln_block join = kiln_block_new(t->f), many = kiln_block_new(t->f), last = kiln_block_new(t->f);
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_ssa_brif(t->ssa, kiln_build_icmp(t->f, KILN_ICOND_EQ, I64, t->a, t->b), join, join);
  kiln_ssa_seal(t->ssa, join);
  kiln_block_switch(t->f, join);
  assert_int_equal(kiln_ssa_read(t->ssa, x).id, t->a.id);
  kiln_ssa_write(t->ssa, x, t->b);
  kiln_ssa_switch(
    t->ssa, I64, t->a, many,
    (kiln_switch_case[]){{1, many}, {2, last}, {3, many}, {4, last}, {5, last}, {6, last}}, 6);
  kiln_block_switch(t->f, many);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_ssa_br(t->ssa, last);
  kiln_ssa_seal(t->ssa, last);
  kiln_block_switch(t->f, last);
  ret(t, kiln_ssa_read(t->ssa, x));
  end(t);
  assert_int_equal(params(t, join), 0);
  assert_int_equal(params(t, last), 1);
}

/* An indirect branch; all its edges have the same arguments. */
static void indirect(void **state) {
  struct fixture *t = *state;
  kiln_block to[2] = {kiln_block_new(t->f), kiln_block_new(t->f)};
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->b);
  kiln_ssa_brind(t->ssa, t->a, to, 2);
  kiln_ssa_seal(t->ssa, to[1]);
  kiln_block_switch(t->f, to[0]);
  kiln_ssa_write(t->ssa, x, add(t, kiln_ssa_read(t->ssa, x), t->a));
  kiln_ssa_brind(t->ssa, kiln_ssa_read(t->ssa, x), to, 1);
  kiln_ssa_seal(t->ssa, to[0]);
  kiln_block_switch(t->f, to[1]);
  assert_int_equal(kiln_ssa_read(t->ssa, x).id, t->b.id);
  ret(t, kiln_ssa_read(t->ssa, x));
  end(t);
  assert_int_equal(params(t, to[0]), 1);
}

/* A parameter of the front end's own beside those of variables. */
static void own_parameters(void **state) {
  struct fixture *t = *state;
  kiln_block loop = kiln_block_new(t->f), done = kiln_block_new(t->f);
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_ssa_br(t->ssa, loop);
  kiln_value own = kiln_block_add_param(t->f, loop, I64);
  kiln_edge_set_arg(t->f, (kiln_block){0}, loop, 0, t->b);
  kiln_block_switch(t->f, loop);
  kiln_ssa_write(t->ssa, x, add(t, kiln_ssa_read(t->ssa, x), own));
  kiln_value c =
    kiln_build_icmp(t->f, KILN_ICOND_SLT, I64, kiln_ssa_read(t->ssa, x), number(t, 100));
  kiln_ssa_brif(t->ssa, c, loop, done);
  kiln_edge_set_arg(t->f, loop, loop, 0, kiln_ssa_read(t->ssa, x));
  kiln_ssa_seal(t->ssa, loop);
  kiln_block_switch(t->f, done);
  ret(t, kiln_ssa_read(t->ssa, x));
  end(t);
  assert_int_equal(params(t, loop), 2);
}

/* Edges of a terminator that was not built by kiln_ssa_br and its like. */
static void told_edges(void **state) {
  struct fixture *t = *state;
  kiln_block next = kiln_block_new(t->f);
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, F64);
  kiln_ssa_write(t->ssa, x, kiln_const_f64(t->f, 1.5));
  kiln_build_br(t->f, next, NULL, 0);
  kiln_ssa_edge(t->ssa, (kiln_block){0}, next);
  kiln_ssa_edge(t->ssa, (kiln_block){0}, next);
  kiln_ssa_seal(t->ssa, next);
  kiln_ssa_edge(t->ssa, (kiln_block){0}, next); /* known, so allowed */
  kiln_block_switch(t->f, next);
  kiln_value v = kiln_build_convert(t->f, KILN_OP_FTOSI, I64, F64, kiln_ssa_read(t->ssa, x));
  ret(t, v);
  end(t);
}

/* A loop whose edges are built by the builder's own calls, one of them before there are variables: the variable that
 * is assigned in it is a parameter, the other is not. */
static void built_edges(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_ssa_end(t->ssa), KILN_OK);
  kiln_block loop = kiln_block_new_many(t->f, 2), done = {loop.id + 1};
  kiln_build_br(t->f, loop, NULL, 0);
  kiln_ssa_begin(t->ssa, t->f, KILN_SSA_EDGES_BUILT);
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64), y = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write_in(t->ssa, (kiln_block){0}, x, t->a);
  kiln_ssa_write_in(t->ssa, (kiln_block){0}, y, t->b);
  kiln_block_switch(t->f, loop);
  kiln_value old = kiln_ssa_read(t->ssa, x), step = kiln_ssa_read(t->ssa, y);
  kiln_value next = kiln_build_binary(t->f, KILN_OP_SUB, I64, old, step);
  kiln_ssa_write(t->ssa, x, next);
  kiln_value more = kiln_build_icmp(t->f, KILN_ICOND_NE, I64, next, kiln_const_int(t->f, 0));
  kiln_build_brif(t->f, more, loop, NULL, 0, done, NULL, 0);
  kiln_block_switch(t->f, done);
  ret(t, kiln_ssa_read(t->ssa, x));
  end(t);
  assert_int_equal(params(t, loop), 1);
  assert_int_equal(params(t, done), 0);
}

/* ---- what is not defined ---- */

static void undefined_is_zero(void **state) {
  struct fixture *t = *state;
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64), y = kiln_ssa_new_variable(t->ssa, F64);
  assert_int_equal(kiln_ssa_read(t->ssa, x).id, number(t, 0).id);
  assert_int_equal(kiln_value_type(t->f, kiln_ssa_read(t->ssa, y)), F64);
  ret(t, kiln_ssa_read(t->ssa, x));
  end(t);
}

static void strict(void **state) {
  struct fixture *t = *state;
  begin(t, KILN_SSA_STRICT);
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_block yes = kiln_block_new(t->f), join = kiln_block_new(t->f);
  kiln_ssa_brif(t->ssa, kiln_build_icmp(t->f, KILN_ICOND_EQ, I64, t->a, t->b), yes, join);
  kiln_block_switch(t->f, yes);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_ssa_br(t->ssa, join);
  kiln_ssa_seal(t->ssa, join);
  kiln_block_switch(t->f, join);
  assert_int_equal(kiln_ssa_read(t->ssa, x).id, 0);
  expect_error(t, KILN_ERR_STRUCTURE, "may not have been written");
}

/* Unreachable blocks, alone and in cycles: any result is right, but the call must return. */
static void unreachable_blocks(void **state) {
  struct fixture *t = *state;
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_block b[4];
  for (unsigned i = 0; i < 4; i++) b[i] = kiln_block_new(t->f);
  ret(t, t->a);
  kiln_block_switch(t->f, b[0]); /* b0 -> b1 -> b0, one predecessor each */
  kiln_ssa_br(t->ssa, b[1]);
  kiln_block_switch(t->f, b[1]);
  kiln_ssa_br(t->ssa, b[0]);
  kiln_ssa_seal(t->ssa, b[0]);
  kiln_ssa_seal(t->ssa, b[1]);
  assert_int_equal(kiln_ssa_read_in(t->ssa, b[1], x).id, number(t, 0).id);
  kiln_ssa_variable y =
    kiln_ssa_new_variable(t->ssa, I64); /* b2 -> b3 -> b2, b3: two predecessors */
  kiln_block_switch(t->f, b[2]);
  kiln_ssa_br(t->ssa, b[3]);
  kiln_block_switch(t->f, b[3]);
  kiln_value c = kiln_build_icmp(t->f, KILN_ICOND_EQ, I64, kiln_ssa_read(t->ssa, y), number(t, 3));
  kiln_ssa_brif(t->ssa, c, b[2], b[3]);
  end(t);
}

/* ---- misuse ---- */

static void wrong_type(void **state) {
  struct fixture *t = *state;
  kiln_ssa_write(t->ssa, kiln_ssa_new_variable(t->ssa, I32), t->a);
  expect_error(t, KILN_ERR_TYPE, "variable 1 of type i32 is written with a value of type i64");
}

static void constant_for_a_float(void **state) {
  struct fixture *t = *state;
  kiln_ssa_write(t->ssa, kiln_ssa_new_variable(t->ssa, F64), number(t, 1));
  expect_error(t, KILN_ERR_TYPE, "variable 1 of type f64 is written with an integer constant");
}

static void no_value(void **state) {
  struct fixture *t = *state;
  kiln_ssa_write(t->ssa, kiln_ssa_new_variable(t->ssa, I64), (kiln_value){0});
  expect_error(t, KILN_ERR_ARGUMENT, "variable 1 of type i64 is written with none");
}

static void no_type(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_ssa_new_variable(t->ssa, KILN_TYPE_VOID).id, 0);
  expect_error(t, KILN_ERR_TYPE, "no such type");
}

static void no_variable(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_ssa_read(t->ssa, (kiln_ssa_variable){0}).id, 0);
  expect_error(t, KILN_ERR_ARGUMENT, "no such variable");
}

static void no_block(void **state) {
  struct fixture *t = *state;
  kiln_ssa_seal(t->ssa, (kiln_block){UINT32_MAX});
  expect_error(t, KILN_ERR_ARGUMENT, "no such block");
}

static void to_the_entry(void **state) {
  struct fixture *t = *state;
  kiln_ssa_br(t->ssa, (kiln_block){0});
  expect_error(t, KILN_ERR_ARGUMENT, "entry block");
}

static void write_behind_terminator(void **state) {
  struct fixture *t = *state;
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_block b = kiln_block_new(t->f);
  kiln_ssa_br(t->ssa, b);
  kiln_ssa_seal(t->ssa, b);
  kiln_ssa_write(t->ssa, x, t->a); /* is allowed, since it is the first thing done with x */
  assert_int_equal(kiln_ssa_read_in(t->ssa, b, x).id, t->a.id);
  assert_int_equal(kiln_func_status(t->f), KILN_OK);
  kiln_ssa_write(t->ssa, x, t->a);
  expect_error(t, KILN_ERR_STRUCTURE, "has its terminator");
}

static void edge_into_sealed(void **state) {
  struct fixture *t = *state;
  kiln_block b = kiln_block_new(t->f);
  kiln_ssa_seal(t->ssa, b);
  kiln_ssa_br(t->ssa, b);
  expect_error(t, KILN_ERR_STRUCTURE, "sealed");
}

static void edge_without_terminator(void **state) {
  struct fixture *t = *state;
  kiln_ssa_edge(t->ssa, (kiln_block){0}, kiln_block_new(t->f));
  expect_error(t, KILN_ERR_STRUCTURE, "no terminator");
}

/* expect_error of what kiln_ssa_end finds. */
static void expect_at_end(struct fixture *t, const char *text) {
  assert_int_equal(kiln_func_status(t->f), KILN_OK);
  assert_int_equal(kiln_ssa_end(t->ssa), KILN_ERR_STRUCTURE);
  assert_int_equal(kiln_func_compile(t->f), KILN_ERR_STRUCTURE);
  assert_non_null(strstr(t->diag.message, text));
}

/* The only edge into a block: without it the block is not reached, and its variables are 0. */
static void edge_not_told(void **state) {
  struct fixture *t = *state;
  kiln_block next = kiln_block_new(t->f);
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_build_br(t->f, next, NULL, 0);
  kiln_block_switch(t->f, next);
  ret(t, kiln_ssa_read(t->ssa, x));
  expect_at_end(t, "from block 0 to block 1 was built without");
}

/* One of several. */
static void back_edge_not_told(void **state) {
  struct fixture *t = *state;
  kiln_block loop = kiln_block_new(t->f), other = kiln_block_new(t->f);
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_ssa_brif(t->ssa, kiln_build_icmp(t->f, KILN_ICOND_EQ, I64, t->a, t->b), loop, other);
  kiln_block_switch(t->f, other);
  kiln_build_br(t->f, loop, NULL, 0);
  kiln_block_switch(t->f, loop);
  ret(t, kiln_ssa_read(t->ssa, x));
  expect_at_end(t, "from block 2 to block 1 was built without");
}

static void edge_not_built(void **state) {
  struct fixture *t = *state;
  kiln_block next = kiln_block_new(t->f), other = kiln_block_new(t->f);
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_br(t->ssa, next);
  kiln_ssa_edge(t->ssa, (kiln_block){0}, other);
  kiln_block_switch(t->f, other);
  kiln_build_nullary(t->f, KILN_OP_TRAP);
  kiln_block_switch(t->f, next);
  ret(t, kiln_ssa_read(t->ssa, x));
  expect_at_end(t, "from block 0 to block 2 was noted by kiln_ssa_edge, but not built");
}

/* Without variables nothing depends on the edges. */
static void edges_without_variables(void **state) {
  struct fixture *t = *state;
  kiln_block next = kiln_block_new(t->f);
  kiln_build_br(t->f, next, NULL, 0);
  kiln_block_switch(t->f, next);
  ret(t, t->a);
  end(t);
}

static void no_end(void **state) {
  struct fixture *t = *state;
  kiln_block loop = kiln_block_new(t->f);
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_ssa_br(t->ssa, loop);
  kiln_block_switch(t->f, loop);
  kiln_ssa_write(t->ssa, x, add(t, kiln_ssa_read(t->ssa, x), t->b));
  kiln_ssa_br(t->ssa, loop);
  assert_int_equal(kiln_func_compile(t->f), KILN_ERR_STRUCTURE);
  assert_string_equal(t->diag.message, "kiln_ssa_end is missing");
}

static void without_a_function(void **state) {
  struct fixture *t = *state;
  kiln_ssa *ssa = kiln_ssa_new(t->m);
  kiln_ssa_br(ssa, (kiln_block){1});
  kiln_ssa_seal(ssa, (kiln_block){1});
  kiln_ssa_write(ssa, (kiln_ssa_variable){0}, t->a);
  assert_int_equal(kiln_ssa_read(ssa, (kiln_ssa_variable){0}).id, 0);
  assert_int_equal(kiln_ssa_new_variable(ssa, I64).id, 0);
  assert_int_equal(kiln_ssa_end(ssa), KILN_ERR_STRUCTURE);
  kiln_ssa_free(ssa);
  kiln_ssa_free(NULL);
}

/* ---- memory ---- */

/* A function with `n` loops of two blocks, in a row, and a variable for each tenth; not compiled. */
static void some_function(struct fixture *t, uint32_t n) {
  kiln_ssa_variable v[8];
  for (unsigned i = 0; i < 8; i++) {
    v[i] = kiln_ssa_new_variable(t->ssa, I64);
    kiln_ssa_write(t->ssa, v[i], i % 2 ? t->a : t->b);
  }
  for (uint32_t i = 0; i < n; i++) {
    kiln_block loop = kiln_block_new(t->f), next = kiln_block_new(t->f);
    kiln_ssa_br(t->ssa, loop);
    kiln_block_switch(t->f, loop);
    kiln_value x = add(t, kiln_ssa_read(t->ssa, v[i % 8]), kiln_ssa_read(t->ssa, v[(i + 3) % 8]));
    kiln_ssa_write(t->ssa, v[i % 7], x);
    kiln_ssa_brif(t->ssa, kiln_build_icmp(t->f, KILN_ICOND_SLT, I64, x, t->a), loop, next);
    if (i % 3) kiln_ssa_seal(t->ssa, loop);
    if (i % 5) kiln_ssa_seal(t->ssa, next);
    kiln_block_switch(t->f, next);
  }
  ret(t, kiln_ssa_read(t->ssa, v[1]));
}

static void reuse(void **state) {
  struct fixture *t = *state;
  for (unsigned round = 0; round < 3; round++) {
    size_t before = t->memory.calls;
    begin(t, 0);
    some_function(t, 300);
    assert_int_equal(kiln_ssa_end(t->ssa), KILN_OK);
    assert_int_equal(kiln_func_finish(t->f), KILN_OK);
    kiln_func_discard(t->f);
    if (round == 2) assert_true(t->memory.calls - before <= 2); /* the symbol's */
  }
}

CASE(failing_memory) {
  unsigned failures = 0;
  for (uint64_t k = 1;; k++) {
    struct fixture t = {.memory.fail_at = k};
    bool made = make(&t);
    if (made) {
      begin(&t, 0);
      if (t.f != NULL) {
        some_function(&t, 40);
        kiln_status ended = kiln_ssa_end(t.ssa), status = kiln_func_compile(t.f);
        if (t.memory.calls < k) assert_int_equal(ended, KILN_OK);
        else if (kiln_module_status(t.m) == KILN_OK && status != KILN_OK)
          assert_int_equal(status, KILN_ERR_MEMORY);
        failures += status == KILN_ERR_MEMORY;
      }
    }
    destroy(&t);
    if (t.memory.calls < k) break;
  }
  assert_true(failures > 10);
}

/* ---- growth ---- */

/* n diamonds in a row; a variable written before is read after them. */
static void grow_diamonds(struct fixture *t, uint32_t n) {
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64), y = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_ssa_write(t->ssa, y, t->a);
  kiln_value c = kiln_build_icmp(t->f, KILN_ICOND_EQ, I64, t->a, t->b);
  for (uint32_t i = 0; i < n; i += 2) {
    kiln_block side = kiln_block_new(t->f), join = kiln_block_new(t->f);
    kiln_ssa_brif(t->ssa, c, side, join);
    kiln_block_switch(t->f, side);
    kiln_ssa_write(t->ssa, y, t->b);
    kiln_ssa_br(t->ssa, join);
    kiln_ssa_seal(t->ssa, side);
    kiln_ssa_seal(t->ssa, join);
    kiln_block_switch(t->f, join);
  }
  ret(t, add(t, kiln_ssa_read(t->ssa, x), kiln_ssa_read(t->ssa, y)));
}

/* The same, sealed at the end: every block hands out forward values. */
static void grow_late(struct fixture *t, uint32_t n) {
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  for (uint32_t i = 0; i < n; i += 2) {
    kiln_block side = kiln_block_new(t->f), join = kiln_block_new(t->f);
    kiln_value c = kiln_build_icmp(t->f, KILN_ICOND_EQ, I64, kiln_ssa_read(t->ssa, x), t->b);
    kiln_ssa_brif(t->ssa, c, side, join);
    kiln_block_switch(t->f, side);
    kiln_ssa_br(t->ssa, join);
    kiln_block_switch(t->f, join);
  }
  ret(t, kiln_ssa_read(t->ssa, x));
}

/* else-if: a chain of conditions, each with a body that reads, all to one join. */
static void grow_chain(struct fixture *t, uint32_t n) {
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64), y = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_block join = kiln_block_new(t->f);
  kiln_value c = kiln_build_icmp(t->f, KILN_ICOND_EQ, I64, t->a, t->b);
  for (uint32_t i = 0; i < n; i += 2) {
    kiln_block body = kiln_block_new(t->f), next = kiln_block_new(t->f);
    kiln_ssa_brif(t->ssa, c, body, next);
    kiln_ssa_seal(t->ssa, body);
    kiln_ssa_seal(t->ssa, next);
    kiln_block_switch(t->f, body);
    kiln_ssa_write(t->ssa, y, kiln_ssa_read(t->ssa, x));
    kiln_ssa_br(t->ssa, join);
    kiln_block_switch(t->f, next);
  }
  kiln_ssa_br(t->ssa, join);
  kiln_ssa_seal(t->ssa, join);
  kiln_block_switch(t->f, join);
  ret(t, add(t, kiln_ssa_read(t->ssa, x), kiln_ssa_read(t->ssa, y)));
}

/* Loops in loops, read inside, before them and after them, when all is sealed; `out`: left at once. */
static void nested(struct fixture *t, uint32_t n, bool out) {
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64), y = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_ssa_write(t->ssa, y, t->b);
  kiln_value c = kiln_build_icmp(t->f, KILN_ICOND_EQ, I64, t->a, t->b);
  kiln_block first = {0};
  kiln_block end = kiln_block_new(t->f);
  for (uint32_t i = 0; i < n; i += 2) {
    kiln_block head = kiln_block_new(t->f);
    if (i == 0) first = head;
    kiln_ssa_br(t->ssa, head);
    kiln_block_switch(t->f, head);
  }
  if (!out) kiln_ssa_write(t->ssa, x, add(t, kiln_ssa_read(t->ssa, x), t->a));
  for (uint32_t i = 0, head = first.id + (n - 1) / 2; i < n; i += 2, head--) {
    kiln_block exit = kiln_block_new(t->f);
    if (out && i == 0)
      kiln_ssa_switch(t->ssa, I64, t->a, end, (kiln_switch_case[]){{1, {head}}, {2, exit}}, 2);
    else kiln_ssa_brif(t->ssa, c, (kiln_block){head}, exit);
    kiln_ssa_seal(t->ssa, (kiln_block){head});
    kiln_ssa_seal(t->ssa, exit);
    kiln_block_switch(t->f, exit);
  }
  kiln_ssa_br(t->ssa, end);
  kiln_ssa_seal(t->ssa, end);
  kiln_block_switch(t->f, end);
  ret(t, add(t, kiln_ssa_read(t->ssa, x), kiln_ssa_read(t->ssa, y)));
}
static void grow_nested(struct fixture *t, uint32_t n) { nested(t, n, false); }
static void grow_nested_out(struct fixture *t, uint32_t n) { nested(t, n, true); }

/* A switch over n blocks that all meet. */
static void grow_switch(struct fixture *t, uint32_t n) {
  kiln_ssa_variable x = kiln_ssa_new_variable(t->ssa, I64), y = kiln_ssa_new_variable(t->ssa, I64);
  kiln_ssa_write(t->ssa, x, t->a);
  kiln_switch_case *cases = calloc(n, sizeof *cases);
  kiln_block first = kiln_block_new_many(t->f, n), join = kiln_block_new(t->f);
  for (uint32_t i = 0; i < n; i++) cases[i] = (kiln_switch_case){i, {first.id + i}};
  kiln_ssa_switch(t->ssa, I64, t->a, join, cases, n);
  free(cases);
  for (uint32_t i = 0; i < n; i++) {
    kiln_block b = {first.id + i};
    kiln_ssa_seal(t->ssa, b);
    kiln_block_switch(t->f, b);
    kiln_ssa_write(t->ssa, y, add(t, kiln_ssa_read(t->ssa, x), number(t, i)));
    kiln_ssa_br(t->ssa, join);
  }
  kiln_ssa_seal(t->ssa, join);
  kiln_block_switch(t->f, join);
  ret(t, add(t, kiln_ssa_read(t->ssa, x), kiln_ssa_read(t->ssa, y)));
}

struct growth {
  void (*build)(struct fixture *, uint32_t);
  uint32_t n;
  kiln_status status;
};

static void *grow_on_small_stack(void *user) {
  struct growth *g = user;
  struct fixture t = {0};
  if (!make(&t)) return NULL;
  begin(&t, 0);
  g->build(&t, g->n);
  g->status = kiln_ssa_end(t.ssa);
  if (g->status == KILN_OK) g->status = kiln_func_finish(t.f);
  if (g->status == KILN_OK) g->status = kiln_func_verify(t.f);
  destroy(&t);
  return NULL;
}

static void grow(void (*build)(struct fixture *, uint32_t), uint32_t n) {
  struct growth g = {build, n, KILN_ERR_MEMORY};
  pthread_attr_t attr;
  pthread_t thread;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, 256 << 10);
  assert_int_equal(pthread_create(&thread, &attr, grow_on_small_stack, &g), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attr);
  assert_int_equal(g.status, KILN_OK);
}

CASE(growth) {
  void (*const builds[])(struct fixture *, uint32_t) = {
    grow_diamonds, grow_late, grow_chain, grow_nested, grow_nested_out, grow_switch};
  for (size_t i = 0; i < sizeof builds / sizeof builds[0]; i++) grow(builds[i], LARGE);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
    TEST(one_block),
    TEST(roots),
    TEST(bad_roots),
    TEST(gcd),
    TEST(joins),
    TEST(invariant_in_loops),
    TEST(invariant_behind_loops),
    TEST(parallel_edges),
    TEST(indirect),
    TEST(own_parameters),
    TEST(told_edges),
    TEST(built_edges),
    TEST(undefined_is_zero),
    TEST(strict),
    TEST(unreachable_blocks),
    TEST(wrong_type),
    TEST(constant_for_a_float),
    TEST(no_value),
    TEST(no_type),
    TEST(no_variable),
    TEST(no_block),
    TEST(to_the_entry),
    TEST(write_behind_terminator),
    TEST(edge_into_sealed),
    TEST(edge_without_terminator),
    TEST(edge_not_told),
    TEST(back_edge_not_told),
    TEST(edge_not_built),
    TEST(edges_without_variables),
    TEST(no_end),
    TEST(without_a_function),
    TEST(reuse),
    cmocka_unit_test(failing_memory),
    cmocka_unit_test(growth),
  };
  return cmocka_run_group_tests_name("ssa", tests, NULL, NULL);
}
