/* The reader of .eh_frame: see cfi.h. A step executes the rows up to the call, in a struct of its own on the stack, and
 * then computes the registers of the caller. Invariant: what it does not know makes the frame lost, and no other. */
#define _GNU_SOURCE
#include "runtime/stack/cfi.h"

#include "base/leb128.h"
#include "base/array.h"
#include "base/bytes.h"
#include "base/hints.h"
#include <kiln/dwarf.h>

#include <dlfcn.h>
#include <link.h>
#include <string.h>

/* ---- numbers ---- */

static __attribute__((noinline)) uint64_t long_uleb(const uint8_t **p) {
  return kn_uleb128(p, NULL);
}
/* Most numbers have one byte. */
KN_INLINE uint64_t uleb(const uint8_t **p) {
  return KN_LIKELY(**p < 0x80) ? *(*p)++ : long_uleb(p);
}
static int64_t sleb(const uint8_t **p) { return kn_sleb128(p, NULL); }

/* Bytes of an encoded address; 0: of an encoding that is not known. */
static unsigned encoded_size(uint8_t encoding) {
  static const uint8_t sizes[16] = {[0] = 8,  [2] = 2,  [3] = 4, [4] = 8,
                                    [10] = 2, [11] = 4, [12] = 8};
  return sizes[encoding & 15];
}

static uint64_t load(uint64_t at) {
  uint64_t v;
  memcpy(&v, (const void *)(uintptr_t)at, sizeof v);
  return v;
}

/* ---- expressions ---- */

enum { STACK = 16 };

/* Executes an operation that has two operands on the stack; false: it is not known. */
static bool binary(uint8_t op, uint64_t *a, uint64_t b) {
  switch (op) {
  case KILN_DW_OP_plus: *a += b; return true;
  case KILN_DW_OP_minus: *a -= b; return true;
  case KILN_DW_OP_and: *a &= b; return true;
  case KILN_DW_OP_shl: *a = b < 64 ? *a << b : 0; return true;
  case KILN_DW_OP_ge: *a = (int64_t)*a >= (int64_t)b; return true;
  default: return false;
  }
}

/* The value of a constant's operation, or of a register and an offset; false: it is neither. */
static bool constant(uint8_t op, const uint8_t **p, const uint64_t *r, uint64_t *v) {
  const uint8_t *at = *p;
  if (op >= KILN_DW_OP_lit0 && op < KILN_DW_OP_lit0 + 32) return *v = op - KILN_DW_OP_lit0, true;
  if (op >= KILN_DW_OP_breg0 && op < KILN_DW_OP_breg0 + 32) {
    *v = r[op - KILN_DW_OP_breg0] + (uint64_t)sleb(p);
    return true;
  }
  switch (op) {
  case KILN_DW_OP_const1u:
    *v = *at;
    *p += 1;
    return true;
  case KILN_DW_OP_const1s:
    *v = (uint64_t)(int8_t)*at;
    *p += 1;
    return true;
  case KILN_DW_OP_const4u:
    *v = kn_get32(at);
    *p += 4;
    return true;
  case KILN_DW_OP_const4s:
    *v = (uint64_t)(int32_t)kn_get32(at);
    *p += 4;
    return true;
  case KILN_DW_OP_constu: *v = uleb(p); return true;
  case KILN_DW_OP_consts: *v = (uint64_t)sleb(p); return true;
  default: return false;
  }
}

/* Evaluates the expression at `at` (its size first), with `first` on the stack. */
static bool evaluate(const uint8_t *at, const uint64_t *r, uint64_t first, uint64_t *result) {
  uint64_t stack[STACK] = {first}, v;
  unsigned n = 1;
  const uint8_t *p = at, *end;
  uint64_t size = uleb(&p);
  for (end = p + size; p < end;) {
    uint8_t op = *p++;
    if (constant(op, &p, r, &v)) {
      if (n == STACK) return false;
      stack[n++] = v;
    } else if (op == KILN_DW_OP_deref) {
      stack[n - 1] = load(stack[n - 1]);
    } else if (op == KILN_DW_OP_plus_uconst) {
      stack[n - 1] += uleb(&p);
    } else {
      if (n < 2 || !binary(op, &stack[n - 2], stack[n - 1])) return false;
      n--;
    }
  }
  *result = stack[n - 1];
  return true;
}

