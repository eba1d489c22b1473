/* Block order, loops, live intervals, homes: see plan.h. Nothing here looks at instructions. Work is
 * linear in blocks, edges and rows, but for the search of enclosing loops, which is logarithmic in
 * their nesting. */
#include "lib/codegen/plan.h"

#include <string.h>

/* Instructions of a function whose arrays do not fit into a core's own cache. */
enum { SCATTERED = 16384 };

/* ---- block order ---- */

/* kn_plan.pos during the search: not found yet; being searched from; done with. Of a block that an earlier search
 * found, its position. */
#define UNSEEN 0u
#define ENTERED UINT32_MAX
#define LEFT (UINT32_MAX - 1)

/* Depth-first search from `root`: appends the blocks that it finds to plan->order in reverse post-order, sets their
 * positions, and notes the edges that go back, which are those to a block that is being searched from or that an
 * earlier search found. There is room for all blocks. */
static bool visit(struct kn_plan *plan, kiln_func *f, uint32_t root) {
  const struct kn_block *b = f->block;
  uint32_t *pos_of = plan->pos.at;
  const struct kn_edge *edges = f->edges.at;
  uint32_t *order = plan->order.at, *stack = plan->stack.at, depth = 0;
  uint32_t first = plan->order.n, n = first, at = root, left = b[root].n_edges;
  pos_of[root] = ENTERED;
  for (;;) {
    if (left == 0) {
      pos_of[at] = LEFT;
      order[n++] = at;
      if (depth == 0) break;
      left = stack[--depth];
      at = stack[--depth];
      continue;
    }
    /* the last edge first, so that the first one's target comes first in the reverse */
    uint32_t target = edges[b[at].edge_first + --left].target, pos = pos_of[target];
    if (pos == UNSEEN) {
      pos_of[target] = ENTERED;
      stack[depth++] = at;
      stack[depth++] = left;
      at = target;
      left = b[target].n_edges;
    } else if (pos != LEFT) {
      if (!KN_PUSH(f, plan->back_edges, (struct kn_back_edge){target, at})) return false;
    }
  }
  plan->order.n = n;
  for (uint32_t i = first, j = n; i < j; i++) {
    uint32_t t = order[i];
    j--;
    pos_of[order[i] = order[j]] = i + 1;
    pos_of[order[j] = t] = j + 1;
  }
  return true;
}

/* Reverse post-order of the reachable blocks; finds the back edges again. */
static bool order_depth_first(struct kn_plan *plan, kiln_func *f) {
  uint32_t n = f->blocks.n;
  if (!KN_RESIZE(f, plan->order, n) || !KN_RESIZE(f, plan->stack, 2 * n)) return false;
  memset(plan->pos.at, 0, n * sizeof *plan->pos.at);
  plan->order.n = plan->back_edges.n = 0;
  if (!visit(plan, f, 0)) return false;
  /* blocks that are only reached from elsewhere, by their address */
  for (uint32_t i = 1; f->facts.address_taken && i < n; i++)
    if (f->block[i].address_taken && plan->pos.at[i] == UNSEEN && !visit(plan, f, i)) return false;
  plan->layout = plan->order.at;
  plan->n_layout = plan->order.n;
  return true;
}

/* ---- loops ---- */

/* The outermost loop around `loop`, itself included, whose header is after `first`. `loop`'s is.
 * Jump pointers as in Myers, "An applicative random-access stack" (1983). */
static uint32_t outermost(const struct kn_plan *plan, uint32_t loop, uint32_t first) {
  const struct kn_loop *l = plan->loops.at;
  for (;;) {
    uint32_t parent = l[loop - 1].parent;
    if (parent == 0 || l[parent - 1].header <= first) return loop;
    uint32_t jump = l[loop - 1].jump;
    loop = jump && l[jump - 1].header > first ? jump : parent;
  }
}

/* Position before which the content of variable `slot` is nothing: where the inlined body begins that it belongs to, or
 * the function. */
