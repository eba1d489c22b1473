/* Writes .debug_info and what it refers to: abbreviations, strings, addresses, ranges. One pass over the tree of each
 * unit; references to entries are filled in at the end. Called by lib/dwarf.c. Tags, attributes, forms: DWARF 5,
 * 7.5 and appendix A; DWARF 4 has other forms for strings, addresses and ranges. */
#include "lib/dwarf.h"

enum {
  TAG_FORMAL_PARAMETER = 0x05,
  TAG_UNSPECIFIED_PARAMETERS = 0x18,
  TAG_COMPILE_UNIT = 0x11,
  TAG_INLINED_SUBROUTINE = 0x1d,
  TAG_SUBPROGRAM = 0x2e,
  AT_LOCATION = 0x02,
  AT_NAME = 0x03,
  AT_COMP_DIR = 0x1b,
  AT_STMT_LIST = 0x10,
  AT_LOW_PC = 0x11,
  AT_HIGH_PC = 0x12,
  AT_CONST_VALUE = 0x1c,
  AT_INLINE = 0x20,
  AT_ABSTRACT_ORIGIN = 0x31,
  AT_DECLARATION = 0x3c,
  AT_FRAME_BASE = 0x40,
  AT_TYPE = 0x49,
  AT_RANGES = 0x55,
  AT_CALL_COLUMN = 0x57,
  AT_CALL_FILE = 0x58,
  AT_CALL_LINE = 0x59,
  AT_STR_OFFSETS_BASE = 0x72,
  AT_ADDR_BASE = 0x73,
  AT_RNGLISTS_BASE = 0x74,
  AT_GNU_DISCRIMINATOR = 0x2136,
  FORM_ADDR = 0x01,
  FORM_DATA2 = 0x05,
  FORM_DATA4 = 0x06,
  FORM_DATA8 = 0x07,
  FORM_BLOCK = 0x09,
  FORM_DATA1 = 0x0b,
  FORM_SDATA = 0x0d,
  FORM_STRP = 0x0e,
  FORM_UDATA = 0x0f,
  FORM_REF_ADDR = 0x10,
  FORM_REF4 = 0x13,
  FORM_SEC_OFFSET = 0x17,
  FORM_EXPRLOC = 0x18,
  FORM_FLAG_PRESENT = 0x19,
  FORM_ADDRX = 0x1b,
  FORM_IMPLICIT_CONST = 0x21,
  FORM_RNGLISTX = 0x23,
  FORM_STRX1 = 0x25,
  OP_ADDR = 0x03,
  OP_CONST8U = 0x0e,
  OP_CALL_FRAME_CFA = 0x9c,
  OP_FORM_TLS_ADDRESS = 0x9b,
  OP_ADDRX = 0xa1,
  UT_COMPILE = 1,
};
/* Bases of the one contribution that an object has to these sections. */
enum { STR_OFFSETS_BASE = 8, ADDR_BASE = 8, RNGLISTS_BASE = 12 };

/* An attribute in its form. */
struct field {
  uint16_t name, form;
  uint64_t value;       /* number, index, reference (entry); of expressions: symbol, or 0 */
  const uint8_t *bytes; /* of expressions and blocks */
  uint32_t n;
};

struct fields {
  struct kn_dwarf *d;
  uint32_t unit; /* number of the one that is written */
  KN_ARRAY(struct field) all;
  KN_ARRAY(uint32_t) stack;
  bool failed;
};

/* ---- strings ---- */

static bool grow_strings(struct kn_dwarf *d) {
  uint32_t size = d->str_hash ? 2 * (d->str_mask + 1) : 1024;
  uint32_t *hash = kn_realloc(d->m, NULL, size * sizeof *hash);
  if (hash == NULL) return false;
  memset(hash, 0, size * sizeof *hash);
  for (uint32_t i = 0; i < d->str_at.n; i++) {
    const char *s = (const char *)d->out[KN_DS_STR].bytes.at + d->str_at.at[i];
    uint32_t *head = &hash[kn_hash_bytes(s, strlen(s)) & (size - 1)];
    d->str_next.at[i] = *head;
    *head = i + 1;
  }
  kn_realloc(d->m, d->str_hash, 0);
  d->str_hash = hash;
  d->str_mask = size - 1;
  return true;
}

