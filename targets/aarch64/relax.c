/* Branches that do not reach: conditional ones reach 1 MiB, tests of a bit 32 KiB. All are emitted in that short
 * form. When the function is complete, those whose target turns out to be farther become an inverted branch over an
 * unconditional one, and the code behind them moves up. Called by frame.c before labels are patched. Invariant:
 * fixups ascend.
 *
 * Each fixup is looked at twice, however many branches grow: first those are collected that might not reach if every
 * fixup in between grew by a word; then, of these, those that do not reach if all of these grow. The others do reach,
 * since nothing more grows. */
#include "targets/aarch64/a64.h"

/* How far the branch x reaches, in bits of words; 0: it is no conditional branch. */
static unsigned reach(const struct kn_fixup *x) {
  return x->kind == A64_FIX_B14 ? 14 : x->kind == A64_FIX_B19 ? 19 : 0;
}

/* The distance from x to its target. */
static int64_t distance(const struct kn_walk *w, const struct kn_fixup *x) {
  return (int64_t)kn_label_at(w, x->label) - x->at;
}

/* Makes the branches that grow A64_FIX_FAR and returns their number. cut[k] becomes minus 4 for each of them before
 * fixup k, since the code there moves up. */
static uint32_t choose(struct kn_walk *w) {
  uint32_t n = w->code.fixups.n, far = 0, *cut = w->code.cut.at;
  const struct kn_mark *mark = w->code.marks.at;
  for (uint32_t i = 0; i < n; i++) {
    const struct kn_fixup *x = &w->code.fixups.at[i];
    unsigned bits = reach(x);
    int64_t more = 4 * ((int64_t)mark[x->label].fixups - i);
    cut[i] = far;
    far += bits && !a64_reach_ok(distance(w, x) + more, bits);
  }
  cut[n] = far;
  if (far == 0) return 0;
  for (uint32_t i = 0; i < n; i++) {
    struct kn_fixup *x = &w->code.fixups.at[i];
    if (cut[i + 1] == cut[i] || kn_label_at(w, x->label) == UINT32_MAX) continue;
    int64_t more = 4 * ((int64_t)cut[mark[x->label].fixups] - cut[i]);
    if (!a64_reach_ok(distance(w, x) + more, reach(x))) x->kind = A64_FIX_FAR;
  }
  far = 0;
  for (uint32_t i = 0; i < n; i++) {
    cut[i] = 0 - 4 * far;
    far += w->code.fixups.at[i].kind == A64_FIX_FAR;
  }
  cut[n] = 0 - 4 * far;
  return far;
}

/* The inverse of a conditional branch, over the word behind it. */
static uint32_t invert(uint32_t word) {
  return a64_negate_branch(word, true) | (a64_is_tb(word) ? a64_imm14(8) : a64_imm19(8));
}

/* Moves the code, beginning at its end, and writes the long forms of the `far` branches that
 * grow. */
static void make_room(struct kn_walk *w, uint32_t far) {
  uint32_t end = kn_here(w), b = a64_b(0);
  w->code.p += 4 * (size_t)far;
  for (uint32_t i = w->code.fixups.n; i-- > 0;) {
    struct kn_fixup *x = &w->code.fixups.at[i];
    uint32_t behind = x->at + 4, word;
    x->at += 4 * far;
    if (x->kind != A64_FIX_FAR) continue;
    memmove(w->code.base + behind + 4 * far, w->code.base + behind, end - behind);
    end = behind;
    memcpy(&word, w->code.base + behind - 4, 4); /* moves with what is before it */
    word = invert(word);
    memcpy(w->code.base + behind - 4, &word, 4);
    memcpy(w->code.base + x->at, &b, 4);
    x->kind = A64_FIX_B26;
    far--;
  }
}

bool a64_relax(struct kn_walk *w) {
  if (KN_LIKELY(kn_here(w) - w->code.start < 1 << 15)) return true;
  if (!kn_code_make_cuts(w)) return false;
  uint32_t far = choose(w);
  if (far == 0) return true;
  if (!kn_code_room(w, 4 * (size_t)far + 256)) return false;
  make_room(w, far);
  kn_code_cut_marks(&w->code);
  return true;
}
