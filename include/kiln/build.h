/* Builds a kiln_func: a front end calls these functions for each block and each instruction.
 *
 * The first error sticks to the function: later calls return "none" and change nothing, so check once, at
 * `kiln_func_finish` or `kiln_func_compile`. Ranges and types of operands are checked at once, dominance only by
 * `kiln_func_verify`. A NULL function, which kiln_func_begin returns if it fails, behaves like one that has failed.
 * Values and blocks are valid until their function is compiled or discarded. docs/building.md shows how it is used. */
#ifndef KILN_BUILD_H
#define KILN_BUILD_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- functions ---- */

/** A function being built. */
typedef struct kiln_func kiln_func;

/** Begins the body of the function `symbol`. The new function has an entry block, which is the current block; its
 * parameters are those of the signature. Any number of functions may be open in a session.
 * - Returns NULL if `s` is NULL, or if memory runs out; then the module's status is KILN_ERR_MEMORY. All other errors
 *   stick to the function.
 * - Owns: kiln_func_compile or kiln_func_discard frees the function. */
KILN_API kiln_func *kiln_func_begin(kiln_session *s, kiln_symbol symbol);

/** Returns parameter number `i` of the function, counting from 0. The parameters of a function are the parameters of
 * its entry block. */
KILN_API kiln_value kiln_func_param(kiln_func *f, uint32_t i);

/** Checks that the function is complete: every block has a terminator, every edge has its arguments, and every forward
 * value is bound. After this call, nothing can be added to the function.
 * - Returns the function's status. */
KILN_API kiln_status kiln_func_finish(kiln_func *f);

/** Checks a finished function against all rules of docs/ir.md. */
KILN_API kiln_status kiln_func_verify(kiln_func *f);

/** Generates the code of the function, which is finished first if it is not yet, and frees the function. The output of
 * a session contains the functions in the order in which they were compiled.
 * - Returns the status of the function. An error becomes an error of the module (kiln_module_status, kiln_module_diag),
 *   so that no object can be written. Other functions can still be compiled.
 * - Owns: `f` is freed in any case. */
KILN_API kiln_status kiln_func_compile(kiln_func *f);

/** Does the same as kiln_func_compile, except that an error of the function does not become an error of the module. Use
 * it in front ends that can continue after a function has failed; they may call kiln_func_begin for the same symbol
 * again.
 * - Writes the error to `diag` (may be NULL), or a diagnostic with the status KILN_OK. */
KILN_API kiln_status kiln_func_try_compile(kiln_func *f, kiln_diag *diag);

/** Frees a function and its error. The function is not compiled. The function's symbol stays undefined. NULL is
 * allowed. */
KILN_API void kiln_func_discard(kiln_func *f);

/** A callback of a reader, such as the bitcode reader. The reader passes each function to the callback after the
 * function is finished, in the order of its input.
 * - Owns: the callback must pass the function to kiln_func_compile or kiln_func_discard before it returns.
 * - Returns KILN_OK; any other status stops the reader.
 * - May build and compile other functions, declare symbols, and read other input into the same session. It must not
 *   free the reader, the session or the module. */
typedef kiln_status (*kiln_func_sink_fn)(void *user, kiln_func *f);

/** Returns the status of the first error of the function `f`. Returns KILN_OK if there was no error. */
KILN_API kiln_status kiln_func_status(const kiln_func *f);

/** Reports an error that the front end found. The position of the error is the current block and instruction. The error
 * sticks to the function. */
KILN_API kiln_status kiln_func_fail(kiln_func *f, kiln_status status, const char *message);

/** Prevents `f` from being finished. Until you call kiln_func_hold with NULL, kiln_func_finish fails with the message
 * `message`. kiln_func_hold does not copy `message`. kiln_func_hold is for helpers, such as <kiln/ssa.h>, that must
 * complete their work before `f` is finished. */
KILN_API void kiln_func_hold(kiln_func *f, const char *message);

/** Returns the number that the next instruction will have in diagnostics. */
KILN_API uint32_t kiln_func_next_inst(const kiln_func *f);

/** Returns the session that the function is built in. */
KILN_API kiln_session *kiln_func_session(const kiln_func *f);

