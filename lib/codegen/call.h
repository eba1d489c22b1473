/* What calls, entries and returns have in common on all targets: where arguments and results are, by the convention of
 * the signature (ir/convention.h). The argument locations of a whole call are collected once, so that a lowering may
 * look at them as often as its order of emission asks. The functions are in lib/codegen/call.c.
 *
 * Invariant: w->args describes the newest call, entry or return only. */
#ifndef KN_LIB_CODEGEN_CALL_H
#define KN_LIB_CODEGEN_CALL_H

#include "targets/target.h"

/* What the arguments or results assigned so far have taken. */
struct kn_assign {
  unsigned used[3]; /* of the convention's lists of general, float and narrow registers */
  unsigned x87;     /* slots on the x87 stack */
  uint32_t stack;   /* bytes of the stack area */
  uint32_t align;   /* of it, if that is more than usual */
  unsigned joined;  /* parts to come of an argument of several (KILN_PARAM_JOIN) */
  uint32_t upper; /* where in the stack area the upper part is that comes next; 0: in a register */
  uint8_t part;   /* the number of the upper part that comes next */
  uint64_t taken; /* registers given out */
  const char *refused; /* an argument has no location: kn_convention.no_stack; or NULL */
};

/* An argument, parameter or result, and its location. An i128 is two, its halves, of type i64, unless it is indirect or
 * in a vector register (kn_convention.i128_in_vector). */
struct kn_arg {
  uint32_t
    h; /* operand, or the parameter's value, or that of a result of a call; 0: nothing reads it */
  uint32_t stack;          /* offset in the stack area: without `reg` (results: `in_memory`) */
  const kiln_param *param; /* NULL: beyond the signature's parameters, or a result */
  uint8_t type;
  uint8_t reg;    /* or KN_NO_REG */
  uint8_t number; /* of a result; 2, 3: the third or fourth quarter of what is in `reg` */
  bool upper;     /* of a result: it is the upper half */
  bool in_memory; /* a result in the stack area. Without it and `reg`: on a stack of registers */
  /* the address of a copy: kn_convention.indirect; `type` is that of addresses. Of a quarter: a copy itself */
  bool indirect;
  int32_t memory; /* of a call, if it is indirect: frame offset of the copy, or of the result */
};
/* KILN_PARAM_... of an argument. */
KN_INLINE unsigned kn_arg_flags(const struct kn_arg *a) { return a->param ? a->param->flags : 0; }

/* How the caller extends an argument. */
enum {
  KN_PARAM_SIGN = KILN_PARAM_SEXT | KILN_PARAM_SEXT64,
  KN_PARAM_TO_64 = KILN_PARAM_SEXT64 | KILN_PARAM_ZEXT64,
  KN_PARAM_EXTEND = KILN_PARAM_SEXT | KILN_PARAM_ZEXT | KN_PARAM_TO_64
};

/* A call while it is lowered. */
struct kn_call {
  const struct kn_sig *sig;
  const uint32_t *args; /* handles of `n` arguments */
  uint32_t n;
  uint32_t callee; /* handle; 0 of a library function */
  uint32_t symbol; /* that is called, or 0: the address, in `reg` when all arguments are in place */
  uint8_t reg;
  bool library; /* not what the instruction says: a function that the target needs */
  bool tail;
};

/* How a call with arguments on the stack has moved the stack pointer. All 0: not at all. */
struct kn_call_stack {
  uint32_t bytes;  /* the distance that is known when it is compiled */
  uint32_t popped; /* the bytes that the callee has moved it back */
  /* frame offset of where its old value is stored, or 0: it was also aligned, or a landing pad cannot know what it is,
   * since another callee than the one that was called may have freed its arguments */
  int32_t kept;
};
KN_INLINE bool kn_moves_stack(struct kn_call_stack s) {
  return (s.bytes | s.popped) != 0 || s.kept != 0;
}

/* Any call: assigns the argument locations, saves live registers, drops the operands, emits the call or the jump. For
 * those that kn_target.call does not do in a shorter way of its own. */
void kn_general_call(struct kn_walk *w, struct kn_call *c);
/* What is common to all TAILCALLs, TRYs. */
void kn_lower_tailcall(struct kn_walk *w, const struct kn_inst *in);
void kn_lower_try(struct kn_walk *w, const struct kn_inst *in);

/* Fills in where the parameters and results of a signature go: kn_backend.assign_sig. */
void kn_sig_assign(const struct kn_target *t, struct kn_sig *sig);
/* Fills w->args with the locations of `n` arguments of a call by `sig`, or of the function's own parameters if
 * `operands` is NULL; `end`: what all of them take. False, and the function failed, if a type is not lowered. */
bool kn_assign_args(struct kn_walk *w, const struct kn_sig *sig, const uint32_t *operands,
                    uint32_t n, struct kn_assign *end);
/* The same for the results of `sig`, without their `h`. */
bool kn_assign_results(struct kn_walk *w, const struct kn_sig *sig);
/* The most bytes of stack arguments of a tail call. */
enum { KN_TAIL_STACK = 4096 };
/* Takes the results of call w->i by `sig`, which have just arrived: kn_target.take_result of each that is in a register
 * or in memory. */
void kn_take_results(struct kn_walk *w, const struct kn_sig *sig);
/* The value of result `number` of the call w->i: the call, or a RESULT after it; 0: nothing reads it. */
uint32_t kn_result_value(const struct kn_walk *w, unsigned number);
/* The results of a call by `sig` were taken: frees its stack area, if that moved the stack pointer and kn_general_call
 * left it because results are in it. */
void kn_free_results(struct kn_walk *w, const struct kn_sig *sig);
/* The same where w->args has the locations of the results. */
void kn_take_assigned(struct kn_walk *w);
/* What a target does with parameters in a way of its own. */
struct kn_entry {
  int32_t first; /* frame offset of the first argument on the stack */
  /* Looks at a parameter, read or not, and changes where it is, or receives it: true if nothing is left to do. NULL:
   * the target has no such parameters. */
  bool (*own_way)(struct kn_walk *w, struct kn_arg *a, int32_t *frame);
  /* The parameters in registers were looked at, those on the stack were not: of a variadic function, saves the other
   * argument registers, before the moves: homes may be some of them. NULL: there are no variadic functions. */
  void (*save_rest)(struct kn_walk *w, uint32_t stack_bytes);
};
/* kn_enter_params of any signature; the moves are left to do. */
void kn_enter_assigned(struct kn_walk *w, const struct kn_entry *entry);
/* Moves what RET `in` returns to the registers of results, but drops nothing. */
void kn_return_values(struct kn_walk *w, const struct kn_inst *in);
/* The symbol that a callee's handle names, or 0: then the address is in a register. */
uint32_t kn_callee_symbol(const struct kn_walk *w, uint32_t callee);
/* True if calls of the symbol go through the GOT (-fno-plt). */
bool kn_call_through_got(const struct kn_walk *w, uint32_t symbol, bool library);

#endif
