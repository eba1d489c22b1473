/* Which kept functions may be inlined. A function is measured when it is kept; what depends on others is decided
 * when all are there, callees first. Functions that could be inlined and call each other in a circle are not.
 * Invariant: nothing here depends on the order in which functions were kept. */
#include "ir/inline/inlining.h"

/* ---- one function ---- */

/* Slots that are stored once, in the entry, before all loads: `promotable` is 1. Where debuggers are to show variables
 * all the time, a slot that has one stays. */
enum { ACCESS_NONE, ACCESS_STORED, ACCESS_NOT };

/* May it be one of these, as far as its accesses say that it is a variable? */
static bool may_promote(const struct kn_slot *s) {
  return s->memory == 0 && s->uses != 0 && s->pieces == 0 && s->parent == 0;
}

/* Notes an access of a slot of which `promotable` is noted so far. `entry`: it is in the entry block. */
static inline void note_access(uint8_t *promotable, bool store, bool entry) {
  if (store) *promotable = entry && *promotable == ACCESS_NONE ? ACCESS_STORED : ACCESS_NOT;
  else if (*promotable == ACCESS_NONE) *promotable = ACCESS_NOT;
}

/* A variable is in `h`, or at the address that it has. */
static void stays(const kiln_func *f, uint8_t *promotable, uint32_t h) {
  if (!kn_is_slot(h)) return;
  const struct kn_slot *s = &f->slots.at[kn_index(h)];
  promotable[s->parent != 0 ? s->parent - 1 : kn_index(h)] = ACCESS_NONE;
}

/* All accesses are noted. */
static void end_promotable(const kiln_func *f, uint8_t *promotable) {
  for (uint32_t i = 0; i < f->slots.n; i++)
    promotable[i] = promotable[i] == ACCESS_STORED && may_promote(&f->slots.at[i]);
  if (kn_debug_as_is(f)) return;
  for (uint32_t k = 0; k < f->debug.vars.n; k++) promotable[f->debug.vars.at[k].slot] = ACCESS_NONE;
  for (uint32_t k = 0; k < f->debug.values.n; k++) {
    const struct kn_debug_value *v = &f->debug.values.at[k];
    if (v->label) continue;
    stays(f, promotable, v->value);
    for (unsigned n = 0; n < KILN_MAX_OTHER_VALUES; n++) stays(f, promotable, v->other[n]);
  }
}

void kn_inline_find_promotable(const kiln_func *f, const uint32_t *order, uint32_t n,
                               uint8_t *promotable) {
  bool any = false;
  for (uint32_t i = 0; i < f->slots.n && !any; i++) any = may_promote(&f->slots.at[i]);
  memset(promotable, ACCESS_NONE, f->slots.n);
  if (!any) return;
  for (uint32_t k = 0; k < n; k++) {
    const struct kn_block *b = &f->block[order[k]];
    for (uint32_t i = kn_inst_settle(f, b->first); i != b->term; i = kn_inst_settle(f, i + 1)) {
      const struct kn_inst *in = &f->inst[i];
      bool store = in->op == KILN_OP_STORE;
      if ((!store && in->op != KILN_OP_LOAD) || !kn_is_slot(in->a)) continue;
      note_access(&promotable[kn_index(in->a)], store, order[k] == 0);
    }
  }
  end_promotable(f, promotable);
}

/* Instructions that one counts for, unless it is an access of a slot. */
static inline uint32_t weight(const struct kn_inst *in) {
  switch ((unsigned)kn_op_shape(in->op)) {
  case KN_SH_ADDR: return in->b != 0;
  case KN_SH_MEM3: /* copies of slots mostly vanish: docs/internals/forwarding.md */
    return in->x == 0 && (kn_is_slot(in->a) || kn_is_slot(in->b)) ? 0 : kn_op_info[in->op].cost;
  case KN_SH_CALL:
  case KN_SH_TRY: return kn_op_info[in->op].cost + (uint32_t)in->x / 2;
  default: return kn_op_info[in->op].cost;
  }
}

