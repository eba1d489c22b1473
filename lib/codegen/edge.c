/* Moves that happen as if at once: of arguments to where a call expects them, of an edge's arguments to the
 * homes of its target's parameters. Called by the targets. Invariant: no destination in the frame is a source
 * of the same moves; registers may be both (lib/codegen/moves.c orders them). */
#include "lib/codegen/walk.h"

/* ---- moves ---- */

void kn_source(struct kn_walk *w, uint32_t h, struct kn_place_move *m) {
  m->src = KN_NO_REG;
  m->src_handle = 0;
  m->src_frame = 0;
#ifdef KN_CHECKS
  m->value = h;
#endif
  if (!kn_is_value(h)) {
    m->src_handle = h;
    return;
  }
  struct kn_val *v = &w->val[h];
  if (v->flags & KN_VF_SLOT_HOME) {
    m->src = (uint8_t)kn_home_copy(w, h);
    if (m->src == KN_NO_REG) m->src_frame = kn_frame_of(w, v);
  } else if (v->reg != KN_NO_REG) {
    m->src = v->reg;
  } else if (v->flags & KN_VF_FRAME) {
    m->src_frame = v->frame;
  } else {
    m->src = (uint8_t)kn_reg(w, h, v->type);
  }
}

/* Logs that what was moved is read where it is now. */
static void log_moved(const struct kn_walk *w) {
#ifdef KN_CHECKS
  for (uint32_t i = 0; i < w->moves.n; i++) {
    const struct kn_place_move *m = &w->moves.at[i];
    if (m->value)
      KN_LOG(w, KN_EV_USE, m->value, m->dst != KN_NO_REG ? m->dst : KN_PLACE_FRAME + m->dst_frame);
  }
#endif
  (void)w;
}

/* Logs a move to the frame that was just emitted. */
static void log_to_frame(const struct kn_walk *w, const struct kn_place_move *m) {
#ifdef KN_CHECKS
  if (m->src != KN_NO_REG) {
    KN_LOG(w, KN_EV_MOVE, m->src, KN_PLACE_FRAME + m->dst_frame);
  } else if (m->src_handle) {
    KN_LOG(w, KN_EV_CONST, m->src_handle, KN_PLACE_FRAME + m->dst_frame);
  } else {
    KN_LOG_COPY(w, m->dst_frame, m->src_frame, m->type);
  }
#endif
  (void)w, (void)m;
}

/* Moves to the frame come first (whoever collects the moves ensures that no such destination is a source), then those
 * among registers, then loads and constants. */
void kn_run_moves(struct kn_walk *w) {
  struct kn_reg_move reg[KN_MAX_REG_MOVES], out[2 * KN_MAX_REG_MOVES];
  unsigned n = 0;
  uint64_t written = 0, read = 0;
  bool later = false;
  KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
  for (uint32_t i = 0; i < w->moves.n; i++) {
    const struct kn_place_move *m = &w->moves.at[i];
    if (m->dst == KN_NO_REG) {
      if (!kn_code_ready(w)) return;
      if (m->src != KN_NO_REG) w->hooks->store(w, m->src, m->dst_frame, m->type);
      else if (m->src_handle) w->hooks->store_constant(w, m->dst_frame, m->src_handle, m->type);
      else if (m->dst_frame != m->src_frame) w->hooks->copy(w, m->dst_frame, m->src_frame, m->type);
      log_to_frame(w, m);
    } else if (m->src == KN_NO_REG) {
      later = true;
    } else if (m->src != m->dst) {
      if (KN_UNLIKELY(written & KN_BIT(m->dst))) { /* so there are no more moves than registers */
        kn_walk_fail(w, KILN_ERR_INTERNAL, "two parallel moves to one register");
        return;
      }
      reg[n++] = (struct kn_reg_move){m->dst, m->src, m->type};
      written |= KN_BIT(m->dst);
      read |= KN_BIT(m->src);
    }
  }
  if (KN_LIKELY((written & read) == 0)) {
    for (unsigned i = 0; i < n; i++) {
      w->hooks->move(w, reg[i].dst, reg[i].src, reg[i].type);
      KN_WROTE(w, KN_EV_MOVE, reg[i].src, reg[i].dst);
    }
  } else {
    unsigned k = kn_moves_order(reg, n, w->target->scratch, out);
    for (unsigned i = 0; i < k; i++) {
      w->hooks->move(w, out[i].dst, out[i].src, out[i].type);
      KN_WROTE(w, KN_EV_MOVE, out[i].src, out[i].dst);
    }
  }
  if (later) {
    for (uint32_t i = 0; i < w->moves.n; i++) {
      const struct kn_place_move *m = &w->moves.at[i];
      if (m->dst == KN_NO_REG || m->src != KN_NO_REG) continue;
      if (m->src_handle) w->hooks->constant(w, m->dst, m->src_handle, m->type);
      else w->hooks->load(w, m->dst, m->src_frame, m->type);
      if (m->src_handle) KN_WROTE(w, KN_EV_CONST, m->src_handle, m->dst);
      else KN_WROTE(w, KN_EV_MOVE, (uint32_t)(KN_PLACE_FRAME + m->src_frame), m->dst);
    }
  }
  log_moved(w);
  w->moves.n = 0;
}

