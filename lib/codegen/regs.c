/* The register file's slow paths: evictions, reloads, what is saved around calls, variables that live in registers. See
 * lib/codegen/regs.h for the invariants; lib/codegen/walk.h has the fast paths that call these. Invariant: what a
 * value's flags say holds before and after each of them. */
#include "lib/codegen/walk.h"

/* Stores the local value in r to its spill slot, unless that holds it already. The value is in no
 * register then. */
static void spill(struct kn_walk *w, unsigned r) {
  struct kn_val *v = &w->val[w->regs.owner[r]];
  if ((v->flags & KN_VF_FRAME) == 0) {
    w->hooks->store(w, r, kn_frame_of(w, v), v->type);
    v->flags |= KN_VF_FRAME;
    KN_LOG(w, KN_EV_MOVE, r, KN_PLACE_FRAME + v->frame);
    w->s->stats.spills++;
  }
  v->reg = KN_NO_REG;
}

/* Chooses among registers with copies of what lives in the frame, then values that their spill slots hold too, then
 * any. */
unsigned kn_evict(struct kn_walk *w, uint64_t allowed) {
  uint64_t can = w->regs.free & allowed & ~w->regs.locked;
  if (w->regs.stress && can) {
    uint64_t pick = can;
    for (unsigned skip = (unsigned)(kn_stress_next(&w->regs) >> 60); skip && (pick & (pick - 1));
         skip--)
      pick &= pick - 1;
    can = pick;
  }
  if (can == 0) {
    uint64_t held = w->regs.block_regs & allowed & ~w->regs.free & ~w->regs.locked & ~w->regs.temp;
    if (held == 0) {
      kn_walk_fail(w, KILN_ERR_LIMIT, "out of registers");
      return w->target->scratch[(allowed & KN_GP_MASK) == 0];
    }
    unsigned victim = (unsigned)__builtin_ctzll(held);
    for (uint64_t m = held; m; m &= m - 1) {
      unsigned r = (unsigned)__builtin_ctzll(m);
      if (w->val[w->regs.owner[r]].flags & KN_VF_FRAME) {
        victim = r;
        break;
      }
    }
    spill(w, victim);
    w->regs.owner[victim] = 0;
    KN_WROTE(w, KN_EV_CLOBBER, 0, victim);
    return victim;
  }
  unsigned r = (unsigned)__builtin_ctzll(can);
  w->regs.free &= ~KN_BIT(r);
  w->regs.cached &= ~KN_BIT(r);
  w->regs.owner[r] = 0;
  KN_WROTE(w, KN_EV_CLOBBER, 0, r);
  return r;
}

/* Value i is stored by instruction `store`: the home of the variable that it is stored to, if that is its only use; or
 * KN_NO_REG. */
static unsigned store_target(const struct kn_walk *w, uint32_t i, uint32_t store) {
  const uint32_t to = w->inst[store].a;
  unsigned r = w->val[i].uses == 1 && kn_is_slot(to) ? w->slots[kn_index(to)].reg : KN_NO_REG;
  return r == KN_UNREAD ? KN_NO_REG : r;
}

unsigned kn_def_hinted(struct kn_walk *w, uint32_t i) {
  struct kn_val *v = &w->val[i];
  unsigned r;
  if (v->flags & KN_VF_SLOT_HOME) return KN_NO_REG;
  if (KN_LIKELY(v->hint == KN_HINT_STORED)) r = store_target(w, i, i + 1);
  else if (v->hint == KN_HINT_STORED_HALF) r = store_target(w, i, i + 2);
  else r = kn_walk_loop_home(w, i, (const uint32_t[2]){0, 0});
  if (r == KN_NO_REG) return r;
  if (v->hint == KN_HINT_LOOP_HOME) {
    v->flags |= KN_VF_HOME;
  } else {
    if (KN_UNLIKELY(w->regs.aliased & KN_BIT(r))) kn_copy_aliases(w, r);
    v->flags = KN_VF_ALIAS;
    v->frame = 0;
  }
  v->reg = (uint8_t)r;
  w->regs.locked |= KN_BIT(r);
  KN_WROTE(w, KN_EV_DEF, i, r);
  return r;
}

