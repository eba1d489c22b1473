/* Processors' intrinsics that are rare, and whose instructions have their operands in certain registers, or an address
 * in one: a table of their code. Each becomes a piece of machine code with operands and results in these registers
 * (kiln_build_asm), as inline assembly does. Called by machine.c.
 * Sources: Intel SDM volume 2, AMD APM volume 3, Arm Architecture Reference Manual C6.2; what LLVM makes of each. */
#include "bc.h"

#include <string.h>

/* `regs`: a letter for each parameter, then, behind '>', for each result: of x86-64 the letters of GCC's constraints
 * (a, b, c, d, S, D), and xmm0 to xmm9 as digits, two of them for 256 bits; of AArch64 x0 to x9 as digits. *, as the
 * first result: a byte that the code writes to [rsi]. Immediates: i: the last byte of the code; j, k, o, p: bits 10 to
 * 13, 5 to 20, 0, or 2, of its first word; l: the low bits of an opcode before a last byte; m: the 4 bytes behind the
 * fifth; n: the low bits of the byte before APART_01. */
static const struct fixed {
  const char *name, *regs;
  uint8_t n; /* bytes */
  const char *code;
} rows[] = {
#define SETB "\x0f\x92\xc0"                /* setb al */
#define SETE "\x0f\x94\xc0"                /* sete al */
#define SETE_MEMORY "\x0f\x94\x06"         /* sete byte ptr [rsi] */
#define JOIN_01 "\xc4\xe3\x7d\x18\xc1\x01" /* ymm0 of xmm0 and xmm1, */
#define JOIN_23 "\xc4\xe3\x6d\x18\xd3\x01" /* and ymm2 */
#define JOIN_45 "\xc4\xe3\x5d\x18\xe5\x01"
#define APART_01 "\xc4\xe3\x7d\x19\xc1\x01\xc5\xf8\x77" /* and back; vzeroupper */
/* XOP's map 10, edi as a second operand */
#define LWP(w_vvvv, modrm) "\x8f\xea" w_vvvv "\x12" modrm "\x00\x00\x00\x00"
#define ROW(name, regs, code) {name, regs, sizeof code - 1, code}
  /* MTE, random numbers, pairs of an exclusive access, exceptions */
  ROW("llvm.aarch64.addg", "0j>0", "\x00\x00\x80\x91"),
  ROW("llvm.aarch64.break", "k>", "\x00\x00\x20\xd4"),
  ROW("llvm.aarch64.gmi", "01>0", "\x00\x14\xc1\x9a"),
  ROW("llvm.aarch64.hlt", "k>", "\x00\x00\x40\xd4"),
  ROW("llvm.aarch64.irg", "01>0", "\x00\x10\xc1\x9a"),
  ROW("llvm.aarch64.ldaxp", "0>01", "\x00\x84\x7f\xc8"),
  ROW("llvm.aarch64.ldg", "01>0", "\x20\x00\x60\xd9"),
  ROW("llvm.aarch64.ldxp", "0>01", "\x00\x04\x7f\xc8"),
  ROW("llvm.aarch64.rndr", ">01", "\x00\x24\x3b\xd5\xe1\x17\x9f\x1a"), /* mrs, cset eq */
  ROW("llvm.aarch64.rndrrs", ">01", "\x20\x24\x3b\xd5\xe1\x17\x9f\x1a"),
  ROW("llvm.aarch64.stg", "01>", "\x20\x08\x20\xd9"),
  ROW("llvm.aarch64.stlxp", "012>3", "\x40\x84\x23\xc8"),
  ROW("llvm.aarch64.stxp", "012>3", "\x40\x04\x23\xc8"),
  ROW("llvm.aarch64.subp", "01>0", "\x00\x00\xc1\x9a"),
  /* the same of one register, by the bytes accessed (machine.c) */
  ROW("llvm.aarch64.ldaxr.1", "0>0", "\x00\xfc\x5f\x08"),
  ROW("llvm.aarch64.ldaxr.2", "0>0", "\x00\xfc\x5f\x48"),
  ROW("llvm.aarch64.ldaxr.4", "0>0", "\x00\xfc\x5f\x88"),
  ROW("llvm.aarch64.ldaxr.8", "0>0", "\x00\xfc\x5f\xc8"),
  ROW("llvm.aarch64.ldxr.1", "0>0", "\x00\x7c\x5f\x08"),
  ROW("llvm.aarch64.ldxr.2", "0>0", "\x00\x7c\x5f\x48"),
  ROW("llvm.aarch64.ldxr.4", "0>0", "\x00\x7c\x5f\x88"),
  ROW("llvm.aarch64.ldxr.8", "0>0", "\x00\x7c\x5f\xc8"),
  ROW("llvm.aarch64.stlxr.1", "01>2", "\x20\xfc\x02\x08"),
  ROW("llvm.aarch64.stlxr.2", "01>2", "\x20\xfc\x02\x48"),
  ROW("llvm.aarch64.stlxr.4", "01>2", "\x20\xfc\x02\x88"),
  ROW("llvm.aarch64.stlxr.8", "01>2", "\x20\xfc\x02\xc8"),
  ROW("llvm.aarch64.stxr.1", "01>2", "\x20\x7c\x02\x08"),
  ROW("llvm.aarch64.stxr.2", "01>2", "\x20\x7c\x02\x48"),
  ROW("llvm.aarch64.stxr.4", "01>2", "\x20\x7c\x02\x88"),
  ROW("llvm.aarch64.stxr.8", "01>2", "\x20\x7c\x02\xc8"),
  /* guarded control stacks: chkfeat has its operand in x16; gcsss1, gcsss2 of a zero */
  ROW("llvm.aarch64.chkfeat", "0>0", "\xf0\x03\x00\xaa\x1f\x25\x03\xd5\xe0\x03\x10\xaa"),
  ROW("llvm.aarch64.gcspopm", "0>0", "\x20\x77\x2b\xd5"),
  ROW("llvm.aarch64.gcsss", "0>1", "\xe1\x03\x1f\xaa\x40\x77\x0b\xd5\x61\x77\x2b\xd5"),
  /* 64 bytes at once; a range of memory with its tags (setgp, setgm, setge), or in advance */
  ROW("llvm.aarch64.ld64b", "8>01234567", "\x00\xd1\x3f\xf8"),
  ROW("llvm.aarch64.st64b", "801234567>", "\x00\x91\x3f\xf8"),
  ROW("llvm.aarch64.st64bv", "801234567>9", "\x00\xb1\x29\xf8"),
  ROW("llvm.aarch64.st64bv0", "801234567>9", "\x00\xa1\x29\xf8"),
  ROW("llvm.aarch64.mops.memset.tag", "021>0", "\x20\x04\xc2\x1d\x20\x44\xc2\x1d\x20\x84\xc2\x1d"),
  ROW("llvm.aarch64.range.prefetch", "0op1>", "\x18\x48\xa1\xf8"),
  /* waiting, caches, protection keys */
  ROW("llvm.x86.clzero", "a>", "\x0f\x01\xfc"),
  ROW("llvm.x86.monitorx", "acd>", "\x0f\x01\xfa"),
  ROW("llvm.x86.mwaitx", "cab>", "\x0f\x01\xfb"),
  ROW("llvm.x86.sse3.monitor", "acd>", "\x0f\x01\xc8"),
  ROW("llvm.x86.sse3.mwait", "ca>", "\x0f\x01\xc9"),
  ROW("llvm.x86.tpause", "Dda>a", "\x66\x0f\xae\xf7" SETB),
  ROW("llvm.x86.umonitor", "D>", "\xf3\x0f\xae\xf7"),
  ROW("llvm.x86.umwait", "Dda>a", "\xf2\x0f\xae\xf7" SETB),
  ROW("llvm.x86.wbinvd", ">", "\x0f\x09"),
  ROW("llvm.x86.wbnoinvd", ">", "\xf3\x0f\x09"),
  ROW("llvm.x86.invpcid", "DS>", "\x66\x0f\x38\x82\x3e"),
  ROW("llvm.x86.rdpkru", ">a", "\x31\xc9\x0f\x01\xee"),         /* xor ecx, ecx */
  ROW("llvm.x86.wrpkru", "a>", "\x31\xc9\x31\xd2\x0f\x01\xef"), /* and edx */
  /* the flags, interrupts; user interrupts */
  ROW("llvm.x86.flags.read.u32", ">a", "\x9c\x58"),
  ROW("llvm.x86.flags.read.u64", ">a", "\x9c\x58"),
  ROW("llvm.x86.flags.write.u32", "a>", "\x50\x9d"),
  ROW("llvm.x86.flags.write.u64", "a>", "\x50\x9d"),
  ROW("llvm.x86.int", "i>", "\xcd\x00"),
  ROW("llvm.x86.clui", ">", "\xf3\x0f\x01\xee"),
  ROW("llvm.x86.senduipi", "D>", "\xf3\x0f\xc7\xf7"),
  ROW("llvm.x86.stui", ">", "\xf3\x0f\x01\xef"),
  ROW("llvm.x86.testui", ">a", "\xf3\x0f\x01\xed" SETB),
  /* 64 bytes at once */
  ROW("llvm.x86.enqcmd", "DS>a", "\xf2\x0f\x38\xf8\x3e" SETE),
  ROW("llvm.x86.enqcmds", "DS>a", "\xf3\x0f\x38\xf8\x3e" SETE),
  ROW("llvm.x86.movdir64b", "DS>", "\x66\x0f\x38\xf8\x3e"),
  /* transactions: an abort continues behind xbegin, with its cause in eax */
  ROW("llvm.x86.xabort", "i>", "\xc6\xf8\x00"),
  ROW("llvm.x86.xbegin", ">a", "\xb8\xff\xff\xff\xff\xc7\xf8\x00\x00\x00\x00"),
  ROW("llvm.x86.xend", ">", "\x0f\x01\xd5"),
  ROW("llvm.x86.xresldtrk", ">", "\xf2\x0f\x01\xe9"),
  ROW("llvm.x86.xsusldtrk", ">", "\xf2\x0f\x01\xe8"),
  ROW("llvm.x86.xtest", ">a", "\x31\xc0\x0f\x01\xd6\x0f\x95\xc0"), /* xor eax, eax; setne */
  /* the processor's state */
  ROW("llvm.x86.xrstor", "Dda>", "\x0f\xae\x2f"),
  ROW("llvm.x86.xrstor64", "Dda>", "\x48\x0f\xae\x2f"),
  ROW("llvm.x86.xrstors", "Dda>", "\x0f\xc7\x1f"),
  ROW("llvm.x86.xrstors64", "Dda>", "\x48\x0f\xc7\x1f"),
  ROW("llvm.x86.xsave", "Dda>", "\x0f\xae\x27"),
  ROW("llvm.x86.xsave64", "Dda>", "\x48\x0f\xae\x27"),
  ROW("llvm.x86.xsavec", "Dda>", "\x0f\xc7\x27"),
  ROW("llvm.x86.xsavec64", "Dda>", "\x48\x0f\xc7\x27"),
  ROW("llvm.x86.xsaveopt", "Dda>", "\x0f\xae\x37"),
  ROW("llvm.x86.xsaveopt64", "Dda>", "\x48\x0f\xae\x37"),
  ROW("llvm.x86.xsaves", "Dda>", "\x0f\xc7\x2f"),
  ROW("llvm.x86.xsaves64", "Dda>", "\x48\x0f\xc7\x2f"),
  ROW("llvm.x86.xsetbv", "cda>", "\x0f\x01\xd1"),
  /* the shadow stack */
  ROW("llvm.x86.clrssbsy", "D>", "\xf3\x0f\xae\x37"),
  ROW("llvm.x86.incsspd", "D>", "\xf3\x0f\xae\xef"),
  ROW("llvm.x86.incsspq", "D>", "\xf3\x48\x0f\xae\xef"),
  ROW("llvm.x86.rdsspd", "a>a", "\xf3\x0f\x1e\xc8"),
  ROW("llvm.x86.rdsspq", "a>a", "\xf3\x48\x0f\x1e\xc8"),
  ROW("llvm.x86.rstorssp", "D>", "\xf3\x0f\x01\x2f"),
  ROW("llvm.x86.saveprevssp", ">", "\xf3\x0f\x01\xea"),
  ROW("llvm.x86.setssbsy", ">", "\xf3\x0f\x01\xe8"),
  ROW("llvm.x86.wrssd", "DS>", "\x0f\x38\xf6\x3e"),
  ROW("llvm.x86.wrssq", "DS>", "\x48\x0f\x38\xf6\x3e"),
  ROW("llvm.x86.wrussd", "DS>", "\x66\x0f\x38\xf5\x3e"),
  ROW("llvm.x86.wrussq", "DS>", "\x66\x48\x0f\x38\xf5\x3e"),
  /* memory that others write: RAO-INT, CMPCCXADD, MOVRS; model-specific registers */
  ROW("llvm.x86.aadd32", "DS>", "\x0f\x38\xfc\x37"),
  ROW("llvm.x86.aadd64", "DS>", "\x48\x0f\x38\xfc\x37"),
  ROW("llvm.x86.aand32", "DS>", "\x66\x0f\x38\xfc\x37"),
  ROW("llvm.x86.aand64", "DS>", "\x66\x48\x0f\x38\xfc\x37"),
  ROW("llvm.x86.aor32", "DS>", "\xf2\x0f\x38\xfc\x37"),
  ROW("llvm.x86.aor64", "DS>", "\xf2\x48\x0f\x38\xfc\x37"),
  ROW("llvm.x86.axor32", "DS>", "\xf3\x0f\x38\xfc\x37"),
  ROW("llvm.x86.axor64", "DS>", "\xf3\x48\x0f\x38\xfc\x37"),
  ROW("llvm.x86.cmpccxadd32", "DaSl>a", "\xc4\xe2\x49\xe0\x07"),
  ROW("llvm.x86.cmpccxadd64", "DaSl>a", "\xc4\xe2\xc9\xe0\x07"),
  ROW("llvm.x86.movrsqi", "D>a", "\x0f\x38\x8a\x07"),
  ROW("llvm.x86.movrshi", "D>a", "\x66\x0f\x38\x8b\x07"),
  ROW("llvm.x86.movrssi", "D>a", "\x0f\x38\x8b\x07"),
  ROW("llvm.x86.movrsdi", "D>a", "\x48\x0f\x38\x8b\x07"),
  ROW("llvm.x86.prefetchrs", "D>", "\x0f\x18\x27"),
  ROW("llvm.x86.urdmsr", "D>a", "\xf2\x0f\x38\xf8\xc7"),
  ROW("llvm.x86.uwrmsr", "DS>", "\xf3\x0f\x38\xf8\xfe"),
  /* TBM, LWP: XOP's maps 9 and 10 */
  ROW("llvm.x86.tbm.bextri.u32", "am>a", "\x8f\xea\x78\x10\xc0\x00\x00\x00\x00"),
  ROW("llvm.x86.tbm.bextri.u64", "am>a", "\x8f\xea\xf8\x10\xc0\x00\x00\x00\x00"),
  ROW("llvm.x86.llwpcb", "D>", "\x8f\xe9\xf8\x12\xc7"),
  ROW("llvm.x86.slwpcb", ">a", "\x8f\xe9\xf8\x12\xc8"),
  ROW("llvm.x86.lwpins32", "DSm>a", LWP("\x40", "\xc6") SETB),
  ROW("llvm.x86.lwpins64", "DSm>a", LWP("\xc0", "\xc6") SETB),
  ROW("llvm.x86.lwpval32", "DSm>", LWP("\x40", "\xce")),
  ROW("llvm.x86.lwpval64", "DSm>", LWP("\xc0", "\xce")),
  /* Key Locker */
  ROW("llvm.x86.aesdec128kl", "0D>a0", "\xf3\x0f\x38\xdd\x07" SETE),
  ROW("llvm.x86.aesdec256kl", "0D>a0", "\xf3\x0f\x38\xdf\x07" SETE),
  ROW("llvm.x86.aesdecwide128kl", "D01234567>*01234567", "\xf3\x0f\x38\xd8\x0f" SETE_MEMORY),
  ROW("llvm.x86.aesdecwide256kl", "D01234567>*01234567", "\xf3\x0f\x38\xd8\x1f" SETE_MEMORY),
  ROW("llvm.x86.aesenc128kl", "0D>a0", "\xf3\x0f\x38\xdc\x07" SETE),
  ROW("llvm.x86.aesenc256kl", "0D>a0", "\xf3\x0f\x38\xde\x07" SETE),
  ROW("llvm.x86.aesencwide128kl", "D01234567>*01234567", "\xf3\x0f\x38\xd8\x07" SETE_MEMORY),
  ROW("llvm.x86.aesencwide256kl", "D01234567>*01234567", "\xf3\x0f\x38\xd8\x17" SETE_MEMORY),
  ROW("llvm.x86.encodekey128", "a0>a012456", "\xf3\x0f\x38\xfa\xc0"),
  ROW("llvm.x86.encodekey256", "a01>a0123456", "\xf3\x0f\x38\xfb\xc0"),
  ROW("llvm.x86.loadiwkey", "012a>", "\xf3\x0f\x38\xdc\xca"),
  /* two operands and an immediate beside the result: SM3, XOP */
  ROW("llvm.x86.vsm3rnds2", "012i>0", "\xc4\xe3\x71\xde\xc2\x00"),
  ROW("llvm.x86.xop.vpermil2pd", "012i>0", "\xc4\xe3\x79\x49\xc1\x20"),
  ROW("llvm.x86.xop.vpermil2ps", "012i>0", "\xc4\xe3\x79\x48\xc1\x20"),
  ROW("llvm.x86.xop.vpermil2pd.256", "012345n>01",
      JOIN_01 JOIN_23 JOIN_45 "\xc4\xe3\x7d\x49\xc2\x40" APART_01),
  ROW("llvm.x86.xop.vpermil2ps.256", "012345n>01",
      JOIN_01 JOIN_23 JOIN_45 "\xc4\xe3\x7d\x48\xc2\x40" APART_01),
  /* SHA512, of 256 bits: joined from halves (vinsertf128) and taken apart */
  ROW("llvm.x86.vsha512msg1", "012>01", JOIN_01 "\xc4\xe2\x7f\xcc\xc2" APART_01),
  ROW("llvm.x86.vsha512msg2", "0123>01", JOIN_01 JOIN_23 "\xc4\xe2\x7f\xcd\xc2" APART_01),
  ROW("llvm.x86.vsha512rnds2", "01234>01", JOIN_01 JOIN_23 "\xc4\xe2\x6f\xcb\xc4" APART_01),
#undef ROW
};

