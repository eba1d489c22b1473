/* A call with values in all registers, of a function that notes them: which ones does what is between keep? Included
 * once in a program. */
#ifndef TESTS_JIT_REGISTERS_H
#define TESTS_JIT_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
/* rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15; ymm0 to ymm15. */
enum { REGISTERS_GENERAL = 16, REGISTERS_STACK = 4, REGISTERS_LEFT_1 = 11, REGISTERS_LEFT_2 = 11 };
enum { REGISTERS_VECTORS = 16, REGISTERS_VECTOR_BYTES = 32 };
#elif defined(__aarch64__)
/* x0 to x30, sp; q0 to q31. */
enum { REGISTERS_GENERAL = 32, REGISTERS_STACK = 31, REGISTERS_LEFT_1 = 16, REGISTERS_LEFT_2 = 17 };
enum { REGISTERS_VECTORS = 32, REGISTERS_VECTOR_BYTES = 16 };
#endif

struct registers {
  unsigned char vector[REGISTERS_VECTORS][REGISTERS_VECTOR_BYTES];
  uint64_t general[REGISTERS_GENERAL];
};

/* What registers_record found, and what registers_call had in the registers that it does not set: the stack pointer
 * (and on AArch64 the return address). */
struct registers registers_seen, registers_set;
bool registers_avx;

/* Calls `function` with the registers `in`. */
void registers_call(void *function, const struct registers *in);
/* Notes the registers, and returns. */
void registers_record(void);

#if defined(__x86_64__)
#define REGISTERS_EACH(what)                                                                       \
  ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n" what "\n.endr\n"
__asm__(
  ".text\n"
  ".globl registers_call\n"
  ".type registers_call, @function\n"
  "registers_call:\n"
  "pushq %rbx\npushq %rbp\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
  "subq $24, %rsp\n"
  "movq %rdi, (%rsp)\n"
  "cmpb $0, registers_avx(%rip)\n"
  "je 1f\n" REGISTERS_EACH("vmovups 32 * \\n(%rsi), %ymm\\n") "1:\n" REGISTERS_EACH(
    "movups 32 * \\n(%rsi), %xmm\\n") /* the same lower halves */
  "leaq 512(%rsi), %r11\n"
  "leaq -8(%rsp), %rax\n"
  "movq %rax, registers_set+512+32(%rip)\n"
  "movq (%r11), %rax\nmovq 8(%r11), %rcx\nmovq 16(%r11), %rdx\nmovq 24(%r11), %rbx\n"
  "movq 40(%r11), %rbp\nmovq 48(%r11), %rsi\nmovq 56(%r11), %rdi\nmovq 64(%r11), %r8\n"
  "movq 72(%r11), %r9\nmovq 80(%r11), %r10\nmovq 96(%r11), %r12\nmovq 104(%r11), %r13\n"
  "movq 112(%r11), %r14\nmovq 120(%r11), %r15\n"
  "call *(%rsp)\n"
  "addq $24, %rsp\n"
  "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbp\npopq %rbx\n"
  "ret\n"
  ".size registers_call, .-registers_call\n"
  ".globl registers_record\n"
  ".type registers_record, @function\n"
  "registers_record:\n"
  "leaq registers_seen+512(%rip), %r11\n"
  "movq %rax, (%r11)\nmovq %rcx, 8(%r11)\nmovq %rdx, 16(%r11)\nmovq %rbx, 24(%r11)\n"
  "movq %rsp, 32(%r11)\nmovq %rbp, 40(%r11)\nmovq %rsi, 48(%r11)\nmovq %rdi, 56(%r11)\n"
  "movq %r8, 64(%r11)\nmovq %r9, 72(%r11)\nmovq %r10, 80(%r11)\nmovq %r12, 96(%r11)\n"
  "movq %r13, 104(%r11)\nmovq %r14, 112(%r11)\nmovq %r15, 120(%r11)\n"
  "subq $512, %r11\n"
  "cmpb $0, registers_avx(%rip)\n"
  "je 1f\n" REGISTERS_EACH(
    "vmovups %ymm\\n, 32 * \\n(%r11)") "vzeroupper\n"
                                       "1:\n" REGISTERS_EACH(
                                         "movups %xmm\\n, 32 * \\n(%r11)") "ret\n"
                                                                           ".size "
                                                                           "registers_record, "
                                                                           ".-registers_record\n");

