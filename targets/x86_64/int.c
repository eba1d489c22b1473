/* Integer arithmetic, shifts and division of up to 64 bits. i8 and i16 are computed in 32 bits where
 * the low bits do not depend on the high ones; the others extend first. */
#include "targets/x86_64/x64.h"

/* ---- add, sub, logic ---- */

/* dst = ra op o, for two-address operations. dst may be any register of the operands. */
KN_INLINE void two_address(struct kn_walk *w, unsigned op, unsigned group, unsigned size,
                           unsigned dst, unsigned ra, const struct x64_operand *o, bool commutes) {
  unsigned to = dst;
  if (dst != ra && o->kind != X64_IMM) {
    if (o->kind == X64_REG ? o->reg == dst : o->addr.m.base == dst || o->addr.m.index == dst) {
      if (o->kind == X64_REG && commutes) {
        EMIT(w, x64_rr, op, size, dst, ra);
        return;
      }
      to = X64_SCRATCH; /* the second operand reads dst */
    }
  }
  if (to != ra) x64_mov(w, size, to, ra);
  if (o->kind == X64_IMM) EMIT(w, x64_alu_ri, group, size, to, o->imm);
  else if (o->kind == X64_REG) EMIT(w, x64_rr, op, size, to, o->reg);
  else x64_op_mem(w, op, size, to, &o->addr);
  if (to != dst) x64_mov(w, size, dst, to);
}

/* Operand order of a commutative operation: the constant or folded load comes second. */
KN_INLINE void order(const struct kn_walk *w, uint32_t *a, uint32_t *b) {
  if (!kn_is_value(*a) || (w->val[*a].flags & KN_VF_WAITS)) KN_SWAP(*a, *b);
}

/* Notes that the code up to here left the comparison of value i with 0 in the flags: of equality
 * only, or any. */
KN_INLINE void flags_tell(struct kn_walk *w, uint32_t i, bool any) {
  x64(w)->zero_of = i;
  x64(w)->zero_at = kn_here(w);
  x64(w)->zero_block = w->block;
  x64(w)->zero_any = any;
  x64(w)->zero_only = false;
}

KN_INLINE void combine(struct kn_walk *w, uint32_t i, unsigned type, unsigned op, unsigned group,
                       bool commutes, uint32_t a, uint32_t b) {
  const unsigned size = x64_op_size(type);
  if (commutes) order(w, &a, &b);
  if (KN_UNLIKELY(w->f->facts.has_pairs) && commutes && x64_in_frame(w, a) && kn_is_value(b) &&
      w->val[b].reg != KN_NO_REG)
    KN_SWAP(a, b);
  struct x64_operand o;
  unsigned ra = x64_operands(w, a, b, type, &o);
  kn_give_up_copy(w, ra);
  unsigned dst = kn_def(w, i, type, ra, x64_others(w, ra));
  two_address(w, op, group, size, dst, ra, &o, commutes);
  x64_set_zx(w, i, type);
  kn_defined(w, i, dst);
}

void x64_combine(struct kn_walk *w, uint32_t i, unsigned op, unsigned group, bool commutes,
                 uint32_t a, uint32_t b) {
  combine(w, i, KILN_TYPE_I64, op, group, commutes, a, b);
}

KN_INLINE void binary(struct kn_walk *w, const struct kn_inst *in, unsigned op, unsigned group,
                      bool commutes) {
  const unsigned type = in->type;
  combine(w, w->i, type, op, group, commutes, in->a, in->b);
  if (x64_op_size(type) == x64_size(type)) flags_tell(w, w->i, true);
}

/* An AND that is only compared with 0, by the next instruction, which somebody reads: becomes `test`. */
static bool test_bits(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  const struct kn_inst *next = &w->inst[i + 1];
  if (next->op != KILN_OP_ICMP || next->a != i || w->val[i].uses != 1 || w->val[i].flags ||
      !kn_is_imm(next->b) || kn_imm(next->b) != 0 || w->val[i + 1].uses == 0)
    return false;
  unsigned type = in->type, size = x64_size(type);
  uint32_t a = in->a, b = in->b;
  order(w, &a, &b);
  unsigned ra = kn_reg(w, a, type);
  struct x64_operand o;
  x64_operand(w, b, type, &o);
  if (o.kind == X64_IMM) { /* of 7 bits: a byte is enough, and its sign is 0 */
    EMIT(w, x64_test_ri, (o.imm & ~0x7f) == 0 ? 0 : size, ra, o.imm);
  } else x64_op_operand(w, X64_TEST, size, ra, &o);
  kn_drop(w, a);
  kn_drop(w, b);
  flags_tell(w, i, true);
  x64(w)->zero_only = true;
  return true;
}

