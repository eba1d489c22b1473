/* What the tests of the AArch64 encoder share: CHECK compares a word's disassembly by Capstone with
 * the text that the row expects; EACH_REGS varies register operands. Included by unit/a64_*.c only.
 * Invariant: a row fails unless the disassembler names exactly the operands given to the encoder. */
#ifndef KN_TESTS_A64_CHECK_H
#define KN_TESTS_A64_CHECK_H

#include "targets/aarch64/encode.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include "unit.h"

static csh cs;
static cs_insn *insn;
static unsigned long rows;

static int setup(void **state) {
  (void)state;
  if (cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &cs) != CS_ERR_OK) return -1;
  insn = cs_malloc(cs);
  return insn == NULL;
}
static int teardown(void **state) {
  (void)state;
  printf("# %lu rows\n", rows);
  cs_free(insn, 1);
  return cs_close(&cs) != CS_ERR_OK;
}

/* Rewrites numbers after '#' in one notation: Capstone mixes decimal and hexadecimal. */
static void normalize(char *out, size_t size, const char *in) {
  size_t n = 0;
  while (*in && n + 40 < size) {
    out[n++] = *in;
    if (*in++ != '#') continue;
    const char *p = in + (*in == '-');
    bool is_float = false;
    for (const char *q = p; *q && strchr("0123456789abcdefx.+-", *q); q++) is_float |= *q == '.';
    char *end;
    if (is_float) {
      double d = strtod(in, &end);
      n += (size_t)snprintf(out + n, size - n, "%.8f", d);
    } else {
      unsigned long long v = strtoull(p, &end, 0);
      if (p != in) v = 0 - v;
      n += (size_t)snprintf(out + n, size - n, "%lld", (long long)v);
    }
    in = end;
  }
  out[n] = 0;
}

#define ADDRESS 0x40000000u
static void check_at(int line, uint32_t word, const char *fmt, ...) {
  char want[160], got[160], text[200];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  normalize(want, sizeof want, text);
  uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
                      (uint8_t)(word >> 24)};
  const uint8_t *p = bytes;
  size_t size = 4;
  uint64_t address = ADDRESS;
  if (!cs_disasm_iter(cs, &p, &size, &address, insn))
    snprintf(text, sizeof text, "(not an instruction)");
  else
    snprintf(text, sizeof text, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "", insn->op_str);
  normalize(got, sizeof got, text);
  rows++;
  if (strcmp(want, got) != 0)
    fail_msg("line %d: %08x is \"%s\", expected \"%s\"", line, word, got, want);
}
#define CHECK(word, ...) check_at(__LINE__, word, __VA_ARGS__)

/* Capstone 5 prints the aliases that the manual prefers; Capstone 4 spells some of the instructions out. */
static inline bool prints_aliases(void) { return cs_version(NULL, NULL) >> 8 >= 5; }

/* A register's name, in a buffer that is valid for eight more calls. */
static const char *reg(char letter, unsigned n, const char *r31) {
  static char names[8][8];
  static unsigned next;
  char *s = names[next++ & 7];
  if (n == 31 && r31) return r31;
  snprintf(s, 8, "%c%u", letter, n & 31);
  return s;
}
static inline const char *R(unsigned sf, unsigned n) {
  return reg(sf ? 'x' : 'w', n, sf ? "xzr" : "wzr");
}
static inline const char *S(unsigned sf, unsigned n) {
  return reg(sf ? 'x' : 'w', n, sf ? "sp" : "wsp");
}
static inline const char *F(char letter, unsigned n) { return reg(letter, n, NULL); }

/* Varies each of `n` register operands over 0 to 31 while the others have distinct fixed numbers. */
static bool next_regs(unsigned *step, unsigned n, unsigned r[4]) {
  static const unsigned base[4] = {5, 10, 20, 25};
  if (*step == n * 32) return false;
  for (unsigned i = 0; i < 4; i++) r[i] = base[i];
  r[*step / 32] = *step % 32;
  ++*step;
  return true;
}
#define EACH_REGS(n, ...)                                                                          \
  for (unsigned step_ = 0, r[4]; next_regs(&step_, n, r);) __VA_ARGS__
#define EACH_SF for (unsigned sf = 0; sf < 2; sf++)
#define D r[0]
#define N r[1]
#define M r[2]
#define A r[3]
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const cond_names[] = {"eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc",
                                         "hi", "ls", "ge", "lt", "gt", "le", "al"};

#endif
