/* What the files of the bench share. bench.c repeats and prints; llvm.c and kiln.c do one pass each
 * of LLVM and of Kiln over one input, in memory, and report the time of each stage. */
#ifndef KN_BENCH_H
#define KN_BENCH_H

#include <kiln/kiln.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct bench_input {
  const char *name;
  const uint8_t *bytes;
  size_t size;
};

/* One pass over one input, for the target of bench_llvm_start or bench_kiln_pass. A failed pass has
 * printed why. */
struct bench_llvm {
  uint64_t read_ns, codegen_ns;
  uint64_t instructions, text_bytes, object_bytes;
};
struct bench_kiln {
  uint64_t all_ns, plan_ns, walk_ns, object_ns; /* all: bitcode in memory to object in memory */
  uint64_t instructions, text_bytes, object_bytes;
};

/* LLVM: reads the whole module, then generates code at -O0. */
bool bench_llvm_pass(const struct bench_input *in, struct bench_llvm *out);
/* Kiln. Reading the clock for each stage costs a little, so all_ns is measured with `stages` off. */
bool bench_kiln_pass(const struct bench_input *in, kiln_processor target, bool stages,
                     struct bench_kiln *out);
/* What LLVM needs once: target registered, machine made. */
bool bench_llvm_start(kiln_processor target);

/* Sum of the sizes of the executable sections of an ELF64 object; 0 if it is none. */
uint64_t bench_text_size(const uint8_t *object, size_t size);

static inline uint64_t bench_now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