/* What a function with an instruction is not inlined for. */
static enum kn_inline_row row_of(unsigned op) {
  switch ((enum kn_op_fact)kn_op_info[op].fact) {
  case KN_FACT_STACK:
  case KN_FACT_SAVE: return KN_INLINE_STACK;
  case KN_FACT_FRAME: return KN_INLINE_FRAME;
  case KN_FACT_TWICE:
  case KN_FACT_JUMP: return KN_INLINE_TWICE;
  case KN_FACT_EH_RETURN: return KN_INLINE_EH_RETURN;
  case KN_FACT_CODE: return KN_INLINE_ASM;
  case KN_FACT_TAIL: return KN_INLINE_TAILCALL;
  case KN_FACT_NO:
  case KN_FACT_CALL: break;
  }
  return KN_INLINE_NONE;
}

/* Can a definition elsewhere come in this one's place? */
static bool is_replaced(const kiln_func *f) {
  const kiln_module *m = f->module;
  const struct kn_symbol *s = kn_symbol(m, f->symbol);
  if (f->attrs.final || kn_is_local(s)) return false;
  return m->options.jit || s->linkage != KILN_LINKAGE_EXTERNAL || !s->direct;
}

static bool odd_params(const struct kn_sig *sig) {
  const unsigned odd = KILN_PARAM_JOIN | KILN_PARAM_UPPER;
  for (uint32_t i = 0; i < sig->n_params; i++)
    if (sig->params[i].flags & odd) return true;
  return (sig->flags & KILN_SIG_WIDE_RESULTS) != 0;
}

/* Does the function refer to a local symbol of a section group? Code outside of the group cannot: the linker may take
 * another object's group. */
static bool refers_into_group(const kiln_func *f) {
  const kiln_module *m = f->module;
  for (uint32_t k = 0; k < f->pool.n; k++) {
    const uint32_t id = f->pool.at[k].symbol;
    const struct kn_symbol *s = id != 0 ? kn_symbol(m, id) : NULL;
    if (s != NULL && s->comdat != 0 && kn_is_local(s) && !kn_comdat(m, s->comdat)->stays)
      return true;
  }
  return false;
}

/* What the function's attributes, signature and constants rule out. */
static enum kn_inline_row head_row(const kiln_func *f) {
  const kiln_func_attrs *a = &f->attrs;
  const struct kn_sig *sig = kn_sig(f->module, f->sig);
  unsigned module = f->module->attrs.inlining;
  const bool must = a->inlining == KILN_INLINE_ALWAYS;
  if (module == KILN_INLINING_OFF || (module == KILN_INLINING_MUST && !must) ||
      (module == KILN_INLINING_FOREIGN && !must && !a->foreign))
    return KN_INLINE_OFF;
  if (a->inlining == KILN_INLINE_NEVER) return KN_INLINE_NEVER;
  if (is_replaced(f)) return KN_INLINE_REPLACED;
  if (sig->flags & KILN_SIG_VARIADIC) return KN_INLINE_VARIADIC;
  if (sig->conv != f->module->ir.library) return KN_INLINE_CONVENTION;
  if (odd_params(sig)) return KN_INLINE_PARAMETERS;
  if (f->facts.returns_twice) return KN_INLINE_TWICE;
  if (f->facts.loses_all && !must) return KN_INLINE_LOSES;
  if (a->guard != KILN_GUARD_NONE || a->realign_stack) return KN_INLINE_GUARDED;
  if (a->general_only) return KN_INLINE_GENERAL;
  if (a->keeps_pinned) return KN_INLINE_PINNED;
  return refers_into_group(f) ? KN_INLINE_GROUP : KN_INLINE_NONE;
}

uint64_t kn_inline_frame(const kiln_func *f, const uint8_t *promotable) {
  uint64_t frame = 0;
  for (uint32_t i = 0; i < f->slots.n; i++)
    if (f->slots.at[i].parent == 0 && !promotable[i])
      frame += (f->slots.at[i].size_bytes + 7) & ~7u;
  return frame;
}

