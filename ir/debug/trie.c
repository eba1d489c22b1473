/* Tries: see ir/debug/trie.h. Called by ir/debug/die.c and lib/dwarf/dwarf*.c. */
#include "ir/debug/trie.h"

static inline uint32_t hash_of(uint32_t from, uint32_t key) {
  return ((from << 16 ^ from ^ key) * 0x9e3779b1u) >> 12;
}

bool kn_trie_begin(kiln_module *m, struct kn_trie *t) {
  *t = (struct kn_trie){0};
  return KN_PUSH(m, t->nodes, (struct kn_trie_node){.key = UINT32_MAX});
}

void kn_trie_free(kiln_module *m, struct kn_trie *t) {
  kn_realloc(m, t->nodes.at, 0);
  kn_hash_free(&m->options.allocator, &t->hash);
  *t = (struct kn_trie){0};
}

static KN_COLD bool after(uint32_t from, uint32_t key, const struct kn_trie_node *n) {
  return from != n->up ? from > n->up : key > n->key;
}

uint32_t kn_trie_find(kiln_module *m, struct kn_trie *t, uint32_t from, uint32_t key) {
  const uint32_t hash = hash_of(from, key);
  uint32_t at, is;
  if (!KN_HASH_ROOM(m, &t->hash)) return 0;
  KN_HASH_EACH(&t->hash, hash, at, is, after(from, key, &t->nodes.at[is])) {
    const struct kn_trie_node *n = &t->nodes.at[is];
    if (KN_LIKELY(n->up == from && n->key == key)) return t->nodes.at[from].last = is;
  }
  if (!KN_PUSH(m, t->nodes, (struct kn_trie_node){.up = from, .key = key})) return 0;
  is = t->nodes.n - 1;
  kn_hash_put_here(&t->hash, at, hash, is);
  return t->nodes.at[from].last = is;
}
