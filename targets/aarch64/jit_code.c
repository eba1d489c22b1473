/* Code in memory on AArch64: targets/jit.h. Source: ELF for the Arm 64-bit Architecture, 5.7. */
#include "base/bytes.h"
#include "ir/reloc_kinds.h"
#include "targets/aarch64/a64.h"

#ifdef __aarch64__
#include <sys/auxv.h>
#endif

static bool rewrite(uint32_t kind, uint8_t *to, uint64_t at, uint64_t value, bool undefined) {
  (void)at;
  if (kind != KILN_RELOC_A64_PAGE || !undefined || value >= 65536) return false;
  kn_put32(to, 0xd2800000 | (uint32_t)(value & 0xf000) << 5 |
                 (kn_get32(to) & 31)); /* movz, of the page as a number */
  return true;
}

/* ---- code ---- */

/* Fills the field of a word at `at`. What the JIT writes itself is in reach. */
static void fill(kiln_reloc_kind kind, uint8_t *word, uint64_t value, uint64_t at) {
  kn_reloc_put(kn_reloc_facts(kind), word, value, at);
}

static uint8_t *put_load(uint8_t *to, uint64_t at, uint64_t slot) {
  kn_put32(to, 0x90000010);     /* adrp x16, slot */
  kn_put32(to + 4, 0xf9400211); /* ldr x17, [x16, slot] */
  kn_put32(to + 8, 0xd61f0220); /* br x17 */
  fill(KILN_RELOC_A64_PAGE, to, slot, at);
  fill(KILN_RELOC_A64_LOW64, to + 4, slot, at);
  return to + 12;
}

enum { BTI_C = 0xd503245fu, STUB_LATE = 16 };

static void write_stub(uint8_t *to, uint64_t at, uint64_t slot, uint64_t group) {
  uint64_t distance = (group - (at + STUB_LATE + 4)) >> 2 & 0x3ffffff;
  memset(to, 0, KN_JIT_STUB_BYTES); /* udf #0 */
  kn_put32(to, BTI_C);
  uint8_t *late = put_load(to + 4, at + 4, slot);
  if (group == 0) return;
  kn_put32(late, BTI_C);
  kn_put32(late + 4, 0x14000000u | (uint32_t)distance); /* b group */
}

static void write_registrar(uint8_t *to, uint64_t at, uint64_t dso, uint64_t slot,
                            unsigned number) {
  kn_put32(to, BTI_C);
  to += 4, at += 4;
  kn_put32(to, 0x90000000 | number);                       /* adrp xN, dso */
  kn_put32(to + 4, 0x91000000 | number << 5 | number);     /* add xN, xN, dso */
  kn_put32(to + 8, number == 2 ? 0xd2800001 : 0xd503201f); /* mov x1, #0, or nop */
  fill(KILN_RELOC_A64_PAGE, to, dso, at);
  fill(KILN_RELOC_A64_LOW, to + 4, dso, at);
  memset(put_load(to + 12, at + 12, slot), 0, 4);
}

static void write_probe(uint8_t *to, unsigned number) {
  kn_put32(to, 0x52800000 | number << 5); /* mov w0, #number */
  kn_put32(to + 4, 0xd65f03c0);           /* ret */
}

/* ---- code of the library's, where this machine's code runs ---- */

#if defined(__aarch64__)

/* In a frame of 688 bytes, which begins with x29 and x30: all other registers that C callees may change, but x0. The 16
 * bytes at 160 are free. */
#define SAVE_ALL                                                                                   \
  "stp x1, x2, [sp, #16]\n"                                                                        \
  "stp x3, x4, [sp, #32]\n"                                                                        \
  "stp x5, x6, [sp, #48]\n"                                                                        \
  "stp x7, x8, [sp, #64]\n"                                                                        \
  "stp x9, x10, [sp, #80]\n"                                                                       \
  "stp x11, x12, [sp, #96]\n"                                                                      \
  "stp x13, x14, [sp, #112]\n"                                                                     \
  "stp x15, x16, [sp, #128]\n"                                                                     \
  "stp x17, x18, [sp, #144]\n"                                                                     \
  "stp q0, q1, [sp, #176]\n"                                                                       \
  "stp q2, q3, [sp, #208]\n"                                                                       \
  "stp q4, q5, [sp, #240]\n"                                                                       \
  "stp q6, q7, [sp, #272]\n"                                                                       \
  "stp q8, q9, [sp, #304]\n"                                                                       \
  "stp q10, q11, [sp, #336]\n"                                                                     \
  "stp q12, q13, [sp, #368]\n"                                                                     \
  "stp q14, q15, [sp, #400]\n"                                                                     \
  "stp q16, q17, [sp, #432]\n"                                                                     \
  "stp q18, q19, [sp, #464]\n"                                                                     \
  "stp q20, q21, [sp, #496]\n"                                                                     \
  "stp q22, q23, [sp, #528]\n"                                                                     \
  "stp q24, q25, [sp, #560]\n"                                                                     \
  "stp q26, q27, [sp, #592]\n"                                                                     \
  "stp q28, q29, [sp, #624]\n"                                                                     \
  "stp q30, q31, [sp, #656]\n"
