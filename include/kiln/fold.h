/* Folds while building: each call here takes the arguments of the builder's call of the same name (<kiln/build.h>) and
 * returns the same value. It builds no instruction if a constant or one of the operands is that value, and it builds a
 * simpler instruction if one computes the value. The builder itself does not rewrite anything, so that functions print
 * as they were built. Calls of both kinds may be mixed.
 *
 *     kiln_fold_binary(f, KILN_OP_SHL, KILN_TYPE_I32, kiln_const_int(f, 1), kiln_const_int(f, 2)); // 4
 *     kiln_fold_binary(f, KILN_OP_ADD, KILN_TYPE_I64, v, kiln_const_int(f, 0));                    // v
 *
 * The calls fold operations on constants, as docs/ir.md defines them; identities (add v, 0; mul v, 1; and v, v); two
 * consecutive operations with constants (add (add v, 1), 2); conversions of conversions, and conversions that the known
 * bits of their operand make redundant (zext (trunc v) of a v that was loaded zero-extended); comparisons of
 * comparisons with 0 (icmp ne (zext (icmp ...)), 0); and the parts of addresses. They do not fold operations that trap
 * or whose result is unspecified (udiv 1, 0; shl 1, 99), or floating-point arithmetic, which depends on the rounding
 * mode.
 *
 * The result may be an integer constant, which has no type (kiln_value_type returns VOID), so a front end that needs
 * types has to keep them itself. Instructions that were built before and are no longer needed stay in the function, but
 * generate no code. Folding looks only at instructions of the current block, so that it does not make values live
 * across blocks. Errors are those of the builder. */
#ifndef KILN_FOLD_H
#define KILN_FOLD_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Folds kiln_build_unary. */
KILN_API kiln_value kiln_fold_unary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a);

/** Folds kiln_build_binary. A constant becomes the second operand if the order makes no difference. Operations with a
 * second result (such as SADDO) are built unchanged. */
KILN_API kiln_value kiln_fold_binary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                     kiln_value b);

/** Folds kiln_build_ternary. */
KILN_API kiln_value kiln_fold_ternary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                      kiln_value b, kiln_value c);

/** Folds kiln_build_convert. */
KILN_API kiln_value kiln_fold_convert(kiln_func *f, kiln_op op, kiln_type to, kiln_type from,
                                      kiln_value a);

/** Folds kiln_build_icmp. */
KILN_API kiln_value kiln_fold_icmp(kiln_func *f, kiln_icond cond, kiln_type type, kiln_value a,
                                   kiln_value b);

/** Folds kiln_build_fcmp. */
KILN_API kiln_value kiln_fold_fcmp(kiln_func *f, kiln_fcond cond, kiln_type type, kiln_value a,
                                   kiln_value b);

/** Folds kiln_build_select. */
KILN_API kiln_value kiln_fold_select(kiln_func *f, kiln_type type, kiln_value cond, kiln_value a,
                                     kiln_value b);

/** Folds kiln_build_addr whose index and base are constants, sums, products or addresses themselves. */
KILN_API kiln_value kiln_fold_addr(kiln_func *f, kiln_value base, kiln_value index, uint32_t scale,
                                   int32_t disp);

#ifdef __cplusplus
}
#endif
#endif
