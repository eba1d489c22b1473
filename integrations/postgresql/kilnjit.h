/* kilnjit: PostgreSQL's expressions and tuple deforming, compiled by Kiln. What its files share.
 *
 *   provider.c   the callbacks that PostgreSQL knows: contexts, batches, what EXPLAIN shows
 *   expr.c       one expression: its steps in order
 *   cells.c      what is a cell, what it holds, how ways join
 *   value.c      values between steps: forms, null flags, memory
 *   steps.c      the table of step kinds, and the code of most of them
 *   calls.c      steps that call a function through PostgreSQL's interface
 *   operator.c   functions that become instructions: the table of them is operators.def
 *   varlena.c    operators of text and numeric, as functions that code calls directly
 *   search.c     IN lists and CASE with constants: one search instead of a comparison for each
 *   aggregate.c  transitions of aggregates
 *   deform.c     from a tuple's bytes to a slot's values
 *
 * Words: a *step* is one of PostgreSQL's (execExpr.h). A *cell* is a place in memory, a value and its null flag,
 * which steps write and read to hand values on; code keeps cells in registers, and writes one to memory only before a
 * function reads it there. A *batch* is what is compiled together: all expressions of a query that have not run yet. */
#ifndef KILNJIT_H
#define KILNJIT_H

#include <kiln/kiln.h>

#include "postgres.h"

#include "versions.h"

#include "executor/executor.h"
#include "fmgr.h"
#include "portability/instr_time.h"

/** How a value is held. */
typedef enum kj_form {
  KJ_NONE,  /**< no value */
  KJ_CONST, /**< the Datum `constant` */
  KJ_DATUM, /**< `a`, an i64: the Datum */
  KJ_BOOL,  /**< `a`, an i8: 0 or 1 */
  KJ_I16,   /**< `a`, an i16, whose Datum is sign-extended */
  KJ_I32,   /**< `a`, an i32, whose Datum is sign-extended */
  KJ_F32,   /**< `a`, an f32 */
  KJ_F64,   /**< `a`, an f64 */
  KJ_ICMP, /**< the comparison `cond` of `a` and `b` as integers of `type`: made where it is read */
  KJ_FCMP  /**< likewise, of floats */
} kj_form;

enum {
  KJ_MAX_NULLS = 3,    /**< flags that a value has before they become one */
  KJ_ALWAYS_NULL = 255 /**< in n_nulls: it is null, whatever runs */
};

/** What is known of a value while code is made. All zero: none. */
typedef struct kj_value {
  uint8 form;                     /**< kj_form */
  uint8 cond;                     /**< ICMP, FCMP: kiln_icond, kiln_fcond */
  uint8 type;                     /**< ICMP, FCMP: kiln_type of the operands */
  uint8 n_nulls;                  /**< flags in `nulls`; 0: never null; or KJ_ALWAYS_NULL */
  kiln_value a, b;                /**< by form */
  kiln_value nulls[KJ_MAX_NULLS]; /**< i8, each 0 or 1: it is null if one of them is 1 */
  Datum constant;                 /**< CONST */
} kj_value;

/** A step that reads or writes a cell. */
typedef struct kj_access {
  int cell;    /**< which */
  int step;    /**< its number */
  bool writes; /**< or reads */
} kj_access;

/** What a cell holds from a time on. */
typedef struct kj_version {
  uint32 time;    /**< by kj_expr.time */
  bool defined;   /**< `value` is known */
  kj_value value; /**< what it holds */
} kj_version;

/** A value and a null flag in memory that steps of this expression hand on. */
typedef struct kj_cell {
  Datum *value;        /**< its place; NULL: only the flag is there */
  bool *isnull;        /**< its place */
  kj_value now;        /**< what it holds here, if `defined` */
  bool defined;        /**< `now` is known on all ways to here */
  bool clean;          /**< memory has the same */
  bool boolean;        /**< every step that writes it gives a truth value */
  bool constant;       /**< no step writes it: memory has what it holds, from the beginning */
  int n_writers;       /**< steps that write it */
  int last_read;       /**< the last step that reads it; -1: none */
  kj_access *accesses; /**< by step, reads first */
  int n_accesses;
  kj_version *versions; /**< by time */
  int n_versions, max_versions;
  int newer, older; /**< the cells that changed next and before; -1: none */
} kj_cell;

