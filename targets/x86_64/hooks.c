/* The hooks of x86-64 (struct kn_hooks) and the operands that all lowerings use: moves, loads and
 * stores of the frame, constants, addresses. */
#include "targets/x86_64/x64.h"

void x64_hook_move(struct kn_walk *w, unsigned dst, unsigned src, unsigned type) {
  x64_move(w, dst, src, type);
}

/* Between a register and the frame, by type; what is narrower than 32 bits takes as many. */
#define SPILL_MOVES(op, ss, sd, ups)                                                               \
  {[KILN_TYPE_I8] = X64_MOVE_##op##_2,  [KILN_TYPE_I16] = X64_MOVE_##op##_2,                       \
   [KILN_TYPE_I32] = X64_MOVE_##op##_2, [KILN_TYPE_I64] = X64_MOVE_##op##_3,                       \
   [KILN_TYPE_F32] = X64_MOVE_##ss##_2, [KILN_TYPE_F64] = X64_MOVE_##sd##_2,                       \
   [KILN_TYPE_V64] = X64_MOVE_##sd##_2, [KILN_TYPE_V128] = X64_MOVE_##ups##_2}
static const uint8_t spill_moves[2][KILN_TYPE_COUNT] = {
  SPILL_MOVES(MOV, MOVSS, MOVSD, MOVUPS), SPILL_MOVES(MOV_ST, MOVSS_ST, MOVSD_ST, MOVUPS_ST)};

KN_INLINE void move_at(struct kn_walk *w, bool store, unsigned reg, struct x64_mem m,
                       unsigned type) {
  EMIT(w, x64_move_at, spill_moves[store][type], x64_hw(reg), m.base, m.disp);
}
void x64_load_spilled(struct kn_walk *w, unsigned dst, struct x64_mem from, unsigned type) {
  move_at(w, false, dst, from, type);
}
void x64_hook_load(struct kn_walk *w, unsigned dst, int32_t frame, unsigned type) {
  move_at(w, false, dst, x64_frame_mem(w, frame), type);
}
void x64_hook_store(struct kn_walk *w, unsigned src, int32_t frame, unsigned type) {
  move_at(w, true, src, x64_frame_mem(w, frame), type);
}

void x64_hook_copy(struct kn_walk *w, int32_t dst, int32_t src, unsigned type) {
  if (type == KILN_TYPE_F80) { /* as it was stored: else the load waits */
    x64_x87_copy(w, dst, src);
    return;
  }
  if (type == KILN_TYPE_V128) {
    EMIT(w, x64_rm, X64_MOVUPS, 2, x64_hw(x64_xscratch(w)), x64_frame_mem(w, src));
    EMIT(w, x64_rm, X64_MOVUPS_ST, 2, x64_hw(x64_xscratch(w)), x64_frame_mem(w, dst));
    return;
  }
  unsigned size = kn_bank(w, type) ? kn_type_log2[type] : x64_op_size(type);
  EMIT(w, x64_rm, X64_MOV, size, X64_SCRATCH, x64_frame_mem(w, src));
  EMIT(w, x64_rm, X64_MOV_ST, size, X64_SCRATCH, x64_frame_mem(w, dst));
}

void x64_rip_fixup(struct kn_walk *w, const struct x64_addr *m, unsigned imm) {
  uint32_t at = kn_here(w) - imm - 4;
  if (m->reloc == 0) {
    KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){at, m->ref, imm});
    return;
  }
  kn_put32(w->code.base + at, 0); /* the displacement is a part of the addend alone */
  kn_code_relocate(w, at, m->ref, m->reloc, (int64_t)m->m.disp - 4 - (int64_t)imm);
}

const uint8_t x64_loads[2][64] = {
#define SEXT(type) [KILN_TYPE_##type | KILN_MEM_SEXT]
#define BOTH(type, move) [KILN_TYPE_##type] = X64_MOVE_##move, SEXT(type) = X64_MOVE_##move
#define ALIKE                                                                                      \
  [KILN_TYPE_I8] = X64_MOVE_MOVZX8_2, [KILN_TYPE_I16] = X64_MOVE_MOVZX16_2,                        \
  [KILN_TYPE_I32] = X64_MOVE_MOV_2, BOTH(I64, MOV_3), BOTH(F32, MOVSS_2), BOTH(F64, MOVSD_2),      \
  BOTH(V64, MOVSD_2), BOTH(V128, MOVUPS_2)
  {ALIKE, SEXT(I8) = X64_MOVE_MOVSX8_2, SEXT(I16) = X64_MOVE_MOVSX16_2, SEXT(I32) = X64_MOVE_MOV_2},
  {ALIKE, SEXT(I8) = X64_MOVE_MOVSX8_3, SEXT(I16) = X64_MOVE_MOVSX16_3,
   SEXT(I32) = X64_MOVE_MOVSXD_3},
#undef SEXT
#undef BOTH
#undef ALIKE
};

