/* Builds functions: the calls that a front end makes for each block and instruction.
 *
 * The first error sticks to the function: later calls return "none" and change nothing, so a front end checks once, at
 * `kiln_func_finish` or `kiln_func_compile`. The calls check the range and type of operands; only `kiln_func_verify`
 * checks dominance. Values and blocks are valid until their function ends. A NULL function, which means that there was
 * no memory to begin it, behaves like one that has failed: every call returns "none" or KILN_ERR_ARGUMENT. */
#ifndef KILN_BUILD_H
#define KILN_BUILD_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- functions ---- */

/** A function being built. */
typedef struct kiln_func kiln_func;

/** Begins the body of `symbol`. The entry block exists already, has the signature's parameters as block parameters, and
 * is current. Returns NULL only if memory runs out (the module's status then says so) or if there is no session; other
 * errors stick to the function. Any number of functions may be open in a session. */
KILN_API kiln_func *kiln_func_begin(kiln_session *s, kiln_symbol symbol);

/** Returns the i-th parameter of the function, which is a parameter of its entry block. */
KILN_API kiln_value kiln_func_param(kiln_func *f, uint32_t i);

/** Checks that the function is complete: every block is terminated, every edge has its arguments, and every forward
 * value is bound. Nothing can be added afterwards. Returns the function's status. */
KILN_API kiln_status kiln_func_finish(kiln_func *f);

/** Checks a finished function against all rules of docs/ir.md. */
KILN_API kiln_status kiln_func_verify(kiln_func *f);

/** Finishes the function unless that has been done, generates its code, and frees it. The code joins the session's
 * output in the order of these calls. If the function has an error, the error becomes the module's: kiln_module_status
 * and kiln_module_diag return it, and no object is written, but other functions can still be compiled. */
KILN_API kiln_status kiln_func_compile(kiln_func *f);

/** Does the same as kiln_func_compile, for front ends that can do without a function that fails: its error is not
 * passed to the module, and the symbol may be begun again. The error is written to `diag` (may be NULL), whose status
 * is KILN_OK if there was none. */
KILN_API kiln_status kiln_func_try_compile(kiln_func *f, kiln_diag *diag);

/** Frees a function without compiling it, together with its error. Its symbol stays undefined. NULL is allowed. */
KILN_API void kiln_func_discard(kiln_func *f);

/** Receives each finished function of an input, in order, and owns it: the callback must pass it to kiln_func_compile
 * or kiln_func_discard before it returns. Reading stops if it returns a status other than KILN_OK. */
typedef kiln_status (*kiln_func_sink_fn)(void *user, kiln_func *f);

/** Returns the status of the function's first error; KILN_OK if there was none. */
KILN_API kiln_status kiln_func_status(const kiln_func *f);

/** Reports an error of the front end at the current block and instruction. The error sticks. */
KILN_API kiln_status kiln_func_fail(kiln_func *f, kiln_status status, const char *message);

/** Makes finishing the function fail with `message` (not copied) until the next call with NULL. This is for helpers
 * that must end before the function is finished, such as <kiln/ssa.h>. */
KILN_API void kiln_func_hold(kiln_func *f, const char *message);

/** Returns the number by which diagnostics will refer to the next instruction. */
KILN_API uint32_t kiln_func_next_inst(const kiln_func *f);

/** Returns the session that the function is built in. */
KILN_API kiln_session *kiln_func_session(const kiln_func *f);

/** Returns the symbol whose body the function is. */
KILN_API kiln_symbol kiln_func_symbol(const kiln_func *f);

/* ---- blocks ---- */

/** Makes a block. Branches to it and instructions in it may be built at any time, and blocks may be filled in any
 * order; leaving a block and returning to it costs a little. */
KILN_API kiln_block kiln_block_new(kiln_func *f);

/** Makes `count` blocks with consecutive ids and returns the first. */
KILN_API kiln_block kiln_block_new_many(kiln_func *f, uint32_t count);

/** Makes `b` the current block, to whose end instructions are appended. */
KILN_API void kiln_block_switch(kiln_func *f, kiln_block b);

