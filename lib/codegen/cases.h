/* Sorts the cases of a switch. Pure; called by lib/codegen/switch.c. Takes time linear in their number. */
#ifndef KN_LIB_CODEGEN_CASES_H
#define KN_LIB_CODEGEN_CASES_H

#include <stdbool.h>
#include <stdint.h>

struct kn_case {
  uint64_t value;
  uint32_t to; /* label */
};

/* Sorts `n` cases by value, as unsigned numbers after an exclusive or with `flip`: 1 << 63 orders
 * them as signed ones. `temp` is memory for `n` cases. */
void kn_cases_sort(struct kn_case *c, struct kn_case *temp, uint32_t n, uint64_t flip);

#endif
