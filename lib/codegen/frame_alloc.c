/* Which frame offsets are given out (lib/codegen/frame.h): to spill slots, stack slots and their pieces.
 * Called by the walk's fast paths and by lowerings. Invariant: an offset is never given out twice; spill slots that are
 * used again are the walk's (kn_frame.spare), and the slots of inlined bodies that never run at once share theirs. */
#include "lib/codegen/walk.h"

#include <stdlib.h>

int32_t kn_frame_alloc(struct kn_walk *w, uint64_t size, unsigned align_log2) {
  struct kn_frame *f = &w->frame;
  if (size > INT32_MAX / 2 || (uint64_t)llabs(f->low) + size > INT32_MAX / 2) {
    kn_walk_fail(w, KILN_ERR_LIMIT, "the stack frame is larger than 1 GiB");
    return -8;
  }
  int32_t mask = (1 << align_log2) - 1;
  mask |= 7 * (size >= 8);
  if (f->up) {
    int32_t at = (f->low + mask) & ~mask;
    f->low = at + (int32_t)size;
    return at;
  }
  f->low = (f->low - (int32_t)size) & ~mask;
  return f->low;
}

int32_t kn_def_in_frame(struct kn_walk *w, uint32_t i) {
  struct kn_val *v = &w->val[i];
  if ((v->flags & KN_VF_SLOT_HOME) == 0) {
    v->frame = 0;
    v->flags |= KN_VF_FRAME;
  }
  int32_t at = kn_frame_of(w, v);
  KN_LOG(w, KN_EV_DEF, i, KN_PLACE_FRAME + at);
  return at;
}

bool kn_number_halves(const struct kn_walk *w, uint32_t h, int64_t half[2]) {
  if (!kn_is_number(w->f, h, &half[0])) return false;
  const struct kn_const *c = kn_is_pool(h) ? &w->f->pool.at[kn_index(h)] : NULL;
  half[1] = c && kn_spills_16(w, c->type) ? (int64_t)c->high : half[0] >> 63;
  return true;
}

int32_t kn_slot_frame_new(struct kn_walk *w, uint32_t slot) {
  const struct kn_slot *s = &w->f->slots.at[slot];
  const struct kn_slot_place *at = &w->slots[slot];
  const struct kn_frame_plan *p = &w->plan->frame;
  if (at->shared) {
    if (w->frame.shared == 0)
      w->frame.shared = kn_frame_alloc(w, p->shared_bytes, KN_SHARED_ALIGN_LOG2);
    return w->frame.shared + (int32_t)at->offset;
  }
  if (s->parent != 0) return kn_slot_frame(w, s->parent - 1) + (int32_t)s->offset;
  /* The hook that zeroes a root stores a whole spill slot. */
  if (KN_UNLIKELY(s->memory & KN_MEMORY_ROOT)) return kn_frame_alloc(w, 8, 3);
  return kn_frame_alloc(w, s->size_bytes ? s->size_bytes : 1,
                        KN_LIKELY(at->align_log2 <= 4) ? at->align_log2 : kn_slot_align(w, slot));
}
