/* What ir/inline/inline_replay.c and ir/inline/inline_call.c share: the state of a replay. */
#ifndef KN_IR_INLINE_INLINE_REPLAY_H
#define KN_IR_INLINE_INLINE_REPLAY_H

#include "ir/inline/inlining.h"

/* What stands for a value of a body: a handle of the function that is built; of a slot, plus a displacement. */
struct kn_ref {
  uint32_t h;
  int32_t disp;
};
_Static_assert(sizeof(struct kn_ref) == sizeof(uint64_t), "kn_inline_room.level");

/* kn_level.block of a block that went on in the one before it; and no block. */
#define KN_REPLAY_MERGED UINT32_MAX
#define KN_REPLAY_NONE UINT32_MAX

/* A body that is being built, within others. */
struct kn_level {
  const kiln_func *f;
  const struct kn_body *body; /* NULL: the outermost function */
  struct kn_level *up;
  unsigned depth;
  /* the call of it: a block of up->f whose TRY it is, and the edge of that if it throws; or no TRY */
  uint32_t try_block, unwind_edge;
  bool is_tried;
  struct kn_level
    *handler;     /* the innermost level, from here outward, that was called by a TRY, or NULL */
  unsigned takes; /* KN_TAKES_...: what all such TRYs take together */
  uint32_t scope; /* of its slots: index + 1, or 0 */
  uint32_t frame; /* bytes of slots of the bodies around it, with its own */
  const uint32_t *order;
  uint32_t n_order;
  const uint8_t *is_once;
  /* by index in f; 0 is none */
  struct kn_ref *map;  /* values */
  struct kn_ref *once; /* what was stored to a slot that is stored once */
  uint32_t *block;     /* block + 1, or KN_REPLAY_MERGED */
  uint32_t *slot;      /* handle */
  uint32_t *pool;      /* handle */
  uint32_t waiting;    /* blocks that were made and not filled yet */
  /* debugging information (inline_debug.c): what the body calls locations, NULL: the session's own; those that were
   * made for it, by index there; by slot the first variable in it, index + 1; the location of its call, or 0 */
  const struct kn_loc *locs;
  uint32_t *loc, *var_of;
  uint32_t call;
  bool noted, shown; /* its instructions have locations; debuggers are to see its variables */
  /* of the newest call in it that was inlined, or became a TRY */
  uint32_t results_of;
  struct kn_ref results[KILN_MAX_RESULTS];
  /* how it returns: from one place, where the caller goes on, or to a block of its own; -1: not yet */
  uint32_t returned_at;
  struct kn_ref returned[KILN_MAX_RESULTS];
};

struct kn_replay {
  kiln_func *g; /* what is built */
  struct kn_inline_room *room;
  enum kn_inline_row into;  /* why nothing is inlined into it, or NONE */
  uint64_t grown, may_grow; /* instructions */
  uint64_t tried, may_try;  /* TRYs */
  uint32_t may_frame;
  bool recursive; /* the function calls itself, as far as is known */
  uint32_t
    said; /* index + 1 of the note with the location that was said last; 0: behind a call that was inlined */
};

/* ---- inline_replay.c ---- */

/* What stands for handle `h` of the level's function. */
struct kn_ref kn_replay_ref(struct kn_replay *r, struct kn_level *l, uint32_t h);
/* The same as an operand: an address is computed if need be. */
uint32_t kn_replay_handle(struct kn_replay *r, struct kn_ref ref);
/* As an operand that must have a type: a value that became a constant is one again. */
uint32_t kn_replay_value(struct kn_replay *r, struct kn_level *l, uint32_t h);

/* The block that stands for `block` of the level's function. */
uint32_t kn_replay_target(struct kn_replay *r, struct kn_level *l, uint32_t block);
/* Notes the arguments of edge `edge` of the level's function for edge `k` of the terminator that is built next, which
 * kn_replay_attach gives it. Results or exceptions of a try are replaced by those given, if they are. */
bool kn_replay_gather(struct kn_replay *r, struct kn_level *l, uint32_t edge, uint32_t k,
                      const struct kn_ref *results, const uint32_t *exception);
void kn_replay_attach(struct kn_replay *r);
/* Branches along an edge; if nothing else leads there, returns the block to go on with in the current one. */
uint32_t kn_replay_branch(struct kn_replay *r, struct kn_level *l, uint32_t edge,
                          const struct kn_ref *results);
/* Gives a level memory. */
bool kn_replay_level(struct kn_replay *r, struct kn_level *l, unsigned depth);
/* Builds the blocks of a level, from the current block on. */
void kn_replay_body(struct kn_replay *r, struct kn_level *l);

/* ---- inline_sweep.c ---- */

/* Removes what nobody reads in a function that is complete, and not finished. */
void kn_replay_sweep(kiln_func *g);

/* ---- inline_debug.c ---- */

/* What the level calls location `loc`, as a location of the session. */
uint32_t kn_replay_loc(struct kn_replay *r, struct kn_level *l, uint32_t loc);
/* Describes what is built as the outermost function is. */
void kn_replay_debug_like(struct kn_replay *r, struct kn_level *top);
/* A level begins: its call was noted. It ends: its variables in slots are declared. */
void kn_replay_debug_begin(struct kn_replay *r, struct kn_level *l);
void kn_replay_debug_end(struct kn_replay *r, struct kn_level *l);
/* What was said of where instructions come from, up to instruction i, and of what variables become before it. */
void kn_replay_notes(struct kn_replay *r, struct kn_level *l, uint32_t i);
/* A call of location `loc` was inlined: what follows has that again. */
void kn_replay_called(struct kn_replay *r, uint32_t loc);
void kn_replay_values(struct kn_replay *r, struct kn_level *l, uint32_t i);
/* Slot number `slot`, which is stored once, was stored. */
void kn_replay_stored(struct kn_replay *r, struct kn_level *l, uint32_t slot);

/* ---- inline_call.c ---- */

/* How much the function may grow. */
void kn_replay_bounds(struct kn_replay *r, const kiln_func *f, const uint8_t *once, uint32_t size);
void kn_replay_call(struct kn_replay *r, struct kn_level *l, uint32_t i);
uint32_t kn_replay_try(struct kn_replay *r, struct kn_level *l, uint32_t block);
void kn_replay_ret(struct kn_replay *r, struct kn_level *l, const struct kn_inst *in);
void kn_replay_resume(struct kn_replay *r, struct kn_level *l, const struct kn_inst *in);
void kn_replay_tailcall(struct kn_replay *r, struct kn_level *l, const struct kn_inst *in);

#endif
