/* The last part of the allocation check: no part of a stack slot's memory in the frame belongs to
 * anything else, so that a store to one changes no value. Called by check.c when the log was
 * replayed. */
#include "lib/check/check.h"

static uint64_t area_start(const struct kn_check *c, uint32_t slot) {
  return (uint64_t)((int64_t)c->walk->slot_states.at[slot].frame + INT32_MAX);
}
static uint64_t area_end(const struct kn_check *c, uint32_t slot) {
  /* a slot aligned beyond the stack may be reached through a pointer, which is in the frame */
  uint64_t size = c->f->slots.at[slot].size_bytes;
  if (kn_slot_align(c->walk, slot) > 4) size = 8;
  return area_start(c, slot) + (size ? size : 1);
}
/* The inlined body with which the slot shares memory, or 0: it shares none. */
static uint32_t group_of(const struct kn_check *c, uint32_t slot) {
  return c->plan->slots.at[slot].shared ? c->f->slots.at[slot].scope : 0;
}
/* In this order slots of one group follow each other, by their places; those that share nothing come first. */
static uint64_t order_of(const struct kn_check *c, uint32_t slot) {
  return (uint64_t)group_of(c, slot) << 32 | area_start(c, slot);
}

/* Sorts the slots in the frame by order_of: a heap sort. */
static void sort_areas(const struct kn_check *c, uint32_t *at, uint32_t n) {
  for (uint32_t heap = n / 2, end = n; end > 1;) {
    uint32_t x;
    if (heap > 0) {
      x = at[--heap];
    } else {
      x = at[--end];
      at[end] = at[0];
    }
    uint32_t i = heap;
    for (;;) {
      uint32_t child = 2 * i + 1;
      if (child >= end) break;
      if (child + 1 < end && order_of(c, at[child]) < order_of(c, at[child + 1])) child++;
      if (order_of(c, x) >= order_of(c, at[child])) break;
      at[i] = at[child];
      i = child;
    }
    at[i] = x;
  }
}

/* The innermost body in which instruction `i` is, + 1; 0: none. `n` bodies begin before it or there, of which
 * `c->around` has those around each. */
static uint32_t body_at(const struct kn_check *c, uint32_t n, uint32_t i) {
  while (n != 0 && c->f->scopes.at[n - 1].end <= i) n = c->around.at[n - 1];
  return n;
}

/* Finds the bodies around each; false if two overlap that are not one in the other. */
static bool find_around(struct kn_check *c) {
  const struct kn_scope *s = c->f->scopes.at;
  c->around.n = 0;
  for (uint32_t i = 0; i < c->f->scopes.n; i++) {
    uint32_t up = body_at(c, i, s[i].first);
    if (s[i].end < s[i].first || (i != 0 && s[i].first < s[i - 1].first)) return false;
    if (up != 0 && s[i].end > s[up - 1].end) return false;
    if (!KN_PUSH(c->f, c->around, up)) return true; /* f has failed */
  }
  return true;
}

/* Does edge `e` of block `b` lead into a body, but to its beginning? Then its slots would need what they had before. */
static bool leads_into(const struct kn_check *c, uint32_t b, uint32_t e) {
  const kiln_func *f = c->f;
  const struct kn_scope *s = f->scopes.at;
  uint32_t from = f->block[b].term, target = f->edges.at[e].target;
  uint32_t to = kn_inst_settle(f, f->block[target].first);
  uint32_t k = body_at(c, KN_COUNT_BEFORE(i, f->scopes.n, s[i].first <= to), to);
  for (; k != 0; k = c->around.at[k - 1])
    if ((from < s[k - 1].first || from >= s[k - 1].end) && s[k - 1].block != target) return true;
  return false;
}

/* Slots of inlined bodies share memory with those of bodies that never run at the same time: their instructions are
 * apart, code enters each at its beginning alone, and the slots of the bodies around one end before its own begin.
 * `at`: the n slots that share, sorted. False: *slot and *other overlap. */
