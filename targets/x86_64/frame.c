/* Frames on x86-64: prologue, epilogue, literals after the code, frame rows (.eh_frame), and the end of a function.
 * Called by lib/codegen/walk.c around the loop over blocks.
 *
 *   rbp + 16     caller's stack arguments
 *   rbp          caller's rbp, above it the return address
 *   rbp - 8 ...  callee-saved registers that the plan uses, then stack slots and spill slots
 *   rsp          outgoing stack arguments, or below them by dynamic allocations
 *
 * Where callers may not have aligned the stack, rbp is a multiple of 8 alone, and rsp is aligned below the saved
 * registers. Slots aligned to 16 bytes have pointers then, like those that are aligned to more in any frame.
 *
 * Where the plan has no frame pointer (kn_frame_plan.pointer), frames do without rbp. To restore it at each return
 * makes all that addresses the caller's frame wait for a load; the processor follows rsp without one.
 *
 *   rsp + ...    return address, callee-saved registers that the plan uses
 *   rsp          stack slots and spill slots, upward; frame offset X64_FRAME_BOTTOM, since offset 0 means none
 *
 * Where unwinders read codes of prologues (kn_target.unwind_codes), rbp is set after all pushes if the stack pointer
 * moves, since what was pushed is found from rbp then. Below the pushes is an area for the vector registers that are
 * saved, whose size makes the distance to rbp a multiple of 16. Else they find it all from rsp. Each epilogue begins
 * with one addition to rsp, or a lea from rbp, then pops and leaves, and no call returns to its first instruction.
 *
 * The prologue and each epilogue are emitted in full; when all is known they are cut to what the function turned out
 * to need (relax.c). Invariant: the rows describe every instruction boundary. */
#include "targets/x86_64/x64.h"

#include <kiln/dwarf.h>

/* ---- registers that the convention keeps ---- */

int32_t x64_kept_at(struct kn_walk *w, unsigned r) {
  const struct x64_walk *x = x64(w);
  uint64_t below = w->plan->frame.kept & (KN_BIT(r) - 1);
  int32_t gp = __builtin_popcountll(below & KN_GP_MASK);
  if (r < KN_FP_BASE) return x->kept_low + 8 * gp;
  return x->kept_low_fp + 16 * __builtin_popcountll(below & ~KN_GP_MASK);
}

static void move_kept(struct kn_walk *w, uint64_t which, bool load) {
  for (uint64_t m = which; m; m &= m - 1) {
    unsigned r = (unsigned)__builtin_ctzll(m);
    struct x64_mem at = x64_frame_mem(w, x64_kept_at(w, r));
    if (r < KN_FP_BASE) EMIT(w, x64_rm, load ? X64_MOV : X64_MOV_ST, 3, r, at);
    else EMIT(w, x64_rm, load ? X64_MOVUPS : X64_MOVUPS_ST, 2, x64_hw(r), at);
  }
}

static void store_kept(struct kn_walk *w) {
  struct x64_walk *x = x64(w);
  uint64_t kept = w->plan->frame.kept;
  unsigned gp = (unsigned)__builtin_popcountll(kept & KN_GP_MASK);
  unsigned fp = (unsigned)__builtin_popcountll(kept & ~KN_GP_MASK);
  x->kept_low = kn_frame_alloc(w, 8 * gp, 3);
  if (x->saved_area == 0) x->kept_low_fp = fp ? kn_frame_alloc(w, 16 * fp, 4) : 0;
  else x->kept_low_fp = -8 * (int32_t)x->saved_count - (int32_t)x->saved_area;
  move_kept(w, kept, false);
  x->kept_end = kn_here(w);
}

/* ---- prologue, epilogue ---- */

/* endbr64: what indirect branches may go to */
void x64_landing(struct kn_walk *w) { EMIT(w, x64_endbr64); }

/* The bytes at the bottom of the frame that belong to the functions that it calls. */
static void reserve_home(struct kn_walk *w, uint8_t bytes) {
  struct x64_walk *x = x64(w);
  const struct kn_frame_plan *frame = &w->plan->frame;
  x->home_moves = frame->dynamic;
  x->home = frame->dynamic ? 0 : bytes;
  if (!frame->calls) return;
  x->out_args = x->home;
  if (!frame->pointer) w->frame.low += x->home;
}

