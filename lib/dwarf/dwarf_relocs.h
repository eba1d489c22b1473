/* Relocations of an image's debug sections, as writers of objects take those of all others. */
#ifndef KN_LIB_DWARF_DWARF_RELOCS_H
#define KN_LIB_DWARF_DWARF_RELOCS_H

#include "lib/dwarf/dwarf_sections.h"
#include "lib/image/image.h"

/* Gives `put` the relocations of a section of the kind KN_SECTION_DEBUG. Those against such a section have 4 bytes:
 * they are offsets in it. False if `put` failed. */
KN_INLINE bool kn_dwarf_relocs(const struct kn_image *image, uint32_t section, kn_image_put *put,
                               void *user) {
  const struct kn_dwarf_buffer *b =
    kn_dwarf_section(image->debug.dwarf, image->sections.at[section].debug);
  for (const struct kn_dwarf_reloc *r = b->relocs.at, *end = r + b->relocs.n; r != end; r++) {
    const uint32_t target = r->target & ~(KN_DR_DEBUG | KN_DR_SYMBOL);
    struct kn_image_reloc to = {r->offset, KILN_RELOC_ABS64, 0, target, r->addend};
    if (r->target & KN_DR_DEBUG) {
      to.kind = KILN_RELOC_ABS32;
      to.section = image->debug.sections[target];
    } else if (r->target & KN_DR_SYMBOL) {
      to.symbol = target;
      if (kn_symbol(image->m, target)->tls != KILN_TLS_NONE) to.kind = KILN_RELOC_TLS64;
    }
    if (!put(user, &to)) return false;
  }
  return true;
}

#endif
