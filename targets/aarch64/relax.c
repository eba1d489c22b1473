/* Branches that do not reach: conditional ones reach 1 MiB, tests of a bit 32 KiB. All are emitted in that short
 * form. When the function is complete, those whose target turns out to be farther become an inverted branch over an
 * unconditional one, and the code after them moves up. Loads of literals reach 1 MiB, too; those that do not get the
 * literal after them, and a branch over it. Called by frame.c before labels are patched. Invariant: fixups ascend.
 *
 * Each fixup is looked at twice, however many grow: first those are collected that might not reach if every fixup in
 * between grew; then, of these, those that do not reach if all of these grow. The others do reach, since nothing more
 * grows. Code that is to be aligned (a64_align_code) gets the instructions before it here, too. */
#include "targets/aarch64/a64.h"

/* How far x reaches, in bits of words; 0: it cannot grow. */
static unsigned reach(const struct kn_fixup *x) {
  return x->kind == A64_FIX_B14                                 ? 14
         : x->kind == A64_FIX_B19 || x->kind == A64_FIX_LITERAL ? 19
                                                                : 0;
}

void a64_align_code(struct kn_walk *w, unsigned log2) {
  if (w->plan->frame.naked) {
    kn_code_nops(w, -kn_here(w) & ((UINT32_C(1) << log2) - 1));
    return;
  }
  struct kn_fixup x = {kn_here(w), 0, A64_FIX_ALIGN | log2 << A64_FIX_ALIGN_SHIFT};
  if (KN_PUSH(w->owner, w->code.fixups, x)) a64(w)->aligned_words += (1u << log2) / 4 - 1;
}

static bool aligns(const struct kn_fixup *x) { return (x->kind & A64_FIX_KIND) == A64_FIX_ALIGN; }

/* The words that x grows by, at most. */
enum { LITERAL_WORDS = 5 };
static uint32_t growth(const struct kn_fixup *x) {
  if (KN_UNLIKELY(aligns(x))) return (1u << (x->kind >> A64_FIX_ALIGN_SHIFT)) / 4 - 1;
  return x->kind == A64_FIX_LITERAL || x->kind == A64_FIX_FAR_LITERAL ? LITERAL_WORDS : 1;
}

/* The distance from x to its target. That of a literal will be after epilogues that are not emitted yet. */
static int64_t distance(struct kn_walk *w, const struct kn_fixup *x) {
  int64_t behind =
    A64_EPILOGUE_RESERVE * ((int64_t)a64(w)->exits.n + 1) + 16 * (int64_t)w->code.literals.n;
  if (x->kind == A64_FIX_LITERAL) return kn_here(w) + behind - x->at;
  return (int64_t)kn_label_at(w, x->label) - x->at;
}

/* The number of fixups before the target of x. */
static uint32_t before_target(const struct kn_walk *w, const struct kn_fixup *x) {
  return x->kind == A64_FIX_LITERAL ? w->code.fixups.n : w->code.marks.at[x->label].fixups;
}

/* The words that align the code at x, which is `far` words further; they replace its alignment. */
static uint32_t settle(struct kn_fixup *x, uint32_t far) {
  uint32_t words = (-(x->at / 4 + far)) & growth(x);
  x->kind = A64_FIX_ALIGN | words << A64_FIX_ALIGN_SHIFT;
  return words;
}

/* Makes what grows A64_FIX_FAR or A64_FIX_FAR_LITERAL, and returns the words of that. cut[k] becomes minus 4 for each
 * of them before fixup k, since the code there moves up. */
