/* i128: values live in 16-byte frame slots; halves are loaded into registers when needed. */
#include "targets/x86_64/x64.h"

/* ---- operands ---- */

/* The halves of operand h: constants (true, in `imm`) or frame offsets. */
bool x64_wide_source(struct kn_walk *w, uint32_t h, struct x64_addr half[2], int64_t imm[2]) {
  if (!kn_is_value(h)) return kn_wide_number(w, h, imm);
  int32_t at = kn_frame_of(w, &w->val[h]);
  half[0] = x64_frame(w, at);
  half[1] = x64_frame(w, at + 8);
  KN_LOG(w, KN_EV_USE, h, KN_PLACE_FRAME + at);
  return false;
}

/* Half k of h in register dst. */
void x64_wide_half(struct kn_walk *w, unsigned dst, uint32_t h, unsigned k) {
  struct x64_addr half[2];
  int64_t imm[2];
  if (x64_wide_source(w, h, half, imm)) x64_const(w, dst, (uint64_t)imm[k]);
  else x64_op_mem(w, X64_MOV, 3, dst, &half[k]);
}

/* op dst, half k of h. */
static void op_half(struct kn_walk *w, unsigned op, unsigned dst, uint32_t h, unsigned k) {
  struct x64_addr half[2];
  int64_t imm[2];
  if (x64_wide_source(w, h, half, imm)) {
    x64_const(w, X64_SCRATCH, (uint64_t)imm[k]);
    EMIT(w, x64_rr, op, 3, dst, X64_SCRATCH);
  } else {
    x64_op_mem(w, op, 3, dst, &half[k]);
  }
}

/* Whether the higher half of h is known to be 0: a constant, or a narrower number with zeros above. */
static bool is_low(const struct kn_walk *w, uint32_t h) {
  if (kn_is_value(h)) return w->inst[h].op == KILN_OP_ZEXT;
  int64_t half[2];
  return kn_wide_number(w, h, half) && half[1] == 0;
}

void x64_wide_store(struct kn_walk *w, uint32_t i, unsigned low, unsigned high) {
  int32_t at = kn_def_wide(w, i);
  EMIT(w, x64_rm, X64_MOV_ST, 3, low, x64_frame_mem(w, at));
  EMIT(w, x64_rm, X64_MOV_ST, 3, high, x64_frame_mem(w, at + 8));
}

/* ---- operations ---- */

static void by_halves(struct kn_walk *w, const struct kn_inst *in, unsigned low_op,
                      unsigned high_op) {
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
  x64_wide_half(w, low, in->a, 0);
  x64_wide_half(w, high, in->a, 1);
  op_half(w, low_op, low, in->b, 0);
  op_half(w, high_op, high, in->b, 1);
  x64_wide_store(w, w->i, low, high);
}

/* The halves of an operand, in registers or memory. */
struct wide {
  struct x64_addr half[2];
  int64_t imm[2];
  bool constant;
};

static void wide_half(struct kn_walk *w, unsigned dst, const struct wide *o, unsigned k) {
  if (o->constant) x64_const(w, dst, (uint64_t)o->imm[k]);
  else x64_op_mem(w, X64_MOV, 3, dst, &o->half[k]);
}

/* rdx:rax = half j of a * half k of b, as unsigned ones; the carry flag says that rdx is not 0. */
static void half_product(struct kn_walk *w, const struct wide *a, unsigned j, const struct wide *b,
                         unsigned k) {
  wide_half(w, X64_RAX, a, j);
  if (b->constant) {
    x64_const(w, X64_SCRATCH, (uint64_t)b->imm[k]);
    EMIT(w, x64_unary_r, X64_G_MUL, 3, X64_SCRATCH);
  } else {
    EMIT(w, x64_unary_m, X64_G_MUL, 3, b->half[k].m);
  }
}

/* o |= condition; `by` is overwritten. */
static void note(struct kn_walk *w, unsigned o, unsigned cc, unsigned by) {
  EMIT(w, x64_setcc, cc, by);
  EMIT(w, x64_rr, X64_OR, 0, o, by);
}

