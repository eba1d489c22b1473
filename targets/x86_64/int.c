/* Integer operations of up to 64 bits: arithmetic, shifts, comparisons, extensions. i8 and i16 are
 * computed in 32 bits where the low bits do not depend on the high ones; the others extend first. */
#include "targets/x86_64/x64.h"

bool x64_dead(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (KN_LIKELY(w->val[i].uses != 0)) return false;
  kn_drop(w, in->a);
  unsigned shape = kn_op_info[in->op].shape;
  if (shape == KN_SH_BIN || shape == KN_SH_TERN || shape == KN_SH_ICMP || shape == KN_SH_FCMP ||
      shape == KN_SH_SELECT || shape == KN_SH_ADDR) {
    if (in->b) kn_drop(w, in->b);
    if (shape == KN_SH_TERN || shape == KN_SH_SELECT) kn_drop(w, in->c);
  }
  return true;
}

KN_INLINE void set_zx(struct kn_walk *w, uint32_t i, unsigned type) {
  if (type == KILN_TYPE_I32) w->val[i].flags |= KN_VF_ZX;
}

/* Registers of the operands, but for `keep`: the result must not take them before they are read. */
KN_INLINE uint64_t others(const struct kn_walk *w, unsigned keep) {
  return w->locked & ~KN_BIT(keep);
}

/* ---- add, sub, logic ---- */

/* dst = ra op o, for two-address operations. dst may be any register of the operands. */
KN_INLINE void two_address(struct kn_walk *w, unsigned op, unsigned group, unsigned size,
                           unsigned dst, unsigned ra, const struct x64_operand *o, bool commutes) {
  unsigned to = dst;
  if (KN_UNLIKELY(dst != ra && (w->locked & KN_BIT(dst)))) {
    if (o->kind == X64_REG && o->reg == dst && commutes) {
      EMIT(w, x64_rr(w->p, op, size, dst, ra));
      return;
    }
    if (o->kind != X64_IMM) to = X64_SCRATCH; /* the second operand reads dst, or may */
  }
  if (to != ra) x64_mov(w, size, to, ra);
  if (o->kind == X64_IMM)
    EMIT(w, x64_alu_ri(w->p, group, size, to, o->imm));
  else if (o->kind == X64_REG)
    EMIT(w, x64_rr(w->p, op, size, to, o->reg));
  else
    x64_op_mem(w, op, size, to, &o->place);
  if (to != dst) x64_mov(w, size, dst, to);
}

/* Operand order of a commutative operation: the constant or folded load comes second. */
KN_INLINE void order(const struct kn_walk *w, uint32_t *a, uint32_t *b) {
  if (!kn_is_value(*a) || (w->val[*a].flags & KN_VF_MEM)) {
    uint32_t t = *a;
    *a = *b;
    *b = t;
  }
}

KN_INLINE void binary(struct kn_walk *w, const struct kn_inst *in, uint32_t i, unsigned op,
                      unsigned group, bool commutes) {
  if (x64_dead(w, in, i)) return;
  unsigned type = in->type, size = x64_op_size(type);
  uint32_t a = in->a, b = in->b;
  if (commutes) order(w, &a, &b);
  unsigned ra = kn_reg(w, a, type);
  struct x64_operand o = x64_operand(w, b, type);
  kn_drop(w, a);
  kn_drop(w, b);
  unsigned dst = kn_def(w, i, type, ra, others(w, ra));
  two_address(w, op, group, size, dst, ra, &o, commutes);
  set_zx(w, i, type);
  kn_defined(w, i, dst);
}

void x64_and(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) x64_wide(w, in, i);
  else binary(w, in, i, X64_AND, X64_G_AND, true);
}
void x64_or(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) x64_wide(w, in, i);
  else binary(w, in, i, X64_OR, X64_G_OR, true);
}
void x64_xor(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) x64_wide(w, in, i);
  else binary(w, in, i, X64_XOR, X64_G_XOR, true);
}

/* Sums use lea where the result has a register of its own. */
KN_INLINE void sum(struct kn_walk *w, const struct kn_inst *in, uint32_t i, bool subtract) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned type = in->type, size = x64_op_size(type);
  uint32_t a = in->a, b = in->b;
  if (!subtract) order(w, &a, &b);
  unsigned ra = kn_reg(w, a, type);
  struct x64_operand o = x64_operand(w, b, type);
  kn_drop(w, a);
  kn_drop(w, b);
  unsigned dst = kn_def(w, i, type, ra, others(w, ra));
  if (dst != ra && o.kind == X64_IMM && o.imm != INT32_MIN) {
    EMIT(w, x64_rm(w->p, X64_LEA, size, dst, x64_at(ra, subtract ? -o.imm : o.imm)));
  } else if (dst != ra && dst != o.reg && o.kind == X64_REG && !subtract) {
    EMIT(w, x64_rm(w->p, X64_LEA, size, dst, (struct x64_mem){(uint8_t)ra, (uint8_t)o.reg, 0, 0, 0}));
  } else {
    two_address(w, subtract ? X64_SUB : X64_ADD, subtract ? X64_G_SUB : X64_G_ADD, size, dst, ra, &o,
                !subtract);
  }
  set_zx(w, i, type);
  kn_defined(w, i, dst);
}
void x64_add(struct kn_walk *w, const struct kn_inst *in, uint32_t i) { sum(w, in, i, false); }
void x64_sub(struct kn_walk *w, const struct kn_inst *in, uint32_t i) { sum(w, in, i, true); }

