/* The constraints of inline assembly: LLVM's language for them (LangRef, "Inline Asm Constraint
 * String"), as rows of what each letter allows. Called by asm.c. */
#include "asm/asm.h"

#include <stdlib.h>
#include <stdio.h>

/* Kiln's numbers. */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 };
#define BIT(r) (UINT64_C(1) << (r))
#define FP(first, last) ((UINT64_C(2) << (32 + (last))) - (UINT64_C(1) << (32 + (first))))
/* What may be chosen: not the stack pointer, the frame pointer, and what the target keeps for itself. */
#define X86_GP UINT64_C(0xf7cf)
#define X86_FP FP(0, 14)
#define X86_MMX FP(16, 23)
#define A64_GP (UINT64_C(0x1ff8ffff))
#define A64_FP (FP(0, 7) | FP(16, 29) | FP(8, 15))

struct letter {
  char c;
  uint64_t regs;
  int64_t least, most; /* of an immediate, if not both 0 */
};

static const struct letter x86_letters[] = {
  {'r', X86_GP, 0, 0},
  {'q', X86_GP, 0, 0},
  {'Q', 0xf, 0, 0},
  {'R', 0xcf, 0, 0},
  {'l', X86_GP, 0, 0},
  {'a', BIT(RAX), 0, 0},
  {'b', BIT(RBX), 0, 0},
  {'c', BIT(RCX), 0, 0},
  {'d', BIT(RDX), 0, 0},
  {'S', BIT(RSI), 0, 0},
  {'D', BIT(RDI), 0, 0},
  {'A', BIT(RAX) | BIT(RDX), 0, 0},
  {'x', X86_FP, 0, 0},
  {'v', X86_FP, 0, 0},
  {'y', X86_MMX, 0, 0},
  {'I', 0, 0, 31},
  {'J', 0, 0, 63},
  {'K', 0, -128, 127},
  {'L', 0, 255, INT64_C(4294967295)},
  {'M', 0, 0, 3},
  {'N', 0, 0, 255},
  {'O', 0, 0, 127},
  {'e', 0, INT32_MIN, INT32_MAX},
  {'Z', 0, 0, UINT32_MAX},
  {0, 0, 0, 0},
};
static const struct letter a64_letters[] = {
  {'r', A64_GP, 0, 0},
  {'w', A64_FP, 0, 0},
  {'x', A64_FP & FP(0, 15), 0, 0},
  {'y', A64_FP & FP(0, 7), 0, 0},
  {'I', 0, 0, 4095},
  {'J', 0, -4095, 0},
  {'K', 0, INT64_MIN, INT64_MAX}, /* the assembler says which are no masks */
  {'L', 0, INT64_MIN, INT64_MAX},
  {'M', 0, INT64_MIN, INT64_MAX},
  {'N', 0, INT64_MIN, INT64_MAX},
  {'Z', 0, 0, 0},
  {'z', 0, 0, 0},
  {0, 0, 0, 0},
};

static bool unknown(struct kn_asm_call *a, const char *s, size_t n) {
  return kn_bc_fail(a->r, KILN_ERR_UNSUPPORTED,
                    "not implemented: inline assembly with constraint \"%.*s\"",
                    (int)(n < 40 ? n : 40), s);
}

static bool number_of(const char *s, size_t n, unsigned limit, unsigned *out) {
  *out = 0;
  for (size_t i = 0; i < n; i++) {
    if (s[i] < '0' || s[i] > '9') return false;
    *out = *out * 10 + (unsigned)(s[i] - '0');
  }
  return n > 0 && n < 3 && *out < limit;
}

static bool is(const char *name, size_t n, const char *word) {
  return strlen(word) == n && memcmp(name, word, n) == 0;
}

/* The register that a name in braces means, and its bank; false if it is none. */
static bool find_register(bool x86, const char *name, size_t n, uint8_t *out) {
  unsigned k;
  if (x86) {
    static const char *const legacy[8] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    const char *s = name;
    size_t left = n;
    if (n == 3 && (s[0] == 'r' || s[0] == 'e')) s++, left--;
    for (unsigned i = 0; i < 8; i++)
      if (is(s, left, legacy[i]) ||
          (n == 2 && i < 4 && name[0] == legacy[i][0] && (name[1] == 'l' || name[1] == 'h')) ||
          (n == 3 && i >= 4 && memcmp(name, legacy[i], 2) == 0 && name[2] == 'l'))
        return *out = (uint8_t)i, true;
    if (n >= 2 && name[0] == 'r') {
      size_t digits = n - 1;
      if (name[n - 1] == 'd' || name[n - 1] == 'w' || name[n - 1] == 'b') digits--;
      if (number_of(name + 1, digits, 16, &k) && k >= R8) return *out = (uint8_t)k, true;
    }
    if (n > 3 && (name[0] == 'x' || name[0] == 'y') && memcmp(name + 1, "mm", 2) == 0 &&
        number_of(name + 3, n - 3, 16, &k))
      return *out = (uint8_t)(32 + k), true;
    if (n == 3 && memcmp(name, "mm", 2) == 0 && number_of(name + 2, 1, 8, &k))
      return *out = (uint8_t)(KN_ASM_MMX + k), true;
    return false;
  }
  if (is(name, n, "lr")) return *out = 30, true;
  if (is(name, n, "fp")) return *out = 29, true;
  if (is(name, n, "sp") || is(name, n, "wsp")) return *out = 31, true;
  if (n < 2 || !number_of(name + 1, n - 1, 32, &k)) return false;
  if (strchr("xw", name[0])) return *out = (uint8_t)k, k < 31;
  if (strchr("vqdshb", name[0])) return *out = (uint8_t)(32 + k), true;
  return false;
}

