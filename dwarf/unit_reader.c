/* What compilation units say of themselves: the first entry of each, DWARF 2 to 5. Its line table's
 * offset leads from there to the names that a line table of before version 5 lacks. */
#include "line_reader.h"

#include <kiln/dwarf.h>

/* A value that is not a string: passes over it; its number, if it is one. */
static uint64_t value(struct kn_dwarf_reader *r, uint64_t form, unsigned offset_size,
                      unsigned address_size, unsigned version) {
  uint64_t n;
  switch (form) {
  case KILN_DW_FORM_flag_present: return 1;
  case KILN_DW_FORM_flag:
  case KILN_DW_FORM_data1:
  case KILN_DW_FORM_ref1:
  case KILN_DW_FORM_strx1:
  case KILN_DW_FORM_addrx1: return kn_dwarf_get(r, 1);
  case KILN_DW_FORM_data2:
  case KILN_DW_FORM_ref2:
  case KILN_DW_FORM_strx2:
  case KILN_DW_FORM_addrx2: return kn_dwarf_get(r, 2);
  case KILN_DW_FORM_strx3:
  case KILN_DW_FORM_addrx3: return kn_dwarf_get(r, 3);
  case KILN_DW_FORM_data4:
  case KILN_DW_FORM_ref4:
  case KILN_DW_FORM_strx4:
  case KILN_DW_FORM_addrx4: return kn_dwarf_get(r, 4);
  case KILN_DW_FORM_data8:
  case KILN_DW_FORM_ref8:
  case KILN_DW_FORM_ref_sig8: return kn_dwarf_get(r, 8);
  case KILN_DW_FORM_data16: return kn_dwarf_get(r, 16);
  case KILN_DW_FORM_addr: return kn_dwarf_get(r, address_size);
  case KILN_DW_FORM_ref_addr: return kn_dwarf_get(r, version < 3 ? address_size : offset_size);
  case KILN_DW_FORM_sec_offset: return kn_dwarf_get(r, offset_size);
  case KILN_DW_FORM_sdata: return (uint64_t)kn_dwarf_sleb(r);
  case KILN_DW_FORM_udata:
  case KILN_DW_FORM_ref_udata:
  case KILN_DW_FORM_strx:
  case KILN_DW_FORM_addrx:
  case KILN_DW_FORM_rnglistx:
  case KILN_DW_FORM_loclistx: return kn_dwarf_uleb(r);
  case KILN_DW_FORM_block1: n = kn_dwarf_get(r, 1); break;
  case KILN_DW_FORM_block2: n = kn_dwarf_get(r, 2); break;
  case KILN_DW_FORM_block4: n = kn_dwarf_get(r, 4); break;
  case KILN_DW_FORM_block:
  case KILN_DW_FORM_exprloc: n = kn_dwarf_uleb(r); break;
  default: r->bad = true; return 0;
  }
  if (n > (uint64_t)(r->end - r->p)) r->bad = true;
  else r->p += n;
  return 0;
}

/* Reads an attribute's name and form; false at the list's end. */
static bool next_attribute(struct kn_dwarf_reader *a, uint64_t *name, uint64_t *form,
                           uint64_t *implicit) {
  *name = kn_dwarf_uleb(a);
  *form = kn_dwarf_uleb(a);
  if (*form == KILN_DW_FORM_implicit_const) *implicit = (uint64_t)kn_dwarf_sleb(a);
  return !a->bad && (*name != 0 || *form != 0);
}

/* Moves to the attributes of abbreviation `code`. */
static bool find_abbreviation(struct kn_dwarf_reader *a, uint64_t code) {
  uint64_t name, form, implicit;
  while (!a->bad) {
    uint64_t at = kn_dwarf_uleb(a);
    if (at == 0) return false;
    kn_dwarf_uleb(a); /* tag */
    kn_dwarf_get(a, 1);
    if (at == code) return !a->bad;
    while (next_attribute(a, &name, &form, &implicit)) {
    }
  }
  return false;
}

static bool read_entry(struct kn_dwarf_reader *r, struct kn_dwarf_reader *a, unsigned offset_size,
                       unsigned address_size, unsigned version, struct kn_unit_info *u) {
  uint64_t name, form, number = 0;
  while (next_attribute(a, &name, &form, &number)) {
    const char *text;
    if (kn_dwarf_string(r, form, offset_size, &text)) {
      if (name == KILN_DW_AT_name) u->name = text;
      else if (name == KILN_DW_AT_comp_dir) u->folder = text;
      else if (name == KILN_DW_AT_producer) u->producer = text;
      continue;
    }
    if (form != KILN_DW_FORM_implicit_const)
      number = value(r, form, offset_size, address_size, version);
    if (r->bad) return false;
    if (name == KILN_DW_AT_language) u->language = number;
    if (name == KILN_DW_AT_stmt_list) u->lines = number, u->has_lines = true;
  }
  return !r->bad && !a->bad;
}

/* `budget`: bytes of abbreviations that may be read yet, since any number of units may share them. */
static bool read_unit(struct kn_dwarf_reader *all, struct kn_unit_info *u, uint64_t *budget) {
  struct kn_dwarf_reader r;
  const struct kn_dwarf_sections *s = all->s;
  unsigned offset_size = kn_dwarf_part(all, &r), address_size;
  if (offset_size == 0) return false;
  unsigned version = (unsigned)kn_dwarf_get(&r, 2);
  uint64_t abbrev;
  if (version < 2 || version > 5) return false;
  if (version >= 5) {
    uint64_t type = kn_dwarf_get(&r, 1);
    address_size = (unsigned)kn_dwarf_get(&r, 1);
    abbrev = kn_dwarf_get(&r, offset_size);
    if (type != KILN_DW_UT_compile) return true;
  } else {
    abbrev = kn_dwarf_get(&r, offset_size);
    address_size = (unsigned)kn_dwarf_get(&r, 1);
  }
  uint64_t code = kn_dwarf_uleb(&r);
  if (r.bad || abbrev > s->abbrev.size || s->abbrev.size == 0) return false;
  struct kn_dwarf_reader a = {
    .s = s, .p = s->abbrev.at + abbrev, .end = s->abbrev.at + s->abbrev.size};
  if (*budget < (uint64_t)(a.end - a.p)) a.end = a.p + *budget;
  const uint8_t *first = a.p;
  bool ok =
    find_abbreviation(&a, code) && read_entry(&r, &a, offset_size, address_size, version, u);
  *budget -= (uint64_t)(a.p - first);
  return ok;
}

bool kn_unit_read(const struct kn_dwarf_sections *s,
                  void (*unit)(void *user, const struct kn_unit_info *u), void *user) {
  if (s->info.size == 0) return true;
  struct kn_dwarf_reader r = {.s = s, .p = s->info.at, .end = s->info.at + s->info.size};
  uint64_t budget = 16 * (uint64_t)(s->info.size + s->abbrev.size);
  bool ok = true;
  while (!r.bad && r.p < r.end) {
    struct kn_unit_info u = {0};
    bool one = read_unit(&r, &u, &budget);
    if (one) unit(user, &u);
    ok &= one;
  }
  return ok && !r.bad;
}
