/* Which attributes an entry has, and in which forms: those that the source gives, and what is known from code. Strings
 * get their numbers here. Called by lib/dwarf_write.c. Tags, attributes, forms: DWARF 5, 7.5 and appendix A; DWARF 4 has
 * other forms for strings, addresses and ranges. */
#include "lib/dwarf.h"
#include "lib/dwarf_names.h"

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

void kn_dwarf_add(struct kn_dwarf_fields *f, unsigned name, unsigned form, uint64_t value) {
  if (!KN_DW_PUSH(f->d, f->all,
                  (struct kn_dwarf_field){(uint16_t)name, (uint16_t)form, value, NULL, 0}))
    f->failed = true;
}
static void add_bytes(struct kn_dwarf_fields *f, unsigned name, unsigned form, uint64_t symbol,
                      const uint8_t *bytes, uint32_t n) {
  if (!KN_DW_PUSH(f->d, f->all,
                  (struct kn_dwarf_field){(uint16_t)name, (uint16_t)form, symbol, bytes, n}))
    f->failed = true;
}
/* The address of a symbol, if the object has it, and an expression. */
static void add_symbol(struct kn_dwarf_fields *f, unsigned name, uint32_t symbol,
                       const uint8_t *bytes, uint32_t n) {
  const struct kn_elf *e = f->d->e;
  if (symbol >= f->d->m->n_symbols || e->places[symbol].section == 0) return;
  if (kn_symbol(f->d->m, symbol)->tls != KILN_TLS_NONE && e->machine->dtprel64 == 0) return;
  add_bytes(f, name, FORM_EXPRLOC, symbol, bytes, n);
}
static void add_number(struct kn_dwarf_fields *f, unsigned name, uint64_t v) {
  unsigned form = name == AT_CONST_VALUE ? FORM_UDATA
                  : v <= 0xff            ? FORM_DATA1
                  : v <= 0xffff          ? FORM_DATA2
                  : v <= UINT32_MAX      ? FORM_DATA4
                                         : FORM_DATA8;
  kn_dwarf_add(f, name, form, v);
}
static void add_string(struct kn_dwarf_fields *f, unsigned name, const char *text, uint32_t n) {
  uint32_t i = string(f->d, text, n);
  if (i == UINT32_MAX) f->failed = true;
  else if (f->d->version < 5) kn_dwarf_add(f, name, FORM_STRP, f->d->str_at.at[i]);
  else kn_dwarf_add(f, name, FORM_STRX1 + (i > 0xff) + (i > 0xffff) + (i > 0xffffff), i);
}
void kn_dwarf_add_ref(struct kn_dwarf_fields *f, unsigned name, uint32_t to) {
  if (to == 0 || f->d->dies[to].unit == 0) return;
  kn_dwarf_add(f, name, f->d->dies[to].unit == f->unit ? FORM_REF4 : FORM_REF_ADDR, to);
}

/* ---- what depends on other entries ---- */

const struct kn_die_attr *kn_dwarf_attr(const struct kn_dwarf *d, uint32_t i, unsigned name) {
  const struct kn_die_attr *a = kn_dwarf_attrs(d, i);
  for (uint32_t k = 0; k < kn_dwarf_entry(d, i)->n_attrs; k++)
    if (a[k].name == name) return &a[k];
  return NULL;
}

uint32_t kn_dwarf_ref(const struct kn_dwarf *d, uint32_t i, unsigned name) {
  const struct kn_die_attr *a = kn_dwarf_attr(d, i, name);
  return a && a->kind == KN_DA_REF ? kn_dwarf_index(d, d->dies[i].set, (uint32_t)a->value) : 0;
}

/* The type of an entry: of functions that of the result. */
static uint32_t type_of(const struct kn_dwarf *d, uint32_t i) {
  const struct kn_die_attr *a = kn_dwarf_attrs(d, i);
  for (uint32_t k = 0; k < kn_dwarf_entry(d, i)->n_attrs; k++) {
    if (a[k].kind == KN_DA_REF && a[k].name == AT_TYPE)
      return kn_dwarf_index(d, d->dies[i].set, (uint32_t)a[k].value);
    if (a[k].kind != KN_DA_SIGNATURE && a[k].kind != KN_DA_TYPED) continue;
    uint32_t of;
    const struct kn_die *list = kn_dwarf_signature(d, d->dies[i].set, &a[k], &of);
    if (list == NULL || list->parent == 0) return 0;
    return kn_dwarf_index(d, of, kn_dwarf_set(d, of)->items.at[list->first]);
  }
  return 0;
}