/* Number of a string; UINT32_MAX without memory. */
static uint32_t string(struct kn_dwarf *d, const char *text, uint32_t n) {
  if (d->str_at.n >= d->str_mask && !grow_strings(d)) return UINT32_MAX;
  uint32_t *head = &d->str_hash[kn_hash_bytes(text, n) & d->str_mask];
  for (uint32_t i = *head; i; i = d->str_next.at[i - 1]) {
    const char *s = (const char *)d->out[KN_DS_STR].bytes.at + d->str_at.at[i - 1];
    if (memcmp(s, text, n) == 0 && s[n] == 0) return i - 1;
  }
  uint8_t *p = kn_dwarf_space(d, KN_DS_STR, (size_t)n + 1 + 64);
  uint32_t at = d->out[KN_DS_STR].bytes.n;
  if (p == NULL || !KN_DW_PUSH(d, d->str_at, at) || !KN_DW_PUSH(d, d->str_next, *head))
    return UINT32_MAX;
  memcpy(p, text, n);
  p[n] = 0;
  d->out[KN_DS_STR].bytes.n += n + 1;
  *head = d->str_at.n;
  if (d->version >= 5 &&
      !kn_dwarf_relocated(d, KN_DS_STR_OFFSETS, KN_DR_DEBUG | KN_DS_STR, at, false, false))
    return UINT32_MAX;
  return d->str_at.n - 1;
}

/* ---- attributes ---- */

static void add(struct fields *f, unsigned name, unsigned form, uint64_t value) {
  if (!KN_DW_PUSH(f->d, f->all, (struct field){(uint16_t)name, (uint16_t)form, value, NULL, 0}))
    f->failed = true;
}
static void add_bytes(struct fields *f, unsigned name, unsigned form, uint64_t symbol,
                      const uint8_t *bytes, uint32_t n) {
  if (!KN_DW_PUSH(f->d, f->all, (struct field){(uint16_t)name, (uint16_t)form, symbol, bytes, n}))
    f->failed = true;
}
/* The address of a symbol, if the object has it, and an expression. */
static void add_symbol(struct fields *f, unsigned name, uint32_t symbol, const uint8_t *bytes,
                       uint32_t n) {
  const struct kn_elf *e = f->d->e;
  if (symbol >= f->d->m->n_symbols || e->places[symbol].section == 0) return;
  if (kn_symbol(f->d->m, symbol)->tls != KILN_TLS_NONE && e->machine->dtprel64 == 0) return;
  add_bytes(f, name, FORM_EXPRLOC, symbol, bytes, n);
}
static void add_number(struct fields *f, unsigned name, uint64_t v) {
  unsigned form = name == AT_CONST_VALUE ? FORM_UDATA
                  : v <= 0xff            ? FORM_DATA1
                  : v <= 0xffff          ? FORM_DATA2
                  : v <= UINT32_MAX      ? FORM_DATA4
                                         : FORM_DATA8;
  add(f, name, form, v);
}
static void add_string(struct fields *f, unsigned name, const char *text, uint32_t n) {
  uint32_t i = string(f->d, text, n);
  if (i == UINT32_MAX) f->failed = true;
  else if (f->d->version < 5) add(f, name, FORM_STRP, f->d->str_at.at[i]);
  else add(f, name, FORM_STRX1 + (i > 0xff) + (i > 0xffff) + (i > 0xffffff), i);
}
static void add_ref(struct fields *f, unsigned name, uint32_t to) {
  if (to == 0 || f->d->dies[to].unit == 0) return;
  add(f, name, f->d->dies[to].unit == f->unit ? FORM_REF4 : FORM_REF_ADDR, to);
}

static void add_signature(struct fields *f, uint32_t i, const struct kn_die_attr *a) {
  struct kn_dwarf *d = f->d;
  uint32_t of;
  const struct kn_die *list = kn_dwarf_signature(d, d->dies[i].set, a, &of);
  if (list == NULL || list->parent == 0) return;
  uint32_t type = kn_dwarf_index(d, of, kn_dwarf_set(d, of)->items.at[list->first]);
  add_ref(f, AT_TYPE, type);
}

