/* Replays the log of the allocator's decisions (lib/walk.h, enum kn_event) block by block: each use
 * must read a place that holds the value. What comes from other blocks is in its home as long as
 * nothing was written there. For tests in checking builds; no proof over the flow graph. */
#ifndef KILN_TESTS_LOG_REPLAY_H
#define KILN_TESTS_LOG_REPLAY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/walk.h"

/* A value, or the slot of a variable, is in a place. */
struct fact {
  uint32_t handle;
  int32_t place;
};

/* What is known of the places that were written since the block began. */
struct facts {
  struct fact *at;
  uint32_t n, cap;
  uint64_t regs;  /* registers that were written */
  int32_t *frame; /* and frame places */
  uint32_t n_frame, cap_frame;
};

struct replay {
  kiln_session *s;
  struct facts now;  /* at this point of the block, or of the edge */
  struct facts fork; /* at the block's end, before its edges; while `in_edge` */
  struct facts next; /* behind the edge to the block that follows in the code; if `has_next` */
  bool in_block, in_edge, has_next;
  uint32_t block, inst, edge;
  uint32_t used, edges_seen; /* value of the event before, if that was a USE; edges of this block */
  uint32_t *read, *written;  /* values since the EDGE */
  uint32_t n_read, n_written, cap_read, cap_written;
  uint64_t counts[KN_EV_COUNT], stores_to_frame, errors;
  char error[256]; /* the first one */
  /* For tests of the replay itself: the event number `break_at` (from 1) does not arrive, or with
   * another place. */
  uint64_t n_events, break_at;
  bool wrong_place;
  enum kn_event broken; /* what it was */
};

static void replay_fail(struct replay *r, const char *what, uint32_t value, int32_t place) {
  if (r->errors++) return;
  const kiln_func *f = r->s->walk->f;
  snprintf(r->error, sizeof r->error, "%s: block %u, instruction %u: %s (value %u, place %s%d)",
           f->module->symbols[f->symbol].name, r->block, r->inst, what, value,
           place >= KN_PLACE_FRAME / 2 ? "frame " : "",
           place >= KN_PLACE_FRAME / 2 ? place - KN_PLACE_FRAME : place);
}

static void *replay_room(void *at, uint32_t n, uint32_t *cap, size_t size) {
  if (n < *cap) return at;
  *cap = *cap ? *cap * 2 : 64;
  at = realloc(at, *cap * size);
  if (at == NULL) abort();
  return at;
}

static bool facts_touched(const struct facts *k, int32_t place) {
  if (place >= 0 && place < 64) return k->regs >> place & 1;
  for (uint32_t i = 0; i < k->n_frame; i++)
    if (k->frame[i] == place) return true;
  return false;
}

static bool facts_know(const struct facts *k, uint32_t handle, int32_t place) {
  for (uint32_t i = 0; i < k->n; i++)
    if (k->at[i].handle == handle && k->at[i].place == place) return true;
  return false;
}

static void facts_add(struct facts *k, uint32_t handle, int32_t place) {
  if (!facts_touched(k, place)) {
    if (place >= 0 && place < 64) {
      k->regs |= KN_BIT(place);
    } else {
      k->frame = replay_room(k->frame, k->n_frame, &k->cap_frame, sizeof *k->frame);
      k->frame[k->n_frame++] = place;
    }
  }
  if (handle == 0) return;
  k->at = replay_room(k->at, k->n, &k->cap, sizeof *k->at);
  k->at[k->n++] = (struct fact){handle, place};
}

/* The place holds `handle` (0: nothing) alone. */
static void facts_write(struct facts *k, uint32_t handle, int32_t place) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < k->n; i++)
    if (k->at[i].place != place) k->at[n++] = k->at[i];
  k->n = n;
  facts_add(k, handle, place);
}

static void facts_clear(struct facts *k) {
  k->n = k->n_frame = 0;
  k->regs = 0;
}

static void facts_copy(struct facts *to, const struct facts *from) {
  facts_clear(to);
  for (uint32_t i = 0; i < from->n; i++) facts_add(to, from->at[i].handle, from->at[i].place);
  for (uint32_t i = 0; i < from->n_frame; i++) facts_add(to, 0, from->frame[i]);
  to->regs = from->regs;
}

/* True if the plan gave v the home `place`, or an address-taken block's parameter its shadow there. */
static bool replay_lives_in(const struct kn_walk *w, uint32_t v, int32_t place) {
  const struct kn_val *val = &w->val[v];
  if ((val->flags & KN_VF_SHADOW) && place == KN_PLACE_FRAME + (int32_t)w->inst[v].c) return true;
  if (val->flags & KN_VF_HOME) return place == val->reg;
  return (val->flags & KN_VF_SLOT_HOME) && place == KN_PLACE_FRAME + val->frame;
}

