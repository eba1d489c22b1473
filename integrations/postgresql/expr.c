/* One expression: from PostgreSQL's steps to a function (ExprState *, ExprContext *, bool *) -> Datum.
 *
 * Steps follow each other, and every jump goes forward. So one pass builds them in order: when a step that others jump
 * to is reached, all ways to it are known, and what each way has in a cell that is still read becomes an argument of
 * that step's block where it differs (cells.c). */
#include "kilnjit.h"

#include "miscadmin.h"
#include "nodes/execnodes.h"

static bool is_bool_step(ExprEvalOp opcode) {
  return opcode >= EEOP_BOOL_AND_STEP_FIRST && opcode <= EEOP_BOOL_OR_STEP_LAST;
}

static int jump_target(const ExprEvalStep *op, uint16 offset) {
  return offset == 0 ? -1 : *(const int *)((const char *)op + offset);
}

static void find_args(kj_expr *e, int i) {
  ExprEvalStep *op = &e->state->steps[i];
  FunctionCallInfo fcinfo = kj_step_fcinfo(op);
  bool trans = op->opcode >= EEOP_AGG_PLAIN_TRANS_INIT_STRICT_BYVAL &&
               op->opcode <= EEOP_AGG_PLAIN_TRANS_BYREF;
  int first = trans ? 1 : 0; /* of a transition, 0 is the state, which steps do not write */

  if (fcinfo == NULL) return;
  for (int k = first; k < fcinfo->nargs; k++) {
    int cell = kj_add_cell(e, &fcinfo->args[k].value, &fcinfo->args[k].isnull);

    if (k == first) e->steps[i].args = cell;
    if (cell != e->steps[i].args + k - first)
      e->steps[i].args = -2; /* cannot be: arguments are added together */
  }
  e->steps[i].n_args = Max(fcinfo->nargs - first, 0);
}

static bool is_constant_call(ExprEvalOp opcode) {
  return (opcode >= EEOP_FUNCEXPR && opcode <= EEOP_FUNCEXPR_STRICT_FUSAGE) ||
         opcode == EEOP_DISTINCT || opcode == EEOP_NOT_DISTINCT || opcode == EEOP_NULLIF;
}

/* Arguments that no step writes are constants, which PostgreSQL put into memory; those of other calls are read from
 * there each time. */
static void find_constants(kj_expr *e) {
  for (int i = 0; i < e->state->steps_len; i++) {
    const kj_step *s = &e->steps[i];

    if (s->args < 0 || !is_constant_call(e->state->steps[i].opcode)) continue;
    for (int k = s->args; k < s->args + s->n_args; k++) {
      kj_cell *c = &e->cells[k];

      if (c->n_writers > 0 || c->defined) continue;
      c->now = kj_const(*c->value);
      if (*c->isnull) c->now.n_nulls = KJ_ALWAYS_NULL;
      c->constant = c->clean = c->defined = true;
    }
  }
}

static void mark_target(kj_expr *e, int target) {
  if (target < 0 || e->steps[target].target) return;
  e->steps[target].target = true;
  e->steps[target].block = kiln_block_new(e->f);
}

static void find_operator(kj_expr *e, int i) {
  ExprEvalStep *op = &e->state->steps[i];
  FunctionCallInfo fcinfo = kj_step_fcinfo(op);

  /* those whose result is the function's, or not that; and searches, by whether it is true */
  if (!kj_is_strict(op->opcode) && op->opcode != EEOP_FUNCEXPR && op->opcode != EEOP_DISTINCT &&
      op->opcode != EEOP_NOT_DISTINCT && op->opcode != EEOP_SCALARARRAYOP &&
      op->opcode != EEOP_HASHED_SCALARARRAYOP)
    return;
  e->steps[i].native = kj_find_operator(fcinfo->flinfo->fn_addr, fcinfo);
}

