/* x86-64 instruction encoder: pure functions that write one instruction at `p` and return the byte
 * after it. Sources: Intel SDM volume 2, chapter 2 (formats) and 3 to 5 (opcodes).
 * Operand order is Intel's: destination first. `size` is the log2 of the operand's bytes (0 to 3).
 * Up to 16 bytes from `p` may be written, whatever the length returned. */
#ifndef KN_X64_ENCODE_H
#define KN_X64_ENCODE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* clang-format off */
enum x64_reg {
  X64_RAX, X64_RCX, X64_RDX, X64_RBX, X64_RSP, X64_RBP, X64_RSI, X64_RDI,
  X64_R8, X64_R9, X64_R10, X64_R11, X64_R12, X64_R13, X64_R14, X64_R15
};
/* clang-format on */

/* Condition codes as in Jcc, SETcc, CMOVcc; flipping bit 0 negates. */
/* clang-format off */
enum x64_cc {
  X64_O, X64_NO, X64_B, X64_AE, X64_E, X64_NE, X64_BE, X64_A,
  X64_S, X64_NS, X64_P, X64_NP, X64_L, X64_GE, X64_LE, X64_G
};
/* clang-format on */

#define X64_NONE 0xffu /* no register */
#define X64_RIP 0xfeu  /* base: relative to the next instruction */

/* A memory operand: [base + index << scale + disp]. index is not rsp. base NONE: no base. */
struct x64_mem {
  uint8_t base, index, scale, segment; /* segment: 0, or 0x64 for fs */
  int32_t disp;
};
/* [base + (index << scale) + disp], made as one word: if it were written field by field, reading it as a whole would
 * wait for the stores. */
static inline struct x64_mem x64_mem(unsigned base, unsigned index, unsigned scale, int32_t disp) {
  _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are composed for such hosts");
  uint64_t word = base | index << 8 | scale << 16 | (uint64_t)(uint32_t)disp << 32;
  struct x64_mem m;
  memcpy(&m, &word, sizeof m);
  return m;
}
static inline struct x64_mem x64_at(unsigned base, int32_t disp) {
  return x64_mem(base, X64_NONE, 0, disp);
}

/* ---- opcodes ----
 * Bits 0 to 7 the opcode byte; the flags below; 16 to 23 a mandatory prefix. For register or memory
 * sources: "reg, r/m". */
/* clang-format off */
enum {
  X64_0F = 1 << 8,    /* 0F escape */
  X64_W8 = 1 << 9,    /* bit 0 of the opcode is clear for byte operands; both may be byte registers */
  X64_RM8 = 1 << 10,  /* r/m is a byte register */
  X64_NOSIZE = 1 << 11, /* no 66 prefix for 16 bit, no byte form: size only gives REX.W */
#define X64_PRE(b) ((b) << 16)

  X64_ADD = 0x03 | X64_W8, X64_OR = 0x0b | X64_W8, X64_ADC = 0x13 | X64_W8, X64_SBB = 0x1b | X64_W8,
  X64_AND = 0x23 | X64_W8, X64_SUB = 0x2b | X64_W8, X64_XOR = 0x33 | X64_W8, X64_CMP = 0x3b | X64_W8,
  X64_TEST = 0x85 | X64_W8, X64_MOV = 0x8b | X64_W8, X64_XCHG = 0x87 | X64_W8,
  X64_LEA = 0x8d, X64_IMUL = 0xaf | X64_0F, X64_MOVSXD = 0x63,
  X64_MOVZX8 = 0xb6 | X64_0F | X64_RM8, X64_MOVZX16 = 0xb7 | X64_0F,
  X64_MOVSX8 = 0xbe | X64_0F | X64_RM8, X64_MOVSX16 = 0xbf | X64_0F,
  X64_BSF = 0xbc | X64_0F, X64_BSR = 0xbd | X64_0F,
  X64_CMOV = 0x40 | X64_0F,                           /* + cc */
  X64_SHLD_CL = 0xa5 | X64_0F, X64_SHRD_CL = 0xad | X64_0F, /* r/m, reg */
  X64_PREFETCH = 0x18 | X64_0F,                       /* reg is what kind */
  X64_CMPXCHG = 0xb1 | X64_0F | X64_W8, X64_XADD = 0xc1 | X64_0F | X64_W8, /* r/m, reg */
  /* "r/m, reg": stores and memory destinations */
  X64_MOV_ST = 0x89 | X64_W8, X64_OR_ST = 0x09 | X64_W8, X64_CMP_ST = 0x39 | X64_W8,
  X64_ADD_ST = 0x01 | X64_W8, X64_ADC_ST = 0x11 | X64_W8,

