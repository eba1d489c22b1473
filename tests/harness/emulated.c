/* emulated: succeeds if the processor is one of QEMU's (-cpu max, the default of qemu-aarch64): as one of software, its
 * main ID register has no implementer. Linux shows the register to processes (HWCAP_CPUID). */
#include <stdint.h>
#include <sys/auxv.h>

int main(void) {
#ifdef __aarch64__
  uint64_t id = UINT64_MAX;
  if (getauxval(AT_HWCAP) & HWCAP_CPUID) __asm__("mrs %0, midr_el1" : "=r"(id));
  return (id >> 24 & 255) != 0;
#else
  return 1;
#endif
}
