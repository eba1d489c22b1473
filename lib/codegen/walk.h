/* The walk: what targets share while they select, allocate and encode in one pass. Its state is in parts, each with
 * its invariant in its own header: the register file (lib/codegen/regs.h), the code buffer (lib/codegen/code.h), the
 * frame (lib/codegen/frame.h), argument locations (lib/codegen/call.h), the log of checking builds
 * (lib/codegen/log.h). lib/codegen/walk.c has the loop over blocks and instructions; the functions here are the paths
 * that most instructions take, inline.
 * Invariant: a lowering gets its operands, drops them and gets its result register before it emits. */
#ifndef KN_LIB_CODEGEN_WALK_H
#define KN_LIB_CODEGEN_WALK_H

#include "lib/codegen/call.h"
#include "lib/codegen/code.h"
#include "lib/codegen/eh.h"
#include "lib/codegen/frame.h"
#include "lib/codegen/log.h"
#include "lib/codegen/moves.h"
#include "lib/codegen/output.h"
#include "lib/codegen/plan.h"
#include "lib/codegen/regs.h"

/* Who hears what code a function becomes: lib/codegen/observe.h. */
struct kn_observer {
  const struct kn_observer_events *on;
  struct kn_requests *requests; /* of the walk that it observes */
  struct kn_observer *next;     /* or NULL */
  struct kn_quiet {
    uint32_t first, n;
  } quiet; /* instructions that it need not hear of; of no block that begins later */
};

/* A move to a place: a register, or a frame offset if dst is KN_NO_REG. The source is a register,
 * or else a frame offset, or a handle to be made there (src_handle, if it is not 0). */
struct kn_place_move {
  uint8_t dst, src, type;
  int32_t dst_frame, src_frame;
  uint32_t src_handle;
#ifdef KN_CHECKS
  uint32_t value; /* operand that is moved: a handle, or 0 */
#endif
};

/* A few moves of values to registers: the arguments of a call or an edge. Whoever collects them fills in h, dst and
 * type; kn_take_moves fills in the rest. */
#define KN_FEW_MOVES 16
struct kn_few_moves {
  uint32_t h[KN_FEW_MOVES]; /* handle */
  uint8_t dst[KN_FEW_MOVES];
  uint8_t src[KN_FEW_MOVES];   /* register, or KN_NO_REG: a constant, or */
  int32_t frame[KN_FEW_MOVES]; /* a value that is here in the frame */
  uint8_t type[KN_FEW_MOVES];
  uint32_t moves;  /* those from one register to another: a bit each */
  uint32_t others; /* those from elsewhere */
  bool crossing;   /* a destination of one is the source of another */
};

/* A slot, or a piece of one, that the plan has put into memory. */
struct kn_slot_state {
  int32_t frame;  /* frame offset; 0: none yet */
  uint32_t value; /* the value last loaded or stored, while `epoch` is the register file's */
  uint32_t epoch;
  bool unaligned; /* aligned to 16 bytes at most, since only debuggers look at it */
};

struct kn_walk {
  struct kn_code code;
  const struct kn_inst *inst; /* == f->inst */
  struct kn_val *val;         /* == f->val */
  struct kn_regs regs;
  struct kn_frame frame;
  uint32_t i;         /* instruction */
  uint32_t back_edge; /* to the header of this block's loop, or UINT32_MAX: kn_walk_loop_home */
  uint32_t n_loop_homes;

