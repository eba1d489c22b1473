/* Branches, switches, indirect branches and traps. At the end of a block the homes of the next
 * blocks' parameters are written; nothing else happens on an edge. */
#include "lib/codegen/observe.h"
#include "lib/codegen/switch.h"
#include "targets/x86_64/x64.h"

#include <string.h>

/* ---- labels ---- */

void x64_bind_label(struct kn_walk *w, uint32_t label) {
  kn_label_bind(w, label);
  x64(w)->newest_label = kn_here(w);
}

/* True if something may jump to here: to a label, to the block, or to an empty one before it. */
static bool is_target(struct kn_walk *w) {
  uint32_t here = kn_here(w);
  return x64(w)->newest_label == here || w->entered == here;
}

/* A jump right after a conditional one may become one jump with the inverse condition (turn() in
 * relax.c), unless debuggers are to stop at it: `if (c)`, and on a line of its own `break;`. */
static void note_over(struct kn_walk *w) {
  struct kn_fixup *last = w->code.fixups.n ? &w->code.fixups.at[w->code.fixups.n - 1] : NULL;
  if (last && last->kind == X64_FIX_JCC && last->at + 4 == kn_here(w) && !is_target(w) &&
      !kn_observe_stop(w))
    last->kind = X64_FIX_OVER;
}

/* Jumps have 32-bit displacements, and are shortened when the function is complete. A backward jump
 * that is short already cannot get longer. */
void x64_jmp(struct kn_walk *w, uint32_t label) {
  uint32_t to = kn_label_at(w, label);
  note_over(w);
  if (to != UINT32_MAX && kn_here(w) - to <= 126) {
    EMIT(w, x64_jmp_rel8, 0);
    KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){kn_here(w) - 1, label, X64_FIX_BYTE});
    return;
  }
  EMIT(w, x64_jmp_rel32, 0);
  KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){kn_here(w) - 4, label, X64_FIX_JMP});
}

void x64_jump_back(struct kn_walk *w, uint32_t to) {
  int32_t distance = (int32_t)(to - kn_here(w));
  if (distance >= INT8_MIN + 2) EMIT(w, x64_jmp_rel8, distance - 2);
  else EMIT(w, x64_jmp_rel32, distance - 5);
}

void x64_jcc(struct kn_walk *w, unsigned cc, uint32_t label) {
  uint32_t to = kn_label_at(w, label);
  KN_NOTIFY(w, branch, w);
  if (to != UINT32_MAX && kn_here(w) - to <= 126) {
    EMIT(w, x64_jcc_rel8, cc, 0);
    KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){kn_here(w) - 1, label, X64_FIX_BYTE});
    return;
  }
  EMIT(w, x64_jcc_rel32, cc, 0);
  KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){kn_here(w) - 4, label, X64_FIX_JCC});
}

/* ---- branches ---- */

/* Jumps to a block, unless it is the next one. */
KN_INLINE void go(struct kn_walk *w, uint32_t block) {
  if (block == w->next_block) w->to_next = true;
  else x64_jmp(w, block);
}

/* True if some relocation is in the function's code from `start` to `end`: they are in ascending order. */
static bool has_relocs(const struct kn_walk *w, uint32_t start, uint32_t end) {
  const struct kn_code_reloc *r = w->out->relocs.at + w->code.reloc_first;
  const struct kn_mark *marks = w->code.marks.at;
  const uint32_t n = w->out->relocs.n - w->code.reloc_first;
  const uint32_t k = KN_COUNT_BEFORE(i, n, marks[r[i].mark].at < start);
  return k < n && marks[r[k].mark].at < end;
}

/* Bytes of a loop's header, without its branch, that are worth a copy. */
enum { HEADER_MAX = 32 };

/* The branch back to a loop's header that only tests: repeats the header's code here with the branch inverted, so
 * that an iteration takes one jump. At a header only homes hold anything; what its code leaves in registers for the
 * block after it, the copy leaves too. False, with nothing done, if the header is not of that kind. */
