/* Verifier: checks a finished function against every rule of docs/ir.md, without trusting what
 * the builder checked or counted. Called by front ends, by the text parser and by
 * kiln_func_compile of modules with options.verify. Dominators are in ir/dominators.c.
 * Invariant: no array is read at an index that was not checked before, and time and memory stay
 * near linear in the function's size. */
#include "ir/dominators.h"
#include "ir/func.h"
#include "ir/roots.h"

struct verifier {
  kiln_func *f;
  uint32_t *block_of; /* per instruction: its block + 1; 0: in none */
  uint32_t *pos;      /* per instruction: position in its block, parameters first */
  uint32_t *uses;     /* per value: counted again */
  uint32_t *seen;     /* scratch per block parameter, at most n */
  struct kn_dom dom;
  uint32_t block, inst; /* being checked */
};

#define FAIL(v, status, ...)                                                                       \
  (kn_func_fail((v)->f, status, (v)->block, (v)->inst, __VA_ARGS__), false)

static const char *type_name(unsigned t) {
  return t == KILN_TYPE_VOID ? "no value" : kiln_type_name((kiln_type)t);
}

static bool is_type(unsigned t) { return t > KILN_TYPE_VOID && t < KILN_TYPE_COUNT; }

/* ---- blocks and what is in them ---- */

/* Has the value its upper half, if it is an i128? */
static bool check_upper(struct verifier *v, uint32_t i, unsigned type) {
  const struct kn_inst *upper = &v->f->inst[i + 1]; /* a finished function has one more */
  return type != KILN_TYPE_I128 || (upper->op == KILN_OP_UPPER && upper->a == i) ||
         FAIL(v, KILN_ERR_STRUCTURE, "an i128 without its upper half");
}

static bool check_params(struct verifier *v, uint32_t id) {
  const kiln_func *f = v->f;
  const struct kn_block *b = &f->blocks.at[id];
  uint32_t p = b->param_first;
  v->block = id;
  for (uint32_t i = 0; i < b->n_params; i++) {
    v->inst = 0;
    if (p == 0 || p >= f->n || f->inst[p].op != KILN_OP_PARAM || v->block_of[p] != 0)
      return FAIL(v, KILN_ERR_STRUCTURE, "parameter %u of the block is not a parameter", i);
    v->inst = p;
    if (f->inst[p].a != id || f->inst[p].x != i)
      return FAIL(v, KILN_ERR_STRUCTURE, "parameter %u belongs to another block or position", i);
    if (!is_type(f->inst[p].type) || f->val[p].type != f->inst[p].type)
      return FAIL(v, KILN_ERR_TYPE, "parameter %u has no type", i);
    if (!check_upper(v, p, f->inst[p].type)) return false;
    if (b->contiguous && p != b->param_first + i)
      return FAIL(v, KILN_ERR_STRUCTURE, "the parameters are not contiguous");
    v->block_of[p] = id + 1;
    v->pos[p] = i;
    p = f->inst[p].b;
  }
  v->inst = 0;
  if (p != 0) return FAIL(v, KILN_ERR_STRUCTURE, "the block has more parameters than it counts");
  if (id != 0) return true;
  const struct kn_sig *sig = kn_sig(f->module, f->sig);
  if (b->n_params != sig->n_params)
    return FAIL(v, KILN_ERR_TYPE, "the entry has %u parameters, the signature %u", b->n_params,
                sig->n_params);
  for (uint32_t i = 0; i < b->n_params; i++) {
    unsigned want = sig->params[i].type;
    unsigned is = f->inst[kn_block_param(f, b, i)].type;
    if (is != want)
      return FAIL(v, KILN_ERR_TYPE, "parameter %u is %s, but %s in the signature", i, type_name(is),
                  type_name(want));
  }
  return true;
}

/* Checks the chain of the block's instructions, which ends at its terminator. */
static bool check_chain(struct verifier *v, uint32_t id) {
  const kiln_func *f = v->f;
  const struct kn_block *b = &f->blocks.at[id];
  uint32_t i = b->first, pos = b->n_params;
  v->block = id;
  v->inst = 0;
  if (b->term == 0) return FAIL(v, KILN_ERR_STRUCTURE, "the block has no terminator");
  for (;;) {
    if (i == 0 || i >= f->n)
      return FAIL(v, KILN_ERR_STRUCTURE, "the block runs over the end of the function");
    const struct kn_inst *in = &f->inst[i];
    v->inst = i;
    if (in->op == KILN_OP_PARAM || in->op == KILN_OP_UPPER) {
      i++;
      continue;
    }
    if (in->op == KILN_OP_NONE || in->op >= KILN_OP_COUNT)
      return FAIL(v, KILN_ERR_STRUCTURE, "opcode %u is none", in->op);
    if (v->block_of[i] != 0) return FAIL(v, KILN_ERR_STRUCTURE, "the instruction is in two places");
    v->block_of[i] = id + 1;
    v->pos[i] = pos++;
    if (in->op == KILN_OP_SEG) {
      i = in->a;
      continue;
    }
    bool ends = kn_op_ends_block(in->op);
    if (ends != (i == b->term))
      return ends ? FAIL(v, KILN_ERR_STRUCTURE, "a terminator in the middle of the block")
                  : FAIL(v, KILN_ERR_STRUCTURE, "the block's end is not a terminator");
    if (ends) return true;
    i++;
  }
}

