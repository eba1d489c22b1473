/* Steps that call a function through PostgreSQL's interface (FunctionCallInfo), or compute what it would by
 * instructions. Arguments are cells; they go to memory directly before a call. */
#include "kilnjit.h"

#include "utils/expandeddatum.h"

void kj_flush_args(kj_expr *e, int i, int first) {
  for (int k = first; k < e->steps[i].n_args; k++) kj_flush_cell(e, e->steps[i].args + k);
}

static kiln_value call(kj_expr *e, FunctionCallInfo fcinfo, PGFunction fn) {
  kiln_value args[1];

  kj_store(e, KILN_TYPE_I8, &fcinfo->isnull, kiln_const_int(e->f, 0));
  args[0] = kj_address(e, fcinfo);
  return kiln_build_call(e->f, kj_sig(e->batch, KJ_SIG_I64_1), kj_address(e, (void *)fn), args, 1);
}

kj_value kj_call(kj_expr *e, FunctionCallInfo fcinfo, PGFunction fn) {
  kj_value v = kj_make(KJ_DATUM, call(e, fcinfo, fn));

  v.nulls[0] = kj_load(e, KILN_TYPE_I8, &fcinfo->isnull);
  v.n_nulls = 1;
  return v;
}

/* A block where two ways meet, with a Datum and a null flag. */
static kiln_block join_value(kj_expr *e, kj_value *v) {
  kiln_block join = kiln_block_new(e->f);

  *v = kj_make(KJ_DATUM, kiln_block_add_param(e->f, join, KILN_TYPE_I64));
  v->nulls[0] = kiln_block_add_param(e->f, join, KILN_TYPE_I8);
  v->n_nulls = 1;
  return join;
}

static void go_with(kj_expr *e, kiln_block to, const kj_value *v) {
  kiln_value args[2] = {kj_as_datum(e, v), kj_null(e, v)};

  kiln_build_br(e->f, to, args, 2);
}

/* The null flags of all arguments of step `i`. */
static kj_value any_null(kj_expr *e, int i) {
  kj_value any = kj_const(0);

  for (int k = 0; k < e->steps[i].n_args; k++) {
    kj_value arg = kj_read_cell(e, e->steps[i].args + k);

    kj_add_nulls(e, &any, &arg);
  }
  return any;
}

static kj_value native(kj_expr *e, int i, FunctionCallInfo fcinfo) {
  kj_value args[2] = {{0}};

  for (int k = 0; k < e->steps[i].n_args; k++) args[k] = kj_read_cell(e, e->steps[i].args + k);
  return kj_emit_operator(e, e->steps[i].native, fcinfo, args);
}

void kj_emit_func(kj_expr *e, int i, ExprEvalStep *op) {
  FunctionCallInfo fcinfo = op->d.func.fcinfo_data;
  bool strict = kj_is_strict(op->opcode);
  kj_value any = strict ? any_null(e, i) : kj_const(0), v;
  kiln_value no[2] = {kiln_const_int(e->f, 0), kiln_const_int(e->f, 1)};
  kiln_block on, join;

  if (any.n_nulls == KJ_ALWAYS_NULL) {
    kj_write_result(e, i, any);
    return;
  }
  if (strict && e->steps[i].native != NULL) {
    v = native(e, i, fcinfo);
    if (v.form != KJ_NONE) {
      kj_write_result(e, i, v);
      return;
    }
  }
  if (any.n_nulls == 0) {
    kj_flush_args(e, i, 0);
    kj_write_result(e, i, kj_call(e, fcinfo, op->d.func.fn_addr));
    return;
  }
  on = kiln_block_new(e->f);
  join = join_value(e, &v);
  kiln_build_brif(e->f, kj_null(e, &any), join, no, 2, on, NULL, 0);
  kiln_block_switch(e->f, on);
  kj_flush_args(e, i, 0);
  any = kj_call(e, fcinfo, op->d.func.fn_addr);
  go_with(e, join, &any);
  kiln_block_switch(e->f, join);
  kj_write_result(e, i, v);
}

static kiln_value binary8(kj_expr *e, kiln_op op, kiln_value a, kiln_value b) {
  return kiln_build_binary(e->f, op, KILN_TYPE_I8, a, b);
}

static kiln_value not8(kj_expr *e, kiln_value a) {
  return binary8(e, KILN_OP_XOR, a, kiln_const_int(e->f, 1));
}

