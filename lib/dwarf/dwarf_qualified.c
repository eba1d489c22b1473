/* Names as C++ writes them, after what they are in: for GNU's index (lib/dwarf/dwarf_index.c), and for inlined
 * functions of the standard library. */
#include "lib/dwarf/dwarf_writer.h"

uint32_t kn_dwarf_declaration(const struct kn_dwarf *d, uint32_t i) {
  const uint32_t to = kn_dwarf_ref(d, i, KILN_DW_AT_specification);
  return to ? to : i;
}

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

static void add(struct kn_dwarf *d, const char *text, uint32_t n) {
  if (!KN_ROOM(d->m, d->qualified, n)) return;
  if (n != 0) memcpy(d->qualified.at + d->qualified.n, text, n);
  d->qualified.n += n;
}

/* Adds what entry i is in. */
static void add_context(struct kn_dwarf *d, uint32_t i, unsigned depth) {
  const uint32_t p = kn_dwarf_parent(d, i);
  const unsigned tag = kn_dwarf_entry(d, p)->tag;
  uint32_t n;
  if (p == 0 || depth > 64 || kn_dwarf_special(tag) || tag == KILN_DW_TAG_compile_unit) return;
  const uint32_t to = kn_dwarf_declaration(d, p);
  add_context(d, to, depth + 1);
  const char *name = name_of(d, to, &n);
  add(d, name, n);
  if (n != 0) add(d, "::", 2);
}

const char *kn_dwarf_qualified(struct kn_dwarf *d, uint32_t in, uint32_t i) {
  uint32_t n;
  d->qualified.n = 0;
  if (in != 0) add_context(d, in, 0);
  const char *name = name_of(d, i, &n);
  add(d, name, n);
  return d->qualified.n != 0 ? d->qualified.at : "";
}

/* Is this the name of a template's instance? */
static bool is_instance(const char *name, uint32_t n) {
  return n > 2 && name[n - 1] == '>' && memchr(name, '<', n) != NULL;
}

/* lldb's `step` leaves functions whose name begins with `std::`. For inlined ones, it takes the linkage name alone, and
 * that of a template's instance says the type of the result first: `bool std::operator==<char, ...`. The attribute, in
 * the entry of the call, is what lldb reads before that of the function. */
void kn_dwarf_add_std_name(struct kn_dwarf_fields *f, uint32_t of) {
  static const char library[] = {'s', 't', 'd', ':', ':'};
  struct kn_dwarf *d = f->d;
  struct kn_die_attr a;
  uint32_t n;
  if (d->m->attrs.inlining != KILN_INLINING_FOREIGN || d->version < 5 ||
      !kn_dwarf_is_cpp(d->units.at[f->unit - 1].language))
    return;
  const uint32_t i = kn_dwarf_declaration(d, of);
  const char *text = name_of(d, i, &n);
  if (!is_instance(text, n) || !kn_dwarf_attr(d, i, KILN_DW_AT_linkage_name, &a)) return;
  text = kn_dwarf_qualified(d, i, i);
  n = d->qualified.n;
  if (n <= sizeof library || memcmp(text, library, sizeof library) != 0) return;
  const uint32_t number = kn_dwarf_search_string(d, text, n);
  if (number != UINT32_MAX) kn_dwarf_add(f, KILN_DW_AT_linkage_name, KILN_DW_FORM_strx, number);
}
