/* The builder's flow graph: blocks in any order, left and resumed; edges and their arguments, early
 * and late; forward values; the records about values used across blocks; what finish refuses. */
#include "build_fixture.h"

static kiln_value cond(kiln_func *f) {
  return kiln_build_icmp(f, KILN_ICOND_EQ, I32, kiln_func_param(f, 1), kiln_const_int(f, 1));
}

static void brif(kiln_func *f, kiln_value c, kiln_block a, kiln_block b) {
  kiln_build_brif(f, c, a, NULL, 0, b, NULL, 0);
}

/* The argument `index` of edge `edge`; 0 if it has none. */
static uint32_t edge_arg(const kiln_func *f, uint32_t edge, uint32_t index) {
  for (uint32_t i = f->edges.at[edge].args; i != 0; i = f->edge_args.at[i - 1].next)
    if (f->edge_args.at[i - 1].index == index) return f->edge_args.at[i - 1].value;
  return 0;
}

static void edges_and_back_edges(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_block first = kiln_block_new_many(f, 3);
  assert_int_equal(first.id, 1);
  kiln_build_br(f, block(1), NULL, 0);
  assert_int_equal(f->block[0].edge_first, 0);
  assert_int_equal(f->block[0].n_edges, 1);
  assert_int_equal(f->block[0].term, f->n - 1);
  assert_int_equal(last(f)->b, 0);
  assert_true(kiln_block_is_terminated(f, block(0)));
  kiln_block_switch(f, block(1));
  kiln_value c = cond(f);
  brif(f, c, block(1), block(2)); /* to itself */
  assert_int_equal(uses(f, c), 1);
  kiln_block_switch(f, block(2));
  brif(f, cond(f), block(1), block(3)); /* to an earlier one */
  kiln_block_switch(f, block(3));
  assert_int_equal(finish_ret(f), KILN_OK);
  assert_int_equal(f->edges.n, 5);
  static const uint32_t targets[] = {1, 1, 2, 1, 3};
  for (unsigned i = 0; i < 5; i++) assert_int_equal(f->edges.at[i].target, targets[i]);
  assert_int_equal(f->block[1].n_preds, 3);
  assert_int_equal(f->block[2].n_preds, 1);
  assert_int_equal(f->block[3].n_preds, 1);
  assert_int_equal(f->back_edges.n, 2);
  assert_int_equal(f->back_edges.at[0].target, 1);
  assert_int_equal(f->back_edges.at[0].source, 1);
  assert_int_equal(f->back_edges.at[1].target, 1);
  assert_int_equal(f->back_edges.at[1].source, 2);
  assert_int_equal(f->order.n, 4);
  for (uint32_t i = 0; i < 4; i++) {
    assert_int_equal(f->order.at[i], i);
    assert_int_equal(f->block[i].pos, i + 1);
  }
  assert_false(f->facts.needs_order);
}

static void order_of_filling(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_block_new_many(f, 2);
  kiln_build_br(f, block(2), NULL, 0);
  kiln_block_switch(f, block(1)); /* no predecessor so far */
  assert_true(f->facts.needs_order);
  kiln_value zero = kiln_const_int(f, 0);
  kiln_build_ret(f, &zero, 1);
  kiln_block_switch(f, block(2));
  kiln_build_br(f, block(1), NULL, 0);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(f->order.at[1], 1);
  assert_int_equal(f->order.at[2], 2);
  assert_int_equal(f->back_edges.n, 1);
}

