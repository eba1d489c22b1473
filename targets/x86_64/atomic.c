/* Atomic operations for x86-64: what is not one instruction is a loop around cmpxchg. Called by the walk's loop.
 * Invariant: operands are in registers before a loop begins, and nothing is spilled within it. */
#include "targets/x86_64/x64.h"

#include <kiln/build.h>

/* dst = memory, zero-extended to 32 or 64 bits. */
static void load(struct kn_walk *w, unsigned size, unsigned dst, const struct x64_addr *m) {
  unsigned op = size == 0 ? X64_MOVZX8 : size == 1 ? X64_MOVZX16 : X64_MOV;
  x64_op_mem(w, op, size == 3 ? 3 : 2, dst, m);
}

void x64_lower_atomic_load(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  unsigned type = in->type, size = x64_size(type);
  struct x64_addr m = x64_address(w, in->a, 0);
  kn_drop(w, in->a);
  unsigned dst = w->val[i].uses ? kn_def(w, i, type, KN_NO_REG, 0) : X64_SCRATCH;
  load(w, size, dst, &m);
  if (w->val[i].uses) kn_defined(w, i, dst);
}

void x64_lower_atomic_store(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, size = x64_size(type);
  unsigned r = kn_reg(w, in->b, type);
  struct x64_addr m = x64_address(w, in->a, 0);
  if ((in->x & 7) == KILN_ORDERING_SEQ_CST) { /* xchg is a full barrier */
    x64_mov(w, 3, X64_SCRATCH, r);
    x64_op_mem(w, X64_XCHG, size, X64_SCRATCH, &m);
  } else {
    x64_op_mem(w, X64_MOV_ST, size, r, &m);
  }
  kn_drop_operands(w, in);
}

void x64_lower_atomic_rmw(struct kn_walk *w, const struct kn_inst *in) {
  uint32_t i = w->i;
  unsigned type = in->type, size = x64_size(type), wide = x64_op_size(type);
  unsigned op = in->x >> 8;
  if (op == KILN_RMW_XCHG || op == KILN_RMW_ADD || op == KILN_RMW_SUB) {
    unsigned r = kn_reg(w, in->b, type);
    struct x64_addr m = x64_address(w, in->a, 0);
    unsigned t = kn_temp(w, KN_GP_MASK);
    x64_mov(w, wide, t, r);
    if (op == KILN_RMW_SUB) EMIT(w, x64_unary_r, X64_G_NEG, wide, t);
    if (op != KILN_RMW_XCHG) EMIT(w, x64_lock);
    x64_op_mem(w, op == KILN_RMW_XCHG ? X64_XCHG : X64_XADD, size, t, &m);
    kn_drop_operands(w, in);
    if (w->val[i].uses) kn_def_fixed(w, i, type, t);
    return;
  }
  kn_claim(w, X64_RAX);
  unsigned r = kn_reg(w, in->b, type);
  struct x64_addr m = x64_address(w, in->a, 0);
  unsigned t = X64_SCRATCH;
  KN_LOG(w, KN_EV_WRITE, 0, X64_RAX);
  load(w, size, X64_RAX, &m);
  uint32_t again = kn_code_label(w);
  x64_bind_label(w, again);
  x64_mov(w, wide, t, X64_RAX);
  switch (op) {
  case KILN_RMW_AND: EMIT(w, x64_rr, X64_AND, wide, t, r); break;
  case KILN_RMW_NAND:
    EMIT(w, x64_rr, X64_AND, wide, t, r);
    EMIT(w, x64_unary_r, X64_G_NOT, wide, t);
    break;
  case KILN_RMW_OR: EMIT(w, x64_rr, X64_OR, wide, t, r); break;
  case KILN_RMW_XOR: EMIT(w, x64_rr, X64_XOR, wide, t, r); break;
  default: {
    unsigned cc = op == KILN_RMW_SMIN   ? X64_LE
                  : op == KILN_RMW_SMAX ? X64_GE
                  : op == KILN_RMW_UMIN ? X64_BE
                                        : X64_AE;
    uint32_t keep = kn_code_label(w);
    EMIT(w, x64_rr, X64_CMP, size, t, r);
    x64_jcc(w, cc, keep);
    x64_mov(w, wide, t, r);
    x64_bind_label(w, keep);
  }
  }
  EMIT(w, x64_lock);
  x64_op_mem(w, X64_CMPXCHG, size, t, &m);
  x64_jcc(w, X64_NE, again);
  kn_drop_operands(w, in);
  if (w->val[i].uses) kn_def_fixed(w, i, type, X64_RAX);
}

