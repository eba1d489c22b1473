/* Loads, stores, addresses, dynamic stack, block copies, thread-local storage. */
#include "targets/x86_64/x64.h"

#include <kiln/build.h>

/* Which operations can read a loaded value from memory: of these types (the low bits), and as which operand. As
 * operand b if a is a value (and not in memory itself: ALONE); as operand a (if b is a value: SWAPS). Unordered float
 * comparisons may swap their operands, so they are not here. */
enum {
  FOLD_A = 1 << 16,
  FOLD_B = 1 << 17,
  FOLD_ALONE = 1 << 18,
  FOLD_SWAPS = 1 << 19,
  FOLD_PAIRS = 1 << 20 /* folds_in_pairs says it */
};
#define FOLD_INT (KN_T(I32) | KN_T(I64) | FOLD_B | FOLD_ALONE)
const uint32_t x64_folds[KILN_OP_COUNT] = {
  [KILN_OP_ADD] = FOLD_INT | FOLD_A | FOLD_SWAPS,
  [KILN_OP_SUB] = FOLD_INT,
  [KILN_OP_AND] = FOLD_INT | FOLD_A | FOLD_SWAPS,
  [KILN_OP_OR] = FOLD_INT | FOLD_A | FOLD_SWAPS,
  [KILN_OP_XOR] = FOLD_INT | FOLD_A | FOLD_SWAPS,
  [KILN_OP_MUL] = FOLD_INT | FOLD_A | FOLD_SWAPS,
  [KILN_OP_ICMP] = X64_INT | FOLD_A | FOLD_B,
  [KILN_OP_FADD] = X64_FLT | FOLD_B,
  [KILN_OP_FSUB] = X64_FLT | FOLD_B,
  [KILN_OP_FMUL] = X64_FLT | FOLD_B,
  [KILN_OP_FDIV] = X64_FLT | FOLD_B,
  [KILN_OP_ZEXT] = X64_INT | FOLD_A,
  [KILN_OP_SEXT] = X64_INT | FOLD_A,
};
const uint32_t x64_folds_in_pairs[KILN_OP_COUNT] = {[0 ... KILN_OP_COUNT - 1] = FOLD_PAIRS};

/* True if the next instruction, whose row is `fold`, reads the load `in` from memory itself. */
KN_INLINE bool folds_next(const struct kn_walk *w, const struct kn_inst *in, unsigned fold) {
  const struct kn_inst *next = in + 1;
  /* one branch on all conditions: each alone would be mispredicted */
  const struct kn_val *v = &w->val[w->i];
  bool plain = (v->uses == 1) & (v->flags == 0) &
               ((in->x & (KILN_MEM_VOLATILE | KN_MEM_TYPE(~0u))) == in->type);
  bool a_value = kn_is_value(next->a), b_value = kn_is_value(next->b);
  bool waits = (w->val[kn_value_or_none(next->a)].flags & KN_VF_WAITS) != 0;
  bool as_a = (next->a == w->i) & ((fold & FOLD_A) != 0) & (b_value | !(fold & FOLD_SWAPS));
  bool as_b =
    (next->b == w->i) & ((fold & FOLD_B) != 0) & a_value & !(waits & !!(fold & FOLD_ALONE));
  return plain & (fold >> in->type) & (as_a | as_b);
}

/* May the load i of a half wait for its only reader, two instructions later? */
static bool half_may_wait(const struct kn_walk *w, uint32_t i) {
  const struct kn_inst *in = &w->inst[i];
  const struct kn_val *v = &w->val[i];
  if (v->uses != 1 || v->flags != 0 || in->type != KILN_TYPE_I64 || (in->x & KILN_MEM_VOLATILE) ||
      KN_MEM_TYPE(in->x) != KILN_TYPE_I64)
    return false;
  if (!kn_is_slot(in->a)) return true;
  const uint32_t slot = kn_index(in->a);
  return w->slots[slot].reg == KN_NO_REG && w->slots[slot].align_log2 <= 4 && in->c < 1 << 28 &&
         kn_slot_copy(w, &w->slot_states.at[slot]) == KN_NO_REG;
}