/* What the TRY that ends `block` of the body lets pass, or cleans up. */
static void measure_try(struct kn_body *body, const kiln_func *f, uint32_t block) {
  const unsigned says = kn_inline_takes(f, block) & (KN_TAKES_ALL | KN_TAKES_CLEANS);
  body->passes |= says == 0;
  body->cleans |= says == KN_TAKES_CLEANS;
  body->tries++;
}

/* Notes instruction `i`, which is more than an operation. False without memory. */
static bool measure_fact(struct kn_body *body, kiln_func *f, struct kn_inline_room *room,
                         uint32_t i) {
  const struct kn_inst *in = &f->inst[i];
  if (body->row == KN_INLINE_NONE) body->row = (uint8_t)row_of(in->op);
  if (in->op != KILN_OP_TRY && in->op != KILN_OP_CALL) return true;
  uint32_t symbol = kn_is_pool(in->b) ? f->pool.at[kn_index(in->b)].symbol : 0;
  body->unwinds |= in->op == KILN_OP_CALL && kn_call_unwinds(f, in);
  return KN_PUSH(f, room->calls, (struct kn_body_call){symbol, i});
}

bool kn_body_measure(struct kn_body *body, kiln_func *f, struct kn_inline_room *room,
                     uint32_t n_order) {
  const uint32_t *order = room->order.at;
  uint32_t size = 0;
  if (!KN_RESIZE(f, room->promotable, f->slots.n + 1) ||
      !KN_RESIZE(f, room->accesses, f->slots.n + 1))
    return false;
  uint8_t *promotable = room->promotable.at;
  uint32_t *accesses = room->accesses.at; /* by slot */
  memset(promotable, ACCESS_NONE, f->slots.n);
  memset(accesses, 0, f->slots.n * sizeof *accesses);
  room->calls.n = 0;
  for (uint32_t k = 0; k < n_order; k++) {
    const struct kn_block *b = &f->block[order[k]];
    const uint32_t before = size;
    for (uint32_t i = kn_inst_settle(f, b->first), term = b->term;; i = kn_inst_settle(f, i + 1)) {
      const struct kn_inst *in = &f->inst[i];
      bool store = in->op == KILN_OP_STORE;
      if ((store || in->op == KILN_OP_LOAD) && kn_is_slot(in->a)) {
        note_access(&promotable[kn_index(in->a)], store, order[k] == 0);
        accesses[kn_index(in->a)]++;
        continue;
      }
      size += weight(in);
      if (KN_UNLIKELY(kn_op_info[in->op].fact != KN_FACT_NO) && !measure_fact(body, f, room, i))
        return false;
      if (i == term) break;
    }
    body->cleans |= f->inst[b->term].op == KILN_OP_RESUME;
    if (f->inst[b->term].op == KILN_OP_TRY) measure_try(body, f, order[k]);
    if (b->n_edges > 2) size += b->n_edges;
    if (f->inst[b->term].op == KILN_OP_UNREACHABLE) size = before; /* it hardly ever runs */
  }
  end_promotable(f, promotable);
  for (uint32_t i = 0; i < f->slots.n; i++) size += promotable[i] ? 0 : accesses[i];
  body->size = size;
  uint64_t frame = kn_inline_frame(f, promotable);
  const struct kn_sig *sig = kn_sig(f->module, f->sig);
  for (uint32_t k = 0; k < sig->n_params; k++) /* a slot, where it is inlined */
    if (sig->params[k].flags & KILN_PARAM_BYVAL)
      frame += ((uint64_t)sig->params[k].size_bytes + 7) & ~UINT64_C(7);
  body->frame = frame < INT32_MAX ? (uint32_t)frame : INT32_MAX;
  return true;
}

/* ---- all of them ---- */

