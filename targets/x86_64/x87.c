/* f80: values live in 16-byte frame slots, of which 10 are used, and the x87 stack is empty between
 * instructions. Called by the walk's loop for every operation of this type, and by the conversions
 * from it. SDM volume 1, chapter 8; rounding control: to nearest even but while fistp truncates. */
#include "targets/x86_64/x64.h"

static void op_memory(struct kn_walk *w, unsigned op, const struct x64_addr *m) {
  EMIT(w, x64_x87_m, op, m->m);
  if (m->m.base == X64_RIP) x64_rip_fixup(w, m, 0);
}
static void op_frame(struct kn_walk *w, unsigned op, int32_t at) {
  struct x64_addr m = x64_frame(w, at);
  op_memory(w, op, &m);
}
static void op_stack(struct kn_walk *w, unsigned op) { EMIT(w, x64_x87_r, op); }

int32_t x64_x87_scratch(struct kn_walk *w) {
  if (x64(w)->x87_scratch == 0) x64(w)->x87_scratch = kn_frame_alloc(w, 16, 4);
  return x64(w)->x87_scratch;
}

/* Pushes plus or minus a power of two. */
static void push_power(struct kn_walk *w, int log2, bool negative) {
  const uint32_t bits = (uint32_t)(log2 + 127) << 23 | (uint32_t)negative << 31;
  const struct x64_addr m = x64_literal(w, bits, 0, 4);
  op_memory(w, X64_FLD32, &m);
}

/* ---- operands and results ---- */

void x64_x87_push(struct kn_walk *w, uint32_t h) {
  if (kn_is_value(h)) {
    int32_t at = kn_frame_of(w, &w->val[h]);
    KN_LOG(w, KN_EV_USE, h, KN_PLACE_FRAME + at);
    op_frame(w, X64_FLD80, at);
    return;
  }
  const struct kn_const *c = &w->f->pool.at[kn_index(h)];
  if (c->low == 0 && c->high == 0) {
    op_stack(w, X64_FLDZ);
  } else if (c->low == UINT64_C(1) << 63 && c->high == 0x3fff) {
    op_stack(w, X64_FLD1);
  } else {
    const struct x64_addr m = x64_literal(w, c->low, c->high, 16);
    op_memory(w, X64_FLD80, &m);
  }
}

/* Half k (0: the lower) of operand h in register dst; the flags stay. */
static void load_half(struct kn_walk *w, unsigned dst, uint32_t h, unsigned k) {
  int64_t half[2];
  if (kn_number_halves(w, h, half)) {
    x64_const(w, dst, (uint64_t)half[k]);
    return;
  }
  const int32_t at = kn_frame_of(w, &w->val[h]);
  KN_LOG(w, KN_EV_USE, h, KN_PLACE_FRAME + at);
  x64_hook_load(w, dst, at + 8 * (int32_t)k, KILN_TYPE_I64);
}

static void store_halves(struct kn_walk *w, unsigned low, unsigned high) {
  const int32_t at = kn_def_in_frame(w, w->i);
  x64_hook_store(w, low, at, KILN_TYPE_I64);
  x64_hook_store(w, high, at + 8, KILN_TYPE_I64);
}

void x64_x87_pop(struct kn_walk *w, uint32_t i) {
  if (i == 0 || w->val[i].uses == 0) op_stack(w, X64_FSTP0);
  else op_frame(w, X64_FSTP80, kn_def_in_frame(w, i));
}

void x64_x87_pop_to(struct kn_walk *w, const struct x64_addr *to) { op_memory(w, X64_FSTP80, to); }

void x64_x87_load(struct kn_walk *w, uint32_t i, const struct x64_addr *from) {
  op_memory(w, X64_FLD80, from);
  x64_x87_pop(w, i);
}

void x64_x87_copy(struct kn_walk *w, int32_t to, int32_t from) {
  op_frame(w, X64_FLD80, from);
  op_frame(w, X64_FSTP80, to);
}

/* ---- conversions ---- */