const uint32_t x64_move_forms[X64_MOVE_COUNT] = {
#define X(op, size) X64_FORM(X64_##op, size),
  X64_MOVES(X)
#undef X
};

const uint64_t x64_move_heads[X64_MOVE_COUNT][4][2] = {
/* REX, or 0 if there is none; r: bits 2 and 3 of the register, b: bit 3 of the base */
#define REX(form, r, b)                                                                            \
  ((r) >= 2 || (b) || (form) & X64_FORM_WIDE || ((form) & X64_FORM_BYTE && (r))                    \
     ? 0x40u | ((form) & X64_FORM_WIDE ? 8u : 0u) | ((r) >> 1) << 2 | (b)                          \
     : 0u)
#define AND_REX(code, rex) ((rex) ? (uint64_t)(code) << 8 | (rex) : (uint64_t)(code))
#define AND_PREFIX(code, form)                                                                     \
  ((form) & X64_FORM_PREFIX ? (code) << 8 | ((form) >> 16 & 0xffu) : (code))
#define BYTES(form, rex) (1u + !!((form) & X64_FORM_LONG) + !!((form) & X64_FORM_PREFIX) + !!(rex))
#define HEAD(form, r, b)                                                                           \
  (AND_PREFIX(AND_REX((form) & 0xffffu, REX(form, r, b)), form) |                                  \
   (uint64_t)BYTES(form, REX(form, r, b)) << 56)
#define HEADS(form)                                                                                \
  {{HEAD(form, 0u, 0u), HEAD(form, 0u, 1u)},                                                       \
   {HEAD(form, 1u, 0u), HEAD(form, 1u, 1u)},                                                       \
   {HEAD(form, 2u, 0u), HEAD(form, 2u, 1u)},                                                       \
   {HEAD(form, 3u, 0u), HEAD(form, 3u, 1u)}},
#define X(op, size) HEADS(X64_FORM(X64_##op, size))
  X64_MOVES(X)
#undef X
#undef HEADS
#undef HEAD
#undef BYTES
#undef AND_PREFIX
#undef AND_REX
#undef REX
};

void x64_emit_mem(struct kn_walk *w, uint32_t form, unsigned reg, const struct x64_addr *m) {
  EMIT(w, x64_form_mem, form, reg, m->m);
  if (KN_UNLIKELY(m->m.base == X64_RIP)) x64_rip_fixup(w, m, 0);
}

bool x64_imm64(const struct kn_walk *w, uint32_t h, int64_t *out) {
  if (kn_is_pool(h) && kn_type_is_float(w->f->pool.at[kn_index(h)].type)) return false;
  return kn_is_number(w->f, h, out);
}

bool x64_imm32(const struct kn_walk *w, uint32_t h, unsigned type, int32_t *out) {
  int64_t v;
  if (kn_is_imm(h)) {
    *out = kn_imm(h);
    return true;
  }
  if (!x64_imm64(w, h, &v)) return false;
  *out = (int32_t)v;
  return type != KILN_TYPE_I64 || v == (int32_t)v;
}

/* The displacement of a memory operand, which fits with all pieces of an access? */
KN_INLINE bool fits(int64_t disp) { return disp >= INT32_MIN && disp <= INT32_MAX - X64_PIECES; }
KN_INLINE int64_t sum(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }

