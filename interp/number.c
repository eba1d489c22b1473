/* Arithmetic: what each operation on integers and floats gives, by the table of docs/ir.md. run.c
 * calls it for what its loop does not do itself. Everything is pure but for the thread's rounding mode, which is C's;
 * where the result is "any bits" it is 0. */
#define __STDC_WANT_IEC_60559_BFP_EXT__ 1 /* roundeven, of ISO/IEC TS 18661-1 */
#include "interp.h"

#include <fenv.h>
#include <math.h>

#define BIT(n) ((kn_u128)1 << (n))

static kn_u128 mask_of(unsigned bits) { return bits >= 128 ? ~(kn_u128)0 : BIT(bits) - 1; }

static kn_i128 extend(unsigned bits, kn_u128 v) {
  unsigned up = 128 - bits;
  return (kn_i128)(v << up) >> up;
}

static unsigned count_leading(unsigned bits, kn_u128 v) {
  unsigned n = 0;
  while (n < bits && !(v >> (bits - 1 - n) & 1)) n++;
  return n;
}

static kn_u128 bytes_reversed(unsigned bits, kn_u128 v) {
  kn_u128 r = 0;
  for (unsigned i = 0; i < bits; i += 8) r = r << 8 | (v >> i & 255);
  return r;
}

static kn_u128 bits_reversed(unsigned bits, kn_u128 v) {
  kn_u128 r = 0;
  for (unsigned i = 0; i < bits; i++) r = r << 1 | (v >> i & 1);
  return r;
}

/* smulo, umulo: the product, of which no more than 128 bits are needed; *flag becomes whether it overflows. */
static kn_u128 multiply(unsigned op, unsigned bits, kn_u128 a, kn_u128 b, uint64_t *flag) {
  if (op == KILN_OP_UMULO) {
    kn_u128 r;
    bool over = __builtin_mul_overflow(a, b, &r);
    *flag = over || (r & ~mask_of(bits)) != 0;
    return r;
  }
  kn_i128 r;
  bool over = __builtin_mul_overflow(extend(bits, a), extend(bits, b), &r);
  *flag = over || extend(bits, (kn_u128)r) != r;
  return (kn_u128)r;
}

static kn_u128 add_flag(unsigned op, unsigned bits, kn_u128 a, kn_u128 b, uint64_t *flag) {
  bool sub = op == KILN_OP_SSUBO || op == KILN_OP_USUBO;
  kn_u128 r = (sub ? a - b : a + b) & mask_of(bits);
  if (op == KILN_OP_UADDO) *flag = r < a;
  else if (op == KILN_OP_USUBO) *flag = a < b;
  else {
    /* Signed: the operands' signs are equal (of a sum) and the result's is another. */
    kn_u128 other = sub ? ~b : b;
    *flag = (uint64_t)((~(a ^ other) & (a ^ r)) >> (bits - 1) & 1);
  }
  return r;
}

static kn_u128 saturate(unsigned op, unsigned bits, kn_u128 a, kn_u128 b) {
  bool is_signed = op == KILN_OP_SADDS || op == KILN_OP_SSUBS;
  bool sub = op == KILN_OP_SSUBS || op == KILN_OP_USUBS;
  kn_i128 x = is_signed ? extend(bits, a) : (kn_i128)a,
          y = is_signed ? extend(bits, b) : (kn_i128)b;
  kn_i128 r = sub ? x - y : x + y;
  kn_i128 low = is_signed ? -(kn_i128)BIT(bits - 1) : 0;
  kn_i128 high = is_signed ? (kn_i128)BIT(bits - 1) - 1 : (kn_i128)mask_of(bits);
  return (kn_u128)(r < low ? low : r > high ? high : r);
}

/* a:b shifted by c; gives the upper or the lower half. */
static kn_u128 funnel(bool left, unsigned bits, kn_u128 a, kn_u128 b, kn_u128 c) {
  unsigned n = (unsigned)c & (bits - 1);
  if (n == 0) return left ? a : b;
  return left ? a << n | b >> (bits - n) : b >> n | a << (bits - n);
}