static uint32_t scope_begin(const struct kn_plan *plan, const kiln_func *f, uint32_t slot) {
  uint32_t scope = f->slots.at[slot].scope;
  return scope != 0 ? kn_plan_pos(plan, f->scopes.at[scope - 1].block) : 0;
}

/* May control come back to `block`, as far as a few steps ahead show? Where blocks are in the order of filling, an edge
 * back may lead to one that leaves the function. */
static bool may_iterate(const kiln_func *f, uint32_t block) {
  enum { STEPS = 4 };
  for (unsigned i = 0; i < STEPS; i++) {
    const struct kn_block *b = &f->block[block];
    if (b->n_edges != 1) return b->n_edges != 0;
    block = f->edges.at[b->edge_first].target;
  }
  return true;
}

/* `edges`: the n_edges edges that go back in the layout. */
static bool find_loops(struct kn_plan *plan, kiln_func *f, const struct kn_back_edge *edges,
                       uint32_t n_edges) {
  uint32_t n = plan->n_layout;
  memset(plan->loop_end, 0, n * sizeof *plan->loop_end);
  for (uint32_t i = 0; i < n_edges; i++) {
    uint32_t h = plan->pos.at[edges[i].target], e = plan->pos.at[edges[i].source];
    if (h == 0 || e == 0) continue;
    if (plan->loop_end[h - 1] < e) plan->loop_end[h - 1] = e;
  }
  /* headers from the last: what begins within a loop is inside it; partial overlaps merge outward */
  plan->stack.n = 0;
  for (uint32_t h = n; h-- > 0;) {
    if (plan->loop_end[h] == 0) continue;
    uint32_t end = plan->loop_end[h] - 1;
    uint32_t id = plan->loops.n + 1;
    while (plan->stack.n) {
      struct kn_loop *inner = &plan->loops.at[plan->stack.at[plan->stack.n - 1] - 1];
      if (inner->header > end) break;
      if (inner->end > end) end = inner->end;
      inner->parent = id;
      plan->stack.n--;
    }
    if (!KN_PUSH(f, plan->loops, (struct kn_loop){h, end, 0, 0, 0, 0})) return false;
    if (!KN_PUSH(f, plan->stack, id)) return false;
  }
  struct kn_loop *l = plan->loops.at;
  for (uint32_t id = plan->loops.n; id > 0; id--) { /* parents first */
    struct kn_loop *loop = &l[id - 1];
    uint32_t p = loop->parent;
    loop->turns = may_iterate(f, plan->layout[loop->header]);
    loop->depth = 1;
    if (p == 0) continue;
    loop->turns += l[p - 1].turns;
    loop->depth += l[p - 1].depth;
    uint32_t j = l[p - 1].jump;
    uint32_t jj = j ? l[j - 1].jump : 0;
    uint32_t dj = j ? l[j - 1].depth : 0, djj = jj ? l[jj - 1].depth : 0;
    loop->jump = j && l[p - 1].depth - dj == dj - djj ? jj : p;
  }
  uint32_t current = 0, next = plan->loops.n;
  for (uint32_t p = 0; p < n; p++) {
    while (current && l[current - 1].end < p) current = l[current - 1].parent;
    if (next && l[next - 1].header == p) current = next--;
    plan->loop_at[p] = current;
    uint32_t depth = current ? l[current - 1].turns : 0;
    plan->depth[p] = (uint8_t)(depth < 6 ? depth * 3 : 18);
  }
  return true;
}

/* ---- live intervals ---- */

/* Widens ranges by the uses, which weigh more in loops: `depth`, or NULL if there are none. */
KN_INLINE void count_rows(const struct kn_plan *plan, const kiln_func *f, const uint8_t *depth) {
  struct kn_range *ranges = plan->ranges.at;
  const uint32_t *pos = plan->pos.at;
  const struct kn_use_row *end = f->rows.at + f->rows.n;
  for (const struct kn_use_row *row = f->rows.at; row != end; row++) {
    struct kn_range *r = &ranges[row->global / 2];
    uint32_t p = pos[row->block] - 1;
    if (KN_UNLIKELY(p == UINT32_MAX)) continue;
    /* no branches: they would be mispredicted */
    r->first = p < r->first ? p : r->first;
    r->last = p > r->last ? p : r->last;
    r->weight += depth ? 1u << depth[p] : 1;
    r->loaded |= row->global & KN_ROW_LOAD;
  }
}

