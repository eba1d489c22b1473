/* Interprets .eh_frame as DWARF 5, section 6.4, and the LSB say. The tables are this process's own,
 * found by libgcc's search; a process being stepped has the same, since it was forked from here. */
#include "cfi.h"

#include <string.h>

#include "../../../base/leb128.h"

struct dwarf_eh_bases {
  void *tbase, *dbase, *func;
};
extern const void *_Unwind_Find_FDE(void *pc, struct dwarf_eh_bases *bases);

enum rule_kind { SAME, UNDEFINED, OFFSET, VAL_OFFSET, REGISTER };

struct rule {
  enum rule_kind kind;
  int64_t n; /* bytes from the CFA, or a register */
};

struct row {
  struct rule r[CFI_REGS];
  unsigned cfa_register;
  int64_t cfa_offset;
};

struct cie {
  uint64_t code_align;
  int64_t data_align;
  uint64_t ra;
  uint8_t pointer_encoding;
  bool signal, has_augmentation;
  const uint8_t *start, *end;
};

static uint32_t word(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}

static unsigned pointer_size(uint8_t encoding) {
  switch (encoding & 15) {
  case 0x02:
  case 0x0a: return 2;
  case 0x03:
  case 0x0b: return 4;
  default: return 8;
  }
}

static const char *read_cie(const uint8_t *p, struct cie *c) {
  c->end = p + 4 + word(p);
  p += 8;
  uint8_t version = *p++;
  if (version != 1 && version != 3) return "CIE version";
  const char *augmentation = (const char *)p;
  p += strlen(augmentation) + 1;
  c->code_align = kn_uleb128(&p, NULL);
  c->data_align = kn_sleb128(&p, NULL);
  c->ra = version == 1 ? *p++ : kn_uleb128(&p, NULL);
  c->pointer_encoding = 0;
  c->has_augmentation = *augmentation == 'z';
  if (c->has_augmentation) {
    uint64_t size = kn_uleb128(&p, NULL);
    const uint8_t *q = p;
    p += size;
    for (const char *a = augmentation + 1; *a; a++) {
      if (*a == 'R') {
        c->pointer_encoding = *q++;
      } else if (*a == 'S') {
        c->signal = true;
      } else {
        return "CIE augmentation";
      }
    }
  } else if (*augmentation) {
    return "CIE augmentation";
  }
  c->start = p;
  return c->ra == CFI_RA ? NULL : "return address register";
}