static bool repeat_header(struct kn_walk *w, uint32_t header) {
  const kiln_func *f = w->f;
  uint32_t pos = kn_plan_pos(w->plan, header) + 1; /* of the block after it */
  if (pos >= w->plan->n_layout || f->block[header].address_taken) return false;
  uint32_t body = w->plan->layout[pos], start = kn_label_at(w, header), end = kn_label_at(w, body);
  uint32_t fixup = w->code.marks.at[header].fixups;
  if (end == UINT32_MAX || end - start > HEADER_MAX + 6) return false;
  if (w->code.marks.at[body].fixups != fixup + 1) return false; /* one fixup: its branch */
  struct kn_fixup x = w->code.fixups.at[fixup];
  if (x.kind != X64_FIX_JCC || x.at + 4 != end) return false;
  if (has_relocs(w, start, end) || (w->eh.on && f->block[header].calls)) return false;
  if (kn_observe_alone(w, start, end)) return false;
  uint32_t size = x.at - 2 - start; /* 0f 8x */
  unsigned cc = w->code.base[x.at - 1] & 15;
  KN_NOTIFY(w, repeat, w, start, size);
  memmove(w->code.p, w->code.base + start, HEADER_MAX); /* a short body: the ranges may overlap */
  w->code.p += size;
  x64_jcc(w, cc ^ 1, body);
  if (x.label != w->next_block) x64_jmp(w, x.label); /* the exit is not next here */
  return true;
}

void x64_lower_br(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_edge *e = &w->f->edges.at[in->b];
  if (e->args) {
    kn_edge_prepare(w, e);
    kn_edge_moves(w, e);
  }
  if (kn_label_at(w, e->target) == UINT32_MAX || !repeat_header(w, e->target)) go(w, e->target);
}

/* Branches on cc, which may be a condition on two flags. */
static void branch(struct kn_walk *w, unsigned cc, uint32_t then, uint32_t other) {
  if (KN_UNLIKELY(cc >= 16)) {
    if (cc == X64_CC_OEQ) {
      x64_jcc(w, X64_NE, other);
      x64_jcc(w, X64_P, other);
      go(w, then);
    } else {
      x64_jcc(w, X64_NE, then);
      x64_jcc(w, X64_P, then);
      go(w, other);
    }
    return;
  }
  if (then == w->next_block) {
    x64_jcc(w, cc ^ 1, other);
    w->to_next = true;
  } else {
    x64_jcc(w, cc, then);
    go(w, other);
  }
}

/* Jumps to `label` unless cc holds. */
static void unless(struct kn_walk *w, unsigned cc, uint32_t label) {
  if (KN_LIKELY(cc < 16)) {
    x64_jcc(w, cc ^ 1, label);
  } else if (cc == X64_CC_OEQ) {
    x64_jcc(w, X64_NE, label);
    x64_jcc(w, X64_P, label);
  } else {
    uint32_t take = kn_code_label(w);
    x64_jcc(w, X64_NE, take);
    x64_jcc(w, X64_NP, label);
    x64_bind_label(w, take);
  }
}

void x64_lower_brif(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_edge *e = &w->f->edges.at[in->b];
  int32_t constant;
  if (KN_UNLIKELY(!kn_is_value(in->a)) && x64_imm32(w, in->a, KILN_TYPE_I32, &constant)) {
    const struct kn_edge *taken = constant & 1 ? e : e + 1;
    kn_edge_prepare(w, taken);
    kn_edge_moves(w, taken);
    go(w, taken->target);
    return;
  }
  if (KN_UNLIKELY(e[0].args | e[1].args)) {
    /* before the test; neither addresses nor loads change flags */
    kn_edge_prepare(w, &e[0]);
    kn_edge_prepare(w, &e[1]);
  }
  unsigned cc;
  if (KN_LIKELY(x64(w)->flags_of == in->a)) {
    cc = x64(w)->flags_cond;
    w->val[in->a].uses--;
  } else {
    unsigned r = kn_reg(w, in->a, KILN_TYPE_I8);
    EMIT(w, x64_test_ri, 0, r, 1);
    cc = X64_NE;
    kn_drop(w, in->a);
  }
  if (KN_LIKELY((e[0].args | e[1].args) == 0)) {
    branch(w, cc, e[0].target, e[1].target);
    return;
  }
  if (e[0].args == 0 && e[0].target != w->next_block && cc < 16) {
    x64_jcc(w, cc, e[0].target);
    kn_edge_moves(w, &e[1]);
    go(w, e[1].target);
    return;
  }
  if (e[1].args == 0) {
    unless(w, cc, e[1].target);
    kn_edge_moves(w, &e[0]);
    if (e[1].target == w->next_block) w->to_next = true;
    go(w, e[0].target);
    return;
  }
  /* the edge that goes back comes first: then an iteration takes one jump, not two */
  bool back = kn_label_at(w, e[1].target) != UINT32_MAX && cc < 16;
  uint32_t other = kn_code_label(w);
  if (back) x64_jcc(w, cc, other);
  else unless(w, cc, other);
  kn_edge_moves(w, &e[back]);
  x64_jmp(w, e[back].target);
  x64_bind_label(w, other);
  kn_edge_moves(w, &e[!back]);
  go(w, e[!back].target);
}