/* Puts the magnitude of `o` into the frame; its sign is xored into register `sign`. */
static void to_magnitude(struct kn_walk *w, struct wide *o, unsigned sign) {
  int32_t at = kn_frame_alloc(w, 16, 4);
  wide_half(w, X64_RAX, o, 0);
  wide_half(w, X64_RDX, o, 1);
  EMIT(w, x64_rr, X64_XOR, 3, sign, X64_RDX);
  x64_mov(w, 3, X64_SCRATCH, X64_RDX);
  EMIT(w, x64_shift_ri, X64_G_SAR, 3, X64_SCRATCH, 63);
  EMIT(w, x64_rr, X64_XOR, 3, X64_RAX, X64_SCRATCH);
  EMIT(w, x64_rr, X64_XOR, 3, X64_RDX, X64_SCRATCH);
  EMIT(w, x64_rr, X64_SUB, 3, X64_RAX, X64_SCRATCH);
  EMIT(w, x64_rr, X64_SBB, 3, X64_RDX, X64_SCRATCH);
  o->constant = false;
  o->half[0] = x64_frame(w, at);
  o->half[1] = x64_frame(w, at + 8);
  x64_op_mem(w, X64_MOV_ST, 3, X64_RAX, &o->half[0]);
  x64_op_mem(w, X64_MOV_ST, 3, X64_RDX, &o->half[1]);
}

/* Multiplication with an overflow flag: it is set by the product of the high halves, the high half
 * of either mixed product, or a carry. The signed one multiplies magnitudes; its product has to
 * have the right sign. */
static void multiply_overflow(struct kn_walk *w, const struct kn_inst *in, uint32_t flag) {
  bool sign = in->op == KILN_OP_SMULO;
  int32_t sign_at = 0;
  struct wide a, b;
  kn_claim(w, X64_RAX);
  kn_claim(w, X64_RDX);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RAX);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RDX);
  unsigned t = kn_temp(w, KN_GP_MASK), over = kn_temp(w, KN_GP_MASK);
  a.constant = x64_wide_source(w, in->a, a.half, a.imm);
  b.constant = x64_wide_source(w, in->b, b.half, b.imm);
  if (sign) {
    sign_at = kn_frame_alloc(w, 8, 3);
    EMIT(w, x64_zero, t);
    to_magnitude(w, &a, t);
    to_magnitude(w, &b, t);
    EMIT(w, x64_rm, X64_MOV_ST, 3, t, x64_frame_mem(w, sign_at));
  }
  EMIT(w, x64_zero, over);
  if (!sign && is_low(w, in->a) && is_low(w, in->b)) {
    half_product(w, &a, 0, &b, 0);
    x64_wide_store(w, w->i, X64_RAX, X64_RDX);
    if (flag) kn_def_fixed(w, flag, KILN_TYPE_I8, over);
    return;
  }
  half_product(w, &a, 1, &b, 0);
  note(w, over, X64_O, X64_RDX);
  x64_mov(w, 3, t, X64_RAX);
  half_product(w, &a, 0, &b, 1);
  note(w, over, X64_O, X64_RDX);
  EMIT(w, x64_rr, X64_ADD, 3, t, X64_RAX);
  note(w, over, X64_B, X64_RDX);
  wide_half(w, X64_RAX, &a, 1);
  EMIT(w, x64_rr, X64_TEST, 3, X64_RAX, X64_RAX);
  EMIT(w, x64_setcc, X64_NE, X64_RDX);
  wide_half(w, X64_RAX, &b, 1);
  EMIT(w, x64_rr, X64_TEST, 3, X64_RAX, X64_RAX);
  EMIT(w, x64_setcc, X64_NE, X64_RAX);
  EMIT(w, x64_rr, X64_AND, 0, X64_RAX, X64_RDX);
  EMIT(w, x64_rr, X64_OR, 0, over, X64_RAX);
  half_product(w, &a, 0, &b, 0);
  EMIT(w, x64_rr, X64_ADD, 3, X64_RDX, t);
  note(w, over, X64_B, t);
  if (sign) {
    x64_hook_load(w, t, sign_at, KILN_TYPE_I64);
    EMIT(w, x64_shift_ri, X64_G_SAR, 3, t, 63);
    EMIT(w, x64_rr, X64_XOR, 3, X64_RAX, t);
    EMIT(w, x64_rr, X64_XOR, 3, X64_RDX, t);
    EMIT(w, x64_rr, X64_SUB, 3, X64_RAX, t);
    EMIT(w, x64_rr, X64_SBB, 3, X64_RDX, t);
    /* the wrong sign, unless it is 0 */
    EMIT(w, x64_rr, X64_XOR, 3, t, X64_RDX);
    EMIT(w, x64_shift_ri, X64_G_SHR, 3, t, 63);
    x64_mov(w, 3, X64_SCRATCH, X64_RAX);
    EMIT(w, x64_rr, X64_OR, 3, X64_SCRATCH, X64_RDX);
    EMIT(w, x64_setcc, X64_NE, X64_SCRATCH);
    EMIT(w, x64_rr, X64_AND, 0, t, X64_SCRATCH);
    EMIT(w, x64_rr, X64_OR, 0, over, t);
  }
  x64_wide_store(w, w->i, X64_RAX, X64_RDX);
  if (flag) kn_def_fixed(w, flag, KILN_TYPE_I8, over);
}

