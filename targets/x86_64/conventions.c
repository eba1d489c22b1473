/* The calling conventions of x86-64 (ir/convention.h): System V psABI, 3.2; LLVM's preserve_most, preserve_all and
 * preserve_none; tail; Microsoft's x64 calling convention, by C and on Linux. A new one that fits is a row here. Read
 * by the placer (lib/codegen/call.c), the frame (frame.c) and this target's lowerings of calls. */
#include "targets/x86_64/x64.h"

#define RSP_RBP (KN_BIT(X64_RSP) | KN_BIT(X64_RBP))

/* psABI, 3.2.3. A va_list says how far the registers are read; rax says if the entry has to save those of floats. */
#define FLOAT_ARGS                                                                                 \
  {                                                                                                \
    8, { X64_FP_ARGS }                                                                             \
  }
#define PLACES                                                                                     \
  .max_align_log2 = 16, .chain = X64_CHAIN, .sret = KN_NO_REG, .x87 = KN_T(F80), .x87_results = 2, \
  .results = {{3, {X64_RAX, X64_RDX, X64_RCX}}, {4, {X64_FP_ARGS}}}, .wide_results = 8,            \
  .va_tested = true
/* psABI, figure 3.4: rbx, rsp, rbp, r12 to r15 */
#define SYSV_PRESERVED UINT64_C(0xf038)
#define OVER_CALLS .lost = X64_CLOBBERED, .preserved = SYSV_PRESERVED

const struct kn_convention x64_c_convention = {
  .args = {{6, {X64_GP_ARGS}}, FLOAT_ARGS}, .upper = X64_UPPER, PLACES, OVER_CALLS};

/* LLVM's CSR_64_RT_MostRegs and CSR_64_RT_AllRegs. */
static const struct kn_convention preserve_most = {.args = {{6, {X64_GP_ARGS}}, FLOAT_ARGS},
                                                   .keeps = X64_CALLER_GP & ~KN_BIT(X64_R11),
                                                   PLACES,
                                                   OVER_CALLS};
static const struct kn_convention preserve_all = {.args = {{6, {X64_GP_ARGS}}, FLOAT_ARGS},
                                                  .keeps = (X64_CALLER_GP & ~KN_BIT(X64_R11)) |
                                                           X64_XMMS(0, 15),
                                                  PLACES,
                                                  OVER_CALLS};

/* The registers are those of LLVM but r11 and rax, which come last. i8 and i16 are passed as by C: that is how LLVM's
 * table turns out. */
static const struct kn_convention preserve_none = {
  .args = {{10, {X64_R12, X64_R13, X64_R14, X64_R15, X64_GP_ARGS}}, FLOAT_ARGS},
  .narrow = {6, {X64_GP_ARGS}},
  .pairs = KN_PAIRS_NONE,
  .no_stack = {"arguments of this kind with preserve_none"},
  .no_variadic = true,
  PLACES,
  .lost = ~RSP_RBP,
  .preserved = RSP_RBP,
  .loses_all = true,
  .keeps_none = true,
};

/* ret frees a multiple of 16 bytes less those of the return address. */
static const struct kn_convention tail = {.args = {{6, {X64_GP_ARGS}}, FLOAT_ARGS},
                                          .pops = true,
                                          .pushed = 8,
                                          .no_flags = KILN_PARAM_BYVAL,
                                          .no_variadic = true,
                                          PLACES,
                                          OVER_CALLS};

/* ---- Windows ---- */

#define WINDOWS_ARGS                                                                               \
  {                                                                                                \
    {4, {X64_RCX, X64_RDX, X64_R8, X64_R9}}, {                                                     \
      4, { X64_FP_ARGS }                                                                           \
    }                                                                                              \
  }

/* C's convention of System V's targets, for functions with the convention of Windows. Arguments as clang has them;
 * an f80 takes no position. */
#define WIN64_TYPES                                                                                \
  (KN_T(I8) | KN_T(I16) | KN_T(I32) | KN_T(I64) | KN_T(F32) | KN_T(F64) | KN_T(F80))
