/* AArch64 instruction words (ARMv8.0-A: A64 base, scalar float, a little of Advanced SIMD). Pure functions: operands
 * in, one 32-bit word out; the lowering decides what to encode and asks the a64_..._ok functions first. Names follow
 * the Arm ARM (C6.2 base, C7.2 float), operands are in the manual's order. Invariant: an operand in range never
 * touches bits outside its field; operands out of range are the caller's error, except where a function returns false
 * for what has no encoding. `sf` is 1 for the 64-bit form and 0 for the 32-bit form. */
#ifndef KN_TARGETS_AARCH64_ENCODE_H
#define KN_TARGETS_AARCH64_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

/* Number 31 is sp or the zero register, by the operand's field. */
enum { A64_FP = 29, A64_LR = 30, A64_ZR = 31, A64_SP = 31 };

/* Conditions (C1.2.4). Flipping bit 0 negates. */
enum a64_cond {
  A64_EQ,
  A64_NE,
  A64_HS,
  A64_LO,
  A64_MI,
  A64_PL,
  A64_VS,
  A64_VC,
  A64_HI,
  A64_LS,
  A64_GE,
  A64_LT,
  A64_GT,
  A64_LE,
  A64_AL
};

/* Shifts of a register operand. ROR: logical operations only. */
enum a64_shift { A64_LSL, A64_LSR, A64_ASR, A64_ROR };
/* Extensions of a register operand. */
enum a64_extend { A64_UXTB, A64_UXTH, A64_UXTW, A64_UXTX, A64_SXTB, A64_SXTH, A64_SXTW, A64_SXTX };

/* ---- add and subtract ---- */

/* Bits op:S. */
enum a64_addsub { A64_ADD, A64_ADDS, A64_SUB, A64_SUBS };

/* ADD, ADDS, SUB, SUBS (immediate): rd and rn may be sp (rd with S set: zr). imm12 is shifted left by
 * 12 if `sh12`. */
static inline uint32_t a64_addsub_imm(enum a64_addsub op, unsigned sf, unsigned rd, unsigned rn,
                                      unsigned imm12, unsigned sh12) {
  return 0x11000000u | sf << 31 | (unsigned)op << 29 | sh12 << 22 | imm12 << 10 | rn << 5 | rd;
}
/* True if v is imm12 or imm12 << 12. */
static inline bool a64_addsub_imm_ok(uint64_t v) {
  return (v & ~UINT64_C(0xfff)) == 0 || (v & ~UINT64_C(0xfff000)) == 0;
}
/* The same for a value of which a64_addsub_imm_ok holds. */
static inline uint32_t a64_addsub_val(enum a64_addsub op, unsigned sf, unsigned rd, unsigned rn,
                                      uint64_t v) {
  return v <= 0xfff ? a64_addsub_imm(op, sf, rd, rn, (unsigned)v, 0)
                    : a64_addsub_imm(op, sf, rd, rn, (unsigned)(v >> 12), 1);
}
/* ADD, ADDS, SUB, SUBS (shifted register): LSL, LSR, ASR by `amount`. 31 is zr. */
static inline uint32_t a64_addsub_reg(enum a64_addsub op, unsigned sf, unsigned rd, unsigned rn,
                                      unsigned rm, enum a64_shift shift, unsigned amount) {
  return 0x0b000000u | sf << 31 | (unsigned)op << 29 | (unsigned)shift << 22 | rm << 16 |
         amount << 10 | rn << 5 | rd;
}
/* ADD, ADDS, SUB, SUBS (extended register): `amount` 0 to 4. rd and rn may be sp. */
static inline uint32_t a64_addsub_ext(enum a64_addsub op, unsigned sf, unsigned rd, unsigned rn,
                                      unsigned rm, enum a64_extend ext, unsigned amount) {
  return 0x0b200000u | sf << 31 | (unsigned)op << 29 | rm << 16 | (unsigned)ext << 13 |
         amount << 10 | rn << 5 | rd;
}
/* ADC, ADCS, SBC, SBCS. */
static inline uint32_t a64_addsub_carry(enum a64_addsub op, unsigned sf, unsigned rd, unsigned rn,
                                        unsigned rm) {
  return 0x1a000000u | sf << 31 | (unsigned)op << 29 | rm << 16 | rn << 5 | rd;
}

static inline uint32_t a64_add(unsigned sf, unsigned rd, unsigned rn, unsigned rm) {
  return a64_addsub_reg(A64_ADD, sf, rd, rn, rm, A64_LSL, 0);
}
static inline uint32_t a64_sub(unsigned sf, unsigned rd, unsigned rn, unsigned rm) {
  return a64_addsub_reg(A64_SUB, sf, rd, rn, rm, A64_LSL, 0);
}
static inline uint32_t a64_neg(unsigned sf, unsigned rd, unsigned rm) {
  return a64_sub(sf, rd, A64_ZR, rm);
}
static inline uint32_t a64_cmp(unsigned sf, unsigned rn, unsigned rm) {
  return a64_addsub_reg(A64_SUBS, sf, A64_ZR, rn, rm, A64_LSL, 0);
}
/* CMP, CMN with a value of which a64_addsub_imm_ok holds. */
static inline uint32_t a64_cmp_val(unsigned sf, unsigned rn, uint64_t v) {
  return a64_addsub_val(A64_SUBS, sf, A64_ZR, rn, v);
}
static inline uint32_t a64_cmn_val(unsigned sf, unsigned rn, uint64_t v) {
  return a64_addsub_val(A64_ADDS, sf, A64_ZR, rn, v);
}
/* MOV (to or from SP). */
static inline uint32_t a64_mov_sp(unsigned sf, unsigned rd, unsigned rn) {
  return a64_addsub_imm(A64_ADD, sf, rd, rn, 0, 0);
}
/* NGC. */
static inline uint32_t a64_ngc(unsigned sf, unsigned rd, unsigned rm) {
  return a64_addsub_carry(A64_SUB, sf, rd, A64_ZR, rm);
}

