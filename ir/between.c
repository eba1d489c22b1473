/* For each block U other than the entry, a call is searched for on the paths from its immediate dominator P to U that
 * do not come to P again. Such a path goes through subtrees of the dominator tree that are below P: it enters each by
 * its top block, a sibling of U, and leaves it by an edge to the top of the next or to U. Therefore:
 * - an edge from block B to U has a call if one is in B or on the way from the sibling above B down to B,
 * - a sibling that has a call before it passes this on along its edges.
 * The subtrees below P are done before P's children. The way from a sibling down to B is a path in a forest whose paths
 * are compressed as those of the dominators are. */
#include "ir/between.h"

#include <string.h>

struct forest {
  struct kn_between *b;
  /* The dominator tree: the first child, and the next of the same parent. */
  uint32_t *child, *sibling;
  /* The parent once the block is linked, or an ancestor; 0: the block is the top of its tree. */
  uint32_t *up;
  /* Of a linked block: a call on the way from `up`, which is not on it, down to the block's end; or 0. */
  uint32_t *call;
  uint32_t *stack;
  uint32_t *out;         /* of a top: its first edge to a sibling, + 1 */
  uint32_t *next, *into; /* by edge: the next of the same top, + 1, and the sibling */
};

static uint32_t call_in(const struct kn_between *b, uint32_t v) {
  return b->last[b->dom->block[v]];
}

/* The top of v's tree; *call: a call on the way from the top, which is on it, down to the end of v, or 0. */
static uint32_t top_of(struct forest *t, uint32_t v, uint32_t *call) {
  uint32_t depth = 0;
  while (t->up[v] != 0) {
    t->stack[depth++] = v;
    v = t->up[v];
  }
  const uint32_t top = v;
  uint32_t below = 0; /* a call on the way from the top, which is not on it, to the block above v */
  while (depth > 0) {
    v = t->stack[--depth];
    if (below != 0) t->call[v] = below;
    below = t->call[v];
    t->up[v] = top;
  }
  *call = below != 0 ? below : call_in(t->b, top);
  return top;
}

/* Lists the edges between v's siblings that lead to v, and notes a call on one of them. */
static void edges_into(struct forest *t, uint32_t v) {
  const struct kn_dom *d = t->b->dom;
  for (uint32_t i = d->preds[v]; i < d->preds[v + 1]; i++) {
    if (d->pred[i] == d->idom[v]) continue;
    uint32_t call, top = top_of(t, d->pred[i], &call);
    if (call != 0) t->b->before[v] = call;
    t->into[i] = v;
    t->next[i] = t->out[top];
    t->out[top] = i + 1;
  }
}

/* Finds the calls before the children of `parent`, whose own subtrees are done, and links them to it. */
static void children(struct forest *t, uint32_t parent) {
  uint32_t *before = t->b->before, n = 0;
  for (uint32_t v = t->child[parent]; v != 0; v = t->sibling[v]) edges_into(t, v);
  for (uint32_t v = t->child[parent]; v != 0; v = t->sibling[v])
    if (before[v] != 0) t->stack[n++] = v;
  while (n > 0) {
    const uint32_t top = t->stack[--n];
    for (uint32_t i = t->out[top]; i != 0; i = t->next[i - 1]) {
      uint32_t v = t->into[i - 1];
      if (before[v] != 0) continue;
      before[v] = before[top];
      t->stack[n++] = v;
    }
  }
  for (uint32_t v = t->child[parent]; v != 0; v = t->sibling[v]) {
    t->up[v] = parent;
    t->call[v] = call_in(t->b, v) != 0 ? call_in(t->b, v) : before[v];
  }
}

static void find_nearest(struct kn_between *b) {
  for (uint32_t v = 2; v <= b->dom->n; v++) {
    const uint32_t parent = b->dom->idom[v];
    b->depth[v] = b->depth[parent] + 1;
    const bool inside = call_in(b, parent) != 0;
    b->nearest[v] = inside ? call_in(b, parent) : b->nearest[parent];
    b->nearest_depth[v] = inside ? b->depth[parent] : b->nearest_depth[parent];
    if (b->before[v] == 0) continue;
    b->nearest[v] = b->before[v];
    b->nearest_depth[v] = b->depth[v];
  }
}

bool kn_between_init(struct kn_between *b, const kiln_func *f, const struct kn_dom *d,
                     const uint32_t *last) {
  const size_t n = d->n + (size_t)1, edges = f->edges.n;
  struct forest t = {.b = b};
  *b = (struct kn_between){.dom = d, .last = last};
  uint32_t **arrays[] = {&b->depth,  &b->before, &b->nearest, &b->nearest_depth, &t.child,
                         &t.sibling, &t.up,      &t.call,     &t.stack,          &t.out};
  const size_t words = sizeof arrays / sizeof *arrays * n + 2 * edges;
  uint32_t *at = kn_realloc(f->module, NULL, words * sizeof *at);
  if (at == NULL) return false;
  memset(at, 0, words * sizeof *at);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++, at += n) *arrays[i] = at;
  t.next = at;
  t.into = at + edges;
  for (uint32_t v = d->n; v >= 2; v--) {
    t.sibling[v] = t.child[d->idom[v]];
    t.child[d->idom[v]] = v;
  }
  for (uint32_t v = d->n; v >= 1; v--) children(&t, v);
  find_nearest(b);
  return true;
}

void kn_between_free(struct kn_between *b, const kiln_func *f) {
  kn_realloc(f->module, b->depth, 0);
}