/* The integer in st(0), which is popped, in register t: towards zero, as a signed 64-bit one. */
static void pop_integer(struct kn_walk *w, unsigned t) {
  int32_t at = x64_x87_scratch(w);
  op_frame(w, X64_FNSTCW, at + 8);
  EMIT(w, x64_rm, X64_MOVZX16, 2, t, x64_frame_mem(w, at + 8));
  EMIT(w, x64_alu_ri, X64_G_OR, 2, t, 0xc00); /* rounding control 11 */
  EMIT(w, x64_rm, X64_MOV_ST, 2, t, x64_frame_mem(w, at + 12));
  op_frame(w, X64_FLDCW, at + 12);
  op_frame(w, X64_FISTP64, at);
  op_frame(w, X64_FLDCW, at + 8);
  EMIT(w, x64_rm, X64_MOV, 3, t, x64_frame_mem(w, at));
}

/* The same as an unsigned one: less 2^63 if it is not below that, whose bit is put back. */
static void pop_unsigned(struct kn_walk *w, unsigned t, unsigned u) {
  push_power(w, 63, false);
  op_stack(w, X64_FUCOMI1);
  EMIT(w, x64_setcc, X64_BE, u);
  op_stack(w, X64_FLDZ);
  op_stack(w, X64_FCMOVBE1);
  op_stack(w, X64_FSTP1);
  op_stack(w, X64_FSUBP1);
  pop_integer(w, t);
  EMIT(w, x64_rr, X64_MOVZX8, 2, u, u);
  EMIT(w, x64_shift_ri, X64_G_SHL, 3, u, 63);
  EMIT(w, x64_rr, X64_XOR, 3, t, u);
}

static void to_integer(struct kn_walk *w, const struct kn_inst *in) {
  bool sign = in->op == KILN_OP_FTOSI || in->op == KILN_OP_FTOSIS;
  bool saturate = in->op == KILN_OP_FTOSIS || in->op == KILN_OP_FTOUIS;
  if (in->type == KILN_TYPE_I128 && saturate) {
    x64_lower_saturate_pair(w, in);
    return;
  }
  if (in->type == KILN_TYPE_I128) {
    kn_lower_library(w, in);
    return;
  }
  unsigned bits = 8u << x64_size(in->type);
  unsigned t = kn_temp(w, KN_GP_MASK), u = kn_temp(w, KN_GP_MASK);
  uint32_t done = 0;
  x64_x87_push(w, in->a);
  kn_drop(w, in->a);
  if (saturate) {
    uint32_t high = kn_code_label(w), nan = kn_code_label(w), drop = kn_code_label(w);
    uint32_t convert = kn_code_label(w);
    done = kn_code_label(w);
    op_stack(w, X64_FUCOMI0);
    x64_jcc(w, X64_P, nan);
    push_power(w, (int)(bits - sign), false);
    op_stack(w, X64_FUCOMIP1);
    x64_jcc(w, X64_BE, high);
    if (sign) push_power(w, (int)bits - 1, true);
    else op_stack(w, X64_FLDZ);
    op_stack(w, X64_FUCOMIP1);
    x64_jcc(w, X64_B, convert);
    x64_saturate_to(w, t, bits, sign, high, nan, drop);
    x64_bind_label(w, drop);
    op_stack(w, X64_FSTP0);
    x64_jmp(w, done);
    x64_bind_label(w, convert);
  }
  if (bits == 64 && !sign) pop_unsigned(w, t, u);
  else pop_integer(w, t);
  if (saturate) x64_bind_label(w, done);
  kn_def_fixed(w, w->i, in->type, t);
}

/* The register that has value i, which was just defined. */
static unsigned newest_reg(const struct kn_walk *w, uint32_t i) {
  return w->val[i].reg != KN_NO_REG ? w->val[i].reg : w->val[i].copy;
}

static void set_pair(struct kn_walk *w, const unsigned reg[2], uint64_t low, uint64_t high) {
  x64_const(w, reg[0], low);
  x64_const(w, reg[1], high);
}