/* Whether both operands of step `i` are not null and equal, or both null; `eq` compares those that are not null. */
static kj_value not_distinct(kj_expr *e, const kj_value *a, const kj_value *b, const kj_value *eq) {
  kiln_value na, nb, r;

  if (a->n_nulls == 0 && b->n_nulls == 0) {
    kj_value v = *eq;

    kj_not_null(&v);
    return v;
  }
  na = kj_null(e, a);
  nb = kj_null(e, b);
  r = binary8(e, KILN_OP_AND, kj_as_bool(e, eq), not8(e, binary8(e, KILN_OP_OR, na, nb)));
  if (a->n_nulls != 0 && b->n_nulls != 0)
    r = binary8(e, KILN_OP_OR, r, binary8(e, KILN_OP_AND, na, nb));
  return kj_make(KJ_BOOL, r);
}

static kj_value negate(kj_expr *e, const kj_value *v) {
  kj_value r = *v;

  if (v->form == KJ_ICMP || v->form == KJ_FCMP) r.cond ^= 1;
  else
    r = (kj_value){.form = KJ_BOOL,
                   .a = not8(e, kj_as_bool(e, v)),
                   .n_nulls = v->n_nulls,
                   .nulls = {v->nulls[0]}};
  return r;
}

void kj_emit_distinct(kj_expr *e, int i, ExprEvalStep *op) {
  FunctionCallInfo fcinfo = op->d.func.fcinfo_data;
  kj_value a = kj_read_cell(e, e->steps[i].args), b = kj_read_cell(e, e->steps[i].args + 1), any,
           eq, v;
  kiln_block on, join;
  kiln_value args[2], zero = kiln_const_int(e->f, 0);

  if (e->steps[i].native != NULL && a.n_nulls != KJ_ALWAYS_NULL && b.n_nulls != KJ_ALWAYS_NULL) {
    eq = native(e, i, fcinfo);
    v = not_distinct(e, &a, &b, &eq);
    kj_write_result(e, i, op->opcode == EEOP_DISTINCT ? negate(e, &v) : v);
    return;
  }
  any = any_null(e, i);
  on = kiln_block_new(e->f);
  join = join_value(e, &v);
  if (any.n_nulls != 0) {
    kj_value both = kj_make(KJ_BOOL, binary8(e, KILN_OP_AND, kj_null(e, &a), kj_null(e, &b)));

    if (op->opcode == EEOP_DISTINCT) both = negate(e, &both);
    args[0] = kj_as_datum(e, &both);
    args[1] = zero;
    kiln_build_brif(e->f, kj_null(e, &any), join, args, 2, on, NULL, 0);
  } else {
    kiln_build_br(e->f, on, NULL, 0);
  }
  kiln_block_switch(e->f, on);
  kj_flush_args(e, i, 0);
  eq = kj_call(e, fcinfo, op->d.func.fn_addr);
  if (op->opcode == EEOP_DISTINCT) eq = negate(e, &eq);
  go_with(e, join, &eq);
  kiln_block_switch(e->f, join);
  kj_write_result(e, i, v);
}

void kj_emit_nullif(kj_expr *e, int i, ExprEvalStep *op) {
  FunctionCallInfo fcinfo = op->d.func.fcinfo_data;
  kj_value a = kj_read_cell(e, e->steps[i].args), any = any_null(e, i), eq, v;
  kiln_block on, join, equal;
  kiln_value args[2];

  kj_settle(e, &a, false);
  on = kiln_block_new(e->f);
  equal = kiln_block_new(e->f);
  join = join_value(e, &v);
  args[0] = kj_as_datum(e, &a);
  args[1] = kj_null(e, &a);
  kiln_build_brif(e->f, kj_null(e, &any), join, args, 2, on, NULL, 0);
  kiln_block_switch(e->f, on);
  kj_flush_args(e, i, 0);
  if (op->d.func.make_ro) {
    kiln_value ro =
      kiln_build_call(e->f, kj_sig(e->batch, KJ_SIG_I64_1),
                      kj_address(e, (void *)MakeExpandedObjectReadOnlyInternal), args, 1);

    kj_store(e, KILN_TYPE_I64, &fcinfo->args[0].value, ro);
  }
  eq = kj_call(e, fcinfo, op->d.func.fn_addr);
  kiln_build_brif(e->f, binary8(e, KILN_OP_AND, kj_as_bool(e, &eq), not8(e, kj_null(e, &eq))),
                  equal, NULL, 0, join, args, 2);
  kiln_block_switch(e->f, equal);
  args[0] = kiln_const_int(e->f, 0);
  args[1] = kiln_const_int(e->f, 1);
  kiln_build_br(e->f, join, args, 2);
  kiln_block_switch(e->f, join);
  kj_write_result(e, i, v);
}