/* Changes all registers that C functions may change. */
static __attribute__((unused)) void registers_spoil(void) {
  __asm__ volatile(REGISTERS_EACH("pcmpeqd %%xmm\\n, %%xmm\\n")::
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  if (registers_avx)
    __asm__ volatile("vzeroall" ::
                       : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                         "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  __asm__ volatile("xorl %%eax, %%eax\nxorl %%ecx, %%ecx\nxorl %%edx, %%edx\nxorl %%esi, %%esi\n"
                   "xorl %%edi, %%edi\nxorl %%r8d, %%r8d\nxorl %%r9d, %%r9d\nxorl %%r10d, %%r10d\n"
                   "xorl %%r11d, %%r11d" ::
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
}
#elif defined(__aarch64__)
#define REGISTERS_ALL                                                                              \
  "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define REGISTERS_EACH_Q(what) ".irp n, " REGISTERS_ALL "\n" what "\n.endr\n"
#define REGISTERS_EACH_X(what)                                                                     \
  ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,18,19,20,21,22,23,24,25,26,27,28,29\n" what       \
  "\n.endr\n"
__asm__(
  ".text\n"
  ".globl registers_call\n"
  ".type registers_call, %function\n"
  "registers_call:\n"
  "sub sp, sp, #176\n"
  "stp x29, x30, [sp]\nstp x18, x19, [sp, #16]\nstp x20, x21, [sp, #32]\n"
  "stp x22, x23, [sp, #48]\nstp x24, x25, [sp, #64]\nstp x26, x27, [sp, #80]\n"
  "str x28, [sp, #96]\nstp d8, d9, [sp, #112]\nstp d10, d11, [sp, #128]\n"
  "stp d12, d13, [sp, #144]\nstp d14, d15, [sp, #160]\n"
  "mov x16, x0\nmov x17, x1\n"
  "adrp x2, registers_set\nadd x2, x2, :lo12:registers_set\nadd x2, x2, #512\n"
  "mov x3, sp\nadr x4, 1f\nstp x4, x3, [x2, #240]\n" /* x30, sp */
  REGISTERS_EACH_Q("ldr q\\n, [x17, #16 * \\n]") "add x17, x17, #512\n" REGISTERS_EACH_X(
    "ldr x\\n, [x17, #8 * \\n]") "blr x16\n"
                                 "1:\n"
                                 "ldp x29, x30, [sp]\nldp x18, x19, [sp, #16]\nldp x20, x21, [sp, "
                                 "#32]\n"
                                 "ldp x22, x23, [sp, #48]\nldp x24, x25, [sp, #64]\nldp x26, x27, "
                                 "[sp, #80]\n"
                                 "ldr x28, [sp, #96]\nldp d8, d9, [sp, #112]\nldp d10, d11, [sp, "
                                 "#128]\n"
                                 "ldp d12, d13, [sp, #144]\nldp d14, d15, [sp, #160]\n"
                                 "add sp, sp, #176\n"
                                 "ret\n"
                                 ".size registers_call, .-registers_call\n"
                                 ".globl registers_record\n"
                                 ".type registers_record, %function\n"
                                 "registers_record:\n"
                                 "hint #34\n" /* bti c */
                                 "adrp x17, registers_seen\nadd x17, x17, "
                                 ":lo12:registers_seen\n" REGISTERS_EACH_Q(
                                   "str q\\n, [x17, #16 * "
                                   "\\n]") "add x17, x17, "
                                           "#512"
                                           "\n" REGISTERS_EACH_X("str x\\n, "
                                                                 "[x17, #8 * "
                                                                 "\\n]") "mov "
                                                                         "x16, "
                                                                         "sp\ns"
                                                                         "tp "
                                                                         "x30, "
                                                                         "x16, "
                                                                         "[x17,"
                                                                         " #"
                                                                         "240]"
                                                                         "\n"
                                                                         "ret\n"
                                                                         ".size"
                                                                         " regi"
                                                                         "sters"
                                                                         "_reco"
                                                                         "rd, "
                                                                         ".-"
                                                                         "regis"
                                                                         "ters_"
                                                                         "recor"
                                                                         "d\n");

/* Changes all registers that C functions may change. */
static __attribute__((unused)) void registers_spoil(void) {
  __asm__ volatile(
    REGISTERS_EACH_Q("movi v\\n\\().2d, #0") ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n"
                                             "mov x\\n, #0\n.endr\n" ::
                                               : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7",
                                                 "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                                                 "x15", "x16", "x17", "v0", "v1", "v2", "v3", "v4",
                                                 "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12",
                                                 "v13", "v14", "v15", "v16", "v17", "v18", "v19",
                                                 "v20", "v21", "v22", "v23", "v24", "v25", "v26",
                                                 "v27", "v28", "v29", "v30", "v31");
}
#endif

/* Whether the processor has what `vector` holds. */
static __attribute__((unused)) void registers_begin(void) {
#if defined(__x86_64__)
  registers_avx = __builtin_cpu_supports("avx");
#endif
}

/* Which register is not as registers_call set it; "": all are. */
static __attribute__((unused)) const char *registers_differ(const struct registers *in) {
  static char text[64];
  size_t bytes = REGISTERS_VECTOR_BYTES;
#if defined(__x86_64__)
  if (!registers_avx) bytes = 16;
#endif
  text[0] = 0;
  for (unsigned i = 0; i < REGISTERS_VECTORS; i++)
    if (memcmp(registers_seen.vector[i], in->vector[i], bytes) != 0)
      snprintf(text, sizeof text, "vector register %u", i);
  for (unsigned i = 0; i < REGISTERS_GENERAL; i++) {
    bool own = i == REGISTERS_STACK || (REGISTERS_GENERAL == 32 && i == 30);
    uint64_t want = own ? registers_set.general[i] : in->general[i];
    if (i == REGISTERS_LEFT_1 || i == REGISTERS_LEFT_2)
      continue; /* every convention leaves them to stubs */
    if (registers_seen.general[i] != want) snprintf(text, sizeof text, "general register %u", i);
  }
  return text;
}

#endif
