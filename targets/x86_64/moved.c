/* Tail calls that move the return address: the callee frees another number of bytes of its stack area than the function
 * that it replaces (kn_convention.pops). The area ends where the function's ends, so it may begin in the function's own
 * frame. Called by call.c; frame.c has the other epilogues.
 *
 * The arguments were collected in the frame (x64_walk.tail_area). Below them are put copies of rbp and of the return
 * address, the saved registers get their values back, and then all of that is moved up, its last word first. It goes to
 * addresses above those that it comes from: the frame is below the function's area, which has 8 bytes at least, and the
 * callee's is at most 15 bytes larger than its arguments. So no word is overwritten before it was moved, nothing is
 * written below what the frame has allocated, and only rbp and r11 are needed. Invariant: the rows describe every
 * instruction boundary. */
#include "lib/codegen/call_emit.h"
#include "targets/x86_64/x64.h"

#include "base/bytes.h"
#include <kiln/dwarf.h>

/* Bytes of code that move a word, by two instructions with a displacement of 32 bits each. */
enum { WORD = 14 };
/* Fields of the fixups' labels: where the return address is, in words below the CFA, as a signed number from PLACE on;
 * below it the sizes of the jump and of what gives rsp its new value. */
enum { LEA = 4, PLACE = 8 };

static void move_word(struct kn_walk *w, int32_t from, int32_t to) {
  EMIT(w, x64_rm, X64_MOV, 3, X64_SCRATCH, x64_at(X64_RBP, from));
  EMIT(w, x64_rm, X64_MOV_ST, 3, X64_SCRATCH, x64_at(X64_RBP, to));
}

/* The copy of rbp is at rbp + `at` from here on, that of the return address above it. */
static bool note_place(struct kn_walk *w, unsigned kind, int32_t at, uint32_t sizes) {
  const uint32_t words = (uint32_t)((8 - at) / 8);
  x64_note_epilogue(w);
  return KN_PUSH(w->owner, w->code.fixups,
                 (struct kn_fixup){kn_here(w), words << PLACE | sizes, (uint32_t)kind});
}

void x64_move_tail(struct kn_walk *w, const struct kn_call *c, uint32_t bytes) {
  const struct kn_frame_plan *frame = &w->plan->frame;
  const int32_t from = x64(w)->tail_area - X64_MOVED_HEAD;
  const int32_t to = (int32_t)frame->popped - (int32_t)c->sig->popped; /* the end stays */
  const bool got = c->symbol != 0 && kn_call_through_got(w, c->symbol, false);
  const uint32_t behind = kn_observe_tail(w, c->reg), all = (bytes + 7) / 8 * 8 + X64_MOVED_HEAD;
  int32_t saved = 0;
  x64(w)->uses_incoming = true;
  if (!kn_code_room(w, 1024 + all / 8 * WORD)) return;
  if (frame->guarded) x64_guard_check(w);
  for (int32_t k = 0; k < X64_MOVED_HEAD; k += 8) move_word(w, k, from + k);
  for (uint64_t m = frame->saved; m; m &= m - 1)
    EMIT(w, x64_rm, X64_MOV, 3, (unsigned)__builtin_ctzll(m), x64_at(X64_RBP, saved -= 8));
  if (!note_place(w, X64_FIX_MOVED, from, 0)) return;
  for (int32_t k = (int32_t)all; (k -= 8) >= 0;) move_word(w, from + k, to + k);
  uint8_t *lea = w->code.p;
  uint8_t *end = x64_rm(lea, X64_LEA, 3, X64_RSP, x64_at(X64_RBP, to));
  const uint32_t sizes = x64_exit_size(w, c->symbol, got, c->reg) | (uint32_t)(end - lea) << LEA;
  if (!note_place(w, X64_FIX_MOVED_TO, to, sizes)) return;
  w->code.p = end;
  EMIT(w, x64_pop, X64_RBP);
  x64_exit_jump(w, c->symbol, got, c->reg);
  if (behind) kn_label_bind(w, behind);
}

/* Register `column` is saved `words` below the CFA. */
static uint8_t *saved_at(uint8_t *p, unsigned column, int32_t words) {
  *p++ = KILN_DW_CFA_offset_extended_sf;
  *p++ = (uint8_t)column;
  return kn_put_sleb(p, words);
}

uint8_t *x64_moved_rows(struct kn_walk *w, uint8_t *p, const struct kn_fixup *x, uint32_t *at) {
  enum { RBP = 6, RSP = 7, RETURN = 16 };
  const int32_t words = (int32_t)x->label >> PLACE;
  p = kn_code_put_advance(p, x->at - *at);
  *at = x->at;
  if (x->kind == X64_FIX_MOVED) {
    *p++ = KILN_DW_CFA_remember_state;
    for (uint64_t m = w->plan->frame.saved; m; m &= m - 1)
      *p++ = (uint8_t)(KILN_DW_CFA_restore | w->target->code.dwarf_regs[__builtin_ctzll(m)]);
  }
  p = saved_at(saved_at(p, RETURN, words), RBP, words + 1);
  if (x->kind == X64_FIX_MOVED) return p;
  const uint32_t last = x->label & ((1u << LEA) - 1);
  const uint32_t left = (x->label >> LEA & ((1u << (PLACE - LEA)) - 1)) + x64_push_size(X64_RBP);
  *p++ = (uint8_t)(KILN_DW_CFA_advance_loc + left); /* below 64 */
  *p++ = KILN_DW_CFA_def_cfa;
  *p++ = RSP;
  *p++ = 8;
  *p++ = KILN_DW_CFA_offset | RETURN;
  *p++ = 1;
  *p++ = KILN_DW_CFA_restore | RBP;
  *p++ = (uint8_t)(KILN_DW_CFA_advance_loc + last);
  *p++ = KILN_DW_CFA_restore_state;
  *at += left + last;
  return p;
}