/* The body of the k-th call, if that may be inlined as far as it is known. */
static struct kn_body *callee(const kiln_module *m, const struct kn_body *body, uint32_t k) {
  const struct kn_body_call *call = &body->calls[k];
  struct kn_body *to = kn_kept_body(m, call->symbol);
  if (to == NULL || !kn_inline_may(m, to)) return NULL;
  bool asks = m->inline_attrs.decide != NULL; /* who may inline what is too large */
  /* one that does not call itself may get more constants where the caller is inlined */
  return asks || !to->recursive || kn_inline_has_constants(body->f, call->inst, to, NULL) ? to
                                                                                          : NULL;
}

/* What a call of `f` counts as a part of its caller. */
static uint32_t call_weight(const kiln_module *m, const kiln_func *f) {
  return kn_op_info[KILN_OP_CALL].cost + kn_sig(m, f->sig)->n_params / 2;
}

/* Does `f` return memory whose address is an argument? Where it is inlined, that is a slot, and nothing is left of
 * passing it. */
static bool returns_memory(const kiln_module *m, const kiln_func *f) {
  const struct kn_sig *sig = kn_sig(m, f->sig);
  for (uint32_t k = 0; k < sig->n_params; k++)
    if (sig->params[k].flags & KILN_PARAM_SRET) return true;
  return false;
}

/* Decides on a body that is in no circle and whose callees are decided. Sizes are those by the rule. */
static void decide(const kiln_module *m, struct kn_body *body) {
  uint64_t size = body->size, tries = body->tries, frame = 0;
  uint32_t depth = 0;
  for (uint32_t k = 0; k < body->n_calls; k++) {
    const struct kn_body *to = callee(m, body, k);
    if (to == NULL) continue;
    if (to->depth + 1u > depth) depth = to->depth + 1u;
    if (to->row != KN_INLINE_NONE ||
        !kn_inline_has_constants(body->f, body->calls[k].inst, to, NULL))
      continue;
    size += to->all_size;
    const uint32_t passing = returns_memory(m, to->f) ? call_weight(m, to->f) : 0;
    size -= passing < size ? passing : size; /* where it does not count, it may be more */
    tries += to->all_tries;
    if (to->all_frame > frame) frame = to->all_frame;
  }
  frame += body->frame;
  body->all_size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
  body->all_tries = tries < UINT32_MAX ? (uint32_t)tries : UINT32_MAX;
  body->all_frame = frame < INT32_MAX ? (uint32_t)frame : INT32_MAX;
  body->depth = (uint16_t)depth;
  if (body->row != KN_INLINE_NONE) return;
  body->constants = kn_inline_constants(m, body, body->all_size);
  if (body->constants == UINT32_MAX) body->row = KN_INLINE_LARGE;
  else if (depth >= m->inline_attrs.depth) body->row = KN_INLINE_DEEP;
}

/* Tarjan's search for strongly connected components ("Depth-first search and linear graph algorithms", 1972), without
 * recursion: which finds callees before callers, and circles as wholes. */
struct search {
  kiln_module *m;
  KN_ARRAY(struct kn_body *) open; /* found, and not yet known to be in what component */
  KN_ARRAY(struct kn_body *) path; /* from the root of the search to where it is, */
  KN_ARRAY(uint32_t) next;         /* and of each the next call to look at */
  uint32_t found;
  /* Of a search among all kept functions, which tells who calls itself: the one among the functions of such a circle
   * in which only calls that may be inlined count. NULL: it is that one. */
  struct search *inner;
};

enum { MARK_DONE = UINT32_MAX };

/* The body that the k-th call leads to in the search, or NULL. */
static struct kn_body *follow(const struct search *s, const struct kn_body *body, uint32_t k) {
  return s->inner != NULL ? kn_kept_body(s->m, body->calls[k].symbol) : callee(s->m, body, k);
}

static bool enter(struct search *s, struct kn_body *body) {
  body->mark = body->low = ++s->found;
  return KN_PUSH(s->m, s->open, body) && KN_PUSH(s->m, s->path, body) && KN_PUSH(s->m, s->next, 0);
}

