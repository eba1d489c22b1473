/* Aggregates: an expression that advances all transition states of an Agg node by one row. */
#include "kilnjit.h"

#include "executor/nodeAgg.h"
#include "nodes/execnodes.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/palloc.h"

/* Runs a call in the memory context of the current row. */
static kj_value call_in_row_context(kj_expr *e, FunctionCallInfo fcinfo) {
  AggState *aggstate = castNode(AggState, e->state->parent);
  kiln_value old = kj_load(e, KILN_TYPE_I64, &CurrentMemoryContext);
  kj_value v;

  kj_store(e, KILN_TYPE_I64, &CurrentMemoryContext,
           kj_address(e, aggstate->tmpcontext->ecxt_per_tuple_memory));
  v = kj_call(e, fcinfo, fcinfo->flinfo->fn_addr);
  kj_store(e, KILN_TYPE_I64, &CurrentMemoryContext, old);
  return v;
}

void kj_emit_agg_deserialize(kj_expr *e, int i, ExprEvalStep *op) {
  kj_value arg = kj_read_cell(e, e->steps[i].args);

  if (op->opcode == EEOP_AGG_STRICT_DESERIALIZE && arg.n_nulls != 0)
    kj_jump_if(e, kj_null(e, &arg), true, op->d.agg_deserialize.jumpnull);
  kj_flush_args(e, i, 0);
  kj_write_result(e, i, call_in_row_context(e, op->d.agg_deserialize.fcinfo_data));
}

void kj_emit_agg_check_args(kj_expr *e, int i, ExprEvalStep *op) {
  NullableDatum *args = op->d.agg_strict_input_check.args;

  for (int k = 0; k < op->d.agg_strict_input_check.nargs; k++) {
    int cell = kj_find_cell(e, &args[k].value, &args[k].isnull);
    kj_value v = kj_read(e, &args[k].value, &args[k].isnull);

    if (v.n_nulls != 0) kj_jump_if(e, kj_null(e, &v), true, op->d.agg_strict_input_check.jumpnull);
    if (cell < 0 || !e->cells[cell].defined || v.n_nulls == 0) continue;
    kj_not_null(&v); /* from here on */
    kj_set_cell(e, cell, v);
  }
}

bool kj_checks_result(const kj_expr *e, const ExprEvalStep *op) {
  return op->opcode == EEOP_AGG_STRICT_INPUT_CHECK_NULLS &&
         op->d.agg_strict_input_check.nulls == &e->state->resnull;
}

/* Of an aggregate that is sorted: the flags are of a slot, or that of the only argument, which is the result. */
void kj_emit_agg_check_nulls(kj_expr *e, int i, ExprEvalStep *op) {
  int target = op->d.agg_strict_input_check.jumpnull;

  if (kj_checks_result(e, op)) {
    kj_value v = kj_read_cell(e, 0);

    if (v.n_nulls != 0) kj_jump_if(e, kj_null(e, &v), true, target);
    return;
  }
  for (int k = 0; k < op->d.agg_strict_input_check.nargs; k++)
    kj_jump_if(e, kj_load(e, KILN_TYPE_I8, &op->d.agg_strict_input_check.nulls[k]), true, target);
}

#if PG_VERSION_NUM >= 160000
void kj_emit_agg_distinct(kj_expr *e, int i, ExprEvalStep *op) {
  AggStatePerTrans pertrans = op->d.agg_presorted_distinctcheck.pertrans;
  FunctionCallInfo fcinfo = pertrans->transfn_fcinfo;
  kiln_value args[2] = {kj_address(e, castNode(AggState, e->state->parent)),
                        kj_address(e, pertrans)},
             r;

  for (int k = 1; k < fcinfo->nargs; k++)
    kj_flush_cell(e, kj_find_cell(e, &fcinfo->args[k].value, &fcinfo->args[k].isnull));
  r = kiln_build_call(e->f, kj_sig(e->batch, KJ_SIG_I8_2),
                      kj_address(e, kj_step_kinds[op->opcode].helper), args, 2);
  kj_jump_if(e, r, false, op->d.agg_presorted_distinctcheck.jumpdistinct);
}
#endif

