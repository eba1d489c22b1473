/* The walk: what targets share while they select, allocate and encode in one pass. A target includes
 * this after defining KN_W(name) as its prefix; the fast paths here are inline, the slow ones are
 * instantiated once per target by including lib/walk_slow.h in one of its files.
 *
 * Invariants between instructions: a register of `block_regs` is in `free` exactly if no local value
 * owns it; owner[r] of a register that is not free is the value v with val[v].reg == r; homes are
 * never in block_regs while something lives in them. Copies of slot homes sit in free registers and
 * are marked in `cached`. */
#ifndef KN_LIB_WALK_H
#define KN_LIB_WALK_H

#include "lib/moves.h"
#include "lib/plan.h"
#include <kiln/inspect.h>

/* A branch to be patched when its label is placed. */
struct kn_fixup {
  uint32_t at;    /* offset in the session's code of the field */
  uint32_t label; /* block, or a label beyond the blocks */
  uint32_t kind;  /* the target's */
};

/* A constant behind the function. */
struct kn_literal {
  uint64_t low, high;
  uint32_t size; /* 4, 8 or 16 */
  uint32_t label;
};

/* The log of the allocator's decisions, in checking builds, which lib/check.c replays. An event has a
 * value and a place: a register (0 to 63), or KN_PLACE_FRAME + an offset in the frame. Events are in
 * the order of the code; within an instruction what is read comes before what is written. MOVE and
 * CONST are logged by whoever emits them, with the places that the code names.
 *
 * Not logged: a comparison that stays in the flags; constants, addresses, loads and extensions that
 * wait for their user (they have a DEF when they are computed after all, or their user reads their
 * operands); variables in memory; what a lowering does with its scratch registers. */
enum kn_event {
  KN_EV_BLOCK, /* the code of block `value` begins */
  KN_EV_INST,  /* the code of instruction `value` begins; parameters have none */
  KN_EV_DEF,   /* value is computed (or arrives: arguments, results) in place, which holds it alone.
                  Behind an EDGE, of a parameter: place is its home and holds its argument */
  KN_EV_MOVE,  /* place gets what place `value` holds: spills, reloads, moves */
  KN_EV_CONST, /* place gets the constant `value`, a handle */
  KN_EV_USE,   /* value (or constant, or KN_CONTENT) is read from place as an operand of the
                  instruction; an argument is read from the place where the callee, the caller or the
                  next block expects it, once it is there */
  KN_EV_DONE,  /* the registers of a set (see KN_LOG_SET) that were USEd are read by now: up to here
                  nothing else may be written to them, but for the DEF of the result */
  KN_EV_ALIAS, /* place is the register of a variable, and value, a load of it, is what is there:
                  place now holds it besides what it holds */
  KN_EV_STORE, /* place, the register of variable (slot) `value`, has what the STORE instruction
                  stores: if it did not hold that operand yet, it holds it alone now */
  KN_EV_EDGE,  /* edge `value`: its moves and the DEFs of its target's parameters follow (one that
                  keeps its own value has none). What follows up to the next EDGE or BLOCK happens
                  on this edge only; but at an indirect branch the edges' moves all happen,
                  whichever is taken */
  KN_EV_CLOBBER, /* place holds nothing any more: it is taken for something else */
  KN_EV_TEMP,    /* the same, for this instruction: nothing else may take it until it is DONE */
  KN_EV_WRITE, /* the code writes place, a register that it does not choose: a TEMP, or LOST now */
  KN_EV_LOST,  /* the same for the registers of a set: a call */
  KN_EV_COUNT
};
#define KN_PLACE_FRAME (1 << 30)
/* What variable `slot` holds, as a value of the log. */
#define KN_CONTENT(slot) kn_handle(KN_TAG_FORWARD, slot)
typedef void kn_log_fn(void *user, enum kn_event event, uint32_t value, int32_t place);

/* kn_walk.done; KN_ELSEWHERE: the block goes on behind instruction i. */
enum { KN_DONE = 1, KN_ELSEWHERE = 2 };

