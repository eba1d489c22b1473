/* Fourth step of the object writer: .eh_frame, one CIE and one FDE per function, so that debuggers, profilers and
 * exceptions can walk the frames. Called by lib/elf.c; the rows themselves come from the walk. Invariant: FDEs are in
 * the order of the functions. */
#include "lib/elf.h"

void kn_elf_put_cie(uint8_t *p, const struct kn_elf_machine *machine) {
  memset(p, 0, KN_CIE_BYTES);
  kn_put32(p, KN_CIE_BYTES - 4); /* length; behind it 0: a CIE */
  p[8] = 1;                      /* version */
  memcpy(p + 9, "zR", 3);        /* augmentation */
  p[12] = machine->cie_code_align;
  p[13] = 0x78; /* data alignment: -8 */
  p[14] = machine->cie_return;
  p[15] = 1;    /* bytes of augmentation: */
  p[16] = 0x1b; /* addresses are pc-relative, 4 bytes, signed */
  memcpy(p + 17, machine->cie_rules, KN_CIE_RULES);
}
_Static_assert(17 + KN_CIE_RULES == KN_CIE_BYTES, "the rules end the CIE");

bool kn_elf_frame_prepare(struct kn_elf *e) {
  uint64_t size = KN_CIE_BYTES, n = 0;
  for (uint32_t i = 0; i < e->n_sessions; i++) {
    const struct kn_output *o = kn_elf_output(e, i);
    for (uint32_t k = 0; k < o->n_funcs; k++) size += kn_elf_fde_bytes(o->funcs + k);
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
  e->eh_frame = kn_elf_add_section(e, ".eh_frame", 9, SHT_PROGBITS, SHF_ALLOC, 8);
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
  kn_elf_put_cie(p, e->machine);
  p += KN_CIE_BYTES;
  for (uint32_t i = 0; i < e->n_funcs; i++) {
    const struct kn_output *o = kn_elf_output(e, e->funcs[i].session);
    const struct kn_code_func *f = o->funcs + e->funcs[i].index;
    p = kn_elf_put_fde(p, (uint32_t)(p - base), 0, f, o->cfi); /* the address is relocated */
  }
  e->at += s->size;
}

void kn_elf_frame_relocs(struct kn_elf *e) {
  if (e->eh_frame == UINT32_MAX) return;
  struct kn_elf_section *s = e->sections + e->eh_frame;
  s->rela_offset = e->at;
  uint8_t *out = e->base + e->at;
  uint64_t at = KN_CIE_BYTES;
  for (uint32_t i = 0; i < e->n_funcs; i++) {
    const struct kn_code_func *f = kn_elf_func(e, i);
    const struct kn_elf_place *p = e->places + f->symbol;
    kn_put_rela(out, at + 8, e->section_symbols + p->section - 1, e->machine->rel32,
                (int64_t)p->value);
    out += sizeof(Elf64_Rela);
    at += kn_elf_fde_bytes(f);
  }
  s->n_relas += e->n_funcs;
  e->at = (uint64_t)(out - e->base);
}