/* Allocates the area below the pushes, and sets rbp. */
static void set_base(struct kn_walk *w) {
  struct x64_walk *x = x64(w);
  uint32_t vectors = 16 * (uint32_t)__builtin_popcountll(w->plan->frame.kept & ~KN_GP_MASK);
  x->saved_area = vectors + 8 * (x->saved_count & 1);
  if (x->saved_area != 0) EMIT(w, x64_alu_ri, X64_G_SUB, 3, X64_RSP, (int32_t)x->saved_area);
  w->frame.low -= (int32_t)x->saved_area;
  x->area_at = kn_here(w) - X64_GAP;
  EMIT(w, x64_rm, X64_LEA, 3, X64_RBP,
       x64_at(X64_RSP, (int32_t)(8 * x->saved_count + x->saved_area)));
  x->base_at = kn_here(w) - X64_GAP;
}

/* What frames have where unwinders read codes. */
static void plan_codes(struct kn_walk *w) {
  struct x64_walk *x = x64(w);
  const struct kn_frame_plan *frame = &w->plan->frame;
  x->based = frame->pointer && (frame->dynamic | frame->record | frame->realigned) != 0;
  x->adds = !x->based;
  x->nop = frame->calls;
}

void x64_begin(struct kn_walk *w) {
  struct x64_walk *x = x64(w);
  const struct kn_frame_plan *frame = &w->plan->frame;
  const size_t zeros = offsetof(struct x64_walk, flags_of);
  memset((char *)x + zeros, 0, sizeof *x - zeros);
  x->folds = w->f->facts.has_pairs ? x64_folds_in_pairs : x64_folds;
  w->code.p += X64_GAP;
  if (KN_UNLIKELY(frame->entry_mark)) {
    x64_landing(w);
    x->head = 4;
  }
  x->frame_reg = frame->pointer ? X64_RBP : X64_RSP;
  x->frame_bias = frame->pointer ? 0 : X64_FRAME_BOTTOM;
  x->adds = !frame->pointer;
  bool codes = w->target->unwind_codes;
  if (KN_UNLIKELY(codes)) plan_codes(w);
  if (frame->pointer) {
    EMIT(w, x64_push, X64_RBP);
    if (KN_LIKELY(!codes) || !x->based) EMIT(w, x64_rr, X64_MOV, 3, X64_RBP, X64_RSP);
  }
  for (uint64_t m = frame->saved; m; m &= m - 1) { /* in the order of their numbers */
    EMIT(w, x64_push, (unsigned)__builtin_ctzll(m));
    x->saved_count++;
  }
  w->frame.low = frame->pointer ? -8 * (int32_t)x->saved_count : X64_FRAME_BOTTOM;
  if (KN_UNLIKELY(codes) && x->based) set_base(w);
  if (KN_UNLIKELY(frame->realigned)) x64_realign(w);
  EMIT(w, x64_group_r, 0x81, 3, X64_G_SUB, X64_RSP);
  x->frame_patch = kn_here(w);
  EMIT(w, x64_put32, 0);
  const uint8_t home = w->target->ir.library->shadow_bytes;
  if (KN_UNLIKELY(home != 0)) reserve_home(w, home);
  x->probe_room = frame->probe_step != 0 ? X64_PROBE_ROOM : 0;
  w->code.p += x->probe_room;
  if (KN_UNLIKELY(frame->kept | frame->guarded)) {
    w->i = 0; /* of no instruction: for diagnostics */
    if (frame->kept != 0) store_kept(w);
    if (frame->guarded) x64_guard_enter(w);
  }
}

static void pop_saved(struct kn_walk *w) {
  for (uint64_t m = w->plan->frame.saved; m;) {
    unsigned reg = 63 - (unsigned)__builtin_clzll(m);
    EMIT(w, x64_pop, reg);
    m ^= KN_BIT(reg);
  }
}

/* Emits what frees the frame, and begins the fixup of an epilogue whose last instruction has `size` bytes; `eh`: of an
 * EH_RETURN. */
KN_INLINE bool free_frame(struct kn_walk *w, uint32_t size, bool eh) {
  const struct kn_frame_plan *frame = &w->plan->frame;
  if (KN_UNLIKELY(frame->kept | frame->guarded)) {
    if (frame->guarded) x64_guard_check(w);
    move_kept(w, eh ? frame->kept : frame->kept & ~frame->eh_only, true);
  }
  if (KN_UNLIKELY(x64(w)->nop)) EMIT(w, x64_put8, 0x90);
  uint32_t from = kn_here(w), fixup = w->code.fixups.n;
  x64_note_epilogue(w);
  if (!KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){from, 0, X64_FIX_EPILOGUE}))
    return false;
  if (x64(w)->adds) {
    EMIT(w, x64_group_r, 0x81, 3, X64_G_ADD, X64_RSP);
    EMIT(w, x64_put32, 0);
    pop_saved(w);
    if (frame->pointer) EMIT(w, x64_pop, X64_RBP);
  } else if (x64(w)->saved_count || x64(w)->based) {
    EMIT(w, x64_rm, X64_LEA, 3, X64_RSP, x64_at(X64_RBP, -8 * (int32_t)x64(w)->saved_count));
    pop_saved(w);
    EMIT(w, x64_pop, X64_RBP);
  } else {
    EMIT(w, x64_leave);
  }
  w->code.fixups.at[fixup].label = (kn_here(w) - from) | size << X64_EPILOGUE_LAST;
  return true;
}

