/* Replay: a finished function is built again, block by block in an order in which definitions come before uses, and
 * where a call of an inlined function stood, that one's body is. Operands, instructions and blocks are here; calls,
 * returns and exceptions in inline_call.c. Called by the pipeline and by kiln_session_begin_kept.
 *
 * Addresses of slots stay a slot and a displacement until something wants them as a value, so that a slot whose address
 * was an argument is accessed directly by the body and may be a variable. Loads of what is stored once are the value.
 * Invariant: what stands for a value of a body is there before the value's first use: definitions dominate uses, and a
 * parameter's block is begun by whoever branches to it first. */
#include "ir/builder/builder.h"
#include "ir/inline/inline_replay.h"

/* ---- operands ---- */

struct kn_ref kn_replay_slot(struct kn_replay *r, struct kn_inline_level *l, uint32_t size_bytes,
                             unsigned align_log2) {
  kiln_value slot = kiln_slot_new(r->g, size_bytes, align_log2);
  if (slot.id == 0) return (struct kn_ref){0};
  r->g->slots.at[kn_index(slot.id)].scope = l->scope;
  return (struct kn_ref){kn_split_new(r, l, kn_index(slot.id)) ? slot.id : 0, 0};
}

struct kn_ref kn_replay_other(struct kn_replay *r, struct kn_inline_level *l, uint32_t h) {
  const kiln_func *f = l->f;
  uint32_t i = kn_index(h);
  switch (kn_tag(h)) {

  case KN_TAG_POOL: {
    if (l->pool[i] != 0) return (struct kn_ref){l->pool[i], 0};
    struct kn_const k = f->pool.at[i];
    if (k.is_typeid) {
      uint32_t type = f->types.at[k.low - 1];
      l->pool[i] = kiln_const_typeid(r->g, (kiln_symbol){type}).id;
    } else if (k.type == KILN_TYPE_I128) {
      l->pool[i] = kiln_const_i128(r->g, k.low, k.high).id;
    } else {
      l->pool[i] = kn_handle(KN_TAG_POOL, r->g->pool.n);
      if (!KN_PUSH(r->g, r->g->pool, k)) return (struct kn_ref){0};
    }
    return (struct kn_ref){l->pool[i], 0};
  }
  case KN_TAG_SLOT: {
    const struct kn_slot *s = &f->slots.at[i];
    uint32_t at = s->offset;
    if (s->parent != 0) s = &f->slots.at[i = s->parent - 1];
    if (l->slot[i] == 0) {
      const uint8_t array = s->array;
      l->slot[i] = kn_replay_slot(r, l, s->size_bytes, s->align_log2).h;
      if (l->slot[i] == 0) return (struct kn_ref){0};
      r->g->slots.at[kn_index(l->slot[i])].array = array;
      if (array) kn_split_escape(r, (struct kn_ref){l->slot[i], 0});
    }
    return (struct kn_ref){l->slot[i], (int32_t)at};
  }
  case KN_TAG_VALUE:
  case KN_TAG_IMM:
  case KN_TAG_FORWARD:
  case KN_TAG_TRIED: break;
  }
  return (struct kn_ref){h, 0};
}

uint32_t kn_replay_sum(struct kn_replay *r, struct kn_ref ref) {
  return kiln_build_addr(r->g, (kiln_value){ref.h}, KN_NONE, 0, ref.disp).id;
}

static inline uint32_t use(struct kn_replay *r, struct kn_inline_level *l, uint32_t h) {
  return kn_replay_handle(r, kn_replay_ref(r, l, h));
}

uint32_t kn_replay_value(struct kn_replay *r, struct kn_inline_level *l, uint32_t h) {
  uint32_t to = use(r, l, h);
  if (!kn_is_value(h) || kn_is_value(to) || kn_is_slot(to) || to == 0) return to;
  unsigned type = kn_inst_result(l->f, &l->f->inst[kn_index(h)]);
  return kiln_build_unary(r->g, KILN_OP_COPY, (kiln_type)type, (kiln_value){to}).id;
}

/* ---- memory ---- */

/* The address at + *disp of an access: a slot's stays one. */
static uint32_t address(struct kn_replay *r, struct kn_ref at, int32_t *disp) {
  int32_t sum;
  if (at.disp == 0) return at.h;
  if (__builtin_add_overflow(at.disp, *disp, &sum)) return kn_replay_handle(r, at);
  *disp = sum;
  return at.h;
}

