/* Exceptions: their memory, and how the platform's unwinder finds where code catches them. The table of call sites that
 * a function has is that of the Itanium C++ ABI ("Exception Handling Tables", GCC's LSDA); all of its landing pads take
 * all exceptions. */
#include "state.h"

#include <stdlib.h>
#include <string.h>
#include <unwind.h>

static const uint64_t exception_class = UINT64_C(0x4b494c4e5741534d); /* "KILNWASM" */

/* ---- memory ---- */

kiln_wasm_exn *kn_do_exn_new(void *instance, const kiln_wasm_tag *tag, uint32_t n_values) {
  kiln_wasmrt_store *s = kn_instance(instance)->store;
  struct kn_exn *e = malloc(sizeof *e + n_values * sizeof(kiln_wasm_value));
  if (e == NULL) kiln_wasmrt_trap(instance, KILN_WASM_TRAP_STACK); /* no memory is like no stack */
  memset(e, 0, sizeof *e + n_values * sizeof(kiln_wasm_value));
  e->exn = (kiln_wasm_exn){.tag = tag, .n_values = n_values};
  e->next = s->exceptions;
  if (e->next != NULL) e->next->previous = e;
  s->exceptions = e;
  return &e->exn;
}

void kn_do_exn_drop(void *instance, kiln_wasm_exn *exn) {
  kiln_wasmrt_store *s = kn_instance(instance)->store;
  if (exn->escaped) return; /* until the store is freed */
  struct kn_exn *e = (struct kn_exn *)(void *)((char *)exn - offsetof(struct kn_exn, exn));
  if (e->next != NULL) e->next->previous = e->previous;
  if (e->previous != NULL) e->previous->next = e->next;
  else s->exceptions = e->next;
  free(e);
}

/* ---- throwing ---- */

/* What the unwinder carries. */
struct unwound {
  struct _Unwind_Exception unwinder;
  kiln_wasm_exn *exn;
};

/* The unwinder's own way of ending an exception, if somebody else caught it. */
static void clean_up(_Unwind_Reason_Code reason, struct _Unwind_Exception *u) {
  (void)reason;
  free(u);
}

__attribute__((noreturn)) void kn_do_throw(void *instance, kiln_wasm_exn *exn) {
  if (exn == NULL) kiln_wasmrt_trap(instance, KILN_WASM_TRAP_NULL_EXCEPTION);
  struct unwound *u = NULL;
  if (posix_memalign((void **)&u, _Alignof(struct unwound), sizeof *u) != 0)
    kiln_wasmrt_trap(instance, KILN_WASM_TRAP_STACK);
  memset(u, 0, sizeof *u);
  u->unwinder.exception_class = exception_class;
  u->unwinder.exception_cleanup = clean_up;
  u->exn = exn;
  _Unwind_RaiseException(&u->unwinder);
  /* It found nobody: code was called without an entry function. */
  free(u);
  kn_uncaught(exn);
  abort();
}

kiln_wasm_exn *kn_do_caught(void *unwound) {
  struct unwound *u = unwound;
  kiln_wasm_exn *exn = u->exn;
  free(u);
  return exn;
}

/* ---- where code catches ---- */

static uint64_t read_uleb(const uint8_t **p) {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = *(*p)++;
    if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

/* A number in an encoding of DWARF's exception tables (DW_EH_PE_...), without a base. */
static uint64_t read_encoded(const uint8_t **p, uint8_t encoding) {
  uint64_t value = 0;
  size_t n = (encoding & 0xf) == 2 ? 2 : (encoding & 0xf) == 3 ? 4 : 8;
  if ((encoding & 0xf) == 1) return read_uleb(p);
  memcpy(&value, *p, n); /* little-endian, as all targets are */
  *p += n;
  return value;
}

/* The landing pad for a call at `at`, or 0. */
static uintptr_t landing_pad(const uint8_t *table, uintptr_t function, uintptr_t at) {
  uintptr_t base = function;
  uint8_t encoding = *table++;
  if (encoding != 0xff) base = (uintptr_t)read_encoded(&table, encoding);
  if (*table++ != 0xff) read_uleb(&table); /* types: all take everything */
  encoding = *table++;
  const uint8_t *end = table;
  uint64_t size = read_uleb(&end);
  table = end;
  for (end += size; table < end;) {
    uint64_t start = read_encoded(&table, encoding), length = read_encoded(&table, encoding);
    uint64_t pad = read_encoded(&table, encoding);
    read_uleb(&table); /* action */
    if (at - function - start < length) return pad != 0 ? base + pad : 0;
  }
  return 0;
}

int kiln_wasmrt_personality(int version, int actions, uint64_t class, void *unwound, void *user) {
  struct _Unwind_Context *context = user;
  int before_instruction = 0;
  if (version != 1) return _URC_FATAL_PHASE1_ERROR;
  if (class != exception_class || actions & _UA_FORCE_UNWIND) return _URC_CONTINUE_UNWIND;
  uintptr_t at = _Unwind_GetIPInfo(context, &before_instruction);
  const uint8_t *table = _Unwind_GetLanguageSpecificData(context);
  uintptr_t pad = table != NULL
                    ? landing_pad(table, _Unwind_GetRegionStart(context), at - !before_instruction)
                    : 0;
  if (pad == 0) return _URC_CONTINUE_UNWIND;
  if (actions & _UA_SEARCH_PHASE) return _URC_HANDLER_FOUND;
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), (uintptr_t)unwound);
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(1), 1);
  _Unwind_SetIP(context, pad);
  return _URC_INSTALL_CONTEXT;
}