/* The operation that makes the first result of op. */
static unsigned without_flag(unsigned op) {
  return op == KILN_OP_SADDO || op == KILN_OP_UADDO   ? KILN_OP_ADD
         : op == KILN_OP_SSUBO || op == KILN_OP_USUBO ? KILN_OP_SUB
                                                      : op;
}

/* True if the operation after the loads of two halves, of which `in` is the lower one, reads both from memory itself:
 * one of i128, or two of halves. Between the two reads is no store. */
static bool folds_pair(struct kn_walk *w, const struct kn_inst *in) {
  const uint32_t i = w->i;
  const struct kn_inst *reader = in + 2, *upper = in + 3;
  if (!kn_is_halved(w->f, i) || !half_may_wait(w, i) || !half_may_wait(w, i + 1)) return false;
  const bool halves = kn_is_halved(w->f, i + 2);
  const bool compares = reader->op == KILN_OP_ICMP && reader->type == KILN_TYPE_I128;
  const uint32_t fold = x64_folds[without_flag(reader->op)];
  const bool as_b = reader->b == i && kn_is_value(reader->a);
  const bool as_a = reader->a == i && kn_is_value(reader->b) && (fold & FOLD_A);
  if (!(as_a || as_b) || (fold & (FOLD_ALONE | FOLD_B)) == 0 || reader->op == KILN_OP_MUL)
    return false;
  if (halves)
    if (upper->op != reader->op || !kn_is_value(upper->a) || !kn_is_value(upper->b) ||
        (as_b ? upper->b : upper->a) != i + 1)
      return false;
  if (!halves && !compares && reader->type != KILN_TYPE_I128) return false;
  w->val[i].flags = w->val[i + 1].flags = KN_VF_WAITS;
  return true;
}

/* folds() in a function with i128s. */
static __attribute__((noinline)) bool folds_in_pairs(struct kn_walk *w, const struct kn_inst *in) {
  if (w->val[w->i].flags == KN_VF_WAITS) return true; /* an upper half: said with the lower one */
  if (in[1].op == KILN_OP_LOAD) return folds_pair(w, in);
  const unsigned fold = x64_folds[in[1].op];
  return fold != 0 && in[1].type != KILN_TYPE_I128 && folds_next(w, in, fold);
}

/* True if a reader close after the load `in` reads it from memory itself. */
KN_INLINE bool folds(struct kn_walk *w, const struct kn_inst *in) {
  const unsigned fold = x64(w)->folds[in[1].op];
  if (KN_LIKELY(fold == 0)) return false;
  if (KN_UNLIKELY(fold == FOLD_PAIRS)) return folds_in_pairs(w, in);
  return folds_next(w, in, fold);
}

/* A load from anywhere, not folded. */
static __attribute__((noinline)) void load_any(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  struct x64_addr m = x64_address(w, in->a, (int32_t)in->c);
  kn_drop(w, in->a);
  if (w->val[i].uses == 0) {
    x64_load_typed(w, kn_bank(w, in->type) ? x64_xscratch(w) : X64_SCRATCH, in, &m);
    return;
  }
  unsigned dst = kn_def(w, i, in->type, KN_NO_REG, 0);
  x64_load_typed(w, dst, in, &m);
  w->val[i].flags |= x64_loads_zx(in);
  kn_defined(w, i, dst);
}

/* A load of a slot that is not a variable in a register. */
static __attribute__((noinline)) void load_slot(struct kn_walk *w, const struct kn_inst *in,
                                                const struct kn_slot_place *s) {
  uint32_t i = w->i, slot = kn_index(in->a);
  struct kn_slot_state *state = &w->slot_states.at[slot];
  struct kn_val *v = &w->val[i];
  if (KN_UNLIKELY(v->uses == 0 || s->align_log2 > 4 || in->c >= 1 << 28)) {
    if (v->uses || (in->x & KILN_MEM_VOLATILE)) load_any(w, in);
    return;
  }
  unsigned copy = kn_slot_copy(w, state);
  if (copy != KN_NO_REG) {
    kn_load_copy(w, in, state, copy);
    return;
  }
  if (folds(w, in)) {
    v->flags = KN_VF_WAITS;
    return;
  }
  int32_t at = kn_slot_frame(w, slot) + (int32_t)in->c;
  unsigned dst = kn_def(w, i, in->type, KN_NO_REG, 0);
  EMIT(w, x64_move_at, x64_load_move(in), x64_hw(dst), x64(w)->frame_reg, at - x64(w)->frame_bias);
  v->flags |= x64_loads_zx(in);
  kn_defined(w, i, dst);
  if (!s->memory) kn_slot_note(w, state, i, dst);
}

