/* Exceptions in a walk: see eh.h. Called by the targets' lowerings and by lib/codegen/walk.c. Invariant: what a stub
 * reads is where it was right after the call, whatever the code between has done since. */
#include "lib/codegen/eh.h"
#include "lib/codegen/observe.h"

#include <kiln/build.h>

/* How many of the newest stubs a new one is compared with. */
enum { STUBS_BACK = 8 };

/* ---- calls ---- */

void kn_eh_begin(struct kn_walk *w) {
  w->eh.calls.n = w->eh.moves.n = 0;
  kn_eh_actions_clear(&w->eh.actions);
}

void kn_eh_free(struct kn_eh *eh, kiln_module *m) {
  KN_FREE(&m->options.allocator, eh->calls.at, eh->stubs.at, eh->moves.at, eh->sites.at);
  kn_eh_actions_free(&eh->actions, m);
}

/* Lets the newest call share the entry of the one before, if both say the same. A call between
 * them that must not unwind is in that entry as well, as in LLVM's tables: a row less, and an
 * exception out of it has no meaning. */
static void join(struct kn_eh *eh) {
  if (eh->calls.n < 2) return;
  struct kn_eh_call *last = &eh->calls.at[eh->calls.n - 1], *before = last - 1;
  if (last->pad != before->pad || last->action != before->action) return;
  before->end = last->end;
  eh->calls.n--;
}

/* The first action of a try's clauses: kn_eh_chain. */
static uint32_t action_of(struct kn_walk *w, const struct kn_inst *in) {
  struct kn_eh_actions *a = &w->eh.actions;
  const kiln_func *f = w->f;
  uint32_t at, n = kn_try_clauses(f, in, &at);
  a->values.n = 0;
  for (uint32_t k = 0; k < n; k++) {
    struct kn_clause c = kn_clause_at(f, &at);
    int32_t value = 0;
    if (c.kind == KILN_CLAUSE_FILTER) value = kn_eh_filter(a, w->owner, c.types, c.n);
    else if (c.kind != KILN_CLAUSE_CLEANUP) value = (int32_t)c.types[0];
    if (!KN_PUSH(w->owner, a->values, value)) return 0;
  }
  return kn_eh_chain(a, w->owner);
}

/* ---- landing pads ---- */

static bool is_home(const struct kn_walk *w, unsigned reg, uint32_t first) {
  for (uint32_t i = first; i < w->moves.n; i++)
    if (w->moves.at[i].dst == reg) return true;
  return false;
}

/* Homes that the call clobbers and the target of the edge has: they are loaded from where they are kept, and what the
 * edge reads of them is read there. */
static void reload_homes(struct kn_walk *w, const struct kn_edge *e) {
  uint64_t kept = w->regs.kept;
  uint32_t n = w->moves.n;
  for (uint32_t i = 0; i < n; i++) {
    struct kn_place_move *m = &w->moves.at[i];
    if (m->src >= 64 || !(kept >> m->src & 1)) continue;
    m->src_frame = w->regs.kept_at[m->src];
    m->src = KN_NO_REG;
  }
  kept &= w->plan->occupied[kn_plan_pos(w->plan, e->target)];
  for (; kept; kept &= kept - 1) {
    unsigned r = (unsigned)__builtin_ctzll(kept);
    if (is_home(w, r, 0)) continue;
    struct kn_place_move m = {.dst = (uint8_t)r,
                              .src = KN_NO_REG,
                              .type = w->target->whole[r >= KN_FP_BASE],
                              .src_frame = w->regs.kept_at[r]};
    if (!KN_PUSH(w->owner, w->moves, m)) return;
  }
}

static bool same_moves(const struct kn_place_move *a, const struct kn_place_move *b, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (a[i].dst != b[i].dst || a[i].src != b[i].src || a[i].type != b[i].type ||
        a[i].dst_frame != b[i].dst_frame || a[i].src_frame != b[i].src_frame ||
        a[i].src_handle != b[i].src_handle)
      return false;
  return true;
}

/* The label of the landing pad: of a stub for the moves that were collected, or the block's. */
static uint32_t pad_of(struct kn_walk *w, const struct kn_edge *e) {
  struct kn_eh *eh = &w->eh;
  const kiln_func *f = w->f;
  uint32_t n = w->moves.n;
  bool bare = !w->plan->frame.marks; /* blocks have no marks, stubs do */
  if (bare && n == 0 && !kn_moves_stack(w->call_stack) && e->target != 0) return e->target;
  for (uint32_t k = 0; k < STUBS_BACK && k < eh->stubs.n; k++) {
    const struct kn_eh_stub *s = &eh->stubs.at[eh->stubs.n - 1 - k];
    if (f->edges.at[s->edge].target == e->target && s->stack.bytes == w->call_stack.bytes &&
        s->stack.kept == w->call_stack.kept && s->n_moves == n &&
        same_moves(eh->moves.at + s->first, w->moves.at, n))
      return s->label;
  }
  struct kn_eh_stub s = {.label = kn_code_label(w),
                         .edge = (uint32_t)(e - f->edges.at),
                         .block = w->block,
                         .inst = w->i,
                         .stack = w->call_stack,
                         .first = eh->moves.n,
                         .n_moves = n};
  for (uint32_t i = 0; i < n; i++)
    if (!KN_PUSH(w->owner, eh->moves, w->moves.at[i])) return 0;
  return KN_PUSH(w->owner, eh->stubs, s) ? s.label : 0;
}

