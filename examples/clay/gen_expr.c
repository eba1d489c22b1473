/* Expressions: each function builds code for one and returns its value. Called by gen.c and gen_call.c. A condition
 * becomes a branch where one is needed, and a value elsewhere. */
#include "gen.h"

/* ---- operators ---- */

/* Clay's operators on numbers, as Kiln's; KILN_OP_NONE: not on this type. */
static const struct {
  kiln_op integer, number;
} arithmetic[T_COUNT] = {
  [T_ADD] = {KILN_OP_ADD, KILN_OP_FADD},
  [T_SUB] = {KILN_OP_SUB, KILN_OP_FSUB},
  [T_MUL] = {KILN_OP_MUL, KILN_OP_FMUL},
  [T_DIV] = {KILN_OP_SDIV, KILN_OP_FDIV},
  [T_REM] = {KILN_OP_SREM, 0},
  [T_BIT_AND] = {KILN_OP_AND, 0},
  [T_BIT_OR] = {KILN_OP_OR, 0},
  [T_BIT_XOR] = {KILN_OP_XOR, 0},
  [T_SHL] = {KILN_OP_SHL, 0},
  [T_SHR] = {KILN_OP_ASHR, 0},
};

static const struct {
  kiln_icond integer;
  kiln_fcond number;
} comparison[T_COUNT] = {
  [T_EQ] = {KILN_ICOND_EQ, KILN_FCOND_OEQ},  [T_NE] = {KILN_ICOND_NE, KILN_FCOND_UNE},
  [T_LT] = {KILN_ICOND_SLT, KILN_FCOND_OLT}, [T_LE] = {KILN_ICOND_SLE, KILN_FCOND_OLE},
  [T_GT] = {KILN_ICOND_SGT, KILN_FCOND_OGT}, [T_GE] = {KILN_ICOND_SGE, KILN_FCOND_OGE},
};

static bool is_comparison(enum token_kind op) {
  return op == T_EQ || op == T_NE || op == T_LT || op == T_LE || op == T_GT || op == T_GE;
}

static kiln_value gen_comparison(struct gen *g, enum token_kind op, const struct type *t,
                                 struct place at, kiln_value a, kiln_value b) {
  kiln_value both[] = {a, b}, zero = kiln_const_int(g->f, 0);
  kiln_icond cond = comparison[op].integer;
  if (t->kind == TYPE_FLOAT) {
    return kiln_build_fcmp(g->f, comparison[op].number, KILN_TYPE_F64, a, b);
  }
  if (t->kind != TYPE_STR) return kiln_build_icmp(g->f, cond, gen_type(t), a, b);
  if (op != T_EQ && op != T_NE) {
    return kiln_build_icmp(g->f, cond, KILN_TYPE_I64, gen_runtime(g, RT_compare, at, both), zero);
  }
  kiln_value equal = gen_runtime(g, RT_equal, at, both);
  return kiln_build_icmp(g->f, op == T_EQ ? KILN_ICOND_NE : KILN_ICOND_EQ, KILN_TYPE_I64, equal,
                         zero);
}

/* Quotient or remainder. In Kiln's IR the effect of a division by 0, or of the least int by -1, depends on the
 * target; in Clay the first is an error and the second wraps around: a / -1 is -a, a % -1 is 0. */
static kiln_value gen_division(struct gen *g, kiln_op op, struct place at, kiln_value a,
                               kiln_value b, const struct expr *right) {
  kiln_func *f = g->f;
  const kiln_type type = KILN_TYPE_I64;
  if (right->kind == EXPR_INT && right->integer != 0 && right->integer != -1) {
    return kiln_build_binary(f, op, type, a, b);
  }
  gen_check(g, kiln_build_icmp(f, KILN_ICOND_NE, type, b, kiln_const_int(f, 0)), RT_fail_zero, at);
  kiln_block divide = kiln_block_new(f), negate = kiln_block_new(f), done = kiln_block_new(f);
  kiln_value result = kiln_block_add_param(f, done, type);
  kiln_value minus_one = kiln_build_icmp(f, KILN_ICOND_EQ, type, b, kiln_const_int(f, -1));
  kiln_build_brif(f, minus_one, negate, NULL, 0, divide, NULL, 0);

  kiln_block_switch(f, divide);
  kiln_value quotient = kiln_build_binary(f, op, type, a, b);
  kiln_build_br(f, done, &quotient, 1);

  kiln_block_switch(f, negate);
  kiln_value wrapped =
    op == KILN_OP_SDIV ? kiln_build_unary(f, KILN_OP_NEG, type, a) : kiln_const_int(f, 0);
  kiln_build_br(f, done, &wrapped, 1);
  kiln_block_switch(f, done);
  return result;
}

