/* What the files about integers of more than 128 bits share. A value is its words, i64, the
 * lowest first; the bits of the highest one above the width are unspecified. Every function may
 * be called after an error. */
#ifndef KN_LLVM_WIDE_H
#define KN_LLVM_WIDE_H

#include "bc.h"

/* Number of words of type `t`. */
unsigned kn_wide_words(const struct kn_bc_type *t);
/* Zero-extends or sign-extends the highest word of `v` from the type's width. */
void kn_wide_clear_top(struct kn_bc *r, const struct kn_bc_type *t, kiln_value *v);
void kn_wide_sign_top(struct kn_bc *r, const struct kn_bc_type *t, kiln_value *v);
/* The same, and extends `v` to `n` words. */
void kn_wide_extend(struct kn_bc *r, const struct kn_bc_type *t, bool is_signed, kiln_value *v,
                    unsigned n);
/* Copies the words of value `id` to `v`; false (reported) if that fails. */
bool kn_wide_parts(struct kn_bc *r, uint32_t id, uint32_t type, kiln_value *v);
/* Defines the next value as `v`. */
void kn_wide_define(struct kn_bc *r, uint32_t type, const kiln_value *v);
/* The sum of `n` words, or with `subtract` the difference. *out may be one of the operands of a sum. */
void kn_wide_sum(struct kn_bc *r, bool subtract, unsigned n, const kiln_value *a,
                 const kiln_value *b, kiln_value *out);
/* `v` shifted by `count` bits, less than its width; `fill` comes in. */
void kn_wide_shift(struct kn_bc *r, unsigned n, bool right, const kiln_value *v, kiln_value fill,
                   kiln_value count, kiln_value *out);

/* ---- wide_math.c ---- */

/* Divides x by y, whose highest words it extends: quotient or remainder as LLVM's operation `op` says. */
void kn_wide_divide(struct kn_bc *r, unsigned op, const struct kn_bc_type *t, kiln_value *x,
                    kiln_value *y, kiln_value *out);
/* The float `id` of type `from`, towards zero, as words of type `t`; false if `from` is no float. */
bool kn_wide_from_float(struct kn_bc *r, uint32_t id, uint32_t from, const struct kn_bc_type *t,
                        kiln_value *out);
/* `v` of type `from`, rounded to a float of type `to`. */
kiln_value kn_wide_to_float(struct kn_bc *r, bool is_signed, const struct kn_bc_type *from,
                            kiln_value *v, const struct kn_bc_type *to);

#endif