/* The library converts values in range; for others its result is replaced by the nearest end. Any float is compared
 * as an f80, which is kept in memory of its own. */
void x64_lower_saturate_pair(struct kn_walk *w, const struct kn_inst *in) {
  bool sign = in->op == KILN_OP_FTOSIS;
  int32_t from = x64_x87_scratch(w);
  if (in->x == KILN_TYPE_F80) {
    x64_x87_push(w, in->a);
  } else {
    unsigned r = kn_reg(w, in->a, in->x);
    x64_hook_store(w, r, from, in->x);
    op_frame(w, in->x == KILN_TYPE_F64 ? X64_FLD64 : X64_FLD32, from);
  }
  op_frame(w, X64_FSTP80, from);
  const uint8_t type = (uint8_t)in->x;
  const char *name = kn_library_name(sign ? KILN_OP_FTOSI : KILN_OP_FTOUI, KILN_TYPE_I128, type);
  kn_library_call(w, name, &in->a, &type, 1, KILN_TYPE_I128);
  if (w->f->status != KILN_OK) return;
  const unsigned to[2] = {newest_reg(w, w->i), newest_reg(w, w->i + 1)};
  uint32_t high = kn_code_label(w), nan = kn_code_label(w), drop = kn_code_label(w);
  op_frame(w, X64_FLD80, from);
  op_stack(w, X64_FUCOMI0);
  x64_jcc(w, X64_P, nan);
  const struct x64_addr top = x64_literal(w, UINT64_C(1) << 63, 0x3fff + 128 - sign, 16);
  op_memory(w, X64_FLD80, &top);
  op_stack(w, X64_FUCOMIP1);
  x64_jcc(w, X64_BE, high);
  if (sign) push_power(w, 127, true);
  else op_stack(w, X64_FLDZ);
  op_stack(w, X64_FUCOMIP1);
  x64_jcc(w, X64_B, drop);
  set_pair(w, to, 0, (uint64_t)sign << 63);
  x64_jmp(w, drop);
  x64_bind_label(w, high);
  set_pair(w, to, UINT64_MAX, UINT64_MAX >> sign);
  x64_jmp(w, drop);
  x64_bind_label(w, nan);
  set_pair(w, to, 0, 0);
  x64_bind_label(w, drop);
  op_stack(w, X64_FSTP0);
  for (unsigned k = 0; k < 2; k++) { /* whose home is in the frame was stored there */
    struct kn_val *v = &w->val[w->i + k];
    if (v->flags & KN_VF_SLOT_HOME) x64_hook_store(w, to[k], kn_frame_of(w, v), KILN_TYPE_I64);
  }
}

static void from_integer(struct kn_walk *w, const struct kn_inst *in) {
  unsigned from = in->x;
  bool sign = in->op == KILN_OP_SITOF;
  if (from == KILN_TYPE_I128) {
    kn_lower_library(w, in);
    return;
  }
  unsigned r = kn_reg(w, in->a, from), t = kn_temp(w, KN_GP_MASK);
  int32_t at = x64_x87_scratch(w);
  if (from == KILN_TYPE_I64) x64_mov(w, 3, t, r);
  else x64_extend(w, t, r, from, sign, true);
  EMIT(w, x64_rm, X64_MOV_ST, 3, t, x64_frame_mem(w, at));
  op_frame(w, X64_FILD64, at);
  if (!sign && from == KILN_TYPE_I64) { /* a value that was read as negative is 2^64 too small */
    uint32_t skip = kn_code_label(w);
    const struct x64_addr m = x64_literal(w, (64 + 127) << 23, 0, 4);
    EMIT(w, x64_rr, X64_TEST, 3, t, t);
    x64_jcc(w, X64_NS, skip);
    op_memory(w, X64_FADD32, &m);
    x64_bind_label(w, skip);
  }
  kn_drop(w, in->a);
  x64_x87_pop(w, w->i);
}

