/* Which calls are inlined, by what their caller may grow; replay of calls, returns and exceptions. An inlined body
 * begins in the block of its call; the caller goes on where it returns. Where the call was a TRY, the calls of the
 * body become tries with the same landing pad, and a RESUME goes there, as LLVM's inliner has it: the landing pads
 * of the body take what the caller's takes, too. Called by inline_replay.c. */
#include "ir/builder/builder.h"
#include "ir/inline/inline_replay.h"

/* ---- which calls ---- */

/* Does f call itself, at once or through one kept function? Of kept functions more is known. */
static bool calls_itself(const kiln_func *f) {
  const struct kn_body *own = kn_kept_body(f->module, f->symbol);
  if (own != NULL) return own->recursive;
  for (uint32_t i = 0; i < f->pool.n; i++) {
    uint32_t symbol = f->pool.at[i].symbol;
    if (symbol == 0) continue;
    if (symbol == f->symbol) return true;
    const struct kn_body *body = kn_kept_body(f->module, symbol);
    for (uint32_t k = 0; body != NULL && k < body->n_calls; k++)
      if (body->calls[k].symbol == f->symbol) return true;
  }
  return false;
}

void kn_replay_bounds(struct kn_replay *r, const kiln_func *f, const uint8_t *promotable,
                      uint32_t size) {
  const kiln_inline_attrs *a = &f->module->inline_attrs;
  r->may_grow = (uint64_t)a->growth_times * size + a->growth_instructions;
  uint64_t frame = kn_inline_frame(f, promotable), tries = 0;
  for (uint32_t b = 0; b < f->blocks.n; b++) tries += f->inst[f->block[b].term].op == KILN_OP_TRY;
  r->may_try = a->growth_times * tries + a->growth_tries;
  r->recursive = calls_itself(f);
  if (r->recursive) frame /= a->frame_part;
  else if (frame < a->frame_bytes) frame = a->frame_bytes;
  r->may_frame = frame < INT32_MAX ? (uint32_t)frame : INT32_MAX;
}

unsigned kn_inline_takes(const kiln_func *f, uint32_t block) {
  static const uint8_t takes[] = {[KILN_CLAUSE_CATCH] = KN_TAKES_CATCHES,
                                  [KILN_CLAUSE_CATCH_ALL] = KN_TAKES_CATCHES | KN_TAKES_ALL,
                                  [KILN_CLAUSE_FILTER] = KN_TAKES_CATCHES,
                                  [KILN_CLAUSE_CLEANUP] = KN_TAKES_CLEANS};
  uint32_t at, n = kn_try_clauses(f, &f->inst[f->block[block].term], &at);
  unsigned all = 0;
  for (uint32_t k = 0; k < n; k++) {
    struct kn_clause c = kn_clause_at(f, &at);
    all |= takes[c.kind];
    if (c.kind == KILN_CLAUSE_FILTER && c.n == 0) all |= KN_TAKES_ALL; /* it lets nothing through */
  }
  return all;
}

/* True if the body of a function of signature `b` may stand for a call by `a`. */
static bool same_signature(const kiln_module *m, uint32_t a, uint32_t b) {
  if (a == b) return true;
  const struct kn_sig *s = kn_sig(m, a), *t = kn_sig(m, b);
  const unsigned ways = KILN_PARAM_JOIN | KILN_PARAM_UPPER | KILN_PARAM_CHAIN;
  for (uint32_t i = 0; i < s->n_params; i++)
    if (s->params[i].flags & ways) return false;
  return s->n_params == t->n_params && s->n_results == t->n_results && kn_sig_is_compatible(s, t);
}

/* A value of type `from` as one of `to`: the lower bits of it. */
static struct kn_ref narrow(struct kn_replay *r, struct kn_ref v, unsigned from, unsigned to) {
  kiln_func *g = r->g;
  if (from == to) return v;
  if (kn_is_imm(v.h)) {
    kiln_value bits = kiln_const_bits(g, (kiln_type)to, (uint64_t)(int64_t)kn_imm(v.h), 0);
    return (struct kn_ref){bits.id, 0};
  }
  uint32_t h = kn_replay_handle(r, v);
  const struct kn_inst *made = kn_is_value(h) ? &g->inst[h] : NULL;
  bool extended = made != NULL && (made->op == KILN_OP_ZEXT || made->op == KILN_OP_SEXT);
  if (extended && made->x == to && kn_is_value(made->a)) return (struct kn_ref){made->a, 0};
  kiln_value low =
    kiln_build_convert(g, KILN_OP_TRUNC, (kiln_type)to, (kiln_type)from, (kiln_value){h});
  return (struct kn_ref){low.id, 0};
}

