/* Frames on x86-64: prologue, epilogue, literals behind the code, frame rows (.eh_frame), and the end of a function.
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
 * Where nobody asks for a frame pointer, the stack pointer does not move, and no arguments are on the stack, frames do
 * without rbp. To restore it at each return makes all that addresses the caller's frame wait for a load; the
 * processor follows rsp without one.
 *
 *   rsp + ...    return address, callee-saved registers that the plan uses
 *   rsp          stack slots and spill slots, upward; frame offset BOTTOM, since offset 0 means none
 *
 * The prologue and each epilogue are emitted in full; when all is known they are cut to what the function turned out
 * to need (relax.c). Invariant: the rows describe every instruction boundary. */
#include "lib/codegen/observe.h"
#include "targets/x86_64/x64.h"

/* ---- prologue, epilogue ---- */

enum { BOTTOM = 16 };

/* True if the frame is addressed by rsp. */
static bool without_pointer(const kiln_func *f) {
  return !(f->attrs.frame_pointer | f->stack_args | f->dynamic_stack | f->uses_frame) &&
         !(f->attrs.realign_stack | f->returns_twice | f->variadic | f->guarded | f->eh_returns) &&
         f->asms.n == 0 && kn_sig(f->module, f->sig)->few;
}

const uint8_t x64_saved_order[5] = {X64_RBX, X64_R12, X64_R13, X64_R14, X64_R15};

void x64_begin(struct kn_walk *w) {
  struct x64_walk *x = x64(w);
  x->flags_of = x->zero_of = x->newest_label = 0;
  x->n_epilogues = x->out_args = x->saved_count = 0;
  x->sret_value = 0;
  x->sret = x->x87_scratch = x->vector_scratch = 0;
  x->uses_incoming = x->frameless = false;
  x->kept = 0;
  x->head = 0;
  w->code.p += X64_GAP;
  if (KN_UNLIKELY(w->f->hardened)) x64_harden_head(w);
  w->frame.up = without_pointer(w->f);
  x->frame_reg = w->frame.up ? X64_RSP : X64_RBP;
  x->frame_bias = w->frame.up ? BOTTOM : 0;
  if (!w->frame.up) {
    EMIT(w, x64_push(w->code.p, X64_RBP));
    EMIT(w, x64_rr(w->code.p, X64_MOV, 3, X64_RBP, X64_RSP));
  }
  for (unsigned k = 0; k < 5; k++) {
    if (!(w->plan->pushed & KN_BIT(x64_saved_order[k]))) continue;
    EMIT(w, x64_push(w->code.p, x64_saved_order[k]));
    x64(w)->saved_count++;
  }
  if (KN_UNLIKELY(w->f->attrs.realign_stack)) x64_realign(w);
  EMIT(w, x64_group_r(w->code.p, 0x81, 3, X64_G_SUB, X64_RSP));
  x64(w)->frame_patch = kn_here(w);
  EMIT(w, x64_put32(w->code.p, 0));
  w->frame.low = w->frame.up ? BOTTOM : -8 * (int32_t)x64(w)->saved_count;
  x->probe_room = w->f->attrs.probe_bytes != 0 ? X64_PROBE_ROOM : 0;
  w->code.p += x->probe_room;
  if (KN_UNLIKELY(w->f->hardened)) x64_harden_begin(w);
}

static void pop_saved(struct kn_walk *w) {
  for (unsigned k = 5; k-- > 0;)
    if (w->plan->pushed & KN_BIT(x64_saved_order[k]))
      EMIT(w, x64_pop(w->code.p, x64_saved_order[k]));
}

/* Emits what frees the frame, and begins the fixup of an epilogue whose last instruction has `size` bytes; `eh`: of an
 * EH_RETURN. */
KN_INLINE bool free_frame(struct kn_walk *w, uint32_t size, bool eh) {
  if (KN_UNLIKELY(w->f->hardened)) x64_harden_return(w, eh);
  uint32_t from = kn_here(w), fixup = w->code.fixups.n;
  if (!KN_PUSH(w->f, w->code.fixups, (struct kn_fixup){from, 0, X64_FIX_EPILOGUE})) return false;
  if (w->frame.up) {
    EMIT(w, x64_group_r(w->code.p, 0x81, 3, X64_G_ADD, X64_RSP));
    EMIT(w, x64_put32(w->code.p, 0));
    pop_saved(w);
  } else if (x64(w)->saved_count) {
    EMIT(w, x64_rm(w->code.p, X64_LEA, 3, X64_RSP,
                   x64_at(X64_RBP, -8 * (int32_t)x64(w)->saved_count)));
    pop_saved(w);
    EMIT(w, x64_pop(w->code.p, X64_RBP));
  } else {
    EMIT(w, x64_leave(w->code.p));
  }
  w->code.fixups.at[fixup].label = (kn_here(w) - from) | size << X64_EPILOGUE_LAST;
  x64(w)->n_epilogues++;
  return true;
}

