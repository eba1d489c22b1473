/* The checker's model of the machine and its proof over the flow graph: see check_flow.h. A read of what the block
 * did not write itself becomes a demand on the block's beginning, and that one on the end of each block before it,
 * until it is met or cannot be. Demands that only wait for each other, around a loop, are met. */
#include "lib/check/check_flow.h"

#include <string.h>

/* Limits of the proof in one function: the largest functions have a few demands for each instruction. */
enum { DEMANDS_EACH = 16, MIN_DEMANDS = 1 << 16, MAX_DEMANDS = 1 << 22, MAX_SUSPECTS = 1 << 10 };

static uint64_t most_demands(const kiln_func *f) {
  uint64_t most = MIN_DEMANDS + (uint64_t)f->n * DEMANDS_EACH;
  return most < MAX_DEMANDS ? most : MAX_DEMANDS;
}

/* ---- arrays and maps ---- */

static bool full(struct kn_flow *w) {
  w->full = true;
  return false;
}

/* Makes an array of `want` zeros. */
#define RESIZE(w, array, want)                                                                     \
  (KN_RESIZE((w)->f->module, array, want)                                                          \
     ? (memset((array).at, 0, (array).n * sizeof *(array).at), true)                               \
     : full(w))
#define PUSH(w, array, ...) (KN_PUSH((w)->f->module, array, __VA_ARGS__) || full(w))

static uint32_t hash(uint32_t a, uint32_t b) {
  return (uint32_t)(kn_mix64(0, (uint64_t)a << 32 | b) >> 32);
}

static KN_COLD bool after(uint32_t a, uint32_t b, const struct kn_flow_slot *s) {
  return a != s->a ? a > s->a : b > s->b;
}

/* The entry of a key, or NULL: then *at is the key's position in the table. */
static struct kn_flow_slot *find_at(const struct kn_flow_map *m, uint32_t a, uint32_t b,
                                    uint32_t *at) {
  uint32_t key = hash(a, b), i;
  KN_HASH_EACH(&m->hash, key, *at, i, after(a, b, &m->list.at[i - 1]))
  if (m->list.at[i - 1].a == a && m->list.at[i - 1].b == b) return &m->list.at[i - 1];
  return NULL;
}
static struct kn_flow_slot *find(const struct kn_flow_map *m, uint32_t a, uint32_t b) {
  uint32_t at;
  return find_at(m, a, b, &at);
}

/* The entry of a key, made if there is none (entry and first are 0 then); NULL without memory. It moves when the next
 * one is made. */
static struct kn_flow_slot *put(struct kn_flow *w, struct kn_flow_map *m, uint32_t a, uint32_t b) {
  uint32_t at;
  struct kn_flow_slot *s = find_at(m, a, b, &at);
  if (s) return s;
  if ((!KN_HASH_ROOM(w->f->module, &m->hash) && !full(w)) ||
      !PUSH(w, m->list, (struct kn_flow_slot){.a = a, .b = b}))
    return NULL;
  kn_hash_put(&m->hash, at, hash(a, b), m->list.n);
  return &m->list.at[m->list.n - 1];
}

/* ---- a function ---- */

bool kn_flow_begin(struct kn_flow *w, kiln_func *f) {
  w->f = f;
  w->full = false;
  /* epochs that wrap around would make old entries valid */
  if (w->epoch > UINT32_MAX - f->blocks.n - 2) {
    kn_flow_free(w, f->module);
    *w = (struct kn_flow){.f = f};
  }
  w->family = ++w->epoch;
  w->edge = KN_FLOW_NONE;
  w->cells.n = w->frame.n = w->variable.n = w->facts.n = w->touched.n = w->undo.n = 0;
  w->demands.n = w->suspects.n = 0;
  for (unsigned i = 0; i < KN_FLOW_MAPS; i++) {
    w->maps[i].list.n = 0;
    kn_hash_clear(&w->maps[i].hash);
  }
  if (!RESIZE(w, w->home, f->n) || !RESIZE(w, w->seen, f->n) || !RESIZE(w, w->alias, f->n) ||
      !RESIZE(w, w->slots, f->slots.n + 1) || !RESIZE(w, w->cells, KN_FLOW_REGS))
    return false;
  return true;
}

