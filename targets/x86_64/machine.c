/* Instructions of x86-64 that the IR has by name: the table (machine.def), and how each form of
 * them is lowered. Called by the walk's loop.
 * Invariant: an instruction that writes its first operand does so in the result's register, or
 * in a scratch register where that has another operand. */
#include "ir/machine.h"
#include "targets/x86_64/x64.h"

/* ---- encodings ----
 * A word: bits 0 to 7 the opcode; 8 and 9 its map (0F, 0F38, 0F3A; of XOP 8, 9, 10); 10 and
 * 11 the prefix (66, F3, F2); then what is below. Of the forms BYTES, CLEAR, PAIR and TSCP: the
 * bytes themselves. SDM volume 2, 2.1 and 2.3; AMD APM volume 3, 1.2.7 and 1.2.8. */
enum {
  NP = 0,
  M38 = 1 << 8,
  M3A = 2 << 8,
  P66 = 1 << 10,
  F3 = 2 << 10,
  F2 = 3 << 10,
  W1 = 1 << 12,
  VEX = 1 << 13,
  SWAP = 1 << 17, /* operands in the other order */
  HAS_IF = 1 << 23,
  RM8 = 1 << 24, /* r/m is a byte register */
  XOP = 1 << 25, /* in place of VEX: */
  X8 = XOP | VEX,
  X9 = XOP | VEX | 1 << 8
};
#define DIGIT(n) ((n) << 14) /* in ModRM's reg */
#define IF(cc) ((cc) << 18 | HAS_IF)
enum { EQUAL = X64_CC_OEQ, UNEQUAL = X64_CC_UNE, OVERFLOW = X64_O };

enum form {
  RM,        /* reg = op(a) */
  RTO,       /* r/m = op(reg a) */
  SELF,      /* reg = a, then op(reg, reg): what it leaves unchanged is a's */
  TM,        /* reg = a, then op(reg, b) */
  CRC16,     /* the same with a 16-bit operand */
  COMPARE,   /* the same; predicates from 8 on need VEX */
  COUNT,     /* the same; b is in a general register */
  XMM0,      /* the same, and c in xmm0 */
  VM,        /* reg = op(vvvv a, r/m b) */
  MV,        /* reg = op(r/m a, vvvv b) */
  FOUR,      /* reg = op(vvvv a, r/m b, c in a last byte) */
  TVM,       /* reg = a, then op(vvvv b, r/m c) */
  FUSED,     /* the same with a and b in turn: of two NaNs the product has LLVM's choice */
  FLAG,      /* op(a, b), then a condition */
  STRING,    /* pcmp.str.: the result is in ecx, xmm0 or the flags */
  AT,        /* op/digit [a] */
  LOAD,      /* reg = op [a] */
  STORE,     /* op [a], b */
  MASKLOAD,  /* reg = op(vvvv b, [a]) */
  MASKSTORE, /* op [a], vvvv b, reg c */
  MASKMOV,   /* op(reg a, r/m b), rdi c */
  TO,        /* r/m = op/digit */
  FROM,      /* op/digit(r/m a) */
  BYTES,     /* no operands */
  CLEAR,     /* the same; all vector registers are lost */
  PAIR,      /* edx:eax, of ecx if there is an operand */
  TSCP,      /* the same, and ecx to [a] */
  RANDOM     /* a number to [a], and whether there was one */
};

#define KIND(types, most) &(const struct kn_machine_kind){"", types, 0, 0, most}
static const struct kn_machine_row rows[] = {
#define ROW(name, form, types, most, word)                                                         \
  {name, KIND(types, most), 1, false, form, (uint32_t)(word)},
#define ACT(name, form, types, most, word)                                                         \
  {name, KIND(types, most), 1, true, form, (uint32_t)(word)},
#include "targets/x86_64/machine.def"
};
const struct kn_machine_table x64_machine = {rows, sizeof rows / sizeof *rows};

