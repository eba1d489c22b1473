/* Tables of roots in an image: each goes to one section, which programs find by the symbols that linkers make of its
 * name, or to the comdat of its function. It is kept even if the linker collects garbage: a table that is missing would
 * look like a function without roots. Called by image.c and image_relocs.c. Invariant: tables are in the order of
 * their functions. */
#include "lib/image/image.h"

#include "lib/codegen/root_format.h"

const uint8_t *kn_image_root_table(const struct kn_image *image, uint32_t i, uint64_t *size) {
  const uint32_t func = image->roots.funcs[i];
  const struct kn_output *o = kn_image_output(image, image->funcs[func].session);
  const struct kn_code_roots *t = o->root_tables.at + kn_image_func(image, func)->roots - 1;
  *size = t->size;
  return o->root_bytes.at + t->first;
}

static bool place_table(struct kn_image *image, uint32_t func) {
  uint32_t symbol = kn_image_func(image, func)->symbol;
  uint32_t comdat = kn_symbol(image->m, symbol)->comdat;
  uint32_t section = comdat != 0
                       ? kn_image_own(image, KN_SECTION_ROOTS, symbol, comdat, KILN_SECTION_RETAIN)
                       : kn_image_fixed(image, KN_SECTION_ROOTS);
  if (section == UINT32_MAX) return false;
  struct kn_image_section *s = image->sections.at + section;
  s->owner = 0; /* all have one name */
  s->flags |= KILN_SECTION_RETAIN;
  s->align = KN_ROOTS_ALIGN;
  s->n_relocs++;
  uint64_t offset = s->size;
  if (kn_image_add_piece(image, section, offset, KN_PIECE_ROOTS, image->roots.n) == NULL)
    return false;
  image->roots.funcs[image->roots.n] = func;
  uint64_t size;
  kn_image_root_table(image, image->roots.n++, &size);
  return kn_image_extend(image, section, offset, size);
}

bool kn_image_place_roots(struct kn_image *image) {
  uint64_t n = 0;
  for (uint32_t i = 0; i < image->n_sessions; i++) n += kn_image_output(image, i)->root_tables.n;
  if (KN_LIKELY(n == 0) || image->format == NULL) return true;
  image->roots.funcs = kn_arena_alloc(&image->arena, (size_t)n * sizeof *image->roots.funcs, 4);
  if (image->roots.funcs == NULL) return kn_image_no_memory(image);
  for (uint32_t i = 0; i < image->n_funcs; i++)
    if (kn_image_func(image, i)->roots != 0 && !place_table(image, i)) return false;
  return true;
}