void kn_flow_made(struct kn_flow *w, uint32_t v, uint32_t block) { w->home.at[v] = block + 1; }

void kn_flow_free(struct kn_flow *w, kiln_module *m) {
  KN_FREE(&m->options.allocator, w->home.at, w->seen.at, w->alias.at, w->slots.at, w->cells.at,
          w->frame.at, w->variable.at, w->facts.at, w->touched.at, w->undo.at, w->demands.at,
          w->suspects.at, w->in_first.at, w->in_edges.at, w->edge_source.at, w->queue.at,
          w->marks.at);
  for (unsigned i = 0; i < KN_FLOW_MAPS; i++) {
    kn_realloc(m, w->maps[i].list.at, 0);
    kn_hash_free(&m->options.allocator, &w->maps[i].hash);
  }
}

/* ---- places ---- */

static uint32_t place_of(struct kn_flow *w, uint32_t key, uint32_t kind) {
  struct kn_flow_slot *s = put(w, &w->places, key, kind);
  if (s == NULL) return 0;
  if (s->first) return s->first;
  uint32_t place = w->cells.n;
  if (!PUSH(w, w->cells, (struct kn_flow_cell){0}) || !PUSH(w, w->frame, (int32_t)key) ||
      !PUSH(w, w->variable, kind ? key + 1 : 0))
    return 0;
  s->first = place;
  return place;
}

uint32_t kn_flow_frame(struct kn_flow *w, int32_t offset) {
  return place_of(w, (uint32_t)offset, 0);
}

uint32_t kn_flow_memory(struct kn_flow *w, uint32_t slot) { return place_of(w, slot, 1); }

/* ---- what places hold ---- */

static struct kn_flow_cell cell(const struct kn_flow *w, uint32_t place) {
  struct kn_flow_cell c = w->cells.at[place];
  if (c.epoch != w->epoch) c = (struct kn_flow_cell){w->epoch, place + 1, 0};
  return c;
}

static void set_cell(struct kn_flow *w, uint32_t place, uint32_t entry, uint32_t first) {
  struct kn_flow_cell *c = &w->cells.at[place];
  if (w->edge != KN_FLOW_NONE) {
    struct kn_flow_slot was = {.epoch = c->epoch, .a = place, .entry = c->entry, .first = c->first};
    (void)PUSH(w, w->undo, was);
  } else if (c->epoch != w->epoch) {
    (void)PUSH(w, w->touched, place);
  }
  *c = (struct kn_flow_cell){w->epoch, entry, first};
}

/* Number of stores to a variable in this block so far. */
static uint32_t version(const struct kn_flow *w, uint32_t slot) {
  const struct kn_flow_cell *s = &w->slots.at[slot];
  return s->epoch == w->epoch ? s->first : 0;
}

static bool is_content(uint32_t handle) { return kn_log_is(handle, KN_LOG_CONTENT); }

/* The value that a handle is (half of), or 0. */
static uint32_t value_of(uint32_t handle) {
  if (kn_log_is(handle, KN_LOG_UPPER)) return kn_index(handle);
  return kn_is_value(handle) ? handle : 0;
}

static uint32_t fact(struct kn_flow *w, uint32_t handle, uint32_t next) {
  uint32_t v = is_content(handle) ? version(w, kn_index(handle)) : 0;
  return PUSH(w, w->facts, (struct kn_flow_fact){handle, v, next}) ? w->facts.n : 0;
}

void kn_flow_write(struct kn_flow *w, uint32_t place, uint32_t handle) {
  set_cell(w, place, 0, handle ? fact(w, handle, 0) : 0);
}

void kn_flow_add(struct kn_flow *w, uint32_t place, uint32_t handle) {
  struct kn_flow_cell c = cell(w, place);
  set_cell(w, place, c.entry, fact(w, handle, c.first));
}

void kn_flow_copy(struct kn_flow *w, uint32_t dst, uint32_t src) {
  struct kn_flow_cell c = cell(w, src);
  set_cell(w, dst, c.entry, c.first);
}