/* The call of a TRY was emitted: makes its landing pad. */
static void add_pad(struct kn_walk *w, const struct kn_inst *in, struct kn_eh_call *call) {
  const struct kn_edge *e = &w->f->edges.at[w->f->block[w->block].edge_first + 1];
  struct kn_arrival from = {{[0] = w->target->exception[0], [2] = w->target->exception[1]}, {0}};
  call->action = action_of(w, in);
  if (kn_edge_collect(w, e, &from)) {
    if (KN_UNLIKELY(w->regs.kept != 0)) reload_homes(w, e);
    call->pad = pad_of(w, e);
    KN_LOG(w, KN_EV_UNWIND, (uint32_t)(e - w->f->edges.at), call->pad);
    kn_edge_drop(w, e);
  }
  w->moves.n = 0;
}

void kn_eh_call(struct kn_walk *w, uint32_t start) {
  const struct kn_inst *in = &w->inst[w->i];
  bool unwinds = in->op == KILN_OP_TRY || in->op == KILN_OP_RESUME ||
                 (in->op == KILN_OP_CALL && kn_call_unwinds(w->f, in));
  if (!unwinds) {
    KN_LOG_CALL(w, 0);
    return;
  }
  struct kn_eh_call call = {.start = kn_code_mark(w, start), .end = kn_code_mark(w, kn_here(w))};
  if (in->op == KILN_OP_TRY) add_pad(w, in, &call);
  KN_LOG_CALL(w, call.pad);
  if (KN_PUSH(w->owner, w->eh.calls, call)) join(&w->eh);
}

void kn_eh_stubs(struct kn_walk *w) {
  for (uint32_t k = 0; k < w->eh.stubs.n; k++) {
    struct kn_eh_stub s = w->eh.stubs.at[k];
    const struct kn_edge *e = &w->f->edges.at[s.edge];
    w->block = s.block;
    w->i = s.inst;
    if (!kn_code_ready(w)) return;
    KN_NOTIFY(w, code, w, s.block, s.inst);
    w->target->bind_label(w, s.label);
    KN_LOG(w, KN_EV_STUB, s.label, 0);
    if (KN_UNLIKELY(w->plan->frame.marks)) w->target->landing(w);
    if (kn_moves_stack(s.stack)) w->target->calls.free_stack(w, s.stack);
    for (uint32_t i = 0; i < s.n_moves; i++)
      if (!KN_PUSH(w->owner, w->moves, w->eh.moves.at[s.first + i])) return;
    kn_run_moves(w);
    kn_edge_log(w, e);
    w->target->jump(w, e->target);
  }
}

/* ---- a try ---- */

bool kn_try_begin(struct kn_walk *w) {
  const struct kn_edge *e = &w->f->edges.at[w->f->block[w->block].edge_first];
  w->call_stack = (struct kn_call_stack){0};
  kn_edge_prepare(w, &e[0]);
  kn_edge_prepare(w, &e[1]);
  return kn_code_ready(w);
}

/* Finds the results, which have just arrived. Those that live in the frame are put there, and so are those in the
 * stack area, which is freed; those on a stack of registers must leave that, wanted or not. */
static bool take(struct kn_walk *w, const struct kn_sig *sig, struct kn_arrival *from) {
  if (!kn_assign_results(w, sig)) return false;
  for (uint32_t k = 0; k < w->args.n; k++) {
    struct kn_arg a = w->args.at[k];
    uint32_t h = kn_tried(false, sig->results[a.number], a.number);
    if (a.upper) h = kn_tried_upper(h);
    const unsigned at = kn_arrives_at(h);
    from->reg[at] = a.reg;
    from->frame[at] = 0;
    bool kept = kn_in_frame(w, a.type) || a.in_memory;
    if (kept) {
      if (!kn_code_ready(w)) return false;
      from->reg[at] = KN_NO_REG;
      from->frame[at] = kn_frame_alloc(w, 16, 4);
      w->target->calls.keep_result(w, &a, from->frame[at]);
    }
    KN_LOG(w, KN_EV_CONST, h, kept ? KN_PLACE_FRAME + from->frame[at] : a.reg);
  }
  kn_free_results(w, sig);
  return w->f->status == KILN_OK;
}

void kn_try_end(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_edge *e = &w->f->edges.at[w->f->block[w->block].edge_first];
  const struct kn_sig *sig = kn_sig(w->f->module, in->c);
  struct kn_arrival from;
  if (w->f->status != KILN_OK) return;
  KN_LOG(w, KN_EV_EDGE, (uint32_t)(e - w->f->edges.at), 0);
  if (sig->n_results != 0 && !take(w, sig, &from)) return;
  if (!kn_edge_collect(w, e, &from)) return;
  kn_run_moves(w);
  kn_edge_log(w, e);
  kn_edge_drop(w, e);
  if (e->target == w->next_block) w->to_next = true;
  else w->target->jump(w, e->target);
}

/* ---- the end ---- */

uint32_t kn_eh_finish(struct kn_walk *w) {
  struct kn_eh *eh = &w->eh;
  const kiln_func *f = w->f;
  const struct kn_mark *marks = w->code.marks.at;
  uint32_t start = w->code.start;
  eh->sites.n = 0;
  for (uint32_t k = 0; k < eh->calls.n; k++) {
    const struct kn_eh_call *c = &eh->calls.at[k];
    struct kn_eh_site site = {.start = marks[c->start].at - start,
                              .end = marks[c->end].at - start,
                              .pad = c->pad != 0 ? marks[c->pad].at - start : 0,
                              .action = c->action};
    if (!KN_PUSH(w->owner, eh->sites, site)) return 0;
  }
  struct kn_output *out = w->out;
  bool written = kn_eh_write(f->module, out, eh->sites.at, eh->sites.n, &eh->actions, f->types.at,
                             f->types.n, f->attrs.personality.id);
  return written ? out->tables.n : 0;
}
