/* x86-64 as lib/ sees it: its registers, its types, what clobbers like a call, and the table of lowerings.
 * Called by lib/codegen/walk.c. What is not lowered gives KILN_ERR_UNSUPPORTED with function, block and
 * instruction. */
#include "lib/codegen/asm_inst.h"
#include "lib/codegen/lowerings.h"
#include "targets/x86_64/x64.h"

#include <kiln/dwarf.h>

/* Types that one register holds, and VOID. */
enum { LOWERED = KN_T(VOID) | X64_INT | X64_FLT | X64_VEC };

static void machine_code(struct kn_walk *w, const struct kn_inst *in) {
  kn_lower_asm(w, in, w->target->ir.library->lost);
}

/* ---- the table ---- */

/* A row of the table: the lowering for types of one register, for i128 and for f80; and the same for results that
 * nobody reads. Operations that are lowered alike are written together. */
#define CELL(t, fn, i128, f80)                                                                     \
  (LOWERED >> (t) & 1      ? fn                                                                    \
   : (t) == KILN_TYPE_I128 ? i128                                                                  \
   : (t) == KILN_TYPE_F80  ? f80                                                                   \
                           : kn_lower_unsupported)
#define UNREAD(t) CELL(t, kn_lower_unread, kn_lower_unread, kn_lower_unread)
/* Divisions trap, so that they stay. */
#define KEEPS(E) (KN_EFFECTS_##E & (KN_FX_KEPT | KN_FX_TRAP))
#define LOWER(fn, ...) LOWERS((fn, x64_lower_pair, x64_lower_x87), __VA_ARGS__)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static kn_lower *const lowerings[KILN_OP_COUNT][16][2] = {
  KN_UNSUPPORTED,
  KN_ROWS_OF_ALL,
  LOWER(x64_lower_copy, COPY),
  LOWER(x64_lower_add, ADD),
  LOWER(x64_lower_sub, SUB),
  LOWER(x64_lower_mul, MUL),
  LOWER(x64_lower_high_mul, UMULH, SMULH),
  LOWER(x64_lower_divide, UDIV, SDIV, UREM, SREM),
  LOWER(x64_lower_and, AND),
  LOWER(x64_lower_or, OR),
  LOWER(x64_lower_xor, XOR),
  LOWER(x64_lower_shift, SHL, LSHR, ASHR),
  LOWER(x64_lower_rotate, ROTL, ROTR),
  LOWER(x64_lower_funnel, FSHL, FSHR),
  LOWER(x64_lower_minmax, SMIN, SMAX, UMIN, UMAX),
  LOWER(x64_lower_overflow, SADDO, UADDO, SSUBO, USUBO, SMULO, UMULO),
  LOWER(x64_lower_saturate, SADDS, UADDS, SSUBS, USUBS),
  LOWER(x64_lower_negate, NEG, NOT),
  LOWER(x64_lower_abs, ABS),
  LOWER(x64_lower_clz, CLZ),
  LOWER(x64_lower_ctz, CTZ),
  LOWER(x64_lower_popcnt, POPCNT),
  LOWER(x64_lower_bitrev, BITREV),
  LOWER(x64_lower_byteswap, BSWAP),
  LOWER(x64_lower_icmp, ICMP),
  LOWER(x64_lower_fcmp, FCMP),
  /* its condition may be in flags */
  [KILN_OP_SELECT] = KN_BY_TYPE(TWICE, x64_lower_select, x64_lower_pair, x64_lower_x87),
  LOWER(x64_lower_trunc, TRUNC),
  LOWER(x64_lower_zext, ZEXT),
  LOWER(x64_lower_sext, SEXT),
  LOWER(x64_lower_fconv, FDEMOTE, FPROMOTE),
  LOWERS((x64_lower_ftoi, x64_lower_ftoi, x64_lower_x87), FTOSI, FTOUI, FTOSIS, FTOUIS),
  LOWER(x64_lower_itof, SITOF, UITOF),
  LOWER(x64_lower_bitcast, BITCAST),
  LOWER(x64_lower_farith, FADD, FSUB, FMUL, FDIV),
  LOWER(kn_lower_library, FREM, FMA, FMIN, FMAX, FFLOOR, FCEIL, FTRUNC, FROUND, FROUNDEVEN, FRINT,
        FNEARBYINT),
  LOWER(x64_lower_fneg, FNEG),
  LOWER(x64_lower_fabs, FABS),
  LOWER(x64_lower_fcopysign, FCOPYSIGN),
  LOWER(x64_lower_fsqrt, FSQRT),
  LOWER(x64_lower_fmuladd, FMULADD),
  LOWER(x64_lower_fminimum, FMINIMUM, FMAXIMUM),
  LOWER(x64_lower_get_rounding, GET_ROUNDING),
  LOWER(x64_lower_set_rounding, SET_ROUNDING),
  LOWER(x64_lower_vsplat, VSPLAT),
  LOWER(x64_lower_vresize, VRESIZE),
  LOWER(x64_lower_vextract, VEXTRACT),
  LOWER(x64_lower_vinsert, VINSERT),
  LOWER(x64_lower_vsigns, VSIGNS),
  LOWER(x64_lower_vbin, VADD, VSUB, VAND, VOR, VXOR, VFADD, VFSUB, VFMUL, VFDIV),
  LOWER(x64_lower_vmul, VMUL),
  LOWER(x64_lower_vandn, VANDN),
  LOWER(x64_lower_vselect, VSELECT),
  LOWER(x64_lower_vshift, VSHL, VLSHR, VASHR),
  LOWER(x64_lower_vicmp, VICMP),
  LOWER(x64_lower_vfcmp, VFCMP),
  LOWER(x64_lower_vun, VFSQRT, VSITOF, VFTOSI),
  LOWER(x64_lower_vshuffle, VSHUFFLE),
  LOWER(x64_lower_machine, MACHINE, MACHINE_ACT, MACHINE_DO),
  LOWER(x64_lower_load, LOAD),
  LOWER(x64_lower_store, STORE),
  LOWER(x64_lower_addr, ADDR),
  LOWER(x64_lower_salloc, SALLOC),
  LOWER(x64_lower_stack_save, STACK_SAVE),
  LOWER(x64_lower_stack_restore, STACK_RESTORE),
  LOWER(x64_lower_life, LIFE_START, LIFE_END, VA_END),
  LOWER(x64_lower_memory, MEMCPY, MEMMOVE),
  LOWER(x64_lower_memset, MEMSET),
  LOWER(x64_lower_prefetch, PREFETCH),
  LOWERS((x64_lower_atomic_load, x64_lower_pair_atomic, kn_lower_unsupported), ATOMIC_LOAD),
  LOWERS((x64_lower_atomic_store, x64_lower_pair_atomic, kn_lower_unsupported), ATOMIC_STORE),
  LOWERS((x64_lower_atomic_rmw, x64_lower_pair_atomic, kn_lower_unsupported), ATOMIC_RMW),
  LOWERS((x64_lower_atomic_cas, x64_lower_pair_atomic, kn_lower_unsupported), ATOMIC_CAS),
  LOWER(x64_lower_fence, FENCE),
  ALL_TYPES(machine_code, ASM),
  ALL_TYPES(x64_lower_call, CALL),
  LOWER(x64_lower_va_start, VA_START),
  LOWER(x64_lower_va_copy, VA_COPY),
  LOWERS((x64_lower_va_arg, kn_lower_unsupported, x64_lower_va_arg), VA_ARG),
  LOWER(x64_lower_tls, TLS_ADDR),
  LOWER(x64_lower_frame_addr, FRAME_ADDR, RETURN_ADDR),
  LOWER(x64_lower_builtin_setjmp, BUILTIN_SETJMP),
  LOWER(x64_lower_builtin_longjmp, BUILTIN_LONGJMP),
  LOWER(x64_lower_eh_return, EH_RETURN),
  LOWER(x64_lower_debug_trap, DEBUG_TRAP),
  LOWER(x64_lower_br, BR),
  LOWER(x64_lower_brif, BRIF),
  LOWER(x64_lower_switch, SWITCH),
  LOWER(x64_lower_brind, BRIND),
  LOWER(x64_lower_ret, RET),
  LOWER(x64_lower_unreachable, UNREACHABLE),
  LOWER(x64_lower_trap, TRAP),
};
#pragma GCC diagnostic pop

