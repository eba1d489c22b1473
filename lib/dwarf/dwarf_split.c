/* Skeleton units: what an object keeps of a unit whose entries are in a .dwo file (DWARF 5, 3.1.2 and 7.3.2; version 4
 * by GNU's extension of it): its line table, its code, and the name of that file, with a number that both have. Called
 * by lib/dwarf/dwarf_write.c. Invariant: the number follows from what the file contains, so that equal input has equal
 * numbers, and a file of another compilation is not taken for the unit's. */
#include "lib/dwarf/dwarf_writer.h"

/* ---- the numbers ---- */

static uint64_t hash_bytes(uint64_t hash, const uint8_t *p, size_t n) {
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    hash = kn_mix64(hash, word);
  }
  uint64_t rest = n;
  for (; n > 0; n--) rest = rest << 8 | p[n - 1];
  return kn_mix64(hash, rest);
}

/* Of all that the file has. */
static uint64_t hash_file(const struct kn_dwarf *d) {
  static const uint8_t sections[] = {KN_DS_INFO, KN_DS_ABBREV, KN_DS_RNGLISTS, KN_DS_LOCLISTS,
                                     KN_DS_LOC};
  uint64_t hash = 0;
  for (size_t k = 0; k < sizeof sections; k++)
    hash = hash_bytes(hash, d->out[sections[k]].bytes.at, d->out[sections[k]].bytes.n);
  for (uint32_t k = 0; k < d->strs.n; k++)
    hash = hash_bytes(hash, (const uint8_t *)d->strs.at[k].text, d->strs.at[k].n);
  return hash;
}

/* Writes the number of a unit into the unit. */
static uint64_t give_id(struct kn_dwarf *d, const struct kn_dwarf_unit *u, uint64_t hash) {
  uint8_t *info = d->out[KN_DS_INFO].bytes.at;
  uint32_t at = u->id_at;
  if (d->version < 5) /* the number of its abbreviation may take more than a byte */
    for (uint32_t k = d->dies.at[u->die].offset; info[k] & 0x80; k++) at++;
  uint64_t id = kn_mix64(kn_mix64(hash, u->start), 0);
  kn_put64(info + at, id);
  return id;
}

/* ---- the units ---- */

struct skeleton {
  struct kn_dwarf *d;
  uint8_t *abbrev, *info; /* where the next attribute goes: its abbreviation, its value */
};

static void attribute(struct skeleton *s, unsigned name, unsigned form) {
  s->abbrev = kn_put_uleb(kn_put_uleb(s->abbrev, name), form);
}

static bool add_relocated(struct skeleton *s, unsigned name, unsigned form, uint32_t target,
                          int64_t addend) {
  bool wide = form == KILN_DW_FORM_addr;
  attribute(s, name, form);
  kn_dwarf_done(s->d, KN_DS_SKELETON_INFO, s->info);
  if (!kn_dwarf_relocated(s->d, KN_DS_SKELETON_INFO, target, addend, wide, false)) return false;
  s->info = kn_dwarf_space(s->d, KN_DS_SKELETON_INFO, 32);
  return s->info != NULL;
}

/* An offset in a debug section. */
static bool add_offset(struct skeleton *s, unsigned name, unsigned section, uint32_t offset) {
  return add_relocated(s, name, KILN_DW_FORM_sec_offset, KN_DR_DEBUG | section, offset);
}

static bool add_string(struct skeleton *s, unsigned name, const char *text, uint32_t n) {
  struct kn_dwarf *d = s->d;
  uint32_t at = d->out[KN_DS_SKELETON_STR].bytes.n;
  if (!kn_dwarf_put(d, KN_DS_SKELETON_STR, text, n) ||
      !kn_dwarf_put(d, KN_DS_SKELETON_STR, NULL, 1))
    return false;
  if (d->version < 5)
    return add_relocated(s, name, KILN_DW_FORM_strp, KN_DR_DEBUG | KN_DS_SKELETON_STR, at);
  attribute(s, name, KILN_DW_FORM_strx);
  s->info = kn_put_uleb(s->info, d->out[KN_DS_SKELETON_STR_OFFSETS].relocs.n);
  return kn_dwarf_relocated(d, KN_DS_SKELETON_STR_OFFSETS, KN_DR_DEBUG | KN_DS_SKELETON_STR, at,
                            false, false);
}

