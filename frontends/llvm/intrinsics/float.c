/* Intrinsics about floats: those that are an operation of the IR or a call of libm, for every
 * type of float, and the constrained ones. Called by intrinsic.c, which checked the types.
 * Constrained intrinsics are the plain operations: these stay where they are, and none is
 * computed in advance. Where exceptions are observed (fpexcept.strict), operations that nobody
 * reads have to be kept, and comparisons and conversions must raise what LLVM's raise. */
#include "debug/debug.h"
#include "frequent.h"
#include "intrinsic.h"

#include <string.h>

/* The operation on the arguments that the row names, floats of the result's type. */
void kn_in_float_op(const struct call *c) {
  const unsigned n = c->row->n;
  kiln_value v[3];
  for (unsigned i = 0; i < n; i++) v[i] = arg(c, i);
  def(c, kn_bc_float_op(c->r, c->rt, (kiln_op)c->row->op, v, n));
}

/* The type that floats of type `t` are computed as: half and bfloat as f32. */
static kiln_type computed(const struct kn_bc_type *t) {
  return kn_bc_is_short(t) ? KILN_TYPE_F32 : (kiln_type)t->ktype;
}

/* Calls the C function `name` with the suffix for the first argument's type; the arguments are the intrinsic's first
 * `n`, and the `n_more` pointers `more`. The result is not rounded yet to a short float. */
static kiln_value call_library(const struct call *c, const char *name, const char *const ends[4],
                               unsigned n, kiln_type result, const kiln_value *more,
                               unsigned n_more) {
  struct kn_bc *r = c->r;
  char full[24];
  kiln_type types[4];
  kiln_value args[4];
  const struct kn_bc_type *t = arg_info(c, 0);
  unsigned end = computed(t) == KILN_TYPE_F32   ? 0
                 : computed(t) == KILN_TYPE_F64 ? 1
                 : t->soft == SOFT_QUAD         ? 3
                                                : 2;
  size_t length = strlen(name);
  memcpy(full, name, length);
  memcpy(full + length, ends[end], strlen(ends[end]) + 1);
  for (unsigned i = 0; i < n; i++) {
    types[i] = computed(arg_info(c, i));
    args[i] = kn_bc_soft_widen(r, arg_info(c, i), arg(c, i));
  }
  for (unsigned i = 0; i < n_more; i++, n++) {
    types[n] = KILN_TYPE_PTR;
    args[n] = more[i];
  }
  return kn_bc_library(r, full, types, args, n, result);
}

static const char *const c_names[4] = {"f", "", "l", "f128"};

/* A function of C: defines the result, which is of the first argument's type. */
void kn_in_library(const struct call *c) {
  const unsigned n = c->row->n;
  kiln_value v = call_library(c, c->row->text, c_names, n, computed(c->rt), NULL, 0);
  def(c, kn_bc_soft_narrow(c->r, c->rt, KILN_TYPE_F32, v));
}

void kn_in_ldexp(const struct call *c) {
  if (arg_info(c, 1)->ktype == KILN_TYPE_I32) kn_in_library(c);
  else kn_bc_unsupported(c->r, "ldexp with this exponent");
}

/* llvm.powi: a function of the compiler's runtime library, for an exponent of type int. */
void kn_in_integer_power(const struct call *c) {
  kiln_type result = computed(c->rt);
  const char *const names[4] = {"sf2", "df2", result == KILN_TYPE_F128 ? "tf2" : "xf2", "tf2"};
  if (arg_info(c, 1)->ktype != KILN_TYPE_I32)
    return (void)kn_bc_unsupported(c->r, "powi with this exponent");
  kiln_value v = call_library(c, c->row->text, names, 2, result, NULL, 0);
  def(c, kn_bc_soft_narrow(c->r, c->rt, KILN_TYPE_F32, v));
}

