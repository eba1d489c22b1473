/* Builds LLVM's instructions and intrinsics by name, for front ends that do not read bitcode. Values may have any LLVM
 * type. They are built by the same code that the bitcode reader (libkiln-llvm) uses. docs/bitcode.md lists which are
 * supported. */
#ifndef KILN_LLVM_OPERATION_H
#define KILN_LLVM_OPERATION_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Builds operations in the functions of one module. It remembers the types and names that it has met, and reuses
 * memory from one operation for the next. Only one thread at a time may use it: a module with several sessions in
 * several threads needs one builder for each thread. It reads the module, and makes signatures and symbols in it (for
 * routines that an operation calls), as kiln_sig_new and kiln_func_declare do. */
typedef struct kiln_llvm_builder kiln_llvm_builder;

/** An operand: its type as LLVM writes it ("i32", "<4 x float>", "{ i64, i1 }", "ptr", "half", "i200"), and a value or
 * a constant. Arguments that must be constant in LLVM (immediates, the mask of shufflevector, indices of extractvalue)
 * must be given as constants.
 *
 * A value is a sequence of parts, one Kiln value for each register (kiln_llvm_builder_list_parts). An integer of a
 * width that no Kiln type has is stored in the next wider type, and its upper bits are unspecified; i1 is an i8 that is
 * 0 or 1. Integers of more than 128 bits are words of 64 bits, the lowest first. half and bfloat are represented by
 * their bits, as i16. Lanes of a vector follow each other from the lowest bits up, integers of odd width in the next
 * wider lane. A vector of i1 has lanes of all ones or all zeros: of 64 bits for up to 2 lanes, of 32 for up to 4, of 16
 * for up to 8, and otherwise of 8 bits. The bits after the last lane are unspecified. The operations "load" and "store"
 * convert between this form and LLVM's layout in memory. */
typedef struct kiln_llvm_operand {
  const char *type; /**< LLVM's text, NUL-terminated, nested at most 100 levels deep */
  /** The parts, as many as kiln_llvm_builder_list_parts returns; NULL if the operand is a constant. */
  const kiln_value *parts;
  /** For a constant: an integer, sign-extended to its type; the bits of a float; or the value of each lane of a vector.
   * 0 is null, of any type. */
  int64_t constant;
  /** For a constant, used in place of `constant` unless NULL. For a vector: one for each lane (in a mask of
   * shufflevector, -1 is a lane with an unspecified value). For a scalar of more than 64 bits: its words, the lowest
   * first. */
  const int64_t *words;
  uint64_t reserved[1]; /**< 0 */
} kiln_llvm_operand;

/** Makes a builder for module `m`. Returns NULL if memory runs out, or if `m` is NULL or has failed. Free the builder
 * before the module. */
KILN_API kiln_llvm_builder *kiln_llvm_builder_new(kiln_module *m);

/** Frees a builder. NULL is allowed. */
KILN_API void kiln_llvm_builder_free(kiln_llvm_builder *b);

/** Sets the processor's features, written as in LLVM's attribute target-features: "+avx2,-fma". They replace those of
 * earlier calls; initially there are none. Returns KILN_ERR_UNSUPPORTED for a feature that functions of Kiln cannot
 * have; an unknown feature has no effect. Setting kiln_func_attrs.features of a function is left to the caller. */
KILN_API kiln_status kiln_llvm_builder_set_features(kiln_llvm_builder *b, const char *features);

/** Lists the parts of values of a type: writes the types of the first `room` parts to `parts` (may be NULL), and
 * returns how many there are, at most 256. Returns 0 after an error (kiln_llvm_builder_message), and, without a
 * message, for "void" and types without bits. */
KILN_API uint32_t kiln_llvm_builder_list_parts(kiln_llvm_builder *b, const char *type,
                                               uint32_t room, kiln_type *parts);

/** Returns KILN_OK if kiln_llvm_builder_build would build the operation, and otherwise the error that it would report.
 * The operation is tried in a function of the builder's own. The values of `parts` are not read; any address means that
 * the operand is a value. */
KILN_API kiln_status kiln_llvm_builder_check(kiln_llvm_builder *b, const char *name,
                                             const char *result, const kiln_llvm_operand *operands,
                                             uint32_t n_operands);

/** Builds an operation at the end of the current block of `f`, and writes the parts of its result to `results` (NULL to
 * discard them), as many as kiln_llvm_builder_list_parts returns for type `result` ("void" for none). The parts may be
 * integer constants, or operands.
 *
 * `name` is an intrinsic ("llvm.x86.sse2.psad.bw", "llvm.ctpop.v5i32") or an instruction: add sub mul udiv sdiv urem
 * srem shl lshr ashr and or xor, fadd fsub fmul fdiv frem, fneg, trunc zext sext fptoui fptosi uitofp sitofp fptrunc
 * fpext ptrtoint inttoptr bitcast, "icmp " and "fcmp " with a predicate of LLVM's ("icmp ult"), select, freeze,
 * extractelement, insertelement, shufflevector, extractvalue, insertvalue, load (from an address), store (a value, an
 * address). Loads and stores assume no alignment. Operands are in LLVM's order. The types are those of the operands and
 * the result: an intrinsic's suffix is not compared with them, and surplus operands may go unnoticed. Intrinsics with
 * metadata among their arguments (constrained ones, read_register, dbg.value) are refused by name.
 *
 * Some operations (such as a division of i200) make blocks. Such an operation ends in a block other than the one it
 * began in, which is current afterwards (kiln_block_current).
 *
 * An error sticks to the function, as with all builders, and `results` are then none; the message begins with the name.
 * The builder can still be used for other functions. */
KILN_API kiln_status kiln_llvm_builder_build(kiln_llvm_builder *b, kiln_func *f, const char *name,
                                             const char *result, const kiln_llvm_operand *operands,
                                             uint32_t n_operands, kiln_value *results);

/** Returns why the latest call with the builder failed; an empty string if it did not. The string lives until the next
 * call. */
KILN_API const char *kiln_llvm_builder_message(const kiln_llvm_builder *b);

#ifdef __cplusplus
}
#endif
#endif