kiln_value gen_op(struct gen *g, enum token_kind op, const struct type *t, struct place at,
                  kiln_value a, kiln_value b, const struct expr *right) {
  if (is_comparison(op)) return gen_comparison(g, op, t, at, a, b);
  if (t->kind == TYPE_STR) return gen_runtime(g, RT_concat, at, (kiln_value[]){a, b});
  if (t->kind == TYPE_FLOAT) {
    return kiln_build_binary(g->f, arithmetic[op].number, KILN_TYPE_F64, a, b);
  }
  kiln_op integer = arithmetic[op].integer;
  if (op == T_DIV || op == T_REM) return gen_division(g, integer, at, a, b, right);
  if (op == T_SHL || op == T_SHR) { /* by the count modulo 64 */
    b = kiln_build_binary(g->f, KILN_OP_AND, KILN_TYPE_I64, b, kiln_const_int(g->f, 63));
  }
  return kiln_build_binary(g->f, integer, KILN_TYPE_I64, a, b);
}

static kiln_value gen_unary(struct gen *g, const struct expr *e) {
  kiln_value a = gen_expr(g, e->a);
  switch (e->op) {
  case T_NOT: return kiln_build_icmp(g->f, KILN_ICOND_EQ, KILN_TYPE_I8, a, kiln_const_int(g->f, 0));
  case T_BIT_NOT: return kiln_build_unary(g->f, KILN_OP_NOT, KILN_TYPE_I64, a);
  default:
    if (e->type->kind == TYPE_FLOAT) return kiln_build_unary(g->f, KILN_OP_FNEG, KILN_TYPE_F64, a);
    return kiln_build_unary(g->f, KILN_OP_NEG, KILN_TYPE_I64, a);
  }
}

/* ---- conditions ---- */

void gen_condition(struct gen *g, const struct expr *e, kiln_block yes, kiln_block no) {
  if (e->kind == EXPR_BINARY && (e->op == T_AND || e->op == T_OR)) {
    kiln_block second = kiln_block_new(g->f);
    gen_condition(g, e->a, e->op == T_AND ? second : yes, e->op == T_AND ? no : second);
    kiln_block_switch(g->f, second);
    gen_condition(g, e->b, yes, no);
  } else if (e->kind == EXPR_UNARY && e->op == T_NOT) {
    gen_condition(g, e->a, no, yes);
  } else if (e->kind == EXPR_BOOL) {
    kiln_build_br(g->f, e->integer != 0 ? yes : no, NULL, 0);
  } else {
    kiln_build_brif(g->f, gen_expr(g, e), yes, NULL, 0, no, NULL, 0);
  }
}

/* `and` or `or` as a value: the parameter of the block where both ways meet. */
static kiln_value gen_short_circuit(struct gen *g, const struct expr *e) {
  kiln_block second = kiln_block_new(g->f), done = kiln_block_new(g->f);
  kiln_value result = kiln_block_add_param(g->f, done, KILN_TYPE_I8);
  kiln_value a = gen_expr(g, e->a);
  if (e->op == T_AND) kiln_build_brif(g->f, a, second, NULL, 0, done, &a, 1);
  else kiln_build_brif(g->f, a, done, &a, 1, second, NULL, 0);
  kiln_block_switch(g->f, second);
  kiln_value b = gen_expr(g, e->b);
  kiln_build_br(g->f, done, &b, 1);
  kiln_block_switch(g->f, done);
  return result;
}

/* ---- strings and arrays ---- */