/* What clobbers like a call on this target: calls, library calls, thread-local addresses. */
static const uint16_t clobbers[KILN_OP_COUNT] = {
#define CALL_LIKE(op, types) [KILN_OP_##op] = (types)
  CALL_LIKE(ASM, 0xffff),       CALL_LIKE(CALL, 0xffff),       CALL_LIKE(MEMCPY, 0xffff),
  CALL_LIKE(MEMMOVE, 0xffff),   CALL_LIKE(MEMSET, 0xffff),     CALL_LIKE(TLS_ADDR, 0xffff),
  CALL_LIKE(FREM, 0xffff),      CALL_LIKE(FMA, 0xffff),        CALL_LIKE(FMIN, 0xffff),
  CALL_LIKE(FMAX, 0xffff),      CALL_LIKE(FFLOOR, 0xffff),     CALL_LIKE(FCEIL, 0xffff),
  CALL_LIKE(FTRUNC, 0xffff),    CALL_LIKE(FROUND, 0xffff),     CALL_LIKE(FROUNDEVEN, 0xffff),
  CALL_LIKE(FRINT, 0xffff),     CALL_LIKE(FNEARBYINT, 0xffff), CALL_LIKE(UDIV, KN_T(I128)),
  CALL_LIKE(SDIV, KN_T(I128)),  CALL_LIKE(UREM, KN_T(I128)),   CALL_LIKE(SREM, KN_T(I128)),
  CALL_LIKE(FTOSI, KN_T(I128)), CALL_LIKE(FTOUI, KN_T(I128)),  CALL_LIKE(SITOF, KN_T(I128)),
  CALL_LIKE(UITOF, KN_T(I128)), CALL_LIKE(FTOSIS, KN_T(I128)), CALL_LIKE(FTOUIS, KN_T(I128)),
  CALL_LIKE(TRY, 0xffff),       CALL_LIKE(RESUME, 0xffff),     CALL_LIKE(BUILTIN_SETJMP, 0xffff),
#undef CALL_LIKE
};

