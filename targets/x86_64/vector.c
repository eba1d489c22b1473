/* Vectors on SSE2: v64 in the lower half of an xmm register, with any bits above, and v128. What takes more than one
 * instruction is computed in a register of its own, because operands may live on. Shuffles are in
 * shuffle.c. Called by the walk's loop. */
#include "targets/x86_64/x64.h"

#define P66 (X64_SSE | X64_PRE(0x66))

static unsigned log2_of(const struct kn_inst *in) { return kn_type_log2[KN_LANE(in->x)]; }

static void op(struct kn_walk *w, unsigned code, unsigned dst, unsigned src) {
  EMIT(w, x64_rr, code, 2, x64_hw(dst), x64_hw(src));
}
static void op_imm(struct kn_walk *w, unsigned code, unsigned dst, unsigned src, unsigned imm) {
  w->code.p = x64_put8(x64_rr(w->code.p, code, 2, x64_hw(dst), x64_hw(src)), imm);
}
static void pshufd(struct kn_walk *w, unsigned dst, unsigned src, unsigned imm) {
  op_imm(w, X64_PSHUFD, dst, src, imm);
}
static void copy(struct kn_walk *w, unsigned dst, unsigned src) {
  x64_move(w, dst, src, KILN_TYPE_V128);
}
/* op dst, a constant with both halves `bits`. */
static void op_bits(struct kn_walk *w, unsigned code, unsigned dst, uint64_t bits) {
  struct x64_addr addr = x64_literal(w, bits, bits, 16);
  x64_op_mem(w, code, 2, dst, &addr);
}
/* Shifts the lanes of 2^log2 bytes, or with log2 4 the whole register by bytes, by an immediate. */
enum { RIGHT = 2, SIGNED = 4, LEFT = 6 };
static void shift(struct kn_walk *w, unsigned group, unsigned log2, unsigned reg, unsigned n) {
  uint8_t *p = x64_group_r(w->code.p, (0x70 + log2) | P66, 2, group, x64_hw(reg));
  w->code.p = x64_put8(p, n);
}
static unsigned temp(struct kn_walk *w) { return kn_temp(w, ~KN_GP_MASK); }

/* Byte `b` in all bytes of a word. */
static uint64_t bytes_of(unsigned b) { return (b & 0xff) * UINT64_C(0x0101010101010101); }
/* The highest bit of each lane. */
static uint64_t tops(unsigned log2) {
  static const uint64_t bits[] = {UINT64_C(0x8080808080808080), UINT64_C(0x8000800080008000),
                                  UINT64_C(0x8000000080000000), UINT64_C(1) << 63};
  return bits[log2];
}

/* ---- lanes and scalars ---- */

void x64_lower_vsplat(struct kn_walk *w, const struct kn_inst *in) {
  unsigned lane = KN_LANE(in->x), log2 = kn_type_log2[lane], r = kn_reg(w, in->a, lane);
  unsigned t = temp(w), from = kn_bank(w, lane) ? r : t;
  if (from == t) EMIT(w, x64_rr, X64_MOV_XG, log2 == 3 ? 3 : 2, x64_hw(t), r);
  kn_drop(w, in->a);
  if (log2 == 0) op(w, X64_PUNPCKLBW, t, t);
  if (log2 <= 1) op_imm(w, X64_PSHUFLW, t, t, 0);
  pshufd(w, t, from, log2 == 3 ? 0x44 : 0);
  kn_def_fixed(w, w->i, in->type, t);
}

void x64_lower_vresize(struct kn_walk *w, const struct kn_inst *in) {
  unsigned r = kn_reg(w, in->a, KN_LANE(in->x));
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, w->i, in->type, r, 0);
  copy(w, dst, r);
  kn_defined(w, w->i, dst);
}

void x64_lower_vextract(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, log2 = kn_type_log2[type], k = KN_LANE_NUMBER(in->x);
  unsigned r = kn_reg(w, in->a, KN_LANE(in->x));
  unsigned down = log2 == 3 ? 0xee : k; /* pshufd that brings the lane to the lowest position */
  kn_drop(w, in->a);
  bool fp = kn_bank(w, type);
  unsigned dst = kn_def(w, w->i, type, fp && k == 0 ? r : KN_NO_REG, 0);
  if (fp) {
    if (k == 0) copy(w, dst, r);
    else pshufd(w, dst, r, down);
  } else if (log2 <= 1) {
    op_imm(w, X64_PEXTRW, dst, r, log2 == 0 ? k / 2 : k);
    if (log2 == 0 && k & 1) EMIT(w, x64_shift_ri, X64_G_SHR, 2, dst, 8);
  } else {
    if (k != 0) {
      pshufd(w, x64_xscratch(w), r, down);
      r = x64_xscratch(w);
    }
    EMIT(w, x64_rr, X64_MOV_GX, log2, x64_hw(r), dst);
    x64_set_zx(w, w->i, type);
  }
  kn_defined(w, w->i, dst);
}