/* ---- logical ---- */

/* Bits opc:N; N inverts the second operand, register forms only. */
enum a64_logic { A64_AND, A64_BIC, A64_ORR, A64_ORN, A64_EOR, A64_EON, A64_ANDS, A64_BICS };

/* AND, BIC, ORR, ORN, EOR, EON, ANDS, BICS (shifted register). */
static inline uint32_t a64_logic_reg(enum a64_logic op, unsigned sf, unsigned rd, unsigned rn,
                                     unsigned rm, enum a64_shift shift, unsigned amount) {
  return 0x0a000000u | sf << 31 | (unsigned)op >> 1 << 29 | (unsigned)shift << 22 |
         ((unsigned)op & 1) << 21 | rm << 16 | amount << 10 | rn << 5 | rd;
}
/* The field N:immr:imms of a bit-mask immediate (DecodeBitMasks, J1): a run of ones, rotated, in an
 * element of 2 to 64 bits that is repeated. False if v has no such form. Of the 32-bit form only the
 * low half of v counts. */
static inline bool a64_bitmask(unsigned sf, uint64_t v, uint32_t *field) {
  *field = 0; /* set on every path, for compilers that cannot see that it is */
  if (!sf) v = (v & 0xffffffffu) | v << 32;
  if (v + 1 < 2) return false;
  unsigned size = 64;
  while (size > 2) {
    unsigned half = size / 2;
    uint64_t mask = (UINT64_C(1) << half) - 1;
    if ((v & mask) != (v >> half & mask)) break;
    size = half;
  }
  uint64_t mask = ~UINT64_C(0) >> (64 - size);
  v &= mask;
  uint64_t inv = ~v & mask;
  bool plain = (v & (v + (v & -v))) == 0; /* one run; else it may be one around the end */
  if (!plain && (inv & (inv + (inv & -inv))) != 0) return false;
  unsigned ones = (unsigned)__builtin_popcountll(v);
  unsigned start = (unsigned)__builtin_ctzll(plain ? v : inv) + (plain ? 0 : size - ones);
  uint32_t immr = (size - start) & (size - 1);
  uint32_t imms = ((~(size - 1) << 1) & 0x3fu) | (ones - 1);
  *field = (size == 64 ? 1u << 12 : 0) | immr << 6 | imms;
  return true;
}
/* AND, ORR, EOR, ANDS (immediate). rd may be sp except for ANDS. `field` is of a64_bitmask. */
static inline uint32_t a64_logic_imm(enum a64_logic op, unsigned sf, unsigned rd, unsigned rn,
                                     uint32_t field) {
  return 0x12000000u | sf << 31 | (unsigned)op >> 1 << 29 | field << 10 | rn << 5 | rd;
}
static inline uint32_t a64_and(unsigned sf, unsigned rd, unsigned rn, unsigned rm) {
  return a64_logic_reg(A64_AND, sf, rd, rn, rm, A64_LSL, 0);
}
static inline uint32_t a64_orr(unsigned sf, unsigned rd, unsigned rn, unsigned rm) {
  return a64_logic_reg(A64_ORR, sf, rd, rn, rm, A64_LSL, 0);
}
static inline uint32_t a64_eor(unsigned sf, unsigned rd, unsigned rn, unsigned rm) {
  return a64_logic_reg(A64_EOR, sf, rd, rn, rm, A64_LSL, 0);
}
static inline uint32_t a64_tst(unsigned sf, unsigned rn, unsigned rm) {
  return a64_logic_reg(A64_ANDS, sf, A64_ZR, rn, rm, A64_LSL, 0);
}
static inline uint32_t a64_tst_imm(unsigned sf, unsigned rn, uint32_t field) {
  return a64_logic_imm(A64_ANDS, sf, A64_ZR, rn, field);
}
/* MOV (register), MVN. */
static inline uint32_t a64_mov(unsigned sf, unsigned rd, unsigned rm) {
  return a64_orr(sf, rd, A64_ZR, rm);
}
static inline uint32_t a64_mvn(unsigned sf, unsigned rd, unsigned rm) {
  return a64_logic_reg(A64_ORN, sf, rd, A64_ZR, rm, A64_LSL, 0);
}

/* ---- constants and addresses ---- */