/* A load through an address. */
static __attribute__((noinline)) void load_through(struct kn_walk *w, const struct kn_inst *in) {
  struct kn_val *v = &w->val[w->i];
  if (KN_UNLIKELY(v->uses == 0)) {
    if (in->x & KILN_MEM_VOLATILE) load_any(w, in);
    else kn_drop(w, in->a);
    return;
  }
  if (folds(w, in)) {
    v->flags = KN_VF_WAITS;
    return;
  }
  unsigned base;
  int32_t disp;
  if (!x64_plain_address(w, in->a, (int32_t)in->c, &base, &disp)) {
    load_any(w, in);
    return;
  }
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  EMIT(w, x64_move_at, x64_load_move(in), x64_hw(dst), base, disp);
  v->flags |= x64_loads_zx(in);
  kn_defined(w, w->i, dst);
}

void x64_lower_load(struct kn_walk *w, const struct kn_inst *in) {
  kn_load(w, in, load_through, load_slot);
}

static const uint8_t store_moves[KILN_TYPE_COUNT] = {
  [KILN_TYPE_I8] = X64_MOVE_MOV_ST_0,    [KILN_TYPE_I16] = X64_MOVE_MOV_ST_1,
  [KILN_TYPE_I32] = X64_MOVE_MOV_ST_2,   [KILN_TYPE_I64] = X64_MOVE_MOV_ST_3,
  [KILN_TYPE_F32] = X64_MOVE_MOVSS_ST_2, [KILN_TYPE_F64] = X64_MOVE_MOVSD_ST_2,
  [KILN_TYPE_V64] = X64_MOVE_MOVSD_ST_2, [KILN_TYPE_V128] = X64_MOVE_MOVUPS_ST_2,
};

/* A store of a constant. */
static __attribute__((noinline)) void store_constant(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, size = x64_size(type);
  uint32_t b = in->b;
  int32_t imm;
  struct x64_addr m = x64_address(w, in->a, (int32_t)in->c);
  if (KN_UNLIKELY(type == KILN_TYPE_V128)) {
    x64_hook_constant(w, x64_xscratch(w), b, type);
    x64_op_mem(w, X64_MOVUPS_ST, 2, x64_xscratch(w), &m);
    kn_drop(w, in->a);
    return;
  }
  if (!kn_bank(w, type) && x64_imm32(w, b, type, &imm)) {
    EMIT(w, x64_mov_mi, size, m.m, imm);
    if (m.m.base == X64_RIP) x64_rip_fixup(w, &m, size == 0 ? 1 : size == 1 ? 2 : 4);
  } else {
    if (kn_bank(w, type)) {
      const struct kn_const *c = &w->f->pool.at[kn_index(b)];
      x64_const(w, X64_SCRATCH, type == KILN_TYPE_F32 ? (uint32_t)c->low : c->low);
    } else {
      x64_hook_constant(w, X64_SCRATCH, b, type);
    }
    x64_op_mem(w, X64_MOV_ST, size, X64_SCRATCH, &m);
  }
  kn_drop(w, in->a);
}

void x64_lower_store(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t a = in->a, b = in->b;
  struct kn_slot_state *variable = NULL;
  if (kn_is_slot(a)) {
    const struct kn_slot_place *s = &w->slots[kn_index(a)];
    if (s->reg != KN_NO_REG) {
      kn_store_variable(w, in, s->reg);
      return;
    }
    struct kn_slot_state *state = &w->slot_states.at[kn_index(a)];
    if (!s->memory) variable = state;
    state->value = 0;
  }
  if (!kn_is_value(b)) {
    store_constant(w, in);
    return;
  }
  unsigned type = in->type, base, r = kn_reg(w, b, type);
  int32_t disp;
  if (KN_LIKELY(x64_plain_address(w, a, (int32_t)in->c, &base, &disp))) {
    EMIT(w, x64_move_at, store_moves[type], x64_hw(r), base, disp);
  } else {
    struct x64_addr m = x64_address(w, a, (int32_t)in->c);
    x64_emit_mem(w, x64_move_forms[store_moves[type]], x64_hw(r), &m);
  }
  if (variable) kn_slot_note(w, variable, b, r);
  kn_drop(w, b);
  kn_drop(w, a);
}