/* The states of all aggregates of a grouping set, for the current group. */
static kiln_value load_pergroups(kj_expr *e, int setoff) {
  AggState *aggstate = castNode(AggState, e->state->parent);
  kiln_value all = kj_load(e, KILN_TYPE_I64, &aggstate->all_pergroups);

  return kiln_build_load(e->f, KILN_TYPE_I64, all, setoff * (int)sizeof(AggStatePerGroup), 0);
}

void kj_emit_agg_pergroup(kj_expr *e, int i, ExprEvalStep *op) {
  kiln_value all = load_pergroups(e, op->d.agg_plain_pergroup_nullcheck.setoff);

  kj_jump_if(e, kiln_build_icmp(e->f, KILN_ICOND_EQ, KILN_TYPE_I64, all, kiln_const_int(e->f, 0)),
             true, op->d.agg_plain_pergroup_nullcheck.jumpnull);
}

/* A state while its transition is built. */
typedef struct state {
  kiln_value group; /**< the array of states that it is in */
  int32 at;         /**< where it is in that, in bytes */
} state;

static kiln_value load_state(kj_expr *e, const state *s, kiln_type type, Size member) {
  return kiln_build_load(e->f, type, s->group, s->at + (int32)member, 0);
}

static void store_state(kj_expr *e, const state *s, kiln_type type, Size member, kiln_value v) {
  kiln_build_store(e->f, type, s->group, s->at + (int32)member, v, 0);
}

#define VALUE offsetof(AggStatePerGroupData, transValue)
#define ISNULL offsetof(AggStatePerGroupData, transValueIsNull)
#define NONE offsetof(AggStatePerGroupData, noTransValue)

/* Runs the transition function as the interpreter does. */
static void call_transition(kj_expr *e, int i, ExprEvalStep *op, const state *s, bool byval) {
  AggState *aggstate = castNode(AggState, e->state->parent);
  AggStatePerTrans pertrans = op->d.agg_trans.pertrans;
  FunctionCallInfo fcinfo = pertrans->transfn_fcinfo;
  kiln_value old = load_state(e, s, KILN_TYPE_I64, VALUE),
             old_null = load_state(e, s, KILN_TYPE_I8, ISNULL), context;
  kj_value v;

  kj_store(e, KILN_TYPE_I64, &aggstate->curaggcontext, kj_address(e, op->d.agg_trans.aggcontext));
  kj_store(e, KILN_TYPE_I32, &aggstate->current_set, kiln_const_int(e->f, op->d.agg_trans.setno));
  kj_store(e, KILN_TYPE_I64, &aggstate->curpertrans, kj_address(e, pertrans));
  kj_flush_args(e, i, 0);
  kj_store(e, KILN_TYPE_I64, &fcinfo->args[0].value, old);
  kj_store(e, KILN_TYPE_I8, &fcinfo->args[0].isnull, old_null);
  context = kj_load(e, KILN_TYPE_I64, &CurrentMemoryContext);
  kj_store(e, KILN_TYPE_I64, &CurrentMemoryContext,
           kj_address(e, aggstate->tmpcontext->ecxt_per_tuple_memory));
  v = kj_call(e, fcinfo, fcinfo->flinfo->fn_addr);
  if (
    !byval) { /* another object: it is copied to where the state lives, and the old one is freed */
    kiln_block changed = kiln_block_new(e->f), on = kiln_block_new(e->f);
    kiln_value param = kiln_block_add_param(e->f, on, KILN_TYPE_I64);
    kiln_value prior = load_state(e, s, KILN_TYPE_I64, VALUE),
               prior_null = load_state(e, s, KILN_TYPE_I8, ISNULL);
    kiln_value args[6] = {
      kj_address(e, aggstate), kj_address(e, pertrans), v.a, v.nulls[0], prior, prior_null};
    kiln_value same = kiln_build_icmp(e->f, KILN_ICOND_EQ, KILN_TYPE_I64, v.a, prior), r;

    kiln_build_brif(e->f, same, on, &v.a, 1, changed, NULL, 0);
    kiln_block_switch(e->f, changed);
    r = kiln_build_call(e->f, kj_sig(e->batch, KJ_SIG_REPARENT),
                        kj_address(e, (void *)ExecAggCopyTransValue), args, 6);
    kiln_build_br(e->f, on, &r, 1);
    kiln_block_switch(e->f, on);
    v.a = param;
  }
  store_state(e, s, KILN_TYPE_I64, VALUE, v.a);
  store_state(e, s, KILN_TYPE_I8, ISNULL, v.nulls[0]);
  kj_store(e, KILN_TYPE_I64, &CurrentMemoryContext, context);
}

