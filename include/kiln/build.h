/* Building functions: the calls a front end makes per block and instruction.
 *
 * The first error sticks to the function: later calls give "none" and change nothing, so a front
 * end checks once, at `kiln_func_finish` or `kiln_func_compile`. Operands are checked (range, type);
 * only `kiln_func_verify` checks dominance. Values and blocks end with their function. A function that is
 * NULL, because there was no memory to begin it, is like one that has failed: every call gives "none" or
 * KILN_ERR_ARGUMENT. */
#ifndef KILN_BUILD_H
#define KILN_BUILD_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- functions ---- */

/** A function being built. */
typedef struct kiln_func kiln_func;

/** Starts the body of `symbol`. The entry block exists, has the signature's parameters as block
 * parameters, and is current. NULL only if out of memory (then the module's status says so) or without a
 * session; other errors stick to the function. Any number of functions may be open in a session. */
KILN_API kiln_func *kiln_func_begin(kiln_session *s, kiln_symbol symbol);

/** The i-th parameter of the function: a parameter of its entry block. */
KILN_API kiln_value kiln_func_param(kiln_func *f, uint32_t i);

/** Checks that the function is complete: every block terminated, every edge with its arguments,
 * every forward value bound. Nothing can be built after it. Returns the function's status. */
KILN_API kiln_status kiln_func_finish(kiln_func *f);

/** Checks a finished function against all rules of docs/ir.md. */
KILN_API kiln_status kiln_func_verify(kiln_func *f);

/** Finishes if that has not been done, generates code and frees the function. Its code joins the
 * session's output in the order of these calls. A function's error becomes the module's: kiln_module_status
 * and kiln_module_diag return it, and no object is written; other functions can still be compiled. */
KILN_API kiln_status kiln_func_compile(kiln_func *f);

/** As kiln_func_compile, for front ends that go on without a function that fails: its error is not passed to
 * the module, and the symbol may be begun again. `diag` (may be NULL) gets the error; its status is KILN_OK if
 * there was none. */
KILN_API kiln_status kiln_func_try_compile(kiln_func *f, kiln_diag *diag);

/** Frees a function (NULL is allowed) without compiling it, and its error. Its symbol stays undefined. */
KILN_API void kiln_func_discard(kiln_func *f);

/** Receives each finished function of an input, in order, and owns it: it must call kiln_func_compile or
 * kiln_func_discard for it before it returns. A status other than KILN_OK stops the
 * reading. */
typedef kiln_status (*kiln_func_sink_fn)(void *user, kiln_func *f);

/** Status of the function's first error, or KILN_OK. */
KILN_API kiln_status kiln_func_status(const kiln_func *f);

/** Reports an error of the front end at the current block and instruction; it sticks. */
KILN_API kiln_status kiln_func_fail(kiln_func *f, kiln_status status, const char *message);

/** For helpers that must end before the function is finished, such as <kiln/ssa.h>: from now on finishing fails with
 * `message` (not copied), until a call with NULL. */
KILN_API void kiln_func_hold(kiln_func *f, const char *message);

/** The number that diagnostics will give to the next instruction. */
KILN_API uint32_t kiln_func_next_inst(const kiln_func *f);

/** The session that a function is built in. */
KILN_API kiln_session *kiln_func_session(const kiln_func *f);

/** The symbol whose body the function is. */
KILN_API kiln_symbol kiln_func_symbol(const kiln_func *f);

/* ---- blocks ---- */

/** Makes a block. Branches to it and instructions in it may be built at any time. Blocks may be filled in any
 * order; leaving a block and returning to it costs a little. */
KILN_API kiln_block kiln_block_new(kiln_func *f);

/** Makes `count` blocks with consecutive ids; returns the first. */
KILN_API kiln_block kiln_block_new_many(kiln_func *f, uint32_t count);

/** Makes `b` the current block: instructions are appended to its end. */
KILN_API void kiln_block_switch(kiln_func *f, kiln_block b);

/** The current block. */
KILN_API kiln_block kiln_block_current(const kiln_func *f);

/** Appends a parameter to any block but the entry, at any time before the function is finished. */
KILN_API kiln_value kiln_block_add_param(kiln_func *f, kiln_block b, kiln_type type);

