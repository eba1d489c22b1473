/* Arithmetic on f128, for number.c: the compiler's own type of that format, and the C library's functions for
 * it (<math.h> of ISO/IEC TS 18661-3, declared here since compilers do not agree on the type's name: clang has no
 * _Float128, and no __float128 where long double is of that format). */
#include "interp.h"

#if !defined(__clang__)
typedef _Float128 quad;
#elif __LDBL_MANT_DIG__ == 113
typedef long double quad;
#else
__extension__ typedef __float128 quad;
#endif

quad fmodf128(quad, quad), sqrtf128(quad), fmaf128(quad, quad, quad), fminf128(quad, quad),
  fmaxf128(quad, quad), floorf128(quad), ceilf128(quad), truncf128(quad), roundf128(quad),
  roundevenf128(quad), rintf128(quad), nearbyintf128(quad);

static quad to_quad(kn_u128 bits) {
  quad v;
  memcpy(&v, &bits, sizeof v);
  return v;
}
static kn_u128 from_quad(quad v) {
  kn_u128 bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}

enum kn_order kn_interp_quad_order(kn_u128 a, kn_u128 b) {
  quad x = to_quad(a), y = to_quad(b);
  return KN_ORDER_OF(x, y);
}

/* NaN if one is; -0 < +0. */
static quad extreme(quad a, quad b, bool most) {
  if (a != a || b != b) return a + b;
  if (a == b) return (from_quad(a) >> 127) != most ? a : b;
  return (a < b) != most ? a : b;
}

static quad minimum(quad a, quad b) { return extreme(a, b, false); }
static quad maximum(quad a, quad b) { return extreme(a, b, true); }

static quad compute(kiln_op op, quad a, quad b, quad c) {
  const bool once = false;
  switch (op) {
    KN_FLOAT_CASES(quad, f128, roundevenf128, minimum, maximum);
  KN_FLOATS_ELSEWHERE:
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc) KN_UNLESS_FLT_##types(E)
#include <kiln/ops.def>
  case KILN_OP_COUNT: break;
  }
  return 0;
}

kn_u128 kn_interp_quad(unsigned op, kn_u128 a, kn_u128 b, kn_u128 c) {
  const kn_u128 sign = (kn_u128)1 << 127;
  switch (op) { /* these change the sign alone: a NaN keeps its payload */
  case KILN_OP_FNEG: return a ^ sign;
  case KILN_OP_FABS: return a & ~sign;
  case KILN_OP_FCOPYSIGN: return (a & ~sign) | (b & sign);
  default: return from_quad(compute((kiln_op)op, to_quad(a), to_quad(b), to_quad(c)));
  }
}

/* 2 to the power of n. */
static quad power(unsigned n) { return to_quad((kn_u128)(16383 + n) << 112); }

kn_u128 kn_interp_quad_to_integer(kn_u128 a, unsigned bits, bool is_signed, bool saturates) {
  quad v = to_quad(a);
  if (v != v) return 0;
  kn_u128 all = ~(kn_u128)0 >> (128 - bits), least = is_signed ? (kn_u128)1 << (bits - 1) : 0;
  quad t = truncf128(v), high = power(is_signed ? bits - 1 : bits), low = is_signed ? -high : 0;
  if (t < low) return saturates ? least : 0;
  if (t >= high) return saturates ? all ^ least : 0;
  return (is_signed ? (kn_u128)(kn_i128)t : (kn_u128)t) & all;
}

kn_u128 kn_interp_quad_from_integer(kn_u128 a, bool is_signed) {
  return from_quad(is_signed ? (quad)(kn_i128)a : (quad)a);
}

kn_u128 kn_interp_quad_from_float(unsigned from, kn_u128 a) {
  if (from == KILN_TYPE_F32) {
    float v;
    memcpy(&v, &a, sizeof v);
    return from_quad((quad)v);
  }
  if (from == KILN_TYPE_F64) {
    double v;
    memcpy(&v, &a, sizeof v);
    return from_quad((quad)v);
  }
  long double v = 0; /* f80 */
  memcpy(&v, &a, 10);
  return from_quad((quad)v);
}

kn_u128 kn_interp_quad_to_float(unsigned to, kn_u128 a) {
  kn_u128 bits = 0;
  if (to == KILN_TYPE_F32) {
    float v = (float)to_quad(a);
    memcpy(&bits, &v, sizeof v);
  } else if (to == KILN_TYPE_F64) {
    double v = (double)to_quad(a);
    memcpy(&bits, &v, sizeof v);
  } else { /* f80 */
    long double v = (long double)to_quad(a);
    memcpy(&bits, &v, 10);
  }
  return bits;
}
