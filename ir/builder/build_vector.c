/* Operations on the lanes of vectors: the one call that appends them. Called by front ends and
 * the parser. The rules are kn_op_lanes_wrong's (ir/ops.c), which the verifier asks too. */
#include "ir/builder/builder.h"

kiln_value kiln_build_vector(kiln_func *f, kiln_op op, kiln_type type, kiln_type lane,
                             unsigned number, kiln_value a, kiln_value b) {
  if (!kn_build_begun(f)) return KN_NONE;
  if (KN_UNLIKELY((unsigned)op >= KILN_OP_COUNT || !kn_shape_has_lanes(kn_op_info[op].shape)))
    return kn_build_bad_op(f, op, type);
  if (KN_UNLIKELY((unsigned)lane >= KILN_TYPE_COUNT)) return kn_build_bad_type(f, op, lane);
  if (KN_UNLIKELY(number > UINT8_MAX))
    return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_TYPE, "the number is larger than 255");
  unsigned shape = kn_op_info[op].shape, x = (unsigned)lane | number << 8;
  const char *wrong = kn_op_lanes_wrong(op, type, x);
  if (KN_UNLIKELY(wrong != NULL)) return KN_BUILD_FAIL(KN_NONE, f, KILN_ERR_TYPE, wrong);
  if (kn_shape_info[shape].n_fields < 2) b.id = 0;
  return (kiln_value){kn_build_append(f, op, type, x, a.id, b.id, 0)};
}