/* `{...}`: a register, or a condition of the flags. */
static bool braces(struct kn_asm_call *a, const char *s, size_t n, struct kn_asm_allows *to) {
  uint8_t reg;
  if (n > 3 && memcmp(s, "@cc", 3) == 0 && n - 3 < sizeof to->condition) {
    to->flag = true;
    memcpy(to->condition, s + 3, n - 3);
    return true;
  }
  if (a->x86 && (is(s, n, "st") || is(s, n, "st(0)"))) {
    to->x87 = true;
    to->st = 0;
    return true;
  }
  if (a->x86 && is(s, n, "st(1)")) {
    to->x87 = true;
    to->st = 1;
    return true;
  }
  if (!find_register(a->x86, s, n, &reg)) return unknown(a, s, n);
  to->regs |= BIT(reg);
  to->second = a->x86 && n == 2 && reg < RSP && s[1] == 'h';
  return true;
}

/* One letter, or several that mean one thing. Returns how many; 0 after an error. */
static size_t letter(struct kn_asm_call *a, const char *s, size_t n, struct kn_asm_allows *to) {
  static const struct kn_asm_allows any_number = {.least = INT64_MIN, .most = INT64_MAX};
  const struct letter *l = a->x86 ? x86_letters : a64_letters;
  switch (s[0]) {
  case '%': return 1; /* commutes with the next one */
  case '#':
  case '?':
  case '!': return 1;
  case 'i':
  case 'X':
  case 'g':
  case 'n':
  case 'F':
  case 'E':
    to->number = true;
    to->least = any_number.least;
    to->most = any_number.most;
    if (s[0] != 'n') to->symbol = true;
    if (s[0] == 'X' || s[0] == 'g') to->any = true;
    if (s[0] == 'g' || s[0] == 'X') to->memory = true;
    return 1;
  case 's': to->symbol = true; return 1;
  case 'm':
  case 'o':
  case 'V': to->memory = true; return 1;
  case 'p': to->memory = true; return 1;
  case 'Q':
    if (a->x86) break;
    to->memory = true;
    return 1;
  case 'S':
    if (a->x86) break;
    to->symbol = true;
    return 1;
  case 'f':
  case 't':
  case 'u':
    if (!a->x86) break;
    to->x87 = true;
    to->st = s[0] == 'f' ? -1 : s[0] == 'u';
    return 1;
  case '@': /* the number of letters, and these */
    if (n > 1 && s[1] >= '1' && s[1] <= '9' && (size_t)(s[1] - '0') + 2 <= n) {
      if (is(s + 2, 3, "Ush") && s[1] == '3') to->symbol = to->number = true;
      else return unknown(a, s, n), 0;
      return 5;
    }
    break;
  case '^':
    if (n > 2 && a->x86 && s[1] == 'Y' && strchr("z0tmi2", s[2])) {
      to->regs |= s[2] == 'z' || s[2] == '0' ? BIT(32) : X86_FP;
      return 3;
    }
    break;
  case 'Y': /* as older versions have it */
    if (n > 1 && a->x86 && strchr("z0tmi2", s[1])) {
      to->regs |= s[1] == 'z' || s[1] == '0' ? BIT(32) : X86_FP;
      return 2;
    }
    break;
  default: break;
  }
  for (; l->c; l++) {
    if (l->c != s[0]) continue;
    to->regs |= l->regs;
    if (!l->regs) {
      to->number = true;
      to->least = l->least;
      to->most = l->most;
      if (s[0] == 'e') to->symbol = true;
      to->zero |= !a->x86 && (s[0] == 'z' || s[0] == 'Z');
    }
    return 1;
  }
  return unknown(a, s, n), 0;
}