/* MOVN, MOVZ, MOVK: imm16 << 16 * hw; hw 0 to 3 (32-bit: 0 or 1). */
enum a64_movw { A64_MOVN = 0, A64_MOVZ = 2, A64_MOVK = 3 };
static inline uint32_t a64_movw(enum a64_movw op, unsigned sf, unsigned rd, unsigned imm16,
                                unsigned hw) {
  return 0x12800000u | sf << 31 | (unsigned)op << 29 | hw << 21 | imm16 << 5 | rd;
}
/* The shortest of movz/movn + movk and orr that makes v in rd (not zr). Writes 1 to 4 words (32-bit
 * form: 1 or 2) and returns their number. */
static inline unsigned a64_mov_imm(uint32_t out[4], unsigned sf, unsigned rd, uint64_t v) {
  unsigned halves = sf ? 4 : 2, zeros = 0, ones = 0;
  uint32_t field;
  if (!sf) v &= 0xffffffffu;
  for (unsigned i = 0; i < halves; i++) {
    unsigned h = (unsigned)(v >> 16 * i) & 0xffff;
    zeros += h == 0;
    ones += h == 0xffff;
  }
  bool inverted = ones > zeros;
  if ((inverted ? ones : zeros) + 1 < halves && a64_bitmask(sf, v, &field)) {
    out[0] = a64_logic_imm(A64_ORR, sf, rd, A64_ZR, field);
    return 1;
  }
  unsigned skip = inverted ? 0xffff : 0, n = 0;
  for (unsigned i = 0; i < halves; i++) {
    unsigned h = (unsigned)(v >> 16 * i) & 0xffff;
    if (h == skip) continue;
    out[n] = n > 0      ? a64_movw(A64_MOVK, sf, rd, h, i)
             : inverted ? a64_movw(A64_MOVN, sf, rd, h ^ 0xffff, i)
                        : a64_movw(A64_MOVZ, sf, rd, h, i);
    n++;
  }
  if (n == 0) out[n++] = a64_movw(inverted ? A64_MOVN : A64_MOVZ, sf, rd, 0, 0);
  return n;
}
/* ADR (bytes), ADRP (4 KiB pages): 21 bits, signed. */
static inline uint32_t a64_adr(unsigned rd, int32_t imm21) {
  return 0x10000000u | ((uint32_t)imm21 & 3) << 29 | ((uint32_t)imm21 >> 2 & 0x7ffff) << 5 | rd;
}
static inline uint32_t a64_adrp(unsigned rd, int32_t pages) {
  return a64_adr(rd, pages) | 0x80000000u;
}

/* ---- bit fields and shifts ---- */

/* SBFM, BFM, UBFM. */
enum a64_bfm { A64_SBFM, A64_BFM, A64_UBFM };
static inline uint32_t a64_bfm(enum a64_bfm op, unsigned sf, unsigned rd, unsigned rn,
                               unsigned immr, unsigned imms) {
  return 0x13000000u | sf << 31 | (unsigned)op << 29 | sf << 22 | immr << 16 | imms << 10 |
         rn << 5 | rd;
}
static inline uint32_t a64_lsl_imm(unsigned sf, unsigned rd, unsigned rn, unsigned n) {
  unsigned top = sf ? 63 : 31;
  return a64_bfm(A64_UBFM, sf, rd, rn, (0 - n) & top, top - n);
}
static inline uint32_t a64_lsr_imm(unsigned sf, unsigned rd, unsigned rn, unsigned n) {
  return a64_bfm(A64_UBFM, sf, rd, rn, n, sf ? 63 : 31);
}
static inline uint32_t a64_asr_imm(unsigned sf, unsigned rd, unsigned rn, unsigned n) {
  return a64_bfm(A64_SBFM, sf, rd, rn, n, sf ? 63 : 31);
}
/* UBFX, SBFX: `width` bits from bit `lsb`. */
static inline uint32_t a64_ubfx(unsigned sf, unsigned rd, unsigned rn, unsigned lsb,
                                unsigned width) {
  return a64_bfm(A64_UBFM, sf, rd, rn, lsb, lsb + width - 1);
}
static inline uint32_t a64_sbfx(unsigned sf, unsigned rd, unsigned rn, unsigned lsb,
                                unsigned width) {
  return a64_bfm(A64_SBFM, sf, rd, rn, lsb, lsb + width - 1);
}
/* BFI: the low `width` bits to bit `lsb`. */
static inline uint32_t a64_bfi(unsigned sf, unsigned rd, unsigned rn, unsigned lsb,
                               unsigned width) {
  return a64_bfm(A64_BFM, sf, rd, rn, (0 - lsb) & (sf ? 63 : 31), width - 1);
}
/* UXTB, UXTH: 32-bit form, which clears the upper half. (UXTW is a64_mov of the 32-bit form.) */
static inline uint32_t a64_uxtb(unsigned rd, unsigned rn) { return a64_ubfx(0, rd, rn, 0, 8); }
static inline uint32_t a64_uxth(unsigned rd, unsigned rn) { return a64_ubfx(0, rd, rn, 0, 16); }
static inline uint32_t a64_sxtw(unsigned rd, unsigned rn) { return a64_sbfx(1, rd, rn, 0, 32); }
/* EXTR; ROR (immediate) is EXTR of a register with itself. */
static inline uint32_t a64_extr(unsigned sf, unsigned rd, unsigned rn, unsigned rm, unsigned lsb) {
  return 0x13800000u | sf << 31 | sf << 22 | rm << 16 | lsb << 10 | rn << 5 | rd;
}
static inline uint32_t a64_ror_imm(unsigned sf, unsigned rd, unsigned rn, unsigned n) {
  return a64_extr(sf, rd, rn, rn, n);
}

