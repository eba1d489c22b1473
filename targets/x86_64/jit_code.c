/* Code in memory on x86-64: targets/jit.h. Source: System V ABI, AMD64 supplement, 4.4. */
#include "ir/bytes.h"
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

enum { STUB_MISSING = 6 };

static void write_stub(uint8_t *to, uint64_t at, uint64_t slot, uint64_t missing) {
  static const uint8_t jump[] = {0xff, 0x25}; /* jmp *slot(%rip) */
  memset(to, 0xcc, KN_JIT_STUB_BYTES);
  memcpy(to, jump, 2);
  kn_put32(to + 2, (uint32_t)(slot - (at + 6)));
  if (missing == 0) return;
  to[STUB_MISSING] = 0xe8; /* call missing */
  kn_put32(to + STUB_MISSING + 1, (uint32_t)(missing - (at + STUB_MISSING + 5)));
}

static void write_registrar(uint8_t *to, uint64_t at, uint64_t dso, uint64_t slot,
                            unsigned number) {
  static const uint8_t registers[] = {7, 6, 2, 1}; /* of arguments: rdi, rsi, rdx, rcx */
  static const uint8_t code[] = {
    0x48, 0x8d, 0x05, 0, 0, 0, 0, /* lea dso(%rip), the argument's */
    0x66, 0x90,                   /* nop, or xor %esi, %esi */
    0xff, 0x25, 0,    0, 0, 0,    /* jmp *slot(%rip) */
  };
  memset(to, 0xcc, KN_JIT_REGISTRAR_BYTES);
  memcpy(to, code, sizeof code);
  to[2] |= (uint8_t)(registers[number] << 3);
  if (number == 2) memcpy(to + 7, (const uint8_t[]){0x31, 0xf6}, 2);
  kn_put32(to + 3, (uint32_t)(dso - (at + 7)));
  kn_put32(to + 11, (uint32_t)(slot - (at + 15)));
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

/* ---- walks of the stack ---- */

#if defined(__x86_64__)
static __attribute__((naked)) void stack_save(uint64_t *point __attribute__((unused))) {
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
#else
#define stack_save NULL
#endif

static uint64_t plain(uint64_t pc) { return pc; }

const struct kn_jit_machine x64_jit = {
  .rewrite = rewrite,
  .write_stub = write_stub,
  .stub_missing = STUB_MISSING,
  .write_registrar = write_registrar,
  .write_probe = write_probe,
  .write_tls = write_tls,
  .stack = {.stack_pointer = 7, /* rsp */
            .last = 16,         /* the return address */
            .n_saved = 6,
            .saved = {3, 6, 12, 13, 14, 15}, /* rbx, rbp, r12 to r15 */
            .save = stack_save,
            .plain = plain},
  .sees_changes = true,
};