/* Is the result a pair of a float of the argument's type and another one, or an integer of type `second`? */
static bool is_pair(const struct call *c, kiln_type second) {
  struct kn_bc *r = c->r;
  const struct kn_bc_type *t = &r->types.at[c->ret];
  if (kn_bc_split(r, c->ret) && t->n_pieces == 2) {
    uint32_t a = r->type_pieces.at[t->piece_first].type,
             b = r->type_pieces.at[t->piece_first + 1].type;
    if (a == arg_type(c, 0) && (second ? r->types.at[b].ktype == second : b == a)) return true;
  }
  return kn_bc_unsupported(r, "an intrinsic with these types");
}

/* Defines the pair; floats are rounded first. */
static void pair(const struct call *c, kiln_value a, kiln_value b) {
  struct kn_bc *r = c->r;
  const struct kn_bc_type *t = arg_info(c, 0), *rt = &r->types.at[c->ret];
  bool floats = r->type_pieces.at[rt->piece_first + 1].type == arg_type(c, 0);
  a = kn_bc_soft_narrow(r, t, KILN_TYPE_F32, a);
  if (floats) b = kn_bc_soft_narrow(r, t, KILN_TYPE_F32, b);
  kn_bc_define(r, c->ret, (const kiln_value[]){a, b});
}

/* {fraction, whole}: C's function stores the second. */
void kn_in_split_float(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_type *t = arg_info(c, 0);
  kiln_type kt = computed(t);
  if (!is_pair(c, KILN_TYPE_VOID)) return;
  kiln_value slot = kiln_slot_new(r->f, kiln_type_size(kt), 4);
  kiln_value fraction = call_library(c, c->row->text, c_names, 1, kt, &slot, 1);
  kiln_value whole = kiln_build_load(r->f, kt, slot, 0, 0);
  pair(c, fraction, whole);
}

/* {fraction, exponent}: C's function stores the second. */
void kn_in_split_exponent(const struct call *c) {
  struct kn_bc *r = c->r;
  if (!is_pair(c, KILN_TYPE_I32)) return;
  kiln_value slot = kiln_slot_new(r->f, 4, 2);
  kiln_value fraction =
    call_library(c, c->row->text, c_names, 1, computed(arg_info(c, 0)), &slot, 1);
  pair(c, fraction, kiln_build_load(r->f, KILN_TYPE_I32, slot, 0, 0));
}

/* {sine, cosine}: not every libm has a function for both. */
void kn_in_sine_cosine(const struct call *c) {
  kiln_type kt = computed(arg_info(c, 0));
  if (!is_pair(c, KILN_TYPE_VOID)) return;
  kiln_value sine = call_library(c, "sin", c_names, 1, kt, NULL, 0);
  pair(c, sine, call_library(c, "cos", c_names, 1, kt, NULL, 0));
}

/* The lesser or greater number; the other one if one is NaN. */
void kn_in_minimum_number(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_type *t = c->rt, as_f32 = {.kind = TK_FLOAT, .ktype = KILN_TYPE_F32};
  kiln_value x[2];
  for (unsigned i = 0; i < 2; i++) x[i] = arg(c, i);
  if (kn_bc_is_short(t)) {
    for (unsigned i = 0; i < 2; i++) x[i] = kn_bc_soft_widen(r, t, x[i]);
    t = &as_f32;
  }
  kiln_type kt = (kiln_type)t->ktype;
  for (unsigned i = 0; i < 2; i++)
    x[i] = kiln_build_select(r->f, kt, kn_bc_float_compare(r, t, 8, x[i], x[i]), x[1 - i], x[i]);
  kiln_value v = kn_bc_float_op(r, t, (kiln_op)c->row->op, x, 2);
  def(c, kn_bc_soft_narrow(r, c->rt, KILN_TYPE_F32, v));
}

static const struct kn_bc_type half = {
  .kind = TK_SOFT, .ktype = KILN_TYPE_I16, .bits = 16, .soft = SOFT_HALF};

