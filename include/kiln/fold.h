/* Folding while building: each call here takes the arguments of the builder's call of the same name
 * (<kiln/build.h>) and gives the same value. It builds no instruction where a constant or one of the operands is
 * that value, and a simpler one where that makes it. The builder itself rewrites nothing, so that functions print
 * as they were built. Calls of both may be mixed.
 *
 *     kiln_fold_binary(f, KILN_OP_SHL, KILN_TYPE_I32, kiln_const_int(f, 1), kiln_const_int(f, 2)); // 4
 *     kiln_fold_binary(f, KILN_OP_ADD, KILN_TYPE_I64, v, kiln_const_int(f, 0));                    // v
 *
 * What is folded: operations on constants, as docs/ir.md defines them; identities (add v, 0; mul v, 1; and v,
 * v); two operations with constants in a row (add (add v, 1), 2); conversions of conversions, and conversions
 * that the known bits of their operand make redundant (zext (trunc v) of a v that was loaded zero-extended);
 * comparisons of comparisons with 0 (icmp ne (zext (icmp ...)), 0); the parts of addresses. Not folded are
 * operations that trap or whose result is unspecified (udiv 1, 0; shl 1, 99), and arithmetic on floats, which
 * depends on the rounding mode.
 *
 * The result may be an integer constant, which has no type (kiln_value_type gives VOID), so a front end
 * that needs types keeps them itself. Instructions that were built before and are not needed any more stay in
 * the function, and make no code. Folding looks at instructions of the current block only, so that it makes no
 * values live across blocks. Errors are those of the builder. */
#ifndef KILN_FOLD_H
#define KILN_FOLD_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** kiln_build_unary. */
KILN_API kiln_value kiln_fold_unary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a);

/** kiln_build_binary. A constant becomes the second operand, where the order makes no difference. Operations
 * with a second result (SADDO and its like) are built as they are. */
KILN_API kiln_value kiln_fold_binary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                     kiln_value b);

/** kiln_build_ternary. */
KILN_API kiln_value kiln_fold_ternary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                      kiln_value b, kiln_value c);

/** kiln_build_convert. */
KILN_API kiln_value kiln_fold_convert(kiln_func *f, kiln_op op, kiln_type to, kiln_type from,
                                      kiln_value a);

/** kiln_build_icmp. */
KILN_API kiln_value kiln_fold_icmp(kiln_func *f, kiln_icond cond, kiln_type type, kiln_value a,
                                   kiln_value b);

/** kiln_build_fcmp. */
KILN_API kiln_value kiln_fold_fcmp(kiln_func *f, kiln_fcond cond, kiln_type type, kiln_value a,
                                   kiln_value b);

/** kiln_build_select. */
KILN_API kiln_value kiln_fold_select(kiln_func *f, kiln_type type, kiln_value cond, kiln_value a,
                                     kiln_value b);

/** kiln_build_addr: with index and base that are constants, sums, products or addresses themselves. */
KILN_API kiln_value kiln_fold_addr(kiln_func *f, kiln_value base, kiln_value index, uint32_t scale,
                                   int32_t disp);

#ifdef __cplusplus
}
#endif
#endif