static bool check_blocks(struct verifier *v) {
  const kiln_func *f = v->f;
  v->block = UINT32_MAX;
  v->inst = 0;
  if (f->blocks.n == 0 || f->order.n == 0 || f->order.n > f->blocks.n || f->order.at[0] != 0)
    return FAIL(v, KILN_ERR_STRUCTURE, "the function does not start with its entry block");
  for (uint32_t k = 0; k < f->order.n; k++) {
    uint32_t id = f->order.at[k];
    if (id >= f->blocks.n || f->blocks.at[id].pos != k + 1) {
      v->block = id;
      return FAIL(v, KILN_ERR_STRUCTURE, "the order of blocks is not consistent");
    }
    if (!check_params(v, id) || !check_chain(v, id)) return false;
  }
  uint32_t filled = 0;
  for (uint32_t b = 0; b < f->blocks.n; b++) filled += f->blocks.at[b].pos != 0;
  v->block = UINT32_MAX;
  v->inst = 0;
  return filled == f->order.n || FAIL(v, KILN_ERR_STRUCTURE, "a block is not in the order");
}

/* ---- edges ---- */

static bool check_edge_counts(struct verifier *v, uint32_t id) {
  const kiln_func *f = v->f;
  const struct kn_block *b = &f->blocks.at[id];
  const struct kn_inst *in = &f->inst[b->term];
  v->block = id;
  v->inst = b->term;
  bool ok = false;
  switch ((enum kn_edge_rule)kn_shape_info[kn_op_shape(in->op)].edges) {
  case KN_EDGES_0: ok = b->n_edges == 0; break;
  case KN_EDGES_1: ok = b->n_edges == 1; break;
  case KN_EDGES_2: ok = b->n_edges == 2; break;
  case KN_EDGES_SOME: ok = b->n_edges >= 1; break;
  case KN_EDGES_ANY: ok = true; break;
  }
  if (!ok) return FAIL(v, KILN_ERR_STRUCTURE, "the terminator has %u edges", b->n_edges);
  if (b->n_edges == 0) return true;
  if ((in->op != KILN_OP_TRY && in->b != b->edge_first) || b->edge_first > f->edges.n ||
      b->n_edges > f->edges.n - b->edge_first)
    return FAIL(v, KILN_ERR_STRUCTURE, "the terminator's edges are out of range");
  for (uint32_t e = b->edge_first; e < b->edge_first + b->n_edges; e++) {
    uint32_t t = f->edges.at[e].target;
    if (t >= f->blocks.n || f->blocks.at[t].pos == 0)
      return FAIL(v, KILN_ERR_STRUCTURE, "an edge goes to block %u, which does not exist", t);
    if (t == 0) return FAIL(v, KILN_ERR_STRUCTURE, "an edge goes to the entry block");
    if (in->op == KILN_OP_BRIND && !f->blocks.at[t].address_taken)
      return FAIL(v, KILN_ERR_STRUCTURE, "brind to block %u, whose address is not taken", t);
    v->seen[t]++; /* predecessors */
  }
  return true;
}

static bool check_edges(struct verifier *v) {
  const kiln_func *f = v->f;
  for (uint32_t k = 0; k < f->order.n; k++) {
    if (!check_edge_counts(v, f->order.at[k])) return false;
  }
  for (uint32_t b = 0; b < f->blocks.n; b++) {
    uint32_t n = v->seen[b];
    v->seen[b] = 0;
    if (n == f->blocks.at[b].n_preds) continue;
    v->block = b;
    v->inst = 0;
    return FAIL(v, KILN_ERR_STRUCTURE, "the block counts %u predecessors, but has %u",
                f->blocks.at[b].n_preds, n);
  }
  return true;
}

/* ---- operands ---- */

