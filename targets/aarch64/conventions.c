/* The calling conventions of AArch64 (ir/convention.h): AAPCS64, 6 (Linux); its vector procedure call standard; LLVM's
 * preserve_most, preserve_all, preserve_none; tail. A new one that fits is a row here. Read by the placer
 * (lib/codegen/call.c), the frame (frame.c) and this target's lowerings of calls. */
#include "targets/aarch64/a64.h"

#define X(first, last) ((UINT64_C(2) << (last)) - (UINT64_C(1) << (first)))
#define V(first, last) (X(first, last) << KN_FP_BASE)

/* AAPCS64, 6.8.2, 6.9: NGRN, NSRN and NSAA are kn_assign.used and .stack. */
#define X0_TO_X7 0, 1, 2, 3, 4, 5, 6, 7
#define V0_TO_V7 32, 33, 34, 35, 36, 37, 38, 39
#define PLACES                                                                                     \
  .composites = true, .max_align_log2 = 4, .chain = A64_CHAIN, .sret = 8,                          \
  .results = {{8, {X0_TO_X7}}, {8, {V0_TO_V7}}}
#define C_PLACES .args = {{8, {X0_TO_X7}}, {8, {V0_TO_V7}}}, .pairs = KN_PAIRS_EVEN, PLACES
/* AAPCS64, 6.1: x18 to x30, sp, the low halves of v8 to v15 */
#define OVER_CALLS .lost = A64_CLOBBERED, .preserved = X(18, 31) | V(8, 15)

const struct kn_convention a64_c_convention = {C_PLACES, OVER_CALLS};

/* LLVM's CSR_AArch64_RT_MostRegs and CSR_AArch64_RT_AllRegs. */
static const struct kn_convention preserve_most = {C_PLACES, OVER_CALLS, .keeps = X(9, 15)};
static const struct kn_convention preserve_all = {C_PLACES, OVER_CALLS,
                                                  .keeps = X(9, 15) | V(8, 31)};

/* AAPCS64, 6.1.3; AAELF64, 5.4: symbols are marked. */
static const struct kn_convention vector_pcs = {C_PLACES, OVER_CALLS, .keeps = V(8, 23),
                                                .bound_early = true};

/* The registers are those of LLVM but x10 to x15 and x9, which come last. i8 and i16 are passed as by C: that is how
 * LLVM's table turns out. */
static const struct kn_convention preserve_none = {
  .args = {{17, {20, 21, 22, 23, 24, 25, 26, 27, 28, X0_TO_X7}}, {8, {V0_TO_V7}}},
  .narrow = {8, {X0_TO_X7}},
  .pairs = KN_PAIRS_NONE,
  .no_stack = {"arguments of this kind with preserve_none"},
  .no_variadic = true,
  PLACES,
  .lost = ~X(29, 31),
  .preserved = X(29, 31),
  .loses_all = true,
  .keeps_none = true,
};

static const struct kn_convention tail = {C_PLACES, OVER_CALLS, .pops = true,
                                          .no_flags = KILN_PARAM_BYVAL, .no_variadic = true};

const struct kn_convention *const a64_conventions[KILN_CC_COUNT] = {
  [KILN_CC_C] = &a64_c_convention,        [KILN_CC_PRESERVE_MOST] = &preserve_most,
  [KILN_CC_PRESERVE_ALL] = &preserve_all, [KILN_CC_PRESERVE_NONE] = &preserve_none,
  [KILN_CC_VECTOR] = &vector_pcs,         [KILN_CC_TAIL] = &tail,
};
