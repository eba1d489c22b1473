/* Constant controls of vshuffle: see shuffle.h. */
#include "lib/codegen/shuffle.h"

enum { ANY = KN_SHUFFLE_ANY };

void kn_shuffle_read(const struct kn_walk *w, const struct kn_inst *in, uint8_t k[16]) {
  const struct kn_const *c = &w->f->pool.at[kn_index(in->c)];
  uint64_t words[2] = {c->low, c->high};
  unsigned n = in->type == KILN_TYPE_V64 ? 8 : 16;
  for (unsigned i = 0; i < 16; i++) {
    unsigned b = words[i / 8] >> i % 8 * 8 & 0xff;
    if (i >= n || b >= 2 * n) k[i] = ANY;
    else k[i] = (uint8_t)(b < n ? b : 16 + b - n);
  }
}

bool kn_shuffle_lanes(const uint8_t k[16], unsigned log2, uint8_t lane[16]) {
  unsigned size = 1u << log2;
  for (unsigned i = 0; i < 16u >> log2; i++) {
    lane[i] = ANY;
    for (unsigned b = 0; b < size; b++) {
      unsigned from = k[i * size + b];
      if (from == ANY) continue;
      if (from % size != b || (lane[i] != ANY && lane[i] != from >> log2)) return false;
      lane[i] = (uint8_t)(from >> log2);
    }
  }
  return true;
}

bool kn_shuffle_from_one(const uint8_t *lane, unsigned n, unsigned which, uint8_t *out) {
  for (unsigned i = 0; i < n; i++) {
    if (lane[i] != ANY && lane[i] / n != which) return false;
    out[i] = (uint8_t)(lane[i] == ANY ? ANY : lane[i] % n);
  }
  return true;
}
