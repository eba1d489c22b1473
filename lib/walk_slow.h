/* The walk's slow paths, instantiated once per target: a target includes this in one file, after
 * lib/walk.h with KN_W defined. Evictions, reloads, materialised constants, moves on edges. */
#include "lib/walk.h"

/* Stores the local value in r to its spill slot, unless that has it; r is left without owner. */
static void spill(struct kn_walk *w, unsigned r) {
  struct kn_val *v = &w->val[w->owner[r]];
  if ((v->flags & KN_VF_FRAME) == 0) {
    KN_W(hook_store)(w, r, kn_frame_of(w, v), v->type);
    v->flags |= KN_VF_FRAME;
    KN_LOG(w, KN_EV_MOVE, r, KN_PLACE_FRAME + v->frame);
    w->s->stats.spills++;
  }
  v->reg = KN_NO_REG;
}

/* A register out of `allowed` when none is free without loss: first copies of slot homes, then values
 * that their spill slots hold, then any. */
unsigned KN_W(evict)(struct kn_walk *w, uint64_t allowed) {
  uint64_t can = w->free & allowed & ~w->locked;
  if (w->stress && can) {
    uint64_t pick = can;
    w->stress = w->stress * UINT64_C(6364136223846793005) + 1442695040888963407u;
    for (unsigned skip = (unsigned)(w->stress >> 60); skip && (pick & (pick - 1)); skip--)
      pick &= pick - 1;
    can = pick;
  }
  if (can == 0) {
    uint64_t held = w->block_regs & allowed & ~w->free & ~w->locked & ~w->temp;
    if (held == 0) {
      kn_walk_fail(w, KILN_ERR_LIMIT, "out of registers");
      return KN_W(scratch)[(allowed & KN_GP_MASK) == 0];
    }
    unsigned victim = (unsigned)__builtin_ctzll(held);
    for (uint64_t m = held; m; m &= m - 1) {
      unsigned r = (unsigned)__builtin_ctzll(m);
      if (w->val[w->owner[r]].flags & KN_VF_FRAME) {
        victim = r;
        break;
      }
    }
    spill(w, victim);
    w->owner[victim] = 0;
    KN_LOG(w, KN_EV_CLOBBER, 0, victim);
    return victim;
  }
  unsigned r = (unsigned)__builtin_ctzll(can);
  w->free &= ~KN_BIT(r);
  w->cached &= ~KN_BIT(r);
  w->owner[r] = 0;
  KN_LOG(w, KN_EV_CLOBBER, 0, r);
  return r;
}

/* Value i has KN_HINT_STORED: the home of the variable that it is stored to, if that is its only use; or
 * KN_NO_REG. */
static unsigned store_target(const struct kn_walk *w, uint32_t i) {
  uint32_t to = w->inst[i + 1].a;
  return w->val[i].uses == 1 && kn_is_slot(to) ? w->f->slots.at[kn_index(to)].reg : KN_NO_REG;
}

/* kn_def of a value with a hint that says what it becomes: its register, or KN_NO_REG if it cannot be
 * that. */
unsigned KN_W(def_hinted)(struct kn_walk *w, uint32_t i) {
  struct kn_val *v = &w->val[i];
  unsigned r;
  if (v->flags & KN_VF_SLOT_HOME) return KN_NO_REG;
  if (v->hint == KN_HINT_AIMED) {
    r = kn_walk_aim(w, i, (const uint32_t[2]){0, 0});
    if (r == KN_NO_REG) return r;
    v->flags |= KN_VF_HOME;
  } else {
    r = store_target(w, i);
    if (r == KN_NO_REG) return r;
    if (KN_UNLIKELY(w->aliased & KN_BIT(r))) KN_W(copy_aliases)(w, r);
    v->flags = KN_VF_ALIAS;
    v->frame = 0;
  }
  v->reg = (uint8_t)r;
  w->locked |= KN_BIT(r);
  KN_LOG(w, KN_EV_DEF, i, r);
  return r;
}

