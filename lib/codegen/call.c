/* The cold part of calls, entries and returns: see call.h. Called by the targets' lowerings of calls that are
 * not of the usual kind. Invariant: nothing here emits code, but for what kn_target.take_result does. */
#include "lib/codegen/walk.h"

static bool place(struct kn_walk *w, struct kn_assign *s, struct kn_arg arg) {
  if (!kn_type(w, arg.type)->lowered) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "argument of a type that is not lowered yet");
    return false;
  }
  w->target->place_arg(s, &arg);
  if (KN_UNLIKELY(s->lost)) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "such arguments by preserve_none");
    return false;
  }
  return KN_PUSH(w->f, w->args, arg);
}

/* Is the parameter behind number k the upper half of that one? */
static bool is_whole(const kiln_param *params, uint32_t n, uint32_t k) {
  return k + 1 < n && params[k + 1].flags & KILN_PARAM_UPPER;
}

void kn_place_none(struct kn_assign *s, struct kn_arg *a, const uint8_t *regs, unsigned n) {
  for (unsigned k = 0; k < n && a->reg == KN_NO_REG; k++)
    if (!(s->taken & KN_BIT(regs[k]))) a->reg = regs[k];
  if (a->reg != KN_NO_REG) s->taken |= KN_BIT(a->reg);
  else s->lost = true; /* LLVM has more registers for them than are free to use here */
}

bool kn_place_args(struct kn_walk *w, const uint32_t *operands, uint32_t n,
                   const kiln_param *params, uint32_t n_params, unsigned cc,
                   struct kn_assign *end) {
  *end = (struct kn_assign){.win64 = cc == KILN_CC_WIN64, .none = cc == KILN_CC_PRESERVE_NONE};
  w->args.n = 0;
  for (uint32_t k = 0; k < n; k++) {
    const kiln_param *p = k < n_params ? &params[k] : NULL;
    unsigned type = p ? p->type : kn_loose_type(w, operands[k]);
    struct kn_arg arg = {.h = operands[k], .param = p, .type = (uint8_t)type, .high = KN_NO_REG};
    end->whole = is_whole(params, n_params, k);
    if (!place(w, end, arg)) return false;
  }
  return true;
}

bool kn_place_params(struct kn_walk *w, struct kn_assign *end) {
  const kiln_func *f = w->f;
  const struct kn_sig *sig = kn_sig(f->module, f->sig);
  *end =
    (struct kn_assign){.win64 = sig->cc == KILN_CC_WIN64, .none = sig->cc == KILN_CC_PRESERVE_NONE};
  w->args.n = 0;
  for (uint32_t k = 0; k < sig->n_params; k++) {
    const kiln_param *p = &sig->params[k];
    w->i = kn_block_param(f, &f->block[0], k);
    struct kn_arg arg = {.h = w->i, .param = p, .type = p->type, .high = KN_NO_REG};
    end->whole = is_whole(sig->params, sig->n_params, k);
    if (!place(w, end, arg)) return false;
  }
  return true;
}

bool kn_tail_fits(struct kn_walk *w, uint32_t bytes) {
  const struct kn_sig *sig = kn_sig(w->f->module, w->f->sig);
  struct kn_assign s = {.none = sig->cc == KILN_CC_PRESERVE_NONE};
  for (uint32_t k = 0; k < sig->n_params; k++) {
    const kiln_param *p = &sig->params[k];
    struct kn_arg arg = {.param = p, .type = p->type, .high = KN_NO_REG};
    s.whole = is_whole(sig->params, sig->n_params, k);
    w->target->place_arg(&s, &arg);
  }
  if (bytes > KN_TAIL_STACK)
    kn_walk_fail(w, KILN_ERR_LIMIT, "more than 4096 bytes of arguments on the stack");
  else if (bytes > s.stack)
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
                 "more arguments on the stack than the function has itself");
  return w->f->status == KILN_OK;
}

bool kn_place_results(struct kn_walk *w, const uint8_t *types, unsigned n, unsigned flags) {
  struct kn_assign s = {.wide = (flags & KILN_SIG_WIDE_RESULTS) != 0};
  w->args.n = 0;
  for (unsigned k = 0; k < n; k++) {
    struct kn_arg arg = {.type = types[k], .high = KN_NO_REG};
    if (!kn_type(w, types[k])->lowered || !w->target->place_result(&s, &arg)) {
      kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "result of a type, or number, that is not lowered yet");
      return false;
    }
    if (!KN_PUSH(w->f, w->args, arg)) return false;
  }
  return true;
}

/* True if instruction `value` is w->i, the call, or a RESULT of it; then which one. */
static bool result_of(const struct kn_walk *w, uint32_t value, unsigned *number) {
  const struct kn_inst *in = &w->inst[value];
  *number = value == w->i ? 0 : in->x;
  return value == w->i || (in->op == KILN_OP_RESULT && in->a == w->i);
}

/* Logs where the results of a call are until each is taken. */
static void log_arrival(const struct kn_walk *w) {
#ifdef KN_CHECKS
  unsigned number;
  for (uint32_t i = w->i; result_of(w, i, &number); i++) {
    if (number >= w->args.n || w->val[i].uses == 0) continue;
    const struct kn_arg *a = &w->args.at[number];
    if (a->reg != KN_NO_REG && !kn_wide(w, a->type)) KN_LOG(w, KN_EV_DEF, i, a->reg);
  }
#endif
  (void)w;
}

void kn_take_results(struct kn_walk *w, const uint8_t *types, unsigned n, unsigned flags) {
  if (kn_place_results(w, types, n, flags)) kn_take_placed(w, n);
}

void kn_take_placed(struct kn_walk *w, unsigned n) {
  /* reserve all of their registers first, so that nothing takes them */
  uint64_t held = 0;
  for (unsigned k = 0; k < n; k++) {
    const struct kn_arg *a = &w->args.at[k];
    held |= a->reg != KN_NO_REG ? KN_BIT(a->reg) : 0;
    held |= a->high != KN_NO_REG ? KN_BIT(a->high) : 0;
  }
  held &= w->regs.free;
  w->regs.free &= ~held;
  w->regs.temp |= held;
  log_arrival(w);
  unsigned number;
  for (uint32_t value = w->i; result_of(w, value, &number); value++) {
    if (number >= n) continue;
    struct kn_arg a = w->args.at[number];
    if (a.reg == KN_NO_REG) continue;
    if (w->val[value].uses && !kn_wide(w, a.type)) KN_LOG(w, KN_EV_USE, value, a.reg);
    w->target->take_result(w, value, &a);
    if (w->f->status != KILN_OK) return;
  }
}

uint32_t kn_callee_symbol(const struct kn_walk *w, uint32_t callee) {
  if (!kn_is_pool(callee)) return 0;
  const struct kn_const *c = &w->f->pool.at[kn_index(callee)];
  return c->low == 0 ? c->symbol : 0;
}
