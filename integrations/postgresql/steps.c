/* The kinds of steps: one table of what each reads, writes and may jump to, and who makes its code.
 *
 * Steps whose work is a function of PostgreSQL's interpreter (ExecEval...) call that: instructions would gain
 * nothing. */
#include "kilnjit.h"

#include "catalog/pg_type_d.h"
#include "executor/nodeAgg.h"
#include "nodes/execnodes.h"
#include "utils/expandeddatum.h"

int kj_slot_of(ExprEvalOp opcode, ExprEvalOp inner) { return (int)opcode - (int)inner; }

FunctionCallInfo kj_step_fcinfo(const ExprEvalStep *op) {
  uint16 offset = kj_step_kinds[op->opcode].fcinfo;

  if (op->opcode >= EEOP_AGG_PLAIN_TRANS_INIT_STRICT_BYVAL &&
      op->opcode <= EEOP_AGG_PLAIN_TRANS_BYREF)
    return op->d.agg_trans.pertrans->transfn_fcinfo;
  return offset == 0 ? NULL : *(const FunctionCallInfo *)((const char *)op + offset);
}

bool kj_step_source(const ExprEvalStep *op, Datum **value, bool **isnull) {
  switch ((ExprEvalOp)op->opcode) {
  case EEOP_CASE_TESTVAL:
  case EEOP_DOMAIN_TESTVAL:
    *value = op->d.casetest.value;
    *isnull = op->d.casetest.isnull;
    return *value != NULL;
  case EEOP_MAKE_READONLY:
    *value = op->d.make_readonly.value;
    *isnull = op->d.make_readonly.isnull;
    return true;
  default: return false;
  }
}

/* ---- helpers ---- */

static void call_helper(kj_expr *e, int i, ExprEvalStep *op, void *function, int sig,
                        kiln_value *result) {
  kiln_value args[3] = {e->v_state, kj_address(e, op), e->v_econtext};
  kiln_value r;

  r = kiln_build_call(e->f, kj_sig(e->batch, sig), kj_address(e, function), args, 3);
  if (result != NULL) *result = r;
}

void kj_emit_helper(kj_expr *e, int i, ExprEvalStep *op) {
  const kj_step_kind *kind = &kj_step_kinds[op->opcode];

  if (kind->access & KJ_READS) kj_flush_result(e, i);
  if (kind->fcinfo != 0) kj_flush_args(e, i, 0);
  call_helper(e, i, op, kind->helper, KJ_SIG_VOID_3, NULL);
  if (kind->access & KJ_WRITES) kj_reload_result(e, i);
}

/* The function is the step's own: of PL/pgSQL's variables, or of a type that has subscripts. */
static void emit_own(kj_expr *e, int i, ExprEvalStep *op) {
  bool param = op->opcode == EEOP_PARAM_CALLBACK;

  if (!param) kj_flush_result(e, i);
  call_helper(e, i, op, param ? (void *)op->d.cparam.paramfunc : (void *)op->d.sbsref.subscriptfunc,
              KJ_SIG_VOID_3, NULL);
  kj_reload_result(e, i);
}

static void emit_subscripts(kj_expr *e, int i, ExprEvalStep *op) {
  kiln_value ok;

  kj_flush_result(e, i);
  call_helper(e, i, op, (void *)op->d.sbsref_subscript.subscriptfunc, KJ_SIG_I8_3, &ok);
  kj_reload_result(e, i);
  if (e->steps[i].cell >= 0) {
    kj_value v = kj_read_result(e, i);

    kj_settle(e, &v, e->cells[e->steps[i].cell].boolean);
    kj_set_cell(e, e->steps[i].cell, v);
  }
  kj_jump_if(e, ok, false, op->d.sbsref_subscript.jumpdone);
}

static void emit_sysvar(kj_expr *e, int i, ExprEvalStep *op) {
  kiln_value args[4] = {e->v_state, kj_address(e, op), e->v_econtext,
                        e->slots[kj_slot_of(op->opcode, EEOP_INNER_SYSVAR)].slot};

  kiln_build_call(e->f, kj_sig(e->batch, KJ_SIG_VOID_4), kj_address(e, (void *)ExecEvalSysVar),
                  args, 4);
  kj_reload_result(e, i);
}