static kn_u128 integer(kiln_op op, unsigned bits, kn_u128 a, kn_u128 b, kn_u128 c, uint64_t *flag) {
  switch (op) {
  case KILN_OP_ADD: return a + b;
  case KILN_OP_SUB: return a - b;
  case KILN_OP_MUL: return a * b;
  case KILN_OP_UMULH: return a * b >> bits;
  case KILN_OP_SMULH: return (kn_u128)(extend(bits, a) * extend(bits, b) >> bits);
  case KILN_OP_AND: return a & b;
  case KILN_OP_OR: return a | b;
  case KILN_OP_XOR: return a ^ b;
  case KILN_OP_SHL: return b < bits ? a << (unsigned)b : 0;
  case KILN_OP_LSHR: return b < bits ? a >> (unsigned)b : 0;
  case KILN_OP_ASHR: return b < bits ? (kn_u128)(extend(bits, a) >> (unsigned)b) : 0;
  case KILN_OP_ROTL: return funnel(true, bits, a, a, b);
  case KILN_OP_ROTR: return funnel(false, bits, a, a, b);
  case KILN_OP_FSHL: return funnel(true, bits, a, b, c);
  case KILN_OP_FSHR: return funnel(false, bits, a, b, c);
  case KILN_OP_SMIN: return extend(bits, a) < extend(bits, b) ? a : b;
  case KILN_OP_SMAX: return extend(bits, a) > extend(bits, b) ? a : b;
  case KILN_OP_UMIN: return a < b ? a : b;
  case KILN_OP_UMAX: return a > b ? a : b;
  case KILN_OP_SADDO:
  case KILN_OP_UADDO:
  case KILN_OP_SSUBO:
  case KILN_OP_USUBO: return add_flag(op, bits, a, b, flag);
  case KILN_OP_SMULO:
  case KILN_OP_UMULO: return multiply(op, bits, a, b, flag);
  case KILN_OP_SADDS:
  case KILN_OP_UADDS:
  case KILN_OP_SSUBS:
  case KILN_OP_USUBS: return saturate(op, bits, a, b);
  case KILN_OP_NEG: return 0 - a;
  case KILN_OP_NOT: return ~a;
  case KILN_OP_ABS: return extend(bits, a) < 0 ? 0 - a : a;
  case KILN_OP_CLZ: return count_leading(bits, a);
  case KILN_OP_CTZ: return count_leading(bits, bits_reversed(bits, a));
  case KILN_OP_POPCNT:
    return (kn_u128)(__builtin_popcountll((uint64_t)a) + __builtin_popcountll((uint64_t)(a >> 64)));
  case KILN_OP_BITREV: return bits_reversed(bits, a);
  case KILN_OP_BSWAP: return bytes_reversed(bits, a);
  case KILN_OP_UDIV: /* these elsewhere */
  case KILN_OP_SDIV:
  case KILN_OP_UREM:
  case KILN_OP_SREM:
  case KILN_OP_ICMP:
  case KILN_OP_TRUNC:
  case KILN_OP_ZEXT:
  case KILN_OP_SEXT:
  case KILN_OP_FTOSI:
  case KILN_OP_FTOUI:
  case KILN_OP_FTOSIS:
  case KILN_OP_FTOUIS:
  case KILN_OP_ATOMIC_LOAD:
  case KILN_OP_ATOMIC_STORE:
  case KILN_OP_ATOMIC_RMW:
  case KILN_OP_ATOMIC_CAS:
  case KILN_OP_SWITCH:
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc) KN_UNLESS_INT_##types(E)
#include <kiln/ops.def>
  case KILN_OP_COUNT: break;
  }
  return 0;
}

uint64_t kn_interp_int(const struct kn_ins *i, uint64_t a, uint64_t b, uint64_t c, uint64_t *flag) {
  unsigned bits = kn_interp_bits(i->type);
  return (uint64_t)integer((kiln_op)i->x, bits, a, b, c, flag) & kn_interp_mask(bits);
}

kn_u128 kn_interp_wide(unsigned op, kn_u128 a, kn_u128 b, kn_u128 c, uint64_t *flag) {
  return integer((kiln_op)op, 128, a, b, c, flag);
}

