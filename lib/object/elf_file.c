/* ELF files: the header, which all have, and whole files whose sections no linker reads: .dwo files, and those of code
 * in memory. */
#include "lib/object/elf.h"

/* What does not fit is in the header of section 0. */
void kn_elf_put_head(uint8_t *p, uint16_t type, const struct kn_elf_machine *machine,
                     uint64_t headers, uint32_t n, uint32_t names) {
  memset(p, 0, sizeof(Elf64_Ehdr));
  memcpy(p, ELFMAG, SELFMAG);
  p[EI_CLASS] = ELFCLASS64;
  p[EI_DATA] = ELFDATA2LSB;
  p[EI_VERSION] = EV_CURRENT;
  kn_put16(p + 16, type);
  kn_put16(p + 18, machine->number);
  kn_put32(p + 20, EV_CURRENT);
  kn_put64(p + 40, headers);
  kn_put32(p + 48, machine->flags);
  kn_put16(p + 52, sizeof(Elf64_Ehdr));
  kn_put16(p + 58, sizeof(Elf64_Shdr));
  kn_put16(p + 60, n >= SHN_LORESERVE ? 0 : (uint16_t)n);
  kn_put16(p + 62, names >= SHN_LORESERVE ? SHN_XINDEX : (uint16_t)names);
}

void kn_elf_file_begin(struct kn_elf_file *f) {
  *f = (struct kn_elf_file){.names[0] = "", .n = 1, .names_size = 1, .size = sizeof(Elf64_Ehdr)};
}

void kn_elf_file_add(struct kn_elf_file *f, const char *name, Elf64_Shdr s, const void *content) {
  f->size = kn_align_up(f->size, s.sh_addralign);
  s.sh_name = f->names_size;
  s.sh_offset = f->size;
  if (s.sh_type != SHT_NOBITS) f->size += s.sh_size;
  f->names[f->n] = name;
  f->names_size += (uint32_t)strlen(name) + 1;
  f->contents[f->n] = content;
  f->sections[f->n++] = s;
}

void kn_elf_file_end(struct kn_elf_file *f, const char *name) {
  const uint64_t size = f->names_size + strlen(name) + 1;
  kn_elf_file_add(f, name, (Elf64_Shdr){0, SHT_STRTAB, 0, 0, 0, size, 0, 0, 1, 0}, NULL);
  f->headers = kn_align_up(f->size, 8);
  f->size = f->headers + f->n * sizeof(Elf64_Shdr);
}

void kn_elf_file_put(const struct kn_elf_file *f, uint16_t type,
                     const struct kn_elf_machine *machine, uint8_t *to) {
  uint8_t *names = to + f->sections[f->n - 1].sh_offset, *p = to + f->headers;
  memset(to, 0, f->size);
  kn_elf_put_head(to, type, machine, f->headers, f->n, f->n - 1);
  for (uint32_t i = 0; i < f->n; i++) {
    const Elf64_Shdr *s = f->sections + i;
    memcpy(names + s->sh_name, f->names[i], strlen(f->names[i]) + 1);
    if (f->contents[i] != NULL) memcpy(to + s->sh_offset, f->contents[i], s->sh_size);
    p = kn_elf_put_section(p, *s);
  }
}
