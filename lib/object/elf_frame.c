/* Fourth step of the ELF writer: .eh_frame, one FDE per function that has rows there, and a CIE for those without a
 * table of exceptions and each personality, so that debuggers, profilers and exceptions can walk the frames. Called by
 * lib/object/elf.c; the rows themselves come from the walk. Invariant: FDEs are in the order of the functions. */
#include "lib/object/elf.h"
#include "lib/image/frames.h"

/* Where the CIE of personality i is. The first one is that of functions without tables of exceptions. */
static uint32_t cie_at(uint32_t i) { return KN_CIE_BYTES + i * KN_CIE_EH_BYTES; }

bool kn_elf_frame_prepare(struct kn_elf *e) {
  const struct kn_image_eh *eh = &e->image->eh;
  uint64_t size = 0, n = 0;
  for (uint32_t i = 0; i < e->image->n_funcs; i++) {
    const struct kn_code_func *f = kn_image_func(e->image, i);
    size += kn_fde_bytes(f);
    n += !f->no_rows;
  }
  size += cie_at(eh->n_personalities);
  e->eh_frame = UINT32_MAX;
  if (n == 0) return true;
  if (size > INT32_MAX)
    return KN_MODULE_FAIL(false, e->m, KILN_ERR_LIMIT, "the unwind tables are larger than 2 GiB");
  e->eh_frame = kn_elf_add_section(e, ".eh_frame", 9, SHT_PROGBITS, SHF_ALLOC, 8);
  if (e->eh_frame == UINT32_MAX) return false;
  e->sections.at[e->eh_frame].size = size;
  e->sections.at[e->eh_frame].max_relas = n + eh->n_personalities + eh->n_tables;
  return true;
}

void kn_elf_frame_write(struct kn_elf *e) {
  const struct kn_image *image = e->image;
  const struct kn_image_eh *eh = &image->eh;
  if (e->eh_frame == UINT32_MAX) return;
  struct kn_elf_section *s = e->sections.at + e->eh_frame;
  kn_elf_pad(e, 8);
  s->offset = e->at;
  uint8_t *base = e->base + e->at, *p = base;
  p = kn_cie_put(p, image->code, KN_EH_OMIT, 0);
  for (uint32_t i = 0; i < eh->n_personalities; i++)
    p = kn_cie_put(p, image->code, eh->indirect ? KN_EH_INDIRECT_PCREL_SDATA4 : KN_EH_UDATA4, 0);
  for (uint32_t i = 0; i < image->n_funcs; i++) {
    const struct kn_output *o = kn_image_output(image, image->funcs[i].session);
    const struct kn_code_func *f = kn_image_func(image, i);
    const uint32_t table = image->funcs[i].table;
    const uint32_t cie = table != 0 ? cie_at(eh->tables[table - 1].personality) : 0;
    p = kn_fde_put(p, (uint32_t)(p - base) - cie, 0, 0, f, o->cfi.at); /* addresses are relocated */
  }
  e->at += s->size;
}

/* The address of a CIE's personality. False if the module failed. */
static bool personality_reloc(struct kn_elf *e, uint32_t i) {
  const struct kn_image_eh *eh = &e->image->eh;
  const struct kn_image_personality *c = eh->personalities + i;
  uint64_t at = cie_at(i) + KN_CIE_PERSONALITY_AT;
  if (!eh->indirect) {
    const struct kn_image_reloc r = {at, KILN_RELOC_ABS32, c->symbol, 0, 0};
    return kn_image_can_refer(e->image, c->symbol) && kn_elf_put_reloc(e, &r);
  }
  uint32_t ref = e->refs[i];
  uint32_t symbol = ref != 0 ? ref : e->section_symbols + eh->words - 1;
  int64_t addend = ref != 0 ? 0 : (int64_t)eh->word_of[c->symbol] - 1;
  kn_elf_put_rela(e, at, symbol, e->machine->relocs[KILN_RELOC_REL32], addend);
  return true;
}

bool kn_elf_frame_relocs(struct kn_elf *e) {
  const struct kn_image *image = e->image;
  if (e->eh_frame == UINT32_MAX) return true;
  struct kn_elf_section *s = e->sections.at + e->eh_frame;
  s->rela_offset = e->at;
  for (uint32_t i = 0; i < image->eh.n_personalities; i++)
    if (!personality_reloc(e, i)) return false;
  uint64_t at = cie_at(image->eh.n_personalities);
  const uint32_t type = e->machine->relocs[KILN_RELOC_REL32];
  for (uint32_t i = 0; i < image->n_funcs; i++) {
    const struct kn_code_func *f = kn_image_func(image, i);
    const struct kn_place *p = image->places + f->symbol;
    if (KN_UNLIKELY(f->no_rows)) continue;
    kn_elf_put_rela(e, at + KN_FDE_ADDRESS_AT, e->section_symbols + p->section - 1, type,
                    (int64_t)p->value);
    if (KN_UNLIKELY(f->table != 0)) {
      const struct kn_image_table *t = image->eh.tables + image->funcs[i].table - 1;
      kn_elf_put_rela(e, at + KN_FDE_TABLE_AT, e->section_symbols + t->section, type,
                      (int64_t)t->offset);
    }
    at += kn_fde_bytes(f);
  }
  s->n_relas = (e->at - s->rela_offset) / sizeof(Elf64_Rela);
  return true;
}
