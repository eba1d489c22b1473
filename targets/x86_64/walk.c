/* The x86-64 walk: the table of operations, the loop over blocks and instructions, and the end of a
 * function (literals, patched branches, frame size). */
#include "targets/x86_64/x64.h"

static void nothing(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  (void)w;
  (void)in;
  (void)i;
}

static void unsupported(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  (void)in, (void)i;
  kn_walk_fail(w, KILN_ERR_UNSUPPORTED, "not supported for this type on x86_64");
}

/* The block goes on elsewhere. (Only the loop below looks at that.) */
static void segment(struct kn_walk *w, const struct kn_inst *in, uint32_t i) {
  (void)i;
  w->i = in->a - 1;
  w->done = KN_ELSEWHERE;
}

#define ANY (X64_INT | X64_FLT)
#define ALL 0xffff

/* Who lowers an operation for which types, who for i128, and for f80. */
#define CELL(t, fn, types, i128)                                                                   \
  ((types) >> (t) & 1      ? fn                                                                    \
   : (t) == KILN_TYPE_I128 ? i128                                                                  \
   : (t) == KILN_TYPE_F80  ? x64_x87                                                               \
                           : unsupported)
#define CELL_OF(t, op, ...) [(t) << 8 | (op)] = CELL(t, __VA_ARGS__)
#define ROW(op, ...) KN_EACH_TYPE(CELL_OF, op, __VA_ARGS__)

