/* The rare operations on hash tables, and the tree of entries that found no place: see base/hash.h. */
#include "base/hash.h"

#include <string.h>

/* Up to MANY positions a table grows to four times its size, since that moves fewer entries. */
enum { FIRST_SIZE = 64, MANY = 4096 };

/* A node of the tree. Its rank is above those of its children (0 for none); a new node has 1. Ranks are balanced
 * when entries come, not when they go (Sen, Tarjan: "Deletion without rebalancing in balanced binary trees"). So the
 * depth is at most some twice the logarithm of the number of entries that ever came. */
struct kn_hash_node {
  uint32_t hash, id, up, child[2]; /* child[1]: what is greater */
  uint32_t rank;
};

struct kn_hash_tree {
  uint32_t size; /* positions of the table */
  uint32_t n, capacity,
    unused; /* nodes, of which the first is above the root; the first of a list by `up` */
  struct kn_hash_node at[];
};

/* After the positions there is space for the first entry of a tree, so that it needs no memory. */
enum { FIRST_NODES = 2 };

static size_t tree_bytes(uint32_t nodes) {
  return sizeof(struct kn_hash_tree) + (size_t)nodes * sizeof(struct kn_hash_node);
}
static uint32_t size_of(const struct kn_hash *t) {
  return t->size != 0 || t->tree == NULL ? t->size : t->tree->size;
}
static struct kn_hash_tree *first_tree(const struct kn_hash *t) {
  return (struct kn_hash_tree *)(void *)(t->at + size_of(t));
}
static bool own_tree(const struct kn_hash *t) {
  return t->tree != NULL && t->tree != first_tree(t);
}

/* ---- the tree ---- */

/* Puts a node in the place of the one above it, which becomes its child. */
static void rotate(struct kn_hash_tree *tree, uint32_t x) {
  struct kn_hash_node *at = tree->at;
  const uint32_t p = at[x].up, above = at[p].up;
  const bool side = at[p].child[1] == x;
  const uint32_t inner = at[x].child[!side];
  at[p].child[side] = inner;
  if (inner != 0) at[inner].up = p;
  at[x].child[!side] = p;
  at[p].up = x;
  at[above].child[at[above].child[1] == p] = x;
  at[x].up = above;
}

/* Restores the order of the ranks above a new node. */
static void balance(struct kn_hash_tree *tree, uint32_t x) {
  struct kn_hash_node *at = tree->at;
  for (uint32_t p; (p = at[x].up) != 0 && at[p].rank == at[x].rank; x = p) {
    const bool side = at[p].child[1] == x;
    const uint32_t inner = at[x].child[!side];
    if (at[p].rank - at[at[p].child[!side]].rank == 1) {
      at[p].rank++;
      continue;
    }
    at[p].rank--;
    if (inner == 0 || at[x].rank - at[inner].rank >= 2) {
      rotate(tree, x);
    } else {
      at[x].rank--;
      at[inner].rank++;
      rotate(tree, inner);
      rotate(tree, inner);
    }
    return;
  }
}

static void remove_node(struct kn_hash_tree *tree, uint32_t x) {
  struct kn_hash_node *at = tree->at;
  if (at[x].child[0] != 0 &&
      at[x].child[1] != 0) { /* it takes the entry of the next one, which goes */
    uint32_t next = at[x].child[1];
    while (at[next].child[0] != 0) next = at[next].child[0];
    at[x].hash = at[next].hash;
    at[x].id = at[next].id;
    x = next;
  }
  const uint32_t child = at[x].child[at[x].child[0] == 0], above = at[x].up;
  at[above].child[at[above].child[1] == x] = child;
  if (child != 0) at[child].up = above;
  at[x].up = tree->unused;
  tree->unused = x;
}