/* The number in text of a value, for messages. */
static uint32_t value_number(const struct verifier *v, uint32_t h) {
  return kn_func_inst_number(v->f, h);
}

static bool check_value(struct verifier *v, uint32_t h, unsigned want) {
  const kiln_func *f = v->f;
  if (h == 0) return FAIL(v, KILN_ERR_STRUCTURE, "an operand is missing");
  if (h >= f->n || v->block_of[h] == 0)
    return FAIL(v, KILN_ERR_STRUCTURE, "an operand is a value of no block");
  unsigned is = f->val[h].type;
  if (want == KILN_TYPE_COUNT ? !is_type(is) : is != want)
    return FAIL(v, KILN_ERR_TYPE, "operand v%u is %s, not %s", value_number(v, h), type_name(is),
                want == KILN_TYPE_COUNT ? "a value" : type_name(want));
  v->uses[h]++;
  uint32_t from = v->block_of[h] - 1;
  if (from != v->block && f->val[h].global == 0)
    return FAIL(v, KILN_ERR_STRUCTURE, "v%u crosses blocks unnoticed", value_number(v, h));
  if (!kn_dom_reached(&v->dom, v->block)) return true; /* never executed */
  bool ok =
    from == v->block ? v->pos[h] < v->pos[v->inst] : kn_dom_dominates(&v->dom, from, v->block);
  if (ok) return true;
  return from == v->block
           ? FAIL(v, KILN_ERR_DOMINANCE, "v%u is used before its definition", value_number(v, h))
           : FAIL(v, KILN_ERR_DOMINANCE,
                  "v%u of block %u is used where that block may not have run", value_number(v, h),
                  from);
}

/* An operand of type `want`; KILN_TYPE_COUNT: any. */
static bool operand(struct verifier *v, uint32_t h, unsigned want) {
  const kiln_func *f = v->f;
  uint32_t i = kn_index(h);
  switch (kn_tag(h)) {
  case KN_TAG_VALUE: return check_value(v, h, want);
  case KN_TAG_IMM:
    if (want == KILN_TYPE_COUNT || kn_type_is_int(want)) return true;
    return FAIL(v, KILN_ERR_TYPE, "an operand is an integer constant, not %s", type_name(want));
  case KN_TAG_POOL: {
    if (i >= f->pool.n) return FAIL(v, KILN_ERR_STRUCTURE, "a constant is out of range");
    const struct kn_const *k = &f->pool.at[i];
    if (k->symbol && !kn_symbol_valid(f->module, k->symbol))
      return FAIL(v, KILN_ERR_STRUCTURE, "a symbol is out of range");
    if (k->symbol && kn_symbol(f->module, k->symbol)->tls)
      return FAIL(v, KILN_ERR_STRUCTURE, "a thread-local symbol outside of tls_addr");
    if (k->is_typeid && k->low - 1 >= f->types.n)
      return FAIL(v, KILN_ERR_STRUCTURE, "a typeid is out of range");
    if (k->type == KILN_TYPE_I128 &&
        (i + 2 >= f->pool.n || k[1].low != k->high || k[2].low != k->low)) /* kn_half */
      return FAIL(v, KILN_ERR_STRUCTURE, "an i128 constant without its halves");
    if (want == KILN_TYPE_COUNT || k->type == want) return true;
    if (k->type == KILN_TYPE_VOID && kn_type_is_int(want)) return true;
    return FAIL(v, KILN_ERR_TYPE, "an operand is a constant of type %s, not %s", type_name(k->type),
                type_name(want));
  }
  case KN_TAG_SLOT:
    if (i >= f->slots.n) return FAIL(v, KILN_ERR_STRUCTURE, "a stack slot is out of range");
    if (want == KILN_TYPE_COUNT || want == KILN_TYPE_PTR) return true;
    return FAIL(v, KILN_ERR_TYPE, "an operand is an address, not %s", type_name(want));
  case KN_TAG_FORWARD: return FAIL(v, KILN_ERR_STRUCTURE, "a forward value is not bound");
  case KN_TAG_TRIED:
    return FAIL(v, KILN_ERR_STRUCTURE, "a result or exception of a try is not on its edge");
  default: return FAIL(v, KILN_ERR_STRUCTURE, "an operand is not a handle");
  }
}

/* ---- edge arguments ---- */

