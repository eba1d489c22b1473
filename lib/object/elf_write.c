/* Third step of the ELF writer: copies the image's content to its places and writes relocations. Called by
 * lib/object/elf.c; the object's memory is reserved. Invariant: code is copied once, and only the copy is patched. */
#include "lib/dwarf/dwarf_relocs.h"
#include "lib/object/elf.h"

void kn_elf_write_content(struct kn_elf *e) {
  for (uint32_t i = 0; i < e->n_content; i++) {
    struct kn_elf_section *s = e->sections.at + i;
    if (s->type != SHT_NOBITS) kn_elf_pad(e, s->align);
    s->offset = e->at;
    if (s->type == SHT_NOBITS) continue;
    kn_image_content(e->image, i, e->base + e->at);
    e->at += s->size;
  }
}

/* ---- relocations ---- */

bool kn_elf_put_reloc(void *user, const struct kn_image_reloc *r) {
  struct kn_elf *e = user;
  uint32_t type =
    r->kind < KILN_RELOC_KIND_COUNT ? e->machine->relocs[r->kind] : r->kind - KILN_RELOC_FORMAT;
  if (KN_UNLIKELY(type == 0) && r->kind != KILN_RELOC_FORMAT) return kn_image_lacks(e->image, r);
  uint32_t symbol = r->symbol != 0 ? e->numbers[r->symbol] : e->section_symbols + r->section;
  int64_t addend = r->addend;
  if (symbol == 0) symbol = kn_elf_undefined(e, r->symbol);
  if (symbol & KN_VIA_SECTION) {
    const struct kn_reloc_facts *facts = kn_reloc_facts(r->kind);
    if (facts->to != KN_TO_ADDRESS && facts->to != KN_TO_CALL)
      return KN_MODULE_FAIL(false, e->m, KILN_ERR_UNSUPPORTED,
                            "code cannot have relocation %u against the private symbol '%.100s'",
                            type, kn_name_of(e->m, r->symbol));
    symbol &= ~KN_VIA_SECTION;
    addend += (int64_t)e->image->places[r->symbol].value;
  }
  kn_elf_put_rela(e, r->offset, symbol, type, addend);
  return true;
}

/* The same, for debug sections: nearly all of theirs are against sections. Inline: it is most of what they cost. */
KN_INLINE bool put_debug_reloc(void *user, const struct kn_image_reloc *r) {
  struct kn_elf *e = user;
  if (KN_UNLIKELY(r->symbol != 0)) return kn_elf_put_reloc(e, r);
  kn_elf_put_rela(e, r->offset, e->section_symbols + r->section, e->machine->relocs[r->kind],
                  r->addend);
  return true;
}

bool kn_elf_write_relocs(struct kn_elf *e) {
  kn_elf_pad(e, 8);
  for (uint32_t i = 0; i < e->n_content; i++) {
    struct kn_elf_section *s = e->sections.at + i;
    s->rela_offset = e->at;
    if (i < e->image->debug.first
          ? !kn_image_relocs(e->image, i, e->base + s->offset, kn_elf_put_reloc, e)
          : !kn_dwarf_relocs(e->image, i, put_debug_reloc, e))
      return false;
    s->n_relas = (e->at - s->rela_offset) / sizeof(Elf64_Rela);
  }
  return kn_elf_frame_relocs(e);
}
