/* Which attributes an entry has, and in which forms: those that the source gives, and what is known from code. Called
 * by lib/dwarf/dwarf_write.c. Tags, attributes, forms: DWARF 5, 7.5 and appendix A; DWARF 4 has other forms for
 * strings, addresses and ranges. */
#include "dwarf/leb128.h"
#include "lib/dwarf/dwarf_writer.h"

/* ---- values ---- */

/* The abbreviation has another attribute. */
static inline void step(struct kn_dwarf_fields *f, unsigned name, unsigned form) {
  f->abbrev = kn_trie_step(f->d->m, &f->d->abbrevs, f->abbrev, name << 16 | form);
  if (KN_UNLIKELY(f->abbrev == 0)) f->failed = true;
}

/* Notes an attribute; space for its value and `more` bytes, NULL without memory. */
static inline uint8_t *attribute(struct kn_dwarf_fields *f, unsigned name, unsigned form,
                                 size_t more) {
  uint8_t *p = kn_dwarf_space(f->d, KN_DS_INFO, 24 + more);
  step(f, name, form);
  if (KN_UNLIKELY(p == NULL)) f->failed = true;
  return p;
}

static inline void done(struct kn_dwarf_fields *f, const uint8_t *end) {
  kn_dwarf_done(f->d, KN_DS_INFO, end);
}

/* An offset in a debug section. */
static void add_offset(struct kn_dwarf_fields *f, unsigned name, unsigned form, unsigned section,
                       uint64_t value) {
  uint8_t *p = attribute(f, name, form, 0);
  if (p != NULL && f->d->split) { /* of this file's own contribution */
    kn_put32(p, (uint32_t)value);
    done(f, p + 4);
    return;
  }
  if (p == NULL ||
      !kn_dwarf_relocated(f->d, KN_DS_INFO, KN_DR_DEBUG | section, (int64_t)value, false, false))
    f->failed = true;
}

/* A list of ranges or of locations. */
static void add_list(struct kn_dwarf_fields *f, unsigned name, uint32_t list) {
  const bool ranges = name == KILN_DW_AT_ranges;
  if (f->d->version >= 5)
    kn_dwarf_add(f, name, ranges ? KILN_DW_FORM_rnglistx : KILN_DW_FORM_loclistx, list);
  else add_offset(f, name, KILN_DW_FORM_sec_offset, ranges ? KN_DS_RANGES : KN_DS_LOC, list);
}

static inline __attribute__((always_inline)) void add(struct kn_dwarf_fields *f, unsigned name,
                                                      unsigned form, uint64_t value) {
  uint8_t *p = attribute(f, name, form, 0);
  if (KN_UNLIKELY(p == NULL)) return;
  switch (form) {
  case KILN_DW_FORM_flag_present:
  case KILN_DW_FORM_implicit_const: return; /* in the abbreviation */
  case KILN_DW_FORM_data1:
  case KILN_DW_FORM_strx1: *p++ = (uint8_t)value; break;
  case KILN_DW_FORM_data2:
  case KILN_DW_FORM_strx2:
    kn_put16(p, (uint16_t)value);
    p += 2;
    break;
  case KILN_DW_FORM_strx3:
    kn_put32(p, (uint32_t)value);
    p += 3;
    break;
  case KILN_DW_FORM_data4:
  case KILN_DW_FORM_strx4:
    kn_put32(p, (uint32_t)value);
    p += 4;
    break;
  case KILN_DW_FORM_data8:
    kn_put64(p, value);
    p += 8;
    break;
  case KILN_DW_FORM_sdata: p = kn_put_sleb(p, (int64_t)value); break;
  default: p = kn_put_uleb(p, value); break; /* UDATA, ADDRX, LOCLISTX, RNGLISTX */
  }
  done(f, p);
}

void kn_dwarf_add(struct kn_dwarf_fields *f, unsigned name, unsigned form, uint64_t value) {
  add(f, name, form, value);
}

