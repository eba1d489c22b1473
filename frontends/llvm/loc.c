/* Source locations of instructions. Called by func.c.
 * Invariant: a location is added to the module only if it differs from the last one. */
#include "bc.h"

void kn_bc_loc(struct kn_bc *r, unsigned code, const uint64_t *ops, unsigned n) {
  if (code == FUNC_DEBUG_LOC) { /* [line, column, scope + 1, inlined at + 1, implicit] */
    if (n < 4) {
      kn_bc_malformed(r, "bad source location");
      return;
    }
    uint32_t line = (uint32_t)ops[0], column = (uint32_t)ops[1];
    if (!r->loc || line != r->loc_line || column != r->loc_column) {
      r->loc = kiln_loc_add(r->module, r->source, line, column);
      r->loc_line = line;
      r->loc_column = column;
    }
  }
  kiln_loc_set(r->f, r->loc);
}
