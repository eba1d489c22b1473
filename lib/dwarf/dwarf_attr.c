/* Which attributes an entry has, and in which forms: those that the source gives, and what is known from code. Called
 * by lib/dwarf/dwarf_write.c. Tags, attributes, forms: DWARF 5, 7.5 and appendix A; DWARF 4 has other forms for
 * strings, addresses and ranges. */
#include "base/leb128.h"
#include "lib/dwarf/dwarf_writer.h"

/* ---- values ---- */

/* Notes an attribute; space for its value and `more` bytes, NULL without memory. */
static inline uint8_t *attribute(struct kn_dwarf_fields *f, unsigned name, unsigned form,
                                 size_t more) {
  kn_dwarf_step(f, name, form);
  return kn_dwarf_space(f->d, KN_DS_INFO, 24 + more);
}

void kn_dwarf_add_offset(struct kn_dwarf_fields *f, unsigned name, unsigned section,
                         uint32_t offset) {
  const bool string = section == KN_DS_STR || section == KN_DS_SKELETON_STR;
  uint8_t *p = attribute(f, name, string ? KILN_DW_FORM_strp : KILN_DW_FORM_sec_offset, 0);
  if (!f->d->dwo) {
    kn_dwarf_relocated(f->d, KN_DS_INFO, KN_DR_DEBUG | section, offset);
  } else if (p != NULL) { /* of this file's own contribution */
    kn_put32(p, offset);
    kn_dwarf_done(f->d, KN_DS_INFO, p + 4);
  }
}

/* A list of ranges or of locations. */
static void add_list(struct kn_dwarf_fields *f, unsigned name, uint32_t list) {
  const bool ranges = name == KILN_DW_AT_ranges;
  if (f->d->version >= 5)
    kn_dwarf_add(f, name, ranges ? KILN_DW_FORM_rnglistx : KILN_DW_FORM_loclistx, list);
  else kn_dwarf_add_offset(f, name, ranges ? KN_DS_RANGES : KN_DS_LOC, list);
}

void kn_dwarf_add(struct kn_dwarf_fields *f, unsigned name, unsigned form, uint64_t value) {
  uint8_t *p = attribute(f, name, form, 0);
  if (KN_UNLIKELY(p == NULL)) return;
  kn_put64(p, value); /* forms of a fixed size have its first bytes */
  switch (form) {
  case KILN_DW_FORM_flag_present:
  case KILN_DW_FORM_implicit_const: return; /* in the abbreviation */
  case KILN_DW_FORM_data1: p += 1; break;
  case KILN_DW_FORM_data2: p += 2; break;
  case KILN_DW_FORM_data4: p += 4; break;
  case KILN_DW_FORM_addr:
  case KILN_DW_FORM_data8: p += 8; break;
  case KILN_DW_FORM_sdata: p = kn_put_sleb(p, (int64_t)value); break;
  default: p = kn_put_uleb(p, value); break; /* udata, and numbers in tables */
  }
  kn_dwarf_done(f->d, KN_DS_INFO, p);
}

void kn_dwarf_add_ref(struct kn_dwarf_fields *f, unsigned name, uint32_t to) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_buffer *b = &d->out[KN_DS_INFO];
  if (to == 0 || d->dies.at[to].unit == 0) return;
  bool near = d->dies.at[to].unit == f->unit;
  if (!near && d->dwo) { /* no linker and no packer would see such a reference */
    if (kn_dwarf_ok(d))
      kn_module_fail(d->m, KILN_ERR_UNSUPPORTED,
                     "split debug information cannot have references between units");
    return;
  }
  uint8_t *p = attribute(f, name, near ? KILN_DW_FORM_ref4 : KILN_DW_FORM_ref_addr, 0);
  uint32_t at = near ? b->bytes.n : b->relocs.n | 1u << 31;
  if (p == NULL || !KN_PUSH(d->m, d->patches, (struct kn_dwarf_patch){at, to})) return;
  if (near) kn_dwarf_done(f->d, KN_DS_INFO, p + 4);
  else kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_DEBUG | KN_DS_INFO, 0);
}