void kn_dwarf_add_ref(struct kn_dwarf_fields *f, unsigned name, uint32_t to) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_buffer *b = &d->out[KN_DS_INFO];
  if (to == 0 || d->dies.at[to].unit == 0) return;
  bool near = d->dies.at[to].unit == f->unit;
  if (!near && d->split) { /* no linker and no packer would see such a reference */
    f->failed = !KN_MODULE_FAIL(false, d->m, KILN_ERR_UNSUPPORTED,
                                "split debug information cannot have references between units");
    return;
  }
  uint8_t *p = attribute(f, name, near ? KILN_DW_FORM_ref4 : KILN_DW_FORM_ref_addr, 0);
  uint32_t at = near ? b->bytes.n : b->relocs.n | 1u << 31;
  if (p == NULL || !KN_PUSH(d->m, d->patches, (struct kn_dwarf_patch){at, to})) f->failed = true;
  else if (near) done(f, p + 4);
  else if (!kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_DEBUG | KN_DS_INFO, 0, false, false))
    f->failed = true;
}

/* Expressions and blocks. */
static void add_bytes(struct kn_dwarf_fields *f, unsigned name, unsigned form, const uint8_t *bytes,
                      uint32_t n) {
  uint8_t *p = attribute(f, name, form, n);
  if (p == NULL) return;
  p = kn_put_uleb(p, n);
  if (n) memcpy(p, bytes, n);
  done(f, p + n);
}

void kn_dwarf_add_expr(struct kn_dwarf_fields *f, unsigned name, const uint8_t *bytes, uint32_t n) {
  add_bytes(f, name, KILN_DW_FORM_exprloc, bytes, n);
  if (!f->failed && !kn_dwarf_complete_expr(f->d, KN_DS_INFO, n)) f->failed = true;
}

void kn_dwarf_add_address(struct kn_dwarf_fields *f, unsigned name, uint32_t target,
                          int64_t addend) {
  if (kn_dwarf_indexed(f->d)) {
    const uint32_t address = kn_dwarf_address(f->d, target, addend);
    kn_dwarf_add(f, name, kn_dwarf_address_form(f->d), address);
    f->failed |= address == UINT32_MAX;
  } else if (attribute(f, name, KILN_DW_FORM_addr, 0) == NULL ||
             !kn_dwarf_relocated(f->d, KN_DS_INFO, target, addend, true, false)) {
    f->failed = true;
  }
}

static void add_zero(struct kn_dwarf_fields *f, unsigned name) {
  uint8_t *p = attribute(f, name, KILN_DW_FORM_addr, 0);
  if (p == NULL) return;
  kn_put64(p, 0);
  done(f, p + 8);
}

/* A symbol's address, and the expression applied to it. */
static bool put_symbol(struct kn_dwarf *d, uint32_t symbol, const uint8_t *bytes, uint32_t size) {
  bool tls = kn_symbol(d->m, symbol)->tls != KILN_TLS_NONE;
  bool indexed = kn_dwarf_indexed(d) && (!tls || d->split);
  static const uint8_t form_tls = KILN_DW_OP_form_tls_address;
  uint8_t length[10], b[12], *p = b;
  if (indexed) {
    uint32_t a =
      tls ? kn_dwarf_tls_offset(d, symbol) : kn_dwarf_address(d, KN_DR_SYMBOL | symbol, 0);
    if (a == UINT32_MAX) return false;
    *p++ = tls               ? KILN_DW_OP_GNU_const_index
           : d->version >= 5 ? KILN_DW_OP_addrx
                             : KILN_DW_OP_GNU_addr_index;
    p = kn_put_uleb(p, a);
  } else {
    *p++ = tls ? KILN_DW_OP_const8u : KILN_DW_OP_addr;
  }
  const size_t head = (size_t)(p - b), all = head + (indexed ? 0 : 8) + tls + size;
  return kn_dwarf_put(d, KN_DS_INFO, length, (size_t)(kn_put_uleb(length, all) - length)) &&
         kn_dwarf_put(d, KN_DS_INFO, b, head) &&
         (indexed || kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_SYMBOL | symbol, 0, true, tls)) &&
         kn_dwarf_put(d, KN_DS_INFO, &form_tls, tls) && kn_dwarf_put(d, KN_DS_INFO, bytes, size);
}

