/* Frames on AArch64: prologue, epilogue, frame rows (.eh_frame), and the patches that wait for the
 * frame's size and for labels. Called by lib/codegen/walk.c around the loop over blocks.
 *
 *   x29 + size   caller's stack arguments
 *                spill slots, stack slots ...
 *   x29 + 16     callee-saved registers that the plan uses
 *   x29          frame record: caller's x29, return address
 *   sp           = x29, or below it by dynamic allocations and a call's stack arguments
 *
 * There is one epilogue that returns, and one for each tail call, after the last block, where the size is known. For
 * the prologue as many words are reserved as it usually needs; where the frame's size needs more or fewer, the
 * function's code is moved. Invariant: the rows describe every instruction boundary; the CFA is sp-based up to the mov
 * to x29 and after its reload. */
#include "targets/aarch64/a64.h"

#include <kiln/dwarf.h>

enum { SHORT_PROLOGUE = 2, MAX_PAIRS = 13 };

/* Two saved registers, or one, and their frame offset. */
struct pair {
  unsigned a, b; /* b: KN_NO_REG if single */
  int32_t at;
};
/* The vector registers whose 128 bits the convention keeps. */
KN_INLINE uint64_t kept_whole(const struct kn_walk *w) { return w->plan->frame.kept & ~KN_GP_MASK; }

/* All saved registers, by bank and number, but for those that are saved whole; returns the number of pairs. */
static unsigned saved_pairs(struct kn_walk *w, struct pair out[MAX_PAIRS]) {
  uint64_t saved = (w->plan->frame.saved | w->plan->frame.kept) & ~kept_whole(w);
  unsigned n = 0;
  int32_t at = 16;
  for (unsigned bank = 0; bank < 2; bank++) {
    uint64_t m = saved & (bank ? ~KN_GP_MASK : KN_GP_MASK);
    while (m) {
      struct pair p = {(unsigned)__builtin_ctzll(m), KN_NO_REG, at};
      m &= m - 1;
      if (m) {
        p.b = (unsigned)__builtin_ctzll(m);
        m &= m - 1;
      }
      out[n++] = p;
      at += 16;
    }
  }
  return n;
}

static void transfer(struct kn_walk *w, const struct pair *p, bool load) {
  bool fp = p->a >= KN_FP_BASE;
  if (p->b == KN_NO_REG)
    a64_emit(w,
             a64_mem_offset(fp ? (load ? A64_LDR_FD : A64_STR_FD) : (load ? A64_LDR_X : A64_STR_X),
                            p->a & 31, A64_FP, p->at));
  else
    a64_emit(w, a64_pair(fp ? (load ? A64_LDP_FD : A64_STP_FD) : (load ? A64_LDP_X : A64_STP_X),
                         A64_OFFSET, p->a & 31, p->b & 31, A64_FP, p->at));
}

/* Stores all of them, or loads them. */
static void transfer_whole(struct kn_walk *w, enum a64_mem op) {
  int32_t at = a64(w)->kept_at;
  for (uint64_t m = kept_whole(w); m; m &= m - 1, at += 16)
    a64_emit(w, a64_mem_offset(op, a64_v((unsigned)__builtin_ctzll(m)), A64_FP, at));
}

/* ---- marks: hints, so that processors without these instructions ignore them ---- */

/* PACIASP is as good a mark of a function's beginning as BTI c. */
enum { PACIASP = 25, AUTIASP = 29, BTI_C = 34, BTI_J = 36 };

void a64_landing(struct kn_walk *w) { a64_emit(w, a64_hint(BTI_J)); }

/* The instruction before the prologue, or 0: none. `sign`: it signs the return address. */
static uint32_t head_of(const struct kn_frame_plan *frame, bool sign) {
  if (sign) return a64_hint(PACIASP);
  return frame->entry_mark ? a64_hint(BTI_C) : 0;
}

/* ---- prologue ---- */