/* Where many keys share a place, hardly one is among the first. Vectors tell so in two instructions for two of them. */
enum { NEAR = 4 };
typedef uint32_t two_entries __attribute__((vector_size(16), aligned(8)));
static bool among(const struct kn_hash_entry *e, uint32_t hash) {
  const two_entries want = {hash, 0, hash, 0};
  two_entries found = {0};
  _Static_assert((KN_HASH_REACH - NEAR) % 12 == 0, "");
  for (uint32_t i = 0; i < KN_HASH_REACH - NEAR; i += 12)
#pragma GCC unroll 6
    for (uint32_t k = 0; k < 12; k += 2) {
      two_entries is;
      memcpy(&is, e + i + k, sizeof is);
      found |= (two_entries)(is == want);
    }
  return (found[0] | found[2]) != 0;
}
/* True if the first positions have entries, but none of `hash`. */
static bool near_full(const struct kn_hash *t, uint32_t hash) {
  for (uint32_t i = 0; i < NEAR; i++) {
    const struct kn_hash_entry *e = &t->at[(hash + i) & (t->tree->size - 1)];
    if (e->id == 0 || e->hash == hash) return false;
  }
  return true;
}

static uint64_t next_at(uint32_t at, uint32_t id) { return (uint64_t)at << 32 | id; }

/* A function of its own, since the other one is cold, and such are made small. */
static __attribute__((noinline)) uint64_t next(const struct kn_hash *t, uint32_t hash,
                                               uint32_t at) {
  const uint32_t first = (at + NEAR) & (t->tree->size - 1);
  if (at == hash && near_full(t, hash) && first <= t->tree->size - KN_HASH_REACH &&
      !among(t->at + first, hash))
    at = hash + KN_HASH_REACH;
  for (; at - hash < KN_HASH_REACH; at++) {
    const struct kn_hash_entry *e = &t->at[at & (t->tree->size - 1)];
    if (e->id == 0) at = hash + KN_HASH_REACH - 1; /* what would follow is in the tree */
    else if (e->hash == hash) return next_at(at + 1, e->id);
  }
  const struct kn_hash_node *node = t->tree->at;
  for (uint32_t edge = at - hash - KN_HASH_REACH;;) {
    const uint32_t x = node[edge / 2].child[edge % 2];
    if (x == 0) return next_at(hash + KN_HASH_REACH + edge, 0);
    edge = 2 * x;
    if (node[x].hash == hash) return next_at(hash + KN_HASH_REACH + edge, node[x].id);
    edge += hash > node[x].hash;
  }
}

uint64_t kn_hash_next_tree(const struct kn_hash *t, uint32_t hash, uint32_t at) {
  return t->tree == NULL ? next_at(at, 0) : next(t, hash, at);
}

void kn_hash_put_far(struct kn_hash *t, uint32_t at, uint32_t hash, uint32_t id) {
  const uint32_t size = size_of(t),
                 edge = at - hash < KN_HASH_REACH ? 0 : at - hash - KN_HASH_REACH;
  t->n++;
  for (uint32_t i = 0, same = 0; t->size != 0 && i < KN_HASH_REACH - 1 && same < KN_HASH_SAME;
       i++) {
    struct kn_hash_entry *e = &t->at[(hash + i) & (size - 1)];
    if (e->id == 0) {
      *e = (struct kn_hash_entry){hash, id};
      return;
    }
    same += e->hash == hash;
  }
  if (t->tree == NULL) {
    t->tree = first_tree(t);
    *t->tree = (struct kn_hash_tree){.n = 1, .capacity = FIRST_NODES};
    t->tree->at[0] = (struct kn_hash_node){0};
  }
  struct kn_hash_tree *tree = t->tree;
  tree->size = size;
  t->size = 0;
  const uint32_t x = tree->unused != 0 ? tree->unused : tree->n++, up = edge / 2;
  if (x == tree->unused) tree->unused = tree->at[x].up;
  tree->at[x] = (struct kn_hash_node){.hash = hash, .id = id, .up = up, .rank = 1};
  tree->at[up].child[edge % 2] = x;
  balance(tree, x);
}

/* ---- the table ---- */

