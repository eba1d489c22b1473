/* vshuffle on SSE2: one or two instructions for the usual constant controls, several with masks
 * or shifts for most others of words or more, and memory for the rest. A control is seen as one
 * of 16 bytes (lib/codegen/shuffle.h). Called by the walk's loop. */
#include "lib/codegen/shuffle.h"
#include "targets/x86_64/x64.h"

#define P66 (X64_SSE | X64_PRE(0x66))
enum { ANY = KN_SHUFFLE_ANY };

static void op(struct kn_walk *w, unsigned code, unsigned dst, unsigned src) {
  EMIT(w, x64_rr, code, 2, x64_hw(dst), x64_hw(src));
}
static void op_imm(struct kn_walk *w, unsigned code, unsigned dst, unsigned src, unsigned imm) {
  w->code.p = x64_put8(x64_rr(w->code.p, code, 2, x64_hw(dst), x64_hw(src)), imm);
}
static void copy(struct kn_walk *w, unsigned dst, unsigned src) {
  x64_move(w, dst, src, KILN_TYPE_V128);
}

/* The immediate of four lanes, each less 4 * base; ANY stays where it is. */
static unsigned four(const uint8_t *lane, unsigned base) {
  unsigned imm = 0;
  for (unsigned i = 0; i < 4; i++) imm |= (lane[i] == ANY ? i : lane[i] - 4u * base) << 2 * i;
  return imm;
}

/* t = lanes of one register, by words. False, with nothing emitted, if that takes more than three instructions. */
static bool words_of_one(struct kn_walk *w, unsigned t, unsigned from, const uint8_t k[16]) {
  uint8_t lane[16];
  if (kn_shuffle_lanes(k, 2, lane)) {
    for (unsigned i = 0; i < 4; i++)
      if (lane[i] > 3 && lane[i] != ANY) return false;
    unsigned imm = four(lane, 0);
    if (imm == 0xe4) copy(w, t, from);
    else op_imm(w, X64_PSHUFD, t, from, imm);
    return true;
  }
  if (!kn_shuffle_lanes(k, 1, lane)) return false;
  bool low = true, high = true;
  for (unsigned i = 0; i < 8; i++) {
    if (lane[i] == ANY) continue;
    if (lane[i] > 7 || lane[i] / 4 != i / 4) return false;
    low &= i >= 4 || lane[i] == i;
    high &= i < 4 || lane[i] == i;
  }
  if (!low) op_imm(w, X64_PSHUFLW, t, from, four(lane, 0));
  if (!high) op_imm(w, X64_PSHUFHW, t, low ? from : t, four(lane + 4, 1));
  if (low && high) copy(w, t, from);
  return true;
}

/* t = lanes of two registers interleaved, from their low or high halves. */
static bool unpack(struct kn_walk *w, unsigned t, const unsigned r[2], const uint8_t k[16]) {
  static const uint8_t codes[4][2] = {{0x60, 0x68}, {0x61, 0x69}, {0x62, 0x6a}, {0x6c, 0x6d}};
  for (unsigned log2 = 0; log2 < 4; log2++) {
    uint8_t lane[16];
    if (!kn_shuffle_lanes(k, log2, lane)) continue;
    unsigned n = 16u >> log2;
    for (unsigned way = 0; way < 8; way++) { /* bit 0: high; bits 1 and 2: the operands */
      unsigned first = way >> 1 & 1, second = way >> 2, base = way & 1 ? n / 2 : 0;
      bool same = true;
      for (unsigned i = 0; i < n; i++)
        same &= kn_shuffle_fits(lane[i], (i & 1 ? second : first) * n + base + i / 2);
      if (!same) continue;
      unsigned b = r[second];
      copy(w, t, r[first]);
      op(w, codes[log2][way & 1] | P66, t, b);
      return true;
    }
  }
  return false;
}