/* ---- columns ---- */

static void emit_fetch(kj_expr *e, int i, ExprEvalStep *op) {
  kiln_value slot = e->slots[kj_slot_of(op->opcode, EEOP_INNER_FETCHSOME)].slot;
  kiln_value last = kiln_const_int(e->f, op->d.fetch.last_var);
  kiln_block fetch = kiln_block_new(e->f), on = kiln_block_new(e->f);
  kiln_value valid, enough, args[2] = {slot, last};
  kiln_symbol deform = {0};

  if (op->d.fetch.fixed && op->d.fetch.known_desc != NULL && e->batch->flags & PGJIT_DEFORM)
    deform =
      kj_deform_function(e->batch, op->d.fetch.known_desc, op->d.fetch.kind, op->d.fetch.last_var);
  valid = kiln_build_load(e->f, KILN_TYPE_I16, slot, offsetof(TupleTableSlot, tts_nvalid), 0);
  enough = kiln_build_icmp(e->f, KILN_ICOND_SGE, KILN_TYPE_I16, valid, last);
  kiln_build_brif(e->f, enough, on, NULL, 0, fetch, NULL, 0);
  kiln_block_switch(e->f, fetch);
  if (deform.id != 0)
    kiln_build_call(e->f, kj_sig(e->batch, KJ_SIG_VOID_1), kiln_const_symbol(e->f, deform, 0), args,
                    1);
  else
    kiln_build_call(e->f, kj_sig(e->batch, KJ_SIG_VOID_2),
                    kj_address(e, (void *)slot_getsomeattrs_int), args, 2);
  kiln_build_br(e->f, on, NULL, 0);
  kiln_block_switch(e->f, on);
}

static kj_value load_column(kj_expr *e, kiln_value values, kiln_value nulls, int number) {
  kj_value v =
    kj_make(KJ_DATUM, kiln_build_load(e->f, KILN_TYPE_I64, values, number * (int)sizeof(Datum), 0));

  v.nulls[0] = kiln_build_load(e->f, KILN_TYPE_I8, nulls, number, 0);
  v.n_nulls = 1;
  return v;
}

static void emit_var(kj_expr *e, int i, ExprEvalStep *op) {
  int slot = kj_slot_of(op->opcode, EEOP_INNER_VAR);

  kj_write_result(e, i,
                  load_column(e, e->slots[slot].values, e->slots[slot].nulls, op->d.var.attnum));
}

static void emit_aggref(kj_expr *e, int i, ExprEvalStep *op) {
  kj_write_result(e, i, load_column(e, e->agg_values, e->agg_nulls, op->d.aggref.aggno));
}

static void emit_window_func(kj_expr *e, int i, ExprEvalStep *op) {
  /* Its number is not known before the window's state is complete. */
  kiln_value number =
    kiln_build_convert(e->f, KILN_OP_SEXT, KILN_TYPE_I64, KILN_TYPE_I32,
                       kj_load(e, KILN_TYPE_I32, &op->d.window_func.wfstate->wfuncno));
  kiln_value values = kiln_build_addr(e->f, e->agg_values, number, sizeof(Datum), 0);
  kiln_value nulls = kiln_build_addr(e->f, e->agg_nulls, number, 1, 0);

  kj_write_result(e, i, load_column(e, values, nulls, 0));
}

static void assign(kj_expr *e, int number, const kj_value *v) {
  kiln_build_store(e->f, KILN_TYPE_I64, e->result_values, number * (int)sizeof(Datum),
                   kj_as_datum(e, v), 0);
  kiln_build_store(e->f, KILN_TYPE_I8, e->result_nulls, number, kj_null(e, v), 0);
}