  const kiln_func *f;
  kiln_func *owner; /* == f: it fails, also for the walk's arrays without memory */
  kiln_session *s;
  struct kn_output *out; /* == s->out */
  const struct kn_plan *plan;
  const struct kn_slot_place *slots;          /* the plan's */
  KN_ARRAY(struct kn_slot_state) slot_states; /* parallel to these */
  const struct kn_target *target;
  const struct kn_hooks *hooks; /* == &target->hooks */
  uint32_t block;               /* being walked */
  uint32_t next_block;          /* after it in the layout, or UINT32_MAX */
  uint32_t entered; /* where the newest block begins that others than the one before it enter */
  bool to_next;     /* the terminator has an edge to next_block */
  KN_ARRAY(struct kn_place_move) moves; /* being collected */
  KN_ARRAY(struct kn_code_label)
  labels;                    /* of machine code: `offset` is a mark until the function ends */
  KN_ARRAY(uint32_t) params; /* of block params_of (UINT32_MAX: of none): see kn_walk_param */
  uint32_t params_of;
  KN_ARRAY(int32_t)
  shadows; /* by parameter: frame offset of its shadow slot (lib/codegen/edge.c), or 0 */
  KN_ARRAY(struct kn_arg) args;    /* of the newest call, entry or return: lib/codegen/call.h */
  struct kn_call_stack call_stack; /* of the newest kn_general_call; 0 where a TRY begins */
  struct kn_eh eh;                 /* exceptions: lib/codegen/eh.h */
  struct kn_observer *observer;    /* of the function, the newest of several, or NULL */
  struct kn_quiet quiet;           /* instructions that none of them need hear of */

  /* with `back_edge`, in the order of its arguments: those that become parameters with a register as their home */
  struct kn_loop_home {
    uint32_t value, param;
  } loop_homes[64];

#ifdef KN_CHECKS
  kn_log_fn *log; /* called with each event, or NULL */
  void *log_user;
  void (*log_call)(struct kn_walk *w, uint32_t pad); /* KN_LOG_CALL */
  struct kn_check *check; /* records the log and proves it: lib/check/check.h */
#endif
};

/* Offset of the next byte in the session's code. */
KN_INLINE uint32_t kn_here(const struct kn_walk *w) { return (uint32_t)(w->code.p - w->code.base); }
/* Where a label is, or UINT32_MAX. */
KN_INLINE uint32_t kn_label_at(const struct kn_walk *w, uint32_t label) {
  return w->code.marks.at[label].at;
}
/* The label is here. */
KN_INLINE void kn_label_bind(struct kn_walk *w, uint32_t label) {
  w->code.marks.at[label] = (struct kn_mark){kn_here(w), w->code.fixups.n};
}
/* True if KN_INST_ROOM bytes of code may be emitted; false if the function failed. For loops in a lowering that emit
 * more than that: asked in each turn. Where more is needed at once: kn_code_room. */
KN_INLINE bool kn_code_ready(struct kn_walk *w) {
  return KN_LIKELY(w->code.p <= w->code.limit) || kn_code_room(w, KN_INST_ROOM);
}

#ifdef KN_CHECKS
/* In checking builds: fails the function where something does not hold that fast paths rely on. */
#define KN_CHECK(w, holds, message)                                                                \
  do {                                                                                             \
    if (!(holds)) kn_walk_fail(w, KILN_ERR_INTERNAL, message);                                     \
  } while (0)
#else
#define KN_CHECK(w, holds, message) ((void)0)
#endif
/* Fails the function at the current instruction; the walk ends before the next one. */
void kn_walk_fail(struct kn_walk *w, kiln_status status, const char *message);

/* The convention of the function itself. */
KN_INLINE const struct kn_convention *kn_own_convention(const struct kn_walk *w) {
  return kn_sig(w->f->module, w->f->sig)->conv;
}

/* ---- facts about types ---- */

KN_INLINE const struct kn_type_facts *kn_type(const struct kn_walk *w, unsigned type) {
  return &w->target->types[type];
}
/* True if values of the type live in 16-byte frame slots. */
KN_INLINE bool kn_in_frame(const struct kn_walk *w, unsigned type) {
  return kn_type(w, type)->in_frame;
}
/* True if a register holds a value of the type. */
KN_INLINE bool kn_fits_register(const struct kn_walk *w, unsigned type) {
  return kn_type(w, type)->regs != 0;
}
/* True if a spill slot of the type has 16 bytes. */
KN_INLINE bool kn_spills_16(const struct kn_walk *w, unsigned type) {
  return kn_type(w, type)->bytes == 16;
}
/* 0: general registers, 1: float registers. */
KN_INLINE unsigned kn_bank(const struct kn_walk *w, unsigned type) {
  return kn_type(w, type)->bank;
}
/* The registers that hold values of a type. */
KN_INLINE uint64_t kn_regs_of(const struct kn_walk *w, unsigned type) {
  return kn_type(w, type)->regs;
}

