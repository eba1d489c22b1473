/* The few statements of inline assembly that need no assembler: those that programs have most,
 * each with its bytes. Called by asm.c. Encodings: Intel SDM, volume 2; Arm ARM, C6. Invariant:
 * a statement is known here only if all of it is. */
#include "asm/asm.h"

#include <ctype.h>
#include <stdlib.h>

struct fixed {
  const char *text;
  uint8_t n;
  uint8_t bytes[10];
};

static const struct fixed x86_fixed[] = {
  {"nop", 1, {0x90}},
  {"pause", 2, {0xf3, 0x90}},
  {"rep nop", 2, {0xf3, 0x90}},
  {"hlt", 1, {0xf4}},
  {"ud2", 2, {0x0f, 0x0b}},
  {"ret", 1, {0xc3}},
  {"int3", 1, {0xcc}},
  {"int $3", 1, {0xcc}},
  {"cpuid", 2, {0x0f, 0xa2}},
  {"rdtsc", 2, {0x0f, 0x31}},
  {"rdtscp", 3, {0x0f, 0x01, 0xf9}},
  {"rdpmc", 2, {0x0f, 0x33}},
  {"xgetbv", 3, {0x0f, 0x01, 0xd0}},
  {".byte 0x0f, 0x01, 0xd0", 3, {0x0f, 0x01, 0xd0}},
  {"mfence", 3, {0x0f, 0xae, 0xf0}},
  {"lfence", 3, {0x0f, 0xae, 0xe8}},
  {"sfence", 3, {0x0f, 0xae, 0xf8}},
  {"syscall", 2, {0x0f, 0x05}},
  {"cli", 1, {0xfa}},
  {"sti", 1, {0xfb}},
  {"cld", 1, {0xfc}},
  {"std", 1, {0xfd}},
  {"clc", 1, {0xf8}},
  {"stc", 1, {0xf9}},
  {"pushfq", 1, {0x9c}},
  {"popfq", 1, {0x9d}},
  {"pushf", 1, {0x9c}},
  {"popf", 1, {0x9d}},
  {"rep movsb", 2, {0xf3, 0xa4}},
  {"rep movsl", 2, {0xf3, 0xa5}},
  {"rep movsq", 3, {0xf3, 0x48, 0xa5}},
  {"rep stosb", 2, {0xf3, 0xaa}},
  {"rep stosl", 2, {0xf3, 0xab}},
  {"rep stosq", 3, {0xf3, 0x48, 0xab}},
  {"emms", 2, {0x0f, 0x77}},
  {"endbr64", 4, {0xf3, 0x0f, 0x1e, 0xfa}},
  {"lock", 1, {0xf0}},
  {"rep", 1, {0xf3}},
};

/* Instructions of one or two operands, by their names without a suffix for the size. */
enum form { F_REG_OPCODE, F_REG_MEM, F_REG_REG, F_RM };
struct general {
  const char *name;
  uint8_t form;
  uint8_t prefix;         /* or 0 */
  uint8_t escape, opcode; /* escape: 0x0f or 0 */
  bool bytes;             /* one less for bytes */
};
static const struct general x86_general[] = {
  {"bswap", F_REG_OPCODE, 0, 0x0f, 0xc8, false},
  {"mov", F_RM, 0, 0, 0x89, true},
  {"xchg", F_RM, 0, 0, 0x87, true},
  {"xadd", F_RM, 0, 0x0f, 0xc1, true},
  {"cmpxchg", F_RM, 0, 0x0f, 0xb1, true},
  {"add", F_RM, 0, 0, 0x01, true},
  {"sub", F_RM, 0, 0, 0x29, true},
  {"popcnt", F_REG_REG, 0xf3, 0x0f, 0xb8, false},
  {"bsf", F_REG_REG, 0, 0x0f, 0xbc, false},
  {"bsr", F_REG_REG, 0, 0x0f, 0xbd, false},
};