/* What step `i` reads and writes; it reads before it writes. */
static void find_access(kj_expr *e, int i) {
  ExprEvalStep *op = &e->state->steps[i];
  const kj_step_kind *kind = &kj_step_kinds[op->opcode];
  kj_step *s = &e->steps[i];
  Datum *value;
  bool *isnull;

  if (kind->access & (KJ_READS | KJ_WRITES)) s->cell = kj_find_cell(e, op->resvalue, op->resnull);
  if (s->cell >= 0 && e->cells[s->cell].isnull != op->resnull) s->cell = -1;
  for (int k = 0; k < s->n_args; k++) kj_note_access(e, s->args + k, i, false);
  if (kj_step_source(op, &value, &isnull))
    kj_note_access(e, kj_find_cell(e, value, isnull), i, false);
  if (op->opcode == EEOP_DONE_RETURN || op->opcode == EEOP_ASSIGN_TMP ||
      op->opcode == EEOP_ASSIGN_TMP_MAKE_RO)
    kj_note_access(e, 0, i, false);
  if (kj_checks_result(e, op)) kj_note_access(e, 0, i, false);
  if (is_bool_step(op->opcode)) {
    int flag = kj_find_cell(e, NULL, op->d.boolexpr.anynull);

    kj_note_access(e, flag, i, false);
    kj_note_access(e, flag, i, true);
    e->cells[flag].n_writers++;
  }
  if (kind->access & KJ_READS) kj_note_access(e, s->cell, i, false);
  if (s->cell >= 0 && kind->access & KJ_WRITES) {
    kj_note_access(e, s->cell, i, true);
    e->cells[s->cell].n_writers++;
    e->cells[s->cell].boolean &= kind->access & KJ_BOOLEAN ||
                                 (op->opcode == EEOP_CONST && op->d.constval.value <= 1) ||
                                 (s->native != NULL && kj_operator_is_boolean(s->native));
  }
  mark_target(e, jump_target(op, kind->jump));
  mark_target(e, jump_target(op, kind->jump2));
}

/* The steps that code of a chain goes to. */
static void mark_chains(kj_expr *e) {
  for (int k = 0; k < e->n_chains; k++) {
    for (int n = 0; n < e->chains[k].n_arms; n++) mark_target(e, e->chains[k].arms[n].body);
    mark_target(e, e->chains[k].otherwise);
  }
}

/* The step itself or the next one after it that jumps, and that is jumped to. */
static void find_next(kj_expr *e) {
  int n = e->state->steps_len, jump = n, target = n;

  for (int i = n; i >= 0; i--) {
    if (i < n && kj_step_kinds[e->state->steps[i].opcode].jump != 0) jump = i;
    if (i < n && e->steps[i].target) target = i;
    e->steps[i].next_jump = jump;
    e->steps[i].next_target = target;
  }
}

static const char *name_of(const ExprEvalStep *op) {
  bool named =
    op->opcode >= 0 && op->opcode < EEOP_LAST && kj_step_kinds[op->opcode].unknown != NULL;

  return named ? kj_step_kinds[op->opcode].unknown : psprintf("%d", (int)op->opcode);
}

static bool scan(kj_expr *e, const char **why) {
  ExprState *state = e->state;

  for (int i = 0; i < state->steps_len; i++) {
    ExprEvalStep *op = &state->steps[i];

    e->steps[i] = (kj_step){.cell = -1, .args = -1, .first_edge = -1, .chain = -1};
    if (op->opcode < 0 || op->opcode >= EEOP_LAST || kj_step_kinds[op->opcode].emit == NULL) {
      *why = psprintf("there is no code for step %s", name_of(op));
      return false;
    }
    find_args(e, i);
    if (e->steps[i].args == -2) {
      *why = "arguments that two calls share in part";
      return false;
    }
    find_operator(e, i);
    if (is_bool_step(op->opcode)) (void)kj_add_cell(e, NULL, op->d.boolexpr.anynull);
  }
  for (int i = 0; i < state->steps_len; i++) find_access(e, i);
  kj_find_chains(e);
  mark_chains(e);
  kj_sort_accesses(e);
  find_next(e);
  find_constants(e);
  return true;
}

static void load_slot(kj_expr *e, int which) {
  static const int offsets[KJ_SLOTS] = {[KJ_INNER] = offsetof(ExprContext, ecxt_innertuple),
                                        [KJ_OUTER] = offsetof(ExprContext, ecxt_outertuple),
                                        [KJ_SCAN] = offsetof(ExprContext, ecxt_scantuple)};
  kiln_value slot;

  if (e->slots[which].slot.id != 0) return;
  slot = kiln_build_load(e->f, KILN_TYPE_I64, e->v_econtext, offsets[which], 0);
  e->slots[which].slot = slot;
  e->slots[which].values =
    kiln_build_load(e->f, KILN_TYPE_I64, slot, offsetof(TupleTableSlot, tts_values), 0);
  e->slots[which].nulls =
    kiln_build_load(e->f, KILN_TYPE_I64, slot, offsetof(TupleTableSlot, tts_isnull), 0);
}

