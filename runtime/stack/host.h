/* What walks of the stack know of the machine that they run on: host.c, which chooses by the compiler's target. */
#ifndef KN_RUNTIME_STACK_HOST_H
#define KN_RUNTIME_STACK_HOST_H

#include <stdint.h>

/* Registers are by DWARF's numbers. */
struct kn_stack_machine {
  uint8_t stack_pointer, last; /* `last`: the highest one of interest */
  uint8_t n_saved,
    saved[11]; /* those that calls preserve, in the order of kiln_stack_point.saved */
  /* Writes the caller's kiln_stack_point: where it continues, its stack pointer, `saved`. */
  void (*save)(uint64_t *point);
  /* A return address as the unwinder wants it: what the processor added to protect it is removed. */
  uint64_t (*plain)(uint64_t pc);
};
/* The machine that this process runs on; NULL: walks are not possible on it. (host.c) */
extern const struct kn_stack_machine *const kn_stack_machine_host;

#endif