/* Checks a result or exception as an argument of type `want` on an edge of the current block. */
static bool check_tried(struct verifier *v, uint32_t edge, uint32_t h, unsigned want) {
  const kiln_func *f = v->f;
  const struct kn_inst *in = &f->inst[v->inst];
  const char *what = kn_tried_exception(h) ? "exception" : "result";
  if (in->op != KILN_OP_TRY || (edge == f->blocks.at[v->block].edge_first) == kn_tried_exception(h))
    return FAIL(v, KILN_ERR_STRUCTURE, "%s %u on an edge that has none", what, kn_tried_number(h));
  if (!kn_tried_exists(f, in, h))
    return FAIL(v, KILN_ERR_STRUCTURE, "the try has no %s %u of type %s", what, kn_tried_number(h),
                is_type(kn_tried_type(h)) ? type_name(kn_tried_type(h)) : "?");
  if (kn_tried_type(h) == want) return true;
  return FAIL(v, KILN_ERR_TYPE, "an operand is %s, not %s", type_name(kn_tried_type(h)),
              type_name(want));
}

/* Checks that each parameter of the target gets one argument of its type. `seen` is zero before and
 * after. */
static bool check_edge_args(struct verifier *v, uint32_t edge) {
  const kiln_func *f = v->f;
  const struct kn_edge *e = &f->edges.at[edge];
  const struct kn_block *t = &f->blocks.at[e->target];
  uint32_t n = 0, param = t->param_first;
  for (uint32_t a = e->args; a != 0; a = f->edge_args.at[a - 1].next) {
    if (a > f->edge_args.n) return FAIL(v, KILN_ERR_STRUCTURE, "an edge argument is out of range");
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    if (arg->index >= t->n_params)
      return FAIL(v, KILN_ERR_STRUCTURE,
                  "an argument for parameter %u of block %u, which has %u parameters", arg->index,
                  e->target, t->n_params);
    if (v->seen[arg->index])
      return FAIL(v, KILN_ERR_STRUCTURE, "two arguments for parameter %u of block %u", arg->index,
                  e->target);
    v->seen[arg->index] = arg->value;
    n++;
  }
  if (n != t->n_params)
    return FAIL(v, KILN_ERR_STRUCTURE, "%u arguments for the %u parameters of block %u", n,
                t->n_params, e->target);
  for (uint32_t i = 0; i < n; i++, param = f->inst[param].b) {
    uint32_t h = v->seen[i];
    v->seen[i] = 0;
    if (kn_is_tried(h) ? !check_tried(v, edge, h, f->inst[param].type)
                       : !operand(v, h, f->inst[param].type))
      return false;
  }
  return true;
}

/* ---- terminators ---- */

static uint64_t case_of(const kiln_func *f, const struct kn_inst *in, uint32_t i) {
  const uint32_t *words = &f->lists.at[in->c + 2 * i];
  return (uint64_t)words[1] << 32 | words[0];
}

/* Checks that case values are different in the switch's type, with a temporary hash set. */
static bool check_cases(struct verifier *v, const struct kn_inst *in, uint32_t n) {
  const kiln_func *f = v->f;
  if (in->c > f->lists.n || n > (f->lists.n - in->c) / 2)
    return FAIL(v, KILN_ERR_STRUCTURE, "the cases are out of range");
  const kiln_allocator *a = &f->module->options.allocator;
  struct kn_hash set = {0};
  unsigned bits = 8u << kn_type_log2[in->type];
  uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
  uint32_t i = 0;
  bool ok = true;
  for (; ok && i < n; i++) {
    const uint64_t value = case_of(f, in, i) & mask;
    uint32_t hash = (uint32_t)(kn_mix64(0, value) >> 32), at, k;
    KN_HASH_EACH(&set, hash, at, k, value > (case_of(f, in, k - 1) & mask))
    if ((case_of(f, in, k - 1) & mask) == value) break;
    ok = k == 0;
    if (ok && !KN_HASH_ROOM(a, &set)) {
      kn_hash_free(a, &set);
      return FAIL(v, KILN_ERR_MEMORY, "out of memory");
    }
    if (ok) kn_hash_put(&set, at, hash, i + 1);
  }
  kn_hash_free(a, &set);
  return ok || FAIL(v, KILN_ERR_STRUCTURE, "case %u of the switch is a duplicate", i - 1);
}

static bool check_ret(struct verifier *v, const struct kn_inst *in) {
  const kiln_func *f = v->f;
  const struct kn_sig *sig = kn_sig(f->module, f->sig);
  if (in->x != sig->n_results)
    return FAIL(v, KILN_ERR_TYPE, "ret gives %u values, but the signature has %u", in->x,
                sig->n_results);
  if (in->x > 3 && (in->a > f->lists.n || in->x > f->lists.n - in->a))
    return FAIL(v, KILN_ERR_STRUCTURE, "the values of ret are out of range");
  return true;
}

/* ---- instructions ---- */

