/* Verifier: each rule broken once, by builder calls where the builder allows that, else by changing the arrays;
 * dominance on many graphs against the definition; large functions in near linear time. */
#include "build_fixture.h"
#include "ir/dominators.h"
#include "large.h"

#include <kiln/kiln.h>

/* ---- pokes ---- */

/* The function that the tests damage:
 *   b0(v1: i64, v2: i32): v3 = add; v4 = icmp; brif v4, b1(v3), b2
 *   b1(p: i64): call, result, switch p, b2 [1: b2, 5: b3(v2)]
 *   b2: ret v2      b3(q: i32): load, store, ret q */
struct sample {
  kiln_func *f;
  kiln_value add, cmp, p, call, result, q, load, convert, cas, store, slot_load;
  uint32_t store_at, fence_at, brif_at, switch_at, ret_at;
};

static void build_sample(struct fixture *t, struct sample *s) {
  kiln_func *f = s->f = again(t);
  kiln_value v1 = kiln_func_param(f, 0), v2 = kiln_func_param(f, 1);
  kiln_block b1 = kiln_block_new(f), b2 = kiln_block_new(f), b3 = kiln_block_new(f);
  kiln_value slot = kiln_slot_new(f, 8, 3), big = kiln_const_int(f, INT64_MAX);
  s->add = kiln_build_binary(f, KILN_OP_ADD, I64, v1, big);
  s->cmp = kiln_build_icmp(f, KILN_ICOND_SLT, I64, s->add, v1);
  kiln_build_brif(f, s->cmp, b1, &s->add, 1, b2, NULL, 0);
  s->brif_at = f->n - 1;
  kiln_block_switch(f, b1);
  s->p = kiln_block_add_param(f, b1, I64);
  kiln_sig two = sig_of(t, 0, "q", "ql");
  kiln_value callee = kiln_const_symbol(f, declare(t, "two", two), 0);
  s->call = kiln_build_call(f, two, callee, &v1, 1);
  s->result = kiln_build_result(f, s->call, 1);
  const kiln_switch_case cases[2] = {{1, b2}, {5, b3}};
  kiln_build_switch(f, I64, s->p, b2, cases, 2);
  s->switch_at = f->n - 1;
  kiln_edge_set_arg(f, b1, b3, 0, v2);
  kiln_block_switch(f, b2);
  kiln_build_ret(f, &v2, 1);
  s->ret_at = f->n - 1;
  kiln_block_switch(f, b3);
  s->q = kiln_block_add_param(f, b3, I32);
  s->load = kiln_build_load_ext(f, I32, I8, v1, 4, KILN_MEM_SEXT);
  kiln_build_store(f, I32, v1, 0, s->load, 0);
  s->store_at = f->n - 1;
  s->convert = kiln_build_convert(f, KILN_OP_ZEXT, I64, I32, s->q);
  s->cas =
    kiln_build_atomic_cas(f, I32, v1, s->load, s->q, KILN_ORDERING_SEQ_CST, KILN_ORDERING_ACQUIRE);
  kiln_build_fence(f, KILN_ORDERING_ACQUIRE);
  s->fence_at = f->n - 1;
  s->slot_load = kiln_build_load(f, I64, slot, 0, 0);
  kiln_build_ret(f, &s->q, 1);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
}

static uint32_t edge_of(const struct sample *s, uint32_t block, uint32_t i) {
  return s->f->block[block].edge_first + i;
}

