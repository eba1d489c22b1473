/* CIEs: see lib/image/frames.h. Called by writers of objects and by the JIT. */
#include "lib/image/frames.h"

#include "lib/codegen/eh_table.h"

/* Augmentations by variant: without a table of exceptions, with one. */
static const char augmentations[KN_CIE_COUNT][2][6] = {{"zR", "zPLR"}, {"zRB", "zPLRB"}};

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

/* Behind a longer augmentation there is room for fewer rules, which no target with such variants has. */
void kn_cie_put(uint8_t *p, const struct kn_code_facts *code, enum kn_cie variant) {
  p = begin_cie(p, code, KN_CIE_BYTES, augmentations[variant][0]);
  *p++ = 1;                  /* bytes of augmentation: */
  *p++ = KN_EH_PCREL_SDATA4; /* of functions' addresses */
  memcpy(p, code->cie_rules, KN_CIE_RULES - (size_t)variant);
}
_Static_assert(17 + KN_CIE_RULES == KN_CIE_BYTES, "the rules end the CIE");

void kn_cie_put_eh(uint8_t *p, const struct kn_code_facts *code, unsigned encoding,
                   uint32_t personality, enum kn_cie variant) {
  p = begin_cie(p, code, KN_CIE_EH_BYTES, augmentations[variant][1]);
  *p++ = 7; /* bytes of augmentation: */
  *p++ = (uint8_t)encoding;
  kn_put32(p, personality);
  p += 4;
  *p++ = KN_EH_PCREL_SDATA4; /* of tables' addresses */
  *p++ = KN_EH_PCREL_SDATA4; /* of functions' addresses */
  memcpy(p, code->cie_rules, KN_CIE_RULES - (size_t)variant);
}
_Static_assert(25 + KN_CIE_RULES == KN_CIE_EH_BYTES, "as above");
