/* vshuffle on AArch64: one instruction for the usual constant controls, two or some more for others, and for the rest
 * tbl, which wants its control in a register and two operands in registers side by side. Called by the walk's loop. */
#include "lib/codegen/shuffle.h"
#include "targets/aarch64/a64.h"

enum { S0 = 30, S1 = 31, ANY = KN_SHUFFLE_ANY }; /* scratch: A64_VS0, A64_VS1 */
enum {
  MOST_INSERTS = 2
}; /* and a copy; a tbl takes two to four instructions, one of them a load */

struct shuffle {
  struct kn_walk *w;
  uint8_t k[16];
  unsigned r[2];  /* operands */
  unsigned bytes; /* 8 or 16 */
};

static void copy(struct kn_walk *w, unsigned vd, unsigned vn) {
  if (vd != vn) a64_emit(w, a64_vlogic(A64_VORR, 1, vd, vn, vn));
}

/* What lane i of n is of: the lane's number, of operand way[0], or of way[1] beyond its n. */
static unsigned permuted(enum a64_permute op, unsigned i, unsigned n) {
  unsigned odd = i & 1;
  switch (op) {
  case A64_ZIP1: return odd * n + i / 2;
  case A64_ZIP2: return odd * n + (n + i) / 2;
  case A64_UZP1: return 2 * i;
  case A64_UZP2: return 2 * i + 1;
  case A64_TRN1: return odd * n + i - odd;
  case A64_TRN2: break;
  }
  return odd * n + (i | 1);
}

/* True if lane i is lane `want` of the operands way[0] and way[1], of n lanes each; registers have `full` lanes. */
static bool is_lane(uint8_t lane, unsigned want, unsigned n, const unsigned way[2], unsigned full) {
  return kn_shuffle_fits(lane, way[want >= n] * full + want % n);
}

static bool permute(const struct shuffle *s, unsigned log2, const uint8_t *lane,
                    const unsigned way[2], uint32_t *word) {
  static const enum a64_permute ops[] = {A64_ZIP1, A64_ZIP2, A64_UZP1,
                                         A64_UZP2, A64_TRN1, A64_TRN2};
  unsigned n = s->bytes >> log2;
  for (unsigned o = 0; o < sizeof ops / sizeof *ops; o++) {
    unsigned i = 0;
    while (i < n && is_lane(lane[i], permuted(ops[o], i, n), n, way, 16u >> log2)) i++;
    if (i < n) continue;
    *word = a64_permute(ops[o], s->bytes == 16, log2, 0, s->r[way[0]], s->r[way[1]]);
    return true;
  }
  return false;
}

/* The end of one operand followed by the beginning of another, or of the same. */
static bool extract(const struct shuffle *s, const unsigned way[2], uint32_t *word) {
  for (unsigned by = 1; by < s->bytes; by++) {
    unsigned i = 0;
    while (i < s->bytes && is_lane(s->k[i], i + by, s->bytes, way, 16)) i++;
    if (i < s->bytes) continue;
    *word = a64_ext(s->bytes == 16, 0, s->r[way[0]], s->r[way[1]], by);
    return true;
  }
  return false;
}

/* One lane everywhere. */
static bool repeat(const struct shuffle *s, unsigned log2, const uint8_t *lane, uint32_t *word) {
  unsigned which = ANY, n = s->bytes >> log2, full = 16u >> log2;
  for (unsigned i = 0; i < n; i++) {
    if (lane[i] == ANY) continue;
    if (which != ANY && lane[i] != which) return false;
    which = lane[i];
  }
  if (which == ANY) which = 0;
  *word = a64_dup_lane(log2, 0, s->r[which / full], which % full);
  return true;
}

/* The lanes of one operand, in each 2, 4 or 8 bytes in the opposite order. */
static bool reverse(const struct shuffle *s, unsigned log2, const uint8_t *lane, unsigned which,
                    uint32_t *word) {
  for (unsigned container = log2 + 1; container <= 3; container++) {
    unsigned n = s->bytes >> log2, flip = (1u << (container - log2)) - 1, i = 0;
    while (i < n && kn_shuffle_fits(lane[i], which * (16u >> log2) + (i ^ flip))) i++;
    if (i < n) continue;
    *word = a64_rev_lanes(container, s->bytes == 16, log2, 0, s->r[which]);
    return true;
  }
  return false;
}

/* The instruction that does the shuffle, but for its result's register. False if there is none. */
static bool one(const struct shuffle *s, uint32_t *word) {
  unsigned largest = s->bytes == 16 ? 3 : 2;
  for (unsigned log2 = largest + 1; log2-- > 0;) {
    uint8_t lane[16];
    if (!kn_shuffle_lanes(s->k, log2, lane)) continue;
    if (repeat(s, log2, lane, word) || reverse(s, log2, lane, 0, word) ||
        reverse(s, log2, lane, 1, word))
      return true;
    for (unsigned ways = 0; ways < 4;
         ways++) /* of one operand first: the other may not be needed */
      if (permute(s, log2, lane, (unsigned[]){ways & 1, (ways + 1) >> 1 & 1}, word)) return true;
  }
  for (unsigned ways = 0; ways < 4; ways++)
    if (extract(s, (unsigned[]){ways & 1, (ways + 1) >> 1 & 1}, word)) return true;
  return false;
}

