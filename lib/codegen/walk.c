/* The walk of a function: its state at the beginning, the blocks in their order, the instructions of each, and
 * the end. What the target does comes from its table of lowerings (targets/target.h). Called by lib/compile.c.
 * Invariant: a function that failed is left before its next instruction. */
#include "lib/codegen/asm_inst.h"
#include "lib/codegen/observe.h"

#include <string.h>

/* ---- failing ---- */

/* A type of instruction `in` that the target has no values of, or VOID. */
static unsigned foreign_type(const struct kn_walk *w, const struct kn_inst *in) {
  const kiln_func *f = w->f;
  unsigned shape = kn_op_info[in->op].shape;
  if (!kn_type(w, in->type)->lowered) return in->type;
  if ((shape == KN_SH_CONV_FF || shape == KN_SH_CONV_FI) && !kn_type(w, in->x)->lowered)
    return in->x;
  for (unsigned k = 0; in->op == KILN_OP_RET && k < in->x; k++)
    if (!kn_type(w, f->facts.result_types[k])->lowered) return f->facts.result_types[k];
  for (unsigned k = 0; in->op == KILN_OP_CALL && k < in->x; k++) {
    unsigned type = kn_loose_type(w, f->lists.at[in->a + k]);
    if (!kn_type(w, type)->lowered) return type;
  }
  return KILN_TYPE_VOID;
}

void kn_walk_fail(struct kn_walk *w, kiln_status status, const char *message) {
  const struct kn_inst *in = &w->inst[w->i];
  unsigned type = status == KILN_ERR_UNSUPPORTED ? foreign_type(w, in) : KILN_TYPE_VOID;
  if (type == KILN_TYPE_VOID) {
    kn_func_fail(w->owner, status, w->block, w->i, "%s: %s", kn_op_info[in->op].name, message);
  } else {
    kn_func_fail(w->owner, status, w->block, w->i, "%s: %s is not supported on %s",
                 kn_op_info[in->op].name, kiln_type_name((kiln_type)type),
                 kn_target_name(w->f->module, (char[KN_TARGET_NAME]){0}));
  }
  w->code.limit =
    NULL; /* so the next instruction asks for space, and finds that the function failed */
}

void kn_lower_unsupported(struct kn_walk *w, const struct kn_inst *in) {
  if (foreign_type(w, in) != KILN_TYPE_VOID) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "");
    return;
  }
  const char *type = in->type != KILN_TYPE_VOID ? kiln_type_name((kiln_type)in->type) : NULL;
  kn_func_fail(w->owner, KILN_ERR_UNSUPPORTED, w->block, w->i, "%s%s%s is not supported on %s",
               kn_op_info[in->op].name, type ? " of type " : "", type ? type : "",
               kn_target_name(w->f->module, (char[KN_TARGET_NAME]){0}));
  w->code.limit = NULL;
}

/* ---- the beginning ---- */

bool kn_walk_begin(struct kn_walk *w, kiln_session *s, kiln_func *f, const struct kn_plan *plan) {
  w->s = s;
  w->out = s->out;
  w->f = w->owner = f;
  w->plan = plan;
  w->slots = plan->slots.at;
  w->target = plan->target;
  w->hooks = &plan->target->hooks;
  w->inst = f->inst;
  w->val = f->val;
  w->code.base = w->out->code.at;
  w->code.p = w->code.base ? w->code.base + w->out->code.n : NULL;
  w->code.start = (uint32_t)w->out->code.n;
  w->code.cfi_first = w->out->cfi.n;
  w->code.reloc_first = w->out->relocs.n;
  w->code.fixups.n = w->code.literals.n = w->code.moved = 0;
  w->code.is_cut = false;
  w->regs.temp = w->regs.locked = w->regs.cached = w->regs.aliased = w->regs.kept_homes = 0;
  w->regs.written = 0;
  w->regs.epoch++;
  w->frame.low = w->frame.va.save = w->frame.shared = 0;
  w->frame.up = plan->target->frame.up | !plan->frame.pointer;
  w->frame.spare.n = w->frame.spare_inst = w->frame.spare_ready = 0;
  w->moves.n = w->shadows.n = w->labels.n = 0;
  w->params_of = UINT32_MAX;
  w->to_next = false;
  w->eh.on = f->attrs.personality.id != 0;
  w->eh.stubs.n = 0;
  if (KN_UNLIKELY(w->eh.on)) kn_eh_begin(w);
  uint32_t n = f->blocks.n;
  if (!KN_RESIZE(f, w->code.marks, n) || !KN_RESIZE(f, w->slot_states, f->slots.n)) return false;
  for (uint32_t k = 0; k < f->slots.n; k++) {
    struct kn_slot_state *state = &w->slot_states.at[k];
    state->frame = 0;
    state->value = 0; /* and so nobody reads `epoch` */
    state->unaligned = false;
  }
  for (uint32_t b = 0; b < n; b++) w->code.marks.at[b] = (struct kn_mark){UINT32_MAX, 0};
  const struct kn_target *t = plan->target;
  w->regs.function_regs = t->temps | t->caller_homes | (t->callee_homes & plan->saved);
  uint64_t seed = f->module->options.stress_seed;
  w->regs.stress = seed ? seed * UINT64_C(0x9e3779b97f4a7c15) + f->symbol : 0;
  w->regs.choice = w->regs.stress ? 0 : ~UINT64_C(0);
  size_t room = (size_t)f->n * 4 + 2 * KN_INST_ROOM;
  if (KN_UNLIKELY(w->out->code.cap - w->out->code.n < room || f->status != KILN_OK))
    return kn_code_room(w, room);
  w->code.limit = w->out->code.at + w->out->code.cap - KN_INST_ROOM;
  return true;
}

