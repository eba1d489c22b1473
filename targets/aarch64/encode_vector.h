/* AArch64 instructions on the lanes of vectors, as encode.h has the others: pure functions that
 * give a word. Source: Arm Architecture Reference Manual, C7.2. */
#ifndef KN_TARGETS_AARCH64_ENCODE_VECTOR_H
#define KN_TARGETS_AARCH64_ENCODE_VECTOR_H

#include <stdint.h>

/* vd = vn op vm; the words for bytes. Of floats: 2^log2 bytes, and the lowest bit of the size is set by doubles. */
enum a64_vlanes {
  A64_VADD = 0x4e208400,
  A64_VSUB = 0x6e208400,
  A64_VMUL = 0x4e209c00,
  A64_VADDP = 0x4e20bc00,
  A64_CMEQ = 0x6e208c00,
  A64_CMGT = 0x4e203400,
  A64_CMGE = 0x4e203c00,
  A64_CMHI = 0x6e203400,
  A64_CMHS = 0x6e203c00
};
static inline uint32_t a64_vlanes(enum a64_vlanes op, unsigned log2, unsigned vd, unsigned vn,
                                  unsigned vm) {
  return (uint32_t)op | log2 << 22 | vm << 16 | vn << 5 | vd;
}
enum a64_vfloat {
  A64_VFADD = 0x4e20d400,
  A64_VFSUB = 0x4ea0d400,
  A64_VFMUL = 0x6e20dc00,
  A64_VFDIV = 0x6e20fc00,
  A64_FCMEQ = 0x4e20e400,
  A64_FCMGE = 0x6e20e400,
  A64_FCMGT = 0x6ea0e400
};
static inline uint32_t a64_vfloat(enum a64_vfloat op, unsigned is_double, unsigned vd, unsigned vn,
                                  unsigned vm) {
  return (uint32_t)op | is_double << 22 | vm << 16 | vn << 5 | vd;
}
enum a64_vone {
  A64_VFSQRT = 0x6ea1f800,
  A64_VFCVTZS = 0x4ea1b800,
  A64_VSCVTF = 0x4e21d800,
  A64_VMVN = 0x6e205800
};
static inline uint32_t a64_vone(enum a64_vone op, unsigned is_double, unsigned vd, unsigned vn) {
  return (uint32_t)op | is_double << 22 | vn << 5 | vd;
}
/* XTN: the low halves of the lanes of twice 2^log2 bytes, to the low half of vd; clears the rest. */
static inline uint32_t a64_xtn(unsigned log2, unsigned vd, unsigned vn) {
  return 0x0e212800u | log2 << 22 | vn << 5 | vd;
}
/* SHL by 0 to the width less 1; USHR and SSHR by 1 to the width. */
enum a64_vshift { A64_VSHL = 0x4f005400, A64_VUSHR = 0x6f000400, A64_VSSHR = 0x4f000400 };
static inline uint32_t a64_vshift(enum a64_vshift op, unsigned log2, unsigned vd, unsigned vn,
                                  unsigned n) {
  unsigned width = 8u << log2;
  return (uint32_t)op | (op == A64_VSHL ? width + n : 2 * width - n) << 16 | vn << 5 | vd;
}
#define A64_LANE(log2, k) ((2 * (k) + 1) << (log2) << 16)
/* DUP: all lanes a general register, or lane k of vn. */
static inline uint32_t a64_dup(unsigned log2, unsigned vd, unsigned rn) {
  return 0x4e000c00u | A64_LANE(log2, 0u) | rn << 5 | vd;
}
static inline uint32_t a64_dup_lane(unsigned log2, unsigned vd, unsigned vn, unsigned k) {
  return 0x4e000400u | A64_LANE(log2, k) | vn << 5 | vd;
}
/* MOVI: 8 bits in every lane, of 4S and 8H shifted to the left by 8 times the number that is added at bit 13; of 2D
 * each bit says what all bits of a byte are. */
enum a64_movi {
  A64_MOVI_4S = 0x4f000400,
  A64_MOVI_8H = 0x4f008400,
  A64_MOVI_16B = 0x4f00e400,
  A64_MOVI_2D = 0x6f00e400
};
static inline uint32_t a64_movi(uint32_t op, unsigned vd, unsigned imm8) {
  return op | imm8 >> 5 << 16 | (imm8 & 31) << 5 | vd;
}
/* UMOV: lane k in a general register, zeros above. INS: the opposite; and from lane `from` of another register. */
static inline uint32_t a64_umov(unsigned log2, unsigned rd, unsigned vn, unsigned k) {
  return 0x0e003c00u | (unsigned)(log2 == 3) << 30 | A64_LANE(log2, k) | vn << 5 | rd;
}
static inline uint32_t a64_ins(unsigned log2, unsigned vd, unsigned k, unsigned rn) {
  return 0x4e001c00u | A64_LANE(log2, k) | rn << 5 | vd;
}
static inline uint32_t a64_ins_lane(unsigned log2, unsigned vd, unsigned k, unsigned vn,
                                    unsigned from) {
  return 0x6e000400u | A64_LANE(log2, k) | from << log2 << 11 | vn << 5 | vd;
}
/* Interleaves the lanes of vn and vm, or takes them alternately; q: vectors of 16 bytes, not 8. */
enum a64_permute {
  A64_UZP1 = 0x0e001800,
  A64_TRN1 = 0x0e002800,
  A64_ZIP1 = 0x0e003800,
  A64_UZP2 = 0x0e005800,
  A64_TRN2 = 0x0e006800,
  A64_ZIP2 = 0x0e007800
};
static inline uint32_t a64_permute(enum a64_permute op, unsigned q, unsigned log2, unsigned vd,
                                   unsigned vn, unsigned vm) {
  return (uint32_t)op | q << 30 | log2 << 22 | vm << 16 | vn << 5 | vd;
}
/* REV64, REV32, REV16: the lanes of each 8, 4 or 2 bytes in the opposite order. */
static inline uint32_t a64_rev_lanes(unsigned container, unsigned q, unsigned log2, unsigned vd,
                                     unsigned vn) {
  static const uint32_t words[] = {[1] = 0x0e201800, [2] = 0x2e200800, [3] = 0x0e200800};
  return words[container] | q << 30 | log2 << 22 | vn << 5 | vd;
}
/* EXT: the bytes of vn from `by` on, then those of vm. */
static inline uint32_t a64_ext(unsigned q, unsigned vd, unsigned vn, unsigned vm, unsigned by) {
  return 0x2e000000u | q << 30 | vm << 16 | by << 11 | vn << 5 | vd;
}
/* TBL: bytes of vn, or of vn and the register after it, by the numbers in vm; 0 where there is no such byte. */
static inline uint32_t a64_tbl_1(unsigned vd, unsigned vn, unsigned vm) {
  return 0x4e000000u | vm << 16 | vn << 5 | vd;
}
static inline uint32_t a64_tbl_2(unsigned vd, unsigned vn, unsigned vm) {
  return 0x4e002000u | vm << 16 | vn << 5 | vd;
}

#endif