unsigned kn_reg_slow(struct kn_walk *w, uint32_t h, unsigned type) {
  unsigned r;
  if (!kn_is_value(h)) {
    r = kn_temp(w, kn_regs_of(w, type));
    w->hooks->constant(w, r, h, type);
    return r;
  }
  struct kn_val *v = &w->val[h];
  if (v->flags & KN_VF_SLOT_HOME) {
    r = kn_home_copy(w, h);
    if (r != KN_NO_REG) {
      w->regs.locked |= KN_BIT(r);
      KN_LOG(w, KN_EV_USE, h, r);
      return r;
    }
    r = kn_take(w, kn_regs_of(w, v->type));
    w->hooks->load(w, r, kn_frame_of(w, v), v->type);
    KN_WROTE(w, KN_EV_MOVE, (uint32_t)(KN_PLACE_FRAME + v->frame), r);
    KN_LOG(w, KN_EV_USE, h, r);
    v->copy = (uint8_t)r;
    w->regs.owner[r] = h;
    w->regs.free |= KN_BIT(r);
    w->regs.cached |= KN_BIT(r);
    w->regs.locked |= KN_BIT(r);
    return r;
  }
  uint64_t wanted = v->hint < 8 && !w->regs.stress ? w->target->hints[v->hint] & KN_GP_MASK : 0;
  wanted &= w->regs.free & ~w->regs.cached & ~w->regs.locked;
  unsigned home = KN_NO_REG;
  if (KN_UNLIKELY(v->hint == KN_HINT_LOOP_HOME) && (v->flags & KN_VF_ADDR))
    home = kn_walk_loop_home(w, h, (const uint32_t[2]){w->inst[h].a, w->inst[h].b});
  /* the instruction may read the parameter there too: to access what is at the same address */
  if (home != KN_NO_REG && (w->regs.locked & KN_BIT(home))) home = KN_NO_REG;
  if (home != KN_NO_REG) {
    r = home;
    v->flags |= KN_VF_HOME;
  } else if ((v->flags & KN_VF_ADDR) && wanted != 0) {
    r = (unsigned)__builtin_ctzll(wanted);
    w->regs.free ^= KN_BIT(r);
  } else {
    r = kn_take(w, kn_regs_of(w, v->type));
  }
  /* registers that are locked or taken to compute the value are free again once it is computed */
  uint64_t before = w->regs.locked, temp = w->regs.temp;
  w->regs.locked |= KN_BIT(r);
  if (v->flags & (KN_VF_ADDR | KN_VF_WAITS)) {
    if (v->flags & KN_VF_ADDR) w->hooks->address(w, r, h);
    else w->hooks->deferred(w, r, h);
    v->flags &= (uint8_t)~(KN_VF_ADDR | KN_VF_WAITS);
    v->frame = 0;
    kn_drop_operands(w, &w->inst[h]);
    KN_LOG_SET(w, KN_EV_DONE, w->regs.locked & ~before);
    KN_WROTE(w, KN_EV_DEF, h, r);
  } else if (v->flags & KN_VF_FRAME) {
    w->hooks->load(w, r, v->frame, v->type);
    KN_WROTE(w, KN_EV_MOVE, (uint32_t)(KN_PLACE_FRAME + v->frame), r);
  } else { /* used before its definition, any bits */
    KN_WROTE(w, KN_EV_DEF, h, r);
  }
  KN_LOG(w, KN_EV_USE, h, r);
  w->regs.locked = before | KN_BIT(r);
  w->regs.free |= w->regs.temp & ~temp;
  w->regs.temp = temp;
  v->reg = (uint8_t)r;
  if (home == KN_NO_REG) w->regs.owner[r] = h;
  return r;
}

void kn_release(struct kn_walk *w, uint32_t h) {
  struct kn_val *v = &w->val[h];
  if (v->flags & (KN_VF_ADDR | KN_VF_WAITS)) {
    kn_drop_operands(w, &w->inst[h]);
    return;
  }
  if (v->reg != KN_NO_REG) w->regs.free |= KN_BIT(v->reg & 63u);
  /* a spill slot may be reused, unless setjmp may return to where it is read; the caller's argument
   * area may not */
  bool local = w->frame.up ? v->frame > 0 : v->frame < 0;
  if (local && !kn_spills_16(w, v->type) && !w->plan->frame.homeless) {
    if (w->frame.spare_inst != w->i) {
      w->frame.spare_inst = w->i;
      w->frame.spare_ready = w->frame.spare.n;
    }
    KN_PUSH(w->owner, w->frame.spare, v->frame);
  }
}

