/* AArch64 as lib/ sees it: its registers, its types, what clobbers like a call, and the table of lowerings.
 * Called by lib/codegen/walk.c. What is not lowered gives
 * KILN_ERR_UNSUPPORTED with function, block and instruction. */
#include "lib/codegen/asm_inst.h"
#include "lib/codegen/lowerings.h"
#include "targets/aarch64/a64.h"

#include <kiln/dwarf.h>

#define ALL 0xffffu
#define QUAD KN_T(F128)
#define WIDE (KN_T(I128) | QUAD)
static const uint16_t clobbers[KILN_OP_COUNT] = {
  [KILN_OP_ASM] = ALL,         [KILN_OP_CALL] = ALL,        [KILN_OP_TRY] = ALL,
  [KILN_OP_RESUME] = ALL,      [KILN_OP_MEMCPY] = ALL,      [KILN_OP_MEMMOVE] = ALL,
  [KILN_OP_MEMSET] = ALL,      [KILN_OP_FREM] = ALL,        [KILN_OP_TLS_ADDR] = ALL,
  [KILN_OP_SDIV] = KN_T(I128), [KILN_OP_UDIV] = KN_T(I128), [KILN_OP_SREM] = KN_T(I128),
  [KILN_OP_UREM] = KN_T(I128), [KILN_OP_FTOSI] = WIDE,      [KILN_OP_FTOUI] = WIDE,
  [KILN_OP_SITOF] = WIDE,      [KILN_OP_UITOF] = WIDE,      [KILN_OP_FPROMOTE] = QUAD,
  [KILN_OP_FDEMOTE] = QUAD,    [KILN_OP_FADD] = QUAD,       [KILN_OP_FSUB] = QUAD,
  [KILN_OP_FMUL] = QUAD,       [KILN_OP_FDIV] = QUAD,       [KILN_OP_FMIN] = QUAD,
  [KILN_OP_FMAX] = QUAD,       [KILN_OP_FMINIMUM] = QUAD,   [KILN_OP_FMAXIMUM] = QUAD,
  [KILN_OP_FCMP] = QUAD,       [KILN_OP_FSQRT] = QUAD,      [KILN_OP_FFLOOR] = QUAD,
  [KILN_OP_FCEIL] = QUAD,      [KILN_OP_FTRUNC] = QUAD,     [KILN_OP_FROUND] = QUAD,
  [KILN_OP_FROUNDEVEN] = QUAD, [KILN_OP_FRINT] = QUAD,      [KILN_OP_FNEARBYINT] = QUAD,
  [KILN_OP_FMA] = QUAD,        [KILN_OP_FMULADD] = QUAD,    [KILN_OP_BUILTIN_SETJMP] = ALL,
};

enum {
  LOWERED = KN_T(VOID) | KN_T(I8) | KN_T(I16) | KN_T(I32) | KN_T(I64) | KN_T(F32) | KN_T(F64) |
            KN_T(V64) | KN_T(V128)
};

static void machine_code(struct kn_walk *w, const struct kn_inst *in) {
  kn_lower_asm(w, in, A64_CLOBBERED);
}
static void nothing(struct kn_walk *w, const struct kn_inst *in) {
  (void)w;
  (void)in;
}
static void drop_one(struct kn_walk *w, const struct kn_inst *in) { kn_drop(w, in->a); }
static void trap(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  a64_emit(w, a64_brk(1));
}
static void debug_trap(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  a64_emit(w, a64_brk(0xf000));
}

/* ---- the table ---- */

