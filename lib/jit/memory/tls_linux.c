/* Thread-local data of the process on Linux, and what code calls for an address: see tls.h. */
#define _GNU_SOURCE
#include "lib/jit/memory/process.h"
#include "lib/jit/memory/tls.h"

#include <dlfcn.h>
#include <link.h>

extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *) __attribute__((weak));
extern void *__dso_handle __attribute__((visibility("hidden")));

bool kn_jit_tls_at_end(void (*function)(void *)) {
  return __cxa_thread_atexit_impl != NULL &&
         __cxa_thread_atexit_impl(function, NULL, &__dso_handle) == 0;
}

uint64_t kn_jit_tls_offset(uint64_t address) {
  return address - (uint64_t)(uintptr_t)__builtin_thread_pointer();
}

/* A module of the process with thread-local data: the one with that number, or with the address in the data. */
struct search {
  uint64_t module, address;
  uint8_t *data; /* of the calling thread */
};

static int look(struct dl_phdr_info *info, size_t size, void *data) {
  struct search *s = data;
  if (size < offsetof(struct dl_phdr_info, dlpi_tls_data) + sizeof(void *) ||
      info->dlpi_tls_data == NULL)
    return 0;
  s->data = info->dlpi_tls_data;
  if (s->module != 0) return info->dlpi_tls_modid == s->module;
  for (int i = 0; i < info->dlpi_phnum && s->module == 0; i++) {
    const ElfW(Phdr) *p = info->dlpi_phdr + i;
    if (p->p_type == PT_TLS && s->address - (uint64_t)(uintptr_t)s->data < p->p_memsz)
      s->module = info->dlpi_tls_modid;
  }
  return s->module != 0;
}

bool kn_jit_tls_process(uint64_t address, uint64_t pair[2]) {
  struct search s = {.address = address};
  if (dl_iterate_phdr(look, &s) != 1) return false;
  pair[0] = s.module;
  pair[1] = address - (uint64_t)(uintptr_t)s.data;
  /* converted as dlsym's manual says */
  kn_get_address *get;
  *(void **)&get = dlsym(RTLD_DEFAULT, "__tls_get_addr");
  atomic_store_explicit(&kn_jit_process.get_address, get, memory_order_relaxed);
  return true;
}

/* ld.so has a function for it, which is looked up, because a reference to it keeps static programs from being linked.
 * These have one module, whose data all threads have. */
static void *process_address(const uint64_t *pair) {
  kn_get_address *get = atomic_load_explicit(&kn_jit_process.get_address, memory_order_relaxed);
  if (KN_LIKELY(get != NULL)) return get(pair);
  struct search s = {.module = pair[0]};
  return dl_iterate_phdr(look, &s) == 1 ? s.data + pair[1] : NULL;
}

/* Without memory a thread-local variable has no address, and this call cannot report an error. The dynamic linker
 * ends the process then; here the access faults. */
static void *get_address(const uint64_t *pair) {
  if (pair[0] == 0) return NULL; /* an undefined weak symbol */
  if (pair[0] < 4096) return process_address(pair);
  return kn_jit_tls_address((const struct kn_jit_tls *)(uintptr_t)pair[0], pair[1]);
}

uint64_t kn_jit_tls_entry(void) { return (uint64_t)(uintptr_t)get_address; }