/* Everything before ModRM; `rm` is a register, or the base of an address. */
static uint8_t *head(uint8_t *p, uint32_t word, unsigned reg, unsigned v, unsigned rm,
                     bool memory) {
  static const uint8_t prefixes[] = {0, 0x66, 0xf3, 0xf2};
  unsigned pp = word >> 10 & 3, map = 1 + (word >> 8 & 3), w = (word & W1) != 0;
  if (word & VEX) {
    if (word & XOP) map += 7;
    p = x64_put8(p, word & XOP ? 0x8f : 0xc4);
    p = x64_put8(p, (~reg & 8) << 4 | 0x40 | (~rm & 8) << 2 | map);
    p = x64_put8(p, w << 7 | (~v & 15) << 3 | pp);
    return x64_put8(p, word & 0xff);
  }
  unsigned rex = w << 3 | (reg & 8) >> 1 | (rm & 8) >> 3;
  if (pp) p = x64_put8(p, prefixes[pp]);
  if (rex || (word & RM8 && !memory && rm >= 4)) p = x64_put8(p, 0x40 | rex);
  p = x64_put8(p, 0x0f);
  if (map > 1) p = x64_put8(p, map == 2 ? 0x38 : 0x3a);
  return x64_put8(p, word & 0xff);
}
/* op reg, v, rm, registers as their numbers in instructions. */
static void registers(struct kn_walk *w, uint32_t word, unsigned reg, unsigned v, unsigned rm) {
  uint8_t *p = head(w->code.p, word, reg, v, rm, false);
  w->code.p = x64_put8(p, 0xc0 | (reg & 7) << 3 | (rm & 7));
}
/* op reg, v, [base]. */
static void memory(struct kn_walk *w, uint32_t word, unsigned reg, unsigned v, unsigned base) {
  uint8_t *p = head(w->code.p, word, reg, v, base, true);
  p = x64_put8(p, 0x40 | (reg & 7) << 3 | (base & 7)); /* with a displacement of 8 bits */
  if ((base & 7) == X64_RSP) p = x64_put8(p, 0x24);
  w->code.p = x64_put8(p, 0);
}
static void bytes(struct kn_walk *w, uint32_t word) {
  uint8_t *p = w->code.p;
  for (; word; word >>= 8) p = x64_put8(p, word & 0xff);
  w->code.p = p;
}

/* ---- operands and results ---- */

struct inst {
  const struct kn_inst *in;
  const char *sig; /* the result, then the operands */
  enum form form;
  uint32_t word;
  unsigned n;    /* operands in registers */
  unsigned imm;  /* UINT_MAX: none */
  unsigned r[3]; /* their registers */
};
#define NO_IMM UINT32_MAX

static unsigned hw(unsigned r) { return r >= KN_FP_BASE ? x64_hw(r) : r; }

static void read(struct kn_walk *w, struct inst *x) {
  for (unsigned k = 0; k < x->n; k++)
    x->r[k] = kn_reg(w, x->in->field[k], kn_machine_type(x->sig[k + 1]));
}
static void drop(struct kn_walk *w, const struct inst *x) {
  for (unsigned k = 0; k < x->n; k++) kn_drop(w, x->in->field[k]);
}
static void immediate(struct kn_walk *w, const struct inst *x) {
  if (x->imm != NO_IMM) EMIT(w, x64_put8, x->imm);
}
/* The result's register; if nobody reads it, a temporary one. */
static unsigned result(struct kn_walk *w, const struct inst *x, unsigned prefer, uint64_t avoid) {
  unsigned type = x->in->type;
  if (w->val[w->i].uses == 0) return kn_temp(w, kn_regs_of(w, type));
  return kn_def(w, w->i, type, prefer, avoid);
}
static void done(struct kn_walk *w, unsigned r) {
  if (w->val[w->i].uses) kn_defined(w, w->i, r);
}
/* The result is in `r`, which was claimed. */
static void fixed(struct kn_walk *w, const struct inst *x, unsigned r) {
  if (w->val[w->i].uses) kn_def_fixed(w, w->i, x->in->type, r);
}
static void claim(struct kn_walk *w, unsigned r) {
  kn_claim(w, r);
  KN_LOG(w, KN_EV_WRITE, 0, r);
}
static void move(struct kn_walk *w, unsigned dst, unsigned src) {
  if (dst < KN_FP_BASE) x64_mov(w, 3, dst, src);
  else x64_move(w, dst, src, KILN_TYPE_V128);
}

