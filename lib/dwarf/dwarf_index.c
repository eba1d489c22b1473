/* GNU's index of names: .debug_gnu_pubnames and .debug_gnu_pubtypes, of which linkers make gdb's index. Called by
 * lib/dwarf/dwarf_write.c, which notes entries as it writes them, for units whose entry has DW_AT_GNU_pubnames. Which
 * entries have a name there, and which one, as LLVM's DwarfUnit::addGlobalName and computeIndexValue; the flags are
 * gdb's (the section "Index Section Format" of its manual). */
#include "lib/dwarf/dwarf_writer.h"

/* What an entry is, in bits 4 to 6, and in bit 7 whether other units cannot refer to it. */
enum { TYPE = 1 << 4, VARIABLE = 2 << 4, FUNCTION = 3 << 4, STATIC = 1 << 7 };

/* Entry i is in no function and in no type. */
static bool is_outer(const struct kn_dwarf *d, uint32_t i) {
  uint32_t p = kn_dwarf_parent(d, i);
  if (p == 0) return true;
  unsigned tag = kn_dwarf_entry(d, p)->tag;
  return kn_dwarf_special(tag) || tag == KILN_DW_TAG_compile_unit || tag == KILN_DW_TAG_namespace ||
         tag == KILN_DW_TAG_common_block;
}

static uint8_t linkage(const struct kn_dwarf *d, uint32_t i) {
  struct kn_die_attr a;
  return kn_dwarf_attr(d, kn_dwarf_declaration(d, i), KILN_DW_AT_external, &a) ? 0 : STATIC;
}

void kn_dwarf_note_name(struct kn_dwarf_fields *f, uint32_t i, uint32_t in) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_die *die = &d->dies.at[i];
  struct kn_dwarf_name n = {
    .node = i, .in = in, .offset = f->start - d->units.at[f->unit - 1].start};
  struct kn_die_attr a;
  if (kn_dwarf_shape(d, die)->declares || (die->of != i && !die->func)) return;
  switch (die->source.tag) {
  case KILN_DW_TAG_subprogram:
    if (die->of != i || (!die->func && !die->abstract)) return;
    n.what = FUNCTION | linkage(d, i);
    break;
  case KILN_DW_TAG_variable:
    if (!die->global) return;
    n.what = VARIABLE | linkage(d, i);
    break;
  case KILN_DW_TAG_enumerator:
    if (in == 0 || !is_outer(d, in)) return;
    n.what = VARIABLE | STATIC;
    break;
  case KILN_DW_TAG_namespace: n.what = TYPE; break;
  case KILN_DW_TAG_class_type:
  case KILN_DW_TAG_structure_type:
  case KILN_DW_TAG_union_type:
  case KILN_DW_TAG_enumeration_type:
    n.what = TYPE | (kn_dwarf_is_cpp(d->units.at[f->unit - 1].language) ? 0 : STATIC);
    n.type = true;
    break;
  case KILN_DW_TAG_typedef:
  case KILN_DW_TAG_base_type:
  case KILN_DW_TAG_subrange_type:
  case KILN_DW_TAG_template_alias:
    n.what = TYPE | STATIC;
    n.type = true;
    break;
  default: return;
  }
  if (n.type && (!is_outer(d, i) || !kn_dwarf_attr(d, i, KILN_DW_AT_name, &a))) return;
  (void)KN_PUSH(d->m, d->names, n);
}

/* ---- writing ---- */

static void put_name(struct kn_dwarf *d, unsigned section, const struct kn_dwarf_name *name,
                     bool cpp) {
  const uint32_t i = kn_dwarf_declaration(d, name->node);
  kn_dwarf_put_number(d, section, name->offset | (uint64_t)name->what << 32, 5);
  /* an enumerator belongs to what its type is in */
  const char *text = kn_dwarf_qualified(d, !cpp ? 0 : name->in ? name->in : i, i);
  kn_dwarf_put(d, section, text, d->qualified.n);
  kn_dwarf_put(d, section, NULL, 1);
}

/* One unit's table. */
static void put_table(struct kn_dwarf *d, uint32_t unit, bool types) {
  const struct kn_dwarf_unit *u = &d->units.at[unit];
  const unsigned section = types ? KN_DS_GNU_PUBTYPES : KN_DS_GNU_PUBNAMES;
  const uint32_t start = kn_dwarf_begin_table(d, section, unit);
  const uint8_t *length = d->out[kn_dwarf_object_info(d)].bytes.at + u->in_object;
  kn_dwarf_put_number(d, section, kn_get32(length) + 4, 4);
  for (uint32_t k = u->names_first; k < u->names_end; k++)
    if (d->names.at[k].type == types)
      put_name(d, section, &d->names.at[k], kn_dwarf_is_cpp(u->language));
  kn_dwarf_put(d, section, NULL, 4);
  kn_dwarf_end_length(d, section, start);
}

void kn_dwarf_names(struct kn_dwarf *d) {
  for (uint32_t u = 0; u < d->units.n; u++) {
    if (d->units.at[u].empty || !d->units.at[u].names) continue;
    put_table(d, u, false);
    put_table(d, u, true);
  }
}