void a64_begin(struct kn_walk *w) {
  const struct kn_frame_plan *frame = &w->plan->frame;
  struct pair pairs[MAX_PAIRS];
  const size_t of_function = offsetof(struct a64_walk, prologue_words);
  memset((char *)w + of_function, 0, sizeof *a64(w) - of_function);
  a64(w)->exits.n = 0;
  a64(w)->exit_label = kn_code_label(w);
  unsigned n = saved_pairs(w, pairs);
  a64(w)->prologue_words = n || frame->calls || frame->record ? SHORT_PROLOGUE : 0;
  for (unsigned i = 0; i < a64(w)->prologue_words; i++) a64_emit(w, a64_nop());
  for (unsigned i = 0; i < n; i++) transfer(w, &pairs[i], false);
  w->frame.low = 16 + 16 * (int32_t)n;
  a64(w)->frame_used = n != 0;
  if (KN_LIKELY((kept_whole(w) | frame->guarded) == 0)) return;
  w->i = 0; /* of no instruction: for diagnostics */
  if (kept_whole(w) != 0) {
    a64(w)->kept_at = kn_frame_alloc(w, 16u * (unsigned)__builtin_popcountll(kept_whole(w)), 4);
    a64(w)->frame_used = true;
    transfer_whole(w, A64_STR_FQ);
  }
  if (frame->guarded) a64_guard_enter(w);
}

/* ---- frame rows ---- */

/* Rows being collected. A pair saved and restored takes at most 23 bytes; all else less than 64. */
struct rows {
  uint8_t *p;
  uint32_t at;                                      /* code offset that they have reached */
  uint8_t b[MAX_PAIRS * 23 + 64 + 24 * 7 + 8 * 12]; /* vector registers, probes */
};
KN_INLINE void row_advance(struct rows *r, uint32_t to) {
  uint32_t delta = (to - r->at) / 4;
  r->at = to;
  if (KN_LIKELY(delta - 1 < 63)) *r->p++ = (uint8_t)(0x40 | delta);
  else if (delta) r->p = kn_code_put_advance(r->p, delta);
}
KN_INLINE void row_op(struct rows *r, unsigned op, uint32_t operand) {
  *r->p++ = (uint8_t)op;
  r->p = kn_put_uleb(r->p, operand);
}
/* The CFA is register `reg` + offset. */
KN_INLINE void row_cfa(struct rows *r, unsigned reg, uint32_t offset) {
  row_op(r, KILN_DW_CFA_def_cfa, reg);
  r->p = kn_put_uleb(r->p, offset);
}
/* An operation on `reg`: `op` has the number in its lower bits, or `extended` an operand. */
KN_INLINE void row_reg(struct rows *r, unsigned op, unsigned extended, unsigned reg) {
  if (reg < KN_FP_BASE) *r->p++ = (uint8_t)(op | reg);
  else row_op(r, extended, reg - KN_FP_BASE + 64);
}
/* Register `reg` is saved at x29 + at; data alignment is -8. */
KN_INLINE void row_saved(struct rows *r, unsigned reg, int32_t at, uint32_t size) {
  row_reg(r, KILN_DW_CFA_offset, KILN_DW_CFA_offset_extended, reg);
  r->p = kn_put_uleb(r->p, (size - (uint32_t)at) / 8);
}
KN_INLINE void row_restored(struct rows *r, unsigned reg) {
  row_reg(r, KILN_DW_CFA_restore, KILN_DW_CFA_restore_extended, reg);
}

/* ---- the end ---- */

static void put(struct kn_walk *w, uint32_t at, uint32_t word) {
  memcpy(w->code.base + at, &word, 4);
}
static uint32_t get(const struct kn_walk *w, uint32_t at) {
  uint32_t word;
  memcpy(&word, w->code.base + at, 4);
  return word;
}

