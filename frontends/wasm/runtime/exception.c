/* Exceptions: their memory, and how the platform's unwinder finds where code catches them. The table of call sites that
 * a function has is that of the Itanium C++ ABI ("Exception Handling Tables", GCC's LSDA); all of its landing pads take
 * all exceptions. */
#include "base/leb128.h"
#include "state.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

static const uint64_t exception_class = UINT64_C(0x4b494c4e5741534d); /* "KILNWASM" */

/* ---- memory ---- */

static uint64_t bytes_of(uint32_t n_values) {
  return sizeof(struct kn_exn) + n_values * sizeof(kiln_wasm_value);
}

static void free_exn(kiln_wasmrt_store *s, struct kn_exn *e) {
  if (e->next != NULL) e->next->previous = e->previous;
  if (e->previous != NULL) e->previous->next = e->next;
  else s->exceptions = e->next;
  s->used.host_bytes -= bytes_of(e->exn.n_values);
  s->n_exceptions--;
  free(e);
}

void kn_exceptions_free(kiln_wasmrt_store *s) {
  while (s->exceptions != NULL) free_exn(s, s->exceptions);
}

/* Exceptions to which there may be a reference. Which words of a stack are references is not known: all are taken for
 * one that look like it. */
struct marking {
  kiln_wasmrt_store *store;
  struct kn_exn **all; /* by their addresses */
  uint32_t n, n_marked;
  struct kn_exn **marked; /* their values are still to be looked at */
  uint64_t bytes;         /* that were looked at */
};

static int by_address(const void *a, const void *b) {
  uintptr_t x = (uintptr_t)*(struct kn_exn *const *)a, y = (uintptr_t)*(struct kn_exn *const *)b;
  return (x > y) - (x < y);
}

static void mark(struct marking *g, uintptr_t word) {
  uint32_t low = 0, high = g->n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    uintptr_t at = (uintptr_t)&g->all[middle]->exn;
    if (at == word && !g->all[middle]->marked) {
      g->all[middle]->marked = true;
      g->marked[g->n_marked++] = g->all[middle];
    }
    if (at == word) return;
    if (at < word) low = middle + 1;
    else high = middle;
  }
}

/* The stack has words of other functions, which a sanitizer may not let others read. */
__attribute__((no_sanitize("address"))) static void mark_words(struct marking *g, uintptr_t from,
                                                               uintptr_t to) {
  g->bytes += to - from;
  for (uintptr_t at = from & ~(uintptr_t)7; at + 8 <= to; at += 8)
    mark(g, *(const volatile uintptr_t *)at);
}

static void mark_tables(struct marking *g, const kiln_wasmrt_store *s) {
  for (const struct kn_table *t = s->tables; t != NULL; t = t->next)
    if (t->type == KILN_WASM_TYPE_EXNREF)
      for (uint64_t k = 0; k < t->table->size_elements; k++)
        mark(g, (uintptr_t)t->table->elements[k]);
}

/* An instance has globals, and arguments of tail calls. */
static void mark_store(struct marking *g) {
  const kiln_wasmrt_store *s = g->store;
  for (const kiln_wasmrt_instance *i = s->instances; i != NULL; i = i->next)
    mark_words(g, (uintptr_t)i->address - i->image->instance_bytes, (uintptr_t)i->address);
  for (const struct kn_host_global *h = s->globals; h != NULL; h = h->next)
    mark(g, (uintptr_t)h->value.ref);
  mark_tables(g, s);
  mark(g, (uintptr_t)s->thrown);
  while (g->n_marked > 0) {
    const struct kn_exn *e = g->marked[--g->n_marked];
    mark_words(g, (uintptr_t)(e + 1),
               (uintptr_t)(e + 1) + e->exn.n_values * sizeof(kiln_wasm_value));
  }
}

/* Frees exceptions that nothing refers to, unless calls are on several stacks. It takes fuel for what it looks at: a
 * module could have it run at each throw. */
__attribute__((noinline)) static void free_some(void *instance) {
  kiln_wasmrt_store *s = kn_instance(instance)->store;
  struct marking g = {.store = s, .n = s->n_exceptions};
  jmp_buf registers; /* those that functions keep */
  uint32_t n = 0;
  if (s->high == 0 || s->depth == 0) return;
  g.all = malloc(2 * (size_t)g.n * sizeof *g.all);
  if (g.all == NULL) return;
  g.marked = g.all + g.n;
  for (struct kn_exn *e = s->exceptions; e != NULL; e = e->next) {
    e->marked = false;
    g.all[n++] = e;
  }
  qsort(g.all, g.n, sizeof *g.all, by_address);
  __builtin_unwind_init();
  memset(&registers, 0, sizeof registers);
  setjmp(registers);
  mark_words(&g, (uintptr_t)__builtin_frame_address(0) - sizeof registers, s->high);
  mark_words(&g, (uintptr_t)&registers, (uintptr_t)(&registers + 1));
  mark_store(&g);
  for (uint32_t k = 0; k < g.n; k++)
    if (!g.all[k]->marked) free_exn(s, g.all[k]);
  free(g.all);
  kn_burn(instance, g.bytes + g.n * sizeof(struct kn_exn));
}