/* The address of a symbol, if the object has it, and an expression. */
static void add_symbol(struct kn_dwarf_fields *f, unsigned name, uint32_t symbol,
                       const uint8_t *bytes, uint32_t n) {
  const struct kn_image *image = f->d->image;
  if (symbol >= f->d->m->symbols.n || image->places[symbol].section == 0) return;
  if (kn_symbol(f->d->m, symbol)->tls != KILN_TLS_NONE && !kn_image_tls_offsets(image)) return;
  if (attribute(f, name, KILN_DW_FORM_exprloc, 0) == NULL || !put_symbol(f->d, symbol, bytes, n))
    f->failed = true;
}
static void add_number(struct kn_dwarf_fields *f, unsigned name, uint64_t v) {
  unsigned form = name == KILN_DW_AT_const_value ? KILN_DW_FORM_udata
                  : v <= 0xff                    ? KILN_DW_FORM_data1
                  : v <= 0xffff                  ? KILN_DW_FORM_data2
                  : v <= UINT32_MAX              ? KILN_DW_FORM_data4
                                                 : KILN_DW_FORM_data8;
  add(f, name, form, v);
}
static void add_text(struct kn_dwarf_fields *f, unsigned name, uint32_t set, uint32_t id) {
  bool ok = true;
  uint8_t *p = kn_dwarf_indexed(f->d) ? NULL : kn_dwarf_space(f->d, KN_DS_INFO, 24);
  if (p != NULL && (p = kn_dwarf_put_whole(f->d, p, set, id, &ok)) != NULL) {
    step(f, name, KILN_DW_FORM_string);
    done(f, p);
    return;
  }
  uint32_t i = ok ? kn_dwarf_text(f->d, set, id) : UINT32_MAX;
  if (i == UINT32_MAX) f->failed = true;
  else if (!kn_dwarf_indexed(f->d))
    add_offset(f, name, KILN_DW_FORM_strp, KN_DS_STR, f->d->strs.at[i].at);
  else if (f->d->version < 5) add(f, name, KILN_DW_FORM_GNU_str_index, i);
  else add(f, name, KILN_DW_FORM_strx1 + (i > 0xff) + (i > 0xffff) + (i > 0xffffff), i);
}

/* ---- what depends on other entries ---- */

uint32_t kn_dwarf_type_of(const struct kn_dwarf *d, uint32_t i) {
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  const struct kn_dwarf_item *a = v.shape->type;
  uint32_t of;
  if (a == NULL || a->kind == KN_DA_REF) return a != NULL ? kn_dwarf_to(d, &v, a) : 0;
  const struct kn_die *list = kn_dwarf_signature(d, &v, a, &of);
  if (list == NULL || list->parent == 0) return 0;
  return kn_dwarf_index(d, of, kn_dwarf_set(d, of)->items.at[list->first]);
}

/* Are numbers of a type unsigned? *bytes: the size that it says, or 0. As LLVM's DwarfDebug::isUnsignedDIType. */
static bool is_unsigned(const struct kn_dwarf *d, uint32_t type, uint64_t *bytes) {
  struct kn_die_attr a;
  *bytes = 0;
  for (unsigned steps = 0; type != 0 && steps < 64; steps++, type = kn_dwarf_type_of(d, type)) {
    unsigned tag = kn_dwarf_entry(d, type)->tag;
    if (tag == KILN_DW_TAG_pointer_type || tag == KILN_DW_TAG_reference_type ||
        tag == KILN_DW_TAG_rvalue_reference_type || tag == KILN_DW_TAG_ptr_to_member_type ||
        tag == KILN_DW_TAG_structure_type || tag == KILN_DW_TAG_class_type ||
        tag == KILN_DW_TAG_union_type)
      return true;
    if (tag != KILN_DW_TAG_base_type) continue;
    if (kn_dwarf_attr(d, type, KILN_DW_AT_byte_size, &a)) *bytes = a.value;
    return kn_dwarf_attr(d, type, KILN_DW_AT_encoding, &a) &&
           (a.value == KILN_DW_ATE_boolean || a.value == KILN_DW_ATE_unsigned ||
            a.value == KILN_DW_ATE_unsigned_char || a.value == KILN_DW_ATE_UTF);
  }
  return false;
}

/* A number of a type. */
static void add_constant(struct kn_dwarf_fields *f, unsigned name, uint64_t v, uint32_t type) {
  uint64_t bytes;
  bool is = is_unsigned(f->d, type, &bytes);
  unsigned shift = bytes > 0 && bytes < 8 ? 64 - 8 * (unsigned)bytes : 0;
  if (is) kn_dwarf_add(f, name, KILN_DW_FORM_udata, v << shift >> shift);
  else kn_dwarf_add(f, name, KILN_DW_FORM_sdata, (uint64_t)((int64_t)(v << shift) >> shift));
}

