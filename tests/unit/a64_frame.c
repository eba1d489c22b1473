/* Frames of AArch64: for functions with every mix of saved registers and frame sizes, the machine
 * code is interpreted instruction by instruction as far as it affects the stack pointer, x29, x30 and callee-saved
 * registers, and after each instruction the unwind rows (.eh_frame) must say where these are. Run by the unit suite.
 * Invariant: the interpretation does not depend on how frames are laid out. */
#include "base/leb128.h"
#include "ir/module/session_state.h"
#include "lib/codegen/output.h"
#include <kiln/kiln.h>

#include <capstone/capstone.h>
#include "unit.h"

/* DWARF numbers (AADWARF64): x0 to x30, sp 31, v0 from 64. */
enum { IP0 = 16, FP = 29, LR = 30, SP = 31, V0 = 64, N_REGS = 96 };

static csh cs;
static cs_insn *insn;
static unsigned long boundaries, tail_calls;
/* Of the functions; an index. */
static const char *const conventions[] = {"", " preserve_all", " vector_pcs"};
static unsigned convention;

static bool callee_saved(unsigned r) {
  if (convention == 1 && ((r >= 9 && r <= 15) || r >= V0 + 8)) return true;
  if (convention == 2 && r >= V0 + 8 && r <= V0 + 23) return true;
  return (r >= 19 && r <= 30) || (r >= V0 + 8 && r <= V0 + 15);
}

/* ---- what the code does ---- */

struct machine {
  bool sp_known, fp_known;
  int64_t sp, fp;      /* CFA minus the register */
  int64_t ip0, number; /* the same of x16, after a subtraction from sp; a number in it before */
  bool equal;          /* the last comparison of sp with x16 */
  bool intact[N_REGS]; /* holds what it held at entry */
  struct {
    int64_t at;   /* address minus CFA */
    unsigned reg; /* whose entry value is there */
  } saved[64];
  unsigned n_saved;
};

static void store(struct machine *m, unsigned reg, int64_t at) {
  for (unsigned i = 0; i < m->n_saved; i++)
    if (m->saved[i].at == at) m->saved[i--] = m->saved[--m->n_saved];
  if (reg < N_REGS && callee_saved(reg) && m->intact[reg] && m->n_saved < 64) {
    m->saved[m->n_saved].at = at;
    m->saved[m->n_saved++].reg = reg;
  }
}
static bool holds(const struct machine *m, unsigned reg, int64_t at) {
  for (unsigned i = 0; i < m->n_saved; i++)
    if (m->saved[i].at == at && m->saved[i].reg == reg) return true;
  return false;
}
static void load(struct machine *m, unsigned reg, int64_t at) {
  if (reg < N_REGS) m->intact[reg] = holds(m, reg, at);
  if (reg == FP) m->fp_known = false;
}

/* A load or store of one or two registers relative to sp or x29; false if it is none. */
static bool transfer(struct machine *m, uint32_t w) {
  unsigned rn = w >> 5 & 31, rt = w & 31, rt2 = w >> 10 & 31;
  bool fp = w >> 26 & 1, is_load = w >> 22 & 1;
  bool pair = (w & 0xfa000000u) == 0xa8000000u || (w & 0xfe000000u) == 0x6c000000u;
  bool single = (w & 0xffc00000u) == 0xf9000000u || (w & 0xffc00000u) == 0xf9400000u ||
                (w & 0xffc00000u) == 0xfd000000u || (w & 0xffc00000u) == 0xfd400000u;
  unsigned mode = pair ? w >> 23 & 3 : 2; /* 1 post, 2 offset, 3 pre */
  if (rn == FP && m->fp_known &&
      (w & 0xff800000u) == 0x3d800000u) { /* 128 bits, whose lower half counts */
    int64_t at = (int64_t)(w >> 10 & 0xfff) * 16 - m->fp;
    if (is_load) load(m, rt + V0, at);
    else store(m, rt + V0, at);
    return true;
  }
  if (pair && (w >> 30 != (fp ? 1u : 2u) || mode == 0)) return false;
  if ((!pair && !single) || (rn != SP && rn != FP)) return false;
  if (rn == SP ? !m->sp_known : !m->fp_known) return !is_load; /* the address is not known */
  int64_t imm = pair ? ((int64_t)(int32_t)(w << 10) >> 25) * 8 : (int64_t)(w >> 10 & 0xfff) << 3;
  int64_t base = rn == SP ? -m->sp : -m->fp, at = mode == 1 ? base : base + imm;
  unsigned add = fp ? V0 : 0;
  if (mode != 2) m->sp -= imm;
  for (unsigned k = 0; k < (pair ? 2u : 1u); k++, at += 8) {
    unsigned reg = (k ? rt2 : rt) + add;
    if (reg == 31) reg = N_REGS; /* the zero register */
    if (is_load) load(m, reg, at);
    else store(m, reg, at);
  }
  return true;
}