void x64_mul(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned type = in->type, size = x64_op_size(type);
  uint32_t a = in->a, b = in->b;
  order(w, &a, &b);
  unsigned ra = kn_reg(w, a, type);
  struct x64_operand o = x64_operand(w, b, type);
  kn_drop(w, a);
  kn_drop(w, b);
  unsigned dst = kn_def(w, i, type, ra, others(w, ra));
  if (o.kind == X64_IMM) {
    uint32_t m = (uint32_t)o.imm;
    if (o.imm > 0 && (m & (m - 1)) == 0) {
      x64_move(w, dst, ra, type);
      if (m > 1) EMIT(w, x64_shift_ri(w->p, X64_G_SHL, size, dst, (unsigned)__builtin_ctz(m)));
    } else if (o.imm == 3 || o.imm == 5 || o.imm == 9) {
      uint8_t scale = o.imm == 3 ? 1 : o.imm == 5 ? 2 : 3;
      EMIT(w, x64_rm(w->p, X64_LEA, size, dst, (struct x64_mem){(uint8_t)ra, (uint8_t)ra, scale, 0, 0}));
    } else {
      EMIT(w, x64_imul_rri(w->p, size, dst, ra, o.imm));
    }
  } else {
    two_address(w, X64_IMUL, 0, size, dst, ra, &o, true);
  }
  if (o.kind != X64_IMM || o.imm != 1) set_zx(w, i, type); /* times 1 emits nothing */
  kn_defined(w, i, dst);
}

/* ---- shifts ---- */

/* Brings the count into cl; claims rcx for it unless it is there. Called before other operands are
 * fetched, since what was in rcx moves. */
static void count_to_cl(struct kn_walk *w, uint32_t h, unsigned type) {
  if (kn_is_value(h) && w->val[h].reg == X64_RCX) {
    w->locked |= KN_BIT(X64_RCX);
    KN_LOG(w, KN_EV_USE, h, X64_RCX);
    return;
  }
  kn_claim(w, X64_RCX);
  struct x64_operand o = x64_operand(w, h, type);
  if (o.kind == X64_IMM)
    x64_const(w, X64_RCX, (uint32_t)o.imm);
  else
    x64_op_operand(w, X64_MOV, 2, X64_RCX, &o);
}

void x64_shift(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned type = in->type, size = x64_op_size(type);
  unsigned group = in->op == KILN_OP_SHL ? X64_G_SHL : in->op == KILN_OP_LSHR ? X64_G_SHR : X64_G_SAR;
  bool extend = group != X64_G_SHL && x64_size(type) < 2;
  int32_t n;
  bool by_imm = x64_imm32(w, in->b, KILN_TYPE_I32, &n);
  if (!by_imm) count_to_cl(w, in->b, type);
  unsigned ra = kn_reg(w, in->a, type);
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  unsigned dst = kn_def(w, i, type, ra, others(w, ra) | (by_imm ? 0 : KN_BIT(X64_RCX)));
  if (dst == X64_RCX && !by_imm) { /* a is the count as well */
    kn_walk_fail(w, KILN_ERR_LIMIT, "shift result in the count's register");
    return;
  }
  if (extend)
    x64_extend(w, dst, ra, type, group == X64_G_SAR, false);
  else
    x64_move(w, dst, ra, type);
  unsigned bits = 8u << x64_size(type);
  if (by_imm) {
    if ((n & (int32_t)(bits - 1)) != 0)
      EMIT(w, x64_shift_ri(w->p, group, size, dst, (unsigned)n & (bits - 1)));
  } else {
    EMIT(w, x64_shift_cl(w->p, group, size, dst));
  }
  if (type == KILN_TYPE_I32 && (!by_imm || (n & 31) != 0)) set_zx(w, i, type);
  kn_defined(w, i, dst);
}

