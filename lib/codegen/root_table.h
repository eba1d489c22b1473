/* Who makes tables of roots (lib/codegen/root_format.h): an observer of the walk (lib/codegen/observe.h), of functions
 * with roots or ids, so that others pay nothing. The bytes are complete but for the function's address, which
 * lib/image/image_relocs.c and lib/jit/write.c add. */
#ifndef KN_LIB_CODEGEN_ROOT_TABLE_H
#define KN_LIB_CODEGEN_ROOT_TABLE_H

#include "lib/codegen/observe.h"
#include "lib/codegen/root_format.h"

struct kn_root_call {
  uint32_t mark; /* where it returns to */
  uint32_t id;
};

struct kn_root_observer {
  struct kn_observer observer;
  bool begun; /* the call that is emitted has a row */
  KN_ARRAY(struct kn_root_call) calls;
};

/* The function that is walked next gets a table. The function fails without memory. */
void kn_roots_observe(struct kn_walk *w, kiln_func *f);
void kn_roots_observer_free(kiln_session *s);

#endif
