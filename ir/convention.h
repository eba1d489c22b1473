/* A calling convention of a target, as data: where arguments and results are, and which registers a call keeps. A
 * target has a row for each that it knows (conventions.c in its folder), and one function
 * reads them all (lib/codegen/call.c); the rules of signatures are checked in module_sigs.c. Whoever else wants to know
 * what is special about a function's convention reads a field of this. Invariant: rows are constant; what a row leaves
 * out is 0, the usual case. */
#ifndef KN_IR_CONVENTION_H
#define KN_IR_CONVENTION_H

#include <stdbool.h>
#include <stdint.h>

/* Registers in the order in which they are given out, as the target numbers them. */
struct kn_reg_list {
  uint8_t n;
  uint8_t reg[17];
};

/* Which general registers an i128 takes. */
enum kn_pairs {
  KN_PAIRS_ANY,  /* the next two */
  KN_PAIRS_EVEN, /* the next two of which the first has an even position in the list */
  KN_PAIRS_NONE  /* it has no location, like integers with KILN_PARAM_JOIN: refused */
};

struct kn_convention {
  /* ---- arguments ---- */
  struct kn_reg_list args[2]; /* by bank */
  /* of i8 and i16, if those have registers of their own; n == 0: they have not */
  struct kn_reg_list narrow;
  /* An argument's number is that of its register, in either list: what one bank takes, the other does not have. */
  bool by_position;
  uint8_t pairs; /* enum kn_pairs */
  /* Parts of a composite (KILN_PARAM_JOIN) go to registers or to the stack as a whole, 16-byte alignment of parameters
   * counts on the stack, and what needs more registers than are left leaves none to what comes after it. */
  bool composites;
  uint8_t chain,
    sret; /* registers of parameters with these flags; sret may be KN_NO_REG: as any integer */
  /* first register of the upper halves of 256-bit vectors (KILN_PARAM_UPPER); 0: no such. The upper quarters of a
   * 512-bit one are copied to memory before a call. */
  uint8_t upper;
  uint8_t max_align_log2; /* of objects by value on the stack; at least 3 */
  uint8_t shadow_bytes;   /* of the stack area, below the first argument on the stack */
  /* A function that returns frees its stack area. Where a call pushes `pushed` bytes, the area is enlarged so that both
   * are a multiple of 16 bytes (kn_sig.popped). */
  bool pops;
  uint8_t pushed;
  /* types whose arguments are addresses of copies that the caller made, aligned to 16 bytes */
  uint16_t indirect;
  /* By bank: the diagnostic where arguments have no register left; NULL: they go to the stack. */
  const char *no_stack[2];
  uint16_t x87; /* types whose arguments are always in memory, and results on the x87 stack */

  /* ---- results ---- */
  struct kn_reg_list results[2];
  /* registers of vectors with KILN_SIG_WIDE_RESULTS: more than results[1].n says */
  uint8_t wide_results;
  uint8_t x87_results;
  bool i128_in_vector; /* an i128 is one result of bank 1 */

  /* ---- registers over a call ---- */
  uint64_t lost; /* what a caller supposes to be lost */
  /* What the ABI's document says to be preserved. Only the allocation checker reads it: it is not made of `lost`,
   * because it serves to check that. */
  uint64_t preserved;
  /* A function preserves these too, which callers do not rely on; of vector registers the whole. Not those of its
   * results. */
  uint64_t keeps;
  bool loses_all;  /* callers suppose that no register that may be a home is preserved */
  bool keeps_none; /* so it is: functions preserve none either */

  /* ---- variable arguments ---- */
  /* va_list is the address of the next argument: registers are saved in the shadow bytes */
  bool va_pointer;
  /* the entry saves the float registers of variadic functions only if a test says so */
  bool va_tested;

  /* ---- signatures that it has not ---- */
  uint16_t no_params, no_variadic_params,
    no_results;     /* masks of types; of parameters of variadic functions */
  uint8_t no_flags; /* KILN_PARAM_... */
  bool no_variadic;
  bool one_result; /* at most */

  /* Objects mark symbols of its functions: binding one at its first call would change registers that it keeps. */
  bool bound_early;
};

#endif