/* A conversion from or to a type that no register holds. */
static void convert_wide(struct kn_walk *w, const struct kn_inst *in) {
  unsigned types = 1u << in->type | 1u << (in->x & 31);
  if (types & KN_T(F16) && !(types & ~(KN_T(F16) | LOWERED)) &&
      (in->op == KILN_OP_FPROMOTE || in->op == KILN_OP_FDEMOTE || in->op == KILN_OP_BITCAST))
    (in->op == KILN_OP_BITCAST ? a64_lower_bitcast : a64_lower_half)(w, in);
  else if (types & ~(LOWERED | KN_T(I128) | KN_T(F128))) kn_lower_unsupported(w, in);
  else if (types & KN_T(V128)) a64_bitcast_vector(w, in);
  else if (types & KN_T(F128)) a64_lower_quad(w, in);
  else a64_lower_wide(w, in);
}
/* A conversion from any type: `plain` does those between types of one register. */
KN_INLINE void convert(struct kn_walk *w, const struct kn_inst *in, kn_lower *plain) {
  if (KN_LIKELY(LOWERED >> in->x & 1)) plain(w, in);
  else convert_wide(w, in);
}
static void from_trunc(struct kn_walk *w, const struct kn_inst *in) {
  convert(w, in, a64_lower_trunc);
}
static void from_fconvert(struct kn_walk *w, const struct kn_inst *in) {
  convert(w, in, a64_lower_fconvert);
}
static void from_ftoi(struct kn_walk *w, const struct kn_inst *in) {
  convert(w, in, a64_lower_ftoi);
}
static void from_itof(struct kn_walk *w, const struct kn_inst *in) {
  convert(w, in, a64_lower_itof);
}
static void from_bitcast(struct kn_walk *w, const struct kn_inst *in) {
  convert(w, in, a64_lower_bitcast);
}

/* A row of the table: the lowering for types of one register, for i128 and for f128; and the same for results that
 * nobody reads. */
#define CELL(t, fn, i128, f128) CELL_OF(t, fn, i128, f128, kn_lower_unsupported)
#define CELL_OF(t, fn, i128, f128, f16)                                                            \
  (LOWERED >> (t) & 1      ? fn                                                                    \
   : (t) == KILN_TYPE_I128 ? i128                                                                  \
   : (t) == KILN_TYPE_F128 ? f128                                                                  \
   : (t) == KILN_TYPE_F16  ? f16                                                                   \
                           : kn_lower_unsupported)
#define UNREAD(t)                                                                                  \
  CELL_OF(t, kn_lower_unread, kn_lower_unread, kn_lower_unread, kn_lower_unsupported)
#define KEEPS(E) (KN_EFFECTS_##E & (KN_FX_KEPT))
#define PAIR(t, keeps, ...) {CELL(t, __VA_ARGS__), (keeps) ? CELL(t, __VA_ARGS__) : UNREAD(t)}
#define LOWERS(E, ...) [KILN_OP_##E] = KN_BY_TYPE(PAIR, KEEPS(E), __VA_ARGS__)
#define LOWER(E, fn) LOWERS(E, fn, a64_lower_wide, a64_lower_quad)
#define CONVERT_PAIR(t, fn)                                                                        \
  {CELL_OF(t, fn, convert_wide, convert_wide, convert_wide),                                       \
   CELL_OF(t, kn_lower_unread, kn_lower_unread, kn_lower_unread, kn_lower_unread)}