/* A fixup that is not a branch (its label may be that of the entry): `table` is where the last TABLE_BASE is. */
static void apply_other(struct kn_walk *w, const struct kn_fixup *x, uint32_t size,
                        uint32_t *table) {
  uint32_t word = get(w, x->at);
  switch (x->kind & A64_FIX_KIND) {
  case A64_FIX_ALIGN: break;
  case A64_FIX_FRAME:
    put(w, x->at, a64_addsub_val(A64_ADD, 1, word & 31, word >> 5 & 31, size));
    if (!a64_addsub_imm_ok(size))
      kn_func_fail(w->owner, KILN_ERR_INTERNAL, UINT32_MAX, 0, "the frame is larger than planned");
    break;
  case A64_FIX_FRAME_WIDE:
    put(w, x->at, a64_movw(A64_MOVZ, 1, A64_IP1, size & 0xffff, 0));
    put(w, x->at + 4, a64_movw(A64_MOVK, 1, A64_IP1, size >> 16, 1));
    break;
  case A64_FIX_TABLE_BASE: *table = x->at; break;
  case A64_FIX_DONE: kn_code_data(w, x->at - 12, x->at + 4); break; /* the literal's end */
  default: put(w, x->at, kn_label_at(w, x->label) - *table); kn_code_data(w, x->at, x->at + 4);
  }
}

static void apply_fixups(struct kn_walk *w, uint32_t size) {
  static const struct {
    uint32_t reach, mask, up; /* bytes; of the distance in words */
  } fields[] = {[A64_FIX_B26] = {1 << 27, 0x3ffffff, 0},
                [A64_FIX_B19] = {1 << 20, 0x7ffff, 5},
                [A64_FIX_B14] = {1 << 15, 0x3fff, 5},
                [A64_FIX_LITERAL] = {1 << 20, 0x7ffff, 5}};
  uint32_t table = 0;
  for (uint32_t i = 0; i < w->code.fixups.n; i++) {
    const struct kn_fixup *x = &w->code.fixups.at[i];
    uint32_t to = kn_label_at(w, x->label), kind = x->kind;
    if (KN_UNLIKELY(to == UINT32_MAX)) { /* of a block that is not reachable */
      kn_func_fail(w->owner, KILN_ERR_STRUCTURE, x->label, 0,
                   "a branch leads to a block without code");
      return;
    }
    if (KN_UNLIKELY(kind > A64_FIX_LITERAL)) {
      apply_other(w, x, size, &table);
      continue;
    }
    int64_t bytes = (int64_t)to - x->at;
    if (KN_UNLIKELY((uint64_t)(bytes + fields[kind].reach) >= 2 * (uint64_t)fields[kind].reach)) {
      kn_func_fail(w->owner, KILN_ERR_LIMIT, UINT32_MAX, 0,
                   "the target of a branch is too far away");
      return;
    }
    uint32_t word = get(w, x->at);
    put(w, x->at, word | ((uint32_t)(bytes >> 2) & fields[kind].mask) << fields[kind].up);
  }
}

/* Moves the function's code after its prologue by `words`, with all that names a position in it. */
static void move_code(struct kn_walk *w, int32_t words) {
  uint32_t delta = (uint32_t)(words * 4), from = w->code.start + 4 * a64(w)->prologue_words;
  memmove(w->code.base + from + delta, w->code.base + from, kn_here(w) - from);
  w->code.p += words * 4;
  for (uint32_t i = 0; i < w->code.fixups.n; i++) w->code.fixups.at[i].at += delta;
  kn_code_move_marks(&w->code, delta);
}

/* Emits rd = rn + or - size, of any size; uses x16. */
static void add_size(struct kn_walk *w, enum a64_addsub op, unsigned rd, unsigned rn,
                     uint32_t size) {
  if (a64_addsub_imm_ok(size)) {
    a64_emit(w, a64_addsub_val(op, 1, rd, rn, size));
  } else { /* the form with an extension takes sp */
    a64_emit(w, a64_movw(A64_MOVZ, 1, A64_IP0, size & 0xffff, 0));
    a64_emit(w, a64_movw(A64_MOVK, 1, A64_IP0, size >> 16, 1));
    a64_emit(w, a64_addsub_ext(op, 1, rd, rn, A64_IP0, A64_UXTX, 0));
  }
}