/* Expressions and blocks. */
static void add_bytes(struct kn_dwarf_fields *f, unsigned name, unsigned form, const uint8_t *bytes,
                      uint32_t n) {
  uint8_t *p = attribute(f, name, form, n);
  if (p == NULL) return;
  p = kn_put_uleb(p, n);
  if (n) memcpy(p, bytes, n);
  kn_dwarf_done(f->d, KN_DS_INFO, p + n);
}

void kn_dwarf_add_expr(struct kn_dwarf_fields *f, unsigned name, const uint8_t *bytes, uint32_t n) {
  add_bytes(f, name, KILN_DW_FORM_exprloc, bytes, n);
  kn_dwarf_complete_expr(f->d, KN_DS_INFO, n);
}

/* An address that is number `index` in .debug_addr. */
static void add_indexed(struct kn_dwarf_fields *f, unsigned name, uint32_t index) {
  kn_dwarf_add(f, name, f->d->version >= 5 ? KILN_DW_FORM_addrx : KILN_DW_FORM_GNU_addr_index,
               index);
}

void kn_dwarf_add_address(struct kn_dwarf_fields *f, unsigned name, uint32_t target,
                          int64_t addend) {
  if (kn_dwarf_indexed(f->d)) {
    add_indexed(f, name, kn_dwarf_address(f->d, target, addend));
    return;
  }
  attribute(f, name, KILN_DW_FORM_addr, 0);
  kn_dwarf_relocated(f->d, KN_DS_INFO, target, addend);
}

/* The address of a symbol, if the object has it, and an expression of `size` bytes that is applied to it. */
static void add_symbol(struct kn_dwarf_fields *f, unsigned name, uint32_t symbol,
                       const uint8_t *bytes, uint32_t size) {
  struct kn_dwarf *d = f->d;
  if (symbol >= d->m->symbols.n || d->image->places[symbol].section == 0) return;
  const bool tls = kn_symbol(d->m, symbol)->tls != KILN_TLS_NONE;
  const bool indexed = kn_dwarf_indexed(d) && (!tls || d->split);
  static const uint8_t form_tls = KILN_DW_OP_form_tls_address;
  uint8_t length[10], b[12] = {tls ? KILN_DW_OP_const8u : KILN_DW_OP_addr}, *p = b + 1;
  if (tls && !kn_image_tls_offsets(d->image)) return;
  if (indexed) {
    *b = tls               ? KILN_DW_OP_GNU_const_index
         : d->version >= 5 ? KILN_DW_OP_addrx
                           : KILN_DW_OP_GNU_addr_index;
    p = kn_put_uleb(p, kn_dwarf_address(d, KN_DR_SYMBOL | symbol, 0));
  }
  const size_t head = (size_t)(p - b), all = head + (indexed ? 0 : 8) + tls + size;
  attribute(f, name, KILN_DW_FORM_exprloc, 0);
  kn_dwarf_put(d, KN_DS_INFO, length, (size_t)(kn_put_uleb(length, all) - length));
  kn_dwarf_put(d, KN_DS_INFO, b, head);
  if (!indexed) kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_SYMBOL | symbol, 0);
  kn_dwarf_put(d, KN_DS_INFO, &form_tls, tls);
  kn_dwarf_put(d, KN_DS_INFO, bytes, size);
}

static void add_number(struct kn_dwarf_fields *f, unsigned name, uint64_t v) {
  unsigned form = name == KILN_DW_AT_const_value ? KILN_DW_FORM_udata
                  : v <= 0xff                    ? KILN_DW_FORM_data1
                  : v <= 0xffff                  ? KILN_DW_FORM_data2
                  : v <= UINT32_MAX              ? KILN_DW_FORM_data4
                                                 : KILN_DW_FORM_data8;
  kn_dwarf_add(f, name, form, v);
}