static inline bool is_promotable(const struct kn_inline_level *l, uint32_t h) {
  return kn_is_slot(h) && l->is_promotable[kn_index(h)];
}

static void load(struct kn_replay *r, struct kn_inline_level *l, uint32_t i,
                 const struct kn_inst *in) {
  if (is_promotable(l, in->a)) {
    l->map[i] = l->stored[kn_index(in->a)];
    return;
  }
  int32_t disp = (int32_t)in->c;
  struct kn_ref at = kn_replay_ref(r, l, in->a);
  if (kn_forward_slot(r, at) != NULL) {
    at.disp += disp; /* the scan has seen that it is inside */
    l->map[i] = kn_forward_load(r, at, in);
    return;
  }
  kiln_value a = {address(r, at, &disp)}, v;
  unsigned mem = KN_MEM_TYPE(in->x), flags = in->x & ~31u;
  if (mem == in->type) v = kiln_build_load(r->g, (kiln_type)in->type, a, disp, flags);
  else v = kiln_build_load_ext(r->g, (kiln_type)in->type, (kiln_type)mem, a, disp, flags);
  l->map[i] = (struct kn_ref){v.id, 0};
}

static void store(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in) {
  if (is_promotable(l, in->a)) {
    l->stored[kn_index(in->a)] = kn_replay_ref(r, l, in->b);
    if (KN_UNLIKELY(l->shown)) kn_replay_stored(r, l, kn_index(in->a));
    return;
  }
  int32_t disp = (int32_t)in->c;
  kiln_value v = {use(r, l, in->b)};
  struct kn_ref at = kn_replay_ref(r, l, in->a);
  if (kn_forward_slot(r, at) != NULL) {
    at.disp += disp;
    kn_forward_store(r, at, in->type, v.id);
    return;
  }
  kiln_value a = {address(r, at, &disp)};
  kiln_build_store(r->g, (kiln_type)in->type, a, disp, v, in->x & ~31u);
}

static void addr(struct kn_replay *r, struct kn_inline_level *l, uint32_t i,
                 const struct kn_inst *in) {
  struct kn_ref base = kn_replay_ref(r, l, in->a);
  int32_t disp = (int32_t)in->c, sum;
  bool constant = in->b == 0 || kn_replay_constant_index(in, kn_replay_ref(r, l, in->b).h, &disp);
  if (constant && (kn_is_slot(base.h) || disp == 0) &&
      !__builtin_add_overflow(base.disp, disp, &sum)) {
    l->map[i] = (struct kn_ref){base.h, sum};
    return;
  }
  kiln_value index = {constant ? 0 : kn_replay_value(r, l, in->b)};
  kiln_value a = {address(r, base, &disp)};
  l->map[i] = (struct kn_ref){kiln_build_addr(r->g, a, index, constant ? 0 : in->x, disp).id, 0};
}

void kn_replay_copy(struct kn_replay *r, struct kn_ref to, struct kn_ref from, uint32_t size) {
  if (kn_forward_slot(r, to) != NULL || kn_forward_slot(r, from) != NULL) {
    kn_forward_copy(r, to, from, size);
    return;
  }
  kiln_build_ternary(r->g, KILN_OP_MEMCPY, KILN_TYPE_PTR, (kiln_value){kn_replay_handle(r, to)},
                     (kiln_value){kn_replay_handle(r, from)}, kiln_const_int(r->g, size));
}

/* A copy or fill of a split slot; false: it is none. */
static bool in_pieces(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in) {
  uint64_t size[2], byte[2];
  struct kn_ref to = kn_replay_ref(r, l, in->a);
  bool split = kn_forward_slot(r, to) != NULL;
  if (in->op == KILN_OP_MEMSET) {
    if (!split || !kn_build_number(l->f, in->c, KILN_TYPE_I64, size) ||
        !kn_build_number(l->f, in->b, KILN_TYPE_I8, byte))
      return false;
    kn_forward_fill(r, to, (unsigned)byte[0], (uint32_t)size[0]);
    return true;
  }
  struct kn_ref from = kn_replay_ref(r, l, in->b);
  if ((!split && kn_forward_slot(r, from) == NULL) ||
      !kn_build_number(l->f, in->c, KILN_TYPE_I64, size))
    return false;
  kn_forward_copy(r, to, from, (uint32_t)size[0]);
  return true;
}

/* ---- machine code ---- */

