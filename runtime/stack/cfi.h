/* The rows of .eh_frame, read: from the registers at one frame's call to those at its caller's. Called by
 * stack.c. The functions only read memory, so that any thread and any signal handler may call them.
 * Sources: DWARF 5, 6.4; LSB 5.0, 10.6 and 10.7; the psABIs' numbers of registers. */
#ifndef KN_RUNTIME_STACK_CFI_H
#define KN_RUNTIME_STACK_CFI_H

#include "runtime/stack/host.h"

#include <stdbool.h>

/* Registers, by DWARF's numbers: of x86-64 up to the return address, of AArch64 up to the stack pointer. */
enum { KN_CFI_REGS = 32 };

struct kn_cfi_frame {
  uint64_t pc;             /* where it continues */
  uint64_t exact;          /* it was interrupted there: `pc` is no return address */
  uint64_t r[KN_CFI_REGS]; /* those that calls lose have any value */
};

enum kn_cfi_result { KN_CFI_CALLER, KN_CFI_FIRST /* there is none */, KN_CFI_LOST };

/* Makes a frame that of its caller, by its FDE, of code from `start` on; *cfa: the end of the frame. */
enum kn_cfi_result kn_cfi_step(const struct kn_stack_machine *machine, const uint8_t *fde,
                               uint64_t start, struct kn_cfi_frame *frame, uint64_t *cfa);
/* The FDE of code in the process that the dynamic linker loaded, and the start of the code; NULL: there is none. */
const uint8_t *kn_cfi_find(uint64_t pc, uint64_t *start);
/* Stands for the FDE of code without one, whose frame is a return address alone; NULL: nothing is known of it. */
extern const uint8_t *const kn_cfi_bare;
/* True of code without an FDE where the program begins: libgcc does not know the first object of a static program. */
bool kn_cfi_begins_program(uint64_t pc);

#endif
