/* Builds LLVM's instructions and intrinsics by name, for front ends that do not read bitcode. Values may have any LLVM
 * type. The code of the bitcode reader (libkiln-llvm) builds the operations. docs/bitcode.md lists the instructions and
 * intrinsics that Kiln supports. */
#ifndef KILN_LLVM_OPERATION_H
#define KILN_LLVM_OPERATION_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A builder of LLVM's operations in the functions of one module. It caches types and names, and reuses its memory from
 * operation to operation. For routines that an operation calls, it makes signatures and symbols in the module, with
 * kiln_sig_new and kiln_func_declare.
 * - Threads: only one thread at a time may use a builder. If several threads build functions of a module, make one for
 *   each. */
typedef struct kiln_llvm_builder kiln_llvm_builder;

/** An operand: a value or a constant of a type, which is written as in LLVM ("i32", "<4 x float>", "{ i64, i1 }",
 * "ptr", "half", "i200"). What must be a constant in LLVM (immediates, the mask of shufflevector, indices of
 * extractvalue) must be one here. A value is a sequence of parts, Kiln values that fit in one register each
 * (kiln_llvm_builder_parts); "load" and "store" convert between the parts and LLVM's layout in memory. The parts
 * represent an LLVM value as follows:
 * - If no Kiln type has the width of an integer, the next wider Kiln type represents the integer. The upper bits are
 *   then unspecified. An i1 is an i8 that is 0 or 1.
 * - An integer of more than 128 bits is a sequence of 64-bit words, the lowest word first.
 * - An i16 with the same bits represents a half or bfloat.
 * - The lanes of a vector begin at the lowest bits. If no Kiln type has the width of a lane, the lane takes the next
 *   wider type. The bits after the last lane are unspecified.
 * - In a vector of i1, each lane has only ones or only zeros. If the vector has up to 2 lanes, a lane has 64 bits. With
 *   up to 4 lanes, a lane has 32 bits. With up to 8 lanes, a lane has 16 bits. Otherwise, a lane has 8 bits. */
typedef struct kiln_llvm_operand {
  const char *type; /**< LLVM's text, NUL-terminated, nested at most 100 levels deep */
  /** The parts of the value. There are as many parts as kiln_llvm_builder_parts returns for the value's type. If
   * the operand is a constant, this is NULL. */
  const kiln_value *parts;
  /** The value of the operand if the operand is a constant. The value of an integer is sign-extended to the integer's
   * type. The value of a float is its bits. The value of a vector is the value that all lanes have. 0 stands for the
   * zero or null value of any type. */
  int64_t constant;
  /** If the operand is a constant and `words` is not NULL, `words` is used instead of `constant`. For a vector, `words`
   * has one element for each lane. In a mask of shufflevector, -1 stands for a lane with an unspecified value. For a
   * scalar of more than 64 bits, `words` has the 64-bit words of the scalar, the lowest word first. */
  const int64_t *words;
  uint64_t reserved[2]; /**< 0 */
} kiln_llvm_operand;

/** Makes a builder for the module `m`. Returns NULL if memory runs out, or if `m` is NULL or has failed. Free the
 * builder before the module. */
KILN_API kiln_llvm_builder *kiln_llvm_builder_new(kiln_module *m);

/** Frees a builder. NULL is allowed. */
KILN_API void kiln_llvm_builder_free(kiln_llvm_builder *b);

/** Sets the processor features that operations may use, in the form of LLVM's attribute target-features: "+avx2,-fma".
 * They replace those of earlier calls; initially, there are none. This function does not set kiln_func_attrs.features,
 * which the caller must do for each function.
 * - Fails with KILN_ERR_UNSUPPORTED if Kiln knows a feature but does not support it. A feature that Kiln does not know
 *   has no effect. */
KILN_API kiln_status kiln_llvm_builder_set_features(kiln_llvm_builder *b, const char *features);

/** Lists the parts that values of the LLVM type `type` have. Writes the types of the first `max` parts to `out` (may
 * be NULL).
 * - Returns the number of parts, at most 256. Returns 0 after an error (see kiln_llvm_builder_message), and, without a
 *   message, for "void" and types that have no bits. */
KILN_API uint32_t kiln_llvm_builder_parts(kiln_llvm_builder *b, const char *type, kiln_type *out,
                                          uint32_t max);

/** Checks whether kiln_llvm_builder_build can build an operation, by trying it in a scratch function. For an operand
 * that is a value, set the array kiln_llvm_operand.parts to any address except NULL; its elements are not read.
 * - Returns KILN_OK, or the error that kiln_llvm_builder_build would report. */
KILN_API kiln_status kiln_llvm_builder_check(kiln_llvm_builder *b, const char *name,
                                             const char *result, const kiln_llvm_operand *operands,
                                             uint32_t n_operands);

/** Builds an operation at the end of the current block of `f`. `result` is the type of the result ("void" for none).
 * Writes the parts of the result to `results` (NULL to discard them), as many as kiln_llvm_builder_parts returns
 * for `result`; they may be integer constants or parts of the operands. `name` is an intrinsic
 * ("llvm.x86.sse2.psad.bw", "llvm.ctpop.v5i32") or one of these instructions:
 * - add, sub, mul, udiv, sdiv, urem, srem, shl, lshr, ashr, and, or, xor;
 * - fadd, fsub, fmul, fdiv, frem, fneg;
 * - trunc, zext, sext, fptoui, fptosi, uitofp, sitofp, fptrunc, fpext, ptrtoint, inttoptr, bitcast;
 * - "icmp " and "fcmp ", each with one of LLVM's predicates ("icmp ult");
 * - select, freeze;
 * - extractelement, insertelement, shufflevector, extractvalue, insertvalue;
 * - load (operand: an address), store (operands: a value, an address).
 *
 * - Operands are in LLVM's order, and their types and that of `result` determine the types of the operation. The
 *   builder does not compare them with the type suffix of an intrinsic's name. Surplus operands may go unnoticed. Loads
 *   and stores assume no alignment.
 * - Some operations, such as a division of i200, make new blocks. The current block (kiln_block_current) is then not
 *   the block in which the operation began.
 * - Fails for intrinsics that take metadata arguments (constrained intrinsics, read_register, dbg.value). An error
 *   sticks to the function `f`, and its message begins with `name`. All `results` are then none. You can still use the
 *   builder for other functions. */
KILN_API kiln_status kiln_llvm_builder_build(kiln_llvm_builder *b, kiln_func *f, const char *name,
                                             const char *result, const kiln_llvm_operand *operands,
                                             uint32_t n_operands, kiln_value *results);

/** Returns a message that says why the latest call with the builder failed. Returns an empty string if the call did not
 * fail. The string is valid until the next call with the builder. */
KILN_API const char *kiln_llvm_builder_message(const kiln_llvm_builder *b);

#ifdef __cplusplus
}
#endif
#endif
