/* What hardened functions have beyond others on x86-64: probes of each page of the stack, a guard in the frame, and
 * the registers that the conventions preserve_most and preserve_all keep. Called by frame.c, relax.c and lowerings
 * that move the stack pointer. All of this uses r11 alone.
 *
 * Probes. Invariant: at each instruction the last access to the stack is less than a page above rsp. A call writes its
 * return address, so a frame may end less than a page below what was accessed; where the function itself moves rsp
 * again, it does not. Where rbp is the base of the CFA by then, the unwind rows know nothing of probes. */
#include "lib/codegen/observe.h"
#include "targets/x86_64/x64.h"

/* ---- stack probes ---- */

/* The most pages that are touched without a loop. */
enum { UNROLLED = 2 };

static uint8_t *sub_rsp(uint8_t *p, uint32_t bytes) {
  return x64_alu_ri(p, X64_G_SUB, 3, X64_RSP, (int32_t)bytes);
}
/* Touches the newest memory, whose content is nobody's. */
static uint8_t *touch_new(uint8_t *p) { return x64_mov_mi(p, 3, x64_at(X64_RSP, 0), 0); }
/* Touches memory that may be in use: or qword ptr [rsp], 0. */
static uint8_t *touch(uint8_t *p) {
  static const uint8_t bytes[] = {0x48, 0x83, 0x0c, 0x24, 0x00};
  memcpy(p, bytes, sizeof bytes);
  return p + sizeof bytes;
}

/* The prologue's code up to `p` has allocated `size` bytes, as the unwind rows of frames without rbp say: the CFA
 * counts from `reg`. */
static void add_row(struct kn_walk *w, const uint8_t *p, unsigned reg, uint32_t size) {
  struct x64_walk *x = x64(w);
  if (!w->frame.up) return;
  uint32_t at = (uint32_t)(p - w->code.base) - X64_GAP; /* the prologue moves by so much */
  x->rows[x->n_rows++] = (struct x64_frame_row){.at = at, .reg = (uint8_t)reg, .size = size};
}

uint8_t *x64_allocate_frame(struct kn_walk *w, uint8_t *p, uint32_t size) {
  if (w->frame.up && size == 8) *p++ = 0x50; /* push rax, whatever is in it */
  else p = sub_rsp(p, size);
  add_row(w, p, X64_RSP, size);
  return p;
}

static uint8_t *allocate(struct kn_walk *w, uint8_t *p, uint32_t bytes, uint32_t page, bool last) {
  uint32_t pages = bytes / page, rest = bytes % page;
  if (pages > UNROLLED) {
    p = x64_rm(p, X64_LEA, 3, X64_R11, x64_at(X64_RSP, -(int32_t)(pages * page)));
    add_row(w, p, X64_R11, pages * page);
    uint8_t *loop = p;
    p = touch_new(sub_rsp(p, page));
    p = x64_rr(p, X64_CMP, 3, X64_RSP, X64_R11);
    p = x64_jcc_rel8(p, X64_NE, (int8_t)(loop - p - 2));
    add_row(w, p, X64_RSP, pages * page);
  } else {
    for (uint32_t k = 1; k <= pages; k++) {
      p = sub_rsp(p, page);
      add_row(w, p, X64_RSP, k * page);
      p = touch_new(p);
    }
  }
  if (rest == 0) return p;
  p = sub_rsp(p, rest);
  add_row(w, p, X64_RSP, bytes);
  return last ? touch_new(p) : p;
}

void x64_realign(struct kn_walk *w) {
  EMIT(w, x64_alu_ri(w->code.p, X64_G_AND, 3, X64_RSP, -16));
  if (w->f->attrs.probe_bytes != 0) EMIT(w, touch(w->code.p)); /* a page is counted from there */
}

/* The distance of two probes: rsp stays a multiple of 16. */
static uint32_t page_of(const kiln_func *f) { return f->attrs.probe_bytes & ~15u; }