static void emit_assign_var(kj_expr *e, int i, ExprEvalStep *op) {
  int slot = kj_slot_of(op->opcode, EEOP_ASSIGN_INNER_VAR);
  kj_value v = load_column(e, e->slots[slot].values, e->slots[slot].nulls, op->d.assign_var.attnum);

  assign(e, op->d.assign_var.resultnum, &v);
}

/* The value, or where it is not null a read-only pointer to the expanded object that it may be: then its first byte,
 * which is that of a variable length, is 1. */
static kj_value make_read_only(kj_expr *e, kj_value v) {
  kiln_value args[1], none = kiln_const_int(e->f, 0), first;
  kiln_block look, call, on;
  kiln_sig sig = kj_sig(e->batch, KJ_SIG_I64_1);

  kj_settle(e, &v, false);
  if (v.n_nulls == KJ_ALWAYS_NULL) return v;
  look = kiln_block_new(e->f);
  call = kiln_block_new(e->f);
  on = kiln_block_new(e->f);
  args[0] = kj_as_datum(e, &v);
  v = (kj_value){.form = KJ_DATUM,
                 .n_nulls = v.n_nulls,
                 .nulls = {v.nulls[0]},
                 .a = kiln_block_add_param(e->f, on, KILN_TYPE_I64)};
  kiln_build_brif(e->f, kj_null(e, &v), on, &none, 1, look, NULL, 0);
  kiln_block_switch(e->f, look);
  first = kiln_build_load(e->f, KILN_TYPE_I8, args[0], 0, 0);
  first = kiln_build_icmp(e->f, KILN_ICOND_EQ, KILN_TYPE_I8, first, kiln_const_int(e->f, 1));
  kiln_build_brif(e->f, first, call, NULL, 0, on, args, 1);
  kiln_block_switch(e->f, call);
  args[0] =
    kiln_build_call(e->f, sig, kj_address(e, (void *)MakeExpandedObjectReadOnlyInternal), args, 1);
  kiln_build_br(e->f, on, args, 1);
  kiln_block_switch(e->f, on);
  return v;
}

static void emit_assign_tmp(kj_expr *e, int i, ExprEvalStep *op) {
  kj_value v = kj_read_cell(e, 0);

  if (op->opcode == EEOP_ASSIGN_TMP_MAKE_RO) v = make_read_only(e, v);
  assign(e, op->d.assign_tmp.resultnum, &v);
}

static void emit_make_read_only(kj_expr *e, int i, ExprEvalStep *op) {
  kj_write_result(
    e, i, make_read_only(e, kj_read(e, op->d.make_readonly.value, op->d.make_readonly.isnull)));
}

static void emit_const(kj_expr *e, int i, ExprEvalStep *op) {
  kj_value v = kj_const(op->d.constval.value);

  if (op->d.constval.isnull) v.n_nulls = KJ_ALWAYS_NULL;
  kj_write_result(e, i, v);
}

static void emit_testval(kj_expr *e, int i, ExprEvalStep *op) {
  bool domain = kj_is_domain_test(op->opcode);
  int value =
    domain ? offsetof(ExprContext, domainValue_datum) : offsetof(ExprContext, caseValue_datum);
  int null =
    domain ? offsetof(ExprContext, domainValue_isNull) : offsetof(ExprContext, caseValue_isNull);
  kj_value v;

  if (!kj_is_external_test(op->opcode) && op->d.casetest.value != NULL) {
    kj_write_result(e, i, kj_read(e, op->d.casetest.value, op->d.casetest.isnull));
    return;
  }
  v = kj_make(KJ_DATUM, kiln_build_load(e->f, KILN_TYPE_I64, e->v_econtext, value, 0));
  v.nulls[0] = kiln_build_load(e->f, KILN_TYPE_I8, e->v_econtext, null, 0);
  v.n_nulls = 1;
  kj_write_result(e, i, v);
}

/* ---- truth values and control flow ---- */

static kiln_value binary8(kj_expr *e, kiln_op op, kiln_value a, kiln_value b) {
  return kiln_build_binary(e->f, op, KILN_TYPE_I8, a, b);
}

