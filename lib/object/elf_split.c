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

static void put_head(const struct kn_elf *e, uint8_t *p, uint64_t headers, uint32_t n) {
  Elf64_Ehdr head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                                 EV_CURRENT, ELFOSABI_NONE},
                     .e_type = ET_REL,
                     .e_machine = e->machine->number,
                     .e_version = EV_CURRENT,
                     .e_shoff = headers,
                     .e_flags = e->machine->flags,
                     .e_ehsize = sizeof head,
                     .e_shentsize = sizeof(Elf64_Shdr),
                     .e_shnum = (uint16_t)n,
                     .e_shstrndx = (uint16_t)(n - 1)};
  memcpy(p, &head, sizeof head);
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
  put_head(e, base, headers, n + 2);
  uint64_t at = sizeof(Elf64_Ehdr), name_at = 1;
  uint8_t *strings = base + at + contents;
  Elf64_Shdr h = {0}; /* the first header is all zero */
  uint8_t *p = base + headers + sizeof h;
  for (uint32_t i = image->debug.first_dwo; i < image->sections.n; i++) {
    const struct kn_image_section *s = image->sections.at + i;
    h = (Elf64_Shdr){.sh_name = (uint32_t)name_at,
                     .sh_type = SHT_PROGBITS,
                     .sh_flags = kn_elf_flags(s),
                     .sh_offset = at,
                     .sh_size = s->size,
                     .sh_addralign = s->align,
                     .sh_entsize = s->entry_bytes};
    memcpy(p, &h, sizeof h);
    p += sizeof h;
    kn_image_content(image, i, base + at);
    at += s->size;
    memcpy(strings + name_at, s->name, strlen(s->name) + 1);
    name_at += strlen(s->name) + 1;
  }
  memcpy(strings + name_at, ".strtab", sizeof ".strtab");
  h = (Elf64_Shdr){.sh_name = (uint32_t)name_at,
                   .sh_type = SHT_STRTAB,
                   .sh_offset = at,
                   .sh_size = names,
                   .sh_addralign = 1};
  memcpy(p, &h, sizeof h);
  out->size += (size_t)size;
  return KILN_OK;
}
