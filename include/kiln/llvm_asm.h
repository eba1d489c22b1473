/* LLVM's inline assembly, and assembly of modules, for front ends that do not read bitcode: by the text and the
 * constraints that LLVM has for them, built by what the bitcode reader (libkiln-llvm) builds them with. The module
 * needs an assembler (kiln_module_options.assemble; <kiln/as.h> has the system's). */
#ifndef KILN_LLVM_ASM_H
#define KILN_LLVM_ASM_H

#include <kiln/exceptions.h>
#include <kiln/llvm_operation.h>

#ifdef __cplusplus
extern "C" {
#endif

/** kiln_llvm_asm_desc.flags: what LLVM writes between `asm` and the text. */
enum {
  KILN_LLVM_ASM_SIDE_EFFECT = 1, /**< sideeffect: it is built in any case; so Kiln builds all */
  KILN_LLVM_ASM_ALIGN_STACK =
    2,                     /**< alignstack: the stack is aligned as for a call; so it always is */
  KILN_LLVM_ASM_INTEL = 4, /**< inteldialect: the text is in Intel's syntax, without % */
  /** unwind: an exception may leave it. The code becomes a function of its own, which has no name and which this one
   * calls: so the stack pointer is another one than the function's. Not in a frozen module */
  KILN_LLVM_ASM_UNWIND = 8
};

/** A statement of inline assembly. Zero-initialise it. */
typedef struct kiln_llvm_asm_desc {
  /** LLVM's template: `$0` or `${0:k}` is an operand, `$$` a dollar */
  const char *text;
  /** LLVM's constraints (its language reference, "Inline Asm Constraint String"): "=r,0,~{memory},!i" */
  const char *constraints;
  /** the type of the outputs: "void", the type of the only one, or a structure of all, in their order */
  const char *result;
  /** the inputs, in the order of their constraints, and for an output in memory ("=*m") its address. What is to be a
   * number or a symbol in the text ("i", "s") is a constant, or a part that is an integer constant or
   * kiln_const_symbol */
  const kiln_llvm_operand *operands;
  uint32_t n_operands; /**< number of `operands` */
  uint32_t flags;      /**< KILN_LLVM_ASM_... */
  uint32_t n_labels; /**< how many constraints are "!i": places outside that the text may jump to */
  /** if it unwinds, not none: the clauses by which exceptions go to block `unwind`, whose first two parameters are the
   * exception and its selector (kiln_try_exception). None: exceptions leave the function */
  kiln_clauses clauses;
  kiln_block unwind;    /**< a landing pad; see `clauses` */
  uint64_t reserved[2]; /**< 0 */
} kiln_llvm_asm_desc;

/** Builds inline assembly at the end of the current block of `f`; stores the parts of its outputs to `results` (NULL:
 * they are not wanted), as many as kiln_llvm_builder_list_parts says of the type of the result, and to `taken` (NULL:
 * it is not wanted), which way it went on: an i32 that is 0 if the text ended, or k if it jumped to the label that is
 * the k-th from 1 on. A switch on that, which the caller builds, makes the jumps; outputs have their values on all
 * ways.
 *
 * With clauses the statement ends its block, and a new one is current afterwards.
 *
 * The code is assembled at once, one process of the assembler for each text that the builder has not met; texts are the
 * same if the registers and numbers in them are, too. A register or constraint that Kiln does not know, or more
 * operands than there are registers, is KILN_ERR_UNSUPPORTED, as is what the assembler refuses. An error sticks to the
 * function, and `results` are none then. */
KILN_API kiln_status kiln_llvm_builder_build_asm(kiln_llvm_builder *b, kiln_func *f,
                                                 const kiln_llvm_asm_desc *a, kiln_value *results,
                                                 kiln_value *taken);

/** Takes the assembly of a module over, into the builder's module: whole lines in AT&T's syntax unless they switch, of
 * any sections. What the text defines becomes functions, which are compiled in session `s`, data and names; what it
 * refers to is found by its name. So all symbols that the text and the module have in common must be declared before,
 * with the linkage that they have for others. Each call is a file of its own: local labels are not seen by others. The
 * module must not be frozen. An error is the module's, too. */
KILN_API kiln_status kiln_llvm_builder_add_assembly(kiln_llvm_builder *b, kiln_session *s,
                                                    const char *text);

#ifdef __cplusplus
}
#endif
#endif