/* Shifts register t by `n` bytes, zeros in; `group`: 3 right, 7 left. */
static void shift_bytes(struct kn_walk *w, unsigned group, unsigned t, unsigned n) {
  w->code.p = x64_put8(x64_group_r(w->code.p, 0x73 | P66, 2, group, x64_hw(t)), n);
}

/* t = the bytes of one register, all moved by the same distance. False, with nothing emitted, if they are not. */
static bool moved(struct kn_walk *w, unsigned t, unsigned from, const uint8_t k[16]) {
  int by = 16;
  for (int i = 0; i < 16; i++) {
    if (k[i] == ANY) continue;
    if (k[i] > 15 || (by != 16 && k[i] - i != by)) return false;
    by = k[i] - i;
  }
  copy(w, t, from);
  if (by != 0 && by != 16) shift_bytes(w, by > 0 ? 3 : 7, t, (unsigned)(by > 0 ? by : -by));
  return true;
}

/* t = the end of one register followed by the beginning of another. */
static bool joined(struct kn_walk *w, unsigned t, const unsigned r[2], const uint8_t k[16]) {
  for (unsigned way = 0; way < 30; way++) {
    unsigned by = 1 + way / 2, first = way & 1, i = 0;
    while (i < 16 && kn_shuffle_fits(k[i], i + by < 16 ? first * 16 + i + by
                                                       : (1 - first) * 16 + i + by - 16))
      i++;
    if (i < 16) continue;
    copy(w, x64_xscratch(w), r[1 - first]);
    copy(w, t, r[first]);
    shift_bytes(w, 3, t, by);
    shift_bytes(w, 7, x64_xscratch(w), 16 - by);
    op(w, X64_POR, t, x64_xscratch(w));
    return true;
  }
  return false;
}

/* t = one byte or word of one register everywhere. False, with nothing emitted, if it is not that. */
static bool repeated(struct kn_walk *w, unsigned t, unsigned from, const uint8_t k[16]) {
  uint8_t lane[16];
  bool bytes = !kn_shuffle_lanes(k, 1, lane);
  unsigned which = ANY;
  if (bytes) kn_shuffle_lanes(k, 0, lane);
  for (unsigned i = 0; i < (bytes ? 16 : 8); i++) {
    if (lane[i] == ANY) continue;
    if (which != ANY && lane[i] != which) return false;
    which = lane[i];
  }
  if (which >= (bytes ? 16 : 8)) return false;
  if (bytes) { /* word i becomes byte i twice, or byte 8 + i */
    copy(w, t, from);
    op(w, (which < 8 ? 0x60 : 0x68) | P66, t, t);
    from = t;
    which %= 8;
  }
  op_imm(w, which < 4 ? X64_PSHUFLW : X64_PSHUFHW, t, from, which % 4 * 0x55);
  op_imm(w, X64_PSHUFD, t, t, which < 4 ? 0 : 0xff);
  return true;
}

/* t = bytes of one register, by up to two instructions, or one lane everywhere. False, with
 * nothing emitted, if it takes more. */
static bool of_one(struct kn_walk *w, unsigned t, unsigned from, const uint8_t k[16]) {
  return moved(w, t, from, k) || words_of_one(w, t, from, k) ||
         unpack(w, t, (unsigned[]){from, from}, k) || repeated(w, t, from, k);
}

/* t = two lanes of one register below two lanes of another. */
static bool two_and_two(struct kn_walk *w, unsigned t, const unsigned r[2], const uint8_t k[16]) {
  uint8_t lane[16];
  if (!kn_shuffle_lanes(k, 2, lane)) return false;
  unsigned of[2] = {ANY, ANY};
  for (unsigned i = 0; i < 4; i++) {
    if (lane[i] == ANY) continue;
    if (of[i / 2] != ANY && of[i / 2] != lane[i] / 4) return false;
    of[i / 2] = lane[i] / 4;
  }
  unsigned imm = 0;
  for (unsigned i = 0; i < 4; i++) imm |= (lane[i] == ANY ? 0 : lane[i] % 4u) << 2 * i;
  copy(w, t, r[of[0] == 1]);
  op_imm(w, X64_SHUFPS, t, r[of[1] == 1], imm);
  return true;
}