enum poke {
  NOTHING,
  ORDER_TWICE,
  ORDER_SHORT,
  ENTRY_ELSEWHERE,
  NO_TERMINATOR,
  TERMINATOR_EARLIER,
  TERMINATOR_PLAIN,
  CHAIN_OVER_END,
  CHAIN_IN_TWO_BLOCKS,
  OPCODE_BAD,
  OPCODE_NONE,
  SEG_LOOP,
  PARAM_IS_NONE,
  PARAM_OF_OTHER,
  PARAM_NUMBER,
  PARAM_TYPE,
  PARAM_COUNT,
  PARAM_MORE,
  PARAM_CONTIGUOUS,
  ENTRY_PARAM_COUNT,
  ENTRY_PARAM_TYPE,
  EDGE_TARGET,
  EDGE_ENTRY,
  EDGE_COUNT,
  EDGE_RANGE,
  PREDS,
  EDGE_UNFILLED,
  ARG_MISSING,
  ARG_TWICE,
  ARG_INDEX,
  ARG_TYPE,
  ARG_RANGE,
  CASE_TWICE,
  CASE_RANGE,
  RET_COUNT,
  RET_TYPE,
  OPERAND_NONE,
  OPERAND_RANGE,
  OPERAND_TYPE,
  OPERAND_VOID,
  OPERAND_IMM,
  OPERAND_POOL,
  OPERAND_SLOT,
  OPERAND_FORWARD,
  OPERAND_TAG,
  OPERAND_POOL_TYPE,
  OPERAND_POOL_HALF,
  OPERAND_SYMBOL,
  OPERAND_ITSELF,
  TYPE_BAD,
  TYPE_OF_OP,
  VALUE_TYPE,
  CONDITION,
  MEM_TYPE,
  MEM_SEXT,
  CONVERT,
  ORDERING,
  FAILURE_ORDERING,
  CALL_SIG,
  CALL_COUNT,
  CALL_RANGE,
  CALL_ADDEND,
  RESULT_OF,
  RESULT_NUMBER,
  RESULT_TYPE,
  USES,
  SLOT_SIZE,
  GLOBAL,
  MACHINE_CODE,
  POKE_COUNT
};

struct poke_row {
  kiln_status status;
  uint32_t block;
  const char *message;
};

#define STRUCTURE KILN_ERR_STRUCTURE
#define TYPE KILN_ERR_TYPE
#define DOMINANCE KILN_ERR_DOMINANCE
#define ANY UINT32_MAX