enum { MOST = 10, CODE_BYTES = 40 };

static bool is_vector(const struct fixed *row, char letter) {
  return letter >= '0' && letter <= '9' && row->name[5] == 'x';
}

/* The register of a letter. */
static uint8_t number(const struct fixed *row, char letter) {
  static const char x86[] = "acdb..SD"; /* in the order of their numbers */
  const char *at = strchr(x86, letter);
  unsigned digit = (unsigned)letter - '0';
  return (uint8_t)(at ? (unsigned)(at - x86) : is_vector(row, letter) ? 32 + digit : digit);
}

/* True of integers and pointers that a register has. */
static bool is_general(const struct kn_bc_type *t) {
  return t->kind == TK_PTR || (t->kind == TK_INT && (t->fit == FIT_EXACT || t->fit == FIT_BOOL));
}

static bool is_immediate(char letter) { return letter >= 'i' && letter <= 'p'; }

/* Puts a constant into the code of `n` bytes. */
static bool put(struct kn_bc *r, uint32_t id, char letter, uint8_t *code, unsigned n) {
  static const struct {
    uint8_t bits, shift;
    int8_t at; /* the byte that `shift` counts from; negative: from the end */
  } fields[] = {{8, 0, -1}, {4, 10, 0},  {16, 5, 0}, {4, 0, -2},
                {32, 0, 5}, {4, 0, -10}, {1, 0, 0},  {1, 2, 0}}; /* from 'i' */
  unsigned bits = fields[letter - 'i'].bits, shift = fields[letter - 'i'].shift;
  int at = fields[letter - 'i'].at;
  int64_t v;
  if (!kn_bc_is_int(r, id, &v)) {
    kn_bc_malformed(r, "an intrinsic's argument that is not constant");
    return false;
  }
  if (letter == 'i') v &= UINT8_MAX;  /* an i8 */
  if (letter == 'm') v &= UINT32_MAX; /* an i32, or an i64 that is one */
  if (v < 0 || v >> bits) {
    kn_bc_unsupported(r, "an immediate that the instruction cannot have");
    return false;
  }
  uint8_t *field = code + (at < 0 ? (int)n + at : at);
  for (unsigned k = 0; 8 * k < shift + bits; k++)
    field[k] |= (uint8_t)((uint64_t)v << shift >> 8 * k);
  return true;
}

