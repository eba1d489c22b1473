/* A trie: sequences of numbers, each of which is a node, found from the node of what is before its last number.
 * Debugging information has in tries what many entries share: shapes (ir/debug/die.c), abbreviations
 * (lib/dwarf/dwarf_write.c). Invariant: a node's number is higher than that of the node above it; node 0 is the empty
 * sequence. */
#ifndef KN_IR_DEBUG_TRIE_H
#define KN_IR_DEBUG_TRIE_H

#include "ir/module/module_state.h"

struct kn_trie_node {
  uint32_t up;   /* the node of the sequence without its last number, */
  uint32_t key;  /* and that number: not UINT32_MAX */
  uint32_t last; /* the node below this one that was asked for last; 0: none */
  uint32_t is;   /* for the owner; 0 at first */
};

struct kn_trie {
  KN_ARRAY(struct kn_trie_node) nodes;
  struct kn_hash hash; /* nodes but for the first, by `up` and `key` */
};

/* Makes an empty trie; false (and the module fails) without memory. Released by kn_trie_free, whatever it gives. */
bool kn_trie_begin(kiln_module *m, struct kn_trie *t);
void kn_trie_free(kiln_module *m, struct kn_trie *t);

/* The node of the sequence of node `from` with `key` after it, made if need be; 0 (and the module fails) without
 * memory. The same as kn_trie_step, which is faster. */
uint32_t kn_trie_find(kiln_module *m, struct kn_trie *t, uint32_t from, uint32_t key);

static inline uint32_t kn_trie_step(kiln_module *m, struct kn_trie *t, uint32_t from,
                                    uint32_t key) {
  uint32_t last = t->nodes.at[from].last; /* node 0 has no key that is asked for */
  return KN_LIKELY(t->nodes.at[last].key == key) ? last : kn_trie_find(m, t, from, key);
}

#endif