static void values_that_cross_blocks(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1), local = kiln_build_unary(f, KILN_OP_NEG, I32, b);
  kiln_value wide = kiln_build_unary(f, KILN_OP_NOT, I32, local);
  kiln_block_new_many(f, 3);
  assert_int_equal(f->globals.n, 0);
  brif(f, cond(f), block(1), block(2));
  kiln_block_switch(f, block(1));
  kiln_build_binary(f, KILN_OP_ADD, I32, wide, wide);
  kiln_value own = kiln_build_binary(f, KILN_OP_ADD, I32, wide, b);
  kiln_build_unary(f, KILN_OP_NEG, I32, own);
  kiln_build_br(f, block(3), NULL, 0);
  kiln_block_switch(f, block(2));
  kiln_build_br(f, block(3), NULL, 0);
  kiln_block_switch(f, block(3));
  kiln_value args[2] = {kiln_func_param(f, 0), wide};
  kiln_build_call(f, t->sig, kiln_const_symbol(f, t->callee, 0), args, 2);
  assert_int_equal(finish_ret(f), KILN_OK);
  assert_int_equal(f->val[wide.id].uses, 4);
  assert_int_equal(row_count(f, wide, 1), 3);
  assert_int_equal(row_count(f, wide, 3), 1);
  assert_int_equal(n_rows(f, wide), 4);
  assert_int_equal(row_count(f, b, 1), 1);
  assert_int_equal(n_globals(f, wide), 1);
  const struct kn_global *g = f->globals.at + f->val[wide.id].global - 1;
  assert_int_equal(g->handle, wide.id);
  assert_int_equal(g->def_block, 0);
  assert_int_equal(f->val[local.id].global, 0);
  assert_int_equal(f->val[own.id].global, 0);
  assert_int_equal(f->val[own.id].block, 1);
}

static void block_parameters(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1);
  kiln_block loop = kiln_block_new(f), end = kiln_block_new(f);
  kiln_value i = kiln_block_add_param(f, loop, I32), j = kiln_block_add_param(f, loop, I64);
  assert_int_equal(inst(f, i)->a, loop.id);
  assert_int_equal(inst(f, j)->x, 1);
  assert_int_equal(f->val[i.id].block, loop.id);
  assert_int_equal(n_globals(f, i), 1); /* predecessors write its home */
  assert_int_equal(n_rows(f, i), 0);
  assert_true(f->block[loop.id].contiguous);
  kiln_value args[2] = {b, kiln_const_int(f, 5)};
  kiln_build_br(f, loop, args, 2);
  kiln_block_switch(f, loop);
  kiln_value k = kiln_build_unary(f, KILN_OP_NEG, I32, i);
  assert_int_equal(f->val[i.id].uses, 1);
  assert_int_equal(n_rows(f, i), 0);
  args[0] = k;
  args[1] = j;
  kiln_build_brif(f, cond(f), loop, args, 2, end, NULL, 0);
  kiln_block_switch(f, end);
  kiln_build_ret(f, &i, 1);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(edge_arg(f, 0, 0), b.id);
  assert_int_equal(edge_arg(f, 0, 1), kiln_const_int(f, 5).id);
  assert_int_equal(edge_arg(f, 1, 0), k.id);
  assert_int_equal(edge_arg(f, 1, 1), j.id);
  assert_int_equal(f->edges.at[2].args, 0);
  assert_int_equal(uses(f, b), 2);
  assert_int_equal(uses(f, j), 1);
  assert_int_equal(row_count(f, i, end.id), 1);
  /* A parameter that comes later is not contiguous; it is found all the same. */
  f = again(t);
  loop = kiln_block_new(f);
  kiln_value first = kiln_block_add_param(f, loop, I32);
  kiln_build_unary(f, KILN_OP_NEG, I32, kiln_func_param(f, 1));
  kiln_value second = kiln_block_add_param(f, loop, I64),
             third = kiln_block_add_param(f, loop, F64);
  assert_false(f->block[loop.id].contiguous);
  assert_int_equal(kn_block_param(f, f->block + loop.id, 0), first.id);
  assert_int_equal(kn_block_param(f, f->block + loop.id, 1), second.id);
  assert_int_equal(kn_block_param(f, f->block + loop.id, 2), third.id);
  kiln_value three[3] = {kiln_const_int(f, 1), kiln_func_param(f, 0), kiln_const_f64(f, 2)};
  kiln_build_br(f, loop, three, 3);
  kiln_block_switch(f, loop);
  kiln_build_ret(f, &first, 1);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  f = again(t);
  FAILS(KILN_ERR_ARGUMENT, kiln_block_add_param(f, block(0), I32));
  FAILS(KILN_ERR_ARGUMENT, kiln_block_add_param(f, block(9), I32));
  FAILS(KILN_ERR_TYPE, kiln_block_add_param(f, kiln_block_new(f), VOID));
}