/* Loads in the entry block what does not change while the expression runs. */
static void load_pointers(kj_expr *e) {
  for (int i = 0; i < e->state->steps_len; i++) {
    ExprEvalOp opcode = e->state->steps[i].opcode;

    if (opcode >= EEOP_INNER_FETCHSOME && opcode <= EEOP_SCAN_FETCHSOME)
      load_slot(e, kj_slot_of(opcode, EEOP_INNER_FETCHSOME));
    if (opcode >= EEOP_INNER_VAR && opcode <= EEOP_SCAN_VAR)
      load_slot(e, kj_slot_of(opcode, EEOP_INNER_VAR));
    if (opcode >= EEOP_INNER_SYSVAR && opcode <= EEOP_SCAN_SYSVAR)
      load_slot(e, kj_slot_of(opcode, EEOP_INNER_SYSVAR));
    if (opcode >= EEOP_ASSIGN_INNER_VAR && opcode <= EEOP_ASSIGN_SCAN_VAR)
      load_slot(e, kj_slot_of(opcode, EEOP_ASSIGN_INNER_VAR));
    if ((opcode == EEOP_AGGREF || opcode == EEOP_WINDOW_FUNC) && e->agg_values.id == 0) {
      e->agg_values = kiln_build_load(e->f, KILN_TYPE_I64, e->v_econtext,
                                      offsetof(ExprContext, ecxt_aggvalues), 0);
      e->agg_nulls = kiln_build_load(e->f, KILN_TYPE_I64, e->v_econtext,
                                     offsetof(ExprContext, ecxt_aggnulls), 0);
    }
    if (opcode >= EEOP_ASSIGN_INNER_VAR && opcode <= EEOP_ASSIGN_TMP_MAKE_RO &&
        e->result_values.id == 0) {
      kiln_value slot = kj_load(e, KILN_TYPE_I64, &e->state->resultslot);

      e->result_values =
        kiln_build_load(e->f, KILN_TYPE_I64, slot, offsetof(TupleTableSlot, tts_values), 0);
      e->result_nulls =
        kiln_build_load(e->f, KILN_TYPE_I64, slot, offsetof(TupleTableSlot, tts_isnull), 0);
    }
  }
}

static void build_ret_false(kj_expr *e) {
  kiln_value zero = kiln_const_int(e->f, 0);

  if (!e->has_ret_false) return;
  kiln_block_switch(e->f, e->ret_false);
  kiln_build_store(e->f, KILN_TYPE_I8, e->v_isnull, 0, zero, 0);
  kiln_build_ret(e->f, &zero, 1);
}

static void start(kj_expr *e, kj_batch *b, ExprState *state, kiln_symbol symbol) {
  *e = (kj_expr){.batch = b, .state = state, .reachable = true, .table_size = 64, .newest = -1};
  e->steps = palloc(sizeof(kj_step) * ((Size)state->steps_len + 1));
  e->table = palloc(sizeof(int) * (Size)e->table_size);
  for (int i = 0; i < e->table_size; i++) e->table[i] = -1;
  e->f = kiln_func_begin(b->session, symbol);
  e->v_state = kiln_func_param(e->f, 0);
  e->v_econtext = kiln_func_param(e->f, 1);
  e->v_isnull = kiln_func_param(e->f, 2);
  (void)kj_add_cell(e, &state->resvalue, &state->resnull);
}

bool kj_build_expr(kj_batch *b, ExprState *state, kiln_symbol symbol, const char **why) {
  kj_expr e;
  kiln_diag diag = {0};

  start(&e, b, state, symbol);
  if (!scan(&e, why)) {
    kiln_func_discard(e.f);
    return false;
  }
  load_pointers(&e);
  for (int i = 0; i < state->steps_len; i++) {
    ExprEvalStep *op = &state->steps[i];

    CHECK_FOR_INTERRUPTS();
    if (e.steps[i].target) kj_begin_target(&e, i);
    if (!e.reachable) continue;
    if (e.steps[i].chain >= 0) kj_emit_chain(&e, &e.chains[e.steps[i].chain]);
    else kj_step_kinds[op->opcode].emit(&e, i, op);
  }
  build_ret_false(&e);
  kj_build_colds(&e);
  CHECK_FOR_INTERRUPTS();
  if (kiln_func_try_compile(e.f, &diag) == KILN_OK) return true;
  *why = pstrdup(diag.message);
  return false;
}