/* Addresses; a load that is an operand in memory; what is read in the flags, also through an extension. */
static const uint8_t waiting[KILN_OP_COUNT] = {
  [KILN_OP_ADDR] = 1, [KILN_OP_ADD] = 1,  [KILN_OP_LOAD] = 1, [KILN_OP_ICMP] = 1,
  [KILN_OP_FCMP] = 1, [KILN_OP_ZEXT] = 1, [KILN_OP_AND] = 1,  [KILN_OP_RESULT] = 1,
};

#define INT_TYPE {.regs = KN_GP_MASK, .bytes = 8, .lowered = true}
#define FLT_TYPE {.regs = ~KN_GP_MASK, .bank = 1, .bytes = 8, .lowered = true}

/* clang-format off */
static const char *const reg_names[64] = {
  "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
  "r14", "r15", [KN_FP_BASE] = "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
  "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"};
/* clang-format on */

/* System V psABI, figure 3.36. */
static const uint8_t dwarf_regs[64] = {
  0,  2,  1,  3,  7,  6,  4,  5,  8,  9,  10, 11, 12, 13, 14, 15, [KN_FP_BASE] = 17,
  18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};

/* ---- what is the same on all systems ---- */

#define ARG(gp, fp) KN_BIT(gp) | KN_BIT(fp)