static void promote(struct kn_walk *w, const struct kn_inst *in) {
  bool single = in->x == KILN_TYPE_F32;
  struct x64_operand o;
  x64_operand(w, in->a, in->x, &o);
  if (o.kind == X64_REG) {
    int32_t at = x64_x87_scratch(w);
    EMIT(w, x64_rm, single ? X64_MOVSS_ST : X64_MOVSD_ST, 2, x64_hw(o.reg), x64_frame_mem(w, at));
    o.addr = x64_frame(w, at);
  }
  op_memory(w, single ? X64_FLD32 : X64_FLD64, &o.addr);
  kn_drop(w, in->a);
  x64_x87_pop(w, w->i);
}

static void demote(struct kn_walk *w, const struct kn_inst *in) {
  int32_t at = x64_x87_scratch(w);
  x64_x87_push(w, in->a);
  op_frame(w, in->type == KILN_TYPE_F32 ? X64_FSTP32 : X64_FSTP64, at);
  kn_drop(w, in->a);
  unsigned dst = kn_def(w, w->i, in->type, KN_NO_REG, 0);
  x64_hook_load(w, dst, at, in->type);
  kn_defined(w, w->i, dst);
}

/* ---- operations ---- */

/* st(0) compared with st(1) sets the flags as ucomis does. */
static void compare(struct kn_walk *w, const struct kn_inst *in) {
  bool swap = x64_fcond[in->x].swap;
  x64_x87_push(w, swap ? in->a : in->b);
  x64_x87_push(w, swap ? in->b : in->a);
  op_stack(w, X64_FUCOMIP1);
  op_stack(w, X64_FSTP0);
  kn_drop_operands(w, in);
  x64_compared(w, x64_fcond[in->x].cc);
}

/* IEEE 754-2019 minimum and maximum: NaN if either is. Of equal operands, which may be zeros of either sign, the
 * first one's sign decides. */
static void minimum(struct kn_walk *w, const struct kn_inst *in) {
  bool least = in->op == KILN_OP_FMINIMUM;
  unsigned sign = kn_temp(w, KN_GP_MASK);
  uint32_t nan = kn_code_label(w), differ = kn_code_label(w), other = kn_code_label(w),
           done = kn_code_label(w);
  load_half(w, sign, in->a, 1);
  x64_x87_push(w, in->b);
  x64_x87_push(w, in->a);
  op_stack(w, X64_FUCOMI1);
  x64_jcc(w, X64_P, nan);
  x64_jcc(w, X64_NE, differ);
  EMIT(w, x64_test_ri, 2, sign, 0x8000);
  x64_jcc(w, least ? X64_E : X64_NE, other);
  op_stack(w, X64_FSTP1);
  x64_jmp(w, done);
  x64_bind_label(w, differ);
  x64_jcc(w, least ? X64_A : X64_B, other);
  op_stack(w, X64_FSTP1);
  x64_jmp(w, done);
  x64_bind_label(w, nan);
  op_stack(w, X64_FADDP1);
  x64_jmp(w, done);
  x64_bind_label(w, other);
  op_stack(w, X64_FSTP0);
  x64_bind_label(w, done);
}

static void copy_sign(struct kn_walk *w, const struct kn_inst *in) {
  unsigned low = kn_temp(w, KN_GP_MASK), high = kn_temp(w, KN_GP_MASK);
  load_half(w, X64_SCRATCH, in->b, 1);
  load_half(w, high, in->a, 1);
  load_half(w, low, in->a, 0);
  EMIT(w, x64_alu_ri, X64_G_AND, 2, X64_SCRATCH, 0x8000);
  EMIT(w, x64_alu_ri, X64_G_AND, 2, high, 0x7fff);
  EMIT(w, x64_rr, X64_OR, 2, high, X64_SCRATCH);
  store_halves(w, low, high);
}