#define CONVERT(E, fn) [KILN_OP_##E] = KN_BY_TYPE(CONVERT_PAIR, fn)
#define TWICE(t, ...) {CELL(t, __VA_ARGS__), CELL(t, __VA_ARGS__)}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static kn_lower *const lowerings[KILN_OP_COUNT][16][2] = {
  KN_UNSUPPORTED,
  [KILN_OP_PARAM] = KN_BY_TYPE(TWICE, nothing, nothing, nothing),
  [KILN_OP_RESULT] = KN_BY_TYPE(TWICE, nothing, nothing, nothing),
  LOWER(COPY, a64_lower_copy),
  LOWER(ADD, a64_lower_add),
  LOWER(SUB, a64_lower_add),
  LOWER(MUL, a64_lower_mul),
  LOWER(UMULH, a64_lower_mulh),
  LOWER(SMULH, a64_lower_mulh),
  LOWER(UDIV, a64_lower_div),
  LOWER(SDIV, a64_lower_div),
  LOWER(UREM, a64_lower_div),
  LOWER(SREM, a64_lower_div),
  LOWER(AND, a64_lower_logic),
  LOWER(OR, a64_lower_logic),
  LOWER(XOR, a64_lower_logic),
  LOWER(SHL, a64_lower_shift),
  LOWER(LSHR, a64_lower_shift),
  LOWER(ASHR, a64_lower_shift),
  LOWER(ROTL, a64_lower_rotate),
  LOWER(ROTR, a64_lower_rotate),
  LOWER(FSHL, a64_lower_funnel),
  LOWER(FSHR, a64_lower_funnel),
  LOWER(SMIN, a64_lower_minmax),
  LOWER(SMAX, a64_lower_minmax),
  LOWER(UMIN, a64_lower_minmax),
  LOWER(UMAX, a64_lower_minmax),
  LOWER(SADDO, a64_lower_overflow),
  LOWER(UADDO, a64_lower_overflow),
  LOWER(SSUBO, a64_lower_overflow),
  LOWER(USUBO, a64_lower_overflow),
  LOWER(SMULO, a64_lower_overflow),
  LOWER(UMULO, a64_lower_overflow),
  LOWER(SADDS, a64_lower_saturate),
  LOWER(UADDS, a64_lower_saturate),
  LOWER(SSUBS, a64_lower_saturate),
  LOWER(USUBS, a64_lower_saturate),
  LOWER(NEG, a64_lower_not_neg),
  LOWER(NOT, a64_lower_not_neg),
  LOWER(ABS, a64_lower_abs),
  LOWER(CLZ, a64_lower_count),
  LOWER(CTZ, a64_lower_count),
  LOWER(POPCNT, a64_lower_count),
  LOWER(BITREV, a64_lower_reverse),
  LOWER(BSWAP, a64_lower_reverse),
  LOWER(ICMP, a64_lower_cmp),
  LOWER(FCMP, a64_lower_cmp),
  LOWER(SELECT, a64_lower_select),
  CONVERT(TRUNC, from_trunc),
  LOWER(ZEXT, a64_lower_extend),
  LOWER(SEXT, a64_lower_extend),
  CONVERT(FDEMOTE, from_fconvert),
  CONVERT(FPROMOTE, from_fconvert),
  CONVERT(FTOSI, from_ftoi),
  CONVERT(FTOUI, from_ftoi),
  CONVERT(FTOSIS, from_ftoi),
  CONVERT(FTOUIS, from_ftoi),
  CONVERT(SITOF, from_itof),
  CONVERT(UITOF, from_itof),
  CONVERT(BITCAST, from_bitcast),
  LOWER(FADD, a64_lower_fbin),
  LOWER(FSUB, a64_lower_fbin),
  LOWER(FMUL, a64_lower_fbin),
  LOWER(FDIV, a64_lower_fbin),
  LOWER(FMIN, a64_lower_fbin),
  LOWER(FMAX, a64_lower_fbin),
  LOWER(FMINIMUM, a64_lower_fbin),
  LOWER(FMAXIMUM, a64_lower_fbin),
  LOWER(FREM, kn_lower_library),
  LOWER(FNEG, a64_lower_fun),
  LOWER(FABS, a64_lower_fun),
  LOWER(FSQRT, a64_lower_fun),
  LOWER(FFLOOR, a64_lower_fun),
  LOWER(FCEIL, a64_lower_fun),
  LOWER(FTRUNC, a64_lower_fun),
  LOWER(FROUND, a64_lower_fun),
  LOWER(FROUNDEVEN, a64_lower_fun),
  LOWER(FRINT, a64_lower_fun),
  LOWER(FNEARBYINT, a64_lower_fun),
  LOWER(GET_ROUNDING, a64_lower_get_rounding),
  LOWER(SET_ROUNDING, a64_lower_set_rounding),
  LOWER(FMA, a64_lower_fma),
  LOWER(FMULADD, a64_lower_fma),
  LOWER(FCOPYSIGN, a64_lower_fcopysign),
  LOWER(VSPLAT, a64_lower_vsplat),
  LOWER(VRESIZE, a64_lower_vresize),
  LOWER(VEXTRACT, a64_lower_vextract),
  LOWER(VINSERT, a64_lower_vinsert),
  LOWER(VSIGNS, a64_lower_vsigns),
  LOWER(VADD, a64_lower_vbin),
  LOWER(VSUB, a64_lower_vbin),
  LOWER(VMUL, a64_lower_vmul),
  LOWER(VAND, a64_lower_vbin),
  LOWER(VOR, a64_lower_vbin),
  LOWER(VXOR, a64_lower_vbin),
  LOWER(VANDN, a64_lower_vbin),
  LOWER(VSELECT, a64_lower_vselect),
  LOWER(VSHL, a64_lower_vshift),
  LOWER(VLSHR, a64_lower_vshift),
  LOWER(VASHR, a64_lower_vshift),
  LOWER(VICMP, a64_lower_vicmp),
  LOWER(VFCMP, a64_lower_vfcmp),
  LOWER(VFADD, a64_lower_vbin),
  LOWER(VFSUB, a64_lower_vbin),
  LOWER(VFMUL, a64_lower_vbin),
  LOWER(VFDIV, a64_lower_vbin),
  LOWER(VFSQRT, a64_lower_vun),
  LOWER(VSITOF, a64_lower_vun),
  LOWER(VFTOSI, a64_lower_vun),
  LOWER(VSHUFFLE, a64_lower_vshuffle),
  LOWER(MACHINE, a64_lower_machine),
  LOWER(MACHINE_ACT, a64_lower_machine),
  LOWER(MACHINE_DO, a64_lower_machine),
  LOWER(LOAD, a64_lower_load),
  LOWER(STORE, a64_lower_store),
  LOWER(ADDR, a64_lower_addr),
  LOWER(SALLOC, a64_lower_salloc),
  LOWER(STACK_SAVE, a64_lower_stack_save),
  LOWER(STACK_RESTORE, a64_lower_stack_restore),
  LOWER(LIFE_START, drop_one),
  LOWER(LIFE_END, drop_one),
  LOWER(MEMCPY, a64_lower_mem),
  LOWER(MEMMOVE, a64_lower_mem),
  LOWER(MEMSET, a64_lower_mem),
  LOWER(PREFETCH, a64_lower_prefetch),
  LOWERS(ATOMIC_LOAD, a64_lower_atomic_load, a64_lower_wide_atomic, kn_lower_unsupported),
  LOWERS(ATOMIC_STORE, a64_lower_atomic_store, a64_lower_wide_atomic, kn_lower_unsupported),
  LOWERS(ATOMIC_RMW, a64_lower_atomic_rmw, a64_lower_wide_atomic, kn_lower_unsupported),
  LOWERS(ATOMIC_CAS, a64_lower_atomic_cas, a64_lower_wide_atomic, kn_lower_unsupported),
  LOWER(FENCE, a64_lower_fence),
  LOWERS(ASM, machine_code, machine_code, machine_code),
  LOWERS(CALL, a64_lower_call, a64_lower_call, a64_lower_call),
  LOWERS(TRY, kn_lower_try, kn_lower_try, kn_lower_try),
  LOWERS(RESUME, kn_lower_library, kn_lower_library, kn_lower_library),
  LOWER(VA_START, a64_lower_va_start),
  LOWER(VA_COPY, a64_lower_va_copy),
  LOWER(VA_END, drop_one),
  LOWERS(VA_ARG, a64_lower_va_arg, a64_lower_va_arg, a64_lower_va_arg),
  LOWER(TLS_ADDR, a64_lower_tls),
  LOWER(FRAME_ADDR, a64_lower_level),
  LOWER(RETURN_ADDR, a64_lower_level),
  LOWER(BUILTIN_SETJMP, a64_lower_builtin_setjmp),
  LOWER(BUILTIN_LONGJMP, a64_lower_builtin_longjmp),
  LOWER(DEBUG_TRAP, debug_trap),
  LOWER(BR, a64_lower_br),
  LOWER(BRIF, a64_lower_brif),
  LOWER(SWITCH, a64_lower_switch),
  LOWER(BRIND, a64_lower_brind),
  LOWER(RET, a64_lower_ret),
  LOWER(TAILCALL, kn_lower_tailcall),
  LOWER(UNREACHABLE, trap),
  LOWER(TRAP, trap),
};
#pragma GCC diagnostic pop