struct kn_walk {
  uint8_t *p;     /* next byte of code */
  uint8_t *limit; /* beyond it, room must be made before an instruction */
  struct kn_inst *inst;
  struct kn_val *val;
  uint64_t free;          /* registers for local values that hold none */
  uint64_t temp;          /* taken for this instruction only */
  uint64_t locked;        /* operands of this instruction: not to be evicted */
  uint64_t cached;        /* free registers with a copy of a slot home */
  uint64_t aliased;       /* homes of variables that some value may be an alias of */
  uint64_t choice;        /* all ones; 0 in stress mode, where every choice takes the slow path */
  uint64_t kept;          /* homes that a call in this block has to save and to reload */
  uint64_t block_regs;    /* registers that local values may use in this block */
  uint64_t function_regs; /* in this function, while nothing lives in them */
  uint32_t i;             /* instruction */
  uint32_t epoch;         /* grows where registers lose their content: kn_slot.epoch */
  uint32_t flags_of;      /* comparison whose result is in the flags, or 0 */
  uint32_t flags_cond;    /* its condition, the target's */
  /* The value whose comparison with 0 is in the flags at code offset zero_at, or 0. */
  uint32_t zero_of, zero_at;
  bool zero_only; /* it was not computed: nobody else reads it */
  bool zero_any;  /* any condition, not but equality */
  uint32_t owner[64];
  uint32_t aim; /* edge back to the header of this block's loop, or UINT32_MAX: kn_walk_aim */
  uint64_t kept_places; /* homes that have an entry in kept_at */
  int32_t kept_at[64];  /* frame offset where a home is kept around calls */
  uint32_t alias[64];   /* newest alias of a home in `aliased`; older ones by kn_val.frame */

  kiln_func *f;
  kiln_session *s;
  struct kn_plan *plan;
  uint8_t *base;       /* of the session's code */
  uint32_t start;      /* function's offset in it */
  uint32_t block;      /* being walked */
  uint32_t next_block; /* behind it in the layout, or UINT32_MAX */
  bool to_next;        /* the terminator has an edge to next_block */
  uint8_t done;        /* KN_DONE: the block's terminator was lowered; KN_ELSEWHERE */
  uint64_t stress;     /* state of the random choice, or 0 */

  int32_t frame_low; /* lowest frame offset given out */
  uint32_t out_args; /* bytes for outgoing stack arguments */
  uint32_t *label;   /* == labels.at: offset in the session's code, or UINT32_MAX */
  KN_ARRAY(uint32_t) labels;
  KN_ARRAY(struct kn_fixup) fixups;
  KN_ARRAY(struct kn_literal) literals;
  /* For a target that changes its code's length at the function's end: how many fixups there were when a
   * label was placed, a relocation made; and the bytes cut before each fixup (modulo 2^32: it may grow). */
  KN_ARRAY(uint32_t) label_mark; /* parallel to labels */
  KN_ARRAY(uint32_t) reloc_mark; /* parallel to the function's relocations */
  KN_ARRAY(uint32_t) cut;
  uint32_t bound; /* place of the newest label that something may jump to */
  uint32_t n_epilogues;
  KN_ARRAY(int32_t) spare; /* frame offsets of free 8-byte spill slots */
  uint32_t spare_inst;     /* instruction that gave the latest of them back, */
  uint32_t spare_ready;    /* and how many there were: it may still read those that it gave */
  KN_ARRAY(struct kn_place_move) moves; /* being collected */
  KN_ARRAY(uint32_t) params; /* of block params_of (UINT32_MAX: of none): see kn_walk_param */
  uint32_t params_of;

  /* What the code is made of, while `map` is on (kiln_session_map): see lib/map.c. Offsets count from
   * the session's code, and from the function's start once it is complete. */
  bool map;
  uint32_t map_symbol; /* the function that the pieces are of, or 0 */
  KN_ARRAY(kiln_code_piece) pieces;
  KN_ARRAY(uint32_t) piece_mark; /* parallel: see label_mark */

  kn_log_fn *log; /* checking builds: called with each decision, or NULL */
  void *log_user;