static KN_COLD void epilogue_that_pops(struct kn_walk *w) {
  if (free_frame(w, 3, false)) EMIT(w, x64_ret_pop, w->plan->frame.popped);
}

void x64_epilogue(struct kn_walk *w) {
  if (KN_UNLIKELY(w->plan->frame.popped != 0)) epilogue_that_pops(w);
  else if (free_frame(w, 1, false)) EMIT(w, x64_ret);
}

void x64_epilogue_eh(struct kn_walk *w) {
  /* the shadow stack has not where it goes */
  bool jump = w->plan->frame.returns != KN_RETURN_BARE;
  if (w->target->unwind_codes)
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "eh_return, which this system's unwinders do not know");
  if (!free_frame(w, jump ? 6 : 4, true)) return;
  EMIT(w, x64_rr, X64_MOV, 3, X64_RSP, X64_RCX); /* 3 bytes */
  if (jump) {
    EMIT(w, x64_pop, X64_RCX);
    EMIT(w, x64_jmp_r, X64_RCX);
  } else {
    EMIT(w, x64_ret);
  }
}

uint32_t x64_exit_size(const struct kn_walk *w, uint32_t symbol, bool got, unsigned reg) {
  if (symbol == 0) return reg >= 8 || w->target->unwind_codes ? 3 : 2;
  return got ? 6 : 5;
}

void x64_epilogue_jump(struct kn_walk *w, uint32_t symbol, bool got, unsigned reg) {
  if (free_frame(w, x64_exit_size(w, symbol, got, reg), false)) x64_exit_jump(w, symbol, got, reg);
}

void x64_exit_jump(struct kn_walk *w, uint32_t symbol, bool got, unsigned reg) {
  bool wide = w->target->unwind_codes; /* by REX.W unwinders know the jump of an epilogue */
  if (symbol == 0 && wide)
    w->code.p = x64_put8(x64_put8(x64_put8(w->code.p, 0x48 | reg >> 3), 0xff), 0xe0 | (reg & 7));
  else if (symbol == 0) EMIT(w, x64_jmp_r, reg);
  else if (got) w->code.p = x64_put32(x64_put8(x64_put8(w->code.p, 0xff), 0x25), 0);
  else EMIT(w, x64_jmp_rel32, 0);
  if (symbol != 0)
    kn_code_relocate(w, kn_here(w) - 4, symbol, got ? KILN_RELOC_X64_GOT_OP : KILN_RELOC_X64_CALL,
                     -4);
}

/* ---- the end ---- */

/* Constants after the code, largest first so that padding comes once. */
static void emit_literals(struct kn_walk *w) {
  if (w->code.literals.n == 0 || !kn_code_room(w, (size_t)w->code.literals.n * 16 + 64)) return;
  for (uint32_t size = 16; size >= 4; size /= 2) {
    for (uint32_t k = 0; k < w->code.literals.n; k++) {
      const struct kn_literal *l = &w->code.literals.at[k];
      if (l->size != size) continue;
      while (kn_here(w) & (size - 1)) EMIT(w, x64_int3);
      x64_bind_label(w, l->label);
      uint64_t v[2] = {l->low, l->high};
      memcpy(w->code.p, v, 16);
      w->code.p += size;
    }
  }
}

/* ---- frame rows ---- */

/* Where the last instruction of the epilogue is that fixup k begins: a ret, or the jump of a tail call. */
KN_INLINE uint32_t last_of(const struct kn_walk *w, uint32_t k) {
  const struct kn_fixup *x = &w->code.fixups.at[k];
  return x->at + (x->label & ((1u << X64_EPILOGUE_LAST) - 1)) -
         (w->code.cut.at[k + 1] - w->code.cut.at[k]);
}

/* Does the function end with that instruction? */
KN_INLINE bool is_last(const struct kn_walk *w, uint32_t k, uint32_t end) {
  return last_of(w, k) + (w->code.fixups.at[k].label >> X64_EPILOGUE_LAST) == end;
}