/* Few branches: what kinds of operands the arguments are is hardly ever the same twice, so
 * masks of them are made. */
void kn_take_moves(struct kn_walk *w, struct kn_few_moves *m, unsigned n) {
  uint64_t free = 0, read = 0, written = 0;
  unsigned left = 0, moves = 0, others = 0;
  for (unsigned k = 0; k < n; k++) {
    uint32_t h = m->h[k];
    if (!kn_is_value(h)) {
      m->src[k] = KN_NO_REG;
      others |= 1u << k;
      continue;
    }
    struct kn_val *v = &w->val[h];
    unsigned flags = v->flags, reg = v->reg, src = reg;
    if (KN_UNLIKELY(reg == KN_NO_REG)) {
      struct kn_place_move one;
      kn_source(w, h, &one);
      src = one.src;
      m->frame[k] = one.src_frame;
      flags = v->flags;
    }
    m->src[k] = (uint8_t)src;
    if (KN_LIKELY(src != KN_NO_REG)) {
      unsigned move = src != m->dst[k];
      moves |= move << k;
      read |= (uint64_t)move << src;
      written |= (uint64_t)move << m->dst[k];
    } else {
      others |= 1u << k;
    }
    /* as kn_drop, but no register is freed before all values are known */
    uint64_t last = --v->uses == 0, plain = (flags & ~KN_VF_ZX) == 0;
    free |= (last & plain) << (v->reg & 63);
    left |=
      (unsigned)(last & !plain & ((flags & (KN_VF_HOME | KN_VF_SLOT_HOME | KN_VF_ALIAS)) == 0))
      << k;
  }
  m->moves = moves;
  m->others = others;
  m->crossing = (read & written) != 0;
  w->regs.free |= free;
  for (; left; left &= left - 1) kn_release(w, m->h[__builtin_ctz(left)]);
}

