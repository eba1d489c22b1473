/* Sorts cases: insertion sort for few, else a radix sort by bytes from the lowest, without the
 * bytes that are equal in all. Front ends often give them in order, which is checked first. See
 * cases.h. */
#include "lib/codegen/cases.h"

#include "base/hints.h"

#include <string.h>

enum { FEW = 24, DIGITS = 8, VALUES = 256 };

static void insert(struct kn_case *c, uint32_t n, uint64_t flip) {
  for (uint32_t i = 1; i < n; i++) {
    struct kn_case x = c[i];
    uint32_t at = i;
    for (; at > 0 && (c[at - 1].value ^ flip) > (x.value ^ flip); at--) c[at] = c[at - 1];
    c[at] = x;
  }
}

void kn_cases_sort(struct kn_case *c, struct kn_case *temp, uint32_t n, uint64_t flip) {
  uint64_t differ = 0;
  bool sorted = true;
  for (uint32_t i = 1; i < n; i++) {
    differ |= c[i].value ^ c[0].value;
    sorted &= (c[i - 1].value ^ flip) <= (c[i].value ^ flip);
  }
  if (sorted) return;
  if (n <= FEW) {
    insert(c, n, flip);
    return;
  }
  struct kn_case *from = c, *to = temp;
  for (unsigned digit = 0; digit < DIGITS; digit++) {
    unsigned shift = 8 * digit;
    if ((uint8_t)(differ >> shift) == 0) continue;
    uint32_t start[VALUES + 1] = {0};
    for (uint32_t i = 0; i < n; i++) start[1 + (uint8_t)((from[i].value ^ flip) >> shift)]++;
    for (unsigned v = 0; v < VALUES; v++) start[v + 1] += start[v];
    for (uint32_t i = 0; i < n; i++)
      to[start[(uint8_t)((from[i].value ^ flip) >> shift)]++] = from[i];
    KN_SWAP(from, to);
  }
  if (from != c) memcpy(c, from, n * sizeof *c);
}
