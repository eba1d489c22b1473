/* What a prologue did, as unwinders undo it: rows, in the order of the instructions. A target tells them one by one to
 * a writer of a format, of which this header has DWARF's (DWARF 5, 6.4). Epilogues are the target's own matter. */
#ifndef KN_LIB_CODEGEN_UNWIND_H
#define KN_LIB_CODEGEN_UNWIND_H

#include "lib/codegen/code.h"

#include <kiln/dwarf.h>

enum kn_unwind_what {
  KN_UNWIND_PUSH,  /* `reg` was pushed: 8 bytes */
  KN_UNWIND_ALLOC, /* `bytes` are allocated below what was pushed, from `reg` on */
  KN_UNWIND_FRAME, /* `reg` is the frame pointer: `bytes` above the stack pointer */
  KN_UNWIND_SAVE   /* `reg` is stored, `bytes` below the CFA */
};

struct kn_unwind_row {
  uint32_t at; /* code offset after the instruction */
  uint8_t what, reg;
  int32_t bytes;
};

/* The state of DWARF's writer. It begins with `p`, `at` where the function begins, `pushed` with what the call pushed,
 * and `cfa` the column of the stack pointer. */
struct kn_unwind_dwarf {
  uint8_t *p;
  uint32_t at;            /* code offset that the rows reach */
  uint32_t pushed;        /* bytes */
  uint8_t cfa;            /* column of the register that the CFA counts from */
  bool framed;            /* that is the frame pointer */
  const uint8_t *columns; /* kn_code_facts.dwarf_regs */
};

/* Writes a row, in at most 16 bytes. */
KN_INLINE void kn_unwind_dwarf_put(struct kn_unwind_dwarf *d, struct kn_unwind_row r) {
  uint8_t column = d->columns[r.reg];
  if (r.what == KN_UNWIND_ALLOC && d->framed) return;
  uint32_t delta = r.at - d->at;
  if (KN_LIKELY(delta - 1 < 63)) *d->p++ = (uint8_t)(KILN_DW_CFA_advance_loc | delta);
  else if (delta != 0) d->p = kn_code_put_advance(d->p, delta);
  d->at = r.at;
  switch ((enum kn_unwind_what)r.what) {
  case KN_UNWIND_PUSH:
    d->pushed += 8;
    if (!d->framed) {
      *d->p++ = KILN_DW_CFA_def_cfa_offset;
      *d->p++ = (uint8_t)d->pushed;
    }
    *d->p++ = (uint8_t)(KILN_DW_CFA_offset | column);
    *d->p++ = (uint8_t)(d->pushed / 8);
    break;
  case KN_UNWIND_ALLOC:
    *d->p++ = d->cfa == column ? KILN_DW_CFA_def_cfa_offset : KILN_DW_CFA_def_cfa;
    if (d->cfa != column) *d->p++ = d->cfa = column;
    d->p = kn_put_uleb(d->p, (uint32_t)r.bytes + d->pushed);
    break;
  case KN_UNWIND_FRAME:
    *d->p++ = KILN_DW_CFA_def_cfa_register;
    *d->p++ = d->cfa = column;
    d->framed = true;
    break;
  case KN_UNWIND_SAVE:
    *d->p++ = (uint8_t)(KILN_DW_CFA_offset | column);
    *d->p++ = (uint8_t)(r.bytes / 8); /* below 128 */
    break;
  }
}

#endif
