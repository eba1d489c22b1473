/* LLVM's instructions and intrinsics by name, for front ends that do not read bitcode: values of any LLVM type, built
 * by what the bitcode reader (libkiln-llvm) builds them with. docs/bitcode.md says which there are. */
#ifndef KILN_LLVM_OPERATION_H
#define KILN_LLVM_OPERATION_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What builds operations in the functions of one module. It keeps the types and names that it has met; what it needs
 * for one operation is used again for the next. One thread at a time may use it: a module with several sessions in
 * several threads needs one for each thread. It reads the module, and makes signatures and symbols in it as
 * kiln_sig_new and kiln_func_declare do (of routines that an operation calls). */
typedef struct kiln_llvm_builder kiln_llvm_builder;

/** An operand: its type as LLVM writes it ("i32", "<4 x float>", "{ i64, i1 }", "ptr", "half", "i200"), and a value
 * or a constant. Arguments that LLVM wants constant (immediates, the mask of shufflevector, indices of extractvalue)
 * have to be given as constants.
 *
 * A value is a run of parts, one Kiln value for each register (kiln_llvm_builder_list_parts). An integer whose width
 * no Kiln type has is in the next wider one, and its upper bits may be anything; i1 is an i8 that is 0 or 1. Integers
 * of more than 128 bits are words of 64 bits, the lowest first. half and bfloat are their bits, as i16. Lanes of a
 * vector follow each other from the lowest bits on, integers of odd width in the next wider lane; a vector of i1 has
 * lanes of all ones or all zeros: of 64 bits for up to 2, of 32 for up to 4, of 16 for up to 8, else of 8 bits. What
 * follows the last lane may be anything. The operations "load" and "store" convert between this and LLVM's layout
 * in memory. */
typedef struct kiln_llvm_operand {
  const char *type; /**< LLVM's text, NUL-terminated; nested at most 100 deep */
  /** The parts, as many as kiln_llvm_builder_list_parts says; NULL: the operand is a constant. */
  const kiln_value *parts;
  /** Of a constant: an integer, sign-extended to its type; the bits of a float; each lane of a vector. 0: null, of any
   * type. */
  int64_t constant;
  /** Of a constant, instead of `constant`, or NULL: of a vector, one for each lane (in a mask of shufflevector -1 is
   * a lane that may be anything); of a scalar of more than 64 bits, its words, the lowest first. */
  const int64_t *words;
  uint64_t reserved[1]; /**< 0 */
} kiln_llvm_operand;

/** Makes a builder for module `m`. NULL without memory, for a NULL, and for a module that has failed. Free it before
 * the module. */
KILN_API kiln_llvm_builder *kiln_llvm_builder_new(kiln_module *m);

/** Frees it. NULL is allowed. */
KILN_API void kiln_llvm_builder_free(kiln_llvm_builder *b);

/** Says which features the processor has, as LLVM's attribute target-features: "+avx2,-fma". Those of earlier calls are
 * forgotten; at first there are none. KILN_ERR_UNSUPPORTED for one that functions of Kiln cannot have; one that is not
 * known has no effect. What kiln_func_attrs.features says of a function is the caller's to set. */
KILN_API kiln_status kiln_llvm_builder_set_features(kiln_llvm_builder *b, const char *features);

/** The parts of values of a type: stores the types of the first `room` to `parts` (may be NULL), and returns how many
 * there are, at most 256. 0 after an error (kiln_llvm_builder_message), and for "void" and types without bits, for
 * which there is no message. */
KILN_API uint32_t kiln_llvm_builder_list_parts(kiln_llvm_builder *b, const char *type,
                                               uint32_t room, kiln_type *parts);

/** Can an operation be built? KILN_OK if kiln_llvm_builder_build would build it, else the error that it would report.
 * It is tried in a function of the builder's own. The values of `parts` are not read; any address says that the
 * operand is a value. */
KILN_API kiln_status kiln_llvm_builder_check(kiln_llvm_builder *b, const char *name,
                                             const char *result, const kiln_llvm_operand *operands,
                                             uint32_t n_operands);

/** Builds an operation at the end of the current block of `f`, and stores the parts of its result to `results` (NULL:
 * they are not wanted), as many as kiln_llvm_builder_list_parts says of type `result` ("void": none). They may be
 * integer constants, and operands.
 *
 * `name` is that of an intrinsic ("llvm.x86.sse2.psad.bw", "llvm.ctpop.v5i32"), or an instruction: add sub mul udiv
 * sdiv urem srem shl lshr ashr and or xor, fadd fsub fmul fdiv frem, fneg, trunc zext sext fptoui fptosi uitofp
 * sitofp fptrunc fpext ptrtoint inttoptr bitcast, "icmp " and "fcmp " with a predicate of LLVM's ("icmp ult"),
 * select, freeze, extractelement, insertelement, shufflevector, extractvalue, insertvalue, load (of an address),
 * store (a value, an address). Loads and stores assume no alignment. Operands are in LLVM's order. Types are those of
 * the operands and the result; an intrinsic's suffix is not compared with them, and more operands than it has may go
 * unnoticed. Intrinsics with metadata among their arguments (constrained ones, read_register, dbg.value) are refused
 * by name.
 *
 * Some operations (a division of i200) make blocks: then the operation ends in another block than it began in, which
 * is the current one afterwards (kiln_block_current).
 *
 * An error sticks to the function, as those of all builders do, and `results` are none then; its message begins with
 * the name. The builder can be used for other functions. */
KILN_API kiln_status kiln_llvm_builder_build(kiln_llvm_builder *b, kiln_func *f, const char *name,
                                             const char *result, const kiln_llvm_operand *operands,
                                             uint32_t n_operands, kiln_value *results);

/** Why the latest call with the builder failed; empty if it did not. Lives until the next call. */
KILN_API const char *kiln_llvm_builder_message(const kiln_llvm_builder *b);

#ifdef __cplusplus
}
#endif
#endif
