/* What an image's sections have: content, and relocations, of which those are resolved here that need no linker:
 * distances within a section. Called by writers of formats. */
#include "lib/image/image.h"

#include "lib/codegen/root_format.h"

/* ---- content ---- */

/* A piece's content, NULL: zeros, and its size in bytes. Most are of functions. */
static const uint8_t *content_of(const struct kn_image *image, const struct kn_image_piece *p,
                                 uint64_t *size) {
  if (KN_LIKELY(p->what == KN_PIECE_FUNCS)) {
    const struct kn_output *o = kn_image_output(image, p->session);
    const struct kn_code_func *f = o->funcs.at;
    *size = f[p->end - 1].start + f[p->end - 1].size - f[p->first].start;
    return o->code.at + f[p->first].start;
  }
  uint32_t session;
  switch (p->what) {
  case KN_PIECE_DATA:
    *size = image->m->data.at[p->first].size_bytes;
    return image->m->data.at[p->first].bytes;
  case KN_PIECE_TABLE:
    *size = kn_image_table(image, p->first)->size;
    session = image->funcs[image->eh.tables[p->first].func].session;
    return kn_image_output(image, session)->table_bytes.at + kn_image_table(image, p->first)->first;
  case KN_PIECE_ROOTS: return kn_image_root_table(image, p->first, size);
  default: *size = 8; return NULL; /* KN_PIECE_WORD */
  }
}

static void copy_piece(uint8_t *to, const uint8_t *from, uint64_t size) {
  if (size == 0) return;
  /* Runs of functions are often some KiB long: for those memcpy's vector loop is faster than its string instructions,
   * which it uses from 2 KiB up. */
  const uint64_t step = 1024, limit = 65536;
  if (from != NULL)
    for (; size > step && size <= limit; from += step, to += step, size -= step)
      memcpy(to, from, (size_t)step);
  if (from != NULL) kn_copy(to, from, (size_t)size);
  else memset(to, 0, (size_t)size);
}

void kn_image_content(const struct kn_image *image, uint32_t section, uint8_t *to) {
  const struct kn_image_section *s = image->sections.at + section;
  if (s->kind == KN_SECTION_DEBUG) {
    image->debug.content(image->debug.dwarf, s->debug, to);
    return;
  }
  int fill = s->code ? image->code->fill : 0;
  uint64_t at = 0;
  for (uint32_t piece = s->first; piece != 0; piece = image->pieces.at[piece - 1].next) {
    const struct kn_image_piece *p = image->pieces.at + piece - 1;
    uint64_t size;
    const uint8_t *content = content_of(image, p, &size);
    if (p->offset > at) memset(to + at, fill, (size_t)(p->offset - at));
    copy_piece(to + p->offset, content, size);
    at = p->offset + size;
  }
}

/* ---- relocations ---- */

/* Where relocations go: of one section. */
struct sink {
  const struct kn_image *image;
  uint32_t section;
  uint32_t known; /* index + 1 of the section where distances are known: this one, or 0 */
  uint8_t *base;  /* of its content */
  kn_image_put *put;
  void *user;
};

/* Whether a symbol is at a place in this object that no other definition takes. */
static bool is_here(const struct kn_image *image, uint32_t symbol) {
  return image->places[symbol].section != 0 && kn_is_local(kn_symbol(image->m, symbol));
}

bool kn_image_can_refer(const struct kn_image *image, uint32_t id) {
  const struct kn_symbol *s = kn_symbol(image->m, id);
  if (image->places[id].section != 0 || !kn_is_local(s)) return true;
  if (s->kind == KILN_SYMBOL_BLOCK)
    kn_module_fail(image->m, KILN_ERR_SYMBOL,
                   "the address of block %lld of '%.100s' is used, but the block has no code",
                   (long long)s->offset, kn_symbol(image->m, s->target)->name);
  else kn_module_fail(image->m, KILN_ERR_SYMBOL, "local symbol '%.100s' is not defined", s->name);
  return false;
}