void x64_lower_and(struct kn_walk *w, const struct kn_inst *in) {
  if (test_bits(w, in)) return;
  binary(w, in, X64_AND, X64_G_AND, true);
}
void x64_lower_or(struct kn_walk *w, const struct kn_inst *in) {
  binary(w, in, X64_OR, X64_G_OR, true);
}
void x64_lower_xor(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  int32_t imm;
  if (kn_is_value(in->a) && x64_imm32(w, in->b, in->type, &imm) && imm == -1 && w->val[i].uses) {
    unsigned dst = x64_take(w, in);
    EMIT(w, x64_group_r, 0xf7, x64_op_size(in->type), X64_G_NOT, dst);
    x64_set_zx(w, i, in->type);
    kn_defined(w, i, dst);
    return;
  }
  binary(w, in, X64_XOR, X64_G_XOR, true);
}

/* Sums use lea where the result's register is not an operand's. */
KN_INLINE void sum(struct kn_walk *w, const struct kn_inst *in, bool subtract) {
  uint32_t i = w->i;
  unsigned type = in->type, size = x64_op_size(type);
  uint32_t a = in->a, b = in->b;
  if (!subtract) order(w, &a, &b);
  struct x64_operand o;
  unsigned ra = x64_operands(w, a, b, type, &o);
  unsigned dst = kn_def(w, i, type, ra, x64_others(w, ra));
  if (dst != ra && o.kind == X64_IMM && o.imm != INT32_MIN) {
    EMIT(w, x64_rm, X64_LEA, size, dst, x64_at(ra, subtract ? -o.imm : o.imm));
  } else if (o.kind == X64_REG && dst != ra && dst != o.reg && !subtract) {
    EMIT(w, x64_rm, X64_LEA, size, dst, (struct x64_mem){(uint8_t)ra, (uint8_t)o.reg, 0, 0, 0});
  } else {
    two_address(w, subtract ? X64_SUB : X64_ADD, subtract ? X64_G_SUB : X64_G_ADD, size, dst, ra,
                &o, !subtract);
    if (size == x64_size(type)) flags_tell(w, i, false);
  }
  x64_set_zx(w, i, type);
  kn_defined(w, i, dst);
}
void x64_lower_add(struct kn_walk *w, const struct kn_inst *in) {
  if (in->type == KILN_TYPE_I64 && kn_sum_is_address(w, in)) {
    w->val[w->i].flags = KN_VF_ADDR;
    w->val[w->i].depth = 0;
    return;
  }
  sum(w, in, false);
}
void x64_lower_sub(struct kn_walk *w, const struct kn_inst *in) { sum(w, in, true); }

void x64_lower_mul(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, size = x64_op_size(type);
  uint32_t a = in->a, b = in->b;
  order(w, &a, &b);
  struct x64_operand o;
  unsigned ra = x64_operands(w, a, b, type, &o);
  unsigned dst = kn_def(w, w->i, type, ra, x64_others(w, ra));
  if (o.kind == X64_IMM) {
    uint32_t m = (uint32_t)o.imm;
    if (o.imm > 0 && (m & (m - 1)) == 0) {
      x64_move(w, dst, ra, type);
      if (m > 1) EMIT(w, x64_shift_ri, X64_G_SHL, size, dst, (unsigned)__builtin_ctz(m));
    } else if (o.imm == 3 || o.imm == 5 || o.imm == 9) {
      uint8_t scale = o.imm == 3 ? 1 : o.imm == 5 ? 2 : 3;
      EMIT(w, x64_rm, X64_LEA, size, dst, (struct x64_mem){(uint8_t)ra, (uint8_t)ra, scale, 0, 0});
    } else {
      EMIT(w, x64_imul_rri, size, dst, ra, o.imm);
    }
  } else {
    two_address(w, X64_IMUL, 0, size, dst, ra, &o, true);
  }
  if (o.kind != X64_IMM || o.imm != 1) x64_set_zx(w, w->i, type); /* by 1: emits nothing */
  kn_defined(w, w->i, dst);
}

/* ---- shifts ---- */

