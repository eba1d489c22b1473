/* Read access to a function, for interpreters, checkers and translators. While a function is being built, this header
 * gives access to its operands, its instructions, and the edges that leave a block. After the function is finished,
 * this header gives access to all of its blocks, instructions and edges. The functions of this header change nothing.
 * If an id is out of range, they return "none". Values have the ids that the builder returned. */
#ifndef KILN_INSPECT_H
#define KILN_INSPECT_H

#include <kiln/exceptions.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An instruction of one function. The value of the instruction has the same id. Id 0 means none. */
typedef struct kiln_inst {
  uint32_t id; /**< of the instruction and of the value it produces */
} kiln_inst;

/** Describes an instruction. Fields that do not apply to the operation are 0. */
typedef struct kiln_inst_info {
  kiln_op op; /**< its operation */
  /** The type that the front end passed to the builder. This is usually the type of the operands and the result. */
  kiln_type type;
  kiln_type result; /**< Type of the instruction's value. VOID if the instruction has no value. */
  /** For conversions, VEXTRACT and VSIGNS: the type of the operand. For LOAD and STORE: the type in memory. For other
   * vector operations: the type of the lanes. */
  kiln_type from;
  uint8_t cond;       /**< ICMP, VICMP: kiln_icond; FCMP, VFCMP: kiln_fcond */
  uint8_t order;      /**< atomics: kiln_ordering */
  uint8_t failure;    /**< ATOMIC_CAS: kiln_ordering on failure */
  uint8_t rmw;        /**< ATOMIC_RMW: kiln_rmw */
  uint32_t mem_flags; /**< LOAD, STORE, MEMCPY, MEMMOVE, MEMSET: KILN_MEM_... */
  int32_t disp;       /**< LOAD, STORE, ADDR */
  /** A number whose meaning depends on the operation: ADDR: the scale; SALLOC: log2 of the alignment; RESULT: the
   * index; FRAME_ADDR and RETURN_ADDR: the level; vector operations: a lane or a count; MACHINE: the row. */
  uint32_t number;
  kiln_sig sig;         /**< CALL, TRY, ASM */
  kiln_block block;     /**< the block that contains the instruction */
  uint32_t n_operands;  /**< number of operands, for kiln_inst_operand */
  uint32_t n_edges;     /**< number of edges, for kiln_inst_edge */
  uint64_t reserved[2]; /**< 0 */
} kiln_inst_info;

/** Kinds of operands. */
typedef enum kiln_operand_kind {
  KILN_OPERAND_NONE,  /**< no operand */
  KILN_OPERAND_VALUE, /**< a value produced by an instruction or a block parameter */
  /** Integer constant without a type. The constant takes the type that its instruction requires. */
  KILN_OPERAND_INT,
  KILN_OPERAND_BITS,   /**< typed constant */
  KILN_OPERAND_SYMBOL, /**< address of a symbol, plus an addend */
  KILN_OPERAND_SLOT,   /**< address of a stack slot */
  /** Selector of an exception type (kiln_const_typeid). As an operand, the selector is an untyped integer constant. */
  KILN_OPERAND_TYPEID,
  KILN_OPERAND_RESULT,    /**< result of a TRY, on its normal edge */
  KILN_OPERAND_EXCEPTION, /**< exception of a TRY, on its unwind edge */
  KILN_OPERAND_KIND_COUNT
} kiln_operand_kind;

/** Describes an operand. */
typedef struct kiln_operand_info {
  kiln_operand_kind kind; /**< what it is */
  kiln_type type;         /**< VOID for INT, TYPEID, NONE */
  /** For INT and BITS: the low 64 bits of the constant. For SYMBOL: the addend. For TYPEID: the value of the selector.
   * For RESULT and EXCEPTION: the argument `k` of kiln_try_result; 0 for kiln_try_exception, and
   * 1 for kiln_try_selector. */
  uint64_t low;
  uint64_t high; /**< INT (sign-extended), BITS: high half */
  kiln_symbol
    symbol; /**< For SYMBOL: the symbol. For TYPEID: the type. Id 0 is the type of CATCH_ALL. */
  uint32_t slot;        /**< SLOT: its number */
  uint64_t reserved[2]; /**< 0 */
} kiln_operand_info;

/** Returns the name that an operation has in the text form. Returns "?" if there is no such operation. The string has
 * static storage. */
KILN_API const char *kiln_op_name(kiln_op op);

/* ---- functions that you may call at any time ---- */

/** Describes an operand. The description says, for example, whether the operand is a constant. A forward value has the
 * kind NONE until it is bound and the function is finished. */
KILN_API kiln_operand_info kiln_operand_get(const kiln_func *f, kiln_value v);

/** Returns the operation that produced the value `v`. Returns KILN_OP_NONE if `f` is not being built, or if the
 * operation is not in the current block. kiln_value_op is faster than kiln_inst_get. */
KILN_API kiln_op kiln_value_op(const kiln_func *f, kiln_value v);

