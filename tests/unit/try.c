/* TRY by the builder: what the arrays hold, what is refused, what inspection gives; and the verifier, with each of
 * its rules about tries broken by a poke into the arrays. The text form: parse.c. */
#include "build_fixture.h"

#include <kiln/inspect.h>
#include <kiln/kiln.h>

struct sample {
  kiln_func *f;
  kiln_sig sig; /* (i64, i32) -> i64, i32 */
  kiln_symbol two, types[2];
  kiln_value p, pad, args[2];
  kiln_block normal, unwind;
  kiln_clause clauses[4];
  kiln_value gives[3], caught[2];
  kiln_try_desc t;
};

/* A description of a try of @two: catch @a, filter(@b, all), catch all, cleanup. */
static void describe(struct fixture *t, struct sample *s) {
  kiln_func *f = s->f = again(t);
  s->sig = sig_of(t, 0, "ql", "ql");
  s->two = declare(t, "two", s->sig);
  s->types[0] = t->data;
  s->types[1] = (kiln_symbol){0};
  kiln_symbol a = kiln_data_declare(t->m, &(kiln_symbol_desc){.name = "a"});
  s->p = kiln_func_param(f, 0);
  s->normal = kiln_block_new(f);
  s->unwind = kiln_block_new(f);
  for (int i = 0; i < 3; i++) kiln_block_add_param(f, s->normal, i == 1 ? I32 : I64);
  s->pad = kiln_block_add_param(f, s->unwind, I64);
  kiln_block_add_param(f, s->unwind, I32);
  s->args[0] = s->p;
  s->args[1] = kiln_func_param(f, 1);
  s->gives[0] = kiln_try_result(f, s->sig, 0);
  s->gives[1] = kiln_try_result(f, s->sig, 1);
  s->gives[2] = s->p;
  s->caught[0] = kiln_try_exception(f);
  s->caught[1] = kiln_try_selector(f);
  s->clauses[0] = (kiln_clause){.kind = KILN_CLAUSE_CATCH, .type = a};
  s->clauses[1] = (kiln_clause){.kind = KILN_CLAUSE_FILTER, .types = s->types, .n_types = 2};
  s->clauses[2] = (kiln_clause){.kind = KILN_CLAUSE_CATCH_ALL};
  s->clauses[3] = (kiln_clause){.kind = KILN_CLAUSE_CLEANUP};
  s->t = (kiln_try_desc){
    .sig = s->sig,
    .callee = kiln_const_symbol(f, s->two, 0),
    .args = s->args,
    .n_args = 2,
    .normal = s->normal,
    .normal_args = s->gives,
    .n_normal_args = 3,
    .unwind = s->unwind,
    .unwind_args = s->caught,
    .n_unwind_args = 2,
    .clauses = s->clauses,
    .n_clauses = 4,
  };
}

/* The same, built: the normal block returns, the other one resumes. */
static void build(struct fixture *t, struct sample *s) {
  describe(t, s);
  kiln_func_set_attrs(s->f, &(kiln_func_attrs){.personality = t->callee});
  kiln_build_try(s->f, &s->t);
  kiln_block_switch(s->f, s->normal);
  kiln_build_ret(s->f, &s->args[1], 1);
  kiln_block_switch(s->f, s->unwind);
  kiln_build_unary(s->f, KILN_OP_RESUME, I64, s->pad);
  assert_int_equal(kiln_func_finish(s->f), KILN_OK);
}