static const struct kn_convention win64 = {
  .args = WINDOWS_ARGS,
  .by_position = true,
  .shadow_bytes = 32,
  .max_align_log2 = 3,
  .chain = X64_CHAIN,
  .sret = KN_NO_REG,
  .x87 = KN_T(F80),
  .x87_results = 2,
  .results = {{1, {X64_RAX}}, {1, {X64_XMM0}}},
  .keeps = KN_BIT(X64_RSI) | KN_BIT(X64_RDI) | X64_XMMS(6, 15),
  OVER_CALLS,
  .va_pointer = true,
  .no_params = (uint16_t)~WIN64_TYPES,
  .no_variadic_params = KN_T(F80),
  .no_results = (uint16_t)~(WIN64_TYPES | KN_T(V128)),
  .no_flags = KILN_PARAM_BYVAL | KILN_PARAM_JOIN,
  .one_result = true,
};

const struct kn_convention *const x64_conventions[KILN_CC_COUNT] = {
  [KILN_CC_C] = &x64_c_convention,
  [KILN_CC_PRESERVE_MOST] = &preserve_most,
  [KILN_CC_PRESERVE_ALL] = &preserve_all,
  [KILN_CC_PRESERVE_NONE] = &preserve_none,
  [KILN_CC_WIN64] = &win64,
  [KILN_CC_SYSV] = &x64_c_convention,
  [KILN_CC_TAIL] = &tail,
};

/* C's convention on Windows. More results than one are LLVM's, on which rustc relies. An i128 is two integers, to
 * LLVM as well, of which one may be in a register and one on the stack; compilers of C pass its address. */
#define WINDOWS                                                                                    \
  .args = WINDOWS_ARGS, .by_position = true, .shadow_bytes = 32, .max_align_log2 = 3,              \
  .chain = X64_CHAIN, .sret = KN_NO_REG, .x87_results = 2,                                         \
  .results = {{3, {X64_RAX, X64_RDX, X64_RCX}}, {4, {X64_FP_ARGS}}},                               \
  .lost = (X64_CALLER_GP & ~(KN_BIT(X64_RSI) | KN_BIT(X64_RDI))) | X64_XMMS(0, 5),                 \
  .preserved = UINT64_C(0xf0f8) | X64_XMMS(6, 15), .va_pointer = true,                             \
  .no_flags = KILN_PARAM_BYVAL | KILN_PARAM_JOIN
const struct kn_convention x64_windows_convention = {
  WINDOWS, .indirect = KN_T(V128) | KN_T(F80), .x87 = KN_T(F80), .no_variadic_params = KN_T(F80)};
/* That of the functions of libgcc and compiler-rt, which are compiled from C: LLVM's LowerWin64_i128OP. */
const struct kn_convention x64_windows_runtime = {
  WINDOWS, .indirect = KN_T(V128) | KN_T(I128) | KN_T(F80), .i128_in_vector = true};

/* System V's on Windows: its functions do not preserve rsi, rdi and xmm6 to xmm15, on which callers rely. So callers of
 * such functions suppose all registers to be lost. Five parameters are floats or vectors at most, since xmm5, which has
 * the sixth, is this target's scratch register. */
static const struct kn_convention windows_sysv = {
  .args = {{6, {X64_GP_ARGS}}, {5, {X64_FP_ARGS}}},
  .no_stack = {[1] = "more than five floats or vectors as arguments with sysv on Windows"},
  .max_align_log2 = 16,
  .chain = X64_CHAIN,
  .sret = KN_NO_REG,
  .x87 = KN_T(F80),
  .x87_results = 2,
  .results = {{3, {X64_RAX, X64_RDX, X64_RCX}}, {4, {X64_FP_ARGS}}},
  .lost = ~RSP_RBP,
  .preserved = SYSV_PRESERVED,
  .loses_all = true,
  .no_variadic = true,
};

const struct kn_convention *const x64_windows_conventions[KILN_CC_COUNT] = {
  [KILN_CC_C] = &x64_windows_convention,
  [KILN_CC_WIN64] = &x64_windows_convention,
  [KILN_CC_SYSV] = &windows_sysv,
};