/* ---- data processing with one, two, three sources ---- */

/* REV: A64_REV_W of 32 bits, A64_REV64 of 64. */
enum a64_op1 {
  A64_RBIT = 0x5ac00000,
  A64_REV16 = 0x5ac00400,
  A64_REV_W = 0x5ac00800,
  A64_REV64 = 0x5ac00c00,
  A64_CLZ = 0x5ac01000
};
static inline uint32_t a64_op1(enum a64_op1 op, unsigned sf, unsigned rd, unsigned rn) {
  return (uint32_t)op | sf << 31 | rn << 5 | rd;
}
/* REV: all bytes of the form's width. */
static inline uint32_t a64_rev(unsigned sf, unsigned rd, unsigned rn) {
  return a64_op1(sf ? A64_REV64 : A64_REV_W, sf, rd, rn);
}

enum a64_op2 {
  A64_UDIV = 0x1ac00800,
  A64_SDIV = 0x1ac00c00,
  A64_LSLV = 0x1ac02000,
  A64_LSRV = 0x1ac02400,
  A64_ASRV = 0x1ac02800,
  A64_RORV = 0x1ac02c00
};
static inline uint32_t a64_op2(enum a64_op2 op, unsigned sf, unsigned rd, unsigned rn,
                               unsigned rm) {
  return (uint32_t)op | sf << 31 | rm << 16 | rn << 5 | rd;
}

/* MADD, MSUB: ra plus or minus rn * rm. */
static inline uint32_t a64_madd(unsigned sf, unsigned rd, unsigned rn, unsigned rm, unsigned ra) {
  return 0x1b000000u | sf << 31 | rm << 16 | ra << 10 | rn << 5 | rd;
}
static inline uint32_t a64_msub(unsigned sf, unsigned rd, unsigned rn, unsigned rm, unsigned ra) {
  return 0x1b008000u | sf << 31 | rm << 16 | ra << 10 | rn << 5 | rd;
}
static inline uint32_t a64_mul(unsigned sf, unsigned rd, unsigned rn, unsigned rm) {
  return a64_madd(sf, rd, rn, rm, A64_ZR);
}
/* SMADDL, UMADDL: 64-bit ra plus the product of 32-bit rn and rm. */
enum a64_mull { A64_SMADDL = 0x1b200000, A64_UMADDL = 0x1ba00000 };
static inline uint32_t a64_mull(enum a64_mull op, unsigned rd, unsigned rn, unsigned rm,
                                unsigned ra) {
  return (uint32_t)op | 1u << 31 | rm << 16 | ra << 10 | rn << 5 | rd;
}
static inline uint32_t a64_smull(unsigned rd, unsigned rn, unsigned rm) {
  return a64_mull(A64_SMADDL, rd, rn, rm, A64_ZR);
}
static inline uint32_t a64_umull(unsigned rd, unsigned rn, unsigned rm) {
  return a64_mull(A64_UMADDL, rd, rn, rm, A64_ZR);
}
static inline uint32_t a64_smulh(unsigned rd, unsigned rn, unsigned rm) {
  return 0x9b407c00u | rm << 16 | rn << 5 | rd;
}
static inline uint32_t a64_umulh(unsigned rd, unsigned rn, unsigned rm) {
  return 0x9bc07c00u | rm << 16 | rn << 5 | rd;
}

/* ---- conditional ---- */

enum a64_csel {
  A64_CSEL = 0x1a800000,
  A64_CSINC = 0x1a800400,
  A64_CSINV = 0x5a800000,
  A64_CSNEG = 0x5a800400
};
static inline uint32_t a64_csel(enum a64_csel op, unsigned sf, unsigned rd, unsigned rn,
                                unsigned rm, enum a64_cond cond) {
  return (uint32_t)op | sf << 31 | rm << 16 | (unsigned)cond << 12 | rn << 5 | rd;
}
/* CSET, CSETM: 1 or all ones if cond (not AL), else 0. */
static inline uint32_t a64_cset(unsigned sf, unsigned rd, enum a64_cond cond) {
  return a64_csel(A64_CSINC, sf, rd, A64_ZR, A64_ZR, (enum a64_cond)((unsigned)cond ^ 1));
}
/* CCMP, CCMN: compares if cond, else sets the flags to nzcv. */
enum a64_ccmp { A64_CCMN = 0x3a400000, A64_CCMP = 0x7a400000 };
static inline uint32_t a64_ccmp_reg(enum a64_ccmp op, unsigned sf, unsigned rn, unsigned rm,
                                    unsigned nzcv, enum a64_cond cond) {
  return (uint32_t)op | sf << 31 | rm << 16 | (unsigned)cond << 12 | rn << 5 | nzcv;
}
static inline uint32_t a64_ccmp_imm(enum a64_ccmp op, unsigned sf, unsigned rn, unsigned imm5,
                                    unsigned nzcv, enum a64_cond cond) {
  return (uint32_t)op | 0x800u | sf << 31 | imm5 << 16 | (unsigned)cond << 12 | rn << 5 | nzcv;
}