static void other(struct machine *m, const uint8_t *code) {
  size_t size = 4;
  uint64_t address = 0;
  cs_regs reads, writes;
  uint8_t n_reads, n_writes;
  assert_true(cs_disasm_iter(cs, &code, &size, &address, insn));
  assert_int_equal(cs_regs_access(cs, insn, reads, &n_reads, writes, &n_writes), CS_ERR_OK);
  for (unsigned i = 0; i < n_writes; i++) {
    unsigned r = writes[i], d = N_REGS;
    if (r >= ARM64_REG_X0 && r <= ARM64_REG_X28) d = r - ARM64_REG_X0;
    if (r >= ARM64_REG_W0 && r <= ARM64_REG_W28) d = r - ARM64_REG_W0;
    if (r == ARM64_REG_X29 || r == ARM64_REG_W29) d = FP;
    if (r == ARM64_REG_X30 || r == ARM64_REG_W30) d = LR;
    if (r >= ARM64_REG_D0 && r <= ARM64_REG_D31) d = V0 + r - ARM64_REG_D0;
    if (r >= ARM64_REG_S0 && r <= ARM64_REG_S31) d = V0 + r - ARM64_REG_S0;
    if (r >= ARM64_REG_Q0 && r <= ARM64_REG_Q31) d = V0 + r - ARM64_REG_Q0;
    if (d < N_REGS) m->intact[d] = false;
    if (d == FP) m->fp_known = false;
    if (r == ARM64_REG_SP || r == ARM64_REG_WSP) m->sp_known = false;
  }
}

/* Gives the bytes to the next instruction. */
static int32_t step(struct machine *m, const uint8_t *code) {
  uint32_t w;
  memcpy(&w, code, 4);
  if (w == 0xeb3063ffu) { /* cmp sp, x16 */
    m->equal = m->ip0 == m->sp;
    return 4;
  }
  if (w == 0x54ffffa1u && m->sp_known) return m->equal ? 4 : -12;    /* b.ne */
  if ((w & 0xffe0001fu) == 0xd2800010u) m->number = w >> 5 & 0xffff; /* movz x16 */
  if ((w & 0xffe0001fu) == 0xf2a00010u) m->number |= (int64_t)(w >> 5 & 0xffff) << 16; /* movk */
  if (w == 0xcb3063f0u) m->ip0 = m->sp + m->number; /* sub x16, sp, x16 */
  int64_t imm = (int64_t)(w >> 10 & 0xfff) << (w >> 22 & 1 ? 12 : 0);
  if ((w & 0xff8003ffu) == 0xd10003ffu) m->sp += imm; /* sub sp, sp, # */
  else if (w == 0x910003fdu) m->fp = m->sp, m->fp_known = m->sp_known, m->intact[FP] = false;
  else if (w == 0x910003bfu) m->sp = m->fp, m->sp_known = m->fp_known; /* mov sp, x29 */
  else if ((w & 0xff8003ffu) == 0x910003ffu) m->sp -= imm;             /* add sp, sp, # */
  else if ((w & 0xfc000000u) == 0x94000000u || (w & 0xfffffc1fu) == 0xd63f0000u)
    m->intact[LR] = false; /* bl, blr: the callee preserves the rest */
  else if (!transfer(m, w)) other(m, code);
  return 4;
}