/* What finish says about edges from the entry to block 1, which has parameters i32, i64. */
static kiln_status finish_with(struct fixture *t, const kiln_value *args, uint32_t n, bool mixed) {
  kiln_func *f = t->f;
  kiln_value first = {f->block[1].param_first};
  kiln_build_br(f, block(1), args, n);
  kiln_block_switch(f, block(1));
  if (mixed) kiln_block_add_param(f, block(1), F64);
  kiln_build_ret(f, &first, 1);
  return kiln_func_finish(f);
}

static void edge_arguments_are_checked(void **state) {
  struct fixture *t = *state;
  for (int mixed = 0; mixed < 2; mixed++) { /* contiguous parameters or not */
    for (int how = 0; how < 8; how++) {
      kiln_func *f = again(t);
      kiln_value a = kiln_func_param(f, 0), b = kiln_func_param(f, 1);
      kiln_block_new(f);
      kiln_block_add_param(f, block(1), I32);
      kiln_block_add_param(f, block(1), I64);
      kiln_value args[4] = {b, a, kiln_const_f64(f, 1), b};
      uint32_t n = 2 + (uint32_t)mixed;
      kiln_status want = KILN_ERR_STRUCTURE;
      if (how == 0) want = KILN_OK;
      if (how == 1) n--;
      if (how == 2) n++;
      if (how == 3) args[0] = a, want = KILN_ERR_TYPE;
      if (how == 4) args[1] = b, want = KILN_ERR_TYPE;
      if (how == 5) n = 0;
      if (how == 6) kiln_edge_set_arg(f, block(0), block(1), 0, b); /* twice */
      if (how == 7) kiln_edge_set_arg(f, block(0), block(1), 7, b);
      assert_int_equal(finish_with(t, args, n, mixed), want);
      assert_int_equal(t->diags, want != KILN_OK);
    }
  }
  /* Arguments for a block without parameters. */
  kiln_func *f = again(t);
  kiln_value b = kiln_func_param(f, 1);
  kiln_block next = kiln_block_new(f);
  kiln_build_br(f, next, &b, 1);
  kiln_block_switch(f, next);
  assert_int_equal(finish_ret(f), KILN_ERR_STRUCTURE);
  f = again(t);
  FAILS(KILN_ERR_ARGUMENT, (kiln_build_br(f, kiln_block_new(f), &NO_VALUE, 1), 0));
}

/* Arguments given by (predecessor, target) before and after the predecessor ends, in any order of
 * parameters, equal those given with the branch. */
static void late_edge_arguments(void **state) {
  struct fixture *t = *state;
  for (int order = 0; order < 6; order++) {
    kiln_func *f = again(t);
    kiln_value b = kiln_func_param(f, 1);
    kiln_block join = kiln_block_new(f), other = kiln_block_new(f);
    bool before = order & 1;
    unsigned start = (unsigned)order / 2;
    kiln_value v[3] = {b, kiln_const_int(f, 9), kiln_build_unary(f, KILN_OP_NEG, I32, b)};
    kiln_value w[3] = {kiln_const_int(f, 1), b, kiln_const_int(f, 3)};
    if (before) {
      for (unsigned i = 0; i < 3; i++) {
        unsigned k = (start + i) % 3;
        kiln_edge_set_arg(f, block(0), join, k, v[k]);
        kiln_edge_set_arg(f, other, join, k, w[k]);
      }
      assert_int_equal(uses(f, b), 1); /* counted when they have an edge */
    }
    brif(f, cond(f), join, other);
    kiln_block_switch(f, join);
    kiln_value p[3];
    for (unsigned i = 0; i < 3; i++) p[i] = kiln_block_add_param(f, join, I32);
    kiln_build_ret(f, p, 1);
    kiln_block_switch(f, other);
    kiln_build_br(f, join, NULL, 0);
    if (!before) {
      for (unsigned i = 0; i < 3; i++) {
        unsigned k = (start + i) % 3;
        kiln_edge_set_arg(f, block(0), join, k, v[k]);
        kiln_edge_set_arg(f, other, join, k, w[k]);
      }
    }
    assert_int_equal(kiln_func_finish(f), KILN_OK);
    assert_int_equal(f->late_args.n, 0);
    for (unsigned i = 0; i < 3; i++) {
      assert_int_equal(edge_arg(f, 0, i), v[i].id);
      assert_int_equal(edge_arg(f, 2, i), w[i].id);
    }
    assert_int_equal(f->edges.at[1].args, 0);
    assert_int_equal(uses(f, b), 4); /* neg, icmp, two arguments */
    assert_int_equal(row_count(f, b, other.id), 1);
    assert_int_equal(row_count(f, b, 0), 0);
  }
  kiln_func *f = again(t);
  FAILS(KILN_ERR_ARGUMENT, (kiln_edge_set_arg(f, block(0), block(5), 0, kiln_const_int(f, 1)), 0));
  FAILS(KILN_ERR_ARGUMENT,
        (kiln_block_new(f), kiln_edge_set_arg(f, block(9), block(1), 0, kiln_const_int(f, 1)), 0));
  /* No such edge, known at once or at the end. */
  kiln_block_new_many(f, 2);
  kiln_build_br(f, block(1), NULL, 0);
  FAILS(KILN_ERR_STRUCTURE, (kiln_edge_set_arg(f, block(0), block(2), 0, kiln_const_int(f, 1)), 0));
  kiln_block_new_many(f, 2);
  kiln_edge_set_arg(f, block(0), block(2), 0, kiln_const_int(f, 1));
  kiln_build_br(f, block(1), NULL, 0);
  kiln_block_switch(f, block(1));
  FAILS(KILN_ERR_STRUCTURE, finish_ret(f));
}

