/* Builds LLVM's inline assembly, and assembly for whole modules, for front ends that do not read bitcode. Templates and
 * constraints have the syntax and meaning that they have in LLVM, and are handled by the code of the bitcode reader
 * (libkiln-llvm). The module needs an assembler (kiln_module_options.assemble); <kiln/as.h> provides the system's
 * assembler. */
#ifndef KILN_LLVM_ASM_H
#define KILN_LLVM_ASM_H

#include <kiln/exceptions.h>
#include <kiln/llvm_operation.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Flags of kiln_llvm_asm_desc. They are the keywords that LLVM writes between `asm` and the template. */
enum {
  /** Sideeffect: the statement must not be removed; Kiln never removes one. */
  KILN_LLVM_ASM_SIDE_EFFECT = 1,
  /** alignstack: the stack must be aligned as for a call; in Kiln, it always is. */
  KILN_LLVM_ASM_ALIGN_STACK = 2,
  KILN_LLVM_ASM_INTEL = 4, /**< inteldialect: the text is in Intel syntax, without % */
  /** unwind: an exception may leave the code. The code becomes a separate function without a name, which `f` calls. The
   * stack pointer in the code therefore differs from the stack pointer in `f`. Not allowed in a frozen module. */
  KILN_LLVM_ASM_UNWIND = 8
};

/** A statement of inline assembly. Zero-initialise the struct. */
typedef struct kiln_llvm_asm_desc {
  /** The template, in LLVM's syntax: `$0` or `${0:k}` stands for an operand, and `$$` for a dollar sign. */
  const char *text;
  /** LLVM's constraints, such as "=r,0,~{memory},!i" (LLVM's language reference, "Inline Asm Constraint String"). */
  const char *constraints;
  /** The type of the result: "void" if there are no outputs, the output's type if there is one output, or a structure
   * type whose members are the types of all outputs, in their order. */
  const char *result;
  /** In the order of their constraints: the inputs, and the addresses of the outputs in memory ("=*m"). An operand that
   * becomes a number or a symbol in the text ("i", "s") must be a constant, or must have a part that is an integer
   * constant or a kiln_const_symbol. */
  const kiln_llvm_operand *operands;
  uint32_t n_operands; /**< number of `operands` */
  uint32_t flags;      /**< KILN_LLVM_ASM_... */
  /** Number of constraints "!i": labels outside the text that the text may jump to. */
  uint32_t n_labels;
  /** With KILN_LLVM_ASM_UNWIND: clauses that catch exceptions. A caught exception leads to the block `unwind`, whose
   * first two parameters are the exception and its selector (kiln_try_exception). If this is none, exceptions leave
   * `f`. */
  kiln_clauses clauses;
  kiln_block unwind;    /**< a landing pad; see `clauses` */
  uint64_t reserved[2]; /**< 0 */
} kiln_llvm_asm_desc;

/** Builds inline assembly at the end of the current block of `f`. Writes the parts of the outputs to `results` (NULL to
 * discard them). There are as many parts as kiln_llvm_builder_list_parts returns for the type of the result. Writes to
 * `taken` (NULL to discard it) a value that says how execution left the text: an i32 that is 0 if execution reached the
 * end of the text, or k if it jumped to the k-th label, counting from 1. The caller must build a switch on this value,
 * which jumps to the labels. The outputs have their values on all of these paths.
 *
 * If `a->clauses` is not none, the statement ends the current block, and a new block is the current block afterwards.
 *
 * The text is assembled during this call. The builder starts one assembler process for each text that it has not
 * assembled before. Two texts are the same only if they also have the same registers and numbers in place of their
 * operands. The error is KILN_ERR_UNSUPPORTED if Kiln does not know a register or constraint, if there are more
 * operands than registers, or if the assembler refuses the text. An error sticks to the function, and all `results` are
 * then none. */
KILN_API kiln_status kiln_llvm_builder_build_asm(kiln_llvm_builder *b, kiln_func *f,
                                                 const kiln_llvm_asm_desc *a, kiln_value *results,
                                                 kiln_value *taken);

/** Adds assembly (LLVM's `module asm`) to the builder's module. `text` consists of whole lines, in AT&T syntax until it
 * switches to another syntax, and may add content to any section. Functions that the text defines are compiled in the
 * session `s`; data and names that the text defines are added to the module. Symbols that the text refers to are found
 * by their names. All symbols that both the text and the module use must therefore be declared before this call, with
 * the linkage that they have for other objects. Each call is like a separate source file: its local labels are not
 * visible in other calls. The module must not be frozen. An error sticks to the module. */
KILN_API kiln_status kiln_llvm_builder_add_assembly(kiln_llvm_builder *b, kiln_session *s,
                                                    const char *text);

#ifdef __cplusplus
}
#endif
#endif