/* ---- what the rows say ---- */

struct rows {
  const uint8_t *p, *end;
  uint32_t at; /* code offset of the current row */
  unsigned cfa_reg;
  int64_t cfa_offset;
  bool saved[N_REGS];
  int64_t where[N_REGS];        /* address minus CFA */
  bool remembers;               /* of the code after the return, which others branch to */
  const struct machine *before; /* the last instruction */
  struct machine machine;       /* while the remembered row held */
  bool remembered[N_REGS];
  unsigned remembered_reg;
  int64_t remembered_offset;
};

static uint64_t uleb(struct rows *r) {
  uint64_t x = kn_uleb128(&r->p, r->end);
  assert_non_null(r->p);
  return x;
}

/* Executes instructions up to the row that covers `pc`. Code alignment 4, data alignment -8. */
static void rows_to(struct rows *r, uint32_t pc) {
  while (r->p < r->end) {
    const uint8_t *before = r->p;
    uint8_t op = *r->p++;
    uint32_t delta = 0;
    uint16_t d16;
    if (op >> 6 == 1) delta = (op & 63) * 4u;
    else if (op == 2) delta = *r->p++ * 4u;
    else if (op == 3) memcpy(&d16, r->p, 2), delta = d16 * 4u, r->p += 2;
    else if (op == 4) memcpy(&delta, r->p, 4), delta *= 4, r->p += 4;
    if (delta) {
      if (r->at + delta > pc) {
        r->p = before;
        return;
      }
      r->at += delta;
      continue;
    }
    uint64_t reg;
    if (op >> 6 == 2) {
      r->saved[op & 63] = true;
      r->where[op & 63] = -8 * (int64_t)uleb(r);
    } else if (op >> 6 == 3) {
      r->saved[op & 63] = false;
    } else if (op == 5) {
      reg = uleb(r);
      assert_true(reg < N_REGS);
      r->saved[reg] = true;
      r->where[reg] = -8 * (int64_t)uleb(r);
    } else if (op == 6) {
      reg = uleb(r);
      assert_true(reg < N_REGS);
      r->saved[reg] = false;
    } else if (op == 0x0c) {
      r->cfa_reg = (unsigned)uleb(r);
      r->cfa_offset = (int64_t)uleb(r);
    } else if (op == 0x0d) {
      r->cfa_reg = (unsigned)uleb(r);
    } else if (op == 0x0e) {
      r->cfa_offset = (int64_t)uleb(r);
    } else if (op == 0x0a) {
      r->remembers = true;
      r->machine = *r->before;
      memcpy(r->remembered, r->saved, sizeof r->saved);
      r->remembered_reg = r->cfa_reg;
      r->remembered_offset = r->cfa_offset;
    } else if (op == 0x0b) {
      assert_true(r->remembers);
      r->remembers = false;
      memcpy(r->saved, r->remembered, sizeof r->saved);
      r->cfa_reg = r->remembered_reg;
      r->cfa_offset = r->remembered_offset;
    } else if (op != 0) {
      fail_msg("row instruction %#x", op);
    }
  }
}

