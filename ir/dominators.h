/* Dominators of a function's reachable blocks, for the verifier. The edges must have been checked. */
#ifndef KN_IR_DOMINATORS_H
#define KN_IR_DOMINATORS_H

#include "ir/func.h"

/* `number` is by block and holds the block's number in the depth-first search, from 1; the other
 * arrays are by that number. */
struct kn_dom {
  uint32_t *number; /* by block; 0: not reached */
  uint32_t *block;
  uint32_t *parent; /* in the search's tree; paths are compressed */
  uint32_t *semi, *label;
  uint32_t *bucket, *same; /* those whose semidominator it is: the first, and the next of each */
  uint32_t *idom;          /* less than the block's own number; 0: the entry's */
  uint32_t *first,
    *size;         /* position in a preorder of the dominator tree, and size of the subtree */
  uint32_t *preds; /* start of each one's predecessors in `pred` */
  uint32_t *pred;
  uint32_t *stack;
  uint32_t n; /* blocks reached */
};

/* Allocates; false without memory. No block is reached yet. */
bool kn_dom_init(struct kn_dom *d, const kiln_func *f);
void kn_dom_compute(struct kn_dom *d, const kiln_func *f);
void kn_dom_free(struct kn_dom *d, const kiln_func *f);

static inline bool kn_dom_reached(const struct kn_dom *d, uint32_t block) {
  return d->number[block] != 0;
}
/* True if every path from the entry to `b`, which is reached, goes through `a`. */
static inline bool kn_dom_dominates(const struct kn_dom *d, uint32_t a, uint32_t b) {
  uint32_t x = d->number[a], y = d->number[b];
  return x != 0 && d->first[y] - d->first[x] < d->size[x];
}

#endif