static void holds(void **state) {
  struct fixture *t = *state;
  struct sample s;
  build(t, &s);
  kiln_func *f = s.f;
  const struct kn_block *b = f->block;
  const struct kn_inst *in = &f->inst[b->term];
  assert_true(in->op == KILN_OP_TRY && in->x == 2 && in->c == s.sig.id && b->n_edges == 2);
  assert_true(f->facts.has_try && f->facts.has_calls && b->calls == 1 &&
              f->facts.max_call_args == 2);
  assert_int_equal(uses(f, s.p), 2); /* an argument of the call and of an edge */
  assert_int_equal(f->val[b->term].type, VOID);
  assert_true(f->edges.at[b->edge_first].target == s.normal.id &&
              f->edges.at[b->edge_first + 1].target == s.unwind.id);
  struct kn_operands o = kn_operands(f, in);
  assert_int_equal(o.n, 3);
  assert_int_equal(kn_operand_type(f, in, 2), I32);
  uint32_t at;
  assert_int_equal(kn_try_clauses(f, in, &at), 4);
  struct kn_clause c = kn_clause_at(f, &at);
  assert_true(c.kind == KILN_CLAUSE_CATCH && c.n == 1 && c.types[0] == 1);
  c = kn_clause_at(f, &at);
  assert_true(c.kind == KILN_CLAUSE_FILTER && c.n == 2 && c.types[0] == 2 && c.types[1] == 3);
  c = kn_clause_at(f, &at);
  assert_true(c.kind == KILN_CLAUSE_CATCH_ALL && c.n == 1 && c.types[0] == 3);
  c = kn_clause_at(f, &at);
  assert_true(c.kind == KILN_CLAUSE_CLEANUP && c.n == 0);
  assert_true(kn_call_unwinds(f, in));
  assert_true(kiln_block_is_terminated(f, s.unwind));
  assert_int_equal(kiln_func_verify(f), KILN_OK);
  /* a function that was begun anew has nothing of it */
  f = again(t);
  assert_true(f->attrs.personality.id == 0 && f->types.n == 0 && !f->facts.has_try);
}

static void refused(void **state) {
  struct fixture *t = *state;
  struct sample s;
  kiln_func *f;
  (void)f;
#define TRY_FAILS(want, change)                                                                    \
  describe(t, &s);                                                                                 \
  f = s.f;                                                                                         \
  change;                                                                                          \
  FAILS(want, kiln_build_try(s.f, &s.t))
  TRY_FAILS(KILN_ERR_ARGUMENT, s.t.n_clauses = 0);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.t.clauses = NULL);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.clauses[0].kind = KILN_CLAUSE_CLEANUP);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.clauses[0].kind = (kiln_clause_kind)4);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.clauses[0].type.id = 0);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.clauses[0].type.id = 9999);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.clauses[0].type = t->tls);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.clauses[1].types = NULL);
  TRY_FAILS(KILN_ERR_LIMIT, s.clauses[1].n_types = UINT32_MAX);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.t.n_args = 1);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.t.sig.id = 9999);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.t.callee = kiln_const_symbol(s.f, s.two, 8));
  TRY_FAILS(KILN_ERR_TYPE, s.args[0] = s.args[1]);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.args[0] = s.gives[0]);
  TRY_FAILS(KILN_ERR_ARGUMENT, s.t.unwind = block(0));
  TRY_FAILS(KILN_ERR_STRUCTURE, s.gives[0] = s.caught[0]);
  TRY_FAILS(KILN_ERR_STRUCTURE, s.caught[0] = s.gives[0]);
  /* result 1 is no i64 of this call */
  TRY_FAILS(KILN_ERR_STRUCTURE, s.gives[0] = kiln_try_result(s.f, sig_of(t, 0, "", "qq"), 1));
#undef TRY_FAILS
  f = again(t);
  FAILS(KILN_ERR_ARGUMENT, kiln_try_result(f, t->sig, 1));
  FAILS(KILN_ERR_ARGUMENT, kiln_const_typeid(f, t->tls));
  FAILS(KILN_ERR_ARGUMENT, kiln_func_set_attrs(f, &(kiln_func_attrs){.personality = t->tls}));
  kiln_block b = kiln_block_new(f);
  kiln_value e = kiln_try_exception(f);
  kiln_block_add_param(f, b, I64);
  FAILS(KILN_ERR_STRUCTURE, kiln_build_br(f, b, &e, 1));
  FAILS(KILN_ERR_ARGUMENT, kiln_forward_bind(f, kiln_forward_new(f, I64), e));
  /* given later, to both edges */
  describe(t, &s);
  f = s.f;
  kiln_func_set_attrs(f, &(kiln_func_attrs){.personality = t->callee});
  s.t.unwind = s.normal;
  s.t.n_normal_args = s.t.n_unwind_args = 0;
  kiln_build_try(f, &s.t);
  FAILS(KILN_ERR_STRUCTURE, kiln_edge_set_arg(f, block(0), s.normal, 0, s.gives[0]));
}

