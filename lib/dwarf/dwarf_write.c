/* Writes .debug_info and what it refers to: abbreviations, strings, addresses, ranges. One pass over the tree of each
 * unit; references to entries are filled in at the end. Called by lib/dwarf/dwarf.c. Tags, attributes, forms: DWARF 5,
 * 7.5 and appendix A; DWARF 4 has other forms for strings, addresses and ranges. */
#include "lib/dwarf/dwarf_writer.h"

/* ---- entries ---- */

/* The list of the result and parameters of a type of functions, or of a declaration of a function, whose parameters are
 * children; empty: there are none. */
static struct kn_dwarf_list signature(const struct kn_dwarf *d, const struct kn_dwarf_view *v,
                                      bool has_code) {
  const struct kn_dwarf_list list = kn_dwarf_signature(d, v, v->shape->list);
  /* the parameters of a definition are variables */
  const bool defines = v->shape->list->kind == KN_DA_TYPED && !v->shape->declares;
  if (list.n < 2 || (defines && (!has_code || list.items[list.n - 1] != 0)))
    return (struct kn_dwarf_list){0};
  return list;
}

/* Writes a parameter of a type that is written in this unit, if how such ones are written is known. */
static inline bool known_parameter(struct kn_dwarf_fields *f, uint32_t type, bool artificial) {
  struct kn_dwarf *d = f->d;
  uint32_t number = f->parameter[artificial];
  if (number == 0 || number > 0x7f || type == 0 || d->dies.at[type].unit != f->unit) return false;
  uint8_t *p = kn_dwarf_space(d, KN_DS_INFO, 8);
  if (p == NULL || !KN_ROOM(d->m, d->patches, 1)) return false;
  *p++ = (uint8_t)number;
  uint32_t at = (uint32_t)(p - d->out[KN_DS_INFO].bytes.at);
  d->patches.at[d->patches.n++] = (struct kn_dwarf_patch){at, type};
  kn_dwarf_done(d, KN_DS_INFO, p + 4);
  return true;
}

/* Writes the parameters of a signature; of a definition (`last`) only that there are further ones. */
static void parameters(struct kn_dwarf_fields *f, const struct kn_dwarf_list *list, bool last) {
  struct kn_dwarf *d = f->d;
  for (uint32_t k = last ? list->n - 1 : 1; k < list->n; k++) {
    uint32_t type = kn_dwarf_member(d, list, k);
    bool artificial = type && kn_dwarf_view(d, type).shape->artificial;
    if (known_parameter(f, type, artificial)) continue;
    kn_dwarf_begin(f);
    kn_dwarf_add_ref(f, KILN_DW_AT_type, type);
    if (artificial) kn_dwarf_add(f, KILN_DW_AT_artificial, KILN_DW_FORM_flag_present, 0);
    unsigned tag =
      list->items[k] ? KILN_DW_TAG_formal_parameter : KILN_DW_TAG_unspecified_parameters;
    uint32_t number = kn_dwarf_put_entry(f, tag, false);
    if (type && d->dies.at[type].unit == f->unit) f->parameter[artificial] = number;
  }
}

static void end_children(struct kn_dwarf *d) { kn_dwarf_put(d, KN_DS_INFO, NULL, 1); }

/* Writes the members of an entry's lists that are written in it. They may have such members in turn (packs of template
 * parameters). */
static void in_place(struct kn_dwarf_fields *f, uint32_t i, unsigned depth) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  for (uint32_t k = 0; k < v.shape->n_refs; k++) {
    const struct kn_dwarf_item *a = &v.shape->refs[k];
    if (a->kind != KN_DA_CHILDREN) continue;
    const struct kn_dwarf_list list = kn_dwarf_list(d, kn_dwarf_to(d, &v, a));
    for (uint32_t m = 0; m < list.n; m++) {
      uint32_t child = kn_dwarf_member(d, &list, m);
      if (child == 0 || !kn_dwarf_in_place(kn_dwarf_entry(d, child))) continue;
      bool own = d->dies.at[child].inner && depth < KN_DWARF_PACKS;
      uint32_t in = kn_dwarf_entry(d, child)->tag == KILN_DW_TAG_enumerator ? i : 0;
      kn_dwarf_put_plain(f, child, own, in, NULL, 0);
      if (KN_UNLIKELY(f->names)) kn_dwarf_note_name(f, child, in);
      if (!own) continue;
      in_place(f, child, depth + 1);
      end_children(d);
    }
  }
}

/* Where a variable is that has one location for all of its scope; false: it is not so simple. */
static bool only_location(const struct kn_dwarf *d, uint32_t number, const uint8_t **expr,
                          uint32_t *n) {
  const struct kn_dwarf_var *v = &d->vars.at[number - 1];
  const struct kn_output *o = kn_image_output(d->image, v->session);
  const struct kn_code_var *c = &o->vars.at[v->index];
  if (kn_var_is_label(c) || c->n == 0 || !kn_var_is_everywhere(c) || c->part_bits != 0)
    return false;
  *expr = o->exprs.at + c->expr;
  *n = c->n;
  return true;
}