/* Between a half, whose bits are an i16, and another float. */
void kn_in_from_half(const struct call *c) {
  kiln_type kt = (kiln_type)c->rt->ktype;
  kiln_value v = kn_bc_soft_widen(c->r, &half, arg(c, 0));
  if (kt != KILN_TYPE_F32) v = kiln_build_convert(c->r->f, KILN_OP_FPROMOTE, kt, KILN_TYPE_F32, v);
  def(c, v);
}
void kn_in_to_half(const struct call *c) {
  def(c, kn_bc_soft_narrow(c->r, &half, (kiln_type)arg_info(c, 0)->ktype, arg(c, 0)));
}

void kn_in_canonicalize(const struct call *c) {
  kiln_func *f = c->r->f;
  kiln_type kt = (kiln_type)c->rt->ktype;
  kiln_value one = c->rt->soft == SOFT_HALF     ? imm(c, 0x3c00)
                   : c->rt->soft == SOFT_BFLOAT ? imm(c, 0x3f80)
                   : kt == KILN_TYPE_F32        ? kiln_const_f32(f, 1)
                   : kt == KILN_TYPE_F64        ? kiln_const_f64(f, 1)
                   : kt == KILN_TYPE_F80        ? kiln_const_bits(f, kt, UINT64_C(1) << 63, 0x3fff)
                                                : kiln_const_bits(f, kt, 0, UINT64_C(0x3fff) << 48);
  kiln_value both[2] = {arg(c, 0), one};
  def(c, kn_bc_float_op(c->r, c->rt, KILN_OP_FMUL, both, 2));
}

void kn_in_fp_class(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_type *t = arg_info(c, 0);
  int64_t mask = 0;
  if (!const_arg(c, 1, &mask)) return;
  unsigned it = t->bits > 64    ? KILN_TYPE_I128
                : t->bits == 64 ? KILN_TYPE_I64
                : t->bits == 32 ? KILN_TYPE_I32
                                : KILN_TYPE_I16;
  kiln_value x = arg(c, 0);
  if (t->bits == 80) x = kn_bc_x87_bits(r, x);
  else if (it != t->ktype)
    x = kiln_build_convert(r->f, KILN_OP_BITCAST, (kiln_type)it, (kiln_type)t->ktype, x);
  def(c, kn_bc_fp_class(r, x, t, (unsigned)mask & 0x3ff));
}

/* C's functions give an i64; of a shorter result the rest is unspecified if it does not fit. */
void kn_in_round_to_int(const struct call *c) {
  kiln_type kt = (kiln_type)c->rt->ktype;
  if (kt == KILN_TYPE_I128 || odd(c)) return (void)kn_bc_unsupported(c->r, "rounding to this type");
  kiln_value v = call_library(c, c->row->text, c_names, 1, KILN_TYPE_I64, NULL, 0);
  if (kt != KILN_TYPE_I64) v = kiln_build_convert(c->r->f, KILN_OP_TRUNC, kt, KILN_TYPE_I64, v);
  def(c, v);
}

/* fp128 with the value 2^k, or its negative. */
static kiln_value quad_power(const struct call *c, unsigned k, bool negative) {
  uint64_t high = (UINT64_C(16383) + k) << 48 | (uint64_t)negative << 63;
  return kiln_const_bits(c->r->f, KILN_TYPE_V128, 0, high);
}

