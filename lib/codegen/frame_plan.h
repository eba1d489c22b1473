/* The plan of a function's frame: what is unusual about its entry, its exits and what is between, from the attributes
 * that the front end gave the function, its convention, and what was built in it. The first step of the plan
 * (lib/codegen/plan.c), since homes depend on it; the walk and the targets read it and decide nothing of it.
 *
 * It is made in two steps: kn_frame_plan_make, before the homes are known, and kn_frame_plan_homes, after. Memory slots
 * get their frame offsets from the walk when it first needs them (kn_slot_frame); those of inlined bodies share memory
 * as kn_frame_plan_scopes says, since only after the homes it is known which of them are memory. Invariant: where a
 * function requested nothing unusual, only what the section "the stack pointer" has may be other than 0. */
#ifndef KN_LIB_CODEGEN_FRAME_PLAN_H
#define KN_LIB_CODEGEN_FRAME_PLAN_H

#include "targets/target.h"

/* Which functions protect their return address: sign it, or keep to a stack of return addresses. */
enum kn_return_protection {
  KN_RETURN_BARE,
  KN_RETURN_STORED, /* where it is stored in the frame */
  KN_RETURN_ALL
};

struct kn_frame_plan {
  /* ---- registers that the prologue saves ---- */
  uint64_t saved; /* of those that C's convention preserves */
  uint64_t kept;  /* beyond these: the convention preserves them, or an EH_RETURN restores them, */
  uint64_t eh_only;      /* of `kept`: only that, since other returns have results there */
  uint64_t pinned;       /* kiln_module_attrs.pinned: nothing else is ever in this register */
  uint64_t pinned_saved; /* it, if it is among `saved`: kiln_func_attrs.keeps_pinned */

  /* ---- the stack pointer ---- */
  bool pointer;   /* a frame pointer addresses the frame; else the stack pointer does */
  bool calls;     /* functions are called, the failure of a guard among them */
  bool dynamic;   /* it moves while the body runs: SALLOC */
  bool record;    /* FRAME_ADDR, RETURN_ADDR: there is a record for them to read */
  bool realigned; /* callers may not have aligned it: the prologue does */
  bool red_zone;  /* a leaf may use memory below it */
  uint32_t
    popped; /* bytes of its stack area that the function frees when it returns: kn_sig.popped */
  /* the most that it moves between two accesses, a multiple of 16; 0: it is not probed */
  uint32_t probe_step;

  /* ---- guards and marks ---- */
  bool guarded; /* a guard is stored at the entry, compared at each return: lib/codegen/guard.c */
  bool marks;   /* what indirect jumps go to begins with a mark (kn_target.landing), */
  bool entry_mark;    /* and the function does */
  uint8_t returns;    /* enum kn_return_protection */
  bool control_stack; /* returns are to match calls: no jump out of several functions */

  uint32_t shared_bytes; /* of the memory that the slots of inlined bodies share */

  /* ---- the body ---- */
  bool naked;        /* no prologue, no epilogue: machine code, traps, branches */
  bool general_only; /* no float register is touched */
  bool homeless;     /* nothing has a home in a register, no frame offset serves two values */
  bool keeps_none;   /* the convention preserves no register: all that C's does are free to use */
};

/* Plans all but `saved`. False if the function failed: it uses something that the target does not support. */
bool kn_frame_plan_make(struct kn_frame_plan *p, kiln_func *f, const struct kn_target *t);
/* The homes are known: `changed` are the registers that C's convention preserves and the function changes; of those
 * `stored` are stored to the frame (kn_target.stored_homes). */
static inline void kn_frame_plan_homes(struct kn_frame_plan *p, uint64_t changed, uint64_t stored) {
  if (KN_UNLIKELY(changed & stored)) p->kept |= changed & stored;
  p->saved = p->keeps_none ? 0 : (changed & ~stored) | p->pinned_saved;
}

/* The memory that inlined bodies share is aligned so, in the frame. */
#define KN_SHARED_ALIGN_LOG2 4
/* Gives the slots of inlined bodies that may be memory their offsets in the memory that the bodies share. The slots of
 * a body follow those of its parent; siblings overlap, since they are never live together. */
struct kn_plan;
void kn_frame_plan_scopes(struct kn_plan *plan, const kiln_func *f);

/* The function neither calls nor moves the stack pointer. */
static inline bool kn_frame_leaf(const struct kn_frame_plan *p) { return !p->calls && !p->dynamic; }

#endif
