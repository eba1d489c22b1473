/* Linear memories: reserved address space, of which the first part is accessible; bulk operations, waiting. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "state.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- making and growing ---- */

static void free_use(struct kn_owned *o) {
  struct kn_memory_use *u = (struct kn_memory_use *)o;
  struct kn_memory *m = u->memory;
  struct kn_memory_use **p = &u->store->memories;
  while (*p != u) p = &(*p)->next;
  *p = u->next;
  pthread_mutex_lock(&m->lock);
  if (m->budget == &u->store->used) {
    __atomic_sub_fetch(&m->budget->pages, m->memory->size_bytes / KILN_WASM_PAGE_BYTES,
                       __ATOMIC_RELAXED);
    m->budget->memories--;
    m->budget = NULL;
  }
  pthread_mutex_unlock(&m->lock);
  if (__atomic_sub_fetch(&m->uses, 1, __ATOMIC_ACQ_REL) == 0) {
    munmap(m->reserved, m->reserved_bytes);
    pthread_mutex_destroy(&m->lock);
    free(m);
  }
  free(u);
}

bool kn_memory_use(kiln_wasmrt_store *s, struct kn_memory *m) {
  struct kn_memory_use *u = s->memories;
  while (u != NULL && u->memory != m) u = u->next;
  if (u != NULL) return true;
  u = calloc(1, sizeof *u);
  if (u == NULL) return false;
  *u = (struct kn_memory_use){.next = s->memories, .memory = m, .store = s};
  s->memories = u;
  __atomic_add_fetch(&m->uses, 1, __ATOMIC_RELAXED);
  kn_store_own(s, &u->owned, free_use);
  return true;
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Address space of which the first `accessible` bytes can be used; NULL: there is none. */
static uint8_t *reserve(uint64_t bytes, uint64_t accessible) {
  uint8_t *p = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return NULL;
  if (accessible == 0 || mprotect(p, accessible, PROT_READ | PROT_WRITE) == 0) return p;
  munmap(p, bytes);
  return NULL;
}

/* Takes a memory of so many pages from the store's limits. */
static bool take(kiln_wasmrt_store *s, uint64_t pages) {
  if (s->used.memories == s->options.max_memories) return false;
  if (__atomic_add_fetch(&s->used.pages, pages, __ATOMIC_RELAXED) > s->options.max_total_pages) {
    __atomic_sub_fetch(&s->used.pages, pages, __ATOMIC_RELAXED);
    return false;
  }
  s->used.memories++;
  return true;
}

struct kn_memory *kn_memory_new(kiln_wasmrt_store *s, kiln_wasm_memory *memory,
                                const kiln_wasm_limits *limits, uint64_t before) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  uint64_t most =
    least(limits->is_64 ? UINT64_C(1) << 31 : 65536, least(limits->max, s->options.max_pages));
  if (limits->min > most || !take(s, limits->min)) return NULL;
  before = (before + page - 1) & ~(page - 1);
  uint64_t size = limits->min * KILN_WASM_PAGE_BYTES;
  struct kn_memory *m = calloc(1, sizeof *m);
  if (m == NULL) goto failed;
  /* A 64-bit memory is checked in code; a page after it, so that no two memories touch. */
  m->reserved_bytes =
    before + (limits->is_64 ? most * KILN_WASM_PAGE_BYTES + page : KILN_WASM_RESERVED_BYTES);
  m->reserved = reserve(m->reserved_bytes, before + size);
  if (m->reserved == NULL) goto failed;
  pthread_mutex_init(&m->lock, NULL);
  m->memory = memory != NULL ? memory : before > 0 ? NULL : &m->own;
  m->limits = *limits;
  m->max_pages = most;
  m->budget = &s->used;
  m->max_total = s->options.max_total_pages;
  m->own = (kiln_wasm_memory){
    .base = m->reserved + before, .size_bytes = size, .user = {(uintptr_t)m, (uintptr_t)s}};
  if (m->memory != NULL) *m->memory = m->own;
  if (kn_memory_use(s, m)) return m;
  munmap(m->reserved, m->reserved_bytes);
failed:
  free(m);
  __atomic_sub_fetch(&s->used.pages, limits->min, __ATOMIC_RELAXED);
  s->used.memories--;
  return NULL;
}

kiln_wasmrt_extern kiln_wasmrt_memory_new(kiln_wasmrt_store *s, const kiln_wasm_limits *limits) {
  struct kn_memory *m = kn_memory_new(s, NULL, limits, 0);
  return (kiln_wasmrt_extern){
    .kind = KILN_WASM_MEMORY, .address = m != NULL ? m->memory : NULL, .store = s};
}

