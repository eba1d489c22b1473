/* Values between steps: the forms they have, how one becomes another, how they go to memory and come from there.
 *
 * A comparison is made where it is read, so that a branch can be the processor's conditional jump. Its operands are
 * values in Kiln's IR, which never change: it may be made anywhere after them. */
#include "kilnjit.h"

kiln_sig kj_sig(kj_batch *b, int number) {
  static const struct {
    uint8 result, n_params;
    uint8 params[6];
  } rows[KJ_SIGS] = {
#define P KILN_TYPE_I64
    [KJ_SIG_I64_1] = {P, 1, {P}},
    [KJ_SIG_I64_3] = {P, 3, {P, P, P}},
    [KJ_SIG_I8_3] = {KILN_TYPE_I8, 3, {P, P, P}},
    [KJ_SIG_VOID_1] = {0, 1, {P}},
    [KJ_SIG_VOID_2] = {0, 2, {P, P}},
    [KJ_SIG_VOID_3] = {0, 3, {P, P, P}},
    [KJ_SIG_VOID_4] = {0, 4, {P, P, P, P}},
    [KJ_SIG_REPARENT] = {P, 6, {P, P, P, KILN_TYPE_I8, P, KILN_TYPE_I8}},
    [KJ_SIG_I8_2] = {KILN_TYPE_I8, 2, {P, P}},
    [KJ_SIG_I32_2] = {KILN_TYPE_I32, 2, {P, P}},
    [KJ_SIG_I64_2] = {P, 2, {P, P}},
#undef P
  };
  kiln_param params[6] = {0};
  kiln_type result = rows[number].result;

  if (b->sigs[number].id != 0) return b->sigs[number];
  for (int i = 0; i < rows[number].n_params; i++)
    params[i] = (kiln_param){.type = rows[number].params[i],
                             .flags = rows[number].params[i] == KILN_TYPE_I8 ? KILN_PARAM_ZEXT : 0};
  b->sigs[number] = kiln_sig_new(b->module, KILN_CC_C, KILN_SIG_NOUNWIND, params,
                                 rows[number].n_params, &result, result == KILN_TYPE_VOID ? 0 : 1);
  return b->sigs[number];
}

/* ---- memory ---- */

kiln_value kj_place(kj_expr *e, const void *address, int32 *disp) {
  int64 distance = (int64)((uintptr_t)address - (uintptr_t)e->state);

  *disp = 0;
  if (distance < PG_INT32_MIN / 2 || distance > PG_INT32_MAX / 2)
    return kiln_const_int(e->f, (int64)(uintptr_t)address);
  /* Most is allocated near the expression itself, whose address is in a register. */
  *disp = (int32)distance;
  return e->v_state;
}

kiln_value kj_address(kj_expr *e, const void *address) {
  int32 disp;
  kiln_value base = kj_place(e, address, &disp);

  return disp == 0 ? base : kiln_build_addr(e->f, base, (kiln_value){0}, 0, disp);
}

kiln_value kj_load(kj_expr *e, kiln_type type, const void *address) {
  int32 disp;
  kiln_value base = kj_place(e, address, &disp);

  return kiln_build_load(e->f, type, base, disp, 0);
}

void kj_store(kj_expr *e, kiln_type type, const void *address, kiln_value v) {
  int32 disp;
  kiln_value base = kj_place(e, address, &disp);

  kiln_build_store(e->f, type, base, disp, v, 0);
}

/* ---- forms ---- */

kj_value kj_make(kj_form form, kiln_value a) { return (kj_value){.form = form, .a = a}; }

kj_value kj_const(Datum constant) { return (kj_value){.form = KJ_CONST, .constant = constant}; }

static kiln_value convert(kj_expr *e, kiln_op op, kiln_type to, kiln_type from, kiln_value a) {
  return kiln_build_convert(e->f, op, to, from, a);
}

