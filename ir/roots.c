/* What functions with roots have to keep. A root's word changes at each call that collects, so what was loaded before
 * is stale after it. The rule is about derived values, which are in SSA form: a use is wrong if such a call is on some
 * path from the definition to the use, which is a question to the dominators (ir/between.h). What is stored to a slot
 * is followed along the code. */
#include "ir/roots.h"

#include <stdio.h>

#include "ir/between.h"

struct roots {
  kiln_func *f;
  const struct kn_dom *dom;
  struct kn_between between;
  const uint32_t *block_of, *pos;
  uint8_t *derived; /* by instruction */
  uint32_t *last;   /* by block: its last call that collects, or 0 */
  /* By instruction: where what is derived from it ends in `flows`, and what is derived from the next one begins. */
  uint32_t *first;
  uint32_t *flows; /* instructions */
  uint32_t *found; /* a stack of derived values */
  uint32_t n_found;
  uint32_t *seen;   /* by block: the store that was followed there last */
  uint32_t *called; /* by block: the store that was followed there last after a call */
  uint32_t *stack;  /* blocks; twice, and one more after a call */
  uint64_t steps;   /* how many instructions stores may still be followed along */
};

/* ---- loads and stores ---- */

static bool is_root(const kiln_func *f, uint32_t h) {
  return kn_is_slot(h) && (f->slots.at[kn_index(h)].memory & KN_MEMORY_ROOT) != 0;
}

/* Is operand `k` of the instruction, which is a root's address, that of a load or store of all of it? */
static bool is_whole(const kiln_func *f, const struct kn_inst *in, uint32_t k, uint32_t h) {
  if (k != 0 || (in->op != KILN_OP_LOAD && in->op != KILN_OP_STORE)) return false;
  unsigned type = KN_MEM_TYPE(in->x);
  return in->c == 0 && type == in->type &&
         type == (f->slots.at[kn_index(h)].size_bytes == 8 ? KILN_TYPE_I64 : KILN_TYPE_I32);
}

static bool partly(kiln_func *f, uint32_t block, uint32_t inst, uint32_t h) {
  kn_func_fail(f, KILN_ERR_STRUCTURE, block, inst,
               "slot%u is a root: it can only be loaded and stored, as a whole",
               f->slots.at[kn_index(h)].number);
  return false;
}

static bool whole_in_block(kiln_func *f, uint32_t id) {
  const struct kn_block *b = &f->blocks.at[id];
  for (uint32_t i = kn_inst_settle(f, b->first);; i = kn_inst_settle(f, i + 1)) {
    const struct kn_inst *in = &f->inst[i];
    struct kn_operands o = kn_operands(f, in);
    for (uint32_t k = 0; k < o.n; k++) {
      uint32_t h = kn_operand(&o, k);
      if (is_root(f, h) && !is_whole(f, in, k, h)) return partly(f, id, i, h);
    }
    if (i == b->term) break;
  }
  for (uint32_t e = b->edge_first; e < b->edge_first + b->n_edges; e++)
    for (const struct kn_edge_arg *a = kn_edge_first_arg(f, e); a; a = kn_edge_next_arg(f, a))
      if (is_root(f, a->value)) return partly(f, id, b->term, a->value);
  return true;
}

/* Ids are of calls that collect: of others there is no table. */
static bool ids_of_calls(kiln_func *f) {
  for (uint32_t k = 0; k < f->notes[KN_NOTE_CALL_ID].n; k++) {
    uint32_t i = f->notes[KN_NOTE_CALL_ID].at[k].inst;
    const struct kn_inst *in = &f->inst[i];
    if (i < f->n && in->op != KILN_OP_BUILTIN_SETJMP && kn_inst_collects(f, in)) continue;
    return KN_FUNC_FAIL(false, f, KILN_ERR_STRUCTURE, UINT32_MAX, i < f->n ? i : 0,
                        "an id is given to what is no call that collects");
  }
  return true;
}

void kn_roots_whole(kiln_func *f) {
  if (!ids_of_calls(f)) return;
  for (uint32_t k = 0; k < f->order.n; k++)
    if (!whole_in_block(f, f->order.at[k])) return;
  for (uint32_t k = 0; k < f->asm_relocs.n; k++) {
    if (f->asm_relocs.at[k].slot == 0) continue;
    uint32_t h = kn_handle(KN_TAG_SLOT, kn_slot_at(f, f->asm_relocs.at[k].slot - 1));
    if (is_root(f, h) && !partly(f, UINT32_MAX, 0, h)) return;
  }
}