/* Brings the count into cl; claims rcx for it unless it is there. Called before other operands are
 * fetched, since what was in rcx moves. */
static void count_to_cl(struct kn_walk *w, uint32_t h, unsigned type) {
  if (kn_is_value(h) && w->val[h].reg == X64_RCX) {
    kn_use(w, h, X64_RCX);
    return;
  }
  kn_claim(w, X64_RCX);
  struct x64_operand o;
  x64_operand(w, h, type, &o);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RCX);
  if (o.kind == X64_IMM) x64_const(w, X64_RCX, (uint32_t)o.imm);
  else x64_op_operand(w, X64_MOV, 2, X64_RCX, &o);
}

void x64_lower_shift(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, size = x64_op_size(type);
  unsigned group = in->op == KILN_OP_SHL    ? X64_G_SHL
                   : in->op == KILN_OP_LSHR ? X64_G_SHR
                                            : X64_G_SAR;
  bool extend = group != X64_G_SHL && x64_size(type) < 2;
  int32_t n;
  bool by_imm = x64_imm32(w, in->b, KILN_TYPE_I32, &n);
  if (!by_imm) count_to_cl(w, in->b, type);
  unsigned ra = kn_reg(w, in->a, type);
  kn_drop_operands(w, in);
  kn_give_up_copy(w, ra);
  unsigned dst = kn_def(w, w->i, type, ra, x64_others(w, ra) | (by_imm ? 0 : KN_BIT(X64_RCX)));
  if (dst == X64_RCX && !by_imm) { /* a is the count as well */
    kn_walk_fail(w, KILN_ERR_LIMIT, "the result of a shift would be in the register of the count");
    return;
  }
  if (extend) x64_extend(w, dst, ra, type, group == X64_G_SAR, false);
  else x64_move(w, dst, ra, type);
  unsigned bits = 8u << x64_size(type);
  if (by_imm) {
    if ((n & (int32_t)(bits - 1)) != 0)
      EMIT(w, x64_shift_ri, group, size, dst, (unsigned)n & (bits - 1));
  } else {
    EMIT(w, x64_shift_cl, group, size, dst);
  }
  if (type == KILN_TYPE_I32 && (!by_imm || (n & 31) != 0)) x64_set_zx(w, w->i, type);
  kn_defined(w, w->i, dst);
}

void x64_lower_rotate(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, size = x64_size(type);
  unsigned group = in->op == KILN_OP_ROTL ? X64_G_ROL : X64_G_ROR;
  int32_t n;
  bool by_imm = x64_imm32(w, in->b, KILN_TYPE_I32, &n);
  if (!by_imm) count_to_cl(w, in->b, type);
  unsigned ra = kn_reg(w, in->a, type);
  kn_drop_operands(w, in);
  unsigned dst = kn_def(w, w->i, type, ra, x64_others(w, ra) | (by_imm ? 0 : KN_BIT(X64_RCX)));
  x64_move(w, dst, ra, type);
  if (by_imm) EMIT(w, x64_shift_ri, group, size, dst, (unsigned)n & ((8u << size) - 1));
  else EMIT(w, x64_shift_cl, group, size, dst);
  kn_defined(w, w->i, dst);
}