void x64_lower_atomic_cas(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, size = x64_size(type);
  kn_claim(w, X64_RAX);
  unsigned desired = kn_reg(w, in->c, type);
  struct x64_operand expected;
  x64_operand(w, in->b, type, &expected);
  struct x64_addr m = x64_address(w, in->a, 0);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RAX);
  if (expected.kind == X64_IMM) x64_const(w, X64_RAX, (uint64_t)(int64_t)expected.imm);
  else x64_op_operand(w, X64_MOV, x64_op_size(type), X64_RAX, &expected);
  EMIT(w, x64_lock);
  x64_op_mem(w, X64_CMPXCHG, size, desired, &m);
  x64_def_with_flag(w, in, X64_RAX, X64_E);
}

/* ---- i128: cmpxchg16b, where the processor has it (KILN_FEATURE_CX16) ---- */

/* Both halves at a frame offset, in two registers. */
static void load_halves(struct kn_walk *w, int32_t at, unsigned low, unsigned high) {
  x64_hook_load(w, low, at, KILN_TYPE_I64);
  x64_hook_load(w, high, at + 8, KILN_TYPE_I64);
}

/* rcx:rbx = the new value of memory, whose old one is in rdx:rax; the operand is at a frame offset. r11 and the flags
 * are lost. */
static void combine(struct kn_walk *w, const struct kn_inst *in, int32_t operand) {
  unsigned op = in->op == KILN_OP_ATOMIC_STORE ? KILN_RMW_XCHG : (unsigned)in->x >> 8;
  load_halves(w, operand, X64_RBX, X64_RCX);
  switch (op) {
  case KILN_RMW_XCHG: return;
  case KILN_RMW_ADD:
    EMIT(w, x64_rr, X64_ADD, 3, X64_RBX, X64_RAX);
    EMIT(w, x64_rr, X64_ADC, 3, X64_RCX, X64_RDX);
    return;
  case KILN_RMW_SUB:
    x64_mov(w, 3, X64_SCRATCH, X64_RAX);
    EMIT(w, x64_rr, X64_SUB, 3, X64_SCRATCH, X64_RBX);
    x64_mov(w, 3, X64_RBX, X64_SCRATCH);
    x64_mov(w, 3, X64_SCRATCH, X64_RDX);
    EMIT(w, x64_rr, X64_SBB, 3, X64_SCRATCH, X64_RCX);
    x64_mov(w, 3, X64_RCX, X64_SCRATCH);
    return;
  case KILN_RMW_AND:
  case KILN_RMW_NAND:
  case KILN_RMW_OR:
  case KILN_RMW_XOR: {
    unsigned logic = op == KILN_RMW_OR ? X64_OR : op == KILN_RMW_XOR ? X64_XOR : X64_AND;
    EMIT(w, x64_rr, logic, 3, X64_RBX, X64_RAX);
    EMIT(w, x64_rr, logic, 3, X64_RCX, X64_RDX);
    if (op != KILN_RMW_NAND) return;
    EMIT(w, x64_unary_r, X64_G_NOT, 3, X64_RBX);
    EMIT(w, x64_unary_r, X64_G_NOT, 3, X64_RCX);
    return;
  }
  default: {
    unsigned keep = op == KILN_RMW_SMIN   ? X64_L
                    : op == KILN_RMW_SMAX ? X64_GE
                    : op == KILN_RMW_UMIN ? X64_B
                                          : X64_AE;
    EMIT(w, x64_rr, X64_CMP, 3, X64_RAX, X64_RBX);
    x64_mov(w, 3, X64_SCRATCH, X64_RDX);
    EMIT(w, x64_rr, X64_SBB, 3, X64_SCRATCH, X64_RCX);
    EMIT(w, x64_rr, X64_CMOV + keep, 3, X64_RBX, X64_RAX);
    EMIT(w, x64_rr, X64_CMOV + keep, 3, X64_RCX, X64_RDX);
  }
  }
}

