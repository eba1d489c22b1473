/* Processors' intrinsics that are rare, and whose instructions have their operands in certain registers, or an address
 * in one: a table of their code. Each becomes a piece of machine code with operands and results in these registers
 * (kiln_build_asm), as inline assembly does. Called by machine.c.
 * Sources: Intel SDM volume 2, AMD APM volume 3, Arm Architecture Reference Manual C6.2; what LLVM makes of each. */
#include "bc.h"

#include <string.h>

/* `regs`: a letter for each parameter, then, behind '>', for each result: of x86-64 the letters of GCC's constraints
 * (a, b, c, d, S, D), of AArch64 x0 to x9 as digits. i: an immediate, the last byte of the code; j, k: bits 10 to 13,
 * or 5 to 20, of its first word. */
static const struct fixed {
  const char *name, *regs;
  uint8_t n; /* bytes */
  const char *code;
} rows[] = {
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
  /* waiting, caches, protection keys */
  ROW("llvm.x86.clzero", "a>", "\x0f\x01\xfc"),
  ROW("llvm.x86.monitorx", "acd>", "\x0f\x01\xfa"),
  ROW("llvm.x86.mwaitx", "cab>", "\x0f\x01\xfb"),
  ROW("llvm.x86.sse3.monitor", "acd>", "\x0f\x01\xc8"),
  ROW("llvm.x86.sse3.mwait", "ca>", "\x0f\x01\xc9"),
  ROW("llvm.x86.tpause", "Dda>a", "\x66\x0f\xae\xf7\x0f\x92\xc0"), /* setb */
  ROW("llvm.x86.umonitor", "D>", "\xf3\x0f\xae\xf7"),
  ROW("llvm.x86.umwait", "Dda>a", "\xf2\x0f\xae\xf7\x0f\x92\xc0"),
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
  ROW("llvm.x86.testui", ">a", "\xf3\x0f\x01\xed\x0f\x92\xc0"),
  /* 64 bytes at once */
  ROW("llvm.x86.enqcmd", "DS>a", "\xf2\x0f\x38\xf8\x3e\x0f\x94\xc0"), /* sete */
  ROW("llvm.x86.enqcmds", "DS>a", "\xf3\x0f\x38\xf8\x3e\x0f\x94\xc0"),
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
#undef ROW
};

enum { MOST = 4, CODE_BYTES = 16 };

/* The register of a letter. */
static uint8_t number(char letter) {
  static const char x86[] = "acdb..SD"; /* in the order of their numbers */
  const char *at = strchr(x86, letter);
  return (uint8_t)(at ? at - x86 : letter - '0');
}

/* True of integers and pointers that a register has. */
static bool is_general(const struct kn_bc_type *t) {
  return t->kind == TK_PTR || (t->kind == TK_INT && (t->fit == FIT_EXACT || t->fit == FIT_BOOL));
}

static bool is_immediate(char letter) { return letter >= 'i' && letter <= 'k'; }

/* Puts a constant into the code of `n` bytes. */
static bool put(struct kn_bc *r, uint32_t id, char letter, uint8_t *code, unsigned n) {
  static const struct {
    uint8_t bits, shift;                   /* shift: in the first word */
  } fields[] = {{8, 0}, {4, 10}, {16, 5}}; /* from 'i' */
  unsigned bits = fields[letter - 'i'].bits, shift = fields[letter - 'i'].shift;
  int64_t v;
  if (!kn_bc_is_int(r, id, &v)) {
    kn_bc_malformed(r, "an intrinsic's argument that is not constant");
    return false;
  }
  if (letter == 'i') v &= UINT8_MAX; /* an i8 */
  if (v < 0 || v >> bits) {
    kn_bc_unsupported(r, "an immediate that the instruction cannot have");
    return false;
  }
  uint32_t add = (uint32_t)v << shift;
  if (letter == 'i') code[n - 1] = (uint8_t)v;
  else
    for (unsigned k = 0; k < 4; k++) code[k] |= (uint8_t)(add >> 8 * k);
  return true;
}

/* The types of the results, by the letters of their registers. False if the type has others. */
static bool results_of(struct kn_bc *r, uint32_t ret, const char *regs, kiln_type *types) {
  const struct kn_bc_type *t = &r->types[ret];
  size_t n = strlen(regs);
  if (n != (t->kind == TK_VOID ? 0 : t->kind == TK_STRUCT ? t->n : 1)) return false;
  for (unsigned k = 0; k < n; k++) {
    const struct kn_bc_type *e =
      t->kind == TK_STRUCT ? &r->types[r->elems.at[t->first + k].type] : t;
    if (!is_general(e)) return false;
    types[k] = (kiln_type)e->ktype;
  }
  return true;
}

static void build(struct kn_bc *r, const struct fixed *row, const struct kn_bc_elem *params,
                  uint32_t ret, const uint64_t *ops, unsigned n) {
  uint8_t code[CODE_BYTES], in[MOST], out[MOST];
  kiln_param types[MOST] = {0};
  kiln_type results[MOST];
  kiln_value args[MOST], v;
  const char *behind = strchr(row->regs, '>') + 1;
  uint32_t n_in = 0, n_out = (uint32_t)strlen(behind);
  memcpy(code, row->code, row->n);
  if (n != (size_t)(behind - row->regs) - 1 || !results_of(r, ret, behind, results)) {
    kn_bc_malformed(r, "an intrinsic of a type that it cannot have");
    return;
  }
  for (unsigned k = 0; k < n; k++) {
    const struct kn_bc_type *t = &r->types[params[k].type];
    uint32_t id = r->n_vals - (uint32_t)ops[k];
    if (is_immediate(row->regs[k])) {
      if (!put(r, id, row->regs[k], code, row->n)) return;
      continue;
    }
    if (!is_general(t)) {
      kn_bc_malformed(r, "an intrinsic of a type that it cannot have");
      return;
    }
    in[n_in] = number(row->regs[k]);
    types[n_in].type = t->ktype;
    args[n_in++] = kn_bc_use(r, id, params[k].type);
  }
  for (unsigned k = 0; k < n_out; k++) out[k] = number(behind[k]);
  kiln_sig sig = kiln_sig_new(r->module, KILN_CC_C, 0, types, n_in, results, n_out);
  const kiln_asm text = {.bytes = code, .size_bytes = row->n, .params = in, .results = out};
  v = kiln_build_asm(r->f, sig, &text, args, n_in);
  if (r->status != KILN_OK || n_out == 0) return;
  if (r->types[ret].kind != TK_STRUCT) {
    kn_bc_def(r, ret, v);
    return;
  }
  uint32_t first = r->parts.n;
  if (!kn_bc_split(r, ret)) return;
  if (!KN_BC_ROOM(r, r->parts, (uint64_t)first + n_out)) return;
  for (unsigned k = 0; k < n_out; k++)
    r->parts.at[first + k] = k ? kiln_build_result(r->f, v, k).id : v.id;
  r->parts.n += n_out;
  kn_bc_define_parts(r, ret, first);
}

bool kn_bc_fixed(struct kn_bc *r, const char *name, size_t length, const struct kn_bc_elem *params,
                 uint32_t ret, const uint64_t *ops, unsigned n) {
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strlen(rows[i].name) != length || memcmp(rows[i].name, name, length) != 0) continue;
    build(r, &rows[i], params, ret, ops, n);
    return true;
  }
  return false;
}
