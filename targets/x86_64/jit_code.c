/* Code in memory on x86-64: targets/jit.h. Source: System V ABI, AMD64 supplement, 4.4. */
#include "base/bytes.h"
#include "targets/x86_64/x64.h"

/* lea of an address relative to the code becomes mov of it as a number. The field is the end of the instruction. */
static bool put_number(uint8_t *to, int32_t value) {
  bool lea = (to[-3] & 0xf8) == 0x48 && to[-2] == 0x8d && (to[-1] & 0xc7) == 0x05;
  if (!lea) return false;
  to[-1] = (uint8_t)(0xc0 | (to[-1] >> 3 & 7));
  to[-2] = 0xc7;
  to[-3] = (uint8_t)(0x48 | (to[-3] >> 2 & 1));
  kn_put32(to, (uint32_t)value);
  return true;
}

static bool rewrite(uint32_t kind, uint8_t *to, uint64_t at, uint64_t value, bool undefined) {
  int64_t distance = (int64_t)(value - at);
  switch (kind) {
  case KILN_RELOC_REL32: return undefined && put_number(to, (int32_t)value + 4);
  case KILN_RELOC_X64_GOT_OP:
  case KILN_RELOC_X64_GOT_REX:
    if (to[-2] != 0x8b || distance != (int32_t)distance) return false;
    to[-2] = 0x8d; /* mov of the address from the table becomes lea */
    kn_put32(to, (uint32_t)distance);
    return true;
  default: return false;
  }
}

static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

enum { STUB_LATE = 10 };

static void write_stub(uint8_t *to, uint64_t at, uint64_t slot, uint64_t group) {
  memset(to, 0xcc, KN_JIT_STUB_BYTES);
  memcpy(to, endbr64, 4);
  memcpy(to + 4, (const uint8_t[]){0xff, 0x25}, 2); /* jmp *slot(%rip) */
  kn_put32(to + 6, (uint32_t)(slot - (at + STUB_LATE)));
  if (group == 0) return;
  uint8_t *late = to + STUB_LATE;
  memcpy(late, endbr64, 4);
  memcpy(late + 4, (const uint8_t[]){0x41, 0xb3}, 2); /* mov $number, %r11b */
  late[6] = (uint8_t)((at - group) / KN_JIT_STUB_BYTES);
  late[7] = 0xe9; /* jmp group */
  kn_put32(late + 8, (uint32_t)(group - (at + STUB_LATE + 12)));
}

static void put_registrar(uint8_t *to, uint64_t at, uint64_t dso, uint64_t slot, unsigned number,
                          const uint8_t *registers) {
  static const uint8_t code[] = {
    0x48, 0x8d, 0x05, 0, 0, 0, 0, /* lea dso(%rip), the argument's */
    0x66, 0x90,                   /* nop, or xor of argument 1 */
    0xff, 0x25, 0,    0, 0, 0,    /* jmp *slot(%rip) */
  };
  memset(to, 0xcc, KN_JIT_REGISTRAR_BYTES);
  memcpy(to, endbr64, sizeof endbr64);
  to += sizeof endbr64, at += sizeof endbr64;
  memcpy(to, code, sizeof code);
  to[0] |= (uint8_t)(registers[number] >> 3 << 2);
  to[2] |= (uint8_t)((registers[number] & 7) << 3);
  if (number == 2) {
    to[7] = 0x31;
    to[8] = (uint8_t)(0xc0 | registers[1] << 3 | registers[1]);
  }
  kn_put32(to + 3, (uint32_t)(dso - (at + 7)));
  kn_put32(to + 11, (uint32_t)(slot - (at + 15)));
}

static void write_registrar(uint8_t *to, uint64_t at, uint64_t dso, uint64_t slot,
                            unsigned number) {
  static const uint8_t arguments[] = {7, 6, 2, 1}; /* rdi, rsi, rdx, rcx */
  put_registrar(to, at, dso, slot, number, arguments);
}

static void write_registrar_windows(uint8_t *to, uint64_t at, uint64_t dso, uint64_t slot,
                                    unsigned number) {
  static const uint8_t arguments[] = {1, 2, 8, 9}; /* rcx, rdx, r8, r9 */
  put_registrar(to, at, dso, slot, number, arguments);
}

