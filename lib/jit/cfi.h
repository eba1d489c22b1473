/* The rows of .eh_frame, read: from the registers at one frame's call to those at its caller's. Called by
 * lib/jit/stack.c. The functions only read memory, so that any thread and any signal handler may call them.
 * Sources: DWARF 5, 6.4; LSB 5.0, 10.6 and 10.7; the psABIs' numbers of registers. */
#ifndef KN_JIT_CFI_H
#define KN_JIT_CFI_H

#include <stdbool.h>
#include <stdint.h>

/* Registers of a frame, by DWARF's number; on x86-64 number 16 is the return address. */
enum { KN_CFI_REGS = 33 };
#if defined(__aarch64__)
enum { KN_CFI_SP = 31, KN_CFI_RETURN = 30, KN_CFI_LAST = 31 };
#else
enum { KN_CFI_SP = 7, KN_CFI_RETURN = 16, KN_CFI_LAST = 16 };
#endif

struct kn_cfi_frame {
  uint64_t pc;                /* where it continues */
  uint64_t exact;             /* it was interrupted there: `pc` is no return address */
  uint64_t r[KN_CFI_REGS];    /* those that calls lose have any value */
};

enum kn_cfi_result { KN_CFI_CALLER, KN_CFI_FIRST /* there is none */, KN_CFI_LOST };

/* Makes a frame that of its caller, by its FDE, of code from `start` on; *cfa: the end of the frame. */
enum kn_cfi_result kn_cfi_step(const uint8_t *fde, uint64_t start, struct kn_cfi_frame *frame,
                               uint64_t *cfa);
/* The FDE of code in the process that the dynamic linker loaded, and the start of the code; NULL: there is none. */
const uint8_t *kn_cfi_find(uint64_t pc, uint64_t *start);

#endif