static void with_overflow(struct kn_walk *w, const struct kn_inst *in) {
  bool add = in->op == KILN_OP_SADDO || in->op == KILN_OP_UADDO;
  bool sign = in->op == KILN_OP_SADDO || in->op == KILN_OP_SSUBO;
  uint32_t flag = kn_second_result(w, w->i);
  if (in->op == KILN_OP_SMULO || in->op == KILN_OP_UMULO) {
    multiply_overflow(w, in, flag);
    return;
  }
  by_halves(w, in, add ? X64_ADD : X64_SUB, add ? X64_ADC : X64_SBB);
  if (!flag) return;
  unsigned f = kn_temp(w, KN_GP_MASK); /* may evict: a spill is a move and keeps the flags */
  EMIT(w, x64_setcc, sign ? X64_O : X64_B, f);
  kn_def_fixed(w, flag, KILN_TYPE_I8, f);
}

static void multiply(struct kn_walk *w, const struct kn_inst *in) {
  kn_claim(w, X64_RAX);
  kn_claim(w, X64_RDX);
  unsigned t = kn_temp(w, KN_GP_MASK), u = kn_temp(w, KN_GP_MASK);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RAX);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RDX);
  bool low = is_low(w, in->a) && is_low(w, in->b);
  if (!low) {
    x64_wide_half(w, t, in->a, 1);
    op_half(w, X64_IMUL, t, in->b, 0);
    x64_wide_half(w, u, in->a, 0);
    op_half(w, X64_IMUL, u, in->b, 1);
    EMIT(w, x64_rr, X64_ADD, 3, t, u);
  }
  x64_wide_half(w, X64_RAX, in->a, 0);
  x64_wide_half(w, u, in->b, 0);
  EMIT(w, x64_unary_r, X64_G_MUL, 3, u);
  if (!low) EMIT(w, x64_rr, X64_ADD, 3, X64_RDX, t);
  x64_wide_store(w, w->i, X64_RAX, X64_RDX);
}