static void write_probe(uint8_t *to, unsigned number) {
  to[0] = 0xb8; /* mov $number, %eax */
  kn_put32(to + 1, number);
  to[5] = 0xc3; /* ret */
}

/* The pair itself: code gives its address to __tls_get_addr, which is `get`. */
static void write_tls(uint8_t *to, uint64_t at, const uint64_t pair[2], uint64_t get) {
  (void)at, (void)get;
  kn_put64(to, pair[0]);
  kn_put64(to + 8, pair[1]);
}

/* ---- calls of functions without a definition ---- */

#if defined(__x86_64__)
/* Where `find` returns to: an address in late_call, and no function, which would be global. */
extern const char x64_late_return[] __attribute__((visibility("hidden")));
/* The start and the end of a function's rows of unwind tables, where the compiler does not write them. */
#ifdef __GCC_HAVE_DWARF2_CFI_ASM
#define ROWS_START ""
#define ROWS_END ""
#else
#define ROWS_START ".cfi_startproc\n\t"
#define ROWS_END "\n\t.cfi_endproc"
#endif

#ifdef _WIN32
extern void x64_late_call(void); /* jit_late_windows.c */
#define LATE x64_late_call
#define LATE_RETURN NULL
#else
/* On the stack are the number of the stub, in the lowest byte, and the caller's return address; r11, which no
 * convention uses for arguments or preserves, has the address of the words. Saved are the registers that C callees may
 * change and that have arguments or, by other conventions, are preserved: rax (vectors of a variadic call), rcx, rdx,
 * rsi, rdi, r8, r9, r10 (static chain), and all vectors and masks. xsave writes a part of its header, at 512, and the
 * rest has to be zero. xsave and xrstor leave the upper parts unused where they were, so that instructions of SSE stay
 * fast. */
static __attribute__((naked)) void late_call(void) {
  __asm__(ROWS_START ".cfi_def_cfa_offset 16\n\t"
                     ".byte 0xf3, 0x0f, 0x1e, 0xfa\n\t" /* endbr64 */
                     "pushq %rbp\n\t"
                     ".cfi_def_cfa_offset 24\n\t"
                     ".cfi_offset %rbp, -24\n\t"
                     "movq %rsp, %rbp\n\t"
                     ".cfi_def_cfa_register %rbp\n\t"
                     "pushq %rax\n\t"
                     "pushq %rcx\n\t"
                     "pushq %rdx\n\t"
                     "pushq %rsi\n\t"
                     "pushq %rdi\n\t"
                     "pushq %r8\n\t"
                     "pushq %r9\n\t"
                     "pushq %r10\n\t"
                     "movl 24(%r11), %eax\n\t" /* vectors */
                     "movl 28(%r11), %ecx\n\t" /* vector_bytes */
                     "pushq %rax\n\t"
                     "subq %rcx, %rsp\n\t"
                     "andq $-64, %rsp\n\t"
                     "testl %eax, %eax\n\t"
                     "jnz 1f\n\t"
                     "fxsave64 (%rsp)\n\t"
                     "jmp 2f\n\t"
                     "1:\n\t"
                     "xorl %edx, %edx\n\t"
                     "movq %rdx, 512(%rsp)\n\t"
                     "movq %rdx, 520(%rsp)\n\t"
                     "movq %rdx, 528(%rsp)\n\t"
                     "movq %rdx, 536(%rsp)\n\t"
                     "movq %rdx, 544(%rsp)\n\t"
                     "movq %rdx, 552(%rsp)\n\t"
                     "movq %rdx, 560(%rsp)\n\t"
                     "movq %rdx, 568(%rsp)\n\t"
                     "xsave64 (%rsp)\n\t"
                     "2:\n\t"
                     "movq 16(%r11), %rdi\n\t"
                     "movzbl 8(%rbp), %esi\n\t"
                     "leaq 8(%rbp), %rdx\n\t" /* the roots, in place of the number */
                     "movq $0, (%rdx)\n\t"
                     "call *8(%r11)\n\t"
                     ".hidden x64_late_return\n\t"
                     ".weak x64_late_return\n"
                     "x64_late_return:\n\t"
                     "movq %rax, %r11\n\t"
                     "movl -72(%rbp), %eax\n\t"
                     "testl %eax, %eax\n\t"
                     "jnz 3f\n\t"
                     "fxrstor64 (%rsp)\n\t"
                     "jmp 4f\n\t"
                     "3:\n\t"
                     "xorl %edx, %edx\n\t"
                     "xrstor64 (%rsp)\n\t"
                     "4:\n\t"
                     "movq -8(%rbp), %rax\n\t"
                     "movq -16(%rbp), %rcx\n\t"
                     "movq -24(%rbp), %rdx\n\t"
                     "movq -32(%rbp), %rsi\n\t"
                     "movq -40(%rbp), %rdi\n\t"
                     "movq -48(%rbp), %r8\n\t"
                     "movq -56(%rbp), %r9\n\t"
                     "movq -64(%rbp), %r10\n\t"
                     "leave\n\t"
                     ".cfi_def_cfa %rsp, 16\n\t"
                     ".cfi_restore %rbp\n\t"
                     "leaq 8(%rsp), %rsp\n\t"
                     ".cfi_def_cfa_offset 8\n\t"
                     "jmp *%r11" ROWS_END);
}
#define LATE late_call
#define LATE_RETURN x64_late_return
#endif

