/* Names of DWARF's tags, attributes and operations, for the text form. */
#ifndef KN_IR_TEXT_DWARF_NAMES_H
#define KN_IR_TEXT_DWARF_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct kn_dwarf_name {
  uint32_t number;
  const char *name;
  const char *operands; /* of operations: see <kiln/dwarf.def> */
};

struct kn_dwarf_names {
  const struct kn_dwarf_name *at; /* in ascending order of numbers */
  uint32_t n;
};

extern const struct kn_dwarf_names kn_dwarf_tags, kn_dwarf_attrs, kn_dwarf_ops;

/* The row of a number; NULL: it has no name. */
const struct kn_dwarf_name *kn_dwarf_name_of(const struct kn_dwarf_names *names, uint32_t number);
/* The row of a name; NULL: there is none. */
const struct kn_dwarf_name *kn_dwarf_number_of(const struct kn_dwarf_names *names, const char *name,
                                               size_t length);

#endif