static const struct poke_row poke_rows[POKE_COUNT] = {
  [NOTHING] = {KILN_OK, ANY, ""},
  [ORDER_TWICE] = {STRUCTURE, 1, "order of blocks"},
  [ORDER_SHORT] = {STRUCTURE, ANY, "not in the order"},
  [ENTRY_ELSEWHERE] = {STRUCTURE, ANY, "start with its entry"},
  [NO_TERMINATOR] = {STRUCTURE, 2, "no terminator"},
  [TERMINATOR_EARLIER] = {STRUCTURE, 3, "is not a terminator"},
  [TERMINATOR_PLAIN] = {STRUCTURE, 0, "in the middle"},
  [CHAIN_OVER_END] = {STRUCTURE, 3, "over the end"},
  [CHAIN_IN_TWO_BLOCKS] = {STRUCTURE, 2, "in two places"},
  [OPCODE_BAD] = {STRUCTURE, 0, "opcode 255"},
  [OPCODE_NONE] = {STRUCTURE, 0, "opcode 0"},
  [SEG_LOOP] = {STRUCTURE, 0, "in two places"},
  [PARAM_IS_NONE] = {STRUCTURE, 1, "is not a parameter"},
  [PARAM_OF_OTHER] = {STRUCTURE, 1, "another block"},
  [PARAM_NUMBER] = {STRUCTURE, 1, "another block or position"},
  [PARAM_TYPE] = {TYPE, 1, "has no type"},
  [PARAM_COUNT] = {STRUCTURE, 1, "is not a parameter"},
  [PARAM_MORE] = {STRUCTURE, 1, "more parameters than it counts"},
  [PARAM_CONTIGUOUS] = {STRUCTURE, 0, "not contiguous"},
  [ENTRY_PARAM_COUNT] = {TYPE, 0, "the entry has 2 parameters, the signature 1"},
  [ENTRY_PARAM_TYPE] = {TYPE, 0, "parameter 1 is i8, but i32"},
  [EDGE_TARGET] = {STRUCTURE, 0, "block 77, which does not exist"},
  [EDGE_ENTRY] = {STRUCTURE, 0, "to the entry"},
  [EDGE_COUNT] = {STRUCTURE, 0, "the terminator has 1 edges"},
  [EDGE_RANGE] = {STRUCTURE, 1, "out of range"},
  [PREDS] = {STRUCTURE, 2, "counts 7 predecessors, but has 3"},
  [EDGE_UNFILLED] = {STRUCTURE, 1, "block 4, which does not exist"},
  [ARG_MISSING] = {STRUCTURE, 0, "0 arguments for the 1 parameters of block 1"},
  [ARG_TWICE] = {STRUCTURE, 1, "two arguments for parameter 0 of block 3"},
  [ARG_INDEX] = {STRUCTURE, 0, "parameter 1 of block 1, which has 1"},
  [ARG_TYPE] = {TYPE, 0, "is i32, not i64"},
  [ARG_RANGE] = {STRUCTURE, 0, "edge argument is out of range"},
  [CASE_TWICE] = {STRUCTURE, 1, "case 1 of the switch is a duplicate"},
  [CASE_RANGE] = {STRUCTURE, 1, "the cases are out of range"},
  [RET_COUNT] = {TYPE, 2, "ret gives 2 values, but the signature has 1"},
  [RET_TYPE] = {TYPE, 2, "is i64, not i32"},
  [OPERAND_NONE] = {STRUCTURE, 0, "an operand is missing"},
  [OPERAND_RANGE] = {STRUCTURE, 0, "a value of no block"},
  [OPERAND_TYPE] = {TYPE, 0, "operand v1 is i32, not i64"},
  [OPERAND_VOID] = {TYPE, 3, "is no value, not i32"},
  [OPERAND_IMM] = {TYPE, 0, "is an integer constant, not f64"},
  [OPERAND_POOL] = {STRUCTURE, 0, "a constant is out of range"},
  [OPERAND_SLOT] = {STRUCTURE, 0, "a stack slot is out of range"},
  [OPERAND_FORWARD] = {STRUCTURE, 0, "a forward value is not bound"},
  [OPERAND_TAG] = {STRUCTURE, 0, "not a handle"},
  [OPERAND_POOL_TYPE] = {TYPE, 0, "a constant of type f64, not i64"},
  [OPERAND_POOL_HALF] = {STRUCTURE, 0, "an i128 constant without its halves"},
  [OPERAND_SYMBOL] = {STRUCTURE, 0, "a symbol is out of range"},
  [OPERAND_ITSELF] = {DOMINANCE, 0, "v2 is used before its definition"},
  [TYPE_BAD] = {TYPE, 0, "type 99 does not exist"},
  [TYPE_OF_OP] = {TYPE, 0, "add does not take type f64"},
  [VALUE_TYPE] = {TYPE, 0, "icmp does not give a value of type i16"},
  [CONDITION] = {STRUCTURE, 0, "condition 10 does not exist"},
  [MEM_TYPE] = {TYPE, 3, "memory of type i64 and a value of type i32"},
  [MEM_SEXT] = {TYPE, 3, "memory of type i32 and a value of type i32"},
  [CONVERT] = {TYPE, 3, "zext does not go from i64 to i64"},
  [ORDERING] = {STRUCTURE, 3, "memory ordering"},
  [FAILURE_ORDERING] = {STRUCTURE, 3, "memory ordering"},
  [CALL_SIG] = {STRUCTURE, 1, "signature is out of range"},
  [CALL_COUNT] = {TYPE, 1, "the call has 2 arguments, its signature 1 parameters"},
  [CALL_RANGE] = {STRUCTURE, 1, "arguments are out of range"},
  [CALL_ADDEND] = {STRUCTURE, 1, "the callee has an addend"},
  [RESULT_OF] = {STRUCTURE, 1, "directly follow its operation"},
  [RESULT_NUMBER] = {TYPE, 1, "no result 2"},
  [RESULT_TYPE] = {TYPE, 1, "no result 1 of this type"},
  [USES] = {STRUCTURE, 0, "used 2 times, but 3 are counted"},
  [SLOT_SIZE] = {STRUCTURE, ANY, "impossible size"},
  [GLOBAL] = {STRUCTURE, 1, "crosses blocks unnoticed"},
  [MACHINE_CODE] = {KILN_ERR_STRUCTURE, 0,
                    "the operands of machine code do not match its signature"},
};

