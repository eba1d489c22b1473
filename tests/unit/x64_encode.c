/* Encoder of x86-64 against Zydis: every form of targets/x86_64/encode.h is decoded and compared by
 * structure (mnemonic, registers, widths, base, index, scale, displacement, immediate, length) over
 * all registers in each position and boundary immediates and displacements. Run by the unit suite.
 * Invariant: a row states its operands; none of them is derived from the encoded bytes. */
#include "targets/x86_64/encode.h"

#include <Zydis/Zydis.h>
#include "unit.h"

static ZydisDecoder decoder;
static unsigned long rows;

static int setup(void **state) {
  (void)state;
  return ZYAN_FAILED(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64));
}
static int teardown(void **state) {
  (void)state;
  printf("# %lu rows\n", rows);
  return 0;
}

/* An operand that a row expects. */
struct want {
  enum { GPR, XMM, ST, MEM, IMM } kind;
  unsigned size; /* log2 of the bytes; IMM: of those that are compared; MEM: 7 any, TEN */
  unsigned reg;
  struct x64_mem mem;
  int64_t imm;
};
enum { TEN = 8 }; /* the width of ten bytes */
static struct want g(unsigned size, unsigned reg) {
  return (struct want){.kind = GPR, .size = size, .reg = reg};
}
static struct want x(unsigned reg) { return (struct want){.kind = XMM, .reg = reg}; }
static struct want st(unsigned reg) { return (struct want){.kind = ST, .reg = reg}; }
static struct want mem(unsigned size, struct x64_mem m) {
  return (struct want){.kind = MEM, .size = size, .mem = m};
}
static struct want imm(unsigned size, int64_t v) {
  return (struct want){.kind = IMM, .size = size, .imm = v};
}

static ZydisRegister gpr(unsigned size, unsigned n) {
  static const ZydisRegister first[] = {ZYDIS_REGISTER_AL, ZYDIS_REGISTER_AX, ZYDIS_REGISTER_EAX,
                                        ZYDIS_REGISTER_RAX};
  if (size == 0 && n >= 4) /* spl bpl sil dil, never ah ch dh bh */
    return (ZydisRegister)(n < 8 ? ZYDIS_REGISTER_SPL + (n - 4) : ZYDIS_REGISTER_R8B + (n - 8));
  return (ZydisRegister)(first[size] + n);
}

/* What is wrong with `op`, or NULL. */
static const char *differs(const ZydisDecodedOperand *op, const struct want *w) {
  if (w->kind == GPR || w->kind == XMM || w->kind == ST) {
    if (op->type != ZYDIS_OPERAND_TYPE_REGISTER) return "not a register";
    unsigned first = w->kind == XMM ? ZYDIS_REGISTER_XMM0 : ZYDIS_REGISTER_ST0;
    ZydisRegister r = w->kind == GPR ? gpr(w->size, w->reg) : (ZydisRegister)(first + w->reg);
    return op->reg.value == r ? NULL : "register";
  }
  if (w->kind == IMM) {
    if (op->type != ZYDIS_OPERAND_TYPE_IMMEDIATE) return "not an immediate";
    uint64_t mask = w->size == 3 ? UINT64_MAX : (UINT64_C(1) << (8u << w->size)) - 1;
    return ((op->imm.value.u ^ (uint64_t)w->imm) & mask) == 0 ? NULL : "immediate";
  }
  if (op->type != ZYDIS_OPERAND_TYPE_MEMORY) return "not memory";
  const struct x64_mem *m = &w->mem;
  ZydisRegister base = m->base == X64_NONE  ? ZYDIS_REGISTER_NONE
                       : m->base == X64_RIP ? ZYDIS_REGISTER_RIP
                                            : gpr(3, m->base);
  ZydisRegister index = m->index == X64_NONE ? ZYDIS_REGISTER_NONE : gpr(3, m->index);
  if (op->mem.base != base) return "base";
  if (op->mem.index != index) return "index";
  if (m->index != X64_NONE && op->mem.scale != 1u << m->scale) return "scale";
  if ((op->mem.disp.has_displacement ? op->mem.disp.value : 0) != m->disp) return "displacement";
  if (m->segment ? op->mem.segment != ZYDIS_REGISTER_FS
                 : op->mem.segment == ZYDIS_REGISTER_FS || op->mem.segment == ZYDIS_REGISTER_GS)
    return "segment";
  if (w->size != 7 && op->size != (w->size == TEN ? 80 : 8u << w->size)) return "memory width";
  return NULL;
}

