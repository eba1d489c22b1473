/* Building functions: the calls a front end makes per block and instruction.
 *
 * The first error sticks to the function: later calls give "none" and change nothing, so a front
 * end checks once, at `kiln_func_finish` or `kiln_func_compile`. Operands are checked (range, type);
 * dominance is not, that is `kiln_func_verify`. Everything of a function ends with it. A function that is
 * NULL, because there was no memory to begin it, is like one that has failed: every call gives "none" or
 * KILN_ERR_ARGUMENT. */
#ifndef KILN_BUILD_H
#define KILN_BUILD_H

#include <kiln/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Opcodes, from the table <kiln/ops.def>. */
typedef enum kiln_op {
#define OP(E, name, shape, types, fx, doc) KILN_OP_##E,
#include <kiln/ops.def>
  KILN_OP_COUNT
} kiln_op;

/** Integer conditions. Flipping bit 0 negates. */
typedef enum kiln_icond {
  KILN_EQ,  /**< a == b */
  KILN_NE,  /**< a != b */
  KILN_SLT, /**< a < b, signed */
  KILN_SGE, /**< a >= b, signed */
  KILN_SLE, /**< a <= b, signed */
  KILN_SGT, /**< a > b, signed */
  KILN_ULT, /**< a < b, unsigned */
  KILN_UGE, /**< a >= b, unsigned */
  KILN_ULE, /**< a <= b, unsigned */
  KILN_UGT, /**< a > b, unsigned */
  KILN_ICOND_COUNT
} kiln_icond;

/** Float conditions: O.. false, U.. true if an operand is NaN. Flipping bit 0 negates. */
typedef enum kiln_fcond {
  KILN_FOEQ, /**< ordered and a == b */
  KILN_FUNE, /**< unordered or a != b */
  KILN_FOLT, /**< ordered and a < b */
  KILN_FUGE, /**< unordered or a >= b */
  KILN_FOLE, /**< ordered and a <= b */
  KILN_FUGT, /**< unordered or a > b */
  KILN_FOGT, /**< ordered and a > b */
  KILN_FULE, /**< unordered or a <= b */
  KILN_FOGE, /**< ordered and a >= b */
  KILN_FULT, /**< unordered or a < b */
  KILN_FONE, /**< ordered and a != b */
  KILN_FUEQ, /**< unordered or a == b */
  KILN_FORD, /**< no operand is NaN */
  KILN_FUNO, /**< an operand is NaN */
  KILN_FCOND_COUNT
} kiln_fcond;

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

/** Memory orderings, as in C11. */
typedef enum kiln_ordering {
  KILN_RELAXED, /**< atomic, orders nothing else */
  KILN_ACQUIRE, /**< later accesses stay behind it */
  KILN_RELEASE, /**< earlier accesses stay before it */
  KILN_ACQ_REL, /**< both */
  KILN_SEQ_CST, /**< both, and all of these have one order */
  KILN_ORDERING_COUNT
} kiln_ordering;

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

/** A function being built. */
typedef struct kiln_func kiln_func;

/* ---- functions ---- */

/** Starts the body of `symbol`. The entry block exists, has the signature's parameters as block
 * parameters, and is current. NULL only if out of memory (then the module's status says so) or without a
 * session; other errors stick to the function. Any number of functions may be open in a session. */
KILN_API kiln_func *kiln_func_begin(kiln_session *s, kiln_symbol symbol);
/** Allows the function to use processor features `features` (KILN_FEATURE_...), in addition to those of the
 * module's options. To be called before the function is finished. */
KILN_API void kiln_func_features(kiln_func *f, uint32_t features);
/** The function's code is its machine code alone: it has one block, of ASMs without operands and results and a last
 * UNREACHABLE. There is no prologue and no frame, and no frame rows but those of its first instruction and of
 * kiln_asm.rows. To be called
 * before the function is finished. */
KILN_API void kiln_func_naked(kiln_func *f);
/** The function's code uses no register of floats and vectors, so that what other code keeps
 * there stays as it is: in a kernel, or between two ASMs. Small blocks are copied and filled by
 * general registers; a variadic function does not store those of its caller. It is an error if
 * it has a value that is a float or a vector, or for AArch64. What it calls may use them. To be
 * called before the function is finished. */
