/* What several operations are built of: lanes of vectors, and what targets do in different ways. */
#ifndef KN_WASM_NATIVE_H
#define KN_WASM_NATIVE_H

#include "body.h"

#include <kiln/machine_ops.h>

/* ---- native.c: by target ---- */

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
