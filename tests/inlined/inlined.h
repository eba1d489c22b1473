/* What the files of this program share, but for the world (world.h). */
#ifndef KN_TESTS_INLINED_H
#define KN_TESTS_INLINED_H

#include <kiln/kiln.h>

/* addresses.c: which parameters of functions are addresses. Functions are added finished; then all are settled. Bit k:
 * parameter k. */
struct addresses;
struct addresses *addresses_new(void);
void addresses_free(struct addresses *a);
void addresses_add(struct addresses *a, const kiln_func *f);
void addresses_settle(struct addresses *a);
uint64_t addresses_of(struct addresses *a, kiln_symbol f);

/* after.c: gives a function another symbol; the one that it had. */
kiln_symbol rename_func(kiln_func *f, kiln_symbol to);
/* Where slots are in the memory that those of inlined bodies share. */
#define OWN_MEMORY UINT32_MAX
struct placement {
  uint32_t *at; /* by number of a slot: the offset, or OWN_MEMORY; to be freed */
  uint32_t n, bytes;
};
/* Compiles a function, which is freed, to see where its slots are. False: it cannot be compiled; each has its own. */
bool place_slots(kiln_func *f, struct placement *out);

#endif
