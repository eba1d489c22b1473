/* Tells a walk's observers what happens, and does what they request: see observe.h. Called by the targets and by the
 * instance of the walk's loop that has an observer. */
#include "lib/codegen/observe.h"

void kn_observe(struct kn_walk *w, struct kn_observer *o) {
  o->quiet.n = w->quiet.n = 0;
  o->requests = (struct kn_requests *)w;
  o->next = w->observer;
  w->observer = o;
}

/* ---- requests ---- */

/* To observers a type that is not complete: they cannot go beyond the functions here. */
static struct kn_walk *walk_of(struct kn_requests *r) { return (struct kn_walk *)r; }

uint32_t kn_request_mark(struct kn_requests *r) {
  return kn_code_mark(walk_of(r), kn_here(walk_of(r)));
}

uint32_t kn_request_label(struct kn_requests *r) { return kn_code_label(walk_of(r)); }

void kn_request_nop(struct kn_requests *r) {
  struct kn_walk *w = walk_of(r);
  uint32_t nop = w->target->code.nop;
  unsigned size = w->target->code.nop_bytes;
  for (unsigned k = 0; k < size; k++) w->code.p[k] = (uint8_t)(nop >> 8 * k);
  w->code.p += size;
}

void kn_request_reload(struct kn_requests *r) { walk_of(r)->regs.epoch++; }

uint64_t kn_request_written(struct kn_requests *r) {
  struct kn_walk *w = walk_of(r);
  const uint64_t written = w->regs.written;
  w->regs.written = 0;
  return written;
}

void kn_request_slot(struct kn_requests *r, uint32_t slot) {
  struct kn_walk *w = walk_of(r);
  /* to be aligned beyond what the frame is: only accesses need it */
  w->slot_states.at[slot].unaligned = w->slots[slot].align_log2 > 4;
  kn_slot_frame(w, slot);
}

bool kn_request_args(struct kn_requests *r, const struct kn_sig *sig, const uint32_t *operands,
                     uint32_t n) {
  struct kn_walk *w = walk_of(r);
  struct kn_assign end;
  uint32_t i = w->i;
  bool assigned = kn_assign_args(w, sig, operands, n, &end);
  w->i = i;
  return assigned;
}

/* ---- events ---- */

void kn_observe_insts(struct kn_walk *w) {
  uint32_t n = UINT32_MAX;
  for (struct kn_observer *o = w->observer; o; o = o->next) {
    if (w->i - o->quiet.first >= o->quiet.n) o->on->inst(o, w);
    uint32_t since = w->i - o->quiet.first, left = since < o->quiet.n ? o->quiet.n - since : 0;
    if (left < n) n = left;
  }
  w->quiet = (struct kn_quiet){w->i, n};
}

uint32_t kn_observe_tail(struct kn_walk *w, unsigned reg) {
  uint32_t label = 0;
  for (struct kn_observer *o = w->observer; o && label == 0; o = o->next)
    if (o->on->tail) label = o->on->tail(o, w, reg);
  return label;
}