/* What all epilogues of a function have in common. */
struct epilogue {
  const struct pair *pairs;
  unsigned n;
  uint32_t size;   /* of the frame */
  bool frame, pre; /* there is a frame; it is freed by the instruction that reloads x29 */
  bool sign;       /* the return address is signed */
  uint32_t popped; /* bytes of the stack area that the function frees: kn_frame_plan.popped */
};

/* rd = rn + distance, which may be negative; uses x16. */
static void add_distance(struct kn_walk *w, unsigned rd, unsigned rn, int32_t distance) {
  if (distance < 0) add_size(w, A64_SUB, rd, rn, (uint32_t)-distance);
  else add_size(w, A64_ADD, rd, rn, (uint32_t)distance);
}

/* The end of an exit that moves its arguments (a64_exit.moves). All that the caller's frame needs is in registers
 * before the first word is written, since the arguments may go to where it is saved. They are moved up, to addresses
 * above those that they come from: the last word first. x10 to x14 pass no arguments. */
static void move_and_leave(struct kn_walk *w, const struct epilogue *e, struct a64_exit *x) {
  enum { AUTIA1716 = 12, WORD = 10, FRAME = 11, FROM = 12, TO = 13, LEFT = 14 };
  const int32_t end = (int32_t)(e->size + e->popped);
  for (unsigned i = e->n; i-- > 0;) transfer(w, &e->pairs[i], true);
  a64_emit(w, a64_pair(A64_LDP_X, A64_OFFSET, FRAME, A64_LR, A64_FP, 0));
  x->reload = kn_here(w);
  if (KN_UNLIKELY(e->sign)) {
    add_distance(w, A64_IP0, A64_FP, (int32_t)e->size);
    a64_emit(w, a64_mov(1, A64_IP1, A64_LR));
    a64_emit(w, a64_hint(AUTIA1716));
    a64_emit(w, a64_mov(1, A64_LR, A64_IP1));
    x->authenticated = kn_here(w);
  }
  if (x->args != 0) {
    add_distance(w, FROM, A64_SP, (int32_t)x->args - 8);
    add_distance(w, TO, A64_FP, end - 8);
    a64_set(w, LEFT, 1, x->args / 8);
    a64_emit(w, a64_mem_post(A64_LDR_X, WORD, FROM, -8));
    a64_emit(w, a64_mem_post(A64_STR_X, WORD, TO, -8));
    a64_emit(w, a64_addsub_imm(A64_SUB, 1, LEFT, LEFT, 1, 0));
    a64_emit(w, a64_cbnz(1, LEFT, -12));
  }
  add_distance(w, A64_SP, A64_FP, end - (int32_t)x->args);
  x->freed = kn_here(w);
  a64_emit(w, a64_mov(1, A64_FP, FRAME));
  x->restored = kn_here(w);
  a64_exit_jump(w, x->symbol);
  x->end = kn_here(w);
}

/* Frees the frame, and returns or jumps. */
KN_INLINE void leave(struct kn_walk *w, const struct epilogue *e, struct a64_exit *x) {
  if (e->frame) {
    for (unsigned i = e->n; i-- > 0;) transfer(w, &e->pairs[i], true);
    if (w->plan->frame.dynamic) a64_emit(w, a64_mov_sp(1, A64_SP, A64_FP));
    if (e->pre) {
      a64_emit(w, a64_pair(A64_LDP_X, A64_POST, A64_FP, A64_LR, A64_SP, (int32_t)e->size));
      x->reload = x->freed = kn_here(w);
    } else {
      a64_emit(w, a64_pair(A64_LDP_X, A64_OFFSET, A64_FP, A64_LR, A64_SP, 0));
      x->reload = kn_here(w);
      add_size(w, A64_ADD, A64_SP, A64_SP, e->size);
      x->freed = kn_here(w);
    }
  }
  if (KN_UNLIKELY(e->sign)) {
    a64_emit(w, a64_hint(AUTIASP));
    x->authenticated = kn_here(w);
  }
  if (KN_UNLIKELY(e->popped != 0) && x->returns) {
    add_size(w, A64_ADD, A64_SP, A64_SP, e->popped);
    x->popped = kn_here(w);
  }
  if (KN_LIKELY(x->returns)) a64_emit(w, a64_ret(A64_LR));
  else a64_exit_jump(w, x->symbol);
  x->end = kn_here(w);
}