enum { FEW_EXCEPTIONS = 1024 };

kiln_wasm_exn *kn_do_exn_new(void *instance, const kiln_wasm_tag *tag, uint32_t n_values) {
  kiln_wasmrt_store *s = kn_instance(instance)->store;
  uint64_t bytes = bytes_of(n_values);
  if (s->n_exceptions >= s->many_exceptions) {
    if (s->many_exceptions != 0) free_some(instance);
    s->many_exceptions =
      s->n_exceptions < FEW_EXCEPTIONS / 2 ? FEW_EXCEPTIONS : 2 * s->n_exceptions;
  }
  if (!kn_take(&s->used.host_bytes, bytes, s->options.max_host_bytes)) {
    free_some(instance);
    if (!kn_take(&s->used.host_bytes, bytes, s->options.max_host_bytes))
      kn_do_trap(instance, KILN_WASM_TRAP_LIMIT);
  }
  struct kn_exn *e = calloc(1, bytes);
  if (e == NULL) {
    s->used.host_bytes -= bytes;
    kn_do_trap(instance, KILN_WASM_TRAP_LIMIT);
  }
  e->exn = (kiln_wasm_exn){.tag = tag, .n_values = n_values};
  e->next = s->exceptions;
  if (e->next != NULL) e->next->previous = e;
  s->exceptions = e;
  s->n_exceptions++;
  return &e->exn;
}

void kn_do_exn_drop(void *instance, kiln_wasm_exn *exn) {
  if (exn->escaped) return; /* until nothing refers to it */
  free_exn(kn_instance(instance)->store,
           (struct kn_exn *)(void *)((char *)exn - offsetof(struct kn_exn, exn)));
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
  if (exn == NULL) kn_do_trap(instance, KILN_WASM_TRAP_NULL_EXCEPTION);
  struct unwound *u = NULL;
  if (posix_memalign((void **)&u, _Alignof(struct unwound), sizeof *u) != 0)
    kn_do_trap(instance, KILN_WASM_TRAP_LIMIT);
  memset(u, 0, sizeof *u);
  u->unwinder.exception_class = exception_class;
  u->unwinder.exception_cleanup = clean_up;
  u->exn = exn;
  _Unwind_RaiseException(&u->unwinder);
  /* It found nobody: code was called without an entry function. */
  free(u);
  kn_catches(0);
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

/* A number in an encoding of DWARF's exception tables (DW_EH_PE_...), without a base. */
static uint64_t read_encoded(const uint8_t **p, uint8_t encoding) {
  uint64_t value = 0;
  size_t n = (encoding & 0xf) == 2 ? 2 : (encoding & 0xf) == 3 ? 4 : 8;
  if ((encoding & 0xf) == 1) return kn_uleb128(p, NULL);
  memcpy(&value, *p, n); /* little-endian, as all targets are */
  *p += n;
  return value;
}

/* The landing pad for a call at `at`, or 0. */
static uintptr_t landing_pad(const uint8_t *table, uintptr_t function, uintptr_t at) {
  uintptr_t base = function;
  uint8_t encoding = *table++;
  if (encoding != 0xff) base = (uintptr_t)read_encoded(&table, encoding);
  if (*table++ != 0xff) kn_uleb128(&table, NULL); /* types: all take everything */
  encoding = *table++;
  const uint8_t *end = table;
  uint64_t size = kn_uleb128(&end, NULL);
  table = end;
  for (end += size; table < end;) {
    uint64_t start = read_encoded(&table, encoding), length = read_encoded(&table, encoding);
    uint64_t pad = read_encoded(&table, encoding);
    kn_uleb128(&table, NULL); /* action */
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
  if (actions & _UA_SEARCH_PHASE) {
    kn_catches(_Unwind_GetRegionStart(context));
    return _URC_HANDLER_FOUND;
  }
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), (uintptr_t)unwound);
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(1), 1);
  _Unwind_SetIP(context, pad);
  return _URC_INSTALL_CONTEXT;
}