static void shift(struct kn_walk *w, const struct kn_inst *in) {
  struct x64_addr half[2];
  int64_t imm[2];
  bool left = in->op == KILN_OP_SHL, sign = in->op == KILN_OP_ASHR;
  unsigned group = left ? X64_G_SHL : sign ? X64_G_SAR : X64_G_SHR;
  bool constant = x64_wide_source(w, in->b, half, imm);
  if (!constant) {
    kn_claim(w, X64_RCX);
    KN_LOG(w, KN_EV_WRITE, 0, X64_RCX);
    x64_op_mem(w, X64_MOV, 2, X64_RCX, &half[0]);
  }
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
  x64_wide_half(w, low, in->a, 0);
  x64_wide_half(w, high, in->a, 1);
  /* bits go from `from` to `to` */
  unsigned from = left ? low : high, to = left ? high : low;
  if (constant) {
    unsigned n = (unsigned)imm[0] & 127;
    if (n >= 64) {
      x64_mov(w, 3, to, from);
      if (n > 64) EMIT(w, x64_shift_ri, group, 3, to, n - 64);
      if (sign) EMIT(w, x64_shift_ri, X64_G_SAR, 3, from, 63);
      else EMIT(w, x64_zero, from);
    } else if (n) {
      w->code.p =
        left ? x64_shld_ri(w->code.p, 3, to, from, n) : x64_shrd_ri(w->code.p, 3, to, from, n);
      EMIT(w, x64_shift_ri, group, 3, from, n);
    }
  } else {
    uint32_t near = kn_code_label(w);
    EMIT(w, x64_rr, left ? X64_SHLD_CL : X64_SHRD_CL, 3, from, to);
    EMIT(w, x64_shift_cl, group, 3, from);
    EMIT(w, x64_test_ri, 0, X64_RCX, 64);
    x64_jcc(w, X64_E, near);
    x64_mov(w, 3, to, from);
    if (sign) EMIT(w, x64_shift_ri, X64_G_SAR, 3, from, 63);
    else EMIT(w, x64_zero, from);
    x64_bind_label(w, near);
  }
  x64_wide_store(w, w->i, low, high);
}

/* Rotations: both shifts, joined. The count is taken modulo 128. */
static void rotate(struct kn_walk *w, const struct kn_inst *in) {
  struct x64_addr half[2];
  int64_t imm[2];
  bool left = in->op == KILN_OP_ROTL;
  kn_claim(w, X64_RCX);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RCX);
  if (x64_wide_source(w, in->b, half, imm)) x64_const(w, X64_RCX, (uint64_t)imm[0] & 127);
  else x64_op_mem(w, X64_MOV, 2, X64_RCX, &half[0]);
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
  uint32_t near = kn_code_label(w);
  x64_wide_half(w, low, in->a, 0);
  x64_wide_half(w, high, in->a, 1);
  EMIT(w, x64_test_ri, 0, X64_RCX, 64);
  x64_jcc(w, X64_E, near);
  EMIT(w, x64_rr, X64_XCHG, 3, low, high);
  x64_bind_label(w, near);
  unsigned op = left ? X64_SHLD_CL : X64_SHRD_CL;
  x64_mov(w, 3, X64_SCRATCH, left ? high : low);
  w->code.p = left ? x64_rr(w->code.p, op, 3, low, high) : x64_rr(w->code.p, op, 3, high, low);
  EMIT(w, x64_rr, op, 3, X64_SCRATCH, left ? low : high);
  x64_wide_store(w, w->i, low, high);
}

static void compare(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  unsigned cond = in->x, cc;
  uint32_t a = in->a, b = in->b;
  if (cond == KILN_ICOND_SLE || cond == KILN_ICOND_SGT || cond == KILN_ICOND_ULE ||
      cond == KILN_ICOND_UGT) {
    a = in->b;
    b = in->a;
  }
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
  x64_wide_half(w, low, a, 0);
  x64_wide_half(w, high, a, 1);
  if (cond == KILN_ICOND_EQ || cond == KILN_ICOND_NE) {
    op_half(w, X64_XOR, low, b, 0);
    op_half(w, X64_XOR, high, b, 1);
    EMIT(w, x64_rr, X64_OR, 3, low, high);
    cc = cond == KILN_ICOND_EQ ? X64_E : X64_NE;
  } else {
    op_half(w, X64_CMP, low, b, 0);
    op_half(w, X64_SBB, high, b, 1);
    cc = cond == KILN_ICOND_SLT || cond == KILN_ICOND_SGT   ? X64_L
         : cond == KILN_ICOND_SGE || cond == KILN_ICOND_SLE ? X64_GE
         : cond == KILN_ICOND_ULT || cond == KILN_ICOND_UGT ? X64_B
                                                            : X64_AE;
  }
  const struct kn_inst *next = &w->inst[i + 1];
  if (w->val[i].uses == 1 && next->op == KILN_OP_BRIF && next->a == i) {
    x64(w)->flags_of = i;
    x64(w)->flags_cond = cc;
    return;
  }
  EMIT(w, x64_setcc, cc, low);
  kn_def_fixed(w, i, KILN_TYPE_I8, low);
}