  /* target's own */
  uint32_t frame_patch;  /* where the frame's size is to be written */
  uint32_t va_gp, va_fp; /* variadic definitions: registers used by named arguments */
  int32_t va_stack;      /* and frame offset of the first stack argument behind them */
  int32_t va_save;       /* frame offset of the register save area */
  int32_t sret;          /* frame offset where the hidden result pointer is kept, or 0 */
  uint32_t saved_count;
  uint32_t prologue_words; /* reserved for it at frame_patch */
  uint32_t frame_size;     /* allocated below the saved registers */
  bool uses_incoming;      /* stack parameters are read through the frame */
  bool frameless;
  uint32_t exit_label; /* of the one epilogue, where there is one */
  bool frame_used;     /* something in the frame was addressed */
  int32_t x87_scratch; /* frame offset of 16 bytes to convert through, or 0 */
#ifdef KN_CHECKS
  struct kn_check *check; /* records the log and proves it: lib/check.h */
#endif
};

/* A move to a place: a register, or a frame offset if dst is KN_NO_REG. The source is a register, a
 * frame offset (src_handle 0), or a handle to be materialised. */
struct kn_place_move {
  uint8_t dst, src, type;
  int32_t dst_frame, src_frame;
  uint32_t src_handle;
#ifdef KN_CHECKS
  uint32_t value; /* operand that is moved: a handle, or 0 */
#endif
};

/* A few values on their way to registers: arguments of a call or an edge. The first two and the last are
 * for whoever collects, the others for KN_W(take_moves). */
#define KN_FEW_MOVES 16
struct kn_few_moves {
  uint32_t h[KN_FEW_MOVES]; /* handle */
  uint8_t dst[KN_FEW_MOVES];
  uint8_t src[KN_FEW_MOVES];   /* register, or KN_NO_REG: */
  int32_t frame[KN_FEW_MOVES]; /* a value is in the frame here */
  uint8_t type[KN_FEW_MOVES];
};

#ifdef KN_CHECKS
#define KN_LOG(w, event, value, place)                                                             \
  do {                                                                                             \
    if ((w)->log) (w)->log((w)->log_user, event, value, (int32_t)(place));                         \
  } while (0)
/* An event with a set of registers: the general ones in its value, the others in its place. */
#define KN_LOG_SET(w, event, set) KN_LOG(w, event, (uint32_t)(set), (uint32_t)((set) >> 32))
/* A move between frame places; those of a wide value are two. */
#define KN_LOG_COPY(w, dst, src, type)                                                             \
  do {                                                                                             \
    int32_t d_ = KN_PLACE_FRAME + (dst), s_ = KN_PLACE_FRAME + (src);                              \
    int32_t up_ = (src) < 0 && (w)->plan->target->frame_up ? -8 : 8; /* see kn_target */           \
    KN_LOG(w, KN_EV_MOVE, (uint32_t)s_, d_);                                                       \
    if (kn_wide(type)) KN_LOG(w, KN_EV_MOVE, (uint32_t)(s_ + up_), d_ + 8);                        \
  } while (0)
#else
#define KN_LOG(w, event, value, place) ((void)0)
#define KN_LOG_SET(w, event, set) ((void)0)
#define KN_LOG_COPY(w, dst, src, type) ((void)0)
#endif

/* From now on the session's walks log to `log` (NULL: no more). False without memory, and in builds
 * that do not log (lib/compile.c). */
bool kn_session_set_log(kiln_session *s, kn_log_fn *log, void *user);

/* Emits code of the walk's session: offset of the next byte. */
KN_INLINE uint32_t kn_here(const struct kn_walk *w) { return (uint32_t)(w->p - w->base); }

/* Values of these types live in 16-byte frame slots. */
KN_INLINE bool kn_wide(unsigned type) {
  return ((KN_T(I128) | KN_T(F80) | KN_T(F128)) >> type & 1) != 0;
}
KN_INLINE unsigned kn_bank(unsigned type) { return type == KILN_TYPE_F32 || type == KILN_TYPE_F64; }
/* The registers that hold values of a type: the bank's. */
extern const uint64_t kn_bank_masks[16];
KN_INLINE uint64_t kn_bank_mask(unsigned type) {
  if (__builtin_constant_p(type)) return kn_bank(type) ? ~KN_GP_MASK : KN_GP_MASK;
  return kn_bank_masks[type];
}

