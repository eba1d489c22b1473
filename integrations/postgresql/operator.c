/* Functions that become instructions: operators.def says which. What such a function may report as an error, or does
 * otherwise than the instruction, goes to the function itself (kj_cold), so that errors are its own.
 *
 * Instructions also run on what is null: the value is then any number, and nobody reads it. Only what must not be
 * computed of any number, a pointer's target, is branched around. */
#include "kilnjit.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

enum { TYPE_ANY = KILN_TYPE_COUNT, MAX_OPERATORS = 512 };

#define COND_COMPARE(x) KILN_ICOND_##x
#define COND_FCOMPARE(x) KILN_FCOND_##x
#define COND_FCHOOSE(x) KILN_FCOND_##x
#define COND_TEXT(x) KILN_ICOND_##x
#define COND_BPCHAR(x) KILN_ICOND_##x
#define COND_LIKE(x) KILN_ICOND_##x
#define COND_NUMERIC(x) KILN_ICOND_##x
#define COND_OVERFLOW(x) KILN_OP_##x
#define COND_DIVIDE(x) KILN_OP_##x
#define COND_NEGATE(x) KILN_OP_##x
#define COND_MAGNITUDE(x) KILN_OP_##x
#define COND_INCREMENT(x) KILN_OP_##x
#define COND_BINARY(x) KILN_OP_##x
#define COND_UNARY(x) KILN_OP_##x
#define COND_FUNARY(x) KILN_OP_##x
#define COND_FLOAT(x) KILN_OP_##x
#define COND_FLOAT_NONZERO(x) KILN_OP_##x
#define COND_CONVERT(x) KILN_OP_##x
#define COND_NARROW(x) KILN_OP_##x
#define KILN_TYPE_TEXT KILN_TYPE_I64
#define KILN_TYPE_NUMERIC KILN_TYPE_I64
#define KILN_TYPE_ANY TYPE_ANY

