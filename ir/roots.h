/* The rules of functions that have roots of a garbage collector (kiln_slot_set_root), which docs/ir.md states. */
#ifndef KN_IR_ROOTS_H
#define KN_IR_ROOTS_H

#include "ir/dominators.h"

/* Roots are loaded and stored whole, and nothing else refers to them; ids are of calls. Else the function fails. */
void kn_roots_whole(kiln_func *f);
/* No derived value is used after a call that collects; else the function fails. The function is otherwise verified.
 * `block_of`: by instruction, its block + 1; `pos`: its position there. */
void kn_roots_verify(kiln_func *f, const struct kn_dom *dom, const uint32_t *block_of,
                     const uint32_t *pos);

#endif