/* Are numbers of a type unsigned? *bytes: the size that it says, or 0. As LLVM's DwarfDebug::isUnsignedDIType. */
static bool is_unsigned(const struct kn_dwarf *d, uint32_t type, uint64_t *bytes) {
  const struct kn_die_attr *a;
  *bytes = 0;
  for (unsigned steps = 0; type != 0 && steps < 64; steps++, type = type_of(d, type)) {
    unsigned tag = kn_dwarf_entry(d, type)->tag;
    if (tag == TAG_POINTER_TYPE || tag == TAG_REFERENCE_TYPE || tag == TAG_RVALUE_REFERENCE_TYPE ||
        tag == TAG_PTR_TO_MEMBER_TYPE || tag == TAG_STRUCTURE_TYPE || tag == TAG_CLASS_TYPE ||
        tag == TAG_UNION_TYPE)
      return true;
    if (tag != TAG_BASE_TYPE) continue;
    a = kn_dwarf_attr(d, type, AT_BYTE_SIZE);
    if (a) *bytes = a->value;
    a = kn_dwarf_attr(d, type, AT_ENCODING);
    /* DW_ATE_boolean, unsigned, unsigned_char, UTF */
    return a && (a->value == 2 || a->value == 7 || a->value == 8 || a->value == 0x10);
  }
  return false;
}

/* A number of a type. */
static void add_constant(struct kn_dwarf_fields *f, unsigned name, uint64_t v, uint32_t type) {
  uint64_t bytes;
  bool is = is_unsigned(f->d, type, &bytes);
  unsigned shift = bytes > 0 && bytes < 8 ? 64 - 8 * (unsigned)bytes : 0;
  if (is) kn_dwarf_add(f, name, FORM_UDATA, v << shift >> shift);
  else kn_dwarf_add(f, name, FORM_SDATA, (uint64_t)((int64_t)(v << shift) >> shift));
}

/* Does the declaration that `spec` is say the same? */
static bool declared(const struct kn_dwarf *d, uint32_t i, const struct kn_die_attr *a,
                     uint32_t spec) {
  if (a->name == AT_TYPE || a->kind == KN_DA_TYPED) return type_of(d, i) == type_of(d, spec);
  const struct kn_die_attr *b = kn_dwarf_attr(d, spec, a->name);
  if (b == NULL || b->kind != a->kind) return false;
  if (a->kind == KN_DA_REF)
    return kn_dwarf_index(d, d->dies[i].set, (uint32_t)a->value) ==
           kn_dwarf_index(d, d->dies[spec].set, (uint32_t)b->value);
  if (a->kind != KN_DA_STRING) return a->value == b->value;
  return a->size == b->size &&
         memcmp(kn_dwarf_set(d, d->dies[i].set)->bytes.at + a->value,
                kn_dwarf_set(d, d->dies[spec].set)->bytes.at + b->value, a->size) == 0;
}

/* DWARF 5, table 7.17: the lower bound that arrays of a language have; -1: it is always said. */
static int64_t lower_bound(unsigned version, uint32_t language) {
  switch (language) {
  case 0x01: /* C89, C, C++ */
  case 0x02:
  case 0x04:
  case 0x0c: /* C99, Objective C, Objective C++ */
  case 0x10:
  case 0x11:
  case 0x13: /* D, Python */
  case 0x14: return 0;
  case 0x03: /* Ada, Cobol, Fortran, Pascal */
  case 0x05:
  case 0x06:
  case 0x07:
  case 0x08:
  case 0x09:
  case 0x0a: /* Modula-2 */
  case 0x0d:
  case 0x0e:
  case 0x0f: return 1;
  case 0x17: /* Modula-3, Julia, Fortran */
  case 0x1f:
  case 0x22:
  case 0x23: return version >= 5 ? 1 : -1;
  default: return version >= 5 && language < 0x8000 ? 0 : -1;
  }
}

static bool is_c(uint32_t language) {
  return language == 0x01 || language == 0x02 || language == 0x0c || language == 0x10 ||
         language == 0x1d || language == 0x2c || language == 0x3e;
}