/* A strict transition whose function is an operator: of a state and of an argument that are not null. */
static bool strict_operator(kj_expr *e, int i, ExprEvalStep *op, const state *s) {
  FunctionCallInfo fcinfo = op->d.agg_trans.pertrans->transfn_fcinfo;
  const kj_operator *native = kj_find_operator(fcinfo->flinfo->fn_addr, fcinfo);
  kj_value args[2] = {{0}}, r;

  if (native == NULL || !fcinfo->flinfo->fn_strict ||
      kj_operator_args(native) != e->steps[i].n_args + 1)
    return false;
  if (e->steps[i].n_args == 1) args[1] = kj_read_cell(e, e->steps[i].args);
  if (args[1].n_nulls != 0) return false;
  args[0] = kj_make(KJ_DATUM, load_state(e, s, KILN_TYPE_I64, VALUE));
  r = kj_emit_operator(e, native, fcinfo, args);
  store_state(e, s, KILN_TYPE_I64, VALUE, kj_as_datum(e, &r));
  return true;
}

/* sum(int2), sum(int4): a state of int8, which is null before the first value. */
static bool sum_int(kj_expr *e, int i, ExprEvalStep *op, const state *s) {
  PGFunction fn = op->d.agg_trans.pertrans->transfn_fcinfo->flinfo->fn_addr;
  kiln_type type = fn == int4_sum ? KILN_TYPE_I32 : KILN_TYPE_I16;
  kiln_value zero = kiln_const_int(e->f, 0), old, sum, null;
  kiln_block add, on;
  kj_value v;

  if ((fn != int4_sum && fn != int2_sum) || e->steps[i].n_args != 1) return false;
  v = kj_read_cell(e, e->steps[i].args);
  if (v.n_nulls == KJ_ALWAYS_NULL) return true;
  on = kiln_block_new(e->f);
  if (v.n_nulls != 0) {
    add = kiln_block_new(e->f);
    kiln_build_brif(e->f, kj_null(e, &v), on, NULL, 0, add, NULL, 0);
    kiln_block_switch(e->f, add);
  }
  sum = kiln_build_convert(e->f, KILN_OP_SEXT, KILN_TYPE_I64, type, kj_as_type(e, &v, type));
  old = load_state(e, s, KILN_TYPE_I64, VALUE);
  null = load_state(e, s, KILN_TYPE_I8, ISNULL);
  old = kiln_build_select(e->f, KILN_TYPE_I64, null, zero, old);
  store_state(e, s, KILN_TYPE_I64, VALUE,
              kiln_build_binary(e->f, KILN_OP_ADD, KILN_TYPE_I64, old, sum));
  store_state(e, s, KILN_TYPE_I8, ISNULL, zero);
  kiln_build_br(e->f, on, NULL, 0);
  kiln_block_switch(e->f, on);
  return true;
}

