/* The .dwo file of an object whose debug information is split: ELF with debug sections alone, which no linker reads, so
 * that it has neither symbols nor relocations. Called by lib/object/elf.c when the object is complete. */
#include "lib/object/elf.h"

kiln_status kn_elf_split_write(const struct kn_elf *e, kiln_buffer *out) {
  const struct kn_image *image = e->image;
  const uint32_t first = image->debug.first_dwo;
  struct kn_elf_file f;
  kn_elf_file_begin(&f);
  for (uint32_t i = first; i < image->sections.n; i++) {
    const struct kn_image_section *s = image->sections.at + i;
    const Elf64_Shdr is = {0, SHT_PROGBITS, kn_elf_flags(s), 0, 0, s->size, 0,
                           0, s->align,     s->entry_bytes};
    kn_elf_file_add(&f, s->name, is, NULL);
  }
  kn_elf_file_end(&f, ".strtab");
  uint8_t *base = kiln_buffer_reserve(out, (size_t)f.size);
  if (base == NULL) return kn_module_fail(e->m, KILN_ERR_MEMORY, "out of memory for the .dwo file");
  kn_elf_file_put(&f, ET_REL, e->machine, base);
  for (uint32_t i = first; i < image->sections.n; i++)
    kn_image_content(image, i, base + f.sections[1 + i - first].sh_offset);
  out->size += (size_t)f.size;
  return KILN_OK;
}