/* True if attribute `a` of entry i is said elsewhere, or not for this version and language. `spec`: its declaration. */
static bool left_out(const struct kn_dwarf_fields *f, uint32_t i, const struct kn_die_attr *a,
                     uint32_t spec) {
  const struct kn_dwarf *d = f->d;
  const struct kn_dwarf_unit *u = &d->units.at[f->unit - 1];
  unsigned tag = kn_dwarf_entry(d, i)->tag;
  switch (a->name) {
  case AT_PROTOTYPED: {
    uint32_t of;
    const struct kn_die *list = NULL;
    const struct kn_die_attr *b = kn_dwarf_attrs(d, i);
    if (!is_c(u->language)) return true;
    if (tag != TAG_SUBROUTINE_TYPE) return false;
    for (uint32_t k = 0; k < kn_dwarf_entry(d, i)->n_attrs; k++)
      if (b[k].kind == KN_DA_SIGNATURE) list = kn_dwarf_signature(d, d->dies[i].set, &b[k], &of);
    return list && list->parent == 2 && kn_dwarf_set(d, of)->items.at[list->first + 1] == 0;
  }
  case AT_ARTIFICIAL:
    return tag == TAG_POINTER_TYPE || tag == TAG_REFERENCE_TYPE || tag == TAG_RVALUE_REFERENCE_TYPE;
  case AT_OBJECT_POINTER: return a->kind == KN_DA_FLAG;
  case AT_DISCR_VALUE: return tag == TAG_MEMBER;
  case AT_LOWER_BOUND:
    return a->kind == KN_DA_INT && (int64_t)a->value == lower_bound(d->version, u->language);
  case AT_DELETED:
  case AT_DEFAULT_VALUE: return d->version < 5;
  case AT_CALLING_CONVENTION: return d->version < 5 && (a->value == 4 || a->value == 5);
  case AT_DECL_FILE:
  case AT_DECL_LINE:
  case AT_LINKAGE_NAME:
  case AT_TYPE: return spec != 0 && declared(d, i, a, spec);
  default: return spec != 0 && a->kind == KN_DA_TYPED && declared(d, i, a, spec);
  }
}

/* `in`: an enumerator's type, else 0. */
static void add_attr(struct kn_dwarf_fields *f, uint32_t i, const struct kn_die_attr *a,
                     uint32_t in) {
  struct kn_dwarf *d = f->d;
  const struct kiln_debug *s = kn_dwarf_set(d, d->dies[i].set);
  const uint8_t *bytes = s->bytes.at + (uint32_t)a->value;
  uint32_t to;
  switch ((enum kn_die_kind)a->kind) {
  case KN_DA_UINT: add_number(f, a->name, a->value); break;
  case KN_DA_INT:
    if (a->name == AT_CONST_VALUE) add_constant(f, a->name, a->value, type_of(d, in ? in : i));
    else kn_dwarf_add(f, a->name, FORM_SDATA, a->value);
    break;
  case KN_DA_FLAG: kn_dwarf_add(f, a->name, FORM_FLAG_PRESENT, 0); break;
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
      kn_dwarf_add_ref(f, a->name, to);
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
  case KN_DA_TYPED: kn_dwarf_add_ref(f, AT_TYPE, type_of(d, i)); break;
  }
}

/* Where code is: one stretch of it. */
static bool add_stretch(struct kn_dwarf_fields *f, uint32_t target, int64_t addend,
                        uint32_t address, uint32_t size) {
  if (f->d->version < 5) add_bytes(f, AT_LOW_PC, FORM_ADDR, (uint64_t)addend, NULL, target);
  else if (address == UINT32_MAX) return false;
  else kn_dwarf_add(f, AT_LOW_PC, FORM_ADDRX, address);
  kn_dwarf_add(f, AT_HIGH_PC, FORM_DATA4, size);
  return true;
}

