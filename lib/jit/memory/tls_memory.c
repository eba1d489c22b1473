/* Memory for threads' copies of thread-local data: straight from the system, since a copy may be made where malloc must
 * not be called, in a signal handler. Small pieces come from slabs of 64 KiB, each for one power of two; a slab begins
 * at a multiple of its size, where its head is, and pieces at multiples of theirs. Others are mapped one by one.
 * Called with tls_lock held. */
#include "lib/jit/memory/pages.h"
#include "lib/jit/memory/process.h"

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
  if (log2 > MOST_LOG2) return kn_pages_map(size, align);
  struct kn_jit_slab **head = kn_jit_process.slabs + (log2 - LEAST_LOG2), *s = *head;
  if (s == NULL) {
    if ((s = kn_pages_map(SLAB, SLAB)) == NULL) return NULL;
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
    kn_pages_unmap(p, size);
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
  kn_pages_unmap(s, SLAB);
}
