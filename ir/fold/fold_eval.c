/* The operations of the IR on constants. Called by fold_build.c and by the builder (build_append.c). */
#include "ir/fold/fold_eval.h"

#include <string.h>

typedef kn_fold_bits bits;
typedef kn_fold_signed sbits;

static bool is_int(kiln_type t) { return t >= KILN_TYPE_I8 && t <= KILN_TYPE_I128; }
static unsigned width_of(kiln_type t) { return 8 * kiln_type_size(t); }

/* Number of zero bits above the highest one of v, of `width` bits. */
static unsigned leading_zeros(bits v, unsigned width) {
  uint64_t high = (uint64_t)(v >> 64), low = (uint64_t)v;
  unsigned zeros = high != 0  ? (unsigned)__builtin_clzll(high)
                   : low != 0 ? 64 + (unsigned)__builtin_clzll(low)
                              : 128;
  return zeros - (128 - width);
}

static bits reverse(bits v, unsigned width, unsigned unit) {
  bits out = 0;
  for (unsigned i = 0; i < width; i += unit) {
    out = out << unit | (v & kn_fold_mask(unit));
    v >>= unit;
  }
  return out;
}

/* The sign bit of a float type whose constants are folded; 0 for all other types. */
static bits float_sign(kiln_type t) {
  return t == KILN_TYPE_F32 ? (bits)1 << 31 : t == KILN_TYPE_F64 ? (bits)1 << 63 : 0;
}

bool kn_fold_eval_unary(kiln_op op, kiln_type type, bits a, bits *out) {
  unsigned w = width_of(type);
  bits sign = float_sign(type);
  if (op == KILN_OP_FNEG || op == KILN_OP_FABS) {
    *out = op == KILN_OP_FNEG ? a ^ sign : a & ~sign;
    return sign != 0;
  }
  if (!is_int(type)) return false;
  bits v;
  switch ((int)op) {
  case KILN_OP_NEG: v = 0 - a; break;
  case KILN_OP_NOT: v = ~a; break;
  case KILN_OP_ABS: v = kn_fold_sign(a, w) < 0 ? 0 - a : a; break;
  case KILN_OP_CLZ: v = leading_zeros(a, w); break;
  case KILN_OP_CTZ: v = a == 0 ? w : w - 1 - leading_zeros(a & (0 - a), w); break;
  case KILN_OP_POPCNT:
    v = (unsigned)(__builtin_popcountll((uint64_t)a) + __builtin_popcountll((uint64_t)(a >> 64)));
    break;
  case KILN_OP_BITREV: v = reverse(a, w, 1); break;
  case KILN_OP_BSWAP: v = reverse(a, w, 8); break;
  default: return false;
  }
  *out = v & kn_fold_mask(w);
  return true;
}

/* `v`, the exact result, limited to the range `least` to `most` of its type. */
static bits saturate(sbits v, sbits least, sbits most) {
  return (bits)(v < least ? least : v > most ? most : v);
}

bool kn_fold_eval_binary(kiln_op op, kiln_type type, bits a, bits b, bits *out) {
  unsigned w = width_of(type);
  if (op == KILN_OP_FCOPYSIGN && float_sign(type) != 0) {
    *out = (a & ~float_sign(type)) | (b & float_sign(type));
    return true;
  }
  if (!is_int(type)) return false;
  sbits sa = kn_fold_sign(a, w), sb = kn_fold_sign(b, w);
  sbits most = (sbits)(kn_fold_mask(w) >> 1), least = -most - 1, all = (sbits)kn_fold_mask(w);
  bool narrow = w <= 64; /* so that sums and products fit */
  unsigned n = (unsigned)(b % w);
  bits v;
  switch ((int)op) {
  case KILN_OP_ADD: v = a + b; break;
  case KILN_OP_SUB: v = a - b; break;
  case KILN_OP_MUL: v = a * b; break;
  case KILN_OP_UMULH: v = narrow ? a * b >> w : 0; break;
  case KILN_OP_SMULH: v = narrow ? (bits)(sa * sb >> w) : 0; break;
  case KILN_OP_UDIV:
  case KILN_OP_UREM:
    if (b == 0) return false;
    v = op == KILN_OP_UDIV ? a / b : a % b;
    break;
  case KILN_OP_SDIV:
  case KILN_OP_SREM:
    if (sb == 0 || (sa == least && sb == -1)) return false;
    v = (bits)(op == KILN_OP_SDIV ? sa / sb : sa % sb);
    break;
  case KILN_OP_AND: v = a & b; break;
  case KILN_OP_OR: v = a | b; break;
  case KILN_OP_XOR: v = a ^ b; break;
  case KILN_OP_SHL:
  case KILN_OP_LSHR:
  case KILN_OP_ASHR:
    if (b >= w) return false;
    v = op == KILN_OP_SHL ? a << n : op == KILN_OP_LSHR ? a >> n : (bits)(sa >> n);
    break;
  case KILN_OP_ROTL: v = n == 0 ? a : a << n | a >> (w - n); break;
  case KILN_OP_ROTR: v = n == 0 ? a : a >> n | a << (w - n); break;
  case KILN_OP_SMIN: v = sa < sb ? a : b; break;
  case KILN_OP_SMAX: v = sa > sb ? a : b; break;
  case KILN_OP_UMIN: v = a < b ? a : b; break;
  case KILN_OP_UMAX: v = a > b ? a : b; break;
  case KILN_OP_SADDS: v = narrow ? saturate(sa + sb, least, most) : 0; break;
  case KILN_OP_SSUBS: v = narrow ? saturate(sa - sb, least, most) : 0; break;
  case KILN_OP_UADDS: v = narrow ? saturate((sbits)(a + b), 0, all) : 0; break;
  case KILN_OP_USUBS: v = narrow ? saturate((sbits)a - (sbits)b, 0, all) : 0; break;
  default: return false;
  }
  *out = v & kn_fold_mask(w);
  return narrow || !kn_fold_only_narrow(op);
}