void x64_rotate(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned type = in->type, size = x64_size(type);
  unsigned group = in->op == KILN_OP_ROTL ? X64_G_ROL : X64_G_ROR;
  int32_t n;
  bool by_imm = x64_imm32(w, in->b, KILN_TYPE_I32, &n);
  if (!by_imm) count_to_cl(w, in->b, type);
  unsigned ra = kn_reg(w, in->a, type);
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  unsigned dst = kn_def(w, i, type, ra, others(w, ra) | (by_imm ? 0 : KN_BIT(X64_RCX)));
  x64_move(w, dst, ra, type);
  if (by_imm)
    EMIT(w, x64_shift_ri(w->p, group, size, dst, (unsigned)n & ((8u << size) - 1)));
  else
    EMIT(w, x64_shift_cl(w->p, group, size, dst));
  kn_defined(w, i, dst);
}

/* fshl, fshr: shld and shrd; for narrow types the pair fits one register. */
void x64_funnel(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
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
    if (!by_imm)
      EMIT(w, x64_rr(w->p, left ? X64_SHLD_CL : X64_SHRD_CL, size, other, t));
    else if (n)
      EMIT(w, left ? x64_shld_ri(w->p, size, t, other, (unsigned)n)
                   : x64_shrd_ri(w->p, size, t, other, (unsigned)n));
  } else {
    /* a:b in 32 bits; the count modulo the width */
    x64_extend(w, X64_SCRATCH, rb, type, false, false);
    x64_mov(w, 2, t, ra);
    EMIT(w, x64_shift_ri(w->p, X64_G_SHL, 2, t, bits));
    EMIT(w, x64_rr(w->p, X64_OR, 2, t, X64_SCRATCH));
    if (bits == 8) { /* a's garbage above: only 16 bits are a:b */
      EMIT(w, x64_rr(w->p, X64_MOVZX16, 2, t, t));
    }
    if (!by_imm) {
      bool owned = (w->temp & KN_BIT(X64_RCX)) == 0;
      if (owned) x64_mov(w, 2, X64_SCRATCH, X64_RCX);
      EMIT(w, x64_alu_ri(w->p, X64_G_AND, 2, X64_RCX, (int32_t)bits - 1));
      EMIT(w, x64_shift_cl(w->p, left ? X64_G_SHL : X64_G_SHR, 2, t));
      if (owned) x64_mov(w, 2, X64_RCX, X64_SCRATCH);
    } else if (n) {
      EMIT(w, x64_shift_ri(w->p, left ? X64_G_SHL : X64_G_SHR, 2, t, (unsigned)n));
    }
    if (left) EMIT(w, x64_shift_ri(w->p, X64_G_SHR, 2, t, bits));
  }
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  kn_drop(w, in->c);
  x64_def_fixed(w, i, type, t);
}

/* ---- division, high product ---- */

/* Claims rax and rdx, with operand `a` (extended to at least 32 bits) in rax. */
static void dividend(struct kn_walk *w, uint32_t a, unsigned type, bool sign) {
  bool there = kn_is_value(a) && w->val[a].reg == X64_RAX && w->val[a].uses == 1 &&
               (w->val[a].flags & ~KN_VF_ZX) == 0;
  if (!there) {
    kn_claim(w, X64_RAX);
  } else {
    w->locked |= KN_BIT(X64_RAX);
    w->owner[X64_RAX] = 0; /* a copy of it is none any more */
  }
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
  unsigned ra = kn_reg(w, a, type);
  if (x64_size(type) < 2)
    x64_extend(w, X64_RAX, ra, type, sign, false);
  else
    x64_move(w, X64_RAX, ra, type);
  KN_LOG(w, KN_EV_CLOBBER, 0, X64_RAX);
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
  if (x64_size(type) >= 2) return x64_operand(w, b, type);
  unsigned rb = kn_reg(w, b, type);
  o.reg = kn_temp(w, KN_GP_MASK);
  x64_extend(w, o.reg, rb, type, sign, false);
  return o;
}

/* Division by a power of two without dividing. True if it was one. */
static bool divide_by_power(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
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
    unsigned dst = kn_def(w, i, type, ra, others(w, ra));
    if (d == 1 && rest) {
      x64_const(w, dst, 0);
    } else {
      x64_move(w, dst, ra, type);
      if (rest)
        EMIT(w, x64_alu_ri(w->p, X64_G_AND, size, dst, (int32_t)(d - 1)));
      else if (n)
        EMIT(w, x64_shift_ri(w->p, X64_G_SHR, size, dst, n));
    }
    kn_defined(w, i, dst);
    return true;
  }
  /* towards zero: add d - 1 to negative dividends first */
  unsigned t = kn_temp(w, KN_GP_MASK);
  x64_mov(w, size, t, ra);
  if (n > 1) EMIT(w, x64_shift_ri(w->p, X64_G_SAR, size, t, bits - 1));
  EMIT(w, x64_shift_ri(w->p, X64_G_SHR, size, t, bits - n));
  EMIT(w, x64_rr(w->p, X64_ADD, size, t, ra));
  if (rest) {
    EMIT(w, x64_shift_ri(w->p, X64_G_SAR, size, t, n));
    EMIT(w, x64_shift_ri(w->p, X64_G_SHL, size, t, n));
    x64_mov(w, size, X64_SCRATCH, ra);
    EMIT(w, x64_rr(w->p, X64_SUB, size, X64_SCRATCH, t));
    x64_mov(w, size, t, X64_SCRATCH);
  } else {
    EMIT(w, x64_shift_ri(w->p, X64_G_SAR, size, t, n));
  }
  kn_drop(w, in->a);
  x64_def_fixed(w, i, type, t);
  return true;
}