/* Widens the ranges of variables that debuggers see, and takes registers from those that are to be in memory. */
static KN_COLD void do_wishes(const struct kn_plan *plan, const kiln_func *f) {
  for (uint32_t g = 0; g < f->globals.n; g++) {
    const uint32_t h = f->globals.at[g].handle;
    const unsigned wish = kn_is_slot(h) ? plan->wishes.at[kn_index(h)] : 0;
    struct kn_range *r = &plan->ranges.at[g];
    if (wish == 0) continue;
    r->loaded = true;
    if (wish & KN_WISH_MEMORY || (wish & KN_WISH_THROUGHOUT && r->first > r->last)) {
      r->bank = KN_NO_BANK;
    } else if (wish & KN_WISH_THROUGHOUT) {
      r->first = 0;
      r->last = plan->n_layout - 1;
      r->shown = true;
    }
  }
}

/* The least weight that is worth a callee-saved register which the function does not save yet. */
enum { NEW_SAVED_WEIGHT = 16 };

/* In a function with i128s. An upper half is used where the lower one is. One use in a loop is worth a new callee-saved
 * register, since blocks need all others. */
static KN_COLD void weigh_pairs(const struct kn_plan *plan, const kiln_func *f) {
  for (uint32_t g = 0; g < f->globals.n; g++) {
    const uint32_t h = f->globals.at[g].handle;
    struct kn_range *r = &plan->ranges.at[g];
    if (r->weight >= NEW_SAVED_WEIGHT / 2 && r->weight < NEW_SAVED_WEIGHT)
      r->weight = NEW_SAVED_WEIGHT;
    if (!kn_is_value(h) || !kn_is_upper(f, h)) continue;
    const struct kn_range *lower = &plan->ranges.at[f->val[h - 1].global - 1];
    r->first = lower->first;
    r->last = lower->last;
    r->weight = lower->weight;
  }
}

static bool find_ranges(struct kn_plan *plan, kiln_func *f) {
  uint32_t n = f->globals.n;
  if (!KN_RESIZE(f, plan->ranges, n)) return false;
  struct kn_range *ranges = plan->ranges.at;
  const uint8_t *depth = plan->loops.n ? plan->depth : NULL;
  const struct kn_global *globals = f->globals.at;
  const struct kn_slot *slots = f->slots.at;
  for (uint32_t g = 0; g < n; g++) {
    const struct kn_global *global = &globals[g];
    struct kn_range *r = &ranges[g];
    r->reg = KN_NO_REG;
    r->shown = false;
    r->next = 0;
    if (kn_is_value(global->handle)) {
      const struct kn_val *v = &f->val[global->handle];
      uint32_t p = kn_plan_pos(plan, global->def_block);
      r->bank = plan->banks[v->type];
      r->loaded = true;
      r->first = p;
      r->last = p == UINT32_MAX ? 0 : p; /* not reached: an empty interval */
      r->weight = p == UINT32_MAX ? 0 : v->uses << (depth ? depth[p] : 0);
    } else {
      uint32_t slot = kn_index(global->handle);
      r->bank = plan->slots.at[slot].memory ? KN_NO_BANK : plan->banks[slots[slot].type];
      r->loaded = false;
      r->first = UINT32_MAX;
      r->last = 0;
      r->weight = 0;
    }
  }
  if (depth) count_rows(plan, f, depth);
  else count_rows(plan, f, NULL);
  if (KN_UNLIKELY(f->facts.has_pairs)) weigh_pairs(plan, f);
  if (KN_UNLIKELY(plan->wishes.n != 0)) do_wishes(plan, f);
  if (plan->loops.n == 0) return true;
  const struct kn_loop *l = plan->loops.at;
  for (uint32_t g = 0; g < n; g++) {
    struct kn_range *r = &ranges[g];
    if (r->first > r->last || r->first == UINT32_MAX) continue;
    uint32_t at = plan->loop_at[r->last];
    if (kn_is_value(f->globals.at[g].handle)) {
      /* live through each loop that it is used in and defined before */
      if (at && l[at - 1].header > r->first) r->last = l[outermost(plan, at, r->first) - 1].end;
      continue;
    }
    /* a variable may carry its content through every iteration of the loops that it is used in, as far as these are
     * inside its scope */
    if (r->bank == KN_NO_BANK) continue;
    uint32_t from = plan->loop_at[r->first],
             begin = scope_begin(plan, f, kn_index(f->globals.at[g].handle));
    if (from && l[from - 1].header > begin) r->first = l[outermost(plan, from, begin) - 1].header;
    if (at && l[at - 1].header > begin) r->last = l[outermost(plan, at, begin) - 1].end;
  }
  return true;
}