/* Addresses are left to their readers, which fold them, unless other blocks read them. */
void x64_lower_addr(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  struct kn_val *v = &w->val[i];
  int32_t disp = (int32_t)in->c;
  unsigned scale = in->x;
  bool simple = in->b == 0 || scale == 1 || scale == 2 || scale == 4 || scale == 8;
  bool base_waits = kn_is_value(in->a) && (w->val[in->a].flags & KN_VF_ADDR);
  /* twice the depth, plus 1 if there is an index: a second index would take too many registers */
  uint32_t state = base_waits ? w->val[in->a].depth + 2 : 0;
  if (simple && v->flags == 0 && state < 8 && disp > -(1 << 28) && disp < 1 << 28 &&
      !(in->b && (state & 1))) {
    v->flags = KN_VF_ADDR;
    v->depth = state | (in->b != 0);
    return;
  }
  if (simple) {
    struct x64_addr m;
    if (in->b) {
      unsigned index = kn_reg(w, in->b, KILN_TYPE_I64);
      unsigned base = kn_reg(w, in->a, KILN_TYPE_I64);
      m = (struct x64_addr){
        .m = {(uint8_t)base, (uint8_t)index, (uint8_t)__builtin_ctz(scale), 0, disp}};
    } else {
      m = x64_address(w, in->a, disp);
    }
    kn_drop(w, in->a);
    if (in->b) kn_drop(w, in->b);
    unsigned dst = kn_def(w, i, KILN_TYPE_I64, KN_NO_REG, 0);
    x64_lea(w, dst, &m);
    kn_defined(w, i, dst);
    return;
  }
  unsigned index = kn_reg(w, in->b, KILN_TYPE_I64), base = kn_reg(w, in->a, KILN_TYPE_I64);
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  unsigned dst = kn_def(w, i, KILN_TYPE_I64, index, base == index ? 0 : KN_BIT(base));
  unsigned t = dst == base ? X64_SCRATCH : dst;
  if (scale && (scale & (scale - 1)) == 0) {
    x64_move(w, t, index, KILN_TYPE_I64);
    EMIT(w, x64_shift_ri, X64_G_SHL, 3, t, (unsigned)__builtin_ctz(scale));
  } else {
    EMIT(w, x64_imul_rri, 3, t, index, (int32_t)scale);
  }
  if (disp == 0) EMIT(w, x64_rr, X64_ADD, 3, dst, t == dst ? base : t);
  else EMIT(w, x64_rm, X64_LEA, 3, dst, (struct x64_mem){(uint8_t)base, (uint8_t)t, 0, 0, disp});
  kn_defined(w, i, dst);
}

/* ---- stack ---- */

void x64_lower_salloc(struct kn_walk *w, const struct kn_inst *in) {
  struct x64_operand o;
  bool probes = w->plan->frame.probe_step != 0;
  x64_operand(w, in->a, KILN_TYPE_I64, &o);
  if (o.kind == X64_IMM && o.imm >= 0 && o.imm < INT32_MAX - 16 && !probes) {
    EMIT(w, x64_alu_ri, X64_G_SUB, 3, X64_RSP, (o.imm + 15) & -16);
  } else {
    if (o.kind == X64_IMM) x64_const(w, X64_SCRATCH, (uint64_t)(int64_t)o.imm);
    else x64_op_operand(w, X64_MOV, 3, X64_SCRATCH, &o);
    EMIT(w, x64_alu_ri, X64_G_ADD, 3, X64_SCRATCH, 15);
    EMIT(w, x64_alu_ri, X64_G_AND, 3, X64_SCRATCH, -16);
    if (probes) x64_probe_salloc(w, 1 << in->x);
    else EMIT(w, x64_rr, X64_SUB, 3, X64_RSP, X64_SCRATCH);
  }
  if (in->x > 4 && !probes) EMIT(w, x64_alu_ri, X64_G_AND, 3, X64_RSP, -(1 << in->x));
  kn_drop(w, in->a);
  x64_lower_stack_save(w, in);
}
void x64_lower_stack_save(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  if (w->val[w->i].uses == 0) return;
  unsigned dst = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0);
  x64_mov(w, 3, dst, X64_RSP);
  kn_defined(w, w->i, dst);
}
void x64_lower_stack_restore(struct kn_walk *w, const struct kn_inst *in) {
  unsigned r = kn_reg(w, in->a, KILN_TYPE_I64);
  x64_mov(w, 3, X64_RSP, r);
  kn_drop(w, in->a);
}