/* The lanes that the result has not where operand `which` has them. */
static unsigned differing(const uint8_t *lane, unsigned n, unsigned which, unsigned full) {
  unsigned count = 0;
  for (unsigned i = 0; i < n; i++) count += !kn_shuffle_fits(lane[i], which * full + i);
  return count;
}

/* vd = one operand with lanes of both put into it. False, with nothing emitted, if these are too many. */
static bool insert(const struct shuffle *s, unsigned vd) {
  unsigned log2 = 3;
  uint8_t lane[16];
  while (!kn_shuffle_lanes(s->k, log2, lane)) log2--;
  unsigned n = s->bytes >> log2, full = 16u >> log2;
  unsigned count[2] = {differing(lane, n, 0, full), differing(lane, n, 1, full)};
  unsigned base = count[1] < count[0];
  if (count[base] > MOST_INSERTS) return false;
  bool same = false, other = false; /* lanes come from that operand */
  for (unsigned i = 0; i < n; i++) {
    if (kn_shuffle_fits(lane[i], base * full + i)) continue;
    same |= lane[i] / full == base;
    other |= lane[i] / full != base;
  }
  bool apart = (same && vd == s->r[base]) || (other && vd == s->r[1 - base]);
  unsigned to = apart ? (unsigned)S0 : vd;
  copy(s->w, to, s->r[base]);
  for (unsigned i = 0; i < n; i++)
    if (!kn_shuffle_fits(lane[i], base * full + i))
      a64_emit(s->w, a64_ins_lane(log2, to, i, s->r[lane[i] / full], lane[i] % full));
  copy(s->w, vd, to);
  return true;
}

/* vd = the shuffle by a control in a register: `k`, or register c if that is NULL. */
static void look_up(const struct shuffle *s, unsigned vd, const uint8_t *k, unsigned c) {
  uint8_t from_one[16];
  uint64_t words[2] = {0, 0};
  unsigned single = 2; /* the only operand */
  for (unsigned which = 0; which < 2 && k && single == 2; which++)
    if (kn_shuffle_from_one(k, 16, which, from_one)) single = which;
  if (k) {
    for (unsigned i = 0; i < 16; i++) {
      uint8_t b = single < 2 ? from_one[i] : k[i];
      if (s->bytes == 8 && b >= 16 && b != ANY) b -= 8; /* both are in one register */
      if (b != ANY) words[i / 8] |= (uint64_t)b << i % 8 * 8;
    }
  }
  if (single < 2) {
    a64_vector_constant(s->w, S0, words[0], words[1]);
    a64_emit(s->w, a64_tbl_1(vd, s->r[single], S0));
    return;
  }
  copy(s->w, S0, s->r[0]);
  if (s->bytes == 8) a64_emit(s->w, a64_ins_lane(3, S0, 1, s->r[1], 0));
  else copy(s->w, S1, s->r[1]);
  if (k) { /* the operands' registers are free now */
    c = vd;
    a64_vector_constant(s->w, c, words[0], words[1]);
  }
  a64_emit(s->w, s->bytes == 8 ? a64_tbl_1(vd, S0, c) : a64_tbl_2(vd, S0, c));
}

/* True if two instructions did it: any one, then the halves exchanged, as lanes in the opposite order take. */
static bool exchange(const struct shuffle *s, unsigned vd) {
  struct shuffle t = *s;
  uint32_t word;
  if (s->bytes != 16) return false;
  for (unsigned i = 0; i < 16; i++) t.k[i] = s->k[i ^ 8];
  if (!one(&t, &word)) return false;
  a64_emit(s->w, word | S0);
  a64_emit(s->w, a64_ext(1, vd, S0, S0, 8));
  return true;
}

void a64_lower_vshuffle(struct kn_walk *w, const struct kn_inst *in) {
  struct shuffle s = {.w = w, .bytes = in->type == KILN_TYPE_V64 ? 8 : 16};
  bool constant = kn_is_pool(in->c);
  uint32_t word;
  unsigned c = 0;
  s.r[0] = a64_v(kn_reg(w, in->a, in->type));
  s.r[1] = a64_v(kn_reg(w, in->b, in->type));
  if (constant) kn_shuffle_read(w, in, s.k);
  else c = a64_v(kn_reg(w, in->c, in->type));
  kn_drop_operands(w, in);
  unsigned d = kn_def(w, w->i, in->type, KN_NO_REG, 0), vd = a64_v(d);
  if (!constant) look_up(&s, vd, NULL, c);
  else if (differing(s.k, 16, 0, 16) == 0) copy(w, vd, s.r[0]);
  else if (differing(s.k, 16, 1, 16) == 0) copy(w, vd, s.r[1]);
  else if (one(&s, &word)) a64_emit(w, word | vd);
  else if (!exchange(&s, vd) && !insert(&s, vd)) look_up(&s, vd, s.k, 0);
  kn_defined(w, w->i, d);
}