/* A symbol's address + disp as a memory operand. */
static struct x64_addr symbol_addr(struct kn_walk *w, const struct kn_const *c, int64_t disp) {
  const struct kn_symbol *s = kn_symbol(w->f->module, c->symbol);
  struct x64_addr addr = {.m = {X64_RIP, X64_NONE, 0, 0, 0}, .ref = c->symbol};
  int64_t offset = sum((int64_t)c->low, disp);
  if (s->direct && !x64_is_far(offset)) {
    addr.m.disp = (int32_t)offset;
    addr.reloc = KILN_RELOC_REL32;
    return addr;
  }
  unsigned r = kn_temp(w, KN_GP_MASK);
  addr.reloc = s->direct ? KILN_RELOC_REL32 : KILN_RELOC_X64_GOT_REX;
  x64_op_mem(w, s->direct ? X64_LEA : X64_MOV, 3, r, &addr);
  if (!fits(offset)) {
    x64_const(w, X64_SCRATCH, (uint64_t)offset);
    EMIT(w, x64_rm, X64_LEA, 3, r, (struct x64_mem){(uint8_t)r, X64_SCRATCH, 0, 0, 0});
    offset = 0;
  }
  return (struct x64_addr){.m = x64_at(r, (int32_t)offset)};
}

/* Address of a slot: in the frame, or through its pointer if it is aligned beyond 16 bytes. */
static struct x64_addr slot_addr(struct kn_walk *w, uint32_t slot, int64_t disp) {
  if (KN_UNLIKELY(w->slots[slot].align_log2 > 4)) {
    unsigned r = kn_temp(w, KN_GP_MASK);
    EMIT(w, x64_rm, X64_MOV, 3, r, x64_frame_mem(w, w->slot_states.at[slot].frame));
    return (struct x64_addr){.m = x64_at(r, (int32_t)disp)};
  }
  return x64_frame(w, (int32_t)(kn_slot_frame(w, slot) + disp));
}

struct x64_addr x64_address(struct kn_walk *w, uint32_t h, int64_t disp) {
  struct x64_addr addr = {.m = {X64_NONE, X64_NONE, 0, 0, 0}};
  unsigned index = X64_NONE, scale = 0;
  if (kn_is_value(h) && (w->val[h].flags & KN_VF_ADDR)) {
    do {
      const struct kn_inst *in = &w->inst[h];
      uint32_t by = kn_addr_index(in);
      int64_t number;
      if (by && x64_imm64(w, by, &number)) {
        disp = sum(disp, (int64_t)((uint64_t)number * in->x));
      } else if (by) {
        index = kn_reg(w, by, KILN_TYPE_I64);
        scale = (unsigned)__builtin_ctz(in->x);
      }
      disp = sum(disp, kn_addr_disp(in));
      h = in->a;
    } while (kn_is_value(h) && (w->val[h].flags & KN_VF_ADDR));
  }
  int64_t imm;
  bool far = x64_is_far(disp);
  if (KN_LIKELY(kn_is_value(h) && !far))
    return (struct x64_addr){.m =
                               x64_mem(kn_reg(w, h, KILN_TYPE_I64), index, scale, (int32_t)disp)};
  if (KN_LIKELY(kn_is_slot(h) && !far && w->slots[kn_index(h)].align_log2 <= 4)) {
    int32_t at = (int32_t)(kn_slot_frame(w, kn_index(h)) + disp);
    return (struct x64_addr){.m =
                               x64_mem(x64(w)->frame_reg, index, scale, at - x64(w)->frame_bias)};
  }
  if (kn_is_value(h)) {
    addr.m.base = (uint8_t)kn_reg(w, h, KILN_TYPE_I64);
    addr.m.disp = far ? 0 : (int32_t)disp;
  } else if (kn_is_slot(h)) {
    addr = slot_addr(w, kn_index(h), far ? 0 : disp);
  } else if (x64_imm64(w, h, &imm)) {
    disp = sum(disp, imm);
    far = false;
    if (fits(disp)) {
      addr.m.disp = (int32_t)disp;
    } else {
      addr.m.base = (uint8_t)kn_temp(w, KN_GP_MASK);
      x64_const(w, addr.m.base, (uint64_t)disp);
    }
  } else {
    addr = symbol_addr(w, &w->f->pool.at[kn_index(h)], far ? 0 : disp);
    if (index != X64_NONE && addr.m.base == X64_RIP) {
      unsigned r = kn_temp(w, KN_GP_MASK);
      x64_op_mem(w, X64_LEA, 3, r, &addr);
      addr = (struct x64_addr){.m = x64_at(r, 0)};
    }
  }
  if (KN_UNLIKELY(far)) {
    unsigned r = addr.m.base;
    /* a temporary register taken above may be reused once it is read */
    if (kn_is_value(h) || r >= 16 || (w->regs.temp >> r & 1) == 0) r = kn_temp(w, KN_GP_MASK);
    x64_op_mem(w, X64_LEA, 3, X64_SCRATCH, &addr);
    x64_const(w, r, (uint64_t)disp);
    EMIT(w, x64_rm, X64_LEA, 3, r, (struct x64_mem){(uint8_t)r, X64_SCRATCH, 0, 0, 0});
    addr = (struct x64_addr){.m = x64_at(r, 0)};
  }
  addr.m.index = (uint8_t)index;
  addr.m.scale = (uint8_t)scale;
  return addr;
}

