/* Frames on AArch64: prologue, epilogue, frame rows (.eh_frame), and the patches that wait for the
 * frame's size and for labels. Called by target.c around the loop over blocks.
 *
 *   x29 + size   caller's stack arguments
 *                spill slots, stack slots ...
 *   x29 + 16     callee-saved registers that the plan uses
 *   x29          frame record: caller's x29, return address
 *   sp           = x29, or below it by dynamic allocations and a call's stack arguments
 *
 * There is one epilogue, behind the last block, where the size is known. For the prologue the words that
 * it needs mostly are reserved; where the size asks for others the function's code is moved. Invariant: the
 * rows describe every instruction boundary; the CFA is sp-based up to the mov to x29 and behind its reload. */
#include "targets/aarch64/a64.h"

enum { SHORT_PROLOGUE = 2, EPILOGUE_RESERVE = 256 };

/* DWARF 5, 6.4.2 and 7.24; AADWARF64: x0 is 0, sp is 31, v0 is 64. */
enum {
  CFA_OFFSET = 0x80,
  CFA_RESTORE = 0xc0,
  CFA_OFFSET_EXTENDED = 5,
  CFA_RESTORE_EXTENDED = 6,
  CFA_DEF_CFA = 0x0c,
  CFA_DEF_CFA_REGISTER = 0x0d,
  CFA_DEF_CFA_OFFSET = 0x0e
};

static uint64_t saved_by(const struct kn_walk *w) { return w->plan->saved; }

