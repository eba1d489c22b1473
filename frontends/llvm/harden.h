/* What attributes say of stack probes, stack guards, conventions and calls without a PLT: harden.c. */
#ifndef KN_BC_HARDEN_H
#define KN_BC_HARDEN_H

#include "bc.h"

/* Notes an enum attribute of a function, a string attribute, the end of a group. */
void kn_bc_harden_attr(struct kn_bc_attr *a, uint64_t key);
void kn_bc_harden_string(struct kn_bc_attr *a, const char *key, const char *value);
void kn_bc_harden_done(struct kn_bc_attr *a);
/* True if calls of a function with attribute list `attrs` go through the GOT. */
bool kn_bc_harden_no_plt(const struct kn_bc *r, uint32_t attrs);
/* Gives the signature of a definition its convention, if that is not C's for it. */
bool kn_bc_harden_convention(struct kn_bc *r, uint64_t cc, uint32_t attrs, kiln_sig *sig);
/* Says what the function being begun has: probes, a guard. */
bool kn_bc_harden_function(struct kn_bc *r);
/* Computes has_array and chars of an array or struct type. */
void kn_bc_harden_type(const struct kn_bc *r, struct kn_bc_type *t);
/* True if `count` of `type` count as an array for the current function's guard, which it has. */
bool kn_bc_harden_is_array(const struct kn_bc *r, uint32_t type, int64_t count);

#endif