/* Decodes the bytes from `code` to `end` and compares with mnemonic and `n` operands. */
static void check_at(int line, const uint8_t *code, const uint8_t *end, ZydisMnemonic mnemonic,
                     unsigned n, const struct want *want) {
  ZydisDecodedInstruction in;
  ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
  const char *wrong = NULL;
  unsigned at = 0;
  rows++;
  if (end - code > 15 || end <= code) wrong = "length returned";
  else if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, code, 15, &in, ops))) wrong = "undecodable";
  else if (in.length != end - code) wrong = "length";
  else if (in.mnemonic != mnemonic) wrong = "mnemonic";
  else if (in.operand_count_visible != n) wrong = "number of operands";
  for (; !wrong && at < n; at++) wrong = differs(&ops[at], &want[at]);
  if (!wrong) return;
  char hex[64] = "";
  for (const uint8_t *p = code; p < end && p < code + 16; p++)
    snprintf(hex + 3 * (p - code), 4, "%02x ", *p);
  char text[96] = "?";
  ZydisFormatter f;
  ZydisFormatterInit(&f, ZYDIS_FORMATTER_STYLE_INTEL);
  if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, 15, &in, ops)))
    ZydisFormatterFormatInstruction(&f, &in, ops, in.operand_count_visible, text, sizeof text, 0,
                                    NULL);
  fail_msg("line %d: %sis \"%s\" (expected %s): %s of operand %u differs", line, hex, text,
           ZydisMnemonicGetString(mnemonic), wrong, at);
}
static uint8_t code[64];
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define CHECK(end, mnemonic, ...)                                                                  \
  check_at(__LINE__, code, end, mnemonic, COUNT(((struct want[]){__VA_ARGS__})),                   \
           (struct want[]){__VA_ARGS__})
#define CHECK0(end, mnemonic) check_at(__LINE__, code, end, mnemonic, 0, NULL)

/* ---- memory operands and immediates that every form meets ---- */

static const int32_t disps[] = {0,    1,   -1,  127,   -127,   -128,      128,
                                -129, 255, 256, 32767, -32768, INT32_MAX, INT32_MIN};
static const int32_t imms[] = {0,   1,   -1,    127,    -127,  -128,  128,       -129,
                               255, 256, 32767, -32768, 65535, 65536, INT32_MAX, INT32_MIN};

static struct x64_mem mems[8192];
static unsigned n_mems;
static void add_mem(unsigned base, unsigned index, unsigned scale, int32_t disp) {
  mems[n_mems++] = (struct x64_mem){(uint8_t)base, (uint8_t)index, (uint8_t)scale, 0, disp};
}
/* All bases with all displacements; all indices and scales, each with plain and special bases. */
static void make_mems(void) {
  if (n_mems) return;
  for (unsigned i = 0; i < COUNT(disps); i++) {
    for (unsigned base = 0; base < 16; base++) {
      add_mem(base, X64_NONE, 0, disps[i]);
      add_mem(base, X64_RCX, 2, disps[i]);
      add_mem(base, X64_R12, 3, disps[i]);
    }
    add_mem(X64_RIP, X64_NONE, 0, disps[i]);
    add_mem(X64_NONE, X64_NONE, 0, disps[i]);
  }
  static const unsigned bases[] = {X64_RAX, X64_RSP, X64_RBP, X64_R12, X64_R13, X64_R15, X64_NONE};
  static const int32_t few[] = {0, -128, 128};
  for (unsigned index = 0; index < 16; index++)
    for (unsigned scale = 0; index != X64_RSP && scale < 4; scale++)
      for (unsigned b = 0; b < COUNT(bases); b++)
        for (unsigned d = 0; d < COUNT(few); d++) add_mem(bases[b], index, scale, few[d]);
  for (unsigned i = 0, n = n_mems; i < n; i += 7) { /* thread-local: fs */
    mems[n_mems] = mems[i];
    if (mems[i].base != X64_RIP) mems[n_mems++].segment = 0x64;
  }
}
/* A smaller choice: every base and index once, the special cases. */
static bool few_mems(unsigned i) { return i % 5 == 0 || i < 64; }

/* ---- register, register and register, memory ---- */