/** Returns the symbol whose body the function is. */
KILN_API kiln_symbol kiln_func_symbol(const kiln_func *f);

/* ---- blocks ---- */

/** Makes a block. Blocks may be filled in any order, and branches to them built at any time. It costs a little compile
 * time to leave a block before it is terminated and to return to it later. */
KILN_API kiln_block kiln_block_new(kiln_func *f);

/** Makes `count` blocks with consecutive ids and returns the first. */
KILN_API kiln_block kiln_block_new_many(kiln_func *f, uint32_t count);

/** Makes `b` the current block. New instructions are appended to the end of the current block. */
KILN_API void kiln_block_switch(kiln_func *f, kiln_block b);

/** Returns the current block. */
KILN_API kiln_block kiln_block_current(const kiln_func *f);

/** Appends a parameter to the block `b`. `b` must not be the entry block. You may call kiln_block_add_param at any time
 * before the function is finished. */
KILN_API kiln_value kiln_block_add_param(kiln_func *f, kiln_block b, kiln_type type);

/** Returns the number of parameters that the block `b` has so far. The next parameter of `b` will have this number as
 * its index in kiln_edge_set_arg. */
KILN_API uint32_t kiln_block_param_count(const kiln_func *f, kiln_block b);

/** Returns true if the block has a terminator. */
KILN_API bool kiln_block_is_terminated(const kiln_func *f, kiln_block b);

/** Passes `value` as argument number `index` on every edge from `pred` to `target`. You may call kiln_edge_set_arg at
 * any time before the function is finished. `pred` need not have a terminator yet. */
KILN_API void kiln_edge_set_arg(kiln_func *f, kiln_block pred, kiln_block target, uint32_t index,
                                kiln_value value);

/* ---- operands ---- */

/** Returns the type of a value. Returns VOID for "none" and for integer constants. An integer constant takes the type
 * that its instruction requires. */
KILN_API kiln_type kiln_value_type(const kiln_func *f, kiln_value v);

/** Returns an integer constant of up to 64 bits. The constant has no type of its own. Where an instruction requires an
 * i128, Kiln sign-extends the constant. */
KILN_API kiln_value kiln_const_int(kiln_func *f, int64_t value);

/** Returns an i128 constant. */
KILN_API kiln_value kiln_const_i128(kiln_func *f, uint64_t low, uint64_t high);

/** Returns an f32 constant, bit for bit. */
KILN_API kiln_value kiln_const_f32(kiln_func *f, float value);

/** Returns an f64 constant, bit for bit. */
KILN_API kiln_value kiln_const_f64(kiln_func *f, double value);

/** Returns a constant of the type `type`. `low` has the lower 64 bits of the constant, and `high` has the upper 64
 * bits. */
KILN_API kiln_value kiln_const_bits(kiln_func *f, kiln_type type, uint64_t low, uint64_t high);

/** Returns the address of the symbol `s`, plus `addend`. If `s` is thread-local, use its address only as the operand of
 * the operation TLS_ADDR. */
KILN_API kiln_value kiln_const_symbol(kiln_func *f, kiln_symbol s, int64_t addend);

/** Makes a stack slot of `size_bytes` bytes, aligned to 2^`align_log2` bytes: (f, 8, 3) is for an i64 or a pointer. The
 * slot's initial content is unspecified. A slot costs no more than a value in a register if all accesses are loads and
 * stores of one type, directly at the slot's address.
 * - Returns the address of the slot, an i64. */
KILN_API kiln_value kiln_slot_new(kiln_func *f, uint64_t size_bytes, uint32_t align_log2);

/** Marks a slot that is an array or contains an array. KILN_GUARD_ARRAYS (kiln_func_attrs.guard) needs this mark. Call
 * kiln_slot_set_array before `f` is finished. */
KILN_API void kiln_slot_set_array(kiln_func *f, kiln_value slot);

/* ---- roots of a garbage collector ---- */

