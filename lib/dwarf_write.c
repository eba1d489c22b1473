/* Writes .debug_info and what it refers to: abbreviations, strings, addresses, ranges. One pass over the tree of each
 * unit; references to entries are filled in at the end. Called by lib/dwarf.c. Tags, attributes, forms: DWARF 5,
 * 7.5 and appendix A; DWARF 4 has other forms for strings, addresses and ranges. */
#include "lib/dwarf.h"
#include "lib/dwarf_names.h"

/* ---- abbreviations ---- */

/* Writes the abbreviation of a sequence that is complete, a new one; its number, 0 without memory. */
static uint32_t new_abbreviation(struct kn_dwarf *d, uint32_t end) {
  struct kn_trie_node *at = d->abbrevs.at;
  uint32_t n = 0, what = at[end].key & ~KN_ABBREV_END;
  for (uint32_t k = at[end].up; k; k = at[k].up) n++;
  uint32_t *keys = kn_realloc(d->m, NULL, (n + (size_t)1) * sizeof *keys);
  uint8_t *p = kn_dwarf_space(d, KN_DS_ABBREV, 32 + (size_t)n * 10);
  if (keys == NULL || p == NULL) {
    kn_realloc(d->m, keys, 0);
    return 0;
  }
  for (uint32_t k = at[end].up, i = n; k; k = at[k].up) keys[--i] = at[k].key;
  p = kn_put_uleb(p, at[end].is = ++d->n_abbrevs);
  p = kn_put_uleb(p, what >> 1);
  *p++ = what & 1;
  for (uint32_t k = 0; k < n; k++) {
    unsigned form = keys[k] & 0xffff;
    p = kn_put_uleb(p, keys[k] >> 16);
    p = kn_put_uleb(p, form);
    if (form == FORM_IMPLICIT_CONST) *p++ = 1; /* DW_INL_inlined: the only one */
  }
  *p++ = 0;
  *p++ = 0;
  kn_dwarf_done(d, KN_DS_ABBREV, p);
  kn_realloc(d->m, keys, 0);
  return d->n_abbrevs;
}

/* Number of the abbreviation of the entry whose attributes are written; 0 without memory. */
static inline uint32_t abbreviation(struct kn_dwarf_fields *f, unsigned tag, bool children) {
  struct kn_dwarf *d = f->d;
  uint32_t end = kn_trie_step(d->m, &d->abbrevs, f->abbrev, KN_ABBREV_END | tag << 1 | children);
  if (end == 0) return 0;
  return KN_LIKELY(d->abbrevs.at[end].is) ? d->abbrevs.at[end].is : new_abbreviation(d, end);
}

/* Makes space for a number of `n` bytes where there is one of one byte. */
static bool widen(struct kn_dwarf_fields *f, uint32_t n) {
  struct kn_dwarf *d = f->d;
  struct kn_dwarf_buffer *b = &d->out[KN_DS_INFO];
  uint32_t more = n - 1, at = f->start + 1;
  if (kn_dwarf_space(d, KN_DS_INFO, more) == NULL) return false;
  memmove(b->bytes.at + at + more, b->bytes.at + at, b->bytes.n - at);
  b->bytes.n += more;
  for (uint32_t i = f->reloc_first; i < b->relocs.n; i++) b->relocs.at[i].offset += more;
  for (uint32_t i = f->patch_first; i < d->patches.n; i++)
    if (!(d->patches.at[i].at >> 31)) d->patches.at[i].at += more;
  return true;
}

/* Completes the entry whose attributes are written. */
static bool put_entry(struct kn_dwarf_fields *f, unsigned tag, bool children) {
  uint32_t number = f->failed ? 0 : abbreviation(f, tag, children);
  if (number == 0) return false;
  if (number > 0x7f && !widen(f, 2 + (number > 0x3fff) + (number > 0x1fffff))) return false;
  kn_put_uleb(f->d->out[KN_DS_INFO].bytes.at + f->start, number);
  return true;
}

/* ---- entries ---- */