/* Runs instructions until the row for `pc` is complete. */
static const char *run(const struct cie *c, const uint8_t *p, const uint8_t *end, uint64_t at,
                       uint64_t pc, struct row *row, const struct row *initial) {
  static struct row stack[8];
  unsigned depth = 0;
  while (p < end) {
    uint8_t op = *p++, low = op & 63;
    uint64_t reg, delta = 0;
    switch (op >> 6) {
    case 1: delta = low; goto advance;
    case 2:
      if (low >= CFI_REGS && low < CFI_REGS + CFI_VECTORS) {
        kn_uleb128(&p, NULL);
        continue;
      }
      if (low >= CFI_REGS) return "register of DW_CFA_offset";
      row->r[low] = (struct rule){OFFSET, (int64_t)kn_uleb128(&p, NULL) * c->data_align};
      continue;
    case 3:
      if (low >= CFI_REGS && low < CFI_REGS + CFI_VECTORS) continue;
      if (initial == NULL || low >= CFI_REGS) return "DW_CFA_restore";
      row->r[low] = initial->r[low];
      continue;
    default: break;
    }
    switch (op) {
    case 0x00: break;
    case 0x02: delta = *p++; goto advance;
    case 0x03:
      delta = (uint64_t)p[0] | (uint64_t)p[1] << 8;
      p += 2;
      goto advance;
    case 0x04:
      delta = word(p);
      p += 4;
      goto advance;
    case 0x05:
    case 0x11:
    case 0x06:
    case 0x07:
    case 0x08:
    case 0x14:
    case 0x09:
      reg = kn_uleb128(&p, NULL);
      if (reg >= CFI_REGS) return "register number";
      switch (op) {
      case 0x05:
        row->r[reg] = (struct rule){OFFSET, (int64_t)kn_uleb128(&p, NULL) * c->data_align};
        break;
      case 0x11: row->r[reg] = (struct rule){OFFSET, kn_sleb128(&p, NULL) * c->data_align}; break;
      case 0x14:
        row->r[reg] = (struct rule){VAL_OFFSET, (int64_t)kn_uleb128(&p, NULL) * c->data_align};
        break;
      case 0x07: row->r[reg] = (struct rule){UNDEFINED, 0}; break;
      case 0x08: row->r[reg] = (struct rule){SAME, 0}; break;
      case 0x09: row->r[reg] = (struct rule){REGISTER, (int64_t)kn_uleb128(&p, NULL)}; break;
      default:
        if (initial == NULL) return "DW_CFA_restore_extended in the CIE";
        row->r[reg] = initial->r[reg];
      }
      break;
    case 0x0a:
      if (depth == 8) return "DW_CFA_remember_state too deep";
      stack[depth++] = *row;
      break;
    case 0x0b:
      if (depth == 0) return "DW_CFA_restore_state without state";
      *row = stack[--depth];
      break;
    case 0x0c:
      row->cfa_register = (unsigned)kn_uleb128(&p, NULL);
      row->cfa_offset = (int64_t)kn_uleb128(&p, NULL);
      break;
    case 0x12:
      row->cfa_register = (unsigned)kn_uleb128(&p, NULL);
      row->cfa_offset = kn_sleb128(&p, NULL) * c->data_align;
      break;
    case 0x0d: row->cfa_register = (unsigned)kn_uleb128(&p, NULL); break;
    case 0x0e: row->cfa_offset = (int64_t)kn_uleb128(&p, NULL); break;
    case 0x13: row->cfa_offset = kn_sleb128(&p, NULL) * c->data_align; break;
    case 0x2e: kn_uleb128(&p, NULL); break; /* GNU_args_size */
    default: return "unknown or unwanted DW_CFA operation";
    }
    continue;
  advance:
    at += delta * c->code_align;
    if (at > pc) return NULL;
  }
  return NULL;
}

const char *cfi_up(struct cfi_frame *f, bool after_call, cfi_read *read, void *user) {
  uint64_t pc = f->r[CFI_RA], look = after_call ? pc - 1 : pc;
  struct dwarf_eh_bases bases;
  const uint8_t *fde = _Unwind_Find_FDE((void *)look, &bases);
  if (fde == NULL) return "no FDE";
  struct cie c = {0};
  const char *bad = read_cie(fde + 4 - word(fde + 4), &c);
  if (bad) return bad;
  const uint8_t *end = fde + 4 + word(fde), *p = fde + 8;
  unsigned size = pointer_size(c.pointer_encoding);
  p += size;
  uint64_t range = 0, start = (uint64_t)bases.func;
  memcpy(&range, p, size);
  p += size;
  if (look < start || look - start >= range) return "program counter outside of its FDE";
  if (c.has_augmentation) {
    uint64_t n = kn_uleb128(&p, NULL);
    p += n;
  }
  struct row row = {0}, initial;
  row.cfa_register = CFI_REGS;
  bad = run(&c, c.start, c.end, 0, UINT64_MAX, &row, NULL);
  initial = row;
  if (bad == NULL) bad = run(&c, p, end, start, look, &row, &initial);
  if (bad) return bad;
  if (row.cfa_register >= CFI_RA) return "CFA rule";
  struct cfi_frame up = *f;
  f->cfa = up.cfa = f->r[row.cfa_register] + (uint64_t)row.cfa_offset;
  for (unsigned i = 0; i < CFI_REGS; i++) {
    struct rule rule = row.r[i];
    up.known[i] = rule.kind != UNDEFINED;
    up.saved[i] = rule.kind == OFFSET;
    switch (rule.kind) {
    case OFFSET:
      if (!read(user, up.cfa + (uint64_t)rule.n, &up.r[i]))
        return "saved register in unreadable memory";
      break;
    case VAL_OFFSET: up.r[i] = up.cfa + (uint64_t)rule.n; break;
    case REGISTER:
      if (rule.n < 0 || rule.n >= CFI_REGS) return "register rule";
      up.r[i] = f->r[rule.n];
      break;
    default: break;
    }
  }
  if (row.r[CFI_RA].kind == SAME) return "no rule for the return address";
  if (row.r[CFI_RSP].kind == SAME) up.r[CFI_RSP] = up.cfa;
  *f = up;
  return NULL;
}
