/* Calls that must not be compiled (the attribute dontcall-error), unless nothing leads to them: LLVM first replaces
 * llvm.is.constant by its value and removes what only a branch on that leads to. Here the branch and the block stay,
 * but the block's call calls nothing. Called by call.c, and by function.c when a body is complete. */
#include "bc.h"

#include <kiln/inspect.h>

bool kn_bc_never_call(struct kn_bc *r, const struct kn_bc_global *g, kiln_value *target) {
  const struct kn_bc_attr *a = kn_bc_attr(r, g->attrs, KN_BC_FUNC_INDEX);
  if (!a || !a->refused_call || strcmp(a->refused_call->name, "dontcall-error") != 0) return false;
  *target = kiln_const_int(r->f, 0);
  return KN_BC_PUSH(r, r->fn.never,
                    (struct kn_bc_never){.block = kiln_block_current(r->f), .g = g});
}

/* Leaves of `*v` what a value of type `t` has; false: it is no integer of at most 64 bits. */
static bool narrow(kiln_type t, uint64_t *v) {
  if (!kiln_type_is_int(t) || kiln_type_size(t) > sizeof *v) return false;
  *v &= UINT64_MAX >> (64 - 8 * kiln_type_size(t));
  return true;
}

/* Is `v`, which is used as type `t`, a constant, after operations on constants? */
static bool known(const kiln_func *f, kiln_value v, kiln_type t, unsigned depth, uint64_t *out) {
  enum { DEEPEST = 8 };
  const kiln_operand_info o = kiln_operand_get(f, v);
  uint64_t of[2] = {0};
  *out = o.low;
  if (o.kind == KILN_OPERAND_INT || o.kind == KILN_OPERAND_BITS) return narrow(t, out);
  if (o.kind != KILN_OPERAND_VALUE || depth == DEEPEST) return false;
  const kiln_inst in = {v.id};
  const kiln_inst_info info = kiln_inst_get(f, in);
  if (info.n_operands == 0 || info.n_operands > 2) return false;
  for (uint32_t k = 0; k < info.n_operands; k++)
    if (!known(f, kiln_inst_operand(f, in, k), kiln_inst_operand_type(f, in, k), depth + 1, of + k))
      return false;
  if (info.op == KILN_OP_ZEXT || info.op == KILN_OP_TRUNC || info.op == KILN_OP_COPY) *out = of[0];
  else if (info.op == KILN_OP_AND) *out = of[0] & of[1];
  else if (info.op == KILN_OP_OR) *out = of[0] | of[1];
  else if (info.op == KILN_OP_XOR) *out = of[0] ^ of[1];
  else if (info.op == KILN_OP_ICMP && info.cond == KILN_ICOND_EQ) *out = of[0] == of[1];
  else if (info.op == KILN_OP_ICMP && info.cond == KILN_ICOND_NE) *out = of[0] != of[1];
  else return false;
  return narrow(t, out);
}

/* Marks what the terminator of block `b` leads to; true if that is new. */
static bool spread(const kiln_func *f, uint32_t b, uint8_t *reached) {
  kiln_inst last = kiln_block_first_inst(f, (kiln_block){b});
  for (kiln_inst i = last; i.id != 0; i = kiln_inst_next(f, i)) last = i;
  const kiln_inst_info info = kiln_inst_get(f, last);
  uint64_t bits;
  const bool one =
    info.op == KILN_OP_BRIF && known(f, kiln_inst_operand(f, last, 0), KILN_TYPE_I8, 0, &bits);
  bool more = false;
  for (uint32_t k = 0; k < info.n_edges; k++) {
    const uint32_t to = kiln_inst_edge(f, last, k, NULL).id;
    if (reached[to] || (one && k != !(bits & 1))) continue;
    reached[to] = 1;
    more = true;
  }
  return more;
}

bool kn_bc_never_check(struct kn_bc *r) {
  const kiln_func *f = r->f;
  const uint32_t n = kiln_func_block_limit(f);
  uint8_t *reached = kn_bc_resize(r, NULL, n);
  if (!reached) return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  memset(reached, 0, n);
  reached[0] = 1;
  for (bool more = true; more;) {
    more = false;
    for (uint32_t b = 0; b < n; b++)
      if (reached[b] == 1) {
        more |= spread(f, b, reached);
        reached[b] = 2;
      }
  }
  bool ok = true;
  for (uint32_t i = 0; i < r->fn.never.n && ok; i++) {
    const struct kn_bc_never *c = &r->fn.never.at[i];
    if (!reached[c->block.id]) continue;
    ok = kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
                    "not implemented: attribute \"dontcall-error\" (error): '%.*s' is called",
                    (int)c->g->name_length, c->g->name);
  }
  kn_bc_resize(r, reached, 0);
  return ok;
}