/* ---- homes ---- */

/* By bank: an interval is worth a store and a load around each of its calls if its weight is this many times that of
 * the calls. A slot costs a float more than a general value, which most operations read from memory. */
static const uint8_t around_call_weight[2] = {8, 2};

struct scan {
  uint64_t free;
  uint64_t entry_avoid; /* argument registers: not for intervals that begin in the entry */
  uint32_t active[64];  /* range that has the register, if that is not free */
};

static void give(struct kn_plan *plan, struct scan *s, uint32_t g, unsigned reg) {
  struct kn_range *r = &plan->ranges.at[g];
  r->reg = (uint8_t)reg;
  s->free &= ~KN_BIT(reg);
  s->active[reg] = g;
  plan->at[r->last].expire |= KN_BIT(reg);
  plan->saved |= KN_BIT(reg) & plan->target->callee_homes;
}

/* Takes the register of the lightest range that is lighter than g, if there is one. The loser lives
 * in its slot, from its beginning. */
static void displace(struct kn_plan *plan, struct scan *s, uint32_t g, uint64_t fit) {
  struct kn_range *ranges = plan->ranges.at;
  uint32_t least = ranges[g].weight;
  unsigned best = KN_NO_REG;
  for (uint64_t m = fit & ~s->free; m; m &= m - 1) {
    unsigned reg = (unsigned)__builtin_ctzll(m);
    if (ranges[s->active[reg]].weight < least) {
      least = ranges[s->active[reg]].weight;
      best = reg;
    }
  }
  if (best == KN_NO_REG) return;
  /* g begins at this position, so the register is free for all of g's interval */
  struct kn_range *loser = &ranges[s->active[best]];
  loser->reg = KN_NO_REG;
  plan->at[loser->last].expire &= ~KN_BIT(best);
  give(plan, s, g, best);
}

/* Gives interval g its home, by the rules of docs/internals/architecture.md in their order. */
static void assign_one(struct kn_plan *plan, struct scan *s, const kiln_func *f, uint32_t g) {
  const struct kn_target *t = plan->target;
  struct kn_range *r = &plan->ranges.at[g];
  uint64_t bank = r->bank == 0 ? KN_GP_MASK : ~KN_GP_MASK;
  uint64_t calls = plan->frame.calls ? plan->at[r->last + 1].calls - plan->at[r->first].calls : 0;
  uint64_t caller = t->caller_homes & bank, callee = t->callee_homes & bank;
  if (KN_UNLIKELY(r->bank == KN_CUT_BANK)) {
    if (calls != 0) return;
    callee = 0;
  }
  if (r->first == 0) {
    caller &= ~s->entry_avoid;
    callee &= ~s->entry_avoid;
  }
  uint64_t pick = 0;
  if (calls == 0) pick = s->free & caller;
  else if (r->shown) caller = 0; /* a debugger would not find it in frames further up */
  else caller &= r->weight >= calls * around_call_weight[r->bank] ? t->around_calls : 0;
  if (pick == 0) pick = s->free & callee & plan->saved;
  if (pick == 0 && r->weight >= NEW_SAVED_WEIGHT) pick = s->free & callee;
  if (pick == 0) pick = s->free & caller;
  if (pick) give(plan, s, g, (unsigned)__builtin_ctzll(pick));
  else displace(plan, s, g, (caller | (callee & plan->saved)) & ~f->facts.asm_regs);
}