/* t = a with 32-bit lane k from the lowest one of the scratch register; k is not 0. */
static void insert_32(struct kn_walk *w, unsigned t, unsigned a, unsigned k) {
  /* scratch = b b and two lanes of a, among them the one that is to be beside lane k */
  op_imm(w, X64_SHUFPS, x64_xscratch(w), a, k == 1 ? 0x40 : 0xe0);
  if (k == 1) {
    op_imm(w, X64_SHUFPS, x64_xscratch(w), a, 0xe2);
    copy(w, t, x64_xscratch(w));
  } else {
    copy(w, t, a);
    op_imm(w, X64_SHUFPS, t, x64_xscratch(w), k == 2 ? 0xc4 : 0x24);
  }
}

void x64_lower_vinsert(struct kn_walk *w, const struct kn_inst *in) {
  unsigned lane = KN_LANE(in->x), log2 = kn_type_log2[lane], k = KN_LANE_NUMBER(in->x);
  unsigned ra = kn_reg(w, in->a, in->type), rb = kn_reg(w, in->b, lane), t = temp(w);
  bool fp = kn_bank(w, lane);
  unsigned g = log2 == 0 ? kn_temp(w, KN_GP_MASK) : 0;
  if (log2 != 2 || k == 0) copy(w, t, ra);
  if (log2 == 0) {
    op_imm(w, X64_PEXTRW, X64_SCRATCH, t, k / 2);
    x64_extend(w, g, rb, KILN_TYPE_I8, false, false);
    if (k & 1) {
      EMIT(w, x64_shift_ri, X64_G_SHL, 2, g, 8);
      x64_extend(w, X64_SCRATCH, X64_SCRATCH, KILN_TYPE_I8, false, false);
    } else {
      EMIT(w, x64_alu_ri, X64_G_AND, 2, X64_SCRATCH, 0xff00);
    }
    EMIT(w, x64_rr, X64_OR, 2, g, X64_SCRATCH);
    op_imm(w, X64_PINSRW, t, g, k / 2);
  } else if (log2 == 1) {
    op_imm(w, X64_PINSRW, t, rb, k);
  } else if (log2 == 2) {
    unsigned from = fp && k == 0 ? rb : x64_xscratch(w);
    if (!fp) EMIT(w, x64_rr, X64_MOV_XG, 2, x64_hw(from), rb);
    else if (k != 0) copy(w, from, rb);
    if (k == 0) op(w, X64_MOVSS, t, from);
    else insert_32(w, t, ra, k);
  } else {
    unsigned from = rb;
    if (!fp) {
      from = x64_xscratch(w);
      EMIT(w, x64_rr, X64_MOV_XG, 3, x64_hw(from), rb);
    }
    op(w, k ? X64_PUNPCKLQDQ : X64_MOVSD, t, from);
  }
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, in->type, t);
}

void x64_lower_vsigns(struct kn_walk *w, const struct kn_inst *in) {
  unsigned vector = KN_LANE(in->x), bytes = KN_LANE_NUMBER(in->x);
  unsigned r = kn_reg(w, in->a, vector), count = (1u << kn_type_log2[vector]) / bytes;
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, w->i, KILN_TYPE_I32, KN_NO_REG, 0);
  static const unsigned codes[] = {X64_PMOVMSKB, X64_PMOVMSKB, X64_MOVMSKPS, X64_MOVMSKPD};
  if (bytes == 2) {
    copy(w, x64_xscratch(w), r);
    op(w, X64_PACKSSWB, x64_xscratch(w), x64_xscratch(w));
    r = x64_xscratch(w);
  }
  op(w, codes[__builtin_ctz(bytes)], dst, r);
  if (vector == KILN_TYPE_V64 || bytes == 2)
    EMIT(w, x64_alu_ri, X64_G_AND, 2, dst, (1 << count) - 1);
  x64_set_zx(w, w->i, KILN_TYPE_I32);
  kn_defined(w, w->i, dst);
}

/* ---- arithmetic ---- */