/* The code of a block or of an inlined function, and the call that the latter replaces. */
static bool add_scope(struct kn_dwarf_fields *f, uint32_t i) {
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
    kn_dwarf_add(f, AT_RANGES, d->version >= 5 ? FORM_RNGLISTX : FORM_SEC_OFFSET, list);
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

static void add_global(struct kn_dwarf_fields *f, const struct kn_debug_global *g) {
  const uint8_t *p = f->d->module->bytes.at + g->expr, *end = p + g->n;
  if (g->symbol != 0) {
    add_symbol(f, AT_LOCATION, g->symbol, p, g->n);
    return;
  }
  /* debuggers want constants as such */
  if (g->n >= 2 && end[-1] == OP_STACK_VALUE) end--;
  uint64_t v = 0;
  unsigned op = g->n ? *p++ : 0, shift = 0;
  if (op >= OP_LIT0 && op <= OP_LIT31 && p == end) {
    kn_dwarf_add(f, AT_CONST_VALUE, FORM_UDATA, op - OP_LIT0);
    return;
  }
  for (; (op == OP_CONSTU || op == OP_CONSTS) && p < end && shift < 64; shift += 7) {
    v |= (uint64_t)(*p & 0x7f) << shift;
    if (*p++ & 0x80) continue;
    if (p != end) break;
    if (op == OP_CONSTS && shift < 57 && v >> (shift + 6) & 1) v |= ~UINT64_C(0) << (shift + 7);
    kn_dwarf_add(f, AT_CONST_VALUE, op == OP_CONSTU ? FORM_UDATA : FORM_SDATA, v);
    return;
  }
  add_bytes(f, AT_LOCATION, FORM_EXPRLOC, 0, f->d->module->bytes.at + g->expr, g->n);
}

/* A variable that lives in parts. */
static bool add_parts(struct kn_dwarf_fields *f, uint32_t number) {
  struct kn_dwarf *d = f->d;
  const struct kn_code_var *parts[64];
  uint32_t n = 0, size;
  const struct kn_output *o = kn_elf_output(d->e, d->vars.at[number - 1].session);
  for (uint32_t k = number; k && n < 64; k = d->vars.at[k - 1].next)
    parts[n++] = &o->vars[d->vars.at[k - 1].index];
  const uint8_t *bytes = kn_dwarf_parts(d, o->exprs, parts, n, &size);
  if (bytes == NULL) return false;
  add_bytes(f, AT_LOCATION, FORM_EXPRLOC, 0, bytes, size);
  return true;
}

/* Where a variable lives, or a label is. `func`: the function whose code that is about. */
static bool add_place(struct kn_dwarf_fields *f, uint32_t number) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_var *v = &d->vars.at[number - 1];
  const struct kn_output *o = kn_elf_output(d->e, v->session);
  const struct kn_code_var *c = &o->vars[v->index];
  bool ok = true;
  if (c->n == UINT32_MAX || c->to) { /* in code: relative to the function it is in */
    uint32_t func = v->func, target;
    int64_t addend, at = (int64_t)c->from - kn_elf_func(d->e, func)->start;
    if (c->to) {
      uint32_t scope = f->stack.n ? d->dies[f->stack.at[f->stack.n - 1]].ranges : 0;
      const struct kn_code_var *all = kn_dwarf_throughout(d, v, scope);
      if (all) {
        add_bytes(f, AT_LOCATION, FORM_EXPRLOC, 0, o->exprs + all->expr, all->n);
        return true;
      }
      uint32_t list = kn_dwarf_loc_list(d, v, scope, &ok);
      kn_dwarf_add(f, AT_LOCATION, d->version >= 5 ? FORM_LOCLISTX : FORM_SEC_OFFSET, list);
      return ok;
    }
    kn_dwarf_func_place(d, func, &target, &addend);
    if (d->version < 5) {
      add_bytes(f, AT_LOW_PC, FORM_ADDR, (uint64_t)(addend + at), NULL, target);
      return true;
    }
    uint32_t address = kn_dwarf_address(d, target, addend + at);
    kn_dwarf_add(f, AT_LOW_PC, FORM_ADDRX, address);
    return address != UINT32_MAX;
  }
  if (c->part_bits) return add_parts(f, number);
  if (c->n) add_bytes(f, AT_LOCATION, FORM_EXPRLOC, 0, o->exprs + c->expr, c->n);
  return true;
}

/* What is known of an entry from code: where a function or block is, where a variable lives. */
static bool add_code(struct kn_dwarf_fields *f, uint32_t i) {
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
  if (die->global && die->var == 0) add_global(f, &d->module->globals.at[die->global - 1]);
  if (die->var) ok = add_place(f, die->var) && ok;
  return ok;
}

