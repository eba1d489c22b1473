/* The debug sections of an ELF object, which lib/dwarf/dwarf.c makes. Called by lib/object/elf.c. */
#include "lib/object/elf.h"

uint64_t kn_elf_debug_flags(unsigned section, bool split) {
  bool strings = section == KN_DS_STR || section == KN_DS_SKELETON_STR;
  return (strings ? SHF_MERGE | SHF_STRINGS : 0) | (split ? SHF_EXCLUDE : 0u);
}

bool kn_elf_debug_prepare(struct kn_elf *e) {
  for (unsigned k = 0; k < KN_DS_COUNT; k++) e->debug[k] = UINT32_MAX;
  if (!kn_dwarf_build(e->image, &e->arena, &e->dwarf)) return false;
  for (unsigned k = 0; e->dwarf != NULL && k < KN_DS_COUNT; k++) {
    const struct kn_dwarf_buffer *b = kn_dwarf_section(e->dwarf, k);
    if (b->bytes.n == 0) continue;
    const char *split = kn_dwarf_split_name(e->dwarf, k);
    if (split != NULL && e->image->dwo != NULL) continue;
    const char *name = split != NULL ? split : kn_dwarf_section_name(k);
    uint64_t flags = kn_elf_debug_flags(k, split != NULL);
    uint32_t i = kn_elf_add_section(e, name, strlen(name), SHT_PROGBITS, flags, 1);
    if (i == UINT32_MAX) return false;
    e->debug[k] = i;
    e->sections.at[i].entsize = (flags & SHF_STRINGS) != 0;
    e->sections.at[i].size = b->bytes.n;
    e->sections.at[i].max_relas = b->relocs.n;
    e->n_debug++;
  }
  return true;
}

void kn_elf_debug_write(struct kn_elf *e) {
  for (unsigned k = 0; k < KN_DS_COUNT; k++) {
    if (e->debug[k] == UINT32_MAX) continue;
    struct kn_elf_section *s = &e->sections.at[e->debug[k]];
    s->offset = e->at;
    kn_dwarf_content(e->dwarf, k, e->base + e->at);
    e->at += s->size;
  }
}

bool kn_elf_debug_relocs(struct kn_elf *e) {
  for (unsigned k = 0; k < KN_DS_COUNT; k++) {
    if (e->debug[k] == UINT32_MAX) continue;
    const struct kn_dwarf_buffer *b = kn_dwarf_section(e->dwarf, k);
    struct kn_elf_section *s = &e->sections.at[e->debug[k]];
    s->rela_offset = e->at;
    for (uint32_t i = 0; i < b->relocs.n; i++) {
      const struct kn_dwarf_reloc *r = &b->relocs.at[i];
      uint32_t kind = (uint32_t)kn_reloc_of_data(r->target & KN_DR_DEBUG ? 4 : 8, false);
      if (KN_LIKELY(!(r->target & KN_DR_SYMBOL))) {
        uint32_t to = r->target & KN_DR_DEBUG ? e->debug[r->target & ~KN_DR_DEBUG] : r->target;
        kn_elf_put_rela(e, r->offset, e->section_symbols + to, e->machine->relocs[kind], r->addend);
        continue;
      }
      const uint32_t symbol = r->target & ~KN_DR_SYMBOL;
      if (kn_symbol(e->m, symbol)->tls != KILN_TLS_NONE) kind = KILN_RELOC_TLS64;
      const struct kn_image_reloc to = {
        .offset = r->offset, .kind = kind, .symbol = symbol, .addend = r->addend};
      if (!kn_elf_put_reloc(e, &to)) return false;
    }
    s->n_relas = b->relocs.n;
  }
  return true;
}