/* The code of a unit, and what numbers and offsets in its entries count from. */
static bool add_code(struct skeleton *s, uint32_t unit) {
  struct kn_dwarf *d = s->d;
  const struct kn_dwarf_unit *u = &d->units.at[unit];
  bool ok = true, v5 = d->version >= 5;
  if (u->n_funcs != 0 && u->one_stretch && v5) {
    uint32_t address = kn_dwarf_address(d, u->section - 1, (int64_t)u->low);
    attribute(s, KILN_DW_AT_low_pc, KILN_DW_FORM_addrx);
    s->info = kn_put_uleb(s->info, address);
    ok = address != UINT32_MAX;
  } else if (u->n_funcs != 0 && u->one_stretch) {
    ok = add_relocated(s, KILN_DW_AT_low_pc, KILN_DW_FORM_addr, u->section - 1, (int64_t)u->low);
  } else if (u->n_funcs != 0) {
    attribute(s, KILN_DW_AT_low_pc, KILN_DW_FORM_addr); /* ranges count from 0 */
    kn_put64(s->info, 0);
    s->info += 8;
    uint32_t list = kn_dwarf_unit_list(d, unit, &ok);
    if (v5) {
      attribute(s, KILN_DW_AT_ranges, KILN_DW_FORM_rnglistx);
      s->info = kn_put_uleb(s->info, list);
      ok &= add_offset(s, KILN_DW_AT_rnglists_base, KN_DS_SKELETON_RNGLISTS, KN_LISTS_BASE);
    } else {
      ok &= add_offset(s, KILN_DW_AT_ranges, KN_DS_RANGES, list);
    }
  }
  if (ok && u->n_funcs != 0 && u->one_stretch) {
    attribute(s, KILN_DW_AT_high_pc, KILN_DW_FORM_data4);
    kn_put32(s->info, (uint32_t)(u->high - u->low));
    s->info += 4;
  }
  if (ok && !v5 && d->has_ranges) ok = add_offset(s, KILN_DW_AT_GNU_ranges_base, KN_DS_RANGES, 0);
  if (ok && kn_dwarf_wants_names(d, unit))
    attribute(s, KILN_DW_AT_GNU_pubnames, KILN_DW_FORM_flag_present);
  if (ok && d->n_addrs != 0)
    ok = v5 ? add_offset(s, KILN_DW_AT_addr_base, KN_DS_ADDR, KN_ADDR_BASE)
            : add_offset(s, KILN_DW_AT_GNU_addr_base, KN_DS_ADDR, 0);
  return ok;
}

static bool add_names(struct skeleton *s, uint32_t unit) {
  struct kn_dwarf *d = s->d;
  struct kn_dwarf_file file = {0};
  uint32_t die = kn_dwarf_unit_file(d, unit);
  if (die) kn_dwarf_file_text(d, die, &file);
  if (file.dir_n && !add_string(s, KILN_DW_AT_comp_dir, file.dir, file.dir_n)) return false;
  return add_string(s, d->version < 5 ? KILN_DW_AT_GNU_dwo_name : KILN_DW_AT_dwo_name,
                    d->m->dwo_name, (uint32_t)strlen(d->m->dwo_name));
}

