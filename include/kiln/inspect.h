/* Read access to a function, for interpreters, checkers and translators. Even while a function is being built, the
 * functions of this header describe operands, the instructions of the function, and the edges that leave a block. When
 * the function is finished, they give access to all of its blocks, instructions and edges. They change nothing. If an
 * id is out of range, they return "none". Values have the ids that the builder returned. */
#ifndef KILN_INSPECT_H
#define KILN_INSPECT_H

#include <kiln/exceptions.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An instruction of one function. The value that the instruction produces has the same id. Id 0 means none. */
typedef struct kiln_inst {
  uint32_t id; /**< of the instruction and of the value it produces */
} kiln_inst;

/** Describes an instruction. Fields that do not apply to the operation are 0. */
typedef struct kiln_inst_info {
  kiln_op op; /**< its operation */
  /** The type that was passed to the builder; usually the type of the operands and the result. */
  kiln_type type;
  kiln_type result; /**< type of the value that the instruction produces; VOID for none */
  /** Conversions, VEXTRACT, VSIGNS: the type of the operand. LOAD, STORE: the type in memory. Other vector operations:
   * the type of the lanes. */
  kiln_type from;
  uint8_t cond;       /**< ICMP, VICMP: kiln_icond; FCMP, VFCMP: kiln_fcond */
  uint8_t order;      /**< atomics: kiln_ordering */
  uint8_t failure;    /**< ATOMIC_CAS: kiln_ordering on failure */
  uint8_t rmw;        /**< ATOMIC_RMW: kiln_rmw */
  uint32_t mem_flags; /**< LOAD, STORE: KILN_MEM_... */
  int32_t disp;       /**< LOAD, STORE, ADDR */
  uint32_t number;    /**< ADDR: scale; SALLOC: log2 of the alignment; RESULT: index; *_ADDR: level;
                         vectors: lane or count; MACHINE: row */
  kiln_sig sig;       /**< CALL, TRY, ASM */
  kiln_block block;   /**< the block that contains it */
  uint32_t n_operands; /**< number of operands, for kiln_inst_operand */
  uint32_t n_edges;    /**< number of edges, for kiln_inst_edge */
} kiln_inst_info;

/** Kinds of operands. */
typedef enum kiln_operand_kind {
  KILN_OPERAND_NONE,  /**< no operand */
  KILN_OPERAND_VALUE, /**< a value produced by an instruction or a block parameter */
  /** Integer constant without a type: it takes the type that its instruction requires. */
  KILN_OPERAND_INT,
  KILN_OPERAND_BITS,   /**< typed constant */
  KILN_OPERAND_SYMBOL, /**< address of a symbol, plus an addend */
  KILN_OPERAND_SLOT,   /**< address of a stack slot */
  /** Selector of a type (kiln_const_typeid): an integer constant without a type. */
  KILN_OPERAND_TYPEID,
  KILN_OPERAND_RESULT,    /**< result of a TRY, on its normal edge */
  KILN_OPERAND_EXCEPTION, /**< exception of a TRY, on its unwind edge */
  KILN_OPERAND_KIND_COUNT
} kiln_operand_kind;

/** Describes an operand. */
typedef struct kiln_operand_info {
  kiln_operand_kind kind; /**< what it is */
  kiln_type type;         /**< VOID for INT, TYPEID, NONE */
  /** INT, BITS: the low half. SYMBOL: the addend. TYPEID: the value of the selector. RESULT, EXCEPTION: the number `k`
   * of kiln_try_result or kiln_try_exception. */
  uint64_t low;
  uint64_t high;      /**< INT (sign-extended), BITS: high half */
  kiln_symbol symbol; /**< SYMBOL: the symbol. TYPEID: the type; id 0 is the type of CATCH_ALL */
  uint32_t slot;      /**< SLOT: its number */
} kiln_operand_info;

/** Returns the name of an operation in the text form, or "?". The string has static storage. */
KILN_API const char *kiln_op_name(kiln_op op);

/* ---- at any time, even while a function is being built ---- */

/** Describes an operand; for example, says whether the operand is a constant. The kind of a forward value is NONE until
 * the forward value is bound and the function is finished. */
KILN_API kiln_operand_info kiln_operand_get(const kiln_func *f, kiln_value v);

/** Returns the operation that produced `v`, if the function is being built and the operation is in the current block;
 * otherwise KILN_OP_NONE. This function is faster than kiln_inst_get. */
KILN_API kiln_op kiln_value_op(const kiln_func *f, kiln_value v);