const char *kn_interp_divide(unsigned op, unsigned bits, bool traps, kn_u128 a, kn_u128 b,
                             kn_u128 *out) {
  bool is_signed = op == KILN_OP_SDIV || op == KILN_OP_SREM;
  bool remainder = op == KILN_OP_UREM || op == KILN_OP_SREM;
  if (b == 0) {
    *out = remainder ? a : 0;
    return traps ? "division by zero" : NULL;
  }
  if (!is_signed) {
    *out = remainder ? a % b : a / b;
    return NULL;
  }
  kn_i128 x = extend(bits, a), y = extend(bits, b);
  if (y == -1) {
    *out = remainder ? 0 : (0 - a) & mask_of(bits);
    return traps && a == BIT(bits - 1) ? "division of the least value by -1" : NULL;
  }
  *out = (kn_u128)(remainder ? x % y : x / y) & mask_of(bits);
  return NULL;
}

bool kn_interp_icmp(unsigned cond, unsigned bits, kn_u128 a, kn_u128 b) {
  kn_i128 x = extend(bits, a), y = extend(bits, b);
  switch (cond) {
  case KILN_ICOND_EQ: return a == b;
  case KILN_ICOND_NE: return a != b;
  case KILN_ICOND_SLT: return x < y;
  case KILN_ICOND_SGE: return x >= y;
  case KILN_ICOND_SLE: return x <= y;
  case KILN_ICOND_SGT: return x > y;
  case KILN_ICOND_ULT: return a < b;
  case KILN_ICOND_UGE: return a >= b;
  case KILN_ICOND_ULE: return a <= b;
  default: return a > b;
  }
}

/* ---- floats ---- */

static double to_f64(uint64_t bits) {
  double v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

static uint64_t from_f64(double v) {
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}

static float to_f32(uint64_t bits) {
  uint32_t low = (uint32_t)bits;
  float v;
  memcpy(&v, &low, sizeof v);
  return v;
}

static uint64_t from_f32(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}

static long double to_f80(kn_u128 bits) {
  long double v = 0;
  memcpy(&v, &bits, 10);
  return v;
}

static kn_u128 from_f80(long double v) {
  kn_u128 bits = 0;
  memcpy(&bits, &v, 10);
  return bits;
}

/* Every float is one of the widest type. */
static long double to_float(unsigned type, kn_u128 bits) {
  switch (type) {
  case KILN_TYPE_F32: return (long double)to_f32((uint64_t)bits);
  case KILN_TYPE_F64: return (long double)to_f64((uint64_t)bits);
  default: return to_f80(bits);
  }
}

static kn_u128 from_float(unsigned type, long double v) {
  switch (type) {
  case KILN_TYPE_F32: return from_f32((float)v);
  case KILN_TYPE_F64: return from_f64((double)v);
  default: return from_f80(v);
  }
}

/* The orders for which a condition holds. */
static const uint8_t holds[KILN_FCOND_COUNT] = {
  [KILN_FCOND_OEQ] = KN_EQUAL,
  [KILN_FCOND_UNE] = KN_LESS | KN_GREATER | KN_UNORDERED,
  [KILN_FCOND_OLT] = KN_LESS,
  [KILN_FCOND_UGE] = KN_GREATER | KN_EQUAL | KN_UNORDERED,
  [KILN_FCOND_OLE] = KN_LESS | KN_EQUAL,
  [KILN_FCOND_UGT] = KN_GREATER | KN_UNORDERED,
  [KILN_FCOND_OGT] = KN_GREATER,
  [KILN_FCOND_ULE] = KN_LESS | KN_EQUAL | KN_UNORDERED,
  [KILN_FCOND_OGE] = KN_GREATER | KN_EQUAL,
  [KILN_FCOND_ULT] = KN_LESS | KN_UNORDERED,
  [KILN_FCOND_ONE] = KN_LESS | KN_GREATER,
  [KILN_FCOND_UEQ] = KN_EQUAL | KN_UNORDERED,
  [KILN_FCOND_ORD] = KN_LESS | KN_EQUAL | KN_GREATER,
  [KILN_FCOND_UNO] = KN_UNORDERED,
};

bool kn_interp_fcmp(unsigned cond, unsigned type, const uint64_t *a, const uint64_t *b) {
  bool wide = kn_interp_is_wide(type);
  kn_u128 p = wide ? kn_interp_get_wide(a) : *a, q = wide ? kn_interp_get_wide(b) : *b;
  if (type == KILN_TYPE_F128) return (holds[cond] & kn_interp_quad_order(p, q)) != 0;
  long double x = to_float(type, p), y = to_float(type, q);
  return (holds[cond] & KN_ORDER_OF(x, y)) != 0;
}

/* NaN if one is; -0 < +0. */
static long double minimum(long double a, long double b) {
  if (a != a || b != b) return a + b;
  if (a == b) return signbit(a) ? a : b;
  return a < b ? a : b;
}

static long double maximum(long double a, long double b) {
  if (a != a || b != b) return a + b;
  if (a == b) return signbit(a) ? b : a;
  return a > b ? a : b;
}

static float float32(kiln_op op, bool once, float a, float b, float c) {
  switch (op) {
    KN_FLOAT_CASES(float, f, roundevenf, minimum, maximum);
  KN_FLOATS_ELSEWHERE:
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc) KN_UNLESS_FLT_##types(E)
#include <kiln/ops.def>
  case KILN_OP_COUNT: break;
  }
  return 0;
}

