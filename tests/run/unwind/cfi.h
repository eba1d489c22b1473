/* A small interpreter of call frame information, for tests: one frame up from given registers. */
#ifndef TESTS_CFI_H
#define TESTS_CFI_H

#include <stdbool.h>
#include <stdint.h>

/* DWARF numbers of x86-64: rax rdx rcx rbx rsi rdi rbp rsp r8 to r15, return address. */
enum { CFI_RBX = 3, CFI_RBP = 6, CFI_RSP = 7, CFI_R12 = 12, CFI_RA = 16, CFI_REGS = 17 };
enum { CFI_VECTORS = 16 }; /* after them: their rules are read, and no more */

struct cfi_frame {
  uint64_t r[CFI_REGS]; /* r[CFI_RA] is the program counter */
  uint64_t cfa;         /* set by cfi_up: of the frame that was left */
  bool known[CFI_REGS]; /* false: the rule is "undefined" */
  bool saved[CFI_REGS]; /* set by cfi_up: it was saved in memory */
};

/* Reads 8 bytes of the process being looked at. */
typedef bool cfi_read(void *user, uint64_t address, uint64_t *out);

/* Goes from the frame at `f` to its caller. `after_call` says that the program counter is a return
 * address. Gives NULL, or what is wrong with the information. The code and its tables must be mapped
 * in this process as in the one being looked at. */
const char *cfi_up(struct cfi_frame *f, bool after_call, cfi_read *read, void *user);

#endif
