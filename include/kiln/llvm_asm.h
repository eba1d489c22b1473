/* Builds LLVM's inline assembly, and assembly for whole modules. Front ends that do not read bitcode use these
 * functions. Templates and constraints have the syntax and meaning that they have in LLVM. The code of the bitcode
 * reader (libkiln-llvm) handles the templates and constraints. The module needs an assembler
 * (kiln_module_options.assemble). <kiln/as.h> provides the system's assembler. */
#ifndef KILN_LLVM_ASM_H
#define KILN_LLVM_ASM_H

#include <kiln/exceptions.h>
#include <kiln/llvm_operation.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Flags of kiln_llvm_asm_desc. The flags correspond to the keywords that LLVM writes between `asm` and the
 * template. */
enum {
  /** sideeffect: the statement must not be removed. Kiln never removes such statements. */
  KILN_LLVM_ASM_SIDE_EFFECT = 1,
  /** alignstack: the stack must be aligned as for a call. In Kiln, the stack is always aligned in this way. */
  KILN_LLVM_ASM_ALIGN_STACK = 2,
  KILN_LLVM_ASM_INTEL = 4, /**< inteldialect: the text is in Intel syntax, without % */
  /** unwind: an exception may leave the code, which becomes a separate function without a name that the function `f`
   * calls. The stack pointer in the code therefore differs from the stack pointer in `f`. Do not use this flag in a
   * frozen module. */
  KILN_LLVM_ASM_UNWIND = 8
};

/** A statement of inline assembly. Zero-initialise the struct. */
typedef struct kiln_llvm_asm_desc {
  /** The template, in LLVM's syntax. `$0` or `${0:k}` stands for an operand, and `$$` stands for a dollar sign. */
  const char *text;
  /** LLVM's constraints, such as "=r,0,~{memory},!i" (LLVM's language reference, "Inline Asm Constraint String"). */
  const char *constraints;
  /** The type of the result. If there are no outputs, this is "void". If there is one output, this is the type of the
   * output. Otherwise, this is a structure type whose members are the types of all outputs, in their order. */
  const char *result;
  /** The inputs, and the addresses of the outputs in memory ("=*m"). They are in the order of their constraints. With
   * the constraint "i" or "s", an operand becomes a number or a symbol in the text. Such an operand must be a constant,
   * or must have a part that is an integer constant or a kiln_const_symbol. */
  const kiln_llvm_operand *operands;
  uint32_t n_operands; /**< number of `operands` */
  uint32_t flags;      /**< KILN_LLVM_ASM_... */
  /** Number of constraints "!i". Each of these constraints stands for a label. The label is outside the text, and the
   * text may jump to the label. */
  uint32_t n_labels;
  /** With KILN_LLVM_ASM_UNWIND: clauses that catch exceptions. A caught exception leads to the block `unwind`. The
   * first two parameters of this block are the exception and its selector (kiln_try_exception). If `clauses` is none,
   * exceptions leave the function `f`. */
  kiln_clauses clauses;
  kiln_block unwind;    /**< a landing pad; see `clauses` */
  uint64_t reserved[4]; /**< 0 */
} kiln_llvm_asm_desc;

/** Builds inline assembly at the end of the current block of `f`. Writes the parts of the outputs to `results` (NULL to
 * discard them), as many as kiln_llvm_builder_parts returns for the type of the result.
 * - Writes an i32 to `taken` (NULL to discard it), which says how execution left the text: 0 at its end, k by a jump to
 *   the k-th label (kiln_llvm_asm_desc.n_labels), counting from 1. The caller must build a switch on it that jumps to
 *   the labels. The outputs have their values on all of these paths.
 * - An exception may leave the text (KILN_LLVM_ASM_UNWIND), and `a->clauses` may catch it. If `a->clauses` is not none,
 *   the statement ends the current block, and a new block becomes the current block.
 * - Starts one assembler process for each text that the builder has not assembled before. Texts with different
 *   registers or numbers in place of their operands are different texts.
 * - Fails with KILN_ERR_UNSUPPORTED if Kiln does not know a register or constraint, if the assembler rejects the text,
 *   or if there are more operands than registers. An error sticks to the function, and all `results` are none then. */
KILN_API kiln_status kiln_llvm_builder_build_asm(kiln_llvm_builder *b, kiln_func *f,
                                                 const kiln_llvm_asm_desc *a, kiln_value *results,
                                                 kiln_value *taken);

/** Adds assembly (LLVM's `module asm`) to the builder's module, which must not be frozen. `text` consists of whole
 * lines, begins in AT&T syntax, may switch to another syntax, and may add content to any section. The functions that it
 * defines are compiled in the session `s`; its data and names become part of the module.
 * - The text refers to symbols by their names, or to the symbol with the number `N` (kiln_symbol.id) as
 *   `__kiln_symbol_N`, for example if the assembler reads the symbol's name as a register.
 * - Before this call, declare all symbols that are used by both the text and the module, with the linkage that other
 *   objects see.
 * - Each call is like a separate source file: local labels of one call are not visible in other calls.
 * - Returns the error, which sticks to the module. */
KILN_API kiln_status kiln_llvm_builder_add_assembly(kiln_llvm_builder *b, kiln_session *s,
                                                    const char *text);

#ifdef __cplusplus
}
#endif
#endif