/** A way from a block to a step that is jumped to. */
typedef struct kj_edge {
  kiln_block from; /**< the block that it leaves */
  int next;        /**< the next edge to the same step; -1: none */
  uint32 time;     /**< when it was made: what cells held then */
} kj_edge;

/** How a function of operators.def is computed. */
typedef enum kj_kind {
  KJ_COMPARE,       /**< of integers, by a kiln_icond */
  KJ_FCOMPARE,      /**< of floats, by the kiln_fcond that holds where nothing is NaN */
  KJ_OVERFLOW,      /**< an operation with an overflow flag */
  KJ_DIVIDE,        /**< quotient or remainder; not by 0 or -1 */
  KJ_NEGATE,        /**< 0 - a, unless it overflows */
  KJ_MAGNITUDE,     /**< of an integer, unless it is the least */
  KJ_INCREMENT,     /**< a plus or minus 1, unless it overflows */
  KJ_BINARY,        /**< an operation that cannot fail */
  KJ_UNARY,         /**< likewise */
  KJ_FUNARY,        /**< likewise, of a float */
  KJ_FLOAT,         /**< of floats; an infinite result, or none, is the function's business */
  KJ_FLOAT_NONZERO, /**< likewise, and 0, which may be too small a number */
  KJ_FCHOOSE,       /**< the first one if the condition holds, else the second */
  KJ_CONVERT,       /**< to a type that has all values */
  KJ_NARROW,        /**< to an integer type that may not have it */
  KJ_TEXT,          /**< equality of texts whose collation tells different bytes apart */
  KJ_BPCHAR,        /**< likewise, without blanks at the end */
  KJ_LIKE,          /**< LIKE under such a collation, with a constant pattern */
  KJ_NUMERIC        /**< comparison of numerics, by a kiln_icond */
} kj_kind;

/** A row of operators.def. */
typedef struct kj_operator {
  PGFunction fn;         /**< PostgreSQL's */
  uint8 kind;            /**< kj_kind */
  uint8 a, b, result, x; /**< the other columns */
} kj_operator;

/** A test of a chain. */
typedef struct kj_arm {
  Datum constant; /**< what the value is compared with */
  int body;       /**< the step that follows if they are equal */
} kj_arm;

/** Tests of one value for equality with constants, each of which is reached if the one before fails: of a CASE. */
typedef struct kj_chain {
  int first;             /**< the step that reads the value */
  const kj_operator *eq; /**< what compares */
  kj_arm *arms;          /**< in order */
  int n_arms, max_arms;
  int otherwise; /**< the step that follows if none is equal, or the value is null */
} kj_chain;

/** What is known of a step before code is made. */
typedef struct kj_step {
  int cell;                  /**< that it writes its result to; -1: memory */
  int args;                  /**< the cell of its function's first argument; -1: none */
  int n_args;                /**< number of these, one after the other */
  const kj_operator *native; /**< what computes its function; NULL: a call */
  int first_edge;            /**< edges to it, the latest first; -1: none */
  uint32 first_time;         /**< of the earliest edge */
  int next_jump;             /**< the first step from it on that jumps */
  int next_target;           /**< the first step from it on that is jumped to */
  bool target;               /**< some step jumps to it */
  bool tests;                /**< it begins a test that is part of a chain, or of none worth it */
  int chain;                 /**< number of the chain that begins here; -1: none */
  kiln_block block;          /**< of a target */
} kj_step;

/** Code that runs seldom, built after everything else: PostgreSQL's own function for what the instructions of an
 * operator do not cover, such as overflow. It makes the error, or the value. */