/* A piece of code that is being built of a row and a call. */
struct piece {
  struct kn_bc *r;
  const struct fixed *row;
  uint32_t n_in, n_out;
  uint8_t in[MOST], out[MOST];
  kiln_param params[MOST];
  kiln_type results[MOST];
  kiln_value args[MOST];
  kiln_value byte; /* the slot of a first result, or none */
};

static bool add_operand(struct piece *p, char letter, kiln_type type, kiln_value v) {
  if (p->n_in == MOST) return false;
  p->in[p->n_in] = number(p->row, letter);
  p->params[p->n_in].type = (uint8_t)type;
  p->args[p->n_in++] = v;
  return true;
}
static bool add_result(struct piece *p, char letter, kiln_type type) {
  if (p->n_out == MOST) return false;
  p->out[p->n_out] = number(p->row, letter);
  p->results[p->n_out++] = type;
  return true;
}

/* Value `id` as operands in the registers from *regs on. False if it is not of their kind. */
static bool operand(struct piece *p, uint32_t id, uint32_t type, const char **regs) {
  const struct kn_bc_type *t = &p->r->types.at[type];
  struct kn_bc_vec x;
  if (!is_vector(p->row, **regs))
    return is_general(t) && add_operand(p, *(*regs)++, t->ktype, kn_bc_use(p->r, id, type));
  if (t->kind != TK_VECTOR || !kn_bc_vec_get(p->r, id, type, &x)) return false;
  if (x.chunk != KILN_TYPE_V128 || x.mask) return false;
  for (uint32_t k = 0; k < x.parts; k++)
    if (!is_vector(p->row, **regs) || !add_operand(p, *(*regs)++, x.chunk, x.v[k])) return false;
  return true;
}