/* ---- derived values ---- */

/* Does the operation's result point to where its operands do? */
static bool passes_on(unsigned op) {
  switch (op) {
  case KILN_OP_COPY:
  case KILN_OP_ADD:
  case KILN_OP_SUB:
  case KILN_OP_AND:
  case KILN_OP_OR:
  case KILN_OP_XOR:
  case KILN_OP_NOT:
  case KILN_OP_NEG:
  case KILN_OP_SHL: /* of compressed references */
  case KILN_OP_ADDR:
  case KILN_OP_SELECT: return true;
  default: {
    enum kn_shape shape = kn_op_shape(op);
    return shape == KN_SH_CONV_II || shape == KN_SH_CONV_FF || shape == KN_SH_CONV_FI ||
           shape == KN_SH_CONV_IF || shape == KN_SH_CONV_BITS;
  }
  }
}

static bool is_derived(const struct roots *r, uint32_t h) {
  return kn_is_value(h) && h != 0 && r->derived[h];
}

static void mark_derived(struct roots *r, uint32_t value) {
  if (r->derived[value]) return;
  r->derived[value] = 1;
  r->found[r->n_found++] = value;
}

static bool collects(const struct roots *r, uint32_t i) {
  return kn_inst_collects(r->f, &r->f->inst[i]);
}

/* If `from` is derived, `to` is. First they are counted, then listed. */
static void flow(struct roots *r, uint32_t from, uint32_t to) {
  if (!kn_is_value(from) || from == 0) return;
  if (r->flows == NULL) r->first[from + 1]++;
  else r->flows[r->first[from]++] = to;
}

/* Finds what is derived by itself in a block, what is if others are, and the last call that collects. */
static void flow_in_block(struct roots *r, uint32_t id) {
  const kiln_func *f = r->f;
  const struct kn_block *b = &f->blocks.at[id];
  for (uint32_t i = kn_inst_settle(f, b->first);; i = kn_inst_settle(f, i + 1)) {
    const struct kn_inst *in = &f->inst[i];
    if (collects(r, i)) r->last[id] = i;
    if (f->val[i].type != KILN_TYPE_VOID) {
      const struct kn_note *said = kn_note_at(f, KN_NOTE_REFERENCE, i);
      if (said ? said->a != 0 : in->op == KILN_OP_LOAD && is_root(f, in->a)) {
        mark_derived(r, i);
      } else if (!said && passes_on(in->op)) {
        struct kn_operands o = kn_operands(f, in);
        for (uint32_t k = in->op == KILN_OP_SELECT; k < o.n; k++) /* the condition is no part */
          flow(r, kn_operand(&o, k), i);
      }
    }
    if (i == b->term) break;
  }
  for (uint32_t e = b->edge_first; e < b->edge_first + b->n_edges; e++)
    for (const struct kn_edge_arg *a = kn_edge_first_arg(f, e); a; a = kn_edge_next_arg(f, a))
      flow(r, a->value, kn_block_param(f, &f->blocks.at[f->edges.at[e].target], a->index));
}

static void find_flows(struct roots *r) {
  for (uint32_t k = 1; k <= r->dom->n; k++) flow_in_block(r, r->dom->block[k]);
}

/* False without memory. */
static bool derive_all(struct roots *r) {
  const kiln_func *f = r->f;
  for (uint32_t k = 0; k < f->notes[KN_NOTE_REFERENCE].n; k++) {
    const struct kn_note *note = &f->notes[KN_NOTE_REFERENCE].at[k];
    if (f->inst[note->inst].op == KILN_OP_PARAM) mark_derived(r, note->inst);
  }
  find_flows(r);
  for (uint32_t i = 0; i < f->n; i++) r->first[i + 1] += r->first[i];
  r->flows = kn_realloc(f->module, NULL, (r->first[f->n] + (size_t)1) * sizeof *r->flows);
  if (r->flows == NULL) return false; /* the module has failed */
  find_flows(r);
  while (r->n_found > 0) {
    const uint32_t value = r->found[--r->n_found];
    for (uint32_t k = r->first[value - 1]; k < r->first[value]; k++) mark_derived(r, r->flows[k]);
  }
  return true;
}

