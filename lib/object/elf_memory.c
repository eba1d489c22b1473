/* ELF files of code in memory: see lib/object/elf_memory.h. Invariant: addresses in the file are those in memory. */
#include "lib/object/elf_memory.h"

#include "lib/object/elf.h"

uint16_t kn_elf_machine_number(kiln_processor p) { return kn_elf_machine(p)->number; }

enum { TEXT = 1, FRAMES, SYMTAB, STRTAB, NAMES, N_SECTIONS };
static const char section_names[] = "\0.text\0.eh_frame\0.symtab\0.strtab\0.shstrtab";
enum { MOST_NAMES = 512 };

/* Where the parts of an image are in it. */
struct layout {
  uint64_t frames, symtab, strtab, names, debug[KN_DS_COUNT], size;
  uint64_t names_size, strtab_size, symtab_size;
  char all_names[MOST_NAMES]; /* of sections */
  uint32_t debug_name[KN_DS_COUNT];
  uint16_t n_sections;
};

static void lay_out(const struct kn_elf_memory *u, struct layout *at) {
  const kiln_buffer *debug = u->debug;
  *at = (struct layout){.n_sections = N_SECTIONS, .names_size = sizeof section_names};
  memcpy(at->all_names, section_names, sizeof section_names);
  for (unsigned k = 0; k < KN_DS_COUNT; k++) {
    if (debug[k].size == 0) continue;
    const char *name = kn_dwarf_section_name(k);
    at->n_sections++;
    at->debug_name[k] = (uint32_t)at->names_size;
    memcpy(at->all_names + at->names_size, name, strlen(name) + 1);
    at->names_size += strlen(name) + 1;
  }
  at->strtab_size = 1;
  for (uint32_t i = 0; i < u->n_funcs; i++)
    at->strtab_size += strlen(u->names + u->funcs[i].name) + 1;
  at->symtab_size = (u->n_funcs + (uint64_t)1) * sizeof(Elf64_Sym);
  at->frames = sizeof(Elf64_Ehdr) + at->n_sections * sizeof(Elf64_Shdr);
  at->symtab = kn_align_up(at->frames + u->frames_size, 8);
  at->strtab = at->symtab + at->symtab_size;
  at->names = at->strtab + at->strtab_size;
  at->size = at->names + at->names_size;
  for (unsigned k = 0; k < KN_DS_COUNT; k++) {
    at->debug[k] = at->size;
    at->size += debug[k].size;
  }
}

static void put_headers(const struct kn_elf_memory *u, const struct layout *at, uint8_t *p) {
  const kiln_buffer *debug = u->debug;
  kn_elf_put_head(p, ET_EXEC, kn_elf_machine(u->processor), sizeof(Elf64_Ehdr), at->n_sections,
                  NAMES);
  const Elf64_Shdr sections[N_SECTIONS] = {
    [TEXT] = {1, SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, u->code_at, at->frames, u->code_size, 0, 0,
              16, 0},
    [FRAMES] = {7, SHT_PROGBITS, SHF_ALLOC, (uint64_t)(uintptr_t)u->frames, at->frames,
                u->frames_size, 0, 0, 8, 0},
    [SYMTAB] = {17, SHT_SYMTAB, 0, 0, at->symtab, at->symtab_size, STRTAB, 1, 8, sizeof(Elf64_Sym)},
    [STRTAB] = {25, SHT_STRTAB, 0, 0, at->strtab, at->strtab_size, 0, 0, 1, 0},
    [NAMES] = {33, SHT_STRTAB, 0, 0, at->names, at->names_size, 0, 0, 1, 0},
  };
  p += sizeof(Elf64_Ehdr);
  for (unsigned k = 0; k < N_SECTIONS; k++) p = kn_elf_put_section(p, sections[k]);
  for (unsigned k = 0; k < KN_DS_COUNT; k++) {
    if (debug[k].size == 0) continue;
    p = kn_elf_put_section(p, (Elf64_Shdr){at->debug_name[k], SHT_PROGBITS, 0, 0, at->debug[k],
                                           debug[k].size, 0, 0, 1, 0});
  }
}

uint64_t kn_elf_memory_size(const struct kn_elf_memory *u) {
  struct layout at;
  lay_out(u, &at);
  return at.size;
}

void kn_elf_memory_write(const struct kn_elf_memory *u, uint8_t *p) {
  struct layout at;
  lay_out(u, &at);
  memset(p, 0, at.size);
  put_headers(u, &at, p);
  if (u->frames != NULL) memcpy(p + at.frames, u->frames, u->frames_size);
  uint64_t name = 1;
  for (uint32_t i = 0; i < u->n_funcs; i++) {
    const struct kn_memory_symbol *f = u->funcs + i;
    Elf64_Sym s = {.st_name = (uint32_t)name,
                   .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                   .st_shndx = TEXT,
                   .st_value = f->address,
                   .st_size = f->size};
    memcpy(p + at.symtab + (i + (uint64_t)1) * sizeof s, &s, sizeof s);
    size_t length = strlen(u->names + f->name) + 1;
    memcpy(p + at.strtab + name, u->names + f->name, length);
    name += length;
  }
  memcpy(p + at.names, at.all_names, at.names_size);
  for (unsigned k = 0; k < KN_DS_COUNT; k++)
    if (u->debug[k].size != 0) memcpy(p + at.debug[k], u->debug[k].data, u->debug[k].size);
}