typedef struct kj_cold {
  kiln_block block;        /**< where it begins */
  kiln_block back;         /**< where it goes on; its first parameter is the result, if `returns` */
  FunctionCallInfo fcinfo; /**< of the function */
  PGFunction fn;           /**< the function */
  int n_args;              /**< of it */
  bool returns;            /**< it may return a value; if not, it always reports an error */
  uint8 result_form;       /**< KJ_BOOL, ... of the parameter */
  kj_value args[2];        /**< what it is called with; their null flags: then it isn't called */
} kj_cold;

typedef struct kj_batch kj_batch;

/** The slots that steps read. */
enum { KJ_INNER, KJ_OUTER, KJ_SCAN, KJ_SLOTS };

/** An expression while it is compiled. */
typedef struct kj_expr {
  kj_batch *batch;                          /**< what it is compiled with */
  ExprState *state;                         /**< PostgreSQL's */
  kiln_func *f;                             /**< the function */
  kiln_value v_state, v_econtext, v_isnull; /**< its parameters */
  struct {
    kiln_value slot, values, nulls; /**< none, if no step needs it */
  } slots[KJ_SLOTS];
  kiln_value result_values, result_nulls; /**< arrays of the slot that results go to, or none */
  kiln_value agg_values, agg_nulls;       /**< of the ExprContext, or none */
  kiln_block ret_false;                   /**< returns false; made where it is first needed */
  bool has_ret_false;                     /**< it is there */
  bool reachable;                         /**< the current block runs */
  kj_step *steps;                         /**< of the expression, in order */
  kj_cell *cells;                         /**< 0: the result of the whole expression */
  int n_cells, max_cells;
  int *table, table_size; /**< cells by address */
  kj_access *accesses;    /**< by step, of all cells */
  int n_accesses, max_accesses;
  uint32 time; /**< counts changes of cells */
  int newest;  /**< the cell that changed last, at the head of a list; -1: none */
  int *joined; /**< cells that may differ at a join */
  int max_joined;
  kj_edge *edges;
  int n_edges, max_edges;
  kj_cold *colds;
  int n_colds, max_colds;
  kj_chain *chains;
  int n_chains, max_chains;
} kj_expr;

/** A function that deforms tuples, of one batch. */
typedef struct kj_deform {
  TupleDesc desc;               /**< whose tuples */
  const TupleTableSlotOps *ops; /**< of which slots */
  int natts;                    /**< up to which column */
  kiln_symbol symbol;           /**< the function */
} kj_deform;

/** Signatures that code uses: an i64 as result or none, and a number of i64. */
enum {
  KJ_SIG_I64_1,
  KJ_SIG_I64_3,
  KJ_SIG_I8_3,
  KJ_SIG_VOID_1,
  KJ_SIG_VOID_2,
  KJ_SIG_VOID_3,
  KJ_SIG_VOID_4,
  KJ_SIG_REPARENT,
  KJ_SIG_I8_2,
  KJ_SIG_I32_2,
  KJ_SIG_I64_2,
  KJ_SIGS
};

/** What is compiled together. */
struct kj_batch {
  kiln_module *module;
  kiln_session *session;
  MemoryContext memory;   /**< lives as long as the code */
  kiln_sig sigs[KJ_SIGS]; /**< 0: not made yet */
  int flags;              /**< PGJIT_...: what is wanted */
  int n_functions;        /**< that were compiled: kiln_jit_function's numbers */
  int n_expressions;      /**< of these: expressions */
  kj_deform *deforms;
  int n_deforms, max_deforms;
  instr_time deforming; /**< how long it took to make these */
  int *fetches; /**< numbers of columns that slots of the batch are deformed up to, ascending */
  int n_fetches, max_fetches;
};

/* ---- value.c ---- */

/** The signature of that number. */
extern kiln_sig kj_sig(kj_batch *b, int number);
/** Splits the address of memory that lives as long as the expression into a base, from which code reaches it, and a
 * displacement. */