static kiln_value not8(kj_expr *e, kiln_value a) {
  return binary8(e, KILN_OP_XOR, a, kiln_const_int(e->f, 1));
}

static kj_value negate(kj_expr *e, const kj_value *v) {
  kj_value r = *v;

  if (v->form == KJ_CONST) r.constant = v->constant == 0;
  else if (v->form == KJ_ICMP || v->form == KJ_FCMP) r.cond ^= 1;
  else {
    r.a = not8(e, kj_as_bool(e, v));
    r.form = KJ_BOOL;
  }
  return r;
}

static void emit_done(kj_expr *e, int i, ExprEvalStep *op) {
  kj_value v = kj_read_cell(e, 0);
  kiln_value result = kj_as_datum(e, &v);

  kiln_build_store(e->f, KILN_TYPE_I8, e->v_isnull, 0, kj_null(e, &v), 0);
  kiln_build_ret(e->f, &result, 1);
  e->reachable = false;
}

#if PG_VERSION_NUM >= 180000
/* The place of the null flag may be NULL here. */
static void emit_done_without_result(kj_expr *e, int i, ExprEvalStep *op) {
  kiln_value zero = kiln_const_int(e->f, 0);

  kiln_build_ret(e->f, &zero, 1);
  e->reachable = false;
}
#endif

/* AND and OR: what decides ends them at once, with a value that is known; a null among the others is remembered. */
static void emit_bool_step(kj_expr *e, int i, ExprEvalStep *op) {
  bool is_or = op->opcode >= EEOP_BOOL_OR_STEP_FIRST;
  bool first = op->opcode == EEOP_BOOL_AND_STEP_FIRST || op->opcode == EEOP_BOOL_OR_STEP_FIRST;
  bool last = op->opcode == EEOP_BOOL_AND_STEP_LAST || op->opcode == EEOP_BOOL_OR_STEP_LAST;
  int flag = kj_find_cell(e, NULL, op->d.boolexpr.anynull);
  kj_value v = kj_read_result(e, i), any = first ? kj_const(0) : kj_read_cell(e, flag);
  kiln_value cond, null;

  kj_add_nulls(e, &any, &v);
  kj_settle(e, &any, false);
  kj_set_cell(e, flag, any);
  if (v.n_nulls != KJ_ALWAYS_NULL) {
    null = v.n_nulls == 0 ? (kiln_value){0} : kj_null(e, &v);
    cond = kj_as_bool(e, &v);
    if (v.n_nulls != 0)
      cond =
        is_or ? binary8(e, KILN_OP_AND, cond, not8(e, null)) : binary8(e, KILN_OP_OR, cond, null);
    kj_jump_with(e, cond, is_or, op->d.boolexpr.jumpdone, i, kj_const(is_or));
  }
  if (!last) return;
  v = kj_const(!is_or);
  kj_add_nulls(e, &v, &any);
  kj_write_result(e, i, v);
}

static void emit_not(kj_expr *e, int i, ExprEvalStep *op) {
  kj_value v = kj_read_result(e, i);

  kj_write_result(e, i, negate(e, &v));
}

static void emit_qual(kj_expr *e, int i, ExprEvalStep *op) {
  kj_value v = kj_read_result(e, i), no = kj_const(0);
  int target = op->d.qualexpr.jumpdone;

  if (v.n_nulls != 0) kj_jump_with(e, kj_null(e, &v), true, target, i, no);
  if (v.n_nulls != KJ_ALWAYS_NULL) kj_jump_with(e, kj_as_bool(e, &v), false, target, i, no);
  kj_write_result(e, i, kj_const(1));
}

static void emit_jump(kj_expr *e, int i, ExprEvalStep *op) { kj_jump(e, op->d.jump.jumpdone); }

/* What the result is on the way of a jump is what it was before: all ways give it in one form. */
static kj_value settle_result(kj_expr *e, int i) {
  kj_value v = kj_read_result(e, i);
  int cell = e->steps[i].cell;

  if (cell < 0) return v;
  kj_settle(e, &v, e->cells[cell].boolean);
  kj_set_cell(e, cell, v);
  return v;
}