static uint32_t choose(struct kn_walk *w) {
  uint32_t n = w->code.fixups.n, far = 0, *cut = w->code.cut.at;
  int64_t most = w->code.literals.n ? LITERAL_WORDS : 1, aligned = a64(w)->aligned_words;
  for (uint32_t i = 0; i < n; i++) {
    const struct kn_fixup *x = &w->code.fixups.at[i];
    unsigned bits = reach(x);
    int64_t between = (int64_t)before_target(w, x) - i, more = most * between;
    more += between < 0 ? -aligned : aligned;
    cut[i] = far;
    if (aligns(x) || (bits && !a64_reach_ok(distance(w, x) + 4 * more, bits))) far += growth(x);
  }
  cut[n] = far;
  if (far == 0) return 0;
  for (uint32_t i = 0; i < n; i++) {
    struct kn_fixup *x = &w->code.fixups.at[i];
    bool literal = x->kind == A64_FIX_LITERAL;
    if (cut[i + 1] == cut[i] || aligns(x) || (!literal && kn_label_at(w, x->label) == UINT32_MAX))
      continue;
    int64_t more = 4 * ((int64_t)cut[before_target(w, x)] - cut[i]);
    if (!a64_reach_ok(distance(w, x) + more, reach(x)))
      x->kind = literal ? A64_FIX_FAR_LITERAL : A64_FIX_FAR;
  }
  far = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct kn_fixup *x = &w->code.fixups.at[i];
    cut[i] = 0 - 4 * far;
    if (x->kind == A64_FIX_FAR || x->kind == A64_FIX_FAR_LITERAL) far += growth(x);
    if (KN_UNLIKELY(aligns(x))) far += settle(x, far);
  }
  cut[n] = 0 - 4 * far;
  return far;
}

/* The inverse of a conditional branch, over the word after it. */
static uint32_t invert(uint32_t word) {
  return a64_negate_branch(word, true) | (a64_is_tb(word) ? a64_imm14(8) : a64_imm19(8));
}

/* The code from `at` to `end` moves up by *far words, of which `words` become instructions before it. Returns the end
 * of what is moved next. */
static uint32_t put_nops(struct kn_walk *w, uint32_t at, uint32_t end, uint32_t *far,
                         uint32_t words) {
  uint8_t *base = w->code.base;
  memmove(base + at + 4 * *far, base + at, end - at);
  *far -= words;
  for (uint32_t k = 0, nop = a64_nop(); k < words; k++) memcpy(base + at + 4 * (*far + k), &nop, 4);
  return at;
}

/* Moves the code, beginning at its end, and writes the long forms of what grows, by `far` words in all. */
static void make_room(struct kn_walk *w, uint32_t far) {
  uint32_t end = kn_here(w), b = a64_b(0), over = a64_b(4 * LITERAL_WORDS);
  uint8_t *base = w->code.base;
  w->code.p += 4 * (size_t)far;
  for (uint32_t i = w->code.fixups.n; i-- > 0;) {
    struct kn_fixup *x = &w->code.fixups.at[i];
    uint32_t behind = x->at + 4, word;
    x->at += 4 * far;
    if (KN_UNLIKELY(aligns(x))) {
      end = put_nops(w, behind - 4, end, &far, x->kind >> A64_FIX_ALIGN_SHIFT);
      continue;
    }
    if (x->kind != A64_FIX_FAR && x->kind != A64_FIX_FAR_LITERAL) continue;
    memmove(base + behind + 4 * far, base + behind, end - behind);
    end = behind;
    memcpy(&word, base + behind - 4, 4); /* moves with what is before it */
    far -= growth(x);
    uint8_t *added = base + behind + 4 * far;
    if (x->kind == A64_FIX_FAR) {
      word = invert(word);
      memcpy(added, &b, 4);
      x->kind = A64_FIX_B26;
    } else {
      word |= a64_imm19(8);
      memcpy(added, &over, 4);
      a64_copy_literal(w, x->label, added + 4);
      x->kind = A64_FIX_DONE;
    }
    memcpy(base + behind - 4, &word, 4);
  }
}

bool a64_relax(struct kn_walk *w) {
  if (KN_LIKELY(kn_here(w) - w->code.start < 1 << 15 && a64(w)->aligned_words == 0)) return true;
  if (!kn_code_make_cuts(w)) return false;
  uint32_t far = choose(w);
  if (far == 0) return true;
  if (!kn_code_room(w, 4 * (size_t)far + 256)) return false;
  make_room(w, far);
  kn_code_cut_marks(&w->code);
  return true;
}
