/* Last part of an image: places the tables of exceptions and the addresses that they refer to. A function's table goes
 * with the function: in its comdat, or in a section of its own where the function has one, so that linkers drop both or
 * neither. Called by image.c.
 *
 * Under PIC a table and unwind rows name types and personalities by the distance to a word with the address. The words
 * of types are this object's own; a program has that of an external personality once (KN_SECTION_SHARED). Invariant:
 * tables are in the order of their functions. */
#include "lib/image/image.h"

/* ---- sections ---- */

/* The section of the table of the function `symbol`; UINT32_MAX without memory. It is not dropped with that of the
 * function by kn_image_section.with: gold and mold lose with -r what that says, and lld then drops tables of functions
 * that live. */
static uint32_t table_section(struct kn_image *image, uint32_t symbol) {
  const struct kn_symbol *s = kn_symbol(image->m, symbol);
  bool own = s->comdat != 0 || (image->m->options.function_sections && s->section == NULL);
  uint32_t i = own ? kn_image_own(image, KN_SECTION_TABLES, symbol, s->comdat, 0)
                   : kn_image_fixed(image, KN_SECTION_TABLES);
  if (i != UINT32_MAX) image->sections.at[i].align = 4;
  return i;
}

/* The address of a type, or of a local personality. */
static bool need_word(struct kn_image *image, uint32_t symbol) {
  if (image->eh.word_of[symbol] != 0) return true;
  uint32_t i = kn_image_fixed(image, KN_SECTION_TYPES);
  if (i == UINT32_MAX) return false;
  image->eh.words = i + 1;
  image->eh.word_of[symbol] = (uint32_t)image->sections.at[i].size + 1;
  return kn_image_add_word(image, i, symbol);
}

/* ---- personalities ---- */

/* Adds a personality, if it is new. False without memory. */
static bool need_personality(struct kn_image *image, uint32_t symbol) {
  struct kn_image_eh *eh = &image->eh;
  if (eh->personality_of[symbol] != 0) return true;
  struct kn_image_personality *p = &eh->personalities[eh->n_personalities++];
  eh->personality_of[symbol] = eh->n_personalities;
  *p = (struct kn_image_personality){.symbol = symbol};
  if (!eh->indirect) return true;
  if (kn_is_local(kn_symbol(image->m, symbol))) return need_word(image, symbol);
  uint32_t i = kn_image_own(image, KN_SECTION_SHARED, symbol, 0, 0);
  p->section = i + 1; /* 0 without memory */
  return i != UINT32_MAX && kn_image_add_word(image, i, symbol);
}

/* ---- the whole ---- */

static bool place_table(struct kn_image *image, uint32_t func) {
  struct kn_image_eh *eh = &image->eh;
  const struct kn_output *o = kn_image_output(image, image->funcs[func].session);
  const struct kn_code_func *f = kn_image_func(image, func);
  const struct kn_code_table *t = o->tables.at + f->table - 1;
  uint32_t section = table_section(image, f->symbol);
  if (section == UINT32_MAX || !need_personality(image, t->personality)) return false;
  uint32_t n = 0;
  for (uint32_t k = 0; k < t->n_types; k++) {
    uint32_t type = o->table_types.at[t->type_first + k];
    n += type != 0;
    if (type != 0 && eh->indirect && !need_word(image, type)) return false;
  }
  uint64_t offset = kn_align_up(image->sections.at[section].size, 4);
  if (kn_image_add_piece(image, section, offset, KN_PIECE_TABLE, eh->n_tables) == NULL)
    return false;
  image->sections.at[section].n_relocs += n;
  image->funcs[func].table = eh->n_tables + 1;
  eh->tables[eh->n_tables++] =
    (struct kn_image_table){func, section, eh->personality_of[t->personality] - 1, offset};
  return kn_image_extend(image, section, offset, t->size);
}

bool kn_image_place_tables(struct kn_image *image) {
  struct kn_image_eh *eh = &image->eh;
  uint64_t n = 0;
  for (uint32_t i = 0; i < image->n_sessions; i++) n += kn_image_output(image, i)->tables.n;
  if (n == 0) return true;
  size_t symbols = image->m->symbols.n;
  eh->indirect = kn_eh_indirect(image->m);
  eh->tables = kn_arena_alloc(&image->arena, (size_t)n * sizeof *eh->tables, 8);
  eh->personalities = kn_arena_alloc(&image->arena, (size_t)n * sizeof *eh->personalities, 8);
  eh->personality_of = kn_arena_zero(&image->arena, symbols * sizeof *eh->personality_of, 4);
  eh->word_of = kn_arena_zero(&image->arena, symbols * sizeof *eh->word_of, 4);
  if (eh->tables == NULL || eh->personalities == NULL || eh->personality_of == NULL ||
      eh->word_of == NULL)
    return kn_image_no_memory(image);
  for (uint32_t i = 0; i < image->n_funcs; i++)
    if (kn_image_func(image, i)->table != 0 && !place_table(image, i)) return false;
  return true;
}