/* Result 1 of operation i, if somebody reads it: the value right after i and its upper half; else 0. */
KN_INLINE uint32_t kn_second_result(const struct kn_walk *w, uint32_t i) {
  const uint32_t r = i + 1 + (w->inst[i + 1].op == KILN_OP_UPPER);
  return w->inst[r].op == KILN_OP_RESULT && w->inst[r].a == i && w->val[r].uses ? r : 0;
}

/* The type of an argument beyond the signature's parameters: the operand's own. */
KN_INLINE unsigned kn_loose_type(const struct kn_walk *w, uint32_t h) {
  if (kn_is_value(h)) return kn_value_type(w->f, h);
  if (!kn_is_pool(h)) return KILN_TYPE_I64;
  const struct kn_const *c = &w->f->pool.at[kn_index(h)];
  return c->symbol || c->type == KILN_TYPE_VOID ? KILN_TYPE_I64 : c->type;
}

/* ---- lib/codegen/walk.c ---- */

/* Compiles the planned function f into the session's output. `w` is the session's walk of this target. */
kiln_status kn_walk_function(struct kn_walk *w, kiln_func *f, const struct kn_plan *plan);
/* Prepares the walk of a function: arrays, code space. False if the function failed. */
bool kn_walk_begin(struct kn_walk *w, kiln_session *s, kiln_func *f, const struct kn_plan *plan);
/* Sets the state for block `pos` of the layout: its label, its registers. */
void kn_walk_block(struct kn_walk *w, uint32_t pos);
/* Value i becomes a parameter of the loop's header in the next iteration: the home of that parameter, if only i
 * itself still reads the parameter in this iteration; else KN_NO_REG. `readers`: operands of i that are not yet
 * dropped. For values with KN_HINT_LOOP_HOME. */
unsigned kn_walk_loop_home(const struct kn_walk *w, uint32_t i, const uint32_t readers[2]);
/* Parameter `i` of a block whose parameters are not contiguous, in constant time while the block
 * stays the same. 0 if the function failed. */
uint32_t kn_walk_param(struct kn_walk *w, uint32_t block, uint32_t i);
/* Frees the walk and its arrays. */
void kn_walk_free(struct kn_walk *w, kiln_module *m);
/* The lowering of an instruction that the target does not have, or not for its type: fails the function. */
void kn_lower_unsupported(struct kn_walk *w, const struct kn_inst *in);

/* ---- lib/codegen/fold.c ---- */

/* True if the sum w->i of a value and a small constant is only the address of the access after it, which may then
 * fold it as it folds an ADDR (KN_VF_ADDR). */
bool kn_sum_is_address(const struct kn_walk *w, const struct kn_inst *in);
/* The bytes that an ADDR, or such a sum, adds to its base (in->a) and index. */
KN_INLINE int64_t kn_addr_disp(const struct kn_inst *in) {
  return in->op == KILN_OP_ADD ? kn_imm(in->b) : (int32_t)in->c;
}
/* The index of an ADDR, or 0. */
KN_INLINE uint32_t kn_addr_index(const struct kn_inst *in) {
  return in->op == KILN_OP_ADD ? 0 : in->b;
}
/* The value that the branch or select after comparison i reads as its condition, if it can use the flags of i:
 * - i itself, directly or with an unread zext between them;
 * - a comparison of a zext of i with 0, which equals i or, if *negated is set, its opposite.
 * 0 in all other cases, and where something between the two needs code. */
uint32_t kn_condition(const struct kn_walk *w, uint32_t i, bool *negated);

/* ---- lib/codegen/frame_alloc.c ---- */

/* Allocates `size` bytes of the frame, aligned to 2^align_log2 (at most 4); the offset of the
 * lowest one. */
int32_t kn_frame_alloc(struct kn_walk *w, uint64_t size, unsigned align_log2);
/* Where result i, which lives in the frame, is to be written: its home or spill slot, which counts as holding it from
 * now on. */