static bool check_shared(struct kn_check *c, const uint32_t *at, uint32_t n, uint32_t *slot,
                         uint32_t *other) {
  kiln_func *f = c->f;
  if (n == 0) return true;
  *slot = *other = at[0];
  if (!find_around(c)) return false;
  for (uint32_t b = 0; b < f->blocks.n; b++)
    for (uint32_t e = 0; c->placed.at[b] && e < f->block[b].n_edges; e++)
      if (c->taken.at[f->block[b].edge_first + e] && leads_into(c, b, f->block[b].edge_first + e))
        return false;
  c->reach.n = 0;
  /* by scope: the slot that ends last of those of the scope and of the ones around it, + 1 */
  for (uint32_t i = 0, k = 0; i < f->scopes.n; i++) {
    uint32_t last = c->around.at[i] != 0 ? c->reach.at[c->around.at[i] - 1] : 0;
    const uint32_t around = last;
    for (; k < n && f->slots.at[at[k]].scope == i + 1; k++) {
      if (around != 0 && area_start(c, at[k]) < area_end(c, around - 1))
        return *slot = at[k], *other = around - 1, false;
      if (last == 0 || area_end(c, at[k]) > area_end(c, last - 1)) last = at[k] + 1;
    }
    if (!KN_PUSH(f, c->reach, last)) return true; /* f has failed */
  }
  return true;
}

/* No slot is where a value is, in frame offset `start`. `at`: n slots that do not overlap, sorted. */
static bool check_value(const struct kn_check *c, const uint32_t *at, uint32_t n, uint64_t start,
                        uint32_t *slot) {
  const uint32_t k = KN_COUNT_BEFORE(i, n, area_start(c, at[i]) < start + 8);
  if (k == 0 || area_end(c, at[k - 1]) <= start) return true;
  return *slot = at[k - 1], false;
}

bool kn_check_frame(struct kn_check *c, uint32_t *slot, uint32_t *place) {
  kiln_func *f = c->f;
  c->areas.n = 0;
  for (uint32_t i = 0; i < f->slots.n; i++) {
    const struct kn_slot *s = &f->slots.at[i];
    const struct kn_slot_state *states = c->walk->slot_states.at;
    if (states[i].frame == 0) continue;
    if (s->parent != 0 && states[i].frame != states[s->parent - 1].frame + (int32_t)s->offset)
      return *slot = i, *place = kn_flow_memory(&c->flow, s->parent - 1), false;
    if (s->parent == 0 && !KN_PUSH(f, c->areas, i)) return true; /* f has failed */
  }
  uint32_t *at = c->areas.at, n = c->areas.n, alone = 0, other;
  sort_areas(c, at, n);
  for (uint32_t i = 1; i < n; i++) {
    if (group_of(c, at[i - 1]) == group_of(c, at[i]) &&
        area_end(c, at[i - 1]) > area_start(c, at[i]))
      return *slot = at[i], *place = kn_flow_memory(&c->flow, at[i - 1]), false;
  }
  while (alone < n && !c->plan->slots.at[at[alone]].shared) alone++;
  if (!check_shared(c, at + alone, n - alone, slot, &other))
    return *place = kn_flow_memory(&c->flow, other), false;
  uint64_t low = UINT64_MAX, high = 0; /* what is shared is one piece of memory */
  for (uint32_t i = alone; i < n; i++) {
    if (area_start(c, at[i]) < low) low = area_start(c, at[i]);
    if (area_end(c, at[i]) > high) high = area_end(c, at[i]);
  }
  for (uint32_t i = 0; i < alone; i++) {
    if (area_start(c, at[i]) < high && area_end(c, at[i]) > low)
      return *slot = at[i], *place = kn_flow_memory(&c->flow, at[alone]), false;
  }
  for (uint32_t p = KN_FLOW_REGS; n && p < c->flow.cells.n; p++) {
    if (c->flow.variable.at[p - KN_FLOW_REGS]) continue;
    uint64_t start = (uint64_t)((int64_t)c->flow.frame.at[p - KN_FLOW_REGS] + INT32_MAX);
    if (!check_value(c, at, alone, start, slot)) return *place = p, false;
    if (start < high && start + 8 > low) return *slot = at[alone], *place = p, false;
  }
  return true;
}