/* Rows that say where the registers of kn_frame_plan.kept are saved, or that they are restored. */
static uint8_t *kept_rows(struct kn_walk *w, uint8_t *p, bool restored) {
  for (uint64_t m = w->plan->frame.kept; m; m &= m - 1) {
    unsigned r = (unsigned)__builtin_ctzll(m), column = w->target->code.dwarf_regs[r];
    *p++ = (uint8_t)((restored ? KILN_DW_CFA_restore : KILN_DW_CFA_offset) | column);
    if (!restored) *p++ = (uint8_t)((16 - x64_kept_at(w, r)) / 8); /* below 128 */
  }
  return p;
}

/* The rows of the prologue; *at: the code offset that they reach. */
KN_INLINE uint8_t *prologue_rows(struct kn_walk *w, uint8_t *p, uint32_t *at) {
  const struct x64_walk *x = x64(w);
  const uint8_t *dwarf_regs = w->target->code.dwarf_regs;
  unsigned n = 1; /* words that are pushed */
  bool pointer = w->plan->frame.pointer;
  if (pointer) {
    /* after push rbp: def_cfa_offset 16, offset rbp cfa - 16; after mov: def_cfa_register rbp */
    static const uint8_t first[] = {
      KILN_DW_CFA_advance_loc + 1, KILN_DW_CFA_def_cfa_offset,   16, KILN_DW_CFA_offset + 6, 2,
      KILN_DW_CFA_advance_loc + 3, KILN_DW_CFA_def_cfa_register, 6};
    memcpy(p, first, sizeof first);
    p[0] += (uint8_t)x->head; /* advances: below 64 */
    p += sizeof first;
    *at += 4;
    n = 2;
  }
  uint32_t head = pointer ? 0 : x->head;
  for (uint64_t m = w->plan->frame.saved; m; m &= m - 1) {
    unsigned reg = (unsigned)__builtin_ctzll(m);
    *at += x64_push_size(reg);
    *p++ = (uint8_t)(KILN_DW_CFA_advance_loc + x64_push_size(reg) + head);
    head = 0;
    n++;
    if (!pointer) {
      *p++ = KILN_DW_CFA_def_cfa_offset;
      *p++ = (uint8_t)(8 * n);
    }
    *p++ = (uint8_t)(KILN_DW_CFA_offset | dwarf_regs[reg]);
    *p++ = (uint8_t)n;
  }
  unsigned reg = X64_RSP; /* that the CFA counts from */
  for (uint32_t k = 0; !pointer && k < x->n_rows; k++) {
    const struct x64_frame_row *r = &x->rows[k];
    p = kn_code_put_advance(p, r->at - *at + head);
    head = 0;
    *at = r->at;
    *p++ = reg == r->reg ? KILN_DW_CFA_def_cfa_offset : KILN_DW_CFA_def_cfa;
    if (reg != r->reg) *p++ = dwarf_regs[reg = r->reg];
    p = kn_put_uleb(p, r->size + 8 * n);
  }
  return p;
}

/* The rows of an epilogue of fixup k; *at: the code offset that they reach. `last`: nothing follows it. */
KN_INLINE uint8_t *epilogue_rows(struct kn_walk *w, uint8_t *p, uint32_t k, uint32_t *at,
                                 bool last) {
  const struct kn_fixup *x = &w->code.fixups.at[k];
  uint32_t ret = last_of(w, k), size = x->label >> X64_EPILOGUE_LAST;
  const struct kn_frame_plan *frame = &w->plan->frame;
  if (!frame->pointer) {
    uint32_t cfa = 8 * x64(w)->saved_count, to = ret;
    for (uint64_t m = frame->saved; m; m &= m - 1)
      to -= x64_push_size((unsigned)__builtin_ctzll(m));
    p = kn_code_put_advance(p, to - *at);
    if (!last) *p++ = KILN_DW_CFA_remember_state;
    *p++ = KILN_DW_CFA_def_cfa_offset;
    *p++ = (uint8_t)(cfa + 8);
    for (uint64_t m = frame->saved; m;) {
      unsigned reg = 63 - (unsigned)__builtin_clzll(m);
      m ^= KN_BIT(reg);
      *p++ = (uint8_t)(KILN_DW_CFA_advance_loc + x64_push_size(reg));
      *p++ = KILN_DW_CFA_def_cfa_offset;
      *p++ = (uint8_t)cfa;
      cfa -= 8;
    }
  } else {
    p = kn_code_put_advance(p, ret - *at);
    if (!last) *p++ = KILN_DW_CFA_remember_state;
    *p++ = KILN_DW_CFA_def_cfa;
    *p++ = 7;
    *p++ = 8;
    if (KN_UNLIKELY(frame->kept != 0)) p = kept_rows(w, p, true);
  }
  *at = ret;
  if (last) return p;
  *p++ = (uint8_t)(KILN_DW_CFA_advance_loc | size);
  *p++ = KILN_DW_CFA_restore_state;
  *at += size;
  return p;
}