/* A hint, which may be ignored. */
void x64_lower_life(struct kn_walk *w, const struct kn_inst *in) { kn_drop(w, in->a); }
void x64_lower_prefetch(struct kn_walk *w, const struct kn_inst *in) {
  struct x64_addr m = x64_address(w, in->a, 0);
  x64_op_mem(w, X64_PREFETCH, 2, 1, &m); /* prefetcht0 */
  kn_drop(w, in->a);
}

void x64_lower_frame_addr(struct kn_walk *w, const struct kn_inst *in) {
  if (w->val[w->i].uses == 0) return;
  unsigned dst = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0);
  unsigned from = X64_RBP;
  if (w->target->unwind_codes && in->op == KILN_OP_FRAME_ADDR && in->x == 0) {
    int32_t bytes = (int32_t)(8 * x64(w)->saved_count + x64(w)->saved_area);
    EMIT(w, x64_rm, X64_LEA, 3, dst, x64_at(X64_RBP, -bytes));
    kn_defined(w, w->i, dst);
    return;
  }
  for (unsigned level = in->x; level > 0; level--) {
    if (!kn_code_ready(w)) return;
    EMIT(w, x64_rm, X64_MOV, 3, dst, x64_at(from, 0));
    from = dst;
  }
  if (in->op == KILN_OP_RETURN_ADDR) EMIT(w, x64_rm, X64_MOV, 3, dst, x64_at(from, 8));
  else x64_move(w, dst, from, KILN_TYPE_I64);
  kn_defined(w, w->i, dst);
}

/* ---- block copies ---- */

/* Small blocks by 8 bytes at a time: a load of 16 would wait for fields that were just stored one
 * by one, since no single store holds all that it reads. */
void x64_copy(struct kn_walk *w, struct x64_addr to, struct x64_addr from, uint64_t size) {
  uint64_t wide = size <= 48 || w->plan->frame.general_only ? UINT64_MAX : 16;
  while (size) {
    uint64_t n = size >= wide ? 16 : size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
    if (n == 16) {
      x64_op_mem(w, X64_MOVUPS, 2, x64_xscratch(w), &from);
      x64_op_mem(w, X64_MOVUPS_ST, 2, x64_xscratch(w), &to);
    } else {
      unsigned log2 = (unsigned)__builtin_ctzll(n);
      unsigned op = n == 1 ? X64_MOVZX8 : n == 2 ? X64_MOVZX16 : X64_MOV;
      x64_op_mem(w, op, log2 == 3 ? 3 : 2, X64_SCRATCH, &from);
      x64_op_mem(w, X64_MOV_ST, log2, X64_SCRATCH, &to);
    }
    from.m.disp += (int32_t)n;
    to.m.disp += (int32_t)n;
    size -= n;
  }
}