/* By type and operation, the order of their bytes in an instruction: the index is one load. First what is not
 * supported at all. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static x64_lower *const lower[16 << 8] = {
  [0 ...(16 << 8) - 1] = unsupported,
  ROW(KILN_OP_PARAM, nothing, ALL, unsupported),
  ROW(KILN_OP_SEG, segment, ALL, unsupported),
  ROW(KILN_OP_RESULT, nothing, ALL, unsupported),
  ROW(KILN_OP_COPY, x64_copy_op, ANY, x64_wide),
  ROW(KILN_OP_ADD, x64_add, X64_INT, x64_wide),
  ROW(KILN_OP_SUB, x64_sub, X64_INT, x64_wide),
  ROW(KILN_OP_MUL, x64_mul, X64_INT, x64_wide),
  ROW(KILN_OP_UMULH, x64_high_mul, X64_INT, unsupported),
  ROW(KILN_OP_SMULH, x64_high_mul, X64_INT, unsupported),
  ROW(KILN_OP_UDIV, x64_divide, X64_INT, x64_wide),
  ROW(KILN_OP_SDIV, x64_divide, X64_INT, x64_wide),
  ROW(KILN_OP_UREM, x64_divide, X64_INT, x64_wide),
  ROW(KILN_OP_SREM, x64_divide, X64_INT, x64_wide),
  ROW(KILN_OP_AND, x64_and, X64_INT, x64_wide),
  ROW(KILN_OP_OR, x64_or, X64_INT, x64_wide),
  ROW(KILN_OP_XOR, x64_xor, X64_INT, x64_wide),
  ROW(KILN_OP_SHL, x64_shift, X64_INT, x64_wide),
  ROW(KILN_OP_LSHR, x64_shift, X64_INT, x64_wide),
  ROW(KILN_OP_ASHR, x64_shift, X64_INT, x64_wide),
  ROW(KILN_OP_ROTL, x64_rotate, X64_INT, x64_wide),
  ROW(KILN_OP_ROTR, x64_rotate, X64_INT, x64_wide),
  ROW(KILN_OP_FSHL, x64_funnel, X64_INT, x64_wide),
  ROW(KILN_OP_FSHR, x64_funnel, X64_INT, x64_wide),
  ROW(KILN_OP_SMIN, x64_minmax, X64_INT, x64_wide),
  ROW(KILN_OP_SMAX, x64_minmax, X64_INT, x64_wide),
  ROW(KILN_OP_UMIN, x64_minmax, X64_INT, x64_wide),
  ROW(KILN_OP_UMAX, x64_minmax, X64_INT, x64_wide),
  ROW(KILN_OP_SADDO, x64_overflow, X64_INT, x64_wide),
  ROW(KILN_OP_UADDO, x64_overflow, X64_INT, x64_wide),
  ROW(KILN_OP_SSUBO, x64_overflow, X64_INT, x64_wide),
  ROW(KILN_OP_USUBO, x64_overflow, X64_INT, x64_wide),
  ROW(KILN_OP_SMULO, x64_overflow, X64_INT, x64_wide),
  ROW(KILN_OP_UMULO, x64_overflow, X64_INT, x64_wide),
  ROW(KILN_OP_SADDS, x64_saturate, X64_INT, unsupported),
  ROW(KILN_OP_UADDS, x64_saturate, X64_INT, unsupported),
  ROW(KILN_OP_SSUBS, x64_saturate, X64_INT, unsupported),
  ROW(KILN_OP_USUBS, x64_saturate, X64_INT, unsupported),
  ROW(KILN_OP_NEG, x64_negate, X64_INT, x64_wide),
  ROW(KILN_OP_NOT, x64_negate, X64_INT, x64_wide),
  ROW(KILN_OP_ABS, x64_abs, X64_INT, x64_wide),
  ROW(KILN_OP_CLZ, x64_clz, X64_INT, x64_wide),
  ROW(KILN_OP_CTZ, x64_ctz, X64_INT, x64_wide),
  ROW(KILN_OP_POPCNT, x64_popcnt, X64_INT, unsupported),
  ROW(KILN_OP_BITREV, x64_bitrev, X64_INT, unsupported),
  ROW(KILN_OP_BSWAP, x64_byteswap, X64_INT, x64_wide),
  ROW(KILN_OP_ICMP, x64_icmp, X64_INT, x64_wide),
  ROW(KILN_OP_FCMP, x64_fcmp, X64_FLT, unsupported),
  ROW(KILN_OP_SELECT, x64_select, ANY, x64_wide),
  ROW(KILN_OP_TRUNC, x64_trunc, X64_INT, unsupported),
  ROW(KILN_OP_ZEXT, x64_zext, X64_INT, x64_wide),
  ROW(KILN_OP_SEXT, x64_sext, X64_INT, x64_wide),
  ROW(KILN_OP_FDEMOTE, x64_fconv, X64_FLT, unsupported),
  ROW(KILN_OP_FPROMOTE, x64_fconv, X64_FLT, unsupported),
  ROW(KILN_OP_FTOSI, x64_ftoi, X64_INT | KN_T(I128), unsupported),
  ROW(KILN_OP_FTOUI, x64_ftoi, X64_INT | KN_T(I128), unsupported),
  ROW(KILN_OP_FTOSIS, x64_ftoi, X64_INT | KN_T(I128), unsupported),
  ROW(KILN_OP_FTOUIS, x64_ftoi, X64_INT | KN_T(I128), unsupported),
  ROW(KILN_OP_SITOF, x64_itof, X64_FLT, unsupported),
  ROW(KILN_OP_UITOF, x64_itof, X64_FLT, unsupported),
  ROW(KILN_OP_BITCAST, x64_bitcast, ANY, x64_wide),
  ROW(KILN_OP_FADD, x64_farith, X64_FLT, unsupported),
  ROW(KILN_OP_FSUB, x64_farith, X64_FLT, unsupported),
  ROW(KILN_OP_FMUL, x64_farith, X64_FLT, unsupported),
  ROW(KILN_OP_FDIV, x64_farith, X64_FLT, unsupported),
  ROW(KILN_OP_FREM, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_FNEG, x64_fneg, X64_FLT, unsupported),
  ROW(KILN_OP_FABS, x64_fabs, X64_FLT, unsupported),
  ROW(KILN_OP_FCOPYSIGN, x64_fcopysign, X64_FLT, unsupported),
  ROW(KILN_OP_FSQRT, x64_fsqrt, X64_FLT, unsupported),
  ROW(KILN_OP_FMA, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_FMULADD, x64_fmuladd, X64_FLT, unsupported),
  ROW(KILN_OP_FMIN, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_FMAX, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_FMINIMUM, x64_fminimum, X64_FLT, unsupported),
  ROW(KILN_OP_FMAXIMUM, x64_fminimum, X64_FLT, unsupported),
  ROW(KILN_OP_FFLOOR, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_FCEIL, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_FTRUNC, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_FROUND, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_FROUNDEVEN, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_FRINT, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_FNEARBYINT, x64_flib, X64_FLT, unsupported),
  ROW(KILN_OP_LOAD, x64_load, ANY, x64_wide),
  ROW(KILN_OP_STORE, x64_store, ANY, x64_wide),
  ROW(KILN_OP_ADDR, x64_addr, ALL, unsupported),
  ROW(KILN_OP_SALLOC, x64_salloc, ALL, unsupported),
  ROW(KILN_OP_STACK_SAVE, x64_stack_save, ALL, unsupported),
  ROW(KILN_OP_STACK_RESTORE, x64_stack_restore, ALL, unsupported),
  ROW(KILN_OP_LIFE_START, x64_life, ALL, unsupported),
  ROW(KILN_OP_LIFE_END, x64_life, ALL, unsupported),
  ROW(KILN_OP_MEMCPY, x64_memory, ALL, unsupported),
  ROW(KILN_OP_MEMMOVE, x64_memory, ALL, unsupported),
  ROW(KILN_OP_MEMSET, x64_memset, ALL, unsupported),
  ROW(KILN_OP_PREFETCH, x64_prefetch, ALL, unsupported),
  ROW(KILN_OP_ATOMIC_LOAD, x64_atomic_load, X64_INT, x64_wide_atomic),
  ROW(KILN_OP_ATOMIC_STORE, x64_atomic_store, X64_INT, x64_wide_atomic),
  ROW(KILN_OP_ATOMIC_RMW, x64_atomic_rmw, X64_INT, x64_wide_atomic),
  ROW(KILN_OP_ATOMIC_CAS, x64_atomic_cas, X64_INT, x64_wide_atomic),
  ROW(KILN_OP_FENCE, x64_fence, ALL, unsupported),
  ROW(KILN_OP_CALL, x64_call, ANY | KN_T(I128) | KN_T(F80) | KN_T(VOID), unsupported),
  ROW(KILN_OP_VA_START, x64_va_start, ALL, unsupported),
  ROW(KILN_OP_VA_COPY, x64_va_copy, ALL, unsupported),
  ROW(KILN_OP_VA_END, x64_life, ALL, unsupported),
  ROW(KILN_OP_VA_ARG, x64_va_arg, X64_INT | X64_FLT | KN_T(F80), unsupported),
  ROW(KILN_OP_TLS_ADDR, x64_tls, ALL, unsupported),
  ROW(KILN_OP_FRAME_ADDR, x64_frame_addr, ALL, unsupported),
  ROW(KILN_OP_RETURN_ADDR, x64_frame_addr, ALL, unsupported),
  ROW(KILN_OP_DEBUG_TRAP, x64_debug_trap, ALL, unsupported),
  ROW(KILN_OP_BR, x64_br, ALL, unsupported),
  ROW(KILN_OP_BRIF, x64_brif, ALL, unsupported),
  ROW(KILN_OP_SWITCH, x64_switch, X64_INT, unsupported),
  ROW(KILN_OP_BRIND, x64_brind, ALL, unsupported),
  ROW(KILN_OP_RET, x64_ret_op, ALL, unsupported),
  ROW(KILN_OP_UNREACHABLE, x64_unreachable, ALL, unsupported),
  ROW(KILN_OP_TRAP, x64_trap, ALL, unsupported),
};
#pragma GCC diagnostic pop

/* What clobbers like a call here: calls, library calls, thread-local addresses. */
static const uint16_t clobbers[KILN_OP_COUNT] = {
#define CALL_LIKE(op, types) [KILN_OP_##op] = (types)
  CALL_LIKE(CALL, 0xffff),       CALL_LIKE(MEMCPY, 0xffff),     CALL_LIKE(MEMMOVE, 0xffff),
  CALL_LIKE(MEMSET, 0xffff),     CALL_LIKE(TLS_ADDR, 0xffff),   CALL_LIKE(FREM, 0xffff),
  CALL_LIKE(FMA, 0xffff),        CALL_LIKE(FMIN, 0xffff),       CALL_LIKE(FMAX, 0xffff),
  CALL_LIKE(FFLOOR, 0xffff),     CALL_LIKE(FCEIL, 0xffff),      CALL_LIKE(FTRUNC, 0xffff),
  CALL_LIKE(FROUND, 0xffff),     CALL_LIKE(FROUNDEVEN, 0xffff), CALL_LIKE(FRINT, 0xffff),
  CALL_LIKE(FNEARBYINT, 0xffff), CALL_LIKE(UDIV, KN_T(I128)),   CALL_LIKE(SDIV, KN_T(I128)),
  CALL_LIKE(UREM, KN_T(I128)),   CALL_LIKE(SREM, KN_T(I128)),   CALL_LIKE(FTOSI, KN_T(I128)),
  CALL_LIKE(FTOUI, KN_T(I128)),  CALL_LIKE(SITOF, KN_T(I128)),  CALL_LIKE(UITOF, KN_T(I128)),
  CALL_LIKE(FTOSIS, KN_T(I128)), CALL_LIKE(FTOUIS, KN_T(I128)), CALL_LIKE(INVOKE, 0xffff),
  CALL_LIKE(RESUME, 0xffff),
#undef CALL_LIKE
};