static double float64(kiln_op op, bool once, double a, double b, double c) {
  switch (op) {
    KN_FLOAT_CASES(double, , roundeven, minimum, maximum);
  KN_FLOATS_ELSEWHERE:
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc) KN_UNLESS_FLT_##types(E)
#include <kiln/ops.def>
  case KILN_OP_COUNT: break;
  }
  return 0;
}

static long double float80(kiln_op op, long double a, long double b, long double c) {
  const bool once = false;
  switch (op) {
    KN_FLOAT_CASES(long double, l, roundevenl, minimum, maximum);
  KN_FLOATS_ELSEWHERE:
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc) KN_UNLESS_FLT_##types(E)
#include <kiln/ops.def>
  case KILN_OP_COUNT: break;
  }
  return 0;
}

kn_u128 kn_interp_wide_float(unsigned op, unsigned type, kn_u128 a, kn_u128 b, kn_u128 c) {
  if (type == KILN_TYPE_F128) return kn_interp_quad(op, a, b, c);
  const kn_u128 sign = BIT(79);
  switch (op) { /* these change the sign alone: a NaN keeps its payload */
  case KILN_OP_FNEG: return a ^ sign;
  case KILN_OP_FABS: return a & ~sign;
  case KILN_OP_FCOPYSIGN: return (a & ~sign) | (b & sign);
  default: return from_f80(float80((kiln_op)op, to_f80(a), to_f80(b), to_f80(c)));
  }
}

uint64_t kn_interp_float(unsigned op, unsigned type, bool once, uint64_t a, uint64_t b,
                         uint64_t c) {
  uint64_t sign = type == KILN_TYPE_F32 ? UINT64_C(1) << 31 : UINT64_C(1) << 63;
  switch (op) { /* these change the sign alone: a NaN keeps its payload */
  case KILN_OP_FNEG: return a ^ sign;
  case KILN_OP_FABS: return a & ~sign;
  case KILN_OP_FCOPYSIGN: return (a & ~sign) | (b & sign);
  default: break;
  }
  kiln_op o = (kiln_op)op;
  if (type == KILN_TYPE_F32) return from_f32(float32(o, once, to_f32(a), to_f32(b), to_f32(c)));
  return from_f64(float64(o, once, to_f64(a), to_f64(b), to_f64(c)));
}

/* ---- conversions ---- */