/* ---- rows ---- */

/* How the caller's value of a register is found. */
enum rule { SAME, UNDEFINED, AT, SUM /* the CFA + value */, REGISTER, AT_EXPRESSION, EXPRESSION };

struct row {
  const uint8_t *cfa_expression; /* or NULL: */
  uint32_t cfa_reg;
  int64_t cfa_offset;
  uint32_t changed; /* bits of registers: the others have their values still */
  uint8_t rule[KN_CFI_REGS];
  int64_t value[KN_CFI_REGS]; /* of an expression: its address */
};

enum { REMEMBERED = 4 };

/* What is executed: the instructions of a CIE, then those of an FDE. */
struct rows {
  struct row now, initial, saved[REMEMBERED];
  unsigned n_saved;
  uint64_t returned; /* the column of the return address */
  uint64_t code_align;
  int64_t data_align;
  uint64_t at, pc; /* reached; the last row counts that begins at `pc` or before */
};

/* Sets the rule of a register; those that no frame keeps are of no interest. */
static void set(struct rows *s, uint64_t reg, enum rule rule, int64_t value) {
  if (reg >= KN_CFI_REGS) return;
  s->now.changed |= 1u << reg;
  s->now.rule[reg] = (uint8_t)rule;
  s->now.value[reg] = value;
}

static void restore(struct rows *s, uint64_t reg) {
  if (reg >= KN_CFI_REGS) return;
  if (s->initial.changed >> reg & 1)
    set(s, reg, (enum rule)s->initial.rule[reg], s->initial.value[reg]);
  else s->now.changed &= ~(1u << reg);
}

static const uint8_t *set_expression(struct rows *s, const uint8_t *p, enum rule rule) {
  uint64_t reg = uleb(&p);
  set(s, reg, rule, (int64_t)(intptr_t)p);
  uint64_t size = uleb(&p);
  return p + size;
}

/* Executes an instruction that sets the CFA; NULL: it is no such one. */
static const uint8_t *set_cfa(struct rows *s, uint8_t op, const uint8_t *p) {
  struct row *r = &s->now;
  switch (op) {
  case KILN_DW_CFA_def_cfa:
    r->cfa_reg = (uint32_t)uleb(&p);
    r->cfa_offset = (int64_t)uleb(&p);
    break;
  case KILN_DW_CFA_def_cfa_sf:
    r->cfa_reg = (uint32_t)uleb(&p);
    r->cfa_offset = sleb(&p) * s->data_align;
    break;
  case KILN_DW_CFA_def_cfa_register: r->cfa_reg = (uint32_t)uleb(&p); break;
  case KILN_DW_CFA_def_cfa_offset: r->cfa_offset = (int64_t)uleb(&p); break;
  case KILN_DW_CFA_def_cfa_offset_sf: r->cfa_offset = sleb(&p) * s->data_align; break;
  case KILN_DW_CFA_def_cfa_expression: {
    r->cfa_expression = p;
    uint64_t size = uleb(&p);
    return p + size;
  }
  default: return NULL;
  }
  r->cfa_expression = NULL;
  return p;
}

/* The rule of a register, the first operand, has a number, the second one, in units of `unit`. */
static const uint8_t *set_number(struct rows *s, const uint8_t *p, enum rule rule, bool sign,
                                 int64_t unit) {
  const uint64_t reg = uleb(&p);
  const int64_t n = sign ? sleb(&p) : (int64_t)uleb(&p);
  set(s, reg, rule, n * unit);
  return p;
}