/* ---- switch ---- */

static void compare(struct kn_walk *w, unsigned r, unsigned size, int64_t v) {
  if (v == (int32_t)v) {
    EMIT(w, x64_alu_ri, X64_G_CMP, size, r, (int32_t)v);
  } else {
    x64_const(w, X64_SCRATCH, (uint64_t)v);
    EMIT(w, x64_rr, X64_CMP, size, r, X64_SCRATCH);
  }
}

/* A table of distances after the jump. r keeps its value. */
static void table(struct kn_walk *w, unsigned r, unsigned type, const struct kn_case *c, uint32_t n,
                  uint32_t other) {
  unsigned size = x64_op_size(type);
  int64_t low = (int64_t)c[0].value;
  uint64_t range = c[n - 1].value - (uint64_t)low;
  unsigned t = kn_temp(w, KN_GP_MASK);
  if (x64_size(type) < 2) x64_extend(w, t, r, type, true, false);
  else x64_mov(w, size, t, r);
  if (low == (int32_t)low) {
    if (low) EMIT(w, x64_alu_ri, X64_G_SUB, size, t, (int32_t)low);
  } else {
    x64_const(w, X64_SCRATCH, (uint64_t)low);
    EMIT(w, x64_rr, X64_SUB, size, t, X64_SCRATCH);
  }
  EMIT(w, x64_alu_ri, X64_G_CMP, size, t, (int32_t)range);
  x64_jcc(w, X64_A, other);
  uint32_t base = kn_code_label(w);
  struct x64_addr addr = x64_at_label(base);
  x64_op_mem(w, X64_LEA, 3, X64_SCRATCH, &addr);
  EMIT(w, x64_rm, X64_MOVSXD, 3, t, (struct x64_mem){X64_SCRATCH, (uint8_t)t, 2, 0, 0});
  EMIT(w, x64_rr, X64_ADD, 3, t, X64_SCRATCH);
  /* notrack: no attacker can write to the table, and so cases need no endbr64 */
  if (KN_UNLIKELY(w->plan->frame.marks)) EMIT(w, x64_put8, 0x3e);
  EMIT(w, x64_jmp_r, t);
  if (!kn_code_room(w, (size_t)(range + 1) * 4)) return;
  x64_bind_label(w, base);
  x64(w)->tables = true;
  uint32_t k = 0;
  for (uint64_t v = 0; v <= range; v++) {
    uint32_t label = other;
    if (c[k].value - (uint64_t)low == v) label = c[k++].to;
    EMIT(w, x64_put32, 0);
    if (!KN_PUSH(w->owner, w->code.fixups,
                 (struct kn_fixup){kn_here(w) - 4, label, base | X64_FIX_TABLE}))
      return;
  }
}

/* Binary search down to short chains of comparisons. Ranges still to be searched are on a stack of
 * at most 32. */