extern kiln_value kj_place(kj_expr *e, const void *address, int32 *disp);
/** An address as an operand: of anything that stays where it is. */
extern kiln_value kj_address(kj_expr *e, const void *address);
/** Loads from memory that lives as long as the expression. */
extern kiln_value kj_load(kj_expr *e, kiln_type type, const void *address);
/** Stores to such memory. */
extern void kj_store(kj_expr *e, kiln_type type, const void *address, kiln_value v);
/** A value that is not null. */
extern kj_value kj_make(kj_form form, kiln_value a);
/** A constant that is not null. */
extern kj_value kj_const(Datum constant);
/** Of a value, in the current block: its Datum as an i64. */
extern kiln_value kj_as_datum(kj_expr *e, const kj_value *v);
/** Its truth as an i8: to be read by the next instruction, if it is a comparison. */
extern kiln_value kj_as_bool(kj_expr *e, const kj_value *v);
/** The integer of 16, 32 or 64 bits that a constant is: of a narrow type the upper bits of its Datum mean nothing. */
extern int64 kj_constant_int(const kj_value *v, kiln_type type);
/** It as an operand of type `to`, which is as wide as its own type `from` or wider. */
extern kiln_value kj_as_wider(kj_expr *e, const kj_value *v, kiln_type from, kiln_type to);
/** It as an operand of a type: an integer of 16, 32 or 64 bits, I8 (a truth value) or a float. */
extern kiln_value kj_as_type(kj_expr *e, const kj_value *v, kiln_type type);
/** The form of values of a type. */
extern kj_form kj_form_of(kiln_type type);
/** Whether it is null, as an i8: a constant where that is known. */
extern kiln_value kj_null(kj_expr *e, const kj_value *v);
/** Adds the null flags of `from` to `v`'s. */
extern void kj_add_nulls(kj_expr *e, kj_value *v, const kj_value *from);
/** Makes it never null. */
extern void kj_not_null(kj_value *v);
/** Brings it to a form that all ways to a join give: a Datum or truth value, and one flag. */
extern void kj_settle(kj_expr *e, kj_value *v, bool boolean);
/** Writes value and flag to memory. Either place may be NULL. */
extern void kj_store_value(kj_expr *e, Datum *value, bool *isnull, const kj_value *v);
/** Reads both from there. */
extern kj_value kj_load_value(kj_expr *e, Datum *value, bool *isnull);

/* ---- cells.c ---- */

/** Doubles an array in a memory context, which moves it, so nothing may point into it. With KILNJIT_MOVE it grows by
 * one item, so that each append moves it, in memory of malloc. */
extern void *kj_grow(MemoryContext where, void *array, int n, int *max, Size item);
/** Makes room for one more item after the `n` of an array. */
#define KJ_ROOM(where, array, n, max)                                                              \
  ((n) < (max) ? (void)0                                                                           \
               : (void)((array) = kj_grow((where), (array), (n), &(max), sizeof(*(array)))))

/** The cell at a place, which becomes one. */
extern int kj_add_cell(kj_expr *e, Datum *value, bool *isnull);
/** The cell at a place; -1: none. */
extern int kj_find_cell(const kj_expr *e, const Datum *value, const bool *isnull);
/** Notes that step `i` reads or writes a cell; -1: none. Steps in order, reads first. */
extern void kj_note_access(kj_expr *e, int cell, int i, bool writes);
/** Gives each cell its accesses, when all are noted. */
extern void kj_sort_accesses(kj_expr *e);
/** Whether what a cell holds may be read at or after step `i`, which is jumped to. */
extern bool kj_is_live(const kj_expr *e, int cell, int i);
/** What a place holds: the cell's value, or what memory has. */
extern kj_value kj_read(kj_expr *e, Datum *value, bool *isnull);
/** What a cell holds. */
extern kj_value kj_read_cell(kj_expr *e, int cell);
/** The result of step `i` so far. */
extern kj_value kj_read_result(kj_expr *e, int i);
/** Makes `v` the result of step `i`. */
extern void kj_write_result(kj_expr *e, int i, kj_value v);
/** Writes what a cell holds to memory, where a function reads it; -1: none. */
extern void kj_flush_cell(kj_expr *e, int cell);
/** Writes the result of step `i` so far to memory, where a function reads it. */
extern void kj_flush_result(kj_expr *e, int i);
/** The result of step `i` is what a function wrote to memory. */
extern void kj_reload_result(kj_expr *e, int i);
/** Replaces what a cell holds, on this way. */
extern void kj_set_cell(kj_expr *e, int cell, kj_value v);
/** Goes to step `target`. */
extern void kj_jump(kj_expr *e, int target);
/** Goes to step `target` if the i8 `cond` is `when`, else on in a new block. */
extern void kj_jump_if(kj_expr *e, kiln_value cond, bool when, int target);
/** As kj_jump_if, with `v` as the result of step `i` on that way. */
extern void kj_jump_with(kj_expr *e, kiln_value cond, bool when, int target, int i, kj_value v);
/** Goes to the step of the case that the integer `v` equals, else to step `otherwise`. Values differ. */
extern void kj_switch(kj_expr *e, kiln_type type, kiln_value v, const kj_arm *cases, int n_cases,
                      int otherwise);
