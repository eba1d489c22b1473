/* Builds LLVM's inline assembly, and the assembly of modules, for front ends that do not read bitcode. Texts and
 * constraints are those of LLVM, and are built by the same code that the bitcode reader (libkiln-llvm) uses. The module
 * needs an assembler (kiln_module_options.assemble; <kiln/as.h> has the system's). */
#ifndef KILN_LLVM_ASM_H
#define KILN_LLVM_ASM_H

#include <kiln/exceptions.h>
#include <kiln/llvm_operation.h>

#ifdef __cplusplus
extern "C" {
#endif

/** kiln_llvm_asm_desc.flags: the words that LLVM writes between `asm` and the text. */
enum {
  KILN_LLVM_ASM_SIDE_EFFECT = 1, /**< sideeffect: it is always built; Kiln builds all */
  /** alignstack: the stack is aligned as for a call, which it always is. */
  KILN_LLVM_ASM_ALIGN_STACK = 2,
  KILN_LLVM_ASM_INTEL = 4, /**< inteldialect: the text is in Intel syntax, without % */
  /** unwind: an exception may leave it. The code becomes a nameless function of its own, which this function calls, so
   * its stack pointer differs from the function's. Not allowed in a frozen module. */
  KILN_LLVM_ASM_UNWIND = 8
};

/** A statement of inline assembly. Zero-initialise the struct. */
typedef struct kiln_llvm_asm_desc {
  /** LLVM's template: `$0` or `${0:k}` stands for an operand, `$$` for a dollar sign. */
  const char *text;
  /** LLVM's constraints, such as "=r,0,~{memory},!i" (LLVM's language reference, "Inline Asm Constraint String"). */
  const char *constraints;
  /** The type of the outputs: "void", the type of the only output, or a structure of all outputs, in their order. */
  const char *result;
  /** The inputs, in the order of their constraints; and for each output in memory ("=*m"), its address. An operand that
   * is to be a number or a symbol in the text ("i", "s") is a constant, or a part that is an integer constant or a
   * kiln_const_symbol. */
  const kiln_llvm_operand *operands;
  uint32_t n_operands; /**< number of `operands` */
  uint32_t flags;      /**< KILN_LLVM_ASM_... */
  uint32_t n_labels;   /**< number of constraints "!i": places outside that the text may jump to */
  /** If it unwinds: the clauses by which exceptions go to block `unwind`, whose first two parameters are the exception
   * and its selector (kiln_try_exception). With none, exceptions leave the function. */
  kiln_clauses clauses;
  kiln_block unwind;    /**< a landing pad; see `clauses` */
  uint64_t reserved[2]; /**< 0 */
} kiln_llvm_asm_desc;

/** Builds inline assembly at the end of the current block of `f`. Writes the parts of its outputs to `results` (NULL to
 * discard them), as many as kiln_llvm_builder_list_parts returns for the type of the result. Writes to `taken` (NULL to
 * discard it) how the text was left: an i32 that is 0 if execution reached the end of the text, or k if it jumped to
 * the k-th label, counting from 1. The jumps themselves are made by a switch on that value, which the caller builds.
 * Outputs have their values in every case.
 *
 * With clauses, the statement ends its block, and a new block is current afterwards.
 *
 * The code is assembled at once, with one process of the assembler for each text that the builder has not met before.
 * Texts are the same only if the registers and numbers in them are the same too. Errors are KILN_ERR_UNSUPPORTED for a
 * register or constraint that Kiln does not know, for more operands than there are registers, and for text that the
 * assembler refuses. An error sticks to the function, and `results` are then none. */
KILN_API kiln_status kiln_llvm_builder_build_asm(kiln_llvm_builder *b, kiln_func *f,
                                                 const kiln_llvm_asm_desc *a, kiln_value *results,
                                                 kiln_value *taken);

/** Adds the assembly of a module to the builder's module. `text` consists of whole lines, in AT&T syntax unless they
 * switch, for any sections. Functions that the text defines are compiled in session `s`; data and names that it defines
 * are added too. Symbols that it refers to are found by their names, so all symbols that the text and the module have
 * in common must be declared before, with the linkage that they have for others. Each call is a file of its own: local
 * labels are not visible to other calls. The module must not be frozen. An error also becomes the module's. */
KILN_API kiln_status kiln_llvm_builder_add_assembly(kiln_llvm_builder *b, kiln_session *s,
                                                    const char *text);

#ifdef __cplusplus
}
#endif
#endif
