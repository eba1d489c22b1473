/* Microsoft's unwind codes of a function, for .xdata. They say what the prologue did: it pushed kn_frame_plan.saved in
 * the order of the registers' numbers, allocated x64_walk.rows, and stored kn_frame_plan.kept. Called by frame.c at the
 * end of a function, when its code has its final form; frame.c makes the rows of DWARF of the same. */
#include "targets/x86_64/x64.h"

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

/* A row of the prologue. */
enum what {
  PUSH,  /* `reg` was pushed */
  ALLOC, /* `bytes` are allocated below what was pushed */
  FRAME, /* `reg` is the frame pointer: `bytes` above the stack pointer */
  SAVE   /* `reg` is stored, `bytes` below the CFA */
};

/* `at`: code offset after the instruction. */
static void put_row(struct codes *c, uint32_t at, enum what what, unsigned reg, int32_t bytes) {
  if (what == FRAME && c->skip_frame) return;
  c->size = (uint8_t)(at - c->start);
  switch (what) {
  case PUSH: put_code(c, PUSH_NONVOL, reg); break;
  case ALLOC:
    put_size(c, (uint32_t)bytes - c->allocated);
    c->allocated = (uint32_t)bytes;
    break;
  case FRAME:
    c->frame = (uint8_t)(reg | bytes / 16 << 4);
    put_code(c, SET_FPREG, 0);
    break;
  case SAVE: {
    uint32_t from = c->cfa - (uint32_t)bytes;
    bool far = from / 16 > 0xffff;
    if (far) put_slot(c, from >> 16);
    put_slot(c, far ? from & 0xffff : from / 16);
    put_code(c, far ? SAVE_XMM128_FAR : SAVE_XMM128, x64_hw(reg));
    break;
  }
  }
}

/* The rows of the prologue, in the order of its instructions. */
static void put_rows(struct codes *c, struct kn_walk *w) {
  const struct x64_walk *x = x64(w);
  const struct kn_frame_plan *frame = &w->plan->frame;
  uint32_t at = w->code.start + x->head;
  if (frame->pointer) put_row(c, at += 1, PUSH, X64_RBP, 0);
  if (frame->pointer && !x->based) put_row(c, at += 3, FRAME, X64_RBP, 0);
  for (uint64_t m = frame->saved; m; m &= m - 1) {
    unsigned reg = (unsigned)__builtin_ctzll(m);
    put_row(c, at += x64_push_size(reg), PUSH, reg, 0);
  }
  if (x->based) { /* rbp is set after the pushes */
    if (x->saved_area != 0) put_row(c, x->area_at, ALLOC, 0, (int32_t)x->saved_area);
    put_row(c, x->base_at, FRAME, X64_RBP, (int32_t)(8 * x->saved_count + x->saved_area));
  }
  for (uint32_t k = 0; k < x->n_rows; k++)
    put_row(c, x->rows[k].at, ALLOC, 0, (int32_t)x->rows[k].size);
  for (uint64_t m = frame->kept; m; m &= m - 1) {
    unsigned reg = (unsigned)__builtin_ctzll(m);
    put_row(c, x->kept_end - w->code.cut.at[0], SAVE, reg, w->frame.cfa - x64_kept_at(w, reg));
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
  put_rows(&c, w);
  uint8_t info[4 + 2 * sizeof c.slots / sizeof *c.slots + 2] = {1, c.size, c.n, c.frame};
  uint8_t *p = info + 4;
  for (unsigned k = c.n; k-- > 0;) {
    *p++ = (uint8_t)c.slots[k];
    *p++ = (uint8_t)(c.slots[k] >> 8);
  }
  p += 2 * (c.n & 1);
  kn_code_cfi(w, info, (size_t)(p - info));
}
