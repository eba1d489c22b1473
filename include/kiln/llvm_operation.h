/* Builds LLVM's instructions and intrinsics by name, for front ends that do not read bitcode. Values may have any LLVM
 * type. The operations are built by the code of the bitcode reader (libkiln-llvm). docs/bitcode.md lists the
 * instructions and intrinsics that are supported. */
#ifndef KILN_LLVM_OPERATION_H
#define KILN_LLVM_OPERATION_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A builder of LLVM's operations in the functions of one module. The builder caches types and names, and reuses its
 * memory from operation to operation. Only one thread at a time may use a builder. If several threads build functions
 * of a module, make one builder for each thread. The builder makes signatures and symbols in the module for routines
 * that an operation calls, with kiln_sig_new and kiln_func_declare. */
typedef struct kiln_llvm_builder kiln_llvm_builder;

/** An operand: a type, written as in LLVM ("i32", "<4 x float>", "{ i64, i1 }", "ptr", "half", "i200"), and either a
 * value or a constant. Arguments that LLVM requires to be constant (immediates, the mask of shufflevector, indices of
 * extractvalue) must be passed as constants.
 *
 * A value is a sequence of parts. Each part is a Kiln value that fits in one register (kiln_llvm_builder_list_parts).
 * An LLVM value is represented by its parts as follows:
 * - An integer of a width that no Kiln type has is represented in the next wider Kiln type, and its upper bits are
 *   unspecified. An i1 is an i8 that is 0 or 1.
 * - An integer of more than 128 bits is a sequence of 64-bit words, the lowest word first.
 * - half and bfloat are represented by their bits, as i16.
 * - The lanes of a vector begin at the lowest bits. If no Kiln type has the width of a lane, the lane takes the next
 *   wider type. The bits after the last lane are unspecified.
 * - In a vector of i1, each lane has only ones or only zeros. A lane has 64 bits if the vector has up to 2 lanes, 32
 *   bits if it has up to 4 lanes, 16 bits if it has up to 8 lanes, and 8 bits otherwise.
 *
 * The operations "load" and "store" convert between this representation and LLVM's layout in memory. */
typedef struct kiln_llvm_operand {
  const char *type; /**< LLVM's text, NUL-terminated, nested at most 100 levels deep */
  /** The parts of the value, as many as kiln_llvm_builder_list_parts returns for its type; NULL if the operand is a
   * constant. */
  const kiln_value *parts;
  /** If the operand is a constant: the value of an integer, which is sign-extended to its type; the bits of a float; or
   * the value that all lanes of a vector have. 0 stands for the zero or null value of any type. */
  int64_t constant;
  /** If the operand is a constant and this is not NULL, used instead of `constant`. For a vector, one element for each
   * lane; in a mask of shufflevector, -1 stands for a lane with an unspecified value. For a scalar of more than 64
   * bits, its 64-bit words, the lowest word first. */
  const int64_t *words;
  uint64_t reserved[1]; /**< 0 */
} kiln_llvm_operand;

/** Makes a builder for module `m`. Returns NULL if memory runs out, or if `m` is NULL or has failed. Free the builder
 * before the module. */
KILN_API kiln_llvm_builder *kiln_llvm_builder_new(kiln_module *m);

/** Frees a builder. NULL is allowed. */
KILN_API void kiln_llvm_builder_free(kiln_llvm_builder *b);

/** Sets the processor features that operations may use, written as in LLVM's attribute target-features: "+avx2,-fma".
 * The new features replace those of earlier calls; initially there are none. Returns KILN_ERR_UNSUPPORTED for a feature
 * that a function in Kiln cannot have. An unknown feature has no effect. The caller must set kiln_func_attrs.features
 * of each function itself. */
KILN_API kiln_status kiln_llvm_builder_set_features(kiln_llvm_builder *b, const char *features);

/** Lists the parts that values of the LLVM type `type` have. Writes the types of the first `room` parts to `parts` (may
 * be NULL), and returns the number of parts, which is at most 256. Returns 0 after an error (see
 * kiln_llvm_builder_message). For "void" and types that have no bits, returns 0 without a message. */
KILN_API uint32_t kiln_llvm_builder_list_parts(kiln_llvm_builder *b, const char *type,
                                               uint32_t room, kiln_type *parts);

/** Checks whether kiln_llvm_builder_build can build an operation. Returns KILN_OK if it can, and otherwise the error
 * that kiln_llvm_builder_build would report. The operation is tried in a function that belongs to the builder. The
 * elements of kiln_llvm_operand.parts are not read: any address other than NULL means that the operand is a value. */
KILN_API kiln_status kiln_llvm_builder_check(kiln_llvm_builder *b, const char *name,
                                             const char *result, const kiln_llvm_operand *operands,
                                             uint32_t n_operands);

/** Builds an operation at the end of the current block of `f`. `result` is the type of the result ("void" for none).
 * Writes the parts of the result to `results` (NULL to discard them). There are as many parts as
 * kiln_llvm_builder_list_parts returns for `result`. Parts may be integer constants or parts of the operands.
 *
 * `name` is an intrinsic ("llvm.x86.sse2.psad.bw", "llvm.ctpop.v5i32") or an instruction: add sub mul udiv sdiv urem
 * srem shl lshr ashr and or xor, fadd fsub fmul fdiv frem, fneg, trunc zext sext fptoui fptosi uitofp sitofp fptrunc
 * fpext ptrtoint inttoptr bitcast, "icmp " and "fcmp " with a predicate of LLVM's ("icmp ult"), select, freeze,
 * extractelement, insertelement, shufflevector, extractvalue, insertvalue, load (from an address), store (a value, an
 * address). Operands are in LLVM's order. Loads and stores assume no alignment. The types of `operands` and `result`
 * determine the types of the operation: the type suffix of an intrinsic's name is not compared with them. Surplus
 * operands may go unnoticed. Intrinsics that take metadata arguments (constrained intrinsics, read_register, dbg.value)
 * are refused with an error that has the intrinsic's name.
 *
 * Some operations, such as a division of i200, make new blocks. After such an operation, the current block
 * (kiln_block_current) is not the block in which the operation began.
 *
 * An error sticks to the function `f`, and all `results` are then none. The error's message begins with `name`. The
 * builder can still be used for other functions. */
KILN_API kiln_status kiln_llvm_builder_build(kiln_llvm_builder *b, kiln_func *f, const char *name,
                                             const char *result, const kiln_llvm_operand *operands,
                                             uint32_t n_operands, kiln_value *results);

/** Returns a message that says why the latest call with the builder failed, or an empty string if the call did not
 * fail. The string is valid until the next call. */
KILN_API const char *kiln_llvm_builder_message(const kiln_llvm_builder *b);

#ifdef __cplusplus
}
#endif
#endif