static void select_f80(struct kn_walk *w, const struct kn_inst *in) {
  const unsigned cond = kn_reg(w, in->a, KILN_TYPE_I8);
  unsigned t[2];
  for (unsigned k = 0; k < 2; k++) {
    t[k] = kn_temp(w, KN_GP_MASK);
    load_half(w, t[k], in->c, k);
  }
  EMIT(w, x64_test_ri, 0, cond, 1);
  for (unsigned k = 0; k < 2; k++) {
    load_half(w, X64_SCRATCH, in->b, k);
    EMIT(w, x64_rr, X64_CMOV + X64_NE, 3, t[k], X64_SCRATCH);
  }
  store_halves(w, t[0], t[1]);
  kn_drop_operands(w, in);
}

static void access(struct kn_walk *w, const struct kn_inst *in) {
  if (in->op == KILN_OP_LOAD && w->val[w->i].uses == 0 && !(in->x & KILN_MEM_VOLATILE)) {
    kn_drop(w, in->a);
    return;
  }
  struct x64_addr m = x64_address(w, in->a, (int32_t)in->c);
  kn_drop(w, in->a);
  if (in->op == KILN_OP_STORE) {
    x64_x87_push(w, in->b);
    op_memory(w, X64_FSTP80, &m);
    kn_drop(w, in->b);
  } else {
    x64_x87_load(w, w->i, &m);
  }
}

/* What follows once the operands are on the stack, the last one on top. */
static const uint16_t stack_op[KILN_OP_COUNT] = {
  [KILN_OP_FADD] = X64_FADDP1, [KILN_OP_FSUB] = X64_FSUBP1,   [KILN_OP_FMUL] = X64_FMULP1,
  [KILN_OP_FDIV] = X64_FDIVP1, [KILN_OP_FNEG] = X64_FCHS,     [KILN_OP_FABS] = X64_FABS,
  [KILN_OP_FSQRT] = X64_FSQRT, [KILN_OP_FRINT] = X64_FRNDINT,
};

void x64_lower_x87(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  const uint32_t args[3] = {in->a, in->b, in->c};
  unsigned shape = kn_op_info[in->op].shape;
  unsigned n = shape == KN_SH_TERN ? 3 : shape == KN_SH_BIN ? 2 : 1;
  switch (in->op) {
  case KILN_OP_LOAD:
  case KILN_OP_STORE: access(w, in); return;
  case KILN_OP_FTOSI:
  case KILN_OP_FTOUI:
  case KILN_OP_FTOSIS:
  case KILN_OP_FTOUIS: to_integer(w, in); return;
  case KILN_OP_SITOF:
  case KILN_OP_UITOF: from_integer(w, in); return;
  case KILN_OP_FPROMOTE: promote(w, in); return;
  case KILN_OP_FDEMOTE: demote(w, in); return;
  case KILN_OP_FCMP: compare(w, in); return;
  case KILN_OP_SELECT:
    if (!kn_skip_unread(w, in)) select_f80(w, in);
    return;
  default: break;
  }
  switch (in->op) {
  case KILN_OP_COPY:
  case KILN_OP_BITCAST:
    x64_x87_push(w, in->a);
    x64_x87_pop(w, i);
    break;
  case KILN_OP_FCOPYSIGN: copy_sign(w, in); break;
  case KILN_OP_FMINIMUM:
  case KILN_OP_FMAXIMUM:
    minimum(w, in);
    x64_x87_pop(w, i);
    break;
  case KILN_OP_FMULADD: /* rounded twice */
    x64_x87_push(w, in->a);
    x64_x87_push(w, in->b);
    op_stack(w, X64_FMULP1);
    x64_x87_push(w, in->c);
    op_stack(w, X64_FADDP1);
    x64_x87_pop(w, i);
    break;
  default:
    if (stack_op[in->op] == 0) {
      kn_lower_library(w, in);
      return;
    }
    for (unsigned k = 0; k < n; k++) x64_x87_push(w, args[k]);
    op_stack(w, stack_op[in->op]);
    x64_x87_pop(w, i);
    break;
  }
  for (unsigned k = 0; k < n; k++) kn_drop(w, args[k]);
}
