/* Operands that are not read one by one: dropped together, for a lowering that emitted all of them, or because nobody
 * reads the result and the operation has no other effect. Called by lowerings and, through the table of lowerings, for
 * every unread instruction. Invariant: an operand is dropped as often as the instruction has it. */
#include "lib/codegen/walk.h"

void kn_drop_operands(struct kn_walk *w, const struct kn_inst *in) {
  struct kn_operands o = kn_operands(w->f, in);
  if (o.n_fields > 0) kn_drop(w, o.field[0]);
  if (o.n_fields > 1) kn_drop(w, o.field[1]);
  if (o.n_fields > 2) kn_drop(w, o.field[2]);
  for (uint32_t k = o.n_fields; k < o.n; k++) kn_drop(w, kn_operand(&o, k));
}

void kn_drop_any_operands(struct kn_walk *w, const struct kn_inst *in) {
  if (KN_LIKELY(!w->f->facts.has_pairs) || kn_is_of_halves(w->f, w->i)) {
    kn_drop_operands(w, in);
    return;
  }
  const struct kn_operands o = kn_operands(w->f, in);
  for (uint32_t k = 0; k < o.n; k++) kn_drop_any(w, kn_operand(&o, k));
}

bool kn_skip_unread(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_op_info *info = &kn_op_info[in->op];
  if (w->val[w->i].uses || info->effects & KN_FX_KEPT) return false;
  const struct kn_inst *next = &w->inst[w->i + 1];
  next += next->op == KILN_OP_UPPER;
  if (next->op == KILN_OP_RESULT && next->a == w->i) return false;
  if (kn_op_shape(in->op) == KN_SH_LOAD && in->x & KILN_MEM_VOLATILE) return false;
  kn_drop_any_operands(w, in);
  return true;
}

void kn_lower_nothing(struct kn_walk *w, const struct kn_inst *in) { (void)w, (void)in; }

void kn_lower_unread(struct kn_walk *w, const struct kn_inst *in) {
  if (!kn_skip_unread(w, in)) w->target->lowerings[in->op][in->type][0](w, in);
}
