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
static void give_id(struct kn_dwarf *d, struct kn_dwarf_unit *u, uint64_t hash) {
  uint8_t *info = d->out[KN_DS_INFO].bytes.at;
  uint32_t at = u->id_at;
  if (d->version < 5) /* the number of its abbreviation may take more than a byte */
    for (uint32_t k = d->dies.at[u->die].offset; info[k] & 0x80; k++) at++;
  u->id = kn_mix64(kn_mix64(hash, u->start), 0);
  kn_put64(info + at, u->id);
}

/* ---- the units ---- */

static void add_string(struct kn_dwarf_fields *f, unsigned name, const char *text, size_t n) {
  struct kn_dwarf *d = f->d;
  const uint32_t at = d->out[KN_DS_SKELETON_STR].bytes.n;
  kn_dwarf_put(d, KN_DS_SKELETON_STR, text, n);
  kn_dwarf_put(d, KN_DS_SKELETON_STR, NULL, 1);
  if (d->version < 5) {
    kn_dwarf_add_offset(f, name, KN_DS_SKELETON_STR, at);
    return;
  }
  kn_dwarf_add(f, name, KILN_DW_FORM_strx, d->out[KN_DS_SKELETON_STR_OFFSETS].relocs.n);
  kn_dwarf_relocated(d, KN_DS_SKELETON_STR_OFFSETS, KN_DR_DEBUG | KN_DS_SKELETON_STR, at);
}

static void put_skeleton(struct kn_dwarf_fields *f, uint32_t unit) {
  struct kn_dwarf *d = f->d;
  struct kn_dwarf_unit *u = &d->units.at[unit];
  const uint32_t file = kn_dwarf_unit_file(d, unit), lists = d->out[KN_DS_RNGLISTS].lists.n;
  const bool v5 = d->version >= 5;
  u->in_object = d->out[KN_DS_INFO].bytes.n;
  kn_dwarf_begin_unit(d, KILN_DW_UT_skeleton, KN_DS_SKELETON_ABBREV);
  if (v5) kn_dwarf_put_number(d, KN_DS_INFO, u->id, 8);
  kn_dwarf_begin(f);
  if (!v5) kn_dwarf_add(f, KILN_DW_AT_GNU_dwo_id, KILN_DW_FORM_data8, u->id);
  kn_dwarf_add_offset(f, KILN_DW_AT_stmt_list, KN_DS_LINE, u->line);
  if (v5)
    kn_dwarf_add_offset(f, KILN_DW_AT_str_offsets_base, KN_DS_SKELETON_STR_OFFSETS,
                        KN_STR_OFFSETS_BASE);
  const struct kn_dwarf_text dir =
    file ? kn_dwarf_file_text(d, file).dir : (struct kn_dwarf_text){0};
  if (dir.n) add_string(f, KILN_DW_AT_comp_dir, dir.at, dir.n);
  add_string(f, v5 ? KILN_DW_AT_dwo_name : KILN_DW_AT_GNU_dwo_name, d->m->attrs.dwo_name,
             strlen(d->m->attrs.dwo_name));
  kn_dwarf_add_unit_code(f, unit);
  if (d->out[KN_DS_RNGLISTS].lists.n != lists)
    kn_dwarf_add_offset(f, KILN_DW_AT_rnglists_base, KN_DS_SKELETON_RNGLISTS, KN_LISTS_BASE);
  if (!v5 && d->has_ranges) kn_dwarf_add_offset(f, KILN_DW_AT_GNU_ranges_base, KN_DS_RANGES, 0);
  if (u->names) kn_dwarf_add(f, KILN_DW_AT_GNU_pubnames, KILN_DW_FORM_flag_present, 0);
  if (d->n_addrs != 0)
    kn_dwarf_add_offset(f, v5 ? KILN_DW_AT_addr_base : KILN_DW_AT_GNU_addr_base, KN_DS_ADDR,
                        v5 ? KN_ADDR_BASE : 0);
  kn_dwarf_put_entry(f, v5 ? KILN_DW_TAG_skeleton_unit : KILN_DW_TAG_compile_unit, false);
  kn_dwarf_end_length(d, KN_DS_INFO, u->in_object);
}

/* Exchanges the sections of the .dwo file with those of the object that are written in the same way. */
static void exchange(struct kn_dwarf *d) {
  static const uint8_t pairs[][2] = {{KN_DS_INFO, KN_DS_SKELETON_INFO},
                                     {KN_DS_ABBREV, KN_DS_SKELETON_ABBREV},
                                     {KN_DS_RNGLISTS, KN_DS_SKELETON_RNGLISTS}};
  for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
    KN_SWAP(d->out[pairs[k][0]], d->out[pairs[k][1]]);
}

void kn_dwarf_skeletons(struct kn_dwarf_fields *f) {
  struct kn_dwarf *d = f->d;
  const uint64_t hash = hash_file(d);
  for (uint32_t u = 0; u < d->units.n; u++)
    if (!d->units.at[u].empty) give_id(d, &d->units.at[u], hash);
  exchange(d);
  d->dwo = false;
  d->n_abbrevs = 0;
  if (d->version >= 5)
    kn_dwarf_put_number(d, KN_DS_SKELETON_STR_OFFSETS, UINT64_C(5) << 32, KN_STR_OFFSETS_BASE);
  for (uint32_t u = 0; u < d->units.n; u++)
    if (!d->units.at[u].empty) put_skeleton(f, u);
  kn_dwarf_put(d, KN_DS_ABBREV, NULL, 1);
  if (d->version >= 5) kn_dwarf_end_length(d, KN_DS_SKELETON_STR_OFFSETS, 0);
  if (d->out[KN_DS_RNGLISTS].lists.n != 0) kn_dwarf_end_lists(d, KN_DS_RNGLISTS);
  exchange(d);
}
