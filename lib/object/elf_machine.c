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
                             .relocs = {[KILN_RELOC_ABS64] = R_X86_64_64,
                                        [KILN_RELOC_ABS32] = R_X86_64_32,
                                        [KILN_RELOC_ABS32S] = R_X86_64_32S,
                                        [KILN_RELOC_REL64] = R_X86_64_PC64,
                                        [KILN_RELOC_REL32] = R_X86_64_PC32,
                                        [KILN_RELOC_TLS64] = R_X86_64_DTPOFF64,
                                        [KILN_RELOC_X64_CALL] = R_X86_64_PLT32,
                                        [KILN_RELOC_X64_GOT] = R_X86_64_GOTPCREL,
                                        [KILN_RELOC_X64_GOT_OP] = R_X86_64_GOTPCRELX,
                                        [KILN_RELOC_X64_GOT_REX] = R_X86_64_REX_GOTPCRELX,
                                        [KILN_RELOC_X64_TLS_GD] = R_X86_64_TLSGD,
                                        [KILN_RELOC_X64_TLS_IE] = R_X86_64_GOTTPOFF,
                                        [KILN_RELOC_X64_TLS_LE] = R_X86_64_TPOFF32}},
  [KILN_PROCESSOR_AARCH64] =
    {EM_AARCH64, .mapping_symbols = true, .bound_early = STO_AARCH64_VARIANT_PCS,
     .property = 0xc0000000, /* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI, PAC, GCS */
     .property_what = {KILN_PROTECT_BRANCH, KILN_PROTECT_RETURN, KILN_PROTECT_CONTROL_STACK},
     .relocs = {[KILN_RELOC_ABS64] = R_AARCH64_ABS64,
                [KILN_RELOC_ABS32] = R_AARCH64_ABS32,
                [KILN_RELOC_REL64] = R_AARCH64_PREL64,
                [KILN_RELOC_REL32] = R_AARCH64_PREL32,
                [KILN_RELOC_A64_CALL] = R_AARCH64_CALL26,
                [KILN_RELOC_A64_JUMP] = R_AARCH64_JUMP26,
                [KILN_RELOC_A64_ADR] = R_AARCH64_ADR_PREL_LO21,
                [KILN_RELOC_A64_LITERAL] = R_AARCH64_LD_PREL_LO19,
                [KILN_RELOC_A64_PAGE] = R_AARCH64_ADR_PREL_PG_HI21,
                [KILN_RELOC_A64_PAGE_NC] = R_AARCH64_ADR_PREL_PG_HI21_NC,
                [KILN_RELOC_A64_LOW] = R_AARCH64_ADD_ABS_LO12_NC,
                [KILN_RELOC_A64_LOW8] = R_AARCH64_LDST8_ABS_LO12_NC,
                [KILN_RELOC_A64_LOW16] = R_AARCH64_LDST16_ABS_LO12_NC,
                [KILN_RELOC_A64_LOW32] = R_AARCH64_LDST32_ABS_LO12_NC,
                [KILN_RELOC_A64_LOW64] = R_AARCH64_LDST64_ABS_LO12_NC,
                [KILN_RELOC_A64_LOW128] = R_AARCH64_LDST128_ABS_LO12_NC,
                [KILN_RELOC_A64_GOT_PAGE] = R_AARCH64_ADR_GOT_PAGE,
                [KILN_RELOC_A64_GOT_LOW] = R_AARCH64_LD64_GOT_LO12_NC,
                [KILN_RELOC_A64_TLSDESC_PAGE] = R_AARCH64_TLSDESC_ADR_PAGE21,
                [KILN_RELOC_A64_TLSDESC_LOAD] = R_AARCH64_TLSDESC_LD64_LO12,
                [KILN_RELOC_A64_TLSDESC_ADD] = R_AARCH64_TLSDESC_ADD_LO12,
                [KILN_RELOC_A64_TLSDESC_CALL] = R_AARCH64_TLSDESC_CALL,
                [KILN_RELOC_A64_TLS_IE_PAGE] = R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21,
                [KILN_RELOC_A64_TLS_IE_LOAD] = R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC,
                [KILN_RELOC_A64_TLS_LE_HIGH] = R_AARCH64_TLSLE_ADD_TPREL_HI12,
                [KILN_RELOC_A64_TLS_LE_LOW] = R_AARCH64_TLSLE_ADD_TPREL_LO12_NC}},
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