KN_INLINE x64_lower *lower_of(const struct kn_inst *in) {
  return lower[(uint16_t)(in->op | in->type << 8)];
}

/* With `map`, each instruction's place in the code is written down. Who lowers the next instruction is
 * known before this one is lowered: what cannot be predicted is then at least decided early. (Behind the
 * last one is an empty one.) */
KN_INLINE void walk_block(struct kn_walk *w, uint32_t i, bool map) {
again:;
  const struct kn_inst *in = &w->inst[i];
  x64_lower *fn = lower_of(in);
  do {
    w->i = i;
    if (map) kn_map_inst(w, in);
    if (KN_UNLIKELY(w->p > w->limit) && !kn_walk_room(w, 4096)) return;
    KN_LOG(w, KN_EV_INST, i, 0);
    x64_lower *then = lower_of(in + 1);
    fn(w, in, i);
    kn_inst_end(w);
    in++;
    i++;
    fn = then;
  } while (!w->done);
  if (KN_LIKELY(w->done == KN_DONE)) return;
  w->done = 0;
  i = w->i + 1;
  goto again;
}

KN_INLINE void walk_blocks(struct kn_walk *w, bool map) {
  kiln_func *f = w->f;
  struct kn_plan *plan = w->plan;
  for (uint32_t pos = 0; pos < plan->n_layout; pos++) {
    kn_walk_block(w, pos);
    const struct kn_block *b = &f->block[w->block];
    if (map) kn_map_add(w, w->block, 0, false);
    if (KN_UNLIKELY(pos == 0)) x64_entry(w);
    if (KN_UNLIKELY(b->address_taken)) x64_read_shadows(w, b);
    walk_block(w, b->first, map);
    if (KN_UNLIKELY(f->status != KILN_OK)) return;
  }
}