/* The block that a diagnostic names, or ANY. */
static uint32_t block_of(const kiln_diag *d) { return d->has & KILN_DIAG_BLOCK ? d->block : ANY; }

static void damage(struct sample *s, enum poke poke) {
  kiln_func *f = s->f;
  struct kn_inst *add = &f->inst[s->add.id], *cmp = &f->inst[s->cmp.id];
  struct kn_inst *call = &f->inst[s->call.id], *result = &f->inst[s->result.id];
  struct kn_inst *ret = &f->inst[s->ret_at], *sw = &f->inst[s->switch_at];
  struct kn_edge *edges = f->edges.at;
  switch (poke) {
  case NOTHING:
  case POKE_COUNT: break;
  case ORDER_TWICE: f->order.at[2] = 1; break;
  case ORDER_SHORT: f->order.n--; break;
  case ENTRY_ELSEWHERE: f->order.at[0] = 1; break;
  case NO_TERMINATOR: f->block[2].term = 0; break;
  case TERMINATOR_EARLIER: f->block[3].term = s->fence_at; break;
  case TERMINATOR_PLAIN: cmp->op = KILN_OP_TRAP; break;
  case CHAIN_OVER_END:
    f->inst[f->n - 1].op = KILN_OP_FENCE;
    f->block[3].term = f->n;
    break;
  case CHAIN_IN_TWO_BLOCKS: f->block[2].first = s->switch_at; break;
  case OPCODE_BAD: add->op = 255; break;
  case OPCODE_NONE: add->op = KILN_OP_NONE; break;
  case SEG_LOOP: *cmp = (struct kn_inst){.op = KILN_OP_SEG, .a = s->add.id}; break;
  case PARAM_IS_NONE: f->block[1].param_first = s->call.id; break;
  case PARAM_OF_OTHER: f->inst[s->p.id].a = 2; break;
  case PARAM_NUMBER: f->inst[s->p.id].x = 1; break;
  case PARAM_TYPE: f->inst[s->p.id].type = 0; break;
  case PARAM_COUNT: f->block[1].n_params = 2; break;
  case PARAM_MORE: f->inst[s->p.id].b = s->q.id; break;
  case PARAM_CONTIGUOUS:
    f->inst[1].b = s->p.id;
    f->inst[s->p.id].a = 0;
    f->inst[s->p.id].x = 1;
    break;
  case ENTRY_PARAM_COUNT: f->module->sigs.at[f->sig].n_params = 1; break;
  case ENTRY_PARAM_TYPE: f->inst[2].type = f->val[2].type = I8; break;
  case EDGE_TARGET: edges[edge_of(s, 0, 0)].target = 77; break;
  case EDGE_ENTRY: edges[edge_of(s, 0, 1)].target = 0; break;
  case EDGE_COUNT: f->block[0].n_edges = 1; break;
  case EDGE_RANGE: f->block[1].edge_first = sw->b = 1000; break;
  case PREDS: f->block[2].n_preds = 7; break;
  case EDGE_UNFILLED: edges[edge_of(s, 1, 1)].target = 4; break;
  case ARG_MISSING: edges[edge_of(s, 0, 0)].args = 0; break;
  case ARG_TWICE: {
    uint32_t a = edges[edge_of(s, 1, 2)].args, b = edges[edge_of(s, 0, 0)].args;
    f->edge_args.at[a - 1].next = b;
    break;
  }
  case ARG_INDEX: f->edge_args.at[edges[edge_of(s, 0, 0)].args - 1].index = 1; break;
  case ARG_TYPE: f->edge_args.at[edges[edge_of(s, 0, 0)].args - 1].value = 2; break;
  case ARG_RANGE: edges[edge_of(s, 0, 0)].args = 1000; break;
  case CASE_TWICE: f->lists.at[sw->c + 2] = 1; break;
  case CASE_RANGE: sw->c = f->lists.n - 1; break;
  case RET_COUNT: ret->x = 2; break;
  case RET_TYPE: ret->a = 1; break;
  case OPERAND_NONE: add->b = 0; break;
  case OPERAND_RANGE: add->b = f->n; break;
  case OPERAND_TYPE: add->a = 2; break;
  case OPERAND_VOID: f->inst[s->store_at].b = s->store_at; break;
  case OPERAND_IMM:
    add->op = KILN_OP_FADD;
    add->type = F64;
    add->a = kn_handle(KN_TAG_IMM, 1);
    break;
  case OPERAND_POOL: add->b = kn_handle(KN_TAG_POOL, f->pool.n); break;
  case OPERAND_SLOT: add->b = kn_handle(KN_TAG_SLOT, 1); break;
  case OPERAND_FORWARD: add->b = kn_handle(KN_TAG_FORWARD, 0); break;
  case OPERAND_TAG: add->b = UINT32_MAX; break;
  case OPERAND_POOL_TYPE: f->pool.at[kn_index(add->b)].type = F64; break;
  case OPERAND_POOL_HALF:
    f->pool.at[kn_index(add->b)].type = I128;
    f->pool.at[kn_index(add->b)].high = 77;
    break;
  case OPERAND_SYMBOL: f->pool.at[kn_index(add->b)].symbol = 1000; break;
  case OPERAND_ITSELF: add->a = s->add.id; break;
  case TYPE_BAD: add->type = 99; break;
  case TYPE_OF_OP: add->type = F64; break;
  case VALUE_TYPE: f->val[s->cmp.id].type = KILN_TYPE_I16; break;
  case CONDITION: cmp->x = KILN_ICOND_COUNT; break;
  case MEM_TYPE: f->inst[s->load.id].x = KILN_TYPE_I64; break;
  case MEM_SEXT: f->inst[s->load.id].x = I32 | KILN_MEM_SEXT; break;
  case CONVERT: f->inst[s->convert.id].x = I64; break;
  case ORDERING: f->inst[s->fence_at].x = KILN_ORDERING_RELAXED; break;
  case FAILURE_ORDERING:
    f->inst[s->cas.id].x = KILN_ORDERING_SEQ_CST | KILN_ORDERING_RELEASE << 3;
    break;
  case CALL_SIG: call->c = 1000; break;
  case CALL_COUNT: call->x = 2; break;
  case CALL_RANGE: call->a = f->lists.n; break;
  case CALL_ADDEND: f->pool.at[kn_index(call->b)].low = 8; break;
  case RESULT_OF: result->a = s->add.id; break;
  case RESULT_NUMBER: result->x = 2; break;
  case RESULT_TYPE: result->type = f->val[s->result.id].type = I64; break;
  case USES: f->val[s->add.id].uses = 3; break;
  case SLOT_SIZE: f->slots.at[0].size_bytes = UINT32_MAX; break;
  case GLOBAL: f->val[2].global = 0; break;
  case MACHINE_CODE: *add = (struct kn_inst){.op = KILN_OP_ASM, .type = V128}; break;
  }
}