void kn_move_few(struct kn_walk *w, const struct kn_few_moves *m, unsigned n) {
  if (KN_UNLIKELY(m->crossing)) {
    for (unsigned k = 0; k < n; k++) {
      struct kn_place_move one = {.dst = m->dst[k], .src = m->src[k], .type = m->type[k]};
      if (one.src == KN_NO_REG && kn_is_value(m->h[k])) one.src_frame = m->frame[k];
      else if (one.src == KN_NO_REG) one.src_handle = m->h[k];
#ifdef KN_CHECKS
      one.value = m->h[k];
#endif
      KN_PUSH(w->owner, w->moves, one);
    }
    kn_run_moves(w);
    return;
  }
  KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
  for (uint32_t moves = m->moves; moves; moves &= moves - 1) {
    unsigned k = (unsigned)__builtin_ctz(moves);
    w->hooks->move(w, m->dst[k], m->src[k], m->type[k]);
    KN_WROTE(w, KN_EV_MOVE, m->src[k], m->dst[k]);
  }
  for (uint32_t others = m->others; others; others &= others - 1) {
    unsigned k = (unsigned)__builtin_ctz(others);
    if (kn_is_value(m->h[k])) {
      w->hooks->load(w, m->dst[k], m->frame[k], m->type[k]);
      KN_WROTE(w, KN_EV_MOVE, (uint32_t)(KN_PLACE_FRAME + m->frame[k]), m->dst[k]);
    } else {
      w->hooks->constant(w, m->dst[k], m->h[k], m->type[k]);
      KN_WROTE(w, KN_EV_CONST, m->h[k], m->dst[k]);
    }
  }
  for (unsigned k = 0; k < n; k++) KN_LOG(w, KN_EV_USE, m->h[k], m->dst[k]);
}

void kn_edge_prepare(struct kn_walk *w, const struct kn_edge *e) {
  const struct kn_edge_arg *args = w->f->edge_args.at;
  unsigned flags = 0;
  for (uint32_t a = e->args; a; a = args[a - 1].next)
    flags |= w->val[kn_value_or_none(args[a - 1].value)].flags;
  if (KN_LIKELY((flags & (KN_VF_ADDR | KN_VF_WAITS)) == 0)) return;
  uint64_t locked = w->regs.locked;
  for (uint32_t a = e->args; a; a = args[a - 1].next) {
    uint32_t h = args[a - 1].value;
    if (kn_is_value(h) && (w->val[h].flags & (KN_VF_ADDR | KN_VF_WAITS))) {
      if (!kn_code_ready(w)) return; /* there may be many */
      kn_reg_slow(w, h, w->val[h].type);
      KN_LOG_SET(w, KN_EV_DONE, w->regs.locked & ~locked);
      w->regs.locked = locked;
    }
  }
}

/* Parameter `i` of the target of an edge; 0 if the function failed. */
static uint32_t edge_param(struct kn_walk *w, uint32_t target, uint32_t i) {
  const struct kn_block *b = &w->f->block[target];
  return KN_LIKELY(b->contiguous) ? b->param_first + i : kn_walk_param(w, target, i);
}

/* Frame offset of the shadow slot of parameter i of an address-taken block: memory of its own, which only
 * edges into the block write and only its beginning reads. */
static int32_t shadow(struct kn_walk *w, uint32_t i) {
  for (uint32_t n = w->shadows.n; n <= i; n++)
    if (!KN_PUSH(w->owner, w->shadows, 0)) return 0;
  int32_t *at = &w->shadows.at[i];
  if (*at == 0) *at = kn_frame_alloc(w, kn_spills_16(w, w->val[i].type) ? 16 : 8, 4);
  return *at;
}

/* Has the parameter, or half of one, a place? It has none if it is never used. */
KN_INLINE bool is_received(const struct kn_walk *w, uint32_t param) {
  return (w->val[param].flags & (KN_VF_HOME | KN_VF_SLOT_HOME)) != 0;
}

/* That place, as the destination of `m`. */
KN_INLINE void edge_place(struct kn_walk *w, const struct kn_edge *e, uint32_t param,
                          struct kn_place_move *m) {
  struct kn_val *v = &w->val[param];
  m->type = v->type;
  if (KN_UNLIKELY(w->f->block[e->target].address_taken)) m->dst_frame = shadow(w, param);
  else if (v->flags & KN_VF_HOME) m->dst = v->reg;
  else m->dst_frame = kn_frame_of(w, v);
}

