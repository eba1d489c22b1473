/* Memory that other threads may read without the lock: epoch reclamation. A reader (serve/find.c) counts itself at one
 * of two counters. What is unlinked is retired, and freed once all readers that had begun before have ended: after each
 * counter was seen at 0 once, none of them is in progress. New readers go to the side that has been seen, so that the
 * other one falls to 0 however many readers there are.
 * Invariant: what is retired was unlinked before; a reader that begins later cannot reach it. All accesses to links and
 * counters are sequentially consistent: a reader that is not counted yet does not see what was unlinked. */
#include "lib/jit/memory/memory.h"

static void free_all(const kiln_jit *jit, struct kn_jit_retired **list) {
  for (struct kn_jit_retired *r = *list, *next; r != NULL; r = next) {
    next = r->next;
    void *parts[sizeof r->parts / sizeof r->parts[0]];
    memcpy(parts, r->parts, sizeof parts); /* the last is where r is */
    kn_free_all(&jit->options.allocator, parts, sizeof parts / sizeof parts[0]);
  }
  *list = NULL;
}

void kn_jit_retire(kiln_jit *jit, struct kn_jit_retired *r) {
  r->next = jit->retired_next;
  jit->retired_next = r;
  while (jit->retired_next != NULL || jit->leaving != NULL) {
    if (jit->leaving == NULL) {
      jit->leaving = jit->retired_next;
      jit->retired_next = NULL;
      jit->left = 0;
    }
    for (unsigned k = 0; k < 2; k++)
      if (jit->finding[k] == 0) jit->left |= 1u << k;
    if (jit->left != 3 && !jit->closing) {
      if ((jit->left >> jit->side & 1) == 0) jit->side = !jit->side;
      return;
    }
    free_all(jit, &jit->leaving);
  }
}

void kn_jit_retire_rest(kiln_jit *jit) {
  free_all(jit, &jit->leaving);
  free_all(jit, &jit->retired_next);
}
