/* GNU's index of names: .debug_gnu_pubnames and .debug_gnu_pubtypes, of which linkers make gdb's index. Called by
 * lib/dwarf/dwarf_write.c, which notes entries as it writes them, for units whose entry has DW_AT_GNU_pubnames. Which
 * entries have a name there, and which one, as LLVM's DwarfUnit::addGlobalName and computeIndexValue; the flags are
 * gdb's (the section "Index Section Format" of its manual). */
#include "lib/dwarf/dwarf_writer.h"

/* What an entry is, in bits 4 to 6, and in bit 7 whether other units cannot refer to it. */
enum { TYPE = 1 << 4, VARIABLE = 2 << 4, FUNCTION = 3 << 4, STATIC = 1 << 7 };

static bool is_cpp(uint32_t language) {
  return kn_dwarf_is_in(KN_LANG(C_plus_plus) | KN_LANG(C_plus_plus_03) | KN_LANG(C_plus_plus_11) |
                          KN_LANG(C_plus_plus_14) | KN_LANG(C_plus_plus_17) |
                          KN_LANG(C_plus_plus_20),
                        language);
}

/* The entry that declares entry i, and says its name and place; or i. */
static uint32_t declaration(const struct kn_dwarf *d, uint32_t i) {
  uint32_t to = kn_dwarf_ref(d, i, KILN_DW_AT_specification);
  return to ? to : i;
}

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
  return kn_dwarf_attr(d, declaration(d, i), KILN_DW_AT_external, &a) ? 0 : STATIC;
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
    n.what = TYPE | (is_cpp(d->units.at[f->unit - 1].language) ? 0 : STATIC);
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

/* The name of entry i; *n: its length. */
static const char *name_of(const struct kn_dwarf *d, uint32_t i, uint32_t *n) {
  struct kn_die_attr a;
  *n = 0;
  if (kn_dwarf_attr(d, i, KILN_DW_AT_name, &a) && a.kind == KN_DA_STRING)
    return (const char *)kn_debug_characters(d->sets[0], d->sets[d->dies.at[i].set],
                                             (uint32_t)a.value, n);
  if (kn_dwarf_entry(d, i)->tag != KILN_DW_TAG_namespace) return "";
  static const char nameless[] = "(anonymous namespace)";
  *n = sizeof nameless - 1;
  return nameless;
}

/* What entry i is in, as C++ writes it before its name. */
static void put_context(struct kn_dwarf *d, unsigned section, uint32_t i, unsigned depth) {
  uint32_t p = kn_dwarf_parent(d, i), n;
  unsigned tag = kn_dwarf_entry(d, p)->tag;
  if (p == 0 || depth > 64 || kn_dwarf_special(tag) || tag == KILN_DW_TAG_compile_unit) return;
  put_context(d, section, declaration(d, p), depth + 1);
  const char *name = name_of(d, declaration(d, p), &n);
  kn_dwarf_put(d, section, name, n);
  kn_dwarf_put(d, section, "::", n != 0 ? 2 : 0);
}

static void put_name(struct kn_dwarf *d, unsigned section, const struct kn_dwarf_name *name,
                     bool cpp) {
  uint32_t i = declaration(d, name->node), n;
  kn_dwarf_put_number(d, section, name->offset | (uint64_t)name->what << 32, 5);
  /* an enumerator belongs to what its type is in */
  if (cpp) put_context(d, section, name->in ? name->in : i, 0);
  const char *text = name_of(d, i, &n);
  kn_dwarf_put(d, section, text, n);
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
    if (d->names.at[k].type == types) put_name(d, section, &d->names.at[k], is_cpp(u->language));
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
