/* The header of an ELF file, which objects, .dwo files and files of code in memory have. */
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