/* The codes of an operand, alternatives and all. */
static bool codes(struct kn_asm_call *a, const char *s, size_t n, struct kn_asm_operand *o) {
  struct kn_asm_allows *to = &o->allows[0];
  o->n_allows = 1;
  *to = (struct kn_asm_allows){.tie = -1};
  for (size_t i = 0; i < n;) {
    if (s[i] == '|') {
      if (o->n_allows == KN_ASM_MAX_ALTERNATIVES) return unknown(a, s, n);
      to = &o->allows[o->n_allows++];
      *to = (struct kn_asm_allows){.tie = -1};
      i++;
    } else if (s[i] == '{') {
      const char *e = memchr(s + i, '}', n - i);
      if (!e) return unknown(a, s, n);
      if (!braces(a, s + i + 1, (size_t)(e - s) - i - 1, to)) return false;
      i = (size_t)(e - s) + 1;
    } else if (s[i] >= '0' && s[i] <= '9') {
      size_t d = 1;
      unsigned k;
      while (i + d < n && s[i + d] >= '0' && s[i + d] <= '9') d++;
      if (!number_of(s + i, d, a->n - 1, &k) || !a->op[k].output) return unknown(a, s, n);
      to->tie = (int8_t)k;
      i += d;
    } else {
      size_t used = letter(a, s + i, n - i, to);
      if (!used) return false;
      i += used;
    }
  }
  return true;
}

/* What an assembly changes besides its operands. */
static bool clobber(struct kn_asm_call *a, const char *s, size_t n) {
  static const char *const nothing[] = {"memory", "cc",  "flags", "dirflag", "fpsr", "fpcr", "fpsw",
                                        "nzcv",   "ffr", "vg",    "za",      "zt0",  "fpmr"};
  uint8_t reg;
  unsigned k;
  if (n < 2 || s[0] != '{' || s[n - 1] != '}') return unknown(a, s, n);
  s++, n -= 2;
  for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
    if (is(s, n, nothing[i])) return true;
  if (a->x86 && n >= 2 && memcmp(s, "st", 2) == 0) {
    if (n == 2) a->st_clobbers |= 1;
    else if (n == 5 && s[2] == '(' && s[4] == ')' && number_of(s + 3, 1, 8, &k))
      a->st_clobbers |= 1u << k;
    else return unknown(a, s, n);
    return true;
  }
  /* registers that Kiln never keeps anything in */
  if (a->x86 && n > 1 && (s[0] == 'k' || (n > 3 && memcmp(s, "tmm", 3) == 0))) return true;
  if (a->x86 && n > 3 && strchr("xyz", s[0]) && memcmp(s + 1, "mm", 2) == 0) {
    if (!number_of(s + 3, n - 3, 32, &k)) return unknown(a, s, n);
    if (k < 16) a->clobbers |= BIT(32 + k);
    return true;
  }
  if (!a->x86 && n > 1 && s[0] == 'p' && number_of(s + 1, n - 1, 16, &k)) return true;
  if (!a->x86 && n > 1 && s[0] == 'z' && number_of(s + 1, n - 1, 32, &k)) {
    a->clobbers |= BIT(32 + k);
    return true;
  }
  if (!find_register(a->x86, s, n, &reg)) return unknown(a, s, n);
  if (reg == (a->x86 ? RSP : 31)) return true; /* the text leaves it as it was in any case */
  a->clobbers |= BIT(reg);
  return true;
}

bool kn_asm_parse(struct kn_asm_call *a) {
  const char *s = a->constraints;
  a->first_label = UINT32_MAX;
  while (*s) {
    size_t n = 0, depth = 0;
    for (; s[n] && (s[n] != ',' || depth); n++) depth += (s[n] == '{') - (s[n] == '}');
    const char *next = s + n + (s[n] == ',');
    if (*s == '~') {
      if (!clobber(a, s + 1, n - 1)) return false;
      s = next;
      continue;
    }
    if (a->n == KN_ASM_MAX_OPERANDS)
      return kn_bc_unsupported(a->r, "inline assembly with this many operands");
    struct kn_asm_operand *o = &a->op[a->n++];
    *o = (struct kn_asm_operand){.id = UINT32_MAX, .outside = 0xff, .through = 0xff};
    for (; n && strchr("=&*!%+", *s); s++, n--) {
      if (*s == '=') o->output = true;
      else if (*s == '&') o->early = true;
      else if (*s == '*') o->indirect = true;
      else if (*s == '!') o->label = true;
      else if (*s == '+') return unknown(a, s, n);
    }
    if (o->label) {
      if (a->first_label == UINT32_MAX) a->first_label = a->n - 1;
      o->place = AP_LABEL;
    } else if (!codes(a, s, n, o)) {
      return false;
    }
    s = next;
  }
  if (a->n_labels && a->first_label == UINT32_MAX)
    return kn_bc_unsupported(a->r, "asm goto of LLVM 14 and older");
  return true;
}