/* Sets the target, and what is derived from it. */
static void set_target(struct kn_plan *plan, const struct kn_target *t) {
  plan->target = t;
  for (unsigned type = 0; type < KILN_TYPE_COUNT; type++) {
    const struct kn_type_facts *facts = &t->types[type];
    plan->banks[type] = facts->cut ? KN_CUT_BANK : facts->regs ? facts->bank : KN_NO_BANK;
  }
}

static void assign_homes(struct kn_plan *plan, kiln_func *f) {
  uint32_t n = plan->n_layout;
  const struct kn_target *t = plan->target;
  struct scan s; /* its array is not worth clearing */
  s.free = (t->caller_homes | t->callee_homes) & ~(f->facts.asm_regs | plan->frame.pinned);
  s.entry_avoid = kn_sig(f->module, f->sig)->arriving;
  uint64_t all = s.free;
  struct kn_position *at = plan->at;
  struct kn_range *ranges = plan->ranges.at;
  for (uint32_t g = plan->ranges.n; g-- > 0;) {
    struct kn_range *r = &ranges[g];
    if (r->bank == KN_NO_BANK || r->first > r->last || r->last >= n || r->weight == 0 || !r->loaded)
      continue;
    r->next = at[r->first].head;
    at[r->first].head = g + 1;
  }
  if (plan->frame.calls) {
    uint64_t calls = 0; /* does not wrap: 2^32 instructions, 2^18 times each */
    const uint8_t *depth = plan->loops.n ? plan->depth : NULL;
    const struct kn_block *block = f->block;
    const uint32_t *layout = plan->layout;
    for (uint32_t p = 0; p < n; p++) {
      at[p].calls = calls;
      calls += (uint64_t)block[layout[p]].calls << (depth ? depth[p] : 0);
    }
    at[n].calls = calls;
  }
  uint64_t *occupied = plan->occupied, ended = 0;
  for (uint32_t p = 0; p < n; p++) {
    s.free |= ended;
    for (uint32_t g = at[p].head; g; g = ranges[g - 1].next) assign_one(plan, &s, f, g - 1);
    occupied[p] = all & ~s.free;
    ended = at[p].expire;
    at[p].expire = 0; /* as the next function expects it */
    at[p].head = 0;
  }
}

/* Begins the places of slots and scopes: nothing has a register. */
static bool begin_places(struct kn_plan *plan, kiln_func *f) {
  if (!KN_RESIZE(f, plan->slots, f->slots.n) || !KN_RESIZE(f, plan->scopes, f->scopes.n))
    return false;
  for (uint32_t i = 0; i < f->slots.n; i++) {
    const struct kn_slot *s = &f->slots.at[i];
    plan->slots.at[i] =
      (struct kn_slot_place){.reg = KN_NO_REG, .memory = s->memory, .align_log2 = s->align_log2};
  }
  return true;
}

/* Turns what was built into what is walked: of values that live beyond their block, struct kn_val now has what the walk
 * says of them, and no longer what the builder said; slots get their homes. (Of other values kn_def does so.) */
static void built_to_walked(struct kn_plan *plan, kiln_func *f, bool homes) {
  const struct kn_global *globals = f->globals.at;
  for (uint32_t g = 0, n = f->globals.n; g < n; g++) {
    uint32_t handle = globals[g].handle;
    const struct kn_range *r = homes ? &plan->ranges.at[g] : NULL;
    unsigned reg = r ? r->reg : KN_NO_REG;
    if (kn_is_slot(handle)) {
      if (r && !r->loaded && r->bank != KN_NO_BANK) reg = KN_UNREAD;
      plan->slots.at[kn_index(handle)].reg = (uint8_t)reg;
      continue;
    }
    struct kn_val *v = &f->val[handle];
    v->frame = 0;               /* no longer the block's id */
    if (v->uses == 0) continue; /* a parameter that nobody reads */
    v->reg = (uint8_t)reg;
    v->hint = KN_NO_REG; /* no register has a copy of a home in the frame yet */
    v->flags |= reg == KN_NO_REG ? KN_VF_SLOT_HOME : KN_VF_HOME;
  }
}

