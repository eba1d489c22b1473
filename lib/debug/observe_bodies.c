/* Where the bodies of inlined functions have code: between which blocks, by the call that a body stands for. Their
 * variables exist there alone, so nothing has to be known of them elsewhere. Called by rows.c, once the rows
 * of lines have their offsets. Only where Kiln inlines: after LLVM's passes a body's instructions may be anywhere. */
#include "lib/debug/debugger.h"

#include <string.h>

const struct kn_debug_body *kn_debug_body_of(const struct kn_debug_observer *d, uint32_t call) {
  const struct kn_debug_bodies *b = &d->bodies;
  uint32_t k = call < b->numbers.n ? b->numbers.at[call] : UINT32_MAX;
  return k < b->all.n && b->all.at[k].call == call ? &b->all.at[k] : NULL;
}

/* The body of `call`, and those that it is within, have code in the blocks from `first` to `last`; what was said before
 * was of earlier blocks. */
static bool extend(struct kn_debug_observer *d, uint32_t call, uint32_t first, uint32_t last) {
  const struct kn_walk *w = d->w;
  for (; call != 0; call = w->s->sources.locs.at[call].inlined) {
    struct kn_debug_body *body = (struct kn_debug_body *)kn_debug_body_of(d, call);
    if (body == NULL) {
      d->bodies.numbers.at[call] = d->bodies.all.n;
      if (!KN_PUSH(w->f->module, d->bodies.all, (struct kn_debug_body){call, first, last}))
        return false;
    } else if (body->last == last) {
      return true; /* so it is of those around it */
    } else {
      body->last = last;
    }
  }
  return true;
}

bool kn_debug_bodies_find(struct kn_debug_observer *d) {
  const struct kn_walk *w = d->w;
  const struct kn_output *out = w->out;
  uint32_t n = w->s->sources.locs.n, before = d->bodies.numbers.n, pos = 0;
  d->bodies.all.n = 0;
  if (n > before) {
    if (!KN_RESIZE(w->f->module, d->bodies.numbers, n)) return false;
    memset(d->bodies.numbers.at + before, 0, (n - before) * sizeof(uint32_t));
  }
  for (uint32_t k = d->lines.first; k < out->lines.n; k++) {
    uint32_t from = out->lines.at[k].offset;
    uint32_t to = k + 1 < out->lines.n ? out->lines.at[k + 1].offset : kn_here(w);
    if (from == to) continue;
    while (pos + 1 < w->plan->n_layout && kn_label_at(w, w->plan->layout[pos + 1]) <= from) pos++;
    uint32_t last = pos;
    while (last + 1 < w->plan->n_layout && kn_label_at(w, w->plan->layout[last + 1]) < to) last++;
    if (!extend(d, kn_loc_full(&w->s->sources, out->lines.at[k].loc)->inlined, pos, last))
      return false;
    pos = last;
  }
  return true;
}