KILN_API void kiln_func_general(kiln_func *f);
/** The function keeps the frame pointer (x86-64: rbp; AArch64: x29) as the head of a list of
 * frames, for whoever walks the stack without frame rows: profilers, sanitizers. On x86-64
 * others address their frames by the stack pointer, unless that moves; on AArch64 every function
 * with a frame keeps it. A function that needs no frame has none in any case. To be called
 * before the function is finished. */
KILN_API void kiln_func_frame_pointer(kiln_func *f);
/** Callers may not have aligned the stack pointer to 16 bytes, as the convention asks, but to 8 alone: the function
 * does it itself. On x86-64 that is for what code calls that keeps to an older convention; on AArch64, whose stack
 * pointer is always aligned, it is not needed. Slots that are to be aligned to 16 bytes are aligned to 32, and code
 * has their addresses from the frame. To be called before the function has a slot, else it is an error. */
KILN_API void kiln_func_realign_stack(kiln_func *f);
/** The function touches each page of its stack in order, so that running over the end of the stack faults on the
 * guard page there, and never reaches what lies beyond (stack-clash protection). That holds for the frame and for
 * each salloc, of any size. `page_bytes`: distance between two accesses at most, as large as the guard page; 0: 4096;
 * at least 16, and rounded down to what the target's instructions can say. To be called before the function is
 * finished. */
KILN_API void kiln_func_stack_probes(kiln_func *f, uint32_t page_bytes);

/** Protects the function's branches and returns by `what` (KILN_PROTECT_...), in place of what kiln_module_protect said
 * of all. To be called before the function is finished. */
KILN_API void kiln_func_protect(kiln_func *f, uint32_t what);

/** Which functions keep a guard value between their local memory and the return address. */
typedef enum kiln_guard {
  KILN_GUARD_NONE,   /**< never */
  KILN_GUARD_ARRAYS, /**< if the function uses a slot that is an array (kiln_slot_array), or salloc */
  KILN_GUARD_ADDRESSES, /**< or the address of a slot leaves the function's own loads and stores, or one of
                         * these may be outside the slot */
  KILN_GUARD_ALWAYS, /**< always */
  KILN_GUARD_COUNT
} kiln_guard;

/** Guards the function's frame, if it is one that `when` names: the guard (kiln_module_guard) is copied to the
 * frame when the function is entered, and compared before each return; if they differ, `__stack_chk_fail` is
 * called, which must not return. Array slots lie next to the guard, so that what overflows them runs into it,
 * and not into other variables. To be called before the function is finished. */
KILN_API void kiln_func_guard(kiln_func *f, kiln_guard when);

/** Checks that the function is complete: every block terminated, every edge with its arguments,
 * every forward value bound. Nothing can be built after it. Returns the function's status. */
KILN_API kiln_status kiln_func_finish(kiln_func *f);
/** Checks a finished function against all rules of docs/ir.md. */
KILN_API kiln_status kiln_func_verify(kiln_func *f);
/** Finishes if that has not been done, generates code and frees the function. Its code joins the
 * session's output in the order of these calls. A function's error becomes the module's: kiln_module_status
 * and kiln_module_diag tell it, and no object is written; other functions can still be compiled. */
KILN_API kiln_status kiln_func_compile(kiln_func *f);
/** As kiln_func_compile, for front ends that go on without a function that fails: its error is not passed to
 * the module, and the symbol may be begun again. `diag` (may be NULL) gets the error; its status is KILN_OK if
 * there was none. */
KILN_API kiln_status kiln_func_try(kiln_func *f, kiln_diag *diag);
/** Frees a function that is not wanted (NULL is allowed), and its error. Its symbol stays undefined. */
KILN_API void kiln_func_discard(kiln_func *f);
/** For helpers that must be ended before the function is finished, as <kiln/ssa.h>: from now on finishing fails
 * with `message` (not copied), until a call with NULL. */