static void emit_exit(struct kn_walk *w, const struct epilogue *e, struct a64_exit *x) {
  uint32_t fail[2] = {0, 0};
  kn_label_bind(w, x->label);
  if (KN_UNLIKELY(kept_whole(w) | w->plan->frame.guarded)) {
    if (w->plan->frame.guarded) a64_guard_check(w, fail);
    transfer_whole(w, A64_LDR_FQ);
  }
  if (KN_UNLIKELY(x->moves)) move_and_leave(w, e, x);
  else leave(w, e, x);
  if (KN_UNLIKELY(x->behind != 0)) kn_label_bind(w, x->behind);
  x->compares = fail[0] != 0;
  if (KN_UNLIKELY(x->compares)) a64_guard_end(w, fail);
}

static void pairs_restored(struct rows *r, const struct epilogue *e) {
  for (unsigned i = 0; i < e->n; i++) {
    row_restored(r, e->pairs[i].a);
    if (e->pairs[i].b != KN_NO_REG) row_restored(r, e->pairs[i].b);
  }
}

/* The rows of an exit that moves its arguments. */
static void moved_rows(struct rows *r, const struct a64_exit *x, const struct epilogue *e) {
  enum { FRAME = 11 }; /* move_and_leave */
  row_advance(r, x->reload);
  *r->p++ = KILN_DW_CFA_remember_state;
  pairs_restored(r, e);
  row_restored(r, A64_LR);
  row_op(r, KILN_DW_CFA_register, A64_FP);
  *r->p++ = FRAME;
  if (KN_UNLIKELY(e->sign)) {
    row_advance(r, x->authenticated);
    *r->p++ = KILN_DW_CFA_AARCH64_negate_ra_state;
  }
  row_advance(r, x->freed);
  row_cfa(r, A64_SP, 0);
  row_advance(r, x->restored);
  row_restored(r, A64_FP);
  row_advance(r, x->end);
  *r->p++ = KILN_DW_CFA_restore_state;
}

/* The rows of an epilogue; `more`: another one follows. */
static void exit_rows(struct rows *r, const struct a64_exit *x, const struct epilogue *e,
                      uint64_t whole, bool more) {
  bool back = x->compares || more;
  if (KN_UNLIKELY(x->moves)) {
    moved_rows(r, x, e);
    return;
  }
  if (KN_LIKELY(e->frame)) {
    row_advance(r, x->reload);
    if (KN_UNLIKELY(back)) *r->p++ = KILN_DW_CFA_remember_state;
    row_cfa(r, A64_SP, x->reload != x->freed ? e->size : 0);
    row_restored(r, A64_FP);
    row_restored(r, A64_LR);
    if (x->reload != x->freed) {
      row_advance(r, x->freed);
      row_op(r, KILN_DW_CFA_def_cfa_offset, 0);
    }
    pairs_restored(r, e);
    for (; KN_UNLIKELY(whole != 0); whole &= whole - 1)
      row_restored(r, (unsigned)__builtin_ctzll(whole));
  }
  if (KN_UNLIKELY(e->sign)) {
    row_advance(r, x->authenticated);
    if (back && !e->frame) *r->p++ = KILN_DW_CFA_remember_state;
    *r->p++ = KILN_DW_CFA_AARCH64_negate_ra_state;
  }
  if (KN_UNLIKELY(x->popped !=
                  0)) { /* the CFA is where it was; a frame that pops is one (a64_finish) */
    row_advance(r, x->popped);
    *r->p++ = KILN_DW_CFA_def_cfa_offset_sf;
    r->p = kn_put_sleb(r->p, e->popped / 8);
  }
  if (KN_UNLIKELY(back)) {
    row_advance(r, x->end);
    *r->p++ = KILN_DW_CFA_restore_state;
  }
}