/* Does `f` name a section for its code, which is not that of `g`? */
static bool leaves_section(const kiln_func *g, const kiln_func *f) {
  const char *of = kn_symbol(f->module, f->symbol)->section;
  const char *to = kn_symbol(g->module, g->symbol)->section;
  return of != NULL && (to == NULL || strcmp(of, to) != 0);
}

/* Why this call of `body` cannot be inlined. `takes`: what the tries around it take, its own and those of the bodies it
 * is in. Where there are any, a TRY of the body gets their clauses, too: so each exception that they take must come to
 * the body's landing pad anyway, with the selector that it has now. */
static enum kn_inline_row site_row(const struct kn_replay *r, const struct kn_inline_level *l,
                                   const struct kn_inst *in, const struct kn_body *body,
                                   unsigned takes) {
  const kiln_func *g = r->g, *f = body->f;
  const kiln_module *m = g->module;
  bool must = f->attrs.inlining == KILN_INLINE_ALWAYS;
  if (r->into != KN_INLINE_NONE) return r->into;
  if (g->attrs.not_into && !must) return KN_INLINE_INTO;
  if (kn_sig(m, in->c)->flags & KILN_SIG_NOINLINE) return KN_INLINE_ASKED;
  if (!same_signature(m, in->c, f->sig)) return KN_INLINE_SIGNATURE;
  if (f->attrs.features & ~g->attrs.features || f->attrs.inline_needs & ~g->attrs.inline_needs)
    return KN_INLINE_FEATURES;
  if (f->attrs.inline_same != g->attrs.inline_same) return KN_INLINE_SAME;
  if (f->attrs.probe_bytes != 0 && f->attrs.probe_bytes != g->attrs.probe_bytes)
    return KN_INLINE_PROBES;
  if (!must && leaves_section(g, f)) return KN_INLINE_SECTION;
  uint32_t personality = f->attrs.personality.id;
  if (personality != 0 && g->attrs.personality.id != 0 && personality != g->attrs.personality.id)
    return KN_INLINE_PERSONALITY;
  unsigned flags = kn_sig(m, in->c)->flags | kn_sig(m, f->sig)->flags;
  if ((flags & KILN_SIG_NOUNWIND) && body->unwinds && (personality | g->attrs.personality.id) != 0)
    return KN_INLINE_UNWINDS;
  if (body->passes && takes != 0) return KN_INLINE_PASSES;
  if (body->cleans && (takes & KN_TAKES_CATCHES)) return KN_INLINE_CLEANS;
  bool deep = l->depth + body->depth >= m->inline_attrs.depth;
  return deep ? KN_INLINE_DEEP : KN_INLINE_NONE;
}

/* Why a call that can be inlined would make the caller too large. */
static enum kn_inline_row growth_row(const struct kn_replay *r, const struct kn_inline_level *l,
                                     const struct kn_body *body) {
  if (body->f->attrs.inlining == KILN_INLINE_ALWAYS) return KN_INLINE_NONE;
  if (r->grown + body->all_size > r->may_grow || r->tried + body->all_tries > r->may_try)
    return KN_INLINE_GROWTH;
  if (r->recursive && body->recursive) return KN_INLINE_NONE; /* its frame was there anyway */
  return l->frame + body->all_frame > r->may_frame ? KN_INLINE_STACK_GROWTH : KN_INLINE_NONE;
}