/* ---- blocks ---- */

/* Prefetches what the next blocks will touch: in a large function whose blocks were not filled in order, they lie
 * anywhere in memory. Each step prefetches what the steps before have brought the addresses of. Without it 100,000
 * blocks that were filled in random order take twice the time. */
static __attribute__((noinline)) void look_ahead(const struct kn_walk *w, uint32_t pos) {
  __asm__ volatile(""); /* else gcc 12 leaves out the calls of a function that only prefetches */
  const kiln_func *f = w->f;
  const uint32_t *layout = w->plan->layout + pos;
  uint32_t left = w->plan->n_layout - pos;
  if (left <= 6) return;
  __builtin_prefetch(&f->block[layout[6]]);
  __builtin_prefetch((const char *)(&f->block[layout[6]] + 1) - 1);
  const struct kn_block *b = &f->block[layout[4]];
  __builtin_prefetch(&f->inst[b->first]);
  __builtin_prefetch(&f->val[b->first]);
  __builtin_prefetch(&f->inst[b->term]);
  __builtin_prefetch(&f->val[b->term]);
  __builtin_prefetch(&f->edges.at[b->edge_first]);
  if (b->param_first) __builtin_prefetch(&f->val[b->param_first]);
  b = &f->block[layout[3]];
  for (uint32_t e = 0; e < b->n_edges && e < 2; e++) {
    const struct kn_edge *edge = &f->edges.at[b->edge_first + e];
    __builtin_prefetch(&f->block[edge->target]);
    __builtin_prefetch(&w->code.marks.at[edge->target]);
    if (edge->args) __builtin_prefetch(&f->edge_args.at[edge->args - 1]);
  }
  b = &f->block[layout[1]];
  for (uint32_t e = 0; e < b->n_edges && e < 2; e++) {
    uint32_t param = f->block[f->edges.at[b->edge_first + e].target].param_first;
    if (param) __builtin_prefetch(&f->val[param]);
  }
}

/* Value h, which this block makes, becomes parameter `param` of the loop's header; its home is known if `known`. */
KN_INLINE void hint_loop_home(struct kn_walk *w, uint32_t h, uint32_t param, bool known) {
  if (!kn_is_value(h) || w->val[h].flags != 0) return;
  w->val[h].hint = KN_HINT_LOOP_HOME;
  /* homes of one header's parameters differ: there are no more than registers */
  if (known && (w->val[param].flags & KN_VF_HOME) && w->n_loop_homes < 64)
    w->loop_homes[w->n_loop_homes++] = (struct kn_loop_home){h, param};
}

/* The same in a function with i128s. Both halves of one are hinted if one is made after the other, so that the first
 * one may be where the second one reads nothing. */
static KN_COLD void hint_loop_homes(struct kn_walk *w, uint32_t h, uint32_t param) {
  const kiln_func *f = w->f;
  const unsigned op = f->inst[kn_value_or_none(h)].op;
  const bool in_order =
    op == KILN_OP_ADD || op == KILN_OP_SUB || op == KILN_OP_SELECT || kn_is_halved(f, h);
  const bool pair = kn_is_pair(f, param);
  for (unsigned k = 0; k <= pair && (in_order || !pair); k++)
    hint_loop_home(w, pair ? kn_half(f, h, k) : h, param + k, true);
}