/* Writes the prologue's words that make the frame, and the rows of these and of the stores after them. */
static void write_prologue(struct kn_walk *w, const struct epilogue *e,
                           const struct a64_probes *probes, struct rows *r) {
  uint32_t start = kn_here(w), size = e->size, allocated;
  if (e->pre) {
    a64_emit(w, a64_pair(A64_STP_X, A64_PRE, A64_FP, A64_LR, A64_SP, -(int32_t)size));
    allocated = kn_here(w);
  } else {
    for (unsigned i = 0; i < probes->n && probes->n_rows; i++) a64_emit(w, probes->word[i]);
    if (KN_LIKELY(probes->n_rows == 0)) add_size(w, A64_SUB, A64_SP, A64_SP, size);
    allocated = kn_here(w);
    a64_emit(w, a64_pair(A64_STP_X, A64_OFFSET, A64_FP, A64_LR, A64_SP, 0));
  }
  uint32_t at = kn_here(w);
  a64_emit(w, a64_mov_sp(1, A64_FP, A64_SP));

  for (unsigned i = 0; KN_UNLIKELY(i < probes->n_rows); i++) {
    row_advance(r, start + 4u * probes->row[i].at);
    row_cfa(r, probes->row[i].reg, probes->row[i].offset);
  }
  row_advance(r, allocated);
  row_op(r, KILN_DW_CFA_def_cfa_offset, size);
  row_advance(r, at);
  row_saved(r, A64_FP, 0, size);
  row_saved(r, A64_LR, 8, size);
  row_advance(r, at + 4);
  row_op(r, KILN_DW_CFA_def_cfa_register, A64_FP);
  for (unsigned i = 0; i < e->n; i++) {
    row_advance(r, at + 8 + 4 * i);
    row_saved(r, e->pairs[i].a, e->pairs[i].at, size);
    if (e->pairs[i].b != KN_NO_REG) row_saved(r, e->pairs[i].b, e->pairs[i].at + 8, size);
  }
  uint64_t whole = kept_whole(w);
  if (KN_UNLIKELY(whole != 0)) {
    row_advance(r, at + 4 + 4 * (e->n + (unsigned)__builtin_popcountll(whole)));
    int32_t saved = a64(w)->kept_at;
    for (uint64_t m = whole; m; m &= m - 1, saved += 16)
      row_saved(r, (unsigned)__builtin_ctzll(m), saved, size);
  }
}

