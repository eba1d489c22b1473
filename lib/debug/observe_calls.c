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
  d->calls.returned = 0;
  d->calls.begun = false;
  d->calls.passed.n = 0;
  d->calls.on = w->f->debug.calls;
  if (!d->calls.on) return;
  const struct kn_sig *sig = kn_sig(w->f->module, w->f->sig);
  bool assigned = kn_request_args(d->observer.requests, sig, NULL, sig->n_params);
  for (uint32_t k = 0; assigned && k < w->args.n && n + 1 < KN_DEBUG_ENTERED; k++) {
    const struct kn_arg *a = &w->args.at[k];
    if (a->reg >= KN_FP_BASE || a->high != KN_NO_REG || a->type > KILN_TYPE_I64) continue;
    d->calls.entered[n].value = a->h;
    d->calls.entered[n++].reg = w->target->code.dwarf_regs[a->reg];
  }
  d->calls.entered[n].reg = KN_NO_REG;
}

unsigned kn_debug_entered(const struct kn_debug_observer *d, uint32_t value) {
  if (!d->calls.on) return KN_NO_REG;
  uint32_t k = 0;
  while (d->calls.entered[k].reg != KN_NO_REG && d->calls.entered[k].value != value) k++;
  return d->calls.entered[k].reg;
}

/* ---- at a call ---- */