unsigned KN_W(reg_slow)(struct kn_walk *w, uint32_t h, unsigned type) {
  unsigned r;
  if (!kn_is_value(h)) {
    r = kn_temp(w, kn_bank_mask(type));
    KN_W(hook_constant)(w, r, h, type);
    return r;
  }
  struct kn_val *v = &w->val[h];
  if (v->flags & KN_VF_SLOT_HOME) {
    r = v->hint;
    if (r != KN_NO_REG && (w->cached & KN_BIT(r)) && w->owner[r] == h) {
      w->locked |= KN_BIT(r);
      KN_LOG(w, KN_EV_USE, h, r);
      return r;
    }
    r = kn_take(w, kn_bank_mask(v->type));
    KN_W(hook_load)(w, r, kn_frame_of(w, v), v->type);
    KN_LOG(w, KN_EV_MOVE, (uint32_t)(KN_PLACE_FRAME + v->frame), r);
    KN_LOG(w, KN_EV_USE, h, r);
    v->hint = (uint8_t)r;
    w->owner[r] = h;
    w->free |= KN_BIT(r);
    w->cached |= KN_BIT(r);
    w->locked |= KN_BIT(r);
    return r;
  }
  unsigned wanted = v->hint < 8 && !w->stress ? w->plan->target->arg_regs[v->hint] : KN_NO_REG;
  unsigned home = KN_NO_REG;
  if (KN_UNLIKELY(v->hint == KN_HINT_AIMED) && (v->flags & KN_VF_ADDR))
    home = kn_walk_aim(w, h, (const uint32_t[2]){w->inst[h].a, w->inst[h].b});
  if (home != KN_NO_REG) {
    r = home;
    v->flags |= KN_VF_HOME;
  } else if ((v->flags & KN_VF_ADDR) && wanted < 64 &&
             (w->free & ~w->cached & ~w->locked) >> wanted & 1) {
    r = wanted;
    w->free ^= KN_BIT(r);
  } else {
    r = kn_take(w, kn_bank_mask(v->type));
  }
  w->locked |= KN_BIT(r);
  /* what an address is computed from is needed no longer than that */
  uint64_t locked = w->locked, temp = w->temp;
  if (v->flags & KN_VF_ADDR) {
    KN_W(hook_address)(w, r, h);
    v->flags &= (uint8_t)~KN_VF_ADDR;
    v->frame = 0;
    kn_drop(w, w->inst[h].a);
    if (w->inst[h].b) kn_drop(w, w->inst[h].b);
    KN_LOG(w, KN_EV_DEF, h, r);
  } else if (v->flags & KN_VF_MEM) {
    KN_W(hook_deferred_load)(w, r, h);
    v->flags &= (uint8_t)~KN_VF_MEM;
    v->frame = 0;
    kn_drop(w, w->inst[h].a);
    KN_LOG(w, KN_EV_DEF, h, r);
  } else if (v->flags & KN_VF_FRAME) {
    KN_W(hook_load)(w, r, v->frame, v->type);
    KN_LOG(w, KN_EV_MOVE, (uint32_t)(KN_PLACE_FRAME + v->frame), r);
  } else { /* used before its definition, any bits */
    KN_LOG(w, KN_EV_DEF, h, r);
  }
  KN_LOG_SET(w, KN_EV_DONE, w->locked & ~locked);
  KN_LOG(w, KN_EV_USE, h, r);
  w->locked = locked;
  w->free |= w->temp & ~temp;
  w->temp = temp;
  v->reg = (uint8_t)r;
  if (home == KN_NO_REG) w->owner[r] = h;
  return r;
}

void KN_W(release_slow)(struct kn_walk *w, uint32_t h) {
  struct kn_val *v = &w->val[h];
  if (v->flags & KN_VF_ADDR) {
    kn_drop(w, w->inst[h].a);
    if (w->inst[h].b) kn_drop(w, w->inst[h].b);
    return;
  }
  if (v->flags & KN_VF_MEM) {
    kn_drop(w, w->inst[h].a);
    return;
  }
  if (v->reg != KN_NO_REG) w->free |= KN_BIT(v->reg & 63u);
  /* a slot may be used again, except after setjmp, and but for the caller's */
  bool local = w->plan->target->frame_up ? v->frame > 0 : v->frame < 0;
  if (local && !kn_wide(v->type) && !w->f->returns_twice) {
    if (w->spare_inst != w->i) {
      w->spare_inst = w->i;
      w->spare_ready = w->spare.n;
    }
    KN_PUSH(w->f, w->spare, v->frame);
  }
}