static void machine_code(struct kn_replay *r, struct kn_inline_level *l, uint32_t i,
                         const struct kn_inst *in) {
  struct kn_inline_room *room = r->room;
  kiln_asm code = kn_asm_get(l->f, in);
  kiln_asm_reloc *relocs = NULL;
  room->args.n = 0;
  for (uint32_t k = 0; k < in->x; k++) {
    kiln_value v = {use(r, l, l->f->lists.at[in->a + k])};
    if (!KN_PUSH(r->g, room->args, v)) return;
  }
  if (code.n_relocs != 0) {
    relocs = kn_realloc(r->g->module, NULL, code.n_relocs * sizeof *relocs);
    if (relocs == NULL) {
      kn_func_fail(r->g, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
      return;
    }
    memcpy(relocs, code.relocs, code.n_relocs * sizeof *relocs);
    for (uint32_t k = 0; k < code.n_relocs; k++) {
      if (relocs[k].slot == 0) continue;
      uint32_t slot = kn_handle(KN_TAG_SLOT, kn_slot_at(l->f, relocs[k].slot - 1));
      struct kn_ref ref = kn_replay_ref(r, l, slot); /* which may make the slots move */
      relocs[k].slot = r->g->slots.at[kn_index(ref.h)].number + 1;
    }
    code.relocs = relocs;
  }
  kiln_value v = kiln_build_asm(r->g, (kiln_sig){in->c}, &code, room->args.at, room->args.n);
  if (relocs != NULL) kn_realloc(r->g->module, relocs, 0);
  l->map[i] = (struct kn_ref){v.id, 0};
}

/* ---- the other instructions ---- */

/* An instruction whose operands are in its fields. `values`: those that are values stay values, where a constant would
 * mean something else. */
static void copy(struct kn_replay *r, struct kn_inline_level *l, uint32_t i,
                 const struct kn_inst *in, bool values) {
  const unsigned shape = kn_op_shape(in->op);
  struct kn_operands o = kn_operands(l->f, in);
  uint32_t h[3] = {in->a, in->b, in->c};
  if ((shape == KN_SH_MEM3 || shape == KN_SH_MEMSET) && in_pieces(r, l, in)) return;
  if (shape == KN_SH_ICMP && kn_replay_is_null_test(in)) {
    struct kn_ref at = kn_replay_ref(r, l, in->a);
    if (kn_is_slot(at.h)) { /* wherever in the slot it is */
      l->map[i].h = kiln_const_int(r->g, in->x == KILN_ICOND_NE).id;
      l->map[i].disp = 0;
      return;
    }
  }
  for (uint32_t k = 0; k < o.n_fields; k++)
    h[k] = values ? kn_replay_value(r, l, h[k]) : use(r, l, h[k]);
  l->map[i] = (struct kn_ref){kn_build_append(r->g, in->op, in->type, in->x, h[0], h[1], h[2]), 0};
}

/* RESULT: of a call that was inlined it is there already. */
static void result(struct kn_replay *r, struct kn_inline_level *l, uint32_t i,
                   const struct kn_inst *in) {
  if (in->a == l->results_of) l->map[i] = l->results[in->x];
  else
    l->map[i] =
      (struct kn_ref){kiln_build_result(r->g, (kiln_value){l->map[in->a].h}, in->x).id, 0};
}

static void instruction(struct kn_replay *r, struct kn_inline_level *l, uint32_t i) {
  const struct kn_inst *in = &l->f->inst[i];
  unsigned rule = kn_shape_info[kn_op_shape(in->op)].copy;
  if (KN_LIKELY(rule != KN_COPY_OWN)) {
    copy(r, l, i, in, rule == KN_COPY_VALUES);
    return;
  }
  switch ((unsigned)kn_op_shape(in->op)) {
  case KN_SH_LOAD: load(r, l, i, in); return;
  case KN_SH_STORE: store(r, l, in); return;
  case KN_SH_ADDR: addr(r, l, i, in); return;
  case KN_SH_CALL: kn_replay_call(r, l, i); return;
  case KN_SH_RESULT: result(r, l, i, in); return;
  case KN_SH_ASM: machine_code(r, l, i, in); return;
  case KN_SH_SLOTV:
    if (!is_promotable(l, in->a)) copy(r, l, i, in, false);
    return;
  default: kn_build_bad_op(r->g, in->op, in->type); /* terminators: below */
  }
}

/* ---- blocks ---- */

uint32_t kn_replay_target(struct kn_replay *r, struct kn_inline_level *l, uint32_t block) {
  if (l->block[block] != 0) return l->block[block] - 1;
  const kiln_func *f = l->f;
  const struct kn_block *b = &f->block[block];
  uint32_t id = kiln_block_new(r->g).id;
  for (uint32_t k = 0, v = b->param_first; k < b->n_params; k++) {
    if (b->contiguous) v = b->param_first + k;
    kiln_value to = kiln_block_add_param(r->g, (kiln_block){id}, (kiln_type)f->inst[v].type);
    l->map[v] = (struct kn_ref){to.id, 0};
    v = f->inst[v].b;
  }
  l->block[block] = id + 1;
  l->waiting++;
  return id;
}

/* An edge's argument, before it is given. */
enum { ARG_EDGE, ARG_INDEX, ARG_VALUE, ARG_WORDS };

bool kn_replay_gather(struct kn_replay *r, struct kn_inline_level *l, uint32_t edge, uint32_t k,
                      const struct kn_ref *results, const uint32_t *exception) {
  const kiln_func *f = l->f;
  for (const struct kn_edge_arg *a = kn_edge_first_arg(f, edge); a != NULL;
       a = kn_edge_next_arg(f, a)) {
    uint32_t h = a->value, n = r->room->edges.n;
    if (!kn_is_tried(h)) h = use(r, l, h);
    else if (results != NULL) h = kn_replay_handle(r, results[kn_tried_number(h)]);
    else if (exception != NULL) h = exception[kn_tried_number(h)];
    if (!KN_ROOM(r->g, r->room->edges, ARG_WORDS)) return false;
    uint32_t *to = r->room->edges.at + n;
    to[ARG_EDGE] = k, to[ARG_INDEX] = a->index, to[ARG_VALUE] = h;
    r->room->edges.n = n + ARG_WORDS;
  }
  return r->g->status == KILN_OK;
}

void kn_replay_attach(struct kn_replay *r) {
  kiln_func *g = r->g;
  uint32_t pred = g->current, first = g->block[pred].edge_first;
  for (uint32_t n = r->room->edges.n; n != 0 && g->status == KILN_OK; n -= ARG_WORDS) {
    const uint32_t *a =
      r->room->edges.at + n - ARG_WORDS; /* the newest first: they were gathered so */
    if (!kn_build_edge_arg(g, first + a[ARG_EDGE], pred, a[ARG_INDEX], a[ARG_VALUE])) return;
  }
}

uint32_t kn_replay_branch(struct kn_replay *r, struct kn_inline_level *l, uint32_t edge,
                          const struct kn_ref *results) {
  const kiln_func *f = l->f;
  uint32_t to = f->edges.at[edge].target;
  const struct kn_block *b = &f->block[to];
  if (b->n_preds == 1 && !b->address_taken) { /* goes on in the same block */
    for (const struct kn_edge_arg *a = kn_edge_first_arg(f, edge); a != NULL;
         a = kn_edge_next_arg(f, a)) {
      bool tried = kn_is_tried(a->value);
      l->map[kn_block_param(f, b, a->index)] =
        tried ? results[kn_tried_number(a->value)] : kn_replay_ref(r, l, a->value);
    }
    l->block[to] = KN_REPLAY_MERGED;
    return to;
  }
  r->room->edges.n = 0;
  if (!kn_replay_gather(r, l, edge, 0, results, NULL)) return KN_REPLAY_NONE;
  kiln_build_br(r->g, (kiln_block){kn_replay_target(r, l, to)}, NULL, 0);
  kn_replay_attach(r);
  return KN_REPLAY_NONE;
}

static uint32_t brif(struct kn_replay *r, struct kn_inline_level *l, const struct kn_block *b) {
  const struct kn_inst *in = &l->f->inst[b->term];
  const uint32_t targets[2] = {l->f->edges.at[in->b].target, l->f->edges.at[in->b + 1].target};
  kiln_value cond = {use(r, l, in->a)};
  uint64_t number[2];
  if (kn_build_number(r->g, cond.id, KILN_TYPE_I8, number))
    return kn_replay_branch(r, l, kn_replay_edge_taken(l->f, b, number[0]), NULL);
  r->room->edges.n = 0;
  if (!kn_replay_gather(r, l, in->b, 0, NULL, NULL) ||
      !kn_replay_gather(r, l, in->b + 1, 1, NULL, NULL))
    return KN_REPLAY_NONE;
  kiln_block to = {kn_replay_target(r, l, targets[0])};
  kiln_block other = {kn_replay_target(r, l, targets[1])};
  kiln_build_brif(r->g, cond, to, NULL, 0, other, NULL, 0);
  kn_replay_attach(r);
  return KN_REPLAY_NONE;
}

/* The value of the k-th case of a switch, from 1. */
static int64_t case_value(const kiln_func *f, const struct kn_inst *in, uint32_t k) {
  const uint32_t *word = f->lists.at + in->c + 2 * (k - 1);
  return (int64_t)((uint64_t)word[1] << 32 | word[0]);
}

uint32_t kn_replay_edge_taken(const kiln_func *f, const struct kn_block *b, uint64_t v) {
  const struct kn_inst *in = &f->inst[b->term];
  if (in->op == KILN_OP_BRIF) return in->b + !(v & 1);
  unsigned above = 64 - (8u << kn_type_log2[in->type]);
  for (uint32_t k = 1; k < b->n_edges; k++)
    if (((uint64_t)case_value(f, in, k) ^ v) << above == 0) return in->b + k;
  return in->b;
}

/* Returns the block that goes on in the same one, if the value is a constant. */
static uint32_t build_switch(struct kn_replay *r, struct kn_inline_level *l,
                             const struct kn_block *b) {
  const kiln_func *f = l->f;
  const struct kn_inst *in = &f->inst[b->term];
  kiln_value v = {use(r, l, in->a)};
  uint64_t number[2];
  if (kn_build_number(r->g, v.id, in->type, number))
    return kn_replay_branch(r, l, kn_replay_edge_taken(f, b, number[0]), NULL);
  r->room->edges.n = r->room->cases.n = 0;
  kiln_block first = {0};
  for (uint32_t k = 0; k < b->n_edges; k++) {
    if (!kn_replay_gather(r, l, in->b + k, k, NULL, NULL)) return KN_REPLAY_NONE;
    kiln_block to = {kn_replay_target(r, l, f->edges.at[in->b + k].target)};
    if (k == 0) {
      first = to;
      continue;
    }
    kiln_switch_case one = {case_value(f, in, k), to};
    if (!KN_PUSH(r->g, r->room->cases, one)) return KN_REPLAY_NONE;
  }
  kiln_build_switch(r->g, (kiln_type)in->type, v, first, r->room->cases.at, r->room->cases.n);
  kn_replay_attach(r);
  return KN_REPLAY_NONE;
}

/* Builds the block's end; the block that goes on in the same one, or KN_REPLAY_NONE. */
static uint32_t terminator(struct kn_replay *r, struct kn_inline_level *l, uint32_t block) {
  const struct kn_block *b = &l->f->block[block];
  const struct kn_inst *in = &l->f->inst[b->term];
  switch (in->op) {
  case KILN_OP_BR:
    r->g->block[r->g->current].to_next = kn_branches_to_next(l->f, block);
    return kn_replay_branch(r, l, in->b, NULL);
  case KILN_OP_BRIF: return brif(r, l, b);
  case KILN_OP_SWITCH: return build_switch(r, l, b);
  case KILN_OP_TRY: return kn_replay_try(r, l, block);
  case KILN_OP_RET: kn_replay_ret(r, l, in); return KN_REPLAY_NONE;
  case KILN_OP_RESUME: kn_replay_resume(r, l, in); return KN_REPLAY_NONE;
  case KILN_OP_TAILCALL: kn_replay_tailcall(r, l, in); return KN_REPLAY_NONE;
  default: copy(r, l, b->term, in, false); return KN_REPLAY_NONE;
  }
}

/* Builds a block, and those that go on in it. */
static void build_blocks(struct kn_replay *r, struct kn_inline_level *l, uint32_t block) {
  const kiln_func *f = l->f;
  while (block != KN_REPLAY_NONE) {
    const struct kn_block *b = &f->block[block];
    uint32_t i = kn_inst_settle(f, b->first);
    if (KN_UNLIKELY(l->scan[block] != KN_SCAN_DONE)) {
      kn_func_fail(r->g, KILN_ERR_INTERNAL, UINT32_MAX, 0, "a block that inlining has not seen");
      return;
    }
    for (; i != b->term; i = kn_inst_settle(f, i + 1)) {
      if (KN_UNLIKELY(l->noted)) kn_replay_notes(r, l, i, true);
      instruction(r, l, i);
      if (KN_UNLIKELY(r->g->limit == 0))
        return; /* it failed, or what was inlined does not return */
    }
    if (KN_UNLIKELY(l->noted)) kn_replay_notes(r, l, i, !kn_falls_through(f, block));
    block = terminator(r, l, block);
  }
}

void kn_replay_body(struct kn_replay *r, struct kn_inline_level *l) {
  kiln_func *g = r->g;
  l->results_of = 0; /* the scan's */
  if (l->up != NULL)
    __atomic_store_n(&kn_kept_body(g->module, l->f->symbol)->inlined, true, __ATOMIC_RELAXED);
  kn_replay_debug_begin(r, l);
  build_blocks(r, l, 0);
  /* The order holds for all edges. Where a condition was a constant, a block may be reached later than that. */
  while (l->waiting != 0 && g->status == KILN_OK) {
    for (uint32_t k = 1; k < l->n_order && g->status == KILN_OK; k++) {
      uint32_t b = l->order[k], to = l->block[b];
      if (to == 0 || to == KN_REPLAY_MERGED || g->block[to - 1].pos != 0) continue;
      l->waiting--;
      kiln_block_switch(g, (kiln_block){to - 1});
      build_blocks(r, l, b);
    }
  }
  if (KN_UNLIKELY(l->shown)) kn_replay_debug_end(r, l);
}

bool kn_replay_level(struct kn_replay *r, struct kn_inline_level *l, unsigned depth) {
  const kiln_func *f = l->f;
  size_t words = (size_t)f->n + f->slots.n;
  uint32_t n_locs = l->body != NULL ? l->body->n_locs : 0;
  uint32_t n_vars = f->debug.vars.n != 0 ? f->slots.n : 0;
  words += ((size_t)f->blocks.n + f->slots.n + f->pool.n + n_locs + n_vars + 1) / 2;
  words += ((size_t)f->blocks.n + 7) / 8;
  if (words > KN_MAX_INDEX)
    return KN_FUNC_FAIL(false, r->g, KILN_ERR_LIMIT, UINT32_MAX, 0, "the function is too large");
  uint64_t *at = kn_arena_zero(&r->room->arena, words * sizeof *at, sizeof *at);
  if (at == NULL) return KN_FUNC_FAIL(false, r->g, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  l->depth = depth;
  l->map = (struct kn_ref *)at;
  l->stored = l->map + f->n;
  l->block = (uint32_t *)(l->stored + f->slots.n);
  l->slot = l->block + f->blocks.n;
  l->pool = l->slot + f->slots.n;
  l->locs = n_locs != 0 ? l->body->locs : NULL;
  l->loc = l->pool + f->pool.n;
  l->var_of = l->loc + n_locs;
  l->scan = (uint8_t *)(l->var_of + n_vars);
  return true;
}

/* ---- a whole function ---- */

/* Copies what is said of the function as a whole. */
static void begin_like(kiln_func *g, const kiln_func *f) {
  g->attrs = f->attrs;
  g->facts.n_data = f->facts.n_data;
  g->facts.n_names = f->facts.n_names;
}

/* Begins a replay of `top->f` into `r->g`, which was just begun: all is decided, and nothing is built. */
static bool begin_replay(struct kn_replay *r, struct kn_inline_level *top, uint32_t size) {
  const kiln_func *f = top->f;
  r->room = kn_inline_room_of(r->g->session);
  if (r->room == NULL)
    return KN_FUNC_FAIL(false, r->g, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  begin_like(r->g, f);
  r->whole = f->facts.returns_twice || f->attrs.not_into ||
             f->module->attrs.inlining < KILN_INLINING_SMALL; /* nothing, or what must be */
  r->into = kn_inline_into_row(f);
  kn_replay_bounds(r, f, top->is_promotable, size);
  kn_arena_reset(&r->room->arena);
  r->room->splits.n = r->room->copies.n = r->room->piece_types.n = r->room->scopes.n = 0;
  if (!kn_replay_level(r, top, 0)) return false;
  kn_replay_scan(r, top);
  kn_split_solve(r);
  return r->g->status == KILN_OK;
}

/* Builds `f` into `g`, which was just begun. */
static void replay(kiln_func *g, const kiln_func *f, const struct kn_body *body,
                   const uint32_t *order, uint32_t n_order, const uint8_t *promotable,
                   uint32_t size) {
  struct kn_replay r = {.g = g};
  struct kn_inline_level top = {
    .f = f, .body = body, .order = order, .n_order = n_order, .is_promotable = promotable};
  if (!begin_replay(&r, &top, size) || !kn_forward_begin(&r)) return;
  g->facts.folds = true;
  kn_replay_debug_like(&r, &top);
  for (uint32_t k = 0; k < f->block[0].n_params; k++)
    top.map[kn_block_param(f, f->block, k)] = (struct kn_ref){kiln_func_param(g, k).id, 0};
  kn_replay_body(&r, &top);
  if (g->status == KILN_OK) {
    kn_replay_end_scopes(&r);
    kn_replay_sweep(&r);
  }
  g->facts.inlined = true;
}

kiln_func *kiln_session_begin_kept(kiln_session *s, kiln_symbol symbol) {
  struct kn_body *body = s != NULL ? kn_kept_body(s->module, symbol.id) : NULL;
  if (body == NULL || !s->module->settled) return NULL;
  kiln_func *g = kiln_func_begin(s, symbol);
  if (g == NULL) return NULL;
  __atomic_store_n(&body->begun, true, __ATOMIC_RELAXED);
  const kiln_func *f = body->f;
  if (g->status == KILN_OK)
    replay(g, f, body, f->order.at, f->order.n, body->promotable, body->size);
  kiln_func_finish(g);
  return g;
}

bool kn_inline_applies(const kiln_func *f) {
  const kiln_module *m = f->module;
  bool kept = m->kept != NULL && m->settled;
  bool splits = f->facts.copies_slots && kn_inlining_splits(f);
  if (f->facts.inlined || !(kept | splits)) return false;
  enum kn_inline_row row = kn_inline_into_row(f);
  bool tells = m->inline_attrs.decide != NULL;
  if (row != KN_INLINE_NONE) {
    if (tells) kn_inline_tell(f, row);
    return false;
  }
  if (splits) return true;
  for (uint32_t i = 0; i < f->pool.n; i++) {
    const struct kn_body *body = kn_kept_body(m, f->pool.at[i].symbol);
    if (body != NULL && (tells || body->row == KN_INLINE_NONE)) return true;
  }
  return false;
}

uint32_t kn_inline_put_order(kiln_func *f, struct kn_inline_room *room) {
  uint32_t n = f->blocks.n;
  if (n > KN_MAX_INDEX / 4 || !KN_RESIZE(f, room->order, n) || !KN_RESIZE(f, room->stack, 3 * n))
    return 0;
  return kn_inline_order(f, room->order.at, room->stack.at);
}

bool kn_inline_expand(kiln_func *f) {
  kiln_func *g = kn_func_begin_again(f);
  if (g == NULL) return kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory"), false;
  struct kn_inline_room *room = kn_inline_room_of(f->session);
  uint32_t n = room != NULL ? kn_inline_put_order(f, room) : 0;
  if (n != 0 && KN_RESIZE(f, room->promotable, f->slots.n + 1)) {
    kn_inline_find_promotable(f, room->order.at, n, room->promotable.at);
    replay(g, f, NULL, room->order.at, n, room->promotable.at, f->n);
  } else {
    kn_func_fail(g, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  }
  kiln_func_finish(g);
  kn_func_swap(f, g);
  kn_func_release(g);
  return f->status == KILN_OK;
}

struct kn_inline_room *kn_inline_room_of(kiln_session *s) {
  if (s->inlining != NULL) return s->inlining;
  s->inlining = kn_realloc(s->module, NULL, sizeof *s->inlining);
  if (s->inlining == NULL) return NULL;
  memset(s->inlining, 0, sizeof *s->inlining);
  kn_arena_init(&s->inlining->arena, &s->module->options.allocator);
  return s->inlining;
}

void kn_inline_room_free(kiln_session *s) {
  struct kn_inline_room *room = s->inlining;
  if (room == NULL) return;
  kn_arena_free(&room->arena);
  KN_FREE(&s->module->options.allocator, room->order.at, room->stack.at, room->promotable.at,
          room->edges.at, room->args.at, room->clauses.at, room->types.at, room->cases.at,
          room->files.at, room->locs.at, room->numbers.at, room->splits.at, room->copies.at,
          room->piece_types.at, room->known.at, room->scopes.at, room->accesses.at, room->calls.at,
          room);
  s->inlining = NULL;
}