static void add_attr(struct fields *f, uint32_t i, const struct kn_die_attr *a) {
  struct kn_dwarf *d = f->d;
  const struct kiln_debug *s = kn_dwarf_set(d, d->dies[i].set);
  const uint8_t *bytes = s->bytes.at + (uint32_t)a->value;
  uint32_t to;
  switch ((enum kn_die_kind)a->kind) {
  case KN_DA_UINT: add_number(f, a->name, a->value); break;
  case KN_DA_INT: add(f, a->name, FORM_SDATA, a->value); break;
  case KN_DA_FLAG: add(f, a->name, FORM_FLAG_PRESENT, 0); break;
  case KN_DA_STRING: add_string(f, a->name, (const char *)bytes, a->size); break;
  case KN_DA_REF:
    to = kn_dwarf_index(d, d->dies[i].set, (uint32_t)a->value);
    if (to && kn_dwarf_entry(d, to)->tag == KILN_TAG_FILE &&
        kn_dwarf_entry(d, i)->tag == TAG_COMPILE_UNIT) {
      struct kn_dwarf_file file;
      kn_dwarf_file_text(d, to, &file);
      add_string(f, AT_NAME, file.name, file.name_n);
      if (file.dir_n) add_string(f, AT_COMP_DIR, file.dir, file.dir_n);
    } else if (to && kn_dwarf_entry(d, to)->tag == KILN_TAG_FILE) {
      uint32_t number = kn_dwarf_file_number(d, to);
      if (number == UINT32_MAX) f->failed = true;
      else add_number(f, a->name, number);
    } else {
      add_ref(f, a->name, to);
    }
    break;
  case KN_DA_EXPR: add_bytes(f, a->name, FORM_EXPRLOC, 0, bytes, a->size); break;
  case KN_DA_BLOCK: add_bytes(f, a->name, FORM_BLOCK, 0, bytes, a->size); break;
  case KN_DA_SYMBOL:
    to = (uint32_t)(a->value >> 32);
    add_symbol(f, a->name, to, bytes, a->size);
    break;
  case KN_DA_MD5:
  case KN_DA_ARGUMENT:
  case KN_DA_RETAIN:
  case KN_DA_CHILDREN: break;
  case KN_DA_SIGNATURE:
  case KN_DA_TYPED: add_signature(f, i, a); break;
  }
}

/* Where code is: one stretch of it. */
static bool add_stretch(struct fields *f, uint32_t target, int64_t addend, uint32_t address,
                        uint32_t size) {
  if (f->d->version < 5) add_bytes(f, AT_LOW_PC, FORM_ADDR, (uint64_t)addend, NULL, target);
  else if (address == UINT32_MAX) return false;
  else add(f, AT_LOW_PC, FORM_ADDRX, address);
  add(f, AT_HIGH_PC, FORM_DATA4, size);
  return true;
}

/* The code of a block or of an inlined function, and the call that the latter replaces. */
static bool add_scope(struct fields *f, uint32_t i) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_scope *s = &d->scopes.at[d->dies[i].ranges - 1];
  bool ok = true;
  if (s->first == s->last && s->first != 0) {
    const struct kn_dwarf_range *r = &d->ranges.at[s->first - 1];
    uint32_t target, address = 0;
    int64_t addend;
    kn_dwarf_func_place(d, s->func, &target, &addend);
    if (d->version >= 5)
      address = r->from == 0 ? kn_dwarf_func_address(d, s->func)
                             : kn_dwarf_address(d, target, addend + r->from);
    if (!add_stretch(f, target, addend + r->from, address, r->to - r->from)) return false;
  } else if (s->first != 0) {
    uint32_t list = kn_dwarf_scope_list(d, s, &ok);
    add(f, AT_RANGES, d->version >= 5 ? FORM_RNGLISTX : FORM_SEC_OFFSET, list);
  }
  if (s->call == 0 || kn_dwarf_entry(d, i)->tag != TAG_SUBPROGRAM) return ok;
  uint32_t session = d->e->funcs[s->func].session;
  const struct kn_loc *call = &d->e->sessions[session]->places.locs[s->call];
  uint32_t file = kn_dwarf_loc_file(d, session, call);
  if (file == UINT32_MAX) return false;
  add_number(f, AT_CALL_FILE, file);
  add_number(f, AT_CALL_LINE, call->line);
  if (call->column) add_number(f, AT_CALL_COLUMN, call->column);
  uint32_t discriminator = kn_dwarf_discriminator(d, session, call);
  if (discriminator) add_number(f, AT_GNU_DISCRIMINATOR, discriminator);
  return ok;
}