/* Executes an instruction that sets the rule of a register; NULL: it is no such one. */
static const uint8_t *set_rule(struct rows *s, uint8_t op, const uint8_t *p) {
  switch (op) {
  case KILN_DW_CFA_offset_extended: return set_number(s, p, AT, false, s->data_align);
  case KILN_DW_CFA_offset_extended_sf: return set_number(s, p, AT, true, s->data_align);
  case KILN_DW_CFA_val_offset: return set_number(s, p, SUM, false, s->data_align);
  case KILN_DW_CFA_val_offset_sf: return set_number(s, p, SUM, true, s->data_align);
  case KILN_DW_CFA_register: return set_number(s, p, REGISTER, false, 1);
  case KILN_DW_CFA_restore_extended: restore(s, uleb(&p)); return p;
  case KILN_DW_CFA_undefined: set(s, uleb(&p), UNDEFINED, 0); return p;
  case KILN_DW_CFA_same_value: set(s, uleb(&p), SAME, 0); return p;
  case KILN_DW_CFA_expression: return set_expression(s, p, AT_EXPRESSION);
  case KILN_DW_CFA_val_expression: return set_expression(s, p, EXPRESSION);
  default: return NULL;
  }
}

/* The same of one that moves on in the code or does something else; NULL: it is not known. */
static const uint8_t *other(struct rows *s, uint8_t op, const uint8_t *p) {
  enum {
    GNU_WINDOW_SAVE = 0x2d /* AArch64: the return address is signed, or not any more */,
    GNU_ARGS_SIZE = 0x2e
  };
  switch (op) {
  case KILN_DW_CFA_nop:
  case GNU_WINDOW_SAVE: return p;
  case GNU_ARGS_SIZE: (void)uleb(&p); return p;
  case KILN_DW_CFA_advance_loc1: s->at += *p * s->code_align; return p + 1;
  case KILN_DW_CFA_advance_loc2:
    s->at += (p[0] | (uint32_t)p[1] << 8) * s->code_align;
    return p + 2;
  case KILN_DW_CFA_advance_loc4: s->at += kn_get32(p) * s->code_align; return p + 4;
  case KILN_DW_CFA_remember_state:
    if (s->n_saved == REMEMBERED) return NULL;
    s->saved[s->n_saved++] = s->now;
    return p;
  case KILN_DW_CFA_restore_state:
    if (s->n_saved == 0) return NULL;
    s->now = s->saved[--s->n_saved];
    return p;
  default: return NULL;
  }
}

/* Executes instructions until the row of s->pc is complete. */
static bool execute(struct rows *s, const uint8_t *p, const uint8_t *end) {
  while (p < end) {
    uint8_t op = *p++;
    const uint8_t *next = p;
    switch (op & 0xc0) {
    case KILN_DW_CFA_advance_loc: s->at += (op & 0x3f) * s->code_align; break;
    case KILN_DW_CFA_offset: set(s, op & 0x3f, AT, (int64_t)uleb(&next) * s->data_align); break;
    case KILN_DW_CFA_restore: restore(s, op & 0x3f); break;
    default:
      next = set_cfa(s, op, p);
      if (next == NULL) next = set_rule(s, op, p);
      if (next == NULL) next = other(s, op, p);
      if (next == NULL) return false;
    }
    if (s->at > s->pc) return true;
    p = next;
  }
  return true;
}

/* ---- CIE and FDE ---- */

struct cie {
  const uint8_t *rows, *end;
  uint8_t encoding; /* of functions' addresses */
  bool augmented, interrupted;
};

/* Reads what a CIE says; false: it is of a kind that is not known. */
static bool read_cie(const uint8_t *cie, struct cie *c, struct rows *s) {
  const uint32_t length = kn_get32(cie);
  const uint8_t *p = cie + 8, *letters = p + 1;
  const uint8_t version = *p;
  c->end = cie + 4 + length;
  if (length == UINT32_MAX || (version != 1 && version != 3)) return false;
  p = letters + strlen((const char *)letters) + 1;
  s->code_align = uleb(&p);
  s->data_align = sleb(&p);
  s->returned = version == 1 ? *p++ : uleb(&p);
  if (s->returned >= KN_CFI_REGS) return false;
  c->augmented = *letters == 'z';
  if (*letters != 0 && !c->augmented) return false;
  uint64_t size = c->augmented ? uleb(&p) : 0;
  c->rows = p + size;
  for (; *letters != 0; letters++) {
    if (*letters == 'R') c->encoding = *p++;
    else if (*letters == 'L') p++;
    else if (*letters == 'S') c->interrupted = true;
    else if (*letters == 'P') {
      unsigned n = encoded_size(*p);
      if (n == 0) return false;
      p += 1 + n;
    } else if (*letters != 'z' && *letters != 'B') return false;
  }
  return encoded_size(c->encoding) != 0;
}

