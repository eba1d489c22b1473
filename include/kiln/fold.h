/* Folds operations while functions are built. Each kiln_fold_ function takes the arguments of the kiln_build_ function
 * of the same name (<kiln/build.h>), returns the same value and reports the same errors, but builds no instruction if
 * the value is a constant or an operand, and a simpler one where there is one. You may use both together. The builder
 * itself rewrites nothing, so that the printed form of a function shows what was built. What is folded:
 * - operations on constants, with the results that docs/ir.md defines: shl 1, 2 is 4. Not those that trap or whose
 *   result is unspecified (udiv 1, 0; shl 1, 99), and not floating-point arithmetic, whose results depend on the
 *   rounding mode;
 * - identities (add v, 0; mul v, 1; and v, v);
 * - two operations with constants, one after the other (add (add v, 1), 2);
 * - conversions of the result of a conversion;
 * - conversions that are redundant because bits of their operand are known (for example, zext (trunc v) if v was loaded
 *   with zero-extension);
 * - comparisons of the result of a comparison with 0 (icmp ne (zext (icmp ...)), 0);
 * - the parts of addresses.
 *
 * The result may be an integer constant, which has no type (kiln_value_type returns VOID). A front end that needs the
 * types of its values must therefore record them. Only instructions of the current block are folded, so that folding
 * does not make values live across blocks. An earlier instruction that becomes unnecessary stays in the function, but
 * generates no code. */
#ifndef KILN_FOLD_H
#define KILN_FOLD_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Folds kiln_build_unary. */
KILN_API kiln_value kiln_fold_unary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a);

/** Folds kiln_build_binary. If the operation is commutative, a constant operand becomes the second operand. If an
 * operation has a second result, as SADDO has, kiln_fold_binary builds the operation unchanged. */
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

/** Folds kiln_build_addr. If `base` or `index` is itself a constant, a sum, a product or an address, kiln_fold_addr
 * merges it into the new address. */
KILN_API kiln_value kiln_fold_addr(kiln_func *f, kiln_value base, kiln_value index, uint32_t scale,
                                   int32_t disp);

#ifdef __cplusplus
}
#endif
#endif
