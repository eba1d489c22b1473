/* Thread-local data on Windows: see tls.h. Code calls for an address as on Linux; that of the process itself cannot be
 * found by a name, since DLLs export no thread-local variables. */
#include "lib/jit/memory/tls.h"

bool kn_jit_tls_at_end(void (*function)(void *)) {
  (void)function;
  return false;
}

bool kn_jit_tls_process(uint64_t address, uint64_t pair[2]) {
  (void)address, (void)pair;
  return false;
}

uint64_t kn_jit_tls_offset(uint64_t address) { return address; }

__attribute__((used)) void *kn_jit_tls_get(const uint64_t *pair);
void *kn_jit_tls_get(const uint64_t *pair) {
  if (pair[0] == 0) return NULL; /* an undefined weak symbol */
  return kn_jit_tls_address((const struct kn_jit_tls *)(uintptr_t)pair[0], pair[1]);
}

/* The caller has no room for the callee's home slots, and may have its stack pointer at any multiple of 8. */
extern void kn_jit_tls_call(void);
__asm__(".text\n"
        ".p2align 4\n"
        ".globl kn_jit_tls_call\n"
        ".def kn_jit_tls_call; .scl 2; .type 32; .endef\n"
        ".seh_proc kn_jit_tls_call\n"
        "kn_jit_tls_call:\n"
        "pushq %rbp\n"
        ".seh_pushreg %rbp\n"
        "movq %rsp, %rbp\n"
        ".seh_setframe %rbp, 0\n"
        ".seh_endprologue\n"
        "subq $32, %rsp\n"
        "andq $-16, %rsp\n"
        "call kn_jit_tls_get\n"
        "leaq 0(%rbp), %rsp\n"
        "popq %rbp\n"
        "ret\n"
        ".seh_endproc\n");

uint64_t kn_jit_tls_entry(void) { return (uint64_t)(uintptr_t)kn_jit_tls_call; }
