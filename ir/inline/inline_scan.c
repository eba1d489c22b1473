/* The scan: goes through a function and the bodies that its calls become, in the order in which they will be built, and
 * builds nothing. It decides which calls are inlined, makes the slots, and notes what is done with each: so a slot
 * whose address leaves anywhere is known before the first access of it is built. Called by inline_replay.c.
 *
 * Invariant: each use of a slot's address that the replay may build is noted. The replay builds a part of what was
 * scanned, since it knows more constants and so reaches fewer blocks. Where the scan does not know that an operand is
 * the address of a slot, the address has left before. */
#include "ir/builder/builder.h"
#include "ir/inline/inline_replay.h"

/* ---- operands ---- */

/* The address of a slot that operand `h` is, or an immediate, or none. */
static inline struct kn_ref what_is(struct kn_replay *r, struct kn_inline_level *l, uint32_t h) {
  if (kn_is_value(h)) return l->map[h];
  return kn_is_slot(h) ? kn_replay_ref(r, l, h) : (struct kn_ref){kn_is_imm(h) ? h : 0, 0};
}

/* The address of a slot that operand `h` is, or none. */
static inline struct kn_ref address_of(struct kn_replay *r, struct kn_inline_level *l, uint32_t h) {
  struct kn_ref at = what_is(r, l, h);
  return kn_is_slot(at.h) ? at : (struct kn_ref){0};
}

static inline void escape(struct kn_replay *r, struct kn_inline_level *l, uint32_t h) {
  struct kn_ref at = what_is(r, l, h);
  if (KN_UNLIKELY(kn_is_slot(at.h))) kn_split_escape(r, at);
}

/* Address `at` + `disp`: none, and the slot is memory, if that is too far. */
static struct kn_ref plus(struct kn_replay *r, struct kn_ref at, int32_t disp) {
  if (at.h == 0 || !__builtin_add_overflow(at.disp, disp, &at.disp)) return at;
  kn_split_escape(r, at);
  return (struct kn_ref){0};
}

static bool is_promotable(const struct kn_inline_level *l, uint32_t h) {
  return kn_is_slot(h) && l->is_promotable[kn_index(h)];
}

/* ---- instructions ---- */

static void scan_load(struct kn_replay *r, struct kn_inline_level *l, uint32_t i) {
  const struct kn_inst *in = &l->f->inst[i];
  if (is_promotable(l, in->a)) {
    l->map[i] = l->stored[kn_index(in->a)];
    return;
  }
  struct kn_ref at = plus(r, address_of(r, l, in->a), (int32_t)in->c);
  if (at.h != 0) kn_split_access(r, at, KN_MEM_TYPE(in->x), in->x, false);
}

static void scan_store(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in) {
  if (is_promotable(l, in->a)) {
    l->stored[kn_index(in->a)] = what_is(r, l, in->b);
    return;
  }
  escape(r, l, in->b);
  struct kn_ref at = plus(r, address_of(r, l, in->a), (int32_t)in->c);
  if (at.h != 0) kn_split_access(r, at, KN_MEM_TYPE(in->x), in->x, true);
}

static void scan_addr(struct kn_replay *r, struct kn_inline_level *l, uint32_t i) {
  const struct kn_inst *in = &l->f->inst[i];
  int32_t disp = (int32_t)in->c;
  if (in->b == 0 || kn_replay_constant_index(in, what_is(r, l, in->b).h, &disp)) {
    l->map[i] = plus(r, address_of(r, l, in->a), disp);
    return;
  }
  escape(r, l, in->a);
  escape(r, l, in->b);
}

/* A copy or fill of constant size. False: its operands leave. */
static bool scan_memory(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in) {
  uint64_t size[2], byte[2];
  if (in->x != 0 || !kn_build_number(l->f, in->c, KILN_TYPE_I64, size)) return false; /* volatile */
  struct kn_ref to = address_of(r, l, in->a);
  if (in->op != KILN_OP_MEMSET) {
    kn_split_copy(r, to, address_of(r, l, in->b), size[0]);
    return true;
  }
  if (!kn_build_number(l->f, in->b, KILN_TYPE_I8, byte)) return false;
  kn_split_fill(r, to, size[0]);
  return true;
}

/* An instruction whose operands are in its fields, of which something is known. */
static void scan_known(struct kn_replay *r, struct kn_inline_level *l, uint32_t i, unsigned n) {
  struct kn_inst known = l->f->inst[i]; /* with what is known of its operands */
  const unsigned shape = kn_op_shape(known.op);
  if ((shape == KN_SH_MEM3 || shape == KN_SH_MEMSET) && scan_memory(r, l, &known)) return;
  if (kn_replay_is_null_test(&known) && address_of(r, l, known.a).h != 0) {
    l->map[i].h = kn_handle(KN_TAG_IMM, known.x == KILN_ICOND_NE);
    return;
  }
  for (unsigned k = 0; k < n; k++) {
    uint32_t h = what_is(r, l, known.field[k]).h;
    if (KN_UNLIKELY(kn_is_slot(h))) kn_split_escape(r, (struct kn_ref){h, 0});
    known.field[k] = h;
  }
  l->map[i].h = kn_build_evaluate(r->g, &known);
}

