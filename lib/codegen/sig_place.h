/* Where a call has an argument, for who sees no code of the call: lazy functions of a JIT. In call.c. */
#ifndef KN_LIB_CODEGEN_SIG_PLACE_H
#define KN_LIB_CODEGEN_SIG_PLACE_H

#include "targets/target.h"

/* The register of argument `number` by `sig`, or of its lower half; KN_NO_REG: it is at `*stack` in the stack area. */
uint8_t kn_sig_place(const struct kn_target *t, const struct kn_sig *sig, uint32_t number,
                     uint32_t *stack);

#endif
