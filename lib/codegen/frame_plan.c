/* The frame's plan: see frame_plan.h. Called by lib/codegen/plan.c. Invariant: nothing here looks at instructions, but
 * for functions that have a guard or general registers only. */
#include "lib/codegen/plan.h"

#include "lib/codegen/guard.h"

/* Fails a function that is to have values in general registers alone, if one needs another. */
static bool check_general(kiln_func *f, const struct kn_target *t) {
  if (!t->frame.general_only)
    return KN_FUNC_FAIL(false, f, KILN_ERR_UNSUPPORTED, UINT32_MAX, 0,
                        "code that uses general registers only is not supported on %s",
                        kn_target_name(f->module, (char[KN_TARGET_NAME]){0}));
  uint32_t other = UINT32_MAX;
  for (uint32_t i = 1; i < f->n && other == UINT32_MAX; i++)
    if (t->types[f->val[i].type].bank != 0 || f->val[i].type == KILN_TYPE_F80) other = i;
  for (uint32_t i = 0; i < f->pool.n && other == UINT32_MAX; i++)
    if (t->types[f->pool.at[i].type].bank != 0 || f->pool.at[i].type == KILN_TYPE_F80) other = 0;
  if (other == UINT32_MAX) return true;
  return KN_FUNC_FAIL(false, f, KILN_ERR_UNSUPPORTED, UINT32_MAX, other,
                      "%s: a float or vector in a function that uses general registers only",
                      other != 0 ? kn_op_info[f->inst[other].op].name : "a constant");
}

/* The registers that are kept for the convention, or for EH_RETURNs. */
static bool plan_kept(struct kn_frame_plan *p, kiln_func *f, const struct kn_target *t,
                      const struct kn_sig *sig) {
  if (f->facts.eh_returns && sig->conv != t->ir.library)
    return KN_FUNC_FAIL(false, f, KILN_ERR_UNSUPPORTED, UINT32_MAX, 0,
                        "eh_return in a function that does not use the C calling convention");
  p->keeps_none = sig->conv->keeps_none;
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
  p->control_stack = (what & KILN_PROTECT_CONTROL_STACK) != 0;
}

/* What few functions have. */
static KN_COLD bool plan_rare(struct kn_frame_plan *p, kiln_func *f, const struct kn_target *t,
                              const struct kn_sig *sig) {
  const kiln_func_attrs *a = &f->attrs;
  p->naked = a->naked;
  p->general_only = a->general_only;
  p->realigned = a->realign_stack;
  if (a->probe_bytes != 0) p->probe_step = a->probe_bytes & ~15u;
  p->guarded = kn_guard_needed(f);
  p->pinned_saved = a->keeps_pinned ? p->pinned : 0;
  if (p->pinned != 0 && (f->facts.loses_all | sig->conv->keeps_none))
    return KN_FUNC_FAIL(false, f, KILN_ERR_UNSUPPORTED, UINT32_MAX, 0,
                        "preserve_none, or sysv on Windows, in a module that pins the register %s: "
                        "calls of such functions are taken to preserve no register",
                        t->reg_names[__builtin_ctzll(p->pinned)]);
  plan_protection(p, a->protection);
  if (p->naked) return true;
  if (p->general_only && !check_general(f, t)) return false;
  return plan_kept(p, f, t, sig);
}

/* The slot may be memory: it has no register, or pieces without one. Others get an offset of their own if they need one
 * after all, as do those that are aligned beyond what the frame is. `shown`: debuggers read it, if no code does. */
static bool may_be_memory(const struct kn_slot *s, const struct kn_slot_place *at, bool shown) {
  if (s->scope == 0 || s->parent != 0 || s->align_log2 > KN_SHARED_ALIGN_LOG2) return false;
  if (s->size_bytes > INT32_MAX / 4) return false;
  return s->pieces != 0 || (at->reg == KN_NO_REG && (s->uses != 0 || shown));
}

void kn_frame_plan_scopes(struct kn_plan *plan, const kiln_func *f) {
  struct kn_scope_place *scopes = plan->scopes.at;
  struct kn_slot_place *slots = plan->slots.at;
  uint64_t total = 0;
  for (uint32_t i = 0; i < f->scopes.n; i++) scopes[i].size_bytes = 0;
  for (uint32_t i = 0; i < f->slots.n; i++) {
    const struct kn_slot *s = &f->slots.at[i];
    if (!may_be_memory(s, &slots[i], i < plan->wishes.n && plan->wishes.at[i] & KN_WISH_THROUGHOUT))
      continue;
    struct kn_scope_place *scope = &scopes[s->scope - 1];
    uint32_t size = s->size_bytes != 0 ? s->size_bytes : 1, mask = (1u << s->align_log2) - 1;
    mask |= 7 * (size >= 8);
    uint64_t at = ((uint64_t)scope->size_bytes + mask) & ~(uint64_t)mask;
    if (at + size > INT32_MAX / 2) continue;
    slots[i].offset = (uint32_t)at;
    slots[i].shared = true;
    scope->size_bytes = (uint32_t)at + size;
  }
  for (uint32_t i = 0; i < f->scopes.n; i++) { /* those around it come before a body's */
    uint32_t parent = f->scopes.at[i].parent;
    const struct kn_scope_place *up = parent != 0 ? &scopes[parent - 1] : NULL;
    uint64_t at = up != NULL ? ((uint64_t)up->offset + up->size_bytes + 15) & ~UINT64_C(15) : 0;
    scopes[i].offset = (uint32_t)at;
    if (at + scopes[i].size_bytes > total) total = at + scopes[i].size_bytes;
  }
  if (total > INT32_MAX / 2) { /* too much to be worth it: each has its own */
    for (uint32_t i = 0; i < f->slots.n; i++) slots[i].shared = false;
    return;
  }
  for (uint32_t i = 0; i < f->slots.n; i++)
    if (slots[i].shared) slots[i].offset += scopes[f->slots.at[i].scope - 1].offset;
  plan->frame.shared_bytes = (uint32_t)total;
}

bool kn_frame_plan_make(struct kn_frame_plan *p, kiln_func *f, const struct kn_target *t) {
  const kiln_func_attrs *a = &f->attrs;
  const struct kn_sig *sig = kn_sig(f->module, f->sig);
  *p = (struct kn_frame_plan){
    .dynamic = f->facts.dynamic_stack,
    .record = f->facts.uses_frame,
    .red_zone = !f->module->attrs.no_red_zone,
    .probe_step = t->frame.probe_bytes,
    .homeless = kn_func_is_homeless(f),
    .pinned = f->module->pinned,
    .popped = sig->popped,
  };
  bool rare = (a->naked | a->general_only | a->realign_stack | f->facts.eh_returns) ||
              (a->guard | a->protection | a->probe_bytes | p->pinned) != 0 ||
              sig->conv->keeps != 0 || sig->conv->keeps_none;
  if (KN_UNLIKELY(rare) && !plan_rare(p, f, t, sig)) return false;
  p->calls = f->facts.has_calls | p->guarded;
  /* the stack pointer addresses frames of which it never moves, and whose caller's part nobody reads */
  p->pointer =
    !t->frame.without_pointer ||
    (a->frame_pointer | a->naked | f->facts.stack_args | p->dynamic | p->record) ||
    (p->realigned | p->homeless | f->facts.variadic | p->guarded | f->facts.eh_returns) ||
    f->asms.n != 0 || !sig->usual;
  return true;
}