/* The block is the last of a loop: hints its own values that become the header's parameters to be computed in the
 * homes of these. */
static __attribute__((noinline)) void find_loop_homes(struct kn_walk *w,
                                                      const struct kn_loop *loop) {
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[w->block];
  uint32_t header = w->plan->layout[loop->header];
  if (b->n_edges > 2 || f->block[header].address_taken) return;
  for (uint32_t k = 0; k < b->n_edges; k++) {
    if (f->edges.at[b->edge_first + k].target == header) w->back_edge = b->edge_first + k;
  }
  if (w->back_edge == UINT32_MAX) return;
  w->n_loop_homes = 0;
  const bool pairs = f->facts.has_pairs, contiguous = f->block[header].contiguous;
  const uint32_t first = f->block[header].param_first;
  for (uint32_t a = f->edges.at[w->back_edge].args; a; a = f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    if (pairs) hint_loop_homes(w, arg->value, kn_walk_param(w, header, arg->index));
    else hint_loop_home(w, arg->value, first + arg->index, contiguous);
  }
}

unsigned kn_walk_loop_home(const struct kn_walk *w, uint32_t i, const uint32_t readers[2]) {
  if (w->back_edge == UINT32_MAX || (w->val[i].flags & ~KN_VF_ADDR)) return KN_NO_REG;
  for (uint32_t k = 0; k < w->n_loop_homes; k++) {
    uint32_t param = w->loop_homes[k].param;
    const struct kn_val *p = &w->val[param];
    uint32_t own = (readers[0] == param) + (uint32_t)(readers[1] == param);
    if (w->loop_homes[k].value != i || p->uses != own) continue;
    /* the parameter's interval reaches this block: the register is its own here */
    if (w->plan->ranges.at[p->global - 1].last >= kn_plan_pos(w->plan, w->block)) return p->reg;
  }
  return KN_NO_REG;
}

void kn_walk_block(struct kn_walk *w, uint32_t pos) {
  const struct kn_plan *plan = w->plan;
  uint32_t b = plan->layout[pos];
  uint32_t next = pos + 1 < plan->n_layout ? plan->layout[pos + 1] : UINT32_MAX;
  const struct kn_target *t = plan->target;
  KN_LOG(w, KN_EV_BLOCK, b, 0);
  w->block = b;
  w->next_block = next;
  kn_label_bind(w, b);
  uint64_t occupied = plan->occupied[pos];
  uint64_t usable = w->regs.function_regs & ~occupied; /* homes alone are ever occupied */
  /* copies of what lives in the frame stay valid if only the block before it enters this one */
  const struct kn_block *block = &w->f->block[b];
  bool keep = w->to_next & (block->n_preds == 1) & !block->address_taken;
  w->entered = keep ? w->entered : kn_here(w);
  w->regs.cached &= usable & -(uint64_t)keep;
  w->regs.epoch += !keep; /* no branches on `keep`: they would be mispredicted */
  /* registers that are homes from here on hold no copies: the edge may have written them */
  for (uint64_t lost = w->regs.block_regs & ~usable & -(uint64_t)keep; lost; lost &= lost - 1)
    w->regs.owner[__builtin_ctzll(lost)] = 0;
  w->regs.block_regs = w->regs.free = usable;
  w->regs.kept = occupied & t->around_calls;
  if (KN_UNLIKELY(w->regs.stress)) {
    /* few registers: the temporaries, what machine code leaves its results in, and a random part of the others */
    w->regs.block_regs = w->regs.free =
      usable & (t->temps | w->f->facts.asm_regs | kn_stress_next(&w->regs) >> 16);
    w->regs.cached = 0;
    /* the block before did not have all registers that it could, but copies in them are from further back */
    for (uint64_t lost = occupied & w->regs.function_regs; lost; lost &= lost - 1)
      w->regs.owner[__builtin_ctzll(lost)] = 0;
  }
  w->regs.aliased = 0;
  w->to_next = false;
  w->back_edge = UINT32_MAX;
  uint32_t loop = plan->loops.n ? plan->loop_at[pos] : 0;
  if (loop && plan->loops.at[loop - 1].end == pos) find_loop_homes(w, &plan->loops.at[loop - 1]);
  if (KN_UNLIKELY(plan->scattered)) look_ahead(w, pos);
}

uint32_t kn_walk_param(struct kn_walk *w, uint32_t block, uint32_t i) {
  if (w->params_of != block) {
    w->params_of = block;
    w->params.n = 0;
    for (uint32_t v = w->f->block[block].param_first; v; v = w->inst[v].b)
      if (!KN_PUSH(w->owner, w->params, v)) break;
  }
  return i < w->params.n ? w->params.at[i] : 0;
}