static bool check_call(struct verifier *v, const struct kn_inst *in) {
  const kiln_func *f = v->f;
  const kiln_module *m = f->module;
  if (!kn_sig_valid(m, in->c))
    return FAIL(v, KILN_ERR_STRUCTURE, "the call's signature is out of range");
  const struct kn_sig *sig = kn_sig(m, in->c);
  bool variadic = (sig->flags & KILN_SIG_VARIADIC) != 0;
  if (in->x < sig->n_params || (in->x > sig->n_params && !variadic))
    return FAIL(v, KILN_ERR_TYPE, "the call has %u arguments, its signature %u parameters", in->x,
                sig->n_params);
  if (in->a > f->lists.n || in->x > f->lists.n - in->a)
    return FAIL(v, KILN_ERR_STRUCTURE, "the call's arguments are out of range");
  if (kn_is_pool(in->b) && kn_index(in->b) < f->pool.n) {
    const struct kn_const *k = &f->pool.at[kn_index(in->b)];
    if (k->symbol && k->low) return FAIL(v, KILN_ERR_STRUCTURE, "the callee has an addend");
    if (k->symbol && kn_symbol_valid(m, k->symbol) && !kn_sig_calls(m, in->c, k->symbol))
      return FAIL(v, KILN_ERR_TYPE, "the call's signature contradicts the declaration of '%.100s'",
                  kn_symbol(m, k->symbol)->name);
  }
  return true;
}

static bool check_asm(struct verifier *v, const struct kn_inst *in) {
  const kiln_func *f = v->f;
  if (!kn_sig_valid(f->module, in->c) || in->x != kn_sig(f->module, in->c)->n_params ||
      in->a > f->lists.n || in->x > f->lists.n - in->a)
    return FAIL(v, KILN_ERR_STRUCTURE, "the operands of machine code do not match its signature");
  if (in->b >= f->asms.n) return FAIL(v, KILN_ERR_STRUCTURE, "the machine code is out of range");
  const struct kn_asm *a = &f->asms.at[in->b];
  const struct kn_sig *sig = kn_sig(f->module, in->c);
  uint32_t n = f->asm_bytes.n, regs = (uint32_t)sig->n_params + sig->n_results;
  if (a->align_log2 > kn_symbol(f->module, f->symbol)->align_log2)
    return FAIL(v, KILN_ERR_STRUCTURE, "the machine code is more aligned than its function");
  if (a->regs > n || regs > n - a->regs || a->bytes > n || a->n_bytes > n - a->bytes ||
      a->reloc > f->asm_relocs.n || a->n_relocs > f->asm_relocs.n - a->reloc)
    return FAIL(v, KILN_ERR_STRUCTURE, "the machine code is out of range");
  for (uint32_t i = 0; i < regs; i++)
    if (f->asm_bytes.at[a->regs + i] >= 64)
      return FAIL(v, KILN_ERR_STRUCTURE, "a register that does not exist");
  return true;
}

static bool check_tailcall(struct verifier *v, const struct kn_inst *in) {
  if (!check_call(v, in)) return false;
  const char *wrong = kn_tail_wrong(v->f, kn_sig(v->f->module, in->c));
  return wrong == NULL || FAIL(v, KILN_ERR_STRUCTURE, "%s", wrong);
}

/* Checks what a try catches, which is in lists after its arguments. */
static bool check_try(struct verifier *v, const struct kn_inst *in) {
  const kiln_func *f = v->f;
  uint32_t at = in->a + in->x, left;
  if (!check_call(v, in)) return false;
  if (f->attrs.personality.id == 0 || !kn_symbol_valid(f->module, f->attrs.personality.id))
    return FAIL(v, KILN_ERR_STRUCTURE, "try in a function without a personality");
  if (at < f->lists.n && (f->lists.at[at] & KN_CLAUSES_SHARED) != 0) {
    uint32_t shared = f->lists.at[at] & ~KN_CLAUSES_SHARED;
    if (shared >= f->shared_clauses.n)
      return FAIL(v, KILN_ERR_STRUCTURE, "the clauses are out of range");
    at = f->shared_clauses.at[shared] - 1; /* out of range if they were never set */
  }
  if (at >= f->lists.n || (left = f->lists.at[at]) == 0)
    return FAIL(v, KILN_ERR_STRUCTURE, "the try has no clauses");
  for (at++; left > 0; left--) {
    struct kn_clause c = {.n = UINT32_MAX};
    if (at < f->lists.n) c = kn_clause_at(f, &at);
    if (c.n > f->lists.n || at > f->lists.n)
      return FAIL(v, KILN_ERR_STRUCTURE, "the clauses are out of range");
    bool one = c.kind == KILN_CLAUSE_CATCH || c.kind == KILN_CLAUSE_CATCH_ALL;
    if (c.kind != KILN_CLAUSE_FILTER && c.n != one)
      return FAIL(v, KILN_ERR_STRUCTURE, "a clause names %u types", c.n);
    if (c.kind == KILN_CLAUSE_CLEANUP && left > 1)
      return FAIL(v, KILN_ERR_STRUCTURE, "a cleanup is not the last clause");
    for (uint32_t k = 0; k < c.n; k++) {
      uint32_t symbol = c.types[k] - 1 < f->types.n ? f->types.at[c.types[k] - 1] : UINT32_MAX;
      if (symbol != 0 && !kn_symbol_valid(f->module, symbol))
        return FAIL(v, KILN_ERR_STRUCTURE, "a type to be caught is out of range");
      if (one && (symbol == 0) != (c.kind == KILN_CLAUSE_CATCH_ALL))
        return FAIL(v, KILN_ERR_STRUCTURE, "a clause names no type");
    }
  }
  return true;
}

