/* The debug sections of an image: see kn_dwarf_add_sections. Called by lib/object/formats.c, when everything else is
 * laid out. Invariant: a section's number in the image follows from the order of enum kn_dwarf_section. */
#include "lib/dwarf/dwarf_relocs.h"
#include "lib/image/image.h"

/* The names of sections, and of those in the .dwo file. */
static const struct {
  const char *name, *split;
} names[KN_DS_COUNT] = {
#define KN_DS(constant, name, split) {name, split ? name ".dwo" : NULL},
#include "lib/dwarf/dwarf_sections.def"
#undef KN_DS
};

const char *kn_dwarf_section_name(unsigned section) { return names[section].name; }

/* Adds those that the object has, or those of the .dwo file. */
static bool add(struct kn_image *image, bool dwo) {
  const struct kn_image_debug *debug = &image->debug;
  for (unsigned k = 0; debug->dwarf != NULL && k < KN_DS_COUNT; k++) {
    const struct kn_dwarf_buffer *b = kn_dwarf_section(debug->dwarf, k);
    const char *split = kn_dwarf_is_split(debug->dwarf) ? names[k].split : NULL;
    if (b->bytes.n == 0 || dwo != (split != NULL && image->dwo != NULL)) continue;
    const bool strings = k == KN_DS_STR || k == KN_DS_SKELETON_STR;
    const struct kn_image_section s = {
      .kind = KN_SECTION_DEBUG,
      .name = split != NULL ? split : names[k].name,
      .flags = (strings ? KILN_SECTION_MERGE | KILN_SECTION_STRINGS : 0) |
               (split != NULL ? KILN_SECTION_EXCLUDE : 0u),
      .entry_bytes = strings,
      .debug = (uint8_t)k,
      .nonzero = true,
      .align = 1,
      .size = b->bytes.n,
      .n_relocs = b->relocs.n,
    };
    debug->sections[k] = image->sections.n;
    if (!KN_PUSH(image->m, image->sections, s)) return false;
  }
  return true;
}

/* kn_image_debug.relocs */
static bool relocs(const struct kn_image *image, uint32_t section, kn_image_put *put, void *user) {
  return kn_dwarf_relocs(image, section, put, user);
}

bool kn_dwarf_add_sections(struct kn_image *image) {
  struct kn_image_debug *debug = &image->debug;
  *debug = (struct kn_image_debug){.first = image->sections.n,
                                   .first_dwo = image->sections.n,
                                   .content = kn_dwarf_content,
                                   .relocs = relocs};
  if (!kn_dwarf_build(image, &image->arena, &debug->dwarf)) return false;
  debug->sections = kn_arena_zero(&image->arena, KN_DS_COUNT * sizeof *debug->sections, 4);
  if (debug->sections == NULL) return kn_image_no_memory(image);
  if (!add(image, false)) return false;
  debug->first_dwo = image->sections.n;
  return add(image, true);
}