/* Of the code that an FDE describes, the size, which is at `p`. */
static uint64_t read_range(const uint8_t *p, unsigned size) {
  uint64_t v = 0;
  for (unsigned k = size; k-- > 0;) v = v << 8 | p[k];
  return v;
}

/* Executes the rows of the code at `pc`; false: it has none, or they are of a kind that is not known. */
static bool read_rows(const uint8_t *fde, uint64_t start, uint64_t pc, struct rows *s,
                      bool *interrupted) {
  struct cie c = {0};
  const uint8_t *cie = fde + 4 - kn_get32(fde + 4), *end = fde + 4 + kn_get32(fde);
  s->now.changed = 0;
  s->now.cfa_expression = NULL;
  s->n_saved = 0;
  s->at = 0;
  s->pc = UINT64_MAX;
  if (!read_cie(cie, &c, s) || !execute(s, c.rows, c.end)) return false;
  const unsigned size = encoded_size(c.encoding);
  const uint8_t *p = fde + 8 + size;
  if (pc - start >= read_range(p, size)) return false;
  p += size;
  if (c.augmented) {
    uint64_t more = uleb(&p);
    p += more;
  }
  s->initial = s->now;
  s->at = start;
  s->pc = pc;
  *interrupted = c.interrupted;
  return execute(s, p, end);
}

/* The caller's value of register k; false: its rule is of no kind that is known. */
static bool caller_value(const struct row *row, unsigned k, const uint64_t *r, uint64_t cfa,
                         uint64_t *to) {
  const int64_t v = row->value[k];
  switch ((enum rule)row->rule[k]) {
  case SAME:
  case UNDEFINED: return true;
  case AT: *to = load(cfa + (uint64_t)v); return true;
  case SUM: *to = cfa + (uint64_t)v; return true;
  case REGISTER:
    if (v < 0 || v >= KN_CFI_REGS) return false;
    *to = r[v];
    return true;
  case EXPRESSION: return evaluate((const uint8_t *)(intptr_t)v, r, cfa, to);
  case AT_EXPRESSION:
    if (!evaluate((const uint8_t *)(intptr_t)v, r, cfa, to)) return false;
    *to = load(*to);
    return true;
  }
  return false;
}

enum kn_cfi_result kn_cfi_step(const struct kn_stack_machine *machine, const uint8_t *fde,
                               uint64_t start, struct kn_cfi_frame *f, uint64_t *cfa) {
  struct rows s;
  uint64_t r[KN_CFI_REGS];
  bool interrupted;
  if (!read_rows(fde, start, f->exact ? f->pc : f->pc - 1, &s, &interrupted)) return KN_CFI_LOST;
  const struct row *row = &s.now;
  if (row->cfa_expression != NULL) {
    if (!evaluate(row->cfa_expression, f->r, 0, cfa)) return KN_CFI_LOST;
  } else {
    if (row->cfa_reg >= KN_CFI_REGS) return KN_CFI_LOST;
    *cfa = f->r[row->cfa_reg] + (uint64_t)row->cfa_offset;
  }
  const uint32_t known = row->changed & (uint32_t)((UINT64_C(2) << machine->last) - 1);
  for (uint32_t m = known; m != 0; m &= m - 1) {
    unsigned k = (unsigned)__builtin_ctz(m);
    r[k] = f->r[k];
    if (!caller_value(row, k, f->r, *cfa, &r[k])) return KN_CFI_LOST;
  }
  if (known >> s.returned & 1 && row->rule[s.returned] == UNDEFINED) return KN_CFI_FIRST;
  f->r[machine->stack_pointer] = *cfa;
  for (uint32_t m = known; m != 0; m &= m - 1) {
    unsigned k = (unsigned)__builtin_ctz(m);
    f->r[k] = r[k];
  }
  f->pc = machine->plain(f->r[s.returned]);
  f->exact = interrupted;
  return f->pc == 0 ? KN_CFI_FIRST : KN_CFI_CALLER;
}

