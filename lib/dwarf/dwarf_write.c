/* Writes .debug_info and what it refers to: abbreviations, strings, addresses, ranges. One pass over the tree of each
 * unit; references to entries are filled in at the end. Called by lib/dwarf/dwarf.c. Tags, attributes, forms: DWARF 5,
 * 7.5 and appendix A; DWARF 4 has other forms for strings, addresses and ranges. */
#include "lib/dwarf/dwarf_writer.h"

/* ---- entries ---- */

/* The list of the result and parameters of a type of functions, or of a declaration of a function, whose parameters are
 * children; NULL: there are none. *of: the set of its items. */
static const struct kn_die *signature(const struct kn_dwarf *d, const struct kn_dwarf_view *v,
                                      bool has_code, uint32_t *of) {
  const struct kn_die *list = kn_dwarf_signature(d, v, v->shape->list, of);
  if (list == NULL || list->parent < 2) return NULL;
  if (v->shape->list->kind == KN_DA_SIGNATURE || v->shape->declares) return list;
  /* the parameters of a definition are variables */
  bool more = has_code && kn_dwarf_set(d, *of)->items.at[list->first + list->parent - 1] == 0;
  return more ? list : NULL;
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
static bool parameters(struct kn_dwarf_fields *f, const struct kn_die *list, uint32_t of,
                       bool last) {
  struct kn_dwarf *d = f->d;
  const uint32_t *items = kn_dwarf_set(d, of)->items.at + list->first;
  for (uint32_t k = last ? list->parent - 1 : 1; k < list->parent; k++) {
    uint32_t type = kn_dwarf_index(d, of, items[k]);
    bool artificial = type && kn_dwarf_view(d, type).shape->artificial;
    if (known_parameter(f, type, artificial)) continue;
    kn_dwarf_begin(f);
    kn_dwarf_add_ref(f, KILN_DW_AT_type, type);
    if (artificial) kn_dwarf_add(f, KILN_DW_AT_artificial, KILN_DW_FORM_flag_present, 0);
    uint32_t number = kn_dwarf_put_entry(
      f, items[k] ? KILN_DW_TAG_formal_parameter : KILN_DW_TAG_unspecified_parameters, false);
    if (number == 0) return false;
    if (type && d->dies.at[type].unit == f->unit) f->parameter[artificial] = number;
  }
  return true;
}

static bool end_children(struct kn_dwarf *d) { return kn_dwarf_put(d, KN_DS_INFO, NULL, 1); }

/* Writes the members of an entry's lists that are written in it. They may have such members in turn (packs of template
 * parameters). */
static bool in_place(struct kn_dwarf_fields *f, uint32_t i, unsigned depth) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  for (uint32_t k = 0; k < v.shape->n_refs; k++) {
    const struct kn_dwarf_item *a = &v.shape->refs[k];
    uint32_t to = a->kind == KN_DA_CHILDREN ? kn_dwarf_to(d, &v, a) : 0;
    if (to == 0 || kn_dwarf_entry(d, to)->tag != KILN_DIE_TAG_LIST) continue;
    const struct kn_die *list = kn_dwarf_entry(d, to);
    const uint32_t *items = kn_dwarf_set(d, d->dies.at[to].set)->items.at + list->first;
    for (uint32_t m = 0; m < list->parent; m++) {
      uint32_t child = kn_dwarf_index(d, d->dies.at[to].set, items[m]);
      if (child == 0 || !kn_dwarf_in_place(kn_dwarf_entry(d, child))) continue;
      bool own = d->dies.at[child].inner && depth < KN_DWARF_PACKS;
      uint32_t in = kn_dwarf_entry(d, child)->tag == KILN_DW_TAG_enumerator ? i : 0;
      if (!kn_dwarf_put_plain(f, child, own, in, NULL, 0)) return false;
      if (KN_UNLIKELY(f->names) && !kn_dwarf_note_name(f, child, in)) return false;
      if (own && (!in_place(f, child, depth + 1) || !end_children(d))) return false;
    }
  }
  return true;
}

/* Where a variable is that has one location for all of its scope; false: it is not so simple. */
static bool only_location(const struct kn_dwarf *d, uint32_t number, const uint8_t **expr,
                          uint32_t *n) {
  const struct kn_dwarf_var *v = &d->vars.at[number - 1];
  const struct kn_output *o = kn_image_output(d->image, v->session);
  const struct kn_code_var *c = &o->vars.at[v->index];
  if (c->n == UINT32_MAX || c->n == 0 || c->to != 0 || c->part_bits != 0) return false;
  *expr = o->exprs.at + c->expr;
  *n = c->n;
  return true;
}