KILN_API void kiln_func_hold(kiln_func *f, const char *message);
/** Status of the function's first error, or KILN_OK. */
KILN_API kiln_status kiln_func_status(const kiln_func *f);
/** Reports an error of the front end at the current block and instruction; it sticks. */
KILN_API kiln_status kiln_func_error(kiln_func *f, kiln_status status, const char *message);
/** The number that diagnostics give the instruction built next. */
KILN_API uint32_t kiln_func_next_inst(const kiln_func *f);
/** The session that a function is built in. */
KILN_API kiln_session *kiln_func_session(const kiln_func *f);
/** The symbol whose body it is. */
KILN_API kiln_symbol kiln_func_symbol(const kiln_func *f);
/** Names the function that the unwinder calls for this function's frames, as `__gxx_personality_v0`. A function
 * with TRY needs one; to be called before it is finished. */
KILN_API void kiln_func_personality(kiln_func *f, kiln_symbol personality);
/** The i-th parameter of the function: a parameter of its entry block. */
KILN_API kiln_value kiln_func_param(kiln_func *f, uint32_t i);

/* ---- blocks ---- */

/** Makes a block. Branches to it and instructions in it may be built at any time. Blocks may be filled in any
 * order; building may leave a block and return to it, which costs a little. */
KILN_API kiln_block kiln_block_new(kiln_func *f);
/** Makes `n` blocks with consecutive ids; returns the first. */
KILN_API kiln_block kiln_block_new_many(kiln_func *f, uint32_t n);
/** Makes `b` the current block: instructions are appended to its end. */
KILN_API void kiln_block_switch(kiln_func *f, kiln_block b);
/** The current block. */
KILN_API kiln_block kiln_block_current(const kiln_func *f);
/** Appends a parameter to any block but the entry, at any time before the function is finished. */
KILN_API kiln_value kiln_block_param(kiln_func *f, kiln_block b, kiln_type type);
/** Number of parameters that `b` has so far; the next one's index for kiln_edge_arg. */
KILN_API uint32_t kiln_block_param_count(const kiln_func *f, kiln_block b);
/** True if the block has its terminator. */
KILN_API bool kiln_block_terminated(const kiln_func *f, kiln_block b);

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
/** Address of block `b` of this function, which becomes address-taken; for kiln_build_brind, directly
 * or after being stored in memory. The entry's address cannot be taken. */
KILN_API kiln_value kiln_block_address(kiln_func *f, kiln_block b);
/** Defines private data that belongs to this function, such as a string or a table; only this
 * function's code and data may use the symbol. The data is left out of the object if the function is. All of
 * `desc` is copied. Errors stick to the function. */
KILN_API kiln_symbol kiln_func_data(kiln_func *f, const kiln_data_desc *desc);
/** The same in two steps, in a section or section group of its own choice: makes the symbol, so that data and code can
 * refer to it before the data is there. Of `where` only `section` and `comdat` count; `said` says what the section is
 * (kiln_section_declare, but in a frozen module, too), NULL: nothing. */
KILN_API kiln_symbol kiln_func_data_declare(kiln_func *f, const kiln_symbol_desc *where,
                                            const kiln_section_desc *said);
/** The second step: defines the data of a symbol of kiln_func_data_declare. Errors stick to the function. */
KILN_API void kiln_func_data_define(kiln_func *f, kiln_symbol symbol, const kiln_data_desc *desc);
/** Gives `target` + `offset_bytes`, a place in this function's machine code or its own data, a
 * name that others see, as far as `desc` says; of that only the name, linkage and visibility
 * count. The symbol may be declared already, but not defined. It is defined when the object is
 * written, if the function and the place are in it. What is declared again for another place is
 * an error then, but in a section group, or for a local name: there the first one counts. */
KILN_API kiln_symbol kiln_func_alias(kiln_func *f, const kiln_symbol_desc *desc, kiln_symbol target,
                                     int64_t offset_bytes);
/** Makes a stack slot and returns its address, an i64. A slot that is only loaded from and stored to
 * directly, as one type, costs no more than a register. Its initial content is unspecified. */
