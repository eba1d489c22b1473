/* DWARF as a writer of objects and the JIT see it: what kn_dwarf_build makes of an image. */
#ifndef KN_LIB_DWARF_DWARF_SECTIONS_H
#define KN_LIB_DWARF_DWARF_SECTIONS_H

#include "base/array.h"

#include <stdbool.h>
#include <stdint.h>

struct kn_arena;
struct kn_image;
struct kn_dwarf;

enum kn_dwarf_section {
#define KN_DS(constant, name, split) KN_DS_##constant,
#include "lib/dwarf/dwarf_sections.def"
#undef KN_DS
  KN_DS_COUNT
};

/* A relocation of a debug section: `target` + addend in a field of 8 bytes, for KN_DR_DEBUG of 4 bytes. Of a
 * thread-local symbol it is the offset in its module's thread-local memory. */
struct kn_dwarf_reloc {
  uint32_t offset;
  uint32_t target; /* KN_DR_...; else the index of one of the image's sections */
  int64_t addend;
};
#define KN_DR_DEBUG 0x80000000u  /* | enum kn_dwarf_section */
#define KN_DR_SYMBOL 0x40000000u /* | symbol */

struct kn_dwarf_buffer {
  KN_ARRAY(uint8_t) bytes;
  KN_ARRAY(struct kn_dwarf_reloc) relocs;
  KN_ARRAY(uint32_t) lists; /* offset of each list in version 5, without the header, by number */
};

/* Makes the content of the debug sections, if the module has a unit: *out, else NULL. All that is read of the image are
 * sessions, functions, places and facts. `arena` has to live as long as *out. False if the module failed; *out is to be
 * freed then, too. */
bool kn_dwarf_build(const struct kn_image *image, struct kn_arena *arena, struct kn_dwarf **out);
/* One section: its size is that of `bytes`, its content kn_dwarf_content's. */
const struct kn_dwarf_buffer *kn_dwarf_section(const struct kn_dwarf *d, unsigned section);
/* Its name in ELF. KN_DS_STR and KN_DS_SKELETON_STR have strings that may be merged. */
const char *kn_dwarf_section_name(unsigned section);
/* Some sections are those of the .dwo file: they have other names, and no relocations. */
bool kn_dwarf_is_split(const struct kn_dwarf *d);
/* Writes its content to `to`, which has room. */
void kn_dwarf_content(const struct kn_dwarf *d, unsigned section, uint8_t *to);
/* Adds to an image, which is laid out, the sections that kn_dwarf_build makes of it: KN_SECTION_DEBUG. False if the
 * module failed; image->debug.dwarf is to be freed in any case. (lib/dwarf/dwarf_image.c) */
bool kn_dwarf_add_sections(struct kn_image *image);
/* NULL is allowed. */
void kn_dwarf_free(struct kn_dwarf *d);

#endif