/* fshl, fshr: shld and shrd; for narrow types the pair fits one register. */
void x64_lower_funnel(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, bits = 8u << x64_size(type);
  bool left = in->op == KILN_OP_FSHL;
  int32_t n = 0;
  bool by_imm = x64_imm32(w, in->c, KILN_TYPE_I32, &n);
  n &= (int32_t)bits - 1;
  if (!by_imm) count_to_cl(w, in->c, type);
  unsigned ra = kn_reg(w, in->a, type), rb = kn_reg(w, in->b, type);
  unsigned t = kn_temp(w, KN_GP_MASK);
  if (bits >= 32) {
    /* t is shifted, bits of the other come in */
    unsigned size = x64_op_size(type), other = left ? rb : ra;
    x64_mov(w, size, t, left ? ra : rb);
    if (!by_imm) EMIT(w, x64_rr, left ? X64_SHLD_CL : X64_SHRD_CL, size, other, t);
    else if (n)
      w->code.p = left ? x64_shld_ri(w->code.p, size, t, other, (unsigned)n)
                       : x64_shrd_ri(w->code.p, size, t, other, (unsigned)n);
  } else {
    /* a:b in 32 bits; the count modulo the width */
    x64_extend(w, X64_SCRATCH, rb, type, false, false);
    x64_mov(w, 2, t, ra);
    EMIT(w, x64_shift_ri, X64_G_SHL, 2, t, bits);
    EMIT(w, x64_rr, X64_OR, 2, t, X64_SCRATCH);
    if (bits == 8) { /* a's garbage above: only 16 bits are a:b */
      EMIT(w, x64_rr, X64_MOVZX16, 2, t, t);
    }
    if (!by_imm) {
      bool owned = (w->regs.temp & KN_BIT(X64_RCX)) == 0;
      if (owned) x64_mov(w, 2, X64_SCRATCH, X64_RCX);
      EMIT(w, x64_alu_ri, X64_G_AND, 2, X64_RCX, (int32_t)bits - 1);
      EMIT(w, x64_shift_cl, left ? X64_G_SHL : X64_G_SHR, 2, t);
      if (owned) x64_mov(w, 2, X64_RCX, X64_SCRATCH);
    } else if (n) {
      EMIT(w, x64_shift_ri, left ? X64_G_SHL : X64_G_SHR, 2, t, (unsigned)n);
    }
    if (left) EMIT(w, x64_shift_ri, X64_G_SHR, 2, t, bits);
  }
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, type, t);
}

/* ---- division, high product ---- */

/* Claims rax and rdx, with operand `a` (extended to at least 32 bits) in rax. */
void x64_dividend(struct kn_walk *w, uint32_t a, unsigned type, bool sign) {
  bool there = kn_is_value(a) && w->val[a].reg == X64_RAX && w->val[a].uses == 1 &&
               (w->val[a].flags & ~KN_VF_ZX) == 0;
  if (there) kn_overwrite(w, X64_RAX);
  else kn_claim(w, X64_RAX);
  kn_claim(w, X64_RDX);
  if (!kn_is_value(a)) {
    int64_t v = 0;
    x64_imm64(w, a, &v);
    unsigned bits = 8u << x64_size(type);
    if (bits == 64 && !kn_is_imm(a)) {
      x64_hook_constant(w, X64_RAX, a, type);
      return;
    }
    if (bits < 64 && !sign) v &= (INT64_C(1) << bits) - 1;
    if (bits < 32 && sign) v = (int64_t)((uint64_t)v << (64 - bits)) >> (64 - bits);
    x64_const(w, X64_RAX, bits == 64 ? (uint64_t)v : (uint32_t)v);
    return;
  }
  uint64_t locked = w->regs.locked;
  unsigned ra = kn_reg(w, a, type);
  if (x64_size(type) < 2) x64_extend(w, X64_RAX, ra, type, sign, false);
  else x64_move(w, X64_RAX, ra, type);
  KN_LOG_SET(w, KN_EV_DONE, KN_BIT(ra));
  kn_unlock_but(w, locked); /* registers are few here, and those were read */
  KN_WROTE(w, there ? KN_EV_TEMP : KN_EV_WRITE, 0, X64_RAX);
}

/* The divisor or factor, extended as `dividend` does: a register or memory. */
static struct x64_operand divisor(struct kn_walk *w, uint32_t b, unsigned type, bool sign) {
  struct x64_operand o = {.kind = X64_REG};
  int64_t v;
  if (x64_imm64(w, b, &v)) {
    unsigned bits = 8u << x64_size(type);
    if (bits < 64 && !sign) v &= (INT64_C(1) << bits) - 1;
    if (bits < 32 && sign) v = (int64_t)((uint64_t)v << (64 - bits)) >> (64 - bits);
    o.reg = kn_temp(w, KN_GP_MASK);
    x64_const(w, o.reg, bits == 64 ? (uint64_t)v : (uint32_t)v);
    return o;
  }
  if (x64_size(type) >= 2) {
    x64_operand(w, b, type, &o);
    return o;
  }
  unsigned rb = kn_reg(w, b, type);
  o.reg = kn_temp(w, KN_GP_MASK);
  x64_extend(w, o.reg, rb, type, sign, false);
  return o;
}