/* ---- uses ---- */

/* Where an instruction is, for people: its block and, if there is one, its line, in the text or in the source. */
struct place {
  char text[48];
};

static struct place place_of(const struct roots *r, uint32_t inst) {
  struct place p;
  uint32_t line, column;
  if (!kn_func_inst_text_position(r->f, inst, &line, &column)) line = kn_loc_at(r->f, inst).line;
  size_t n = (size_t)snprintf(p.text, sizeof p.text, "block %u", r->block_of[inst] - 1);
  if (line != 0) snprintf(p.text + n, sizeof p.text - n, ", line %u", line);
  return p;
}

/* The diagnostic itself has the place of the use. */
static bool stale(const struct roots *r, uint32_t value, uint32_t call, uint32_t use) {
  kiln_func *f = r->f;
  const kiln_module *m = f->module;
  const uint32_t number = kn_func_inst_number(f, value), to = f->inst[call].b;
  const uint32_t callee = kn_is_pool(to) ? f->pool.at[kn_index(to)].symbol : 0;
  const bool named = callee != 0 && kn_symbol(m, callee)->name[0] != '\0';
  const struct place made = place_of(r, value), called = place_of(r, call);
  kn_func_fail(f, KILN_ERR_STRUCTURE, r->block_of[use] - 1, use,
               "v%u is derived from a root or a reference, and is used after the call at number %u "
               "(%s%.24s%s%s of @%.24s), which may collect: the object may have moved; v%u is made "
               "in %s",
               number, kn_func_inst_number(f, call), named ? "of @" : "",
               named ? kn_symbol(m, callee)->name : "", named ? ", " : "", called.text,
               kn_symbol(m, f->symbol)->name, number, made.text);
  return false;
}

/* A use of value h in `use`, before which the block's last call that collects is `call`, or 0. */
static bool use(struct roots *r, uint32_t h, uint32_t use, uint32_t call) {
  if (!is_derived(r, h)) return true;
  const uint32_t from = r->block_of[h] - 1, to = r->block_of[use] - 1;
  if (call != 0 && (from != to || r->pos[call] > r->pos[h])) return stale(r, h, call, use);
  if (from == to) return true;
  call = r->last[from];
  if (call == 0 || r->pos[call] <= r->pos[h]) call = kn_between(&r->between, from, to);
  return call == 0 || stale(r, h, call, use);
}

static bool look_at_block(struct roots *r, uint32_t id) {
  const kiln_func *f = r->f;
  const struct kn_block *b = &f->blocks.at[id];
  uint32_t call = 0;
  for (uint32_t i = kn_inst_settle(f, b->first);; i = kn_inst_settle(f, i + 1)) {
    const struct kn_inst *in = &f->inst[i];
    struct kn_operands o = kn_operands(f, in);
    for (uint32_t k = 0; k < o.n; k++)
      if (!use(r, kn_operand(&o, k), i, call)) return false;
    if (collects(r, i)) call = i; /* its arguments were read before */
    if (i == b->term) break;
  }
  for (uint32_t e = b->edge_first; e < b->edge_first + b->n_edges; e++)
    for (const struct kn_edge_arg *a = kn_edge_first_arg(f, e); a; a = kn_edge_next_arg(f, a))
      if (!use(r, a->value, b->term, call)) return false;
  return true;
}

static bool look_at_all(struct roots *r) {
  const kiln_func *f = r->f;
  if (!kn_between_init(&r->between, f, r->dom, r->last)) return false;
  for (uint32_t k = 0; k < f->order.n; k++)
    if (kn_dom_reached(r->dom, f->order.at[k]) && !look_at_block(r, f->order.at[k])) return false;
  return true;
}

/* ---- slots that are no roots ---- */

/* Does the instruction store a derived value to a slot that no collector knows? */
static bool stores_aside(const struct roots *r, const struct kn_inst *in) {
  return (in->op == KILN_OP_STORE || in->op == KILN_OP_ATOMIC_STORE) && kn_is_slot(in->a) &&
         !is_root(r->f, in->a) && is_derived(r, in->b);
}

