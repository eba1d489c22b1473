/* GET_PINNED and SET_PINNED, on all targets: moves between values and the register that the module pins. Nothing else
 * names that register: the plan gives it to no value. */
#include "lib/codegen/walk.h"

/* The register's number; UINT32_MAX if there is none, and then the function failed. */
static unsigned pinned(struct kn_walk *w) {
  uint64_t reg = w->plan->frame.pinned;
  if (reg != 0) return (unsigned)__builtin_ctzll(reg);
  kn_walk_fail(w, KILN_ERR_STRUCTURE, "the module pins no register (kiln_module_attrs.pinned)");
  return UINT32_MAX;
}

void kn_lower_get_pinned(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  unsigned reg = pinned(w);
  if (reg == UINT32_MAX || w->val[w->i].uses == 0) return;
  unsigned dst = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0);
  w->hooks->move(w, dst, reg, KILN_TYPE_I64);
  kn_defined(w, w->i, dst);
}

void kn_lower_set_pinned(struct kn_walk *w, const struct kn_inst *in) {
  unsigned reg = pinned(w);
  if (reg == UINT32_MAX) return;
  if (kn_is_value(in->a)) w->hooks->move(w, reg, kn_reg(w, in->a, KILN_TYPE_I64), KILN_TYPE_I64);
  else w->hooks->constant(w, reg, in->a, KILN_TYPE_I64);
  kn_drop(w, in->a);
}