enum { SIZES_ALL = 15, SIZES_WIDE = 14, SIZES_GP = 12, S32 = 4, S64 = 8 };
struct form {
  unsigned op;
  ZydisMnemonic mnemonic;
  unsigned sizes;    /* bit per size */
  char reg, rm;      /* g of the size, x; b w d q: general of that width */
  bool rm_first;     /* Zydis lists r/m as the first operand */
  unsigned mem_size; /* log2; 8: the size's own */
  enum { BOTH, ONLY_REG, ONLY_MEM } where;
};
#define M(name) ZYDIS_MNEMONIC_##name
static const struct form forms[] = {
  {X64_ADD, M(ADD), SIZES_ALL, 'g', 'g', false, 8, BOTH},
  {X64_OR, M(OR), SIZES_ALL, 'g', 'g', false, 8, BOTH},
  {X64_ADC, M(ADC), SIZES_ALL, 'g', 'g', false, 8, BOTH},
  {X64_SBB, M(SBB), SIZES_ALL, 'g', 'g', false, 8, BOTH},
  {X64_AND, M(AND), SIZES_ALL, 'g', 'g', false, 8, BOTH},
  {X64_SUB, M(SUB), SIZES_ALL, 'g', 'g', false, 8, BOTH},
  {X64_XOR, M(XOR), SIZES_ALL, 'g', 'g', false, 8, BOTH},
  {X64_CMP, M(CMP), SIZES_ALL, 'g', 'g', false, 8, BOTH},
  {X64_TEST, M(TEST), SIZES_ALL, 'g', 'g', true, 8, BOTH},
  {X64_MOV, M(MOV), SIZES_ALL, 'g', 'g', false, 8, BOTH},
  {X64_XCHG, M(XCHG), SIZES_ALL, 'g', 'g', true, 8, BOTH},
  {X64_LEA, M(LEA), SIZES_WIDE, 'g', 'g', false, 7, ONLY_MEM},
  {X64_IMUL, M(IMUL), SIZES_WIDE, 'g', 'g', false, 8, BOTH},
  {X64_MOVSXD, M(MOVSXD), S64, 'g', 'd', false, 2, BOTH},
  {X64_MOVZX8, M(MOVZX), SIZES_WIDE, 'g', 'b', false, 0, BOTH},
  {X64_MOVZX16, M(MOVZX), SIZES_GP, 'g', 'w', false, 1, BOTH},
  {X64_MOVSX8, M(MOVSX), SIZES_WIDE, 'g', 'b', false, 0, BOTH},
  {X64_MOVSX16, M(MOVSX), SIZES_GP, 'g', 'w', false, 1, BOTH},
  {X64_BSF, M(BSF), SIZES_WIDE, 'g', 'g', false, 8, BOTH},
  {X64_BSR, M(BSR), SIZES_WIDE, 'g', 'g', false, 8, BOTH},
  {X64_CMPXCHG, M(CMPXCHG), SIZES_ALL, 'g', 'g', true, 8, BOTH},
  {X64_XADD, M(XADD), SIZES_ALL, 'g', 'g', true, 8, BOTH},
  {X64_MOV_ST, M(MOV), SIZES_ALL, 'g', 'g', true, 8, BOTH},
  {X64_OR_ST, M(OR), SIZES_ALL, 'g', 'g', true, 8, BOTH},
  {X64_CMP_ST, M(CMP), SIZES_ALL, 'g', 'g', true, 8, BOTH},
  {X64_MOVSS, M(MOVSS), S32, 'x', 'x', false, 2, BOTH},
  {X64_MOVSD, M(MOVSD), S32, 'x', 'x', false, 3, BOTH},
  {X64_MOVSS_ST, M(MOVSS), S32, 'x', 'x', true, 2, BOTH},
  {X64_MOVSD_ST, M(MOVSD), S32, 'x', 'x', true, 3, BOTH},
  {X64_MOVUPS, M(MOVUPS), S32, 'x', 'x', false, 4, BOTH},
  {X64_MOVUPS_ST, M(MOVUPS), S32, 'x', 'x', true, 4, BOTH},
  {X64_MOVAPS, M(MOVAPS), S32, 'x', 'x', false, 4, BOTH},
  {X64_MOVAPS_ST, M(MOVAPS), S32, 'x', 'x', true, 4, BOTH},
  {X64_MOV_XG, M(MOVD), S32, 'x', 'g', false, 8, BOTH},
  {X64_MOV_XG, M(MOVQ), S64, 'x', 'g', false, 8, BOTH},
  {X64_MOV_GX, M(MOVD), S32, 'x', 'g', true, 8, BOTH},
  {X64_MOV_GX, M(MOVQ), S64, 'x', 'g', true, 8, BOTH},
  {X64_ADDSS, M(ADDSS), S32, 'x', 'x', false, 2, BOTH},
  {X64_ADDSD, M(ADDSD), S32, 'x', 'x', false, 3, BOTH},
  {X64_MULSS, M(MULSS), S32, 'x', 'x', false, 2, BOTH},
  {X64_MULSD, M(MULSD), S32, 'x', 'x', false, 3, BOTH},
  {X64_SUBSS, M(SUBSS), S32, 'x', 'x', false, 2, BOTH},
  {X64_SUBSD, M(SUBSD), S32, 'x', 'x', false, 3, BOTH},
  {X64_DIVSS, M(DIVSS), S32, 'x', 'x', false, 2, BOTH},
  {X64_DIVSD, M(DIVSD), S32, 'x', 'x', false, 3, BOTH},
  {X64_MINSS, M(MINSS), S32, 'x', 'x', false, 2, BOTH},
  {X64_MINSD, M(MINSD), S32, 'x', 'x', false, 3, BOTH},
  {X64_MAXSS, M(MAXSS), S32, 'x', 'x', false, 2, BOTH},
  {X64_MAXSD, M(MAXSD), S32, 'x', 'x', false, 3, BOTH},
  {X64_SQRTSS, M(SQRTSS), S32, 'x', 'x', false, 2, BOTH},
  {X64_SQRTSD, M(SQRTSD), S32, 'x', 'x', false, 3, BOTH},
  {X64_UCOMISS, M(UCOMISS), S32, 'x', 'x', false, 2, BOTH},
  {X64_UCOMISD, M(UCOMISD), S32, 'x', 'x', false, 3, BOTH},
  {X64_CVTSS2SD, M(CVTSS2SD), S32, 'x', 'x', false, 2, BOTH},
  {X64_CVTSD2SS, M(CVTSD2SS), S32, 'x', 'x', false, 3, BOTH},
  {X64_CVTSI2SS, M(CVTSI2SS), SIZES_GP, 'x', 'g', false, 8, BOTH},
  {X64_CVTSI2SD, M(CVTSI2SD), SIZES_GP, 'x', 'g', false, 8, BOTH},
  {X64_CVTTSS2SI, M(CVTTSS2SI), SIZES_GP, 'g', 'x', false, 2, BOTH},
  {X64_CVTTSD2SI, M(CVTTSD2SI), SIZES_GP, 'g', 'x', false, 3, BOTH},
  {X64_ANDPS, M(ANDPS), S32, 'x', 'x', false, 4, BOTH},
  {X64_ORPS, M(ORPS), S32, 'x', 'x', false, 4, BOTH},
  {X64_XORPS, M(XORPS), S32, 'x', 'x', false, 4, BOTH},
  {X64_PUNPCKLDQ, M(PUNPCKLDQ), S32, 'x', 'x', false, 4, BOTH},
};
/* Vectors: register, register, and few addresses, since they are formed as those of the others. */
static const struct form vectors[] = {
#define V(name) {X64_##name, M(name), S32, 'x', 'x', false, 4, BOTH}
  V(PUNPCKLBW),
  V(PUNPCKLQDQ),
  V(PACKSSWB),
  V(PAND),
  V(PANDN),
  V(POR),
  V(PXOR),
  V(PADDQ),
  V(PSUBB),
  V(PSUBQ),
  V(PMULLW),
  V(PMULUDQ),
  V(PCMPEQB),
  V(PCMPEQW),
  V(PCMPEQD),
  V(PCMPGTB),
  V(PCMPGTW),
  V(PCMPGTD),
  V(CVTDQ2PS),
  V(CVTTPS2DQ),
#undef V
  {X64_PMOVMSKB, M(PMOVMSKB), S32, 'g', 'x', false, 8, ONLY_REG},
  {X64_MOVMSKPS, M(MOVMSKPS), S32, 'g', 'x', false, 8, ONLY_REG},
  {X64_MOVMSKPD, M(MOVMSKPD), S32, 'g', 'x', false, 8, ONLY_REG},
};
/* With an immediate after them. */
static const struct form picks[] = {
  {X64_PSHUFD, M(PSHUFD), S32, 'x', 'x', false, 4, BOTH},
  {X64_PSHUFLW, M(PSHUFLW), S32, 'x', 'x', false, 4, BOTH},
  {X64_PSHUFHW, M(PSHUFHW), S32, 'x', 'x', false, 4, BOTH},
  {X64_SHUFPS, M(SHUFPS), S32, 'x', 'x', false, 4, BOTH},
  {X64_PEXTRW, M(PEXTRW), S32, 'g', 'x', false, 8, ONLY_REG},
  {X64_PINSRW, M(PINSRW), S32, 'x', 'g', false, 1, ONLY_REG},
};
static const ZydisMnemonic cmovs[] = {
  M(CMOVO), M(CMOVNO), M(CMOVB), M(CMOVNB), M(CMOVZ), M(CMOVNZ), M(CMOVBE), M(CMOVNBE),
  M(CMOVS), M(CMOVNS), M(CMOVP), M(CMOVNP), M(CMOVL), M(CMOVNL), M(CMOVLE), M(CMOVNLE)};

