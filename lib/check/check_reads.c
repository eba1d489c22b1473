/* What the allocation check asks of operations: which operands they need not read, and what they lose. Called by
 * check.c at each instruction. Invariant: the answer depends on the IR alone. */
#include "lib/check/check.h"

bool kn_check_needs_nothing(const struct kn_check *c, const struct kn_inst *in, uint32_t i) {
  unsigned effects = kn_op_info[in->op].effects;
  switch (in->op) {
  case KILN_OP_PREFETCH:
  case KILN_OP_VA_END: return true; /* hints */
  case KILN_OP_SWITCH: return c->f->block[c->block].n_edges == 1;
  case KILN_OP_MEMCPY:
  case KILN_OP_MEMMOVE:
  case KILN_OP_MEMSET: return kn_is_imm(in->c) && kn_imm(in->c) == 0;
  case KILN_OP_ASM:
  case KILN_OP_CALL: return false;
  case KILN_OP_LOAD:
    if (in->x & KILN_MEM_VOLATILE) return false;
    break;
  default: break;
  }
  return c->values.at[i].uses == 0 && !(effects & KN_FX_KEPT);
}

bool kn_check_reads_half(const struct kn_inst *in) {
  return in->op == KILN_OP_SHL || in->op == KILN_OP_LSHR || in->op == KILN_OP_ASHR ||
         in->op == KILN_OP_FSHL || in->op == KILN_OP_FSHR;
}

uint64_t kn_check_lost_in_asm(const kiln_func *f, const struct kn_inst *in) {
  const struct kn_asm *a = &f->asms.at[in->b];
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  uint64_t set = a->lost;
  for (uint32_t k = 0; k < (uint32_t)sig->n_params + sig->n_results; k++)
    set |= KN_BIT(f->asm_bytes.at[a->regs + k]);
  return set;
}