#define TYPES(vector_is_cut)                                                                       \
  {                                                                                                \
    [KILN_TYPE_VOID] = {.bytes = 8, .lowered = true}, [KILN_TYPE_I8] = INT_TYPE,                   \
    [KILN_TYPE_I16] = INT_TYPE, [KILN_TYPE_I32] = INT_TYPE, [KILN_TYPE_I64] = INT_TYPE,            \
    [KILN_TYPE_I128] = {.bytes = 16, .lowered = true}, [KILN_TYPE_F16] = {.bank = 1, .bytes = 8},  \
    [KILN_TYPE_F32] = FLT_TYPE, [KILN_TYPE_F64] = FLT_TYPE,                                        \
    [KILN_TYPE_F80] = {.bytes = 16, .lowered = true, .in_frame = true},                            \
    [KILN_TYPE_F128] = {.bank = 1, .bytes = 16, .in_frame = true}, [KILN_TYPE_V64] = FLT_TYPE,     \
    [KILN_TYPE_V128] = {                                                                           \
      .regs = ~KN_GP_MASK,                                                                         \
      .bank = 1,                                                                                   \
      .bytes = 16,                                                                                 \
      .lowered = true,                                                                             \
      .cut = (vector_is_cut)                                                                       \
    }                                                                                              \
  }

#define CODE(red_zone, indirect)                                                                   \
  {.fill = 0xcc, /* int3 */                                                                        \
   .align_log2 = 4,                                                                                \
   .cie_code_align = 1,                                                                            \
   .cie_return = 16,                          /* rip */                                            \
   .cie_rules = {KILN_DW_CFA_def_cfa, 7, 8,   /* rsp + 8 */                                        \
                 KILN_DW_CFA_offset | 16, 1}, /* rip: cfa - 8 */                                   \
   .nop = 0x90,                                                                                    \
   .nop_bytes = 1,                                                                                 \
   .red_zone_bytes = (red_zone),                                                                   \
   .indirect_types = (indirect),                                                                   \
   .dwarf_regs = dwarf_regs,                                                                       \
   .frame_regs = {7, 6}, /* rsp, rbp */                                                            \
   .frame_from = {X64_FRAME_BOTTOM, 0}}

#define IR_OF_ALL_SYSTEMS                                                                          \
  .clobbers = clobbers, .machine = &x64_machine, .guard_regs = x64_guard_regs

#define FRAME(probes_by)                                                                           \
  {.without_pointer = true,                                                                        \
   .general_only = true,                                                                           \
   .probes = true,                                                                                 \
   .probe_bytes = (probes_by),                                                                     \
   .realigns = true,                                                                               \
   .aligned_by_pointer = true,                                                                     \
   .reloc = KILN_RELOC_ABS32S}

#define ALL_SYSTEMS                                                                                \
  .reg_names = reg_names, .callee = {X64_R10, X64_RAX}, .exception = {X64_RAX, X64_RDX},           \
  .whole = {KILN_TYPE_I64, KILN_TYPE_F64}, .waiting = waiting, .lowerings = lowerings,             \
  .reloc_first = KILN_RELOC_X64_CALL, .reloc_last = KILN_RELOC_X64_TLS_LE,                         \
  .features = {{"cx16", KILN_FEATURE_CX16}, {"fma", KILN_FEATURE_FMA}},                            \
  .walk_size = sizeof(struct x64_walk),                                                            \
  .hooks = {.move = x64_hook_move,                                                                 \
            .load = x64_hook_load,                                                                 \
            .store = x64_hook_store,                                                               \
            .constant = x64_hook_constant,                                                         \
            .store_constant = x64_hook_store_constant,                                             \
            .copy = x64_hook_copy,                                                                 \
            .address = x64_hook_address,                                                           \
            .deferred = x64_hook_deferred},                                                        \
  .begin = x64_begin, .align_code = x64_align_code, .enter = x64_enter,                            \
  .calls = {.call = x64_call,                                                                      \
            .open_stack = x64_open_stack,                                                          \
            .early_arg = x64_early_arg,                                                            \
            .settle_args = x64_settle_args,                                                        \
            .call_jump = x64_call_jump,                                                            \
            .tail_jump = x64_tail_jump,                                                            \
            .take_results = x64_take_results,                                                      \
            .take_result = x64_take_result,                                                        \
            .keep_result = x64_keep_result,                                                        \
            .free_stack = x64_free_stack},                                                         \
  .jump = x64_jmp, .jump_back = x64_jump_back, .bind_label = x64_bind_label,                       \
  .landing = x64_landing, .finish = x64_finish