/* The body that call `i` becomes, or NULL. */
static const struct kn_body *inlined(const struct kn_replay *r, const struct kn_inline_level *l,
                                     uint32_t i, unsigned takes) {
  const struct kn_inst *in = &l->f->inst[i];
  if (!kn_is_pool(in->b)) return NULL;
  const kiln_module *m = r->g->module;
  const struct kn_body *body = kn_kept_body(m, l->f->pool.at[kn_index(in->b)].symbol);
  if (body == NULL) return NULL;
  enum kn_inline_row row = (enum kn_inline_row)body->row;
  if (kn_inline_may(m, body)) {
    enum kn_inline_row site = site_row(r, l, in, body, takes);
    if (site != KN_INLINE_NONE) row = site;
    else if (!kn_inline_has_constants(l->f, i, body, body->recursive ? NULL : l->map))
      row = KN_INLINE_LARGE;
    else if (row == KN_INLINE_NONE) row = growth_row(r, l, body);
  }
  if (KN_LIKELY(m->inline_attrs.decide == NULL)) return row == KN_INLINE_NONE ? body : NULL;
  kiln_inline_call_info call = {
    .caller = {r->g->symbol}, .within = {l->f->symbol}, .depth = l->depth};
  return kn_inline_decide(m, body, row, &call) ? body : NULL;
}

/* ---- a body in place of a call ---- */

/* A scope for the slots of a body, if it has any. Which one of the function it is is known when it is built: those are
 * in the order of building. */
static void new_scope(struct kn_replay *r, struct kn_inline_level *l) {
  l->scope = l->up->scope;
  l->has_scope = l->body->frame != 0;
  if (l->has_scope && KN_PUSH(r->g, r->room->scopes, 0)) l->scope = r->room->scopes.n;
}

/* The scope of a level that is being built; index + 1 in the function's, or 0. */
static uint32_t built_scope(const struct kn_replay *r, const struct kn_inline_level *l) {
  return l->scope != 0 ? r->room->scopes.at[l->scope - 1] : 0;
}

static void begin_scope(struct kn_replay *r, const struct kn_inline_level *l) {
  kiln_func *g = r->g;
  struct kn_scope scope = {.block = g->current, .parent = built_scope(r, l->up), .first = g->n};
  if (KN_PUSH(g, g->scopes, scope)) r->room->scopes.at[l->scope - 1] = g->scopes.n;
}

void kn_replay_end_scopes(struct kn_replay *r) {
  for (uint32_t i = 0; i < r->g->slots.n; i++) {
    uint32_t *scope = &r->g->slots.at[i].scope;
    if (*scope != 0) *scope = r->room->scopes.at[*scope - 1];
  }
}