/** Returns the current block. */
KILN_API kiln_block kiln_block_current(const kiln_func *f);

/** Appends a parameter to any block but the entry. Allowed at any time before the function is finished. */
KILN_API kiln_value kiln_block_add_param(kiln_func *f, kiln_block b, kiln_type type);

/** Returns the number of parameters that `b` has so far, which is the index of the next one for kiln_edge_set_arg. */
KILN_API uint32_t kiln_block_param_count(const kiln_func *f, kiln_block b);

/** Returns true if the block has its terminator. */
KILN_API bool kiln_block_is_terminated(const kiln_func *f, kiln_block b);

/** Passes `value` as argument `index` on every edge from `pred` to `target`. Allowed until the function is finished,
 * whether or not `pred` is terminated already. */
KILN_API void kiln_edge_set_arg(kiln_func *f, kiln_block pred, kiln_block target, uint32_t index,
                                kiln_value value);

/* ---- operands ---- */

/** Returns the type of a value; VOID for "none" and for an integer constant, which takes the type that its use
 * requires. */
KILN_API kiln_type kiln_value_type(const kiln_func *f, kiln_value v);

/** Returns an integer constant of up to 64 bits, which is sign-extended where a use requires an i128. It has no type of
 * its own. */
KILN_API kiln_value kiln_const_int(kiln_func *f, int64_t value);

/** Returns an i128 constant. */
KILN_API kiln_value kiln_const_i128(kiln_func *f, uint64_t low, uint64_t high);

/** Returns an f32 constant, bit for bit. */
KILN_API kiln_value kiln_const_f32(kiln_func *f, float value);

/** Returns an f64 constant, bit for bit. */
KILN_API kiln_value kiln_const_f64(kiln_func *f, double value);

/** Returns a constant of any type, given its bits, low half first. */
KILN_API kiln_value kiln_const_bits(kiln_func *f, kiln_type type, uint64_t low, uint64_t high);

/** Returns the address of a symbol plus `addend`. The address of a thread-local symbol is allowed only as the operand
 * of tls_addr. */
KILN_API kiln_value kiln_const_symbol(kiln_func *f, kiln_symbol s, int64_t addend);

/** Makes a stack slot and returns its address, an i64. A slot that is only loaded from and stored to directly, as a
 * single type, costs no more than a register. Its initial content is unspecified. */
KILN_API kiln_value kiln_slot_new(kiln_func *f, uint64_t size_bytes, uint32_t align_log2);

/** Marks a slot as being or containing an array, for kiln_func_attrs.guard. Call it before the function is finished. */
KILN_API void kiln_slot_set_array(kiln_func *f, kiln_value slot);

/** Makes a forward value: an operand that is bound to a value later. */
KILN_API kiln_value kiln_forward_new(kiln_func *f, kiln_type type);

/** Binds a forward value, once, to a value of the same type. */
KILN_API void kiln_forward_bind(kiln_func *f, kiln_value forward, kiln_value value);

/** Returns the address of block `b` of this function and marks the block as address-taken. This is for
 * kiln_build_brind, directly or after the address was stored in memory. The address of the entry cannot be taken. */
KILN_API kiln_value kiln_block_address(kiln_func *f, kiln_block b);

/** Defines private data that belongs to this function, such as a string or a table. Only this function's code and data
 * may use the symbol, and the data is omitted from the object if the function is. Everything in `desc` is copied.
 * Errors stick to the function. */
KILN_API kiln_symbol kiln_func_add_data(kiln_func *f, const kiln_data_desc *desc);

/* ---- instructions: by shape ----
 * Each appends to the current block. Shapes of ops.def in brackets. Where a type is passed, it is
 * the instruction's; operands have that type where nothing else is said. */

/** Opcodes, as listed in <kiln/ops.def>. */
typedef enum kiln_op {
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc) KILN_OP_##E,
#include <kiln/ops.def>
  KILN_OP_COUNT
} kiln_op;

/** Builds an operation with one operand. [UN] has a result; the operand of TLS_ADDR is a symbol constant. [UNV] has no
 * result; RESUME ends the block. [SLOTV] takes the address of a slot and has no result. */