/** Makes a slot a root: a word of the frame that a moving garbage collector may read and change at each call that
 * collects. At the function's entry the word is 0. Kiln does not interpret it: a small integer or null may be in it.
 * docs/ir.md states which calls collect, and which values are *derived* from roots and must not be used after such a
 * call.
 * - The slot has 8 bytes and an alignment of 8, or 4 bytes and an alignment of 4. It shares memory with no other slot
 *   or value.
 * - Call kiln_slot_set_root before the first load or store of the slot, and at any position in the function.
 * - Fails with KILN_ERR_STRUCTURE, when the function is finished, if anything but LOADs and STOREs of the whole slot
 *   refers to it. kiln_func_verify reports a derived value that is used after a call that collects.
 * - A function with roots is not inlined, and nothing is inlined into it. */
KILN_API void kiln_slot_set_root(kiln_func *f, kiln_value slot);

/** Says whether a value is a reference, that is, derived (kiln_slot_set_root).
 * - If `is_reference` is true, the value is derived although it was not loaded from a root: a parameter, the result of
 *   a call, or a load from an object. `v` is a value that an instruction makes, or a parameter of a block.
 * - If `is_reference` is false, `v` must be the result of a COPY. The value is then not derived, even if the operand of
 *   the COPY is. Use this for a tagged integer that was loaded from a root. */
KILN_API void kiln_func_set_reference(kiln_func *f, kiln_value v, bool is_reference);

/** Gives the instruction that is built next an id, which is any number. The tables of roots contain it (docs/roots.md),
 * so that a walk of the stack tells the front end at which call a frame has stopped.
 * - The instruction is a CALL or a TRY that collects. Otherwise, the function fails with KILN_ERR_STRUCTURE when it is
 *   finished.
 * - A call without an id has the id 0.
 * - A function with ids is not inlined, and nothing is inlined into it. */
KILN_API void kiln_func_set_call_id(kiln_func *f, uint32_t id);

/** Makes a forward value. You can use a forward value as an operand at once, and bind it to a value later. */
KILN_API kiln_value kiln_forward_new(kiln_func *f, kiln_type type);

/** Binds a forward value to a value of the same type. You may bind each forward value only once. */
KILN_API void kiln_forward_bind(kiln_func *f, kiln_value forward, kiln_value value);

/** Returns the address of the block `b` of the function `f`, for kiln_build_brind. The program may also store the
 * address in memory and load it again. The block counts as address-taken. The address of the entry block cannot be
 * taken. */
KILN_API kiln_value kiln_block_address(kiln_func *f, kiln_block b);

/** Defines private data of the function `f`, such as a string or a table. If the object omits the function, it omits
 * the data too.
 * - Returns the symbol of the data. Only the code and data of this function may refer to it. In a module with
 *   kiln_module_options.jit, the symbol is valid until the function is discarded, or added by a stream.
 * - Copies everything in `desc`.
 * - Errors stick to the function. */
KILN_API kiln_symbol kiln_func_add_data(kiln_func *f, const kiln_data_desc *desc);

/* ---- instructions: by shape ----
 * Each kiln_build_ function appends an instruction to the current block. In the comments, names in brackets are shapes
 * of <kiln/ops.def>. The parameter `type` of a function is the type of the instruction. The operands have this type,
 * unless the function's comment says otherwise. */

/** Opcodes, as listed in <kiln/ops.def>. */
typedef enum kiln_op {
#define KILN_OP(E, name, shape, types, fx, fact, cost, doc) KILN_OP_##E,
#include <kiln/ops.def>
  KILN_OP_COUNT
} kiln_op;

/** Builds an operation with one operand:
 * - [UN] has a result. TLS_ADDR, of this shape, takes a symbol constant.
 * - [UNV] has no result. RESUME, of this shape, ends the block.
 * - [SLOTV] takes the address of a slot and has no result. */
KILN_API kiln_value kiln_build_unary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a);

/** Builds an operation with two operands. Operations of shape [BIN], including FCOPYSIGN, have a result. In shifts and
 * rotates, the count `b` has the same type as `a`. Operations of shape [BINV] take two i64 operands and have no
 * result. */
KILN_API kiln_value kiln_build_binary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                      kiln_value b);

/** Builds an operation with three operands. For volatile memory, use kiln_build_memory.
 * - [TERN] has a result.
 * - [MEM3] takes the address to write to, the address to read from, and a size (i64), and has no result.
 * - [MEMSET] takes an address, an i8 and a size, and has no result. */
KILN_API kiln_value kiln_build_ternary(kiln_func *f, kiln_op op, kiln_type type, kiln_value a,
                                       kiln_value b, kiln_value c);