static void emit_jump_if_null(kj_expr *e, int i, ExprEvalStep *op) {
  bool when = op->opcode == EEOP_JUMP_IF_NULL;
  kj_value v = settle_result(e, i);

  if (v.n_nulls == 0 || v.n_nulls == KJ_ALWAYS_NULL) {
    if ((v.n_nulls != 0) == when) kj_jump(e, op->d.jump.jumpdone);
    return;
  }
  kj_jump_if(e, kj_null(e, &v), when, op->d.jump.jumpdone);
  v.n_nulls = when ? 0 : KJ_ALWAYS_NULL;
  if (e->steps[i].cell >= 0) kj_set_cell(e, e->steps[i].cell, v);
}

static void emit_jump_if_not_true(kj_expr *e, int i, ExprEvalStep *op) {
  int target = op->d.jump.jumpdone;
  kj_value v = kj_read_result(e, i);

  if (e->steps[i].cell >= 0 && kj_is_live(e, e->steps[i].cell, target)) v = settle_result(e, i);
  if (v.n_nulls == KJ_ALWAYS_NULL) {
    kj_jump(e, target);
    return;
  }
  if (v.n_nulls != 0) kj_jump_if(e, kj_null(e, &v), true, target);
  kj_jump_if(e, kj_as_bool(e, &v), false, target);
}

static void emit_nulltest(kj_expr *e, int i, ExprEvalStep *op) {
  kj_value v = kj_read_result(e, i), r;

  if (v.n_nulls == 0 || v.n_nulls == KJ_ALWAYS_NULL) r = kj_const(v.n_nulls != 0);
  else r = kj_make(KJ_BOOL, kj_null(e, &v));
  kj_write_result(e, i, op->opcode == EEOP_NULLTEST_ISNULL ? r : negate(e, &r));
}

static void emit_booltest(kj_expr *e, int i, ExprEvalStep *op) {
  bool negated = op->opcode == EEOP_BOOLTEST_IS_FALSE || op->opcode == EEOP_BOOLTEST_IS_NOT_TRUE;
  bool of_null =
    op->opcode == EEOP_BOOLTEST_IS_NOT_TRUE || op->opcode == EEOP_BOOLTEST_IS_NOT_FALSE;
  kj_value v = kj_read_result(e, i), r = negated ? negate(e, &v) : v;
  kiln_value null;

  if (v.n_nulls == KJ_ALWAYS_NULL) r = kj_const(of_null);
  else if (v.n_nulls != 0) {
    null = kj_null(e, &v);
    r = kj_make(KJ_BOOL, of_null ? binary8(e, KILN_OP_OR, kj_as_bool(e, &r), null)
                                 : binary8(e, KILN_OP_AND, kj_as_bool(e, &r), not8(e, null)));
  }
  kj_not_null(&r);
  kj_write_result(e, i, r);
}

static void emit_rowcompare_final(kj_expr *e, int i, ExprEvalStep *op) {
  kj_value v = kj_read_result(e, i), r = {.form = KJ_ICMP, .type = KILN_TYPE_I32};

  switch (kj_row_comparison(op)) {
  case COMPARE_LT: r.cond = KILN_ICOND_SLT; break;
  case COMPARE_LE: r.cond = KILN_ICOND_SLE; break;
  case COMPARE_GE: r.cond = KILN_ICOND_SGE; break;
  case COMPARE_GT: r.cond = KILN_ICOND_SGT; break;
  default: kiln_func_fail(e->f, KILN_ERR_UNSUPPORTED, "kilnjit: comparison of rows"); return;
  }
  r.a = kj_as_type(e, &v, KILN_TYPE_I32);
  r.b = kiln_const_int(e->f, 0);
  kj_write_result(e, i, r);
}

/* ---- the table ---- */

#define AT(member) ((uint16)offsetof(ExprEvalStep, member))
#define R KJ_READS
#define W KJ_WRITES
#define B KJ_BOOLEAN
#define UNKNOWN(name) {.unknown = #name}
#define HELPER(function) .emit = kj_emit_helper, .helper = (void *)(function)