static struct want operand(char kind, unsigned size, unsigned reg) {
  switch (kind) {
  case 'b': return g(0, reg);
  case 'w': return g(1, reg);
  case 'd': return g(2, reg);
  case 'q': return g(3, reg);
  case 'x': return x(reg);
  default: return g(size, reg);
  }
}
static void form_rr(const struct form *f, unsigned size) {
  for (unsigned a = 0; a < 16; a++)
    for (unsigned b = 0; b < 16; b++) {
      struct want r = operand(f->reg, size, a), m = operand(f->rm, size, b);
      uint8_t *end = x64_rr(code, f->op, size, a, b);
      CHECK(end, f->mnemonic, f->rm_first ? m : r, f->rm_first ? r : m);
    }
}
static void form_rm(const struct form *f, unsigned size) {
  make_mems();
  for (unsigned i = 0; i < n_mems; i++)
    for (unsigned a = few_mems(i) ? 0 : i % 16; a < 16; a += few_mems(i) ? 1 : 16) {
      struct want r = operand(f->reg, size, a),
                  m = mem(f->mem_size == 8 ? size : f->mem_size, mems[i]);
      if (f->op == X64_LEA) {
        if (mems[i].segment) continue;
        m.size = 7;
      }
      uint8_t *end = x64_rm(code, f->op, size, a, mems[i]);
      CHECK(end, f->mnemonic, f->rm_first ? m : r, f->rm_first ? r : m);
    }
}
CASE(registers) {
  for (unsigned i = 0; i < COUNT(forms); i++)
    for (unsigned size = 0; size < 4; size++)
      if (forms[i].sizes >> size & 1 && forms[i].where != ONLY_MEM) form_rr(&forms[i], size);
  for (unsigned cc = 0; cc < 16; cc++) {
    struct form f = {X64_CMOV + cc, cmovs[cc], SIZES_WIDE, 'g', 'g', false, 8, BOTH};
    for (unsigned size = 1; size < 4; size++) form_rr(&f, size);
  }
}
CASE(memory) {
  for (unsigned i = 0; i < COUNT(forms); i++)
    for (unsigned size = 0; size < 4; size++)
      if (forms[i].sizes >> size & 1 && forms[i].where != ONLY_REG) form_rm(&forms[i], size);
  struct form f = {X64_CMOV + X64_L, M(CMOVL), SIZES_WIDE, 'g', 'g', false, 8, BOTH};
  for (unsigned size = 1; size < 4; size++) form_rm(&f, size);
}