static bool add_unit(struct kn_dwarf_fields *f, uint32_t unit) {
  struct kn_dwarf *d = f->d;
  struct kn_dwarf_unit *u = &d->units.at[unit];
  bool ok = true;
  if (d->version >= 5) {
    kn_dwarf_add(f, AT_STR_OFFSETS_BASE, FORM_SEC_OFFSET, KN_STR_OFFSETS_BASE);
    kn_dwarf_add(f, AT_ADDR_BASE, FORM_SEC_OFFSET, KN_ADDR_BASE);
  }
  kn_dwarf_add(f, AT_STMT_LIST, FORM_SEC_OFFSET, u->line);
  if (d->version >= 5) kn_dwarf_add(f, AT_RNGLISTS_BASE, FORM_SEC_OFFSET, KN_LISTS_BASE);
  if (d->version >= 5 && d->has_lists)
    kn_dwarf_add(f, AT_LOCLISTS_BASE, FORM_SEC_OFFSET, KN_LISTS_BASE);
  if (u->n_funcs == 0) return ok;
  if (u->one_stretch) {
    uint32_t size = (uint32_t)(u->high - u->low);
    if (d->version >= 5) {
      uint32_t a = kn_dwarf_address(d, u->section - 1, (int64_t)u->low);
      if (a == UINT32_MAX) return false;
      kn_dwarf_add(f, AT_LOW_PC, FORM_ADDRX, a);
    } else {
      add_bytes(f, AT_LOW_PC, FORM_ADDR, u->low, NULL, u->section - 1);
    }
    kn_dwarf_add(f, AT_HIGH_PC, FORM_DATA4, size);
  } else {
    add_bytes(f, AT_LOW_PC, FORM_ADDR, 0, NULL, UINT32_MAX); /* ranges count from 0 */
    uint32_t list = kn_dwarf_unit_list(d, unit, &ok);
    kn_dwarf_add(f, AT_RANGES, d->version >= 5 ? FORM_RNGLISTX : FORM_SEC_OFFSET, list);
  }
  return ok;
}

/* ---- entries ---- */

/* The function of entry i is called for an object: the parameter which that is. */
static uint32_t object(const struct kn_dwarf *d, uint32_t i) {
  for (uint32_t k = d->dies[i].first, steps = 0; k && steps < 2; k = d->dies[k].next, steps++) {
    const struct kn_die_attr *a = kn_dwarf_attr(d, k, AT_OBJECT_POINTER);
    if (a && a->kind == KN_DA_FLAG) return k;
  }
  return 0;
}

bool kn_dwarf_fields_of(struct kn_dwarf_fields *f, uint32_t i) {
  struct kn_dwarf *d = f->d;
  const struct kn_die *e = kn_dwarf_entry(d, i);
  const struct kn_die_attr *a = kn_dwarf_attrs(d, i);
  bool instance = d->dies[i].of != i, function = e->tag == TAG_SUBPROGRAM;
  bool by_name = function && d->units.at[f->unit - 1].lines_only;
  f->all.n = 0;
  if (instance) kn_dwarf_add_ref(f, AT_ABSTRACT_ORIGIN, d->dies[i].of);
  uint32_t spec = function || e->tag == TAG_VARIABLE ? kn_dwarf_ref(d, i, AT_SPECIFICATION) : 0;
  if (by_name && spec && !instance) a = kn_dwarf_attrs(d, spec), e = kn_dwarf_entry(d, spec);
  for (uint32_t k = 0; k < e->n_attrs && !instance; k++) {
    if (by_name) {
      if (a[k].name == AT_NAME) add_attr(f, spec ? spec : i, &a[k], 0);
    } else if (!left_out(f, i, &a[k], spec)) {
      add_attr(f, i, &a[k], 0);
    }
  }
  if (d->dies[i].abstract && !instance)
    kn_dwarf_add(f, AT_INLINE, d->version < 5 ? FORM_DATA1 : FORM_IMPLICIT_CONST, 1);
  uint32_t is = function && (!instance || d->dies[i].func) ? object(d, i) : 0;
  if (is) kn_dwarf_add_ref(f, AT_OBJECT_POINTER, is);
  return e->tag == TAG_COMPILE_UNIT ? add_unit(f, d->dies[i].unit - 1) : add_code(f, i);
}

void kn_dwarf_fields_in(struct kn_dwarf_fields *f, uint32_t i, uint32_t in) {
  const struct kn_die *e = kn_dwarf_entry(f->d, i);
  const struct kn_die_attr *a = kn_dwarf_attrs(f->d, i);
  f->all.n = 0;
  for (uint32_t k = 0; k < e->n_attrs; k++)
    if (!left_out(f, i, &a[k], 0)) add_attr(f, i, &a[k], e->tag == TAG_ENUMERATOR ? in : 0);
}

void kn_dwarf_variant_fields(struct kn_dwarf_fields *f, uint32_t i, uint32_t in) {
  const struct kn_die_attr *a = kn_dwarf_attr(f->d, i, AT_DISCR_VALUE);
  uint32_t discriminator = kn_dwarf_ref(f->d, in, AT_DISCR);
  f->all.n = 0;
  if (a && a->kind == KN_DA_INT && discriminator)
    add_constant(f, AT_DISCR_VALUE, a->value, type_of(f->d, discriminator));
}
