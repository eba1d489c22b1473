/* What the walk needs once per function, block, or out of the fast path, the same for all targets:
 * arrays, code space, frame, labels, relocations, frame rows. See walk.h. */
#include "lib/walk.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that one instruction may emit without asking for room. */
enum { RED_ZONE = 1024 };

#define MASK(type, ...)                                                                            \
  (type) == KILN_TYPE_F32 || (type) == KILN_TYPE_F64 ? ~KN_GP_MASK : KN_GP_MASK
const uint64_t kn_bank_masks[16] = KN_BY_TYPE(MASK, );
#undef MASK

/* A type of instruction `in` that the target has no values of, or VOID. */
static unsigned foreign_type(const struct kn_walk *w, const struct kn_inst *in) {
  const kiln_func *f = w->f;
  unsigned none = KN_T(F16) | KN_T(V64) | KN_T(V128), shape = kn_op_info[in->op].shape;
  none |= f->module->options.target == KILN_TARGET_X86_64 ? KN_T(F128) : KN_T(F80);
  if (none >> in->type & 1) return in->type;
  if ((shape == KN_SH_CONV_FF || shape == KN_SH_CONV_FI) && none >> in->x & 1) return in->x;
  for (unsigned k = 0; in->op == KILN_OP_RET && k < in->x; k++)
    if (none >> f->result_types[k] & 1) return f->result_types[k];
  for (unsigned k = 0; in->op == KILN_OP_CALL && k < in->x; k++) {
    uint32_t h = f->lists.at[in->a + k];
    unsigned type = kn_is_value(h)  ? w->val[h].type
                    : kn_is_pool(h) ? f->pool.at[kn_index(h)].type
                                    : KILN_TYPE_I64;
    if (none >> type & 1) return type;
  }
  return KILN_TYPE_VOID;
}

void kn_walk_fail(struct kn_walk *w, kiln_status status, const char *message) {
  const struct kn_inst *in = &w->inst[w->i];
  unsigned type = status == KILN_ERR_UNSUPPORTED ? foreign_type(w, in) : KILN_TYPE_VOID;
  if (type == KILN_TYPE_VOID) {
    kn_func_fail(w->f, status, w->block, w->i, "%s: %s", kn_op_info[in->op].name, message);
  } else {
    kn_func_fail(w->f, status, w->block, w->i, "%s: %s is not supported on %s",
                 kn_op_info[in->op].name, kiln_type_name((kiln_type)type), w->plan->target->name);
  }
  w->done = KN_DONE;
}

bool kn_walk_room(struct kn_walk *w, size_t bytes) {
  struct kn_output *out = &w->s->out;
  size_t used = (size_t)(w->p - w->base);
  size_t need = used + bytes + 2 * RED_ZONE;
  if (out->cap < need) {
    size_t cap = out->cap ? out->cap : 1 << 16;
    while (cap < need) cap *= 2;
    uint8_t *code = cap > UINT32_MAX ? NULL : kn_realloc(w->f->module, out->code, cap);
    if (code == NULL) {
      kn_func_fail(w->f, cap > UINT32_MAX ? KILN_ERR_LIMIT : KILN_ERR_MEMORY, UINT32_MAX, 0,
                   "no room for machine code");
      w->p = w->base + w->start; /* goes on writing into what there is, until the walk stops */
      return false;
    }
    out->code = code;
    out->cap = cap;
  }
  w->base = out->code;
  w->p = out->code + used;
  w->limit = out->code + out->cap - RED_ZONE;
  return true;
}

