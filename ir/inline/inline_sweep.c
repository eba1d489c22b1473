/* What nobody reads any more in a function that was built from copies: instructions whose readers became constants, or
 * other values. Each becomes a SEG to the next one, so that what it read is read no more. Called by inline_replay.c
 * before the function is finished. Invariant: an operand is counted as often as the instructions that are left have it. */
#include "ir/build/builder.h"
#include "ir/inline/inline_replay.h"

/* May instruction `i` of `g` go, if nobody reads it? A sum may be what a debugger shows of a variable without any code
 * for it (lib/debug/observe_held.c); an access of a slot and what clobbers like a call are noted elsewhere, too. */
static bool may_go(const kiln_func *g, uint32_t i) {
  const struct kn_inst *in = &g->inst[i];
  const struct kn_op_info *info = &kn_op_info[in->op];
  const unsigned shape = info->shape;
  if ((info->effects & (KN_FX_KEPT | KN_FX_TRAP | KN_FX_FLAG)) != 0 || info->fact != KN_FACT_NO)
    return false;
  if (shape == KN_SH_INTERNAL || shape == KN_SH_RESULT || shape == KN_SH_ADDR) return false;
  if (shape == KN_SH_LOAD) return kn_is_value(in->a) && !(in->x & KILN_MEM_VOLATILE);
  if (in->op == KILN_OP_ADD && kn_is_imm(in->b)) return false;
  return !(g->clobbers[in->op] >> in->type & 1);
}

void kn_replay_sweep(kiln_func *g) {
  for (uint32_t i = g->n - 1; i != 0; i--) {
    struct kn_val *v = &g->val[i];
    if (v->uses != 0 || v->global != 0 || v->type == KILN_TYPE_VOID || !may_go(g, i)) continue;
    struct kn_inst *in = &g->inst[i];
    const struct kn_operands o = kn_operands(g, in);
    bool slots = false;
    for (uint32_t k = 0; k < o.n; k++) slots |= kn_is_slot(kn_operand(&o, k));
    if (slots) continue;
    for (uint32_t k = 0; k < o.n; k++)
      if (kn_is_value(kn_operand(&o, k))) g->val[kn_operand(&o, k)].uses--;
    *in = (struct kn_inst){.op = KILN_OP_SEG, .field = {i + 1}};
    *v = (struct kn_val){.block = v->block, .reg = KN_NO_REG, .hint = KN_NO_REG};
  }
}