void x64_divide(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  unsigned type = in->type;
  if (type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  bool sign = in->op == KILN_OP_SDIV || in->op == KILN_OP_SREM;
  bool rest = in->op == KILN_OP_UREM || in->op == KILN_OP_SREM;
  if (w->val[i].uses && divide_by_power(w, in, i)) return;
  dividend(w, in->a, type, sign);
  struct x64_operand o = divisor(w, in->b, type, sign);
  unsigned size = x64_op_size(type);
  if (sign)
    EMIT(w, x64_cdq(w->p, size));
  else
    EMIT(w, x64_zero(w->p, X64_RDX));
  unsigned group = sign ? X64_G_IDIV : X64_G_DIV;
  if (o.kind == X64_REG) {
    EMIT(w, x64_unary_r(w->p, group, size, o.reg));
  } else {
    EMIT(w, x64_unary_m(w->p, group, size, o.place.m));
    if (o.place.m.base == X64_RIP) x64_rip_fixup(w, &o.place, 0);
  }
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  if (w->val[i].uses == 0) return;
  x64_def_fixed(w, i, type, rest ? X64_RDX : X64_RAX);
  set_zx(w, i, type);
}

void x64_high_mul(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (x64_dead(w, in, i)) return;
  unsigned type = in->type;
  bool sign = in->op == KILN_OP_SMULH;
  dividend(w, in->a, type, sign);
  struct x64_operand o = divisor(w, in->b, type, sign);
  if (o.kind == X64_MEM) {
    unsigned t = kn_temp(w, KN_GP_MASK);
    x64_op_mem(w, X64_MOV, x64_op_size(type), t, &o.place);
    o.reg = t;
  }
  unsigned result = X64_RDX;
  if (x64_size(type) >= 2) {
    EMIT(w, x64_unary_r(w->p, sign ? X64_G_IMUL : X64_G_MUL, x64_op_size(type), o.reg));
  } else {
    EMIT(w, x64_rr(w->p, X64_IMUL, 2, X64_RAX, o.reg));
    EMIT(w, x64_shift_ri(w->p, X64_G_SHR, 2, X64_RAX, 8u << x64_size(type)));
    result = X64_RAX;
  }
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  x64_def_fixed(w, i, type, result);
}

/* ---- minimum, overflow, saturation ---- */

/* Operand in a temporary of its own, extended to 32 bits if narrower. */
static unsigned copy_extended(struct kn_walk *w, uint32_t h, unsigned type, bool sign) {
  unsigned r = kn_reg(w, h, type);
  unsigned t = kn_temp(w, KN_GP_MASK);
  if (x64_size(type) < 2) x64_extend(w, t, r, type, sign, false);
  else x64_mov(w, x64_op_size(type), t, r);
  return t;
}

void x64_minmax(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned type = in->type, size = x64_op_size(type);
  bool sign = in->op == KILN_OP_SMIN || in->op == KILN_OP_SMAX;
  unsigned cc = in->op == KILN_OP_SMIN ? X64_G : in->op == KILN_OP_SMAX ? X64_L
              : in->op == KILN_OP_UMIN ? X64_A : X64_B;
  unsigned ta = copy_extended(w, in->a, type, sign);
  unsigned rb = x64_size(type) < 2 ? copy_extended(w, in->b, type, sign) : kn_reg(w, in->b, type);
  EMIT(w, x64_rr(w->p, X64_CMP, size, ta, rb));
  EMIT(w, x64_rr(w->p, X64_CMOV + cc, size, ta, rb));
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  x64_def_fixed(w, i, type, ta);
}

/* Result 1 of operation i, if somebody uses it: the value right behind, or 0. */
static uint32_t second_result(const struct kn_walk *w, uint32_t i) {
  const struct kn_inst *r = &w->inst[i + 1];
  return r->op == KILN_OP_RESULT && r->a == i && w->val[i + 1].uses ? i + 1 : 0;
}

void x64_overflow(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  unsigned type = in->type, size = x64_size(type);
  uint32_t flag = second_result(w, i);
  unsigned cc = X64_O, t;
  if (in->op == KILN_OP_UMULO || (in->op == KILN_OP_SMULO && size == 0)) {
    /* the wide product tells */
    if (size >= 2) {
      dividend(w, in->a, type, false);
      unsigned rb = kn_reg(w, in->b, type);
      EMIT(w, x64_unary_r(w->p, X64_G_MUL, size, rb));
      t = X64_RAX;
    } else {
      bool sign = in->op == KILN_OP_SMULO;
      t = copy_extended(w, in->a, type, sign);
      unsigned u = copy_extended(w, in->b, type, sign);
      EMIT(w, x64_rr(w->p, X64_IMUL, 2, t, u));
      x64_extend(w, u, t, type, sign, false);
      EMIT(w, x64_rr(w->p, X64_CMP, 2, u, t));
      cc = X64_NE;
    }
  } else {
    unsigned ra = kn_reg(w, in->a, type), rb = kn_reg(w, in->b, type);
    t = kn_temp(w, KN_GP_MASK);
    x64_mov(w, x64_op_size(type), t, ra);
    unsigned op = in->op == KILN_OP_SADDO || in->op == KILN_OP_UADDO ? X64_ADD
                : in->op == KILN_OP_SMULO ? X64_IMUL : X64_SUB;
    EMIT(w, x64_rr(w->p, op, size, t, rb));
    if (in->op == KILN_OP_UADDO || in->op == KILN_OP_USUBO) cc = X64_B;
  }
  if (in->op == KILN_OP_UMULO && size >= 2) cc = X64_O;
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  unsigned f = KN_NO_REG;
  if (flag) {
    f = kn_temp(w, KN_GP_MASK & ~KN_BIT(t));
    EMIT(w, x64_setcc(w->p, cc, f));
  }
  if (w->val[i].uses) x64_def_fixed(w, i, type, t);
  if (flag) x64_def_fixed(w, flag, KILN_TYPE_I8, f);
}

void x64_saturate(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (x64_dead(w, in, i)) return;
  unsigned type = in->type, size = x64_size(type), wide = x64_op_size(type);
  bool add = in->op == KILN_OP_SADDS || in->op == KILN_OP_UADDS;
  bool sign = in->op == KILN_OP_SADDS || in->op == KILN_OP_SSUBS;
  unsigned ra = kn_reg(w, in->a, type), rb = kn_reg(w, in->b, type);
  unsigned t = kn_temp(w, KN_GP_MASK), s = X64_SCRATCH;
  x64_mov(w, wide, t, ra);
  if (sign) { /* the bound on a's side: the greatest value, or its inverse */
    x64_extend(w, s, ra, type, true, false);
    if (size == 3) x64_mov(w, 3, s, ra);
    EMIT(w, x64_shift_ri(w->p, X64_G_SAR, wide, s, wide == 3 ? 63 : 31));
    if (size == 3) {
      unsigned m = kn_temp(w, KN_GP_MASK);
      x64_const(w, m, INT64_MAX);
      EMIT(w, x64_rr(w->p, X64_XOR, 3, s, m));
    } else {
      EMIT(w, x64_alu_ri(w->p, X64_G_XOR, 2, s, (int32_t)((1u << ((8u << size) - 1)) - 1)));
    }
  }
  EMIT(w, x64_rr(w->p, add ? X64_ADD : X64_SUB, size, t, rb));
  if (sign) {
    EMIT(w, x64_rr(w->p, X64_CMOV + X64_O, wide, t, s));
  } else {
    EMIT(w, x64_rr(w->p, X64_SBB, wide, s, s));
    if (add) {
      EMIT(w, x64_rr(w->p, X64_OR, wide, t, s));
    } else {
      EMIT(w, x64_unary_r(w->p, X64_G_NOT, wide, s));
      EMIT(w, x64_rr(w->p, X64_AND, wide, t, s));
    }
  }
  kn_drop(w, in->a);
  kn_drop(w, in->b);
  x64_def_fixed(w, i, type, t);
}

/* ---- one operand ---- */

void x64_negate(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned ra = kn_reg(w, in->a, in->type);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, i, in->type, ra, 0);
  x64_move(w, dst, ra, in->type);
  EMIT(w, x64_unary_r(w->p, in->op == KILN_OP_NEG ? X64_G_NEG : X64_G_NOT, x64_op_size(in->type), dst));
  set_zx(w, i, in->type);
  kn_defined(w, i, dst);
}