/* Makes space for `more` nodes, in memory of their own. */
static bool grow_tree(const kiln_allocator *a, struct kn_hash *t, uint32_t more) {
  struct kn_hash_tree *old = t->tree;
  if (own_tree(t) && (old->capacity - old->n >= more || (more == 1 && old->unused != 0)))
    return true;
  uint64_t capacity = (uint64_t)old->n + (more > old->n ? more : old->n);
  if (capacity > UINT32_MAX / 4) return false;
  struct kn_hash_tree *to = kn_allocator_realloc(a, NULL, tree_bytes((uint32_t)capacity));
  if (to == NULL) return false;
  memcpy(to, old, tree_bytes(old->n));
  to->capacity = (uint32_t)capacity;
  if (own_tree(t)) kn_allocator_realloc(a, old, 0);
  t->tree = to;
  return true;
}

/* Enters what is in some positions of another table. */
static void move(struct kn_hash *to, const struct kn_hash_entry *e,
                 const struct kn_hash_entry *end) {
  const uint32_t mask = to->size - 1;
  for (; e < end; e++) {
    if (e->id == 0) continue;
    uint32_t at = e->hash;
    while (to->at[at & mask].id != 0) at++;
    to->at[at & mask] = *e;
  }
}

/* Entries keep their order, from a free position on, so that none is farther from its hash's position than
 * before. */
bool kn_hash_grow(const kiln_allocator *a, struct kn_hash *t, uint32_t more) {
  if (t->tree != NULL && !grow_tree(a, t, more)) return false;
  const uint32_t from = size_of(t);
  uint64_t size = from < FIRST_SIZE ? FIRST_SIZE : from;
  while (t->n + (uint64_t)more > size / 2) size *= size < MANY ? 4 : 2;
  if (size == from) return true;
  if (size > UINT32_MAX) return false;
  const size_t bytes = (size_t)size * sizeof *t->at;
  struct kn_hash to = {kn_allocator_realloc(a, NULL, bytes + tree_bytes(FIRST_NODES)), t->n,
                       (uint32_t)size, t->tree};
  if (to.at == NULL) return false;
  memset(to.at, 0, bytes);
  const struct kn_hash_entry *first = t->at, *end = t->at + from;
  while (first < end && first->id != 0) first++;
  move(&to, first, end);
  move(&to, t->at, first);
  if (t->at != NULL) kn_allocator_realloc(a, t->at, 0);
  if (t->size == 0 && to.tree != NULL) to.tree->size = to.size, to.size = 0;
  *t = to;
  return true;
}

void kn_hash_set(struct kn_hash *t, uint32_t at, uint32_t hash, uint32_t to) {
  if (at - hash > KN_HASH_REACH) {
    const uint32_t node = (at - hash - KN_HASH_REACH) / 2;
    t->tree->at[node].id = to;
    if (to == 0) remove_node(t->tree, node), t->n--;
    return;
  }
  uint32_t mask = size_of(t) - 1, free = (at - 1) & mask;
  t->at[free].id = to;
  if (to != 0) return;
  t->n--;
  /* entries up to the next free one that could not be reached any more move to the free one before them */
  for (uint32_t i = (free + 1) & mask; t->at[i].id != 0; i = (i + 1) & mask) {
    uint32_t wanted = t->at[i].hash & mask;
    if (((i - wanted) & mask) < ((i - free) & mask)) continue;
    t->at[free] = t->at[i];
    t->at[i].id = 0;
    free = i;
  }
}

void kn_hash_clear(struct kn_hash *t) {
  if (t->n == 0) return;
  uint32_t size = size_of(t);
  if (own_tree(t)) {
    t->tree->n = 1; /* its memory stays */
    t->tree->unused = 0;
    t->tree->at[0] = (struct kn_hash_node){0};
  } else {
    t->tree = NULL;
  }
  /* a table that was large once need not be cleared as a whole each time */
  while (size > FIRST_SIZE && size / 8 > t->n) size /= 2;
  memset(t->at, 0, size * sizeof *t->at);
  t->n = 0;
  t->size = size;
}

void kn_hash_free(const kiln_allocator *a, struct kn_hash *t) {
  if (own_tree(t)) kn_allocator_realloc(a, t->tree, 0);
  if (t->at != NULL) kn_allocator_realloc(a, t->at, 0);
  *t = (struct kn_hash){0};
}
