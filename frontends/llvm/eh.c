/* Exceptions: invokes, landing pads, resume, the functions' personalities. An invoke becomes a try, whose result is a
 * parameter of a Kiln block of its own: the rest of the LLVM block. A landing pad's value becomes two parameters of its
 * block, after those for its phis. In the stream a landing pad stands after invokes that name it, before them, or
 * both: so what it catches is a list that tries share, told when it is read (kiln_clauses_set), and the invokes
 * before it wait for its parameters. record.c and call.c call.
 * Invariant: r->fn.n_unread landing pads are named by invokes and not read yet. */
#include "frequent.h"

#include <kiln/inspect.h>

/* ---- personalities ---- */

/* Personalities of other ways of unwinding than the Itanium C++ ABI's with DWARF tables. */
static const char *const foreign[] = {
  "ProcessCLRException",       "__CxxFrameHandler3",         "__C_specific_handler",
  "__gcc_personality_sj0",     "__gnu_objc_personality_sj0", "__gxx_personality_sj0",
  "__gxx_wasm_personality_v0", "_except_handler3",           "_except_handler4",
};

/* Personalities that do nothing in frames without landing pads. LLVM's EHPersonalities.cpp knows them, and lets
 * functions without invokes do without. */
static const char *const idle[] = {
  "__gcc_personality_seh0", "__gxx_personality_seh0", /* of Windows, with the same tables */
  "__gcc_personality_v0",   "__gnat_eh_personality",  "__gxx_personality_v0",
  "__objc_personality_v0",  "__xlcxx_personality_v1", "__zos_cxx_personality_v2",
  "rust_eh_personality",
};

/* Is it the name of a symbol? */
static bool is_named(const kiln_symbol_desc *d, const char *name) {
  return d->name && d->name_length == strlen(name) && memcmp(d->name, name, d->name_length) == 0;
}

/* Tells the function its personality. */
static bool personality(struct kn_bc *r) {
  struct kn_bc_num v;
  if (!r->fn.global->init)
    return kn_bc_malformed(r, "an invoke in a function without a personality");
  if (!kn_bc_eval(r, r->fn.global->init - 1, 0, &v)) return false;
  if (!v.symbol || v.low || v.minus || v.narrow)
    return kn_bc_unsupported(r, "a personality that is not a function");
  kiln_symbol_desc desc = kiln_symbol_get(r->module, (kiln_symbol){v.symbol}).desc;
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
    if (is_named(&desc, foreign[i]))
      return kn_bc_fail(r, KILN_ERR_UNSUPPORTED, "not implemented: the personality %s", foreign[i]);
  kiln_func_attrs attrs = kiln_func_get_attrs(r->f);
  attrs.personality = (kiln_symbol){v.symbol};
  kiln_func_set_attrs(r->f, &attrs);
  r->fn.has_personality = true;
  return true;
}

bool kn_bc_lone_personality(struct kn_bc *r) {
  struct kn_bc_num v;
  if (!kn_bc_eval(r, r->fn.global->init - 1, 0, &v)) return false;
  if (!v.symbol || v.low || v.minus || v.narrow) return true; /* an error if there is an invoke */
  kiln_symbol_desc desc = kiln_symbol_get(r->module, (kiln_symbol){v.symbol}).desc;
  for (size_t i = 0; i < sizeof idle / sizeof *idle; i++)
    if (is_named(&desc, idle[i])) return true;
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
    if (is_named(&desc, foreign[i])) return true;
  return personality(r);
}

/* ---- landing pads ---- */

/* Makes space to remember facts about blocks. */
static bool have_pads(struct kn_bc *r) {
  if (r->fn.pads.n) return true;
  if (!KN_BC_ROOM(r, r->fn.pads, r->fn.n_bbs)) return false;
  memset(r->fn.pads.at, 0, r->fn.n_bbs * sizeof *r->fn.pads.at);
  r->fn.pads.n = r->fn.n_bbs;
  return true;
}

/* Passes the exception and its selector from the try at the end of Kiln block `block` to landing pad `pad`. */
static void give_exception(struct kn_bc *r, uint32_t block, uint32_t pad) {
  const kiln_block from = {block}, to = {pad};
  const uint32_t first = r->fn.pads.at[pad].param - 1;
  kiln_edge_set_arg(r->f, from, to, first, kiln_try_exception(r->f));
  kiln_edge_set_arg(r->f, from, to, first + 1, kiln_try_selector(r->f));
}

/* The symbol of a type's description, constant `id`; that of id 0 for null: all types. */
static bool caught(struct kn_bc *r, uint32_t id, kiln_symbol *out) {
  struct kn_bc_num v;
  if (id >= r->inst_base || r->types.at[kn_bc_type_of(r, id)].kind != TK_PTR)
    return kn_bc_malformed(r, "a caught type that is not a constant pointer");
  if (!kn_bc_eval(r, id, 0, &v)) return false;
  if (v.low || v.minus || v.narrow)
    return kn_bc_unsupported(r, "a caught type that is not a symbol");
  out->id = v.symbol;
  return true;
}