KILN_API kiln_value kiln_build_unary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a);

/** Builds an operation with two operands. [BIN] has a result; FCOPYSIGN is one of these; shift and rotate counts have
 * the type of `a`. [BINV] takes two i64 and has no result. */
KILN_API kiln_value kiln_build_binary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                      kiln_value b);

/** Builds an operation with three operands. [TERN] has a result. [MEM3] takes the addresses to write to and to read
 * from and a size (i64); [MEMSET] takes an address, an i8 and a size. Neither of these two has a result. */
KILN_API kiln_value kiln_build_ternary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                       kiln_value b, kiln_value c);

/** Builds a conversion [CONV_..] of `a` from type `from` to type `to`. */
KILN_API kiln_value kiln_build_convert(kiln_func *f, kiln_op op, kiln_type to, kiln_type from,
                                       kiln_value a);

/** Builds an operation without operands. [NULLARY] has a result of the operation's only type. [NULLARYV] has no result;
 * UNREACHABLE and TRAP end the block. */
KILN_API kiln_value kiln_build_nullary(kiln_func *f, kiln_op op);

/** Builds a [RESULT] that names result `index`, from 1, of the operation `of`. It must directly follow that operation,
 * or another of its results. */
KILN_API kiln_value kiln_build_result(kiln_func *f, kiln_value of, uint32_t index);

/** Integer conditions. Flipping bit 0 negates a condition. */
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

/** Builds an integer comparison [ICMP], whose result is an i8. */
KILN_API kiln_value kiln_build_icmp(kiln_func *f, kiln_icond cond, kiln_type type, kiln_value a,
                                    kiln_value b);

/** Floating-point conditions. If an operand is NaN, conditions whose names begin with O are false and those whose names
 * begin with U are true. Flipping bit 0 negates a condition. */
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

/** Builds a floating-point comparison [FCMP], whose result is an i8. */
KILN_API kiln_value kiln_build_fcmp(kiln_func *f, kiln_fcond cond, kiln_type type, kiln_value a,
                                    kiln_value b);

/** Builds a [SELECT], whose result is `a` if the low bit of `cond`, an i8, is 1, and otherwise `b`. */
KILN_API kiln_value kiln_build_select(kiln_func *f, kiln_type type, kiln_value cond, kiln_value a,
                                      kiln_value b);

/* ---- memory ---- */

/** Flags of memory accesses. Combine them with KILN_MEM_ALIGN. */
enum {
  KILN_MEM_SEXT = 1u << 5, /**< load: sign-extends the narrower value in memory */
  /** The access is not removed, repeated, or merged with another access. An access of more than 8 bytes may be done in
   * parts. */
  KILN_MEM_VOLATILE = 1u << 6,
  KILN_MEM_NONTEMPORAL = 1u << 7 /**< hint: the memory is not needed again soon */
};

/** States that the address of an access is a multiple of 2^n, with n from 0 to 15. Without this, no alignment is
 * assumed: unaligned accesses are always allowed. */
#define KILN_MEM_ALIGN(n) ((unsigned)(n) << 8)

/** Builds a [LOAD] of `type` from the address `a` + `disp`. */
KILN_API kiln_value kiln_build_load(kiln_func *f, kiln_type type, kiln_value a, int32_t disp,
                                    uint32_t mem_flags);

/** Builds a [LOAD] of the narrower integer `mem`, which is zero-extended to `type`, or sign-extended with
 * KILN_MEM_SEXT. */
KILN_API kiln_value kiln_build_load_ext(kiln_func *f, kiln_type type, kiln_type mem, kiln_value a,
                                        int32_t disp, uint32_t mem_flags);

/** Builds a [STORE] of `v` to the address `a` + `disp`. */
KILN_API void kiln_build_store(kiln_func *f, kiln_type type, kiln_value a, int32_t disp,
                               kiln_value v, uint32_t mem_flags);

/** Builds a TRUNC and a STORE, which store the low bits of the integer `v` of `type` as the narrower `mem`. The TRUNC
 * generates no code unless `v` is needed afterwards. */