KILN_API kiln_value kiln_slot_new(kiln_func *f, uint64_t size_bytes, unsigned align_log2);
/** Says that a slot is an array, or contains one: kiln_func_guard. To be called before the function is finished. */
KILN_API void kiln_slot_array(kiln_func *f, kiln_value slot);
/** Makes a forward value: an operand to be bound to a value later. */
KILN_API kiln_value kiln_forward_new(kiln_func *f, kiln_type type);
/** Binds a forward value (once) to a value of the same type. */
KILN_API void kiln_forward_bind(kiln_func *f, kiln_value forward, kiln_value value);

/* ---- instructions: by shape ----
 * Each appends to the current block. Shapes of ops.def in brackets. Where a type is passed, it is
 * the instruction's; operands have that type where nothing else is said. */

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
KILN_API kiln_value kiln_build_result(kiln_func *f, kiln_value of, unsigned index);

/** [ICMP] gives an i8. */
KILN_API kiln_value kiln_build_icmp(kiln_func *f, kiln_icond cond, kiln_type type, kiln_value a,
                                    kiln_value b);
/** [FCMP] gives an i8. */
KILN_API kiln_value kiln_build_fcmp(kiln_func *f, kiln_fcond cond, kiln_type type, kiln_value a,
                                    kiln_value b);
/** [SELECT] cond is an i8. */
KILN_API kiln_value kiln_build_select(kiln_func *f, kiln_type type, kiln_value cond, kiln_value a,
                                      kiln_value b);

/** [LOAD] of `type` from address `a` + `disp`. */
KILN_API kiln_value kiln_build_load(kiln_func *f, kiln_type type, kiln_value a, int32_t disp,
                                    unsigned mem_flags);
/** [LOAD] of a narrower integer `mem`, zero-extended, or sign-extended with KILN_MEM_SEXT. */
KILN_API kiln_value kiln_build_load_ext(kiln_func *f, kiln_type type, kiln_type mem, kiln_value a,
                                        int32_t disp, unsigned mem_flags);
/** [STORE] of `v` to address `a` + `disp`. */
KILN_API void kiln_build_store(kiln_func *f, kiln_type type, kiln_value a, int32_t disp,
                               kiln_value v, unsigned mem_flags);
/** The low bits of integer `v` of `type` to memory as the narrower `mem`: builds a TRUNC and a STORE. The
 * TRUNC costs no code unless `v` is needed afterwards. */
KILN_API void kiln_build_store_trunc(kiln_func *f, kiln_type type, kiln_type mem, kiln_value a,
                                     int32_t disp, kiln_value v, unsigned mem_flags);
/** [ADDR] `base` + `index` * `scale` + `disp`; `index` may be none (then scale is 0); scale is 0 to
 * 65535. */
KILN_API kiln_value kiln_build_addr(kiln_func *f, kiln_value base, kiln_value index, unsigned scale,
                                    int32_t disp);
/** [SALLOC] aligned to 2^align_log2 (at least to the ABI's stack alignment). */
KILN_API kiln_value kiln_build_salloc(kiln_func *f, kiln_value size, unsigned align_log2);

/** [ATOMIC_LOAD] from address `a`: relaxed, acquire or seq_cst. */
KILN_API kiln_value kiln_build_atomic_load(kiln_func *f, kiln_type type, kiln_value a,
                                           kiln_ordering order);
/** [ATOMIC_STORE] of `v` to address `a`: relaxed, release or seq_cst. */
KILN_API void kiln_build_atomic_store(kiln_func *f, kiln_type type, kiln_value a, kiln_value v,
                                      kiln_ordering order);
/** [ATOMIC_RMW] at address `a` with operand `v`; gives the old value in memory. */
KILN_API kiln_value kiln_build_atomic_rmw(kiln_func *f, kiln_rmw op, kiln_type type, kiln_value a,
                                          kiln_value v, kiln_ordering order);
/** [ATOMIC_CAS] at address `a`: gives the old value in memory; result 1 tells whether `desired` was stored. The
 * failure ordering is one of a load. */
KILN_API kiln_value kiln_build_atomic_cas(kiln_func *f, kiln_type type, kiln_value a,
                                          kiln_value expected, kiln_value desired,
                                          kiln_ordering success, kiln_ordering failure);
/** [FENCE]; not relaxed. */
KILN_API void kiln_build_fence(kiln_func *f, kiln_ordering order);