int32_t kn_def_in_frame(struct kn_walk *w, uint32_t i);
/* True if operand h of a type of 16 bytes is a number: then its halves; one of 64 bits is extended by its sign. */
bool kn_number_halves(const struct kn_walk *w, uint32_t h, int64_t half[2]);
/* Frame offset of a value's spill slot or home in the frame, allocated if it has none. */
KN_INLINE int32_t kn_frame_of(struct kn_walk *w, struct kn_val *v) {
  if (v->frame == 0) {
    bool wide = kn_spills_16(w, v->type);
    uint32_t ready = w->frame.spare_inst == w->i ? w->frame.spare_ready : w->frame.spare.n;
    /* A home in the frame keeps its value over back edges to code emitted earlier, where a spare
     * slot may have held another value: it gets a slot of its own. */
    if (!wide && ready && (v->flags & KN_VF_SLOT_HOME) == 0) {
      v->frame = w->frame.spare.at[--ready];
      w->frame.spare.at[ready] = w->frame.spare.at[--w->frame.spare.n];
      w->frame.spare_ready = ready;
    } else v->frame = kn_frame_alloc(w, wide ? 16 : 8, wide ? 4 : 3);
  }
  return v->frame;
}
/* The frame offset of a slot or piece that has none yet: a piece is in its slot, a slot of an inlined body in the
 * memory that bodies share. */
int32_t kn_slot_frame_new(struct kn_walk *w, uint32_t slot);

/* ---- lib/codegen/regs.c: the slow paths of those below ---- */

/* Takes a register out of `allowed` when none is free without a spill or the loss of a copy. */
unsigned kn_evict(struct kn_walk *w, uint64_t allowed);
/* kn_def of a value whose hint names a home (KN_HINT_SAYS_HOME): that register, or KN_NO_REG if the value cannot be
 * computed there. */
unsigned kn_def_hinted(struct kn_walk *w, uint32_t i);
/* kn_reg of what is in no register. */
unsigned kn_reg_slow(struct kn_walk *w, uint32_t h, unsigned type);
/* Ends a value with flags after its last use: its register and spill slot are free. */
void kn_release(struct kn_walk *w, uint32_t h);
/* Moves values that are aliases of a variable's home to registers of their own, because the home is
 * about to change. */
void kn_copy_aliases(struct kn_walk *w, unsigned home);
/* Result i of `type` is in register `reg`, which an instruction or a call names: stays there, unless it has another
 * home. */
void kn_def_fixed(struct kn_walk *w, uint32_t i, unsigned type, unsigned reg);
/* The same, but moves it to the register that its hint names, if that is free. Both are unlocked then. */
void kn_def_from(struct kn_walk *w, uint32_t i, unsigned type, unsigned reg);
/* Parameter i, which is read, has arrived in register `reg` or, if that is KN_NO_REG, at frame offset `frame`: stays
 * there, or gets to its home by w->moves. */
void kn_arrive(struct kn_walk *w, uint32_t i, unsigned reg, int32_t frame);
/* kn_claim of a register that is not free. */
void kn_claim_slow(struct kn_walk *w, unsigned reg);
/* kn_save_live where something is to be saved: the registers `live`, or homes. */
void kn_save_regs(struct kn_walk *w, uint64_t live);
void kn_reload_homes(struct kn_walk *w);
/* LOAD or STORE w->i of a variable that lives in register `home`; loads that cannot be an alias (kn_alias). */
void kn_load_variable(struct kn_walk *w, const struct kn_inst *in, unsigned home);
void kn_store_variable(struct kn_walk *w, const struct kn_inst *in, unsigned home);
/* LOAD w->i of variable `s`, which lives in memory while register r has a copy of its content. */
void kn_load_copy(struct kn_walk *w, const struct kn_inst *in, struct kn_slot_state *s, unsigned r);

/* ---- lib/codegen/drop.c ---- */

