/* The last part of the allocation check: no part of a stack slot's memory in the frame belongs to
 * anything else, so that a store to one changes no value. Called by check.c when the log was
 * replayed. */
#include "lib/check/check.h"

static uint64_t area_end(const struct kn_slot *s) {
  /* a slot aligned beyond the stack may be reached through a pointer, which is in the frame */
  uint64_t size = s->align_log2 > 4 ? 8 : s->size_bytes ? s->size_bytes : 1;
  return (uint64_t)((int64_t)s->frame + INT32_MAX) + size;
}
static uint64_t area_start(const struct kn_slot *s) {
  return (uint64_t)((int64_t)s->frame + INT32_MAX);
}

/* Sorts the slots in the frame by their places: a heap sort. */
static void sort_areas(const kiln_func *f, uint32_t *at, uint32_t n) {
  for (uint32_t heap = n / 2, end = n; end > 1;) {
    uint32_t x;
    if (heap > 0) {
      x = at[--heap];
    } else {
      x = at[--end];
      at[end] = at[0];
    }
    uint32_t i = heap;
    for (;;) {
      uint32_t child = 2 * i + 1;
      if (child >= end) break;
      if (child + 1 < end && f->slots.at[at[child]].frame < f->slots.at[at[child + 1]].frame)
        child++;
      if (f->slots.at[x].frame >= f->slots.at[at[child]].frame) break;
      at[i] = at[child];
      i = child;
    }
    at[i] = x;
  }
}

bool kn_check_frame(struct kn_check *c, uint32_t *slot, uint32_t *place) {
  kiln_func *f = c->f;
  c->areas.n = 0;
  for (uint32_t i = 0; i < f->slots.n; i++) {
    const struct kn_slot *s = &f->slots.at[i], *whole = kn_slot_whole(f, i);
    if (s->frame == 0) continue;
    if (whole != s && s->frame != whole->frame + (int32_t)s->offset)
      return *slot = i, *place = kn_flow_memory(&c->flow, s->parent - 1), false;
    if (whole == s && !KN_PUSH(f, c->areas, i)) return true; /* f has failed */
  }
  uint32_t *at = c->areas.at, n = c->areas.n;
  sort_areas(f, at, n);
  for (uint32_t i = 1; i < n; i++)
    if (area_end(&f->slots.at[at[i - 1]]) > area_start(&f->slots.at[at[i]]))
      return *slot = at[i], *place = kn_flow_memory(&c->flow, at[i - 1]), false;
  for (uint32_t p = KN_FLOW_REGS; n && p < c->flow.cells.n; p++) {
    if (c->flow.variable.at[p - KN_FLOW_REGS]) continue;
    uint64_t start = (uint64_t)((int64_t)c->flow.frame.at[p - KN_FLOW_REGS] + INT32_MAX);
    uint32_t low = 0, high = n; /* the last area that begins before the place ends */
    while (low < high) {
      uint32_t mid = low + (high - low) / 2;
      if (area_start(&f->slots.at[at[mid]]) < start + 8) low = mid + 1;
      else high = mid;
    }
    if (low && area_end(&f->slots.at[at[low - 1]]) > start)
      return *slot = at[low - 1], *place = p, false;
  }
  return true;
}
