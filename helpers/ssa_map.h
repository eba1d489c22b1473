/* The map from (variable, block) to what the variable is at the block's end: open addressing, emptied per
 * function. Used by helpers/ssa*.c only. Invariant: at most three quarters of the entries are taken. */
#ifndef KN_HELPERS_SSA_MAP_H
#define KN_HELPERS_SSA_MAP_H

#include "helpers/array.h"

/* What a variable is at the end of a block: a value (phi is 0), or a phi. Both 0: not known. */
struct kn_ssa_def {
  uint32_t value; /* kiln_value */
  uint32_t phi;   /* index of a phi, from 1 */
};

struct kn_ssa_entry {
  uint32_t var, block; /* block UINT32_MAX: free */
  struct kn_ssa_def def;
};

struct kn_ssa_table {
  struct kn_ssa_entry *at;
  uint32_t mask; /* of the entries in use; at most cap - 1 */
  uint32_t cap;
};

/* Zero-initialise; to empty it, set n_entries to 0. */
struct kn_ssa_map {
  struct kn_ssa_table table, other; /* `other`: memory for the next growth */
  uint32_t n_entries;
};

/* Index of the entry, or of the free one where it belongs. */
static inline uint32_t kn_ssa_map_slot(const struct kn_ssa_table *t, uint32_t var, uint32_t block) {
  uint64_t h = ((uint64_t)var << 32 | block) * UINT64_C(0x9e3779b97f4a7c15);
  uint32_t i = (uint32_t)(h >> 32) & t->mask;
  while (t->at[i].block != UINT32_MAX && (t->at[i].block != block || t->at[i].var != var))
    i = (i + 1) & t->mask;
  return i;
}

/* Makes `t` an empty table of `n` entries, a power of two; false if out of memory. */
static inline bool kn_ssa_map_reset(kiln_allocator a, struct kn_ssa_table *t, uint32_t n) {
  if (t->cap < n) {
    struct kn_ssa_entry *at = kn_helper_realloc(a, t->at, (size_t)n * sizeof *at);
    if (at == NULL) return false;
    t->at = at;
    t->cap = n;
  }
  t->mask = n - 1;
  memset(t->at, 0xff, (size_t)n * sizeof *t->at);
  return true;
}

static inline bool kn_ssa_map_grow(kiln_allocator a, struct kn_ssa_map *m) {
  uint32_t n = m->table.mask + 1;
  if (n > UINT32_MAX / 2 || !kn_ssa_map_reset(a, &m->other, n * 2)) return false;
  for (uint32_t i = 0; i < n; i++) {
    const struct kn_ssa_entry *e = m->table.at + i;
    if (e->block != UINT32_MAX) m->other.at[kn_ssa_map_slot(&m->other, e->var, e->block)] = *e;
  }
  struct kn_ssa_table old = m->table;
  m->table = m->other;
  m->other = old;
  return true;
}

/* What is known; all zero: nothing. */
static inline struct kn_ssa_def kn_ssa_map_get(const struct kn_ssa_map *m, uint32_t var,
                                               uint32_t block) {
  const struct kn_ssa_def none = {0, 0};
  if (m->n_entries == 0) return none;
  const struct kn_ssa_entry *e = m->table.at + kn_ssa_map_slot(&m->table, var, block);
  return e->block != UINT32_MAX ? e->def : none;
}

/* False if out of memory. */
static inline bool kn_ssa_map_set(kiln_allocator a, struct kn_ssa_map *m, uint32_t var,
                                  uint32_t block, struct kn_ssa_def def) {
  if (m->n_entries == 0 && !kn_ssa_map_reset(a, &m->table, 64)) return false;
  uint32_t i = kn_ssa_map_slot(&m->table, var, block);
  if (m->table.at[i].block == UINT32_MAX) {
    if (m->n_entries >= m->table.mask / 4 * 3) {
      if (!kn_ssa_map_grow(a, m)) return false;
      i = kn_ssa_map_slot(&m->table, var, block);
    }
    m->n_entries++;
  }
  m->table.at[i] = (struct kn_ssa_entry){var, block, def};
  return true;
}

#endif