/* Drops the operands of an instruction, of which none is an i128, each once. */
void kn_drop_operands(struct kn_walk *w, const struct kn_inst *in);
/* The same of any operands. */
void kn_drop_any_operands(struct kn_walk *w, const struct kn_inst *in);
/* If nobody reads the result of w->i and it has no other effect: drops its operands. False if it must be lowered. */
bool kn_skip_unread(struct kn_walk *w, const struct kn_inst *in);
/* The lowering of what makes no code. */
void kn_lower_nothing(struct kn_walk *w, const struct kn_inst *in);
/* The lowering of UPPER on all targets (lib/codegen/pairs.c). */
void kn_lower_upper(struct kn_walk *w, const struct kn_inst *in);
/* The lowerings of GET_PINNED and SET_PINNED on all targets (lib/codegen/pinned.c). */
void kn_lower_get_pinned(struct kn_walk *w, const struct kn_inst *in);
void kn_lower_set_pinned(struct kn_walk *w, const struct kn_inst *in);
/* The lowering of an instruction whose result nobody reads, if it does nothing but make that. */
void kn_lower_unread(struct kn_walk *w, const struct kn_inst *in);

/* ---- lib/codegen/edge.c: moves ---- */

/* Performs the collected moves as if at once. */
void kn_run_moves(struct kn_walk *w);
/* Fills in where the values are, and drops each once. None may still have to be computed. */
void kn_take_moves(struct kn_walk *w, struct kn_few_moves *m, unsigned n);
/* Performs the moves as if at once. */
void kn_move_few(struct kn_walk *w, const struct kn_few_moves *m, unsigned n);
/* Fills in where h is to be read from. */
void kn_source(struct kn_walk *w, uint32_t h, struct kn_place_move *m);
/* Computes the arguments of an edge that are not computed yet, before the paths part. */
void kn_edge_prepare(struct kn_walk *w, const struct kn_edge *e);
/* Moves an edge's arguments to the homes of its target's parameters. True if code was emitted. */
bool kn_edge_moves(struct kn_walk *w, const struct kn_edge *e);
/* Where what a try gives to an edge arrives: a register, or if that is KN_NO_REG the frame. The first index is
 * kn_arrives_at of the handle. */
struct kn_arrival {
  uint8_t reg[2 * KILN_MAX_RESULTS];
  int32_t frame[2 * KILN_MAX_RESULTS];
};
KN_INLINE unsigned kn_arrives_at(uint32_t tried) {
  const unsigned number = kn_tried_number(tried);
  return 2 * (number & (KN_TRIED_UPPER - 1)) + (number >= KN_TRIED_UPPER);
}
/* Collects the moves of an edge, which is a try's if `from` is not NULL. False if the function failed. */
bool kn_edge_collect(struct kn_walk *w, const struct kn_edge *e, const struct kn_arrival *from);
/* Logs which parameters the moves of an edge wrote. */
void kn_edge_log(struct kn_walk *w, const struct kn_edge *e);
/* Moves the parameters of an address-taken block from their shadow slots to their homes. */
void kn_read_shadows(struct kn_walk *w, const struct kn_block *b);

/* Frame offset of a stack slot that is not a variable in a register, allocated if it has none. */
KN_INLINE int32_t kn_slot_frame(struct kn_walk *w, uint32_t slot) {
  struct kn_slot_state *s = &w->slot_states.at[slot];
  if (KN_UNLIKELY(s->frame == 0)) s->frame = kn_slot_frame_new(w, slot);
  return s->frame;
}
/* The alignment that a slot in memory has, as its power of two. */
KN_INLINE unsigned kn_slot_align(const struct kn_walk *w, uint32_t slot) {
  return w->slot_states.at[slot].unaligned ? 4 : w->slots[slot].align_log2;
}

/* ---- fast paths ---- */

/* Takes a free register out of `allowed`, evicting if there is none. */
KN_INLINE unsigned kn_take(struct kn_walk *w, uint64_t allowed) {
  uint64_t can = w->regs.free & allowed & ~w->regs.cached & w->regs.choice;
  if (KN_UNLIKELY(can == 0)) return kn_evict(w, allowed);
  unsigned r = (unsigned)__builtin_ctzll(can);
  w->regs.free ^= KN_BIT(r);
  w->regs.owner[r] = 0;
  KN_WROTE(w, KN_EV_CLOBBER, 0, r);
  return r;
}

