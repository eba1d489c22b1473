/* The lowering of machine code that is an instruction (lib/codegen/asm_inst.c). */
#ifndef KN_LIB_CODEGEN_ASM_INST_H
#define KN_LIB_CODEGEN_ASM_INST_H

#include "targets/target.h"

/* Emits the body of a naked function. */
void kn_naked(struct kn_walk *w);
/* Lowers the ASM w->i. `clobbered`: the registers that a call of the target clobbers. */
void kn_lower_asm(struct kn_walk *w, const struct kn_inst *in, uint64_t clobbered);

#endif