/* Begins a unit; its abbreviation has number `number`. */
static bool begin(struct skeleton *s, uint32_t number, uint64_t id) {
  struct kn_dwarf *d = s->d;
  bool v5 = d->version >= 5;
  s->abbrev = kn_dwarf_space(d, KN_DS_SKELETON_ABBREV, 128);
  s->info = kn_dwarf_space(d, KN_DS_SKELETON_INFO, 64);
  if (s->abbrev == NULL || s->info == NULL) return false;
  s->abbrev = kn_put_uleb(s->abbrev, number);
  s->abbrev = kn_put_uleb(s->abbrev, v5 ? KILN_DW_TAG_skeleton_unit : KILN_DW_TAG_compile_unit);
  *s->abbrev++ = 0; /* no children */
  kn_put32(s->info, 0);
  kn_put16(s->info + 4, (uint16_t)d->version);
  s->info += 6;
  if (v5) {
    *s->info++ = KILN_DW_UT_skeleton;
    *s->info++ = 8;
  }
  kn_dwarf_done(d, KN_DS_SKELETON_INFO, s->info);
  if (!kn_dwarf_relocated(d, KN_DS_SKELETON_INFO, KN_DR_DEBUG | KN_DS_SKELETON_ABBREV, 0, false,
                          false) ||
      (s->info = kn_dwarf_space(d, KN_DS_SKELETON_INFO, 32)) == NULL)
    return false;
  if (!v5) *s->info++ = 8;
  if (v5) kn_put64(s->info, id);
  if (v5) s->info += 8;
  s->info = kn_put_uleb(s->info, number);
  if (v5) return true;
  attribute(s, KILN_DW_AT_GNU_dwo_id, KILN_DW_FORM_data8);
  kn_put64(s->info, id);
  s->info += 8;
  return true;
}

static bool put_skeleton(struct kn_dwarf *d, uint32_t unit, uint32_t number, uint64_t id) {
  struct skeleton s = {.d = d};
  struct kn_dwarf_unit *u = &d->units.at[unit];
  u->skeleton = d->out[KN_DS_SKELETON_INFO].bytes.n;
  bool ok = begin(&s, number, id) && add_offset(&s, KILN_DW_AT_stmt_list, KN_DS_LINE, u->line);
  if (ok && d->version >= 5)
    ok =
      add_offset(&s, KILN_DW_AT_str_offsets_base, KN_DS_SKELETON_STR_OFFSETS, KN_STR_OFFSETS_BASE);
  if (!ok || !add_names(&s, unit) || !add_code(&s, unit)) return false;
  *s.abbrev++ = 0;
  *s.abbrev++ = 0;
  kn_dwarf_done(d, KN_DS_SKELETON_ABBREV, s.abbrev);
  kn_dwarf_done(d, KN_DS_SKELETON_INFO, s.info);
  struct kn_dwarf_buffer *b = &d->out[KN_DS_SKELETON_INFO];
  kn_put32(b->bytes.at + u->skeleton, b->bytes.n - u->skeleton - 4);
  return true;
}

bool kn_dwarf_skeletons(struct kn_dwarf *d) {
  struct kn_dwarf_buffer *offsets = &d->out[KN_DS_SKELETON_STR_OFFSETS];
  uint64_t hash = hash_file(d);
  static const uint8_t head[KN_STR_OFFSETS_BASE] = {[4] = 5};
  if (d->version >= 5 && !kn_dwarf_put(d, KN_DS_SKELETON_STR_OFFSETS, head, sizeof head))
    return false;
  for (uint32_t u = 0, number = 1; u < d->units.n; u++)
    if (!d->units.at[u].empty && !put_skeleton(d, u, number++, give_id(d, &d->units.at[u], hash)))
      return false;
  if (!kn_dwarf_put(d, KN_DS_SKELETON_ABBREV, NULL, 1)) return false;
  if (d->version >= 5) kn_put32(offsets->bytes.at, offsets->bytes.n - 4);
  return d->skeleton_list_at.n == 0 ||
         kn_dwarf_end_lists(d, KN_DS_SKELETON_RNGLISTS, d->skeleton_list_at.at,
                            d->skeleton_list_at.n);
}