/* Does the entry have those of calls? They are after its other children. */
static inline bool has_calls(const struct kn_dwarf_fields *f, const struct kn_dwarf_die *die) {
  uint32_t n = 0;
  if (KN_LIKELY(f->d->callees == NULL) || die->func == 0 || !kn_dwarf_shape(f->d, die)->calls)
    return false;
  kn_dwarf_calls(f->d, die->func - 1, &n);
  return n != 0;
}

/* Ends the children of entry i. */
static inline void end_entry(struct kn_dwarf_fields *f, uint32_t i) {
  const struct kn_dwarf_die *die = &f->d->dies.at[i];
  if (has_calls(f, die)) kn_dwarf_put_calls(f, die->func - 1);
  end_children(f->d);
}

/* Writes entry i without its children in the tree; true if it has some. */
static bool entry(struct kn_dwarf_fields *f, uint32_t i) {
  struct kn_dwarf *d = f->d;
  struct kn_dwarf_die *die = &d->dies.at[i];
  const struct kn_dwarf_shape *shape = kn_dwarf_shape(d, die);
  unsigned tag = die->source.tag;
  struct kn_dwarf_list list = {0};
  bool own = die->of == i && !(f->lines_only && tag == KILN_DW_TAG_subprogram),
       inner = own && die->inner;
  if (shape->list != NULL && own) {
    const struct kn_dwarf_view v = kn_dwarf_view(d, i);
    list = signature(d, &v, die->func != 0);
  }
  const bool open = die->first != 0 || list.n != 0 || inner || has_calls(f, die);
  const uint8_t *expr = NULL;
  uint32_t n = 0;
  if (own && shape->plain && (die->func | die->ranges | die->global) == 0 && !die->abstract &&
      (tag != KILN_DW_TAG_subprogram || !die->first) &&
      (die->var == 0 || only_location(d, die->var, &expr, &n))) {
    if (expr != NULL) KN_DWARF_CHECK(location, d, i, expr, n);
    kn_dwarf_put_plain(f, i, open, 0, expr, n);
  } else {
    kn_dwarf_fields_of(f, i);
    if (die->of != i && tag == KILN_DW_TAG_subprogram && die->func == 0)
      tag = KILN_DW_TAG_inlined_subroutine;
    kn_dwarf_put_entry(f, tag, open);
  }
  die->offset = f->start;
  if (KN_UNLIKELY(f->names)) kn_dwarf_note_name(f, i, 0);
  if (list.n != 0) parameters(f, &list, shape->list->kind == KN_DA_TYPED && !shape->declares);
  if (inner) in_place(f, i, 0);
  return open;
}

/* Is entry i, within variant part `in` (0: in none), written in a DW_TAG_variant? */
static inline bool is_variant(const struct kn_dwarf *d, uint32_t i, uint32_t in) {
  return in != 0 && kn_dwarf_entry(d, i)->tag == KILN_DW_TAG_member &&
         kn_dwarf_ref(d, in, KILN_DW_AT_discr) != i;
}

/* The entry whose children are being written, if it is a variant part; else 0. */
static uint32_t variant_part(const struct kn_dwarf_fields *f) {
  uint32_t in = f->stack.n ? f->stack.at[f->stack.n - 1] : 0;
  return in && kn_dwarf_entry(f->d, in)->tag == KILN_DW_TAG_variant_part ? in : 0;
}

void kn_dwarf_begin_unit(struct kn_dwarf *d, unsigned type, unsigned abbrevs) {
  const bool v5 = d->version >= 5;
  const uint8_t head[8] = {[4] = (uint8_t)d->version, [6] = (uint8_t)type, [7] = 8};
  kn_dwarf_put(d, KN_DS_INFO, head, v5 ? 8 : 6);
  if (d->dwo) kn_dwarf_put(d, KN_DS_INFO, NULL, 4); /* the file has one contribution alone */
  else kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_DEBUG | abbrevs, 0);
  if (!v5) kn_dwarf_put(d, KN_DS_INFO, head + 7, 1);
}

static void write_unit(struct kn_dwarf_fields *f, uint32_t unit) {
  static const uint64_t c = KN_LANG(C89) | KN_LANG(C) | KN_LANG(C99) | KN_LANG(ObjC) |
                            KN_LANG(C11) | KN_LANG(C17) | KN_LANG(C23);
  struct kn_dwarf *d = f->d;
  struct kn_dwarf_unit *u = &d->units.at[unit];
  f->unit = d->current = unit + 1;
  f->c = kn_dwarf_is_in(c, u->language);
  f->lines_only = u->lines_only;
  f->names = u->names;
  u->names_first = d->names.n;
  u->start = u->in_object = d->out[KN_DS_INFO].bytes.n;
  kn_dwarf_line_begin(d, unit);
  kn_dwarf_begin_unit(d, d->split ? KILN_DW_UT_split_compile : KILN_DW_UT_compile, KN_DS_ABBREV);
  u->id_at = d->out[KN_DS_INFO].bytes.n;
  if (d->version >= 5 && d->split) kn_dwarf_put(d, KN_DS_INFO, NULL, 8);
  f->stack.n = 0;
  for (uint32_t i = u->die, part = 0; kn_dwarf_ok(d);) {
    if (is_variant(d, i, part)) {
      kn_dwarf_variant_fields(f, i, part);
      kn_dwarf_put_entry(f, KILN_DW_TAG_variant, true);
    }
    const bool open = entry(f, i);
    if (d->dies.at[i].first && KN_PUSH(d->m, f->stack, i)) {
      part = variant_part(f);
      i = d->dies.at[i].first;
      continue;
    }
    if (open) end_entry(f, i);
    for (;;) { /* i is complete */
      if (is_variant(d, i, part)) end_children(d);
      if (f->stack.n == 0 || d->dies.at[i].next != 0) break;
      i = f->stack.at[--f->stack.n];
      part = variant_part(f);
      end_entry(f, i);
    }
    if (f->stack.n == 0) break;
    i = d->dies.at[i].next;
  }
  u->names_end = d->names.n;
  kn_dwarf_end_length(d, KN_DS_INFO, u->start);
  kn_dwarf_line(d, unit);
}