/** Builds a conversion [CONV_..] of `a` from type `from` to type `to`. */
KILN_API kiln_value kiln_build_convert(kiln_func *f, kiln_op op, kiln_type to, kiln_type from,
                                       kiln_value a);

/** Builds an operation without operands:
 * - [NULLARY] has a result, of the operation's only result type.
 * - [NULLARYV] has no result. UNREACHABLE and TRAP, of this shape, end the block. */
KILN_API kiln_value kiln_build_nullary(kiln_func *f, kiln_op op);

/** Builds a [RESULT]. The value of a RESULT is result number `index` of the operation `of`. `index` starts at 1,
 * because result 0 is the value of the operation itself. A RESULT must directly follow the operation `of`, or another
 * RESULT of the same operation. */
KILN_API kiln_value kiln_build_result(kiln_func *f, kiln_value of, uint32_t index);

/** Integer conditions. To negate a condition, flip bit 0 of its number. */
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

/** Floating-point conditions. If an operand is NaN, conditions whose names begin with O (ordered) are false. If an
 * operand is NaN, conditions whose names begin with U (unordered) are true. To negate a condition, flip bit 0 of its
 * number. */
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

/** Builds a [SELECT]. `cond` is an i8. The result is `a` if the low bit of `cond` is 1, and `b` otherwise. */
KILN_API kiln_value kiln_build_select(kiln_func *f, kiln_type type, kiln_value cond, kiln_value a,
                                      kiln_value b);

/* ---- memory ---- */

/** Flags of memory accesses. Combine them with KILN_MEM_ALIGN. */
enum {
  KILN_MEM_SEXT = 1u << 5, /**< load: sign-extends the narrower value in memory */
  /** The access is volatile. Kiln does not remove or repeat a volatile access, and does not merge it with another
   * access. Kiln may split a volatile access of more than 8 bytes into several smaller accesses. */
  KILN_MEM_VOLATILE = 1u << 6,
  KILN_MEM_NONTEMPORAL = 1u << 7 /**< hint: the memory is not needed again soon */
};

/** Flag of a memory access: the address is a multiple of 2^n. `n` is from 0 to 15. Without this flag, Kiln assumes no
 * alignment. Unaligned accesses are always allowed. */
#define KILN_MEM_ALIGN(n) ((unsigned)(n) << 8)

/** Builds a [LOAD] of `type` from the address `a` + `disp`. `disp` is in bytes. `mem_flags` is KILN_MEM_..., or 0. */
KILN_API kiln_value kiln_build_load(kiln_func *f, kiln_type type, kiln_value a, int32_t disp,
                                    uint32_t mem_flags);

/** Builds a [LOAD] of an integer that has the type `mem` in memory, which is narrower than `type`. The LOAD
 * sign-extends the integer to `type` if `mem_flags` contains KILN_MEM_SEXT, and otherwise zero-extends it. */
KILN_API kiln_value kiln_build_load_ext(kiln_func *f, kiln_type type, kiln_type mem, kiln_value a,
                                        int32_t disp, uint32_t mem_flags);

/** Builds a [STORE] of `v` to the address `a` + `disp`; `disp` and `mem_flags` as for kiln_build_load. */
KILN_API void kiln_build_store(kiln_func *f, kiln_type type, kiln_value a, int32_t disp,
                               kiln_value v, uint32_t mem_flags);

/** Builds a TRUNC of the integer `v` from `type` to the narrower type `mem`, and a STORE of the result to the address
 * `a` + `disp`. If no later instruction uses `v`, the TRUNC generates no code, because its result stays in the register
 * of `v`. Otherwise, the TRUNC may copy `v` to another register. */
KILN_API void kiln_build_store_trunc(kiln_func *f, kiln_type type, kiln_type mem, kiln_value a,
                                     int32_t disp, kiln_value v, uint32_t mem_flags);

/** Builds an operation of shape [MEM3] or [MEMSET] whose memory may be volatile. The operands `a`, `b` and `c` are the
 * same as those of kiln_build_ternary. `mem_flags` is KILN_MEM_VOLATILE or 0. */
KILN_API void kiln_build_memory(kiln_func *f, kiln_op op, kiln_value a, kiln_value b, kiln_value c,
                                uint32_t mem_flags);