/* Counts the conversions of ops.def, so that a new one is not forgotten here. */
enum shape {
#define KILN_SHAPE(E, state, a, b, c, x, result, edges, copy, syntax) SH_##E,
#include <kiln/shapes.def>
};
enum {
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc)                                        \
  +(SH_##shape == SH_CONV_II || SH_##shape == SH_CONV_FF || SH_##shape == SH_CONV_FI ||            \
    SH_##shape == SH_CONV_IF)
  CONVERSIONS = 0
#include <kiln/ops.def>
};
_Static_assert(CONVERSIONS == 11,
               "one more goes into kn_interp_convert, and of f128 into convert_quad");

/* A float towards zero; out of range 0, or with `saturate` the nearest end. */
static kn_u128 to_integer(long double v, unsigned bits, bool is_signed, bool saturates) {
  if (v != v) return 0;
  long double t = truncl(v);
  long double high =
    ldexpl(1, (int)(is_signed ? bits - 1 : bits)); /* the first that does not fit */
  long double low = is_signed ? -high : 0;
  if (t < low) return saturates && is_signed ? BIT(bits - 1) : 0;
  if (t >= high) {
    if (!saturates) return 0;
    return is_signed ? BIT(bits - 1) - 1 : mask_of(bits);
  }
  return is_signed ? (kn_u128)(kn_i128)t & mask_of(bits) : (kn_u128)t;
}

/* Conversions from or to f128. */
static kn_u128 convert_quad(unsigned op, unsigned to, unsigned from, kn_u128 a) {
  unsigned bits = kn_interp_bits(to);
  switch (op) {
  case KILN_OP_FDEMOTE: return kn_interp_quad_to_float(to, a);
  case KILN_OP_FPROMOTE: return kn_interp_quad_from_float(from, a);
  case KILN_OP_SITOF:
    return kn_interp_quad_from_integer((kn_u128)extend(kn_interp_bits(from), a), true);
  case KILN_OP_UITOF: return kn_interp_quad_from_integer(a, false);
  default:
    return kn_interp_quad_to_integer(a, bits, op == KILN_OP_FTOSI || op == KILN_OP_FTOSIS,
                                     op == KILN_OP_FTOSIS || op == KILN_OP_FTOUIS);
  }
}

kn_u128 kn_interp_convert(unsigned op, unsigned to, unsigned from, kn_u128 a) {
  unsigned bits = kn_interp_bits(to), from_bits = kn_interp_bits(from);
  if (to == KILN_TYPE_F128 || from == KILN_TYPE_F128) return convert_quad(op, to, from, a);
  long double v = to_float(from, a);
  switch (op) {
  case KILN_OP_TRUNC: return a & mask_of(bits);
  case KILN_OP_ZEXT: return a;
  case KILN_OP_SEXT: return (kn_u128)extend(from_bits, a) & mask_of(bits);
  case KILN_OP_FDEMOTE:
  case KILN_OP_FPROMOTE: return from_float(to, v);
  case KILN_OP_FTOSI: return to_integer(v, bits, true, false);
  case KILN_OP_FTOUI: return to_integer(v, bits, false, false);
  case KILN_OP_FTOSIS: return to_integer(v, bits, true, true);
  case KILN_OP_FTOUIS: return to_integer(v, bits, false, true);
  case KILN_OP_SITOF:
    if (to == KILN_TYPE_F32) return from_f32((float)extend(from_bits, a));
    if (to == KILN_TYPE_F80) return from_f80((long double)extend(from_bits, a));
    return from_f64((double)extend(from_bits, a));
  case KILN_OP_UITOF:
    if (to == KILN_TYPE_F32) return from_f32((float)a);
    if (to == KILN_TYPE_F80) return from_f80((long double)a);
    return from_f64((double)a);
  default: return 0;
  }
}

/* ---- the rounding mode ---- */

static const int rounding_modes[4] = {FE_TOWARDZERO, FE_TONEAREST, FE_UPWARD, FE_DOWNWARD};

uint32_t kn_interp_get_rounding(void) {
  int mode = fegetround();
  for (uint32_t k = 0; k < 4; k++)
    if (rounding_modes[k] == mode) return k;
  return UINT32_MAX;
}

void kn_interp_set_rounding(uint32_t mode) { fesetround(rounding_modes[mode & 3]); }
