/* What a function's machine code has to do with its IR, as text for a prover: see witness.c. */
#ifndef KN_LIB_CODEGEN_WITNESS_H
#define KN_LIB_CODEGEN_WITNESS_H

#include "lib/codegen/observe.h"
#include <kiln/listing.h>
#include <kiln/text.h>

struct kn_witness {
  struct kn_observer observer;
  kiln_buffer *out;
  uint32_t *block; /* number of a block in the text */
  uint32_t *value; /* number of a value in the text, behind those of the blocks */
  bool full;       /* out of memory */
};

/* Appends the text of `f`, which is walked next, to `out`, and observes the walk. The witness is complete, or its
 * function failed, when kn_witness_end is called. */
void kn_witness_begin(struct kn_witness *x, struct kn_walk *w, kiln_func *f, kiln_buffer *out);
/* Frees the numbers. False if memory was lacking. */
bool kn_witness_end(struct kn_witness *x, kiln_module *m);

#endif
