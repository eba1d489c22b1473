/* Linear memories: reserved address space, of which the first part is accessible; bulk operations, waiting. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* ---- making and growing ---- */

static void free_memory(struct kn_owned *o) {
  struct kn_memory *m = (struct kn_memory *)o;
  munmap(m->reserved, m->reserved_bytes);
  pthread_cond_destroy(&m->changed);
  pthread_mutex_destroy(&m->lock);
  free(m);
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

struct kn_memory *kn_memory_new(kiln_wasmrt_store *s, kiln_wasm_memory *memory,
                                const kiln_wasm_limits *limits, uint64_t before) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  uint64_t most =
    least(limits->is_64 ? UINT64_C(1) << 31 : 65536, least(limits->max, s->options.max_pages));
  struct kn_memory *m = limits->min <= most ? calloc(1, sizeof *m) : NULL;
  if (m == NULL) return NULL;
  before = (before + page - 1) & ~(page - 1);
  uint64_t size = limits->min * KILN_WASM_PAGE_BYTES;
  /* A 64-bit memory is checked in code; a page behind it, so that no two memories touch. */
  m->reserved_bytes =
    before + (limits->is_64 ? most * KILN_WASM_PAGE_BYTES + page : KILN_WASM_RESERVED_BYTES);
  m->reserved =
    mmap(NULL, m->reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m->reserved == MAP_FAILED) {
    free(m);
    return NULL;
  }
  if (before + size > 0 && mprotect(m->reserved, before + size, PROT_READ | PROT_WRITE) != 0) {
    munmap(m->reserved, m->reserved_bytes);
    free(m);
    return NULL;
  }
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&m->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  pthread_mutex_init(&m->lock, NULL);
  m->memory = memory != NULL ? memory : before > 0 ? NULL : &m->own;
  m->limits = *limits;
  m->max_pages = most;
  m->own =
    (kiln_wasm_memory){.base = m->reserved + before, .size_bytes = size, .user = {(uintptr_t)m}};
  if (m->memory != NULL) *m->memory = m->own;
  m->next = s->memories;
  s->memories = m;
  kn_store_own(s, &m->owned, free_memory);
  return m;
}

kiln_wasmrt_extern kiln_wasmrt_memory_new(kiln_wasmrt_store *s, const kiln_wasm_limits *limits) {
  struct kn_memory *m = kn_memory_new(s, NULL, limits, 0);
  return (kiln_wasmrt_extern){.kind = KILN_WASM_MEMORY, .address = m != NULL ? m->memory : NULL};
}

uint64_t kn_do_memory_grow(void *instance, uint32_t index, uint64_t pages) {
  kiln_wasmrt_instance *i = kn_instance(instance);
  kiln_wasm_memory *m = kn_instance_memory(i, index);
  struct kn_memory *k = kn_memory(m);
  pthread_mutex_lock(&k->lock);
  uint64_t old = m->size_bytes, before = old / KILN_WASM_PAGE_BYTES;
  bool ok = pages <= k->max_pages - before;
  if (ok && pages > 0) {
    ok = mprotect(m->base + old, pages * KILN_WASM_PAGE_BYTES, PROT_READ | PROT_WRITE) == 0;
    if (ok) __atomic_store_n(&m->size_bytes, old + pages * KILN_WASM_PAGE_BYTES, __ATOMIC_SEQ_CST);
  }
  pthread_mutex_unlock(&k->lock);
  return ok ? before : UINT64_MAX;
}

/* ---- bulk operations ---- */

static bool within(const kiln_wasm_memory *m, uint64_t at, uint64_t size) {
  uint64_t all = __atomic_load_n(&m->size_bytes, __ATOMIC_RELAXED);
  return size <= all && at <= all - size;
}

void kn_do_memory_fill(void *instance, uint32_t index, uint64_t to, uint32_t byte, uint64_t size) {
  kiln_wasm_memory *m = kn_instance_memory(kn_instance(instance), index);
  if (!within(m, to, size)) kiln_wasmrt_trap(instance, KILN_WASM_TRAP_MEMORY);
  memset(m->base + to, (uint8_t)byte, size);
}

void kn_do_memory_copy(void *instance, uint32_t to_index, uint32_t from_index, uint64_t to,
                       uint64_t from, uint64_t size) {
  kiln_wasmrt_instance *i = kn_instance(instance);
  kiln_wasm_memory *a = kn_instance_memory(i, to_index), *b = kn_instance_memory(i, from_index);
  if (!within(a, to, size) || !within(b, from, size))
    kiln_wasmrt_trap(instance, KILN_WASM_TRAP_MEMORY);
  memmove(a->base + to, b->base + from, size);
}