/** Builds an [ADDR]. Its result is `base` + `index` * `scale` + `disp`. `scale` ranges from 0 to 65535. If `index` is
 * none, `scale` has no effect. */
KILN_API kiln_value kiln_build_addr(kiln_func *f, kiln_value base, kiln_value index, uint32_t scale,
                                    int32_t disp);

/** Builds a [SALLOC] of `size` bytes of stack. The result is the address of these bytes. The address is aligned to
 * 2^align_log2 bytes or to the ABI's stack alignment, whichever is larger. */
KILN_API kiln_value kiln_build_salloc(kiln_func *f, kiln_value size, uint32_t align_log2);

/** Memory orderings, as in C11. */
typedef enum kiln_ordering {
  KILN_ORDERING_RELAXED, /**< atomic, but orders no other access */
  KILN_ORDERING_ACQUIRE, /**< later accesses stay after the operation */
  KILN_ORDERING_RELEASE, /**< earlier accesses stay before the operation */
  KILN_ORDERING_ACQ_REL, /**< acquire and release */
  KILN_ORDERING_SEQ_CST, /**< acquire and release, in one total order of all SEQ_CST accesses */
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

/** Builds an [ATOMIC_RMW] at the address `a` with the operand `v`. The result is the value that memory had before the
 * operation. */
KILN_API kiln_value kiln_build_atomic_rmw(kiln_func *f, kiln_rmw op, kiln_type type, kiln_value a,
                                          kiln_value v, kiln_ordering order);

/** Builds an [ATOMIC_CAS] at the address `a`. Result 0 is the value that memory had before the operation. Result 1 is 1
 * if `desired` was stored, and 0 otherwise. `failure` must be an ordering that is allowed for loads. */
KILN_API kiln_value kiln_build_atomic_cas(kiln_func *f, kiln_type type, kiln_value a,
                                          kiln_value expected, kiln_value desired,
                                          kiln_ordering success, kiln_ordering failure);

/** Builds a [FENCE]. `order` is not relaxed. */
KILN_API void kiln_build_fence(kiln_func *f, kiln_ordering order);

/* ---- calls ---- */

/** Builds a [CALL] to `callee`, which is an i64, or a symbol constant with an addend of 0. If the signature is
 * variadic, there may be more arguments than parameters.
 * - Returns result 0, or none if there is no result.
 * - Copies `args`, which has `n_args` arguments. */
KILN_API kiln_value kiln_build_call(kiln_func *f, kiln_sig sig, kiln_value callee,
                                    const kiln_value *args, uint32_t n_args);

/** Builds a [VA_ARG]. A VA_ARG reads the next argument of the va_list at the address `a`. */
KILN_API kiln_value kiln_build_va_arg(kiln_func *f, kiln_type type, kiln_value a);

/** Builds a [LEVEL] operation: FRAME_ADDR or RETURN_ADDR. */
KILN_API kiln_value kiln_build_level(kiln_func *f, kiln_op op, uint32_t level);

/* ---- terminators: TRY is in <kiln/exceptions.h> ---- */

/** Builds a [BR] to `target`. `args` are the arguments for the parameters of `target`. If `args` does not contain all
 * arguments, pass the missing arguments later with kiln_edge_set_arg. */
KILN_API void kiln_build_br(kiln_func *f, kiln_block target, const kiln_value *args,
                            uint32_t n_args);

/** Builds a [BRIF]. Both targets may be the same block. */
KILN_API void kiln_build_brif(kiln_func *f, kiln_value cond, kiln_block then_block,
                              const kiln_value *then_args, uint32_t n_then_args,
                              kiln_block else_block, const kiln_value *else_args,
                              uint32_t n_else_args);

/** One case of a switch. Values are compared in the switch's type. The values of all cases must be different. */
typedef struct kiln_switch_case {
  int64_t value;     /**< truncated to the switch's type */
  kiln_block target; /**< the block to enter for `value` */
} kiln_switch_case;

/** Builds a [SWITCH] on `v`. `v` is an integer of at most 64 bits. Use kiln_edge_set_arg to pass arguments to the
 * target blocks. */
KILN_API void kiln_build_switch(kiln_func *f, kiln_type type, kiln_value v,
                                kiln_block default_block, const kiln_switch_case *cases,
                                uint32_t n_cases);

/** Builds a [BRIND], which jumps to `address`. At run time, `address` must be the address of one of the blocks in
 * `targets`, all of which count as address-taken. Use kiln_edge_set_arg to pass arguments to these blocks. */
KILN_API void kiln_build_brind(kiln_func *f, kiln_value address, const kiln_block *targets,
                               uint32_t n_targets);

/** Builds a [RET] with one value for each result of the signature. */
KILN_API void kiln_build_ret(kiln_func *f, const kiln_value *values, uint32_t n_values);

/** Builds a [TAILCALL] to `callee`. `callee` has the same form as for kiln_build_call. The caller's signature and the
 * callee's signature must agree in the following ways:
 * - Both signatures have the same results.
 * - Both signatures have the same convention. This is KILN_CC_C, KILN_CC_PRESERVE_NONE or KILN_CC_TAIL.
 * - If one signature has a parameter with KILN_PARAM_SRET, the other signature has such a parameter too.
 * - If one signature is variadic, the other signature is variadic too and has the same parameters.
 *
 * A variadic callee also receives the caller's own variadic arguments. Unless the convention is KILN_CC_TAIL, arguments
 * that are passed on the stack must not take more room than the caller's own stack parameters. In the callee, addresses
 * of the caller's slots and of its memory from SALLOC are not valid. */
KILN_API void kiln_build_tailcall(kiln_func *f, kiln_sig sig, kiln_value callee,
                                  const kiln_value *args, uint32_t n_args);

/* ---- vectors ---- */

/** Builds an operation on the lanes of vectors. `type` is the type of the result: V64 or V128, unless the operation is
 * VEXTRACT or VSIGNS. `lane` is the type of the lanes of the result; for VEXTRACT and VSIGNS, of the operand. For
 * shapes that have no `b`, pass none as `b`; the other arguments depend on the shape:
 * - [VUN]: `a`.
 * - [VBIN]: `a` and `b`.
 * - [VICMP], [VFCMP]: `a` and `b`; `number` is a kiln_icond or a kiln_fcond.
 * - [VSHIFT]: `a`; `number` is the count.
 * - [VSPLAT]: `a`, a scalar.
 * - [VEXTRACT]: `a`; `number` is the lane. For VSIGNS, `number` is the size of a lane in bytes.
 * - [VINSERT]: `a` and `b`; `b` is a scalar; `number` is the lane. */
KILN_API kiln_value kiln_build_vector(kiln_func *f, kiln_op op, kiln_type type, kiln_type lane,
                                      uint32_t number, kiln_value a, kiln_value b);

/* ---- source locations ---- */

/** Adds a source file, for use in the source locations of the session `s`. Copies `name`. Files with equal names have
 * equal numbers.
 * - Returns the number of the file, which is at least 1, or 0 if the module has failed. */
KILN_API uint32_t kiln_file_new(kiln_session *s, const char *name);

/** Adds a source location for functions of the session `s`. `file` is a number from kiln_file_new. Equal locations may
 * have different ids.
 * - Returns the id of the location, which is at least 1. Id 0 means no location. */
KILN_API uint32_t kiln_loc_new(kiln_session *s, uint32_t file, uint32_t line, uint32_t column);

/** Sets the source location of the instructions that are built from now until the source location is set again. `loc`
 * is an id from kiln_loc_new. */
KILN_API void kiln_func_set_loc(kiln_func *f, uint32_t loc);

/** Fills in the fields `source`, `source_line` and `source_column` of `d`. The fields receive the current source
 * location of `f` (kiln_func_set_loc). If there is none, the fields become empty or 0. Front ends use this function
 * when they report errors of their own. */
KILN_API void kiln_func_fill_diag(const kiln_func *f, kiln_diag *d);

/** Sets the position in the input text for the instructions that are built from now on. Lines and columns count from 1.
 * Line 0 means that the position is unknown. Diagnostics about these instructions contain the position, even if the
 * diagnostics are reported later. */
KILN_API void kiln_func_set_text_position(kiln_func *f, uint32_t line, uint32_t column);

#ifdef __cplusplus
}
#endif
#endif