void x64_abs(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned size = x64_op_size(in->type);
  unsigned a = copy_extended(w, in->a, in->type, true);
  x64_mov(w, size, X64_SCRATCH, a);
  EMIT(w, x64_unary_r(w->p, X64_G_NEG, size, a));
  EMIT(w, x64_rr(w->p, X64_CMOV + X64_S, size, a, X64_SCRATCH));
  kn_drop(w, in->a);
  x64_def_fixed(w, i, in->type, a);
}

/* Baseline has neither lzcnt nor tzcnt: bsr and bsf, with 0 by cmov. */
void x64_clz(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned size = x64_op_size(in->type), bits = 8u << x64_size(in->type);
  unsigned a = copy_extended(w, in->a, in->type, false);
  x64_const(w, X64_SCRATCH, size == 3 ? 127 : bits == 32 ? 63 : 2 * bits - 1);
  EMIT(w, x64_rr(w->p, X64_BSR, size, a, a));
  EMIT(w, x64_rr(w->p, X64_CMOV + X64_E, size, a, X64_SCRATCH));
  EMIT(w, x64_alu_ri(w->p, X64_G_XOR, 2, a, (int32_t)bits - 1));
  kn_drop(w, in->a);
  x64_def_fixed(w, i, in->type, a);
}

