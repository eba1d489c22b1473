/* Tells a walk's observers what happens: see observe.h. Called by the targets and by the instance of the walk's loop
 * that has an observer. Invariant: one observer is called as it is; several are called by one that stands for them. */
#include "lib/codegen/observe.h"

/* ---- several ---- */

#define EACH(o, event)                                                                             \
  for (o = o->next; o; o = o->next)                                                                \
    if (o->on->event) o->on->event

static void each_begin(struct kn_observer *o, const struct kn_walk *w) { EACH(o, begin)(o, w); }

static void each_code(struct kn_observer *o, const struct kn_walk *w, uint32_t block, uint32_t inst,
                      bool data) {
  EACH(o, code)(o, w, block, inst, data);
}

static void each_frame(struct kn_observer *o, const struct kn_walk *w) { EACH(o, frame)(o, w); }

static void each_inst(struct kn_observer *all, const struct kn_walk *w) {
  uint32_t n = UINT32_MAX;
  for (struct kn_observer *o = all->next; o; o = o->next) {
    if (w->i - o->quiet.first >= o->quiet.n) o->on->inst(o, w);
    uint32_t since = w->i - o->quiet.first, left = since < o->quiet.n ? o->quiet.n - since : 0;
    if (left < n) n = left;
  }
  all->quiet = (struct kn_quiet){w->i, n};
}

static void each_call(struct kn_observer *o, const struct kn_walk *w, bool own, unsigned reg) {
  EACH(o, call)(o, w, own, reg);
}

static void each_returned(struct kn_observer *o, const struct kn_walk *w) {
  EACH(o, returned)(o, w);
}

static uint32_t each_tail(struct kn_observer *o, const struct kn_walk *w, unsigned reg) {
  uint32_t label = 0;
  for (o = o->next; o && label == 0; o = o->next)
    if (o->on->tail) label = o->on->tail(o, w, reg);
  return label;
}

static bool each_stop(const struct kn_observer *o, const struct kn_walk *w) {
  bool stop = false;
  for (o = o->next; o && !stop; o = o->next) stop = o->on->stop && o->on->stop(o, w);
  return stop;
}

static void each_leave(struct kn_observer *o, const struct kn_walk *w) {
  o->quiet.n = 0;
  EACH(o, leave)(o, w);
}

static void each_blocks(struct kn_observer *o, const struct kn_walk *w) { EACH(o, blocks)(o, w); }

static void each_end(struct kn_observer *o, const struct kn_walk *w, struct kn_code_func *func) {
  EACH(o, end)(o, w, func);
}

static const struct kn_observer_events each = {
  .begin = each_begin,
  .code = each_code,
  .frame = each_frame,
  .inst = each_inst,
  .call = each_call,
  .returned = each_returned,
  .tail = each_tail,
  .stop = each_stop,
  .leave = each_leave,
  .blocks = each_blocks,
  .end = each_end,
};

void kn_observe(struct kn_walk *w, struct kn_observer *o) {
  o->quiet.n = 0;
  o->requests = (struct kn_requests *)w;
  o->next = NULL;
  if (w->observer != NULL) {
    o->next = w->observer == &w->several ? w->several.next : w->observer;
    w->several = (struct kn_observer){.on = &each, .next = o};
    o = &w->several;
  }
  w->observer = o;
}

/* ---- requests ---- */

/* To observers a type that is not complete: they cannot go beyond the functions here. */
static struct kn_walk *walk_of(struct kn_requests *r) { return (struct kn_walk *)r; }

uint32_t kn_request_mark(struct kn_requests *r) {
  struct kn_walk *w = walk_of(r);
  return kn_code_mark(w, kn_here(w));
}

uint32_t kn_request_mark_at(struct kn_requests *r, uint32_t at, uint32_t fixups) {
  struct kn_walk *w = walk_of(r);
  uint32_t mark = kn_code_mark(w, at);
  if (mark != 0) w->code.marks.at[mark].fixups = fixups;
  return mark;
}

void kn_request_move(struct kn_requests *r, uint32_t mark, uint32_t bytes) {
  walk_of(r)->code.marks.at[mark].at += bytes;
}

void kn_request_nop(struct kn_requests *r) {
  struct kn_walk *w = walk_of(r);
  uint32_t nop = w->target->code.nop;
  unsigned size = w->target->code.nop_bytes;
  for (unsigned k = 0; k < size; k++) w->code.p[k] = (uint8_t)(nop >> 8 * k);
  w->code.p += size;
}

void kn_request_reload(struct kn_requests *r) { walk_of(r)->regs.epoch++; }

void kn_request_disown(struct kn_requests *r, unsigned reg) {
  walk_of(r)->regs.owner[reg] = UINT32_MAX;
}

void kn_request_slot(struct kn_requests *r, uint32_t slot) {
  struct kn_walk *w = walk_of(r);
  struct kn_slot_place *s = &w->slots[slot];
  if (s->align_log2 > 4) s->align_log2 = 4; /* beyond what the frame is: only accesses need it */
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

void kn_observed_code(struct kn_walk *w, uint32_t block, uint32_t inst, bool data) {
  KN_TELL(w, code, w, block, inst, data);
}

void kn_observed_call(struct kn_walk *w, bool own, unsigned reg) { KN_TELL(w, call, w, own, reg); }

void kn_observed_return(struct kn_walk *w) { KN_TELL(w, returned, w); }

uint32_t kn_observed_tail(struct kn_walk *w, unsigned reg) {
  return w->observer->on->tail ? w->observer->on->tail(w->observer, w, reg) : 0;
}

bool kn_observed_stop(const struct kn_walk *w) {
  return w->observer->on->stop && w->observer->on->stop(w->observer, w);
}