/* By the text form: the output function of one type, the input function of the other. Null stays null. */
void kj_emit_iocoerce(kj_expr *e, int i, ExprEvalStep *op) {
  FunctionCallInfo out = op->d.iocoerce.fcinfo_data_out, in = op->d.iocoerce.fcinfo_data_in;
  kj_value v = kj_read_result(e, i), text;
  kiln_value null, zero = kiln_const_int(e->f, 0), args[1];
  bool strict = op->d.iocoerce.finfo_in->fn_strict;
  kiln_block has = kiln_block_new(e->f), input = kiln_block_new(e->f), on = kiln_block_new(e->f);
  kiln_value string = kiln_block_add_param(e->f, input, KILN_TYPE_I64);
  kj_value r = kj_make(KJ_DATUM, kiln_block_add_param(e->f, on, KILN_TYPE_I64));

  kj_settle(e, &v, false);
  null = kj_null(e, &v);
  kiln_build_brif(e->f, null, strict ? on : input, &zero, 1, has, NULL, 0);
  kiln_block_switch(e->f, has);
  kj_store(e, KILN_TYPE_I64, &out->args[0].value, kj_as_datum(e, &v));
  kj_store(e, KILN_TYPE_I8, &out->args[0].isnull, zero);
  args[0] = call(e, out, out->flinfo->fn_addr);
  kiln_build_br(e->f, input, args, 1);
  kiln_block_switch(e->f, input);
  text = kj_make(KJ_DATUM, string);
  if (strict) { /* an output function that gives NULL */
    kiln_block some = kiln_block_new(e->f);
    kiln_value is = kiln_build_icmp(e->f, KILN_ICOND_EQ, KILN_TYPE_I64, string, zero);

    kiln_build_brif(e->f, is, on, &zero, 1, some, NULL, 0);
    kiln_block_switch(e->f, some);
  }
  kj_store(e, KILN_TYPE_I64, &in->args[0].value, kj_as_datum(e, &text));
  kj_store(e, KILN_TYPE_I8, &in->args[0].isnull, null);
  args[0] = call(e, in, in->flinfo->fn_addr);
  kiln_build_br(e->f, on, args, 1);
  kiln_block_switch(e->f, on);
  kj_add_nulls(e, &r, &v);
  kj_write_result(e, i, r);
}

/* Goes to step `target` with a null as the result, if a flag is set. */
static void null_jump(kj_expr *e, int i, const kj_value *flags, int target) {
  kj_value null = kj_const(0);

  if (flags->n_nulls == 0) return;
  null.n_nulls = KJ_ALWAYS_NULL;
  kj_jump_with(e, kj_null(e, flags), true, target, i, null);
}

void kj_emit_rowcompare(kj_expr *e, int i, ExprEvalStep *op) {
  kj_value any = any_null(e, i), v, order;
  int cell = e->steps[i].cell;

  if (op->d.rowcompare_step.finfo->fn_strict) null_jump(e, i, &any, op->d.rowcompare_step.jumpnull);
  kj_flush_args(e, i, 0);
  v = kj_call(e, op->d.rowcompare_step.fcinfo_data, op->d.rowcompare_step.fn_addr);
  null_jump(e, i, &v, op->d.rowcompare_step.jumpnull);
  kj_not_null(&v);
  if (cell >= 0) kj_set_cell(e, cell, v);
  else kj_write_result(e, i, v);
  order = v;
  kj_jump_if(e,
             kiln_build_icmp(e->f, KILN_ICOND_NE, KILN_TYPE_I32,
                             kj_as_type(e, &order, KILN_TYPE_I32), kiln_const_int(e->f, 0)),
             true, op->d.rowcompare_step.jumpdone);
}

#if PG_VERSION_NUM >= 180000
/* One of several columns that are hashed: what was hashed before is turned by a bit, and the column's hash is xored to
 * it. Null counts as 0, or ends it with null. */