void x64_ctz(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned size = x64_op_size(in->type), bits = 8u << x64_size(in->type);
  unsigned a = copy_extended(w, in->a, in->type, false);
  if (bits < 32) { /* a bit behind the value stops the search */
    EMIT(w, x64_alu_ri(w->p, X64_G_OR, 2, a, (int32_t)(1u << bits)));
    EMIT(w, x64_rr(w->p, X64_BSF, 2, a, a));
  } else {
    x64_const(w, X64_SCRATCH, bits);
    EMIT(w, x64_rr(w->p, X64_BSF, size, a, a));
    EMIT(w, x64_rr(w->p, X64_CMOV + X64_E, size, a, X64_SCRATCH));
  }
  kn_drop(w, in->a);
  x64_def_fixed(w, i, in->type, a);
}

/* t = r >> n & mask; r &= mask: the step of popcount and bit reversal. Uses m. */
static void split_bits(struct kn_walk *w, unsigned size, unsigned r, unsigned t, unsigned m,
                       unsigned n, uint64_t mask) {
  x64_const(w, m, size == 3 ? mask : (uint32_t)mask);
  x64_mov(w, size, t, r);
  EMIT(w, x64_rr(w->p, X64_AND, size, r, m));
  EMIT(w, x64_shift_ri(w->p, X64_G_SHR, size, t, n));
  EMIT(w, x64_rr(w->p, X64_AND, size, t, m));
}
static const uint64_t bit_masks[3] = {UINT64_C(0x5555555555555555), UINT64_C(0x3333333333333333),
                                      UINT64_C(0x0f0f0f0f0f0f0f0f)};

/* Warren, Hacker's Delight, 5-1: counting bits in parallel. */
void x64_popcnt(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned size = x64_op_size(in->type);
  unsigned r = copy_extended(w, in->a, in->type, false);
  unsigned m = kn_temp(w, KN_GP_MASK), t = X64_SCRATCH;
  for (unsigned k = 0; k < 3; k++) {
    split_bits(w, size, r, t, m, 1u << k, bit_masks[k]);
    EMIT(w, x64_rr(w->p, X64_ADD, size, r, t));
  }
  x64_const(w, m, size == 3 ? UINT64_C(0x0101010101010101) : 0x01010101);
  EMIT(w, x64_rr(w->p, X64_IMUL, size, r, m));
  EMIT(w, x64_shift_ri(w->p, X64_G_SHR, size, r, size == 3 ? 56 : 24));
  kn_drop(w, in->a);
  x64_def_fixed(w, i, in->type, r);
}

void x64_bitrev(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned size = x64_op_size(in->type), bits = 8u << x64_size(in->type);
  unsigned r = copy_extended(w, in->a, in->type, false);
  unsigned m = kn_temp(w, KN_GP_MASK), t = X64_SCRATCH;
  EMIT(w, x64_bswap(w->p, size, r));
  for (unsigned k = 0; k < 3; k++) {
    split_bits(w, size, r, t, m, 1u << k, bit_masks[k]);
    EMIT(w, x64_shift_ri(w->p, X64_G_SHL, size, r, 1u << k));
    EMIT(w, x64_rr(w->p, X64_OR, size, r, t));
  }
  if (bits < 32) EMIT(w, x64_shift_ri(w->p, X64_G_SHR, 2, r, 32 - bits));
  kn_drop(w, in->a);
  x64_def_fixed(w, i, in->type, r);
}

void x64_byteswap(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned ra = kn_reg(w, in->a, in->type);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, i, in->type, ra, 0);
  x64_move(w, dst, ra, in->type);
  if (x64_size(in->type) >= 2)
    EMIT(w, x64_bswap(w->p, x64_size(in->type), dst));
  else if (x64_size(in->type) == 1)
    EMIT(w, x64_shift_ri(w->p, X64_G_ROL, 1, dst, 8));
  kn_defined(w, i, dst);
}

