/* Parallel moves: see moves.h. A move is emitted once nobody still has to read its destination; a
 * cycle is opened by saving one of its registers. Masks instead of lists: the usual case is a
 * handful of independent moves. */
#include "lib/codegen/moves.h"

#define BIT(r) (UINT64_C(1) << (r))

unsigned kn_moves_order(const struct kn_reg_move *moves, unsigned n, const uint8_t scratch[2],
                        struct kn_reg_move *out) {
  uint64_t pending = 0; /* destinations not yet written */
  uint64_t sources = 0;
  uint8_t by_dst[64];  /* index of the move that writes a register */
  uint8_t src[64];     /* current source, by move */
  uint8_t readers[64]; /* by register, where it is in `sources`: pending moves that read it */
  unsigned n_out = 0;
  for (unsigned i = 0; i < n; i++) {
    if (moves[i].dst == moves[i].src) continue;
    unsigned s = moves[i].src;
    pending |= BIT(moves[i].dst);
    by_dst[moves[i].dst] = (uint8_t)i;
    src[i] = (uint8_t)s;
    if ((sources & BIT(s)) == 0) readers[s] = 0;
    sources |= BIT(s);
    readers[s]++;
  }
  while (pending) {
    uint64_t ready = pending & ~sources;
    if (ready == 0) {
      /* only cycles are left, each register read once: open one */
      unsigned d = (unsigned)__builtin_ctzll(pending);
      unsigned t = scratch[d >> 5];
      /* save the register that is overwritten next; its one reader reads the saved one */
      for (uint64_t m = pending; m; m &= m - 1) {
        unsigned j = by_dst[__builtin_ctzll(m)];
        if (src[j] == d) {
          src[j] = (uint8_t)t;
          out[n_out++] = (struct kn_reg_move){(uint8_t)t, (uint8_t)d, moves[j].type};
        }
      }
      sources &= ~BIT(d);
      continue;
    }
    unsigned d = (unsigned)__builtin_ctzll(ready);
    unsigned i = by_dst[d], s = src[i];
    out[n_out++] = (struct kn_reg_move){(uint8_t)d, (uint8_t)s, moves[i].type};
    pending &= ~BIT(d);
    if ((sources & BIT(s)) && --readers[s] == 0) sources &= ~BIT(s);
  }
  return n_out;
}