/** Number of parameters that `b` has so far, which is the index of the next one for kiln_edge_set_arg. */
KILN_API uint32_t kiln_block_param_count(const kiln_func *f, kiln_block b);

/** True if the block has its terminator. */
KILN_API bool kiln_block_is_terminated(const kiln_func *f, kiln_block b);

/** Gives `value` as argument `index` on every edge from `pred` to `target`, whether or not `pred` is
 * terminated already, until the function is finished. */
KILN_API void kiln_edge_set_arg(kiln_func *f, kiln_block pred, kiln_block target, uint32_t index,
                                kiln_value value);

/* ---- operands ---- */

/** Type of a value; VOID for an integer constant (it takes the type that its use requires) and for none. */
KILN_API kiln_type kiln_value_type(const kiln_func *f, kiln_value v);

/** Integer constant of up to 64 bits, sign-extended where a use requires an i128. It has no type. */
KILN_API kiln_value kiln_const_int(kiln_func *f, int64_t value);

/** i128 constant. */
KILN_API kiln_value kiln_const_i128(kiln_func *f, uint64_t low, uint64_t high);

/** f32 constant, bit for bit. */
KILN_API kiln_value kiln_const_f32(kiln_func *f, float value);

/** f64 constant, bit for bit. */
KILN_API kiln_value kiln_const_f64(kiln_func *f, double value);

/** Constant of any type from its bits, low half first. */
KILN_API kiln_value kiln_const_bits(kiln_func *f, kiln_type type, uint64_t low, uint64_t high);

/** Address of a symbol + addend. Thread-local symbols: only as operand of tls_addr. */
KILN_API kiln_value kiln_const_symbol(kiln_func *f, kiln_symbol s, int64_t addend);

/** Makes a stack slot and returns its address, an i64. A slot that is only loaded from and stored to
 * directly, as one type, costs no more than a register. Its initial content is unspecified. */
KILN_API kiln_value kiln_slot_new(kiln_func *f, uint64_t size_bytes, uint32_t align_log2);

/** Marks a slot as an array, or as containing one, for kiln_func_attrs.guard. Call it before the function is
 * finished. */
KILN_API void kiln_slot_set_array(kiln_func *f, kiln_value slot);

/** Makes a forward value: an operand to be bound to a value later. */
KILN_API kiln_value kiln_forward_new(kiln_func *f, kiln_type type);

/** Binds a forward value (once) to a value of the same type. */
KILN_API void kiln_forward_bind(kiln_func *f, kiln_value forward, kiln_value value);

/** Address of block `b` of this function, which becomes address-taken; for kiln_build_brind, directly
 * or after being stored in memory. The entry's address cannot be taken. */
KILN_API kiln_value kiln_block_address(kiln_func *f, kiln_block b);

/** Defines private data that belongs to this function, such as a string or a table; only this
 * function's code and data may use the symbol. The data is left out of the object if the function is. All of
 * `desc` is copied. Errors stick to the function. */
KILN_API kiln_symbol kiln_func_add_data(kiln_func *f, const kiln_data_desc *desc);

/* ---- instructions: by shape ----
 * Each appends to the current block. Shapes of ops.def in brackets. Where a type is passed, it is
 * the instruction's; operands have that type where nothing else is said. */

/** Opcodes, from the table <kiln/ops.def>. */
typedef enum kiln_op {
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc) KILN_OP_##E,
#include <kiln/ops.def>
  KILN_OP_COUNT
} kiln_op;

/** [UN] one operand (TLS_ADDR: a symbol constant), a result. [UNV] one operand, [SLOTV] the address of a slot: no
 * result. RESUME ends the block. */
KILN_API kiln_value kiln_build_unary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a);

/** [BIN] two operands (FCOPYSIGN too), a result. Shift and rotate counts have the type of a.
 * [BINV] two i64, no result. */
KILN_API kiln_value kiln_build_binary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                      kiln_value b);

/** [TERN] three operands, a result. [MEM3] addresses to and from, size (i64). [MEMSET] address, i8,
 * size: no result. */
KILN_API kiln_value kiln_build_ternary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                       kiln_value b, kiln_value c);

/** [CONV_..] from type `from` to `to`. */
KILN_API kiln_value kiln_build_convert(kiln_func *f, kiln_op op, kiln_type to, kiln_type from,
                                       kiln_value a);

