/* Division and remainder by a constant as a multiplication (lib/codegen/magic.h). x64_lower_divide tries this first.
 * Invariant: divisors of 0, 1 and -1, and the least number, are left to the division: what traps must trap. */
#include "lib/codegen/magic.h"
#include "targets/x86_64/x64.h"

/* dst (64 bits) *= m, below 2^33. */
static void multiply(struct kn_walk *w, unsigned dst, uint64_t m) {
  if (m <= INT32_MAX) {
    EMIT(w, x64_imul_rri, 3, dst, dst, (int32_t)m);
  } else {
    x64_const(w, X64_SCRATCH, m);
    EMIT(w, x64_rr, X64_IMUL, 3, dst, X64_SCRATCH);
  }
}

/* dst = x - q * d, in 32 or 64 bits; q is overwritten, and dst may be q. */
static void remainder_of(struct kn_walk *w, unsigned size, unsigned dst, unsigned x, unsigned q,
                         int64_t d) {
  if (d == (int32_t)d || size == 2) {
    EMIT(w, x64_imul_rri, size, q, q, (int32_t)d);
  } else {
    x64_const(w, X64_SCRATCH, (uint64_t)d);
    EMIT(w, x64_rr, X64_IMUL, size, q, X64_SCRATCH);
  }
  x64_mov(w, size, X64_SCRATCH, x);
  EMIT(w, x64_rr, X64_SUB, size, X64_SCRATCH, q);
  x64_mov(w, size, dst, X64_SCRATCH);
}

/* Up to 32 bits: the whole product fits a 64-bit register. */
static void narrow(struct kn_walk *w, const struct kn_inst *in, int64_t v, bool sign, bool rest) {
  unsigned type = in->type, bits = 8u << x64_size(type);
  unsigned ra = kn_reg(w, in->a, type), t = kn_temp(w, KN_GP_MASK);
  unsigned x = ra;
  if (bits < 32 && rest) { /* the dividend is read again, extended */
    x = kn_temp(w, KN_GP_MASK);
    x64_extend(w, x, ra, type, sign, false);
  }
  x64_extend(w, t, ra, type, sign, true);
  if (sign) {
    struct kn_magic g = kn_magic_signed((uint64_t)(v < 0 ? -v : v), bits);
    multiply(w, t, g.factor);
    x64_mov(w, 3, X64_SCRATCH, t);
    EMIT(w, x64_shift_ri, X64_G_SHR, 3, X64_SCRATCH, 63);
    EMIT(w, x64_shift_ri, X64_G_SAR, 3, t, g.shift);
    EMIT(w, x64_rr, X64_ADD, 2, t, X64_SCRATCH);
    if (v < 0) EMIT(w, x64_unary_r, X64_G_NEG, 2, t);
  } else {
    struct kn_magic g = kn_magic_unsigned((uint64_t)v, bits);
    if (!g.carry || bits < 32) {
      multiply(w, t, g.factor | (uint64_t)g.carry << bits);
      EMIT(w, x64_shift_ri, X64_G_SHR, 3, t, g.shift);
    } else { /* h = the product's high half without the carry; ((x - h) / 2 + h) >> (s - 1) */
      x64_const(w, X64_SCRATCH, g.factor);
      EMIT(w, x64_rr, X64_IMUL, 3, X64_SCRATCH, t);
      EMIT(w, x64_shift_ri, X64_G_SHR, 3, X64_SCRATCH, 32);
      EMIT(w, x64_rr, X64_SUB, 2, t, X64_SCRATCH);
      EMIT(w, x64_shift_ri, X64_G_SHR, 2, t, 1);
      EMIT(w, x64_rr, X64_ADD, 2, t, X64_SCRATCH);
      if (g.shift > 33) EMIT(w, x64_shift_ri, X64_G_SHR, 2, t, g.shift - 33u);
    }
  }
  if (rest) remainder_of(w, 2, t, x, t, v);
  kn_drop(w, in->a);
  kn_def_fixed(w, w->i, type, t);
}

/* 64 bits: the high half of the product, in rdx. */
static void wide(struct kn_walk *w, const struct kn_inst *in, int64_t v, bool sign, bool rest) {
  x64_dividend(w, in->a, in->type, sign);
  unsigned x = kn_temp(w, KN_GP_MASK);
  x64_mov(w, 3, x, X64_RAX);
  KN_LOG(w, KN_EV_WRITE, 0, X64_RDX);
  if (sign) {
    struct kn_magic g = kn_magic_signed((uint64_t)(v < 0 ? -v : v), 64);
    x64_const(w, X64_SCRATCH, g.factor);
    EMIT(w, x64_unary_r, X64_G_IMUL, 3, X64_SCRATCH);
    if (g.factor >> 63) EMIT(w, x64_rr, X64_ADD, 3, X64_RDX, x); /* read as negative */
    x64_mov(w, 3, X64_RAX, X64_RDX);
    EMIT(w, x64_shift_ri, X64_G_SHR, 3, X64_RAX, 63);
    if (g.shift > 64) EMIT(w, x64_shift_ri, X64_G_SAR, 3, X64_RDX, g.shift - 64u);
    EMIT(w, x64_rr, X64_ADD, 3, X64_RDX, X64_RAX);
    if (v < 0) EMIT(w, x64_unary_r, X64_G_NEG, 3, X64_RDX);
  } else {
    struct kn_magic g = kn_magic_unsigned((uint64_t)v, 64);
    unsigned shift = g.shift - 64u;
    x64_const(w, X64_SCRATCH, g.factor);
    EMIT(w, x64_unary_r, X64_G_MUL, 3, X64_SCRATCH);
    if (g.carry) {
      x64_mov(w, 3, X64_RAX, x);
      EMIT(w, x64_rr, X64_SUB, 3, X64_RAX, X64_RDX);
      EMIT(w, x64_shift_ri, X64_G_SHR, 3, X64_RAX, 1);
      EMIT(w, x64_rr, X64_ADD, 3, X64_RDX, X64_RAX);
      shift--;
    }
    if (shift) EMIT(w, x64_shift_ri, X64_G_SHR, 3, X64_RDX, shift);
  }
  if (rest) remainder_of(w, 3, X64_RDX, x, X64_RDX, v);
  kn_drop(w, in->a);
  kn_def_fixed(w, w->i, in->type, X64_RDX);
}

bool x64_divide_const(struct kn_walk *w, const struct kn_inst *in) {
  unsigned type = in->type, bits = 8u << x64_size(type);
  bool sign = in->op == KILN_OP_SDIV || in->op == KILN_OP_SREM;
  bool rest = in->op == KILN_OP_UREM || in->op == KILN_OP_SREM;
  int64_t v;
  if (!kn_is_value(in->a) || !x64_imm64(w, in->b, &v)) return false;
  if (sign) {
    v = (int64_t)((uint64_t)v << (64 - bits)) >> (64 - bits);
    if ((v >= -1 && v <= 1) || v == INT64_MIN >> (64 - bits)) return false;
  } else {
    v = (int64_t)((uint64_t)v & (UINT64_MAX >> (64 - bits)));
    if (v == 0 || v == 1) return false;
  }
  if (bits == 64) wide(w, in, v, sign, rest);
  else narrow(w, in, v, sign, rest);
  x64_set_zx(w, w->i, type);
  return true;
}