static void test_pokes(void **state) {
  struct fixture *t = *state;
  for (enum poke poke = 0; poke < POKE_COUNT; poke++) {
    const struct poke_row *r = &poke_rows[poke];
    struct sample s;
    build_sample(t, &s);
    damage(&s, poke);
    kiln_status status = kiln_func_verify(s.f);
    bool told =
      status == KILN_OK || (strstr(t->diag.message, r->message) && block_of(&t->diag) == r->block);
    if (status != r->status || !told || t->diags != (status != KILN_OK)) {
      print_message("poke %d: wanted %s, block %u: %s\n  got %s, block %u: %s\n", (int)poke,
                    kiln_status_name(r->status), r->block, r->message, kiln_status_name(status),
                    block_of(&t->diag), t->diag.message);
      fail();
    }
    if (poke == ENTRY_PARAM_COUNT) t->m->sigs.at[s.f->sig].n_params = 2;
  }
}

/* ---- what the builder lets through ---- */

static void test_unfinished(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_func_verify(t->f), KILN_ERR_STRUCTURE);
  assert_non_null(strstr(t->diag.message, "not finished"));
}

/* A use in the other branch, with block and instruction as the text numbers them. */
static void test_dominance(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_value p = kiln_func_param(f, 0);
  kiln_block a = kiln_block_new(f), b = kiln_block_new(f);
  kiln_value c = kiln_build_icmp(f, KILN_ICOND_EQ, I64, p, kiln_const_int(f, 0));
  kiln_build_brif(f, c, a, NULL, 0, b, NULL, 0);
  kiln_block_switch(f, a);
  kiln_value x = kiln_build_binary(f, KILN_OP_ADD, I64, p, p);
  kiln_build_nullary(f, KILN_OP_UNREACHABLE);
  kiln_block_switch(f, b);
  kiln_build_fence(f, KILN_ORDERING_SEQ_CST);
  kiln_build_store(f, I64, p, 0, x, 0);
  assert_int_equal(finish_ret(f), KILN_OK);
  assert_int_equal(kiln_func_verify(f), KILN_ERR_DOMINANCE);
  assert_int_equal(t->diag.block, b.id);
  assert_int_equal(t->diag.inst, 7);
  assert_string_equal(t->diag.function, "f");
  assert_string_equal(t->diag.message, "v4 of block 1 is used where that block may not have run");
}