/* Division by a power of two without dividing. True if it was one. */
static bool divide_by_power(struct kn_walk *w, const struct kn_inst *in) {
  int64_t d;
  unsigned type = in->type, size = x64_size(type), bits = 8u << size;
  if (!x64_imm64(w, in->b, &d) || d <= 0 || (d & (d - 1)) || size < 2) return false;
  if (bits == 32 && d > INT32_MAX) return false;
  unsigned n = (unsigned)__builtin_ctzll((uint64_t)d);
  bool sign = in->op == KILN_OP_SDIV || in->op == KILN_OP_SREM;
  bool rest = in->op == KILN_OP_UREM || in->op == KILN_OP_SREM;
  if (rest && (d - 1 != (int32_t)(d - 1))) return false;
  unsigned ra = kn_reg(w, in->a, type);
  if (!sign || d == 1) {
    kn_drop(w, in->a);
    unsigned dst = kn_def(w, w->i, type, ra, x64_others(w, ra));
    if (d == 1 && rest) {
      x64_const(w, dst, 0);
    } else {
      x64_move(w, dst, ra, type);
      if (rest) EMIT(w, x64_alu_ri, X64_G_AND, size, dst, (int32_t)(d - 1));
      else if (n) EMIT(w, x64_shift_ri, X64_G_SHR, size, dst, n);
    }
    kn_defined(w, w->i, dst);
    return true;
  }
  /* towards zero: add d - 1 to negative dividends first */
  unsigned t = kn_temp(w, KN_GP_MASK);
  x64_mov(w, size, t, ra);
  if (n > 1) EMIT(w, x64_shift_ri, X64_G_SAR, size, t, bits - 1);
  EMIT(w, x64_shift_ri, X64_G_SHR, size, t, bits - n);
  EMIT(w, x64_rr, X64_ADD, size, t, ra);
  if (rest) {
    EMIT(w, x64_shift_ri, X64_G_SAR, size, t, n);
    EMIT(w, x64_shift_ri, X64_G_SHL, size, t, n);
    x64_mov(w, size, X64_SCRATCH, ra);
    EMIT(w, x64_rr, X64_SUB, size, X64_SCRATCH, t);
    x64_mov(w, size, t, X64_SCRATCH);
  } else {
    EMIT(w, x64_shift_ri, X64_G_SAR, size, t, n);
  }
  kn_drop(w, in->a);
  kn_def_fixed(w, w->i, type, t);
  return true;
}

void x64_lower_divide(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  unsigned type = in->type;
  bool sign = in->op == KILN_OP_SDIV || in->op == KILN_OP_SREM;
  bool rest = in->op == KILN_OP_UREM || in->op == KILN_OP_SREM;
  if (w->val[i].uses && (divide_by_power(w, in) || x64_divide_const(w, in))) return;
  x64_dividend(w, in->a, type, sign);
  struct x64_operand o = divisor(w, in->b, type, sign);
  unsigned size = x64_op_size(type);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RDX);
  if (sign) EMIT(w, x64_cdq, size);
  else EMIT(w, x64_zero, X64_RDX);
  unsigned group = sign ? X64_G_IDIV : X64_G_DIV;
  if (o.kind == X64_REG) {
    EMIT(w, x64_unary_r, group, size, o.reg);
  } else {
    EMIT(w, x64_unary_m, group, size, o.addr.m);
    if (o.addr.m.base == X64_RIP) x64_rip_fixup(w, &o.addr, 0);
  }
  kn_drop_operands(w, in);
  if (w->val[i].uses == 0) return;
  kn_def_fixed(w, i, type, rest ? X64_RDX : X64_RAX);
  x64_set_zx(w, i, type);
}

void x64_lower_high_mul(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type;
  bool sign = in->op == KILN_OP_SMULH;
  x64_dividend(w, in->a, type, sign);
  struct x64_operand o = divisor(w, in->b, type, sign);
  if (o.kind == X64_MEM) {
    unsigned t = kn_temp(w, KN_GP_MASK);
    x64_op_mem(w, X64_MOV, x64_op_size(type), t, &o.addr);
    o.reg = t;
  }
  unsigned result = X64_RDX;
  KN_LOG(w, KN_EV_WRITE, 0, X64_RDX);
  if (x64_size(type) >= 2) {
    EMIT(w, x64_unary_r, sign ? X64_G_IMUL : X64_G_MUL, x64_op_size(type), o.reg);
  } else {
    EMIT(w, x64_rr, X64_IMUL, 2, X64_RAX, o.reg);
    EMIT(w, x64_shift_ri, X64_G_SHR, 2, X64_RAX, 8u << x64_size(type));
    result = X64_RAX;
  }
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, type, result);
}