/* From the frame at x29. */
#define RESTORE_ALL                                                                                \
  "ldp q30, q31, [x29, #656]\n"                                                                    \
  "ldp q28, q29, [x29, #624]\n"                                                                    \
  "ldp q26, q27, [x29, #592]\n"                                                                    \
  "ldp q24, q25, [x29, #560]\n"                                                                    \
  "ldp q22, q23, [x29, #528]\n"                                                                    \
  "ldp q20, q21, [x29, #496]\n"                                                                    \
  "ldp q18, q19, [x29, #464]\n"                                                                    \
  "ldp q16, q17, [x29, #432]\n"                                                                    \
  "ldp q14, q15, [x29, #400]\n"                                                                    \
  "ldp q12, q13, [x29, #368]\n"                                                                    \
  "ldp q10, q11, [x29, #336]\n"                                                                    \
  "ldp q8, q9, [x29, #304]\n"                                                                      \
  "ldp q6, q7, [x29, #272]\n"                                                                      \
  "ldp q4, q5, [x29, #240]\n"                                                                      \
  "ldp q2, q3, [x29, #208]\n"                                                                      \
  "ldp q0, q1, [x29, #176]\n"                                                                      \
  "ldp x17, x18, [x29, #144]\n"                                                                    \
  "ldp x15, x16, [x29, #128]\n"                                                                    \
  "ldp x13, x14, [x29, #112]\n"                                                                    \
  "ldp x11, x12, [x29, #96]\n"                                                                     \
  "ldp x9, x10, [x29, #80]\n"                                                                      \
  "ldp x7, x8, [x29, #64]\n"                                                                       \
  "ldp x5, x6, [x29, #48]\n"                                                                       \
  "ldp x3, x4, [x29, #32]\n"                                                                       \
  "ldp x1, x2, [x29, #16]\n"

/* A descriptor's function: x0 is the descriptor, whose second word is the pair. Returns the offset from the
 * thread pointer in x0, and keeps all other registers, vectors' included. */
extern void a64_tls_descriptor(void) __attribute__((visibility("hidden")));
__asm__(".text\n"
        ".balign 4\n"
        ".hidden a64_tls_descriptor\n"
        ".globl a64_tls_descriptor\n"
        ".type a64_tls_descriptor, %function\n"
        "a64_tls_descriptor:\n"
        ".cfi_startproc\n"
        "sub sp, sp, #688\n"
        ".cfi_def_cfa_offset 688\n"
        "stp x29, x30, [sp]\n"
        ".cfi_offset 29, -688\n"
        ".cfi_offset 30, -680\n"
        "mov x29, sp\n" SAVE_ALL "mrs x1, nzcv\n"
        "str x1, [sp, #160]\n"
        "ldr x0, [x0, #8]\n"
        "ldr x16, [x0, #16]\n"
        "blr x16\n"
        "mrs x1, tpidr_el0\n"
        "sub x0, x0, x1\n"
        "ldr x1, [sp, #160]\n"
        "msr nzcv, x1\n" RESTORE_ALL "ldp x29, x30, [sp]\n"
        "add sp, sp, #688\n"
        ".cfi_def_cfa_offset 0\n"
        ".cfi_restore 29\n"
        ".cfi_restore 30\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size a64_tls_descriptor, .-a64_tls_descriptor\n");