const kj_step_kind kj_step_kinds[EEOP_LAST] = {
  [EEOP_DONE_RETURN] = {.emit = emit_done},
  [EEOP_INNER_FETCHSOME] = {.emit = emit_fetch},
  [EEOP_OUTER_FETCHSOME] = {.emit = emit_fetch},
  [EEOP_SCAN_FETCHSOME] = {.emit = emit_fetch},
  [EEOP_INNER_VAR] = {.emit = emit_var, .access = W},
  [EEOP_OUTER_VAR] = {.emit = emit_var, .access = W},
  [EEOP_SCAN_VAR] = {.emit = emit_var, .access = W},
  [EEOP_INNER_SYSVAR] = {.emit = emit_sysvar, .access = W},
  [EEOP_OUTER_SYSVAR] = {.emit = emit_sysvar, .access = W},
  [EEOP_SCAN_SYSVAR] = {.emit = emit_sysvar, .access = W},
  [EEOP_WHOLEROW] = {HELPER(ExecEvalWholeRowVar), .access = W},
  [EEOP_ASSIGN_INNER_VAR] = {.emit = emit_assign_var},
  [EEOP_ASSIGN_OUTER_VAR] = {.emit = emit_assign_var},
  [EEOP_ASSIGN_SCAN_VAR] = {.emit = emit_assign_var},
  [EEOP_ASSIGN_TMP] = {.emit = emit_assign_tmp},
  [EEOP_ASSIGN_TMP_MAKE_RO] = {.emit = emit_assign_tmp},
  [EEOP_CONST] = {.emit = emit_const, .access = W},
  [EEOP_FUNCEXPR] = {kj_emit_func, .fcinfo = AT(d.func.fcinfo_data), .access = W},
  [EEOP_FUNCEXPR_STRICT] = {kj_emit_func, .fcinfo = AT(d.func.fcinfo_data), .access = W},
  [EEOP_FUNCEXPR_FUSAGE] = {HELPER(ExecEvalFuncExprFusage), .fcinfo = AT(d.func.fcinfo_data),
                            .access = W},
  [EEOP_FUNCEXPR_STRICT_FUSAGE] = {HELPER(ExecEvalFuncExprStrictFusage),
                                   .fcinfo = AT(d.func.fcinfo_data), .access = W},
  [EEOP_BOOL_AND_STEP_FIRST] = {.emit = emit_bool_step,
                                .jump = AT(d.boolexpr.jumpdone),
                                .access = R | W | B},
  [EEOP_BOOL_AND_STEP] = {.emit = emit_bool_step,
                          .jump = AT(d.boolexpr.jumpdone),
                          .access = R | W | B},
  [EEOP_BOOL_AND_STEP_LAST] = {.emit = emit_bool_step,
                               .jump = AT(d.boolexpr.jumpdone),
                               .access = R | W | B},
  [EEOP_BOOL_OR_STEP_FIRST] = {.emit = emit_bool_step,
                               .jump = AT(d.boolexpr.jumpdone),
                               .access = R | W | B},
  [EEOP_BOOL_OR_STEP] = {.emit = emit_bool_step,
                         .jump = AT(d.boolexpr.jumpdone),
                         .access = R | W | B},
  [EEOP_BOOL_OR_STEP_LAST] = {.emit = emit_bool_step,
                              .jump = AT(d.boolexpr.jumpdone),
                              .access = R | W | B},
  [EEOP_BOOL_NOT_STEP] = {.emit = emit_not, .access = R | W | B},
  [EEOP_QUAL] = {.emit = emit_qual, .jump = AT(d.qualexpr.jumpdone), .access = R | W | B},
  [EEOP_JUMP] = {.emit = emit_jump, .jump = AT(d.jump.jumpdone)},
  [EEOP_JUMP_IF_NULL] = {.emit = emit_jump_if_null, .jump = AT(d.jump.jumpdone), .access = R},
  [EEOP_JUMP_IF_NOT_NULL] = {.emit = emit_jump_if_null, .jump = AT(d.jump.jumpdone), .access = R},
  [EEOP_JUMP_IF_NOT_TRUE] = {.emit = emit_jump_if_not_true,
                             .jump = AT(d.jump.jumpdone),
                             .access = R},
  [EEOP_NULLTEST_ISNULL] = {.emit = emit_nulltest, .access = R | W | B},
  [EEOP_NULLTEST_ISNOTNULL] = {.emit = emit_nulltest, .access = R | W | B},
  [EEOP_NULLTEST_ROWISNULL] = {HELPER(ExecEvalRowNull), .access = R | W},
  [EEOP_NULLTEST_ROWISNOTNULL] = {HELPER(ExecEvalRowNotNull), .access = R | W},
  [EEOP_BOOLTEST_IS_TRUE] = {.emit = emit_booltest, .access = R | W | B},
  [EEOP_BOOLTEST_IS_NOT_TRUE] = {.emit = emit_booltest, .access = R | W | B},
  [EEOP_BOOLTEST_IS_FALSE] = {.emit = emit_booltest, .access = R | W | B},
  [EEOP_BOOLTEST_IS_NOT_FALSE] = {.emit = emit_booltest, .access = R | W | B},
  [EEOP_PARAM_EXEC] = {HELPER(ExecEvalParamExec), .access = W},
  [EEOP_PARAM_EXTERN] = {HELPER(ExecEvalParamExtern), .access = W},
  [EEOP_PARAM_CALLBACK] = {.emit = emit_own, .access = W},
  [EEOP_CASE_TESTVAL] = {.emit = emit_testval, .access = W},
  [EEOP_MAKE_READONLY] = {.emit = emit_make_read_only, .access = W},
  [EEOP_IOCOERCE] = {kj_emit_iocoerce, .access = R | W},
  [EEOP_DISTINCT] = {kj_emit_distinct, .fcinfo = AT(d.func.fcinfo_data), .access = W},
  [EEOP_NOT_DISTINCT] = {kj_emit_distinct, .fcinfo = AT(d.func.fcinfo_data), .access = W},
  [EEOP_NULLIF] = {kj_emit_nullif, .fcinfo = AT(d.func.fcinfo_data), .access = W},
  [EEOP_SQLVALUEFUNCTION] = {HELPER(ExecEvalSQLValueFunction), .access = W},
  [EEOP_CURRENTOFEXPR] = {HELPER(ExecEvalCurrentOfExpr), .access = W},
  [EEOP_NEXTVALUEEXPR] = {HELPER(ExecEvalNextValueExpr), .access = W},
  [EEOP_ARRAYEXPR] = {HELPER(ExecEvalArrayExpr), .access = W},
  [EEOP_ARRAYCOERCE] = {HELPER(ExecEvalArrayCoerce), .access = R | W},
  [EEOP_ROW] = {HELPER(ExecEvalRow), .access = W},
  [EEOP_ROWCOMPARE_STEP] = {kj_emit_rowcompare, .fcinfo = AT(d.rowcompare_step.fcinfo_data),
                            .access = W, .jump = AT(d.rowcompare_step.jumpnull),
                            .jump2 = AT(d.rowcompare_step.jumpdone)},
  [EEOP_ROWCOMPARE_FINAL] = {.emit = emit_rowcompare_final, .access = R | W},
  [EEOP_MINMAX] = {HELPER(ExecEvalMinMax), .access = W},
  [EEOP_FIELDSELECT] = {HELPER(ExecEvalFieldSelect), .access = R | W},
  [EEOP_FIELDSTORE_DEFORM] = {HELPER(ExecEvalFieldStoreDeForm), .access = R | W},
  [EEOP_FIELDSTORE_FORM] = {HELPER(ExecEvalFieldStoreForm), .access = R | W},
  [EEOP_SBSREF_SUBSCRIPTS] = {.emit = emit_subscripts,
                              .jump = AT(d.sbsref_subscript.jumpdone),
                              .access = R | W},
  [EEOP_SBSREF_OLD] = {.emit = emit_own, .access = R | W},
  [EEOP_SBSREF_ASSIGN] = {.emit = emit_own, .access = R | W},
  [EEOP_SBSREF_FETCH] = {.emit = emit_own, .access = R | W},
  [EEOP_DOMAIN_TESTVAL] = {.emit = emit_testval, .access = W},
  [EEOP_DOMAIN_NOTNULL] = {HELPER(ExecEvalConstraintNotNull), .access = R},
  [EEOP_DOMAIN_CHECK] = {HELPER(ExecEvalConstraintCheck)},
  [EEOP_CONVERT_ROWTYPE] = {HELPER(ExecEvalConvertRowtype), .access = R | W},
  [EEOP_SCALARARRAYOP] = {kj_emit_in, .helper = (void *)ExecEvalScalarArrayOp,
                          .fcinfo = AT(d.scalararrayop.fcinfo_data), .access = R | W},
  [EEOP_HASHED_SCALARARRAYOP] = {kj_emit_in, .helper = (void *)ExecEvalHashedScalarArrayOp,
                                 .fcinfo = AT(d.hashedscalararrayop.fcinfo_data), .access = R | W},
  [EEOP_XMLEXPR] = {HELPER(ExecEvalXmlExpr), .access = W},
  [EEOP_AGGREF] = {.emit = emit_aggref, .access = W},
  [EEOP_GROUPING_FUNC] = {HELPER(ExecEvalGroupingFunc), .access = W},
  [EEOP_WINDOW_FUNC] = {.emit = emit_window_func, .access = W},
  [EEOP_SUBPLAN] = {HELPER(ExecEvalSubPlan), .access = W},
  [EEOP_AGG_STRICT_DESERIALIZE] = {kj_emit_agg_deserialize,
                                   .fcinfo = AT(d.agg_deserialize.fcinfo_data),
                                   .jump = AT(d.agg_deserialize.jumpnull), .access = W},
  [EEOP_AGG_DESERIALIZE] = {kj_emit_agg_deserialize, .fcinfo = AT(d.agg_deserialize.fcinfo_data),
                            .access = W},
  [EEOP_AGG_STRICT_INPUT_CHECK_ARGS] = {kj_emit_agg_check_args,
                                        .jump = AT(d.agg_strict_input_check.jumpnull)},
  [EEOP_AGG_STRICT_INPUT_CHECK_NULLS] = {kj_emit_agg_check_nulls,
                                         .jump = AT(d.agg_strict_input_check.jumpnull)},
  [EEOP_AGG_PLAIN_PERGROUP_NULLCHECK] = {kj_emit_agg_pergroup,
                                         .jump = AT(d.agg_plain_pergroup_nullcheck.jumpnull)},
  [EEOP_AGG_PLAIN_TRANS_INIT_STRICT_BYVAL] = {.emit = kj_emit_agg_trans},
  [EEOP_AGG_PLAIN_TRANS_STRICT_BYVAL] = {.emit = kj_emit_agg_trans},
  [EEOP_AGG_PLAIN_TRANS_BYVAL] = {.emit = kj_emit_agg_trans},
  [EEOP_AGG_PLAIN_TRANS_INIT_STRICT_BYREF] = {.emit = kj_emit_agg_trans},
  [EEOP_AGG_PLAIN_TRANS_STRICT_BYREF] = {.emit = kj_emit_agg_trans},
  [EEOP_AGG_PLAIN_TRANS_BYREF] = {.emit = kj_emit_agg_trans},
  [EEOP_AGG_ORDERED_TRANS_DATUM] = {HELPER(ExecEvalAggOrderedTransDatum), .access = R},
  [EEOP_AGG_ORDERED_TRANS_TUPLE] = {HELPER(ExecEvalAggOrderedTransTuple)},
#include "versions.def"
};

StaticAssertDecl(EEOP_LAST == KJ_STEP_KINDS, "a step kind is missing in the table");