void kn_copy_aliases(struct kn_walk *w, unsigned home) {
  uint32_t a = w->regs.alias[home];
  w->regs.aliased &= ~KN_BIT(home);
  while (a) {
    struct kn_val *v = &w->val[a];
    uint32_t older = v->older;
    if (v->uses && (v->flags & KN_VF_ALIAS) && v->reg == home) {
      if (!kn_code_ready(w)) return; /* there may be many */
      /* not an operand's register, which may be free already: it is still to be read */
      unsigned r = kn_take(w, kn_regs_of(w, v->type) & ~w->regs.locked);
      w->hooks->move(w, r, home, v->type);
      KN_WROTE(w, KN_EV_MOVE, home, r);
      v->flags &= (uint8_t)~KN_VF_ALIAS;
      v->frame = 0;
      v->reg = (uint8_t)r; /* not locked: there may be more of them than registers */
      w->regs.owner[r] = a;
    }
    a = older;
  }
}

/* The home of the variable that result i, in `reg`, is stored to, or KN_NO_REG. The home's older values move to other
 * registers: not to `reg`, which a call or a division leaves free. */
static unsigned stored_home(struct kn_walk *w, uint32_t i, unsigned reg) {
  uint64_t unlocked = KN_BIT(reg) & ~w->regs.locked;
  w->regs.locked |= KN_BIT(reg);
  KN_LOG(w, KN_EV_DEF, i, reg);
  KN_LOG(w, KN_EV_USE, i, reg);
  unsigned home = kn_def_hinted(w, i);
  KN_LOG_SET(w, KN_EV_DONE, KN_BIT(reg));
  w->regs.locked &= ~unlocked;
  return home;
}

void kn_def_fixed(struct kn_walk *w, uint32_t i, unsigned type, unsigned reg) {
  struct kn_val *v = &w->val[i];
  KN_LOG(w, KN_EV_WRITE, 0, reg);
  unsigned home = KN_NO_REG;
  if (v->flags & KN_VF_HOME) {
    home = v->reg;
    KN_WROTE(w, KN_EV_DEF, i, home);
  } else if (KN_UNLIKELY(v->hint == KN_HINT_STORED)) home = stored_home(w, i, reg);
  if (home != KN_NO_REG) {
    w->hooks->move(w, home, reg, type);
    return;
  }
  w->regs.free &= ~KN_BIT(reg);
  w->regs.temp &= ~KN_BIT(reg);
  w->regs.cached &= ~KN_BIT(reg);
  kn_own(w, i, reg);
  KN_WROTE(w, KN_EV_DEF, i, reg);
  kn_defined(w, i, reg);
}

void kn_def_from(struct kn_walk *w, uint32_t i, unsigned type, unsigned reg) {
  w->regs.locked |= KN_BIT(reg); /* an alias that has to move may not take it */
  unsigned d = kn_def(w, i, type, reg, 0);
  w->hooks->move(w, d, reg, type);
  kn_defined(w, i, d);
  KN_LOG_SET(w, KN_EV_DONE, KN_BIT(reg));
  w->regs.locked &= ~(KN_BIT(reg) | KN_BIT(d)); /* the next result may need them */
}

void kn_arrive(struct kn_walk *w, uint32_t i, unsigned reg, int32_t frame) {
  struct kn_val *v = &w->val[i];
  struct kn_place_move move = {
    .dst = KN_NO_REG, .src = (uint8_t)reg, .type = v->type, .src_frame = frame};
  KN_LOG(w, KN_EV_DEF, i, reg == KN_NO_REG ? KN_PLACE_FRAME + frame : (int32_t)reg);
  if (v->flags & KN_VF_HOME) {
    move.dst = v->reg;
  } else if (reg == KN_NO_REG) {
    if ((v->flags & KN_VF_SLOT_HOME) == 0) v->flags |= KN_VF_FRAME;
    v->frame = frame;
    return;
  } else {
    w->regs.block_regs |= KN_BIT(reg);
    if ((v->flags & KN_VF_SLOT_HOME) == 0) {
      kn_own(w, i, reg);
      w->regs.free &= ~KN_BIT(reg);
      return;
    }
    move.dst_frame = kn_frame_of(w, v);
    v->copy = (uint8_t)reg; /* until something takes it */
    w->regs.owner[reg] = i;
    w->regs.free |= KN_BIT(reg);
    w->regs.cached |= KN_BIT(reg);
  }
  KN_PUSH(w->owner, w->moves, move);
}

