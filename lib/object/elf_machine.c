/* ELF's numbers for each target: the machine, the types of relocations, marks of symbols and properties. Called by the
 * other files of the writer, and by readers of other assemblers' objects. Sources: System V ABI, AMD64 supplement, 4.4;
 * ELF for the Arm 64-bit Architecture, 5.5 and 5.7. */
#include "lib/object/elf.h"

#include <kiln/emit.h>

static const struct kn_elf_machine machines[] = {
  [KILN_PROCESSOR_X86_64] = {EM_X86_64, .large = 0x10000000, /* SHF_X86_64_LARGE */
                             .property =
                               0xc0000002, /* GNU_PROPERTY_X86_FEATURE_1_AND: IBT, SHSTK */
                             .property_what = {KILN_PROTECT_BRANCH, KILN_PROTECT_RETURN},
                             .relocs =
                               {
#define R_X86_64(kind, name, number) [KILN_RELOC_##kind] = number,
#include "lib/object/elf_relocs.def"
                               }},
  [KILN_PROCESSOR_AARCH64] =
    {EM_AARCH64, .mapping_symbols = true, .bound_early = STO_AARCH64_VARIANT_PCS,
     .property = 0xc0000000, /* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI, PAC, GCS */
     .property_what = {KILN_PROTECT_BRANCH, KILN_PROTECT_RETURN, KILN_PROTECT_CONTROL_STACK},
     .relocs =
       {
#define R_AARCH64(kind, name, number) [KILN_RELOC_##kind] = number,
#include "lib/object/elf_relocs.def"
       }},
};
_Static_assert(sizeof machines / sizeof *machines == KILN_PROCESSOR_COUNT,
               "every target has a row");

const struct kn_elf_machine *kn_elf_machine(kiln_processor p) { return &machines[p]; }

uint32_t kiln_elf_reloc_number(kiln_processor p, kiln_reloc_kind kind) {
  uint32_t k = (uint32_t)kind;
  if ((unsigned)p >= KILN_PROCESSOR_COUNT) return 0;
  if (k < KILN_RELOC_KIND_COUNT) return machines[p].relocs[k];
  return k - KILN_RELOC_FORMAT <= UINT16_MAX ? k - KILN_RELOC_FORMAT : 0;
}

kiln_reloc_kind kiln_elf_reloc_kind(kiln_processor p, uint32_t number) {
  if ((unsigned)p >= KILN_PROCESSOR_COUNT || number > UINT16_MAX) return KILN_RELOC_NONE;
  for (unsigned k = 1; k < KILN_RELOC_KIND_COUNT; k++)
    if (number != 0 && machines[p].relocs[k] == number) return (kiln_reloc_kind)k;
  return (kiln_reloc_kind)(KILN_RELOC_FORMAT + number);
}
