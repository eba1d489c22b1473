/* The frame's plan: see frame_plan.h. Called by lib/codegen/plan.c. Invariant: nothing here looks at instructions, but
 * for functions that have a guard or general registers only. */
#include "lib/codegen/frame_plan.h"

#include "lib/codegen/guard.h"

/* Fails a function that is to have values in general registers alone, if one needs another. */
static bool check_general(kiln_func *f, const struct kn_target *t) {
  if (!t->general_only) {
    kn_func_fail(f, KILN_ERR_UNSUPPORTED, UINT32_MAX, 0,
                 "code of general registers only is not supported on %s", t->name);
    return false;
  }
  uint32_t other = UINT32_MAX;
  for (uint32_t i = 1; i < f->n && other == UINT32_MAX; i++)
    if (t->types[f->val[i].type].bank != 0 || f->val[i].type == KILN_TYPE_F80) other = i;
  for (uint32_t i = 0; i < f->pool.n && other == UINT32_MAX; i++)
    if (t->types[f->pool.at[i].type].bank != 0 || f->pool.at[i].type == KILN_TYPE_F80) other = 0;
  if (other == UINT32_MAX) return true;
  kn_func_fail(f, KILN_ERR_UNSUPPORTED, UINT32_MAX, other,
               "%s: a float or vector in a function that uses general registers only",
               other != 0 ? kn_op_info[f->inst[other].op].name : "a constant");
  return false;
}

/* The registers that are kept for the convention, or for EH_RETURNs. */
static bool plan_kept(struct kn_frame_plan *p, kiln_func *f, const struct kn_target *t,
                      const struct kn_sig *sig) {
  if (f->facts.eh_returns && sig->conv != t->library) {
    kn_func_fail(f, KILN_ERR_UNSUPPORTED, UINT32_MAX, 0,
                 "eh_return in a function of another convention than C's");
    return false;
  }
  p->keeps_none = sig->conv->loses_all;
  if (f->facts.eh_returns) /* unwinders put the exception there */
    p->kept = p->eh_only = KN_BIT(t->exception[0]) | KN_BIT(t->exception[1]);
  else p->kept = sig->conv->keeps & ~sig->returning & (p->general_only ? KN_GP_MASK : ~UINT64_C(0));
  return true;
}

static void plan_protection(struct kn_frame_plan *p, unsigned what) {
  p->marks = (what & KILN_PROTECT_BRANCH) != 0;
  p->entry_mark = p->marks && (what & KILN_PROTECT_DIRECT) == 0;
  if (what & KILN_PROTECT_RETURN)
    p->returns = what & KILN_PROTECT_RETURN_ALL ? KN_RETURN_ALL : KN_RETURN_STORED;
  p->key_b = (what & KILN_PROTECT_KEY_B) != 0;
  p->control_stack = (what & KILN_PROTECT_CONTROL_STACK) != 0;
}

/* What few functions have. */
static KN_COLD bool plan_rare(struct kn_frame_plan *p, kiln_func *f, const struct kn_target *t,
                              const struct kn_sig *sig) {
  const struct kn_func_attrs *a = &f->attrs;
  p->naked = a->naked;
  p->general_only = a->general_only;
  p->realigned = a->realign_stack;
  p->probe_step = a->probe_bytes & ~15u;
  p->guarded = kn_guard_needed(f);
  plan_protection(p, a->protect);
  if (p->naked) return true;
  if (p->general_only && !check_general(f, t)) return false;
  return plan_kept(p, f, t, sig);
}

bool kn_frame_plan_make(struct kn_frame_plan *p, kiln_func *f, const struct kn_target *t) {
  const struct kn_func_attrs *a = &f->attrs;
  const struct kn_sig *sig = kn_sig(f->module, f->sig);
  *p = (struct kn_frame_plan){
    .dynamic = f->facts.dynamic_stack,
    .record = f->facts.uses_frame,
    .red_zone = !f->module->no_red_zone,
    .returns_twice = f->facts.returns_twice,
  };
  bool rare = (a->naked | a->general_only | a->realign_stack | f->facts.eh_returns) ||
              (a->guard | a->protect | a->probe_bytes) != 0 || sig->conv->keeps != 0 ||
              sig->conv->loses_all;
  if (KN_UNLIKELY(rare) && !plan_rare(p, f, t, sig)) return false;
  p->calls = f->facts.has_calls | p->guarded;
  /* the stack pointer addresses frames of which it never moves, and whose caller's part nobody reads */
  p->pointer =
    !t->without_pointer ||
    (a->frame_pointer | a->naked | f->facts.stack_args | p->dynamic | p->record) ||
    (p->realigned | p->returns_twice | f->facts.variadic | p->guarded | f->facts.eh_returns) ||
    f->asms.n != 0 || !sig->usual;
  return true;
}
