/* The two halves of vectors of 256 bits, in calls, entries and returns (call.c), which alone know them.
 * Their halves are in two registers everywhere else: the lower one where the ABI has the whole, the upper one of
 * argument k in xmm8 + k, of a result in the next register of results. No code but this sees the upper half of a ymm
 * register, and vzeroupper is where some were received: what is in them slows SSE down. */
#include "targets/x86_64/x64.h"

/* vinsertf128 ymm(dst), ymm(low), xmm(high), 1 */
void x64_join_halves(struct kn_walk *w, unsigned dst, unsigned low, unsigned high) {
  uint8_t *p = x64_put8(w->code.p, 0xc4);
  p = x64_put8(p, (~dst & 8) << 4 | 0x40 | (~high & 8) << 2 | 3);
  p = x64_put8(x64_put8(p, (~low & 15) << 3 | 5), 0x18);
  w->code.p = x64_put8(x64_put8(p, 0xc0 | (dst & 7) << 3 | (high & 7)), 1);
}
/* vextractf128 xmm(dst), ymm(from), 1 */
void x64_take_upper(struct kn_walk *w, unsigned dst, unsigned from) {
  uint8_t *p = x64_put8(w->code.p, 0xc4);
  p = x64_put8(p, (~from & 8) << 4 | 0x40 | (~dst & 8) << 2 | 3);
  p = x64_put8(x64_put8(p, 0x7d), 0x19);
  w->code.p = x64_put8(x64_put8(p, 0xc0 | (from & 7) << 3 | (dst & 7)), 1);
}
void x64_zero_upper(struct kn_walk *w) {
  w->code.p = x64_put8(x64_put8(x64_put8(w->code.p, 0xc5), 0xf8), 0x77);
}

void x64_join_results(struct kn_walk *w, unsigned n) {
  for (unsigned k = 0; k < n / 2; k++) x64_join_halves(w, k, 2 * k, 2 * k + 1);
}
void x64_split_results(struct kn_walk *w, unsigned n) {
  for (unsigned k = n / 2; k-- > 0;) {
    x64_take_upper(w, 2 * k + 1, k);
    if (k) x64_move(w, X64_XMM0 + 2 * k, X64_XMM0 + k, KILN_TYPE_V128);
  }
  x64_zero_upper(w);
}
