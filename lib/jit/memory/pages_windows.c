/* Pages of memory from Windows: see pages.h. Chunks are committed as a whole when they are taken into use: reserved and
 * committed pages cannot be protected by one call. Nothing is mapped twice: a JIT has KILN_JIT_PROTECTION_SWITCH. */
#include "lib/jit/memory/pages.h"

#include "base/bytes.h"

#include <errno.h>
#include <windows.h>

/* By kind. */
static const DWORD protections[KN_JIT_KINDS + 1] = {PAGE_EXECUTE_READ, PAGE_READONLY,
                                                    PAGE_READWRITE, PAGE_NOACCESS};

/* Sets errno after a call failed. */
static const char *failed(const char *call) {
  const DWORD why = GetLastError();
  errno = why == ERROR_NOT_ENOUGH_MEMORY || why == ERROR_COMMITMENT_LIMIT ? ENOMEM : EACCES;
  return call;
}

uint64_t kn_pages_size(void) {
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return info.dwPageSize;
}

const char kn_pages_reserves[] = "VirtualAlloc";

uint8_t *kn_pages_reserve(size_t size) {
  uint8_t *at = VirtualAlloc(NULL, size, MEM_RESERVE, PAGE_NOACCESS);
  if (at == NULL) failed(kn_pages_reserves);
  return at;
}

void kn_pages_release(uint8_t *at, size_t size) {
  (void)size;
  VirtualFree(at, 0, MEM_RELEASE);
}

const char *kn_pages_open(uint8_t *at, size_t size, enum kn_jit_kind kind, bool fresh) {
  (void)fresh; /* what was given back by kn_pages_close is zero */
  const DWORD how = protections[kind == KN_JIT_RW ? KN_JIT_RW : KN_JIT_KINDS];
  return VirtualAlloc(at, size, MEM_COMMIT, how) != NULL ? NULL : failed("VirtualAlloc");
}

const char *kn_pages_protect(uint8_t *at, size_t size, enum kn_jit_kind kind) {
  DWORD before;
  return VirtualProtect(at, size, protections[kind], &before) ? NULL : failed("VirtualProtect");
}

void kn_pages_close(uint8_t *at, size_t size) { VirtualFree(at, size, MEM_DECOMMIT); }

void kn_pages_empty(uint8_t *at, size_t size) {
  (void)at, (void)size; /* single pages are not given back: the next user overwrites them */
}

/* ---- memory at two places ---- */

const bool kn_pages_twice = false;

const char *kn_pages_map_twice(uint8_t *at, uint8_t *alias, size_t size, enum kn_jit_kind kind) {
  (void)at, (void)alias, (void)size, (void)kind;
  return "a second mapping"; /* never called */
}

void kn_pages_close_twice(uint8_t *at, uint8_t *alias, size_t size) {
  (void)at, (void)alias, (void)size;
}

bool kn_pages_renew(uint8_t *at, uint8_t *alias, size_t size, enum kn_jit_kind kind) {
  (void)at, (void)alias, (void)size, (void)kind;
  return false;
}

bool kn_pages_barrier(bool first) {
  if (!first) FlushProcessWriteBuffers();
  return true;
}

/* ---- memory of its own ---- */

/* What is reserved begins at a multiple of 64 KiB; for more, a place is looked for first, which another thread may
 * take. */
void *kn_pages_map(uint64_t size, uint64_t align) {
  enum { GRANULARITY = 65536, MOST_TRIES = 64 };
  if (align <= GRANULARITY)
    return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  for (unsigned k = 0; k < MOST_TRIES; k++) {
    uint8_t *at = VirtualAlloc(NULL, size + align, MEM_RESERVE, PAGE_NOACCESS);
    if (at == NULL) return NULL;
    VirtualFree(at, 0, MEM_RELEASE);
    at = (uint8_t *)kn_align_up((uintptr_t)at, align);
    at = VirtualAlloc(at, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (at != NULL) return at;
  }
  return NULL;
}

void kn_pages_unmap(void *p, uint64_t size) {
  (void)size;
  VirtualFree(p, 0, MEM_RELEASE);
}