/* A switch with many edges, several to the same block: one list of arguments per edge. */
static void switch_edges(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1);
  enum { TARGETS = 5, CASES = 40 };
  kiln_block_new_many(f, TARGETS);
  kiln_switch_case cases[CASES];
  for (uint32_t i = 0; i < CASES; i++)
    cases[i] = (kiln_switch_case){(int64_t)i * INT64_C(-0x123456789), {1 + i % TARGETS}};
  kiln_value p[TARGETS];
  for (uint32_t i = 0; i < TARGETS; i++) p[i] = kiln_block_add_param(f, block(1 + i), I32);
  kiln_value v = kiln_build_unary(f, KILN_OP_NEG, I32, b);
  kiln_build_switch(f, I64, kiln_func_param(f, 0), block(1), cases, CASES);
  const struct kn_inst *in = last(f);
  assert_int_equal(in->op, KILN_OP_SWITCH);
  assert_int_equal(in->type, I64);
  assert_int_equal(f->block[0].n_edges, CASES + 1);
  for (uint32_t i = 0; i < CASES; i++) {
    const uint32_t *word = f->lists.at + in->c + 2 * i;
    assert_int_equal((int64_t)((uint64_t)word[1] << 32 | word[0]), cases[i].value);
    assert_int_equal(f->edges.at[in->b + 1 + i].target, cases[i].target.id);
  }
  for (uint32_t i = 0; i < TARGETS; i++) {
    kiln_edge_set_arg(f, block(0), block(1 + i), 0, i == 2 ? v : b);
    kiln_block_switch(f, block(1 + i));
    kiln_build_ret(f, &p[i], 1);
  }
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(f->block[1].n_preds, CASES / TARGETS + 1);
  assert_int_equal(f->block[2].n_preds, CASES / TARGETS);
  assert_int_equal(uses(f, v), CASES / TARGETS);
  assert_int_equal(uses(f, b), 1 + 1 + 4 * (CASES / TARGETS));
  for (uint32_t e = 0; e <= CASES; e++)
    assert_int_equal(edge_arg(f, e, 0), f->edges.at[e].target == 3 ? v.id : b.id);
  f = again(t);
  FAILS(KILN_ERR_TYPE, (kiln_block_new(f),
                        kiln_build_switch(f, I128, kiln_const_int(f, 1), block(1), NULL, 0), 0));
  FAILS(KILN_ERR_TYPE,
        (kiln_block_new(f), kiln_build_switch(f, F64, kiln_const_f64(f, 1), block(1), NULL, 0), 0));
  FAILS(KILN_ERR_ARGUMENT,
        (kiln_build_switch(f, I32, kiln_func_param(f, 1), block(1), NULL, 0), 0));
  FAILS(KILN_ERR_ARGUMENT,
        (kiln_block_new(f),
         kiln_build_switch(f, I32, kiln_func_param(f, 1), block(1), &(kiln_switch_case){1, {7}}, 1),
         0));
}