void kn_flow_stored(struct kn_flow *w, uint32_t slot) {
  struct kn_flow_slot *s = put(w, &w->stored, w->block, slot);
  if (s == NULL) return;
  s->first = version(w, slot) + 1;
  w->slots.at[slot] = (struct kn_flow_cell){w->epoch, 0, s->first};
}

void kn_flow_alias(struct kn_flow *w, uint32_t v, uint32_t slot) {
  w->alias.at[v] = (struct kn_flow_cell){w->epoch, slot + 1, version(w, slot)};
}

void kn_flow_new(struct kn_flow *w, uint32_t v) { w->seen.at[v] = w->epoch; }

static bool listed(const struct kn_flow *w, uint32_t first, uint32_t handle, uint32_t version) {
  for (uint32_t i = first; i; i = w->facts.at[i - 1].next)
    if (w->facts.at[i - 1].handle == handle && w->facts.at[i - 1].version == version) return true;
  return false;
}

static bool is_alias(const struct kn_flow *w, uint32_t handle) {
  return kn_is_value(handle) && w->alias.at[handle].epoch == w->epoch;
}

bool kn_flow_knows(const struct kn_flow *w, uint32_t place, uint32_t handle) {
  struct kn_flow_cell c = cell(w, place);
  bool content = is_content(handle);
  if (listed(w, c.first, handle, content ? version(w, kn_index(handle)) : 0)) return true;
  if (!is_alias(w, handle)) return false;
  const struct kn_flow_cell *a = &w->alias.at[handle];
  return listed(w, c.first, KN_FLOW_CONTENT(a->entry - 1), a->first) || (a->first == 0 && c.entry);
}

uint32_t kn_flow_value(const struct kn_flow *w, uint32_t place) {
  for (uint32_t i = cell(w, place).first; i; i = w->facts.at[i - 1].next)
    if (kn_is_value(w->facts.at[i - 1].handle)) return w->facts.at[i - 1].handle;
  return 0;
}

/* ---- demands ---- */

static void demand(struct kn_flow *w, uint32_t block, uint32_t place, uint32_t handle,
                   uint32_t inst) {
  if (w->demands.n >= most_demands(w->f)) return;
  struct kn_flow_slot *s = put(w, &w->demanded, hash(block, place), handle);
  if (s == NULL) return;
  for (uint32_t i = s->first; i; i = w->demands.at[i - 1].next) {
    const struct kn_flow_demand *d = &w->demands.at[i - 1];
    if (d->block == block && d->place == place) return;
  }
  if (PUSH(w, w->demands, (struct kn_flow_demand){block, place, handle, inst, s->first}))
    s->first = w->demands.n;
}

bool kn_flow_holds(struct kn_flow *w, uint32_t place, uint32_t handle, uint32_t inst) {
  if (kn_flow_knows(w, place, handle)) {
    /* an alias of what the variable held when the block began: that must have been in the place
     * then */
    struct kn_flow_cell c = cell(w, place);
    const struct kn_flow_cell *a = is_alias(w, handle) ? &w->alias.at[handle] : NULL;
    if (a && a->first == 0 && c.entry && !listed(w, c.first, handle, 0))
      demand(w, w->block, c.entry - 1, KN_FLOW_CONTENT(a->entry - 1), inst);
    return true;
  }
  struct kn_flow_cell c = cell(w, place);
  uint32_t v = value_of(handle);
  if (is_content(handle)) {
    if (c.entry && version(w, kn_index(handle)) == 0) {
      demand(w, w->block, c.entry - 1, handle, inst);
      return true;
    }
    if (version(w, kn_index(handle))) return false;
    /* not stored to in this block: any bits, if no block before stores to it either */
    if (w->suspects.n < MAX_SUSPECTS)
      (void)PUSH(w, w->suspects, (struct kn_flow_demand){w->block, place, handle, inst, 0});
    return true;
  }
  if (v == 0 || c.entry == 0 || is_alias(w, handle)) return false;
  /* made later in this block: the place can only hold the value of an earlier iteration */
  if (w->home.at[v] == w->block + 1 && kn_maker(w->f, v)->op != KILN_OP_PARAM) {
    if (w->seen.at[v] == w->epoch) return false;
    return true; /* not dominated by its definition: any bits */
  }
  demand(w, w->block, c.entry - 1, handle, inst);
  return true;
}