uint32_t x64_probe_frame(struct kn_walk *w, uint32_t size) {
  uint8_t *p = w->code.base + x64(w)->frame_patch - 3;
  uint8_t *end = p + 7 + x64(w)->probe_room;
  if (size >= page_of(w->f) || w->f->dynamic_stack)
    p = allocate(w, p, size, page_of(w->f), w->f->dynamic_stack && size != 0);
  else if (size != 0) p = x64_allocate_frame(w, p, size);
  return (uint32_t)(end - p);
}

void x64_allocate(struct kn_walk *w, uint32_t bytes) {
  if (w->f->attrs.probe_bytes == 0) EMIT(w, sub_rsp(w->code.p, bytes));
  else EMIT(w, allocate(w, w->code.p, bytes, page_of(w->f), false));
}

void x64_probe_salloc(struct kn_walk *w, int32_t align) {
  uint32_t page = page_of(w->f);
  if (align > 16) { /* r11 = rsp - (rsp - r11 rounded down) */
    EMIT(w, x64_group_r(w->code.p, 0xf7, 3, X64_G_NEG, X64_R11));
    EMIT(w, x64_rr(w->code.p, X64_ADD, 3, X64_R11, X64_RSP));
    EMIT(w, x64_alu_ri(w->code.p, X64_G_AND, 3, X64_R11, -align));
    EMIT(w, x64_group_r(w->code.p, 0xf7, 3, X64_G_NEG, X64_R11));
    EMIT(w, x64_rr(w->code.p, X64_ADD, 3, X64_R11, X64_RSP));
  }
  uint8_t *loop = w->code.p;
  EMIT(w, x64_alu_ri(w->code.p, X64_G_CMP, 3, X64_R11, (int32_t)page));
  uint8_t *leave = w->code.p;
  EMIT(w, x64_jcc_rel8(w->code.p, X64_B, 0));
  EMIT(w, touch_new(sub_rsp(w->code.p, page)));
  EMIT(w, x64_alu_ri(w->code.p, X64_G_SUB, 3, X64_R11, (int32_t)page));
  EMIT(w, x64_jmp_rel8(w->code.p, (int8_t)(loop - w->code.p - 2)));
  leave[1] = (uint8_t)(w->code.p - leave - 2);
  EMIT(w, x64_rr(w->code.p, X64_SUB, 3, X64_RSP, X64_R11));
  EMIT(w, touch(w->code.p));
}

/* ---- marks of what indirect branches may go to ---- */

void x64_landing(struct kn_walk *w) { EMIT(w, x64_endbr64(w->code.p)); }

/* Fails a function that is to have values in general registers alone, if one needs another. */
static void general_only(struct kn_walk *w) {
  bool other = false;
  for (uint32_t i = 1; i < w->f->n && !other; i++) {
    unsigned type = w->val[i].type;
    other = kn_bank(w, type) || type == KILN_TYPE_F80;
    w->i = i;
  }
  for (uint32_t i = 0; i < w->f->pool.n && !other; i++) {
    unsigned type = w->f->pool.at[i].type;
    other = kn_bank(w, type) || type == KILN_TYPE_F80;
    w->i = 0;
  }
  if (other)
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
                 "a float or vector in a function that uses general registers only");
  w->i = 0;
}

void x64_harden_head(struct kn_walk *w) {
  if (w->f->attrs.general_only) general_only(w);
  uint8_t *start = w->code.p;
  if ((w->f->attrs.protect & (KILN_PROTECT_BRANCH | KILN_PROTECT_DIRECT)) == KILN_PROTECT_BRANCH)
    x64_landing(w);
  x64(w)->head = (uint32_t)(w->code.p - start);
}

/* ---- registers that the convention keeps ---- */

/* Those that an EH_RETURN restores, too, since unwinders put the exception there: psABI, 6.2.4. */
static const uint64_t exception_registers = KN_BIT(X64_RAX) | KN_BIT(X64_RDX);