bool kn_memory_init(const kiln_wasmrt_instance *i, uint32_t memory, uint32_t data, uint64_t to,
                    uint64_t from, uint64_t size) {
  kiln_wasm_memory *m = kn_instance_memory(i, memory);
  const kiln_wasm_image_data *d = i->image->datas + data;
  uint64_t all = i->data_dropped[data] ? 0 : d->size_bytes;
  if (!within(m, to, size) || size > all || from > all - size) return false;
  if (size > 0) memcpy(m->base + to, d->bytes + from, size);
  return true;
}

void kn_do_memory_init(void *instance, uint32_t memory, uint32_t data, uint64_t to, uint32_t from,
                       uint32_t size) {
  if (!kn_memory_init(kn_instance(instance), memory, data, to, from, size))
    kiln_wasmrt_trap(instance, KILN_WASM_TRAP_MEMORY);
}

void kn_do_data_drop(void *instance, uint32_t data) {
  kn_instance(instance)->data_dropped[data] = true;
}

/* ---- waiting ---- */

/* A thread that waits, in the order of arrival. */
struct kn_waiter {
  struct kn_waiter *next;
  uint64_t at;
  bool woken;
};

/* A deadline of the monotonic clock; a timeout of centuries is as good as none. */
static struct timespec deadline_of(int64_t timeout_ns) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_sec += timeout_ns / 1000000000;
  t.tv_nsec += timeout_ns % 1000000000;
  if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
  return t;
}

static void check_atomic(void *instance, const kiln_wasm_memory *m, uint64_t at, uint32_t size) {
  if (at % size != 0) kiln_wasmrt_trap(instance, KILN_WASM_TRAP_UNALIGNED);
  if (!within(m, at, size)) kiln_wasmrt_trap(instance, KILN_WASM_TRAP_MEMORY);
}

/* Takes a waiter out of the list. */
static void unlink_waiter(struct kn_memory *k, const struct kn_waiter *w) {
  for (struct kn_waiter **p = &k->waiters; *p != NULL; p = &(*p)->next) {
    if (*p != w) continue;
    *p = w->next;
    return;
  }
}

static uint32_t wait_at(void *instance, uint32_t index, uint64_t at, uint64_t expected,
                        uint32_t size, int64_t timeout_ns) {
  kiln_wasmrt_instance *i = kn_instance(instance);
  kiln_wasm_memory *m = kn_instance_memory(i, index);
  struct kn_memory *k = kn_memory(m);
  struct kn_waiter self = {.at = at}, **end;
  check_atomic(instance, m, at, size);
  if (!k->limits.shared) kiln_wasmrt_trap(instance, KILN_WASM_TRAP_NOT_SHARED);
  struct timespec deadline = deadline_of(timeout_ns < 0 ? 0 : timeout_ns);
  pthread_mutex_lock(&k->lock);
  uint64_t value = size == 4
                     ? __atomic_load_n((uint32_t *)(void *)(m->base + at), __ATOMIC_SEQ_CST)
                     : __atomic_load_n((uint64_t *)(void *)(m->base + at), __ATOMIC_SEQ_CST);
  uint32_t result = value != expected;
  if (result == 0) {
    for (end = &k->waiters; *end != NULL; end = &(*end)->next) {
    }
    *end = &self;
    for (int error = 0; !self.woken && error != ETIMEDOUT;) {
      if (timeout_ns < 0) pthread_cond_wait(&k->changed, &k->lock);
      else error = pthread_cond_timedwait(&k->changed, &k->lock, &deadline);
    }
    unlink_waiter(k, &self);
    result = self.woken ? 0 : 2;
  }
  pthread_mutex_unlock(&k->lock);
  return result;
}

uint32_t kn_do_atomic_wait32(void *instance, uint32_t memory, uint64_t at, uint32_t expected,
                             int64_t timeout_ns) {
  return wait_at(instance, memory, at, expected, 4, timeout_ns);
}

uint32_t kn_do_atomic_wait64(void *instance, uint32_t memory, uint64_t at, uint64_t expected,
                             int64_t timeout_ns) {
  return wait_at(instance, memory, at, expected, 8, timeout_ns);
}

uint32_t kn_do_atomic_notify(void *instance, uint32_t index, uint64_t at, uint32_t count) {
  kiln_wasmrt_instance *i = kn_instance(instance);
  kiln_wasm_memory *m = kn_instance_memory(i, index);
  struct kn_memory *k = kn_memory(m);
  uint32_t woken = 0;
  check_atomic(instance, m, at, 4);
  pthread_mutex_lock(&k->lock);
  for (struct kn_waiter *w = k->waiters; w != NULL && woken < count; w = w->next) {
    if (w->at != at || w->woken) continue;
    w->woken = true;
    woken++;
  }
  if (woken > 0) pthread_cond_broadcast(&k->changed);
  pthread_mutex_unlock(&k->lock);
  return woken;
}
