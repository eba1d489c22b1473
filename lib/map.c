/* The map of a function's code: which bytes were made for which instruction. The walk adds pieces as it
 * goes, from a second instance of its loop, so that a session without a map pays nothing per
 * instruction; a target that changes its code's length moves them along. Readers ask when the function is
 * compiled: kiln_session_code. Invariant: the first piece is the prologue; offsets ascend. */
#include "lib/walk.h"

void kn_map_add(struct kn_walk *w, uint32_t block, uint32_t inst, bool data) {
  kiln_code_piece piece = {kn_here(w), {block}, {inst}, data};
  if (KN_PUSH(w->f, w->piece_mark, w->fixups.n)) KN_PUSH(w->f, w->pieces, piece);
}

void kn_map_move(struct kn_walk *w) {
  for (uint32_t i = 1; i < w->pieces.n; i++)
    w->pieces.at[i].offset_bytes -= w->cut.at[w->piece_mark.at[i]];
}

void kn_map_end(struct kn_walk *w, uint32_t start) {
  w->map_symbol = w->f->symbol;
  if (w->pieces.n) w->pieces.at[0].offset_bytes = start; /* may have been cut at its beginning */
  for (uint32_t i = 0; i < w->pieces.n; i++) w->pieces.at[i].offset_bytes -= start;
}

/* ---- for readers ---- */

/* The last function, if the pieces are its. */
static const struct kn_code_func *last(const kiln_session *s) {
  if (s == NULL) return NULL;
  const struct kn_output *o = &s->out;
  const struct kn_walk *w = s->walk;
  if (w == NULL || !w->map || w->pieces.n == 0 || o->n_funcs == 0) return NULL;
  const struct kn_code_func *f = &o->funcs[o->n_funcs - 1];
  return f->symbol == w->map_symbol ? f : NULL;
}

bool kiln_session_code(const kiln_session *s, kiln_code *out) {
  const struct kn_code_func *f = last(s);
  if (out == NULL) return false;
  *out = (kiln_code){0};
  if (f == NULL) return false;
  *out = (kiln_code){.symbol = {f->symbol},
                     .bytes = s->out.code + f->start,
                     .size_bytes = f->size,
                     .n_pieces = s->walk->pieces.n,
                     .n_relocs = s->out.n_relocs - f->reloc_first,
                     .pieces = s->walk->pieces.at};
  return true;
}

kiln_code_reloc kiln_session_code_reloc(const kiln_session *s, uint32_t i) {
  const struct kn_code_func *f = last(s);
  if (f == NULL || i >= s->out.n_relocs - f->reloc_first) return (kiln_code_reloc){0};
  const struct kn_code_reloc *r = &s->out.relocs[f->reloc_first + i];
  return (kiln_code_reloc){r->offset - f->start, r->type, {r->symbol}, r->addend};
}