static bool check_result(struct verifier *v, uint32_t i) {
  const kiln_func *f = v->f;
  const uint32_t last = i - 1 - (f->inst[i - 1].op == KILN_OP_UPPER);
  const struct kn_inst *in = &f->inst[i], *before = &f->inst[last];
  bool behind =
    in->a == last || (before->op == KILN_OP_RESULT && before->a == in->a && before->x < in->x);
  if (!behind || v->block_of[last] != v->block_of[i])
    return FAIL(v, KILN_ERR_STRUCTURE, "a result does not directly follow its operation");
  if (kn_inst_further_result(f, &f->inst[in->a], in->x) != in->type || in->type == KILN_TYPE_VOID)
    return FAIL(v, KILN_ERR_TYPE, "the operation has no result %u of this type", in->x);
  return true;
}

static bool check_mem(struct verifier *v, const struct kn_inst *in) {
  unsigned mem = KN_MEM_TYPE(in->x);
  bool plain = mem == in->type && !(in->x & KILN_MEM_SEXT);
  bool extends =
    in->op == KILN_OP_LOAD && kn_type_is_int(in->type) && kn_type_is_int(mem) && mem < in->type;
  if (plain || extends) return true;
  return FAIL(v, KILN_ERR_TYPE, "memory of type %s and a value of type %s", type_name(mem),
              type_name(in->type));
}

static bool check_convert(struct verifier *v, const struct kn_inst *in) {
  if (kn_op_converts(in->op, in->type, in->x)) return true;
  return FAIL(v, KILN_ERR_TYPE, "%s does not go from %s to %s", kn_op_info[in->op].name,
              is_type(in->x) ? type_name(in->x) : "?", type_name(in->type));
}

static bool check_orders(struct verifier *v, const struct kn_inst *in) {
  enum {
    LOAD = 1 << KILN_ORDERING_RELAXED | 1 << KILN_ORDERING_ACQUIRE | 1 << KILN_ORDERING_SEQ_CST,
    STORE = 1 << KILN_ORDERING_RELAXED | 1 << KILN_ORDERING_RELEASE | 1 << KILN_ORDERING_SEQ_CST,
    ANY_ORDER = (1 << KILN_ORDERING_COUNT) - 1
  };
  unsigned order = KN_ORDER(in->x), failure = KN_ORDER_FAILURE(in->x), rmw = KN_ORDER_RMW(in->x);
  unsigned allowed = ANY_ORDER;
  if (in->op == KILN_OP_ATOMIC_LOAD) allowed = LOAD;
  if (in->op == KILN_OP_ATOMIC_STORE) allowed = STORE;
  if (in->op == KILN_OP_FENCE) allowed = ANY_ORDER & ~(1u << KILN_ORDERING_RELAXED);
  bool ok = (allowed >> order & 1) != 0;
  if (in->op == KILN_OP_ATOMIC_CAS) ok = ok && LOAD >> failure & 1;
  if (in->op == KILN_OP_ATOMIC_RMW) ok = ok && rmw < KILN_RMW_COUNT;
  return ok || FAIL(v, KILN_ERR_STRUCTURE, "the operation does not take this memory ordering");
}

/* Checks the thread-local symbol that TLS_ADDR names; no other operation may name one. */
static bool check_tls(struct verifier *v, const struct kn_inst *in) {
  const kiln_func *f = v->f;
  uint32_t i = kn_index(in->a);
  if (kn_is_pool(in->a) && i < f->pool.n && f->pool.at[i].symbol != 0 &&
      kn_symbol_valid(f->module, f->pool.at[i].symbol) &&
      kn_symbol(f->module, f->pool.at[i].symbol)->tls)
    return true;
  return FAIL(v, KILN_ERR_STRUCTURE, "tls_addr of something other than a thread-local symbol");
}

