/* The functions that take most numbers from the stream. They are compiled twice: for any processor, and, by pext.c with
 * KN_PEXT, for those of x86-64 that have the instruction pext, which joins the chunks of a number. A reader has one of
 * the two sets; both read the same. */
#ifndef KN_LLVM_DECODER_H
#define KN_LLVM_DECODER_H

#include "bc.h"

struct kn_bc_decoder {
  /* Reads to the end of the function block just entered, or to where r->again.restart is set: body.c. */
  bool (*body)(struct kn_bc *r);
  /* Reads nodes of metadata, which become entries, up to one that is not frequent. False after an error. */
  bool (*nodes)(struct kn_bc *r);
  /* Reads the records from the current position on that declare where a variable lives, up to another one, or one that
   * is not as most are. */
  void (*declares)(struct kn_bc *r);
  /* Reads `n` integers in chunks of 6 bits: bits.c. */
  void (*vbr6s)(struct kn_bits *b, uint64_t *to, uint64_t n);
};

bool kn_bc_body(struct kn_bc *r);
bool kn_bc_nodes(struct kn_bc *r);
void kn_bc_declares(struct kn_bc *r);
void kn_bits_vbr6s(struct kn_bits *b, uint64_t *to, uint64_t n);
bool kn_bc_body_pext(struct kn_bc *r);
bool kn_bc_nodes_pext(struct kn_bc *r);
void kn_bc_declares_pext(struct kn_bc *r);
void kn_bits_vbr6s_pext(struct kn_bits *b, uint64_t *to, uint64_t n);

/* The set that `way` asks for, or the other one if the processor does not have that; for a file of `size` bytes. */
const struct kn_bc_decoder *kn_bc_decoder(kiln_llvm_decoder way, size_t size);

#endif