kiln_value kj_as_bool(kj_expr *e, const kj_value *v) {
  switch ((kj_form)v->form) {
  case KJ_NONE: break;
  case KJ_CONST: return kiln_const_int(e->f, v->constant != 0);
  case KJ_BOOL: return v->a;
  case KJ_ICMP: return kiln_build_icmp(e->f, v->cond, v->type, v->a, v->b);
  case KJ_FCMP: return kiln_build_fcmp(e->f, v->cond, v->type, v->a, v->b);
  case KJ_DATUM:
  case KJ_I16:
  case KJ_I32:
  case KJ_F32:
  case KJ_F64:
    return kiln_build_icmp(e->f, KILN_ICOND_NE, KILN_TYPE_I64, kj_as_datum(e, v),
                           kiln_const_int(e->f, 0));
  }
  return kiln_const_int(e->f, 0);
}

kiln_value kj_as_datum(kj_expr *e, const kj_value *v) {
  switch ((kj_form)v->form) {
  case KJ_NONE: break;
  case KJ_CONST: return kiln_const_int(e->f, (int64)v->constant);
  case KJ_DATUM: return v->a;
  case KJ_I16: return convert(e, KILN_OP_SEXT, KILN_TYPE_I64, KILN_TYPE_I16, v->a);
  case KJ_I32: return convert(e, KILN_OP_SEXT, KILN_TYPE_I64, KILN_TYPE_I32, v->a);
  case KJ_F64: return convert(e, KILN_OP_BITCAST, KILN_TYPE_I64, KILN_TYPE_F64, v->a);
  case KJ_F32:
    return convert(e, KILN_OP_SEXT, KILN_TYPE_I64, KILN_TYPE_I32,
                   convert(e, KILN_OP_BITCAST, KILN_TYPE_I32, KILN_TYPE_F32, v->a));
  case KJ_BOOL:
  case KJ_ICMP:
  case KJ_FCMP: return convert(e, KILN_OP_ZEXT, KILN_TYPE_I64, KILN_TYPE_I8, kj_as_bool(e, v));
  }
  return kiln_const_int(e->f, 0);
}

int64 kj_constant_int(const kj_value *v, kiln_type type) {
  return type == KILN_TYPE_I16   ? DatumGetInt16(v->constant)
         : type == KILN_TYPE_I32 ? DatumGetInt32(v->constant)
                                 : DatumGetInt64(v->constant);
}

static kiln_value as_int(kj_expr *e, const kj_value *v, kiln_type type) {
  kiln_value datum;

  if (v->form == KJ_CONST) return kiln_const_int(e->f, kj_constant_int(v, type));
  if ((v->form == KJ_I32 && type == KILN_TYPE_I32) || (v->form == KJ_I16 && type == KILN_TYPE_I16))
    return v->a;
  datum = kj_as_datum(e, v);
  return type == KILN_TYPE_I64 ? datum : convert(e, KILN_OP_TRUNC, type, KILN_TYPE_I64, datum);
}

static kiln_value as_float(kj_expr *e, const kj_value *v, kiln_type type) {
  kiln_value datum;

  if (v->form == KJ_CONST)
    return type == KILN_TYPE_F64 ? kiln_const_f64(e->f, DatumGetFloat8(v->constant))
                                 : kiln_const_f32(e->f, DatumGetFloat4(v->constant));
  if ((v->form == KJ_F64 && type == KILN_TYPE_F64) || (v->form == KJ_F32 && type == KILN_TYPE_F32))
    return v->a;
  datum = kj_as_datum(e, v);
  if (type == KILN_TYPE_F64)
    return convert(e, KILN_OP_BITCAST, KILN_TYPE_F64, KILN_TYPE_I64, datum);
  return convert(e, KILN_OP_BITCAST, KILN_TYPE_F32, KILN_TYPE_I32,
                 convert(e, KILN_OP_TRUNC, KILN_TYPE_I32, KILN_TYPE_I64, datum));
}