struct fixed_word {
  const char *text;
  uint32_t word;
};
static const struct fixed_word a64_fixed[] = {
  {"ret", 0xd65f03c0},         {"nop", 0xd503201f},       {"yield", 0xd503203f},
  {"wfe", 0xd503205f},         {"wfi", 0xd503207f},       {"sev", 0xd503209f},
  {"sevl", 0xd50320bf},        {"isb", 0xd5033fdf},       {"isb sy", 0xd5033fdf},
  {"dmb ish", 0xd5033bbf},     {"dmb ishst", 0xd5033abf}, {"dmb ishld", 0xd50339bf},
  {"dmb sy", 0xd5033fbf},      {"dsb ish", 0xd5033b9f},   {"dsb sy", 0xd5033f9f},
  {"dsb ishst", 0xd5033a9f},   {"svc #0", 0xd4000001},    {"svc 0", 0xd4000001},
  {"svc #0x0", 0xd4000001},    {"brk #0", 0xd4200000},    {"brk #1", 0xd4200020},
  {"brk #0xf000", 0xd43e0000},
};
/* name, register, register: the first in bits 0 to 4, the second in bits 5 to 9 */
static const struct fixed_word a64_two[] = {
  {"rev", 0x5ac00800},
  {"rev16", 0x5ac00400},
  {"clz", 0x5ac01000},
  {"rbit", 0x5ac00000},
};
static const struct fixed_word a64_system[] = {
  {"tpidr_el0", 0xd53bd040}, {"cntvct_el0", 0xd53be040}, {"cntfrq_el0", 0xd53be000},
  {"fpcr", 0xd53b4400},      {"fpsr", 0xd53b4420},       {"nzcv", 0xd53b4200},
  {"ctr_el0", 0xd53b0020},   {"dczid_el0", 0xd53b00e0},
};

/* A general register's number and size in bytes; false if it is none. */
static bool x86_register(const char *s, unsigned *reg, unsigned *bytes) {
  char name[8];
  if (*s++ != '%') return false;
  for (*bytes = 8; *bytes; *bytes /= 2)
    for (*reg = 0; *reg < 16; ++*reg) {
      kn_asm_register_name(true, *reg, *bytes, name);
      if (strcmp(s, name) == 0) return true;
    }
  return false;
}

/* `(%rax)`: not rsp, rbp, r12, r13, which need more bytes. */
static bool x86_memory(char *s, unsigned *reg) {
  unsigned bytes;
  size_t n = strlen(s);
  if (n < 4 || *s != '(' || s[n - 1] != ')') return false;
  s[n - 1] = 0;
  return x86_register(s + 1, reg, &bytes) && bytes == 8 && (*reg & 7) != 4 && (*reg & 7) != 5;
}

/* Splits `name a, b` in place: the number of operands, at most 2, or -1. */
static int split(char *s, char *op[2]) {
  char *at = strchr(s, ' ');
  op[0] = op[1] = NULL;
  if (!at) return 0;
  *at++ = 0;
  op[0] = at;
  char *comma = strchr(at, ',');
  if (!comma) return 1;
  *comma++ = 0;
  while (*comma == ' ') comma++;
  op[1] = comma;
  return strchr(comma, ',') ? -1 : 2;
}

static size_t x86_statement(char *s, uint8_t *out) {
  for (size_t i = 0; i < sizeof x86_fixed / sizeof *x86_fixed; i++)
    if (strcmp(s, x86_fixed[i].text) == 0) {
      memcpy(out, x86_fixed[i].bytes, x86_fixed[i].n);
      return x86_fixed[i].n;
    }
  char *op[2];
  int n = split(s, op);
  if (n < 1) return 0;
  for (size_t i = 0; i < sizeof x86_general / sizeof *x86_general; i++) {
    const struct general *g = &x86_general[i];
    size_t length = strlen(g->name), at = 0;
    unsigned said = 0, a, b, bytes, other;
    if (strncmp(s, g->name, length) != 0) continue;
    if (s[length]) {
      const char *suffix = strchr("bwlq", s[length]);
      if (!suffix || s[length + 1]) continue;
      said = 1u << (suffix[0] == 'b' ? 0 : suffix[0] == 'w' ? 1 : suffix[0] == 'l' ? 2 : 3);
    }
    bool memory = false;
    if (!x86_register(op[0], &a, &bytes)) return 0;
    if (g->form == F_REG_OPCODE ? n != 1 : n != 2) return 0;
    b = 0, other = bytes;
    if (n == 2 && !x86_register(op[1], &b, &other)) {
      if (g->form != F_RM || !x86_memory(op[1], &b)) return 0;
      memory = true;
      other = bytes;
    }
    if (bytes != other || (said && said != bytes) || (bytes == 1 && !g->bytes)) return 0;
    if (bytes == 2 && g->form == F_REG_OPCODE) return 0;
    if (bytes == 1 && ((a >= 4 && a < 8) || (!memory && b >= 4 && b < 8))) return 0;
    if (g->form == F_REG_REG) {
      unsigned t = a;
      a = b, b = t; /* the destination is in ModRM.reg */
    }
    if (g->form == F_REG_OPCODE) b = a, a = 0;
    if (bytes == 2) out[at++] = 0x66;
    if (g->prefix) out[at++] = g->prefix;
    unsigned rex = (bytes == 8 ? 8 : 0) | (a >= 8 ? 4 : 0) | (b >= 8 ? 1 : 0);
    if (rex) out[at++] = (uint8_t)(0x40 | rex);
    if (g->escape) out[at++] = g->escape;
    if (g->form == F_REG_OPCODE) {
      out[at++] = (uint8_t)(g->opcode + (b & 7));
    } else {
      out[at++] = (uint8_t)(g->opcode - (bytes == 1));
      out[at++] = (uint8_t)((memory ? 0 : 0xc0) | (a & 7) << 3 | (b & 7));
    }
    return at;
  }
  return 0;
}

