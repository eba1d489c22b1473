/* Functions for the tests of kilnjit that SQL does not offer. */
#include "postgres.h"

#include "executor/execExpr.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "jit/jit.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#if PG_VERSION_NUM >= 180000
#define DONE EEOP_DONE_RETURN
#define CASE_TESTVAL EEOP_CASE_TESTVAL_EXT
#else
#define DONE EEOP_DONE
#define CASE_TESTVAL EEOP_CASE_TESTVAL
#endif

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(dirty);
PG_FUNCTION_INFO_V1(cancel_next);
PG_FUNCTION_INFO_V1(some_ways);

/* dirty(anyelement, int8): the first argument, with the bits of the second one above those that its type has. A bool
 * that is false stays as it is, since DatumGetBool takes any bit for true. */
Datum dirty(PG_FUNCTION_ARGS) {
  int16 length;
  bool byval;
  char align;
  Datum value = PG_GETARG_DATUM(0);
  uint64 bits;

  get_typlenbyvalalign(get_fn_expr_rettype(fcinfo->flinfo), &length, &byval, &align);
  if (!byval || length >= 8 || (length == 1 && value == 0)) return value;
  bits = (uint64)8 * (uint64)length;
  return (value & ((UINT64CONST(1) << bits) - 1)) | ((uint64)PG_GETARG_INT64(1) << bits);
}

/* cancel_next(): a set of one number, 1. As soon as it has it, the query is cancelled where that is next looked for. */
Datum cancel_next(PG_FUNCTION_ARGS) {
  Datum one = Int32GetDatum(1);
  bool null = false;
  ReturnSetInfo *set = (ReturnSetInfo *)fcinfo->resultinfo;

  InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
  tuplestore_putvalues(set->setResult, set->setDesc, &one, &null);
  InterruptPending = QueryCancelPending = true;
  return (Datum)0;
}

static ExprEvalStep *add_step(ExprState *state, ExprEvalOp opcode, Datum *value, bool *null) {
  ExprEvalStep *step = &state->steps[state->steps_len++];

  step->opcode = (intptr_t)opcode;
  step->resvalue = value;
  step->resnull = null;
  return step;
}

static void add_constant(ExprState *state, Datum constant, Datum *value, bool *null) {
  ExprEvalStep *step = add_step(state, EEOP_CONST, value, null);

  step->d.constval.value = constant;
  step->d.constval.isnull = false;
}

static void add_inc(ExprState *state, FunctionCallInfo fcinfo) {
  ExprEvalStep *step = add_step(state, EEOP_FUNCEXPR_STRICT, &state->resvalue, &state->resnull);

  step->d.func.finfo = fcinfo->flinfo;
  step->d.func.fcinfo_data = fcinfo;
  step->d.func.fn_addr = fcinfo->flinfo->fn_addr;
  step->d.func.nargs = 1;
}

/* some_ways(kind text, decide bool): what an expression gives the second time that it runs, whose steps read the
 * argument of int4inc where they need not have written it, which PostgreSQL's own expressions do not do. Before it runs
 * the argument is 41. "branch": 5 is written to it if `decide`, then it is read. "later": it is read, then 5 is
 * written. */
Datum some_ways(PG_FUNCTION_ARGS) {
  bool branch = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(0)), "branch") == 0, null;
  FunctionCallInfo call = palloc0(SizeForFunctionCallInfo(1));
  EState *estate = CreateExecutorState();
  ExprContext *econtext = CreateExprContext(estate);
  MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
  ExprState *state = makeNode(ExprState);
  PlanState *parent = palloc0(sizeof(PlanState));
  Datum result;

  InitFunctionCallInfoData(*call, palloc0(sizeof(FmgrInfo)), 1, InvalidOid, NULL, NULL);
  fmgr_info(F_INT4INC, call->flinfo);
  call->args[0].value = Int32GetDatum(41);
  parent->state = estate;
  if (jit_enabled) estate->es_jit_flags = PGJIT_PERFORM | PGJIT_EXPR;
  state->parent = parent;
  state->steps = palloc0(sizeof(ExprEvalStep) * 8);
  state->steps_alloc = 8;
  if (branch) {
    econtext->caseValue_datum = PG_GETARG_DATUM(1);
    econtext->caseValue_isNull = false;
    add_step(state, CASE_TESTVAL, &state->resvalue, &state->resnull);
    add_step(state, EEOP_JUMP_IF_NOT_TRUE, &state->resvalue, &state->resnull)->d.jump.jumpdone = 3;
    add_constant(state, Int32GetDatum(5), &call->args[0].value, &call->args[0].isnull);
    add_inc(state, call);
  } else {
    add_inc(state, call);
    add_constant(state, Int32GetDatum(5), &call->args[0].value, &call->args[0].isnull);
  }
  add_step(state, DONE, &state->resvalue, &state->resnull);
  if (!jit_compile_expr(state)) ExecReadyInterpretedExpr(state);
  (void)ExecEvalExpr(state, econtext, &null);
  result = ExecEvalExpr(state, econtext, &null);
  MemoryContextSwitchTo(old);
  FreeExecutorState(estate);
  PG_RETURN_DATUM(result);
}