/* t = any four lanes of 32 bits of two registers, by two instructions. */
static bool any_four(struct kn_walk *w, unsigned t, const unsigned r[2], const uint8_t k[16]) {
  uint8_t lane[16], of[2][4]; /* the positions of the lanes of each operand */
  unsigned n[2] = {0, 0}, x = x64_xscratch(w);
  if (!kn_shuffle_lanes(k, 2, lane)) return false;
  for (unsigned i = 0; i < 4; i++)
    if (lane[i] != ANY) of[lane[i] / 4][n[lane[i] / 4]++] = (uint8_t)i;
  if (n[0] <= 2 && n[1] <= 2) { /* two of each, and then in order */
    unsigned imm = 0, order = 0;
    for (unsigned o = 0; o < 2; o++)
      for (unsigned i = 0; i < n[o]; i++) {
        imm |= (lane[of[o][i]] & 3u) << (4 * o + 2 * i);
        order |= (2 * o + i) << 2 * of[o][i];
      }
    copy(w, t, r[0]);
    op_imm(w, X64_SHUFPS, t, r[1], imm);
    op_imm(w, X64_PSHUFD, t, t, order);
    return true;
  }
  /* the only lane of one operand and the one beside it first, then with the other half */
  unsigned one = n[0] == 1 ? 0 : 1, at = of[one][0], beside = at ^ 1, other = at & 2 ? 0 : 2;
  if (n[one] != 1) return false;
  copy(w, x, r[one]);
  op_imm(w, X64_SHUFPS, x, r[1 - one], (lane[at] & 3u) * 5 | (lane[beside] & 3u) * 0x50);
  unsigned pair = at & 1 ? 2 : 8; /* lanes 2 and 0 of x, or 0 and 2 */
  unsigned rest = (lane[other] & 3u) | (lane[other + 1] & 3u) << 2;
  if (other == 2) {
    op_imm(w, X64_SHUFPS, x, r[1 - one], pair | rest << 4);
    copy(w, t, x);
  } else {
    copy(w, t, r[1 - one]);
    op_imm(w, X64_SHUFPS, t, x, rest | pair << 4);
  }
  return true;
}

/* t = lanes of both registers, each shuffled by itself, joined by a mask. */
static bool blend(struct kn_walk *w, unsigned t, const unsigned r[2], const uint8_t k[16]) {
  uint8_t one[2][16];
  uint64_t mask[2] = {0, 0};
  for (unsigned i = 0; i < 16; i++) {
    one[0][i] = k[i] < 16 ? k[i] : ANY;
    one[1][i] = (uint8_t)(k[i] >= 16 && k[i] != ANY ? k[i] - 16u : ANY);
    if (k[i] < 16) mask[i / 8] |= UINT64_C(0xff) << i % 8 * 8;
  }
  uint8_t *before = w->code.p;
  if (!of_one(w, x64_xscratch(w), r[1], one[1])) return false;
  if (!of_one(w, t, r[0], one[0])) {
    w->code.p = before;
    return false;
  }
  const struct x64_addr keep = x64_literal(w, mask[0], mask[1], 16),
                        drop = x64_literal(w, ~mask[0], ~mask[1], 16);
  x64_op_mem(w, X64_PAND, 2, t, &keep);
  x64_op_mem(w, X64_PAND, 2, x64_xscratch(w), &drop);
  op(w, X64_POR, t, x64_xscratch(w));
  return true;
}

/* The frame offset of three registers' bytes: both operands, and the result or the control. */
static int32_t scratch(struct kn_walk *w) {
  if (x64(w)->vector_scratch == 0) x64(w)->vector_scratch = kn_frame_alloc(w, 48, 4);
  return x64(w)->vector_scratch;
}

