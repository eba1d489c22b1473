/* What unwinders need to know of a function on x86-64: rows of DWARF for .eh_frame, which describe every instruction
 * boundary, or Microsoft's unwind codes for .xdata, which describe the prologue. Both are made of the same rows of the
 * prologue. Called by frame.c at the end of a function, when its code has its final form. */
#include "lib/codegen/unwind.h"
#include "targets/x86_64/x64.h"

/* The length of a push or pop. */
KN_INLINE uint32_t push_size(unsigned reg) { return reg >= 8 ? 2 : 1; }

KN_INLINE struct kn_unwind_row row(uint32_t at, enum kn_unwind_what what, unsigned reg,
                                   int32_t bytes) {
  return (struct kn_unwind_row){at, (uint8_t)what, (uint8_t)reg, bytes};
}

/* Gives the rows of the prologue to `put`, a function, with `to`; `based`: rbp is set after the pushes. A macro: the
 * writers are inlined into it. */
#define EACH_ROW(w, start, based, put, to)                                                         \
  do {                                                                                             \
    const struct x64_walk *x_ = x64(w);                                                            \
    const struct kn_frame_plan *frame_ = &(w)->plan->frame;                                        \
    uint32_t at_ = (start) + x_->head;                                                             \
    if (frame_->pointer) put(to, row(at_ += 1, KN_UNWIND_PUSH, X64_RBP, 0));                       \
    if (frame_->pointer && !(based)) put(to, row(at_ += 3, KN_UNWIND_FRAME, X64_RBP, 0));          \
    for (uint64_t m_ = frame_->saved; m_; m_ &= m_ - 1) { /* in the order of their numbers */      \
      unsigned reg_ = (unsigned)__builtin_ctzll(m_);                                               \
      put(to, row(at_ += push_size(reg_), KN_UNWIND_PUSH, reg_, 0));                               \
    }                                                                                              \
    if (based) {                                                                                   \
      if (x_->saved_area != 0)                                                                     \
        put(to, row(x_->area_at, KN_UNWIND_ALLOC, X64_RSP, (int32_t)x_->saved_area));              \
      put(to, row(x_->base_at, KN_UNWIND_FRAME, X64_RBP,                                           \
                  (int32_t)(8 * x_->saved_count + x_->saved_area)));                               \
    }                                                                                              \
    for (uint32_t k_ = 0; k_ < x_->n_rows; k_++)                                                   \
      put(to,                                                                                      \
          row(x_->rows[k_].at, KN_UNWIND_ALLOC, x_->rows[k_].reg, (int32_t)x_->rows[k_].size));    \
    for (uint64_t m_ = frame_->kept; KN_UNLIKELY(m_ != 0); m_ &= m_ - 1) {                         \
      unsigned reg_ = (unsigned)__builtin_ctzll(m_);                                               \
      put(to, row(x_->kept_end - (w)->code.cut.at[0], KN_UNWIND_SAVE, reg_,                        \
                  (w)->frame.cfa - x64_kept_at(w, reg_)));                                         \
    }                                                                                              \
  } while (0)

/* ---- DWARF ---- */

/* Where the last instruction of the epilogue is that fixup k begins: a ret, or the jump of a tail call. */
KN_INLINE uint32_t last_of(const struct kn_walk *w, uint32_t k) {
  const struct kn_fixup *x = &w->code.fixups.at[k];
  return x->at + (x->label & ((1u << X64_EPILOGUE_LAST) - 1)) -
         (w->code.cut.at[k + 1] - w->code.cut.at[k]);
}

