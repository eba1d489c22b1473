/* Observers of the walk: whoever learns what code a function becomes while that is made. Debuggers' rows and locations
 * are one (lib/debug/debugger.h), the map another (lib/codegen/map.h); lib/compile.c attaches them before a
 * function's walk. The walk's loop has an instance that tells them, which functions without an observer never enter;
 * targets tell what they alone know: calls and branches. Where code is data the output says (kn_code_data).
 *
 * What registers and the frame hold is not told: an observer that wants it reads the walk, at each instruction. The log
 * of checking builds (lib/codegen/log.h) says that, too, at each write: so often that it stays a macro, of which
 * nothing is left in release builds. Exceptions (lib/codegen/eh.h) are no observer, for they take part: an unwind edge
 * has moves, reads values for the last time, and becomes code.
 *
 * Invariant: walk and function are constant to an observer. It changes them by its requests alone. `blocks` is the last
 * event at which it may read values' state (struct kn_val). */
#ifndef KN_LIB_CODEGEN_OBSERVE_H
#define KN_LIB_CODEGEN_OBSERVE_H

#include "lib/codegen/walk.h"

/* What an observer hears, in this order; but for `inst`, NULL: it does not listen. */
struct kn_observer_events {
  /* The function's code begins, with the prologue. */
  void (*begin)(struct kn_observer *o, const struct kn_walk *w);
  /* From here on the code belongs to `inst` of `block`; inst 0: to the block's beginning. Of instructions only where
   * they go on after the blocks: `inst` below says where they begin. */
  void (*code)(struct kn_observer *o, const struct kn_walk *w, uint32_t block, uint32_t inst);
  /* The frame is made, the arguments are to be received. */
  void (*frame)(struct kn_observer *o, const struct kn_walk *w);
  /* The code of instruction w->i begins, which is not in o->quiet. */
  void (*inst)(struct kn_observer *o, const struct kn_walk *w);
  /* The call of w->i is emitted next. `own`: it calls what the instruction says, and no library function; `reg`: what
   * is called is in it, if that is no symbol. */
  void (*call)(struct kn_observer *o, const struct kn_walk *w, bool own, unsigned reg);
  /* It was emitted, and returns to here. */
  void (*returned)(struct kn_observer *o, const struct kn_walk *w);
  /* The same as `call` of a tail call: a label to be placed after its jump, or 0. */
  uint32_t (*tail)(struct kn_observer *o, const struct kn_walk *w, unsigned reg);
  /* The code of a conditional branch follows; or the results of a return are in their registers, and the epilogue or a
   * jump to it follows. */
  void (*branch)(struct kn_observer *o, const struct kn_walk *w);
  /* The code from offset `start` on, `bytes` bytes, is repeated here. */
  void (*repeat)(struct kn_observer *o, const struct kn_walk *w, uint32_t start, uint32_t bytes);
  /* Is the code from offset `start` up to `end` not to be repeated? A question, and no event. */
  bool (*alone)(const struct kn_observer *o, const struct kn_walk *w, uint32_t start, uint32_t end);
  /* Has what is emitted here to stay an instruction of its own? A question, and no event. */
  bool (*stop)(const struct kn_observer *o, const struct kn_walk *w);
  /* Block w->block is complete, another one begins. */
  void (*leave)(struct kn_observer *o, const struct kn_walk *w);
  /* All blocks are complete: the target finishes the function next. */
  void (*blocks)(struct kn_observer *o, const struct kn_walk *w);
  /* The function is complete, marks have their final offsets: it is `func` in the output. Not if it failed. */
  void (*end)(struct kn_observer *o, const struct kn_walk *w, struct kn_code_func *func);
};

/* The observer hears of the function that is walked next. */
void kn_observe(struct kn_walk *w, struct kn_observer *o);

/* ---- requests, which are done at once ---- */

/* A mark at the next byte of code; 0: the function failed. */
uint32_t kn_request_mark(struct kn_requests *r);
/* A label, which is bound later; 0: the same. */
uint32_t kn_request_label(struct kn_requests *r);
/* An instruction that does nothing. */
void kn_request_nop(struct kn_requests *r);
/* What registers have of variables in memory counts no longer: debuggers write to these. */
void kn_request_reload(struct kn_requests *r);
/* The registers that were written since it was asked last, or since the function began. For one observer. */
uint64_t kn_request_written(struct kn_requests *r);
/* A frame offset for a slot that no code accesses. */
void kn_request_slot(struct kn_requests *r, uint32_t slot);
/* Puts where a call passes its arguments, or, with NULL, where the function gets its own, to walk's args, which are the
 * newest call's until then. False if the function failed. */
bool kn_request_args(struct kn_requests *r, const struct kn_sig *sig, const uint32_t *operands,
                     uint32_t n);

/* ---- events ---- */

/* Tells all observers `event`, with the arguments after it: kn_observer_events. */
#define KN_NOTIFY(w, event, ...)                                                                   \
  for (struct kn_observer *o_ = (w)->observer; KN_UNLIKELY(o_ != NULL); o_ = o_->next)             \
    if (o_->on->event) o_->on->event(o_, __VA_ARGS__)

/* `inst`, for those that are not quiet at w->i; there is one, or several. */
void kn_observe_insts(struct kn_walk *w);
KN_INLINE void kn_observe_inst(struct kn_walk *w) {
  struct kn_observer *o = w->observer;
  if (KN_UNLIKELY(o->next != NULL)) return kn_observe_insts(w);
  o->on->inst(o, w);
  w->quiet = o->quiet;
}
/* `tail` of the first observer that gives a label; else 0. */
uint32_t kn_observe_tail(struct kn_walk *w, unsigned reg);
/* `alone` of any. */
KN_INLINE bool kn_observe_alone(const struct kn_walk *w, uint32_t start, uint32_t end) {
  const struct kn_observer *o = w->observer;
  while (KN_UNLIKELY(o != NULL) && !(o->on->alone && o->on->alone(o, w, start, end))) o = o->next;
  return o != NULL;
}
/* `stop` of any. */
KN_INLINE bool kn_observe_stop(const struct kn_walk *w) {
  const struct kn_observer *o = w->observer;
  while (KN_UNLIKELY(o != NULL) && !(o->on->stop && o->on->stop(o, w))) o = o->next;
  return o != NULL;
}

#endif