static const kj_operator operators[] = {
#define OPERATOR(fn, kind, a, b, r, x)                                                             \
  {fn, KJ_##kind, KILN_TYPE_##a, (uint8)KILN_TYPE_##b, KILN_TYPE_##r, COND_##kind(x)},
#include "operators.def"
};

static uint32 hash_of(PGFunction fn) {
  return (uint32)(((uint64)(uintptr_t)fn * UINT64CONST(0x9e3779b97f4a7c15)) >> 48) &
         (MAX_OPERATORS - 1);
}

const kj_operator *kj_find_operator(PGFunction fn, FunctionCallInfo fcinfo) {
  static uint16
    by_function[MAX_OPERATORS]; /* index + 1; addresses are not known before the process runs */
  static bool filled = false;
  const kj_operator *op;
  uint32 at;

  StaticAssertStmt(lengthof(operators) < MAX_OPERATORS * 3 / 4, "too many operators");
  for (int i = 0; !filled && i < (int)lengthof(operators); i++) {
    for (at = hash_of(operators[i].fn); by_function[at] != 0; at = (at + 1) & (MAX_OPERATORS - 1)) {
    }
    by_function[at] = (uint16)(i + 1);
  }
  filled = true;
  for (at = hash_of(fn); by_function[at] != 0; at = (at + 1) & (MAX_OPERATORS - 1)) {
    op = &operators[by_function[at] - 1];
    if (op->fn != fn) continue;
    if (fcinfo->nargs != kj_operator_args(op)) return NULL;
    if ((op->kind == KJ_TEXT || op->kind == KJ_BPCHAR || op->kind == KJ_LIKE) &&
        !kj_equal_by_bytes(fcinfo->fncollation))
      return NULL;
    if (op->kind == KJ_LIKE && !kj_like_by_bytes()) return NULL;
    return op;
  }
  return NULL;
}

bool kj_operator_is_boolean(const kj_operator *op) { return op->result == KILN_TYPE_I8; }

int kj_operator_args(const kj_operator *op) { return op->b == KILN_TYPE_VOID ? 1 : 2; }

/* ---- numbers ---- */

static bool is_number(const kj_value *v, kiln_type type) {
  if (v->form != KJ_CONST) return false;
  return type == KILN_TYPE_F64 ? !isnan(DatumGetFloat8(v->constant))
                               : !isnan(DatumGetFloat4(v->constant));
}

static kiln_value fcmp(kj_expr *e, int cond, kiln_type type, kiln_value a, kiln_value b) {
  return kiln_build_fcmp(e->f, (kiln_fcond)cond, type, a, b);
}

static kiln_value binary8(kj_expr *e, kiln_op op, kiln_value a, kiln_value b) {
  return kiln_build_binary(e->f, op, KILN_TYPE_I8, a, b);
}

/* PostgreSQL's order of floats: a NaN equals a NaN, and is greater than all others. */
static kj_value compare_floats(kj_expr *e, int cond, kiln_type type, const kj_operator *op,
                               const kj_value *args) {
  bool a_number = is_number(&args[0], op->a), b_number = is_number(&args[1], op->b);
  kj_value r = {.form = KJ_FCMP, .cond = (uint8)cond, .type = (uint8)type};
  kiln_value a_nan, b_nan, both;

  r.a = kj_as_wider(e, &args[0], op->a, type);
  r.b = kj_as_wider(e, &args[1], op->b, type);
  if (cond == KILN_FCOND_OEQ || cond == KILN_FCOND_UNE) {
    if (a_number || b_number) return r;
    a_nan = fcmp(e, KILN_FCOND_UNO, type, r.a, r.a);
    b_nan = fcmp(e, KILN_FCOND_UNO, type, r.b, r.b);
    both = binary8(e, KILN_OP_AND, a_nan, b_nan);
    both = binary8(e, KILN_OP_OR, both, fcmp(e, KILN_FCOND_OEQ, type, r.a, r.b));
    if (cond == KILN_FCOND_UNE) both = binary8(e, KILN_OP_XOR, both, kiln_const_int(e->f, 1));
    return kj_make(KJ_BOOL, both);
  }
  /* a > b, a >= b: with a number for b, true if a is NaN. a < b, a <= b: with a number for a, true if b is. */
  if (cond == KILN_FCOND_OGT || cond == KILN_FCOND_OGE) {
    if (a_number)
      return r.cond = (uint8)(cond == KILN_FCOND_OGT ? KILN_FCOND_OGT : KILN_FCOND_OGE), r;
    if (b_number)
      return r.cond = (uint8)(cond == KILN_FCOND_OGT ? KILN_FCOND_UGT : KILN_FCOND_UGE), r;
  } else {
    if (b_number) return r;
    if (a_number)
      return r.cond = (uint8)(cond == KILN_FCOND_OLT ? KILN_FCOND_ULT : KILN_FCOND_ULE), r;
  }
  a_nan = fcmp(e, KILN_FCOND_UNO, type, r.a, r.a);
  b_nan = fcmp(e, KILN_FCOND_UNO, type, r.b, r.b);
  if (cond == KILN_FCOND_OGT ||
      cond == KILN_FCOND_OLT) { /* the one that is greater is NaN, the other one not */
    kiln_value greater = cond == KILN_FCOND_OGT ? a_nan : b_nan,
               less = cond == KILN_FCOND_OGT ? b_nan : a_nan;

    both = binary8(e, KILN_OP_AND, greater, binary8(e, KILN_OP_XOR, less, kiln_const_int(e->f, 1)));
  } else {
    both = cond == KILN_FCOND_OGE ? a_nan : b_nan;
  }
  return kj_make(KJ_BOOL, binary8(e, KILN_OP_OR, both, fcmp(e, cond, type, r.a, r.b)));
}

/* A call of the function, for arguments that the instructions do not cover. */
static kj_cold add_cold(kj_expr *e, const kj_operator *op, FunctionCallInfo fcinfo,
                        const kj_value *args, bool returns) {
  kj_cold c = {.block = kiln_block_new(e->f),
               .back = kiln_block_new(e->f),
               .fcinfo = fcinfo,
               .fn = op->fn,
               .n_args = kj_operator_args(op),
               .returns = returns,
               .result_form = (uint8)kj_form_of(op->result)};

  for (int k = 0; k < c.n_args; k++) c.args[k] = args[k];
  kj_cold_add(e, &c);
  return c;
}

/* Leaves the instructions if `cond` is 1, and comes back with the function's result, if it returns. */
static kiln_value leave_if(kj_expr *e, kiln_value cond, const kj_operator *op,
                           FunctionCallInfo fcinfo, const kj_value *args, kiln_value result,
                           bool returns) {
  kj_cold c = add_cold(e, op, fcinfo, args, returns);
  kiln_value param = returns ? kiln_block_add_param(e->f, c.back, op->result) : result;

  kiln_build_brif(e->f, cond, c.block, NULL, 0, c.back, &result, returns ? 1 : 0);
  kiln_block_switch(e->f, c.back);
  return param;
}

static kiln_value icmp(kj_expr *e, kiln_icond cond, kiln_type type, kiln_value a, int64 b) {
  return kiln_build_icmp(e->f, cond, type, a, kiln_const_int(e->f, b));
}

static kiln_value emit_divide(kj_expr *e, const kj_operator *op, FunctionCallInfo fcinfo,
                              const kj_value *args) {
  kiln_type type = op->result;
  kiln_value a = kj_as_wider(e, &args[0], op->a, type), b = kj_as_wider(e, &args[1], op->b, type),
             r, special, next;
  kiln_block on;
  kj_cold c;

  if (args[1].form == KJ_CONST && args[1].n_nulls == 0) {
    int64 by = kj_constant_int(&args[1], op->b);

    if (by != 0 && by != -1) return kiln_build_binary(e->f, (kiln_op)op->x, type, a, b);
  }
  /* 0 and -1: one more is at most 1 as an unsigned number */
  next = kiln_build_binary(e->f, KILN_OP_ADD, type, b, kiln_const_int(e->f, 1));
  special = icmp(e, KILN_ICOND_ULE, type, next, 1);
  c = add_cold(e, op, fcinfo, args, true);
  on = kiln_block_new(e->f);
  kiln_build_brif(e->f, special, c.block, NULL, 0, on, NULL, 0);
  kiln_block_switch(e->f, on);
  r = kiln_build_binary(e->f, (kiln_op)op->x, type, a, b);
  kiln_build_br(e->f, c.back, &r, 1);
  r = kiln_block_add_param(e->f, c.back, type);
  kiln_block_switch(e->f, c.back);
  return r;
}

static kiln_value emit_float(kj_expr *e, const kj_operator *op, FunctionCallInfo fcinfo,
                             const kj_value *args) {
  kiln_type type = op->result;
  kiln_value r =
    kiln_build_binary(e->f, (kiln_op)op->x, type, kj_as_wider(e, &args[0], op->a, type),
                      kj_as_wider(e, &args[1], op->b, type));
  kiln_value size = kiln_build_unary(e->f, KILN_OP_FABS, type, r);
  kiln_value inf =
    type == KILN_TYPE_F64 ? kiln_const_f64(e->f, INFINITY) : kiln_const_f32(e->f, INFINITY);
  kiln_value zero = kiln_const_bits(e->f, type, 0, 0);
  kiln_value out = fcmp(e, KILN_FCOND_UGE, type, size, inf);

  if (op->kind == KJ_FLOAT_NONZERO)
    out = binary8(e, KILN_OP_OR, out, fcmp(e, KILN_FCOND_OEQ, type, r, zero));
  return leave_if(e, out, op, fcinfo, args, r, true);
}

static kiln_value emit_number(kj_expr *e, const kj_operator *op, FunctionCallInfo fcinfo,
                              const kj_value *args) {
  kiln_type type = op->result;
  kiln_value a = op->kind == KJ_OVERFLOW || op->kind == KJ_BINARY
                   ? kj_as_wider(e, &args[0], op->a, type)
                   : kj_as_type(e, &args[0], op->a);
  kiln_value r, out, one = kiln_const_int(e->f, 1);

  switch ((kj_kind)op->kind) {
  case KJ_OVERFLOW:
    r = kiln_build_binary(e->f, (kiln_op)op->x, type, a, kj_as_wider(e, &args[1], op->b, type));
    return leave_if(e, kiln_build_result(e->f, r, 1), op, fcinfo, args, r, false);
  case KJ_NEGATE:
    r = kiln_build_binary(e->f, (kiln_op)op->x, type, kiln_const_int(e->f, 0), a);
    return leave_if(e, kiln_build_result(e->f, r, 1), op, fcinfo, args, r, false);
  case KJ_INCREMENT:
    r = kiln_build_binary(e->f, (kiln_op)op->x, type, a, one);
    return leave_if(e, kiln_build_result(e->f, r, 1), op, fcinfo, args, r, false);
  case KJ_MAGNITUDE:
    r = kiln_build_unary(e->f, KILN_OP_ABS, type, a);
    return leave_if(e, icmp(e, KILN_ICOND_SLT, type, r, 0), op, fcinfo, args, r, false);
  case KJ_NARROW:
    r = kiln_build_convert(e->f, KILN_OP_TRUNC, type, op->a, a);
    out = kiln_build_convert(e->f, KILN_OP_SEXT, op->a, type, r);
    out = kiln_build_icmp(e->f, KILN_ICOND_NE, op->a, out, a);
    return leave_if(e, out, op, fcinfo, args, r, false);
  case KJ_BINARY:
    return kiln_build_binary(e->f, (kiln_op)op->x, type, a, kj_as_wider(e, &args[1], op->b, type));
  case KJ_UNARY:
  case KJ_FUNARY: return kiln_build_unary(e->f, (kiln_op)op->x, type, a);
  case KJ_CONVERT: return kiln_build_convert(e->f, (kiln_op)op->x, type, op->a, a);
  case KJ_DIVIDE: return emit_divide(e, op, fcinfo, args);
  case KJ_FLOAT:
  case KJ_FLOAT_NONZERO: return emit_float(e, op, fcinfo, args);
  case KJ_COMPARE:
  case KJ_FCOMPARE:
  case KJ_FCHOOSE:
  case KJ_TEXT:
  case KJ_BPCHAR:
  case KJ_LIKE:
  case KJ_NUMERIC: break;
  }
  return (kiln_value){0};
}

/* The value alone, which says nothing about nulls. */
static kj_value compute(kj_expr *e, const kj_operator *op, FunctionCallInfo fcinfo,
                        const kj_value *args, kj_value *any) {
  kiln_type type = op->a;
  kj_value r = {0};

  if (op->b != KILN_TYPE_VOID && op->b != TYPE_ANY && kiln_type_size(op->b) > kiln_type_size(type))
    type = op->b;
  switch ((kj_kind)op->kind) {
  case KJ_COMPARE:
    r = (kj_value){.form = KJ_ICMP, .cond = op->x, .type = (uint8)type};
    r.a = kj_as_wider(e, &args[0], op->a, type);
    r.b = kj_as_wider(e, &args[1], op->b, type);
    return r;
  case KJ_FCOMPARE: return compare_floats(e, op->x, type, op, args);
  case KJ_FCHOOSE: {
    kj_value first = compare_floats(e, op->x, type, op, args);
    kiln_value a = kj_as_type(e, &args[0], type), b = kj_as_type(e, &args[1], type);

    return kj_make(kj_form_of(type), kiln_build_select(e->f, type, kj_as_bool(e, &first), a, b));
  }
  case KJ_TEXT:
  case KJ_BPCHAR:
  case KJ_LIKE:
  case KJ_NUMERIC: return kj_emit_varlena(e, op, args, any);
  default: return kj_make(kj_form_of(op->result), emit_number(e, op, fcinfo, args));
  }
}

kj_value kj_emit_operator(kj_expr *e, const kj_operator *op, FunctionCallInfo fcinfo,
                          const kj_value *args) {
  kj_value any = kj_const(0), r;

  for (int k = 0; k < kj_operator_args(op); k++) kj_add_nulls(e, &any, &args[k]);
  if (any.n_nulls == KJ_ALWAYS_NULL) return any;
  r = compute(e, op, fcinfo, args, &any);
  if (r.form == KJ_NONE) return r;
  kj_add_nulls(e, &r, &any);
  return r;
}