void x64_lower_memory(struct kn_walk *w, const struct kn_inst *in) {
  int64_t size;
  if (x64_imm64(w, in->c, &size) && size >= 0 &&
      (in->op == KILN_OP_MEMCPY ? size <= 128
                                : size <= 2 || size == 4 || size == 8 || size == 16)) {
    struct x64_addr to = x64_address(w, in->a, 0), from = x64_address(w, in->b, 0);
    if (in->op == KILN_OP_MEMMOVE && size == 16 && KN_UNLIKELY(w->plan->frame.general_only)) {
      unsigned high = kn_temp(w, KN_GP_MASK);
      x64_op_mem(w, X64_MOV, 3, X64_SCRATCH, &from);
      from.m.disp += 8;
      x64_op_mem(w, X64_MOV, 3, high, &from);
      x64_op_mem(w, X64_MOV_ST, 3, X64_SCRATCH, &to);
      to.m.disp += 8;
      x64_op_mem(w, X64_MOV_ST, 3, high, &to);
    } else if (in->op == KILN_OP_MEMMOVE && size == 16) { /* read whole before it is written */
      x64_op_mem(w, X64_MOVUPS, 2, x64_xscratch(w), &from);
      x64_op_mem(w, X64_MOVUPS_ST, 2, x64_xscratch(w), &to);
    } else {
      x64_copy(w, to, from, (uint64_t)size);
    }
    kn_drop_operands(w, in);
    return;
  }
  kn_lower_library(w, in);
}

void x64_lower_memset(struct kn_walk *w, const struct kn_inst *in) {
  int64_t size, byte;
  if (x64_imm64(w, in->c, &size) && x64_imm64(w, in->b, &byte) && size >= 0 && size <= 128) {
    struct x64_addr to = x64_address(w, in->a, 0);
    uint64_t pattern = (uint64_t)(byte & 0xff) * UINT64_C(0x0101010101010101);
    bool wide = size >= 16 && !w->plan->frame.general_only;
    unsigned x = x64_hw(x64_xscratch(w));
    if (wide) {
      if (pattern) {
        x64_const(w, X64_SCRATCH, pattern);
        EMIT(w, x64_rr, X64_MOV_XG, 3, x, X64_SCRATCH);
        EMIT(w, x64_rr, 0x6c | X64_SSE | X64_PRE(0x66), 2, x, x); /* punpcklqdq */
      } else {
        EMIT(w, x64_rr, X64_XORPS, 2, x, x);
      }
    }
    if ((wide ? size & 15 : size) && pattern) x64_const(w, X64_SCRATCH, pattern);
    while (size) {
      unsigned log2 = wide && size >= 16 ? 4 : size >= 8 ? 3 : size >= 4 ? 2 : size >= 2 ? 1 : 0;
      if (log2 == 4) {
        x64_op_mem(w, X64_MOVUPS_ST, 2, x64_xscratch(w), &to);
      } else if (pattern) {
        x64_op_mem(w, X64_MOV_ST, log2, X64_SCRATCH, &to);
      } else {
        EMIT(w, x64_mov_mi, log2, to.m, 0);
        if (to.m.base == X64_RIP) x64_rip_fixup(w, &to, log2 >= 2 ? 4 : 1u << log2);
      }
      to.m.disp += 1 << log2;
      size -= 1 << log2;
    }
    kn_drop(w, in->a);
    return;
  }
  kn_lower_library(w, in);
}

/* ---- thread-local storage: Drepper, ELF Handling for TLS, 4.4; PE format, "The .tls Section" ---- */

static void thread_pointer(struct kn_walk *w, unsigned dst) {
  EMIT(w, x64_rm, X64_MOV, 3, dst, (struct x64_mem){X64_NONE, X64_NONE, 0, 0x64, 0});
}

static void add_offset(struct kn_walk *w, unsigned dst, int64_t offset) {
  if (offset == 0) return;
  if (offset == (int32_t)offset) {
    EMIT(w, x64_alu_ri, X64_G_ADD, 3, dst, (int32_t)offset);
  } else {
    x64_const(w, X64_SCRATCH, (uint64_t)offset);
    EMIT(w, x64_rr, X64_ADD, 3, dst, X64_SCRATCH);
  }
}

/* The thread's table is at gs:[0x58]. The distance of the symbol is a relocation of the kind that ELF has for one
 * model. */