static bool check_condition(struct verifier *v, unsigned x, unsigned count) {
  return x < count || FAIL(v, KILN_ERR_STRUCTURE, "condition %u does not exist", x);
}

/* Checks what the shape says of x. */
static bool check_x(struct verifier *v, const struct kn_inst *in) {
  const char *wrong = NULL;
  switch ((enum kn_x_kind)kn_shape_info[kn_op_shape(in->op)].x) {
  case KN_X_NO:
  case KN_X_SCALE:
  case KN_X_NUMBER:
  case KN_X_COUNT: return true;
  case KN_X_TYPE: return check_convert(v, in);
  case KN_X_ICOND: return check_condition(v, in->x, KILN_ICOND_COUNT);
  case KN_X_FCOND: return check_condition(v, in->x, KILN_FCOND_COUNT);
  case KN_X_LANE:
  case KN_X_LANE_ICOND:
  case KN_X_LANE_FCOND:
  case KN_X_LANE_NUMBER: wrong = kn_op_lanes_wrong(in->op, in->type, in->x); break;
  case KN_X_MEM: return check_mem(v, in);
  case KN_X_VOLATILE:
    return (in->x & ~KILN_MEM_VOLATILE) == 0 ||
           FAIL(v, KILN_ERR_STRUCTURE, "a flag that is not for copies and fills of memory");
  case KN_X_ALIGN:
    return in->x <= 16 || FAIL(v, KILN_ERR_STRUCTURE, "an alignment of more than 2^16");
  case KN_X_ORDER: return check_orders(v, in);
  case KN_X_ROW: wrong = kn_machine_wrong(v->f, in); break;
  }
  return !wrong || FAIL(v, KILN_ERR_TYPE, "%s: %s", kn_op_info[in->op].name, wrong);
}

/* Checks what operations require beyond operands of the right types and the right x. */
static bool check_op(struct verifier *v, uint32_t i) {
  const struct kn_inst *in = &v->f->inst[i];
  switch ((unsigned)in->op) {
  case KILN_OP_LIFE_START:
  case KILN_OP_LIFE_END:
    return kn_is_slot(in->a) || FAIL(v, KILN_ERR_STRUCTURE, "the operand is not a stack slot");
  case KILN_OP_VA_START:
    return kn_sig(v->f->module, v->f->sig)->flags & KILN_SIG_VARIADIC ||
           FAIL(v, KILN_ERR_STRUCTURE, "va_start in a function that is not variadic");
  case KILN_OP_CALL: return check_call(v, in);
  case KILN_OP_RESULT: return check_result(v, i);
  case KILN_OP_SWITCH: return check_cases(v, in, v->f->blocks.at[v->block].n_edges - 1);
  case KILN_OP_RET: return check_ret(v, in);
  case KILN_OP_TAILCALL: return check_tailcall(v, in);
  case KILN_OP_TRY: return check_try(v, in);
  case KILN_OP_ASM: return check_asm(v, in);
  default:
    return kn_shape_info[kn_op_shape(in->op)].state == KN_SHAPE_BUILT ||
           FAIL(v, KILN_ERR_UNSUPPORTED, "%s is not supported", kn_op_info[in->op].name);
  }
}

static bool check_operands(struct verifier *v, uint32_t i) {
  const kiln_func *f = v->f;
  const struct kn_inst *in = &f->inst[i];
  if (!check_op(v, i) || !check_x(v, in)) return false;
  if (in->op == KILN_OP_TLS_ADDR) return check_tls(v, in);
  struct kn_operands o = kn_operands(f, in);
  for (uint32_t k = 0; k < o.n; k++)
    if (!operand(v, kn_operand(&o, k), kn_operand_type(f, in, k))) return false;
  if (!kn_op_ends_block(in->op)) return true;
  const struct kn_block *b = &f->blocks.at[v->block];
  for (uint32_t e = b->edge_first; e < b->edge_first + b->n_edges; e++)
    if (!check_edge_args(v, e)) return false;
  return true;
}