/* ---- forms ---- */

/* dst = condition of the flags, 0 or 1. */
static void condition(struct kn_walk *w, uint32_t word, unsigned dst) {
  x64_set_if(w, word >> 18 & 31, dst);
  EMIT(w, x64_rr, X64_MOVZX8, 2, dst, dst);
}

/* The first operand is the result's register: op dst, v, rm. */
static void tied_of(struct kn_walk *w, struct inst *x, bool three) {
  unsigned a = x->r[0], last = x->r[x->n - 1];
  uint64_t bank = a < KN_FP_BASE ? KN_GP_MASK : ~KN_GP_MASK;
  drop(w, x);
  unsigned dst = result(w, x, a, w->regs.locked & bank & ~KN_BIT(a)), to = dst;
  if (dst != a && (dst == last || (three && dst == x->r[1])))
    to = a < KN_FP_BASE ? X64_SCRATCH : x64_xscratch(w);
  move(w, to, a);
  registers(w, x->word, hw(to), three ? hw(x->r[1]) : hw(to), hw(last));
  immediate(w, x);
  move(w, dst, to);
  done(w, dst);
}

/* edx:eax as one number, in rax. */
static void join(struct kn_walk *w) {
  EMIT(w, x64_shift_ri, X64_G_SHL, 3, X64_RDX, 32);
  EMIT(w, x64_rr, X64_OR, 3, X64_RAX, X64_RDX);
}

static void string(struct kn_walk *w, struct inst *x) {
  bool lengths = x->n == 1, vector = x->sig[0] == 'q';
  unsigned to = vector ? KN_FP_BASE : X64_RCX, a, b;
  if (lengths) {
    claim(w, X64_RAX);
    claim(w, X64_RDX);
  }
  claim(w, to);
  read(w, x);
  a = x->r[0];
  b = x->r[1];
  if (lengths) {
    unsigned p = a;
    a = kn_temp(w, ~KN_GP_MASK);
    b = x64_xscratch(w);
    EMIT(w, x64_rm, X64_MOVUPS, 2, x64_hw(a), x64_at(p, 0));
    EMIT(w, x64_rm, X64_MOVUPS, 2, x64_hw(b), x64_at(p, 16));
    EMIT(w, x64_rm, X64_MOV, 2, X64_RAX, x64_at(p, 32));
    EMIT(w, x64_rm, X64_MOV, 2, X64_RDX, x64_at(p, 36));
  }
  registers(w, x->word, hw(a), 0, hw(b));
  immediate(w, x);
  if (x->word & HAS_IF) condition(w, x->word, to);
  drop(w, x);
  fixed(w, x, to);
}

/* ---- a function for each form, or for several ---- */

static void clear(struct kn_walk *w, struct inst *x) {
  const uint64_t vectors = w->regs.function_regs & ~KN_GP_MASK;
  if (w->target->callee_homes & ~KN_GP_MASK) {
    kn_walk_fail(w, KILN_ERR_UNSUPPORTED,
                 "an instruction that changes all vector registers, where calls preserve some");
    return;
  }
  for (unsigned r = 64; r-- > KN_FP_BASE;)
    if (vectors >> r & 1) claim(w, r);
  bytes(w, x->word);
}

static void plain_bytes(struct kn_walk *w, struct inst *x) { bytes(w, x->word); }

static void tied(struct kn_walk *w, struct inst *x) { tied_of(w, x, x->form == TVM); }

static void fused(struct kn_walk *w, struct inst *x) {
  KN_SWAP(x->r[0], x->r[1]);
  tied_of(w, x, true);
}

static void crc16(struct kn_walk *w, struct inst *x) {
  unsigned dst = result(w, x, KN_NO_REG, w->regs.locked & KN_GP_MASK);
  drop(w, x);
  EMIT(w, x64_rr, X64_MOVZX16, 2, X64_SCRATCH, x->r[1]);
  x64_mov(w, 2, dst, x->r[0]);
  EMIT(w, x64_put8, 0x66);
  registers(w, x->word, dst, 0, X64_SCRATCH);
  done(w, dst);
}