static void tls_by_index(struct kn_walk *w, uint32_t symbol, int64_t addend) {
  uint32_t index = kn_library_variable(w, "_tls_index");
  unsigned dst = kn_def(w, w->i, KILN_TYPE_I64, KN_NO_REG, 0);
  bool far = x64_is_far(addend);
  EMIT(w, x64_rm, X64_MOV, 2, X64_SCRATCH, (struct x64_mem){X64_RIP, X64_NONE, 0, 0, 0});
  kn_code_relocate(w, kn_here(w) - 4, index, KILN_RELOC_REL32, -4);
  EMIT(w, x64_rm, X64_MOV, 3, dst, (struct x64_mem){X64_NONE, X64_NONE, 0, 0x65, 0x58});
  EMIT(w, x64_rm, X64_MOV, 3, dst, (struct x64_mem){(uint8_t)dst, X64_SCRATCH, 3, 0, 0});
  w->code.p = x64_put32(x64_group_r(w->code.p, 0x81, 3, X64_G_ADD, dst), 0);
  kn_code_relocate(w, kn_here(w) - 4, symbol, KILN_RELOC_X64_TLS_LE, far ? 0 : addend);
  if (far) add_offset(w, dst, addend);
  kn_defined(w, w->i, dst);
}

/* Calls for the address. By ELF's convention these are 16 bytes that linkers recognize and relax. On Windows, where
 * only the JIT has it so, the call needs neither home slots nor an aligned stack. */
static void tls_by_call(struct kn_walk *w, uint32_t symbol, int64_t addend, uint64_t lost) {
  kn_save_live(w, lost);
  const uint8_t to = w->target->tls_by_index ? 0x0d : 0x3d; /* rcx, rdi */
  const uint8_t lea[4] = {0x66, 0x48, 0x8d, to}, call[4] = {0x66, 0x66, 0x48, 0xe8};
  memcpy(w->code.p, lea, 4);
  w->code.p = x64_put32(w->code.p + 4, 0);
  kn_code_relocate(w, kn_here(w) - 4, symbol, KILN_RELOC_X64_TLS_GD, -4);
  memcpy(w->code.p, call, 4);
  w->code.p = x64_put32(w->code.p + 4, 0);
  kn_code_relocate(w, kn_here(w) - 4, kn_library_symbol(w, "__tls_get_addr", NULL),
                   KILN_RELOC_X64_CALL, -4);
  KN_WROTE_SET(w, KN_EV_LOST, lost);
  kn_called(w);
  add_offset(w, X64_RAX, addend);
  kn_def_fixed(w, w->i, KILN_TYPE_I64, X64_RAX);
}

void x64_lower_tls(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  if (!kn_is_pool(in->a) || w->f->pool.at[kn_index(in->a)].symbol == 0) {
    kn_walk_fail(w, KILN_ERR_TYPE, "the operand is not a symbol");
    return;
  }
  const struct kn_const *c = &w->f->pool.at[kn_index(in->a)];
  unsigned model = kn_symbol(w->f->module, c->symbol)->tls;
  int64_t addend = (int64_t)c->low;
  if (w->val[i].uses == 0) return;
  if (KN_UNLIKELY(w->target->tls_by_index)) {
    if (w->f->module->options.jit) tls_by_call(w, c->symbol, addend, x64_windows_convention.lost);
    else tls_by_index(w, c->symbol, addend);
    return;
  }
  if (model == KILN_TLS_LOCAL_EXEC || model == KILN_TLS_INITIAL_EXEC) {
    unsigned dst = kn_def(w, i, KILN_TYPE_I64, KN_NO_REG, 0);
    thread_pointer(w, dst);
    if (model == KILN_TLS_LOCAL_EXEC) {
      bool far = x64_is_far(addend);
      w->code.p = x64_put32(x64_group_r(w->code.p, 0x81, 3, X64_G_ADD, dst), 0);
      kn_code_relocate(w, kn_here(w) - 4, c->symbol, KILN_RELOC_X64_TLS_LE, far ? 0 : addend);
      if (far) add_offset(w, dst, addend);
    } else {
      EMIT(w, x64_rm, X64_ADD, 3, dst, (struct x64_mem){X64_RIP, X64_NONE, 0, 0, 0});
      kn_code_relocate(w, kn_here(w) - 4, c->symbol, KILN_RELOC_X64_TLS_IE, -4);
      add_offset(w, dst, addend);
    }
    kn_defined(w, i, dst);
    return;
  }
  tls_by_call(w, c->symbol, addend, X64_CLOBBERED); /* general dynamic */
}
