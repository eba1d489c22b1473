/* What nobody reads any more in a function that was built from copies: instructions whose readers became constants or
 * other values. Each becomes a SEG to the next one, so that what it read is read no more. Stores to variables that
 * nothing loads stay: the plan makes no code for them, and debuggers see by them what variables are. Called by
 * inline_replay.c before the function is finished. Invariant: the uses of a value are those by the instructions
 * that are left. */
#include "ir/inline/inline_replay.h"

/* ---- what may go ---- */

/* May instruction `i` of `g` go, if nobody reads it? A sum may be what a debugger shows of a variable without any code
 * for it (lib/debug/where.c); an access of a slot and what clobbers like a call are noted elsewhere, too. */
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

/* Instruction `i` goes. */
static void leave_out(kiln_func *g, uint32_t i) {
  const struct kn_operands o = kn_operands(g, &g->inst[i]);
  for (uint32_t k = 0; k < o.n; k++) {
    struct kn_val *v = kn_is_value(kn_operand(&o, k)) ? &g->val[kn_operand(&o, k)] : NULL;
    if (v == NULL) continue;
    v->uses--;
    if (v->hint == KN_HINT_STORED) v->hint = KN_NO_REG; /* nor does the next instruction store it */
  }
  g->inst[i] = (struct kn_inst){.op = KILN_OP_SEG, .field = {i + 1}};
  g->val[i] = (struct kn_val){.block = g->val[i].block, .reg = KN_NO_REG, .hint = KN_NO_REG};
}

static bool has_slot(const kiln_func *g, uint32_t i) {
  const struct kn_operands o = kn_operands(g, &g->inst[i]);
  bool slot = false;
  for (uint32_t k = 0; k < o.n; k++) slot |= kn_is_slot(kn_operand(&o, k));
  return slot;
}

/* ---- what stands between ---- */

/* A comparison is to stand right before its only reader, a branch or a selection: targets do both in one. */
static void close_up(kiln_func *g, uint32_t i) {
  uint32_t to = i;
  while (g->inst[to + 1].op == KILN_OP_SEG && g->inst[to + 1].a == to + 2) to++;
  struct kn_inst *reader = &g->inst[to + 1];
  if (to == i || (reader->op != KILN_OP_BRIF && reader->op != KILN_OP_SELECT) || reader->a != i)
    return;
  struct kn_inst out = g->inst[to];
  struct kn_val none = g->val[to];
  g->inst[to] = g->inst[i];
  g->val[to] = g->val[i];
  reader->a = to;
  out.a = i + 1;
  g->inst[i] = out;
  g->val[i] = none;
}

void kn_replay_sweep(struct kn_replay *r) {
  kiln_func *g = r->g;
  for (uint32_t i = g->n - 1; i != 0; i--) {
    const struct kn_val *v = &g->val[i];
    if (v->type == KILN_TYPE_VOID) continue;
    if (v->uses == 0) {
      if (v->global == 0 && may_go(g, i) && !has_slot(g, i)) leave_out(g, i);
    } else if (v->uses == 1 && (g->inst[i].op == KILN_OP_ICMP || g->inst[i].op == KILN_OP_FCMP)) {
      close_up(g, i);
    }
  }
  kn_replay_debug_finish(r);
}
