/* What surrounds the instruction of each call, whoever emits it: targets' lowerings, the driver of general calls
 * (lib/codegen/call.c), library calls. Invariant: between the two functions nothing is emitted but the call. */
#ifndef KN_LIB_CODEGEN_CALL_EMIT_H
#define KN_LIB_CODEGEN_CALL_EMIT_H

#include "lib/codegen/observe.h"

/* The call is emitted next: where it begins. */
KN_INLINE uint32_t kn_call_begin(struct kn_walk *w, bool library, unsigned reg) {
  KN_NOTIFY(w, call, w, !library, reg);
  return kn_here(w);
}

/* It was emitted, from `start` on, and loses the registers `lost`. */
KN_INLINE void kn_call_end(struct kn_walk *w, uint32_t start, uint64_t lost) {
  KN_WROTE_SET(w, KN_EV_LOST, lost);
  KN_NOTIFY(w, returned, w);
  if (KN_UNLIKELY(w->eh.on)) kn_eh_call(w, start);
  /* longjmp comes back by an indirect jump */
  if (KN_UNLIKELY(w->plan->frame.homeless) && w->plan->frame.marks &&
      kn_inst_returns_twice(w->f, &w->inst[w->i]))
    w->target->landing(w);
  kn_called(w);
}

/* The call of CALL, TAILCALL or TRY w->i. */
KN_INLINE struct kn_call kn_call_of(const struct kn_walk *w, const struct kn_inst *in, bool tail) {
  return (struct kn_call){.sig = kn_sig(w->f->module, in->c),
                          .args = w->f->lists.at + in->a,
                          .n = in->x,
                          .callee = in->b,
                          .symbol = kn_callee_symbol(w, in->b),
                          .tail = tail};
}

/* Receives the parameters: each gets to where it lives. The usual ones are few integers, all in registers. */
KN_INLINE void kn_enter_params(struct kn_walk *w, const struct kn_entry *entry) {
  const kiln_func *f = w->f;
  const struct kn_sig *sig = kn_sig(f->module, f->sig);
  if (KN_LIKELY(sig->plain)) {
    const uint8_t *regs = sig->conv->args[0].reg;
    for (uint32_t k = 0; k < sig->n_params; k++) {
      uint32_t h = w->i = kn_block_param(f, &f->block[0], k);
      if (w->val[h].uses != 0) kn_arrive(w, h, regs[k], 0);
    }
    w->frame.va.gp = sig->n_params;
    w->frame.va.fp = 0;
    w->frame.va.stack = entry->first;
    if (entry->save_rest) entry->save_rest(w, 0);
  } else {
    kn_enter_assigned(w, entry);
  }
  if (w->moves.n != 0) kn_run_moves(w);
}

/* Is the value not computed yet? That may take registers, and so is to be done before moves are collected. */
KN_INLINE bool kn_waits(const struct kn_walk *w, uint32_t h) {
  return kn_is_value(h) && (w->val[h].flags & (KN_VF_ADDR | KN_VF_WAITS)) != 0;
}
/* Computes those of `n` moves that wait. */
KN_INLINE void kn_compute_few(struct kn_walk *w, const struct kn_few_moves *m, unsigned n) {
  for (unsigned k = 0; k < n; k++) {
    if (!kn_waits(w, m->h[k])) continue;
    kn_reg(w, m->h[k], m->type[k]);
    kn_inst_end(w);
  }
}
/* Moves h to register `dst` when the moves are run. */
void kn_add_move(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type);

#endif
