/* The allocation check of vectors: both halves of a v128 are where the value is. In the frame
 * the second one is after the place, so that what is written there ends the vector, and the
 * vector what was there; and a register of which calls, and the function, preserve one half only
 * never holds one. Called by check.c at each event. Invariant: nothing is known of a place that
 * is not written in this block, so that a vector's end in another block is not seen. */
#include "lib/check/check.h"

/* The place of frame offset `offset`, if there is any; else 0. */
static uint32_t frame_place(const struct kn_check *c, int32_t offset) {
  const struct kn_flow *w = &c->flow;
  for (uint32_t i = 0; i < w->frame.n; i++)
    if (w->frame.at[i] == offset && !w->variable.at[i]) return KN_FLOW_REGS + i;
  return 0;
}

static unsigned type_of(const struct kn_check *c, uint32_t v) {
  return kn_inst_result(c->f, &c->f->inst[v]);
}

static bool is_vector(const struct kn_check *c, uint32_t handle) {
  return handle && kn_is_value(handle) && type_of(c, handle) == KILN_TYPE_V128;
}

void kn_check_covers(struct kn_check *c, uint32_t place) {
  struct kn_flow *w = &c->flow;
  if (!c->vectors || place < KN_FLOW_REGS || w->variable.at[place - KN_FLOW_REGS]) return;
  int32_t at = w->frame.at[place - KN_FLOW_REGS];
  uint32_t before = frame_place(c, at - 8);
  if (before && is_vector(c, kn_flow_value(w, before))) kn_flow_write(w, before, 0);
  if (is_vector(c, kn_flow_value(w, place))) kn_flow_write(w, kn_flow_frame(w, at + 8), 0);
}

const char *kn_check_halves(const struct kn_check *c, uint32_t handle, uint32_t place) {
  bool content = kn_log_is(handle, KN_LOG_CONTENT);
  unsigned type = content               ? c->f->inst[c->inst].type
                  : kn_is_value(handle) ? type_of(c, handle)
                                        : KILN_TYPE_VOID;
  if (type != KILN_TYPE_V128 || place >= KN_FLOW_REGS || !c->target->types[type].cut ||
      !(c->target->ir.library->preserved >> place & 1))
    return NULL;
  return "a vector in a register of which one half is preserved";
}
