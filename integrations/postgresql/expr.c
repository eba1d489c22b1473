/* One expression: from PostgreSQL's steps to a function (ExprState *, ExprContext *, bool *) -> Datum.
 *
 * Steps follow each other, and every jump goes forward. So one pass builds them in order: when a step that others jump
 * to is reached, all ways to it are known, and what each way has in a cell that is still read becomes an argument of
 * that step's block where it differs. */
#include "kilnjit.h"

#include "nodes/execnodes.h"

/* ---- cells ---- */

static uint32 slot_of_address(const kj_expr *e, const void *address) {
  return (uint32)(((uint64)(uintptr_t)address * UINT64CONST(0x9e3779b97f4a7c15)) >> 40) &
         (uint32)(e->table_size - 1);
}

/* The place that a cell is found by: a flag alone has no value. */
static const void *key_of(const Datum *value, const bool *isnull) {
  return value != NULL ? (const void *)value : (const void *)isnull;
}

int kj_find_cell(const kj_expr *e, const Datum *value, const bool *isnull) {
  const void *key = key_of(value, isnull);

  for (uint32 i = slot_of_address(e, key);; i = (i + 1) & (uint32)(e->table_size - 1)) {
    int cell = e->table[i];

    if (cell < 0) return -1;
    if (key_of(e->cells[cell].value, e->cells[cell].isnull) == key) return cell;
  }
}

static int add_cell(kj_expr *e, Datum *value, bool *isnull) {
  int cell = kj_find_cell(e, value, isnull);

  if (cell >= 0) return cell;
  if (e->n_cells == e->max_cells) {
    e->max_cells *= 2;
    e->cells = repalloc(e->cells, sizeof(kj_cell) * (Size)e->max_cells);
  }
  cell = e->n_cells++;
  e->cells[cell] = (kj_cell){.value = value, .isnull = isnull, .boolean = true, .last_read = -1};
  if (e->n_cells * 2 > e->table_size) {
    e->table_size *= 2;
    e->table = repalloc(e->table, sizeof(int) * (Size)e->table_size);
    for (int i = 0; i < e->table_size; i++) e->table[i] = -1;
    for (int i = 0; i < e->n_cells; i++) {
      uint32 at = slot_of_address(e, key_of(e->cells[i].value, e->cells[i].isnull));

      while (e->table[at] >= 0) at = (at + 1) & (uint32)(e->table_size - 1);
      e->table[at] = i;
    }
  } else {
    uint32 at = slot_of_address(e, key_of(value, isnull));

    while (e->table[at] >= 0) at = (at + 1) & (uint32)(e->table_size - 1);
    e->table[at] = cell;
  }
  return cell;
}

static bool is_bool_step(ExprEvalOp opcode) {
  return opcode >= EEOP_BOOL_AND_STEP_FIRST && opcode <= EEOP_BOOL_OR_STEP_LAST;
}

/* What a step does with a cell: KJ_READS, KJ_WRITES or both; it reads before it writes. */
static int touch(const kj_expr *e, int i, int cell) {
  const ExprEvalStep *op = &e->state->steps[i];
  const kj_step *s = &e->steps[i];
  Datum *value;
  bool *isnull;
  int how = 0;

  if (s->cell == cell) how = kj_step_kinds[op->opcode].access & (KJ_READS | KJ_WRITES);
  if (s->args >= 0 && cell >= s->args && cell < s->args + s->n_args) how |= KJ_READS;
  if (cell == 0 && (op->opcode == EEOP_DONE || op->opcode == EEOP_ASSIGN_TMP ||
                    op->opcode == EEOP_ASSIGN_TMP_MAKE_RO))
    how |= KJ_READS;
  if (is_bool_step(op->opcode) && e->cells[cell].isnull == op->d.boolexpr.anynull)
    how |= KJ_READS | KJ_WRITES;
  if (kj_step_source(op, &value, &isnull) && value == e->cells[cell].value) how |= KJ_READS;
  return how;
}

static int jump_target(const ExprEvalStep *op, uint16 offset) {
  return offset == 0 ? -1 : *(const int *)((const char *)op + offset);
}