  /* SSE2; size 3 gives REX.W where general registers take part */
  X64_SSE = X64_0F | X64_NOSIZE,
  X64_MOVSS = 0x10 | X64_SSE | X64_PRE(0xf3), X64_MOVSD = 0x10 | X64_SSE | X64_PRE(0xf2),
  X64_MOVSS_ST = 0x11 | X64_SSE | X64_PRE(0xf3), X64_MOVSD_ST = 0x11 | X64_SSE | X64_PRE(0xf2),
  X64_MOVUPS = 0x10 | X64_SSE, X64_MOVUPS_ST = 0x11 | X64_SSE,
  X64_MOVAPS = 0x28 | X64_SSE, X64_MOVAPS_ST = 0x29 | X64_SSE,
  X64_MOV_XG = 0x6e | X64_SSE | X64_PRE(0x66), /* xmm, gpr: movd or movq by size */
  X64_MOV_GX = 0x7e | X64_SSE | X64_PRE(0x66), /* r/m is the gpr, reg the xmm */
  X64_ADDSS = 0x58 | X64_SSE | X64_PRE(0xf3), X64_ADDSD = 0x58 | X64_SSE | X64_PRE(0xf2),
  X64_MULSS = 0x59 | X64_SSE | X64_PRE(0xf3), X64_MULSD = 0x59 | X64_SSE | X64_PRE(0xf2),
  X64_SUBSS = 0x5c | X64_SSE | X64_PRE(0xf3), X64_SUBSD = 0x5c | X64_SSE | X64_PRE(0xf2),
  X64_DIVSS = 0x5e | X64_SSE | X64_PRE(0xf3), X64_DIVSD = 0x5e | X64_SSE | X64_PRE(0xf2),
  X64_MINSS = 0x5d | X64_SSE | X64_PRE(0xf3), X64_MINSD = 0x5d | X64_SSE | X64_PRE(0xf2),
  X64_MAXSS = 0x5f | X64_SSE | X64_PRE(0xf3), X64_MAXSD = 0x5f | X64_SSE | X64_PRE(0xf2),
  X64_SQRTSS = 0x51 | X64_SSE | X64_PRE(0xf3), X64_SQRTSD = 0x51 | X64_SSE | X64_PRE(0xf2),
  X64_UCOMISS = 0x2e | X64_SSE, X64_UCOMISD = 0x2e | X64_SSE | X64_PRE(0x66),
  X64_CVTSS2SD = 0x5a | X64_SSE | X64_PRE(0xf3), X64_CVTSD2SS = 0x5a | X64_SSE | X64_PRE(0xf2),
  X64_CVTSI2SS = 0x2a | X64_SSE | X64_PRE(0xf3), X64_CVTSI2SD = 0x2a | X64_SSE | X64_PRE(0xf2),
  X64_CVTTSS2SI = 0x2c | X64_SSE | X64_PRE(0xf3), X64_CVTTSD2SI = 0x2c | X64_SSE | X64_PRE(0xf2),
  X64_ANDPS = 0x54 | X64_SSE, X64_ORPS = 0x56 | X64_SSE, X64_XORPS = 0x57 | X64_SSE,
  /* of vectors; PSHUF.., SHUF.. and CMPPS have an imm8, PEXTRW and PINSRW one and a general register */
  X64_PUNPCKLBW = 0x60 | X64_SSE | X64_PRE(0x66), X64_PUNPCKLDQ = 0x62 | X64_SSE | X64_PRE(0x66),
  X64_PUNPCKLQDQ = 0x6c | X64_SSE | X64_PRE(0x66), X64_PACKSSWB = 0x63 | X64_SSE | X64_PRE(0x66),
  X64_PAND = 0xdb | X64_SSE | X64_PRE(0x66), X64_PANDN = 0xdf | X64_SSE | X64_PRE(0x66),
  X64_POR = 0xeb | X64_SSE | X64_PRE(0x66), X64_PXOR = 0xef | X64_SSE | X64_PRE(0x66),
  X64_PADDQ = 0xd4 | X64_SSE | X64_PRE(0x66), X64_PSUBB = 0xf8 | X64_SSE | X64_PRE(0x66),
  X64_PSUBQ = 0xfb | X64_SSE | X64_PRE(0x66), X64_PMULLW = 0xd5 | X64_SSE | X64_PRE(0x66),
  X64_PMULUDQ = 0xf4 | X64_SSE | X64_PRE(0x66), X64_PCMPEQB = 0x74 | X64_SSE | X64_PRE(0x66),
  X64_PCMPEQW = 0x75 | X64_SSE | X64_PRE(0x66), X64_PCMPEQD = 0x76 | X64_SSE | X64_PRE(0x66),
  X64_PCMPGTB = 0x64 | X64_SSE | X64_PRE(0x66), X64_PCMPGTW = 0x65 | X64_SSE | X64_PRE(0x66),
  X64_PCMPGTD = 0x66 | X64_SSE | X64_PRE(0x66), X64_PMOVMSKB = 0xd7 | X64_SSE | X64_PRE(0x66),
  X64_MOVMSKPD = 0x50 | X64_SSE | X64_PRE(0x66), X64_PSHUFD = 0x70 | X64_SSE | X64_PRE(0x66),
  X64_PEXTRW = 0xc5 | X64_SSE | X64_PRE(0x66), X64_PINSRW = 0xc4 | X64_SSE | X64_PRE(0x66),
  X64_PSHUFLW = 0x70 | X64_SSE | X64_PRE(0xf2),
  X64_PSHUFHW = 0x70 | X64_SSE | X64_PRE(0xf3), X64_MOVMSKPS = 0x50 | X64_SSE,
  X64_SHUFPS = 0xc6 | X64_SSE, X64_CVTDQ2PS = 0x5b | X64_SSE,
  X64_CVTTPS2DQ = 0x5b | X64_SSE | X64_PRE(0xf3)
};
/* clang-format on */