bool kn_fold_eval_ternary(kiln_op op, kiln_type type, bits a, bits b, bits c, bits *out) {
  if (!is_int(type) || (op != KILN_OP_FSHL && op != KILN_OP_FSHR)) return false;
  unsigned w = width_of(type), n = (unsigned)(c % w);
  bits v = op == KILN_OP_FSHL ? (n == 0 ? a : a << n | b >> (w - n))
                              : (n == 0 ? b : b >> n | a << (w - n));
  *out = v & kn_fold_mask(w);
  return true;
}

/* ---- floats ---- */

/* An f32 or f64 as a double, which has all values of both; false for other types and for NaN. */
static bool to_double(kiln_type type, bits v, double *out) {
  uint64_t bits64 = (uint64_t)v;
  uint32_t bits32 = (uint32_t)v;
  float single;
  if (type != KILN_TYPE_F32 && type != KILN_TYPE_F64) return false;
  if (type == KILN_TYPE_F64) {
    memcpy(out, &bits64, sizeof *out);
  } else {
    memcpy(&single, &bits32, sizeof single);
    if (single != single) return false;
    *out = single;
  }
  return *out == *out;
}

/* The bits of a double as another type; false if that has no such value, or for other types. */
static bool from_double(kiln_type type, double d, bits *out) {
  float single = (float)d;
  uint64_t bits64;
  uint32_t bits32;
  memcpy(&bits64, &d, sizeof bits64);
  memcpy(&bits32, &single, sizeof bits32);
  *out = type == KILN_TYPE_F32 ? bits32 : bits64;
  return type == KILN_TYPE_F64 || (type == KILN_TYPE_F32 && (double)single == d);
}

/* An integer as a float; false if that would be rounded. */
static bool int_to_float(kiln_type to, sbits v, bits *out) {
  const sbits exact = (sbits)1 << 53;
  return v >= -exact && v <= exact && from_double(to, (double)(int64_t)v, out);
}

/* A float towards zero as an integer; false out of range. */
static bool float_to_int(kiln_op op, kiln_type to, double d, bits *out) {
  bool is_signed = op == KILN_OP_FTOSI || op == KILN_OP_FTOSIS;
  unsigned w = width_of(to);
  double end = 1; /* 2^(w - 1) or 2^w: one above the greatest value */
  for (unsigned i = is_signed ? 1 : 0; i < w; i++) end *= 2;
  if (w > 64 || d >= end || (is_signed ? d < -end : d <= -1)) return false;
  *out = (is_signed ? (bits)(sbits)(int64_t)d : (bits)(uint64_t)d) & kn_fold_mask(w);
  return true;
}

bool kn_fold_eval_convert(kiln_op op, kiln_type to, kiln_type from, bits a, bits *out) {
  double d;
  switch ((int)op) {
  case KILN_OP_TRUNC:
  case KILN_OP_ZEXT:
  case KILN_OP_SEXT:
    if (!is_int(to) || !is_int(from)) return false;
    *out =
      (op == KILN_OP_SEXT ? (bits)kn_fold_sign(a, width_of(from)) : a) & kn_fold_mask(width_of(to));
    return true;
  case KILN_OP_BITCAST: *out = a; return width_of(to) == width_of(from) && width_of(to) - 1 < 64;
  case KILN_OP_FDEMOTE:
  case KILN_OP_FPROMOTE: return to_double(from, a, &d) && from_double(to, d, out);
  case KILN_OP_SITOF: return is_int(from) && int_to_float(to, kn_fold_sign(a, width_of(from)), out);
  case KILN_OP_UITOF: return is_int(from) && a >> 64 == 0 && int_to_float(to, (sbits)a, out);
  case KILN_OP_FTOSI:
  case KILN_OP_FTOUI:
  case KILN_OP_FTOSIS:
  case KILN_OP_FTOUIS: return is_int(to) && to_double(from, a, &d) && float_to_int(op, to, d, out);
  default: return false;
  }
}

/* ---- comparisons ---- */

bool kn_fold_eval_icmp(kiln_icond cond, kiln_type type, bits a, bits b) {
  unsigned w = width_of(type);
  bool is = false;
  switch ((int)cond & ~1) { /* an odd condition is the opposite of the one before it */
  case KILN_ICOND_EQ: is = a == b; break;
  case KILN_ICOND_SLT: is = kn_fold_sign(a, w) < kn_fold_sign(b, w); break;
  case KILN_ICOND_SLE: is = kn_fold_sign(a, w) <= kn_fold_sign(b, w); break;
  case KILN_ICOND_ULT: is = a < b; break;
  case KILN_ICOND_ULE: is = a <= b; break;
  }
  return is ^ (cond & 1);
}

bool kn_fold_eval_fcmp(kiln_fcond cond, kiln_type type, bits a, bits b, bool *out) {
  double x, y;
  if (!to_double(type, a, &x) || !to_double(type, b, &y)) return false; /* NaN too */
  bool first[KILN_FCOND_COUNT / 2] = {x == y, x<y, x <= y, x> y, x >= y, x < y || x > y, true};
  *out = first[cond / 2] ^ (cond & 1);
  return true;
}