/* Whether what a cell holds may be read at or after step `i`, a target. */
bool kj_is_live(const kj_expr *e, int cell, int i) {
  for (; i < e->state->steps_len && i <= e->cells[cell].last_read; i++) {
    int how = touch(e, i, cell);

    if (how & KJ_READS) return true;
    if (how & KJ_WRITES) return false;
    if (kj_step_kinds[e->state->steps[i].opcode].jump != 0) return true; /* perhaps */
  }
  return false;
}

/* Whether what step `i` writes to a cell may meet what others wrote to it, on another way to a step. */
static bool meets_others(const kj_expr *e, int cell, int i) {
  for (i = i + 1; i < e->state->steps_len && i <= e->cells[cell].last_read; i++) {
    int how = touch(e, i, cell);

    if (e->steps[i].target) return true;
    if (how & KJ_WRITES) return false;
  }
  return false;
}

kj_value kj_read_cell(kj_expr *e, int cell) {
  kj_cell *c = &e->cells[cell];

  /* Not written on all ways to here: memory has what was there before, as for PostgreSQL's own interpreter. */
  if (!c->defined) return kj_load_value(e, c->value, c->isnull);
  return c->now;
}

void kj_set_cell(kj_expr *e, int cell, kj_value v) {
  kj_cell *c = &e->cells[cell];

  c->now = v;
  c->clean = false;
  if (c->defined) return;
  c->defined = true;
  e->active[e->n_active++] = cell;
}

kj_value kj_read(kj_expr *e, Datum *value, bool *isnull) {
  int cell = kj_find_cell(e, value, isnull);

  return cell < 0 ? kj_load_value(e, value, isnull) : kj_read_cell(e, cell);
}

kj_value kj_read_result(kj_expr *e, int i) {
  const ExprEvalStep *op = &e->state->steps[i];

  return e->steps[i].cell < 0 ? kj_load_value(e, op->resvalue, op->resnull)
                              : kj_read_cell(e, e->steps[i].cell);
}

void kj_write_result(kj_expr *e, int i, kj_value v) {
  const ExprEvalStep *op = &e->state->steps[i];
  int cell = e->steps[i].cell;

  if (cell < 0) {
    kj_store_value(e, op->resvalue, op->resnull, &v);
    return;
  }
  if (meets_others(e, cell, i)) kj_settle(e, &v, e->cells[cell].boolean);
  kj_set_cell(e, cell, v);
}

void kj_flush_result(kj_expr *e, int i) {
  kj_cell *c;

  if (e->steps[i].cell < 0) return;
  c = &e->cells[e->steps[i].cell];
  if (c->defined && !c->clean) kj_store_value(e, c->value, c->isnull, &c->now);
}

void kj_reload_result(kj_expr *e, int i) {
  const ExprEvalStep *op = &e->state->steps[i];
  int cell = e->steps[i].cell;

  if (cell < 0) return;
  kj_write_result(e, i, kj_load_value(e, op->resvalue, op->resnull));
  e->cells[cell].clean = true;
}

/* ---- ways and joins ---- */

static void save_edge(kj_expr *e, int target) {
  kj_edge *edge;
  int kept = 0;

  if (e->n_edges == e->max_edges) {
    e->max_edges *= 2;
    e->edges = repalloc(e->edges, sizeof(kj_edge) * (Size)e->max_edges);
  }
  edge = &e->edges[e->n_edges];
  *edge = (kj_edge){.from = kiln_block_current(e->f),
                    .next = e->steps[target].first_edge,
                    .first_saved = e->n_saved};
  e->steps[target].first_edge = e->n_edges++;
  for (int k = 0; k < e->n_active; k++) {
    int cell = e->active[k];

    if (!kj_is_live(e, cell, target)) continue;
    if (e->n_saved == e->max_saved) {
      e->max_saved *= 2;
      e->saved = repalloc(e->saved, sizeof(kj_saved) * (Size)e->max_saved);
    }
    e->saved[e->n_saved++] = (kj_saved){.cell = cell, .value = e->cells[cell].now};
    kept++;
  }
  e->edges[e->n_edges - 1].n_saved = kept;
}