static uint64_t kept_registers(struct kn_walk *w) {
  unsigned cc = kn_sig(w->f->module, w->f->sig)->cc;
  if (w->f->eh_returns) {
    if (cc == KILN_CC_C) return exception_registers;
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "eh_return in a function of another convention than C's");
  }
  if (cc == KILN_CC_C || cc == KILN_CC_PRESERVE_NONE) return 0;
  if (cc == KILN_CC_WIN64)
    return KN_BIT(X64_RSI) | KN_BIT(X64_RDI) | UINT64_C(0xffc0) << KN_FP_BASE; /* xmm6 to xmm15 */
  uint64_t keep = X64_CALLER_GP & ~KN_BIT(X64_R11);
  if (cc == KILN_CC_PRESERVE_ALL && !w->f->attrs.general_only)
    keep |= UINT64_C(0xffff) << KN_FP_BASE;
  struct kn_assign s = {0};
  for (uint32_t k = 0; k < w->f->n_results; k++) {
    struct kn_arg a = {.type = w->f->result_types[k], .reg = KN_NO_REG, .high = KN_NO_REG};
    if (!x64_place_result(&s, &a)) break; /* the return says so */
    if (a.reg != KN_NO_REG) keep &= ~KN_BIT(a.reg);
    if (a.high != KN_NO_REG) keep &= ~KN_BIT(a.high);
  }
  return keep;
}

/* Frame offset of kept register r, which is in `kept`. */
static int32_t kept_at(struct kn_walk *w, unsigned r) {
  const struct x64_walk *x = x64(w);
  uint64_t below = x->kept & (KN_BIT(r) - 1);
  int32_t gp = __builtin_popcountll(below & KN_GP_MASK);
  if (r < KN_FP_BASE) return x->kept_low + 8 * gp;
  return x->kept_low_fp + 16 * __builtin_popcountll(below & ~KN_GP_MASK);
}

static void move_kept(struct kn_walk *w, uint64_t which, bool load) {
  for (uint64_t m = x64(w)->kept & which; m; m &= m - 1) {
    unsigned r = (unsigned)__builtin_ctzll(m);
    struct x64_mem at = x64_frame_mem(w, kept_at(w, r));
    if (r < KN_FP_BASE) EMIT(w, x64_rm(w->code.p, load ? X64_MOV : X64_MOV_ST, 3, r, at));
    else EMIT(w, x64_rm(w->code.p, load ? X64_MOVUPS : X64_MOVUPS_ST, 2, x64_hw(r), at));
  }
}

uint8_t *x64_kept_rows(struct kn_walk *w, uint8_t *p, bool restored) {
  static const uint8_t dwarf_of[16] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};
  for (uint64_t m = x64(w)->kept; m; m &= m - 1) {
    unsigned r = (unsigned)__builtin_ctzll(m);
    unsigned column = r < KN_FP_BASE ? dwarf_of[r] : 17 + x64_hw(r);
    *p++ = (uint8_t)((restored ? 0xc0 : 0x80) | column);       /* restore, offset */
    if (!restored) *p++ = (uint8_t)((16 - kept_at(w, r)) / 8); /* below 128 */
  }
  return p;
}

/* ---- guards ---- */