/* The same of a result of `type`; *x: its shape, of a vector. */
static bool result(struct piece *p, uint32_t type, const char **regs, struct kn_bc_vec *x) {
  const struct kn_bc_type *t = &p->r->types.at[type];
  x->parts = 0;
  if (!is_vector(p->row, **regs))
    return **regs && is_general(t) && add_result(p, *(*regs)++, t->ktype);
  if (t->kind != TK_VECTOR || !kn_bc_vec_shape(p->r, type, x)) return false;
  if (x->chunk != KILN_TYPE_V128 || x->mask) return false;
  for (uint32_t k = 0; k < x->parts; k++)
    if (!is_vector(p->row, **regs) || !add_result(p, *(*regs)++, x->chunk)) return false;
  return true;
}

/* Defines the call's result, of `ret`: *x if it is a vector. */
static void define(struct piece *p, uint32_t ret, kiln_value v, struct kn_bc_vec *x) {
  struct kn_bc *r = p->r;
  uint32_t first = r->fn.parts.n;
  if (r->types.at[ret].kind == TK_VECTOR) {
    for (uint32_t k = 0; k < x->parts; k++) x->v[k] = k ? kiln_build_result(r->f, v, k) : v;
    kn_bc_vec_def(r, x);
    return;
  }
  if (r->types.at[ret].kind != TK_STRUCT) {
    kn_bc_def(r, ret, v);
    return;
  }
  uint32_t byte = p->byte.id != 0;
  if (!kn_bc_split(r, ret) || !KN_BC_ROOM(r, r->fn.parts, (uint64_t)first + p->n_out + 1)) return;
  if (r->types.at[ret].n_pieces != p->n_out + byte) {
    kn_bc_malformed(r, "an intrinsic of a type that it cannot have");
    return;
  }
  uint32_t *parts = r->fn.parts.at + first;
  for (unsigned k = 0; k < p->n_out; k++)
    parts[byte + k] = k ? kiln_build_result(r->f, v, k).id : v.id;
  if (byte) *parts = kiln_build_load(r->f, KILN_TYPE_I8, p->byte, 0, 0).id;
  r->fn.parts.n += byte + p->n_out;
  kn_bc_define_parts(r, ret, first);
}