static bool search_from(struct search *s, struct kn_body *root);

/* `n` functions call themselves, perhaps through each other: which of them do so by calls that may be inlined? */
static bool search_circle(struct search *s, struct kn_body *const *at, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) at[i]->recursive = true, at[i]->mark = 0;
  s->inner->found = s->inner->open.n = s->inner->path.n = s->inner->next.n = 0;
  for (uint32_t i = 0; i < n; i++)
    if (at[i]->mark == 0 && !search_from(s->inner, at[i])) return false;
  return true;
}

/* `body` is the root of a component: all of `open` from it on. False without memory. */
static bool close(struct search *s, struct kn_body *body) {
  uint32_t n = s->open.n, end = n;
  while (s->open.at[n - 1] != body) n--;
  struct kn_body **at = s->open.at + n - 1;
  s->open.n = n - 1;
  bool circle = end > n;
  for (uint32_t k = 0; k < body->n_calls && !circle; k++) circle = follow(s, body, k) == body;
  if (circle && s->inner != NULL) return search_circle(s, at, end - s->open.n);
  for (uint32_t i = 0; i < end - s->open.n; i++)
    if (circle) at[i]->row = KN_INLINE_CYCLE;
  for (uint32_t i = 0; i < end - s->open.n; i++) {
    decide(s->m, at[i]);
    at[i]->mark = MARK_DONE;
  }
  return true;
}

static bool search_from(struct search *s, struct kn_body *root) {
  if (!enter(s, root)) return false;
  while (s->path.n != 0) {
    struct kn_body *body = s->path.at[s->path.n - 1];
    uint32_t k = s->next.at[s->path.n - 1]++;
    if (k < body->n_calls) {
      struct kn_body *to = follow(s, body, k);
      if (to == NULL || to->mark == MARK_DONE) continue;
      if (to->mark == 0 && !enter(s, to)) return false;
      if (to->mark < body->low) body->low = to->mark; /* of one just entered: more */
      continue;
    }
    s->path.n--;
    s->next.n--;
    const uint32_t low = body->low;
    if (low == body->mark && !close(s, body)) return false;
    struct kn_body *up = s->path.n != 0 ? s->path.at[s->path.n - 1] : NULL;
    if (up != NULL && low < up->low) up->low = low;
  }
  return true;
}

static bool search_all(struct search *s) {
  const struct kn_kept *kept = s->m->kept;
  for (uint32_t i = 0; i < kept->bodies.n; i++)
    if (kept->bodies.at[i]->mark == 0 && !search_from(s, kept->bodies.at[i])) return false;
  return true;
}

static void free_search(const struct search *s) {
  KN_FREE(&s->m->options.allocator, s->open.at, s->path.at, s->next.at);
}

kiln_status kiln_module_settle_inlining(kiln_module *m) {
  if (kn_module_failed(m)) return kiln_module_status(m);
  if (m->frozen) return kn_module_fail(m, KILN_ERR_STRUCTURE, "inlining: the module is frozen");
  struct kn_kept *kept = m->kept;
  if (m->settled) return kiln_module_status(m);
  m->settled = true;
  if (kept == NULL) return kiln_module_status(m);
  for (uint32_t i = 0; i < kept->bodies.n; i++) {
    struct kn_body *body = kept->bodies.at[i];
    enum kn_inline_row row = head_row(body->f);
    body->constants = kn_inline_constants(m, body, body->size);
    if (row != KN_INLINE_NONE) body->row = (uint8_t)row;
    /* what is too large by itself stands in no circle */
    else if (body->row == KN_INLINE_NONE && body->constants == UINT32_MAX)
      body->row = KN_INLINE_LARGE;
  }
  struct search inner = {.m = m}, s = {.m = m, .inner = &inner};
  (void)search_all(&s); /* false: the module has failed */
  free_search(&s);
  free_search(&inner);
  return kiln_module_status(m);
}
