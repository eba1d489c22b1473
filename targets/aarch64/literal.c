/* Constants in vector registers on AArch64: by an immediate, through a general register if that takes few instructions,
 * otherwise loaded from after the function's code. Called by hooks.c, vector.c and shuffle.c, and by frame.c and
 * relax.c at the function's end. */
#include "targets/aarch64/a64.h"

#include <string.h>

/* Loads a literal of 8 or 16 bytes; one of 8 zeroes the upper half. */
static void load(struct kn_walk *w, unsigned vd, uint64_t low, uint64_t high, uint32_t size) {
  uint32_t label = kn_code_literal(w, low, high, size);
  KN_PUSH(w->owner, w->code.fixups, (struct kn_fixup){kn_here(w), label, A64_FIX_LITERAL});
  a64_emit(w, a64_literal(size == 16 ? A64_LIT_FQ : A64_LIT_FD, vd, 0));
}

/* The low half of vd = a number that is not 0, the rest 0. */
static void set_low(struct kn_walk *w, unsigned vd, uint64_t bits) {
  uint32_t words[4];
  unsigned n = a64_mov_imm(words, 1, A64_IP0, bits);
  if (n > 2) {
    load(w, vd, bits, 0, 8);
    return;
  }
  for (unsigned i = 0; i < n; i++) a64_emit(w, words[i]);
  a64_emit(w, a64_fint(A64_FMOV_FROM_GPR, 1, A64_D, vd, A64_IP0));
}

void a64_float_constant(struct kn_walk *w, unsigned vd, uint64_t bits, unsigned type) {
  bool single = type == KILN_TYPE_F32;
  unsigned imm8;
  if (single) bits &= 0xffffffffu;
  if (bits == 0) {
    a64_emit(w, a64_movi_zero(vd));
  } else if (single ? a64_fp8_s((uint32_t)bits, &imm8) : a64_fp8_d(bits, &imm8)) {
    a64_emit(w, a64_fmov_imm(a64_ft(type), vd, imm8));
  } else if (single) {
    a64_set(w, A64_IP0, 0, bits);
    a64_emit(w, a64_fint(A64_FMOV_FROM_GPR, 0, A64_S, vd, A64_IP0));
  } else {
    set_low(w, vd, bits);
  }
}

/* The instruction that sets all lanes to a number; 0: there is none, or one that is not known here. */
static uint32_t everywhere(unsigned vd, uint64_t bits) {
  uint64_t ones = 0;
  for (unsigned i = 0; i < 8; i++)
    if (bits >> 8 * i & 0xff) ones |= UINT64_C(0xff) << 8 * i;
  if (bits == ones) { /* bytes of zeros or ones */
    unsigned imm8 = 0;
    for (unsigned i = 0; i < 8; i++) imm8 |= (unsigned)(bits >> 8 * i & 1) << i;
    return a64_movi(A64_MOVI_2D, vd, imm8);
  }
  if (bits == (bits & 0xff) * UINT64_C(0x0101010101010101))
    return a64_movi(A64_MOVI_16B, vd, (unsigned)bits & 0xff);
  for (unsigned shift = 0; shift < 32; shift += 8) {
    uint64_t imm8 = bits >> shift & 0xff;
    if (bits == (imm8 << shift) * UINT64_C(0x0000000100000001))
      return a64_movi(A64_MOVI_4S + (shift / 8 << 13), vd, (unsigned)imm8);
    if (shift < 16 && bits == (imm8 << shift) * UINT64_C(0x0001000100010001))
      return a64_movi(A64_MOVI_8H + (shift / 8 << 13), vd, (unsigned)imm8);
  }
  return 0;
}

void a64_vector_constant(struct kn_walk *w, unsigned vd, uint64_t low, uint64_t high) {
  if ((low | high) == 0) {
    a64_emit(w, a64_movi_zero(vd));
  } else if (low == high) {
    uint32_t words[4], word = everywhere(vd, low);
    unsigned n = word ? 0 : a64_mov_imm(words, 1, A64_IP0, low);
    if (word) {
      a64_emit(w, word);
    } else if (n > 2) {
      load(w, vd, low, high, 16);
    } else {
      for (unsigned i = 0; i < n; i++) a64_emit(w, words[i]);
      a64_emit(w, a64_dup(3, vd, A64_IP0));
    }
  } else if (high == 0) {
    set_low(w, vd, low);
  } else {
    load(w, vd, low, high, 16);
  }
}

void a64_place_literals(struct kn_walk *w) {
  if (w->code.literals.n == 0 || !kn_code_room(w, (size_t)w->code.literals.n * 16)) return;
  for (uint32_t k = 0; k < w->code.literals.n; k++) {
    const struct kn_literal *l = &w->code.literals.at[k];
    uint64_t words[2] = {l->low, l->high};
    a64_bind_label(w, l->label);
    memcpy(w->code.p, words, 16);
    w->code.p += l->size;
  }
}

void a64_copy_literal(const struct kn_walk *w, uint32_t label, uint8_t to[16]) {
  for (uint32_t k = 0; k < w->code.literals.n; k++) {
    const struct kn_literal *l = &w->code.literals.at[k];
    uint64_t words[2] = {l->low, l->high};
    if (l->label == label) memcpy(to, words, 16);
  }
}
