/* x86-64 as lib/ sees it: its registers, its types, what clobbers like a call, and the table of lowerings.
 * Called by lib/codegen/walk.c. What is not lowered gives KILN_ERR_UNSUPPORTED with function, block and
 * instruction. */
#include "lib/codegen/asm_inst.h"
#include "targets/x86_64/x64.h"

/* Types that one register holds, and VOID. */
enum { LOWERED = KN_T(VOID) | X64_INT | X64_FLT | X64_VEC };

static void nothing(struct kn_walk *w, const struct kn_inst *in) {
  (void)w;
  (void)in;
}
static void unsupported(struct kn_walk *w, const struct kn_inst *in) {
  (void)in;
  kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "not supported for this type on x86_64");
}
static void machine_code(struct kn_walk *w, const struct kn_inst *in) {
  kn_lower_asm(w, in, X64_CLOBBERED);
}
/* Lowers an instruction whose result nobody reads. */
static void unread(struct kn_walk *w, const struct kn_inst *in);

/* ---- the table ---- */

/* A row of the table: the lowering for types of one register, for i128 and for f80; then the same for results that
 * nobody reads (`unread`, if the operation does nothing but make a value). */
#define CELL(t, fn, i128, f80)                                                                     \
  (LOWERED >> (t) & 1      ? fn                                                                    \
   : (t) == KILN_TYPE_I128 ? i128                                                                  \
   : (t) == KILN_TYPE_F80  ? f80                                                                   \
                           : unsupported)