CASE(of_vectors) {
  make_mems();
  for (unsigned i = 0; i < COUNT(vectors); i++) {
    form_rr(&vectors[i], 2);
    for (unsigned k = 0; k < n_mems && vectors[i].where == BOTH; k += 131)
      CHECK(x64_rm(code, vectors[i].op, 2, k % 16, mems[k]), vectors[i].mnemonic, x(k % 16),
            mem(4, mems[k]));
  }
  for (unsigned i = 0; i < COUNT(picks); i++)
    for (unsigned r = 0; r < 256; r++) {
      unsigned a = r % 16, b = r / 16, n = 255 - r;
      CHECK(x64_put8(x64_rr(code, picks[i].op, 2, a, b), n), picks[i].mnemonic,
            operand(picks[i].reg, 2, a), operand(picks[i].rm, 2, b), imm(0, n));
    }
  static const struct {
    unsigned op, group;
    ZydisMnemonic mnemonic;
  } shifts[] = {{0x71, 2, M(PSRLW)},  {0x71, 4, M(PSRAW)}, {0x71, 6, M(PSLLW)}, {0x72, 2, M(PSRLD)},
                {0x72, 4, M(PSRAD)},  {0x72, 6, M(PSLLD)}, {0x73, 2, M(PSRLQ)}, {0x73, 6, M(PSLLQ)},
                {0x73, 3, M(PSRLDQ)}, {0x73, 7, M(PSLLDQ)}};
  for (unsigned i = 0; i < COUNT(shifts); i++)
    for (unsigned r = 0; r < 16; r++)
      CHECK(
        x64_put8(x64_group_r(code, shifts[i].op | X64_SSE | X64_PRE(0x66), 2, shifts[i].group, r),
                 15 - r),
        shifts[i].mnemonic, x(r), imm(0, 15 - r));
}