static void test_unreachable(void **state) {
  struct fixture *t = *state;
  kiln_func *f = t->f;
  kiln_block a = kiln_block_new(f), b = kiln_block_new(f);
  kiln_value zero = kiln_const_int(f, 0);
  kiln_build_ret(f, &zero, 1);
  kiln_block_switch(f, a); /* never reached: x is used before its definition */
  kiln_value x = kiln_forward_new(f, I64);
  kiln_value y = kiln_build_binary(f, KILN_OP_ADD, I64, x, kiln_func_param(f, 0));
  kiln_value z = kiln_build_binary(f, KILN_OP_ADD, I64, y, y);
  kiln_forward_bind(f, x, z);
  kiln_build_br(f, b, NULL, 0);
  kiln_block_switch(f, b);
  kiln_build_br(f, a, NULL, 0);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(kiln_func_verify(f), KILN_OK);
}

/* ---- dominators against the definition ---- */

static uint64_t rng = 0x853c49e6748fea9bu;
static uint32_t pick(uint32_t n) {
  rng = rng * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((rng >> 33) % n);
}

/* Reaches blocks from the entry without passing `without`. */
static void reach(const kiln_func *f, uint32_t without, bool *seen) {
  uint32_t stack[64], n = 0;
  memset(seen, 0, 64);
  if (without == 0) return;
  stack[n++] = 0;
  seen[0] = true;
  while (n > 0) {
    const struct kn_block *b = &f->block[stack[--n]];
    for (uint32_t e = 0; e < b->n_edges; e++) {
      uint32_t to = f->edges.at[b->edge_first + e].target;
      if (to == without || seen[to]) continue;
      seen[to] = true;
      stack[n++] = to;
    }
  }
}

