/* Relocations of the COFF writer: see coff.h. Their addends are in the fields. */
#include "lib/object/coff.h"

static const struct kn_coff_machine machines[] = {
  [KILN_PROCESSOR_X86_64] = {.number = 0x8664,
                             .relocs = {[KILN_RELOC_ABS64] = KN_COFF_ADDR64,
                                        [KILN_RELOC_ABS32] = KN_COFF_ADDR32,
                                        [KILN_RELOC_ABS32S] = KN_COFF_ADDR32,
                                        [KILN_RELOC_REL32] = KN_COFF_REL32,
                                        [KILN_RELOC_X64_CALL] = KN_COFF_REL32,
                                        [KILN_RELOC_X64_GOT] = KN_COFF_REL32,
                                        [KILN_RELOC_X64_GOT_OP] = KN_COFF_REL32,
                                        [KILN_RELOC_X64_GOT_REX] = KN_COFF_REL32,
                                        [KILN_RELOC_X64_TLS_LE] = KN_COFF_SECREL,
                                        [KILN_RELOC_TLS64] = KN_COFF_SECREL}},
  [KILN_PROCESSOR_AARCH64] = {0},
};
_Static_assert(sizeof machines / sizeof *machines == KILN_PROCESSOR_COUNT,
               "every processor has a row");

const struct kn_coff_machine *kn_coff_machine(kiln_processor p) { return machines + p; }

uint32_t kn_coff_reloc_number(kiln_processor p, kiln_reloc_kind kind) {
  return (unsigned)kind < KILN_RELOC_KIND_COUNT ? machines[p].relocs[kind] : 0;
}

bool kn_coff_put(struct kn_coff *c, uint32_t section, uint64_t at, uint32_t symbol, unsigned type) {
  struct kn_coff_section *s = c->sections.at + section;
  const struct kn_coff_reloc r = {(uint32_t)at, symbol, (uint16_t)type};
  return KN_PUSH(c->m, s->relocs, r);
}

/* Writes an addend to the field of a relocation. */
static bool put_addend(struct kn_coff *c, uint8_t *field, unsigned type, int64_t addend,
                       uint32_t symbol) {
  if (type == KN_COFF_SECTION) return true; /* a number of 16 bits */
  if (type == KN_COFF_REL32) addend += 4;   /* it counts from the field's end */
  if (type == KN_COFF_ADDR64) {
    kn_put64(field, (uint64_t)addend);
    return true;
  }
  kn_put32(field, (uint32_t)addend);
  return addend == (int32_t)addend ||
         KN_MODULE_FAIL(false, c->m, KILN_ERR_LIMIT,
                        "an offset from '%.100s' does not fit in 32 bits",
                        symbol != 0 ? kn_name_of(c->m, symbol) : "a section");
}

/* What a relocation is against: a symbol with a name, or a section. `addend` counts from there. */
static uint32_t find(struct kn_coff *c, uint32_t id, int64_t *addend) {
  const struct kn_place *p = c->image->places + id;
  if (c->numbers[id] != 0 || !kn_place_is_in_section(p)) return kn_coff_number(c, id);
  *addend += (int64_t)p->value;
  return c->sections.at[c->section_of[p->section - 1] - 1].symbol;
}

/* The number of a relocation; 0: COFF has none. Of those by number the ones that no kind has, within their section. */
static unsigned type_of(const struct kn_coff *c, const struct kn_image_reloc *r) {
  if (r->symbol == 0 && c->image->sections.at[r->section].kind == KN_SECTION_DEBUG)
    return KN_COFF_SECREL;
  if (KN_LIKELY(r->kind < KILN_RELOC_KIND_COUNT)) return c->machine->relocs[r->kind];
  const unsigned type = r->kind - KILN_RELOC_FORMAT, bytes = type == KN_COFF_SECTION ? 2 : 4;
  const uint64_t size = c->sections.at[c->current].size;
  if (type != KN_COFF_ADDR32NB && type != KN_COFF_SECTION && type != KN_COFF_SECREL) return 0;
  return r->offset <= size && size - r->offset >= bytes ? type : 0;
}

bool kn_coff_put_reloc(void *user, const struct kn_image_reloc *r) {
  struct kn_coff *c = user;
  unsigned type = type_of(c, r);
  int64_t addend = r->addend;
  if (type == 0) return kn_image_lacks(c->image, r);
  uint32_t number;
  if (r->symbol == 0) number = c->sections.at[c->section_of[r->section] - 1].symbol;
  else if (kn_reloc_facts(r->kind)->to == KN_TO_ENTRY) number = kn_coff_ref(c, r->symbol);
  else number = find(c, r->symbol, &addend);
  if (r->kind == KILN_RELOC_TLS64)
    kn_put32(c->base + r->offset + 4, 0); /* of 8 bytes, SECREL fills 4 */
  return number != UINT32_MAX && put_addend(c, c->base + r->offset, type, addend, r->symbol) &&
         kn_coff_put(c, c->current, r->offset, number, type);
}