/* Scalable vectors and predicates, in 34 times the bytes of a vector at sp. */
#define EACH_SCALABLE(op)                                                                          \
  ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n" op                              \
  " p\\n, [sp, #\\n, mul vl]\n"                                                                    \
  ".endr\n"                                                                                        \
  ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, " \
  "24, 25, 26, 27, 28, 29, 30, 31\n" op " z\\n, [sp, #\\n + 2, mul vl]\n"                          \
  ".endr\n"
#define SAVE_SCALABLE EACH_SCALABLE("str")
#define RESTORE_SCALABLE EACH_SCALABLE("ldr")

/* A call of a function without a definition. On the stack are the address of the words and the number of the stub. The
 * result of `find` is put where x17 was saved. Callees that take scalable vectors have arguments in z0 to z7 and p0 to
 * p3, and preserve others that C callees may change (AAPCS64, 6.1.2 and 6.1.3). */
extern void a64_late(void) __attribute__((visibility("hidden")));
/* Where `find` returns to: an address in it, and no function, which would be global. */
extern const char a64_late_return[] __attribute__((visibility("hidden")));
__asm__(".text\n"
        ".balign 4\n"
        ".arch_extension sve\n"
        ".hidden a64_late\n"
        ".globl a64_late\n"
        ".type a64_late, %function\n"
        "a64_late:\n"
        ".cfi_startproc\n"
        ".cfi_def_cfa_offset 16\n"
        "hint #34\n" /* bti c */
        "sub sp, sp, #688\n"
        ".cfi_def_cfa_offset 704\n"
        "stp x29, x30, [sp]\n"
        ".cfi_offset 29, -704\n"
        ".cfi_offset 30, -696\n"
        "mov x29, sp\n"
        ".cfi_def_cfa_register 29\n" SAVE_ALL "add x16, sp, #688\n"
        "ldp x16, x1, [x16]\n"
        "ldr w17, [x16, #24]\n" /* vectors */
        "stp x0, x17, [sp, #160]\n"
        "cbz w17, 1f\n"
        "addvl sp, sp, #-17\n"
        "addvl sp, sp, #-17\n" SAVE_SCALABLE "1:\n"
        "ldr x0, [x16, #16]\n"
        "ldr x16, [x16, #8]\n"
        "add x2, x29, #688\n" /* the roots, in place of the address of the words */
        "str xzr, [x2]\n"
        "blr x16\n"
        ".hidden a64_late_return\n"
        ".weak a64_late_return\n"
        "a64_late_return:\n"
        "str x0, [x29, #144]\n"
        "ldp x0, x16, [x29, #160]\n"
        "str x16, [x29, #136]\n" RESTORE_ALL "cbz x16, 2f\n" RESTORE_SCALABLE "mov sp, x29\n"
        "2:\n"
        ".cfi_def_cfa_register 31\n"
        "ldp x29, x30, [sp]\n"
        "add sp, sp, #704\n"
        ".cfi_def_cfa_offset 0\n"
        ".cfi_restore 29\n"
        ".cfi_restore 30\n"
        "br x17\n"
        ".cfi_endproc\n"
        ".size a64_late, .-a64_late\n");

/* Whether the system has scalable vectors. */
static void choose_vectors(struct kn_jit_late_words *words) {
  enum { SVE = 1 << 22 }; /* HWCAP_SVE */
  words->vectors = (getauxval(AT_HWCAP) & SVE) != 0;
}
#define DESCRIPTOR a64_tls_descriptor
#define LATE a64_late
#define LATE_RETURN a64_late_return
#else
#define DESCRIPTOR NULL
#define LATE NULL
#define LATE_RETURN NULL
static void choose_vectors(struct kn_jit_late_words *words) { (void)words; }
#endif

/* x17 has the address in the stub from where the code is reached. */
static void write_late(uint8_t *to, uint64_t at, struct kn_jit_late_words *words) {
  static const uint32_t code[] = {
    0x10000010, /* adr x16, . */
    0xcb100231, /* sub x17, x17, x16 */
    0xd345fe31, /* lsr x17, x17, #5 */
    0x90000010, /* adrp x16, words */
    0x91000210, /* add x16, x16, words */
    0xa9bf47f0, /* stp x16, x17, [sp, #-16]! */
    0xf9400210, /* ldr x16, [x16] */
    0xd61f0200, /* br x16 */
  };
  uint64_t of_words = (uint64_t)(uintptr_t)words;
  memset(to, 0, KN_JIT_LATE_STUBS * KN_JIT_STUB_BYTES);
  for (unsigned i = 0; i < sizeof code / sizeof code[0]; i++) kn_put32(to + 4 * i, code[i]);
  fill(KILN_RELOC_A64_PAGE, to + 12, of_words, at + 12);
  fill(KILN_RELOC_A64_LOW, to + 16, of_words, at + 16);
  words->code = LATE;
  choose_vectors(words);
}

/* A descriptor: function, argument, which is the address of the pair after them; after that, `get`. */
static void write_tls(uint8_t *to, uint64_t at, const uint64_t pair[2], uint64_t get) {
  kn_put64(to, (uint64_t)(uintptr_t)DESCRIPTOR);
  kn_put64(to + 8, at + 16);
  kn_put64(to + 16, pair[0]);
  kn_put64(to + 24, pair[1]);
  kn_put64(to + 32, get);
}

const struct kn_jit_machine a64_jit = {
  .rewrite = rewrite,
  .write_stub = write_stub,
  .stub_late = STUB_LATE,
  .write_late = write_late,
  .late_rows = {0x46, 0x0e, 16, 0x42, 0x0e,
                0}, /* def_cfa_offset after 6 instructions, and 2 further on */
  .n_late_rows = 6,
  .late_start = (const char *)LATE,
  .late_return = LATE_RETURN,
  .late_saved = {160 - 704, 16 - 704, 24 - 704, 32 - 704, 40 - 704, 48 - 704, 56 - 704, 64 - 704,
                 72 - 704, 80 - 704, 88 - 704, 96 - 704, 104 - 704, 112 - 704, 120 - 704, 128 - 704,
                 0, 0, 152 - 704},
  .write_registrar = write_registrar,
  .write_probe = write_probe,
  .write_tls = write_tls,
};
