/* Tries: see ir/trie.h. Called by ir/die.c and lib/debug/dwarf*.c. */
#include "ir/trie.h"

#include <string.h>

static inline uint32_t hash_of(uint32_t from, uint32_t key) {
  uint32_t h = (from << 16 ^ from ^ key) * 0x9e3779b1u;
  return h >> 12;
}

/* Makes the table have `size` slots, a power of two. */
static bool resize(kiln_module *m, struct kn_trie *t, uint32_t size) {
  uint32_t *slots = kn_realloc(m, NULL, size * sizeof *slots);
  if (slots == NULL) {
    kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  memset(slots, 0, size * sizeof *slots);
  for (uint32_t i = 1; i < t->nodes.n; i++) {
    uint32_t k = hash_of(t->nodes.at[i].up, t->nodes.at[i].key);
    while (slots[k & (size - 1)]) k++;
    slots[k & (size - 1)] = i;
  }
  kn_realloc(m, t->slots, 0);
  t->slots = slots;
  t->mask = size - 1;
  return true;
}

bool kn_trie_begin(kiln_module *m, struct kn_trie *t) {
  *t = (struct kn_trie){0};
  if (!KN_PUSH(m, t->nodes, (struct kn_trie_node){.key = UINT32_MAX}) || !resize(m, t, 256))
    return false;
  return true;
}

void kn_trie_free(kiln_module *m, struct kn_trie *t) {
  kn_realloc(m, t->nodes.at, 0);
  kn_realloc(m, t->slots, 0);
  *t = (struct kn_trie){0};
}

/* Searches further from slot k on, and makes the node if it is not there. */
static __attribute__((noinline)) uint32_t search(kiln_module *m, struct kn_trie *t, uint32_t from,
                                                 uint32_t key, uint32_t k) {
  uint32_t is;
  for (; (is = t->slots[k & t->mask]) != 0; k++)
    if (t->nodes.at[is].up == from && t->nodes.at[is].key == key)
      return t->nodes.at[from].last = is;
  if (!KN_ROOM(m, t->nodes, 1) || (t->nodes.n >= t->mask / 2 && !resize(m, t, 2 * (t->mask + 1))))
    return 0;
  k = hash_of(from, key);
  while (t->slots[k & t->mask]) k++;
  is = t->nodes.n++;
  t->nodes.at[is] = (struct kn_trie_node){.up = from, .key = key};
  t->slots[k & t->mask] = is;
  return t->nodes.at[from].last = is;
}

uint32_t kn_trie_find(kiln_module *m, struct kn_trie *t, uint32_t from, uint32_t key) {
  uint32_t k = hash_of(from, key), is = t->slots[k & t->mask];
  if (KN_UNLIKELY(t->nodes.at[is].up != from || t->nodes.at[is].key != key))
    return search(m, t, from, key, k);
  return t->nodes.at[from].last = is;
}