/** Begins the block of step `i`, which is jumped to: what cells hold is what all ways to it give. */
extern void kj_begin_target(kj_expr *e, int i);

/* ---- expr.c ---- */

/** Builds the function of an expression. `why` says what is not done, if the result is false. */
extern bool kj_build_expr(kj_batch *b, ExprState *state, kiln_symbol symbol, const char **why);

/* ---- steps.c ---- */

/** What a step kind does with its result's place. */
enum {
  KJ_READS = 1,  /**< it reads what is there */
  KJ_WRITES = 2, /**< it writes */
  KJ_BOOLEAN = 4 /**< what it writes is a truth value */
};

/** Makes the code of step `i`. */
typedef void (*kj_emit_fn)(kj_expr *e, int i, ExprEvalStep *op);

/** A kind of steps. */
typedef struct kj_step_kind {
  kj_emit_fn emit;     /**< NULL: there is no code for it */
  const char *unknown; /**< then: its name */
  void *
    helper; /**< kj_emit_helper: a function of PostgreSQL, (ExprState *, ExprEvalStep *, ExprContext *) */
  uint16 jump;   /**< offset in ExprEvalStep of the step's number that it may go to; 0: none */
  uint16 jump2;  /**< a second one */
  uint16 fcinfo; /**< offset of the FunctionCallInfo that it reads arguments of; 0: none */
  uint8 access;  /**< KJ_READS, ... */
} kj_step_kind;

/** By ExprEvalOp. */
extern const kj_step_kind kj_step_kinds[EEOP_LAST];
/** The arguments that step reads: FunctionCallInfo or NULL. */
extern FunctionCallInfo kj_step_fcinfo(const ExprEvalStep *op);
/** The slot that an opcode of a group of three (inner, outer, scan) is about. */
extern int kj_slot_of(ExprEvalOp opcode, ExprEvalOp inner);
/** Calls the function of PostgreSQL's interpreter that the kind of step `i` names. */
extern void kj_emit_helper(kj_expr *e, int i, ExprEvalStep *op);
/** The place of step `i`'s other operand, for those that have one. */
extern bool kj_step_source(const ExprEvalStep *op, Datum **value, bool **isnull);

/* ---- calls.c ---- */

extern void kj_emit_func(kj_expr *e, int i, ExprEvalStep *op);
extern void kj_emit_distinct(kj_expr *e, int i, ExprEvalStep *op);
extern void kj_emit_nullif(kj_expr *e, int i, ExprEvalStep *op);
extern void kj_emit_iocoerce(kj_expr *e, int i, ExprEvalStep *op);
extern void kj_emit_hash(kj_expr *e, int i, ExprEvalStep *op);
extern void kj_emit_hash_begin(kj_expr *e, int i, ExprEvalStep *op);
extern void kj_emit_rowcompare(kj_expr *e, int i, ExprEvalStep *op);
/** Calls a function with arguments that are in memory. The result's flag is loaded. */
extern kj_value kj_call(kj_expr *e, FunctionCallInfo fcinfo, PGFunction fn);
/** Writes arguments of step `i` to memory, from the `first` on. */
extern void kj_flush_args(kj_expr *e, int i, int first);
/** Notes cold code, which is built at the end; its blocks are there. */
extern void kj_cold_add(kj_expr *e, const kj_cold *c);
/** Builds the cold code, at the end. */
extern void kj_build_colds(kj_expr *e);

