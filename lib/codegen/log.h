/* The log of the allocator's decisions, in checking builds (KN_CHECKS) only: the walk and the targets write it,
 * lib/check/check.c replays it and proves the allocation.
 *
 * An event has a value and a place: a register (0 to 63), or KN_PLACE_FRAME + an offset in the frame. Events
 * are in the order of the code; within an instruction what is read comes before what is written. MOVE and
 * CONST are logged by whoever emits them, with the places that the code names.
 *
 * Not logged: a comparison that stays in the flags; constants, addresses, loads and extensions that wait for
 * their reader (they have a DEF when they are computed after all, or their reader reads their operands);
 * variables in memory; what a lowering does with its scratch registers. */
#ifndef KN_LIB_CODEGEN_LOG_H
#define KN_LIB_CODEGEN_LOG_H

#include "targets/target.h"

enum kn_event {
  KN_EV_BLOCK, /* the code of block `value` begins */
  KN_EV_INST,  /* the code of instruction `value` begins; parameters have no code */
  KN_EV_DEF,   /* value is computed (or arrives: arguments, results) in place, which holds it alone.
                  After an EDGE, of a parameter: place is its home and holds its argument */
  KN_EV_MOVE,  /* place gets what place `value` holds: spills, reloads, moves */
  KN_EV_CONST, /* place gets the constant `value`, a handle */
  KN_EV_USE,   /* value (or constant, or KN_CONTENT) is read from place as an operand of the
                  instruction; an argument is read from the place where the callee, the caller or the
                  next block expects it, once it is there */
  KN_EV_DONE,  /* the registers of a set (see KN_LOG_SET) are read by now: from a USE up to here
                  nothing may be written to them but the DEF of the result */
  KN_EV_ALIAS, /* place is the register of a variable, and value, a load of it, is an alias:
                  place now holds it besides what it holds */
  KN_EV_STORE, /* place, the register of variable (slot) `value`, has what the STORE instruction
                  stores: if it did not hold that operand yet, it now holds nothing else */
  KN_EV_EDGE,  /* edge `value`: its moves and the DEFs of its target's parameters follow (one that
                  keeps its own value has none). What follows up to the next EDGE or BLOCK happens
                  on this edge only; but at an indirect branch the edges' moves all happen,
                  whichever is taken */
  KN_EV_CLOBBER, /* place holds nothing any more: it is taken for something else */
  KN_EV_TEMP,    /* the same, for this instruction: nothing else may take it until it is DONE */
  KN_EV_WRITE,  /* the code writes place, a register that it does not choose: a TEMP, or LOST now */
  KN_EV_LOST,   /* the same for the registers of a set: a call */
  KN_EV_UNWIND, /* edge `value`, on which the call unwinds, begins here: to label `place`, which is that of a STUB or
                   the block's own */
  KN_EV_STUB, /* what follows happens on each edge whose UNWIND names label `value`; after the last block */
  KN_EV_COUNT
};
#define KN_PLACE_FRAME (1 << 30)
/* Values of the log that are not handles: tags after those of enum kn_tag. */
enum kn_log_tag {
  KN_LOG_CONTENT = KN_TAG_TRIED + 1, /* what variable slots[index] holds */
  KN_LOG_UPPER                       /* the upper half of value `index` */
};
_Static_assert(KN_LOG_UPPER < 8, "a tag has 3 bits");
static inline uint32_t kn_log_value(enum kn_log_tag tag, uint32_t index) {
  return (uint32_t)tag << KN_TAG_SHIFT | index;
}
static inline bool kn_log_is(uint32_t value, enum kn_log_tag tag) {
  return value >> KN_TAG_SHIFT == (uint32_t)tag;
}
/* What variable `slot` holds, as a value of the log. */
#define KN_CONTENT(slot) kn_log_value(KN_LOG_CONTENT, slot)
typedef void kn_log_fn(void *user, enum kn_event event, uint32_t value, int32_t place);

/* From now on the session's walks log to `log` (NULL: no longer). False without memory, and in
 * builds without the log (lib/compile.c). */
bool kn_session_set_log(kiln_session *s, kn_log_fn *log, void *user);

#ifdef KN_CHECKS
#define KN_LOG(w, event, value, place)                                                             \
  do {                                                                                             \
    if ((w)->log) (w)->log((w)->log_user, event, value, (int32_t)(place));                         \
  } while (0)
/* An event with a set of registers: the general ones in its value, the others in its place. */
#define KN_LOG_SET(w, event, set) KN_LOG(w, event, (uint32_t)(set), (uint32_t)((set) >> 32))
/* The call of w->i in a function with a personality was emitted, and returns to here; `pad`: the label of its landing
 * pad, or 0. */
#define KN_LOG_CALL(w, pad)                                                                        \
  do {                                                                                             \
    if ((w)->log_call) (w)->log_call(w, pad);                                                      \
  } while (0)
/* A move between frame places; one of a value that lives in the frame is two. */
#define KN_LOG_COPY(w, dst, src, type)                                                             \
  do {                                                                                             \
    int32_t d_ = KN_PLACE_FRAME + (dst), s_ = KN_PLACE_FRAME + (src);                              \
    KN_LOG(w, KN_EV_MOVE, (uint32_t)s_, d_);                                                       \
    if (kn_in_frame(w, type)) KN_LOG(w, KN_EV_MOVE, (uint32_t)(s_ + 8), d_ + 8);                   \
  } while (0)
#else
#define KN_LOG(w, event, value, place) ((void)0)
#define KN_LOG_SET(w, event, set) ((void)0)
#define KN_LOG_CALL(w, pad) ((void)0)
#define KN_LOG_COPY(w, dst, src, type) ((void)0)
#endif

/* The same of an event that writes register `reg`, or those of a set: kn_regs.written says so in release builds, too.
 * The checker fails a function in which an event writes a register that `written` lacks. KN_LOG is enough for what has
 * been said before, as of a WRITE by its TEMP or LOST, and for what arrives. */
#define KN_WROTE(w, event, value, reg)                                                             \
  do {                                                                                             \
    (w)->regs.written |= KN_BIT(reg);                                                              \
    KN_LOG(w, event, value, reg);                                                                  \
  } while (0)
#define KN_WROTE_SET(w, event, set)                                                                \
  do {                                                                                             \
    (w)->regs.written |= (set);                                                                    \
    KN_LOG_SET(w, event, set);                                                                     \
  } while (0)

#endif