/* The parameters of a type of functions, or of a declaration of a function: children. `count` alone: how many. */
static bool parameters(struct kn_dwarf_fields *f, uint32_t i, bool count, uint32_t *n) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  uint32_t of;
  *n = 0;
  if (v.shape->list == NULL) return true;
  const struct kn_die *list = kn_dwarf_signature(d, &v, v.shape->list, &of);
  bool declaration = v.shape->declares, typed = v.shape->list->kind == KN_DA_TYPED;
  if (list == NULL || list->parent < 2) return true;
  if (typed && !declaration) { /* its parameters are variables */
    *n = d->dies[i].func && kn_dwarf_set(d, of)->items.at[list->first + list->parent - 1] == 0;
    if (count || *n == 0) return true;
    kn_dwarf_open(f);
    return put_entry(f, TAG_UNSPECIFIED_PARAMETERS, false);
  }
  *n = list->parent - 1;
  if (count) return true;
  const uint32_t *items = kn_dwarf_set(d, of)->items.at + list->first;
  for (uint32_t k = 1; k < list->parent; k++) {
    uint32_t type = kn_dwarf_index(d, of, items[k]);
    kn_dwarf_open(f);
    kn_dwarf_add_ref(f, AT_TYPE, type);
    if (type && kn_dwarf_view(d, type).shape->artificial)
      kn_dwarf_add(f, AT_ARTIFICIAL, FORM_FLAG_PRESENT, 0);
    if (!put_entry(f, items[k] ? TAG_FORMAL_PARAMETER : TAG_UNSPECIFIED_PARAMETERS, false))
      return false;
  }
  return true;
}

static bool end_children(struct kn_dwarf *d) {
  uint8_t *p = kn_dwarf_space(d, KN_DS_INFO, 1);
  if (p == NULL) return false;
  *p++ = 0;
  kn_dwarf_done(d, KN_DS_INFO, p);
  return true;
}

/* The members of an entry's lists that are written in it; *n: not 0 if there are any. `count`: looks for that alone.
 * They may have such members in turn (packs of template parameters). */
static bool in_place(struct kn_dwarf_fields *f, uint32_t i, bool count, uint32_t *n,
                     unsigned depth) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  *n = 0;
  if (!(v.shape->kinds & 1u << KN_DA_CHILDREN)) return true;
  for (uint32_t k = 0; k < v.shape->n_refs; k++) {
    const struct kn_dwarf_item *a = &v.shape->refs[k];
    uint32_t to = a->kind == KN_DA_CHILDREN ? kn_dwarf_to(d, &v, a) : 0;
    if (to == 0 || kn_dwarf_entry(d, to)->tag != KILN_TAG_LIST) continue;
    const struct kn_die *list = kn_dwarf_entry(d, to);
    const struct kiln_debug *s = kn_dwarf_set(d, d->dies[to].set);
    for (uint32_t m = 0; m < list->parent; m++) {
      uint32_t child = kn_dwarf_index(d, d->dies[to].set, s->items.at[list->first + m]), own = 0;
      if (child == 0 || !kn_dwarf_in_place(kn_dwarf_entry(d, child))) continue;
      ++*n;
      if (count) return true;
      if (depth < KN_DWARF_PACKS && !in_place(f, child, true, &own, depth + 1)) return false;
      kn_dwarf_fields_in(f, child, i);
      if (!put_entry(f, kn_dwarf_entry(d, child)->tag, own != 0)) return false;
      if (own && (!in_place(f, child, false, &own, depth + 1) || !end_children(d))) return false;
    }
  }
  return true;
}

/* The kinds of attributes that give an entry children. */
#define CHILDREN (1u << KN_DA_CHILDREN | 1u << KN_DA_SIGNATURE | 1u << KN_DA_TYPED)

/* Writes entry i without its children; *open: it has some. */
static bool entry(struct kn_dwarf_fields *f, uint32_t i, bool *open) {
  struct kn_dwarf *d = f->d;
  bool instance = d->dies[i].of != i, by_name;
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  unsigned tag = v.e->tag;
  uint32_t n = 0, m = 0;
  if (!kn_dwarf_fields_of(f, i)) return false;
  d->dies[i].offset = f->start;
  by_name = tag == TAG_SUBPROGRAM && d->units.at[f->unit - 1].lines_only;
  if (!instance && !by_name && (v.shape->kinds & CHILDREN) &&
      (!parameters(f, i, true, &n) || !in_place(f, i, true, &m, 0)))
    return false;
  *open = d->dies[i].first != 0 || n != 0 || m != 0;
  if (instance && tag == TAG_SUBPROGRAM && d->dies[i].func == 0) tag = TAG_INLINED_SUBROUTINE;
  return put_entry(f, tag, *open) && (n == 0 || parameters(f, i, false, &n)) &&
         (m == 0 || in_place(f, i, false, &m, 0));
}

