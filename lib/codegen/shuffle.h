/* The constant controls of vshuffle, as targets see them: 16 bytes, of which 0 to 15 name the first operand's bytes,
 * 16 to 31 the second's, and KN_SHUFFLE_ANY may be anything. Those of a v64 have 8 bytes, and any ones above. Called
 * by the targets' lowerings of vshuffle. */
#ifndef KN_SHUFFLE_H
#define KN_SHUFFLE_H

#include "lib/codegen/walk.h"

enum { KN_SHUFFLE_ANY = 0xff };

/* Reads the constant control of instruction `in`. */
void kn_shuffle_read(const struct kn_walk *w, const struct kn_inst *in, uint8_t k[16]);
/* The control by lanes of 2^log2 bytes: lane numbers, or ANY. False if it moves anything smaller. */
bool kn_shuffle_lanes(const uint8_t k[16], unsigned log2, uint8_t lane[16]);
/* True if all lanes come from operand `which`, of n lanes each; then numbered from 0. */
bool kn_shuffle_from_one(const uint8_t *lane, unsigned n, unsigned which, uint8_t *out);
/* True if a lane may be `want`. */
KN_INLINE bool kn_shuffle_fits(uint8_t lane, unsigned want) {
  return lane == KN_SHUFFLE_ANY || lane == want;
}

#endif