static void search(struct kn_walk *w, unsigned r, unsigned size, const struct kn_case *c,
                   uint32_t n, uint32_t other) {
  struct {
    uint32_t from, to, label;
  } stack[40];
  unsigned top = 0;
  stack[top++] = (typeof(stack[0])){0, n, UINT32_MAX};
  while (top) {
    top--;
    uint32_t from = stack[top].from, to = stack[top].to;
    if (stack[top].label != UINT32_MAX) x64_bind_label(w, stack[top].label);
    if (!kn_code_ready(w)) return;
    while (to - from > 3) {
      uint32_t mid = from + (to - from) / 2; /* right part: from mid on */
      compare(w, r, size, (int64_t)c[mid].value);
      uint32_t right = kn_code_label(w);
      x64_jcc(w, X64_GE, right);
      stack[top].from = mid;
      stack[top].to = to;
      stack[top++].label = right;
      to = mid;
    }
    for (; from < to; from++) {
      compare(w, r, size, (int64_t)c[from].value);
      x64_jcc(w, X64_E, c[from].to);
    }
    x64_jmp(w, other);
  }
}

void x64_lower_switch(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type;
  struct kn_switch s;
  if (!kn_switch_begin(w, in, true, &s)) return;
  if (s.n == 0) {
    kn_drop(w, in->a);
    if (s.edges[0].args) {
      x64_bind_label(w, s.fallback);
      kn_edge_moves(w, &s.edges[0]);
    }
    go(w, s.edges[0].target);
    return;
  }
  unsigned r = kn_reg(w, in->a, type);
  uint64_t range = s.cases[s.n - 1].value - s.cases[0].value;
  if (s.n >= 5 && range < (uint64_t)s.n * 4 && range < INT32_MAX && !w->f->attrs.no_jump_tables)
    table(w, r, type, s.cases, s.n, s.fallback);
  else search(w, r, x64_size(type), s.cases, s.n, s.fallback);
  kn_drop(w, in->a);
  kn_inst_end(w);
  kn_switch_end(w, &s);
}

void x64_lower_brind(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_edge *e = &w->f->edges.at[in->b];
  uint32_t n = w->f->block[w->block].n_edges;
  unsigned r = kn_reg(w, in->a, KILN_TYPE_I64);
  uint64_t locked = w->regs.locked;
  for (uint32_t k = 0; k < n; k++) {
    if (e[k].args == 0) continue;
    kn_edge_prepare(w, &e[k]);
    kn_unlock_but(w, locked);
    kn_edge_moves(w, &e[k]); /* to shadow slots: no register of a home changes */
  }
  if (kn_is_value(in->a)) KN_LOG(w, KN_EV_USE, in->a, r);
  EMIT(w, x64_jmp_r, r);
  kn_drop(w, in->a);
}

/* ---- __builtin_setjmp ---- */

/* Moves the address in operand `h` to register `reg`. */
static void address_to(struct kn_walk *w, unsigned reg, uint32_t h, uint64_t clobbered) {
  struct kn_few_moves m = {.dst = {(uint8_t)reg}, .type = {KILN_TYPE_I64}, .h = {h}};
  if (w->val[kn_value_or_none(h)].flags & (KN_VF_ADDR | KN_VF_WAITS)) {
    kn_reg(w, h, KILN_TYPE_I64);
    kn_inst_end(w);
  }
  kn_take_moves(w, &m, 1);
  kn_save_live(w, clobbered);
  kn_move_few(w, &m, 1);
}

/* With protected returns a shadow stack may hold return addresses, too. Its pointer is kept in the buffer's fourth
 * word, where LLVM has it, and a jump takes from it what has been pushed since: SDM volume 1, 17.2; volume 2, INCSSP,
 * RDSSP. */