/* ---- branches: distances in bytes from the instruction, multiples of 4 ---- */

/* True if `bytes` is in the reach of a field of `bits` words: 26 B BL, 19 B.cond CBZ LDR, 14 TBZ. */
static inline bool a64_reach_ok(int64_t bytes, unsigned bits) {
  int64_t end = INT64_C(4) << (bits - 1);
  return bytes >= -end && bytes < end && (bytes & 3) == 0;
}
static inline uint32_t a64_imm26(int32_t bytes) { return (uint32_t)bytes >> 2 & 0x3ffffff; }
static inline uint32_t a64_imm19(int32_t bytes) { return ((uint32_t)bytes >> 2 & 0x7ffff) << 5; }
static inline uint32_t a64_imm14(int32_t bytes) { return ((uint32_t)bytes >> 2 & 0x3fff) << 5; }

static inline uint32_t a64_b(int32_t bytes) { return 0x14000000u | a64_imm26(bytes); }
static inline uint32_t a64_bl(int32_t bytes) { return 0x94000000u | a64_imm26(bytes); }
static inline uint32_t a64_b_cond(enum a64_cond cond, int32_t bytes) {
  return 0x54000000u | a64_imm19(bytes) | (unsigned)cond;
}
/* The words of register 0, bit 0; bit A64_NOT_ZERO of a word negates it. */
enum {
  A64_NOT_ZERO = 24,
  A64_CBZ = 0x34000000,
  A64_CBNZ = A64_CBZ | 1 << A64_NOT_ZERO,
  A64_TBZ = 0x36000000,
  A64_TBNZ = A64_TBZ | 1 << A64_NOT_ZERO
};
/* The field of a bit that TBZ and TBNZ test, and the bit in a word. */
#define A64_TESTED_BIT(bit) ((uint32_t)(bit) >> 5 << 31 | ((uint32_t)(bit) & 31) << 19)
static inline unsigned a64_tested_bit(uint32_t word) { return (word >> 19 & 31) | word >> 31 << 5; }
static inline uint32_t a64_cbz(unsigned sf, unsigned rt, int32_t bytes) {
  return A64_CBZ | sf << 31 | a64_imm19(bytes) | rt;
}
static inline uint32_t a64_cbnz(unsigned sf, unsigned rt, int32_t bytes) {
  return A64_CBNZ | sf << 31 | a64_imm19(bytes) | rt;
}
static inline uint32_t a64_tbz(unsigned rt, unsigned bit, int32_t bytes) {
  return A64_TBZ | A64_TESTED_BIT(bit) | a64_imm14(bytes) | rt;
}
/* True of a B.cond; of a TBZ or TBNZ. */
static inline bool a64_is_b_cond(uint32_t word) { return word >> 24 == 0x54; }
static inline bool a64_is_tb(uint32_t word) { return (word & 0x7e000000u) == A64_TBZ; }
/* A conditional branch, or its opposite: B.cond has its lowest bit where the others have a register's. */
static inline uint32_t a64_negate_branch(uint32_t word, bool negate) {
  return word ^ (uint32_t)negate << (a64_is_b_cond(word) ? 0 : A64_NOT_ZERO);
}
static inline uint32_t a64_br(unsigned rn) { return 0xd61f0000u | rn << 5; }
static inline uint32_t a64_blr(unsigned rn) { return 0xd63f0000u | rn << 5; }
static inline uint32_t a64_ret(unsigned rn) { return 0xd65f0000u | rn << 5; }

/* ---- loads and stores ---- */

/* Bits size:V:opc. A signed load to W or X extends to that width; other loads clear the rest. */
enum a64_mem {
  A64_STRB = 0,
  A64_LDRB = 1,
  A64_LDRSB_X = 2,
  A64_LDRSB_W = 3,
  A64_STRH = 8,
  A64_LDRH = 9,
  A64_LDRSH_X = 10,
  A64_LDRSH_W = 11,
  A64_STR_W = 16,
  A64_LDR_W = 17,
  A64_LDRSW = 18,
  A64_STR_X = 24,
  A64_LDR_X = 25,
  A64_STR_FB = 4,
  A64_LDR_FB = 5,
  A64_STR_FH = 12,
  A64_LDR_FH = 13,
  A64_STR_FS = 20,
  A64_LDR_FS = 21,
  A64_STR_FD = 28,
  A64_LDR_FD = 29,
  A64_STR_FQ = 6,
  A64_LDR_FQ = 7
};
/* Log2 of the bytes accessed. */
static inline unsigned a64_mem_log2(enum a64_mem op) {
  return ((unsigned)op & 6) == 6 ? 4 : (unsigned)op >> 3;
}
#define A64_MEM_BITS(op)                                                                           \
  ((uint32_t)(op) >> 3 << 30 | ((uint32_t)(op) >> 2 & 1) << 26 | ((uint32_t)(op) & 3) << 22)
