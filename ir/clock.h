/* The clock for the times of stages. */
#ifndef KN_IR_CLOCK_H
#define KN_IR_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t kn_clock_ns(void) {
  struct timespec t;
  if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) return 0;
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