kiln_value gen_zero(struct gen *g, const struct type *t, struct place at) {
  kiln_value zero = kiln_const_int(g->f, 0);
  switch (t->kind) {
  case TYPE_FLOAT: return kiln_const_f64(g->f, 0);
  case TYPE_STR: return kiln_const_symbol(g->f, gen_string(g, g->empty), 0);
  case TYPE_ARRAY: {
    kiln_value references = kiln_const_int(g->f, gen_is_reference(t->elem));
    return gen_runtime(g, RT_array_new, at, (kiln_value[]){zero, zero, references});
  }
  default: return zero;
  }
}

/* The array is made first, each element then added. */
static kiln_value gen_array(struct gen *g, const struct expr *e) {
  kiln_value array = gen_zero(g, e->type, e->at);
  if (e->list == NULL) return array;
  struct held held = gen_hold(g, e->type, array, true);
  for (const struct expr *i = e->list; i != NULL; i = i->next) {
    kiln_value cell = gen_to_cell(g, i->type, gen_expr(g, i));
    gen_runtime(g, RT_push, i->at, (kiln_value[]){gen_held(g, &held), cell});
  }
  array = gen_held(g, &held);
  gen_release(g, &held);
  return array;
}

/* One unsigned comparison finds negative indexes, too. Strings and arrays begin with their size. */
static void check_index(struct gen *g, const struct expr *e, kiln_value sequence,
                        kiln_value index) {
  kiln_value size = kiln_build_load(g->f, KILN_TYPE_I64, sequence, ARRAY_SIZE, 0);
  kiln_value ok = kiln_build_icmp(g->f, KILN_ICOND_ULT, KILN_TYPE_I64, index, size);
  struct check *check = gen_check(g, ok, RT_fail_index, e->at);
  check->args[0] = index;
  check->from[0] = e->b;
  check->args[1] = sequence;
  check->from[1] = e->a;
}

kiln_value gen_element(struct gen *g, const struct expr *e, kiln_value array, kiln_value index) {
  check_index(g, e, array, index);
  kiln_value cells = kiln_build_load(g->f, KILN_TYPE_PTR, array, ARRAY_CELLS, 0);
  return kiln_build_addr(g->f, cells, index, CELL_BYTES, 0);
}

static kiln_value gen_index(struct gen *g, const struct expr *e) {
  kiln_value v[2];
  gen_operands(g, (const struct expr *[]){e->a, e->b}, 2, v);
  if (e->a->type->kind == TYPE_ARRAY) return gen_load(g, e->type, gen_element(g, e, v[0], v[1]));
  check_index(g, e, v[0], v[1]);
  kiln_value byte = kiln_build_addr(g->f, v[0], v[1], 1, 0);
  return kiln_build_load_ext(g->f, KILN_TYPE_I64, KILN_TYPE_I8, byte, STR_BYTES, 0);
}

static kiln_value gen_slice(struct gen *g, const struct expr *e) {
  const struct expr *parts[3] = {e->a};
  uint32_t n = 1;
  if (e->b != NULL) parts[n++] = e->b;
  if (e->c != NULL) parts[n++] = e->c;
  kiln_value v[3];
  gen_operands(g, parts, n, v);
  kiln_value from = e->b != NULL ? v[1] : kiln_const_int(g->f, 0);
  kiln_value to =
    e->c != NULL ? v[n - 1] : kiln_build_load(g->f, KILN_TYPE_I64, v[0], ARRAY_SIZE, 0);
  enum runtime slice = e->type->kind == TYPE_STR ? RT_slice_str : RT_slice_array;
  return gen_runtime(g, slice, e->at, (kiln_value[]){v[0], from, to});
}

/* ---- fields ---- */

/* A field of a view: where it is depends on the record. An inline cache has the shape of the record that came last, and
 * where the field is in records of this shape. It is data, so that no code is changed while it runs. */