void x64_copy_op(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  if (!kn_is_value(in->a)) {
    unsigned dst = kn_def(w, i, in->type, KN_NO_REG, 0);
    x64_hook_constant(w, dst, in->a, in->type);
    kn_defined(w, i, dst);
    return;
  }
  unsigned ra = kn_reg(w, in->a, in->type);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, i, in->type, ra, 0);
  x64_move(w, dst, ra, in->type);
  kn_defined(w, i, dst);
}

/* ---- comparison ---- */

static const uint8_t cc_of[KILN_ICOND_COUNT] = {
  [KILN_EQ] = X64_E,  [KILN_NE] = X64_NE,  [KILN_SLT] = X64_L, [KILN_SGE] = X64_GE,
  [KILN_SLE] = X64_LE, [KILN_SGT] = X64_G, [KILN_ULT] = X64_B, [KILN_UGE] = X64_AE,
  [KILN_ULE] = X64_BE, [KILN_UGT] = X64_A,
};
static const uint8_t swapped[KILN_ICOND_COUNT] = {
  [KILN_EQ] = KILN_EQ,   [KILN_NE] = KILN_NE,   [KILN_SLT] = KILN_SGT, [KILN_SGE] = KILN_SLE,
  [KILN_SLE] = KILN_SGE, [KILN_SGT] = KILN_SLT, [KILN_ULT] = KILN_UGT, [KILN_UGE] = KILN_ULE,
  [KILN_ULE] = KILN_UGE, [KILN_UGT] = KILN_ULT,
};

void x64_icmp(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned type = in->type, size = x64_size(type), cond = in->x;
  uint32_t a = in->a, b = in->b;
  if (!kn_is_value(a) && kn_is_value(b)) {
    uint32_t t = a;
    a = b;
    b = t;
    cond = swapped[cond];
  }
  if (kn_is_value(a) && (w->val[a].flags & KN_VF_MEM)) {
    const struct kn_inst *load = &w->inst[a];
    struct x64_place m = x64_address(w, load->a, (int32_t)load->c);
    int32_t imm;
    if (x64_imm32(w, b, type, &imm)) {
      EMIT(w, x64_alu_mi(w->p, X64_G_CMP, size, m.m, imm));
      if (m.m.base == X64_RIP)
        x64_rip_fixup(w, &m, size != 0 && x64_fits8(imm) ? 1 : size == 0 ? 1 : size == 1 ? 2 : 4);
    } else {
      unsigned rb = kn_reg(w, b, type);
      x64_op_mem(w, X64_CMP_ST, size, rb, &m);
    }
  } else {
    unsigned ra = kn_reg(w, a, type);
    struct x64_operand o = x64_operand(w, b, type);
    if (o.kind == X64_IMM) {
      if (o.imm == 0)
        EMIT(w, x64_rr(w->p, X64_TEST, size, ra, ra));
      else
        EMIT(w, x64_alu_ri(w->p, X64_G_CMP, size, ra, o.imm));
    } else {
      x64_op_operand(w, X64_CMP, size, ra, &o);
    }
  }
  kn_drop(w, a);
  kn_drop(w, b);
  const struct kn_inst *next = &w->inst[i + 1];
  if (w->val[i].uses == 1 && next->a == i &&
      (next->op == KILN_OP_BRIF || (next->op == KILN_OP_SELECT && next->type != KILN_TYPE_I128))) {
    w->flags_of = i;
    w->flags_cond = cc_of[cond];
    return;
  }
  unsigned dst = kn_def(w, i, KILN_TYPE_I8, KN_NO_REG, 0);
  EMIT(w, x64_setcc(w->p, cc_of[cond], dst));
  kn_defined(w, i, dst);
}

