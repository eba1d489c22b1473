/* Tries: see ir/trie.h. Called by ir/debug.c and lib/dwarf*.c. */
#include "ir/trie.h"

#include <string.h>

static uint32_t hash_of(uint32_t from, uint32_t key) {
  uint32_t h = (from * 0x9e3779b1u) ^ (key * 0x85ebca6bu);
  return h ^ h >> 15;
}

static bool grow(kiln_module *m, struct kn_trie *t) {
  uint32_t mask = t->slots ? 2 * t->mask + 1 : 127;
  uint32_t *slots = kn_realloc(m, NULL, (mask + (size_t)1) * sizeof *slots);
  if (slots == NULL) {
    kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
    return false;
  }
  memset(slots, 0, (mask + (size_t)1) * sizeof *slots);
  for (uint32_t i = 1; i < t->n; i++) {
    uint32_t k = hash_of(t->at[i].up, t->at[i].key);
    while (slots[k & mask]) k++;
    slots[k & mask] = i;
  }
  kn_realloc(m, t->slots, 0);
  t->slots = slots;
  t->mask = mask;
  return true;
}

bool kn_trie_begin(kiln_module *m, struct kn_trie *t) {
  *t = (struct kn_trie){0};
  if (!kn_grow(m, &t->at, &t->cap, 1, sizeof *t->at)) return false;
  t->at[t->n++] = (struct kn_trie_node){.key = UINT32_MAX};
  return true;
}

void kn_trie_free(kiln_module *m, struct kn_trie *t) {
  kn_realloc(m, t->at, 0);
  kn_realloc(m, t->slots, 0);
  *t = (struct kn_trie){0};
}

uint32_t kn_trie_find(kiln_module *m, struct kn_trie *t, uint32_t from, uint32_t key) {
  if (t->n >= t->mask / 2 && !grow(m, t)) return 0;
  uint32_t k = hash_of(from, key), is;
  for (; (is = t->slots[k & t->mask]) != 0; k++)
    if (t->at[is].up == from && t->at[is].key == key) return t->at[from].last = is;
  if (!kn_grow(m, &t->at, &t->cap, t->n + 1, sizeof *t->at)) return 0;
  is = t->n++;
  t->at[is] = (struct kn_trie_node){.up = from, .key = key};
  t->slots[k & t->mask] = is;
  return t->at[from].last = is;
}