/* t = the shuffle, by loads and stores of the largest lanes that it moves. */
static void by_memory(struct kn_walk *w, unsigned t, const unsigned r[2], const uint8_t k[16]) {
  int32_t at = scratch(w);
  unsigned log2 = 3;
  uint8_t lane[16];
  while (!kn_shuffle_lanes(k, log2, lane)) log2--;
  EMIT(w, x64_rm, X64_MOVUPS_ST, 2, x64_hw(r[0]), x64_frame_mem(w, at));
  EMIT(w, x64_rm, X64_MOVUPS_ST, 2, x64_hw(r[1]), x64_frame_mem(w, at + 16));
  for (unsigned i = 0; i < 16u >> log2; i++) {
    if (lane[i] == ANY) continue;
    struct x64_mem from = x64_frame_mem(w, at + (lane[i] << log2));
    EMIT(w, x64_rm,
         log2 == 0   ? X64_MOVZX8
         : log2 == 1 ? X64_MOVZX16
                     : X64_MOV,
         log2 == 3 ? 3 : 2, X64_SCRATCH, from);
    EMIT(w, x64_rm, X64_MOV_ST, log2, X64_SCRATCH,
         x64_frame_mem(w, at + 32 + (int32_t)(i << log2)));
  }
  EMIT(w, x64_rm, X64_MOVUPS, 2, x64_hw(t), x64_frame_mem(w, at + 32));
}

/* t = the shuffle by a control that is not constant, in register c; `n` bytes. g: a temporary. */
static void variable(struct kn_walk *w, unsigned t, const unsigned r[2], unsigned c, unsigned n,
                     unsigned g) {
  int32_t at = scratch(w);
  EMIT(w, x64_rm, X64_MOVUPS_ST, 2, x64_hw(r[0]), x64_frame_mem(w, at));
  EMIT(w, x64_rm, X64_MOVUPS_ST, 2, x64_hw(r[1]), x64_frame_mem(w, at + (int32_t)n));
  EMIT(w, x64_rm, X64_MOVUPS_ST, 2, x64_hw(c), x64_frame_mem(w, at + 32));
  for (unsigned i = 0; i < n; i++) {
    struct x64_mem mem = x64_frame_mem(w, at + 32 + (int32_t)i);
    EMIT(w, x64_rm, X64_MOVZX8, 2, g, mem);
    EMIT(w, x64_alu_ri, X64_G_AND, 2, g, (int32_t)(2 * n - 1));
    EMIT(w, x64_rm, X64_MOVZX8, 2, X64_SCRATCH,
         x64_mem(x64(w)->frame_reg, g, 0, at - x64(w)->frame_bias));
    EMIT(w, x64_rm, X64_MOV_ST, 0, X64_SCRATCH, mem);
  }
  EMIT(w, x64_rm, X64_MOVUPS, 2, x64_hw(t), x64_frame_mem(w, at + 32));
}

void x64_lower_vshuffle(struct kn_walk *w, const struct kn_inst *in) {
  unsigned r[2] = {kn_reg(w, in->a, in->type), kn_reg(w, in->b, in->type)};
  unsigned t;
  uint8_t k[16], one[16];
  if (kn_is_pool(in->c)) {
    kn_shuffle_read(w, in, k);
    t = kn_temp(w, ~KN_GP_MASK);
    if (!(kn_shuffle_from_one(k, 16, 0, one) && of_one(w, t, r[0], one)) &&
        !(kn_shuffle_from_one(k, 16, 1, one) && of_one(w, t, r[1], one)) && !unpack(w, t, r, k) &&
        !two_and_two(w, t, r, k) && !any_four(w, t, r, k) && !joined(w, t, r, k) &&
        !blend(w, t, r, k))
      by_memory(w, t, r, k);
  } else {
    unsigned c = kn_reg(w, in->c, in->type), g = kn_temp(w, KN_GP_MASK);
    t = kn_temp(w, ~KN_GP_MASK);
    variable(w, t, r, c, in->type == KILN_TYPE_V64 ? 8 : 16, g);
  }
  kn_drop_operands(w, in);
  kn_def_fixed(w, w->i, in->type, t);
}