/* ---- operator.c ---- */

/** The operator that computes a function; NULL: none. */
extern const kj_operator *kj_find_operator(PGFunction fn, FunctionCallInfo fcinfo);
/** Whether its result is a truth value. */
extern bool kj_operator_is_boolean(const kj_operator *op);
/** Number of its arguments: 1 or 2. */
extern int kj_operator_args(const kj_operator *op);
/** Computes it: the result's null flags are those of the arguments. KJ_NONE: it isn't computed for these arguments,
 * and nothing was built. */
extern kj_value kj_emit_operator(kj_expr *e, const kj_operator *op, FunctionCallInfo fcinfo,
                                 const kj_value *args);

/* ---- varlena.c ---- */

/** The bytes of a text, their number, and the first 8 of them. */
typedef struct kj_bytes {
  const char *at; /**< they are here */
  int n;          /**< number */
  uint64 head;    /**< the first 8; of less than 8, all */
} kj_bytes;

/** Whether texts under a collation are equal only if their bytes are. */
extern bool kj_equal_by_bytes(Oid collation);
/** Whether a pattern of LIKE stands for the same whether it is matched by characters or by bytes. */
extern bool kj_like_by_bytes(void);
/** The bytes of a text that is neither compressed nor elsewhere; of a bpchar, those before the blanks at the end. */
extern kj_bytes kj_bytes_of(Datum text, bool bpchar);
/** Whether two are equal. */
extern bool kj_same_bytes(const kj_bytes *a, const kj_bytes *b);
/** Calls a function of two arguments unless a flag in `any` is set, whose flags become one. Then the result is 0. */
extern kiln_value kj_call_unless_null(kj_expr *e, kj_value *any, void *function, int sig,
                                      kiln_type result, const kiln_value *args);
/** Computes an operator of text or numeric; the value alone. `any` has the flags of the arguments, which become one.
 * KJ_NONE: as of kj_emit_operator. */
extern kj_value kj_emit_varlena(kj_expr *e, const kj_operator *op, const kj_value *args,
                                kj_value *any);

/* ---- search.c ---- */

/** Emits a step for IN or NOT IN, or = ANY and <> ALL of an array: EEOP_SCALARARRAYOP and the hashed one. */
extern void kj_emit_in(kj_expr *e, int i, ExprEvalStep *op);
/** Finds chains. After cells know their writers, and before it is known what is jumped to. */
extern void kj_find_chains(kj_expr *e);
/** Emits all tests of a chain. */
extern void kj_emit_chain(kj_expr *e, const kj_chain *c);

/* ---- aggregate.c ---- */

extern void kj_emit_agg_deserialize(kj_expr *e, int i, ExprEvalStep *op);
extern void kj_emit_agg_check_args(kj_expr *e, int i, ExprEvalStep *op);
/** Whether a step looks whether the result so far, which is cell 0, is null. */
extern bool kj_checks_result(const kj_expr *e, const ExprEvalStep *op);
extern void kj_emit_agg_check_nulls(kj_expr *e, int i, ExprEvalStep *op);
extern void kj_emit_agg_pergroup(kj_expr *e, int i, ExprEvalStep *op);
/** Goes on if a row of a sorted input differs from the one before. */
extern void kj_emit_agg_distinct(kj_expr *e, int i, ExprEvalStep *op);
extern void kj_emit_agg_trans(kj_expr *e, int i, ExprEvalStep *op);

/* ---- deform.c ---- */

/** The function that deforms tuples of `desc` in slots of kind `ops` up to column `natts`, made if the batch has
 * none; id 0: there is none for such slots. */
extern kiln_symbol kj_deform_function(kj_batch *b, TupleDesc desc, const TupleTableSlotOps *ops,
                                      int natts);
/** Notes that slots are deformed up to that column, so that functions can go on from there. */
extern void kj_note_fetch(kj_batch *b, int natts);

#endif