/* What is known of an entry from code: where a function or block is, where a variable lives. */
static bool add_code(struct fields *f, uint32_t i) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_die *die = &d->dies[i];
  static const uint8_t frame_base[] = {OP_CALL_FRAME_CFA};
  bool ok = true;
  if (die->func) {
    uint32_t func = die->func - 1, target;
    int64_t addend;
    kn_dwarf_func_place(d, func, &target, &addend);
    uint32_t address = d->version >= 5 ? kn_dwarf_func_address(d, func) : 0;
    ok = add_stretch(f, target, addend, address, kn_elf_func(d->e, func)->size);
    add_bytes(f, AT_FRAME_BASE, FORM_EXPRLOC, 0, frame_base, sizeof frame_base);
  }
  if (die->ranges) ok = add_scope(f, i);
  if (die->global && die->var == 0) {
    const struct kn_debug_global *g = &d->module->globals.at[die->global - 1];
    add_symbol(f, AT_LOCATION, g->symbol, d->module->bytes.at + g->expr, g->n);
  }
  if (die->var) {
    const struct kn_dwarf_var *v = &d->vars.at[die->var - 1];
    const struct kn_output *o = kn_elf_output(d->e, v->session);
    add_bytes(f, AT_LOCATION, FORM_EXPRLOC, 0, o->exprs + o->vars[v->index].expr,
              o->vars[v->index].n);
  }
  return ok;
}

static bool add_unit(struct fields *f, uint32_t unit) {
  struct kn_dwarf *d = f->d;
  struct kn_dwarf_unit *u = &d->units.at[unit];
  bool ok = true;
  if (d->version >= 5) {
    add(f, AT_STR_OFFSETS_BASE, FORM_SEC_OFFSET, STR_OFFSETS_BASE);
    add(f, AT_ADDR_BASE, FORM_SEC_OFFSET, ADDR_BASE);
  }
  add(f, AT_STMT_LIST, FORM_SEC_OFFSET, u->line);
  if (d->version >= 5) add(f, AT_RNGLISTS_BASE, FORM_SEC_OFFSET, RNGLISTS_BASE);
  if (u->n_funcs == 0) return ok;
  if (u->same_section && d->units.n == 1) {
    uint32_t size = (uint32_t)(u->high - u->low);
    if (d->version >= 5) {
      uint32_t a = kn_dwarf_address(d, u->section - 1, (int64_t)u->low);
      if (a == UINT32_MAX) return false;
      add(f, AT_LOW_PC, FORM_ADDRX, a);
    } else {
      add_bytes(f, AT_LOW_PC, FORM_ADDR, u->low, NULL, u->section - 1);
    }
    add(f, AT_HIGH_PC, FORM_DATA4, size);
  } else {
    add_bytes(f, AT_LOW_PC, FORM_ADDR, 0, NULL, UINT32_MAX); /* ranges count from 0 */
    uint32_t list = kn_dwarf_unit_list(d, unit, &ok);
    add(f, AT_RANGES, d->version >= 5 ? FORM_RNGLISTX : FORM_SEC_OFFSET, list);
  }
  return ok;
}

/* ---- abbreviations ---- */

static bool grow_abbrevs(struct kn_dwarf *d) {
  uint32_t size = d->abbrev_hash ? 2 * (d->abbrev_mask + 1) : 256;
  uint32_t *hash = kn_realloc(d->m, NULL, size * sizeof *hash);
  if (hash == NULL) return false;
  memset(hash, 0, size * sizeof *hash);
  for (uint32_t i = 0; i < d->abbrev_at.n; i++) {
    const uint32_t *key = d->abbrev_key.at + d->abbrev_at.at[i];
    uint32_t *head = &hash[kn_hash_bytes((const char *)key, (key[0] + 2) * 4u) & (size - 1)];
    d->abbrev_next.at[i] = *head;
    *head = i + 1;
  }
  kn_realloc(d->m, d->abbrev_hash, 0);
  d->abbrev_hash = hash;
  d->abbrev_mask = size - 1;
  return true;
}