bool kn_walk_begin(struct kn_walk *w, kiln_session *s, kiln_func *f, struct kn_plan *plan) {
  w->s = s;
  w->f = f;
  w->plan = plan;
  w->inst = f->inst;
  w->val = f->val;
  w->base = s->out.code;
  w->p = w->base ? w->base + s->out.size : NULL;
  w->start = (uint32_t)s->out.size;
  w->temp = w->locked = w->cached = w->aliased = 0;
  w->flags_of = w->zero_of = 0;
  w->epoch++;
  w->to_next = false;
  w->frame_low = 0;
  w->out_args = 0;
  w->fixups.n = w->literals.n = w->spare.n = w->moves.n = 0;
  w->reloc_mark.n = w->n_epilogues = 0;
  w->pieces.n = w->piece_mark.n = 0;
  w->params_of = UINT32_MAX;
  w->uses_incoming = w->frameless = false;
  w->spare_inst = w->spare_ready = 0;
  w->sret = w->va_save = 0;
  w->kept_places = 0;
  uint32_t n = f->blocks.n;
  if ((w->labels.cap < n &&
       !kn_grow(f->module, &w->labels.at, &w->labels.cap, n, sizeof *w->labels.at)) ||
      (w->label_mark.cap < n &&
       !kn_grow(f->module, &w->label_mark.at, &w->label_mark.cap, n, sizeof *w->label_mark.at))) {
    kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
    return false;
  }
  w->labels.n = w->label_mark.n = n;
  w->label = w->labels.at;
  memset(w->label, 0xff, n * sizeof *w->label);
  const struct kn_target *t = plan->target;
  w->function_regs = t->temps | t->caller_homes | (t->callee_homes & plan->saved);
  uint64_t seed = f->module->options.stress_seed;
  w->stress = seed ? seed * UINT64_C(0x9e3779b97f4a7c15) + f->symbol : 0;
  w->choice = w->stress ? 0 : ~UINT64_C(0);
  return kn_walk_room(w, (size_t)f->n * 4);
}

/* Blocks of a large function that were not filled in their order lie anywhere in memory: asks for what
 * the next ones will touch, each time for what the asking before has brought the addresses of. */
static __attribute__((noinline)) void look_ahead(const struct kn_walk *w, uint32_t pos) {
  __asm__ volatile(""); /* gcc 12 leaves out calls of a function that only prefetches */
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
    __builtin_prefetch(&w->label[edge->target]);
    if (edge->args) __builtin_prefetch(&f->edge_args.at[edge->args - 1]);
  }
  b = &f->block[layout[1]];
  for (uint32_t e = 0; e < b->n_edges && e < 2; e++) {
    uint32_t param = f->block[f->edges.at[b->edge_first + e].target].param_first;
    if (param) __builtin_prefetch(&f->val[param]);
  }
}

/* The block is the last of a loop: values of its own that become the header's parameters are hinted to be
 * computed in their homes. */
static __attribute__((noinline)) void aim(struct kn_walk *w, const struct kn_loop *loop) {
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[w->block];
  uint32_t header = w->plan->layout[loop->header];
  if (b->n_edges > 2 || f->block[header].address_taken) return;
  for (uint32_t k = 0; k < b->n_edges; k++) {
    if (f->edges.at[b->edge_first + k].target == header) w->aim = b->edge_first + k;
  }
  if (w->aim == UINT32_MAX) return;
  for (uint32_t a = f->edges.at[w->aim].args; a; a = f->edge_args.at[a - 1].next) {
    uint32_t h = f->edge_args.at[a - 1].value;
    if (kn_is_value(h) && w->val[h].flags == 0) w->val[h].hint = KN_HINT_AIMED;
  }
}

unsigned kn_walk_aim(const struct kn_walk *w, uint32_t i, const uint32_t readers[2]) {
  const kiln_func *f = w->f;
  if (w->aim == UINT32_MAX || (w->val[i].flags & ~KN_VF_ADDR)) return KN_NO_REG;
  const struct kn_edge *e = &f->edges.at[w->aim];
  const struct kn_block *header = &f->block[e->target];
  for (uint32_t a = e->args; a; a = f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    if (arg->value != i || !header->contiguous) continue;
    uint32_t param = header->param_first + arg->index;
    const struct kn_val *p = &w->val[param];
    uint32_t own = (readers[0] == param) + (uint32_t)(readers[1] == param);
    if ((p->flags & KN_VF_HOME) == 0 || p->uses != own) continue;
    /* the register is the parameter's still, or again */
    if (w->plan->ranges.at[p->global - 1].last >= kn_plan_pos(f, w->block)) return p->reg;
  }
  return KN_NO_REG;
}