static void patch(struct kn_dwarf *d) {
  for (uint32_t k = 0; k < d->patches.n; k++) {
    const struct kn_dwarf_patch *p = &d->patches.at[k];
    const struct kn_dwarf_die *to = &d->dies.at[p->to];
    if (p->at >> 31) d->out[KN_DS_INFO].relocs.at[p->at & INT32_MAX].addend = to->offset;
    else
      kn_put32(d->out[KN_DS_INFO].bytes.at + p->at, to->offset - d->units.at[to->unit - 1].start);
  }
  const struct kn_dwarf_buffer *lists = &d->out[d->version < 5 ? KN_DS_LOC : KN_DS_LOCLISTS];
  for (uint32_t k = 0; k < d->pointers.n; k++)
    lists->relocs.at[d->pointers.at[k].at & INT32_MAX].addend =
      d->dies.at[d->pointers.at[k].to].offset;
}

/* ---- headers of the other sections of DWARF 5 ---- */

static void begin_sections(struct kn_dwarf *d) {
  if (d->version < 5) return;
  kn_dwarf_put_number(d, KN_DS_STR_OFFSETS, UINT64_C(5) << 32, KN_STR_OFFSETS_BASE);
  kn_dwarf_put_number(d, KN_DS_ADDR, UINT64_C(0x80005) << 32, KN_ADDR_BASE); /* 8 bytes each */
}

void kn_dwarf_end_lists(struct kn_dwarf *d, unsigned section) {
  struct kn_dwarf_buffer *b = &d->out[section];
  const uint32_t n = b->lists.n, head = KN_LISTS_BASE + 4 * n;
  if (!kn_dwarf_insert(d, section, 0, head, 0)) return;
  uint8_t *p = b->bytes.at;
  kn_put32(p + 4, 5 | 8 << 16);
  kn_put32(p + 8, n);
  for (uint32_t k = 0; k < n; k++) kn_put32(p + KN_LISTS_BASE + 4 * k, 4 * n + b->lists.at[k]);
  kn_dwarf_end_length(d, section, 0);
}

/* Will there be lists of ranges? */
static bool needs_ranges(const struct kn_dwarf *d) {
  for (uint32_t u = 0; u < d->units.n && !d->split; u++)
    if (d->units.at[u].n_funcs != 0 && !d->units.at[u].one_stretch) return true;
  for (uint32_t i = 0; i < d->scopes.n; i++)
    if (d->scopes.at[i].first != d->scopes.at[i].last && d->dies.at[d->scopes.at[i].node].unit != 0)
      return true;
  return false;
}

/* Lengths; the lists get their header and their table of offsets in front. */
static void end_sections(struct kn_dwarf *d) {
  kn_dwarf_put(d, KN_DS_ABBREV, NULL, 1);
  if (d->version < 5) return;
  kn_dwarf_end_length(d, KN_DS_STR_OFFSETS, 0);
  kn_dwarf_end_length(d, KN_DS_ADDR, 0);
  if (d->has_ranges) kn_dwarf_end_lists(d, KN_DS_RNGLISTS);
  if (d->has_lists) kn_dwarf_end_lists(d, KN_DS_LOCLISTS);
}

void kn_dwarf_info(struct kn_dwarf *d) {
  struct kn_dwarf_fields f = {.d = d};
  d->func_addr = kn_dwarf_zeros(d, d->image->n_funcs);
  d->file_of = kn_dwarf_zeros(d, d->dies.n);
  d->dwo = d->split;
  d->has_ranges = needs_ranges(d);
  begin_sections(d);
  for (uint32_t u = 0; u < d->units.n && kn_dwarf_ok(d); u++)
    if (!d->units.at[u].empty) write_unit(&f, u);
  KN_DWARF_CHECK(end, d);
  if (kn_dwarf_ok(d)) patch(d);
  if (kn_dwarf_ok(d) && d->split) kn_dwarf_skeletons(&f);
  if (kn_dwarf_ok(d)) kn_dwarf_names(d);
  if (d->m->options.aranges) kn_dwarf_aranges(d);
  end_sections(d);
  kn_realloc(d->m, f.stack.at, 0);
}