/* a, replaced by b if the comparison a - b says so. */
static void minmax(struct kn_walk *w, const struct kn_inst *in) {
  unsigned cc = in->op == KILN_OP_SMIN   ? X64_GE
                : in->op == KILN_OP_SMAX ? X64_L
                : in->op == KILN_OP_UMIN ? X64_AE
                                         : X64_B;
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK), t = kn_temp(w, KN_GP_MASK);
  x64_wide_half(w, low, in->a, 0);
  x64_wide_half(w, high, in->a, 1);
  x64_mov(w, 3, t, high);
  op_half(w, X64_CMP, low, in->b, 0);
  op_half(w, X64_SBB, t, in->b, 1);
  op_half(w, X64_CMOV + cc, low, in->b, 0);
  op_half(w, X64_CMOV + cc, high, in->b, 1);
  x64_wide_store(w, w->i, low, high);
}

/* x ^ s - s, where s is all sign bits. */
static void magnitude(struct kn_walk *w, const struct kn_inst *in) {
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK), s = X64_SCRATCH;
  x64_wide_half(w, low, in->a, 0);
  x64_wide_half(w, high, in->a, 1);
  x64_mov(w, 3, s, high);
  EMIT(w, x64_shift_ri, X64_G_SAR, 3, s, 63);
  EMIT(w, x64_rr, X64_XOR, 3, low, s);
  EMIT(w, x64_rr, X64_XOR, 3, high, s);
  EMIT(w, x64_rr, X64_SUB, 3, low, s);
  EMIT(w, x64_rr, X64_SBB, 3, high, s);
  x64_wide_store(w, w->i, low, high);
}

/* Three of the four halves of a:b, by bit 6 of the count, are shifted by the rest of it. */
static void funnel(struct kn_walk *w, const struct kn_inst *in) {
  struct x64_addr half[2];
  int64_t imm[2];
  bool left = in->op == KILN_OP_FSHL;
  kn_claim(w, X64_RCX);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RCX);
  if (x64_wide_source(w, in->c, half, imm)) x64_const(w, X64_RCX, (uint64_t)imm[0] & 127);
  else x64_op_mem(w, X64_MOV, 2, X64_RCX, &half[0]);
  unsigned top = kn_temp(w, KN_GP_MASK), middle = kn_temp(w, KN_GP_MASK),
           low = kn_temp(w, KN_GP_MASK);
  uint32_t done = kn_code_label(w), far = kn_code_label(w);
  EMIT(w, x64_test_ri, 0, X64_RCX, 64);
  x64_jcc(w, left ? X64_NE : X64_E, far);
  x64_wide_half(w, top, in->a, 1);
  x64_wide_half(w, middle, in->a, 0);
  x64_wide_half(w, low, in->b, 1);
  x64_jmp(w, done);
  x64_bind_label(w, far);
  x64_wide_half(w, top, in->a, 0);
  x64_wide_half(w, middle, in->b, 1);
  x64_wide_half(w, low, in->b, 0);
  x64_bind_label(w, done);
  if (left) {
    EMIT(w, x64_rr, X64_SHLD_CL, 3, middle, top);
    EMIT(w, x64_rr, X64_SHLD_CL, 3, low, middle);
    x64_wide_store(w, w->i, middle, top);
  } else {
    EMIT(w, x64_rr, X64_SHRD_CL, 3, middle, low);
    EMIT(w, x64_rr, X64_SHRD_CL, 3, top, middle);
    x64_wide_store(w, w->i, low, middle);
  }
}

static void select_wide(struct kn_walk *w, const struct kn_inst *in) {
  unsigned cond = kn_reg(w, in->a, KILN_TYPE_I8);
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
  x64_wide_half(w, low, in->c, 0);
  x64_wide_half(w, high, in->c, 1);
  EMIT(w, x64_test_ri, 0, cond, 1);
  op_half(w, X64_CMOV + X64_NE, low, in->b, 0);
  op_half(w, X64_CMOV + X64_NE, high, in->b, 1);
  x64_wide_store(w, w->i, low, high);
}