static const uint8_t keep_shadow[] = {
  0x31, 0xc0,                   /* xor eax, eax: without a shadow stack it stays so */
  0xf3, 0x48, 0x0f, 0x1e, 0xc8, /* rdsspq rax */
  0x48, 0x89, 0x47, 0x18,       /* mov [rdi + 24], rax */
};
static const uint8_t pop_shadow[] = {
  0x31, 0xc0,                   /* xor eax, eax */
  0xf3, 0x48, 0x0f, 0x1e, 0xc8, /* rdsspq rax */
  0x48, 0x85, 0xc0,             /* test rax, rax */
  0x74, 0x2a,                   /* je end */
  0x48, 0x8b, 0x4f, 0x18,       /* mov rcx, [rdi + 24] */
  0x48, 0x29, 0xc1,             /* sub rcx, rax */
  0x76, 0x21,                   /* jbe end */
  0x48, 0xc1, 0xe9, 0x03,       /* shr rcx, 3: the number of addresses */
  0xf3, 0x48, 0x0f, 0xae, 0xe9, /* incsspq rcx: by the lowest byte of it */
  0x48, 0xc1, 0xe9, 0x08,       /* shr rcx, 8 */
  0x74, 0x12,                   /* je end */
  0x48, 0x01, 0xc9,             /* add rcx, rcx: 256 more for each, by two times 128 */
  0xb8, 0x80, 0x00, 0x00, 0x00, /* mov eax, 128 */
  0xf3, 0x48, 0x0f, 0xae, 0xe8, /* loop: incsspq rax */
  0x48, 0xff, 0xc9,             /* dec rcx */
  0x75, 0xf6,                   /* jne loop */
};

static void bytes(struct kn_walk *w, const uint8_t *code, size_t n) {
  memcpy(w->code.p, code, n);
  w->code.p += n;
}

/* Puts the buffer's address into rdi, which the bytes above name. Front ends put what frame_addr gives into the buffer:
 * where unwinders read codes of prologues, that is not rbp. */
static bool buffer_to(struct kn_walk *w, const struct kn_inst *in, uint64_t lost) {
  if (w->target->unwind_codes) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "builtin_setjmp and builtin_longjmp on this system");
    return false;
  }
  address_to(w, X64_RDI, in->a, lost);
  return true;
}

/* Its two ways back are alike: rax is the result, and all other registers are lost. */
void x64_lower_builtin_setjmp(struct kn_walk *w, const struct kn_inst *in) {
  uint64_t lost = ~(KN_BIT(X64_RSP) | KN_BIT(X64_RBP));
  bool mark = w->plan->frame.marks;
  if (!buffer_to(w, in, lost)) return;
  if (w->plan->frame.returns != KN_RETURN_BARE) bytes(w, keep_shadow, sizeof keep_shadow);
  EMIT(w, x64_rm, X64_LEA, 3, X64_RAX, x64_at(X64_RIP, 4 + 2 + 2));
  EMIT(w, x64_rm, X64_MOV_ST, 3, X64_RAX, x64_at(X64_RDI, 8)); /* 4 bytes */
  EMIT(w, x64_zero, X64_RAX);                                  /* 2 */
  EMIT(w, x64_jmp_rel8, mark ? 9 : 5);                         /* 2 */
  if (mark) x64_landing(w);
  EMIT(w, x64_mov_ri, X64_RAX, 1); /* 5 */
  KN_WROTE_SET(w, KN_EV_LOST, lost);
  kn_called(w);
  if (w->val[w->i].uses) kn_def_fixed(w, w->i, KILN_TYPE_I64, X64_RAX);
}

void x64_lower_builtin_longjmp(struct kn_walk *w, const struct kn_inst *in) {
  if (!buffer_to(w, in, 0)) return;
  if (w->plan->frame.returns != KN_RETURN_BARE) bytes(w, pop_shadow, sizeof pop_shadow);
  EMIT(w, x64_rm, X64_MOV, 3, X64_RBP, x64_at(X64_RDI, 0));
  EMIT(w, x64_rm, X64_MOV, 3, X64_RAX, x64_at(X64_RDI, 8));
  EMIT(w, x64_rm, X64_MOV, 3, X64_RSP, x64_at(X64_RDI, 16));
  EMIT(w, x64_jmp_r, X64_RAX);
}

void x64_lower_eh_return(struct kn_walk *w, const struct kn_inst *in) {
  address_to(w, X64_RCX, in->a, 0);
  x64_epilogue_eh(w);
}

/* ---- ends ---- */

void x64_lower_unreachable(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  /* a function's code must not be empty, nor run on into the next one */
  if (w->next_block == UINT32_MAX) EMIT(w, x64_ud2);
}
void x64_lower_trap(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  EMIT(w, x64_ud2);
}
void x64_lower_debug_trap(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  EMIT(w, x64_int3);
}