bool kn_flow_claims(struct kn_flow *w, uint32_t place, uint32_t handle, uint32_t inst) {
  const struct kn_flow_cell c = cell(w, place);
  const uint32_t v = value_of(handle);
  const bool later = v != 0 && w->home.at[v] == w->block + 1 &&
                     kn_maker(w->f, v)->op != KILN_OP_PARAM && w->seen.at[v] != w->epoch;
  if (!later || kn_flow_knows(w, place, handle))
    return kn_flow_holds(w, place, handle, inst | KN_FLOW_CLAIM);
  /* what an earlier iteration has left */
  if (c.entry != 0) demand(w, w->block, c.entry - 1, handle, inst | KN_FLOW_CLAIM);
  return c.entry != 0;
}

struct kn_flow_cell kn_flow_cell(const struct kn_flow *w, uint32_t place) { return cell(w, place); }

void kn_flow_unwritten(struct kn_flow *w, uint32_t place, struct kn_flow_cell before) {
  uint32_t first = before.first;
  for (uint32_t i = cell(w, place).first; i && i != before.first; i = w->facts.at[i - 1].next) {
    const struct kn_flow_fact f = w->facts.at[i - 1];
    if (!PUSH(w, w->facts, (struct kn_flow_fact){f.handle, f.version, first})) return;
    first = w->facts.n;
  }
  set_cell(w, place, before.entry, first);
}

/* ---- blocks and edges ---- */

static void save(struct kn_flow *w, uint32_t where, uint32_t place) {
  const struct kn_flow_cell *c = &w->cells.at[place];
  struct kn_flow_slot *s = put(w, &w->ends, where, place);
  if (s == NULL) return;
  s->entry = c->entry;
  s->first = c->first;
}

/* Ends an edge: records what it wrote, and undoes that. */
static void end_edge(struct kn_flow *w) {
  for (uint32_t i = 0; i < w->undo.n; i++) save(w, w->f->blocks.n + w->edge, w->undo.at[i].a);
  for (uint32_t i = w->undo.n; i-- > 0;) {
    const struct kn_flow_slot *u = &w->undo.at[i];
    w->cells.at[u->a] = (struct kn_flow_cell){u->epoch, u->entry, u->first};
  }
  w->undo.n = 0;
  w->edge = KN_FLOW_NONE;
}

void kn_flow_block(struct kn_flow *w, uint32_t block) {
  w->epoch++;
  w->block = block;
  w->touched.n = w->undo.n = 0;
  w->edge = KN_FLOW_NONE;
}

void kn_flow_block_end(struct kn_flow *w) {
  if (w->edge != KN_FLOW_NONE) end_edge(w);
  for (uint32_t i = 0; i < w->touched.n; i++) save(w, w->block, w->touched.at[i]);
}

void kn_flow_edge(struct kn_flow *w, uint32_t e) {
  if (w->edge != KN_FLOW_NONE) end_edge(w);
  w->edge = e;
}

void kn_flow_leave(struct kn_flow *w) {
  for (uint32_t i = 0; i < w->touched.n; i++) save(w, w->f->blocks.n + w->edge, w->touched.at[i]);
  end_edge(w);
}

void kn_flow_arrive(struct kn_flow *w, uint32_t e, uint32_t place, uint32_t param) {
  struct kn_flow_slot *s = put(w, &w->arrived, e, place);
  if (s) s->first = param;
}

void kn_flow_give(struct kn_flow *w, uint32_t e, uint32_t param, uint32_t h) {
  struct kn_flow_slot *s = put(w, &w->given, e, param);
  if (s) s->first = h;
}

uint32_t kn_flow_given(const struct kn_flow *w, uint32_t e, uint32_t param) {
  const struct kn_flow_slot *s = find(&w->given, e, param);
  return s ? s->first : 0;
}

/* ---- the proof ---- */

