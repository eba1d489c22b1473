/* What an instruction leaves to the one that reads it, by rules that are the same for all targets: sums that are
 * addresses, and comparisons that are read through an extension. Called by lowerings. Invariant: nothing here changes
 * the walk's state; the target does what it has been told it may. */
#include "lib/codegen/walk.h"

bool kn_sum_is_address(const struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_val *v = &w->val[w->i];
  const struct kn_inst *next = &w->inst[w->i + 1];
  return (next->op == KILN_OP_LOAD || next->op == KILN_OP_STORE) && next->a == w->i &&
         v->uses == 1 && v->flags == 0 && kn_is_value(in->a) && kn_is_imm(in->b) &&
         (w->val[in->a].flags & (KN_VF_ADDR | KN_VF_WAITS)) == 0;
}

/* The instruction reads its operand a, a comparison, as a condition. */
static bool is_condition(const struct kn_walk *w, const struct kn_inst *in, uint32_t a) {
  return in->a == a &&
         (in->op == KILN_OP_BRIF || (in->op == KILN_OP_SELECT && kn_fits_register(w, in->type)));
}

uint32_t kn_condition(const struct kn_walk *w, uint32_t i, bool *negated) {
  const struct kn_inst *extension = &w->inst[i + 1], *next = extension + 1;
  *negated = false;
  if (extension->op != KILN_OP_ZEXT || extension->a != i) return 0;
  if (w->val[i + 1].uses == 0) return w->val[i].uses == 2 && is_condition(w, next, i) ? i : 0;
  if (w->val[i].uses != 1 || w->val[i + 1].uses != 1 || !kn_fits_register(w, extension->type))
    return 0;
  if (next->op != KILN_OP_ICMP || next->a != i + 1 || !kn_is_imm(next->b) || kn_imm(next->b) != 0 ||
      next->x > KILN_ICOND_NE)
    return 0;
  *negated = next->x == KILN_ICOND_EQ;
  return w->val[i + 2].uses == 1 && is_condition(w, next + 1, i + 2) ? i + 2 : 0;
}