/* Nothing takes register r for the rest of this instruction. */
KN_INLINE void kn_lock(struct kn_walk *w, unsigned r) { w->regs.locked |= KN_BIT(r); }
/* Operand h is read from register r, which is locked. */
KN_INLINE void kn_use(struct kn_walk *w, uint32_t h, unsigned r) {
  kn_lock(w, r);
  KN_LOG(w, KN_EV_USE, h, r);
  (void)h;
}
/* All locked registers were read, but for those in `kept`, which stay locked. */
KN_INLINE void kn_unlock_but(struct kn_walk *w, uint64_t kept) {
  KN_LOG_SET(w, KN_EV_DONE, w->regs.locked & ~kept);
  w->regs.locked = kept;
}
/* If register r was taken for this instruction: it is free again. */
KN_INLINE void kn_untemp(struct kn_walk *w, unsigned r) {
  w->regs.free |= w->regs.temp & KN_BIT(r);
  w->regs.temp &= ~KN_BIT(r);
}
/* Operand register r, which nobody reads after this instruction, is to be overwritten: it is locked, and no longer a
 * copy of a slot. */
KN_INLINE void kn_overwrite(struct kn_walk *w, unsigned r) {
  kn_lock(w, r);
  w->regs.owner[r] = 0;
}
/* In a function with i128s, which needs its registers: if operand register r is a copy of what lives in the frame, the
 * result may be there, too. */
KN_INLINE void kn_give_up_copy(struct kn_walk *w, unsigned r) {
  if (KN_UNLIKELY(w->f->facts.has_pairs)) w->regs.cached &= ~KN_BIT(r);
}
/* Register r, which is taken, holds value i from now on. */
KN_INLINE void kn_own(struct kn_walk *w, uint32_t i, unsigned r) {
  struct kn_val *v = &w->val[i];
  w->regs.owner[r] = i;
  if (KN_LIKELY((v->flags & KN_VF_SLOT_HOME) == 0)) v->frame = 0;
  v->reg = (uint8_t)r;
}

/* A register for the rest of this instruction. */
KN_INLINE unsigned kn_temp(struct kn_walk *w, uint64_t allowed) {
  unsigned r = kn_take(w, allowed);
  KN_LOG(w, KN_EV_TEMP, 0, r);
  w->regs.temp |= KN_BIT(r);
  w->regs.locked |= KN_BIT(r);
  return r;
}
/* The same for general result i, which is to keep it: the one that its hint names, if that is free. */
KN_INLINE unsigned kn_temp_hinted(struct kn_walk *w, uint32_t i) {
  const uint64_t free = w->regs.free & ~w->regs.cached & w->regs.choice & KN_GP_MASK;
  const uint64_t wanted = w->target->hints[w->val[i].hint & 15] & free;
  return kn_temp(w, wanted != 0 ? wanted : KN_GP_MASK);
}

/* The register that holds operand h of `type`; loads or computes it if it is elsewhere. The
 * register is locked. */
KN_INLINE unsigned kn_reg(struct kn_walk *w, uint32_t h, unsigned type) {
  if (KN_LIKELY(kn_is_value(h))) {
    unsigned r = w->val[h].reg;
    if (KN_LIKELY(r != KN_NO_REG)) {
      w->regs.locked |= KN_BIT(r);
      KN_LOG(w, KN_EV_USE, h, r);
      return r;
    }
  }
  return kn_reg_slow(w, h, type);
}

/* Notes that one use of h is done. The last one frees its register. */
KN_INLINE void kn_drop(struct kn_walk *w, uint32_t h) {
  if (kn_is_value(h)) {
    struct kn_val *v = &w->val[h];
    if (--v->uses == 0) {
      if (KN_LIKELY((v->flags & ~KN_VF_ZX) == 0)) {
        KN_CHECK(w, v->reg < 64, "a value that is dropped has no register");
        w->regs.free |= KN_BIT(v->reg & 63u);
      } else if ((v->flags & (KN_VF_HOME | KN_VF_SLOT_HOME | KN_VF_ALIAS)) == 0) kn_release(w, h);
    }
  }
}

/* kn_drop of an operand of any type: of both halves, if it is an i128. */
KN_INLINE void kn_drop_any(struct kn_walk *w, uint32_t h) {
  kn_drop(w, h);
  if (KN_UNLIKELY(w->f->facts.has_pairs) && kn_is_value(h) && kn_is_pair(w->f, h))
    kn_drop(w, kn_half(w->f, h, 1));
}

