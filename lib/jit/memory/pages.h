/* Pages of memory as the system gives them: pages_linux.c, pages_windows.c. Called by memory.c and tls_memory.c.
 * Functions that return a `const char *` return NULL, or the name of the system's call that failed: then errno says
 * why. */
#ifndef KN_JIT_PAGES_H
#define KN_JIT_PAGES_H

#include "lib/jit/unit.h"

/* Bytes of a page. */
uint64_t kn_pages_size(void);
/* Address space that is not accessible; NULL (errno): there is none. */
uint8_t *kn_pages_reserve(size_t size);
extern const char kn_pages_reserves[]; /* the call that does it */
/* Gives back what one call reserved. */
void kn_pages_release(uint8_t *at, size_t size);
/* Takes pages of reserved space into use. Those of KN_JIT_RW can be accessed, and are zero if `fresh`; others after
 * kn_pages_protect. */
const char *kn_pages_open(uint8_t *at, size_t size, enum kn_jit_kind kind, bool fresh);
/* Protects pages as a kind is used; KN_JIT_KINDS: not accessible. */
const char *kn_pages_protect(uint8_t *at, size_t size, enum kn_jit_kind kind);
/* Makes pages inaccessible, and gives their memory back if that is possible. */
void kn_pages_close(uint8_t *at, size_t size);
/* Their content is not needed any more. */
void kn_pages_empty(uint8_t *at, size_t size);

/* Whether memory can be mapped at two places, by the next three. */
extern const bool kn_pages_twice;
/* Maps new memory at two places: as a kind is used, and to be written. */
const char *kn_pages_map_twice(uint8_t *at, uint8_t *alias, size_t size, enum kn_jit_kind kind);
/* As kn_pages_close; the places stay mapped. */
void kn_pages_close_twice(uint8_t *at, uint8_t *alias, size_t size);
/* Puts new memory with the same content at both places. */
bool kn_pages_renew(uint8_t *at, uint8_t *alias, size_t size, enum kn_jit_kind kind);

/* Makes all processors refetch instructions; `first`: prepares for it. False: the system does not do it. */
bool kn_pages_barrier(bool first);

/* Memory of its own, at a multiple of `align`, a power of two; zero. May be called in a handler of a signal. */
void *kn_pages_map(uint64_t size, uint64_t align);
void kn_pages_unmap(void *p, uint64_t size);

#endif