/* Number of the abbreviation of the entry whose fields are collected; 0 without memory. */
static uint32_t abbreviation(struct fields *f, unsigned tag, bool children) {
  struct kn_dwarf *d = f->d;
  uint32_t n = f->all.n, at = d->abbrev_key.n;
  if (d->abbrev_at.n >= d->abbrev_mask && !grow_abbrevs(d)) return 0;
  if (!KN_DW_ROOM(d, d->abbrev_key, n + 2)) return 0;
  uint32_t *key = d->abbrev_key.at + at;
  key[0] = n;
  key[1] = tag << 1 | children;
  for (uint32_t k = 0; k < n; k++)
    key[2 + k] = (uint32_t)f->all.at[k].name << 16 | f->all.at[k].form;
  uint32_t *head = &d->abbrev_hash[kn_hash_bytes((const char *)key, (n + 2) * 4u) & d->abbrev_mask];
  for (uint32_t i = *head; i; i = d->abbrev_next.at[i - 1]) {
    const uint32_t *is = d->abbrev_key.at + d->abbrev_at.at[i - 1];
    if (is[0] == n && memcmp(is, key, (n + 2) * 4u) == 0) return i;
  }
  if (!KN_DW_PUSH(d, d->abbrev_at, at) || !KN_DW_PUSH(d, d->abbrev_next, *head)) return 0;
  *head = d->abbrev_at.n;
  d->abbrev_key.n += n + 2;
  uint8_t *p = kn_dwarf_space(d, KN_DS_ABBREV, 32 + (size_t)n * 10);
  if (p == NULL) return 0;
  p = kn_put_uleb(p, d->abbrev_at.n);
  p = kn_put_uleb(p, tag);
  *p++ = children;
  for (uint32_t k = 0; k < n; k++) {
    p = kn_put_uleb(p, f->all.at[k].name);
    p = kn_put_uleb(p, f->all.at[k].form);
    if (f->all.at[k].form == FORM_IMPLICIT_CONST) *p++ = 1; /* DW_INL_inlined: the only one */
  }
  *p++ = 0;
  *p++ = 0;
  kn_dwarf_done(d, KN_DS_ABBREV, p);
  return d->abbrev_at.n;
}

/* ---- values ---- */

/* A symbol's address, and the expression applied to it. */
static bool put_symbol(struct kn_dwarf *d, const struct field *x) {
  uint32_t symbol = (uint32_t)x->value;
  bool tls = kn_symbol(d->m, symbol)->tls != KILN_TLS_NONE;
  uint32_t a = 0;
  uint8_t length[10], b[12], *p = b;
  uint64_t head = 9 + tls;
  if (!tls && d->version >= 5) {
    a = kn_dwarf_address(d, KN_DR_SYMBOL | symbol, 0);
    if (a == UINT32_MAX) return false;
    *p++ = OP_ADDRX;
    p = kn_put_uleb(p, a);
    head = (uint64_t)(p - b);
  } else {
    *p++ = tls ? OP_CONST8U : OP_ADDR;
  }
  size_t n = (size_t)(kn_put_uleb(length, head + x->n) - length);
  uint8_t *to = kn_dwarf_space(d, KN_DS_INFO, n + 32 + x->n);
  if (to == NULL) return false;
  memcpy(to, length, n);
  memcpy(to + n, b, (size_t)(p - b));
  kn_dwarf_done(d, KN_DS_INFO, to + n + (p - b));
  if (tls || d->version < 5) {
    if (!kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_SYMBOL | symbol, 0, true, tls)) return false;
    to = kn_dwarf_space(d, KN_DS_INFO, 8 + (size_t)x->n);
    if (to == NULL) return false;
    if (tls) *to++ = OP_FORM_TLS_ADDRESS;
    kn_dwarf_done(d, KN_DS_INFO, to);
  }
  to = kn_dwarf_space(d, KN_DS_INFO, x->n);
  if (to == NULL) return false;
  if (x->n) memcpy(to, x->bytes, x->n);
  kn_dwarf_done(d, KN_DS_INFO, to + x->n);
  return true;
}