void x64_epilogue(struct kn_walk *w) {
  if (free_frame(w, 1, false)) EMIT(w, x64_ret(w->code.p));
}

void x64_epilogue_eh(struct kn_walk *w) {
  /* the shadow stack has not where it goes */
  bool jump = (w->f->attrs.protect & KILN_PROTECT_RETURN) != 0;
  if (!free_frame(w, jump ? 6 : 4, true)) return;
  EMIT(w, x64_rr(w->code.p, X64_MOV, 3, X64_RSP, X64_RCX)); /* 3 bytes */
  if (jump) {
    EMIT(w, x64_pop(w->code.p, X64_RCX));
    EMIT(w, x64_jmp_r(w->code.p, X64_RCX));
  } else {
    EMIT(w, x64_ret(w->code.p));
  }
}

void x64_epilogue_jump(struct kn_walk *w, uint32_t symbol, bool got, unsigned reg) {
  if (!free_frame(w, symbol == 0 ? (reg >= 8 ? 3 : 2) : got ? 6 : 5, false)) return;
  if (symbol == 0) EMIT(w, x64_jmp_r(w->code.p, reg));
  else if (got) EMIT(w, x64_put32(x64_put8(x64_put8(w->code.p, 0xff), 0x25), 0));
  else EMIT(w, x64_jmp_rel32(w->code.p, 0));
  if (symbol != 0)
    kn_code_relocate(w, kn_here(w) - 4, symbol, got ? R_X86_64_GOTPCRELX : R_X86_64_PLT32, -4);
}

/* ---- the end ---- */

/* Constants behind the code, largest first so that padding comes once. */
static void place_literals(struct kn_walk *w) {
  if (w->code.literals.n == 0 || !kn_code_room(w, (size_t)w->code.literals.n * 16 + 64)) return;
  kn_observe_code(w, UINT32_MAX, 0, true);
  for (uint32_t size = 16; size >= 4; size /= 2) {
    for (uint32_t k = 0; k < w->code.literals.n; k++) {
      const struct kn_literal *l = &w->code.literals.at[k];
      if (l->size != size) continue;
      while (kn_here(w) & (size - 1)) EMIT(w, x64_int3(w->code.p));
      x64_place_label(w, l->label);
      uint64_t v[2] = {l->low, l->high};
      memcpy(w->code.p, v, 16);
      w->code.p += size;
    }
  }
}

/* Where the last instruction of the epilogue is that fixup k begins: a ret, or the jump of a tail call. */
KN_INLINE uint32_t last_of(const struct kn_walk *w, uint32_t k) {
  const struct kn_fixup *x = &w->code.fixups.at[k];
  return x->at + (x->label & ((1u << X64_EPILOGUE_LAST) - 1)) -
         (w->code.cut.at[k + 1] - w->code.cut.at[k]);
}

/* ---- frame rows: DWARF 5, 6.4.2; register numbers: psABI, figure 3.36 ---- */

enum {
  CFA_ADVANCE = 0x40,
  CFA_OFFSET = 0x80,
  CFA_REMEMBER_STATE = 0x0a,
  CFA_RESTORE_STATE = 0x0b,
  CFA_DEF_CFA = 0x0c,
  CFA_DEF_CFA_REGISTER = 0x0d,
  CFA_DEF_CFA_OFFSET = 0x0e
};
static const uint8_t dwarf_of[16] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};

/* The length of a push or pop. */
KN_INLINE uint32_t push_size(unsigned reg) { return reg >= 8 ? 2 : 1; }

/* The rows of the prologue; *at: the code offset that they reach. */
KN_INLINE uint8_t *prologue_rows(struct kn_walk *w, uint8_t *p, uint32_t *at) {
  const struct x64_walk *x = x64(w);
  unsigned n = 1;
  if (!w->frame.up) {
    /* behind push rbp: def_cfa_offset 16, offset rbp cfa - 16; behind mov: def_cfa_register rbp */
    static const uint8_t first[] = {CFA_ADVANCE + 1, CFA_DEF_CFA_OFFSET,   16, CFA_OFFSET + 6, 2,
                                    CFA_ADVANCE + 3, CFA_DEF_CFA_REGISTER, 6};
    memcpy(p, first, sizeof first);
    p[0] += (uint8_t)x->head; /* advances: below 64 */
    p += sizeof first;
    *at += 4;
    n = 2;
  }
  uint32_t head = w->frame.up ? x->head : 0;
  for (uint64_t m = w->plan->pushed; m; m &= m - 1) { /* pushed in the order of their numbers */
    unsigned reg = (unsigned)__builtin_ctzll(m);
    *at += push_size(reg);
    *p++ = (uint8_t)(CFA_ADVANCE + push_size(reg) + head);
    head = 0;
    n++;
    if (w->frame.up) {
      *p++ = CFA_DEF_CFA_OFFSET;
      *p++ = (uint8_t)(8 * n);
    }
    *p++ = (uint8_t)(CFA_OFFSET | dwarf_of[reg]);
    *p++ = (uint8_t)n;
  }
  unsigned reg = X64_RSP; /* that the CFA counts from */
  for (uint32_t k = 0; w->frame.up && k < x->n_rows; k++) {
    const struct x64_frame_row *r = &x->rows[k];
    p = kn_code_put_advance(p, r->at - *at + head);
    head = 0;
    *at = r->at;
    *p++ = reg == r->reg ? CFA_DEF_CFA_OFFSET : CFA_DEF_CFA;
    if (reg != r->reg) *p++ = dwarf_of[reg = r->reg];
    p = kn_put_uleb(p, r->size + 8 * n);
  }
  return p;
}