/* Builds the code of a row. False if the call's types are not the row's, or if an error is reported. */
static bool build(struct kn_bc *r, const struct fixed *row, const struct kn_bc_elem *params,
                  uint32_t ret, const uint64_t *ops, unsigned n) {
  struct piece p = {.r = r, .row = row};
  struct kn_bc_vec x;
  uint8_t code[CODE_BYTES];
  const char *regs = row->regs;
  memcpy(code, row->code, row->n);
  for (unsigned k = 0; k < n; k++) {
    uint32_t id = r->vals.n - (uint32_t)ops[k];
    if (is_immediate(*regs)) {
      if (!put(r, id, *regs++, code, row->n)) return false;
    } else if (*regs == '>' || !operand(&p, id, params[k].type, &regs)) {
      return false;
    }
  }
  if (*regs++ != '>') return false;
  const struct kn_bc_type *t = &r->types.at[ret];
  if (t->kind == TK_STRUCT) {
    uint32_t first = *regs == '*';
    if (first) {
      const struct kn_bc_type *byte = t->n ? &r->types.at[r->m->elems.at[t->first].type] : NULL;
      if (!byte || byte->kind != TK_INT || byte->ktype != KILN_TYPE_I8) return false;
      p.byte = kiln_slot_new(r->f, 1, 0);
      if (!add_operand(&p, 'S', KILN_TYPE_I64, p.byte)) return false;
      regs++;
    }
    for (uint32_t k = first; k < t->n; k++)
      if (!result(&p, r->m->elems.at[t->first + k].type, &regs, &x)) return false;
  } else if (t->kind != TK_VOID && !result(&p, ret, &regs, &x)) {
    return false;
  }
  if (*regs) return false;
  kiln_sig sig = kiln_sig_new(r->module, KILN_CC_C, 0, p.params, p.n_in, p.results, p.n_out);
  const kiln_asm text = {.bytes = code, .size_bytes = row->n, .params = p.in, .results = p.out};
  kiln_value v = kiln_build_asm(r->f, sig, &text, p.args, p.n_in);
  if (r->status == KILN_OK && p.n_out != 0) define(&p, ret, v, &x);
  return true;
}

bool kn_bc_fixed(struct kn_bc *r, const char *name, size_t length, const struct kn_bc_elem *params,
                 uint32_t ret, const uint64_t *ops, unsigned n) {
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strlen(rows[i].name) != length || memcmp(rows[i].name, name, length) != 0) continue;
    if (!build(r, &rows[i], params, ret, ops, n) && r->status == KILN_OK)
      kn_bc_malformed(r, "an intrinsic of a type that it cannot have");
    return true;
  }
  return false;
}
