/* Read access to a function, for interpreters, checkers and translators. These calls tell what an operand is and which
 * edges leave a block, even while the function is being built. Once it is finished, they give access to all of its
 * blocks, instructions and edges. The calls change nothing; ids out of range give "none". Values have the ids that the
 * builder returned. */
#ifndef KILN_INSPECT_H
#define KILN_INSPECT_H

#include <kiln/exceptions.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An instruction of one function. The value that it produces has the same id. 0 is none. */
typedef struct kiln_inst {
  uint32_t id; /**< of the instruction and of the value it produces */
} kiln_inst;

/** Describes an instruction. Fields that do not apply to the operation are 0. */
typedef struct kiln_inst_info {
  kiln_op op;       /**< its operation */
  kiln_type type;   /**< as given to the builder; usually that of operands and result */
  kiln_type result; /**< type of the value it produces; VOID for none */
  /** Conversions, VEXTRACT, VSIGNS: type of the operand; LOAD, STORE: type in memory; vectors: type of lanes. */
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
  KILN_OPERAND_NONE,   /**< no operand */
  KILN_OPERAND_VALUE,  /**< a value produced by an instruction or a block parameter */
  KILN_OPERAND_INT,    /**< integer constant without a type: it takes the type of its use */
  KILN_OPERAND_BITS,   /**< typed constant */
  KILN_OPERAND_SYMBOL, /**< address of a symbol, plus an addend */
  KILN_OPERAND_SLOT,   /**< address of a stack slot */
  KILN_OPERAND_TYPEID, /**< the selector of a type (kiln_const_typeid): an integer constant without a type */
  KILN_OPERAND_RESULT,    /**< result of a TRY, on its normal edge */
  KILN_OPERAND_EXCEPTION, /**< exception of a TRY, on its unwind edge */
  KILN_OPERAND_KIND_COUNT
} kiln_operand_kind;

/** Describes an operand. */
typedef struct kiln_operand_info {
  kiln_operand_kind kind; /**< what it is */
  kiln_type type;         /**< VOID for INT, TYPEID, NONE */
  /** INT, BITS: low half; SYMBOL: the addend; TYPEID: its value; RESULT, EXCEPTION: k */
  uint64_t low;
  uint64_t high;      /**< INT (sign-extended), BITS: high half */
  kiln_symbol symbol; /**< SYMBOL; TYPEID: the type; id 0 is that of CATCH_ALL */
  uint32_t slot;      /**< SLOT: its number */
} kiln_operand_info;

/** Returns the name of an operation in the text form, or "?". The string has static storage. */
KILN_API const char *kiln_op_name(kiln_op op);

/* ---- at any time, also while a function is built ---- */

/** Describes an operand, for example, whether it is a constant. For a forward value the kind is NONE until the value is
 * bound and the function is finished. */
KILN_API kiln_operand_info kiln_operand_get(const kiln_func *f, kiln_value v);

/** Returns the operation that produced `v` if it is in the current block of a function that is being built; otherwise
 * KILN_OP_NONE. This is faster than kiln_inst_get. */
KILN_API kiln_op kiln_value_op(const kiln_func *f, kiln_value v);

/** Describes an instruction. An operand of kind VALUE was produced by the instruction with the operand's id. */
KILN_API kiln_inst_info kiln_inst_get(const kiln_func *f, kiln_inst i);

/** Returns the k-th operand, in the order of the builder's calls. For CALL and TRY, these are the callee and then the
 * arguments. */
KILN_API kiln_value kiln_inst_operand(const kiln_func *f, kiln_inst i, uint32_t k);

/** Returns the type that the k-th operand must have, which is also the type that an integer constant takes there. VOID
 * means that there is no such operand, that it may have any type (a variadic argument), or that it is the operation of
 * a RESULT. */
KILN_API kiln_type kiln_inst_operand_type(const kiln_func *f, kiln_inst i, uint32_t k);

/** Returns a limit that all block ids are below. */
KILN_API uint32_t kiln_func_block_limit(const kiln_func *f);

/** Returns the number of edges that leave a block, and writes the targets of the first `max` to `out`, in the order of
 * the terminator (see kiln_inst_edge). Returns 0 if the block does not have its terminator yet. */
KILN_API uint32_t kiln_block_edges(const kiln_func *f, kiln_block b, kiln_block *out, uint32_t max);

/** Returns true if the function was finished without an error. */
KILN_API bool kiln_func_is_finished(const kiln_func *f);

/* ---- once it is finished ---- */

/** Returns a limit that all ids of values and instructions are below. */
KILN_API uint32_t kiln_func_value_limit(const kiln_func *f);

/** Returns the number of blocks that were filled. */
KILN_API uint32_t kiln_func_block_count(const kiln_func *f);

/** Returns the k-th filled block, in the order of filling and printing. Block 0 is the first. */
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

/** Returns the number of a block's parameters, and writes the first `max` of them to `out`. */
KILN_API uint32_t kiln_block_params(const kiln_func *f, kiln_block b, kiln_value *out,
                                    uint32_t max);

/** Returns a block's first instruction. */
KILN_API kiln_inst kiln_block_first_inst(const kiln_func *f, kiln_block b);

/** Returns the next instruction in the block; none after the terminator. */
KILN_API kiln_inst kiln_inst_next(const kiln_func *f, kiln_inst i);

/** Returns the target of a terminator's k-th edge. The edges of a BRIF are then, else; those of a TRY are normal,
 * unwind; those of a SWITCH are the default and then the cases, whose value is written to `case_value` (may be
 * NULL). */
KILN_API kiln_block kiln_inst_edge(const kiln_func *f, kiln_inst i, uint32_t k,
                                   int64_t *case_value);

/** Returns the number of arguments on that edge, which is the number of the target's parameters, and writes the first
 * `max` of them to `out`, in the order of the parameters. */
KILN_API uint32_t kiln_inst_edge_args(const kiln_func *f, kiln_inst i, uint32_t k, kiln_value *out,
                                      uint32_t max);

/** Returns the type whose selector is k + 1, among the types that clauses and typeids of the function name. Id 0 is the
 * type of CATCH_ALL. */
KILN_API kiln_symbol kiln_func_type_at(const kiln_func *f, uint32_t k);

/** Returns the number of clauses of a TRY. */
KILN_API uint32_t kiln_inst_clause_count(const kiln_func *f, kiln_inst i);

/** Returns the k-th clause; its kind is CLEANUP if there is no such clause. Writes the first `max` types of a FILTER to
 * `types`, to which the result points. */
KILN_API kiln_clause kiln_inst_get_clause(const kiln_func *f, kiln_inst i, uint32_t k,
                                          kiln_symbol *types, uint32_t max);

#ifdef __cplusplus
}
#endif
#endif
