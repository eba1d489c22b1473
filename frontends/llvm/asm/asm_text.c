/* The text of inline assembly for an assembler: the template, with each operand as the register, address or number that
 * asm.c chose for it. Called by asm.c. */
#include "asm/asm.h"

#include <stdarg.h>
#include <stdio.h>

static void put(struct kn_asm_call *a, const char *s, size_t n) {
  if (n > a->out_cap - a->out_n &&
      !kn_bc_grow(a->r, &a->out, &a->out_cap, (uint64_t)a->out_n + n + 256, 1))
    return;
  memcpy(a->out + a->out_n, s, n);
  a->out_n += (uint32_t)n;
}

void kn_asm_putf(struct kn_asm_call *a, const char *format, ...) {
  char line[256];
  va_list ap;
  va_start(ap, format);
  int n = vsnprintf(line, sizeof line, format, ap);
  va_end(ap);
  if (n > 0) put(a, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

void kn_asm_register_name(bool x86, unsigned reg, unsigned bytes, char out[8]) {
  static const char legacy[8][3] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
  unsigned k = reg & 31;
  if (!x86) {
    if (reg >= 32)
      snprintf(out, 8, "%c%u",
               bytes == 1   ? 'b'
               : bytes == 2 ? 'h'
               : bytes == 4 ? 's'
               : bytes == 8 ? 'd'
                            : 'q',
               k);
    else if (k == 31) snprintf(out, 8, "%s", bytes < 8 ? "wsp" : "sp");
    else snprintf(out, 8, "%c%u", bytes < 8 ? 'w' : 'x', k);
  } else if (reg >= KN_ASM_MMX) {
    snprintf(out, 8, "mm%u", k & 7);
  } else if (reg >= 32) {
    snprintf(out, 8, "%cmm%u", bytes == 32 ? 'y' : bytes == 64 ? 'z' : 'x', k);
  } else if (k >= 8) {
    snprintf(out, 8, "r%u%s", k, bytes == 1 ? "b" : bytes == 2 ? "w" : bytes == 4 ? "d" : "");
  } else if (bytes == 1) {
    if (k < 4) snprintf(out, 8, "%cl", legacy[k][0]);
    else snprintf(out, 8, "%sl", legacy[k]);
  } else {
    snprintf(out, 8, "%s%s", bytes == 8 ? "r" : bytes == 4 ? "e" : "", legacy[k]);
  }
}

static bool bad(struct kn_asm_call *a, const char *what) {
  return kn_bc_fail(a->r, KILN_ERR_UNSUPPORTED, "not implemented: inline assembly with %s", what);
}

static void put_register(struct kn_asm_call *a, const char *name) {
  kn_asm_putf(a, "%s%s", a->x86 && !a->intel ? "%" : "", name);
}

bool kn_asm_is_second(const struct kn_asm_call *a, const struct kn_asm_operand *o) {
  if (o->label || o->place != AP_REG) return false;
  return o->is->tie >= 0 ? a->op[o->is->tie].is->second : o->is->second;
}

/* A register operand with modifier `m`, or 0. */
static bool register_operand(struct kn_asm_call *a, const struct kn_asm_operand *o, char m) {
  char name[8];
  const struct kn_bc_type *t = &a->r->types.at[o->type];
  unsigned bytes = (t->bits + 7) / 8;
  if (t->kind == TK_PTR) bytes = 8;
  if (a->x86) {
    if (o->reg >= 32)
      bytes = m == 't' ? 32 : m == 'g' ? 64 : m != 'x' && o->carried ? o->carried : 16;
    else if (m == 'b') bytes = 1;
    else if (m == 'w') bytes = 2;
    else if (m == 'k') bytes = 4;
    else if (m == 'q') bytes = 8;
    else if (m == 'h') bytes = 1;
    else if (m == 'a' || m == 'A') bytes = 8;
    if (o->reg < 32 && bytes > 8) bytes = 8; /* the lower half of an i128 */
    bytes = bytes > 8 || bytes == 4 || bytes <= 2 ? bytes : bytes < 4 ? 4 : 8;
    kn_asm_register_name(true, o->reg, bytes, name);
    if (m == 'h' || (m == 0 && bytes == 1 && kn_asm_is_second(a, o))) {
      if (o->reg >= 4) return bad(a, "the second byte of a register without one");
      name[1] = 'h';
    }
    if (m == 'V') return put(a, name, strlen(name)), true;
    if (m == 'A') put(a, "*", 1);
    if (m == 'a') kn_asm_putf(a, a->intel ? "[%s]" : "(%%%s)", name);
    else put_register(a, name);
    return true;
  }
  if (o->reg >= 32) {
    bytes = m == 'b' ? 1 : m == 'h' ? 2 : m == 's' ? 4 : m == 'd' ? 8 : 16;
    kn_asm_register_name(false, o->reg, bytes, name);
    if (m == 0 || m == 'v') name[0] = 'v';
  } else {
    kn_asm_register_name(false, o->reg, m == 'w' ? 4 : 8, name);
  }
  if (m == 'a') kn_asm_putf(a, "[%s]", name);
  else put_register(a, name);
  return true;
}

static void memory_operand(struct kn_asm_call *a, const struct kn_asm_operand *o, char m) {
  char name[8];
  kn_asm_register_name(a->x86, o->reg, 8, name);
  if (!a->x86) kn_asm_putf(a, "[%s]", name);
  else if (a->intel) kn_asm_putf(a, m == 'H' ? "[%s+8]" : "[%s]", name);
  else kn_asm_putf(a, m == 'H' ? "8(%%%s)" : "(%%%s)", name);
}

static bool immediate_operand(struct kn_asm_call *a, const struct kn_asm_operand *o, char m) {
  bool plain = !a->x86 || a->intel || (m && strchr("cnPpaA", m));
  if (o->value.kind == KILN_OPERAND_SYMBOL) {
    if (m == 'n') return bad(a, "a symbol where a number belongs");
    if (m == 'A') put(a, "*", 1);
    kn_asm_putf(a, "%s" KN_ASM_SYMBOL "%u", plain ? "" : "$", o->value.symbol.id);
    if (o->value.low) kn_asm_putf(a, "%+lld", (long long)o->value.low);
    if (a->x86 && m == 'a') put(a, "(%rip)", a->intel ? 0 : 6);
    return true;
  }
  int64_t v = (int64_t)o->value.low;
  const struct kn_bc_type *t = &a->r->types.at[o->type];
  if (t->kind == TK_INT && t->bits == 1) v &= 1;
  if (!a->x86 && v == 0 && (m == 'w' || m == 'x' || (m == 0 && o->is->zero)))
    return put(a, m == 'w' ? "wzr" : "xzr", 3), true;
  if (m == 'n') v = -(uint64_t)v;
  kn_asm_putf(a, "%s%lld", plain ? "" : "$", (long long)v);
  return true;
}

static bool operand(struct kn_asm_call *a, unsigned k, char m) {
  if (k >= a->n) return bad(a, "an operand that does not exist");
  const struct kn_asm_operand *o = &a->op[k];
  switch (o->place) {
  case AP_REG:
    if (m == 'z' && a->x86) {
      unsigned bits = a->r->types.at[o->type].kind == TK_PTR ? 64 : a->r->types.at[o->type].bits;
      put(a, bits <= 8 ? "b" : bits <= 16 ? "w" : bits <= 32 ? "l" : "q", 1);
      return true;
    }
    return register_operand(a, o, m);
  case AP_MEMORY: memory_operand(a, o, m); return true;
  case AP_DIRECT:
    if (o->value.kind == KILN_OPERAND_SLOT)
      kn_asm_putf(a, KN_ASM_SLOT "%u%s(%%rbp)", o->id, m == 'H' ? "+8" : "");
    else
      kn_asm_putf(a, KN_ASM_SYMBOL "%u%+lld(%%rip)", o->value.symbol.id,
                  (long long)o->value.low + (m == 'H' ? 8 : 0));
    return true;
  case AP_IMMEDIATE: return immediate_operand(a, o, m);
  case AP_X87: kn_asm_putf(a, "%sst(%u)", a->intel ? "" : "%", o->st); return true;
  case AP_LABEL: kn_asm_putf(a, ".Lkiln_%u", k - a->first_label); return true;
  case AP_FLAG:
  case AP_NONE: break;
  }
  return bad(a, "the template names an operand that does not exist");
}

/* A number that no other statement of the module has. As a label, GNU as takes it up to 2^31: the function's number may
 * have 23 bits if the statement's has 6, or 15 and 14, or 7 and 22. The lowest two bits say which. */
static uint64_t own_number(const struct kn_asm_call *a) {
  uint64_t function = kiln_func_symbol(a->r->f).id, k = a->r->fn.asm_count;
  unsigned size = (k >= 1u << 6) + (k >= 1u << 14) + (k >= 1u << 22);
  return (function << (6 + 8 * size) | k) << 2 | size;
}

/* `${3:k}` or `$3`, after the dollar; returns what is after it, NULL after an error. */
static const char *reference(struct kn_asm_call *a, const char *s) {
  bool braced = *s == '{';
  unsigned k = 0;
  char m = 0;
  if (braced) s++;
  if (braced && *s == ':') {
    const char *e = strchr(s, '}');
    size_t n = e ? (size_t)(e - s) : 0;
    if (n == 4 && memcmp(s, ":uid", n) == 0)
      kn_asm_putf(a, "%llu", (unsigned long long)own_number(a));
    else if (n == 8 && memcmp(s, ":private", n) == 0) put(a, ".L", 2);
    else if (n == 8 && memcmp(s, ":comment", n) == 0) put(a, a->x86 ? "#" : "//", a->x86 ? 1 : 2);
    else return bad(a, "a template of this kind"), NULL;
    return e + 1;
  }
  if (*s < '0' || *s > '9') return bad(a, "a template of this kind"), NULL;
  for (; *s >= '0' && *s <= '9' && k < 1000; s++) k = k * 10 + (unsigned)(*s - '0');
  if (braced) {
    if (*s == ':') {
      m = *++s;
      if (!m) return bad(a, "a template of this kind"), NULL;
      s++;
    }
    if (*s++ != '}') return bad(a, "a modifier of several letters"), NULL;
  }
  return operand(a, k, m) ? s : NULL;
}

bool kn_asm_expand(struct kn_asm_call *a) {
  int variant = -1; /* within alternatives of dialects: which one */
  bool wanted = true;
  for (const char *s = a->text; *s;) {
    if (*s != '$') {
      const char *e = strchr(s, '$');
      size_t n = e ? (size_t)(e - s) : strlen(s);
      if (wanted) put(a, s, n);
      s += n;
      continue;
    }
    s++;
    if (*s == '$') {
      if (wanted && !a->intel) put(a, "$", 1); /* in Intel's dialect nothing, as LLVM */
      s++;
    } else if (*s == '(') {
      variant = 0;
      wanted = variant == (int)a->intel;
      s++;
    } else if ((*s == '|' || *s == ')') &&
               variant < 0) { /* outside alternatives these stand for themselves */
      put(a, *s == '|' ? "|" : "}", 1);
      s++;
    } else if (*s == '|') {
      variant++;
      wanted = variant == (int)a->intel;
      s++;
    } else if (*s == ')') {
      variant = -1;
      wanted = true;
      s++;
    } else {
      uint32_t before = a->out_n;
      s = reference(a, s);
      if (!s) return false;
      if (!wanted) a->out_n = before;
    }
  }
  put(a, "\n", 1);
  return a->r->status == KILN_OK;
}
