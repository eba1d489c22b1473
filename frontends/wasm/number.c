/* Numbers: constants, arithmetic, comparisons, conversions. */
#include "body.h"
#include "native.h"

/* ---- constants ---- */

void kn_wasm_do_i32_const(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_operand *e = c->sp++;
  e->constant = kn_wasm_sleb(&c->in, 32);
  e->tag = KILN_WASM_TYPE_I32 | KN_WASM_CONST;
  e->id = kn_wasm_int(c, e->constant).id;
}

void kn_wasm_do_i64_const(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  struct kn_wasm_operand *e = c->sp++;
  e->constant = kn_wasm_sleb(&c->in, 64);
  e->tag = KILN_WASM_TYPE_I64 | KN_WASM_CONST;
  e->id = kn_wasm_int(c, e->constant).id;
}

void kn_wasm_do_f32_const(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint32_t bits;
  memcpy(&bits, kn_wasm_bytes(&c->in, 4), 4);
  kn_wasm_push_tag(c, KILN_WASM_TYPE_F32 | KN_WASM_LOCAL,
                   kiln_const_bits(c->f, KILN_TYPE_F32, bits, 0));
}

void kn_wasm_do_f64_const(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  (void)o;
  uint64_t bits;
  memcpy(&bits, kn_wasm_bytes(&c->in, 8), 8);
  kn_wasm_push_tag(c, KILN_WASM_TYPE_F64 | KN_WASM_LOCAL,
                   kiln_const_bits(c->f, KILN_TYPE_F64, bits, 0));
}

/* ---- arithmetic ---- */

void kn_wasm_do_unary(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value a = kn_wasm_value(kn_wasm_pop(c, o->in));
  kn_wasm_push(c, o->out, kiln_build_unary(c->f, (kiln_op)o->op, (kiln_type)o->type, a));
}

void kn_wasm_do_binary(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  struct kn_wasm_operand *eb = kn_wasm_pop(c, o->in);
  kiln_value b = kn_wasm_value(eb), a;
  struct kn_wasm_operand *ea = kn_wasm_pop(c, o->in);
  a = kn_wasm_value(ea);
  if (o->x && ea->tag & KN_WASM_CONST) { /* a constant is best second */
    kiln_value swap = a;
    a = b;
    b = swap;
  }
  kn_wasm_push(c, o->out, kiln_build_binary(c->f, (kiln_op)o->op, (kiln_type)o->type, a, b));
}

void kn_wasm_do_shift(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  struct kn_wasm_operand *e = kn_wasm_pop(c, o->in);
  kiln_value count = kn_wasm_value(e);
  if (e->tag & KN_WASM_CONST) count = kn_wasm_int(c, e->constant & o->x);
  else
    count = kiln_build_binary(c->f, KILN_OP_AND, (kiln_type)o->type, count, kn_wasm_int(c, o->x));
  kiln_value a = kn_wasm_value(kn_wasm_pop(c, o->in));
  kn_wasm_push(c, o->out, kiln_build_binary(c->f, (kiln_op)o->op, (kiln_type)o->type, a, count));
}

/* A remainder by -1 is 0, and does not overflow: divides by 1 then. */
static kiln_value safe_divisor(struct kn_wasm_body *c, kiln_type type, kiln_value b) {
  kiln_value minus = kiln_build_icmp(c->f, KILN_ICOND_EQ, type, b, kn_wasm_int(c, -1));
  return kiln_build_select(c->f, type, minus, kn_wasm_int(c, 1), b);
}

/* Traps if a / b overflows: the least value by -1. */
static void check_overflow(struct kn_wasm_body *c, kiln_type type, kiln_value a, kiln_value b) {
  kiln_func *f = c->f;
  kiln_value least = kn_wasm_int(c, type == KILN_TYPE_I32 ? INT32_MIN : INT64_MIN);
  kiln_value minus = kiln_build_icmp(f, KILN_ICOND_EQ, type, b, kn_wasm_int(c, -1));
  kiln_value is_least = kiln_build_icmp(f, KILN_ICOND_EQ, type, a, least);
  kn_wasm_trap_if(c, kiln_build_binary(f, KILN_OP_AND, KILN_TYPE_I8, is_least, minus),
                  KILN_WASM_TRAP_OVERFLOW);
}

void kn_wasm_do_divide(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  struct kn_wasm_operand *eb = kn_wasm_pop(c, o->in);
  bool constant = (eb->tag & KN_WASM_CONST) != 0;
  int64_t divisor = constant ? eb->constant : 0;
  kiln_value b = kn_wasm_value(eb), a = kn_wasm_value(kn_wasm_pop(c, o->in));
  kiln_type type = (kiln_type)o->type;
  kiln_op op = (kiln_op)o->op;
  kiln_value v = {0};
  if (c->f != NULL) {
    bool is_signed = op == KILN_OP_SDIV || op == KILN_OP_SREM;
    if (!constant || divisor == 0)
      kn_wasm_trap_if(c, kiln_build_icmp(c->f, KILN_ICOND_EQ, type, b, kn_wasm_int(c, 0)),
                      KILN_WASM_TRAP_DIVIDE_BY_ZERO);
    if (constant && divisor == 0) b = kn_wasm_int(c, 1); /* not reached */
    if (is_signed && (!constant || divisor == -1)) {
      if (op == KILN_OP_SDIV) check_overflow(c, type, a, b);
      else b = safe_divisor(c, type, b);
    }
    v = kiln_build_binary(c->f, op, type, a, b);
  }
  kn_wasm_push(c, o->out, v);
}