/* Where `h` is while a call runs; false: nowhere, or that is not known. Of a tail call only what needs no frame. */
static bool find(const struct kn_debug_observer *d, uint32_t h, bool tail,
                 struct kn_debug_passed *is) {
  const struct kn_walk *w = d->w;
  is->number = 0;
  for (unsigned sums = 0; sums < 4; sums++) {
    if (kn_is_imm(h) || kn_is_pool(h)) {
      const struct kn_const *c = kn_is_pool(h) ? &w->f->pool.at[kn_index(h)] : NULL;
      if (c && (c->symbol || c->tls || c->is_typeid || c->type > KILN_TYPE_I64)) return false;
      is->where = KN_DP_NUMBER;
      is->number = (int64_t)((uint64_t)is->number + (uint64_t)(c ? (int64_t)c->low : kn_imm(h)));
      return true;
    }
    if (kn_is_slot(h)) {
      is->where = KN_DP_SLOT;
      is->index = kn_index(h);
      return !tail;
    }
    if (!kn_is_value(h) || h == 0) return false;
    const struct kn_val *val = &w->val[h];
    const struct kn_inst *in = &w->inst[h];
    if (val->type > KILN_TYPE_I64) return false;
    uint8_t reg = KN_NO_REG;
    /* what a sum is of may be overwritten in the last block of a loop, by the next round's value */
    bool found =
      !tail && (sums == 0 || w->back_edge == UINT32_MAX) && kn_debug_find(d, h, &reg, &is->frame);
    if (found && reg == KN_NO_REG) {
      is->where = KN_DP_FRAME;
      is->bytes = (uint8_t)(1u << kn_type_log2[val->type]);
      return true;
    }
    if (found && reg < KN_FP_BASE && (w->target->callee_homes >> reg & 1)) {
      is->where = KN_DP_REG;
      is->index = w->target->code.dwarf_regs[reg];
      return true;
    }
    unsigned entered = kn_debug_entered(d, h);
    if (entered != KN_NO_REG) {
      is->where = KN_DP_ENTRY;
      is->index = entered;
      return true;
    }
    bool sum = in->op == KILN_OP_ADD && kn_is_imm(in->b);
    if (!sum && (in->op != KILN_OP_ADDR || in->b != 0)) return false;
    is->number = (int64_t)((uint64_t)is->number + (uint64_t)kn_addr_disp(in));
    h = in->a;
  }
  return false;
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
  struct kn_debug_passed is = {.reg = KN_PASSED_TARGET};
  if (symbol == 0 && !(find(d, in->b, tail, &is) && is.where != KN_DP_NUMBER)) {
    is.where = KN_DP_ENTRY; /* not where, but in which register it was */
    is.bytes = 1;
    is.index = w->target->code.dwarf_regs[reg];
  }
  if (symbol == 0 && !KN_PUSH(w->f->module, d->calls.passed, is)) return false;
  if (!kn_request_args(d->observer.requests, sig, w->f->lists.at + in->a, n)) return false;
  for (uint32_t k = 0; k < w->args.n; k++) {
    const struct kn_arg *a = &w->args.at[k];
    if (a->reg >= KN_FP_BASE || a->high != KN_NO_REG || a->type > KILN_TYPE_I64) continue;
    is = (struct kn_debug_passed){.reg = a->reg};
    if (find(d, a->h, tail, &is) && !KN_PUSH(w->f->module, d->calls.passed, is)) return false;
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
  if (d->calls.begun) w->out->calls.at[w->out->calls.n - 1].at = kn_request_mark(o->requests);
  d->calls.begun = false;
}

uint32_t kn_debug_tail(struct kn_observer *o, const struct kn_walk *w, unsigned reg) {
  struct kn_debug_observer *d = kn_debug_of(o);
  uint32_t mark = d->calls.on ? kn_request_mark_at(o->requests, UINT32_MAX, w->code.fixups.n) : 0;
  return mark != 0 && add(d, mark, reg, true) ? mark : 0;
}

/* ---- when the function is complete ---- */

static uint8_t *put_number(uint8_t *p, int64_t v) {
  if (v >= 0 && v < 32) {
    *p++ = (uint8_t)(KILN_DW_OP_lit0 + v);
    return p;
  }
  *p++ = KILN_DW_OP_consts;
  return kn_put_sleb(p, v);
}

static uint8_t *put_sum(uint8_t *p, int64_t v) {
  if (v > 0) {
    *p++ = KILN_DW_OP_plus_uconst;
    p = kn_put_uleb(p, (uint64_t)v);
  } else if (v < 0) {
    p = put_number(p, v);
    *p++ = KILN_DW_OP_plus;
  }
  return p;
}

uint8_t *kn_debug_put_entry(const struct kn_walk *w, uint8_t *p, unsigned reg) {
  *p++ = w->f->module->dwarf_version == 4 ? KILN_DW_OP_GNU_entry_value : KILN_DW_OP_entry_value;
  *p++ = 1;
  *p++ = (uint8_t)(KILN_DW_OP_reg0 + reg);
  return p;
}

/* The expression of what is passed, at p; NULL: it has none. */
static uint8_t *put_passed(const struct kn_walk *w, const struct kn_debug_passed *is, uint8_t *p) {
  switch (is->where) {
  case KN_DP_NUMBER: return put_number(p, is->number);
  case KN_DP_SLOT:
    if (w->slots[is->index].reg != KN_NO_REG || w->slot_states.at[is->index].frame == 0)
      return NULL;
    return put_sum(kn_debug_put_slot(w, p, is->index), is->number);
  case KN_DP_REG: *p++ = (uint8_t)(KILN_DW_OP_breg0 + is->index); return kn_put_sleb(p, is->number);
  case KN_DP_FRAME:
    p = kn_debug_put_frame(w, p, is->frame, 3);
    if (is->bytes == 8) *p++ = KILN_DW_OP_deref;
    else *p++ = KILN_DW_OP_deref_size, *p++ = is->bytes;
    return put_sum(p, is->number);
  case KN_DP_ENTRY: return put_sum(kn_debug_put_entry(w, p, is->index), is->number);
  }
  return NULL;
}

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
      uint8_t b[64], *p = b + 2;
      bool target = is->reg == KN_PASSED_TARGET;
      b[0] = target ? KN_CALL_TARGET : w->target->code.dwarf_regs[is->reg];
      if (target && is->bytes == 1 && is->where == KN_DP_ENTRY) {
        b[0] = KN_CALL_LOST;
        *p++ = (uint8_t)(KILN_DW_OP_reg0 + is->index);
      } else {
        p = put_passed(w, is, p);
      }
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