KILN_API void kiln_build_store_trunc(kiln_func *f, kiln_type type, kiln_type mem, kiln_value a,
                                     int32_t disp, kiln_value v, uint32_t mem_flags);

/** Builds an [ADDR], `base` + `index` * `scale` + `disp`. `scale` ranges from 0 to 65535, and is 0 if `index` is
 * none. */
KILN_API kiln_value kiln_build_addr(kiln_func *f, kiln_value base, kiln_value index, uint32_t scale,
                                    int32_t disp);

/** Builds a [SALLOC] of `size` bytes of stack, aligned to 2^align_log2, and at least to the ABI's stack alignment. */
KILN_API kiln_value kiln_build_salloc(kiln_func *f, kiln_value size, uint32_t align_log2);

/** Memory orderings, as in C11. */
typedef enum kiln_ordering {
  KILN_ORDERING_RELAXED, /**< atomic, but orders no other access */
  KILN_ORDERING_ACQUIRE, /**< later accesses stay after it */
  KILN_ORDERING_RELEASE, /**< earlier accesses stay before it */
  KILN_ORDERING_ACQ_REL, /**< both */
  KILN_ORDERING_SEQ_CST, /**< both, in one total order of all such accesses */
  KILN_ORDERING_COUNT
} kiln_ordering;

/** Builds an [ATOMIC_LOAD] from the address `a`. `order` is relaxed, acquire or seq_cst. */
KILN_API kiln_value kiln_build_atomic_load(kiln_func *f, kiln_type type, kiln_value a,
                                           kiln_ordering order);

/** Builds an [ATOMIC_STORE] of `v` to the address `a`. `order` is relaxed, release or seq_cst. */
KILN_API void kiln_build_atomic_store(kiln_func *f, kiln_type type, kiln_value a, kiln_value v,
                                      kiln_ordering order);

/** Operations of atomic_rmw: the value that memory takes. */
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

/** Builds an [ATOMIC_RMW] at the address `a` with the operand `v`. Its result is the old value in memory. */
KILN_API kiln_value kiln_build_atomic_rmw(kiln_func *f, kiln_rmw op, kiln_type type, kiln_value a,
                                          kiln_value v, kiln_ordering order);

/** Builds an [ATOMIC_CAS] at the address `a`. Its result is the old value in memory; result 1 is 1 if `desired` was
 * stored, else 0. `failure` is an ordering that a load may have. */
KILN_API kiln_value kiln_build_atomic_cas(kiln_func *f, kiln_type type, kiln_value a,
                                          kiln_value expected, kiln_value desired,
                                          kiln_ordering success, kiln_ordering failure);

/** Builds a [FENCE]. `order` is not relaxed. */
KILN_API void kiln_build_fence(kiln_func *f, kiln_ordering order);

/* ---- calls ---- */

/** Builds a [CALL] of `callee`, which is a symbol constant without addend or an i64, with `n_args` arguments; with a
 * variadic signature, these may be more than the signature has parameters. Returns result 0, or none if there is no
 * result. `args` is copied. */
KILN_API kiln_value kiln_build_call(kiln_func *f, kiln_sig sig, kiln_value callee,
                                    const kiln_value *args, uint32_t n_args);

/** Builds a [VA_ARG], which reads the next argument of the va_list at the address `a`. */
KILN_API kiln_value kiln_build_va_arg(kiln_func *f, kiln_type type, kiln_value a);

/** Builds a [LEVEL] operation: FRAME_ADDR or RETURN_ADDR. */
KILN_API kiln_value kiln_build_level(kiln_func *f, kiln_op op, uint32_t level);

/* ---- terminators: TRY is in <kiln/exceptions.h> ---- */

/** Builds a [BR] to `target` with arguments for its parameters. Arguments that are left out may be given later by
 * kiln_edge_set_arg. */
KILN_API void kiln_build_br(kiln_func *f, kiln_block target, const kiln_value *args,
                            uint32_t n_args);

/** Builds a [BRIF]. Both targets may be the same block. */
KILN_API void kiln_build_brif(kiln_func *f, kiln_value cond, kiln_block then_block,
                              const kiln_value *then_args, uint32_t n_then_args,
                              kiln_block else_block, const kiln_value *else_args,
                              uint32_t n_else_args);