/* Does the declaration that `spec` is say the same? */
static bool declared(const struct kn_dwarf *d, uint32_t i, const struct kn_die_attr *a,
                     uint32_t spec) {
  if (a->name == KILN_DW_AT_type || a->kind == KN_DA_TYPED)
    return kn_dwarf_type_of(d, i) == kn_dwarf_type_of(d, spec);
  struct kn_die_attr b;
  if (!kn_dwarf_attr(d, spec, a->name, &b) || b.kind != a->kind) return false;
  uint32_t set = d->dies.at[i].set, of = d->dies.at[spec].set, n, m;
  if (a->kind == KN_DA_REF)
    return kn_dwarf_index(d, set, (uint32_t)a->value) == kn_dwarf_index(d, of, (uint32_t)b.value);
  if (a->kind != KN_DA_STRING) return a->value == b.value;
  const uint8_t *p = kn_debug_characters(d->sets[0], d->sets[set], (uint32_t)a->value, &n);
  const uint8_t *q = kn_debug_characters(d->sets[0], d->sets[of], (uint32_t)b.value, &m);
  return n == m && (p == q || kn_same_bytes((const char *)p, (const char *)q, n));
}

/* DWARF 5, table 7.17: the lower bound that arrays of a language have; -1: it is always said. */
static int64_t lower_bound(unsigned version, uint32_t language) {
  switch (language) {
  case KILN_DW_LANG_C89:
  case KILN_DW_LANG_C:
  case KILN_DW_LANG_C_plus_plus:
  case KILN_DW_LANG_C99:
  case KILN_DW_LANG_ObjC:
  case KILN_DW_LANG_ObjC_plus_plus:
  case KILN_DW_LANG_D:
  case KILN_DW_LANG_Python: return 0;
  case KILN_DW_LANG_Ada83:
  case KILN_DW_LANG_Cobol74:
  case KILN_DW_LANG_Cobol85:
  case KILN_DW_LANG_Fortran77:
  case KILN_DW_LANG_Fortran90:
  case KILN_DW_LANG_Pascal83:
  case KILN_DW_LANG_Modula2:
  case KILN_DW_LANG_Ada95:
  case KILN_DW_LANG_Fortran95:
  case KILN_DW_LANG_PLI: return 1;
  case KILN_DW_LANG_Modula3:
  case KILN_DW_LANG_Julia:
  case KILN_DW_LANG_Fortran03:
  case KILN_DW_LANG_Fortran08: return version >= 5 ? 1 : -1;
  default: return version >= 5 && language < KILN_DW_LANG_lo_user ? 0 : -1;
  }
}

bool kn_dwarf_is_c(uint32_t language) {
  return language == KILN_DW_LANG_C89 || language == KILN_DW_LANG_C ||
         language == KILN_DW_LANG_C99 || language == KILN_DW_LANG_ObjC ||
         language == KILN_DW_LANG_C11 || language == KILN_DW_LANG_C17 ||
         language == KILN_DW_LANG_C23;
}

bool kn_dwarf_left_out(const struct kn_dwarf_fields *f, uint32_t i, const struct kn_die_attr *a,
                       uint32_t spec) {
  const struct kn_dwarf *d = f->d;
  const struct kn_dwarf_unit *u = &d->units.at[f->unit - 1];
  unsigned tag = kn_dwarf_entry(d, i)->tag;
  switch (a->name) { /* what a shape says alone: lib/dwarf/dwarf_shape.c */
  case KILN_DW_AT_prototyped: {
    uint32_t of;
    const struct kn_dwarf_view v = kn_dwarf_view(d, i);
    if (!kn_dwarf_is_c(u->language)) return true;
    if (tag != KILN_DW_TAG_subroutine_type) return false;
    const struct kn_dwarf_item *b = v.shape->list;
    const struct kn_die *list =
      b != NULL && b->kind == KN_DA_SIGNATURE ? kn_dwarf_signature(d, &v, b, &of) : NULL;
    return list && list->parent == 2 && kn_dwarf_set(d, of)->items.at[list->first + 1] == 0;
  }
  case KILN_DW_AT_lower_bound:
    return a->kind == KN_DA_INT && (int64_t)a->value == lower_bound(d->version, u->language);
  case KILN_DW_AT_calling_convention:
    return d->version < 5 &&
           (a->value == KILN_DW_CC_pass_by_reference || a->value == KILN_DW_CC_pass_by_value);
  case KILN_DW_AT_decl_file:
  case KILN_DW_AT_decl_line:
  case KILN_DW_AT_linkage_name:
  case KILN_DW_AT_type: return spec != 0 && declared(d, i, a, spec);
  default: return spec != 0 && a->kind == KN_DA_TYPED && declared(d, i, a, spec);
  }
}