static void convert(struct kn_walk *w, const struct kn_inst *in) {
  if (in->op == KILN_OP_TRUNC) {
    unsigned t = kn_temp(w, KN_GP_MASK);
    x64_wide_half(w, t, in->a, 0);
    kn_drop(w, in->a);
    kn_def_fixed(w, w->i, in->type, t);
    return;
  }
  unsigned from = in->x, low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
  unsigned r = kn_reg(w, in->a, from);
  bool sign = in->op == KILN_OP_SEXT;
  x64_extend(w, low, r, from, sign, true);
  if (sign) {
    x64_mov(w, 3, high, low);
    EMIT(w, x64_shift_ri, X64_G_SAR, 3, high, 63);
  } else {
    EMIT(w, x64_zero, high);
  }
  kn_drop(w, in->a);
  x64_wide_store(w, w->i, low, high);
}

static void move(struct kn_walk *w, const struct kn_inst *in) {
  unsigned t = X64_SCRATCH;
  if (in->op == KILN_OP_STORE) {
    struct x64_addr to = x64_address(w, in->a, (int32_t)in->c);
    for (unsigned k = 0; k < 2; k++, to.m.disp += 8) {
      x64_wide_half(w, t, in->b, k);
      x64_op_mem(w, X64_MOV_ST, 3, t, &to);
    }
    kn_drop_operands(w, in);
    return;
  }
  if (in->op == KILN_OP_LOAD && KN_MEM_TYPE(in->x) != KILN_TYPE_I128) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "a load that extends to i128 is not supported");
    return;
  }
  bool read = w->val[w->i].uses != 0;
  int32_t at = read ? kn_def_wide(w, w->i) : 0;
  if (in->op == KILN_OP_LOAD) {
    struct x64_addr from = x64_address(w, in->a, (int32_t)in->c);
    if (read) x64_copy(w, x64_frame(w, at), from, 16);
    else /* volatile */
      for (unsigned k = 0; k < 2; k++, from.m.disp += 8) x64_op_mem(w, X64_MOV, 3, t, &from);
  } else if (read) {
    for (unsigned k = 0; k < 2; k++) {
      x64_wide_half(w, t, in->a, k);
      EMIT(w, x64_rm, X64_MOV_ST, 3, t, x64_frame_mem(w, at + 8 * (int32_t)k));
    }
  }
  kn_drop(w, in->a);
}

/* Leading (or trailing) zeros: of the far half, unless that is 0. */
static void count_zeros(struct kn_walk *w, const struct kn_inst *in) {
  bool leading = in->op == KILN_OP_CLZ;
  unsigned op = leading ? X64_BSR : X64_BSF;
  unsigned near = kn_temp(w, KN_GP_MASK), far = kn_temp(w, KN_GP_MASK);
  x64_wide_half(w, far, in->a, leading ? 1 : 0);
  x64_wide_half(w, near, in->a, leading ? 0 : 1);
  x64_const(w, X64_SCRATCH, leading ? 127 : 64); /* what gives 64 for an empty half */
  EMIT(w, x64_rr, op, 3, near, near);
  EMIT(w, x64_rr, X64_CMOV + X64_E, 3, near, X64_SCRATCH);
  if (leading) EMIT(w, x64_alu_ri, X64_G_XOR, 2, near, 63);
  EMIT(w, x64_alu_ri, X64_G_ADD, 2, near, 64);
  EMIT(w, x64_rr, op, 3, far, far);
  uint32_t done = kn_code_label(w);
  x64_jcc(w, X64_E, done);
  if (leading) EMIT(w, x64_alu_ri, X64_G_XOR, 2, far, 63);
  x64_mov(w, 2, near, far);
  x64_bind_label(w, done);
  EMIT(w, x64_zero, far);
  x64_wide_store(w, w->i, near, far);
}

