/* Tables of <kiln/dwarf.def>, and how they are searched. Called by the text form's printer and parser. */
#include "ir/text/dwarf_names.h"

#include "base/array.h"

#include <string.h>

static const struct kn_dwarf_name tags[] = {
#define KILN_DW_TAG(number, name) {number, #name, ""},
#include <kiln/dwarf.def>
};
static const struct kn_dwarf_name attrs[] = {
#define KILN_DW_AT(number, name) {number, #name, ""},
#include <kiln/dwarf.def>
};
static const struct kn_dwarf_name ops[] = {
#define KILN_DW_OP(number, name, operands) {number, #name, operands},
#include <kiln/dwarf.def>
};

const struct kn_dwarf_names kn_dwarf_tags = {tags, sizeof tags / sizeof *tags};
const struct kn_dwarf_names kn_dwarf_attrs = {attrs, sizeof attrs / sizeof *attrs};
const struct kn_dwarf_names kn_dwarf_ops = {ops, sizeof ops / sizeof *ops};

const struct kn_dwarf_name *kn_dwarf_name_of(const struct kn_dwarf_names *names, uint32_t number) {
  const uint32_t k = KN_COUNT_BEFORE(i, names->n, names->at[i].number < number);
  return k < names->n && names->at[k].number == number ? &names->at[k] : NULL;
}

const struct kn_dwarf_name *kn_dwarf_number_of(const struct kn_dwarf_names *names, const char *name,
                                               size_t length) {
  for (uint32_t i = 0; i < names->n; i++) {
    const char *is = names->at[i].name;
    if (is[0] == name[0] && strlen(is) == length && memcmp(is, name, length) == 0)
      return &names->at[i];
  }
  return NULL;
}