static kiln_value gen_view_field(struct gen *g, const struct expr *e, kiln_value record) {
  kiln_func *f = g->f;
  kiln_symbol symbol =
    kiln_data_declare(g->m, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE});
  kiln_data_define(g->m, symbol, &(kiln_data_desc){.size_bytes = 16, .align_log2 = 3});
  kiln_block hit = kiln_block_new(f), miss = kiln_block_new(f), done = kiln_block_new(f);
  kiln_value offset = kiln_block_add_param(f, done, KILN_TYPE_I64);
  kiln_value cache = kiln_const_symbol(f, symbol, 0);
  kiln_value shape = kiln_build_load(f, KILN_TYPE_PTR, record, RECORD_SHAPE, 0);
  kiln_value cached = kiln_build_load(f, KILN_TYPE_PTR, cache, CACHE_SHAPE, 0);
  kiln_value same = kiln_build_icmp(f, KILN_ICOND_EQ, KILN_TYPE_PTR, shape, cached);
  kiln_build_brif(f, same, hit, NULL, 0, miss, NULL, 0);

  kiln_block_switch(f, hit);
  kiln_value known = kiln_build_load(f, KILN_TYPE_I64, cache, CACHE_OFFSET, 0);
  kiln_build_br(f, done, &known, 1);

  kiln_block_switch(f, miss);
  kiln_value name = kiln_const_symbol(f, gen_string(g, e->field), STR_BYTES);
  kiln_value found = gen_runtime(g, RT_find_field, e->at, (kiln_value[]){cache, record, name});
  kiln_build_br(f, done, &found, 1);
  kiln_block_switch(f, done);
  return kiln_build_addr(f, record, offset, 1, 0);
}

kiln_value gen_field(struct gen *g, const struct expr *e, kiln_value record) {
  if (e->a->type->kind == TYPE_VIEW) return gen_view_field(g, e, record);
  return kiln_build_addr(g->f, record, (kiln_value){0}, 0, (int32_t)(e->index * CELL_BYTES));
}

/* ---- all ---- */

static kiln_value gen_name(struct gen *g, const struct var *v, struct place at) {
  kiln_value where = {v->value};
  if (v->global) where = kiln_const_symbol(g->f, gen_global(g, v), 0);
  else if (!v->assigned) return where;
  kiln_value value = gen_load(g, v->type, where);
  /* Records and views have no first value. */
  if (v->global && (v->type->kind == TYPE_RECORD || v->type->kind == TYPE_VIEW)) {
    kiln_value set =
      kiln_build_icmp(g->f, KILN_ICOND_NE, KILN_TYPE_I64, value, kiln_const_int(g->f, 0));
    gen_check(g, set, RT_fail_unset, at);
  }
  return value;
}

static kiln_value gen_value(struct gen *g, const struct expr *e) {
  switch (e->kind) {
  case EXPR_INT:
  case EXPR_BOOL: return kiln_const_int(g->f, e->integer);
  case EXPR_FLOAT: return kiln_const_f64(g->f, e->number);
  case EXPR_STR: return kiln_const_symbol(g->f, gen_string(g, e->text), 0);
  case EXPR_ARRAY: return gen_array(g, e);
  case EXPR_NAME: return gen_name(g, e->var, e->at);
  case EXPR_UNARY: return gen_unary(g, e);
  case EXPR_BINARY:
    if (e->op == T_AND || e->op == T_OR) return gen_short_circuit(g, e);
    kiln_value v[2];
    gen_operands(g, (const struct expr *[]){e->a, e->b}, 2, v);
    return gen_op(g, e->op, e->a->type, e->at, v[0], v[1], e->b);
  case EXPR_INDEX: return gen_index(g, e);
  case EXPR_SLICE: return gen_slice(g, e);
  case EXPR_FIELD: return gen_load(g, e->type, gen_field(g, e, gen_expr(g, e->a)));
  case EXPR_CALL: return gen_call(g, e);
  }
  return (kiln_value){0};
}

kiln_value gen_expr(struct gen *g, const struct expr *e) {
  kiln_func_set_text_position(g->f, e->at.line, e->at.column);
  kiln_value v = gen_value(g, e);
  bool made = e->kind != EXPR_NAME &&
              e->kind != EXPR_STR; /* not a constant; a variable was loaded from a root */
  if (made && gen_is_reference(e->type)) kiln_func_set_reference(g->f, v, true);
  return v;
}