/* Values that still stand for the content of a variable's home get registers of their own, because
 * the home is about to change. */
void KN_W(copy_aliases)(struct kn_walk *w, unsigned home) {
  uint32_t a = w->alias[home];
  w->aliased &= ~KN_BIT(home);
  while (a) {
    struct kn_val *v = &w->val[a];
    uint32_t older = (uint32_t)v->frame;
    if (v->uses && (v->flags & KN_VF_ALIAS) && v->reg == home) {
      if (KN_UNLIKELY(w->p > w->limit) && !kn_walk_room(w, 4096)) return; /* there may be many */
      /* not an operand's register, which may be free already: it is still to be read */
      unsigned r = kn_take(w, kn_bank_mask(v->type) & ~w->locked);
      KN_W(hook_move)(w, r, home, v->type);
      KN_LOG(w, KN_EV_MOVE, home, r);
      v->flags &= (uint8_t)~KN_VF_ALIAS;
      v->frame = 0;
      v->reg = (uint8_t)r; /* not locked: there may be more of them than registers */
      w->owner[r] = a;
    }
    a = older;
  }
}

void KN_W(claim_slow)(struct kn_walk *w, unsigned r) {
  if ((w->temp & KN_BIT(r)) || (w->block_regs & KN_BIT(r)) == 0) return;
  uint32_t h = w->owner[r];
  struct kn_val *v = &w->val[h];
  uint64_t can = w->free & kn_bank_mask(v->type) & ~w->cached & ~w->locked;
  w->owner[r] = 0;
  if (can == 0) {
    w->owner[r] = h;
    spill(w, r);
    w->owner[r] = 0;
    return;
  }
  unsigned to = (unsigned)__builtin_ctzll(can);
  w->free ^= KN_BIT(to);
  KN_W(hook_move)(w, to, r, v->type);
  KN_LOG(w, KN_EV_MOVE, r, to);
  v->reg = (uint8_t)to;
  w->owner[to] = h;
}

/* What homes of this block hold that calls clobber goes to the frame: each has a place there, whatever it
 * is the home of. */
static void keep_homes(struct kn_walk *w) {
  for (uint64_t m = w->kept; m; m &= m - 1) {
    unsigned r = (unsigned)__builtin_ctzll(m);
    if ((w->kept_places & KN_BIT(r)) == 0) w->kept_at[r] = kn_walk_frame(w, 8, 3);
    w->kept_places |= KN_BIT(r);
    if (KN_UNLIKELY(w->p > w->limit) && !kn_walk_room(w, 4096)) return;
    KN_W(hook_store)(w, r, w->kept_at[r], r < KN_FP_BASE ? KILN_TYPE_I64 : KILN_TYPE_F64);
    KN_LOG(w, KN_EV_MOVE, r, KN_PLACE_FRAME + w->kept_at[r]);
  }
}

void KN_W(reload_homes)(struct kn_walk *w) {
  for (uint64_t m = w->kept; m; m &= m - 1) {
    unsigned r = (unsigned)__builtin_ctzll(m);
    if (KN_UNLIKELY(w->p > w->limit) && !kn_walk_room(w, 4096)) return;
    KN_W(hook_load)(w, r, w->kept_at[r], r < KN_FP_BASE ? KILN_TYPE_I64 : KILN_TYPE_F64);
    KN_LOG(w, KN_EV_MOVE, KN_PLACE_FRAME + w->kept_at[r], r);
  }
}

/* Before a call: local values in clobbered registers go to their spill slots, homes to where they are
 * kept. The registers keep their content until the call; kn_called comes right behind that. */
void KN_W(save_live)(struct kn_walk *w, uint64_t clobbered) {
  if (KN_UNLIKELY(w->kept != 0)) keep_homes(w);
  uint64_t live = w->block_regs & ~w->free & ~w->temp & clobbered;
  for (uint64_t m = live; m; m &= m - 1) spill(w, (unsigned)__builtin_ctzll(m));
  w->free |= live;
  w->cached &= ~clobbered;
  w->epoch++;
}

/* ---- moves ---- */