/** Describes an instruction. To find the instruction that produced an operand of kind VALUE, use the operand's id as
 * the instruction's id. */
KILN_API kiln_inst_info kiln_inst_get(const kiln_func *f, kiln_inst i);

/** Returns the k-th operand of an instruction. Operands are in the order in which they are passed to the builder's
 * function. The operands of CALL and TRY are the callee and then the arguments. */
KILN_API kiln_value kiln_inst_operand(const kiln_func *f, kiln_inst i, uint32_t k);

/** Returns the type that the k-th operand of an instruction must have. An integer constant in this place takes this
 * type. Returns VOID if there is no such operand, if the operand may have any type (a variadic argument), or if it is
 * the operand of a RESULT. */
KILN_API kiln_type kiln_inst_operand_type(const kiln_func *f, kiln_inst i, uint32_t k);

/** Returns the number of blocks; all block ids are below this limit. */
KILN_API uint32_t kiln_func_block_limit(const kiln_func *f);

/** Returns the number of edges that leave a block, and writes the target blocks of the first `max` edges to `out`.
 * Edges are in the order of kiln_inst_edge. Returns 0 if the block has no terminator yet. */
KILN_API uint32_t kiln_block_edges(const kiln_func *f, kiln_block b, kiln_block *out, uint32_t max);

/** Returns true if the function was finished without an error. */
KILN_API bool kiln_func_is_finished(const kiln_func *f);

/* ---- once it is finished ---- */

/** Returns a limit: all ids of values and instructions are below this number. */
KILN_API uint32_t kiln_func_value_limit(const kiln_func *f);

/** Returns the number of blocks that have been filled. */
KILN_API uint32_t kiln_func_block_count(const kiln_func *f);

/** Returns the k-th filled block. Blocks are in the order in which they were filled, which is also the order in which
 * they are printed. The first one is block 0, the entry. */
KILN_API kiln_block kiln_func_block_at(const kiln_func *f, uint32_t k);

/** Returns the number of stack slots. */
KILN_API uint32_t kiln_func_slot_count(const kiln_func *f);

/** A stack slot. */
typedef struct kiln_slot_info {
  uint64_t size_bytes; /**< its size */
  uint32_t align_log2; /**< its alignment, a power of two */
} kiln_slot_info;
/** Describes the stack slot of a given number; all zero if there is none. */
KILN_API kiln_slot_info kiln_slot_get(const kiln_func *f, uint32_t slot);

/** Returns the number of parameters of a block, and writes the first `max` parameters to `out`. */
KILN_API uint32_t kiln_block_params(const kiln_func *f, kiln_block b, kiln_value *out,
                                    uint32_t max);

/** Returns a block's first instruction. */
KILN_API kiln_inst kiln_block_first_inst(const kiln_func *f, kiln_block b);

/** Returns the next instruction in the block; none after the terminator. */
KILN_API kiln_inst kiln_inst_next(const kiln_func *f, kiln_inst i);

/** Returns the target of a terminator's k-th edge. The edges of a BRIF are the one to the then block and the one to the
 * else block. The edges of a TRY are the normal edge and the unwind edge. The edges of a SWITCH are the default and
 * then the cases. For a case, the case's value is written to `case_value` (may be NULL). */
KILN_API kiln_block kiln_inst_edge(const kiln_func *f, kiln_inst i, uint32_t k,
                                   int64_t *case_value);

/** Returns the number of arguments on a terminator's k-th edge, which is the number of parameters of the edge's target.
 * Writes the first `max` arguments to `out`, in the order of the parameters. */
KILN_API uint32_t kiln_inst_edge_args(const kiln_func *f, kiln_inst i, uint32_t k, kiln_value *out,
                                      uint32_t max);

/** Returns the type that has the selector `k` + 1. Selectors are given to the types that occur in clauses and in
 * kiln_const_typeid in this function. Id 0 is the type of CATCH_ALL. */
KILN_API kiln_symbol kiln_func_type_at(const kiln_func *f, uint32_t k);

/** Returns the number of clauses of a TRY. */
KILN_API uint32_t kiln_inst_clause_count(const kiln_func *f, kiln_inst i);

/** Returns the k-th clause of a TRY. If there is no such clause, the kind of the result is CLEANUP. For a FILTER, the
 * first `max` types are written to `types`, and the result points to `types`. */
KILN_API kiln_clause kiln_inst_get_clause(const kiln_func *f, kiln_inst i, uint32_t k,
                                          kiln_symbol *types, uint32_t max);

#ifdef __cplusplus
}
#endif
#endif