static void test_graphs(void **state) {
  struct fixture *t = *state;
  for (int round = 0; round < 600; round++) {
    kiln_func *f = again(t);
    uint32_t n = 2 + pick(40), spread = 1 + pick(n);
    kiln_block_new_many(f, n - 1);
    for (uint32_t i = 0; i < n; i++) {
      kiln_block_switch(f, block(i));
      kiln_switch_case cases[4];
      uint32_t k = pick(10) == 0 ? 0 : 1 + pick(3);
      for (uint32_t j = 0; j < k; j++) {
        uint32_t to = pick(3) ? i + 1 + pick(spread) : pick(n);
        cases[j] = (kiln_switch_case){(int64_t)j, {to >= n || to == 0 ? 1 + pick(n - 1) : to}};
      }
      kiln_value v = kiln_func_param(f, 0), r = kiln_func_param(f, 1);
      if (k == 0) kiln_build_ret(f, &r, 1);
      else kiln_build_switch(f, I64, v, cases[0].target, cases + 1, k - 1);
    }
    assert_int_equal(kiln_func_finish(f), KILN_OK);
    assert_int_equal(kiln_func_verify(f), KILN_OK);
    struct kn_dom d;
    assert_true(kn_dom_init(&d, f));
    kn_dom_compute(&d, f);
    bool all[64], without[64];
    reach(f, UINT32_MAX, all);
    for (uint32_t a = 0; a < n; a++) {
      assert_int_equal(kn_dom_reached(&d, a), all[a]);
      reach(f, a, without);
      for (uint32_t b = 0; b < n; b++) {
        if (!all[b]) continue;
        assert_int_equal(kn_dom_dominates(&d, a, b), all[a] && (a == b || !without[b]));
      }
    }
    kn_dom_free(&d, f);
  }
}

/* ---- size ---- */

/* Verifies `blocks` blocks of 5 instructions: a chain with back edges, each over half of the blocks before
 * it, or `nested`, as deep as half of the blocks. */
static void verify_many(struct fixture *t, uint32_t blocks, bool nested) {
  kiln_func *f = again(t);
  kiln_value p = kiln_func_param(f, 0), r = kiln_func_param(f, 1);
  kiln_block_new_many(f, blocks);
  kiln_value first = kiln_build_binary(f, KILN_OP_ADD, I64, p, p), v = first;
  for (uint32_t i = 0; i < blocks; i++) {
    for (int k = 0; k < 3; k++) v = kiln_build_binary(f, KILN_OP_ADD, I64, v, k ? p : first);
    kiln_value c = kiln_build_icmp(f, KILN_ICOND_EQ, I64, v, p);
    uint32_t back = nested ? 1 + (i < blocks / 2 ? i : blocks - i) : 1 + i / 2;
    if (i + 1 == blocks) back = 1;
    kiln_block to = block(i >= back ? back : i + 1);
    kiln_build_brif(f, c, to, NULL, 0, block(i + 1), NULL, 0);
    kiln_block_switch(f, block(i + 1));
  }
  kiln_build_ret(f, &r, 1);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(kiln_func_verify(f), KILN_OK);
}

static void test_growth(void **state) {
  struct fixture *t = *state;
  verify_many(t, LARGE, false);
  verify_many(t, LARGE, true);
}

static void test_cases(void **state) {
  struct fixture *t = *state;
  enum { N = 100000 };
  kiln_switch_case *cases = malloc(N * sizeof *cases);
  for (int twice = 0; twice < 2; twice++) {
    kiln_func *f = again(t);
    kiln_block b = kiln_block_new(f);
    for (int i = 0; i < N; i++) cases[i] = (kiln_switch_case){(int64_t)i << 32 | i % 7, b};
    if (twice) cases[N - 1].value = cases[5].value;
    kiln_build_switch(f, I64, kiln_func_param(f, 0), b, cases, N);
    kiln_block_switch(f, b);
    assert_int_equal(finish_ret(f), KILN_OK);
    assert_int_equal(kiln_func_verify(f), twice ? KILN_ERR_STRUCTURE : KILN_OK);
  }
  free(cases);
}

/* ---- signatures ---- */