void kj_jump(kj_expr *e, int target) {
  if (!e->reachable) return;
  save_edge(e, target);
  kiln_build_br(e->f, e->steps[target].block, NULL, 0);
  e->reachable = false;
}

void kj_jump_if(kj_expr *e, kiln_value cond, bool when, int target) {
  kiln_block on = kiln_block_new(e->f), to = e->steps[target].block;

  save_edge(e, target);
  kiln_build_brif(e->f, cond, when ? to : on, NULL, 0, when ? on : to, NULL, 0);
  kiln_block_switch(e->f, on);
}

/* Whether a way ends the expression with "false, not null": there is one block for all of them. */
static bool ends_false(const kj_expr *e, int target, int i, const kj_value *v) {
  return e->state->steps[target].opcode == EEOP_DONE && e->steps[i].cell == 0 &&
         v->form == KJ_CONST && v->constant == 0 && v->n_nulls == 0;
}

void kj_jump_with(kj_expr *e, kiln_value cond, bool when, int target, int i, kj_value v) {
  int cell = e->steps[i].cell;
  kj_cell was;

  if (ends_false(e, target, i, &v)) {
    kiln_block on = kiln_block_new(e->f);

    if (!e->has_ret_false) e->ret_false = kiln_block_new(e->f);
    e->has_ret_false = true;
    kiln_build_brif(e->f, cond, when ? e->ret_false : on, NULL, 0, when ? on : e->ret_false, NULL,
                    0);
    kiln_block_switch(e->f, on);
    return;
  }
  if (cell < 0) { /* memory: written on that way alone */
    kiln_block to = kiln_block_new(e->f), on = kiln_block_new(e->f);

    kiln_build_brif(e->f, cond, when ? to : on, NULL, 0, when ? on : to, NULL, 0);
    kiln_block_switch(e->f, to);
    kj_write_result(e, i, v);
    kj_jump(e, target);
    e->reachable = true;
    kiln_block_switch(e->f, on);
    return;
  }
  if (!e->cells[cell].defined) kj_set_cell(e, cell, v);
  was = e->cells[cell];
  e->cells[cell].now = v;
  kj_jump_if(e, cond, when, target);
  e->cells[cell] = was;
}

static const kj_saved *find_saved(const kj_expr *e, const kj_edge *edge, int cell) {
  for (int k = 0; k < edge->n_saved; k++)
    if (e->saved[edge->first_saved + k].cell == cell) return &e->saved[edge->first_saved + k];
  return NULL;
}

static bool same_content(const kj_value *a, const kj_value *b) {
  return a->form == b->form && a->cond == b->cond && a->type == b->type && a->a.id == b->a.id &&
         a->b.id == b->b.id && a->constant == b->constant;
}

static bool same_nulls(const kj_value *a, const kj_value *b) {
  if (a->n_nulls != b->n_nulls) return false;
  for (int i = 0; a->n_nulls != KJ_ALWAYS_NULL && i < a->n_nulls; i++)
    if (a->nulls[i].id != b->nulls[i].id) return false;
  return true;
}

/* A block parameter that gets an operand of each edge. */
static kiln_value join_param(kj_expr *e, int i, int cell, kiln_type type, bool of_null) {
  uint32 index = kiln_block_param_count(e->f, e->steps[i].block);
  kiln_value param = kiln_block_add_param(e->f, e->steps[i].block, type);

  for (int at = e->steps[i].first_edge; at >= 0; at = e->edges[at].next) {
    const kj_value *v = &find_saved(e, &e->edges[at], cell)->value;
    kiln_value arg;

    if (of_null) arg = v->n_nulls == 1 ? v->nulls[0] : kiln_const_int(e->f, v->n_nulls != 0);
    else if (v->form != KJ_CONST) arg = v->a;
    else arg = kiln_const_int(e->f, type == KILN_TYPE_I8 ? v->constant != 0 : (int64)v->constant);
    kiln_edge_set_arg(e->f, e->edges[at].from, e->steps[i].block, index, arg);
  }
  return param;
}