void x64_select(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  unsigned type = in->type;
  bool in_flags = w->flags_of == in->a && kn_is_value(in->a);
  unsigned cc = in_flags ? w->flags_cond : X64_NE;
  w->flags_of = 0;
  if (type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (!in_flags && x64_dead(w, in, i)) return;
  if (in_flags && w->val[i].uses == 0) {
    w->val[in->a].uses--;
    kn_drop(w, in->b);
    kn_drop(w, in->c);
    return;
  }
  /* nothing from the test to the cmov changes flags: constants and reloads are moves */
  unsigned rb = kn_reg(w, in->b, type), rc = kn_reg(w, in->c, type);
  if (!in_flags) {
    unsigned r = kn_reg(w, in->a, KILN_TYPE_I8);
    EMIT(w, x64_test_ri(w->p, 0, r, 1));
    kn_drop(w, in->a);
  } else {
    w->val[in->a].uses--;
  }
  kn_drop(w, in->b);
  kn_drop(w, in->c);
  if (kn_bank(type)) {
    /* no conditional move of floats: branch over one */
    unsigned dst = kn_def(w, i, type, rc, others(w, rc));
    unsigned t = dst == rb && dst != rc ? X64_XSCRATCH : dst;
    uint32_t skip = kn_walk_label(w);
    x64_move(w, t, rc, type);
    uint32_t take = skip;
    if (cc == X64_CC_OEQ) {
      x64_jcc(w, X64_NE, skip);
      x64_jcc(w, X64_P, skip);
    } else if (cc == X64_CC_UNE) {
      take = kn_walk_label(w);
      x64_jcc(w, X64_NE, take);
      x64_jcc(w, X64_NP, skip);
      x64_place_label(w, take);
    } else {
      x64_jcc(w, cc ^ 1, skip);
    }
    x64_move(w, t, rb, type);
    x64_place_label(w, skip);
    x64_move(w, dst, t, type);
    kn_defined(w, i, dst);
    return;
  }
  unsigned size = x64_op_size(type);
  if (cc == X64_CC_OEQ) { /* a if equal and ordered: start from b, replace by c twice */
    x64_mov(w, size, X64_SCRATCH, rb);
    EMIT(w, x64_rr(w->p, X64_CMOV + X64_NE, size, X64_SCRATCH, rc));
    EMIT(w, x64_rr(w->p, X64_CMOV + X64_P, size, X64_SCRATCH, rc));
  } else {
    x64_mov(w, size, X64_SCRATCH, rc);
    EMIT(w, x64_rr(w->p, X64_CMOV + (cc == X64_CC_UNE ? X64_NE : cc), size, X64_SCRATCH, rb));
    if (cc == X64_CC_UNE) EMIT(w, x64_rr(w->p, X64_CMOV + X64_P, size, X64_SCRATCH, rb));
  }
  unsigned dst = kn_def(w, i, type, rc, 0);
  x64_mov(w, size, dst, X64_SCRATCH);
  kn_defined(w, i, dst);
}

/* ---- extensions ---- */

void x64_trunc(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  if (in->x == KILN_TYPE_I128 || in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned ra = kn_reg(w, in->a, in->x);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, i, in->type, ra, 0);
  x64_move(w, dst, ra, in->type);
  kn_defined(w, i, dst);
}

KN_INLINE void extend(struct kn_walk *w, const struct kn_inst *in, uint32_t i, bool sign) {
  if (in->type == KILN_TYPE_I128) {
    x64_wide(w, in, i);
    return;
  }
  if (x64_dead(w, in, i)) return;
  unsigned from = in->x;
  int64_t imm;
  if (kn_is_value(in->a) && (w->val[in->a].flags & KN_VF_MEM)) {
    const struct kn_inst *load = &w->inst[in->a];
    struct x64_place m = x64_address(w, load->a, (int32_t)load->c);
    kn_drop(w, in->a);
    unsigned dst = kn_def(w, i, in->type, KN_NO_REG, 0);
    unsigned op = from == KILN_TYPE_I8 ? (sign ? X64_MOVSX8 : X64_MOVZX8)
                : from == KILN_TYPE_I16 ? (sign ? X64_MOVSX16 : X64_MOVZX16)
                : sign ? X64_MOVSXD : X64_MOV;
    x64_op_mem(w, op, sign ? x64_op_size(in->type) : 2, dst, &m);
    if (!sign) w->val[i].flags |= KN_VF_ZX;
    kn_defined(w, i, dst);
    return;
  }
  if (x64_imm64(w, in->a, &imm)) {
    unsigned bits = 8u << x64_size(from);
    uint64_t v = (uint64_t)imm << (64 - bits);
    v = sign ? (uint64_t)((int64_t)v >> (64 - bits)) : v >> (64 - bits);
    unsigned dst = kn_def(w, i, in->type, KN_NO_REG, 0);
    x64_const(w, dst, in->type == KILN_TYPE_I64 ? v : (uint32_t)v);
    kn_defined(w, i, dst);
    return;
  }
  unsigned ra = kn_reg(w, in->a, from);
  bool known = !sign && (w->val[in->a].flags & KN_VF_ZX);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, i, in->type, ra, 0);
  if (known)
    x64_move(w, dst, ra, in->type);
  else
    x64_extend(w, dst, ra, from, sign, in->type == KILN_TYPE_I64);
  if (!sign) w->val[i].flags |= KN_VF_ZX;
  kn_defined(w, i, dst);
}
void x64_zext(struct kn_walk *w, const struct kn_inst *in, uint32_t i) { extend(w, in, i, false); }
void x64_sext(struct kn_walk *w, const struct kn_inst *in, uint32_t i) { extend(w, in, i, true); }
