/* What is built by instructions of the target, or by several operations where it has none. */
#ifndef KN_WASM_NATIVE_H
#define KN_WASM_NATIVE_H

#include "body.h"

#include <kiln/machine_ops.h>

kiln_value kn_wasm_build_round(struct kn_wasm_body *c, kiln_op op, kiln_type type, kiln_value a);
kiln_value kn_wasm_build_extreme(struct kn_wasm_body *c, kiln_op op, kiln_type type, kiln_value a,
                                 kiln_value b);

#endif