void kn_claim_slow(struct kn_walk *w, unsigned r) {
  if ((w->regs.temp & KN_BIT(r)) || (w->regs.block_regs & KN_BIT(r)) == 0) return;
  uint32_t h = w->regs.owner[r];
  struct kn_val *v = &w->val[h];
  uint64_t can = w->regs.free & kn_regs_of(w, v->type) & ~w->regs.cached & ~w->regs.locked;
  w->regs.owner[r] = 0;
  if (can == 0) {
    w->regs.owner[r] = h;
    spill(w, r);
    w->regs.owner[r] = 0;
    return;
  }
  unsigned to = (unsigned)__builtin_ctzll(can);
  w->regs.free ^= KN_BIT(to);
  w->hooks->move(w, to, r, v->type);
  KN_WROTE(w, KN_EV_MOVE, r, to);
  v->reg = (uint8_t)to;
  w->regs.owner[to] = h;
}

/* The type whose move keeps all that home r holds. */
static unsigned whole_of(const struct kn_walk *w, unsigned r) {
  return w->target->whole[r >= KN_FP_BASE];
}

/* Saves the homes of this block that calls clobber. Each such register has one frame offset, whatever it is the
 * home of. */
static void keep_homes(struct kn_walk *w) {
  for (uint64_t m = w->regs.kept; m; m &= m - 1) {
    unsigned r = (unsigned)__builtin_ctzll(m);
    if ((w->regs.kept_homes & KN_BIT(r)) == 0) w->regs.kept_at[r] = kn_frame_alloc(w, 8, 3);
    w->regs.kept_homes |= KN_BIT(r);
    if (!kn_code_ready(w)) return;
    w->hooks->store(w, r, w->regs.kept_at[r], whole_of(w, r));
    KN_LOG(w, KN_EV_MOVE, r, KN_PLACE_FRAME + w->regs.kept_at[r]);
  }
}

void kn_reload_homes(struct kn_walk *w) {
  for (uint64_t m = w->regs.kept; m; m &= m - 1) {
    unsigned r = (unsigned)__builtin_ctzll(m);
    if (!kn_code_ready(w)) return;
    w->hooks->load(w, r, w->regs.kept_at[r], whole_of(w, r));
    KN_WROTE(w, KN_EV_MOVE, KN_PLACE_FRAME + w->regs.kept_at[r], r);
  }
}

void kn_save_regs(struct kn_walk *w, uint64_t live) {
  if (KN_UNLIKELY(w->regs.kept != 0)) keep_homes(w);
  for (uint64_t m = live; m; m &= m - 1) spill(w, (unsigned)__builtin_ctzll(m));
}

/* ---- variables ---- */

void kn_load_variable(struct kn_walk *w, const struct kn_inst *in, unsigned home) {
  if (w->val[w->i].uses == 0) return;
  KN_LOG(w, KN_EV_USE, KN_CONTENT(kn_index(in->a)), home);
  unsigned dst = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  w->hooks->move(w, dst, home, in->type);
  kn_defined(w, w->i, dst);
}

void kn_load_copy(struct kn_walk *w, const struct kn_inst *in, struct kn_slot_state *s,
                  unsigned r) {
  w->regs.locked |= KN_BIT(r);
  unsigned zx = w->val[s->value].flags & KN_VF_ZX;
  KN_LOG(w, KN_EV_USE, s->value, r);
  unsigned dst = kn_def(w, w->i, in->type, r, 0);
  w->hooks->move(w, dst, r, in->type);
  w->val[w->i].flags |= (uint8_t)zx;
  kn_defined(w, w->i, dst);
  kn_slot_note(w, s, w->i, dst);
}

void kn_store_variable(struct kn_walk *w, const struct kn_inst *in, unsigned home) {
  uint32_t b = in->b;
  if (home == KN_UNREAD) {
    kn_drop(w, b);
    return;
  }
  if (kn_is_value(b) && (w->val[b].flags & KN_VF_ADDR) && w->val[b].uses == 1) {
    /* computed in place; it may be computed from what the home held */
    if (w->regs.aliased & KN_BIT(home)) kn_copy_aliases(w, home);
    w->hooks->address(w, home, b);
    KN_WROTE(w, KN_EV_DEF, b, home);
    KN_LOG(w, KN_EV_USE, b, home);
    kn_drop(w, b);
  } else if (kn_is_value(b)) {
    unsigned r = kn_reg(w, b, in->type);
    kn_drop(w, b);
    if (r != home) { /* else it was computed in place, or is stored back unchanged */
      if (w->regs.aliased & KN_BIT(home)) kn_copy_aliases(w, home);
      w->hooks->move(w, home, r, in->type);
    }
  } else {
    if (w->regs.aliased & KN_BIT(home)) kn_copy_aliases(w, home);
    w->hooks->constant(w, home, b, in->type);
  }
  KN_WROTE(w, KN_EV_STORE, kn_index(in->a), home);
}