/* LDR, STR (immediate, unsigned offset): the word of register 0 at x0. */
#define A64_MEM_SCALED(op) (0x39000000u | A64_MEM_BITS(op))
/* True if `bytes` is a scaled unsigned offset, or a 9-bit signed one. */
static inline bool a64_mem_scaled_ok(enum a64_mem op, int64_t bytes) {
  unsigned s = a64_mem_log2(op);
  return (bytes & ~(INT64_C(0xfff) << s)) == 0;
}
static inline bool a64_mem_simm9_ok(int64_t bytes) { return bytes >= -256 && bytes < 256; }
static inline bool a64_mem_offset_ok(enum a64_mem op, int64_t bytes) {
  return a64_mem_scaled_ok(op, bytes) || a64_mem_simm9_ok(bytes);
}
/* LDR, STR (immediate, unsigned offset). rn may be sp. */
static inline uint32_t a64_mem_scaled(enum a64_mem op, unsigned rt, unsigned rn, uint32_t bytes) {
  return A64_MEM_SCALED(op) | bytes >> a64_mem_log2(op) << 10 | rn << 5 | rt;
}
/* LDUR, STUR. */
static inline uint32_t a64_mem_unscaled(enum a64_mem op, unsigned rt, unsigned rn, int32_t bytes) {
  return 0x38000000u | A64_MEM_BITS(op) | ((uint32_t)bytes & 0x1ff) << 12 | rn << 5 | rt;
}
/* LDR, STR with an offset of which a64_mem_offset_ok holds. */
static inline uint32_t a64_mem_offset(enum a64_mem op, unsigned rt, unsigned rn, int32_t bytes) {
  return a64_mem_scaled_ok(op, bytes) ? a64_mem_scaled(op, rt, rn, (uint32_t)bytes)
                                      : a64_mem_unscaled(op, rt, rn, bytes);
}
/* LDR, STR (immediate): post-index, pre-index. */
static inline uint32_t a64_mem_post(enum a64_mem op, unsigned rt, unsigned rn, int32_t bytes) {
  return a64_mem_unscaled(op, rt, rn, bytes) | 0x400u;
}
/* LDR, STR (register): rm extended by UXTW, UXTX (that is LSL), SXTW, SXTX and, if `scaled`, shifted
 * by the access's log2. */
static inline uint32_t a64_mem_reg(enum a64_mem op, unsigned rt, unsigned rn, unsigned rm,
                                   enum a64_extend ext, unsigned scaled) {
  return 0x38200800u | A64_MEM_BITS(op) | rm << 16 | (unsigned)ext << 13 | scaled << 12 | rn << 5 |
         rt;
}
/* LDR (literal). */
enum a64_lit { A64_LIT_FD = 0x5c000000, A64_LIT_FQ = (int)0x9c000000u };
static inline uint32_t a64_literal(enum a64_lit op, unsigned rt, int32_t bytes) {
  return (uint32_t)op | a64_imm19(bytes) | rt;
}

/* LDP, STP of registers of 8 bytes: bits opc:V:L. */
enum a64_pair { A64_STP_X = 8, A64_LDP_X = 9, A64_STP_FD = 6, A64_LDP_FD = 7 };
enum a64_index { A64_POST = 1, A64_OFFSET = 2, A64_PRE = 3 };
static inline bool a64_pair_ok(int64_t bytes) {
  return bytes >= -512 && bytes < 512 && (bytes & 7) == 0;
}
static inline uint32_t a64_pair(enum a64_pair op, enum a64_index index, unsigned rt, unsigned rt2,
                                unsigned rn, int32_t bytes) {
  return 0x28000000u | (unsigned)op >> 2 << 30 | ((unsigned)op >> 1 & 1) << 26 |
         (unsigned)index << 23 | ((unsigned)op & 1) << 22 | ((uint32_t)bytes >> 3 & 0x7f) << 15 |
         rt2 << 10 | rn << 5 | rt;
}

/* ---- exclusive and ordered accesses: `log2` is of the bytes, 0 to 3; no offset ---- */

static inline uint32_t a64_ldaxr(unsigned log2, unsigned rt, unsigned rn) {
  return 0x085ffc00u | log2 << 30 | rn << 5 | rt;
}
/* rs gets 0 if the store was done, else 1; it differs from rt and rn. */
static inline uint32_t a64_stlxr(unsigned log2, unsigned rs, unsigned rt, unsigned rn) {
  return 0x0800fc00u | log2 << 30 | rs << 16 | rn << 5 | rt;
}
static inline uint32_t a64_ldar(unsigned log2, unsigned rt, unsigned rn) {
  return 0x08dffc00u | log2 << 30 | rn << 5 | rt;
}
static inline uint32_t a64_stlr(unsigned log2, unsigned rt, unsigned rn) {
  return 0x089ffc00u | log2 << 30 | rn << 5 | rt;
}
/* LDXP, LDAXP, STXP, STLXP. */
static inline uint32_t a64_ldxp(unsigned sf, unsigned rt, unsigned rt2, unsigned rn) {
  return 0x887f0000u | sf << 30 | rt2 << 10 | rn << 5 | rt;
}
static inline uint32_t a64_ldaxp(unsigned sf, unsigned rt, unsigned rt2, unsigned rn) {
  return a64_ldxp(sf, rt, rt2, rn) | 0x8000u;
}
static inline uint32_t a64_stxp(unsigned sf, unsigned rs, unsigned rt, unsigned rt2, unsigned rn) {
  return 0x88200000u | sf << 30 | rs << 16 | rt2 << 10 | rn << 5 | rt;
}
static inline uint32_t a64_stlxp(unsigned sf, unsigned rs, unsigned rt, unsigned rt2, unsigned rn) {
  return a64_stxp(sf, rs, rt, rt2, rn) | 0x8000u;
}
/* LSE (FEAT_LSE, ARMv8.1-A): memory at rn becomes what the operation makes of it and rs; rt gets what it was.
 * SWP stores rs. `order`: A64_ACQUIRE, A64_RELEASE or both. */