/* ---- the end ---- */

static bool add_label(struct kn_walk *w, uint32_t symbol, uint32_t at) {
  struct kn_output *out = w->out;
  if (!KN_ROOM(w->f->module, out->labels, 1)) return false;
  out->labels.at[out->labels.n++] = (struct kn_code_label){symbol, at};
  return true;
}

/* Records where the function's address-taken blocks are, and the labels of its machine code. */
static bool add_labels(struct kn_walk *w) {
  const kiln_module *m = w->f->module;
  for (uint32_t i = kn_symbol(m, w->f->symbol)->block_first; i; i = kn_symbol(m, i)->block_first) {
    uint64_t block = (uint64_t)kn_symbol(m, i)->offset;
    if (block >= (uint64_t)KN_FIRST_LABEL) continue;
    uint32_t at = block < w->f->blocks.n ? kn_label_at(w, (uint32_t)block) : UINT32_MAX;
    if (at == UINT32_MAX) at = w->code.start; /* unreachable: any address will do */
    if (!add_label(w, i, at)) return false;
  }
  for (uint32_t k = 0; k < w->labels.n; k++) {
    const struct kn_code_label *l = &w->labels.at[k];
    if (!add_label(w, l->symbol, w->code.marks.at[l->offset].at)) return false;
  }
  return true;
}

/* Appends the function to the session's output; its code ends at `p`. */
static bool end(struct kn_walk *w) {
  struct kn_output *out = w->out;
  const struct kn_code *c = &w->code;
  kiln_module *m = w->f->module;
  if (w->f->status != KILN_OK) return false;
  if (!KN_ROOM(m, out->funcs, 1)) return false;
  for (uint32_t i = c->reloc_first; i < out->relocs.n; i++)
    out->relocs.at[i].offset = c->marks.at[out->relocs.at[i].mark].at;
  if (kn_symbol(m, w->f->symbol)->block_first && !add_labels(w)) return false;
  uint32_t table = 0;
  if (KN_UNLIKELY(w->eh.on) && (table = kn_eh_finish(w)) == 0) return false;
  struct kn_code_func *func = &out->funcs.at[out->funcs.n];
  *func = (struct kn_code_func){
    .symbol = w->f->symbol,
    .start = c->start,
    .size = kn_here(w) - c->start,
    .reloc_first = c->reloc_first,
    .cfi_first = c->cfi_first,
    .cfi_size = out->cfi.n - c->cfi_first,
    .loc_first = out->lines.n,
    .var_first = out->vars.n,
    .call_first = out->calls.n,
    .unit = w->f->debug.unit,
    .table = table,
    .used = w->f->attrs.used,
    .no_rows = w->f->attrs.no_rows,
    .debug_rows = !(w->f->attrs.no_rows & w->f->attrs.naked),
  };
  KN_NOTIFY(w, end, w, func);
  out->funcs.n++;
  out->code.n = kn_here(w);
  return true;
}

/* ---- the loop ---- */

/* Roots are 0 before anything can collect, whichever path follows. */
static KN_COLD void zero_roots(struct kn_walk *w) {
  for (uint32_t i = 0; i < w->f->slots.n && kn_code_ready(w); i++) {
    const struct kn_slot *s = &w->f->slots.at[i];
    if (!(s->memory & KN_MEMORY_ROOT)) continue;
    w->hooks->store_constant(w, kn_slot_frame(w, i), kn_handle(KN_TAG_IMM, 0),
                             s->size_bytes == 8 ? KILN_TYPE_I64 : KILN_TYPE_I32);
  }
}

/* The lowering of an instruction. */
KN_INLINE kn_lower *lowering(kn_lower *const (*lowerings)[16][2], const struct kn_inst *in,
                             const struct kn_val *val) {
  return lowerings[in->op][in->type][val->uses == 0];
}

/* The instruction at which a block continues: it may have been left and resumed. */
KN_INLINE uint32_t past_segments(const struct kn_walk *w, uint32_t i) {
  while (KN_UNLIKELY(w->inst[i].op == KILN_OP_SEG)) i = w->inst[i].a;
  return i;
}

/* The lowering of the next instruction is looked up before this one is lowered: the indirect call cannot be predicted,
 * but its target is known early. (After the last instruction is an empty one.) */