/* ---- lib/walk.c: the same for all targets ---- */

/* Prepares the walk of a function: arrays, code space. False if the function failed. */
bool kn_walk_begin(struct kn_walk *w, kiln_session *s, kiln_func *f, struct kn_plan *plan);
/* Makes room for `bytes` of code and moves `p`, `base`, `limit` along. False without memory. */
bool kn_walk_room(struct kn_walk *w, size_t bytes);
/* Sets the state for block `pos` of the layout: its label, its registers. */
void kn_walk_block(struct kn_walk *w, uint32_t pos);
/* Appends the function to the session's output: its last byte is before `p`. */
bool kn_walk_end(struct kn_walk *w, uint32_t start, uint32_t end, uint32_t cfi_first,
                 uint32_t reloc_first);
/* The home of the parameter of the loop's header that value i is the next round's value of, if nobody but
 * i itself still reads this round's; or KN_NO_REG. `readers`: operands of i that are not yet dropped. For
 * values with KN_HINT_AIMED. */
unsigned kn_walk_aim(const struct kn_walk *w, uint32_t i, const uint32_t readers[2]);
/* Gives out `size` bytes of the frame, aligned to 2^align_log2 (at most 4); the lowest address. */
int32_t kn_walk_frame(struct kn_walk *w, uint64_t size, unsigned align_log2);
/* Where result i, of a wide type, is to be written: its home or spill slot, which holds it from now on. */
int32_t kn_walk_wide(struct kn_walk *w, uint32_t i);
/* Parameter `i` of a block whose parameters are not contiguous, in constant time for one block after
 * the other. 0 if the function failed. */
uint32_t kn_walk_param(struct kn_walk *w, uint32_t block, uint32_t i);
/* A new label, not placed. */
uint32_t kn_walk_label(struct kn_walk *w);
/* The label of a constant of `size` bytes behind the function. */
uint32_t kn_walk_literal(struct kn_walk *w, uint64_t low, uint64_t high, uint32_t size);
/* A relocation at code offset `at`. */
void kn_walk_reloc(struct kn_walk *w, uint32_t at, uint32_t symbol, uint32_t type, int64_t addend);
/* Fails the function at the current instruction, which ends the walk of its block. */
void kn_walk_fail(struct kn_walk *w, kiln_status status, const char *message);
/* Adds bytes to the frame rows (DW_CFA_...). */
void kn_walk_cfi(struct kn_walk *w, const void *bytes, size_t n);
/* Writes DW_CFA_advance_loc by `delta` units of code (at most 5 bytes) and returns the byte behind it:
 * DWARF 5, 6.4.2.1. */
uint8_t *kn_walk_put_advance(uint8_t *p, uint32_t delta);
/* Frees the walk's arrays. */
void kn_walk_free(struct kn_walk *w, kiln_module *m);

/* ---- lib/map.c: what code was made for what ---- */

/* From here on the code belongs to `inst` of `block`; inst 0: to the block's beginning; block UINT32_MAX:
 * to none. `data`: it is no code, but a table or literals. Only while w->map. */
void kn_map_add(struct kn_walk *w, uint32_t block, uint32_t inst, bool data);
/* The code of instruction w->i begins; parameters and SEG are none. */
KN_INLINE void kn_map_inst(struct kn_walk *w, const struct kn_inst *in) {
  if (in->op != KILN_OP_SEG && in->op != KILN_OP_PARAM) kn_map_add(w, w->block, w->i, false);
}
/* Moves the pieces along with code that was cut: see kn_walk.cut. */
void kn_map_move(struct kn_walk *w);
/* The function is complete and begins at `start`. */
void kn_map_end(struct kn_walk *w, uint32_t start);