enum a64_atomic {
  A64_LDADD = 0x38200000,
  A64_LDCLR = 0x38201000, /* and not */
  A64_LDEOR = 0x38202000,
  A64_LDSET = 0x38203000, /* or */
  A64_LDSMAX = 0x38204000,
  A64_LDSMIN = 0x38205000,
  A64_LDUMAX = 0x38206000,
  A64_LDUMIN = 0x38207000,
  A64_SWP = 0x38208000
};
enum { A64_RELEASE = 1, A64_ACQUIRE = 2 };
static inline uint32_t a64_atomic(enum a64_atomic op, unsigned log2, unsigned order, unsigned rs,
                                  unsigned rt, unsigned rn) {
  return (uint32_t)op | log2 << 30 | order << 22 | rs << 16 | rn << 5 | rt;
}
/* CAS: stores rt if memory equals rs; rs gets what it was. CASP: the same for pairs of X, of which rs and rt,
 * even, are the first. */
static inline uint32_t a64_cas(unsigned log2, unsigned order, unsigned rs, unsigned rt,
                               unsigned rn) {
  return 0x08a07c00u | log2 << 30 | (order >> 1) << 22 | (order & 1) << 15 | rs << 16 | rn << 5 |
         rt;
}
static inline uint32_t a64_casp(unsigned order, unsigned rs, unsigned rt, unsigned rn) {
  return 0x48207c00u | (order >> 1) << 22 | (order & 1) << 15 | rs << 16 | rn << 5 | rt;
}
enum a64_barrier { A64_ISHLD = 9, A64_ISH = 11 };
static inline uint32_t a64_dmb(enum a64_barrier b) { return 0xd50330bfu | (unsigned)b << 8; }

/* ---- system ---- */

static inline uint32_t a64_hint(unsigned imm7) { return 0xd503201fu | imm7 << 5; }
static inline uint32_t a64_nop(void) { return a64_hint(0); }
static inline uint32_t a64_brk(unsigned imm16) { return 0xd4200000u | imm16 << 5; }
/* MRS rt, TPIDR_EL0; MRS rt, FPCR; MSR FPCR, rt. */
static inline uint32_t a64_mrs_tpidr(unsigned rt) { return 0xd53bd040u | rt; }
static inline uint32_t a64_mrs_fpcr(unsigned rt) { return 0xd53b4400u | rt; }
static inline uint32_t a64_msr_fpcr(unsigned rt) { return 0xd51b4400u | rt; }
/* PRFM PLDL1KEEP, [rn, #bytes]; bytes a multiple of 8, 0 to 32760. */
static inline uint32_t a64_prfm(unsigned rn, uint32_t bytes) {
  return 0xf9800000u | bytes >> 3 << 10 | rn << 5;
}

/* ---- scalar float (C7.2): `type` is of enum a64_ftype ---- */

enum a64_ftype { A64_S = 0, A64_D = 1, A64_H = 3 };
#define A64_FT(type) ((unsigned)(type) << 22)

enum a64_fop1 {
  A64_FMOV,
  A64_FABS,
  A64_FNEG,
  A64_FSQRT,
  A64_FRINTN = 8,
  A64_FRINTP,
  A64_FRINTM,
  A64_FRINTZ,
  A64_FRINTA,
  A64_FRINTX = 14,
  A64_FRINTI
};
static inline uint32_t a64_fop1(enum a64_fop1 op, enum a64_ftype type, unsigned rd, unsigned rn) {
  return 0x1e204000u | A64_FT(type) | (unsigned)op << 15 | rn << 5 | rd;
}
/* FCVT from type `from` to another type `to`. */
static inline uint32_t a64_fcvt(enum a64_ftype to, enum a64_ftype from, unsigned rd, unsigned rn) {
  return 0x1e224000u | A64_FT(from) | (unsigned)to << 15 | rn << 5 | rd;
}
enum a64_fop2 {
  A64_FMUL,
  A64_FDIV,
  A64_FADD,
  A64_FSUB,
  A64_FMAX,
  A64_FMIN,
  A64_FMAXNM,
  A64_FMINNM
};
static inline uint32_t a64_fop2(enum a64_fop2 op, enum a64_ftype type, unsigned rd, unsigned rn,
                                unsigned rm) {
  return 0x1e200800u | A64_FT(type) | rm << 16 | (unsigned)op << 12 | rn << 5 | rd;
}
/* FMADD: ra + rn * rm, rounded once. */
static inline uint32_t a64_fmadd(enum a64_ftype type, unsigned rd, unsigned rn, unsigned rm,
                                 unsigned ra) {
  return 0x1f000000u | A64_FT(type) | rm << 16 | ra << 10 | rn << 5 | rd;
}
/* FCMP (quiet). After it: EQ equal, MI less, LS less or equal, GT greater, GE greater or equal,
 * VS unordered, VC ordered; each false if unordered, except VS and the negations. */
