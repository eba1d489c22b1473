/* C code between frames of programs. It is compiled without frame pointers, and uses all registers that calls preserve,
 * so that a walk that does not restore one of them loses its way or the program its values. */
#include "moving.h"

#include <stdlib.h>

static uint64_t mix(uint64_t a, uint64_t b) {
  return (a ^ b) * UINT64_C(0x9e3779b97f4a7c15) + (b >> 7);
}

__attribute__((noinline)) int64_t moving_through(moving_fn *fn, int64_t a, int64_t b, int64_t n) {
  uint64_t v[12], size = (uint64_t)n & 63;
  volatile uint64_t *more = __builtin_alloca((size + 1) * sizeof *more);
  v[0] = (uint64_t)n + 1;
  for (unsigned k = 1; k < 12; k++) v[k] = mix(v[k - 1], k);
  for (uint64_t k = 0; k <= size; k++) more[k] = v[k % 12];
  uint64_t p = v[0], q = v[1], r = v[2], s = v[3], t = v[4], u = v[5];
  __asm__ volatile("" : "+r"(p), "+r"(q), "+r"(r), "+r"(s), "+r"(t), "+r"(u));
  int64_t result = fn(a, b, n);
  __asm__ volatile("" : "+r"(p), "+r"(q), "+r"(r), "+r"(s), "+r"(t), "+r"(u));
  if (p != v[0] || q != v[1] || r != v[2] || s != v[3] || t != v[4] || u != v[5])
    moving_wrong("a register changed over a call");
  for (uint64_t k = 0; k <= size; k++)
    if (more[k] != v[k % 12]) moving_wrong("the stack changed over a call");
  return result;
}

__attribute__((noinline)) int64_t moving_aligned(moving_fn *fn, int64_t a, int64_t b, int64_t n) {
  _Alignas(64) volatile uint64_t line[8];
  volatile uint8_t *more = __builtin_alloca(((uint64_t)n & 63) + 1);
  *more = (uint8_t)n;
  for (unsigned k = 0; k < 8; k++) line[k] = mix((uint64_t)n, k);
  __asm__ volatile("" ::"r"(line), "r"(more) : "memory");
  int64_t result = fn(a, b, n);
  for (unsigned k = 0; k < 8; k++)
    if (line[k] != mix((uint64_t)n, k) || *more != (uint8_t)n)
      moving_wrong("the stack changed over a call");
  return result;
}

_Noreturn void moving_last(void (*fn)(int64_t n), int64_t n) {
  fn(n);
  __builtin_unreachable();
}
