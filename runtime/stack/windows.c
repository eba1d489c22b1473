/* Walks of the stack on x86-64 Windows: the machine (host.h), and steps by the system's unwinder (cfi.h), which knows
 * the code of programs, of DLLs, and of JITs. It takes a lock to find code. An entry, the `fde` here, is a
 * RUNTIME_FUNCTION; functions without one have no frame. Source: Microsoft, "x64 exception handling". */
#include "runtime/stack/cfi.h"

#include <stddef.h>
#include <windows.h>

static __attribute__((naked)) void save(uint64_t *point __attribute__((unused))) {
  __asm__("movq (%rsp), %rax\n\t"
          "movq %rax, (%rcx)\n\t"
          "leaq 8(%rsp), %rax\n\t"
          "movq %rax, 8(%rcx)\n\t"
          "movq %rbx, 16(%rcx)\n\t"
          "movq %rbp, 24(%rcx)\n\t"
          "movq %rsi, 32(%rcx)\n\t"
          "movq %rdi, 40(%rcx)\n\t"
          "movq %r12, 48(%rcx)\n\t"
          "movq %r13, 56(%rcx)\n\t"
          "movq %r14, 64(%rcx)\n\t"
          "movq %r15, 72(%rcx)\n\t"
          "ret");
}

static uint64_t plain(uint64_t pc) { return pc; }

static const struct kn_stack_machine machine = {
  .stack_pointer = 7, /* rsp */
  .last = 16,
  .n_saved = 8,
  .saved = {3, 6, 4, 5, 12, 13, 14, 15}, /* rbx, rbp, rsi, rdi, r12 to r15 */
  .save = save,
  .plain = plain};
const struct kn_stack_machine *const kn_stack_machine_host = &machine;

static const uint8_t no_entry[1];
const uint8_t *const kn_cfi_bare = no_entry;

/* Registers of a context, by DWARF's numbers. */
static const uint16_t offsets[] = {
  offsetof(CONTEXT, Rax), offsetof(CONTEXT, Rdx), offsetof(CONTEXT, Rcx), offsetof(CONTEXT, Rbx),
  offsetof(CONTEXT, Rsi), offsetof(CONTEXT, Rdi), offsetof(CONTEXT, Rbp), offsetof(CONTEXT, Rsp),
  offsetof(CONTEXT, R8),  offsetof(CONTEXT, R9),  offsetof(CONTEXT, R10), offsetof(CONTEXT, R11),
  offsetof(CONTEXT, R12), offsetof(CONTEXT, R13), offsetof(CONTEXT, R14), offsetof(CONTEXT, R15),
};

static DWORD64 *reg(CONTEXT *c, unsigned k) { return (DWORD64 *)((char *)c + offsets[k]); }

enum kn_cfi_result kn_cfi_step(const struct kn_stack_machine *of, const uint8_t *fde,
                               uint64_t start, struct kn_cfi_frame *f, uint64_t *cfa) {
  CONTEXT c = {.ContextFlags = CONTEXT_FULL, .Rip = f->pc};
  DWORD64 base, establisher;
  void *data;
  (void)of, (void)start;
  for (unsigned k = 0; k < sizeof offsets / sizeof *offsets; k++) *reg(&c, k) = f->r[k];
  if (fde == kn_cfi_bare) {
    c.Rip = *(const DWORD64 *)(uintptr_t)c.Rsp;
    c.Rsp += 8;
  } else {
    PRUNTIME_FUNCTION entry = RtlLookupFunctionEntry(f->exact ? f->pc : f->pc - 1, &base, NULL);
    if (entry == NULL) return KN_CFI_LOST;
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, f->pc, entry, &c, &data, &establisher, NULL);
  }
  *cfa = c.Rsp;
  for (unsigned k = 0; k < sizeof offsets / sizeof *offsets; k++) f->r[k] = *reg(&c, k);
  f->pc = c.Rip;
  f->exact = false;
  return f->pc == 0 ? KN_CFI_FIRST : KN_CFI_CALLER;
}

const uint8_t *kn_cfi_find(uint64_t pc, uint64_t *start) {
  DWORD64 base;
  const RUNTIME_FUNCTION *entry = RtlLookupFunctionEntry(pc, &base, NULL);
  if (entry == NULL) return kn_cfi_bare;
  *start = base + entry->BeginAddress;
  return (const uint8_t *)entry;
}

bool kn_cfi_begins_program(uint64_t pc) {
  (void)pc;
  return false;
}