static bool a64_register(const char *s, unsigned *reg, bool *wide) {
  char *end;
  if (*s != 'x' && *s != 'w') return false;
  *wide = *s == 'x';
  if (!isdigit((unsigned char)s[1])) return false;
  unsigned long k = strtoul(s + 1, &end, 10);
  *reg = (unsigned)k;
  return *end == 0 && k < 31;
}

static size_t a64_statement(char *s, uint8_t *out) {
  uint32_t word = 0;
  unsigned d, n;
  bool wide, wide_n;
  char *op[2];
  for (size_t i = 0; i < sizeof a64_fixed / sizeof *a64_fixed; i++)
    if (strcmp(s, a64_fixed[i].text) == 0) word = a64_fixed[i].word;
  if (!word) {
    if (split(s, op) != 2 || !a64_register(op[0], &d, &wide)) return 0;
    if (strcmp(s, "mrs") == 0) {
      for (size_t i = 0; wide && i < sizeof a64_system / sizeof *a64_system; i++)
        if (strcmp(op[1], a64_system[i].text) == 0) word = a64_system[i].word | d;
    } else if (a64_register(op[1], &n, &wide_n) && wide == wide_n) {
      if (strcmp(s, "mov") == 0) word = (wide ? 0xaa0003e0u : 0x2a0003e0u) | n << 16 | d;
      for (size_t i = 0; i < sizeof a64_two / sizeof *a64_two; i++)
        if (strcmp(s, a64_two[i].text) == 0) {
          word = a64_two[i].word | n << 5 | d | (wide ? 1u << 31 : 0);
          if (wide && i == 0) word |= 1u << 10; /* rev of 64 bits has another opcode */
        }
    }
  }
  for (unsigned i = 0; word && i < 4; i++) out[i] = (uint8_t)(word >> 8 * i);
  return word ? 4 : 0;
}

const uint8_t kn_asm_syntax[] = {[KILN_PROCESSOR_X86_64] = KN_ASM_X86,
                                 [KILN_PROCESSOR_AARCH64] = KN_ASM_A64};
_Static_assert(sizeof kn_asm_syntax == KILN_PROCESSOR_COUNT, "every target has a row");

int kn_bc_encode(kiln_processor target, const char *text, size_t length, uint8_t *out,
                 size_t room) {
  const char *end = text + length;
  size_t at = 0;
  bool x86 = kn_asm_syntax[target] == KN_ASM_X86;
  while (text < end) {
    /* a statement, with single blanks */
    char s[64];
    size_t n = 0;
    bool blank = false;
    for (; text < end && *text != '\n' && *text != ';'; text++) {
      bool comment = x86 ? *text == '#' : *text == '/' && text + 1 < end && text[1] == '/';
      if (comment) {
        while (text < end && *text != '\n') text++;
        break;
      }
      if (*text == ' ' || *text == '\t') {
        blank = n != 0;
        continue;
      }
      if (n + 3 > sizeof s) return -1;
      if (blank) s[n++] = ' ';
      blank = false;
      s[n++] = (char)tolower((unsigned char)*text);
    }
    text += text < end;
    if (n == 0) continue;
    s[n] = 0;
    if (room - at < 16) return -1;
    size_t size = x86 ? x86_statement(s, out + at) : a64_statement(s, out + at);
    if (!size) return -1;
    at += size;
  }
  return (int)at;
}