static bool grow_positions(struct kn_plan *plan, kiln_func *f, uint32_t n) {
  if (n < plan->cap_positions) return true;
  uint32_t cap = plan->cap_positions ? plan->cap_positions : 256;
  while (cap <= n) cap *= 2;
#define GROW(field)                                                                                \
  do {                                                                                             \
    void *at = kn_realloc(f->module, plan->field, (size_t)cap * sizeof *plan->field);              \
    if (at == NULL)                                                                                \
      return kn_func_fail(f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory"), false;              \
    plan->field = at;                                                                              \
  } while (0)
  uint32_t had = plan->cap_positions;
  GROW(occupied);
  GROW(at);
  memset(plan->at + had, 0, (cap - had) * sizeof *plan->at);
  GROW(loop_end);
  GROW(loop_at);
  GROW(depth);
#undef GROW
  plan->cap_positions = cap;
  return true;
}

bool kn_plan_make(struct kn_plan *plan, kiln_func *f, const struct kn_target *target) {
  if (plan->target != target) set_target(plan, target);
  if (!kn_frame_plan_make(&plan->frame, f, target)) return false;
  plan->saved = (KN_UNLIKELY(f->facts.sets_jump | f->facts.loses_all | plan->frame.keeps_none)
                   ? ~UINT64_C(0)
                   : f->facts.asm_regs) &
                target->callee_homes & ~plan->frame.pinned;
  plan->loops.n = 0;
  plan->in_order = !(f->facts.needs_order | f->attrs.blocks_as_made);
  plan->scattered = !plan->in_order && f->n >= SCATTERED;
  if (!KN_RESIZE(f, plan->pos, f->blocks.n)) return false;
  if (plan->in_order) {
    plan->layout = f->order.at;
    plan->n_layout = f->order.n;
    for (uint32_t b = 0; b < f->blocks.n; b++) plan->pos.at[b] = f->block[b].pos;
  } else if (!order_depth_first(plan, f)) {
    return false;
  }
  if (!grow_positions(plan, f, plan->n_layout + 1) || !begin_places(plan, f)) return false;
  for (uint32_t i = 0; i < plan->wishes.n; i++)
    if (plan->wishes.at[i] & KN_WISH_WHOLE) plan->slots.at[i].memory |= KN_MEMORY_WHOLE;
  bool homes = !plan->frame.homeless && f->globals.n != 0;
  if (homes) {
    uint32_t n = plan->in_order ? f->back_edges.n : plan->back_edges.n;
    if (n && !find_loops(plan, f, plan->in_order ? f->back_edges.at : plan->back_edges.at, n))
      return false;
    if (!find_ranges(plan, f)) return false;
    assign_homes(plan, f);
  } else {
    memset(plan->occupied, 0, plan->n_layout * sizeof *plan->occupied);
  }
  built_to_walked(plan, f, homes);
  kn_frame_plan_homes(&plan->frame, plan->saved, target->stored_homes);
  if (KN_UNLIKELY(f->scopes.n != 0)) kn_frame_plan_scopes(plan, f);
  return true;
}

void kn_plan_free(struct kn_plan *plan, kiln_module *m) {
  KN_FREE(&m->options.allocator, plan->order.at, plan->ranges.at, plan->loops.at, plan->occupied,
          plan->at, plan->loop_end, plan->loop_at, plan->depth, plan->stack.at, plan->slots.at,
          plan->scopes.at, plan->pos.at, plan->back_edges.at, plan->wishes.at, plan);
}