void x64_lea(struct kn_walk *w, unsigned dst, const struct x64_addr *m) {
  if (m->m.index == X64_NONE && m->m.disp == 0 && m->m.base < X64_RIP)
    x64_move(w, dst, m->m.base, KILN_TYPE_I64);
  else x64_op_mem(w, X64_LEA, 3, dst, m);
}

void x64_hook_address(struct kn_walk *w, unsigned dst, uint32_t v) {
  struct x64_addr addr = x64_address(w, v, 0);
  x64_lea(w, dst, &addr);
}

void x64_hook_deferred(struct kn_walk *w, unsigned dst, uint32_t v) {
  const struct kn_inst *in = &w->inst[v];
  struct x64_addr addr = x64_address(w, in->a, (int32_t)in->c);
  x64_load_typed(w, dst, in, &addr);
}

void x64_hook_constant(struct kn_walk *w, unsigned dst, uint32_t h, unsigned type) {
  if (kn_is_imm(h)) {
    int64_t v = kn_imm(h);
    x64_const(w, dst, type == KILN_TYPE_I64 ? (uint64_t)v : (uint32_t)v);
    return;
  }
  if (kn_is_slot(h)) {
    /* the frame has its address; takes no register: moves are under way */
    bool far = w->slots[kn_index(h)].align_log2 > 4;
    struct x64_mem m = x64_frame_mem(w, kn_slot_frame(w, kn_index(h)));
    if (m.disp == 0 && !far) x64_mov(w, 3, dst, m.base);
    else EMIT(w, x64_rm, far ? X64_MOV : X64_LEA, 3, dst, m);
    return;
  }
  const struct kn_const *c = &w->f->pool.at[kn_index(h)];
  if (c->symbol) {
    const struct kn_symbol *s = kn_symbol(w->f->module, c->symbol);
    struct x64_addr addr = {.m = {X64_RIP, X64_NONE, 0, 0, 0}, .ref = c->symbol};
    int64_t offset = (int64_t)c->low;
    bool direct = s->direct == KN_DIRECT, near = direct && !x64_is_far(offset);
    addr.m.disp = near ? (int32_t)offset : 0;
    addr.reloc = direct ? KILN_RELOC_REL32 : KILN_RELOC_X64_GOT_REX;
    x64_op_mem(w, direct ? X64_LEA : X64_MOV, 3, dst, &addr);
    if (near || offset == 0) return;
    if (offset == (int32_t)offset) {
      struct x64_addr sum = {.m = x64_at(dst, (int32_t)offset)};
      x64_op_mem(w, X64_LEA, 3, dst, &sum);
    } else {
      if (dst == X64_SCRATCH) {
        kn_walk_fail(w, KILN_ERR_LIMIT, "an offset from a symbol does not fit in 32 bits");
        return;
      }
      x64_const(w, X64_SCRATCH, (uint64_t)offset);
      EMIT(w, x64_rm, X64_LEA, 3, dst, (struct x64_mem){(uint8_t)dst, X64_SCRATCH, 0, 0, 0});
    }
    return;
  }
  if (dst >= KN_FP_BASE) {
    bool single = type == KILN_TYPE_F32;
    uint64_t bits = single ? (uint32_t)c->low : c->low;
    if (KN_UNLIKELY(type == KILN_TYPE_V128) && c->high != 0) {
      struct x64_addr addr = x64_literal(w, c->low, c->high, 16);
      x64_op_mem(w, X64_MOVAPS, 2, dst, &addr);
      return;
    }
    if (bits == 0) {
      EMIT(w, x64_rr, X64_XORPS, 2, x64_hw(dst), x64_hw(dst));
      return;
    }
    struct x64_addr addr = x64_literal(w, bits, 0, single ? 4 : 8);
    x64_op_mem(w, single ? X64_MOVSS : X64_MOVSD, 2, dst, &addr);
    return;
  }
  x64_const(w, dst, type == KILN_TYPE_I64 ? c->low : (uint32_t)c->low);
}