uint64_t kn_do_memory_grow(void *instance, uint32_t index, uint64_t pages) {
  kiln_wasmrt_instance *i = kn_instance(instance);
  kiln_wasm_memory *m = kn_instance_memory(i, index);
  struct kn_memory *k = kn_memory(m);
  pthread_mutex_lock(&k->lock);
  uint64_t old = m->size_bytes, before = old / KILN_WASM_PAGE_BYTES;
  uint64_t none = 0, *used = k->budget != NULL ? &k->budget->pages : &none;
  /* The limit is that of the store whose memory it is: another thread may be growing others of that meanwhile. */
  uint64_t taken = __atomic_add_fetch(used, pages <= k->max_pages ? pages : 0, __ATOMIC_RELAXED);
  bool ok = pages <= k->max_pages - before && taken <= k->max_total;
  if (ok && pages > 0) {
    ok = mprotect(m->base + old, pages * KILN_WASM_PAGE_BYTES, PROT_READ | PROT_WRITE) == 0;
    if (ok) __atomic_store_n(&m->size_bytes, old + pages * KILN_WASM_PAGE_BYTES, __ATOMIC_SEQ_CST);
  }
  if (!ok && pages <= k->max_pages) __atomic_sub_fetch(used, pages, __ATOMIC_RELAXED);
  pthread_mutex_unlock(&k->lock);
  return ok ? before : UINT64_MAX;
}

/* ---- bulk operations ---- */

/* A bulk operation traps before it writes anything, unless it is interrupted: what is written then are the pieces that
 * came before. */

enum { BYTES_PER_FUEL = 64 };

void kn_burn(void *instance, uint64_t bytes) {
  kiln_wasm_header *h = (kiln_wasm_header *)instance - 1;
  if (!(h->image->flags & KILN_WASM_IMAGE_FUEL)) return;
  h->fuel -= (int64_t)(bytes / BYTES_PER_FUEL);
  if (h->fuel < 0) kn_do_out_of_fuel(instance);
}

static bool within(const kiln_wasm_memory *m, uint64_t at, uint64_t size) {
  uint64_t all = __atomic_load_n(&m->size_bytes, __ATOMIC_RELAXED);
  return size <= all && at <= all - size;
}

__attribute__((noinline)) static void fill_pieces(kiln_wasmrt_store *s, uint8_t *to, uint8_t byte,
                                                  uint64_t size) {
  for (uint64_t done = 0, n; done < size; done += n) {
    n = kn_piece(s, size - done, KN_PIECE_BYTES);
    memset(to + done, byte, n);
  }
}

void kn_do_memory_fill(void *instance, uint32_t index, uint64_t to, uint32_t byte, uint64_t size) {
  const kiln_wasmrt_instance *i = kn_instance(instance);
  const kiln_wasm_memory *m = kn_instance_memory(i, index);
  if (!within(m, to, size)) kn_do_trap(instance, KILN_WASM_TRAP_MEMORY);
  kn_burn(instance, size);
  if (kn_at_once(i->store, size, KN_PIECE_BYTES)) memset(m->base + to, (uint8_t)byte, size);
  else fill_pieces(i->store, m->base + to, (uint8_t)byte, size);
}

/* Forwards, or backwards where a piece would overwrite what a later one reads. */
void kn_move_pieces(kiln_wasmrt_store *s, void *to, const void *from, uint64_t size) {
  bool back = (uintptr_t)to - (uintptr_t)from < size;
  for (uint64_t done = 0, n; done < size; done += n) {
    n = kn_piece(s, size - done, KN_PIECE_BYTES);
    uint64_t at = back ? size - done - n : done;
    memmove((uint8_t *)to + at, (const uint8_t *)from + at, n);
  }
}

void kn_do_memory_copy(void *instance, uint32_t to_index, uint32_t from_index, uint64_t to,
                       uint64_t from, uint64_t size) {
  kiln_wasmrt_instance *i = kn_instance(instance);
  kiln_wasm_memory *a = kn_instance_memory(i, to_index), *b = kn_instance_memory(i, from_index);
  if (!within(a, to, size) || !within(b, from, size)) kn_do_trap(instance, KILN_WASM_TRAP_MEMORY);
  kn_burn(instance, size);
  kn_move(i->store, a->base + to, b->base + from, size);
}

static bool init_within(const kiln_wasmrt_instance *i, const kiln_wasm_memory *m, uint32_t data,
                        uint64_t to, uint64_t from, uint64_t size) {
  uint64_t all = i->data_dropped[data] ? 0 : i->image->datas[data].size_bytes;
  return within(m, to, size) && size <= all && from <= all - size;
}

