/* The operations of the IR on constants, as docs/ir.md defines them. Used by ir/fold and by the builder. Integers are
 * the low bits of a kn_fold_bits, zeros above. Invariant: functions return false and write nothing where an operation
 * traps, has an unspecified result, or depends on how floats are rounded. */
#ifndef KN_IR_FOLD_FOLD_EVAL_H
#define KN_IR_FOLD_FOLD_EVAL_H

#include <kiln/build.h>

__extension__ typedef unsigned __int128 kn_fold_bits;
__extension__ typedef __int128 kn_fold_signed;

/* The low `width` bits set, 1 to 128. */
static inline kn_fold_bits kn_fold_mask(unsigned width) {
  return ~(kn_fold_bits)0 >> (128 - width);
}
/* A value of `width` bits as a signed one. */
static inline kn_fold_signed kn_fold_sign(kn_fold_bits v, unsigned width) {
  return (kn_fold_signed)(v << (128 - width)) >> (128 - width);
}

/* Does the operation not exist for i128 (INT64 in ops.def)? */
static inline bool kn_fold_only_narrow(kiln_op op) {
  return op == KILN_OP_UMULH || op == KILN_OP_SMULH || op == KILN_OP_SADDS || op == KILN_OP_UADDS ||
         op == KILN_OP_SSUBS || op == KILN_OP_USUBS;
}

bool kn_fold_eval_unary(kiln_op op, kiln_type type, kn_fold_bits a, kn_fold_bits *out);
bool kn_fold_eval_binary(kiln_op op, kiln_type type, kn_fold_bits a, kn_fold_bits b,
                         kn_fold_bits *out);
bool kn_fold_eval_ternary(kiln_op op, kiln_type type, kn_fold_bits a, kn_fold_bits b,
                          kn_fold_bits c, kn_fold_bits *out);
bool kn_fold_eval_convert(kiln_op op, kiln_type to, kiln_type from, kn_fold_bits a,
                          kn_fold_bits *out);
bool kn_fold_eval_icmp(kiln_icond cond, kiln_type type, kn_fold_bits a, kn_fold_bits b);
bool kn_fold_eval_fcmp(kiln_fcond cond, kiln_type type, kn_fold_bits a, kn_fold_bits b, bool *out);

#endif