/* Frame offset of a value's spill slot or slot home, given now if it has none. */
KN_INLINE int32_t kn_frame_of(struct kn_walk *w, struct kn_val *v) {
  if (v->frame == 0) {
    bool wide = kn_wide(v->type);
    uint32_t ready = w->spare_inst == w->i ? w->spare_ready : w->spare.n;
    /* A slot home may hold its value on ways that come back to code emitted before this, where a
     * spare slot had another value: it is a slot of its own. */
    if (!wide && ready && (v->flags & KN_VF_SLOT_HOME) == 0) {
      v->frame = w->spare.at[--ready];
      w->spare.at[ready] = w->spare.at[--w->spare.n];
      w->spare_ready = ready;
    } else v->frame = kn_walk_frame(w, wide ? 16 : 8, wide ? 4 : 3);
  }
  return v->frame;
}

/* Frame offset of a stack slot that is not a variable in a register. */
KN_INLINE int32_t kn_slot_frame(struct kn_walk *w, uint32_t slot) {
  struct kn_slot *s = &w->f->slots.at[slot];
  if (KN_UNLIKELY(s->frame == 0))
    s->frame = kn_walk_frame(w, s->size_bytes ? s->size_bytes : 1, s->align_log2);
  return s->frame;
}

/* A row of a target's table of lowerings, by type: cell(type, ...) for each. */
#define KN_EACH_TYPE(cell, ...)                                                                    \
  cell(0, __VA_ARGS__), cell(1, __VA_ARGS__), cell(2, __VA_ARGS__), cell(3, __VA_ARGS__),          \
    cell(4, __VA_ARGS__), cell(5, __VA_ARGS__), cell(6, __VA_ARGS__), cell(7, __VA_ARGS__),        \
    cell(8, __VA_ARGS__), cell(9, __VA_ARGS__), cell(10, __VA_ARGS__), cell(11, __VA_ARGS__),      \
    cell(12, __VA_ARGS__), cell(13, __VA_ARGS__), cell(14, __VA_ARGS__), cell(15, __VA_ARGS__)
#define KN_BY_TYPE(cell, ...) {KN_EACH_TYPE(cell, __VA_ARGS__)}
_Static_assert(KILN_TYPE_COUNT <= 16, "KN_BY_TYPE");

#ifdef KN_W
/* ---- the target's slow paths, from lib/walk_slow.h ---- */

unsigned KN_W(evict)(struct kn_walk *w, uint64_t allowed);
unsigned KN_W(def_hinted)(struct kn_walk *w, uint32_t i);
unsigned KN_W(reg_slow)(struct kn_walk *w, uint32_t h, unsigned type);
void KN_W(release_slow)(struct kn_walk *w, uint32_t h);
void KN_W(copy_aliases)(struct kn_walk *w, unsigned home);
void KN_W(claim_slow)(struct kn_walk *w, unsigned reg);
void KN_W(save_live)(struct kn_walk *w, uint64_t clobbered);
void KN_W(reload_homes)(struct kn_walk *w);
void KN_W(run_moves)(struct kn_walk *w);
void KN_W(take_moves)(struct kn_walk *w, struct kn_few_moves *m, unsigned n);
void KN_W(move_few)(struct kn_walk *w, const struct kn_few_moves *m, unsigned n);
bool KN_W(edge)(struct kn_walk *w, const struct kn_edge *e);
void KN_W(prepare_edge)(struct kn_walk *w, const struct kn_edge *e);
void KN_W(source)(struct kn_walk *w, uint32_t h, struct kn_place_move *m);
void KN_W(read_shadows)(struct kn_walk *w, const struct kn_block *b);
/* LOAD or STORE w->i of a variable that lives in register `home`; a load where kn_alias will not do. */
void KN_W(load_variable)(struct kn_walk *w, const struct kn_inst *in, unsigned home);
void KN_W(store_variable)(struct kn_walk *w, const struct kn_inst *in, unsigned home);
/* LOAD w->i of variable `s`, which lives in memory and whose content register r holds as well. */
void KN_W(load_copy)(struct kn_walk *w, const struct kn_inst *in, struct kn_slot *s, unsigned r);

/* ---- and its hooks, for them ---- */