/* Fills in where h is to be read from. */
void KN_W(source)(struct kn_walk *w, uint32_t h, struct kn_place_move *m) {
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
    if (v->hint != KN_NO_REG && (w->cached & KN_BIT(v->hint)) && w->owner[v->hint] == h)
      m->src = v->hint;
    else m->src_frame = kn_frame_of(w, v);
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
    if (kn_wide(m->type)) KN_LOG(w, KN_EV_CONST, m->src_handle, KN_PLACE_FRAME + m->dst_frame + 8);
  } else {
    KN_LOG_COPY(w, m->dst_frame, m->src_frame, m->type);
  }
#endif
  (void)w, (void)m;
}

/* Performs the collected moves as if at once: to the frame first (no such destination is a source:
 * whoever collects sees to that), then among registers, then loads and constants. */
void KN_W(run_moves)(struct kn_walk *w) {
  struct kn_reg_move reg[64], out[128];
  unsigned n = 0;
  uint64_t written = 0, read = 0;
  bool later = false;
  KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
  for (uint32_t i = 0; i < w->moves.n; i++) {
    const struct kn_place_move *m = &w->moves.at[i];
    if (m->dst == KN_NO_REG) {
      if (KN_UNLIKELY(w->p > w->limit) && !kn_walk_room(w, (size_t)(w->moves.n - i) * 32)) return;
      if (m->src != KN_NO_REG) KN_W(hook_store)(w, m->src, m->dst_frame, m->type);
      else if (m->src_handle) KN_W(hook_store_constant)(w, m->dst_frame, m->src_handle, m->type);
      else if (m->dst_frame != m->src_frame)
        KN_W(hook_copy)(w, m->dst_frame, m->src_frame, m->type);
      log_to_frame(w, m);
    } else if (m->src == KN_NO_REG) {
      later = true;
    } else if (m->src != m->dst && n < 64) {
      reg[n++] = (struct kn_reg_move){m->dst, m->src, m->type};
      written |= KN_BIT(m->dst);
      read |= KN_BIT(m->src);
    }
  }
  if (KN_LIKELY((written & read) == 0)) {
    for (unsigned i = 0; i < n; i++) {
      KN_W(hook_move)(w, reg[i].dst, reg[i].src, reg[i].type);
      KN_LOG(w, KN_EV_MOVE, reg[i].src, reg[i].dst);
    }
  } else {
    unsigned k = kn_moves_order(reg, n, KN_W(scratch), out);
    for (unsigned i = 0; i < k; i++) {
      KN_W(hook_move)(w, out[i].dst, out[i].src, out[i].type);
      KN_LOG(w, KN_EV_MOVE, out[i].src, out[i].dst);
    }
  }
  if (later) {
    for (uint32_t i = 0; i < w->moves.n; i++) {
      const struct kn_place_move *m = &w->moves.at[i];
      if (m->dst == KN_NO_REG || m->src != KN_NO_REG) continue;
      if (m->src_handle) KN_W(hook_constant)(w, m->dst, m->src_handle, m->type);
      else KN_W(hook_load)(w, m->dst, m->src_frame, m->type);
      if (m->src_handle) KN_LOG(w, KN_EV_CONST, m->src_handle, m->dst);
      else KN_LOG(w, KN_EV_MOVE, (uint32_t)(KN_PLACE_FRAME + m->src_frame), m->dst);
    }
  }
  log_moved(w);
  w->moves.n = 0;
}

/* Notes where the values are, and that each is used once. None may wait to be computed. Few branches,
 * here and in the next: what arguments are is hardly ever the same twice, so sets of them are made. */
void KN_W(take_moves)(struct kn_walk *w, struct kn_few_moves *m, unsigned n) {
  uint64_t free = 0;
  unsigned left = 0;
  for (unsigned k = 0; k < n; k++) {
    uint32_t h = m->h[k];
    m->src[k] = KN_NO_REG;
    if (!kn_is_value(h)) continue;
    struct kn_val *v = &w->val[h];
    unsigned flags = v->flags, reg = v->reg;
    m->src[k] = (uint8_t)reg;
    if (KN_UNLIKELY(reg == KN_NO_REG)) {
      struct kn_place_move one;
      KN_W(source)(w, h, &one);
      m->src[k] = one.src;
      m->frame[k] = one.src_frame;
      flags = v->flags;
    }
    /* kn_drop, but that nothing is free before all are known */
    uint64_t last = --v->uses == 0, plain = (flags & ~KN_VF_ZX) == 0;
    free |= (last & plain) << (v->reg & 63);
    left |=
      (unsigned)(last & !plain & ((flags & (KN_VF_HOME | KN_VF_SLOT_HOME | KN_VF_ALIAS)) == 0))
      << k;
  }
  w->free |= free;
  for (; left; left &= left - 1) KN_W(release_slow)(w, m->h[__builtin_ctz(left)]);
}