/** [CALL] of `callee` (a symbol constant without addend, or an i64) with `n` arguments. Variadic
 * signatures take more than their parameters. Gives result 0, or none. `args` is copied. */
KILN_API kiln_value kiln_build_call(kiln_func *f, kiln_sig sig, kiln_value callee,
                                    const kiln_value *args, uint32_t n);
/** A place in the bytes of a kiln_asm that the linker fills. */
typedef struct kiln_asm_reloc {
  uint32_t offset_bytes; /**< from the first byte */
  uint32_t type;         /**< the ELF number: R_X86_64_..., R_AARCH64_... */
  kiln_symbol symbol;    /**< what is referred to */
  int64_t addend;        /**< added to its address; 32 bits */
  uint32_t
    slot; /**< of x86-64, with R_X86_64_32S and no symbol: number + 1 of a stack slot, aligned to 16 bytes
                              at most. The field becomes its distance from rbp. 0: none */
} kiln_asm_reloc;

/** Machine code for kiln_build_asm. Registers have the numbers of kiln_register_find. */
typedef struct kiln_asm {
  const void *bytes;   /**< the code; control enters at its first byte and leaves behind its last */
  uint32_t size_bytes; /**< of it */
  uint32_t n_relocs;   /**< of `relocs` */
  const kiln_asm_reloc *relocs; /**< in ascending order of their offsets */
  const uint8_t *params;        /**< by parameter of the signature: the register that has it */
  const uint8_t *results;       /**< by result: the register that the code leaves it in */
  uint64_t
    lost; /**< set of further registers that it changes, a bit each: those that calls preserve. All others, the
                    flags, and memory may be changed without a word */
  const uint8_t *
    rows; /**< in a naked function, for one of its ASMs: how the frame changes from its first byte on, as call frame
                          instructions (DWARF 5, 6.4.2), counted and taken as they are. NULL: it does not */
  uint32_t rows_bytes; /**< of them */
  kiln_symbol place;   /**< of kiln_asm_place: gets the address of the first byte; id 0: none */
} kiln_asm;

/** The symbol of a place of this function that one of its ASMs is to have (kiln_asm.place), so that data can refer to
 * that code. `number`: any below 2^30, not twice for two ASMs. */
KILN_API kiln_symbol kiln_asm_place(kiln_func *f, uint32_t number);

/** [ASM] Machine code with operands and results in registers; `sig` says their types: integers of
 * up to 64 bits, f32, f64, vectors, each with a register of its kind, none twice. The stack is
 * aligned as for a call, and the code leaves the stack pointer as it was; it does not unwind.
 * All is copied. Gives result 0, or none. */
KILN_API kiln_value kiln_build_asm(kiln_func *f, kiln_sig sig, const kiln_asm *code,
                                   const kiln_value *args, uint32_t n);

/** [TAILCALL] of `callee`, as kiln_build_call calls it. Neither signature is variadic, and both have the same results,
 * the same KILN_PARAM_SRET or none; the convention is KILN_CC_C for both, or KILN_CC_PRESERVE_NONE. If
 * both are variadic, with the same parameters, the callee gets the function's own arguments beyond these. The arguments
 * on the stack take no more room than the function's own parameters there. Addresses of the function's slots, and of
 * what SALLOC gave, mean nothing to the callee. */
KILN_API void kiln_build_tailcall(kiln_func *f, kiln_sig sig, kiln_value callee,
                                  const kiln_value *args, uint32_t n);
/** [VA_ARG] the next argument of the va_list at `a`. */
KILN_API kiln_value kiln_build_va_arg(kiln_func *f, kiln_type type, kiln_value a);
/** [LEVEL] FRAME_ADDR, RETURN_ADDR. */
KILN_API kiln_value kiln_build_level(kiln_func *f, kiln_op op, unsigned level);

/** Operations on the lanes of vectors. `type` is the result's, V64 or V128 but for VEXTRACT and VSIGNS; `lane` is the
 * lanes' type, for VEXTRACT and VSIGNS the operand's. [VUN] a. [VBIN] a and b. [VICMP] [VFCMP] a and b; `number`: a
 * kiln_icond or kiln_fcond. [VSHIFT] a; `number`: the count. [VSPLAT] a, a scalar. [VEXTRACT] a; `number`: the lane, of
 * VSIGNS the bytes of a lane. [VINSERT] a, and b, a scalar; `number`: the lane. Where there is no b, it is none. */