/* True if value v, of another block or a parameter of this one, is in `place` when a block begins. */
static bool replay_home(const struct replay *r, uint32_t v, int32_t place) {
  const struct kn_walk *w = r->s->walk;
  const struct kn_val *val = &w->val[v];
  if (val->global == 0) return false;
  bool param = w->inst[v].op == KILN_OP_PARAM;
  if (!param && w->f->globals.at[val->global - 1].def_block == r->block) return false;
  if (param && w->inst[v].a == 0 && r->block == 0) return false; /* the entry's arrive */
  return replay_lives_in(w, v, place);
}

static bool replay_holds(const struct replay *r, uint32_t v, int32_t place) {
  if (facts_touched(&r->now, place)) return facts_know(&r->now, v, place);
  return replay_home(r, v, place);
}

/* A register that was taken for something local must not be the home of something live here. */
static void replay_check_free(struct replay *r, uint32_t value, int32_t place) {
  const struct kn_walk *w = r->s->walk;
  if (r->in_edge || place < 0 || place >= 64) return;
  uint32_t pos = kn_plan_pos(w->f, r->block);
  if (!(w->plan->occupied[pos] & KN_BIT(place))) return;
  const struct kn_val *v = &w->val[value];
  if (value && (v->flags & KN_VF_HOME) && v->reg == place) return;
  const struct kn_inst *next = &w->inst[value + 1]; /* computed where it is stored to next */
  if (value && next->op == KILN_OP_STORE && next->b == value && kn_is_slot(next->a) &&
      w->f->slots.at[kn_index(next->a)].reg == place)
    return;
  if (value && w->inst[r->inst].op == KILN_OP_STORE) return; /* an address, likewise */
  replay_fail(r, "written, but it is a home", value, place);
}

static bool replay_find(const uint32_t *at, uint32_t n, uint32_t value) {
  for (uint32_t i = 0; i < n; i++)
    if (at[i] == value) return true;
  return false;
}

/* Every parameter that somebody reads got its argument. */
static void replay_end_edge(struct replay *r) {
  const kiln_func *f = r->s->walk->f;
  const struct kn_edge *e = &f->edges.at[r->edge];
  for (uint32_t a = e->args; a; a = f->edge_args.at[a - 1].next) {
    const struct kn_edge_arg *arg = &f->edge_args.at[a - 1];
    uint32_t param = kn_block_param(f, &f->block[e->target], arg->index);
    const struct kn_val *v = &f->val[param];
    if (!(v->flags & (KN_VF_HOME | KN_VF_SLOT_HOME))) continue;
    if (arg->value == param && !(v->flags & KN_VF_SHADOW)) continue;
    if (!replay_find(r->written, r->n_written, param))
      replay_fail(r, "a parameter gets no argument", param, 0);
    if (kn_is_value(arg->value) && !replay_find(r->read, r->n_read, arg->value))
      replay_fail(r, "an argument is not read", arg->value, 0);
  }
  if (e->target == r->s->walk->next_block) {
    facts_copy(&r->next, &r->now);
    r->has_next = true;
  }
}

static void replay_end_block(struct replay *r) {
  const struct kn_walk *w = r->s->walk;
  if (!r->in_block) return;
  if (r->in_edge) replay_end_edge(r);
  const struct kn_block *b = &w->f->block[r->block];
  const struct kn_inst *term = &w->inst[b->term];
  uint32_t want = 0;
  for (uint32_t e = 0; e < b->n_edges; e++) want += w->f->edges.at[b->edge_first + e].args != 0;
  if (term->op == KILN_OP_BRIF && !kn_is_value(term->a)) want = 0; /* only one of them is done */
  if (r->edges_seen < want) replay_fail(r, "an edge is missing", 0, 0);
  if (r->inst != b->term) replay_fail(r, "the block has no end", 0, 0);
}

static void replay_block(struct replay *r, uint32_t block) {
  const kiln_func *f = r->s->walk->f;
  bool follows = false;
  if (r->in_block) {
    const struct kn_block *b = &f->block[r->block];
    replay_end_block(r);
    for (uint32_t e = 0; e < b->n_edges; e++)
      follows |= f->edges.at[b->edge_first + e].target == block;
    if (r->has_next) facts_copy(&r->now, &r->next);
    else if (r->in_edge) facts_copy(&r->now, &r->fork);
  }
  if (!follows || f->block[block].n_preds != 1 || f->block[block].address_taken)
    facts_clear(&r->now);
  r->in_block = true;
  r->in_edge = r->has_next = false;
  r->block = block;
  r->edges_seen = 0;
}