void x64_hook_store_constant(struct kn_walk *w, int32_t frame, uint32_t h, unsigned type) {
  int32_t imm;
  struct x64_mem m = x64_frame_mem(w, frame);
  if (kn_spills_16(w, type)) {
    int64_t v[2] = {0, 0};
    kn_number_halves(w, h, v);
    for (unsigned k = 0; k < 2; k++, m.disp += 8) {
      x64_const(w, X64_SCRATCH, (uint64_t)v[k]);
      EMIT(w, x64_rm, X64_MOV_ST, 3, X64_SCRATCH, m);
    }
    return;
  }
  if (kn_bank(w, type)) {
    const struct kn_const *c = &w->f->pool.at[kn_index(h)];
    x64_const(w, X64_SCRATCH, type == KILN_TYPE_F32 ? (uint32_t)c->low : c->low);
    EMIT(w, x64_rm, X64_MOV_ST, kn_type_log2[type], X64_SCRATCH, m);
    return;
  }
  if (x64_imm32(w, h, type, &imm)) {
    EMIT(w, x64_mov_mi, x64_op_size(type), m, imm);
    return;
  }
  x64_hook_constant(w, X64_SCRATCH, h, type);
  EMIT(w, x64_rm, X64_MOV_ST, x64_op_size(type), X64_SCRATCH, m);
}

void x64_operand(struct kn_walk *w, uint32_t h, unsigned type, struct x64_operand *o) {
  if (kn_is_value(h)) {
    const struct kn_val *v = &w->val[h];
    if (KN_LIKELY(v->reg != KN_NO_REG)) {
      o->kind = X64_REG;
      o->reg = v->reg;
      kn_use(w, h, o->reg);
      return;
    }
    if (v->flags & KN_VF_WAITS) {
      const struct kn_inst *in = &w->inst[h];
      o->kind = X64_MEM;
      o->addr = x64_address(w, in->a, (int32_t)in->c);
      return;
    }
    /* in the frame, and read for the last time, or registers are few: needs none */
    if ((v->uses == 1 || w->f->facts.has_pairs) && (v->flags & (KN_VF_FRAME | KN_VF_SLOT_HOME)) &&
        v->frame != 0 && !(w->plan->frame.realigned && type == KILN_TYPE_V128) &&
        !((v->flags & KN_VF_SLOT_HOME) && kn_home_copy(w, h) != KN_NO_REG)) {
      o->kind = X64_MEM;
      o->addr = x64_frame(w, v->frame);
      KN_LOG(w, KN_EV_USE, h, KN_PLACE_FRAME + v->frame);
      return;
    }
  } else if (!kn_bank(w, type)) {
    if (x64_imm32(w, h, type, &o->imm)) {
      o->kind = X64_IMM;
      return;
    }
  } else if (kn_is_pool(h)) {
    const struct kn_const *c = &w->f->pool.at[kn_index(h)];
    o->kind = X64_MEM;
    if (KN_UNLIKELY(X64_VEC >> type & 1)) o->addr = x64_literal(w, c->low, c->high, 16);
    else if (type == KILN_TYPE_F32) o->addr = x64_literal(w, (uint32_t)c->low, 0, 4);
    else o->addr = x64_literal(w, c->low, 0, 8);
    return;
  }
  o->kind = X64_REG;
  o->reg = kn_reg_slow(w, h, type);
}

void x64_extend(struct kn_walk *w, unsigned dst, unsigned src, unsigned type, bool sign,
                bool wide) {
  unsigned size = sign && wide ? 3 : 2;
  switch (type) {
  case KILN_TYPE_I8: EMIT(w, x64_rr, sign ? X64_MOVSX8 : X64_MOVZX8, size, dst, src); break;
  case KILN_TYPE_I16: EMIT(w, x64_rr, sign ? X64_MOVSX16 : X64_MOVZX16, size, dst, src); break;
  case KILN_TYPE_I32: EMIT(w, x64_rr, size == 3 ? X64_MOVSXD : X64_MOV, size, dst, src); break;
  default: x64_move(w, dst, src, type); break;
  }
}