/* Opcodes by operation and log2 of the lane's bytes; of bitwise ones in the first position. */
static const unsigned codes[][4] = {
  [KILN_OP_VADD - KILN_OP_VADD] = {0xfc, 0xfd, 0xfe, 0xd4},
  [KILN_OP_VSUB - KILN_OP_VADD] = {0xf8, 0xf9, 0xfa, 0xfb},
  [KILN_OP_VAND - KILN_OP_VADD] = {0xdb},
  [KILN_OP_VOR - KILN_OP_VADD] = {0xeb},
  [KILN_OP_VXOR - KILN_OP_VADD] = {0xef},
  [KILN_OP_VFADD - KILN_OP_VADD] = {0, 0, 0x58, 0x58},
  [KILN_OP_VFSUB - KILN_OP_VADD] = {0, 0, 0x5c, 0x5c},
  [KILN_OP_VFMUL - KILN_OP_VADD] = {0, 0, 0x59, 0x59},
  [KILN_OP_VFDIV - KILN_OP_VADD] = {0, 0, 0x5e, 0x5e},
  [KILN_OP_VFSQRT - KILN_OP_VADD] = {0, 0, 0x51, 0x51},
};

/* The opcode of an operation of that table. That of f32 has no prefix. */
static unsigned code_of(const struct kn_inst *in) {
  unsigned lane = KN_LANE(in->x), row = in->op - KILN_OP_VADD;
  unsigned log2 = kn_op_shape(in->op) == KN_SH_BIN ? 0 : kn_type_log2[lane];
  return codes[row][log2] | (lane == KILN_TYPE_F32 ? (unsigned)X64_SSE : P66);
}

/* Lowers to one instruction: dst = dst code b. */
static void binary(struct kn_walk *w, const struct kn_inst *in, unsigned code, uint32_t a,
                   uint32_t b) {
  unsigned ra = kn_reg(w, a, in->type);
  struct x64_operand o = {.kind = X64_REG};
  if (in->type == KILN_TYPE_V128) x64_operand(w, b, in->type, &o);
  else o.reg = kn_reg(w, b, in->type); /* memory of 8 bytes cannot be an operand */
  kn_drop(w, a);
  kn_drop(w, b);
  x64_def_xmm(w, in->type, code, ra, &o);
}

void x64_lower_vbin(struct kn_walk *w, const struct kn_inst *in) {
  binary(w, in, code_of(in), in->a, in->b);
}
void x64_lower_vandn(struct kn_walk *w, const struct kn_inst *in) {
  binary(w, in, X64_PANDN, in->b, in->a);
}

void x64_lower_vun(struct kn_walk *w, const struct kn_inst *in) {
  unsigned r = kn_reg(w, in->a, in->type);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, w->i, in->type, r, 0);
  op(w,
     in->op == KILN_OP_VSITOF   ? X64_CVTDQ2PS
     : in->op == KILN_OP_VFTOSI ? X64_CVTTPS2DQ
                                : code_of(in),
     dst, r);
  kn_defined(w, w->i, dst);
}

void x64_lower_vmul(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = log2_of(in), x = x64_xscratch(w);
  if (log2 == 1) {
    binary(w, in, X64_PMULLW, in->a, in->b);
    return;
  }
  unsigned a = kn_reg(w, in->a, in->type), b = kn_reg(w, in->b, in->type);
  unsigned t = temp(w), u = temp(w);
  if (log2 == 0) { /* the products of even bytes and of odd bytes */
    copy(w, t, a);
    op(w, X64_PMULLW, t, b);
    shift(w, LEFT, 1, t, 8);
    shift(w, RIGHT, 1, t, 8);
    copy(w, u, a);
    copy(w, x, b);
    shift(w, RIGHT, 1, u, 8);
    shift(w, RIGHT, 1, x, 8);
    op(w, X64_PMULLW, u, x);
    shift(w, LEFT, 1, u, 8);
    op(w, X64_POR, t, u);
  } else if (log2 == 2) {
    pshufd(w, u, a, 0xf5);
    pshufd(w, x, b, 0xf5);
    copy(w, t, a);
    op(w, X64_PMULUDQ, t, b);
    op(w, X64_PMULUDQ, u, x);
    pshufd(w, t, t, 8);
    pshufd(w, u, u, 8);
    op(w, X64_PUNPCKLDQ, t, u);
  } else { /* low * low + (low * high + high * low) << 32 */
    copy(w, t, a);
    shift(w, RIGHT, 3, t, 32);
    op(w, X64_PMULUDQ, t, b);
    copy(w, u, b);
    shift(w, RIGHT, 3, u, 32);
    op(w, X64_PMULUDQ, u, a);
    op(w, X64_PADDQ, t, u);
    shift(w, LEFT, 3, t, 32);
    copy(w, u, a);
    op(w, X64_PMULUDQ, u, b);
    op(w, X64_PADDQ, t, u);
  }
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, in->type, t);
}