/* Performs the moves as if at once. */
void KN_W(move_few)(struct kn_walk *w, const struct kn_few_moves *m, unsigned n) {
  unsigned moves = 0, others = 0;
  uint64_t read = 0, written = 0;
  for (unsigned k = 0; k < n; k++) {
    unsigned elsewhere = m->src[k] == KN_NO_REG, move = !elsewhere & (m->src[k] != m->dst[k]);
    others |= elsewhere << k;
    moves |= move << k;
    read |= (uint64_t)move << (m->src[k] & 63);
    written |= (uint64_t)move << m->dst[k];
  }
  if (KN_UNLIKELY((read & written) != 0)) { /* some wait for others */
    for (unsigned k = 0; k < n; k++) {
      struct kn_place_move one = {.dst = m->dst[k], .src = m->src[k], .type = m->type[k]};
      if (one.src == KN_NO_REG && kn_is_value(m->h[k])) one.src_frame = m->frame[k];
      else if (one.src == KN_NO_REG) one.src_handle = m->h[k];
#ifdef KN_CHECKS
      one.value = m->h[k];
#endif
      KN_PUSH(w->f, w->moves, one);
    }
    KN_W(run_moves)(w);
    return;
  }
  KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
  for (; moves; moves &= moves - 1) {
    unsigned k = (unsigned)__builtin_ctz(moves);
    KN_W(hook_move)(w, m->dst[k], m->src[k], m->type[k]);
    KN_LOG(w, KN_EV_MOVE, m->src[k], m->dst[k]);
  }
  for (; others; others &= others - 1) {
    unsigned k = (unsigned)__builtin_ctz(others);
    if (kn_is_value(m->h[k])) {
      KN_W(hook_load)(w, m->dst[k], m->frame[k], m->type[k]);
      KN_LOG(w, KN_EV_MOVE, (uint32_t)(KN_PLACE_FRAME + m->frame[k]), m->dst[k]);
    } else {
      KN_W(hook_constant)(w, m->dst[k], m->h[k], m->type[k]);
      KN_LOG(w, KN_EV_CONST, m->h[k], m->dst[k]);
    }
  }
  for (unsigned k = 0; k < n; k++) KN_LOG(w, KN_EV_USE, m->h[k], m->dst[k]);
}

/* Arguments that are still to be computed are computed now, before the paths part. */
void KN_W(prepare_edge)(struct kn_walk *w, const struct kn_edge *e) {
  const struct kn_edge_arg *args = w->f->edge_args.at;
  unsigned flags = 0;
  for (uint32_t a = e->args; a; a = args[a - 1].next)
    flags |= w->val[kn_value_or_none(args[a - 1].value)].flags;
  if (KN_LIKELY((flags & (KN_VF_ADDR | KN_VF_MEM)) == 0)) return;
  uint64_t locked = w->locked;
  for (uint32_t a = e->args; a; a = args[a - 1].next) {
    uint32_t h = args[a - 1].value;
    if (kn_is_value(h) && (w->val[h].flags & (KN_VF_ADDR | KN_VF_MEM))) {
      if (KN_UNLIKELY(w->p > w->limit) && !kn_walk_room(w, 4096)) return; /* there may be many */
      KN_W(reg_slow)(w, h, w->val[h].type);
      KN_LOG_SET(w, KN_EV_DONE, w->locked & ~locked);
      w->locked = locked;
    }
  }
}

/* Parameter `i` of the target of an edge; 0 if the function failed. */
static uint32_t edge_param(struct kn_walk *w, uint32_t target, uint32_t i) {
  const struct kn_block *b = &w->f->block[target];
  return KN_LIKELY(b->contiguous) ? b->param_first + i : kn_walk_param(w, target, i);
}

