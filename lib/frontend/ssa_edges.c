/* Blocks and edges of SSA construction: the calls that build terminators or record edges built elsewhere, and the final
 * comparison of the two. Called by front ends (<kiln/ssa.h>) and by ssa.c. */
#include "lib/frontend/ssa_state.h"

#include <stdio.h>

struct kn_ssa_block *kn_ssa_block_of(kiln_ssa *s, kiln_block b) {
  if (b.id >= s->blocks.n) {
    uint32_t n = kiln_func_block_limit(s->f);
    if (b.id >= n) return KN_SSA_FAIL(NULL, s, KILN_ERR_ARGUMENT, "no such block");
    if (!KN_SSA_ROOM(s, blocks, n - s->blocks.n)) return NULL;
    memset(s->blocks.at + s->blocks.n, 0, (n - s->blocks.n) * sizeof *s->blocks.at);
    s->blocks.n = n;
  }
  return s->blocks.at + b.id;
}

/* Records an edge. */
static void tell(kiln_ssa *s, kiln_block from, kiln_block to) {
  if (!kn_ssa_usable(s)) return;
  struct kn_ssa_block *b = kn_ssa_block_of(s, to);
  if (b == NULL || kn_ssa_block_of(s, from) == NULL) return;
  b = s->blocks.at + to.id;
  if (!kiln_block_is_terminated(s->f, from)) {
    kn_ssa_fail(s, KILN_ERR_STRUCTURE, "an edge leaves a block that has no terminator");
    return;
  }
  if (b->pred_last != 0 && s->preds.at[b->pred_last - 1].block == from.id) return;
  if (b->sealed) {
    for (uint32_t i = b->pred_first; i != 0; i = s->preds.at[i - 1].next)
      if (s->preds.at[i - 1].block == from.id) return;
    kn_ssa_fail(s, KILN_ERR_STRUCTURE, "an edge into a block that is sealed");
    return;
  }
  if (!KN_SSA_ROOM(s, preds, 1)) return;
  s->preds.at[s->preds.n++] = (struct kn_ssa_pred){from.id, 0};
  if (b->pred_last != 0) s->preds.at[b->pred_last - 1].next = s->preds.n;
  else b->pred_first = s->preds.n;
  b->pred_last = s->preds.n;
  b->n_preds++;
}

void kiln_ssa_edge(kiln_ssa *s, kiln_block from, kiln_block to) {
  if (s == NULL) return;
  s->told_apart = true;
  tell(s, from, to);
}

/* Records an edge that was just built. */
static void built(kiln_ssa *s, kiln_block to) {
  s->n_built++;
  tell(s, kiln_block_current(s->f), to);
}

void kiln_ssa_br(kiln_ssa *s, kiln_block target) {
  if (!kn_ssa_usable(s)) return;
  kiln_build_br(s->f, target, NULL, 0);
  built(s, target);
}

void kiln_ssa_brif(kiln_ssa *s, kiln_value cond, kiln_block then_block, kiln_block else_block) {
  if (!kn_ssa_usable(s)) return;
  kiln_build_brif(s->f, cond, then_block, NULL, 0, else_block, NULL, 0);
  built(s, then_block);
  built(s, else_block);
}

void kiln_ssa_switch(kiln_ssa *s, kiln_type type, kiln_value v, kiln_block default_block,
                     const kiln_switch_case *cases, uint32_t n) {
  if (!kn_ssa_usable(s)) return;
  kiln_build_switch(s->f, type, v, default_block, cases, n);
  if (!kn_ssa_usable(s)) return;
  built(s, default_block);
  for (uint32_t i = 0; i < n; i++) built(s, cases[i].target);
}

void kiln_ssa_brind(kiln_ssa *s, kiln_value address, const kiln_block *targets, uint32_t n) {
  if (!kn_ssa_usable(s)) return;
  kiln_build_brind(s->f, address, targets, n);
  if (!kn_ssa_usable(s)) return;
  for (uint32_t i = 0; i < n; i++) built(s, targets[i]);
}

void kiln_ssa_try(kiln_ssa *s, const kiln_try_desc *t) {
  if (!kn_ssa_usable(s)) return;
  kiln_build_try(s->f, t);
  if (!kn_ssa_usable(s)) return;
  built(s, t->normal);
  built(s, t->unwind);
}

uint32_t kn_ssa_new_stamp(kiln_ssa *s) {
  if (++s->stamp == 0) {
    for (uint32_t i = 0; i < s->blocks.n; i++) s->blocks.at[i].stamp = 0;
    s->stamp = 1;
  }
  return s->stamp;
}