/* The arguments of an edge were moved: drops them. */
KN_INLINE void kn_edge_drop(struct kn_walk *w, const struct kn_edge *e) {
  const kiln_func *f = w->f;
  for (uint32_t a = e->args; a; a = f->edge_args.at[a - 1].next)
    kn_drop_any(w, f->edge_args.at[a - 1].value);
}

/* kn_drop of value h if `use` is 1; nothing if it is 0 (then h may be 0). Without branches, for where they would be
 * mispredicted. */
KN_INLINE void kn_drop_if(struct kn_walk *w, uint32_t h, uint32_t use) {
  struct kn_val *val = &w->val[h];
  uint32_t flags = val->flags, left = val->uses -= use;
  bool last = use & (left == 0), plain = (flags & ~(uint32_t)KN_VF_ZX) == 0;
  bool kept = (flags & (KN_VF_HOME | KN_VF_SLOT_HOME | KN_VF_ALIAS)) != 0;
  w->regs.free |= (uint64_t)(last & plain) << (val->reg & 63);
  if (KN_UNLIKELY(last & !plain & !kept)) kn_release(w, h);
}

/* The register for result i: its home, the home that its hint names, `prefer` if that is free, or
 * any free one that is not in `avoid`. */
KN_INLINE unsigned kn_def(struct kn_walk *w, uint32_t i, unsigned type, unsigned prefer,
                          uint64_t avoid) {
  struct kn_val *v = &w->val[i];
  unsigned flags = v->flags, hint = v->hint, r;
  if (flags & KN_VF_HOME) {
    KN_WROTE(w, KN_EV_DEF, i, v->reg);
    return v->reg;
  }
  if (KN_UNLIKELY(KN_HINT_SAYS_HOME(hint)) && (r = kn_def_hinted(w, i)) != KN_NO_REG) return r;
  /* the argument register that the hint names, else `prefer`, else any. Masks, since a branch on
   * which of them is free would be mispredicted */
  uint64_t can = w->regs.free & ~avoid & ~w->regs.cached & w->regs.choice & kn_regs_of(w, type);
  uint64_t wanted = w->target->hints[hint & 15] & can;
  uint64_t same = KN_BIT(prefer & 63) & can & -(uint64_t)(prefer < 64);
  uint64_t pick = wanted | (same & -(uint64_t)(wanted == 0));
  if (KN_LIKELY(can != 0)) {
    r = (unsigned)__builtin_ctzll(pick | (can & -(uint64_t)(pick == 0)));
    w->regs.free ^= KN_BIT(r);
  } else {
    r = kn_evict(w, kn_regs_of(w, type) & ~avoid);
  }
  kn_own(w, i, r);
  kn_lock(w, r);
  KN_WROTE(w, KN_EV_DEF, i, r);
  return r;
}

/* Result i was written to register r, which kn_def gave: if its home is in the frame, stores it
 * there; r is its copy then. */
KN_INLINE void kn_defined(struct kn_walk *w, uint32_t i, unsigned r) {
  struct kn_val *v = &w->val[i];
  if (KN_UNLIKELY(v->flags & KN_VF_SLOT_HOME)) {
    w->hooks->store(w, r, kn_frame_of(w, v), v->type);
    KN_LOG(w, KN_EV_MOVE, r, KN_PLACE_FRAME + v->frame);
    v->reg = KN_NO_REG;
    v->copy = (uint8_t)r;
    w->regs.free |= KN_BIT(r);
    w->regs.cached |= KN_BIT(r);
  }
}

/* Takes register r, a temporary, for this instruction; the value in it moves elsewhere. */
KN_INLINE void kn_claim(struct kn_walk *w, unsigned r) {
  if (w->regs.free >> r & 1) {
    w->regs.free ^= KN_BIT(r);
    w->regs.owner[r] = 0;
    w->regs.cached &= ~KN_BIT(r);
  } else {
    kn_claim_slow(w, r);
  }
  KN_WROTE(w, KN_EV_TEMP, 0, r);
  w->regs.temp |= KN_BIT(r);
  w->regs.locked |= KN_BIT(r);
}

