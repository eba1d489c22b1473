/* Which call lies on some path between two blocks, of which the first dominates the second. Answers take constant time
 * after a preparation that is near linear, whatever the graph. */
#ifndef KN_IR_BETWEEN_H
#define KN_IR_BETWEEN_H

#include "ir/dominators.h"

/* By a block's number in the dominators' search. */
struct kn_between {
  const struct kn_dom *dom;
  const uint32_t *last; /* by block: the call in question, an instruction, or 0 */
  uint32_t *depth;      /* in the dominator tree */
  /* A call on a path from the immediate dominator to the block that is in neither of the two; or 0. */
  uint32_t *before;
  /* The nearest call on the way from the entry down to the block, or 0; and its depth: blocks that are less deep come
   * before it. */
  uint32_t *nearest, *nearest_depth;
};

/* Allocates and prepares; false without memory. `last` must outlive it. */
bool kn_between_init(struct kn_between *b, const kiln_func *f, const struct kn_dom *d,
                     const uint32_t *last);
void kn_between_free(struct kn_between *b, const kiln_func *f);
/* A call that is in a block on some path from the end of block `from` to the start of `to`, without `from` itself, or
 * 0. `from` dominates `to`, and the path does not come to `from` again. */
static inline uint32_t kn_between(const struct kn_between *b, uint32_t from, uint32_t to) {
  const uint32_t v = b->dom->number[to];
  return b->nearest_depth[v] > b->depth[b->dom->number[from]] ? b->nearest[v] : 0;
}

#endif
