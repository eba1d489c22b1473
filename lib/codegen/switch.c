/* Switches: see switch.h. Called by the targets' lowering of switches. Invariant: every argument of an edge is
 * computed before the paths part, and homes are constant for life, so that each stub finds the same state. */
#include "lib/codegen/switch.h"

#include <string.h>

enum { FEW = 16 };

static bool make_room(struct kn_walk *w, struct kn_switch *s) {
  s->cases = s->few;
  s->labels = s->few_labels;
  if (s->n <= FEW) return true;
  size_t size = 2 * (size_t)s->n * sizeof *s->cases; /* half of it to sort with */
  s->cases = kn_realloc(w->f->module, NULL, size + (s->n + (size_t)1) * sizeof *s->labels);
  s->labels = (uint32_t *)((char *)s->cases + size);
  if (s->cases != NULL) return true;
  kn_walk_fail(w, KILN_ERR_MEMORY, "out of memory");
  return false;
}

bool kn_switch_begin(struct kn_walk *w, const struct kn_inst *in, bool sign, struct kn_switch *s) {
  const kiln_func *f = w->f;
  s->edges = &f->edges.at[in->b];
  s->n = f->block[w->block].n_edges - 1;
  for (uint32_t k = 0; k <= s->n; k++) {
    kn_edge_prepare(w, &s->edges[k]);
    if (!kn_code_ready(w)) return false;
  }
  if (!make_room(w, s)) return false;
  for (uint32_t k = 0; k <= s->n; k++)
    s->labels[k] = s->edges[k].args ? kn_code_label(w) : s->edges[k].target;
  s->fallback = s->labels[0];
  unsigned shift = 64 - (8u << kn_type_log2[in->type]);
  for (uint32_t k = 0; k < s->n; k++) {
    const uint32_t *words = &f->lists.at[in->c + 2 * k];
    uint64_t v = (words[0] | (uint64_t)words[1] << 32) << shift;
    v = sign ? (uint64_t)((int64_t)v >> shift) : v >> shift;
    s->cases[k] = (struct kn_case){v, s->labels[k + 1]};
  }
  kn_cases_sort(s->cases, s->cases + s->n, s->n, sign ? UINT64_C(1) << 63 : 0);
  return true;
}

void kn_switch_end(struct kn_walk *w, struct kn_switch *s) {
  for (uint32_t k = 0; k <= s->n; k++) {
    if (s->edges[k].args == 0) continue;
    if (!kn_code_ready(w)) break;
    w->target->bind_label(w, s->labels[k]);
    kn_edge_moves(w, &s->edges[k]);
    w->target->jump(w, s->edges[k].target);
  }
  if (s->cases != s->few) kn_realloc(w->f->module, s->cases, 0);
}
