/* The .dwo file of an object whose debug information is split: ELF with debug sections alone, which no linker reads, so
 * that it has neither symbols nor relocations. Called by lib/object/elf.c when the object is complete. */
#include "lib/object/elf.h"

/* Bytes of all names, each with a NUL at its end, and of all contents. */
static uint64_t measure(const struct kn_image *image, uint64_t *contents) {
  uint64_t names = 1 + sizeof ".strtab";
  *contents = 0;
  for (uint32_t i = image->debug.first_dwo; i < image->sections.n; i++) {
    names += strlen(image->sections.at[i].name) + 1;
    *contents += image->sections.at[i].size;
  }
  return names;
}

kiln_status kn_elf_split_write(const struct kn_elf *e, kiln_buffer *out) {
  const struct kn_image *image = e->image;
  const uint32_t n = image->sections.n - image->debug.first_dwo;
  uint64_t contents;
  const uint64_t names = measure(image, &contents);
  const uint64_t headers = kn_align_up(sizeof(Elf64_Ehdr) + contents + names, 8);
  const uint64_t size = headers + (n + (uint64_t)2) * sizeof(Elf64_Shdr);
  uint8_t *base = kiln_buffer_reserve(out, (size_t)size);
  if (base == NULL) return kn_module_fail(e->m, KILN_ERR_MEMORY, "out of memory for the .dwo file");
  memset(base, 0, size);
  kn_elf_put_head(base, ET_REL, e->machine, headers, n + 2, n + 1);
  uint64_t at = sizeof(Elf64_Ehdr), name_at = 1;
  uint8_t *strings = base + at + contents;
  uint8_t *p = base + headers + sizeof(Elf64_Shdr); /* the first header is all zero */
  for (uint32_t i = image->debug.first_dwo; i < image->sections.n; i++) {
    const struct kn_image_section *s = image->sections.at + i;
    p = kn_elf_put_section(p, (Elf64_Shdr){(uint32_t)name_at, SHT_PROGBITS, kn_elf_flags(s), 0, at,
                                           s->size, 0, 0, s->align, s->entry_bytes});
    kn_image_content(image, i, base + at);
    at += s->size;
    memcpy(strings + name_at, s->name, strlen(s->name) + 1);
    name_at += strlen(s->name) + 1;
  }
  memcpy(strings + name_at, ".strtab", sizeof ".strtab");
  kn_elf_put_section(p, (Elf64_Shdr){(uint32_t)name_at, SHT_STRTAB, 0, 0, at, names, 0, 0, 1, 0});
  out->size += (size_t)size;
  return KILN_OK;
}
