/* Cells of an expression: what each holds where code is being built, and what it holds where ways join.
 *
 * Every change of a cell is a version with a number of its own, from a clock that only runs forward. An edge notes the
 * time; so what a cell holds on an edge is its latest version then. At a step that is jumped to, only cells that
 * changed after the earliest edge to it can differ between the ways; those are found at the head of a list that has the
 * cell changed last first. So the work at a join is in proportion to what may differ there. */
#include "kilnjit.h"

#include "utils/memutils.h"

void *kj_grow(MemoryContext where, void *array, int n, int *max, Size item) {
#ifdef KILNJIT_MOVE
  /* Checkers of memory know what malloc has given and free has taken. The last one of each array is never freed. */
  void *grown = malloc(item * (Size)(*max = n + 1));

  memcpy(grown, array == NULL ? grown : array, item * (Size)n);
  free(array);
  return grown;
#else
  *max = Max(8, 2 * n);
  return array == NULL ? MemoryContextAlloc(where, item * (Size)*max)
                       : repalloc_huge(array, item * (Size)*max);
#endif
}

/* ---- the table of cells ---- */

static uint32 slot_of_address(const kj_expr *e, const void *address) {
  return (uint32)(((uint64)(uintptr_t)address * UINT64CONST(0x9e3779b97f4a7c15)) >> 32) &
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

static void enter(kj_expr *e, int cell) {
  uint32 at = slot_of_address(e, key_of(e->cells[cell].value, e->cells[cell].isnull));

  while (e->table[at] >= 0) at = (at + 1) & (uint32)(e->table_size - 1);
  e->table[at] = cell;
}

int kj_add_cell(kj_expr *e, Datum *value, bool *isnull) {
  int cell = kj_find_cell(e, value, isnull);

  if (cell >= 0) return cell;
  KJ_ROOM(CurrentMemoryContext, e->cells, e->n_cells, e->max_cells);
  cell = e->n_cells++;
  e->cells[cell] = (kj_cell){
    .value = value, .isnull = isnull, .boolean = true, .newer = -1, .older = -1, .last_read = -1};
  if (e->n_cells * 2 <= e->table_size) {
    enter(e, cell);
    return cell;
  }
  e->table_size *= 2;
  e->table = repalloc(e->table, sizeof(int) * (Size)e->table_size);
  for (int i = 0; i < e->table_size; i++) e->table[i] = -1;
  for (int i = 0; i < e->n_cells; i++) enter(e, i);
  return cell;
}

/* ---- which steps access a cell ---- */

void kj_note_access(kj_expr *e, int cell, int i, bool writes) {
  if (cell < 0) return;
  KJ_ROOM(CurrentMemoryContext, e->accesses, e->n_accesses, e->max_accesses);
  e->accesses[e->n_accesses++] = (kj_access){.cell = cell, .step = i, .writes = writes};
  e->cells[cell].n_accesses++;
  if (!writes) e->cells[cell].last_read = i;
}

void kj_sort_accesses(kj_expr *e) {
  kj_access *sorted = palloc(sizeof(kj_access) * (Size)(e->n_accesses + 1));
  int at = 0;

  for (int k = 0; k < e->n_cells; k++) {
    e->cells[k].accesses = sorted + at;
    at += e->cells[k].n_accesses;
    e->cells[k].n_accesses = 0;
  }
  for (int k = 0; k < e->n_accesses; k++) {
    kj_cell *c = &e->cells[e->accesses[k].cell];

    c->accesses[c->n_accesses++] = e->accesses[k];
  }
}

/* The first access of a cell at or after step `i`; NULL: none. */
static const kj_access *access_from(const kj_cell *c, int i) {
  int low = 0, high = c->n_accesses;

  while (low < high) {
    int middle = (low + high) / 2;

    if (c->accesses[middle].step < i) low = middle + 1;
    else high = middle;
  }
  return low == c->n_accesses ? NULL : &c->accesses[low];
}

bool kj_is_live(const kj_expr *e, int cell, int i) {
  const kj_cell *c = &e->cells[cell];
  const kj_access *a = access_from(c, i);

  if (a == NULL || c->last_read < i) return false;
  /* A step that jumps before the one that writes may go around it. */
  return !a->writes || e->steps[i].next_jump < a->step;
}

/* Whether what step `i` writes to a cell may meet what others wrote to it, on another way to a step. */
static bool meets_others(const kj_expr *e, int cell, int i) {
  const kj_cell *c = &e->cells[cell];
  const kj_access *a = access_from(c, i + 1), *end = c->accesses + c->n_accesses;
  int target = e->steps[i + 1].next_target;

  while (a != NULL && a < end && !a->writes && a->step < target) a++;
  return a != NULL && target <= c->last_read && (a == end || target <= a->step);
}

/* ---- what a cell holds ---- */

static void unlink_cell(kj_expr *e, int cell) {
  kj_cell *c = &e->cells[cell];

  if (c->newer >= 0) e->cells[c->newer].older = c->older;
  else if (e->newest == cell) e->newest = c->older;
  if (c->older >= 0) e->cells[c->older].newer = c->newer;
  c->newer = c->older = -1;
}

/* Makes what the cell holds now its newest version. */
static void change(kj_expr *e, int cell, bool defined, const kj_value *v, bool clean) {
  kj_cell *c = &e->cells[cell];

  c->now = *v;
  c->defined = defined;
  c->clean = clean;
  KJ_ROOM(CurrentMemoryContext, c->versions, c->n_versions, c->max_versions);
  c->versions[c->n_versions++] = (kj_version){.time = ++e->time, .defined = defined, .value = *v};
  if (e->newest == cell) return;
  unlink_cell(e, cell);
  c->older = e->newest;
  if (e->newest >= 0) e->cells[e->newest].newer = cell;
  e->newest = cell;
}

/* The latest version of a cell at a time; NULL: there is none, or it is not defined. */
static const kj_value *value_at(const kj_expr *e, int cell, uint32 time) {
  const kj_cell *c = &e->cells[cell];
  int low = 0, high = c->n_versions;

  while (low < high) {
    int middle = (low + high) / 2;

    if (c->versions[middle].time <= time) low = middle + 1;
    else high = middle;
  }
  return low == 0 || !c->versions[low - 1].defined ? NULL : &c->versions[low - 1].value;
}

/* What only some ways to here write is neither known nor in memory. Nor is what a step writes that comes after this
 * one: memory should have what it wrote when the expression ran before. Then the expression is interpreted. */
static void check_known(kj_expr *e, const kj_cell *c) {
  if (!c->defined && c->n_writers > 0)
    kiln_func_fail(e->f, KILN_ERR_UNSUPPORTED,
                   "kilnjit: not all ways to a step write what it reads");
}

kj_value kj_read_cell(kj_expr *e, int cell) {
  kj_cell *c = &e->cells[cell];

  check_known(e, c);
  /* No step writes it: memory has what is there, as for PostgreSQL's own interpreter. */
  if (!c->defined) return kj_load_value(e, c->value, c->isnull);
  return c->now;
}

void kj_set_cell(kj_expr *e, int cell, kj_value v) { change(e, cell, true, &v, false); }

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

void kj_flush_cell(kj_expr *e, int cell) {
  const kj_cell *c = &e->cells[Max(cell, 0)];

  if (cell < 0) return;
  check_known(e, c);
  if (c->defined && !c->clean) kj_store_value(e, c->value, c->isnull, &c->now);
}

void kj_flush_result(kj_expr *e, int i) { kj_flush_cell(e, e->steps[i].cell); }

void kj_reload_result(kj_expr *e, int i) {
  const ExprEvalStep *op = &e->state->steps[i];
  int cell = e->steps[i].cell;

  if (cell < 0) return;
  kj_write_result(e, i, kj_load_value(e, op->resvalue, op->resnull));
  e->cells[cell].clean = true;
}

/* ---- ways and joins ---- */

static void save_edge(kj_expr *e, int target) {
  kj_step *to = &e->steps[target];

  KJ_ROOM(CurrentMemoryContext, e->edges, e->n_edges, e->max_edges);
  if (to->first_edge < 0) to->first_time = e->time;
  e->edges[e->n_edges] =
    (kj_edge){.from = kiln_block_current(e->f), .next = to->first_edge, .time = e->time};
  to->first_edge = e->n_edges++;
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

void kj_switch(kj_expr *e, kiln_type type, kiln_value v, const kj_arm *cases, int n_cases,
               int otherwise) {
  kiln_switch_case *to = palloc(sizeof(kiln_switch_case) * (Size)n_cases);

  for (int k = 0; k < n_cases; k++) {
    to[k] = (kiln_switch_case){(int64)cases[k].constant, e->steps[cases[k].body].block};
    save_edge(e, cases[k].body);
  }
  save_edge(e, otherwise);
  kiln_build_switch(e->f, type, v, e->steps[otherwise].block, to, (uint32)n_cases);
  pfree(to);
  e->reachable = false;
}

/* Whether a way ends the expression with "false, not null": there is one block for all of them. */
static bool ends_false(const kj_expr *e, int target, int i, const kj_value *v) {
  return e->state->steps[target].opcode == EEOP_DONE_RETURN && e->steps[i].cell == 0 &&
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
  was = e->cells[cell];
  kj_set_cell(e, cell, v);
  kj_jump_if(e, cond, when, target);
  change(e, cell, was.defined, &was.now, was.clean);
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
    const kj_value *v = value_at(e, cell, e->edges[at].time);
    kiln_value arg;

    if (of_null) arg = v->n_nulls == 1 ? v->nulls[0] : kiln_const_int(e->f, v->n_nulls != 0);
    else if (v->form != KJ_CONST) arg = v->a;
    else arg = kiln_const_int(e->f, type == KILN_TYPE_I8 ? v->constant != 0 : (int64)v->constant);
    kiln_edge_set_arg(e->f, e->edges[at].from, e->steps[i].block, index, arg);
  }
  return param;
}

/* What a cell holds at step `i`, where several ways meet; false: not all of them write it. */
static bool join_cell(kj_expr *e, int i, int cell, kj_value *out) {
  bool same = true, nulls = true, settled = true;
  kj_form form = e->cells[cell].boolean ? KJ_BOOL : KJ_DATUM;
  const kj_value *first = value_at(e, cell, e->edges[e->steps[i].first_edge].time);

  if (first == NULL) return false;
  *out = *first;
  for (int at = e->steps[i].first_edge; at >= 0; at = e->edges[at].next) {
    const kj_value *v = value_at(e, cell, e->edges[at].time);

    if (v == NULL) return false;
    same &= same_content(v, first);
    nulls &= same_nulls(v, first);
    settled &=
      (v->form == KJ_CONST || v->form == form) && (v->n_nulls <= 1 || v->n_nulls == KJ_ALWAYS_NULL);
  }
  if (same && nulls) return true;
  if (!settled) {
    kiln_func_fail(e->f, KILN_ERR_STRUCTURE, "kilnjit: ways meet with values of different forms");
    return false;
  }
  if (!same)
    *out =
      kj_make(form, join_param(e, i, cell, form == KJ_BOOL ? KILN_TYPE_I8 : KILN_TYPE_I64, false));
  if (nulls) {
    out->n_nulls = first->n_nulls;
    out->nulls[0] = first->nulls[0];
  } else {
    out->n_nulls = 1;
    out->nulls[0] = join_param(e, i, cell, KILN_TYPE_I8, true);
  }
  return true;
}

void kj_begin_target(kj_expr *e, int i) {
  uint32 since;
  int n = 0;

  kj_jump(e, i); /* from the step before */
  if (e->steps[i].first_edge < 0) return;
  since = e->steps[i].first_time;
  for (int cell = e->newest; cell >= 0; cell = e->cells[cell].older) {
    const kj_cell *c = &e->cells[cell];

    if (c->versions[c->n_versions - 1].time <= since) break;
    KJ_ROOM(CurrentMemoryContext, e->joined, n, e->max_joined);
    e->joined[n++] = cell;
  }
  for (int k = n - 1; k >= 0; k--) {
    int cell = e->joined[k];
    kj_value v = {0};

    if (e->cells[cell].last_read < i) {
      unlink_cell(e, cell); /* for good */
      continue;
    }
    change(e, cell, kj_is_live(e, cell, i) && join_cell(e, i, cell, &v), &v, false);
  }
  e->reachable = true;
  kiln_block_switch(e->f, e->steps[i].block);
}