/* Logs which parameters the moves of an edge wrote. */
static void log_edge(struct kn_walk *w, const struct kn_edge *e) {
#ifdef KN_CHECKS
  const kiln_func *f = w->f;
  for (uint32_t a = e->args; a; a = f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    uint32_t param = edge_param(w, e->target, arg->index);
    const struct kn_val *pv = &w->val[param];
    if ((pv->flags & (KN_VF_HOME | KN_VF_SLOT_HOME)) == 0) continue;
    if (pv->flags & KN_VF_SHADOW)
      KN_LOG(w, KN_EV_DEF, param, KN_PLACE_FRAME + (int32_t)f->inst[param].c);
    else if (arg->value != param)
      KN_LOG(w, KN_EV_DEF, param, pv->flags & KN_VF_HOME ? pv->reg : KN_PLACE_FRAME + pv->frame);
  }
#endif
  (void)w;
  (void)e;
}

/* The usual edge: a few arguments, for parameters whose homes are registers. False, and nothing done, if
 * this is another. */
static bool edge_to_registers(struct kn_walk *w, const struct kn_edge *e) {
  const kiln_func *f = w->f;
  const struct kn_block *b = &f->block[e->target];
  if (KN_UNLIKELY(!b->contiguous)) return false;
  struct kn_few_moves m;
  unsigned n = 0;
  bool same = false;
  for (uint32_t a = e->args; a; a = f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    uint32_t param = b->param_first + arg->index;
    const struct kn_val *pv = &w->val[param];
    if ((pv->flags & (KN_VF_HOME | KN_VF_SHADOW)) != KN_VF_HOME || n == KN_FEW_MOVES) return false;
    m.h[n] = arg->value;
    m.dst[n] = pv->reg;
    m.type[n] = pv->type;
    same |= arg->value == param;
    n += arg->value != param; /* else it stays as it is */
  }
  KN_W(take_moves)(w, &m, n);
  KN_W(move_few)(w, &m, n);
  for (uint32_t a = same ? e->args : 0; a; a = f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    if (arg->value == b->param_first + arg->index) kn_drop(w, arg->value);
  }
  return true;
}

/* Writes the homes of the target's parameters. True if code was emitted. */
bool KN_W(edge)(struct kn_walk *w, const struct kn_edge *e) {
  kiln_func *f = w->f;
  uint8_t *before = w->p;
  uint8_t *base = w->base;
  KN_LOG(w, KN_EV_EDGE, (uint32_t)(e - f->edges.at), 0);
  if (edge_to_registers(w, e)) {
    log_edge(w, e);
    return w->p != before;
  }
  for (uint32_t a = e->args; a; a = f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    uint32_t param = edge_param(w, e->target, arg->index);
    if (KN_UNLIKELY(param == 0)) return false;
    struct kn_val *pv = &w->val[param];
    if ((pv->flags & (KN_VF_HOME | KN_VF_SLOT_HOME)) == 0) continue; /* never used */
    struct kn_place_move m = {.dst = KN_NO_REG, .type = pv->type};
    if (KN_UNLIKELY(pv->flags & KN_VF_SHADOW)) {
      /* its own memory, which nothing else reads */
      uint32_t *shadow = &f->inst[param].c;
      if (*shadow == 0) *shadow = (uint32_t)kn_walk_frame(w, kn_wide(pv->type) ? 16 : 8, 4);
      m.dst_frame = (int32_t)*shadow;
    } else if (pv->flags & KN_VF_HOME) {
      m.dst = pv->reg;
    } else {
      m.dst_frame = kn_frame_of(w, pv);
    }
    if (arg->value == param && !(pv->flags & KN_VF_SHADOW)) continue; /* it stays as it is */
    KN_W(source)(w, arg->value, &m);
    /* a parameter of the target in memory that this edge also writes: out of the way first */
    if (m.src == KN_NO_REG && m.src_handle == 0 && w->inst[arg->value].op == KILN_OP_PARAM &&
        w->inst[arg->value].a == e->target && arg->value != param) {
      int32_t copy = kn_walk_frame(w, kn_wide(m.type) ? 16 : 8, 4);
      KN_W(hook_copy)(w, copy, m.src_frame, m.type);
      KN_LOG_COPY(w, copy, m.src_frame, m.type);
      m.src_frame = copy;
    }
    if (KN_UNLIKELY(w->p > w->limit)) {
      ptrdiff_t done = before - base;
      if (!kn_walk_room(w, 4096)) return false;
      base = w->base;
      before = base + done;
    }
    if (!KN_PUSH(f, w->moves, m)) return false;
  }
  if (w->moves.n) KN_W(run_moves)(w);
  log_edge(w, e);
  for (uint32_t a = e->args; a; a = f->edge_args.at[a - 1].next)
    kn_drop(w, f->edge_args.at[a - 1].value);
  return (w->p - w->base) != (before - base);
}

