/* What the files of a replay share: its state. A replay has three steps. The scan (inline_scan.c) goes through the
 * function and all bodies that it will consist of, decides which calls are inlined, and notes what is done with slots;
 * inline_split.c decides which slots are taken apart; then everything is built (inline_replay.c). */
#ifndef KN_IR_INLINE_INLINE_REPLAY_H
#define KN_IR_INLINE_INLINE_REPLAY_H

#include "ir/inline/inlining.h"

/* kn_inline_level.block of a block that went on in the one before it; and no block. */
#define KN_REPLAY_MERGED UINT32_MAX
#define KN_REPLAY_NONE UINT32_MAX

/* kn_inline_level.scan of a block: nothing is known to lead there; something is; it was scanned. */
enum { KN_SCAN_NOT, KN_SCAN_REACHED, KN_SCAN_DONE };

struct kn_inline_level;

/* A call in a level, as the scan decided. */
struct kn_site {
  struct kn_site *next;
  struct kn_inline_level *inner; /* the body that it becomes, or NULL */
  uint32_t inst;
};

/* A body that is scanned and built, within others. Lives until the replay's end. */
struct kn_inline_level {
  const kiln_func *f;
  const struct kn_body *body; /* NULL: the outermost function */
  struct kn_inline_level *up;
  unsigned depth;
  /* the call of it: a block of up->f whose TRY it is, and the edge of that if it throws; or no TRY */
  uint32_t try_block, unwind_edge;
  bool is_tried;
  struct kn_inline_level
    *handler;     /* the innermost level, from here outward, that was called by a TRY, or NULL */
  unsigned takes; /* KN_TAKES_...: what all such TRYs take together */
  uint32_t scope; /* of its slots: index + 1 in kn_inline_room.scopes, or 0 */
  bool has_scope; /* and that is none of the levels around it */
  /* its calls, in the order of the scan, and the one to be built next, if none falls away */
  struct kn_site *sites, *last_site, *site;
  uint32_t frame; /* bytes of slots of the bodies around it, with its own */
  const uint32_t *order;
  uint32_t n_order;
  const uint8_t *is_promotable;
  /* by index in f; 0 is none */
  struct kn_ref *map;    /* values; in the scan: those that are addresses of slots, or immediates */
  struct kn_ref *stored; /* what was stored to a slot that is stored once */
  uint32_t *block;       /* block + 1, or KN_REPLAY_MERGED */
  uint8_t *scan;         /* of blocks: KN_SCAN_... */
  uint32_t *slot;        /* handle */
  uint32_t *pool;        /* handle */
  uint32_t
    waiting; /* blocks that were made and not filled yet; in the scan: reached, and not scanned */
  /* debugging information (inline_debug.c): what the body calls locations, NULL: the session's own; those that were
   * made for it, by index there; by slot the first variable in it, index + 1; the location of its call, or 0 */
  const struct kn_loc_full *locs;
  uint32_t *loc, *var_of;
  const struct kn_note
    *said; /* the newest location that was said of its instructions; NULL: none was */
  uint32_t call;
  bool noted, shown; /* its instructions have locations; its variables are described */
  /* how it returns: from one place, where the caller goes on, or to a block of its own; -1: not yet */
  uint32_t returned_at;
  /* the newest call in it that was inlined, or became a TRY, and as many results as that has; its own ones */
  uint32_t results_of;
  struct kn_ref results[KILN_MAX_RESULTS];
  struct kn_ref returned[KILN_MAX_RESULTS];
};

struct kn_replay {
  kiln_func *g; /* what is built */
  struct kn_inline_room *room;
  enum kn_inline_row into;  /* why nothing is inlined into it, or NONE */
  uint64_t grown, may_grow; /* instructions */
  uint64_t tried, may_try;  /* TRYs */
  uint32_t may_frame;
  bool recursive;       /* the function calls itself, as far as is known */
  bool whole;           /* no slot is split */
  bool copies;          /* some slot is copied, or copied to */
  uint32_t known_block; /* the block that kn_inline_room.known is about, + 1; 0: none */
  /* Index + 1 of the note whose location holds at this place; 0: unknown, since an inlined call has just ended. */
  uint32_t location;
};

/* ---- inline_replay.c ---- */

/* A new slot of the level; none without memory. */
struct kn_ref kn_replay_slot(struct kn_replay *r, struct kn_inline_level *l, uint32_t size_bytes,
                             unsigned align_log2);