void x64_lower_vselect(struct kn_walk *w, const struct kn_inst *in) {
  unsigned mask = kn_reg(w, in->a, in->type), b = kn_reg(w, in->b, in->type);
  unsigned c = kn_reg(w, in->c, in->type), t = temp(w);
  copy(w, t, b);
  op(w, X64_PAND, t, mask);
  copy(w, x64_xscratch(w), mask);
  op(w, X64_PANDN, x64_xscratch(w), c);
  op(w, X64_POR, t, x64_xscratch(w));
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, in->type, t);
}

void x64_lower_vshift(struct kn_walk *w, const struct kn_inst *in) {
  unsigned log2 = log2_of(in), n = KN_LANE_NUMBER(in->x), a = kn_reg(w, in->a, in->type);
  unsigned t = temp(w), group = in->op == KILN_OP_VSHL ? LEFT : RIGHT;
  bool sign = in->op == KILN_OP_VASHR;
  copy(w, t, a);
  if (sign && (log2 == 1 || log2 == 2)) {
    shift(w, SIGNED, log2, t, n);
  } else {
    shift(w, group, log2 == 0 ? 1 : log2, t, n);
    if (log2 == 0) op_bits(w, X64_PAND, t, bytes_of(group == LEFT ? 0xffu << n : 0xffu >> n));
    if (sign) { /* (x ^ top) - top extends the sign, which is now that many bits further down */
      uint64_t top = log2 == 0 ? bytes_of(0x80u >> n) : UINT64_C(1) << (63 - n);
      op_bits(w, X64_PXOR, t, top);
      op_bits(w, log2 == 0 ? X64_PSUBB : X64_PSUBQ, t, top);
    }
  }
  kn_drop(w, in->a);
  kn_def_fixed(w, w->i, in->type, t);
}

/* ---- comparisons ---- */

static void invert(struct kn_walk *w, unsigned t) {
  op(w, X64_PCMPEQD, x64_xscratch(w), x64_xscratch(w));
  op(w, X64_PXOR, t, x64_xscratch(w));
}

/* t = a > b by lanes of 64 bits, from comparisons of halves; u: a temporary. */
static void greater_64(struct kn_walk *w, unsigned t, unsigned u, unsigned a, unsigned b,
                       bool is_unsigned) {
  uint64_t bias = is_unsigned ? tops(2) : UINT64_C(0x80000000);
  unsigned x = x64_xscratch(w);
  copy(w, t, a);
  copy(w, x, b);
  op_bits(w, X64_PXOR, t, bias);
  op_bits(w, X64_PXOR, x, bias);
  copy(w, u, t);
  op(w, X64_PCMPEQD, u, x);
  op(w, X64_PCMPGTD, t, x);
  pshufd(w, u, u, 0xf5);
  pshufd(w, x, t, 0xa0);
  op(w, X64_PAND, u, x);
  pshufd(w, t, t, 0xf5);
  op(w, X64_POR, t, u);
}

void x64_lower_vicmp(struct kn_walk *w, const struct kn_inst *in) {
  static const struct {
    bool equal, is_unsigned, swap, invert;
  } rows[KILN_ICOND_COUNT] = {
    [KILN_ICOND_EQ] = {.equal = true},
    [KILN_ICOND_NE] = {.equal = true, .invert = true},
    [KILN_ICOND_SGT] = {0},
    [KILN_ICOND_SLT] = {.swap = true},
    [KILN_ICOND_SGE] = {.swap = true, .invert = true},
    [KILN_ICOND_SLE] = {.invert = true},
    [KILN_ICOND_UGT] = {.is_unsigned = true},
    [KILN_ICOND_ULT] = {.is_unsigned = true, .swap = true},
    [KILN_ICOND_UGE] = {.is_unsigned = true, .swap = true, .invert = true},
    [KILN_ICOND_ULE] = {.is_unsigned = true, .invert = true},
  };
  static const unsigned equals[] = {X64_PCMPEQB, X64_PCMPEQW, X64_PCMPEQD, X64_PCMPEQD};
  static const unsigned greater[] = {X64_PCMPGTB, X64_PCMPGTW, X64_PCMPGTD, 0};
  unsigned cond = KN_LANE_NUMBER(in->x), log2 = log2_of(in);
  bool swap = rows[cond].swap;
  unsigned a = kn_reg(w, swap ? in->b : in->a, in->type);
  unsigned b = kn_reg(w, swap ? in->a : in->b, in->type);
  unsigned t = temp(w), u = log2 == 3 ? temp(w) : 0;
  if (rows[cond].equal) {
    copy(w, t, a);
    op(w, equals[log2], t, b);
    if (log2 == 3) {
      pshufd(w, u, t, 0xb1);
      op(w, X64_PAND, t, u);
    }
  } else if (log2 == 3) {
    greater_64(w, t, u, a, b, rows[cond].is_unsigned);
  } else {
    copy(w, t, a);
    if (rows[cond].is_unsigned) {
      copy(w, x64_xscratch(w), b);
      op_bits(w, X64_PXOR, x64_xscratch(w), tops(log2));
      op_bits(w, X64_PXOR, t, tops(log2));
      b = x64_xscratch(w);
    }
    op(w, greater[log2], t, b);
  }
  if (rows[cond].invert) invert(w, t);
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, in->type, t);
}

