/* References that must be found by the collector, which moves objects. Kiln's rule: a value that was loaded from a root
 * is not used after a call that collects; it is loaded again. Here that means:
 *
 *   - A variable that holds a reference is a root, and each use of it loads it (gen_slot).
 *   - A value that is needed after the code for something else was built is kept in a root of its own meanwhile, if it
 *     is a reference and that code may collect garbage (gen_hold, gen_operands).
 *
 * Kiln's verifier reports what breaks the rule, because gen_expr marks each reference that is no variable. A root of a
 * value is used again for later values of the function. In a function without calls that collect, nothing is a root. */
#include "gen.h"

struct root {
  kiln_value slot;
  struct root *next;
};

kiln_value gen_slot(struct gen *g, const struct type *t) {
  kiln_value slot = kiln_slot_new(g->f, kiln_type_size(gen_type(t)), 3);
  if (g->collects && gen_is_reference(t)) kiln_slot_set_root(g->f, slot);
  return slot;
}

struct held gen_hold(struct gen *g, const struct type *t, kiln_value value, bool collects) {
  struct held h = {.value = value};
  if (!collects || !gen_is_reference(t)) return h;
  h.root = g->free_roots;
  if (h.root != NULL) {
    g->free_roots = h.root->next;
  } else {
    h.root = clay_alloc(g->c, sizeof *h.root);
    h.root->slot = gen_slot(g, t);
  }
  kiln_build_store(g->f, KILN_TYPE_PTR, h.root->slot, 0, value, 0);
  return h;
}

kiln_value gen_held(struct gen *g, const struct held *h) {
  return h->root != NULL ? kiln_build_load(g->f, KILN_TYPE_PTR, h->root->slot, 0, 0) : h->value;
}

void gen_release(struct gen *g, const struct held *h) {
  if (h->root == NULL) return;
  h->root->next = g->free_roots;
  g->free_roots = h->root;
}

void gen_operands(struct gen *g, const struct expr *const *e, uint32_t n, kiln_value *values) {
  struct held *held = clay_alloc(g->c, n * sizeof *held);
  uint32_t last = n; /* the last one that may collect garbage: what comes before it is held */
  while (last > 0 && !e[last - 1]->collects) last--;
  for (uint32_t i = 0; i < n; i++)
    held[i] = gen_hold(g, e[i]->type, gen_expr(g, e[i]), i + 1 < last && e[i]->kind != EXPR_STR);
  for (uint32_t i = n; i-- > 0;) {
    values[i] = gen_held(g, &held[i]);
    gen_release(g, &held[i]);
  }
}

kiln_value *gen_arguments(struct gen *g, const struct expr *call) {
  const struct expr **e = clay_alloc(g->c, call->n * sizeof *e);
  kiln_value *values = clay_alloc(g->c, call->n * sizeof *values);
  uint32_t n = 0;
  for (const struct expr *a = call->list; a != NULL; a = a->next) e[n++] = a;
  gen_operands(g, e, n, values);
  return values;
}