static void replay_edge(struct replay *r, uint32_t edge) {
  const struct kn_walk *w = r->s->walk;
  bool indirect = w->inst[w->f->block[r->block].term].op == KILN_OP_BRIND;
  if (r->in_edge) replay_end_edge(r);
  if (!r->in_edge) facts_copy(&r->fork, &r->now);
  else if (!indirect) facts_copy(&r->now, &r->fork); /* else the edges' moves all happen */
  r->in_edge = true;
  r->edge = edge;
  r->n_read = r->n_written = 0;
  r->edges_seen += w->f->edges.at[edge].args != 0;
}

static void replay_store(struct replay *r, uint32_t slot, int32_t place) {
  const struct kn_walk *w = r->s->walk;
  const struct kn_inst *in = &w->inst[r->inst];
  uint32_t handle = kn_handle(KN_TAG_SLOT, slot);
  if (in->op != KILN_OP_STORE || in->a != handle || w->f->slots.at[slot].reg != place)
    replay_fail(r, "no store to this variable", slot, place);
  if (!kn_is_value(in->b)) {
    facts_write(&r->now, handle, place);
  } else if (!replay_holds(r, in->b, place)) {
    facts_write(&r->now, in->b, place);
    facts_add(&r->now, handle, place);
  } else if (!facts_know(&r->now, handle, place)) {
    facts_add(&r->now, handle, place);
  }
}

static void replay_alias(struct replay *r, uint32_t value, int32_t place) {
  const struct kn_walk *w = r->s->walk;
  const struct kn_inst *in = &w->inst[value];
  if (in->op != KILN_OP_LOAD || !kn_is_slot(in->a) ||
      w->f->slots.at[kn_index(in->a)].reg != place) {
    replay_fail(r, "no load of this variable", value, place);
    return;
  }
  if (!facts_touched(&r->now, place)) facts_add(&r->now, in->a, place);
  if (!facts_know(&r->now, in->a, place))
    replay_fail(r, "the variable is not in its register", value, place);
  facts_add(&r->now, value, place);
}

/* A kn_log_fn. */
static void replay_event(void *user, enum kn_event event, uint32_t value, int32_t place) {
  struct replay *r = user;
  if (++r->n_events == r->break_at) {
    r->broken = event;
    if (!r->wrong_place) return;
    place ^= 1;
  }
  if (r->s->walk->f->status != KILN_OK) return; /* the walk goes on to the block's end */
  uint32_t used = r->used;
  r->used = 0;
  r->counts[event]++;
  switch (event) {
  case KN_EV_BLOCK: replay_block(r, value); break;
  case KN_EV_INST: r->inst = value; break;
  case KN_EV_DEF:
    replay_check_free(r, value, place);
    facts_write(&r->now, value, place);
    if (r->in_edge) {
      if (!replay_lives_in(r->s->walk, value, place))
        replay_fail(r, "a parameter is written, but not to its home", value, place);
      r->written = replay_room(r->written, r->n_written, &r->cap_written, sizeof *r->written);
      r->written[r->n_written++] = value;
    }
    break;
  case KN_EV_COPY:
    if (used != value) replay_fail(r, "copied, but not read", value, place);
    replay_check_free(r, value, place);
    facts_write(&r->now, value, place);
    r->stores_to_frame += place >= KN_PLACE_FRAME / 2;
    break;
  case KN_EV_USE:
    if (!replay_holds(r, value, place)) replay_fail(r, "not where it is read", value, place);
    r->used = value;
    if (r->in_edge) {
      r->read = replay_room(r->read, r->n_read, &r->cap_read, sizeof *r->read);
      r->read[r->n_read++] = value;
    }
    break;
  case KN_EV_ALIAS: replay_alias(r, value, place); break;
  case KN_EV_STORE: replay_store(r, value, place); break;
  case KN_EV_EDGE: replay_edge(r, value); break;
  case KN_EV_CLOBBER:
    replay_check_free(r, 0, place);
    facts_write(&r->now, 0, place);
    break;
  case KN_EV_COUNT: break;
  }
}

/* Finishes `f` and compiles it under the replay. */
static kiln_status replay_compile(struct replay *r, kiln_func *f) {
  r->in_block = r->in_edge = r->has_next = false;
  r->inst = 0;
  facts_clear(&r->now);
  r->s = kiln_func_session(f);
  if (!kn_session_set_log(r->s, replay_event, r)) return KILN_ERR_MEMORY;
  kiln_status status = kiln_func_compile(f);
  if (status == KILN_OK) replay_end_block(r); /* the function's arrays are still as they were */
  return status;
}

static void replay_free(struct replay *r) {
  void *arrays[] = {r->now.at,  r->now.frame,  r->fork.at, r->fork.frame,
                    r->next.at, r->next.frame, r->read,    r->written};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
}

#endif