/* Group numbers: the reg field of an opcode that has one operand or an immediate. */
enum { X64_G_ADD, X64_G_OR, X64_G_ADC, X64_G_SBB, X64_G_AND, X64_G_SUB, X64_G_XOR, X64_G_CMP };
enum { X64_G_ROL, X64_G_ROR, X64_G_SHL = 4, X64_G_SHR, X64_G_SAR = 7 };
enum { X64_G_NOT = 2, X64_G_NEG, X64_G_MUL, X64_G_IMUL, X64_G_DIV, X64_G_IDIV };

static inline uint8_t *x64_put8(uint8_t *p, unsigned v) {
  *p = (uint8_t)v;
  return p + 1;
}
static inline uint8_t *x64_put32(uint8_t *p, int32_t v) {
  memcpy(p, &v, 4);
  return p + 4;
}
static inline uint8_t *x64_put64(uint8_t *p, uint64_t v) {
  memcpy(p, &v, 8);
  return p + 8;
}

#define X64_INLINE static inline __attribute__((always_inline))

/* Prefixes, REX and escape bytes. `rex` holds W, R, X, B; `force` asks for REX without bits. */
X64_INLINE uint8_t *x64_head(uint8_t *p, unsigned op, unsigned size, unsigned rex, bool force) {
  if ((op & X64_NOSIZE) == 0) {
    *p = 0x66;
    p += size == 1;
  }
  if (op >> 16) p = x64_put8(p, op >> 16);
  rex |= (unsigned)(size == 3) << 3;
  *p = (uint8_t)(0x40 | rex);
  p += (rex != 0) | force;
  if (op & X64_0F) p = x64_put8(p, 0x0f);
  return p;
}
X64_INLINE unsigned x64_opcode(unsigned op, unsigned size) {
  return (op & X64_W8) && size == 0 ? (op & 0xfe) : (op & 0xff);
}