void kn_dwarf_any_attr(struct kn_dwarf_fields *f, uint32_t i, const struct kn_die_attr *a,
                       uint32_t in) {
  struct kn_dwarf *d = f->d;
  const struct kiln_debug *s = kn_dwarf_set(d, d->dies.at[i].set);
  bool has_bytes = a->kind == KN_DA_EXPR || a->kind == KN_DA_BLOCK || a->kind == KN_DA_SYMBOL;
  const uint8_t *bytes = has_bytes && s->bytes.at ? s->bytes.at + (uint32_t)a->value : NULL;
  uint32_t to;
  switch ((enum kn_die_kind)a->kind) {
  case KN_DA_WIDE:
  case KN_DA_UINT: add_number(f, a->name, a->value); break;
  case KN_DA_INT:
    if (a->name == KILN_DW_AT_const_value)
      add_constant(f, a->name, a->value, kn_dwarf_type_of(d, in ? in : i));
    else kn_dwarf_add(f, a->name, KILN_DW_FORM_sdata, a->value);
    break;
  case KN_DA_FLAG: kn_dwarf_add(f, a->name, KILN_DW_FORM_flag_present, 0); break;
  case KN_DA_STRING: add_text(f, a->name, d->dies.at[i].set, (uint32_t)a->value); break;
  case KN_DA_REF:
    to = kn_dwarf_index(d, d->dies.at[i].set, (uint32_t)a->value);
    if (to && kn_dwarf_entry(d, to)->tag == KILN_DIE_TAG_FILE &&
        kn_dwarf_entry(d, i)->tag == KILN_DW_TAG_compile_unit) {
      struct kn_dwarf_file file;
      kn_dwarf_file_text(d, to, &file);
      if (file.name_text) add_text(f, KILN_DW_AT_name, file.set, file.name_text);
      if (file.dir_n && !d->split) add_text(f, KILN_DW_AT_comp_dir, file.set, file.dir_text);
    } else if (to && kn_dwarf_entry(d, to)->tag == KILN_DIE_TAG_FILE) {
      uint32_t number = kn_dwarf_file_number(d, to);
      if (number == UINT32_MAX) f->failed = true;
      else add_number(f, a->name, number);
    } else {
      kn_dwarf_add_ref(f, a->name, to);
    }
    break;
  case KN_DA_EXPR: add_bytes(f, a->name, KILN_DW_FORM_exprloc, bytes, a->size); break;
  case KN_DA_BLOCK: add_bytes(f, a->name, KILN_DW_FORM_block, bytes, a->size); break;
  case KN_DA_SYMBOL:
    to = (uint32_t)(a->value >> 32);
    add_symbol(f, a->name, to, bytes, a->size);
    break;
  case KN_DA_MD5:
  case KN_DA_ARGUMENT:
  case KN_DA_RETAIN:
  case KN_DA_CHILDREN: break;
  case KN_DA_SIGNATURE:
  case KN_DA_TYPED: kn_dwarf_add_ref(f, KILN_DW_AT_type, kn_dwarf_type_of(d, i)); break;
  }
}

/* Where code is: one stretch of a function. */
static void add_stretch(struct kn_dwarf_fields *f, uint32_t func, uint32_t from, uint32_t size) {
  struct kn_dwarf *d = f->d;
  uint32_t target;
  int64_t addend;
  kn_dwarf_func_base(d, func, &target, &addend);
  if (from == 0 && kn_dwarf_indexed(d)) {
    const uint32_t address = kn_dwarf_func_address(d, func);
    kn_dwarf_add(f, KILN_DW_AT_low_pc, kn_dwarf_address_form(d), address);
    f->failed |= address == UINT32_MAX;
  } else {
    kn_dwarf_add_address(f, KILN_DW_AT_low_pc, target, addend + from);
  }
  kn_dwarf_add(f, KILN_DW_AT_high_pc, KILN_DW_FORM_data4, size);
}