static bool put_field(struct kn_dwarf *d, const struct field *x) {
  uint8_t *p = kn_dwarf_space(d, KN_DS_INFO, 24 + (size_t)(x->bytes ? x->n : 0));
  if (p == NULL) return false;
  switch (x->form) {
  case FORM_FLAG_PRESENT:
  case FORM_IMPLICIT_CONST: return true; /* in the abbreviation */
  case FORM_DATA1:
  case FORM_STRX1: *p++ = (uint8_t)x->value; break;
  case FORM_DATA2:
  case FORM_STRX1 + 1:
    kn_put16(p, (uint16_t)x->value);
    p += 2;
    break;
  case FORM_STRX1 + 2:
    kn_put32(p, (uint32_t)x->value);
    p += 3;
    break;
  case FORM_DATA4:
  case FORM_STRX1 + 3:
    kn_put32(p, (uint32_t)x->value);
    p += 4;
    break;
  case FORM_DATA8:
    kn_put64(p, x->value);
    p += 8;
    break;
  case FORM_SDATA: p = kn_put_sleb(p, (int64_t)x->value); break;
  case FORM_UDATA:
  case FORM_ADDRX:
  case FORM_RNGLISTX: p = kn_put_uleb(p, x->value); break;
  case FORM_STRP:
    return kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_DEBUG | KN_DS_STR, (int64_t)x->value, false,
                              false);
  case FORM_SEC_OFFSET: {
    unsigned to = x->name == AT_STR_OFFSETS_BASE ? KN_DS_STR_OFFSETS
                  : x->name == AT_ADDR_BASE      ? KN_DS_ADDR
                  : x->name == AT_RNGLISTS_BASE  ? KN_DS_RNGLISTS
                  : x->name == AT_RANGES         ? KN_DS_RANGES
                                                 : KN_DS_LINE;
    return kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_DEBUG | to, (int64_t)x->value, false, false);
  }
  case FORM_ADDR:
    if (x->n == UINT32_MAX) {
      kn_put64(p, 0);
      p += 8;
      break;
    }
    return kn_dwarf_relocated(d, KN_DS_INFO, x->n, (int64_t)x->value, true, false);
  case FORM_REF4:
    if (!KN_DW_PUSH(d, d->patches,
                    (struct kn_dwarf_patch){d->out[KN_DS_INFO].bytes.n, (uint32_t)x->value}))
      return false;
    p += 4;
    break;
  case FORM_REF_ADDR:
    if (!KN_DW_PUSH(
          d, d->patches,
          (struct kn_dwarf_patch){d->out[KN_DS_INFO].relocs.n | 1u << 31, (uint32_t)x->value}))
      return false;
    return kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_DEBUG | KN_DS_INFO, 0, false, false);
  default: /* expressions and blocks */
    if (x->value) return put_symbol(d, x);
    p = kn_put_uleb(p, x->n);
    if (x->n) memcpy(p, x->bytes, x->n);
    p += x->n;
  }
  kn_dwarf_done(d, KN_DS_INFO, p);
  return true;
}

/* Writes the entry whose fields are collected. */
static bool put_entry(struct fields *f, unsigned tag, bool children) {
  struct kn_dwarf *d = f->d;
  uint32_t number = f->failed ? 0 : abbreviation(f, tag, children);
  uint8_t *p = number ? kn_dwarf_space(d, KN_DS_INFO, 8) : NULL;
  if (p == NULL) return false;
  kn_dwarf_done(d, KN_DS_INFO, kn_put_uleb(p, number));
  for (uint32_t k = 0; k < f->all.n; k++)
    if (!put_field(d, &f->all.at[k])) return false;
  return true;
}

/* ---- entries ---- */

/* The parameters of a type of functions, or of a declaration of a function: children. `count` alone: how many. */
static bool parameters(struct fields *f, uint32_t i, bool count, uint32_t *n) {
  struct kn_dwarf *d = f->d;
  const struct kn_die *e = kn_dwarf_entry(d, i);
  uint32_t set = d->dies[i].set, of;
  const struct kn_die_attr *a = kn_dwarf_set(d, set)->attrs.at + e->first;
  const struct kn_die *list = NULL;
  bool declaration = false, typed = false;
  *n = 0;
  for (uint32_t k = 0; k < e->n_attrs; k++) {
    if (a[k].name == AT_DECLARATION) declaration = true;
    if (a[k].kind != KN_DA_SIGNATURE && a[k].kind != KN_DA_TYPED) continue;
    list = kn_dwarf_signature(d, set, &a[k], &of);
    typed = a[k].kind == KN_DA_TYPED;
  }
  if (list == NULL || list->parent < 2 || (typed && (!declaration || d->dies[i].func))) return true;
  *n = list->parent - 1;
  if (count) return true;
  const uint32_t *items = kn_dwarf_set(d, of)->items.at + list->first;
  for (uint32_t k = 1; k < list->parent; k++) {
    uint32_t type = kn_dwarf_index(d, of, items[k]);
    f->all.n = 0;
    add_ref(f, AT_TYPE, type);
    if (!put_entry(f, items[k] ? TAG_FORMAL_PARAMETER : TAG_UNSPECIFIED_PARAMETERS, false))
      return false;
  }
  return true;
}

