#ifndef KN_LIB_CODEGEN_PAIRS_H
#define KN_LIB_CODEGEN_PAIRS_H

#include "ir/func.h"

/* From here on each i128 of a finished function is two values of 64 bits: for functions that have one
 * (kn_func_facts.has_pairs), before kn_plan_make. False if the function failed. */
bool kn_split_pairs(kiln_func *f);
/* Is i128 operand h its lower half, extended with its sign or with 0? */
bool kn_is_extended(const kiln_func *f, uint32_t h, bool sign);
#endif