static void both_ways_to_one_block(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1), one = kiln_const_int(f, 1);
  kiln_block next = kiln_block_new(f);
  kiln_value p = kiln_block_add_param(f, next, I32);
  kiln_build_brif(f, cond(f), next, &b, 1, next, &one, 1);
  kiln_block_switch(f, next);
  kiln_build_ret(f, &p, 1);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(f->block[1].n_preds, 2);
  assert_int_equal(edge_arg(f, 0, 0), b.id);
  assert_int_equal(edge_arg(f, 1, 0), one.id);
}

static void branches_are_checked(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  FAILS(KILN_ERR_ARGUMENT, (kiln_build_br(f, block(1), NULL, 0), 0));
  FAILS(KILN_ERR_ARGUMENT, (kiln_build_br(f, block(0), NULL, 0), 0));
  FAILS(KILN_ERR_ARGUMENT, (kiln_build_br(f, block(UINT32_MAX), NULL, 0), 0));
  FAILS(KILN_ERR_TYPE, (kiln_block_new(f), brif(f, kiln_func_param(f, 1), block(1), block(1)), 0));
  FAILS(KILN_ERR_ARGUMENT, (kiln_block_new(f), brif(f, cond(f), block(1), block(0)), 0));
  FAILS(KILN_ERR_ARGUMENT, (kiln_block_new(f), brif(f, cond(f), block(2), block(1)), 0));
  FAILS(KILN_ERR_ARGUMENT, (kiln_block_switch(f, block(1)), 0));
  FAILS(KILN_ERR_STRUCTURE, (kiln_build_nullary(f, KILN_OP_TRAP), cond(f)));
  FAILS(KILN_ERR_STRUCTURE,
        (kiln_build_nullary(f, KILN_OP_TRAP), kiln_build_nullary(f, KILN_OP_TRAP)));
}

static void finish_checks_blocks(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  FAILS(KILN_ERR_STRUCTURE, kiln_func_finish(f)); /* the entry has no terminator */
  kiln_block_new_many(f, 2);
  kiln_build_br(f, block(1), NULL, 0);
  FAILS(KILN_ERR_STRUCTURE, kiln_func_finish(f)); /* block 1 was never filled */
  kiln_block_new_many(f, 2);
  kiln_build_br(f, block(1), NULL, 0);
  kiln_block_switch(f, block(1));
  cond(f);
  FAILS(KILN_ERR_STRUCTURE, kiln_func_finish(f));
  /* Blocks that nothing refers to need not be filled. */
  kiln_block_new_many(f, 2);
  kiln_build_br(f, block(1), NULL, 0);
  kiln_block_switch(f, block(1));
  assert_int_equal(finish_ret(f), KILN_OK);
  assert_int_equal(f->block[2].pos, 0);
  f = again(t);
  kiln_block_new(f);
  kn_block_take_address(f, block(1));
  FAILS(KILN_ERR_STRUCTURE, finish_ret(f));
}