/* ---- what depends on other entries ---- */

uint32_t kn_dwarf_type_of(const struct kn_dwarf *d, uint32_t i) {
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  const struct kn_dwarf_item *a = v.shape->type;
  if (a != NULL && a->kind == KN_DA_REF) return kn_dwarf_to(d, &v, a);
  const struct kn_dwarf_list list = kn_dwarf_signature(d, &v, a);
  return list.n != 0 ? kn_dwarf_member(d, &list, 0) : 0;
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
  static const uint64_t zero = KN_LANG(C89) | KN_LANG(C) | KN_LANG(C_plus_plus) | KN_LANG(C99) |
                               KN_LANG(ObjC) | KN_LANG(ObjC_plus_plus) | KN_LANG(D) |
                               KN_LANG(Python);
  static const uint64_t one = KN_LANG(Ada83) | KN_LANG(Cobol74) | KN_LANG(Cobol85) |
                              KN_LANG(Fortran77) | KN_LANG(Fortran90) | KN_LANG(Pascal83) |
                              KN_LANG(Modula2) | KN_LANG(Ada95) | KN_LANG(Fortran95) | KN_LANG(PLI);
  static const uint64_t one_since_5 =
    KN_LANG(Modula3) | KN_LANG(Julia) | KN_LANG(Fortran03) | KN_LANG(Fortran08);
  if (kn_dwarf_is_in(zero, language)) return 0;
  if (kn_dwarf_is_in(one, language)) return 1;
  if (version < 5 || language >= KILN_DW_LANG_lo_user) return -1;
  return kn_dwarf_is_in(one_since_5, language);
}