/* op reg, rm (both registers). */
X64_INLINE uint8_t *x64_rr(uint8_t *p, unsigned op, unsigned size, unsigned reg, unsigned rm) {
  bool force =
    ((op & X64_W8) && size == 0 && ((reg | rm) & 0xc) != 0) || ((op & X64_RM8) && rm >= 4);
  p = x64_head(p, op, size, (reg >> 3) << 2 | rm >> 3, force);
  uint16_t w = (uint16_t)(x64_opcode(op, size) | (0xc0 | (reg & 7) << 3 | (rm & 7)) << 8);
  memcpy(p, &w, 2);
  return p + 2;
}

/* An opcode with its operand size, for a register and memory, as one word: such words are in tables, and one function
 * emits them all. Bits 0 to 15 the opcode, with 0F before it; 16 to 23 the prefix, or 0. */
#define X64_FORM_PREFIX (1u << 24)
#define X64_FORM_LONG (1u << 25) /* two bytes of opcode */
#define X64_FORM_WIDE (1u << 26) /* REX.W */
#define X64_FORM_BYTE (1u << 27) /* a byte register: REX if it is one of 4 to 7 */
#define X64_FORM_OPCODE(op, size) ((op) & ((op) & X64_W8 && (size) == 0 ? 0xfeu : 0xffu))
#define X64_FORM(op, size)                                                                         \
  (((op) & X64_0F ? X64_FORM_OPCODE(op, size) << 8 | 0x0f | X64_FORM_LONG                          \
                  : X64_FORM_OPCODE(op, size)) |                                                   \
   ((op) >> 16                                ? ((op) >> 16 & 0xffu) << 16 | X64_FORM_PREFIX       \
    : (size) == 1 && ((op) & X64_NOSIZE) == 0 ? 0x66u << 16 | X64_FORM_PREFIX                      \
                                              : 0u) |                                              \
   ((size) == 3 ? X64_FORM_WIDE : 0u) | ((op) & X64_W8 && (size) == 0 ? X64_FORM_BYTE : 0u))

/* Prefix and REX of `form`; `rex` holds R, X, B. Each is written in any case and kept if it is needed: a branch on
 * that would be mispredicted. */
X64_INLINE uint8_t *x64_form_head(uint8_t *p, uint32_t form, unsigned rex, unsigned reg) {
  *p = (uint8_t)(form >> 16);
  p += form / X64_FORM_PREFIX & 1;
  rex |= form >> 23 & 8;
  *p = (uint8_t)(0x40 | rex);
  return p + ((rex | (form / X64_FORM_BYTE & 1 & (unsigned)(reg >= 4))) != 0);
}

/* ModRM's mod for a displacement from base register `rm`, and the bytes of the displacement: none, 8 or 32 bits. SDM
 * 2.1.5, table 2-2: 101 with mod 00 is no base. */
X64_INLINE unsigned x64_mod(int32_t disp, unsigned rm) {
  if (disp == (int8_t)disp) return disp != 0 || rm == 5;
  return 2;
}
static const uint8_t x64_mod_bytes[3] = {0, 1, 4};

/* ModRM and a displacement from `base`, SIB between them where it is rsp or r12: `*size` bytes, at most 6. SDM 2.1.5,
 * tables 2-2 and 2-3. */
X64_INLINE uint64_t x64_based(unsigned reg, unsigned base, int32_t disp, unsigned *size) {
  unsigned rm = base & 7, mod = x64_mod(disp, rm), sib = rm == 4;
  *size = 1 + sib + x64_mod_bytes[mod];
  return (mod << 6 | (reg & 7) << 3 | rm) | 0x2400 * sib | (uint64_t)(uint32_t)disp << 8 << 8 * sib;
}

/* form reg, [base + disp]. */
X64_INLINE uint8_t *x64_form_at(uint8_t *p, uint32_t form, unsigned reg, unsigned base,
                                int32_t disp) {
  p = x64_form_head(p, form, (reg >> 3) << 2 | base >> 3, reg);
  unsigned two = form / X64_FORM_LONG & 1, size;
  uint64_t code = (form & 0xffff) | x64_based(reg, base, disp, &size) << 8 << (8 * two);
  memcpy(p, &code, 8);
  return p + two + 1 + size;
}

/* The moves between a register and memory, by name and log2 of the size: the instructions whose form is only known at
 * run time. */