/* ---- immediates ---- */

static const ZydisMnemonic alus[] = {M(ADD), M(OR), M(ADC), M(SBB), M(AND), M(SUB), M(XOR), M(CMP)};

CASE(immediates) {
  for (unsigned size = 0; size < 4; size++)
    for (unsigned i = 0; i < COUNT(imms); i++) {
      const int32_t v = imms[i];
      for (unsigned r = 0; r < 16; r++) {
        for (unsigned op = 0; op < 8; op++)
          CHECK(x64_alu_ri(code, op, size, r, v), alus[op], g(size, r), imm(size, v));
        CHECK(x64_test_ri(code, size, r, v), M(TEST), g(size, r), imm(size, v));
        for (unsigned b = 0; b < 16 && size > 0; b++)
          CHECK(x64_imul_rri(code, size, r, b, v), M(IMUL), g(size, r), g(size, b), imm(size, v));
      }
    }
}
CASE(memory_immediates) {
  make_mems();
  for (unsigned size = 0; size < 4; size++)
    for (unsigned i = 0; i < n_mems; i++)
      for (unsigned k = few_mems(i) ? 0 : i % 16; k < COUNT(imms); k += few_mems(i) ? 3 : 16) {
        const struct x64_mem m = mems[i];
        const int32_t v = imms[k];
        for (unsigned op = 0; op < 8; op++)
          CHECK(x64_alu_mi(code, op, size, m, v), alus[op], mem(size, m), imm(size, v));
        CHECK(x64_mov_mi(code, size, m, v), M(MOV), mem(size, m), imm(size, v));
      }
}
CASE(constants) {
  static const uint64_t wide[] = {0,
                                  1,
                                  127,
                                  128,
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  UINT64_C(0x100000000),
                                  UINT64_C(0xffffffff80000000),
                                  UINT64_C(0xffffffff7fffffff),
                                  UINT64_C(0x7fffffffffffffff),
                                  UINT64_C(0x8000000000000000),
                                  UINT64_MAX,
                                  UINT64_C(0x123456789abcdef0)};
  for (unsigned r = 0; r < 16; r++) {
    for (unsigned i = 0; i < COUNT(wide); i++) {
      const uint64_t v = wide[i];
      const bool low = v <= UINT32_MAX; /* writing the 32-bit register clears the upper half */
      uint8_t *end = x64_mov_ri(code, r, v);
      CHECK(end, M(MOV), g(low ? 2 : 3, r), imm(low ? 2 : 3, (int64_t)v));
      assert_true(end - code <= (low ? 6 : (int64_t)v == (int32_t)v ? 7 : 10));
    }
    CHECK(x64_zero(code, r), M(XOR), g(2, r), g(2, r));
  }
}

/* ---- groups ---- */

CASE(shifts) {
  static const struct {
    unsigned group;
    ZydisMnemonic mnemonic;
  } kinds[] = {{X64_G_ROL, M(ROL)},
               {X64_G_ROR, M(ROR)},
               {X64_G_SHL, M(SHL)},
               {X64_G_SHR, M(SHR)},
               {X64_G_SAR, M(SAR)}};
  for (unsigned size = 0; size < 4; size++)
    for (unsigned r = 0; r < 16; r++) {
      for (unsigned k = 0; k < COUNT(kinds); k++) {
        CHECK(x64_shift_cl(code, kinds[k].group, size, r), kinds[k].mnemonic, g(size, r),
              g(0, X64_RCX));
        for (unsigned n = 1; n < 8u << size; n++)
          CHECK(x64_shift_ri(code, kinds[k].group, size, r, n), kinds[k].mnemonic, g(size, r),
                imm(0, n));
      }
      for (unsigned b = 0; b < 16 && size > 0; b++) {
        CHECK(x64_rr(code, X64_SHLD_CL, size, b, r), M(SHLD), g(size, r), g(size, b),
              g(0, X64_RCX));
        CHECK(x64_rr(code, X64_SHRD_CL, size, b, r), M(SHRD), g(size, r), g(size, b),
              g(0, X64_RCX));
        for (unsigned n = 0; n < 8u << size; n++) {
          CHECK(x64_shld_ri(code, size, r, b, n), M(SHLD), g(size, r), g(size, b), imm(0, n));
          CHECK(x64_shrd_ri(code, size, r, b, n), M(SHRD), g(size, r), g(size, b), imm(0, n));
        }
      }
    }
}
CASE(unary) {
  make_mems();
  static const ZydisMnemonic kinds[] = {0, 0, M(NOT), M(NEG), M(MUL), M(IMUL), M(DIV), M(IDIV)};
  for (unsigned size = 0; size < 4; size++)
    for (unsigned k = X64_G_NOT; k <= X64_G_IDIV; k++) {
      for (unsigned r = 0; r < 16; r++) CHECK(x64_unary_r(code, k, size, r), kinds[k], g(size, r));
      for (unsigned i = 0; i < n_mems; i++)
        CHECK(x64_unary_m(code, k, size, mems[i]), kinds[k], mem(size, mems[i]));
    }
  CHECK0(x64_cdq(code, 2), M(CDQ));
  CHECK0(x64_cdq(code, 3), M(CQO));
  for (unsigned r = 0; r < 16; r++)
    for (unsigned size = 2; size < 4; size++) CHECK(x64_bswap(code, size, r), M(BSWAP), g(size, r));
}