bool kn_dwarf_left_out(const struct kn_dwarf_fields *f, uint32_t i, const struct kn_die_attr *a,
                       uint32_t spec) {
  const struct kn_dwarf *d = f->d;
  const uint32_t language = d->units.at[f->unit - 1].language;
  unsigned tag = kn_dwarf_entry(d, i)->tag;
  switch (a->name) { /* what a shape says alone: lib/dwarf/dwarf_shape.c */
  case KILN_DW_AT_prototyped: {
    const struct kn_dwarf_view v = kn_dwarf_view(d, i);
    const struct kn_dwarf_item *b = v.shape->list;
    if (!f->c) return true;
    if (tag != KILN_DW_TAG_subroutine_type || b == NULL || b->kind != KN_DA_SIGNATURE) return false;
    const struct kn_dwarf_list list = kn_dwarf_signature(d, &v, b);
    return list.n == 2 && list.items[1] == 0;
  }
  case KILN_DW_AT_lower_bound:
    return a->kind == KN_DA_INT && (int64_t)a->value == lower_bound(d->version, language);
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

/* Has entry i a location, or a value? */
static bool is_somewhere(const struct kn_dwarf *d, uint32_t i) {
  const struct kn_dwarf_die *die = &d->dies.at[i];
  struct kn_die_attr a;
  if (die->var == 0)
    return die->global != 0 || kn_dwarf_attr(d, i, KILN_DW_AT_location, &a) ||
           kn_dwarf_attr(d, i, KILN_DW_AT_const_value, &a);
  for (uint32_t number = die->var; number != 0; number = d->vars.at[number - 1].next) {
    const struct kn_dwarf_var *v = &d->vars.at[number - 1];
    const struct kn_output *o = kn_image_output(d->image, v->session);
    for (const struct kn_code_var *c = &o->vars.at[v->index], *end = c + v->count; c < end; c++)
      if (c->n != 0 && !kn_var_is_label(c) && !kn_dwarf_is_link(o->exprs.at + c->expr, c->n))
        return true;
  }
  return false;
}

/* What an attribute of a type refers to for variable `v` (of the source), whose value debuggers take: itself, if it has
 * a place, or the only instance of it that has one, or 0: of a variable without a place, they take some number. */
static uint32_t variable_with_value(struct kn_dwarf_fields *f, uint32_t v) {
  struct kn_dwarf *d = f->d;
  if (is_somewhere(d, v)) return v;
  if (d->instance_of == NULL) {
    if ((d->instance_of = kn_dwarf_zeros(d, d->n_sources)) == NULL) return 0;
    for (uint32_t k = d->n_sources; k < d->dies.n; k++) {
      uint32_t *is = &d->instance_of[d->dies.at[k].of];
      if (d->dies.at[k].var != 0 && is_somewhere(d, k)) *is = *is != 0 ? UINT32_MAX : k;
    }
  }
  const uint32_t k = d->instance_of[v];
  return k != 0 && k != UINT32_MAX && d->dies.at[k].unit == f->unit ? k : 0;
}

/* A reference: a unit's to its file says the file's name and directory, others to a file are its number. */
static void add_reference(struct kn_dwarf_fields *f, uint32_t i, unsigned name, uint32_t to) {
  struct kn_dwarf *d = f->d;
  const unsigned tag = to != 0 ? kn_dwarf_entry(d, to)->tag : 0;
  if (tag != KILN_DIE_TAG_FILE) {
    const bool variable = tag == KILN_DW_TAG_variable || tag == KILN_DW_TAG_formal_parameter;
    if (variable && kn_dwarf_is_extent(name)) {
      to = variable_with_value(f, to);
      if (to != 0) KN_DWARF_CHECK(bound, d, to);
    }
    kn_dwarf_add_ref(f, name, to);
  } else if (kn_dwarf_entry(d, i)->tag == KILN_DW_TAG_compile_unit) {
    const struct kn_dwarf_file file = kn_dwarf_file_text(d, to);
    if (file.name.id) kn_dwarf_add_text(f, KILN_DW_AT_name, file.set, file.name.id);
    if (file.dir.n && !d->dwo) kn_dwarf_add_text(f, KILN_DW_AT_comp_dir, file.set, file.dir.id);
  } else {
    add_number(f, name, kn_dwarf_file_number(d, to));
  }
}

void kn_dwarf_any_attr(struct kn_dwarf_fields *f, uint32_t i, const struct kn_die_attr *a,
                       uint32_t in) {
  struct kn_dwarf *d = f->d;
  const uint32_t set = d->dies.at[i].set, value = (uint32_t)a->value;
  bool has_bytes = a->kind == KN_DA_EXPR || a->kind == KN_DA_BLOCK || a->kind == KN_DA_SYMBOL;
  const uint8_t *all = d->sets[set]->bytes.at, *bytes = has_bytes && all ? all + value : NULL;
  switch ((enum kn_die_kind)a->kind) {
  case KN_DA_WIDE:
  case KN_DA_UINT: add_number(f, a->name, a->value); break;
  case KN_DA_INT:
    if (a->name == KILN_DW_AT_const_value)
      add_constant(f, a->name, a->value, kn_dwarf_type_of(d, in ? in : i));
    else kn_dwarf_add(f, a->name, KILN_DW_FORM_sdata, a->value);
    break;
  case KN_DA_FLAG: kn_dwarf_add(f, a->name, KILN_DW_FORM_flag_present, 0); break;
  case KN_DA_STRING: kn_dwarf_add_text(f, a->name, set, value); break;
  case KN_DA_REF: add_reference(f, i, a->name, kn_dwarf_index(d, set, value)); break;
  case KN_DA_EXPR: add_bytes(f, a->name, KILN_DW_FORM_exprloc, bytes, a->size); break;
  case KN_DA_BLOCK: add_bytes(f, a->name, KILN_DW_FORM_block, bytes, a->size); break;
  case KN_DA_SYMBOL: add_symbol(f, a->name, (uint32_t)(a->value >> 32), bytes, a->size); break;
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
  const struct kn_place *p = kn_dwarf_place(d, func);
  if (from == 0 && kn_dwarf_indexed(d))
    add_indexed(f, KILN_DW_AT_low_pc, kn_dwarf_func_address(d, func));
  else kn_dwarf_add_address(f, KILN_DW_AT_low_pc, p->section - 1, (int64_t)p->value + from);
  kn_dwarf_add(f, KILN_DW_AT_high_pc, KILN_DW_FORM_data4, size);
}

/* The code of a block or of an inlined function, and the call that the latter replaces. */
static void add_scope(struct kn_dwarf_fields *f, uint32_t i) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_scope *s = &d->scopes.at[d->dies.at[i].ranges - 1];
  if (s->first == s->last && s->first != 0) {
    const struct kn_dwarf_range *r = &d->ranges.at[s->first - 1];
    add_stretch(f, s->func, r->from, r->to - r->from);
  } else if (s->first != 0) {
    add_list(f, KILN_DW_AT_ranges, kn_dwarf_scope_list(d, s));
  }
  if (s->call == 0 || kn_dwarf_entry(d, i)->tag != KILN_DW_TAG_subprogram) return;
  kn_dwarf_add_std_name(f, d->dies.at[i].of);
  uint32_t session = d->image->funcs[s->func].session;
  const struct kn_loc_full *call = &d->image->sessions[session]->sources.locs.at[s->call];
  uint32_t discriminator = kn_dwarf_discriminator(d, session, call);
  add_number(f, KILN_DW_AT_call_file, kn_dwarf_loc_file(d, session, call));
  add_number(f, KILN_DW_AT_call_line, call->line);
  if (call->column) add_number(f, KILN_DW_AT_call_column, call->column);
  if (discriminator) add_number(f, KILN_DW_AT_GNU_discriminator, discriminator);
}

static void add_global(struct kn_dwarf_fields *f, uint32_t i, const struct kn_debug_global *g) {
  static const uint8_t none;
  const uint8_t *expr = g->n ? f->d->module->bytes.at + g->expr : &none, *p = expr;
  const uint8_t *end = p + g->n;
  (void)i; /* for checking builds */
  if (g->symbol != 0) {
    add_symbol(f, KILN_DW_AT_location, g->symbol, p, g->n);
    return;
  }
  /* debuggers want constants as such */
  if (g->n >= 2 && end[-1] == KILN_DW_OP_stack_value) end--;
  const unsigned op = g->n ? *p++ : 0;
  if (op >= KILN_DW_OP_lit0 && op <= KILN_DW_OP_lit31 && p == end) {
    KN_DWARF_CHECK(constant, f->d, i, 8);
    kn_dwarf_add(f, KILN_DW_AT_const_value, KILN_DW_FORM_udata, op - KILN_DW_OP_lit0);
    return;
  }
  if (op == KILN_DW_OP_constu || op == KILN_DW_OP_consts) {
    const uint64_t v = kn_leb128(&p, end, op == KILN_DW_OP_consts);
    if (p == end) {
      KN_DWARF_CHECK(constant, f->d, i, 8);
      kn_dwarf_add(f, KILN_DW_AT_const_value,
                   op == KILN_DW_OP_constu ? KILN_DW_FORM_udata : KILN_DW_FORM_sdata, v);
      return;
    }
  }
  add_bytes(f, KILN_DW_AT_location, KILN_DW_FORM_exprloc, expr, g->n);
}

/* How many elements an array of `type` has; 0: that is not said. */
static uint64_t array_count(const struct kn_dwarf *d, uint32_t type) {
  const struct kn_dwarf_view v = kn_dwarf_view(d, type);
  uint64_t n = 0;
  for (uint32_t k = 0; k < v.shape->n_refs; k++) {
    const struct kn_dwarf_item *item = &v.shape->refs[k];
    if (item->kind != KN_DA_CHILDREN) continue;
    const struct kn_dwarf_list list = kn_dwarf_list(d, kn_dwarf_to(d, &v, item));
    for (uint32_t m = 0; m < list.n; m++) {
      struct kn_die_attr a;
      const uint32_t range = kn_dwarf_member(d, &list, m);
      if (range == 0 || !kn_dwarf_attr(d, range, KILN_DW_AT_count, &a) || a.kind != KN_DA_UINT)
        return 0;
      n = (n != 0 ? n : 1) * a.value;
      if (n > UINT32_MAX) return 0;
    }
  }
  return n;
}

/* How many bits the variable of entry i has by its type; 0: that is not said. */
static uint64_t variable_bits(const struct kn_dwarf *d, uint32_t i) {
  uint32_t type = kn_dwarf_type_of(d, d->dies.at[i].of);
  uint64_t n = 1;
  for (unsigned steps = 0; type != 0 && steps < 16; steps++, type = kn_dwarf_type_of(d, type)) {
    const unsigned tag = kn_dwarf_entry(d, type)->tag;
    struct kn_die_attr a;
    if (kn_dwarf_attr(d, type, KILN_DW_AT_byte_size, &a))
      return a.kind == KN_DA_UINT && n * a.value <= UINT32_MAX ? 8 * n * a.value : 0;
    switch (tag) {
    case KILN_DW_TAG_pointer_type:
    case KILN_DW_TAG_reference_type:
    case KILN_DW_TAG_rvalue_reference_type: return 64 * n;
    case KILN_DW_TAG_typedef:
    case KILN_DW_TAG_const_type:
    case KILN_DW_TAG_volatile_type:
    case KILN_DW_TAG_restrict_type:
    case KILN_DW_TAG_atomic_type:
    case KILN_DW_TAG_enumeration_type: break;
    case KILN_DW_TAG_array_type:
      n *= array_count(d, type);
      if (n == 0 || n > UINT32_MAX) return 0;
      break;
    default: return 0;
    }
  }
  return 0;
}

/* A variable that lives in parts. */
static void add_parts(struct kn_dwarf_fields *f, uint32_t number, uint64_t bits) {
  struct kn_dwarf *d = f->d;
  const struct kn_code_var *parts[64];
  uint32_t n = 0, size;
  const struct kn_output *o = kn_image_output(d->image, d->vars.at[number - 1].session);
  for (uint32_t k = number; k && n < 64; k = d->vars.at[k - 1].next)
    parts[n++] = &o->vars.at[d->vars.at[k - 1].index];
  const uint8_t *bytes = kn_dwarf_parts(d, o, parts, n, bits, &size);
  KN_DWARF_CHECK(location, d, d->located, bytes, size);
  kn_dwarf_add_expr(f, KILN_DW_AT_location, bytes, size);
}

/* A variable whose locations are those of ranges of code. */
static void add_locations(struct kn_dwarf_fields *f, uint32_t i, const struct kn_dwarf_var *v) {
  struct kn_dwarf *d = f->d;
  const struct kn_output *o = kn_image_output(d->image, v->session);
  uint32_t scope = f->stack.n ? d->dies.at[f->stack.at[f->stack.n - 1]].ranges : 0, n;
  const struct kn_code_var *all = kn_dwarf_throughout(d, v, scope);
  /* debuggers take a variable that has no list, but an address in the data, for static */
  if (all == NULL || o->exprs.at[all->expr] == KILN_DW_OP_addr) {
    add_list(f, KILN_DW_AT_location, kn_dwarf_loc_list(d, v, scope, variable_bits(d, i)));
    return;
  }
  const uint8_t *expr = kn_dwarf_row_expr(d, o, all, variable_bits(d, i), 0, &n);
  KN_DWARF_CHECK(location, d, i, expr, n);
  if (n != 0) kn_dwarf_add_expr(f, KILN_DW_AT_location, expr, n);
}

/* Where a variable lives, or a label is. */
static void add_location(struct kn_dwarf_fields *f, uint32_t i, uint32_t number) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_var *v = d->var = &d->vars.at[number - 1];
  const struct kn_output *o = kn_image_output(d->image, v->session);
  const struct kn_code_var *c = &o->vars.at[v->index];
#ifdef KN_CHECKS
  d->located = i;
#endif
  if (!kn_var_is_everywhere(c)) {
    add_locations(f, i, v);
  } else if (kn_var_is_label(c)) { /* in code: relative to the function it is in */
    const struct kn_place *p = kn_dwarf_place(d, v->func);
    const int64_t at = (int64_t)c->from - kn_image_func(d->image, v->func)->start;
    kn_dwarf_add_address(f, KILN_DW_AT_low_pc, p->section - 1, (int64_t)p->value + at);
  } else if (c->part_bits) {
    add_parts(f, number, variable_bits(d, i));
  } else if (c->n) {
    KN_DWARF_CHECK(location, d, i, o->exprs.at + c->expr, c->n);
    add_bytes(f, KILN_DW_AT_location, KILN_DW_FORM_exprloc, o->exprs.at + c->expr, c->n);
  }
}

/* What is known of an entry from code: where a function or block is, where a variable lives. */
static void add_code(struct kn_dwarf_fields *f, uint32_t i) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_die *die = &d->dies.at[i];
  static const uint8_t frame_base[] = {KILN_DW_OP_call_frame_cfa};
  if (die->func) {
    add_stretch(f, die->func - 1, 0, kn_image_func(d->image, die->func - 1)->size);
    add_bytes(f, KILN_DW_AT_frame_base, KILN_DW_FORM_exprloc, frame_base, sizeof frame_base);
    if (kn_dwarf_shape(d, die)->calls)
      kn_dwarf_add(f, d->version < 5 ? KILN_DW_AT_GNU_all_call_sites : KILN_DW_AT_call_all_calls,
                   KILN_DW_FORM_flag_present, 0);
  }
  if (die->ranges) add_scope(f, i);
  if (die->global && die->var == 0 && die->source.tag != KILN_DW_TAG_subprogram)
    add_global(f, i, &d->module->globals.at[die->global - 1]);
  if (die->var) add_location(f, i, die->var);
}