/* avg(int2), avg(int4): a state of two int8, number and sum, in an array that is changed in place. */
static bool avg_int(kj_expr *e, int i, ExprEvalStep *op, const state *s) {
  enum {
    N_AT = ARR_OVERHEAD_NONULLS(1),
    SUM_AT = ARR_OVERHEAD_NONULLS(1) + 8,
    SIZE = ARR_OVERHEAD_NONULLS(1) + 16
  };
  PGFunction fn = op->d.agg_trans.pertrans->transfn_fcinfo->flinfo->fn_addr;
  kiln_type type = fn == int4_avg_accum ? KILN_TYPE_I32 : KILN_TYPE_I16;
  kiln_value array, header, n, sum, one = kiln_const_int(e->f, 1);
  kiln_block quick, other, on;
  char image[VARHDRSZ];
  int32 expected;
  kj_value v;

  if ((fn != int4_avg_accum && fn != int2_avg_accum) || e->steps[i].n_args != 1) return false;
  v = kj_read_cell(e, e->steps[i].args);
  if (v.n_nulls != 0) return false;
  SET_VARSIZE(image, SIZE);
  memcpy(&expected, image, sizeof(expected));
  quick = kiln_block_new(e->f);
  other = kiln_block_new(e->f);
  on = kiln_block_new(e->f);
  array = load_state(e, s, KILN_TYPE_I64, VALUE);
  header = kiln_build_load(e->f, KILN_TYPE_I32, array, 0, 0);
  {
    kiln_value offset =
      kiln_build_load(e->f, KILN_TYPE_I32, array, offsetof(ArrayType, dataoffset), 0);
    kiln_value differs =
      kiln_build_binary(e->f, KILN_OP_XOR, KILN_TYPE_I32, header, kiln_const_int(e->f, expected));

    differs = kiln_build_binary(e->f, KILN_OP_OR, KILN_TYPE_I32, differs, offset);
    kiln_build_brif(
      e->f, kiln_build_icmp(e->f, KILN_ICOND_EQ, KILN_TYPE_I32, differs, kiln_const_int(e->f, 0)),
      quick, NULL, 0, other, NULL, 0);
  }
  kiln_block_switch(e->f, quick);
  n = kiln_build_load(e->f, KILN_TYPE_I64, array, N_AT, 0);
  kiln_build_store(e->f, KILN_TYPE_I64, array, N_AT,
                   kiln_build_binary(e->f, KILN_OP_ADD, KILN_TYPE_I64, n, one), 0);
  n = kiln_build_convert(e->f, KILN_OP_SEXT, KILN_TYPE_I64, type, kj_as_type(e, &v, type));
  sum = kiln_build_load(e->f, KILN_TYPE_I64, array, SUM_AT, 0);
  kiln_build_store(e->f, KILN_TYPE_I64, array, SUM_AT,
                   kiln_build_binary(e->f, KILN_OP_ADD, KILN_TYPE_I64, sum, n), 0);
  kiln_build_br(e->f, on, NULL, 0);
  kiln_block_switch(e->f, other);
  call_transition(e, i, op, s, false);
  kiln_build_br(e->f, on, NULL, 0);
  kiln_block_switch(e->f, on);
  return true;
}

static void init_group(kj_expr *e, int i, ExprEvalStep *op, const state *s, kiln_block on) {
  AggState *aggstate = castNode(AggState, e->state->parent);
  kiln_block init = kiln_block_new(e->f), has = kiln_block_new(e->f);
  kiln_value args[4] = {kj_address(e, aggstate), kj_address(e, op->d.agg_trans.pertrans),
                        kiln_build_addr(e->f, s->group, (kiln_value){0}, 0, s->at),
                        kj_address(e, op->d.agg_trans.aggcontext)};

  kiln_build_brif(e->f, load_state(e, s, KILN_TYPE_I8, NONE), init, NULL, 0, has, NULL, 0);
  kiln_block_switch(e->f, init);
  kj_flush_args(e, i, 0);
  kiln_build_call(e->f, kj_sig(e->batch, KJ_SIG_VOID_4), kj_address(e, (void *)ExecAggInitGroup),
                  args, 4);
  kiln_build_br(e->f, on, NULL, 0);
  kiln_block_switch(e->f, has);
}

void kj_emit_agg_trans(kj_expr *e, int i, ExprEvalStep *op) {
  bool byval = op->opcode <= EEOP_AGG_PLAIN_TRANS_BYVAL;
  bool strict =
    op->opcode != EEOP_AGG_PLAIN_TRANS_BYVAL && op->opcode != EEOP_AGG_PLAIN_TRANS_BYREF;
  bool init = op->opcode == EEOP_AGG_PLAIN_TRANS_INIT_STRICT_BYVAL ||
              op->opcode == EEOP_AGG_PLAIN_TRANS_INIT_STRICT_BYREF;
  kiln_block on = kiln_block_new(e->f);
  state s = {load_pergroups(e, op->d.agg_trans.setoff),
             op->d.agg_trans.transno * (int32)sizeof(AggStatePerGroupData)};

  if (init) init_group(e, i, op, &s, on);
  if (strict) {
    kiln_block has = kiln_block_new(e->f);

    kiln_build_brif(e->f, load_state(e, &s, KILN_TYPE_I8, ISNULL), on, NULL, 0, has, NULL, 0);
    kiln_block_switch(e->f, has);
  }
  if (byval && strict ? !strict_operator(e, i, op, &s)
      : byval         ? !sum_int(e, i, op, &s)
                      : !avg_int(e, i, op, &s))
    call_transition(e, i, op, &s, byval);
  kiln_build_br(e->f, on, NULL, 0);
  kiln_block_switch(e->f, on);
}