/* Copies `size` bytes, in pieces if a side is split. */
void kn_replay_copy(struct kn_replay *r, struct kn_ref to, struct kn_ref from, uint32_t size);
/* What stands for handle `h` of the level's function, which is no value, immediate, or slot that was seen. */
struct kn_ref kn_replay_other(struct kn_replay *r, struct kn_inline_level *l, uint32_t h);
/* What stands for handle `h` of the level's function. */
static inline struct kn_ref kn_replay_ref(struct kn_replay *r, struct kn_inline_level *l,
                                          uint32_t h) {
  if (KN_LIKELY(kn_is_value(h))) return l->map[h];
  if (kn_is_imm(h)) return (struct kn_ref){h, 0};
  if (kn_is_slot(h) && l->slot[kn_index(h)] != 0) /* it is no piece */
    return (struct kn_ref){l->slot[kn_index(h)], 0};
  return kn_replay_other(r, l, h);
}
/* The address of a slot, plus a displacement, as a value. */
uint32_t kn_replay_sum(struct kn_replay *r, struct kn_ref ref);
/* What a reference is as an operand: an address is computed if need be. */
static inline uint32_t kn_replay_handle(struct kn_replay *r, struct kn_ref ref) {
  return KN_LIKELY(ref.disp == 0) ? ref.h : kn_replay_sum(r, ref);
}
/* As an operand that must have a type: a value that became a constant is one again. */
uint32_t kn_replay_value(struct kn_replay *r, struct kn_inline_level *l, uint32_t h);

/* The block that stands for `block` of the level's function. */
uint32_t kn_replay_target(struct kn_replay *r, struct kn_inline_level *l, uint32_t block);
/* Notes the arguments of edge `edge` of the level's function for edge `k` of the terminator that is built next, which
 * kn_replay_attach gives it. Results or exceptions of a try are replaced by those given, if they are. */
bool kn_replay_gather(struct kn_replay *r, struct kn_inline_level *l, uint32_t edge, uint32_t k,
                      const struct kn_ref *results, const uint32_t *exception);
void kn_replay_attach(struct kn_replay *r);
/* Branches along an edge; if nothing else leads there, returns the block to go on with in the current one. */
uint32_t kn_replay_branch(struct kn_replay *r, struct kn_inline_level *l, uint32_t edge,
                          const struct kn_ref *results);
/* The edge of the BRIF or SWITCH that ends block `b` which number `v` takes. */
uint32_t kn_replay_edge_taken(const kiln_func *f, const struct kn_block *b, uint64_t v);
/* Gives a level memory. */
bool kn_replay_level(struct kn_replay *r, struct kn_inline_level *l, unsigned depth);
/* The displacement of an ADDR whose index is `index`, if that is an immediate. */
static inline bool kn_replay_constant_index(const struct kn_inst *in, uint32_t index,
                                            int32_t *disp) {
  int64_t at = (int64_t)kn_imm(index) * in->x + (int32_t)in->c;
  if (!kn_is_imm(index) || at != (int32_t)at) return false;
  *disp = (int32_t)at;
  return true;
}
/* Is an instruction a comparison with 0, whose result is known if the operand is a slot's address? */
static inline bool kn_replay_is_null_test(const struct kn_inst *in) {
  return in->op == KILN_OP_ICMP && in->x <= KILN_ICOND_NE && in->b == kn_handle(KN_TAG_IMM, 0);
}
/* Builds the blocks of a level, from the current block on. */
void kn_replay_body(struct kn_replay *r, struct kn_inline_level *l);

/* ---- inline_scan.c ---- */

/* Decides what the level consists of, and notes accesses of slots. */
void kn_replay_scan(struct kn_replay *r, struct kn_inline_level *l);

/* ---- inline_split.c ---- */

/* Slot `slot` of the function that is built was made, for the level; false without memory. */
bool kn_split_new(struct kn_replay *r, const struct kn_inline_level *l, uint32_t slot);
/* Notes an access of a slot at `at`: `type` is that in memory. */
void kn_split_access(struct kn_replay *r, struct kn_ref at, unsigned type, unsigned flags,
                     bool store);
/* Notes a copy or a fill. */
void kn_split_copy(struct kn_replay *r, struct kn_ref to, struct kn_ref from, uint64_t size);
void kn_split_fill(struct kn_replay *r, struct kn_ref to, uint64_t size);
/* The address leaves: the slot is memory. Nothing, if `at` is no slot. */
void kn_split_escape(struct kn_replay *r, struct kn_ref at);
/* Everything was noted: which slots are split, and where. */
void kn_split_solve(struct kn_replay *r);

/* ---- inline_forward.c ---- */