/* What a unit in a .dwo file has beside its source's attributes: its skeleton has all else. */
static void add_split_unit(struct kn_dwarf_fields *f, struct kn_dwarf_unit *u) {
  struct kn_dwarf *d = f->d;
  uint32_t name =
    kn_dwarf_new_string(d, d->m->attrs.dwo_name, (uint32_t)strlen(d->m->attrs.dwo_name));
  if (d->version >= 5) {
    kn_dwarf_add(f, KILN_DW_AT_dwo_name, KILN_DW_FORM_strx, name);
    return;
  }
  kn_dwarf_add(f, KILN_DW_AT_GNU_dwo_name, KILN_DW_FORM_GNU_str_index, name);
  u->id_at = d->out[KN_DS_INFO].bytes.n;
  kn_dwarf_add(f, KILN_DW_AT_GNU_dwo_id, KILN_DW_FORM_data8, 0);
}

void kn_dwarf_add_unit_code(struct kn_dwarf_fields *f, uint32_t unit) {
  const struct kn_dwarf_unit *u = &f->d->units.at[unit];
  if (u->n_funcs == 0) return;
  if (u->one_stretch) {
    kn_dwarf_add_address(f, KILN_DW_AT_low_pc, u->section - 1, (int64_t)u->low);
    kn_dwarf_add(f, KILN_DW_AT_high_pc, KILN_DW_FORM_data4, (uint32_t)(u->high - u->low));
  } else {
    kn_dwarf_add(f, KILN_DW_AT_low_pc, KILN_DW_FORM_addr, 0); /* ranges count from 0 */
    add_list(f, KILN_DW_AT_ranges, kn_dwarf_unit_list(f->d, unit));
  }
}