/* Appends the types of a filter, constant `id`, to r->tmp.caught. */
static bool filter(struct kn_bc *r, uint32_t id) {
  if (id >= r->inst_base || r->types.at[kn_bc_type_of(r, id)].kind != TK_ARRAY)
    return kn_bc_malformed(r, "a filter that is not a constant array");
  const struct kn_bc_type *t = &r->types.at[kn_bc_type_of(r, id)];
  const struct kn_bc_cst c = r->csts.at[id];
  if (t->count > KN_BC_MAX_PIECES) return kn_bc_unsupported(r, "a filter of this many types");
  if (t->count && c.kind != CK_NULL && (c.kind != CK_AGGREGATE || c.n != t->count))
    return kn_bc_malformed(r, "a filter that is not a constant array");
  for (uint32_t i = 0, n = (uint32_t)t->count; i < n; i++) {
    kiln_symbol type = {0};
    if (c.kind == CK_AGGREGATE && !caught(r, kn_bc_list(r, c.index)[i], &type)) return false;
    if (!KN_BC_PUSH(r, r->tmp.caught, type)) return false;
  }
  return true;
}

/* Reads `n` clauses into r->tmp.clauses: kind, and the constant as an operand. */
static bool clauses(struct kn_bc *r, const uint64_t *ops, unsigned n_ops, uint64_t n) {
  unsigned i = 0;
  r->tmp.clauses.n = r->tmp.caught.n = 0;
  for (; n > 0 && i < n_ops; n--) {
    uint64_t kind = ops[i++];
    uint32_t id, type, first = r->tmp.caught.n;
    if (kind > 1) return kn_bc_unknown(r, "clause", kind);
    if (!kn_bc_operand(r, ops, n_ops, &i, &id, &type)) return false;
    kiln_clause c = {.kind = KILN_CLAUSE_FILTER};
    if (kind == 0) {
      if (!caught(r, id, &c.type)) return false;
      c.kind = c.type.id ? KILN_CLAUSE_CATCH : KILN_CLAUSE_CATCH_ALL;
    } else {
      if (!filter(r, id)) return false;
      c.n_types = r->tmp.caught.n - first;
    }
    if (!KN_BC_PUSH(r, r->tmp.clauses, c)) return false;
  }
  if (n > 0) return kn_bc_malformed(r, "a landing pad of the wrong length");
  if (!kn_bc_ends(r, "landingpad", i, n_ops)) return false;
  const kiln_symbol *types = r->tmp.caught.at; /* the array grows no more */
  for (uint32_t k = 0; k < r->tmp.clauses.n; k++) {
    kiln_clause *c = &r->tmp.clauses.at[k];
    if (c->n_types) c->types = types;
    types += c->n_types;
  }
  return true;
}

/* Is the type that of what a landing pad gives, {ptr, i32}? */
static bool is_exception(struct kn_bc *r, uint32_t type) {
  if (!kn_bc_split(r, type)) return false;
  const struct kn_bc_type *t = &r->types.at[type];
  const struct kn_bc_piece *p = r->type_pieces.at + t->piece_first;
  return (t->kind == TK_STRUCT && t->n_pieces == 2 && r->types.at[p[0].type].kind == TK_PTR &&
          r->types.at[p[1].type].ktype == KILN_TYPE_I32 &&
          r->types.at[p[1].type].fit == FIT_EXACT) ||
         kn_bc_unsupported(r, "an exception of this type");
}

/* [type, cleanup, number of clauses, (kind, constant)...] */
void kn_bc_landing_pad(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  if (n < 3 || ops[0] >= r->types.n)
    return (void)kn_bc_malformed(r, "a landing pad of the wrong length");
  if (!kn_bc_flags(r, "a landingpad", ops[1], 1)) return;
  uint32_t type = (uint32_t)ops[0], pad = r->fn.bb;
  if (!have_pads(r) || !is_exception(r, type) || !clauses(r, ops + 3, n - 3, ops[2])) return;
  if (ops[1] && !KN_BC_PUSH(r, r->tmp.clauses, (kiln_clause){.kind = KILN_CLAUSE_CLEANUP})) return;
  struct kn_bc_pad *p = &r->fn.pads.at[pad];
  if (p->param || r->tmp.clauses.n == 0 || pad == 0)
    return (void)kn_bc_malformed(r, p->param ? "two landing pads in a block"
                                    : pad    ? "a landing pad without clauses"
                                             : "a landing pad in the entry block");
  if (p->clauses.id) r->fn.n_unread--;
  else p->clauses = kiln_clauses_new(r->f);
  kiln_clauses_set(r->f, p->clauses, r->tmp.clauses.at, r->tmp.clauses.n);
  p->param = r->fn.n_params + 1;
  r->fn.n_params += 2;
  const kiln_value address = kiln_block_add_param(r->f, (kiln_block){pad}, KILN_TYPE_PTR);
  const kiln_value selector = kiln_block_add_param(r->f, (kiln_block){pad}, KILN_TYPE_I32);
  kn_bc_define(r, type, (const kiln_value[]){address, selector});
  for (uint32_t i = p->waiting; i; i = r->fn.invokes.at[i - 1].next)
    give_exception(r, r->fn.invokes.at[i - 1].block, pad);
}