static void check_boundary(const char *name, uint32_t pc, const struct machine *m,
                           const struct rows *r) {
  boundaries++;
  bool right = r->cfa_reg == SP    ? m->sp_known && r->cfa_offset == m->sp
               : r->cfa_reg == IP0 ? r->cfa_offset == m->ip0
                                   : r->cfa_reg == FP && m->fp_known && r->cfa_offset == m->fp;
  if (!right)
    fail_msg("%s+%u: the CFA is register %u + %lld; sp + %lld, x29 + %lld are true", name, pc,
             r->cfa_reg, (long long)r->cfa_offset, (long long)m->sp, (long long)m->fp);
  for (unsigned reg = 0; reg < N_REGS; reg++) {
    if (!callee_saved(reg)) continue;
    if (r->saved[reg] ? !holds(m, reg, r->where[reg]) : !m->intact[reg])
      fail_msg("%s+%u: register %u is not %s", name, pc, reg,
               r->saved[reg] ? "where the rows say" : "intact");
    if (r->saved[reg] && m->sp_known && r->where[reg] < -m->sp)
      fail_msg("%s+%u: register %u is saved below the stack pointer", name, pc, reg);
  }
}

/* A tail call: a jump whose target a relocation says, or that a register has. */
static bool leaves(uint32_t word) {
  return word == 0x14000000u || (word & 0xfffffc1fu) == 0xd61f0000u;
}

static void check_output(kiln_session *s) {
  const struct kn_output *out = s->out;
  for (uint32_t i = 0; i < out->funcs.n; i++) {
    const struct kn_code_func *f = &out->funcs.at[i];
    const char *name = s->module->symbols.at[f->symbol].name;
    struct machine m = {.sp_known = true};
    struct rows r = {.p = out->cfi.at + f->cfi_first,
                     .end = out->cfi.at + f->cfi_first + f->cfi_size,
                     .cfa_reg = SP};
    for (unsigned reg = 0; reg < N_REGS; reg++) m.intact[reg] = true;
    struct machine before = m;
    r.before = &before;
    bool returned = false;
    for (uint32_t pc = 0; pc < f->size;) {
      uint32_t word;
      bool remembers = r.remembers;
      rows_to(&r, pc);
      if (remembers && !r.remembers) m = r.machine;
      check_boundary(name, pc, &m, &r);
      memcpy(&word, out->code.at + f->start + pc, 4);
      if (word == 0xd65f03c0u) { /* ret, with all as it was */
        returned = true;
        assert_true(m.sp_known && m.sp == 0);
      }
      if (leaves(word)) {
        tail_calls++;
        returned = true;
        assert_true(m.sp_known && m.sp == 0);
        for (unsigned reg = 0; reg < N_REGS; reg++)
          assert_true(!callee_saved(reg) || m.intact[reg]);
      }
      before = m;
      pc += (uint32_t)step(&m, out->code.at + f->start + pc);
      assert_true(r.at <= pc); /* a loop has one row */
    }
    assert_true(r.p == r.end && returned);
  }
}

static void on_diag(void *user, const kiln_diag *d) {
  (void)user;
  fprintf(stderr, "# %u:%u: %s\n", d->line, d->column, d->message);
}
static void check_text(const char *text, uint64_t seed) {
  kiln_module_options o = {.target.processor = KILN_PROCESSOR_AARCH64,
                           .stress_seed = seed,
                           .verify = true,
                           .on_diag = on_diag};
  kiln_module *m = kiln_module_new(&o);
  assert_non_null(m);
  kiln_session *s = kiln_session_new(m);
  assert_int_equal(kiln_text_read(s, text, strlen(text), NULL, NULL), KILN_OK);
  check_output(s);
  kiln_session_free(s);
  kiln_module_free(m);
}

/* ---- functions ---- */

struct text {
  char at[1 << 16];
  size_t n;
};
__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  t->n += (size_t)vsnprintf(t->at + t->n, sizeof t->at - t->n, format, ap);
  va_end(ap);
  assert_true(t->n < sizeof t->at);
}

/* `ints` and `floats` values live across calls in a loop, a slot of `size` bytes whose address is
 * passed on, and if asked for a dynamic allocation. Two returns, or one and two tail calls. `directives` are its own,
 * or "". */