/* The register that still has a copy of variable `s`, which lives in memory; or KN_NO_REG. A dead
 * value stays in its register until somebody takes that. */
KN_INLINE unsigned kn_slot_copy(const struct kn_walk *w, const struct kn_slot_state *s) {
  /* one branch on all conditions: each alone would be mispredicted */
  uint32_t v = s->value;
  unsigned r = w->val[v].reg, reg = r & 63;
  bool copy = (s->epoch == w->regs.epoch) & (v != 0) & (r < 64) & (w->regs.owner[reg] == v) &
              (w->regs.block_regs >> reg & 1);
  return copy ? r : KN_NO_REG;
}

/* The register that has a copy of value `h`, whose home is in the frame; or KN_NO_REG. */
KN_INLINE unsigned kn_home_copy(const struct kn_walk *w, uint32_t h) {
  unsigned r = w->val[h].copy;
  bool is = r != KN_NO_REG && (w->regs.cached & KN_BIT(r)) && w->regs.owner[r] == h;
  return is ? r : KN_NO_REG;
}

/* Notes that variable `s`, which lives in memory, holds value `v`, if register `r` is the value's own. */
KN_INLINE void kn_slot_note(struct kn_walk *w, struct kn_slot_state *s, uint32_t v, unsigned r) {
  if (w->regs.owner[r] != v) return;
  s->value = v;
  s->epoch = w->regs.epoch;
}

/* Makes value i, the load of a variable that lives in register `home`, or the lower bits of such a load, an alias of
 * that register for as long as the variable keeps its content. The value has no flags yet. */
KN_INLINE void kn_alias(struct kn_walk *w, uint32_t i, unsigned home) {
  struct kn_val *v = &w->val[i];
  v->older = w->regs.alias[home] & -(uint32_t)(w->regs.aliased >> home & 1);
  v->reg = (uint8_t)home;
  v->flags = KN_VF_ALIAS;
  w->regs.alias[home] = i;
  w->regs.aliased |= KN_BIT(home);
  KN_LOG(w, KN_EV_ALIAS, i, home);
}

/* The lowering of a LOAD that is none of a variable in a register. */
typedef void kn_load_slot(struct kn_walk *w, const struct kn_inst *in,
                          const struct kn_slot_place *s);
/* Lowers LOAD w->i: one of a variable in a register by itself, others by `of_slot`, or `through` an address. The usual
 * cases come first, and the others are tail calls, so that the usual ones need no stack frame here: a load of a
 * variable in a register only makes the value an alias, as long as the variable keeps its content. */
KN_INLINE void kn_load(struct kn_walk *w, const struct kn_inst *in, kn_lower *through,
                       kn_load_slot *of_slot) {
  if (!kn_is_slot(in->a)) {
    through(w, in);
    return;
  }
  const struct kn_slot_place *s = &w->slots[kn_index(in->a)];
  const struct kn_val *v = &w->val[w->i];
  if (s->reg == KN_NO_REG) of_slot(w, in, s);
  else if (KN_UNLIKELY(v->flags != 0 || v->uses == 0)) kn_load_variable(w, in, s->reg);
  else kn_alias(w, w->i, s->reg);
}

/* Before a call: saves local values in clobbered registers to their spill slots, and clobbered homes to where they
 * are kept. The registers keep their content until the call; kn_called comes right after that. */
KN_INLINE void kn_save_live(struct kn_walk *w, uint64_t clobbered) {
  uint64_t live = w->regs.block_regs & ~w->regs.free & ~w->regs.temp & clobbered;
  if ((live | w->regs.kept) != 0) kn_save_regs(w, live);
  w->regs.free |= live;
  w->regs.cached &= ~clobbered;
  w->regs.epoch++;
}

/* Right after a call: reloads the homes that it clobbered. */
KN_INLINE void kn_called(struct kn_walk *w) {
  if (KN_UNLIKELY(w->regs.kept != 0)) kn_reload_homes(w);
}

/* Ends an instruction: its temporary registers are free again. */
KN_INLINE void kn_inst_end(struct kn_walk *w) {
  KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
  w->regs.free |= w->regs.temp;
  w->regs.temp = 0;
  w->regs.locked = 0;
}
#endif
