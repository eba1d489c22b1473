/* The map of a function's code: which bytes were made for which instruction. The walk adds pieces as it goes, from a
 * second instance of its loop, so that a session without a map pays nothing per instruction; pieces are marks, which
 * move with the code. Readers ask when the function is compiled: kiln_session_code. Invariant: the first piece is the
 * prologue; offsets ascend. */
#include "lib/codegen/walk.h"

void kn_map_add(struct kn_walk *w, uint32_t block, uint32_t inst, bool data) {
  kiln_code_piece piece = {kn_code_mark(w, kn_here(w)), {block}, {inst}, data};
  KN_PUSH(w->f, w->map.pieces, piece);
}

void kn_map_end(struct kn_walk *w) {
  const struct kn_mark *marks = w->code.marks.at;
  w->map.symbol = w->f->symbol;
  for (uint32_t i = 0; i < w->map.pieces.n; i++) {
    kiln_code_piece *piece = &w->map.pieces.at[i];
    /* the prologue, which is the first, may have been cut at its beginning */
    piece->offset_bytes = i ? marks[piece->offset_bytes].at - w->code.start : 0;
  }
}

/* ---- for readers ---- */

/* The last function, if it is the one that the pieces belong to. */
static const struct kn_code_func *last(const kiln_session *s) {
  if (s == NULL) return NULL;
  const struct kn_output *o = &s->out;
  const struct kn_walk *w = s->walk;
  if (w == NULL || !w->map.on || w->map.pieces.n == 0 || o->n_funcs == 0) return NULL;
  const struct kn_code_func *f = &o->funcs[o->n_funcs - 1];
  return f->symbol == w->map.symbol ? f : NULL;
}

bool kiln_session_code(const kiln_session *s, kiln_code *out) {
  const struct kn_code_func *f = last(s);
  if (out == NULL) return false;
  *out = (kiln_code){0};
  if (f == NULL) return false;
  *out = (kiln_code){.symbol = {f->symbol},
                     .bytes = s->out.code + f->start,
                     .size_bytes = f->size,
                     .n_pieces = s->walk->map.pieces.n,
                     .n_relocs = s->out.n_relocs - f->reloc_first,
                     .pieces = s->walk->map.pieces.at};
  return true;
}

kiln_code_reloc kiln_session_code_reloc(const kiln_session *s, uint32_t i) {
  const struct kn_code_func *f = last(s);
  if (f == NULL || i >= s->out.n_relocs - f->reloc_first) return (kiln_code_reloc){0};
  const struct kn_code_reloc *r = &s->out.relocs[f->reloc_first + i];
  return (kiln_code_reloc){r->offset - f->start, r->type, {r->symbol}, r->addend};
}