static void function(struct text *t, unsigned ints, unsigned floats, unsigned size, bool dynamic,
                     bool tail, const char *directives) {
  put(t, "declare @ext(i64) -> i64\ndeclare @extf(f64) -> f64\n");
  put(t, "func @f_%u_%u_%u_%d(i64, f64) -> i64%s {\n%s", ints, floats, size, dynamic,
      conventions[convention], directives);
  if (size) put(t, "  %%slot = slot %u align 16%s\n", size, directives[0] ? " array" : "");
  put(t, "b0(%%x: i64, %%y: f64):\n");
  if (dynamic) put(t, "  %%p = salloc %%x\n  store.i64 %%x, %%p\n");
  for (unsigned k = 0; k < ints; k++) put(t, "  %%i%u = call @ext(%%x)\n", k);
  for (unsigned k = 0; k < floats; k++) put(t, "  %%f%u = call @extf(%%y)\n", k);
  put(t, "  br loop(%%x)\nloop(%%n: i64):\n  %%r = call @ext(%s)\n", size ? "%slot" : "%n");
  const char *sum = "%r", *product = "%y";
  char names[2][16];
  for (unsigned k = 0; k < ints; k++) {
    put(t, "  %%s%u = add.i64 %s, %%i%u\n", k, sum, k);
    snprintf(names[0], sizeof names[0], "%%s%u", k);
    sum = names[0];
  }
  for (unsigned k = 0; k < floats; k++) {
    put(t, "  %%m%u = fmul.f64 %s, %%f%u\n", k, product, k);
    snprintf(names[1], sizeof names[1], "%%m%u", k);
    product = names[1];
  }
  put(t, "  call @extf(%s)\n  %%c = icmp.i64 ult %s, 10\n", product, sum);
  put(t, "  brif %%c, loop(%s), out\nout:\n  brif %%c, one, two\n", sum);
  if (tail) {
    put(t, "one:\n  brif %%c, three, four\ntwo:\n  %%z = call @ext(%s)\n", sum);
    put(t, "  tailcall %%z(%%y, 1) as (f64, i64) -> i64\n");
    put(t, "three:\n  tailcall @ext(%s)\nfour:\n  ret %s\n}\n", sum, sum);
  } else {
    put(t, "one:\n  ret %s\ntwo:\n  %%z = call @ext(%s)\n  ret %%z\n}\n", sum, sum);
  }
}

CASE(saved_and_sizes) {
  static struct text t;
  static const unsigned sizes[] = {0, 16, 320, 400, 480, 496, 512, 3900, 4096, 5000, 40000, 300000};
  for (unsigned ints = 0; ints <= 12; ints += ints < 2 ? 1 : 3)
    for (unsigned floats = 0; floats <= 10; floats += floats < 2 ? 1 : 4)
      for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (unsigned dynamic = 0; dynamic < 2; dynamic++) {
          t.n = 0;
          function(&t, ints, floats, sizes[k], dynamic, false, "");
          check_text(t.at, 0);
          check_text(t.at, 5);
        }
}

CASE(hardened) {
  static struct text t;
  static const unsigned sizes[] = {0,    16,   400,   2900,  3040,  3072,  3900,
                                   4096, 7000, 15000, 16384, 40000, 300000};
  static const char *const directives[] = {"",
                                           "  !probe 4096\n",
                                           "  !guard always\n",
                                           "  !probe 4096\n  !guard always\n",
                                           "  !probe 1024\n",
                                           "  !probe 65536\n"};
  for (unsigned c = 0; c < sizeof conventions / sizeof *conventions; c++)
    for (unsigned d = 0; d < sizeof directives / sizeof *directives; d++)
      for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (unsigned values = 0; values <= 10; values += 5)
          for (unsigned dynamic = 0; dynamic < 2; dynamic++) {
            t.n = 0;
            convention = c;
            function(&t, values, values, sizes[k], dynamic, false, directives[d]);
            check_text(t.at, values == 5 ? 7 : 0);
          }
  convention = 0;
}

