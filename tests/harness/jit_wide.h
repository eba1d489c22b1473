/* A call with values in all vectors and masks, as wide as the processor has them, of a function that notes them:
 * AVX-512 on x86-64, SVE on AArch64. Included once in a program. */
#ifndef TESTS_JIT_WIDE_H
#define TESTS_JIT_WIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Masks first, then the vectors. */
enum { WIDE_MASK_BYTES = 512, WIDE_VECTOR_BYTES = 8192 };
struct wide {
  unsigned char bytes[WIDE_MASK_BYTES + WIDE_VECTOR_BYTES];
};

/* What wide_record found. */
struct wide wide_seen __attribute__((aligned(64)));

/* Calls `function` with the registers `in`. */
void wide_call(void *function, const struct wide *in);
/* Notes the registers, and returns. */
void wide_record(void);
/* Makes all of these registers 0, as far as a C function may. */
void wide_spoil(void);

#define WIDE_FUNCTION(name) ".globl " name "\n.type " name ", STT_FUNC\n" name ":\n"
#define WIDE_8 "0, 1, 2, 3, 4, 5, 6, 7"
#define WIDE_16 WIDE_8 ", 8, 9, 10, 11, 12, 13, 14, 15"
#define WIDE_LAST ", 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31"
#define WIDE_32 WIDE_16 WIDE_LAST
#define WIDE_EACH(numbers, what) ".irp n, " numbers "\n" what "\n.endr\n"

/* clang-format off */
#if defined(__x86_64__)
#define WIDE_NEEDS "the processor has no AVX-512"
/* k0 to k7, zmm0 to zmm31. */
__asm__(".text\n"
        WIDE_FUNCTION("wide_call")
        "subq $8, %rsp\n"
        WIDE_EACH(WIDE_8, "kmovq 8 * \\n(%rsi), %k\\n")
        WIDE_EACH(WIDE_32, "vmovdqu64 512 + 64 * \\n(%rsi), %zmm\\n")
        "call *%rdi\n"
        "vzeroupper\n"
        "addq $8, %rsp\n"
        "ret\n"
        WIDE_FUNCTION("wide_record")
        "leaq wide_seen(%rip), %r11\n"
        WIDE_EACH(WIDE_8, "kmovq %k\\n, 8 * \\n(%r11)")
        WIDE_EACH(WIDE_32, "vmovdqu64 %zmm\\n, 512 + 64 * \\n(%r11)")
        "ret\n"
        WIDE_FUNCTION("wide_spoil")
        WIDE_EACH(WIDE_8, "kxorq %k\\n, %k\\n, %k\\n")
        WIDE_EACH(WIDE_32, "vpxorq %zmm\\n, %zmm\\n, %zmm\\n")
        "ret\n");
#elif defined(__aarch64__)
#include <sys/auxv.h>
#define WIDE_NEEDS "the processor has no SVE"
/* p0 to p15, z0 to z31. C functions preserve the low halves of v8 to v15. */
__asm__(".text\n"
        ".arch_extension sve\n"
        WIDE_FUNCTION("wide_call")
        "stp x29, x30, [sp, #-80]!\n"
        "stp d8, d9, [sp, #16]\n"
        "stp d10, d11, [sp, #32]\n"
        "stp d12, d13, [sp, #48]\n"
        "stp d14, d15, [sp, #64]\n"
        WIDE_EACH(WIDE_16, "ldr p\\n, [x1, #\\n, mul vl]")
        "add x1, x1, #512\n"
        WIDE_EACH(WIDE_32, "ldr z\\n, [x1, #\\n, mul vl]")
        "blr x0\n"
        "ldp d8, d9, [sp, #16]\n"
        "ldp d10, d11, [sp, #32]\n"
        "ldp d12, d13, [sp, #48]\n"
        "ldp d14, d15, [sp, #64]\n"
        "ldp x29, x30, [sp], #80\n"
        "ret\n"
        WIDE_FUNCTION("wide_record")
        "hint #34\n" /* bti c */
        "adrp x17, wide_seen\n"
        "add x17, x17, :lo12:wide_seen\n"
        WIDE_EACH(WIDE_16, "str p\\n, [x17, #\\n, mul vl]")
        "add x17, x17, #512\n"
        WIDE_EACH(WIDE_32, "str z\\n, [x17, #\\n, mul vl]")
        "ret\n"
        WIDE_FUNCTION("wide_spoil")
        WIDE_EACH(WIDE_16, "pfalse p\\n\\().b")
        WIDE_EACH("8, 9, 10, 11, 12, 13, 14, 15", "fmov d\\n, d\\n")
        WIDE_EACH(WIDE_8 WIDE_LAST, "movi v\\n\\().2d, #0")
        "ret\n");
#endif
/* clang-format on */

/* How many bytes the masks have, and the vectors; false: the processor does not have them. */
static bool wide_begin(size_t *masks, size_t *vectors) {
#if defined(__x86_64__)
  *masks = 8 * 8;
  *vectors = 32 * 64;
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
#elif defined(__aarch64__)
  enum { SVE = 1 << 22 }; /* HWCAP_SVE */
  uint64_t bytes;
  if ((getauxval(AT_HWCAP) & SVE) == 0) return false;
  __asm__(".arch_extension sve\nrdvl %0, #1" : "=r"(bytes));
  *masks = (size_t)bytes / 8 * 16;
  *vectors = (size_t)bytes * 32;
  return true;
#endif
}

#endif