/* Lists the edges into each block that code takes. */
static bool make_edges(struct kn_flow *w, const uint8_t *taken) {
  const kiln_func *f = w->f;
  if (!RESIZE(w, w->in_first, f->blocks.n + 1) || !RESIZE(w, w->in_edges, f->edges.n + 1) ||
      !RESIZE(w, w->edge_source, f->edges.n + 1))
    return false;
  uint32_t *first = w->in_first.at;
  memset(first, 0, (f->blocks.n + 1) * sizeof *first);
  for (uint32_t e = 0; e < f->edges.n; e++)
    if (taken[e]) first[f->edges.at[e].target + 1]++;
  for (uint32_t b = 0; b < f->blocks.n; b++) first[b + 1] += first[b];
  for (uint32_t b = 0; b < f->blocks.n; b++)
    for (uint32_t k = 0; k < f->block[b].n_edges; k++)
      w->edge_source.at[f->block[b].edge_first + k] = b;
  for (uint32_t e = f->edges.n; e-- > 0;)
    if (taken[e]) w->in_edges.at[--first[f->edges.at[e].target + 1]] = e;
  /* now first[b + 1] is where b's begin; b's end is the next one's beginning */
  for (uint32_t b = 0; b < f->blocks.n; b++) first[b] = first[b + 1];
  uint32_t n = 0;
  for (uint32_t e = 0; e < f->edges.n; e++) n += taken[e] != 0;
  first[f->blocks.n] = n;
  return true;
}

enum answer { HELD, LOST, AT_ENTRY };

/* Does place hold *handle at the end of edge e? AT_ENTRY: yes, if place *entry holds the new *handle when e's source
 * block begins. */
static enum answer behind(struct kn_flow *w, uint32_t e, uint32_t place, uint32_t *of,
                          uint32_t *entry) {
  const kiln_func *f = w->f;
  uint32_t source = w->edge_source.at[e], handle = *of, v = value_of(handle);
  if (v && kn_maker(f, v)->op == KILN_OP_PARAM && kn_maker(f, v)->a == f->edges.at[e].target) {
    const struct kn_flow_slot *s = find(&w->arrived, e, place);
    if (s && s->first == handle) return HELD;
    if (kn_flow_given(w, e, v) != v) return LOST;
  }
  const struct kn_flow_slot *s = find(&w->ends, f->blocks.n + e, place);
  if (s == NULL) s = find(&w->ends, source, place);
  const struct kn_flow_slot *stores =
    is_content(handle) ? find(&w->stored, source, kn_index(handle)) : NULL;
  if (s && listed(w, s->first, handle, stores ? stores->first : 0)) return HELD;
  if (v == handle && w->home.at[v] == source + 1 && w->alias.at[v].epoch > w->family) {
    /* in its own block it was an alias of what a variable held */
    const struct kn_flow_cell *a = &w->alias.at[v];
    if (s && listed(w, s->first, KN_FLOW_CONTENT(a->entry - 1), a->first)) return HELD;
    if (a->first || (s && s->entry == 0)) return LOST;
    *of = KN_FLOW_CONTENT(a->entry - 1);
    *entry = s ? s->entry - 1 : place;
    return AT_ENTRY;
  }
  if (s && s->entry == 0) return LOST;
  if (stores) return LOST;
  if (v && w->home.at[v] == source + 1 && kn_maker(f, v)->op != KILN_OP_PARAM) return LOST;
  *entry = s ? s->entry - 1 : place;
  return AT_ENTRY;
}

/* The block in which the inlined body begins that variable `slot` belongs to, or the function. Before that body begins,
 * the content is any bits, also in a loop around it. */
static uint32_t begins_in(const kiln_func *f, uint32_t slot) {
  const uint32_t scope = f->slots.at[slot].scope;
  return scope != 0 ? f->scopes.at[scope - 1].block : 0;
}

/* True if a store to the variable, in its body, may come before the beginning of `block`. */
static bool stored_before(struct kn_flow *w, uint32_t block, uint32_t slot) {
  const kiln_func *f = w->f;
  if (!RESIZE(w, w->marks, f->blocks.n)) return false;
  memset(w->marks.at, 0, f->blocks.n);
  w->queue.n = 0;
  if (!PUSH(w, w->queue, block)) return false;
  while (w->queue.n) {
    uint32_t b = w->queue.at[--w->queue.n];
    if (b == begins_in(f, slot)) continue;
    for (uint32_t i = w->in_first.at[b]; i < w->in_first.at[b + 1]; i++) {
      uint32_t source = w->edge_source.at[w->in_edges.at[i]];
      if (w->marks.at[source]) continue;
      w->marks.at[source] = 1;
      if (find(&w->stored, source, slot)) return true;
      if (!PUSH(w, w->queue, source)) return false;
    }
  }
  return false;
}