/* [exception]: what a landing pad gave */
void kn_bc_resume(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 0;
  uint32_t id, type;
  if (!kn_bc_operand(r, ops, n, &i, &id, &type) || !kn_bc_ends(r, "resume", i, n) ||
      !is_exception(r, type))
    return;
  uint32_t first = kn_bc_parts(r, id, type);
  if (first == UINT32_MAX) return;
  kiln_build_unary(r->f, KILN_OP_RESUME, KILN_TYPE_PTR, r->fn.parts.at[first]);
}

kiln_value kn_bc_typeid(struct kn_bc *r, uint32_t id) {
  kiln_symbol type;
  return caught(r, id, &type) ? kiln_const_typeid(r->f, type) : (kiln_value){0};
}

/* ---- invokes ---- */

kiln_block kn_bc_edge_from(const struct kn_bc *r, uint32_t pred, uint32_t target) {
  if (r->fn.pads.n && r->fn.pads.at[pred].unwind == target + 1)
    return (kiln_block){r->fn.pads.at[pred].block};
  return (kiln_block){r->fn.ends.n ? r->fn.ends.at[pred] : pred};
}

void kn_bc_try(struct kn_bc *r, struct kn_bc_invoke *to, const struct kn_bc_sig *s,
               kiln_value target, kiln_value *results) {
  kiln_value gives[KILN_MAX_RESULTS];
  const kiln_sig_info info = kiln_sig_get(r->module, s->sig);
  uint32_t n = (uint32_t)info.n_results, block = r->fn.ends.n ? r->fn.ends.at[r->fn.bb] : r->fn.bb;
  results[0] = (kiln_value){0};
  if (r->status != KILN_OK || !have_pads(r)) return;
  if (!r->fn.has_personality && !personality(r)) return;
  struct kn_bc_pad *pad = &r->fn.pads.at[to->unwind];
  if (!pad->clauses.id) {
    pad->clauses = kiln_clauses_new(r->f);
    r->fn.n_unread++;
  }
  kiln_try_desc t = {.sig = s->sig,
                     .callee = target,
                     .args = r->tmp.args.at,
                     .n_args = r->tmp.args.n,
                     .normal = {to->normal},
                     .normal_args = gives,
                     .n_normal_args = n,
                     .unwind = {to->unwind},
                     .shared = pad->clauses};
  to->built = true;
  to->split = s->ret != RET_VOID;
  if (to->split) t.normal = kiln_block_new(r->f);
  for (uint32_t k = 0; k < n; k++) {
    results[k] = kiln_block_add_param(r->f, t.normal, (kiln_type)info.results[k]);
    gives[k] = kiln_try_result(r->f, s->sig, k);
  }
  kiln_build_try(r->f, &t);
  r->fn.pads.at[r->fn.bb].unwind = to->unwind + 1;
  r->fn.pads.at[r->fn.bb].block = block;
  if (pad->param) {
    give_exception(r, block, to->unwind);
  } else if (KN_BC_PUSH(r, r->fn.invokes, (struct kn_bc_waiting){block, pad->waiting})) {
    pad->waiting = r->fn.invokes.n;
  }
  if (to->split) kn_bc_split_to(r, t.normal);
}

/* [attributes, cc, normal block, landing pad, type, callee, arguments...] */
void kn_bc_invoke(struct kn_bc *r, const uint64_t *ops, unsigned n) {
  unsigned i = 5;
  uint32_t callee, callee_type;
  if (n < 6 || ops[4] >= r->types.n) return (void)kn_bc_malformed(r, "bad invoke");
  if (!kn_bc_flags(r, "an invoke", ops[1], 0x3ff | 1 << 13)) return;
  if (!(ops[1] >> 13 & 1)) return (void)kn_bc_unsupported(r, "calls without an explicit type");
  if (ops[2] >= r->fn.n_bbs || ops[3] >= r->fn.n_bbs || ops[2] == ops[3] || !ops[3])
    return (void)kn_bc_malformed(r, ops[2] == ops[3]
                                      ? "an invoke whose normal block is also its unwind block"
                                      : "block number out of range");
  if (!kn_bc_operand(r, ops, n, &i, &callee, &callee_type)) return;
  struct kn_bc_invoke to = {.normal = (uint32_t)ops[2], .unwind = (uint32_t)ops[3]};
  uint64_t cc = (ops[1] & 0x3ff) << 1 | 1 << 15; /* as in the record of a call */
  struct kn_bc_callsite c = {.cc = cc,
                             .type = (uint32_t)ops[4],
                             .list = ops[0],
                             .callee = callee,
                             .callee_type = callee_type,
                             .ops = ops + i,
                             .n = n - i,
                             .invoke = &to};
  kn_bc_call_of(r, &c);
  if (r->status == KILN_OK && (!to.built || to.split))
    kiln_build_br(r->f, (kiln_block){to.normal}, NULL, 0);
}