/* Arguments of its edges that are given before the try and after it, and a callee that is bound later. */
static void late(void **state) {
  struct fixture *t = *state;
  for (int wrong = 0; wrong < 2; wrong++) {
    struct sample s;
    describe(t, &s);
    kiln_func *f = s.f;
    kiln_func_set_attrs(f, &(kiln_func_attrs){.personality = t->callee});
    s.t.n_normal_args = s.t.n_unwind_args = 0;
    s.t.callee = kiln_forward_new(f, I64);
    for (uint32_t i = 0; i < 3; i++) kiln_edge_set_arg(f, block(0), s.normal, i, s.gives[i]);
    kiln_build_try(f, &s.t);
    for (uint32_t i = 0; i < 2; i++) kiln_edge_set_arg(f, block(0), s.unwind, i, s.caught[i]);
    kiln_forward_bind(f, s.t.callee, kiln_const_symbol(f, s.two, wrong * 8));
    kiln_block_switch(f, s.normal);
    kiln_build_ret(f, &s.args[1], 1);
    kiln_block_switch(f, s.unwind);
    kiln_build_unary(f, KILN_OP_RESUME, I64, s.pad);
    assert_int_equal(kiln_func_finish(f), wrong ? KILN_ERR_ARGUMENT : KILN_OK);
    if (!wrong) assert_int_equal(kiln_func_verify(f), KILN_OK);
  }
}

/* Clauses that two tries share, told after them. */
static void shared(void **state) {
  struct fixture *t = *state;
  struct sample s;
  describe(t, &s);
  kiln_func *f = s.f;
  kiln_func_set_attrs(f, &(kiln_func_attrs){.personality = t->callee});
  kiln_clauses c = kiln_clauses_new(f);
  kiln_block second = kiln_block_new(f);
  s.t.shared = c;
  s.t.n_clauses = 0;
  s.t.normal = second;
  s.t.n_normal_args = 0;
  kiln_build_try(f, &s.t);
  kiln_block_switch(f, second);
  s.t.normal = s.normal;
  s.t.n_normal_args = 3;
  kiln_build_try(f, &s.t);
  uint32_t try = f->n - 1;
  kiln_block_switch(f, s.normal);
  kiln_build_ret(f, &s.args[1], 1);
  kiln_block_switch(f, s.unwind);
  kiln_clauses_set(f, c, s.clauses, 4);
  kiln_build_unary(f, KILN_OP_RESUME, I64, s.pad);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(kiln_func_verify(f), KILN_OK);
  for (int i = 0; i < 2; i++) {
    kiln_inst inst = i == 0 ? kiln_block_first_inst(f, block(0)) : kiln_block_first_inst(f, second);
    kiln_symbol types[2];
    assert_int_equal(kiln_inst_clause_count(f, inst), 4);
    assert_true(kiln_inst_get_clause(f, inst, 1, types, 2).kind == KILN_CLAUSE_FILTER &&
                types[0].id == t->data.id);
  }
  const struct kn_inst *in = &f->inst[try];
  f->shared_clauses.at[0] = 0;
  assert_int_not_equal(kiln_func_verify(f), KILN_OK);
  f->shared_clauses.n = 0;
  assert_int_not_equal(kiln_func_verify(f), KILN_OK);
  assert_true(f->lists.at[in->a + in->x] == KN_CLAUSES_SHARED);
  /* never told, told twice, another function's */
  describe(t, &s);
  f = s.f;
  kiln_func_set_attrs(f, &(kiln_func_attrs){.personality = t->callee});
  s.t.shared = c = kiln_clauses_new(f);
  kiln_build_try(f, &s.t);
  kiln_block_switch(f, s.normal);
  kiln_build_ret(f, &s.args[1], 1);
  kiln_block_switch(f, s.unwind);
  kiln_build_unary(f, KILN_OP_RESUME, I64, s.pad);
  assert_int_equal(kiln_func_finish(f), KILN_ERR_STRUCTURE);
  f = again(t);
  c = kiln_clauses_new(f);
  kiln_clauses_set(f, c, s.clauses, 4);
  FAILS(KILN_ERR_ARGUMENT, kiln_clauses_set(f, c, s.clauses, 4));
  f = again(t);
  c = kiln_clauses_new(f);
  FAILS(KILN_ERR_ARGUMENT, kiln_clauses_set(f, c, s.clauses, 0));
  f = again(t);
  FAILS(KILN_ERR_ARGUMENT, kiln_clauses_set(f, c, s.clauses, 4));
  describe(t, &s);
  f = s.f;
  s.t.shared = c;
  FAILS(KILN_ERR_ARGUMENT, kiln_build_try(f, &s.t));
}