/* The code of a block or of an inlined function, and the call that the latter replaces. */
static bool add_scope(struct kn_dwarf_fields *f, uint32_t i) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_scope *s = &d->scopes.at[d->dies.at[i].ranges - 1];
  bool ok = true;
  if (s->first == s->last && s->first != 0) {
    const struct kn_dwarf_range *r = &d->ranges.at[s->first - 1];
    add_stretch(f, s->func, r->from, r->to - r->from);
  } else if (s->first != 0) {
    add_list(f, KILN_DW_AT_ranges, kn_dwarf_scope_list(d, s, &ok));
  }
  if (s->call == 0 || kn_dwarf_entry(d, i)->tag != KILN_DW_TAG_subprogram) return ok;
  uint32_t session = d->image->funcs[s->func].session;
  const struct kn_loc_full *call = &d->image->sessions[session]->sources.locs.at[s->call];
  uint32_t file = kn_dwarf_loc_file(d, session, call);
  if (file == UINT32_MAX) return false;
  add_number(f, KILN_DW_AT_call_file, file);
  add_number(f, KILN_DW_AT_call_line, call->line);
  if (call->column) add_number(f, KILN_DW_AT_call_column, call->column);
  uint32_t discriminator = kn_dwarf_discriminator(d, session, call);
  if (discriminator) add_number(f, KILN_DW_AT_GNU_discriminator, discriminator);
  return ok;
}

static void add_global(struct kn_dwarf_fields *f, const struct kn_debug_global *g) {
  static const uint8_t none;
  const uint8_t *expr = g->n ? f->d->module->bytes.at + g->expr : &none, *p = expr;
  const uint8_t *end = p + g->n;
  if (g->symbol != 0) {
    add_symbol(f, KILN_DW_AT_location, g->symbol, p, g->n);
    return;
  }
  /* debuggers want constants as such */
  if (g->n >= 2 && end[-1] == KILN_DW_OP_stack_value) end--;
  const unsigned op = g->n ? *p++ : 0;
  if (op >= KILN_DW_OP_lit0 && op <= KILN_DW_OP_lit31 && p == end) {
    kn_dwarf_add(f, KILN_DW_AT_const_value, KILN_DW_FORM_udata, op - KILN_DW_OP_lit0);
    return;
  }
  if (op == KILN_DW_OP_constu || op == KILN_DW_OP_consts) {
    const uint64_t v = kn_leb128(&p, end, op == KILN_DW_OP_consts);
    if (p == end) {
      kn_dwarf_add(f, KILN_DW_AT_const_value,
                   op == KILN_DW_OP_constu ? KILN_DW_FORM_udata : KILN_DW_FORM_sdata, v);
      return;
    }
  }
  add_bytes(f, KILN_DW_AT_location, KILN_DW_FORM_exprloc, expr, g->n);
}

/* How many bits the variable of entry i has by its type; 0: that is not said. */
static uint64_t variable_bits(const struct kn_dwarf *d, uint32_t i) {
  uint32_t type = kn_dwarf_type_of(d, d->dies.at[i].of);
  for (unsigned steps = 0; type != 0 && steps < 16; steps++, type = kn_dwarf_type_of(d, type)) {
    struct kn_die_attr a;
    if (kn_dwarf_attr(d, type, KILN_DW_AT_byte_size, &a))
      return a.value <= UINT32_MAX ? 8 * a.value : 0;
    if (kn_dwarf_entry(d, type)->tag == KILN_DW_TAG_array_type)
      return 0; /* type_of is that of an element */
  }
  return 0;
}

/* A variable that lives in parts. */
static bool add_parts(struct kn_dwarf_fields *f, uint32_t number, uint64_t bits) {
  struct kn_dwarf *d = f->d;
  const struct kn_code_var *parts[64];
  uint32_t n = 0, size;
  const struct kn_output *o = kn_image_output(d->image, d->vars.at[number - 1].session);
  for (uint32_t k = number; k && n < 64; k = d->vars.at[k - 1].next)
    parts[n++] = &o->vars.at[d->vars.at[k - 1].index];
  const uint8_t *bytes = kn_dwarf_parts(d, o, parts, n, bits, &size);
  if (bytes == NULL) return false;
  kn_dwarf_add_expr(f, KILN_DW_AT_location, bytes, size);
  return true;
}

