/* CIEs: see lib/image/frames.h. Called by writers of objects and by the JIT. */
#include "lib/image/frames.h"

#include "lib/codegen/eh_table.h"

uint8_t *kn_cie_put(uint8_t *p, const struct kn_code_facts *code, unsigned encoding,
                    uint32_t personality) {
  const bool eh = encoding != KN_EH_OMIT;
  const uint32_t bytes = eh ? KN_CIE_EH_BYTES : KN_CIE_BYTES;
  uint8_t *const end = p + bytes;
  memset(p, 0, bytes);
  kn_put32(p, bytes - 4); /* length; after it 0: a CIE */
  p[8] = 1;               /* version */
  p += 9;
  memcpy(p, eh ? "zPLR" : "zR", eh ? 4 : 2); /* augmentation */
  p += eh ? 5 : 3;
  *p++ = code->cie_code_align;
  *p++ = 0x78; /* data alignment: -8 */
  *p++ = code->cie_return;
  *p++ = eh ? 7 : 1; /* bytes of augmentation: */
  if (eh) {
    *p++ = (uint8_t)encoding;
    kn_put32(p, personality);
    p[4] = KN_EH_PCREL_SDATA4; /* of tables' addresses */
    p += 5;
  }
  *p++ = KN_EH_PCREL_SDATA4; /* of functions' addresses */
  memcpy(p, code->cie_rules, KN_CIE_RULES);
  return end;
}
_Static_assert(17 + KN_CIE_RULES == KN_CIE_BYTES && 25 + KN_CIE_RULES == KN_CIE_EH_BYTES,
               "the rules end the CIE");