/* The rows of an epilogue of fixup k; *at: the code offset that they reach. `last`: nothing follows it. */
KN_INLINE uint8_t *epilogue_rows(struct kn_walk *w, uint8_t *p, uint32_t k, uint32_t *at,
                                 bool last) {
  const struct kn_fixup *x = &w->code.fixups.at[k];
  uint32_t ret = last_of(w, k), size = x->label >> X64_EPILOGUE_LAST;
  bool kept = KN_UNLIKELY(x64(w)->kept != 0);
  if (w->frame.up) {
    uint32_t cfa = 8 * x64(w)->saved_count, to = ret;
    for (uint64_t m = w->plan->pushed; m; m &= m - 1) to -= push_size((unsigned)__builtin_ctzll(m));
    p = kn_code_put_advance(p, to - *at);
    if (!last) *p++ = CFA_REMEMBER_STATE;
    *p++ = CFA_DEF_CFA_OFFSET;
    *p++ = (uint8_t)(cfa + 8);
    for (unsigned i = 5; i-- > 0;) {
      unsigned reg = x64_saved_order[i];
      if (!(w->plan->pushed & KN_BIT(reg))) continue;
      *p++ = (uint8_t)(CFA_ADVANCE + push_size(reg));
      *p++ = CFA_DEF_CFA_OFFSET;
      *p++ = (uint8_t)cfa;
      cfa -= 8;
    }
  } else {
    p = kn_code_put_advance(p, ret - *at);
    if (!last) *p++ = CFA_REMEMBER_STATE;
    *p++ = CFA_DEF_CFA;
    *p++ = 7;
    *p++ = 8;
    if (kept) p = x64_kept_rows(w, p, true);
  }
  *at = ret;
  if (last) return p;
  *p++ = (uint8_t)(CFA_ADVANCE | size);
  *p++ = CFA_RESTORE_STATE;
  *at += size;
  return p;
}

static void frame_rows(struct kn_walk *w, uint32_t start, uint32_t end) {
  if (x64(w)->frameless) return; /* the CIE's rules hold throughout */
  uint8_t rows[256], *p;         /* not worth clearing */
  uint32_t at = start + x64(w)->head;
  p = prologue_rows(w, rows, &at);
  if (KN_UNLIKELY(x64(w)->kept != 0)) {
    uint32_t stored = x64(w)->kept_end - w->code.cut.at[0];
    p = x64_kept_rows(w, kn_code_put_advance(p, stored - at), false);
    at = stored;
  }
  for (uint32_t k = w->code.fixups.n; k-- > 0 && x64(w)->n_epilogues == 1;) {
    /* the usual case, one epilogue: it is among the last fixups */
    const struct kn_fixup *x = &w->code.fixups.at[k];
    if (x->kind != X64_FIX_EPILOGUE) continue;
    x64(w)->n_epilogues = 0;
    p = epilogue_rows(w, p, k, &at, last_of(w, k) + (x->label >> X64_EPILOGUE_LAST) == end);
  }
  kn_code_cfi(w, rows, (size_t)(p - rows));
  for (uint32_t k = 0; k < w->code.fixups.n && x64(w)->n_epilogues; k++) {
    if (w->code.fixups.at[k].kind != X64_FIX_EPILOGUE) continue;
    x64(w)->n_epilogues--;
    p = epilogue_rows(w, rows, k, &at, false);
    kn_code_cfi(w, rows, (size_t)(p - rows));
  }
}

void x64_finish(struct kn_walk *w) {
  if (KN_UNLIKELY(w->f->hardened)) x64_harden_end(w);
  if (!x64_relax(w)) return;
  w->frame.cfa =
    w->frame.up ? BOTTOM + (int32_t)(x64(w)->frame_size + 8 * x64(w)->saved_count + 8) : 16;
  uint32_t end = kn_here(w);
  place_literals(w);
  if (w->f->status != KILN_OK) return;
  x64_patch(w);
  frame_rows(w, w->code.start, end);
}
