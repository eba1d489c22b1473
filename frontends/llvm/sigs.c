/* The table of signatures: a function type with an attribute list is made a signature once (call.c). */
#include "bc.h"

#include <string.h>

/* Doubles the hash table of signatures. */
static bool grow_sigs(struct kn_bc *r) {
  uint32_t cap = r->cap_sigs ? r->cap_sigs * 2 : 64, none = 0;
  struct kn_bc_sig *table = NULL;
  if (!kn_bc_grow(r, &table, &none, cap, sizeof *table)) return false;
  memset(table, 0, cap * sizeof *table);
  for (uint32_t i = 0; i < r->cap_sigs; i++) {
    if (!r->sigs[i].key) continue;
    uint32_t at = kn_bc_sig_hash(r->sigs[i].key, cap);
    while (table[at].key) at = (at + 1) & (cap - 1);
    table[at] = r->sigs[i];
  }
  if (r->sigs) kn_bc_release(r, r->sigs);
  r->sigs = table;
  r->cap_sigs = cap;
  return true;
}

struct kn_bc_sig *kn_bc_new_sig(struct kn_bc *r, uint64_t key, uint32_t type, uint32_t attrs,
                                unsigned flags) {
  if (attrs >= 1u << 24) {
    kn_bc_fail(r, KILN_ERR_LIMIT, "too many attribute lists");
    return NULL;
  }
  struct kn_bc_sig s = {.key = key};
  const struct kn_bc_attr *a = kn_bc_attr(r, attrs, KN_BC_FUNC_INDEX);
  if (!kn_bc_build_sig(r, &s, type, attrs,
                       flags | (a ? a->flags & (KN_BC_SIG_FLAGS | FA_CALL_REFUSED) : 0u)))
    return NULL;
  if (r->n_sigs * 2 >= r->cap_sigs && !grow_sigs(r)) return NULL;
  r->n_sigs++;
  uint32_t at = kn_bc_sig_hash(key, r->cap_sigs);
  while (r->sigs[at].key) at = (at + 1) & (r->cap_sigs - 1);
  r->sigs[at] = s;
  return &r->sigs[at];
}
