/* Frames on x86-64: prologue, epilogue, literals behind the code, frame rows (.eh_frame), and the end of a function.
 * Called by lib/walk.c around the loop over blocks.
 *
 *   rbp + 16     caller's stack arguments
 *   rbp          caller's rbp, above it the return address
 *   rbp - 8 ...  callee-saved registers that the plan uses, then stack slots and spill slots
 *   rsp          outgoing stack arguments, or below them by dynamic allocations
 *
 * The prologue and each epilogue are emitted in full; when all is known they are cut to what the function turned out
 * to need (relax.c). Invariant: the rows describe every instruction boundary. */
#include "targets/x86_64/x64.h"

/* ---- prologue, epilogue ---- */

const uint8_t x64_saved_order[5] = {X64_RBX, X64_R12, X64_R13, X64_R14, X64_R15};

void x64_begin(struct kn_walk *w) {
  struct x64_walk *x = x64(w);
  x->flags_of = x->zero_of = x->newest_label = 0;
  x->n_epilogues = x->out_args = x->saved_count = 0;
  x->sret_value = 0;
  x->sret = x->x87_scratch = x->vector_scratch = 0;
  x->uses_incoming = x->frameless = false;
  x->probe_room = 0;
  x->kept = 0;
  x->head = 0;
  w->code.p += X64_GAP;
  if (KN_UNLIKELY(w->f->hardened)) x64_harden_head(w);
  EMIT(w, x64_push(w->code.p, X64_RBP));
  EMIT(w, x64_rr(w->code.p, X64_MOV, 3, X64_RBP, X64_RSP));
  for (unsigned k = 0; k < 5; k++) {
    if (!(w->plan->pushed & KN_BIT(x64_saved_order[k]))) continue;
    EMIT(w, x64_push(w->code.p, x64_saved_order[k]));
    x64(w)->saved_count++;
  }
  EMIT(w, x64_group_r(w->code.p, 0x81, 3, X64_G_SUB, X64_RSP));
  x64(w)->frame_patch = kn_here(w);
  EMIT(w, x64_put32(w->code.p, 0));
  w->frame.low = -8 * (int32_t)x64(w)->saved_count;
  if (KN_UNLIKELY(w->f->hardened)) {
    if (w->f->probe_bytes != 0) x->probe_room = X64_PROBE_ROOM;
    w->code.p += x->probe_room;
    x64_harden_begin(w);
  }
}

/* Emits what frees the frame, and begins the fixup of an epilogue whose last instruction has `size` bytes. */
KN_INLINE bool free_frame(struct kn_walk *w, uint32_t size) {
  if (KN_UNLIKELY(w->f->hardened)) x64_harden_return(w);
  uint32_t from = kn_here(w), fixup = w->code.fixups.n;
  if (!KN_PUSH(w->f, w->code.fixups, (struct kn_fixup){from, 0, X64_FIX_EPILOGUE})) return false;
  if (x64(w)->saved_count) {
    EMIT(w, x64_rm(w->code.p, X64_LEA, 3, X64_RSP,
                   x64_at(X64_RBP, -8 * (int32_t)x64(w)->saved_count)));
    for (unsigned k = 5; k-- > 0;)
      if (w->plan->pushed & KN_BIT(x64_saved_order[k]))
        EMIT(w, x64_pop(w->code.p, x64_saved_order[k]));
    EMIT(w, x64_pop(w->code.p, X64_RBP));
  } else {
    EMIT(w, x64_leave(w->code.p));
  }
  w->code.fixups.at[fixup].label = (kn_here(w) - from) | size << X64_EPILOGUE_LAST;
  x64(w)->n_epilogues++;
  return true;
}

void x64_epilogue(struct kn_walk *w) {
  if (free_frame(w, 1)) EMIT(w, x64_ret(w->code.p));
}

