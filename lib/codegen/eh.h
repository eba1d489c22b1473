/* Exceptions in a walk: which calls may unwind and to where, the stubs that unwind edges lead
 * through, and the table in the end. Used by the targets' lowerings of calls; the functions are
 * in lib/codegen/eh.c.
 *
 * When an exception is caught, the unwinder goes to the landing pad with the callee-saved
 * registers, the frame and the stack pointer as they were at the call, the exception and its
 * selector in two registers (kn_target.exception), and nothing in any other. So the pad of a try
 * is a stub after the function's code, which moves the stack pointer back over the call's
 * arguments, reloads homes that the call clobbered, makes the moves of the unwind edge, and goes
 * to its block; or the block itself if nothing is to be done. Tries whose stubs would be the
 * same share one.
 *
 * Invariant: in functions with a personality each call is in `calls` if it may unwind, in the order of
 * the code. */
#ifndef KN_LIB_CODEGEN_EH_H
#define KN_LIB_CODEGEN_EH_H

#include "lib/codegen/call.h"
#include "lib/codegen/eh_table.h"

struct kn_place_move;

/* Calls that may unwind, with the same pad and action; between them are none but calls that must not unwind. */
struct kn_eh_call {
  uint32_t start, end; /* marks */
  uint32_t pad;        /* label, or 0: none */
  uint32_t action;     /* of kn_eh_chain */
};

/* Emitted when the blocks are. */
struct kn_eh_stub {
  uint32_t label;
  uint32_t edge;
  uint32_t block, inst; /* of a try that it is for */
  struct kn_call_stack stack;
  uint32_t first, n_moves; /* in kn_eh.moves */
};

struct kn_eh {
  bool on; /* the function has a personality: all else is unused without */
  KN_ARRAY(struct kn_eh_call) calls;
  KN_ARRAY(struct kn_eh_stub) stubs; /* empty in functions without a try */
  KN_ARRAY(struct kn_place_move) moves;
  KN_ARRAY(struct kn_eh_site) sites;
  struct kn_eh_actions actions;
};

/* A function begins: only if it has a personality. */
void kn_eh_begin(struct kn_walk *w);
/* The call of instruction w->i was emitted: from `start` to here. Only while w->eh.on. The call of a TRY has clobbered
 * registers, but reloaded none. */
void kn_eh_call(struct kn_walk *w, uint32_t start);
/* Before the call of a TRY: computes the arguments of its edges that are not computed yet. False if the function
 * failed. */
bool kn_try_begin(struct kn_walk *w);
/* After the call of a TRY: goes on to the block where it returns to. */
void kn_try_end(struct kn_walk *w, const struct kn_inst *in);
/* Emits the stubs. After the last block. */
void kn_eh_stubs(struct kn_walk *w);
/* Appends the function's table to the output; its code is complete. Returns the table's index + 1; 0: none, or the
 * function failed. */
uint32_t kn_eh_finish(struct kn_walk *w);
void kn_eh_free(struct kn_eh *eh, kiln_module *m);

#endif