/* What a cell holds at step `i`, where several ways meet. */
static bool join_cell(kj_expr *e, int i, const kj_saved *first, kj_value *out) {
  bool same = true, nulls = true, settled = true;
  kj_form form = e->cells[first->cell].boolean ? KJ_BOOL : KJ_DATUM;

  *out = first->value;
  for (int at = e->steps[i].first_edge; at >= 0; at = e->edges[at].next) {
    const kj_saved *s = find_saved(e, &e->edges[at], first->cell);

    if (s == NULL) return false;
    same &= same_content(&s->value, &first->value);
    nulls &= same_nulls(&s->value, &first->value);
    settled &= (s->value.form == KJ_CONST || s->value.form == form) &&
               (s->value.n_nulls <= 1 || s->value.n_nulls == KJ_ALWAYS_NULL);
  }
  if (same && nulls) return true;
  if (!settled) {
    kiln_func_fail(e->f, KILN_ERR_STRUCTURE, "kilnjit: ways meet with values of different forms");
    return false;
  }
  if (!same)
    *out = kj_make(
      form, join_param(e, i, first->cell, form == KJ_BOOL ? KILN_TYPE_I8 : KILN_TYPE_I64, false));
  if (nulls) {
    out->n_nulls = first->value.n_nulls;
    out->nulls[0] = first->value.nulls[0];
  } else {
    out->n_nulls = 1;
    out->nulls[0] = join_param(e, i, first->cell, KILN_TYPE_I8, true);
  }
  return true;
}

static void begin_target(kj_expr *e, int i) {
  const kj_edge *first;
  int n = 0;

  kj_jump(e, i); /* from the step before */
  if (e->steps[i].first_edge < 0) return;
  for (int k = 0; k < e->n_active; k++) e->cells[e->active[k]].defined = false;
  first = &e->edges[e->steps[i].first_edge];
  for (int k = 0; k < first->n_saved; k++) {
    const kj_saved *s = &e->saved[first->first_saved + k];
    kj_value v;

    if (!join_cell(e, i, s, &v)) continue;
    e->cells[s->cell].now = v;
    e->cells[s->cell].defined = true;
    e->cells[s->cell].clean = false;
    e->active[n++] = s->cell;
  }
  e->n_active = n;
  e->reachable = true;
  kiln_block_switch(e->f, e->steps[i].block);
}

/* ---- the expression ---- */