/* NEG, NOT, BSWAP. */
static void unary(struct kn_walk *w, const struct kn_inst *in) {
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
  x64_wide_half(w, low, in->a, 0);
  x64_wide_half(w, high, in->a, 1);
  if (in->op == KILN_OP_BSWAP) {
    EMIT(w, x64_bswap, 3, low);
    EMIT(w, x64_bswap, 3, high);
    x64_wide_store(w, w->i, high, low);
    return;
  }
  EMIT(w, x64_unary_r, X64_G_NOT, 3, high);
  EMIT(w, x64_unary_r, in->op == KILN_OP_NEG ? X64_G_NEG : X64_G_NOT, 3, low);
  /* -x = ~x + 1: the high half gets a carry where the low half was 0 */
  if (in->op == KILN_OP_NEG) EMIT(w, x64_alu_ri, X64_G_SBB, 3, high, -1);
  x64_wide_store(w, w->i, low, high);
}

/* POPCNT, BITREV. */
static void bits(struct kn_walk *w, const struct kn_inst *in) {
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK), m = kn_temp(w, KN_GP_MASK);
  bool count = in->op == KILN_OP_POPCNT;
  x64_wide_half(w, low, in->a, 0);
  x64_wide_half(w, high, in->a, 1);
  (count ? x64_count_bits : x64_reverse_bits)(w, 3, low, m);
  (count ? x64_count_bits : x64_reverse_bits)(w, 3, high, m);
  if (!count) {
    x64_wide_store(w, w->i, high, low);
    return;
  }
  EMIT(w, x64_rr, X64_ADD, 3, low, high);
  EMIT(w, x64_zero, high);
  x64_wide_store(w, w->i, low, high);
}

void x64_lower_wide(struct kn_walk *w, const struct kn_inst *in) {
  switch (in->op) {
  case KILN_OP_LOAD:
  case KILN_OP_STORE:
  case KILN_OP_COPY:
  case KILN_OP_BITCAST: (in->x == KILN_TYPE_V128 ? x64_bitcast_wide : move)(w, in); return;
  case KILN_OP_TRUNC:
  case KILN_OP_ZEXT:
  case KILN_OP_SEXT: convert(w, in); return;
  case KILN_OP_SDIV:
  case KILN_OP_SREM:
  case KILN_OP_UDIV:
  case KILN_OP_UREM: kn_lower_library(w, in); return;
  case KILN_OP_SADDO:
  case KILN_OP_UADDO:
  case KILN_OP_SSUBO:
  case KILN_OP_USUBO:
  case KILN_OP_SMULO:
  case KILN_OP_UMULO: with_overflow(w, in); break;
  case KILN_OP_ADD: by_halves(w, in, X64_ADD, X64_ADC); break;
  case KILN_OP_SUB: by_halves(w, in, X64_SUB, X64_SBB); break;
  case KILN_OP_AND: by_halves(w, in, X64_AND, X64_AND); break;
  case KILN_OP_OR: by_halves(w, in, X64_OR, X64_OR); break;
  case KILN_OP_XOR: by_halves(w, in, X64_XOR, X64_XOR); break;
  case KILN_OP_MUL: multiply(w, in); break;
  case KILN_OP_SHL:
  case KILN_OP_LSHR:
  case KILN_OP_ASHR: shift(w, in); break;
  case KILN_OP_ROTL:
  case KILN_OP_ROTR: rotate(w, in); break;
  case KILN_OP_FSHL:
  case KILN_OP_FSHR: funnel(w, in); break;
  case KILN_OP_SMIN:
  case KILN_OP_SMAX:
  case KILN_OP_UMIN:
  case KILN_OP_UMAX: minmax(w, in); break;
  case KILN_OP_ABS: magnitude(w, in); break;
  case KILN_OP_ICMP: compare(w, in); break;
  case KILN_OP_SELECT:
    if (kn_skip_unread(w, in)) return;
    select_wide(w, in);
    break;
  case KILN_OP_CLZ:
  case KILN_OP_CTZ: count_zeros(w, in); break;
  case KILN_OP_NEG:
  case KILN_OP_NOT:
  case KILN_OP_BSWAP: unary(w, in); break;
  case KILN_OP_POPCNT:
  case KILN_OP_BITREV: bits(w, in); break;
  default:
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "this operation is not supported for i128 on x86_64");
    return;
  }
  kn_drop_operands(w, in);
}