/* True if the argument's place is a parameter of the edge's target in the frame, which the edge may write. */
KN_INLINE bool is_overwritten(const struct kn_walk *w, const struct kn_edge *e, uint32_t h,
                              const struct kn_place_move *m, bool pairs) {
  if (m->src != KN_NO_REG || m->src_handle != 0) return false;
  const struct kn_inst *in = pairs ? kn_maker(w->f, h) : &w->inst[h];
  return in->op == KILN_OP_PARAM && in->a == e->target;
}

/* Copies the source of a move, which is in the frame, to where the move then reads it. */
static bool copy_away(struct kn_walk *w, struct kn_place_move *m) {
  int32_t copy = kn_frame_alloc(w, kn_spills_16(w, m->type) ? 16 : 8, 4);
  if (!kn_code_ready(w)) return false;
  w->hooks->copy(w, copy, m->src_frame, m->type);
  KN_LOG_COPY(w, copy, m->src_frame, m->type);
  m->src_frame = copy;
  return true;
}

/* The same as a move: those to the frame are done in their order, before all others. */
static bool copy_later(struct kn_walk *w, struct kn_place_move m) {
  m.dst = KN_NO_REG;
  m.dst_frame =
    kn_frame_alloc(w, kn_spills_16(w, m.type) ? 16 : 8, kn_spills_16(w, m.type) ? 4 : 3);
#ifdef KN_CHECKS
  m.value = 0;
#endif
  return KN_PUSH(w->owner, w->moves, m);
}

/* Collects the move of argument h, or half of one, to parameter `param`, which has a place. Arguments that the
 * moves would overwrite are copied away first: for a try in a pass of its own, since its moves wait for the landing
 * pad; *copy is the next of that pass, whose moves are the first ones. */
KN_INLINE bool collect_one(struct kn_walk *w, const struct kn_edge *e,
                           const struct kn_arrival *from, unsigned pass, uint32_t *copy, uint32_t h,
                           uint32_t param, bool pairs) {
  struct kn_place_move m = {.dst = KN_NO_REG, .src = KN_NO_REG};
  edge_place(w, e, param, &m);
  if (KN_UNLIKELY(kn_is_tried(h))) {
    m.src = from->reg[kn_arrives_at(h)];
    m.src_frame = from->frame[kn_arrives_at(h)];
#ifdef KN_CHECKS
    m.value = h;
#endif
  } else {
    if (h == param && !w->f->block[e->target].address_taken) return true; /* it stays as it is */
    kn_source(w, h, &m);
    if (h != param && is_overwritten(w, e, h, &m, pairs)) {
      if (from == NULL ? !copy_away(w, &m) : pass == 0 && !copy_later(w, m)) return false;
      if (from != NULL && pass == 1) m.src_frame = w->moves.at[(*copy)++].dst_frame;
    }
  }
  return pass == 0 || KN_PUSH(w->owner, w->moves, m);
}

/* `pairs`: the function has parameters that are two values. */
KN_INLINE bool collect(struct kn_walk *w, const struct kn_edge *e, const struct kn_arrival *from,
                       bool pairs) {
  const kiln_func *f = w->f;
  for (unsigned pass = from == NULL; pass < 2; pass++) {
    uint32_t copy = 0;
    for (uint32_t a = e->args; a; a = f->edge_args.at[a - 1].next) {
      const uint32_t h = f->edge_args.at[a - 1].value;
      if (pass == 0 && kn_is_tried(h)) continue; /* of no parameter */
      const uint32_t param = edge_param(w, e->target, f->edge_args.at[a - 1].index);
      if (param == 0) return false;
      if (is_received(w, param) && !collect_one(w, e, from, pass, &copy, h, param, pairs))
        return false;
      if (pairs && kn_is_pair(f, param) && is_received(w, param + 1) &&
          !collect_one(w, e, from, pass, &copy, kn_half(f, h, 1), param + 1, pairs))
        return false;
    }
  }
  return f->status == KILN_OK;
}

bool kn_edge_collect(struct kn_walk *w, const struct kn_edge *e, const struct kn_arrival *from) {
  return collect(w, e, from, true);
}