/* ---- Linux ---- */

/* r8 to r10, xmm6 to xmm14 */
#define CALLER_HOMES (KN_BIT(X64_R8) | KN_BIT(X64_R9) | KN_BIT(X64_R10) | X64_XMMS(6, 14))

const struct kn_target kn_target_x86_64 = {
  .ir = {IR_OF_ALL_SYSTEMS, .conventions = x64_conventions, .library = &x64_c_convention,
         .reaches_zero = true,    /* programs at a fixed address are in the low 2 GiB */
         .plt_is_address = true}, /* GNU ld and gold take a distance of 32 bits for a call's */
  ALL_SYSTEMS,
  .temps = KN_BIT(X64_RAX) | KN_BIT(X64_RCX) | KN_BIT(X64_RDX) | KN_BIT(X64_RSI) | KN_BIT(X64_RDI) |
           X64_XMMS(0, 5),
  .caller_homes = CALLER_HOMES,
  .around_calls = CALLER_HOMES,
  .callee_homes =
    KN_BIT(X64_RBX) | KN_BIT(X64_R12) | KN_BIT(X64_R13) | KN_BIT(X64_R14) | KN_BIT(X64_R15),
  .scratch = {X64_SCRATCH, KN_FP_BASE + 15},
  .hints = {ARG(X64_RDI, 32), ARG(X64_RSI, 33), ARG(X64_RDX, 34), ARG(X64_RCX, 35), ARG(X64_R8, 36),
            ARG(X64_R9, 37), KN_BIT(38), KN_BIT(39), ARG(X64_RDX, 33)},
  .types = TYPES(true),
  .frame = FRAME(0),
  .roots = true,
  .jit = &x64_jit,
  .code = CODE(128, false),
};

/* ---- Windows: Microsoft's x64 calling convention, and what LLVM makes of it for x86_64-windows-gnu ---- */

/* The temporaries are the least that lowerings need (docs/internals/extending.md): one register is left for homes. */
const struct kn_target kn_target_x86_64_windows = {
  .ir = {IR_OF_ALL_SYSTEMS, .conventions = x64_windows_conventions,
         .library = &x64_windows_convention},
  ALL_SYSTEMS,
  .temps = KN_BIT(X64_RAX) | KN_BIT(X64_RCX) | KN_BIT(X64_RDX) | KN_BIT(X64_R8) | KN_BIT(X64_R9) |
           X64_XMMS(0, 4),
  .caller_homes = KN_BIT(X64_R10),
  .around_calls = KN_BIT(X64_R10),
  .callee_homes = KN_BIT(X64_RBX) | KN_BIT(X64_RSI) | KN_BIT(X64_RDI) | KN_BIT(X64_R12) |
                  KN_BIT(X64_R13) | KN_BIT(X64_R14) | KN_BIT(X64_R15) | X64_XMMS(6, 15),
  .stored_homes = X64_XMMS(6, 15),
  .runtime = &x64_windows_runtime,
  .scratch = {X64_SCRATCH, KN_FP_BASE + 5},
  .hints = {ARG(X64_RCX, 32), ARG(X64_RDX, 33), ARG(X64_R8, 34), ARG(X64_R9, 35),
            [8] = ARG(X64_RDX, 33)},
  .types = TYPES(false),
  .frame = FRAME(4096), /* the stack grows by the page below the last one that was touched */
  .tls_by_index = true,
  .unwind_codes = true,
  .guard_variable = true,
  .roots = true,
  .jit = &x64_windows_jit,
  .code = CODE(0, true), /* their types are read through words of the object */
};
