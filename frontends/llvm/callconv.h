/* LLVM's calling conventions: which of Kiln's each is, and for whom. A new one is a row in callconv.c, and one with its
 * verdict in support.def. */
#ifndef KN_LLVM_CALLCONV_H
#define KN_LLVM_CALLCONV_H

#include <kiln/module.h>

struct kn_bc;
struct kn_bc_attr;

/* A convention. Where it is C's (cc is KILN_CC_C), definitions and calls have the signature as it is. */
struct kn_bc_callconv {
  uint8_t cc;      /* KILN_CC_... of definitions */
  uint8_t where;   /* on which targets it is known: enum kn_bc_callconv_where */
  uint8_t defines; /* which functions have it: enum kn_bc_callconv_defines */
  bool calls;      /* calls are by it, too; else by C's, since its callees keep more registers */
  bool declares;   /* declarations are by it, too: their symbols are marked */
  bool tail_calls; /* musttail calls in functions that have it */
  bool few_types;  /* arguments and results are scalars only: clang passes the others by address */
  bool not_avx;    /* it keeps vector registers whole, but not those of AVX */
  uint16_t sig_flags; /* KN_BC_SIG_SYSV: signatures are made with it, not as C's */
};

/* The row of the convention that a call, a definition or a declaration has by its number in LLVM. NULL: it cannot have
 * it, which is reported; of a declaration, that it counts as one of C's. `local`: nobody outside of the module calls
 * the function. */
const struct kn_bc_callconv *kn_bc_callconv_call(struct kn_bc *r, uint64_t number);
const struct kn_bc_callconv *kn_bc_callconv_definition(struct kn_bc *r, uint64_t number,
                                                       bool local);
const struct kn_bc_callconv *kn_bc_callconv_declaration(const struct kn_bc *r, uint64_t number);

/* Gives a signature, made as C's or with the row's sig_flags, the convention. `a`: the attributes of the definition, or
 * NULL. */
bool kn_bc_callconv_sig(struct kn_bc *r, const struct kn_bc_callconv *by,
                        const struct kn_bc_attr *a, kiln_sig *sig);

/* Can functions by a convention of Kiln's end in a musttail call? */
bool kn_bc_callconv_tail_calls(kiln_cc cc);

#endif