KILN_API kiln_value kiln_build_vector(kiln_func *f, kiln_op op, kiln_type type, kiln_type lane,
                                      unsigned number, kiln_value a, kiln_value b);

/** Limits of the target's own instructions. */
enum {
  KILN_MACHINE_OPERANDS = 3, /**< the most operands of a row */
  KILN_MACHINE_NAME = 48     /**< the bytes of the longest name of one, with a NUL */
};
/** A row of the target's own instructions: MACHINE, MACHINE_ACT, MACHINE_DO. */
typedef struct kiln_machine {
  unsigned row;                              /**< for kiln_build_machine */
  kiln_op op;                                /**< what it builds */
  kiln_type result;                          /**< VOID: it makes no value */
  unsigned n_operands;                       /**< including the immediate */
  kiln_type operands[KILN_MACHINE_OPERANDS]; /**< their types */
  bool immediate; /**< the last operand is a constant from `least` to `most` */
  int32_t least;  /**< of the immediate */
  int32_t most;   /**< of the immediate */
} kiln_machine;
/** Finds an instruction by LLVM's name for it, without "llvm.x86." or "llvm.aarch64."; false if there is none. */
KILN_API bool kiln_machine_find(kiln_target target, const char *name, size_t length,
                                kiln_machine *out);
/** [MACHINE] [MACHINEV] the instruction `row` on `n` operands. */
KILN_API kiln_value kiln_build_machine(kiln_func *f, unsigned row, const kiln_value *operands,
                                       unsigned n);

/** For an operation that the table lists but no target lowers: the function
 * fails with KILN_ERR_UNSUPPORTED; the diagnostic has the place and `what`. */
KILN_API kiln_value kiln_build_unsupported(kiln_func *f, kiln_op op, const char *what);

/* ---- terminators ---- */

/** [BR] with the arguments for the target's parameters; those left out may be given later by
 * kiln_edge_arg. */
KILN_API void kiln_build_br(kiln_func *f, kiln_block target, const kiln_value *args, uint32_t n);
/** [BRIF]. Both targets may be the same block. */
KILN_API void kiln_build_brif(kiln_func *f, kiln_value cond, kiln_block then_block,
                              const kiln_value *then_args, uint32_t n_then, kiln_block else_block,
                              const kiln_value *else_args, uint32_t n_else);
/** One case of a switch. Values are compared in the switch's type; all different. */
typedef struct kiln_case {
  int64_t value;     /**< sign-extended or not: only the type's bits count */
  kiln_block target; /**< where to go if it is equal */
} kiln_case;
/** [SWITCH] on an integer of at most 64 bits. Arguments by kiln_edge_arg. */
KILN_API void kiln_build_switch(kiln_func *f, kiln_type type, kiln_value v,
                                kiln_block default_block, const kiln_case *cases, uint32_t n);
/** [BRIND] to one of `targets`. Marks them address-taken. Arguments by kiln_edge_arg. */
KILN_API void kiln_build_brind(kiln_func *f, kiln_value address, const kiln_block *targets,
                               uint32_t n);