void x64_epilogue_jump(struct kn_walk *w, uint32_t symbol, bool got, unsigned reg) {
  if (!free_frame(w, symbol == 0 ? (reg >= 8 ? 3 : 2) : got ? 6 : 5)) return;
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
  if (KN_UNLIKELY(w->map.on)) kn_map_add(w, UINT32_MAX, 0, true);
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

/* Frame rows: DWARF 5, 6.4.2; register numbers: psABI, figure 3.36. */
static void frame_rows(struct kn_walk *w, uint32_t start, uint32_t end) {
  if (x64(w)->frameless) return; /* the CIE's rules hold throughout */
  static const uint8_t dwarf_of[16] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};
  /* behind push rbp: def_cfa_offset 16, offset rbp cfa - 16; behind mov: def_cfa_register rbp */
  static const uint8_t first[] = {0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6};
  uint8_t rows[256], *p = rows + sizeof first; /* not worth clearing */
  memcpy(rows, first, sizeof first);
  rows[0] += (uint8_t)x64(w)->head; /* advances: below 64 */
  uint32_t at = start + x64(w)->head + 4;
  unsigned n = 2;
  for (uint64_t m = w->plan->pushed; m; m &= m - 1) { /* pushed in the order of their numbers */
    unsigned reg = (unsigned)__builtin_ctzll(m);
    at += reg >= 8 ? 2 : 1;
    *p++ = reg >= 8 ? 0x42 : 0x41;
    *p++ = (uint8_t)(0x80 | dwarf_of[reg]);
    *p++ = (uint8_t)++n;
  }
  uint64_t kept = x64(w)->kept;
  if (KN_UNLIKELY(kept != 0)) {
    uint32_t stored = x64(w)->kept_end - w->code.cut.at[0];
    p = x64_kept_rows(w, kn_code_put_advance(p, stored - at), false);
    at = stored;
  }
  for (uint32_t k = w->code.fixups.n; k-- > 0 && x64(w)->n_epilogues == 1;) {
    /* the usual case, one epilogue: it is among the last fixups */
    const struct kn_fixup *x = &w->code.fixups.at[k];
    if (x->kind != X64_FIX_EPILOGUE) continue;
    uint32_t ret = last_of(w, k), size = x->label >> X64_EPILOGUE_LAST;
    x64(w)->n_epilogues = 0;
    p = kn_code_put_advance(p, ret - at);
    bool last = ret + size == end;
    if (!last) *p++ = 0x0a; /* remember_state */
    *p++ = 0x0c;            /* def_cfa rsp, 8 */
    *p++ = 7;
    *p++ = 8;
    if (KN_UNLIKELY(kept != 0)) p = x64_kept_rows(w, p, true);
    if (!last) {
      *p++ = (uint8_t)(0x40 | size);
      *p++ = 0x0b; /* restore_state */
    }
  }
  kn_code_cfi(w, rows, (size_t)(p - rows));
  for (uint32_t k = 0; k < w->code.fixups.n && x64(w)->n_epilogues; k++) {
    const struct kn_fixup *x = &w->code.fixups.at[k];
    if (x->kind != X64_FIX_EPILOGUE) continue;
    x64(w)->n_epilogues--;
    uint32_t ret = last_of(w, k), size = x->label >> X64_EPILOGUE_LAST;
    p = kn_code_put_advance(rows, ret - at);
    const uint8_t row[] = {0x0a, 0x0c, 7, 8, (uint8_t)(0x40 | size), 0x0b};
    memcpy(p, row, sizeof row);
    p += sizeof row;
    if (KN_UNLIKELY(kept != 0)) {
      p = x64_kept_rows(w, p - 2, true);
      memcpy(p, row + 4, 2);
      p += 2;
    }
    kn_code_cfi(w, rows, (size_t)(p - rows));
    at = ret + size;
  }
}

void x64_finish(struct kn_walk *w) {
  if (KN_UNLIKELY(w->f->hardened)) x64_harden_end(w);
  w->frame.cfa = 16;
  if (!x64_relax(w)) return;
  uint32_t end = kn_here(w);
  place_literals(w);
  if (w->f->status != KILN_OK) return;
  x64_patch(w);
  frame_rows(w, w->code.start, end);
}
