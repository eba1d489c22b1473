/* The clock of the stages: counter reads that cost little beside a small function's compilation.
 * Ticks become nanoseconds by what passed of both since the clock was switched on. */
#ifndef KN_IR_CLOCK_H
#define KN_IR_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t kn_clock_ns(void) {
  struct timespec t;
  if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) return 0;
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t kn_clock_ticks(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return kn_clock_ns();
#endif
}

#endif