/* Where a variable lives, or a label is. `func`: the function whose code that is about. */
static bool add_location(struct kn_dwarf_fields *f, uint32_t i, uint32_t number) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_var *v = &d->vars.at[number - 1];
  const struct kn_output *o = kn_image_output(d->image, v->session);
  const struct kn_code_var *c = &o->vars.at[v->index];
  bool ok = true;
  d->var = v;
  if (c->n == UINT32_MAX || c->to) { /* in code: relative to the function it is in */
    uint32_t func = v->func, target;
    int64_t addend, at = (int64_t)c->from - kn_image_func(d->image, func)->start;
    if (c->to) {
      uint32_t scope = f->stack.n ? d->dies.at[f->stack.at[f->stack.n - 1]].ranges : 0;
      const struct kn_code_var *all = kn_dwarf_throughout(d, v, scope);
      /* debuggers take a variable that has no list, but an address in the data, for static */
      if (all && o->exprs.at[all->expr] != KILN_DW_OP_addr) {
        uint32_t n;
        const uint8_t *expr = kn_dwarf_row_expr(d, o, all, 0, &n);
        if (expr == NULL || n == 0) return expr != NULL;
        kn_dwarf_add_expr(f, KILN_DW_AT_location, expr, n);
        return true;
      }
      add_list(f, KILN_DW_AT_location, kn_dwarf_loc_list(d, v, scope, variable_bits(d, i), &ok));
      return ok;
    }
    kn_dwarf_func_base(d, func, &target, &addend);
    kn_dwarf_add_address(f, KILN_DW_AT_low_pc, target, addend + at);
    return true;
  }
  if (c->part_bits) return add_parts(f, number, variable_bits(d, i));
  if (c->n) add_bytes(f, KILN_DW_AT_location, KILN_DW_FORM_exprloc, o->exprs.at + c->expr, c->n);
  return true;
}

/* What is known of an entry from code: where a function or block is, where a variable lives. */
static bool add_code(struct kn_dwarf_fields *f, uint32_t i) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_die *die = &d->dies.at[i];
  static const uint8_t frame_base[] = {KILN_DW_OP_call_frame_cfa};
  bool ok = true;
  if (die->func) {
    add_stretch(f, die->func - 1, 0, kn_image_func(d->image, die->func - 1)->size);
    add_bytes(f, KILN_DW_AT_frame_base, KILN_DW_FORM_exprloc, frame_base, sizeof frame_base);
    if (kn_dwarf_shape(d, die)->calls)
      kn_dwarf_add(f, d->version < 5 ? KILN_DW_AT_GNU_all_call_sites : KILN_DW_AT_call_all_calls,
                   KILN_DW_FORM_flag_present, 0);
  }
  if (die->ranges) ok = add_scope(f, i);
  if (die->global && die->var == 0 && die->source.tag != KILN_DW_TAG_subprogram)
    add_global(f, &d->module->globals.at[die->global - 1]);
  if (die->var) ok = add_location(f, i, die->var) && ok;
  return ok;
}

/* What a unit in a .dwo file has beside its source's attributes: its skeleton has all else. */
static bool add_split_unit(struct kn_dwarf_fields *f, struct kn_dwarf_unit *u) {
  struct kn_dwarf *d = f->d;
  uint32_t name = kn_dwarf_new_string(d, d->m->dwo_name, (uint32_t)strlen(d->m->dwo_name));
  if (name == UINT32_MAX) return false;
  if (d->version >= 5) {
    kn_dwarf_add(f, KILN_DW_AT_dwo_name, KILN_DW_FORM_strx, name);
    return true;
  }
  kn_dwarf_add(f, KILN_DW_AT_GNU_dwo_name, KILN_DW_FORM_GNU_str_index, name);
  u->id_at = d->out[KN_DS_INFO].bytes.n;
  kn_dwarf_add(f, KILN_DW_AT_GNU_dwo_id, KILN_DW_FORM_data8, 0);
  return true;
}

