/* Integers of more than 128 bits and floats that the IR does not compute with: what the other files of the reader call.
 * Part of bc.h. */
#ifndef KN_LLVM_NUMBERS_H
#define KN_LLVM_NUMBERS_H

/* ---- halves.c: integers of 128 bits, by halves ---- */

/* An extension to 128 bits, or the truncation of such a value: true if it was noted, or defined. */
bool kn_bc_halves_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to);
/* The same of an operation on two i128. */
bool kn_bc_halves_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type);
/* The value of a noted i128 (VS_HALVES). */
kiln_value kn_bc_halves_whole(struct kn_bc *r, uint32_t id);

/* ---- wide.c: integers of more than 128 bits ---- */

/* Appends the parts of constant `c` of type `t` to r->fn.parts. */
bool kn_bc_wide_const(struct kn_bc *r, const struct kn_bc_cst *c, const struct kn_bc_type *t);
/* Defines the next value as loaded; stores value `id`. */
void kn_bc_wide_load(struct kn_bc *r, kiln_value a, uint32_t type, unsigned mem);
void kn_bc_wide_store(struct kn_bc *r, kiln_value a, uint32_t id, uint32_t type, unsigned mem);
/* Defines the next value as the operation's result. */
void kn_bc_wide_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type);
/* The same of an operation with overflow flag; `ret` is the type of the pair. */
void kn_bc_wide_overflow(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type,
                         uint32_t ret);
kiln_value kn_bc_wide_icmp(struct kn_bc *r, unsigned cond, uint32_t a, uint32_t b, uint32_t type);
/* wide_math.c: each defines the next value but the last one. Bit counts, reversals and the
 * magnitude (`op` is Kiln's). */
void kn_bc_wide_bits(struct kn_bc *r, unsigned op, uint32_t a, uint32_t type);
/* Minimum or maximum, by Kiln's operation. */
void kn_bc_wide_end(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type);
/* A funnel shift. */
void kn_bc_wide_funnel(struct kn_bc *r, bool left, uint32_t a, uint32_t b, uint32_t c,
                       uint32_t type);
/* -1, 0 or 1 as an i8, as a is less than, equal to or greater than b. */
kiln_value kn_bc_wide_order(struct kn_bc *r, bool is_signed, uint32_t a, uint32_t b, uint32_t type);
/* A cast from or to such an integer: defines the next value, or returns it if it is not in parts. */
kiln_value kn_bc_wide_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to);

/* ---- soft.c: floats that the IR does not compute with ---- */

/* Calls the C function `name`, which the module need not declare, with at most KN_BC_LIBRARY_ARGS arguments. */
#define KN_BC_LIBRARY_ARGS 6
kiln_value kn_bc_library(struct kn_bc *r, const char *name, const kiln_type *types,
                         const kiln_value *args, unsigned n, kiln_type result);
/* What a call of that function by `sig` calls: its address where the module declares it with another signature. */
kiln_value kn_bc_library_callee(struct kn_bc *r, const char *name, kiln_sig sig);
/* A scalar of type `t` in the register that it is passed in (kn_bc_passed_as), and out of it. */
kiln_value kn_bc_soft_pass(struct kn_bc *r, const struct kn_bc_type *t, kiln_value v);
kiln_value kn_bc_soft_take(struct kn_bc *r, const struct kn_bc_type *t, kiln_value v);
/* True if the function computes with values of type `t`, halves, by the instructions of AArch64. */
bool kn_bc_native_half(const struct kn_bc *r, const struct kn_bc_type *t);
/* A half or bfloat as an f32, and a float of Kiln's type `from` rounded to one; if `t` is another type, v. */
kiln_value kn_bc_soft_widen(struct kn_bc *r, const struct kn_bc_type *t, kiln_value v);
kiln_value kn_bc_soft_narrow(struct kn_bc *r, const struct kn_bc_type *t, kiln_type from,
                             kiln_value v);
/* Float operation `op` on `n` values, 1 to 3, of type `t`, which may be any float. */
kiln_value kn_bc_float_op(struct kn_bc *r, const struct kn_bc_type *t, kiln_op op,
                          const kiln_value *v, unsigned n);
/* LLVM's predicate `pred`, 1 to 14, of two such values: an i8. */
kiln_value kn_bc_float_compare(struct kn_bc *r, const struct kn_bc_type *t, unsigned pred,
                               kiln_value x, kiln_value y);
/* LLVM's operations, predicates and casts on values of which one or more are soft. */
kiln_value kn_bc_soft_binop(struct kn_bc *r, unsigned op, uint32_t a, uint32_t b, uint32_t type);
kiln_value kn_bc_soft_compare(struct kn_bc *r, unsigned pred, uint32_t a, uint32_t b,
                              uint32_t type);
/* An fp128 as an integer of type `to`, I32 to I128. */
kiln_value kn_bc_soft_to_int(struct kn_bc *r, bool is_signed, kiln_type to, kiln_value v);
kiln_value kn_bc_soft_cast(struct kn_bc *r, unsigned op, uint32_t a, uint32_t from, uint32_t to);

#endif
