/* What a function's machine code has to do with its IR, as text for a prover, kept by sessions that are asked to
 * (kiln_session_set_witness): see lib/codegen/witness.c. */
#ifndef KN_LIB_CODEGEN_WITNESS_H
#define KN_LIB_CODEGEN_WITNESS_H

#include "lib/codegen/observe.h"
#include <kiln/listing.h>

struct kn_witness {
  struct kn_observer observer;
  kiln_print_fn print;
  void *print_user;
  kiln_buffer *out; /* or NULL: nothing is wanted */
  uint32_t *value;  /* number of a value in the text */
  bool full;        /* out of memory */
};

/* Begins the witness of a function of a session that has one, which is walked next, with its text. */
kiln_status kn_witness_begin(kiln_func *f);
/* It observes the walk. */
void kn_witness_observe(struct kn_walk *w, struct kn_witness *x);
void kn_witness_free(kiln_session *s);

#endif
