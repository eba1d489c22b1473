/* The clock for the times of stages: reads of a counter, which cost little even for a small
 * function. Ticks become nanoseconds by how much of both passed since the clock was switched on. */
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