void x64_lower_vfcmp(struct kn_walk *w, const struct kn_inst *in) {
  enum { EQ, LT, LE, UNORD, NEQ, NLT, NLE, ORD };
  static const struct {
    uint8_t predicate;
    bool swap;
  } rows[KILN_FCOND_COUNT] = {
    [KILN_FCOND_OEQ] = {EQ, false},  [KILN_FCOND_UNE] = {NEQ, false},
    [KILN_FCOND_OLT] = {LT, false},  [KILN_FCOND_OGT] = {LT, true},
    [KILN_FCOND_OLE] = {LE, false},  [KILN_FCOND_OGE] = {LE, true},
    [KILN_FCOND_UGE] = {NLT, false}, [KILN_FCOND_ULE] = {NLT, true},
    [KILN_FCOND_UGT] = {NLE, false}, [KILN_FCOND_ULT] = {NLE, true},
    [KILN_FCOND_ORD] = {ORD, false}, [KILN_FCOND_UNO] = {UNORD, false},
    [KILN_FCOND_ONE] = {NEQ, false}, [KILN_FCOND_UEQ] = {EQ, false},
  };
  unsigned cond = KN_LANE_NUMBER(in->x);
  unsigned code = 0xc2u | (KN_LANE(in->x) == KILN_TYPE_F32 ? (unsigned)X64_SSE : P66);
  bool swap = rows[cond].swap;
  unsigned a = kn_reg(w, swap ? in->b : in->a, in->type);
  unsigned b = kn_reg(w, swap ? in->a : in->b, in->type), t = temp(w);
  copy(w, t, a);
  op_imm(w, code, t, b, rows[cond].predicate);
  if (cond == KILN_FCOND_ONE || cond == KILN_FCOND_UEQ) {
    copy(w, x64_xscratch(w), a);
    op_imm(w, code, x64_xscratch(w), b, cond == KILN_FCOND_ONE ? ORD : UNORD);
    op(w, cond == KILN_FCOND_ONE ? X64_PAND : X64_POR, t, x64_xscratch(w));
  }
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, in->type, t);
}

/* ---- bits ---- */

void x64_take_halves(struct kn_walk *w, uint32_t i, unsigned r) {
  const unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK), x = x64_xscratch(w);
  EMIT(w, x64_rr, X64_MOV_GX, 3, x64_hw(r), low);
  pshufd(w, x, r, 0xee); /* the upper half */
  EMIT(w, x64_rr, X64_MOV_GX, 3, x64_hw(x), high);
  x64_def_pair(w, i, low, high);
}

void x64_bitcast_pair(struct kn_walk *w, const struct kn_inst *in) {
  if (in->x == KILN_TYPE_V128) {
    const unsigned r = kn_reg(w, in->a, in->x);
    kn_drop(w, in->a);
    x64_take_halves(w, w->i, r);
    return;
  }
  const unsigned t = temp(w), x = x64_xscratch(w);
  for (unsigned k = 0; k < 2; k++) {
    x64_half(w, X64_SCRATCH, in->a, k);
    EMIT(w, x64_rr, X64_MOV_XG, 3, x64_hw(k ? x : t), X64_SCRATCH);
  }
  op(w, X64_PUNPCKLQDQ, t, x);
  kn_drop_any_operands(w, in);
  kn_def_fixed(w, w->i, in->type, t);
}