bool kn_memory_init(const kiln_wasmrt_instance *i, uint32_t memory, uint32_t data, uint64_t to,
                    uint64_t from, uint64_t size) {
  const kiln_wasm_memory *m = kn_instance_memory(i, memory);
  if (!init_within(i, m, data, to, from, size)) return false;
  if (size > 0) memcpy(m->base + to, i->image->datas[data].bytes + from, size);
  return true;
}

void kn_do_memory_init(void *instance, uint32_t memory, uint32_t data, uint64_t to, uint32_t from,
                       uint32_t size) {
  kiln_wasmrt_instance *i = kn_instance(instance);
  const kiln_wasm_memory *m = kn_instance_memory(i, memory);
  if (!init_within(i, m, data, to, from, size)) kn_do_trap(instance, KILN_WASM_TRAP_MEMORY);
  kn_burn(instance, size);
  if (size > 0) kn_move(i->store, m->base + to, i->image->datas[data].bytes + from, size);
}

void kn_do_data_drop(void *instance, uint32_t data) {
  kn_instance(instance)->data_dropped[data] = true;
}

/* ---- waiting ---- */

/* A thread that waits, in the order of arrival. */
struct kn_waiter {
  struct kn_waiter *next;
  kiln_wasmrt_store *store; /* whose thread waits */
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
  if (at % size != 0) kn_do_trap(instance, KILN_WASM_TRAP_UNALIGNED);
  if (!within(m, at, size)) kn_do_trap(instance, KILN_WASM_TRAP_MEMORY);
}

/* Takes a waiter out of the list. */
static void unlink_waiter(struct kn_memory *k, const struct kn_waiter *w) {
  for (struct kn_waiter **p = &k->waiters; *p != NULL; p = &(*p)->next) {
    if (*p != w) continue;
    *p = w->next;
    return;
  }
}

/* Sleeps until the store's number is no longer `seen`, or until the deadline, if there is one: false then. */
static bool sleep_until(kiln_wasmrt_store *s, uint32_t seen, const struct timespec *deadline) {
  return syscall(SYS_futex, &s->wakes, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, seen, deadline, NULL,
                 FUTEX_BITSET_MATCH_ANY) == 0 ||
         errno != ETIMEDOUT;
}

void kn_wake(kiln_wasmrt_store *s) {
  __atomic_add_fetch(&s->wakes, 1, __ATOMIC_SEQ_CST);
  syscall(SYS_futex, &s->wakes, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
}

/* Waits in the list of `k`, which is locked: whether it was woken. Interruption ends it, too. */
static bool wait_in(struct kn_memory *k, struct kn_waiter *self, int64_t timeout_ns) {
  struct timespec deadline = deadline_of(timeout_ns < 0 ? 0 : timeout_ns);
  struct kn_waiter **end = &k->waiters;
  bool in_time = true;
  while (*end != NULL) end = &(*end)->next;
  *end = self;
  while (in_time) {
    uint32_t seen = __atomic_load_n(&self->store->wakes, __ATOMIC_SEQ_CST);
    if (self->woken || kn_interrupted(self->store)) break;
    pthread_mutex_unlock(&k->lock);
    in_time = sleep_until(self->store, seen, timeout_ns < 0 ? NULL : &deadline);
    pthread_mutex_lock(&k->lock);
  }
  unlink_waiter(k, self);
  return self->woken;
}

static uint32_t wait_at(void *instance, uint32_t index, uint64_t at, uint64_t expected,
                        uint32_t size, int64_t timeout_ns) {
  kiln_wasmrt_instance *i = kn_instance(instance);
  kiln_wasm_memory *m = kn_instance_memory(i, index);
  struct kn_memory *k = kn_memory(m);
  struct kn_waiter self = {.at = at, .store = i->store};
  check_atomic(instance, m, at, size);
  if (!k->limits.shared) kn_do_trap(instance, KILN_WASM_TRAP_NOT_SHARED);
  pthread_mutex_lock(&k->lock);
  uint64_t value = size == 4
                     ? __atomic_load_n((uint32_t *)(void *)(m->base + at), __ATOMIC_SEQ_CST)
                     : __atomic_load_n((uint64_t *)(void *)(m->base + at), __ATOMIC_SEQ_CST);
  uint32_t result = value != expected;
  if (result == 0) result = wait_in(k, &self, timeout_ns) ? 0 : 2;
  pthread_mutex_unlock(&k->lock);
  if (result == 2) kn_look(i->store);
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
    kn_wake(w->store);
    woken++;
  }
  pthread_mutex_unlock(&k->lock);
  return woken;
}