/* A copy of an operand in the frame. */
static int32_t to_frame(struct kn_walk *w, uint32_t h) {
  const int32_t at = kn_frame_alloc(w, 16, 4);
  x64_store_pair(w, h, x64_frame(w, at));
  return at;
}

/* cmpxchg16b uses rax, rdx, rcx and rbx. The last one may be the home of a value, which is kept in the frame
 * meanwhile, and so are the operands and the address: two registers for that one's parts are all that a block is
 * certain to have besides. A load stores back what it reads (or 0 where there was 0), since there is no other way to
 * read 16 bytes at once. */
void x64_lower_pair_atomic(struct kn_walk *w, const struct kn_inst *in) {
  static const uint8_t fixed[] = {X64_RAX, X64_RDX, X64_RCX};
  bool cas = in->op == KILN_OP_ATOMIC_CAS;
  uint32_t flag = cas ? kn_second_result(w, w->i) : 0;
  if ((w->f->attrs.features & KILN_FEATURE_CX16) == 0) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "i128 needs the feature cx16");
    return;
  }
  const int32_t b = in->op != KILN_OP_ATOMIC_LOAD ? to_frame(w, in->b) : 0,
                c = cas ? to_frame(w, in->c) : 0;
  for (unsigned k = 0; k < sizeof fixed; k++) kn_claim(w, fixed[k]);
  struct x64_addr m = x64_address(w, in->a, 0);
  const unsigned at = X64_SCRATCH;
  struct x64_mem kept = x64_frame_mem(w, kn_frame_alloc(w, 8, 3)),
                 address = x64_frame_mem(w, kn_frame_alloc(w, 8, 3));
  x64_lea(w, at, &m);
  EMIT(w, x64_rm, X64_MOV_ST, 3, at, address);
  EMIT(w, x64_rm, X64_MOV_ST, 3, X64_RBX, kept);
  for (unsigned k = 0; k < sizeof fixed; k++) KN_LOG(w, KN_EV_WRITE, 0, fixed[k]);
  uint32_t again = kn_code_label(w);
  if (cas) {
    load_halves(w, b, X64_RAX, X64_RDX);
    load_halves(w, c, X64_RBX, X64_RCX);
  } else if (in->op == KILN_OP_ATOMIC_LOAD) {
    EMIT(w, x64_zero, X64_RAX);
    EMIT(w, x64_zero, X64_RDX);
    EMIT(w, x64_zero, X64_RBX);
    EMIT(w, x64_zero, X64_RCX);
  } else { /* a first guess; its two halves need not be read at the same moment */
    EMIT(w, x64_rm, X64_MOV, 3, X64_RAX, x64_at(at, 0));
    EMIT(w, x64_rm, X64_MOV, 3, X64_RDX, x64_at(at, 8));
    x64_bind_label(w, again);
    combine(w, in, b);
    EMIT(w, x64_rm, X64_MOV, 3, at, address);
  }
  EMIT(w, x64_lock);
  EMIT(w, x64_cmpxchg16b, x64_at(at, 0));
  if (!cas && in->op != KILN_OP_ATOMIC_LOAD) x64_jcc(w, X64_NE, again);
  if (flag) EMIT(w, x64_setcc, X64_E, X64_RCX);
  EMIT(w, x64_rm, X64_MOV, 3, X64_RBX, kept);
  kn_drop_any_operands(w, in);
  KN_LOG_SET(w, KN_EV_DONE, ~UINT64_C(0));
  x64_def_pair(w, w->i, X64_RAX, X64_RDX);
  if (flag) kn_def_fixed(w, flag, KILN_TYPE_I8, X64_RCX);
}

void x64_lower_fence(struct kn_walk *w, const struct kn_inst *in) {
  if ((in->x & 7) == KILN_ORDERING_SEQ_CST) EMIT(w, x64_mfence); /* else x86's own order */
}