/* The memory at symbol `name`, in a segment or 0; its address may be in r11. */
static struct x64_place symbol_at(struct kn_walk *w, const char *name, unsigned segment) {
  uint32_t id = kn_symbol_reference(w->f->module, name);
  struct x64_place place = {.m = {X64_RIP, X64_NONE, 0, 0, 0}, .ref = id, .reloc = R_X86_64_PC32};
  if (id == 0) {
    kn_func_fail(w->f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  } else if (!kn_symbol(w->f->module, id)->direct) {
    place.reloc = R_X86_64_REX_GOTPCRELX;
    x64_op_mem(w, X64_MOV, 3, X64_R11, &place);
    place = (struct x64_place){.m = x64_at(X64_R11, 0)};
  }
  place.m.segment = (uint8_t)segment;
  return place;
}

/* r11 = the guard value. */
static void load_guard(struct kn_walk *w) {
  const kiln_module *m = w->f->module;
  struct x64_place place = {
    .m = {X64_NONE, X64_NONE, 0, 0x64, 0x28}}; /* psABI: TCB's stack_guard */
  switch (m->guard.source) {
  case KILN_GUARD_SOURCE_TLS:
    if (m->guard.symbol != NULL) {
      place = symbol_at(w, m->guard.symbol, m->guard_reg);
    } else {
      place.m.segment = (uint8_t)m->guard_reg;
      place.m.disp = m->guard.offset_bytes;
    }
    break;
  case KILN_GUARD_SOURCE_GLOBAL: place = symbol_at(w, "__stack_chk_guard", 0); break;
  case KILN_GUARD_SOURCE_DEFAULT:
  case KILN_GUARD_SOURCE_SYSREG:
  case KILN_GUARD_SOURCE_COUNT: break;
  }
  x64_op_mem(w, X64_MOV, 3, X64_R11, &place);
}

const struct kn_guard_reg x64_guard_regs[] = {
  {"fs", 0x64, KILN_GUARD_SOURCE_TLS, true},
  {"gs", 0x65, KILN_GUARD_SOURCE_TLS, false},
  {NULL, 0, KILN_GUARD_SOURCE_DEFAULT, false},
};

/* Copies the guard value to the frame, and places the arrays below it: all else comes below these. */
static void enter_guard(struct kn_walk *w) {
  kiln_func *f = w->f;
  x64(w)->guard = kn_frame_alloc(w, 8, 3);
  x64(w)->guard_fail = kn_code_label(w);
  load_guard(w);
  EMIT(w, x64_rm(w->code.p, X64_MOV_ST, 3, X64_R11, x64_frame_mem(w, x64(w)->guard)));
  for (uint32_t k = 0; k < f->slots.n; k++) {
    const struct kn_slot *s = &f->slots.at[k];
    if (s->array && s->uses != 0 && s->align_log2 <= 4) kn_slot_frame(w, k);
  }
  x64_align_slots(w, true);
}

void x64_harden_begin(struct kn_walk *w) {
  struct x64_walk *x = x64(w);
  w->i = 0; /* of no instruction: for diagnostics */
  x->kept = kept_registers(w);
  if (x->kept != 0) {
    unsigned fp = (unsigned)__builtin_popcountll(x->kept & ~KN_GP_MASK);
    x->kept_low = kn_frame_alloc(w, 8u * (unsigned)__builtin_popcountll(x->kept & KN_GP_MASK), 3);
    x->kept_low_fp = fp ? kn_frame_alloc(w, 16u * fp, 4) : 0;
    move_kept(w, ~UINT64_C(0), false);
  }
  x->kept_end = kn_here(w);
  if (w->f->guarded) enter_guard(w);
}

void x64_harden_return(struct kn_walk *w, bool eh) {
  if (w->f->guarded) {
    load_guard(w);
    EMIT(w, x64_rm(w->code.p, X64_SUB, 3, X64_R11, x64_frame_mem(w, x64(w)->guard)));
    x64_jcc(w, X64_NE, x64(w)->guard_fail);
  }
  if (x64(w)->kept != 0) /* other returns have their results in the registers of exceptions */
    move_kept(w, w->f->eh_returns && !eh ? ~exception_registers : ~UINT64_C(0), true);
}

void x64_harden_end(struct kn_walk *w) {
  if (!w->f->guarded || x64(w)->n_epilogues == 0) return;
  if (!kn_code_ready(w, 64)) return;
  kn_observe_code(w, UINT32_MAX, 0, false);
  x64_place_label(w, x64(w)->guard_fail);
  uint32_t fail = kn_symbol_reference(w->f->module, "__stack_chk_fail");
  if (fail == 0) kn_func_fail(w->f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
  else x64_call_symbol(w, fail, true);
  EMIT(w, x64_ud2(w->code.p)); /* it does not return */
}