static bool check_inst(struct verifier *v, uint32_t i) {
  const kiln_func *f = v->f;
  const struct kn_inst *in = &f->inst[i];
  const struct kn_op_info *info = &kn_op_info[in->op];
  v->inst = i;
  if (in->type >= KILN_TYPE_COUNT)
    return FAIL(v, KILN_ERR_TYPE, "type %u does not exist", in->type);
  if (info->shape != KN_SH_CALL && info->shape != KN_SH_ASM && !(info->types >> in->type & 1))
    return FAIL(v, KILN_ERR_TYPE, "%s does not take type %s", info->name, type_name(in->type));
  if (!check_operands(v, i)) return false;
  if (f->val[i].type != kn_inst_result(f, in))
    return FAIL(v, KILN_ERR_TYPE, "%s does not give a value of type %s", info->name,
                type_name(f->val[i].type));
  return check_upper(v, i, f->val[i].type);
}

static bool check_insts(struct verifier *v) {
  const kiln_func *f = v->f;
  for (uint32_t k = 0; k < f->order.n; k++) {
    const struct kn_block *b = &f->blocks.at[f->order.at[k]];
    v->block = f->order.at[k];
    for (uint32_t i = kn_inst_settle(f, b->first);; i = kn_inst_settle(f, i + 1)) {
      if (!check_inst(v, i)) return false;
      if (i == b->term) break;
    }
  }
  return true;
}

/* Checks the builder's counts, which plan and walk rely on. */
static bool check_counts(struct verifier *v) {
  const kiln_func *f = v->f;
  for (uint32_t i = 1; i < f->n; i++) {
    if (v->block_of[i] == 0 || v->uses[i] == f->val[i].uses) continue;
    v->block = v->block_of[i] - 1;
    v->inst = i;
    return FAIL(v, KILN_ERR_STRUCTURE, "the value is used %u times, but %u are counted", v->uses[i],
                f->val[i].uses);
  }
  return true;
}

/* Piece `i` of a slot that is still variables: inside, and apart from the slot's own variable and its older pieces. */
static bool check_piece(struct verifier *v, uint32_t i) {
  const struct kn_slot *slots = v->f->slots.at, *s = &slots[i], *whole = &slots[s->parent - 1];
  if (s->parent > i || whole->parent != 0) return FAIL(v, KILN_ERR_STRUCTURE, "a piece of no slot");
  if (whole->memory) return true;
  uint64_t end = (uint64_t)s->offset + s->size_bytes;
  bool apart = end <= whole->size_bytes;
  if (whole->uses != 0) apart &= s->offset >= 1u << kn_type_log2[whole->type];
  for (uint32_t k = s->pieces; k != 0; k = slots[k - 1].pieces)
    apart &= end <= slots[k - 1].offset ||
             s->offset >= (uint64_t)slots[k - 1].offset + slots[k - 1].size_bytes;
  return apart || FAIL(v, KILN_ERR_STRUCTURE, "pieces of slot %u overlap", whole->number);
}

static bool check_slots(struct verifier *v) {
  const kiln_func *f = v->f;
  v->block = UINT32_MAX;
  v->inst = 0;
  for (uint32_t i = 0; i < f->slots.n; i++) {
    if (f->slots.at[i].size_bytes > INT32_MAX || f->slots.at[i].align_log2 > 16)
      return FAIL(v, KILN_ERR_STRUCTURE, "slot %u has an impossible size or alignment", i);
    if (f->slots.at[i].parent != 0 && !check_piece(v, i)) return false;
  }
  return true;
}

kiln_status kiln_func_verify(kiln_func *f) {
  if (f == NULL) return KILN_ERR_ARGUMENT;
  if (f->status != KILN_OK) return f->status;
  struct verifier v = {.f = f, .block = UINT32_MAX};
  if (!f->facts.finished) {
    (void)FAIL(&v, KILN_ERR_STRUCTURE, "the function is not finished");
    return f->status;
  }
  size_t n = f->n, n_seen = n > f->blocks.n ? n : f->blocks.n;
  size_t size = (3 * n + n_seen) * sizeof(uint32_t);
  v.block_of = kn_realloc(f->module, NULL, size);
  if (!v.block_of || !kn_dom_init(&v.dom, f)) {
    (void)FAIL(&v, KILN_ERR_MEMORY, "out of memory");
  } else {
    memset(v.block_of, 0, size);
    v.pos = v.block_of + n;
    v.uses = v.pos + n;
    v.seen = v.uses + n;
    if (check_blocks(&v) && check_edges(&v) && check_slots(&v)) {
      kn_dom_compute(&v.dom, f);
      if (check_insts(&v) && check_counts(&v) && f->facts.has_roots)
        kn_roots_verify(f, &v.dom, v.block_of, v.pos);
    }
  }
  kn_realloc(f->module, v.block_of, 0);
  kn_dom_free(&v.dom, f);
  return f->status;
}