/* Calls `use` for each pair (or single) of saved registers with its frame offset. */
struct pair {
  unsigned a, b; /* b: KN_NO_REG if single */
  int32_t at;
};
static unsigned saved_pairs(const struct kn_walk *w, struct pair out[12]) {
  unsigned n = 0;
  int32_t at = 16;
  for (unsigned bank = 0; bank < 2; bank++) {
    uint64_t m = saved_by(w) & (bank ? ~KN_GP_MASK : KN_GP_MASK);
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
    emit(w, a64_mem_offset(fp ? (load ? A64_LDR_FD : A64_STR_FD) : (load ? A64_LDR_X : A64_STR_X),
                           p->a & 31, A64_FP, p->at));
  else
    emit(w, a64_pair(fp ? (load ? A64_LDP_FD : A64_STP_FD) : (load ? A64_LDP_X : A64_STP_X),
                     A64_OFFSET, p->a & 31, p->b & 31, A64_FP, p->at));
}

void a64_frame_begin(struct kn_walk *w) {
  struct pair pairs[12];
  w->frame_patch = kn_here(w);
  unsigned n = saved_pairs(w, pairs);
  w->prologue_words = n || w->f->has_calls || w->f->uses_frame ? SHORT_PROLOGUE : 0;
  for (unsigned i = 0; i < w->prologue_words; i++) emit(w, a64_nop());
  for (unsigned i = 0; i < n; i++) transfer(w, &pairs[i], false);
  w->saved_count = n;
  w->frame_low = 16 + 16 * (int32_t)n;
  w->frame_used = n != 0;
}

/* ---- frame rows ---- */

struct rows {
  uint8_t b[16];
  size_t n;
};
static void row_uleb(struct rows *r, uint64_t x) {
  do {
    r->b[r->n++] = (uint8_t)((x & 0x7f) | (x > 0x7f ? 0x80 : 0));
    x >>= 7;
  } while (x);
}
static void row_op(struct kn_walk *w, unsigned op, unsigned n, uint64_t a, uint64_t b) {
  struct rows r = {.n = 0};
  r.b[r.n++] = (uint8_t)op;
  if (n > 0) row_uleb(&r, a);
  if (n > 1) row_uleb(&r, b);
  kn_walk_cfi(w, r.b, r.n);
}
static unsigned dwarf_reg(unsigned r) { return r < KN_FP_BASE ? r : r - KN_FP_BASE + 64; }
/* Register r is saved at x29 + at; data alignment is -8. */
static void row_saved(struct kn_walk *w, unsigned r, int32_t at, uint32_t size) {
  unsigned d = dwarf_reg(r);
  uint64_t factored = (size - (uint32_t)at) / 8;
  if (d < 64) row_op(w, CFA_OFFSET | d, 1, factored, 0);
  else row_op(w, CFA_OFFSET_EXTENDED, 2, d, factored);
}
static void row_restored(struct kn_walk *w, unsigned r) {
  unsigned d = dwarf_reg(r);
  if (d < 64) row_op(w, CFA_RESTORE | d, 0, 0, 0);
  else row_op(w, CFA_RESTORE_EXTENDED, 1, d, 0);
}

/* ---- the end ---- */

static void put(struct kn_walk *w, uint32_t at, uint32_t word) { memcpy(w->base + at, &word, 4); }
static uint32_t get(const struct kn_walk *w, uint32_t at) {
  uint32_t word;
  memcpy(&word, w->base + at, 4);
  return word;
}

static void apply_fixups(struct kn_walk *w, uint32_t size) {
  uint32_t table = 0;
  for (uint32_t i = 0; i < w->fixups.n; i++) {
    const struct kn_fixup *x = &w->fixups.at[i];
    uint32_t word = get(w, x->at);
    if (x->kind == A64_FIX_FRAME) {
      put(w, x->at, a64_addsub_val(A64_ADD, 1, word & 31, word >> 5 & 31, size));
      if (!a64_addsub_imm_ok(size))
        kn_func_fail(w->f, KILN_ERR_INTERNAL, UINT32_MAX, 0, "frame larger than was foreseen");
      continue;
    }
    if (x->kind == A64_FIX_FRAME_WIDE) {
      put(w, x->at, a64_movw(A64_MOVZ, 1, IP1, size & 0xffff, 0));
      put(w, x->at + 4, a64_movw(A64_MOVK, 1, IP1, size >> 16, 1));
      continue;
    }
    if (x->kind == A64_FIX_TABLE_BASE) {
      table = x->at;
      continue;
    }
    uint32_t to = w->label[x->label];
    if (to == UINT32_MAX) { /* of a block that is not reachable */
      kn_func_fail(w->f, KILN_ERR_STRUCTURE, x->label, 0, "branch to a block without code");
      return;
    }
    int64_t bytes = (int64_t)to - x->at;
    unsigned bits = x->kind == A64_FIX_B26 ? 26 : x->kind == A64_FIX_B19 ? 19 : 14;
    if (x->kind == A64_FIX_TABLE) {
      put(w, x->at, to - table);
    } else if (!a64_reach_ok(bytes, bits)) {
      kn_func_fail(w->f, KILN_ERR_LIMIT, UINT32_MAX, 0, "branch out of reach");
      return;
    } else {
      put(w, x->at,
          word | (bits == 26   ? a64_imm26((int32_t)bytes)
                  : bits == 19 ? a64_imm19((int32_t)bytes)
                               : a64_imm14((int32_t)bytes)));
    }
  }
}

/* Moves the function's code behind its prologue by `words`: all that names a place in it goes along. */
static void move_code(struct kn_walk *w, int32_t words, uint32_t reloc_first) {
  uint32_t delta = (uint32_t)(words * 4), from = w->frame_patch + 4 * w->prologue_words;
  memmove(w->base + from + delta, w->base + from, kn_here(w) - from);
  w->p += words * 4;
  for (uint32_t i = 0; i < w->labels.n; i++)
    if (w->label[i] != UINT32_MAX) w->label[i] += delta;
  for (uint32_t i = 0; i < w->fixups.n; i++) w->fixups.at[i].at += delta;
  for (uint32_t i = reloc_first; i < w->s->out.n_relocs; i++) w->s->out.relocs[i].offset += delta;
  for (uint32_t i = 1; i < w->pieces.n && w->map; i++) w->pieces.at[i].offset_bytes += delta;
}

/* Emits rd = rn + or - size, of any size; uses x16. */
static void add_size(struct kn_walk *w, enum a64_addsub op, unsigned rd, unsigned rn,
                     uint32_t size) {
  if (a64_addsub_imm_ok(size)) {
    emit(w, a64_addsub_val(op, 1, rd, rn, size));
  } else { /* the form with an extension takes sp */
    emit(w, a64_movw(A64_MOVZ, 1, IP0, size & 0xffff, 0));
    emit(w, a64_movw(A64_MOVK, 1, IP0, size >> 16, 1));
    emit(w, a64_addsub_ext(op, 1, rd, rn, IP0, A64_UXTX, 0));
  }
}

uint32_t a64_frame_end(struct kn_walk *w, uint32_t reloc_first) {
  struct pair pairs[12];
  unsigned n = saved_pairs(w, pairs);
  bool dynamic = w->f->dynamic_stack;
  bool frame = w->frame_used || dynamic || w->f->has_calls || w->f->uses_frame || w->frame_low > 16;
  uint32_t size = ((uint32_t)w->frame_low + 15) & ~15u;
  if (size > 4095) size = (size + 4095) & ~4095u;
  if (!kn_walk_room(w, EPILOGUE_RESERVE)) return w->frame_patch;
  bool pre = size <= 504;                              /* the short forms with writeback */
  unsigned allocate = a64_addsub_imm_ok(size) ? 1 : 3; /* words */
  unsigned words = !frame ? 0 : pre ? SHORT_PROLOGUE : allocate + 2;
  if (words != w->prologue_words)
    move_code(w, (int32_t)words - (int32_t)w->prologue_words, reloc_first);

  w->prologue_words = words;
  w->label[w->exit_label] = kn_here(w);
  if (!a64_relax(w, reloc_first)) return w->frame_patch;

  /* epilogue */
  uint32_t reload = 0, freed = 0;
  if (frame) {
    for (unsigned i = n; i-- > 0;) transfer(w, &pairs[i], true);
    if (dynamic) emit(w, a64_mov_sp(1, A64_SP, A64_FP));
    if (pre) {
      emit(w, a64_pair(A64_LDP_X, A64_POST, A64_FP, A64_LR, A64_SP, (int32_t)size));
      reload = freed = kn_here(w);
    } else {
      emit(w, a64_pair(A64_LDP_X, A64_OFFSET, A64_FP, A64_LR, A64_SP, 0));
      reload = kn_here(w);
      add_size(w, A64_ADD, A64_SP, A64_SP, size);
      freed = kn_here(w);
    }
  }
  emit(w, a64_ret(A64_LR));

  /* prologue: the words at the function's beginning */
  uint32_t start = w->frame_patch, at = start;
  apply_fixups(w, size);
  if (!frame) return start;
  uint8_t *end = w->p;
  w->p = w->base + start;
  if (pre) {
    emit(w, a64_pair(A64_STP_X, A64_PRE, A64_FP, A64_LR, A64_SP, -(int32_t)size));
    at = kn_here(w);
  } else {
    add_size(w, A64_SUB, A64_SP, A64_SP, size);
    at = kn_here(w);
    emit(w, a64_pair(A64_STP_X, A64_OFFSET, A64_FP, A64_LR, A64_SP, 0));
  }
  uint32_t allocated = at;
  at = kn_here(w);
  emit(w, a64_mov_sp(1, A64_FP, A64_SP));
  w->p = end;

  /* rows */
  w->cfi_at = start;
  kn_walk_cfi_advance(w, allocated, 4);
  row_op(w, CFA_DEF_CFA_OFFSET, 1, size, 0);
  kn_walk_cfi_advance(w, at, 4);
  row_saved(w, A64_FP, 0, size);
  row_saved(w, A64_LR, 8, size);
  kn_walk_cfi_advance(w, at + 4, 4);
  row_op(w, CFA_DEF_CFA_REGISTER, 1, A64_FP, 0);
  for (unsigned i = 0; i < n; i++) {
    kn_walk_cfi_advance(w, at + 8 + 4 * i, 4);
    row_saved(w, pairs[i].a, pairs[i].at, size);
    if (pairs[i].b != KN_NO_REG) row_saved(w, pairs[i].b, pairs[i].at + 8, size);
  }
  kn_walk_cfi_advance(w, reload, 4);
  if (reload != freed) {
    row_op(w, CFA_DEF_CFA, 2, A64_SP, size);
    row_restored(w, A64_FP);
    row_restored(w, A64_LR);
    kn_walk_cfi_advance(w, freed, 4);
    row_op(w, CFA_DEF_CFA_OFFSET, 1, 0, 0);
  } else {
    row_op(w, CFA_DEF_CFA, 2, A64_SP, 0);
    row_restored(w, A64_FP);
    row_restored(w, A64_LR);
  }
  for (unsigned i = 0; i < n; i++) {
    row_restored(w, pairs[i].a);
    if (pairs[i].b != KN_NO_REG) row_restored(w, pairs[i].b);
  }
  return start;
}
