/* The contract between lib/ and a target: facts that the plan and the pipeline read, and one entry
 * that compiles a planned function. What the walk shares is in lib/walk.h, as inline functions that a
 * target instantiates with its own `struct kn_hooks`. Only lib/compile.c names the targets. */
#ifndef KN_TARGETS_TARGET_H
#define KN_TARGETS_TARGET_H

#include "ir/func.h"

/* Registers are numbered 0 to 63 over both banks: general ones from 0, float ones from KN_FP_BASE.
 * Sets of registers are 64-bit masks. */
#define KN_FP_BASE 32u
#define KN_BIT(r) (UINT64_C(1) << (r))
#define KN_GP_MASK UINT64_C(0xffffffff)

struct kn_walk;
struct kn_plan;

struct kn_target {
  const char *name;
  uint64_t temps;        /* registers only ever used for values of one block */
  uint64_t caller_homes; /* may be homes of intervals without calls, else temporary */
  uint64_t around_calls; /* of these: may also be saved before each call, reloaded after it */
  uint64_t callee_homes; /* preserved by calls: homes; temporary where the function saves them */
  uint8_t arg_regs[8];   /* general argument registers in order; KN_NO_REG ends */
  uint8_t fp_arg_regs[8];
  /* Per opcode, the types (a bit each) for which it clobbers like a call. */
  const uint16_t *clobbers;
  /* Frame offsets of locals grow upward from the frame register and are positive, those of the
   * caller's arguments are negative; else the other way round. */
  bool frame_up;
  /* Compiles f, planned by `plan`, into the session's output. */
  kiln_status (*compile)(kiln_session *s, kiln_func *f, struct kn_plan *plan);
};

extern const struct kn_target kn_target_x86_64;
extern const struct kn_target kn_target_aarch64;

#endif