struct kn_inline_level *kn_replay_decide(struct kn_replay *r, struct kn_inline_level *l, uint32_t i,
                                         uint32_t try_block) {
  const bool tried = try_block != KN_REPLAY_NONE;
  unsigned takes = l->takes;
  if (tried && r->into == KN_INLINE_NONE) takes |= kn_inline_takes(l->f, try_block);
  const struct kn_body *body = inlined(r, l, i, takes);
  if (body == NULL) return NULL;
  struct kn_inline_level *inner = kn_arena_alloc(&r->room->arena, sizeof *inner, sizeof(void *));
  if (inner == NULL)
    return KN_FUNC_FAIL(NULL, r->g, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  memset(inner, 0, offsetof(struct kn_inline_level, results));
  for (uint32_t k = 0; k < body->f->facts.n_results; k++) inner->returned[k] = (struct kn_ref){0};
  inner->f = body->f;
  inner->body = body;
  inner->up = l;
  inner->try_block = try_block;
  inner->is_tried = tried;
  inner->handler = tried ? inner : l->handler;
  inner->takes = takes;
  inner->frame = l->frame + body->frame;
  inner->order = body->f->order.at;
  inner->n_order = body->f->order.n;
  inner->is_promotable = body->promotable;
  if (tried) inner->unwind_edge = l->f->block[try_block].edge_first + 1;
  new_scope(r, inner);
  /* which calls that come later may not differ from */
  if (r->g->attrs.personality.id == 0) r->g->attrs.personality.id = body->f->attrs.personality.id;
  r->g->attrs.no_rows &= r->g->attrs.personality.id == 0;
  r->g->attrs.no_jump_tables |= body->f->attrs.no_jump_tables;
  r->grown += body->size;
  r->tried += body->tries;
  return kn_replay_level(r, inner, l->depth + 1) ? inner : NULL;
}

/* The level that the call at `i` becomes, as the scan decided, or NULL. Sites are asked in the order of the scan, but
 * for those of blocks that fall away, or come later. */
static struct kn_inline_level *decided(struct kn_inline_level *l, uint32_t i) {
  struct kn_site *site = l->site;
  while (site != NULL && site->inst != i) site = site->next;
  if (site == NULL)
    for (site = l->sites; site != NULL && site->inst != i;) site = site->next;
  if (site == NULL) return NULL;
  l->site = site->next;
  return site->inner;
}

/* Builds the body of the call `in`. Afterwards the current block goes on after it, with its results in `returned`; or
 * nothing does, since it does not return. */
static void build_inlined(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in,
                          struct kn_inline_level *inner) {
  const kiln_func *f = inner->f;
  kiln_func *g = r->g;
  const struct kn_loc loc = kn_newest_loc(g);
  inner->returned_at = UINT32_MAX;
  if (inner->has_scope) begin_scope(r, inner);
  const struct kn_sig *given = kn_sig(g->module, in->c), *own = kn_sig(g->module, f->sig);
  for (uint32_t k = 0; k < f->block[0].n_params; k++) {
    struct kn_ref v = kn_replay_ref(r, l, l->f->lists.at[in->a + k]);
    struct kn_ref *to = &inner->map[kn_block_param(f, f->block, k)];
    if (own->params[k].flags & KILN_PARAM_BYVAL)
      kn_replay_copy(r, *to, v, own->params[k].size_bytes);
    else *to = narrow(r, v, given->params[k].type, own->params[k].type);
  }
  kn_replay_body(r, inner);
  if (g->status != KILN_OK) return;
  if (inner->has_scope) g->scopes.at[built_scope(r, inner) - 1].end = g->n;
  if (inner->returned_at == UINT32_MAX) return; /* it ends in other ways: nothing follows */
  kiln_block_switch(g, (kiln_block){inner->returned_at});
  if (KN_UNLIKELY(inner->noted)) kn_replay_called(r, loc);
  for (uint32_t k = 0; k < given->n_results; k++)
    inner->returned[k] = narrow(r, inner->returned[k], own->results[k], given->results[k]);
}

void kn_replay_ret(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in) {
  kiln_func *g = r->g;
  kiln_value values[KILN_MAX_RESULTS];
  if (l->up != NULL && l->body->n_returns == 1) {
    for (uint32_t k = 0; k < in->x; k++)
      l->returned[k] = kn_replay_ref(r, l, kn_ret_value(l->f, in, k));
    l->returned_at = g->current;
    return;
  }
  for (uint32_t k = 0; k < in->x; k++)
    values[k].id = kn_replay_handle(r, kn_replay_ref(r, l, kn_ret_value(l->f, in, k)));
  if (l->up == NULL) {
    kiln_build_ret(g, values, in->x);
    return;
  }
  if (l->returned_at == UINT32_MAX) {
    kiln_block to = kiln_block_new(g);
    l->returned_at = to.id;
    for (uint32_t k = 0; k < in->x; k++) {
      kiln_type type = (kiln_type)l->f->facts.result_types[k];
      l->returned[k] = (struct kn_ref){kiln_block_add_param(g, to, type).id, 0};
    }
  }
  kiln_build_br(g, (kiln_block){l->returned_at}, values, in->x);
}

/* ---- calls that stay ---- */

/* The operands of a call, in r->room->args; false if there was no memory. */
static bool arguments(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in) {
  uint32_t n_params = kn_sig(r->g->module, in->c)->n_params;
  r->room->args.n = 0;
  if (!KN_ROOM(r->g, r->room->args, in->x)) return false;
  for (uint32_t k = 0; k < in->x; k++) {
    uint32_t h = l->f->lists.at[in->a + k];
    h = k < n_params ? kn_replay_handle(r, kn_replay_ref(r, l, h)) : kn_replay_value(r, l, h);
    r->room->args.at[r->room->args.n++].id = h;
  }
  return r->g->status == KILN_OK;
}

/* What a call by signature `sig` calls, whose callee became `to`: a function whose declaration it contradicts stays a
 * value. */
static KN_COLD kiln_value became(struct kn_replay *r, uint32_t sig, kiln_value to) {
  const uint32_t symbol = kn_is_pool(to.id) ? r->g->pool.at[kn_index(to.id)].symbol : 0;
  if (symbol == 0 || kn_sig_calls(r->g->module, sig, symbol)) return to;
  return kiln_build_unary(r->g, KILN_OP_COPY, KILN_TYPE_PTR, to);
}

/* The callee of `in`: a value that became a symbol with an addend stays a value. */
static kiln_value callee(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in) {
  const uint32_t h = in->b;
  struct kn_ref ref = kn_replay_ref(r, l, h);
  const struct kn_const *k = kn_is_pool(ref.h) ? &r->g->pool.at[kn_index(ref.h)] : NULL;
  bool odd = k != NULL ? k->symbol == 0 || k->low != 0 : kn_is_imm(ref.h);
  kiln_value to = {odd ? kn_replay_value(r, l, h) : kn_replay_handle(r, ref)};
  return kn_is_pool(h) ? to : became(r, in->c, to);
}

/* Appends the clauses of a TRY to r->room->clauses, but for cleanups, of which it tells. Their types are indices into
 * r->room->types while that may grow. */
static bool put_clauses(struct kn_replay *r, const kiln_func *f, uint32_t block, bool *cleanup) {
  struct kn_inline_room *room = r->room;
  uint32_t at, n = kn_try_clauses(f, &f->inst[f->block[block].term], &at);
  for (uint32_t k = 0; k < n; k++) {
    struct kn_clause c = kn_clause_at(f, &at);
    if (c.kind == KILN_CLAUSE_CLEANUP) {
      *cleanup = true;
      continue;
    }
    kiln_clause to = {.kind = (kiln_clause_kind)c.kind, .n_types = c.n};
    if (!KN_ROOM(r->g, room->types, c.n)) return false;
    for (uint32_t t = 0; t < c.n; t++)
      room->types.at[room->types.n++].id = f->types.at[c.types[t] - 1];
    if (c.kind == KILN_CLAUSE_CATCH) to.type = room->types.at[room->types.n - 1];
    if (!KN_PUSH(r->g, room->clauses, to)) return false;
  }
  return true;
}

/* All clauses of a TRY in a level: its own, if it is `block` there, then those of the calls around. */
static bool all_clauses(struct kn_replay *r, const struct kn_inline_level *l, uint32_t block) {
  struct kn_inline_room *room = r->room;
  bool cleanup = false;
  room->clauses.n = room->types.n = 0;
  if (block != KN_REPLAY_NONE && !put_clauses(r, l->f, block, &cleanup)) return false;
  bool all = block != KN_REPLAY_NONE && (kn_inline_takes(l->f, block) & KN_TAKES_ALL);
  for (const struct kn_inline_level *h = l->handler; h != NULL && !all; h = h->up->handler)
    if (!put_clauses(r, h->up->f, h->try_block, &cleanup)) return false;
  uint32_t at = 0;
  for (uint32_t k = 0; k < room->clauses.n; k++) {
    kiln_clause *c = &room->clauses.at[k];
    if (c->kind == KILN_CLAUSE_FILTER) c->types = room->types.at + at;
    at += c->n_types;
  }
  return !cleanup || KN_PUSH(r->g, room->clauses, (kiln_clause){.kind = KILN_CLAUSE_CLEANUP});
}

/* Builds a TRY from the operands in r->room->args and the edges' arguments that were gathered. */
static void build_try(struct kn_replay *r, const struct kn_inst *in, kiln_value callee_value,
                      uint32_t normal, uint32_t unwind) {
  const struct kn_inline_room *room = r->room;
  kiln_build_try(r->g, &(kiln_try_desc){.sig = {in->c},
                                        .callee = callee_value,
                                        .args = room->args.at,
                                        .n_args = room->args.n,
                                        .normal = {normal},
                                        .unwind = {unwind},
                                        .clauses = room->clauses.at,
                                        .n_clauses = room->clauses.n});
  kn_replay_attach(r);
}

/* A CALL in a body that a TRY calls: it becomes a TRY with the same landing pad. */
static void call_to_try(struct kn_replay *r, struct kn_inline_level *l, uint32_t i, kiln_value to) {
  kiln_func *g = r->g;
  const struct kn_inst *in = &l->f->inst[i];
  const struct kn_sig *sig = kn_sig(g->module, in->c);
  struct kn_inline_level *h = l->handler, *outer = h->up;
  r->room->edges.n = 0;
  if (!all_clauses(r, l, KN_REPLAY_NONE) ||
      !kn_replay_gather(r, outer, h->unwind_edge, 1, NULL, NULL))
    return;
  uint32_t unwind = kn_replay_target(r, outer, outer->f->edges.at[h->unwind_edge].target);
  kiln_block normal = kiln_block_new(g);
  build_try(r, in, to, normal.id, unwind);
  uint32_t edge = g->block[g->current].edge_first, pred = g->current;
  for (uint32_t k = 0; k < sig->n_results && g->status == KILN_OK; k++) {
    l->results[k].h = kiln_block_add_param(g, normal, (kiln_type)sig->results[k]).id;
    l->results[k].disp = 0;
    if (!kn_build_edge_arg(g, edge, pred, k, kn_tried(false, sig->results[k], k))) return;
  }
  l->results_of = i;
  if (sig->n_results != 0) l->map[i] = l->results[0];
  kiln_block_switch(g, normal);
}

void kn_replay_call(struct kn_replay *r, struct kn_inline_level *l, uint32_t i) {
  const struct kn_inst *in = &l->f->inst[i];
  if (l->up != NULL && (kn_sig(r->g->module, in->c)->flags & KILN_SIG_ENTRY)) return;
  struct kn_inline_level *inner = decided(l, i);
  if (inner != NULL) {
    build_inlined(r, l, in, inner);
    kn_replay_results(l, i, inner);
    return;
  }
  kiln_value to = callee(r, l, in);
  if (!arguments(r, l, in)) return;
  if (l->handler != NULL && kn_call_unwinds(l->f, in)) {
    call_to_try(r, l, i, to);
    return;
  }
  kiln_value v = kiln_build_call(r->g, (kiln_sig){in->c}, to, r->room->args.at, r->room->args.n);
  l->map[i] = (struct kn_ref){v.id, 0};
}

uint32_t kn_replay_try(struct kn_replay *r, struct kn_inline_level *l, uint32_t block) {
  const kiln_func *f = l->f;
  const struct kn_block *b = &f->block[block];
  const struct kn_inst *in = &f->inst[b->term];
  struct kn_inline_level *inner = decided(l, b->term);
  if (inner != NULL) {
    build_inlined(r, l, in, inner);
    if (r->g->limit == 0) return KN_REPLAY_NONE;
    return kn_replay_branch(r, l, b->edge_first, inner->returned);
  }
  kiln_value to = callee(r, l, in);
  r->room->edges.n = 0;
  if (!arguments(r, l, in) || !all_clauses(r, l, block) ||
      !kn_replay_gather(r, l, b->edge_first, 0, NULL, NULL) ||
      !kn_replay_gather(r, l, b->edge_first + 1, 1, NULL, NULL))
    return KN_REPLAY_NONE;
  uint32_t normal = kn_replay_target(r, l, f->edges.at[b->edge_first].target);
  uint32_t unwind = kn_replay_target(r, l, f->edges.at[b->edge_first + 1].target);
  build_try(r, in, to, normal, unwind);
  return KN_REPLAY_NONE;
}

void kn_replay_resume(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in) {
  kiln_func *g = r->g;
  struct kn_inline_level *h = l->handler;
  uint32_t exception = kn_replay_handle(r, kn_replay_ref(r, l, in->a));
  if (h == NULL) {
    kiln_build_unary(g, KILN_OP_RESUME, (kiln_type)in->type, (kiln_value){exception});
    return;
  }
  /* No TRY around catches anything (KN_INLINE_CLEANS): the selector is a cleanup's. */
  const uint32_t given[2] = {exception, kiln_const_int(g, 0).id};
  struct kn_inline_level *outer = h->up;
  r->room->edges.n = 0;
  if (!kn_replay_gather(r, outer, h->unwind_edge, 0, NULL, given)) return;
  uint32_t to = kn_replay_target(r, outer, outer->f->edges.at[h->unwind_edge].target);
  kiln_build_br(g, (kiln_block){to}, NULL, 0);
  kn_replay_attach(r);
}

void kn_replay_tailcall(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in) {
  kiln_value to = callee(r, l, in);
  if (!arguments(r, l, in)) return;
  kiln_build_tailcall(r->g, (kiln_sig){in->c}, to, r->room->args.at, r->room->args.n);
}
