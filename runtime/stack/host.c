/* The machine that this process runs on, for walks of the stack: see host.h. It is the one that this file is compiled
 * for, whatever targets this build of Kiln generates code for. */
#include "runtime/stack/host.h"

#include <stddef.h>

#if defined(__x86_64__)

static __attribute__((naked)) void save(uint64_t *point __attribute__((unused))) {
  __asm__(".byte 0xf3, 0x0f, 0x1e, 0xfa\n\t" /* endbr64 */
          "movq (%rsp), %rax\n\t"
          "movq %rax, (%rdi)\n\t"
          "leaq 8(%rsp), %rax\n\t"
          "movq %rax, 8(%rdi)\n\t"
          "movq %rbx, 16(%rdi)\n\t"
          "movq %rbp, 24(%rdi)\n\t"
          "movq %r12, 32(%rdi)\n\t"
          "movq %r13, 40(%rdi)\n\t"
          "movq %r14, 48(%rdi)\n\t"
          "movq %r15, 56(%rdi)\n\t"
          "ret");
}

static uint64_t plain(uint64_t pc) { return pc; }

static const struct kn_stack_machine machine = {
  .stack_pointer = 7, /* rsp */
  .last = 16,         /* the return address */
  .n_saved = 6,
  .saved = {3, 6, 12, 13, 14, 15}, /* rbx, rbp, r12 to r15 */
  .save = save,
  .plain = plain};
const struct kn_stack_machine *const kn_stack_machine_host = &machine;

#elif defined(__aarch64__)

extern void kn_stack_save(uint64_t *point) __attribute__((visibility("hidden")));
__asm__(".text\n"
        ".balign 4\n"
        ".hidden kn_stack_save\n"
        ".globl kn_stack_save\n"
        ".type kn_stack_save, %function\n"
        "kn_stack_save:\n"
        ".cfi_startproc\n"
        "hint #34\n" /* bti c */
        "mov x1, sp\n"
        "stp x30, x1, [x0]\n"
        "stp x19, x20, [x0, #16]\n"
        "stp x21, x22, [x0, #32]\n"
        "stp x23, x24, [x0, #48]\n"
        "stp x25, x26, [x0, #64]\n"
        "stp x27, x28, [x0, #80]\n"
        "str x29, [x0, #96]\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size kn_stack_save, .-kn_stack_save\n");

/* Without its signature; processors without signatures do nothing. */
static uint64_t plain(uint64_t pc) {
  register uint64_t x30 __asm__("x30") = pc;
  __asm__("hint #7" : "+r"(x30)); /* xpaclri */
  return x30;
}

static const struct kn_stack_machine machine = {
  .stack_pointer = 31,
  .last = 31,
  .n_saved = 11,
  .saved = {19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29},
  .save = kn_stack_save,
  .plain = plain};
const struct kn_stack_machine *const kn_stack_machine_host = &machine;

#else
const struct kn_stack_machine *const kn_stack_machine_host = NULL;
#endif