/* The members of an entry's lists that are written in it; *n: how many. `count`: counts alone. */
static bool in_place(struct fields *f, uint32_t i, bool count, uint32_t *n) {
  struct kn_dwarf *d = f->d;
  const struct kn_die *e = kn_dwarf_entry(d, i);
  const struct kn_die_attr *a = kn_dwarf_set(d, d->dies[i].set)->attrs.at + e->first;
  *n = 0;
  for (uint32_t k = 0; k < e->n_attrs; k++) {
    uint32_t to =
      a[k].kind == KN_DA_CHILDREN ? kn_dwarf_index(d, d->dies[i].set, (uint32_t)a[k].value) : 0;
    if (to == 0 || kn_dwarf_entry(d, to)->tag != KILN_TAG_LIST) continue;
    const struct kn_die *list = kn_dwarf_entry(d, to);
    const struct kiln_debug *s = kn_dwarf_set(d, d->dies[to].set);
    for (uint32_t m = 0; m < list->parent; m++) {
      uint32_t child = kn_dwarf_index(d, d->dies[to].set, s->items.at[list->first + m]);
      if (child == 0 || !kn_dwarf_in_place(kn_dwarf_entry(d, child))) continue;
      ++*n;
      if (count) continue;
      const struct kn_die *c = kn_dwarf_entry(d, child);
      const struct kn_die_attr *b = kn_dwarf_set(d, d->dies[child].set)->attrs.at + c->first;
      f->all.n = 0;
      for (uint32_t j = 0; j < c->n_attrs; j++) add_attr(f, child, &b[j]);
      if (!put_entry(f, c->tag, false)) return false;
    }
  }
  return true;
}

/* Writes entry i without its children; *open: it has some. */
static bool entry(struct fields *f, uint32_t i, bool *open) {
  struct kn_dwarf *d = f->d;
  const struct kn_die *e = kn_dwarf_entry(d, i);
  const struct kn_die_attr *a = kn_dwarf_set(d, d->dies[i].set)->attrs.at + e->first;
  uint32_t n, m;
  f->all.n = 0;
  bool instance = d->dies[i].of != i;
  if (instance) add_ref(f, AT_ABSTRACT_ORIGIN, d->dies[i].of);
  for (uint32_t k = 0; k < e->n_attrs && !instance; k++) add_attr(f, i, &a[k]);
  if (d->dies[i].abstract) add(f, AT_INLINE, d->version < 5 ? FORM_DATA1 : FORM_IMPLICIT_CONST, 1);
  if (e->tag == TAG_COMPILE_UNIT ? !add_unit(f, d->dies[i].unit - 1) : !add_code(f, i))
    return false;
  n = m = 0;
  if (!instance && (!parameters(f, i, true, &n) || !in_place(f, i, true, &m))) return false;
  *open = d->dies[i].first != 0 || n != 0 || m != 0;
  d->dies[i].offset = d->out[KN_DS_INFO].bytes.n;
  unsigned tag = e->tag;
  if (instance && tag == TAG_SUBPROGRAM && d->dies[i].func == 0) tag = TAG_INLINED_SUBROUTINE;
  return put_entry(f, tag, *open) && (n == 0 || parameters(f, i, false, &n)) &&
         (m == 0 || in_place(f, i, false, &m));
}

static bool end_children(struct kn_dwarf *d) {
  uint8_t *p = kn_dwarf_space(d, KN_DS_INFO, 1);
  if (p == NULL) return false;
  *p++ = 0;
  kn_dwarf_done(d, KN_DS_INFO, p);
  return true;
}

static bool write_unit(struct fields *f, uint32_t unit) {
  struct kn_dwarf *d = f->d;
  f->unit = unit + 1;
  if (!kn_dwarf_line_begin(d, unit)) return false;
  uint32_t start = d->out[KN_DS_INFO].bytes.n;
  d->units.at[unit].start = start;
  uint8_t *p = kn_dwarf_space(d, KN_DS_INFO, 16);
  if (p == NULL) return false;
  kn_put16(p + 4, (uint16_t)d->version);
  p += 6;
  if (d->version >= 5) {
    *p++ = UT_COMPILE;
    *p++ = 8;
  }
  kn_dwarf_done(d, KN_DS_INFO, p);
  if (!kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_DEBUG | KN_DS_ABBREV, 0, false, false)) return false;
  if (d->version < 5) {
    if ((p = kn_dwarf_space(d, KN_DS_INFO, 1)) == NULL) return false;
    *p++ = 8;
    kn_dwarf_done(d, KN_DS_INFO, p);
  }
  f->stack.n = 0;
  for (uint32_t i = d->units.at[unit].die;;) {
    bool open;
    if (!entry(f, i, &open)) return false;
    if (d->dies[i].first) {
      if (!KN_DW_PUSH(d, f->stack, i)) return false;
      i = d->dies[i].first;
      continue;
    }
    if (open && !end_children(d)) return false;
    while (f->stack.n && d->dies[i].next == 0) {
      i = f->stack.at[--f->stack.n];
      if (!end_children(d)) return false;
    }
    if (f->stack.n == 0) break;
    i = d->dies[i].next;
  }
  kn_put32(d->out[KN_DS_INFO].bytes.at + start, d->out[KN_DS_INFO].bytes.n - start - 4);
  return kn_dwarf_line(d, unit);
}