KN_INLINE void walk_block(struct kn_walk *w, uint32_t pos, bool observed) {
  const struct kn_target *t = w->target;
  kn_lower *const(*lowerings)[16][2] = t->lowerings;
  if (observed && pos != 0) KN_NOTIFY(w, leave, w);
  if (observed) w->quiet.n = 0;
  kn_walk_block(w, pos);
  const struct kn_block *b = &w->f->block[w->block];
  if (observed) KN_NOTIFY(w, code, w, w->block, 0);
  if (observed && pos == 0) KN_NOTIFY(w, frame, w);
  if (KN_UNLIKELY(pos == 0)) {
    t->enter(w);
    if (KN_UNLIKELY(w->f->facts.has_roots)) zero_roots(w);
  }
  if (KN_UNLIKELY(b->address_taken)) {
    if (w->plan->frame.marks) t->landing(w);
    kn_read_shadows(w, b);
  }
  uint32_t i = past_segments(w, b->first), last = b->term;
  const struct kn_inst *in = &w->inst[i];
  const struct kn_val *val = &w->val[i];
  kn_lower *fn = lowering(lowerings, in, val);
  for (;;) {
    const struct kn_inst *current = in;
    bool end = i == last;
    w->i = i;
    if (!kn_code_ready(w)) return;
    if (observed && i - w->quiet.first >= w->quiet.n) kn_observe_inst(w);
#ifdef KN_CHECKS
    if (!observed) w->regs.written = 0; /* so that the checker misses none */
#endif
    KN_LOG(w, KN_EV_INST, i, 0);
    i++, in++, val++;
    if (KN_UNLIKELY(in->op == KILN_OP_SEG)) {
      i = past_segments(w, i);
      in = &w->inst[i];
      val = &w->val[i];
    }
    kn_lower *then = lowering(lowerings, in, val);
    fn(w, current);
    kn_inst_end(w);
    KN_CHECK(w, w->code.p <= w->code.base + w->out->code.cap,
             "an instruction has no room for its bytes");
    if (end) return;
    fn = then;
  }
}

KN_INLINE void walk_blocks(struct kn_walk *w, bool observed) {
  for (uint32_t pos = 0; pos < w->plan->n_layout && w->f->status == KILN_OK; pos++)
    walk_block(w, pos, observed);
}

/* The same loop with observers: to ask for them at each instruction would slow down all functions that have none. */
static __attribute__((noinline)) void walk_observed(struct kn_walk *w) { walk_blocks(w, true); }

/* Begins the function's code at its alignment. False if it failed. */
static bool align(struct kn_walk *w) {
  const struct kn_target *t = w->target;
  unsigned log2 = kn_symbol(w->f->module, w->f->symbol)->align_log2;
  uint32_t mask = (1u << (log2 > t->code.align_log2 ? log2 : t->code.align_log2)) - 1;
  uint32_t padding = -kn_here(w) & mask;
  if (KN_UNLIKELY(padding >= KN_INST_ROOM) && !kn_code_room(w, padding + (size_t)w->f->n * 4))
    return false;
  if (padding <= 16)
    memset(w->code.p, t->code.fill, 16); /* there is room: no call for a few bytes */
  else memset(w->code.p, t->code.fill, padding);
  w->code.p += padding;
  w->code.start = kn_here(w);
  return true;
}

kiln_status kn_walk_function(struct kn_walk *w, kiln_func *f, const struct kn_plan *plan) {
  if (!kn_walk_begin(w, f->session, f, plan) || !align(w)) return f->status;
  KN_NOTIFY(w, begin, w);
  if (KN_UNLIKELY(plan->frame.naked)) {
    kn_naked(w);
    end(w);
    return f->status;
  }
  w->target->begin(w);
  if (KN_UNLIKELY(w->observer != NULL)) walk_observed(w);
  else walk_blocks(w, false);
  if (KN_UNLIKELY(w->eh.on)) kn_eh_stubs(w);
  KN_NOTIFY(w, blocks, w);
  if (KN_LIKELY(f->status == KILN_OK)) w->target->finish(w);
  end(w);
  return f->status;
}

void kn_walk_free(struct kn_walk *w, kiln_module *m) {
  if (w->target && w->target->free) w->target->free(w, m);
  kn_eh_free(&w->eh, m);
  KN_FREE(&m->options.allocator, w->code.marks.at, w->code.fixups.at, w->code.literals.at,
          w->code.cut.at, w->frame.spare.at, w->moves.at, w->params.at, w->shadows.at, w->args.at,
          w->labels.at, w->slot_states.at, w);
}