/* clang-format off */
#define X64_MOVES(X)                                                                               \
  X(MOVZX8, 2) X(MOVSX8, 2) X(MOVSX8, 3) X(MOVZX16, 2) X(MOVSX16, 2) X(MOVSX16, 3)                 \
  X(MOV, 2) X(MOV, 3) X(MOVSXD, 3) X(MOVSS, 2) X(MOVSD, 2)                                         \
  X(MOV_ST, 0) X(MOV_ST, 1) X(MOV_ST, 2) X(MOV_ST, 3) X(MOVSS_ST, 2) X(MOVSD_ST, 2)         \
  X(MOVUPS, 2) X(MOVUPS_ST, 2)
enum x64_moves {
#define X(op, size) X64_MOVE_##op##_##size,
  X64_MOVES(X)
#undef X
  X64_MOVE_COUNT
};
/* clang-format on */
/* Their forms. */
extern const uint32_t x64_move_forms[X64_MOVE_COUNT];
/* The bytes before their ModRM byte, by bits 2 and 3 of the register and bit 3 of the base: at most 5, and their
 * number in the highest byte. */
extern const uint64_t x64_move_heads[X64_MOVE_COUNT][4][2];

/* move reg, [base + disp]: as x64_form_at. */
X64_INLINE uint8_t *x64_move_at(uint8_t *p, unsigned move, unsigned reg, unsigned base,
                                int32_t disp) {
  uint64_t head = x64_move_heads[move][reg >> 2][base >> 3];
  memcpy(p, &head, 8);
  p += head >> 56;
  unsigned size;
  uint64_t rest = x64_based(reg, base, disp, &size);
  memcpy(p, &rest, 8);
  return p + size;
}