/** [NULLARY] no operands, a result of the operation's one type. [NULLARYV] no operands, no result.
 * UNREACHABLE and TRAP end the block. */
KILN_API kiln_value kiln_build_nullary(kiln_func *f, kiln_op op);

/** [RESULT] `index` from 1; directly after its operation, or after another result of it. */
KILN_API kiln_value kiln_build_result(kiln_func *f, kiln_value of, uint32_t index);

/** Integer conditions. Flipping bit 0 negates one. */
typedef enum kiln_icond {
  KILN_ICOND_EQ,  /**< a == b */
  KILN_ICOND_NE,  /**< a != b */
  KILN_ICOND_SLT, /**< a < b, signed */
  KILN_ICOND_SGE, /**< a >= b, signed */
  KILN_ICOND_SLE, /**< a <= b, signed */
  KILN_ICOND_SGT, /**< a > b, signed */
  KILN_ICOND_ULT, /**< a < b, unsigned */
  KILN_ICOND_UGE, /**< a >= b, unsigned */
  KILN_ICOND_ULE, /**< a <= b, unsigned */
  KILN_ICOND_UGT, /**< a > b, unsigned */
  KILN_ICOND_COUNT
} kiln_icond;

/** [ICMP] gives an i8. */
KILN_API kiln_value kiln_build_icmp(kiln_func *f, kiln_icond cond, kiln_type type, kiln_value a,
                                    kiln_value b);

/** Float conditions. If an operand is NaN, those that begin with O are false, with U true. Flipping bit 0 negates. */
typedef enum kiln_fcond {
  KILN_FCOND_OEQ, /**< ordered and a == b */
  KILN_FCOND_UNE, /**< unordered or a != b */
  KILN_FCOND_OLT, /**< ordered and a < b */
  KILN_FCOND_UGE, /**< unordered or a >= b */
  KILN_FCOND_OLE, /**< ordered and a <= b */
  KILN_FCOND_UGT, /**< unordered or a > b */
  KILN_FCOND_OGT, /**< ordered and a > b */
  KILN_FCOND_ULE, /**< unordered or a <= b */
  KILN_FCOND_OGE, /**< ordered and a >= b */
  KILN_FCOND_ULT, /**< unordered or a < b */
  KILN_FCOND_ONE, /**< ordered and a != b */
  KILN_FCOND_UEQ, /**< unordered or a == b */
  KILN_FCOND_ORD, /**< no operand is NaN */
  KILN_FCOND_UNO, /**< an operand is NaN */
  KILN_FCOND_COUNT
} kiln_fcond;

/** [FCMP] gives an i8. */
KILN_API kiln_value kiln_build_fcmp(kiln_func *f, kiln_fcond cond, kiln_type type, kiln_value a,
                                    kiln_value b);

/** [SELECT] cond is an i8. */
KILN_API kiln_value kiln_build_select(kiln_func *f, kiln_type type, kiln_value cond, kiln_value a,
                                      kiln_value b);

/* ---- memory ---- */

/** Flags of memory accesses; combine with KILN_MEM_ALIGN. */
enum {
  KILN_MEM_SEXT = 1u << 5, /**< load: the narrower memory value is sign-extended */
  /** Neither removed nor repeated nor merged with another access. One of more than 8 bytes may be done in parts. */
  KILN_MEM_VOLATILE = 1u << 6,
  KILN_MEM_NONTEMPORAL = 1u << 7 /**< hint: not needed again soon */
};

/** States that the address of an access is a multiple of 2^n (n from 0 to 15). Without it no alignment is
 * assumed: unaligned accesses are always allowed. */
#define KILN_MEM_ALIGN(n) ((unsigned)(n) << 8)

/** [LOAD] of `type` from address `a` + `disp`. */
KILN_API kiln_value kiln_build_load(kiln_func *f, kiln_type type, kiln_value a, int32_t disp,
                                    uint32_t mem_flags);

/** [LOAD] of a narrower integer `mem`, zero-extended, or sign-extended with KILN_MEM_SEXT. */
KILN_API kiln_value kiln_build_load_ext(kiln_func *f, kiln_type type, kiln_type mem, kiln_value a,
                                        int32_t disp, uint32_t mem_flags);

/** [STORE] of `v` to address `a` + `disp`. */
KILN_API void kiln_build_store(kiln_func *f, kiln_type type, kiln_value a, int32_t disp,
                               kiln_value v, uint32_t mem_flags);