/* The nearest integer of `bits` bits within Kiln type `kt`, towards zero; 0 of a NaN. */
static kiln_value quad_saturating(const struct call *c, kiln_type kt, unsigned bits,
                                  bool is_signed) {
  struct kn_bc *r = c->r;
  kiln_func *f = r->f;
  kiln_type as = kt < KILN_TYPE_I32 ? KILN_TYPE_I32 : kt;
  unsigned top = is_signed ? bits - 1 : bits;
  const struct kn_bc_type *t = arg_info(c, 0);
  kiln_value x = arg(c, 0), low = imm(c, 0), high = imm(c, -1);
  if (top < 64) high = imm(c, (int64_t)((UINT64_C(1) << top) - 1));
  else if (as == KILN_TYPE_I128 && top < 128)
    high = kiln_const_i128(f, UINT64_MAX, (UINT64_C(1) << (top - 64)) - 1);
  if (is_signed) low = kiln_build_unary(f, KILN_OP_NOT, as, high);
  kiln_value v = kn_bc_soft_to_int(r, is_signed, as, x);
  kiln_value floor =
    is_signed ? quad_power(c, top, true) : kiln_const_bits(f, KILN_TYPE_V128, 0, 0);
  v = kiln_build_select(f, as, kn_bc_float_compare(r, t, 4, x, floor), low, v);
  v = kiln_build_select(f, as, kn_bc_float_compare(r, t, 3, x, quad_power(c, top, false)), high, v);
  v = kiln_build_select(f, as, kn_bc_float_compare(r, t, 8, x, x), imm(c, 0), v);
  return as == kt ? v : kiln_build_convert(f, KILN_OP_TRUNC, kt, as, v);
}

void kn_in_to_int_saturating(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_type *t = arg_info(c, 0);
  kiln_type kt = (kiln_type)c->rt->ktype;
  bool is_signed = c->row->op == KILN_OP_FTOSIS;
  unsigned bits = c->rt->bits;
  if (t->soft == SOFT_QUAD) {
    kiln_value v = quad_saturating(c, kt, bits, is_signed);
    def(c, c->rt->fit == FIT_BOOL ? binary(c, KILN_OP_AND, kt, v, imm(c, 1)) : v);
    return;
  }
  kiln_value v = kiln_build_convert(r->f, (kiln_op)c->row->op, kt, computed(t),
                                    kn_bc_soft_widen(r, t, arg(c, 0)));
  if (c->rt->fit != FIT_EXACT) { /* the nearest end of fewer bits */
    if (bits > 64) return (void)kn_bc_unsupported(r, "this intrinsic on an odd integer width");
    uint64_t high = (UINT64_C(1) << (is_signed ? bits - 1 : bits)) - 1;
    v = binary(c, is_signed ? KILN_OP_SMIN : KILN_OP_UMIN, kt, v, imm(c, (int64_t)high));
    if (is_signed) v = binary(c, KILN_OP_SMAX, kt, v, imm(c, -(int64_t)high - 1));
    if (c->rt->fit == FIT_BOOL) v = binary(c, KILN_OP_AND, kt, v, imm(c, 1));
  }
  def(c, v);
}

/* ---- constrained ---- */

/* Makes sure that `v`, of Kiln type `kt`, is computed though nobody may read it. */
static void keep(struct kn_bc *r, kiln_type kt, kiln_value v) {
  kiln_value slot = kiln_slot_new(r->f, 16, 4);
  kiln_build_store(r->f, kt, slot, 0, v, KILN_MEM_VOLATILE);
}

/* Raises "invalid" if x or y is a NaN, as comparisons do that signal: by converting one to an integer. */
static void signal_nan(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_type *t = arg_info(c, 0);
  kiln_func *f = r->f;
  kiln_value x = arg(c, 0), y = arg(c, 1), unordered = kn_bc_float_compare(r, t, 8, x, y);
  kiln_value v =
    kiln_build_select(f, KILN_TYPE_F32, unordered, kiln_const_bits(f, KILN_TYPE_F32, 0x7fc00000, 0),
                      kiln_const_bits(f, KILN_TYPE_F32, 0, 0));
  keep(r, KILN_TYPE_I32, kiln_build_convert(f, KILN_OP_FTOSI, KILN_TYPE_I32, KILN_TYPE_F32, v));
}

