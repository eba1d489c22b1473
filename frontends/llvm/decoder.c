/* Which of the functions that are compiled twice a reader calls. The processor is queried again for each file: there is
 * no state but the reader's. */
#include "decoder.h"

static const struct kn_bc_decoder plain = {
  .body = kn_bc_body, .nodes = kn_bc_nodes, .declares = kn_bc_declares, .vbr6s = kn_bits_vbr6s};

#ifdef __x86_64__
#include <cpuid.h>

static const struct kn_bc_decoder with_pext = {.body = kn_bc_body_pext,
                                               .nodes = kn_bc_nodes_pext,
                                               .declares = kn_bc_declares_pext,
                                               .vbr6s = kn_bits_vbr6s_pext};

/* Files from this size on are worth up to three questions for the processor: where a hypervisor answers, each takes
 * some 6 us, and pext saves 0.4 us for each 1000 bytes. */
#define WORTH_ASKING ((size_t)64 << 10)

/* The processor has pext and the instructions that go with it; `fast`: and pext is no long microcode, as it is on AMD's
 * and Hygon's families 15h to 18h (before Zen 3). */
static bool has_pext(bool fast) {
  unsigned vendor, a, b, c, d;
  if (__get_cpuid_max(0, &vendor) < 7) return false;
  __cpuid_count(7, 0, a, b, c, d);
  if ((b & bit_BMI) == 0 || (b & bit_BMI2) == 0) return false;
  if (!fast || vendor == signature_INTEL_ebx) return true;
  __cpuid(1, a, b, c, d);
  const unsigned family = a >> 8 & 15, extended = a >> 20 & 255;
  return family != 15 || family + extended < 0x15 || family + extended > 0x18;
}

const struct kn_bc_decoder *kn_bc_decoder(kiln_llvm_decoder way, size_t size) {
  const bool automatic = way == KILN_LLVM_DECODER_AUTO;
  if (way == KILN_LLVM_DECODER_PLAIN || (automatic && size < WORTH_ASKING)) return &plain;
  return has_pext(automatic) ? &with_pext : &plain;
}
#else
const struct kn_bc_decoder *kn_bc_decoder(kiln_llvm_decoder way, size_t size) {
  return (void)way, (void)size, &plain;
}
#endif