/** Stores the low bits of integer `v` of `type` as the narrower `mem`: builds a TRUNC and a STORE. The TRUNC makes no
 * code unless `v` is needed afterwards. */
KILN_API void kiln_build_store_trunc(kiln_func *f, kiln_type type, kiln_type mem, kiln_value a,
                                     int32_t disp, kiln_value v, uint32_t mem_flags);

/** [ADDR] `base` + `index` * `scale` + `disp`. `scale` is 0 to 65535; 0 if `index` is none. */
KILN_API kiln_value kiln_build_addr(kiln_func *f, kiln_value base, kiln_value index, uint32_t scale,
                                    int32_t disp);

/** [SALLOC] aligned to 2^align_log2 (at least to the ABI's stack alignment). */
KILN_API kiln_value kiln_build_salloc(kiln_func *f, kiln_value size, uint32_t align_log2);

/** Memory orderings, as in C11. */
typedef enum kiln_ordering {
  KILN_ORDERING_RELAXED, /**< atomic, orders nothing else */
  KILN_ORDERING_ACQUIRE, /**< later accesses stay after it */
  KILN_ORDERING_RELEASE, /**< earlier accesses stay before it */
  KILN_ORDERING_ACQ_REL, /**< both */
  KILN_ORDERING_SEQ_CST, /**< both, and all of these have one order */
  KILN_ORDERING_COUNT
} kiln_ordering;

/** [ATOMIC_LOAD] from address `a`: relaxed, acquire or seq_cst. */
KILN_API kiln_value kiln_build_atomic_load(kiln_func *f, kiln_type type, kiln_value a,
                                           kiln_ordering order);

/** [ATOMIC_STORE] of `v` to address `a`: relaxed, release or seq_cst. */
KILN_API void kiln_build_atomic_store(kiln_func *f, kiln_type type, kiln_value a, kiln_value v,
                                      kiln_ordering order);

/** Operations of atomic_rmw: what memory becomes. */
typedef enum kiln_rmw {
  KILN_RMW_XCHG, /**< the operand */
  KILN_RMW_ADD,  /**< memory + operand */
  KILN_RMW_SUB,  /**< memory - operand */
  KILN_RMW_AND,  /**< memory & operand */
  KILN_RMW_NAND, /**< ~(memory & operand) */
  KILN_RMW_OR,   /**< memory | operand */
  KILN_RMW_XOR,  /**< memory ^ operand */
  KILN_RMW_SMIN, /**< the lesser, signed */
  KILN_RMW_SMAX, /**< the greater, signed */
  KILN_RMW_UMIN, /**< the lesser, unsigned */
  KILN_RMW_UMAX, /**< the greater, unsigned */
  KILN_RMW_COUNT
} kiln_rmw;

/** [ATOMIC_RMW] at address `a` with operand `v`; gives the old value in memory. */
KILN_API kiln_value kiln_build_atomic_rmw(kiln_func *f, kiln_rmw op, kiln_type type, kiln_value a,
                                          kiln_value v, kiln_ordering order);

/** [ATOMIC_CAS] at address `a`: gives the old value in memory; result 1 is 1 if `desired` was stored, else 0. The
 * failure ordering is one of a load. */
KILN_API kiln_value kiln_build_atomic_cas(kiln_func *f, kiln_type type, kiln_value a,
                                          kiln_value expected, kiln_value desired,
                                          kiln_ordering success, kiln_ordering failure);

/** [FENCE]; not relaxed. */
KILN_API void kiln_build_fence(kiln_func *f, kiln_ordering order);

/* ---- calls ---- */

/** [CALL] of `callee` (a symbol constant without addend, or an i64) with `n_args` arguments. Variadic
 * signatures take more than their parameters. Gives result 0, or none. `args` is copied. */
KILN_API kiln_value kiln_build_call(kiln_func *f, kiln_sig sig, kiln_value callee,
                                    const kiln_value *args, uint32_t n_args);

/** [VA_ARG] the next argument of the va_list at address `a`. */
KILN_API kiln_value kiln_build_va_arg(kiln_func *f, kiln_type type, kiln_value a);

/** [LEVEL] FRAME_ADDR, RETURN_ADDR. */
KILN_API kiln_value kiln_build_level(kiln_func *f, kiln_op op, uint32_t level);