void a64_finish(struct kn_walk *w) {
  struct pair pairs[MAX_PAIRS];
  unsigned n = saved_pairs(w, pairs);
  const struct kn_frame_plan *plan = &w->plan->frame;
  bool frame = a64(w)->frame_used || plan->dynamic || plan->calls || plan->record ||
               w->frame.low > 16 || plan->popped != 0;
  uint32_t size = ((uint32_t)w->frame.low + a64(w)->top + 15) & ~15u;
  if (size > 4095) size = (size + 4095) & ~4095u;
  w->frame.cfa = (int32_t)size;
  bool pre = size <= 504;                              /* the short forms with writeback */
  unsigned allocate = a64_addsub_imm_ok(size) ? 1 : 3; /* words */
  struct a64_probes probes = {.n_rows = 0};
  if (a64_probe(w, size, &probes)) {
    pre = false;
    allocate = probes.n;
  }
  unsigned words = !frame ? 0 : pre ? SHORT_PROLOGUE : allocate + 2;
  bool sign = plan->returns == KN_RETURN_ALL || (plan->returns == KN_RETURN_STORED && frame);
  uint32_t head = head_of(plan, sign);
  words += head != 0;
  if (!kn_code_room(w, A64_EPILOGUE_RESERVE)) return;
  if (words != a64(w)->prologue_words)
    move_code(w, (int32_t)words - (int32_t)a64(w)->prologue_words);

  a64(w)->prologue_words = words;
  if (!a64_relax(w)) return;
  if (a64(w)->exits.n == 0 || a64(w)->returns) {
    struct a64_exit back = {.label = a64(w)->exit_label, .returns = true};
    if (!KN_PUSH(w->owner, a64(w)->exits, back)) return;
  }
  /* the one that the last block runs into comes first */
  struct a64_exit *next = &a64(w)->exits.at[(a64(w)->falls ? a64(w)->falls : a64(w)->exits.n) - 1];
  KN_SWAP(*next, a64(w)->exits.at[0]);
  const struct epilogue epilogue = {pairs, n, size, frame, pre, sign, plan->popped};
  for (uint32_t k = 0; k < a64(w)->exits.n; k++) {
    if (!kn_code_room(w, A64_EPILOGUE_RESERVE)) return;
    emit_exit(w, &epilogue, &a64(w)->exits.at[k]);
  }

  uint32_t literals = kn_here(w);
  a64_place_literals(w);
  if (w->f->status != KILN_OK) return;
  uint32_t end_of_literals = kn_here(w);

  /* prologue: the words at the function's beginning */
  apply_fixups(w, size);
  if (KN_UNLIKELY(literals != end_of_literals)) kn_code_data(w, literals, end_of_literals);
  if (!frame && head == 0) return;
  struct rows r;
  r.p = r.b;
  r.at = w->code.start;
  uint8_t *end = w->code.p;
  w->code.p = w->code.base + w->code.start;
  if (KN_UNLIKELY(head != 0)) a64_emit(w, head);
  if (KN_UNLIKELY(sign)) {
    row_advance(&r, kn_here(w));
    *r.p++ = KILN_DW_CFA_AARCH64_negate_ra_state;
  }
  if (frame) write_prologue(w, &epilogue, &probes, &r);
  w->code.p = end;
  if (!frame && !sign) return;
  for (uint32_t k = 0; k < a64(w)->exits.n; k++) {
    if (KN_UNLIKELY(k != 0)) {
      kn_code_cfi(w, r.b, (size_t)(r.p - r.b));
      r.p = r.b;
    }
    exit_rows(&r, &a64(w)->exits.at[k], &epilogue, kept_whole(w), k + 1 != a64(w)->exits.n);
  }
  kn_code_cfi(w, r.b, (size_t)(r.p - r.b));
}

void a64_free(struct kn_walk *w, kiln_module *m) { kn_realloc(m, a64(w)->exits.at, 0); }

/* ---- frames of callers ---- */

void a64_lower_level(struct kn_walk *w, const struct kn_inst *in) {
  unsigned d = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0), from = A64_FP;
  for (unsigned level = in->x; level > 0; level--) {
    if (!kn_code_ready(w)) return;
    a64_emit(w, a64_mem_scaled(A64_LDR_X, d, from, 0));
    from = d;
  }
  bool sign = in->x > 0 || w->plan->frame.returns != KN_RETURN_BARE; /* callers may sign theirs */
  if (in->op == KILN_OP_RETURN_ADDR && sign) {
    a64_emit(w, a64_mem_scaled(A64_LDR_X, A64_LR, from, 8));
    a64_emit(w, a64_hint(7)); /* xpaclri */
    a64_emit(w, a64_mov(1, d, A64_LR));
  } else if (in->op == KILN_OP_RETURN_ADDR) a64_emit(w, a64_mem_scaled(A64_LDR_X, d, from, 8));
  else if (d != from) a64_emit(w, a64_mov(1, d, from));
  kn_defined(w, w->i, d);
}