/* Nothing is known yet; false without memory. */
bool kn_forward_begin(struct kn_replay *r);
/* The slot at which `at` is, if it is split; else NULL. */
static inline const struct kn_split *kn_forward_slot(const struct kn_replay *r, struct kn_ref at) {
  if (!kn_is_slot(at.h) || kn_index(at.h) >= r->room->splits.n) return NULL;
  const struct kn_split *s = &r->room->splits.at[kn_index(at.h)];
  return s->memory ? NULL : s;
}
/* Accesses of a slot that is split. */
struct kn_ref kn_forward_load(struct kn_replay *r, struct kn_ref at, const struct kn_inst *in);
void kn_forward_store(struct kn_replay *r, struct kn_ref at, unsigned type, uint32_t value);
/* A copy or fill of constant size of which at least one side is such a slot. */
void kn_forward_copy(struct kn_replay *r, struct kn_ref to, struct kn_ref from, uint32_t size);
void kn_forward_fill(struct kn_replay *r, struct kn_ref to, unsigned byte, uint32_t size);

/* ---- inline_sweep.c ---- */

/* Removes what nobody reads in a function that is complete, and not finished. */
void kn_replay_sweep(struct kn_replay *r);

/* ---- inline_debug.c ---- */

/* What the level calls location `loc`, as a location of the session. */
uint32_t kn_replay_loc(struct kn_replay *r, struct kn_inline_level *l, uint32_t loc);
/* Describes what is built as the outermost function is. */
void kn_replay_debug_like(struct kn_replay *r, struct kn_inline_level *top);
/* A level begins: its call was noted. It ends: its variables in slots are declared. */
void kn_replay_debug_begin(struct kn_replay *r, struct kn_inline_level *l);
void kn_replay_debug_end(struct kn_replay *r, struct kn_inline_level *l);
/* What was said of where instructions come from, up to instruction i, and of what variables become before it.
 * `statement`: LLVM has code for the instruction. */
void kn_replay_notes(struct kn_replay *r, struct kn_inline_level *l, uint32_t i, bool statement);
/* A call of location `loc` was inlined: what follows has that again. */
void kn_replay_called(struct kn_replay *r, struct kn_loc loc);
void kn_replay_values(struct kn_replay *r, struct kn_inline_level *l, uint32_t i);
/* Slot number `slot`, which is stored once, was stored. */
void kn_replay_stored(struct kn_replay *r, struct kn_inline_level *l, uint32_t slot);
/* A store of value `v`, 0 if that is not known, to bytes of a slot that nothing loads was not built. */
void kn_replay_passed(struct kn_replay *r, uint32_t slot, uint32_t at, uint32_t bytes, uint32_t v);
/* The same of a copy of `bytes` bytes, from what is no such slot. */
void kn_replay_passed_copy(struct kn_replay *r, struct kn_ref to, struct kn_ref from,
                           uint32_t bytes);
/* Instructions were removed: what was said before one of them counts before the next one that is left. */
void kn_replay_debug_finish(struct kn_replay *r);

/* ---- inline_call.c ---- */

/* Call `i` of the level has become `inner`, with its results. */
static inline void kn_replay_results(struct kn_inline_level *l, uint32_t i,
                                     const struct kn_inline_level *inner) {
  const uint32_t n = inner->f->facts.n_results;
  l->results_of = i;
  for (uint32_t k = 0; k < n; k++) l->results[k] = inner->returned[k];
  if (n != 0) l->map[i] = inner->returned[0];
}

/* The slots name the scopes of the function, of which the last was built. */
void kn_replay_end_scopes(struct kn_replay *r);
/* How much the function may grow. */
void kn_replay_bounds(struct kn_replay *r, const kiln_func *f, const uint8_t *promotable,
                      uint32_t size);
/* The level of the body that call `in`, at `i`, becomes, or NULL. `try_block`: it is the TRY that ends this block, or
 * KN_REPLAY_NONE. The level is new, and not scanned. */
struct kn_inline_level *kn_replay_decide(struct kn_replay *r, struct kn_inline_level *l, uint32_t i,
                                         uint32_t try_block);
void kn_replay_call(struct kn_replay *r, struct kn_inline_level *l, uint32_t i);
uint32_t kn_replay_try(struct kn_replay *r, struct kn_inline_level *l, uint32_t block);
void kn_replay_ret(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in);
void kn_replay_resume(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in);
void kn_replay_tailcall(struct kn_replay *r, struct kn_inline_level *l, const struct kn_inst *in);

#endif
