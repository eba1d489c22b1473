/* Fourth step of the object writer: .eh_frame, one FDE per function, and a CIE for those without a table of exceptions
 * and each personality, so that debuggers, profilers and exceptions can walk the frames. Called by lib/object/elf.c;
 * the rows themselves come from the walk. Invariant: FDEs are in the order of the functions. */
#include "lib/object/elf.h"

/* Where CIE i of functions with tables of exceptions is; they are behind those without. */
static uint32_t cie_at(const struct kn_elf *e, uint32_t i) {
  return KN_CIE_BYTES * (1u + e->key_b) + i * KN_CIE_EH_BYTES;
}

/* Writes what both CIEs begin with: `bytes` in all, `z` and what follows as augmentation. Returns its end. */
static uint8_t *begin_cie(uint8_t *p, const struct kn_code_facts *code, uint32_t bytes,
                          const char *augmentation) {
  memset(p, 0, bytes);
  kn_put32(p, bytes - 4); /* length; behind it 0: a CIE */
  p[8] = 1;               /* version */
  size_t length = strlen(augmentation) + 1;
  memcpy(p + 9, augmentation, length);
  p += 9 + length;
  *p++ = code->cie_code_align;
  *p++ = 0x78; /* data alignment: -8 */
  *p++ = code->cie_return;
  return p;
}

/* Behind that of key B there is room for one byte of rules less, which no target with keys has. */
void kn_elf_put_cie(uint8_t *p, const struct kn_code_facts *code, bool key_b) {
  p = begin_cie(p, code, KN_CIE_BYTES, key_b ? "zRB" : "zR");
  *p++ = 1;                  /* bytes of augmentation: */
  *p++ = KN_EH_PCREL_SDATA4; /* of functions' addresses */
  memcpy(p, code->cie_rules, KN_CIE_RULES - (size_t)key_b);
}
_Static_assert(17 + KN_CIE_RULES == KN_CIE_BYTES, "the rules end the CIE");

void kn_elf_put_eh_cie(uint8_t *p, const struct kn_code_facts *code, unsigned encoding,
                       uint32_t personality, bool key_b) {
  p = begin_cie(p, code, KN_CIE_EH_BYTES, key_b ? "zPLRB" : "zPLR");
  *p++ = 7; /* bytes of augmentation: */
  *p++ = (uint8_t)encoding;
  kn_put32(p, personality);
  p += 4;
  *p++ = KN_EH_PCREL_SDATA4; /* of tables' addresses */
  *p++ = KN_EH_PCREL_SDATA4; /* of functions' addresses */
  memcpy(p, code->cie_rules, KN_CIE_RULES - (size_t)key_b);
}
_Static_assert(KN_CIE_PERSONALITY_AT + 6 + KN_CIE_RULES == KN_CIE_EH_BYTES, "as above");

bool kn_elf_frame_prepare(struct kn_elf *e) {
  uint64_t size = 0, n = 0;
  for (uint32_t i = 0; i < e->n_sessions; i++) {
    const struct kn_output *o = kn_elf_output(e, i);
    for (uint32_t k = 0; k < o->funcs.n; k++) size += kn_elf_fde_bytes(o->funcs.at + k);
    for (uint32_t k = 0; k < o->funcs.n && KN_UNLIKELY(o->some_key_b); k++)
      e->key_b |= o->funcs.at[k].key_b && o->funcs.at[k].table == 0;
    n += o->funcs.n;
  }
  size += cie_at(e, e->eh.n_cies);
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
  e->sections.at[e->eh_frame].size = size;
  e->sections.at[e->eh_frame].max_relas = n + e->eh.n_cies + e->eh.n_tables;
  return true;
}

void kn_elf_frame_write(struct kn_elf *e) {
  if (e->eh_frame == UINT32_MAX) return;
  struct kn_elf_section *s = e->sections.at + e->eh_frame;
  kn_elf_pad(e, 8);
  s->offset = e->at;
  uint8_t *base = e->base + e->at, *p = base;
  for (unsigned k = 0; k < 1u + e->key_b; k++, p += KN_CIE_BYTES)
    kn_elf_put_cie(p, e->code, k != 0);
  for (uint32_t i = 0; i < e->eh.n_cies; i++, p += KN_CIE_EH_BYTES)
    kn_elf_put_eh_cie(p, e->code, e->eh.indirect ? KN_EH_INDIRECT_PCREL_SDATA4 : KN_EH_UDATA4, 0,
                      e->eh.cies[i].key_b);
  uint32_t table = 0;
  for (uint32_t i = 0; i < e->n_funcs; i++) {
    const struct kn_output *o = kn_elf_output(e, e->funcs[i].session);
    const struct kn_code_func *f = o->funcs.at + e->funcs[i].index;
    uint32_t cie = f->key_b ? KN_CIE_BYTES : 0;
    if (f->table != 0) cie = cie_at(e, e->eh.tables[table++].cie);
    p = kn_elf_put_fde(p, (uint32_t)(p - base) - cie, 0, 0, f,
                       o->cfi.at); /* addresses are relocated */
  }
  e->at += s->size;
}

/* The address of a CIE's personality. False if the module failed. */
static bool personality_reloc(struct kn_elf *e, uint32_t i) {
  const struct kn_elf_eh_cie *c = e->eh.cies + i;
  uint64_t at = cie_at(e, i) + KN_CIE_PERSONALITY_AT + c->key_b;
  if (!e->eh.indirect) {
    const kiln_reloc r = {.offset_bytes = at, .symbol = {c->personality}, .size_bytes = 4};
    return kn_elf_data_reloc(e, e->eh_frame, 0, &r);
  }
  if (c->same != 0) c = e->eh.cies + c->same - 1;
  uint32_t symbol = c->section != 0 ? c->symbol : e->section_symbols + e->eh.words - 1;
  int64_t addend = c->section != 0 ? 0 : (int64_t)e->eh.word_of[c->personality] - 1;
  kn_put_rela(e->base + e->at, at, symbol, e->machine->relocs[KILN_RELOC_REL32], addend);
  e->at += sizeof(Elf64_Rela);
  return true;
}

bool kn_elf_frame_relocs(struct kn_elf *e) {
  if (e->eh_frame == UINT32_MAX) return true;
  struct kn_elf_section *s = e->sections.at + e->eh_frame;
  s->rela_offset = e->at;
  for (uint32_t i = 0; i < e->eh.n_cies; i++)
    if (!personality_reloc(e, i)) return false;
  uint8_t *out = e->base + e->at;
  uint64_t at = cie_at(e, e->eh.n_cies);
  uint32_t table = 0;
  for (uint32_t i = 0; i < e->n_funcs; i++) {
    const struct kn_code_func *f = kn_elf_func(e, i);
    const struct kn_elf_def *p = e->defs + f->symbol;
    kn_put_rela(out, at + KN_FDE_ADDRESS_AT, e->section_symbols + p->section - 1,
                e->machine->relocs[KILN_RELOC_REL32], (int64_t)p->value);
    out += sizeof(Elf64_Rela);
    if (KN_UNLIKELY(f->table != 0)) {
      const struct kn_elf_eh_table *t = e->eh.tables + table++;
      kn_put_rela(out, at + KN_FDE_TABLE_AT, e->section_symbols + t->section,
                  e->machine->relocs[KILN_RELOC_REL32], (int64_t)t->offset);
      out += sizeof(Elf64_Rela);
    }
    at += kn_elf_fde_bytes(f);
  }
  e->at = (uint64_t)(out - e->base);
  s->n_relas = (e->at - s->rela_offset) / sizeof(Elf64_Rela);
  return true;
}