/* ---- terminators: TRY is in <kiln/exceptions.h> ---- */

/** [BR] with the arguments for the target's parameters; those left out may be given later by
 * kiln_edge_set_arg. */
KILN_API void kiln_build_br(kiln_func *f, kiln_block target, const kiln_value *args,
                            uint32_t n_args);

/** [BRIF]; both targets may be the same block. */
KILN_API void kiln_build_brif(kiln_func *f, kiln_value cond, kiln_block then_block,
                              const kiln_value *then_args, uint32_t n_then_args,
                              kiln_block else_block, const kiln_value *else_args,
                              uint32_t n_else_args);

/** One case of a switch. Values are compared in the switch's type; all different. */
typedef struct kiln_switch_case {
  int64_t value;     /**< only the low bits, as many as the type has, count */
  kiln_block target; /**< the block for that value */
} kiln_switch_case;

/** [SWITCH] on an integer of at most 64 bits. Arguments by kiln_edge_set_arg. */
KILN_API void kiln_build_switch(kiln_func *f, kiln_type type, kiln_value v,
                                kiln_block default_block, const kiln_switch_case *cases,
                                uint32_t n_cases);

/** [BRIND] to one of `targets`. Marks them address-taken. Arguments by kiln_edge_set_arg. */
KILN_API void kiln_build_brind(kiln_func *f, kiln_value address, const kiln_block *targets,
                               uint32_t n_targets);

/** [RET] with one value per result of the signature. */
KILN_API void kiln_build_ret(kiln_func *f, const kiln_value *values, uint32_t n_values);

/** [TAILCALL] of `callee`, as kiln_build_call calls it. Function and callee have the same results, the same
 * KILN_PARAM_SRET or none, and one convention, KILN_CC_C or KILN_CC_PRESERVE_NONE. Either no signature is variadic, or
 * both are, with the same parameters: then the callee also gets the function's own further arguments. The arguments
 * on the stack take no more room than the function's own parameters there. Addresses of the function's slots, and of
 * memory from SALLOC, are not valid in the callee. */
KILN_API void kiln_build_tailcall(kiln_func *f, kiln_sig sig, kiln_value callee,
                                  const kiln_value *args, uint32_t n_args);

/* ---- vectors ---- */

/** Operations on the lanes of vectors. `type` is the result's, V64 or V128 but for VEXTRACT and VSIGNS; `lane` is the
 * lanes' type, for VEXTRACT and VSIGNS the operand's. [VUN] a. [VBIN] a and b. [VICMP] [VFCMP] a and b; `number`: a
 * kiln_icond or kiln_fcond. [VSHIFT] a; `number`: the count. [VSPLAT] a, a scalar. [VEXTRACT] a; `number`: the lane, of
 * VSIGNS the bytes of a lane. [VINSERT] a, and b, a scalar; `number`: the lane. Where there is no b, it is none. */
KILN_API kiln_value kiln_build_vector(kiln_func *f, kiln_op op, kiln_type type, kiln_type lane,
                                      uint32_t number, kiln_value a, kiln_value b);

/* ---- source locations ---- */

/** Adds a source file for locations of this session and returns its number (from 1; 0 if the module failed).
 * `name` is copied; equal names have equal numbers. */
KILN_API uint32_t kiln_file_new(kiln_session *s, const char *name);

/** Adds a source location for functions of this session, in a file that has a number; returns its id (from 1; 0: no
 * location). Equal locations may get different ids. */
KILN_API uint32_t kiln_loc_new(kiln_session *s, uint32_t file, uint32_t line, uint32_t column);

/** Instructions built from here on have location `loc` (kiln_loc_new), until the next call. */
KILN_API void kiln_func_set_loc(kiln_func *f, uint32_t loc);

/** Fills in `source`, `source_line` and `source_column` of `d` from the location that was set last, if any. For front
 * ends that report errors of their own. */
KILN_API void kiln_func_fill_diag(const kiln_func *f, kiln_diag *d);

/** Sets the position in the source text (line and column from 1; line 0: unknown) of what is built from here on.
 * Diagnostics about this function contain it, also later ones about the instructions built here. */
KILN_API void kiln_func_set_text_position(kiln_func *f, uint32_t line, uint32_t column);

#ifdef __cplusplus
}
#endif
#endif