static void inspected(void **state) {
  struct fixture *t = *state;
  struct sample s;
  build(t, &s);
  kiln_inst i = kiln_block_first_inst(s.f, block(0));
  kiln_inst_info info = kiln_inst_get(s.f, i);
  assert_true(info.op == KILN_OP_TRY && info.n_edges == 2 && info.sig.id == s.sig.id);
  assert_int_equal(kiln_inst_operand(s.f, i, 1).id, s.p.id);
  assert_int_equal(kiln_func_get_attrs(s.f).personality.id, t->callee.id);
  assert_int_equal(kiln_func_type_at(s.f, 1).id, t->data.id);
  assert_int_equal(kiln_inst_clause_count(s.f, i), 4);
  kiln_symbol types[2] = {{77}, {77}};
  kiln_clause c = kiln_inst_get_clause(s.f, i, 1, types, 1);
  assert_true(c.kind == KILN_CLAUSE_FILTER && c.n_types == 2 && c.types == types);
  assert_true(types[0].id == t->data.id && types[1].id == 77);
  c = kiln_inst_get_clause(s.f, i, 0, NULL, 0);
  assert_true(c.kind == KILN_CLAUSE_CATCH && c.type.id == s.clauses[0].type.id);
  assert_int_equal(kiln_inst_get_clause(s.f, i, 4, types, 2).kind, KILN_CLAUSE_CLEANUP);
  kiln_value args[3];
  assert_int_equal(kiln_inst_edge_args(s.f, i, 0, args, 3), 3);
  kiln_operand_info o = kiln_operand_get(s.f, args[1]);
  assert_true(o.kind == KILN_OPERAND_RESULT && o.low == 1 && o.type == I32);
  kiln_inst_edge_args(s.f, i, 1, args, 3);
  o = kiln_operand_get(s.f, args[0]);
  assert_true(o.kind == KILN_OPERAND_EXCEPTION && o.low == 0 && o.type == I64);
  kiln_func *f = again(t);
  kiln_value all = kiln_const_typeid(f, (kiln_symbol){0}), id = kiln_const_typeid(f, t->data);
  assert_true(kiln_operand_get(f, all).low == 1 && kiln_operand_get(f, id).low == 2);
  o = kiln_operand_get(f, kiln_const_typeid(f, t->data));
  assert_true(o.kind == KILN_OPERAND_TYPEID && o.low == 2 && o.symbol.id == t->data.id);
}

