/* The halves of vectors of 256 bits and the quarters of those of 512, in calls, entries and returns (call.c), which
 * alone know them. Their parts are in registers of their own everywhere else: the lowest one where the ABI has all,
 * the upper half of argument k in xmm8 + k, the third and fourth quarter in memory; those of a result in the next
 * registers of results. No code but this sees what ymm and zmm registers have beyond an xmm register, and vzeroupper is
 * where some were received: what is in them slows SSE down.
 * Source of the encodings: Intel SDM volume 2, 2.7.1 (EVEX); no instruction here needs more than AVX-512F. */
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
/* An instruction of map 0F3A on 512 bits with registers below 16: `reg` and `rm` are the fields of its operand byte,
 * `vvvv` the other operand, or 0. */
static void evex(struct kn_walk *w, unsigned opcode, bool wide, unsigned reg, unsigned vvvv,
                 unsigned rm, unsigned imm) {
  uint8_t *p = x64_put8(w->code.p, 0x62);
  p = x64_put8(p, (~reg & 8) << 4 | 0x40 | (~rm & 8) << 2 | 0x10 | 3);
  p = x64_put8(x64_put8(p, (unsigned)wide << 7 | (~vvvv & 15) << 3 | 5), 0x48);
  p = x64_put8(x64_put8(p, opcode), 0xc0 | (reg & 7) << 3 | (rm & 7));
  w->code.p = x64_put8(p, imm);
}
/* vinsertf32x4 zmm(dst), zmm(dst), xmm(from), k */
void x64_join_quarter(struct kn_walk *w, unsigned dst, unsigned from, unsigned k) {
  evex(w, 0x18, false, dst, dst, from, k);
}
/* vextractf32x4 xmm(dst), zmm(from), k */
void x64_take_quarter(struct kn_walk *w, unsigned dst, unsigned from, unsigned k) {
  evex(w, 0x19, false, from, 0, dst, k);
}
void x64_zero_upper(struct kn_walk *w) {
  w->code.p = x64_put8(x64_put8(x64_put8(w->code.p, 0xc5), 0xf8), 0x77);
}

/* Result k, of 256 bits, is made of the xmm registers from 2 * k on; by fours, of 512 bits, it is made of the ymm
 * registers 4 * k and 4 * k + 2, which were made before. */
void x64_join_results(struct kn_walk *w, unsigned n, bool by_fours) {
  for (unsigned k = 0; k < n / 2; k++) x64_join_halves(w, by_fours ? 2 * k : k, 2 * k, 2 * k + 1);
  for (unsigned k = 0; by_fours && k < n / 4; k++) /* vinsertf64x4 zmm, zmm, ymm, 1 */
    evex(w, 0x1a, true, k, 4 * k, 4 * k + 2, 1);
}
void x64_split_results(struct kn_walk *w, unsigned n, bool by_fours) {
  for (unsigned k = n / 4; by_fours && k-- > 0;) { /* vextractf64x4 ymm, zmm, 1 */
    evex(w, 0x1b, true, k, 0, 4 * k + 2, 1);
    x64_take_upper(w, 4 * k + 3, 4 * k + 2);
    x64_take_upper(w, 4 * k + 1, k);
    if (k) x64_move(w, X64_XMM0 + 4 * k, X64_XMM0 + k, KILN_TYPE_V128);
  }
  for (unsigned k = by_fours ? 0 : n / 2; k-- > 0;) {
    x64_take_upper(w, 2 * k + 1, k);
    if (k) x64_move(w, X64_XMM0 + 2 * k, X64_XMM0 + k, KILN_TYPE_V128);
  }
  x64_zero_upper(w);
}