static inline uint32_t a64_fcmp(enum a64_ftype type, unsigned rn, unsigned rm) {
  return 0x1e202000u | A64_FT(type) | rm << 16 | rn << 5;
}
static inline uint32_t a64_fcmp_zero(enum a64_ftype type, unsigned rn) {
  return 0x1e202008u | A64_FT(type) | rn << 5;
}
static inline uint32_t a64_fcsel(enum a64_ftype type, unsigned rd, unsigned rn, unsigned rm,
                                 enum a64_cond cond) {
  return 0x1e200c00u | A64_FT(type) | rm << 16 | (unsigned)cond << 12 | rn << 5 | rd;
}
/* FMOV (scalar, immediate): imm8 is of a64_fp8. */
static inline uint32_t a64_fmov_imm(enum a64_ftype type, unsigned rd, unsigned imm8) {
  return 0x1e201000u | A64_FT(type) | imm8 << 13 | rd;
}
/* The imm8 (VFPExpandImm) of a double's or a float's bits; false if there is none. */
static inline bool a64_fp8_d(uint64_t bits, unsigned *imm8) {
  uint64_t exp = bits >> 54 & 0x1ff;
  if ((bits & UINT64_C(0xffffffffffff)) != 0 || (exp != 0x100 && exp != 0x0ff)) return false;
  *imm8 = (unsigned)(bits >> 63) << 7 | (exp == 0x0ff) << 6 | ((unsigned)(bits >> 48) & 0x3f);
  return true;
}
static inline bool a64_fp8_s(uint32_t bits, unsigned *imm8) {
  uint32_t exp = bits >> 25 & 0x3f;
  if ((bits & 0x7ffff) != 0 || (exp != 0x20 && exp != 0x1f)) return false;
  *imm8 = bits >> 31 << 7 | (exp == 0x1f) << 6 | (bits >> 19 & 0x3f);
  return true;
}
/* Between float and general registers; bits rmode:opcode. The general register has the width `sf`.
 * FROM_GPR and the ..CVTF write a float register, the others a general one. TO_GPR and FROM_GPR move
 * bits: S with sf 0, D with sf 1. */
enum a64_fint {
  A64_SCVTF = 2,
  A64_UCVTF = 3,
  A64_FMOV_TO_GPR = 6,
  A64_FMOV_FROM_GPR = 7,
  A64_FCVTZS = 24,
  A64_FCVTZU = 25
};
static inline uint32_t a64_fint(enum a64_fint op, unsigned sf, enum a64_ftype type, unsigned rd,
                                unsigned rn) {
  return 0x1e200000u | sf << 31 | A64_FT(type) | (unsigned)op << 16 | rn << 5 | rd;
}
/* FMOV between X and the upper half of V (Vd.D[1]). */
static inline uint32_t a64_fmov_to_high(unsigned vd, unsigned rn) {
  return 0x9eaf0000u | rn << 5 | vd;
}

/* ---- Advanced SIMD ---- */

/* CNT Vd.8B, Vn.8B: bits set per byte. */
static inline uint32_t a64_cnt_8b(unsigned vd, unsigned vn) { return 0x0e205800u | vn << 5 | vd; }
static inline uint32_t a64_cnt_16b(unsigned vd, unsigned vn) { return 0x4e205800u | vn << 5 | vd; }
/* ADDV Bd, Vn: sum of the bytes. */
static inline uint32_t a64_addv_8b(unsigned vd, unsigned vn) { return 0x0e31b800u | vn << 5 | vd; }
static inline uint32_t a64_addv_16b(unsigned vd, unsigned vn) { return 0x4e31b800u | vn << 5 | vd; }
/* DUP Vd.2D, Xn. */
static inline uint32_t a64_dup_2d(unsigned vd, unsigned rn) { return 0x4e080c00u | rn << 5 | vd; }
/* MOVI Dd, #0: clears all of Vd. */
static inline uint32_t a64_movi_zero(unsigned vd) { return 0x2f00e400u | vd; }
/* Bitwise on whole registers: q 0 for 8B, 1 for 16B. BSL also reads vd. */
enum a64_vlogic {
  A64_VAND = 0x0e201c00,
  A64_VBIC = 0x0e601c00,
  A64_VORR = 0x0ea01c00,
  A64_VEOR = 0x2e201c00,
  A64_VBSL = 0x2e601c00
};
static inline uint32_t a64_vlogic(enum a64_vlogic op, unsigned q, unsigned vd, unsigned vn,
                                  unsigned vm) {
  return (uint32_t)op | q << 30 | vm << 16 | vn << 5 | vd;
}

#endif