static void compare(struct kn_walk *w, struct inst *x) {
  if (x->imm <= 7) {
    tied(w, x);
    return;
  }
  drop(w, x);
  unsigned dst = result(w, x, KN_NO_REG, 0);
  registers(w, x->word | VEX, hw(dst), hw(x->r[0]), hw(x->r[1]));
  immediate(w, x);
  done(w, dst);
}

static void count(struct kn_walk *w, struct inst *x) {
  drop(w, x);
  unsigned dst = result(w, x, x->r[0], 0);
  EMIT(w, x64_rr, X64_MOV_XG, 2, x64_hw(x64_xscratch(w)), x->r[1]);
  move(w, dst, x->r[0]);
  registers(w, x->word, hw(dst), 0, x64_hw(x64_xscratch(w)));
  done(w, dst);
}

static void xmm0(struct kn_walk *w, struct inst *x) {
  unsigned t = kn_temp(w, ~KN_GP_MASK);
  move(w, t, x->r[0]);
  move(w, KN_FP_BASE, x->r[2]);
  registers(w, x->word, hw(t), 0, hw(x->r[1]));
  drop(w, x);
  fixed(w, x, t);
}

static void self(struct kn_walk *w, struct inst *x) {
  drop(w, x);
  unsigned dst = result(w, x, x->r[0], 0);
  move(w, dst, x->r[0]);
  registers(w, x->word, hw(dst), 0, hw(dst));
  done(w, dst);
}

static void untied(struct kn_walk *w, struct inst *x) {
  drop(w, x);
  unsigned dst = result(w, x, KN_NO_REG, 0);
  if (x->form == RTO) registers(w, x->word, hw(x->r[0]), 0, hw(dst));
  else if (x->form == RM) registers(w, x->word, hw(dst), 0, hw(x->r[0]));
  else if (x->form == MV) registers(w, x->word, hw(dst), hw(x->r[1]), hw(x->r[0]));
  else registers(w, x->word, hw(dst), hw(x->r[0]), hw(x->r[1]));
  if (x->form == FOUR) x->imm = hw(x->r[2]) << 4;
  immediate(w, x);
  done(w, dst);
}

static void flag(struct kn_walk *w, struct inst *x) {
  bool swap = (x->word & SWAP) != 0;
  drop(w, x);
  unsigned dst = result(w, x, KN_NO_REG, 0);
  registers(w, x->word, hw(x->r[swap]), 0, hw(x->r[!swap]));
  condition(w, x->word, dst);
  done(w, dst);
}

static void load(struct kn_walk *w, struct inst *x) {
  drop(w, x);
  unsigned dst = result(w, x, KN_NO_REG, 0);
  memory(w, x->word, hw(dst), x->form == LOAD ? 0 : hw(x->r[1]), x->r[0]);
  done(w, dst);
}

/* AT, STORE, MASKSTORE. */
static void store(struct kn_walk *w, struct inst *x) {
  drop(w, x);
  unsigned reg = x->form == AT ? x->word >> 14 & 7 : hw(x->r[x->n - 1]);
  memory(w, x->word, reg, x->form == MASKSTORE ? hw(x->r[1]) : 0, x->r[0]);
}

static void masked_move(struct kn_walk *w, struct inst *x) {
  bool kept = !(w->target->temps >> X64_RDI & 1); /* not claimed: another value may live in it */
  if (kept) x64_mov(w, 3, X64_SCRATCH, X64_RDI);
  x64_mov(w, 3, X64_RDI, x->r[2]);
  registers(w, x->word, hw(x->r[0]), 0, hw(x->r[1]));
  if (kept) x64_mov(w, 3, X64_RDI, X64_SCRATCH);
  drop(w, x);
}

static void to(struct kn_walk *w, struct inst *x) {
  unsigned dst = result(w, x, KN_NO_REG, 0);
  registers(w, x->word, x->word >> 14 & 7, 0, dst);
  done(w, dst);
}

static void from(struct kn_walk *w, struct inst *x) {
  drop(w, x);
  registers(w, x->word, x->word >> 14 & 7, 0, x->r[0]);
}