CASE(leaves_and_arguments) {
  static const char text[] =
    "declare @many(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64\n"
    "func @leaf(i64, i64) -> i64 {\nb0(%a: i64, %b: i64):\n  %c = add.i64 %a, %b\n  ret %c\n}\n"
    "func @leaf_slot(i64) -> i64 {\n  %s = slot 64 align 8\nb0(%a: i64):\n"
    "  %p = addr %s + %a*8\n  store.i64 %a, %p\n  %v = load.i64 %s\n  ret %v\n}\n"
    "func @stack_in(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 {\n"
    "b0(%a: i64, %b: i64, %c: i64, %d: i64, %e: i64, %f: i64, %g: i64, %h: i64, %i: i64, %j: "
    "i64):\n"
    "  %r = sub.i64 %i, %j\n  ret %r\n}\n"
    "func @stack_out(i64) -> i64 {\nb0(%a: i64):\n"
    "  %r = call @many(%a, %a, %a, %a, %a, %a, %a, %a, %a, %a)\n  %s = add.i64 %r, %a\n  ret "
    "%s\n}\n"
    "func @variadic(i64, ...) -> i64 {\n  %l = slot 32 align 8\nb0(%a: i64):\n  va_start %l\n"
    "  %v = va_arg.i64 %l\n  ret %v\n}\n"
    "func @branches(i64) -> i64 {\nb0(%a: i64):\n  %c = icmp.i64 eq %a, 0\n  brif %c, b1, b2\n"
    "b1:\n  ret 1\nb2:\n  ret 2\n}\n";
  check_text(text, 0);
  check_text(text, 9);
}

CASE(tails) {
  static struct text t;
  static const unsigned sizes[] = {0, 16, 480, 512, 5000, 300000};
  static const char *const directives[] = {"", "  !probe 4096\n  !guard always\n"};
  unsigned long n = 0;
  tail_calls = 0;
  for (unsigned d = 0; d < sizeof directives / sizeof *directives; d++)
    for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++)
      for (unsigned values = 0; values <= 10; values += 5)
        for (unsigned dynamic = 0; dynamic < 2; dynamic++, n += 2) {
          t.n = 0;
          function(&t, values, values, sizes[k], dynamic, true, directives[d]);
          check_text(t.at, values == 5 ? 7 : 0);
        }
  static const char text[] =
    "declare @nine(i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64\n"
    "func @leaf(i64, i64) -> i64 {\nb0(%a: i64, %to: i64):\n  tailcall %to(%a) as (i64) -> i64\n}\n"
    "func @stack(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 {\n"
    "b0(%a: i64, %b: i64, %c: i64, %d: i64, %e: i64, %f: i64, %g: i64, %h: i64, %i: i64, %j: "
    "i64):\n"
    "  %r = call @nine(%a, %b, %c, %d, %e, %f, %g, %h, %j)\n"
    "  tailcall @nine(%j, %r, %i, %h, %g, %f, %e, %d, %a)\n}\n";
  check_text(text, 0);
  check_text(text, 9);
  assert_int_equal(tail_calls, n + 4);
}

static int setup(void **state) {
  (void)state;
  if (cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &cs) != CS_ERR_OK) return -1;
  cs_option(cs, CS_OPT_DETAIL, CS_OPT_ON);
  insn = cs_malloc(cs);
  return insn == NULL;
}
static int teardown(void **state) {
  (void)state;
  printf("# %lu boundaries\n", boundaries);
  cs_free(insn, 1);
  return cs_close(&cs) != CS_ERR_OK;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(saved_and_sizes), cmocka_unit_test(hardened),
                                     cmocka_unit_test(leaves_and_arguments),
                                     cmocka_unit_test(tails)};
  return cmocka_run_group_tests_name("a64_frame", tests, setup, teardown);
}