void kn_walk_block(struct kn_walk *w, uint32_t pos) {
  struct kn_plan *plan = w->plan;
  uint32_t b = plan->layout[pos];
  uint32_t next = pos + 1 < plan->n_layout ? plan->layout[pos + 1] : UINT32_MAX;
  const struct kn_target *t = plan->target;
  KN_LOG(w, KN_EV_BLOCK, b, 0);
  w->block = b;
  w->next_block = next;
  w->label[b] = kn_here(w);
  w->label_mark.at[b] = w->fixups.n;
  uint64_t occupied = plan->occupied[pos];
  uint64_t usable = w->function_regs & ~occupied; /* homes alone are ever occupied */
  /* copies of slot homes stay true if the block is only entered from the one before it */
  const struct kn_block *block = &w->f->block[b];
  bool keep = w->to_next & (block->n_preds == 1) & !block->address_taken;
  w->bound = (w->bound & -(uint32_t)keep) | (kn_here(w) & ((uint32_t)keep - 1));
  w->cached &= usable & -(uint64_t)keep;
  w->epoch += !keep; /* no branches on it: they would be mispredicted */
  /* what the edge may have written as a home holds no copy any more */
  for (uint64_t lost = w->block_regs & ~usable & -(uint64_t)keep; lost; lost &= lost - 1)
    w->owner[__builtin_ctzll(lost)] = 0;
  w->block_regs = w->free = usable;
  w->kept = occupied & t->around_calls;
  if (KN_UNLIKELY(w->stress)) {
    /* few registers: the temporaries, less a random part of the others */
    w->stress = w->stress * UINT64_C(6364136223846793005) + 1442695040888963407u;
    w->block_regs = w->free = usable & (t->temps | w->stress >> 16);
    w->cached = 0;
  }
  w->aliased = 0;
  w->to_next = false;
  w->done = 0;
  w->aim = UINT32_MAX;
  if (KN_UNLIKELY(occupied & KN_LOOP_END)) {
    uint32_t loop = plan->loop_at[pos];
    if (loop && plan->loops.at[loop - 1].end == pos) aim(w, &plan->loops.at[loop - 1]);
  }
  w->flags_of = w->zero_of = 0;
  if (KN_UNLIKELY(plan->scattered)) look_ahead(w, pos);
}

int32_t kn_walk_frame(struct kn_walk *w, uint64_t size, unsigned align_log2) {
  if (size > INT32_MAX / 2 || (uint64_t)llabs(w->frame_low) + size > INT32_MAX / 2) {
    kn_walk_fail(w, KILN_ERR_LIMIT, "the stack frame is larger than 1 GiB");
    return -8;
  }
  int32_t mask = (1 << align_log2) - 1;
  mask |= 7 * (size >= 8);
  if (w->plan->target->frame_up) {
    int32_t at = (w->frame_low + mask) & ~mask;
    w->frame_low = at + (int32_t)size;
    return at;
  }
  w->frame_low = (w->frame_low - (int32_t)size) & ~mask;
  return w->frame_low;
}

int32_t kn_walk_wide(struct kn_walk *w, uint32_t i) {
  struct kn_val *v = &w->val[i];
  if ((v->flags & KN_VF_SLOT_HOME) == 0) {
    v->frame = 0;
    v->flags |= KN_VF_FRAME;
  }
  int32_t at = kn_frame_of(w, v);
  KN_LOG(w, KN_EV_DEF, i, KN_PLACE_FRAME + at);
  return at;
}

uint32_t kn_walk_param(struct kn_walk *w, uint32_t block, uint32_t i) {
  if (w->params_of != block) {
    w->params_of = block;
    w->params.n = 0;
    for (uint32_t v = w->f->block[block].param_first; v; v = w->inst[v].b)
      if (!KN_PUSH(w->f, w->params, v)) break;
  }
  return i < w->params.n ? w->params.at[i] : 0;
}

uint32_t kn_walk_label(struct kn_walk *w) {
  bool ok = KN_PUSH(w->f, w->labels, UINT32_MAX);
  w->label = w->labels.at; /* may have moved, also if the next one fails */
  if (!ok || !KN_PUSH(w->f, w->label_mark, 0)) return 0;
  return w->labels.n - 1;
}

uint32_t kn_walk_literal(struct kn_walk *w, uint64_t low, uint64_t high, uint32_t size) {
  /* the last few are looked at: constants in a loop come again soon */
  uint32_t n = w->literals.n;
  for (uint32_t k = 0; k < 4 && k < n; k++) {
    const struct kn_literal *l = &w->literals.at[n - 1 - k];
    if (l->low == low && l->high == high && l->size == size) return l->label;
  }
  uint32_t label = kn_walk_label(w);
  KN_PUSH(w->f, w->literals, (struct kn_literal){low, high, size, label});
  return label;
}

