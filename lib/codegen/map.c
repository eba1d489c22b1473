/* The map of a function's code: which bytes were made for which instruction. An observer of the walk
 * (lib/codegen/observe.h), so that a session without a map pays nothing; pieces are marks, which move with the code.
 * Readers ask when the function is compiled: kiln_session_find_code. Invariant: the first piece is the prologue;
 * offsets ascend. */
#include "lib/codegen/map.h"

#include <string.h>

static struct kn_map *map_of(struct kn_observer *o) { return (struct kn_map *)o; }

static void add(struct kn_observer *o, const struct kn_walk *w, uint32_t block, uint32_t inst) {
  kiln_code_piece piece = {kn_request_mark(o->requests), {block}, {inst}, false};
  KN_PUSH(w->f->module, map_of(o)->pieces, piece);
}

static void begin(struct kn_observer *o, const struct kn_walk *w) {
  map_of(o)->pieces.n = 0;
  add(o, w, UINT32_MAX, 0);
}

/* Parameters, SEG and UPPER are no code. */
static void inst(struct kn_observer *o, const struct kn_walk *w) {
  unsigned op = w->inst[w->i].op;
  if (op != KILN_OP_SEG && op != KILN_OP_PARAM && !kn_is_upper(w->f, w->i))
    add(o, w, w->block, w->i);
}

/* What the target makes now belongs to none. */
static void blocks(struct kn_observer *o, const struct kn_walk *w) { add(o, w, UINT32_MAX, 0); }

static void insert(kiln_module *m, struct kn_map *map, uint32_t k, kiln_code_piece piece) {
  if (!KN_PUSH(m, map->pieces, piece)) return;
  kiln_code_piece *to = &map->pieces.at[k];
  memmove(to + 1, to, (map->pieces.n - 1 - k) * sizeof *to);
  *to = piece;
}

/* Bytes from `at` to `end` of the function, which are in one piece, are data. What follows in the piece is code. */
static void split(kiln_module *m, struct kn_map *map, uint32_t at, uint32_t end, uint32_t size) {
  uint32_t k = map->pieces.n;
  while (map->pieces.at[k - 1].offset_bytes > at) k--;
  kiln_code_piece piece = map->pieces.at[k - 1];
  if (end < (k < map->pieces.n ? map->pieces.at[k].offset_bytes : size)) {
    piece.offset_bytes = end;
    insert(m, map, k, piece);
  }
  if (map->pieces.at[k - 1].offset_bytes < at) {
    piece.offset_bytes = at;
    insert(m, map, k++, piece);
  }
  map->pieces.at[k - 1].data = true;
}

static void end(struct kn_observer *o, const struct kn_walk *w, struct kn_code_func *func) {
  const struct kn_mark *marks = w->code.marks.at;
  struct kn_map *map = map_of(o);
  map->symbol = func->symbol;
  if (map->pieces.n == 0) return; /* without memory */
  for (uint32_t i = 0; i < map->pieces.n; i++) {
    kiln_code_piece *piece = &map->pieces.at[i];
    /* the prologue, which is the first, may have been cut at its beginning */
    piece->offset_bytes = i ? marks[piece->offset_bytes].at - func->start : 0;
  }
  const kiln_code_piece *last = &map->pieces.at[map->pieces.n - 1];
  if (last->block.id == UINT32_MAX && last->offset_bytes == func->size) map->pieces.n--;
  const struct kn_output *out = w->out;
  for (uint32_t k = out->data.n; k > 0 && out->data.at[k - 1].at >= func->start; k--) {
    const struct kn_code_data *d = &out->data.at[k - 1];
    split(w->f->module, map, d->at - func->start, d->end - func->start, func->size);
  }
}

static const struct kn_observer_events events = {
  .begin = begin, .code = add, .inst = inst, .blocks = blocks, .end = end};

void kn_map_observe(struct kn_walk *w, struct kn_map *map) {
  if (map->on) kn_observe(w, &map->observer);
}

kiln_status kiln_session_set_map(kiln_session *s, bool on) {
  if (s == NULL) return KILN_ERR_ARGUMENT;
  if (s->map == NULL) {
    if (!on) return KILN_OK;
    if ((s->map = kn_realloc(s->module, NULL, sizeof *s->map)) == NULL) return KILN_ERR_MEMORY;
    *s->map = (struct kn_map){.observer.on = &events};
  }
  s->map->on = on;
  s->map->symbol = 0;
  return KILN_OK;
}

void kn_map_free(kiln_session *s) {
  if (s->map) kn_realloc(s->module, s->map->pieces.at, 0);
  kn_realloc(s->module, s->map, 0);
  s->map = NULL;
}

/* ---- for readers ---- */

/* The last function, if it is the one that the pieces belong to. */
static const struct kn_code_func *last(const kiln_session *s) {
  if (s == NULL) return NULL;
  const struct kn_output *o = s->out;
  const struct kn_map *map = s->map;
  if (map == NULL || !map->on || map->pieces.n == 0 || o->funcs.n == 0) return NULL;
  const struct kn_code_func *f = &o->funcs.at[o->funcs.n - 1];
  return f->symbol == map->symbol ? f : NULL;
}

bool kiln_session_find_code(const kiln_session *s, kiln_code *out) {
  const struct kn_code_func *f = last(s);
  if (out == NULL) return false;
  *out = (kiln_code){0};
  if (f == NULL) return false;
  *out = (kiln_code){.symbol = {f->symbol},
                     .bytes = s->out->code.at + f->start,
                     .size_bytes = f->size,
                     .n_pieces = s->map->pieces.n,
                     .n_relocs = s->out->relocs.n - f->reloc_first,
                     .pieces = s->map->pieces.at};
  return true;
}

kiln_code_reloc kiln_session_get_code_reloc(const kiln_session *s, uint32_t i) {
  const struct kn_code_func *f = last(s);
  if (f == NULL || i >= s->out->relocs.n - f->reloc_first) return (kiln_code_reloc){0};
  const struct kn_code_reloc *r = &s->out->relocs.at[f->reloc_first + i];
  return (kiln_code_reloc){
    r->offset - f->start, (kiln_reloc_kind)r->kind, {r->symbol}, r->addend, {0}};
}