/* PAIR, TSCP. */
static void pair(struct kn_walk *w, struct inst *x) {
  claim(w, X64_RAX);
  claim(w, X64_RDX);
  if (x->n) claim(w, X64_RCX);
  read(w, x);
  if (x->n && x->form == PAIR) x64_mov(w, 2, X64_RCX, x->r[0]);
  bytes(w, x->word);
  if (x->form == TSCP) EMIT(w, x64_rm, X64_MOV_ST, 2, X64_RCX, x64_at(x->r[0], 0));
  join(w);
  drop(w, x);
  fixed(w, x, X64_RAX);
}

static void random_number(struct kn_walk *w, struct inst *x) {
  unsigned size = x->word & W1 ? 3 : (x->word >> 10 & 3) == 1 ? 1 : 2;
  drop(w, x);
  unsigned dst = result(w, x, KN_NO_REG, 0);
  registers(w, x->word, x->word >> 14 & 7, 0, X64_SCRATCH);
  EMIT(w, x64_rm, X64_MOV_ST, size, X64_SCRATCH, x64_at(x->r[0], 0));
  /* mov leaves the flags */
  EMIT(w, x64_setcc, X64_B, dst);
  EMIT(w, x64_rr, X64_MOVZX8, 2, dst, dst);
  done(w, dst);
}

/* How a form is lowered. The operands are in registers before, but for those that `reads` them itself; `claims` has
 * the registers that are taken before that. */
static const struct {
  void (*lower)(struct kn_walk *w, struct inst *x);
  uint64_t claims;
  bool reads;
} forms[] = {
  [RM] = {.lower = untied},
  [RTO] = {.lower = untied},
  [SELF] = {.lower = self},
  [TM] = {.lower = tied},
  [CRC16] = {.lower = crc16},
  [COMPARE] = {.lower = compare},
  [COUNT] = {.lower = count},
  [XMM0] = {.lower = xmm0, .claims = KN_BIT(KN_FP_BASE)},
  [VM] = {.lower = untied},
  [MV] = {.lower = untied},
  [FOUR] = {.lower = untied},
  [TVM] = {.lower = tied},
  [FUSED] = {.lower = fused},
  [FLAG] = {.lower = flag},
  [STRING] = {.lower = string, .reads = true},
  [AT] = {.lower = store},
  [LOAD] = {.lower = load},
  [STORE] = {.lower = store},
  [MASKLOAD] = {.lower = load},
  [MASKSTORE] = {.lower = store},
  [MASKMOV] = {.lower = masked_move, .claims = KN_BIT(X64_RDI)},
  [TO] = {.lower = to},
  [FROM] = {.lower = from},
  [BYTES] = {.lower = plain_bytes, .reads = true},
  [CLEAR] = {.lower = clear, .reads = true},
  [PAIR] = {.lower = pair, .reads = true},
  [TSCP] = {.lower = pair, .reads = true},
  [RANDOM] = {.lower = random_number},
};

void x64_fused_muladd(struct kn_walk *w, const struct kn_inst *in) {
  const uint32_t width = in->type == KILN_TYPE_F64 ? W1 : 0;
  struct inst x = {
    .in = in, .form = FUSED, .word = VEX | M38 | P66 | width | 0xa9, .n = 3, .imm = NO_IMM};
  for (unsigned k = 0; k < x.n; k++) x.r[k] = kn_reg(w, in->field[k], in->type);
  fused(w, &x);
}

void x64_lower_machine(struct kn_walk *w, const struct kn_inst *in) {
  const struct kn_machine_row *row = kn_machine_row(&x64_machine, in->x);
  struct inst x = {.in = in,
                   .form = (enum form)row->form,
                   .sig = row->kinds->sig,
                   .word = row->word,
                   .imm = NO_IMM};
  for (const char *c = x.sig + 1; *c; c++) {
    if (*c == 'i') x.imm = (unsigned)kn_imm(in->field[x.n]) & 255;
    else x.n++;
  }
  for (uint64_t m = forms[x.form].claims & w->target->temps; m; m &= m - 1)
    claim(w, (unsigned)__builtin_ctzll(m));
  if (!forms[x.form].reads) read(w, &x);
  forms[x.form].lower(w, &x);
}