/* After tables of switches that end at most at `to`: the CFA once more. lldb takes a table for instructions, and those
 * that push and pop would count for what follows. `*k`: the next table. */
static KN_COLD void table_rows(struct kn_walk *w, uint32_t *k, uint32_t to, uint32_t *at) {
  const uint32_t below = x64(w)->frameless ? 0 : x64(w)->frame_size + 8 * x64(w)->saved_count;
  for (; *k < w->out->data.n && w->out->data.at[*k].end <= to; ++*k) {
    uint8_t rows[16], *p = kn_code_put_advance(rows, w->out->data.at[*k].end - *at);
    *p++ = KILN_DW_CFA_def_cfa_offset;
    p = kn_put_uleb(p, below + 8);
    kn_code_cfi(w, rows, (size_t)(p - rows));
    *at = w->out->data.at[*k].end;
  }
}

/* `table`: the first of w->out->data that is of the function. */
KN_INLINE void frame_rows(struct kn_walk *w, uint32_t start, uint32_t end, uint32_t table) {
  enum { MOST_ROWS = 256 };        /* bytes for a prologue, or an epilogue */
  uint8_t rows[2 * MOST_ROWS], *p; /* not worth clearing */
  uint32_t at = start + x64(w)->head;
  p = prologue_rows(w, rows, &at);
  if (KN_UNLIKELY(w->plan->frame.kept != 0)) {
    uint32_t stored = x64(w)->kept_end - w->code.cut.at[0];
    p = kept_rows(w, kn_code_put_advance(p, stored - at), false);
    at = stored;
  }
  const bool tables = x64(w)->tables && !w->plan->frame.pointer;
  /* bytes that wait for those of the next epilogue */
  const ptrdiff_t most = tables ? -1 : MOST_ROWS;
  uint32_t left = x64(w)->n_epilogues;
  for (uint32_t k = x64(w)->first_epilogue; left != 0; k++) {
    const struct kn_fixup *x = &w->code.fixups.at[k];
    if (x->kind - X64_FIX_EPILOGUE > X64_FIX_MOVED_TO - X64_FIX_EPILOGUE) continue;
    left--;
    if (KN_UNLIKELY(p - rows > most)) {
      kn_code_cfi(w, rows, (size_t)(p - rows));
      p = rows;
      if (tables) table_rows(w, &table, x->at, &at);
    }
    p = KN_LIKELY(x->kind == X64_FIX_EPILOGUE)
          ? epilogue_rows(w, p, k, &at, left == 0 && is_last(w, k, end))
          : x64_moved_rows(w, p, x, &at);
  }
  kn_code_cfi(w, rows, (size_t)(p - rows));
  if (KN_UNLIKELY(tables)) table_rows(w, &table, end, &at);
}

/* The same for a function without a frame: the CIE's rules hold throughout. */
static KN_COLD void frameless_rows(struct kn_walk *w, uint32_t end, uint32_t table) {
  uint32_t at = w->code.start;
  table_rows(w, &table, end, &at);
}

void x64_finish(struct kn_walk *w) {
  if (KN_UNLIKELY(w->plan->frame.guarded)) x64_guard_end(w);
  if (!x64_relax(w)) return;
  w->frame.cfa = w->plan->frame.pointer
                   ? 16
                   : X64_FRAME_BOTTOM + (int32_t)(x64(w)->frame_size + 8 * x64(w)->saved_count + 8);
  const uint32_t end = kn_here(w), table = w->out->data.n;
  emit_literals(w);
  if (w->f->status != KILN_OK) return;
  x64_patch(w);
  if (KN_UNLIKELY(x64(w)->tables)) x64_note_tables(w);
  if (KN_UNLIKELY(kn_here(w) != end)) kn_code_data(w, end, kn_here(w));
  if (KN_UNLIKELY(w->target->unwind_codes)) x64_unwind_codes(w);
  else if (!x64(w)->frameless) frame_rows(w, w->code.start, end, table);
  else if (KN_UNLIKELY(x64(w)->tables)) frameless_rows(w, end, table);
}
