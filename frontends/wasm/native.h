/* What several operations are built of: lanes of vectors, and what targets do in different ways. */
#ifndef KN_WASM_NATIVE_H
#define KN_WASM_NATIVE_H

#include "body.h"

#include <kiln/machine_ops.h>

/* ---- native.c: by target ---- */

/* True if a store of several bytes whose last ones fault may have written the first ones. */
bool kn_wasm_stores_tear(kiln_processor target);

/* Operations on lanes of 8, 16 and 32 bits that a target may have an instruction for. The names are WebAssembly's.
 * Conversions are those of lanes of 32 bits. */
enum kn_wasm_native {
  KN_WASM_NATIVE_ADD_SAT_S,
  KN_WASM_NATIVE_ADD_SAT_U,
  KN_WASM_NATIVE_SUB_SAT_S,
  KN_WASM_NATIVE_SUB_SAT_U,
  KN_WASM_NATIVE_AVGR,
  KN_WASM_NATIVE_ABS,
  KN_WASM_NATIVE_MIN_S,
  KN_WASM_NATIVE_MIN_U,
  KN_WASM_NATIVE_MAX_S,
  KN_WASM_NATIVE_MAX_U,
  KN_WASM_NATIVE_NARROW_S, /* of these lanes to narrower ones */
  KN_WASM_NATIVE_NARROW_U,
  KN_WASM_NATIVE_DOT, /* of these lanes */
  KN_WASM_NATIVE_SHL, /* by an I32, less than the lane's bits */
  KN_WASM_NATIVE_SHR_S,
  KN_WASM_NATIVE_SHR_U,
  KN_WASM_NATIVE_PICK, /* bytes of a vector by the lower half of those of another; 0 where that is 128 or more */
  KN_WASM_NATIVE_TRUNC_32, /* of F32 to I32, towards zero; out of range or NaN the least I32 */
  KN_WASM_NATIVE_CONVERT,  /* of the lower I32 to F64 */
  KN_WASM_NATIVE_PROMOTE,  /* of the lower F32 to F64 */
  KN_WASM_NATIVE_DEMOTE,   /* of F64 to the lower F32, zeros above */
  KN_WASM_NATIVE_COUNT
};

/* True if the target has an instruction for it. */
bool kn_wasm_has_native(const struct kn_wasm_body *c, enum kn_wasm_native op, kiln_type lane);
/* Builds it of `n` operands; false, and nothing is built, if there is no instruction. */
bool kn_wasm_native(struct kn_wasm_body *c, enum kn_wasm_native op, kiln_type lane,
                    const kiln_value *operands, uint32_t n, kiln_value *out);

kiln_value kn_wasm_build_round(struct kn_wasm_body *c, kiln_op op, kiln_type type, kiln_value a);
kiln_value kn_wasm_build_extreme(struct kn_wasm_body *c, kiln_op op, kiln_type type, kiln_value a,
                                 kiln_value b);

/* ---- lanes.c ---- */

kiln_value kn_wasm_vconst(struct kn_wasm_body *c, uint64_t low, uint64_t high);
/* A constant with `value` in all lanes. */
kiln_value kn_wasm_vsplat_const(struct kn_wasm_body *c, kiln_type lane, uint64_t value);
kiln_value kn_wasm_lane(struct kn_wasm_body *c, kiln_type lane, unsigned number, kiln_value v);
kiln_value kn_wasm_insert(struct kn_wasm_body *c, kiln_type lane, unsigned number, kiln_value v,
                          kiln_value scalar);
kiln_value kn_wasm_shuffle(struct kn_wasm_body *c, kiln_value a, kiln_value b, kiln_value control);
/* The same by a constant. */
kiln_value kn_wasm_shuffle_const(struct kn_wasm_body *c, kiln_value a, kiln_value b,
                                 const uint8_t control[16]);
/* The lower or upper half of the lanes, twice as wide. */
kiln_value kn_wasm_extend_lanes(struct kn_wasm_body *c, kiln_type lane, bool is_signed, bool high,
                                kiln_value v);

/* ---- memory.c ---- */

/* Reads alignment and offset of an access of 2^natural bytes, pops the index: the address, and a displacement. */
kiln_value kn_wasm_read_address(struct kn_wasm_body *c, unsigned natural, int32_t *disp);
/* The same, and loads; a narrower integer is extended with zeros. */
kiln_value kn_wasm_read_load(struct kn_wasm_body *c, kiln_type type, kiln_type memory,
                             unsigned natural);

#endif