/* ---- what the dynamic linker loaded ---- */

/* The object that `pc` is in; false: there is none. *header: the start of its .eh_frame_hdr, or NULL. Headers may be
 * newer than the glibc that is linked (zig's are): it has to be 2.35. */
#if defined DLFO_EH_SEGMENT_TYPE && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 35)
static bool find_header(uint64_t pc, const uint8_t **header) {
  struct dl_find_object found;
  if (_dl_find_object((void *)(uintptr_t)pc, &found) != 0) return false;
  *header = found.dlfo_eh_frame;
  return true;
}
#else
struct search {
  uint64_t pc;
  const uint8_t *header;
};

static int search_object(struct dl_phdr_info *info, size_t size, void *user) {
  struct search *s = user;
  const uint8_t *header = NULL;
  bool here = false;
  (void)size;
  for (unsigned k = 0; k < info->dlpi_phnum; k++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[k];
    uint64_t at = info->dlpi_addr + p->p_vaddr;
    if (p->p_type == PT_LOAD) here |= s->pc - at < p->p_memsz;
    if (p->p_type == PT_GNU_EH_FRAME) header = (const uint8_t *)(uintptr_t)at;
  }
  if (here) s->header = header;
  return here;
}

static bool find_header(uint64_t pc, const uint8_t **header) {
  struct search s = {pc, NULL};
  const bool found = dl_iterate_phdr(search_object, &s) != 0;
  *header = s.header;
  return found;
}
#endif

/* libgcc's, which knows the frames of static programs: their startup code registers .eh_frame. Weak: a program may have
 * no libgcc's unwinder. */
extern const void *_Unwind_Find_FDE(void *pc, void *bases) __attribute__((weak));

static const uint8_t *find_registered(uint64_t pc, uint64_t *start) {
  void *bases[3] = {NULL, NULL, NULL}; /* of text, of data; the function */
  const uint8_t *fde =
    _Unwind_Find_FDE != NULL ? _Unwind_Find_FDE((void *)(uintptr_t)pc, bases) : NULL;
  *start = (uint64_t)(uintptr_t)bases[2];
  return fde;
}

extern const uint8_t _start[] __attribute__((weak));

bool kn_cfi_begins_program(uint64_t pc) {
  enum { MOST = 64 }; /* bytes of it */
  return _start != NULL && pc - (uint64_t)(uintptr_t)_start < MOST;
}

const uint8_t *const kn_cfi_bare = NULL;

const uint8_t *kn_cfi_find(uint64_t pc, uint64_t *start) {
  enum { COUNT_4 = 0x03, TABLE_4 = 0x3b }; /* udata4; sdata4 from the header's start */
  const uint8_t *h;
  if (!find_header(pc, &h)) return NULL;
  if (h == NULL) return find_registered(pc, start);
  if (h[0] != 1 || h[2] != COUNT_4 || h[3] != TABLE_4) return NULL;
  unsigned size = encoded_size(h[1]);
  const uint8_t *table = h + 4 + size + 4;
  const int64_t offset = (int64_t)(pc - (uint64_t)(uintptr_t)h);
  const uint32_t n =
    KN_COUNT_BEFORE(k, kn_get32(h + 4 + size), (int32_t)kn_get32(table + 8 * (size_t)k) <= offset);
  if (n == 0 || size == 0) return NULL;
  const uint8_t *entry = table + 8 * (size_t)(n - 1);
  *start = (uint64_t)(uintptr_t)h + (uint64_t)(int64_t)(int32_t)kn_get32(entry);
  return h + (int32_t)kn_get32(entry + 4);
}