/* form reg, [m], m any other. SDM 2.1.5, tables 2-2 and 2-3. */
static inline uint8_t *x64_form_any(uint8_t *p, uint32_t form, unsigned reg, struct x64_mem m) {
  unsigned base = m.base < X64_RIP ? m.base : 0, index = m.index == X64_NONE ? 4 : m.index;
  unsigned field = (reg & 7) << 3;
  if (m.segment) *p++ = m.segment;
  p = x64_form_head(p, form, (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3, reg);
  *p++ = (uint8_t)form;
  *p = (uint8_t)(form >> 8);
  p += form / X64_FORM_LONG & 1;
  if (m.base == X64_RIP) {
    *p++ = (uint8_t)(field | 5);
    return x64_put32(p, m.disp);
  }
  unsigned mod = x64_mod(m.disp, base & 7), bytes = x64_mod_bytes[mod];
  if (m.base == X64_NONE) { /* SIB with base 101 and mod 00 */
    mod = 0;
    base = 5;
    bytes = 4;
  }
  *p++ = (uint8_t)(mod << 6 | field | 4);
  *p++ = (uint8_t)((unsigned)m.scale << 6 | (index & 7) << 3 | (base & 7));
  memcpy(p, &m.disp, 4);
  return p + bytes;
}

/* form reg, [m]. With a rip base the displacement is the last 4 bytes of the instruction (before an
 * immediate). */
X64_INLINE uint8_t *x64_form_mem(uint8_t *p, uint32_t form, unsigned reg, struct x64_mem m) {
  if (__builtin_expect(m.index == X64_NONE && m.segment == 0 && m.base < X64_RIP, 1))
    return x64_form_at(p, form, reg, m.base, m.disp);
  return x64_form_any(p, form, reg, m);
}

/* op reg, [m]; with the "_ST" opcodes: op [m], reg. */
X64_INLINE uint8_t *x64_rm(uint8_t *p, unsigned op, unsigned size, unsigned reg, struct x64_mem m) {
  return x64_form_mem(p, X64_FORM(op, size), reg, m);
}

/* Group instruction on a register or memory, opcode `op`, group number in `reg`. */
X64_INLINE uint8_t *x64_group_r(uint8_t *p, unsigned op, unsigned size, unsigned group,
                                unsigned rm) {
  bool force = (op & X64_W8) && size == 0 && (rm & 0xc) != 0;
  p = x64_head(p, op, size, rm >> 3, force);
  uint16_t w = (uint16_t)(x64_opcode(op, size) | (0xc0 | group << 3 | (rm & 7)) << 8);
  memcpy(p, &w, 2);
  return p + 2;
}
X64_INLINE uint8_t *x64_group_m(uint8_t *p, unsigned op, unsigned size, unsigned group,
                                struct x64_mem m) {
  return x64_form_mem(p, X64_FORM(op, size) & ~X64_FORM_BYTE, group, m);
}

/* The immediate of an arithmetic instruction: 1, 2 or 4 bytes. */
X64_INLINE uint8_t *x64_imm(uint8_t *p, unsigned size, int32_t imm) {
  memcpy(p, &imm, 4);
  return p + (size == 0 ? 1 : size == 1 ? 2 : 4);
}
static inline bool x64_fits8(int32_t v) { return v == (int8_t)v; }

/* add, or, adc, sbb, and, sub, xor, cmp with an immediate (sign-extended from 32 bits). */
X64_INLINE uint8_t *x64_alu_ri(uint8_t *p, unsigned group, unsigned size, unsigned rm,
                               int32_t imm) {
  if (size != 0 && x64_fits8(imm)) {
    p = x64_group_r(p, 0x83, size, group, rm);
    return x64_put8(p, (uint8_t)imm);
  }
  if (rm == X64_RAX) { /* short form without ModRM */
    p = x64_head(p, 0x05 | X64_W8, size, 0, false);
    p = x64_put8(p, (group << 3) | (size == 0 ? 4 : 5));
    return x64_imm(p, size, imm);
  }
  p = x64_group_r(p, 0x81 | X64_W8, size, group, rm);
  return x64_imm(p, size, imm);
}
X64_INLINE uint8_t *x64_alu_mi(uint8_t *p, unsigned group, unsigned size, struct x64_mem m,
                               int32_t imm) {
  if (size != 0 && x64_fits8(imm)) {
    p = x64_group_m(p, 0x83, size, group, m);
    return x64_put8(p, (uint8_t)imm);
  }
  p = x64_group_m(p, 0x81 | X64_W8, size, group, m);
  return x64_imm(p, size, imm);
}
X64_INLINE uint8_t *x64_test_ri(uint8_t *p, unsigned size, unsigned rm, int32_t imm) {
  if (rm == X64_RAX) {
    p = x64_head(p, 0xa9 | X64_W8, size, 0, false);
    p = x64_put8(p, size == 0 ? 0xa8 : 0xa9);
    return x64_imm(p, size, imm);
  }
  return x64_imm(x64_group_r(p, 0xf7 | X64_W8, size, 0, rm), size, imm);
}
/* mov [m], imm. */
X64_INLINE uint8_t *x64_mov_mi(uint8_t *p, unsigned size, struct x64_mem m, int32_t imm) {
  return x64_imm(x64_group_m(p, 0xc7 | X64_W8, size, 0, m), size, imm);
}
/* imul reg, rm, imm. */
X64_INLINE uint8_t *x64_imul_rri(uint8_t *p, unsigned size, unsigned reg, unsigned rm,
                                 int32_t imm) {
  bool small = x64_fits8(imm);
  p = x64_rr(p, small ? 0x6b : 0x69, size, reg, rm);
  return x64_imm(p, small ? 0 : size, imm);
}
/* Any 64-bit constant, flags untouched: mov r32, imm32; mov r64, simm32; movabs. */
static inline uint8_t *x64_mov_ri(uint8_t *p, unsigned reg, uint64_t v) {
  if (v <= UINT32_MAX) {
    *p = 0x41;
    p += reg >> 3;
    *p = (uint8_t)(0xb8 | (reg & 7));
    return x64_put32(p + 1, (int32_t)(uint32_t)v);
  }
  if ((int64_t)v == (int32_t)v) return x64_put32(x64_group_r(p, 0xc7, 3, 0, reg), (int32_t)v);
  *p++ = (uint8_t)(0x48 | reg >> 3);
  *p++ = (uint8_t)(0xb8 | (reg & 7));
  return x64_put64(p, v);
}
/* xor r32, r32: zero, flags changed. */
X64_INLINE uint8_t *x64_zero(uint8_t *p, unsigned reg) { return x64_rr(p, X64_XOR, 2, reg, reg); }

/* Shifts and rotates by cl, by an immediate. */
X64_INLINE uint8_t *x64_shift_cl(uint8_t *p, unsigned group, unsigned size, unsigned rm) {
  return x64_group_r(p, 0xd3 | X64_W8, size, group, rm);
}
X64_INLINE uint8_t *x64_shift_ri(uint8_t *p, unsigned group, unsigned size, unsigned rm,
                                 unsigned n) {
  if (n == 1) return x64_group_r(p, 0xd1 | X64_W8, size, group, rm);
  return x64_put8(x64_group_r(p, 0xc1 | X64_W8, size, group, rm), n);
}
/* shld / shrd rm, reg, imm8. */
X64_INLINE uint8_t *x64_shld_ri(uint8_t *p, unsigned size, unsigned rm, unsigned reg, unsigned n) {
  return x64_put8(x64_rr(p, 0xa4 | X64_0F, size, reg, rm), n);
}
X64_INLINE uint8_t *x64_shrd_ri(uint8_t *p, unsigned size, unsigned rm, unsigned reg, unsigned n) {
  return x64_put8(x64_rr(p, 0xac | X64_0F, size, reg, rm), n);
}
/* not, neg, mul, imul, div, idiv of one operand (X64_G_NOT ...). */
X64_INLINE uint8_t *x64_unary_r(uint8_t *p, unsigned group, unsigned size, unsigned rm) {
  return x64_group_r(p, 0xf7 | X64_W8, size, group, rm);
}
X64_INLINE uint8_t *x64_unary_m(uint8_t *p, unsigned group, unsigned size, struct x64_mem m) {
  return x64_group_m(p, 0xf7 | X64_W8, size, group, m);
}
/* cdq (size 2), cqo (size 3). */
X64_INLINE uint8_t *x64_cdq(uint8_t *p, unsigned size) {
  if (size == 3) *p++ = 0x48;
  return x64_put8(p, 0x99);
}
X64_INLINE uint8_t *x64_bswap(uint8_t *p, unsigned size, unsigned reg) {
  p = x64_head(p, X64_0F | X64_NOSIZE, size, reg >> 3, false);
  return x64_put8(p, 0xc8 | (reg & 7));
}
X64_INLINE uint8_t *x64_setcc(uint8_t *p, unsigned cc, unsigned reg) {
  p = x64_head(p, X64_0F, 0, reg >> 3, reg >= 4);
  *p++ = (uint8_t)(0x90 | cc);
  return x64_put8(p, 0xc0 | (reg & 7));
}
X64_INLINE uint8_t *x64_push(uint8_t *p, unsigned reg) {
  *p = 0x41;
  p += reg >> 3;
  return x64_put8(p, 0x50 | (reg & 7));
}
X64_INLINE uint8_t *x64_pop(uint8_t *p, unsigned reg) {
  *p = 0x41;
  p += reg >> 3;
  return x64_put8(p, 0x58 | (reg & 7));
}
X64_INLINE uint8_t *x64_ret(uint8_t *p) { return x64_put8(p, 0xc3); }
/* ret imm16: frees `bytes` of the stack above the return address. */
X64_INLINE uint8_t *x64_ret_pop(uint8_t *p, uint32_t bytes) {
  return x64_put8(x64_put8(x64_put8(p, 0xc2), bytes & 0xff), bytes >> 8);
}
X64_INLINE uint8_t *x64_leave(uint8_t *p) { return x64_put8(p, 0xc9); }
X64_INLINE uint8_t *x64_int3(uint8_t *p) { return x64_put8(p, 0xcc); }
/* ENDBR64: an indirect branch may come here. */
X64_INLINE uint8_t *x64_endbr64(uint8_t *p) { return x64_put32(p, (int32_t)0xfa1e0ff3u); }
X64_INLINE uint8_t *x64_ud2(uint8_t *p) { return x64_put8(x64_put8(p, 0x0f), 0x0b); }
/* ldmxcsr, stmxcsr. */
X64_INLINE uint8_t *x64_ldmxcsr(uint8_t *p, struct x64_mem m) {
  return x64_group_m(p, 0xae | X64_0F | X64_NOSIZE, 2, 2, m);
}
X64_INLINE uint8_t *x64_stmxcsr(uint8_t *p, struct x64_mem m) {
  return x64_group_m(p, 0xae | X64_0F | X64_NOSIZE, 2, 3, m);
}
X64_INLINE uint8_t *x64_mfence(uint8_t *p) {
  return x64_put8(x64_put8(x64_put8(p, 0x0f), 0xae), 0xf0);
}
/* call, jmp through a register or memory; relative ones with a 32-bit displacement. */
X64_INLINE uint8_t *x64_call_r(uint8_t *p, unsigned r) {
  return x64_group_r(p, 0xff | X64_NOSIZE, 2, 2, r);
}
X64_INLINE uint8_t *x64_jmp_r(uint8_t *p, unsigned r) {
  return x64_group_r(p, 0xff | X64_NOSIZE, 2, 4, r);
}
X64_INLINE uint8_t *x64_call_rel(uint8_t *p, int32_t d) { return x64_put32(x64_put8(p, 0xe8), d); }
X64_INLINE uint8_t *x64_jmp_rel32(uint8_t *p, int32_t d) { return x64_put32(x64_put8(p, 0xe9), d); }
X64_INLINE uint8_t *x64_jmp_rel8(uint8_t *p, int32_t d) {
  return x64_put8(x64_put8(p, 0xeb), (uint8_t)d);
}
X64_INLINE uint8_t *x64_jcc_rel32(uint8_t *p, unsigned cc, int32_t d) {
  return x64_put32(x64_put8(x64_put8(p, 0x0f), 0x80 | cc), d);
}
X64_INLINE uint8_t *x64_jcc_rel8(uint8_t *p, unsigned cc, int32_t d) {
  return x64_put8(x64_put8(p, 0x70 | cc), (uint8_t)d);
}
/* 16 bytes: compares with rdx:rax, stores rcx:rbx. */
X64_INLINE uint8_t *x64_cmpxchg16b(uint8_t *p, struct x64_mem m) {
  return x64_group_m(p, 0xc7 | X64_0F | X64_NOSIZE, 3, 1, m);
}
/* lock prefix for the read-modify-write instruction that follows. */
X64_INLINE uint8_t *x64_lock(uint8_t *p) { return x64_put8(p, 0xf0); }

/* ---- x87: SDM volume 1, chapter 8 ---- */

/* Opcodes with a memory operand: opcode << 3 | digit. */
/* clang-format off */
enum {
  X64_FLD32 = 0xd9 << 3 | 0, X64_FLD64 = 0xdd << 3 | 0, X64_FLD80 = 0xdb << 3 | 5,
  X64_FSTP32 = 0xd9 << 3 | 3, X64_FSTP64 = 0xdd << 3 | 3, X64_FSTP80 = 0xdb << 3 | 7,
  X64_FILD64 = 0xdf << 3 | 5, X64_FISTP64 = 0xdf << 3 | 7, X64_FADD32 = 0xd8 << 3 | 0,
  X64_FLDCW = 0xd9 << 3 | 5, X64_FNSTCW = 0xd9 << 3 | 7
};
/* Opcodes on the stack: both bytes. Those that end in P1 write st(1) and pop. */
enum {
  X64_FADDP1 = 0xdec1, X64_FMULP1 = 0xdec9,
  X64_FSUBP1 = 0xdee9,                      /* st(1) - st(0) */
  X64_FDIVP1 = 0xdef9,                      /* st(1) / st(0) */
  X64_FSTP0 = 0xddd8,                       /* pop */
  X64_FSTP1 = 0xddd9,                       /* pop the one below */
  X64_FCHS = 0xd9e0, X64_FABS = 0xd9e1, X64_FSQRT = 0xd9fa, X64_FRNDINT = 0xd9fc,
  X64_FLD1 = 0xd9e8, X64_FLDZ = 0xd9ee,
  X64_FUCOMI0 = 0xdbe8,                     /* st(0) with itself */
  X64_FUCOMI1 = 0xdbe9,                     /* st(0) with st(1) */
  X64_FUCOMIP1 = 0xdfe9,                    /* and pop */
  X64_FCMOVBE1 = 0xdad1                     /* st(0) = st(1) if below or equal */
};
/* clang-format on */
X64_INLINE uint8_t *x64_x87_m(uint8_t *p, unsigned op, struct x64_mem m) {
  return x64_rm(p, op >> 3 | X64_NOSIZE, 2, op & 7, m);
}
X64_INLINE uint8_t *x64_x87_r(uint8_t *p, unsigned op) {
  return x64_put8(x64_put8(p, op >> 8), op & 0xff);
}

#endif
