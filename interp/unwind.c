/* Exceptions: from where a host function throws, or a cleanup resumes, to the landing pad of an interpreted frame.
 * Host functions call kiln_interp_throw; run.c calls kn_interp_resume. As the C++ ABI has it, a frame that takes the
 * exception is searched for first; only if there is one, cleanups run on the way to it. Frames of C between are left
 * as longjmp leaves them. Invariant: nothing of a thread has changed when an exception that no frame takes is
 * reported. */
#include "interp.h"

#include <unwind.h>

/* A frame on the way out. */
struct at {
  struct kn_frame *frame;
  struct kn_act *act; /* that the frame belongs to */
  uint8_t *top;       /* of the stack before the call that the frame is at */
};

/* Goes to the frame's caller; false if it has none that an exception can reach. */
static bool step(struct at *at) {
  struct kn_frame *fr = at->frame;
  if (fr != at->act->entry) {
    at->top = fr->base;
    at->frame = fr->caller;
    return true;
  }
  if (at->act->from_api || fr->caller == NULL) return false;
  at->act = at->act->outer;
  at->frame = fr->caller;
  at->top = fr->caller->top; /* it called C */
  return true;
}

static const struct kn_site *site_of(const struct kn_frame *fr) {
  return &fr->fn->sites[fr->pc->y];
}

/* The clause of the try that the frame is at which takes an exception of `type`: NULL if there is none. A cleanup
 * takes all. */
static const struct kn_iclause *taking(const struct kn_frame *fr, uint64_t type) {
  if (fr->pc->op != KILN_OP_TRY) return NULL;
  const struct kn_site *s = site_of(fr);
  for (uint32_t i = 0; i < s->n_clauses; i++) {
    const struct kn_iclause *c = &fr->fn->clauses[s->clause_first + i];
    bool among = c->kind == KILN_CLAUSE_CLEANUP;
    for (uint32_t k = 0; k < c->n; k++) {
      uint64_t caught = fr->fn->k[c->first + k];
      among |= caught == 0 || caught == type;
    }
    if (c->kind == KILN_CLAUSE_FILTER ? !among : among) return c;
  }
  return NULL;
}

/* Notes the exception, so that it can be resumed. */
static void keep(struct kn_thread *t, const struct kn_frame *fr, uint64_t exception,
                 uint64_t type) {
  while (t->n_thrown > 0 && t->thrown[t->n_thrown - 1].frame > fr) t->n_thrown--;
  if (t->n_thrown > 0 && t->thrown[t->n_thrown - 1].exception == exception) t->n_thrown--;
  if (!kn_interp_grow(t->in, &t->thrown, &t->cap_thrown, t->n_thrown, sizeof *t->thrown))
    kn_interp_fault(t, KILN_ERR_MEMORY, "out of memory");
  t->thrown[t->n_thrown++] = (struct kn_thrown){exception, type, fr};
}

/* Unwinds from `at`, whose frame is the first to be asked. */
static _Noreturn void unwind(struct kn_thread *t, struct at at, uint64_t exception, uint64_t type) {
  struct at first = at;
  const struct kn_iclause *c;
  while ((c = taking(at.frame, type)) == NULL || c->kind == KILN_CLAUSE_CLEANUP) {
    if (at.frame->pc->op == KILN_OP_CALL && site_of(at.frame)->nounwind)
      kn_interp_fault(t, KILN_ERR_UNDEFINED, "an exception leaves a nounwind call");
    if (!step(&at)) kn_interp_fault(t, KILN_ERR_TRAP, "an exception that no frame takes");
  }
  for (at = first; (c = taking(at.frame, type)) == NULL;) {
    kn_interp_leave(t, at.frame);
    step(&at);
  }
  struct kn_frame *fr = at.frame;
  keep(t, fr, exception, type);
  fr->regs[fr->fn->tried + KN_TRIED_EXCEPTION] = exception;
  fr->regs[fr->fn->tried + KN_TRIED_SELECTOR] = (uint32_t)c->selector;
  t->frame = fr;
  t->sp = at.top;
  t->act = at.act;
  longjmp(at.act->jump, KN_BACK_PAD);
}

kiln_status kiln_interp_throw(kiln_interp *in, void *exception, const void *type) {
  struct kn_thread *t = in && in->keyed ? pthread_getspecific(in->key) : NULL;
  if (!t || !t->frame || !t->act) return KILN_ERR_ARGUMENT;
  struct at at = {t->frame, t->act, t->frame->top};
  unwind(t, at, (uint64_t)(uintptr_t)exception, (uint64_t)(uintptr_t)type);
}

void kn_interp_resume(struct kn_thread *t, uint64_t exception) {
  uint32_t i = t->n_thrown;
  while (i > 0 && t->thrown[i - 1].exception != exception) i--;
  if (i == 0) kn_interp_fault(t, KILN_ERR_UNDEFINED, "resume of what no landing pad was given");
  uint64_t type = t->thrown[i - 1].type;
  struct at at = {t->frame, t->act, NULL};
  kn_interp_leave(t, at.frame);
  if (!step(&at)) kn_interp_fault(t, KILN_ERR_TRAP, "an exception that no frame takes");
  unwind(t, at, exception, type);
}

/* ---- exceptions of other languages ---- */

/* Of kn_interp_c_call. Asked before anything is unwound. A thread that is being ended (forced unwinding) goes on. */
_Unwind_Reason_Code kn_interp_personality(int version, _Unwind_Action actions, uint64_t class,
                                          struct _Unwind_Exception *exception,
                                          struct _Unwind_Context *context);
__attribute__((visibility("hidden"), used)) _Unwind_Reason_Code
kn_interp_personality(int version, _Unwind_Action actions, uint64_t class,
                      struct _Unwind_Exception *exception, struct _Unwind_Context *context) {
  (void)class;
  (void)exception;
  if (version != 1 || !(actions & _UA_SEARCH_PHASE)) return _URC_CONTINUE_UNWIND;
  struct kn_thread *t = (struct kn_thread *)_Unwind_GetGR(context, kn_interp_host.thread_register);
  kn_interp_fault(t, KILN_ERR_UNSUPPORTED, "an exception of another language comes from C");
}
