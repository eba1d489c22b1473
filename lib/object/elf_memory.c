/* ELF files of code in memory: see lib/object/elf_memory.h. Invariant: addresses in the file are those in memory. */
#include "lib/object/elf_memory.h"

#include "lib/object/elf.h"

uint16_t kn_elf_machine_number(kiln_processor p) { return kn_elf_machine(p)->number; }

enum { TEXT = 1, FRAMES, SYMTAB, STRTAB };

static void lay_out(const struct kn_elf_memory *u, struct kn_elf_file *f) {
  const uint64_t code = u->code_at, frames = (uint64_t)(uintptr_t)u->frames,
                 entry = sizeof(Elf64_Sym), symbols = (u->n_funcs + (uint64_t)1) * entry;
  uint64_t strings = 1;
  for (uint32_t i = 0; i < u->n_funcs; i++) strings += strlen(u->names + u->funcs[i].name) + 1;
  const Elf64_Shdr sections[] = {
    [TEXT] = {0, SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, code, 0, u->code_size, 0, 0, 16, 0},
    [FRAMES] = {0, SHT_PROGBITS, SHF_ALLOC, frames, 0, u->frames_size, 0, 0, 8, 0},
    [SYMTAB] = {0, SHT_SYMTAB, 0, 0, 0, symbols, STRTAB, 1, 8, entry},
    [STRTAB] = {0, SHT_STRTAB, 0, 0, 0, strings, 0, 0, 1, 0},
  };
  kn_elf_file_begin(f);
  kn_elf_file_add(f, ".text", sections[TEXT], NULL);
  kn_elf_file_add(f, ".eh_frame", sections[FRAMES], u->frames);
  kn_elf_file_add(f, ".symtab", sections[SYMTAB], NULL);
  kn_elf_file_add(f, ".strtab", sections[STRTAB], NULL);
  for (unsigned k = 0; k < KN_DS_COUNT; k++) {
    const Elf64_Shdr debug = {0, SHT_PROGBITS, 0, 0, 0, u->debug[k].size, 0, 0, 1, 0};
    if (u->debug[k].size != 0)
      kn_elf_file_add(f, kn_dwarf_section_name(k), debug, u->debug[k].data);
  }
  kn_elf_file_end(f, ".shstrtab");
}

uint64_t kn_elf_memory_size(const struct kn_elf_memory *u) {
  struct kn_elf_file f;
  lay_out(u, &f);
  return f.size;
}

void kn_elf_memory_write(const struct kn_elf_memory *u, uint8_t *to) {
  struct kn_elf_file f;
  lay_out(u, &f);
  kn_elf_file_put(&f, ET_EXEC, kn_elf_machine(u->processor), to);
  uint8_t *p = to + f.sections[SYMTAB].sh_offset, *names = to + f.sections[STRTAB].sh_offset;
  uint64_t name = 1;
  for (uint32_t i = 0; i < u->n_funcs; i++) {
    const struct kn_memory_symbol *s = u->funcs + i;
    const char *text = u->names + s->name;
    const Elf64_Sym symbol = {
      (uint32_t)name, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, TEXT, s->address, s->size};
    memcpy(p += sizeof symbol, &symbol, sizeof symbol);
    memcpy(names + name, text, strlen(text) + 1);
    name += strlen(text) + 1;
  }
}