void kj_emit_hash(kj_expr *e, int i, ExprEvalStep *op) {
  bool strict =
    op->opcode == EEOP_HASHDATUM_FIRST_STRICT || op->opcode == EEOP_HASHDATUM_NEXT32_STRICT;
  bool first = op->opcode == EEOP_HASHDATUM_FIRST || op->opcode == EEOP_HASHDATUM_FIRST_STRICT;
  kj_value v = kj_read_cell(e, e->steps[i].args);
  kiln_value zero = kiln_const_int(e->f, 0), hash, before;
  kiln_block has = kiln_block_new(e->f), on = kiln_block_new(e->f);
  kiln_value own = kiln_block_add_param(e->f, on, KILN_TYPE_I64);

  if (strict) { /* the result of the whole is null, not only this step's */
    int cell = e->steps[i].cell;

    e->steps[i].cell = 0;
    null_jump(e, i, &v, op->d.hashdatum.jumpdone);
    e->steps[i].cell = cell;
  }
  kiln_build_brif(e->f, strict ? zero : kj_null(e, &v), on, &zero, 1, has, NULL, 0);
  kiln_block_switch(e->f, has);
  kj_flush_args(e, i, 0);
  hash = call(e, op->d.hashdatum.fcinfo_data, op->d.hashdatum.fn_addr);
  kiln_build_br(e->f, on, &hash, 1);
  kiln_block_switch(e->f, on);
  if (!first) {
    before = kj_load(e, KILN_TYPE_I32, &op->d.hashdatum.iresult->value);
    before = kiln_build_binary(e->f, KILN_OP_ROTL, KILN_TYPE_I32, before, kiln_const_int(e->f, 1));
    own = kiln_build_convert(e->f, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64, own);
    own = kiln_build_binary(e->f, KILN_OP_XOR, KILN_TYPE_I32, own, before);
    own = kiln_build_convert(e->f, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I32, own);
  }
  kj_write_result(e, i, kj_make(KJ_DATUM, own));
}

void kj_emit_hash_begin(kj_expr *e, int i, ExprEvalStep *op) {
  kj_write_result(e, i, kj_const(op->d.hashdatum_initvalue.init_value));
}
#endif

/* ---- cold code ---- */

void kj_cold_add(kj_expr *e, const kj_cold *c) {
  KJ_ROOM(CurrentMemoryContext, e->colds, e->n_colds, e->max_colds);
  e->colds[e->n_colds++] = *c;
}

static void build_cold(kj_expr *e, const kj_cold *c) {
  static const kiln_type types[] = {[KJ_DATUM] = KILN_TYPE_I64, [KJ_BOOL] = KILN_TYPE_I8,
                                    [KJ_I16] = KILN_TYPE_I16,   [KJ_I32] = KILN_TYPE_I32,
                                    [KJ_F32] = KILN_TYPE_F32,   [KJ_F64] = KILN_TYPE_F64};
  kiln_type type = types[c->result_form];
  kj_value any = kj_const(0), r;
  kiln_value zero;

  kiln_block_switch(e->f, c->block);
  for (int k = 0; k < c->n_args; k++) kj_add_nulls(e, &any, &c->args[k]);
  if (any.n_nulls != 0) { /* the instructions computed something of what is no value */
    kiln_block has = kiln_block_new(e->f);

    zero = kiln_const_bits(e->f, type, 0, 0);
    kiln_build_brif(e->f, kj_null(e, &any), c->back, &zero, c->returns ? 1 : 0, has, NULL, 0);
    kiln_block_switch(e->f, has);
  }
  for (int k = 0; k < c->n_args; k++) {
    kj_value v = c->args[k];

    kj_not_null(&v);
    kj_store_value(e, &c->fcinfo->args[k].value, &c->fcinfo->args[k].isnull, &v);
  }
  r = kj_make(KJ_DATUM, call(e, c->fcinfo, c->fn));
  if (c->returns) {
    kiln_value result = kj_as_type(e, &r, type);

    kiln_build_br(e->f, c->back, &result, 1);
  } else {
    kiln_build_nullary(e->f, KILN_OP_UNREACHABLE);
  }
}

void kj_build_colds(kj_expr *e) {
  for (int k = 0; k < e->n_colds; k++) build_cold(e, &e->colds[k]);
}
