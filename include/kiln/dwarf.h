/* Names for the numbers of DWARF 5 and its extensions. KILN_DW_TAG_variable stands for DW_TAG_variable of the standard.
 * The prefix KILN_ distinguishes these names from the names in a system's <dwarf.h>. <kiln/dwarf.def> lists all
 * numbers, by kind. */
#ifndef KILN_DWARF_H
#define KILN_DWARF_H

/** The numbers. Their names are the names in the standard with a prefix: KILN_DW_TAG_..., KILN_DW_AT_...,
 * KILN_DW_OP_..., KILN_DW_LANG_... */
enum {
#define KILN_DW_TAG(number, name) KILN_DW_TAG_##name = number,
#define KILN_DW_AT(number, name) KILN_DW_AT_##name = number,
#define KILN_DW_FORM(number, name) KILN_DW_FORM_##name = number,
#define KILN_DW_OP(number, name, operands) KILN_DW_OP_##name = number,
#define KILN_DW_RLE(number, name) KILN_DW_RLE_##name = number,
#define KILN_DW_LLE(number, name) KILN_DW_LLE_##name = number,
#define KILN_DW_ATE(number, name) KILN_DW_ATE_##name = number,
#define KILN_DW_ACCESS(number, name) KILN_DW_ACCESS_##name = number,
#define KILN_DW_VIRTUALITY(number, name) KILN_DW_VIRTUALITY_##name = number,
#define KILN_DW_LANG(number, name) KILN_DW_LANG_##name = number,
#define KILN_DW_CC(number, name) KILN_DW_CC_##name = number,
#define KILN_DW_INL(number, name) KILN_DW_INL_##name = number,
#define KILN_DW_END(number, name) KILN_DW_END_##name = number,
#define KILN_DW_UT(number, name) KILN_DW_UT_##name = number,
#define KILN_DW_LNS(number, name) KILN_DW_LNS_##name = number,
#define KILN_DW_LNE(number, name) KILN_DW_LNE_##name = number,
#define KILN_DW_LNCT(number, name) KILN_DW_LNCT_##name = number,
#define KILN_DW_CFA(number, name) KILN_DW_CFA_##name = number,
#include <kiln/dwarf.def>
};

#endif