static void add_unit(struct kn_dwarf_fields *f, uint32_t unit) {
  const struct kn_dwarf *d = f->d;
  const bool v5 = d->version >= 5;
  if (v5) {
    kn_dwarf_add_offset(f, KILN_DW_AT_str_offsets_base, KN_DS_STR_OFFSETS, KN_STR_OFFSETS_BASE);
    kn_dwarf_add_offset(f, KILN_DW_AT_addr_base, KN_DS_ADDR, KN_ADDR_BASE);
  }
  kn_dwarf_add_offset(f, KILN_DW_AT_stmt_list, KN_DS_LINE, d->units.at[unit].line);
  if (v5 && d->has_ranges)
    kn_dwarf_add_offset(f, KILN_DW_AT_rnglists_base, KN_DS_RNGLISTS, KN_LISTS_BASE);
  if (v5 && d->has_lists)
    kn_dwarf_add_offset(f, KILN_DW_AT_loclists_base, KN_DS_LOCLISTS, KN_LISTS_BASE);
  kn_dwarf_add_unit_code(f, unit);
}

/* ---- entries ---- */

/* The function of entry i is called for an object: the parameter which that is. */
static uint32_t object(const struct kn_dwarf *d, uint32_t i) {
  for (uint32_t k = d->dies.at[i].first, steps = 0; k && steps < 2; k = d->dies.at[k].next, steps++)
    if (kn_dwarf_view(d, k).shape->object) return k;
  return 0;
}

