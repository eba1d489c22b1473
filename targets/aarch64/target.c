/* AArch64 as lib/ sees it: its registers, its types, what clobbers like a call, and the table of lowerings.
 * Called by lib/codegen/walk.c. What is not lowered gives
 * KILN_ERR_UNSUPPORTED with function, block and instruction. */
#include "lib/codegen/asm_inst.h"
#include "lib/codegen/lowerings.h"
#include "targets/aarch64/a64.h"

#include <kiln/dwarf.h>

#define ALL 0xffffu
#define QUAD KN_T(F128)
#define LONG (KN_T(I128) | QUAD)
static const uint16_t clobbers[KILN_OP_COUNT] = {
  [KILN_OP_ASM] = ALL,         [KILN_OP_CALL] = ALL,        [KILN_OP_TRY] = ALL,
  [KILN_OP_RESUME] = ALL,      [KILN_OP_MEMCPY] = ALL,      [KILN_OP_MEMMOVE] = ALL,
  [KILN_OP_MEMSET] = ALL,      [KILN_OP_FREM] = ALL,        [KILN_OP_TLS_ADDR] = ALL,
  [KILN_OP_SDIV] = KN_T(I128), [KILN_OP_UDIV] = KN_T(I128), [KILN_OP_SREM] = KN_T(I128),
  [KILN_OP_UREM] = KN_T(I128), [KILN_OP_FTOSI] = LONG,      [KILN_OP_FTOUI] = LONG,
  [KILN_OP_SITOF] = LONG,      [KILN_OP_UITOF] = LONG,      [KILN_OP_FPROMOTE] = QUAD,
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
static void convert_long(struct kn_walk *w, const struct kn_inst *in) {
  unsigned types = 1u << in->type | 1u << (in->x & 31);
  if (types & KN_T(F16) && !(types & ~(KN_T(F16) | LOWERED)) &&
      (in->op == KILN_OP_FPROMOTE || in->op == KILN_OP_FDEMOTE || in->op == KILN_OP_BITCAST))
    (in->op == KILN_OP_BITCAST ? a64_lower_bitcast : a64_lower_fconvert)(w, in);
  else if (types & ~(LOWERED | KN_T(I128) | KN_T(F128))) kn_lower_unsupported(w, in);
  else if (types & KN_T(V128)) a64_bitcast_vector(w, in);
  else if (types & KN_T(F128)) a64_lower_quad(w, in);
  else a64_lower_pair(w, in);
}
/* A conversion from any type: `plain` does those between types of one register. */
KN_INLINE void convert(struct kn_walk *w, const struct kn_inst *in, kn_lower *plain) {
  if (KN_LIKELY(LOWERED >> in->x & 1)) plain(w, in);
  else convert_long(w, in);
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
 * nobody reads. Operations that are lowered alike are written together. */
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
#define LOWER(fn, ...) LOWERS((fn, a64_lower_pair, a64_lower_quad), __VA_ARGS__)
#define CONVERT_PAIR(t, fn)                                                                        \
  {CELL_OF(t, fn, convert_long, convert_long, convert_long),                                       \
   CELL_OF(t, kn_lower_unread, kn_lower_unread, kn_lower_unread, kn_lower_unread)}
#define CONVERT_ROW(E, fn) [KILN_OP_##E] = KN_BY_TYPE(CONVERT_PAIR, fn)
#define CONVERT(fn, ...) KN_OPS(CONVERT_ROW, fn, __VA_ARGS__)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static kn_lower *const lowerings[KILN_OP_COUNT][16][2] = {
  KN_UNSUPPORTED,
  KN_ROWS_OF_ALL,
  LOWER(a64_lower_copy, COPY),
  LOWER(a64_lower_add, ADD, SUB),
  LOWER(a64_lower_mul, MUL),
  LOWER(a64_lower_mulh, UMULH, SMULH),
  LOWER(a64_lower_div, UDIV, SDIV, UREM, SREM),
  LOWER(a64_lower_logic, AND, OR, XOR),
  LOWER(a64_lower_shift, SHL, LSHR, ASHR),
  LOWER(a64_lower_rotate, ROTL, ROTR),
  LOWER(a64_lower_funnel, FSHL, FSHR),
  LOWER(a64_lower_minmax, SMIN, SMAX, UMIN, UMAX),
  LOWER(a64_lower_overflow, SADDO, UADDO, SSUBO, USUBO, SMULO, UMULO),
  LOWER(a64_lower_saturate, SADDS, UADDS, SSUBS, USUBS),
  LOWER(a64_lower_not_neg, NEG, NOT),
  LOWER(a64_lower_abs, ABS),
  LOWER(a64_lower_count, CLZ, CTZ, POPCNT),
  LOWER(a64_lower_reverse, BITREV, BSWAP),
  LOWER(a64_lower_cmp, ICMP, FCMP),
  LOWER(a64_lower_select, SELECT),
  CONVERT(from_trunc, TRUNC),
  LOWER(a64_lower_extend, ZEXT, SEXT),
  CONVERT(from_fconvert, FDEMOTE, FPROMOTE),
  CONVERT(from_ftoi, FTOSI, FTOUI, FTOSIS, FTOUIS),
  CONVERT(from_itof, SITOF, UITOF),
  CONVERT(from_bitcast, BITCAST),
  LOWER(a64_lower_fbin, FADD, FSUB, FMUL, FDIV, FMIN, FMAX, FMINIMUM, FMAXIMUM),
  LOWER(kn_lower_library, FREM),
  LOWER(a64_lower_fun, FNEG, FABS, FSQRT, FFLOOR, FCEIL, FTRUNC, FROUND, FROUNDEVEN, FRINT,
        FNEARBYINT),
  LOWER(a64_lower_get_rounding, GET_ROUNDING),
  LOWER(a64_lower_set_rounding, SET_ROUNDING),
  LOWER(a64_lower_fma, FMA, FMULADD),
  LOWER(a64_lower_fcopysign, FCOPYSIGN),
  LOWER(a64_lower_vsplat, VSPLAT),
  LOWER(a64_lower_vresize, VRESIZE),
  LOWER(a64_lower_vextract, VEXTRACT),
  LOWER(a64_lower_vinsert, VINSERT),
  LOWER(a64_lower_vsigns, VSIGNS),
  LOWER(a64_lower_vbin, VADD, VSUB, VAND, VOR, VXOR, VANDN, VFADD, VFSUB, VFMUL, VFDIV),
  LOWER(a64_lower_vmul, VMUL),
  LOWER(a64_lower_vselect, VSELECT),
  LOWER(a64_lower_vshift, VSHL, VLSHR, VASHR),
  LOWER(a64_lower_vicmp, VICMP),
  LOWER(a64_lower_vfcmp, VFCMP),
  LOWER(a64_lower_vun, VFSQRT, VSITOF, VFTOSI),
  LOWER(a64_lower_vshuffle, VSHUFFLE),
  LOWER(a64_lower_machine, MACHINE, MACHINE_ACT, MACHINE_DO),
  LOWER(a64_lower_load, LOAD),
  LOWER(a64_lower_store, STORE),
  LOWER(a64_lower_addr, ADDR),
  LOWER(a64_lower_salloc, SALLOC),
  LOWER(a64_lower_stack_save, STACK_SAVE),
  LOWER(a64_lower_stack_restore, STACK_RESTORE),
  LOWER(drop_one, LIFE_START, LIFE_END, VA_END),
  LOWER(a64_lower_mem, MEMCPY, MEMMOVE, MEMSET),
  LOWER(a64_lower_prefetch, PREFETCH),
  LOWERS((a64_lower_atomic_load, a64_lower_pair_atomic, kn_lower_unsupported), ATOMIC_LOAD),
  LOWERS((a64_lower_atomic_store, a64_lower_pair_atomic, kn_lower_unsupported), ATOMIC_STORE),
  LOWERS((a64_lower_atomic_rmw, a64_lower_pair_atomic, kn_lower_unsupported), ATOMIC_RMW),
  LOWERS((a64_lower_atomic_cas, a64_lower_pair_atomic, kn_lower_unsupported), ATOMIC_CAS),
  LOWER(a64_lower_fence, FENCE),
  ALL_TYPES(machine_code, ASM),
  ALL_TYPES(a64_lower_call, CALL),
  LOWER(a64_lower_va_start, VA_START),
  LOWER(a64_lower_va_copy, VA_COPY),
  ALL_TYPES(a64_lower_va_arg, VA_ARG),
  LOWER(a64_lower_tls, TLS_ADDR),
  LOWER(a64_lower_level, FRAME_ADDR, RETURN_ADDR),
  LOWER(a64_lower_builtin_setjmp, BUILTIN_SETJMP),
  LOWER(a64_lower_builtin_longjmp, BUILTIN_LONGJMP),
  LOWER(debug_trap, DEBUG_TRAP),
  LOWER(a64_lower_br, BR),
  LOWER(a64_lower_brif, BRIF),
  LOWER(a64_lower_switch, SWITCH),
  LOWER(a64_lower_brind, BRIND),
  LOWER(a64_lower_ret, RET),
  LOWER(trap, UNREACHABLE, TRAP),
};
#pragma GCC diagnostic pop

/* Addresses; comparisons that are read as conditions, or joined; what one instruction does together (fold.c). */
static const uint8_t waiting[KILN_OP_COUNT] = {
  [KILN_OP_ADDR] = 1, [KILN_OP_ADD] = 1,   [KILN_OP_ICMP] = 1,   [KILN_OP_FCMP] = 1,
  [KILN_OP_AND] = 1,  [KILN_OP_OR] = 1,    [KILN_OP_SELECT] = 1, [KILN_OP_SEXT] = 1,
  [KILN_OP_ZEXT] = 1, [KILN_OP_TRUNC] = 1, [KILN_OP_MUL] = 1,    [KILN_OP_SHL] = 1,
  [KILN_OP_LSHR] = 1, [KILN_OP_ASHR] = 1,
};

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
  .ir =
    {.clobbers = clobbers,
     .machine = &a64_machine,
     .conventions = a64_conventions,
     .library = &a64_c_convention,
     .guard_regs = a64_guard_regs,
     /* Not even in programs at a low fixed address: there ld writes the instruction's own address to the field
          * (AAELF64, "Weak references"). */
     .reaches_zero = false,
     .plt_is_address = false, /* linkers tell an adrp from a branch */
     .loads_pairs = true},
  .reg_names = reg_names,
  .temps = GP(0, 8) | FP(0, 7) | FP(16, 23),
  .caller_homes = GP(9, 15) | FP(24, 29),
  .callee_homes = GP(19, 28) | FP(8, 15),
  .callee = {9, 9},
  .exception = {0, 1},
  .scratch = {A64_IP0, A64_VS1},
  .whole = {KILN_TYPE_I64, KILN_TYPE_F64},
  .hints = {ARG(0), ARG(1), ARG(2), ARG(3), ARG(4), ARG(5), ARG(6), ARG(7), ARG(1)},
  .types =
    {[KILN_TYPE_VOID] = {.bytes = 8, .lowered = true},
     [KILN_TYPE_I8] = INT_TYPE,
     [KILN_TYPE_I16] = INT_TYPE,
     [KILN_TYPE_I32] = INT_TYPE,
     [KILN_TYPE_I64] = INT_TYPE,
     [KILN_TYPE_I128] = {.bytes = 16, .lowered = true},
     [KILN_TYPE_F16] = FLT_TYPE,
     [KILN_TYPE_F32] = FLT_TYPE,
     [KILN_TYPE_F64] = FLT_TYPE,
     [KILN_TYPE_F80] = {.bytes = 16, .in_frame = true},
     [KILN_TYPE_F128] = {.bank = 1, .bytes = 16, .lowered = true, .in_frame = true},
     [KILN_TYPE_V64] = FLT_TYPE,
     /* not in v8 to v15, of which calls, and this function too, preserve the low halves only */
     [KILN_TYPE_V128] =
       {.regs = ~KN_GP_MASK & ~FP(8, 15), .bank = 1, .bytes = 16, .lowered = true, .cut = true}},
  .waiting = waiting,
  .lowerings = lowerings,
  .frame = {.up = true,
            .beyond = A64_BEYOND,
            .probes = true,
            .realigns =
              true}, /* nothing to do: sp is aligned wherever it addresses memory (SCTLR_ELx.SA) */
  .roots = true,
  .reloc_first = KILN_RELOC_A64_CALL,
  .reloc_last = KILN_RELOC_A64_TLS_LE_LOW,
  .features = {{"lse", KILN_FEATURE_LSE}},
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
           .dwarf_regs = dwarf_regs,
           .frame_regs = {29, 29}},
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
  .align_code = a64_align_code,
  .enter = a64_enter,
  .calls = {.call = a64_call,
            .open_stack = a64_open_stack,
            .early_arg = a64_early_arg,
            .load_arg = a64_load_arg,
            .settle_args = a64_settle_args,
            .call_jump = a64_call_jump,
            .tail_jump = a64_tail_jump,
            .take_results = a64_take_results,
            .take_result = a64_take_result,
            .keep_result = a64_keep_result,
            .free_stack = a64_free_stack},
  .jump = a64_branch,
  .jump_back = a64_jump_back,
  .bind_label = a64_bind_label,
  .landing = a64_landing,
  .finish = a64_finish,
  .free = a64_free,
};