bool kn_image_lacks(const struct kn_image *image, const struct kn_image_reloc *r) {
  const char *kind = kiln_reloc_name((kiln_reloc_kind)r->kind);
  return KN_MODULE_FAIL(false, image->m, KILN_ERR_UNSUPPORTED,
                        "relocation %s against '%.100s': %s has no such relocation on %s",
                        kind != NULL ? kind : "without a kind", kn_name_of(image->m, r->symbol),
                        image->format->name,
                        kiln_processor_name(image->m->options.target.processor));
}

static bool give(const struct sink *k, const struct kn_image_reloc *r) {
  bool defined = r->symbol == 0 || k->image->places[r->symbol].section != 0;
  return (defined || kn_image_can_refer(k->image, r->symbol)) && k->put(k->user, r);
}

/* Relocations of the functions of a piece. */
static bool code_relocs(const struct sink *k, const struct kn_image_piece *piece) {
  const struct kn_image *image = k->image;
  const struct kn_output *o = kn_image_output(image, piece->session);
  const struct kn_code_func *first = o->funcs.at + piece->first;
  const struct kn_code_reloc *r = o->relocs.at + first->reloc_first;
  const struct kn_code_reloc *end =
    o->relocs.at + (piece->end < o->funcs.n ? o->funcs.at[piece->end].reloc_first : o->relocs.n);
  uint64_t delta = piece->offset - first->start;
  for (; r != end; r++) {
    const struct kn_place *p = image->places + r->symbol;
    uint64_t at = r->offset + delta;
    if (p->section == k->known && p->what != KN_IS_RESOLVER && is_here(image, r->symbol)) {
      const struct kn_reloc_facts *facts = kn_reloc_facts(r->kind);
      uint64_t value = p->value + (uint64_t)(int64_t)r->addend;
      /* where the field is too narrow, the linker resolves it */
      if (kn_reloc_is_distance(facts) && kn_reloc_put(facts, k->base + at, value, at)) continue;
    }
    const struct kn_image_reloc to = {at, r->kind, r->symbol, 0, r->addend};
    if (!give(k, &to)) return false;
  }
  return true;
}

static bool has_merged(const struct kn_image_section *s) {
  return (s->kind == KN_SECTION_STRINGS && !s->own) || (s->flags & KILN_SECTION_MERGE) != 0;
}

/* The relocation `r` of an item at offset `item`: the distance from another symbol becomes that from the field, if the
 * symbol is in the same section. */
static bool distance(const struct sink *k, uint64_t item, const kiln_reloc *r) {
  const struct kn_image *image = k->image;
  kiln_module *m = image->m;
  const struct kn_place *from = image->places + r->relative_to.id,
                        *p = image->places + r->symbol.id;
  uint64_t offset = item + r->offset_bytes;
  if (!kn_place_is_in_section(from))
    return KN_MODULE_FAIL(false, m, KILN_ERR_SYMBOL,
                          "a relocation is relative to '%.100s', which is not defined here",
                          kn_name_of(m, r->relative_to.id));
  if (k->known != 0 && p->section == from->section && is_here(image, r->symbol.id) &&
      !has_merged(image->sections.at + from->section - 1)) {
    int64_t value = (int64_t)(p->value - from->value + (uint64_t)r->addend);
    if (r->size_bytes == 8) kn_put64(k->base + offset, (uint64_t)value);
    else kn_put32(k->base + offset, (uint32_t)value);
    if (r->size_bytes == 8 || value == (int32_t)value) return true;
    return KN_MODULE_FAIL(false, m, KILN_ERR_LIMIT,
                          "the distance to '%.100s' does not fit in 32 bits",
                          kn_name_of(m, r->symbol.id));
  }
  if (from->section != k->section + 1)
    return KN_MODULE_FAIL(
      false, m, KILN_ERR_UNSUPPORTED,
      "the distance from '%.100s' to '%.100s', which is in another section, is unknown",
      kn_name_of(m, r->relative_to.id), kn_name_of(m, r->symbol.id));
  const struct kn_image_reloc to = {offset, kn_reloc_of_data(r->size_bytes, true), r->symbol.id, 0,
                                    r->addend + (int64_t)(offset - from->value)};
  return give(k, &to);
}

