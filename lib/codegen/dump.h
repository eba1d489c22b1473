/* The plan of a function as text: see dump.c. */
#ifndef KN_LIB_CODEGEN_DUMP_H
#define KN_LIB_CODEGEN_DUMP_H

#include "lib/codegen/plan.h"
#include <kiln/inspect.h>
#include <kiln/listing.h>

/* Appends the parts `what` (KILN_DUMP_...) of the plan to `out`. False without memory. */
bool kn_dump(const kiln_func *f, const struct kn_plan *plan, unsigned what, kiln_buffer *out);

/* Appends what printf writes, at most 159 bytes. False without memory. */
bool kn_print_line(kiln_buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Numbers values as they are printed: in the order of filling, parameters first. `value` has an entry for each
 * instruction; those of values that are not printed become UINT32_MAX. A block's number in the text is its index. */
void kn_print_numbers(const kiln_func *f, uint32_t *value);

#endif