static void find_args(kj_expr *e, int i) {
  ExprEvalStep *op = &e->state->steps[i];
  FunctionCallInfo fcinfo = kj_step_fcinfo(op);
  bool trans = op->opcode >= EEOP_AGG_PLAIN_TRANS_INIT_STRICT_BYVAL &&
               op->opcode <= EEOP_AGG_PLAIN_TRANS_BYREF;
  int first = trans ? 1 : 0; /* of a transition, 0 is the state, which steps do not write */

  if (fcinfo == NULL) return;
  for (int k = first; k < fcinfo->nargs; k++) {
    int cell = add_cell(e, &fcinfo->args[k].value, &fcinfo->args[k].isnull);

    if (k == first) e->steps[i].args = cell;
    if (cell != e->steps[i].args + k - first)
      e->steps[i].args = -2; /* cannot be: arguments are added together */
    if (i > e->cells[cell].last_read) e->cells[cell].last_read = i;
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

  if (fcinfo == NULL || fcinfo->flinfo == NULL) return;
  if (op->opcode == EEOP_FUNCEXPR_FUSAGE || op->opcode == EEOP_FUNCEXPR_STRICT_FUSAGE) return;
  e->steps[i].native = kj_find_operator(fcinfo->flinfo->fn_addr, fcinfo);
}

/* What step `i` writes and reads. */
static void find_access(kj_expr *e, int i) {
  ExprEvalStep *op = &e->state->steps[i];
  const kj_step_kind *kind = &kj_step_kinds[op->opcode];
  int cell =
    kind->access & (KJ_READS | KJ_WRITES) ? kj_find_cell(e, op->resvalue, op->resnull) : -1;
  Datum *value;
  bool *isnull;

  if (cell >= 0 && e->cells[cell].isnull != op->resnull) cell = -1;
  e->steps[i].cell = cell;
  if (cell >= 0 && kind->access & KJ_WRITES) {
    e->cells[cell].n_writers++;
    e->cells[cell].boolean &=
      kind->access & KJ_BOOLEAN || (op->opcode == EEOP_CONST && op->d.constval.value <= 1) ||
      (e->steps[i].native != NULL && kj_operator_is_boolean(e->steps[i].native));
  }
  if (cell >= 0 && kind->access & KJ_READS)
    e->cells[cell].last_read = Max(e->cells[cell].last_read, i);
  if (kj_step_source(op, &value, &isnull) && (cell = kj_find_cell(e, value, isnull)) >= 0)
    e->cells[cell].last_read = Max(e->cells[cell].last_read, i);
  mark_target(e, jump_target(op, kind->jump));
  mark_target(e, jump_target(op, kind->jump2));
}

static bool scan(kj_expr *e, const char **why) {
  ExprState *state = e->state;

  for (int i = 0; i < state->steps_len; i++) {
    ExprEvalStep *op = &state->steps[i];

    e->steps[i] = (kj_step){.cell = -1, .args = -1, .first_edge = -1};
    if (op->opcode < 0 || op->opcode >= EEOP_LAST || kj_step_kinds[op->opcode].emit == NULL) {
      *why = "a step of unknown kind";
      return false;
    }
    find_args(e, i);
    if (e->steps[i].args == -2) {
      *why = "arguments that two calls share in part";
      return false;
    }
    find_operator(e, i);
    if (is_bool_step(op->opcode)) e->cells[add_cell(e, NULL, op->d.boolexpr.anynull)].last_read = i;
  }
  for (int i = 0; i < state->steps_len; i++) find_access(e, i);
  e->cells[0].last_read = state->steps_len - 1;
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
  Size steps = (Size)state->steps_len;

  *e = (kj_expr){.batch = b, .state = state, .reachable = true, .max_cells = 16, .table_size = 64};
  e->max_edges = e->max_saved = e->max_colds = 16;
  e->steps = palloc(sizeof(kj_step) * steps);
  e->cells = palloc(sizeof(kj_cell) * (Size)e->max_cells);
  e->table = palloc(sizeof(int) * (Size)e->table_size);
  e->edges = palloc(sizeof(kj_edge) * (Size)e->max_edges);
  e->saved = palloc(sizeof(kj_saved) * (Size)e->max_saved);
  e->colds = palloc(sizeof(kj_cold) * (Size)e->max_colds);
  for (int i = 0; i < e->table_size; i++) e->table[i] = -1;
  e->f = kiln_func_begin(b->session, symbol);
  e->v_state = kiln_func_param(e->f, 0);
  e->v_econtext = kiln_func_param(e->f, 1);
  e->v_isnull = kiln_func_param(e->f, 2);
  add_cell(e, &state->resvalue, &state->resnull);
}

bool kj_build_expr(kj_batch *b, ExprState *state, kiln_symbol symbol, const char **why) {
  kj_expr e;
  kiln_diag diag = {0};

  start(&e, b, state, symbol);
  if (!scan(&e, why)) {
    kiln_func_discard(e.f);
    return false;
  }
  e.active = palloc(sizeof(int) * (Size)e.n_cells);
  load_pointers(&e);
  for (int i = 0; i < state->steps_len; i++) {
    ExprEvalStep *op = &state->steps[i];

    if (e.steps[i].target) begin_target(&e, i);
    if (e.reachable) kj_step_kinds[op->opcode].emit(&e, i, op);
  }
  build_ret_false(&e);
  kj_build_colds(&e);
  if (kiln_func_try_compile(e.f, &diag) == KILN_OK) return true;
  *why = pstrdup(diag.message);
  return false;
}