/* ---- control and the rest ---- */

CASE(control) {
  static const ZydisMnemonic sets[] = {M(SETO),  M(SETNO),  M(SETB),  M(SETNB), M(SETZ), M(SETNZ),
                                       M(SETBE), M(SETNBE), M(SETS),  M(SETNS), M(SETP), M(SETNP),
                                       M(SETL),  M(SETNL),  M(SETLE), M(SETNLE)};
  static const ZydisMnemonic jumps[] = {M(JO),  M(JNO),  M(JB),  M(JNB), M(JZ), M(JNZ),
                                        M(JBE), M(JNBE), M(JS),  M(JNS), M(JP), M(JNP),
                                        M(JL),  M(JNL),  M(JLE), M(JNLE)};
  make_mems();
  for (unsigned cc = 0; cc < 16; cc++) {
    for (unsigned r = 0; r < 16; r++) CHECK(x64_setcc(code, cc, r), sets[cc], g(0, r));
    for (unsigned i = 0; i < COUNT(disps); i++) {
      CHECK(x64_jcc_rel32(code, cc, disps[i]), jumps[cc], imm(3, disps[i]));
      if (x64_fits8(disps[i])) CHECK(x64_jcc_rel8(code, cc, disps[i]), jumps[cc], imm(3, disps[i]));
    }
  }
  for (unsigned i = 0; i < COUNT(disps); i++) {
    CHECK(x64_call_rel(code, disps[i]), M(CALL), imm(3, disps[i]));
    CHECK(x64_jmp_rel32(code, disps[i]), M(JMP), imm(3, disps[i]));
    if (x64_fits8(disps[i])) CHECK(x64_jmp_rel8(code, disps[i]), M(JMP), imm(3, disps[i]));
  }
  for (unsigned r = 0; r < 16; r++) {
    CHECK(x64_push(code, r), M(PUSH), g(3, r));
    CHECK(x64_pop(code, r), M(POP), g(3, r));
    CHECK(x64_call_r(code, r), M(CALL), g(3, r));
    CHECK(x64_jmp_r(code, r), M(JMP), g(3, r));
  }
  for (unsigned i = 0; i < n_mems; i++) {
    CHECK(x64_ldmxcsr(code, mems[i]), M(LDMXCSR), mem(2, mems[i]));
    CHECK(x64_stmxcsr(code, mems[i]), M(STMXCSR), mem(2, mems[i]));
  }
  CHECK0(x64_ret(code), M(RET));
  CHECK0(x64_leave(code), M(LEAVE));
  CHECK0(x64_int3(code), M(INT3));
  CHECK0(x64_ud2(code), M(UD2));
  CHECK0(x64_mfence(code), M(MFENCE));
}
CASE(locked) {
  make_mems();
  static const struct {
    unsigned op;
    ZydisMnemonic mnemonic;
  } kinds[] = {{X64_CMPXCHG, M(CMPXCHG)}, {X64_XADD, M(XADD)}, {X64_OR_ST, M(OR)}};
  for (unsigned k = 0; k < COUNT(kinds); k++)
    for (unsigned size = 0; size < 4; size++)
      for (unsigned i = 0; i < n_mems; i++) {
        unsigned r = (i + size) % 16;
        uint8_t *end = x64_rm(x64_lock(code), kinds[k].op, size, r, mems[i]);
        CHECK(end, kinds[k].mnemonic, mem(size, mems[i]), g(size, r));
        ZydisDecodedInstruction in;
        ZydisDecoderDecodeInstruction(&decoder, NULL, code, 15, &in);
        assert_true(in.attributes & ZYDIS_ATTRIB_HAS_LOCK);
      }
  for (unsigned i = 0; i < n_mems; i++)
    CHECK(x64_cmpxchg16b(x64_lock(code), mems[i]), M(CMPXCHG16B), mem(4, mems[i]));
}