/* A call's signature or its callee's says that it does not unwind. */
static void unwinds(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_sig plain = sig_of(t, 0, "", ""), no = sig_of(t, KILN_SIG_NOUNWIND, "", "");
  assert_int_not_equal(plain.id, no.id);
  kiln_value a = kiln_const_symbol(f, declare(t, "plain", plain), 0);
  kiln_value b = kiln_const_symbol(f, declare(t, "no", no), 0);
  const struct {
    kiln_sig sig;
    kiln_value callee;
    bool unwinds;
  } rows[] = {
    {plain, a, true},
    {no, a, false},
    {plain, b, false},
    {no, b, false},
    {plain, kiln_func_param(f, 0), true},
    {no, kiln_func_param(f, 0), false},
    {plain, kiln_const_symbol(f, t->data, 0), true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    kiln_build_call(f, rows[i].sig, rows[i].callee, NULL, 0);
    assert_int_equal(kn_call_unwinds(f, last(f)), rows[i].unwinds);
  }
}

static void verified(void **state) {
  struct fixture *t = *state;
  struct sample s;
  struct kn_inst *in;
  uint32_t *clause;
  struct kn_edge_arg *arg;
  /* `at` is the clauses' first word, `arg` the newest argument of the normal edge: for parameter 2 */
#define POKE(change)                                                                               \
  build(t, &s);                                                                                    \
  in = &s.f->inst[s.f->block->term];                                                               \
  clause = s.f->lists.at + in->a + in->x;                                                          \
  arg = s.f->edge_args.at + s.f->edges.at[s.f->block->edge_first].args - 1;                        \
  change;                                                                                          \
  assert_int_not_equal(kiln_func_verify(s.f), KILN_OK)
  POKE(s.f->attrs.personality.id = 0);
  POKE(clause[0] = 0);
  POKE(clause[0] = UINT32_MAX);
  POKE(clause[1] = KILN_CLAUSE_CLEANUP | 1 << KN_CLAUSE_TYPES_SHIFT);
  POKE(clause[1] = KILN_CLAUSE_CATCH | 2 << KN_CLAUSE_TYPES_SHIFT);
  POKE(clause[1] = KILN_CLAUSE_CATCH_ALL | 1 << KN_CLAUSE_TYPES_SHIFT);
  POKE(clause[1] |= UINT32_MAX << KN_CLAUSE_TYPES_SHIFT);
  POKE(clause[2] = 0);
  POKE(clause[2] = 4);
  POKE(clause[2] = 3);
  POKE(s.f->types.at[0] = 9999);
  POKE(in->x = 1);
  POKE(arg->value = s.caught[0].id);
  POKE(arg->value = kn_tried(false, I64, 1));
  POKE(arg->value = kn_tried(false, I32, 1));
  POKE(arg->value = kn_tried(false, 255, 0));
  POKE(s.f->lists.at[in->a] = s.gives[0].id);
  POKE(in->op = KILN_OP_CALL);
#undef POKE
  (void)clause;
  (void)arg;
}

/* The front end of a variable that both ways write. */
static void variables(void **state) {
  struct fixture *t = *state;
  struct sample s;
  describe(t, &s);
  kiln_func *f = s.f;
  kiln_func_set_attrs(f, &(kiln_func_attrs){.personality = t->callee});
  kiln_ssa *ssa = kiln_ssa_new(t->m);
  kiln_ssa_begin(ssa, f, 0);
  kiln_ssa_variable x = kiln_ssa_new_variable(ssa, I32);
  kiln_ssa_write(ssa, x, s.args[1]);
  kiln_block join = kiln_block_new(f);
  kiln_ssa_try(ssa, &s.t);
  kiln_block_switch(f, s.normal);
  kiln_ssa_write(ssa, x, (kiln_value){s.pad.id - 2}); /* its second parameter */
  kiln_ssa_br(ssa, join);
  kiln_block_switch(f, s.unwind);
  kiln_ssa_br(ssa, join);
  kiln_block_switch(f, join);
  kiln_value v = kiln_ssa_read(ssa, x);
  kiln_build_ret(f, &v, 1);
  assert_int_equal(kiln_ssa_end(ssa), KILN_OK);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(kiln_func_verify(f), KILN_OK);
  assert_int_equal(kiln_block_param_count(f, join), 1);
  kiln_ssa_free(ssa);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(holds),     TEST(late),    TEST(refused),  TEST(shared),
    TEST(inspected), TEST(unwinds), TEST(verified), TEST(variables),
  };
  return cmocka_run_group_tests_name("try", tests, NULL, NULL);
}
