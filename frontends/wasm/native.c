/* Operations that targets do in different ways. */
#include "native.h"

/* Whether the target has an instruction for IEEE 754-2019's minimum and maximum. */
static const bool has_extremes[] = {[KILN_TARGET_X86_64] = false, [KILN_TARGET_AARCH64] = true};
_Static_assert(sizeof has_extremes == KILN_TARGET_COUNT, "a row for each target");

kiln_value kn_wasm_build_round(struct kn_wasm_body *c, kiln_op op, kiln_type type, kiln_value a) {
  return kiln_build_unary(c->f, op, type, a);
}

/* Both signs of equal operands count, which are zeros if they differ: or for the minimum, and for the maximum. The
 * sum of operands of which one is NaN is a quiet NaN. */
kiln_value kn_wasm_build_extreme(struct kn_wasm_body *c, kiln_op op, kiln_type type, kiln_value a,
                                 kiln_value b) {
  kiln_func *f = c->f;
  if (f == NULL) return a;
  if (has_extremes[c->w->target]) return kiln_build_binary(f, op, type, a, b);
  bool least = op == KILN_OP_FMINIMUM;
  kiln_type bits = type == KILN_TYPE_F32 ? KILN_TYPE_I32 : KILN_TYPE_I64;
  kiln_value x = kiln_build_convert(f, KILN_OP_BITCAST, bits, type, a),
             y = kiln_build_convert(f, KILN_OP_BITCAST, bits, type, b);
  kiln_value both = kiln_build_binary(f, least ? KILN_OP_OR : KILN_OP_AND, bits, x, y);
  both = kiln_build_convert(f, KILN_OP_BITCAST, type, bits, both);
  kiln_value sum = kiln_build_binary(f, KILN_OP_FADD, type, a, b);
  kiln_value first = kiln_build_fcmp(f, least ? KILN_FCOND_OLT : KILN_FCOND_OGT, type, a, b);
  kiln_value v = kiln_build_select(f, type, first, a, b);
  kiln_value equal = kiln_build_fcmp(f, KILN_FCOND_OEQ, type, a, b);
  v = kiln_build_select(f, type, equal, both, v);
  kiln_value unordered = kiln_build_fcmp(f, KILN_FCOND_UNO, type, a, b);
  return kiln_build_select(f, type, unordered, sum, v);
}