void kn_ssa_unite_preds(kiln_ssa *s, struct kn_ssa_block *b) {
  if (b->n_preds < 2) return;
  uint32_t stamp = kn_ssa_new_stamp(s);
  uint32_t *link = &b->pred_first;
  b->n_preds = 0;
  while (*link != 0) {
    struct kn_ssa_pred *p = s->preds.at + *link - 1;
    struct kn_ssa_block *from = s->blocks.at + p->block;
    if (from->stamp == stamp) {
      *link = p->next;
      continue;
    }
    from->stamp = stamp;
    b->n_preds++;
    link = &p->next;
  }
}

/* Puts the targets of a block's edges into s->built; returns their number, or UINT32_MAX if out of memory. */
static uint32_t edges_of(kiln_ssa *s, kiln_block b) {
  uint32_t n = kiln_block_edges(s->f, b, NULL, 0);
  s->built.n = 0;
  if (!KN_SSA_ROOM(s, built, n)) return UINT32_MAX;
  return kiln_block_edges(s->f, b, s->built.at, n);
}

bool kn_ssa_take_edges(kiln_ssa *s) {
  for (uint32_t b = 0, end = kiln_func_block_limit(s->f); b < end; b++) {
    uint32_t n = edges_of(s, (kiln_block){b});
    if (n == UINT32_MAX) return false;
    for (uint32_t i = 0; i < n; i++) tell(s, (kiln_block){b}, s->built.at[i]);
  }
  return kn_ssa_usable(s);
}

/* Reports an edge that was recorded but not built, or the reverse. */
static bool bad_edge(kiln_ssa *s, uint32_t from, uint32_t to, const char *what) {
  char message[160];
  snprintf(message, sizeof message, "an edge from block %u to block %u %s", from, to, what);
  return kn_ssa_fail(s, KILN_ERR_STRUCTURE, message);
}

/* True if there are no edges but those that kiln_ssa_br and its like built. */
static bool all_built_here(const kiln_ssa *s) {
  uint64_t n = 0;
  for (uint32_t i = 0, end = kiln_func_block_limit(s->f); i < end; i++)
    n += kiln_block_edges(s->f, (kiln_block){i}, NULL, 0);
  return !s->told_apart && n == s->n_built;
}

/* Compares the recorded edges with those that were built, source by source; linear in their number. Destroys the
 * lists of predecessors, so it comes last: `next` then links the edges of one source. */
static bool compare_edges(kiln_ssa *s) {
  uint32_t n = kiln_func_block_limit(s->f), n_told = s->preds.n;
  s->work.n = s->batch.n = 0;
  if (kn_ssa_block_of(s, (kiln_block){n - 1}) == NULL || !KN_SSA_ROOM(s, work, n) ||
      !KN_SSA_ROOM(s, batch, n_told))
    return false;
  uint32_t *first = s->work.at, *target = s->batch.at; /* of a source: index + 1; of an edge */
  memset(first, 0, n * sizeof *first);
  for (uint32_t t = 0; t < n; t++) {
    for (uint32_t i = s->blocks.at[t].pred_first, after; i != 0; i = after) {
      struct kn_ssa_pred *p = s->preds.at + i - 1;
      after = p->next;
      p->next = first[p->block];
      first[p->block] = i;
      target[i - 1] = t;
    }
  }
  for (uint32_t b = 0; b < n; b++) {
    uint32_t n_built = edges_of(s, (kiln_block){b}), told = kn_ssa_new_stamp(s);
    if (n_built == UINT32_MAX) return false;
    for (uint32_t i = first[b]; i != 0; i = s->preds.at[i - 1].next)
      s->blocks.at[target[i - 1]].stamp = told;
    for (uint32_t k = 0; k < n_built; k++)
      if (s->blocks.at[s->built.at[k].id].stamp != told)
        return bad_edge(s, b, s->built.at[k].id,
                        "was built without kiln_ssa_br or the like, or kiln_ssa_edge");
    uint32_t built = kn_ssa_new_stamp(s);
    for (uint32_t k = 0; k < n_built; k++) s->blocks.at[s->built.at[k].id].stamp = built;
    for (uint32_t i = first[b]; i != 0; i = s->preds.at[i - 1].next)
      if (s->blocks.at[target[i - 1]].stamp != built)
        return bad_edge(s, b, target[i - 1], "was noted by kiln_ssa_edge, but not built");
  }
  return true;
}

void kn_ssa_check_edges(kiln_ssa *s) {
  if (!all_built_here(s)) (void)compare_edges(s);
}