#ifdef KN_CHECKS
static void log_one(const struct kn_walk *w, const struct kn_edge *e, uint32_t h, uint32_t param) {
  const struct kn_val *v = &w->val[param];
  if (!is_received(w, param)) return;
  if (w->f->block[e->target].address_taken)
    KN_LOG(w, KN_EV_DEF, param, KN_PLACE_FRAME + w->shadows.at[param]);
  else if (h != param)
    KN_LOG(w, KN_EV_DEF, param, v->flags & KN_VF_HOME ? v->reg : KN_PLACE_FRAME + v->frame);
}
#endif

void kn_edge_log(struct kn_walk *w, const struct kn_edge *e) {
#ifdef KN_CHECKS
  const kiln_func *f = w->f;
  for (uint32_t a = e->args; a; a = f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    uint32_t param = edge_param(w, e->target, arg->index);
    log_one(w, e, arg->value, param);
    if (kn_is_pair(w->f, param)) log_one(w, e, kn_half(w->f, arg->value, 1), param + 1);
  }
#endif
  (void)w;
  (void)e;
}

/* The usual edge: a few arguments, for parameters whose homes are registers. False, with nothing done, for any other
 * edge. */
static bool edge_to_registers(struct kn_walk *w, const struct kn_edge *e) {
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[e->target];
  if (KN_UNLIKELY(!b->contiguous || b->address_taken)) return false;
  struct kn_few_moves m;
  unsigned n = 0;
  bool same = false;
  for (uint32_t a = e->args; a; a = f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    uint32_t param = b->param_first + arg->index;
    const struct kn_val *pv = &w->val[param];
    if ((pv->flags & KN_VF_HOME) == 0 || n == KN_FEW_MOVES) return false;
    m.h[n] = arg->value;
    m.dst[n] = pv->reg;
    m.type[n] = pv->type;
    same |= arg->value == param;
    n += arg->value != param; /* else it stays as it is */
  }
  kn_take_moves(w, &m, n);
  kn_move_few(w, &m, n);
  for (uint32_t a = same ? e->args : 0; a; a = f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    if (arg->value == b->param_first + arg->index) kn_drop(w, arg->value);
  }
  return true;
}

bool kn_edge_moves(struct kn_walk *w, const struct kn_edge *e) {
  uint32_t before = kn_here(w);
  KN_LOG(w, KN_EV_EDGE, (uint32_t)(e - w->f->edges.at), 0);
  if (edge_to_registers(w, e)) {
    kn_edge_log(w, e);
    return kn_here(w) != before;
  }
  const bool pairs = KN_UNLIKELY(w->f->facts.has_pairs);
  if (!(pairs ? kn_edge_collect(w, e, NULL) : collect(w, e, NULL, false)) || !kn_code_ready(w))
    return false;
  if (w->moves.n) kn_run_moves(w);
  kn_edge_log(w, e);
  kn_edge_drop(w, e);
  return kn_here(w) != before;
}

static void read_shadow(struct kn_walk *w, uint32_t i) {
  struct kn_val *v = &w->val[i];
  if (!is_received(w, i)) return;
  int32_t from = shadow(w, i);
  if (v->flags & KN_VF_HOME) {
    w->hooks->load(w, v->reg, from, v->type);
    KN_WROTE(w, KN_EV_MOVE, KN_PLACE_FRAME + from, v->reg);
  } else {
    w->hooks->copy(w, kn_frame_of(w, v), from, v->type);
    KN_LOG_COPY(w, v->frame, from, v->type);
  }
}

void kn_read_shadows(struct kn_walk *w, const struct kn_block *b) {
  for (uint32_t i = b->param_first; i && kn_code_ready(w); i = w->inst[i].b) {
    read_shadow(w, i);
    if (kn_is_pair(w->f, i)) read_shadow(w, i + 1);
  }
}