/* Leaving a block without a terminator makes a SEG, which leads to where it is resumed. */
static void blocks_are_resumed(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1);
  kiln_block other = kiln_block_new(f), third = kiln_block_new(f);
  kiln_value v = kiln_build_unary(f, KILN_OP_NEG, I32, b);
  kiln_block_switch(f, block(0)); /* it is current: nothing happens */
  assert_int_equal(f->n, v.id + 1);
  kiln_block_switch(f, other);
  uint32_t seg = f->block[0].resume;
  assert_int_equal(seg, v.id + 1);
  assert_int_equal(f->inst[seg].op, KILN_OP_SEG);
  assert_int_equal(f->block[1].first, seg + 1);
  kiln_build_br(f, third, NULL, 0);
  kiln_block_switch(f, block(0));
  /* Left again with nothing appended: the same SEG goes on. */
  uint32_t n = f->n;
  kiln_block_switch(f, third);
  kiln_value w = kiln_build_unary(f, KILN_OP_NEG, I32, v);
  kiln_build_ret(f, &w, 1);
  assert_int_equal(w.id, n);
  kiln_block_switch(f, block(0));
  uint32_t resumed = f->n;
  assert_int_equal(f->inst[seg].a, resumed);
  assert_false(kiln_block_is_terminated(f, block(0)));
  kiln_build_unary(f, KILN_OP_NOT, I32, v);
  assert_int_equal(f->val[v.id].uses, 2);
  kiln_build_br(f, other, NULL, 0);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(f->val[resumed].block, 0);
  assert_int_equal(row_count(f, v, 0), 0);
  assert_int_equal(row_count(f, v, third.id), 1);
  assert_int_equal(f->order.n, 3);
  /* The entry was filled first, so its branch goes forward. */
  assert_int_equal(f->back_edges.n, 0);

  /* A block may begin with a SEG: begun, left at once, resumed. */
  f = again(t);
  kiln_block_new(f);
  kiln_block_switch(f, block(1));
  assert_int_equal(f->inst[f->block[0].first].op, KILN_OP_SEG);
  finish_ret(f);
  f = again(t);
  kiln_block_new(f);
  kiln_block_switch(f, block(1));
  kiln_value zero = kiln_const_int(f, 0);
  kiln_build_ret(f, &zero, 1);
  kiln_block_switch(f, block(0));
  kiln_build_br(f, block(1), NULL, 0);
  assert_int_equal(f->inst[f->block[0].first].a, f->n - 1);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_true(f->facts.needs_order);
  /* Left and never resumed. */
  f = again(t);
  kiln_block_new(f);
  cond(f);
  kiln_block_switch(f, block(1));
  FAILS(KILN_ERR_STRUCTURE, finish_ret(f));
  /* One may switch to a block that has its terminator, but not append to it. */
  kiln_block_new(f);
  kiln_build_br(f, block(1), NULL, 0);
  kiln_block_switch(f, block(1));
  kiln_block_switch(f, block(0));
  assert_int_equal(kiln_func_status(f), KILN_OK);
  FAILS(KILN_ERR_STRUCTURE, cond(f));
}

/* ---- forward values ---- */

static void forwards_are_patched(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value a = kiln_func_param(f, 0), b = kiln_func_param(f, 1);
  kiln_block use = kiln_block_new(f), def = kiln_block_new(f), end = kiln_block_new(f);
  kiln_value w = kiln_forward_new(f, I32), p = kiln_forward_new(f, I64);
  assert_int_equal(kiln_value_type(f, w), I32);
  assert_int_equal(kn_tag(w.id), KN_TAG_FORWARD);
  kiln_build_br(f, def, NULL, 0);
  kiln_block_switch(f, use);
  kiln_value x = kiln_build_binary(f, KILN_OP_SUB, I32, b, w);
  kiln_build_store(f, I32, p, 4, w, 0);
  uint32_t store = f->n - 1;
  kiln_value sel = kiln_build_select(f, I32, cond(f), x, w);
  kiln_value args[2] = {p, w};
  kiln_value call = kiln_build_call(f, t->sig, kiln_const_symbol(f, t->callee, 0), args, 2);
  kiln_value e = kiln_block_add_param(f, end, I32);
  kiln_build_br(f, end, &w, 1);
  kiln_block_switch(f, def);
  kiln_value v = kiln_build_unary(f, KILN_OP_NOT, I32, b);
  kiln_value q = kiln_build_addr(f, a, NO_VALUE, 0, 8);
  kiln_forward_bind(f, w, v);
  kiln_forward_bind(f, p, q);
  kiln_build_unary(f, KILN_OP_NEG, I32, w); /* bound already, still a forward */
  kiln_build_br(f, use, NULL, 0);
  kiln_block_switch(f, end);
  kiln_build_ret(f, &e, 1);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(inst(f, x)->b, v.id);
  assert_int_equal(f->inst[store].a, q.id);
  assert_int_equal(f->inst[store].b, v.id);
  assert_int_equal(inst(f, sel)->c, v.id);
  assert_int_equal(f->lists.at[inst(f, call)->a], q.id);
  assert_int_equal(f->lists.at[inst(f, call)->a + 1], v.id);
  assert_int_equal(edge_arg(f, 1, 0), v.id);
  assert_int_equal(uses(f, v), 6);
  assert_int_equal(uses(f, q), 2);
  assert_int_equal(row_count(f, v, use.id), 5);
  assert_int_equal(row_count(f, v, def.id), 0);
  assert_int_equal(n_globals(f, v), 1);
  assert_int_equal(row_count(f, q, use.id), 2);
}

