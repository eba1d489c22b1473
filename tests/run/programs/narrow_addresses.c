/* Addresses truncated to 32 bits in constant expressions, in several blocks: computed, since no relocation expresses
 * that. */
#include <stdint.h>
#include <stdio.h>
int a[4];
static uint32_t low(void *p) { return (uint32_t)(uintptr_t)p; }
int main(int argc, char **argv) {
  uint32_t at = low(a);
  int n = 0;
  if (at != (uint32_t)(uintptr_t)a) n |= 1;
  if (at + 3 != (uint32_t)(uintptr_t)a + 3) n |= 2;
  if (at - 5 != (uint32_t)(uintptr_t)a - 5) n |= 4;
  if (argc > 5 || low(&a[2]) != (uint32_t)((uintptr_t)&a[1]) + 4) n |= 8;
  if ((uint16_t)(at + 7) != (uint16_t)((uint16_t)(uintptr_t)a + 7)) n |= 16;
  printf("%d\n", n);
  return n;
}