/** Describes an instruction. An operand of kind VALUE has the same id as the instruction that produced it. */
KILN_API kiln_inst_info kiln_inst_get(const kiln_func *f, kiln_inst i);

/** Returns operand number `k` of an instruction, counting from 0. The operands are in the same order as the arguments
 * of the builder's function. The operands of CALL and TRY are the callee, followed by the arguments. */
KILN_API kiln_value kiln_inst_operand(const kiln_func *f, kiln_inst i, uint32_t k);

/** Returns the type that operand number `k` of an instruction must have, which an integer constant takes there.
 * - Returns VOID if there is no such operand, for a variadic argument, which may have any type, and for the operand of
 *   a RESULT. */
KILN_API kiln_type kiln_inst_operand_type(const kiln_func *f, kiln_inst i, uint32_t k);

/** Returns the number of blocks. All block ids are below this number. */
KILN_API uint32_t kiln_func_block_limit(const kiln_func *f);

/** Returns the number of edges that leave the block `b`. Writes the target blocks of the first `max` edges to `out`.
 * The edges are in the order of kiln_inst_edge. Returns 0 if the block has no terminator yet. */
KILN_API uint32_t kiln_block_edges(const kiln_func *f, kiln_block b, kiln_block *out, uint32_t max);

/** Returns true if the function was finished without an error. With inlining, a sink gets functions that are
 * still being built, and kept ones that are finished. */
KILN_API bool kiln_func_is_finished(const kiln_func *f);

/* ---- once it is finished ---- */

/** Returns a number that is larger than all ids of values and instructions. */
KILN_API uint32_t kiln_func_value_limit(const kiln_func *f);

/** Returns the number of blocks that have been filled. */
KILN_API uint32_t kiln_func_block_count(const kiln_func *f);

/** Returns the block with number `k` among the filled blocks, counting from 0. The order of the blocks is the order in
 * which the front end filled them. The printed text of the function has the same order. Block number 0 is the entry
 * block, which has id 0. */
KILN_API kiln_block kiln_func_block_at(const kiln_func *f, uint32_t k);

/** Returns the number of stack slots. */
KILN_API uint32_t kiln_func_slot_count(const kiln_func *f);

/** A stack slot. */
typedef struct kiln_slot_info {
  uint64_t size_bytes; /**< its size */
  uint32_t align_log2; /**< base-2 logarithm of the slot's alignment in bytes */
} kiln_slot_info;
/** Describes the stack slot with the number `slot`. The description is all zero if there is no such slot. */
KILN_API kiln_slot_info kiln_slot_get(const kiln_func *f, uint32_t slot);

/** Returns whether the stack slot with the number `slot` is a root (kiln_slot_set_root). Returns false if there is no
 * such slot. */
KILN_API bool kiln_slot_is_root(const kiln_func *f, uint32_t slot);

/** Returns the number of parameters of the block `b`. Writes the first `max` parameters to `out`. */
KILN_API uint32_t kiln_block_params(const kiln_func *f, kiln_block b, kiln_value *out,
                                    uint32_t max);

/** Returns a block's first instruction. */
KILN_API kiln_inst kiln_block_first_inst(const kiln_func *f, kiln_block b);

/** Returns the next instruction in the block. Returns id 0 (none) after the terminator. */
KILN_API kiln_inst kiln_inst_next(const kiln_func *f, kiln_inst i);

/** Returns the target of edge number `k` of a terminator, counting from 0. If the edge is a case, the function writes
 * the value of the case to `case_value` (may be NULL).
 * - BRIF: the then block and the else block, in this order.
 * - TRY: the normal edge and the unwind edge.
 * - SWITCH: the default, followed by the cases. */
KILN_API kiln_block kiln_inst_edge(const kiln_func *f, kiln_inst i, uint32_t k,
                                   int64_t *case_value);

/** Returns the number of arguments on edge number `k` of a terminator. This is the number of parameters of the edge's
 * target. Writes the first `max` arguments to `out`, in the order of the parameters. */
KILN_API uint32_t kiln_inst_edge_args(const kiln_func *f, kiln_inst i, uint32_t k, kiln_value *out,
                                      uint32_t max);

/** Returns the type that has the selector `k` + 1 in `f`. A type has a selector in `f` if the type occurs in a clause
 * of `f`, or was passed to kiln_const_typeid for `f`. Id 0 is the type of CATCH_ALL. */
KILN_API kiln_symbol kiln_func_type_at(const kiln_func *f, uint32_t k);

/** Returns the number of clauses of a TRY. */
KILN_API uint32_t kiln_inst_clause_count(const kiln_func *f, kiln_inst i);

/** Returns clause number `k` of a TRY. If there is no such clause, the kind of the result is CLEANUP. For a FILTER, the
 * function writes the first `max` types to `types`, and the result points to `types`. */
KILN_API kiln_clause kiln_inst_get_clause(const kiln_func *f, kiln_inst i, uint32_t k,
                                          kiln_symbol *types, uint32_t max);

#ifdef __cplusplus
}
#endif
#endif