/* Which calls agree with a declaration, as kiln_sig_is_compatible says. */
static const struct {
  const char *call, *function;
  bool can;
} pairs[] = {
  {"(i64) -> i64", "(i64) -> i64", true},
  {"(i64) -> i64 nounwind noreturn", "(i64) -> i64", true},
  {"(i64)", "(i64) -> i64", true},
  {"(i64) -> i64", "(i64)", false},
  {"(i64) -> i64", "(i64) -> i64, i64", true},
  {"(i64) -> i64", "(i64) -> i64, f80", false},
  /* results beyond rcx are on the stack */
  {"(i64) -> i64", "(i64) -> i64, i64, i64, i64", false},
  {"(i64) -> i64, i64, i64, i64", "(i64) -> i64, i64, i64, i64", true},
  {"(i64) -> i32", "(i64) -> i64", true},
  {"(i64) -> i64", "(i64) -> i32", false},
  {"(i64) -> f64", "(i64) -> i64", false},
  {"(i64)", "(i8)", true},
  {"(i8)", "(i64)", false},
  {"(i128)", "(i64)", false},
  {"(i64)", "(f64)", false},
  {"(f64)", "(f32)", false},
  {"(i64, i64)", "(i64)", false},
  {"()", "(i64)", false},
  {"(i8 sext)", "(i8)", true},
  {"(i8)", "(i8 sext)", false},
  {"(i8 zext)", "(i8 sext)", false},
  {"(i32 sext64)", "(i32 zext64)", false},
  {"(i64 sret)", "(i64)", false},
  {"(i64)", "(i64 sret)", false},
  {"(i64 byval(24, 8))", "(i64 byval(24, 8))", true},
  {"(i64 byval(24, 4))", "(i64 byval(24, 8))", true},
  {"(i64 byval(24, 16))", "(i64 byval(24, 8))", false},
  {"(i64 byval(24, 8))", "(i64 byval(32, 8))", false},
  {"(i64 byval(24, 8))", "(i64)", false},
  {"(i64 join, i64)", "(i64 join, i64)", true},
  {"(i64 join, i64)", "(i64, i64)", false},
  {"(i64 chain, i64)", "(i64)", true},
  {"(i64)", "(i64, i64 chain)", true},
  {"(i64, i64 chain)", "(i64 chain, i64)", true},
  {"(i64 chain)", "(i64)", false},
  {"(i64, ...)", "(i64, ...)", true},
  {"(i64, f64, ...)", "(i64, ...)", true},
  {"(...)", "(i64, ...)", false},
  {"(i64, ...)", "(i64)", false},
  {"(i64)", "(i64, ...)", false},
  {"(i64) preserve_most", "(i64)", false},
};

static void test_agreeing(void **state) {
  struct fixture *t = *state;
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    kiln_sig call = kiln_sig_parse(t->m, pairs[i].call);
    kiln_sig function = kiln_sig_parse(t->m, pairs[i].function);
    assert_true(call.id != 0 && function.id != 0);
    if (kiln_sig_is_compatible(t->m, call, function) != pairs[i].can)
      fail_msg("a call by %s of a function %s", pairs[i].call, pairs[i].function);
  }
  const kiln_sig none = {0}, some = kiln_sig_parse(t->m, "()");
  assert_false(kiln_sig_is_compatible(t->m, none, some));
  assert_false(kiln_sig_is_compatible(t->m, some, (kiln_sig){999}));
  assert_false(kiln_sig_is_compatible(NULL, some, some));
}

/* Another signature in a second declaration is an error of modules that are verified. */
CASE(test_declarations) {
  for (int verified = 0; verified < 2; verified++) {
    kiln_module *m = kiln_module_new(&(kiln_module_options){.verify = verified != 0});
    const kiln_symbol_desc d = {.name = "f"};
    kiln_symbol f = kiln_func_declare(m, &d, kiln_sig_parse(m, "(i64) -> i64"));
    assert_int_equal(kiln_func_declare(m, &d, kiln_sig_parse(m, "(i64) -> i64 nounwind")).id, f.id);
    assert_int_equal(kiln_module_status(m), KILN_OK);
    kiln_symbol g = kiln_func_declare(m, &d, kiln_sig_parse(m, "(i64)"));
    assert_int_equal(g.id, verified ? 0 : f.id);
    assert_int_equal(kiln_module_status(m), verified ? KILN_ERR_SYMBOL : KILN_OK);
    if (verified)
      assert_string_equal(kiln_module_diag(m)->message,
                          "symbol 'f' is declared with another signature already");
    kiln_module_free(m);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(test_pokes),       TEST(test_unfinished), TEST(test_dominance),
    TEST(test_unreachable), TEST(test_graphs),     TEST(test_growth),
    TEST(test_cases),       TEST(test_agreeing),   TEST(test_declarations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