/* Is entry i, within variant part `in` (0: in none), written in a DW_TAG_variant? */
static inline bool is_variant(const struct kn_dwarf *d, uint32_t i, uint32_t in) {
  return in != 0 && kn_dwarf_entry(d, i)->tag == TAG_MEMBER && kn_dwarf_ref(d, in, AT_DISCR) != i;
}

/* The entry whose children are being written, if it is a variant part; else 0. */
static uint32_t variant_part(const struct kn_dwarf_fields *f) {
  uint32_t in = f->stack.n ? f->stack.at[f->stack.n - 1] : 0;
  return in && kn_dwarf_entry(f->d, in)->tag == TAG_VARIANT_PART ? in : 0;
}

static bool write_unit(struct kn_dwarf_fields *f, uint32_t unit) {
  struct kn_dwarf *d = f->d;
  f->unit = d->current = unit + 1;
  d->units.at[unit].one_stretch = d->units.at[unit].same_section && d->units.n == 1;
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
  for (uint32_t i = d->units.at[unit].die, part = 0;;) {
    bool open;
    if (is_variant(d, i, part)) {
      kn_dwarf_variant_fields(f, i, part);
      if (!put_entry(f, TAG_VARIANT, true)) return false;
    }
    if (!entry(f, i, &open)) return false;
    if (d->dies[i].first) {
      if (!KN_DW_PUSH(d, f->stack, i)) return false;
      part = variant_part(f);
      i = d->dies[i].first;
      continue;
    }
    if (open && !end_children(d)) return false;
    for (;;) { /* i is complete */
      if (is_variant(d, i, part) && !end_children(d)) return false;
      if (f->stack.n == 0 || d->dies[i].next != 0) break;
      i = f->stack.at[--f->stack.n];
      part = variant_part(f);
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
  uint8_t *p = kn_dwarf_space(d, KN_DS_STR_OFFSETS, KN_STR_OFFSETS_BASE);
  if (p == NULL) return false;
  kn_put32(p + 4, 5);
  d->out[KN_DS_STR_OFFSETS].bytes.n = KN_STR_OFFSETS_BASE;
  if ((p = kn_dwarf_space(d, KN_DS_ADDR, KN_ADDR_BASE)) == NULL) return false;
  kn_put32(p + 4, 5 | 8 << 16);
  d->out[KN_DS_ADDR].bytes.n = KN_ADDR_BASE;
  return true;
}

/* Puts the header and the table of offsets in front of n lists. */
static bool end_lists(struct kn_dwarf *d, unsigned section, const uint32_t *at, uint32_t n) {
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
  return end_lists(d, KN_DS_RNGLISTS, d->list_at.at, d->list_at.n) &&
         (!d->has_lists || end_lists(d, KN_DS_LOCLISTS, d->loc_list_at.at, d->loc_list_at.n));
}

bool kn_dwarf_info(struct kn_dwarf *d) {
  struct kn_dwarf_fields f = {.d = d};
  d->func_addr = kn_realloc(d->m, NULL, (d->e->n_funcs + 1) * sizeof *d->func_addr);
  d->file_of = kn_realloc(d->m, NULL, (size_t)d->n_dies * sizeof *d->file_of);
  bool ok = d->func_addr != NULL && d->file_of != NULL && begin_sections(d);
  if (ok) memset(d->func_addr, 0, (d->e->n_funcs + 1) * sizeof *d->func_addr);
  for (uint32_t u = 0; ok && u < d->units.n; u++) ok = write_unit(&f, u);
  kn_realloc(d->m, f.stack.at, 0);
  if (!ok) return false;
  patch(d);
  return (!d->m->options.aranges || kn_dwarf_aranges(d)) && end_sections(d);
}
