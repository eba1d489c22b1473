/* Branches that do not reach: conditional ones reach 1 MiB, those on a bit 32 KiB. All are emitted in that
 * short form; when the function is complete, those whose target proves to be farther become an inverted
 * branch over an unconditional one, and the code behind them makes room. Called by frame.c before labels
 * are patched. Invariant: fixups, the function's relocations and the pieces of its map ascend. */
#include "targets/aarch64/a64.h"

/* Offsets of the branches that grow, ascending. */
struct grown {
  uint32_t *at;
  uint32_t n, cap;
};

/* How far the code at offset `at` moves: 4 bytes for each grown branch before it. */
static uint32_t shift(const struct grown *g, uint32_t at) {
  uint32_t low = 0, high = g->n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (g->at[middle] < at) low = middle + 1;
    else high = middle;
  }
  return 4 * low;
}

static bool is_grown(const struct grown *g, uint32_t at) {
  uint32_t k = shift(g, at) / 4;
  return k < g->n && g->at[k] == at;
}

/* True if the short form of x does not reach its target, after what grows so far has made room. */
static bool too_far(const struct kn_walk *w, const struct grown *g, const struct kn_fixup *x) {
  unsigned bits = x->kind == A64_FIX_B14 ? 14 : x->kind == A64_FIX_B19 ? 19 : 0;
  uint32_t to = w->label[x->label];
  if (bits == 0 || to == UINT32_MAX) return false;
  return !a64_reach_ok((int64_t)to + shift(g, to) - (int64_t)x->at - shift(g, x->at), bits);
}

/* Finds who grows, until nobody else does: what grows may push others out of reach. False without memory. */
static bool find(struct kn_walk *w, struct grown *g) {
  for (bool more = true; more;) {
    struct grown next = {0};
    more = false;
    for (uint32_t i = 0; i < w->fixups.n; i++) {
      const struct kn_fixup *x = &w->fixups.at[i];
      if (!is_grown(g, x->at)) {
        if (!too_far(w, g, x)) continue;
        more = true;
      }
      if (next.n == next.cap &&
          !kn_grow(w->f->module, &next.at, &next.cap, next.n + 1, sizeof *next.at)) {
        kn_realloc(w->f->module, next.at, 0);
        kn_func_fail(w->f, KILN_ERR_MEMORY, UINT32_MAX, 0, "out of memory");
        return false;
      }
      next.at[next.n++] = x->at;
    }
    kn_realloc(w->f->module, g->at, 0);
    *g = next;
  }
  return true;
}

/* The inverse of a conditional branch, over the word behind it. */
static uint32_t invert(uint32_t word) {
  return a64_negate_branch(word, true) | (a64_is_tb(word) ? a64_imm14(8) : a64_imm19(8));
}

/* Moves the code, from its end on, and writes the long forms. */
static void make_room(struct kn_walk *w, const struct grown *g) {
  uint32_t end = kn_here(w);
  for (uint32_t k = g->n; k-- > 0;) {
    uint32_t from = g->at[k] + 4; /* what follows the branch; the branch itself moves by less */
    memmove(w->base + from + 4 * (k + 1), w->base + from, end - from);
    end = from;
  }
  w->p += 4 * (size_t)g->n;
}

bool a64_relax(struct kn_walk *w, uint32_t reloc_first) {
  struct grown g = {0};
  if (KN_LIKELY(kn_here(w) - w->frame_patch < 1 << 15)) return true;
  bool ok = find(w, &g) && kn_walk_room(w, 4 * (size_t)g.n + 256);
  if (ok && g.n) {
    make_room(w, &g);
    for (uint32_t i = 0; i < w->labels.n; i++)
      if (w->label[i] != UINT32_MAX) w->label[i] += shift(&g, w->label[i]);
    for (uint32_t i = reloc_first; i < w->s->out.n_relocs; i++)
      w->s->out.relocs[i].offset += shift(&g, w->s->out.relocs[i].offset);
    for (uint32_t i = 1; w->map && i < w->pieces.n; i++)
      w->pieces.at[i].offset_bytes += shift(&g, w->pieces.at[i].offset_bytes);
    for (uint32_t i = 0; i < w->fixups.n; i++) {
      struct kn_fixup *x = &w->fixups.at[i];
      bool grew = is_grown(&g, x->at);
      x->at += shift(&g, x->at);
      if (!grew) continue;
      uint32_t word, b = a64_b(0);
      memcpy(&word, w->base + x->at, 4);
      word = invert(word);
      memcpy(w->base + x->at, &word, 4);
      x->at += 4;
      memcpy(w->base + x->at, &b, 4);
      x->kind = A64_FIX_B26;
    }
  }
  kn_realloc(w->f->module, g.at, 0);
  return ok;
}