/* Parameters of an address-taken block come from their shadow slots to their homes. */
void KN_W(read_shadows)(struct kn_walk *w, const struct kn_block *b) {
  for (uint32_t i = b->param_first; i; i = w->inst[i].b) {
    struct kn_val *v = &w->val[i];
    if ((v->flags & KN_VF_SHADOW) == 0 || !(v->flags & (KN_VF_HOME | KN_VF_SLOT_HOME))) continue;
    uint32_t *shadow = &w->f->inst[i].c;
    if (*shadow == 0) *shadow = (uint32_t)kn_walk_frame(w, kn_wide(v->type) ? 16 : 8, 4);
    if (w->p > w->limit && !kn_walk_room(w, 4096)) return;
    if (v->flags & KN_VF_HOME) {
      KN_W(hook_load)(w, v->reg, (int32_t)*shadow, v->type);
      KN_LOG(w, KN_EV_MOVE, KN_PLACE_FRAME + *shadow, v->reg);
    } else {
      KN_W(hook_copy)(w, kn_frame_of(w, v), (int32_t)*shadow, v->type);
      KN_LOG_COPY(w, v->frame, (int32_t)*shadow, v->type);
    }
  }
}

/* ---- variables ---- */

void KN_W(load_variable)(struct kn_walk *w, const struct kn_inst *in, unsigned home) {
  if (w->val[w->i].uses == 0) return;
  KN_LOG(w, KN_EV_USE, KN_CONTENT(kn_index(in->a)), home);
  unsigned dst = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  KN_W(hook_move)(w, dst, home, in->type);
  kn_defined(w, w->i, dst);
}

void KN_W(load_copy)(struct kn_walk *w, const struct kn_inst *in, struct kn_slot *s, unsigned r) {
  w->locked |= KN_BIT(r);
  unsigned zx = w->val[s->value].flags & KN_VF_ZX;
  KN_LOG(w, KN_EV_USE, s->value, r);
  unsigned dst = kn_def(w, w->i, in->type, r, 0);
  KN_W(hook_move)(w, dst, r, in->type);
  w->val[w->i].flags |= (uint8_t)zx;
  kn_defined(w, w->i, dst);
  if (w->owner[dst] == w->i) kn_slot_note(w, s, w->i);
}

void KN_W(store_variable)(struct kn_walk *w, const struct kn_inst *in, unsigned home) {
  uint32_t b = in->b;
  if (kn_is_value(b) && (w->val[b].flags & KN_VF_ADDR) && w->val[b].uses == 1) {
    /* computed in place; it may be computed from what the home held */
    if (w->aliased & KN_BIT(home)) KN_W(copy_aliases)(w, home);
    KN_W(hook_address)(w, home, b);
    KN_LOG(w, KN_EV_DEF, b, home);
    KN_LOG(w, KN_EV_USE, b, home);
    kn_drop(w, b);
  } else if (kn_is_value(b)) {
    unsigned r = kn_reg(w, b, in->type);
    kn_drop(w, b);
    if (r != home) { /* else it was computed in place, or is stored back unchanged */
      if (w->aliased & KN_BIT(home)) KN_W(copy_aliases)(w, home);
      KN_W(hook_move)(w, home, r, in->type);
    }
  } else {
    if (w->aliased & KN_BIT(home)) KN_W(copy_aliases)(w, home);
    KN_W(hook_constant)(w, home, b, in->type);
  }
  KN_LOG(w, KN_EV_STORE, kn_index(in->a), home);
}