/* True if a path from the function's beginning to `block` does not lead through the block of value v. */
static bool avoids(struct kn_flow *w, uint32_t block, uint32_t v) {
  if (!RESIZE(w, w->marks, w->f->blocks.n)) return false;
  memset(w->marks.at, 0, w->f->blocks.n);
  w->queue.n = 0;
  if (!PUSH(w, w->queue, block)) return false;
  while (w->queue.n) {
    uint32_t b = w->queue.at[--w->queue.n];
    if (b + 1 == w->home.at[v] || w->marks.at[b]) continue;
    if (b == 0) return true;
    w->marks.at[b] = 1;
    for (uint32_t i = w->in_first.at[b]; i < w->in_first.at[b + 1]; i++)
      if (!PUSH(w, w->queue, w->edge_source.at[w->in_edges.at[i]])) return false;
  }
  return false;
}

/* True if h is value v, or a sum of it: debuggers add what code does not. */
static bool is_of(const kiln_func *f, uint32_t h, uint32_t v) {
  for (unsigned sums = 0; sums < 5 && kn_is_value(h) && h != 0; sums++) {
    if (h == v) return true;
    if (f->inst[h].op != KILN_OP_ADD && f->inst[h].op != KILN_OP_ADDR) break;
    h = f->inst[h].a;
  }
  return false;
}

/* True if the function itself says that a variable is of value v where v may not have been computed. */
static bool said_undefined(struct kn_flow *w, uint32_t v) {
  for (uint32_t k = 0; k < w->f->debug.values.n; k++) {
    const struct kn_debug_value *of = &w->f->debug.values.at[k];
    const uint32_t block = w->home.at[kn_inst_settle(w->f, of->inst)];
    if (block != 0 && is_of(w->f, of->value, v) && avoids(w, block - 1, v)) return true;
  }
  return false;
}

/* True if it matters that a variable's content was lost: it does once something was stored. */
static bool matters(struct kn_flow *w, uint32_t block, uint32_t handle) {
  if (!is_content(handle)) return true;
  return find(&w->stored, block, kn_index(handle)) || stored_before(w, block, kn_index(handle));
}

bool kn_flow_solve(struct kn_flow *w, const uint8_t *taken, struct kn_flow_demand *failed) {
  if (!make_edges(w, taken)) return true;
  for (uint32_t i = 0; i < w->suspects.n; i++) {
    *failed = w->suspects.at[i];
    if (stored_before(w, failed->block, kn_index(failed->handle))) return false;
  }
  uint32_t lost = 0; /* lost contents: each costs a search */
  for (uint32_t i = 0; i < w->demands.n && !w->full; i++) {
    struct kn_flow_demand d = w->demands.at[i];
    *failed = d;
    uint32_t v = value_of(d.handle);
    if (is_content(d.handle) && d.block == begins_in(w->f, kn_index(d.handle))) continue;
    /* at the entry: arguments arrive by events; all else is not dominated, or never stored */
    if (d.block == 0) {
      const bool param = v && kn_maker(w->f, v)->op == KILN_OP_PARAM && kn_maker(w->f, v)->a == 0;
      if (param || (v && d.inst & KN_FLOW_CLAIM && !said_undefined(w, v))) return false;
      continue;
    }
    for (uint32_t k = w->in_first.at[d.block]; k < w->in_first.at[d.block + 1]; k++) {
      uint32_t e = w->in_edges.at[k], entry = 0, handle = d.handle;
      enum answer a = behind(w, e, d.place, &handle, &entry);
      if (a == AT_ENTRY) demand(w, w->edge_source.at[e], entry, handle, d.inst);
      if (a != LOST) continue;
      if (is_content(d.handle) && ++lost > MAX_SUSPECTS) continue;
      if (matters(w, w->edge_source.at[e], d.handle)) return false;
    }
  }
  return true;
}
