/* The register file of a walk: which registers are free, and what the others hold. Used by the fast paths in
 * lib/codegen/walk.h; the slow ones are in lib/codegen/regs.c.
 *
 * Invariants between instructions: a register of `block_regs` is in `free` exactly if no local value owns it;
 * owner[r] of a register that is not free is the value v with val[v].reg == r; homes are never in block_regs
 * while something lives in them. Copies of values that live in the frame are in free registers, which are also in
 * `cached`. */
#ifndef KN_LIB_CODEGEN_REGS_H
#define KN_LIB_CODEGEN_REGS_H

#include "targets/target.h"

struct kn_regs {
  uint64_t free;          /* registers for local values, if they hold none */
  uint64_t temp;          /* taken for this instruction only */
  uint64_t locked;        /* operands of this instruction: not to be evicted */
  uint64_t cached;        /* free registers with a copy of a value that lives in the frame */
  uint64_t aliased;       /* homes of variables that may have aliases */
  uint64_t choice;        /* all ones; 0 in stress mode, where every choice takes the slow path */
  uint64_t written;       /* since an observer last asked: KN_WROTE, kn_request_written */
  uint64_t kept;          /* homes that a call in this block has to save and to reload */
  uint64_t block_regs;    /* registers that local values may use in this block */
  uint64_t function_regs; /* the same in this function, where they are nobody's home */
  uint32_t epoch;         /* grows when registers lose their content: kn_slot.epoch */
  uint32_t owner[64];
  uint64_t kept_homes; /* homes that have an entry in kept_at */
  int32_t kept_at[64]; /* frame offset where a home is kept around calls */
  uint32_t alias[64];  /* newest alias of a home in `aliased`; older ones by kn_val.older */
  uint64_t stress;     /* state of the random choice, or 0 */
};

/* The next random number of stress mode. */
static inline uint64_t kn_stress_next(struct kn_regs *r) {
  return r->stress = r->stress * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
}

#endif
