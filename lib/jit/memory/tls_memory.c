/* Memory for threads' copies of thread-local data: straight from the system, since a copy may be made where malloc must
 * not be called, in a signal handler. Small pieces come from slabs of 64 KiB, each for one power of two; a slab begins
 * at a multiple of its size, where its head is, and pieces at multiples of theirs. Others are mapped one by one.
 * Called with tls_lock held. */
#define _GNU_SOURCE
#include "lib/jit/memory/process.h"

#include "base/bytes.h"

#include <sys/mman.h>
#include <unistd.h>

enum { SLAB = 65536, LEAST_LOG2 = 6, MOST_LOG2 = 13 };
_Static_assert(MOST_LOG2 - LEAST_LOG2 + 1 ==
                 sizeof kn_jit_process.slabs / sizeof kn_jit_process.slabs[0],
               "a list for each size");

struct kn_jit_slab {
  struct kn_jit_slab *next,
    **back;             /* of those of the size that have a free piece; back NULL: it has none */
  uint32_t used, fresh; /* pieces; the first that was never used */
  void **free;          /* each has the address of the next one */
};

/* Maps `size` bytes at a multiple of `align`, a power of two. */
static void *map(uint64_t size, uint64_t align) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  if (align < page) align = page;
  size = kn_align_up(size, page);
  uint8_t *at =
    mmap(NULL, (size_t)(size + align), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return NULL;
  uint8_t *from = (uint8_t *)kn_align_up((uintptr_t)at, align);
  if (from > at) munmap(at, (size_t)(from - at));
  munmap(from + size, (size_t)(at + align - from));
  return from;
}

static void unmap(void *p, uint64_t size) {
  munmap(p, (size_t)kn_align_up(size, (uint64_t)sysconf(_SC_PAGESIZE)));
}

/* The power of two of the pieces for such data; more than MOST_LOG2: it is mapped. */
static unsigned log2_of(uint64_t size, uint64_t align) {
  const uint64_t need = size > align ? size : align;
  unsigned log2 = LEAST_LOG2;
  while (log2 <= MOST_LOG2 && (UINT64_C(1) << log2) < need) log2++;
  return log2;
}

static void list(struct kn_jit_slab *s, struct kn_jit_slab **head) {
  s->next = *head;
  s->back = head;
  if (s->next != NULL) s->next->back = &s->next;
  *head = s;
}

static void unlist(struct kn_jit_slab *s) {
  *s->back = s->next;
  if (s->next != NULL) s->next->back = s->back;
  s->back = NULL;
}

void *kn_jit_tls_take(uint64_t size, uint64_t align) {
  unsigned log2 = log2_of(size, align);
  if (log2 > MOST_LOG2) return map(size, align);
  struct kn_jit_slab **head = kn_jit_process.slabs + (log2 - LEAST_LOG2), *s = *head;
  if (s == NULL) {
    if ((s = map(SLAB, SLAB)) == NULL) return NULL;
    *s = (struct kn_jit_slab){.fresh = 1}; /* piece 0 is the head's */
    list(s, head);
  }
  void *p = s->free;
  if (p != NULL) s->free = *s->free;
  else p = (uint8_t *)s + ((size_t)s->fresh++ << log2);
  s->used++;
  if (s->free == NULL && s->fresh == (uint32_t)SLAB >> log2) unlist(s);
  return p;
}

void kn_jit_tls_give(void *p, uint64_t size, uint64_t align) {
  unsigned log2 = log2_of(size, align);
  if (p == NULL) return;
  if (log2 > MOST_LOG2) {
    unmap(p, size);
    return;
  }
  struct kn_jit_slab **head = kn_jit_process.slabs + (log2 - LEAST_LOG2);
  struct kn_jit_slab *s = (struct kn_jit_slab *)((uintptr_t)p & ~(uintptr_t)(SLAB - 1));
  void **piece = p;
  *piece = s->free;
  s->free = piece;
  if (s->back == NULL) list(s, head);
  if (--s->used > 0) return;
  unlist(s);
  unmap(s, SLAB);
}
