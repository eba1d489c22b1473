/* What a walk of the stack asks a JIT: what the code at an address is. A kiln_jit begins with a finder, so that a walk
 * calls the JIT that it was given by the finder's function, and a program that walks stacks links no JIT. */
#ifndef KN_RUNTIME_STACK_FINDER_H
#define KN_RUNTIME_STACK_FINDER_H

#include <stdbool.h>
#include <stdint.h>

struct kn_stack_code {
  uint64_t start;       /* of the function */
  const uint8_t *fde;   /* NULL: it has none */
  const uint8_t *roots; /* its table; NULL: none */
  /* The table is of the frame, not of the function: KN_STACK_LATE_ROOTS below the CFA is its address, or NULL. */
  bool roots_of_frame;
};

enum { KN_STACK_LATE_ROOTS = 16 };

struct kn_stack_finder {
  /* Finds the function at `pc`, without a lock; false: it is none of the JIT's. What `code` refers to stays while the
   * function is running. */
  bool (*find)(struct kn_stack_finder *f, uint64_t pc, struct kn_stack_code *code);
};

#endif