/* A forward may stand for a constant, a slot, another forward, or its own block's value. */
static void forwards_stand_for_anything(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1);
  kiln_value slot_value = kiln_slot_new(f, 8, 3);
  kiln_build_load(f, I64, slot_value, 0, 0);
  kiln_value w[5];
  for (int i = 0; i < 5; i++) w[i] = kiln_forward_new(f, i == 1 ? I64 : i == 4 ? F64 : I32);
  uint32_t first = f->n;
  kiln_build_unary(f, KILN_OP_NEG, I32, w[0]);
  kiln_build_load(f, I64, w[1], 0, 0);
  kiln_build_unary(f, KILN_OP_NEG, I32, w[2]);
  kiln_build_unary(f, KILN_OP_NEG, I32, w[3]);
  kiln_build_unary(f, KILN_OP_FNEG, F64, w[4]);
  kiln_value d = kiln_const_f64(f, 1);
  kiln_forward_bind(f, w[0], kiln_const_int(f, 77));
  kiln_forward_bind(f, w[1], slot_value);
  kiln_forward_bind(f, w[2], w[3]);
  kiln_forward_bind(f, w[3], b);
  kiln_forward_bind(f, w[4], d);
  kiln_forward_new(f, I32); /* never used: need not be bound */
  assert_int_equal(finish_ret(f), KILN_OK);
  assert_int_equal(f->inst[first].a, kiln_const_int(f, 77).id);
  assert_int_equal(f->inst[first + 1].a, slot_value.id);
  assert_true(slot(f, slot_value)->memory);
  assert_int_equal(f->inst[first + 2].a, b.id);
  assert_int_equal(f->inst[first + 3].a, b.id);
  assert_int_equal(f->inst[first + 4].a, d.id);
  assert_int_equal(uses(f, b), 2);
  assert_int_equal(f->val[b.id].global, 0);

  f = again(t);
#define FORWARD(i, type) (w[i] = kiln_forward_new(f, type))
#define NEG(i) kiln_build_unary(f, KILN_OP_NEG, I32, w[i])
  FAILS(KILN_ERR_STRUCTURE, (FORWARD(0, I32), NEG(0), finish_ret(f)));
  FAILS(KILN_ERR_STRUCTURE, (FORWARD(0, I32), FORWARD(1, I32), kiln_forward_bind(f, w[0], w[1]),
                             kiln_forward_bind(f, w[1], w[0]), NEG(0), finish_ret(f)));
  FAILS(KILN_ERR_STRUCTURE,
        (FORWARD(0, I32), kiln_forward_bind(f, w[0], b), kiln_forward_bind(f, w[0], b), 0));
  FAILS(KILN_ERR_TYPE, (FORWARD(0, I64), kiln_forward_bind(f, w[0], b), 0));
  FAILS(KILN_ERR_TYPE, (FORWARD(0, F64), kiln_forward_bind(f, w[0], kiln_const_int(f, 1)), 0));
  FAILS(KILN_ERR_TYPE, (FORWARD(0, I64), NEG(0)));
  FAILS(KILN_ERR_ARGUMENT, (kiln_forward_bind(f, b, b), 0));
  FAILS(KILN_ERR_ARGUMENT, (FORWARD(0, I32), kiln_forward_bind(f, w[0], NO_VALUE), 0));
  FAILS(KILN_ERR_TYPE, kiln_forward_new(f, VOID));
  FAILS(KILN_ERR_TYPE, kiln_forward_new(f, KILN_TYPE_COUNT));
  /* Of a wrong type as an edge argument, seen at the end only. */
  kiln_block next = kiln_block_new(f);
  kiln_block_add_param(f, next, I32);
  FORWARD(0, I64);
  kiln_build_br(f, next, w, 1);
  kiln_block_switch(f, next);
  kiln_forward_bind(f, w[0], kiln_func_param(f, 0));
  FAILS(KILN_ERR_TYPE, finish_ret(f));
}