/* An unsigned integer of a float, such that only that conversion raises exceptions: by one to a signed integer. */
static bool to_unsigned(const struct call *c) {
  struct kn_bc *r = c->r;
  const struct kn_bc_type *t = arg_info(c, 0);
  kiln_func *f = r->f;
  kiln_type kt = (kiln_type)c->rt->ktype, ft = (kiln_type)t->ktype;
  if (kt == KILN_TYPE_I128 || t->kind != TK_FLOAT || ft == KILN_TYPE_F128) return false;
  kiln_value x = arg(c, 0);
  if (kt != KILN_TYPE_I64) {
    kiln_value v = kiln_build_convert(f, KILN_OP_FTOSI, KILN_TYPE_I64, ft, x);
    v = kiln_build_convert(f, KILN_OP_TRUNC, kt, KILN_TYPE_I64, v);
    def(c, c->rt->fit == FIT_BOOL ? binary(c, KILN_OP_AND, kt, v, imm(c, 1)) : v);
    return true;
  }
  kiln_value zero = kiln_const_bits(f, ft, 0, 0);
  kiln_value limit = ft == KILN_TYPE_F32   ? kiln_const_bits(f, ft, 0x5f000000, 0)
                     : ft == KILN_TYPE_F64 ? kiln_const_bits(f, ft, UINT64_C(0x43e) << 52, 0)
                                           : kiln_const_bits(f, ft, UINT64_C(1) << 63, 0x403e);
  kiln_value small = kiln_build_fcmp(f, KILN_FCOND_OLT, ft, x, limit);
  kiln_value off = kiln_build_select(f, ft, small, zero, limit);
  kiln_value v = kiln_build_binary(f, KILN_OP_FSUB, ft, x, off);
  v = kiln_build_convert(f, KILN_OP_FTOSI, KILN_TYPE_I64, ft, v);
  kiln_value top = kiln_build_select(f, KILN_TYPE_I64, small, imm(c, 0), imm(c, INT64_MIN));
  def(c, binary(c, KILN_OP_XOR, KILN_TYPE_I64, v, top));
  return true;
}

void kn_in_strict_cast(const struct call *c) {
  if (!c->strict || c->row->op != CAST_FPTOUI || !to_unsigned(c))
    kn_bc_on_cast(c->r, c->row->op, arg_id(c, 0), arg_type(c, 0), c->ret, 0);
}

void kn_in_strict_compare(const struct call *c) {
  if (c->row->op && c->strict && arg_info(c, 0)->soft != SOFT_QUAD &&
      arg_info(c, 0)->ktype != KILN_TYPE_F128)
    signal_nan(c);
  kn_bc_on_compare(c->r, arg_id(c, 0), arg_id(c, 1), arg_type(c, 0), c->predicate);
}

/* Text of metadata operand `i`; NULL if it is none. */
static const struct kn_bc_md *text_arg(const struct call *c, unsigned i) {
  const struct kn_bc_md *md = i < c->n ? kn_bc_md(c->r, arg_id(c, i) + 1) : NULL;
  return md && md->kind == MDK_STRING ? md : NULL;
}

static bool is_text(const struct kn_bc_md *md, const char *text) {
  return md->n == strlen(text) && memcmp(md->text, text, md->n) == 0;
}

bool kn_in_read_constraints(struct call *c) {
  static const char *const predicates[16] = {"false", "oeq", "ogt", "oge", "olt", "ole",
                                             "one",   "ord", "uno", "ueq", "ugt", "uge",
                                             "ult",   "ule", "une", "true"};
  const struct kn_bc_md *behaviour = text_arg(c, c->n - 1), *pred = text_arg(c, 2);
  if (!behaviour) return kn_bc_malformed(c->r, "a constrained intrinsic without its exceptions");
  c->strict = is_text(behaviour, "fpexcept.strict");
  if (c->row->build != kn_in_strict_compare) return true;
  while (pred && c->predicate < 16 && !is_text(pred, predicates[c->predicate])) c->predicate++;
  return (pred && c->predicate < 16) || kn_bc_malformed(c->r, "unknown comparison");
}

void kn_in_keep_result(const struct call *c) {
  struct kn_bc *r = c->r;
  uint32_t id = r->vals.n - 1;
  if (!c->strict || r->status != KILN_OK || kn_bc_in_parts(c->rt)) return;
  keep(r, (kiln_type)c->rt->ktype, (kiln_value){r->vals.at[id].h});
}