void KN_W(hook_move)(struct kn_walk *w, unsigned dst, unsigned src, unsigned type);
void KN_W(hook_load)(struct kn_walk *w, unsigned dst, int32_t frame, unsigned type);
void KN_W(hook_store)(struct kn_walk *w, unsigned src, int32_t frame, unsigned type);
/* Materialises an immediate, pool entry or slot address in dst. Changes flags at most. */
void KN_W(hook_constant)(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type);
/* Stores such a handle to the frame. */
void KN_W(hook_store_constant)(struct kn_walk *w, int32_t frame, uint32_t h, unsigned type);
/* Copies between frame offsets, through scratch. */
void KN_W(hook_copy)(struct kn_walk *w, int32_t dst, int32_t src, unsigned type);
/* Computes the deferred ADDR `v` into dst, locking what it reads. */
void KN_W(hook_address)(struct kn_walk *w, unsigned dst, uint32_t v);
/* Performs the deferred LOAD `v` into dst. */
void KN_W(hook_deferred_load)(struct kn_walk *w, unsigned dst, uint32_t v);
extern const uint8_t KN_W(scratch)[2];
/* By hint: the argument registers of that number, of each bank, or no bit. */
extern const uint64_t KN_W(hints)[16];

/* ---- fast paths ---- */

/* Takes a free register out of `allowed`, evicting if there is none. */
KN_INLINE unsigned kn_take(struct kn_walk *w, uint64_t allowed) {
  uint64_t can = w->free & allowed & ~w->cached & w->choice;
  if (KN_UNLIKELY(can == 0)) return KN_W(evict)(w, allowed);
  unsigned r = (unsigned)__builtin_ctzll(can);
  w->free ^= KN_BIT(r);
  w->owner[r] = 0;
  KN_LOG(w, KN_EV_CLOBBER, 0, r);
  return r;
}

/* A register for the rest of this instruction. */
KN_INLINE unsigned kn_temp(struct kn_walk *w, uint64_t allowed) {
  unsigned r = kn_take(w, allowed);
  KN_LOG(w, KN_EV_TEMP, 0, r);
  w->temp |= KN_BIT(r);
  w->locked |= KN_BIT(r);
  return r;
}

/* The register that holds operand h of `type`, brought there if it is elsewhere; locked. */
KN_INLINE unsigned kn_reg(struct kn_walk *w, uint32_t h, unsigned type) {
  if (KN_LIKELY(kn_is_value(h))) {
    unsigned r = w->val[h].reg;
    if (KN_LIKELY(r != KN_NO_REG)) {
      w->locked |= KN_BIT(r);
      KN_LOG(w, KN_EV_USE, h, r);
      return r;
    }
  }
  return KN_W(reg_slow)(w, h, type);
}

/* One use of h is done. */
KN_INLINE void kn_drop(struct kn_walk *w, uint32_t h) {
  if (kn_is_value(h)) {
    struct kn_val *v = &w->val[h];
    if (--v->uses == 0) {
      if (KN_LIKELY((v->flags & ~KN_VF_ZX) == 0)) w->free |= KN_BIT(v->reg & 63u);
      else if ((v->flags & (KN_VF_HOME | KN_VF_SLOT_HOME | KN_VF_ALIAS)) == 0)
        KN_W(release_slow)(w, h);
    }
  }
}

/* The register for result i: its home, the home of what it becomes, `prefer` if that is free, or any
 * free one that is not in `avoid`. */
