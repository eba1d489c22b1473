/* Puts register moves that happen at once into an order in which they can be done one by one. Pure;
 * called by the walk for edges, calls, returns and entries. */
#ifndef KN_LIB_CODEGEN_MOVES_H
#define KN_LIB_CODEGEN_MOVES_H

#include <stdint.h>

struct kn_reg_move {
  uint8_t dst, src; /* registers 0 to 63; both of the same bank (below 32, or not) */
  uint8_t type;     /* kiln_type, passed on */
};

enum { KN_MAX_REG_MOVES = 64 };

/* Orders `n` (at most 64) moves with distinct destinations. Writes at most 2 * n moves to `out` and
 * returns how many. A cycle goes through scratch[bank], which is no source and no destination. */
unsigned kn_moves_order(const struct kn_reg_move *moves, unsigned n, const uint8_t scratch[2],
                        struct kn_reg_move *out);

#endif
