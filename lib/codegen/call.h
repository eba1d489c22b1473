/* What calls, entries and returns have in common on all targets: where arguments and results are. Which place
 * comes next is the target's to say (kn_target.place_arg, place_result); the places of a whole call are
 * collected here once, so that a lowering may look at them as often as its order of emission asks. The functions
 * are in lib/codegen/call.c.
 *
 * Invariant: w->args describes the newest call, entry or return only. */
#ifndef KN_LIB_CODEGEN_CALL_H
#define KN_LIB_CODEGEN_CALL_H

#include "targets/target.h"

/* What the arguments placed so far have taken. */
struct kn_assign {
  unsigned gp, fp; /* registers given out, by bank */
  unsigned third;  /* of a third kind: places on the x87 stack */
  uint32_t stack;  /* bytes of the stack area */
  unsigned joined; /* parts left of an argument of several (KILN_PARAM_JOIN) */
  bool first;      /* the next is its first */
  uint32_t align;  /* of the stack area, if that is more than usual */
  bool none;       /* by KILN_CC_PRESERVE_NONE */
  bool lost;       /* and an argument has no place that is known here */
  uint64_t taken;  /* by it: registers given out */
  bool win64;      /* by Windows' convention; `gp` counts all positions */
  bool whole; /* the next parameter is the upper half of the one to be placed (KILN_PARAM_UPPER) */
  uint32_t upper; /* where in the stack area the upper half is that comes next; 0: in a register */
  bool wide;      /* results are halves of vectors of 256 bits */
};

/* An argument, parameter or result, and its place. */
struct kn_arg {
  uint32_t h;              /* operand, or the parameter's value; 0 of a result */
  uint32_t stack;          /* offset in the stack area, if `reg` is KN_NO_REG */
  const kiln_param *param; /* NULL: beyond the signature's parameters, or a result */
  uint8_t type;
  uint8_t reg;  /* register, the first of two; or KN_NO_REG */
  uint8_t high; /* the second of two, or KN_NO_REG */
};
/* KILN_PARAM_... of an argument. */
KN_INLINE unsigned kn_arg_flags(const struct kn_arg *a) { return a->param ? a->param->flags : 0; }

/* Fills w->args with the places of a call's `n` operands, by convention `cc`; `end`: what all of
 * them take. False, and the function failed, if a type is not lowered. */
bool kn_place_args(struct kn_walk *w, const uint32_t *operands, uint32_t n,
                   const kiln_param *params, uint32_t n_params, unsigned cc, struct kn_assign *end);
/* The next place of an integer by KILN_CC_PRESERVE_NONE: the first free one of `regs`, or none. */
void kn_place_none(struct kn_assign *s, struct kn_arg *a, const uint8_t *regs, unsigned n);
/* The same for the parameters of the function itself. */
bool kn_place_params(struct kn_walk *w, struct kn_assign *end);
/* The same for results of a signature with `flags`. Also false if there are more results than registers. */
bool kn_place_results(struct kn_walk *w, const uint8_t *types, unsigned n, unsigned flags);
/* The most bytes of stack arguments of a tail call. */
enum { KN_TAIL_STACK = 4096 };
/* True if the `bytes` of a tail call's stack arguments fit where the function's own are, and in KN_TAIL_STACK; else
 * the function failed. */
bool kn_tail_fits(struct kn_walk *w, uint32_t bytes);
/* Takes the results of call w->i, which have just arrived: kn_target.take_result of each that has a
 * register. */
void kn_take_results(struct kn_walk *w, const uint8_t *types, unsigned n, unsigned flags);
/* The same where w->args has the places of the `n` results. */
void kn_take_placed(struct kn_walk *w, unsigned n);
/* The symbol that a callee's handle names, or 0: then the address is in a register. */
uint32_t kn_callee_symbol(const struct kn_walk *w, uint32_t callee);

#endif