/* Rounding to an integer. */
void kn_wasm_do_round(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value a = kn_wasm_value(kn_wasm_pop(c, o->in));
  kn_wasm_push(c, o->out, kn_wasm_build_round(c, (kiln_op)o->op, (kiln_type)o->type, a));
}

/* Minimum and maximum of IEEE 754-2019. */
void kn_wasm_do_extreme(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value b = kn_wasm_value(kn_wasm_pop(c, o->in)), a = kn_wasm_value(kn_wasm_pop(c, o->in));
  kn_wasm_push(c, o->out, kn_wasm_build_extreme(c, (kiln_op)o->op, (kiln_type)o->type, a, b));
}

/* ---- comparisons ---- */

static inline void push_bool(struct kn_wasm_body *c, kiln_value v) {
  kn_wasm_push_tag(c, KILN_WASM_TYPE_I32 | KN_WASM_BOOL, v);
}

void kn_wasm_do_icmp(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value b = kn_wasm_value(kn_wasm_pop(c, o->in)), a = kn_wasm_value(kn_wasm_pop(c, o->in));
  push_bool(c, kiln_build_icmp(c->f, (kiln_icond)o->x, (kiln_type)o->type, a, b));
}

void kn_wasm_do_fcmp(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value b = kn_wasm_value(kn_wasm_pop(c, o->in)), a = kn_wasm_value(kn_wasm_pop(c, o->in));
  push_bool(c, kiln_build_fcmp(c->f, (kiln_fcond)o->x, (kiln_type)o->type, a, b));
}

void kn_wasm_do_eqz(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  struct kn_wasm_operand *e = c->sp - 1;
  if (c->sp > c->floor && e->tag & KN_WASM_BOOL && o->in == KILN_WASM_TYPE_I32) {
    e->tag ^= KN_WASM_NEGATED;
    return;
  }
  kiln_value a = kn_wasm_value(kn_wasm_pop(c, o->in));
  push_bool(c, kiln_build_icmp(c->f, KILN_ICOND_EQ, (kiln_type)o->type, a, kn_wasm_int(c, 0)));
}

/* ---- conversions ---- */

void kn_wasm_do_convert(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value a = kn_wasm_value(kn_wasm_pop(c, o->in));
  kn_wasm_push(c, o->out,
               kiln_build_convert(c->f, (kiln_op)o->op, (kiln_type)o->type, (kiln_type)o->from, a));
}

/* The low bits of an integer, signed. */
void kn_wasm_do_extend(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value a = kn_wasm_value(kn_wasm_pop(c, o->in));
  a = kiln_build_convert(c->f, KILN_OP_TRUNC, (kiln_type)o->from, (kiln_type)o->type, a);
  kn_wasm_push(c, o->out,
               kiln_build_convert(c->f, KILN_OP_SEXT, (kiln_type)o->type, (kiln_type)o->from, a));
}

/* What a float may be above and below at most to be converted, by target type, float type and sign: exclusive. */
static double bound(bool upper, kiln_type to, kiln_type from, bool is_signed) {
  if (to == KILN_TYPE_I32) {
    if (upper) return is_signed ? 0x1p31 : 0x1p32;
    if (!is_signed) return -1.0;
    return from == KILN_TYPE_F32 ? -0x1.000002p31 : -0x1p31 - 1.0;
  }
  if (upper) return is_signed ? 0x1p63 : 0x1p64;
  if (!is_signed) return -1.0;
  return from == KILN_TYPE_F32 ? -0x1.000002p63 : -0x1.0000000000001p63;
}

static kiln_value float_const(struct kn_wasm_body *c, kiln_type type, double value) {
  return type == KILN_TYPE_F32 ? kiln_const_f32(c->f, (float)value) : kiln_const_f64(c->f, value);
}

void kn_wasm_do_trunc(struct kn_wasm_body *c, const struct kn_wasm_op *o) {
  kiln_value a = kn_wasm_value(kn_wasm_pop(c, o->in)), v = {0};
  kiln_type from = (kiln_type)o->from, to = (kiln_type)o->type;
  if (c->f != NULL) {
    kiln_func *f = c->f;
    bool is_signed = o->op == KILN_OP_FTOSI;
    kn_wasm_trap_if(c, kiln_build_fcmp(f, KILN_FCOND_UNO, from, a, a), KILN_WASM_TRAP_CONVERSION);
    kiln_value low = kiln_build_fcmp(f, KILN_FCOND_ULE, from, a,
                                     float_const(c, from, bound(false, to, from, is_signed)));
    kiln_value high = kiln_build_fcmp(f, KILN_FCOND_UGE, from, a,
                                      float_const(c, from, bound(true, to, from, is_signed)));
    kn_wasm_trap_if(c, kiln_build_binary(f, KILN_OP_OR, KILN_TYPE_I8, low, high),
                    KILN_WASM_TRAP_OVERFLOW);
    v = kiln_build_convert(f, (kiln_op)o->op, to, from, a);
  }
  kn_wasm_push(c, o->out, v);
}