/** What a clause of a TRY takes. */
typedef enum kiln_clause_kind {
  KILN_CATCH,     /**< exceptions of a type; the selector is its kiln_typeid */
  KILN_CATCH_ALL, /**< all exceptions; the selector is the kiln_typeid of no symbol */
  KILN_FILTER,    /**< exceptions of none of the types; the selector is negative */
  KILN_CLEANUP /**< all that a frame further out takes; the selector is 0. The code there ends with RESUME, as a
                       rule */
} kiln_clause_kind;
/** One clause of a TRY. Types are symbols, mostly of data, whose meaning is the personality's. */
typedef struct kiln_clause {
  kiln_clause_kind kind;    /**< what it takes */
  kiln_symbol type;         /**< CATCH: the type */
  const kiln_symbol *types; /**< FILTER: the types; a symbol of id 0 is that of CATCH_ALL */
  uint32_t n_types;         /**< FILTER: their number, which may be 0 */
} kiln_clause;
/** A list of clauses that several tries share; id 0: none. It belongs to its function. */
typedef struct kiln_clauses {
  uint32_t id; /**< names it in its function */
} kiln_clauses;
/** A TRY: a call and the two ways on. What is said of kiln_build_call holds for its call. */
typedef struct kiln_try_desc {
  kiln_sig sig;                  /**< of the call */
  kiln_value callee;             /**< of the call */
  const kiln_value *args;        /**< of the call */
  uint32_t n_args;               /**< number of args */
  kiln_block normal;             /**< where the call returns to */
  const kiln_value *normal_args; /**< for its parameters; kiln_try_result is one of the values */
  uint32_t n_normal;             /**< number of normal_args; others may be given by kiln_edge_arg */
  kiln_block unwind; /**< where an exception goes that a clause takes: the landing pad */
  const kiln_value *unwind_args; /**< for its parameters; kiln_try_exception is one of the values */
  uint32_t n_unwind;             /**< number of unwind_args; others may be given by kiln_edge_arg */
  const kiln_clause *clauses;    /**< in the order in which they are asked; CLEANUP is the last */
  uint32_t n_clauses;            /**< number of clauses, at least 1 if `shared` is none */
  kiln_clauses shared;           /**< these in place of `clauses`; they may be told later */
} kiln_try_desc;
/** Makes a list of clauses, for tries of `f` that have the same landing pad. Before the function is finished,
 * kiln_clauses_tell says what is in it: when the pad is built, if that is what knows. */
KILN_API kiln_clauses kiln_clauses_new(kiln_func *f);
/** Says once what is in list `to`. Everything is copied. */
KILN_API void kiln_clauses_tell(kiln_func *f, kiln_clauses to, const kiln_clause *clauses,
                                uint32_t n);
/** [TRY]. Everything in `t` is copied. */
KILN_API void kiln_build_try(kiln_func *f, const kiln_try_desc *t);
/** Result `k` (from 0) of a try by signature `sig`: an argument of such a try's normal edge, and nothing else. */
KILN_API kiln_value kiln_try_result(kiln_func *f, kiln_sig sig, unsigned k);
/** What a try's landing pad is told, k = 0: the exception, an i64; k = 1: the selector, an i32, which says what clause
 * took it. An argument of a try's unwind edge, and nothing else. */
KILN_API kiln_value kiln_try_exception(kiln_func *f, unsigned k);
/** The selector of type `type` in this function, an integer constant: for comparing with exception 1. The symbol of
 * id 0 is the type of CATCH_ALL. */
KILN_API kiln_value kiln_typeid(kiln_func *f, kiln_symbol type);
/** [RET] with one value per result of the signature. */
KILN_API void kiln_build_ret(kiln_func *f, const kiln_value *values, uint32_t n);

/** Gives `value` as argument `index` on every edge from `pred` to `target`, whether or not `pred` is
 * terminated already, until the function is finished. */
KILN_API void kiln_edge_arg(kiln_func *f, kiln_block pred, kiln_block target, uint32_t index,
                            kiln_value value);

/** Marks `b` as a block whose address is taken; `kiln_block_symbol` is its address. */
KILN_API void kiln_block_take_address(kiln_func *f, kiln_block b);

/* ---- places in the front end's input ---- */

/** Sets the place in a text input that the calls from here on come from (line and column from 1; line 0: not
 * known). Diagnostics about this function contain it, also later ones about the instructions built here. */
KILN_API void kiln_func_place(kiln_func *f, uint32_t line, uint32_t column);

/* ---- debug information ---- */

/** Instructions built from here on have location `loc` (kiln_loc_add), until the next call. */
KILN_API void kiln_loc_set(kiln_func *f, uint32_t loc);
/** Fills in source, source_line and source_column of `d` by the location set last; nothing without one. For front ends
 * that report an error of their own. */
KILN_API void kiln_loc_diag(const kiln_func *f, kiln_diag *d);

#ifdef __cplusplus
}
#endif
#endif