void kn_walk_reloc(struct kn_walk *w, uint32_t at, uint32_t symbol, uint32_t type, int64_t addend) {
  struct kn_output *out = &w->s->out;
  if (addend != (int32_t)addend) {
    kn_walk_fail(w, KILN_ERR_LIMIT, "offset from a symbol does not fit 32 bits");
    return;
  }
  if (out->n_relocs == out->cap_relocs && !kn_grow(w->f->module, &out->relocs, &out->cap_relocs,
                                                   out->n_relocs + 1, sizeof *out->relocs)) {
    kn_walk_fail(w, KILN_ERR_MEMORY, "out of memory");
    return;
  }
  out->relocs[out->n_relocs++] = (struct kn_code_reloc){at, symbol, type, (int32_t)addend};
  KN_PUSH(w->f, w->reloc_mark, w->fixups.n);
}

void kn_walk_cfi(struct kn_walk *w, const void *bytes, size_t n) {
  struct kn_output *out = &w->s->out;
  if (out->cap_cfi - out->cfi_size < n &&
      !kn_grow(w->f->module, &out->cfi, &out->cap_cfi, out->cfi_size + (uint32_t)n, 1)) {
    kn_walk_fail(w, KILN_ERR_MEMORY, "out of memory");
    return;
  }
  memcpy(out->cfi + out->cfi_size, bytes, n);
  out->cfi_size += (uint32_t)n;
}

uint8_t *kn_walk_put_advance(uint8_t *p, uint32_t delta) {
  if (delta < 64) {
    *p++ = (uint8_t)(0x40 | delta);
  } else if (delta < 256) {
    *p++ = 2;
    *p++ = (uint8_t)delta;
  } else if (delta < 65536) {
    *p++ = 3;
    *p++ = (uint8_t)delta;
    *p++ = (uint8_t)(delta >> 8);
  } else {
    *p++ = 4;
    memcpy(p, &delta, 4);
    p += 4;
  }
  return p;
}

/* Writes down where the function's address-taken blocks are. */
static bool add_labels(struct kn_walk *w) {
  kiln_module *m = w->f->module;
  struct kn_output *out = &w->s->out;
  for (uint32_t i = kn_symbol(m, w->f->symbol)->block_first; i; i = kn_symbol(m, i)->block_first) {
    uint64_t block = (uint64_t)kn_symbol(m, i)->offset;
    uint32_t at = block < w->f->blocks.n ? w->label[block] : UINT32_MAX;
    if (at == UINT32_MAX) at = w->start; /* unreachable: any address will do */
    if (out->n_labels == out->cap_labels &&
        !kn_grow(m, &out->labels, &out->cap_labels, out->n_labels + 1, sizeof *out->labels))
      return false;
    out->labels[out->n_labels++] = (struct kn_code_label){i, at};
  }
  return true;
}

bool kn_walk_end(struct kn_walk *w, uint32_t start, uint32_t end, uint32_t cfi_first,
                 uint32_t reloc_first) {
  struct kn_output *out = &w->s->out;
  kiln_module *m = w->f->module;
  if (w->f->status != KILN_OK) return false;
  if (out->n_funcs == out->cap_funcs &&
      !kn_grow(m, &out->funcs, &out->cap_funcs, out->n_funcs + 1, sizeof *out->funcs))
    return false;
  struct kn_code_func *last = &out->funcs[out->n_funcs];
  last->symbol = w->f->symbol;
  last->start = start;
  last->size = end - start;
  last->reloc_first = reloc_first;
  last->cfi_first = cfi_first;
  last->cfi_size = out->cfi_size - cfi_first;
  last->loc_first = out->n_lines;
  if (kn_symbol(m, w->f->symbol)->block_first && !add_labels(w)) return false;
  if (w->map) kn_map_end(w, start);
  out->n_funcs++;
  out->size = end;
  return true;
}

void kn_walk_free(struct kn_walk *w, kiln_module *m) {
  void *arrays[] = {w->labels.at, w->fixups.at,     w->literals.at,   w->spare.at,
                    w->moves.at,  w->label_mark.at, w->reloc_mark.at, w->cut.at,
                    w->params.at, w->pieces.at,     w->piece_mark.at};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) kn_realloc(m, arrays[i], 0);
  kn_realloc(m, w, 0);
}