#define ALWAYS(t, ...) {CELL(t, __VA_ARGS__), CELL(t, __VA_ARGS__)}
#define IF_READ(t, ...) {CELL(t, __VA_ARGS__), CELL(t, unread, unread, unread)}
#define ROW(...) KN_BY_TYPE(ALWAYS, __VA_ARGS__)
#define VALUES(...) KN_BY_TYPE(IF_READ, __VA_ARGS__)
#define ACTION(fn) ROW(fn, x64_lower_wide, x64_lower_x87)
#define VALUE(fn) VALUES(fn, x64_lower_wide, x64_lower_x87)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static kn_lower *const lowerings[KILN_OP_COUNT][16][2] = {
  [0 ... KILN_OP_COUNT - 1] = ROW(unsupported, unsupported, unsupported),
  [KILN_OP_PARAM] = ROW(nothing, nothing, nothing),
  [KILN_OP_RESULT] = ROW(nothing, nothing, nothing),
  [KILN_OP_COPY] = VALUE(x64_lower_copy),
  [KILN_OP_ADD] = VALUE(x64_lower_add),
  [KILN_OP_SUB] = VALUE(x64_lower_sub),
  [KILN_OP_MUL] = VALUE(x64_lower_mul),
  [KILN_OP_UMULH] = VALUE(x64_lower_high_mul),
  [KILN_OP_SMULH] = VALUE(x64_lower_high_mul),
  [KILN_OP_UDIV] = ACTION(x64_lower_divide),
  [KILN_OP_SDIV] = ACTION(x64_lower_divide),
  [KILN_OP_UREM] = ACTION(x64_lower_divide),
  [KILN_OP_SREM] = ACTION(x64_lower_divide),
  [KILN_OP_AND] = VALUE(x64_lower_and),
  [KILN_OP_OR] = VALUE(x64_lower_or),
  [KILN_OP_XOR] = VALUE(x64_lower_xor),
  [KILN_OP_SHL] = VALUE(x64_lower_shift),
  [KILN_OP_LSHR] = VALUE(x64_lower_shift),
  [KILN_OP_ASHR] = VALUE(x64_lower_shift),
  [KILN_OP_ROTL] = VALUE(x64_lower_rotate),
  [KILN_OP_ROTR] = VALUE(x64_lower_rotate),
  [KILN_OP_FSHL] = VALUE(x64_lower_funnel),
  [KILN_OP_FSHR] = VALUE(x64_lower_funnel),
  [KILN_OP_SMIN] = VALUE(x64_lower_minmax),
  [KILN_OP_SMAX] = VALUE(x64_lower_minmax),
  [KILN_OP_UMIN] = VALUE(x64_lower_minmax),
  [KILN_OP_UMAX] = VALUE(x64_lower_minmax),
  [KILN_OP_SADDO] = VALUE(x64_lower_overflow),
  [KILN_OP_UADDO] = VALUE(x64_lower_overflow),
  [KILN_OP_SSUBO] = VALUE(x64_lower_overflow),
  [KILN_OP_USUBO] = VALUE(x64_lower_overflow),
  [KILN_OP_SMULO] = VALUE(x64_lower_overflow),
  [KILN_OP_UMULO] = VALUE(x64_lower_overflow),
  [KILN_OP_SADDS] = VALUE(x64_lower_saturate),
  [KILN_OP_UADDS] = VALUE(x64_lower_saturate),
  [KILN_OP_SSUBS] = VALUE(x64_lower_saturate),
  [KILN_OP_USUBS] = VALUE(x64_lower_saturate),
  [KILN_OP_NEG] = VALUE(x64_lower_negate),
  [KILN_OP_NOT] = VALUE(x64_lower_negate),
  [KILN_OP_ABS] = VALUE(x64_lower_abs),
  [KILN_OP_CLZ] = VALUE(x64_lower_clz),
  [KILN_OP_CTZ] = VALUE(x64_lower_ctz),
  [KILN_OP_POPCNT] = VALUE(x64_lower_popcnt),
  [KILN_OP_BITREV] = VALUE(x64_lower_bitrev),
  [KILN_OP_BSWAP] = VALUE(x64_lower_byteswap),
  [KILN_OP_ICMP] = VALUE(x64_lower_icmp),
  [KILN_OP_FCMP] = VALUE(x64_lower_fcmp),
  [KILN_OP_SELECT] = ACTION(x64_lower_select),
  [KILN_OP_TRUNC] = VALUE(x64_lower_trunc),
  [KILN_OP_ZEXT] = VALUE(x64_lower_zext),
  [KILN_OP_SEXT] = VALUE(x64_lower_sext),
  [KILN_OP_FDEMOTE] = VALUE(x64_lower_fconv),
  [KILN_OP_FPROMOTE] = VALUE(x64_lower_fconv),
  [KILN_OP_FTOSI] = VALUES(x64_lower_ftoi, x64_lower_ftoi, x64_lower_x87),
  [KILN_OP_FTOUI] = VALUES(x64_lower_ftoi, x64_lower_ftoi, x64_lower_x87),
  [KILN_OP_FTOSIS] = VALUES(x64_lower_ftoi, x64_lower_ftoi, x64_lower_x87),
  [KILN_OP_FTOUIS] = VALUES(x64_lower_ftoi, x64_lower_ftoi, x64_lower_x87),
  [KILN_OP_SITOF] = VALUE(x64_lower_itof),
  [KILN_OP_UITOF] = VALUE(x64_lower_itof),
  [KILN_OP_BITCAST] = VALUE(x64_lower_bitcast),
  [KILN_OP_FADD] = VALUE(x64_lower_farith),
  [KILN_OP_FSUB] = VALUE(x64_lower_farith),
  [KILN_OP_FMUL] = VALUE(x64_lower_farith),
  [KILN_OP_FDIV] = VALUE(x64_lower_farith),
  [KILN_OP_FREM] = ACTION(x64_lower_flib),
  [KILN_OP_FNEG] = VALUE(x64_lower_fneg),
  [KILN_OP_FABS] = VALUE(x64_lower_fabs),
  [KILN_OP_FCOPYSIGN] = VALUE(x64_lower_fcopysign),
  [KILN_OP_FSQRT] = VALUE(x64_lower_fsqrt),
  [KILN_OP_FMA] = ACTION(x64_lower_flib),
  [KILN_OP_FMULADD] = VALUE(x64_lower_fmuladd),
  [KILN_OP_FMIN] = ACTION(x64_lower_flib),
  [KILN_OP_FMAX] = ACTION(x64_lower_flib),
  [KILN_OP_FMINIMUM] = VALUE(x64_lower_fminimum),
  [KILN_OP_FMAXIMUM] = VALUE(x64_lower_fminimum),
  [KILN_OP_FFLOOR] = ACTION(x64_lower_flib),
  [KILN_OP_FCEIL] = ACTION(x64_lower_flib),
  [KILN_OP_FTRUNC] = ACTION(x64_lower_flib),
  [KILN_OP_FROUND] = ACTION(x64_lower_flib),
  [KILN_OP_FROUNDEVEN] = ACTION(x64_lower_flib),
  [KILN_OP_FRINT] = VALUE(x64_lower_flib),
  [KILN_OP_FNEARBYINT] = ACTION(x64_lower_flib),
  [KILN_OP_GET_ROUNDING] = VALUE(x64_lower_get_rounding),
  [KILN_OP_SET_ROUNDING] = ACTION(x64_lower_set_rounding),
  [KILN_OP_VSPLAT] = VALUE(x64_lower_vsplat),
  [KILN_OP_VRESIZE] = VALUE(x64_lower_vresize),
  [KILN_OP_VEXTRACT] = VALUE(x64_lower_vextract),
  [KILN_OP_VINSERT] = VALUE(x64_lower_vinsert),
  [KILN_OP_VSIGNS] = VALUE(x64_lower_vsigns),
  [KILN_OP_VADD] = VALUE(x64_lower_vbin),
  [KILN_OP_VSUB] = VALUE(x64_lower_vbin),
  [KILN_OP_VMUL] = VALUE(x64_lower_vmul),
  [KILN_OP_VAND] = VALUE(x64_lower_vbin),
  [KILN_OP_VOR] = VALUE(x64_lower_vbin),
  [KILN_OP_VXOR] = VALUE(x64_lower_vbin),
  [KILN_OP_VANDN] = VALUE(x64_lower_vandn),
  [KILN_OP_VSELECT] = VALUE(x64_lower_vselect),
  [KILN_OP_VSHL] = VALUE(x64_lower_vshift),
  [KILN_OP_VLSHR] = VALUE(x64_lower_vshift),
  [KILN_OP_VASHR] = VALUE(x64_lower_vshift),
  [KILN_OP_VICMP] = VALUE(x64_lower_vicmp),
  [KILN_OP_VFCMP] = VALUE(x64_lower_vfcmp),
  [KILN_OP_VFADD] = VALUE(x64_lower_vbin),
  [KILN_OP_VFSUB] = VALUE(x64_lower_vbin),
  [KILN_OP_VFMUL] = VALUE(x64_lower_vbin),
  [KILN_OP_VFDIV] = VALUE(x64_lower_vbin),
  [KILN_OP_VFSQRT] = VALUE(x64_lower_vun),
  [KILN_OP_VSITOF] = VALUE(x64_lower_vun),
  [KILN_OP_VFTOSI] = VALUE(x64_lower_vun),
  [KILN_OP_VSHUFFLE] = VALUE(x64_lower_vshuffle),
  [KILN_OP_MACHINE] = VALUE(x64_lower_machine),
  [KILN_OP_MACHINE_ACT] = ACTION(x64_lower_machine),
  [KILN_OP_MACHINE_DO] = ACTION(x64_lower_machine),
  [KILN_OP_LOAD] = VALUE(x64_lower_load),
  [KILN_OP_STORE] = ACTION(x64_lower_store),
  [KILN_OP_ADDR] = VALUE(x64_lower_addr),
  [KILN_OP_SALLOC] = ACTION(x64_lower_salloc),
  [KILN_OP_STACK_SAVE] = ACTION(x64_lower_stack_save),
  [KILN_OP_STACK_RESTORE] = ACTION(x64_lower_stack_restore),
  [KILN_OP_LIFE_START] = ACTION(x64_lower_life),
  [KILN_OP_LIFE_END] = ACTION(x64_lower_life),
  [KILN_OP_MEMCPY] = ACTION(x64_lower_memory),
  [KILN_OP_MEMMOVE] = ACTION(x64_lower_memory),
  [KILN_OP_MEMSET] = ACTION(x64_lower_memset),
  [KILN_OP_PREFETCH] = ACTION(x64_lower_prefetch),
  [KILN_OP_ATOMIC_LOAD] = ROW(x64_lower_atomic_load, x64_lower_wide_atomic, unsupported),
  [KILN_OP_ATOMIC_STORE] = ROW(x64_lower_atomic_store, x64_lower_wide_atomic, unsupported),
  [KILN_OP_ATOMIC_RMW] = ROW(x64_lower_atomic_rmw, x64_lower_wide_atomic, unsupported),
  [KILN_OP_ATOMIC_CAS] = ROW(x64_lower_atomic_cas, x64_lower_wide_atomic, unsupported),
  [KILN_OP_FENCE] = ACTION(x64_lower_fence),
  [KILN_OP_ASM] = ROW(machine_code, machine_code, machine_code),
  [KILN_OP_CALL] = ROW(x64_lower_call, x64_lower_call, x64_lower_call),
  [KILN_OP_TRY] = ROW(x64_lower_try, x64_lower_try, x64_lower_try),
  [KILN_OP_RESUME] = ROW(x64_lower_resume, x64_lower_resume, x64_lower_resume),
  [KILN_OP_VA_START] = ACTION(x64_lower_va_start),
  [KILN_OP_VA_COPY] = ACTION(x64_lower_va_copy),
  [KILN_OP_VA_END] = ACTION(x64_lower_life),
  [KILN_OP_VA_ARG] = ROW(x64_lower_va_arg, unsupported, x64_lower_va_arg),
  [KILN_OP_TLS_ADDR] = ACTION(x64_lower_tls),
  [KILN_OP_FRAME_ADDR] = ACTION(x64_lower_frame_addr),
  [KILN_OP_RETURN_ADDR] = ACTION(x64_lower_frame_addr),
  [KILN_OP_BUILTIN_SETJMP] = ACTION(x64_lower_builtin_setjmp),
  [KILN_OP_BUILTIN_LONGJMP] = ACTION(x64_lower_builtin_longjmp),
  [KILN_OP_EH_RETURN] = ACTION(x64_lower_eh_return),
  [KILN_OP_DEBUG_TRAP] = ACTION(x64_lower_debug_trap),
  [KILN_OP_BR] = ACTION(x64_lower_br),
  [KILN_OP_BRIF] = ACTION(x64_lower_brif),
  [KILN_OP_SWITCH] = ACTION(x64_lower_switch),
  [KILN_OP_BRIND] = ACTION(x64_lower_brind),
  [KILN_OP_RET] = ACTION(x64_lower_ret),
  [KILN_OP_TAILCALL] = ACTION(x64_lower_tailcall),
  [KILN_OP_UNREACHABLE] = ACTION(x64_lower_unreachable),
  [KILN_OP_TRAP] = ACTION(x64_lower_trap),
};
#pragma GCC diagnostic pop

