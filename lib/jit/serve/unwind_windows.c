/* Frames of units for Windows' unwinder, which exceptions and debuggers use. The system gets one function for each
 * pool, and calls it for an address there: so nothing is registered or removed for each unit, and a unit's frames are
 * known as long as kiln_jit_find_pc finds it. The function takes no lock of a JIT. Source: Microsoft,
 * RtlInstallFunctionTableCallback. */
#include "lib/jit/memory/memory.h"
#include "lib/jit/serve/serve.h"

#include <windows.h>

/* How the system names what it got: an address with the lowest two bits set. */
static uint64_t identifier_of(const struct kn_jit_pool *p) {
  return (uint64_t)(uintptr_t)p->base | 3;
}

static PRUNTIME_FUNCTION find(DWORD64 pc, PVOID context) {
  kiln_jit *jit = context;
  struct kn_stack_code code = {0};
  kn_jit_find_code(&jit->finder, pc, &code);
  return (PRUNTIME_FUNCTION)(uintptr_t)code.fde;
}

void kn_jit_unwind_open(kiln_jit *jit) { (void)jit; }
void kn_jit_unwind_close(kiln_jit *jit) { (void)jit; }

bool kn_jit_unwind_add(kiln_jit *jit, struct kn_jit_unit *u, kiln_jit_error *e) {
  struct kn_jit_pool *p = u->blocks[KN_JIT_CODE].pool;
  if (jit->options.no_unwind || p == NULL || p->unwound) return true;
  const uint32_t size = p->n_chunks * (uint32_t)KN_JIT_CHUNK;
  p->unwound =
    RtlInstallFunctionTableCallback(identifier_of(p), (uintptr_t)p->base, size, find, jit, NULL);
  return p->unwound ||
         KN_JIT_FAIL(false, e, KILN_ERR_SYSTEM, "RtlInstallFunctionTableCallback failed");
}

void kn_jit_unwind_remove(kiln_jit *jit, struct kn_jit_unit *u) { (void)jit, (void)u; }

void kn_jit_unwind_forget(const struct kn_jit_pool *p) {
  if (p->unwound) RtlDeleteFunctionTable((PRUNTIME_FUNCTION)(uintptr_t)identifier_of(p));
}