static bool aside(const struct roots *r, uint32_t store) {
  kiln_func *f = r->f;
  const struct kn_inst *in = &f->inst[store];
  kn_func_fail(f, KILN_ERR_STRUCTURE, r->block_of[store] - 1, store,
               "v%u is derived from a root or a reference, and is stored to slot%u, which is no "
               "root, but is loaded after a call that may collect",
               kn_func_inst_number(f, in->b), f->slots.at[kn_index(in->a)].number);
  return false;
}

/* Follows the code from instruction `i` to the end of its block: what was stored in `store` is in its slot. False if it
 * is loaded after a call; *called says whether there was one. *there: it is in the slot at the end, too, and there are
 * steps left. */
static bool follow(struct roots *r, uint32_t store, uint32_t i, uint32_t term, bool *called,
                   bool *there) {
  const kiln_func *f = r->f;
  const struct kn_inst *of = &f->inst[store];
  for (;; i = kn_inst_settle(f, i + 1)) {
    const struct kn_inst *in = &f->inst[i];
    const bool same = in->a == of->a && in->c == of->c;
    if (in->op == KILN_OP_LOAD && in->a == of->a && *called) return false;
    *there = r->steps > 0 && !(in->op == KILN_OP_STORE && same && in->x == of->x);
    if (!*there) return true;
    r->steps--;
    *called |= kn_inst_collects(f, in);
    if (i == term) return true;
  }
}

/* How far all the stores of a function are followed, together: a search for each to its end is quadratic for a function
 * that is made to be so. A store that is not followed to its end is not reported. */
#define STEPS(instructions) (UINT64_C(64) * (instructions) + 65536)

/* Searches for a load of the slot that `store` stores to, after a call that collects. */
static bool look_behind(struct roots *r, uint32_t store) {
  const kiln_func *f = r->f;
  const struct kn_block *b = &f->blocks.at[r->block_of[store] - 1];
  uint32_t n = 0, at = kn_inst_settle(f, store + 1);
  bool called = false, there = true;
  for (;;) {
    if (!follow(r, store, at, b->term, &called, &there)) return aside(r, store);
    for (uint32_t e = b->edge_first; there && e < b->edge_first + b->n_edges; e++) {
      uint32_t *seen = (called ? r->called : r->seen) + f->edges.at[e].target;
      if (*seen == store) continue;
      *seen = store;
      r->stack[n++] = f->edges.at[e].target << 1 | called;
    }
    if (n == 0) return true;
    called = r->stack[--n] & 1;
    b = &f->blocks.at[r->stack[n] >> 1];
    at = kn_inst_settle(f, b->first);
  }
}

static bool look_at_stores(struct roots *r) {
  const kiln_func *f = r->f;
  for (uint32_t k = 0; k < f->order.n; k++) {
    const struct kn_block *b = &f->blocks.at[f->order.at[k]];
    if (!kn_dom_reached(r->dom, f->order.at[k])) continue;
    for (uint32_t i = kn_inst_settle(f, b->first);; i = kn_inst_settle(f, i + 1)) {
      if (stores_aside(r, &f->inst[i]) && !look_behind(r, i)) return false;
      if (i == b->term) break;
    }
  }
  return true;
}

void kn_roots_verify(kiln_func *f, const struct kn_dom *dom, const uint32_t *block_of,
                     const uint32_t *pos) {
  const size_t n = f->n + (size_t)2, blocks = f->blocks.n + (size_t)1;
  struct roots r = {.f = f, .dom = dom, .block_of = block_of, .pos = pos, .steps = STEPS(f->n)};
  const size_t size = (2 * n + 5 * blocks) * sizeof(uint32_t) + n;
  r.first = kn_realloc(f->module, NULL, size);
  if (r.first == NULL) {
    kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
    return;
  }
  memset(r.first, 0, size);
  r.found = r.first + n;
  r.last = r.found + n;
  r.seen = r.last + blocks;
  r.called = r.seen + blocks;
  r.stack = r.called + blocks;
  r.derived = (uint8_t *)(r.stack + 2 * blocks);
  if ((!derive_all(&r) || !look_at_all(&r) || !look_at_stores(&r)) && f->status == KILN_OK)
    kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  kn_between_free(&r.between, f);
  KN_FREE(&f->module->options.allocator, r.flows, r.first);
}
