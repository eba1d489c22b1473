/* Dominators by Lengauer and Tarjan's method ("A fast algorithm for finding dominators in a flowgraph",
 * 1979), with path compression alone: n blocks with m edges take at most m log n steps, whatever the
 * graph. Called by the verifier, and without recursion. */
#include "ir/dominators.h"

#include <string.h>

bool kn_dom_init(struct kn_dom *d, const kiln_func *f) {
  size_t n = (size_t)f->blocks.n + 1;
  size_t words = 12 * n + 1 + f->edges.n;
  uint32_t *at = kn_realloc(f->module, NULL, words * sizeof *at);
  *d = (struct kn_dom){.number = at};
  if (!at) return false;
  memset(at, 0, words * sizeof *at);
  uint32_t **arrays[] = {&d->block, &d->parent, &d->semi, &d->label,  &d->idom, &d->first,
                         &d->size,  &d->stack,  &d->same, &d->bucket, &d->preds};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) *arrays[i] = at + (i + 1) * n;
  d->pred = d->preds + n + 1; /* preds has one entry more */
  return true;
}

void kn_dom_free(struct kn_dom *d, const kiln_func *f) { kn_realloc(f->module, d->number, 0); }

/* Numbers the reachable blocks. `first` is scratch: the next edge of each block on the stack. */
static void search(struct kn_dom *d, const kiln_func *f) {
  uint32_t depth = 1;
  d->number[0] = d->n = 1;
  d->block[1] = 0;
  d->stack[0] = 1;
  while (depth > 0) {
    uint32_t at = d->stack[depth - 1];
    const struct kn_block *b = &f->blocks.at[d->block[at]];
    if (d->first[at] == b->n_edges) {
      depth--;
      continue;
    }
    uint32_t target = f->edges.at[b->edge_first + d->first[at]++].target;
    if (d->number[target] != 0) continue;
    uint32_t next = d->number[target] = ++d->n;
    d->block[next] = target;
    d->parent[next] = at;
    d->stack[depth++] = next;
  }
}

/* Lists the reached predecessors of each number. */
static void list_preds(struct kn_dom *d, const kiln_func *f) {
  for (uint32_t v = 1; v <= d->n; v++) {
    const struct kn_block *b = &f->blocks.at[d->block[v]];
    for (uint32_t e = 0; e < b->n_edges; e++)
      d->preds[d->number[f->edges.at[b->edge_first + e].target]]++;
  }
  uint32_t sum = 0;
  for (uint32_t v = 1; v <= d->n; v++) {
    sum += d->preds[v];
    d->preds[v] = sum; /* the end; filling goes down to the start */
  }
  d->preds[d->n + 1] = sum;
  for (uint32_t v = 1; v <= d->n; v++) {
    const struct kn_block *b = &f->blocks.at[d->block[v]];
    for (uint32_t e = 0; e < b->n_edges; e++)
      d->pred[--d->preds[d->number[f->edges.at[b->edge_first + e].target]]] = v;
  }
}

/* The number with the least semidominator on the path from `v` up to the numbers below `linked`. */
static uint32_t eval(struct kn_dom *d, uint32_t v, uint32_t linked) {
  if (d->parent[v] < linked) return d->label[v];
  uint32_t depth = 0;
  do {
    d->stack[depth++] = v;
    v = d->parent[v];
  } while (d->parent[v] >= linked);
  uint32_t top = v, label = d->label[v];
  do {
    v = d->stack[--depth];
    d->parent[v] = d->parent[top];
    if (d->semi[label] < d->semi[d->label[v]]) d->label[v] = label;
    else label = d->label[v];
    top = v;
  } while (depth > 0);
  return d->label[v];
}

/* The semidominator of v: those above v are not linked yet. */
static uint32_t semidominator(struct kn_dom *d, uint32_t v) {
  uint32_t semi = d->parent[v];
  for (uint32_t i = d->preds[v]; i < d->preds[v + 1]; i++) {
    uint32_t s = d->semi[eval(d, d->pred[i], v + 1)];
    if (s < semi) semi = s;
  }
  return semi;
}

static void immediate_dominators(struct kn_dom *d) {
  for (uint32_t v = 1; v <= d->n; v++) d->semi[v] = d->label[v] = v;
  for (uint32_t v = d->n; v >= 2; v--) {
    const uint32_t parent = d->parent[v], semi = d->semi[v] = semidominator(d, v);
    d->same[v] = d->bucket[semi];
    d->bucket[semi] = v;
    /* v is linked: those below it whose semidominator is its parent have that dominator, or `least`'s */
    for (uint32_t u = d->bucket[parent]; u != 0; u = d->same[u]) {
      uint32_t least = eval(d, u, v);
      d->idom[u] = d->semi[least] < parent ? least : parent;
    }
    d->bucket[parent] = 0;
  }
  for (uint32_t v = 2; v <= d->n; v++)
    if (d->idom[v] != d->semi[v]) d->idom[v] = d->idom[d->idom[v]];
}

void kn_dom_compute(struct kn_dom *d, const kiln_func *f) {
  search(d, f);
  list_preds(d, f);
  immediate_dominators(d);
  /* Preorder of the tree: a block comes after its dominator, and its subtree follows it. */
  for (uint32_t v = 1; v <= d->n; v++) d->size[v] = 1;
  for (uint32_t v = d->n; v >= 2; v--) d->size[d->idom[v]] += d->size[v];
  d->first[1] = 0;
  d->label[1] = 1; /* the next free position in its subtree */
  for (uint32_t v = 2; v <= d->n; v++) {
    d->first[v] = d->label[d->idom[v]];
    d->label[d->idom[v]] += d->size[v];
    d->label[v] = d->first[v] + 1;
  }
}