static bool data_relocs(const struct sink *k, const struct kn_image_piece *piece) {
  const struct kn_data *d = k->image->m->data.at + piece->first;
  for (size_t i = 0; i < d->n_relocs; i++) {
    const kiln_reloc *r = d->relocs + i;
    uint64_t offset = piece->offset + r->offset_bytes;
    memset(k->base + offset, 0, r->size_bytes);
    const uint32_t kind = r->kind != 0 ? r->kind : kn_reloc_of_data(r->size_bytes, false);
    const struct kn_image_reloc to = {offset, kind, r->symbol.id, 0, r->addend};
    if (r->relative_to.id != 0 ? !distance(k, piece->offset, r) : !give(k, &to)) return false;
  }
  return true;
}

bool kn_image_table_relocs(const struct kn_image *image, uint32_t i, uint64_t offset,
                           kn_image_put *put, void *user) {
  const struct kn_image_eh *eh = &image->eh;
  const struct kn_code_table *t = kn_image_table(image, i);
  const struct kn_output *o = kn_image_output(image, image->funcs[eh->tables[i].func].session);
  for (uint32_t n = 0; n < t->n_types; n++) {
    uint32_t type = o->table_types.at[t->type_first + n];
    struct kn_image_reloc to = {offset + t->type_end - 4 * ((uint64_t)n + 1), KILN_RELOC_ABS32,
                                type, 0, 0};
    if (type == 0) continue;
    if (eh->indirect)
      to = (struct kn_image_reloc){to.offset, KILN_RELOC_REL32, 0, eh->words - 1,
                                   (int64_t)eh->word_of[type] - 1};
    else if (!kn_image_can_refer(image, type)) return false;
    if (!put(user, &to)) return false;
  }
  return true;
}

/* The distance to the function of a table of roots, which is in the same group. */
static bool roots_relocs(const struct sink *k, const struct kn_image_piece *piece) {
  const struct kn_image *image = k->image;
  const struct kn_code_func *f = kn_image_func(image, image->roots.funcs[piece->first]);
  const struct kn_place *p = image->places + f->symbol;
  const struct kn_image_reloc to = {piece->offset + KN_ROOTS_FUNC, KILN_RELOC_REL32, 0,
                                    p->section - 1, (int64_t)p->value};
  return give(k, &to);
}

/* The relocations of a piece that is not code. */
static bool piece_relocs(const struct sink *k, const struct kn_image_piece *p) {
  const struct kn_image_reloc word = {p->offset, KILN_RELOC_ABS64, p->first, 0, 0};
  switch (p->what) {
  case KN_PIECE_DATA: return data_relocs(k, p);
  case KN_PIECE_TABLE: return kn_image_table_relocs(k->image, p->first, p->offset, k->put, k->user);
  case KN_PIECE_ROOTS: return roots_relocs(k, p);
  case KN_PIECE_WORD: return give(k, &word);
  default: return true;
  }
}

bool kn_image_relocs(const struct kn_image *image, uint32_t section, uint8_t *base,
                     kn_image_put *put, void *user) {
  const bool moves = image->format != NULL && image->format->moves;
  const struct sink k = {image, section, moves ? 0 : section + 1, base, put, user};
  const struct kn_image_section *s = image->sections.at + section;
  if (s->kind == KN_SECTION_DEBUG) return image->debug.relocs(image, section, put, user);
  for (uint32_t piece = s->n_relocs != 0 ? s->first : 0; piece != 0;
       piece = image->pieces.at[piece - 1].next) {
    const struct kn_image_piece *p = image->pieces.at + piece - 1;
    if (!(p->what == KN_PIECE_FUNCS ? code_relocs(&k, p) : piece_relocs(&k, p))) return false;
  }
  return true;
}