/* The same loop again: asking per instruction whether there is a map would cost all that want none. */
static __attribute__((noinline, cold)) void walk_mapped(struct kn_walk *w) { walk_blocks(w, true); }

static kiln_status compile(kiln_session *s, kiln_func *f, struct kn_plan *plan) {
  struct kn_walk *w = s->walk;
  if (!kn_walk_begin(w, s, f, plan)) return f->status;
  unsigned align = kn_symbol(f->module, f->symbol)->align_log2;
  uint32_t mask = 15;
  if (KN_UNLIKELY(align > 4)) {
    mask = (1u << align) - 1;
    if (!kn_walk_room(w, mask + (size_t)f->n * 4)) return f->status;
  }
  uint32_t padding = -kn_here(w) & mask;
  memset(w->p, 0xcc, padding < 16 ? 16 : padding); /* int3 */
  w->p += padding;
  uint32_t start = kn_here(w), cfi = s->out.cfi_size;
  w->start = start;
  w->p += X64_GAP;
  uint32_t relocs = s->out.n_relocs;
  if (KN_UNLIKELY(w->map)) kn_map_add(w, UINT32_MAX, 0, false);
  x64_prologue(w);
  if (KN_UNLIKELY(w->map)) walk_mapped(w);
  else walk_blocks(w, false);
  if (KN_UNLIKELY(f->status != KILN_OK)) return f->status;
  x64_finish(w, start, relocs);
  kn_walk_end(w, start, kn_here(w), cfi, relocs);
  return f->status;
}

/* r8 to r10, xmm6 to xmm14 */
#define CALLER_HOMES                                                                               \
  (KN_BIT(X64_R8) | KN_BIT(X64_R9) | KN_BIT(X64_R10) | UINT64_C(0x7fc0) << KN_FP_BASE)

static const uint16_t sectional[] = {
  R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_32, R_X86_64_32S, R_X86_64_PC64, 0};
static const uint16_t calls[] = {R_X86_64_PC32, R_X86_64_PLT32, 0};

const struct kn_target kn_target_x86_64 = {
  .name = "x86_64",
  .temps = KN_BIT(X64_RAX) | KN_BIT(X64_RCX) | KN_BIT(X64_RDX) | KN_BIT(X64_RSI) | KN_BIT(X64_RDI) |
           UINT64_C(0x3f) << KN_FP_BASE,
  .caller_homes = CALLER_HOMES,
  .around_calls = CALLER_HOMES,
  .callee_homes =
    KN_BIT(X64_RBX) | KN_BIT(X64_R12) | KN_BIT(X64_R13) | KN_BIT(X64_R14) | KN_BIT(X64_R15),
  .arg_regs = {X64_GP_ARGS, KN_NO_REG, KN_NO_REG},
  .fp_arg_regs = {X64_FP_ARGS},
  .clobbers = clobbers,
  .compile = compile,
  .preserved = UINT64_C(0xf038), /* System V, figure 3.4: rbx, rsp, rbp, r12 to r15 */
  .foreign = KN_T(F16) | KN_T(F128) | KN_TS_VEC,
  .reaches_zero = true, /* programs at a fixed address are in the low 2 GiB */
  .features = {{"cx16", KILN_FEATURE_CX16}},
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
          .cie_return = 16,             /* rip */
          .cie_rules = {0x0c, 7, 8,     /* DW_CFA_def_cfa rsp + 8 */
                        0x80 | 16, 1}}, /* DW_CFA_offset rip, cfa - 8 */
};