KN_INLINE unsigned kn_def(struct kn_walk *w, uint32_t i, unsigned type, unsigned prefer,
                          uint64_t avoid) {
  struct kn_val *v = &w->val[i];
  unsigned flags = v->flags, hint = v->hint, r;
  if (flags & KN_VF_HOME) {
    KN_LOG(w, KN_EV_DEF, i, v->reg);
    return v->reg;
  }
  if (KN_UNLIKELY((hint & ~16u) == KN_HINT_STORED) && (r = KN_W(def_hinted)(w, i)) != KN_NO_REG)
    return r;
  /* the call's argument register, else `prefer`, else any: masks, since a branch on which of them
   * is free would be mispredicted */
  uint64_t can = w->free & ~avoid & ~w->cached & w->choice & kn_bank_mask(type);
  uint64_t wanted = KN_W(hints)[hint & 15] & can;
  uint64_t same = KN_BIT(prefer & 63) & can & -(uint64_t)(prefer < 64);
  uint64_t pick = wanted | (same & -(uint64_t)(wanted == 0));
  if (KN_LIKELY(can != 0)) {
    r = (unsigned)__builtin_ctzll(pick | (can & -(uint64_t)(pick == 0)));
    w->free ^= KN_BIT(r);
  } else {
    r = KN_W(evict)(w, kn_bank_mask(type) & ~avoid);
  }
  w->owner[r] = i;
  if (KN_LIKELY((flags & KN_VF_SLOT_HOME) == 0)) v->frame = 0;
  v->reg = (uint8_t)r;
  w->locked |= KN_BIT(r);
  KN_LOG(w, KN_EV_DEF, i, r);
  return r;
}

/* Result i was written to register r of kn_def: a slot home is stored now, and r is its copy. */
KN_INLINE void kn_defined(struct kn_walk *w, uint32_t i, unsigned r) {
  struct kn_val *v = &w->val[i];
  if (KN_UNLIKELY(v->flags & KN_VF_SLOT_HOME)) {
    KN_W(hook_store)(w, r, kn_frame_of(w, v), v->type);
    KN_LOG(w, KN_EV_MOVE, r, KN_PLACE_FRAME + v->frame);
    v->reg = KN_NO_REG;
    v->hint = (uint8_t)r;
    w->free |= KN_BIT(r);
    w->cached |= KN_BIT(r);
  }
}

/* Makes one given temporary register free for this instruction; its value moves elsewhere. */
KN_INLINE void kn_claim(struct kn_walk *w, unsigned r) {
  if (w->free >> r & 1) {
    w->free ^= KN_BIT(r);
    w->owner[r] = 0;
    w->cached &= ~KN_BIT(r);
  } else {
    KN_W(claim_slow)(w, r);
  }
  KN_LOG(w, KN_EV_TEMP, 0, r);
  w->temp |= KN_BIT(r);
  w->locked |= KN_BIT(r);
}

/* The register that still holds what slot `s`, a variable in memory, holds; or KN_NO_REG. Registers
 * keep their last value when it dies, until somebody takes them. */
KN_INLINE unsigned kn_slot_copy(const struct kn_walk *w, const struct kn_slot *s) {
  /* one branch on all of it: each alone would be mispredicted */
  uint32_t v = s->value;
  unsigned r = w->val[v].reg, reg = r & 63;
  bool copy = (s->epoch == w->epoch) & (v != 0) & (r < 64) & (w->owner[reg] == v) &
              (w->block_regs >> reg & 1);
  return copy ? r : KN_NO_REG;
}

/* Notes that slot `s` holds value `v`, whose register is its own. */
KN_INLINE void kn_slot_note(struct kn_walk *w, struct kn_slot *s, uint32_t v) {
  s->value = v;
  s->epoch = w->epoch;
}

/* Value i, the load of a variable that lives in register `home`, is another name for that, as long as the
 * variable keeps its content. It has no flags yet. */
KN_INLINE void kn_alias(struct kn_walk *w, uint32_t i, unsigned home) {
  struct kn_val *v = &w->val[i];
  v->frame = (int32_t)(w->alias[home] & -(uint32_t)(w->aliased >> home & 1));
  v->reg = (uint8_t)home;
  v->flags = KN_VF_ALIAS;
  w->alias[home] = i;
  w->aliased |= KN_BIT(home);
  KN_LOG(w, KN_EV_ALIAS, i, home);
}

/* Right behind a call: what calls clobber and is a home here has its value again. */
KN_INLINE void kn_called(struct kn_walk *w) {
  if (KN_UNLIKELY(w->kept != 0)) KN_W(reload_homes)(w);
}

/* Ends an instruction: its temporary registers are free again. */
KN_INLINE void kn_inst_end(struct kn_walk *w) {
  KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
  w->free |= w->temp;
  w->temp = 0;
  w->locked = 0;
}
#endif
#endif