/** One case of a switch. Values are compared in the switch's type, and all must differ. */
typedef struct kiln_switch_case {
  int64_t value;     /**< only the low bits count, as many as the type has */
  kiln_block target; /**< the block for that value */
} kiln_switch_case;

/** Builds a [SWITCH] on an integer of at most 64 bits. Pass arguments by kiln_edge_set_arg. */
KILN_API void kiln_build_switch(kiln_func *f, kiln_type type, kiln_value v,
                                kiln_block default_block, const kiln_switch_case *cases,
                                uint32_t n_cases);

/** Builds a [BRIND] to one of `targets`, and marks them as address-taken. Pass arguments by kiln_edge_set_arg. */
KILN_API void kiln_build_brind(kiln_func *f, kiln_value address, const kiln_block *targets,
                               uint32_t n_targets);

/** Builds a [RET] with one value for each result of the signature. */
KILN_API void kiln_build_ret(kiln_func *f, const kiln_value *values, uint32_t n_values);

/** Builds a [TAILCALL] of `callee`, which is given as for kiln_build_call. The function and the callee must have the
 * same results, the same KILN_PARAM_SRET or none, and the same convention, KILN_CC_C or KILN_CC_PRESERVE_NONE. Either
 * neither signature is variadic, or both are and have the same parameters; the callee then also gets the function's own
 * variadic arguments. The arguments on the stack must not take more room than the function's own parameters there.
 * Addresses of the function's slots, and of memory from SALLOC, are not valid in the callee. */
KILN_API void kiln_build_tailcall(kiln_func *f, kiln_sig sig, kiln_value callee,
                                  const kiln_value *args, uint32_t n_args);

/* ---- vectors ---- */

/** Builds an operation on the lanes of vectors. `type` is the type of the result, which is V64 or V128 except for
 * VEXTRACT and VSIGNS. `lane` is the type of the lanes: the result's, or, for VEXTRACT and VSIGNS, the operand's. Pass
 * none for `b` where the shape has no `b`. The remaining arguments depend on the shape:
 * - [VUN]: `a`.
 * - [VBIN]: `a` and `b`.
 * - [VICMP], [VFCMP]: `a` and `b`; `number` is a kiln_icond or a kiln_fcond.
 * - [VSHIFT]: `a`; `number` is the count.
 * - [VSPLAT]: `a`, a scalar.
 * - [VEXTRACT]: `a`; `number` is the lane, or, for VSIGNS, the size of a lane in bytes.
 * - [VINSERT]: `a`, and `b`, a scalar; `number` is the lane. */
KILN_API kiln_value kiln_build_vector(kiln_func *f, kiln_op op, kiln_type type, kiln_type lane,
                                      uint32_t number, kiln_value a, kiln_value b);

/* ---- source locations ---- */

/** Adds a source file for locations of this session and returns its number, from 1; 0 if the module failed. `name` is
 * copied. Equal names get equal numbers. */
KILN_API uint32_t kiln_file_new(kiln_session *s, const char *name);

/** Adds a source location for functions of this session, in a file that kiln_file_new numbered. Returns its id, from 1;
 * 0 means no location. Equal locations may get different ids. */
KILN_API uint32_t kiln_loc_new(kiln_session *s, uint32_t file, uint32_t line, uint32_t column);

/** Sets the location of the instructions built from here on to `loc` (kiln_loc_new), until the next call. */
KILN_API void kiln_func_set_loc(kiln_func *f, uint32_t loc);

/** Fills in `source`, `source_line` and `source_column` of `d` from the location that was set last, if there is one.
 * This is for front ends that report errors of their own. */
KILN_API void kiln_func_fill_diag(const kiln_func *f, kiln_diag *d);

/** Sets the position in the source text of whatever is built from here on. Lines and columns count from 1; line 0 means
 * unknown. Diagnostics about this function contain the position, including later ones about the instructions built
 * here. */
KILN_API void kiln_func_set_text_position(kiln_func *f, uint32_t line, uint32_t column);

#ifdef __cplusplus
}
#endif
#endif