/* Those of XSAVE's components that are to be saved, if the system has them: SSE's and AVX's, then AVX-512's, which are
 * masks, upper halves of the first 16 registers, and the other 16. SDM volume 1, 13.1 and 13.4. */
static void choose_vectors(struct kn_jit_late_words *words) {
  enum { OSXSAVE = 1 << 27, SSE_AVX = 6, AVX512 = 0xe0, LAST = 7, FXSAVE_BYTES = 512 };
  uint32_t a = 1, b, c = 0, d;
  words->vector_bytes = FXSAVE_BYTES;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  if ((c & OSXSAVE) == 0) return;
  __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  if ((a & SSE_AVX) != SSE_AVX) return;
  words->vectors = (a & AVX512) == AVX512 ? SSE_AVX | AVX512 : SSE_AVX;
  for (uint32_t k = 2; k <= LAST; k++) {
    if ((words->vectors >> k & 1) == 0) continue;
    a = 13, c = k; /* where component k is: ebx; its size: eax */
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (words->vector_bytes < a + b) words->vector_bytes = a + b;
  }
}
#else
#define LATE NULL
#define LATE_RETURN NULL
static void choose_vectors(struct kn_jit_late_words *words) { (void)words; }
#endif

static void write_late(uint8_t *to, uint64_t at, struct kn_jit_late_words *words) {
  static const uint8_t code[] = {
    0x41, 0x53,                   /* push %r11 */
    0x4c, 0x8d, 0x1d, 0, 0, 0, 0, /* lea words(%rip), %r11 */
    0x41, 0xff, 0x23,             /* jmp *(%r11) */
  };
  memset(to, 0xcc, KN_JIT_LATE_STUBS * KN_JIT_STUB_BYTES);
  memcpy(to, code, sizeof code);
  kn_put32(to + 5, (uint32_t)((uint64_t)(uintptr_t)words - (at + 9)));
  words->code = LATE;
  choose_vectors(words);
}

const struct kn_jit_machine x64_jit = {
  .rewrite = rewrite,
  .write_stub = write_stub,
  .stub_late = STUB_LATE,
  .write_late = write_late,
  .late_rows = {0x42, 0x0e, 16, 0x4a, 0x0e,
                8}, /* def_cfa_offset after 2 bytes, and 10 further on */
  .n_late_rows = 6,
  .late_start = (const char *)LATE,
  .late_return = LATE_RETURN,
  .late_saved = {[X64_RAX] = -32,
                 [X64_RCX] = -40,
                 [X64_RDX] = -48,
                 [X64_RSI] = -56,
                 [X64_RDI] = -64,
                 [X64_R8] = -72,
                 [X64_R9] = -80,
                 [X64_R10] = -88},
  .write_registrar = write_registrar,
  .write_probe = write_probe,
  .write_tls = write_tls,
  .sees_changes = true,
};

const struct kn_jit_machine x64_windows_jit = {
  .rewrite = rewrite,
  .write_stub = write_stub,
  .stub_late = STUB_LATE,
  .write_late = write_late,
  .late_rows = {1, 2, 1, 0, 2, 0x02}, /* UNWIND_INFO: 8 bytes are allocated after 2 bytes */
  .n_late_rows = 8,
  .write_registrar = write_registrar_windows,
  .write_probe = write_probe,
  .write_tls = write_tls,
  .sees_changes = true,
};
