/* What debuggers are to know of calls: where each returns to, what it calls, and what it passes in registers, as far
 * as the caller has that in a location which the call leaves alone. Called by debugger.c, for functions whose entry has
 * DW_AT_call_all_calls; dwarf_call.c makes entries of it. What a call's row has in `exprs` are, for each register that
 * is passed: DWARF's number of it (or KN_CALL_TARGET, KN_CALL_LOST: what is called), the size of an expression, that
 * expression. Invariant: the code is the same as without this. */
#include "lib/debug/debugger.h"

#include <string.h>

/* ---- when the function begins ---- */

void kn_debug_calls_begin(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  uint32_t n = 0;
  d->calls.first = w->out->calls.n;
  d->calls.returned = d->calls.inst = 0;
  d->calls.begun = false;
  d->calls.passed.n = 0;
  if (!w->f->debug.calls) return;
  const struct kn_sig *sig = kn_sig(w->f->module, w->f->sig);
  bool assigned = kn_request_args(d->observer.requests, sig, NULL, sig->n_params);
  for (uint32_t k = 0; assigned && k < w->args.n && n + 1 < KN_DEBUG_ENTERED; k++) {
    const struct kn_arg *a = &w->args.at[k];
    if (a->reg >= KN_FP_BASE || a->type > KILN_TYPE_I64) continue;
    d->calls.entered[n].value = a->h;
    d->calls.entered[n++].reg = a->reg;
  }
  d->calls.entered[n].reg = KN_NO_REG;
}

unsigned kn_debug_entered(const struct kn_debug_observer *d, uint32_t value) {
  if (!d->w->f->debug.calls) return KN_NO_REG;
  uint32_t k = 0;
  while (d->calls.entered[k].reg != KN_NO_REG && d->calls.entered[k].value != value) k++;
  return d->calls.entered[k].reg;
}

/* ---- at a call ---- */

/* Where `h` is while a call runs; false: nowhere, or that is not known. Of a tail call only what needs no frame. */
static bool find(const struct kn_debug_observer *d, uint32_t h, bool tail,
                 struct kn_debug_place *is) {
  const uint64_t kept = d->w->target->callee_homes & (KN_BIT(KN_FP_BASE) - 1);
  return kn_debug_where(d, h, false, tail ? 0 : kept, is) && is->where != KN_DP_POINTER;
}

/* Adds a row for the call of w->i, which returns to `mark`, if that is known. What it passes are the entries of
 * `passed` up to row.n. */
static bool add(struct kn_debug_observer *d, uint32_t mark, unsigned reg, bool tail) {
  const struct kn_walk *w = d->w;
  struct kn_output *out = w->out;
  const struct kn_inst *in = &w->inst[w->i];
  const struct kn_sig *sig = kn_sig(w->f->module, in->c);
  uint32_t n = in->x, first = d->calls.passed.n, symbol = kn_callee_symbol(w, in->b);
  if (!KN_ROOM(w->f->module, out->calls, 1)) return false;
  struct kn_debug_passed is = {.as = KN_CALL_TARGET};
  if (symbol == 0 &&
      !(find(d, in->b, tail, &is.is) && is.is.where != KN_DP_NUMBER && is.is.where != KN_DP_SYMBOL))
    is = (struct kn_debug_passed){{.where = KN_DP_REG, .reg = (uint8_t)reg}, KN_CALL_LOST};
  if (symbol == 0 && !KN_PUSH(w->f->module, d->calls.passed, is)) return false;
  if (!kn_request_args(d->observer.requests, sig, w->f->lists.at + in->a, n)) return false;
  for (uint32_t k = 0; k < w->args.n; k++) {
    const struct kn_arg *a = &w->args.at[k];
    if (a->reg >= KN_FP_BASE || a->type > KILN_TYPE_I64) continue;
    is.as = w->target->code.dwarf_regs[a->reg];
    if (find(d, a->h, tail, &is.is) && !KN_PUSH(w->f->module, d->calls.passed, is)) return false;
  }
  out->calls.at[out->calls.n++] = (struct kn_code_call){
    .at = mark, .symbol = symbol, .expr = first, .n = d->calls.passed.n - first, .tail = tail};
  return true;
}

void kn_debug_call_begins(struct kn_debug_observer *d, bool own, unsigned reg) {
  unsigned op = d->w->inst[d->w->i].op;
  d->calls.begun = own && (op == KILN_OP_CALL || op == KILN_OP_TRY) && add(d, 0, reg, false);
}

void kn_debug_call_returns(struct kn_observer *o, const struct kn_walk *w) {
  struct kn_debug_observer *d = kn_debug_of(o);
  d->calls.returned = kn_here(w);
  d->calls.inst = w->i;
  if (d->calls.begun) w->out->calls.at[w->out->calls.n - 1].at = kn_request_mark(o->requests);
  d->calls.begun = false;
}

uint32_t kn_debug_tail(struct kn_observer *o, const struct kn_walk *w, unsigned reg) {
  struct kn_debug_observer *d = kn_debug_of(o);
  uint32_t mark = w->f->debug.calls ? kn_request_label(o->requests) : 0;
  return mark != 0 && add(d, mark, reg, true) ? mark : 0;
}

/* ---- when the function is complete ---- */

void kn_debug_calls_end(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  struct kn_output *out = w->out;
  for (uint32_t k = d->calls.first; k < out->calls.n; k++) {
    struct kn_code_call *call = &out->calls.at[k];
    uint32_t first = call->expr, n = call->n;
    call->at = w->code.marks.at[call->at].at;
    call->expr = out->exprs.n;
    call->n = 0;
    for (uint32_t j = first; j < first + n; j++) {
      const struct kn_debug_passed *is = &d->calls.passed.at[j];
      uint8_t b[2 + KN_DEBUG_PLACE_BYTES] = {is->as};
      const uint8_t *p = kn_debug_put_place(
        w, b + 2, &is->is, is->as == KN_CALL_LOST ? KN_PUT_LOCATION : KN_PUT_VALUE);
      if (p == NULL) continue;
      uint32_t size = (uint32_t)(p - b);
      b[1] = (uint8_t)(size - 2);
      if (!KN_ROOM(w->f->module, out->exprs, size)) return;
      memcpy(out->exprs.at + out->exprs.n, b, size);
      out->exprs.n += size;
      call->n += size;
    }
  }
}