/* The rows of an epilogue of fixup k; *at: the code offset that they reach. `last`: nothing follows it. */
KN_INLINE uint8_t *epilogue_rows(struct kn_walk *w, uint8_t *p, uint32_t k, uint32_t *at,
                                 bool last) {
  const struct kn_fixup *x = &w->code.fixups.at[k];
  uint32_t ret = last_of(w, k), size = x->label >> X64_EPILOGUE_LAST;
  const struct kn_frame_plan *frame = &w->plan->frame;
  if (!frame->pointer) {
    uint32_t cfa = 8 * x64(w)->saved_count, to = ret;
    for (uint64_t m = frame->saved; m; m &= m - 1) to -= push_size((unsigned)__builtin_ctzll(m));
    p = kn_code_put_advance(p, to - *at);
    if (!last) *p++ = KILN_DW_CFA_remember_state;
    *p++ = KILN_DW_CFA_def_cfa_offset;
    *p++ = (uint8_t)(cfa + 8);
    for (uint64_t m = frame->saved; m;) {
      unsigned reg = 63 - (unsigned)__builtin_clzll(m);
      m ^= KN_BIT(reg);
      *p++ = (uint8_t)(KILN_DW_CFA_advance_loc + push_size(reg));
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
    for (uint64_t m = frame->kept; KN_UNLIKELY(m != 0); m &= m - 1)
      *p++ = (uint8_t)(KILN_DW_CFA_restore | w->target->code.dwarf_regs[__builtin_ctzll(m)]);
  }
  *at = ret;
  if (last) return p;
  *p++ = (uint8_t)(KILN_DW_CFA_advance_loc | size);
  *p++ = KILN_DW_CFA_restore_state;
  *at += size;
  return p;
}

void x64_frame_rows(struct kn_walk *w, uint32_t start, uint32_t end) {
  if (x64(w)->frameless) return; /* the CIE's rules hold throughout */
  uint8_t rows[512];             /* not worth clearing */
  struct kn_unwind_dwarf d = {.p = rows,
                              .at = start,
                              .pushed = 8,
                              .cfa = w->target->code.frame_regs[0],
                              .columns = w->target->code.dwarf_regs};
  EACH_ROW(w, start, false, kn_unwind_dwarf_put, &d);
  uint8_t *p = d.p;
  uint32_t at = d.at;
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

/* ---- codes ---- */

/* UWOP_...; "x64 exception handling", struct UNWIND_CODE. */
enum {
  PUSH_NONVOL = 0,
  ALLOC_LARGE = 1,
  ALLOC_SMALL = 2,
  SET_FPREG = 3,
  SAVE_XMM128 = 8,
  SAVE_XMM128_FAR = 9
};

struct codes {
  uint32_t start;
  uint32_t cfa;       /* bytes from the frame's lowest byte, or rbp's base, to the CFA */
  uint32_t allocated; /* so far, by the last row */
  uint8_t frame;      /* rbp and its distance, or 0 */
  bool skip_frame;    /* rbp is only a register that was pushed */
  uint8_t size;       /* of the prologue */
  uint8_t n;
  uint16_t slots[112]; /* in the order of the rows; those of one code from the last to the first */
};

static void put_slot(struct codes *c, uint32_t value) { c->slots[c->n++] = (uint16_t)value; }

static void put_code(struct codes *c, unsigned op, unsigned info) {
  put_slot(c, c->size | op << 8 | info << 12);
}

static void put_size(struct codes *c, uint32_t bytes) {
  if (bytes <= 128) {
    put_code(c, ALLOC_SMALL, bytes / 8 - 1);
  } else if (bytes < 8 * 65536) {
    put_slot(c, bytes / 8);
    put_code(c, ALLOC_LARGE, 0);
  } else {
    put_slot(c, bytes >> 16);
    put_slot(c, bytes & 0xffff);
    put_code(c, ALLOC_LARGE, 1);
  }
}

static void codes_put(struct codes *c, struct kn_unwind_row r) {
  if (r.what == KN_UNWIND_FRAME && c->skip_frame) return;
  if (r.what == KN_UNWIND_ALLOC && r.reg != X64_RSP)
    return; /* a loop has not yet moved it so far */
  c->size = (uint8_t)(r.at - c->start);
  switch ((enum kn_unwind_what)r.what) {
  case KN_UNWIND_PUSH: put_code(c, PUSH_NONVOL, r.reg); break;
  case KN_UNWIND_ALLOC:
    put_size(c, (uint32_t)r.bytes - c->allocated);
    c->allocated = (uint32_t)r.bytes;
    break;
  case KN_UNWIND_FRAME:
    c->frame = (uint8_t)(r.reg | r.bytes / 16 << 4);
    put_code(c, SET_FPREG, 0);
    break;
  case KN_UNWIND_SAVE: {
    uint32_t at = c->cfa - (uint32_t)r.bytes;
    bool far = at / 16 > 0xffff;
    if (far) put_slot(c, at >> 16);
    put_slot(c, far ? at & 0xffff : at / 16);
    put_code(c, far ? SAVE_XMM128_FAR : SAVE_XMM128, x64_hw(r.reg));
    break;
  }
  }
}

/* UNWIND_INFO without a handler, whose flags the writer of objects adds. */
void x64_unwind_codes(struct kn_walk *w) {
  const struct x64_walk *x = x64(w);
  const struct kn_frame_plan *frame = &w->plan->frame;
  if (x->frameless) return;
  uint32_t below = x->based ? x->saved_area : x->frame_size;
  struct codes c = {.start = w->code.start,
                    .cfa = 8 + 8 * (uint32_t)frame->pointer + 8 * x->saved_count + below,
                    .skip_frame = !x->based};
  EACH_ROW(w, w->code.start, x->based, codes_put, &c);
  uint8_t info[4 + 2 * sizeof c.slots / sizeof *c.slots + 2] = {1, c.size, c.n, c.frame};
  uint8_t *p = info + 4;
  for (unsigned k = c.n; k-- > 0;) {
    *p++ = (uint8_t)c.slots[k];
    *p++ = (uint8_t)(c.slots[k] >> 8);
  }
  p += 2 * (c.n & 1);
  kn_code_cfi(w, info, (size_t)(p - info));
}