void kn_dwarf_fields_of(struct kn_dwarf_fields *f, uint32_t i) {
  struct kn_dwarf *d = f->d;
  struct kn_dwarf_view v = kn_dwarf_view(d, i);
  const struct kn_die *e = v.e;
  bool instance = d->dies.at[i].of != i, function = e->tag == KILN_DW_TAG_subprogram;
  bool by_name = function && f->lines_only;
  kn_dwarf_begin(f);
  if (instance) kn_dwarf_add_ref(f, KILN_DW_AT_abstract_origin, d->dies.at[i].of);
  uint32_t spec = 0;
  if (v.shape->specifies && (function || e->tag == KILN_DW_TAG_variable))
    spec = kn_dwarf_ref(d, i, KILN_DW_AT_specification);
  if (by_name && spec && !instance) v = kn_dwarf_view(d, spec);
  if (!instance && !by_name) kn_dwarf_put_attrs(f, i, &v, v.shape->puts, spec, 0);
  for (uint32_t k = 0; k < v.shape->n && !instance && by_name; k++) {
    struct kn_die_attr a = kn_dwarf_value(&v, &v.shape->items[k]);
    if (a.name == KILN_DW_AT_name || a.name == KILN_DW_AT_linkage_name)
      kn_dwarf_any_attr(f, spec ? spec : i, &a, 0);
  }
  if (d->dies.at[i].abstract && !instance)
    kn_dwarf_add(f, KILN_DW_AT_inline,
                 d->version < 5 ? KILN_DW_FORM_data1 : KILN_DW_FORM_implicit_const,
                 KILN_DW_INL_inlined);
  uint32_t is = function && (!instance || d->dies.at[i].func) ? object(d, i) : 0;
  if (is) kn_dwarf_add_ref(f, KILN_DW_AT_object_pointer, is);
  if (e->tag != KILN_DW_TAG_compile_unit) add_code(f, i);
  else if (d->dwo) add_split_unit(f, &d->units.at[f->unit - 1]);
  else add_unit(f, f->unit - 1);
}

void kn_dwarf_variant_fields(struct kn_dwarf_fields *f, uint32_t i, uint32_t in) {
  struct kn_die_attr a;
  bool has = kn_dwarf_attr(f->d, i, KILN_DW_AT_discr_value, &a);
  uint32_t discriminator = kn_dwarf_ref(f->d, in, KILN_DW_AT_discr);
  kn_dwarf_begin(f);
  if (has && a.kind == KN_DA_INT && discriminator)
    add_constant(f, KILN_DW_AT_discr_value, a.value, kn_dwarf_type_of(f->d, discriminator));
}