static inline void scan_fields(struct kn_replay *r, struct kn_inline_level *l, uint32_t i) {
  const struct kn_inst *in = &l->f->inst[i];
  const unsigned n = kn_shape_info[kn_op_shape(in->op)].n_fields;
  uint32_t any = 0;
  for (unsigned k = 0; k < n; k++) {
    uint32_t h = in->field[k];
    any |= kn_is_value(h) ? l->map[h].h : kn_is_slot(h) ? h : 0;
  }
  if (any != 0) scan_known(r, l, i, n);
}

static void scan_code(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in) {
  for (uint32_t k = 0; k < in->x; k++) escape(r, l, l->f->lists.at[in->a + k]);
  kiln_asm code = kn_asm_get(l->f, in);
  for (uint32_t k = 0; k < code.n_relocs; k++)
    if (code.relocs[k].slot != 0)
      escape(r, l, kn_handle(KN_TAG_SLOT, kn_slot_at(l->f, code.relocs[k].slot - 1)));
}

/* ---- calls ---- */

/* A call in the level: what it becomes. */
static struct kn_inline_level *decide(struct kn_replay *r, struct kn_inline_level *l, uint32_t i,
                                      uint32_t try_block) {
  struct kn_site *site = kn_arena_zero(&r->room->arena, sizeof *site, sizeof(void *));
  if (site == NULL)
    return KN_FUNC_FAIL(NULL, r->g, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  site->inst = i;
  site->inner = kn_replay_decide(r, l, i, try_block);
  if (l->last_site != NULL) l->last_site->next = site;
  else l->sites = l->site = site;
  return (l->last_site = site)->inner;
}

/* The operands of a call leave. */
static struct kn_inline_level *call_stays(struct kn_replay *r, struct kn_inline_level *l,
                                          const struct kn_inst *in) {
  escape(r, l, in->b);
  for (uint32_t k = 0; k < in->x; k++) escape(r, l, l->f->lists.at[in->a + k]);
  return NULL;
}

/* Scans the body that a call becomes; its results are in `returned`, as far as they are addresses. NULL: it stays a
 * call, whose operands leave. */
static struct kn_inline_level *scan_call(struct kn_replay *r, struct kn_inline_level *l, uint32_t i,
                                         uint32_t try_block) {
  const struct kn_inst *in = &l->f->inst[i];
  struct kn_inline_level *inner = decide(r, l, i, try_block);
  if (inner == NULL) return call_stays(r, l, in);
  const kiln_func *f = inner->f;
  const struct kn_sig *given = kn_sig(r->g->module, in->c), *own = kn_sig(r->g->module, f->sig);
  bool slots = inner->body->frame != 0;
  for (uint32_t k = 0; k < f->block[0].n_params; k++) {
    struct kn_ref at = what_is(r, l, l->f->lists.at[in->a + k]);
    const kiln_param *p = &own->params[k];
    slots |= kn_is_slot(at.h);
    if (p->flags & KILN_PARAM_BYVAL) { /* a copy in a slot of its own */
      struct kn_ref copy =
        kn_replay_slot(r, inner, p->size_bytes, p->align_log2 > 3 ? p->align_log2 : 3);
      kn_split_copy(r, copy, at, p->size_bytes);
      inner->map[kn_block_param(f, f->block, k)] = copy;
    } else if (given->params[k].type == own->params[k].type)
      inner->map[kn_block_param(f, f->block, k)] = at;
    else if (at.h != 0) kn_split_escape(r, at);
  }
  /* without slots, and without bodies in it, nothing is noted, and nothing is to be decided */
  if (slots || inner->body->depth != 0 || r->g->module->inline_attrs.decide != NULL)
    kn_replay_scan(r, inner);
  else memset(inner->scan, KN_SCAN_DONE, f->blocks.n);
  for (uint32_t k = 0; k < given->n_results; k++) {
    if (own->results[k] == given->results[k] || inner->returned[k].h == 0) continue;
    kn_split_escape(r, inner->returned[k]);
    inner->returned[k] = (struct kn_ref){0};
  }
  return inner;
}

static void scan_plain_call(struct kn_replay *r, struct kn_inline_level *l, uint32_t i) {
  if (l->up != NULL && (kn_sig(r->g->module, l->f->inst[i].c)->flags & KILN_SIG_ENTRY)) return;
  const struct kn_inline_level *inner = scan_call(r, l, i, KN_REPLAY_NONE);
  if (inner == NULL) return;
  kn_replay_results(l, i, inner);
}

static void scan_inst(struct kn_replay *r, struct kn_inline_level *l, uint32_t i) {
  const struct kn_inst *in = &l->f->inst[i];
  if (KN_LIKELY(kn_shape_info[kn_op_shape(in->op)].copy != KN_COPY_OWN)) {
    scan_fields(r, l, i);
    return;
  }
  switch ((unsigned)kn_op_shape(in->op)) {
  case KN_SH_LOAD: scan_load(r, l, i); return;
  case KN_SH_STORE: scan_store(r, l, in); return;
  case KN_SH_ADDR: scan_addr(r, l, i); return;
  case KN_SH_CALL: scan_plain_call(r, l, i); return;
  case KN_SH_RESULT:
    if (in->a == l->results_of) l->map[i] = l->results[in->x];
    return;
  case KN_SH_ASM: scan_code(r, l, in); return;
  default: return; /* SLOTV; terminators: below */
  }
}

/* ---- the ends of blocks ---- */

/* An edge leads to the block. */
static void reach(struct kn_inline_level *l, uint32_t block) {
  if (l->scan[block] != KN_SCAN_NOT) return;
  l->scan[block] = KN_SCAN_REACHED;
  l->waiting++;
}

/* An edge that gives its arguments to parameters. */
static void scan_edge(struct kn_replay *r, struct kn_inline_level *l, uint32_t edge) {
  reach(l, l->f->edges.at[edge].target);
  for (const struct kn_edge_arg *a = kn_edge_first_arg(l->f, edge); a != NULL;
       a = kn_edge_next_arg(l->f, a))
    if (!kn_is_tried(a->value)) escape(r, l, a->value);
}

/* An edge on which the same block goes on, if nothing else leads there: as kn_replay_branch. */
static void scan_branch(struct kn_replay *r, struct kn_inline_level *l, uint32_t edge,
                        const struct kn_ref *results) {
  const kiln_func *f = l->f;
  const struct kn_block *b = &f->block[f->edges.at[edge].target];
  bool goes_on = b->n_preds == 1 && !b->address_taken;
  reach(l, f->edges.at[edge].target);
  for (const struct kn_edge_arg *a = kn_edge_first_arg(f, edge); a != NULL;
       a = kn_edge_next_arg(f, a)) {
    struct kn_ref at =
      kn_is_tried(a->value) ? results[kn_tried_number(a->value)] : what_is(r, l, a->value);
    if (goes_on) l->map[kn_block_param(f, b, a->index)] = at;
    else if (at.h != 0) kn_split_escape(r, at);
  }
}

static void scan_try(struct kn_replay *r, struct kn_inline_level *l, uint32_t block) {
  const struct kn_block *b = &l->f->block[block];
  const struct kn_inline_level *inner = scan_call(r, l, b->term, block);
  if (inner != NULL) scan_branch(r, l, b->edge_first, inner->returned);
  else scan_edge(r, l, b->edge_first);
  scan_edge(r, l, b->edge_first + 1);
}

static void scan_end(struct kn_replay *r, struct kn_inline_level *l, uint32_t block) {
  const kiln_func *f = l->f;
  const struct kn_block *b = &f->block[block];
  const struct kn_inst *in = &f->inst[b->term];
  if (in->op == KILN_OP_BR) {
    scan_branch(r, l, b->edge_first, NULL);
    return;
  }
  if (in->op == KILN_OP_TRY) {
    scan_try(r, l, block);
    return;
  }
  uint64_t number[2];
  if (in->op == KILN_OP_BRIF || in->op == KILN_OP_SWITCH) {
    unsigned type = in->op == KILN_OP_BRIF ? KILN_TYPE_I8 : in->type;
    if (kn_build_number(r->g, what_is(r, l, in->a).h, type, number)) {
      scan_branch(r, l, kn_replay_edge_taken(f, b, number[0]), NULL);
      return;
    }
  }
  const struct kn_operands o = kn_operands(f, in);
  bool returns = in->op == KILN_OP_RET && l->up != NULL && l->body->n_returns == 1;
  for (uint32_t k = 0; k < o.n; k++) {
    if (returns) l->returned[k] = what_is(r, l, kn_operand(&o, k));
    else escape(r, l, kn_operand(&o, k));
  }
  for (uint32_t k = 0; k < b->n_edges; k++) scan_edge(r, l, b->edge_first + k);
}

static void scan_block(struct kn_replay *r, struct kn_inline_level *l, uint32_t block) {
  const kiln_func *f = l->f;
  const struct kn_block *b = &f->block[block];
  l->scan[block] = KN_SCAN_DONE;
  l->waiting--;
  for (uint32_t i = kn_inst_settle(f, b->first); i != b->term; i = kn_inst_settle(f, i + 1))
    scan_inst(r, l, i);
  scan_end(r, l, block);
}

void kn_replay_scan(struct kn_replay *r, struct kn_inline_level *l) {
  reach(l, 0);
  /* in one round, but for blocks to which only later ones lead where a condition is a constant */
  while (l->waiting != 0 && r->g->status == KILN_OK)
    for (uint32_t k = 0; k < l->n_order && r->g->status == KILN_OK; k++)
      if (l->scan[l->order[k]] == KN_SCAN_REACHED) scan_block(r, l, l->order[k]);
}