static void patch(struct kn_dwarf *d) {
  for (uint32_t k = 0; k < d->patches.n; k++) {
    const struct kn_dwarf_patch *p = &d->patches.at[k];
    const struct kn_dwarf_die *to = &d->dies[p->to];
    if (p->at >> 31) d->out[KN_DS_INFO].relocs.at[p->at & INT32_MAX].addend = to->offset;
    else
      kn_put32(d->out[KN_DS_INFO].bytes.at + p->at, to->offset - d->units.at[to->unit - 1].start);
  }
}

/* ---- headers of the other sections of DWARF 5 ---- */

static bool begin_sections(struct kn_dwarf *d) {
  if (d->version < 5) return true;
  uint8_t *p = kn_dwarf_space(d, KN_DS_STR_OFFSETS, STR_OFFSETS_BASE);
  if (p == NULL) return false;
  kn_put32(p + 4, 5);
  d->out[KN_DS_STR_OFFSETS].bytes.n = STR_OFFSETS_BASE;
  if ((p = kn_dwarf_space(d, KN_DS_ADDR, ADDR_BASE)) == NULL) return false;
  kn_put32(p + 4, 5 | 8 << 16);
  d->out[KN_DS_ADDR].bytes.n = ADDR_BASE;
  return true;
}

/* Lengths; the range lists get their header and their table of offsets in front. */
static bool end_sections(struct kn_dwarf *d) {
  uint8_t *p = kn_dwarf_space(d, KN_DS_ABBREV, 1);
  if (p == NULL) return false;
  *p++ = 0;
  kn_dwarf_done(d, KN_DS_ABBREV, p);
  if (d->version < 5) return true;
  kn_put32(d->out[KN_DS_STR_OFFSETS].bytes.at, d->out[KN_DS_STR_OFFSETS].bytes.n - 4);
  kn_put32(d->out[KN_DS_ADDR].bytes.at, d->out[KN_DS_ADDR].bytes.n - 4);
  uint32_t n = d->list_at.n, head = RNGLISTS_BASE + 4 * n;
  uint32_t size = d->out[KN_DS_RNGLISTS].bytes.n;
  if ((p = kn_dwarf_space(d, KN_DS_RNGLISTS, head)) == NULL) return false;
  p = d->out[KN_DS_RNGLISTS].bytes.at;
  memmove(p + head, p, size);
  kn_put32(p, size + head - 4);
  kn_put32(p + 4, 5 | 8 << 16);
  kn_put32(p + 8, n);
  for (uint32_t k = 0; k < n; k++) kn_put32(p + RNGLISTS_BASE + 4 * k, 4 * n + d->list_at.at[k]);
  d->out[KN_DS_RNGLISTS].bytes.n = size + head;
  return true;
}

bool kn_dwarf_info(struct kn_dwarf *d) {
  struct fields f = {.d = d};
  d->func_addr = kn_realloc(d->m, NULL, (d->e->n_funcs + 1) * sizeof *d->func_addr);
  d->file_of = kn_realloc(d->m, NULL, (size_t)d->n_dies * sizeof *d->file_of);
  bool ok = d->func_addr != NULL && d->file_of != NULL && begin_sections(d);
  if (ok) memset(d->func_addr, 0, (d->e->n_funcs + 1) * sizeof *d->func_addr);
  for (uint32_t u = 0; ok && u < d->units.n; u++) ok = write_unit(&f, u);
  kn_realloc(d->m, f.all.at, 0);
  kn_realloc(d->m, f.stack.at, 0);
  if (!ok) return false;
  patch(d);
  return end_sections(d);
}