static void unread(struct kn_walk *w, const struct kn_inst *in) {
  if (!kn_skip_unread(w, in)) lowerings[in->op][in->type][0](w, in);
}

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

/* r8 to r10, xmm6 to xmm14 */
#define CALLER_HOMES                                                                               \
  (KN_BIT(X64_R8) | KN_BIT(X64_R9) | KN_BIT(X64_R10) | UINT64_C(0x7fc0) << KN_FP_BASE)
#define ARG(gp, fp) KN_BIT(gp) | KN_BIT(fp)

static const uint16_t sectional[] = {
  R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_32, R_X86_64_32S, R_X86_64_PC64, 0};
static const uint16_t calls[] = {R_X86_64_PC32, R_X86_64_PLT32, 0};

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

const struct kn_target kn_target_x86_64 = {
  .name = "x86_64",
  .reg_names = reg_names,
  .temps = KN_BIT(X64_RAX) | KN_BIT(X64_RCX) | KN_BIT(X64_RDX) | KN_BIT(X64_RSI) | KN_BIT(X64_RDI) |
           UINT64_C(0x3f) << KN_FP_BASE,
  .caller_homes = CALLER_HOMES,
  .around_calls = CALLER_HOMES,
  .callee_homes =
    KN_BIT(X64_RBX) | KN_BIT(X64_R12) | KN_BIT(X64_R13) | KN_BIT(X64_R14) | KN_BIT(X64_R15),
  .exception = {X64_RAX, X64_RDX},
  .arg_regs = {X64_GP_ARGS, KN_NO_REG, KN_NO_REG},
  .fp_arg_regs = {X64_FP_ARGS},
  .none_args = UINT64_C(0xf3c6),                    /* rcx, rdx, rsi, rdi, r8, r9, r12 to r15 */
  .upper_args = UINT64_C(0x7f) << (KN_FP_BASE + 8), /* xmm8 to xmm14 */
  .chain_reg = X64_CHAIN,
  .scratch = {X64_SCRATCH, X64_XSCRATCH},
  .whole = {KILN_TYPE_I64, KILN_TYPE_F64},
  .hints = {ARG(X64_RDI, 32), ARG(X64_RSI, 33), ARG(X64_RDX, 34), ARG(X64_RCX, 35), ARG(X64_R8, 36),
            ARG(X64_R9, 37), KN_BIT(38), KN_BIT(39), ARG(X64_RDX, 33)},
  .types = {[KILN_TYPE_VOID] = {.bytes = 8, .lowered = true},
            [KILN_TYPE_I8] = INT_TYPE,
            [KILN_TYPE_I16] = INT_TYPE,
            [KILN_TYPE_I32] = INT_TYPE,
            [KILN_TYPE_I64] = INT_TYPE,
            [KILN_TYPE_I128] = {.bytes = 16, .lowered = true, .wide = true},
            [KILN_TYPE_F16] = {.bank = 1, .bytes = 8},
            [KILN_TYPE_F32] = FLT_TYPE,
            [KILN_TYPE_F64] = FLT_TYPE,
            [KILN_TYPE_F80] = {.bytes = 16, .lowered = true, .wide = true},
            [KILN_TYPE_F128] = {.bank = 1, .bytes = 16, .wide = true},
            [KILN_TYPE_V64] = FLT_TYPE,
            [KILN_TYPE_V128] =
              {.regs = ~KN_GP_MASK, .bank = 1, .bytes = 16, .lowered = true, .cut = true}},
  .clobbers = clobbers,
  .machine = &x64_machine,
  .lowerings = lowerings,
  .aligned_by_pointer = true,
  .preserved = UINT64_C(0xf038), /* System V, figure 3.4: rbx, rsp, rbp, r12 to r15 */
  .own_convention = KILN_CC_WIN64,
  .frame_reloc = R_X86_64_32S,
  .reaches_zero = true, /* programs at a fixed address are in the low 2 GiB */
  .features = {{"cx16", KILN_FEATURE_CX16}},
  .guard_regs = x64_guard_regs,
  .elf = {.number = EM_X86_64,
          .fill = 0xcc, /* int3 */
          .align_log2 = 4,
          .call_field = KN_CALL_REL32,
          .abs64 = R_X86_64_64,
          .abs32 = R_X86_64_32,
          .rel64 = R_X86_64_PC64,
          .rel32 = R_X86_64_PC32,
          .sectional = sectional,
          .calls = calls,
          .cie_code_align = 1,
          .cie_return = 16,            /* rip */
          .cie_rules = {0x0c, 7, 8,    /* DW_CFA_def_cfa rsp + 8 */
                        0x80 | 16, 1}, /* DW_CFA_offset rip, cfa - 8 */
          .property = 0xc0000002,      /* GNU_PROPERTY_X86_FEATURE_1_AND: IBT, SHSTK */
          .property_what = {KILN_PROTECT_BRANCH, KILN_PROTECT_RETURN},
          .nop = 0x90,
          .nop_bytes = 1,
          .dtprel64 = R_X86_64_DTPOFF64,
          .dwarf_regs = dwarf_regs},
  .walk_size = sizeof(struct x64_walk),
  .hooks = {.move = x64_hook_move,
            .load = x64_hook_load,
            .store = x64_hook_store,
            .constant = x64_hook_constant,
            .store_constant = x64_hook_store_constant,
            .copy = x64_hook_copy,
            .address = x64_hook_address,
            .deferred = x64_hook_deferred},
  .begin = x64_begin,
  .enter = x64_enter,
  .place_arg = x64_place_arg,
  .place_result = x64_place_result,
  .take_result = x64_take_result,
  .keep_result = x64_keep_result,
  .free_stack = x64_free_stack,
  .jump = x64_jmp,
  .place_label = x64_place_label,
  .landing = x64_landing,
  .finish = x64_finish,
};