kiln_value kj_as_type(kj_expr *e, const kj_value *v, kiln_type type) {
  if (type == KILN_TYPE_I8) return kj_as_bool(e, v);
  return kiln_type_is_float(type) ? as_float(e, v, type) : as_int(e, v, type);
}

kiln_value kj_as_wider(kj_expr *e, const kj_value *v, kiln_type from, kiln_type to) {
  bool is_float = kiln_type_is_float(from);

  if (from == to) return kj_as_type(e, v, to);
  if (v->form == KJ_CONST && !is_float) return kiln_const_int(e->f, kj_constant_int(v, from));
  return convert(e, is_float ? KILN_OP_FPROMOTE : KILN_OP_SEXT, to, from, kj_as_type(e, v, from));
}

kj_form kj_form_of(kiln_type type) {
  switch ((int)type) {
  case KILN_TYPE_I8: return KJ_BOOL;
  case KILN_TYPE_I16: return KJ_I16;
  case KILN_TYPE_I32: return KJ_I32;
  case KILN_TYPE_F32: return KJ_F32;
  case KILN_TYPE_F64: return KJ_F64;
  default: return KJ_DATUM;
  }
}

/* ---- null flags ---- */

kiln_value kj_null(kj_expr *e, const kj_value *v) {
  kiln_value any;

  if (v->n_nulls == 0 || v->n_nulls == KJ_ALWAYS_NULL) return kiln_const_int(e->f, v->n_nulls != 0);
  any = v->nulls[0];
  for (int i = 1; i < v->n_nulls; i++)
    any = kiln_build_binary(e->f, KILN_OP_OR, KILN_TYPE_I8, any, v->nulls[i]);
  return any;
}

static void one_flag(kj_expr *e, kj_value *v) {
  if (v->n_nulls < 2 || v->n_nulls == KJ_ALWAYS_NULL) return;
  v->nulls[0] = kj_null(e, v);
  v->n_nulls = 1;
}

void kj_add_nulls(kj_expr *e, kj_value *v, const kj_value *from) {
  if (v->n_nulls == KJ_ALWAYS_NULL || from->n_nulls == 0) return;
  if (from->n_nulls == KJ_ALWAYS_NULL) {
    v->n_nulls = KJ_ALWAYS_NULL;
    return;
  }
  for (int i = 0; i < from->n_nulls; i++) {
    bool known = false;

    for (int k = 0; k < v->n_nulls; k++) known |= v->nulls[k].id == from->nulls[i].id;
    if (known) continue;
    if (v->n_nulls == KJ_MAX_NULLS) one_flag(e, v);
    v->nulls[v->n_nulls++] = from->nulls[i];
  }
}

void kj_not_null(kj_value *v) { v->n_nulls = 0; }

void kj_settle(kj_expr *e, kj_value *v, bool boolean) {
  one_flag(e, v);
  if (v->form == KJ_CONST || (boolean && v->form == KJ_BOOL) || (!boolean && v->form == KJ_DATUM))
    return;
  v->a = boolean ? kj_as_bool(e, v) : kj_as_datum(e, v);
  v->form = boolean ? KJ_BOOL : KJ_DATUM;
}

void kj_store_value(kj_expr *e, Datum *value, bool *isnull, const kj_value *v) {
  if (value != NULL) kj_store(e, KILN_TYPE_I64, value, kj_as_datum(e, v));
  if (isnull != NULL) kj_store(e, KILN_TYPE_I8, isnull, kj_null(e, v));
}

kj_value kj_load_value(kj_expr *e, Datum *value, bool *isnull) {
  kj_value v = value != NULL ? kj_make(KJ_DATUM, kj_load(e, KILN_TYPE_I64, value)) : kj_const(0);

  if (isnull != NULL) {
    v.nulls[0] = kj_load(e, KILN_TYPE_I8, isnull);
    v.n_nulls = 1;
  }
  return v;
}