static bool add_unit(struct kn_dwarf_fields *f, uint32_t unit) {
  struct kn_dwarf *d = f->d;
  struct kn_dwarf_unit *u = &d->units.at[unit];
  bool ok = true;
  if (d->split) return add_split_unit(f, u);
  if (d->version >= 5) {
    add_offset(f, KILN_DW_AT_str_offsets_base, KILN_DW_FORM_sec_offset, KN_DS_STR_OFFSETS,
               KN_STR_OFFSETS_BASE);
    add_offset(f, KILN_DW_AT_addr_base, KILN_DW_FORM_sec_offset, KN_DS_ADDR, KN_ADDR_BASE);
  }
  add_offset(f, KILN_DW_AT_stmt_list, KILN_DW_FORM_sec_offset, KN_DS_LINE, u->line);
  if (d->version >= 5 && d->has_ranges)
    add_offset(f, KILN_DW_AT_rnglists_base, KILN_DW_FORM_sec_offset, KN_DS_RNGLISTS, KN_LISTS_BASE);
  if (d->version >= 5 && d->has_lists)
    add_offset(f, KILN_DW_AT_loclists_base, KILN_DW_FORM_sec_offset, KN_DS_LOCLISTS, KN_LISTS_BASE);
  if (u->n_funcs == 0) return ok;
  if (u->one_stretch) {
    kn_dwarf_add_address(f, KILN_DW_AT_low_pc, u->section - 1, (int64_t)u->low);
    kn_dwarf_add(f, KILN_DW_AT_high_pc, KILN_DW_FORM_data4, (uint32_t)(u->high - u->low));
  } else {
    add_zero(f, KILN_DW_AT_low_pc); /* ranges count from 0 */
    add_list(f, KILN_DW_AT_ranges, kn_dwarf_unit_list(d, unit, &ok));
  }
  return ok;
}

/* ---- entries ---- */

/* The function of entry i is called for an object: the parameter which that is. */
static uint32_t object(const struct kn_dwarf *d, uint32_t i) {
  for (uint32_t k = d->dies.at[i].first, steps = 0; k && steps < 2;
       k = d->dies.at[k].next, steps++) {
    if (kn_dwarf_view(d, k).shape->object) return k;
  }
  return 0;
}

bool kn_dwarf_fields_of(struct kn_dwarf_fields *f, uint32_t i) {
  struct kn_dwarf *d = f->d;
  struct kn_dwarf_view v = kn_dwarf_view(d, i);
  const struct kn_die *e = v.e;
  bool instance = d->dies.at[i].of != i, function = e->tag == KILN_DW_TAG_subprogram;
  bool by_name = function && d->units.at[f->unit - 1].lines_only;
  kn_dwarf_begin(f);
  if (instance) kn_dwarf_add_ref(f, KILN_DW_AT_abstract_origin, d->dies.at[i].of);
  uint32_t spec = 0;
  if (v.shape->specifies && (function || e->tag == KILN_DW_TAG_variable))
    spec = kn_dwarf_ref(d, i, KILN_DW_AT_specification);
  if (by_name && spec && !instance) v = kn_dwarf_view(d, spec);
  if (!instance && !by_name) kn_dwarf_put_attrs(f, i, spec, 0);
  for (uint32_t k = 0; k < v.shape->n && !instance && by_name; k++) {
    struct kn_die_attr a = kn_dwarf_value(&v, &v.shape->items[k]);
    if (a.name == KILN_DW_AT_name) kn_dwarf_any_attr(f, spec ? spec : i, &a, 0);
  }
  if (d->dies.at[i].abstract && !instance)
    kn_dwarf_add(f, KILN_DW_AT_inline,
                 d->version < 5 ? KILN_DW_FORM_data1 : KILN_DW_FORM_implicit_const,
                 KILN_DW_INL_inlined);
  uint32_t is = function && (!instance || d->dies.at[i].func) ? object(d, i) : 0;
  if (is) kn_dwarf_add_ref(f, KILN_DW_AT_object_pointer, is);
  return e->tag == KILN_DW_TAG_compile_unit ? add_unit(f, d->dies.at[i].unit - 1) : add_code(f, i);
}

void kn_dwarf_variant_fields(struct kn_dwarf_fields *f, uint32_t i, uint32_t in) {
  struct kn_die_attr a;
  bool has = kn_dwarf_attr(f->d, i, KILN_DW_AT_discr_value, &a);
  uint32_t discriminator = kn_dwarf_ref(f->d, in, KILN_DW_AT_discr);
  kn_dwarf_begin(f);
  if (has && a.kind == KN_DA_INT && discriminator)
    add_constant(f, KILN_DW_AT_discr_value, a.value, kn_dwarf_type_of(f->d, discriminator));
}