/* ---- x87 ---- */

CASE(x87_memory) {
  make_mems();
  static const struct {
    unsigned op;
    ZydisMnemonic mnemonic;
    unsigned size;
  } kinds[] = {{X64_FLD32, M(FLD), 2},   {X64_FLD64, M(FLD), 3},     {X64_FLD80, M(FLD), TEN},
               {X64_FSTP32, M(FSTP), 2}, {X64_FSTP64, M(FSTP), 3},   {X64_FSTP80, M(FSTP), TEN},
               {X64_FILD64, M(FILD), 3}, {X64_FISTP64, M(FISTP), 3}, {X64_FADD32, M(FADD), 2},
               {X64_FLDCW, M(FLDCW), 1}, {X64_FNSTCW, M(FNSTCW), 1}};
  for (unsigned k = 0; k < COUNT(kinds); k++)
    for (unsigned i = 0; i < n_mems; i++)
      CHECK(x64_x87_m(code, kinds[k].op, mems[i]), kinds[k].mnemonic, mem(kinds[k].size, mems[i]));
}
CASE(x87_stack) {
  CHECK(x64_x87_r(code, X64_FADDP1), M(FADDP), st(1), st(0));
  CHECK(x64_x87_r(code, X64_FMULP1), M(FMULP), st(1), st(0));
  CHECK(x64_x87_r(code, X64_FSUBP1), M(FSUBP), st(1), st(0));
  CHECK(x64_x87_r(code, X64_FDIVP1), M(FDIVP), st(1), st(0));
  CHECK(x64_x87_r(code, X64_FSTP0), M(FSTP), st(0));
  CHECK(x64_x87_r(code, X64_FSTP1), M(FSTP), st(1));
  CHECK(x64_x87_r(code, X64_FUCOMI0), M(FUCOMI), st(0), st(0));
  CHECK(x64_x87_r(code, X64_FUCOMI1), M(FUCOMI), st(0), st(1));
  CHECK(x64_x87_r(code, X64_FUCOMIP1), M(FUCOMIP), st(0), st(1));
  CHECK(x64_x87_r(code, X64_FCMOVBE1), M(FCMOVBE), st(0), st(1));
  static const struct {
    unsigned op;
    ZydisMnemonic mnemonic;
  } tops[] = {{X64_FCHS, M(FCHS)},       {X64_FABS, M(FABS)}, {X64_FSQRT, M(FSQRT)},
              {X64_FRNDINT, M(FRNDINT)}, {X64_FLD1, M(FLD1)}, {X64_FLDZ, M(FLDZ)}};
  for (unsigned k = 0; k < COUNT(tops); k++) CHECK0(x64_x87_r(code, tops[k].op), tops[k].mnemonic);
}

/* The moves from tables are those of the general form, which `memory` decodes. */
CASE(moves) {
  static const struct {
    unsigned op, size;
  } of[X64_MOVE_COUNT] = {
#define X(name, bytes) {X64_##name, bytes},
    X64_MOVES(X)
#undef X
  };
  for (unsigned m = 0; m < X64_MOVE_COUNT; m++)
    for (unsigned reg = 0; reg < 16; reg++)
      for (unsigned base = 0; base < 16; base++)
        for (unsigned d = 0; (base & 7) != 4 && d < COUNT(disps); d++, rows++) {
          uint8_t want[32];
          struct x64_mem at = {(uint8_t)base, X64_NONE, 0, 0, disps[d]};
          long n = x64_rm(want, of[m].op, of[m].size, reg, at) - want;
          assert_int_equal(x64_form_mem(code, x64_move_forms[m], reg, at) - code, n);
          assert_memory_equal(code, want, (size_t)n);
          memset(code, 0, sizeof code);
          assert_int_equal(x64_move_at(code, m, reg, base, disps[d]) - code, n);
          assert_memory_equal(code, want, (size_t)n);
        }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(registers),  cmocka_unit_test(memory),
    cmocka_unit_test(immediates), cmocka_unit_test(memory_immediates),
    cmocka_unit_test(constants),  cmocka_unit_test(shifts),
    cmocka_unit_test(unary),      cmocka_unit_test(control),
    cmocka_unit_test(locked),     cmocka_unit_test(x87_memory),
    cmocka_unit_test(x87_stack),  cmocka_unit_test(moves),
    cmocka_unit_test(of_vectors)};
  return cmocka_run_group_tests_name("x64_encode", tests, setup, teardown);
}