#define GP(first, last) ((UINT64_C(2) << (last)) - (UINT64_C(1) << (first)))
#define FP(first, last) (GP(first, last) << KN_FP_BASE)
#define ARG(k) KN_BIT(k) | KN_BIT(KN_FP_BASE + (k))
#define INT_TYPE {.regs = KN_GP_MASK, .bytes = 8, .lowered = true}
#define FLT_TYPE {.regs = ~KN_GP_MASK, .bank = 1, .bytes = 8, .lowered = true}

/* clang-format off */
static const char *const reg_names[64] = {
  "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
  "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
  "x29", "x30", [KN_FP_BASE] = "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",
  "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
  "v25", "v26", "v27", "v28", "v29", "v30", "v31"};
/* clang-format on */

/* DWARF for the Arm 64-bit Architecture, 4.1. */
static const uint8_t dwarf_regs[64] = {
  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
  22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75,
  76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95};

const struct kn_target kn_target_aarch64 = {
  .reg_names = reg_names,
  .temps = GP(0, 8) | FP(0, 7) | FP(16, 23),
  .caller_homes = GP(9, 15) | FP(24, 29),
  .callee_homes = GP(19, 28) | FP(8, 15),
  .callee = {9, 9},
  .exception = {0, 1},
  .conventions = a64_conventions,
  .library = &a64_c_convention,
  .scratch = {A64_IP0, A64_VS1},
  .whole = {KILN_TYPE_I64, KILN_TYPE_F64},
  .hints = {ARG(0), ARG(1), ARG(2), ARG(3), ARG(4), ARG(5), ARG(6), ARG(7), ARG(1)},
  .types =
    {[KILN_TYPE_VOID] = {.bytes = 8, .lowered = true},
     [KILN_TYPE_I8] = INT_TYPE,
     [KILN_TYPE_I16] = INT_TYPE,
     [KILN_TYPE_I32] = INT_TYPE,
     [KILN_TYPE_I64] = INT_TYPE,
     [KILN_TYPE_I128] = {.bytes = 16, .lowered = true, .wide = true},
     [KILN_TYPE_F16] = FLT_TYPE,
     [KILN_TYPE_F32] = FLT_TYPE,
     [KILN_TYPE_F64] = FLT_TYPE,
     [KILN_TYPE_F80] = {.bytes = 16, .wide = true},
     [KILN_TYPE_F128] = {.bank = 1, .bytes = 16, .lowered = true, .wide = true},
     [KILN_TYPE_V64] = FLT_TYPE,
     /* not in v8 to v15, of which calls, and this function too, preserve the low halves only */
     [KILN_TYPE_V128] =
       {.regs = ~KN_GP_MASK & ~FP(8, 15), .bank = 1, .bytes = 16, .lowered = true, .cut = true}},
  .clobbers = clobbers,
  .machine = &a64_machine,
  .lowerings = lowerings,
  .frame_up = true,
  .probes = true,
  .realigns = true, /* nothing to do: sp is aligned wherever it addresses memory (SCTLR_ELx.SA) */
  .beyond = A64_BEYOND,
  .reloc_first = KILN_RELOC_A64_CALL,
  .reloc_last = KILN_RELOC_A64_TLS_LE_LOW,
  /* Not even in programs at a low fixed address: there ld writes the instruction's own address to the field (AAELF64,
   * "Weak references"). */
  .reaches_zero = false,
  .plt_is_address = false, /* linkers tell an adrp from a branch */
  .features = {{"lse", KILN_FEATURE_LSE}},
  .guard_regs = a64_guard_regs,
  .jit = &a64_jit,
  .code = {.fill = 0, /* udf #0 */
           .align_log2 = 2,
           .indirect_types = true,
           .cie_code_align = 4,
           .cie_return = 30,                          /* lr */
           .cie_rules = {KILN_DW_CFA_def_cfa, 31, 0}, /* sp + 0 */
           .nop = 0xd503201f,
           .nop_bytes = 4,
           .branches_count = true,
           .dwarf_regs = dwarf_regs},
  .walk_size = sizeof(struct a64_walk),
  .hooks = {.move = a64_hook_move,
            .load = a64_hook_load,
            .store = a64_hook_store,
            .constant = a64_hook_constant,
            .store_constant = a64_hook_store_constant,
            .copy = a64_hook_copy,
            .address = a64_hook_address,
            .deferred = a64_hook_deferred},
  .begin = a64_begin,
  .enter = a64_enter,
  .call = a64_call,
  .open_stack = a64_open_stack,
  .early_arg = a64_early_arg,
  .load_wide = a64_load_wide,
  .settle_args = a64_settle_args,
  .call_jump = a64_call_jump,
  .tail_jump = a64_tail_jump,
  .take_results = a64_take_results,
  .take_result = a64_take_result,
  .keep_result = a64_keep_result,
  .free_stack = a64_free_stack,
  .jump = a64_branch,
  .bind_label = a64_bind_label,
  .landing = a64_landing,
  .finish = a64_finish,
  .free = a64_free,
};