/* Does the entry have those of calls? They are behind its other children. */
static inline bool has_calls(const struct kn_dwarf_fields *f, const struct kn_dwarf_die *die) {
  uint32_t n = 0;
  if (KN_LIKELY(!f->calls) || die->func == 0 || !kn_dwarf_shape(f->d, die)->calls) return false;
  kn_dwarf_calls(f->d, die->func - 1, &n);
  return n != 0;
}

/* Ends the children of entry i. */
static inline bool end_entry(struct kn_dwarf_fields *f, uint32_t i) {
  const struct kn_dwarf_die *die = &f->d->dies.at[i];
  if (KN_UNLIKELY(f->calls) && has_calls(f, die) && !kn_dwarf_put_calls(f, die->func - 1))
    return false;
  return end_children(f->d);
}

/* Writes entry i without its children in the tree; *open: it has some. */
static bool entry(struct kn_dwarf_fields *f, uint32_t i, bool *open) {
  struct kn_dwarf *d = f->d;
  struct kn_dwarf_die *die = &d->dies.at[i];
  const struct kn_dwarf_shape *shape = kn_dwarf_shape(d, die);
  unsigned tag = die->source.tag;
  const struct kn_die *list = NULL;
  uint32_t of = 0;
  bool own = die->of == i && !(f->lines_only && tag == KILN_DW_TAG_subprogram),
       inner = own && die->inner;
  if (shape->list != NULL && own) {
    const struct kn_dwarf_view v = kn_dwarf_view(d, i);
    list = signature(d, &v, die->func != 0, &of);
  }
  *open = die->first != 0 || list != NULL || inner || has_calls(f, die);
  const uint8_t *expr = NULL;
  uint32_t n = 0;
  bool plain = (die->func | die->ranges | die->global) == 0 && !die->abstract &&
               (tag != KILN_DW_TAG_subprogram || !die->first) &&
               (die->var == 0 || only_location(d, die->var, &expr, &n));
  if (plain && own && shape->plain) {
    if (!kn_dwarf_put_plain(f, i, *open, 0, expr, n)) return false;
    die->offset = f->start;
  } else if (plain && die->of != i && expr != NULL && d->dies.at[die->of].unit == f->unit) {
    if (!kn_dwarf_put_instance(f, i, *open, expr, n)) return false;
    die->offset = f->start;
  } else {
    if (!kn_dwarf_fields_of(f, i)) return false;
    die->offset = f->start;
    if (die->of != i && tag == KILN_DW_TAG_subprogram && die->func == 0)
      tag = KILN_DW_TAG_inlined_subroutine;
    if (!kn_dwarf_put_entry(f, tag, *open)) return false;
  }
  if (KN_UNLIKELY(f->names) && !kn_dwarf_note_name(f, i, 0)) return false;
  if (list != NULL) {
    bool last = shape->list->kind == KN_DA_TYPED && !shape->declares;
    if (!parameters(f, list, of, last)) return false;
  }
  return !inner || in_place(f, i, 0);
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

static bool write_unit(struct kn_dwarf_fields *f, uint32_t unit) {
  struct kn_dwarf *d = f->d;
  f->unit = d->current = unit + 1;
  f->c = kn_dwarf_is_c(d->units.at[unit].language);
  f->lines_only = d->units.at[unit].lines_only;
  f->names = kn_dwarf_wants_names(d, unit);
  d->units.at[unit].names_first = d->names.n;
  d->units.at[unit].one_stretch = d->units.at[unit].same_section && d->n_units == 1;
  if (!kn_dwarf_line_begin(d, unit)) return false;
  uint32_t start = d->out[KN_DS_INFO].bytes.n;
  d->units.at[unit].start = start;
  const uint8_t head[8] = {[4] = (uint8_t)d->version,
                           [6] = d->split ? KILN_DW_UT_split_compile : KILN_DW_UT_compile,
                           [7] = 8};
  if (!kn_dwarf_put(d, KN_DS_INFO, head, d->version >= 5 ? 8 : 6) ||
      !kn_dwarf_relocated(d, KN_DS_INFO, KN_DR_DEBUG | KN_DS_ABBREV, 0, false, false))
    return false;
  if (d->split) d->out[KN_DS_INFO].relocs.n = 0; /* the file has one contribution alone */
  if (d->version < 5 && !kn_dwarf_put(d, KN_DS_INFO, head + 7, 1)) return false;
  d->units.at[unit].id_at = d->out[KN_DS_INFO].bytes.n;
  if (d->version >= 5 && d->split && !kn_dwarf_put(d, KN_DS_INFO, NULL, 8)) return false;
  f->stack.n = 0;
  for (uint32_t i = d->units.at[unit].die, part = 0;;) {
    bool open;
    if (is_variant(d, i, part)) {
      kn_dwarf_variant_fields(f, i, part);
      if (!kn_dwarf_put_entry(f, KILN_DW_TAG_variant, true)) return false;
    }
    if (!entry(f, i, &open)) return false;
    if (d->dies.at[i].first) {
      if (!KN_PUSH(d->m, f->stack, i)) return false;
      part = variant_part(f);
      i = d->dies.at[i].first;
      continue;
    }
    if (open && !end_entry(f, i)) return false;
    for (;;) { /* i is complete */
      if (is_variant(d, i, part) && !end_children(d)) return false;
      if (f->stack.n == 0 || d->dies.at[i].next != 0) break;
      i = f->stack.at[--f->stack.n];
      part = variant_part(f);
      if (!end_entry(f, i)) return false;
    }
    if (f->stack.n == 0) break;
    i = d->dies.at[i].next;
  }
  d->units.at[unit].names_end = d->names.n;
  kn_put32(d->out[KN_DS_INFO].bytes.at + start, d->out[KN_DS_INFO].bytes.n - start - 4);
  return kn_dwarf_line(d, unit);
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

static bool begin_sections(struct kn_dwarf *d) {
  if (d->version < 5) return true;
  static const uint8_t str_offsets[KN_STR_OFFSETS_BASE] = {[4] = 5};
  static const uint8_t addresses[KN_ADDR_BASE] = {[4] = 5, [6] = 8};
  return kn_dwarf_put(d, KN_DS_STR_OFFSETS, str_offsets, sizeof str_offsets) &&
         kn_dwarf_put(d, KN_DS_ADDR, addresses, sizeof addresses);
}

bool kn_dwarf_end_lists(struct kn_dwarf *d, unsigned section, const uint32_t *at, uint32_t n) {
  uint32_t head = KN_LISTS_BASE + 4 * n, size = d->out[section].bytes.n;
  uint8_t *p = kn_dwarf_space(d, section, head);
  if (p == NULL) return false;
  p = d->out[section].bytes.at;
  memmove(p + head, p, size);
  kn_put32(p, size + head - 4);
  kn_put32(p + 4, 5 | 8 << 16);
  kn_put32(p + 8, n);
  for (uint32_t k = 0; k < n; k++) kn_put32(p + KN_LISTS_BASE + 4 * k, 4 * n + at[k]);
  d->out[section].bytes.n = size + head;
  for (uint32_t k = 0; k < d->out[section].relocs.n; k++)
    d->out[section].relocs.at[k].offset += head;
  return true;
}

/* Will there be lists of ranges? */
static bool needs_ranges(const struct kn_dwarf *d) {
  for (uint32_t u = 0; u < d->units.n && !d->split; u++)
    if (d->units.at[u].n_funcs != 0 && (!d->units.at[u].same_section || d->n_units > 1))
      return true;
  for (uint32_t i = 0; i < d->scopes.n; i++)
    if (d->scopes.at[i].first != d->scopes.at[i].last && d->dies.at[d->scopes.at[i].node].unit != 0)
      return true;
  return false;
}

/* Lengths; the range lists get their header and their table of offsets in front. */
static bool end_sections(struct kn_dwarf *d) {
  if (!kn_dwarf_put(d, KN_DS_ABBREV, NULL, 1)) return false;
  if (d->version < 5) return true;
  kn_put32(d->out[KN_DS_STR_OFFSETS].bytes.at, d->out[KN_DS_STR_OFFSETS].bytes.n - 4);
  kn_put32(d->out[KN_DS_ADDR].bytes.at, d->out[KN_DS_ADDR].bytes.n - 4);
  return (!d->has_ranges || kn_dwarf_end_lists(d, KN_DS_RNGLISTS, d->list_at.at, d->list_at.n)) &&
         (!d->has_lists ||
          kn_dwarf_end_lists(d, KN_DS_LOCLISTS, d->loc_list_at.at, d->loc_list_at.n));
}

bool kn_dwarf_info(struct kn_dwarf *d) {
  struct kn_dwarf_fields f = {.d = d, .calls = d->callees != NULL};
  d->func_addr = kn_realloc(d->m, NULL, (d->image->n_funcs + 1) * sizeof *d->func_addr);
  d->file_of = kn_realloc(d->m, NULL, (size_t)d->dies.n * sizeof *d->file_of);
  bool ok = d->func_addr != NULL && d->file_of != NULL && begin_sections(d);
  d->has_ranges = needs_ranges(d);
  if (ok) memset(d->func_addr, 0, (d->image->n_funcs + 1) * sizeof *d->func_addr);
  for (uint32_t u = 0; ok && u < d->units.n; u++) ok = d->units.at[u].empty || write_unit(&f, u);
  kn_realloc(d->m, f.stack.at, 0);
  if (!ok) return false;
  patch(d);
  if ((d->split && !kn_dwarf_skeletons(d)) || !kn_dwarf_names(d)) return false;
  return (!d->m->options.aranges || kn_dwarf_aranges(d)) && end_sections(d);
}