/* A forward as a late argument: the loop as a front end with phis builds it. */
static void loops_as_phis_build_them(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value b = kiln_func_param(f, 1);
  kiln_block loop = kiln_block_new(f), end = kiln_block_new(f);
  kiln_build_br(f, loop, NULL, 0);
  kiln_block_switch(f, loop);
  kiln_value phi = kiln_block_add_param(f, loop, I32), next = kiln_forward_new(f, I32);
  kiln_edge_set_arg(f, block(0), loop, 0, b);
  kiln_edge_set_arg(f, loop, loop, 0, next);
  kiln_value add = kiln_build_binary(f, KILN_OP_ADD, I32, phi, kiln_const_int(f, 1));
  kiln_forward_bind(f, next, add);
  brif(f, cond(f), loop, end);
  kiln_block_switch(f, end);
  kiln_build_ret(f, &add, 1);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(edge_arg(f, 0, 0), b.id);
  assert_int_equal(edge_arg(f, 1, 0), add.id);
  assert_int_equal(edge_arg(f, 2, 0), 0);
  assert_int_equal(uses(f, add), 2);
  assert_int_equal(row_count(f, add, loop.id), 0);
  assert_int_equal(row_count(f, add, end.id), 1);
  assert_int_equal(f->back_edges.n, 1);
}

/* ---- block addresses ---- */

static void indirect_branches(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_block_new_many(f, 3);
  kiln_block targets[3] = {{1}, {2}, {1}};
  kiln_build_brind(f, kiln_func_param(f, 0), targets, 3);
  assert_int_equal(f->block[0].n_edges, 3);
  assert_int_equal(f->facts.address_taken, 2);
  assert_true(f->block[1].address_taken && f->block[2].address_taken);
  kn_block_take_address(f, block(2));
  assert_int_equal(f->facts.address_taken, 2);
  kn_block_take_address(f, block(3));
  assert_int_equal(f->facts.address_taken, 3);
  kiln_value zero = kiln_const_int(f, 0);
  for (uint32_t i = 1; i < 4; i++) {
    kiln_block_switch(f, block(i));
    kiln_build_ret(f, &zero, 1);
  }
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  f = again(t);
  FAILS(KILN_ERR_ARGUMENT, (kn_block_take_address(f, block(0)), 0));
  FAILS(KILN_ERR_ARGUMENT, (kn_block_take_address(f, block(1)), 0));
  FAILS(KILN_ERR_ARGUMENT, (kiln_build_brind(f, kiln_func_param(f, 0), &(kiln_block){4}, 1), 0));
  /* A block symbol made before the body marks its block, which must exist. */
  kiln_block_symbol(t->m, t->func, (kiln_block){2});
  f = again(t);
  kiln_block_new_many(f, 2);
  for (uint32_t i = 0; i < 2; i++) {
    kiln_build_br(f, block(i + 1), NULL, 0);
    kiln_block_switch(f, block(i + 1));
  }
  assert_int_equal(finish_ret(f), KILN_OK);
  assert_true(f->block[2].address_taken);
  assert_false(f->block[1].address_taken);
  assert_int_equal(f->facts.address_taken, 1);
  f = again(t);
  FAILS(KILN_ERR_STRUCTURE, finish_ret(f));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(edges_and_back_edges),
    TEST(order_of_filling),
    TEST(values_that_cross_blocks),
    TEST(block_parameters),
    TEST(edge_arguments_are_checked),
    TEST(late_edge_arguments),
    TEST(switch_edges),
    TEST(both_ways_to_one_block),
    TEST(branches_are_checked),
    TEST(finish_checks_blocks),
    TEST(blocks_are_resumed),
    TEST(forwards_are_patched),
    TEST(forwards_stand_for_anything),
    TEST(loops_as_phis_build_them),
    TEST(indirect_branches),
  };
  return cmocka_run_group_tests_name("build_flow", tests, NULL, NULL);
}
