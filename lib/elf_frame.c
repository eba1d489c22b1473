/* Fourth room of the object writer: .eh_frame, one CIE and one FDE per function, so that debuggers,
 * profilers and exceptions can walk the frames. Called by lib/elf.c; the rows themselves come from the
 * walk. Invariant: FDEs are in the order of the functions. */
#include "lib/elf.h"

enum { FDE_HEAD = 17 }; /* length, CIE pointer, address, size, augmentation length */

static uint64_t fde_size(const struct kn_code_func *f) {
  return kn_align_up(FDE_HEAD + (uint64_t)f->cfi_size, 8);
}

bool kn_elf_frame_prepare(struct kn_elf *e) {
  uint64_t size = e->machine->cie_size, n = 0;
  for (uint32_t i = 0; i < e->n_sessions; i++) {
    const struct kn_output *o = kn_elf_output(e, i);
    for (uint32_t k = 0; k < o->n_funcs; k++) size += fde_size(o->funcs + k);
    n += o->n_funcs;
  }
  if (n == 0) {
    e->eh_frame = UINT32_MAX;
    return true;
  }
  if (size > INT32_MAX) {
    kn_module_fail(e->m, KILN_ERR_LIMIT, "unwind tables larger than 2 GiB");
    return false;
  }
  e->eh_frame = kn_elf_add_section(e, ".eh_frame", SHT_PROGBITS, SHF_ALLOC, 8);
  if (e->eh_frame == UINT32_MAX) return false;
  e->sections[e->eh_frame].size = size;
  e->sections[e->eh_frame].max_relas = n;
  return true;
}

void kn_elf_frame_write(struct kn_elf *e) {
  if (e->eh_frame == UINT32_MAX) return;
  struct kn_elf_section *s = e->sections + e->eh_frame;
  kn_elf_pad(e, 8);
  s->offset = e->at;
  uint8_t *base = e->base + e->at, *p = base;
  memcpy(p, e->machine->cie, e->machine->cie_size);
  p += e->machine->cie_size;
  for (uint32_t i = 0; i < e->n_funcs; i++) {
    const struct kn_output *o = kn_elf_output(e, e->funcs[i].session);
    const struct kn_code_func *f = o->funcs + e->funcs[i].index;
    uint64_t size = fde_size(f);
    kn_put32(p, (uint32_t)(size - 4));
    kn_put32(p + 4, (uint32_t)(p + 4 - base)); /* back to the CIE */
    kn_put32(p + 8, 0);                        /* relocated: address of the function */
    kn_put32(p + 12, f->size);
    kn_put64(p + size - 8, 0); /* DW_CFA_nop, as far as the rows leave room */
    p[16] = 0;
    if (f->cfi_size > 0) kn_elf_copy(p + FDE_HEAD, o->cfi + f->cfi_first, f->cfi_size);
    p += size;
  }
  e->at += s->size;
}

void kn_elf_frame_relocs(struct kn_elf *e) {
  if (e->eh_frame == UINT32_MAX) return;
  struct kn_elf_section *s = e->sections + e->eh_frame;
  s->rela_offset = e->at;
  uint8_t *out = e->base + e->at;
  uint64_t at = e->machine->cie_size;
  for (uint32_t i = 0; i < e->n_funcs; i++) {
    const struct kn_code_func *f = kn_elf_func(e, i);
    const struct kn_elf_place *p = e->places + f->symbol;
    kn_put_rela(out, at + 8, e->section_symbols + p->section - 1, e->machine->rel32,
                (int64_t)p->value);
    out += sizeof(Elf64_Rela);
    at += fde_size(f);
  }
  s->n_relas += e->n_funcs;
  e->at = (uint64_t)(out - e->base);
}
